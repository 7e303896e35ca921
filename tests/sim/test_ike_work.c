/* SPDX-License-Identifier: Apache-2.0 */
/* Exchanges that wait for public-key work: what comes meanwhile, what ends them meanwhile, and
 * results for nobody. */
#include "deferred.h"

static void again(void)
{
	sim_again();
	defer();
}

static int setup(void **state)
{
	sim_setup(state);
	defer();
	return 0;
}

static void assert_up(void)
{
	assert_int_equal(sim_state(0), IKE_QM_IDLE);
	assert_int_equal(sim_state(1), IKE_QM_IDLE);
	assert_int_equal(sim.side[0].n_sa, 2);
	sim_assert_twins();
	assert_int_equal(waiting(0) + waiting(1), 0);
}

/* Main mode: the initiator's pair, the responder's pair and secret, the initiator's secret; then,
 * with PFS, the same three of quick mode. Aggressive mode asks for the same. */
#define STEPS 6

static void each_wait_ends(void **state)
{
	(void)state;
	for (int ag = 0; ag < 2; ag++)
		for (unsigned n = 1; n <= STEPS; n++) {
			again();
			pfs(0, 14);
			if (ag)
				aggressive(0);
			run_to_work(n);
			sim_run(700);
			sim.work_stands = false;
			finish_all();
			sim_run(1500);
			assert_up();
			assert_int_equal(sim.works, STEPS);
		}
}

/* The lines of debug are those of a core that does all at once, in their order, and none is
 * there twice. */
static void lines_are_written_once(void **state)
{
	static char at_once[2][1 << 16];

	(void)state;
	for (int ag = 0; ag < 2; ag++)
		for (int deferred = 0; deferred < 2; deferred++) {
			sim_again();
			sim_env.defer = deferred;
			sim_restart(0, false);
			sim_restart(1, false);
			sim.rng = 77;
			pfs(0, 2);
			if (ag)
				aggressive(0);
			for (int s = 0; s < 2; s++)
				ike_set_debug(sim.side[s].ike, IKE_DEBUG_ISAKMP | IKE_DEBUG_IPSEC | IKE_DEBUG_ENGINE);
			sim_acquire(0, 1);
			sim_run(3000);
			assert_up();
			assert_int_equal(sim.works, deferred ? STEPS : 0);
			for (int s = 0; s < 2; s++) {
				/* the draws, and so message ids and SPIs, are the same as well */
				if (deferred)
					assert_string_equal(sim.side[s].debug, at_once[s]);
				memcpy(at_once[s], sim.side[s].debug, sizeof(at_once[s]));
			}
		}
}

static void repeats_begin_no_work(void **state)
{
	(void)state;
	for (int ag = 0; ag < 2; ag++)
		for (unsigned n = 1; n <= STEPS; n++) {
			again();
			pfs(0, 2);
			if (ag)
				aggressive(0);
			/* whatever is sent comes three times */
			sim.dup_percent = 100;
			sim.work_stands = true;
			sim_acquire(0, 1);
			settle();
			while (sim.works < n) {
				assert_int_equal(sim.n_jobs, 1);
				sim_work(0);
				settle();
			}
			unsigned long before = sim.side[0].sent_bytes + sim.side[1].sent_bytes;
			/* and is repeated by its sender */
			sim_run(900);
			assert_int_equal(sim.works, n);
			assert_int_equal(sim.side[0].sent_bytes + sim.side[1].sent_bytes, before);
			sim_run(5000);
			assert_int_equal(sim.works, n);
			assert_int_equal(sim.n_jobs, 1);
		}
}

/* Only who waits for a message repeats what he sent; who works on its answer does not. */
static void nothing_is_sent_again_meanwhile(void **state)
{
	(void)state;
	run_to_work(1); /* the second message is here */
	sim_run(20000);
	assert_int_equal(sim.side[0].sent_main, 1);
	finish_all();
	sim_drain(0);
	assert_int_equal(sim.side[0].sent_main, 2);
	assert_true(sim.n_wire == 1);
	sim.work_stands = false;
	sim_run(3000);
	assert_up();
}

