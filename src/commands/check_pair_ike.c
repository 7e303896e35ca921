/* SPDX-License-Identifier: Apache-2.0 */
/* Two ends beside each other: phase 1. */
#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "commands/check_pair_parts.h"

#define POLICY_WORDS 96

static void policy_words(const struct p1_policy *p, char out[POLICY_WORDS])
{
	static const char *const hashes[] = { [HASH_MD5] = "md5", [HASH_SHA1] = "sha", [HASH_SHA256] = "sha256",
					      [HASH_SHA384] = "sha384", [HASH_SHA512] = "sha512" };
	static const char *const auths[] = { [IKE_AUTH_PSK] = "pre-share", [IKE_AUTH_RSA_SIG] = "rsa-sig",
					     [IKE_AUTH_RSA_ENC] = "rsa-encr" };
	char cipher[16];

	snprintf(cipher, sizeof(cipher), p->cipher == CIPHER_DES ? "des" : p->cipher == CIPHER_3DES ? "3des" : "aes %u",
		 p->cipher_bits);
	snprintf(out, POLICY_WORDS, "encr %s, hash %s, authentication %s, group %u", cipher,
		 p->hash < sizeof(hashes) / sizeof(hashes[0]) && hashes[p->hash] ? hashes[p->hash] : "?",
		 p->auth < sizeof(auths) / sizeof(auths[0]) && auths[p->auth] ? auths[p->auth] : "?", p->group);
}

static unsigned differences(const struct p1_policy *a, const struct p1_policy *b)
{
	unsigned n = a->cipher != b->cipher || a->cipher_bits != b->cipher_bits;

	n += a->hash != b->hash;
	n += a->auth != b->auth;
	return n + (a->group != b->group);
}

/* ---- which policies a side has ---- */

static size_t n_policies(const struct config *c)
{
	const struct cfg_isakmp *k = &c->isakmp;

	return (k->policies.n ? k->policies.n : k->default_policy ? P1_N_DEFAULTS : 0) + k->legacy_default_policy;
}

static const struct p1_policy *policy(const struct config *c, size_t i)
{
	const struct cfg_isakmp *k = &c->isakmp;

	if (i < k->policies.n)
		return &k->policies.v[i]->p;
	return !k->policies.n && k->default_policy && i < P1_N_DEFAULTS ? &p1_defaults[i] : &p1_legacy;
}

/* ---- keys ---- */

static void better_key(const struct cfg_key *k, const struct ipaddr *peer, const struct cfg_key **best, int *best_len)
{
	int len = ipaddr_mask_len(&k->mask);

	if (k->addr.family == peer->family && len > *best_len && ipaddr_in(peer, &k->addr, (unsigned)len)) {
		*best = k;
		*best_len = len;
	}
}

static bool is_keyring_of(const struct config *c, const char *profile, const char *ring)
{
	const struct cfg_isakmp_profile *p = profile[0] ? keys_find_profile(&c->keys, profile) : NULL;

	if (!p || !p->n_keyrings)
		return !profile[0];
	for (size_t i = 0; i < p->n_keyrings; i++)
		if (!strcmp(p->keyrings[i], ring))
			return true;
	return false;
}

/* The key of a side for that peer; the longest mask wins. With a profile that names keyrings only these count. */
static const struct cfg_key *key_for(const struct config *c, const char *profile, const struct ipaddr *peer)
{
	const struct cfg_isakmp_profile *p = profile[0] ? keys_find_profile(&c->keys, profile) : NULL;
	bool global = !p || !p->n_keyrings || is_keyring_of(c, profile, "default");
	const struct cfg_key *best = NULL;
	int len = -1;

	for (size_t i = 0; global && i < c->isakmp.keys.n; i++)
		better_key(c->isakmp.keys.v[i], peer, &best, &len);
	for (size_t i = 0; i < c->keys.n_keyrings; i++) {
		const struct cfg_keyring *ring = c->keys.keyrings[i];

		if (!is_keyring_of(c, profile, ring->name) || (best && !profile[0]))
			continue;
		for (size_t n = 0; n < ring->n; n++)
			better_key(ring->keys[n], peer, &best, &len);
	}
	return best;
}

static void check_key(struct pair *p, const struct pair_link *const link[2])
{
	const struct cfg_key *k[2];
	char fix[160], buf[IPADDR_STRLEN];

	for (unsigned s = 0; s < 2; s++) {
		k[s] = key_for(p->side[s].c, link[s]->profile, &p->end[!s]);
		if (k[s])
			continue;
		snprintf(fix, sizeof(fix), "crypto isakmp key KEY address %s", ipaddr_ios(&p->end[!s], buf));
		pair_wrong(p, s, BY_BOTH, link[s]->object, fix, "there is no pre-shared key for the other end.");
	}
	if (!k[0] || !k[1])
		return;
	if (!k[0]->key[0] || !k[1]->key[0])
		report_object(p->r, REPORT_NOTE, link[0]->object, NULL,
			      "a key of type 6 cannot be compared without its master key.");
	else if (!secret_equal(k[0]->key, k[1]->key, sizeof(k[0]->key)))
		pair_wrong(p, 1, BY_BOTH, link[1]->object, "the same crypto isakmp key at both ends",
			   "the two pre-shared keys differ: phase 1 stays in MM_KEY_EXCH.");
}

/* ---- policies ---- */

/* What the other side answers when side i begins: the first of its own that is among what was offered, and the offer.
 * NULL: none. */
