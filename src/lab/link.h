/* SPDX-License-Identifier: Apache-2.0 */
/* The few rtnetlink messages that a lab needs, each spoken in the network
 * namespace of the caller. All return 0 or -errno. */
#ifndef LAB_LINK_H
#define LAB_LINK_H

#include "base/ipaddr.h"

/* Brings a device up, after setting its alias (NULL: none). */
int link_up(const char *dev, const char *alias);

/* Gives a device an address of either family. */
int link_add_addr(const char *dev, const struct ipaddr *a, unsigned prefix_len);

/* A veth pair: dev here, peer_dev in the namespace of peer_netns (an open
 * descriptor), both made under their final names, so that nothing ever passes
 * through a third namespace. mtu (bytes) is for both. */
int link_add_veth(const char *dev, const char *peer_dev, int peer_netns, unsigned mtu);

#endif
