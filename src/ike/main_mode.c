/* SPDX-License-Identifier: Apache-2.0 */
/* Main mode with pre-shared keys, both roles (RFC 2409 section 5.4). The exchange
 * is the table below: a row says where we are, what the message must hold, who
 * handles it and where we land. Handlers verify into locals and change the SA
 * last; what they find wrong in a message leaves no trace, since anybody on the
 * path can damage one: the true one may still come. */
#include "ike/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

#define P(type) (UINT32_C(1) << (type))

/* What one KE exchange yields, before it is believed. */
struct fresh {
	struct ike_dh *dh;
	struct span ke, nonce, his_ke, his_nonce; /* owned */
	struct skeyids keys;
	uint8_t key[32], iv[16];
};

static void fresh_fini(struct fresh *f)
{
	ike_dh_free(f->dh);
	span_free(&f->ke);
	span_free(&f->nonce);
	span_free(&f->his_ke);
	span_free(&f->his_nonce);
	secret_wipe(f, sizeof(*f));
}

/* ---- pieces of messages ---- */

static int send_msg(struct ike_sa *sa, struct span d, enum ike_timer timer)
{
	static const char *const shown[] = { [MM_I1] = "MM_NO_STATE", [MM_I3] = "MM_SA_SETUP",
					     [MM_I5] = "MM_KEY_EXCH", [MM_R2] = "MM_SA_SETUP",
					     [MM_R4] = "MM_KEY_EXCH", [MM_DONE] = "MM_KEY_EXCH" };
	char addr[IPADDR_STRLEN];

	if (!d.len)
		return -ENOMEM;
	act_debug_pak(sa->k, sa, "sending packet to %s my_port %u peer_port %u (%s) %s",
		      ipaddr_str(&sa->path.remote, addr), sa->path.local_port,
		      sa->path.remote_port, sa->initiator ? "I" : "R", shown[sa->state]);
	return flight_send(sa->k, &sa->flight, &sa->path, d, timer, sa);
}

/* A key pair and a nonce of ours for the agreed group. */
static int fresh_make(struct ike_sa *sa, size_t nonce_len, struct fresh *f)
{
	struct ike *k = sa->k;
	uint8_t n[IKE_NONCE];
	int err = ike_dh_new(k->crypto, sa->agreed.group, k->env.random, k->env.ctx, &f->dh);

	if (err)
		return err;
	k->env.random(k->env.ctx, n, nonce_len);
	if (!span_dup(ike_dh_public(f->dh), &f->ke) || !span_dup(span_of(n, nonce_len), &f->nonce))
		return -ENOMEM;
	return 0;
}

/* The peer's public value and nonce, checked and copied. */
static int fresh_take(const struct ike_sa *sa, const struct ike_payloads *pl, struct fresh *f)
{
	struct span ke = ike_payload_find(pl, PL_KE, 0)->body;
	struct span nonce = ike_payload_find(pl, PL_NONCE, 0)->body;

	if (ke.len != ike_dh_len(sa->agreed.group) || nonce.len < 8 || /* RFC 2409 section 5 */
	    nonce.len > IKE_NONCE_MAX)
		return -EBADMSG;
	return span_dup(ke, &f->his_ke) && span_dup(nonce, &f->his_nonce) ? 0 : -ENOMEM;
}

/* SKEYID and all that follows from it, into f. */
static int fresh_derive(struct ike_sa *sa, struct ike_dh *dh, struct span ke_i, struct span ke_r,
			struct span ni, struct span nr, struct fresh *f)
{
	struct ike *k = sa->k;
	const struct psk_entry *psk = psk_for(k, &sa->path.remote);
	uint8_t gxy[IKE_MAX_DH];
	size_t len = ike_dh_secret_len(sa->agreed.group);
	enum hash_id h = sa->agreed.hash;
	int err;

