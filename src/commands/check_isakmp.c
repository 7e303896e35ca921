/* SPDX-License-Identifier: Apache-2.0 */
/* Phase 1: policies, keys, keyrings, profiles, aggressive mode. */
#include "commands/check_parts.h"

#include <stdio.h>
#include <string.h>

/* RFC 8247 section 2.4: too short, and the one of unknown origin. */
bool check_group_is_weak(unsigned group)
{
	return group == 1 || group == 2 || group == 5 || group == 24;
}

static bool has_certificate(const struct cfg_pki *p)
{
	for (size_t i = 0; i < p->n_chains; i++)
		for (size_t k = 0; k < p->chains[i]->n; k++)
			if (p->chains[i]->certs[k]->kind != CERT_CA)
				return true;
	return false;
}

static void check_policies(const struct config *c, struct report *r)
{
	char obj[CHECK_NAME_LEN], number[16];

	for (size_t i = 0; i < c->isakmp.policies.n; i++) {
		const struct p1_policy *p = &c->isakmp.policies.v[i]->p;

		snprintf(number, sizeof(number), "%u", p->priority);
		check_object_name(obj, "crypto isakmp policy", number);
		if (p->cipher == CIPHER_DES || p->cipher == CIPHER_3DES)
			report_object(r, REPORT_WARNING, obj, "encryption aes 256",
				      "%s is weak.", p->cipher == CIPHER_DES ? "DES" : "3DES");
		if (p->hash == HASH_MD5)
			report_object(r, REPORT_WARNING, obj, "hash sha256", "MD5 is weak.");
		if (check_group_is_weak(p->group))
			report_object(r, REPORT_WARNING, obj, "group 14",
				      "Diffie-Hellman group %u is weak.", p->group);
		if (p->auth == IKE_AUTH_RSA_SIG && !has_certificate(&c->pki) && !c->pki.pubkeys.n)
			report_object(r, REPORT_ERROR, obj, "authentication pre-share",
				      "authentication rsa-sig needs a trustpoint with a certificate of "
				      "this router, so the policy is never offered.");
		else if (p->auth == IKE_AUTH_RSA_ENC && !c->pki.pubkeys.n)
			report_object(r, REPORT_ERROR, obj, "crypto key pubkey-chain rsa",
				      "authentication rsa-encr needs public keys of the peers, so the "
				      "policy is never offered.");
	}
}

/* What holds for any pre-shared key. */
static void check_key_text(struct report *r, const char *obj, const char *key, uint8_t type,
			   const char *fix)
{
	unsigned bits = key_strength_bits(key);

	if (type == 6 && !key[0])
		report_object(r, REPORT_ERROR, obj, fix,
			      "a type 6 key needs the master key of the router that wrote it (key config-key "
			      "password-encrypt); without it the key is not used.");
	else if (bits < KEY_WEAK_BITS)
		report_object(r, REPORT_WARNING, obj, NULL,
			      "the key is weak (about %u bits at most): who stands between the peers once "
			      "can guess it at leisure.",
			      bits);
}

static void check_keys(const struct config *c, struct report *r)
{
	for (size_t i = 0; i < c->isakmp.keys.n; i++) {
		const struct cfg_key *k = c->isakmp.keys.v[i];
		char buf[IPADDR_STRLEN], obj[CHECK_NAME_LEN];

		check_object_name(obj, "crypto isakmp key for",
			    k->addr.family ? ipaddr_ios(&k->addr, buf) : k->host);
		check_key_text(r, obj, k->key, k->type, "crypto isakmp key KEY address A.B.C.D (in clear)");
		if (k->addr.family && ipaddr_mask_len(&k->mask) == 0)
			report_object(r, REPORT_WARNING, obj, NULL,
				      "the key is accepted from every address.");
		if (!k->addr.family && c->isakmp.aggressive_disable) {
			report_object(r, REPORT_WARNING, obj, NULL,
				      "main mode finds keys by address; a key by host name is used "
				      "in aggressive mode only, which is disabled.");
			report_fix(r, "no crypto isakmp key KEY hostname %s, crypto isakmp key KEY address A.B.C.D", k->host);
		}
	}
}

