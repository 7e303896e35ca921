/* SPDX-License-Identifier: Apache-2.0 */
#include "control/secret_hash.h"

#include <crypt.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

#define HASH_LEN      32
#define HASH_DIGITS   43 /* of HASH_LEN bytes */
#define PBKDF2_ROUNDS 20000
#define SCRYPT_N      16384
#define SCRYPT_MEMORY (16u << 20) /* more than it takes: 128 * N bytes */
#define MD5_SALT_LEN  4		  /* as IOS makes them; others have up to 8 */

static const char digits[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* The first bits of the first byte come first, as in RFC 4648. */
static void base64(const uint8_t *p, size_t n, char *ret)
{
	uint32_t bits = 0;
	unsigned have = 0;

	while (n--) {
		bits = bits << 8 | *p++;
		for (have += 8; have >= 6; have -= 6)
			*ret++ = digits[bits >> (have - 6) & 63];
	}
	if (have)
		*ret++ = digits[bits << (6 - have) & 63];
	*ret = '\0';
}

static int derive(uint8_t type, const char *clear, const char *salt, char ret_hash[HASH_DIGITS + 1])
{
	uint8_t hash[HASH_LEN];
	const unsigned char *s = (const unsigned char *)salt;
	size_t n = strlen(clear);
	int ok;

	if (type == SECRET_PBKDF2)
		ok = PKCS5_PBKDF2_HMAC(clear, (int)n, s, SECRET_SALT_LEN, PBKDF2_ROUNDS, EVP_sha256(),
				       HASH_LEN, hash);
	else
		ok = EVP_PBE_scrypt(clear, n, s, SECRET_SALT_LEN, SCRYPT_N, 1, 1, SCRYPT_MEMORY, hash,
				    HASH_LEN);
	if (ok == 1)
		base64(hash, sizeof(hash), ret_hash);
	secret_wipe(hash, sizeof(hash));
	return ok == 1 ? 0 : -EIO;
}

/* setting: "$1$SALT" and whatever follows. */
static int md5crypt(const char *clear, const char *setting, char ret_text[CFG_SECRET_MAX])
{
	struct crypt_data *d = calloc(1, sizeof(*d)); /* of many KB */
	/* not crypt_r(): AddressSanitizer has one of its own, and then nothing links libcrypt */
	const char *text = d ? crypt_rn(clear, setting, d, sizeof(*d)) : NULL;
	int err = !d ? -ENOMEM : text ? 0 : -EIO;

	if (!err)
		snprintf(ret_text, CFG_SECRET_MAX, "%s", text);
	secret_free(d, sizeof(*d));
	return err;
}

int secret_hash(uint8_t type, const char *clear, const uint8_t random[SECRET_SALT_RANDOM],
		char ret_text[CFG_SECRET_MAX])
{
	char salt[SECRET_SALT_LEN + 1] = { 0 }, hash[HASH_DIGITS + 1], text[CFG_SECRET_MAX] = { 0 };
	int err = -EINVAL;

	for (size_t i = 0; i < SECRET_SALT_LEN; i++)
		salt[i] = digits[random[i] & 63];
	if (type == SECRET_MD5) {
		char setting[16];

		snprintf(setting, sizeof(setting), "$1$%.*s$", MD5_SALT_LEN, salt);
		err = md5crypt(clear, setting, text);
	} else if (type == SECRET_PBKDF2 || type == SECRET_SCRYPT) {
		err = derive(type, clear, salt, hash);
		snprintf(text, sizeof(text), "$%u$%s$%s", (unsigned)type, salt, err ? "" : hash);
	}
	if (!err)
		memcpy(ret_text, text, sizeof(text));
	secret_wipe(text, sizeof(text));
	return err;
}

/* In time that depends on the length of the stored text alone. */
static bool same(const char *stored, const char *given)
{
	char a[CFG_SECRET_MAX] = { 0 }, b[CFG_SECRET_MAX] = { 0 };
	size_t n = strnlen(given, sizeof(b));
	bool equal;

	memcpy(a, stored, strnlen(stored, sizeof(a) - 1));
	memcpy(b, given, n < sizeof(b) ? n : sizeof(b));
	equal = secret_equal(a, b, sizeof(a));
	secret_wipe(a, sizeof(a));
	secret_wipe(b, sizeof(b));
	return equal && n < sizeof(b);
}

bool secret_fits(const struct cfg_secret *s, const char *clear)
{
	char text[CFG_SECRET_MAX] = { 0 }, hash[HASH_DIGITS + 1], salt[SECRET_SALT_LEN + 1] = { 0 };
	bool fits = false;

	if (!s->set || !secret_is_well_formed(s->type, s->text))
		return false;
	switch (s->type) {
	case SECRET_PLAIN:
		fits = same(s->text, clear);
		break;
	case SECRET_TYPE7:
		fits = type7_decode(s->text, text) && same(text, clear);
		break;
	case SECRET_MD5:
		fits = !md5crypt(clear, s->text, text) && same(s->text, text);
		break;
	default:
		memcpy(salt, s->text + 3, SECRET_SALT_LEN);
		fits = !derive(s->type, clear, salt, hash) && same(s->text + 4 + SECRET_SALT_LEN, hash);
	}
	secret_wipe(text, sizeof(text));
	secret_wipe(hash, sizeof(hash));
	return fits;
}
