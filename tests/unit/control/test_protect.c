/* SPDX-License-Identifier: Apache-2.0 */
/* Tunnel protection compiled: what is protected by what, and how it is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/load.h"
#include "control/compile.h"
#include "control/show_parts.h"

#define A(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))
#define US   A(192, 0, 2, 1)
#define PEER A(192, 0, 2, 2)

#define PROFILE                                                                             \
	"crypto isakmp key 0123456789abcdef address 192.0.2.2\n"                            \
	"crypto ipsec transform-set TS esp-aes esp-sha-hmac\n mode transport\n"             \
	"crypto ipsec profile P\n set transform-set TS\n set pfs group14\n responder-only\n" \
	" set security-association lifetime seconds 1800\n"
#define WAN "interface FastEthernet0/1\n ip address 192.0.2.1 255.255.255.0\n"
#define TUNNEL(n, more)                                                         \
	"interface Tunnel" n "\n tunnel source FastEthernet0/1\n"               \
	" tunnel destination 192.0.2.2\n" more "\n"
#define PROTECTED " tunnel protection ipsec profile P"

struct fix {
	struct config *c;
	struct policy_ids ids;
	struct compiled out;
	uint8_t df[3]; /* as bound: the wire's and the tunnels' */
	bool after[3];
};

/* tuns: the TUNs are there. */
static void again(struct fix *f, bool tuns)
{
	struct bound_if ifs[] = {
		{ .name = "FastEthernet0/1", .device = "wan", .ifindex = 7, .addr = ipaddr_v4(US), .mtu = 1500 },
		{ .name = "Tunnel0", .mtu = 1400, .egress_ifindex = 7 },
		{ .name = "Tunnel1", .mtu = 1400, .egress_ifindex = 7 },
	};

	for (size_t i = 0; i < 3; i++) {
		ifs[i].df_bit = f->df[i];
		ifs[i].frag_after = f->after[i];
	}
	for (uint32_t i = 1; tuns && i < 3; i++) {
		ifs[i].ifindex = 20 + i;
		ifs[i].tun_port = 1000 + i;
	}
	compiled_fini(&f->out);
	assert_int_equal(compile(f->c, ifs, 3, &f->ids, &f->out), 0);
}

static void up(struct fix *f, const char *text, bool tuns)
{
	struct report report = { 0 };

	memset(f, 0, sizeof(*f));
	assert_int_equal(config_load_text(text, strlen(text), &f->c, &report), 0);
	assert_int_equal(report.errors, 0);
	report_fini(&report);
	again(f, tuns);
}

static void down(struct fix *f)
{
	compiled_fini(&f->out);
	policy_ids_fini(&f->ids);
	config_free(f->c);
}

static void a_line_that_is_not_understood_closes_the_tunnel(void **state)
{
	static const char text[] = PROFILE WAN TUNNEL("0", PROTECTED " ikev2-profile X");
	struct report report = { 0 };
	struct fix f = { 0 };

	(void)state;
	assert_int_equal(config_load_text(text, strlen(text), &f.c, &report), 0);
	report_fini(&report);
	again(&f, true);
	assert_int_equal(f.out.n_tunnels, 1);
	assert_int_equal(f.out.tunnels[0].protect, f.out.policies[0].id);
	assert_int_equal(f.out.ike.n_p2, 1);
	assert_int_equal(f.out.p2[0].n_transforms, 0);
	assert_non_null(strstr(txt_cstr(&f.out.notes), "Tunnel0: a line of tunnel protection was not understood"));
	down(&f);
}

