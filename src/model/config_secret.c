/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of secrets: Cisco's type 7, and the shapes of the others. */
#include "model/config.h"

#include <string.h>

#include "base/secret.h"

/* What every decoder since 1995 has in it. */
static const char xlat[] = "dsfd;kfoA,.iyewrkldJKDHSUBsgvca69834ncxv9873254k;fg87";
#define XLAT_LEN (sizeof(xlat) - 1)
#define SEEDS	 16

static int hex_value(char ch)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *p = ch >= 'a' && ch <= 'f' ? strchr(digits, ch - 'a' + 'A') : strchr(digits, ch);

	return ch && p ? (int)(p - digits) : -1;
}

bool type7_decode(const char *text, char ret_clear[CFG_SECRET_MAX])
{
	size_t n = strlen(text);
	unsigned seed;
	char clear[CFG_SECRET_MAX] = { 0 };

	if (n < 4 || n % 2 || n / 2 > CFG_SECRET_MAX || strspn(text, "0123456789") < 2)
		return false;
	seed = (unsigned)(text[0] - '0') * 10 + (unsigned)(text[1] - '0');
	if (seed >= XLAT_LEN)
		return false;
	for (size_t i = 2; i < n; i += 2) {
		int hi = hex_value(text[i]), lo = hex_value(text[i + 1]);
		int ch = hi < 0 || lo < 0 ? 0 : (hi << 4 | lo) ^ xlat[(seed + i / 2 - 1) % XLAT_LEN];

		if (!ch) {
			secret_wipe(clear, sizeof(clear));
			return false;
		}
		clear[i / 2 - 1] = (char)ch;
	}
	memcpy(ret_clear, clear, sizeof(clear));
	secret_wipe(clear, sizeof(clear));
	return true;
}

bool type7_encode(const char *clear, char ret_text[CFG_SECRET_MAX])
{
	static const char digits[] = "0123456789ABCDEF";
	size_t n = strlen(clear);
	unsigned seed = 0;

	if (!n || 2 * n + 3 > CFG_SECRET_MAX)
		return false;
	for (size_t i = 0; i < n; i++)
		seed = seed * 31 + (unsigned char)clear[i];
	seed %= SEEDS;
	ret_text[0] = digits[seed / 10];
	ret_text[1] = digits[seed % 10];
	for (size_t i = 0; i < n; i++) {
		unsigned b = (unsigned char)(clear[i] ^ xlat[(seed + i) % XLAT_LEN]);

		ret_text[2 + 2 * i] = digits[b >> 4];
		ret_text[3 + 2 * i] = digits[b & 15];
	}
	memset(ret_text + 2 + 2 * n, 0, CFG_SECRET_MAX - 2 - 2 * n);
	return true;
}

static void encrypt_one(struct cfg_secret *s, void *ctx)
{
	char text[CFG_SECRET_MAX];

	(void)ctx;
	if (!s->set || s->hashed || s->type != SECRET_PLAIN || !type7_encode(s->text, text))
		return;
	memcpy(s->text, text, sizeof(text));
	s->type = SECRET_TYPE7;
}

void users_encrypt(struct cfg_users *u)
{
	users_each_secret(u, encrypt_one, NULL);
}

/* n characters of the alphabet that crypt(3) has, too. */
static bool is_crypt64(const char *p, size_t n)
{
	return strspn(p, "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") >= n;
}

bool secret_is_well_formed(uint8_t type, const char *text)
{
	char clear[CFG_SECRET_MAX];
	bool ok;

	switch (type) {
	case SECRET_PLAIN:
		return true;
	case SECRET_TYPE7:
		ok = type7_decode(text, clear);
		secret_wipe(clear, sizeof(clear));
		return ok;
	case SECRET_MD5: {
		size_t salt = strncmp(text, "$1$", 3) ? SIZE_MAX : strcspn(text + 3, "$");

		return salt <= 8 && strlen(text) == 3 + salt + 1 + 22 && is_crypt64(text + 3 + salt + 1, 22);
	}
	default: /* 14 characters of salt, 32 bytes of hash */
		return text[0] == '$' && text[1] == '0' + type && text[2] == '$' && strlen(text) == 61 &&
		       is_crypt64(text + 3, 14) && text[17] == '$' && is_crypt64(text + 18, 43);
	}
}
