/* SPDX-License-Identifier: Apache-2.0 */
/* Phase 2 proposals: RFC 2407 section 4.5, with UDP encapsulation (RFC 3947
 * section 5.1) in its final and its draft numbers. */
#include "ike/proposal.h"

#include <stdio.h>
#include <string.h>

#include "crypto/alg.h"
#include "crypto/ike_crypto.h"

enum { P2_LIFE_TYPE = 1, P2_LIFE = 2, P2_GROUP = 3, P2_ENCAP = 4, P2_AUTH = 5, P2_KEY_LEN = 6 };
enum { ENCAP_UDP_TUNNEL = 3, ENCAP_UDP_TRANSPORT = 4, ENCAP_DRAFT = 61440 };

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

bool p2_usable(const struct p2_transform *t)
{
	const struct cipher_info *c = cipher_info(t->cipher, t->cipher_bits);

	if (t->cipher == CIPHER_UNSET)
		return t->ah_auth != AUTH_NONE;
	return c && c->esp_id;
}

/* A NAT changes what AH covers. */
static bool offerable(const struct p2_transform *t, enum p2_encap encap)
{
	return p2_usable(t) && !(t->ah_auth && encap != P2_RAW);
}

bool p2_any(const struct p2_policy *p, enum p2_encap encap)
{
	for (size_t i = 0; i < p->n_transforms; i++)
		if (offerable(&p->transforms[i], encap))
			return true;
	return false;
}

static uint16_t encap_number(uint8_t mode, enum p2_encap encap)
{
	if (encap == P2_RAW)
		return mode;
	return (uint16_t)((mode == MODE_TUNNEL ? ENCAP_UDP_TUNNEL : ENCAP_UDP_TRANSPORT) +
			  (encap == P2_UDP_DRAFT ? ENCAP_DRAFT : 0));
}

/* One proposal with one transform. cipher NULL: AH. */
static void put_proposal(struct wr *w, const struct p2_policy *p, const struct p2_transform *t,
			 uint8_t number, uint32_t spi, const struct cipher_info *c, uint16_t encap,
			 bool last)
{
	const struct auth_info *auth = auth_info(c ? t->esp_auth : t->ah_auth);

	size_t prop = ike_sub_begin(w, last ? PL_NONE : PL_PROPOSAL);
	wr_u8(w, number);
	wr_u8(w, c ? PROTO_ID_ESP : PROTO_ID_AH);
	wr_u8(w, 4);
	wr_u8(w, 1);
	wr_be32(w, spi);
	size_t tr = ike_sub_begin(w, PL_NONE);
	wr_u8(w, 1);
	wr_u8(w, c ? c->esp_id : auth->ah_id);
	wr_be16(w, 0);
	p2_write_life(w, p->life_sec, p->life_kb);
	if (p->pfs_group)
		ike_attr_tv(w, P2_GROUP, p->pfs_group);
	ike_attr_tv(w, P2_ENCAP, encap);
	if (auth)
		ike_attr_tv(w, P2_AUTH, auth->ipsec_attr);
	if (c && c->esp_key_attr)
		ike_attr_tv(w, P2_KEY_LEN, c->bits);
	ike_sub_end(w, tr);
	ike_sub_end(w, prop);
}

void p2_offer(struct wr *w, const struct p2_policy *p, uint32_t spi, enum p2_encap encap,
	      bool endpoints)
{
	size_t left = 0;
	uint8_t number = 0;

	for (size_t i = 0; i < p->n_transforms; i++)
		left += offerable(&p->transforms[i], encap);
	ike_sa_begin(w);
	for (size_t i = 0; i < p->n_transforms; i++) {
		const struct p2_transform *t = &p->transforms[i];
		uint16_t mode = encap_number(endpoints ? t->mode : MODE_TUNNEL, encap);

		if (!offerable(t, encap))
			continue;
		left--;
		number++; /* the same for both of a bundle: RFC 2408 section 4.2 */
		if (t->ah_auth)
			put_proposal(w, p, t, number, p2_ah_spi(spi), NULL, mode,
				     !left && t->cipher == CIPHER_UNSET);
		if (t->cipher != CIPHER_UNSET)
			put_proposal(w, p, t, number, spi, cipher_info(t->cipher, t->cipher_bits), mode,
				     !left);
	}
}

