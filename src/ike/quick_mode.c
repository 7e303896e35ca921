/* SPDX-License-Identifier: Apache-2.0 */
/* Quick mode, both roles, with and without PFS (RFC 2409 section 5.5). */
#include "ike/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

#define PROTO_ID_ESP 3

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

static int finish(struct qm *q, struct ike_builder *b, unsigned which, bool expect_answer)
{
	struct ike_sa *sa = q->sa;
	size_t head = IKE_HEADER + 4u + sa->keys.len;

	if (b->w.bad)
		return -EMSGSIZE;
	int err = quick_hash(q, which, span_of(b->buf + head, wr_len(&b->w) - head),
			     b->buf + IKE_HEADER + 4);
	if (err)
		return err;
	struct span d = msg_encrypt(sa, b, q->iv);
	return flight_send(sa->k, &q->flight, &sa->path, d, expect_answer, q);
}

/* ---- identities ---- */

/* The ID payload that says one side of a selector (RFC 2407 section 4.6.2). */
static bool id_encode(struct wr *w, const struct addr_match *m, uint8_t proto,
		      const struct port_match *port)
{
	unsigned len;

	if (m->addr.family != IP_V4 || !addr_match_prefix(m, &len))
		return false;
	wr_u8(w, len == 32 ? ID_IPV4 : ID_IPV4_SUBNET);
	wr_u8(w, proto);
	wr_be16(w, port->op == PORT_EQ ? port->lo : 0);
	wr_bytes(w, m->addr.b, 4);
	if (len != 32)
		wr_be32(w, ipv4_mask(len));
	return !w->bad;
}

static bool id_to_match(struct span body, struct addr_match *ret_m, uint8_t *ret_proto,
			struct port_match *ret_port)
{
	struct ike_id id;

	if (!ike_id_decode(body, &id))
		return false;
	struct rd r = rd_span(id.data);
	uint32_t addr = rd_be32(&r), wild = 0;
	if (id.type == ID_IPV4_SUBNET) {
		wild = ~rd_be32(&r);
	} else if (id.type == ID_IPV4_RANGE) {
		uint32_t last = rd_be32(&r);

		wild = addr ^ last; /* only ranges that are prefixes */
		if (wild & (wild + 1) || addr & wild)
			return false;
	} else if (id.type != ID_IPV4) {
		return false;
	}
	if (r.bad || rd_left(&r))
		return false;
	*ret_m = addr_match_v4(addr, wild);
	*ret_proto = id.proto;
	*ret_port = (struct port_match){ id.port ? PORT_EQ : PORT_ANY, id.port, 0 };
	return true;
}

static bool is_host(const struct addr_match *m, const struct ipaddr *a)
{
	struct addr_match want = { .addr = *a };

	return memcmp(m, &want, sizeof(want)) == 0;
}

/* Transport mode only serves between the endpoints themselves. */
static bool between_endpoints(const struct ike_sa *sa, const struct selector *s)
{
	return is_host(&s->local, &sa->path.local) && is_host(&s->remote, &sa->path.remote);
}

static enum p2_encap encap_of(const struct ike_sa *sa)
{
	if (!sa->nat_here && !sa->nat_there)
		return P2_RAW;
	return sa->peer_nat_rfc ? P2_UDP_RFC : P2_UDP_DRAFT;
}

/* ---- objects ---- */

static struct qm *qm_make(struct ike_sa *sa, bool initiator, uint32_t msgid)
{
	struct qm *q = sa->n_qms < IKE_MAX_QM_PER_SA ? calloc(1, sizeof(*q)) : NULL;
	struct ike *k = sa->k;

	if (!q)
		return NULL;
	q->sa = sa;
	q->initiator = initiator;
	q->msgid = msgid;
	q->flight.timer.owner = q->linger.owner = q;
	while (!q->msgid)
		k->env.random(k->env.ctx, &q->msgid, sizeof(q->msgid));
	do
		k->env.random(k->env.ctx, &q->spi, sizeof(q->spi));
	while (q->spi < 256 || spi_in_use(k, q->spi)); /* RFC 4303: 1..255 are reserved */
	TAILQ_INSERT_TAIL(&sa->qms, q, entry);
	sa->n_qms++;
	return q;
}

