/* SPDX-License-Identifier: Apache-2.0 */
/* The sums and rules behind the layouts; the layouts themselves are golden files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "commands/load.h"
#include "control/if_counts.h"
#include "control/show_parts.h"
#include "show_fixture.h"

static struct txt out;

/* What a router prints for a command; valid until the next call. */
static const char *typed(const struct show_in *in, const char *command, int want)
{
	txt_clear(&out);
	assert_int_equal(fixture_type(in, command, &out), want);
	return txt_cstr(&out);
}

static const char *age(uint64_t sec)
{
	txt_clear(&out);
	show_age(&out, sec);
	return txt_cstr(&out);
}

static void ages_are_written_as_ios_writes_them(void **state)
{
	(void)state;
	assert_string_equal(age(0), "00:00:00");
	assert_string_equal(age(1662), "00:27:42");
	assert_string_equal(age(86399), "23:59:59");
	assert_string_equal(age(86400), "1d00h");
	assert_string_equal(age(3 * 86400 + 18 * 3600 + 59), "3d18h");
	assert_string_equal(age(7 * 86400), "1w0d");
	assert_string_equal(age(49 * 86400), "7w0d");
	assert_string_equal(age(365 * 86400), "1y0w");
	txt_clear(&out);
	show_ago(&out, SHOW_NEVER);
	assert_string_equal(txt_cstr(&out), "never");
}

/* Known pairs of transform and plaintext mtu at a path MTU of 1500, as devices
 * print them. */
static void plaintext_mtu_is_what_devices_print(void **state)
{
	static const struct {
		uint8_t mode, cipher;
		uint16_t bits;
		uint8_t auth;
		bool udp;
		uint32_t want;
	} rows[] = {
		{ MODE_TUNNEL, CIPHER_DES, 0, AUTH_HMAC_MD5_96, false, 1446 },
		{ MODE_TUNNEL, CIPHER_3DES, 0, AUTH_HMAC_SHA1_96, false, 1446 },
		{ MODE_TUNNEL, CIPHER_3DES, 0, AUTH_HMAC_SHA1_96, true, 1438 },
		{ MODE_TUNNEL, CIPHER_AES_CBC, 128, AUTH_HMAC_SHA1_96, false, 1438 },
		{ MODE_TUNNEL, CIPHER_AES_CBC, 256, AUTH_HMAC_SHA1_96, true, 1422 },
		{ MODE_TUNNEL, CIPHER_AES_CBC, 256, AUTH_HMAC_SHA256_128, false, 1438 },
		{ MODE_TUNNEL, CIPHER_AES_CBC, 256, AUTH_HMAC_SHA384_192, false, 1422 },
		{ MODE_TUNNEL, CIPHER_AES_CBC, 256, AUTH_HMAC_SHA512_256, true, 1406 },
		{ MODE_TUNNEL, CIPHER_AES_GCM, 256, AUTH_NONE, false, 1446 },
		{ MODE_TUNNEL, CIPHER_AES_GCM, 128, AUTH_NONE, true, 1438 },
		{ MODE_TUNNEL, CIPHER_NULL, 0, AUTH_HMAC_SHA1_96, false, 1458 },
		{ MODE_TUNNEL, CIPHER_NULL, 0, AUTH_HMAC_SHA1_96, true, 1450 },
		{ MODE_TRANSPORT, CIPHER_AES_CBC, 128, AUTH_HMAC_SHA256_128, false, 1458 },
		{ MODE_TRANSPORT, CIPHER_AES_CBC, 256, AUTH_HMAC_SHA1_96, true, 1442 },
	};
	struct sa_spec ah = { .proto = PROTO_AH, .mode = MODE_TUNNEL, .auth = AUTH_HMAC_SHA1_96 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sa_spec s = { .proto = PROTO_ESP, .mode = rows[i].mode,
				     .cipher = rows[i].cipher, .cipher_bits = rows[i].bits,
				     .auth = rows[i].auth, .udp_encap = rows[i].udp };

		assert_int_equal(show_plaintext_mtu(&s, 1500), rows[i].want);
		assert_int_equal(show_plaintext_mtu(&s, 40), 0);
	}
	assert_int_equal(show_plaintext_mtu(&ah, 1500), 1456);
	assert_int_equal(show_plaintext_mtu(&ah, 20), 0);
	/* aes and sha in AH: 24 bytes less than the 1438 without, and a block less for the rest of them */
	struct sa_spec both = { .proto = PROTO_ESP, .mode = MODE_TUNNEL, .cipher = CIPHER_AES_CBC, .cipher_bits = 256,
				.auth = AUTH_HMAC_SHA1_96, .ah = { .spi = 300, .auth = AUTH_HMAC_SHA1_96 } };
	assert_int_equal(show_plaintext_mtu(&both, 1500), 1406);
	both.mode = MODE_TRANSPORT;
	assert_int_equal(show_plaintext_mtu(&both, 1500), 1426);
}

