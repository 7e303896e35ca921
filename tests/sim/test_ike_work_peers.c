/* SPDX-License-Identifier: Apache-2.0 */
/* Public-key work that waits, seen by the peers: what strangers cannot take from who is known, what
 * a peer can have done for himself, what ends a wait from outside, and what is said of it. */
#include "deferred.h"

static bool no_memory; /* for what is asked for next */

bool __real_act_work(struct ike *k, const struct ike_work *w);
bool __wrap_act_work(struct ike *k, const struct ike_work *w);
bool __wrap_act_work(struct ike *k, const struct ike_work *w)
{
	return !no_memory && __real_act_work(k, w);
}

static void again(void)
{
	no_memory = false;
	sim_again();
	defer();
}

static int setup(void **state)
{
	no_memory = false;
	sim_setup(state);
	defer();
	return 0;
}

static struct ike_sa *newest(int s)
{
	return TAILQ_FIRST(&sim.side[s].ike->sas);
}

/* ---- no memory for the question ---- */

/* As in test_ike_work.c: pair, answer and secret of phase 1, then of quick mode. */
#define STEPS 6

static void what_nobody_was_asked_is_not_waited_for(void **state)
{
	(void)state;
	for (int ag = 0; ag < 2; ag++)
		for (unsigned n = 1; n <= STEPS; n++) {
			again();
			pfs(0, 2);
			if (ag)
				aggressive(0);
			no_memory = n == 1;
			if (n > 1)
				run_to_work(n - 1);
			no_memory = true;
			sim.work_stands = false;
			if (n == 1)
				sim_acquire(0, 1);
			finish_all();
			settle();
			assert_int_equal(waiting(0) + waiting(1), 0);
			assert_int_equal(sim.n_jobs, 0);
			/* and it is over at once: for the one, or by the other's refusal in quick mode */
			if (n == 2)
				assert_int_equal(sim_count_sas(1, IKE_MM_SA_SETUP) + sim_count_sas(1, IKE_AG_NO_STATE), 0);
			else
				assert_int_equal(sim.side[0].failed, 1);
			no_memory = false;
			sim_run(40000);
			sim_acquire(0, 1);
			sim_run(3000);
			assert_true(sim.side[0].n_sa >= 2);
			/* who has answered quick mode receives on what he has said */
			if (n < STEPS)
				sim_assert_twins();
		}
}

/* ---- strangers ---- */

static struct {
	struct datagram first, third; /* of somebody's main mode */
} seen;

/* A main mode with side 1 is recorded, and the SAs are there. */
static void record(void)
{
	sim.side[1].psk[0].mask_len = 0;
	sim_configure(1);
	sim_acquire(0, 1);
	sim_drain(0);
	assert_int_equal(sim.n_wire, 1);
	seen.first = *sim.wire[0];
	assert_true(sim_deliver_one());
	assert_true(sim_deliver_one());
	sim_drain(0);
	sim_drain(0); /* its key pair was made in between */
	assert_int_equal(sim.n_wire, 1);
	seen.third = *sim.wire[0];
	sim_run(3000);
	assert_int_equal(sim_state(1), IKE_QM_IDLE);
	sim.work_stands = true;
}

static void forget_wire(void)
{
	sim_drain(1);
	while (sim.n_wire)
		free(sim.wire[--sim.n_wire]);
}

/* Somebody's first message and, if it is answered, his third, which wants work. */
static bool begins(struct ipaddr from, uint32_t no)
{
	struct datagram d = seen.first;

	memset(d.b, 0x77, 8);
	memcpy(d.b, &no, sizeof(no));
	d.path.remote = from;
	sim_feed(1, &d.path, d.b, d.len);
	forget_wire();
	if (memcmp(newest(1)->i_cookie, d.b, 8) != 0)
		return false;
	struct datagram t = seen.third;
	memcpy(t.b, d.b, 8);
	memcpy(t.b + 8, newest(1)->r_cookie, 8);
	t.path.remote = from;
	sim_feed(1, &t.path, t.b, t.len);
	forget_wire();
	return newest(1)->work;
}

