/* SPDX-License-Identifier: Apache-2.0 */
/* Nexthop objects (Linux 5.3): where net.ipv4.nexthop_compat_mode is 0 a route says no more than the number of one. */
#ifndef HOST_NETLINK_NEXTHOP_H
#define HOST_NETLINK_NEXTHOP_H

#include "base/ipaddr.h"

struct mnl_socket;

#define NL_NEXTHOP_HOPS 32 /* as many ways as IOS uses side by side */

struct nl_nexthop_hop {
	uint32_t ifindex; /* 0: none is said */
	struct ipaddr gateway; /* IP_NONE: none */
};
/* One object: a hop, or a group of others. */
struct nl_nexthop {
	bool is_hop; /* and not one whose device is down */
	struct nl_nexthop_hop hop;
	uint32_t members[NL_NEXTHOP_HOPS]; /* the numbers of those in the group */
	size_t n_members;
};

/* The object in len bytes of netlink messages. 0 or -errno. */
int nl_nexthop_read(const void *bytes, size_t len, struct nl_nexthop *ret);
/* Asks the kernel on s (a socket of NETLINK_ROUTE, not used for anything else; it answers at once) for the hops of an
 * object, of a group those of its members. How many they are; 0 none, or it is not there any more. */
size_t nl_nexthop_hops(struct mnl_socket *s, uint32_t id, struct nl_nexthop_hop v[NL_NEXTHOP_HOPS]);

#endif
