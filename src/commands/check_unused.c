/* SPDX-License-Identifier: Apache-2.0 */
/* What is there and serves nothing, what can never match, and what surprises in a while: notes, for most of it is no mistake
 * in a configuration that grows. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands/check_parts.h"
#include "commands/grade.h"

#define FAST_BITS 100000000u /* a second */

static bool lists_transform(const struct cfg_map_entry *e, const char *name)
{
	for (size_t i = 0; i < e->n_transforms; i++)
		if (!strcmp(e->transforms[i], name))
			return true;
	return false;
}

/* Whether any entry of any map or profile says yes. */
static bool any_entry(const struct config *c, bool (*says)(const struct cfg_map_entry *e, const char *name), const char *name)
{
	for (size_t i = 0; i < c->maps.n; i++)
		for (size_t k = 0; k < c->maps.v[i]->entries.n; k++)
			if (says(c->maps.v[i]->entries.v[k], name))
				return true;
	for (size_t i = 0; i < c->dynamic_maps.n; i++)
		for (size_t k = 0; k < c->dynamic_maps.v[i]->entries.n; k++)
			if (says(c->dynamic_maps.v[i]->entries.v[k], name))
				return true;
	for (size_t i = 0; i < c->ipsec_profiles.n; i++)
		if (says(c->ipsec_profiles.v[i]->entries.v[0], name))
			return true;
	return false;
}

static bool lists_acl(const struct cfg_map_entry *e, const char *name)
{
	return !strcmp(e->match_acl, name) || !strcmp(e->group_in, name) || !strcmp(e->group_out, name);
}

static bool names_dynamic(const struct cfg_map_entry *e, const char *name)
{
	return e->type == MAP_DYNAMIC && !strcmp(e->dynamic, name);
}

/* A line that is kept may name it, too (`access-class`, `ip nat inside source list`). */
static bool kept_names(const kept_list *l, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < l->n; i++)
		for (const char *s = l->v[i]->text; (s = strstr(s, name)); s++)
			if (s > l->v[i]->text && s[-1] == ' ' && (!s[n] || s[n] == ' '))
				return true;
	return false;
}

static bool interface_names_acl(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->interfaces.n; i++) {
		const struct cfg_interface *f = c->interfaces.v[i];

		if (!strcmp(f->group_in, name) || !strcmp(f->group_out, name) || !strcmp(f->ip6.filter_in, name) ||
		    !strcmp(f->ip6.filter_out, name) || kept_names(&f->kept, name))
			return true;
	}
	for (size_t i = 0; i < c->users.lines.n; i++)
		if (kept_names(&c->users.lines.v[i]->kept, name))
			return true;
	return kept_names(&c->kept, name);
}

static void check_unused_transform(const struct config *c, const char *name, struct report *r)
{
	char obj[CHECK_NAME_LEN], fix[CHECK_NAME_LEN + 4];

	check_object_name(obj, "crypto ipsec transform-set", name);
	snprintf(fix, sizeof(fix), "no %s", obj);
	if (!any_entry(c, lists_transform, name))
		report_object(r, REPORT_NOTE, obj, fix, "no crypto map and no profile names it.");
}

static void check_unused_acl(const struct config *c, const char *name, struct report *r)
{
	char obj[CHECK_NAME_LEN];

	check_object_name(obj, "access list", name);
	if (!any_entry(c, lists_acl, name) && !interface_names_acl(c, name))
		report_object(r, REPORT_NOTE, obj, NULL, "nothing that this version runs names it.");
}

static void check_unused_ipsec_profile(const struct config *c, const char *name, struct report *r)
{
	char obj[CHECK_NAME_LEN];
	bool used = false;

	for (size_t k = 0; k < c->interfaces.n; k++)
		used |= !strcmp(c->interfaces.v[k]->tunnel.protection, name);
	check_object_name(obj, "crypto ipsec profile", name);
	if (used)
		return;
	report_object(r, REPORT_NOTE, obj, NULL, "no tunnel names it.");
	report_fix(r, "interface TunnelN, tunnel protection ipsec profile %s", name);
}

bool check_unused(const struct config *c, size_t i, struct report *r)
{
	char obj[CHECK_NAME_LEN];

	if (i < c->ipsec.transforms.n) {
		check_unused_transform(c, c->ipsec.transforms.v[i]->t.name, r);
		return true;
	}
	i -= c->ipsec.transforms.n;
	if (i < c->dynamic_maps.n) {
		check_object_name(obj, "crypto dynamic-map", c->dynamic_maps.v[i]->name);
		if (!any_entry(c, names_dynamic, c->dynamic_maps.v[i]->name)) {
			report_object(r, REPORT_NOTE, obj, NULL, "no crypto map names it.");
			report_fix(r, "crypto map NAME 65535 ipsec-isakmp dynamic %s", c->dynamic_maps.v[i]->name);
		}
		return true;
	}
	i -= c->dynamic_maps.n;
	if (i < c->acls.n) {
		check_unused_acl(c, c->acls.v[i]->name, r);
		return true;
	}
	i -= c->acls.n;
	if (i < c->ipsec_profiles.n)
		check_unused_ipsec_profile(c, c->ipsec_profiles.v[i]->name, r);
	return i < c->ipsec_profiles.n;
}

