/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/drbg.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

enum { KEY = 32, BLOCK = 16, SEED = KEY + BLOCK, POOL = 4096, RESEED_REFILLS = 1024 };

struct crypto_drbg {
	void (*random)(void *ctx, void *p, size_t n);
	void *ctx;
	OSSL_LIB_CTX *lib;
	EVP_CIPHER *aes;
	EVP_CIPHER_CTX *cipher;
	uint8_t seed[SEED];	   /* key and first counter block of the next refill */
	uint8_t pool[SEED + POOL]; /* what begins a refill is the next seed */
	size_t left;		   /* bytes at the end of pool that were not drawn */
	unsigned refills;	   /* since fresh randomness came in */
};

struct crypto_drbg *crypto_drbg_new(void (*random)(void *ctx, void *p, size_t n), void *ctx)
{
	struct crypto_drbg *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->random = random;
	d->ctx = ctx;
	(void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	d->lib = OSSL_LIB_CTX_new();
	d->aes = d->lib ? EVP_CIPHER_fetch(d->lib, "AES-256-CTR", NULL) : NULL;
	d->cipher = EVP_CIPHER_CTX_new();
	random(ctx, d->seed, SEED);
	if (!d->aes || !d->cipher ||
	    EVP_EncryptInit_ex2(d->cipher, d->aes, d->seed, d->seed + KEY, NULL) != 1) {
		crypto_drbg_free(d);
		return NULL;
	}
	return d;
}

void crypto_drbg_free(struct crypto_drbg *d)
{
	if (!d)
		return;
	EVP_CIPHER_CTX_free(d->cipher);
	EVP_CIPHER_free(d->aes);
	OSSL_LIB_CTX_free(d->lib);
	secret_free(d, sizeof(*d));
}

static void mix_in_fresh(struct crypto_drbg *d)
{
	uint8_t fresh[SEED];

	d->random(d->ctx, fresh, SEED);
	for (size_t i = 0; i < SEED; i++)
		d->seed[i] ^= fresh[i];
	secret_wipe(fresh, SEED);
	d->refills = 0;
}

static void refill(struct crypto_drbg *d)
{
	int len = 0;

	if (d->refills++ == RESEED_REFILLS)
		mix_in_fresh(d);
	memset(d->pool, 0, sizeof(d->pool));
	if (EVP_EncryptInit_ex2(d->cipher, NULL, d->seed, d->seed + KEY, NULL) != 1 ||
	    EVP_EncryptUpdate(d->cipher, d->pool, &len, d->pool, (int)sizeof(d->pool)) != 1)
		d->random(d->ctx, d->pool, sizeof(d->pool)); /* never weaker than what feeds it */
	memcpy(d->seed, d->pool, SEED);
	secret_wipe(d->pool, SEED);
	d->left = POOL;
}

void crypto_drbg_fill(void *drbg, void *p, size_t n)
{
	struct crypto_drbg *d = drbg;
	uint8_t *to = p;

	while (n) {
		if (!d->left)
			refill(d);
		size_t some = n < d->left ? n : d->left;
		uint8_t *from = d->pool + sizeof(d->pool) - d->left;
		memcpy(to, from, some);
		secret_wipe(from, some);
		d->left -= some;
		to += some;
		n -= some;
	}
}
