/* SPDX-License-Identifier: Apache-2.0 */
/* Liveness and repair: dead peers (RFC 3706), idle pairs, peers in their order, SPIs
 * that nobody knows, and ends that were not told. */
#include "ike/internal.h"
#include "sim.h"

#define NEVER UINT32_MAX

static void connect_all(void)
{
	sim_acquire(0, 1);
	sim_run(500);
	assert_int_equal(sim.side[0].n_sa, 2);
}

static void keepalive(int s, uint32_t sec, bool periodic)
{
	sim.side[s].cfg.keepalive_sec = sec;
	sim.side[s].cfg.keepalive_retry_sec = 2;
	sim.side[s].cfg.keepalive_periodic = periodic;
	sim_configure(s);
}

static int by_id(const void *a, const void *b)
{
	const struct ike_use *x = a, *y = b;

	return x->sa_id < y->sa_id ? -1 : x->sa_id > y->sa_id;
}

/* What a forwarder tells: when its SAs carried a packet last. */
static void traffic(int s, uint32_t in_idle_ms, uint32_t out_idle_ms)
{
	struct ike_use v[SIM_MAX_SAS];
	const struct side *x = &sim.side[s];

	for (size_t i = 0; i < x->n_sa; i++)
		v[i] = (struct ike_use){ x->sa[i].id,
					 x->sa[i].dir == SA_IN ? in_idle_ms : out_idle_ms };
	qsort(v, x->n_sa, sizeof(v[0]), by_id);
	ike_used(x->ike, sim.now_ms, v, x->n_sa);
	sim_drain(s);
}

/* Seconds with a sample each five, as control takes them. */
static void run_with(int s, unsigned sec, uint32_t in_idle_ms, uint32_t out_idle_ms)
{
	for (unsigned i = 0; i < sec / 5; i++) {
		sim_run(5000);
		traffic(s, in_idle_ms, out_idle_ms);
	}
}

static struct ike_sa *up_of(int s)
{
	struct ike_sa *sa;

	TAILQ_FOREACH(sa, &sim.side[s].ike->sas, entry)
		if (sa->state == MM_DONE)
			return sa;
	fail_msg("side %d has no ISAKMP SA", s);
	return NULL;
}

static struct ipaddr talks_to(int s)
{
	struct ike_sa_info i;

	assert_true(ike_get_sa(sim.side[s].ike, sim.now_ms, 0, &i)); /* the newest */
	return i.remote;
}

static const struct ipaddr nobody = { IP_V4, { 192, 0, 2, 99 } };
static const struct ipaddr there = { IP_V4, { 192, 0, 2, 2 } };

static void two_peers(struct ipaddr first, struct ipaddr second, uint8_t default_peer)
{
	struct side *x = &sim.side[0];

	x->p2[0].n_peers = 2;
	x->p2[0].peers[0] = first;
	x->p2[0].peers[1] = second;
	x->p2[0].default_peer = default_peer;
	x->psk[1] = x->psk[0];
	x->psk[1].addr = nobody;
	x->cfg.n_psk = 2;
	sim_configure(0);
}

/* ---- dead peers ---- */

static void periodic_asks_each_interval_by_rising_numbers(void **state)
{
	unsigned long seq[16] = { 0 };
	size_t n = 0;

	(void)state;
	keepalive(0, 10, true);
	ike_set_debug(sim.side[0].ike, IKE_DEBUG_ISAKMP);
	connect_all();
	sim_run(100000);
	assert_int_equal(sim.side[0].sent_info, 10);
	assert_int_equal(sim.side[1].sent_info, 10);
	for (char *p = sim.side[0].debug; (p = strstr(p, "seq. no 0x")) && n < 16; n++)
		seq[n] = strtoul(p += 10, NULL, 16);
	assert_int_equal(n, 10);
	assert_true(seq[0] < 0x80000000ul);
	for (size_t i = 1; i < n; i++)
		assert_int_equal(seq[i], seq[i - 1] + 1);
	assert_non_null(strstr(sim.side[0].debug, "DPD/R_U_THERE_ACK received from peer 192.0.2.2"));
	assert_int_equal(sim.side[0].n_sa, 2);
}

