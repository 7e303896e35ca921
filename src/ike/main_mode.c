/* SPDX-License-Identifier: Apache-2.0 */
/* Main mode, both roles (RFC 2409 sections 5.1 and 5.4). The exchange
 * is the table below: a row says where we are, what the message must hold, who
 * handles it and where we land. Handlers verify into locals and change the SA
 * last; what they find wrong in a message leaves no trace, since anybody on the
 * path can damage one: the true one may still come. */
#include "ike/phase1.h"

#include <errno.h>
#include <string.h>

/* KE, nonce, certificate requests and NAT detection: MM3 and MM4. */
enum ask { ASK_NOTHING, ASK_SHORT, ASK };
static struct span build_ke(struct ike_sa *sa, struct ike_builder *b, struct span ke,
			    struct span nonce, enum ask ask)
{
	struct ike_header h;

	msg_header(sa, EX_MAIN, 0, 0, &h);
	ike_build_start(b, &h);
	ike_build_payload(b, PL_KE, ke);
	ike_build_payload(b, PL_NONCE, nonce);
	if (ask)
		auth_ask(sa, b, ask == ASK_SHORT);
	natt_add(b, sa);
	return ike_build_done(b);
}

/* The same of rsa-encr. */
static int send_sealed(struct ike_sa *sa, struct span ke, struct span nonce, enum ike_timer timer)
{
	struct ike_builder b;
	struct ike_header h;

	msg_header(sa, EX_MAIN, 0, 0, &h);
	ike_build_start(&b, &h);
	ike_build_payload(&b, PL_KE, ke);
	int err = encr_add(sa, &b, nonce);
	if (err)
		return err;
	natt_add(&b, sa);
	return phase1_send(sa, ike_build_done(&b), timer);
}

/* MM4 of rsa-encr. It is longer than MM3 by what his key is longer than ours and by
 * nothing else: where MM3 has no whole NAT-D payloads, it has none. (Our cookie in MM3 has
 * proven his address.) */
static int answer_sealed(struct ike_sa *sa, const struct ike_payloads *pl)
{
	size_t natd = 0;

	for (size_t i = 0; i < pl->n; i++)
		if (pl->v[i].type == PL_NATD || pl->v[i].type == PL_NATD_07 || pl->v[i].type == PL_NATD_DRAFT)
			natd += pl->v[i].whole.len;
	if (natd < 2 * (4u + sa->keys.len)) {
		sa->nat_here = sa->nat_there = sa->nat_compared = false;
		sa->natt = NATT_NONE;
	}
	return send_sealed(sa, sa->ke_r, sa->nr, T_NONE);
}

/* MM5 and MM6: ID and its proof, encrypted; the first contact says so. */
static int send_auth(struct ike_sa *sa, bool initial_contact, enum ike_timer timer)
{
	struct ike_builder b;
	struct ike_header h;
	uint8_t id_buf[AUTH_ID_MAX];
	bool encr = sa->agreed.auth == IKE_AUTH_RSA_ENC; /* the ID was sent */
	struct span id = !encr ? auth_id(sa, id_buf, sizeof(id_buf)) :
			 sa->initiator ? sa->idii_b :
					 sa->idir_b;

	if (initial_contact)
		act_debug(sa->k, sa, "Send initial contact");
	msg_header(sa, EX_MAIN, IKE_FLAG_ENCRYPTED, 0, &h);
	ike_build_start(&b, &h);
	if (!encr)
		ike_build_payload(&b, PL_ID, id);
	int err = auth_add(sa, &b, id);
	if (err)
		return err;
	auth_add_notifies(sa, &b, initial_contact);
	return phase1_send(sa, msg_encrypt(sa, &b, sa->iv), timer);
}

/* ---- handlers: 0, -EBADMSG or -EACCES (ignore it), anything else ends the SA ---- */

int main_start(struct ike_sa *sa)
{
	struct ike *k = sa->k;
	struct ike_builder b;
	struct ike_header h;

	msg_header(sa, EX_MAIN, 0, 0, &h);
	ike_build_start(&b, &h);
	ike_build_begin(&b, PL_SA);
	size_t body = wr_len(&b.w);
	p1_offer_group(&b.w, k->cfg.p1, k->cfg.n_p1, auth_methods_of(sa), 0);
	ike_build_end(&b);
	if (b.w.bad || !span_dup(span_of(b.buf + body, wr_len(&b.w) - body), &sa->sai_b))
		return -ENOMEM;
	natt_vids(&b, k->cfg.nat_traversal);
	frag_vid(&b, sa);
	sa_enter(sa, MM_I1);
	sa_story(sa, "first message sent, waiting for the peer's answer");
	trace_begin(sa);
	act_debug(k, sa, "Input = IKE_MESG_FROM_IPSEC, IKE_SA_REQ_MM");
	act_debug(k, sa, "Old State = IKE_READY  New State = IKE_I_MM1 ");
	act_debug(k, sa, "beginning Main Mode exchange");
	return phase1_send(sa, ike_build_done(&b), T_RESEND);
}

