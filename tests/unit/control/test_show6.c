/* SPDX-License-Identifier: Apache-2.0 */
/* What show commands print of IPv6, as captures of routers have it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "commands/load.h"
#include "control/show_parts.h"

static struct txt out;

static struct ipaddr addr(const char *s)
{
	struct ipaddr a = { 0 };

	assert_true(ipaddr_parse(s, &a));
	return a;
}

static struct config *config(const char *text)
{
	struct report report = { 0 };
	struct config *c = NULL;

	assert_int_equal(config_load_text(text, strlen(text), &c, &report), 0);
	report_fini(&report);
	return c;
}

static const char *said(void)
{
	assert_false(out.bad);
	return txt_cstr(&out);
}

static void sas_of_ipv6_stand_on_lines_of_their_own(void **state)
{
	struct config *c = config("");
	const struct ike_sa_info sas[] = {
		{ .local = addr("2001:db8::1"), .remote = addr("2001:db8::2"), .peer = addr("2001:db8::2"),
		  .initiator = true, .state = IKE_QM_IDLE, .conn_id = 1001 },
		{ .local = addr("192.0.2.1"), .remote = addr("192.0.2.2"), .state = IKE_QM_IDLE, .conn_id = 1002 },
		{ .local = addr("2001:db8::1"), .remote = addr("2001:db8::abcd:3"), .state = IKE_MM_NO_STATE,
		  .deleted = true, .conn_id = 1003 },
	};
	struct show_in in = { .config = c, .sas = sas, .n_sas = 3 };

	(void)state;
	txt_clear(&out);
	show_isakmp_sa(&in, SA_TABLE, &out);
	assert_string_equal(said(),
			    "IPv4 Crypto ISAKMP SA\n"
			    "dst             src             state          conn-id status\n"
			    "192.0.2.1       192.0.2.2       QM_IDLE           1002 ACTIVE\n"
			    "\n"
			    "IPv6 Crypto ISAKMP SA\n"
			    "\n"
			    " dst: 2001:DB8::2\n"
			    " src: 2001:DB8::1\n"
			    " state: QM_IDLE         conn-id:   1001 status: ACTIVE\n"
			    "\n"
			    " dst: 2001:DB8::1\n"
			    " src: 2001:DB8::ABCD:3\n"
			    " state: MM_NO_STATE     conn-id:   1003 status: ACTIVE (deleted)\n"
			    "\n");
	config_free(c);
}

/* Both from captures of IOS routers: GRE over IPv6 in transport mode, and a VTI. */
static void plaintext_mtu_is_what_devices_print(void **state)
{
	struct sa_spec s = { .proto = PROTO_ESP, .mode = MODE_TRANSPORT, .cipher = CIPHER_AES_CBC,
			     .cipher_bits = 256, .auth = AUTH_HMAC_SHA256_128, .dst = addr("2001:db8::2") };

	(void)state;
	assert_int_equal(show_plaintext_mtu(&s, 1500), 1446);
	s.mode = MODE_TUNNEL;
	s.auth = AUTH_HMAC_SHA1_96;
	assert_int_equal(show_plaintext_mtu(&s, 1500), 1422);
	/* AH is a multiple of eight bytes there: 12 and 16 are 32 */
	s = (struct sa_spec){ .proto = PROTO_AH, .mode = MODE_TUNNEL, .auth = AUTH_HMAC_SHA256_128,
			      .dst = addr("2001:db8::2") };
	assert_int_equal(show_plaintext_mtu(&s, 1500), 1500 - 40 - 32);
}

