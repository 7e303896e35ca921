/* SPDX-License-Identifier: Apache-2.0 */
/* The anti-replay window against a naive model, the SPD, and the SAD. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ipsec/replay.h"
#include "ipsec/sa.h"
#include "ipsec/spd.h"

static uint64_t seed = 88172645463325252u;

static uint32_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

static const uint32_t windows[] = { 32, 64, 65, 66, 128, 130, 256, 512, 1000, 1024 };

static bool take(struct replay *r, uint32_t seq)
{
	bool may = replay_check(r, seq);

	assert_int_equal(replay_commit(r, seq), may);
	return may;
}

static void the_window_reaches_back_exactly_its_size(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		uint32_t w = windows[i];
		struct replay r;

		assert_int_equal(replay_init(&r, w), 0);
		assert_false(replay_check(&r, 0)); /* never valid */
		assert_false(replay_commit(&r, 0));
		assert_true(take(&r, 1));
		assert_false(take(&r, 1));
		assert_true(take(&r, 5000));
		assert_false(take(&r, 5000));
		assert_true(take(&r, 5000 - w + 1)); /* the last inside */
		assert_false(take(&r, 5000 - w + 1));
		assert_false(take(&r, 5000 - w)); /* the first outside */
		assert_true(take(&r, 5001));
		assert_false(take(&r, 5001 - w));
		assert_false(take(&r, 0));
		replay_fini(&r);
	}
}

static void two_copies_in_one_batch_pass_the_check_but_not_the_commit(void **state)
{
	struct replay r;

	(void)state;
	assert_int_equal(replay_init(&r, 64), 0);
	assert_true(replay_check(&r, 9));
	assert_true(replay_check(&r, 9));
	assert_true(replay_commit(&r, 9));
	assert_false(replay_commit(&r, 9));
	/* one that left the window between the two */
	assert_true(replay_check(&r, 5));
	assert_true(replay_commit(&r, 1000));
	assert_false(replay_commit(&r, 5));
}

static void the_window_works_up_to_the_last_number(void **state)
{
	struct replay r;

	(void)state;
	assert_int_equal(replay_init(&r, 1024), 0);
	assert_true(take(&r, UINT32_MAX - 1024));
	assert_true(take(&r, UINT32_MAX));
	assert_false(take(&r, UINT32_MAX));
	assert_false(take(&r, UINT32_MAX - 1024));
	assert_true(take(&r, UINT32_MAX - 1023));
	assert_false(take(&r, 1)); /* no wrap */
	replay_fini(&r);
}

static void no_window_accepts_everything(void **state)
{
	struct replay r;

	(void)state;
	assert_int_equal(replay_init(&r, 0), 0);
	for (int i = 0; i < 3; i++) {
		assert_true(take(&r, 7));
		assert_true(take(&r, 1));
	}
	assert_int_equal(r.top, 7);
}

/* A byte for each number ever seen. */
static void random_sequences_are_judged_as_the_naive_model_judges(void **state)
{
	enum { N = 1 << 17 };
	uint8_t *seen = malloc(N);

	(void)state;
	assert_non_null(seen);
	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		uint32_t w = windows[i], top = 0, accepted = 0;
		struct replay r;

		assert_int_equal(replay_init(&r, w), 0);
		memset(seen, 0, N);
		for (int step = 0; step < 40000 && top < N - 5000; step++) {
			uint32_t seq;

			switch (rnd() % 128) {
			case 0: /* a jump, at times over the whole ring */
				seq = top + rnd() % 4096;
				break;
			case 1: /* edges */
			case 2:
			case 3:
				seq = top - w + rnd() % 3 - 1;
				break;
			case 4:
				seq = rnd() % (top + 1);
				break;
			default:
				seq = top + 2 - rnd() % (w + 8);
				break;
			}
			if (seq >= N) /* below zero */
				continue;
			bool want = seq && !seen[seq] && (seq > top || top - seq < w);
			assert_int_equal(replay_check(&r, seq), want);
			if (rnd() % 8 == 0)
				continue; /* not authentic: a check alone changes nothing */
			assert_int_equal(replay_commit(&r, seq), want);
			if (want) {
				seen[seq] = 1;
				top = seq > top ? seq : top;
				accepted++;
			}
		}
		assert_true(accepted > 1000);
		replay_fini(&r);
	}
	free(seen);
}

#define NET(a, b, c) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8)

static struct spd_entry entry(uint32_t id, uint32_t seq, enum spd_action action, uint32_t local,
			      uint32_t remote)
{
	return (struct spd_entry){ .id = id, .ifid = 1, .map_seq = seq, .action = (uint8_t)action,
				   .sel = { .local = addr_match_v4(local, 0xff),
					    .remote = addr_match_v4(remote, 0xff) } };
}

