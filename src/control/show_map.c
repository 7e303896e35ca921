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
	if (acl && acl->kind == ACL_IPV6)
		txt_printf(out, "\tIPv6 access list %s\n", e->match_acl);
	else
		txt_printf(out, "\tExtended IP access list %s\n", e->match_acl);
	for (size_t i = 0; acl && i < acl->entries.n; i++) {
		const struct acl_entry *ace = acl->entries.v[i];

		if (ace->kind == ACE_REMARK)
			continue;
		if (acl->kind == ACL_IPV6)
			txt_printf(out, "\t    %s ", ace->kind == ACE_PERMIT ? "permit" : "deny");
		else
			txt_printf(out, "\t    access-list %s %s ", acl->name,
				   ace->kind == ACE_PERMIT ? "permit" : "deny");
		show_ace_body(out, acl, ace);
		if (acl->kind == ACL_IPV6)
			txt_printf(out, " sequence %u", (unsigned)ace->seq);
		txt_char(out, '\n');
	}
}

bool show_map_peer(const struct show_in *in, const struct cfg_map *m, const struct cfg_map_entry *e,
		   struct ipaddr *ret_peer)
{
	for (size_t i = 0; i < in->n_p2; i++) {
		const struct p2_policy *p = &in->p2[i];

		if (p->seq == e->seq && !strcmp(p->map, m->name) && show_policy_peer(in, p, ret_peer))
			return true;
	}
	if (!e->n_peers || e->peers[0].addr.family == IP_NONE)
		return false;
	*ret_peer = e->peers[0].addr;
	return true;
}

