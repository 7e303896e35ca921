/* SPDX-License-Identifier: Apache-2.0 */
/* `ip tcp adjust-mss` and `ipv6 tcp adjust-mss` of interfaces that are the kernel's alone: the MSS of
 * SYNs that pass in or out there is lowered, by a table of nftables of its own (`ip culvert_mss`, and
 * `ip6 culvert_mss` where there is one of IPv6).
 * Tunnels are the forwarder's, and interfaces with a crypto map steering's. */
#ifndef HOST_MSS_H
#define HOST_MSS_H

#include <stddef.h>

#include "base/txt.h"

struct mss_if {
	uint32_t ifindex;
	uint16_t mss, mss6; /* bytes of TCP payload; 0: left alone */
};

/* Puts the rules of exactly these interfaces in force; what is right already is left
 * alone. *mark tells which are (0: not known yet). 0 or -errno, and nft's words in why. */
int mss_apply(const struct mss_if *v, size_t n, uint64_t *mark, struct txt *why);
/* Takes the tables away, if they are there. */
void mss_remove(void);

#endif
