/* SPDX-License-Identifier: Apache-2.0 */
/* The ruleset as text; what the kernel makes of it is for test_host_steering.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "host/steer.h"

#define NET(a, b, c, d, len) \
	addr_match_v4((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (d), ~ipv4_mask(len))
#define ANY NET(0, 0, 0, 0, 0)

static struct steer_if one_if(const struct steer_line *lines, size_t n)
{
	struct steer_if f = { .slot = 3, .ifindex = 7, .device = "eth1", .tun = "cvsteer3",
			      .tun_ifindex = 9, .lines = lines, .n_lines = n };
	return f;
}

static struct txt rules_of(const struct steer_line *lines, size_t n, enum steer_form form)
{
	struct steer_if f = one_if(lines, n);
	struct txt t = TXT_INIT;

	steer_ruleset(&f, 1, form, NULL, &t);
	assert_false(t.bad);
	return t;
}

/* The body of a chain, in out. */
static const char *chain(const struct txt *t, const char *name, char out[4096])
{
	char head[64];

	snprintf(head, sizeof(head), "\tchain %s {\n", name);
	const char *from = strstr(txt_cstr(t), head);
	assert_non_null(from);
	from += strlen(head);
	const char *to = strstr(from, "\t}\n");
	assert_non_null(to);
	snprintf(out, 4096, "%.*s", (int)(to - from), from);
	return out;
}

static size_t count(const char *s, const char *what)
{
	size_t n = 0;

	for (; (s = strstr(s, what)); s += strlen(what))
		n++;
	return n;
}

static void a_permit_marks_and_a_deny_returns(void **state)
{
	const struct steer_line l[] = {
		{ 10, false, { NET(10, 1, 1, 0, 24), NET(10, 2, 2, 128, 25), 17, { 0 }, { 0 } } },
		{ 10, true, { NET(10, 1, 1, 0, 24), NET(10, 2, 2, 5, 32), 0, { 0 }, { 0 } } },
		{ 20, true, { ANY, ANY, 47, { 0 }, { 0 } } },
	};
	struct txt t = rules_of(l, 3, STEER_FULL);
	char b[4096];

	(void)state;
	assert_string_equal(chain(&t, "steer_3_10", b),
			    "\t\tip protocol 17 ip saddr 10.1.1.0/24 ip daddr 10.2.2.128/25 return\n"
			    "\t\tip saddr 10.1.1.0/24 ip daddr 10.2.2.5/32 meta mark set 0x43560103 accept\n");
	assert_string_equal(chain(&t, "steer_3_20", b),
			    "\t\tip protocol 47 meta mark set 0x43560103 accept\n");
	assert_string_equal(chain(&t, "steer_3", b), "\t\tjump steer_3_10\n\t\tjump steer_3_20\n");
	assert_string_equal(chain(&t, "guard_3_20", b), "\t\tip protocol 47 goto leaving_clear\n");
	txt_fini(&t);
}

static void the_mirror_exchanges_the_two_ends(void **state)
{
	const struct steer_line l[] = {
		{ 10, true, { NET(10, 1, 1, 0, 24), NET(10, 2, 2, 0, 24), 6, { PORT_EQ, 80, 0 },
			      { PORT_GT, 1023, 0 } } },
	};
	struct txt t = rules_of(l, 1, STEER_FULL);
	char b[4096];

	(void)state;
	assert_string_equal(
		chain(&t, "mirror_3_10", b),
		"\t\tip protocol 6 ip saddr 10.2.2.0/24 ip daddr 10.1.1.0/24 th sport > 1023 "
		"th dport 80 goto arrived_clear\n"
		"\t\tip frag-off & 0x1fff != 0 ip protocol 6 ip saddr 10.2.2.0/24 "
		"ip daddr 10.1.1.0/24 goto arrived_clear\n");
	txt_fini(&t);
}

