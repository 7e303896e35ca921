/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/evp.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <stdlib.h>

#include "bench/clock.h"

enum { HEAD = 8, MAX_ICV = 64 };

struct evp {
	const struct cipher_info *info;
	const struct auth_info *auth;
	size_t text_len, batch, stride;
	uint8_t *bufs; /* ESP header, IV, text, ICV of each packet */
	OSSL_PROVIDER *legacy, *usual;
	EVP_CIPHER *cipher;
	EVP_CIPHER_CTX *ctx[2]; /* decrypt, encrypt */
	EVP_MAC *hmac;
	EVP_MAC_CTX *mac;
};

static const char *cipher_name(const struct cipher_info *c)
{
	static const char *const cbc[] = { "AES-128-CBC", "AES-192-CBC", "AES-256-CBC" };
	static const char *const gcm[] = { "AES-128-GCM", "AES-192-GCM", "AES-256-GCM" };

	switch (c->id) {
	case CIPHER_DES:
		return "DES-CBC";
	case CIPHER_3DES:
		return "DES-EDE3-CBC";
	case CIPHER_AES_CBC:
		return cbc[c->bits / 64 - 2];
	case CIPHER_AES_GCM:
		return gcm[c->bits / 64 - 2];
	case CIPHER_CHACHA20_POLY1305:
		return "ChaCha20-Poly1305";
	default:
		return NULL;
	}
}

/* NULL: none, or no HMAC. */
static const char *digest_name(const struct auth_info *a)
{
	static const char *const name[] = { [HASH_MD5] = "MD5", [HASH_SHA1] = "SHA1", [HASH_SHA256] = "SHA256",
					    [HASH_SHA384] = "SHA384", [HASH_SHA512] = "SHA512" };

	return a ? name[a->hash] : NULL;
}

static bool set_cipher(struct evp *e, const char *name)
{
	static const uint8_t key[32] = { 1, 35, 69, 103, 137, 171, 205, 239 }, iv[16];

	e->cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	for (int enc = 0; e->cipher && enc < 2; enc++) {
		e->ctx[enc] = EVP_CIPHER_CTX_new();
		if (!e->ctx[enc] || EVP_CipherInit_ex2(e->ctx[enc], e->cipher, key, iv, enc, NULL) != 1)
			return false;
		EVP_CIPHER_CTX_set_padding(e->ctx[enc], 0);
	}
	return e->cipher != NULL;
}

static bool set_mac(struct evp *e, const char *digest)
{
	static const uint8_t key[64] = { 1 };
	char name[16];
	OSSL_PARAM p[] = { OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0), OSSL_PARAM_END };

	snprintf(name, sizeof(name), "%s", digest);
	e->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	e->mac = e->hmac ? EVP_MAC_CTX_new(e->hmac) : NULL;
	return e->mac && EVP_MAC_init(e->mac, key, e->auth->key_len, p) == 1;
}

struct evp *evp_new(const struct bench_suite *s, size_t text_len, size_t batch)
{
	struct evp *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->info = s->cipher ? cipher_info(s->cipher, s->bits) : NULL;
	e->auth = s->auth ? auth_info(s->auth) : NULL;
	e->text_len = text_len;
	e->batch = batch;
	e->stride = (HEAD + 16 + text_len + MAX_ICV + 63) & ~(size_t)63;
	e->bufs = calloc(batch, e->stride);
	e->usual = OSSL_PROVIDER_load(NULL, "default");
	e->legacy = OSSL_PROVIDER_load(NULL, "legacy");
	const char *cipher = e->info ? cipher_name(e->info) : NULL, *digest = digest_name(e->auth);
	bool plain = !e->info || e->info->id == CIPHER_NULL;
	if (!e->bufs || !e->usual || (!plain && (!cipher || !set_cipher(e, cipher))) ||
	    (e->auth && (!digest || !set_mac(e, digest)))) {
		evp_free(e);
		return NULL;
	}
	return e;
}

void evp_free(struct evp *e)
{
	if (!e)
		return;
	for (int i = 0; i < 2; i++)
		EVP_CIPHER_CTX_free(e->ctx[i]);
	EVP_CIPHER_free(e->cipher);
	EVP_MAC_CTX_free(e->mac);
	EVP_MAC_free(e->hmac);
	OSSL_PROVIDER_unload(e->legacy);
	OSSL_PROVIDER_unload(e->usual);
	free(e->bufs);
	free(e);
}

static int mac(struct evp *e, uint8_t *buf, size_t n)
{
	uint8_t icv[MAX_ICV];
	size_t len;

	return EVP_MAC_init(e->mac, NULL, 0, NULL) == 1 && EVP_MAC_update(e->mac, buf, n) == 1 &&
	       EVP_MAC_final(e->mac, icv, &len, sizeof(icv)) == 1;
}

static int cipher(struct evp *e, uint8_t *buf, int enc)
{
	EVP_CIPHER_CTX *c = e->ctx[enc];
	uint8_t *text = buf + HEAD + e->info->iv_len, *tag = text + e->text_len;
	int n, ok = EVP_CipherInit_ex2(c, NULL, NULL, buf, -1, NULL);

	if (e->info->combined && !enc)
		ok &= EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, 16, tag);
	if (e->info->combined)
		ok &= EVP_CipherUpdate(c, NULL, &n, buf, HEAD);
	ok &= EVP_CipherUpdate(c, text, &n, text, (int)e->text_len);
	if (e->info->combined) {
		(void)EVP_CipherFinal_ex(c, text + e->text_len, &n); /* the tag need not be right */
		if (enc)
			ok &= EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, 16, tag);
	}
	return ok;
}

uint64_t evp_round(struct evp *e, bool encrypt)
{
	size_t iv_len = e->info ? e->info->iv_len : 0, covered = HEAD + iv_len + e->text_len;
	uint64_t began = clock_ticks();

	for (size_t i = 0; i < e->batch; i++) {
		uint8_t *buf = e->bufs + i * e->stride;

		if ((e->mac && !encrypt && !mac(e, buf, covered)) || (e->cipher && !cipher(e, buf, encrypt)) ||
		    (e->mac && encrypt && !mac(e, buf, covered)))
			abort();
	}
	return clock_ticks() - began;
}
