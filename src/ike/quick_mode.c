/* SPDX-License-Identifier: Apache-2.0 */
/* Quick mode, both roles, with and without PFS (RFC 2409 section 5.5). The
 * exchange is the table near the end; a message gets to its handler only with a
 * right hash. */
#include "ike/work.h"

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

static void start(struct qm *q, struct ike_builder *b)
{
	static const uint8_t blank[IKE_MAX_HASH];
	struct ike_header h;

	msg_header(q->sa, EX_QUICK, IKE_FLAG_ENCRYPTED, q->msgid, &h);
	ike_build_start(b, &h);
	ike_build_payload(b, PL_HASH, span_of(blank, q->sa->keys.len));
}

static int finish(struct qm *q, struct ike_builder *b, unsigned which, enum ike_timer timer)
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

static struct qm *qm_make(struct ike_sa *sa, bool initiator, uint32_t msgid)
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

static void enter(struct qm *q, enum qm_state state)
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
	enter(q, QM_DONE);
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
		enter(q, QM_DONE);
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
	act_log(k, "CRYPTO-6-IKMP_MODE_FAILURE", "Processing of Quick mode failed with peer at %s: %s",
		ipaddr_ios(&peer, addr), text);
	quick_drop(q);
	policy_failed(k, policy_id, &peer, text);
}