static void first_number_leaves_the_high_bit_alone(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed < 20; seed++) {
		sim_again();
		sim.rng = seed;
		keepalive(0, 10, true);
		connect_all();
		assert_true(up_of(0)->dpd.seq < UINT32_C(1) << 31);
	}
}

static void both_may_ask(void **state)
{
	(void)state;
	keepalive(0, 10, true);
	keepalive(1, 15, true);
	connect_all();
	sim_run(301000);
	assert_int_equal(sim.side[0].sent_info, 30 + 20);
	assert_int_equal(sim.side[1].sent_info, 30 + 20);
	assert_int_equal(sim.side[0].n_sa + sim.side[1].n_sa, 4);
}

static void silent_peer_is_dead_after_five_more_questions(void **state)
{
	struct side *x = &sim.side[0];

	(void)state;
	keepalive(0, 10, true);
	connect_all();
	sim.cut[1] = true;
	sim_run(10000 + 12000 - 600); /* connect_all took 500 of them */
	assert_int_equal(x->sent_info, 6);
	assert_int_equal(x->n_sa, 2);
	sim_run(200);
	assert_int_equal(x->n_sa, 0);
	assert_int_equal(sim_count_sas(0, IKE_QM_IDLE), 0);
	assert_int_equal(x->sent_info, 6 + 2); /* and a DELETE for each */
	assert_non_null(strstr(x->log, "192.0.2.2 answered none of 6 R-U-THERE"));
	assert_int_equal(x->failed, 0);
	sim_run(200000); /* nothing begins by itself */
	assert_int_equal(x->sent_main, 3);
	sim.cut[1] = false;
	sim_acquire(0, 1);
	sim_run(500);
	assert_int_equal(x->n_sa, 2);
}

static void lost_question_and_lost_answer_kill_nobody(void **state)
{
	(void)state;
	for (int lost = 0; lost < 2; lost++) {
		sim_again();
		keepalive(0, 10, true);
		connect_all();
		sim.cut[!lost] = true;
		sim_run(18000); /* five of them */
		sim.cut[!lost] = false;
		sim_run(2000);
		assert_int_equal(sim.side[0].sent_info, 6);
		sim_run(100000);
		assert_int_equal(sim.side[0].n_sa, 2);
		assert_int_equal(up_of(0)->dpd.tries, 0);
	}
}

static void loss_of_a_third_kills_nobody(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed < 6; seed++) {
		sim_again();
		sim.rng = seed;
		keepalive(0, 10, true);
		keepalive(1, 10, true);
		connect_all();
		sim.drop_percent = 18; /* each way: a third of the questions has no answer */
		sim.dup_percent = 10;
		sim.reorder = true;
		sim_run(1000000);
		sim.drop_percent = 0;
		assert_int_equal(sim.side[0].n_sa + sim.side[1].n_sa, 4);
		sim_assert_twins();
	}
}

static void on_demand_says_nothing_while_traffic_is_answered_or_absent(void **state)
{
	(void)state;
	keepalive(0, 10, false);
	connect_all();
	run_with(0, 600, NEVER, NEVER);
	run_with(0, 600, 20, 10);
	run_with(0, 600, 10, NEVER);
	sim_run(3600000);
	assert_int_equal(sim.side[0].sent_info, 0);
}

static void on_demand_asks_when_packets_go_out_and_none_comes_back(void **state)
{
	struct side *x = &sim.side[0];

	(void)state;
	keepalive(0, 10, false);
	connect_all();
	run_with(0, 60, NEVER, 100); /* one way only, and the peer answers */
	assert_in_range(x->sent_info, 4, 6);
	assert_int_equal(x->n_sa, 2);
	unsigned sent = x->sent_info;
	uint64_t stopped = sim.now_ms - 100;
	for (unsigned i = 0; i < 100; i++) { /* the last packet left, nobody waits for more */
		sim_run(5000);
		traffic(0, NEVER, (uint32_t)(sim.now_ms - stopped));
	}
	assert_true(x->sent_info <= sent + 1);
	sim.cut[1] = true;
	run_with(0, 30, NEVER, 100);
	assert_int_equal(x->n_sa, 0);
	assert_int_equal(sim_count_sas(0, IKE_QM_IDLE), 0);
}

