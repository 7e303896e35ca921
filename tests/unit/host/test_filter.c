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
	filter_ruleset(&f, 1, IP_V4, FILTER_FULL, NULL, 0, &t);
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
	filter_ruleset(&f, 1, IP_V4, FILTER_ONTO, old, 4, &t);
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
	filter_ruleset(&f, 1, IP_V4, FILTER_NO_LOG, old, 4, &t);
	assert_non_null(strstr(txt_cstr(&t), "counter l_A_20 { packets 5 bytes 0 }"));
	assert_null(strstr(txt_cstr(&t), " log "));
	/* the flags of TCP are in the first fragment, or it goes nowhere */
	assert_non_null(strstr(txt_cstr(&t), "chain acl_A {\n\t\tip protocol 6 ip frag-off & 0x1fff == 1 drop\n"));
	txt_clear(&t);
	filter_ruleset(&f, 1, IP_V4, FILTER_CLOSED, old, 4, &t);
	assert_non_null(strstr(txt_cstr(&t), "chain acl_A {\n\t\tdrop\n\t}\n"));
	txt_fini(&t);
	config_free(c);
}

/* Only what brings a protected tunnel's packets, in pieces, from its one end to the other. */
static void fragments_of_a_tunnel_are_not_what_its_list_is_about(void **state)
{
	struct config *c = config_new();
	struct filter_if f = { .device = "Tunnel0", .in = list(c, "A", 1),
			       .carrier = { .local.addr = ipaddr_v4(0xc0000201),
					    .remote.addr = ipaddr_v4(0xc0000202), .proto = 47 } };
	struct txt t = TXT_INIT;

	(void)state;
	filter_ruleset(&f, 1, IP_V4, FILTER_FULL, NULL, 0, &t);
	assert_non_null(strstr(txt_cstr(&t), "\t\tiifname \"Tunnel0\" ip frag-off & 0x3fff != 0 ip protocol 47 "
					     "ip saddr 192.0.2.2/32 ip daddr 192.0.2.1/32 accept\n"
					     "\t\tiifname \"Tunnel0\" goto acl_A\n"));
	txt_clear(&t);
	/* over IPv6 a later one may hide its protocol behind destination options */
	struct filter_if six = { .device = "Tunnel0", .in6 = list(c, "A6", 1), .carrier = { .proto = 47 } };
	six.carrier.local.addr = (struct ipaddr){ .family = IP_V6, .b = { 0x20, 1, [15] = 1 } };
	six.carrier.remote.addr = (struct ipaddr){ .family = IP_V6, .b = { 0x20, 1, [15] = 2 } };
	filter_ruleset(&six, 1, IP_V6, FILTER_FULL, NULL, 0, &t);
	assert_non_null(strstr(txt_cstr(&t),
			       "\t\tiifname \"Tunnel0\" exthdr frag exists meta l4proto 47 "
			       "ip6 saddr 2001::2/128 ip6 daddr 2001::1/128 accept\n"
			       "\t\tiifname \"Tunnel0\" frag nexthdr 60 frag frag-off != 0 "
			       "ip6 saddr 2001::2/128 ip6 daddr 2001::1/128 accept\n"
			       "\t\tiifname \"Tunnel0\" goto acl_A6\n"));
	txt_clear(&t);
	f.out = f.in;
	f.in = NULL;
	filter_ruleset(&f, 1, IP_V4, FILTER_FULL, NULL, 0, &t);
	assert_null(strstr(txt_cstr(&t), "0x3fff"));
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

/* ---- IPv6 ---- */

static struct cfg_acl *list6(struct config *c, const char *name)
{
	struct cfg_acl *acl = config_add_acl(c, name, ACL_EXTENDED, false);
	struct addr_match any = { .addr = { .family = IP_V6 } }, host = { .addr = { IP_V6, { 0x20, 1, [15] = 9 } } };

	memset(any.wild, 0xff, sizeof(any.wild));
	const struct acl_entry lines[] = {
		{ .seq = 10, .kind = ACE_PERMIT, .proto = 6, .src = any, .dst = host,
		  .dst_port = { PORT_EQ, 1, { 22 } }, .log = 1 },
		{ .seq = 20, .kind = ACE_DENY, .proto = 51, .src = any, .dst = any },
		{ .seq = 30, .kind = ACE_PERMIT, .proto = 58, .src = host, .dst = any, .icmp_type = 129, .dscp = 47 },
		{ .seq = 40, .kind = ACE_DENY, .src = any, .dst = any, .fragments = true },
		{ .seq = 50, .kind = ACE_PERMIT, .src = addr_match_v4(1, 0), .dst = addr_match_v4(0, UINT32_MAX) },
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_non_null(cfg_acl_add(acl, &lines[i]));
	return acl;
}

static void a_list_of_ipv6_is_said_in_its_own_words(void **state)
{
	struct config *c = config_new();
	struct filter_if f = { .device = "eth0", .in6 = list6(c, "SIX") };
	struct txt t = TXT_INIT;

	(void)state;
	filter_ruleset(&f, 1, IP_V6, FILTER_NO_LOG, NULL, 0, &t);
	assert_non_null(strstr(
		txt_cstr(&t),
		"\tchain acl_SIX {\n"
		"\t\tfrag frag-off 1 meta l4proto 6 drop\n"
		"\t\tmeta l4proto 6 ip6 daddr 2001::9/128 th dport { 22 } counter name l_SIX_10 accept\n"
		"\t\tfrag frag-off != 0 meta l4proto 6 ip6 daddr 2001::9/128 counter name l_SIX_10 accept\n"
		"\t\tip6 nexthdr 51 counter name l_SIX_20 drop\n"
		"\t\thbh nexthdr 51 counter name l_SIX_20 drop\n"
		"\t\trt nexthdr 51 counter name l_SIX_20 drop\n"
		"\t\tdst nexthdr 51 counter name l_SIX_20 drop\n"
		"\t\tfrag nexthdr 51 counter name l_SIX_20 drop\n"
		"\t\tmeta l4proto 58 ip6 saddr 2001::9/128 ip6 dscp 46 icmpv6 type 128 counter name l_SIX_30 accept\n"
		"\t\tfrag frag-off != 0 meta l4proto 58 ip6 saddr 2001::9/128 ip6 dscp 46 counter name l_SIX_30 accept\n"
		"\t\tfrag frag-off != 0 counter name l_SIX_40 drop\n"
		"\t\ticmpv6 type { 135, 136 } accept\n"
		"\t\tdrop\n\t}\n"));
	assert_non_null(strstr(txt_cstr(&t), "iifname \"eth0\" goto acl_SIX\n"));
	/* neighbours are found even where nothing else passes */
	txt_clear(&t);
	filter_ruleset(&f, 1, IP_V6, FILTER_CLOSED, NULL, 0, &t);
	assert_non_null(strstr(txt_cstr(&t),
			       "\tchain acl_SIX {\n\t\ticmpv6 type { 135, 136 } accept\n\t\tdrop\n\t}\n"));
	/* of IPv4 it says nothing; and without it IPv6's table goes */
	txt_clear(&t);
	filter_ruleset(&f, 1, IP_V4, FILTER_FULL, NULL, 0, &t);
	assert_null(strstr(txt_cstr(&t), "SIX"));
	f.in6 = NULL;
	txt_clear(&t);
	filter_ruleset(&f, 1, IP_V6, FILTER_FULL, NULL, 0, &t);
	assert_string_equal(txt_cstr(&t), "table ip6 culvert_acl {}\ndelete table ip6 culvert_acl\n");
	txt_fini(&t);
	config_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_words_of_nft_and_never_the_same),
		cmocka_unit_test(what_a_user_named_it_gets_nowhere_as_it_is),
		cmocka_unit_test(a_counter_belongs_to_one_list),
		cmocka_unit_test(fragments_of_a_tunnel_are_not_what_its_list_is_about),
		cmocka_unit_test(onto_a_table_only_what_is_no_more_goes),
		cmocka_unit_test(a_list_of_ipv6_is_said_in_its_own_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
