/* SPDX-License-Identifier: Apache-2.0 */
/* The exchange of phase 1 as main mode and aggressive mode share it: fresh keys,
 * the walk over the table of steps, and what strangers may begin. What a handler
 * finds wrong in a message leaves no trace, since anybody on the path can damage
 * one: the true one may still come. */
#include "ike/phase1.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/secret.h"

/* ---- keys ---- */

void fresh_fini(struct fresh *f)
{
	span_free(&f->seed);
	span_free(&f->ke);
	span_free(&f->nonce);
	span_free(&f->his_ke);
	span_free(&f->his_nonce);
	span_free(&f->his_id);
	secret_wipe(f, sizeof(*f));
}

/* ---- pieces of messages ---- */

static void trace_send(const struct ike_sa *sa)
{
	static const char *const shown[] = { [MM_I1] = "MM_NO_STATE", [MM_I3] = "MM_SA_SETUP",
					     [MM_I5] = "MM_KEY_EXCH", [MM_R2] = "MM_SA_SETUP",
					     [MM_R4] = "MM_KEY_EXCH", [AG_I1] = "AG_INIT_EXCH",
					     [AG_R2] = "AG_INIT_EXCH", [MM_DONE] = "MM_KEY_EXCH" };
	char addr[IPADDR_STRLEN];

	act_debug_pak(sa->k, sa, "sending packet to %s my_port %u peer_port %u (%s) %s",
		      ipaddr_ios(&sa->path.remote, addr), sa->path.local_port,
		      sa->path.remote_port, sa->initiator ? "I" : "R", shown[sa->state]);
}

int phase1_send(struct ike_sa *sa, struct span d, enum ike_timer timer)
{
	if (!d.len)
		return -ENOMEM;
	trace_send(sa);
	struct ike_path to = sa_route(sa);

	return flight_send(sa->k, &sa->flight, &to, d, timer, sa);
}

void phase1_trace_resend(const struct ike_sa *sa)
{
	const char *state = ike_state_name(sa_shown_state(sa));
	unsigned limit = flight_resends(&sa->flight);

	if (sa->flight.resends >= limit)
		return;
	act_debug(sa->k, sa, "retransmitting phase 1 %s...", state);
	act_debug(sa->k, sa, ": incrementing error counter on sa, attempt %u of %u: retransmit phase 1",
		  sa->flight.resends + 1, limit);
	act_debug(sa->k, sa, "retransmitting phase 1 %s", state);
	trace_send(sa);
}

int fresh_make(struct ike_sa *sa, size_t nonce_len, struct fresh *f)
{
	uint8_t n[IKE_NONCE];
	bool meets = f->his_ke.p;
	int err = meets ? work_answer(sa->k, sa->agreed.group, f->his_ke, &f->ke, f->gxy) :
			  work_pair(sa->k, sa->agreed.group, &f->seed, &f->ke);

	if (err)
		return err == -EINVAL && meets ? -EBADMSG : err; /* a public value that is none */
	f->met = meets;
	work_nonce(sa->k, n, nonce_len);
	return span_dup(span_of(n, nonce_len), &f->nonce) ? 0 : -ENOMEM;
}

int fresh_take(const struct ike_sa *sa, const struct ike_payloads *pl, struct fresh *f)
{
	struct span ke = ike_payload_find(pl, PL_KE, 0)->body;
	struct span nonce = ike_payload_find(pl, PL_NONCE, 0)->body;

	if (sa->agreed.auth == IKE_AUTH_RSA_ENC) {
		if (ke.len != ike_dh_len(sa->agreed.group))
			return -EBADMSG;
		return span_dup(ke, &f->his_ke) ? encr_take(sa, pl, f) : -ENOMEM;
	}
	if (ke.len != ike_dh_len(sa->agreed.group) || nonce.len < 8 || /* RFC 2409 section 5 */
	    nonce.len > IKE_NONCE_MAX)
		return -EBADMSG;
	return span_dup(ke, &f->his_ke) && span_dup(nonce, &f->his_nonce) ? 0 : -ENOMEM;
}

int fresh_derive(struct ike_sa *sa, struct span seed, struct span ke_i, struct span ke_r,
		 struct span ni, struct span nr, struct fresh *f)
{
	struct ike *k = sa->k;
	bool signs = sa->agreed.auth == IKE_AUTH_RSA_SIG, encr = sa->agreed.auth == IKE_AUTH_RSA_ENC;
	struct span psk = signs || encr ? (struct span){ 0 } : psk_of(sa);
	struct span gxy = span_of(f->gxy, ike_dh_secret_len(sa->agreed.group));
	enum hash_id h = sa->agreed.hash;
	int err;

