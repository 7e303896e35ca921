/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel must be told of IPv6, device by device, for a router. */
#ifndef HOST_IPV6_H
#define HOST_IPV6_H

#include <stdbool.h>

/* `ipv6 unicast-routing`, for host_sysctl(): "1" once the guard stands. Of every device that is there,
 * and of those to come. */
#define HOST_IPV6_FORWARD "/proc/sys/net/ipv6/conf/all/forwarding"

/* False if this kernel has no IPv6: nothing can leave by it. */
bool ipv6_there(void);

enum ipv6_role {
	IPV6_OFF,    /* no IPv6 there at all */
	IPV6_ROUTER, /* an interface with `ipv6 address` or `ipv6 enable`: believes no router's
		      * advertisement, keeps its addresses while it is down, has a link-local one */
	IPV6_TUNNEL, /* the TUN of a TunnelN: the same, and its routes go with its carrier; how it gets a
		      * link-local one (addr_gen_mode) is the caller's choice */
	IPV6_STEER,  /* a steering TUN: packets, but no address and no word of its own */
};
/* 0, or the first error; what can be told is told all the same. Writing what is there already does
 * nothing. */
int ipv6_device(const char *device, enum ipv6_role role);
/* Puts back what ipv6_device() has changed, of devices that are still there: orderly stop. */
void ipv6_restore(void);
/* In the supervisor, before it forks: processes that follow each other remember what the ones before them
 * have changed. 0 or a negative errno: then each knows its own alone. */
int ipv6_keep(void);
/* In a child that is not to reach what the others will write into /proc/sys. 0 or a negative errno: it still can. */
int ipv6_unkeep(void);

#endif
