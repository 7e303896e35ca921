/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/proposal.h"

#include <stdio.h>
#include <string.h>

#include "crypto/alg.h"
#include "crypto/ike_crypto.h"

enum { P1_CIPHER = 1, P1_HASH = 2, P1_AUTH = 3, P1_GROUP = 4, P1_LIFE_TYPE = 11, P1_LIFE = 12,
       P1_KEY_LEN = 14 };
enum { P2_LIFE_TYPE = 1, P2_LIFE = 2, P2_GROUP = 3, P2_ENCAP = 4, P2_AUTH = 5, P2_KEY_LEN = 6 };
enum { LIFE_SECONDS = 1, LIFE_KILOBYTES = 2 };
enum { KEY_IKE = 1, PROTO_ID_ISAKMP = 1, PROTO_ID_ESP = 3 };
enum { ENCAP_UDP_TUNNEL = 3, ENCAP_UDP_TRANSPORT = 4, ENCAP_DRAFT = 61440 };

/* Generic headers of proposals and transforms, whose lengths are patched. */
static size_t begin(struct wr *w, uint8_t more)
{
	size_t at = wr_len(w);

	wr_u8(w, more);
	wr_u8(w, 0);
	wr_be16(w, 0);
	return at;
}

static void end(struct wr *w, size_t at)
{
	wr_patch_be16(w, at + 2, (uint16_t)(wr_len(w) - at));
}

static void situation(struct wr *w)
{
	wr_be32(w, IKE_DOI_IPSEC);
	wr_be32(w, 1);
}

/* ---- phase 1 ---- */

static bool p1_usable(const struct p1_policy *p)
{
	return p->auth == IKE_AUTH_PSK && ike_dh_len(p->group) && cipher_info(p->cipher, p->cipher_bits);
}

void p1_offer(struct wr *w, const struct p1_policy *v, size_t n)
{
	uint8_t count = 0, left;

	for (size_t i = 0; i < n && count < 255; i++)
		count = (uint8_t)(count + p1_usable(&v[i]));
	situation(w);
	size_t prop = begin(w, PL_NONE);
	wr_u8(w, 1);
	wr_u8(w, PROTO_ID_ISAKMP);
	wr_u8(w, 0);
	wr_u8(w, count);
	left = count;
	for (size_t i = 0; i < n && left; i++) {
		const struct cipher_info *c = cipher_info(v[i].cipher, v[i].cipher_bits);

		if (!p1_usable(&v[i]))
			continue;
		left--;
		size_t t = begin(w, left ? PL_TRANSFORM : PL_NONE);
		wr_u8(w, (uint8_t)(count - left));
		wr_u8(w, KEY_IKE);
		wr_be16(w, 0);
		ike_attr_tv(w, P1_CIPHER, c->ike_id);
		if (c->id == CIPHER_AES_CBC)
			ike_attr_tv(w, P1_KEY_LEN, c->bits);
		ike_attr_tv(w, P1_HASH, hash_info(v[i].hash)->ike_id);
		ike_attr_tv(w, P1_GROUP, v[i].group);
		ike_attr_tv(w, P1_AUTH, v[i].auth);
		ike_attr_tv(w, P1_LIFE_TYPE, LIFE_SECONDS);
		ike_attr_number(w, P1_LIFE, v[i].life_sec);
		end(w, t);
	}
	end(w, prop);
}

struct p1_seen {
	uint32_t cipher, bits, hash, auth, group, life_sec;
	bool odd; /* an attribute that we do not know: RFC 2408 says refuse */
};

static struct p1_seen p1_read(struct span attrs)
{
	struct p1_seen s = { 0 };
	struct rd r = rd_span(attrs);
	struct ike_attr a;
	uint32_t life_type = 0;

	while (ike_attr_next(&r, &a)) {
		switch (a.type) {
		case P1_CIPHER: s.cipher = a.value; break;
		case P1_KEY_LEN: s.bits = a.value; break;
		case P1_HASH: s.hash = a.value; break;
		case P1_AUTH: s.auth = a.value; break;
		case P1_GROUP: s.group = a.value; break;
		case P1_LIFE_TYPE: life_type = a.value; break;
		case P1_LIFE:
			if (life_type == LIFE_SECONDS)
				s.life_sec = a.value;
			break;
		default: s.odd = true; break;
		}
	}
	s.odd |= r.bad;
	return s;
}

/* What differs between an offer and a policy, as a sentence with the line that
 * would cure it; NULL-terminated in story. Returns the number of differences. */
