/* SPDX-License-Identifier: Apache-2.0 */
#include "host/netlink.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* libmnl's own loop macro hides a conversion that -Wconversion minds. */
#define for_each_attr(a, h, header)                                                         \
	for ((a) = mnl_nlmsg_get_payload_offset((h), (header));                             \
	     mnl_attr_ok((a), (int)((const char *)mnl_nlmsg_get_payload_tail(h) -           \
				    (const char *)(a)));                                    \
	     (a) = mnl_attr_next(a))

#define DUMP_TRIES 8

struct nl {
	struct mnl_socket *s;
	uint32_t seq, portid;
	char buf[32768];
};

int nl_open(struct nl **ret)
{
	struct nl *nl = calloc(1, sizeof(*nl));

	if (!nl)
		return -ENOMEM;
	nl->s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!nl->s || mnl_socket_bind(nl->s, 0, MNL_SOCKET_AUTOPID) < 0) {
		int err = -errno;

		nl_close(nl);
		return err;
	}
	nl->portid = mnl_socket_get_portid(nl->s);
	*ret = nl;
	return 0;
}

void nl_close(struct nl *nl)
{
	if (!nl)
		return;
	if (nl->s)
		mnl_socket_close(nl->s);
	free(nl);
}

int nl_events_open(void)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK,
				 .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE |
					      RTMGRP_IPV4_RULE };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

void nl_drain(int fd)
{
	char buf[8192];

	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
}

static struct nlmsghdr *start(struct nl *nl, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(nl->buf);

	h->nlmsg_type = type;
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	h->nlmsg_seq = ++nl->seq;
	return h;
}

/* Sends and handles the answers until ACK, error or the dump's end. */
static int talk(struct nl *nl, struct nlmsghdr *h, mnl_cb_t cb, void *ctx)
{
	char in[32768];

	/* the rest of an answer that was given up */
	while (recv(mnl_socket_get_fd(nl->s), in, sizeof(in), MSG_DONTWAIT) > 0)
		;
	if (mnl_socket_sendto(nl->s, h, h->nlmsg_len) < 0)
		return -errno;
	for (;;) {
		ssize_t n = mnl_socket_recvfrom(nl->s, in, sizeof(in));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		int r = mnl_cb_run(in, (size_t)n, nl->seq, nl->portid, cb, ctx);
		if (r < 0)
			return errno == EINTR ? -EAGAIN : -errno; /* the dump was disturbed */
		if (r == MNL_CB_STOP)
			return 0;
	}
}

/* What a dump found: it is handed out only when it is whole. */
struct found {
	size_t size; /* of one element */
	uint8_t *v;
	size_t n, cap;
	bool bad;
};

static void found_add(struct found *f, const void *one)
{
	if (f->n == f->cap) {
		size_t cap = f->cap ? 2 * f->cap : 16;
		uint8_t *v = reallocarray(f->v, cap, f->size);

		if (!v) {
			f->bad = true;
			return;
		}
		f->v = v;
		f->cap = cap;
	}
	memcpy(f->v + f->n++ * f->size, one, f->size);
}

/* A dump with a header of header_len bytes whose first byte is the family; a
 * change in the middle of it starts it again. */
static int dump(struct nl *nl, uint16_t type, size_t header_len, uint8_t family, mnl_cb_t cb,
		struct found *f)
{
	int err = -EAGAIN;

	for (unsigned tries = 0; err == -EAGAIN && tries < DUMP_TRIES; tries++) {
		struct nlmsghdr *h = start(nl, type, NLM_F_DUMP);
		uint8_t *m = mnl_nlmsg_put_extra_header(h, header_len);

		m[0] = family;
		f->n = 0;
		err = talk(nl, h, cb, f);
	}
	return err ? err : f->bad ? -ENOMEM : 0;
}

/* ---- links ---- */

