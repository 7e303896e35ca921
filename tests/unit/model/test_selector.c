/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "model/selector.h"

#define A(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

static struct selector lan_to_lan(void)
{
	return (struct selector){ .local = addr_match_v4(A(10, 1, 1, 0), 0xff),
				  .remote = addr_match_v4(A(10, 2, 2, 0), 0xff) };
}

static struct flow flow_of(uint32_t src, uint32_t dst, uint8_t proto, uint16_t sport, uint16_t dport)
{
	return (struct flow){ .local = ipaddr_v4(src), .remote = ipaddr_v4(dst), .proto = proto,
			      .ports_known = true, .local_port = sport, .remote_port = dport };
}

static void selector_matches_addresses_under_the_wildcard(void **state)
{
	struct selector s = lan_to_lan();
	struct flow in = flow_of(A(10, 1, 1, 77), A(10, 2, 2, 1), 17, 1, 2);
	struct flow out = flow_of(A(10, 1, 2, 77), A(10, 2, 2, 1), 17, 1, 2);
	struct flow back = flow_mirror(&in);

	(void)state;
	assert_true(selector_has(&s, &in));
	assert_false(selector_has(&s, &out));
	assert_false(selector_has(&s, &back));
	struct selector m = selector_mirror(&s);
	assert_true(selector_has(&m, &back));
}

static void wildcard_with_a_hole_tests_only_its_bits(void **state)
{
	struct addr_match m = addr_match_v4(A(10, 0, 10, 0), A(0, 255, 0, 255));
	struct ipaddr yes = ipaddr_v4(A(10, 9, 10, 3)), no = ipaddr_v4(A(10, 9, 11, 3));
	unsigned len;

	(void)state;
	assert_true(addr_match_has(&m, &yes));
	assert_false(addr_match_has(&m, &no));
	assert_false(addr_match_prefix(&m, &len));
	m = addr_match_v4(A(10, 1, 1, 0), 0xff);
	assert_true(addr_match_prefix(&m, &len));
	assert_int_equal(len, 24);
}

static void every_bit_of_an_address_counts_unless_it_is_wild(void **state)
{
	static const uint8_t families[] = { IP_V4, IP_V6 };

	(void)state;
	for (size_t f = 0; f < 2; f++) {
		struct addr_match m = { .addr.family = families[f] };

		for (size_t i = 0; i < 16; i++)
			m.addr.b[i] = i < ip_bits(families[f]) / 8 ? (uint8_t)(17 * i + 1) : 0;
		for (unsigned bit = 0; bit < ip_bits(families[f]); bit++) {
			struct ipaddr other = m.addr;
			uint8_t mask = (uint8_t)(0x80 >> bit % 8);

			other.b[bit / 8] ^= mask;
			assert_false(addr_match_has(&m, &other));
			m.wild[bit / 8] |= mask;
			assert_true(addr_match_has(&m, &other));
			m.wild[bit / 8] ^= mask;
		}
		m.addr.family = families[!f];
		assert_false(addr_match_has(&m, &(struct ipaddr){ .family = families[f] }));
	}
}

static void ports_follow_their_operators(void **state)
{
	static const struct {
		struct port_match m;
		uint16_t port;
		bool want;
	} rows[] = {
		{ { PORT_ANY, 0, 0 }, 7, true },	{ { PORT_EQ, 80, 0 }, 80, true },
		{ { PORT_EQ, 80, 0 }, 81, false },	{ { PORT_NEQ, 80, 0 }, 80, false },
		{ { PORT_NEQ, 80, 0 }, 0, true },	{ { PORT_LT, 80, 0 }, 79, true },
		{ { PORT_LT, 80, 0 }, 80, false },	{ { PORT_LT, 0, 0 }, 0, false },
		{ { PORT_GT, 80, 0 }, 81, true },	{ { PORT_GT, 80, 0 }, 80, false },
		{ { PORT_GT, 65535, 0 }, 65535, false }, { { PORT_RANGE, 5, 9 }, 5, true },
		{ { PORT_RANGE, 5, 9 }, 9, true },	{ { PORT_RANGE, 5, 9 }, 10, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(port_match_has(&rows[i].m, rows[i].port), rows[i].want);
}

static void fragment_without_ports_matches_only_portless_selectors(void **state)
{
	struct selector s = lan_to_lan();
	struct flow f = flow_of(A(10, 1, 1, 1), A(10, 2, 2, 2), 17, 0, 0);

	(void)state;
	f.ports_known = false;
	assert_true(selector_has(&s, &f));
	s.remote_port = (struct port_match){ PORT_LT, 1000, 0 };
	assert_false(selector_has(&s, &f));
}

/* selector_covers may say no when it is yes, never yes when it is no: checked
 * against the definition on random selectors and flows. */
static void covers_never_claims_a_flow_that_outer_refuses(void **state)
{
	unsigned said_yes = 0;

	(void)state;
	srand(7);
	for (int i = 0; i < 20000; i++) {
		struct selector s[2];
		for (int k = 0; k < 2; k++) {
			s[k] = (struct selector){
				.local = addr_match_v4((uint32_t)rand() & 3, (uint32_t)rand() & 3),
				.remote = addr_match_v4((uint32_t)rand() & 3, (uint32_t)rand() & 3),
				.proto = (uint8_t)(rand() % 3),
				.local_port = { (uint8_t)(rand() % 6), (uint16_t)(rand() % 4), 0 },
			};
			s[k].local_port.hi = (uint16_t)(s[k].local_port.lo + rand() % 3);
		}
		if (!selector_covers(&s[0], &s[1]))
			continue;
		said_yes++;
		for (int j = 0; j < 50; j++) {
			struct flow f = flow_of((uint32_t)rand() & 3, (uint32_t)rand() & 3,
						(uint8_t)(1 + rand() % 2), (uint16_t)(rand() % 8), 0);
			if (selector_has(&s[1], &f))
				assert_true(selector_has(&s[0], &f));
		}
	}
	assert_true(said_yes > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(selector_matches_addresses_under_the_wildcard),
		cmocka_unit_test(wildcard_with_a_hole_tests_only_its_bits),
		cmocka_unit_test(every_bit_of_an_address_counts_unless_it_is_wild),
		cmocka_unit_test(ports_follow_their_operators),
		cmocka_unit_test(fragment_without_ports_matches_only_portless_selectors),
		cmocka_unit_test(covers_never_claims_a_flow_that_outer_refuses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