void quick_drop(struct qm *q)
{
	struct ike_sa *sa = q->sa;

	flight_free(sa->k, &q->flight);
	timer_stop(&sa->k->timers, &q->linger);
	ike_dh_free(q->dh);
	span_free(&q->ni);
	span_free(&q->nr);
	span_free(&q->id_local);
	span_free(&q->id_remote);
	TAILQ_REMOVE(&sa->qms, q, entry);
	sa->n_qms--;
	secret_free(q, sizeof(*q));
}

void quick_fail(struct qm *q, const char *why)
{
	struct ike_sa *sa = q->sa;
	struct ike *k = sa->k;
	uint32_t policy_id = q->policy.id;
	struct pair *p = pair_current(k, policy_id);
	struct ipaddr peer = sa->path.remote;
	char addr[IPADDR_STRLEN], text[160];

	snprintf(text, sizeof(text), "%s", why);
	if (p)
		p->rekeying = false;
	act_log(k, "CRYPTO-6-IKMP_MODE_FAILURE", "Processing of Quick mode failed with peer at %s: %s",
		ipaddr_str(&peer, addr), text);
	quick_drop(q);
	policy_failed(k, policy_id, &peer, text);
	sa_next(sa);
}

/* ---- SAs out of a finished exchange ---- */

static int spec_make(struct qm *q, bool in, struct span gqm, struct sa_spec *ret)
{
	struct ike_sa *sa = q->sa;
	struct ike *k = sa->k;
	const struct cipher_info *c = cipher_info(q->agreed.cipher, q->agreed.cipher_bits);
	const struct auth_info *a = q->agreed.auth ? auth_info(q->agreed.auth) : NULL;
	size_t enc = (size_t)c->key_len + c->salt_len, auth = a ? a->key_len : 0;
	uint32_t margin_sec = q->agreed.life_sec / 10 < 30 ? q->agreed.life_sec / 10 : 30;
	uint64_t bytes = q->agreed.life_kb * 1024;
	uint64_t margin = bytes / 10 > 256 * 1024 ? bytes / 10 : 256 * 1024;
	uint8_t keymat[SA_KEYMAT_MAX];
	struct sa_spec s = { .pair_id = q->pair_id, .policy_id = q->policy.id,
			     .dir = in ? SA_IN : SA_OUT, .proto = PROTO_ESP,
			     .mode = q->agreed.mode, .cipher = q->agreed.cipher,
			     .cipher_bits = q->agreed.cipher_bits, .auth = q->agreed.auth,
			     .replay_window = q->policy.replay_window, .sel = q->sel };

	s.spi = in ? q->spi : q->agreed.peer_spi;
	int err = keying_keymat(k->crypto, sa->agreed.hash, &sa->keys, gqm, PROTO_ID_ESP, s.spi, q->ni,
				q->nr, keymat, enc + auth);
	if (err)
		return err;
	s.enc_key.len = (uint8_t)enc;
	memcpy(s.enc_key.b, keymat, enc);
	s.auth_key.len = (uint8_t)auth;
	memcpy(s.auth_key.b, keymat + enc, auth);
	secret_wipe(keymat, sizeof(keymat));

	s.src = in ? sa->path.remote : sa->path.local;
	s.dst = in ? sa->path.local : sa->path.remote;
	s.udp_encap = q->agreed.udp_encap;
	s.udp_sport = in ? sa->path.remote_port : sa->path.local_port;
	s.udp_dport = in ? sa->path.local_port : sa->path.remote_port;
	/* The initiator renews earlier than the responder, so that the two do not
	 * collide; by volume each side watches what it sends. */
	if (!q->initiator)
		margin_sec /= 2;
	s.life.hard_sec = q->agreed.life_sec;
	s.life.soft_sec = q->agreed.life_sec - margin_sec;
	s.life.hard_bytes = bytes;
	s.life.soft_bytes = bytes > 2 * margin ? bytes - margin : bytes / 2;
	s.id = ++k->next_sa;
	*ret = s;
	secret_wipe(&s, sizeof(s));
	return 0;
}

