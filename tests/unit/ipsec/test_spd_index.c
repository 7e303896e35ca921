/* SPDX-License-Identifier: Apache-2.0 */
/* The index over an SPD against what RFC 4301 and IOS say: line by line, in order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "ipsec/spd.h"

enum { ROUNDS = 300, FLOWS = 200 };

static uint64_t seed = 0x9e3779b97f4a7c15u;

static uint32_t rnd(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16) % n;
}

/* Few different bits, so that much matches. */
static struct ipaddr any_addr(uint8_t family)
{
	struct ipaddr a = { .family = family };

	for (size_t i = 0; i < ip_bits(family) / 8; i++)
		a.b[i] = (uint8_t)(rnd(4) ? 0 : rnd(3));
	for (size_t i = ip_bits(family) / 8; i < sizeof(a.b); i++) /* nobody looks at them */
		a.b[i] = (uint8_t)rnd(2);
	return a;
}

static struct addr_match any_match(uint8_t family)
{
	static const uint8_t wilds[] = { 0, 0, 1, 3, 0xff };
	struct addr_match m = { .addr = any_addr(family) };
	bool any = !rnd(3);

	for (size_t i = 0; i < ip_bits(family) / 8; i++)
		m.wild[i] = any ? 0xff : i > 1 ? wilds[rnd(5)] : 0;
	for (size_t i = ip_bits(family) / 8; i < sizeof(m.wild); i++)
		m.wild[i] = (uint8_t)rnd(2);
	return m;
}

static struct port_match any_port(void)
{
	struct port_match p = { (uint8_t)(rnd(3) ? PORT_ANY : rnd(6)), (uint16_t)rnd(4), 0 };

	p.hi = (uint16_t)(p.lo + rnd(3));
	return p;
}

static struct spd_entry any_entry(uint32_t id, uint32_t map_seq, const struct spd_entry *like)
{
	uint8_t family = rnd(4) ? IP_V4 : IP_V6;
	struct spd_entry e = { .id = id, .ifid = 1 + rnd(2), .map_seq = map_seq,
			       .action = rnd(3) ? SPD_PROTECT : SPD_SKIP };

	if (like && rnd(3)) { /* other addresses under the same mask: that is what lists are */
		e.sel = like->sel;
		e.sel.local.addr = any_addr(like->sel.local.addr.family);
		e.sel.remote.addr = any_addr(like->sel.local.addr.family);
		return e;
	}
	e.sel = (struct selector){ .local = any_match(family), .remote = any_match(family),
				   .proto = (uint8_t)(rnd(2) ? 0 : rnd(2) ? 6 : 17),
				   .local_port = any_port(), .remote_port = any_port() };
	return e;
}

static struct flow any_flow(void)
{
	uint8_t family = rnd(4) ? IP_V4 : IP_V6;
	struct flow f = { .local = any_addr(family), .remote = any_addr(family),
			  .proto = rnd(2) ? 6 : 17, .ports_known = rnd(4) != 0 };

	if (f.ports_known) {
		f.local_port = (uint16_t)rnd(5);
		f.remote_port = (uint16_t)rnd(5);
	}
	return f;
}

/* Line by line. */
static const struct spd_entry *walk(const struct spd *s, uint32_t ifid, const struct flow *f)
{
	uint32_t skipped = 0; /* the map entry that has denied it last; they count from 1 */

	for (size_t i = 0; i < s->n; i++) {
		const struct spd_entry *e = &s->v[i];

		if (e->ifid != ifid || e->map_seq == skipped || !selector_has(&e->sel, f))
			continue;
		if (e->action == SPD_PROTECT)
			return e;
		skipped = e->map_seq;
	}
	return NULL;
}

static void the_index_finds_what_a_walk_finds(void **state)
{
	size_t hits = 0, with = 0;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct spd s = { .generation = 1 };
		uint32_t n = 1 + rnd(120), seq = 1;

		for (uint32_t i = 0; i < n; i++) {
			struct spd_entry e = any_entry(i + 1, seq, s.n ? &s.v[rnd((uint32_t)s.n)] : NULL);

			seq += rnd(2);
			assert_int_equal(spd_add(&s, &e), 0);
		}
		spd_finish(&s);
		with += s.index != NULL;
		for (int i = 0; i < FLOWS; i++) {
			struct flow f = any_flow();
			const struct spd_entry *e = walk(&s, 1 + (uint32_t)i % 2, &f);

			assert_ptr_equal(spd_lookup(&s, 1 + (uint32_t)i % 2, &f), e);
			hits += e != NULL;
		}
		spd_fini(&s);
	}
	assert_true(with > ROUNDS / 2 && hits > ROUNDS * FLOWS / 20);
}

static void lines_of_too_many_kinds_are_walked(void **state)
{
	struct spd s = { .generation = 1 };
	struct flow f = { .local = ipaddr_v4(1), .remote = ipaddr_v4(2), .proto = 6 };

	(void)state;
	for (uint32_t i = 0; i < SPD_MAX_GROUPS + 1; i++) {
		struct spd_entry e = { .id = i + 1, .ifid = 1, .map_seq = i + 1, .action = SPD_PROTECT,
				       .sel = { .local = addr_match_v4(0xffffffff, i),
						.remote = addr_match_v4(2, 0) } };

		if (i == SPD_MAX_GROUPS)
			e.sel.local = addr_match_v4(1, 0xf0000000);
		assert_int_equal(spd_add(&s, &e), 0);
	}
	spd_finish(&s);
	assert_null(s.index);
	assert_int_equal(spd_lookup(&s, 1, &f)->id, SPD_MAX_GROUPS + 1);
	spd_fini(&s);
}

static void a_line_that_is_added_later_is_found(void **state)
{
	struct spd s = { .generation = 1 };
	struct flow f = { .local = ipaddr_v4(1000), .remote = ipaddr_v4(2), .proto = 6 };
	struct spd_entry e = { .ifid = 1, .action = SPD_PROTECT };

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		e.id = e.map_seq = i + 1;
		e.sel = (struct selector){ .local = addr_match_v4(i, 0), .remote = addr_match_v4(2, 0) };
		assert_int_equal(spd_add(&s, &e), 0);
	}
	spd_finish(&s);
	assert_non_null(s.index);
	assert_null(spd_lookup(&s, 1, &f));
	e.sel.local = addr_match_v4(1000, 0);
	assert_int_equal(spd_add(&s, &e), 0);
	assert_ptr_equal(spd_lookup(&s, 1, &f), &s.v[100]);
	spd_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_index_finds_what_a_walk_finds),
		cmocka_unit_test(lines_of_too_many_kinds_are_walked),
		cmocka_unit_test(a_line_that_is_added_later_is_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
