/* SPDX-License-Identifier: Apache-2.0 */
#include "control/show_rib.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/psort.h"
#include "control/show_parts.h"
#include "host/netlink.h"
#include "host/netlink_rib.h"

#define SORT_PIECE 4096 /* comparisons */
#define BEST_PIECE 8192 /* rows */

struct rib {
	struct snapshot *s;
	struct control *c;
	enum { RIB_IPV4, RIB_IPV6, RIB_SORT, RIB_BEST } phase;
	bool ipv4, ipv6;
	size_t most;
	struct nl_rib *dump;
	/* the device of the row before: the next one's, too, as a rule */
	uint32_t ifindex;
	const struct if_snapshot *known; /* NULL: the configuration has none such */
	char name[CFG_NAME_MAX];	 /* a copy: control reads its links anew between two pieces */
	/* order */
	const void **room;
	struct psort sort;
	size_t n, at, kept; /* rows: all, looked at, in use */
	const struct show_route *best, *before;
};

bool rib_wanted(unsigned action, bool *ret_ipv4, bool *ret_ipv6)
{
	*ret_ipv4 = action == EXEC_SHOW_IP_ROUTE || action == EXEC_SHOW_IP_ROUTE_SUMMARY || action == EXEC_SHOW_TECH;
	*ret_ipv6 = action == EXEC_SHOW_IPV6_ROUTE || action == EXEC_SHOW_TECH;
	return *ret_ipv4 || *ret_ipv6;
}

struct rib *rib_new(struct snapshot *s, struct control *c, unsigned action, size_t most)
{
	struct rib *r = calloc(1, sizeof(*r));

	if (!s->more)
		s->more = calloc(most / SNAPSHOT_BLOCK + 1, sizeof(*s->more));
	if (!r || !s->more) {
		free(r);
		return NULL;
	}
	*r = (struct rib){ .s = s, .c = c, .most = most };
	(void)rib_wanted(action, &r->ipv4, &r->ipv6);
	return r;
}

void rib_free(struct rib *r)
{
	if (!r)
		return;
	nl_rib_close(r->dump);
	free(r->room);
	free(r);
}

/* ---- the kernel's routes ---- */

/* Whose a route is: a letter of IOS's, 0 for what is not shown.
 * What an administrator has typed without saying more (boot), and what a program says is its own, is K: IOS has no letter
 * for a route that is in force and in no configuration of the router's, and S would send the reader there to look for it.
 * Only what calls itself static is S. */
static char letter(const struct nl_rib_route *k)
{
	switch (k->protocol) {
	case RTPROT_CULVERT: /* out of the configuration, or a lock */
		return 0;
	case RTPROT_STATIC:
	case 196: /* FRR's staticd, from zebra */
	case RTPROT_DHCP:
		return 'S';
	case 186: /* RTPROT_BGP and those below: since Linux 4.20 in its header */
		return 'B';
	case 187:
		return 'i';
	case 188:
		return 'O';
	case 189:
	case 190: /* FRR's ripngd */
		return 'R';
	case 191: /* FRR's nhrpd */
		return 'H';
	case 192:
		return 'D';
	case RTPROT_RA:
		return k->dst.family == IP_V6 ? 'N' : 'K';
	case RTPROT_REDIRECT:
		return 0;
	case RTPROT_KERNEL: /* of an address, and what drops the rest */
		return k->blackhole ? 0 : k->gateway.family ? 'K' : 'C';
	default:
		return 'K';
	}
}

static void look_up(struct rib *r, uint32_t ifindex)
{
	const struct nl_link *l = NULL;

	if (ifindex == r->ifindex)
		return;
	r->ifindex = ifindex;
	r->known = NULL;
	for (size_t i = 0; i < r->s->in.n_ifs && !r->known; i++)
		if (r->s->ifs[i].ifindex == ifindex)
			r->known = &r->s->ifs[i];
	if (!r->known)
		l = plumb_link(r->c, ifindex);
	snprintf(r->name, sizeof(r->name), "%s", r->known ? r->known->name : l ? l->name : "");
}