static int specs_make(struct qm *q, struct span peer_ke)
{
	uint8_t gqm[IKE_MAX_DH];
	struct span shared = { 0 };
	int err = 0;

	if (q->agreed.group) {
		err = ike_dh_shared(q->dh, peer_ke, gqm);
		shared = span_of(gqm, ike_dh_len(q->agreed.group));
	}
	q->pair_id = ++q->sa->k->next_pair;
	if (!err)
		err = spec_make(q, true, shared, &q->in);
	if (!err)
		err = spec_make(q, false, shared, &q->out);
	secret_wipe(gqm, sizeof(gqm));
	return err;
}

static void done(struct qm *q)
{
	struct ike *k = q->sa->k;

	q->state = QM_DONE;
	flight_stop(k, &q->flight);
	ike_dh_free(q->dh);
	q->dh = NULL;
	secret_wipe(&q->in, sizeof(q->in));
	secret_wipe(&q->out, sizeof(q->out));
	q->linger.kind = T_LINGER;
	(void)timer_arm(&k->timers, &q->linger, k->now_ms + IKE_LINGER_MS);
	act_debug(k, q->sa, "Old State = IKE_QM_%s  New State = IKE_QM_PHASE2_COMPLETE",
		  q->initiator ? "I_QM1" : "R_QM2");
}

/* ---- initiator ---- */

int quick_start(struct ike_sa *sa, const struct p2_policy *p)
{
	struct ike *k = sa->k;
	struct ike_builder b;
	uint8_t nonce[IKE_NONCE];
	struct qm *q = qm_make(sa, true, 0);
	uint8_t ids[2][12];
	struct wr l = wr_of(ids[0], sizeof(ids[0])), r = wr_of(ids[1], sizeof(ids[1]));
	int err;

	if (!q)
		return -ENOMEM;
	q->policy = *p;
	q->sel = p->sel;
	q->state = QM_I1;
	k->env.random(k->env.ctx, nonce, sizeof(nonce));
	err = -EINVAL;
	if (!id_encode(&l, &p->sel.local, p->sel.proto, &p->sel.local_port) ||
	    !id_encode(&r, &p->sel.remote, p->sel.proto, &p->sel.remote_port))
		goto fail;
	err = -ENOMEM;
	if (!span_dup(wr_done(&l), &q->id_local) || !span_dup(wr_done(&r), &q->id_remote) ||
	    !span_dup(span_of(nonce, sizeof(nonce)), &q->ni))
		goto fail;
	err = p->pfs_group ? ike_dh_new(k->crypto, p->pfs_group, k->env.random, k->env.ctx, &q->dh) :
			     0;
	if (!err)
		err = keying_iv2(k->crypto, sa->agreed.hash, sa->iv, sa->cipher->block_len, q->msgid,
				 q->iv);
	if (err)
		goto fail;
	start(q, &b);
	ike_build_begin(&b, PL_SA);
	p2_offer(&b.w, p, q->spi, encap_of(sa), !between_endpoints(sa, &p->sel));
	ike_build_end(&b);
	ike_build_payload(&b, PL_NONCE, q->ni);
	if (q->dh)
		ike_build_payload(&b, PL_KE, ike_dh_public(q->dh));
	ike_build_payload(&b, PL_ID, q->id_local);
	ike_build_payload(&b, PL_ID, q->id_remote);
	act_debug(k, sa, "beginning Quick Mode exchange, M-ID of %u", q->msgid);
	err = finish(q, &b, 1, true);
	if (!err)
		return 0;
fail:
	quick_drop(q);
	return err;
}

static void read_responder_lifetime(struct qm *q, const struct ike_payloads *pl)
{
	struct ike_notify n;

	for (size_t i = 0; i < ike_payload_count(pl, PL_NOTIFY); i++) {
		uint32_t sec;
		uint64_t kb;

		if (!ike_notify_decode(ike_payload_find(pl, PL_NOTIFY, i)->body, &n) ||
		    n.type != NT_RESPONDER_LIFETIME || n.proto == 1)
			continue;
		p2_read_life(n.data, &sec, &kb);
		if (sec && sec < q->agreed.life_sec)
			q->agreed.life_sec = sec;
		if (kb && (!q->agreed.life_kb || kb < q->agreed.life_kb))
			q->agreed.life_kb = kb;
	}
}

