/* SPDX-License-Identifier: Apache-2.0 */
/* A few threads that do IKE's public-key work, so that the event loop need not wait for it.
 * What crosses is plain data, and a key's reference; ids alone say whose it is. */
#ifndef CONTROL_CRYPTO_POOL_H
#define CONTROL_CRYPTO_POOL_H

#include "ike/ike.h"
#include "pki/pki.h"

#define CRYPTO_POOL_MAX 4096 /* jobs that it holds, done ones among them */

struct crypto_pool;

/* So many threads, at a lower priority than the caller's. 0 or -errno; fewer are no error. */
int crypto_pool_new(unsigned threads, struct crypto_pool **ret_pool);
/* Waits for what is being done; all the rest is wiped. NULL is fine. */
void crypto_pool_free(struct crypto_pool *p);
/* Copies *w. Work that is known (ike.h) and such that is not are begun in turn. key: for SIGN and OPEN, of pki, which must outlive the pool; else NULL. 0, and the
 * key is the pool's; or -ENOBUFS (it is full), -ENOMEM. */
int crypto_pool_put(struct crypto_pool *p, const struct ike_work *w, struct pki *pki, struct pki_key *key);
/* 0, or -errno: some thread has the caller's priority, which it may not lower. */
int crypto_pool_priority(const struct crypto_pool *p);
/* Readable while a result is there. */
int crypto_pool_fd(const struct crypto_pool *p);
/* Takes one result, which the caller wipes; false if there is none. */
bool crypto_pool_take(struct crypto_pool *p, struct ike_worked *ret);
/* Jobs that were put and not taken; the caller's own thread knows. */
size_t crypto_pool_jobs(const struct crypto_pool *p);

/* The work itself, for whoever has a struct ike_crypto to himself. Wipe *ret. */
void crypto_work_do(struct ike_crypto *c, const struct ike_work *w, struct pki *pki,
		    const struct pki_key *key, struct ike_worked *ret);

#endif
