/* SPDX-License-Identifier: Apache-2.0 */
/* The host as the configuration wants it: bindings, addresses, routes, and what
 * tuns.c makes. What is there already is left alone; what we added and nobody wants
 * any more is taken back. Steering goes in before anything that could carry a
 * packet, and comes out last. */
#include "control/internal.h"
#include "control/paths.h"
#include "control/tunnel_room.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/filter.h"
#include "host/ipv6.h"
#include "host/log.h"
#include "host/mss.h"
#include "host/os.h"

#define TWIN_METRIC 4278198272u /* of the unreachable twin behind a tunnel route */

/* ---- looking ---- */

static void keep_link(void *ctx, const struct nl_link *l)
{
	struct control *c = ctx;
	struct nl_link *v = reallocarray(c->links, c->n_links + 1, sizeof(*v));

	if (!v)
		return;
	c->links = v;
	v[c->n_links++] = *l;
}

static void keep_addr(void *ctx, const struct nl_addr *a)
{
	struct control *c = ctx;
	struct nl_addr *v = reallocarray(c->addrs, c->n_addrs + 1, sizeof(*v));

	if (!v)
		return;
	c->addrs = v;
	v[c->n_addrs++] = *a;
}

const struct nl_link *plumb_link(const struct control *c, uint32_t ifindex)
{
	for (size_t i = 0; i < c->n_links; i++)
		if (c->links[i].ifindex == ifindex)
			return &c->links[i];
	return NULL;
}

const struct nl_link *plumb_link_named(const struct control *c, const char *name)
{
	for (size_t i = 0; i < c->n_links; i++)
		if (!strcmp(c->links[i].name, name))
			return &c->links[i];
	return NULL;
}

const char *plumb_ios_name(const struct control *c, uint32_t ifindex)
{
	for (size_t i = 0; i < c->n_ifs; i++)
		if (c->ifs[i].ifindex == ifindex)
			return c->ifs[i].name;
	const struct nl_link *l = plumb_link(c, ifindex);
	return l ? l->name : "";
}

/* The device of an interface: told on the command line, by `host-interface`, of
 * that very name, or the one that holds its address. */
const struct nl_link *plumb_device(const struct control *c, const struct cfg_interface *ci)
{
	char dev[16];

	if (ci->is_tunnel) {
		tuns_device(ci->name, dev);
		return plumb_link_named(c, dev);
	}
	for (size_t i = 0; i < c->opt->n_bind; i++)
		if (!strcmp(c->opt->bind[i].name, ci->name))
			return plumb_link_named(c, c->opt->bind[i].device);
	if (ci->host_if[0])
		return plumb_link_named(c, ci->host_if);
	const struct nl_link *l = plumb_link_named(c, ci->name);
	if (l)
		return l;
	for (size_t i = 0; ci->addr.addr.family && i < c->n_addrs; i++)
		if (ipaddr_equal(&c->addrs[i].addr, &ci->addr.addr))
			return plumb_link(c, c->addrs[i].ifindex);
	return plumb6_device(c, ci);
}

static struct ipaddr device_address(const struct control *c, uint32_t ifindex)
{
	for (size_t i = 0; i < c->n_addrs; i++)
		if (c->addrs[i].ifindex == ifindex && c->addrs[i].addr.family == IP_V4)
			return c->addrs[i].addr;
	return (struct ipaddr){ 0 };
}

/* The SA that carries what a tunnel sends; NULL: none (yet). */
static const struct sa_spec *carrier(const struct control *c, const struct cfg_interface *ci)
{
	uint32_t id = (uint32_t)strtoul(ci->name + strlen("Tunnel"), NULL, 10);

	for (size_t i = 0; c->ike && i < c->compiled.n_tunnels; i++)
		if (c->compiled.tunnels[i].tunnel_id == id && c->compiled.tunnels[i].protect)
			return ike_carrier(c->ike, c->compiled.tunnels[i].protect);
	return NULL;
}

/* A tunnel's MTU without `ip mtu`: what the way out leaves, of 1500 bytes at most, and IPsec. */
static uint32_t derived_mtu(const struct control *c, const struct cfg_interface *ci,
			    const struct nl_link *out)
{
	uint32_t path = out && out->mtu < 1500 ? out->mtu : 1500, room = 0;

	if (ci->tunnel.protection[0])
		room = tunnel_room(c->config, &ci->tunnel, carrier(c, ci), path);
	if (!room && path > cfg_tunnel_header(&ci->tunnel))
		room = path - cfg_tunnel_header(&ci->tunnel);
	return room < 68 ? 68 : room; /* RFC 791 */
}