	if (!psk)
		return -ENOENT;
	err = ike_dh_shared(dh, f->his_ke, gxy);
	if (err == -EINVAL) {
		err = -EBADMSG; /* a public value that is none */
		goto out;
	}
	if (!err)
		err = keying_psk(k->crypto, h, span_of(psk->key, psk->key_len), ni, nr,
				 span_of(gxy, len), sa->i_cookie, sa->r_cookie, &f->keys);
	if (!err)
		err = keying_cipher_key(k->crypto, h, &f->keys, sa->cipher, f->key);
	if (!err)
		err = keying_iv1(k->crypto, h, ke_i, ke_r, sa->cipher->block_len, f->iv);
out:
	secret_wipe(gxy, sizeof(gxy));
	return err;
}

static void commit_keys(struct ike_sa *sa, const struct fresh *f)
{
	sa->keys = f->keys;
	memcpy(sa->key, f->key, sizeof(sa->key));
	memcpy(sa->iv, f->iv, sizeof(sa->iv));
	sa->keyed = true;
	act_key(sa->k, sa);
}

/* KE, nonce and NAT detection: MM3 and MM4. */
static struct span build_ke(struct ike_sa *sa, struct ike_builder *b, struct span ke,
			    struct span nonce)
{
	struct ike_header h;

