/* SPDX-License-Identifier: Apache-2.0 */
/* Checks between objects. Each says what is wrong, with what consequence, and
 * what to type. */
#include "commands/load.h"

#include "commands/acl_place.h"

#include <stdio.h>
#include <string.h>

#include "commands/check_mtu.h"
#include "commands/check_pki.h"
#include "commands/check_protection.h"
#include "model/manual.h"
#include "model/overhead.h"

#define NAME_LEN 160
#define DEFAULT_MTU 1500

static void object_name(char out[NAME_LEN], const char *what, const char *name)
{
	snprintf(out, NAME_LEN, "%s %s", what, name);
}

/* ---- isakmp ---- */

/* RFC 8247 section 2.4: too short, and the one of unknown origin. */
static bool group_is_weak(unsigned group)
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
	char obj[NAME_LEN], number[16];

	for (size_t i = 0; i < c->isakmp.policies.n; i++) {
		const struct p1_policy *p = &c->isakmp.policies.v[i]->p;

		snprintf(number, sizeof(number), "%u", p->priority);
		object_name(obj, "crypto isakmp policy", number);
		if (p->cipher == CIPHER_DES || p->cipher == CIPHER_3DES)
			report_object(r, REPORT_WARNING, obj, "encryption aes 256",
				      "%s is weak.", p->cipher == CIPHER_DES ? "DES" : "3DES");
		if (p->hash == HASH_MD5)
			report_object(r, REPORT_WARNING, obj, "hash sha256", "MD5 is weak.");
		if (group_is_weak(p->group))
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
		char buf[IPADDR_STRLEN], obj[NAME_LEN];

		object_name(obj, "crypto isakmp key for",
			    k->addr.family ? ipaddr_str(&k->addr, buf) : k->host);
		check_key_text(r, obj, k->key, k->type, "crypto isakmp key KEY address A.B.C.D (in clear)");
		if (k->addr.family && ipaddr_to_v4(&k->mask) == 0)
			report_object(r, REPORT_WARNING, obj, NULL,
				      "the key is accepted from every address.");
		if (!k->addr.family && c->isakmp.aggressive_disable)
			report_object(r, REPORT_WARNING, obj, "crypto isakmp key KEY address A.B.C.D",
				      "main mode finds keys by address; a key by host name is used "
				      "in aggressive mode only, which is disabled.");
	}
}

