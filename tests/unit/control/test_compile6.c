/* SPDX-License-Identifier: Apache-2.0 */
/* Crypto maps, keys and tunnels of IPv6, compiled for IKE and the forwarder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "commands/load.h"
#include "control/compile.h"

struct fix {
	struct config *c;
	struct policy_ids ids;
	struct compiled out;
};

static struct ipaddr addr(const char *s)
{
	struct ipaddr a = { 0 };

	assert_true(ipaddr_parse(s, &a));
	return a;
}

/* FastEthernet0/0 has both families; Tunnel0 and Tunnel1 leave by it. */
static void up(struct fix *f, const char *text)
{
	const struct bound_if ifs[] = {
		{ .name = "FastEthernet0/0", .ifindex = 7, .addr = addr("192.0.2.1"), .addr6 = addr("2001:db8::1"),
		  .mtu = 1500, .mtu6 = 1400 },
		{ .name = "Tunnel0", .ifindex = 8, .mtu = 1400, .tun_port = 1000, .egress_ifindex = 7,
		  .addr = addr("10.0.0.1"), .addr6 = addr("2001:db8:ffff::1") },
		{ .name = "Tunnel1", .ifindex = 9, .mtu = 1400, .tun_port = 1001, .egress_ifindex = 7 },
	};
	struct report report = { 0 };

	memset(f, 0, sizeof(*f));
	assert_int_equal(config_load_text(text, strlen(text), &f->c, &report), 0);
	assert_int_equal(report.errors, 0);
	report_fini(&report);
	assert_int_equal(compile(f->c, ifs, 3, &f->ids, &f->out), 0);
}

static void down(struct fix *f)
{
	compiled_fini(&f->out);
	policy_ids_fini(&f->ids);
	config_free(f->c);
}

static bool is(const struct ipaddr *a, const char *s)
{
	struct ipaddr want = addr(s);

	return ipaddr_equal(a, &want);
}

static bool is_net(const struct addr_match *m, const char *s, unsigned want)
{
	unsigned len;

	return is(&m->addr, s) && addr_match_prefix(m, &len) && len == want;
}

#define TERMS                                                                                 \
	"crypto isakmp policy 10\n authentication pre-share\n"                                \
	"crypto ipsec transform-set TS esp-aes esp-sha-hmac\n"
#define LISTS                                                                                 \
	"access-list 101 permit ip 10.1.0.0 0.0.255.255 10.2.0.0 0.0.255.255\n"               \
	"ipv6 access-list V6\n permit ipv6 2001:db8:a::/48 2001:db8:b::/64\n"                 \
	" deny icmp any host 2001:db8:c::1\n permit tcp any 2001:db8:c::/64 eq 80\n"

static void both_families_of_an_interface_stand_in_the_spd(void **state)
{
	struct fix f;

	(void)state;
	up(&f, TERMS "crypto map M 10 ipsec-isakmp\n set peer 192.0.2.2\n set transform-set TS\n"
		     " match address 101\n"
		     "crypto map ipv6 M6 10 ipsec-isakmp\n set peer 2001:db8::2\n set transform-set TS\n"
		     " match address V6\n"
		     "interface FastEthernet0/0\n crypto map M\n ipv6 crypto map M6\n" LISTS);
	assert_string_equal(txt_cstr(&f.out.notes), "");
	assert_int_equal(f.out.n_policies, 4);
	assert_int_equal(f.out.ike.n_p2, 3);
	const struct fwd_policy *p = f.out.policies;
	assert_true(is_net(&p[0].sel.local, "10.1.0.0", 16) && is(&p[0].local, "192.0.2.1"));
	assert_int_equal(p[0].path_mtu, 1500);
	assert_true(is_net(&p[1].sel.local, "2001:db8:a::", 48) && is_net(&p[1].sel.remote, "2001:db8:b::", 64));
	assert_true(is(&p[1].local, "2001:db8::1") && p[1].ifid == 7 && p[1].action == FWD_POLICY_PROTECT);
	assert_int_equal(p[1].path_mtu, 1400);
	assert_int_equal(p[2].action, FWD_POLICY_SKIP);
	assert_int_equal(p[2].sel.proto, 58);
	assert_true(p[3].sel.proto == 6 && p[3].sel.remote_port.op == PORT_EQ && p[3].sel.remote_port.lo == 80);
	assert_true(is_net(&p[3].sel.local, "::", 0));
	assert_true(is(&f.out.p2[1].peers[0], "2001:db8::2") && is(&f.out.p2[1].local, "2001:db8::1"));
	assert_string_equal(f.out.p2[1].map, "M6");
	down(&f);
}