static struct flow flow(uint32_t src, uint32_t dst)
{
	return (struct flow){ .local = ipaddr_v4(src), .remote = ipaddr_v4(dst), .proto = 6,
			      .ports_known = true, .local_port = 1024, .remote_port = 80 };
}

static uint32_t id_of(const struct spd_entry *e)
{
	return e ? e->id : 0;
}

static void build_spd(struct spd *s)
{
	struct spd_entry e[] = {
		/* map entry 10: one host is denied, its net permitted */
		entry(1, 10, SPD_SKIP, NET(10, 0, 0) | 5, NET(10, 1, 0)),
		entry(2, 10, SPD_PROTECT, NET(10, 0, 0), NET(10, 1, 0)),
		/* entry 20 takes what 10 denied, and all TCP to another net */
		entry(3, 20, SPD_PROTECT, NET(10, 0, 0), NET(10, 1, 0)),
		entry(4, 20, SPD_PROTECT, NET(10, 0, 0), NET(10, 2, 0)),
		/* 30 would take it as well, but comes later */
		entry(5, 30, SPD_PROTECT, NET(10, 0, 0), NET(10, 2, 0)),
		/* another interface */
		entry(6, 10, SPD_PROTECT, NET(10, 9, 0), NET(10, 9, 1)),
		/* denied and nowhere permitted */
		entry(7, 40, SPD_SKIP, NET(10, 3, 0), NET(10, 3, 1)),
		entry(8, 40, SPD_PROTECT, NET(10, 3, 0), NET(10, 3, 1)),
	};

	e[0].sel.local = addr_match_v4(NET(10, 0, 0) | 5, 0);
	e[3].sel.proto = 6;
	e[3].sel.remote_port = (struct port_match){ PORT_EQ, 80, 0 };
	e[5].ifid = 2;
	s->generation = 1;
	for (size_t i = 0; i < sizeof(e) / sizeof(e[0]); i++)
		assert_int_equal(spd_add(s, &e[i]), 0);
}

static void the_first_match_takes_a_flow_and_a_deny_goes_on_at_the_next_map_entry(void **state)
{
	struct spd s = { 0 };
	struct spd_cache *c = calloc(1, sizeof(*c));
	struct flow udp = flow(NET(10, 0, 0) | 1, NET(10, 2, 0) | 1);
	struct flow frag = udp;

	udp.proto = 17;
	frag.ports_known = false;
	const struct {
		uint32_t ifid;
		struct flow f;
		uint32_t id;
	} t[] = {
		{ 1, flow(NET(10, 0, 0) | 1, NET(10, 1, 0) | 1), 2 },
		{ 1, flow(NET(10, 0, 0) | 5, NET(10, 1, 0) | 1), 3 },
		{ 1, flow(NET(10, 0, 0) | 5, NET(10, 2, 0) | 1), 4 },
		{ 1, udp, 5 },
		{ 1, frag, 5 }, /* no ports: no match for a port test */
		{ 1, flow(NET(10, 3, 0) | 1, NET(10, 3, 1) | 1), 0 },
		{ 1, flow(NET(10, 9, 0) | 1, NET(10, 9, 1) | 1), 0 },
		{ 2, flow(NET(10, 9, 0) | 1, NET(10, 9, 1) | 1), 6 },
		{ 2, flow(NET(10, 0, 0) | 1, NET(10, 1, 0) | 1), 0 },
		{ 1, flow(NET(10, 1, 0) | 1, NET(10, 0, 0) | 1), 0 }, /* backwards */
	};

	(void)state;
	assert_non_null(c);
	build_spd(&s);
	for (int round = 0; round < 2; round++) /* the second is from the cache */
		for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
			struct flow m = flow_mirror(&t[i].f);

			assert_int_equal(id_of(spd_lookup(&s, t[i].ifid, &t[i].f)), t[i].id);
			assert_int_equal(id_of(spd_lookup_cached(&s, c, t[i].ifid, &t[i].f)), t[i].id);
			/* the same flow coming in clear from the other side */
			assert_int_equal(id_of(spd_lookup_inbound(&s, t[i].ifid, &m)), t[i].id);
		}
	spd_fini(&s);
	free(c);
}