	msg_header(sa, EX_MAIN, 0, 0, &h);
	ike_build_start(b, &h);
	ike_build_payload(b, PL_KE, ke);
	ike_build_payload(b, PL_NONCE, nonce);
	natt_add(b, sa);
	return ike_build_done(b);
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

static void begin_notify(struct ike_sa *sa, struct ike_builder *b, uint16_t type)
{
	ike_build_begin(b, PL_NOTIFY);
	wr_be32(&b->w, IKE_DOI_IPSEC);
	wr_u8(&b->w, 1);
	wr_u8(&b->w, 16);
	wr_be16(&b->w, type);
	wr_bytes(&b->w, sa->i_cookie, 8);
	wr_bytes(&b->w, sa->r_cookie, 8);
}

/* RFC 2407 sections 4.6.3.3 and 4.6.3.1: the first contact, and our lifetime if his
 * is longer. */
static void add_notifies(struct ike_sa *sa, struct ike_builder *b, bool initial_contact)
{
	if (initial_contact) {
		act_debug(sa->k, sa, "Send initial contact");
		begin_notify(sa, b, NT_INITIAL_CONTACT);
		ike_build_end(b);
	}
	if (!sa->initiator && sa->his_life_sec > sa->agreed.life_sec) {
		begin_notify(sa, b, NT_RESPONDER_LIFETIME);
		p1_write_life(&b->w, sa->agreed.life_sec);
		ike_build_end(b);
	}
}

/* MM5 and MM6: ID and HASH, encrypted; the first contact says so. */
static int send_auth(struct ike_sa *sa, bool initial_contact, enum ike_timer timer)
{
	struct ike_builder b;
	struct ike_header h;
	uint8_t id_buf[4 + IOS_NAME_MAX], hash[IKE_MAX_HASH];
	struct span id = own_id(sa, id_buf, sizeof(id_buf));
	int err = own_hash(sa, sa->initiator, id, hash);

	if (err)
		return err;
	msg_header(sa, EX_MAIN, IKE_FLAG_ENCRYPTED, 0, &h);
	ike_build_start(&b, &h);
	ike_build_payload(&b, PL_ID, id);
	ike_build_payload(&b, PL_HASH, span_of(hash, sa->keys.len));
	add_notifies(sa, &b, initial_contact);
	act_debug(sa->k, sa, "SA is doing ");
	act_debug(sa->k, sa, "pre-shared key authentication using id type %s",
		  id.p[0] == ID_FQDN ? "ID_FQDN" : "ID_IPV4_ADDR");
	struct span d = msg_encrypt(sa, &b, sa->iv);
	secret_wipe(hash, sizeof(hash));
	return send_msg(sa, d, timer);
}

/* ID and HASH of the peer, decrypted: -EBADMSG if they are none, -EACCES if the
 * hash is wrong. */
static int check_auth(struct ike_sa *sa, const struct ike_payloads *pl)
{
	const struct ike_payload *id = ike_payload_find(pl, PL_ID, 0);
	const struct ike_payload *hash = ike_payload_find(pl, PL_HASH, 0);
	uint8_t want[IKE_MAX_HASH];
	struct ike_id parsed;

	if (!ike_id_decode(id->body, &parsed) || hash->body.len != sa->keys.len ||
	    own_hash(sa, !sa->initiator, id->body, want))
		return -EBADMSG;
	bool equal = secret_equal(want, hash->body.p, sa->keys.len);
	secret_wipe(want, sizeof(want));
	return equal ? 0 : -EACCES;
}

/* The peer is authenticated, so what stands beside his identity is true. */
static void up(struct ike_sa *sa, const struct ike_payloads *pl)
{
	bool restarted = false;
	struct ike_notify n;

	for (size_t i = 0; i < ike_payload_count(pl, PL_NOTIFY); i++) {
		if (!ike_notify_decode(ike_payload_find(pl, PL_NOTIFY, i)->body, &n) ||
		    n.doi != IKE_DOI_IPSEC)
			continue;
		act_debug(sa->k, sa, "processing NOTIFY %s protocol %u", ike_notify_name(n.type),
			  n.proto);
		restarted |= n.type == NT_INITIAL_CONTACT;
		struct p1_seen his = p1_read(n.data);
		if (n.type != NT_RESPONDER_LIFETIME)
			continue;
		if (his.life_sec && his.life_sec < sa->agreed.life_sec)
			sa->agreed.life_sec = his.life_sec;
		sa_limit_kb(sa, his.life_kb);
	}
	sa_up(sa);
	if (restarted)
		peer_restarted(sa);
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
	p1_offer(&b.w, k->cfg.p1, k->cfg.n_p1);
	ike_build_end(&b);
	if (b.w.bad || !span_dup(span_of(b.buf + body, wr_len(&b.w) - body), &sa->sai_b))
		return -ENOMEM;
	natt_vids(&b, k->cfg.nat_traversal);
	sa->state = MM_I1;
	sa_story(sa, "first message sent, waiting for the peer's answer");
	act_debug(k, sa, "Input = IKE_MESG_FROM_IPSEC, IKE_SA_REQ_MM");
	act_debug(k, sa, "Old State = IKE_READY  New State = IKE_I_MM1 ");
	act_debug(k, sa, "beginning Main Mode exchange");
	return send_msg(sa, ike_build_done(&b), T_RESEND);
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
	    !p1_choose(body, k->cfg.p1, k->cfg.n_p1, &c, why, sizeof(why)))
		return -EBADMSG;
	sa->agreed = c.agreed;
	sa->cipher = cipher_info(c.agreed.cipher, c.agreed.cipher_bits);
	memcpy(sa->r_cookie, h->r_cookie, 8);
	natt_read_vids(sa, pl);
	err = fresh_make(sa, IKE_NONCE, &f);
	if (err)
		goto out;
	sa->dh = f.dh;
	sa->ke_i = f.ke;
	sa->ni = f.nonce;
	f = (struct fresh){ 0 };
	sa->state = MM_I3;
	sa_story(sa, "policy agreed, key exchange sent");
	err = send_msg(sa, build_ke(sa, &b, sa->ke_i, sa->ni), T_RESEND);
out:
	fresh_fini(&f);
	return err;
}

/* MM4. */
static int i_recv_ke(struct ike_sa *sa, const struct ike_path *path, const struct ike_header *h,
		     const struct ike_payloads *pl)
{
	struct ike *k = sa->k;
	bool first = !pairs_with(k, &sa->path.local, &sa->path.remote) &&
		     !sa_up_for(k, &sa->path.local, &sa->path.remote);
	struct fresh f = { 0 };
	int err = fresh_take(sa, pl, &f);

	(void)h;
	if (!err && span_equal(f.his_ke, sa->ke_i)) /* reflected, too */
		err = -EBADMSG;
	if (!err)
		err = fresh_derive(sa, sa->dh, sa->ke_i, f.his_ke, sa->ni, f.his_nonce, &f);
	if (err)
		goto out;
	sa->ke_r = f.his_ke;
	sa->nr = f.his_nonce;
	f.his_ke = f.his_nonce = (struct span){ 0 };
	natt_read_vids(sa, pl);
	commit_keys(sa, &f);
	natt_commit(sa, natt_check(sa, path, pl));
	if ((sa->nat_here || sa->nat_there) && sa->path.local_port == 500) /* RFC 3947 section 4 */
		sa->path.local_port = sa->path.remote_port = 4500;
	sa->state = MM_I5;
	sa_story(sa, "keys exchanged, identity sent; if this stays, the pre-shared keys differ");
	err = send_auth(sa, first, T_RESEND);
out:
	fresh_fini(&f);
	return err;
}