struct p2_seen p2_read(struct span attrs)
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

uint32_t p2_his_life_sec(const struct p2_seen *s)
{
	return s->life_sec ? s->life_sec : 28800;
}

uint8_t p2_encap_mode(uint32_t encap, bool *ret_udp)
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

static const char *mode_word(uint8_t mode)
{
	return mode == MODE_TUNNEL ? "tunnel" : mode == MODE_TRANSPORT ? "transport" : "unknown";
}

/* The mode of an offer against that of a set. An answer has the mode that was
 * offered; an offer may have tunnel mode where the set prefers transport (IOS:
 * without `require`). */
static bool mode_fits(uint8_t mode, const struct p2_transform *t, const struct p2_ask *ask)
{
	uint8_t want = ask->endpoints ? t->mode : MODE_TUNNEL;

	return mode == want || (!ask->answer && mode == MODE_TUNNEL && t->mode == MODE_TRANSPORT);
}

/* The transform set that would have met the offer, as a line to type; "" if there is none. */
static void type_set(const struct cipher_info *his, const struct auth_info *auth, bool has_auth,
		     const char *set, char *buf, size_t cap)
{
	buf[0] = '\0';
	if (his && his->ios && (auth ? auth->ios : !has_auth))
		snprintf(buf, cap, " (to accept it: crypto ipsec transform-set %s %s%s%s)", set,
			 his->ios_conf, auth ? " " : "", auth ? auth->ios_esp : "");
}

/* What the transforms of all protocols have, against a set that has their algorithms.
 * True: fits, and a has it. */
static bool terms_fit(const struct p2_seen *s, const struct p2_transform *t, const struct p2_policy *p,
		      const struct p2_ask *ask, struct p2_agreed *a, char *why, size_t cap)
{
	a->mode = p2_encap_mode(s->encap ? s->encap : MODE_TUNNEL, &a->udp_encap);
	if (t->ah_auth && (ask->nat || ask->crossed)) {
		snprintf(why, cap, "transform-set %s has %s, and AH cannot cross the NAT that %s (use ESP alone)", t->name,
			 auth_info(t->ah_auth)->ios_ah, ask->nat ? "was found" : "the peer's port speaks of");
	} else if (!mode_fits(a->mode, t, ask)) {
		snprintf(why, cap, "mode offered %s, transform-set %s has mode %s%s",
			 mode_word(a->mode), t->name, mode_word(t->mode),
			 a->mode == MODE_TRANSPORT && !ask->endpoints ?
				 ", and transport mode serves only between the two peers" :
			 a->mode == MODE_TRANSPORT ? " (to accept it: mode transport)" :
						     "");
	} else if (a->udp_encap && (!ask->nat || t->ah_auth)) {
		snprintf(why, cap, "UDP encapsulation offered where no NAT was found");
	} else if (ask->answer && !a->udp_encap && ask->nat) { /* RFC 2408 section 4.2 */
		snprintf(why, cap, "the answer leaves out the UDP encapsulation that was offered");
	} else if (p->pfs_group && s->group != p->pfs_group) {
		if (s->group)
			snprintf(why, cap,
				 "PFS group offered %u, crypto map %s %u has set pfs group%u (to accept it: set "
				 "pfs group%u)",
				 s->group, p->map, p->seq, p->pfs_group, s->group);
		else
			snprintf(why, cap,
				 "no PFS group offered, crypto map %s %u has set pfs group%u (to accept it: no "
				 "set pfs)",
				 p->map, p->seq, p->pfs_group);
	} else if (s->group && (!ask->has_ke || !ike_dh_len(s->group))) {
		snprintf(why, cap, "PFS group %u offered without key exchange or unsupported",
			 s->group);
	} else if (s->odd) {
		snprintf(why, cap, "the offer holds an attribute that is not known here");
	} else {
		a->group = (uint16_t)s->group;
		uint32_t his_sec = p2_his_life_sec(s);
		a->life_sec = his_sec < p->life_sec ? his_sec : p->life_sec;
		a->life_kb = s->life_kb && (!p->life_kb || s->life_kb < p->life_kb) ? s->life_kb :
										      p->life_kb;
		return true;
	}
	return false;
}