static void check_keyrings(const struct config *c, struct report *r)
{
	for (size_t i = 0; i < c->keys.n_keyrings; i++) {
		const struct cfg_keyring *ring = c->keys.keyrings[i];
		char buf[IPADDR_STRLEN], obj[NAME_LEN + 8];

		for (size_t n = 0; n < ring->n; n++) {
			const struct cfg_key *k = ring->keys[n];

			snprintf(obj, sizeof(obj), "crypto keyring %s: pre-shared-key for %s", ring->name,
				 k->addr.family ? ipaddr_str(&k->addr, buf) : k->host);
			check_key_text(r, obj, k->key, k->type,
				       "pre-shared-key address A.B.C.D key KEY (in clear)");
			if (k->addr.family && ipaddr_to_v4(&k->mask) == 0)
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
		char obj[NAME_LEN];

		object_name(obj, "crypto isakmp profile", p->name);
		if (!p->n_matches)
			report_object(r, REPORT_ERROR, obj, "match identity address A.B.C.D",
				      "the profile has no match statement and is not used.");
		for (size_t k = 0; k < p->n_keyrings; k++)
			if (strcmp(p->keyrings[k], "default") != 0 &&
			    !keys_find_ring(&c->keys, p->keyrings[k]))
				report_object(r, REPORT_ERROR, obj, "crypto keyring NAME",
					      "keyring %s does not exist.", p->keyrings[k]);
		for (size_t k = 0; k < p->n_matches; k++)
			if (p->matches[k].kind == MATCH_CERTIFICATE && !has_cert_map(c, p->matches[k].name))
				report_object(r, REPORT_ERROR, obj, "crypto pki certificate map NAME 10",
					      "certificate map %s does not exist.", p->matches[k].name);
		if (p->aggressive && c->isakmp.aggressive_disable)
			report_object(r, REPORT_ERROR, obj, "no crypto isakmp aggressive-mode disable",
				      "it is to initiate aggressive mode, which is disabled.");
		for (size_t k = 0; k < p->n_trust; k++)
			if (!pki_find_trustpoint(&c->pki, p->trust[k]))
				report_object(r, REPORT_ERROR, obj, "crypto pki trustpoint NAME",
					      "trustpoint %s does not exist.", p->trust[k]);
	}
}

/* What a map entry, or all of a map, asks of phase 1. */
static void check_profile_use(const struct config *c, const char *obj, const char *profile,
			      struct report *r)
{
	if (profile[0] && !keys_find_profile(&c->keys, profile))
		report_object(r, REPORT_ERROR, obj, "crypto isakmp profile NAME",
			      "isakmp profile %s does not exist: nothing is negotiated.", profile);
}

static bool is_key_for(const struct cfg_key *k, const struct ipaddr *peer)
{
	uint32_t mask = ipaddr_to_v4(&k->mask);

	return k->addr.family && k->key[0] &&
	       (ipaddr_to_v4(&k->addr) & mask) == (ipaddr_to_v4(peer) & mask);
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
	char buf[IPADDR_STRLEN], obj[NAME_LEN];
	const char *fix;

	if (!c->isakmp.aggressive_disable)
		report_object(r, REPORT_WARNING, "crypto isakmp aggressive-mode",
			      "crypto isakmp aggressive-mode disable",
			      "aggressive mode is weak: with a pre-shared key it shows a hash by "
			      "which the key can be guessed offline.");
	for (size_t i = 0; i < c->isakmp.peers.n; i++) {
		const struct cfg_isakmp_peer *p = c->isakmp.peers.v[i];
		const char *why = unusable_peer(c, p, &fix);

		object_name(obj, "crypto isakmp peer",
			    p->addr.family ? ipaddr_str(&p->addr, buf) : p->host);
		if (why)
			report_object(r, REPORT_WARNING, obj, fix, "%s", why);
		if (p->key[0])
			check_key_text(r, obj, p->key, p->key_type, NULL);
	}
}

/* ---- transform sets ---- */

static void check_transforms(const struct config *c, struct report *r)
{
	char obj[NAME_LEN];

	for (size_t i = 0; i < c->ipsec.transforms.n; i++) {
		const struct p2_transform *t = &c->ipsec.transforms.v[i]->t;

		object_name(obj, "crypto ipsec transform-set", t->name);
		if (t->cipher == CIPHER_DES || t->cipher == CIPHER_3DES)
			report_object(r, REPORT_WARNING, obj, "use esp-aes 256 or esp-gcm 256",
				      "%s is weak.", t->cipher == CIPHER_DES ? "DES" : "3DES");
		if (t->esp_auth == AUTH_HMAC_MD5_96 || t->ah_auth == AUTH_HMAC_MD5_96)
			report_object(r, REPORT_WARNING, obj, "use esp-sha256-hmac",
				      "HMAC-MD5 is weak.");
		if (t->cipher == CIPHER_NULL)
			report_object(r, REPORT_WARNING, obj, NULL, "esp-null does not encrypt.");
		if (t->cipher > CIPHER_NULL && t->cipher <= CIPHER_AES_CBC && !t->esp_auth &&
		    !t->ah_auth)
			report_object(r, REPORT_WARNING, obj, "add esp-sha256-hmac",
				      "packets are encrypted and not authenticated.");
	}
}

/* ---- crypto maps ---- */

static void check_entry_acl(const struct config *c, const struct cfg_map_entry *e, const char *obj,
			    struct report *r)
{
	const struct cfg_acl *acl = config_find_acl(c, e->match_acl);
	size_t permits = 0, refused;

	if (!acl) {
		report_object(r, REPORT_ERROR, obj, "ip access-list extended NAME",
			      "access list %s does not exist, so nothing is protected.",
			      e->match_acl);
		return;
	}
	if (acl->kind == ACL_STANDARD)
		report_object(r, REPORT_ERROR, obj, "use an extended list",
			      "access list %s is a standard list; a crypto map needs an extended "
			      "one.", e->match_acl);
	refused = config_acl_refused(c, acl->name);
	for (size_t i = 0; i < acl->entries.n; i++) {
		const struct acl_entry *a = acl->entries.v[i];
		unsigned len;

		if (a->kind != ACE_PERMIT)
			continue;
		permits++;
		if (!acl_entry_is_plain(a))
			report_object(r, REPORT_WARNING, obj, NULL,
				      "entry %u of access list %s tests flags or header fields that "
				      "IKE cannot negotiate; they are ignored.", a->seq, acl->name);
		if (!addr_match_prefix(&a->src, &len) || !addr_match_prefix(&a->dst, &len))
			report_object(r, REPORT_ERROR, obj, "write it as subnets",
				      "entry %u of access list %s has a wildcard with holes, which "
				      "IKE cannot negotiate.", a->seq, acl->name);
		if (ipaddr_to_v4(&a->dst.addr) >> 28 == 0xe)
			report_object(r, REPORT_WARNING, obj, "carry multicast in a GRE tunnel",
				      "entry %u of access list %s protects multicast, which IPsec "
				      "alone does not carry.", a->seq, acl->name);
	}
	if (refused)
		report_object(r, REPORT_ERROR, obj, "write them with tests that this version knows",
			      "%zu line%s of access list %s %s not understood and not used: what is "
			      "protected is not what the list says.", refused, refused == 1 ? "" : "s",
			      acl->name, refused == 1 ? "is" : "are");
	if (!permits)
		report_object(r, REPORT_ERROR, obj, "permit ip SOURCE WILDCARD DESTINATION WILDCARD",
			      "access list %s permits nothing, so nothing is protected.", acl->name);
}

static void check_terms(const struct config *c, const struct cfg_map_entry *e, const char *obj,
			struct report *r)
{
	if (!e->n_transforms)
		report_object(r, REPORT_ERROR, obj, "set transform-set NAME",
			      "there is no transform set, so the entry is disabled.");
	for (size_t i = 0; i < e->n_transforms; i++)
		if (!config_find_transform(c, e->transforms[i]))
			report_object(r, REPORT_ERROR, obj,
				      "crypto ipsec transform-set NAME esp-aes 256 esp-sha256-hmac",
				      "transform set %s does not exist.", e->transforms[i]);
	if (e->match_acl[0])
		check_entry_acl(c, e, obj, r);
	if (group_is_weak(e->pfs_group))
		report_object(r, REPORT_WARNING, obj, "set pfs group14", "PFS group %u is weak.",
			      e->pfs_group);
}

/* Templates: what the static entries need and they do not is a peer and a list. */
static void check_dynamic_maps(const struct config *c, struct report *r)
{
	char obj[NAME_LEN];

	for (size_t i = 0; i < c->dynamic_maps.n; i++)
		for (size_t k = 0; k < c->dynamic_maps.v[i]->entries.n; k++) {
			const struct cfg_map_entry *e = c->dynamic_maps.v[i]->entries.v[k];

			snprintf(obj, sizeof(obj), "crypto dynamic-map %s %u",
				 c->dynamic_maps.v[i]->name, e->seq);
			check_terms(c, e, obj, r);
			check_profile_use(c, obj, e->profile, r);
			if (!e->match_acl[0])
				report_object(r, REPORT_WARNING, obj, "match address ACCESS-LIST",
					      "there is no access list: peers choose what is protected, "
					      "and nothing is while none of them has an SA.");
		}
}

/* Typed keys: nothing is negotiated, so that all must be there. */
static void check_manual(const struct config *c, const struct cfg_map_entry *e, const char *obj,
			 struct report *r)
{
	const struct cfg_transform *t = e->n_transforms ? config_find_transform(c, e->transforms[0]) : NULL;
	const struct cfg_acl *acl = config_find_acl(c, e->match_acl);
	size_t permits = 0;
	char why[MANUAL_WHY];

	report_object(r, REPORT_WARNING, obj, "crypto map NAME N ipsec-isakmp",
		      "manual keys are never renewed, and there is no protection against replay.");
	if (!e->n_peers || !e->peers[0].addr.family)
		report_object(r, REPORT_ERROR, obj, "set peer A.B.C.D",
			      "there is no peer with an address, so the entry is disabled.");
	if (t && !manual_complete(&t->t, e, why, sizeof(why)))
		report_object(r, REPORT_ERROR, obj, "set session-key", "the entry is disabled: %s.", why);
	for (size_t i = 0; acl && i < acl->entries.n; i++)
		permits += acl->entries.v[i]->kind == ACE_PERMIT;
	if (permits > 1)
		report_object(r, REPORT_WARNING, obj, "one entry for each permit line",
			      "manual keys serve the first permit entry of access list %s; what the others "
			      "permit is dropped.", acl->name);
	check_terms(c, e, obj, r);
	if (!e->match_acl[0])
		report_object(r, REPORT_ERROR, obj, "match address ACCESS-LIST",
			      "there is no access list, so the entry is disabled.");
}

static void check_ipsec_profiles(const struct config *c, struct report *r)
{
	char obj[NAME_LEN];

	for (size_t i = 0; i < c->ipsec_profiles.n; i++) {
		const struct cfg_map_entry *e = c->ipsec_profiles.v[i]->entries.v[0];

		object_name(obj, "crypto ipsec profile", c->ipsec_profiles.v[i]->name);
		check_terms(c, e, obj, r);
		check_profile_use(c, obj, e->profile, r);
	}
}

static void check_entry(const struct config *c, const struct cfg_map *m,
			const struct cfg_map_entry *e, struct report *r)
{
	char obj[NAME_LEN], buf[IPADDR_STRLEN];

	snprintf(obj, sizeof(obj), "crypto map %s %u", m->name, e->seq);
	if (e->type == MAP_DYNAMIC) {
		check_profile_use(c, obj, m->profile, r);
		if (!config_find_dynamic_map(c, e->dynamic))
			report_object(r, REPORT_ERROR, obj, "crypto dynamic-map NAME 10",
				      "dynamic map %s does not exist.", e->dynamic);
		return;
	}
	if (e->type == MAP_MANUAL) {
		check_manual(c, e, obj, r);
		return;
	}
	if (e->type != MAP_ISAKMP) {
		report_object(r, REPORT_ERROR, obj, NULL,
			      "entries of this type are not run by this version.");
		return;
	}
	check_profile_use(c, obj, e->profile[0] ? e->profile : m->profile, r);
	if (!e->n_peers)
		report_object(r, REPORT_ERROR, obj, "set peer A.B.C.D",
			      "there is no peer, so the entry is disabled.");
	for (size_t i = 0; i < e->n_peers; i++) {
		if (!e->peers[i].addr.family)
			report_object(r, REPORT_ERROR, obj, "set peer A.B.C.D",
				      "peer %s is a name; this version needs its address.",
				      e->peers[i].host);
		else if (!has_key_for(c, &e->peers[i].addr))
			report_object(r, REPORT_ERROR, obj, "crypto isakmp key KEY address A.B.C.D",
				      "there is no pre-shared key for peer %s.",
				      ipaddr_str(&e->peers[i].addr, buf));
	}
	check_terms(c, e, obj, r);
	if (!e->match_acl[0])
		report_object(r, REPORT_ERROR, obj, "match address ACCESS-LIST",
			      "there is no access list, so the entry is disabled.");
}

static void check_maps(const struct config *c, struct report *r)
{
	bool negotiates = false;
	char obj[NAME_LEN];

	for (size_t i = 0; i < c->maps.n; i++) {
		const struct cfg_map *m = c->maps.v[i];
		bool used = false;

		object_name(obj, "crypto map", m->name);
		for (size_t k = 0; k < m->entries.n; k++) {
			check_entry(c, m, m->entries.v[k], r);
			negotiates |= m->entries.v[k]->type != MAP_MANUAL;
		}
		for (size_t k = 0; k < c->interfaces.n; k++)
			used |= !strcmp(c->interfaces.v[k]->crypto_map, m->name);
		if (!used)
			report_object(r, REPORT_WARNING, obj, "interface NAME, crypto map NAME",
				      "no interface uses it.");
	}
	if ((negotiates || c->ipsec_profiles.n) && !c->isakmp.policies.n && !c->isakmp.default_policy &&
	    !c->isakmp.legacy_default_policy)
		report_object(r, REPORT_ERROR, "crypto isakmp policy", "crypto isakmp policy 10",
			      "there is none, so nothing can be negotiated.");
}

/* ---- tunnels ---- */

struct esp_size {
	uint16_t iv, block, icv, ah;
};

/* Bytes that a set adds (RFC 4303 section 2; key lengths do not matter). */
static struct esp_size set_size(const struct p2_transform *t)
{
	static const uint16_t icv[] = { 0, 12, 12, 16, 24, 32, 12 };
	struct esp_size s = { .block = 4 };

	if (t->cipher == CIPHER_DES || t->cipher == CIPHER_3DES)
		s = (struct esp_size){ .iv = 8, .block = 8 };
	else if (t->cipher == CIPHER_AES_CBC)
		s = (struct esp_size){ .iv = 16, .block = 16 };
	else if (t->cipher == CIPHER_AES_GCM || t->cipher == CIPHER_AES_GMAC)
		s = (struct esp_size){ .iv = 8, .block = 4, .icv = 16 };
	s.icv = (uint16_t)(s.icv + icv[t->esp_auth]);
	if (t->ah_auth)
		s.ah = (uint16_t)(12 + icv[t->ah_auth]);
	return s;
}

uint32_t check_tunnel_room(const struct cfg_tunnel *t, const struct p2_transform *set, uint32_t link)
{
	struct esp_size s = set_size(set);
	/* a VTI's proxies are any to any: no transport mode */
	struct overhead o = { .esp = set->cipher != CIPHER_UNSET,
			      .tunnel = set->mode == MODE_TUNNEL || t->mode == TUNNEL_IPSEC_IPV4,
			      .iv = s.iv, .icv = s.icv, .align = s.block, .ah = s.ah };

	o.inside = t->mode == TUNNEL_IPSEC_IPV4 ? 0 : (uint16_t)cfg_tunnel_header(t);
	return overhead_room(&o, link);
}

/* The entry of map m that protects the GRE packets of a tunnel. */
static const struct cfg_map_entry *entry_for(const struct config *c, const struct cfg_map *m,
					     const struct flow *gre)
{
	struct selector sel[ACL_MAX_SELECTORS];

	for (size_t i = 0; i < m->entries.n; i++) {
		const struct cfg_acl *acl = config_find_acl(c, m->entries.v[i]->match_acl);

		for (size_t k = 0; acl && k < acl->entries.n; k++) {
			const struct acl_entry *e = acl->entries.v[k];
			size_t n = acl_entry_selectors(e, sel, ACL_MAX_SELECTORS);
			bool hit = false;

			for (size_t j = 0; j < n; j++)
				hit |= selector_has(&sel[j], gre);
			if (hit && e->kind == ACE_PERMIT)
				return m->entries.v[i];
			if (hit)
				break;
		}
	}
	return NULL;
}

/* The interface that a tunnel leaves by, as far as the configuration tells. */
static const struct cfg_interface *egress(const struct config *c, const struct cfg_tunnel *t)
{
	if (t->source_if[0])
		return config_find_interface(c, t->source_if);
	for (size_t i = 0; i < c->interfaces.n; i++)
		if (ipaddr_equal(&c->interfaces.v[i]->addr.addr, &t->source))
			return c->interfaces.v[i];
	return NULL;
}

/* The device may have its address from the host: then nothing can be said. */
bool check_find_protection(const struct config *c, const struct cfg_interface *i, uint32_t *ret_link,
			   const struct cfg_map_entry **ret_entry)
{
	const struct cfg_tunnel *t = &i->tunnel;
	const struct cfg_interface *out = egress(c, t);
	const struct cfg_map *m = out ? config_find_map(c, out->crypto_map) : NULL;
	struct flow gre = { .proto = t->mode == TUNNEL_IPIP ? 4 : 47, .remote = t->destination };

	if (!out)
		return false;
	gre.local = t->source.family ? t->source : out->addr.addr;
	if (!gre.local.family || !gre.remote.family)
		return false;
	*ret_entry = t->protection[0] ? config_find_ipsec_profile(c, t->protection) :
		     m		      ? entry_for(c, m, &gre) :
					NULL;
	*ret_link = out->mtu ? out->mtu : DEFAULT_MTU;
	if (out->ip_mtu && out->ip_mtu < *ret_link)
		*ret_link = out->ip_mtu;
	return true;
}

static void check_protection(const struct config *c, const struct cfg_interface *i, const char *obj,
			     struct report *r)
{
	const struct cfg_tunnel *t = &i->tunnel;
	const struct cfg_map_entry *e;
	uint32_t link;

	if (!check_find_protection(c, i, &link, &e))
		return;
	if (!e && !i->crypto_map[0] && !cfg_interface_protected(i))
		report_object(r, REPORT_WARNING, obj, "tunnel protection ipsec profile NAME",
			      "no crypto map protects this tunnel: %s does not encrypt.",
			      t->mode == TUNNEL_IPIP ? "IP in IP" : "GRE");
	check_mtu(c, i, obj, r);
}

/* Two tunnels that nothing in a packet tells apart. */
static bool same_packets(const struct cfg_tunnel *a, const struct cfg_tunnel *b)
{
	bool ipip = a->mode == TUNNEL_IPIP;

	return a->destination.family && ipaddr_equal(&a->destination, &b->destination) &&
	       ipaddr_equal(&a->source, &b->source) && !strcmp(a->source_if, b->source_if) &&
	       a->mode == b->mode && (ipip || (a->has_key == b->has_key && a->key == b->key));
}

static void check_twins(const struct config *c, const struct cfg_interface *i, const char *obj,
			struct report *r)
{
	for (size_t k = 0; c->interfaces.v[k] != i; k++) {
		const struct cfg_interface *other = c->interfaces.v[k];

		if (other->is_tunnel && same_packets(&i->tunnel, &other->tunnel))
			report_object(r, REPORT_WARNING, obj, "tunnel key NUMBER, another one in each",
				      "%s has the same source, destination and key: what arrives "
				      "reaches one of them only.", other->name);
	}
}

static void check_tunnel(const struct config *c, const struct cfg_interface *i, struct report *r)
{
	const struct cfg_tunnel *t = &i->tunnel;
	char obj[NAME_LEN];

	object_name(obj, "interface", i->name);
	if (t->mode != TUNNEL_GRE_IP && t->mode != TUNNEL_IPIP && t->mode != TUNNEL_IPSEC_IPV4)
		report_object(r, REPORT_ERROR, obj, "tunnel mode gre ip",
			      "this tunnel mode is not run by this version.");
	if (t->mode == TUNNEL_IPIP && (t->has_key || t->checksum || t->sequence || t->keepalive))
		report_object(r, REPORT_WARNING, obj, "tunnel mode gre ip",
			      "tunnel mode ipip has no key, checksum, sequence numbers or keepalives: "
			      "they are GRE's.");
	check_tunnel_protection(c, i, obj, r);
	check_profile_use(c, obj, t->protection_isakmp, r);
	if (t->protection[0] && t->destination.family && !has_certificate(&c->pki) &&
	    !has_key_for(c, &t->destination))
		report_object(r, REPORT_ERROR, obj, "crypto isakmp key KEY address A.B.C.D",
			      "there is no pre-shared key for the tunnel's destination.");
	if (!t->source.family && !t->source_if[0])
		report_object(r, REPORT_ERROR, obj, "tunnel source INTERFACE",
			      "there is no tunnel source, so the tunnel stays down.");
	if (t->source_if[0] && !config_find_interface(c, t->source_if))
		report_object(r, REPORT_WARNING, obj, "interface NAME, ip address A.B.C.D MASK",
			      "the source interface %s is not configured.", t->source_if);
	if (t->destination_host[0])
		report_object(r, REPORT_ERROR, obj, "tunnel destination A.B.C.D",
			      "the destination %s is a name; this version needs its address.",
			      t->destination_host);
	else if (!t->destination.family)
		report_object(r, REPORT_ERROR, obj, "tunnel destination A.B.C.D",
			      "there is no tunnel destination, so the tunnel stays down.");
	check_twins(c, i, obj, r);
	check_protection(c, i, obj, r);
}

static void check_group(const struct config *c, const char *name, const char *obj, struct report *r)
{
	size_t n = name[0] ? config_acl_refused(c, name) : 0;

	if (n)
		report_object(r, REPORT_ERROR, obj, "write them with tests that this version knows",
			      "%zu line%s of access list %s %s not understood and not used: what %s "
			      "may pass.", n, n == 1 ? "" : "s", name, n == 1 ? "is" : "are",
			      n == 1 ? "it denies" : "they deny");
}

static void check_interfaces(const struct config *c, struct report *r)
{
	char obj[NAME_LEN];

	for (size_t i = 0; i < c->interfaces.n; i++) {
		const struct cfg_interface *f = c->interfaces.v[i];

		object_name(obj, "interface", f->name);
		if (f->is_tunnel)
			check_tunnel(c, f, r);
		if (f->crypto_map[0] && !config_find_map(c, f->crypto_map))
			report_object(r, REPORT_ERROR, obj, "crypto map NAME 10 ipsec-isakmp",
				      "crypto map %s does not exist, so nothing is protected.",
				      f->crypto_map);
		check_group(c, f->group_in, obj, r);
		if (strcmp(f->group_in, f->group_out) != 0)
			check_group(c, f->group_out, obj, r);
		if ((f->group_in[0] && !config_find_acl(c, f->group_in)) ||
		    (f->group_out[0] && !config_find_acl(c, f->group_out)))
			report_object(r, REPORT_WARNING, obj, "ip access-list extended NAME",
				      "an access list of ip access-group does not exist.");
	}
}

void commands_check(const struct config *c, struct report *report)
{
	check_policies(c, report);
	check_keys(c, report);
	check_keyrings(c, report);
	check_profiles(c, report);
	check_aggressive(c, report);
	check_transforms(c, report);
	check_maps(c, report);
	check_dynamic_maps(c, report);
	check_ipsec_profiles(c, report);
	check_interfaces(c, report);
	check_pki(c, report);
}
