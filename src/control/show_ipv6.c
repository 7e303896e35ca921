/* SPDX-License-Identifier: Apache-2.0 */
/* show ipv6 interface [brief], route, access-list. */
#include "control/show_parts.h"

#include <inttypes.h>
#include <string.h>

/* ---- interfaces ---- */

void show_ipv6_interface_brief(const struct show_in *in, const char *ifname, struct txt *out)
{
	char s[IPADDR_STRLEN];

	for (size_t n = 0; n < in->n_ifs; n++) {
		const struct if_snapshot *i = &in->ifs[n];

		if (ifname[0] && strcmp(ifname, i->name) != 0)
			continue;
		txt_printf(out, "%-22s [%s/%s]\n", i->name, show_if_status(i, show_if_config(in, i)),
			   show_if_line(i));
		if (i->link_local6.family)
			txt_printf(out, "    %s\n", ipaddr_ios(&i->link_local6, s));
		for (size_t k = 0; k < i->n_addrs6; k++)
			txt_printf(out, "    %s\n", ipaddr_ios(&i->addrs6[k].addr, s));
		if (!i->link_local6.family && !i->n_addrs6)
			txt_str(out, "    unassigned\n");
	}
}

static void global_addresses(const struct if_snapshot *i, const struct cfg_interface *c, struct txt *out)
{
	char a[IPADDR_STRLEN], b[IPADDR_STRLEN];

	if (c->ip6.unnumbered[0] && !i->n_addrs6)
		txt_printf(out, "  Interface is unnumbered. Using address of %s\n", c->ip6.unnumbered);
	if (!i->n_addrs6) {
		txt_str(out, "  No global unicast address is configured\n");
		return;
	}
	txt_str(out, "  Global unicast address(es):\n");
	for (size_t k = 0; k < i->n_addrs6; k++) {
		struct ipaddr net = ipaddr_network(&i->addrs6[k].addr, i->addrs6[k].prefix_len);

		txt_printf(out, "    %s, subnet is %s/%u %s%s\n", ipaddr_ios(&i->addrs6[k].addr, a),
			   ipaddr_ios(&net, b), (unsigned)i->addrs6[k].prefix_len,
			   i->addrs6[k].eui64 ? "[EUI]" : "",
			   i->addrs6[k].duplicate   ? "[DUP]" :
			   i->addrs6[k].tentative ? "[TEN]" :
						    "");
	}
}

/* RFC 4291 section 2.7.1: ff02::1:ff and the last 24 bits; once for each. */
static void solicited(const struct ipaddr *const *v, size_t n, struct txt *out)
{
	char s[IPADDR_STRLEN];

	for (size_t i = 0; i < n; i++) {
		struct ipaddr g = { IP_V6, { 0xff, 2, [11] = 1, 0xff, v[i]->b[13], v[i]->b[14], v[i]->b[15] } };
		bool seen = false;

		for (size_t k = 0; k < i; k++)
			seen |= !memcmp(v[k]->b + 13, v[i]->b + 13, 3);
		if (!seen)
			txt_printf(out, "    %s\n", ipaddr_ios(&g, s));
	}
}

static void groups(const struct show_in *in, const struct if_snapshot *i, struct txt *out)
{
	const struct ipaddr *v[CFG_MAX_ADDRS6 + 1];
	size_t n = 0;

	if (i->link_local6.family)
		v[n++] = &i->link_local6;
	for (size_t k = 0; k < i->n_addrs6; k++)
		v[n++] = &i->addrs6[k].addr;
	txt_printf(out, "  Joined group address(es):\n    FF02::1\n%s",
		   in->config->ipv6_routing ? "    FF02::2\n" : "");
	solicited(v, n, out);
}