static void check_keyrings(const struct config *c, struct report *r)
{
	for (size_t i = 0; i < c->keys.n_keyrings; i++) {
		const struct cfg_keyring *ring = c->keys.keyrings[i];
		char buf[IPADDR_STRLEN], obj[CHECK_NAME_LEN + 8];

		for (size_t n = 0; n < ring->n; n++) {
			const struct cfg_key *k = ring->keys[n];

			snprintf(obj, sizeof(obj), "crypto keyring %s: pre-shared-key for %s", ring->name,
				 k->addr.family ? ipaddr_ios(&k->addr, buf) : k->host);
			check_key_text(r, obj, k->key, k->type,
				       "pre-shared-key address A.B.C.D key KEY (in clear)");
			if (k->addr.family && ipaddr_mask_len(&k->mask) == 0)
				report_object(r, REPORT_WARNING, obj, NULL,
					      "the key is accepted from every address.");
		}
	}
}

static bool has_cert_map(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->pki.n_maps; i++)
		if (!strcmp(c->pki.maps[i]->name, name))
			return true;
	return false;
}

static void check_profiles(const struct config *c, struct report *r)
{
	for (size_t i = 0; i < c->keys.n_profiles; i++) {
		const struct cfg_isakmp_profile *p = c->keys.profiles[i];
		char obj[CHECK_NAME_LEN];

		check_object_name(obj, "crypto isakmp profile", p->name);
		if (!p->n_matches)
			report_object(r, REPORT_ERROR, obj, "match identity address A.B.C.D",
				      "the profile has no match statement and is not used.");
		for (size_t k = 0; k < p->n_keyrings; k++)
			if (strcmp(p->keyrings[k], "default") != 0 &&
			    !keys_find_ring(&c->keys, p->keyrings[k])) {
				report_object(r, REPORT_ERROR, obj, NULL, "keyring %s does not exist.", p->keyrings[k]);
				report_fix(r, "crypto keyring %s", p->keyrings[k]);
			}
		for (size_t k = 0; k < p->n_matches; k++)
			if (p->matches[k].kind == MATCH_CERTIFICATE && !has_cert_map(c, p->matches[k].name)) {
				report_object(r, REPORT_ERROR, obj, NULL, "certificate map %s does not exist.",
					      p->matches[k].name);
				report_fix(r, "crypto pki certificate map %s 10", p->matches[k].name);
			}
		if (p->aggressive && c->isakmp.aggressive_disable)
			report_object(r, REPORT_ERROR, obj, "no crypto isakmp aggressive-mode disable",
				      "it is to initiate aggressive mode, which is disabled.");
		for (size_t k = 0; k < p->n_trust; k++)
			if (!pki_find_trustpoint(&c->pki, p->trust[k])) {
				report_object(r, REPORT_ERROR, obj, NULL, "trustpoint %s does not exist.", p->trust[k]);
				report_fix(r, "crypto pki trustpoint %s", p->trust[k]);
			}
	}
}

void check_profile_use(const struct config *c, const char *obj, const char *profile, struct report *r)
{
	if (!profile[0] || keys_find_profile(&c->keys, profile))
		return;
	report_object(r, REPORT_ERROR, obj, NULL, "isakmp profile %s does not exist: nothing is negotiated.", profile);
	report_fix(r, "crypto isakmp profile %s", profile);
}

static bool is_key_for(const struct cfg_key *k, const struct ipaddr *peer)
{
	int len;

	/* most keys are another host's, and are asked for each peer */
	for (size_t i = 0; i < sizeof(peer->b); i++)
		if ((peer->b[i] ^ k->addr.b[i]) & k->mask.b[i])
			return false;
	len = ipaddr_mask_len(&k->mask);
	return k->addr.family && k->key[0] && len >= 0 && ipaddr_in(peer, &k->addr, (unsigned)len);
}