static unsigned p1_differences(const struct p1_seen *s, const struct p1_policy *p, char *story,
			       size_t cap)
{
	const struct cipher_info *his = cipher_by_ike(s->cipher, s->bits);
	const struct cipher_info *ours = cipher_info(p->cipher, p->cipher_bits);
	const struct hash_info *hh = hash_by_ike(s->hash), *ho = hash_info(p->hash);
	char what[160] = "", type[64] = "";
	unsigned n = 0;

	if (his != ours) {
		n++;
		snprintf(what, sizeof(what), "encryption offered %s %u, policy %u has %s %u",
			 his ? his->name : "unknown", his ? his->key_len * 8u : s->bits, p->priority,
			 ours->name, ours->key_len * 8u);
		if (his)
			snprintf(type, sizeof(type), "encryption %s",
				 his->id == CIPHER_DES	? "des" :
				 his->id == CIPHER_3DES ? "3des" :
				 his->bits == 128	? "aes" :
				 his->bits == 192	? "aes 192" :
							  "aes 256");
	}
	if (hh != ho && n++ == 0) {
		snprintf(what, sizeof(what), "hash offered %s, policy %u has %s",
			 hh ? hh->name : "unknown", p->priority, ho->name);
		static const char *const word[] = { "", "md5", "sha", "sha256", "sha384", "sha512" };
		if (hh)
			snprintf(type, sizeof(type), "hash %s", word[hh->id]);
	}
	if (s->group != p->group && n++ == 0) {
		snprintf(what, sizeof(what), "Diffie-Hellman group offered %u, policy %u has %u",
			 s->group, p->priority, p->group);
		snprintf(type, sizeof(type), "group %u", s->group);
	}
	if (s->auth != p->auth && n++ == 0)
		snprintf(what, sizeof(what), "authentication method offered %u, policy %u has %u",
			 s->auth, p->priority, p->auth);
	if (n)
		snprintf(story, cap, "%s%s%s%s", what, type[0] ? " (to accept it: " : "", type,
			 type[0] ? ")" : "");
	return n;
}

bool p1_choose(struct span sa_body, const struct p1_policy *v, size_t n,
	       struct p1_policy *ret_agreed, struct span *ret_whole, uint8_t *ret_number,
	       char *story, size_t story_cap)
{
	unsigned nearest = UINT32_MAX;

	snprintf(story, story_cap, "no usable crypto isakmp policy is configured");
	for (size_t i = 0; i < n; i++) {
		struct rd r;
		struct ike_proposal p;
		struct ike_transform t;

		if (!p1_usable(&v[i]) || !ike_sa_decode(sa_body, &r))
			continue;
		while (ike_proposal_next(&r, &p)) {
			if (p.proto != PROTO_ID_ISAKMP)
				continue;
			while (ike_transform_next(&p, &t)) {
				struct p1_seen s = p1_read(t.attrs);
				char why[200];
				unsigned d = p1_differences(&s, &v[i], why, sizeof(why));

				if (d == 0 && t.id == KEY_IKE && !s.odd) {
					*ret_agreed = v[i];
					if (s.life_sec && s.life_sec < v[i].life_sec)
						ret_agreed->life_sec = s.life_sec;
					*ret_whole = t.whole;
					*ret_number = p.number;
					return true;
				}
				if (d && d < nearest) {
					nearest = d;
					snprintf(story, story_cap, "%s", why);
				}
			}
		}
	}
	return false;
}

uint32_t p1_life(struct span transform)
{
	struct rd r = rd_span(transform);

	rd_skip(&r, 8);
	return p1_read(rd_take(&r, rd_left(&r))).life_sec;
}

void p1_answer(struct wr *w, uint8_t proposal_number, struct span transform)
{
	situation(w);
	size_t prop = begin(w, PL_NONE);
	wr_u8(w, proposal_number);
	wr_u8(w, PROTO_ID_ISAKMP);
	wr_u8(w, 0);
	wr_u8(w, 1);
	size_t at = wr_len(w);
	wr_span(w, transform);
	if (!w->bad)
		w->start[at] = PL_NONE;
	end(w, prop);
}

/* ---- phase 2 ---- */

void p2_write_life(struct wr *w, uint32_t sec, uint64_t kb)
{
	if (sec) {
		ike_attr_tv(w, P2_LIFE_TYPE, LIFE_SECONDS);
		ike_attr_number(w, P2_LIFE, sec);
	}
	if (kb) {
		ike_attr_tv(w, P2_LIFE_TYPE, LIFE_KILOBYTES);
		ike_attr_number(w, P2_LIFE, kb > UINT32_MAX ? UINT32_MAX : (uint32_t)kb);
	}
}

