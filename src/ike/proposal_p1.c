/* SPDX-License-Identifier: Apache-2.0 */
/* Phase 1 transforms: RFC 2409 appendix A. */
#include "ike/proposal.h"

#include <stdio.h>
#include <string.h>

#include "crypto/alg.h"
#include "crypto/ike_crypto.h"

enum { P1_CIPHER = 1, P1_HASH = 2, P1_AUTH = 3, P1_GROUP = 4, P1_LIFE_TYPE = 11, P1_LIFE = 12,
       P1_KEY_LEN = 14 };
enum { KEY_IKE = 1 };

bool p1_usable(const struct p1_policy *p)
{
	const struct cipher_info *c = cipher_info(p->cipher, p->cipher_bits);

	return (p->auth == IKE_AUTH_PSK || p->auth == IKE_AUTH_RSA_SIG || p->auth == IKE_AUTH_RSA_ENC) &&
	       ike_dh_len(p->group) && c && c->ike_id && hash_info(p->hash);
}

void p1_write_life(struct wr *w, uint32_t sec)
{
	ike_attr_tv(w, P1_LIFE_TYPE, LIFE_SECONDS);
	ike_attr_number(w, P1_LIFE, sec);
}

/* group 0: any. */
static bool is_offered(const struct p1_policy *p, unsigned methods, uint16_t group)
{
	return p1_usable(p) && methods & P1_METHOD(p->auth) && (!group || p->group == group);
}

void p1_offer_group(struct wr *w, const struct p1_policy *v, size_t n, unsigned methods,
		    uint16_t group)
{
	uint8_t count = 0, left;

	for (size_t i = 0; i < n && count < 255; i++)
		count = (uint8_t)(count + is_offered(&v[i], methods, group));
	ike_sa_begin(w);
	size_t prop = ike_sub_begin(w, PL_NONE);
	wr_u8(w, 1);
	wr_u8(w, PROTO_ID_ISAKMP);
	wr_u8(w, 0);
	wr_u8(w, count);
	left = count;
	for (size_t i = 0; i < n && left; i++) {
		const struct cipher_info *c = cipher_info(v[i].cipher, v[i].cipher_bits);

		if (!is_offered(&v[i], methods, group))
			continue;
		left--;
		size_t t = ike_sub_begin(w, left ? PL_TRANSFORM : PL_NONE);
		wr_u8(w, (uint8_t)(count - left));
		wr_u8(w, KEY_IKE);
		wr_be16(w, 0);
		ike_attr_tv(w, P1_CIPHER, c->ike_id);
		if (c->id == CIPHER_AES_CBC)
			ike_attr_tv(w, P1_KEY_LEN, c->bits);
		ike_attr_tv(w, P1_HASH, hash_info(v[i].hash)->ike_id);
		ike_attr_tv(w, P1_GROUP, v[i].group);
		ike_attr_tv(w, P1_AUTH, v[i].auth);
		p1_write_life(w, v[i].life_sec);
		ike_sub_end(w, t);
	}
	ike_sub_end(w, prop);
}

void p1_offer(struct wr *w, const struct p1_policy *v, size_t n)
{
	p1_offer_group(w, v, n, P1_ALL_METHODS, 0);
}

struct p1_seen p1_read(struct span attrs)
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
			else if (life_type == LIFE_KILOBYTES)
				s.life_kb = a.value;
			break;
		default: s.odd = true; break;
		}
	}
	s.odd |= r.bad;
	return s;
}

unsigned p1_compare(const struct p1_seen *s, const struct p1_policy *p)
{
	const struct cipher_info *his = cipher_by_ike(s->cipher, s->bits);
	const struct cipher_info *ours = cipher_info(p->cipher, p->cipher_bits);
	unsigned d = s->odd ? P1_ODD : 0;

	if (!ours || ours->ike_id != s->cipher)
		d |= P1_CIPHER_DIFFERS;
	else if (his != ours)
		d |= P1_BITS_DIFFER;
	if (hash_by_ike(s->hash) != hash_info(p->hash))
		d |= P1_HASH_DIFFERS;
	if (s->group != p->group)
		d |= P1_GROUP_DIFFERS;
	if (s->auth != p->auth)
		d |= P1_AUTH_DIFFERS;
	return d;
}

static const char *cipher_word(const struct cipher_info *c)
{
	return c->id == CIPHER_DES  ? "des" :
	       c->id == CIPHER_3DES ? "3des" :
	       c->bits == 128	    ? "aes" :
	       c->bits == 192	    ? "aes 192" :
				      "aes 256";
}

static const char *auth_word(uint32_t auth)
{
	return auth == IKE_AUTH_PSK	? "pre-share" :
	       auth == IKE_AUTH_RSA_SIG ? "rsa-sig" :
	       auth == IKE_AUTH_RSA_ENC ? "rsa-encr" :
					  "of another method";
}

static const char *hash_word(enum hash_id h)
{
	static const char *const word[] = { "", "md5", "sha", "sha256", "sha384", "sha512" };

	return word[h];
}