/* A network that the kernel made of an address is shown while the interface is up, as the others are. */
static bool connected(const struct rib *r, const struct nl_rib_route *k)
{
	if (ipaddr_is_link_local(&k->dst) || ipaddr_is_multicast(&k->dst) || !strcmp(r->name, "lo"))
		return false;
	return !r->known || (r->known->line && !r->known->unnumbered);
}

static void add(struct snapshot *s, const struct show_route *row)
{
	size_t block = s->n_more / SNAPSHOT_BLOCK;

	if (s->n_more % SNAPSHOT_BLOCK == 0)
		s->more[block] = calloc(SNAPSHOT_BLOCK, sizeof(*row));
	if (!s->more[block]) {
		s->nomem = true;
		return;
	}
	s->more[block][s->n_more++ % SNAPSHOT_BLOCK] = *row;
}

static void on_route(void *ctx, const struct nl_rib_route *k)
{
	struct rib *r = ctx;
	char code = letter(k);
	struct show_route row = { .code = code, .dst = k->dst, .prefix_len = k->prefix_len, .next_hop = k->gateway,
				  .metric = k->metric, .rank = k->metric };

	if (!code)
		return;
	if (r->s->n_more >= r->most) {
		r->s->in.routes_cut = true;
		return;
	}
	if (k->ifindex)
		look_up(r, k->ifindex);
	if (code == 'C') {
		if (!connected(r, k))
			return;
		row.metric = 0;
		row.rank = 0;
	}
	row.distance = k->protocol == RTPROT_DHCP ? 254 : show_route_source(code)->distance; /* as IOS has one by DHCP */
	snprintf(row.ifname, sizeof(row.ifname), "%s", k->blackhole ? "Null0" : k->ifindex ? r->name : "");
	add(r->s, &row);
}

/* True: there is more of that family. */
static bool read_some(struct rib *r, enum ip_family family)
{
	int more;

	if (!r->dump && !nl_rib_open(family, &r->dump))
		return true;
	more = r->dump ? nl_rib_some(r->dump, on_route, r) : -ENOMEM;
	if (more < 0)
		r->s->in.routes_cut = true;
	if (more > 0 && !r->s->in.routes_cut)
		return true;
	nl_rib_close(r->dump);
	r->dump = NULL;
	return false;
}

/* ---- their order ---- */

static bool begin_sort(struct rib *r)
{
	struct snapshot *s = r->s;

	r->n = s->in.n_routes + s->n_more;
	s->order = calloc(r->n + 1, sizeof(*s->order));
	r->room = calloc(r->n + 1, sizeof(*r->room));
	if (s->nomem || !s->order || !r->room) {
		s->nomem = true;
		return false;
	}
	for (size_t i = 0; i < s->in.n_routes; i++)
		s->order[i] = &s->routes[i];
	for (size_t i = 0; i < s->n_more; i++)
		s->order[s->in.n_routes + i] = &s->more[i / SNAPSHOT_BLOCK][i % SNAPSHOT_BLOCK];
	psort_init(&r->sort, s->order, r->room, r->n, show_route_cmp);
	return true;
}

static bool best_some(struct rib *r)
{
	struct snapshot *s = r->s;

	for (size_t end = r->at + BEST_PIECE; r->at < r->n && r->at < end; r->at++) {
		const struct show_route *x = s->order[r->at];

		if (show_route_joins_best(x, r->best, r->before)) {
			if (!r->best || !show_route_same_prefix(x, r->best))
				r->best = x;
			s->order[r->kept++] = x;
		}
		r->before = x;
	}
	return r->at < r->n;
}

bool rib_some(struct rib *r)
{
	struct snapshot *s = r->s;

	switch (r->phase) {
	case RIB_IPV4:
		if (!r->ipv4 || !read_some(r, IP_V4))
			r->phase = RIB_IPV6;
		return true;
	case RIB_IPV6:
		if (r->ipv6 && read_some(r, IP_V6))
			return true;
		r->phase = RIB_SORT;
		return begin_sort(r);
	case RIB_SORT:
		if (!psort_some(&r->sort, SORT_PIECE))
			r->phase = RIB_BEST;
		return true;
	default:
		if (best_some(r))
			return true;
		s->in.routes = s->routes;
		s->in.route_order = s->order;
		s->in.n_route_order = r->kept;
		return false;
	}
}