static int on_link(const struct nlmsghdr *h, void *ctx)
{
	const struct ifinfomsg *m = mnl_nlmsg_get_payload(h);
	struct nl_link l = { .ifindex = (uint32_t)m->ifi_index, .up = m->ifi_flags & IFF_UP,
			     .running = m->ifi_flags & IFF_RUNNING };
	const struct nlattr *a;

	for_each_attr(a, h, sizeof(*m)) {
		switch (mnl_attr_get_type(a)) {
		case IFLA_IFNAME:
			strncpy(l.name, mnl_attr_get_str(a), sizeof(l.name) - 1);
			break;
		case IFLA_MTU:
			l.mtu = mnl_attr_get_u32(a);
			break;
		case IFLA_CARRIER:
			l.carrier = mnl_attr_get_u8(a) != 0;
			break;
		case IFLA_ADDRESS:
			if (mnl_attr_get_payload_len(a) == 6)
				memcpy(l.mac, mnl_attr_get_payload(a), 6);
			break;
		case IFLA_STATS64:
			if (mnl_attr_get_payload_len(a) >= 8 * sizeof(uint64_t)) {
				struct rtnl_link_stats64 s = { 0 };
				size_t n = mnl_attr_get_payload_len(a);

				memcpy(&s, mnl_attr_get_payload(a), n < sizeof(s) ? n : sizeof(s));
				l.rx_packets = s.rx_packets;
				l.tx_packets = s.tx_packets;
				l.rx_bytes = s.rx_bytes;
				l.tx_bytes = s.tx_bytes;
				l.rx_errors = s.rx_errors;
				l.tx_errors = s.tx_errors;
			}
			break;
		}
	}
	found_add(ctx, &l);
	return MNL_CB_OK;
}

int nl_links(struct nl *nl, void (*each)(void *ctx, const struct nl_link *l), void *ctx)
{
	struct found f = { .size = sizeof(struct nl_link) };
	int err = dump(nl, RTM_GETLINK, sizeof(struct ifinfomsg), AF_UNSPEC, on_link, &f);

	for (size_t i = 0; !err && i < f.n; i++)
		each(ctx, (const struct nl_link *)(void *)f.v + i);
	free(f.v);
	return err;
}

int nl_link_set(struct nl *nl, uint32_t ifindex, bool up, uint32_t mtu)
{
	struct nlmsghdr *h = start(nl, RTM_NEWLINK, NLM_F_ACK);
	struct ifinfomsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->ifi_index = (int)ifindex;
	m->ifi_change = IFF_UP;
	m->ifi_flags = up ? IFF_UP : 0;
	if (mtu)
		mnl_attr_put_u32(h, IFLA_MTU, mtu);
	return talk(nl, h, NULL, NULL);
}

int nl_link_carrier(struct nl *nl, uint32_t ifindex, bool on)
{
	struct nlmsghdr *h = start(nl, RTM_NEWLINK, NLM_F_ACK);
	struct ifinfomsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->ifi_index = (int)ifindex;
	mnl_attr_put_u8(h, IFLA_CARRIER, on);
	return talk(nl, h, NULL, NULL);
}

int nl_link_del(struct nl *nl, uint32_t ifindex)
{
	struct nlmsghdr *h = start(nl, RTM_DELLINK, NLM_F_ACK);
	struct ifinfomsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->ifi_index = (int)ifindex;
	return talk(nl, h, NULL, NULL);
}

/* ---- addresses ---- */

static int on_addr(const struct nlmsghdr *h, void *ctx)
{
	const struct ifaddrmsg *m = mnl_nlmsg_get_payload(h);
	struct nl_addr out = { .ifindex = m->ifa_index, .prefix_len = m->ifa_prefixlen };
	const struct nlattr *a;

	if (m->ifa_family != AF_INET)
		return MNL_CB_OK;
	for_each_attr(a, h, sizeof(*m)) {
		/* IFA_LOCAL is ours; IFA_ADDRESS is the peer of a point-to-point link */
		if ((mnl_attr_get_type(a) == IFA_LOCAL ||
		     (mnl_attr_get_type(a) == IFA_ADDRESS && !out.addr.family)) &&
		    mnl_attr_get_payload_len(a) == 4) {
			out.addr.family = IP_V4;
			memcpy(out.addr.b, mnl_attr_get_payload(a), 4);
		}
	}
	found_add(ctx, &out);
	return MNL_CB_OK;
}

int nl_addrs(struct nl *nl, void (*each)(void *ctx, const struct nl_addr *a), void *ctx)
{
	struct found f = { .size = sizeof(struct nl_addr) };
	int err = dump(nl, RTM_GETADDR, sizeof(struct ifaddrmsg), AF_INET, on_addr, &f);

	for (size_t i = 0; !err && i < f.n; i++)
		each(ctx, (const struct nl_addr *)(void *)f.v + i);
	free(f.v);
	return err;
}

