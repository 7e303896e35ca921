/* SPDX-License-Identifier: Apache-2.0 */
/* Quick mode, with and without PFS (RFC 2409 section 5.5); its two roles are in quick_roles.c. The
 * exchange is the table near the end; a message gets to its handler only with a
 * right hash. */
#include "ike/quick.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

/* ---- hashes ---- */

/* HASH(1): prf(SKEYID_a, M-ID | rest); HASH(2): with Ni_b after M-ID; HASH(3):
 * prf(SKEYID_a, 0 | M-ID | Ni_b | Nr_b). */
static int quick_hash(struct qm *q, unsigned which, struct span rest, uint8_t *out)
{
	struct ike_sa *sa = q->sa;
	struct span none = { 0 };
	uint8_t id[4];
	struct wr w = wr_of(id, sizeof(id));

	wr_be32(&w, q->msgid);
	struct span parts[] = { which == 3 ? span_of("\0", 1) : none, span_of(id, 4),
				which == 1 ? none : q->ni, which == 3 ? q->nr : none, rest };
	return ike_prf(sa->k->crypto, sa->agreed.hash, span_of(sa->keys.a, sa->keys.len), parts, 5,
		       out);
}

void quick_open(struct qm *q, struct ike_builder *b)
{
	static const uint8_t blank[IKE_MAX_HASH];
	struct ike_header h;

	msg_header(q->sa, EX_QUICK, IKE_FLAG_ENCRYPTED, q->msgid, &h);
	ike_build_start(b, &h);
	ike_build_payload(b, PL_HASH, span_of(blank, q->sa->keys.len));
}

int quick_close(struct qm *q, struct ike_builder *b, unsigned which, enum ike_timer timer)
{
	struct ike_sa *sa = q->sa;
	size_t head = IKE_HEADER + 4u + sa->keys.len;
	char addr[IPADDR_STRLEN];

	if (b->w.bad)
		return -EMSGSIZE;
	int err = quick_hash(q, which, span_of(b->buf + head, wr_len(&b->w) - head),
			     b->buf + IKE_HEADER + 4);
	if (err)
		return err;
	struct span d = msg_encrypt(sa, b, q->iv);
	act_debug_pak(sa->k, sa, "sending packet to %s my_port %u peer_port %u (%s) QM_IDLE      ",
		      ipaddr_ios(&sa->path.remote, addr), sa->path.local_port,
		      sa->path.remote_port, q->initiator ? "I" : "R");
	struct ike_path to = sa_route(sa);

	return flight_send(sa->k, &q->flight, &to, d, timer, q);
}

/* ---- objects ---- */

struct qm *quick_make(struct ike_sa *sa, bool initiator, uint32_t msgid)
{
	struct qm *q = calloc(1, sizeof(*q));
	struct ike *k = sa->k;

	if (!q)
		return NULL;
	q->sa = sa;
	q->initiator = initiator;
	q->msgid = msgid;
	q->made_ms = k->now_ms;
	q->flight.timer.owner = q->linger.owner = q;
	while (!q->msgid)
		k->env.random(k->env.ctx, &q->msgid, sizeof(q->msgid));
	do
		k->env.random(k->env.ctx, &q->spi, sizeof(q->spi));
	/* RFC 4303: 1..255 are reserved */
	while (q->spi < 256 || p2_ah_spi(q->spi) < 256 || spi_in_use(k, q->spi));
	TAILQ_INSERT_TAIL(&sa->qms, q, entry);
	(void)htab_add(&k->index.qms_by_spi, &q->by_spi, index_number(k, q->spi));
	sa->n_qms++;
	return q;
}

static bool waits(const struct qm *q)
{
	return q->state == QM_I0 || q->state == QM_I1 || q->state == QM_R1 || q->state == QM_R2;
}

void quick_enter(struct qm *q, enum qm_state state)
{
	q->sa->k->n_quick -= waits(q);
	q->sa->n_parked -= q->state == QM_R1;
	q->state = state;
	q->sa->k->n_quick += waits(q);
	q->sa->n_parked += state == QM_R1;
}

void quick_drop(struct qm *q)
{
	struct ike_sa *sa = q->sa;
	bool waited = q->state == QM_I0 || q->state == QM_I1;

	if (q->state == QM_R2)
		act_sa_del(sa->k, q->in.id);
	else if (q->state == QM_SETTLE)
		pair_use(sa->k, q); /* now or never */
	flight_free(sa->k, &q->flight);
	timer_stop(&sa->k->timers, &q->linger);
	work_drop(sa->k, q->work);
	span_free(&q->dh_seed);
	span_free(&q->ke);
	span_free(&q->ni);
	span_free(&q->nr);
	span_free(&q->id_local);
	span_free(&q->id_remote);
	quick_enter(q, QM_DONE);
	TAILQ_REMOVE(&sa->qms, q, entry);
	htab_del(&sa->k->index.qms_by_spi, &q->by_spi);
	sa->n_qms--;
	secret_free(q, sizeof(*q));
	if (waited)
		sa_start_pending(sa);
}