static void every_port_test_has_its_words(void **state)
{
	static const struct {
		struct port_match m;
		const char *want;
	} rows[] = {
		{ { PORT_EQ, 7, 0 }, "th dport 7 " },	     { { PORT_NEQ, 7, 0 }, "th dport != 7 " },
		{ { PORT_LT, 7, 0 }, "th dport < 7 " },	     { { PORT_GT, 7, 0 }, "th dport > 7 " },
		{ { PORT_RANGE, 7, 9 }, "th dport 7-9 " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct steer_line l = { 1, true, { ANY, ANY, 17, { 0 }, rows[i].m } };
		struct txt t = rules_of(&l, 1, STEER_FULL);
		char b[4096];

		assert_non_null(strstr(chain(&t, "steer_3_1", b), rows[i].want));
		txt_fini(&t);
	}
}

static void what_can_never_match_is_left_out(void **state)
{
	const struct steer_line l[] = {
		{ 1, true, { ANY, ANY, 17, { PORT_RANGE, 9, 5 }, { 0 } } },
		{ 1, true, { .local = { .addr.family = IP_V6 }, .remote = { .addr.family = IP_V6 } } },
	};
	struct txt t = rules_of(l, 2, STEER_FULL);
	char b[4096];

	(void)state;
	assert_string_equal(chain(&t, "steer_3_1", b), "");
	assert_string_equal(chain(&t, "guard_3_1", b), "");
	txt_fini(&t);
}

static void wildcards_with_holes_are_masked(void **state)
{
	const struct steer_line l = { 1, true, { addr_match_v4(0x0A000A01, 0x00FF00FE), ANY, 0,
						 { 0 }, { 0 } } };
	struct txt t = rules_of(&l, 1, STEER_FULL);
	char b[4096];

	(void)state;
	assert_non_null(strstr(chain(&t, "steer_3_1", b),
			       "ip saddr & 255.0.255.1 == 10.0.10.1 meta mark"));
	txt_fini(&t);
}

/* n lines 10.1.1.0/24 -> 10.2.i.0/24. */
static void fill(struct steer_line *l, size_t n)
{
	for (size_t i = 0; i < n; i++)
		l[i] = (struct steer_line){ 10, true, { NET(10, 1, 1, 0, 24), NET(10, 2, i, 0, 24), 0,
							{ 0 }, { 0 } } };
}

static void a_run_of_plain_lines_is_one_set(void **state)
{
	struct steer_line l[40];
	char b[4096];

	(void)state;
	fill(l, 40);
	l[20].permit = false; /* in the middle, between two runs */
	struct txt t = rules_of(l, 40, STEER_FULL);
	chain(&t, "steer_3_10", b);
	assert_int_equal(count(b, "@nh,96,32 . @nh,128,32 @run_3_"), 2);
	assert_int_equal(count(b, " return\n"), 1);
	assert_non_null(strstr(b, "@run_3_10_0 "));
	assert_true(strstr(b, "@run_3_10_0 ") < strstr(b, "return"));
	assert_true(strstr(b, "return") < strstr(b, "@run_3_10_1 "));
	chain(&t, "mirror_3_10", b); /* the same sets, the other way round */
	assert_int_equal(count(b, "@nh,128,32 . @nh,96,32 @run_3_"), 2);
	/* each element once, whatever chains look into it */
	assert_int_equal(count(txt_cstr(&t), "0x0a010100-0x0a0101ff . 0x0a02"), 39);
	assert_non_null(strstr(txt_cstr(&t), "0x0a021300-0x0a0213ff }"));
	txt_fini(&t);
	t = rules_of(l, 40, STEER_PLAIN);
	chain(&t, "steer_3_10", b);
	assert_int_equal(count(b, "{"), 0);
	assert_int_equal(count(b, "accept\n"), 39);
	txt_fini(&t);
}

static void a_covered_line_is_left_out_of_the_set(void **state)
{
	struct steer_line l[20];
	char b[4096];

	(void)state;
	fill(l, 20);
	l[10].sel.remote = NET(10, 2, 3, 77, 32);
	struct txt t = rules_of(l, 20, STEER_FULL);
	chain(&t, "steer_3_10", b);
	assert_int_equal(count(b, "@nh,96,32 . @nh,128,32 @run_3_10_0"), 1);
	assert_int_equal(count(txt_cstr(&t), "0x0a010100-0x0a0101ff . 0x0a02"), 19);
	assert_null(strstr(txt_cstr(&t), "0x0a02034d"));
	txt_fini(&t);
}

static void a_line_that_overlaps_begins_a_new_run(void **state)
{
	struct steer_line l[41];
	char b[4096];

	(void)state;
	fill(l, 41);
	l[20].sel.remote = NET(10, 2, 0, 0, 16); /* holds those before it and after it */
	struct txt t = rules_of(l, 41, STEER_FULL);
	chain(&t, "steer_3_10", b);
	assert_int_equal(count(b, "@nh,96,32 . @nh,128,32 @run_3_"), 2);
	/* and those after it say nothing new */
	assert_int_equal(count(txt_cstr(&t), "0x0a010100-0x0a0101ff . 0x0a02"), 21);
	txt_fini(&t);
}

static void entries_are_one_up_to_a_deny_line(void **state)
{
	static const struct {
		uint32_t seq, want;
		bool permit;
	} rows[] = { { 10, 10, true }, { 10, 10, true }, { 20, 10, true }, { 30, 10, true }, { 30, 10, false }, { 30, 10, true },
		     { 40, 40, false }, { 40, 40, true }, { 50, 50, true }, { 60, 50, true } };
	struct steer_line l[sizeof(rows) / sizeof(rows[0])];
	size_t n = sizeof(rows) / sizeof(rows[0]);

	(void)state;
	for (size_t i = 0; i < n; i++)
		l[i] = (struct steer_line){ rows[i].seq, rows[i].permit, { ANY, ANY, 0, { 0 }, { 0 } } };
	steer_join_entries(l, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(l[i].map_seq, rows[i].want);
	steer_join_entries(l, 0);
}

static void a_run_keeps_to_one_protocol(void **state)
{
	struct steer_line l[40];
	char b[4096];

	(void)state;
	fill(l, 40);
	for (size_t i = 0; i < 20; i++)
		l[i].sel.proto = 47;
	struct txt t = rules_of(l, 40, STEER_FULL);
	chain(&t, "steer_3_10", b);
	assert_int_equal(count(b, "@nh,96,32 . @nh,128,32 @run_3_"), 2);
	assert_int_equal(count(b, "ip protocol 47 @nh,96,32 . @nh,128,32 @run_3_10_0"), 1);
	txt_fini(&t);
}

static void the_last_resort_closes_the_interface(void **state)
{
	struct steer_line l = { 1, true, { ANY, ANY, 0, { 0 }, { 0 } } };
	struct txt t = rules_of(&l, 1, STEER_CLOSED);
	char b[4096];

	(void)state;
	assert_string_equal(chain(&t, "guard_3", b), "\t\tgoto leaving_clear\n");
	/* ours alone passes by it: ESP, AH and IKE, and by our mark */
	assert_ptr_equal(strstr(chain(&t, "guard", b), "\t\tmeta mark 0x43560001 jump cipher\n"), b);
	assert_null(strstr(b, "accept"));
	assert_string_equal(chain(&t, "cipher", b), "\t\tudp sport 4500 accept\n\t\tip protocol esp accept\n"
						    "\t\tip protocol 51 accept\n\t\tudp sport 500 accept\n");
	assert_null(strstr(txt_cstr(&t), "meta mark set"));
	/* what a kernel may lack, and the full form was refused for */
	assert_null(strstr(txt_cstr(&t), "fib "));
	assert_null(strstr(txt_cstr(&t), "type route"));
	assert_null(strstr(txt_cstr(&t), "maxseg"));
	txt_fini(&t);
}

static void names_that_nft_cannot_hold_go_by_index(void **state)
{
	static const char *const odd[] = { "eth*", "a\"b", "a{b", "a;b", "a\\b", "a$b" };
	struct steer_line l = { 1, true, { ANY, ANY, 0, { 0 }, { 0 } } };

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct steer_if f = one_if(&l, 1);
		struct txt t = TXT_INIT;
		char b[4096];

		snprintf(f.device, sizeof(f.device), "%s", odd[i]);
		steer_ruleset(&f, 1, STEER_FULL, NULL, &t);
		assert_null(strstr(txt_cstr(&t), odd[i]));
		assert_non_null(strstr(chain(&t, "guard", b), "\t\toif 7 jump guard_3\n"));
		assert_non_null(strstr(chain(&t, "forwarding", b), "fib daddr oif 7 jump steer_3\n"));
		txt_fini(&t);
	}
}

static void counters_go_on_where_they_were(void **state)
{
	const struct steer_counts c = { 1, 2, 3, UINT64_MAX };
	struct txt t = TXT_INIT;

	(void)state;
	steer_ruleset(NULL, 0, STEER_FULL, &c, &t);
	assert_non_null(strstr(txt_cstr(&t), "counter guard_drops { packets 1 bytes 2 }"));
	assert_non_null(strstr(txt_cstr(&t),
			       "counter mirror_drops { packets 3 bytes 18446744073709551615 }"));
	txt_fini(&t);
}

static void only_the_full_form_logs(void **state)
{
	(void)state;
	for (enum steer_form form = STEER_FULL; form <= STEER_CLOSED; form++) {
		struct txt t = rules_of(NULL, 0, form);

		assert_int_equal(count(txt_cstr(&t), "log group 17174"), form == STEER_FULL);
		txt_fini(&t);
	}
}

/* A protected tunnel's GRE leaves by no interface and arrives by none but its TUN; even
 * where nothing else can be expressed. */
static void a_protected_tunnel_is_guarded_on_every_interface(void **state)
{
	const struct steer_line l = { 1, true, { NET(192, 0, 2, 1, 32), NET(192, 0, 2, 2, 32), 47, { 0 }, { 0 } } };
	const struct steer_line m = { 10, true, { ANY, ANY, 6, { 0 }, { 0 } } };
	struct steer_if v[] = { one_if(&m, 1),
				{ .any_device = true, .slot = STEER_SLOTS + 5, .tun = "Tunnel5",
				  .lines = &l, .n_lines = 1 } };
	char b[4096];

	(void)state;
	for (enum steer_form form = STEER_FULL; form <= STEER_CLOSED; form++) {
		struct txt t = TXT_INIT;

		steer_ruleset(v, 2, form, NULL, &t);
		assert_string_equal(chain(&t, "guard_261_1", b),
				    "\t\tip protocol 47 ip saddr 192.0.2.1/32 ip daddr 192.0.2.2/32 "
				    "goto leaving_clear\n");
		assert_non_null(strstr(chain(&t, "guard", b), "\t\tjump guard_261\n"));
		if (form != STEER_CLOSED) {
			assert_non_null(strstr(chain(&t, "prerouting", b),
					       "\t\tiifname != \"Tunnel5\" jump mirror_261\n"));
			assert_string_equal(chain(&t, "mirror_261_1", b),
					    "\t\tip protocol 47 ip saddr 192.0.2.2/32 ip daddr "
					    "192.0.2.1/32 goto arrived_clear\n");
		}
		assert_null(strstr(txt_cstr(&t), "steer_261"));
		txt_fini(&t);
	}
}

/* Fragments that come out of the SA of several tunnels come in by the TUN of any of them. */
static void tunnels_with_the_same_ends_take_each_others_fragments(void **state)
{
	const struct steer_line l = { 1, true, { NET(192, 0, 2, 1, 32), NET(192, 0, 2, 2, 32), 47, { 0 }, { 0 } } };
	const struct steer_line m = { 1, true, { NET(192, 0, 2, 1, 32), NET(192, 0, 2, 3, 32), 47, { 0 }, { 0 } } };
	struct steer_if v[3] = { 0 };
	struct txt t = TXT_INIT;
	char b[4096];

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		v[i] = (struct steer_if){ .any_device = true, .slot = STEER_SLOTS + i,
					  .lines = i == 1 ? &m : &l, .n_lines = 1 };
		snprintf(v[i].tun, sizeof(v[i].tun), "Tunnel%u", (unsigned)i);
	}
	steer_ruleset(v, 3, STEER_FULL, NULL, &t);
	chain(&t, "prerouting", b);
	assert_non_null(strstr(b, "\t\tiifname != \"Tunnel0\" iifname != \"Tunnel2\" jump mirror_256\n"
				  "\t\tiifname != \"Tunnel1\" jump mirror_257\n"
				  "\t\tiifname != \"Tunnel0\" iifname != \"Tunnel2\" jump mirror_258\n"));
	txt_fini(&t);
}

