/* SPDX-License-Identifier: Apache-2.0 */
/* show ip route: grouped under classful networks, as IOS prints it. */
#include "control/show_parts.h"

#include <stdlib.h>
#include <string.h>

static const char codes15[] =
	"Codes: L - local, C - connected, S - static, R - RIP, M - mobile, B - BGP\n"
	"       D - EIGRP, EX - EIGRP external, O - OSPF, IA - OSPF inter area \n"
	"       N1 - OSPF NSSA external type 1, N2 - OSPF NSSA external type 2\n"
	"       E1 - OSPF external type 1, E2 - OSPF external type 2\n"
	"       i - IS-IS, su - IS-IS summary, L1 - IS-IS level-1, L2 - IS-IS level-2\n"
	"       ia - IS-IS inter area, * - candidate default, U - per-user static route\n"
	"       o - ODR, P - periodic downloaded static route, H - NHRP, l - LISP\n"
	"       a - application route\n"
	"       + - replicated route, % - next hop override, p - overrides from PfR\n";
static const char codes12[] =
	"Codes: C - connected, S - static, R - RIP, M - mobile, B - BGP\n"
	"       D - EIGRP, EX - EIGRP external, O - OSPF, IA - OSPF inter area \n"
	"       N1 - OSPF NSSA external type 1, N2 - OSPF NSSA external type 2\n"
	"       E1 - OSPF external type 1, E2 - OSPF external type 2\n"
	"       i - IS-IS, su - IS-IS summary, L1 - IS-IS level-1, L2 - IS-IS level-2\n"
	"       ia - IS-IS inter area, * - candidate default, U - per-user static route\n"
	"       o - ODR, P - periodic downloaded static route\n";
static const char code_host[] = "       K - put there by another program of this host\n";

/* Width of the code column: children of a classful network, and all others. */
struct columns {
	int child, top;
};

static uint32_t net_of(const struct show_route *r)
{
	return ipaddr_to_v4(&r->dst);
}

static unsigned classful_len(uint32_t net)
{
	return net < 0x80000000u ? 8 : net < 0xC0000000u ? 16 : net < 0xE0000000u ? 24 : 32;
}

static uint32_t major(const struct show_route *r)
{
	return net_of(r) & ipv4_mask(classful_len(net_of(r)));
}

static int by_net(const void *a, const void *b)
{
	const struct show_route *x = *(const struct show_route *const *)a;
	const struct show_route *y = *(const struct show_route *const *)b;
	uint32_t mx = major(x), my = major(y);

	/* supernets first, then the subnets of one classful network together */
	if (mx != my)
		return mx < my ? -1 : 1;
	bool sx = x->prefix_len < classful_len(mx), sy = y->prefix_len < classful_len(my);
	if (sx != sy)
		return sx ? -1 : 1;
	if (net_of(x) != net_of(y))
		return net_of(x) < net_of(y) ? -1 : 1;
	if (x->prefix_len != y->prefix_len)
		return x->prefix_len < y->prefix_len ? -1 : 1;
	return ipaddr_cmp(&x->next_hop, &y->next_hop);
}

static int by_prefix6(const void *a, const void *b)
{
	const struct show_route *x = *(const struct show_route *const *)a;
	const struct show_route *y = *(const struct show_route *const *)b;
	int c = ipaddr_cmp(&x->dst, &y->dst);

	if (!c)
		c = x->prefix_len - y->prefix_len;
	return c ? c : ipaddr_cmp(&x->next_hop, &y->next_hop);
}

const struct show_route **show_routes_sorted(const struct show_in *in, enum ip_family family, unsigned which, size_t *ret_n)
{
	const struct show_route **v = calloc(in->n_routes + 1, sizeof(struct show_route *));
	unsigned longest = family == IP_V6 ? 128 : 32;
	size_t n = 0;

	if (!v)
		return NULL;
	for (size_t i = 0; i < in->n_routes; i++) {
		const struct show_route *r = &in->routes[i];

		if (r->dst.family == family && r->prefix_len <= longest && show_route_is(r, which))
			v[n++] = r;
	}
	if (n)
		qsort(v, n, sizeof(struct show_route *), family == IP_V6 ? by_prefix6 : by_net);
	*ret_n = n;
	return v;
}

static bool same_prefix(const struct show_route *a, const struct show_route *b)
{
	return net_of(a) == net_of(b) && a->prefix_len == b->prefix_len;
}