static void say_current_peer(const struct show_in *in, const struct cfg_map *m,
			     const struct cfg_map_entry *e, struct txt *out)
{
	char s[IPADDR_STRLEN];
	struct ipaddr peer;

	if (show_map_peer(in, m, e, &peer))
		txt_printf(out, "\tCurrent peer: %s\n", ipaddr_ios(&peer, s));
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

/* What is to be negotiated, the end of every entry and of an ipsec profile. */
void show_map_terms(const struct show_in *in, const struct cfg_map_entry *e, struct txt *out)
{
	const struct config *c = in->config;

	txt_char(out, '\t');
	lifetime(out, cfg_map_entry_life_kb(c, e), cfg_map_entry_life_sec(c, e));
	if (e->idle_sec)
		txt_printf(out, "\tSecurity association idletime: %u seconds\n",
			   (unsigned)e->idle_sec);
	if (e->per_host)
		txt_str(out, "\tSecurity association level: per-host\n");
	if (!c->compat_ios12)
		txt_printf(out, "\tResponder-Only (Y/N): %c\n", e->responder_only ? 'Y' : 'N');
	txt_printf(out, "\tPFS (Y/N): %c\n", e->pfs_group ? 'Y' : 'N');
	if (e->pfs_group)
		txt_printf(out, "\tDH group:  group%u\n", (unsigned)e->pfs_group);
	if (!c->compat_ios12)
		txt_str(out, "\tMixed-mode : Disabled\n");
	say_transforms(in, e, out);
}

static void say_peers(const struct cfg_map_entry *e, struct txt *out)
{
	char s[IPADDR_STRLEN];

	for (size_t i = 0; i < e->n_peers; i++)
		txt_printf(out, "\tPeer = %s\n",
			   e->peers[i].addr.family != IP_NONE ? ipaddr_ios(&e->peers[i].addr, s) :
								e->peers[i].host);
}

const char *show_map_type(const struct cfg_map_entry *e)
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

/* That there are keys, not which: this may be asked without a password. */
static void say_session_keys(const struct cfg_session_key *k, const char *word, struct txt *out)
{
	if (k->esp_spi)
		txt_printf(out, "\t%s esp spi: %u,\n\t\tcipher key: %s,\n\t\tauth_key: %s,\n", word,
			   (unsigned)k->esp_spi, k->cipher_key[0] ? "<removed>" : "",
			   k->auth_key[0] ? "<removed>" : "");
	if (k->ah_spi)
		txt_printf(out, "\t%s ah spi: %u,\n\t\tkey: <removed>,\n", word, (unsigned)k->ah_spi);
}

/* IOS 12.x tells no families apart. */
static const char *family_word(const struct config *c, bool ipv6)
{
	return c->compat_ios12 ? "" : ipv6 ? "IPv6 " : "IPv4 ";
}

bool show_map_complete(const struct config *c, const struct cfg_map_entry *e)
{
	return e->type == MAP_DYNAMIC || (e->n_peers && e->match_acl[0] && config_find_acl(c, e->match_acl));
}

static void say_entry(const struct show_in *in, const struct cfg_map *m,
		      const struct cfg_map_entry *e, struct txt *out)
{
	const struct config *c = in->config;

	txt_printf(out, "Crypto Map %s\"%s\" %u %s\n", family_word(c, m->ipv6), m->name,
		   (unsigned)e->seq, show_map_type(e));
	if (e->description[0])
		txt_printf(out, "\tDescription: %s\n", e->description);
	if (e->type == MAP_DYNAMIC) {
		txt_printf(out, "\tDynamic map template tag: %s\n", e->dynamic);
		return;
	}
	if (!show_map_complete(c, e))
		txt_str(out, "\tWARNING: This crypto map is in an incomplete state!\n"
			     "\t\t(missing peer or access-list definitions)\n");
	say_peers(e, out);
	say_acl(in, e, out);
	say_current_peer(in, m, e, out);
	if (e->type == MAP_MANUAL) {
		say_transforms(in, e, out);
		say_session_keys(&e->keys[0], "Inbound", out);
		say_session_keys(&e->keys[1], "Outbound", out);
	} else {
		show_map_terms(in, e, out);
	}
}

/* IOS closes each entry with the interfaces of the whole map. */
static void say_interfaces(const struct config *c, const struct cfg_map *m, struct txt *out)
{
	txt_printf(out, "\tInterfaces using crypto map %s:\n", m->name);
	for (size_t n = 0; n < c->interfaces.n; n++)
		if (!strcmp(m->ipv6 ? c->interfaces.v[n]->ip6.crypto_map : c->interfaces.v[n]->crypto_map,
			    m->name))
			txt_printf(out, "\t\t%s\n", c->interfaces.v[n]->name);
	txt_char(out, '\n');
}

/* ---- dynamic crypto maps, and those of protected tunnels ---- */

static void say_end(struct txt *out, const struct addr_match *m, const struct port_match *port)
{
	struct ipaddr wild = { .family = m->addr.family };
	char addr[IPADDR_STRLEN], bits[IPADDR_STRLEN];
	unsigned len;

	if (wild.family == IP_V6 && addr_match_prefix(m, &len)) {
		ipaddr_ios(&m->addr, addr);
		if (len == 128)
			txt_printf(out, " host %s", addr);
		else if (len)
			txt_printf(out, " %s/%u", addr, len);
		else
			txt_str(out, " any");
		if (port->op == PORT_EQ)
			txt_printf(out, " eq %u", (unsigned)port->lo);
		return;
	}
	memcpy(wild.b, m->wild, sizeof(wild.b));
	ipaddr_ios(&m->addr, addr);
	ipaddr_ios(&wild, bits);
	if (!strcmp(bits, "0.0.0.0"))
		txt_printf(out, " host %s", addr);
	else if (!strcmp(bits, "255.255.255.255"))
		txt_str(out, " any");
	else
		txt_printf(out, " %s %s", addr, bits);
	if (port->op == PORT_EQ)
		txt_printf(out, " eq %u", (unsigned)port->lo);
}

static void say_proto(struct txt *out, uint8_t proto, bool ipv6)
{
	const struct {
		uint8_t proto;
		const char *word;
	} words[] = { { 0, ipv6 ? "ipv6" : "ip" }, { ipv6 ? 58 : 1, "icmp" }, { 6, "tcp" }, { 17, "udp" }, { 47, "gre" } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].proto == proto) {
			txt_str(out, words[i].word);
			return;
		}
	txt_printf(out, "%u", (unsigned)proto);
}

