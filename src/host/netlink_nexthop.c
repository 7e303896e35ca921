/* SPDX-License-Identifier: Apache-2.0 */
#include "host/netlink_nexthop.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>

#include "host/netlink_internal.h"

static void group(const struct nlattr *a, struct nl_nexthop *x)
{
	const char *p = mnl_attr_get_payload(a);
	struct nexthop_grp g;

	for (size_t left = mnl_attr_get_payload_len(a); left >= sizeof(g) && x->n_members < NL_NEXTHOP_HOPS; left -= sizeof(g)) {
		memcpy(&g, p, sizeof(g));
		x->members[x->n_members++] = g.id;
		p += sizeof(g);
	}
}

int nl_nexthop_read(const void *bytes, size_t len, struct nl_nexthop *ret)
{
	const struct nlmsghdr *h = bytes;
	struct nl_nexthop x = { 0 };
	const struct nlattr *a;

	if (len < sizeof(*h) || h->nlmsg_len < sizeof(*h) + sizeof(struct nhmsg) || h->nlmsg_len > len)
		return -EPROTO;
	if (h->nlmsg_type != RTM_NEWNEXTHOP)
		return -ENOENT; /* NLMSG_ERROR: it went meanwhile */
	const struct nhmsg *m = mnl_nlmsg_get_payload(h);
	const char *end = (const char *)bytes + h->nlmsg_len;

	x.is_hop = !(m->nh_flags & RTNH_F_DEAD);
	for (a = mnl_nlmsg_get_payload_offset(h, sizeof(*m)); mnl_attr_ok(a, (int)(end - (const char *)a)); a = mnl_attr_next(a)) {
		switch (mnl_attr_get_type(a)) {
		case NHA_GROUP:
			x.is_hop = false;
			group(a, &x);
			break;
		case NHA_OIF:
			if (mnl_attr_get_payload_len(a) == 4)
				x.hop.ifindex = mnl_attr_get_u32(a);
			break;
		case NHA_GATEWAY:
			if (m->nh_family == AF_INET || m->nh_family == AF_INET6)
				(void)nl_addr_of(a, m->nh_family, &x.hop.gateway);
			break;
		default:
			break;
		}
	}
	*ret = x;
	return 0;
}

static int ask(struct mnl_socket *s, uint32_t id, struct nl_nexthop *ret)
{
	union {
		struct nlmsghdr h;
		char b[8192];
	} u;
	struct nlmsghdr *h = mnl_nlmsg_put_header(u.b);

	h->nlmsg_type = RTM_GETNEXTHOP;
	h->nlmsg_flags = NLM_F_REQUEST;
	(void)mnl_nlmsg_put_extra_header(h, sizeof(struct nhmsg));
	mnl_attr_put_u32(h, NHA_ID, id);
	if (mnl_socket_sendto(s, h, h->nlmsg_len) < 0)
		return -errno;
	ssize_t n = mnl_socket_recvfrom(s, u.b, sizeof(u.b));

	return n < 0 ? -errno : nl_nexthop_read(u.b, (size_t)n, ret);
}

size_t nl_nexthop_hops(struct mnl_socket *s, uint32_t id, struct nl_nexthop_hop v[NL_NEXTHOP_HOPS])
{
	struct nl_nexthop all, one;
	size_t n = 0;

	if (ask(s, id, &all))
		return 0;
	if (all.is_hop)
		v[n++] = all.hop;
	for (size_t i = 0; i < all.n_members; i++) /* a group is never of groups */
		if (!ask(s, all.members[i], &one) && one.is_hop)
			v[n++] = one.hop;
	return n;
}
