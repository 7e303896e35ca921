/* SPDX-License-Identifier: Apache-2.0 */
/* What two configurations differ by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "commands/diff.h"

static void is(const char *a, const char *b, enum diff_style style, size_t n, const char *want)
{
	struct txt out = TXT_INIT;

	assert_int_equal(config_diff(a, b, style, &out), n);
	assert_string_equal(txt_cstr(&out), want);
	txt_fini(&out);
}

static const char before[] = "!\nversion 15.9\nhostname R1\ninterface A\n ip address 1.1.1.1 255.0.0.0\n shutdown\n"
			     "archive\n log config\n  hidekeys\n path x\nno ip routing\nend\n";

static void nothing(void **state)
{
	(void)state;
	is("", "", DIFF_CONTEXT, 0, "");
	is(before, before, DIFF_CONTEXT, 0, "");
	/* comments, version, end, blanks at the end and the order of lines do not count */
	is("a\nb\n", "! x\nversion 12.4\nb  \na\r\nend\n", DIFF_CONTEXT, 0, "");
	is("a\n b\n c\n", "a\n c\n b\n", DIFF_CONTEXT, 0, "");
}

static void below_the_lines_of_their_blocks(void **state)
{
	const char *after = "hostname R2\ninterface A\n ip address 2.2.2.2 255.0.0.0\n shutdown\n"
			    "archive\n log config\n  logging enable\n path x\ninterface B\n mtu 1400\nno ip routing\n";

	(void)state;
	is(before, after, DIFF_CONTEXT, 8,
	   "-hostname R1\ninterface A\n -ip address 1.1.1.1 255.0.0.0\n +ip address 2.2.2.2 255.0.0.0\n"
	   "archive\n log config\n  -hidekeys\n  +logging enable\n+hostname R2\n+interface B\n +mtu 1400\n");
	is(before, after, DIFF_COMMANDS, 8,
	   "no hostname R1\ninterface A\n no ip address 1.1.1.1 255.0.0.0\n ip address 2.2.2.2 255.0.0.0\n"
	   "archive\n log config\n  no hidekeys\n  logging enable\nhostname R2\ninterface B\n mtu 1400\n");
}

static void what_goes_takes_along_what_is_below_it(void **state)
{
	(void)state;
	is("a\n b\n  c\nno d\n", "", DIFF_CONTEXT, 4, "-a\n -b\n  -c\n-no d\n");
	is("a\n b\n  c\nno d\n", "", DIFF_COMMANDS, 4, "no a\nd\n");
}

static void the_same_line_twice(void **state)
{
	(void)state;
	is("a\na\n", "a\n", DIFF_CONTEXT, 1, "-a\n");
	is("a\n x\na\n y\n", "a\n x\na\n y\n", DIFF_CONTEXT, 0, "");
}

/* Sorting, not comparing each with each. */
static void many_lines(void **state)
{
	struct txt a = TXT_INIT, b = TXT_INIT, out = TXT_INIT;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		txt_printf(&a, "access-list 101 permit ip host 10.0.%u.%u any\n", i / 256, i % 256);
		if (i != 77777)
			txt_printf(&b, "access-list 101 permit ip host 10.0.%u.%u any\n", i / 256, i % 256);
	}
	assert_int_equal(config_diff(txt_cstr(&a), txt_cstr(&b), DIFF_COMMANDS, &out), 1);
	assert_string_equal(txt_cstr(&out), "no access-list 101 permit ip host 10.0.303.209 any\n");
	txt_fini(&a);
	txt_fini(&b);
	txt_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing),
		cmocka_unit_test(below_the_lines_of_their_blocks),
		cmocka_unit_test(what_goes_takes_along_what_is_below_it),
		cmocka_unit_test(the_same_line_twice),
		cmocka_unit_test(many_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
