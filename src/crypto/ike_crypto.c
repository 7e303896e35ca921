/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/ike_crypto.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "crypto/dh.h"

#define N_HASHES  (HASH_SHA512 + 1)
#define N_CIPHERS 5

/* Algorithms are fetched when they are first used: a fetch costs more than the
 * digest of a short message. */
struct ike_crypto {
	OSSL_LIB_CTX *lib;
	OSSL_PROVIDER *def, *legacy;
	EVP_MD_CTX *mdctx;
	EVP_CIPHER_CTX *cipherctx;
	EVP_MD *md[N_HASHES];
	EVP_CIPHER *cipher[N_CIPHERS];
	struct dh_ctx dh;
};

void ike_crypto_free(struct ike_crypto *c)
{
	if (!c)
		return;
	EVP_MD_CTX_free(c->mdctx);
	EVP_CIPHER_CTX_free(c->cipherctx);
	for (size_t i = 0; i < N_HASHES; i++)
		EVP_MD_free(c->md[i]);
	for (size_t i = 0; i < N_CIPHERS; i++)
		EVP_CIPHER_free(c->cipher[i]);
	dh_ctx_fini(&c->dh);
	if (c->legacy)
		OSSL_PROVIDER_unload(c->legacy);
	if (c->def)
		OSSL_PROVIDER_unload(c->def);
	OSSL_LIB_CTX_free(c->lib);
	free(c);
}

struct ike_crypto *ike_crypto_new(void)
{
	struct ike_crypto *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->lib = OSSL_LIB_CTX_new();
	if (c->lib) {
		c->def = OSSL_PROVIDER_load(c->lib, "default");
		c->legacy = OSSL_PROVIDER_load(c->lib, "legacy"); /* single DES */
	}
	c->mdctx = EVP_MD_CTX_new();
	c->cipherctx = EVP_CIPHER_CTX_new();
	if (!c->def || !c->mdctx || !c->cipherctx || !dh_ctx_init(&c->dh, c->lib)) {
		ike_crypto_free(c);
		return NULL;
	}
	return c;
}

struct dh_ctx *ike_crypto_dh(struct ike_crypto *c)
{
	return &c->dh;
}

/* Stays with c. */
static const EVP_MD *fetch_md(struct ike_crypto *c, enum hash_id h)
{
	const struct hash_info *info = hash_info(h);

	if (!info || (size_t)h >= N_HASHES)
		return NULL;
	if (!c->md[h])
		c->md[h] = EVP_MD_fetch(c->lib, info->evp, NULL);
	return c->md[h];
}

/* first (may be empty), then the parts. */
static bool digest(EVP_MD_CTX *ctx, const EVP_MD *md, struct span first, const struct span *parts,
		   size_t n, uint8_t *out)
{
	bool ok = EVP_DigestInit_ex(ctx, md, NULL) == 1 &&
		  EVP_DigestUpdate(ctx, first.p, first.len) == 1;

	for (size_t i = 0; ok && i < n; i++)
		ok = EVP_DigestUpdate(ctx, parts[i].p, parts[i].len) == 1;
	return ok && EVP_DigestFinal_ex(ctx, out, NULL) == 1;
}

int ike_hash(struct ike_crypto *c, enum hash_id h, const struct span *parts, size_t n, uint8_t *out)
{
	const EVP_MD *md = fetch_md(c, h);
	bool ok = md && digest(c->mdctx, md, (struct span){ 0 }, parts, n, out);

	return ok ? 0 : -EIO;
}

/* RFC 2104, spelled out: EVP_MAC would refuse an empty or short key in a
 * FIPS-minded build, and a one-character pre-shared key is legal here. */
int ike_prf(struct ike_crypto *c, enum hash_id h, struct span key, const struct span *parts,
	    size_t n, uint8_t *out)
{
	const struct hash_info *info = hash_info(h);
	uint8_t pad[128] = { 0 }, inner[IKE_MAX_HASH];
	const EVP_MD *md = fetch_md(c, h);
	bool ok = md != NULL;

	if (ok && key.len > info->block_len)
		ok = digest(c->mdctx, md, (struct span){ 0 }, &key, 1, pad);
	else if (ok && key.len)
		memcpy(pad, key.p, key.len);
	for (size_t i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36;
	ok = ok && digest(c->mdctx, md, span_of(pad, info->block_len), parts, n, inner);
	for (size_t i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36 ^ 0x5c;
	struct span in = span_of(inner, info ? info->len : 0u);
	ok = ok && digest(c->mdctx, md, span_of(pad, info->block_len), &in, 1, out);
	secret_wipe(pad, sizeof(pad));
	secret_wipe(inner, sizeof(inner));
	return ok ? 0 : -EIO;
}

static const EVP_CIPHER *fetch_cipher(struct ike_crypto *c, const struct cipher_info *cipher)
{
	static const char *const names[N_CIPHERS] = { "DES-CBC", "DES-EDE3-CBC", "AES-128-CBC",
						      "AES-192-CBC", "AES-256-CBC" };
	size_t i = cipher->id == CIPHER_DES  ? 0 :
		   cipher->id == CIPHER_3DES ? 1 :
		   cipher->bits == 128	     ? 2 :
		   cipher->bits == 192	     ? 3 :
					       4;

	if (!c->cipher[i])
		c->cipher[i] = EVP_CIPHER_fetch(c->lib, names[i], NULL);
	return c->cipher[i];
}

int ike_cbc(struct ike_crypto *c, const struct cipher_info *cipher, const uint8_t *key,
	    const uint8_t *iv, uint8_t *buf, size_t len, bool encrypt)
{
	const EVP_CIPHER *evp;
	int out = 0;
	bool ok;

	if (len % cipher->block_len || len > INT32_MAX)
		return -EINVAL;
	evp = fetch_cipher(c, cipher);
	ok = evp && EVP_CipherInit_ex2(c->cipherctx, evp, key, iv, encrypt, NULL) == 1 &&
	     EVP_CIPHER_CTX_set_padding(c->cipherctx, 0) == 1 &&
	     EVP_CipherUpdate(c->cipherctx, buf, &out, buf, (int)len) == 1 && out == (int)len;
	EVP_CIPHER_CTX_reset(c->cipherctx); /* no key stays */
	return ok ? 0 : -EIO;
}
