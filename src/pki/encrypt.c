/* SPDX-License-Identifier: Apache-2.0 */
/* RSA encryption of IKEv1 (RFC 2409 section 5.2): PKCS #1 v1.5, whose padding tells who
 * can watch its failures what the private key would say to any message (Bleichenbacher
 * 1998; of IKEv1: Felsch and others, "The Dangers of Key Reuse", 2018, CVE-2018-0131).
 *
 * So there is no failure. A message that is not well formed has another content: bytes
 * that nobody can foresee and that are the same each time, since they are derived from
 * the private key and the message (the implicit rejection of OpenSSL 3.2 and of
 * draft-irtf-cfrg-rsa-guidance). IKE goes on with them, has another nonce than the peer
 * and stops where a stranger's exchange with a well-formed message of unknown content
 * stops, too: at HASH_I or HASH_R.
 *
 * libcrypto does the private-key operation alone, without padding, which it does in
 * constant time and blinded. Its own unpadding is not used: 3.0 reports what was wrong. */
#include "pki/internal.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <string.h>

#include "base/secret.h"
#include "pki/pkcs1.h"

#define DIGEST 32 /* bytes of SHA-256 */

int pki_ike_encrypt(struct pki *p, const struct pki_key *k, struct span clear,
		    uint8_t out[PKI_SIG_MAX], size_t *ret_len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(p->lib, k->pkey, NULL);
	size_t size = (pki_key_bits(k) + 7) / 8, n = PKI_SIG_MAX;
	bool fits = clear.len <= size - PKCS1_MIN_PAD;
	bool ok = fits && ctx && EVP_PKEY_encrypt_init(ctx) == 1 &&
		  EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
		  EVP_PKEY_encrypt(ctx, out, &n, clear.p, clear.len) == 1;

	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	if (!ok)
		return fits ? -EINVAL : -EMSGSIZE;
	*ret_len = n;
	return 0;
}

static bool hmac(struct pki *p, const uint8_t *key, size_t key_len, const char *label, uint32_t count,
		 struct span data, uint8_t out[DIGEST])
{
	const uint8_t n[4] = { (uint8_t)(count >> 24), (uint8_t)(count >> 16), (uint8_t)(count >> 8),
			       (uint8_t)count };
	OSSL_PARAM params[] = { OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){ "SHA256" }, 6),
				OSSL_PARAM_END };
	EVP_MAC *mac = EVP_MAC_fetch(p->lib, "HMAC", NULL);
	EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
	size_t len = 0;
	bool ok = ctx && EVP_MAC_init(ctx, key, key_len, params) == 1 &&
		  EVP_MAC_update(ctx, (const uint8_t *)label, strlen(label)) == 1 &&
		  EVP_MAC_update(ctx, n, sizeof(n)) == 1 &&
		  EVP_MAC_update(ctx, data.p, data.len) == 1 &&
		  EVP_MAC_final(ctx, out, &len, DIGEST) == 1;

	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(mac);
	return ok && len == DIGEST;
}

/* HMAC by the private exponent, of a fixed width: the secret that rejection derives from. */
static bool own_secret(struct pki *p, const struct pki_key *k, struct span sealed, uint8_t out[DIGEST])
{
	uint8_t d[PKI_SIG_MAX];
	BIGNUM *bn = NULL;
	bool ok = EVP_PKEY_get_bn_param(k->pkey, OSSL_PKEY_PARAM_RSA_D, &bn) == 1 &&
		  BN_bn2binpad(bn, d, (int)sealed.len) == (int)sealed.len &&
		  hmac(p, d, sealed.len, "rsa-encr secret", 0, sealed, out);

	BN_clear_free(bn);
	secret_wipe(d, sizeof(d));
	return ok;
}

/* What a message says that is not well formed: max bytes, and how many of them count. */
static bool instead(struct pki *p, const struct pki_key *k, struct span sealed, size_t min, size_t max,
		    uint8_t *ret, size_t *ret_len)
{
	uint8_t key[DIGEST], block[DIGEST] = { 0 };
	bool ok = own_secret(p, k, sealed, key) &&
		  hmac(p, key, sizeof(key), "rsa-encr length", 0, (struct span){ 0 }, block);
	uint64_t draw = 0;

	for (size_t i = 0; i < 4; i++)
		draw = draw << 8 | block[i];

	*ret_len = min + (size_t)((draw * (max - min + 1)) >> 32);
	for (size_t at = 0; ok && at < max; at += DIGEST) {
		ok = hmac(p, key, sizeof(key), "rsa-encr content", (uint32_t)at, (struct span){ 0 }, block);
		memcpy(ret + at, block, max - at < DIGEST ? max - at : DIGEST);
	}
	secret_wipe(key, sizeof(key));
	secret_wipe(block, sizeof(block));
	return ok;
}

/* The private-key operation. A number that is not below the modulus is nobody's secret;
 * it becomes a block that is not well formed. */
static void raw(struct pki *p, const struct pki_key *k, struct span sealed, uint8_t *em)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(p->lib, k->pkey, NULL);
	size_t n = sealed.len;

	if (!ctx || EVP_PKEY_decrypt_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) != 1 ||
	    EVP_PKEY_decrypt(ctx, em, &n, sealed.p, sealed.len) != 1 || n != sealed.len)
		memset(em, 0, sealed.len);
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
}

int pki_ike_decrypt(struct pki *p, const struct pki_key *k, struct span sealed, size_t min, size_t max,
		    uint8_t out[PKI_SIG_MAX], size_t *ret_len)
{
	uint8_t em[PKI_SIG_MAX], alt[PKI_SIG_MAX];
	size_t size = (pki_key_bits(k) + 7) / 8, alt_len = 0;
	int err = -EINVAL;

	if (!pki_key_is_private(k) || size > PKI_SIG_MAX || size < PKCS1_MIN_PAD)
		return -EINVAL;
	if (sealed.len != size) /* public: whoever sent it knows */
		return -EBADMSG;
	if (max > size - PKCS1_MIN_PAD)
		max = size - PKCS1_MIN_PAD;
	if (min > max)
		return -EINVAL;
	if (instead(p, k, sealed, min, max, alt, &alt_len)) {
		raw(p, k, sealed, em);
		pkcs1_unpad(em, size, alt, alt_len, min, max, out, ret_len);
		err = 0;
	}
	secret_wipe(em, sizeof(em));
	secret_wipe(alt, sizeof(alt));
	ERR_clear_error();
	return err;
}

int pki_key_from_der(struct pki *p, struct span spki, struct pki_key **ret_key)
{
	const unsigned char *at = spki.p;
	EVP_PKEY *pkey = NULL;

	if (!spki.len || spki.len > PKI_SPKI_BYTES)
		return -EBADMSG;
	pkey = d2i_PUBKEY_ex(NULL, &at, (long)spki.len, p->lib, NULL);
	ERR_clear_error();
	if (!pkey || at != spki.p + spki.len) {
		EVP_PKEY_free(pkey);
		return -EBADMSG;
	}
	int err = pki_key_wrap(pkey, PKI_BITS_LEAST, PKI_PEER_BITS, ret_key);
	return err == -ENOTSUP ? -EBADMSG : err;
}
