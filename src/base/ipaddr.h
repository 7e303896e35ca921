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

bool ipaddr_equal(const struct ipaddr *a, const struct ipaddr *b);
/* Orders by family, then by value: <0, 0, >0. */
int ipaddr_cmp(const struct ipaddr *a, const struct ipaddr *b);
/* Strict dotted quad (no octal, leading zeros are decimal beyond "0", as IOS takes it).
 * Returns false and leaves ret_a alone if s is anything else. */
bool ipaddr_parse_v4(const char *s, struct ipaddr *ret_a);
/* Dotted quad or RFC 5952 text in buf (IPADDR_STRLEN bytes), 0.0.0.0 for IP_NONE;
 * returns buf. */
const char *ipaddr_str(const struct ipaddr *a, char *buf);
/* Host-order mask of len (0..32) leading ones, and back: -1 if the mask has a hole. */
uint32_t ipv4_mask(unsigned len);
int ipv4_mask_len(uint32_t mask);

#endif
