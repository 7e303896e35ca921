/* SPDX-License-Identifier: Apache-2.0 */
/* Main mode with pre-shared keys, both roles (RFC 2409 section 5.4). The exchange
 * is the table at the end: a row says where we are, what the message must hold,
 * who handles it. Handlers verify into locals and change the SA last. */
#include "ike/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

#define P(type) (UINT32_C(1) << (type))

/* ---- sending ---- */

static int send_msg(struct ike_sa *sa, struct span d, bool expect_answer)
{
	char addr[IPADDR_STRLEN];

	if (!d.len)
		return -ENOMEM;
	act_debug(sa->k, sa, "sending packet to %s my_port %u peer_port %u (%s)",
		  ipaddr_str(&sa->path.remote, addr), sa->path.local_port, sa->path.remote_port,
		  sa->initiator ? "I" : "R");
	return flight_send(sa->k, &sa->flight, &sa->path, d, expect_answer, sa);
}

int main_start(struct ike_sa *sa)
{
	struct ike *k = sa->k;
	struct ike_builder b;
	struct ike_header h;

	msg_header(sa, EX_MAIN, 0, 0, &h);
	ike_build_start(&b, &h);
	ike_build_begin(&b, PL_SA);
	size_t body = wr_len(&b.w);
	p1_offer(&b.w, k->cfg.p1, k->cfg.n_p1);
	ike_build_end(&b);
	if (b.w.bad || !span_dup(span_of(b.buf + body, wr_len(&b.w) - body), &sa->sai_b))
		return -ENOMEM;
	if (k->cfg.nat_traversal)
		natt_vids(&b);
	sa->state = MM_I1;
	sa_story(sa, "first message sent, waiting for the peer's answer");
	act_debug(k, sa, "beginning Main Mode exchange");
	return send_msg(sa, ike_build_done(&b), true);
}

static int add_ke_nonce(struct ike_sa *sa, struct ike_builder *b, size_t nonce_len,
			struct span *ke, struct span *nonce)
{
	struct ike *k = sa->k;
	uint8_t n[IKE_NONCE];

	k->env.random(k->env.ctx, n, nonce_len);
	if (!span_dup(ike_dh_public(sa->dh), ke) || !span_dup(span_of(n, nonce_len), nonce))
		return -ENOMEM;
	ike_build_payload(b, PL_KE, *ke);
	ike_build_payload(b, PL_NONCE, *nonce);
	natt_add(b, sa);
	return 0;
}

/* Both public values and nonces are there: SKEYID and all that follows. */
static int derive(struct ike_sa *sa)
{
	struct ike *k = sa->k;
	const struct psk_entry *psk = psk_for(k, &sa->path.remote);
	uint8_t gxy[IKE_MAX_DH];
	size_t len = ike_dh_len(sa->agreed.group);
	int err;

	if (!psk)
		return -ENOENT;
	err = ike_dh_shared(sa->dh, sa->initiator ? sa->ke_r : sa->ke_i, gxy);
	if (!err)
		err = keying_psk(k->crypto, sa->agreed.hash, span_of(psk->key, psk->key_len), sa->ni,
				 sa->nr, span_of(gxy, len), sa->i_cookie, sa->r_cookie, &sa->keys);
	if (!err)
		err = keying_cipher_key(k->crypto, sa->agreed.hash, &sa->keys, sa->cipher, sa->key);
	if (!err)
		err = keying_iv1(k->crypto, sa->agreed.hash, sa->ke_i, sa->ke_r,
				 sa->cipher->block_len, sa->iv);
	secret_wipe(gxy, sizeof(gxy));
	sa->keyed = !err;
	if (!err)
		act_key(k, sa);
	return err;
}

/* Our ID payload's body: the address, protocol UDP, port 500 as IOS sends it; or
 * the host name (`crypto isakmp identity hostname`). */
static struct span own_id(const struct ike_sa *sa, uint8_t *buf, size_t cap)
{
	const struct ike_config *cfg = &sa->k->cfg;
	bool name = cfg->identity == IDENTITY_HOSTNAME && cfg->hostname[0];
	struct wr w = wr_of(buf, cap);

	wr_u8(&w, name ? ID_FQDN : ID_IPV4);
	wr_u8(&w, 17);
	wr_be16(&w, sa->nat_here || sa->nat_there ? 0 : 500);
	if (name)
		wr_bytes(&w, cfg->hostname, strlen(cfg->hostname));
	else
		wr_bytes(&w, sa->path.local.b, 4);
	return wr_done(&w);
}

