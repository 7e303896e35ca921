/* SPDX-License-Identifier: Apache-2.0 */
/* What the random worlds of chaos found under loss, each by hand. */
#include "ike/internal.h"
#include "sim.h"

enum { MAIN = 2, QUICK = 32 };

static void lose(int s, uint8_t exchange, unsigned skip, unsigned count)
{
	sim.lose[s].exchange = exchange;
	sim.lose[s].skip = skip;
	sim.lose[s].count = count;
}

static void connect_all(void)
{
	sim_acquire(0, 1);
	sim_run(500);
	assert_int_equal(sim.side[0].n_sa, 2);
	assert_int_equal(sim.side[1].n_sa, 2);
}

/* chaos --seeds 9..9: with pauses that doubled, a renewal took longer than the old
 * pair lived. */
static void quick_mode_is_repeated_often_enough(void **state)
{
	(void)state;
	connect_all();
	lose(0, QUICK, 0, 3);
	lose(1, QUICK, 0, 3);
	sim_acquire(0, 2);
	sim_run(10000);
	assert_int_equal(sim.side[0].n_sa, 4);
	assert_int_equal(sim.side[1].n_sa, 4);
	sim_assert_twins();
}

/* And still no longer than half a minute in all. */
static void quick_mode_without_an_answer_ends(void **state)
{
	(void)state;
	connect_all();
	unsigned sent = sim.side[0].sent_quick;
	lose(0, QUICK, 0, 1000);
	sim_acquire(0, 2);
	sim_run(30500);
	assert_int_equal(sim.side[0].failed, 0);
	assert_int_equal(sim.side[0].sent_quick - sent, 16);
	sim_run(1000);
	assert_int_equal(sim.side[0].failed, 1);
	assert_int_equal(sim.side[0].sent_quick - sent, 16);
}

/* chaos --seeds 1..1: the third message was lost each time, the responder removed his
 * inbound SA, and the initiator, for whom all was complete, sent into a black hole. */
static void inbound_sa_stays_when_the_last_message_is_lost(void **state)
{
	(void)state;
	connect_all();
	lose(0, QUICK, 1, 1000); /* QM1 arrives, QM3 never does */
	sim_acquire(0, 2);
	sim_run(60000);
	assert_int_equal(sim.side[0].n_sa, 4);
	assert_int_equal(sim.side[1].n_sa, 3);
	uint32_t spi = 0;
	for (size_t i = 0; i < 4; i++)
		if (sim.side[0].sa[i].policy_id == 2 && sim.side[0].sa[i].dir == SA_OUT)
			spi = sim.side[0].sa[i].spi;
	bool there = false;
	for (size_t i = 0; i < 3; i++)
		there |= sim.side[1].sa[i].spi == spi && sim.side[1].sa[i].dir == SA_IN;
	assert_true(there);

	/* a whole pair takes its place */
	lose(0, QUICK, 0, 0);
	sim_acquire(1, 2);
	sim_run(40000);
	assert_int_equal(sim.side[1].n_sa, 4);
	assert_int_equal(sim.side[0].n_sa, 4);
	sim_assert_twins();
}

/* However often a peer begins and never ends, what stays for him is one SA. */
static void unconfirmed_inbound_sas_do_not_heap_up(void **state)
{
	(void)state;
	connect_all();
	for (int n = 0; n < 20; n++) {
		lose(0, QUICK, 1, 1000);
		sim_acquire(0, 2);
		sim_run(1000);
		ike_clear_ipsec(sim.side[0].ike, sim.now_ms, NULL, "none of that name", 0);
		ike_expire(sim.side[0].ike, sim.now_ms, sim_sa(0, SA_OUT)->id, false, true);
		sim_run(66000);
	}
	assert_in_range(sim_pairs(1), 1, 4);
	assert_true(sim.side[1].n_sa <= 6);
}

/* chaos --seeds 5..5: the last message of a renewed phase 1 was lost. The responder
 * gave up the old one and began quick modes on the new, which the initiator had not. */
static void responder_waits_for_proof_before_he_gives_up_the_old_phase_one(void **state)
{
	(void)state;
	for (int s = 0; s < 2; s++) {
		sim.side[s].p1[0].life_sec = 300;
		sim_configure(s);
	}
	connect_all();
	lose(1, MAIN, 2, 1000); /* MM2 and MM4 arrive */
	sim_run(251000);	/* renewed at 240 s; the old one lives until 300 s */
	assert_int_equal(sim_count_sas(0, IKE_QM_IDLE), 1);
	assert_int_equal(sim_count_sas(1, IKE_QM_IDLE), 2);
	sim_acquire(1, 2);
	sim_run(500);
	assert_int_equal(sim.side[1].n_sa, 4);
	assert_int_equal(sim.side[0].n_sa, 4);
	sim_assert_twins();
}

