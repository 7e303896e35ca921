/* SPDX-License-Identifier: Apache-2.0 */
/* Packets of a device as they come and go, to look at only. */
#ifndef HOST_TAP_H
#define HOST_TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/vnet.h"

enum tap_link { TAP_ETHERNET, TAP_IP }; /* what stands in front of the IP packet */

struct tap_packet {
	uint64_t wall_ns;
	bool outgoing;
	size_t len;   /* of the packet; what was copied may be less */
	size_t copied;
	struct vnet vnet; /* TAP_IP: a TUN's super-packet is to be cut, and a checksum to be finished (packet/gso.h) */
};

/* A socket that reads everything on the device; or -errno. */
int tap_open(uint32_t ifindex, enum tap_link *ret_link);
/* The next packet into p; false if there is none (or the device is gone). */
bool tap_read(int fd, void *p, size_t cap, struct tap_packet *ret);
/* Packets that the kernel could not hand over since it was asked last. */
unsigned tap_lost(int fd);

#endif