/* Both routers print the same row: dst is whoever responds. */
static void initiator_and_responder_print_the_same_row(void **state)
{
	struct show_in *in = fixture("gre");
	struct ike_sa_info *s = (struct ike_sa_info *)in->sas;
	char *ours = strdup(typed(in, "show crypto isakmp sa", 0));
	struct ipaddr swap = s->local;

	(void)state;
	s->local = s->remote;
	s->remote = swap;
	s->initiator = false;
	assert_string_equal(ours, typed(in, "show crypto isakmp sa", 0));
	free(ours);
	fixture_free(in);
}

static void every_state_fits_its_column(void **state)
{
	struct show_in *in = fixture("gre");
	struct ike_sa_info *s = (struct ike_sa_info *)in->sas;

	(void)state;
	for (int st = IKE_MM_NO_STATE; st <= IKE_QM_IDLE; st++) {
		s->state = (enum ike_state)st;
		const char *row = strstr(typed(in, "show crypto isakmp sa", 0), "192.0.2.2 ");

		assert_non_null(row);
		assert_memory_equal(row + 32, ike_state_name(s->state), strlen(ike_state_name(s->state)));
		assert_memory_equal(row + 47, "   1001 ACTIVE\n", 15);
	}
	fixture_free(in);
}

static void aggressive_mode_shows_its_states_and_the_identity(void **state)
{
	struct show_in *in = fixture("gre");
	struct ike_sa_info *s = (struct ike_sa_info *)in->sas;

	(void)state;
	strcpy(s->peer_id, "left.example");
	assert_non_null(strstr(typed(in, "show crypto isakmp peers", 0), " Phase1 id: left.example\n"));
	assert_non_null(strstr(typed(in, "show crypto session detail", 0), "Phase1_id: left.example\n"));
	s->state = IKE_AG_INIT_EXCH;
	assert_non_null(strstr(typed(in, "show crypto isakmp sa", 0), "AG_INIT_EXCH      1001 ACTIVE\n"));
	s->state = IKE_AG_NO_STATE;
	s->deleted = true;
	assert_non_null(strstr(typed(in, "show crypto isakmp sa", 0),
			       "AG_NO_STATE       1001 ACTIVE (deleted)\n"));
	fixture_free(in);
}

static void filters_select_by_peer_map_and_interface(void **state)
{
	static const struct {
		const char *command;
		bool shown;
	} rows[] = {
		{ "show crypto ipsec sa peer 192.0.2.2", true },
		{ "show crypto ipsec sa peer 192.0.2.3", false },
		{ "show crypto ipsec sa map SDM_CMAP_1", true },
		{ "show crypto ipsec sa map OTHER", false },
		{ "show crypto ipsec sa interface FastEthernet0/1 detail", true },
		{ "show crypto ipsec sa interface fa0/0", false },
		{ "show crypto map tag SDM_CMAP_1", true },
		{ "show crypto map tag OTHER", false },
		{ "show crypto map interface FastEthernet 0/1", true },
		{ "show crypto map interface FastEthernet0/0", false },
		{ "show crypto session remote 192.0.2.2", true },
		{ "show crypto session remote 192.0.2.3 detail", false },
		{ "show crypto session local 192.0.2.1", true },
		{ "show crypto session local 192.0.2.9", false },
		{ "show crypto session interface FastEthernet0/0", false },
		{ "show crypto isakmp peers 192.0.2.2", true },
		{ "show crypto isakmp peers 192.0.2.3", false },
		{ "show ip access-lists SDM_1", true },
		{ "show ip access-lists 99", false },
		{ "show interfaces Tunnel0", true },
		{ "show interfaces FastEthernet0/0", false },
	};
	struct show_in *in = fixture("gre");

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *text = typed(in, rows[i].command, 0);

		if (rows[i].shown != (strstr(text, "192.0.2.2") != NULL))
			fail_msg("%s: %s", rows[i].command, text);
	}
	fixture_free(in);
}