/* A peer who renews phase 1 may not answer on the old one any more (strongSwan does
 * not): nothing tells against the new one, and it is used at once. */
static void responder_uses_the_new_phase_one_at_once(void **state)
{
	(void)state;
	for (int s = 0; s < 2; s++) {
		sim.side[s].p1[0].life_sec = 300;
		sim_configure(s);
	}
	connect_all();
	sim_run(240200); /* renewed by side 0, whose old one lives five seconds more */
	assert_int_equal(sim_count_sas(1, IKE_QM_IDLE), 2);
	struct ike_sa_info newest, used = { 0 };
	assert_true(ike_get_sa(sim.side[1].ike, sim.now_ms, 0, &newest));
	sim_acquire(1, 2);
	sim_run(500);
	assert_int_equal(sim.side[1].n_sa, 4);
	for (size_t i = 0; ike_get_sa(sim.side[1].ike, sim.now_ms, i, &used); i++)
		if (used.conn_id == newest.conn_id)
			break;
	assert_true(used.encrypts > newest.encrypts);
}

/* Once the initiator uses the new one, the old one goes at the responder, too; and
 * what comes late under the old one does not take the new one's place. */
static void first_message_under_a_new_phase_one_is_proof(void **state)
{
	(void)state;
	for (int s = 0; s < 2; s++) {
		sim.side[s].p1[0].life_sec = 300;
		sim_configure(s);
	}
	connect_all();
	sim_run(10000);
	for (int round = 1; round <= 6; round++) {
		sim_run(241000);
		assert_int_equal(sim_count_sas(0, IKE_QM_IDLE), 1);
		assert_int_equal(sim_count_sas(1, IKE_QM_IDLE), 1);
	}
}