void quick_leave(struct qm *q)
{
	struct ike *k = q->sa->k;
	uint32_t policy_id = q->policy.id;
	bool answered = q->state == QM_R2, waited = q->state == QM_R1;

	if (answered && !pair_keep_inbound(k, q))
		quick_enter(q, QM_DONE);
	quick_drop(q);
	/* if only his last message was lost, he will soon delete the old pair */
	if (answered)
		(void)renew_later(k, policy_id);
	if (waited)
		renew_held_back(k, policy_id);
}

void quick_fail(struct qm *q, const char *why)
{
	struct ike_sa *sa = q->sa;
	struct ike *k = sa->k;
	uint32_t policy_id = q->policy.id;
	struct ipaddr peer = sa->path.remote;
	char addr[IPADDR_STRLEN], text[sizeof(((struct fail_note *)0)->story)];

	snprintf(text, sizeof(text), "%s", why);
	act_log(k, &peer, "CRYPTO-6-IKMP_MODE_FAILURE", "Processing of Quick mode failed with peer at %s: %s",
		ipaddr_ios(&peer, addr), text);
	quick_drop(q);
	policy_failed(k, policy_id, &peer, text);
}

/* It is over, but stays to answer repeats of its last message. */
void quick_rest(struct qm *q)
{
	struct ike *k = q->sa->k;

	quick_enter(q, QM_DONE);
	q->agreed.transform = q->agreed.ah_transform = (struct span){ 0 };
	flight_stop(k, &q->flight);
	span_free(&q->dh_seed);
	span_free(&q->ke);
	secret_wipe(&q->in, sizeof(q->in));
	secret_wipe(&q->out, sizeof(q->out));
	q->linger.kind = T_QM_LINGER;
	struct ike_sa *sa = q->sa;
	if (timer_arm(&k->timers, &q->linger, k->now_ms + IKE_LINGER_MS))
		quick_drop(q);
	sa_start_pending(sa);
}

/* Both SAs are in use. */
void quick_complete(struct qm *q)
{
	struct ike_sa *sa = q->sa;
	const struct ike_env *env = &sa->k->env;

	pair_use(sa->k, q);
	act_debug_engine(sa->k, sa, "Create IPSec SA (by keys)");
	act_debug(sa->k, sa, "Successfully installed IPSEC SA (SPI:0x%X) on %s", q->spi,
		  env->interface ? env->interface(env->ctx, q->policy.ifid) : "");
	act_debug(sa->k, sa, "deleting node %u error FALSE reason \"No Error\"", q->msgid);
	act_debug(sa->k, sa, "Old State = IKE_QM_%s  New State = IKE_QM_PHASE2_COMPLETE",
		  q->initiator ? "IPSEC_INSTALL_AWAIT" : "R_QM2");
	quick_rest(q);
}

/* ---- entry ---- */

#define P(type) (UINT32_C(1) << (type))

/* KE once or not at all, ID twice or not at all, what IOS and others add besides. */
#define USUAL (P(PL_KE) | P(PL_ID) | P(PL_NOTIFY) | P(PL_VID) | P(PL_NATOA) | P(PL_NATOA_07))

static const struct row {
	bool initiator;
	enum qm_state from;
	unsigned hash; /* which one it must carry; HASH(2) covers Ni, HASH(3) both */
	uint32_t need, may;
	/* 0, and q may be gone; -EINPROGRESS: to be run again (work.h) */
	int (*run)(struct qm *q, const struct ike_payloads *pl);
} rows[] = {
	{ false, QM_R0, 1, P(PL_SA) | P(PL_NONCE), USUAL, quick_r_first },
	{ true, QM_I1, 2, P(PL_SA) | P(PL_NONCE), USUAL, quick_i_recv },
	{ false, QM_R2, 3, 0, P(PL_NOTIFY) | P(PL_VID), quick_r_last },
};

static bool payloads_fit(const struct row *r, const struct ike_payloads *pl)
{
	size_t ids = ike_payload_count(pl, PL_ID);

	for (unsigned t = 1; t < 32; t++)
		if (r->need & P(t) && ike_payload_count(pl, (uint8_t)t) != 1)
			return false;
	for (size_t i = 1; i < pl->n; i++)
		if (pl->v[i].type < 32 && !((r->need | r->may) & P(pl->v[i].type)))
			return false;
	if (r->need & P(PL_NONCE)) {
		size_t len = ike_payload_find(pl, PL_NONCE, 0)->body.len;

		if (len < 8 || len > IKE_NONCE_MAX)
			return false;
	}
	return ike_payload_count(pl, PL_KE) <= 1 && (ids == 0 || ids == 2);
}