static void a_flood_of_strangers_stops_no_peer(void **state)
{
	struct ike *k = sim.side[1].ike;
	struct ike_admission a;
	unsigned n = 0;

	(void)state;
	pfs(1, 2);
	record();
	for (uint32_t i = 0; i < 2 * IKE_MAX_WORK; i++)
		n += begins(ipaddr_v4(A(198, 18, 0, 1) + (i << 8)), i);
	assert_int_equal(n, IKE_MAX_WORK);
	assert_int_equal(k->n_asked[false], IKE_MAX_WORK);
	assert_int_equal(k->n_asked[true], 0);
	for (size_t i = 0; i < sim.n_jobs; i++)
		assert_false(sim.job[i]->known);
	/* a quick mode with PFS, and its work is not among theirs */
	sim_acquire(0, 2);
	settle();
	assert_int_equal(sim.n_jobs, IKE_MAX_WORK + 1);
	sim_work(sim.n_jobs - 1); /* his key pair */
	settle();
	ike_get_admission(k, &a);
	assert_int_equal(a.not_begun, 0);
	assert_int_equal(k->n_asked[true], 1);
	assert_true(sim.job[sim.n_jobs - 1]->known);
	while (sim.n_jobs > IKE_MAX_WORK) {
		sim_work(sim.n_jobs - 1);
		settle();
	}
	assert_int_equal(sim.side[0].n_sa, 4);
	/* and phase 1 again, be it that only IPsec SAs are left */
	ike_clear_isakmp(sim.side[0].ike, sim.now_ms, 0);
	settle();
	assert_int_equal(sim_count_sas(1, IKE_QM_IDLE), 0);
	const struct ike_path path = { sim.end[0], sim.end[1], 500, 500 };
	struct ike_sa *fresh = phase1_alone(sim.side[0].ike, &path, "");
	assert_non_null(fresh);
	settle();
	while (sim.n_jobs > IKE_MAX_WORK) {
		assert_true(sim.job[sim.n_jobs - 1]->known);
		sim_work(sim.n_jobs - 1);
		settle();
	}
	assert_int_equal(fresh->state, MM_DONE);
	assert_int_equal(k->n_asked[true], 0);
	finish_all();
	assert_int_equal(k->n_asked[false], 0);
}

/* Beyond their bound, peers who have none waiting are served all the same, up to another one. */
static void a_few_peers_leave_room_for_the_first_of_others(void **state)
{
	struct ike *k = sim.side[1].ike;
	struct ike_admission a;

	(void)state;
	pfs(0, 2);
	pfs(1, 2);
	k->n_asked[true] += IKE_MAX_WORK_KNOWN;
	run_to_work(5); /* his first */
	assert_int_equal(k->n_asked[true], IKE_MAX_WORK_KNOWN + 1);
	ike_get_admission(k, &a);
	assert_int_equal(a.not_begun, 0);
	/* another one of his */
	struct ike_sa *his = newest(0);
	assert_int_equal(quick_start(his, &sim.side[0].p2[1]), 0);
	sim_drain(0);
	sim_work(sim.n_jobs - 1);
	sim_run(1);
	ike_get_admission(k, &a);
	assert_int_equal(a.not_begun, 1);
	k->n_asked[true] -= IKE_MAX_WORK_KNOWN;
}

/* ---- a peer who ends what he begins ---- */

/* DELETE of an ISAKMP SA, under another one that is up: from side 0. */
static void delete_isakmp(struct ike_sa *by, const uint8_t cookies[16])
{
	uint8_t blank[IKE_MAX_HASH] = { 0 }, iv[16], id[4];
	struct ike_path to = { sim.end[1], sim.end[0], 500, 500 };
	struct ike_builder b;
	struct ike_header h;
	uint32_t msgid = 1 + sim_rnd();
	size_t len = by->keys.len;

	msg_header(by, EX_INFO, IKE_FLAG_ENCRYPTED, msgid, &h);
	ike_build_start(&b, &h);
	ike_build_payload(&b, PL_HASH, span_of(blank, len));
	ike_build_begin(&b, PL_DELETE);
	wr_be32(&b.w, IKE_DOI_IPSEC);
	wr_u8(&b.w, PROTO_ID_ISAKMP);
	wr_u8(&b.w, 16);
	wr_be16(&b.w, 1);
	wr_bytes(&b.w, cookies, 16);
	ike_build_end(&b);
	struct wr w = wr_of(id, sizeof(id));
	wr_be32(&w, msgid);
	const size_t head = IKE_HEADER + 4 + len;
	struct span parts[] = { span_of(id, 4), span_of(b.buf + head, wr_len(&b.w) - head) };
	assert_int_equal(ike_prf(by->k->crypto, by->agreed.hash, span_of(by->keys.a, len), parts, 2,
				 b.buf + IKE_HEADER + 4),
			 0);
	assert_int_equal(keying_iv2(by->k->crypto, by->agreed.hash, by->iv, by->cipher->block_len, msgid, iv), 0);
	struct span d = msg_encrypt(by, &b, iv);
	assert_true(d.len > 0);
	sim_feed(1, &to, d.p, d.len);
	forget_wire();
}