static int own_hash(struct ike_sa *sa, bool of_initiator, struct span id, uint8_t *out)
{
	return of_initiator ?
		       keying_hash_ir(sa->k->crypto, sa->agreed.hash, &sa->keys, sa->ke_i, sa->ke_r,
				      sa->i_cookie, sa->r_cookie, sa->sai_b, id, out) :
		       keying_hash_ir(sa->k->crypto, sa->agreed.hash, &sa->keys, sa->ke_r, sa->ke_i,
				      sa->r_cookie, sa->i_cookie, sa->sai_b, id, out);
}

/* MM5 and MM6: ID and HASH, encrypted; the first contact says so. */
static int send_auth(struct ike_sa *sa, bool initial_contact, bool expect_answer)
{
	struct ike_builder b;
	struct ike_header h;
	uint8_t id_buf[4 + IOS_NAME_MAX], hash[IKE_MAX_HASH], iv[16];
	struct span id = own_id(sa, id_buf, sizeof(id_buf));
	int err = own_hash(sa, sa->initiator, id, hash);

	if (err)
		return err;
	msg_header(sa, EX_MAIN, IKE_FLAG_ENCRYPTED, 0, &h);
	ike_build_start(&b, &h);
	ike_build_payload(&b, PL_ID, id);
	ike_build_payload(&b, PL_HASH, span_of(hash, sa->keys.len));
	if (initial_contact) { /* RFC 2407 section 4.6.3.3 */
		ike_build_begin(&b, PL_NOTIFY);
		wr_be32(&b.w, IKE_DOI_IPSEC);
		wr_u8(&b.w, 1);
		wr_u8(&b.w, 16);
		wr_be16(&b.w, NT_INITIAL_CONTACT);
		wr_bytes(&b.w, sa->i_cookie, 8);
		wr_bytes(&b.w, sa->r_cookie, 8);
		ike_build_end(&b);
	}
	memcpy(iv, sa->iv, sizeof(iv));
	struct span d = msg_encrypt(sa, &b, iv);
	err = send_msg(sa, d, expect_answer);
	if (!err)
		memcpy(sa->iv, iv, sizeof(iv));
	return err;
}

/* ---- receiving ---- */

/* The peer chose one of the transforms that we offered: MM2. */
static int i_recv_sa(struct ike_sa *sa, const struct ike_path *path, const struct ike_header *h,
		     const struct ike_payloads *pl)
{
	struct ike *k = sa->k;
	struct p1_policy agreed;
	struct span whole;
	struct ike_builder b;
	struct ike_header oh;
	uint8_t number;
	char why[160];
	int err;

	(void)path;
	if (!p1_choose(ike_payload_find(pl, PL_SA, 0)->body, k->cfg.p1, k->cfg.n_p1, &agreed, &whole,
		       &number, why, sizeof(why))) {
		sa_story(sa, "the peer answered with a transform that was not offered: %s", why);
		return -EPROTO;
	}
	sa->agreed = agreed;
	sa->cipher = cipher_info(agreed.cipher, agreed.cipher_bits);
	memcpy(sa->r_cookie, h->r_cookie, 8);
	for (size_t i = 0; i < ike_payload_count(pl, PL_VID); i++)
		(void)natt_is_vid(ike_payload_find(pl, PL_VID, i)->body, sa);
	err = ike_dh_new(k->crypto, agreed.group, k->env.random, k->env.ctx, &sa->dh);
	if (err)
		return err;
	act_debug(k, sa, "atts are acceptable. Next payload is 0");
	msg_header(sa, EX_MAIN, 0, 0, &oh);
	ike_build_start(&b, &oh);
	err = add_ke_nonce(sa, &b, IKE_NONCE, &sa->ke_i, &sa->ni);
	if (!err)
		err = send_msg(sa, ike_build_done(&b), true);
	sa->state = MM_I3;
	sa_story(sa, "policy agreed, key exchange sent");
	return err;
}

static bool nonce_ok(struct span n)
{
	return n.len >= 8 && n.len <= IKE_NONCE_MAX; /* RFC 2409 section 5 */
}

