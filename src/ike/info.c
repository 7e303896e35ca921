/* SPDX-License-Identifier: Apache-2.0 */
/* Informational exchanges (RFC 2408 sections 3.14, 3.15, 4.8; RFC 2409 section
 * 5.7): notifies and deletes. Under an ISAKMP SA only authenticated ones act; one
 * in clear may only end an exchange that could not have been protected yet. */
#include "ike/internal.h"

#include <stdio.h>
#include <string.h>

#include "base/secret.h"

/* HASH(1) = prf(SKEYID_a, M-ID | payloads), over what follows the HASH payload. */
static int info_hash(struct ike_sa *sa, uint32_t msgid, struct span rest, uint8_t *out)
{
	uint8_t id[4];
	struct wr w = wr_of(id, sizeof(id));

	wr_be32(&w, msgid);
	struct span parts[] = { span_of(id, 4), rest };
	return ike_prf(sa->k->crypto, sa->agreed.hash, span_of(sa->keys.a, sa->keys.len), parts, 2,
		       out);
}

static void start(struct ike_sa *sa, struct ike_builder *b, uint32_t *ret_msgid)
{
	static const uint8_t blank[IKE_MAX_HASH];
	struct ike_header h;

	do
		sa->k->env.random(sa->k->env.ctx, ret_msgid, sizeof(*ret_msgid));
	while (!*ret_msgid);
	sa_msgid_note(sa, *ret_msgid);
	msg_header(sa, EX_INFO, IKE_FLAG_ENCRYPTED, *ret_msgid, &h);
	ike_build_start(b, &h);
	ike_build_payload(b, PL_HASH, span_of(blank, sa->keys.len));
}

/* f: keeps what is sent; may be NULL. */
static void finish(struct ike_sa *sa, struct ike_builder *b, uint32_t msgid, struct flight *f)
{
	size_t head = IKE_HEADER + 4u + sa->keys.len;
	uint8_t iv[16];

	if (b->w.bad ||
	    info_hash(sa, msgid, span_of(b->buf + head, wr_len(&b->w) - head),
		      b->buf + IKE_HEADER + 4) ||
	    keying_iv2(sa->k->crypto, sa->agreed.hash, sa->iv, sa->cipher->block_len, msgid, iv))
		return;
	struct span d = msg_encrypt(sa, b, iv);
	struct ike_path to = sa_route(sa);
	char addr[IPADDR_STRLEN];

	act_debug_pak(sa->k, sa, "sending packet to %s my_port %u peer_port %u (%s) %s%s",
		      ipaddr_ios(&sa->path.remote, addr), sa->path.local_port, sa->path.remote_port,
		      sa->initiator ? "I" : "R", ike_state_name(sa_shown_state(sa)),
		      sa->state == MM_DONE ? "      " : "");

	if (d.len && f)
		(void)flight_send(sa->k, f, &to, d, T_NONE, NULL);
	else if (d.len)
		act_send(sa->k, &to, d);
}

static void notify(struct ike_sa *sa, uint8_t proto, struct span spi, uint16_t type,
		   struct span data, struct flight *f)
{
	struct ike_builder b;
	uint32_t msgid;

	if (sa->state != MM_DONE)
		return;
	start(sa, &b, &msgid);
	ike_build_begin(&b, PL_NOTIFY);
	wr_be32(&b.w, IKE_DOI_IPSEC);
	wr_u8(&b.w, proto);
	wr_u8(&b.w, (uint8_t)spi.len);
	wr_be16(&b.w, type);
	wr_span(&b.w, spi);
	wr_span(&b.w, data);
	ike_build_end(&b);
	finish(sa, &b, msgid, f);
}

void info_notify(struct ike_sa *sa, uint8_t proto, struct span spi, uint16_t type, struct span data)
{
	notify(sa, proto, spi, type, data, NULL);
}

void info_refuse(struct ike_sa *sa, struct flight *f, uint8_t proto, struct span spi,
		 uint16_t type)
{
	notify(sa, proto, spi, type, (struct span){ 0 }, f);
}