static void an_identity_of_ipv6_has_prefixes_and_two_lines_of_ends(void **state)
{
	struct config *c = config("");
	struct if_snapshot ifs = { .name = "FastEthernet0/1", .ifindex = 7, .mtu = 1500, .mtu6 = 1400 };
	struct p2_policy p = { .id = 1, .ifid = 7, .map = "CM6", .seq = 10, .local = addr("2001:db8::1"),
			       .n_peers = 1, .peers = { addr("2001:db8::2") } };
	struct show_in in = { .config = c, .ifs = &ifs, .n_ifs = 1, .p2 = &p, .n_p2 = 1 };
	struct ipsec_filter f = { .ifname = "", .map = "", .ipv6 = true };
	struct ipaddr a = addr("2001:db8:a::"), b = addr("2001:db8:b::5");

	(void)state;
	p.sel = (struct selector){ .local = addr_match_of(&a, 48), .remote = addr_match_of(&b, 128), .proto = 47 };
	txt_clear(&out);
	show_ipsec_sa(&in, &f, &out);
	assert_non_null(strstr(said(), "    Crypto map tag: CM6, local addr 2001:DB8::1\n"));
	assert_non_null(strstr(said(), "   local  ident (addr/mask/prot/port): (2001:DB8:A::/48/47/0)\n"
				       "   remote ident (addr/mask/prot/port): (2001:DB8:B::5/128/47/0)\n"
				       "   current_peer 2001:DB8::2 port 500\n"));
	assert_non_null(strstr(said(), "     local crypto endpt.: 2001:DB8::1,\n"
				       "     remote crypto endpt.: 2001:DB8::2\n"
				       "     plaintext mtu 1500, path mtu 1500, ipv6 mtu 1400, ipv6 mtu idb FastEthernet0/1\n"));
	p.local = addr("192.0.2.1");
	txt_clear(&out);
	show_ipsec_sa(&in, &f, &out);
	assert_string_equal(said(), "\nNo SAs found\n");
	config_free(c);
}

/* As a capture has it: two addresses do not fit into a line. */
static void a_session_of_ipv6_has_its_ends_on_two_lines(void **state)
{
	struct config *c = config("");
	struct if_snapshot ifs = { .name = "FastEthernet0/1", .ifindex = 7 };
	const struct ike_sa_info sa = { .local = addr("2001:db8::1"), .remote = addr("2001:db8::2"), .local_port = 500,
					.remote_port = 500, .peer = addr("2001:db8::2"), .state = IKE_QM_IDLE };
	struct p2_policy p = { .id = 1, .ifid = 7, .map = "CM6", .local = addr("2001:db8::1"), .n_peers = 1,
			       .peers = { addr("2001:db8::2") } };
	struct show_in in = { .config = c, .ifs = &ifs, .n_ifs = 1, .p2 = &p, .n_p2 = 1, .sas = &sa, .n_sas = 1 };
	struct session_filter f = { .ifname = "" };

	(void)state;
	txt_clear(&out);
	show_crypto_session(&in, &f, &out);
	assert_non_null(strstr(said(), "  Session ID: 0  \n"
				       "  IKEv1 SA: local 2001:DB8::1/500\n"
				       "          remote 2001:DB8::2/500 Active \n"));
	config_free(c);
}

