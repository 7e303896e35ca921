/* SPDX-License-Identifier: Apache-2.0 */
/* What the writer writes is read by a parser that others wrote. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"

static struct txt out;

static struct json begin(void)
{
	txt_clear(&out);
	return json_of(&out);
}

static void rows_are_lines(void **state)
{
	struct json j = begin();
	struct ipaddr none = { 0 }, a = ipaddr_v4(0xc0000201);

	(void)state;
	json_object(&j, NULL);
	json_array(&j, "sas");
	for (unsigned i = 0; i < 2; i++) {
		json_object(&j, NULL);
		json_num(&j, "id", i);
		json_addr(&j, "peer", i ? &none : &a);
		json_array(&j, "flags");
		json_bool(&j, NULL, true);
		json_null(&j, NULL);
		json_array_end(&j);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_array(&j, "none");
	json_array_end(&j);
	json_int(&j, "offset", -60);
	json_object_end(&j);
	assert_string_equal(txt_cstr(&out),
			    "{\n \"sas\": [\n"
			    "  {\"id\": 0, \"peer\": \"192.0.2.1\", \"flags\": [true, null]},\n"
			    "  {\"id\": 1, \"peer\": null, \"flags\": [true, null]}\n"
			    " ],\n \"none\": [],\n \"offset\": -60\n}\n");
	assert_int_equal(j.depth, 0);
}

static void counters_keep_all_their_digits(void **state)
{
	struct json j = begin();

	(void)state;
	json_object(&j, NULL);
	json_num(&j, "n", UINT64_MAX);
	json_int(&j, "i", INT64_MIN);
	json_object_end(&j);
	assert_non_null(strstr(txt_cstr(&out), "18446744073709551615"));
	assert_non_null(strstr(txt_cstr(&out), "-9223372036854775808"));
}

/* What a parser makes of a string of ours. */
static void reads_back(const char *s, size_t n, const char *want)
{
	struct json j = begin();
	cJSON *read;

	json_object(&j, NULL);
	json_strn(&j, "s", s, n);
	json_object_end(&j);
	read = cJSON_ParseWithLength(txt_cstr(&out), out.len);
	assert_non_null(read);
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(read, "s")), want);
	cJSON_Delete(read);
}

static void strings_of_strangers_stay_strings(void **state)
{
	static const struct {
		const char *s, *want;
	} rows[] = {
		{ "", "" },
		{ "O=\"Acme\", CN=a\\b/c", "O=\"Acme\", CN=a\\b/c" },
		{ "a\tb\nc\r\x1b[2J\x7f", "a\tb\nc\r\x1b[2J\x7f" },
		{ "M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x94\x91", "M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x94\x91" },
		{ "a\xc2\x9b" "2J", "a\xc2\x9b" "2J" },
		{ "cut \xc3", "cut \xef\xbf\xbd" },
		{ "over\xc0\xaflong", "over\xef\xbf\xbd\xef\xbf\xbdlong" },
		{ "\xe0\x80\xaf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" }, /* half a surrogate pair */
		{ "\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xff\xfe\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = strlen(rows[i].s);
		char *exact = malloc(n ? n : 1); /* a byte too far is seen */

		assert_non_null(exact);
		memcpy(exact, rows[i].s, n);
		reads_back(exact, n, rows[i].want);
		/* but nothing that a terminal would obey goes there as it is */
		assert_null(strchr(txt_cstr(&out), '\x1b'));
		assert_null(strstr(txt_cstr(&out), "\xc2\x9b"));
		free(exact);
	}
	/* control characters may not stand in a document at all */
	reads_back("\x1b", 1, "\x1b");
	assert_non_null(strstr(txt_cstr(&out), "\\u001b"));
}

static void any_bytes_give_a_document(void **state)
{
	char s[64];

	(void)state;
	srand(1);
	for (unsigned n = 0; n < 20000; n++) {
		struct json j = begin();
		cJSON *read;

		for (size_t i = 0; i < sizeof(s); i++)
			s[i] = (char)(rand() >> 5);
		json_array(&j, NULL);
		json_strn(&j, NULL, s, (size_t)rand() % sizeof(s));
		json_array_end(&j);
		read = cJSON_ParseWithLength(txt_cstr(&out), out.len);
		assert_non_null(read);
		assert_int_equal(cJSON_GetArraySize(read), 1);
		cJSON_Delete(read);
	}
}

static void lines_are_split_where_they_end(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = { { "", "{\n \"lines\": []\n}\n" },
		     { "a\n\n b", "{\n \"lines\": [\n  \"a\",\n  \"\",\n  \" b\"\n ]\n}\n" },
		     { "a\n", "{\n \"lines\": [\n  \"a\"\n ]\n}\n" } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct json j = begin();

		json_object(&j, NULL);
		json_lines(&j, "lines", rows[i].text);
		json_object_end(&j);
		assert_string_equal(txt_cstr(&out), rows[i].want);
	}
}

/* Ten times the rows take ten times as long, not a hundred times. */
static void long_lists_take_no_longer_by_the_row(void **state)
{
	clock_t took[2];

	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		clock_t from = clock();
		struct json j = begin();

		json_array(&j, NULL);
		for (unsigned i = 0; i < (k ? 100000 : 10000); i++) {
			json_object(&j, NULL);
			json_num(&j, "spi", i);
			json_str(&j, "transform", "esp-aes esp-sha-hmac");
			json_object_end(&j);
		}
		json_array_end(&j);
		took[k] = clock() - from;
	}
	assert_true(took[1] < 40 * (took[0] + CLOCKS_PER_SEC / 1000));
	assert_false(out.bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_lines),
		cmocka_unit_test(counters_keep_all_their_digits),
		cmocka_unit_test(strings_of_strangers_stay_strings),
		cmocka_unit_test(any_bytes_give_a_document),
		cmocka_unit_test(lines_are_split_where_they_end),
		cmocka_unit_test(long_lists_take_no_longer_by_the_row),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	txt_fini(&out);
	return failed;
}