static void lines_of_lists_that_are_not_understood_are_said(void **state)
{
	static const char text[] =
		PROFILE "access-list 101 permit ip any any\naccess-list 101 deny ip object-group A any\n"
		"ip access-list extended ALL\n permit ip any object-group B\n"
		"crypto map M 10 ipsec-isakmp\n set peer 192.0.2.2\n set transform-set TS\n match address 101\n"
		" set ip access-group ALL in\n" WAN " crypto map M\n ip access-group 101 in\n ip access-group 101 out\n";
	struct report report = { 0 };
	struct fix f = { 0 };

	(void)state;
	assert_int_equal(config_load_text(text, strlen(text), &f.c, &report), 0);
	report_fini(&report);
	again(&f, true);
	assert_string_equal(txt_cstr(&f.out.notes),
			    "interface FastEthernet0/1: 1 line of access list 101 is not understood and not used: "
			    "what it denies may pass\n"
			    "crypto map M 10: 1 deny line of access list 101 is not understood and not used: what it "
			    "would leave out is protected by the permits behind\n"
			    "crypto map M 10: no line of access list ALL is understood: nothing passes\n");
	assert_int_equal(f.out.n_lists, 1);
	assert_int_equal(f.out.policies[0].acl_in, 1);
	down(&f);
}

static void the_tunnels_isakmp_profile_comes_before_the_ipsec_profiles(void **state)
{
	struct fix f;

	(void)state;
	up(&f, PROFILE WAN TUNNEL("0", PROTECTED " isakmp-profile I"), true);
	assert_string_equal(f.out.p2[0].profile, "I");
	down(&f);
}

static void a_tunnel_has_its_ends_for_proxies_and_a_vti_anything(void **state)
{
	struct fix f;

	(void)state;
	up(&f, PROFILE WAN TUNNEL("0", PROTECTED)
	       TUNNEL("1", " tunnel mode ipsec ipv4\n" PROTECTED), true);
	assert_int_equal(f.out.n_policies, 2);
	assert_int_equal(f.out.n_shown, 2);
	assert_int_equal(f.out.n_tunnels, 2);
	const struct p2_policy *gre = &f.out.p2[0], *vti = &f.out.p2[1];

	assert_string_equal(gre->map, "Tunnel0-head-0");
	assert_int_equal(gre->ifid, 21);
	assert_int_equal(gre->sel.proto, 47);
	assert_int_equal(ipaddr_to_v4(&gre->sel.local.addr), US);
	assert_int_equal(ipaddr_to_v4(&gre->sel.remote.addr), PEER);
	assert_int_equal(gre->n_peers, 1);
	assert_int_equal(gre->pfs_group, 14);
	assert_int_equal(gre->life_sec, 1800);
	assert_true(gre->standing && gre->responder_only);
	assert_int_equal(gre->transforms[0].mode, MODE_TRANSPORT);
	assert_int_equal(f.out.tunnels[0].protect, gre->id);
	assert_false(f.out.tunnels[0].vti);
	struct selector any = { .local = addr_match_v4(0, UINT32_MAX), .remote = addr_match_v4(0, UINT32_MAX) };

	assert_true(selector_equal(&vti->sel, &any));
	assert_string_equal(vti->map, "Tunnel1-head-0");
	assert_int_equal(f.out.tunnels[1].protect, vti->id);
	assert_true(f.out.tunnels[1].vti);
	down(&f);
}

/* SAs name their policy by id, over a restart of control, which does not have the TUNs at
 * first: another crypto map on another interface may not get it then. */
static void ids_do_not_wait_for_devices(void **state)
{
	struct fix f;

	(void)state;
	up(&f, PROFILE WAN TUNNEL("0", PROTECTED) TUNNEL("1", PROTECTED), false);
	assert_int_equal(f.out.n_policies, 0);
	assert_int_equal(f.out.n_tunnels, 0);
	again(&f, true);
	uint32_t first = f.out.tunnels[0].protect, second = f.out.tunnels[1].protect;

	assert_int_not_equal(first, second);
	down(&f);
	up(&f, PROFILE WAN TUNNEL("0", PROTECTED) TUNNEL("1", PROTECTED), true);
	assert_int_equal(f.out.tunnels[0].protect, first);
	assert_int_equal(f.out.tunnels[1].protect, second);
	down(&f);
}