static int addr_op(struct nl *nl, uint16_t type, uint16_t flags, uint32_t ifindex,
		   const struct ipaddr *addr, uint8_t prefix_len, uint8_t scope)
{
	struct nlmsghdr *h = start(nl, type, (uint16_t)(flags | NLM_F_ACK));
	struct ifaddrmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->ifa_family = AF_INET;
	m->ifa_prefixlen = prefix_len;
	m->ifa_index = ifindex;
	m->ifa_scope = scope;
	mnl_attr_put(h, IFA_LOCAL, 4, addr->b);
	mnl_attr_put(h, IFA_ADDRESS, 4, addr->b);
	return talk(nl, h, NULL, NULL);
}

int nl_addr_add(struct nl *nl, uint32_t ifindex, const struct ipaddr *a, uint8_t prefix_len)
{
	int err = addr_op(nl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, ifindex, a, prefix_len,
			  RT_SCOPE_UNIVERSE);

	return err == -EEXIST ? 0 : err;
}

int nl_addr_del(struct nl *nl, uint32_t ifindex, const struct ipaddr *a, uint8_t prefix_len)
{
	return addr_op(nl, RTM_DELADDR, 0, ifindex, a, prefix_len, RT_SCOPE_UNIVERSE);
}

int nl_addr_add_host(struct nl *nl, uint32_t ifindex, const struct ipaddr *a)
{
	int err = addr_op(nl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, ifindex, a, 32, RT_SCOPE_HOST);

	return err == -EEXIST ? 0 : err;
}

/* ---- routes ---- */

static int route_op(struct nl *nl, uint16_t type, uint16_t flags, const struct nl_route *r)
{
	struct nlmsghdr *h = start(nl, type, (uint16_t)(flags | NLM_F_ACK));
	struct rtmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	uint32_t table = r->table ? r->table : RT_TABLE_MAIN;

	m->rtm_family = AF_INET;
	m->rtm_dst_len = r->prefix_len;
	m->rtm_table = table < 256 ? (uint8_t)table : RT_TABLE_UNSPEC;
	m->rtm_protocol = RTPROT_CULVERT;
	m->rtm_type = r->unreachable ? RTN_UNREACHABLE : RTN_UNICAST;
	m->rtm_scope = r->unreachable || r->gateway.family ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
	mnl_attr_put_u32(h, RTA_TABLE, table);
	if (r->dst.family)
		mnl_attr_put(h, RTA_DST, 4, r->dst.b);
	if (r->gateway.family)
		mnl_attr_put(h, RTA_GATEWAY, 4, r->gateway.b);
	if (r->ifindex && !r->unreachable)
		mnl_attr_put_u32(h, RTA_OIF, r->ifindex);
	mnl_attr_put_u32(h, RTA_PRIORITY, r->metric);
	return talk(nl, h, NULL, NULL);
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

	if (m->rtm_family != AF_INET || m->rtm_flags & RTM_F_CLONED)
		return MNL_CB_OK;
	s.r.prefix_len = m->rtm_dst_len;
	s.r.unreachable = m->rtm_type == RTN_UNREACHABLE;
	s.r.table = m->rtm_table;
	for_each_attr(a, h, sizeof(*m)) {
		if (mnl_attr_get_payload_len(a) != 4)
			continue;
		switch (mnl_attr_get_type(a)) {
		case RTA_TABLE:
			s.r.table = mnl_attr_get_u32(a);
			break;
		case RTA_PRIORITY:
			s.r.metric = mnl_attr_get_u32(a);
			break;
		case RTA_OIF:
			s.r.ifindex = mnl_attr_get_u32(a);
			break;
		case RTA_DST:
			s.r.dst.family = IP_V4;
			memcpy(s.r.dst.b, mnl_attr_get_payload(a), 4);
			break;
		case RTA_GATEWAY:
			s.r.gateway.family = IP_V4;
			memcpy(s.r.gateway.b, mnl_attr_get_payload(a), 4);
			break;
		}
	}
	found_add(ctx, &s);
	return MNL_CB_OK;
}

static int all_routes(struct nl *nl, struct found *f)
{
	*f = (struct found){ .size = sizeof(struct seen_route) };
	return dump(nl, RTM_GETROUTE, sizeof(struct rtmsg), AF_INET, on_any_route, f);
}

int nl_routes(struct nl *nl, void (*each)(void *ctx, const struct nl_route *r), void *ctx)
{
	struct found f;
	int err = all_routes(nl, &f);
	const struct seen_route *s = (const struct seen_route *)(void *)f.v;

	for (size_t i = 0; !err && i < f.n; i++)
		if (s[i].protocol == RTPROT_CULVERT)
			each(ctx, &s[i].r);
	free(f.v);
	return err;
}

