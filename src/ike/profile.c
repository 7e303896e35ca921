/* SPDX-License-Identifier: Apache-2.0 */
/* ISAKMP profiles: which one is for a peer is told by his identity (RFC 2407 section
 * 4.6.2), which a responder in main mode learns last. By then a key was used; if it is
 * none of the profile's keyrings, the peer has proved to be somebody else's. */
#include "ike/phase1.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

const struct ike_profile *profile_named(const struct ike *k, const char *name)
{
	for (size_t i = 0; name[0] && i < k->cfg.n_profiles; i++)
		if (!strcmp(k->cfg.profiles[i].name, name))
			return &k->cfg.profiles[i];
	return NULL;
}

const struct ike_profile *profile_of(const struct ike_sa *sa)
{
	return profile_named(sa->k, sa->profile);
}

void profile_set(struct ike_sa *sa, const char *name)
{
	snprintf(sa->profile, sizeof(sa->profile), "%s", name);
}

bool profile_suits(const struct ike_sa *sa, const struct p2_policy *p)
{
	return !p->profile[0] || !strcmp(p->profile, sa->profile);
}

/* ---- matching ---- */

static bool same_text(struct span s, const char *text)
{
	return s.len == strlen(text) && !strncasecmp((const char *)s.p, text, s.len);
}

/* `example.net` for `a.example.net` and itself, not for `badexample.net`. */
static bool in_domain(struct span host, const char *domain)
{
	size_t n = strlen(domain);

	if (!n || host.len < n)
		return false;
	return same_text(span_of(host.p + (host.len - n), n), domain) &&
	       (host.len == n || host.p[host.len - n - 1] == '.');
}

/* USER@DOMAIN at its last @; false if there is none. */
static bool split_user(struct span id, struct span *ret_user, struct span *ret_domain)
{
	for (size_t i = id.len; i-- > 0;) {
		if (id.p[i] != '@')
			continue;
		*ret_user = span_of(id.p, i);
		*ret_domain = span_of(id.p + i + 1, id.len - i - 1);
		return true;
	}
	return false;
}

static unsigned domain_weight(const char *domain)
{
	size_t n = strlen(domain);

	return n < 90 ? 10 + (unsigned)n : 100;
}

/* How narrowly the statement names the identity, from 1; 0: not at all. */
static unsigned match_weight(const struct ike *k, const struct profile_match *m,
			     const struct ike_id *id, struct span cert)
{
	struct span user, domain;
	bool is_user = id->type == ID_USER_FQDN;

	switch ((enum profile_match_kind)m->kind) {
	case MATCH_ADDRESS: {
		struct ipaddr a;

		if (!ike_id_addr(id, &a) || !ipaddr_in(&a, &m->addr, m->mask_len))
			return 0;
		return 1u + m->mask_len * 192u / ip_bits(a.family);
	}
	case MATCH_HOST:
		return id->type == ID_FQDN && same_text(id->data, m->name) ? 200 : 0;
	case MATCH_HOST_DOMAIN:
		return id->type == ID_FQDN && in_domain(id->data, m->name) ? domain_weight(m->name) : 0;
	case MATCH_USER:
		if (is_user && same_text(id->data, m->name))
			return 200;
		return is_user && split_user(id->data, &user, &domain) && same_text(user, m->name) ? 150 :
												     0;
	case MATCH_USER_DOMAIN:
		return is_user && split_user(id->data, &user, &domain) && in_domain(domain, m->name) ?
			       domain_weight(m->name) :
			       0;
	case MATCH_GROUP:
		return id->type == ID_KEY_ID && same_text(id->data, m->name) ? 200 : 0;
	case MATCH_CERTIFICATE:
		return cert.len && k->env.match_cert && k->env.match_cert(k->env.ctx, cert, m->name) ? 160 :
													0;
	case MATCH_NONE:
		break;
	}
	return 0;
}

static unsigned profile_weight(const struct ike *k, const struct ike_profile *p,
			       const struct ipaddr *local, const struct ike_id *id, struct span cert)
{
	unsigned best = 0;

	if (p->local.family && !ipaddr_equal(&p->local, local))
		return 0;
	for (size_t i = 0; i < p->n_matches; i++) {
		unsigned w = match_weight(k, &p->matches[i], id, cert);

		if (w > best)
			best = w;
	}
	return best;
}