static int i_recv_ke(struct ike_sa *sa, const struct ike_path *path, const struct ike_header *h,
		     const struct ike_payloads *pl)
{
	struct span ke = ike_payload_find(pl, PL_KE, 0)->body;
	struct span nonce = ike_payload_find(pl, PL_NONCE, 0)->body;
	bool first = !pairs_with(sa->k, &sa->path.remote) && !sa_up_for(sa->k, &sa->path.remote);
	int err;

	(void)h;
	if (ke.len != ike_dh_len(sa->agreed.group) || !nonce_ok(nonce))
		return -EPROTO;
	if (!span_dup(ke, &sa->ke_r) || !span_dup(nonce, &sa->nr))
		return -ENOMEM;
	err = derive(sa);
	if (err)
		return err;
	natt_check(sa, path, pl);
	if (sa->nat_here || sa->nat_there) /* RFC 3947 section 4: float now */
		sa->path.local_port = sa->path.remote_port = 4500;
	err = send_auth(sa, first, true);
	sa->state = MM_I5;
	sa_story(sa, "keys exchanged, identity sent; if this stays, the pre-shared keys differ");
	return err;
}

/* ID and HASH of the peer, decrypted. */
static int check_auth(struct ike_sa *sa, const struct ike_payloads *pl)
{
	const struct ike_payload *id = ike_payload_find(pl, PL_ID, 0);
	const struct ike_payload *hash = ike_payload_find(pl, PL_HASH, 0);
	uint8_t want[IKE_MAX_HASH];
	struct ike_id parsed;

	if (!ike_id_decode(id->body, &parsed) || hash->body.len != sa->keys.len ||
	    own_hash(sa, !sa->initiator, id->body, want))
		return -EPROTO;
	bool equal = secret_equal(want, hash->body.p, sa->keys.len);
	secret_wipe(want, sizeof(want));
	return equal ? 0 : -EACCES;
}

static void take_notifies(struct ike_sa *sa, const struct ike_payloads *pl)
{
	struct ike_notify n;

	for (size_t i = 0; i < ike_payload_count(pl, PL_NOTIFY); i++) {
		if (!ike_notify_decode(ike_payload_find(pl, PL_NOTIFY, i)->body, &n))
			continue;
		if (n.type == NT_INITIAL_CONTACT && n.doi == IKE_DOI_IPSEC) {
			act_debug(sa->k, sa, "Processing of INITIAL_CONTACT notify");
			sa_initial_contact(sa);
		}
	}
}

static int i_recv_auth(struct ike_sa *sa, const struct ike_path *path, const struct ike_header *h,
		       const struct ike_payloads *pl)
{
	int err = check_auth(sa, pl);

	(void)path;
	(void)h;
	if (err)
		return err;
	take_notifies(sa, pl);
	sa_up(sa);
	return 0;
}

static int r_recv_ke(struct ike_sa *sa, const struct ike_path *path, const struct ike_header *h,
		     const struct ike_payloads *pl)
{
	struct ike *k = sa->k;
	struct span ke = ike_payload_find(pl, PL_KE, 0)->body;
	struct span nonce = ike_payload_find(pl, PL_NONCE, 0)->body;
	struct ike_builder b;
	struct ike_header oh;
	int err;

	(void)h;
	if (ke.len != ike_dh_len(sa->agreed.group) || !nonce_ok(nonce))
		return -EPROTO;
	err = ike_dh_new(k->crypto, sa->agreed.group, k->env.random, k->env.ctx, &sa->dh);
	if (err)
		return err;
	if (!span_dup(ke, &sa->ke_i) || !span_dup(nonce, &sa->ni))
		return -ENOMEM;
	natt_check(sa, path, pl);
	msg_header(sa, EX_MAIN, 0, 0, &oh);
	ike_build_start(&b, &oh);
	/* a nonce no longer than his: the answer must not outgrow the request */
	err = add_ke_nonce(sa, &b, nonce.len < IKE_NONCE ? nonce.len : IKE_NONCE, &sa->ke_r, &sa->nr);
	if (!err)
		err = derive(sa);
	if (err)
		return err;
	sa->state = MM_R4;
	sa_story(sa, "keys exchanged, waiting for identity");
	return send_msg(sa, ike_build_done(&b), false);
}

static int r_recv_auth(struct ike_sa *sa, const struct ike_path *path, const struct ike_header *h,
		       const struct ike_payloads *pl)
{
	int err = check_auth(sa, pl);

	(void)h;
	if (err)
		return err;
	sa->path = *path; /* authenticated: follow a floated port */
	sa->state = MM_DONE; /* before sending: MM6 ends the chain of IVs */
	err = send_auth(sa, false, false);
	if (err)
		return err;
	take_notifies(sa, pl);
	sa_up(sa);
	return 0;
}

