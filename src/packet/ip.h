/* SPDX-License-Identifier: Apache-2.0 */
/* Packets of either family: the version in the first byte says whose function is called. */
#ifndef PACKET_IP_H
#define PACKET_IP_H

#include <string.h>

#include "packet/ip4.h"
#include "packet/ip6.h"

static inline bool ip_is_v6(struct span s)
{
	return s.len && s.p[0] >> 4 == 6;
}

/* ip4_parse() or ip6_parse(). check_sum: of IPv4. */
static inline bool ip_parse(struct pkt *p, bool check_sum, struct ip_view *ret_h)
{
	return ip_is_v6(span_of(p->data, p->len)) ? ip6_parse(p, ret_h) :
						    ip4_parse(p, check_sum, ret_h);
}

static inline bool ip_peek(struct span s, struct ip_view *ret_h)
{
	return ip_is_v6(s) ? ip6_peek(s, ret_h) : ip4_peek(s, ret_h);
}

static inline void ip_flow(const struct pkt *p, const struct ip_view *h, struct flow *ret_f)
{
	if (h->family == IP_V6)
		ip6_flow(p, h, ret_f);
	else
		ip4_flow(p, h, ret_f);
}

/* What selectors look at, as it lies in the packet: addresses in w[0..3] (IPv4: both in
 * w[0]); ports, protocol, family and whether the ports are known in w[4]. Equal keys are equal
 * flows, and it takes a handful of instructions to make one. */
struct ip_key {
	uint64_t w[5];
};

static inline uint64_t ip_key_tail(uint32_t ports, uint8_t proto, uint8_t family, bool known)
{
	return ports | (uint64_t)proto << 32 | (uint64_t)family << 40 | (uint64_t)known << 48;
}

/* Of an IPv4 packet of len bytes whose header at b is sane. */
static inline void ip_key4(const uint8_t *b, size_t len, struct ip_key *ret_k)
{
	size_t header_len = (b[0] & 15u) * 4;
	bool known = (b[9] == IPPROTO_TCP_ || b[9] == IPPROTO_UDP_) &&
		     !(be16_at(b + 6) & IP4_OFF_MASK) && len >= header_len + 4;
	uint32_t ports = 0;

	if (known)
		memcpy(&ports, b + header_len, sizeof(ports));
	memcpy(ret_k->w, b + 12, 8);
	ret_k->w[1] = ret_k->w[2] = ret_k->w[3] = 0;
	ret_k->w[4] = ip_key_tail(ports, b[9], IP_V4, known);
}

/* Of a packet as it leaves; h is of it. */
static inline void ip_key(const struct pkt *p, const struct ip_view *h, struct ip_key *ret_k)
{
	uint32_t ports = 0;
	bool known;

	if (h->family != IP_V6) {
		ip_key4(p->data, p->len, ret_k);
		return;
	}
	known = (h->proto == IPPROTO_TCP_ || h->proto == IPPROTO_UDP_) &&
		!(h->frag & IP4_OFF_MASK) && p->len >= h->header_len + 4u;
	if (known)
		memcpy(&ports, p->data + h->header_len, sizeof(ports));
	memcpy(ret_k->w, p->data + 8, 32);
	ret_k->w[4] = ip_key_tail(ports, h->proto, h->family, known);
}

static inline bool ip_key_same(const struct ip_key *a, const struct ip_key *b)
{
	return !((a->w[0] ^ b->w[0]) | (a->w[1] ^ b->w[1]) | (a->w[2] ^ b->w[2]) |
		 (a->w[3] ^ b->w[3]) | (a->w[4] ^ b->w[4]));
}

/* For tables that no stranger fills. */
static inline uint64_t ip_key_mix(const struct ip_key *k, uint32_t salt)
{
	uint64_t h = (k->w[0] ^ k->w[1]) * UINT64_C(0x9e3779b97f4a7c15);

	h ^= ((k->w[2] ^ k->w[3]) * UINT64_C(0xff51afd7ed558ccd)) ^ k->w[4] ^ salt;
	h ^= h >> 32;
	return (h * UINT64_C(0x9e3779b97f4a7c15)) >> 32;
}

/* The flow that a key is of, and back. */
void ip_key_flow(const struct ip_key *k, struct flow *ret_f);
void ip_key_of_flow(const struct flow *f, struct ip_key *ret_k);

/* Addresses of the packet at data, which h is of. */
static inline struct ipaddr ip_src(const uint8_t *data, const struct ip_view *h)
{
	return h->family == IP_V6 ? ip6_src(data) : ipaddr_v4(h->src);
}

static inline struct ipaddr ip_dst(const uint8_t *data, const struct ip_view *h)
{
	return h->family == IP_V6 ? ip6_dst(data) : ipaddr_v4(h->dst);
}

/* Of a packet with a header of that family. */
static inline void ip_set_tos(struct pkt *p, uint8_t family, uint8_t tos)
{
	if (family == IP_V6)
		ip6_set_tos(p, tos);
	else
		ip4_set_tos(p, tos);
}

/* Bytes of a header of ours, without options or extensions. */
static inline size_t ip_header_of(uint8_t family)
{
	return family == IP_V6 ? IP6_HEADER : IP4_HEADER;
}

/* A cheap mix of an address, for tables that no stranger fills. IPv4's bytes were mostly
 * written one by one just before: to read eight of them at once would wait for them. */
static inline uint64_t ip_addr_mix(const struct ipaddr *a)
{
	uint64_t half[2];

	if (a->family != IP_V6)
		return ipaddr_to_v4(a);
	memcpy(half, a->b, sizeof(half));
	return half[0] ^ half[1] * UINT64_C(0xff51afd7ed558ccd);
}

/* ipaddr_equal() where each packet comes by. */
static inline bool ip_addr_same(const struct ipaddr *a, const struct ipaddr *b)
{
	if (a->family != b->family)
		return false;
	if (a->family != IP_V6)
		return ipaddr_to_v4(a) == ipaddr_to_v4(b);
	return !memcmp(a->b, b->b, sizeof(a->b));
}

/* Whether the packet at data, which h is of, goes to a. */
static inline bool ip_goes_to(const uint8_t *data, const struct ip_view *h, const struct ipaddr *a)
{
	if (h->family != a->family)
		return false;
	return h->family == IP_V6 ? !memcmp(data + 24, a->b, sizeof(a->b)) : h->dst == ipaddr_to_v4(a);
}

/* The number of a protocol that carries packets of that family. */
static inline uint8_t ip_proto_of(uint8_t family)
{
	return family == IP_V6 ? IPPROTO_IPV6_ : IPPROTO_IPIP_;
}

/* ip4_fragment() or ip6_fragment(), as the packet is. id: of IPv6. */
static inline int ip_fragment(struct pool *pool, struct pkt *p, size_t mtu, uint32_t id,
			      struct batch *out)
{
	return ip_is_v6(span_of(p->data, p->len)) ? ip6_fragment(pool, p, mtu, id, out) :
						    ip4_fragment(pool, p, mtu, out);
}

/* Lowers the MSS option of a TCP SYN in p so that a segment's packet is no longer than one of
 * IPv4 with this MSS (`ip tcp adjust-mss`): IPv6's header is 20 bytes longer. Other packets
 * are left alone. */
void ip_clamp_mss(struct pkt *p, uint16_t mss);

#endif
