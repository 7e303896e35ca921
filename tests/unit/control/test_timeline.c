/* SPDX-License-Identifier: Apache-2.0 */
/* Steps in, lives out: what `show crypto session timeline` and `history` are made of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "control/timeline.h"

#define HOUR UINT64_C(3600000)
#define IF   3 /* the interface */
#define SILENT "no answer" /* that of phase 1: it is of the peer, not of a policy */

static const struct sa_spec out_spec = { .id = 12 };

static struct timeline *t;
static struct ipaddr peer;

static int begin(void **state)
{
	(void)state;
	t = timeline_new();
	peer = ipaddr_v4(0xc0000202);
	return t ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	timeline_free(t);
	return 0;
}

static void step(uint64_t now_ms, enum ike_step what, const char *why)
{
	struct ike_action a = { .type = IKE_ACT_STEP, .step = what, .path.remote = peer, .text = why,
				.spec = &out_spec, .sa_id = 11, .initiator = true, .since_ms = now_ms - 7 };

	if (what == IKE_STEP_TRAFFIC || what == IKE_STEP_PHASE2_UP || what == IKE_STEP_PHASE2_DOWN ||
	    (what == IKE_STEP_FAILED && strcmp(why, SILENT)))
		a.ifid = IF;
	if (what == IKE_STEP_TRAFFIC)
		a.flow = (struct flow){ .local = ipaddr_v4(0x0a010105), .remote = ipaddr_v4(0x0a020207), .proto = 1 };
	timeline_step(t, now_ms, &a);
}

static void carried(uint64_t now_ms, uint32_t sa_id, uint64_t packets, uint32_t idle_ms)
{
	struct fwd_sa_stats v[] = { { .sa_id = 5, .packets = 99 },
				    { .sa_id = sa_id, .packets = packets, .idle_ms = idle_ms } };

	timeline_carried(t, now_ms, v, 2);
}

/* A life from its first packet to its end. */
static void live(uint64_t from_ms, const char *why)
{
	step(from_ms, IKE_STEP_TRAFFIC, "");
	step(from_ms + 1, IKE_STEP_PHASE1, "");
	step(from_ms + 100, IKE_STEP_PHASE1_UP, "");
	step(from_ms + 150, IKE_STEP_PHASE2_UP, "");
	step(from_ms + 9000, IKE_STEP_PHASE2_DOWN, why);
	step(from_ms + 9001, IKE_STEP_PHASE1_DOWN, "cleared");
}

static void five_steps_have_their_times(void **state)
{
	const struct timeline_life *l;

	(void)state;
	step(1000, IKE_STEP_TRAFFIC, "");
	step(1001, IKE_STEP_PHASE1, "");
	l = timeline_life(t, &peer, IF, 0);
	assert_int_equal(l->at_ms[STEP_TRAFFIC], 1000);
	assert_int_equal(l->flow.remote.b[3], 7);
	assert_int_equal(l->at_ms[STEP_PHASE1], 0);
	step(1200, IKE_STEP_PHASE1_UP, "");
	step(1300, IKE_STEP_PHASE2_UP, "");
	carried(1350, 12, 0, UINT32_MAX); /* nothing yet */
	assert_int_equal(l->at_ms[STEP_DATA], 0);
	carried(6000, 12, 1, 4650); /* the one packet came 4.65 s ago */
	carried(7000, 12, 50, 1);   /* others do not move it */
	step(9000, IKE_STEP_PHASE2_DOWN, "deleted by the peer");
	assert_int_equal(l->at_ms[STEP_PHASE1], 1200);
	assert_int_equal(l->at_ms[STEP_PHASE2], 1300);
	assert_int_equal(l->at_ms[STEP_DATA], 1350);
	assert_int_equal(l->at_ms[STEP_END], 9000);
	assert_string_equal(l->why, "deleted by the peer");
	assert_false(l->by_peer);
	assert_null(timeline_life(t, &peer, IF, 1));
}