/* What an ICMP error in clear must not be about: what an SA has brought. */
static void an_error_is_judged_by_what_it_quotes(void **state)
{
	const struct steer_line l[] = {
		{ 10, false, { NET(10, 1, 1, 0, 24), NET(10, 2, 3, 0, 24), 1, { 0 }, { 0 } } },
		{ 10, true, { NET(10, 1, 1, 0, 24), ANY, 17, { PORT_EQ, 1701, 0 }, { PORT_GT, 1023, 0 } } },
		{ 20, true, { NET(10, 1, 1, 1, 32), addr_match_v4(0x0a020001, 0x00ff00fe), 0, { 0 }, { 0 } } },
	};
	struct txt t = rules_of(l, 3, STEER_FULL);
	char b[4096];

	(void)state;
	assert_string_equal(chain(&t, "quoted_3_10", b),
			    "\t\t@th,136,8 1 @th,160,32 & 0xffffff00 == 0x0a020300 "
			    "@th,192,32 & 0xffffff00 == 0x0a010100 return\n"
			    "\t\t@th,136,8 17 @th,192,32 & 0xffffff00 == 0x0a010100 @th,64,8 0x45 "
			    "@th,224,16 > 1023 @th,240,16 1701 goto leaving_clear\n"
			    "\t\t@th,136,8 17 @th,192,32 & 0xffffff00 == 0x0a010100 "
			    "@th,64,8 != 0x45 goto leaving_clear\n");
	assert_string_equal(chain(&t, "quoted_3_20", b),
			    "\t\t@th,160,32 & 0xff00ff01 == 0x0a000001 @th,192,32 & 0xffffffff == 0x0a010101 "
			    "goto leaving_clear\n");
	assert_non_null(strstr(chain(&t, "guard", b),
			       "oifname \"eth1\" icmp type { 3, 4, 5, 11, 12 } jump quoted_3\n"));
	txt_fini(&t);
	/* nothing leaves a closed interface anyway */
	t = rules_of(l, 3, STEER_CLOSED);
	assert_null(strstr(txt_cstr(&t), "quoted_"));
	txt_fini(&t);
}

