/* SPDX-License-Identifier: Apache-2.0 */
/* The portable runner: libcrypto, one packet after the other, in a library
 * context of its own with the legacy provider for DES. */
#include "crypto/jobs_impl.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

struct ossl {
	OSSL_LIB_CTX *lib;
	OSSL_PROVIDER *def, *legacy;
	EVP_MD_CTX *md; /* scratch for one hash */
	unsigned slot;	/* which of a key's contexts are ours */
	char name[32];
};

/* HMAC with the two keyed states computed once (RFC 2104 section 4): about twice
 * as fast as EVP_MAC for packets. */
struct ossl_key {
	EVP_CIPHER_CTX *cipher; /* keyed; each packet sets its IV */
	EVP_MD_CTX *inner, *outer;
	EVP_CIPHER_CTX *xcbc; /* AES-CBC with K1 of RFC 3566; inner and outer are NULL then */
	uint8_t k2[16], k3[16];
};

static const struct ossl_key *mine(const struct ossl *o, const struct crypto_job *j)
{
	return j->key->ossl[o->slot];
}

void ossl_set_slot(struct ossl *o, unsigned slot)
{
	o->slot = slot;
}

void ossl_free(struct ossl *o)
{
	if (!o)
		return;
	EVP_MD_CTX_free(o->md);
	if (o->legacy)
		OSSL_PROVIDER_unload(o->legacy);
	if (o->def)
		OSSL_PROVIDER_unload(o->def);
	OSSL_LIB_CTX_free(o->lib);
	free(o);
}

/* Every algorithm is fetched once, so that libcrypto has read what it reads before
 * the process gives up the right to open files. */
static void warm(struct ossl *o)
{
	static const char *const ciphers[] = { "DES-CBC", "DES-EDE3-CBC", "AES-128-CBC",
					       "AES-192-CBC", "AES-256-CBC", "AES-128-GCM",
					       "AES-192-GCM", "AES-256-GCM", "AES-128-CTR",
					       "AES-192-CTR", "AES-256-CTR", "AES-128-ECB",
					       "ChaCha20-Poly1305" };
	static const char *const hashes[] = { "MD5", "SHA1", "SHA256", "SHA384", "SHA512" };

	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++)
		EVP_CIPHER_free(EVP_CIPHER_fetch(o->lib, ciphers[i], NULL));
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		EVP_MD *md = EVP_MD_fetch(o->lib, hashes[i], NULL);

		if (md)
			(void)EVP_DigestInit_ex(o->md, md, NULL);
		EVP_MD_free(md);
	}
}

struct ossl *ossl_new(void)
{
	struct ossl *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	/* no openssl.cnf: it is neither needed nor wanted, and would be read late */
	(void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	o->lib = OSSL_LIB_CTX_new();
	if (o->lib) {
		o->def = OSSL_PROVIDER_load(o->lib, "default");
		/* only single DES needs it: without it the rest still works */
		o->legacy = OSSL_PROVIDER_load(o->lib, "legacy");
	}
	o->md = EVP_MD_CTX_new();
	if (!o->def || !o->md) {
		ossl_free(o);
		return NULL;
	}
	warm(o);
	(void)snprintf(o->name, sizeof(o->name), "libcrypto %s", OpenSSL_version(OPENSSL_VERSION_STRING));
	return o;
}

const char *ossl_name(const struct ossl *o)
{
	return o->name;
}

static const char *evp_name(const struct cipher_info *c)
{
	switch (c->id) {
	case CIPHER_DES:
		return "DES-CBC";
	case CIPHER_3DES:
		return "DES-EDE3-CBC";
	case CIPHER_AES_CBC:
		return c->bits == 128 ? "AES-128-CBC" : c->bits == 192 ? "AES-192-CBC" :
									   "AES-256-CBC";
	case CIPHER_AES_GCM:
	case CIPHER_AES_GMAC:
		return c->bits == 128 ? "AES-128-GCM" : c->bits == 192 ? "AES-192-GCM" :
									   "AES-256-GCM";
	case CIPHER_AES_CTR:
		return c->bits == 128 ? "AES-128-CTR" : c->bits == 192 ? "AES-192-CTR" :
									   "AES-256-CTR";
	case CIPHER_CHACHA20_POLY1305:
		return "ChaCha20-Poly1305";
	default:
		return NULL;
	}
}

static int keyed_cipher(EVP_CIPHER_CTX **ret, struct ossl *o, const char *name, const uint8_t *key,
			enum crypto_dir dir)
{
	EVP_CIPHER *c = EVP_CIPHER_fetch(o->lib, name, NULL);
	int err = -ENOTSUP;