static void bind_interface(struct control *c, const struct cfg_interface *ci, struct bound_if *b)
{
	const struct nl_link *l = plumb_device(c, ci);

	*b = (struct bound_if){ .addr = ci->addr.addr, .mtu = 1500 };
	b->df_bit = ci->df_bit ? (uint8_t)(ci->df_bit - 1) : c->config->ipsec.df_bit;
	b->frag_after = ci->frag ? ci->frag == 2 : c->config->ipsec.frag_after;
	snprintf(b->name, sizeof(b->name), "%s", ci->name);
	if (l) {
		snprintf(b->device, sizeof(b->device), "%s", l->name);
		b->ifindex = l->ifindex;
		b->mtu = ci->mtu ? ci->mtu : l->mtu;
		/* ours is what leaves encrypted or in GRE; the rest is the kernel's */
		if (ci->ip_mtu && ci->ip_mtu < b->mtu)
			b->mtu = ci->ip_mtu;
		if (!b->addr.family)
			b->addr = device_address(c, l->ifindex);
	}
	plumb6_bind(c, ci, l, b);
	if (!ci->is_tunnel)
		return;
	for (size_t i = 0; i < MAX_TUNS; i++)
		if (c->tuns[i].used && l && c->tuns[i].ifindex == l->ifindex)
			b->tun_port = (uint32_t)(PORT_TUN + i);
	if (ci->tunnel.destination.family)
		(void)nl_route_get(c->nl, &ci->tunnel.destination, &b->egress_ifindex,
				   &b->egress_src);
	b->mtu = ci->ip_mtu ? ci->ip_mtu : derived_mtu(c, ci, plumb_link(c, b->egress_ifindex));
}

/* `ip unnumbered`: the device itself gets none, and needs none. */
static void borrow_address(const struct cfg_interface *ci, const struct bound_if *ifs, size_t n,
			   struct bound_if *b)
{
	const struct bound_if *from = ci->unnumbered[0] ? bound_find(ifs, n, ci->unnumbered) : NULL;

	if (!from || b->addr.family || from->unnumbered)
		return;
	b->addr = from->addr;
	b->unnumbered = true;
}

int plumb_look(struct control *c)
{
	size_t n = c->config->interfaces.n;
	struct bound_if *ifs;

	c->n_links = c->n_addrs = 0;
	int err = nl_links(c->nl, keep_link, c);
	if (!err)
		err = nl_addrs(c->nl, keep_addr, c);
	if (!err)
		err = nl_addrs6(c->nl, keep_addr, c);
	ifs = calloc(n ? n : 1, sizeof(*ifs));
	if (err || !ifs) {
		free(ifs);
		return err ? err : -ENOMEM;
	}
	for (size_t i = 0; i < n; i++)
		bind_interface(c, c->config->interfaces.v[i], &ifs[i]);
	for (size_t i = 0; i < n; i++)
		borrow_address(c->config->interfaces.v[i], ifs, n, &ifs[i]);
	free(c->ifs);
	c->ifs = ifs;
	c->n_ifs = n;
	line_look(c);
	return 0;
}

/* ---- what we add and take back ---- */

static bool same_added(const struct added *a, const struct added *b)
{
	if (a->is_route != b->is_route || a->is_mtu6 != b->is_mtu6)
		return false;
	if (a->is_mtu6)
		return a->ifindex == b->ifindex;
	if (!a->is_route)
		return a->ifindex == b->ifindex && ipaddr_equal(&a->addr, &b->addr);
	const struct nl_route *x = &a->route, *y = &b->route;
	return ipaddr_equal(&x->dst, &y->dst) && x->prefix_len == y->prefix_len &&
	       x->metric == y->metric && x->ifindex == y->ifindex &&
	       ipaddr_equal(&x->gateway, &y->gateway) && x->unreachable == y->unreachable;
}

static int add(struct control *c, const struct added *a)
{
	if (a->is_mtu6)
		return plumb6_set_mtu(c, a->ifindex, a->mtu6);
	return a->is_route ? nl_route_add(c->nl, &a->route) :
			     nl_addr_add(c->nl, a->ifindex, &a->addr, a->prefix_len);
}