/* They stand where running-config has them, and the answer says that nothing is done by them. */
static void entries_that_were_refused_are_listed_in_their_place(void **state)
{
	static const char text[] = "access-list 101 permit ip host 192.0.2.1 any\n"
				   "access-list 101 permit ip object-group A any\n"
				   "access-list 101 deny ip any any\n"
				   "access-list 101 permit tcp any any time-range W\n"
				   "access-list 102 permit ip any any\n"
				   "ip access-list extended N\n"
				   " permit object-group S any any\n"
				   " 10 permit ip host 192.0.2.1 any\n"
				   " remark of that\n"
				   " 15 deny ip object-group A any\n"
				   " 20 permit tcp any any\n"
				   " 20 permit tcp any any reflect R\n"
				   "ip access-list extended ONLY\n"
				   " permit ip any object-group A\n"
				   "ipv6 access-list V\n"
				   " permit ipv6 any any sequence 10\n"
				   " permit tcp any any time-range W\n";
	static const char want[] = "Extended IP access list 101\n"
				   "    10 permit ip host 192.0.2.1 any\n"
				   "    permit ip object-group A any (not used)\n"
				   "    20 deny ip any any\n"
				   "    permit tcp any any time-range W (not used)\n"
				   "Extended IP access list 102\n"
				   "    10 permit ip any any\n"
				   "Extended IP access list N\n"
				   "    permit object-group S any any (not used)\n"
				   "    10 permit ip host 192.0.2.1 any\n"
				   "    15 deny ip object-group A any (not used)\n"
				   "    20 permit tcp any any\n"
				   "    20 permit tcp any any reflect R (not used)\n"
				   "Extended IP access list ONLY\n"
				   "    permit ip any object-group A (not used)\n"
				   "IPv6 access list V\n"
				   "    permit ipv6 any any sequence 10\n"
				   "    permit tcp any any time-range W (not used)\n";
	struct show_in *in = fixture("bare");
	const struct config *own = in->config;
	struct report report = { 0 };
	struct config *c = NULL;
	struct show_cursor k = { 0 };
	struct exec_args all = { 0 };

	(void)state;
	assert_int_equal(config_load_text(text, strlen(text), &c, &report), 0);
	in->config = c;
	assert_string_equal(typed(in, "show access-lists", 0), want);
	txt_clear(&out);
	while (!k.over)
		assert_int_equal(show_some(in, EXEC_SHOW_ACCESS_LISTS, &all, &k, &out), 0);
	assert_string_equal(txt_cstr(&out), want);
	const char *told = typed(in, "show ip access-lists ONLY | json", 0);
	assert_non_null(strstr(told, "\"matches_what\": \"permit ip any object-group A\""));
	assert_non_null(strstr(told, "\"sequence\": null"));
	assert_non_null(strstr(told, "\"used\": false"));
	assert_null(strstr(told, "\"used\": true"));
	in->config = own;
	report_fini(&report);
	config_free(c);
	fixture_free(in);
}

/* Where many remarks stand before one entry, each place is counted from the first of them: once for a line that is shown. */
static void refused_entries_among_many_remarks_are_shown_at_once(void **state)
{
	struct show_in *in = fixture("bare");
	const struct config *own = in->config;
	struct report report = { 0 };
	struct txt text = TXT_INIT;
	struct config *c = NULL;

	(void)state;
	txt_str(&text, "access-list 101 permit ip any host 192.0.2.1\n");
	for (int i = 0; i < 4000; i++)
		txt_printf(&text, "access-list 101 remark of %d\n", i);
	for (int i = 0; i < 200; i++)
		txt_printf(&text, "access-list 101 permit tcp any any time-range W%d\n", i);
	assert_int_equal(config_load_text(txt_cstr(&text), text.len, &c, &report), 0);
	in->config = c;
	clock_t from = clock();
	const char *said = typed(in, "show access-lists", 0);
	assert_true(clock() - from < CLOCKS_PER_SEC);
	assert_non_null(strstr(said, "    permit tcp any any time-range W199 (not used)\n"));
	in->config = own;
	report_fini(&report);
	txt_fini(&text);
	config_free(c);
	fixture_free(in);
}

static void an_interface_that_is_not_there_is_an_error(void **state)
{
	struct show_in *in = fixture("gre");

	(void)state;
	assert_string_equal(typed(in, "show interfaces Tunnel7", -EINVAL), "% Invalid interface Tunnel7\n");
	(void)typed(in, "show ip interface brief Tunnel7", -EINVAL);
	(void)typed(in, "show crypto ipsec sa interface Tunnel7", -EINVAL);
	(void)typed(in, "show running-config", -ENOSYS);
	fixture_free(in);
}