/* One offered transform of ESP against one of our sets. True: fits. Otherwise why. */
static bool p2_fits(const struct p2_seen *s, uint8_t esp_id, const struct p2_transform *t,
		    const struct p2_policy *p, const struct p2_ask *ask, struct p2_agreed *a,
		    char *why, size_t cap)
{
	const struct cipher_info *ours = cipher_info(t->cipher, t->cipher_bits);
	const struct cipher_info *his = cipher_by_esp(esp_id, s->bits);
	const struct auth_info *auth = s->auth ? auth_by_attr(s->auth) : NULL;

	char type[IOS_NAME_MAX + 96];

	type_set(his, s->auth ? auth : NULL, s->auth != 0, t->name, type, sizeof(type));
	if (his != ours) {
		snprintf(why, cap, "cipher offered %s, transform-set %s has %s%s",
			 his ? his->ios_conf : "unknown", t->name, ours->ios_conf, type);
	} else if ((s->auth && !auth) || (auth ? auth->id : AUTH_NONE) != t->esp_auth) {
		snprintf(why, cap, "authenticator offered %s, transform-set %s has %s%s",
			 auth ? auth->ios_esp : s->auth ? "unknown" : "none", t->name,
			 t->esp_auth ? auth_info(t->esp_auth)->ios_esp : "none", type);
	} else if (terms_fit(s, t, p, ask, a, why, cap)) {
		a->cipher = t->cipher;
		a->cipher_bits = t->cipher_bits;
		a->auth = t->esp_auth;
		return true;
	}
	return false;
}

/* The same for AH, which must name its algorithm twice (RFC 2407 section 4.4.3). */
static bool ah_fits(const struct p2_seen *s, uint8_t ah_id, const struct p2_transform *t,
		    const struct p2_policy *p, const struct p2_ask *ask, struct p2_agreed *a, char *why,
		    size_t cap)
{
	const struct auth_info *his = s->auth ? auth_by_attr(s->auth) : NULL;
	const struct auth_info *ours = auth_info(t->ah_auth);

	if (!his || his->ah_id != ah_id || his != ours) {
		snprintf(why, cap, "AH offered with %s, transform-set %s has %s",
			 his && his->ah_id == ah_id ? his->ios_ah :
			 s->auth		    ? "an unknown authenticator" :
						      "no authenticator",
			 t->name, ours->ios_ah);
		return false;
	}
	return terms_fit(s, t, p, ask, a, why, cap);
}

bool p2_is_transport(struct span sa_body)
{
	struct ike_proposal prop;
	struct ike_transform t;
	struct rd r;
	size_t n = 0;

	if (!ike_sa_decode(sa_body, &r))
		return false;
	while (ike_proposal_next(&r, &prop))
		while (ike_transform_next(&prop, &t)) {
			struct p2_seen s = p2_read(t.attrs);
			bool udp;

			if (p2_encap_mode(s.encap, &udp) != MODE_TRANSPORT || !udp)
				return false;
			n++;
		}
	return n > 0;
}

uint8_t p2_first_proto(struct span sa_body)
{
	struct ike_proposal p;
	struct rd r;

	return ike_sa_decode(sa_body, &r) && ike_proposal_next(&r, &p) ? p.proto : PROTO_ID_ESP;
}

/* What stands under one proposal number. */
struct offered {
	struct ike_proposal esp, ah;
	unsigned n_esp, n_ah, n_other;
};