static void another_third_message_has_to_wait(void **state)
{
	(void)state;
	sim.work_stands = true;
	sim_acquire(0, 1);
	settle();
	sim_work(0);
	sim_drain(0);
	assert_int_equal(sim.n_wire, 1);
	struct datagram d = *sim.wire[0];
	settle();
	assert_int_equal(sim.works, 2);
	d.b[60] ^= 1; /* in the public value */
	for (unsigned i = 0; i < 20; i++)
		sim_feed(1, &d.path, d.b, d.len);
	sim_drain(1);
	assert_int_equal(sim.works, 2);
	assert_int_equal(sim.n_jobs, 1);
	sim.work_stands = false;
	finish_all();
	sim_run(3000);
	assert_up();
}

/* A public value that is none: the exchange is as if it had not come, and the right one serves. */
static void a_bad_value_leaves_no_trace(void **state)
{
	(void)state;
	sim.work_stands = true;
	sim_acquire(0, 1);
	settle();
	sim_work(0);
	sim_drain(0);
	struct datagram d = *sim.wire[0];
	uint8_t bad[4096];

	memcpy(bad, d.b, d.len);
	memset(bad + 28 + 4, 0, 128); /* KE of group 2 */
	free(sim.wire[0]);
	sim.n_wire = 0;
	sim_feed(1, &d.path, bad, d.len);
	sim_drain(1);
	assert_int_equal(sim.n_jobs, 1);
	assert_int_equal(sim.job[0]->done.err, -22);
	sim_work(0);
	sim_drain(1);
	assert_non_null(strstr(sim.side[1].log, "CRYPTO-4-IKMP_BAD_MESSAGE"));
	assert_int_equal(sim_state(1), IKE_MM_SA_SETUP);
	sim.work_stands = false;
	sim_feed(1, &d.path, d.b, d.len);
	sim_run(3000);
	assert_up();
}

/* ---- what ends a wait ---- */

static void work_that_never_ends_ends_the_exchange(void **state)
{
	char before[2][4096], after[4096];

	(void)state;
	for (int ag = 0; ag < 2; ag++)
		for (unsigned n = 1; n <= STEPS; n++) {
			again();
			pfs(0, 2);
			if (ag)
				aggressive(0);
			run_to_work(n);
			sim_run(120000);
			assert_int_equal(waiting(0) + waiting(1), 0);
			assert_int_equal(sim.side[0].failed, 1);
			for (int s = 0; s < 2; s++)
				sim_snapshot(s, before[s], sizeof(before[s]));
			finish_all(); /* for nobody */
			for (int s = 0; s < 2; s++) {
				sim_drain(s);
				sim_snapshot(s, after, sizeof(after));
				assert_string_equal(after, before[s]);
			}
			/* who has answered quick mode receives on what he has said */
			assert_int_equal(sim.side[0].n_sa, 0);
			assert_int_equal(sim.side[1].n_sa, n == STEPS);
		}
}

/* What is wrong with the peer's answers is said, though another one waits when the time is over. */
static void a_wrong_key_is_named_all_the_same(void **state)
{
	(void)state;
	aggressive(0);
	sim.side[1].psk[0].key[0] ^= 1;
	sim_configure(1);
	sim_acquire(0, 1);
	sim_run(5000);
	assert_non_null(strstr(sim.side[0].log, "CRYPTO-4-IKMP_BAD_MESSAGE"));
	sim.work_stands = true;
	sim_run(4000);
	assert_int_equal(waiting(0), 1);
	sim_run(120000);
	assert_int_equal(waiting(0), 0);
	assert_int_equal(sim.side[0].failed, 1);
	assert_non_null(strstr(sim.side[0].reason, "hash is wrong"));
}

