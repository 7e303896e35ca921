/* SPDX-License-Identifier: Apache-2.0 */
/* Aggressive mode, both roles (RFC 2409 sections 5.1, 5.2 and 5.4, for NAT RFC 3947
 * section 3.2):
 *   I: SA, KE, Ni, IDii, vendor ids
 *   R: SA, KE, Nr, IDir, HASH_R, vendor ids, NAT-D
 *   I: HASH_I, NAT-D, encrypted (a peer may send it in clear)
 * With signatures there are certificate requests in the first two and CERT and SIG in the
 * place of each hash; with encryption KE, IDii, Ni and KE, IDir, Nr, both encrypted.
 * Whoever answers the first message shows a hash over the pre-shared key (or a signature
 * and, if asked, a certificate) to a stranger, works for him and sends him more than he sent: only where that is
 * configured, and only so often. The group cannot be negotiated: the public value
 * goes along with the offer. */
#include "ike/phase1.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/secret.h"

void aggressive_log_disabled(struct ike *k, const struct ipaddr *peer, const char *what)
{
	char addr[IPADDR_STRLEN];

	act_log(k, peer, "CRYPTO-5-IKMP_AG_MODE_DISABLED",
		"Unable to initiate or respond to Aggressive Mode while disabled: %s %s (to type: no "
		"crypto isakmp aggressive-mode disable)",
		what, ipaddr_ios(peer, addr));
}

static void begin(const struct ike_sa *sa, struct ike_builder *b, uint8_t flags)
{
	struct ike_header h;

	msg_header(sa, EX_AGGRESSIVE, flags, 0, &h);
	ike_build_start(b, &h);
}

/* ---- initiator ---- */

/* The first policy that can be negotiated decides what cannot: the group and, since ID and
 * nonce are encrypted or not, whether it is rsa-encr. False: there is none. */
static bool decide(struct ike_sa *sa)
{
	const struct ike_config *cfg = &sa->k->cfg;
	unsigned m = auth_methods_of(sa);

	for (size_t i = 0; i < cfg->n_p1; i++) {
		if (!p1_usable(&cfg->p1[i]) || !(m & P1_METHOD(cfg->p1[i].auth)))
			continue;
		sa->agreed.group = cfg->p1[i].group;
		sa->agreed.auth = cfg->p1[i].auth == IKE_AUTH_RSA_ENC ? IKE_AUTH_RSA_ENC : IKE_AUTH_UNSET;
		return true;
	}
	return false;
}

/* What the first message offers. */
static unsigned offered(const struct ike_sa *sa)
{
	unsigned m = auth_methods_of(sa);

	return sa->agreed.auth == IKE_AUTH_RSA_ENC ? m & P1_METHOD(IKE_AUTH_RSA_ENC) :
						       m & ~P1_METHOD(IKE_AUTH_RSA_ENC);
}

static bool offers_signatures(const struct ike_sa *sa)
{
	const struct ike_config *cfg = &sa->k->cfg;
	bool any = false;

	for (size_t i = 0; i < cfg->n_p1; i++)
		any |= cfg->p1[i].auth == IKE_AUTH_RSA_SIG && cfg->p1[i].group == sa->agreed.group;
	return any && offered(sa) & P1_METHOD(IKE_AUTH_RSA_SIG);
}