static bool is_peer(const struct config *c, const struct ipaddr *net, unsigned len)
{
	for (size_t i = 0; i < c->maps.n; i++)
		for (size_t k = 0; k < c->maps.v[i]->entries.n; k++) {
			const struct cfg_map_entry *e = c->maps.v[i]->entries.v[k];

			for (size_t n = 0; n < e->n_peers; n++)
				if (e->peers[n].addr.family == net->family && ipaddr_in(&e->peers[n].addr, net, len))
					return true;
		}
	for (size_t i = 0; i < c->interfaces.n; i++) {
		const struct ipaddr *d = &c->interfaces.v[i]->tunnel.destination;

		if (d->family == net->family && ipaddr_in(d, net, len))
			return true;
	}
	return false;
}

static bool map_names_profile(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->maps.n; i++)
		if (!strcmp(c->maps.v[i]->profile, name))
			return true;
	for (size_t i = 0; i < c->interfaces.n; i++)
		if (!strcmp(c->interfaces.v[i]->tunnel.protection_isakmp, name))
			return true;
	return false;
}

static bool names_profile(const struct cfg_map_entry *e, const char *name)
{
	return !strcmp(e->profile, name);
}

static bool profile_names_ring(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->keys.n_profiles; i++)
		for (size_t k = 0; k < c->keys.profiles[i]->n_keyrings; k++)
			if (!strcmp(c->keys.profiles[i]->keyrings[k], name))
				return true;
	return false;
}

/* What phase 1 has for nobody. Peers that are not configured come by dynamic maps alone. */
bool check_unused_key(const struct config *c, size_t i, struct report *r)
{
	const struct cfg_key *k = !c->dynamic_maps.n && i < c->isakmp.keys.n ? c->isakmp.keys.v[i] : NULL;
	int len = k ? ipaddr_mask_len(&k->mask) : 0;
	char obj[CHECK_NAME_LEN], buf[IPADDR_STRLEN];

	if (k && k->addr.family && len > 0 && !is_peer(c, &k->addr, (unsigned)len)) {
		check_object_name(obj, "crypto isakmp key for", ipaddr_ios(&k->addr, buf));
		report_object(r, REPORT_NOTE, obj, NULL, "no crypto map and no tunnel has a peer there.");
	}
	return k != NULL;
}

void check_unused_profiles(const struct config *c, struct report *r)
{
	char obj[CHECK_NAME_LEN];

	for (size_t i = 0; i < c->keys.n_keyrings; i++) {
		check_object_name(obj, "crypto keyring", c->keys.keyrings[i]->name);
		if (c->keys.n_profiles && !profile_names_ring(c, c->keys.keyrings[i]->name)) {
			report_object(r, REPORT_NOTE, obj, NULL, "no isakmp profile names it.");
			report_fix(r, "crypto isakmp profile NAME, keyring %s", c->keys.keyrings[i]->name);
		}
	}
	for (size_t i = 0; i < c->keys.n_profiles; i++) {
		const char *name = c->keys.profiles[i]->name;

		check_object_name(obj, "crypto isakmp profile", name);
		if (!any_entry(c, names_profile, name) && !map_names_profile(c, name)) {
			report_object(r, REPORT_NOTE, obj, NULL, "no crypto map and no tunnel names it.");
			report_fix(r, "crypto map NAME N, set isakmp-profile %s", name);
		}
	}
}

/* ---- phase 1 ---- */

static bool same_offer(const struct p1_policy *a, const struct p1_policy *b)
{
	return a->cipher == b->cipher && a->cipher_bits == b->cipher_bits && a->hash == b->hash && a->auth == b->auth &&
	       a->group == b->group;
}