static void clear_leaves_nobody_waiting(void **state)
{
	(void)state;
	for (int ag = 0; ag < 2; ag++)
		for (unsigned n = 1; n <= STEPS; n++) {
			again();
			pfs(0, 2);
			if (ag)
				aggressive(0);
			run_to_work(n);
			for (int s = 0; s < 2; s++) {
				ike_clear_ipsec(sim.side[s].ike, sim.now_ms, NULL, NULL, 0);
				ike_clear_isakmp(sim.side[s].ike, sim.now_ms, 0);
			}
			assert_int_equal(waiting(0) + waiting(1), 0);
			finish_all();
			sim_run(1);
			assert_int_equal(sim_pairs(0), 0);
			assert_int_equal(sim_pairs(1), n == STEPS); /* as above */
			ike_clear_ipsec(sim.side[1].ike, sim.now_ms, NULL, NULL, 0);
			sim.work_stands = false;
			sim_acquire(0, 1); /* and all can begin anew */
			sim_run(3000);
			assert_int_equal(sim.side[0].n_sa, 2);
			sim_assert_twins();
		}
}

static void configuration_ends_it_or_asks_anew(void **state)
{
	(void)state;
	for (int ag = 0; ag < 2; ag++)
		for (unsigned n = 1; n <= STEPS; n++)
			for (int off = 0; off < 3; off++) {
				again();
				pfs(0, 2);
				if (ag)
					aggressive(0);
				run_to_work(n);
				for (int s = 0; s < 2; s++) {
					sim.side[s].cfg.enabled = off != 1;
					sim.side[s].cfg.n_p2 = off == 2 ? 0 : 2;
					sim_configure(s);
				}
				if (off == 1)
					assert_int_equal(waiting(0) + waiting(1), 0);
				if (off == 2 && n > STEPS / 2)
					assert_int_equal(waiting(0) + waiting(1), 0);
				sim.work_stands = false;
				finish_all();
				sim_run(3000);
				if (off) {
					assert_int_equal(sim.side[0].n_sa + sim.side[1].n_sa, 0);
				} else { /* nothing of it hangs on the configuration */
					assert_up();
					assert_int_equal(sim.works, STEPS);
				}
				assert_int_equal(waiting(0) + waiting(1), 0);
			}
}

/* The core goes while its work is under way; what comes of it later is the next one's to
 * ignore, whose ids may be the same. */
static void a_core_goes_with_what_waits(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= STEPS; n++) {
		again();
		pfs(0, 2);
		run_to_work(n);
		struct ike_worked stale = sim.job[0]->done;
		sim_restart(0, false);
		sim_restart(1, false);
		while (sim.n_jobs)
			free(sim.job[--sim.n_jobs]);
		sim.work_stands = false;
		stale.id = 999;
		ike_worked(sim.side[0].ike, sim.now_ms, &stale);
		sim_acquire(0, 1);
		sim_run(3000);
		assert_up();
	}
}

/* ---- bounds ---- */

static void who_is_new_waits_while_much_is_to_be_done(void **state)
{
	struct ike_admission a;
	struct ike *k = sim.side[1].ike;

	(void)state;
	k->n_asked[false] += IKE_MAX_WORK;
	sim_acquire(0, 1);
	settle();
	assert_int_equal(sim.side[1].sent_main, 0);
	assert_int_equal(sim_count_sas(1, IKE_MM_SA_SETUP), 0);
	assert_non_null(strstr(sim.side[1].log, "SYSTEM RESOURCES TOO LOW"));
	ike_get_admission(k, &a);
	assert_int_equal(a.in_rejected, 1);
	assert_int_equal(a.low_resources, 1);
	k->n_asked[false] -= IKE_MAX_WORK;
	sim_run(3000); /* he asks again */
	assert_up();
	/* a quick mode with PFS is not begun either, for work of those who are known, and comes again, too */
	pfs(1, 2);
	k->n_asked[true] += IKE_MAX_WORK_FIRST;
	sim_acquire(0, 2);
	settle();
	ike_get_admission(k, &a);
	assert_int_equal(a.not_begun, 1);
	assert_int_equal(sim.side[0].n_sa, 2);
	k->n_asked[true] -= IKE_MAX_WORK_FIRST;
	sim_run(3000);
	assert_int_equal(sim.side[0].n_sa, 4);
	sim_assert_twins();
	/* one without costs nothing */
	k->n_asked[true] += IKE_MAX_WORK_FIRST;
	ike_expire(sim.side[0].ike, sim.now_ms, sim_sa(0, SA_OUT)->id, false, true);
	settle();
	assert_int_equal(sim.side[0].n_sa, 6);
	ike_get_admission(k, &a);
	assert_int_equal(a.not_begun, 1);
	k->n_asked[true] -= IKE_MAX_WORK_FIRST;
}