/* MM2: the peer chose one of the transforms that we offered. */
static int i_recv_sa(struct ike_sa *sa, const struct ike_path *path, const struct ike_header *h,
		     const struct ike_payloads *pl)
{
	struct ike *k = sa->k;
	struct span body = ike_payload_find(pl, PL_SA, 0)->body;
	struct p1_choice c;
	struct fresh f = { 0 };
	struct ike_builder b;
	char why[160];
	int err;

	static const uint8_t none[8];

	(void)path;
	trace_p1(k, sa, body);
	/* our own offer, reflected, would pass for an answer to itself */
	if (!memcmp(h->r_cookie, none, 8) || !memcmp(h->r_cookie, sa->i_cookie, 8))
		return -EBADMSG;
	if (!ike_sa_is_single(body) ||
	    !p1_choose_ke(body, k->cfg.p1, k->cfg.n_p1, auth_methods_of(sa), 0, &c, why, sizeof(why)))
		return -EBADMSG;
	sa->agreed = c.agreed;
	sa->cipher = cipher_info(c.agreed.cipher, c.agreed.cipher_bits);
	memcpy(sa->r_cookie, h->r_cookie, 8);
	natt_read_vids(sa, pl);
	err = encr_begin(sa);
	if (!err) /* nothing of what is above is other when it is read again */
		err = fresh_make(sa, IKE_NONCE, &f);
	if (err)
		goto out;
	sa->dh_seed = f.seed;
	sa->ke_i = f.ke;
	sa->ni = f.nonce;
	f = (struct fresh){ 0 };
	sa_enter(sa, MM_I3);
	sa_story(sa, "policy agreed, key exchange sent");
	err = sa->agreed.auth == IKE_AUTH_RSA_ENC ?
		      send_sealed(sa, sa->ke_i, sa->ni, T_RESEND) :
		      phase1_send(sa, build_ke(sa, &b, sa->ke_i, sa->ni, ASK), T_RESEND);
out:
	fresh_fini(&f);
	return err;
}

/* MM4. */
static int i_recv_ke(struct ike_sa *sa, const struct ike_path *path, const struct ike_header *h,
		     const struct ike_payloads *pl)
{
	bool first = auth_first_contact(sa);
	struct fresh f = { 0 };
	int err = fresh_take(sa, pl, &f);

	(void)h;
	if (!err && span_equal(f.his_ke, sa->ke_i)) /* reflected, too */
		err = -EBADMSG;
	if (!err)
		err = fresh_derive(sa, sa->dh_seed, sa->ke_i, f.his_ke, sa->ni, f.his_nonce, &f);
	if (!err)
		err = encr_meet(sa, &f);
	if (err)
		goto out;
	sa->ke_r = f.his_ke;
	sa->nr = f.his_nonce;
	f.his_ke = f.his_nonce = (struct span){ 0 };
	natt_read_vids(sa, pl);
	fresh_commit(sa, &f);
	act_key(sa->k, sa);
	natt_commit(sa, natt_check(sa, path, pl));
	if ((sa->nat_here || sa->nat_there) && sa->path.local_port == 500) /* RFC 3947 section 4 */
		sa->path.local_port = sa->path.remote_port = 4500;
	sa_enter(sa, MM_I5);
	sa_story(sa, "keys exchanged, identity sent; if this stays, %s", auth_doubt(sa));
	work_used(sa->k);
	err = send_auth(sa, first, T_RESEND);
out:
	fresh_fini(&f);
	return err;
}

void main_auth_again(struct ike_sa *sa, struct work *w)
{
	struct work *outer = work_enter(sa->k, w);
	int err = send_auth(sa, auth_first_contact(sa), T_RESEND);

	work_leave(sa->k, outer);
	if (!err)
		act_debug(sa->k, sa, "Old State = IKE_I_MM4  New State = IKE_I_MM5 ");
	phase1_outcome(sa, w, err);
}