	if (!signs && !encr && !psk.p)
		return -ENOENT;
	if (psk.p)
		sa->psk_mark = psk_mark(k, psk);
	act_debug_engine(k, sa, "Create DH shared secret");
	err = f->met ? 0 : work_shared(k, sa->agreed.group, seed, f->his_ke, f->gxy);
	if (err)
		return err == -EINVAL ? -EBADMSG : err;
	f->met = true;
	if (signs)
		err = keying_signature(k->crypto, h, ni, nr, gxy, sa->i_cookie, sa->r_cookie, &f->keys);
	else if (encr)
		err = keying_encryption(k->crypto, h, ni, nr, gxy, sa->i_cookie, sa->r_cookie, &f->keys);
	else
		err = keying_psk(k->crypto, h, psk, ni, nr, gxy, sa->i_cookie, sa->r_cookie, &f->keys);
	if (!err)
		err = keying_cipher_key(k->crypto, h, &f->keys, sa->cipher, f->key);
	if (!err)
		err = keying_iv1(k->crypto, h, ke_i, ke_r, sa->cipher->block_len, f->iv);
	return err;
}

void fresh_commit(struct ike_sa *sa, const struct fresh *f)
{
	sa->keys = f->keys;
	memcpy(sa->key, f->key, sizeof(sa->key));
	memcpy(sa->iv, f->iv, sizeof(sa->iv));
	sa->keyed = true;
	act_debug_engine(sa->k, sa, "Create IKE SA");
}

/* ---- the walk ---- */

bool phase1_fits(const struct phase1_row *r, const struct ike_payloads *pl)
{
	for (unsigned t = 1; t < 32; t++)
		if (r->need & P(t) && ike_payload_count(pl, (uint8_t)t) != 1)
			return false;
	for (size_t i = 0; i < pl->n; i++)
		if (pl->v[i].type < 32 && !((r->need | r->may) & P(pl->v[i].type)))
			return false;
	return true;
}

static void bad_message(struct ike_sa *sa, const char *what)
{
	char addr[IPADDR_STRLEN];

	if (sa->told) { /* he repeats it */
		act_debug_error(sa->k, sa, "bad message again%s%s", what[0] ? ": " : "", what);
		return;
	}
	sa->told = true;
	act_log(sa->k, &sa->path.remote, "CRYPTO-4-IKMP_BAD_MESSAGE",
		"IKE message from %s failed its sanity check or is malformed%s%s",
		ipaddr_ios(&sa->path.remote, addr), what[0] ? ": " : "", what);
}

void not_encrypted(struct ike *k, const struct ipaddr *peer)
{
	char addr[IPADDR_STRLEN];

	act_log(k, peer, "CRYPTO-6-IKMP_NOT_ENCRYPTED", "IKE packet from %s was not encrypted and it should've been.",
		ipaddr_ios(peer, addr));
}

static const char *mode_name(const struct ike_sa *sa)
{
	return sa->aggressive ? "Aggressive" : "Main";
}

static const struct phase1_row *row_for(const struct ike_sa *sa, const struct phase1_row *rows,
					size_t n, const struct ike_header *h)
{
	bool encrypted = h->flags & IKE_FLAG_ENCRYPTED;

	for (size_t i = 0; i < n; i++)
		if (rows[i].from == sa->state && rows[i].encrypted == encrypted && !h->msgid)
			return &rows[i];
	return NULL;
}

/* A message that nothing waits for, or that had to be encrypted. */
static void out_of_step(const struct ike_sa *sa, const struct phase1_row *rows, size_t n, const struct ike_header *h)
{
	const struct ike_header sealed = { .flags = IKE_FLAG_ENCRYPTED, .msgid = h->msgid };

	if (!(h->flags & IKE_FLAG_ENCRYPTED) && row_for(sa, rows, n, &sealed))
		not_encrypted(sa->k, &sa->path.remote);
	else
		act_debug(sa->k, sa, "message out of step, ignored");
}

/* Judged once and for all, since certificates and signatures cost work; an answer is
 * shorter than what it answers. */
