/* SPDX-License-Identifier: Apache-2.0 */
#include "helper.h"

#include "commands/explain.h"

static void what_a_word_means(void **state)
{
	static const struct {
		const char *word, *want;
	} rows[] = {
		{ "aes", "a symmetric block cipher" },
		{ "ESP-AES", "a symmetric block cipher" },
		{ "MM_KEY_EXCH", "1. The two pre-shared keys differ" },
		{ "qm_idle", "this is how a tunnel that works looks" },
		{ "md5", "MUST NOT" },
		{ "dh", "2 (1024 bits)  F" },
		{ "ah", "no NAT lets it" },
		{ "l2f", "not supported" },
		{ "tunnel-mode", "a new IP header" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct txt out = TXT_INIT;

		assert_true(explain_word(rows[i].word, &out));
		assert_non_null(strstr(txt_cstr(&out), rows[i].want));
		txt_fini(&out);
	}
}

static void a_part_of_a_word_is_no_word(void **state)
{
	static const char *const words[] = { "", " ", "ae", "aes ", "es", "aes esp-aes", "nonsense" };
	struct txt out = TXT_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_false(explain_word(words[i], &out));
	assert_int_equal(out.len, 0);
	txt_fini(&out);
}

/* Each word of the list is explained, in lines that end and that a wide terminal holds. */
static void all_words_are_explained(void **state)
{
	struct txt list = TXT_INIT;
	size_t n = 0;

	(void)state;
	explain_words(&list);
	for (char *save, *word = strtok_r(list.s, "\n", &save); word; word = strtok_r(NULL, "\n", &save), n++) {
		struct txt out = TXT_INIT;

		assert_true(explain_word(word, &out));
		assert_int_equal(out.s[out.len - 1], '\n');
		for (const char *s = out.s; *s; s += strcspn(s, "\n") + 1)
			assert_true(strcspn(s, "\n") > 0 && strcspn(s, "\n") <= 140);
		txt_fini(&out);
	}
	assert_true(n > 30);
	txt_fini(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_word_means),
		cmocka_unit_test(a_part_of_a_word_is_no_word),
		cmocka_unit_test(all_words_are_explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