static void pipes_work_on_layouts(void **state)
{
	struct show_in *in = fixture("gre");

	(void)state;
	assert_string_equal(typed(in, "show crypto isakmp sa | include QM_IDLE", 0),
			    "192.0.2.2       192.0.2.1       QM_IDLE           1001 ACTIVE\n");
	assert_string_equal(typed(in, "show crypto session | count UP-ACTIVE", 0),
			    "Number of lines which match regexp = 1\n");
	fixture_free(in);
}

static void an_sa_without_volume_limit_says_so(void **state)
{
	struct show_in *in = fixture("gre");
	struct ike_pair_info *p = (struct ike_pair_info *)in->pairs;

	(void)state;
	p->in.life.hard_bytes = p->out.life.hard_bytes = 0;
	assert_non_null(strstr(typed(in, "show crypto ipsec sa", 0),
			       "sa timing: remaining key lifetime (sec): 3529\n"
			       "        Kilobyte Volume Rekey has been disabled\n"));
	assert_non_null(strstr(typed(in, "show crypto session detail", 0),
			       "life (KB/Sec) KB Vol Rekey Disabled/3529\n"));
	fixture_free(in);
}

static void an_ah_sa_stands_under_its_own_heading(void **state)
{
	struct show_in *in = fixture("gre");
	struct ike_pair_info *p = (struct ike_pair_info *)in->pairs;
	const char *text, *ah;

	(void)state;
	p->in.proto = p->out.proto = PROTO_AH;
	p->in.cipher = p->out.cipher = CIPHER_UNSET;
	text = typed(in, "show crypto ipsec sa", 0);
	assert_non_null(strstr(text, "     inbound esp sas:\n\n     inbound ah sas:\n      spi: 0x6ADB173("));
	ah = strstr(text, "transform: ah-sha-hmac ,\n");
	assert_non_null(ah);
	assert_null(strstr(text, "IV size"));
	fixture_free(in);
}

static void the_engine_lists_connections_by_number(void **state)
{
	struct show_in *in = fixture("lan");
	struct ike_pair_info *p = (struct ike_pair_info *)in->pairs, first = p[0];
	char before[4096];

	(void)state;
	assert_true(in->n_pairs > 1);
	snprintf(before, sizeof(before), "%s", typed(in, "show crypto engine connections active", 0));
	p[0] = p[1];
	p[1] = first;
	assert_string_equal(typed(in, "show crypto engine connections active", 0), before);
	assert_true(strstr(before, "\n    1  IPsec") < strstr(before, "\n    2  IPsec"));
	assert_true(strstr(before, "\n    2  IPsec") < strstr(before, "\n    3  IPsec"));
	fixture_free(in);
}

static void a_session_without_ike_is_up_no_ike(void **state)
{
	struct show_in *in = fixture("gre");

	(void)state;
	in->n_sas = 0;
	assert_non_null(strstr(typed(in, "show crypto session", 0), "Session status: UP-NO-IKE"));
	in->n_pairs = 0;
	assert_non_null(strstr(typed(in, "show crypto session", 0), "Session status: DOWN  "));
	in->n_sas = 1;
	assert_non_null(strstr(typed(in, "show crypto session", 0), "Session status: UP-IDLE"));
	/* authenticated, and nobody asked for an SA */
	assert_non_null(strstr(typed(in, "show crypto ipsec sa", 0), "flags={origin_is_acl,}"));
	fixture_free(in);
}

/* ---- routes ---- */

static const char *routes(const struct show_route *v, size_t n)
{
	struct show_in *in = fixture("bare");

	in->routes = v;
	in->n_routes = n;
	const char *text = typed(in, "show ip route", 0);
	fixture_free(in);
	text = strstr(text, "Gateway");
	assert_non_null(text);
	return text;
}

#define NET(a, b, c, d) { IP_V4, { a, b, c, d } }

