/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses of IPv6 on the host's devices. */
#include "control/internal.h"

#include <stdio.h>
#include <string.h>

#include "host/ipv6.h"
#include "host/log.h"
#include "host/os.h"

/* RFC 4291 appendix A: the 48 bits of the device with fffe in their middle, and the
 * universal bit inverted. A device without an address of its own borrows one, as IOS's
 * tunnels do. */
static bool eui64(const struct control *c, const struct nl_link *l, uint8_t id[8])
{
	static const uint8_t none[6];
	const uint8_t *mac = l->mac;

	for (size_t i = 0; i < c->n_links && !memcmp(mac, none, 6); i++)
		mac = c->links[i].mac;
	if (!memcmp(mac, none, 6))
		return false;
	memcpy(id, mac, 3);
	id[0] ^= 2;
	id[3] = 0xff;
	id[4] = 0xfe;
	memcpy(id + 5, mac + 3, 3);
	return true;
}

/* The address that is meant; IP_NONE: not known without its device. */
static struct ipaddr meant(const struct control *c, const struct cfg_addr6 *a, const struct nl_link *l)
{
	struct ipaddr addr = a->addr;

	if (a->kind == ADDR6_EUI64 && (!l || !eui64(c, l, addr.b + 8)))
		return (struct ipaddr){ 0 };
	return addr;
}

static struct ipaddr of_device(const struct control *c, uint32_t ifindex, bool link_local)
{
	for (size_t i = 0; i < c->n_addrs; i++) {
		const struct nl_addr *a = &c->addrs[i];

		if (a->ifindex == ifindex && a->addr.family == IP_V6 && !a->duplicate &&
		    ipaddr_is_link_local(&a->addr) == link_local)
			return a->addr;
	}
	return (struct ipaddr){ 0 };
}

void plumb6_bind(const struct control *c, const struct cfg_interface *ci, const struct nl_link *l,
		 struct bound_if *b)
{
	const struct cfg_if6 *x = &ci->ip6;

	for (size_t i = 0; i < x->n && !b->addr6.family; i++)
		if (x->addrs[i].kind != ADDR6_LINK_LOCAL && x->addrs[i].kind != ADDR6_ANYCAST)
			b->addr6 = meant(c, &x->addrs[i], l);
	if (!b->addr6.family && l)
		b->addr6 = of_device(c, l->ifindex, false);
	if (!b->addr6.family && x->n && x->addrs[0].kind == ADDR6_LINK_LOCAL)
		b->addr6 = x->addrs[0].addr;
	if (!b->addr6.family && l && cfg_if6_runs(x))
		b->addr6 = of_device(c, l->ifindex, true);
	if (l)
		b->mtu6 = x->mtu && x->mtu < l->mtu ? x->mtu : l->mtu;
}

const struct nl_link *plumb6_device(const struct control *c, const struct cfg_interface *ci)
{
	for (size_t i = 0; i < c->n_addrs; i++)
		if (cfg_if6_find(&ci->ip6, &c->addrs[i].addr) < ci->ip6.n &&
		    !ipaddr_is_link_local(&c->addrs[i].addr))
			return plumb_link(c, c->addrs[i].ifindex);
	return NULL;
}

int plumb6_set_mtu(const struct control *c, uint32_t ifindex, uint32_t mtu)
{
	const struct nl_link *l = plumb_link(c, ifindex);
	char path[96], value[16];

	if (!l)
		return 0; /* it has gone, and this with it */
	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/mtu", l->name);
	snprintf(value, sizeof(value), "%u", (unsigned)(mtu && mtu < l->mtu ? mtu : l->mtu));
	return host_sysctl(path, value, NULL);
}

/* A TUN is ours: beside a link-local address that is configured it has no other. The kernel
 * makes one whenever the TUN comes up, and tells. */
static void only_link_local(struct control *c, const struct cfg_if6 *x, const struct nl_link *l)
{
	if (!x->n || x->addrs[0].kind != ADDR6_LINK_LOCAL)
		return;
	for (size_t i = 0; i < c->n_addrs; i++) {
		const struct nl_addr *a = &c->addrs[i];

		if (a->ifindex == l->ifindex && ipaddr_is_link_local(&a->addr) &&
		    !ipaddr_equal(&a->addr, &x->addrs[0].addr))
			(void)nl_addr_del(c->nl, a->ifindex, &a->addr, a->prefix_len);
	}
}

void plumb6_interface(struct control *c, const struct cfg_interface *ci, const struct nl_link *l)
{
	const struct cfg_if6 *x = &ci->ip6;
	int err;

	if (!cfg_if6_runs(x) || (ci->is_tunnel && !cfg_tunnel_carries(&ci->tunnel, IP_V6)))
		return;
	err = ci->is_tunnel ? 0 : ipv6_device(l->name, IPV6_ROUTER); /* a TUN was told by tuns.c */
	if (err)
		log_line("CULVERT-4-HOST", "interface %s (%s): IPv6: %s", ci->name, l->name, strerror(-err));
	if (ci->is_tunnel)
		only_link_local(c, x, l);
	if (x->mtu)
		plumb_want_mtu6(c, l->ifindex, x->mtu);
	for (size_t i = 0; i < x->n; i++) {
		struct ipaddr a = meant(c, &x->addrs[i], l);

		if (a.family)
			plumb_want_address(c, l->ifindex, &a,
					   x->addrs[i].kind == ADDR6_LINK_LOCAL ? 64 : x->addrs[i].len);
		if (ci->is_tunnel && a.family && x->addrs[i].kind != ADDR6_LINK_LOCAL &&
		    x->addrs[i].len < 128) {
			struct ipaddr net = ipaddr_network(&a, x->addrs[i].len);

			plumb_want_twin(c, &net, x->addrs[i].len);
		}
	}
}

bool plumb6_hop_in(const struct cfg_interface *ci, const struct ipaddr *hop)
{
	for (size_t i = 0; hop->family == IP_V6 && i < ci->ip6.n; i++) {
		const struct cfg_addr6 *a = &ci->ip6.addrs[i];

		if (a->kind != ADDR6_LINK_LOCAL && ipaddr_in(hop, &a->addr, a->len))
			return true;
	}
	return false;
}
