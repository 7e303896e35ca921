/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "host/log_format.h"

/* Tue Nov 3 2026 08:05:09.007 UTC; up for 1 day 2 hours; two hours east. */
static const struct log_time at = { .wall_ms = 1793693109007, .uptime_ms = 93784000, .offset_sec = 7200,
				    .zone = "EET" };

static void stamps_are_as_configured(void **state)
{
	static const struct {
		struct cfg_stamp s;
		const char *want;
	} rows[] = {
		{ { .on = true, .msec = true }, "*Nov  3 08:05:09.007: " },
		{ { .on = true }, "*Nov  3 08:05:09: " },
		{ { .on = true, .year = true, .zone = true }, "*Nov  3 2026 08:05:09 UTC: " },
		{ { .on = true, .msec = true, .localtime = true, .zone = true }, "*Nov  3 10:05:09.007 EET: " },
		{ { .on = true, .uptime = true, .msec = true }, "1d02h: " },
		{ { .msec = true }, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct txt t = TXT_INIT;

		log_put_stamp(&at, &rows[i].s, &t);
		assert_string_equal(txt_cstr(&t), rows[i].want);
		txt_fini(&t);
	}
	struct log_time synced = at;
	struct txt t = TXT_INIT;
	synced.synced = true;
	log_put_stamp(&synced, &rows[0].s, &t);
	assert_string_equal(txt_cstr(&t), "Nov  3 08:05:09.007: ");
	txt_fini(&t);
}

static void uptime_has_three_forms(void **state)
{
	static const struct {
		uint64_t sec;
		const char *want;
	} rows[] = { { 0, "00:00:00" }, { 754, "00:12:34" }, { 86399, "23:59:59" }, { 86400, "1d00h" },
		     { 7 * 86400 - 1, "6d23h" }, { 7 * 86400, "1w0d" }, { 18 * 86400, "2w4d" } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct txt t = TXT_INIT;

		log_put_uptime(rows[i].sec * 1000, &t);
		assert_string_equal(txt_cstr(&t), rows[i].want);
		txt_fini(&t);
	}
}

static void severity_is_the_digit_of_the_mnemonic(void **state)
{
	size_t n;

	(void)state;
	assert_int_equal(log_mnemonic_severity("SYS-5-CONFIG_I", &n), 5);
	assert_int_equal(n, 3);
	assert_int_equal(log_mnemonic_severity("A-B-0-C", &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(log_mnemonic_severity("A-8-C", &n), LOG_SEV_DEBUG);
	assert_int_equal(n, 5);
	assert_int_equal(log_mnemonic_severity("", &n), LOG_SEV_DEBUG);
}

static void lines_have_numbers_if_asked(void **state)
{
	struct cfg_logging l = config_defaults.logging;
	struct log_record r = { .mnemonic = "SYS-5-CONFIG_I", .severity = 5, .text = "a\x1b[1m\nb\x7f", .seq = 12, .at = at };
	struct txt t = TXT_INIT;

	(void)state;
	l.sequence = true;
	log_put_line(&r, &l, &t); /* nothing that acts on a terminal, and one line */
	assert_string_equal(t.s, "000012: *Nov  3 08:05:09.007: %SYS-5-CONFIG_I: a?[1m b?\n");
	txt_clear(&t);
	r.mnemonic = NULL; /* lines of debug may be several, and have their own stamp */
	r.text = "a\nb";
	l.debug_stamp.on = l.sequence = false;
	log_put_line(&r, &l, &t);
	assert_string_equal(t.s, "a\nb\n");
	txt_fini(&t);
}

static void datagrams_are_what_ios_sends(void **state)
{
	struct cfg_logging l = config_defaults.logging;
	struct log_record r = { .mnemonic = "SYS-5-CONFIG_I", .severity = 5, .text = "text", .seq = 12, .at = at };
	struct txt t = TXT_INIT;
	char *big = malloc(2000);

	(void)state;
	log_put_datagram(&r, &l, 7, "R1", &t);
	assert_string_equal(t.s, "<189>7: R1: *Nov  3 08:05:09.007: %SYS-5-CONFIG_I: text");
	txt_clear(&t);
	l.facility = 32 + 9; /* sys9 */
	l.sequence = true;
	log_put_datagram(&r, &l, 8, "", &t);
	assert_string_equal(t.s, "<77>8: 000012: *Nov  3 08:05:09.007: %SYS-5-CONFIG_I: text");
	txt_clear(&t);
	memset(big, 'x', 1999);
	big[1999] = '\0';
	r.text = big;
	log_put_datagram(&r, &l, 9, "", &t);
	assert_int_equal(t.len, LOG_DATAGRAM_MAX);
	assert_int_equal(strlen(t.s), LOG_DATAGRAM_MAX);
	free(big);
	txt_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stamps_are_as_configured),
		cmocka_unit_test(uptime_has_three_forms),
		cmocka_unit_test(severity_is_the_digit_of_the_mnemonic),
		cmocka_unit_test(lines_have_numbers_if_asked),
		cmocka_unit_test(datagrams_are_what_ios_sends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
