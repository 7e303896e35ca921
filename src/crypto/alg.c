/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/alg.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Numbers: IKE from RFC 2409 appendix A and the IANA ipsec registry, ESP from
 * RFC 2407 section 4.4.4 (AES 12: RFC 3602, CTR 13: RFC 3686, GCM-16 20: RFC 4106,
 * GMAC 23: RFC 4543). AES without a length is 128 bits, as IOS means it. */
static const struct cipher_info ciphers[] = {
	{ CIPHER_NULL, 0, 0, 11, false, false, false, 0, 0, 4, 0, 0, false,
	  "esp-null", "esp-null", true, "NULL" },
	{ CIPHER_DES, 0, 1, 2, false, false, false, 8, 0, 8, 8, 0, true,
	  "esp-des", "esp-des", true, "DES-CBC" },
	{ CIPHER_3DES, 0, 5, 3, false, false, false, 24, 0, 8, 8, 0, true,
	  "esp-3des", "esp-3des", true, "3DES-CBC" },
	{ CIPHER_AES_CBC, 128, 7, 12, true, false, false, 16, 0, 16, 16, 0, false,
	  "esp-aes", "esp-aes", true, "AES-CBC" },
	{ CIPHER_AES_CBC, 192, 7, 12, true, false, false, 24, 0, 16, 16, 0, false,
	  "esp-192-aes", "esp-aes 192", true, "AES-CBC" },
	{ CIPHER_AES_CBC, 256, 7, 12, true, false, false, 32, 0, 16, 16, 0, false,
	  "esp-256-aes", "esp-aes 256", true, "AES-CBC" },
	{ CIPHER_AES_GCM, 128, 0, 20, true, true, true, 16, 4, 4, 8, 16, false,
	  "esp-gcm", "esp-gcm", true, "AES-GCM" },
	{ CIPHER_AES_GCM, 192, 0, 20, true, true, true, 24, 4, 4, 8, 16, false,
	  "esp-gcm 192", "esp-gcm 192", true, "AES-GCM" },
	{ CIPHER_AES_GCM, 256, 0, 20, true, true, true, 32, 4, 4, 8, 16, false,
	  "esp-gcm 256", "esp-gcm 256", true, "AES-GCM" },
	{ CIPHER_AES_GMAC, 128, 0, 23, true, true, true, 16, 4, 4, 8, 16, false,
	  "esp-gmac", "esp-gmac", true, "AES-GMAC" },
	{ CIPHER_AES_GMAC, 192, 0, 23, true, true, true, 24, 4, 4, 8, 16, false,
	  "esp-gmac 192", "esp-gmac 192", true, "AES-GMAC" },
	{ CIPHER_AES_GMAC, 256, 0, 23, true, true, true, 32, 4, 4, 8, 16, false,
	  "esp-gmac 256", "esp-gmac 256", true, "AES-GMAC" },
	{ CIPHER_AES_CTR, 128, 0, 13, true, false, true, 16, 4, 4, 8, 0, false,
	  "AES-CTR 128", "AES-CTR 128", false, "AES-CTR" },
	{ CIPHER_AES_CTR, 192, 0, 13, true, false, true, 24, 4, 4, 8, 0, false,
	  "AES-CTR 192", "AES-CTR 192", false, "AES-CTR" },
	{ CIPHER_AES_CTR, 256, 0, 13, true, false, true, 32, 4, 4, 8, 0, false,
	  "AES-CTR 256", "AES-CTR 256", false, "AES-CTR" },
	{ CIPHER_CHACHA20_POLY1305, 0, 0, 0, false, true, true, 32, 4, 4, 8, 16, false,
	  "ChaCha20-Poly1305", "ChaCha20-Poly1305", false, "ChaCha20-Poly1305" },
};

/* Attribute and AH transform numbers: RFC 2407 sections 4.5 and 4.4.3; SHA-2:
 * RFC 4868 section 4, XCBC: RFC 3566 section 6 (IANA isakmp registry). */
static const struct auth_info auths[] = {
	{ AUTH_HMAC_MD5_96, HASH_MD5, 1, 2, 16, 12, true, true, "esp-md5-hmac", "ah-md5-hmac" },
	{ AUTH_HMAC_SHA1_96, HASH_SHA1, 2, 3, 20, 12, false, true, "esp-sha-hmac", "ah-sha-hmac" },
	{ AUTH_HMAC_SHA256_128, HASH_SHA256, 5, 5, 32, 16, false, true, "esp-sha256-hmac",
	  "ah-sha256-hmac" },
	{ AUTH_HMAC_SHA384_192, HASH_SHA384, 6, 6, 48, 24, false, true, "esp-sha384-hmac",
	  "ah-sha384-hmac" },
	{ AUTH_HMAC_SHA512_256, HASH_SHA512, 7, 7, 64, 32, false, true, "esp-sha512-hmac",
	  "ah-sha512-hmac" },
	{ AUTH_AES_XCBC_96, HASH_UNSET, 9, 9, 16, 12, false, false, "AES-XCBC-96", "AES-XCBC-96" },
};

static const struct hash_info hashes[] = {
	{ HASH_MD5, 1, 16, 64, true, "MD5", "MD5" },
	{ HASH_SHA1, 2, 20, 64, false, "SHA1", "SHA" },
	{ HASH_SHA256, 4, 32, 64, false, "SHA256", "SHA256" },
	{ HASH_SHA384, 5, 48, 128, false, "SHA384", "SHA384" },
	{ HASH_SHA512, 6, 64, 128, false, "SHA512", "SHA512" },
};

/* AES without a Key Length means 128 bits; the others have one size only. */
static bool size_is(const struct cipher_info *c, unsigned bits)
{
	return c->bits == bits || (bits == 0 && c->bits == 128) ||
	       (c->bits == 0 && bits == c->key_len * 8u);
}

const struct cipher_info *cipher_info(enum cipher_id id, unsigned bits)
{
	for (size_t i = 0; i < COUNT(ciphers); i++)
		if (ciphers[i].id == id && size_is(&ciphers[i], bits))
			return &ciphers[i];
	return NULL;
}

const struct cipher_info *cipher_by_ike(unsigned ike_id, unsigned bits)
{
	for (size_t i = 0; i < COUNT(ciphers); i++)
		if (ciphers[i].ike_id && ciphers[i].ike_id == ike_id && size_is(&ciphers[i], bits))
			return &ciphers[i];
	return NULL;
}

const struct cipher_info *cipher_by_esp(unsigned esp_id, unsigned bits)
{
	for (size_t i = 0; i < COUNT(ciphers); i++)
		if (ciphers[i].esp_id && ciphers[i].esp_id == esp_id && size_is(&ciphers[i], bits))
			return &ciphers[i];
	return NULL;
}

const struct auth_info *auth_info(enum auth_id id)
{
	for (size_t i = 0; i < COUNT(auths); i++)
		if (auths[i].id == id)
			return &auths[i];
	return NULL;
}

const struct auth_info *auth_by_attr(unsigned ipsec_attr)
{
	for (size_t i = 0; i < COUNT(auths); i++)
		if (auths[i].ipsec_attr == ipsec_attr)
			return &auths[i];
	return NULL;
}

const struct hash_info *hash_info(enum hash_id id)
{
	for (size_t i = 0; i < COUNT(hashes); i++)
		if (hashes[i].id == id)
			return &hashes[i];
	return NULL;
}

const struct hash_info *hash_by_ike(unsigned ike_id)
{
	for (size_t i = 0; i < COUNT(hashes); i++)
		if (hashes[i].ike_id == ike_id)
			return &hashes[i];
	return NULL;
}