const struct ike_profile *profile_for_id(const struct ike *k, const struct ipaddr *local,
					 const struct ike_id *id, struct span cert)
{
	const struct ike_profile *best = NULL;
	unsigned weight = 0;

	for (size_t i = 0; i < k->cfg.n_profiles; i++) {
		unsigned w = profile_weight(k, &k->cfg.profiles[i], local, id, cert);

		if (w > weight) { /* of equal ones the first */
			weight = w;
			best = &k->cfg.profiles[i];
		}
	}
	return best;
}

/* The peer's own certificate stands first (RFC 2408 section 3.9: encoding 4). */
static struct span leaf_of(const struct ike_payloads *pl)
{
	const struct ike_payload *cert = pl ? ike_payload_find(pl, PL_CERT, 0) : NULL;

	if (!cert || cert->body.len < 2 || cert->body.p[0] != 4)
		return (struct span){ 0 };
	return span_of(cert->body.p + 1, cert->body.len - 1);
}

const struct ike_profile *profile_candidate(const struct ike_sa *sa, const struct ike_id *id,
					    const struct ike_payloads *pl)
{
	if (sa->initiator || !sa->k->cfg.n_profiles)
		return profile_of(sa);
	return profile_for_id(sa->k, &sa->path.local, id, leaf_of(pl));
}

/* ---- judging ---- */

const char *keyring_name(const struct ike *k, const struct psk_entry *e)
{
	return !e || !e->keyring || e->keyring > k->cfg.n_keyrings ? "default" :
								     k->cfg.keyrings[e->keyring - 1];
}

/* What to type in a profile so that it is for this identity; a name in a certificate is no
 * identity to match. */
static const char *statement(const struct ike_id *id, char buf[AUTH_ID_TEXT + 32])
{
	char name[AUTH_ID_TEXT];
	const char *kind = id->type == ID_IPV4	    ? "address" :
			   id->type == ID_IPV6	    ? "address ipv6" :
			   id->type == ID_FQDN	    ? "host" :
			   id->type == ID_USER_FQDN ? "user" :
			   id->type == ID_KEY_ID    ? "group" :
						      NULL;

	if (kind)
		snprintf(buf, AUTH_ID_TEXT + 32, "match identity %s %s%s", kind, auth_id_text(id, name),
			 id->type == ID_IPV6 ? "/128" : "");
	else
		snprintf(buf, AUTH_ID_TEXT + 32, "match certificate MAP");
	return buf;
}

void profile_missed(const struct ike_sa *sa, const struct p2_policy *p, char *buf, size_t cap)
{
	char name[AUTH_ID_TEXT], type[AUTH_ID_TEXT + 32];
	struct ike_id id;

	if (!profile_named(sa->k, p->profile))
		snprintf(buf, cap,
			 "crypto map %s %u wants isakmp profile %s, and there is none of that name or it "
			 "matches nobody (to type: crypto isakmp profile %s)",
			 p->map, p->seq, p->profile, p->profile);
	else if (sa->profile[0])
		snprintf(buf, cap, "crypto map %s %u wants isakmp profile %s and phase 1 is of profile %s",
			 p->map, p->seq, p->profile, sa->profile);
	else if (ike_id_decode(sa->peer_id, &id))
		snprintf(buf, cap,
			 "crypto map %s %u wants isakmp profile %s and phase 1 is of none: no statement "
			 "matches the peer's identity %s (to type in it: %s)",
			 p->map, p->seq, p->profile, auth_id_text(&id, name), statement(&id, type));
	else
		snprintf(buf, cap, "crypto map %s %u wants isakmp profile %s and phase 1 is of none", p->map,
			 p->seq, p->profile);
}

static int refuse(struct ike_sa *sa, const char *why)
{
	char addr[IPADDR_STRLEN];

	sa_story(sa, "%s", why);
	act_log(sa->k, &sa->path.remote, "CRYPTO-6-IKMP_MODE_FAILURE", "Processing of %s mode failed with peer at %s: %s",
		sa->aggressive ? "Aggressive" : "Main", ipaddr_ios(&sa->path.remote, addr), why);
	return -EPERM;
}

/* What the initiator's profile is for is no news: is he that one? */
static int judge_answer(struct ike_sa *sa, const struct ike_profile *p, const struct ike_id *id,
			struct span cert)
{
	char name[AUTH_ID_TEXT], type[AUTH_ID_TEXT + 32], why[400];