/* All that has the number of first, which is the next of r. */
static struct offered gather(struct rd r, uint8_t number)
{
	struct offered o = { 0 };
	struct ike_proposal p;

	while (ike_proposal_next(&r, &p)) {
		if (p.number != number)
			continue;
		if (p.proto == PROTO_ID_ESP && p.spi.len == 4) {
			o.esp = p;
			o.n_esp++;
		} else if (p.proto == PROTO_ID_AH && p.spi.len == 4) {
			o.ah = p;
			o.n_ah++;
		} else {
			o.n_other++;
		}
	}
	return o;
}

static const char *protocols(bool ah, bool esp)
{
	return ah && esp ? "a bundle of AH and ESP" : ah ? "AH alone" : "ESP alone";
}

/* A number that stands for several protocols means all of them (RFC 2408 section 4.2):
 * the set must have just these. */
static bool protocols_fit(const struct offered *o, const struct p2_transform *t, char *why, size_t cap)
{
	bool ah = t->ah_auth, esp = t->cipher != CIPHER_UNSET;

	if (o->n_other || o->n_ah > 1 || o->n_esp > 1)
		snprintf(why, cap, "a protocol or a bundle offered that is not known here, transform-set %s is %s",
			 t->name, protocols(ah, esp));
	else if (o->n_ah != ah || o->n_esp != esp)
		snprintf(why, cap, "%s offered, transform-set %s is %s", protocols(o->n_ah, o->n_esp), t->name,
			 protocols(ah, esp));
	else
		return true;
	return false;
}

/* Both halves of a bundle must agree in what they share. */
static bool halves_fit(const struct p2_agreed *esp, const struct p2_agreed *ah, char *why, size_t cap)
{
	if (esp->mode != ah->mode)
		snprintf(why, cap, "AH offered in %s mode and ESP in %s mode: a transform-set has one mode",
			 mode_word(ah->mode), mode_word(esp->mode));
	else if (esp->group != ah->group)
		snprintf(why, cap, "AH and ESP of a bundle offered with different PFS groups");
	else
		return true;
	return false;
}

static uint32_t spi_of(const struct ike_proposal *p)
{
	struct rd r = rd_span(p->spi);

	return rd_be32(&r);
}

/* The first transform of AH that fits the set; with ESP, one that goes with that. */
static bool choose_ah(struct ike_proposal prop, const struct p2_transform *t, const struct p2_policy *p,
		      const struct p2_ask *ask, const struct p2_agreed *esp, struct p2_agreed *ret_a,
		      char *why, size_t cap)
{
	struct ike_transform tr;

	while (ike_transform_next(&prop, &tr)) {
		struct p2_seen s = p2_read(tr.attrs);
		struct p2_agreed a = { .number = prop.number, .proto = PROTO_AH, .transform = tr.whole,
				       .peer_spi = spi_of(&prop), .auth = t->ah_auth };

		if (!ah_fits(&s, tr.id, t, p, ask, &a, why, cap) || a.peer_spi <= 255)
			continue;
		if (esp && !halves_fit(esp, &a, why, cap))
			continue;
		*ret_a = a;
		return true;
	}
	return false;
}

static bool choose_esp(const struct offered *o, const struct p2_transform *t, const struct p2_policy *p,
		       const struct p2_ask *ask, struct p2_agreed *ret_a, char *why, size_t cap)
{
	struct ike_proposal prop = o->esp;
	struct ike_transform tr;

	while (ike_transform_next(&prop, &tr)) {
		struct p2_seen s = p2_read(tr.attrs);
		struct p2_agreed a = { .number = prop.number, .proto = PROTO_ESP, .transform = tr.whole,
				       .peer_spi = spi_of(&prop) }, ah;

		if (!p2_fits(&s, tr.id, t, p, ask, &a, why, cap) || a.peer_spi <= 255)
			continue;
		if (t->ah_auth) {
			if (!choose_ah(o->ah, t, p, ask, &a, &ah, why, cap))
				continue;
			a.ah_auth = t->ah_auth;
			a.peer_ah_spi = ah.peer_spi;
			a.ah_transform = ah.transform;
			a.ah_last = o->ah.spi.p > o->esp.spi.p;
			a.life_sec = ah.life_sec < a.life_sec ? ah.life_sec : a.life_sec;
			a.life_kb = ah.life_kb && (!a.life_kb || ah.life_kb < a.life_kb) ? ah.life_kb :
											    a.life_kb;
		}
		*ret_a = a;
		return true;
	}
	return false;
}

