/* SPDX-License-Identifier: Apache-2.0 */
/* Routes and rules of both families. */
#include "host/netlink_internal.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>

#define METRIC6 1024u /* what IPv6 makes of none: a route has one always */

/* ---- routes ---- */

static uint8_t route_family(const struct nl_route *r)
{
	return r->dst.family == IP_V6 || r->gateway.family == IP_V6 ? AF_INET6 : AF_INET;
}

/* Removing by metric 0 would take IPv6's first route of any metric: the twin that holds. */
static uint32_t metric_of(const struct nl_route *r)
{
	return r->metric || route_family(r) == AF_INET ? r->metric : METRIC6;
}

static int route_op(struct nl *nl, uint16_t type, uint16_t flags, const struct nl_route *r)
{
	struct nlmsghdr *h = nl_start(nl, type, (uint16_t)(flags | NLM_F_ACK));
	struct rtmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	uint32_t table = r->table ? r->table : RT_TABLE_MAIN;
	uint8_t af = route_family(r);

	m->rtm_family = af;
	m->rtm_dst_len = r->prefix_len;
	m->rtm_table = table < 256 ? (uint8_t)table : RT_TABLE_UNSPEC;
	m->rtm_protocol = RTPROT_CULVERT;
	m->rtm_type = r->unreachable ? RTN_UNREACHABLE : RTN_UNICAST;
	m->rtm_scope = r->unreachable || r->gateway.family ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
	mnl_attr_put_u32(h, RTA_TABLE, table);
	if (r->dst.family && (af == AF_INET || r->prefix_len))
		mnl_attr_put(h, RTA_DST, nl_addr_len(af), r->dst.b);
	if (r->gateway.family)
		mnl_attr_put(h, RTA_GATEWAY, nl_addr_len(af), r->gateway.b);
	if (r->ifindex && !r->unreachable)
		mnl_attr_put_u32(h, RTA_OIF, r->ifindex);
	mnl_attr_put_u32(h, RTA_PRIORITY, metric_of(r));
	return nl_talk(nl, h, NULL, NULL);
}

/* One route of the kernel's, with the protocol that put it there. */
struct seen_route {
	struct nl_route r;
	uint8_t protocol, tos;
};

static int on_any_route(const struct nlmsghdr *h, void *ctx)
{
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);
	struct seen_route s = { .protocol = m->rtm_protocol, .tos = m->rtm_tos };
	const struct nlattr *a;

	if ((m->rtm_family != AF_INET && m->rtm_family != AF_INET6) || m->rtm_flags & RTM_F_CLONED)
		return MNL_CB_OK;
	s.r.prefix_len = m->rtm_dst_len;
	s.r.unreachable = m->rtm_type == RTN_UNREACHABLE;
	s.r.table = m->rtm_table;
	if (m->rtm_family == AF_INET6)
		s.r.dst.family = IP_V6;
	for_each_attr(a, h, sizeof(*m)) {
		bool u32 = mnl_attr_get_payload_len(a) == 4;

		switch (mnl_attr_get_type(a)) {
		case RTA_TABLE:
			s.r.table = u32 ? mnl_attr_get_u32(a) : s.r.table;
			break;
		case RTA_PRIORITY:
			s.r.metric = u32 ? mnl_attr_get_u32(a) : 0;
			break;
		case RTA_OIF:
			s.r.ifindex = u32 ? mnl_attr_get_u32(a) : 0;
			break;
		case RTA_DST:
			(void)nl_addr_of(a, m->rtm_family, &s.r.dst);
			break;
		case RTA_GATEWAY:
			(void)nl_addr_of(a, m->rtm_family, &s.r.gateway);
			break;
		}
	}
	if (s.r.unreachable && m->rtm_family == AF_INET6)
		s.r.ifindex = 0; /* IPv6 says the loopback device there */
	nl_found_add(ctx, &s);
	return MNL_CB_OK;
}

static int all_routes(struct nl *nl, uint8_t af, struct found *f)
{
	*f = (struct found){ .size = sizeof(struct seen_route) };
	return nl_dump(nl, RTM_GETROUTE, sizeof(struct rtmsg), af, on_any_route, f);
}

