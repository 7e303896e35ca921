/* SPDX-License-Identifier: Apache-2.0 */
/* Phase 2: transform sets, crypto maps of every kind, ipsec profiles. */
#include "commands/check_parts.h"

#include <stdio.h>
#include <string.h>

#include "commands/acl_place.h"
#include "model/manual.h"

/* ---- transform sets ---- */

void check_set_words(const struct p2_transform *t, struct txt *out)
{
	static const char *const ciphers[] = {
		[CIPHER_NULL] = "esp-null", [CIPHER_DES] = "esp-des", [CIPHER_3DES] = "esp-3des", [CIPHER_AES_CBC] = "esp-aes",
		[CIPHER_AES_CTR] = "esp-aes-ctr", [CIPHER_AES_GCM] = "esp-gcm", [CIPHER_AES_GMAC] = "esp-gmac",
		[CIPHER_CHACHA20_POLY1305] = "esp-chacha20-poly1305",
	};
	static const char *const auths[] = {
		[AUTH_HMAC_MD5_96] = "md5", [AUTH_HMAC_SHA1_96] = "sha", [AUTH_HMAC_SHA256_128] = "sha256",
		[AUTH_HMAC_SHA384_192] = "sha384", [AUTH_HMAC_SHA512_256] = "sha512", [AUTH_AES_XCBC_96] = "aes-xcbc",
	};

	if (t->ah_auth && t->ah_auth < sizeof(auths) / sizeof(auths[0]))
		txt_printf(out, "ah-%s-hmac ", auths[t->ah_auth]);
	if (t->cipher != CIPHER_UNSET && t->cipher < sizeof(ciphers) / sizeof(ciphers[0]) && ciphers[t->cipher])
		txt_printf(out, "%s ", ciphers[t->cipher]);
	if (t->cipher >= CIPHER_AES_CBC && t->cipher != CIPHER_CHACHA20_POLY1305 && t->cipher_bits)
		txt_printf(out, "%u ", t->cipher_bits);
	if (t->esp_auth && t->esp_auth < sizeof(auths) / sizeof(auths[0]))
		txt_printf(out, "esp-%s-hmac ", auths[t->esp_auth]);
}

void check_transforms(const struct config *c, struct report *r)
{
	char obj[CHECK_NAME_LEN], strong[CHECK_NAME_LEN + 32], sha256[CHECK_NAME_LEN + 64];

	for (size_t i = 0; i < c->ipsec.transforms.n; i++) {
		const struct p2_transform *t = &c->ipsec.transforms.v[i]->t;

		check_object_name(obj, "crypto ipsec transform-set", t->name);
		snprintf(strong, sizeof(strong), "%s esp-aes 256 esp-sha256-hmac", obj);
		snprintf(sha256, sizeof(sha256), "%s %s", obj,
			 t->cipher == CIPHER_UNSET ? "ah-sha256-hmac" :
			 t->cipher == CIPHER_NULL  ? "esp-null esp-sha256-hmac" :
						     "esp-aes 256 esp-sha256-hmac");
		if (t->cipher == CIPHER_DES || t->cipher == CIPHER_3DES)
			report_object(r, REPORT_WARNING, obj, strong,
				      "%s is weak.", t->cipher == CIPHER_DES ? "DES" : "3DES");
		if (t->esp_auth == AUTH_HMAC_MD5_96 || t->ah_auth == AUTH_HMAC_MD5_96)
			report_object(r, REPORT_WARNING, obj, sha256,
				      "HMAC-MD5 is weak.");
		if (t->cipher == CIPHER_NULL)
			report_object(r, REPORT_WARNING, obj, NULL, "esp-null does not encrypt.");
		if (t->cipher > CIPHER_NULL && t->cipher <= CIPHER_AES_CBC && !t->esp_auth &&
		    !t->ah_auth)
			report_object(r, REPORT_WARNING, obj, strong,
				      "packets are encrypted and not authenticated.");
	}
}

/* ---- crypto maps ---- */

static void check_entry_acl(const struct config *c, const struct cfg_map_entry *e, bool ipv6, const char *obj,
			    struct report *r)
{
	const struct cfg_acl *acl = config_find_acl(c, e->match_acl);
	size_t permits = 0, refused, denies;

