/* SPDX-License-Identifier: Apache-2.0 */
/* show ip route summary, show ip static route. */
#include "control/show_parts.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- which of several routes to a prefix is in the table ---- */

static int by_prefix(const void *a, const void *b)
{
	const struct show_route *x = *(const struct show_route *const *)a, *y = *(const struct show_route *const *)b;
	int c = ipaddr_cmp(&x->dst, &y->dst);

	if (c || x->prefix_len != y->prefix_len)
		return c ? c : x->prefix_len < y->prefix_len ? -1 : 1;
	return (x->distance > y->distance) - (x->distance < y->distance);
}

void show_routes_best(struct show_route *v, size_t *n)
{
	const struct show_route **order = calloc(*n + 1, sizeof(*order)), *best = NULL;
	bool *worse = calloc(*n + 1, sizeof(*worse));
	size_t kept = 0;

	for (size_t i = 0; order && i < *n; i++)
		order[i] = &v[i];
	if (order && worse && *n)
		qsort(order, *n, sizeof(*order), by_prefix);
	for (size_t i = 0; order && worse && i < *n; i++) {
		if (!best || !show_route_same_prefix(best, order[i]))
			best = order[i];
		worse[order[i] - v] = order[i]->distance > best->distance;
	}
	for (size_t i = 0; worse && i < *n; i++)
		if (!worse[i])
			v[kept++] = v[i];
	if (worse)
		*n = kept;
	free(order);
	free(worse);
}

/* ---- show ip route summary ---- */

static bool is_network(const struct show_route *r)
{
	uint8_t first = r->dst.b[0];

	return r->prefix_len <= (first < 128 ? 8 : first < 192 ? 16 : 24);
}

size_t show_route_sums(const struct show_in *in, struct show_route_sum v[SHOW_ROUTE_SOURCES])
{
	struct show_route_sum *of[SHOW_ROUTE_SOURCES + 1] = { NULL }; /* by place in show_route_sources[] */
	const struct show_route *before = NULL;
	size_t n = 0, kept = 0;

	for (size_t i = 0; show_route_sources[i].code; i++) {
		assert(i < sizeof(of) / sizeof(of[0]));
		if (!n || strcmp(v[n - 1].source, show_route_sources[i].name) != 0) /* connected is C and L */
			v[n++] = (struct show_route_sum){ .source = show_route_sources[i].name };
		of[i] = &v[n - 1];
	}
	for (size_t i = 0; i < show_route_count(in); i++) {
		const struct show_route *r = show_route_at(in, i);

		if (r->dst.family != IP_V4)
			continue;
		struct show_route_sum *sum = of[show_route_source(r->code) - show_route_sources];

		sum->bytes += sizeof(*r);
		if (before && show_route_same_prefix(before, r)) /* one more next hop */
			continue;
		sum->networks += is_network(r);
		sum->subnets += !is_network(r);
		before = r;
	}
	for (size_t i = 0; i < n; i++) /* of the others those that have routes: IOS has them if they run */
		if (i < 2 || v[i].bytes)
			v[kept++] = v[i];
	return kept;
}

void show_ip_route_summary(const struct show_in *in, struct txt *out)
{
	struct show_route_sum v[SHOW_ROUTE_SOURCES], all = { .source = "Total" };
	size_t n = show_route_sums(in, v);

	txt_str(out, "IP routing table name is default (0x0)\n"
		     "IP routing table maximum-paths is 32\n"
		     "Route Source    Networks    Subnets     Replicates  Overhead    Memory (bytes)\n");
	for (size_t i = 0; i <= n; i++) {
		const struct show_route_sum *s = i < n ? &v[i] : &all;

		txt_printf(out, "%-15s %-11u %-11u %-11u %-11u %" PRIu64 "\n", s->source, s->networks, s->subnets, 0u, 0u,
			   s->bytes);
		all.networks += s->networks;
		all.subnets += s->subnets;
		all.bytes += s->bytes;
	}
	show_routes_cut(in, out);
}

/* ---- show ip static route ---- */

