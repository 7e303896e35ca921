/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration is made and printed as any other; what is a guess is said in front of it. */
#include "commands/mirror.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/check_ipv6.h"
#include "commands/commands.h"

#define PEERS_MAX 17 /* that are named to choose from, and one more */

struct mirror {
	const struct config *from;
	struct config *to;
	struct ipaddr peer, local; /* as this side knows them */
	char outer[CFG_NAME_MAX];  /* the interface by which this side reaches it */
	struct txt notes;
	bool nomem;
};

struct acl_entry mirror_entry(const struct acl_entry *e)
{
	struct acl_entry m = *e;

	m.src = e->dst;
	m.dst = e->src;
	m.src_port = e->dst_port;
	m.dst_port = e->src_port;
	return m;
}

static void note(struct mirror *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void note(struct mirror *m, const char *fmt, ...)
{
	va_list ap;

	txt_str(&m->notes, "! ");
	va_start(ap, fmt);
	txt_vprintf(&m->notes, fmt, ap);
	va_end(ap);
	txt_char(&m->notes, '\n');
}

/* ---- which peer ---- */

static void add_peer(struct ipaddr *v, size_t *n, const struct ipaddr *a)
{
	for (size_t i = 0; i < *n; i++)
		if (ipaddr_equal(&v[i], a))
			return;
	if (a->family && *n < PEERS_MAX)
		v[(*n)++] = *a;
}

/* Of the wanted one, if it is said which. */
static size_t peers_of(const struct config *c, const struct ipaddr *wanted, struct ipaddr v[PEERS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < c->maps.n; i++)
		for (size_t k = 0; k < c->maps.v[i]->entries.n; k++)
			for (size_t p = 0; p < c->maps.v[i]->entries.v[k]->n_peers; p++)
				if (!wanted->family || ipaddr_equal(wanted, &c->maps.v[i]->entries.v[k]->peers[p].addr))
					add_peer(v, &n, &c->maps.v[i]->entries.v[k]->peers[p].addr);
	for (size_t i = 0; i < c->interfaces.n; i++)
		if (c->interfaces.v[i]->is_tunnel &&
		    (!wanted->family || ipaddr_equal(wanted, &c->interfaces.v[i]->tunnel.destination)))
			add_peer(v, &n, &c->interfaces.v[i]->tunnel.destination);
	return n;
}

static int choose(const struct config *c, const struct ipaddr *wanted, struct ipaddr *ret, struct txt *why)
{
	struct ipaddr v[PEERS_MAX];
	char buf[IPADDR_STRLEN];
	size_t n = peers_of(c, wanted, v);

	if (!n) {
		txt_printf(why, "there is no peer %s in it: set peer, or tunnel destination\n",
			   wanted->family ? ipaddr_ios(wanted, buf) : "with an address");
		return -ENOENT;
	}
	if (n > 1) {
		txt_str(why, "it has several peers; say which: --peer");
		for (size_t i = 0; i < n && i + 1 < PEERS_MAX; i++)
			txt_printf(why, " %s", ipaddr_ios(&v[i], buf));
		txt_str(why, n == PEERS_MAX ? " ...\n" : "\n");
		return -EEXIST;
	}
	*ret = v[0];
	return 0;
}

/* ---- addresses of this side ---- */

static bool has_peer(const struct cfg_map_entry *e, const struct ipaddr *peer)
{
	for (size_t i = 0; i < e->n_peers; i++)
		if (ipaddr_equal(&e->peers[i].addr, peer))
			return true;
	return false;
}

static bool map_has_peer(const struct cfg_map *map, const struct ipaddr *peer)
{
	for (size_t i = 0; map && i < map->entries.n; i++)
		if (has_peer(map->entries.v[i], peer))
			return true;
	return false;
}

static struct ipaddr address_of(const struct cfg_interface *f, enum ip_family family)
{
	return family == IP_V6 ? check_first_address6(f) : f->addr.addr;
}

static struct ipaddr source_of(const struct config *c, const struct cfg_interface *tunnel)
{
	const struct cfg_interface *f = tunnel->tunnel.source_if[0] ? config_find_interface(c, tunnel->tunnel.source_if) : NULL;

	return f ? address_of(f, cfg_tunnel_outer(&tunnel->tunnel)) : tunnel->tunnel.source;
}

static const char *map_on(const struct cfg_interface *f, enum ip_family family)
{
	return family == IP_V6 ? f->ip6.crypto_map : f->crypto_map;
}

static bool has_address(const struct cfg_interface *f, const struct ipaddr *a)
{
	return ipaddr_equal(&f->addr.addr, a) || cfg_if6_find(&f->ip6, a) < f->ip6.n;
}

/* Where a packet to the peer leaves, and from which address: by the map that names it, or the tunnel that ends there. */
static void find_local(struct mirror *m)
{
	const struct config *c = m->from;

	for (size_t i = 0; i < c->interfaces.n; i++) {
		const struct cfg_interface *f = c->interfaces.v[i];
		const char *name = map_on(f, m->peer.family);
		const struct cfg_map *map = name[0] ? config_find_map(c, name) : NULL;
		const struct cfg_interface *local = f;

		if (map_has_peer(map, &m->peer)) {
			if (map->local_if[0] && config_find_interface(c, map->local_if))
				local = config_find_interface(c, map->local_if);
			m->local = address_of(local, m->peer.family);
			snprintf(m->outer, sizeof(m->outer), "%s", f->name);
			return;
		}
	}
	for (size_t i = 0; i < c->interfaces.n; i++) {
		const struct cfg_interface *f = c->interfaces.v[i];

		if (!f->is_tunnel || !ipaddr_equal(&f->tunnel.destination, &m->peer))
			continue;
		m->local = source_of(c, f);
		if (f->tunnel.source_if[0])
			snprintf(m->outer, sizeof(m->outer), "%s", f->tunnel.source_if);
		else
			for (size_t k = 0; k < c->interfaces.n; k++)
				if (has_address(c->interfaces.v[k], &m->local))
					snprintf(m->outer, sizeof(m->outer), "%s", c->interfaces.v[k]->name);
		return;
	}
}

/* ---- the parts ---- */

static void copy_isakmp(struct mirror *m)
{
	const struct cfg_isakmp *from = &m->from->isakmp;
	struct cfg_isakmp *to = &m->to->isakmp;

	to->keepalive_sec = from->keepalive_sec;
	to->keepalive_retry_sec = from->keepalive_retry_sec;
	to->keepalive_periodic = from->keepalive_periodic;
	to->fragmentation = from->fragmentation;
	to->default_policy = from->default_policy;
	to->legacy_default_policy = from->legacy_default_policy;
	to->aggressive_disable = from->aggressive_disable;
	for (size_t i = 0; i < from->policies.n; i++) {
		struct cfg_policy *p = config_add_policy(m->to, from->policies.v[i]->p.priority);

		if (p)
			p->p = from->policies.v[i]->p;
		m->nomem |= !p;
	}
}

/* The best match for the peer, which is the peer's for us. */
static void copy_key(struct mirror *m)
{
	const struct cfg_key *best = NULL;
	struct cfg_key k;
	int best_len = -1;

	for (size_t i = 0; i < m->from->isakmp.keys.n; i++) {
		const struct cfg_key *key = m->from->isakmp.keys.v[i];
		int len = ipaddr_mask_len(&key->mask);

		if (key->addr.family == m->peer.family && len > best_len && len >= 0 &&
		    ipaddr_in(&m->peer, &key->addr, (unsigned)len)) {
			best = key;
			best_len = len;
		}
	}
	for (size_t i = 0; !best && i < m->from->keys.n_keyrings; i++)
		for (size_t n = 0; !best && n < m->from->keys.keyrings[i]->n; n++) {
			const struct cfg_key *key = m->from->keys.keyrings[i]->keys[n];
			int len = ipaddr_mask_len(&key->mask);

			if (key->addr.family == m->peer.family && len >= 0 && ipaddr_in(&m->peer, &key->addr, (unsigned)len))
				best = key;
		}
	if (!best) {
		note(m, "No pre-shared key of this side is for the peer; with rsa-sig it needs a trustpoint and a certificate of its own.");
		return;
	}
	k = *best;
	k.addr = m->local;
	memset(&k.mask, 0, sizeof(k.mask));
	k.mask.family = m->local.family;
	memset(k.mask.b, 0xff, m->local.family == IP_V6 ? 16 : 4);
	k.host[0] = '\0';
	if (m->local.family)
		m->nomem |= !config_add_key(m->to, &k);
	explicit_bzero(&k, sizeof(k));
}

static void copy_transforms(struct mirror *m, const struct cfg_map_entry *e)
{
	for (size_t i = 0; i < e->n_transforms; i++) {
		const struct cfg_transform *t = config_find_transform(m->from, e->transforms[i]);
		struct cfg_transform *new = t ? config_add_transform(m->to, e->transforms[i]) : NULL;

		if (new) {
			new->t = t->t;
			new->require = t->require;
		}
		m->nomem |= t && !new;
	}
}

static void copy_acl(struct mirror *m, const char *name)
{
	const struct cfg_acl *acl = name[0] ? config_find_acl(m->from, name) : NULL;
	struct cfg_acl *new;

	if (!acl || config_find_acl(m->to, name)) /* of another entry, too */
		return;
	new = config_add_acl(m->to, name, acl->kind, acl->numbered);
	m->nomem |= !new;
	for (size_t i = 0; new && i < acl->entries.n; i++) {
		struct acl_entry e = acl->entries.v[i]->kind == ACE_REMARK ? *acl->entries.v[i] : mirror_entry(acl->entries.v[i]);

		m->nomem |= !cfg_acl_add(new, &e);
	}
}

/* The terms of an entry, which are the same at both ends. */
static void copy_terms(struct mirror *m, const struct cfg_map_entry *from, struct cfg_map_entry *to)
{
	to->type = from->type;
	to->n_transforms = from->n_transforms;
	memcpy(to->transforms, from->transforms, sizeof(to->transforms));
	to->pfs_group = from->pfs_group;
	to->life_sec = from->life_sec;
	to->life_kb = from->life_kb;
	to->life_kb_disable = from->life_kb_disable;
	to->per_host = from->per_host;
	copy_transforms(m, from);
	if (from->profile[0])
		note(m, "isakmp-profile %s of this side is left out: it says who the peer is.", from->profile);
}

static void copy_map(struct mirror *m, const struct cfg_map *map)
{
	struct cfg_map *new = NULL;

	for (size_t i = 0; i < map->entries.n; i++) {
		const struct cfg_map_entry *e = map->entries.v[i];
		struct cfg_map_entry *to;

		if (e->type != MAP_ISAKMP || !has_peer(e, &m->peer))
			continue;
		if (!new)
			new = config_add_map(m->to, map->name);
		to = new ? cfg_map_add(new, e->seq) : NULL;
		if (!to) {
			m->nomem = true;
			return;
		}
		new->ipv6 = map->ipv6;
		copy_terms(m, e, to);
		to->n_peers = m->local.family != IP_NONE;
		to->peers[0] = (struct cfg_peer){ .addr = m->local };
		snprintf(to->match_acl, sizeof(to->match_acl), "%s", e->match_acl);
		copy_acl(m, e->match_acl);
	}
}

/* ---- interfaces ---- */

static bool same_net(const struct cfg_addr *a, const struct ipaddr *b)
{
	int len = ipaddr_mask_len(&a->mask);

	return a->addr.family == b->family && len >= 0 && ipaddr_in(b, &a->addr, (unsigned)len);
}

/* Its address, and what of it is a guess. */
static void outer_address(struct mirror *m, const struct cfg_interface *f, struct cfg_interface *new)
{
	bool ipv6 = m->peer.family == IP_V6, near = same_net(&f->addr, &m->peer), way = near && same_net(&f->addr, &m->local);
	char buf[IPADDR_STRLEN];

	if (ipv6) {
		size_t at = cfg_if6_find(&f->ip6, &m->local);
		uint8_t len = at < f->ip6.n ? f->ip6.addrs[at].len : 64;

		new->ip6.addrs[new->ip6.n++] = (struct cfg_addr6){ .addr = m->peer, .len = len, .kind = ADDR6_WHOLE };
		near = at < f->ip6.n && ipaddr_in(&m->peer, &m->local, len);
		way = near;
	} else {
		new->addr.addr = m->peer;
		new->addr.mask = f->addr.mask;
	}
	note(m, "interface %s: its name is a guess%s.", f->name, near ? "" : ipv6 ? ", and so is the length of its prefix" : ", and so is the mask");
	if (!way && m->local.family)
		note(m, ipv6 ? "The way to %s is not known: ipv6 route %s/128 NEXT-HOP." :
			       "The way to %s is not known: ip route %s 255.255.255.255 NEXT-HOP.", ipaddr_ios(&m->local, buf), buf);
}

static void copy_outer(struct mirror *m)
{
	const struct cfg_interface *f = m->outer[0] ? config_find_interface(m->from, m->outer) : NULL;
	struct cfg_interface *new = f ? config_add_interface(m->to, f->name) : NULL;
	const char *map = f ? map_on(f, m->peer.family) : "";

	if (!new) {
		note(m, "By which interface this side reaches the peer it does not say.");
		m->nomem |= f != NULL;
		return;
	}
	if (!map[0] || !config_find_map(m->to, map))
		map = "";
	if (m->peer.family == IP_V6)
		snprintf(new->ip6.crypto_map, sizeof(new->ip6.crypto_map), "%s", map);
	else
		snprintf(new->crypto_map, sizeof(new->crypto_map), "%s", map);
	outer_address(m, f, new);
}

/* The other address of a network for two. */
static bool other_end(const struct cfg_addr *a, struct ipaddr *ret)
{
	int len = ipaddr_mask_len(&a->mask);

	*ret = a->addr;
	if (a->addr.family != IP_V4 || (len != 30 && len != 31))
		return false;
	ret->b[3] = (uint8_t)(len == 31 ? ret->b[3] ^ 1 : ret->b[3] ^ 3);
	return true;
}

static void copy_tunnel(struct mirror *m, const struct cfg_interface *f)
{
	struct cfg_interface *new = config_add_interface(m->to, f->name);
	const struct cfg_map_entry *profile = f->tunnel.protection[0] ? config_find_ipsec_profile(m->from, f->tunnel.protection) : NULL;

	if (!new) {
		m->nomem = true;
		return;
	}
	new->is_tunnel = true;
	new->mtu = f->mtu;
	new->ip_mtu = f->ip_mtu;
	new->adjust_mss = f->adjust_mss;
	new->tunnel = f->tunnel;
	new->tunnel.protection_isakmp[0] = '\0';
	new->tunnel.destination = source_of(m->from, f);
	if (m->outer[0] && config_find_interface(m->to, m->outer)) {
		new->tunnel.source = (struct ipaddr){ 0 };
		snprintf(new->tunnel.source_if, sizeof(new->tunnel.source_if), "%s", m->outer);
	} else {
		new->tunnel.source = m->peer;
		new->tunnel.source_if[0] = '\0';
	}
	if (other_end(&f->addr, &new->addr.addr))
		new->addr.mask = f->addr.mask;
	else if (f->addr.addr.family) {
		new->addr = (struct cfg_addr){ 0 };
		note(m, "interface %s: ip address is another one of the same network.", f->name);
	}
	if (f->ip6.n)
		note(m, "interface %s: its IPv6 addresses are not known.", f->name);
	if (profile && !config_find_ipsec_profile(m->to, f->tunnel.protection)) {
		struct cfg_map_entry *to = config_add_ipsec_profile(m->to, f->tunnel.protection);

		m->nomem |= !to;
		if (to)
			copy_terms(m, profile, to);
	}
}

/* The networks of this side that are behind it, for a peer that reaches them through a tunnel. */
static void route_back(struct mirror *m, const struct cfg_interface *tunnel)
{
	for (size_t i = 0; i < m->from->interfaces.n; i++) {
		const struct cfg_interface *f = m->from->interfaces.v[i];
		struct cfg_route r = { .net = f->addr.addr, .mask = f->addr.mask };

		if (f->is_tunnel || f->is_loopback || f->addr.addr.family != IP_V4 || !strcmp(f->name, m->outer))
			continue;
		for (size_t b = 0; b < 4; b++)
			r.net.b[b] &= r.mask.b[b];
		snprintf(r.ifname, sizeof(r.ifname), "%s", tunnel->name);
		m->nomem |= !config_add_route(m->to, &r);
	}
}

static void copy_all(struct mirror *m)
{
	bool tunnels = false;

	copy_isakmp(m);
	copy_key(m);
	m->to->ipv6_routing = m->from->ipv6_routing;
	m->to->ipsec.life_sec = m->from->ipsec.life_sec;
	m->to->ipsec.life_kb = m->from->ipsec.life_kb;
	m->to->ipsec.life_kb_disable = m->from->ipsec.life_kb_disable;
	m->to->ipsec.nat_transparency = m->from->ipsec.nat_transparency;
	for (size_t i = 0; i < m->from->maps.n; i++)
		copy_map(m, m->from->maps.v[i]);
	copy_outer(m);
	for (size_t i = 0; i < m->from->interfaces.n; i++) {
		const struct cfg_interface *f = m->from->interfaces.v[i];

		if (!f->is_tunnel || !ipaddr_equal(&f->tunnel.destination, &m->peer))
			continue;
		copy_tunnel(m, f);
		if (!tunnels)
			route_back(m, f);
		tunnels = true;
	}
	if (!tunnels)
		note(m, "The way to the networks of this side leaves by %s; which router is next there this side does not know.",
		     m->outer[0] ? m->outer : "the outer interface");
	for (size_t i = 0; i < m->from->isakmp.policies.n; i++)
		if (m->from->isakmp.policies.v[i]->p.auth == IKE_AUTH_RSA_SIG) {
			note(m, "Policy %u wants a certificate: crypto pki trustpoint, authenticate, enroll.",
			     m->from->isakmp.policies.v[i]->p.priority);
			break;
		}
}

int config_mirror(const struct config *c, const struct ipaddr *peer, struct txt *out, struct txt *why)
{
	struct mirror m = { .from = c, .to = config_new() };
	char buf[IPADDR_STRLEN];
	int err = m.to ? choose(c, peer, &m.peer, why) : -ENOMEM;

	if (err)
		goto out;
	find_local(&m);
	if (!m.local.family)
		note(&m, "The address that this side speaks from is not in its configuration: set peer and the key are left out.");
	snprintf(m.to->hostname, sizeof(m.to->hostname), "%.50s-peer", c->hostname);
	copy_all(&m);
	if (m.nomem || m.notes.bad) {
		err = -ENOMEM;
		goto out;
	}
	txt_printf(out, "! The other end of %s, %s\n%s!\n", c->hostname, ipaddr_ios(&m.peer, buf), txt_cstr(&m.notes));
	commands_render_file(m.to, "15.9", 0, out);
	err = out->bad ? -ENOMEM : 0;
out:
	config_free(m.to);
	txt_fini(&m.notes);
	return err;
}