/* It is over, but stays to answer repeats of its last message. */
static void rest(struct qm *q)
{
	struct ike *k = q->sa->k;

	enter(q, QM_DONE);
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
static void complete(struct qm *q)
{
	struct ike_sa *sa = q->sa;

	pair_use(sa->k, q);
	act_debug_engine(sa->k, sa, "Create IPSec SA (by keys)");
	act_debug(sa->k, sa, "Successfully installed IPSEC SA (SPI:0x%X)", q->spi);
	act_debug(sa->k, sa, "deleting node %u error FALSE reason \"No Error\"", q->msgid);
	act_debug(sa->k, sa, "Old State = IKE_QM_%s  New State = IKE_QM_PHASE2_COMPLETE",
		  q->initiator ? "IPSEC_INSTALL_AWAIT" : "R_QM2");
	rest(q);
}

/* ---- initiator ---- */

/* Identities and nonce of ours. */
static int prepare(struct qm *q, const struct p2_policy *p)
{
	struct ike_sa *sa = q->sa;
	struct ike *k = sa->k;
	uint8_t ids[2][IDS_MAX], nonce[IKE_NONCE];
	struct wr l = wr_of(ids[0], sizeof(ids[0])), r = wr_of(ids[1], sizeof(ids[1]));

	q->policy = *p;
	q->sel = p->sel;
	if (!ids_encode(&l, &p->sel.local, p->sel.proto, &p->sel.local_port) ||
	    !ids_encode(&r, &p->sel.remote, p->sel.proto, &p->sel.remote_port))
		return -EINVAL;
	k->env.random(k->env.ctx, nonce, sizeof(nonce));
	if (!span_dup(wr_done(&l), &q->id_local) || !span_dup(wr_done(&r), &q->id_remote) ||
	    !span_dup(span_of(nonce, sizeof(nonce)), &q->ni))
		return -ENOMEM;
	return keying_iv2(k->crypto, sa->agreed.hash, sa->iv, sa->cipher->block_len, q->msgid, q->iv);
}

static int send_offer(struct qm *q)
{
	struct ike_sa *sa = q->sa;
	struct ike *k = sa->k;
	struct ike_builder b;
	enum p2_encap encap = natt_encap(sa);
	bool endpoints = ids_are_endpoints(sa, &q->sel);

	start(q, &b);
	ike_build_begin(&b, PL_SA);
	p2_offer(&b.w, &q->policy, q->spi, encap, endpoints);
	ike_build_end(&b);
	ike_build_payload(&b, PL_NONCE, q->ni);
	if (q->ke.p)
		ike_build_payload(&b, PL_KE, q->ke);
	ike_build_payload(&b, PL_ID, q->id_local);
	ike_build_payload(&b, PL_ID, q->id_remote);
	if (encap != P2_RAW && endpoints)
		natt_add_original(&b, sa, true);
	act_debug(k, sa, "beginning Quick Mode exchange, M-ID of %u", q->msgid);
	act_debug(k, sa, "QM Initiator gets spi");
	sa_msgid_note(sa, q->msgid);
	q->made_ms = k->now_ms; /* what he said before is no answer */
	int err = finish(q, &b, 1, T_QM_RESEND);
	if (err)
		return err;
	enter(q, QM_I1); /* not before: what fails here must not start the next in line */
	act_debug(k, sa, "Node %u, Input = IKE_MESG_INTERNAL, IKE_INIT_QM", q->msgid);
	act_debug(k, sa, "Old State = IKE_QM_READY  New State = IKE_QM_I_QM1");
	return 0;
}

/* Our first message waits: for want of an answer to wait for, with a timer of its own. */
static int park_first(struct qm *q, enum qm_state state, struct work *w, const struct ike_path *path,
		      struct span d)
{
	struct ike *k = q->sa->k;

	q->linger.kind = T_QM_GIVE_UP;
	int err = timer_arm(&k->timers, &q->linger, k->now_ms + IKE_GIVE_UP_MS);
	if (!err)
		err = work_park(k, w, q->sa, q, path, d);
	if (!err)
		enter(q, state);
	return err;
}

/* The key pair of PFS, then the message. */
static int begin(struct qm *q, struct work *w)
{
	struct ike *k = q->sa->k;
	struct work *outer = work_enter(k, w);
	int err = q->policy.pfs_group ? work_pair(k, q->policy.pfs_group, &q->dh_seed, &q->ke) : 0;

	if (!err)
		err = send_offer(q);
	work_leave(k, outer);
	return err == -EINVAL	   ? -ENOTSUP :
	       err == -EINPROGRESS ? park_first(q, QM_I0, w, NULL, (struct span){ 0 }) :
				     err;
}

int quick_start(struct ike_sa *sa, const struct p2_policy *p)
{
	struct qm *q = qm_make(sa, true, 0);
	struct work w = { 0 };
	int err;

	if (!q)
		return -ENOMEM;
	(void)quick_make_room(sa);
	err = p2_any(p, natt_encap(sa)) ? prepare(q, p) : -EPROTONOSUPPORT;
	if (!err)
		err = begin(q, &w);
	work_fini(&w);
	if (err)
		quick_drop(q);
	return err;
}

/* As they were sent; or, behind NAT and between the peers themselves, as he sees them
 * (strongSwan answers so). */
static bool ids_echoed(const struct qm *q, const struct ike_payloads *pl)
{
	struct selector said, seen;
	const struct ike_payload *idi = ike_payload_find(pl, PL_ID, 0);
	const struct ike_payload *idr = ike_payload_find(pl, PL_ID, 1);

	if ((!idi && !idr) || (idi && idr && span_equal(idi->body, q->id_local) &&
			       span_equal(idr->body, q->id_remote)))
		return true;
	return idi && idr && ids_are_endpoints(q->sa, &q->sel) && ids_answered(pl, &said) &&
	       ids_translate(q, &said, &seen) && said.proto == q->sel.proto;
}

/* What the peer receives on he installs when QM3 is there: a packet that overtook it
 * would be lost, so the outbound SA waits a moment. */
static void settle(struct qm *q)
{
	struct ike_sa *sa = q->sa;

	enter(q, QM_SETTLE);
	flight_stop(sa->k, &q->flight);
	q->linger.kind = T_SETTLE;
	if (timer_arm(&sa->k->timers, &q->linger, sa->k->now_ms + IKE_SETTLE_MS))
		complete(q);
	sa_start_pending(sa);
}

/* QM2: the peer's choice. The inbound SA goes in, then QM3 goes out. */
static int i_recv(struct qm *q, const struct ike_payloads *pl)
{
	struct ike_sa *sa = q->sa;
	struct span body = ike_payload_find(pl, PL_SA, 0)->body;
	struct span nonce = ike_payload_find(pl, PL_NONCE, 0)->body;
	const struct ike_payload *ke = ike_payload_find(pl, PL_KE, 0);
	struct p2_ask ask = { .has_ke = ke, .nat = sa->nat_here || sa->nat_there, .crossed = natt_crossed(sa), .answer = true,
			      .endpoints = ids_are_endpoints(sa, &q->sel) };
	struct ike_builder b;
	char why[160] = "the peer changed the identities";
	int err;

	natt_read_original(q, pl);
	bool fits = ike_sa_is_choice(body) && !!ke == !!q->ke.p && ids_echoed(q, pl) &&
		    p2_choose(body, &q->policy, &ask, &q->agreed, why, sizeof(why));
	trace_p2(q, pl, fits);
	if (!fits) {
		uint8_t spi[4];
		struct wr w = wr_of(spi, sizeof(spi));
		uint8_t proto = p2_first_proto(body);

		wr_be32(&w, proto == PROTO_ID_AH ? p2_ah_spi(q->spi) : q->spi);
		info_notify(sa, proto, wr_done(&w), NT_NO_PROPOSAL_CHOSEN,
			    (struct span){ 0 });
		quick_fail(q, why);
		return 0;
	}
	quick_take_lifetime(q, pl);
	quick_bound_life(&q->agreed);
	err = span_dup(nonce, &q->nr) ? quick_specs_make(q, ke ? ke->body : (struct span){ 0 }) : -ENOMEM;
	if (!err)
		err = pair_add(sa->k, q);
	if (err == -EINPROGRESS)
		return err;
	if (err) {
		quick_fail(q, err == -EINVAL ? "the peer's key exchange value is not acceptable" :
					       "no memory");
		return 0;
	}
	act_sa_add(sa->k, &q->in);
	act_debug(sa->k, sa, "Old State = IKE_QM_I_QM1  New State = IKE_QM_IPSEC_INSTALL_AWAIT");
	start(q, &b);
	/* if QM3 cannot be sent, the peer repeats QM2, and that is answered again */
	(void)finish(q, &b, 3, T_NONE);
	settle(q);
	return 0;
}

/* ---- responder ---- */

/* The notify names the SPI that the peer offered, so that he knows which of his
 * exchanges is meant. */
static void r_refuse(struct qm *q, const struct ike_payloads *pl, uint16_t type, const char *why)
{
	struct ike_sa *sa = q->sa;
	const struct ike_payload *offer = ike_payload_find(pl, PL_SA, 0);
	struct ike_proposal prop = { 0 };
	struct rd r;
	char addr[IPADDR_STRLEN], local[IPADDR_STRLEN];

	ipaddr_ios(&sa->path.remote, addr);
	sa_story(sa, "up; quick mode refused: %s", why);
	act_debug(sa->k, sa, "phase 2 SA policy not acceptable! (local %s remote %s)",
		  ipaddr_ios(&sa->path.local, local), addr);
	act_log(sa->k, "CRYPTO-6-IKMP_MODE_FAILURE",
		"Processing of Quick mode failed with peer at %s: %s", addr, why);
	if (!offer || !ike_sa_decode(offer->body, &r) || !ike_proposal_next(&r, &prop) ||
	    prop.spi.len != 4)
		prop.spi = (struct span){ 0 };
	info_refuse(sa, &q->flight, prop.proto ? prop.proto : PROTO_ID_ESP, prop.spi, type);
	/* the exchange stays a while: repeats of QM1 get the refusal again */
	rest(q);
}

/* QM2: chosen transform, nonce, [KE], the identities as asked, and our shorter
 * lifetime if his is longer (RFC 2407 section 4.6.3.1). */
static int r_answer(struct qm *q, const struct ike_payloads *pl)
{
	struct ike_builder b;
	struct rd tr = rd_span(q->agreed.transform);

	rd_skip(&tr, 8);
	struct p2_seen his = p2_read(rd_take(&tr, rd_left(&tr)));
	start(q, &b);
	ike_build_begin(&b, PL_SA);
	p2_answer(&b.w, &q->agreed, q->spi);
	ike_build_end(&b);
	ike_build_payload(&b, PL_NONCE, q->nr);
	if (q->ke.p)
		ike_build_payload(&b, PL_KE, q->ke);
	for (size_t i = 0; i < ike_payload_count(pl, PL_ID); i++)
		ike_build_payload(&b, PL_ID, ike_payload_find(pl, PL_ID, i)->body);
	if (q->agreed.udp_encap && q->agreed.mode == MODE_TRANSPORT)
		natt_add_original(&b, q->sa, false);
	if (p2_his_life_sec(&his) > q->agreed.life_sec ||
	    (q->agreed.life_kb && (!his.life_kb || his.life_kb > q->agreed.life_kb))) {
		ike_build_begin(&b, PL_NOTIFY);
		wr_be32(&b.w, IKE_DOI_IPSEC);
		bool ah = q->agreed.proto == PROTO_AH;
		wr_u8(&b.w, ah ? PROTO_ID_AH : PROTO_ID_ESP);
		wr_u8(&b.w, 4);
		wr_be16(&b.w, NT_RESPONDER_LIFETIME);
		wr_be32(&b.w, ah ? p2_ah_spi(q->spi) : q->spi);
		p2_write_life(&b.w, q->agreed.life_sec, q->agreed.life_kb);
		ike_build_end(&b);
	}
	return finish(q, &b, 2, T_QM_RESEND);
}

/* Nonce, key pair and both SAs of ours; -EINVAL for a bad public value. */
static int r_make(struct qm *q, const struct ike_payloads *pl)
{
	struct ike *k = q->sa->k;
	const struct ike_payload *ke = ike_payload_find(pl, PL_KE, 0);
	uint8_t mine[IKE_NONCE];

	work_nonce(k, mine, sizeof(mine));
	if (!span_dup(ike_payload_find(pl, PL_NONCE, 0)->body, &q->ni) ||
	    !span_dup(span_of(mine, sizeof(mine)), &q->nr))
		return -ENOMEM;
	return quick_specs_make(q, ke ? ke->body : (struct span){ 0 });
}

static int r_recv_first(struct qm *q, const struct ike_payloads *pl)
{
	struct ike_sa *sa = q->sa;
	struct ike *k = sa->k;
	struct span body = ike_payload_find(pl, PL_SA, 0)->body;
	struct p2_ask ask = { .has_ke = ike_payload_find(pl, PL_KE, 0),
			      .nat = sa->nat_here || sa->nat_there, .crossed = natt_crossed(sa) };
	const struct p2_policy *p = NULL;
	struct selector want, seen;
	char why[IKE_WHY_MAX], text[256];

	natt_read_original(q, pl);
	if (!ids_requested(sa, pl, &want)) {
		r_refuse(q, pl, NT_INVALID_ID_INFORMATION, "identities that IOS cannot express");
		return 0;
	}
	if (p2_is_transport(body) && ids_translate(q, &want, &seen) &&
	    (p = ids_policy(sa, &seen, &q->sel)))
		want = seen;
	if (!p)
		p = ids_policy(sa, &want, &q->sel);
	if (!p) {
		ids_text(&want, text, sizeof(text));
		const struct p2_policy *other = ids_of_other_profile(sa, &want);
		if (other)
			profile_missed(sa, other, why, sizeof(why));
		else
			snprintf(why, sizeof(why), "no crypto map entry for this peer covers: %s", text);
		act_debug_ipsec(k, &sa->path.remote,
				"(ipsec_process_proposal): proxy identities not supported");
		act_debug(k, sa, "IPSec policy invalidated proposal with error 32");
		r_refuse(q, pl, NT_INVALID_ID_INFORMATION, why);
		return 0;
	}
	q->policy = *p;
	ask.endpoints = ids_are_endpoints(sa, &want);
	bool fits = p2_choose(body, p, &ask, &q->agreed, why, sizeof(why));
	trace_p2(q, pl, fits);
	if (!fits) {
		r_refuse(q, pl, NT_NO_PROPOSAL_CHOSEN, why);
		return 0;
	}
	quick_bound_life(&q->agreed);
	if (p->dynamic || p->per_host) {
		p = made_for(k, p, &q->sel, &sa->path.remote);
		if (!p) {
			r_refuse(q, pl, NT_NO_PROPOSAL_CHOSEN,
				 "no room for another pair of proxies of this peer");
			return 0;
		}
		q->policy = *p;
		if (p->dynamic) /* he may have had another address */
			q->policy.peers[0] = sa->path.remote;
	}
	quick_log_lifetime(q);
	int err = r_make(q, pl);
	if (err == -EINPROGRESS)
		return err;
	if (err) {
		r_refuse(q, pl, NT_INVALID_KEY_INFORMATION,
			 err == -EINVAL ? "the key exchange value is not acceptable" : "no memory");
		return 0;
	}
	enter(q, QM_R2);
	act_sa_add(k, &q->in); /* he may send as soon as he has our answer */
	act_debug(k, sa, "Old State = IKE_QM_READY  New State = IKE_QM_R_QM2");
	int failed = r_answer(q, pl);
	/* they pointed into the message */
	q->agreed.transform = q->agreed.ah_transform = (struct span){ 0 };
	if (failed)
		quick_drop(q);
	return 0;
}

/* QM3: the peer is alive and has the keys. */
static int r_recv_last(struct qm *q, const struct ike_payloads *pl)
{
	(void)pl;
	flight_last(q->sa->k, &q->flight);
	if (pair_add(q->sa->k, q))
		quick_drop(q);
	else
		complete(q);
	return 0;
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
	{ false, QM_R0, 1, P(PL_SA) | P(PL_NONCE), USUAL, r_recv_first },
	{ true, QM_I1, 2, P(PL_SA) | P(PL_NONCE), USUAL, i_recv },
	{ false, QM_R2, 3, 0, P(PL_NOTIFY) | P(PL_VID), r_recv_last },
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
	struct qm *q = qm_make(sa, false, msgid);

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
		err = park_first(q, QM_R1, w, path, d);
	if (err && q->initiator)
		quick_fail(q, "no memory");
	else if (err)
		r_refuse(q, pl, NT_INVALID_KEY_INFORMATION, "no memory");
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
		act_debug(k, sa, "quick mode message with a wrong hash, ignored");
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
		if (q->state == QM_R0)
			sa_msgid_note(sa, h->msgid);
		sa_heard(sa, path);
		flight_mark(k, &q->flight, d);
		trace_payloads(k, sa, &pl, h->msgid);
	}
	if (payloads_fit(row, &pl))
		run(q, row, &pl, path, d, iv, again ? again : &fresh);
	else if (q->initiator)
		quick_fail(q, "the peer's answer is malformed");
	else if (q->state == QM_R0)
		r_refuse(q, &pl, NT_PAYLOAD_MALFORMED, "the payloads of a quick mode are not all there");
	work_fini(&fresh);
	secret_wipe(buf, sizeof(buf));
}

void quick_recv(struct ike_sa *sa, const struct ike_path *path, const struct ike_header *h,
		struct span d)
{
	struct ike *k = sa->k;
	struct qm *q = qm_find(sa, h->msgid);
	char addr[IPADDR_STRLEN];

	if (sa->state != MM_DONE || !h->msgid)
		return;
	if (!(h->flags & IKE_FLAG_ENCRYPTED)) {
		act_log(k, "CRYPTO-6-IKMP_NOT_ENCRYPTED",
			"IKE packet from %s was not encrypted and it should've been.",
			ipaddr_ios(&path->remote, addr));
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
		if (begin(q, w))
			quick_fail(q, "quick mode could not start");
		return;
	}
	bool answers = q->state == QM_R1;
	struct ike *k = q->sa->k;
	uint32_t policy_id = q->policy.id;
	if (answers)
		enter(q, QM_R0);
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
	act_log(sa->k, "CRYPTO-6-IKMP_MODE_FAILURE", "Processing of Quick mode failed with peer at %s: %s",
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
			complete(q);
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