static bool has_key_for(const struct config *c, const struct ipaddr *peer)
{
	const struct cfg_isakmp_peer *own = config_find_isakmp_peer(c, peer, "", "");

	if (own && own->endpoint && own->key[0])
		return true;
	for (size_t i = 0; i < c->isakmp.keys.n; i++)
		if (is_key_for(c->isakmp.keys.v[i], peer))
			return true;
	for (size_t i = 0; i < c->keys.n_keyrings; i++) /* by name: who uses it has an identity */
		for (size_t n = 0; n < c->keys.keyrings[i]->n; n++)
			if (is_key_for(c->keys.keyrings[i]->keys[n], peer) ||
			    c->keys.keyrings[i]->keys[n]->host[0])
				return true;
	return false;
}

bool check_lacks_key(const struct config *c, const struct ipaddr *peer)
{
	return !has_certificate(&c->pki) && !c->pki.pubkeys.n && !has_key_for(c, peer);
}

void check_no_key(const char *obj, const struct ipaddr *peer, const char *text, struct report *r)
{
	char buf[IPADDR_STRLEN];

	report_object(r, REPORT_ERROR, obj, NULL, "%s", text);
	report_fix(r, "crypto isakmp key KEY address %s%s", peer->family == IP_V6 ? "ipv6 " : "", ipaddr_ios(peer, buf));
}

/* What keeps aggressive mode with that peer from being used; NULL: nothing. */
static const char *unusable_peer(const struct config *c, const struct cfg_isakmp_peer *p,
				 const char **ret_fix)
{
	*ret_fix = NULL;
	if (!p->addr.family) {
		*ret_fix = "crypto isakmp peer address A.B.C.D";
		return "peers are found by address; a peer by host name is not used.";
	}
	if (p->vrf[0])
		return "there are no VRFs; the peer is not used.";
	if (p->key_type == 6 && !p->key[0]) {
		*ret_fix = "set aggressive-mode password KEY (in clear)";
		return "a type 6 key needs the master key of the router that wrote it; the peer is "
		       "not used.";
	}
	if (!p->endpoint) {
		*ret_fix = "set aggressive-mode client-endpoint fqdn NAME";
		return "without a client-endpoint phase 1 begins in main mode.";
	}
	if (c->isakmp.aggressive_disable) {
		*ret_fix = "no crypto isakmp aggressive-mode disable";
		return "aggressive mode is disabled, so nothing is negotiated with this peer.";
	}
	return has_key_for(c, &p->addr) ? NULL : "there is no pre-shared key for this peer.";
}

static void check_aggressive(const struct config *c, struct report *r)
{
	char buf[IPADDR_STRLEN], obj[CHECK_NAME_LEN];
	const char *fix;

	if (!c->isakmp.aggressive_disable)
		report_object(r, REPORT_WARNING, "crypto isakmp aggressive-mode",
			      "crypto isakmp aggressive-mode disable",
			      "aggressive mode is weak: with a pre-shared key it shows a hash by "
			      "which the key can be guessed offline.");
	for (size_t i = 0; i < c->isakmp.peers.n; i++) {
		const struct cfg_isakmp_peer *p = c->isakmp.peers.v[i];
		const char *why = unusable_peer(c, p, &fix);

		check_object_name(obj, "crypto isakmp peer",
			    p->addr.family ? ipaddr_ios(&p->addr, buf) : p->host);
		if (why)
			report_object(r, REPORT_WARNING, obj, fix, "%s", why);
		if (p->key[0])
			check_key_text(r, obj, p->key, p->key_type, NULL);
	}
}

/* IOS 12's last resort: DES, SHA, RSA signatures, group 1. */
static void check_last_resort(const struct config *c, struct report *r)
{
	if (c->isakmp.legacy_default_policy)
		report_object(r, REPORT_WARNING, "crypto legacy default-policy", "no crypto legacy default-policy",
			      "DES with group 1 is offered and accepted behind all policies; IOS XE 17.11 and later refuse it.");
}

void check_isakmp(const struct config *c, struct report *r)
{
	check_policies(c, r);
	check_last_resort(c, r);
	check_keys(c, r);
	check_keyrings(c, r);
	check_profiles(c, r);
	check_aggressive(c, r);
}
