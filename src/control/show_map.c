/* SPDX-License-Identifier: Apache-2.0 */
/* show crypto map, transform-set, security-association lifetime. */
#include "control/show_parts.h"

#include <inttypes.h>
#include <string.h>

static const char *mode_word(const struct p2_transform *t)
{
	return t->mode == MODE_TRANSPORT ? "Transport" : "Tunnel";
}

void show_transform_sets(const struct show_in *in, const char *name, struct txt *out)
{
	const struct cfg_ipsec *k = &in->config->ipsec;

	for (size_t i = 0; i < k->transforms.n; i++) {
		const struct p2_transform *t = &k->transforms.v[i]->t;

		if (name[0] && strcmp(name, t->name) != 0)
			continue;
		txt_printf(out, "Transform set %s: ", t->name);
		/* one brace group and its mode for each protocol */
		if (t->ah_auth) {
			struct p2_transform ah = *t;

			ah.cipher = CIPHER_UNSET;
			show_transform_groups(out, &ah);
			txt_printf(out, "\n   will negotiate = { %s,  }, \n", mode_word(t));
			if (t->cipher != CIPHER_UNSET)
				txt_str(out, "   ");
		}
		if (t->cipher != CIPHER_UNSET) {
			struct p2_transform esp = *t;

			esp.ah_auth = AUTH_NONE;
			show_transform_groups(out, &esp);
			txt_printf(out, "\n   will negotiate = { %s,  }, \n", mode_word(t));
		}
		txt_str(out, "   \n");
	}
}

static void lifetime(struct txt *out, uint64_t kb, uint32_t sec)
{
	txt_str(out, "Security association lifetime: ");
	if (kb)
		txt_printf(out, "%" PRIu64 " kilobytes/%u seconds\n", kb, (unsigned)sec);
	else
		txt_printf(out, "KB Vol Rekey Disabled/%u seconds\n", (unsigned)sec);
}

void show_ipsec_lifetime(const struct show_in *in, struct txt *out)
{
	const struct cfg_ipsec *k = &in->config->ipsec;

	lifetime(out, k->life_kb_disable ? 0 : k->life_kb, k->life_sec);
}

/* ---- crypto map ---- */

static void say_acl(const struct show_in *in, const struct cfg_map_entry *e, struct txt *out)
{
	const struct cfg_acl *acl = config_find_acl(in->config, e->match_acl);

	if (!e->match_acl[0]) {
		txt_str(out, "\tNo matching address list set.\n");
		return;
	}
	txt_printf(out, "\tExtended IP access list %s\n", e->match_acl);
	for (size_t i = 0; acl && i < acl->entries.n; i++) {
		const struct acl_entry *ace = acl->entries.v[i];

		if (ace->kind == ACE_REMARK)
			continue;
		txt_printf(out, "\t    access-list %s %s ", acl->name,
			   ace->kind == ACE_PERMIT ? "permit" : "deny");
		show_ace_body(out, acl, ace);
		txt_char(out, '\n');
	}
}

/* The peer that the entry's SAs are with, or the one that comes first. */
static void say_current_peer(const struct show_in *in, const struct cfg_map *m,
			     const struct cfg_map_entry *e, struct txt *out)
{
	char s[IPADDR_STRLEN];
	struct ipaddr peer;

	for (size_t i = 0; i < in->n_p2; i++) {
		const struct p2_policy *p = &in->p2[i];

		if (p->seq != e->seq || strcmp(p->map, m->name) != 0 ||
		    !show_policy_peer(in, p, &peer))
			continue;
		txt_printf(out, "\tCurrent peer: %s\n", ipaddr_str(&peer, s));
		return;
	}
	if (e->n_peers && e->peers[0].addr.family != IP_NONE)
		txt_printf(out, "\tCurrent peer: %s\n", ipaddr_str(&e->peers[0].addr, s));
}

