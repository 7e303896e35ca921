/* SPDX-License-Identifier: Apache-2.0 */
#include "host/netlink_rib.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "host/netlink_internal.h"
#include "host/netlink_nexthop.h"

#ifndef RTA_VIA
#define RTA_VIA 18
#endif

#define HOPS_KEPT 32

struct nl_rib {
	struct mnl_socket *s;
	struct mnl_socket *hops_s; /* what answers about nexthop objects; NULL: none was needed yet */
	struct {
		uint32_t id;
		struct nl_nexthop_hop v[NL_NEXTHOP_HOPS];
		size_t n;
	} hops[HOPS_KEPT]; /* by id: a table of many routes has few objects */
	union {
		struct nlmsghdr h;
		char b[32768];
	} in;
};

/* ---- a route ---- */

/* libmnl rounds the end of a message up: three bytes more than a message need have. */
static bool attr_ok(const struct nlattr *a, const char *end)
{
	return mnl_attr_ok(a, (int)(end - (const char *)a));
}

/* A gateway of either family: struct rtvia. */
static void via_of(const struct nlattr *a, struct ipaddr *ret)
{
	const uint8_t *p = mnl_attr_get_payload(a);
	size_t len = mnl_attr_get_payload_len(a);
	uint16_t af;

	if (len < sizeof(af))
		return;
	memcpy(&af, p, sizeof(af));
	if ((af != AF_INET && af != AF_INET6) || len != sizeof(af) + nl_addr_len((uint8_t)af))
		return;
	*ret = (struct ipaddr){ .family = af == AF_INET6 ? IP_V6 : IP_V4 };
	memcpy(ret->b, p + sizeof(af), len - sizeof(af));
}

static uint32_t u32_of(const struct nlattr *a, uint32_t otherwise)
{
	return mnl_attr_get_payload_len(a) == 4 ? mnl_attr_get_u32(a) : otherwise;
}

static void hop_attr(const struct nlattr *a, uint8_t af, struct nl_rib_route *r)
{
	switch (mnl_attr_get_type(a)) {
	case RTA_GATEWAY:
		(void)nl_addr_of(a, af, &r->gateway);
		break;
	case RTA_VIA:
		via_of(a, &r->gateway);
		break;
	case RTA_OIF:
		r->ifindex = u32_of(a, 0);
		break;
	default:
		break;
	}
}

/* RTA_MULTIPATH: one struct rtnexthop after the other, each with attributes of its own. */
static void hops(const struct nlattr *all, uint8_t af, const struct nl_rib_route *route, nl_rib_each *each, void *ctx)
{
	const char *p = mnl_attr_get_payload(all);
	size_t left = mnl_attr_get_payload_len(all);

	while (left >= sizeof(struct rtnexthop)) {
		struct nl_rib_route r = *route;
		struct rtnexthop h;
		const struct nlattr *a;

		memcpy(&h, p, sizeof(h));
		if (h.rtnh_len < sizeof(h) || h.rtnh_len > left)
			return;
		r.ifindex = (uint32_t)h.rtnh_ifindex;
		for (a = (const struct nlattr *)(const void *)(p + sizeof(h)); attr_ok(a, p + h.rtnh_len); a = mnl_attr_next(a))
			hop_attr(a, af, &r);
		if (!(h.rtnh_flags & RTNH_F_DEAD))
			each(ctx, &r);
		size_t step = (size_t)RTNH_ALIGN(h.rtnh_len);

		if (step > left)
			return;
		p += step;
		left -= step;
	}
}

static bool is_shown(const struct rtmsg *m)
{
	unsigned longest = m->rtm_family == AF_INET6 ? 128 : 32;

	if ((m->rtm_family != AF_INET && m->rtm_family != AF_INET6) || m->rtm_dst_len > longest)
		return false;
	/* what goes by more than the destination has no line that says so */
	if (m->rtm_src_len || m->rtm_tos || m->rtm_flags & (RTM_F_CLONED | RTNH_F_DEAD))
		return false;
	switch (m->rtm_type) {
	case RTN_UNICAST:
	case RTN_BLACKHOLE:
	case RTN_UNREACHABLE:
	case RTN_PROHIBIT:
		return true;
	default:
		return false;
	}
}

static void one_route(const struct nlmsghdr *h, nl_rib_each *each, void *ctx)
{
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *a, *multipath = NULL;
	uint32_t table = m->rtm_table;
	struct nl_rib_route r = { 0 };

	if (!is_shown(m))
		return;
	r.dst.family = m->rtm_family == AF_INET6 ? IP_V6 : IP_V4;
	r.prefix_len = m->rtm_dst_len;
	r.protocol = m->rtm_protocol;
	r.blackhole = m->rtm_type != RTN_UNICAST;
	bool has_dst = !m->rtm_dst_len;

	for (a = mnl_nlmsg_get_payload_offset(h, sizeof(*m)); attr_ok(a, (const char *)h + h->nlmsg_len); a = mnl_attr_next(a)) {
		switch (mnl_attr_get_type(a)) {
		case RTA_TABLE:
			table = u32_of(a, table);
			break;
		case RTA_PRIORITY:
			r.metric = u32_of(a, 0);
			break;
		case RTA_DST:
			has_dst |= nl_addr_of(a, m->rtm_family, &r.dst);
			break;
		case RTA_MULTIPATH:
			multipath = a;
			break;
		case RTA_NH_ID:
			r.nexthop = u32_of(a, 0);
			break;
		default:
			hop_attr(a, m->rtm_family, &r);
			break;
		}
	}
	if (table != RT_TABLE_MAIN || !has_dst)
		return;
	if (r.blackhole) { /* IPv6 says the loopback device there */
		r.ifindex = 0;
		r.gateway = (struct ipaddr){ 0 };
	}
	if (r.blackhole || multipath || r.ifindex || r.gateway.family) /* it is said here, too, as a rule */
		r.nexthop = 0;
	if (multipath && !r.blackhole)
		hops(multipath, m->rtm_family, &r, each, ctx);
	else
		each(ctx, &r);
}