	if (!p)
		return 0;
	if (profile_weight(sa->k, p, &sa->path.local, id, cert)) {
		act_debug(sa->k, sa, "peer matches %s profile", p->name);
		return 0;
	}
	act_debug_error(sa->k, sa, "peer does not match %s profile", p->name);
	snprintf(why, sizeof(why),
		 "the peer's identity %s matches no statement of isakmp profile %s (to type in it: %s)",
		 auth_id_text(id, name), p->name, statement(id, type));
	return refuse(sa, why);
}

/* He knows the key that was used: it must be one of his profile. In aggressive mode that has
 * chosen it, unless the configuration has changed meanwhile. */
static int judge_key(struct ike_sa *sa, const struct ike_profile *p, const struct ike_id *id,
		     struct span id_body)
{
	struct ike *k = sa->k;
	const struct psk_entry *own = psk_find(k, p, &sa->path.local, &sa->path.remote);
	const struct psk_entry *used = psk_for(k, &sa->path.local, &sa->path.remote);
	char name[AUTH_ID_TEXT], ring[IOS_NAME_MAX + 64], why[400];

	if (sa->aggressive)
		own = psk_for_id(k, p, &sa->path, id_body);
	if (psk_was_used(sa, own))
		return 0;
	act_debug(k, sa, "Key not found in keyrings of profile %s, aborting exchange", p->name);
	snprintf(ring, sizeof(ring), "the key of keyring %s was used for its address", keyring_name(k, used));
	snprintf(why, sizeof(why),
		 "%s, %s its identity %s is of isakmp profile %s, whose keyrings have %s for that address",
		 psk_was_used(sa, used) ? ring :
					  "the key that was used for its address is another one by now",
		 psk_was_used(sa, used) ? "but" : "and", auth_id_text(id, name), p->name,
		 own ? "another key" : "no key");
	return refuse(sa, why);
}

int profile_judge(struct ike_sa *sa, struct span id_body, const struct ike_payloads *pl)
{
	struct ike *k = sa->k;
	/* beside a hash a certificate proves nothing: anybody may have put it there */
	struct span cert = sa->agreed.auth == IKE_AUTH_RSA_SIG ? leaf_of(pl) : (struct span){ 0 };
	const struct ike_profile *p;
	struct ike_id id;

	if (!k->cfg.n_profiles && !sa->profile[0])
		return 0;
	if (!ike_id_decode(id_body, &id))
		return -EBADMSG;
	if (sa->initiator)
		return judge_answer(sa, profile_of(sa), &id, cert);
	p = profile_for_id(k, &sa->path.local, &id, cert);
	if (!p) {
		act_debug(k, sa, "peer matches *none* of the profiles");
		sa->profile[0] = '\0';
		return 0;
	}
	act_debug(k, sa, "peer matches %s profile", p->name);
	if (sa->agreed.auth == IKE_AUTH_PSK) {
		int err = judge_key(sa, p, &id, id_body);

		if (err)
			return err;
	}
	profile_set(sa, p->name);
	return 0;
}

bool profile_stands(const struct ike_sa *sa)
{
	return !sa->profile[0] || profile_of(sa);
}

/* ---- liveness ---- */

uint32_t profile_keepalive_sec(const struct ike_sa *sa)
{
	const struct ike_profile *p = profile_of(sa);

	return p && p->keepalive_sec ? p->keepalive_sec : sa->k->cfg.keepalive_sec;
}

uint32_t profile_retry_sec(const struct ike_sa *sa)
{
	const struct ike_profile *p = profile_of(sa);
	uint32_t sec = p && p->keepalive_sec ? p->keepalive_retry_sec : sa->k->cfg.keepalive_retry_sec;

	return sec ? sec : 2;
}

uint32_t profile_pair_keepalive_sec(const struct pair *p)
{
	struct ike *k = p->k;
	const struct peer peer = peer_of_pair(p);
	const struct ike_sa *sa = k->cfg.n_profiles ? sa_up_of(k, NULL, &peer) : NULL;
	const struct ike_profile *own = profile_named(k, p->policy.profile);

	if (sa && !own)
		return profile_keepalive_sec(sa);
	return own && own->keepalive_sec ? own->keepalive_sec : k->cfg.keepalive_sec;
}
