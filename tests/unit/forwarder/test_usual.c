/* SPDX-License-Identifier: Apache-2.0 */
/* The short ways of usual packets against the long ones, batch against packet by packet, out
 * and in. */
#include "two_ways.h"

#include <string.h>

enum { ROUNDS = 60 };

/* What the way does to some packets. */
static void disturb(struct store *wire)
{
	for (size_t i = 0; i < wire->n; i++) {
		uint8_t *b = wire->b[i];

		switch (rnd(12)) {
		case 0: /* congestion */
			b[1] |= 3;
			wr_put_be16(b + 10, 0);
			wr_put_be16(b + 10, ip_checksum(b, IP4_HEADER));
			break;
		case 1:
			b[rnd((uint32_t)wire->len[i])] ^= (uint8_t)(1 << rnd(8));
			break;
		case 2: /* padded by a link */
			memset(b + wire->len[i], 0, 7);
			wire->len[i] += 7;
			break;
		case 3:
			wire->len[i] -= rnd((uint32_t)(wire->len[i] < 60 ? wire->len[i] : 60));
			break;
		case 4: /* again */
			if (i) {
				memcpy(b, wire->b[i - 1], wire->len[i - 1]);
				wire->len[i] = wire->len[i - 1];
			}
			break;
		default:
			break;
		}
	}
}

static void try_variant(struct variant v)
{
	struct router *a, *b, *c, *d;
	static struct store plain, wire;
	size_t arrived = 0;

	v.dir = SA_OUT;
	a = router_new(&v, false);
	b = router_new(&v, true);
	v.dir = SA_IN;
	c = router_new(&v, false);
	d = router_new(&v, true);
	for (int round = 0; round < ROUNDS; round++) {
		plain.n = 1 + rnd(BATCH_MAX);
		for (size_t i = 0; i < plain.n; i++)
			plain.len[i] = any_packet(plain.b[i], &v);
		feed(a, PORT_PLAIN, &plain, false);
		feed(b, PORT_PLAIN, &plain, true);
		assert_alike(a, b);
		assert_same_sa(sa_of(a, 1), sa_of(b, 1));
		wire.n = 0;
		for (size_t i = 0; i < a->out.n; i++)
			if (a->out.port[i] == PORT_ESP && wire.n < MAX_SENT) {
				memcpy(wire.b[wire.n], a->out.b[i], a->out.len[i]);
				wire.len[wire.n++] = a->out.len[i];
			}
		disturb(&wire);
		feed(c, PORT_ESP, &wire, false);
		feed(d, PORT_ESP, &wire, true);
		assert_alike(c, d);
		assert_same_sa(sa_of(c, 1), sa_of(d, 1));
		arrived += c->out.n;
	}
	assert_true(arrived > ROUNDS);
	router_free(a);
	router_free(b);
	router_free(c);
	router_free(d);
}

static void steered_packets_fare_the_same(void **state)
{
	(void)state;
	with_seeds(try_variant, steered);
}

static void tunnelled_packets_fare_the_same(void **state)
{
	(void)state;
	with_seeds(try_variant, tunnelled);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steered_packets_fare_the_same),
		cmocka_unit_test(tunnelled_packets_fare_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