static int send_first(struct ike_sa *sa)
{
	struct ike *k = sa->k;
	uint8_t buf[AUTH_ID_MAX];
	struct span id = auth_id(sa, buf, sizeof(buf));
	struct ike_builder b;
	int err = encr_begin(sa);

	begin(sa, &b, 0);
	ike_build_begin(&b, PL_SA);
	size_t body = wr_len(&b.w);
	p1_offer_group(&b.w, k->cfg.p1, k->cfg.n_p1, offered(sa), sa->agreed.group);
	ike_build_end(&b);
	if (b.w.bad || !span_dup(span_of(b.buf + body, wr_len(&b.w) - body), &sa->sai_b) ||
	    !span_dup(id, &sa->idii_b))
		return -ENOMEM;
	ike_build_payload(&b, PL_KE, sa->ke_i);
	if (!err && sa->agreed.auth == IKE_AUTH_RSA_ENC) {
		err = encr_add(sa, &b, sa->ni);
	} else {
		ike_build_payload(&b, PL_NONCE, sa->ni);
		ike_build_payload(&b, PL_ID, id);
	}
	if (err)
		return err;
	if (offers_signatures(sa))
		rsa_ask(sa, &b, false);
	natt_vids(&b, k->cfg.nat_traversal);
	frag_vid(&b, sa);
	sa_enter(sa, AG_I1);
	sa_story(sa, "first message of aggressive mode sent, waiting for the peer's answer");
	trace_begin(sa);
	act_debug(k, sa, "Input = IKE_MESG_FROM_IPSEC, IKE_SA_REQ_AM");
	act_debug(k, sa, "Old State = IKE_READY  New State = IKE_I_AM1 ");
	act_debug(k, sa, "beginning Aggressive Mode exchange");
	return phase1_send(sa, ike_build_done(&b), T_RESEND);
}

/* However often it has to wait: who counts those that are half open (phase1_room()) counts on
 * none that is older. */
static int give_up_in_time(struct ike_sa *sa)
{
	sa->linger.kind = T_GIVE_UP;
	return timer_arm(&sa->k->timers, &sa->linger, sa->made_ms + IKE_GIVE_UP_MS);
}

/* An exchange waits whose own messages have no timer yet. */
static int wait_for_work(struct ike_sa *sa, struct work *w, const struct ike_path *path, struct span d)
{
	int err = give_up_in_time(sa);

	return err ? err : work_park(sa->k, w, sa, NULL, path, d);
}

static int start(struct ike_sa *sa, struct work *w)
{
	struct work *outer = work_enter(sa->k, w);
	struct fresh f = { 0 };
	int err = decide(sa) ? fresh_make(sa, IKE_NONCE, &f) : -EINVAL;

	if (!err) {
		sa->dh_seed = f.seed;
		sa->ke_i = f.ke;
		sa->ni = f.nonce;
		f = (struct fresh){ 0 };
		err = send_first(sa);
	}
	fresh_fini(&f);
	work_leave(sa->k, outer);
	return err == -EINPROGRESS ? wait_for_work(sa, w, NULL, (struct span){ 0 }) : err;
}

int aggressive_start(struct ike_sa *sa)
{
	struct work w = { 0 };
	int err;

	sa->aggressive = true;
	err = start(sa, &w);
	work_fini(&w);
	return err;
}

void aggressive_start_again(struct ike_sa *sa, struct work *w)
{
	timer_stop(&sa->k->timers, &sa->linger);
	if (start(sa, w))
		sa_end(sa, false, "phase 1 could not start");
}

/* Whom the second message says it is from. */
static struct span second_id(const struct ike_sa *sa, const struct ike_payloads *pl, const struct fresh *f)
{
	return sa->agreed.auth == IKE_AUTH_RSA_ENC ? f->his_id : ike_payload_find(pl, PL_ID, 0)->body;
}

/* The second message, believed by a copy of the SA: until its hash is right anybody
 * may have sent it. */