static void want(struct control *c, const struct added *a)
{
	struct added *v;
	int err;

	for (size_t i = 0; i < c->n_added; i++)
		if (same_added(&c->added[i], a)) {
			c->added[i].wanted = true;
			/* it may have gone with its device: adding again is cheap */
			(void)add(c, a);
			return;
		}
	err = add(c, a);
	if (err && a->is_mtu6)
		log_line("CULVERT-4-HOST", "ipv6 mtu %u: %s", (unsigned)a->mtu6, strerror(-err));
	else if (err) {
		char d[IPADDR_STRLEN];

		log_line("CULVERT-4-HOST", "%s %s/%u: %s", a->is_route ? "route" : "address",
			 ipaddr_ios(a->is_route ? &a->route.dst : &a->addr, d),
			 a->is_route ? a->route.prefix_len : a->prefix_len, strerror(-err));
	}
	if (err)
		return;
	v = reallocarray(c->added, c->n_added + 1, sizeof(*v));
	if (!v)
		return;
	c->added = v;
	v[c->n_added] = *a;
	v[c->n_added++].wanted = true;
	c->plumbed = true;
}

static void take_back(struct control *c, bool all)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->n_added; i++) {
		struct added *a = &c->added[i];

		if (a->wanted && !all) {
			c->added[kept++] = *a;
			continue;
		}
		c->plumbed = true;
		if (a->is_mtu6)
			(void)plumb6_set_mtu(c, a->ifindex, 0);
		else if (a->is_route)
			(void)nl_route_del(c->nl, &a->route);
		else
			(void)nl_addr_del(c->nl, a->ifindex, &a->addr, a->prefix_len);
	}
	c->n_added = kept;
}

/* ---- interfaces ---- */

void plumb_want_address(struct control *c, uint32_t ifindex, const struct ipaddr *a, uint8_t len)
{
	struct added x = { .ifindex = ifindex, .addr = *a, .prefix_len = len };
	bool ours = false;

	for (size_t i = 0; i < c->n_added; i++)
		ours |= same_added(&c->added[i], &x);
	for (size_t i = 0; !ours && i < c->n_addrs; i++)
		if (c->addrs[i].ifindex == ifindex && ipaddr_equal(&c->addrs[i].addr, a))
			return; /* it was there before us and stays after us */
	want(c, &x);
}

void plumb_want_mtu6(struct control *c, uint32_t ifindex, uint32_t mtu)
{
	struct added x = { .is_mtu6 = true, .ifindex = ifindex, .mtu6 = mtu };

	want(c, &x);
}

static void want_address(struct control *c, uint32_t ifindex, const struct cfg_addr *a)
{
	if (a->addr.family == IP_V4)
		plumb_want_address(c, ifindex, &a->addr, (uint8_t)ipv4_mask_len(ipaddr_to_v4(&a->mask)));
}

/* Below 1280 bytes the kernel has no IPv6 on a device (RFC 8200 section 5). */
static uint32_t tunnel_device_mtu(const struct cfg_interface *ci, const struct bound_if *b)
{
	bool ipv6 = cfg_if6_runs(&ci->ip6) && cfg_tunnel_carries(&ci->tunnel, IP_V6);

	return ipv6 && b->mtu < 1280 ? 1280 : b->mtu;
}

static void apply_interface(struct control *c, const struct cfg_interface *ci)
{
	const struct bound_if *b = bound_find(c->ifs, c->n_ifs, ci->name);
	const struct nl_link *l = b && b->ifindex ? plumb_link(c, b->ifindex) : NULL;
	uint32_t mtu;

	if (!l)
		return;
	mtu = ci->is_tunnel ? tunnel_device_mtu(ci, b) : ci->mtu;
	if (l->up == ci->shutdown || (mtu && mtu != l->mtu)) {
		int err = nl_link_set(c->nl, l->ifindex, !ci->shutdown, mtu);

		c->plumbed = true;
		if (err)
			log_line("CULVERT-4-HOST", "interface %s (%s): %s", ci->name, l->name,
				 strerror(-err));
		else if (l->up == ci->shutdown)
			log_line(ci->shutdown ? "LINK-5-CHANGED" : "LINK-3-UPDOWN",
				 "Interface %s, changed state to %s", ci->name,
				 ci->shutdown ? "administratively down" : "up");
	}
	want_address(c, l->ifindex, &ci->addr);
	for (size_t i = 0; i < ci->n_secondary; i++)
		want_address(c, l->ifindex, &ci->secondary[i]);
	plumb6_interface(c, ci, l);
}