static const struct row {
	enum mm_state from;
	bool encrypted;
	uint32_t need, may;
	int (*run)(struct ike_sa *sa, const struct ike_path *path, const struct ike_header *h,
		   const struct ike_payloads *pl);
} rows[] = {
	{ MM_I1, false, P(PL_SA), P(PL_VID), i_recv_sa },
	{ MM_I3, false, P(PL_KE) | P(PL_NONCE), P(PL_VID) | P(PL_NATD) | P(PL_CR), i_recv_ke },
	{ MM_I5, true, P(PL_ID) | P(PL_HASH), P(PL_NOTIFY) | P(PL_VID), i_recv_auth },
	{ MM_R2, false, P(PL_KE) | P(PL_NONCE), P(PL_VID) | P(PL_NATD) | P(PL_CR), r_recv_ke },
	{ MM_R4, true, P(PL_ID) | P(PL_HASH), P(PL_NOTIFY) | P(PL_VID), r_recv_auth },
};

/* What must be there is there once; what may be there is known or private. */
static bool payloads_fit(const struct row *r, const struct ike_payloads *pl)
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

	act_log(sa->k, "CRYPTO-4-IKMP_BAD_MESSAGE",
		"IKE message from %s failed its sanity check or is malformed%s%s",
		ipaddr_str(&sa->path.remote, addr), what[0] ? ": " : "", what);
}

void main_recv(struct ike_sa *sa, const struct ike_path *path, const struct ike_header *h,
	       struct span d)
{
	uint8_t buf[IKE_MAX_MESSAGE], iv[16];
	struct ike_payloads pl;
	const struct row *row = NULL;
	struct span body = span_of(d.p + IKE_HEADER, d.len - IKE_HEADER);
	bool encrypted = h->flags & IKE_FLAG_ENCRYPTED;

	if (flight_is_repeat(sa->k, &sa->flight, d))
		return;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].from == sa->state)
			row = &rows[i];
	if (!row || h->msgid || encrypted != row->encrypted) {
		act_debug(sa->k, sa, "message out of step, ignored");
		return;
	}
	memcpy(iv, sa->iv, sizeof(iv));
	if (encrypted && !msg_decrypt(sa, d, iv, buf, &body)) {
		bad_message(sa, "");
		return;
	}
	if (!ike_payloads_decode(h->next, body, &pl) || !payloads_fit(row, &pl)) {
		if (encrypted) {
			sa_story(sa, "the peer's identity did not decrypt: the pre-shared keys differ, "
				     "or another key was picked for this address");
			bad_message(sa, "the pre-shared keys differ");
		} else {
			bad_message(sa, "");
		}
		return;
	}
	uint8_t before[16];
	memcpy(before, sa->iv, sizeof(before));
	if (encrypted)
		memcpy(sa->iv, iv, sizeof(iv));
	int err = row->run(sa, path, h, &pl);
	secret_wipe(buf, sizeof(buf));
	if (!err) {
		flight_mark(sa->k, &sa->flight, d);
		return;
	}
	char addr[IPADDR_STRLEN];
	if (err == -EACCES || err == -EPROTO) {
		/* anybody on the path can damage a message: the true one may still come,
		 * and if none does the exchange ends by its timer */
		memcpy(sa->iv, before, sizeof(before));
		if (err == -EACCES)
			sa_story(sa, "the peer's hash is wrong: the pre-shared keys differ");
		bad_message(sa, sa->story);
		return;
	}
	act_log(sa->k, "CRYPTO-6-IKMP_MODE_FAILURE",
		"Processing of Main mode failed with peer at %s: %s",
		ipaddr_str(&sa->path.remote, addr), err == -ENOENT ? "no pre-shared key" : sa->story);
	sa_end(sa, false, "%s", sa->story[0] ? sa->story : "main mode failed");
}

/* ---- a stranger's first message ---- */

static bool room_for_stranger(struct ike *k, const struct ipaddr *peer)
{
	size_t all = 0, his = 0, net = 0;
	struct ike_sa *sa;

	TAILQ_FOREACH(sa, &k->sas, entry) {
		if (sa->initiator || (sa->state != MM_R2 && sa->state != MM_R4))
			continue;
		all++;
		his += ipaddr_equal(&sa->path.remote, peer);
		net += !((ipaddr_to_v4(&sa->path.remote) ^ ipaddr_to_v4(peer)) >> 8);
	}
	return all < IKE_MAX_HALF_OPEN && his < IKE_MAX_HALF_PEER && net < 4 * IKE_MAX_HALF_PEER;
}