static void refused(struct ike_sa *sa, size_t his_len)
{
	char why[sizeof(sa->story)];

	memcpy(why, sa->story, sizeof(why));
	if (sa->initiator && sa->keyed)
		info_delete_isakmp(sa); /* for him it is up */
	else if (sa->initiator)
		; /* nor for him: it was the second message of aggressive mode */
	else if (his_len >= 160)
		info_notify(sa, 1, (struct span){ 0 }, NT_AUTHENTICATION_FAILED, (struct span){ 0 });
	sa_end(sa, false, "%s", why);
}

/* In short for the log, as a sentence for people. */
static const char *why_it_ends(const struct ike_sa *sa, int err, bool sentence)
{
	bool encr = sa->agreed.auth == IKE_AUTH_RSA_ENC;

	if (err == -ENOENT && encr)
		return sentence ? "there is no public key for the peer (to type: crypto key pubkey-chain rsa)" :
				  "no public key for the peer";
	if (err == -ENOENT)
		return sentence ? "there is no pre-shared key for the peer any more" :
				  "no pre-shared key";
	if (err == -ENOKEY && encr)
		return sentence ? "an RSA key does not encrypt or decrypt (to see them: show crypto key "
				  "mypubkey rsa, show crypto key pubkey-chain rsa)" :
				  "an RSA key does not encrypt or decrypt";
	if (err == -ENOKEY)
		return sentence ? "our RSA key could not sign (to see it: show crypto key mypubkey rsa)" :
				  "no RSA key to sign with";
	if (err == -EMSGSIZE)
		return "our identity is longer than the peer's public key can encrypt";
	return "no memory";
}

/* What a handler's error does to the exchange; his_len: bytes of the message. */
static void punish(struct ike_sa *sa, int err, size_t his_len)
{
	char addr[IPADDR_STRLEN];

	switch (err) {
	case -EACCES:
		sa->bad_hash = true;
		sa_story(sa, "the %s's hash is wrong: %s", sa->initiator ? "responder" : "initiator",
			 auth_doubt(sa));
		bad_message(sa, sa->story);
		return;
	case -EBADMSG:
		bad_message(sa, "");
		return;
	case -EAGAIN:
		return;
	case -EPERM:
		refused(sa, his_len);
		return;
	default:
		break;
	}
	ipaddr_ios(&sa->path.remote, addr);
	act_log(sa->k, &sa->path.remote, "CRYPTO-6-IKMP_MODE_FAILURE", "Processing of %s mode failed with peer at %s: %s",
		mode_name(sa), addr, why_it_ends(sa, err, false));
	sa_end(sa, false, "%s", why_it_ends(sa, err, true));
}

void phase1_outcome(struct ike_sa *sa, struct work *w, int err)
{
	if (err == -EINPROGRESS)
		err = work_park(sa->k, w, sa, NULL, NULL, (struct span){ 0 });
	if (err)
		punish(sa, err, 0);
}

static int run_row(struct ike_sa *sa, const struct phase1_row *row, const struct ike_path *path,
		   const struct ike_header *h, const struct ike_payloads *pl)
{
	struct ike *k = sa->k;

	act_debug(k, sa, "Input = IKE_MESG_FROM_PEER, IKE_%s_EXCH", sa->aggressive ? "AM" : "MM");
	if (row->got)
		act_debug(k, sa, "Old State = IKE_%s  New State = IKE_%s ", row->old, row->got);
	trace_payloads(k, sa, pl, 0);
	int err = row->run(sa, path, h, pl);
	if (!err && sa->state != MM_DONE) /* of which sa_up() tells, before what it begins */
		act_debug(k, sa, "Old State = IKE_%s  New State = IKE_%s ",
			  row->got ? row->got : row->old, row->sent);
	return err;
}

/* The same with what it asks to be worked on. */
static void run_step(struct ike_sa *sa, const struct phase1_row *row, const struct ike_path *path,
		     const struct ike_header *h, struct span d, const struct ike_payloads *pl,
		     struct work *again)
{
	struct work fresh = { 0 }, *w = again ? again : &fresh;
	struct work *outer = work_enter(sa->k, w);
	enum mm_state from = sa->state;
	int err = run_row(sa, row, path, h, pl);