/* conntrack puts fragments together at -400, wherever they came in: what came in clear has to
 * be gone before. What an SA brought, by its steering TUN, is not judged. */
static void cleartext_is_judged_before_fragments_are_put_together(void **state)
{
	const struct steer_line l = { 10, true, { ANY, ANY, 6, { 0 }, { 0 } } };
	struct txt t = rules_of(&l, 1, STEER_FULL);
	char b[4096];

	(void)state;
	chain(&t, "prerouting", b);
	assert_ptr_equal(strstr(b, "\t\ttype filter hook prerouting priority -425;\n"
				   "\t\tiifname \"cvsteer3\" accept\n"), b);
	assert_non_null(strstr(b, "\t\tiifname \"eth1\" jump mirror_3\n"));
	assert_string_equal(chain(&t, "forwarding", b),
			    "\t\ttype filter hook prerouting priority mangle;\n"
			    "\t\tfib daddr oifname \"eth1\" jump steer_3\n");
	txt_fini(&t);
}

/* ---- IPv6 ---- */

/* 2001:db8:N::/len */
static struct addr_match net6(uint8_t n, unsigned len)
{
	struct addr_match m = { .addr = { IP_V6, { 0x20, 1, 0x0d, 0xb8, 0, n } } };
	struct ipaddr mask = ipaddr_mask(IP_V6, len);