static void check_offers(const struct config *c, struct report *r)
{
	char obj[CHECK_NAME_LEN], number[16];

	for (size_t i = 0; i < c->isakmp.policies.n; i++) {
		const struct p1_policy *p = &c->isakmp.policies.v[i]->p;

		snprintf(number, sizeof(number), "%u", p->priority);
		check_object_name(obj, "crypto isakmp policy", number);
		for (size_t k = 0; k < i; k++)
			if (same_offer(&c->isakmp.policies.v[k]->p, p)) {
				report_object(r, REPORT_NOTE, obj, NULL,
					      "policy %u offers the same, so this one is never chosen.",
					      c->isakmp.policies.v[k]->p.priority);
				break;
			}
		if (grade_refused_policy(p))
			report_object(r, REPORT_NOTE, obj, "encryption aes 256, hash sha256, group 14",
				      "IOS XE 17.11 and later refuse it by default: a peer that is upgraded stays down.");
		else if (p->hash == HASH_SHA1)
			report_object(r, REPORT_NOTE, obj, "hash sha256", "SHA-1 is on its way out (RFC 8247: MUST-).");
	}
}

/* ---- phase 2 ---- */

static void check_sets(const struct config *c, struct report *r)
{
	char obj[CHECK_NAME_LEN], fix[CHECK_NAME_LEN + 32], null[CHECK_NAME_LEN + 32];

	for (size_t i = 0; i < c->ipsec.transforms.n; i++) {
		const struct p2_transform *t = &c->ipsec.transforms.v[i]->t;

		check_object_name(obj, "crypto ipsec transform-set", t->name);
		snprintf(fix, sizeof(fix), "%s %s esp-sha256-hmac", obj, t->cipher == CIPHER_NULL ? "esp-null" : "esp-aes 256");
		snprintf(null, sizeof(null), "%s esp-null esp-sha256-hmac", obj);
		if (grade_refused_transform(t))
			report_object(r, REPORT_NOTE, obj, fix,
				      "IOS XE 17.11 and later refuse it by default: a peer that is upgraded stays down.");
		else if (t->esp_auth == AUTH_HMAC_SHA1_96 || t->ah_auth == AUTH_HMAC_SHA1_96)
			report_object(r, REPORT_NOTE, obj, t->cipher == CIPHER_UNSET ? null : fix,
				      "HMAC-SHA-1 is on its way out (RFC 8221: MUST-).");
		if (t->ah_auth && t->cipher != CIPHER_UNSET)
			report_object(r, REPORT_NOTE, obj, fix,
				      "AH beside ESP that authenticates costs 24 bytes a packet and crosses no NAT; "
				      "RFC 8221 section 4 recommends ESP alone.");
		else if (t->ah_auth)
			report_object(r, REPORT_NOTE, obj, null,
				      "AH crosses no NAT; ESP without encryption authenticates as well.");
	}
}

void check_weak_offers(const struct config *c, struct report *r)
{
	check_offers(c, r);
	check_sets(c, r);
}

/* Blocks of 64 bits repeat after some 2^32 of them (CVE-2016-2183): 32 GiB. */
static void check_key_volume(const struct config *c, const struct cfg_map_entry *e, const char *obj, struct report *r)
{
	uint64_t kb = cfg_map_entry_life_kb(c, e);
	bool small = false;

	for (size_t i = 0; i < e->n_transforms; i++) {
		const struct cfg_transform *t = config_find_transform(c, e->transforms[i]);

		small |= t && (t->t.cipher == CIPHER_DES || t->t.cipher == CIPHER_3DES);
	}
	if (small && (!kb || kb > UINT64_C(33554432)))
		report_object(r, REPORT_WARNING, obj, "set security-association lifetime kilobytes 4608000",
			      "one key of a cipher with blocks of 64 bits would encrypt more than 32 GiB (Sweet32).");
	if (kb && kb * 1024 * 8 / FAST_BITS < 60)
		report_object(r, REPORT_NOTE, obj, "set security-association lifetime kilobytes 4608000",
			      "at 100 Mbit/s %" PRIu64 " kilobytes last %" PRIu64 " seconds: it is renewed all the time.",
			      kb, kb * 1024 * 8 / FAST_BITS);
}

bool check_volume(const struct config *c, size_t i, struct report *r)
{
	size_t at;
	const struct cfg_map *m = check_nth_entry(c, i, &at);
	const struct cfg_map_entry *e = m && at < m->entries.n ? m->entries.v[at] : NULL;
	char obj[CHECK_NAME_LEN];

	if (e && e->type == MAP_ISAKMP) {
		snprintf(obj, sizeof(obj), "crypto map %s%s %u", m->ipv6 ? "ipv6 " : "", m->name, e->seq);
		check_key_volume(c, e, obj, r);
	}
	for (size_t k = 0; !m && k < c->ipsec_profiles.n; k++) {
		check_object_name(obj, "crypto ipsec profile", c->ipsec_profiles.v[k]->name);
		check_key_volume(c, c->ipsec_profiles.v[k]->entries.v[0], obj, r);
	}
	return m != NULL;
}