void show_made_ace(struct txt *out, const struct selector *s)
{
	txt_str(out, "permit ");
	say_proto(out, s->proto, s->local.addr.family == IP_V6);
	say_end(out, &s->local, &s->local_port);
	say_end(out, &s->remote, &s->remote_port);
}

/* The list that nobody wrote. */
static void say_made_list(const struct selector *s, struct txt *out)
{
	txt_str(out, s->local.addr.family == IP_V6 ? "\tIPv6 access list \n\t    " :
						     "\tExtended IP access list \n\t    access-list  ");
	show_made_ace(out, s);
	txt_char(out, '\n');
}

/* Its SPD entry knows. */
const struct cfg_map_entry *show_map_template(const struct show_in *in, const struct cfg_map *m,
					      const struct p2_policy *p, const char **ret_name)
{
	const struct cfg_map_entry *e = cfg_map_find(m, p->seq);
	const struct cfg_map *d = e ? config_find_dynamic_map(in->config, e->dynamic) : NULL;

	for (size_t i = 0; d && i < in->n_policies; i++)
		if (in->policies[i].id == p->id) {
			*ret_name = d->name;
			return cfg_map_find(d, in->policies[i].map_seq >> 16);
		}
	return NULL;
}

/* A temporary entry: IOS counts them from 65536. */
static void say_temporary(const struct show_in *in, const struct cfg_map *m,
			  const struct p2_policy *p, unsigned number, struct txt *out)
{
	const char *name = "";
	const struct cfg_map_entry *t = show_map_template(in, m, p, &name);
	struct ipaddr peer = p->peers[0];
	char s[IPADDR_STRLEN];

	if (!t)
		return;
	(void)show_policy_peer(in, p, &peer);
	ipaddr_ios(&peer, s);
	txt_printf(out,
		   "Crypto Map %s\"%s\" %u ipsec-isakmp\n\tPeer = %s\n",
		   family_word(in->config, m->ipv6), m->name, number, s);
	say_made_list(&p->sel, out);
	txt_printf(out, "\t    dynamic (created from dynamic map %s/%u)\n\tCurrent peer: %s\n",
		   name, (unsigned)t->seq, s);
	show_map_terms(in, t, out);
	say_interfaces(in->config, m, out);
}

static void say_temporaries(const struct show_in *in, const struct cfg_map *m, struct txt *out)
{
	unsigned number = 65536;

	for (size_t i = 0; i < in->n_p2; i++)
		if (in->p2[i].dynamic && in->p2[i].of && !strcmp(in->p2[i].map, m->name))
			say_temporary(in, m, &in->p2[i], number++, out);
}

void show_dynamic_map(const struct show_in *in, const char *tag, struct txt *out)
{
	const struct config *c = in->config;
	bool any = false;

	for (size_t i = 0; i < c->dynamic_maps.n; i++) {
		const struct cfg_map *d = c->dynamic_maps.v[i];

		if (tag[0] && strcmp(tag, d->name) != 0)
			continue;
		for (size_t k = 0; k < d->entries.n; k++) {
			const struct cfg_map_entry *e = d->entries.v[k];

			txt_printf(out, "Crypto Map Template\"%s\" %u\n", d->name, (unsigned)e->seq);
			if (e->description[0])
				txt_printf(out, "\tDescription: %s\n", e->description);
			say_peers(e, out);
			say_acl(in, e, out);
			show_map_terms(in, e, out);
			txt_char(out, '\n');
			any = true;
		}
	}
	if (!any)
		txt_str(out, "No crypto map templates found.\n");
}

bool show_shares_head(const struct cfg_interface *i, const char *map)
{
	char own[IOS_NAME_MAX];

	if (!i->is_tunnel || !i->tunnel.protection[0])
		return false;
	show_head_name(i, own);
	return !strcmp(own, map);
}

