/* SPDX-License-Identifier: Apache-2.0 */
/* show ip route A.B.C.D. */
#include "control/show_parts.h"

const struct show_route *show_route_to(const struct show_in *in, const struct ipaddr *addr, const struct ipaddr *mask,
				       bool *ret_near)
{
	const struct show_route *best = NULL;
	uint32_t to = ipaddr_to_v4(addr);
	struct show_route asked = { .dst = *addr };
	bool near = false;

	for (size_t i = 0; i < show_route_count(in); i++) {
		const struct show_route *r = show_route_at(in, i);

		/* the default route is nobody's but its own: who asks for it says 0.0.0.0 */
		if (r->dst.family != IP_V4 || (show_route_is_default(r) && to) || r->prefix_len > 32)
			continue;
		if (mask->family != IP_NONE &&
		    (ipv4_mask(r->prefix_len) != ipaddr_to_v4(mask) || ipaddr_to_v4(&r->dst) != (to & ipaddr_to_v4(mask)))) {
			near |= show_route_same_major(r, &asked);
			continue;
		}
		near |= show_route_same_major(r, &asked);
		if (((ipaddr_to_v4(&r->dst) ^ to) & ipv4_mask(r->prefix_len)) == 0 &&
		    (!best || r->prefix_len > best->prefix_len))
			best = r;
	}
	*ret_near = near;
	return best;
}

bool show_route_joins(const struct show_route *r, const struct show_route *best)
{
	return r->dst.family == IP_V4 && r->code == best->code && show_route_same_prefix(r, best);
}

bool show_ip_route_to(const struct show_in *in, const struct ipaddr *addr, const struct ipaddr *mask, struct txt *out)
{
	bool near;
	const struct show_route *best = show_route_to(in, addr, mask, &near);
	char s[IPADDR_STRLEN];

	if (!best) {
		txt_str(out, near ? "% Subnet not in table\n" : "% Network not in table\n");
		show_routes_cut(in, out);
		return false;
	}
	txt_printf(out, "Routing entry for %s/%u%s\n", ipaddr_ios(&best->dst, s),
		   (unsigned)best->prefix_len, show_route_is_super(best) ? ", supernet" : "");
	txt_printf(out, "  Known via \"%s\", distance %u, metric %u%s%s\n  Routing Descriptor Blocks:\n",
		   show_route_source(best->code)->name, (unsigned)best->distance, (unsigned)best->metric,
		   best->next_hop.family != IP_NONE ? "" :
		   best->code == 'C' || best->code == 'L' ? " (connected, via interface)" :
							    " (connected)",
		   show_route_is_default(best) ? ", candidate default path" : "");
	for (size_t i = 0, k = 0; i < show_route_count(in); i++) {
		const struct show_route *r = show_route_at(in, i);

		if (!show_route_joins(r, best)) {
			if (k && in->route_order) /* they stand together */
				break;
			continue;
		}
		txt_printf(out, "  %c ", k++ ? ' ' : '*');
		if (r->next_hop.family == IP_NONE)
			txt_printf(out, "directly connected, via %s\n", r->ifname);
		else
			txt_printf(out, "%s%s%s\n", ipaddr_ios(&r->next_hop, s),
				   r->ifname[0] ? ", via " : "", r->ifname);
		txt_printf(out, "      Route metric is %u, traffic share count is 1\n",
			   (unsigned)r->metric);
	}
	show_routes_cut(in, out); /* a longer prefix may be among them */
	return true;
}
