/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 headers: checked views, building, checksums, fragments (RFC 791). */
#ifndef PACKET_IP4_H
#define PACKET_IP4_H

#include <string.h>

#include "base/wr.h"
#include "model/selector.h"
#include "packet/ip_view.h"
#include "packet/pkt.h"

/* RFC 1071 sum of n bytes, folded and complemented, host order. */
uint16_t ip_checksum(const void *p, size_t n);

static inline uint16_t ip_sum_fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* ---- what each packet comes by several times, and so inline ---- */

/* The fixed part of the header, which is taken from s as a whole; NULL unless
 * version and header length are sane and the header is all there. */
static inline const uint8_t *ip4_sane(struct span s)
{
	struct rd r = rd_span(s);
	const uint8_t *b = rd_take(&r, IP4_HEADER).p;

	if (r.bad)
		return NULL;
	size_t header_len = (b[0] & 15u) * 4;
	return b[0] >> 4 == 4 && header_len >= IP4_HEADER && be16_at(b + 2) >= header_len &&
			       s.len >= header_len ?
		       b :
		       NULL;
}

/* In its place at once: to make it elsewhere and copy it waits for what was just written. */
static inline void ip4_view(const uint8_t *b, struct ip_view *h)
{
	h->family = IP_V4;
	h->tos = b[1];
	h->ttl = b[8];
	h->proto = b[9];
	h->header_len = (uint16_t)((b[0] & 15) * 4);
	h->total_len = be16_at(b + 2);
	h->id = be16_at(b + 4);
	h->frag = be16_at(b + 6);
	h->next_at = 9;
	h->src = be32_at(b + 12);
	h->dst = be32_at(b + 16);
}

/* Whether the checksum of the header at b is right (RFC 1071): words are added as they lie in
 * memory. A sum folds to 0xffff if that divides it, and it is not 0. */
static inline bool ip4_sum_fits(const uint8_t *b)
{
	uint64_t first, second;
	uint32_t third;

	if (b[0] != 0x45)
		return ip_checksum(b, (b[0] & 15u) * 4) == 0;
	memcpy(&first, b, sizeof(first));
	memcpy(&second, b + 8, sizeof(second));
	memcpy(&third, b + 16, sizeof(third));
	return ((uint32_t)first + (first >> 32) + (uint32_t)second + (second >> 32) + third) % 0xffff == 0;
}

/* Reads and checks the header at the start of p and trims p to total_len (links
 * pad). False if it is no whole, sane IPv4 packet. check_sum: the header checksum
 * counts (packets from outside; the kernel's TUN has it right already). */
static inline bool ip4_parse(struct pkt *p, bool check_sum, struct ip_view *ret_h)
{
	const uint8_t *b = ip4_sane(span_of(p->data, p->len));

	if (!b || be16_at(b + 2) > p->len || (check_sum && !ip4_sum_fits(b)))
		return false;
	ip4_view(b, ret_h);
	p->len = ret_h->total_len;
	return true;
}

/* The same for a header in a span, without trimming: quoted or encapsulated. */
static inline bool ip4_peek(struct span s, struct ip_view *ret_h)
{
	const uint8_t *b = ip4_sane(s);

	if (!b)
		return false;
	ip4_view(b, ret_h);
	return true;
}

/* Fills the flow of a packet as it leaves (local is the source). */
void ip4_flow(const struct pkt *p, const struct ip_view *h, struct flow *ret_f);

/* Writes a 20-byte header with its checksum at dst. id 0 is replaced: IP_HDRINCL
 * would let the kernel choose another (and AH covers it). */
static inline void ip4_write(uint8_t *dst, const struct ip_view *h)
{
	uint16_t first = (uint16_t)(0x4500 | h->tos), id = h->id ? h->id : 1;
	uint16_t life = (uint16_t)(h->ttl << 8 | h->proto);
	/* summed here: to read back what was just written in pieces is slow */
	uint64_t sum = (uint64_t)first + h->total_len + id + h->frag + life + h->src + h->dst;

	wr_put_be32(dst, (uint32_t)first << 16 | h->total_len);
	wr_put_be32(dst + 4, (uint32_t)id << 16 | h->frag);
	wr_put_be32(dst + 8, (uint32_t)life << 16 | (uint16_t)~ip_sum_fold(sum));
	wr_put_be32(dst + 12, h->src);
	wr_put_be32(dst + 16, h->dst);
}

/* Cuts p (a whole IPv4 packet) into fragments of at most mtu bytes, appended to
 * out; p itself becomes the first. Options are copied where RFC 791 says (copied
 * flag). 0; -ENOBUFS if the pool or out is full, -EMSGSIZE if mtu is below 68:
 * then nothing was appended and p is unchanged. */
int ip4_fragment(struct pool *pool, struct pkt *p, size_t mtu, struct batch *out);

/* Outer DSCP and ECN from the inner TOS byte at encapsulation: DSCP copied, ECN
 * by RFC 6040 normal mode (copied). */
static inline uint8_t tos_encap(uint8_t inner)
{
	return inner;
}
/* The inner TOS after decapsulation (RFC 6040 figure 4); -1: drop (CE on a
 * packet that is not ECN-capable). */
int tos_decap(uint8_t outer, uint8_t inner);
/* Rewrites the TOS byte in place with an incremental checksum. */
void ip4_set_tos(struct pkt *p, uint8_t tos);

/* The body of ICMP "fragmentation needed" (RFC 1191 section 4): type, code,
 * checksum, next-hop MTU, then as much of the offending packet as RFC 1812
 * section 4.3.2.3 wants. Returns its length; 0 if cap is too small. */
size_t icmp4_too_big(struct span packet, uint16_t mtu, uint8_t *buf, size_t cap);

#endif
