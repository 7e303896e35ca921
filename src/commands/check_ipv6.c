/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/check_ipv6.h"

#include <stdio.h>
#include <string.h>

#define OBJ_LEN (CFG_NAME_MAX + 48)

struct ipaddr check_first_address6(const struct cfg_interface *i)
{
	for (size_t k = 0; k < i->ip6.n; k++)
		if (i->ip6.addrs[k].kind == ADDR6_WHOLE)
			return i->ip6.addrs[k].addr;
	return (struct ipaddr){ 0 };
}

static const char *word(bool ipv6)
{
	return ipv6 ? "IPv6" : "IPv4";
}

/* Lists of entries are of the family of their map. */
static void check_map(const struct config *c, const struct cfg_map *m, struct report *r)
{
	char obj[OBJ_LEN];

	for (size_t i = 0; i < m->entries.n; i++) {
		const struct cfg_map_entry *e = m->entries.v[i];
		const struct cfg_acl *acl = e->match_acl[0] ? config_find_acl(c, e->match_acl) : NULL;

		if (!acl || (acl->kind == ACL_IPV6) == m->ipv6)
			continue;
		snprintf(obj, sizeof(obj), "crypto map %s%s %u", m->ipv6 ? "ipv6 " : "", m->name, e->seq);
		report_object(r, REPORT_ERROR, obj,
			      m->ipv6 ? "match address of an ipv6 access-list" :
					"match address of an extended list, or crypto map ipv6",
			      "access list %s is of %s, so nothing is protected.", acl->name,
			      word(acl->kind == ACL_IPV6));
	}
}

static void check_filter(const struct config *c, const char *name, const char *obj, struct report *r)
{
	const struct cfg_acl *acl = name[0] ? config_find_acl(c, name) : NULL;

	if (name[0] && !acl) {
		report_object(r, REPORT_WARNING, obj, NULL, "access list %s of ipv6 traffic-filter does not exist.", name);
		report_fix(r, "ipv6 access-list %s", name);
	}
	if (acl && acl->kind != ACL_IPV6)
		report_object(r, REPORT_WARNING, obj, "ipv6 access-list NAME",
			      "access list %s of ipv6 traffic-filter is of IPv4: it filters nothing.", name);
}

/* A map that stands where the other family's belongs. */
static void check_applied(const struct config *c, const char *name, bool ipv6, const char *obj,
			  struct report *r)
{
	const struct cfg_map *m = name[0] ? config_find_map(c, name) : NULL;

	if (name[0] && !m && ipv6) { /* of IPv4 it is said elsewhere */
		report_object(r, REPORT_ERROR, obj, NULL, "crypto map %s does not exist, so nothing of IPv6 is protected.", name);
		report_fix(r, "crypto map ipv6 %s 10 ipsec-isakmp", name);
	}
	if (m && m->ipv6 != ipv6)
		report_object(r, REPORT_ERROR, obj, ipv6 ? "crypto map NAME" : "ipv6 crypto map NAME",
			      "crypto map %s is an %s crypto map and protects nothing of %s.", name,
			      word(m->ipv6), word(ipv6));
}

static void check_tunnel(const struct cfg_interface *i, const char *obj, struct report *r)
{
	const struct cfg_tunnel *t = &i->tunnel;
	enum ip_family outer = cfg_tunnel_outer(t);

	if (t->mode == TUNNEL_GRE_MULTIPOINT || t->mode >= TUNNEL_OTHER)
		return;
	if ((t->source.family && t->source.family != outer) ||
	    (t->destination.family && t->destination.family != outer))
		report_object(r, REPORT_ERROR, obj,
			      outer == IP_V6 ? "tunnel destination X:X:X:X::X, or another tunnel mode" :
					       "tunnel mode gre ipv6",
			      "the tunnel mode wants ends of %s, so the tunnel stays down.",
			      word(outer == IP_V6));
	if (t->keepalive && outer == IP_V6)
		report_object(r, REPORT_WARNING, obj, "no keepalive",
			      "keepalives are sent over IPv4 only; this tunnel has none.");
	if (cfg_if6_runs(&i->ip6) && !cfg_tunnel_carries(t, IP_V6))
		report_object(r, REPORT_WARNING, obj, "tunnel mode gre ip, or ipsec ipv4 v6-overlay",
			      "this tunnel mode does not carry IPv6: its IPv6 address is not used.");
	if (i->addr.addr.family && !cfg_tunnel_carries(t, IP_V4))
		report_object(r, REPORT_WARNING, obj, "tunnel mode gre ipv6, or ipsec ipv6 v4-overlay",
			      "this tunnel mode does not carry IPv4: what is routed into it is dropped.");
}

static bool routes_ipv6(const struct config *c)
{
	bool any = false;

	for (size_t i = 0; i < c->interfaces.n; i++)
		any |= c->interfaces.v[i]->ip6.crypto_map[0] != '\0';
	for (size_t i = 0; i < c->routes.n; i++)
		any |= c->routes.v[i]->net.family == IP_V6;
	return any;
}

void check_ipv6(const struct config *c, struct report *r)
{
	char obj[OBJ_LEN];

	for (size_t i = 0; i < c->maps.n; i++)
		check_map(c, c->maps.v[i], r);
	for (size_t i = 0; i < c->interfaces.n; i++) {
		const struct cfg_interface *f = c->interfaces.v[i];

		snprintf(obj, sizeof(obj), "interface %s", f->name);
		check_applied(c, f->crypto_map, false, obj, r);
		check_applied(c, f->ip6.crypto_map, true, obj, r);
		check_filter(c, f->ip6.filter_in, obj, r);
		check_filter(c, f->ip6.filter_out, obj, r);
		if (f->is_tunnel)
			check_tunnel(f, obj, r);
	}
	if (!c->ipv6_routing && routes_ipv6(c))
		report_object(r, REPORT_WARNING, "ipv6 unicast-routing", "ipv6 unicast-routing",
			      "it is not configured: no IPv6 packet of others is forwarded.");
}