static void who_deletes_what_he_begins_has_no_more_done(void **state)
{
	struct ike *k = sim.side[1].ike;

	(void)state;
	record();
	struct ike_sa *up = newest(0);
	for (uint32_t i = 0; i < 40; i++) {
		uint8_t cookies[16];

		if (!begins(sim.end[0], i))
			continue;
		memcpy(cookies, newest(1)->i_cookie, 8);
		memcpy(cookies + 8, newest(1)->r_cookie, 8);
		delete_isakmp(up, cookies);
		assert_int_equal(waiting(1), 0);
		assert_int_equal(newest(1)->state, MM_DEAD);
	}
	assert_int_equal(k->n_orphans, IKE_MAX_HALF_PEER);
	assert_int_equal(sim.n_jobs, IKE_MAX_HALF_PEER);
	finish_all();
	assert_int_equal(k->n_orphans, 0);
	assert_true(begins(sim.end[0], 99));
	finish_all();
}

/* ---- room for quick modes ---- */

static void what_is_not_begun_ends_nothing(void **state)
{
	struct ike *k = sim.side[1].ike;
	struct ike_admission a;

	(void)state;
	sim.side[0].p2[IKE_MAX_QM_PER_SA].pfs_group = sim.side[1].p2[IKE_MAX_QM_PER_SA].pfs_group = 2;
	for (int s = 0; s < 2; s++) {
		sim.side[s].cfg.n_p2 = IKE_MAX_QM_PER_SA + 1;
		sim_configure(s);
	}
	for (uint32_t i = 1; i <= IKE_MAX_QM_PER_SA; i++)
		sim_acquire(0, i);
	sim_run(20000);
	struct ike_sa *sa = newest(1);
	assert_int_equal(sa->n_qms, IKE_MAX_QM_PER_SA);
	const struct qm *oldest = TAILQ_FIRST(&sa->qms);
	uint32_t msgid = oldest->msgid;
	assert_int_equal(oldest->state, QM_DONE);
	/* too much to do */
	k->n_asked[true] += IKE_MAX_WORK_FIRST;
	sim_acquire(0, IKE_MAX_QM_PER_SA + 1);
	sim_drain(0);
	sim_drain(0);
	assert_int_equal(sim.n_wire, 1);
	struct datagram d = *sim.wire[0];
	settle();
	ike_get_admission(k, &a);
	assert_int_equal(a.not_begun, 1);
	assert_int_equal(sa->n_qms, IKE_MAX_QM_PER_SA);
	assert_ptr_equal(TAILQ_FIRST(&sa->qms), oldest);
	assert_int_equal(oldest->msgid, msgid);
	/* or not his */
	d.b[d.len - 1] ^= 1;
	k->n_asked[true] -= IKE_MAX_WORK_FIRST;
	sim_feed(1, &d.path, d.b, d.len);
	assert_int_equal(sa->n_qms, IKE_MAX_QM_PER_SA);
	assert_ptr_equal(TAILQ_FIRST(&sa->qms), oldest);
	assert_int_equal(oldest->msgid, msgid);
	/* what is begun does */
	sim_run(3000);
	assert_int_equal(sim.side[1].n_sa, 2 * (IKE_MAX_QM_PER_SA + 1));
	assert_int_equal(sa->n_qms, IKE_MAX_QM_PER_SA);
	assert_true(TAILQ_FIRST(&sa->qms)->msgid != msgid);
}

