/* SPDX-License-Identifier: Apache-2.0 */
/* The SAs that a quick mode makes: their keys (RFC 2409 section 5.5, KEYMAT), and how long
 * they live (RFC 2407 sections 4.5.4 and 4.6.3.1). */
#include "ike/work.h"

#include <string.h>

#include "base/secret.h"

/* The initiator renews earlier than the responder, so that the two do not collide;
 * by volume each side watches what it sends. A quarter of a short life, a minute of a
 * long one: a renewal takes half a minute where three of ten datagrams are lost. */
static struct sa_life life_of(const struct qm *q)
{
	uint32_t sec = q->agreed.life_sec, margin_sec = sec / 4 < 60 ? sec / 4 : 60;
	const struct cipher_info *c = cipher_info(q->agreed.cipher, q->agreed.cipher_bits);
	uint64_t bytes = q->agreed.life_kb * 1024;

	if (c && c->block_len == 8 && /* AH alone has no cipher */
	    (!bytes || bytes > CIPHER_SMALL_BLOCK_MAX))
		bytes = CIPHER_SMALL_BLOCK_MAX;
	uint64_t margin = bytes / 4 > 256 * 1024 ? bytes / 4 : 256 * 1024;

	if (!q->initiator && margin_sec > 1) /* soft stays below hard */
		margin_sec /= 2;
	return (struct sa_life){ .hard_sec = sec, .soft_sec = sec - margin_sec, .hard_bytes = bytes,
				 .soft_bytes = bytes > 2 * margin ? bytes - margin : bytes / 2 };
}

/* KEYMAT of one protocol and SPI: enc bytes, then auth. */
static int keys_make(struct qm *q, struct span gqm, uint8_t proto, uint32_t spi, size_t enc, size_t auth,
		     struct sa_key *ret_enc, struct sa_key *ret_auth)
{
	struct ike_sa *sa = q->sa;
	uint8_t keymat[SA_KEYMAT_MAX];
	int err = keying_keymat(sa->k->crypto, sa->agreed.hash, &sa->keys, gqm, proto, spi, q->ni, q->nr,
				keymat, enc + auth);

	if (!err) {
		ret_enc->len = (uint8_t)enc;
		memcpy(ret_enc->b, keymat, enc);
		ret_auth->len = (uint8_t)auth;
		memcpy(ret_auth->b, keymat + enc, auth);
	}
	secret_wipe(keymat, sizeof(keymat));
	return err;
}

static size_t auth_key_len(uint8_t auth)
{
	const struct auth_info *a = auth ? auth_info(auth) : NULL;

	return a ? a->key_len : 0;
}

/* SPIs and keys of each protocol. */
static int protocols_make(struct qm *q, bool in, struct span gqm, struct sa_spec *s)
{
	const struct p2_agreed *g = &q->agreed;
	const struct cipher_info *c = cipher_info(g->cipher, g->cipher_bits);
	struct sa_key none;

	s->proto = g->proto;
	s->cipher = g->cipher;
	s->cipher_bits = g->cipher_bits;
	s->auth = g->auth;
	if (g->proto == PROTO_AH) {
		s->spi = in ? p2_ah_spi(q->spi) : g->peer_spi;
		return keys_make(q, gqm, PROTO_ID_AH, s->spi, 0, auth_key_len(g->auth), &s->enc_key,
				 &s->auth_key);
	}
	s->spi = in ? q->spi : g->peer_spi;
	int err = keys_make(q, gqm, PROTO_ID_ESP, s->spi, (size_t)c->key_len + c->salt_len,
			    auth_key_len(g->auth), &s->enc_key, &s->auth_key);
	if (err || !g->ah_auth)
		return err;
	s->ah.spi = in ? p2_ah_spi(q->spi) : g->peer_ah_spi;
	s->ah.auth = g->ah_auth;
	return keys_make(q, gqm, PROTO_ID_AH, s->ah.spi, 0, auth_key_len(g->ah_auth), &none, &s->ah.key);
}

