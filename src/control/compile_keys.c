/* SPDX-License-Identifier: Apache-2.0 */
/* Pre-shared keys, keyrings and ISAKMP profiles for the IKE core. */
#include "control/compile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

/* The address of `local-address`, of the family of the peers; false if that interface has
 * none now. */
static bool local_of(const struct cfg_local *l, enum ip_family family, const struct bound_if *ifs, size_t n,
		     struct ipaddr *ret)
{
	const struct bound_if *bi = l->ifname[0] ? bound_find(ifs, n, l->ifname) : NULL;

	*ret = !bi ? l->addr : family == IP_V6 ? bi->addr6 : bi->addr;
	return !l->ifname[0] || ret->family != IP_NONE;
}

/* where: as messages begin. */
static int add_key(const struct cfg_key *key, const char *where, uint16_t keyring,
		   const struct ipaddr *local, bool names, struct compiled *out)
{
	struct psk_entry e = { .addr = key->addr, .keyring = keyring, .local = *local };
	int len = ipaddr_mask_len(&key->mask);
	bool by_name = key->addr.family == IP_NONE && names;
	char addr[IPADDR_STRLEN];

	if (!key->key[0] || (!by_name && (key->addr.family == IP_NONE || len < 0))) {
		txt_printf(&out->notes, "%s: the key for %s is not usable: %s\n", where,
			   key->addr.family ? ipaddr_ios(&key->addr, addr) : key->host,
			   !key->key[0] ? "it is encrypted, and not by this router's master key (to type: "
					  "key config-key password-encrypt, or the key in clear)" :
					  "a key by host name needs aggressive mode");
		return 0;
	}
	if (by_name)
		snprintf(e.host, sizeof(e.host), "%s", key->host);
	else
		e.mask_len = (uint8_t)len;
	e.key_len = (uint8_t)strnlen(key->key, PSK_MAX);
	memcpy(e.key, key->key, e.key_len);
	int err = compiled_add_psk(out, &e);
	secret_wipe(&e, sizeof(e));
	return err;
}

static int add_ring(const struct cfg_keyring *r, uint16_t number, const struct bound_if *ifs, size_t n,
		    struct compiled *out)
{
	char where[CFG_NAME_MAX + 32];
	struct ipaddr local;
	unsigned told = 0;
	int err = 0;

	snprintf(where, sizeof(where), "crypto keyring %s", r->name);
	snprintf(out->keyrings[number - 1], IOS_NAME_MAX, "%s", r->name);
	for (size_t i = 0; !err && i < r->n; i++) {
		const struct cfg_key *k = r->keys[i];

		if (local_of(&r->local, k->addr.family, ifs, n, &local)) {
			err = add_key(k, where, number, &local, true, out);
		} else if (!told++) {
			txt_printf(&out->notes, "%s: interface %s has no address: its keys are not used\n",
				   where, r->local.ifname);
		}
	}
	return err;
}

static void set_keyrings(const struct config *c, const struct cfg_isakmp_profile *cp, struct ike_profile *p,
			 struct compiled *out)
{
	for (size_t i = 0; i < cp->n_keyrings; i++) {
		uint16_t number = 0;

		for (size_t k = 0; !number && k < c->keys.n_keyrings; k++)
			if (!strcmp(c->keys.keyrings[k]->name, cp->keyrings[i]))
				number = (uint16_t)(k + 1);
		if (number)
			p->keyrings[p->n_keyrings++] = number;
		else if (!strcmp(cp->keyrings[i], "default"))
			p->keyrings[p->n_keyrings++] = 0;
		else {
			p->unknown_keyring = true; /* no reason to use the global keys instead */
			txt_printf(&out->notes, "crypto isakmp profile %s: keyring %s does not exist\n",
				   cp->name, cp->keyrings[i]);
		}
	}
}

static void set_self(const struct config *c, const struct cfg_isakmp_profile *cp, struct ike_profile *p)
{
	p->id_kind = cp->self;
	p->id_addr = cp->self_addr;
	if (cp->self == AG_FQDN && !cp->self_name[0])
		snprintf(p->id, sizeof(p->id), "%s", c->hostname);
	else
		snprintf(p->id, sizeof(p->id), "%s", cp->self_name);
}

static void set_matches(const struct cfg_isakmp_profile *cp, struct ike_profile *p)
{
	for (size_t i = 0; i < cp->n_matches; i++) {
		const struct cfg_match *cm = &cp->matches[i];
		struct profile_match *m = &p->matches[p->n_matches++];
		int len = ipaddr_mask_len(&cm->mask);

		m->kind = cm->kind;
		m->addr = cm->addr;
		m->mask_len = (uint8_t)(len < 0 ? 128 : len); /* the grammar lets no other in */
		snprintf(m->name, sizeof(m->name), "%s", cm->name);
	}
}

static void add_profile(const struct config *c, const struct cfg_isakmp_profile *cp,
			const struct bound_if *ifs, size_t n, struct compiled *out)
{
	struct ike_profile *p = &out->profiles[out->ike.n_profiles++];

	snprintf(p->name, sizeof(p->name), "%s", cp->name);
	p->keepalive_sec = cp->keepalive_sec;
	p->keepalive_retry_sec = cp->keepalive_retry_sec;
	p->aggressive = cp->aggressive;
	for (size_t i = 0; i < cp->n_trust; i++)
		snprintf(p->trust[p->n_trust++], IOS_NAME_MAX, "%s", cp->trust[i]);
	set_keyrings(c, cp, p, out);
	set_self(c, cp, p);
	bool ipv6 = cp->n_matches && cp->matches[0].addr.family == IP_V6;
	if (local_of(&cp->local, ipv6 ? IP_V6 : IP_V4, ifs, n, &p->local))
		set_matches(cp, p);
	else
		txt_printf(&out->notes, "crypto isakmp profile %s: interface %s has no address: it matches "
					"nobody\n",
			   cp->name, cp->local.ifname);
}

int compile_keys(const struct config *c, const struct bound_if *ifs, size_t n_ifs, struct compiled *out)
{
	static const struct ipaddr anywhere;
	const struct cfg_isakmp *k = &c->isakmp;
	int err = 0;

	out->keyrings = calloc(c->keys.n_keyrings + 1, sizeof(*out->keyrings));
	out->profiles = calloc(c->keys.n_profiles + 1, sizeof(*out->profiles));
	if (!out->keyrings || !out->profiles)
		return -ENOMEM;
	for (size_t i = 0; !err && i < k->keys.n; i++)
		err = add_key(k->keys.v[i], "crypto isakmp key", 0, &anywhere, !k->aggressive_disable, out);
	for (size_t i = 0; !err && i < c->keys.n_keyrings; i++)
		err = add_ring(c->keys.keyrings[i], (uint16_t)(i + 1), ifs, n_ifs, out);
	out->ike.n_keyrings = c->keys.n_keyrings;
	for (size_t i = 0; !err && i < c->keys.n_profiles; i++)
		add_profile(c, c->keys.profiles[i], ifs, n_ifs, out);
	return err;
}