/* One route; again: another next hop of the prefix above. */
static void say(const struct show_route *r, int width, bool with_len, bool again, struct txt *out)
{
	size_t start = out->len;
	char s[IPADDR_STRLEN];

	txt_printf(out, "%c%-*s%s", r->code, width - 1, r->prefix_len ? "" : "*",
		   ipaddr_ios(&r->dst, s));
	if (with_len)
		txt_printf(out, "/%u", (unsigned)r->prefix_len);
	for (size_t i = start; again && i < out->len; i++)
		out->s[i] = ' ';
	if (r->next_hop.family == IP_NONE) {
		txt_printf(out, " is directly connected, %s\n", r->ifname);
		return;
	}
	txt_printf(out, " [%u/%u] via %s", (unsigned)r->distance, (unsigned)r->metric,
		   ipaddr_ios(&r->next_hop, s));
	if (r->ifname[0])
		txt_printf(out, ", %s", r->ifname);
	txt_char(out, '\n');
}

/* The subnets of one classful network, v[0] to v[n - 1]. */
static void network(const struct show_route *const *v, size_t n, struct columns col, struct txt *out)
{
	unsigned len = classful_len(net_of(v[0])), subnets = 0, masks = 0;
	struct ipaddr net = ipaddr_v4(major(v[0]));
	bool seen[33] = { false };
	char s[IPADDR_STRLEN];

	for (size_t i = 0; i < n; i++) {
		subnets += i == 0 || !same_prefix(v[i - 1], v[i]);
		masks += !seen[v[i]->prefix_len];
		seen[v[i]->prefix_len] = true;
	}
	if (subnets == 1 && v[0]->prefix_len == len) {
		for (size_t i = 0; i < n; i++)
			say(v[i], col.top, true, i > 0, out);
		return;
	}
	txt_printf(out, "%*s%s/", col.top, "", ipaddr_ios(&net, s));
	if (masks == 1)
		txt_printf(out, "%u is subnetted, %u subnets\n", (unsigned)v[0]->prefix_len, subnets);
	else
		txt_printf(out, "%u is variably subnetted, %u subnets, %u masks\n", len, subnets,
			   masks);
	for (size_t i = 0; i < n; i++)
		say(v[i], col.child, masks > 1, i > 0 && same_prefix(v[i - 1], v[i]), out);
}

static bool is_default(const struct show_route *r)
{
	return r->prefix_len == 0 && net_of(r) == 0;
}

bool show_route_within(const struct show_route *r, const struct exec_args *a)
{
	uint32_t mask = ipaddr_to_v4(&a->addr2);

	return !a->detail || (r->dst.family == IP_V4 && ((net_of(r) ^ ipaddr_to_v4(&a->addr)) & mask) == 0 &&
			      (ipv4_mask(r->prefix_len) & mask) == mask);
}

static void last_resort(const struct show_in *in, const struct exec_args *a, struct columns col, struct txt *out)
{
	bool first = true;
	char s[IPADDR_STRLEN];

	for (size_t i = 0; i < in->n_routes; i++) {
		const struct show_route *r = &in->routes[i];

		if (r->dst.family != IP_V4 || !is_default(r))
			continue;
		if (first)
			txt_printf(out, "Gateway of last resort is %s to network 0.0.0.0\n\n",
				   r->next_hop.family != IP_NONE ? ipaddr_ios(&r->next_hop, s) :
								   "0.0.0.0");
		if (show_route_is(r, a->number) && show_route_within(r, a))
			say(r, col.top, true, !first, out);
		first = false;
	}
	if (first)
		txt_str(out, "Gateway of last resort is not set\n\n");
}

bool show_route_is(const struct show_route *r, unsigned which)
{
	return which == EXEC_ROUTES_ALL || (which != EXEC_ROUTES_NONE && (which == EXEC_ROUTES_STATIC) == (r->code == 'S'));
}