static void the_cache_never_answers_for_another_table(void **state)
{
	struct spd s = { 0 }, other = { .generation = 2 };
	struct spd_cache *c = calloc(1, sizeof(*c));
	struct flow f = flow(NET(10, 0, 0) | 1, NET(10, 1, 0) | 1);
	struct spd_entry e = entry(77, 10, SPD_PROTECT, NET(10, 0, 0), NET(10, 1, 0));

	(void)state;
	assert_non_null(c);
	build_spd(&s);
	assert_int_equal(spd_add(&other, &e), 0);
	assert_int_equal(id_of(spd_lookup_cached(&s, c, 1, &f)), 2);
	assert_int_equal(id_of(spd_lookup_cached(&other, c, 1, &f)), 77);
	/* and agrees with the walk over many flows that share slots */
	for (int i = 0; i < 20000; i++) {
		f = flow(NET(10, rnd() % 4, 0) | rnd() % 8, NET(10, rnd() % 4, 0) | rnd() % 8);
		f.remote_port = (uint16_t)(80 + rnd() % 2);
		f.proto = rnd() % 2 ? 6 : 17;
		assert_ptr_equal(spd_lookup_cached(&s, c, 1, &f), spd_lookup(&s, 1, &f));
	}
	spd_fini(&s);
	spd_fini(&other);
	free(c);
}

/* A flow whose slots are those of f, by its remote port; from which on it is looked for. */
static struct flow neighbour(struct spd_cache *c, const struct flow *f, uint16_t from)
{
	struct ip_key k, k2;
	struct flow g = *f;

	ip_key_of_flow(f, &k);
	for (g.remote_port = from;; g.remote_port++) {
		ip_key_of_flow(&g, &k2);
		if (g.remote_port != f->remote_port && spd_slot_at(c, 1, &k2) == spd_slot_at(c, 1, &k))
			return g;
		if (g.remote_port == UINT16_MAX)
			g.local.b[3]++;
	}
}

static void two_flows_share_a_pair_of_slots_and_a_third_takes_the_place_of_the_older(void **state)
{
	struct spd_cache *c = calloc(1, sizeof(*c));
	struct flow f[3] = { flow(NET(10, 0, 0) | 1, NET(10, 2, 0) | 1) };
	struct spd s = { 0 };

	(void)state;
	assert_non_null(c);
	build_spd(&s);
	f[0].proto = 17;
	f[1] = neighbour(c, &f[0], 1);
	f[2] = neighbour(c, &f[0], (uint16_t)(f[1].remote_port + 1));
	for (int round = 0; round < 3; round++)
		for (size_t i = 0; i < 2; i++)
			assert_ptr_equal(spd_lookup_cached(&s, c, 1, &f[i]), spd_lookup(&s, 1, &f[i]));
	assert_int_equal(c->fills, 2);
	assert_ptr_equal(spd_lookup_cached(&s, c, 1, &f[2]), spd_lookup(&s, 1, &f[2]));
	assert_ptr_equal(spd_lookup_cached(&s, c, 1, &f[1]), spd_lookup(&s, 1, &f[1]));
	assert_int_equal(c->fills, 3); /* the first one has gone, which was the older */
	assert_ptr_equal(spd_lookup_cached(&s, c, 1, &f[0]), spd_lookup(&s, 1, &f[0]));
	assert_int_equal(c->fills, 4);
	spd_fini(&s);
	free(c);
}

static struct sa_spec plain_spec(uint32_t id, enum sa_dir dir, uint32_t spi)
{
	struct sa_spec s = { .id = id, .dir = (uint8_t)dir, .proto = PROTO_ESP, .mode = MODE_TUNNEL,
			     .spi = spi, .src = ipaddr_v4(1), .dst = ipaddr_v4(2),
			     .cipher = CIPHER_AES_CBC, .cipher_bits = 128,
			     .auth = AUTH_HMAC_SHA1_96, .enc_key = { .len = 16 },
			     .auth_key = { .len = 20 } };

	return s;
}

static void the_sad_finds_by_id_and_by_spi_and_takes_none_twice(void **state)
{
	struct crypto_runner *r = crypto_runner_new(CRYPTO_AUTO);
	uint64_t key[2] = { 1, 2 };
	struct sad d;
	struct sa *sa, *dup;

	(void)state;
	sad_init(&d, key);
	for (uint32_t i = 1; i <= 300; i++) {
		struct sa_spec s = plain_spec(i, i % 2 ? SA_IN : SA_OUT, 5000 + i);

		assert_int_equal(sa_new(r, &s, 0, &sa), 0);
		assert_int_equal(sad_add(&d, sa), 0);
	}
	struct sa_spec same_id = plain_spec(7, SA_IN, 1), same_spi = plain_spec(1000, SA_IN, 5007);
	assert_int_equal(sa_new(r, &same_id, 0, &dup), 0);
	assert_int_equal(sad_add(&d, dup), -EEXIST);
	sa_free(dup);
	assert_int_equal(sa_new(r, &same_spi, 0, &dup), 0);
	assert_int_equal(sad_add(&d, dup), -EEXIST);
	sa_free(dup);
	for (uint32_t i = 1; i <= 300; i++) {
		sa = sad_by_id(&d, i);
		assert_non_null(sa);
		assert_ptr_equal(sad_by_spi(&d, PROTO_ESP, 5000 + i), i % 2 ? sa : NULL);
		assert_null(sad_by_spi(&d, PROTO_AH, 5000 + i));
	}
	sad_del(&d, sad_by_id(&d, 7));
	assert_null(sad_by_id(&d, 7));
	assert_null(sad_by_spi(&d, PROTO_ESP, 5007));
	sad_fini(&d);
	crypto_runner_free(r);
}

