/* SPDX-License-Identifier: Apache-2.0 */
/* The header that a TUN with IFF_VNET_HDR has in front of each packet: struct virtio_net_hdr of
 * virtio 1.2, section 5.1.6, little-endian. It says how a super-packet is to be cut, and which
 * checksum is not finished. */
#ifndef PACKET_VNET_H
#define PACKET_VNET_H

#include "base/rd.h"

#define VNET_HEADER	10
#define VNET_PACKET_MAX 65535 /* bytes of the packet behind it */

enum { VNET_NEEDS_CSUM = 1 }; /* flags; others are of no concern */

enum vnet_gso {
	VNET_GSO_NONE = 0,
	VNET_GSO_TCPV4 = 1,
	VNET_GSO_TCPV6 = 4,
	VNET_GSO_UDP_L4 = 5, /* UDP of either family, datagram by datagram */
	VNET_GSO_ECN = 0x80, /* beside one of TCP: CWR is set */
};

struct vnet {
	uint8_t flags, gso_type;
	uint16_t hdr_len;     /* bytes of headers: a hint to who allocates, believed by nobody here */
	uint16_t gso_size;    /* bytes of payload of each segment */
	uint16_t csum_start;  /* where the sum begins */
	uint16_t csum_offset; /* from there to the place where it belongs */
};

/* False if it is not all there. */
bool vnet_decode(struct rd *r, struct vnet *ret);
void vnet_encode(uint8_t at[VNET_HEADER], const struct vnet *v);

#endif