static int judge_second(struct ike_sa *try, const struct ike_path *path, const struct ike_header *h,
			const struct ike_payloads *pl, struct fresh *f, struct natt_found *ret_nat)
{
	static const uint8_t none[8];
	struct ike *k = try->k;
	struct span body = ike_payload_find(pl, PL_SA, 0)->body;
	struct p1_choice c;
	char why[160];
	int err;

	/* our own message, reflected */
	if (!memcmp(h->r_cookie, none, 8) || !memcmp(h->r_cookie, try->i_cookie, 8))
		return -EBADMSG;
	if (!ike_sa_is_single(body) ||
	    !p1_choose_ke(body, k->cfg.p1, k->cfg.n_p1, offered(try), try->ke_i.len, &c, why,
			  sizeof(why)) ||
	    c.agreed.group != try->agreed.group)
		return -EBADMSG;
	try->agreed = c.agreed;
	try->cipher = cipher_info(c.agreed.cipher, c.agreed.cipher_bits);
	memcpy(try->r_cookie, h->r_cookie, 8);
	natt_read_vids(try, pl);
	err = fresh_take(try, pl, f);
	if (!err)
		err = fresh_derive(try, try->dh_seed, try->ke_i, f->his_ke, try->ni, f->his_nonce, f);
	if (err)
		return err;
	try->keys = f->keys;
	try->ke_r = f->his_ke;
	*ret_nat = natt_check(try, path, pl);
	err = auth_check(try, second_id(try, pl, f), pl);
	return err ? err : auth_prepare(try, try->idii_b);
}

/* What the judged copy knows becomes the SA's. */
static void believe(struct ike_sa *sa, const struct ike_sa *try, struct fresh *f)
{
	sa->agreed = try->agreed;
	sa->cipher = try->cipher;
	memcpy(sa->r_cookie, try->r_cookie, 8);
	sa->natt = try->natt;
	sa->peer_dpd = try->peer_dpd;
	sa->peer_frag = try->peer_frag;
	sa->ke_r = f->his_ke;
	sa->nr = f->his_nonce;
	f->his_ke = f->his_nonce = (struct span){ 0 };
	fresh_commit(sa, f);
	act_key(sa->k, sa);
}

static int send_third(struct ike_sa *sa, bool first_contact)
{
	struct ike_builder b;

	begin(sa, &b, IKE_FLAG_ENCRYPTED);
	int err = auth_add(sa, &b, sa->idii_b);
	if (err)
		return err;
	auth_add_notifies(sa, &b, first_contact);
	natt_add(&b, sa);
	return phase1_send(sa, msg_encrypt(sa, &b, sa->iv), T_NONE);
}

static int i_recv_second(struct ike_sa *sa, const struct ike_path *path, const struct ike_header *h,
			 const struct ike_payloads *pl)
{
	struct ike_sa try = *sa;
	struct fresh f = { 0 };
	struct natt_found nat = { 0 };
	bool first = auth_first_contact(sa);

	trace_p1(sa->k, sa, ike_payload_find(pl, PL_SA, 0)->body);
	int err = judge_second(&try, path, h, pl, &f, &nat);
	if (err == -EPERM || err == -EACCES)
		sa->agreed.auth = try.agreed.auth; /* for the sentence that says why */
	if (err == -EPERM)
		memcpy(sa->story, try.story, sizeof(sa->story));
	if (!err)
		err = encr_meet(&try, &f);
	if (err)
		goto out;
	sa->idir_b = try.idir_b;
	believe(sa, &try, &f);
	natt_commit(sa, nat);
	if ((sa->nat_here || sa->nat_there) && sa->path.local_port == 500) /* RFC 3947 section 4 */
		sa->path.local_port = sa->path.remote_port = 4500;
	err = send_third(sa, first);
	if (!err) /* what stands beside the hash in clear is not authentic */
		auth_done(sa, auth_peer_id(sa, pl), NULL);
out:
	secret_wipe(&try, sizeof(try));
	fresh_fini(&f);
	return err;
}

/* ---- responder ---- */

static int r_recv_third(struct ike_sa *sa, const struct ike_path *path, const struct ike_header *h,
			const struct ike_payloads *pl)
{
	int err = auth_check(sa, sa->idii_b, pl);

	if (err)
		return err;
	natt_commit(sa, natt_check_floated(sa, path, pl));
	sa_settle(sa, path); /* authenticated: follow a floated port */
	act_key(sa->k, sa);
	auth_done(sa, sa->idii_b, h->flags & IKE_FLAG_ENCRYPTED ? pl : NULL);
	return 0;
}