bool p2_choose(struct span sa_body, const struct p2_policy *p, const struct p2_ask *ask,
	       struct p2_agreed *ret_a, char *story, size_t story_cap)
{
	snprintf(story, story_cap, "crypto map %s %u has no transform-set that fits", p->map, p->seq);
	for (size_t i = 0; i < p->n_transforms; i++) {
		const struct p2_transform *t = &p->transforms[i];
		struct ike_proposal prop;
		struct rd all, r;
		int before = -1;

		if (!p2_usable(t) || !ike_sa_decode(sa_body, &all))
			continue;
		r = all;
		while (ike_proposal_next(&r, &prop)) {
			if (prop.number == before) /* the other half */
				continue;
			before = prop.number;
			struct offered o = gather(all, prop.number);
			if (!protocols_fit(&o, t, story, story_cap))
				continue;
			if (t->cipher == CIPHER_UNSET ?
				    choose_ah(o.ah, t, p, ask, NULL, ret_a, story, story_cap) :
				    choose_esp(&o, t, p, ask, ret_a, story, story_cap))
				return true;
		}
	}
	return false;
}

void p2_text(const struct p2_policy *p, char *buf, size_t cap)
{
	size_t at = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < p->n_transforms && at < cap; i++) {
		const struct p2_transform *t = &p->transforms[i];

		if (!p2_usable(t))
			continue;
		const struct cipher_info *c = cipher_info(t->cipher, t->cipher_bits);
		int w = snprintf(buf + at, cap - at, "%stransform-set %s %s%s%s %s", at ? "; " : "", t->name,
				 t->ah_auth ? auth_info(t->ah_auth)->ios_ah : "", t->ah_auth && c ? " " : "",
				 c ? c->ios_conf : "", t->esp_auth ? auth_info(t->esp_auth)->ios_esp : "");
		if (w > 0)
			at += (size_t)w;
	}
	if (at < cap && p->pfs_group)
		snprintf(buf + at, cap - at, ", set pfs group%u", p->pfs_group);
	else if (at < cap)
		snprintf(buf + at, cap - at, ", no PFS");
}

static void put_answer(struct wr *w, uint8_t number, uint8_t proto, uint32_t spi, struct span transform,
		       bool last)
{
	size_t prop = ike_sub_begin(w, last ? PL_NONE : PL_PROPOSAL);

	wr_u8(w, number);
	wr_u8(w, proto);
	wr_u8(w, 4);
	wr_u8(w, 1);
	wr_be32(w, spi);
	size_t at = wr_len(w);
	wr_span(w, transform);
	if (!w->bad)
		w->start[at] = PL_NONE;
	ike_sub_end(w, prop);
}

void p2_answer(struct wr *w, const struct p2_agreed *a, uint32_t spi)
{
	uint32_t ah = p2_ah_spi(spi);

	ike_sa_begin(w);
	if (a->proto == PROTO_AH) {
		put_answer(w, a->number, PROTO_ID_AH, ah, a->transform, true);
		return;
	}
	/* in the order of the offer */
	if (a->ah_auth && !a->ah_last)
		put_answer(w, a->number, PROTO_ID_AH, ah, a->ah_transform, false);
	put_answer(w, a->number, PROTO_ID_ESP, spi, a->transform, !a->ah_auth || !a->ah_last);
	if (a->ah_auth && a->ah_last)
		put_answer(w, a->number, PROTO_ID_AH, ah, a->ah_transform, true);
}