static void esp_that_arrives_is_an_answer(void **state)
{
	(void)state;
	keepalive(0, 10, true);
	connect_all();
	sim.cut[1] = true; /* our questions are lost, his packets come */
	run_with(0, 300, 1000, 1000);
	assert_int_equal(sim.side[0].n_sa, 2);
	assert_true(sim.side[0].sent_info > 20);
	run_with(0, 30, NEVER, 1000);
	assert_int_equal(sim.side[0].n_sa, 0);
}

static void say_number(int s, uint16_t type, uint32_t seq)
{
	struct ike_sa *sa = up_of(s);
	uint8_t spi[16], b[4];
	struct wr w = wr_of(b, 4);

	memcpy(spi, sa->i_cookie, 8);
	memcpy(spi + 8, sa->r_cookie, 8);
	wr_be32(&w, seq);
	sa->k->now_ms = sim.now_ms;
	info_notify(sa, 1, span_of(spi, 16), type, span_of(b, 4));
}

static void wrong_numbers_are_no_sign_of_life(void **state)
{
	static const uint16_t types[] = { NT_R_U_THERE, NT_R_U_THERE_ACK };

	(void)state;
	for (size_t t = 0; t < 2; t++) {
		sim_again();
		keepalive(0, 10, true);
		connect_all();
		say_number(1, NT_R_U_THERE, 77);
		sim_run(100);
		sim.cut[1] = true;
		for (unsigned i = 0; i < 25; i++) {
			if (sim_count_sas(0, IKE_QM_IDLE))
				say_number(1, types[t], 77 - i / 10);
			sim_run(1000);
		}
		assert_int_equal(sim.side[0].n_sa, 0);
	}
	sim_again(); /* while rising ones are */
	keepalive(0, 10, true);
	connect_all();
	sim.cut[1] = true;
	for (unsigned i = 0; i < 40; i++) {
		say_number(1, NT_R_U_THERE, 77 + i);
		sim_run(1000);
	}
	assert_int_equal(sim.side[0].n_sa, 2);
}

static void replayed_question_is_answered_and_changes_nothing(void **state)
{
	char before[2048], after[2048];

	(void)state;
	connect_all();
	say_number(0, NT_R_U_THERE, 5);
	sim_drain(0);
	assert_int_equal(sim.n_wire, 1);
	struct datagram d = *sim.wire[0];
	sim_run(100);
	assert_int_equal(sim.side[1].sent_info, 1);
	sim_run(100000);
	sim_snapshot(1, before, sizeof(before));
	uint64_t heard = up_of(1)->heard_ms;
	d.path.remote_port = 4711;
	sim_feed(1, &d.path, d.b, d.len);
	sim_drain(1);
	sim_snapshot(1, after, sizeof(after));
	assert_string_equal(before, after);
	assert_int_equal(sim.side[1].sent_info, 2);
	assert_int_equal(up_of(1)->heard_ms, heard);
}

/* Through a NAT questions take the ports that phase 1 has moved to, either way. */
static void questions_go_through_a_nat(void **state)
{
	(void)state;
	sim_nat(1024, 1025);
	keepalive(0, 10, true);
	keepalive(1, 10, true);
	connect_all();
	sim_run(100000);
	assert_int_equal(sim.side[0].sent_info, 20);
	assert_int_equal(sim.side[1].sent_info, 20);
	sim.cut[0] = true;
	run_with(1, 30, NEVER, 100);
	assert_int_equal(sim.side[1].n_sa, 0);
}

static void question_of_a_strange_spi_or_size_has_no_answer(void **state)
{
	struct ike_sa *sa;

	(void)state;
	connect_all();
	sa = up_of(0);
	sa->k->now_ms = sim.now_ms;
	info_notify(sa, 1, span_of("0123456789abcdef", 16), NT_R_U_THERE, span_of("\0\0\0\1", 4));
	info_notify(sa, 1, (struct span){ 0 }, NT_R_U_THERE, span_of("\0\0\1", 3));
	sim_run(100);
	assert_int_equal(sim.side[1].sent_info, 0);
	info_notify(sa, 1, (struct span){ 0 }, NT_R_U_THERE, span_of("\0\0\0\1", 4));
	sim_run(100);
	assert_int_equal(sim.side[1].sent_info, 1);
}

