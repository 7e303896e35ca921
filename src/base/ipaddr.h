/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_IPADDR_H
#define BASE_IPADDR_H

#include "base/span.h"

enum ip_family { IP_NONE = 0, IP_V4 = 4, IP_V6 = 6 };

/* An address of either family, bytes in network order; an IPv4 address lies in
 * the first four and the rest is zero, so whole structs compare. */
struct ipaddr {
	uint8_t family; /* enum ip_family */
	uint8_t b[16];
};

#define IPADDR_STRLEN 46

/* From / to a host-order IPv4 value (0xC0000201 is 192.0.2.1). */
static inline struct ipaddr ipaddr_v4(uint32_t v)
{
	return (struct ipaddr){ .family = IP_V4,
				.b = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
				       (uint8_t)v } };
}

static inline uint32_t ipaddr_to_v4(const struct ipaddr *a)
{
	return (uint32_t)a->b[0] << 24 | (uint32_t)a->b[1] << 16 | (uint32_t)a->b[2] << 8 | a->b[3];
}

/* Sixteen bytes in network order. */
static inline struct ipaddr ipaddr_v6(const uint8_t b[16])
{
	struct ipaddr a = { .family = IP_V6 };

	for (int i = 0; i < 16; i++)
		a.b[i] = b[i];
	return a;
}

/* The same where a packet comes by: a struct that was made elsewhere and is copied here in
 * larger pieces would wait for each of its bytes to be written. */
static inline void ipaddr_set_v4(struct ipaddr *a, uint32_t v)
{
	*a = (struct ipaddr){ .family = IP_V4 };
	a->b[0] = (uint8_t)(v >> 24);
	a->b[1] = (uint8_t)(v >> 16);
	a->b[2] = (uint8_t)(v >> 8);
	a->b[3] = (uint8_t)v;
}

/* Bits of an address of this family: 128 or 32. */
static inline unsigned ip_bits(uint8_t family)
{
	return family == IP_V6 ? 128 : 32;
}

bool ipaddr_equal(const struct ipaddr *a, const struct ipaddr *b);
/* Orders by family, then by value: <0, 0, >0. */
int ipaddr_cmp(const struct ipaddr *a, const struct ipaddr *b);
/* Strict dotted quad (no octal, leading zeros are decimal beyond "0", as IOS takes it).
 * Returns false and leaves ret_a alone if s is anything else. */
bool ipaddr_parse_v4(const char *s, struct ipaddr *ret_a);
/* The text of RFC 4291 section 2.2, whole and nothing else: up to four hex digits a group,
 * one "::", a dotted quad for the last two groups; no zone, no brackets, no prefix length. */
bool ipaddr_parse_v6(const char *s, struct ipaddr *ret_a);
/* Either family. */
bool ipaddr_parse(const char *s, struct ipaddr *ret_a);
/* X:X::X/len, 0..128; the address keeps its host bits: see ipaddr_network(). */
bool ipaddr_parse_prefix6(const char *s, struct ipaddr *ret_a, unsigned *ret_len);

/* The address without what lies behind its first len bits. */
struct ipaddr ipaddr_network(const struct ipaddr *a, unsigned len);
/* True if a begins with the first len bits of net (of the same family). */
bool ipaddr_in(const struct ipaddr *a, const struct ipaddr *net, unsigned len);
/* A mask of len leading ones as an address of that family, and back: -1 if it has a hole. */
struct ipaddr ipaddr_mask(uint8_t family, unsigned len);
int ipaddr_mask_len(const struct ipaddr *mask);
/* fe80::/10, ff00::/8 or 224.0.0.0/4, :: or 0.0.0.0 (RFC 4291 section 2.4). */
bool ipaddr_is_link_local(const struct ipaddr *a);
bool ipaddr_is_multicast(const struct ipaddr *a);
bool ipaddr_is_unspecified(const struct ipaddr *a);

/* Dotted quad or RFC 5952 text in buf (IPADDR_STRLEN bytes), 0.0.0.0 for IP_NONE;
 * returns buf. */
const char *ipaddr_str(const struct ipaddr *a, char *buf);
/* The same as IOS spells it, in its configuration, answers and messages: 2001:DB8::1. */
const char *ipaddr_ios(const struct ipaddr *a, char *buf);
/* Host-order mask of len (0..32) leading ones, and back: -1 if the mask has a hole. */
uint32_t ipv4_mask(unsigned len);
int ipv4_mask_len(uint32_t mask);

#endif