/* QM2: the peer's choice. Both SAs go in, then QM3 goes out. */
static void i_recv(struct qm *q, const struct ike_payloads *pl)
{
	struct ike_sa *sa = q->sa;
	const struct ike_payload *psa = ike_payload_find(pl, PL_SA, 0);
	const struct ike_payload *nonce = ike_payload_find(pl, PL_NONCE, 0);
	const struct ike_payload *ke = ike_payload_find(pl, PL_KE, 0);
	const struct ike_payload *idi = ike_payload_find(pl, PL_ID, 0);
	const struct ike_payload *idr = ike_payload_find(pl, PL_ID, 1);
	struct p2_policy offered = q->policy;
	struct ike_builder b;
	char why[160] = "the answer lacks a payload";

	if (!psa || !nonce || nonce->body.len < 8 || nonce->body.len > IKE_NONCE_MAX ||
	    !!ke != !!q->dh) {
		quick_fail(q, why);
		return;
	}
	if (!between_endpoints(sa, &q->sel)) /* what was offered is what may come back */
		for (size_t i = 0; i < offered.n_transforms; i++)
			offered.transforms[i].mode = MODE_TUNNEL;
	if (!p2_choose(psa->body, &offered, ke, sa->nat_here || sa->nat_there, &q->agreed, why,
		       sizeof(why)) ||
	    (idi && idr &&
	     (!span_equal(idi->body, q->id_local) || !span_equal(idr->body, q->id_remote)))) {
		info_notify(sa, PROTO_ID_ESP, (struct span){ 0 }, NT_NO_PROPOSAL_CHOSEN,
			    (struct span){ 0 });
		quick_fail(q, why);
		return;
	}
	read_responder_lifetime(q, pl);
	if (!span_dup(nonce->body, &q->nr) ||
	    specs_make(q, ke ? ke->body : (struct span){ 0 })) {
		quick_fail(q, "the peer's key exchange value is not acceptable");
		return;
	}
	start(q, &b);
	if (finish(q, &b, 3, false) || !pair_add(sa->k, q)) {
		quick_fail(q, "no memory");
		return;
	}
	act_sa_add(sa->k, &q->in);
	/* what he receives on, he installs when QM3 is there: a packet that overtakes
	 * it would be lost */
	q->state = QM_SETTLE;
	flight_stop(sa->k, &q->flight);
	q->linger.kind = T_SETTLE;
	(void)timer_arm(&sa->k->timers, &q->linger, sa->k->now_ms + IKE_SETTLE_MS);
	sa_next(sa);
}

static void settled(struct qm *q)
{
	struct ike_sa *sa = q->sa;
	struct pair *p = pair_by_sa(sa->k, q->in.id);

	if (p) { /* it may have been deleted meanwhile */
		act_sa_add(sa->k, &q->out);
		pair_out_installed(sa->k, q->pair_id);
		act_debug(sa->k, sa, "Successfully installed IPSEC SA (SPI:0x%X)", q->spi);
	}
	done(q);
}

/* ---- responder ---- */

/* The policy whose proxies mirror what the peer asks: an equal one, else one that
 * covers it (his part of our line). */
static const struct p2_policy *find_policy(const struct ike_sa *sa, const struct selector *want)
{
	const struct ike_config *cfg = &sa->k->cfg;
	const struct p2_policy *cover = NULL;

	for (size_t i = 0; i < cfg->n_p2; i++) {
		const struct p2_policy *p = &cfg->p2[i];
		bool peer = false;

		for (size_t n = 0; n < p->n_peers; n++)
			peer |= ipaddr_equal(&p->peers[n], &sa->path.remote);
		if (!peer || !ipaddr_equal(&p->local, &sa->path.local))
			continue;
		if (selector_equal(&p->sel, want))
			return p;
		if (!cover && selector_covers(&p->sel, want))
			cover = p;
	}
	return cover;
}

static bool requested_selector(const struct ike_sa *sa, const struct ike_payloads *pl,
			       struct selector *ret)
{
	const struct ike_payload *idi = ike_payload_find(pl, PL_ID, 0);
	const struct ike_payload *idr = ike_payload_find(pl, PL_ID, 1);
	struct selector s = { .local = { .addr = sa->path.local },
			      .remote = { .addr = sa->path.remote } };
	uint8_t proto_i = 0, proto_r = 0;