static void a_renewal_is_no_new_life(void **state)
{
	(void)state;
	step(1000, IKE_STEP_TRAFFIC, "");
	step(1200, IKE_STEP_PHASE1_UP, "");
	step(1300, IKE_STEP_PHASE2_UP, "");
	step(3000, IKE_STEP_PHASE1, "");
	step(3100, IKE_STEP_PHASE1_UP, "");
	step(3200, IKE_STEP_PHASE2_UP, "");
	step(3300, IKE_STEP_PHASE2_DOWN, "a newer pair has taken its place");
	step(3400, IKE_STEP_PHASE1_DOWN, "its lifetime is over");
	step(3500, IKE_STEP_FAILED, "a renewal that failed");
	assert_int_equal(timeline_life(t, &peer, IF, 0)->at_ms[STEP_PHASE2], 1300);
	assert_int_equal(timeline_life(t, &peer, IF, 0)->at_ms[STEP_END], 0);
	assert_null(timeline_life(t, &peer, IF, 1));
}

static void the_next_life_knows_the_phase_1_that_is_there(void **state)
{
	(void)state;
	step(1000, IKE_STEP_TRAFFIC, "");
	step(1200, IKE_STEP_PHASE1_UP, "");
	step(1300, IKE_STEP_PHASE2_UP, "");
	step(2000, IKE_STEP_PHASE2_DOWN, "idle");
	step(5000, IKE_STEP_TRAFFIC, "");
	assert_int_equal(timeline_life(t, &peer, IF, 0)->at_ms[STEP_TRAFFIC], 5000);
	assert_int_equal(timeline_life(t, &peer, IF, 0)->at_ms[STEP_PHASE1], 1200);
	assert_string_equal(timeline_life(t, &peer, IF, 1)->why, "idle");
}

static void the_peer_may_begin(void **state)
{
	struct ike_action a = { .type = IKE_ACT_STEP, .step = IKE_STEP_PHASE1_UP, .path.remote = peer,
				.text = "", .since_ms = 900 };

	(void)state;
	timeline_step(t, 1000, &a);
	assert_true(timeline_life(t, &peer, IF, 0)->by_peer);
	assert_int_equal(timeline_life(t, &peer, IF, 0)->at_ms[STEP_TRAFFIC], 900);
	/* and leave before there was a pair */
	step(2000, IKE_STEP_PHASE1_DOWN, "deleted by the peer");
	assert_int_equal(timeline_life(t, &peer, IF, 0)->at_ms[STEP_END], 2000);
}

static void interfaces_share_a_phase_1_and_no_more(void **state)
{
	struct ike_action a = { .type = IKE_ACT_STEP, .step = IKE_STEP_PHASE2_UP, .path.remote = peer, .text = "",
				.ifid = 8, .spec = &out_spec, .sa_id = 11 };

	(void)state;
	step(1000, IKE_STEP_TRAFFIC, "");
	step(1001, IKE_STEP_PHASE1, "");
	step(1200, IKE_STEP_PHASE1_UP, "");
	step(1300, IKE_STEP_PHASE2_UP, "");
	timeline_step(t, 5000, &a); /* the peer begins another one */
	assert_int_equal(timeline_life(t, &peer, 8, 0)->at_ms[STEP_PHASE1], 1200);
	assert_int_equal(timeline_life(t, &peer, 8, 0)->at_ms[STEP_TRAFFIC], 5000);
	assert_true(timeline_life(t, &peer, 8, 0)->by_peer);
	step(6000, IKE_STEP_PHASE2_DOWN, "idle");
	assert_int_equal(timeline_life(t, &peer, IF, 0)->at_ms[STEP_END], 6000);
	assert_int_equal(timeline_life(t, &peer, 8, 0)->at_ms[STEP_END], 0);
	/* one that was never heard of has what the peer came to */
	assert_int_equal(timeline_life(t, &peer, 99, 0)->at_ms[STEP_PHASE1], 1200);
}