static int spec_make(struct qm *q, bool in, struct span gqm, struct sa_spec *ret)
{
	struct ike_sa *sa = q->sa;
	struct ike *k = sa->k;
	struct sa_spec s = { .pair_id = q->pair_id, .policy_id = policy_line(k, q->policy.id),
			     .dir = in ? SA_IN : SA_OUT, .mode = q->agreed.mode,
			     .replay_window = q->policy.replay_window, .sel = q->sel };

	int err = protocols_make(q, in, gqm, &s);
	if (err)
		goto out;
	struct ike_path to = sa_route(sa);
	s.udp_encap = q->agreed.udp_encap;
	s.src = in ? to.remote : to.local;
	s.dst = in ? to.local : to.remote;
	s.peer = sa->path.remote;
	s.peer_moves = q->agreed.udp_encap && sa->nat_there;
	if (in && s.udp_encap && s.mode == MODE_TRANSPORT) {
		s.oa_src = q->oa_his;
		s.oa_dst = q->oa_own;
	}
	s.udp_sport = in ? sa->path.remote_port : sa->path.local_port;
	s.udp_dport = in ? sa->path.local_port : sa->path.remote_port;
	s.life = life_of(q);
	s.id = ++k->next_sa;
	*ret = s;
out:
	secret_wipe(&s, sizeof(s));
	return err;
}

/* As initiator our private number is there; a responder makes one now. */
static int shared_make(struct qm *q, struct span peer_ke, uint8_t *gqm)
{
	struct ike *k = q->sa->k;
	unsigned group = q->agreed.group;

	return !group	     ? 0 :
	       q->dh_seed.p ? work_shared(k, group, q->dh_seed, peer_ke, gqm) :
			      work_answer(k, group, peer_ke, &q->ke, gqm);
}

int quick_specs_make(struct qm *q, struct span peer_ke)
{
	uint8_t gqm[IKE_MAX_DH];
	struct span shared = span_of(gqm, ike_dh_secret_len(q->agreed.group));
	int err = shared_make(q, peer_ke, gqm);

	if (err)
		return err;
	q->pair_id = ++q->sa->k->next_pair;
	act_debug_engine(q->sa->k, q->sa, "Generate IKE QM keys");
	err = spec_make(q, true, shared, &q->in);
	if (!err)
		err = spec_make(q, false, shared, &q->out);
	secret_wipe(gqm, sizeof(gqm));
	return err;
}

void quick_bound_life(struct p2_agreed *a)
{
	if (a->life_sec < IKE_MIN_LIFE_SEC)
		a->life_sec = IKE_MIN_LIFE_SEC;
	if (a->life_kb && a->life_kb < IKE_MIN_LIFE_KB)
		a->life_kb = IKE_MIN_LIFE_KB;
}

void quick_take_lifetime(struct qm *q, const struct ike_payloads *pl)
{
	struct ike_notify n;

	for (size_t i = 0; i < ike_payload_count(pl, PL_NOTIFY); i++) {
		if (!ike_notify_decode(ike_payload_find(pl, PL_NOTIFY, i)->body, &n) ||
		    n.type != NT_RESPONDER_LIFETIME || n.proto == 1)
			continue;
		struct p2_seen s = p2_read(n.data);
		if (s.life_sec && s.life_sec < q->agreed.life_sec)
			q->agreed.life_sec = s.life_sec;
		if (s.life_kb && (!q->agreed.life_kb || s.life_kb < q->agreed.life_kb))
			q->agreed.life_kb = s.life_kb;
	}
}

void quick_log_lifetime(const struct qm *q)
{
	struct ike *k = q->sa->k;
	struct rd tr = rd_span(q->agreed.transform);
	char addr[IPADDR_STRLEN];

	rd_skip(&tr, 8);
	struct p2_seen his = p2_read(rd_take(&tr, rd_left(&tr)));
	if (his.life_sec && his.life_sec != q->policy.life_sec && !pair_any(k, q->policy.id))
		act_log(k, &q->sa->path.remote, "CRYPTO-6-IPSEC_LIFETIME",
			"IPsec SA lifetime: peer at %s offered %u s, crypto map %s %u has %u s, %u s is used",
			ipaddr_ios(&q->sa->path.remote, addr), his.life_sec, q->policy.map,
			q->policy.seq, q->policy.life_sec, q->agreed.life_sec);
}