/* The end of a dump says how it went. A kernel that has never had a route of that family has no table either. */
static int how_it_ended(const struct nlmsghdr *h)
{
	int err = 0;

	if (mnl_nlmsg_get_payload_len(h) >= sizeof(err))
		memcpy(&err, mnl_nlmsg_get_payload(h), sizeof(err));
	return err > 0 ? -EPROTO : err == -ENOENT ? 0 : err;
}

int nl_rib_read(const void *bytes, size_t len, nl_rib_each *each, void *ctx)
{
	const char *p = bytes;

	/* not by mnl_nlmsg_ok(), for which a length of 2^31 is less than none */
	while (len >= sizeof(struct nlmsghdr)) {
		const struct nlmsghdr *h = (const struct nlmsghdr *)(const void *)p;

		if (h->nlmsg_len < sizeof(*h) || h->nlmsg_len > len)
			break;
		size_t body = mnl_nlmsg_get_payload_len(h);

		if (h->nlmsg_type == NLMSG_DONE)
			return how_it_ended(h);
		if (h->nlmsg_type == NLMSG_ERROR) {
			const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);

			return body < sizeof(*e) || e->error >= 0 ? -EPROTO : e->error;
		}
		if (h->nlmsg_type == RTM_NEWROUTE && body >= sizeof(struct rtmsg))
			one_route(h, each, ctx);
		size_t step = NLMSG_ALIGN((size_t)h->nlmsg_len);

		if (step > len)
			break;
		p += step;
		len -= step;
	}
	return 1;
}

/* ---- the dump ---- */

static int ask(struct nl_rib *rib, enum ip_family family)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(rib->in.b);
	struct rtmsg *m;

	h->nlmsg_type = RTM_GETROUTE;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	h->nlmsg_seq = 1;
	m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	m->rtm_family = family == IP_V6 ? AF_INET6 : AF_INET;
	m->rtm_table = RT_TABLE_MAIN; /* a kernel from before 4.20 says the others, too */
	return mnl_socket_sendto(rib->s, h, h->nlmsg_len) < 0 ? -errno : 0;
}

static struct mnl_socket *open_socket(void)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int err;

	if (!s || mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) == 0)
		return s;
	err = errno;
	mnl_socket_close(s);
	errno = err;
	return NULL;
}

int nl_rib_open(enum ip_family family, struct nl_rib **ret)
{
	struct nl_rib *rib = calloc(1, sizeof(*rib));
	int on = 1, err;

	if (!rib)
		return -ENOMEM;
	rib->s = open_socket();
	if (!rib->s) {
		err = -errno;
		goto fail;
	}
	(void)setsockopt(mnl_socket_get_fd(rib->s), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	err = ask(rib, family);
	if (err)
		goto fail;
	*ret = rib;
	return 0;
fail:
	nl_rib_close(rib);
	return err;
}

struct spelled {
	struct nl_rib *rib;
	nl_rib_each *each;
	void *ctx;
};

/* A route, hop by hop. */
static void spell(void *ctx, const struct nl_rib_route *route)
{
	struct spelled *to = ctx;
	struct nl_rib *rib = to->rib;
	struct nl_rib_route r = *route;

	if (!route->nexthop) {
		to->each(to->ctx, route);
		return;
	}
	if (!rib->hops_s)
		rib->hops_s = open_socket();
	size_t at = route->nexthop % HOPS_KEPT;

	if (rib->hops_s && rib->hops[at].id != route->nexthop) {
		rib->hops[at].id = route->nexthop;
		rib->hops[at].n = nl_nexthop_hops(rib->hops_s, route->nexthop, rib->hops[at].v);
	}
	r.nexthop = 0;
	for (size_t i = 0; i < rib->hops[at].n; i++) {
		r.ifindex = rib->hops[at].v[i].ifindex;
		r.gateway = rib->hops[at].v[i].gateway;
		to->each(to->ctx, &r);
	}
}

int nl_rib_some(struct nl_rib *rib, nl_rib_each *each, void *ctx)
{
	struct spelled to = { rib, each, ctx };

	/* the kernel makes the next message while this one is taken: one is always there */
	ssize_t n = mnl_socket_recvfrom(rib->s, rib->in.b, sizeof(rib->in.b));

	if (n < 0)
		return errno == EINTR ? 1 : -errno;
	return n ? nl_rib_read(rib->in.b, (size_t)n, spell, &to) : -EPROTO;
}

void nl_rib_close(struct nl_rib *rib)
{
	if (!rib)
		return;
	if (rib->s)
		mnl_socket_close(rib->s);
	if (rib->hops_s)
		mnl_socket_close(rib->hops_s);
	free(rib);
}
