/* SPDX-License-Identifier: Apache-2.0 */
/* Type 6 texts: published ones, and what does not decrypt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "crypto/type6.h"

static void published_texts_decrypt(void **state)
{
	char secret[TYPE6_SECRET_MAX + 1];

	(void)state;
	/* of Cisco's description of the format, and of a device; one without the NUL */
	assert_int_equal(type6_decrypt("cisco123", "NdUI^_YP[VEPG[MT_bfTEFNZYFCYe\\R\\M", secret), 0);
	assert_string_equal(secret, "password");
	assert_int_equal(type6_decrypt("Cisco123", "fe_a`iJYE\\DZYJhDhTP[`MYaTgRH_MAAB", secret), 0);
	assert_string_equal(secret, "Cisco123");
}

static void a_published_text_is_made_from_its_salt(void **state)
{
	static const char want[] = "NdUI^_YP[VEPG[MT_bfTEFNZYFCYe\\R\\M";
	uint8_t salt[TYPE6_SALT];
	char text[TYPE6_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		unsigned v = 0;

		for (size_t k = 0; k < 3; k++)
			v = v * 41 + (unsigned)(want[i * 3 + k] - 'A');
		salt[2 * i] = (uint8_t)(v >> 8);
		salt[2 * i + 1] = (uint8_t)v;
	}
	assert_int_equal(type6_encrypt("cisco123", "password", salt, text), 0);
	assert_string_equal(text, want);
}

static void every_length_comes_back(void **state)
{
	char secret[TYPE6_SECRET_MAX + 2] = "", back[TYPE6_SECRET_MAX + 1], text[TYPE6_TEXT_MAX];
	uint8_t salt[TYPE6_SALT] = { 0, 1, 0xff, 0xff };

	(void)state;
	for (size_t n = 1; n <= TYPE6_SECRET_MAX; n++) {
		secret[n - 1] = (char)('!' + n % 90);
		salt[7] = (uint8_t)n;
		assert_int_equal(type6_encrypt("a master key", secret, salt, text), 0);
		assert_true(strlen(text) < sizeof(text));
		assert_int_equal(type6_decrypt("a master key", text, back), 0);
		assert_string_equal(back, secret);
		assert_int_equal(type6_decrypt("b master key", text, back), -EACCES);
	}
	memset(secret, 'x', TYPE6_SECRET_MAX + 1);
	assert_int_equal(type6_encrypt("a master key", secret, salt, text), -E2BIG);
}

/* No character can be changed without notice. */
static void changed_texts_are_refused(void **state)
{
	static const char good[] = "NdUI^_YP[VEPG[MT_bfTEFNZYFCYe\\R\\M";
	static const char *const bad[] = { "", "A", "AAA", "AAB", "NdUI^_YP[VEPG[MT_bfTEFNZYFCYe\\R\\",
					   "iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii", "FLgBaJHX", "plain text" };
	char text[sizeof(good)], secret[TYPE6_SECRET_MAX + 1] = "untouched", longer[600];

	(void)state;
	for (size_t i = 0; i < sizeof(good) - 1; i++) {
		memcpy(text, good, sizeof(good));
		text[i] = text[i] == 'A' ? 'B' : (char)(text[i] - 1);
		assert_true(type6_decrypt("cisco123", text, secret) < 0);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(type6_decrypt("cisco123", bad[i], secret), -EBADMSG);
	memset(longer, 'B', sizeof(longer) - 1);
	longer[599] = '\0';
	for (size_t n = 0; n < 599; n++)
		assert_true(type6_decrypt("cisco123", longer + n, secret) < 0);
	assert_string_equal(secret, "untouched");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_texts_decrypt),
		cmocka_unit_test(a_published_text_is_made_from_its_salt),
		cmocka_unit_test(every_length_comes_back),
		cmocka_unit_test(changed_texts_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