static struct qm *qm_find(struct ike_sa *sa, uint32_t msgid)
{
	struct qm *q;

	TAILQ_FOREACH(q, &sa->qms, entry)
		if (q->msgid == msgid)
			return q;
	return NULL;
}

/* Decrypts and verifies a message of the exchange; iv is advanced only then. */
static bool open_msg(struct qm *q, const struct ike_header *h, struct span d, unsigned which,
		     uint8_t *buf, struct ike_payloads *pl)
{
	struct ike_sa *sa = q->sa;
	uint8_t iv[16], want[IKE_MAX_HASH];
	struct span body;

	memcpy(iv, q->iv, sizeof(iv));
	if (!msg_decrypt(sa, d, iv, buf, &body) || !ike_payloads_decode(h->next, body, pl) ||
	    !pl->n || pl->v[0].type != PL_HASH || pl->v[0].body.len != sa->keys.len)
		return false;
	size_t head = pl->v[0].whole.len;
	struct span rest_of = which == 3 ? (struct span){ 0 } :
					   span_of(body.p + head, pl->used - head);
	if (quick_hash(q, which, rest_of, want) ||
	    !secret_equal(want, pl->v[0].body.p, sa->keys.len))
		return false;
	memcpy(q->iv, iv, sizeof(iv));
	return true;
}

/* The exchange that a first message begins, if it turns out to be one; NULL: no memory. */
static struct qm *qm_fresh(struct ike_sa *sa, uint32_t msgid)
{
	struct qm *q = quick_make(sa, false, msgid);

	if (q && keying_iv2(sa->k->crypto, sa->agreed.hash, sa->iv, sa->cipher->block_len, msgid,
			    q->iv)) {
		quick_drop(q);
		return NULL;
	}
	return q;
}

static const struct row *row_for(const struct qm *q)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].from == q->state && rows[i].initiator == q->initiator)
			return &rows[i];
	return NULL;
}

/* Its handler, and what that asks to be worked on; iv: from before the message. */
static void run(struct qm *q, const struct row *row, const struct ike_payloads *pl,
		const struct ike_path *path, struct span d, const uint8_t *iv, struct work *w)
{
	struct ike *k = q->sa->k;
	struct work *outer = work_enter(k, w);
	int err = row->run(q, pl);

	work_leave(k, outer);
	if (err != -EINPROGRESS)
		return;
	memcpy(q->iv, iv, sizeof(q->iv));
	/* they point into the message */
	q->agreed.transform = q->agreed.ah_transform = (struct span){ 0 };
	if (q->initiator)
		err = work_park(k, w, q->sa, q, path, d); /* what it repeats has a timer */
	else
		err = quick_park_first(q, QM_R1, w, path, d);
	if (err && q->initiator)
		quick_fail(q, "no memory");
	else if (err)
		quick_r_refuse(q, pl, NT_INVALID_KEY_INFORMATION, "no memory");
}

static void read_message(struct qm *q, const struct ike_path *path, const struct ike_header *h, struct span d,
			 struct work *again)
{
	uint8_t buf[IKE_MAX_MESSAGE], iv[sizeof(q->iv)];
	const struct row *row = row_for(q);
	struct work fresh = { 0 };
	struct ike_payloads pl;
	struct ike_sa *sa = q->sa;
	struct ike *k = sa->k;

	if (!row)
		return;
	memcpy(iv, q->iv, sizeof(iv));
	struct work *outer = again ? work_enter(k, again) : k->work;
	bool right = open_msg(q, h, d, row->hash, buf, &pl);
	work_leave(k, outer);
	if (!right) {
		act_debug_error(k, sa, "quick mode message with a wrong hash, ignored");
		if (q->state == QM_R0)
			quick_drop(q);
		return;
	}
	if (!again && q->state == QM_R0 && !quick_may_begin(q, ike_payload_count(&pl, PL_KE))) {
		quick_drop(q);
		secret_wipe(buf, sizeof(buf));
		return;
	}
	if (!again) {
		if (q->state == QM_R0) {
			sa_msgid_note(sa, h->msgid);
			act_debug(k, sa, "set new node %u to QM_IDLE      ", h->msgid);
		}
		sa_heard(sa, path);
		flight_mark(k, &q->flight, d);
		trace_payloads(k, sa, &pl, h->msgid);
	}
	if (payloads_fit(row, &pl))
		run(q, row, &pl, path, d, iv, again ? again : &fresh);
	else if (q->initiator)
		quick_fail(q, "the peer's answer is malformed");
	else if (q->state == QM_R0)
		quick_r_refuse(q, &pl, NT_PAYLOAD_MALFORMED, "the payloads of a quick mode are not all there");
	work_fini(&fresh);
	secret_wipe(buf, sizeof(buf));
}