/* One that waits for its secret has shown its address: a flood does not take its place. */
static void a_flood_pushes_out_nobody_who_waits(void **state)
{
	struct ike_path path;
	uint8_t first[4096];

	(void)state;
	sim.side[1].psk[0].mask_len = 0;
	sim_configure(1);
	sim.work_stands = true;
	sim_acquire(0, 1);
	sim_drain(0);
	struct datagram d = *sim.wire[0];
	settle();
	sim_work(0);
	settle();
	assert_int_equal(waiting(1), 1);
	sim.now_ms += 2 * IKE_HALF_OPEN_MS;
	memcpy(first, d.b, d.len);
	path = d.path;
	for (unsigned i = 0; i < 2 * IKE_MAX_HALF_OPEN; i++) {
		path.remote = ipaddr_v4(A(198, 18, 0, 1) + (i << 8));
		first[0] = (uint8_t)i;
		first[1] = (uint8_t)(i >> 8);
		sim_feed(1, &path, first, d.len);
		sim_drain(1);
	}
	assert_int_equal(waiting(1), 1);
	while (sim.n_wire)
		free(sim.wire[--sim.n_wire]);
	sim.work_stands = false;
	finish_all();
	sim_run(3000);
	assert_int_equal(sim.side[0].n_sa, 2);
}

/* Answered late or not: it is gone when those who count strangers' exchanges no longer look. */
static void waiting_makes_no_strangers_exchange_older(void **state)
{
	(void)state;
	aggressive(0);
	run_to_work(2); /* the answer */
	sim.cut[0] = sim.cut[1] = true;
	sim_run(IKE_GIVE_UP_MS - 10000);
	finish_all();
	sim_run(9000);
	assert_int_equal(sim.side[1].sent_aggressive, 1);
	assert_int_equal(sim_count_sas(1, IKE_AG_INIT_EXCH), 1);
	sim_run(2000);
	assert_int_equal(sim_count_sas(1, IKE_AG_INIT_EXCH), 0);
}

/* However many ISAKMP SAs he has. */
static void one_peer_leaves_room_for_the_others(void **state)
{
	struct ike *k = sim.side[1].ike;
	struct ike_admission a;

	(void)state;
	pfs(1, 2);
	sim_acquire(0, 1);
	sim_acquire(1, 1);
	sim_run(3000);
	size_t pairs = sim_pairs(1);
	struct ike_sa *one = TAILQ_FIRST(&k->sas), *two = one ? TAILQ_NEXT(one, entry) : NULL;
	assert_non_null(two);
	one->n_parked += 20;
	two->n_parked += IKE_MAX_WORK_PEER - 20;
	sim_acquire(0, 2);
	settle();
	ike_get_admission(k, &a);
	assert_int_equal(a.not_begun, 1);
	assert_int_equal(sim_pairs(1), pairs);
	two->n_parked--;
	sim_run(1500);
	assert_int_equal(sim_pairs(1), pairs + 1);
	assert_int_equal(one->n_parked, 20);
	assert_int_equal(two->n_parked, IKE_MAX_WORK_PEER - 21);
	one->n_parked = two->n_parked = 0;
	sim_assert_twins();
}