void plumb_want_twin(struct control *c, const struct ipaddr *dst, uint8_t len)
{
	struct added x = { .is_route = true, .route = { .dst = *dst, .prefix_len = len,
							.metric = TWIN_METRIC, .unreachable = true } };

	want(c, &x);
}

static bool in_subnet(const struct ipaddr *hop, const struct cfg_addr *a)
{
	uint32_t mask = ipaddr_to_v4(&a->mask);

	return hop->family == IP_V4 && a->addr.family == IP_V4 &&
	       (ipaddr_to_v4(hop) & mask) == (ipaddr_to_v4(&a->addr) & mask);
}

/* Whether a route leads into a tunnel: by its name, also of one that is configured no more, or by a
 * next hop at its other end. */
static bool through_tunnel(const struct control *c, const struct cfg_route *r)
{
	if (!strncmp(r->ifname, "Tunnel", strlen("Tunnel")))
		return true;
	for (size_t i = 0; i < c->config->interfaces.n; i++) {
		const struct cfg_interface *ci = c->config->interfaces.v[i];

		if (!ci->is_tunnel)
			continue;
		if (plumb6_hop_in(ci, &r->next_hop) || in_subnet(&r->next_hop, &ci->addr))
			return true;
		for (size_t k = 0; k < ci->n_secondary; k++)
			if (in_subnet(&r->next_hop, &ci->secondary[k]))
				return true;
	}
	return false;
}

/* Of a route in the kernel FRR takes the top byte for its distance. So a floating one is
 * worse than what it learns, there and in the kernel, where its own have metric 20. */
uint32_t plumb_route_metric(const struct cfg_route *r)
{
	return r->distance > 1 ? (uint32_t)r->distance << 24 : 1;
}

static void apply_route(struct control *c, const struct cfg_route *r)
{
	const struct bound_if *b = r->ifname[0] ? bound_find(c->ifs, c->n_ifs, r->ifname) : NULL;
	const struct nl_link *l = r->ifname[0] && !b ? plumb_link_named(c, r->ifname) : NULL;
	struct added x = { .is_route = true };
	int len = ipaddr_mask_len(&r->mask);

	x.route.dst = r->net;
	x.route.prefix_len = (uint8_t)len;
	if (!len && r->net.family == IP_V4)
		x.route.dst = (struct ipaddr){ 0 };
	x.route.metric = plumb_route_metric(r);
	x.route.gateway = r->next_hop;
	x.route.ifindex = b ? b->ifindex : l ? l->ifindex : 0;
	x.route.unreachable = cfg_route_is_null(r);
	if (len < 0)
		return;
	if (through_tunnel(c, r))
		plumb_want_twin(c, &x.route.dst, x.route.prefix_len);
	if (r->ifname[0] && !x.route.ifindex && !x.route.unreachable)
		return; /* its interface is not there (yet) */
	want(c, &x);
}

static void subnet_twin(struct control *c, const struct cfg_addr *a)
{
	int len = ipv4_mask_len(ipaddr_to_v4(&a->mask));
	struct ipaddr net;

	if (a->addr.family != IP_V4 || len <= 0 || len >= 32)
		return;
	net = ipaddr_v4(ipaddr_to_v4(&a->addr) & ipv4_mask((unsigned)len));
	plumb_want_twin(c, &net, (uint8_t)len);
}

static void tunnel_subnet_twins(struct control *c, const struct cfg_interface *ci)
{
	subnet_twin(c, &ci->addr);
	for (size_t i = 0; i < ci->n_secondary; i++)
		subnet_twin(c, &ci->secondary[i]);
}

/* Interfaces with `ip tcp adjust-mss` that nobody else looks after. */
static void apply_mss(struct control *c)
{
	struct mss_if *v = calloc(c->config->interfaces.n + 1, sizeof(*v));
	struct txt why = TXT_INIT;
	size_t n = 0;
	int err;

	for (size_t i = 0; v && i < c->config->interfaces.n; i++) {
		const struct cfg_interface *ci = c->config->interfaces.v[i];
		const struct bound_if *b = bound_find(c->ifs, c->n_ifs, ci->name);

		bool steered = ci->crypto_map[0] || ci->ip6.crypto_map[0]; /* which does it, too */

		if (!b || !b->ifindex)
			continue;
		/* of what a tunnel carries of IPv4 the forwarder knows */
		v[n] = (struct mss_if){ .ifindex = b->ifindex };
		if (!steered && !ci->is_tunnel)
			v[n].mss = (uint16_t)ci->adjust_mss;
		if (!ci->ip6.crypto_map[0])
			v[n].mss6 = (uint16_t)ci->ip6.adjust_mss;
		n += v[n].mss || v[n].mss6;
	}
	err = v ? mss_apply(v, n, &c->last_mss, &why) : -ENOMEM;
	if (err)
		log_line("CULVERT-4-HOST", "ip tcp adjust-mss: %s %s", strerror(-err), txt_cstr(&why));
	txt_fini(&why);
	free(v);
}

