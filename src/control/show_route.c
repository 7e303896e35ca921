/* SPDX-License-Identifier: Apache-2.0 */
/* show ip route: grouped under classful networks, as IOS prints it. */
#include "control/show_parts.h"


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
		txt_printf(out, " is directly connected%s%s\n", r->ifname[0] ? ", " : "", r->ifname);
		return;
	}
	txt_printf(out, " [%u/%u] via %s", (unsigned)r->distance, (unsigned)r->metric,
		   ipaddr_ios(&r->next_hop, s));
	if (r->ifname[0])
		txt_printf(out, ", %s", r->ifname);
	txt_char(out, '\n');
}

/* The line above the subnets of one classful network, if they have one. */
static void network(struct show_route_list *l, struct txt *out)
{
	const struct show_route *first = l->v[l->at];
	unsigned len = show_route_classful_len(first), masks = 0;
	struct ipaddr net = ipaddr_v4(ipaddr_to_v4(&first->dst) & ipv4_mask(len));
	char s[IPADDR_STRLEN];

	for (size_t i = 0; i <= 32; i++)
		masks += (unsigned)(l->seen >> i & 1);
	l->width = l->top;
	l->with_len = true;
	if (show_route_is_super(first) || (l->subnets == 1 && first->prefix_len == len))
		return;
	l->width = l->child;
	l->with_len = masks > 1;
	txt_printf(out, "%*s%s/", l->top, "", ipaddr_ios(&net, s));
	if (masks == 1)
		txt_printf(out, "%u is subnetted, %u subnets\n", (unsigned)first->prefix_len, l->subnets);
	else
		txt_printf(out, "%u is variably subnetted, %u subnets, %u masks\n", len, l->subnets, masks);
}

/* Looks for where the routes from l->at on end that stand together: a supernet alone, or the subnets of a network. False: it
 * has looked at enough for one turn. */
static bool find_end(struct show_route_list *l)
{
	const struct show_route *first = l->v[l->at];
	bool super = show_route_is_super(first);

	if (l->end == l->at) {
		l->subnets = 0;
		l->seen = 0;
	}
	for (size_t stop = l->end + SHOW_ROUTES_PIECE; l->end < l->n; l->end++) {
		const struct show_route *r = l->v[l->end];

		if (super ? !show_route_same_prefix(first, r) : !show_route_same_major(first, r))
			break;
		if (l->end == stop)
			return false;
		l->subnets += l->end == l->at || !show_route_same_prefix(l->v[l->end - 1], r);
		l->seen |= UINT64_C(1) << r->prefix_len;
	}
	return true;
}

static void last_resort(const struct show_in *in, const struct exec_args *a, int top, struct txt *out)
{
	bool first = true;
	char s[IPADDR_STRLEN];

	for (size_t i = 0; i < show_route_count(in); i++) {
		const struct show_route *r = show_route_at(in, i);

		if (r->dst.family != IP_V4 || !show_route_is_default(r)) {
			if (in->route_order) /* they come first */
				break;
			continue;
		}
		if (first)
			txt_printf(out, "Gateway of last resort is %s to network 0.0.0.0\n\n",
				   r->next_hop.family != IP_NONE ? ipaddr_ios(&r->next_hop, s) :
								   "0.0.0.0");
		if (show_route_is(r, a->number) && show_route_within(r, a))
			say(r, top, true, !first, out);
		first = false;
	}
	if (first)
		txt_str(out, "Gateway of last resort is not set\n\n");
}

static bool is_old(const struct show_in *in)
{
	return in->config ? in->config->compat_ios12 : in->ios12;
}

/* A network's routes alone, without those that are printed elsewhere or not at all. False: they are all that is left. */
static bool narrow(const struct show_in *in, const struct exec_args *a, struct show_route_list *l)
{
	bool old = is_old(in);

	if (!l->looked)
		l->n = 0;
	for (size_t end = l->looked + SHOW_ROUTES_PIECE; l->looked < l->all && l->looked < end; l->looked++) {
		const struct show_route *r = l->v[l->looked];

		if (!show_route_within(r, a))
			continue;
		l->host |= r->code == 'K';
		if (!show_route_is_default(r) && !(old && r->code == 'L')) /* 12.x has no local routes */
			l->v[l->n++] = r;
	}
	return l->looked < l->all;
}

/* What stands above them. False: that is all. */
static bool begin_list(const struct show_in *in, const struct exec_args *a, struct show_route_list *l, struct txt *out)
{
	bool old = is_old(in);

	l->child = old ? 8 : 9;
	l->top = old ? 5 : 6;
	if (old && !l->all && show_routes_by_protocol(a->number)) /* 12.x prints nothing then */
		return false;
	txt_str(out, old ? codes12 : codes15);
	if (l->host)
		txt_str(out, code_host);
	txt_char(out, '\n');
	last_resort(in, a, l->top, out);
	l->begun = true;
	return true;
}

void show_ip_route_some(const struct show_in *in, const struct exec_args *a, struct show_cursor *k, struct txt *out)
{
	struct show_route_list *l = show_route_list_of(in, IP_V4, a->number, k, out);
	size_t end = out->len + SHOW_PIECE;

	if (!l)
		return;
	if (!l->begun) {
		k->over = !narrow(in, a, l) && !begin_list(in, a, l, out);
		return;
	}
	for (; l->at < l->n && out->len < end; l->at++) {
		bool first = l->at == l->said;

		if (first) {
			if (!find_end(l))
				return;
			network(l, out);
			l->said = l->end;
		}
		say(l->v[l->at], l->width, l->with_len, !first && show_route_same_prefix(l->v[l->at - 1], l->v[l->at]), out);
	}
	if (l->at < l->n)
		return;
	show_routes_cut(in, out);
	k->over = true;
}

void show_ip_route(const struct show_in *in, const struct exec_args *a, struct txt *out)
{
	struct show_cursor k = { 0 };

	while (!k.over)
		show_ip_route_some(in, a, &k, out);
	show_cursor_fini(&k);
}
