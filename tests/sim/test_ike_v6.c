/* SPDX-License-Identifier: Apache-2.0 */
/* IKE over IPv6, and proxies of either family under peers of either: what is said on the
 * wire (identities of RFC 2407 section 4.6.2), what keys, profiles and policies are found by
 * an address of 128 bits, and repair and NAT traversal with it. */
#include "base/wr.h"
#include "ike/internal.h"
#include "sim.h"

/* The middle of the LANs of a policy. */
static void acquire(int s, uint32_t policy)
{
	const struct selector *sel = &sim.side[s].p2[policy - 1].sel;
	struct flow f = { .local = sel->local.addr, .remote = sel->remote.addr, .proto = sel->proto };

	for (size_t i = 0; i < 16; i++) {
		f.local.b[i] |= sel->local.wild[i] & 0x11;
		f.remote.b[i] |= sel->remote.wild[i] & 0x11;
	}
	ike_acquire(sim.side[s].ike, sim.now_ms, policy, &f);
}

static void assert_addr(const struct ipaddr *a, const char *want)
{
	char buf[IPADDR_STRLEN];

	assert_string_equal(ipaddr_str(a, buf), want);
}

static struct addr_match net(const char *prefix, unsigned len)
{
	struct ipaddr a = sim_addr(prefix), mask = ipaddr_mask(a.family, len);
	struct addr_match m = { .addr = a };

	for (size_t i = 0; i < ip_bits(a.family) / 8; i++)
		m.wild[i] = (uint8_t)~mask.b[i];
	return m;
}

static void proxies(uint32_t policy, struct addr_match zero, struct addr_match one)
{
	for (int s = 0; s < 2; s++) {
		struct selector *sel = &sim.side[s].p2[policy - 1].sel;

		sel->local = s ? one : zero;
		sel->remote = s ? zero : one;
		sim_configure(s);
	}
}

static void assert_up(unsigned pairs)
{
	assert_int_equal(sim_state(0), IKE_QM_IDLE);
	assert_int_equal(sim_state(1), IKE_QM_IDLE);
	assert_int_equal(sim.side[0].n_sa, 2 * pairs);
	sim_assert_twins();
}

static struct datagram take(void)
{
	struct datagram d;

	sim_drain(0);
	sim_drain(1);
	assert_true(sim.n_wire > 0);
	d = *sim.wire[0];
	free(sim.wire[0]);
	memmove(sim.wire, sim.wire + 1, --sim.n_wire * sizeof(sim.wire[0]));
	return d;
}

/* ---- families ---- */

/* Peers of either family, proxies of either, begun by either. */
static void each_family_protects_each(void **state)
{
	(void)state;
	for (int outer = 4; outer <= 6; outer += 2)
		for (int inner = 4; inner <= 6; inner += 2)
			for (int s = 0; s < 2; s++) {
				sim_again();
				if (outer == 6)
					sim_v6(false);
				proxies(1, inner == 6 ? net("2001:db8:a::", 48) : net("10.1.0.0", 16),
					inner == 6 ? net("2001:db8:b:8000::", 49) : net("10.2.128.0", 17));
				acquire(s, 1);
				sim_run(500);
				assert_up(1);
				struct sa_spec *in = sim_sa(0, SA_IN);
				assert_int_equal(in->src.family, outer);
				assert_int_equal(in->sel.local.addr.family, inner);
				assert_true(selector_equal(&in->sel, &sim.side[0].p2[0].sel));
				assert_int_equal(in->mode, MODE_TUNNEL);
				assert_false(in->udp_encap);
			}
}

static void every_prefix_length_is_agreed(void **state)
{
	(void)state;
	for (unsigned len = 0; len <= 128; len++) {
		struct ipaddr a = sim_addr("2001:db8:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa");
		char buf[IPADDR_STRLEN];

		sim_again();
		sim_v6(false);
		a = ipaddr_network(&a, len);
		proxies(1, net(ipaddr_str(&a, buf), len), net("fd00::", 8));
		acquire(0, 1);
		sim_run(500);
		assert_up(1);
	}
}

static void both_families_share_one_phase_1(void **state)
{
	(void)state;
	sim_v6(true);
	proxies(2, net("10.1.0.0", 24), net("10.2.0.0", 24));
	acquire(0, 1);
	sim_run(500);
	acquire(1, 2);
	sim_run(500);
	assert_up(2);
	assert_int_equal(sim_count_sas(0, IKE_QM_IDLE), 1);
	assert_int_equal(sim_count_sas(1, IKE_QM_IDLE), 1);
}