	if (!acl) {
		report_object(r, REPORT_ERROR, obj, NULL, "access list %s does not exist, so nothing is protected.",
			      e->match_acl);
		report_fix(r, "%s %s", ipv6 ? "ipv6 access-list" : "ip access-list extended", e->match_acl);
		return;
	}
	if (acl->kind == ACL_STANDARD)
		report_object(r, REPORT_ERROR, obj, "use an extended list",
			      "access list %s is a standard list; a crypto map needs an extended "
			      "one.", e->match_acl);
	denies = config_acl_refused_denies(c, acl->name);
	refused = config_acl_refused(c, acl->name) - denies;
	for (size_t i = 0; i < acl->entries.n; i++) {
		const struct acl_entry *a = acl->entries.v[i];
		unsigned len;

		if (a->kind == ACE_DENY && !acl_entry_is_plain(a)) {
			report_object(r, REPORT_WARNING, obj, "write it without these tests",
				      "entry %u of access list %s denies by flags or header fields that IKE "
				      "cannot negotiate; it is not used, and what it names stays protected.",
				      a->seq, acl->name);
			report_entry(r, acl->name, a->seq);
		}
		if (a->kind != ACE_PERMIT)
			continue;
		permits++;
		if (!acl_entry_is_plain(a)) {
			report_object(r, REPORT_WARNING, obj, NULL,
				      "entry %u of access list %s tests flags or header fields that "
				      "IKE cannot negotiate; they are ignored.", a->seq, acl->name);
			report_entry(r, acl->name, a->seq);
		}
		if (!addr_match_prefix(&a->src, &len) || !addr_match_prefix(&a->dst, &len)) {
			report_object(r, REPORT_ERROR, obj, "write it as subnets",
				      "entry %u of access list %s has a wildcard with holes, which "
				      "IKE cannot negotiate.", a->seq, acl->name);
			report_entry(r, acl->name, a->seq);
		}
		if (ipaddr_is_multicast(&a->dst.addr)) {
			report_object(r, REPORT_WARNING, obj, "carry multicast in a GRE tunnel",
				      "entry %u of access list %s protects multicast, which IPsec "
				      "alone does not carry.", a->seq, acl->name);
			report_entry(r, acl->name, a->seq);
		}
	}
	if (refused)
		report_object(r, REPORT_ERROR, obj, "write them with tests that this version knows",
			      "%zu line%s of access list %s %s not understood and not used: what is "
			      "protected is not what the list says.", refused, refused == 1 ? "" : "s",
			      acl->name, refused == 1 ? "is" : "are");
	if (denies)
		report_object(r, REPORT_ERROR, obj, "write them with tests that this version knows",
			      "%zu deny line%s of access list %s %s not understood and not used: what %s "
			      "would leave out is protected by the permits behind.", denies,
			      denies == 1 ? "" : "s", acl->name, denies == 1 ? "is" : "are",
			      denies == 1 ? "it" : "they");
	if (!permits)
		report_object(r, REPORT_ERROR, obj, "permit ip SOURCE WILDCARD DESTINATION WILDCARD",
			      "access list %s permits nothing, so nothing is protected.", acl->name);
}

/* what: "entry" or "profile". */
static void check_terms(const struct config *c, const struct cfg_map_entry *e, const char *what, bool ipv6, const char *obj,
			struct report *r)
{
	if (!e->n_transforms)
		report_object(r, REPORT_ERROR, obj, "set transform-set NAME", "there is no transform set, so the %s is disabled.", what);
	for (size_t i = 0; i < e->n_transforms; i++)
		if (!config_find_transform(c, e->transforms[i])) {
			report_object(r, REPORT_ERROR, obj, NULL, "transform set %s does not exist.", e->transforms[i]);
			report_fix(r, "crypto ipsec transform-set %s esp-aes 256 esp-sha256-hmac", e->transforms[i]);
		}
	if (e->match_acl[0])
		check_entry_acl(c, e, ipv6, obj, r);
	if (check_group_is_weak(e->pfs_group))
		report_object(r, REPORT_WARNING, obj, "set pfs group14", "PFS group %u is weak.",
			      e->pfs_group);
}

/* Templates: what the static entries need and they do not is a peer and a list. */
static void check_dynamic_maps(const struct config *c, struct report *r)
{
	char obj[CHECK_NAME_LEN];

	for (size_t i = 0; i < c->dynamic_maps.n; i++)
		for (size_t k = 0; k < c->dynamic_maps.v[i]->entries.n; k++) {
			const struct cfg_map_entry *e = c->dynamic_maps.v[i]->entries.v[k];

			snprintf(obj, sizeof(obj), "crypto dynamic-map %s %u",
				 c->dynamic_maps.v[i]->name, e->seq);
			check_terms(c, e, "entry", c->dynamic_maps.v[i]->ipv6, obj, r);
			check_profile_use(c, obj, e->profile, r);
			if (!e->match_acl[0])
				report_object(r, REPORT_WARNING, obj, "match address ACCESS-LIST",
					      "there is no access list: peers choose what is protected, "
					      "and nothing is while none of them has an SA.");
		}
}