/* ---- all ---- */

/* True if one of them changed. */
static bool set_tunnel_mtus(struct control *c)
{
	bool some = false;

	for (size_t i = 0; i < c->config->interfaces.n; i++) {
		const struct cfg_interface *ci = c->config->interfaces.v[i];
		const struct bound_if *b = bound_find(c->ifs, c->n_ifs, ci->name);
		const struct nl_link *l = b && b->tun_port ? plumb_link(c, b->ifindex) : NULL;
		uint32_t mtu = l ? tunnel_device_mtu(ci, b) : 0;

		if (l && l->mtu != mtu)
			some |= nl_link_set(c->nl, l->ifindex, l->up, mtu) == 0;
	}
	return some;
}

static bool bound_same(const struct bound_if *a, const struct bound_if *b)
{
	return !strcmp(a->name, b->name) && !strcmp(a->device, b->device) && a->ifindex == b->ifindex &&
	       ipaddr_equal(&a->addr, &b->addr) && ipaddr_equal(&a->addr6, &b->addr6) &&
	       a->unnumbered == b->unnumbered && a->mtu == b->mtu && a->mtu6 == b->mtu6 &&
	       a->df_bit == b->df_bit && a->frag_after == b->frag_after && a->tun_port == b->tun_port &&
	       a->egress_ifindex == b->egress_ifindex && ipaddr_equal(&a->egress_src, &b->egress_src) &&
	       a->recursive == b->recursive && a->line_up == b->line_up && a->line_why == b->line_why;
}

/* Whether the interfaces are no longer those of that look; frees it. */
static bool bound_anew(const struct control *c, struct bound_if *before, size_t n)
{
	bool anew = !before || n != c->n_ifs;

	for (size_t i = 0; !anew && i < n; i++)
		anew = !bound_same(&before[i], &c->ifs[i]);
	free(before);
	return anew;
}

static void plumb_all(struct control *c)
{
	for (size_t i = 0; i < c->n_added; i++)
		c->added[i].wanted = false;
	tuns_begin(c);
	rings_follow(c, true);
	steering_apply(c);
	for (size_t i = 0; i < c->config->interfaces.n; i++)
		if (c->config->interfaces.v[i]->is_tunnel)
			tuns_apply(c, c->config->interfaces.v[i]);
	loopbacks_apply(c);
	if (plumb_look(c))
		return;
	for (size_t i = 0; i < c->config->interfaces.n; i++) {
		apply_interface(c, c->config->interfaces.v[i]);
		if (c->config->interfaces.v[i]->is_tunnel)
			tunnel_subnet_twins(c, c->config->interfaces.v[i]);
	}
	for (size_t i = 0; i < c->config->routes.n; i++)
		apply_route(c, c->config->routes.v[i]);
	apply_mss(c);
	take_back(c, false);
	tuns_forget(c, false);
	loopbacks_forget(c, false);
	/* the tunnels' egress, and their room, depend on the routes that were just made */
	if (plumb_look(c))
		return;
	line_follow(c);
	c->plumbed |= set_tunnel_mtus(c);
}

bool plumb_apply(struct control *c)
{
	size_t n = c->n_ifs;
	struct bound_if *before = calloc(n ? n : 1, sizeof(*before));

	for (size_t i = 0; before && i < n; i++)
		before[i] = c->ifs[i];
	c->plumbed = false;
	plumb_all(c);
	c->plumbed |= bound_anew(c, before, n);
	if (c->plumbed)
		paths_forget(c);
	return c->plumbed;
}

bool plumb_follow_sas(struct control *c)
{
	return plumb_look(c) == 0 && set_tunnel_mtus(c);
}

void plumb_remove(struct control *c)
{
	rings_remove(c);
	take_back(c, true);
	tuns_forget(c, true);
	loopbacks_forget(c, true);
	ipv6_restore();
	mss_remove();
	(void)filter_remove();
	(void)steer_remove();
}
