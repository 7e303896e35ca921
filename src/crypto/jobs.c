/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/jobs_impl.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

struct crypto_runner {
	enum crypto_backend backend;
	struct mb *mb;
	struct ossl *ossl;
	unsigned slots; /* runners that use its keys */
};

struct crypto_runner *crypto_runner_new(enum crypto_backend backend)
{
	struct crypto_runner *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->backend = backend;
	r->slots = 1;
	r->ossl = ossl_new();
	if (backend != CRYPTO_OSSL)
		r->mb = mb_new();
	if (!r->ossl || (backend == CRYPTO_MB && !r->mb)) {
		crypto_runner_free(r);
		return NULL;
	}
	return r;
}

void crypto_runner_free(struct crypto_runner *r)
{
	if (!r)
		return;
	mb_free(r->mb);
	ossl_free(r->ossl);
	free(r);
}

void crypto_runner_share(struct crypto_runner *r, unsigned slot, unsigned slots)
{
	assert(slot < slots && slots <= CRYPTO_MAX_SLOTS);
	r->slots = slots;
	ossl_set_slot(r->ossl, slot);
}

const char *crypto_runner_name(const struct crypto_runner *r)
{
	return r->mb ? mb_name(r->mb) : ossl_name(r->ossl);
}

static size_t crossover(const struct crypto_key *k);

/* Whether libcrypto may have to do a job of the key. */
static bool asks_ossl(const struct crypto_runner *r, const struct crypto_key *k)
{
	return !r->mb || (r->backend != CRYPTO_MB && crossover(k) > 1);
}

int crypto_key_new(struct crypto_runner *r, enum crypto_dir dir, const struct cipher_info *cipher,
		   const struct auth_info *auth, struct span enc, struct span auth_key,
		   struct crypto_key **ret_key)
{
	struct crypto_key *k;
	int err = 0;

	if (!cipher || enc.len != (size_t)cipher->key_len + cipher->salt_len ||
	    (cipher->combined && auth) || auth_key.len != (auth ? auth->key_len : 0u))
		return -EINVAL;
	k = calloc(1, sizeof(*k) + r->slots * sizeof(k->ossl[0]));
	if (!k)
		return -ENOMEM;
	k->slots = r->slots;
	k->cipher = cipher;
	k->auth = auth;
	k->dir = dir;
	k->icv_len = cipher->combined ? cipher->icv_len : auth ? auth->icv_len : 0;
	if (cipher->salt_len)
		memcpy(k->salt, enc.p + cipher->key_len, cipher->salt_len);
	enc.len = cipher->key_len;
	if (!asks_ossl(r, k))
		k->slots = 0;
	for (unsigned i = 0; !err && i < k->slots; i++)
		err = ossl_key_new(r->ossl, k, enc, auth_key, &k->ossl[i]);
	if (!err && r->mb)
		err = mb_key_new(r->mb, k, enc, auth_key, &k->mb);
	if (err) {
		crypto_key_free(k);
		return err;
	}
	*ret_key = k;
	return 0;
}

void crypto_key_free(struct crypto_key *key)
{
	if (!key)
		return;
	mb_key_free(key->mb);
	for (unsigned i = 0; i < key->slots; i++)
		ossl_key_free(key->ossl[i]);
	secret_free(key, sizeof(*key) + key->slots * sizeof(key->ossl[0]));
}

void crypto_key_prefetch(const struct crypto_key *key)
{
	__builtin_prefetch(key);
}

void crypto_key_prefetch_more(const struct crypto_key *key)
{
	if (key->mb)
		mb_key_prefetch(key);
}

/* From how many jobs of a suite on the lanes pay: measured on AVX-512, one packet
 * of 1420 bytes alone costs 213 us in 16 lanes of 3DES and 46 us in libcrypto. */
static size_t crossover(const struct crypto_key *k)
{
	if (k->auth && k->auth->id == AUTH_AES_XCBC_96)
		return 2;
	switch (k->cipher->id) {
	case CIPHER_AES_GCM:
	case CIPHER_AES_GMAC:
	case CIPHER_CHACHA20_POLY1305:
		return 1;
	case CIPHER_3DES:
		return 5;
	case CIPHER_DES:
	case CIPHER_NULL:
		return 4;
	default:
		return k->dir == CRYPTO_ENCRYPT ? 3 : k->auth && k->auth->hash == HASH_SHA1 ? 4 : 6;
	}
}

/* Lanes come in sixteens: a burst costs as much as the next multiple of 16, so a
 * small remainder is cheaper one by one (18 packets of 3DES: 46k clocks each, not
 * 64k). */
static void run_suite(struct crypto_runner *r, enum crypto_dir dir, struct crypto_job *const *jobs,
		      size_t n)
{
	const struct crypto_key *k = jobs[0]->key;
	size_t lanes = n;

	if (!k->mb)
		lanes = 0;
	else if (r->backend != CRYPTO_MB && n % 16 < crossover(k))
		lanes = n - n % 16;
	if (lanes)
		mb_run(r->mb, dir, jobs, lanes);
	if (lanes < n)
		ossl_run(r->ossl, dir, jobs + lanes, n - lanes);
}

static bool same_suite(const struct crypto_key *a, const struct crypto_key *b)
{
	return a->cipher == b->cipher && a->auth == b->auth;
}

/* Lanes carry different keys but one algorithm pair: gathers by suite. */
static void run_mixed(struct crypto_runner *r, enum crypto_dir dir, struct crypto_job *jobs, size_t n)
{
	struct crypto_job *group[CRYPTO_MAX_JOBS];
	bool taken[CRYPTO_MAX_JOBS] = { false };

	for (size_t i = 0; i < n; i++) {
		size_t g = 0;

		for (size_t j = i; j < n; j++) {
			if (taken[j] || !same_suite(jobs[j].key, jobs[i].key))
				continue;
			taken[j] = true;
			group[g++] = &jobs[j];
		}
		if (g)
			run_suite(r, dir, group, g);
	}
}

/* At least one job. */
static void run_all(struct crypto_runner *r, enum crypto_dir dir, struct crypto_job *jobs, size_t n)
{
	struct crypto_job *all[CRYPTO_MAX_JOBS];
	const struct crypto_key *last = NULL;
	bool mixed = false;

	for (size_t i = 0; i < n; i++) {
		jobs[i].ok = false;
		all[i] = &jobs[i];
		if (jobs[i].key == last)
			continue;
		last = jobs[i].key;
		assert(last->dir == dir);
		mixed |= !same_suite(last, jobs[0].key);
	}
	if (mixed)
		run_mixed(r, dir, jobs, n);
	else
		run_suite(r, dir, all, n);
}

bool crypto_run(struct crypto_runner *r, enum crypto_dir dir, struct crypto_job *jobs, size_t n)
{
	size_t done = n && jobs[0].key->mb ? mb_run_gcm(r->mb, dir, jobs, n) : 0;
	bool ok = true;

	assert(n <= CRYPTO_MAX_JOBS);
	if (done < n)
		run_all(r, dir, jobs + done, n - done);
	for (size_t i = 0; i < n; i++) {
		if (jobs[i].ok)
			continue;
		secret_wipe(jobs[i].text, jobs[i].text_len);
		ok = false;
	}
	return ok;
}