/* MM6. */
static int i_recv_auth(struct ike_sa *sa, const struct ike_path *path, const struct ike_header *h,
		       const struct ike_payloads *pl)
{
	struct span id = auth_peer_id(sa, pl);
	int err = auth_check(sa, id, pl);

	(void)path;
	(void)h;
	if (err)
		return err;
	auth_done(sa, id, pl);
	return 0;
}

/* MM3. */
static int r_recv_ke(struct ike_sa *sa, const struct ike_path *path, const struct ike_header *h,
		     const struct ike_payloads *pl)
{
	struct fresh f = { 0 };
	struct ike_builder b;
	int err = fresh_take(sa, pl, &f);

	/* a nonce no longer than his: the answer must not outgrow the request */
	if (!err)
		err = fresh_make(sa, f.his_nonce.len < IKE_NONCE ? f.his_nonce.len : IKE_NONCE, &f);
	if (!err)
		err = fresh_derive(sa, f.seed, f.his_ke, f.ke, f.his_nonce, f.nonce, &f);
	if (!err)
		err = encr_meet(sa, &f);
	if (err)
		goto out;
	sa->ke_i = f.his_ke;
	sa->ni = f.his_nonce;
	sa->ke_r = f.ke;
	sa->nr = f.nonce;
	f.his_ke = f.his_nonce = f.ke = f.nonce = (struct span){ 0 };
	natt_read_vids(sa, pl);
	fresh_commit(sa, &f);
	act_key(sa->k, sa);
	natt_commit(sa, natt_check(sa, path, pl));
	sa_enter(sa, MM_R4);
	sa_story(sa, "keys exchanged, waiting for identity");
	if (sa->agreed.auth == IKE_AUTH_RSA_ENC) {
		err = answer_sealed(sa, pl);
		goto out;
	}
	struct span answer = build_ke(sa, &b, sa->ke_r, sa->nr, ASK);
	for (enum ask ask = ASK; ask > ASK_NOTHING && frag_wire_len(sa, answer.len) > h->len;)
		answer = build_ke(sa, &b, sa->ke_r, sa->nr, --ask);
	if (frag_wire_len(sa, answer.len) > h->len) { /* he announced NAT-D payloads, and sent none or short ones */
		sa->nat_here = sa->nat_there = sa->nat_compared = false;
		sa->natt = NATT_NONE;
		answer = build_ke(sa, &b, sa->ke_r, sa->nr, ASK_NOTHING);
	}
	err = phase1_send(sa, answer, T_NONE);
out:
	fresh_fini(&f);
	return err;
}

/* MM5. */
static int r_recv_auth(struct ike_sa *sa, const struct ike_path *path, const struct ike_header *h,
		       const struct ike_payloads *pl)
{
	struct span id = auth_peer_id(sa, pl);
	int err = auth_check(sa, id, pl);

	uint8_t buf[AUTH_ID_MAX];

	(void)h;
	if (!err)
		err = auth_prepare(sa, auth_id(sa, buf, sizeof(buf)));
	if (err)
		return err;
	sa_settle(sa, path); /* authenticated: follow a floated port */
	sa_enter(sa, MM_DONE); /* before sending: MM6 ends the chain of IVs */
	err = send_auth(sa, false, T_NONE);
	if (err)
		return err;
	auth_done(sa, id, pl);
	return 0;
}

static const struct phase1_row rows[] = {
	{ MM_I1, false, P(PL_SA), P(PL_VID), i_recv_sa, "I_MM1", "I_MM2", "I_MM3" },
	{ MM_I3, false, P(PL_KE) | P(PL_NONCE), P(PL_VID) | NATD | P(PL_CR), i_recv_ke,
	  "I_MM3", "I_MM4", "I_MM5" },
	{ MM_I5, true, P(PL_ID) | PROOF, P(PL_NOTIFY) | P(PL_VID), i_recv_auth, "I_MM5",
	  "I_MM6", "P1_COMPLETE" },
	{ MM_R2, false, P(PL_KE) | P(PL_NONCE), P(PL_VID) | NATD | P(PL_CR), r_recv_ke,
	  "R_MM2", "R_MM3", "R_MM4" },
	{ MM_R4, true, P(PL_ID) | PROOF, P(PL_NOTIFY) | P(PL_VID), r_recv_auth, "R_MM4",
	  "R_MM5", "P1_COMPLETE" },
};