static bool p2_usable(const struct p2_transform *t)
{
	return t->cipher != CIPHER_UNSET && t->ah_auth == AUTH_NONE &&
	       cipher_info(t->cipher, t->cipher_bits);
}

static uint16_t encap_number(uint8_t mode, enum p2_encap encap)
{
	if (encap == P2_RAW)
		return mode;
	return (uint16_t)((mode == MODE_TUNNEL ? ENCAP_UDP_TUNNEL : ENCAP_UDP_TRANSPORT) +
			  (encap == P2_UDP_DRAFT ? ENCAP_DRAFT : 0));
}

void p2_offer(struct wr *w, const struct p2_policy *p, uint32_t spi, enum p2_encap encap,
	      bool tunnel_only)
{
	size_t left = 0;
	uint8_t number = 1;

	for (size_t i = 0; i < p->n_transforms; i++)
		left += p2_usable(&p->transforms[i]);
	situation(w);
	for (size_t i = 0; i < p->n_transforms; i++) {
		const struct p2_transform *t = &p->transforms[i];
		const struct cipher_info *c = cipher_info(t->cipher, t->cipher_bits);

		if (!p2_usable(t))
			continue;
		left--;
		size_t prop = begin(w, left ? PL_PROPOSAL : PL_NONE);
		wr_u8(w, number++);
		wr_u8(w, PROTO_ID_ESP);
		wr_u8(w, 4);
		wr_u8(w, 1);
		wr_be32(w, spi);
		size_t tr = begin(w, PL_NONE);
		wr_u8(w, 1);
		wr_u8(w, c->esp_id);
		wr_be16(w, 0);
		p2_write_life(w, p->life_sec, p->life_kb);
		if (p->pfs_group)
			ike_attr_tv(w, P2_GROUP, p->pfs_group);
		ike_attr_tv(w, P2_ENCAP, encap_number(tunnel_only ? MODE_TUNNEL : t->mode, encap));
		if (t->esp_auth)
			ike_attr_tv(w, P2_AUTH, auth_info(t->esp_auth)->ipsec_attr);
		if (c->esp_key_attr)
			ike_attr_tv(w, P2_KEY_LEN, c->bits);
		end(w, tr);
		end(w, prop);
	}
}

struct p2_seen {
	uint32_t encap, auth, bits, group, life_sec;
	uint64_t life_kb;
	bool odd;
};

static struct p2_seen p2_read(struct span attrs)
{
	struct p2_seen s = { 0 };
	struct rd r = rd_span(attrs);
	struct ike_attr a;
	uint32_t life_type = 0;

	while (ike_attr_next(&r, &a)) {
		switch (a.type) {
		case P2_LIFE_TYPE: life_type = a.value; break;
		case P2_LIFE:
			if (life_type == LIFE_SECONDS)
				s.life_sec = a.value;
			else if (life_type == LIFE_KILOBYTES)
				s.life_kb = a.value;
			break;
		case P2_GROUP: s.group = a.value; break;
		case P2_ENCAP: s.encap = a.value; break;
		case P2_AUTH: s.auth = a.value; break;
		case P2_KEY_LEN: s.bits = a.value; break;
		default: s.odd = true; break;
		}
	}
	s.odd |= r.bad;
	return s;
}

void p2_read_life(struct span attrs, uint32_t *ret_sec, uint64_t *ret_kb)
{
	struct p2_seen s = p2_read(attrs);

	*ret_sec = s.life_sec;
	*ret_kb = s.life_kb;
}

/* Tunnel or transport, in UDP or not; 0 for numbers nobody assigned. */
static uint8_t encap_mode(uint32_t encap, bool *ret_udp)
{
	if (encap > ENCAP_DRAFT)
		encap -= ENCAP_DRAFT;
	*ret_udp = encap >= ENCAP_UDP_TUNNEL;
	switch (encap) {
	case MODE_TUNNEL:
	case ENCAP_UDP_TUNNEL:
		return MODE_TUNNEL;
	case MODE_TRANSPORT:
	case ENCAP_UDP_TRANSPORT:
		return MODE_TRANSPORT;
	default:
		return 0;
	}
}

