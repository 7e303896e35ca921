/* SPDX-License-Identifier: Apache-2.0 */
/* What a tunnel has to know of an IPv6 packet that it carries (RFC 8200 section 3). */
#ifndef PACKET_IP6_H
#define PACKET_IP6_H

#include "packet/pkt.h"

#define IP6_HEADER 40

static inline bool ip6_has_header(const struct pkt *p)
{
	return p->len >= IP6_HEADER && p->data[0] >> 4 == 6;
}

/* The traffic class: DSCP and ECN, as IPv4's TOS byte. Of a packet with a header. */
static inline uint8_t ip6_tos(const struct pkt *p)
{
	return (uint8_t)(p->data[0] << 4 | p->data[1] >> 4);
}

static inline void ip6_set_tos(struct pkt *p, uint8_t tos)
{
	p->data[0] = (uint8_t)((p->data[0] & 0xf0) | tos >> 4);
	p->data[1] = (uint8_t)(tos << 4 | (p->data[1] & 0x0f));
}

#endif