void show_ip_route(const struct show_in *in, const struct exec_args *a, struct txt *out)
{
	unsigned which = a->number;
	bool old = in->config->compat_ios12, host = false;
	struct columns col = old ? (struct columns){ 8, 5 } : (struct columns){ 9, 6 };
	size_t all = 0, n = 0, end;
	const struct show_route **v = show_routes_sorted(in, IP_V4, which, &all);

	if (!v) {
		out->bad = true;
		return;
	}
	for (size_t i = 0; i < all; i++) {
		host |= v[i]->code == 'K';
		if (!is_default(v[i]) && show_route_within(v[i], a) && !(old && v[i]->code == 'L')) /* 12.x has no local routes */
			v[n++] = v[i];
	}
	if (old && which == EXEC_ROUTES_NONE) { /* 12.x prints nothing then */
		free(v);
		return;
	}
	txt_str(out, old ? codes12 : codes15);
	if (host)
		txt_str(out, code_host);
	txt_char(out, '\n');
	last_resort(in, a, col, out);
	for (size_t i = 0; i < n; i = end) {
		bool super = v[i]->prefix_len < classful_len(net_of(v[i]));

		for (end = i + 1; end < n && (super ? same_prefix(v[i], v[end]) :
						     major(v[i]) == major(v[end]));
		     end++)
			;
		if (!super)
			network(v + i, end - i, col, out);
		else
			for (size_t k = i; k < end; k++)
				say(v[k], col.top, true, k > i, out);
	}
	free(v);
}

/* ---- show ip route A.B.C.D ---- */

static const char *source_word(char code)
{
	return code == 'S' ? "static" : code == 'K' ? "kernel" : "connected";
}

const struct show_route *show_route_to(const struct show_in *in, const struct ipaddr *addr, const struct ipaddr *mask,
				       bool *ret_near)
{
	const struct show_route *best = NULL;
	uint32_t to = ipaddr_to_v4(addr);
	bool near = false;

	for (size_t i = 0; i < in->n_routes; i++) {
		const struct show_route *r = &in->routes[i];

		/* the default route is nobody's but its own: who asks for it says 0.0.0.0 */
		if (r->dst.family != IP_V4 || (is_default(r) && to) || r->prefix_len > 32)
			continue;
		if (mask->family != IP_NONE &&
		    (ipv4_mask(r->prefix_len) != ipaddr_to_v4(mask) || net_of(r) != (to & ipaddr_to_v4(mask)))) {
			near |= major(r) == (to & ipv4_mask(classful_len(to)));
			continue;
		}
		near |= major(r) == (to & ipv4_mask(classful_len(to)));
		if (((net_of(r) ^ to) & ipv4_mask(r->prefix_len)) == 0 &&
		    (!best || r->prefix_len > best->prefix_len))
			best = r;
	}
	*ret_near = near;
	return best;
}

bool show_route_joins(const struct show_route *r, const struct show_route *best)
{
	return r->dst.family == IP_V4 && r->code == best->code && same_prefix(r, best);
}

bool show_ip_route_to(const struct show_in *in, const struct ipaddr *addr, const struct ipaddr *mask, struct txt *out)
{
	bool near;
	const struct show_route *best = show_route_to(in, addr, mask, &near);
	char s[IPADDR_STRLEN];

	if (!best) {
		txt_str(out, near ? "% Subnet not in table\n" : "% Network not in table\n");
		return false;
	}
	txt_printf(out, "Routing entry for %s/%u%s\n", ipaddr_ios(&best->dst, s),
		   (unsigned)best->prefix_len, best->prefix_len < classful_len(net_of(best)) ? ", supernet" : "");
	txt_printf(out, "  Known via \"%s\", distance %u, metric %u%s%s\n  Routing Descriptor Blocks:\n",
		   source_word(best->code), (unsigned)best->distance, (unsigned)best->metric,
		   best->next_hop.family != IP_NONE ? "" :
		   best->code == 'S'		    ? " (connected)" :
						      " (connected, via interface)",
		   is_default(best) ? ", candidate default path" : "");
	for (size_t i = 0, k = 0; i < in->n_routes; i++) {
		const struct show_route *r = &in->routes[i];

		if (!show_route_joins(r, best))
			continue;
		txt_printf(out, "  %c ", k++ ? ' ' : '*');
		if (r->next_hop.family == IP_NONE)
			txt_printf(out, "directly connected, via %s\n", r->ifname);
		else
			txt_printf(out, "%s%s%s\n", ipaddr_ios(&r->next_hop, s),
				   r->ifname[0] ? ", via " : "", r->ifname);
		txt_printf(out, "      Route metric is %u, traffic share count is 1\n",
			   (unsigned)r->metric);
	}
	return true;
}