void show_ipv6_interface(const struct show_in *in, const char *ifname, struct txt *out)
{
	char s[IPADDR_STRLEN];

	for (size_t n = 0; n < in->n_ifs; n++) {
		const struct if_snapshot *i = &in->ifs[n];
		const struct cfg_interface *c = show_if_config(in, i);

		if (!i->ipv6 || (ifname[0] && strcmp(ifname, i->name) != 0))
			continue;
		txt_printf(out, "%s is %s, line protocol is %s\n", i->name, show_if_status(i, c),
			   show_if_line(i));
		if (i->link_local6.family)
			txt_printf(out, "  IPv6 is enabled, link-local address is %s \n",
				   ipaddr_ios(&i->link_local6, s));
		else
			txt_str(out, "  IPv6 is stalled, there is no link-local address\n");
		txt_str(out, "  No Virtual link-local address(es):\n");
		if (c->description[0])
			txt_printf(out, "  Description: %s\n", c->description);
		global_addresses(i, c, out);
		groups(in, i, out);
		txt_printf(out, "  MTU is %u bytes\n", (unsigned)i->mtu6);
		if (c->ip6.filter_in[0])
			txt_printf(out, "  Inbound access list %s\n", c->ip6.filter_in);
		if (c->ip6.filter_out[0])
			txt_printf(out, "  Outgoing access list %s\n", c->ip6.filter_out);
	}
}

/* ---- routes ---- */

static const char codes[] =
	"Codes: C - Connected, L - Local, S - Static, U - Per-user Static route\n"
	"       B - BGP, R - RIP, H - NHRP, I1 - ISIS L1\n"
	"       I2 - ISIS L2, IA - ISIS interarea, IS - ISIS summary, D - EIGRP\n"
	"       EX - EIGRP external, ND - ND Default, NDp - ND Prefix, DCE - Destination\n"
	"       NDr - Redirect, O - OSPF Intra, OI - OSPF Inter, OE1 - OSPF ext 1\n"
	"       OE2 - OSPF ext 2, ON1 - OSPF NSSA ext 1, ON2 - OSPF NSSA ext 2\n";

static const char code_host[] = "       K - put there by another program of this host\n";

static bool same_route(const struct show_route *a, const struct show_route *b)
{
	return a->code == b->code && a->distance == b->distance && show_route_same_prefix(a, b);
}

static void say_route(const struct show_route *r, bool again, struct txt *out)
{
	char s[IPADDR_STRLEN];

	if (!again)
		txt_printf(out, "%-3s %s/%u [%u/%u]\n", show_route_source(r->code)->code6, ipaddr_ios(&r->dst, s),
			   (unsigned)r->prefix_len, (unsigned)r->distance, (unsigned)r->metric);
	txt_str(out, "     via ");
	if (r->next_hop.family)
		txt_printf(out, "%s%s%s\n", ipaddr_ios(&r->next_hop, s), r->ifname[0] ? ", " : "", r->ifname);
	else
		txt_printf(out, "%s, %s\n", r->ifname, r->code == 'L' ? "receive" : "directly connected");
}

/* Above them stands how many they are, so they are counted first. */
static void begin_routes(struct show_route_list *l, struct txt *out)
{
	for (size_t end = l->looked + SHOW_ROUTES_PIECE; l->looked < l->n && l->looked < end; l->looked++) {
		l->entries += !l->looked || !same_route(l->v[l->looked - 1], l->v[l->looked]);
		l->host |= l->v[l->looked]->code == 'K';
	}
	if (l->looked < l->n)
		return;
	txt_printf(out, "IPv6 Routing Table - default - %zu entries\n%s%s", l->entries + 1 /* that of multicast */, codes,
		   l->host ? code_host : "");
	l->begun = true;
}

void show_ipv6_route_some(const struct show_in *in, const struct exec_args *a, struct show_cursor *k, struct txt *out)
{
	struct show_route_list *l = show_route_list_of(in, IP_V6, a->number, k, out);
	size_t end = out->len + SHOW_PIECE;

	if (!l)
		return;
	if (!l->begun) {
		begin_routes(l, out);
		return;
	}
	for (; l->at < l->n && out->len < end; l->at++)
		say_route(l->v[l->at], l->at && same_route(l->v[l->at - 1], l->v[l->at]), out);
	if (l->at < l->n)
		return;
	if (a->number == EXEC_ROUTES_ALL || a->number == EXEC_ROUTES_CONNECTED)
		txt_str(out, "L   FF00::/8 [0/0]\n     via Null0, receive\n");
	show_routes_cut(in, out);
	k->over = true;
}

void show_ipv6_route(const struct show_in *in, const struct exec_args *a, struct txt *out)
{
	struct show_cursor k = { 0 };

	while (!k.over)
		show_ipv6_route_some(in, a, &k, out);
	show_cursor_fini(&k);
}