static void what_is_of_the_other_family_protects_nothing_and_says_so(void **state)
{
	struct fix f;

	(void)state;
	up(&f, TERMS "crypto map ipv6 M6 10 ipsec-isakmp\n set peer 2001:db8::2\n set transform-set TS\n"
		     " match address 101\ninterface FastEthernet0/0\n crypto map M6\n" LISTS);
	assert_non_null(strstr(txt_cstr(&f.out.notes), "is an IPv6 crypto map"));
	assert_int_equal(f.out.n_policies, 0);
	down(&f);
	up(&f, TERMS "crypto map ipv6 M6 10 ipsec-isakmp\n set peer 2001:db8::2\n set transform-set TS\n"
		     " match address 101\ninterface FastEthernet0/0\n ipv6 crypto map M6\n" LISTS);
	assert_int_equal(f.out.n_policies, 0);
	down(&f);
}

static void a_dynamic_entry_of_ipv6_takes_any_proxies_of_ipv6(void **state)
{
	struct fix f;

	(void)state;
	up(&f, TERMS "crypto dynamic-map D 5\n set transform-set TS\n"
		     "crypto map ipv6 M6 10 ipsec-isakmp dynamic D\n"
		     "interface FastEthernet0/0\n ipv6 crypto map M6\n");
	assert_int_equal(f.out.ike.n_p2, 1);
	assert_true(f.out.p2[0].any_proxies && is_net(&f.out.p2[0].sel.local, "::", 0));
	down(&f);
}

static void manual_keys_work_over_ipv6(void **state)
{
	struct fix f;

	(void)state;
	up(&f, "crypto ipsec transform-set TS esp-aes esp-sha-hmac\n mode transport\n"
	       "crypto map ipv6 M6 10 ipsec-manual\n set peer 2001:db8::2\n"
	       " set session-key inbound esp 1000 cipher 00112233445566778899aabbccddeeff authenticator "
	       "0011223344556677889900112233445566778899\n"
	       " set session-key outbound esp 1001 cipher 00112233445566778899aabbccddeeff authenticator "
	       "0011223344556677889900112233445566778899\n"
	       " set transform-set TS\n match address V6\n"
	       "interface FastEthernet0/0\n ipv6 crypto map M6\n"
	       "ipv6 access-list V6\n permit ipv6 host 2001:db8::1 host 2001:db8::2\n");
	assert_string_equal(txt_cstr(&f.out.notes), "");
	assert_int_equal(f.out.n_manual, 1);
	const struct sa_spec *out = &f.out.manual[0].out;
	assert_true(is(&out->src, "2001:db8::1") && is(&out->dst, "2001:db8::2"));
	assert_int_equal(out->mode, MODE_TRANSPORT);
	down(&f);
}

static void keys_are_found_by_prefix(void **state)
{
	struct fix f;

	(void)state;
	up(&f, "crypto keyring R\n local-address FastEthernet0/0\n"
	       " pre-shared-key address ipv6 2001:db8:9::/48 key one\n pre-shared-key address 192.0.2.9 key two\n"
	       "crypto isakmp key three address ipv6 2001:db8::2/128\n"
	       "crypto isakmp profile P\n match identity address ipv6 2001:db8::/32\n keyring R\n");
	assert_int_equal(f.out.ike.n_psk, 3);
	assert_true(is(&f.out.psk[0].addr, "2001:db8::2") && f.out.psk[0].mask_len == 128);
	assert_true(is(&f.out.psk[1].addr, "2001:db8:9::") && f.out.psk[1].mask_len == 48);
	assert_true(is(&f.out.psk[1].local, "2001:db8::1") && is(&f.out.psk[2].local, "192.0.2.1"));
	assert_true(is(&f.out.profiles[0].matches[0].addr, "2001:db8::"));
	assert_int_equal(f.out.profiles[0].matches[0].mask_len, 32);
	down(&f);
}

