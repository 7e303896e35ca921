/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel says of routes, neighbours and links as they change (rtnetlink(7)): by it a worker knows at
 * once, and not when control looks again, that a next hop is not what it was (forwarder/hops.c). A port reads, and
 * sends nothing. What is not understood, or had no room, may be about anything. */
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/netlink_internal.h"
#include "host/ports_fd.h"
#include "host/ring.h"

/* As the kernel's own output takes them: it sends to these (NUD_VALID). */
#define USABLE (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY)

struct news_port {
	struct port port;
	_Alignas(struct nlmsghdr) uint8_t buf[4096]; /* of links there may be more to say, and it would not matter */
};

int news_open(void)
{
	/* Routes that go with a link or an address go without a word of their own. */
	static const int groups[] = { RTNLGRP_LINK,	   RTNLGRP_NEIGH,	RTNLGRP_IPV4_IFADDR,
				      RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,
				      RTNLGRP_IPV4_RULE,   RTNLGRP_IPV6_RULE };
	struct sockaddr_nl a = { .nl_family = AF_NETLINK };
	int nexthop = RTNLGRP_NEXTHOP;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	int err = fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) ? -errno : 0;

	for (size_t i = 0; !err && i < sizeof(groups) / sizeof(groups[0]); i++)
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof(groups[i])))
			err = -errno;
	if (err) {
		if (fd >= 0)
			close(fd);
		return err;
	}
	/* a kernel before 5.3 has none */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &nexthop, sizeof(nexthop));
	return fd;
}

static struct port_news of_route(const struct nlmsghdr *h)
{
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);
	struct port_news n = { .kind = PORT_NEWS_ROUTE, .prefix_len = m->rtm_dst_len };
	const struct nlattr *a;

	if (m->rtm_family != AF_INET && m->rtm_family != AF_INET6)
		return (struct port_news){ .kind = PORT_NEWS_ALL };
	n.addr.family = m->rtm_family == AF_INET6 ? IP_V6 : IP_V4;
	for_each_attr(a, h, sizeof(*m))
		if (mnl_attr_get_type(a) == RTA_DST && !nl_addr_of(a, m->rtm_family, &n.addr))
			n.kind = PORT_NEWS_ALL;
	return n;
}

static struct port_news of_neigh(const struct nlmsghdr *h)
{
	const struct ndmsg *m = mnl_nlmsg_get_payload(h);
	struct port_news n = { .kind = PORT_NEWS_NEIGH, .ifid = (uint32_t)m->ndm_ifindex };
	bool has_mac = false;
	const struct nlattr *a;

	for_each_attr(a, h, sizeof(*m)) {
		if (mnl_attr_get_type(a) == NDA_DST && !nl_addr_of(a, m->ndm_family, &n.addr))
			n.kind = PORT_NEWS_ALL;
		if (mnl_attr_get_type(a) == NDA_LLADDR && mnl_attr_get_payload_len(a) == sizeof(n.mac)) {
			memcpy(n.mac, mnl_attr_get_payload(a), sizeof(n.mac));
			has_mac = true;
		}
	}
	n.usable = h->nlmsg_type == RTM_NEWNEIGH && has_mac && m->ndm_state & USABLE;
	return n;
}

static struct port_news of(const struct nlmsghdr *h)
{
	switch (h->nlmsg_type) {
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		if (mnl_nlmsg_get_payload_len(h) >= sizeof(struct rtmsg))
			return of_route(h);
		break;
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		if (mnl_nlmsg_get_payload_len(h) >= sizeof(struct ndmsg))
			return of_neigh(h);
		break;
	}
	return (struct port_news){ .kind = PORT_NEWS_ALL };
}

/* The messages of one datagram, one of which has room for sure; behind the last of max all may be anything. */
static size_t read_one(const uint8_t *buf, size_t len, struct port_news *v, size_t max)
{
	const struct nlmsghdr *h = (const struct nlmsghdr *)(const void *)buf;
	int left = (int)len;
	size_t n = 0;

	for (; mnl_nlmsg_ok(h, left) && n < max; h = mnl_nlmsg_next(h, &left))
		v[n++] = of(h);
	if (left || !n)
		v[n < max ? n++ : n - 1] = (struct port_news){ .kind = PORT_NEWS_ALL };
	return n;
}

static size_t news_read(struct port *p, struct port_news *v, size_t max)
{
	struct news_port *f = (struct news_port *)(void *)p;
	size_t n = 0;

	while (n < max) {
		ssize_t k = recv(p->fd, f->buf, sizeof(f->buf), MSG_DONTWAIT | MSG_TRUNC);

		if (k < 0 && errno == EAGAIN)
			break;
		/* some were lost (ENOBUFS), or it is cut */
		if (k < 0 || (size_t)k > sizeof(f->buf))
			v[n++] = (struct port_news){ .kind = PORT_NEWS_ALL };
		else
			n += read_one(f->buf, (size_t)k, v + n, max - n);
	}
	return n;
}

static size_t nothing_comes(struct port *p, struct pool *pool, struct batch *b)
{
	(void)p;
	(void)pool;
	(void)b;
	return 0;
}

static size_t nothing_goes(struct port *p, struct batch *b)
{
	(void)p;
	(void)b;
	return 0;
}

int news_port_make(int fd, struct port **ret_port)
{
	static const struct port_ops ops = { nothing_comes, nothing_goes, fd_port_close };
	struct news_port *f = calloc(1, sizeof(*f));

	if (!f) {
		close(fd);
		return -ENOMEM;
	}
	f->port.fd = fd;
	f->port.ops = &ops;
	f->port.news = news_read;
	*ret_port = &f->port;
	return 0;
}