static void attempts_that_fail_alike_are_one_line(void **state)
{
	const struct timeline_life *l;

	(void)state;
	live(1000, "dead peer");
	for (uint64_t i = 0; i < 100; i++) {
		step(100000 + i * 1000, IKE_STEP_TRAFFIC, "");
		step(100500 + i * 1000, IKE_STEP_FAILED, i < 90 ? SILENT : "refused");
	}
	l = timeline_life(t, &peer, IF, 0);
	assert_string_equal(l->why, "refused");
	assert_int_equal(l->times, 10);
	l = timeline_life(t, &peer, IF, 1);
	assert_int_equal(l->times, 90);
	assert_int_equal(l->at_ms[STEP_TRAFFIC], 100000);
	assert_int_equal(l->at_ms[STEP_END], 100500 + 89 * 1000);
	assert_string_equal(timeline_life(t, &peer, IF, 2)->why, "dead peer");
	assert_null(timeline_life(t, &peer, IF, 3));
}

static void flaps_are_counted_for_an_hour(void **state)
{
	struct timeline_flaps f;

	(void)state;
	for (uint64_t i = 0; i < 3; i++) {
		f = timeline_flaps(t, &peer, IF, HOUR);
		assert_false(f.flapping);
		live(HOUR + i * 10000, "deleted by the peer");
	}
	f = timeline_flaps(t, &peer, IF, HOUR + 40000);
	assert_int_equal(f.ups, 3);
	assert_int_equal(f.downs, 3);
	assert_true(f.flapping);
	/* attempts that never carried are no flaps */
	step(HOUR + 50000, IKE_STEP_TRAFFIC, "");
	step(HOUR + 51000, IKE_STEP_FAILED, SILENT);
	assert_int_equal(timeline_flaps(t, &peer, IF, HOUR + 60000).downs, 3);
	f = timeline_flaps(t, &peer, IF, 3 * HOUR);
	assert_int_equal(f.ups + f.downs, 0);
	assert_false(f.flapping);
}

static void what_is_kept_is_bounded(void **state)
{
	size_t n = 0;

	(void)state;
	for (uint64_t i = 0; i < 100; i++)
		live(1000 + i * 10000, i & 1 ? "one" : "two");
	while (timeline_life(t, &peer, IF, n))
		n++;
	assert_int_equal(n, TIMELINE_LIVES);
	assert_int_equal(timeline_life(t, &peer, IF, 0)->at_ms[STEP_TRAFFIC], 1000 + 99 * 10000);
	/* the first one carries, the others come and go: it stays */
	peer = ipaddr_v4(1);
	step(2000000, IKE_STEP_PHASE2_UP, "");
	for (uint32_t i = 2; i < 3 * TIMELINE_MAX; i++) {
		peer = ipaddr_v4(i);
		step(2000001 + i, IKE_STEP_TRAFFIC, "");
	}
	n = 0;
	for (uint32_t i = 1; i < 3 * TIMELINE_MAX; i++) {
		peer = ipaddr_v4(i);
		n += timeline_life(t, &peer, IF, 0) != NULL;
	}
	assert_int_equal(n, TIMELINE_MAX);
	peer = ipaddr_v4(1);
	assert_non_null(timeline_life(t, &peer, IF, 0));
	peer = ipaddr_v4(2);
	assert_null(timeline_life(t, &peer, IF, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(five_steps_have_their_times, begin, end),
		cmocka_unit_test_setup_teardown(a_renewal_is_no_new_life, begin, end),
		cmocka_unit_test_setup_teardown(the_next_life_knows_the_phase_1_that_is_there, begin, end),
		cmocka_unit_test_setup_teardown(the_peer_may_begin, begin, end),
		cmocka_unit_test_setup_teardown(interfaces_share_a_phase_1_and_no_more, begin, end),
		cmocka_unit_test_setup_teardown(attempts_that_fail_alike_are_one_line, begin, end),
		cmocka_unit_test_setup_teardown(flaps_are_counted_for_an_hour, begin, end),
		cmocka_unit_test_setup_teardown(what_is_kept_is_bounded, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