/* Ended by whoever began it, it is still being done: its place is not free before. */
static void what_has_ended_keeps_its_place(void **state)
{
	struct ike *k = sim.side[1].ike;
	struct ike_admission a;
	struct ike_sa *sa;

	(void)state;
	pfs(1, 2);
	sim_acquire(0, 1);
	sim_run(3000);
	sim.work_stands = true;
	sim_acquire(0, 2);
	settle();
	sim_work(0); /* his key pair */
	settle();
	assert_int_equal(waiting(1), 1);
	ike_clear_isakmp(k, sim.now_ms, 0);
	assert_int_equal(waiting(1), 0);
	assert_int_equal(k->n_orphans, 1);
	/* he is there again, and all but one of his places are taken */
	sim_acquire(1, 1);
	settle();
	while (sim.n_jobs > 1) {
		sim_work(1); /* not what nobody waits for */
		settle();
	}
	sa = TAILQ_FIRST(&k->sas);
	assert_non_null(sa);
	assert_int_equal(sa->state, MM_DONE);
	assert_int_equal(k->n_orphans, 1);
	sa->n_parked += IKE_MAX_WORK_PEER - 1;
	sim_acquire(0, 2);
	settle();
	while (sim.n_jobs > 1) {
		sim_work(1);
		settle();
	}
	ike_get_admission(k, &a);
	assert_int_equal(a.not_begun, 1);
	finish_all();
	assert_int_equal(k->n_orphans, 0);
	sa->n_parked -= IKE_MAX_WORK_PEER - 1;
}

/* While the peer's quick mode waits, a renewal of ours does not begin. If nothing comes of it, it
 * does. */
static void what_was_held_back_begins_later(void **state)
{
	(void)state;
	for (int cleared = 0; cleared < 2; cleared++) {
		again();
		pfs(0, 2);
		sim_acquire(0, 1);
		sim_run(3000);
		assert_up();
		sim.work_stands = true;
		ike_expire(sim.side[0].ike, sim.now_ms, sim_sa(0, SA_OUT)->id, false, true);
		settle();
		sim_work(0); /* his key pair */
		settle();
		assert_int_equal(waiting(1), 1);
		sim.cut[1] = true;
		sim.side[1].sent_quick = sim.side[1].sent_main = 0;
		ike_expire(sim.side[1].ike, sim.now_ms, sim_sa(1, SA_OUT)->id, false, true);
		sim_run(IKE_REKEY_AGAIN_MS);
		assert_int_equal(sim.side[1].sent_quick + sim.side[1].sent_main, 0);
		if (cleared)
			ike_clear_isakmp(sim.side[1].ike, sim.now_ms, 0);
		else
			sim_run(IKE_GIVE_UP_MS - IKE_REKEY_AGAIN_MS);
		assert_int_equal(waiting(1), 0);
		sim.work_stands = false;
		finish_all();
		sim_run(IKE_REKEY_AGAIN_MS + 1000);
		assert_true(sim.side[1].sent_quick + sim.side[1].sent_main > 0);
	}
}

/* ---- all at once ---- */

static void late_and_lossy(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 60; i++) {
		again();
		sim.rng += i;
		pfs(0, i % 3 ? 2 : 0);
		if (i % 2)
			aggressive(0);
		sim.work_ms = 1 + i * 10;
		sim.drop_percent = 20;
		sim.dup_percent = 30;
		sim.reorder = true;
		sim_acquire(0, 1);
		if (i % 4 == 0)
			sim_acquire(1, 1);
		sim_run(40000);
		sim.drop_percent = 0;
		sim_acquire(0, 1);
		sim_run(40000);
		assert_true(sim_pairs(0) > 0);
		assert_int_equal(waiting(0) + waiting(1), 0);
	}
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, sim_teardown)
	const struct CMUnitTest tests[] = {
		CASE(each_wait_ends),
		CASE(lines_are_written_once),
		CASE(repeats_begin_no_work),
		CASE(nothing_is_sent_again_meanwhile),
		CASE(another_third_message_has_to_wait),
		CASE(a_bad_value_leaves_no_trace),
		CASE(work_that_never_ends_ends_the_exchange),
		CASE(a_wrong_key_is_named_all_the_same),
		CASE(clear_leaves_nobody_waiting),
		CASE(configuration_ends_it_or_asks_anew),
		CASE(a_core_goes_with_what_waits),
		CASE(who_is_new_waits_while_much_is_to_be_done),
		CASE(a_flood_pushes_out_nobody_who_waits),
		CASE(waiting_makes_no_strangers_exchange_older),
		CASE(one_peer_leaves_room_for_the_others),
		CASE(what_has_ended_keeps_its_place),
		CASE(what_was_held_back_begins_later),
		CASE(late_and_lossy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