/* Lifetimes that differ are no reason to refuse: the smaller one holds, and a line
 * says so. */
static void say_life(struct ike_sa *sa, uint32_t offered)
{
	const struct ike_config *cfg = &sa->k->cfg;
	char addr[IPADDR_STRLEN];

	for (size_t i = 0; i < cfg->n_p1; i++)
		if (cfg->p1[i].priority == sa->agreed.priority && offered &&
		    cfg->p1[i].life_sec != offered)
			act_log(sa->k, "CRYPTO-6-IKMP_LIFETIME",
				"lifetime offered by %s is %u s, policy %u has %u s: %u s is used",
				ipaddr_str(&sa->path.remote, addr), offered, cfg->p1[i].priority,
				cfg->p1[i].life_sec, sa->agreed.life_sec);
}

static void answer_first(struct ike_sa *sa, const struct p1_policy *agreed, uint8_t number,
			 struct span transform, struct span sa_body)
{
	struct ike_builder b;
	struct ike_header oh;

	sa->agreed = *agreed;
	sa->cipher = cipher_info(agreed->cipher, agreed->cipher_bits);
	msg_header(sa, EX_MAIN, 0, 0, &oh);
	ike_build_start(&b, &oh);
	ike_build_begin(&b, PL_SA);
	p1_answer(&b.w, number, transform);
	ike_build_end(&b);
	natt_vids_answer(&b, sa);
	sa->state = MM_R2;
	sa_story(sa, "policy agreed, waiting for the key exchange");
	say_life(sa, p1_life(transform));
	if (!span_dup(sa_body, &sa->sai_b) || send_msg(sa, ike_build_done(&b), false)) {
		sa_drop(sa);
		return;
	}
	sa->linger.kind = T_GIVE_UP;
	(void)timer_arm(&sa->k->timers, &sa->linger, sa->k->now_ms + IKE_GIVE_UP_MS);
}

static void refuse_first(struct ike *k, const struct ike_path *path, const struct ike_header *h,
			 size_t len, const char *why)
{
	char a[IPADDR_STRLEN], l[IPADDR_STRLEN];

	act_debug(k, NULL, "phase 1 SA policy not acceptable! (local %s remote %s): %s",
		  ipaddr_str(&path->local, l), ipaddr_str(&path->remote, a), why);
	act_log(k, "CRYPTO-6-IKMP_MODE_FAILURE", "Processing of Main mode failed with peer at %s: %s",
		ipaddr_str(&path->remote, a), why);
	info_notify_clear(k, path, h, len, NT_NO_PROPOSAL_CHOSEN);
}

void main_first(struct ike *k, const struct ike_path *path, const struct ike_header *h,
		struct span d)
{
	struct ike_payloads pl;
	struct p1_policy agreed;
	struct span transform;
	struct ike_sa *sa;
	char why[160], addr[IPADDR_STRLEN];
	uint8_t number;

	if (h->flags & IKE_FLAG_ENCRYPTED || h->msgid ||
	    !ike_payloads_decode(h->next, span_of(d.p + IKE_HEADER, d.len - IKE_HEADER), &pl) ||
	    ike_payload_count(&pl, PL_SA) != 1) {
		act_debug(k, NULL, "malformed first message from %s", ipaddr_str(&path->remote, addr));
		return;
	}
	if (!psk_for(k, &path->remote)) { /* only configured peers get an answer */
		act_debug(k, NULL, "No pre-shared key with %s!", ipaddr_str(&path->remote, addr));
		return;
	}
	if (!room_for_stranger(k, &path->remote)) {
		act_debug(k, NULL, "too many half-open exchanges, %s waits",
			  ipaddr_str(&path->remote, addr));
		return;
	}
	struct span sa_body = ike_payload_find(&pl, PL_SA, 0)->body;
	if (!p1_choose(sa_body, k->cfg.p1, k->cfg.n_p1, &agreed, &transform, &number, why,
		       sizeof(why))) {
		refuse_first(k, path, h, d.len, why);
		return;
	}
	sa = sa_make(k, path, false);
	if (!sa)
		return;
	memcpy(sa->i_cookie, h->i_cookie, 8);
	for (size_t i = 0; i < ike_payload_count(&pl, PL_VID); i++)
		(void)natt_is_vid(ike_payload_find(&pl, PL_VID, i)->body, sa);
	flight_mark(k, &sa->flight, d);
	answer_first(sa, &agreed, number, transform, sa_body);
}
