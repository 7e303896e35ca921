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

#define LIST "ip access-list extended A\n"

static void the_order_of_an_access_list(void **state)
{
	(void)state;
	is(LIST " a\n b\n c\n", LIST " a\n b\n c\n", DIFF_CONTEXT, 0, "");
	is(LIST " permit x\n deny y\n", LIST " deny y\n permit x\n", DIFF_CONTEXT, 2, LIST " -deny y\n +deny y\n");
	is(LIST " a\n b\n c\n", LIST " a\n x\n b\n c\n", DIFF_CONTEXT, 1, LIST " +x\n");
	/* what is typed comes behind what is there */
	is(LIST " a\n b\n c\n", LIST " a\n x\n b\n c\n", DIFF_COMMANDS, 5, LIST " no b\n no c\n x\n b\n c\n");
	is(LIST " a\n b\n c\n", LIST " b\n c\n a\n", DIFF_COMMANDS, 2, LIST " no a\n a\n");
	is(LIST " a\n b\n c\n", LIST " c\n a\n b\n", DIFF_COMMANDS, 4, LIST " no a\n no b\n a\n b\n");
	is("ipv6 access-list S\n a\n b\n", "ipv6 access-list S\n b\n a\n", DIFF_COMMANDS, 2, "ipv6 access-list S\n no a\n a\n");
	is("crypto map M 1\n set peer 1\n set peer 2\n match x\n", "crypto map M 1\n match x\n set peer 2\n set peer 1\n",
	   DIFF_COMMANDS, 2, "crypto map M 1\n no set peer 1\n set peer 1\n");
}

/* `no access-list 1 permit a` takes all of list 1. */
static void a_list_with_a_number_is_typed_whole(void **state)
{
	static const char one[] = "access-list 1 a\naccess-list 1 b\naccess-list 10 a\naccess-list 10 c\n";

	(void)state;
	is(one, one, DIFF_COMMANDS, 0, "");
	is(one, "access-list 10 a\naccess-list 10 c\naccess-list 1 a\naccess-list 1 b\n", DIFF_COMMANDS, 0, "");
	is(one, "access-list 1 a\naccess-list 1 b\naccess-list 10 a\n", DIFF_CONTEXT, 1, "-access-list 10 c\n");
	is(one, "access-list 1 a\naccess-list 1 b\naccess-list 10 a\n", DIFF_COMMANDS, 3,
	   "no access-list 10\naccess-list 10 a\n");
	is(one, "access-list 1 a\naccess-list 1 b\naccess-list 1 d\naccess-list 10 a\naccess-list 10 c\n", DIFF_COMMANDS, 5,
	   "no access-list 1\naccess-list 1 a\naccess-list 1 b\naccess-list 1 d\n");
	is(one, "access-list 1 b\naccess-list 1 a\naccess-list 10 a\naccess-list 10 c\n", DIFF_CONTEXT, 2,
	   "-access-list 1 b\n+access-list 1 b\n");
	is(one, "access-list 10 a\naccess-list 10 c\n", DIFF_COMMANDS, 2, "no access-list 1\n");
	is("", one, DIFF_COMMANDS, 4, one);
}

/* Sorting, not comparing each with each. */
static void many_lines(void **state)
{
	struct txt a = TXT_INIT, b = TXT_INIT, out = TXT_INIT;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		txt_printf(&a, "ip route 10.0.%u.%u 255.255.255.255 Null0\n", i / 256, i % 256);
		if (i != 77777)
			txt_printf(&b, "ip route 10.0.%u.%u 255.255.255.255 Null0\n", i / 256, i % 256);
	}
	assert_int_equal(config_diff(txt_cstr(&a), txt_cstr(&b), DIFF_COMMANDS, &out), 1);
	assert_string_equal(txt_cstr(&out), "no ip route 10.0.303.209 255.255.255.255 Null0\n");
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
		cmocka_unit_test(the_order_of_an_access_list),
		cmocka_unit_test(a_list_with_a_number_is_typed_whole),
		cmocka_unit_test(many_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