static bool same_key(const struct nl_route *a, const struct nl_route *b)
{
	return a->table == (b->table ? b->table : RT_TABLE_MAIN) && a->metric == b->metric &&
	       a->prefix_len == b->prefix_len && ipaddr_to_v4(&a->dst) == ipaddr_to_v4(&b->dst);
}

static bool same_way(const struct nl_route *is, const struct nl_route *want)
{
	return is->unreachable == want->unreachable && ipaddr_equal(&is->gateway, &want->gateway) &&
	       (!want->ifindex || want->unreachable || is->ifindex == want->ifindex);
}

/* Replacing takes the first route of that key, whoever made it. */
static int replace_ours(struct nl *nl, const struct nl_route *r)
{
	struct found f;
	int err = all_routes(nl, &f);
	const struct seen_route *s = (const struct seen_route *)(void *)f.v;
	bool foreign = false, equal = false;

	for (size_t i = 0; !err && i < f.n; i++) {
		if (!same_key(&s[i].r, r) || s[i].tos)
			continue;
		foreign = s[i].protocol != RTPROT_CULVERT;
		equal = same_way(&s[i].r, r);
		break;
	}
	free(f.v);
	if (err)
		return err;
	if (foreign)
		return equal ? 0 : -EEXIST;
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
		if (mnl_attr_get_type(a) == RTA_PREFSRC && mnl_attr_get_payload_len(a) == 4) {
			hit->src.family = IP_V4;
			memcpy(hit->src.b, mnl_attr_get_payload(a), 4);
		}
	}
	return MNL_CB_STOP;
}

/* flags: 0, or RTM_F_FIB_MATCH for the route itself, without what the kernel has learned. */
static int ask_route(struct nl *nl, const struct ipaddr *dst, unsigned flags, struct route_hit *hit)
{
	struct nlmsghdr *h = start(nl, RTM_GETROUTE, 0);
	struct rtmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	*hit = (struct route_hit){ 0 };
	m->rtm_family = AF_INET;
	m->rtm_dst_len = 32;
	m->rtm_flags = flags;
	mnl_attr_put(h, RTA_DST, 4, dst->b);
	return talk(nl, h, on_route, hit);
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

static int rule_op(struct nl *nl, uint16_t type, uint16_t flags, uint32_t mark, uint32_t table,
		   uint32_t pref)
{
	struct nlmsghdr *h = start(nl, type, (uint16_t)(flags | NLM_F_ACK));
	struct fib_rule_hdr *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->family = AF_INET;
	m->action = FR_ACT_TO_TBL;
	mnl_attr_put_u32(h, FRA_TABLE, table);
	mnl_attr_put_u32(h, FRA_FWMARK, mark);
	mnl_attr_put_u32(h, FRA_FWMASK, UINT32_MAX);
	mnl_attr_put_u32(h, FRA_PRIORITY, pref);
	mnl_attr_put_u8(h, FRA_PROTOCOL, RTPROT_CULVERT);
	return talk(nl, h, NULL, NULL);
}

static int on_rule(const struct nlmsghdr *h, void *ctx)
{
	const struct fib_rule_hdr *m = mnl_nlmsg_get_payload(h);
	struct nl_rule r = { .table = m->table };
	uint8_t protocol = 0;
	const struct nlattr *a;

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
		found_add(ctx, &r);
	return MNL_CB_OK;
}

int nl_rules(struct nl *nl, void (*each)(void *ctx, const struct nl_rule *r), void *ctx)
{
	struct found f = { .size = sizeof(struct nl_rule) };
	int err = dump(nl, RTM_GETRULE, sizeof(struct fib_rule_hdr), AF_INET, on_rule, &f);

	for (size_t i = 0; !err && i < f.n; i++)
		each(ctx, (const struct nl_rule *)(void *)f.v + i);
	free(f.v);
	return err;
}

int nl_rule_add(struct nl *nl, uint32_t mark, uint32_t table, uint32_t pref)
{
	int err = rule_op(nl, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, mark, table, pref);

	return err == -EEXIST ? 0 : err;
}

int nl_rule_del(struct nl *nl, uint32_t mark, uint32_t table, uint32_t pref)
{
	return rule_op(nl, RTM_DELRULE, 0, mark, table, pref);
}