static void ports_and_protocols_of_v6_proxies(void **state)
{
	(void)state;
	sim_v6(true);
	for (int s = 0; s < 2; s++) {
		struct selector *sel = &sim.side[s].p2[0].sel;

		sel->proto = 6;
		*(s ? &sel->local_port : &sel->remote_port) = (struct port_match){ PORT_EQ, 443, 0 };
		sim_configure(s);
	}
	acquire(0, 1);
	sim_run(500);
	assert_up(1);
	assert_int_equal(sim_sa(1, SA_IN)->sel.proto, 6);
	assert_int_equal(sim_sa(1, SA_IN)->sel.local_port.lo, 443);
}

/* A responder takes less than his entry says, and names what he does not have. */
static void a_v6_access_list_is_the_responders_law(void **state)
{
	(void)state;
	sim_v6(true);
	sim.side[0].cfg.n_p2 = sim.side[1].cfg.n_p2 = 1;
	sim.side[0].p2[0].sel.local = net("2001:db8:1:1:8000::", 65);
	sim_configure(0);
	sim_configure(1);
	acquire(0, 1);
	sim_run(500);
	assert_up(1);
	assert_addr(&sim_sa(1, SA_IN)->sel.remote.addr, "2001:db8:1:1:8000::");
	ike_clear_ipsec(sim.side[0].ike, sim.now_ms, NULL, NULL, 0);
	sim.side[0].p2[0].sel.local = net("2001:db8:77::", 48);
	sim_configure(0);
	sim_run(500);
	acquire(0, 1);
	sim_run(500);
	assert_int_equal(sim.side[1].n_sa, 0);
	assert_non_null(strstr(sim.side[1].log, "permit ipv6 2001:DB8:2:1::/64 2001:DB8:77::/48"));
}

static void transport_mode_between_v6_endpoints(void **state)
{
	(void)state;
	for (int outer = 4; outer <= 6; outer += 2) {
		sim_again();
		if (outer == 6)
			sim_v6(false);
		for (int s = 0; s < 2; s++)
			sim.side[s].p2[0].transforms[0].mode = MODE_TRANSPORT;
		proxies(1, net("2001:db8::1", 128), net("2001:db8::2", 128));
		acquire(0, 1);
		sim_run(500);
		assert_up(1);
		/* of other peers it is no transport mode */
		assert_int_equal(sim_sa(0, SA_IN)->mode, outer == 6 ? MODE_TRANSPORT : MODE_TUNNEL);
	}
}

/* ---- identities on the wire ---- */

/* The ID payload's body for a proxy. */
static struct wr encoded(uint8_t *buf, size_t cap, struct addr_match m)
{
	static const struct port_match any = { 0 };
	struct wr w = wr_of(buf, cap);

	assert_true(ids_encode(&w, &m, 58, &any));
	return w;
}

static void v6_proxies_are_said_as_rfc_2407_says(void **state)
{
	static const uint8_t host[] = "\x05\x3a\0\0\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01";
	static const uint8_t subnet[] = "\x06\x3a\0\0\x20\x01\x0d\xb8\0\x0f\0\0\0\0\0\0\0\0\0\0"
					"\xff\xff\xff\xff\xff\xf0\0\0\0\0\0\0\0\0\0\0";
	uint8_t buf[IDS_MAX];

	(void)state;
	struct wr w = encoded(buf, sizeof(buf), net("2001:db8::1", 128));
	assert_int_equal(wr_len(&w), sizeof(host) - 1);
	assert_memory_equal(buf, host, sizeof(host) - 1);
	struct addr_match m = net("2001:db8:f::", 44);
	m.addr.b[5] = 0x0f;
	w = encoded(buf, sizeof(buf), m);
	assert_int_equal(wr_len(&w), sizeof(subnet) - 1);
	assert_memory_equal(buf, subnet, sizeof(subnet) - 1);
	m.wild[3] = 0x10; /* a hole */
	w = wr_of(buf, sizeof(buf));
	assert_false(ids_encode(&w, &m, 0, &(struct port_match){ 0 }));
}

struct said {
	uint8_t type, len;
	uint8_t b[33];
	const char *want; /* NULL: it is refused */
	unsigned prefix;
};

static bool answered(const struct said *i, const struct said *r, struct selector *ret)
{
	uint8_t b[2][40] = { { 0 } }, *heap[2];
	const struct said *v[2] = { i, r };
	struct ike_payloads pl = { .n = 2 };

	for (int k = 0; k < 2; k++) {
		b[k][0] = v[k]->type;
		memcpy(b[k] + 4, v[k]->b, v[k]->len);
		heap[k] = malloc(4u + v[k]->len); /* exactly sized: a sanitizer sees one byte more */
		assert_non_null(heap[k]);
		memcpy(heap[k], b[k], 4u + v[k]->len);
		pl.v[k] = (struct ike_payload){ .type = PL_ID, .body = span_of(heap[k], 4u + v[k]->len) };
	}
	bool ok = ids_answered(&pl, ret);
	free(heap[0]);
	free(heap[1]);
	return ok;
}