static void peer_without_the_vendor_id_is_not_asked(void **state)
{
	struct ike_sa_info i;

	(void)state;
	keepalive(0, 10, true);
	sim_acquire(0, 1);
	sim_run(500);
	assert_true(ike_get_sa(sim.side[0].ike, sim.now_ms, 0, &i) && i.dpd);
	assert_true(ike_get_sa(sim.side[1].ike, sim.now_ms, 0, &i) && !i.dpd); /* not configured */
	up_of(0)->peer_dpd = false;
	sim_run(100000);
	assert_int_equal(sim.side[0].sent_info, 0);
	assert_true(ike_get_sa(sim.side[0].ike, sim.now_ms, 0, &i) && !i.dpd);
}

static void keepalive_holds_for_what_is_up_already(void **state)
{
	(void)state;
	connect_all();
	sim_run(100000);
	keepalive(0, 10, true);
	sim_run(50500);
	assert_int_equal(sim.side[0].sent_info, 5);
	keepalive(0, 0, false);
	sim_run(100000);
	assert_int_equal(sim.side[0].sent_info, 5);
	keepalive(0, 10, true);
	sim.cut[1] = true;
	for (unsigned i = 0; i < 25; i++) { /* other lines disturb no question under way */
		sim_run(1000);
		sim_configure(0);
	}
	assert_int_equal(sim.side[0].n_sa, 0);
}

/* Control was restarted: its pairs have no phase 1 by which anybody could ask. */
static void peer_of_adopted_pairs_is_found_dead_too(void **state)
{
	(void)state;
	for (int alive = 0; alive < 2; alive++) {
		sim_again();
		keepalive(0, 10, false);
		connect_all();
		sim_restart(0, true);
		for (size_t i = 0; i < 2; i++)
			assert_int_equal(ike_adopt(sim.side[0].ike, sim.now_ms, &sim.side[0].sa[i]), 0);
		sim.cut[1] = !alive;
		run_with(0, 100, NEVER, 100);
		assert_int_equal(sim.side[0].n_sa, alive ? 2 : 0);
		assert_int_equal(sim_count_sas(0, IKE_QM_IDLE), alive);
	}
}

/* ---- the next peer ---- */

static void dead_peer_gives_way_to_the_next_with_the_next_packet(void **state)
{
	(void)state;
	keepalive(0, 10, true);
	two_peers(there, nobody, 0);
	connect_all();
	sim.cut[1] = true;
	sim_run(30000);
	assert_int_equal(sim.side[0].n_sa, 0);
	sim.cut[1] = false;
	sim_acquire(0, 1);
	sim_drain(0);
	struct ipaddr now = talks_to(0);
	assert_true(ipaddr_equal(&now, &nobody));
	sim_run(32000); /* silent as well: back to the first */
	assert_int_equal(sim.side[0].n_sa, 2);
	assert_int_equal(sim.side[0].failed, 0);
}

static void every_peer_is_tried_once_in_a_round_wherever_it_begins(void **state)
{
	(void)state;
	for (int first = 0; first < 2; first++) {
		sim_again();
		two_peers(there, nobody, first ? 2 : 0);
		sim.cut[1] = true;
		sim_acquire(0, 1);
		sim_run(120000);
		assert_int_equal(sim.side[0].sent_main, 10);
		assert_int_equal(sim.side[0].failed, 1);
	}
}

/* The forwarder asks each second while packets wait. */
static void asking_again_disturbs_no_round(void **state)
{
	struct side *x = &sim.side[0];

	(void)state;
	two_peers(nobody, ipaddr_v4(A(192, 0, 2, 98)), 1);
	x->p2[0].peers[x->p2[0].n_peers++] = there;
	x->psk[1].mask_len = 24;
	sim_configure(0);
	sim.cut[1] = true;
	for (unsigned i = 0; i < 92; i++) { /* the default peer's rest is over, the round is not */
		sim_acquire(0, 1);
		sim_run(1000);
	}
	assert_int_equal(x->sent_main, 15);
	assert_int_equal(x->failed, 0);
	sim_run(2000);
	assert_int_equal(x->failed, 1);
}

