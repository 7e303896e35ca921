/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/type6.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/secret.h"

#define MAC   4
#define BLOCK 16
#define RAW   (TYPE6_SALT + TYPE6_SECRET_MAX + 1 + MAC)
#define BASE  41 /* the characters from 'A' on */

static_assert((RAW + 2) / 2 * 3 < TYPE6_TEXT_MAX, "room for the longest text");

/* ---- text ---- */

/* Three characters for two bytes; a last odd one has a 0 behind it, and an even length is
 * said by the pair 0 1. */
static void encode(const uint8_t *raw, size_t n, char *out)
{
	for (size_t i = 0; i <= n; i += 2) {
		unsigned hi = i < n ? raw[i] : 0, lo = i + 1 < n ? raw[i + 1] : i < n ? 0 : 1;
		unsigned v = hi << 8 | lo;

		*out++ = (char)('A' + v / (BASE * BASE));
		*out++ = (char)('A' + v / BASE % BASE);
		*out++ = (char)('A' + v % BASE);
	}
	*out = '\0';
}

/* The bytes; 0 if it is no such text. */
static size_t decode(const char *text, uint8_t raw[RAW + 2])
{
	size_t len = strlen(text), n = 0;

	if (!len || len % 3 || len / 3 * 2 > RAW + 2)
		return 0;
	for (size_t i = 0; i < len; i += 3) {
		unsigned v = 0;

		for (size_t k = i; k < i + 3; k++) {
			if (text[k] < 'A' || text[k] >= 'A' + BASE)
				return 0;
			v = v * BASE + (unsigned)(text[k] - 'A');
		}
		if (v > UINT16_MAX)
			return 0;
		raw[n++] = (uint8_t)(v >> 8);
		raw[n++] = (uint8_t)v;
	}
	if (raw[n - 1] == 0)
		return n - 1;
	return raw[n - 1] == 1 && raw[n - 2] == 0 ? n - 2 : 0;
}

/* ---- cipher ---- */

static int block(const uint8_t key[BLOCK], const uint8_t in[BLOCK], uint8_t out[BLOCK])
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int n = 0;
	bool ok = c && EVP_EncryptInit_ex(c, EVP_aes_128_ecb(), NULL, key, NULL) == 1 &&
		  EVP_CIPHER_CTX_set_padding(c, 0) == 1 && EVP_EncryptUpdate(c, out, &n, in, BLOCK) == 1 &&
		  n == BLOCK;

	EVP_CIPHER_CTX_free(c);
	return ok ? 0 : -EIO;
}

static int subkeys(const char *master, const uint8_t salt[TYPE6_SALT], uint8_t ke[BLOCK], uint8_t ka[BLOCK])
{
	uint8_t k[BLOCK], in[BLOCK] = { 0 };
	unsigned n = 0;
	int err = EVP_Digest(master, strlen(master), k, &n, EVP_md5(), NULL) == 1 && n == BLOCK ? 0 : -EIO;

	memcpy(in, salt, TYPE6_SALT);
	if (!err)
		err = block(k, in, ka);
	in[BLOCK - 1] = 1;
	if (!err)
		err = block(k, in, ke);
	secret_wipe(k, sizeof(k));
	return err;
}

static int stream(const uint8_t ke[BLOCK], uint8_t *data, size_t n)
{
	uint8_t in[BLOCK] = { 0 }, out[BLOCK];
	int err = 0;

	for (size_t i = 0; !err && i < n; i++) {
		if (i % BLOCK == 0) {
			in[3] = (uint8_t)(i / BLOCK);
			err = block(ke, in, out);
		}
		data[i] ^= out[i % BLOCK];
	}
	secret_wipe(out, sizeof(out));
	return err;
}

static int mac_of(const uint8_t ka[BLOCK], const uint8_t *data, size_t n, uint8_t mac[MAC])
{
	uint8_t full[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (!HMAC(EVP_sha1(), ka, BLOCK, data, n, full, &len) || len < MAC)
		return -EIO;
	memcpy(mac, full, MAC);
	secret_wipe(full, sizeof(full));
	return 0;
}

int type6_encrypt(const char *master, const char *secret, const uint8_t salt[TYPE6_SALT],
		  char ret_text[TYPE6_TEXT_MAX])
{
	uint8_t raw[RAW], ke[BLOCK], ka[BLOCK];
	size_t n = strlen(secret) + 1;

	if (n > TYPE6_SECRET_MAX + 1)
		return -E2BIG;
	memcpy(raw, salt, TYPE6_SALT);
	memcpy(raw + TYPE6_SALT, secret, n);
	int err = subkeys(master, salt, ke, ka);
	if (!err)
		err = stream(ke, raw + TYPE6_SALT, n);
	if (!err)
		err = mac_of(ka, raw + TYPE6_SALT, n, raw + TYPE6_SALT + n);
	if (!err)
		encode(raw, TYPE6_SALT + n + MAC, ret_text);
	secret_wipe(raw, sizeof(raw));
	secret_wipe(ke, sizeof(ke));
	secret_wipe(ka, sizeof(ka));
	return err;
}

int type6_decrypt(const char *master, const char *text, char ret_secret[TYPE6_SECRET_MAX + 1])
{
	uint8_t raw[RAW + 2], ke[BLOCK], ka[BLOCK], mac[MAC];
	size_t len = decode(text, raw);
	uint8_t *data = raw + TYPE6_SALT;

	if (len <= TYPE6_SALT + MAC || len > RAW)
		return -EBADMSG;
	size_t n = len - TYPE6_SALT - MAC;
	int err = subkeys(master, raw, ke, ka);
	if (!err)
		err = mac_of(ka, data, n, mac);
	if (!err && !secret_equal(mac, data + n, MAC))
		err = -EACCES;
	if (!err)
		err = stream(ke, data, n);
	/* some encoders leave the NUL out */
	size_t keep = n && !data[n - 1] ? n - 1 : n;
	if (!err && (!keep || keep > TYPE6_SECRET_MAX || memchr(data, 0, keep)))
		err = -EACCES;
	if (!err) {
		memcpy(ret_secret, data, keep);
		ret_secret[keep] = '\0';
	}
	secret_wipe(raw, sizeof(raw));
	secret_wipe(ke, sizeof(ke));
	secret_wipe(ka, sizeof(ka));
	return err;
}