void info_delete(struct ike_sa *sa, uint8_t proto, const uint32_t *spis, size_t n)
{
	struct ike_builder b;
	uint32_t msgid;

	start(sa, &b, &msgid);
	ike_build_begin(&b, PL_DELETE);
	wr_be32(&b.w, IKE_DOI_IPSEC);
	wr_u8(&b.w, proto);
	wr_u8(&b.w, 4);
	wr_be16(&b.w, (uint16_t)n);
	for (size_t i = 0; i < n; i++)
		wr_be32(&b.w, spis[i]);
	ike_build_end(&b);
	finish(sa, &b, msgid, NULL);
}

void info_delete_isakmp(struct ike_sa *sa)
{
	struct ike_builder b;
	uint32_t msgid;

	start(sa, &b, &msgid);
	ike_build_begin(&b, PL_DELETE);
	wr_be32(&b.w, IKE_DOI_IPSEC);
	wr_u8(&b.w, 1);
	wr_u8(&b.w, 16);
	wr_be16(&b.w, 1);
	wr_bytes(&b.w, sa->i_cookie, 8);
	wr_bytes(&b.w, sa->r_cookie, 8);
	ike_build_end(&b);
	finish(sa, &b, msgid, NULL);
}

void info_notify_clear(struct ike *k, const struct ike_path *path, const struct ike_header *to,
		       size_t limit, uint16_t type)
{
	struct ike_header h = { .exchange = EX_INFO };
	struct ike_builder b;

	memcpy(h.i_cookie, to->i_cookie, 8);
	memcpy(h.r_cookie, to->r_cookie, 8);
	k->env.random(k->env.ctx, &h.msgid, sizeof(h.msgid));
	ike_build_start(&b, &h);
	ike_build_begin(&b, PL_NOTIFY);
	wr_be32(&b.w, IKE_DOI_IPSEC);
	wr_u8(&b.w, 1);
	wr_u8(&b.w, 0);
	wr_be16(&b.w, type);
	ike_build_end(&b);
	struct span d = ike_build_done(&b);
	if (d.len && d.len <= limit)
		act_send(k, path, d);
}

/* ---- receiving ---- */

/* A half-open one has shown no more than an address. */
static bool is_his(const struct ike_sa *victim, const struct ike_sa *sa)
{
	struct peer peer = peer_of_sa(sa);

	return victim->state == MM_DONE ? peer_has_sa(&peer, victim) :
					  ipaddr_equal(&victim->path.remote, &sa->path.remote);
}

static void recv_delete(struct ike_sa *sa, struct span body)
{
	struct ike_delete del;
	struct ike *k = sa->k;

	if (!ike_delete_decode(body, &del) || del.doi != IKE_DOI_IPSEC)
		return;
	struct rd r = rd_span(del.spis);
	if (del.proto == PROTO_ID_ISAKMP && del.spi_len == 16) {
		struct ike_header h;

		for (size_t i = 0; i < del.n_spis; i++) {
			rd_copy(&r, h.i_cookie, 8);
			rd_copy(&r, h.r_cookie, 8);
			struct ike_sa *victim = sa_by_cookies(k, &h);
			/* a peer may only delete what is his */
			if (victim && is_his(victim, sa))
				silence_deleted(victim);
		}
		return;
	}
	/* of a bundle the first of two takes both */
	bool ours = del.spi_len == 4 && (del.proto == PROTO_ID_ESP || del.proto == PROTO_ID_AH);
	for (size_t i = 0; i < del.n_spis && ours; i++) {
		struct pair *p = pair_by_spi(sa, del.proto, rd_be32(&r));

		if (p) {
			act_debug_ipsec(k, &p->peer, IKE_DEBUG_IPSEC_MESSAGE,
					"(key_engine_delete_sas): rec'd delete notify from ISAKMP");
			pair_remove(p, false, "deleted by the peer");
		}
	}
}

/* The answer to R-U-THERE changes nothing, so that a repeated one gets it again. */
static void recv_replayed(struct ike_sa *sa, const struct ike_payloads *pl)
{
	struct ike_notify n;

	act_debug(sa->k, sa, "informational message that was here before, ignored");
	for (size_t i = 1; i < pl->n; i++)
		if (pl->v[i].type == PL_NOTIFY && ike_notify_decode(pl->v[i].body, &n) &&
		    n.type == NT_R_U_THERE)
			dpd_asked(sa, &n);
}