	for (size_t i = 0; i < 16; i++)
		m.wild[i] = (uint8_t)~mask.b[i];
	m.addr = ipaddr_network(&m.addr, len);
	return m;
}

/* From IPv6's table on; "" without one. */
static struct txt six_of(const struct txt *t)
{
	const char *six = strstr(txt_cstr(t), "\ntable ip6 culvert {\n\tcomment");
	struct txt out = TXT_INIT;

	txt_str(&out, six ? six : "");
	return out;
}

static void lines_of_ipv6_have_a_table_of_their_own(void **state)
{
	const struct steer_line l[] = {
		{ 10, false, { net6(1, 48), net6(2, 64), 17, { 0 }, { 0 } } },
		{ 10, true, { net6(1, 48), net6(0, 0), 0, { 0 }, { 0 } } },
		{ 20, true, { NET(10, 1, 1, 0, 24), NET(10, 2, 2, 0, 24), 0, { 0 }, { 0 } } },
		{ 20, true, { net6(1, 48), net6(2, 128), 6, { 0 }, { PORT_EQ, 80, 0 } } },
	};
	struct txt t = rules_of(l, 4, STEER_FULL), six = six_of(&t);
	char b[4096];

	(void)state;
	assert_string_equal(chain(&t, "steer_3_10", b), "");
	assert_string_equal(chain(&t, "steer_3_20", b),
			    "\t\tip saddr 10.1.1.0/24 ip daddr 10.2.2.0/24 meta mark set 0x43560103 accept\n");
	assert_string_equal(chain(&six, "steer_3_10", b),
			    "\t\tmeta l4proto 17 ip6 saddr 2001:db8:1::/48 ip6 daddr 2001:db8:2::/64 return\n"
			    "\t\tip6 saddr 2001:db8:1::/48 meta mark set 0x43560103 accept\n");
	assert_string_equal(chain(&six, "mirror_3_20", b),
			    "\t\tmeta l4proto 6 ip6 saddr 2001:db8:2::/128 ip6 daddr 2001:db8:1::/48 th sport 80 "
			    "goto arrived_clear\n"
			    "\t\tfrag frag-off != 0 meta l4proto 6 ip6 saddr 2001:db8:2::/128 "
			    "ip6 daddr 2001:db8:1::/48 goto arrived_clear\n");
	txt_fini(&six);
	txt_fini(&t);
}

