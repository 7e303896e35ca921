/* SPDX-License-Identifier: Apache-2.0 */
/* The key of a flow: made out of a packet or of the flow it is the same, and two flows have
 * the same key only if they are the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "packet/ip.h"

enum { ROUNDS = 20000 };

static uint64_t seed = 0x2545f4914f6cdd1du;

static uint32_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

/* A packet of either family with any protocol, options, fragments and truncations; exactly
 * as large as its block. */
static uint8_t *any_packet(struct pkt *p)
{
	static const uint8_t protos[] = { IPPROTO_TCP_, IPPROTO_UDP_, IPPROTO_ICMP_, IPPROTO_GRE_ };
	bool v6 = rnd() % 2;
	size_t head = v6 ? IP6_HEADER : IP4_HEADER + rnd() % 3 * 4, len = head + rnd() % 8;
	uint8_t *b = malloc(len);

	assert_non_null(b);
	for (size_t i = 0; i < len; i++)
		b[i] = (uint8_t)rnd();
	if (v6) {
		b[0] = 0x60;
		b[6] = protos[rnd() % 4];
		wr_put_be16(b + 4, (uint16_t)(len - head));
	} else {
		b[0] = (uint8_t)(0x40 | head / 4);
		b[9] = protos[rnd() % 4];
		wr_put_be16(b + 2, (uint16_t)len);
		wr_put_be16(b + 6, rnd() % 3 ? 0x4000 : (uint16_t)(rnd() & 0x3fff));
	}
	*p = (struct pkt){ .buf = b, .data = b, .len = (uint32_t)len };
	return b;
}

static bool same_flow(const struct flow *a, const struct flow *b)
{
	return a->proto == b->proto && a->ports_known == b->ports_known &&
	       a->local_port == b->local_port && a->remote_port == b->remote_port &&
	       ipaddr_equal(&a->local, &b->local) && ipaddr_equal(&a->remote, &b->remote);
}

static void a_key_says_what_the_flow_says(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct ip_view h = { 0 };
		struct ip_key k, again;
		struct flow f, back;
		struct pkt p;
		uint8_t *b = any_packet(&p);

		assert_true(ip_peek(span_of(p.data, p.len), &h));
		ip_flow(&p, &h, &f);
		ip_key(&p, &h, &k);
		ip_key_of_flow(&f, &again);
		assert_true(ip_key_same(&k, &again));
		ip_key_flow(&k, &back);
		assert_true(same_flow(&f, &back));
		free(b);
	}
}

static void another_flow_has_another_key(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct ip_view h = { 0 }, g = { 0 };
		struct ip_key k, other;
		struct flow f, of;
		struct pkt p;
		uint8_t *b = any_packet(&p);
		size_t at = rnd() % p.len;

		assert_true(ip_peek(span_of(p.data, p.len), &h));
		ip_key(&p, &h, &k);
		ip_flow(&p, &h, &f);
		b[at] ^= (uint8_t)(1 << rnd() % 8);
		if (ip_peek(span_of(p.data, p.len), &g)) {
			ip_key(&p, &g, &other);
			ip_flow(&p, &g, &of);
			assert_int_equal(ip_key_same(&k, &other), same_flow(&f, &of));
		}
		free(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_says_what_the_flow_says),
		cmocka_unit_test(another_flow_has_another_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