#define IKE_WHY_OURS 120 /* what is said of our own side */

/* A refusal beside which our own side of it is worth telling: his is not known. */
static bool refuses_ours(uint16_t type)
{
	return type == NT_INVALID_ID_INFORMATION || type == NT_NO_PROPOSAL_CHOSEN;
}

static void recv_notify(struct ike_sa *sa, struct span body)
{
	struct ike *k = sa->k;
	struct ike_notify n;

	if (!ike_notify_decode(body, &n) || n.doi != IKE_DOI_IPSEC)
		return;
	act_debug(k, sa, "processing NOTIFY %s protocol %u", ike_notify_name(n.type), n.proto);
	switch (n.type) {
	case NT_INITIAL_CONTACT:
		peer_restarted(sa);
		break;
	case NT_R_U_THERE:
		dpd_asked(sa, &n);
		break;
	case NT_R_U_THERE_ACK:
		dpd_answered(sa, &n);
		break;
	case NT_INVALID_SPI:
		if (n.data.len >= 4 || n.spi.len == 4) {
			struct rd r = rd_span(n.spi.len == 4 ? n.spi : n.data);
			struct pair *p = pair_by_spi(sa, n.proto, rd_be32(&r));

			if (p)
				pair_remove(p, false, "the peer does not know its SPI");
		}
		break;
	case NT_NO_PROPOSAL_CHOSEN:
	case NT_INVALID_ID_INFORMATION:
	case NT_PAYLOAD_MALFORMED:
	case NT_INVALID_KEY_INFORMATION:
	case NT_ATTRIBUTES_NOT_SUPPORTED:
	case NT_BAD_PROPOSAL_SYNTAX: {
		/* refuses the quick mode whose SPI it names, or the only one waiting */
		struct rd r = rd_span(n.spi);
		uint32_t spi = n.spi.len == 4 ? rd_be32(&r) : 0;
		struct qm *q, *hit = NULL;
		char why[200] = "", ours[IKE_WHY_OURS];

		TAILQ_FOREACH(q, &sa->qms, entry)
			if (q->state == QM_I1 && (!hit || q->spi == spi || p2_ah_spi(q->spi) == spi))
				hit = q;
		if (!hit)
			break;
		if (n.type == NT_INVALID_ID_INFORMATION) {
			ids_text(&hit->sel, ours, sizeof(ours));
			if (ids_are_endpoints(sa, &hit->sel) && hit->policy.n_transforms)
				snprintf(ours + strlen(ours), sizeof(ours) - strlen(ours), ", mode %s",
					 hit->policy.transforms[0].mode == MODE_TUNNEL ? "tunnel" :
											 "transport");
		}
		else
			p2_text(&hit->policy, ours, sizeof(ours));
		snprintf(why, sizeof(why), "the peer refused quick mode: %s%s%s%s",
			 ike_notify_name(n.type),
			 n.type == NT_INVALID_ID_INFORMATION ?
				 " (its crypto ACL is no mirror of ours: " :
			 n.type == NT_NO_PROPOSAL_CHOSEN ? " (its transform sets or PFS differ from ours: " :
							   "",
			 refuses_ours(n.type) ? ours : "", refuses_ours(n.type) ? ")" : "");
		quick_fail(hit, why);
		break;
	}
	default:
		break;
	}
}

/* Our identity was sent and is refused: under the keys, so it is whom we exchanged them
 * with (who has the pre-shared key, if they are of one), and he could as well be silent. */
static void recv_refusal(struct ike_sa *sa, const struct ike_payloads *pl)
{
	const struct ike_payload *p = ike_payload_find(pl, PL_NOTIFY, 0);
	char addr[IPADDR_STRLEN], why[120];
	struct ike_notify n;

	if (!p || !ike_notify_decode(p->body, &n) || n.type < 1 || n.type > 30)
		return;
	snprintf(why, sizeof(why), "the peer refused our %s: %s",
		 sa->agreed.auth == IKE_AUTH_PSK ? "identity, or authentication pre-share" :
						   "certificate, identity or signature",
		 ike_notify_name(n.type));
	act_log(sa->k, &sa->path.remote, "CRYPTO-6-IKMP_MODE_FAILURE",
		"Processing of Informational mode failed with peer at %s: %s",
		ipaddr_ios(&sa->path.remote, addr), why);
	sa_end(sa, false, "%s", why);
}