/* What a packet's headers hide is no way past a line that asks for it. */
static void what_cannot_be_read_goes_by_the_rest(void **state)
{
	const struct steer_line l[] = {
		{ 10, true, { net6(1, 48), net6(2, 48), 47, { 0 }, { 0 } } },
		{ 10, true, { net6(3, 48), net6(4, 48), 17, { PORT_EQ, 9, 0 }, { 0 } } },
		{ 10, true, { net6(5, 48), net6(6, 48), 0, { 0 }, { 0 } } },
	};
	struct txt t = rules_of(l, 3, STEER_FULL), six = six_of(&t);
	char b[4096];

	(void)state;
	assert_string_equal(
		chain(&six, "guard_3", b),
		"\t\tjump guard_3_10\n\t\tth dport 0 return\n\t\tth dport != 0 return\n"
		"\t\tfrag frag-off != 0 meta l4proto != 255 return\n"
		"\t\tmeta l4proto 17 ip6 saddr 2001:db8:3::/48 ip6 daddr 2001:db8:4::/48 goto leaving_clear\n"
		"\t\tmeta l4proto != 255 return\n"
		"\t\tip6 saddr 2001:db8:1::/48 ip6 daddr 2001:db8:2::/48 goto leaving_clear\n"
		"\t\tip6 saddr 2001:db8:3::/48 ip6 daddr 2001:db8:4::/48 goto leaving_clear\n");
	assert_string_equal(chain(&six, "steer_3", b), "\t\tjump steer_3_10\n");
	txt_fini(&six);
	txt_fini(&t);
}

/* AH is no end of a chain of headers to the kernel: each header that can be before it is asked. */
static void a_line_for_ah_looks_before_it(void **state)
{
	const struct steer_line l = { 10, true, { net6(0, 0), net6(0, 0), 51, { 0 }, { 0 } } };
	struct txt t = rules_of(&l, 1, STEER_FULL), six = six_of(&t);
	char b[4096];

	(void)state;
	chain(&six, "guard_3_10", b);
	assert_int_equal(count(b, "nexthdr 51 goto leaving_clear\n"), 5);
	txt_fini(&six);
	txt_fini(&t);
}

static void a_run_of_ipv6_lines_is_one_set_for_all_chains(void **state)
{
	struct steer_line l[40];
	char b[4096];

	(void)state;
	for (uint8_t i = 0; i < 40; i++)
		l[i] = (struct steer_line){ 10, i != 20, { net6(200, 48), net6(i, 48), 0, { 0 }, { 0 } } };
	struct txt t = rules_of(l, 40, STEER_FULL), six = six_of(&t);
	assert_string_equal(chain(&six, "steer_3_10", b),
			    "\t\t@nh,64,128 . @nh,192,128 @run_3_10_0 meta mark set 0x43560103 accept\n"
			    "\t\tip6 saddr 2001:db8:c8::/48 ip6 daddr 2001:db8:14::/48 return\n"
			    "\t\t@nh,64,128 . @nh,192,128 @run_3_10_1 meta mark set 0x43560103 accept\n");
	assert_non_null(strstr(chain(&six, "mirror_3_10", b),
			       "\t\t@nh,192,128 . @nh,64,128 @run_3_10_0 goto arrived_clear\n"));
	assert_int_equal(count(txt_cstr(&six), "0x20010db800c800000000000000000000-0x20010db800c8ffffffffffffffffffff . 0x20010db8"), 39);
	txt_fini(&six);
	txt_fini(&t);
	t = rules_of(l, 40, STEER_PLAIN);
	six = six_of(&t);
	assert_int_equal(count(txt_cstr(&six), "run_3"), 0);
	assert_int_equal(count(chain(&six, "steer_3_10", b), "accept\n"), 39);
	txt_fini(&six);
	txt_fini(&t);
}

