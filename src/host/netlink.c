/* SPDX-License-Identifier: Apache-2.0 */
#include "host/netlink_internal.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <unistd.h>

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
					      RTMGRP_IPV4_RULE | RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE |
					      1u << (RTNLGRP_IPV6_RULE - 1) };
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

struct nlmsghdr *nl_start(struct nl *nl, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(nl->buf);

	h->nlmsg_type = type;
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	h->nlmsg_seq = ++nl->seq;
	return h;
}

int nl_talk(struct nl *nl, struct nlmsghdr *h, mnl_cb_t cb, void *ctx)
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

void nl_found_add(struct found *f, const void *one)
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

int nl_dump(struct nl *nl, uint16_t type, size_t header_len, uint8_t family, mnl_cb_t cb,
	    struct found *f)
{
	int err = -EAGAIN;

	for (unsigned tries = 0; err == -EAGAIN && tries < DUMP_TRIES; tries++) {
		struct nlmsghdr *h = nl_start(nl, type, NLM_F_DUMP);
		uint8_t *m = mnl_nlmsg_put_extra_header(h, header_len);

		m[0] = family;
		f->n = 0;
		err = nl_talk(nl, h, cb, f);
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
	nl_found_add(ctx, &l);
	return MNL_CB_OK;
}

int nl_links(struct nl *nl, void (*each)(void *ctx, const struct nl_link *l), void *ctx)
{
	struct found f = { .size = sizeof(struct nl_link) };
	int err = nl_dump(nl, RTM_GETLINK, sizeof(struct ifinfomsg), AF_UNSPEC, on_link, &f);

	for (size_t i = 0; !err && i < f.n; i++)
		each(ctx, (const struct nl_link *)(void *)f.v + i);
	free(f.v);
	return err;
}

int nl_link_set(struct nl *nl, uint32_t ifindex, bool up, uint32_t mtu)
{
	struct nlmsghdr *h = nl_start(nl, RTM_NEWLINK, NLM_F_ACK);
	struct ifinfomsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->ifi_index = (int)ifindex;
	m->ifi_change = IFF_UP;
	m->ifi_flags = up ? IFF_UP : 0;
	if (mtu)
		mnl_attr_put_u32(h, IFLA_MTU, mtu);
	return nl_talk(nl, h, NULL, NULL);
}

int nl_link_carrier(struct nl *nl, uint32_t ifindex, bool on)
{
	struct nlmsghdr *h = nl_start(nl, RTM_NEWLINK, NLM_F_ACK);
	struct ifinfomsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->ifi_index = (int)ifindex;
	mnl_attr_put_u8(h, IFLA_CARRIER, on);
	return nl_talk(nl, h, NULL, NULL);
}

int nl_link_del(struct nl *nl, uint32_t ifindex)
{
	struct nlmsghdr *h = nl_start(nl, RTM_DELLINK, NLM_F_ACK);
	struct ifinfomsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->ifi_index = (int)ifindex;
	return nl_talk(nl, h, NULL, NULL);
}

/* ---- addresses ---- */

static int on_addr(const struct nlmsghdr *h, void *ctx)
{
	const struct ifaddrmsg *m = mnl_nlmsg_get_payload(h);
	struct nl_addr out = { .ifindex = m->ifa_index, .prefix_len = m->ifa_prefixlen };
	uint32_t flags = m->ifa_flags;
	const struct nlattr *a;

	if (m->ifa_family != AF_INET && m->ifa_family != AF_INET6)
		return MNL_CB_OK;
	for_each_attr(a, h, sizeof(*m)) {
		/* IFA_LOCAL is ours; IFA_ADDRESS is the peer of a point-to-point link */
		if (mnl_attr_get_type(a) == IFA_LOCAL ||
		    (mnl_attr_get_type(a) == IFA_ADDRESS && !out.addr.family))
			(void)nl_addr_of(a, m->ifa_family, &out.addr);
		if (mnl_attr_get_type(a) == IFA_FLAGS && mnl_attr_get_payload_len(a) == 4)
			flags = mnl_attr_get_u32(a);
	}
	out.duplicate = flags & IFA_F_DADFAILED;
	/* an optimistic one (RFC 4429) is used while it is looked for */
	out.tentative = !out.duplicate && flags & IFA_F_TENTATIVE && !(flags & IFA_F_OPTIMISTIC);
	nl_found_add(ctx, &out);
	return MNL_CB_OK;
}

static int list_addrs(struct nl *nl, uint8_t af, void (*each)(void *ctx, const struct nl_addr *a),
		      void *ctx)
{
	struct found f = { .size = sizeof(struct nl_addr) };
	int err = nl_dump(nl, RTM_GETADDR, sizeof(struct ifaddrmsg), af, on_addr, &f);

	for (size_t i = 0; !err && i < f.n; i++)
		each(ctx, (const struct nl_addr *)(void *)f.v + i);
	free(f.v);
	return err;
}

int nl_addrs(struct nl *nl, void (*each)(void *ctx, const struct nl_addr *a), void *ctx)
{
	return list_addrs(nl, AF_INET, each, ctx);
}

/* A kernel without IPv6 answers with what it has, IPv4's. */
struct only_v6 {
	void (*each)(void *ctx, const struct nl_addr *a);
	void *ctx;
};

static void if_v6(void *ctx, const struct nl_addr *a)
{
	const struct only_v6 *o = ctx;

	if (a->addr.family == IP_V6)
		o->each(o->ctx, a);
}

int nl_addrs6(struct nl *nl, void (*each)(void *ctx, const struct nl_addr *a), void *ctx)
{
	struct only_v6 o = { each, ctx };

	return list_addrs(nl, AF_INET6, if_v6, &o);
}

static int addr_op(struct nl *nl, uint16_t type, uint16_t flags, uint32_t ifindex,
		   const struct ipaddr *addr, uint8_t prefix_len, uint8_t scope)
{
	struct nlmsghdr *h = nl_start(nl, type, (uint16_t)(flags | NLM_F_ACK));
	struct ifaddrmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	uint8_t af = nl_family(addr);

	m->ifa_family = af;
	m->ifa_prefixlen = prefix_len;
	m->ifa_index = ifindex;
	m->ifa_scope = scope;
	mnl_attr_put(h, IFA_LOCAL, nl_addr_len(af), addr->b);
	mnl_attr_put(h, IFA_ADDRESS, nl_addr_len(af), addr->b);
	return nl_talk(nl, h, NULL, NULL);
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