/* chaos --seeds 15..15: a twelfth of two minutes is no time for a renewal. */
static void renewal_begins_a_quarter_before_the_end(void **state)
{
	static const struct {
		uint32_t sec, soft_i, soft_r;
	} rows[] = { { 120, 90, 105 }, { 240, 180, 210 }, { 3600, 3540, 3570 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sim_again();
		for (int s = 0; s < 2; s++) {
			sim.side[s].p2[0].life_sec = rows[i].sec;
			sim.side[s].p2[0].life_kb = 2560;
			sim_configure(s);
		}
		connect_all();
		assert_int_equal(sim_sa(0, SA_OUT)->life.soft_sec, rows[i].soft_i);
		assert_int_equal(sim_sa(1, SA_OUT)->life.soft_sec, rows[i].soft_r);
		assert_int_equal(sim_sa(0, SA_OUT)->life.soft_bytes, 1920 * 1024);
		assert_int_equal(sim_sa(0, SA_OUT)->life.hard_bytes, 2560 * 1024);
	}
}

/* chaos --seeds 1035..1035: the last message of phase 1 was lost, and the initiator asked
 * for it ever more seldom while the responder's quick modes went unheard. */
static void silence_in_quick_mode_repeats_the_last_message_of_phase_one(void **state)
{
	(void)state;
	lose(0, MAIN, 3, 1000); /* the initiator cannot ask again at all */
	lose(1, MAIN, 2, 1);
	sim_acquire(0, 1);
	sim_run(200);
	assert_int_equal(sim_count_sas(0, IKE_QM_IDLE), 0);
	assert_int_equal(sim_count_sas(1, IKE_QM_IDLE), 1);
	unsigned sent = sim.side[1].sent_main;
	sim_acquire(1, 2);
	sim_run(900);
	assert_int_equal(sim.side[1].sent_main, sent); /* once is no silence */
	sim_run(1600);
	assert_int_equal(sim_count_sas(0, IKE_QM_IDLE), 1);
	assert_int_equal(sim.side[0].n_sa, 4);
	assert_int_equal(sim.side[1].n_sa, 4);
	sim_run(20000);
	assert_int_equal(sim.side[1].sent_main, sent + 1);
	sim_assert_twins();
}

/* chaos --seeds 73..73: the initiator had given phase 1 up long ago, and the responder
 * spent half a minute of an old pair's end on it. */
static void phase_one_that_was_never_proven_is_given_up_soon(void **state)
{
	(void)state;
	lose(1, MAIN, 2, 1000);
	sim_acquire(0, 1);
	sim_run(40000);
	assert_int_equal(sim_count_sas(0, IKE_QM_IDLE), 0);
	assert_int_equal(sim_count_sas(1, IKE_QM_IDLE), 1);
	unsigned sent = sim.side[1].sent_quick;
	sim_acquire(1, 2);
	sim_run(8500);
	assert_int_equal(sim.side[1].failed, 0);
	sim_run(1000);
	assert_int_equal(sim.side[1].failed, 1);
	assert_int_equal(sim.side[1].sent_quick - sent, 5);
	assert_int_equal(sim_count_sas(1, IKE_QM_IDLE), 0);
	lose(1, MAIN, 0, 0);
	sim_acquire(1, 2);
	sim_run(500);
	assert_int_equal(sim.side[0].n_sa, 2);
	sim_assert_twins();
}

/* chaos --seeds 440..440: pauses of 8 and 16 s in a renewal of phase 1, for which the
 * renewal of a pair had to wait. */
static void renewal_of_phase_one_is_repeated_often_enough(void **state)
{
	(void)state;
	for (int s = 0; s < 2; s++) {
		sim.side[s].p1[0].life_sec = 300;
		sim_configure(s);
	}
	lose(0, MAIN, 0, 1000); /* nothing waits for the first one: it backs off */
	sim_acquire(0, 1);
	sim_run(40000);
	assert_int_equal(sim.side[0].sent_main, 5);
	lose(0, MAIN, 0, 0);
	connect_all();
	unsigned sent = sim.side[0].sent_main;
	sim_run(239000);
	assert_int_equal(sim.side[0].sent_main, sent);
	lose(0, MAIN, 0, 1000);
	sim.cut[1] = true;
	sim_run(29000); /* begun at 240 s */
	assert_int_equal(sim.side[0].sent_main, sent + 9);
	sim_run(2500); /* 655..655: 31 s after its first message it ends, as any; the next begins */
	assert_int_equal(sim.side[0].sent_main, sent + 11);
}

/* chaos --seeds 655..655: in a renewal of phase 1 each message was repeated once too often and
 * waited for its answer for 35 s instead of 31. */
static void renewal_of_phase_one_ends_as_soon_as_any(void **state)
{
	(void)state;
	for (int s = 0; s < 2; s++) {
		sim.side[s].p1[0].life_sec = 300;
		sim_configure(s);
	}
	connect_all();
	sim.cut[0] = sim.cut[1] = true;
	sim_run(239000);
	unsigned sent = sim.side[0].sent_main;
	struct ike_sa_info i;
	sim_run(31000); /* begun at 240 s, connect_all took half a second */
	assert_int_equal(sim.side[0].sent_main - sent, 9);
	assert_true(ike_get_sa(sim.side[0].ike, sim.now_ms, 0, &i));
	assert_false(i.deleted);
	sim_run(1000);
	assert_int_equal(sim.side[0].sent_main - sent, 9);
	assert_true(ike_get_sa(sim.side[0].ike, sim.now_ms, 0, &i));
	assert_true(i.deleted);
}

/* chaos --seeds 26..26 and 315..315: the initiator took the renewal for complete, the
 * responder lacked its end, and forgot about it when phase 1 went: he went on with the old
 * pair until the initiator deleted that. */
static void renewal_is_not_forgotten_with_its_phase_one(void **state)
{
	(void)state;
	connect_all();
	uint32_t old[2] = { sim_sa(0, SA_OUT)->id, sim_sa(1, SA_OUT)->id };
	lose(0, QUICK, 1, 1000); /* QM1 arrives, QM3 does not */
	ike_expire(sim.side[0].ike, sim.now_ms, old[0], false, true);
	sim_drain(0);
	sim_run(300);
	ike_clear_isakmp(sim.side[1].ike, sim.now_ms, 0);
	sim_drain(1);
	lose(0, QUICK, 0, 0);
	sim_run(8000);
	unsigned out = 0;
	for (size_t i = 0; i < sim.side[1].n_sa; i++)
		out += sim.side[1].sa[i].dir == SA_OUT && sim.side[1].sa[i].id != old[1];
	assert_int_equal(out, 1);
}

/* chaos --seeds 1269..1269: the DELETE of phase 1 was lost, and a renewal spent the old
 * pair's last half minute on an SA that the peer had no more. */
static void renewal_does_not_wait_for_a_deaf_phase_one(void **state)
{
	(void)state;
	connect_all();
	sim.cut[0] = true;
	ike_clear_isakmp(sim.side[1].ike, sim.now_ms, 0);
	sim_drain(1);
	sim_run(100);
	sim.cut[0] = false;
	uint32_t old = sim_sa(0, SA_OUT)->id;
	ike_expire(sim.side[0].ike, sim.now_ms, old, false, true);
	sim_drain(0);
	sim_run(8500);
	assert_int_equal(sim.side[0].n_sa, 2);
	sim_run(1500);
	assert_int_equal(sim.side[0].n_sa, 4);
	sim_assert_twins();
}

/* The same seed again: a renewal stood in line behind another exchange there. */
static void renewal_does_not_stand_in_line_for_a_deaf_phase_one(void **state)
{
	(void)state;
	connect_all();
	sim.cut[0] = true;
	ike_clear_isakmp(sim.side[1].ike, sim.now_ms, 0);
	sim_drain(1);
	sim_run(100);
	sim.cut[0] = false;
	sim_acquire(0, 2); /* has no pair yet: patience */
	ike_expire(sim.side[0].ike, sim.now_ms, sim_sa(0, SA_OUT)->id, false, true);
	sim_drain(0);
	sim_run(16000);
	unsigned renewed = 0;
	for (size_t i = 0; i < sim.side[0].n_sa; i++)
		renewed += sim.side[0].sa[i].policy_id == 1 && sim.side[0].sa[i].dir == SA_OUT;
	assert_int_equal(renewed, 2);
}

/* chaos --seeds 818..818: likewise as responder, whose second message got no answer: he
 * had half a minute until the initiator deleted the old pair, and spent it on repeats. */
static void responder_does_not_wait_for_a_deaf_phase_one(void **state)
{
	(void)state;
	connect_all();
	uint32_t old = sim_sa(1, SA_OUT)->id;
	ike_expire(sim.side[0].ike, sim.now_ms, sim_sa(0, SA_OUT)->id, false, true);
	lose(0, QUICK, 1, 1000); /* QM1 arrives, QM3 does not */
	sim_drain(0);
	sim_run(300);
	sim.cut[1] = true;
	ike_clear_isakmp(sim.side[0].ike, sim.now_ms, 0);
	sim_drain(0);
	sim_run(100);
	sim.cut[1] = false;
	lose(0, QUICK, 0, 0);
	unsigned out = 0;
	for (int twice = 0; twice < 2; twice++) {
		out = 0;
		for (size_t i = 0; i < sim.side[1].n_sa; i++)
			out += sim.side[1].sa[i].dir == SA_OUT && sim.side[1].sa[i].id != old;
		assert_int_equal(out, twice);
		sim_run(26000);
	}
}

/* chaos --seeds 546..546: two exchanges for one pair, the first of which ended last. Each
 * end took the other one for the newer, and deleted what its peer sent on. */
static void exchange_that_ends_late_does_not_retire_a_later_one(void **state)
{
	(void)state;
	connect_all();
	ike_expire(sim.side[0].ike, sim.now_ms, sim_sa(0, SA_OUT)->id, false, true);
	lose(0, QUICK, 1, 8); /* QM1 arrives, QM3 not for long */
	sim_drain(0);
	sim_run(400);
	uint32_t first = sim.side[1].sa[sim.side[1].n_sa - 1].spi;
	/* the responder asks for the other one; as an initiator he is not lossy */
	struct ike_sa *sa = TAILQ_FIRST(&sim.side[1].ike->sas);
	assert_int_equal(quick_start(sa, &sim.side[1].ike->cfg.p2[0]), 0);
	sim.lose[0].exchange = 0;
	sim_drain(1);
	sim_run(300);
	lose(0, QUICK, 0, 5); /* the first one's QM3, five times more */
	sim_run(60000);
	bool there = false;
	unsigned in = 0;
	for (size_t i = 0; i < sim.side[1].n_sa; i++) {
		there |= sim.side[1].sa[i].spi == first;
		in += sim.side[1].sa[i].dir == SA_IN;
	}
	assert_true(there);
	assert_int_equal(in, 2);
	sim_assert_twins();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_TEST(quick_mode_is_repeated_often_enough),
		SIM_TEST(quick_mode_without_an_answer_ends),
		SIM_TEST(inbound_sa_stays_when_the_last_message_is_lost),
		SIM_TEST(unconfirmed_inbound_sas_do_not_heap_up),
		SIM_TEST(responder_waits_for_proof_before_he_gives_up_the_old_phase_one),
		SIM_TEST(responder_uses_the_new_phase_one_at_once),
		SIM_TEST(first_message_under_a_new_phase_one_is_proof),
		SIM_TEST(renewal_begins_a_quarter_before_the_end),
		SIM_TEST(silence_in_quick_mode_repeats_the_last_message_of_phase_one),
		SIM_TEST(phase_one_that_was_never_proven_is_given_up_soon),
		SIM_TEST(renewal_of_phase_one_is_repeated_often_enough),
		SIM_TEST(renewal_of_phase_one_ends_as_soon_as_any),
		SIM_TEST(renewal_is_not_forgotten_with_its_phase_one),
		SIM_TEST(renewal_does_not_wait_for_a_deaf_phase_one),
		SIM_TEST(renewal_does_not_stand_in_line_for_a_deaf_phase_one),
		SIM_TEST(responder_does_not_wait_for_a_deaf_phase_one),
		SIM_TEST(exchange_that_ends_late_does_not_retire_a_later_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