	work_leave(sa->k, outer);
	if (!err || (err == -EINPROGRESS && sa->state != from)) /* its message was read */
		flight_mark(sa->k, &sa->flight, d);
	if (err == -EINPROGRESS && sa->state == from)
		err = work_park(sa->k, w, sa, NULL, path, d);
	else if (err == -EINPROGRESS)
		err = work_park(sa->k, w, sa, NULL, NULL, (struct span){ 0 });
	if (err)
		punish(sa, err, d.len);
	work_fini(&fresh);
}

void phase1_recv(struct ike_sa *sa, const struct phase1_row *rows, size_t n,
		 const struct ike_path *path, const struct ike_header *h, struct span d, struct work *again)
{
	uint8_t buf[IKE_MAX_MESSAGE], iv[16], before[16];
	struct ike_payloads pl;
	struct span body = span_of(d.p + IKE_HEADER, d.len - IKE_HEADER);

	if (sa->work) {
		act_debug(sa->k, sa, "a message while the last one is worked on, ignored");
		return;
	}
	if (!again && flight_is_repeat(sa->k, &sa->flight, d)) {
		if (sa->state == MM_DONE && !sa->proven &&
		    sa->k->now_ms - sa->up_ms >= IKE_DUPLICATE_MS)
			sa->doubted_ms = sa->k->now_ms;
		return;
	}
	const struct phase1_row *row = row_for(sa, rows, n, h);
	if (!row) {
		out_of_step(sa, rows, n, h);
		return;
	}
	memcpy(before, sa->iv, sizeof(before));
	memcpy(iv, sa->iv, sizeof(iv));
	struct work *outer = again ? work_enter(sa->k, again) : sa->k->work;
	bool clear = !row->encrypted || msg_decrypt(sa, d, iv, buf, &body);
	work_leave(sa->k, outer);
	if (!clear) {
		bad_message(sa, "");
		return;
	}
	const struct phase1_row want = auth_wants(sa, row);
	if (!ike_payloads_decode(h->next, body, &pl) || !phase1_fits(&want, &pl)) {
		bool psk = sa->agreed.auth == IKE_AUTH_PSK;

		if (row->encrypted && body.len > 1 && body.p[1])
			act_debug_error(sa->k, sa, "reserved not zero on %s payload!", ike_payload_name(h->next));
		if (row->encrypted)
			sa_story(sa, "the peer's identity did not decrypt%s",
				 psk ? ": the pre-shared keys differ, or another key was picked for "
				       "this address" :
				       "");
		bad_message(sa, row->encrypted && psk ? "the pre-shared keys differ" : "");
		goto out;
	}
	if (row->encrypted)
		memcpy(sa->iv, iv, sizeof(iv));
	enum mm_state from = sa->state;
	run_step(sa, row, path, h, d, &pl, again);
	if (row->encrypted && sa->state == from) /* it was nothing */
		memcpy(sa->iv, before, sizeof(before));
out:
	secret_wipe(buf, sizeof(buf));
}

void phase1_again(struct ike_sa *sa, struct work *w)
{
	struct rd r = rd_span(w->d);
	struct ike_header h = { 0 };

	if (w->d.len && !ike_header_decode(&r, &h))
		return; /* it was decoded before */
	if (sa->state == AG_R1)
		aggressive_first_again(sa, &h, w);
	else if (w->d.len && sa->aggressive)
		aggressive_recv(sa, &w->path, &h, w->d, w);
	else if (w->d.len)
		main_recv(sa, &w->path, &h, w->d, w);
	else if (sa->aggressive)
		aggressive_start_again(sa, w);
	else
		main_auth_again(sa, w);
}

/* ---- a stranger's first message ---- */

/* Where addresses belong to one owner or can be taken by him: a /24, and of IPv6 the /56 that
 * a site is given (RFC 6177). */
static bool are_near(const struct ipaddr *a, const struct ipaddr *b)
{
	return ipaddr_in(a, b, a->family == IP_V6 ? 56 : 24);
}

/* Addresses are easily forged before the third message proves one. If the places are taken, the
 * oldest exchange that waits for it gives way; otherwise four datagrams in 40 s would
 * keep a peer out. Of strangers elsewhere it must be a while old, or a flood would
 * push out what is under way. Who is known has places of his own. One that is over, and whose
 * public-key work is not, has its place still: or whoever makes and deletes them had no bound. */