static void an_sa_is_due_by_time_by_volume_and_by_numbers(void **state)
{
	struct crypto_runner *r = crypto_runner_new(CRYPTO_AUTO);
	struct sa_spec s = plain_spec(1, SA_OUT, 9);
	struct sa *sa;

	(void)state;
	s.life = (struct sa_life){ .soft_sec = 90, .hard_sec = 100, .soft_bytes = 900,
				   .hard_bytes = 1000 };
	assert_int_equal(sa_new(r, &s, 5000, &sa), 0);
	assert_false(sa_check_life(sa, 5000 + 89999));
	sa->bytes = 899;
	assert_false(sa_check_life(sa, 5000 + 60000));
	sa->bytes = 900;
	assert_true(sa_check_life(sa, 5000 + 60000));
	assert_int_equal(sa->due, SA_DUE_SOFT);
	sa->told = sa->due;
	assert_false(sa_check_life(sa, 5000 + 99999)); /* told once */
	assert_false(sa->dead);
	assert_true(sa_check_life(sa, 5000 + 100000));
	assert_true(sa->dead && sa->due & SA_DUE_HARD);
	sa_free(sa);

	assert_int_equal(sa_new(r, &s, 0, &sa), 0);
	sa->bytes = 1000;
	assert_true(sa_check_life(sa, 0) && sa->dead);
	sa_free(sa);
	s.life = (struct sa_life){ 0 };
	assert_int_equal(sa_new(r, &s, 0, &sa), 0);
	assert_false(sa_check_life(sa, UINT32_MAX)); /* no limits */
	sa->seq = 0xff000000;
	assert_true(sa_check_life(sa, 0) && !sa->dead);
	sa_free(sa);
	crypto_runner_free(r);
}

/* What is left lasts less than five seconds at the rate it has had. */
static void an_sa_that_fills_in_seconds_is_due_earlier(void **state)
{
	static const struct {
		uint64_t bytes, age_ms;
		bool due;
	} t[] = { { 6000000, 6000, true },  { 5100000, 4000, true },   { 5100000, 8000, false },
		  { 4999999, 1, false },    { 5000000, 0, true },      { 8999999, 90000, false },
		  { 9000000, 90000, true }, { 8999999, 1 << 30, false } };
	struct crypto_runner *r = crypto_runner_new(CRYPTO_AUTO);
	struct sa_spec s = plain_spec(1, SA_OUT, 9);

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct sa *sa;

		s.life = (struct sa_life){ .soft_bytes = 9000000, .hard_bytes = 10000000 };
		assert_int_equal(sa_new(r, &s, 5000, &sa), 0);
		sa->bytes = t[i].bytes;
		assert_int_equal(sa_is_due(sa, 5000 + t[i].age_ms), t[i].due ? SA_DUE_SOFT : 0);
		sa_free(sa);
		s.life.soft_bytes = 0; /* nobody renews it */
		assert_int_equal(sa_new(r, &s, 5000, &sa), 0);
		sa->bytes = t[i].bytes;
		assert_int_equal(sa_is_due(sa, 5000 + t[i].age_ms), 0);
		sa_free(sa);
	}
	crypto_runner_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_window_reaches_back_exactly_its_size),
		cmocka_unit_test(two_copies_in_one_batch_pass_the_check_but_not_the_commit),
		cmocka_unit_test(the_window_works_up_to_the_last_number),
		cmocka_unit_test(no_window_accepts_everything),
		cmocka_unit_test(random_sequences_are_judged_as_the_naive_model_judges),
		cmocka_unit_test(
			the_first_match_takes_a_flow_and_a_deny_goes_on_at_the_next_map_entry),
		cmocka_unit_test(the_cache_never_answers_for_another_table),
		cmocka_unit_test(two_flows_share_a_pair_of_slots_and_a_third_takes_the_place_of_the_older),
		cmocka_unit_test(the_sad_finds_by_id_and_by_spi_and_takes_none_twice),
		cmocka_unit_test(an_sa_is_due_by_time_by_volume_and_by_numbers),
		cmocka_unit_test(an_sa_that_fills_in_seconds_is_due_earlier),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