int nl_routes(struct nl *nl, void (*each)(void *ctx, const struct nl_route *r), void *ctx)
{
	struct found f;
	int err = all_routes(nl, AF_UNSPEC, &f);
	const struct seen_route *s = (const struct seen_route *)(void *)f.v;

	for (size_t i = 0; !err && i < f.n; i++)
		if (s[i].protocol == RTPROT_CULVERT)
			each(ctx, &s[i].r);
	free(f.v);
	return err;
}

static bool same_key(const struct nl_route *a, const struct nl_route *b)
{
	return route_family(a) == route_family(b) &&
	       a->table == (b->table ? b->table : RT_TABLE_MAIN) && a->metric == metric_of(b) &&
	       a->prefix_len == b->prefix_len && !memcmp(a->dst.b, b->dst.b, sizeof(a->dst.b));
}

static bool same_way(const struct nl_route *is, const struct nl_route *want)
{
	return is->unreachable == want->unreachable && ipaddr_equal(&is->gateway, &want->gateway) &&
	       (!want->ifindex || want->unreachable || is->ifindex == want->ifindex);
}

/* Whether a route of IPv6 that is there needs nothing. IPv4 finds out by itself, and says nothing to anybody
 * who watches; IPv6 tells of a route that has replaced its equal, and who makes his routes anew when
 * they change would do so for ever. What only its gateway says, the kernel may have
 * bound to another device meanwhile. */
static bool needs_nothing(struct nl *nl, const struct nl_route *is, const struct nl_route *want)
{
	struct ipaddr src;
	uint32_t ifindex = 0;

	if (route_family(want) == AF_INET || !same_way(is, want))
		return false;
	return want->unreachable || want->ifindex ||
	       (!nl_route_get(nl, &want->gateway, &ifindex, &src) && ifindex == is->ifindex);
}

/* Replacing takes the first route of that key, whoever made it. */
static int replace_ours(struct nl *nl, const struct nl_route *r)
{
	struct found f;
	int err = all_routes(nl, route_family(r), &f);
	const struct seen_route *s = (const struct seen_route *)(void *)f.v;
	struct nl_route is = { 0 };
	bool foreign = false, equal = false;

	for (size_t i = 0; !err && i < f.n; i++) {
		if (!same_key(&s[i].r, r) || s[i].tos)
			continue;
		foreign = s[i].protocol != RTPROT_CULVERT;
		equal = same_way(&s[i].r, r);
		is = s[i].r;
		break;
	}
	free(f.v);
	if (err)
		return err;
	if (foreign)
		return equal ? 0 : -EEXIST;
	if (equal && needs_nothing(nl, &is, r))
		return 0;
	return route_op(nl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, r);
}

int nl_route_add(struct nl *nl, const struct nl_route *r)
{
	int err = route_op(nl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, r);

	return err == -EEXIST ? replace_ours(nl, r) : err;
}

int nl_route_del(struct nl *nl, const struct nl_route *r)
{
	return route_op(nl, RTM_DELROUTE, 0, r);
}

struct route_hit {
	uint32_t ifindex;
	struct ipaddr src;
	uint8_t type;
	uint32_t mtu;
};

static int on_metric(const struct nlattr *a, void *ctx)
{
	struct route_hit *hit = ctx;

	if (mnl_attr_get_type(a) == RTAX_MTU && mnl_attr_get_payload_len(a) == 4)
		hit->mtu = mnl_attr_get_u32(a);
	return MNL_CB_OK;
}

static int on_route(const struct nlmsghdr *h, void *ctx)
{
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);
	struct route_hit *hit = ctx;
	const struct nlattr *a;

	hit->type = m->rtm_type;
	for_each_attr(a, h, sizeof(*m)) {
		if (mnl_attr_get_type(a) == RTA_OIF)
			hit->ifindex = mnl_attr_get_u32(a);
		if (mnl_attr_get_type(a) == RTA_METRICS)
			(void)mnl_attr_parse_nested(a, on_metric, hit);
		if (mnl_attr_get_type(a) == RTA_PREFSRC)
			(void)nl_addr_of(a, m->rtm_family, &hit->src);
	}
	return MNL_CB_STOP;
}