static void routes_are_grouped_under_classful_networks(void **state)
{
	static const struct show_route v[] = {
		{ 'S', NET(192, 168, 0, 0), 16, NET(10, 0, 0, 2), "", 1, 0, 0 },
		{ 'S', NET(192, 168, 0, 0), 24, NET(10, 0, 0, 9), "", 1, 0, 0 },
		{ 'S', NET(192, 168, 0, 0), 24, NET(10, 0, 0, 2), "", 1, 0, 0 },
		{ 'S', NET(172, 20, 2, 0), 24, NET(10, 0, 0, 2), "", 5, 0, 0 },
		{ 'S', NET(172, 20, 1, 0), 24, NET(10, 0, 0, 2), "Ethernet0/0", 1, 0, 0 },
		{ 'C', NET(10, 0, 0, 0), 8, { 0 }, "Ethernet0/0", 0, 0, 0 },
		{ 'S', NET(0, 0, 0, 0), 0, { 0 }, "Tunnel0", 1, 0, 0 },
	};

	(void)state;
	assert_string_equal(routes(v, 7),
			    "Gateway of last resort is 0.0.0.0 to network 0.0.0.0\n\n"
			    "S*    0.0.0.0/0 is directly connected, Tunnel0\n"
			    "C     10.0.0.0/8 is directly connected, Ethernet0/0\n"
			    "      172.20.0.0/24 is subnetted, 2 subnets\n"
			    "S        172.20.1.0 [1/0] via 10.0.0.2, Ethernet0/0\n"
			    "S        172.20.2.0 [5/0] via 10.0.0.2\n"
			    "S     192.168.0.0/16 [1/0] via 10.0.0.2\n"
			    "S     192.168.0.0/24 [1/0] via 10.0.0.2\n"
			    "                     [1/0] via 10.0.0.9\n");
}

static void a_route_is_found_by_its_longest_prefix(void **state)
{
	static const struct show_route v[] = {
		{ 'S', NET(0, 0, 0, 0), 0, NET(10, 0, 0, 1), "", 1, 0, 0 },
		{ 'S', NET(10, 0, 0, 0), 8, NET(10, 0, 0, 2), "", 1, 0, 0 },
		{ 'C', NET(10, 1, 1, 0), 24, { 0 }, "Ethernet0/0", 0, 0, 0 },
	};
	struct show_in *in = fixture("bare");

	(void)state;
	in->routes = v;
	in->n_routes = 3;
	assert_string_equal(typed(in, "show ip route 10.1.1.77", 0),
			    "Routing entry for 10.1.1.0/24\n"
			    "  Known via \"connected\", distance 0, metric 0 (connected, via interface)\n"
			    "  Routing Descriptor Blocks:\n"
			    "  * directly connected, via Ethernet0/0\n"
			    "      Route metric is 0, traffic share count is 1\n");
	assert_non_null(strstr(typed(in, "show ip route 10.1.2.1", 0), "Routing entry for 10.0.0.0/8\n"));
	assert_string_equal(typed(in, "show ip route 10.1.2.1 255.255.255.0", -EINVAL), "% Subnet not in table\n");
	assert_string_equal(typed(in, "show ip route 11.0.0.0 255.0.0.0", -EINVAL), "% Network not in table\n");
	assert_non_null(strstr(typed(in, "show ip route 10.0.0.0 255.0.0.0", 0), "Routing entry for 10.0.0.0/8\n"));
	assert_non_null(strstr(typed(in, "show ip route 10.1.1.0 255.255.255.0 longer-prefixes", 0), "10.1.1.0 is directly"));
	assert_null(strstr(typed(in, "show ip route 10.1.1.0 255.255.255.0 longer-prefixes", 0), "10.0.0.2"));
	assert_null(strstr(typed(in, "show ip route 10.1.1.0 255.255.255.0 longer-prefixes", 0), "S*"));
	assert_null(strstr(typed(in, "show ip route ospf", 0), "10.1.1.0"));
	assert_non_null(strstr(typed(in, "show ip route ospf", 0), "Gateway of last resort"));
	assert_string_equal(typed(in, "show ip route 11.1.2.1", -EINVAL), "% Network not in table\n");
	assert_string_equal(typed(in, "show ip route 0.0.0.0", 0),
			    "Routing entry for 0.0.0.0/0, supernet\n"
			    "  Known via \"static\", distance 1, metric 0, candidate default path\n"
			    "  Routing Descriptor Blocks:\n"
			    "  * 10.0.0.1\n"
			    "      Route metric is 0, traffic share count is 1\n");
	fixture_free(in);
}

/* ---- rates ---- */

static void a_steady_rate_is_approached_within_five_minutes(void **state)
{
	struct if_rate r = { 0 };

	(void)state;
	for (uint64_t t = 0; t <= 1500; t += 5) /* 100 packets of 125 bytes a second */
		if_rate_sample(&r, t * 1000, t * 100, t * 12500, 0, 0);
	assert_true(r.in_pps > 98 && r.in_pps <= 100);
	assert_true(r.in_bps > 98000 && r.in_bps <= 100000);
	assert_true(r.out_pps >= 0 && r.out_pps < 0.001);
}