#define DB8 0x20, 0x01, 0x0d, 0xb8
#define Z4  0, 0, 0, 0
#define F4  255, 255, 255, 255
static const struct said far = { 5, 16, { DB8, Z4, Z4, 0, 0, 0, 2 }, "2001:db8::2", 128 };

static void what_peers_say_of_v6_is_read(void **state)
{
	static const struct said v[] = {
		{ 5, 16, { DB8, Z4, Z4, 0, 0, 0, 1 }, "2001:db8::1", 128 },
		{ 6, 32, { DB8, 1, 2, 3, 4, Z4, Z4, F4, Z4, Z4, Z4 }, "2001:db8::", 32 },
		{ 6, 32, { DB8, Z4, Z4, Z4, F4, F4, F4, F4 }, "2001:db8::", 128 },
		{ 6, 32, { DB8, Z4, Z4, Z4, Z4, Z4, Z4, Z4 }, "::", 0 },
		{ 8, 32, { DB8, Z4, Z4, Z4, DB8, F4, F4, F4 }, "2001:db8::", 32 },
		{ 8, 32, { DB8, Z4, Z4, 0, 0, 0, 4, DB8, Z4, Z4, 0, 0, 0, 7 }, "2001:db8::4", 126 },
		{ 8, 32, { DB8, Z4, Z4, 0, 0, 0, 4, DB8, Z4, Z4, 0, 0, 0, 4 }, "2001:db8::4", 128 },
		/* ranges that are no subnet, a mask with a hole, wrong lengths, the other family's */
		{ 8, 32, { DB8, Z4, Z4, 0, 0, 0, 4, DB8, Z4, Z4, 0, 0, 0, 8 }, NULL, 0 },
		{ 8, 32, { DB8, Z4, Z4, 0, 0, 0, 7, DB8, Z4, Z4, 0, 0, 0, 4 }, NULL, 0 },
		{ 8, 32, { DB8, Z4, Z4, 0, 0, 0, 1, DB8, Z4, Z4, 0, 0, 0, 2 }, NULL, 0 },
		{ 6, 32, { DB8, Z4, Z4, Z4, 255, 0, 255, 0, Z4, Z4, Z4 }, NULL, 0 },
		{ 5, 15, { DB8 }, NULL, 0 },
		{ 5, 17, { DB8 }, NULL, 0 },
		{ 5, 4, { 10, 0, 0, 1 }, NULL, 0 },
		{ 6, 16, { DB8 }, NULL, 0 },
		{ 6, 31, { DB8 }, NULL, 0 },
		{ 6, 33, { DB8 }, NULL, 0 },
		{ 8, 31, { DB8 }, NULL, 0 },
		{ 8, 33, { DB8 }, NULL, 0 },
		{ 1, 16, { DB8 }, NULL, 0 },
		{ 4, 32, { DB8 }, NULL, 0 },
		{ 7, 32, { DB8 }, NULL, 0 },
		{ 9, 16, { DB8 }, NULL, 0 },
		/* each alone is right, and no packet is of both families */
		{ 1, 4, { 10, 0, 0, 1 }, NULL, 0 },
		{ 4, 8, { 10, 0, 0, 0, 255, 0, 0, 0 }, NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct selector sel;
		unsigned len;
		bool ok = answered(&v[i], &far, &sel);

		assert_int_equal(ok, v[i].want != NULL);
		assert_int_equal(answered(&far, &v[i], &(struct selector){ 0 }), ok);
		if (!ok)
			continue;
		assert_addr(&sel.local.addr, v[i].want);
		assert_true(addr_match_prefix(&sel.local, &len));
		assert_int_equal(len, v[i].prefix);
	}
}

/* Every length of every type that says addresses: only the right ones are taken. */
static void no_other_length_is_taken(void **state)
{
	static const uint8_t right[9] = { [ID_IPV4] = 4, [ID_IPV4_SUBNET] = 8, [ID_IPV4_RANGE] = 8,
					  [ID_IPV6] = 16, [ID_IPV6_SUBNET] = 32, [ID_IPV6_RANGE] = 32 };

	(void)state;
	for (uint8_t type = 1; type <= 8; type++)
		for (uint8_t len = 0; len <= 33; len++) {
			struct said s = { .type = type, .len = len };
			struct selector sel;

			assert_int_equal(answered(&s, &s, &sel), right[type] && len == right[type]);
		}
}

static void phase_1_says_the_v6_address(void **state)
{
	struct ike_sa_info i;

	(void)state;
	sim_v6(true);
	ike_set_debug(sim.side[0].ike, IKE_DEBUG_ISAKMP | IKE_DEBUG_IPSEC);
	acquire(0, 1);
	sim_run(500);
	assert_up(1);
	assert_true(ike_get_sa(sim.side[1].ike, sim.now_ms, 0, &i));
	assert_string_equal(i.peer_id, "2001:DB8::1");
	assert_int_equal(i.remote_port, 500);
	assert_false(i.nat);
	const char *debug = sim.side[0].debug;
	assert_non_null(strstr(debug, "using id type ID_IPV6_ADDR"));
	assert_non_null(strstr(debug, "type         : 5"));
	assert_non_null(strstr(debug, "address      : 2001:DB8::2"));
	assert_non_null(strstr(debug, "Sending an IKE IPv6 Packet."));
	assert_non_null(strstr(debug, "received packet from 2001:DB8::2 dport 500 sport 500"));
	assert_non_null(strstr(debug, "local_proxy= 2001:DB8:1:1::/64/0/0 (type=6)"));
	assert_non_null(strstr(debug, "sa_dest= 2001:DB8::2"));
}

static void aggressive_mode_over_v6(void **state)
{
	(void)state;
	for (int named = 0; named < 2; named++) {
		sim_again();
		sim_v6(true);
		sim.side[0].cfg.n_ag = 1;
		if (!named)
			sim.side[0].ag[0] = (struct ag_peer){ .addr = sim.end[1], .id_kind = AG_IPV4,
							      .id_addr = sim.end[0] };
		for (int s = 0; s < 2; s++) {
			sim.side[s].cfg.aggressive = true;
			sim_configure(s);
		}
		acquire(0, 1);
		sim_run(500);
		assert_up(1);
		assert_int_equal(sim.side[0].sent_main, 0);
		assert_true(sim.side[0].sent_aggressive > 0);
	}
}

/* ---- keys, profiles, places by prefix ---- */

static void key(struct psk_entry *e, const char *prefix, uint8_t len, const char *text)
{
	*e = (struct psk_entry){ .addr = sim_addr(prefix), .mask_len = len };
	e->key_len = (uint8_t)strlen(text);
	memcpy(e->key, text, e->key_len);
}

static void the_narrowest_prefix_has_the_key(void **state)
{
	struct psk_entry keys[6];
	struct ike_config cfg = sim.side[0].cfg;
	struct ipaddr none = { 0 };

	(void)state;
	key(&keys[0], "::", 0, "any");
	key(&keys[1], "2001:db8::", 32, "site");
	key(&keys[2], "2001:db8:0:8000::", 49, "half");
	key(&keys[3], "2001:db8::2", 128, "host");
	key(&keys[4], "0.0.0.0", 0, "any4");
	key(&keys[5], "2001:db8::", 32, "second");
	cfg.psk = keys;
	cfg.n_psk = 6;
	assert_int_equal(ike_configure(sim.side[0].ike, &cfg, sim.now_ms), 0);
	static const char *const want[][2] = {
		{ "2001:db8::2", "host" },	  { "2001:db8::3", "site" },
		{ "2001:db8:0:8000::1", "half" }, { "2001:db8:0:7fff::1", "site" },
		{ "2001:db9::2", "any" },	  { "10.0.0.1", "any4" },
		{ "32.1.13.184", "any4" }, /* the first bytes of 2001:db8:: */
	};
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		struct ipaddr peer = sim_addr(want[i][0]);
		const struct psk_entry *e = psk_find(sim.side[0].ike, NULL, &none, &peer);

		assert_non_null(e);
		assert_int_equal(e->key_len, strlen(want[i][1]));
		assert_memory_equal(e->key, want[i][1], e->key_len);
	}
	cfg.psk = keys + 1; /* without the two for everybody */
	cfg.n_psk = 3;
	assert_int_equal(ike_configure(sim.side[0].ike, &cfg, sim.now_ms), 0);
	struct ipaddr peer = sim_addr("2001:db9::1");
	assert_null(psk_find(sim.side[0].ike, NULL, &none, &peer));
	peer = sim_addr("10.0.0.1");
	assert_null(psk_find(sim.side[0].ike, NULL, &none, &peer));
}

