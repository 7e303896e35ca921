/* SPDX-License-Identifier: Apache-2.0 */
/* IPv6 as lines: what is typed in small letters comes back as IOS spells it, in IOS's order. */
#include "helper.h"

/* As IOS prints it, with its own spelling and order. */
static const char printed[] =
	"hostname R1\n"
	"!\n"
	"ipv6 unicast-routing\n"
	"ipv6 cef\n"
	"!\n"
	"crypto keyring KR \n"
	" pre-shared-key address ipv6 2001:DB8:9::/48 key another-long-secret-0\n"
	"!\n"
	"crypto isakmp policy 10\n"
	" encr aes\n"
	" authentication pre-share\n"
	" group 14\n"
	"crypto isakmp key a-long-random-secret-1 address ipv6 2001:DB8::2/128\n"
	"crypto isakmp key a-long-random-secret-2 address ipv6 ::/0 no-xauth\n"
	"crypto isakmp key a-long-random-secret-3 address 192.0.2.1\n"
	"!\n"
	"crypto isakmp peer address ipv6 2001:DB8::77\n"
	"!\n"
	"crypto isakmp profile P\n"
	" keyring KR\n"
	" self-identity address ipv6\n"
	" match identity address ipv6 2001:DB8::/32\n"
	"!\n"
	"crypto ipsec transform-set TS esp-aes esp-sha-hmac \n"
	" mode tunnel\n"
	"!\n"
	"crypto ipsec profile IP\n"
	" set transform-set TS\n"
	"!\n"
	"crypto map ipv6 CM6 local-address Loopback0\n"
	"crypto map CM 10 ipsec-isakmp \n"
	" set peer 192.0.2.1\n"
	" set transform-set TS\n"
	" match address 101\n"
	"!\n"
	"crypto map ipv6 CM6 10 ipsec-isakmp \n"
	" set peer 2001:DB8::2\n"
	" set peer 2001:DB8::3\n"
	" set transform-set TS\n"
	" match address V6\n"
	"!\n"
	"interface Loopback0\n"
	" ipv6 address 2001:DB8::1/128\n"
	"!\n"
	"interface Tunnel0\n"
	" ipv6 address FE80::1 link-local\n"
	" ipv6 address 2001:DB8:FFFF::1/64\n"
	" tunnel source 2001:DB8::1\n"
	" tunnel mode gre ipv6\n"
	" tunnel destination 2001:DB8::2\n"
	" tunnel protection ipsec profile IP\n"
	"!\n"
	"interface Tunnel1\n"
	" ipv6 unnumbered Loopback0\n"
	" tunnel source Loopback0\n"
	" tunnel mode ipsec ipv6 v4-overlay\n"
	"!\n"
	"interface Tunnel2\n"
	" tunnel mode ipsec ipv4 v6-overlay\n"
	"!\n"
	"interface Tunnel3\n"
	" tunnel mode ipsec ipv6\n"
	"!\n"
	"interface Tunnel4\n"
	" tunnel mode ipv6\n"
	"!\n"
	"interface Tunnel5\n"
	" tunnel mode ipv6ip\n"
	"!\n"
	"interface FastEthernet0/0\n"
	" ip address 10.0.0.1 255.255.255.0\n"
	" ipv6 address FE80::9 link-local\n"
	" ipv6 address 2001:DB8:0:1::1/64\n"
	" ipv6 address 2001:DB8:1::/64 eui-64\n"
	" ipv6 address 2001:DB8:2::1/64 anycast\n"
	" ipv6 enable\n"
	" ipv6 mtu 1400\n"
	" ipv6 tcp adjust-mss 1220\n"
	" ipv6 traffic-filter FIN in\n"
	" ipv6 traffic-filter FOUT out\n"
	" ipv6 crypto map CM6\n"
	" crypto map CM\n"
	" ipv6 nd ra suppress\n"
	"!\n"
	"ip route 0.0.0.0 0.0.0.0 10.0.0.2\n"
	"!\n"
	"access-list 101 permit ip any any\n"
	"!\n"
	"ipv6 route ::/0 2001:DB8::FE\n"
	"ipv6 route 2001:DB8:5::/48 FastEthernet0/0 FE80::2 200\n"
	"ipv6 route 2001:DB8:6::/48 Tunnel0 tag 5\n"
	"!\n"
	"ipv6 access-list V6\n"
	" permit ipv6 2001:DB8:A::/64 2001:DB8:B::/64\n"
	" remark this is\n"
	" deny tcp any eq www host 2001:DB8::5 range 10 18 ack log\n"
	" permit icmp any any nd-ns\n"
	" permit icmp any any 200 7\n"
	" permit sctp any any\n"
	" sequence 100 permit udp any any eq isakmp\n"
	" permit ipv6 any 2001:DB8::/32 dscp ef\n"
	"!\n"
	"ipv6 access-list FIN\n"
	" permit ipv6 any any log-input\n"
	"!\n"
	"end\n";