static const char codes[] =
	"Codes: M - Manual static, A - AAA download, N - IP NAT, D - DHCP,\n"
	"       G - GPRS, V - Crypto VPN, C - CASA, P - Channel interface processor,\n"
	"       B - BootP, S - Service selection gateway\n"
	"       DN - Default Network, T - Tracking object\n"
	"       L - TL1, E - OER, I - iEdge\n"
	"       D1 - Dot1x Vlan Network, K - MWAM Route\n"
	"       PP - PPP default route, MR - MRIPv6, SS - SSLVPN\n"
	"       H - IPe Host, ID - IPe Domain Broadcast\n"
	"       U - User GPRS, TE - MPLS Traffic-eng, LI - LIIN\n"
	"       IR - ICMP Redirect\n"
	"Codes in []: A - active, N - non-active, B - BFD-tracked, D - Not Tracked, P - permanent\n"
	"\n"
	"Static local RIB for default\n"
	"\n";

static int by_net(const void *a, const void *b)
{
	const struct cfg_route *x = *(const struct cfg_route *const *)a, *y = *(const struct cfg_route *const *)b;
	int c = ipaddr_cmp(&x->net, &y->net);

	if (!c)
		c = ipaddr_cmp(&x->mask, &y->mask);
	return c ? c : (x->distance > y->distance) - (x->distance < y->distance);
}

static int by_way(const void *a, const void *b)
{
	const struct show_route *x = a, *y = b;
	int c = ipaddr_cmp(&x->dst, &y->dst);

	if (!c)
		c = x->prefix_len - y->prefix_len;
	if (!c)
		c = ipaddr_cmp(&x->next_hop, &y->next_hop);
	return c ? c : strcmp(x->ifname, y->ifname);
}

bool show_statics(const struct show_in *in, show_static_say *say, void *ctx)
{
	const struct config *c = in->config;
	const struct cfg_route **v = calloc(c->routes.n + 1, sizeof(*v));
	struct show_route *rows = calloc(in->n_routes + 1, sizeof(*rows));
	size_t n = 0, n_rows = 0;
	bool ok = v && rows;

	for (size_t i = 0; ok && i < in->n_routes; i++)
		if (in->routes[i].code == 'S')
			rows[n_rows++] = in->routes[i];
	for (size_t i = 0; ok && i < c->routes.n; i++)
		if (c->routes.v[i]->net.family == IP_V4 && ipaddr_mask_len(&c->routes.v[i]->mask) >= 0)
			v[n++] = c->routes.v[i];
	if (n_rows)
		qsort(rows, n_rows, sizeof(*rows), by_way);
	if (n)
		qsort(v, n, sizeof(*v), by_net);
	for (size_t i = 0; i < n; i++) {
		struct show_route key = { .dst = v[i]->net, .prefix_len = (uint8_t)ipaddr_mask_len(&v[i]->mask),
					  .next_hop = v[i]->next_hop };

		memcpy(key.ifname, v[i]->ifname, sizeof(key.ifname));
		say(v[i], n_rows && bsearch(&key, rows, n_rows, sizeof(*rows), by_way), ctx);
	}
	free(v);
	free(rows);
	return ok;
}

struct static_rows {
	struct txt *out;
	const struct cfg_route *last;
};

static void static_route(const struct cfg_route *r, bool active, void *ctx)
{
	struct static_rows *rows = ctx;
	struct txt *out = rows->out;
	char net[IPADDR_STRLEN], via[IPADDR_STRLEN];
	size_t start = out->len;
	bool again = rows->last && ipaddr_equal(&rows->last->net, &r->net) && ipaddr_equal(&rows->last->mask, &r->mask);

	txt_printf(out, "M  %s/%d ", ipaddr_ios(&r->net, net), ipaddr_mask_len(&r->mask));
	for (size_t i = start + 1; again && i < out->len; i++)
		out->s[i] = ' ';
	txt_printf(out, "[%u/0] via", r->distance ? (unsigned)r->distance : 1u);
	if (r->ifname[0])
		txt_printf(out, " %s", r->ifname);
	if (r->next_hop.family != IP_NONE)
		txt_printf(out, " %s", ipaddr_ios(&r->next_hop, via));
	txt_printf(out, " [%c]\n", active ? 'A' : 'N');
	rows->last = r;
}

void show_ip_static_route(const struct show_in *in, struct txt *out)
{
	struct static_rows rows = { .out = out };

	txt_str(out, codes);
	if (!show_statics(in, static_route, &rows))
		out->bad = true;
}
