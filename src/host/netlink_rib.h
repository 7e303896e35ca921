/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's main routing table as it is to be shown: of whomever a route came, hop by hop, and in pieces, since there may
 * be hundreds of thousands. */
#ifndef HOST_NETLINK_RIB_H
#define HOST_NETLINK_RIB_H

#include "base/ipaddr.h"

struct nlmsghdr;
struct nl_rib;

/* One next hop of one route. */
struct nl_rib_route {
	struct ipaddr dst;
	uint8_t prefix_len;
	uint8_t protocol; /* RTPROT_*: who put it there */
	bool blackhole;	  /* what matches is dropped, with an ICMP error or without */
	uint32_t metric;
	uint32_t ifindex; /* 0: none is said */
	struct ipaddr gateway; /* IP_NONE: none; may be of the other family (RFC 8950) */
	uint32_t nexthop; /* of nl_rib_read() alone: the object that has the hops, where the route does not say them; else 0 */
};
typedef void nl_rib_each(void *ctx, const struct nl_rib_route *r);

/* A dump of one family on a socket of its own. 0 or -errno. */
int nl_rib_open(enum ip_family family, struct nl_rib **ret);
/* What the kernel says in one message, some hundreds of routes, without waiting: 1 there is more, 0 that was all, or -errno.
 * A table that changes meanwhile is not read anew: where a routing protocol is at work it might never end. A route that
 * comes or goes meanwhile may be there or not, and in rare cases one that stays may be there twice. */
int nl_rib_some(struct nl_rib *rib, nl_rib_each *each, void *ctx);
void nl_rib_close(struct nl_rib *rib);
/* The routes in len bytes of netlink messages. As nl_rib_some(): 0 behind NLMSG_DONE, and -errno of an error, which NLMSG_DONE may say, too; what is cut
 * off or not a route of the main table is passed over. */
int nl_rib_read(const void *bytes, size_t len, nl_rib_each *each, void *ctx);

#endif