static void without_its_profile_a_tunnel_has_no_way_out(void **state)
{
	struct fix f;

	(void)state;
	/* the report says so: an error, which up() does not take */
	struct report report = { 0 };
	static const char text[] = WAN TUNNEL("0", PROTECTED) TUNNEL("1", "");

	memset(&f, 0, sizeof(f));
	assert_int_equal(config_load_text(text, strlen(text), &f.c, &report), 0);
	report_fini(&report);
	again(&f, true);
	assert_int_equal(f.out.n_policies, 1);
	assert_int_equal(f.out.policies[0].action, FWD_POLICY_PROTECT);
	assert_int_equal(f.out.p2[0].n_transforms, 0);
	assert_int_not_equal(f.out.tunnels[0].protect, 0);
	assert_int_equal(f.out.tunnels[1].protect, 0);
	down(&f);
}

/* What is said globally is the wire's word here, as control binds it. */
static void df_bit_and_fragmentation_are_the_tunnels_or_the_wires(void **state)
{
	struct fix f;

	(void)state;
	up(&f, PROFILE WAN TUNNEL("0", PROTECTED) TUNNEL("1", " tunnel key 1\n crypto ipsec df-bit set\n" PROTECTED)
	       " crypto ipsec fragmentation before-encryption\n", true);
	f.df[0] = DF_CLEAR;
	f.after[0] = true;
	f.df[2] = DF_SET;
	again(&f, true);
	assert_int_equal(f.out.policies[0].df_bit, DF_CLEAR);
	assert_true(f.out.policies[0].frag_after);
	assert_int_equal(f.out.policies[1].df_bit, DF_SET);
	assert_false(f.out.policies[1].frag_after);
	down(&f);
}