/* MM6. */
static int i_recv_auth(struct ike_sa *sa, const struct ike_path *path, const struct ike_header *h,
		       const struct ike_payloads *pl)
{
	int err = check_auth(sa, pl);

	(void)path;
	(void)h;
	if (err)
		return err;
	up(sa, pl);
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
		err = fresh_derive(sa, f.dh, f.his_ke, f.ke, f.his_nonce, f.nonce, &f);
	if (err)
		goto out;
	sa->ke_i = f.his_ke;
	sa->ni = f.his_nonce;
	sa->ke_r = f.ke;
	sa->nr = f.nonce;
	f.his_ke = f.his_nonce = f.ke = f.nonce = (struct span){ 0 };
	natt_read_vids(sa, pl);
	commit_keys(sa, &f);
	natt_commit(sa, natt_check(sa, path, pl));
	sa->state = MM_R4;
	sa_story(sa, "keys exchanged, waiting for identity");
	struct span answer = build_ke(sa, &b, sa->ke_r, sa->nr);
	if (answer.len > h->len) { /* he announced NAT-D payloads and sent none, or stubs */
		sa->peer_nat_rfc = sa->peer_nat_draft = sa->nat_here = sa->nat_there = false;
		answer = build_ke(sa, &b, sa->ke_r, sa->nr);
	}
	err = send_msg(sa, answer, T_NONE);
out:
	fresh_fini(&f);
	return err;
}

/* MM5. */
static int r_recv_auth(struct ike_sa *sa, const struct ike_path *path, const struct ike_header *h,
		       const struct ike_payloads *pl)
{
	int err = check_auth(sa, pl);

	(void)h;
	if (err)
		return err;
	sa->path = *path;    /* authenticated: follow a floated port */
	sa->state = MM_DONE; /* before sending: MM6 ends the chain of IVs */
	err = send_auth(sa, false, T_NONE);
	if (err)
		return err;
	up(sa, pl);
	return 0;
}

static const struct row {
	enum mm_state from;
	bool encrypted;
	uint32_t need, may;
	int (*run)(struct ike_sa *sa, const struct ike_path *path, const struct ike_header *h,
		   const struct ike_payloads *pl);
	const char *old, *got, *sent; /* IOS's names: before, message read, answer sent */
} rows[] = {
	{ MM_I1, false, P(PL_SA), P(PL_VID), i_recv_sa, "I_MM1", "I_MM2", "I_MM3" },
	{ MM_I3, false, P(PL_KE) | P(PL_NONCE), P(PL_VID) | P(PL_NATD) | P(PL_CR), i_recv_ke,
	  "I_MM3", "I_MM4", "I_MM5" },
	{ MM_I5, true, P(PL_ID) | P(PL_HASH), P(PL_NOTIFY) | P(PL_VID), i_recv_auth, "I_MM5",
	  "I_MM6", "P1_COMPLETE" },
	{ MM_R2, false, P(PL_KE) | P(PL_NONCE), P(PL_VID) | P(PL_NATD) | P(PL_CR), r_recv_ke,
	  "R_MM2", "R_MM3", "R_MM4" },
	{ MM_R4, true, P(PL_ID) | P(PL_HASH), P(PL_NOTIFY) | P(PL_VID), r_recv_auth, "R_MM4",
	  "R_MM5", "P1_COMPLETE" },
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

static const struct row *row_for(const struct ike_sa *sa, const struct ike_header *h)
{
	bool encrypted = h->flags & IKE_FLAG_ENCRYPTED;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].from == sa->state && rows[i].encrypted == encrypted && !h->msgid)
			return &rows[i];
	return NULL;
}