static void recv_protected(struct ike_sa *sa, const struct ike_path *path,
			   const struct ike_header *h, struct span d)
{
	uint8_t buf[IKE_MAX_MESSAGE], iv[16], want[IKE_MAX_HASH];
	struct ike_payloads pl;
	struct span body;

	bool up = sa->state == MM_DONE;

	if ((!up && sa->state != MM_I5) || !h->msgid ||
	    keying_iv2(sa->k->crypto, sa->agreed.hash, sa->iv, sa->cipher->block_len, h->msgid, iv) ||
	    !msg_decrypt(sa, d, iv, buf, &body) || !ike_payloads_decode(h->next, body, &pl) ||
	    pl.n < 2 || pl.v[0].type != PL_HASH || pl.v[0].body.len != sa->keys.len)
		return;
	size_t head = pl.v[0].whole.len;
	if (info_hash(sa, h->msgid, span_of(body.p + head, pl.used - head), want) ||
	    !secret_equal(want, pl.v[0].body.p, sa->keys.len)) {
		act_debug_error(sa->k, sa, "informational message with a wrong hash, ignored");
		return;
	}
	if (!up) {
		recv_refusal(sa, &pl);
		return;
	}
	if (sa_msgid_seen(sa, h->msgid)) {
		recv_replayed(sa, &pl);
		return;
	}
	sa_msgid_note(sa, h->msgid);
	if (dpd_believes(sa, &pl))
		sa_heard(sa, path);
	for (size_t i = 1; i < pl.n; i++) {
		if (pl.v[i].type == PL_DELETE)
			recv_delete(sa, pl.v[i].body);
		else if (pl.v[i].type == PL_NOTIFY)
			recv_notify(sa, pl.v[i].body);
		if (sa->state != MM_DONE) /* it deleted itself */
			return;
	}
}

/* In clear: believed only as the refusal of a phase 1 that has no keys yet, nor the answer that makes them. */
static void recv_clear(struct ike_sa *sa, const struct ike_header *h, struct span d)
{
	struct ike_payloads pl;
	struct ike_notify n;

	if (!sa->initiator || sa->work || (sa->state != MM_I1 && sa->state != MM_I3 && sa->state != AG_I1) ||
	    !ike_payloads_decode(h->next, span_of(d.p + IKE_HEADER, d.len - IKE_HEADER), &pl) ||
	    ike_payload_count(&pl, PL_NOTIFY) < 1 ||
	    !ike_notify_decode(ike_payload_find(&pl, PL_NOTIFY, 0)->body, &n))
		return;
	if (n.type >= 1 && n.type <= 30) {
		char addr[IPADDR_STRLEN];

		char why[200], ours[IKE_WHY_OURS];

		p1_text(sa->k->cfg.p1, sa->k->cfg.n_p1, ours, sizeof(ours));
		if (n.type == NT_NO_PROPOSAL_CHOSEN)
			snprintf(why, sizeof(why),
				 "the peer refused: %s (none of our policies equals one of its: %s)",
				 ike_notify_name(n.type), ours);
		else
			snprintf(why, sizeof(why), "the peer refused: %s", ike_notify_name(n.type));
		act_log(sa->k, &sa->path.remote, "CRYPTO-6-IKMP_MODE_FAILURE",
			"Processing of Informational mode failed with peer at %s: %s",
			ipaddr_ios(&sa->path.remote, addr), why);
		sa_end(sa, false, "%s", why);
	}
}

void info_recv(struct ike_sa *sa, const struct ike_path *path, const struct ike_header *h,
	       struct span d)
{
	if (!sa_may_come_from(sa, path))
		return;
	if (h->flags & IKE_FLAG_ENCRYPTED)
		recv_protected(sa, path, h, d);
	else
		recv_clear(sa, h, d);
}
