/* SPDX-License-Identifier: Apache-2.0 */
/* Unpredictable bytes by the thousand, for the IVs of CBC (RFC 3602 section 3):
 * AES-256 in counter mode that replaces its own key with each refill, so that what
 * was drawn cannot be computed from the state (fast key erasure), and mixes fresh
 * randomness of the caller's in from time to time. Per worker; not for keys. */
#ifndef CRYPTO_DRBG_H
#define CRYPTO_DRBG_H

#include "base/span.h"

struct crypto_drbg;

/* Seeds from random, which is asked again later with ctx. A child process must
 * make its own. NULL without memory. */
struct crypto_drbg *crypto_drbg_new(void (*random)(void *ctx, void *p, size_t n), void *ctx);
void crypto_drbg_free(struct crypto_drbg *d); /* wipes; NULL is fine */
/* n bytes at p. drbg is a struct crypto_drbg: the signature is that of random. */
void crypto_drbg_fill(void *drbg, void *p, size_t n);

#endif