static const struct phase1_row rows[] = {
	/* which proof it must hold, its SA payload says */
	{ AG_I1, false, P(PL_SA) | P(PL_KE) | P(PL_NONCE) | P(PL_ID),
	  P(PL_HASH) | P(PL_SIG) | P(PL_CERT) | P(PL_CR) | P(PL_VID) | NATD | P(PL_NOTIFY),
	  i_recv_second, "I_AM1", NULL, "P1_COMPLETE" },
	{ AG_R2, true, PROOF, NATD | P(PL_NOTIFY) | P(PL_VID), r_recv_third, "R_AM2",
	  NULL, "P1_COMPLETE" },
	{ AG_R2, false, PROOF, NATD | P(PL_NOTIFY) | P(PL_VID), r_recv_third, "R_AM2",
	  NULL, "P1_COMPLETE" },
};

void aggressive_recv(struct ike_sa *sa, const struct ike_path *path, const struct ike_header *h,
		     struct span d, struct work *again)
{
	phase1_recv(sa, rows, sizeof(rows) / sizeof(rows[0]), path, h, d, again);
}

void aggressive_again(struct ike_sa *sa)
{
	act_debug(sa->k, sa, "quick mode before the last message of aggressive mode");
	flight_repeat(sa->k, &sa->flight);
}

/* ---- a stranger's first message ---- */

static int send_second(struct ike_sa *sa, const struct p1_choice *c)
{
	uint8_t buf[AUTH_ID_MAX];
	bool encr = sa->agreed.auth == IKE_AUTH_RSA_ENC;
	struct span id = encr ? sa->idir_b : auth_id(sa, buf, sizeof(buf));
	struct ike_builder b;
	int err = 0;

	begin(sa, &b, 0);
	ike_build_begin(&b, PL_SA);
	p1_answer(&b.w, c);
	ike_build_end(&b);
	ike_build_payload(&b, PL_KE, sa->ke_r);
	if (encr) {
		err = encr_add(sa, &b, sa->nr);
	} else {
		ike_build_payload(&b, PL_NONCE, sa->nr);
		ike_build_payload(&b, PL_ID, id);
	}
	if (!err)
		err = auth_add(sa, &b, id);
	if (err)
		return err;
	auth_ask(sa, &b, true);
	natt_vids_answer(&b, sa);
	frag_vid(&b, sa);
	natt_add(&b, sa);
	sa_enter(sa, AG_R2);
	sa_story(sa, "answered in aggressive mode, waiting for the peer's proof; if this stays, %s",
		 auth_doubt(sa));
	act_debug(sa->k, sa, "Old State = IKE_READY  New State = IKE_R_AM2 ");
	err = give_up_in_time(sa);
	return err ? err : phase1_send(sa, ike_build_done(&b), T_NONE);
}

/* The SA is new, and dropped if this fails. */
static int answer_first(struct ike_sa *sa, const struct p1_choice *c, const struct ike_payloads *pl)
{
	struct fresh f = { 0 };
	int err;

	phase1_agree(sa, c);
	natt_read_vids(sa, pl);
	if (!span_dup(ike_payload_find(pl, PL_SA, 0)->body, &sa->sai_b) ||
	    (sa->agreed.auth != IKE_AUTH_RSA_ENC &&
	     !span_dup(ike_payload_find(pl, PL_ID, 0)->body, &sa->idii_b)))
		return -ENOMEM;
	sa->spare_certs = !ike_payload_count(pl, PL_CR);
	err = fresh_take(sa, pl, &f);
	if (!err)
		err = encr_meet(sa, &f);
	/* a nonce no longer than his: the answer is large enough */
	if (!err)
		err = fresh_make(sa, f.his_nonce.len < IKE_NONCE ? f.his_nonce.len : IKE_NONCE, &f);
	if (!err)
		err = fresh_derive(sa, f.seed, f.his_ke, f.ke, f.his_nonce, f.nonce, &f);
	if (!err) { /* maybe not for the first time: the signature comes last */
		span_move(&sa->ke_i, &f.his_ke);
		span_move(&sa->ni, &f.his_nonce);
		span_move(&sa->ke_r, &f.ke);
		span_move(&sa->nr, &f.nonce);
		fresh_commit(sa, &f);
		err = send_second(sa, c);
	}
	fresh_fini(&f);
	return err;
}