static void default_peer_is_the_one_to_begin_with(void **state)
{
	struct ipaddr now;

	(void)state;
	keepalive(0, 10, true);
	two_peers(nobody, there, 2);
	connect_all(); /* with the second of the list, at once */
	sim.cut[1] = true;
	sim_run(30000);
	assert_int_equal(sim.side[0].n_sa, 0);
	sim_acquire(0, 1); /* it has just died: the other one */
	sim_drain(0);
	now = talks_to(0);
	assert_true(ipaddr_equal(&now, &nobody));
	sim_run(130000);
	sim.cut[1] = false;
	sim_acquire(0, 1); /* and after a while it is asked first again */
	sim_drain(0);
	now = talks_to(0);
	assert_true(ipaddr_equal(&now, &there));
	sim_run(500);
	assert_int_equal(sim.side[0].n_sa, 2);
}

static void whoever_has_the_pair_is_asked_for_its_renewal(void **state)
{
	(void)state;
	two_peers(nobody, there, 0);
	sim_acquire(1, 1); /* he began, though he is our second */
	sim_run(60000);
	assert_int_equal(sim.side[0].n_sa, 2);
	ike_expire(sim.side[0].ike, sim.now_ms, sim_sa(0, SA_OUT)->id, false, true);
	sim_run(1000);
	assert_int_equal(sim.side[0].n_sa, 4);
}

/* ---- idle pairs ---- */

static void idle_pair_is_deleted_at_both_ends_and_phase_one_stays(void **state)
{
	(void)state;
	sim.side[0].p2[0].idle_sec = 60;
	sim_configure(0);
	connect_all();
	run_with(0, 300, NEVER, 3000);
	run_with(0, 300, 3000, NEVER);
	assert_int_equal(sim.side[0].n_sa, 2);
	uint64_t last = sim.now_ms - 3000;
	for (unsigned i = 0; i < 11; i++) {
		sim_run(5000);
		traffic(0, (uint32_t)(sim.now_ms - last), NEVER);
	}
	assert_int_equal(sim.side[0].n_sa, 2);
	sim_run(5000);
	traffic(0, (uint32_t)(sim.now_ms - last), NEVER);
	sim_run(100);
	assert_int_equal(sim.side[0].n_sa, 0);
	assert_int_equal(sim.side[1].n_sa, 0);
	assert_int_equal(sim_count_sas(0, IKE_QM_IDLE), 1);
	sim_acquire(0, 1);
	sim_run(500);
	assert_int_equal(sim.side[0].n_sa, 2);
}

static void pair_that_was_never_used_is_idle_from_its_beginning(void **state)
{
	(void)state;
	sim.side[0].p2[0].idle_sec = 60;
	sim_configure(0);
	sim_run(100000);
	for (int adopted = 0; adopted < 2; adopted++) {
		sim_acquire(0, 1);
		sim_run(500);
		if (adopted) { /* the age of an adopted one is unknown: it gets its time */
			sim_run(50000);
			sim_restart(0, true);
			for (size_t i = 0; i < 2; i++)
				assert_int_equal(ike_adopt(sim.side[0].ike, sim.now_ms,
							   &sim.side[0].sa[i]),
						 0);
		}
		run_with(0, 55, NEVER, NEVER);
		assert_int_equal(sim.side[0].n_sa, 2);
		run_with(0, 10, NEVER, NEVER);
		assert_int_equal(sim.side[0].n_sa, 0);
	}
}

static void idle_time_may_lead_back_to_the_default_peer(void **state)
{
	struct ipaddr now;

	(void)state;
	for (int back = 0; back < 2; back++) {
		sim_again();
		sim.side[0].p2[0].idle_sec = 60;
		sim.side[0].p2[0].idle_default = back;
		two_peers(nobody, there, 1);
		sim_acquire(0, 1);
		sim_run(33000); /* the default peer is silent, the other one is taken */
		assert_int_equal(sim.side[0].n_sa, 2);
		run_with(0, 65, NEVER, NEVER);
		assert_int_equal(sim.side[0].n_sa, 0);
		/* without the word it is left alone until its time is over */
		note_for(sim.side[0].ike, 1, true)->default_from_ms = back ? 0 : sim.now_ms + 1000;
		sim_acquire(0, 1);
		sim_drain(0);
		now = talks_to(0);
		assert_true(ipaddr_equal(&now, back ? &nobody : &there));
	}
}

