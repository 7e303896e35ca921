/* SPDX-License-Identifier: Apache-2.0 */
/* Hashed secrets against published ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "control/secret_hash.h"

static struct cfg_secret secret(uint8_t type, const char *text)
{
	struct cfg_secret s = { .set = true, .hashed = type == 5 || type > 7, .type = type };

	snprintf(s.text, sizeof(s.text), "%s", text);
	return s;
}

/* Types 5, 8 and 9: the example hashes of hashcat (modes 500, 9200, 9300). */
static const struct {
	uint8_t type;
	const char *text, *clear;
} published[] = {
	{ SECRET_MD5, "$1$28772684$iEwNOgGugqO9.bIz5sk8k/", "hashcat" },
	{ SECRET_PBKDF2, "$8$TnGX/fE4KGHOVU$pEhnEvxrvaynpi8j4f.EMHr6M.FzU8xnZnBr/tJdFWk", "hashcat" },
	{ SECRET_SCRYPT, "$9$2MJBozw/9R3UsU$2lFhcKvpghcyw8deP25GOfyZaagyUOGBymkryvOdfo6", "hashcat" },
	{ SECRET_TYPE7, "0822455D0A16", "cisco" },
	{ SECRET_PLAIN, "cisco", "cisco" },
};
#define N_PUBLISHED (sizeof(published) / sizeof(published[0]))

static void published_secrets_fit(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_PUBLISHED; i++) {
		struct cfg_secret s = secret(published[i].type, published[i].text);
		char wrong[64];

		assert_true(secret_is_well_formed(s.type, s.text));
		assert_true(secret_fits(&s, published[i].clear));
		snprintf(wrong, sizeof(wrong), "%sx", published[i].clear);
		assert_false(secret_fits(&s, wrong));
		wrong[strlen(published[i].clear) - 1] = '\0';
		assert_false(secret_fits(&s, wrong));
		assert_false(secret_fits(&s, ""));
		s.set = false;
		assert_false(secret_fits(&s, published[i].clear));
	}
}

/* No text that was cut, or whose digits were changed, fits what it was made of. */
static void broken_texts_fit_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_PUBLISHED; i++) {
		struct cfg_secret s = secret(published[i].type, published[i].text);

		for (size_t n = 0; n < strlen(published[i].text); n += 5) {
			struct cfg_secret cut = s;

			memset(cut.text + n, 0, sizeof(cut.text) - n);
			assert_false(secret_fits(&cut, published[i].clear));
		}
		s.text[strlen(s.text) - 2] ^= 1;
		assert_false(secret_fits(&s, published[i].clear));
	}
}

static void what_is_hashed_fits(void **state)
{
	static const uint8_t types[] = { SECRET_MD5, SECRET_PBKDF2, SECRET_SCRYPT };
	uint8_t a[SECRET_SALT_RANDOM], b[SECRET_SALT_RANDOM];

	(void)state;
	memset(a, 0x5a, sizeof(a));
	memset(b, 0xa7, sizeof(b));
	for (size_t i = 0; i < sizeof(types); i++) {
		struct cfg_secret s = secret(types[i], ""), t = s;

		assert_int_equal(secret_hash(types[i], "two words", a, s.text), 0);
		assert_int_equal(secret_hash(types[i], "two words", b, t.text), 0);
		assert_true(secret_is_well_formed(types[i], s.text));
		assert_string_not_equal(s.text, t.text);
		assert_true(secret_fits(&s, "two words"));
		assert_true(secret_fits(&t, "two words"));
		assert_false(secret_fits(&s, "two word"));
	}
	assert_int_equal(secret_hash(SECRET_TYPE7, "x", a, (char[CFG_SECRET_MAX]){ 0 }), -22);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_secrets_fit),
		cmocka_unit_test(broken_texts_fit_nothing),
		cmocka_unit_test(what_is_hashed_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