void main_recv(struct ike_sa *sa, const struct ike_path *path, const struct ike_header *h,
	       struct span d, struct work *again)
{
	phase1_recv(sa, rows, sizeof(rows) / sizeof(rows[0]), path, h, d, again);
}

/* ---- a stranger's first message ---- */

/* He is told of once a minute. The table is a ring: who forges addresses wins log lines,
 * of which there are only so many a second. */
static bool stranger_is_new(struct ike *k, const struct ipaddr *a)
{
	struct stranger *s;

	for (size_t i = 0; i < IKE_MAX_STRANGERS; i++) {
		s = &k->strangers[i];
		if (s->addr.family && ipaddr_equal(&s->addr, a) && k->now_ms - s->told_ms < IKE_TELL_AGAIN_MS)
			return false;
	}
	s = &k->strangers[k->stranger_at++ % IKE_MAX_STRANGERS];
	*s = (struct stranger){ *a, k->now_ms };
	return true;
}

/* MM2. */
static int answer_first(struct ike_sa *sa, const struct p1_choice *c, struct span sa_body)
{
	struct ike_builder b;
	struct ike_header h;

	phase1_agree(sa, c);
	msg_header(sa, EX_MAIN, 0, 0, &h);
	ike_build_start(&b, &h);
	ike_build_begin(&b, PL_SA);
	p1_answer(&b.w, c);
	ike_build_end(&b);
	natt_vids_answer(&b, sa);
	frag_vid(&b, sa);
	if (!span_dup(sa_body, &sa->sai_b))
		return -ENOMEM;
	sa_enter(sa, MM_R2);
	sa_story(sa, "policy agreed, waiting for the key exchange");
	act_debug(sa->k, sa, "Old State = IKE_R_MM1  New State = IKE_R_MM2 ");
	sa->linger.kind = T_GIVE_UP;
	int err = timer_arm(&sa->k->timers, &sa->linger, sa->k->now_ms + IKE_GIVE_UP_MS);
	return err ? err : phase1_send(sa, ike_build_done(&b), T_NONE);
}

void main_first(struct ike *k, const struct ike_path *path, const struct ike_header *h,
		struct span d)
{
	static const struct phase1_row first = { .need = P(PL_SA), .may = P(PL_VID) };
	struct ike_payloads pl;
	struct p1_choice c;
	struct ike_sa *sa;
	char why[160], addr[IPADDR_STRLEN], words[PEER_WORDS];

	ipaddr_ios(&path->remote, addr);
	if (h->flags & IKE_FLAG_ENCRYPTED || h->msgid ||
	    !ike_payloads_decode(h->next, span_of(d.p + IKE_HEADER, d.len - IKE_HEADER), &pl) ||
	    !phase1_fits(&first, &pl)) {
		act_debug_error(k, NULL, "malformed first message from %s", addr);
		return;
	}
	unsigned methods = auth_methods(k, &path->local, &path->remote);
	if (!methods) { /* only configured peers get an answer */
		act_debug_error(k, NULL, "No pre-shared key with %s!", addr);
		if (stranger_is_new(k, &path->remote))
			act_log(k, &path->remote, "CRYPTO-6-IKMP_MODE_FAILURE",
				"Processing of Main mode failed with peer at %s: it begins, and there is no "
				"pre-shared key with it (to type: crypto isakmp key KEY %s)",
				addr, peer_words(&path->remote, words));
		return;
	}
	if (!admission_ask(k, path, true))
		return;
	struct span sa_body = ike_payload_find(&pl, PL_SA, 0)->body;
	trace_first(k, path, h, &pl, methods & P1_METHOD(IKE_AUTH_PSK), false);
	trace_p1(k, NULL, sa_body);
	methods |= k->cfg.lifetime_strict ? P1_STRICT : 0;
	if (!p1_choose_ke(sa_body, k->cfg.p1, k->cfg.n_p1, methods, 0, &c, why, sizeof(why))) {
		phase1_refuse(k, path, h, d.len, "Main", why);
		return;
	}
	if (!phase1_room(k, &path->remote)) { /* last: somebody's exchange may give way to it */
		act_debug_error(k, NULL, "too many half-open exchanges, %s waits", addr);
		return;
	}
	sa = sa_make(k, path, false);
	if (!sa)
		return;
	memcpy(sa->i_cookie, h->i_cookie, 8);
	natt_read_vids(sa, &pl);
	if (answer_first(sa, &c, sa_body))
		sa_drop(sa);
	else
		flight_mark(k, &sa->flight, d);
}