/* ---- what is said of it ---- */

static void work_that_comes_too_late_is_told(void **state)
{
	(void)state;
	for (int ag = 0; ag < 2; ag++)
		for (unsigned n = 1; n <= STEPS; n++) {
			int whose = n == 2 || n == 5;

			again();
			pfs(0, 2);
			if (ag)
				aggressive(0);
			run_to_work(n);
			if (whose) /* what he says of it himself is not of interest */
				sim.cut[1] = true;
			sim_run(45000);
			assert_non_null(strstr(sim.side[whose].log, "CRYPTO-6-IKMP_MODE_FAILURE"));
			assert_non_null(strstr(sim.side[whose].log, WORK_TOO_LATE));
			if (n == 5)
				assert_non_null(strstr(newest(1)->story, WORK_TOO_LATE));
		}
}

/* He has answered, be it within the millisecond in which he was asked: the ISAKMP SA is in order. */
static void who_has_answered_is_not_deaf(void **state)
{
	(void)state;
	pfs(0, 2);
	run_to_work(6);
	assert_int_equal(waiting(0), 1);
	TAILQ_FIRST(&newest(0)->qms)->made_ms = newest(0)->heard_ms; /* as on a fast link */
	sim_run(40000);
	assert_int_equal(sim.side[0].failed, 1);
	assert_non_null(strstr(sim.side[0].reason, WORK_TOO_LATE));
	assert_int_equal(sim_count_sas(0, IKE_QM_IDLE), 1);
}

/* ---- what comes meanwhile ---- */

static void aggressive_mode_that_was_disabled_meanwhile_is_not_answered(void **state)
{
	(void)state;
	aggressive(0);
	run_to_work(2);
	assert_int_equal(waiting(1), 1);
	sim.side[1].cfg.aggressive = false;
	sim_configure(1);
	finish_all();
	sim_drain(1);
	assert_non_null(strstr(sim.side[1].log, "CRYPTO-5-IKMP_AG_MODE_DISABLED"));
	assert_int_equal(sim.side[1].sent_aggressive, 0);
	assert_null(newest(1));
	assert_int_equal(sim.n_jobs, 0);
}

static void an_offer_that_fits_no_longer_is_refused(void **state)
{
	(void)state;
	aggressive(0);
	run_to_work(2);
	sim.side[1].p1[0].cipher_bits = 128;
	sim_configure(1);
	finish_all();
	sim_drain(1);
	assert_non_null(strstr(sim.side[1].log, "Processing of Aggressive mode failed"));
	assert_int_equal(sim.side[1].sent_aggressive, 0);
	assert_int_equal(sim.side[1].sent_info, 1);
	assert_null(newest(1));
	sim.work_stands = false;
	sim_run(10);
	assert_non_null(strstr(sim.side[0].reason, "NO_PROPOSAL_CHOSEN"));
}

/* A refusal in clear, which anybody can send. */
static void refuse_in_clear(void)
{
	const struct ike_sa *sa = newest(0);
	struct ike_path path = { sim.end[0], sim.end[1], 500, 500 };
	struct ike_header h = { .exchange = EX_INFO, .msgid = 5 };
	struct ike_builder b;

	memcpy(h.i_cookie, sa->i_cookie, 8);
	memcpy(h.r_cookie, sa->r_cookie, 8);
	ike_build_start(&b, &h);
	ike_build_begin(&b, PL_NOTIFY);
	wr_be32(&b.w, IKE_DOI_IPSEC);
	wr_u8(&b.w, 1);
	wr_u8(&b.w, 0);
	wr_be16(&b.w, NT_NO_PROPOSAL_CHOSEN);
	ike_build_end(&b);
	struct span d = ike_build_done(&b);
	sim_feed(0, &path, d.p, d.len);
	sim_drain(0);
}

