/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a line of an access list takes a packet: the rules that tests/system asks the kernel
 * about, asked here of the evaluator that the forwarder runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "model/acl_match.h"

#define ANY addr_match_v4(0, UINT32_MAX)
#define SRC 0x0a020001u
#define DST 0x0a010002u

static struct acl_probe probe(uint8_t proto, uint16_t sport, uint16_t dport, uint8_t flags)
{
	return (struct acl_probe){ .src = ipaddr_v4(SRC), .dst = ipaddr_v4(DST), .proto = proto,
				   .l4_known = true, .src_port = sport, .dst_port = dport,
				   .tcp_flags = flags };
}

static struct acl_entry line(enum ace_kind kind, uint8_t proto)
{
	return (struct acl_entry){ .kind = (uint8_t)kind, .proto = proto, .src = ANY, .dst = ANY };
}

static void ports_are_tested_as_ios_says(void **state)
{
	static const struct {
		struct acl_ports test;
		uint16_t port;
		bool takes;
	} rows[] = {
		{ { PORT_EQ, 3, { 80, 443, 8080 } }, 443, true }, { { PORT_EQ, 3, { 80, 443, 8080 } }, 22, false },
		{ { PORT_NEQ, 2, { 22, 23 } }, 23, false },	   { { PORT_NEQ, 2, { 22, 23 } }, 24, true },
		{ { PORT_LT, 1, { 1024 } }, 1023, true },	   { { PORT_LT, 1, { 1024 } }, 1024, false },
		{ { PORT_GT, 1, { 1023 } }, 1024, true },	   { { PORT_GT, 1, { 1023 } }, 1023, false },
		{ { PORT_RANGE, 2, { 5, 9 } }, 5, true },	   { { PORT_RANGE, 2, { 5, 9 } }, 9, true },
		{ { PORT_RANGE, 2, { 5, 9 } }, 10, false },	   { { PORT_LT, 1, { 0 } }, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct acl_entry to = line(ACE_PERMIT, 17), from = line(ACE_PERMIT, 17);
		struct acl_probe p = probe(17, rows[i].port, rows[i].port, 0);

		to.dst_port = rows[i].test;
		from.src_port = rows[i].test;
		assert_int_equal(acl_entry_takes(&to, &p), rows[i].takes);
		assert_int_equal(acl_entry_takes(&from, &p), rows[i].takes);
		p.l4_known = false; /* cut off: a port test cannot take it */
		assert_false(acl_entry_takes(&to, &p));
	}
}

static void later_fragments_are_permitted_by_layer_3_and_not_denied_by_layer_4(void **state)
{
	struct acl_entry permit = line(ACE_PERMIT, 17), deny = line(ACE_DENY, 17), l3 = line(ACE_DENY, 17),
			 only = line(ACE_DENY, 17);
	struct acl_probe whole = probe(17, 1, 53, 0), later = { .src = whole.src, .dst = whole.dst, .proto = 17,
							       .later_fragment = true };

	(void)state;
	permit.dst_port = deny.dst_port = (struct acl_ports){ PORT_EQ, 1, { 53 } };
	only.fragments = true;
	assert_true(acl_entry_takes(&permit, &whole) && acl_entry_takes(&permit, &later));
	assert_true(acl_entry_takes(&deny, &whole) && !acl_entry_takes(&deny, &later));
	assert_true(acl_entry_takes(&l3, &whole) && acl_entry_takes(&l3, &later));
	assert_true(!acl_entry_takes(&only, &whole) && acl_entry_takes(&only, &later));
	permit.proto = 6;
	assert_false(acl_entry_takes(&permit, &later));
}

/* A TCP header cut behind its ports: the line that denies the port cannot know the flags of the
 * first part, so the second, which brings them, goes nowhere (RFC 3128). */
static void no_list_is_passed_in_tiny_fragments(void **state)
{
	uint8_t b[28] = { 0x45, 0, 0, 28, 0, 1, 0x20, 0, 64, 6, 0, 0, 10, 2, 0, 1, 10, 1, 0, 2, 0x12, 0x34, 0, 23 };
	struct config *c = config_new();
	struct cfg_acl *acl = config_add_acl(c, "A", ACL_EXTENDED, false);
	struct acl_entry telnet = line(ACE_DENY, 6), rest = line(ACE_PERMIT, 0);
	const struct acl_entry *decides;
	struct acl_probe p;

	(void)state;
	telnet.seq = 10;
	telnet.dst_port = (struct acl_ports){ PORT_EQ, 1, { 23 } };
	rest.seq = 20;
	assert_true(cfg_acl_add(acl, &telnet) && cfg_acl_add(acl, &rest));
	b[7] = 1; /* behind eight bytes */
	assert_true(acl_probe_of(span_of(b, sizeof(b)), &p));
	assert_null(cfg_acl_decides(acl, &p));
	b[7] = 2;
	assert_true(acl_probe_of(span_of(b, sizeof(b)), &p));
	decides = cfg_acl_decides(acl, &p);
	assert_true(decides && decides->seq == 20);
	b[7] = 1;
	b[9] = 17; /* of UDP all is in the first eight */
	assert_true(acl_probe_of(span_of(b, sizeof(b)), &p));
	assert_non_null(cfg_acl_decides(acl, &p));
	config_free(c);
}

static void flags_icmp_and_the_tos_byte(void **state)
{
	struct acl_entry est = line(ACE_PERMIT, 6), syn = line(ACE_PERMIT, 6), echo = line(ACE_PERMIT, 1),
			 ef = line(ACE_PERMIT, 0), prec = line(ACE_PERMIT, 0), tos = line(ACE_PERMIT, 0);
	struct acl_probe p = probe(6, 1, 2, TCP_SYN), icmp = { .proto = 1, .l4_known = true, .icmp_type = 3,
							       .icmp_code = 4 };

	(void)state;
	icmp.src = p.src;
	icmp.dst = p.dst;
	est.established = true;
	syn.tcp_flags = TCP_SYN | TCP_FIN;
	assert_false(acl_entry_takes(&est, &p));
	assert_true(acl_entry_takes(&syn, &p));
	p.tcp_flags = TCP_ACK;
	assert_true(acl_entry_takes(&est, &p));
	assert_false(acl_entry_takes(&syn, &p));
	echo.icmp_type = 1 + 3;
	assert_true(acl_entry_takes(&echo, &icmp));
	echo.icmp_code = 1 + 3;
	assert_false(acl_entry_takes(&echo, &icmp));
	ef.dscp = 1 + 46;
	prec.precedence = 1 + 5;
	tos.tos = 1 + 8;
	p.tos = 46 << 2;
	assert_true(acl_entry_takes(&ef, &p) && acl_entry_takes(&prec, &p));
	p.tos = 0x10;
	assert_true(acl_entry_takes(&tos, &p));
	assert_false(acl_entry_takes(&ef, &p) || acl_entry_takes(&prec, &p));
}

/* Every cut of a packet, in a block of exactly that size: never past its end, and never
 * something that is not there. */
static void a_probe_takes_only_what_is_there(void **state)
{
	static const uint8_t tcp[40] = { 0x45, 0xb8, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0, 10, 2, 0, 1, 10, 1, 0, 2,
					 0x12, 0x34, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x12 };
	static const uint8_t option[28] = { 0x46, 0, 0, 28, 0, 1, 0, 0, 64, 17, 0, 0, 10, 2, 0, 1, 10, 1, 0, 2,
					    1, 1, 1, 1, 0, 7, 0, 9 };
	struct acl_probe p;

	(void)state;
	for (size_t n = 0; n <= sizeof(tcp); n++) {
		uint8_t *b = malloc(n ? n : 1);

		memcpy(b, tcp, n);
		assert_int_equal(acl_probe_of(span_of(b, n), &p), n >= 20);
		if (n >= 20) {
			assert_int_equal(p.l4_known, n >= 34);
			assert_int_equal(p.tos, 0xb8);
			assert_true(ipaddr_to_v4(&p.src) == SRC && ipaddr_to_v4(&p.dst) == DST);
		}
		free(b);
	}
	assert_true(acl_probe_of(span_of(tcp, sizeof(tcp)), &p));
	assert_true(p.src_port == 0x1234 && p.dst_port == 80 && p.tcp_flags == 0x12);
	assert_true(acl_probe_of(span_of(option, sizeof(option)), &p));
	assert_true(p.src_port == 7 && p.dst_port == 9);
}

/* IPv6, a hop-by-hop header, a fragment header, then TCP or what the test puts there. */
static size_t packet6(uint8_t *b, uint8_t next, uint16_t fragment, const void *l4, size_t n)
{
	static const uint8_t head[40] = { 0x6b, 0x80, 0, 0, 0, 0, 0, 64, 0x20, 1, [23] = 1, [24] = 0x20, [39] = 2 };
	const uint8_t ext[16] = { 44, 0, 1, 4, 0, 0, 0, 0, next, 0, (uint8_t)(fragment >> 5),
				  (uint8_t)(fragment << 3), 0, 0, 0, 9 };

	memcpy(b, head, 40);
	memcpy(b + 40, ext, 16);
	memcpy(b + 56, l4, n);
	return 56 + n;
}

static void a_probe_of_ipv6_walks_its_headers(void **state)
{
	static const uint8_t tcp[20] = { 1, 187, 0, 80, [13] = TCP_SYN }, ns[8] = { 135 };
	uint8_t b[96];
	struct acl_probe p;

	(void)state;
	size_t n = packet6(b, 6, 0, tcp, sizeof(tcp));
	assert_true(acl_probe_of(span_of(b, n), &p));
	assert_true(p.proto == 6 && p.src_port == 443 && p.dst_port == 80 && p.tcp_flags == TCP_SYN);
	assert_true(p.src.family == IP_V6 && p.src.b[15] == 1 && p.dst.b[15] == 2 && p.tos == 0xb8);
	assert_true(p.l4_known && !p.later_fragment);
	for (size_t cut = 0; cut < n; cut++) { /* each from a block of its own size */
		uint8_t *copy = malloc(cut ? cut : 1);

		memcpy(copy, b, cut);
		assert_int_equal(acl_probe_of(span_of(copy, cut), &p), cut >= 40);
		if (cut >= 40)
			assert_int_equal(p.l4_known, cut >= 56 + 14); /* up to the flags */
		free(copy);
	}
	n = packet6(b, 17, 100, tcp, 8);
	assert_true(acl_probe_of(span_of(b, n), &p));
	assert_true(p.later_fragment && !p.l4_known && p.proto == 17 && !p.src_port);
	n = packet6(b, 58, 0, ns, sizeof(ns));
	assert_true(acl_probe_of(span_of(b, n), &p));
	assert_true(p.icmp_type == 135 && p.l4_known);
	/* headers without end are not followed without end */
	memset(b + 40, 0, sizeof(b) - 40);
	assert_true(acl_probe_of(span_of(b, sizeof(b)), &p));
}

static void neighbours_are_found_before_the_deny_of_a_list_of_ipv6(void **state)
{
	struct config *c = config_new();
	struct ipaddr any = { .family = IP_V6 };
	struct cfg_acl *acl = config_add_acl(c, "V6", ACL_IPV6, false);
	struct acl_entry tcp = { .kind = ACE_PERMIT, .proto = 6, .src = addr_match_of(&any, 0),
				 .dst = addr_match_of(&any, 0) };
	struct acl_probe p = { .src = any, .dst = any, .proto = 58, .l4_known = true, .icmp_type = 135 };

	(void)state;
	cfg_acl_add(acl, &tcp);
	assert_true(cfg_acl_decides(acl, &p) && cfg_acl_decides(acl, &p)->kind == ACE_PERMIT);
	p.icmp_type = 136;
	assert_non_null(cfg_acl_decides(acl, &p));
	p.icmp_type = 128;
	assert_null(cfg_acl_decides(acl, &p));
	p.icmp_type = 135;
	tcp = (struct acl_entry){ .kind = ACE_DENY, .src = tcp.src, .dst = tcp.dst };
	cfg_acl_add(acl, &tcp); /* as in IOS: who denies all denies them, too */
	assert_int_equal(cfg_acl_decides(acl, &p)->kind, ACE_DENY);
	config_free(c);
}

static void an_empty_list_filters_nothing_and_a_full_one_ends_in_a_deny(void **state)
{
	struct config *c = config_new();
	struct cfg_acl *acl = config_add_acl(c, "A", ACL_EXTENDED, false);
	struct acl_entry e = { .kind = ACE_REMARK };
	struct acl_probe p = probe(17, 1, 2, 0);

	(void)state;
	assert_false(cfg_acl_filters(NULL) || cfg_acl_filters(acl));
	assert_non_null(cfg_acl_add(acl, &e));
	assert_false(cfg_acl_filters(acl));
	e = line(ACE_PERMIT, 6);
	assert_non_null(cfg_acl_add(acl, &e));
	assert_true(cfg_acl_filters(acl));
	assert_null(cfg_acl_decides(acl, &p));
	p.proto = 6;
	assert_int_equal(cfg_acl_decides(acl, &p)->kind, ACE_PERMIT);
	config_free(c);
}

static void a_list_that_nobody_understands_lets_nothing_pass(void **state)
{
	static const struct kept_line named = { .kind = KEPT_INVALID, .text = "permit ip object-group A any" };
	static const struct kept_line other = { .kind = KEPT_INVALID, .text = "access-list 1011 permit foo" };
	static const struct kept_line global = { .kind = KEPT_INVALID, .text = "access-list 101 permit foo" };
	struct config *c = config_new();
	struct cfg_acl *acl = config_add_acl(c, "A", ACL_EXTENDED, false);
	struct acl_probe p = probe(6, 1, 2, 0);
	const struct cfg_acl *got;
	struct acl_entry e;

	(void)state;
	assert_false(config_filter_list(c, "") || config_filter_list(c, "A") || config_filter_list(c, "101"));
	assert_int_equal(kept_add(&acl->kept, 0, &named), 0);
	assert_int_equal(kept_add(&c->kept, 0, &other), 0);
	assert_null(config_filter_list(c, "101"));
	assert_int_equal(kept_add(&c->kept, 0, &global), 0);
	for (int i = 0; i < 2; i++) {
		got = config_filter_list(c, i ? "101" : "A");
		assert_non_null(got);
		assert_true(cfg_acl_filters(got));
		assert_int_equal(cfg_acl_decides(got, &p)->kind, ACE_DENY);
		assert_int_equal(config_acl_refused(c, i ? "101" : "A"), 1);
	}
	e = line(ACE_PERMIT, 6);
	assert_non_null(cfg_acl_add(acl, &e)); /* and beside one that is, it is not used */
	assert_ptr_equal(config_filter_list(c, "A"), acl);
	config_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_are_tested_as_ios_says),
		cmocka_unit_test(later_fragments_are_permitted_by_layer_3_and_not_denied_by_layer_4),
		cmocka_unit_test(no_list_is_passed_in_tiny_fragments),
		cmocka_unit_test(flags_icmp_and_the_tos_byte),
		cmocka_unit_test(a_probe_takes_only_what_is_there),
		cmocka_unit_test(a_probe_of_ipv6_walks_its_headers),
		cmocka_unit_test(neighbours_are_found_before_the_deny_of_a_list_of_ipv6),
		cmocka_unit_test(an_empty_list_filters_nothing_and_a_full_one_ends_in_a_deny),
		cmocka_unit_test(a_list_that_nobody_understands_lets_nothing_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