static void what_to_type_has_the_words_of_ipv6(void **state)
{
	struct ike_profile p = { .name = "P", .n_matches = 1 };

	(void)state;
	sim_v6(true);
	sim.side[0].cfg.n_psk = 0;
	sim_configure(0);
	acquire(0, 1);
	sim_drain(0);
	assert_non_null(strstr(sim.side[0].reason, "crypto isakmp key KEY address ipv6 2001:DB8::2/128)"));
	acquire(1, 1);
	sim_run(500);
	assert_non_null(strstr(sim.side[0].log, "crypto isakmp key KEY address ipv6 2001:DB8::2/128)"));
	/* an entry that wants a profile, and an identity that no statement of it names */
	sim_again();
	sim_v6(true);
	p.matches[0] = (struct profile_match){ MATCH_ADDRESS, sim_addr("2001:db8:5::"), 48, "" };
	sim.side[0].cfg.profiles = &p;
	sim.side[0].cfg.n_profiles = 1;
	memcpy(sim.side[0].p2[0].profile, "P", 2);
	sim_configure(0);
	acquire(0, 1);
	sim_run(500);
	assert_int_equal(sim.side[0].n_sa, 0);
	assert_non_null(strstr(sim.side[0].log, "match identity address ipv6 2001:DB8::2/128)"));
}

