/* SPDX-License-Identifier: Apache-2.0 */
/* `debug crypto isakmp`: proposals and payloads in IOS's words. Costs a test of
 * one flag while debugging is off. */
#include "ike/internal.h"

#include "crypto/alg.h"

static bool off(const struct ike *k)
{
	return !(k->debug & IKE_DEBUG_ISAKMP);
}

/* As IOS: a value of 16 bits is basic, a longer one variable (VPI). */
static void life(struct ike *k, const struct ike_sa *sa, const char *what, uint64_t v)
{
	if (v <= UINT16_MAX)
		act_debug(k, sa, "      %slife duration (basic) of %u", what, (unsigned)v);
	else
		act_debug(k, sa, "      %slife duration (VPI) of  0x%X 0x%X 0x%X 0x%X ", what,
			  (unsigned)(v >> 24 & 0xff), (unsigned)(v >> 16 & 0xff),
			  (unsigned)(v >> 8 & 0xff), (unsigned)(v & 0xff));
}

static void p1_attrs(struct ike *k, const struct ike_sa *sa, const struct p1_seen *s)
{
	const struct cipher_info *c = cipher_by_ike(s->cipher, s->bits);
	const struct hash_info *h = hash_by_ike(s->hash);

	act_debug(k, sa, "      encryption %s", c ? c->name : "unknown");
	if (s->bits)
		act_debug(k, sa, "      keylength of %u", s->bits);
	act_debug(k, sa, "      hash %s", h ? h->name : "unknown");
	act_debug(k, sa, "      default group %u", s->group);
	act_debug(k, sa, "      auth %s",
		  s->auth == IKE_AUTH_PSK     ? "pre-share" :
		  s->auth == IKE_AUTH_RSA_SIG ? "RSA sig" :
		  s->auth == IKE_AUTH_RSA_ENC ? "RSA encr" :
						"unknown");
	if (s->life_sec) {
		act_debug(k, sa, "      life type in seconds");
		life(k, sa, "", s->life_sec);
	}
}

static void p1_verdict(struct ike *k, const struct ike_sa *sa, unsigned d, unsigned next)
{
	static const struct {
		unsigned bit;
		const char *text;
	} rows[] = {
		{ P1_CIPHER_DIFFERS, "Encryption algorithm offered does not match policy!" },
		{ P1_BITS_DIFFER, "Proposed key length does not match policy" },
		{ P1_HASH_DIFFERS, "Hash algorithm offered does not match policy!" },
		{ P1_GROUP_DIFFERS, "Diffie-Hellman group offered does not match policy!" },
		{ P1_AUTH_DIFFERS, "Authentication method offered does not match policy!" },
		{ P1_ODD, "unknown attribute offered!" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (d & rows[i].bit) {
			act_debug(k, sa, "%s", rows[i].text); /* IOS stops at the first, too */
			break;
		}
	act_debug(k, sa, "atts are %sacceptable. Next payload is %u", d ? "not " : "", next);
}

void trace_p1(struct ike *k, const struct ike_sa *sa, struct span sa_body)
{
	struct ike_proposal p;
	struct ike_transform t;

	for (size_t i = 0; !off(k) && i < k->cfg.n_p1; i++) {
		const struct p1_policy *policy = &k->cfg.p1[i];
		struct rd r;

		if (!p1_usable(policy) || !ike_sa_decode(sa_body, &r))
			continue;
		while (ike_proposal_next(&r, &p))
			while (ike_transform_next(&p, &t)) {
				struct p1_seen s = p1_read(t.attrs);
				unsigned d = p1_compare(&s, policy);

				act_debug(k, sa,
					  "Checking ISAKMP transform %u against priority %u policy",
					  t.number, policy->priority);
				p1_attrs(k, sa, &s);
				p1_verdict(k, sa, d, t.whole.p[0]);
				if (!d)
					return;
			}
	}
}

static void p2_attrs(struct ike *k, const struct ike_sa *sa, const struct p2_seen *s)
{
	const struct auth_info *a = s->auth ? auth_by_attr(s->auth) : NULL;
	bool udp;
	uint8_t mode = p2_encap_mode(s->encap ? s->encap : MODE_TUNNEL, &udp);

	act_debug(k, sa, "   attributes in transform:");
	act_debug(k, sa, "      encaps is %u (%s%s)", s->encap,
		  mode == MODE_TUNNEL	 ? "Tunnel" :
		  mode == MODE_TRANSPORT ? "Transport" :
					   "unknown",
		  udp ? "-UDP" : "");
	if (s->life_sec) {
		act_debug(k, sa, "      SA life type in seconds");
		life(k, sa, "SA ", s->life_sec);
	}
	if (s->life_kb) {
		act_debug(k, sa, "      SA life type in kilobytes");
		life(k, sa, "SA ", s->life_kb);
	}
	if (s->group)
		act_debug(k, sa, "      group is %u", s->group);
	if (a)
		act_debug(k, sa, "      authenticator is HMAC-%s", hash_info(a->hash)->name);
	if (s->bits)
		act_debug(k, sa, "      key length is %u", s->bits);
}

void trace_p2(struct ike *k, const struct ike_sa *sa, struct span sa_body, bool accepted)
{
	struct ike_proposal p;
	struct ike_transform t;
	struct rd r;

	if (off(k) || !ike_sa_decode(sa_body, &r))
		return;
	while (ike_proposal_next(&r, &p)) {
		act_debug(k, sa, "Checking IPSec proposal %u", p.number);
		while (ike_transform_next(&p, &t)) {
			struct p2_seen s = p2_read(t.attrs);
			const struct cipher_info *c = cipher_by_esp(t.id, s.bits);

			act_debug(k, sa, "transform %u, %s", t.number,
				  p.proto != 3		     ? "AH" :
				  c && c->id == CIPHER_DES   ? "ESP_DES" :
				  c && c->id == CIPHER_3DES  ? "ESP_3DES" :
				  c && c->id == CIPHER_NULL  ? "ESP_NULL" :
				  c			     ? "ESP_AES " :
							       "unknown");
			p2_attrs(k, sa, &s);
		}
	}
	act_debug(k, sa, accepted ? "atts are acceptable." : "IPSec policy invalidated proposal");
}

void trace_payloads(struct ike *k, const struct ike_sa *sa, const struct ike_payloads *pl,
		    uint32_t msgid)
{
	for (size_t i = 0; !off(k) && i < pl->n; i++) {
		unsigned type = pl->v[i].type;

		if (type == PL_VID)
			act_debug(k, sa, "processing vendor id payload");
		else if (type == PL_NATD || type == PL_NATOA)
			act_debug(k, sa, "received payload type %u", type);
		else
			act_debug(k, sa, "processing %s payload. message ID = %u",
				  ike_payload_name(type), msgid);
	}
}