	*ret = EVP_CIPHER_CTX_new();
	if (c && *ret && EVP_CipherInit_ex2(*ret, c, key, NULL, dir == CRYPTO_ENCRYPT, NULL) == 1 &&
	    EVP_CIPHER_CTX_set_padding(*ret, 0) == 1)
		err = 0;
	EVP_CIPHER_free(c);
	return err;
}

/* RFC 3566 section 4: three keys, which are the encryption of three constants. */
static int set_xcbc(struct ossl *o, struct span key, struct ossl_key *k)
{
	EVP_CIPHER_CTX *ecb = NULL;
	uint8_t keys[3][16];
	int len = 0, err = keyed_cipher(&ecb, o, "AES-128-ECB", key.p, CRYPTO_ENCRYPT);

	for (int i = 0; i < 3; i++)
		memset(keys[i], i + 1, sizeof(keys[i]));
	if (!err && EVP_CipherUpdate(ecb, keys[0], &len, keys[0], sizeof(keys)) != 1)
		err = -ENOTSUP;
	if (!err)
		err = keyed_cipher(&k->xcbc, o, "AES-128-CBC", keys[0], CRYPTO_ENCRYPT);
	memcpy(k->k2, keys[1], sizeof(k->k2));
	memcpy(k->k3, keys[2], sizeof(k->k3));
	EVP_CIPHER_CTX_free(ecb);
	secret_wipe(keys, sizeof(keys));
	return err;
}

static int keyed_hash(EVP_MD_CTX **ret, const EVP_MD *md, struct span key, size_t block,
		      uint8_t pad)
{
	uint8_t b[128];

	memset(b, pad, sizeof(b));
	for (size_t i = 0; i < key.len; i++)
		b[i] ^= key.p[i];
	*ret = EVP_MD_CTX_new();
	int ok = *ret && EVP_DigestInit_ex(*ret, md, NULL) == 1 &&
		 EVP_DigestUpdate(*ret, b, block) == 1;
	secret_wipe(b, sizeof(b));
	return ok ? 0 : -ENOMEM;
}

static int set_auth(struct ossl *o, const struct auth_info *auth, struct span key,
		    struct ossl_key *k)
{
	const struct hash_info *h = hash_info(auth->hash);
	EVP_MD *md;
	int err;

	if (auth->id == AUTH_AES_XCBC_96)
		return set_xcbc(o, key, k);
	md = EVP_MD_fetch(o->lib, h->evp, NULL);
	err = md ? 0 : -ENOTSUP;

	if (!err)
		err = keyed_hash(&k->inner, md, key, h->block_len, 0x36);
	if (!err)
		err = keyed_hash(&k->outer, md, key, h->block_len, 0x5c);
	EVP_MD_free(md);
	return err;
}

int ossl_key_new(struct ossl *o, const struct crypto_key *key, struct span enc, struct span auth,
		 struct ossl_key **ret_k)
{
	struct ossl_key *k = calloc(1, sizeof(*k));
	int err = 0;