/* One offered transform against one of our sets. True: fits. Otherwise why. */
static bool p2_fits(const struct p2_seen *s, uint8_t esp_id, const struct p2_transform *t,
		    const struct p2_policy *p, bool has_ke, bool nat, struct p2_agreed *a,
		    char *why, size_t cap)
{
	const struct cipher_info *ours = cipher_info(t->cipher, t->cipher_bits);
	const struct cipher_info *his = cipher_by_esp(esp_id, s->bits);
	const struct auth_info *auth = s->auth ? auth_by_attr(s->auth) : NULL;

	a->mode = encap_mode(s->encap ? s->encap : MODE_TUNNEL, &a->udp_encap);
	if (his != ours) {
		snprintf(why, cap, "cipher offered %s, transform-set %s has %s",
			 his ? his->ios_conf : "unknown", t->name, ours->ios_conf);
	} else if ((s->auth && !auth) || (auth ? auth->id : AUTH_NONE) != t->esp_auth) {
		snprintf(why, cap, "authenticator offered %s, transform-set %s has %s",
			 auth ? auth->ios_esp : s->auth ? "unknown" : "none", t->name,
			 t->esp_auth ? auth_info(t->esp_auth)->ios_esp : "none");
	} else if (a->mode != t->mode) {
		snprintf(why, cap, "mode offered %s, transform-set %s has mode %s",
			 a->mode == MODE_TUNNEL	   ? "tunnel" :
			 a->mode == MODE_TRANSPORT ? "transport" :
						     "unknown",
			 t->name, t->mode == MODE_TUNNEL ? "tunnel" : "transport");
	} else if (a->udp_encap && !nat) {
		snprintf(why, cap, "UDP encapsulation offered where no NAT was found");
	} else if (p->pfs_group && s->group != p->pfs_group) {
		snprintf(why, cap, "PFS group offered %u, crypto map %s %u has set pfs group%u",
			 s->group, p->map, p->seq, p->pfs_group);
	} else if (s->group && (!has_ke || !ike_dh_len(s->group))) {
		snprintf(why, cap, "PFS group %u offered without key exchange or unsupported",
			 s->group);
	} else if (s->odd) {
		snprintf(why, cap, "an attribute that is not known here");
	} else {
		a->cipher = t->cipher;
		a->cipher_bits = t->cipher_bits;
		a->auth = t->esp_auth;
		a->group = (uint16_t)s->group;
		a->life_sec = s->life_sec && s->life_sec < p->life_sec ? s->life_sec : p->life_sec;
		a->life_kb = s->life_kb && (!p->life_kb || s->life_kb < p->life_kb) ? s->life_kb :
										      p->life_kb;
		return true;
	}
	return false;
}

/* A proposal number that stands twice is a bundle (AH and ESP together), which
 * one set with ESP alone cannot meet. */
static bool in_bundle(struct span sa_body, uint8_t number)
{
	struct ike_proposal p;
	struct rd r;
	unsigned n = 0;

	if (!ike_sa_decode(sa_body, &r))
		return false;
	while (ike_proposal_next(&r, &p))
		n += p.number == number;
	return n > 1;
}

bool p2_choose(struct span sa_body, const struct p2_policy *p, bool has_ke, bool nat,
	       struct p2_agreed *ret_a, char *story, size_t story_cap)
{
	snprintf(story, story_cap, "no usable transform-set in crypto map %s %u", p->map, p->seq);
	for (size_t i = 0; i < p->n_transforms; i++) {
		struct ike_proposal prop;
		struct ike_transform t;
		struct rd r;

		if (!p2_usable(&p->transforms[i]) || !ike_sa_decode(sa_body, &r))
			continue;
		while (ike_proposal_next(&r, &prop)) {
			if (prop.proto != PROTO_ID_ESP || prop.spi.len != 4 ||
			    in_bundle(sa_body, prop.number))
				continue;
			while (ike_transform_next(&prop, &t)) {
				struct p2_seen s = p2_read(t.attrs);
				struct p2_agreed a = { .number = prop.number, .proto = PROTO_ESP,
						       .transform = t.whole };
				struct rd spi = rd_span(prop.spi);

				a.peer_spi = rd_be32(&spi);
				if (p2_fits(&s, t.id, &p->transforms[i], p, has_ke, nat, &a, story,
					    story_cap)) {
					*ret_a = a;
					return true;
				}
			}
		}
	}
	return false;
}

void p2_answer(struct wr *w, const struct p2_agreed *a, uint32_t spi)
{
	situation(w);
	size_t prop = begin(w, PL_NONE);
	wr_u8(w, a->number);
	wr_u8(w, PROTO_ID_ESP);
	wr_u8(w, 4);
	wr_u8(w, 1);
	wr_be32(w, spi);
	size_t at = wr_len(w);
	wr_span(w, a->transform);
	if (!w->bad)
		w->start[at] = PL_NONE;
	end(w, prop);
}