bool phase1_room(struct ike *k, const struct ipaddr *peer)
{
	struct ike_sa *sa, *his_oldest = NULL, *net_oldest = NULL, *oldest = NULL;
	const struct work *over = NULL;
	size_t all = 0, his = 0, net = 0;

	TAILQ_FOREACH(sa, &k->sas, entry) { /* newest first */
		bool same = ipaddr_equal(&sa->path.remote, peer);
		bool near = are_near(&sa->path.remote, peer);

		if (k->now_ms - sa->made_ms > IKE_GIVE_UP_MS)
			break; /* older ones are up or over */
		if (sa->initiator || (sa->state != MM_R2 && sa->state != MM_R4 && sa->state != AG_R1 &&
				      sa->state != AG_R2))
			continue;
		all++;
		his += same;
		net += near;
		if (sa->state == MM_R4 || (sa->state == MM_R2 && sa->work)) /* his third message is here */
			continue;
		if (same)
			his_oldest = sa;
		if (k->now_ms - sa->made_ms < IKE_HALF_OPEN_MS || sa->known)
			continue;
		if (near)
			net_oldest = sa;
		oldest = sa;
	}
	while ((over = work_orphan(k, over)))
		if (over->asked && !over->quick) {
			all++;
			his += ipaddr_equal(&over->peer.addr, peer);
			net += are_near(&over->peer.addr, peer);
		}
	if (his < IKE_MAX_HALF_PEER &&
	    ((net < IKE_MAX_HALF_NET && all < IKE_MAX_HALF_OPEN) || peer_known(k, peer)))
		return true;
	sa = his >= IKE_MAX_HALF_PEER ? his_oldest : net >= IKE_MAX_HALF_NET ? net_oldest : oldest;
	if (!sa)
		return false;
	sa_drop(sa);
	return true;
}

bool phase1_may_work(struct ike *k, const struct ipaddr *peer)
{
	const size_t n = sizeof(k->ag_work.by_peer[0]);
	/* one who has a network of IPv6 has more addresses than there are places */
	struct ipaddr who = peer->family == IP_V6 ? ipaddr_network(peer, 56) : *peer;
	bool known = peer_known(k, peer); /* whom a flood of strangers shall not keep out */
	uint8_t *his = &k->ag_work.by_peer[known][index_addr(k, &who) % n];

	if (k->now_ms - k->ag_work.from_ms >= 1000) {
		memset(&k->ag_work, 0, sizeof(k->ag_work));
		k->ag_work.from_ms = k->now_ms;
	}
	if (k->ag_work.all[known] >= IKE_MAX_AG_SEC || *his >= IKE_MAX_AG_PEER_SEC)
		return false;
	k->ag_work.all[known]++;
	++*his;
	return true;
}

void phase1_agree(struct ike_sa *sa, const struct p1_choice *c)
{
	sa->agreed = c->agreed;
	sa->his_life_sec = c->his_life_sec;
	sa->our_life_sec = c->our_life_sec;
	sa_limit_kb(sa, c->life_kb);
	sa->cipher = cipher_info(c->agreed.cipher, c->agreed.cipher_bits);
}

void phase1_refuse(struct ike *k, const struct ike_path *path, const struct ike_header *h,
		   size_t len, const char *mode, const char *why)
{
	char a[IPADDR_STRLEN], l[IPADDR_STRLEN];

	ipaddr_ios(&path->remote, a);
	act_debug_error(k, NULL, "no offers accepted!");
	act_debug_error(k, NULL, "phase 1 SA policy not acceptable! (local %s remote %s)",
		  ipaddr_ios(&path->local, l), a);
	act_log(k, &path->remote, "CRYPTO-6-IKMP_MODE_FAILURE", "Processing of %s mode failed with peer at %s: %s",
		mode, a, why);
	info_notify_clear(k, path, h, len, NT_NO_PROPOSAL_CHOSEN);
}

bool phase1_may_start(struct ike *k, const struct ipaddr *peer, const struct ike_profile *p)
{
	bool by_profile = p && p->aggressive;

	if (k->cfg.aggressive || (!by_profile && !ag_peer_for(k, peer)))
		return true;
	aggressive_log_disabled(k, peer,
				by_profile ? "the isakmp profile says initiate mode aggressive, peer" :
					     "crypto isakmp peer address");
	return false;
}

int phase1_start(struct ike_sa *sa)
{
	const struct ike_profile *p = profile_of(sa);

	return ag_peer_for(sa->k, &sa->path.remote) || (p && p->aggressive) ? aggressive_start(sa) :
									      main_start(sa);
}