/* The same, parked if need be. */
static void respond(struct ike_sa *sa, const struct p1_choice *c, const struct ike_payloads *pl,
		    const struct ike_path *path, struct span d, struct work *w)
{
	struct work *outer = work_enter(sa->k, w);
	int err = answer_first(sa, c, pl);

	work_leave(sa->k, outer);
	if (!err)
		flight_mark(sa->k, &sa->flight, d);
	else if (err == -EINPROGRESS)
		err = wait_for_work(sa, w, path, d);
	if (err)
		sa_drop(sa);
}

static bool has_key(struct ike *k, const struct ike_path *path, struct span id_body,
		    const struct ike_id *id, const struct ike_profile *p)
{
	char addr[IPADDR_STRLEN], name[AUTH_ID_TEXT];
	char words[PEER_WORDS];
	bool by_name = id->type == ID_FQDN || id->type == ID_USER_FQDN;

	auth_id_text(id, name);
	ipaddr_ios(&path->remote, addr);
	act_debug(k, NULL, "ID payload type %u of %s: %s", id->type, addr, name);
	if (p)
		act_debug(k, NULL, "peer matches %s profile", p->name);
	if (psk_for_id(k, p, path, id_body))
		return true;
	act_debug_error(k, NULL, "No pre-shared key with %s!", addr);
	if (p) {
		act_log(k, &path->remote, "CRYPTO-6-IKMP_MODE_FAILURE",
			"Processing of Aggressive mode failed with peer at %s: no pre-shared key for its "
			"identity %s in the keyrings of isakmp profile %s, which is for it",
			addr, name, p->name);
		return false;
	}
	act_log(k, &path->remote, "CRYPTO-6-IKMP_MODE_FAILURE",
		"Processing of Aggressive mode failed with peer at %s: no pre-shared key for its "
		"identity %s (to type: crypto isakmp key KEY %s%s)",
		addr, name, by_name ? "hostname " : "", by_name ? name : peer_words(&path->remote, words));
	return false;
}

/* What can authenticate who sent a first message. Its ID payload may be encrypted: id is
 * empty if it says nothing in clear. */
static unsigned methods_for(const struct ike *k, const struct ike_profile *p,
			    const struct ike_path *path, struct span id)
{
	unsigned m = auth_methods(k, &path->local, &path->remote) & ~P1_METHOD(IKE_AUTH_PSK);

	if (id.len && psk_for_id(k, p, path, id))
		m |= P1_METHOD(IKE_AUTH_PSK);
	return id.len ? m : m & P1_METHOD(IKE_AUTH_RSA_ENC);
}

/* The identity that is said in clear; false: none that can be one. */
static bool said_id(const struct ike_payloads *pl, struct ike_id *id)
{
	return ike_id_decode(ike_payload_find(pl, PL_ID, 0)->body, id) &&
	       id->data.len < (id->type == ID_DN ? AUTH_DN_MAX : IKE_ID_MAX);
}

static bool choose(const struct ike *k, const struct ike_payloads *pl, unsigned methods, struct p1_choice *c,
		   char *why, size_t cap)
{
	return p1_choose_ke(ike_payload_find(pl, PL_SA, 0)->body, k->cfg.p1, k->cfg.n_p1,
			    methods | (k->cfg.lifetime_strict ? P1_STRICT : 0),
			    ike_payload_find(pl, PL_KE, 0)->body.len, c, why, cap);
}