/* flags: 0, or RTM_F_FIB_MATCH for the route itself, without what the kernel has learned. */
static int ask_route(struct nl *nl, const struct ipaddr *dst, unsigned flags, struct route_hit *hit)
{
	struct nlmsghdr *h = nl_start(nl, RTM_GETROUTE, 0);
	struct rtmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	uint8_t af = nl_family(dst), len = nl_addr_len(af);

	*hit = (struct route_hit){ 0 };
	m->rtm_family = af;
	m->rtm_dst_len = (uint8_t)(len * 8);
	m->rtm_flags = flags;
	mnl_attr_put(h, RTA_DST, len, dst->b);
	return nl_talk(nl, h, on_route, hit);
}

uint32_t nl_path_mtu(struct nl *nl, const struct ipaddr *dst, uint32_t *ret_ifindex)
{
	struct route_hit hit;

	if (ask_route(nl, dst, RTM_F_FIB_MATCH, &hit))
		return 0;
	*ret_ifindex = hit.ifindex;
	return hit.mtu;
}

int nl_route_get(struct nl *nl, const struct ipaddr *dst, uint32_t *ret_ifindex,
		 struct ipaddr *ret_src)
{
	struct route_hit hit;
	int err = ask_route(nl, dst, 0, &hit);

	if (err)
		return err;
	if (!hit.ifindex || (hit.type != RTN_UNICAST && hit.type != RTN_LOCAL))
		return -ENETUNREACH;
	*ret_ifindex = hit.ifindex;
	*ret_src = hit.src;
	return 0;
}

/* ---- rules ---- */

static int rule_op(struct nl *nl, uint16_t type, uint16_t flags, const struct nl_rule *r)
{
	struct nlmsghdr *h = nl_start(nl, type, (uint16_t)(flags | NLM_F_ACK));
	struct fib_rule_hdr *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->family = r->family == IP_V6 ? AF_INET6 : AF_INET;
	m->action = FR_ACT_TO_TBL;
	mnl_attr_put_u32(h, FRA_TABLE, r->table);
	mnl_attr_put_u32(h, FRA_FWMARK, r->mark);
	mnl_attr_put_u32(h, FRA_FWMASK, UINT32_MAX);
	mnl_attr_put_u32(h, FRA_PRIORITY, r->pref);
	mnl_attr_put_u8(h, FRA_PROTOCOL, RTPROT_CULVERT);
	return nl_talk(nl, h, NULL, NULL);
}

static int on_rule(const struct nlmsghdr *h, void *ctx)
{
	const struct fib_rule_hdr *m = mnl_nlmsg_get_payload(h);
	struct nl_rule r = { .family = m->family == AF_INET6 ? IP_V6 : IP_V4, .table = m->table };
	uint8_t protocol = 0;
	const struct nlattr *a;

	if (m->family != AF_INET && m->family != AF_INET6)
		return MNL_CB_OK;
	for_each_attr(a, h, sizeof(*m)) {
		switch (mnl_attr_get_type(a)) {
		case FRA_TABLE:
			r.table = mnl_attr_get_u32(a);
			break;
		case FRA_FWMARK:
			r.mark = mnl_attr_get_u32(a);
			break;
		case FRA_PRIORITY:
			r.pref = mnl_attr_get_u32(a);
			break;
		case FRA_PROTOCOL:
			protocol = mnl_attr_get_u8(a);
			break;
		}
	}
	if (protocol == RTPROT_CULVERT)
		nl_found_add(ctx, &r);
	return MNL_CB_OK;
}

int nl_rules(struct nl *nl, void (*each)(void *ctx, const struct nl_rule *r), void *ctx)
{
	struct found f = { .size = sizeof(struct nl_rule) };
	int err = nl_dump(nl, RTM_GETRULE, sizeof(struct fib_rule_hdr), AF_UNSPEC, on_rule, &f);

	for (size_t i = 0; !err && i < f.n; i++)
		each(ctx, (const struct nl_rule *)(void *)f.v + i);
	free(f.v);
	return err;
}

int nl_rule_add(struct nl *nl, const struct nl_rule *r)
{
	int err = rule_op(nl, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, r);

	return err == -EEXIST ? 0 : err;
}

int nl_rule_del(struct nl *nl, const struct nl_rule *r)
{
	return rule_op(nl, RTM_DELRULE, 0, r);
}
