/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 headers: checked views, building, checksums, fragments (RFC 791). */
#ifndef PACKET_IP4_H
#define PACKET_IP4_H

#include "model/selector.h"
#include "packet/ip_view.h"
#include "packet/pkt.h"

/* Reads and checks the header at the start of p and trims p to total_len (links
 * pad). False if it is no whole, sane IPv4 packet. check_sum: the header checksum
 * counts (packets from outside; the kernel's TUN has it right already). */
bool ip4_parse(struct pkt *p, bool check_sum, struct ip_view *ret_h);
/* The same for a header in a span, without trimming: quoted or encapsulated. */
bool ip4_peek(struct span s, struct ip_view *ret_h);

/* Fills the flow of a packet as it leaves (local is the source). */
void ip4_flow(struct pkt *p, const struct ip_view *h, struct flow *ret_f);

/* Writes a 20-byte header with its checksum at dst. id 0 is replaced: IP_HDRINCL
 * would let the kernel choose another (and AH covers it). */
void ip4_write(uint8_t *dst, const struct ip_view *h);

/* RFC 1071 sum of n bytes, folded and complemented, host order. */
uint16_t ip_checksum(const void *p, size_t n);

/* Cuts p (a whole IPv4 packet) into fragments of at most mtu bytes, appended to
 * out; p itself becomes the first. Options are copied where RFC 791 says (copied
 * flag). 0; -ENOBUFS if the pool or out is full, -EMSGSIZE if mtu is below 68:
 * then nothing was appended and p is unchanged. */
int ip4_fragment(struct pool *pool, struct pkt *p, size_t mtu, struct batch *out);

/* Outer DSCP and ECN from the inner TOS byte at encapsulation: DSCP copied, ECN
 * by RFC 6040 normal mode (copied). */
uint8_t tos_encap(uint8_t inner);
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
