/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/ike_crypto.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

struct ike_crypto {
	OSSL_LIB_CTX *lib;
	OSSL_PROVIDER *def, *legacy;
	EVP_MD_CTX *md;
	EVP_CIPHER_CTX *cipher;
	BN_CTX *bn;
};

struct ike_dh {
	struct ike_crypto *c;
	BIGNUM *p, *x;
	size_t len;
	uint8_t pub[IKE_MAX_DH];
};

void ike_crypto_free(struct ike_crypto *c)
{
	if (!c)
		return;
	EVP_MD_CTX_free(c->md);
	EVP_CIPHER_CTX_free(c->cipher);
	BN_CTX_free(c->bn);
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
		c->bn = BN_CTX_secure_new_ex(c->lib);
	}
	c->md = EVP_MD_CTX_new();
	c->cipher = EVP_CIPHER_CTX_new();
	if (!c->def || !c->bn || !c->md || !c->cipher) {
		ike_crypto_free(c);
		return NULL;
	}
	return c;
}

static EVP_MD *fetch_md(struct ike_crypto *c, enum hash_id h)
{
	const struct hash_info *info = hash_info(h);

	return info ? EVP_MD_fetch(c->lib, info->evp, NULL) : NULL;
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
	EVP_MD *md = fetch_md(c, h);
	bool ok = md && digest(c->md, md, (struct span){ 0 }, parts, n, out);

	EVP_MD_free(md);
	return ok ? 0 : -EIO;
}

/* RFC 2104, spelled out: EVP_MAC would refuse an empty or short key in a
 * FIPS-minded build, and a one-character pre-shared key is legal here. */
int ike_prf(struct ike_crypto *c, enum hash_id h, struct span key, const struct span *parts,
	    size_t n, uint8_t *out)
{
	const struct hash_info *info = hash_info(h);
	uint8_t pad[128] = { 0 }, inner[IKE_MAX_HASH];
	EVP_MD *md = fetch_md(c, h);
	bool ok = md != NULL;

	if (ok && key.len > info->block_len)
		ok = digest(c->md, md, (struct span){ 0 }, &key, 1, pad);
	else if (ok && key.len)
		memcpy(pad, key.p, key.len);
	for (size_t i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36;
	ok = ok && digest(c->md, md, span_of(pad, info->block_len), parts, n, inner);
	for (size_t i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36 ^ 0x5c;
	struct span in = span_of(inner, info ? info->len : 0u);
	ok = ok && digest(c->md, md, span_of(pad, info->block_len), &in, 1, out);
	EVP_MD_free(md);
	secret_wipe(pad, sizeof(pad));
	secret_wipe(inner, sizeof(inner));
	return ok ? 0 : -EIO;
}

int ike_cbc(struct ike_crypto *c, const struct cipher_info *cipher, const uint8_t *key,
	    const uint8_t *iv, uint8_t *buf, size_t len, bool encrypt)
{
	const char *name = cipher->id == CIPHER_DES  ? "DES-CBC" :
			   cipher->id == CIPHER_3DES ? "DES-EDE3-CBC" :
			   cipher->bits == 128	     ? "AES-128-CBC" :
			   cipher->bits == 192	     ? "AES-192-CBC" :
						       "AES-256-CBC";
	EVP_CIPHER *evp;
	int out = 0;
	bool ok;

	if (len % cipher->block_len || len > INT32_MAX)
		return -EINVAL;
	evp = EVP_CIPHER_fetch(c->lib, name, NULL);
	ok = evp && EVP_CipherInit_ex2(c->cipher, evp, key, iv, encrypt, NULL) == 1 &&
	     EVP_CIPHER_CTX_set_padding(c->cipher, 0) == 1 &&
	     EVP_CipherUpdate(c->cipher, buf, &out, buf, (int)len) == 1 && out == (int)len;
	EVP_CIPHER_CTX_reset(c->cipher);
	EVP_CIPHER_free(evp);
	return ok ? 0 : -EIO;
}

static BIGNUM *prime_of(unsigned group)
{
	switch (group) {
	case 1:
		return BN_get_rfc2409_prime_768(NULL);
	case 2:
		return BN_get_rfc2409_prime_1024(NULL);
	case 5:
		return BN_get_rfc3526_prime_1536(NULL);
	case 14:
		return BN_get_rfc3526_prime_2048(NULL);
	case 15:
		return BN_get_rfc3526_prime_3072(NULL);
	case 16:
		return BN_get_rfc3526_prime_4096(NULL);
	default:
		return NULL;
	}
}

size_t ike_dh_len(unsigned group)
{
	static const struct {
		unsigned group;
		size_t bits;
	} rows[] = { { 1, 768 }, { 2, 1024 }, { 5, 1536 }, { 14, 2048 }, { 15, 3072 }, { 16, 4096 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].group == group)
			return rows[i].bits / 8;
	return 0;
}

void ike_dh_free(struct ike_dh *dh)
{
	if (!dh)
		return;
	BN_free(dh->p);
	BN_clear_free(dh->x);
	secret_free(dh, sizeof(*dh));
}

/* base^x mod p, constant time in x, padded to the prime's length. */
static int power(struct ike_dh *dh, const BIGNUM *base, uint8_t *out)
{
	BIGNUM *y = BN_secure_new();
	bool ok = y && BN_mod_exp_mont_consttime(y, base, dh->x, dh->p, dh->c->bn, NULL) == 1 &&
		  BN_bn2binpad(y, out, (int)dh->len) == (int)dh->len;

	BN_clear_free(y);
	return ok ? 0 : -EIO;
}

int ike_dh_new(struct ike_crypto *c, unsigned group,
	       void (*random)(void *ctx, void *p, size_t n), void *ctx, struct ike_dh **ret_dh)
{
	/* 512 bits of exponent are twice the strength of group 16 (RFC 3526 section 8) */
	uint8_t x[64];
	struct ike_dh *dh = calloc(1, sizeof(*dh));
	BIGNUM *g = BN_new();
	int err = -ENOMEM;

	if (!dh || !g)
		goto out;
	dh->c = c;
	dh->len = ike_dh_len(group);
	dh->p = prime_of(group);
	err = dh->p ? 0 : -EINVAL;
	if (err)
		goto out;
	random(ctx, x, sizeof(x));
	x[0] |= 0x80; /* never a short exponent */
	dh->x = BN_bin2bn(x, sizeof(x), NULL);
	secret_wipe(x, sizeof(x));
	err = -ENOMEM;
	if (!dh->x || BN_set_word(g, 2) != 1)
		goto out;
	BN_set_flags(dh->x, BN_FLG_CONSTTIME);
	err = power(dh, g, dh->pub);
out:
	BN_free(g);
	if (err)
		ike_dh_free(dh);
	else
		*ret_dh = dh;
	return err;
}

struct span ike_dh_public(const struct ike_dh *dh)
{
	return span_of(dh->pub, dh->len);
}

int ike_dh_shared(struct ike_dh *dh, struct span peer, uint8_t *out)
{
	BIGNUM *y, *top;
	int err = -EINVAL;

	if (peer.len != dh->len)
		return -EINVAL;
	y = BN_bin2bn(peer.p, (int)peer.len, NULL);
	top = BN_dup(dh->p);
	if (!y || !top || BN_sub_word(top, 1) != 1)
		err = -ENOMEM;
	else if (!BN_is_zero(y) && !BN_is_one(y) && BN_cmp(y, top) < 0)
		err = power(dh, y, out);
	BN_free(y);
	BN_free(top);
	return err;
}