/* ---- SPIs that nobody knows ---- */

static void unknown(int s, uint32_t spi)
{
	struct ipaddr from = ipaddr_v4(s ? A(192, 0, 2, 1) : A(192, 0, 2, 2));

	ike_unknown_spi(sim.side[s].ike, sim.now_ms, &from, PROTO_ESP, spi);
	sim_drain(s);
}

static void lost_delete_is_told_again_when_its_packets_come(void **state)
{
	(void)state;
	connect_all();
	uint32_t spi = sim_sa(1, SA_OUT)->spi;
	sim.cut[1] = true;
	ike_clear_ipsec(sim.side[0].ike, sim.now_ms, NULL, NULL, 0);
	sim_run(100);
	sim.cut[1] = false;
	assert_int_equal(sim.side[0].n_sa, 0);
	assert_int_equal(sim.side[1].n_sa, 2);
	unsigned sent = sim.side[0].sent_info;
	for (unsigned i = 0; i < 100; i++)
		unknown(0, spi); /* a burst is one complaint */
	sim_run(100);
	assert_int_equal(sim.side[0].sent_info, sent + 2);
	assert_int_equal(sim.side[1].n_sa, 0);
	sim_acquire(1, 1);
	sim_run(500);
	sim_assert_twins();
	assert_int_equal(sim.side[0].n_sa, 2);
}

static void recovery_makes_a_phase_one_only_if_configured(void **state)
{
	(void)state;
	for (int on = 0; on < 2; on++) {
		sim_again();
		connect_all();
		sim_run(60000);
		uint32_t spi = sim_sa(1, SA_OUT)->spi;
		sim.side[0].cfg.invalid_spi_recovery = on;
		sim_restart(0, false); /* it has forgotten all */
		unsigned sent = sim.side[0].sent_main + sim.side[0].sent_info;
		unknown(0, spi);
		unknown(0, spi);
		sim_run(500);
		assert_int_equal(sim.side[1].n_sa, on ? 0 : 2);
		assert_int_equal(sim_count_sas(0, IKE_QM_IDLE), on);
		assert_int_equal(sim_count_sas(1, IKE_QM_IDLE), 1);
		if (!on)
			assert_int_equal(sim.side[0].sent_main + sim.side[0].sent_info, sent);
		if (!on)
			continue;
		sim_acquire(1, 1);
		sim_run(500);
		assert_int_equal(sim.side[0].n_sa, 2);
		sim_assert_twins();
	}
}

static void recovery_leaves_good_pairs_alone(void **state)
{
	(void)state;
	sim.side[0].cfg.invalid_spi_recovery = true;
	sim_configure(0);
	connect_all();
	sim_run(60000);
	sim.cut[1] = true; /* phase 1 ends here and not there: the pair lives on */
	ike_clear_isakmp(sim.side[0].ike, sim.now_ms, 0);
	sim_run(61000);
	sim.cut[1] = false;
	unknown(0, 0x12345678);
	sim_run(500);
	assert_int_equal(sim_count_sas(0, IKE_QM_IDLE), 1);
	assert_int_equal(sim.side[0].n_sa, 2);
	assert_int_equal(sim.side[1].n_sa, 2);
	sim_assert_twins();
}

static void forged_spis_cost_one_main_mode_a_minute(void **state)
{
	struct ipaddr stranger = ipaddr_v4(A(198, 51, 100, 9));

	(void)state;
	sim.side[0].cfg.invalid_spi_recovery = true;
	sim_configure(0);
	sim.cut[1] = true;
	for (uint32_t i = 0; i < 800; i++) {
		unknown(0, 0x1000 + i);
		ike_unknown_spi(sim.side[0].ike, sim.now_ms, &stranger, PROTO_ESP, i);
		sim_run(100);
	}
	assert_int_equal(sim.side[0].sent_main, 5); /* 31 s until it is given up, 60 s of rest */
	assert_int_equal(sim.side[0].failed, 0);
	sim_run(60000);
	unknown(0, 0x9999);
	assert_int_equal(sim.side[0].sent_main, 6);
}