static void say_transforms(const struct show_in *in, const struct cfg_map_entry *e, struct txt *out)
{
	txt_str(out, "\tTransform sets={\n");
	for (size_t i = 0; i < e->n_transforms; i++) {
		const struct cfg_transform *t = config_find_transform(in->config, e->transforms[i]);

		txt_printf(out, "\t\t%s", e->transforms[i]);
		if (!in->config->compat_ios12) {
			txt_str(out, ":  ");
			if (t)
				show_transform_groups(out, &t->t);
		}
		txt_str(out, ",\n");
	}
	txt_str(out, "\t}\n");
}

static const char *type_word(const struct cfg_map_entry *e)
{
	switch (e->type) {
	case MAP_MANUAL:
		return "ipsec-manual";
	case MAP_GDOI:
		return "gdoi";
	default:
		return "ipsec-isakmp";
	}
}

static void say_entry(const struct show_in *in, const struct cfg_map *m,
		      const struct cfg_map_entry *e, struct txt *out)
{
	const struct config *c = in->config;
	char s[IPADDR_STRLEN];

	txt_printf(out, "Crypto Map %s\"%s\" %u %s\n", c->compat_ios12 ? "" : "IPv4 ", m->name,
		   (unsigned)e->seq, type_word(e));
	if (e->description[0])
		txt_printf(out, "\tDescription: %s\n", e->description);
	if (e->type == MAP_DYNAMIC) {
		txt_printf(out, "\tDynamic map template tag: %s\n", e->dynamic);
		return;
	}
	if (!e->n_peers || !e->match_acl[0] || !config_find_acl(c, e->match_acl))
		txt_str(out, "\tWARNING: This crypto map is in an incomplete state!\n"
			     "\t\t(missing peer or access-list definitions)\n");
	for (size_t i = 0; i < e->n_peers; i++)
		txt_printf(out, "\tPeer = %s\n",
			   e->peers[i].addr.family != IP_NONE ? ipaddr_str(&e->peers[i].addr, s) :
								e->peers[i].host);
	say_acl(in, e, out);
	say_current_peer(in, m, e, out);
	txt_char(out, '\t');
	lifetime(out, cfg_map_entry_life_kb(c, e), cfg_map_entry_life_sec(c, e));
	if (e->idle_sec)
		txt_printf(out, "\tSecurity association idletime: %u seconds\n",
			   (unsigned)e->idle_sec);
	if (!c->compat_ios12)
		txt_str(out, "\tResponder-Only (Y/N): N\n");
	txt_printf(out, "\tPFS (Y/N): %c\n", e->pfs_group ? 'Y' : 'N');
	if (e->pfs_group)
		txt_printf(out, "\tDH group:  group%u\n", (unsigned)e->pfs_group);
	if (!c->compat_ios12)
		txt_str(out, "\tMixed-mode : Disabled\n");
	say_transforms(in, e, out);
}

void show_crypto_map(const struct show_in *in, const char *ifname, const char *tag, struct txt *out)
{
	const struct config *c = in->config;
	const struct cfg_interface *on = ifname[0] ? config_find_interface(c, ifname) : NULL;
	bool any = false;

	if (on)
		tag = on->crypto_map;
	for (size_t i = 0; i < c->maps.n && !(ifname[0] && !tag[0]); i++) {
		const struct cfg_map *m = c->maps.v[i];

		if (tag[0] && strcmp(tag, m->name) != 0)
			continue;
		for (size_t k = 0; k < m->entries.n; k++) {
			say_entry(in, m, m->entries.v[k], out);
			/* IOS closes each entry with the interfaces of the whole map */
			txt_printf(out, "\tInterfaces using crypto map %s:\n", m->name);
			for (size_t n = 0; n < c->interfaces.n; n++)
				if (!strcmp(c->interfaces.v[n]->crypto_map, m->name))
					txt_printf(out, "\t\t%s\n", c->interfaces.v[n]->name);
			txt_char(out, '\n');
			any = true;
		}
	}
	if (!any)
		txt_str(out, "No crypto maps found.\n");
}
