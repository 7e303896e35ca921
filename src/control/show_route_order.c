/* SPDX-License-Identifier: Apache-2.0 */
/* Routes: of whom they are, in which order they are shown, and which of them. */
#include "control/show_parts.h"

#include <stdlib.h>
#include <string.h>

/* ---- of whom ---- */

/* The distances are IOS's. The kernel does not say which BGP, IS-IS level or kind of EIGRP and OSPF route: what is most
 * usual is taken (external BGP, internal EIGRP, inside an OSPF area). */
const struct show_route_source show_route_sources[] = {
	{ 'C', "C", "connected", EXEC_ROUTES_CONNECTED, 0 }, { 'L', "L", "connected", EXEC_ROUTES_CONNECTED, 0 },
	{ 'S', "S", "static", EXEC_ROUTES_STATIC, 1 },	     { 'O', "O", "ospf", EXEC_ROUTES_OSPF, 110 },
	{ 'D', "D", "eigrp", EXEC_ROUTES_EIGRP, 90 },	     { 'B', "B", "bgp", EXEC_ROUTES_BGP, 20 },
	{ 'R', "R", "rip", EXEC_ROUTES_RIP, 120 },	     { 'i', "I1", "isis", EXEC_ROUTES_ISIS, 115 },
	{ 'H', "H", "nhrp", EXEC_ROUTES_OTHER, 250 },	     { 'N', "ND", "nd", EXEC_ROUTES_OTHER, 2 },
	{ 'K', "K", "kernel", EXEC_ROUTES_OTHER, 0 },	     { 0 },
};

const struct show_route_source *show_route_source(char code)
{
	const struct show_route_source *s = show_route_sources;

	while (s[1].code && s->code != code)
		s++;
	return s;
}

bool show_route_is(const struct show_route *r, unsigned which)
{
	return which == EXEC_ROUTES_ALL || show_route_source(r->code)->which == which;
}

bool show_routes_by_protocol(unsigned which)
{
	return which > EXEC_ROUTES_STATIC;
}

/* ---- classful networks ---- */

static uint32_t net_of(const struct show_route *r)
{
	return ipaddr_to_v4(&r->dst);
}

unsigned show_route_classful_len(const struct show_route *r)
{
	uint32_t net = net_of(r);

	return net < 0x80000000u ? 8 : net < 0xC0000000u ? 16 : net < 0xE0000000u ? 24 : 32;
}

static uint32_t major(const struct show_route *r)
{
	return net_of(r) & ipv4_mask(show_route_classful_len(r));
}

bool show_route_same_major(const struct show_route *x, const struct show_route *y)
{
	return major(x) == major(y);
}

bool show_route_is_super(const struct show_route *r)
{
	return r->prefix_len < show_route_classful_len(r);
}

bool show_route_is_default(const struct show_route *r)
{
	return r->prefix_len == 0 && net_of(r) == 0;
}

bool show_route_same_prefix(const struct show_route *x, const struct show_route *y)
{
	return x->prefix_len == y->prefix_len && ipaddr_equal(&x->dst, &y->dst);
}

bool show_route_within(const struct show_route *r, const struct exec_args *a)
{
	uint32_t mask = ipaddr_to_v4(&a->addr2);

	return !a->detail || (r->dst.family == IP_V4 && ((net_of(r) ^ ipaddr_to_v4(&a->addr)) & mask) == 0 &&
			      (ipv4_mask(r->prefix_len) & mask) == mask);
}

/* ---- order ---- */

static int prefix_cmp(const struct show_route *x, const struct show_route *y)
{
	if (x->dst.family == IP_V4 && y->dst.family == IP_V4) {
		uint32_t mx = major(x), my = major(y);

		/* supernets first, then the subnets of one classful network together */
		if (mx != my)
			return mx < my ? -1 : 1;
		bool sx = show_route_is_super(x), sy = show_route_is_super(y);
		if (sx != sy)
			return sx ? -1 : 1;
	}
	int c = ipaddr_cmp(&x->dst, &y->dst);

	return c ? c : x->prefix_len - y->prefix_len;
}

/* Equal for all of one prefix that are used side by side. */
static int rank_cmp(const struct show_route *x, const struct show_route *y)
{
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->distance - y->distance;
}

int show_route_cmp(const void *a, const void *b)
{
	const struct show_route *x = a, *y = b;
	int c = prefix_cmp(x, y);

	if (!c)
		c = rank_cmp(x, y);
	if (!c)
		c = x->code - y->code;
	if (!c)
		c = ipaddr_cmp(&x->next_hop, &y->next_hop);
	return c ? c : strcmp(x->ifname, y->ifname);
}

bool show_route_joins_best(const struct show_route *r, const struct show_route *best, const struct show_route *before)
{
	if (!best || !show_route_same_prefix(r, best))
		return true;
	return rank_cmp(r, best) == 0 && show_route_cmp(r, before) != 0;
}

static int by_order(const void *a, const void *b)
{
	return show_route_cmp(*(const struct show_route *const *)a, *(const struct show_route *const *)b);
}

size_t show_route_count(const struct show_in *in)
{
	return in->route_order ? in->n_route_order : in->n_routes;
}

const struct show_route *show_route_at(const struct show_in *in, size_t i)
{
	return in->route_order ? in->route_order[i] : &in->routes[i];
}

struct show_route_list *show_route_list_new(const struct show_in *in, struct txt *out)
{
	struct show_route_list *l = calloc(1, sizeof(*l));

	if (l)
		l->v = calloc(show_route_count(in) + 1, sizeof(*l->v));
	if (l && l->v)
		return l;
	free(l);
	out->bad = true;
	return NULL;
}

bool show_route_list_some(const struct show_in *in, enum ip_family family, unsigned which, struct show_route_list *l)
{
	size_t n = show_route_count(in), end = l->looked + SHOW_ROUTES_PIECE;
	unsigned longest = family == IP_V6 ? 128 : 32;

	if (l->gathered)
		return false;
	for (; l->looked < n && (l->looked < end || !in->route_order); l->looked++) {
		const struct show_route *r = show_route_at(in, l->looked);

		if (r->dst.family == family && r->prefix_len <= longest && show_route_is(r, which))
			l->v[l->n++] = r;
	}
	if (l->looked < n)
		return true;
	if (l->n && !in->route_order)
		qsort(l->v, l->n, sizeof(*l->v), by_order);
	l->gathered = true;
	l->all = l->n;
	l->looked = 0;
	return false;
}

struct show_route_list *show_route_list_of(const struct show_in *in, enum ip_family family, unsigned which,
					   struct show_cursor *k, struct txt *out)
{
	if (!k->routes) {
		k->routes = show_route_list_new(in, out);
		k->over = !k->routes;
		return NULL;
	}
	return show_route_list_some(in, family, which, k->routes) ? NULL : k->routes;
}

void show_route_list_free(struct show_route_list *l)
{
	if (l)
		free(l->v);
	free(l);
}

void show_routes_cut(const struct show_in *in, struct txt *out)
{
	if (in->routes_cut)
		txt_str(out, "% The rest is left out: the kernel has more routes than are read for this\n");
}