/* Every line of text typed, all of them taken. */
static void paste(struct router *r, const char *text)
{
	char *copy = strdup(text), *save;

	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *said = type(r, line);

		if (r->last.status != CLI_OK || r->last.kept)
			fail_msg("%s: %s", line, said);
	}
	free(copy);
}

static void assert_same_text(const char *is, const char *want)
{
	size_t n = 0, line = 1;

	while (is[n] && is[n] == want[n])
		line += is[n++] == '\n';
	if (is[n] || want[n])
		fail_msg("line %zu: '%.60s' and not '%.60s' in\n%s", line, is + n, want + n, is);
}

static void an_ipv6_configuration_comes_back_byte_for_byte(void **state)
{
	struct report report = { 0 };
	struct router r;

	(void)state;
	struct config *c = load(printed, &report);
	router_up(&r, M_CONFIG);
	config_free(r.c);
	r.c = c;
	assert_same_text(running(&r), printed);
	struct config *copy = config_clone(c);
	assert_true(config_equal(c, copy));
	config_free(copy);
	report_fini(&report);
	router_down(&r);
}

static void what_is_typed_otherwise_is_printed_as_ios_does(void **state)
{
	static const struct {
		const char *typed, *printed;
	} rows[] = {
		{ "interface Fa0/0\nipv6 address 2001:0db8:0::1/64", " ipv6 address 2001:DB8::1/64\n" },
		{ "interface Fa0/0\nipv6 address 2001:db8::5:0:0:1/64 eui-64",
		  " ipv6 address 2001:DB8::/64 eui-64\n" },
		/* a link-local address replaces the other, and is the first */
		{ "interface Fa0/0\nipv6 address 2001:db8::1/64\nipv6 address fe80::1 link-local\n"
		  "ipv6 address fe80::2 link-local",
		  "0\n ipv6 address FE80::2 link-local\n ipv6 address 2001:DB8::1/64\n!" },
		{ "interface Fa0/0\nipv6 address 2001:db8::1/64\nno ipv6 address 2001:DB8::1/64\nipv6 enable",
		  " ipv6 enable\n" },
		{ "interface Fa0/0\nipv6 address 2001:db8::1/64\nipv6 address 2001:db8:1::1/64\nno ipv6 address\n"
		  "ipv6 mtu 1300", " ipv6 mtu 1300\n" },
		{ "ipv6 route 2001:db8::5/48 2001:db8:1::1 1", "ipv6 route 2001:DB8::/48 2001:DB8:1::1\n" },
		{ "ipv6 route ::/0 tu0\nipv6 route ::/0 2001:db8::1\nno ipv6 route ::/0 Tunnel0",
		  "!\nipv6 route ::/0 2001:DB8::1\n" },
		{ "crypto isakmp key abcdefghijklmnop12 address ipv6 2001:db8::1",
		  "crypto isakmp key abcdefghijklmnop12 address ipv6 2001:DB8::1/128\n" },
		{ "ipv6 access-list A\npermit any host 2001:db8::1", " permit ipv6 any host 2001:DB8::1\n" },
		{ "ipv6 access-list A\npermit ipv6 ::/0 2001:db8::1/128 sequence 30",
		  " sequence 30 permit ipv6 any host 2001:DB8::1\n" },
		{ "ipv6 access-list A\npermit 2001:db8::1/64 any\npermit ipv6 any any\nno sequence 10",
		  "A\n sequence 20 permit ipv6 any any\n!" },
		{ "ipv6 access-list A\npermit icmp any any 136", " permit icmp any any nd-na\n" },
		{ "ipv6 access-list A\npermit tcp any any range 33 32 established",
		  " permit tcp any any range 32 33 established\n" },
		{ "interface Tunnel0\ntunnel mode ipsec ipv6\nno tunnel mode", "Tunnel0\n!" },
		{ "interface Tunnel0\ntunnel source 2001:db8::1\ntunnel source 192.0.2.1",
		  "\n tunnel source 192.0.2.1\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct router r;

		router_up(&r, M_CONFIG);
		paste(&r, rows[i].typed);
		if (!strstr(running(&r), rows[i].printed))
			fail_msg("%s\n-- gives\n%s", rows[i].typed, running(&r));
		assert_round_trip(r.c);
		router_down(&r);
	}
}

static void what_ios_refuses_is_refused(void **state)
{
	static const struct {
		const char *before, *typed, *said;
	} rows[] = {
		{ "interface Fa0/0", "ipv6 address 2001:db8::1", "% Incomplete command.\n" },
		{ "interface Fa0/0", "ipv6 address 2001:db8::1/129", "^" },
		{ "interface Fa0/0", "ipv6 address 2001:db8::1::/64", "^" },
		{ "interface Fa0/0", "ipv6 address ff02::1/64", "is invalid" },
		{ "interface Fa0/0", "ipv6 address fe80::1/64", "is invalid" },
		{ "interface Fa0/0", "ipv6 address 2001:db8::1 link-local", "% Invalid link-local address\n" },
		{ "interface Fa0/0", "ipv6 address 2001:db8::/80 eui-64", "no room" },
		{ "interface Fa0/0", "ipv6 mtu 1279", "^" },
		{ "hostname R1", "ipv6 route ::/0 fe80::1", "% Interface has to be specified for a link-local nexthop\n" },
		{ "hostname R1", "ipv6 route 2001:db8::1 2001:db8::2", "^" },
		{ "access-list 101 permit ip any any", "ipv6 access-list 101", "% Invalid access list name.\n" },
		{ "ip access-list extended L", "ipv6 access-list L", "% An IPv4 access list" },
		{ "ipv6 access-list L", "ip access-list extended L", "% An IPv6 access list" },
		{ "crypto map ipv6 M 10 ipsec-isakmp", "set peer 192.0.2.1", "% The peer of an IPv6 crypto map" },
		{ "crypto map M 10 ipsec-isakmp", "set peer 2001:db8::1", "% The peer of an IPv4 crypto map" },
		{ "crypto map ipv6 M 10 ipsec-isakmp", "crypto map M 20 ipsec-isakmp", "is an IPv6 crypto map" },
		{ "crypto map M 10 ipsec-isakmp", "no crypto map ipv6 M", "is an IPv4 crypto map" },
		{ "ipv6 access-list L", "permit ipv6 any any flow-label 5", "does not match" },
		{ "ipv6 access-list L", "permit ipv6 any 192.0.2.1 0.0.0.0", "^" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct router r;

		router_up(&r, M_CONFIG);
		type(&r, rows[i].before);
		const char *said = type(&r, rows[i].typed);
		if (r.last.status != CLI_ERROR || !strstr(said, rows[i].said))
			fail_msg("%s: '%s' and not '%s'", rows[i].typed, said, rows[i].said);
		router_down(&r);
	}
}

static void a_map_in_use_by_either_family_stays(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	paste(&r, "crypto map ipv6 M 10 ipsec-isakmp\ninterface Fa0/0\nipv6 crypto map M\nexit");
	assert_non_null(strstr(type(&r, "no crypto map ipv6 M"), "is in use by interface(s): FastEthernet0/0"));
	paste(&r, "interface Fa0/0\nno ipv6 crypto map\nexit\nno crypto map ipv6 M");
	assert_int_equal(r.c->maps.n, 0);
	router_down(&r);
}

static void help_lists_what_ios_lists(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	assert_non_null(strstr(help(&r, "ipv6 "), "  unicast-routing  "));
	assert_non_null(strstr(help(&r, "ipv6 route "), "  X:X:X:X::X/<0-128>  IPv6 prefix\n"));
	type(&r, "ipv6 access-list L");
	assert_string_equal(prompt(&r), "R1(config-ipv6-acl)#");
	const char *text = help(&r, "permit tcp ");
	assert_non_null(strstr(text, "  X:X:X:X::X/<0-128>  IPv6 source prefix x:x::y/<z>\n"));
	assert_non_null(strstr(text, "  any                 Any source prefix\n"));
	assert_non_null(strstr(text, "  host                A single source host\n"));
	type(&r, "interface Fa0/0");
	text = help(&r, "ipv6 address 2001:db8::1/64 ");
	assert_non_null(strstr(text, "  eui-64   Use eui-64 interface identifier\n"));
	router_down(&r);
}

/* What is printed in places of its own is kept in that order, however it was typed. */
static void what_was_typed_in_another_order_is_the_same(void **state)
{
	struct report report = { 0 };
	struct config *c = load("ipv6 route ::/0 Tunnel0 FE80::1 200 tag 5\nip route 0.0.0.0 0.0.0.0 Tunnel0 250\n"
				"ipv6 access-list A6\n permit ipv6 any any\nip access-list extended A4\n permit ip any any\n"
				"ip access-list standard S4\n permit any\ncrypto map ipv6 M 10 ipsec-isakmp\n"
				"crypto map A 10 ipsec-isakmp\ncrypto isakmp key a address ipv6 2001:DB8::/64\n"
				"crypto isakmp key b address 192.0.2.1\n",
				&report);

	(void)state;
	assert_round_trip(c);
	config_free(c);
	report_fini(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_typed_in_another_order_is_the_same),
		cmocka_unit_test(an_ipv6_configuration_comes_back_byte_for_byte),
		cmocka_unit_test(what_is_typed_otherwise_is_printed_as_ios_does),
		cmocka_unit_test(what_ios_refuses_is_refused),
		cmocka_unit_test(a_map_in_use_by_either_family_stays),
		cmocka_unit_test(help_lists_what_ios_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