/* The map that IOS makes for a protected tunnel: the profile, and its instance. */
static void say_head(const struct show_in *in, const struct p2_policy *p,
		     const struct cfg_interface *i, struct txt *out)
{
	static const struct cfg_map_entry none = { .type = MAP_ISAKMP };
	const struct cfg_map_entry *e = config_find_ipsec_profile(in->config, i->tunnel.protection);
	const char *ip = family_word(in->config, p->local.family == IP_V6);
	struct ipaddr peer = p->peers[0];
	char s[IPADDR_STRLEN];

	txt_printf(out, "Crypto Map %s\"%s\" 65536 ipsec-isakmp\n\tProfile name: %s\n", ip, p->map,
		   i->tunnel.protection);
	show_map_terms(in, e ? e : &none, out);
	(void)show_policy_peer(in, p, &peer);
	ipaddr_ios(&peer, s);
	txt_printf(out,
		   "\nCrypto Map %s\"%s\" %u ipsec-isakmp\n\tMap is a PROFILE INSTANCE.\n"
		   "\tPeer = %s\n",
		   ip, p->map, (unsigned)p->seq, s);
	say_made_list(&p->sel, out);
	txt_printf(out, "\tCurrent peer: %s\n", s);
	show_map_terms(in, e ? e : &none, out);
	txt_printf(out, "\tInterfaces using crypto map %s:\n", p->map);
	for (size_t n = 0; n < in->config->interfaces.n; n++)
		if (show_shares_head(in->config->interfaces.v[n], p->map))
			txt_printf(out, "\t\t%s\n", in->config->interfaces.v[n]->name);
	txt_char(out, '\n');
}

const struct cfg_interface *show_head_if(const struct show_in *in, const struct p2_policy *p,
					 const char *ifname)
{
	const struct cfg_interface *i = NULL;

	for (size_t n = 0; p->standing && n < in->config->interfaces.n; n++) {
		const struct cfg_interface *x = in->config->interfaces.v[n];

		if (show_shares_head(x, p->map) && (!ifname[0] || !strcmp(ifname, x->name)))
			i = x;
	}
	return i;
}

/* True if there was one. */
static bool say_heads(const struct show_in *in, const char *ifname, const char *tag, struct txt *out)
{
	bool any = false;

	for (size_t k = 0; k < in->n_p2; k++) {
		const struct p2_policy *p = &in->p2[k];
		const struct cfg_interface *i = show_head_if(in, p, ifname);

		if (!i || (tag[0] && strcmp(tag, p->map) != 0))
			continue;
		say_head(in, p, i, out);
		any = true;
	}
	return any;
}

void show_crypto_map_some(const struct show_in *in, const char *ifname, const char *tag, struct show_cursor *k,
			  struct txt *out)
{
	const struct config *c = in->config;
	const struct cfg_interface *on = ifname[0] ? config_find_interface(c, ifname) : NULL;
	size_t end = out->len + SHOW_PIECE;

	for (; k->at < c->maps.n; k->at++, k->sub = 0) {
		const struct cfg_map *m = c->maps.v[k->at];

		if (tag[0] && strcmp(tag, m->name) != 0)
			continue;
		if (ifname[0] && (!on || strcmp(m->ipv6 ? on->ip6.crypto_map : on->crypto_map, m->name) != 0))
			continue;
		for (; k->sub < m->entries.n; k->sub++) {
			if (out->len >= end)
				return;
			say_entry(in, m, m->entries.v[k->sub], out);
			say_interfaces(c, m, out);
			k->any = true;
		}
		say_temporaries(in, m, out);
	}
	k->any |= say_heads(in, ifname, tag, out);
	if (!k->any)
		txt_str(out, "No crypto maps found.\n");
	k->over = true;
}

void show_crypto_map(const struct show_in *in, const char *ifname, const char *tag, struct txt *out)
{
	struct show_cursor k = { 0 };

	while (!k.over)
		show_crypto_map_some(in, ifname, tag, &k, out);
}