/* Typed keys: nothing is negotiated, so that all must be there. */
static void check_manual(const struct config *c, const struct cfg_map_entry *e, bool ipv6, const char *obj,
			 struct report *r)
{
	const struct cfg_transform *t = e->n_transforms ? config_find_transform(c, e->transforms[0]) : NULL;
	const struct cfg_acl *acl = config_find_acl(c, e->match_acl);
	size_t permits = 0;
	char why[MANUAL_WHY];

	report_object(r, REPORT_WARNING, obj, "crypto map NAME N ipsec-isakmp",
		      "manual keys are never renewed, and there is no protection against replay (RFC 8221 section 3: SHOULD NOT).");
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
	check_terms(c, e, "entry", ipv6, obj, r);
	if (!e->match_acl[0])
		report_object(r, REPORT_ERROR, obj, "match address ACCESS-LIST",
			      "there is no access list, so the entry is disabled.");
}

static void check_ipsec_profiles(const struct config *c, struct report *r)
{
	char obj[CHECK_NAME_LEN];

	for (size_t i = 0; i < c->ipsec_profiles.n; i++) {
		const struct cfg_map_entry *e = c->ipsec_profiles.v[i]->entries.v[0];

		check_object_name(obj, "crypto ipsec profile", c->ipsec_profiles.v[i]->name);
		check_terms(c, e, "profile", false, obj, r);
		check_profile_use(c, obj, e->profile, r);
	}
}

static void check_entry(const struct config *c, const struct cfg_map *m,
			const struct cfg_map_entry *e, struct report *r)
{
	char obj[CHECK_NAME_LEN], buf[IPADDR_STRLEN], text[64 + IPADDR_STRLEN];

	snprintf(obj, sizeof(obj), "crypto map %s%s %u", m->ipv6 ? "ipv6 " : "", m->name, e->seq);
	if (e->type == MAP_DYNAMIC) {
		check_profile_use(c, obj, m->profile, r);
		if (!config_find_dynamic_map(c, e->dynamic)) {
			report_object(r, REPORT_ERROR, obj, NULL, "dynamic map %s does not exist.", e->dynamic);
			report_fix(r, "crypto dynamic-map %s 10", e->dynamic);
		}
		return;
	}
	if (e->type == MAP_MANUAL) {
		check_manual(c, e, m->ipv6, obj, r);
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
		else if (check_lacks_key(c, &e->peers[i].addr)) {
			snprintf(text, sizeof(text), "there is no pre-shared key for peer %s.",
				 ipaddr_ios(&e->peers[i].addr, buf));
			check_no_key(obj, &e->peers[i].addr, text, r);
		}
	}
	check_terms(c, e, "entry", m->ipv6, obj, r);
	if (!e->match_acl[0])
		report_object(r, REPORT_ERROR, obj, "match address ACCESS-LIST",
			      "there is no access list, so the entry is disabled.");
}

static void check_map(const struct config *c, const struct cfg_map *m, struct report *r)
{
	char obj[CHECK_NAME_LEN];
	bool used = false;

	check_object_name(obj, m->ipv6 ? "crypto map ipv6" : "crypto map", m->name);
	for (size_t k = 0; k < c->interfaces.n; k++)
		used |= !strcmp(c->interfaces.v[k]->crypto_map, m->name) ||
			!strcmp(c->interfaces.v[k]->ip6.crypto_map, m->name);
	if (used)
		return;
	report_object(r, REPORT_WARNING, obj, NULL, "no interface uses it.");
	report_fix(r, "interface NAME, %scrypto map %s", m->ipv6 ? "ipv6 " : "", m->name);
}

static bool negotiates(const struct config *c)
{
	for (size_t i = 0; i < c->maps.n; i++)
		for (size_t k = 0; k < c->maps.v[i]->entries.n; k++)
			if (c->maps.v[i]->entries.v[k]->type != MAP_MANUAL)
				return true;
	return c->ipsec_profiles.n > 0;
}

bool check_map_entry(const struct config *c, size_t i, struct report *r)
{
	size_t entry;
	const struct cfg_map *m = check_nth_entry(c, i, &entry);

	if (m && entry < m->entries.n)
		check_entry(c, m, m->entries.v[entry], r);
	else if (m)
		check_map(c, m, r);
	else if (negotiates(c) && !c->isakmp.policies.n && !c->isakmp.default_policy && !c->isakmp.legacy_default_policy)
		report_object(r, REPORT_ERROR, "crypto isakmp policy", "crypto isakmp policy 10",
			      "there is none, so nothing can be negotiated.");
	return m != NULL;
}

void check_templates(const struct config *c, struct report *r)
{
	check_dynamic_maps(c, r);
	check_ipsec_profiles(c, r);
}