/* ---- ends that were not told, and two at once ---- */

static void peer_that_has_forgotten_all_is_found_dead_and_begun_anew(void **state)
{
	(void)state;
	keepalive(0, 10, true);
	connect_all();
	sim_restart(1, false);
	sim_run(30000);
	assert_int_equal(sim.side[0].n_sa, 0);
	sim_acquire(0, 1);
	sim_run(500);
	sim_assert_twins();
	assert_int_equal(sim.side[0].n_sa, 2);
}

static void lost_delete_of_phase_one_is_found_by_the_next_question(void **state)
{
	(void)state;
	keepalive(0, 10, true);
	connect_all();
	sim.cut[0] = true;
	ike_clear_isakmp(sim.side[1].ike, sim.now_ms, 0);
	ike_clear_ipsec(sim.side[1].ike, sim.now_ms, NULL, NULL, 0);
	sim_run(100);
	sim.cut[0] = false;
	assert_int_equal(sim_count_sas(0, IKE_QM_IDLE), 1);
	sim_run(30000);
	assert_int_equal(sim_count_sas(0, IKE_QM_IDLE), 0);
	assert_int_equal(sim.side[0].n_sa, 0);
}

static void both_renew_phase_one_at_once(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed < 30; seed++) {
		sim_again();
		sim.rng = seed;
		sim.reorder = true;
		sim.drop_percent = seed % 3 ? 0 : 10;
		keepalive(0, 10, true);
		keepalive(1, 10, true);
		sim_acquire(0, 1);
		sim_run(60000);
		if (sim.side[0].n_sa != 2)
			continue; /* so much loss */
		for (int s = 0; s < 2; s++) {
			struct ike_sa *sa = up_of(s);
			struct ike_path path = { sa->path.local, sa->path.remote, 500, 500 };

			sim.side[s].ike->now_ms = sim.now_ms;
			assert_non_null(phase1_alone(sim.side[s].ike, &path, ""));
		}
		sim_run(60000);
		sim.drop_percent = 0;
		assert_true(sim_count_sas(0, IKE_QM_IDLE) >= 1);
		assert_true(sim_count_sas(1, IKE_QM_IDLE) >= 1);
		assert_int_equal(sim.side[0].n_sa, 2);
		ike_expire(sim.side[0].ike, sim.now_ms, sim_sa(0, SA_OUT)->id, false, true);
		sim_run(1000);
		assert_int_equal(sim.side[0].n_sa, 4);
		sim_run(60000);
		assert_int_equal(sim.side[0].n_sa, 2);
		sim_assert_twins();
	}
}

static void duplicate_pairs_of_a_line_end_as_one(void **state)
{
	(void)state;
	connect_all();
	sim_run(60000);
	sim_acquire(1, 1); /* its forwarder has lost the pair that we still hold */
	sim_run(1000);
	assert_int_equal(sim_pairs(0), 2);
	sim_run(40000);
	assert_int_equal(sim_pairs(0), 1);
	assert_int_equal(sim_pairs(1), 1);
	sim_assert_twins();
}

static void peer_that_reboots_in_mid_exchange_is_joined_again(void **state)
{
	(void)state;
	for (unsigned step = 1; step < 9; step++) {
		sim_again();
		sim_acquire(0, 1);
		for (unsigned i = 0; i < step; i++)
			assert_true(sim_deliver_one());
		sim_restart(1, false);
		sim_run(40000);
		sim_acquire(1, 1);
		sim_acquire(0, 1);
		sim_run(40000);
		sim_acquire(0, 1);
		sim_run(80000);
		assert_true(sim.side[0].n_sa >= 2);
		sim_assert_twins();
	}
}