static void run_row(struct ike_sa *sa, const struct row *row, const struct ike_path *path,
		    const struct ike_header *h, struct span d, const struct ike_payloads *pl)
{
	struct ike *k = sa->k;
	char addr[IPADDR_STRLEN];

	act_debug(k, sa, "Input = IKE_MESG_FROM_PEER, IKE_MM_EXCH");
	act_debug(k, sa, "Old State = IKE_%s  New State = IKE_%s ", row->old, row->got);
	trace_payloads(k, sa, pl, 0);
	int err = row->run(sa, path, h, pl);
	switch (err) {
	case 0:
		flight_mark(k, &sa->flight, d);
		act_debug(k, sa, "Old State = IKE_%s  New State = IKE_%s ", row->got, row->sent);
		return;
	case -EACCES:
		sa_story(sa, "the %s's hash is wrong: the pre-shared keys differ",
			 sa->initiator ? "responder" : "initiator");
		bad_message(sa, sa->story);
		return;
	case -EBADMSG:
		bad_message(sa, "");
		return;
	default:
		break;
	}
	ipaddr_str(&sa->path.remote, addr);
	act_log(k, "CRYPTO-6-IKMP_MODE_FAILURE", "Processing of Main mode failed with peer at %s: %s",
		addr, err == -ENOENT ? "no pre-shared key" : "no memory");
	sa_end(sa, false, "%s",
	       err == -ENOENT ? "there is no pre-shared key for the peer any more" : "no memory");
}

void main_recv(struct ike_sa *sa, const struct ike_path *path, const struct ike_header *h,
	       struct span d)
{
	uint8_t buf[IKE_MAX_MESSAGE], iv[16], before[16];
	struct ike_payloads pl;
	struct span body = span_of(d.p + IKE_HEADER, d.len - IKE_HEADER);

	if (flight_is_repeat(sa->k, &sa->flight, d))
		return;
	const struct row *row = row_for(sa, h);
	if (!row) {
		act_debug(sa->k, sa, "message out of step, ignored");
		return;
	}
	memcpy(before, sa->iv, sizeof(before));
	memcpy(iv, sa->iv, sizeof(iv));
	if (row->encrypted && !msg_decrypt(sa, d, iv, buf, &body)) {
		bad_message(sa, "");
		return;
	}
	if (!ike_payloads_decode(h->next, body, &pl) || !payloads_fit(row, &pl)) {
		if (row->encrypted)
			sa_story(sa, "the peer's identity did not decrypt: the pre-shared keys differ, "
				     "or another key was picked for this address");
		bad_message(sa, row->encrypted ? "the pre-shared keys differ" : "");
		goto out;
	}
	if (row->encrypted)
		memcpy(sa->iv, iv, sizeof(iv));
	enum mm_state from = sa->state;
	run_row(sa, row, path, h, d, &pl);
	if (row->encrypted && sa->state == from) /* it was nothing */
		memcpy(sa->iv, before, sizeof(before));
out:
	secret_wipe(buf, sizeof(buf));
}

/* ---- a stranger's first message ---- */

/* Addresses are easily forged before MM3 proves one. If the places are taken, the
 * oldest exchange that waits for MM3 gives way; otherwise four datagrams in 40 s would
 * keep a peer out. Of strangers elsewhere it must be a while old, or a flood would
 * push out what is under way. */
static bool room_for_stranger(struct ike *k, const struct ipaddr *peer)
{
	struct ike_sa *sa, *his_oldest = NULL, *net_oldest = NULL, *oldest = NULL;
	size_t all = 0, his = 0, net = 0;

	TAILQ_FOREACH(sa, &k->sas, entry) { /* newest first */
		bool same = ipaddr_equal(&sa->path.remote, peer);
		bool near = !((ipaddr_to_v4(&sa->path.remote) ^ ipaddr_to_v4(peer)) >> 8);

		if (k->now_ms - sa->made_ms > IKE_GIVE_UP_MS)
			break; /* older ones are up or over */
		if (sa->initiator || (sa->state != MM_R2 && sa->state != MM_R4))
			continue;
		all++;
		his += same;
		net += near;
		if (sa->state == MM_R4)
			continue;
		if (same)
			his_oldest = sa;
		if (k->now_ms - sa->made_ms < IKE_HALF_OPEN_MS)
			continue;
		if (near)
			net_oldest = sa;
		oldest = sa;
	}
	if (his < IKE_MAX_HALF_PEER && net < IKE_MAX_HALF_NET && all < IKE_MAX_HALF_OPEN)
		return true;
	sa = his >= IKE_MAX_HALF_PEER ? his_oldest : net >= IKE_MAX_HALF_NET ? net_oldest : oldest;
	if (!sa)
		return false;
	sa_drop(sa);
	return true;
}