static void interfaces_and_routes_are_laid_out_as_ios_does(void **state)
{
	struct config *c = config("ipv6 unicast-routing\ninterface FastEthernet0/1\n"
				  " ipv6 traffic-filter EDGE in\n ipv6 enable\ninterface Serial0/0\n shutdown\n");
	struct if_snapshot ifs[] = {
		{ .name = "FastEthernet0/1", .up = true, .line = true, .ipv6 = true, .mtu6 = 1500,
		  .link_local6 = addr("fe80::a8bb:ccff:fe00:100"), .n_addrs6 = 2 },
		{ .name = "Serial0/0" },
	};
	const struct show_route routes[] = {
		{ 'S', addr("::"), 0, addr("2001:db8::fe"), "", 1, 0, 0 },
		{ 'L', addr("2001:db8::1"), 128, { 0 }, "FastEthernet0/1", 0, 0, 0 },
		{ 'C', addr("2001:db8::"), 64, { 0 }, "FastEthernet0/1", 0, 0, 0 },
		{ 'S', addr("2001:db8:5::"), 48, addr("fe80::2"), "FastEthernet0/1", 200, 0, 0 },
		{ 'C', addr("192.0.2.0"), 24, { 0 }, "FastEthernet0/1", 0, 0, 0 },
	};
	struct show_in in = { .config = c, .ifs = ifs, .n_ifs = 2, .routes = routes, .n_routes = 5 };

	(void)state;
	ifs[0].addrs6[0].addr = addr("2001:db8::1");
	ifs[0].addrs6[0].prefix_len = 64;
	ifs[0].addrs6[1].addr = addr("2001:db8:1::a8bb:ccff:fe00:100");
	ifs[0].addrs6[1].prefix_len = 64;
	ifs[0].addrs6[1].eui64 = true;
	txt_clear(&out);
	show_ipv6_interface_brief(&in, "", &out);
	assert_string_equal(said(), "FastEthernet0/1        [up/up]\n    FE80::A8BB:CCFF:FE00:100\n"
				    "    2001:DB8::1\n    2001:DB8:1:0:A8BB:CCFF:FE00:100\n"
				    "Serial0/0              [administratively down/down]\n    unassigned\n");
	txt_clear(&out);
	show_ipv6_interface(&in, "", &out);
	assert_string_equal(said(),
			    "FastEthernet0/1 is up, line protocol is up\n"
			    "  IPv6 is enabled, link-local address is FE80::A8BB:CCFF:FE00:100 \n"
			    "  No Virtual link-local address(es):\n"
			    "  Global unicast address(es):\n"
			    "    2001:DB8::1, subnet is 2001:DB8::/64 \n"
			    "    2001:DB8:1:0:A8BB:CCFF:FE00:100, subnet is 2001:DB8:1::/64 [EUI]\n"
			    "  Joined group address(es):\n"
			    "    FF02::1\n"
			    "    FF02::2\n"
			    "    FF02::1:FF00:100\n"
			    "    FF02::1:FF00:1\n"
			    "  MTU is 1500 bytes\n"
			    "  Inbound access list EDGE\n");
	txt_clear(&out);
	show_ipv6_route(&in, &(struct exec_args){ 0 }, &out);
	assert_non_null(strstr(said(), "IPv6 Routing Table - default - 5 entries\nCodes: C - Connected, L - Local"));
	assert_non_null(strstr(said(), "S   ::/0 [1/0]\n     via 2001:DB8::FE\n"
				       "C   2001:DB8::/64 [0/0]\n     via FastEthernet0/1, directly connected\n"
				       "L   2001:DB8::1/128 [0/0]\n     via FastEthernet0/1, receive\n"
				       "S   2001:DB8:5::/48 [200/0]\n     via FE80::2, FastEthernet0/1\n"
				       "L   FF00::/8 [0/0]\n     via Null0, receive\n"));
	config_free(c);
}

static void lists_and_maps_name_their_family(void **state)
{
	struct config *c = config(
		"crypto map ipv6 CM6 10 ipsec-isakmp\n set peer 2001:db8::2\n match address V6\n"
		"interface FastEthernet0/1\n ipv6 crypto map CM6\n"
		"access-list 10 permit any\n"
		"ipv6 access-list V6\n remark x\n permit ipv6 2001:db8:a::/64 any\n deny icmp any any nd-ns\n");
	const struct show_match matches[] = { { "V6", 10, 3 } };
	struct show_in in = { .config = c, .matches = matches, .n_matches = 1 };

	(void)state;
	txt_clear(&out);
	show_ipv6_access_list(&in, "", &out);
	assert_string_equal(said(), "IPv6 access list V6\n"
				    "    permit ipv6 2001:DB8:A::/64 any (3 matches) sequence 10\n"
				    "    deny icmp any any nd-ns sequence 20\n");
	txt_clear(&out);
	show_access_lists(&in, "", false, &out);
	assert_null(strstr(said(), "V6"));
	txt_clear(&out);
	show_crypto_map(&in, "FastEthernet0/1", "", &out);
	assert_non_null(strstr(said(), "Crypto Map IPv6 \"CM6\" 10 ipsec-isakmp\n\tPeer = 2001:DB8::2\n"
				       "\tIPv6 access list V6\n"
				       "\t    permit ipv6 2001:DB8:A::/64 any sequence 10\n"));
	assert_non_null(strstr(said(), "\tInterfaces using crypto map CM6:\n\t\tFastEthernet0/1\n"));
	config_free(c);
}

static int fini(void **state)
{
	(void)state;
	txt_fini(&out);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sas_of_ipv6_stand_on_lines_of_their_own),
		cmocka_unit_test(plaintext_mtu_is_what_devices_print),
		cmocka_unit_test(an_identity_of_ipv6_has_prefixes_and_two_lines_of_ends),
		cmocka_unit_test(a_session_of_ipv6_has_its_ends_on_two_lines),
		cmocka_unit_test(interfaces_and_routes_are_laid_out_as_ios_does),
		cmocka_unit_test(lists_and_maps_name_their_family),
	};

	return cmocka_run_group_tests(tests, NULL, fini);
}
