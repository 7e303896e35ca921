/* SPDX-License-Identifier: Apache-2.0 */
/* Renewals of phase 1 that cross, and what then asks whether the peer lives: found by the
 * random worlds of chaos, each by hand. */
#include "ike/internal.h"
#include "sim.h"

enum { MAIN = 2 };

static void lose(int s, unsigned skip, unsigned count)
{
	sim.lose[s].exchange = MAIN;
	sim.lose[s].skip = skip;
	sim.lose[s].count = count;
}

static void connect_all(void)
{
	sim_acquire(0, 1);
	sim_run(500);
	assert_int_equal(sim.side[0].n_sa, 2);
}

/* chaos --seeds 609..609 and 710..710: both began at once and both lost the last message for
 * some seconds. Each end had the other's SA up long before its own, took it for an old one
 * and deleted it: none was left. */
static void crossing_renewals_do_not_end_each_other(void **state)
{
	(void)state;
	connect_all();
	for (int s = 0; s < 2; s++) {
		struct ike_path path = { ipaddr_v4(A(192, 0, 2, 1) + (uint32_t)s),
					 ipaddr_v4(A(192, 0, 2, 2) - (uint32_t)s), 500, 500 };

		lose(s, 5,
		     2); /* three messages of its own, three answers: MM6, and MM5 once more */
		sim.side[s].ike->now_ms = sim.now_ms;
		assert_non_null(phase1_alone(sim.side[s].ike, &path, ""));
	}
	sim_drain(0);
	sim_drain(1);
	sim_run(30000);
	assert_int_equal(sim_count_sas(0, IKE_QM_IDLE), 2);
	assert_int_equal(sim_count_sas(1, IKE_QM_IDLE), 2);
	assert_int_equal(sim.side[0].n_sa, 2);
	sim_assert_twins();
}

/* The same seeds: what asks then is a main mode, which was sent five times in 31 s. Where
 * three of ten datagrams are lost, that often none comes through, and all SAs of a peer who
 * lives were deleted. */
static void probe_is_repeated_often_enough(void **state)
{
	(void)state;
	sim.side[0].cfg.keepalive_sec = 10;
	sim.side[0].cfg.keepalive_retry_sec = 2;
	sim_configure(0);
	connect_all();
	sim_restart(0, true); /* its pairs have no phase 1 */
	struct ike_use v[2] = { { 0 } };
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(ike_adopt(sim.side[0].ike, sim.now_ms, &sim.side[0].sa[i]), 0);
		v[sim.side[0].sa[i].id > sim.side[0].sa[!i].id] =
			(struct ike_use){ sim.side[0].sa[i].id,
					  sim.side[0].sa[i].dir == SA_IN ? UINT32_MAX : 100 };
	}
	unsigned sent = sim.side[0].sent_main;
	lose(0, 0, 7);
	for (unsigned i = 0; i < 12; i++) {
		ike_used(sim.side[0].ike, sim.now_ms, v, 2);
		sim_drain(0);
		sim_run(5000);
	}
	assert_true(sim.side[0].sent_main - sent >= 8);
	assert_int_equal(sim_count_sas(0, IKE_QM_IDLE), 1);
	assert_int_equal(sim.side[0].n_sa, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_TEST(crossing_renewals_do_not_end_each_other),
		SIM_TEST(probe_is_repeated_often_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