/* The first difference as a sentence, with the line that would cure it. */
static void p1_story(const struct p1_seen *s, const struct p1_policy *p, unsigned d, char *story,
		     size_t cap)
{
	const struct cipher_info *his = cipher_by_ike(s->cipher, s->bits);
	const struct cipher_info *ours = cipher_info(p->cipher, p->cipher_bits);
	const struct hash_info *hash = hash_by_ike(s->hash);
	char type[64] = "";
	unsigned n = p->priority;

	if (d & (P1_CIPHER_DIFFERS | P1_BITS_DIFFER)) {
		if (his)
			snprintf(type, sizeof(type), " (to accept it: encryption %s)",
				 cipher_word(his));
		snprintf(story, cap, "encryption offered %s %u, policy %u has %s %u%s",
			 his ? his->name : "unknown", his ? his->key_len * 8u : s->bits, n,
			 ours->name, ours->key_len * 8u, type);
	} else if (d & P1_HASH_DIFFERS) {
		if (hash)
			snprintf(type, sizeof(type), " (to accept it: hash %s)", hash_word(hash->id));
		snprintf(story, cap, "hash offered %s, policy %u has %s%s",
			 hash ? hash->name : "unknown", n, hash_info(p->hash)->name, type);
	} else if (d & P1_GROUP_DIFFERS) {
		if (ike_dh_len(s->group))
			snprintf(type, sizeof(type), " (to accept it: group %u)", s->group);
		snprintf(story, cap, "Diffie-Hellman group offered %u, policy %u has %u%s", s->group,
			 n, p->group, type);
	} else if (d & P1_AUTH_DIFFERS) {
		if (s->auth == IKE_AUTH_PSK || s->auth == IKE_AUTH_RSA_SIG || s->auth == IKE_AUTH_RSA_ENC)
			snprintf(type, sizeof(type), " (to accept it: authentication %s)",
				 auth_word(s->auth));
		snprintf(story, cap, "authentication offered %s, policy %u has authentication %s%s",
			 auth_word(s->auth), n, auth_word(p->auth), type);
	} else if (d & P1_LIFE_SHORTER) {
		snprintf(story, cap,
			 "lifetime offered %u s, policy %u has %u s and lifetimes are strict (to accept "
			 "it: lifetime %u, or no crypto isakmp lifetime strict)",
			 s->life_sec, n, p->life_sec, s->life_sec);
	} else {
		snprintf(story, cap, "the offer holds an attribute that is not known here");
	}
}

bool p1_choose_ke(struct span sa_body, const struct p1_policy *v, size_t n, unsigned methods,
		  size_t ke_len, struct p1_choice *ret_c, char *story, size_t story_cap)
{
	unsigned nearest = UINT32_MAX;

	snprintf(story, story_cap, "no usable crypto isakmp policy is configured (rsa-sig needs a certificate of ours)");
	for (size_t i = 0; i < n; i++) {
		struct rd r;
		struct ike_proposal p;
		struct ike_transform t;

		if (!p1_usable(&v[i]) || !ike_sa_decode(sa_body, &r))
			continue;
		if (!(methods & P1_METHOD(v[i].auth))) {
			if (nearest == UINT32_MAX)
				snprintf(story, story_cap,
					 "policy %u has authentication %s, for which there is %s",
					 v[i].priority, auth_word(v[i].auth),
					 v[i].auth == IKE_AUTH_PSK ? "no key with this peer" :
					 v[i].auth == IKE_AUTH_RSA_ENC ?
								     "no public key of this peer" :
								     "no use in this exchange");
			continue;
		}
		while (ike_proposal_next(&r, &p)) {
			if (p.proto != PROTO_ID_ISAKMP)
				continue;
			while (ike_transform_next(&p, &t)) {
				struct p1_seen s = p1_read(t.attrs);
				unsigned d = p1_compare(&s, &v[i]);

				if (methods & P1_STRICT && s.life_sec && s.life_sec < v[i].life_sec)
					d |= P1_LIFE_SHORTER;
				unsigned far = (unsigned)__builtin_popcount(d);

				bool fits = !ke_len || ke_len == ike_dh_len(v[i].group);

				if (d == 0 && !fits) {
					nearest = 0;
					snprintf(story, story_cap,
						 "its public value is not one of group %u, which it offers",
						 v[i].group);
				}
				if (d == 0 && fits && t.id == KEY_IKE) {
					*ret_c = (struct p1_choice){ v[i], t.whole, p.number,
								     s.life_sec, v[i].life_sec,
								     s.life_kb };
					if (s.life_sec && s.life_sec < v[i].life_sec)
						ret_c->agreed.life_sec = s.life_sec;
					return true;
				}
				if (d && far < nearest) {
					nearest = far;
					p1_story(&s, &v[i], d, story, story_cap);
				}
			}
		}
	}
	return false;
}

bool p1_choose(struct span sa_body, const struct p1_policy *v, size_t n,
	       struct p1_choice *ret_c, char *story, size_t story_cap)
{
	return p1_choose_ke(sa_body, v, n, P1_ALL_METHODS, 0, ret_c, story, story_cap);
}

void p1_text(const struct p1_policy *v, size_t n, char *buf, size_t cap)
{
	size_t at = 0, listed = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < n && at < cap; i++) {
		const struct p1_policy *p = &v[i];

		if (!p1_usable(p))
			continue;
		if (++listed > 2) {
			snprintf(buf + at, cap - at, ", ...");
			return;
		}
		const struct cipher_info *c = cipher_info(p->cipher, p->cipher_bits);
		int w = snprintf(buf + at, cap - at, "%spolicy %u: encryption %s, hash %s, %s, group %u",
				 at ? "; " : "", p->priority, cipher_word(c), hash_word(p->hash),
				 auth_word(p->auth), p->group);
		if (w > 0)
			at += (size_t)w;
	}
}

void p1_answer(struct wr *w, const struct p1_choice *c)
{
	ike_sa_begin(w);
	size_t prop = ike_sub_begin(w, PL_NONE);
	wr_u8(w, c->number);
	wr_u8(w, PROTO_ID_ISAKMP);
	wr_u8(w, 0);
	wr_u8(w, 1);
	size_t at = wr_len(w);
	wr_span(w, c->transform);
	if (!w->bad)
		w->start[at] = PL_NONE;
	ike_sub_end(w, prop);
}
