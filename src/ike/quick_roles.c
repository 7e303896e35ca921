/* SPDX-License-Identifier: Apache-2.0 */
/* What either role of quick mode says and asks (RFC 2409 section 5.5): the offer and what is left of it, the choice and the
 * answer. When they get to it, and how it is hashed, is quick_mode.c's. */
#include "ike/quick.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

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

	quick_open(q, &b);
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
	int err = quick_close(q, &b, 1, T_QM_RESEND);
	if (err)
		return err;
	quick_enter(q, QM_I1); /* not before: what fails here must not start the next in line */
	act_debug(k, sa, "Node %u, Input = IKE_MESG_INTERNAL, IKE_INIT_QM", q->msgid);
	act_debug(k, sa, "Old State = IKE_QM_READY  New State = IKE_QM_I_QM1");
	return 0;
}

/* Our first message waits: for want of an answer to wait for, with a timer of its own. */
int quick_park_first(struct qm *q, enum qm_state state, struct work *w, const struct ike_path *path,
		      struct span d)
{
	struct ike *k = q->sa->k;

	q->linger.kind = T_QM_GIVE_UP;
	int err = timer_arm(&k->timers, &q->linger, k->now_ms + IKE_GIVE_UP_MS);
	if (!err)
		err = work_park(k, w, q->sa, q, path, d);
	if (!err)
		quick_enter(q, state);
	return err;
}

/* The key pair of PFS, then the message. */
int quick_begin(struct qm *q, struct work *w)
{
	struct ike *k = q->sa->k;
	struct work *outer = work_enter(k, w);
	int err = q->policy.pfs_group ? work_pair(k, q->policy.pfs_group, &q->dh_seed, &q->ke) : 0;

	if (!err)
		err = send_offer(q);
	work_leave(k, outer);
	return err == -EINVAL	   ? -ENOTSUP :
	       err == -EINPROGRESS ? quick_park_first(q, QM_I0, w, NULL, (struct span){ 0 }) :
				     err;
}

int quick_start(struct ike_sa *sa, const struct p2_policy *p)
{
	struct qm *q = quick_make(sa, true, 0);
	struct work w = { 0 };
	int err;

	if (!q)
		return -ENOMEM;
	(void)quick_make_room(sa);
	err = p2_any(p, natt_encap(sa)) ? prepare(q, p) : -EPROTONOSUPPORT;
	if (!err)
		err = quick_begin(q, &w);
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

	quick_enter(q, QM_SETTLE);
	flight_stop(sa->k, &q->flight);
	q->linger.kind = T_SETTLE;
	if (timer_arm(&sa->k->timers, &q->linger, sa->k->now_ms + IKE_SETTLE_MS))
		quick_complete(q);
	sa_start_pending(sa);
}

/* QM2: the peer's choice. The inbound SA goes in, then QM3 goes out. */
int quick_i_recv(struct qm *q, const struct ike_payloads *pl)
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
	trace_p2(q, pl, fits ? TRACE_P2_ACCEPTED : TRACE_P2_DIFFERS);
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
	quick_open(q, &b);
	/* if QM3 cannot be sent, the peer repeats QM2, and that is answered again */
	(void)quick_close(q, &b, 3, T_NONE);
	settle(q);
	return 0;
}

/* ---- responder ---- */

/* The notify names the SPI that the peer offered, so that he knows which of his
 * exchanges is meant. */
void quick_r_refuse(struct qm *q, const struct ike_payloads *pl, uint16_t type, const char *why)
{
	struct ike_sa *sa = q->sa;
	const struct ike_payload *offer = ike_payload_find(pl, PL_SA, 0);
	struct ike_proposal prop = { 0 };
	struct rd r;
	char addr[IPADDR_STRLEN], local[IPADDR_STRLEN];

	ipaddr_ios(&sa->path.remote, addr);
	sa_story(sa, "up; quick mode refused: %s", why);
	act_debug_error(sa->k, sa, "phase 2 SA policy not acceptable! (local %s remote %s)",
		  ipaddr_ios(&sa->path.local, local), addr);
	act_log(sa->k, &sa->path.remote, "CRYPTO-6-IKMP_MODE_FAILURE",
		"Processing of Quick mode failed with peer at %s: %s", addr, why);
	if (!offer || !ike_sa_decode(offer->body, &r) || !ike_proposal_next(&r, &prop) ||
	    prop.spi.len != 4)
		prop.spi = (struct span){ 0 };
	info_refuse(sa, &q->flight, prop.proto ? prop.proto : PROTO_ID_ESP, prop.spi, type);
	/* the exchange stays a while: repeats of QM1 get the refusal again */
	quick_rest(q);
}

/* QM2: chosen transform, nonce, [KE], the identities as asked, and our shorter
 * lifetime if his is longer (RFC 2407 section 4.6.3.1). */
static int r_answer(struct qm *q, const struct ike_payloads *pl)
{
	struct ike_builder b;
	struct rd tr = rd_span(q->agreed.transform);

	rd_skip(&tr, 8);
	struct p2_seen his = p2_read(rd_take(&tr, rd_left(&tr)));
	quick_open(q, &b);
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
	return quick_close(q, &b, 2, T_QM_RESEND);
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

/* Said of an offer that is refused, for `debug` alone. */
static bool fits_without_pfs(struct span body, const struct p2_policy *p, const struct p2_ask *ask)
{
	struct p2_policy any = *p;
	struct p2_agreed a = { 0 };
	char why[IKE_WHY_MAX];

	any.pfs_group = 0;
	return p->pfs_group && !ask->has_ke && p2_choose(body, &any, ask, &a, why, sizeof(why));
}

int quick_r_first(struct qm *q, const struct ike_payloads *pl)
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
		quick_r_refuse(q, pl, NT_INVALID_ID_INFORMATION, "identities that IOS cannot express");
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
		act_debug_map(k, &sa->path.remote, "map_db_find_best did not find matching map");
		act_debug_ipsec(k, &sa->path.remote, IKE_DEBUG_IPSEC_ERROR,
				"(ipsec_process_proposal): proxy identities not supported");
		act_debug_error(k, sa, "IPSec policy invalidated proposal with error 32");
		quick_r_refuse(q, pl, NT_INVALID_ID_INFORMATION, why);
		return 0;
	}
	q->policy = *p;
	ask.endpoints = ids_are_endpoints(sa, &want);
	bool fits = p2_choose(body, p, &ask, &q->agreed, why, sizeof(why));
	trace_p2(q, pl, fits ? TRACE_P2_ACCEPTED : fits_without_pfs(body, p, &ask) ? TRACE_P2_PFS : TRACE_P2_DIFFERS);
	if (!fits) {
		quick_r_refuse(q, pl, NT_NO_PROPOSAL_CHOSEN, why);
		return 0;
	}
	quick_bound_life(&q->agreed);
	if (p->dynamic || p->per_host) {
		p = made_for(k, p, &q->sel, &sa->path.remote);
		if (!p) {
			quick_r_refuse(q, pl, NT_NO_PROPOSAL_CHOSEN,
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
		quick_r_refuse(q, pl, NT_INVALID_KEY_INFORMATION,
			 err == -EINVAL ? "the key exchange value is not acceptable" : "no memory");
		return 0;
	}
	quick_enter(q, QM_R2);
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
int quick_r_last(struct qm *q, const struct ike_payloads *pl)
{
	(void)pl;
	flight_last(q->sa->k, &q->flight);
	if (pair_add(q->sa->k, q))
		quick_drop(q);
	else
		quick_complete(q);
	return 0;
}