void quick_recv(struct ike_sa *sa, const struct ike_path *path, const struct ike_header *h,
		struct span d)
{
	struct ike *k = sa->k;
	struct qm *q = qm_find(sa, h->msgid);

	if (sa->state != MM_DONE || !h->msgid)
		return;
	if (!(h->flags & IKE_FLAG_ENCRYPTED)) {
		not_encrypted(k, &path->remote);
		return;
	}
	if (q && q->work) {
		act_debug(k, sa, "a message while the last one is worked on, ignored");
		return;
	}
	if (q && flight_is_repeat(k, &q->flight, d))
		return;
	if (!q && sa_msgid_seen(sa, h->msgid)) {
		act_debug(k, sa, "quick mode of an exchange that is over, ignored");
		return;
	}
	if (!q)
		q = qm_fresh(sa, h->msgid);
	if (q)
		read_message(q, path, h, d, NULL);
}

void quick_again(struct qm *q, struct work *w)
{
	struct rd r = rd_span(w->d);
	struct ike_header h;

	timer_stop(&q->sa->k->timers, &q->linger);
	if (q->state == QM_I0) {
		if (quick_begin(q, w))
			quick_fail(q, "quick mode could not start");
		return;
	}
	bool answers = q->state == QM_R1;
	struct ike *k = q->sa->k;
	uint32_t policy_id = q->policy.id;
	if (answers)
		quick_enter(q, QM_R0);
	if (ike_header_decode(&r, &h)) /* as before */
		read_message(q, &w->path, &h, w->d, w);
	if (answers)
		renew_held_back(k, policy_id);
}

/* Silent ever since: he has forgotten this ISAKMP SA, or is gone, and the next try has
 * to begin anew; all that waits on the SA fails with it. */
static void end_deaf(struct qm *q)
{
	struct ike *k = q->sa->k;
	uint32_t policy_id = q->policy.id;
	const struct p2_policy *p;

	sa_end(q->sa, true, "the peer does not answer quick mode");
	p = p2_by_id(k, policy_id);
	if (p && pair_current(k, policy_id))
		negotiate(k, p); /* a pair nears its end: at once */
}

/* The work of the peer's first message was not done in time. He repeats it no longer. */
static void too_late(struct qm *q)
{
	struct ike_sa *sa = q->sa;
	char addr[IPADDR_STRLEN];

	sa_story(sa, "up; quick mode given up: %s", WORK_TOO_LATE);
	act_log(sa->k, &sa->path.remote, "CRYPTO-6-IKMP_MODE_FAILURE", "Processing of Quick mode failed with peer at %s: %s",
		ipaddr_ios(&sa->path.remote, addr), WORK_TOO_LATE);
	quick_leave(q);
}

void qm_timer_fired(struct qm *q, struct timer *t)
{
	struct ike_sa *sa = q->sa;
	bool deaf = !q->work && sa->heard_ms <= q->made_ms; /* an answer that waits came in the same ms, maybe */
	bool soon = deaf && (!sa->proven || sa->n_pending || pair_current(sa->k, q->policy.id));

	if (t->kind == T_SETTLE || t->kind == T_QM_LINGER) {
		if (t->kind == T_SETTLE)
			quick_complete(q);
		else
			quick_drop(q);
		return;
	}
	if (t->kind == T_QM_GIVE_UP && q->initiator) {
		quick_fail(q, WORK_TOO_LATE);
		return;
	}
	if (t->kind == T_QM_GIVE_UP) {
		too_late(q);
		return;
	}
	/* silent on a phase 1 that ended with our message: that one may be lost, and he may
	 * ask for it again ever more seldom, or has given up. He has proved himself. */
	if (deaf && !sa->proven)
		flight_repeat(sa->k, &sa->flight);
	if (!q->work)
		act_debug(sa->k, sa, "retransmitting phase 2 QM_IDLE       %u ...", q->msgid);
	if (!(soon && q->flight.resends >= IKE_DEAF_RESENDS) && flight_resend(sa->k, &q->flight))
		return;
	if (q->state != QM_I1)
		quick_leave(q);
	else if (deaf)
		end_deaf(q);
	else
		quick_fail(q, q->work ? WORK_TOO_LATE : "the peer does not answer quick mode");
}