/* MM2. */
static int answer_first(struct ike_sa *sa, const struct p1_choice *c, struct span sa_body)
{
	struct ike_builder b;
	struct ike_header h;

	sa->agreed = c->agreed;
	sa->his_life_sec = c->his_life_sec;
	sa->our_life_sec = c->our_life_sec;
	sa_limit_kb(sa, c->life_kb);
	sa->cipher = cipher_info(c->agreed.cipher, c->agreed.cipher_bits);
	msg_header(sa, EX_MAIN, 0, 0, &h);
	ike_build_start(&b, &h);
	ike_build_begin(&b, PL_SA);
	p1_answer(&b.w, c);
	ike_build_end(&b);
	natt_vids_answer(&b, sa);
	if (!span_dup(sa_body, &sa->sai_b))
		return -ENOMEM;
	sa->state = MM_R2;
	sa_story(sa, "policy agreed, waiting for the key exchange");
	act_debug(sa->k, sa, "Old State = IKE_R_MM1  New State = IKE_R_MM2 ");
	sa->linger.kind = T_GIVE_UP;
	int err = timer_arm(&sa->k->timers, &sa->linger, sa->k->now_ms + IKE_GIVE_UP_MS);
	return err ? err : send_msg(sa, ike_build_done(&b), T_NONE);
}

static void refuse_first(struct ike *k, const struct ike_path *path, const struct ike_header *h,
			 size_t len, const char *why)
{
	char a[IPADDR_STRLEN], l[IPADDR_STRLEN];

	ipaddr_str(&path->remote, a);
	act_debug(k, NULL, "no offers accepted!");
	act_debug(k, NULL, "phase 1 SA policy not acceptable! (local %s remote %s)",
		  ipaddr_str(&path->local, l), a);
	act_log(k, "CRYPTO-6-IKMP_MODE_FAILURE", "Processing of Main mode failed with peer at %s: %s",
		a, why);
	info_notify_clear(k, path, h, len, NT_NO_PROPOSAL_CHOSEN);
}

void main_first(struct ike *k, const struct ike_path *path, const struct ike_header *h,
		struct span d)
{
	static const struct row first = { .need = P(PL_SA), .may = P(PL_VID) };
	struct ike_payloads pl;
	struct p1_choice c;
	struct ike_sa *sa;
	char why[160], addr[IPADDR_STRLEN];

	ipaddr_str(&path->remote, addr);
	if (h->flags & IKE_FLAG_ENCRYPTED || h->msgid ||
	    !ike_payloads_decode(h->next, span_of(d.p + IKE_HEADER, d.len - IKE_HEADER), &pl) ||
	    !payloads_fit(&first, &pl)) {
		act_debug(k, NULL, "malformed first message from %s", addr);
		return;
	}
	if (!psk_for(k, &path->remote)) { /* only configured peers get an answer */
		act_debug(k, NULL, "No pre-shared key with %s!", addr);
		return;
	}
	if (!room_for_stranger(k, &path->remote)) {
		act_debug(k, NULL, "too many half-open exchanges, %s waits", addr);
		return;
	}
	struct span sa_body = ike_payload_find(&pl, PL_SA, 0)->body;
	trace_p1(k, NULL, sa_body);
	if (!p1_choose(sa_body, k->cfg.p1, k->cfg.n_p1, &c, why, sizeof(why))) {
		refuse_first(k, path, h, d.len, why);
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
