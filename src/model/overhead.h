/* SPDX-License-Identifier: Apache-2.0 */
/* What IPsec and a tunnel add to a packet, as a sum of the sizes that algorithms and
 * headers have: which packet still fits a path, and how long one becomes. Bytes, of
 * either family. */
#ifndef MODEL_OVERHEAD_H
#define MODEL_OVERHEAD_H

#include <stdbool.h>
#include <stdint.h>

#define OVERHEAD_IP	20u
#define OVERHEAD_IP6	40u
#define OVERHEAD_UDP	8u  /* RFC 3948 */
#define OVERHEAD_TCP	40u /* IPv4 and TCP headers: what an MSS leaves out; 20 more of IPv6 */
#define OVERHEAD_ESP	8u  /* SPI and sequence number */
#define OVERHEAD_TRAIL	2u  /* pad length and next header */
#define OVERHEAD_AH	12u /* and the ICV (RFC 4302 section 2) */

struct overhead {
	bool ipv6; /* the outer header */
	bool esp, tunnel, udp; /* tunnel: of ESP or AH, which then has its own IP header */
	uint16_t iv, icv, align; /* of ESP; the text is padded to align, 4 at least */
	uint16_t ah;	   /* the whole AH header; 0: none */
	uint16_t inside;   /* headers that a TunnelN adds before: GRE and what it is delivered by */
};

/* Of the outer IP header. */
uint32_t overhead_ip(const struct overhead *o);
/* The largest IP packet that fits path bytes; 0: none does. */
uint32_t overhead_room(const struct overhead *o, uint32_t path);
/* What a packet of that many bytes is outside. */
uint32_t overhead_outside(const struct overhead *o, uint32_t packet);

#endif