/* /32 is no host of IPv6. */
static void a_v6_prefix_of_32_bits_serves_a_negotiation(void **state)
{
	(void)state;
	sim_v6(true);
	key(&sim.side[1].psk[0], "2001:db8::", 32, "secretkey");
	sim_configure(1);
	acquire(0, 1);
	sim_run(500);
	assert_up(1);
}

static void profiles_match_v6_addresses(void **state)
{
	struct ike_profile p[3] = { { .name = "SITE", .n_matches = 1 }, { .name = "HOST", .n_matches = 1 },
				    { .name = "OLD", .n_matches = 1 } };
	struct ike_sa_info i;

	(void)state;
	p[0].matches[0] = (struct profile_match){ MATCH_ADDRESS, sim_addr("2001:db8::"), 127, "" };
	p[1].matches[0] = (struct profile_match){ MATCH_ADDRESS, sim_addr("2001:db8::1"), 128, "" };
	p[2].matches[0] = (struct profile_match){ MATCH_ADDRESS, sim_addr("0.0.0.0"), 0, "" };
	for (size_t n = 1; n <= 3; n++) {
		sim_again();
		sim_v6(true);
		sim.side[1].cfg.profiles = n == 3 ? p + 2 : p;
		sim.side[1].cfg.n_profiles = n == 3 ? 1 : n;
		sim_configure(1);
		acquire(0, 1);
		sim_run(500);
		assert_true(ike_get_sa(sim.side[1].ike, sim.now_ms, 0, &i));
		assert_string_equal(i.profile, n == 1 ? "SITE" : n == 2 ? "HOST" : "");
	}
}

/* One who owns a network of IPv6 takes no more places than one with a /24. */
static void one_site_does_not_take_all_places(void **state)
{
	struct ike_path path = { .local_port = 500, .remote_port = 500 };
	unsigned answers = 0;

	(void)state;
	sim_v6(true);
	key(&sim.side[1].psk[0], "::", 0, "secretkey");
	sim_configure(1);
	acquire(0, 1);
	struct datagram d = take();
	path.local = sim.end[1];
	for (unsigned i = 0; i < 200; i++) {
		unsigned before = sim.side[1].sent_main;

		path.remote = sim_addr("2001:db8:5555::");
		path.remote.b[7] = (uint8_t)i; /* in one /56 */
		path.remote.b[15] = 1;
		d.b[0] = (uint8_t)(1 + i);
		sim_feed(1, &path, d.b, d.len);
		sim_drain(1);
		answers += sim.side[1].sent_main - before;
	}
	assert_int_equal(answers, IKE_MAX_HALF_NET);
	path.remote = sim_addr("2001:db8:5555:100::1"); /* and another one is served */
	unsigned before = sim.side[1].sent_main;
	sim_feed(1, &path, d.b, d.len);
	sim_drain(1);
	assert_int_equal(sim.side[1].sent_main - before, 1);
}

/* ---- policies that the core makes ---- */

static void a_dynamic_map_takes_v6_proxies(void **state)
{
	const struct p2_policy *p;

	(void)state;
	sim_v6(true);
	struct p2_policy *t = &sim.side[1].p2[0];
	t->dynamic = t->any_proxies = true;
	t->n_peers = 0;
	t->sel.local = t->sel.remote = net("::", 0);
	sim.side[1].cfg.n_p2 = 1;
	sim_configure(1);
	acquire(0, 1);
	sim_run(500);
	assert_up(1);
	p = ike_made(sim.side[1].ike, NULL);
	assert_non_null(p);
	assert_addr(&p->sel.remote.addr, "2001:db8:1:1::");
	assert_true(ipaddr_equal(&p->peers[0], &sim.end[0]));
	/* a new core holds on to what is protected, and knows no peer yet */
	uint32_t id = p->id;
	struct selector sel = p->sel;
	sim_restart(1, false);
	assert_int_equal(ike_adopt_held(sim.side[1].ike, sim.now_ms, id, 1, &sel), 0);
	p = ike_made(sim.side[1].ike, NULL);
	assert_non_null(p);
	assert_true(ipaddr_is_unspecified(&p->peers[0]));
	assert_int_equal(p->peers[0].family, IP_V6);
	ike_clear_ipsec(sim.side[0].ike, sim.now_ms, NULL, NULL, 0);
	ike_clear_isakmp(sim.side[0].ike, sim.now_ms, 0);
	sim_run(1000);
	acquire(0, 1);
	sim_run(1000);
	assert_true(ipaddr_equal(&ike_made(sim.side[1].ike, NULL)->peers[0], &sim.end[0]));
	/* no template for the other family */
	sim.side[0].p2[1].sel.local = net("10.1.0.0", 16);
	sim.side[0].p2[1].sel.remote = net("10.2.0.0", 16);
	sim_configure(0);
	acquire(0, 2);
	sim_run(500);
	assert_int_equal(sim.side[0].n_sa, 2);
}

