/* SPDX-License-Identifier: Apache-2.0 */
/* Policies of protected tunnels: renewed without traffic, with just their proxies; and
 * those that only answer. */
#include "ike/internal.h"
#include "sim.h"

static void connect_all(int s)
{
	sim_acquire(s, 1);
	sim_run(500);
}

static void standing(int s, bool on)
{
	sim.side[s].p2[0].standing = on;
	sim_configure(s);
}

static void an_unused_pair_is_renewed_if_it_stands(void **state)
{
	(void)state;
	for (int on = 0; on < 2; on++) {
		standing(0, on);
		connect_all(0);
		assert_int_equal(sim.side[0].n_sa, 2);
		ike_expire(sim.side[0].ike, sim.now_ms, sim_sa(0, SA_OUT)->id, false, false);
		sim_drain(0);
		sim_run(500);
		assert_int_equal(sim.side[0].n_sa, on ? 4 : 2);
		sim_assert_twins();
		sim_again();
	}
}

static void who_only_answers_neither_begins_nor_renews(void **state)
{
	(void)state;
	sim.side[0].p2[0].responder_only = true;
	standing(0, true);
	connect_all(0);
	assert_int_equal(sim.side[0].n_sa, 0);
	assert_int_equal(sim.side[0].failed, 1);
	assert_int_equal(sim.side[0].sent_main, 0);
	assert_non_null(strstr(sim.side[0].reason, "responder-only"));
	connect_all(1);
	assert_int_equal(sim.side[0].n_sa, 2);
	ike_expire(sim.side[0].ike, sim.now_ms, sim_sa(0, SA_OUT)->id, false, true);
	sim_drain(0);
	sim_run(500);
	assert_int_equal(sim.side[0].n_sa, 2);
	/* the other one renews, and this one takes part */
	ike_expire(sim.side[1].ike, sim.now_ms, sim_sa(1, SA_OUT)->id, false, true);
	sim_drain(1);
	sim_run(500);
	assert_int_equal(sim.side[0].n_sa, 4);
	sim_assert_twins();
}

/* A VTI's SA is for everything, or a peer could take half the tunnel away. */
static void narrower_proxies_are_refused_if_it_stands(void **state)
{
	(void)state;
	for (int on = 0; on < 2; on++) {
		struct selector any = { .local = addr_match_v4(0, UINT32_MAX),
					.remote = addr_match_v4(0, UINT32_MAX) };

		sim.side[1].p2[0].sel = any;
		sim.side[1].cfg.n_p2 = 1;
		standing(1, on);
		connect_all(0); /* 10.1.x to 10.2.x */
		assert_int_equal(sim.side[1].n_sa, on ? 0 : 2);
		if (on) {
			sim.side[0].p2[0].sel = any;
			sim_configure(0);
			connect_all(0);
			assert_int_equal(sim.side[1].n_sa, 2);
			sim_assert_twins();
		}
		sim_again();
	}
}

/* Two peers that do not wait for each other: twins, and whoever renews first leaves one pair at
 * both ends. */
static void the_next_renewal_leaves_one_of_two_pairs(void **state)
{
	(void)state;
	for (int s = 0; s < 2; s++) {
		uint32_t ids[4];

		standing(0, true);
		standing(1, true);
		sim_acquire(0, 1);
		sim_acquire(1, 1);
		sim_run(500);
		assert_int_equal(sim.side[0].n_sa, 4);
		assert_int_equal(sim.side[1].n_sa, 4);
		sim_run(IKE_SIMULTANEOUS_MS);
		for (size_t i = 0; i < 4; i++)
			ids[i] = sim.side[s].sa[i].id;
		for (size_t i = 0; i < 4; i++) {
			ike_expire(sim.side[s].ike, sim.now_ms, ids[i], false, true);
			sim_drain(s);
		}
		sim_run(IKE_RETIRE_MS + 1000);
		assert_int_equal(sim.side[0].n_sa, 2);
		assert_int_equal(sim.side[1].n_sa, 2);
		sim_assert_twins();
		sim_again();
	}
}

/* One began before the other could hear it, as when two routers start: its first message comes again
 * after ten seconds, and by then there is a pair. */
static void who_was_not_heard_gives_way_to_the_peers_pair(void **state)
{
	(void)state;
	for (int on = 0; on < 2; on++) {
		standing(0, on);
		standing(1, on);
		sim.lose[0].exchange = 2; /* main mode */
		sim.lose[0].count = 1;
		sim_acquire(0, 1);
		sim_run(900);
		sim_acquire(1, 1);
		sim_run(30000);
		assert_int_equal(sim.side[0].n_sa, 2);
		assert_int_equal(sim_count_sas(0, IKE_QM_IDLE), 1);
		assert_int_equal(sim_count_sas(1, IKE_QM_IDLE), 1);
		assert_int_equal(sim.side[0].failed, 0);
		sim_assert_twins();
		sim_again();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_TEST(an_unused_pair_is_renewed_if_it_stands),
		SIM_TEST(who_only_answers_neither_begins_nor_renews),
		SIM_TEST(the_next_renewal_leaves_one_of_two_pairs),
		SIM_TEST(who_was_not_heard_gives_way_to_the_peers_pair),
		SIM_TEST(narrower_proxies_are_refused_if_it_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