	if (!idi && !idr) { /* RFC 2409 section 5.5: the peers themselves */
		*ret = s;
		return true;
	}
	if (!idi || !idr || !id_to_match(idi->body, &s.remote, &proto_i, &s.remote_port) ||
	    !id_to_match(idr->body, &s.local, &proto_r, &s.local_port) || proto_i != proto_r)
		return false;
	s.proto = proto_i;
	*ret = s;
	return true;
}

static void selector_text(const struct selector *s, char *buf, size_t cap)
{
	char l[IPADDR_STRLEN], r[IPADDR_STRLEN];
	struct ipaddr lm = { .family = IP_V4 }, rm = { .family = IP_V4 };
	char lw[IPADDR_STRLEN], rw[IPADDR_STRLEN];

	memcpy(lm.b, s->local.wild, 4);
	memcpy(rm.b, s->remote.wild, 4);
	snprintf(buf, cap, "permit %u %s %s %s %s", s->proto, ipaddr_str(&s->local.addr, l),
		 ipaddr_str(&lm, lw), ipaddr_str(&s->remote.addr, r), ipaddr_str(&rm, rw));
}

static void r_refuse(struct qm *q, uint16_t type, const char *why)
{
	struct ike_sa *sa = q->sa;
	char addr[IPADDR_STRLEN];

	sa_story(sa, "up; quick mode refused: %s", why);
	act_debug(sa->k, sa, "phase 2 SA policy not acceptable! (%s)", why);
	act_log(sa->k, "CRYPTO-6-IKMP_MODE_FAILURE",
		"Processing of Quick mode failed with peer at %s: %s",
		ipaddr_str(&sa->path.remote, addr), why);
	info_notify(sa, PROTO_ID_ESP, (struct span){ 0 }, type, (struct span){ 0 });
	/* the exchange stays a while, so that repeats of QM1 do not begin it again */
	done(q);
}

/* QM2: chosen transform, nonce, [KE], the identities as asked, and our shorter
 * lifetime if his is longer (RFC 2407 section 4.6.3.1). */
static int r_answer(struct qm *q, const struct ike_payloads *pl, uint32_t his_sec)
{
	struct ike_builder b;
	const struct ike_payload *idi = ike_payload_find(pl, PL_ID, 0);
	const struct ike_payload *idr = ike_payload_find(pl, PL_ID, 1);

	start(q, &b);
	ike_build_begin(&b, PL_SA);
	p2_answer(&b.w, &q->agreed, q->spi);
	ike_build_end(&b);
	ike_build_payload(&b, PL_NONCE, q->nr);
	if (q->dh)
		ike_build_payload(&b, PL_KE, ike_dh_public(q->dh));
	if (idi && idr) {
		ike_build_payload(&b, PL_ID, idi->body);
		ike_build_payload(&b, PL_ID, idr->body);
	}
	if (his_sec > q->agreed.life_sec) {
		ike_build_begin(&b, PL_NOTIFY);
		wr_be32(&b.w, IKE_DOI_IPSEC);
		wr_u8(&b.w, PROTO_ID_ESP);
		wr_u8(&b.w, 4);
		wr_be16(&b.w, NT_RESPONDER_LIFETIME);
		wr_be32(&b.w, q->spi);
		p2_write_life(&b.w, q->agreed.life_sec, q->agreed.life_kb);
		ike_build_end(&b);
	}
	return finish(q, &b, 2, true);
}