static void each_pair_of_v6_hosts_gets_its_own(void **state)
{
	(void)state;
	sim_v6(true);
	sim.side[0].p2[0].per_host = sim.side[1].p2[0].per_host = true;
	sim_configure(0);
	sim_configure(1);
	acquire(0, 1);
	sim_run(500);
	assert_up(1);
	assert_addr(&sim_sa(0, SA_OUT)->sel.local.addr, "2001:db8:1:1:1111:1111:1111:1111");
	assert_addr(&sim_sa(1, SA_IN)->sel.remote.addr, "2001:db8:1:1:1111:1111:1111:1111");
	struct flow f = { .local = sim_addr("2001:db8:1:1::5"), .remote = sim_addr("2001:db8:2:1::6") };
	ike_acquire(sim.side[0].ike, sim.now_ms, 1, &f);
	sim_run(500);
	assert_up(2);
	/* a packet that is none of this line's */
	f.local = sim_addr("10.1.1.1");
	f.remote = sim_addr("10.2.2.2");
	ike_acquire(sim.side[0].ike, sim.now_ms, 1, &f);
	sim_run(500);
	assert_up(2);
}

/* ---- a NAT between them ---- */

static void a_nat_of_v6_is_found_and_esp_goes_in_udp(void **state)
{
	struct ike_sa_info i;

	(void)state;
	sim_v6(true);
	sim_nat(10500, 14500);
	acquire(0, 1);
	sim_run(500);
	assert_up(1);
	assert_true(ike_get_sa(sim.side[1].ike, sim.now_ms, 0, &i));
	assert_true(i.nat);
	assert_int_equal(i.local_port, 4500);
	assert_int_equal(i.remote_port, 14500);
	const struct sa_spec *out = sim_sa(1, SA_OUT);
	assert_true(out->udp_encap);
	assert_int_equal(out->udp_dport, 14500);
	assert_addr(&out->dst, "2001:db8:ffff::1");
	/* and the peer may be moved */
	struct ipaddr at = sim_addr("2001:db8:ffff::77");
	ike_peer_moved(sim.side[1].ike, sim.now_ms, sim_sa(1, SA_IN)->id, &at, 30000);
	sim_drain(1);
	assert_addr(&sim_sa(1, SA_OUT)->dst, "2001:db8:ffff::77");
	assert_int_equal(sim_sa(1, SA_OUT)->udp_dport, 30000);
}

static void transport_mode_through_a_nat_has_v6_originals(void **state)
{
	(void)state;
	sim_v6(false);
	sim_nat(10500, 14500);
	for (int s = 0; s < 2; s++)
		sim.side[s].p2[0].transforms[0].mode = MODE_TRANSPORT;
	sim.side[0].p2[0].sel.local = net("2001:db8::1", 128);
	sim.side[0].p2[0].sel.remote = net("2001:db8::2", 128);
	sim.side[1].p2[0].sel.local = net("2001:db8::2", 128);
	sim.side[1].p2[0].sel.remote = net("2001:db8:ffff::1", 128);
	sim_configure(0);
	sim_configure(1);
	acquire(0, 1);
	sim_run(1000);
	assert_int_equal(sim.side[0].n_sa, 2);
	assert_int_equal(sim.side[1].n_sa, 2);
	const struct sa_spec *a = sim_sa(0, SA_IN), *b = sim_sa(1, SA_IN);
	assert_int_equal(a->mode, MODE_TRANSPORT);
	assert_true(a->udp_encap && b->udp_encap);
	assert_addr(&a->oa_src, "2001:db8::2");
	assert_addr(&a->oa_dst, "2001:db8:ffff::1");
	assert_addr(&b->oa_src, "2001:db8::1");
	assert_addr(&b->oa_dst, "2001:db8::2");
	assert_addr(&b->sel.remote.addr, "2001:db8:ffff::1");
}