/* What an interface has a crypto map of is what is closed, and nothing else. */
static void a_family_without_a_map_is_left_alone(void **state)
{
	static const struct {
		uint8_t families;
		bool four, six;
	} rows[] = { { 0, true, false },
		     { STEER_IP4, true, false },
		     { STEER_IP6, false, true },
		     { STEER_IP4 | STEER_IP6, true, true } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct steer_if f = one_if(NULL, 0);
		struct txt t = TXT_INIT;

		f.closed = true;
		f.families = rows[i].families;
		steer_ruleset(&f, 1, STEER_FULL, NULL, &t);
		struct txt six = six_of(&t);
		assert_int_equal(count(txt_cstr(&six), "chain guard_3 {\n\t\tgoto leaving_clear\n"), rows[i].six);
		assert_int_equal(count(txt_cstr(&t), "chain guard_3 {\n\t\tgoto leaving_clear\n") -
					 count(txt_cstr(&six), "chain guard_3 {\n\t\tgoto leaving_clear\n"),
				 rows[i].four);
		/* an old table of a family that has nothing to say any more goes all the same */
		assert_non_null(strstr(txt_cstr(&t), "delete table ip6 culvert\n"));
		txt_fini(&six);
		txt_fini(&t);
	}
}

static void neighbours_come_before_every_other_rule(void **state)
{
	const struct steer_line l = { 10, true, { net6(0, 0), net6(0, 0), 0, { 0 }, { 0 } } };
	static const char *const chains[] = { "guard", "prerouting", "output" };

	(void)state;
	for (enum steer_form form = STEER_FULL; form <= STEER_CLOSED; form++) {
		struct txt t = rules_of(&l, 1, form), six = six_of(&t);
		char b[4096];

		for (size_t i = 0; i < (form == STEER_CLOSED ? 1 : 3); i++) {
			chain(&six, chains[i], b);
			const char *nd = strstr(b, "ip6 hoplimit 255 icmpv6 type { 133, 134, 135, 136, 137 } accept");
			const char *jump = strstr(b, "jump");

			assert_non_null(nd);
			assert_non_null(jump);
			assert_true(nd < jump);
		}
		txt_fini(&six);
		txt_fini(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_permit_marks_and_a_deny_returns),
		cmocka_unit_test(the_mirror_exchanges_the_two_ends),
		cmocka_unit_test(every_port_test_has_its_words),
		cmocka_unit_test(what_can_never_match_is_left_out),
		cmocka_unit_test(wildcards_with_holes_are_masked),
		cmocka_unit_test(a_run_of_plain_lines_is_one_set),
		cmocka_unit_test(a_covered_line_is_left_out_of_the_set),
		cmocka_unit_test(a_line_that_overlaps_begins_a_new_run),
		cmocka_unit_test(a_run_keeps_to_one_protocol),
		cmocka_unit_test(entries_are_one_up_to_a_deny_line),
		cmocka_unit_test(the_last_resort_closes_the_interface),
		cmocka_unit_test(names_that_nft_cannot_hold_go_by_index),
		cmocka_unit_test(counters_go_on_where_they_were),
		cmocka_unit_test(only_the_full_form_logs),
		cmocka_unit_test(a_protected_tunnel_is_guarded_on_every_interface),
		cmocka_unit_test(tunnels_with_the_same_ends_take_each_others_fragments),
		cmocka_unit_test(an_error_is_judged_by_what_it_quotes),
		cmocka_unit_test(cleartext_is_judged_before_fragments_are_put_together),
		cmocka_unit_test(lines_of_ipv6_have_a_table_of_their_own),
		cmocka_unit_test(what_cannot_be_read_goes_by_the_rest),
		cmocka_unit_test(a_line_for_ah_looks_before_it),
		cmocka_unit_test(a_run_of_ipv6_lines_is_one_set_for_all_chains),
		cmocka_unit_test(a_family_without_a_map_is_left_alone),
		cmocka_unit_test(neighbours_come_before_every_other_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