	if (!k)
		return -ENOMEM;
	if (evp_name(key->cipher)) /* else NULL */
		err = keyed_cipher(&k->cipher, o, evp_name(key->cipher), enc.p, key->dir);
	if (!err && key->auth)
		err = set_auth(o, key->auth, auth, k);
	if (err) {
		ossl_key_free(k);
		return err;
	}
	*ret_k = k;
	return 0;
}

void ossl_key_free(struct ossl_key *k)
{
	if (!k)
		return;
	EVP_CIPHER_CTX_free(k->cipher);
	EVP_MD_CTX_free(k->inner);
	EVP_MD_CTX_free(k->outer);
	EVP_CIPHER_CTX_free(k->xcbc);
	secret_free(k, sizeof(*k));
}

static bool hmac(struct ossl *o, const struct crypto_job *j, uint8_t mac[EVP_MAX_MD_SIZE])
{
	const struct ossl_key *k = mine(o, j);
	unsigned len = 0;

	return EVP_MD_CTX_copy_ex(o->md, k->inner) == 1 &&
	       EVP_DigestUpdate(o->md, j->auth, j->auth_len) == 1 &&
	       EVP_DigestFinal_ex(o->md, mac, &len) == 1 &&
	       EVP_MD_CTX_copy_ex(o->md, k->outer) == 1 &&
	       EVP_DigestUpdate(o->md, mac, len) == 1 && EVP_DigestFinal_ex(o->md, mac, &len) == 1;
}

/* RFC 3566 section 4: CBC with K1 and a zero IV; of the last block K2 is taken if it is
 * whole, K3 if it had to be padded. */
static bool xcbc(const struct ossl *o, const struct crypto_job *j, uint8_t mac[EVP_MAX_MD_SIZE])
{
	static const uint8_t zero[16];
	const struct ossl_key *k = mine(o, j);
	uint8_t out[512], last[16] = { 0 };
	size_t n = j->auth_len, at = 0, rest;
	int len = 0;

	if (EVP_CipherInit_ex2(k->xcbc, NULL, NULL, zero, -1, NULL) != 1)
		return false;
	for (size_t some; n - at > 16; at += some) {
		some = (n - at - 1) / 16 * 16;
		some = some < sizeof(out) ? some : sizeof(out);
		if (EVP_CipherUpdate(k->xcbc, out, &len, j->auth + at, (int)some) != 1)
			return false;
	}
	rest = n - at;
	memcpy(last, j->auth + at, rest);
	if (rest < 16)
		last[rest] = 0x80;
	for (size_t i = 0; i < 16; i++)
		last[i] ^= rest < 16 ? k->k3[i] : k->k2[i];
	return EVP_CipherUpdate(k->xcbc, mac, &len, last, sizeof(last)) == 1 && len == 16;
}

static bool mac_of(struct ossl *o, const struct crypto_job *j, uint8_t mac[EVP_MAX_MD_SIZE])
{
	return j->key->auth->id == AUTH_AES_XCBC_96 ? xcbc(o, j, mac) : hmac(o, j, mac);
}

static bool cipher_in_place(const struct ossl *o, const struct crypto_job *j)
{
	EVP_CIPHER_CTX *c = mine(o, j)->cipher;
	uint8_t block[16];
	const uint8_t *iv = j->iv;
	int len = 0;

	if (!c || !j->text_len)
		return true;
	if (j->key->cipher->id == CIPHER_AES_CTR) { /* RFC 3686 section 4 */
		memcpy(block, j->key->salt, 4);
		memcpy(block + 4, j->iv, 8);
		memcpy(block + 12, "\0\0\0\1", 4);
		iv = block;
	}
	return EVP_CipherInit_ex2(c, NULL, NULL, iv, -1, NULL) == 1 &&
	       EVP_CipherUpdate(c, j->text, &len, j->text, (int)j->text_len) == 1 &&
	       len == (int)j->text_len;
}

/* GCM (RFC 4106) and ChaCha20-Poly1305 (RFC 7634): nonce is salt and IV. GMAC (RFC 4543) is GCM whose text is
 * AAD too; the caller puts all of it in auth and leaves text empty. */
static bool aead(const struct ossl *o, const struct crypto_job *j, enum crypto_dir dir)
{
	EVP_CIPHER_CTX *c = mine(o, j)->cipher;
	uint8_t nonce[12];
	int len = 0;

	memcpy(nonce, j->key->salt, 4);
	memcpy(nonce + 4, j->iv, 8);
	if (EVP_CipherInit_ex2(c, NULL, NULL, nonce, -1, NULL) != 1 ||
	    EVP_CipherUpdate(c, NULL, &len, j->auth, (int)j->auth_len) != 1)
		return false;
	if (dir == CRYPTO_DECRYPT &&
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, j->key->icv_len, j->icv) != 1)
		return false;
	if (j->text_len && EVP_CipherUpdate(c, j->text, &len, j->text, (int)j->text_len) != 1)
		return false;
	uint8_t none[16];
	if (EVP_CipherFinal_ex(c, none, &len) != 1)
		return false;
	return dir == CRYPTO_DECRYPT ||
	       EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, j->key->icv_len, j->icv) == 1;
}

static bool run_one(struct ossl *o, enum crypto_dir dir, struct crypto_job *j)
{
	uint8_t mac[EVP_MAX_MD_SIZE];
	bool ok;

	if (j->key->cipher->combined)
		return aead(o, j, dir);
	if (!j->key->auth)
		return cipher_in_place(o, j);
	if (dir == CRYPTO_ENCRYPT) {
		ok = cipher_in_place(o, j) && mac_of(o, j, mac);
		if (ok)
			memcpy(j->icv, mac, j->key->icv_len);
	} else {
		ok = mac_of(o, j, mac) && secret_equal(mac, j->icv, j->key->icv_len) &&
		     cipher_in_place(o, j);
	}
	secret_wipe(mac, sizeof(mac));
	return ok;
}

void ossl_run(struct ossl *o, enum crypto_dir dir, struct crypto_job *const *jobs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		jobs[i]->ok = run_one(o, dir, jobs[i]);
}