static void a_refusal_in_clear_comes_too_late_for_an_answer(void **state)
{
	static const struct {
		bool ag;
		unsigned n; /* 0: no answer is there */
	} rows[] = { { false, 0 }, { false, 1 }, { false, 3 }, { true, 3 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		again();
		if (rows[i].ag)
			aggressive(0);
		if (rows[i].n) {
			run_to_work(rows[i].n);
			assert_int_equal(waiting(0), 1);
		} else {
			sim_acquire(0, 1);
			sim_drain(0);
		}
		refuse_in_clear();
		if (!rows[i].n) {
			assert_int_equal(sim.side[0].failed, 1);
			continue;
		}
		assert_int_equal(sim.side[0].failed, 0);
		assert_int_equal(waiting(0), 1);
		sim.work_stands = false;
		finish_all();
		sim_run(3000);
		assert_int_equal(sim.side[0].n_sa, 2);
	}
}

/* Nothing of it has left yet. */
static void what_waits_to_begin_is_called_off_when_the_peer_was_faster(void **state)
{
	(void)state;
	aggressive(0);
	run_to_work(1);
	struct ike_sa *mine = newest(0);
	assert_int_equal(mine->state, MM_IDLE);
	assert_int_equal(waiting(0), 1);
	sim_acquire(1, 1);
	settle();
	while (sim.n_jobs > 1) {
		sim_work(1);
		settle();
	}
	sim_run(1000);
	assert_int_equal(sim.side[0].n_sa, 2);
	assert_int_equal(mine->state, MM_DEAD);
	assert_non_null(strstr(mine->story, "has begun meanwhile"));
	assert_int_equal(waiting(0), 0);
	finish_all();
	sim_run(1000);
	assert_int_equal(sim.side[0].sent_aggressive, 0);
	assert_int_equal(sim.side[0].n_sa, 2);
	sim_assert_twins();
}

/* ---- signatures ---- */

static int sign(void *ctx, struct span hash, uint8_t sig[IKE_SIG_MAX], size_t *ret_len)
{
	(void)ctx;
	memcpy(sig, hash.p, hash.len);
	*ret_len = hash.len;
	return 0;
}

static int verify(void *ctx, const struct ike_proof *p, char why[IKE_WHY_MAX])
{
	(void)ctx;
	why[0] = '\0';
	return span_equal(p->sig, p->hash) ? 0 : -74; /* EBADMSG */
}

/* Tunnels that come up have the configuration applied again and again, while signatures wait. */
static void signatures_outlive_all_but_another_key(void **state)
{
	static const struct span first = { (const uint8_t *)"certificate", 11 }, other = { (const uint8_t *)"another one", 11 };

	(void)state;
	for (int changed = 0; changed < 2; changed++) {
		sim_env.sign = sign;
		sim_env.verify = verify;
		again();
		for (int s = 0; s < 2; s++) {
			sim.side[s].p1[0].auth = IKE_AUTH_RSA_SIG;
			sim.side[s].cfg.certs = &first;
			sim.side[s].cfg.n_certs = 1;
			sim.side[s].cfg.dn = span_of("\x30\x00", 2);
			sim_configure(s);
		}
		run_to_work(4); /* pair, answer, secret, signature of the initiator */
		sim_configure(0);
		if (changed) {
			sim.side[0].cfg.certs = &other;
			sim_configure(0);
		}
		sim.work_stands = false;
		finish_all();
		sim_run(1000);
		assert_int_equal(sim.side[0].n_sa, 2);
		assert_int_equal(sim.works, changed ? 6 : 5);
		sim_env.sign = NULL;
		sim_env.verify = NULL;
	}
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, sim_teardown)
	const struct CMUnitTest tests[] = {
		CASE(what_nobody_was_asked_is_not_waited_for),
		CASE(a_flood_of_strangers_stops_no_peer),
		CASE(a_few_peers_leave_room_for_the_first_of_others),
		CASE(who_deletes_what_he_begins_has_no_more_done),
		CASE(what_is_not_begun_ends_nothing),
		CASE(work_that_comes_too_late_is_told),
		CASE(who_has_answered_is_not_deaf),
		CASE(aggressive_mode_that_was_disabled_meanwhile_is_not_answered),
		CASE(an_offer_that_fits_no_longer_is_refused),
		CASE(a_refusal_in_clear_comes_too_late_for_an_answer),
		CASE(what_waits_to_begin_is_called_off_when_the_peer_was_faster),
		CASE(signatures_outlive_all_but_another_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
