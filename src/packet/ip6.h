/* SPDX-License-Identifier: Apache-2.0 */
/* IPv6 headers: checked views over a bounded chain of extension headers, building,
 * fragments (RFC 8200), "packet too big" (RFC 4443). */
#ifndef PACKET_IP6_H
#define PACKET_IP6_H

#include "model/selector.h"
#include "packet/ip_view.h"
#include "packet/pkt.h"

#define IP6_MAX_EXTENSIONS 8	/* headers; more is nothing that hosts send */
#define IP6_FRAG_HEADER	   8

enum {
	IP6_HOP_BY_HOP = 0,
	IP6_ROUTING = 43,
	IP6_FRAGMENT = 44,
	IP6_NO_NEXT = 59,
	IP6_DEST_OPTIONS = 60,
};

/* Reads and checks the header at the start of p, with its extension headers, and trims p to
 * its length. The walk ends at the first header that is no extension: its number is proto,
 * ESP and AH among them. Of a later fragment it ends behind the Fragment header. False if p
 * is no whole, sane IPv6 packet; a jumbogram is none here. */
bool ip6_parse(struct pkt *p, struct ip_view *ret_h);
/* The same for a header in a span, without trimming: quoted or encapsulated. */
bool ip6_peek(struct span s, struct ip_view *ret_h);

/* A later fragment of a packet that has destination options behind its Fragment header: what it carries
 * only the first fragment says (RFC 8200 section 4.5), which has the whole chain or is refused. */
static inline bool ip6_hides_protocol(const struct ip_view *h)
{
	return h->proto == IP6_DEST_OPTIONS && h->family == IP_V6 && h->frag & IP4_OFF_MASK;
}

/* The addresses of the header at h, which is all there. */
struct ipaddr ip6_src(const uint8_t *h);
struct ipaddr ip6_dst(const uint8_t *h);

/* Fills the flow of a packet as it leaves (local is the source). */
void ip6_flow(const struct pkt *p, const struct ip_view *h, struct flow *ret_f);

/* Writes 40 bytes at `at`: h's tos, ttl, proto and total_len, no flow label. */
void ip6_write(uint8_t *at, const struct ip_view *h, const struct ipaddr *src,
	       const struct ipaddr *to);

/* The end of what every node on the way has to see of the header at data, which h is of: the
 * IPv6 header with its Hop-by-Hop options and, if there is a Routing header, all up to that
 * (RFC 8200 section 4.5). There ESP and AH of transport mode belong (RFC 4303 section
 * 3.1.1), and a Fragment header. *ret_next_at: where the byte stands that names what follows. */
size_t ip6_split(const uint8_t *data, const struct ip_view *h, size_t *ret_next_at);

/* Cuts p (a whole IPv6 packet that we are the source of) into fragments of at most mtu
 * bytes with that identification, appended to out; p itself becomes the first. 0; -ENOBUFS
 * if the pool or out is full or there is no room for the header, -EMSGSIZE if mtu is below
 * what IPv6 needs or p cannot be cut: then nothing was appended and p is unchanged. */
int ip6_fragment(struct pool *pool, struct pkt *p, size_t mtu, uint32_t id, struct batch *out);

/* The traffic class: DSCP and ECN, as IPv4's TOS byte. Of a packet with a header. */
static inline void ip6_set_tos(struct pkt *p, uint8_t tos)
{
	p->data[0] = (uint8_t)((p->data[0] & 0xf0) | tos >> 4);
	p->data[1] = (uint8_t)(tos << 4 | (p->data[1] & 0x0f));
}

/* The sum over what TCP, UDP and ICMPv6 cover besides themselves (RFC 8200 section 8.1),
 * not folded. */
uint64_t ip6_pseudo_sum(const struct ipaddr *src, const struct ipaddr *dst, size_t len, uint8_t proto);

/* The body of ICMPv6 "packet too big" (RFC 4443 section 3.2): type, code, checksum, MTU, then
 * as much of the offending packet as fits the least MTU. With a source the checksum is made,
 * without it is 0 and the kernel's. Returns its length; 0 if cap is too small. */
size_t icmp6_too_big(struct span packet, uint32_t mtu, const struct ipaddr *src,
		     const struct ipaddr *dst, uint8_t *buf, size_t cap);

#endif