/* What was asked before it was parked is asked again only where the configuration may
 * have changed the answer. */
void aggressive_first_again(struct ike_sa *sa, const struct ike_header *h, struct work *w)
{
	const struct span body = span_of(w->d.p + IKE_HEADER, w->d.len - IKE_HEADER);
	struct ike_payloads pl;
	struct p1_choice c;
	struct ike_id id;
	char why[160];

	timer_stop(&sa->k->timers, &sa->linger);
	if (!sa->k->cfg.aggressive)
		aggressive_log_disabled(sa->k, &w->path.remote, "asked for by");
	if (!sa->k->cfg.aggressive || !ike_payloads_decode(h->next, body, &pl)) { /* it was decoded before */
		sa_drop(sa);
		return;
	}
	struct span id_body = said_id(&pl, &id) ? ike_payload_find(&pl, PL_ID, 0)->body : (struct span){ 0 };
	unsigned methods = methods_for(sa->k, profile_of(sa), &w->path, id_body);
	if (choose(sa->k, &pl, methods, &c, why, sizeof(why))) {
		respond(sa, &c, &pl, &w->path, w->d, w);
		return;
	}
	phase1_refuse(sa->k, &w->path, h, w->d.len, "Aggressive", why);
	sa_drop(sa);
}

void aggressive_first(struct ike *k, const struct ike_path *path, const struct ike_header *h,
		      struct span d)
{
	static const struct phase1_row first = {
		.need = P(PL_SA) | P(PL_KE) | P(PL_NONCE) | P(PL_ID),
		.may = P(PL_VID) | P(PL_CR) | P(PL_HASH) /* HASH(1) of rsa-encr */
	};
	struct ike_payloads pl;
	struct p1_choice c;
	struct ike_id id;
	struct work w = { 0 };
	char why[160], addr[IPADDR_STRLEN];

	if (!k->cfg.aggressive) {
		aggressive_log_disabled(k, &path->remote, "asked for by");
		return;
	}
	ipaddr_ios(&path->remote, addr);
	if (h->flags & IKE_FLAG_ENCRYPTED || h->msgid ||
	    !ike_payloads_decode(h->next, span_of(d.p + IKE_HEADER, d.len - IKE_HEADER), &pl) ||
	    !phase1_fits(&first, &pl)) {
		act_debug_error(k, NULL, "malformed first message from %s", addr);
		return;
	}
	struct span id_body = ike_payload_find(&pl, PL_ID, 0)->body;
	const struct ike_profile *p = NULL;
	bool said = said_id(&pl, &id);
	if (said)
		p = profile_for_id(k, &path->local, &id, (struct span){ 0 });
	unsigned methods = methods_for(k, p, path, said ? id_body : (struct span){ 0 });
	if (!methods && said)
		(void)has_key(k, path, id_body, &id, p); /* says so */
	if (!methods)
		return;
	if (!admission_ask(k, path, true))
		return;
	trace_first(k, path, h, &pl, methods & P1_METHOD(IKE_AUTH_PSK), true);
	trace_p1(k, NULL, ike_payload_find(&pl, PL_SA, 0)->body);
	if (!choose(k, &pl, methods, &c, why, sizeof(why))) {
		phase1_refuse(k, path, h, d.len, "Aggressive", why);
		return;
	}
	/* nobody has proved an address yet, and the answer costs two exponentiations */
	if (!phase1_may_work(k, &path->remote) || !phase1_room(k, &path->remote)) {
		act_debug_error(k, NULL, "too many half-open exchanges, %s waits", addr);
		return;
	}
	struct ike_sa *sa = sa_make(k, path, false);
	if (!sa)
		return;
	sa->aggressive = true;
	if (p)
		profile_set(sa, p->name);
	memcpy(sa->i_cookie, h->i_cookie, 8);
	sa_enter(sa, AG_R1);
	respond(sa, &c, &pl, path, d, &w);
	work_fini(&w);
}