static void r_recv_first(struct qm *q, const struct ike_payloads *pl)
{
	struct ike_sa *sa = q->sa;
	struct ike *k = sa->k;
	const struct ike_payload *psa = ike_payload_find(pl, PL_SA, 0);
	const struct ike_payload *nonce = ike_payload_find(pl, PL_NONCE, 0);
	const struct ike_payload *ke = ike_payload_find(pl, PL_KE, 0);
	const struct p2_policy *p;
	uint8_t mine[IKE_NONCE];
	char why[200], text[120];
	uint32_t his_sec;
	uint64_t his_kb;

	if (!psa || !nonce || nonce->body.len < 8 || nonce->body.len > IKE_NONCE_MAX) {
		r_refuse(q, NT_PAYLOAD_MALFORMED, "SA or nonce payload is missing");
		return;
	}
	if (!requested_selector(sa, pl, &q->sel)) {
		r_refuse(q, NT_INVALID_ID_INFORMATION, "identities that IOS cannot express");
		return;
	}
	p = find_policy(sa, &q->sel);
	if (!p) {
		selector_text(&q->sel, text, sizeof(text));
		snprintf(why, sizeof(why), "no crypto map entry for this peer covers: %s", text);
		r_refuse(q, NT_INVALID_ID_INFORMATION, why);
		return;
	}
	q->policy = *p;
	if (!p2_choose(psa->body, p, ke, sa->nat_here || sa->nat_there, &q->agreed, why,
		       sizeof(why))) {
		r_refuse(q, NT_NO_PROPOSAL_CHOSEN, why);
		return;
	}
	k->env.random(k->env.ctx, mine, sizeof(mine));
	if (!span_dup(nonce->body, &q->ni) || !span_dup(span_of(mine, sizeof(mine)), &q->nr) ||
	    (q->agreed.group && ike_dh_new(k->crypto, q->agreed.group, k->env.random, k->env.ctx,
					   &q->dh)) ||
	    specs_make(q, ke ? ke->body : (struct span){ 0 })) {
		r_refuse(q, NT_INVALID_KEY_INFORMATION, "the key exchange value is not acceptable");
		return;
	}
	struct rd tr = rd_span(q->agreed.transform);
	rd_skip(&tr, 8);
	p2_read_life(rd_take(&tr, rd_left(&tr)), &his_sec, &his_kb);
	q->state = QM_R2;
	act_sa_add(k, &q->in); /* he may send as soon as he has our answer */
	if (r_answer(q, pl, his_sec)) {
		act_sa_del(k, q->in.id);
		quick_drop(q);
	}
}

/* QM3: the peer is alive and has the keys. */
static void r_recv_last(struct qm *q)
{
	struct ike_sa *sa = q->sa;

	act_sa_add(sa->k, &q->out);
	if (pair_add(sa->k, q))
		pair_out_installed(sa->k, q->pair_id);
	act_debug(sa->k, sa, "Successfully installed IPSEC SA (SPI:0x%X)", q->spi);
	done(q);
}

/* ---- entry ---- */

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
	struct span rest = which == 3 ? (struct span){ 0 } : span_of(body.p + head, pl->used - head);
	if (quick_hash(q, which, rest, want) || !secret_equal(want, pl->v[0].body.p, sa->keys.len))
		return false;
	memcpy(q->iv, iv, sizeof(iv));
	return true;
}

void quick_recv(struct ike_sa *sa, const struct ike_header *h, struct span d)
{
	uint8_t buf[IKE_MAX_MESSAGE];
	struct ike_payloads pl;
	struct ike *k = sa->k;
	struct qm *q = qm_find(sa, h->msgid);
	bool fresh = !q;

	if (sa->state != MM_DONE || !h->msgid || !(h->flags & IKE_FLAG_ENCRYPTED))
		return;
	if (q && flight_is_repeat(k, &q->flight, d))
		return;
	if (fresh) {
		q = qm_make(sa, false, h->msgid);
		if (!q || keying_iv2(k->crypto, sa->agreed.hash, sa->iv, sa->cipher->block_len,
				     q->msgid, q->iv)) {
			if (q)
				quick_drop(q);
			return;
		}
	} else if (q->state == QM_DONE || q->state == QM_SETTLE) {
		return;
	}
	unsigned which = fresh ? 1 : q->initiator ? 2 : 3;
	/* HASH(2) covers our nonce, HASH(3) both */
	if (!open_msg(q, h, d, which, buf, &pl)) {
		act_debug(k, sa, "quick mode message with a wrong hash, ignored");
		if (fresh)
			quick_drop(q);
		return;
	}
	flight_mark(k, &q->flight, d);
	if (which == 1)
		r_recv_first(q, &pl);
	else if (which == 2)
		i_recv(q, &pl);
	else
		r_recv_last(q);
	secret_wipe(buf, sizeof(buf));
}

void qm_timer_fired(struct qm *q)
{
	struct ike *k = q->sa->k;

	if (q->state == QM_SETTLE) {
		settled(q);
	} else if (q->state == QM_DONE) { /* T_LINGER */
		quick_drop(q);
	} else if (!flight_resend(k, &q->flight)) {
		if (q->state == QM_I1) {
			quick_fail(q, "the peer does not answer quick mode");
		} else {
			act_sa_del(k, q->in.id);
			quick_drop(q);
		}
	}
}