static void tunnels_take_the_family_of_their_mode(void **state)
{
	static const struct {
		const char *mode, *src, *dst;
		uint8_t encap, proto;
		bool vti;
		const char *any; /* of its proxies; NULL: its ends */
	} rows[] = {
		{ "gre ip", "192.0.2.1", "192.0.2.2", FWD_ENCAP_GRE, 47, false, NULL },
		{ "gre ipv6", "2001:db8::1", "2001:db8::2", FWD_ENCAP_GRE, 47, false, NULL },
		{ "ipip", "192.0.2.1", "192.0.2.2", FWD_ENCAP_IPIP, 4, false, NULL },
		{ "ipv6ip", "192.0.2.1", "192.0.2.2", FWD_ENCAP_IPV6IP, 41, false, NULL },
		{ "ipv6", "2001:db8::1", "2001:db8::2", FWD_ENCAP_IPV6, 0, false, NULL },
		{ "ipsec ipv4", "192.0.2.1", "192.0.2.2", FWD_ENCAP_GRE, 0, true, "0.0.0.0" },
		{ "ipsec ipv6", "2001:db8::1", "2001:db8::2", FWD_ENCAP_GRE, 0, true, "::" },
		{ "ipsec ipv4 v6-overlay", "192.0.2.1", "192.0.2.2", FWD_ENCAP_GRE, 0, true, "::" },
		{ "ipsec ipv6 v4-overlay", "2001:db8::1", "2001:db8::2", FWD_ENCAP_GRE, 0, true, "0.0.0.0" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[1024];
		struct fix f;

		snprintf(text, sizeof(text),
			 TERMS "crypto ipsec profile P\n set transform-set TS\n"
			       "interface Tunnel0\n tunnel source FastEthernet0/0\n tunnel destination %s\n"
			       " tunnel mode %s\n tunnel protection ipsec profile P\n",
			 rows[i].dst, rows[i].mode);
		up(&f, text);
		assert_int_equal(f.out.n_tunnels, 1);
		const struct fwd_tunnel *t = &f.out.tunnels[0];
		assert_true(t->up && is(&t->src, rows[i].src) && is(&t->dst, rows[i].dst));
		assert_true(t->encap == rows[i].encap && t->vti == rows[i].vti && t->protect);
		assert_true(is(&t->own, "10.0.0.1") && is(&t->own6, "2001:db8:ffff::1"));
		assert_int_equal(f.out.ike.n_p2, 1);
		const struct p2_policy *p = &f.out.p2[0];
		assert_int_equal(p->sel.proto, rows[i].proto);
		assert_true(is(&p->peers[0], rows[i].dst) && is(&p->local, rows[i].src));
		assert_true(rows[i].any ? is_net(&p->sel.local, rows[i].any, 0) :
					  is_net(&p->sel.remote, rows[i].dst, ip_bits(p->sel.remote.addr.family)));
		down(&f);
	}
}

static void ends_of_another_family_keep_a_tunnel_down(void **state)
{
	struct fix f;

	(void)state;
	up(&f, "interface Tunnel0\n tunnel source FastEthernet0/0\n tunnel destination 2001:db8::2\n");
	assert_int_equal(f.out.n_tunnels, 1);
	assert_false(f.out.tunnels[0].up);
	down(&f);
	up(&f, "interface Tunnel0\n tunnel source 192.0.2.1\n tunnel destination 2001:db8::2\n tunnel mode gre ipv6\n");
	assert_false(f.out.tunnels[0].up);
	down(&f);
}

static void shared_entries_are_told_apart_by_their_ends(void **state)
{
	static const char text[] =
		TERMS "crypto ipsec profile P\n set transform-set TS\n"
		"interface Tunnel0\n tunnel source FastEthernet0/0\n tunnel destination 2001:db8::2\n"
		" tunnel mode gre ipv6\n tunnel protection ipsec profile P shared\n"
		"interface Tunnel1\n tunnel source FastEthernet0/0\n tunnel destination %s\n"
		" tunnel mode gre ipv6\n tunnel protection ipsec profile P shared\n";
	char now[1024];
	struct fix f;

	(void)state;
	snprintf(now, sizeof(now), text, "2001:db8::2");
	up(&f, now);
	assert_int_equal(f.out.tunnels[0].protect, f.out.tunnels[1].protect);
	assert_int_equal(f.out.ike.n_p2, 1);
	down(&f);
	snprintf(now, sizeof(now), text, "2001:db8::3");
	up(&f, now);
	assert_int_not_equal(f.out.tunnels[0].protect, f.out.tunnels[1].protect);
	assert_int_equal(f.out.ike.n_p2, 2);
	down(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_families_of_an_interface_stand_in_the_spd),
		cmocka_unit_test(what_is_of_the_other_family_protects_nothing_and_says_so),
		cmocka_unit_test(a_dynamic_entry_of_ipv6_takes_any_proxies_of_ipv6),
		cmocka_unit_test(manual_keys_work_over_ipv6),
		cmocka_unit_test(keys_are_found_by_prefix),
		cmocka_unit_test(tunnels_take_the_family_of_their_mode),
		cmocka_unit_test(ends_of_another_family_keep_a_tunnel_down),
		cmocka_unit_test(shared_entries_are_told_apart_by_their_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