/* Checksums are mended by original addresses: both are of the peers' family, or there are none. */
static void original_addresses_of_another_family_are_none(void **state)
{
	static const struct said six = { 5, 16, { DB8, Z4, Z4, 0, 0, 0, 1 }, NULL, 0 };
	static const struct said four = { 1, 4, { 192, 0, 2, 1 }, NULL, 0 };
	const struct said *rows[][2] = { { &six, &six }, { &six, &four }, { &four, &six }, { &four, &four } };

	(void)state;
	for (size_t i = 0; i < 4; i++)
		for (int v6 = 0; v6 < 2; v6++) {
			uint8_t b[2][20] = { { 0 } };
			struct ike_payloads pl = { .n = 2 };
			struct ike_sa sa = { .natt = NATT_RFC, .nat_there = true };
			struct qm q = { .sa = &sa };

			sa.path.remote = sim_addr(v6 ? "2001:db8::2" : "192.0.2.2");
			for (int k = 0; k < 2; k++) {
				b[k][0] = rows[i][k]->type;
				memcpy(b[k] + 4, rows[i][k]->b, rows[i][k]->len);
				pl.v[k] = (struct ike_payload){ .type = PL_NATOA,
								.body = span_of(b[k], 4u + rows[i][k]->len) };
			}
			natt_read_original(&q, &pl);
			bool taken = i == (v6 ? 0 : 3);
			assert_int_equal(q.oa_his.family != 0, taken);
			assert_int_equal(q.oa_own.family != 0, taken);
		}
}

static void a_nat_that_nobody_looks_for_is_named(void **state)
{
	(void)state;
	sim_v6(true);
	sim.side[1].cfg.nat_traversal = false;
	sim_configure(1);
	acquire(0, 1);
	sim_run(500);
	assert_up(1);
	assert_int_equal(sim.side[1].logs, 0);
	sim_again();
	sim_v6(true);
	sim.side[1].cfg.nat_traversal = false;
	sim_configure(1);
	sim_nat(500, 4500);
	acquire(0, 1);
	sim_run(500);
	assert_non_null(strstr(sim.side[1].log, "between us and 2001:DB8:FFFF::1 (it calls itself 2001:DB8::1)"));
}

/* ---- fragments ---- */

static int sign(void *ctx, struct span hash, uint8_t sig[IKE_SIG_MAX], size_t *ret_len)
{
	(void)ctx;
	memset(sig, 0x5a, 256);
	memcpy(sig, hash.p, hash.len);
	*ret_len = 256;
	return 0;
}

static int verify(void *ctx, const struct ike_proof *p, char why[IKE_WHY_MAX])
{
	(void)ctx;
	(void)why;
	return p->sig.len == 256 && !memcmp(p->sig.p, p->hash.p, p->hash.len) ? 0 : -1;
}

/* With the non-ESP marker no datagram is above 1280 bytes, and the full ones are just that. */
static void fragments_fit_the_least_mtu(void **state)
{
	static uint8_t der[3000];
	const struct span cert = span_of(der, sizeof(der));

	sim_env.sign = sign;
	sim_env.verify = verify;
	for (int outer = 4; outer <= 6; outer += 2) {
		size_t longest = 0, room = 1280 - 8 - 4 - (outer == 6 ? 40 : 20);
		bool cut = false;

		sim_again();
		if (outer == 6)
			sim_v6(true);
		for (int s = 0; s < 2; s++) {
			sim.side[s].cfg.fragmentation = true;
			sim.side[s].p1[0].auth = IKE_AUTH_RSA_SIG;
			sim.side[s].cfg.certs = &cert;
			sim.side[s].cfg.n_certs = 1;
			sim_configure(s);
		}
		acquire(0, 1);
		for (unsigned n = 0; n < 200 && sim_count_sas(0, IKE_QM_IDLE) == 0; n++) {
			sim_drain(0);
			sim_drain(1);
			for (size_t i = 0; i < sim.n_wire; i++) {
				longest = sim.wire[i]->len > longest ? sim.wire[i]->len : longest;
				cut |= sim.wire[i]->b[16] == PL_FRAGMENT;
			}
			if (!sim_deliver_one())
				sim_run(60);
		}
		sim_run(500);
		assert_up(1);
		assert_true(cut);
		assert_int_equal(longest, room);
	}
	sim_env.sign = NULL;
	sim_env.verify = NULL;
	sim_teardown(state);
	sim_setup(state);
}

/* ---- life and repair ---- */

