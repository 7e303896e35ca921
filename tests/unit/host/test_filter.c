/* SPDX-License-Identifier: Apache-2.0 */
/* Access lists as text for nft. What the kernel makes of it is for test_access_list.py; here is
 * what must never get into the text, and what must stay when it is loaded onto a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "host/filter.h"

static struct cfg_acl *list(struct config *c, const char *name, unsigned lines)
{
	struct cfg_acl *acl = config_add_acl(c, name, ACL_EXTENDED, false);

	for (unsigned i = 1; i <= lines; i++) {
		struct acl_entry e = { .seq = 10 * i, .kind = ACE_PERMIT, .proto = 6, .log = i == 2,
				       .src = addr_match_v4(i, 0), .dst = addr_match_v4(0, UINT32_MAX) };

		assert_non_null(cfg_acl_add(acl, &e));
	}
	return acl;
}

static void names_are_words_of_nft_and_never_the_same(void **state)
{
	static const char *const names[] = {
		"101", "EDGE-IN", "EDGE_IN", "EDGE_2dIN", "a\" }; flush ruleset; {", "A", "a", "_A", "$x", "#",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"---------------------------------------------------------------",
		"--------------------------------------------------------------_",
	};
	char v[sizeof(names) / sizeof(names[0])][FILTER_IDENT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		filter_ident(names[i], v[i]);
		assert_int_equal(strspn(v[i], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"),
				 strlen(v[i]));
		assert_true(strlen(v[i]) < 104); /* with "p 4294967295 " it fits nflog's 127 */
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(v[i], v[k]);
	}
	assert_string_equal(v[1], "EDGE_2dIN");
}

static void what_a_user_named_it_gets_nowhere_as_it_is(void **state)
{
	struct config *c = config_new();
	struct filter_if f = { .device = "a\" accept;", .ifindex = 7, .in = list(c, "x\" }", 2) };
	struct txt t = TXT_INIT;

	(void)state;
	filter_ruleset(&f, 1, FILTER_FULL, NULL, 0, &t);
	assert_null(strstr(txt_cstr(&t), "x\""));
	assert_null(strstr(txt_cstr(&t), "accept;"));
	assert_non_null(strstr(txt_cstr(&t), "iif 7 goto acl_x_22_20_7d"));
	txt_fini(&t);
	config_free(c);
}

/* Old: lines 10 and 20 of A, 10 of B and of A-1. New: line 20 and 30 of A. */
static void onto_a_table_only_what_is_no_more_goes(void **state)
{
	struct config *c = config_new();
	struct cfg_acl *a = list(c, "A", 3);
	struct filter_if f = { .device = "eth0", .out = a };
	struct filter_count old[] = { { .name = "l_A_10" }, { .name = "l_A_20", .packets = 5 },
				      { .name = "l_A_2d1_10" }, { .name = "l_B_10" } };
	struct txt t = TXT_INIT;
	const char *s;

	(void)state;
	cfg_acl_del(a, cfg_acl_find(a, 10));
	filter_ruleset(&f, 1, FILTER_ONTO, old, 4, &t);
	s = txt_cstr(&t);
	assert_non_null(strstr(s, "flush table ip culvert_acl\n"));
	assert_null(strstr(s, "delete table"));
	assert_non_null(strstr(s, "delete counter ip culvert_acl l_A_10\n"));
	assert_non_null(strstr(s, "delete chain ip culvert_acl acl_B\n"));
	assert_non_null(strstr(s, "delete chain ip culvert_acl acl_A_2d1\n"));
	assert_null(strstr(s, "delete chain ip culvert_acl acl_A\n"));
	assert_null(strstr(s, "counter l_A_20 {")); /* it goes on counting */
	assert_non_null(strstr(s, "counter l_A_30 { packets 0 bytes 0 }"));
	txt_clear(&t);
	filter_ruleset(&f, 1, FILTER_NO_LOG, old, 4, &t);
	assert_non_null(strstr(txt_cstr(&t), "counter l_A_20 { packets 5 bytes 0 }"));
	assert_null(strstr(txt_cstr(&t), " log "));
	/* the flags of TCP are in the first fragment, or it goes nowhere */
	assert_non_null(strstr(txt_cstr(&t), "chain acl_A {\n\t\tip protocol 6 ip frag-off & 0x1fff == 1 drop\n"));
	txt_clear(&t);
	filter_ruleset(&f, 1, FILTER_CLOSED, old, 4, &t);
	assert_non_null(strstr(txt_cstr(&t), "chain acl_A {\n\t\tdrop\n\t}\n"));
	txt_fini(&t);
	config_free(c);
}

/* `clear access-list counters LAN` leaves those of LAN-2 alone. */
static void a_counter_belongs_to_one_list(void **state)
{
	static const char *const names[] = { "LAN", "LAN-2", "LAN_2", "LAN_", "_", "1", "1_1", "10" };
	const size_t n = sizeof(names) / sizeof(names[0]);
	char counter[256];

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++) {
			filter_counter(names[i], 10, counter);
			assert_int_equal(filter_counter_is_of(counter, names[k]), i == k);
		}
	assert_false(filter_counter_is_of("theirs", "LAN"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_words_of_nft_and_never_the_same),
		cmocka_unit_test(what_a_user_named_it_gets_nowhere_as_it_is),
		cmocka_unit_test(a_counter_belongs_to_one_list),
		cmocka_unit_test(onto_a_table_only_what_is_no_more_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
