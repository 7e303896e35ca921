/* SPDX-License-Identifier: Apache-2.0 */
/* Between jobs.c and its two runners; nobody else includes this. */
#ifndef CRYPTO_JOBS_IMPL_H
#define CRYPTO_JOBS_IMPL_H

#include "crypto/jobs.h"

struct mb;
struct mb_key;
struct ossl;
struct ossl_key;

struct crypto_key {
	const struct cipher_info *cipher;
	const struct auth_info *auth; /* NULL: none, or combined */
	enum crypto_dir dir;
	uint8_t icv_len;
	uint8_t salt[4];
	struct mb_key *mb;     /* NULL without ipsec-mb */
	unsigned slots;	       /* 0: ipsec-mb does all of its jobs */
	struct ossl_key *ossl[]; /* libcrypto works in its contexts: one for each slot */
};

struct ossl *ossl_new(void);
void ossl_set_slot(struct ossl *o, unsigned slot); /* whose contexts it uses; 0 */
void ossl_free(struct ossl *o);
const char *ossl_name(const struct ossl *o);
int ossl_key_new(struct ossl *o, const struct crypto_key *key, struct span enc, struct span auth,
		 struct ossl_key **ret_k);
void ossl_key_free(struct ossl_key *k);
void ossl_run(struct ossl *o, enum crypto_dir dir, struct crypto_job *const *jobs, size_t n);

struct mb *mb_new(void); /* NULL: not built in, or no memory */
void mb_free(struct mb *m);
const char *mb_name(const struct mb *m);
int mb_key_new(struct mb *m, const struct crypto_key *key, struct span enc, struct span auth,
	       struct mb_key **ret_k);
void mb_key_free(struct mb_key *k);
void mb_key_prefetch(const struct crypto_key *key); /* its mb is not NULL */
/* Runs the jobs in front that are of one suite of GCM or GMAC, where they lie: so many of the n, which
 * are at least 1. */
size_t mb_run_gcm(struct mb *m, enum crypto_dir dir, struct crypto_job *jobs, size_t n);
/* All jobs of one suite. */
void mb_run(struct mb *m, enum crypto_dir dir, struct crypto_job *const *jobs, size_t n);

#endif