static void pairs_are_renewed_and_dead_peers_found_over_v6(void **state)
{
	(void)state;
	sim_v6(true);
	sim.side[0].cfg.keepalive_sec = 10;
	sim.side[0].cfg.keepalive_retry_sec = 2;
	sim.side[0].cfg.keepalive_periodic = true;
	sim_configure(0);
	acquire(0, 1);
	sim_run(500);
	assert_up(1);
	uint32_t spi = sim_sa(0, SA_OUT)->spi;
	ike_expire(sim.side[0].ike, sim.now_ms, sim_sa(0, SA_OUT)->id, false, true);
	sim_run(60000);
	assert_up(1);
	assert_int_not_equal(sim_sa(0, SA_OUT)->spi, spi);
	assert_true(sim.side[1].sent_info >= 5); /* answers */
	sim.cut[1] = true;
	sim_run(60000);
	assert_int_equal(sim.side[0].n_sa, 0);
	sim.cut[1] = false;
	acquire(0, 1); /* INITIAL-CONTACT clears the other's, too */
	sim_run(2000);
	assert_up(1);
}

static void unknown_spis_over_v6_are_told_and_repaired(void **state)
{
	(void)state;
	sim_v6(true);
	acquire(0, 1);
	sim_run(500);
	assert_up(1);
	uint32_t spi = sim_sa(1, SA_OUT)->spi;
	sim_restart(0, false); /* it has lost all, and hears ESP of the old pair */
	sim.side[0].cfg.invalid_spi_recovery = true;
	sim_configure(0);
	ike_unknown_spi(sim.side[0].ike, sim.now_ms, &sim.end[1], PROTO_ESP, spi);
	sim_run(1000);
	assert_int_equal(sim_count_sas(0, IKE_QM_IDLE), 1);
	assert_int_equal(sim.side[1].n_sa, 0);
	acquire(1, 1);
	sim_run(500);
	assert_up(1);
}

static void a_v6_pair_is_taken_over(void **state)
{
	(void)state;
	sim_v6(true);
	acquire(0, 1);
	sim_run(500);
	struct sa_spec in = *sim_sa(0, SA_IN), out = *sim_sa(0, SA_OUT);
	sim_restart(0, true);
	assert_int_equal(ike_adopt(sim.side[0].ike, sim.now_ms, &in), 0);
	assert_int_equal(ike_adopt(sim.side[0].ike, sim.now_ms, &out), 0);
	sim_drain(0);
	assert_int_equal(sim_pairs(0), 1);
	assert_int_equal(sim.side[0].n_sa, 2);
	ike_expire(sim.side[0].ike, sim.now_ms, out.id, false, true);
	sim_run(60000);
	assert_up(1);
}

static void the_next_v6_peer_has_its_turn(void **state)
{
	struct side *x = &sim.side[0];

	(void)state;
	sim_v6(true);
	x->p2[0].n_peers = 2; /* the first is not there */
	x->p2[0].peers[0] = sim_addr("2001:db8::99");
	x->p2[0].peers[1] = sim.end[1];
	key(&x->psk[0], "2001:db8::", 64, "secretkey");
	sim_configure(0);
	acquire(0, 1);
	sim_run(100000);
	assert_up(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_TEST(each_family_protects_each),
		SIM_TEST(every_prefix_length_is_agreed),
		SIM_TEST(both_families_share_one_phase_1),
		SIM_TEST(ports_and_protocols_of_v6_proxies),
		SIM_TEST(a_v6_access_list_is_the_responders_law),
		SIM_TEST(transport_mode_between_v6_endpoints),
		SIM_TEST(v6_proxies_are_said_as_rfc_2407_says),
		SIM_TEST(what_peers_say_of_v6_is_read),
		SIM_TEST(no_other_length_is_taken),
		SIM_TEST(phase_1_says_the_v6_address),
		SIM_TEST(aggressive_mode_over_v6),
		SIM_TEST(the_narrowest_prefix_has_the_key),
		SIM_TEST(what_to_type_has_the_words_of_ipv6),
		SIM_TEST(a_v6_prefix_of_32_bits_serves_a_negotiation),
		SIM_TEST(profiles_match_v6_addresses),
		SIM_TEST(one_site_does_not_take_all_places),
		SIM_TEST(a_dynamic_map_takes_v6_proxies),
		SIM_TEST(each_pair_of_v6_hosts_gets_its_own),
		SIM_TEST(a_nat_of_v6_is_found_and_esp_goes_in_udp),
		SIM_TEST(transport_mode_through_a_nat_has_v6_originals),
		SIM_TEST(original_addresses_of_another_family_are_none),
		SIM_TEST(a_nat_that_nobody_looks_for_is_named),
		SIM_TEST(fragments_fit_the_least_mtu),
		SIM_TEST(pairs_are_renewed_and_dead_peers_found_over_v6),
		SIM_TEST(unknown_spis_over_v6_are_told_and_repaired),
		SIM_TEST(a_v6_pair_is_taken_over),
		SIM_TEST(the_next_v6_peer_has_its_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
