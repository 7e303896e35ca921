/* SPDX-License-Identifier: Apache-2.0 */
/* What was read of an IP header of either family, so that what comes behind need not ask
 * which one it is. */
#ifndef PACKET_IP_VIEW_H
#define PACKET_IP_VIEW_H

#include "base/ipaddr.h"

#define IP4_HEADER   20
#define IP4_DF	     0x4000
#define IP4_MF	     0x2000
#define IP4_OFF_MASK 0x1fff

#define IP6_HEADER 40
#define IP6_LEAST_MTU 1280 /* every link carries that much (RFC 8200 section 5) */

enum {
	IPPROTO_ICMP_ = 1,
	IPPROTO_IPIP_ = 4,
	IPPROTO_TCP_ = 6,
	IPPROTO_UDP_ = 17,
	IPPROTO_IPV6_ = 41,
	IPPROTO_GRE_ = 47,
	IPPROTO_ESP_ = 50,
	IPPROTO_AH_ = 51,
	IPPROTO_ICMPV6_ = 58
};

/* A header that was checked: version, lengths, checksum. Host order. */
struct ip_view {
	uint8_t family; /* enum ip_family */
	uint8_t tos, ttl;    /* IPv6: traffic class, hop limit */
	uint8_t proto;	     /* of what stands behind header_len; IPv6: behind its extensions */
	uint16_t header_len; /* bytes, with options or extension headers */
	uint16_t total_len, id;
	/* Flags and offset as IPv4 has them on the wire. IPv6: out of its Fragment header, and
	 * DF, since no router may cut it. */
	uint16_t frag;
	uint16_t next_at;  /* where the byte stands that names proto */
	uint32_t src, dst; /* IPv4; those of IPv6 stand in the packet (ip6_src(), ip6_dst()) */
};

static inline bool ip_is_fragment(const struct ip_view *h)
{
	return h->frag & (IP4_MF | IP4_OFF_MASK);
}

#endif