static const struct p1_policy *chosen(const struct pair *p, unsigned i, const struct p1_policy **ret_offer)
{
	const struct config *asks = p->side[i].c, *answers = p->side[!i].c;

	for (size_t k = 0; k < n_policies(answers); k++)
		for (size_t n = 0; n < n_policies(asks); n++) {
			const struct p1_policy *mine = policy(answers, k), *offer = policy(asks, n);

			if (differences(mine, offer) || (answers->isakmp.lifetime_strict && offer->life_sec < mine->life_sec))
				continue;
			*ret_offer = offer;
			return mine;
		}
	return NULL;
}

/* Of both sides' policies the two that differ least. */
static void nearest(const struct pair *p, const struct p1_policy *ret[2])
{
	unsigned least = 99;

	for (size_t i = 0; i < n_policies(p->side[0].c); i++)
		for (size_t k = 0; k < n_policies(p->side[1].c); k++) {
			const struct p1_policy *a = policy(p->side[0].c, i), *b = policy(p->side[1].c, k);

			if (differences(a, b) < least) {
				least = differences(a, b);
				ret[0] = a;
				ret[1] = b;
			}
		}
}

static void no_policy(struct pair *p, unsigned by)
{
	const struct p1_policy *near[2] = { NULL };
	char one[POLICY_WORDS], two[POLICY_WORDS];

	for (unsigned s = 0; s < 2; s++)
		if (!n_policies(p->side[s].c)) {
			pair_wrong(p, s, by, "crypto isakmp policy", "crypto isakmp policy 10", "there is none.");
			return;
		}
	nearest(p, near);
	policy_words(near[0], one);
	policy_words(near[1], two);
	if (!differences(near[0], near[1]))
		pair_wrong(p, by == BY_A, by, "crypto isakmp lifetime strict", "no crypto isakmp lifetime strict",
			   "the policies differ in their lifetimes (%u and %u seconds), and a shorter one is refused.",
			   near[0]->life_sec, near[1]->life_sec);
	else
		pair_wrong(p, 1, by, "crypto isakmp policy", one,
			   "no policy of one end is one of the other's; the nearest are %u of %s (%s) and %u (%s).",
			   near[0]->priority, p->side[0].name, one, near[1]->priority, two);
}

static void tell_policy(struct pair *p, unsigned i, const struct p1_policy *offer, const struct p1_policy *mine, bool both)
{
	const struct p1_policy *a = i ? mine : offer, *b = i ? offer : mine;
	char words[POLICY_WORDS], who[80] = "";

	policy_words(mine, words);
	if (!both)
		snprintf(who, sizeof(who), ", when %.40s begins", p->side[i].name);
	txt_printf(p->said, "  phase 1%s: policy %u of %s and %u of %s: %s, lifetime %u\n", who, a->priority, p->side[0].name,
		   b->priority, p->side[1].name, words, a->life_sec < b->life_sec ? a->life_sec : b->life_sec);
	if (a->life_sec != b->life_sec)
		report_object(p->r, REPORT_NOTE, "crypto isakmp policy", NULL,
			      "the lifetimes differ (%u and %u seconds): the shorter one is used.", a->life_sec, b->life_sec);
}

/* ---- what else phase 1 asks for ---- */

static bool begins_aggressively(const struct config *c, const char *profile, const struct ipaddr *peer)
{
	const struct cfg_isakmp_peer *own = config_find_isakmp_peer(c, peer, "", "");
	const struct cfg_isakmp_profile *p = profile[0] ? keys_find_profile(&c->keys, profile) : NULL;

	return !c->isakmp.aggressive_disable && ((own && own->endpoint) || (p && p->aggressive));
}

static void check_ways(struct pair *p, const struct pair_link *const link[2])
{
	for (unsigned s = 0; s < 2; s++) {
		if (!p->side[s].c->isakmp.enable)
			pair_wrong(p, s, BY_BOTH, "crypto isakmp enable", "crypto isakmp enable", "IKE is off.");
		if (begins_aggressively(p->side[s].c, link[s]->profile, &p->end[!s]) && p->side[!s].c->isakmp.aggressive_disable)
			pair_wrong(p, !s, s ? BY_B : BY_A, "crypto isakmp aggressive-mode",
				   "no crypto isakmp aggressive-mode disable",
				   "%s begins in aggressive mode, which is not answered.", p->side[s].name);
	}
}

void pair_check_phase1(struct pair *p, const struct pair_link *a, const struct pair_link *b)
{
	const struct pair_link *const link[2] = { a, b };
	const struct p1_policy *offer[2] = { NULL }, *mine[2];
	unsigned none = 0;
	bool same, psk = false;

	check_ways(p, link);
	for (unsigned i = 0; i < 2; i++) {
		mine[i] = chosen(p, i, &offer[i]);
		if (!mine[i])
			none |= i ? BY_B : BY_A;
	}
	if (none)
		no_policy(p, none);
	same = mine[0] && mine[1] && mine[0] == offer[1] && mine[1] == offer[0];
	for (unsigned i = 0; i < (same ? 1u : 2u); i++) {
		if (!mine[i])
			continue;
		tell_policy(p, i, offer[i], mine[i], same);
		psk |= mine[i]->auth == IKE_AUTH_PSK;
		if (mine[i]->auth != IKE_AUTH_PSK)
			report_object(p->r, REPORT_NOTE, "crypto isakmp policy", NULL,
				      "the ends know each other by their RSA keys: whether each trusts the other's is not looked at.");
	}
	if (psk)
		check_key(p, link);
}