static void a_shared_policy_ends_with_the_last_tunnel_that_is_up(void **state)
{
	static const struct {
		const char *first, *second;
		uint8_t n_peers;
	} rows[] = { { "", "", 1 }, { " shutdown\n", "", 1 }, { "", " shutdown\n", 1 }, { " shutdown\n", " shutdown\n", 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fix f;
		char text[1024];

		snprintf(text, sizeof(text), PROFILE WAN TUNNEL("0", "%s" PROTECTED " shared")
			 TUNNEL("1", " tunnel key 1\n%s" PROTECTED " shared"), rows[i].first, rows[i].second);
		up(&f, text, true);
		assert_int_equal(f.out.ike.n_p2, 1);
		assert_int_equal(f.out.p2[0].n_peers, rows[i].n_peers);
		down(&f);
	}
}

static void what_asks_for_other_proxies_is_not_shared(void **state)
{
	struct fix f;

	(void)state;
	up(&f, PROFILE WAN TUNNEL("0", PROTECTED " shared") TUNNEL("1", " tunnel mode ipip\n" PROTECTED " shared"), true);
	assert_int_equal(f.out.n_policies, 2);
	assert_int_equal(f.out.policies[0].sel.proto, 47);
	assert_int_equal(f.out.policies[1].sel.proto, 4);
	assert_int_equal(f.out.tunnels[0].protect, f.out.policies[0].id);
	assert_int_equal(f.out.tunnels[1].protect, f.out.policies[1].id);
	assert_int_not_equal(f.out.policies[0].id, f.out.policies[1].id);
	down(&f);
}

static void tunnels_that_share_have_one_policy(void **state)
{
	struct fix f;
	struct txt t = TXT_INIT;

	(void)state;
	up(&f, PROFILE WAN TUNNEL("0", PROTECTED " shared") TUNNEL("1", " tunnel key 1\n" PROTECTED " shared"), true);
	assert_int_equal(f.out.n_policies, 1);
	assert_int_equal(f.out.tunnels[0].protect, f.out.tunnels[1].protect);
	assert_string_equal(f.out.p2[0].map, "P-head-1");
	struct show_in in = { .config = f.c, .p2 = f.out.shown, .n_p2 = f.out.n_shown };

	show_crypto_map(&in, "", "", &t);
	assert_string_equal(
		txt_cstr(&t),
		"Crypto Map IPv4 \"P-head-1\" 65536 ipsec-isakmp\n"
		"\tProfile name: P\n"
		"\tSecurity association lifetime: 4608000 kilobytes/1800 seconds\n"
		"\tResponder-Only (Y/N): Y\n\tPFS (Y/N): Y\n\tDH group:  group14\n\tMixed-mode : Disabled\n"
		"\tTransform sets={\n\t\tTS:  { esp-aes esp-sha-hmac  } ,\n\t}\n\n"
		"Crypto Map IPv4 \"P-head-1\" 65537 ipsec-isakmp\n"
		"\tMap is a PROFILE INSTANCE.\n\tPeer = 192.0.2.2\n\tExtended IP access list \n"
		"\t    access-list  permit gre host 192.0.2.1 host 192.0.2.2\n\tCurrent peer: 192.0.2.2\n"
		"\tSecurity association lifetime: 4608000 kilobytes/1800 seconds\n"
		"\tResponder-Only (Y/N): Y\n\tPFS (Y/N): Y\n\tDH group:  group14\n\tMixed-mode : Disabled\n"
		"\tTransform sets={\n\t\tTS:  { esp-aes esp-sha-hmac  } ,\n\t}\n"
		"\tInterfaces using crypto map P-head-1:\n\t\tTunnel0\n\t\tTunnel1\n\n");
	txt_fini(&t);
	show_crypto_map(&in, "Tunnel1", "", &t);
	assert_non_null(strstr(txt_cstr(&t), "P-head-1"));
	txt_fini(&t);
	show_crypto_map(&in, "FastEthernet0/1", "", &t);
	assert_string_equal(txt_cstr(&t), "No crypto maps found.\n");
	txt_fini(&t);
	show_ipsec_profile(&in, "", &t);
	assert_string_equal(
		txt_cstr(&t),
		"IPSEC profile P\n"
		"\tSecurity association lifetime: 4608000 kilobytes/1800 seconds\n"
		"\tResponder-Only (Y/N): Y\n\tPFS (Y/N): Y\n\tDH group:  group14\n\tMixed-mode : Disabled\n"
		"\tTransform sets={\n\t\tTS:  { esp-aes esp-sha-hmac  } ,\n\t}\n\n");
	txt_fini(&t);
	down(&f);
}

static void a_tunnel_that_is_shut_has_no_peer(void **state)
{
	struct fix f;

	(void)state;
	up(&f, PROFILE WAN TUNNEL("0", PROTECTED "\n shutdown"), true);
	assert_int_equal(f.out.n_policies, 1);
	assert_int_equal(f.out.p2[0].n_peers, 0);
	assert_false(f.out.tunnels[0].up);
	down(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tunnel_has_its_ends_for_proxies_and_a_vti_anything),
		cmocka_unit_test(a_line_that_is_not_understood_closes_the_tunnel),
		cmocka_unit_test(lines_of_lists_that_are_not_understood_are_said),
		cmocka_unit_test(the_tunnels_isakmp_profile_comes_before_the_ipsec_profiles),
		cmocka_unit_test(ids_do_not_wait_for_devices),
		cmocka_unit_test(without_its_profile_a_tunnel_has_no_way_out),
		cmocka_unit_test(tunnels_that_share_have_one_policy),
		cmocka_unit_test(df_bit_and_fragmentation_are_the_tunnels_or_the_wires),
		cmocka_unit_test(a_shared_policy_ends_with_the_last_tunnel_that_is_up),
		cmocka_unit_test(what_asks_for_other_proxies_is_not_shared),
		cmocka_unit_test(a_tunnel_that_is_shut_has_no_peer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
