/* SPDX-License-Identifier: Apache-2.0 */
/* ESP as it comes in by an outer device, out of memory that the kernel fills (packet(7), PACKET_RX_RING):
 * a packet costs a copy instead of a system call's part. A tap sees packets before the kernel's stack
 * does, so what it takes is kept from the stack, by an nftables table of our own (ring_table.c) that says the same as
 * the tap's filter: whole ESP packets to certain addresses of the host, as long as a frame has room for them.
 * Everything else - fragments, AH, extension headers, other addresses, longer ones, which a device may bring
 * whatever its MTU - goes the way it always went.
 *
 * Version 2 of the ring and not 3, which hands over a block when it is full or its timer ends: a lone
 * packet would wait for milliseconds. */
#ifndef HOST_RING_H
#define HOST_RING_H

#include "base/ipaddr.h"
#include "forwarder/port.h"

#define RING_SLOTS     8  /* devices */
#define RING_ADDRS     16 /* of a device */
#define RING_FRAME     2048
#define RING_FRAMES    4096
#define RING_BLOCK     65536
#define RING_MTU       (RING_FRAME - 80) /* what a frame has in front of a packet */

struct ring_want {
	uint32_t ifindex;
	char device[16];
	struct ipaddr addr[RING_ADDRS]; /* in order */
	size_t n;
};

/* A socket with a ring that takes nothing yet; -ENODEV: no Ethernet device. */
int ring_open(const struct ring_want *w);
/* Now it takes w's ESP and, unless NULL, that to also's addresses, and no other any more; what it has taken stays. 0 or
 * -errno. */
int ring_listen(int fd, const struct ring_want *w, const struct ring_want *also);
/* Whether they are of one device and its same addresses. */
bool ring_want_same(const struct ring_want *a, const struct ring_want *b);
/* Keeps what n rings take from the stack, and nothing else, as long as some descriptor of ring_table_fd() is
 * open; 0 rings: takes that away. *t, NULL at first, is what stands: the same is not loaded twice, and where
 * only addresses differ no packet of the others gets past. *ret_changed: whether nftables has gone on by a step
 * for it, and one it is at most. 0 or -errno: -EOPNOTSUPP before Linux 5.12. */
struct ring_table;
int ring_keep(const struct ring_want *v, size_t n, struct ring_table **t, bool *ret_changed);
int ring_table_fd(const struct ring_table *t); /* its own: to be handed on, not closed */
/* Closes it; what stands stays while others hold it. NULL is none. */
void ring_table_free(struct ring_table *t);

/* FWD_PORT_RING over such a socket; as host_make_port(). */
int ring_port_make(int fd, struct port **ret_port);

/* FWD_PORT_HOLD. */
int hold_port_make(int fd, struct port **ret_port);

/* FWD_PORT_LINK: a socket that sends by the device and receives nothing, and the port over it. */
int link_open(uint32_t ifindex);
int link_port_make(uint32_t ifindex, int fd, struct port **ret_port);

/* FWD_PORT_NEWS: a socket that is told of each change of routes, neighbours, links and rules, and the port over it. */
int news_open(void);
int news_port_make(int fd, struct port **ret_port);

#endif