static void counters_that_went_backwards_start_anew(void **state)
{
	struct if_rate r = { 0 };

	(void)state;
	if_rate_sample(&r, 0, 1000, 1000, 1000, 1000);
	if_rate_sample(&r, 5000, 2000, 2000, 2000, 2000);
	assert_true(r.in_pps > 0);
	if_rate_sample(&r, 10000, 5, 5, 5, 5);
	assert_true(r.primed && r.in_pps < 0.001 && r.in_packets == 5);
	/* a clock that stands still changes nothing */
	if_rate_sample(&r, 10000, 500000, 5, 5, 5);
	assert_int_equal(r.in_packets, 5);
}

static struct if_snapshot shown(const struct if_counts *c, uint64_t in_packets, uint64_t now_ms)
{
	struct if_snapshot i = { .name = "Tunnel0", .in_packets = in_packets, .keepalives = 7,
				 .last_in_ms = SHOW_NEVER, .last_out_ms = 3, .cleared_ms = SHOW_NEVER };

	if_counts_show(c, &i, now_ms);
	return i;
}

static void cleared_counters_begin_at_0_and_rates_go_on(void **state)
{
	struct if_snapshot raw = { .name = "Tunnel0", .keepalives = 5 }, i;
	struct if_counts c = { 0 };

	(void)state;
	assert_int_equal(shown(&c, 10, 0).cleared_ms, SHOW_NEVER);
	for (uint64_t t = 0; t <= 100; t++) {
		raw.in_packets = t * 10;
		if_counts_sample(&c, &raw, 1 + t * 1000);
	}
	if_counts_clear(&c, &raw, 100000);
	i = shown(&c, 1003, 102000);
	assert_int_equal(i.in_packets, 3);
	assert_int_equal(i.keepalives, 2);
	assert_int_equal(i.cleared_ms, 2000);
	assert_int_equal(i.last_in_ms, 1999);
	assert_int_equal(i.last_out_ms, 3);
	assert_true(i.rate.in_pps > 1);
	raw.in_packets = 1003;
	if_counts_sample(&c, &raw, 105000);
	assert_int_equal(shown(&c, 1003, 105000).in_packets, 3);
	/* fewer than then: the device was made anew. A restart that is known of counts at once */
	assert_int_equal(shown(&c, 4, 106000).in_packets, 4);
	if_counts_restarted(&c);
	assert_int_equal(shown(&c, 2000, 107000).in_packets, 2000);
	/* the next look finds another interface in its place */
	struct if_snapshot other = { .name = "Tunnel2", .in_packets = 1 };
	if_counts_sample(&c, &other, 110000);
	assert_int_equal(c.n, 2);
	if_counts_prune(&c, 110000);
	assert_int_equal(c.n, 1);
	assert_int_equal(shown(&c, 2000, 110000).cleared_ms, SHOW_NEVER);
	if_counts_fini(&c);
}

static int forget(void **state)
{
	(void)state;
	txt_fini(&out);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ages_are_written_as_ios_writes_them),
		cmocka_unit_test(plaintext_mtu_is_what_devices_print),
		cmocka_unit_test(initiator_and_responder_print_the_same_row),
		cmocka_unit_test(every_state_fits_its_column),
		cmocka_unit_test(aggressive_mode_shows_its_states_and_the_identity),
		cmocka_unit_test(filters_select_by_peer_map_and_interface),
		cmocka_unit_test(entries_that_were_refused_are_listed_in_their_place),
		cmocka_unit_test(refused_entries_among_many_remarks_are_shown_at_once),
		cmocka_unit_test(an_interface_that_is_not_there_is_an_error),
		cmocka_unit_test(pipes_work_on_layouts),
		cmocka_unit_test(an_sa_without_volume_limit_says_so),
		cmocka_unit_test(an_ah_sa_stands_under_its_own_heading),
		cmocka_unit_test(the_engine_lists_connections_by_number),
		cmocka_unit_test(a_session_without_ike_is_up_no_ike),
		cmocka_unit_test(routes_are_grouped_under_classful_networks),
		cmocka_unit_test(a_route_is_found_by_its_longest_prefix),
		cmocka_unit_test(a_steady_rate_is_approached_within_five_minutes),
		cmocka_unit_test(counters_that_went_backwards_start_anew),
		cmocka_unit_test(cleared_counters_begin_at_0_and_rates_go_on),
	};

	return cmocka_run_group_tests(tests, NULL, forget);
}