static void sessions_are_logged_when_they_change(void **state)
{
	struct side *x = &sim.side[0];

	(void)state;
	connect_all();
	assert_int_equal(x->logs, 0);
	ike_clear_ipsec(x->ike, sim.now_ms, NULL, NULL, 0);
	sim_run(100);
	x->cfg.log_sessions = true;
	sim_configure(0);
	sim_acquire(0, 1);
	sim_run(60000);
	assert_string_equal(x->log, "CRYPTO-5-SESSION_STATUS: Crypto tunnel is UP  .  Peer "
				    "192.0.2.2:500       Id: 192.0.2.2");
	ike_expire(x->ike, sim.now_ms, sim_sa(0, SA_OUT)->id, false, true);
	sim_acquire(0, 2);
	sim_run(60000);
	assert_int_equal(x->logs, 1); /* neither a renewal nor another line */
	ike_clear_ipsec(x->ike, sim.now_ms, NULL, NULL, 0);
	sim_run(100);
	assert_int_equal(x->logs, 2);
	assert_non_null(strstr(x->log, "Crypto tunnel is DOWN.  Peer 192.0.2.2:500"));
}

/* chaos --seeds 20..20: control forgot which of its peers a pair is with, and asked the
 * one that is not there until the pair's end. */
static void renewal_goes_to_the_peer_of_the_pair(void **state)
{
	(void)state;
	two_peers(nobody, there, 0);
	sim_acquire(0, 1);
	sim_run(35000);
	assert_int_equal(sim.side[0].n_sa, 2);
	sim_restart(0, true);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(ike_adopt(sim.side[0].ike, sim.now_ms, &sim.side[0].sa[i]), 0);
	ike_expire(sim.side[0].ike, sim.now_ms, sim_sa(0, SA_OUT)->id, false, true);
	sim_drain(0);
	sim_run(1000);
	assert_int_equal(sim.side[0].n_sa, 4);
	sim_assert_twins();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_TEST(periodic_asks_each_interval_by_rising_numbers),
		SIM_TEST(first_number_leaves_the_high_bit_alone),
		SIM_TEST(both_may_ask),
		SIM_TEST(silent_peer_is_dead_after_five_more_questions),
		SIM_TEST(lost_question_and_lost_answer_kill_nobody),
		SIM_TEST(loss_of_a_third_kills_nobody),
		SIM_TEST(on_demand_says_nothing_while_traffic_is_answered_or_absent),
		SIM_TEST(on_demand_asks_when_packets_go_out_and_none_comes_back),
		SIM_TEST(esp_that_arrives_is_an_answer),
		SIM_TEST(wrong_numbers_are_no_sign_of_life),
		SIM_TEST(replayed_question_is_answered_and_changes_nothing),
		SIM_TEST(questions_go_through_a_nat),
		SIM_TEST(question_of_a_strange_spi_or_size_has_no_answer),
		SIM_TEST(peer_without_the_vendor_id_is_not_asked),
		SIM_TEST(keepalive_holds_for_what_is_up_already),
		SIM_TEST(peer_of_adopted_pairs_is_found_dead_too),
		SIM_TEST(dead_peer_gives_way_to_the_next_with_the_next_packet),
		SIM_TEST(every_peer_is_tried_once_in_a_round_wherever_it_begins),
		SIM_TEST(asking_again_disturbs_no_round),
		SIM_TEST(default_peer_is_the_one_to_begin_with),
		SIM_TEST(whoever_has_the_pair_is_asked_for_its_renewal),
		SIM_TEST(idle_pair_is_deleted_at_both_ends_and_phase_one_stays),
		SIM_TEST(pair_that_was_never_used_is_idle_from_its_beginning),
		SIM_TEST(idle_time_may_lead_back_to_the_default_peer),
		SIM_TEST(lost_delete_is_told_again_when_its_packets_come),
		SIM_TEST(recovery_makes_a_phase_one_only_if_configured),
		SIM_TEST(recovery_leaves_good_pairs_alone),
		SIM_TEST(forged_spis_cost_one_main_mode_a_minute),
		SIM_TEST(peer_that_has_forgotten_all_is_found_dead_and_begun_anew),
		SIM_TEST(lost_delete_of_phase_one_is_found_by_the_next_question),
		SIM_TEST(both_renew_phase_one_at_once),
		SIM_TEST(duplicate_pairs_of_a_line_end_as_one),
		SIM_TEST(peer_that_reboots_in_mid_exchange_is_joined_again),
		SIM_TEST(sessions_are_logged_when_they_change),
		SIM_TEST(renewal_goes_to_the_peer_of_the_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
