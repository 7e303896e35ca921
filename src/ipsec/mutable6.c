/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4302 section 3.3.3.1.2 and appendix A2. */
#include "ipsec/mutable.h"

#include <string.h>

#include "base/rd.h"
#include "packet/ip6.h"

enum { AT_NEXT = 6, AT_HOPS = 7, AT_DST = 24, ADDR = 16 };
enum { OPT_PAD1 = 0, OPT_MAY_CHANGE = 0x20 }; /* RFC 8200 section 4.2 */
enum { ROUTING_SOURCE = 0, ROUTING_HOME = 2, ROUTING_FIXED = 8 };

/* Options of the header of n bytes at h: the data of those that may change is zeroed, type
 * and length are not. */
static bool zero_options(uint8_t *h, size_t n)
{
	struct rd r = rd_of(h, n);

	rd_skip(&r, 2);
	while (rd_left(&r)) {
		uint8_t type = rd_u8(&r);

		if (type == OPT_PAD1)
			continue;
		size_t len = rd_u8(&r), at = n - rd_left(&r);
		rd_skip(&r, len);
		if (r.bad)
			return false;
		if (type & OPT_MAY_CHANGE)
			memset(h + at, 0, len);
	}
	return !r.bad;
}

/* The Routing header of n bytes at h as its end will see it: each address that is ahead
 * moves by one, the destination of now in front, and the last is the destination. */
static bool use_up_route(uint8_t *h, size_t n, uint8_t *dst)
{
	uint8_t type = h[2], ahead = h[3], last[ADDR];
	size_t count = (n - ROUTING_FIXED) / ADDR;
	uint8_t *addrs = h + ROUTING_FIXED, *first;

	if (!ahead)
		return true;
	if ((type != ROUTING_SOURCE && type != ROUTING_HOME) || (n - ROUTING_FIXED) % ADDR ||
	    ahead > count)
		return false;
	first = addrs + (count - ahead) * ADDR;
	memcpy(last, addrs + (count - 1) * ADDR, ADDR);
	memmove(first + ADDR, first, (size_t)(ahead - 1) * ADDR);
	memcpy(first, dst, ADDR);
	memcpy(dst, last, ADDR);
	h[3] = 0;
	return true;
}

static bool one_header(uint8_t kind, uint8_t *at, size_t n, enum ah_side side, uint8_t *dst)
{
	switch (kind) {
	case IP6_HOP_BY_HOP:
	case IP6_DEST_OPTIONS:
		return zero_options(at, n);
	case IP6_ROUTING: /* a receiver is its end, or it is not for him */
		return side == AH_SENDER ? use_up_route(at, n, dst) : !at[3];
	default: /* a Fragment header: AH is for whole datagrams */
		return false;
	}
}

bool ip6_zero_mutable(uint8_t *h, size_t n, enum ah_side side)
{
	struct rd r = rd_of(h, n);
	uint8_t kind;

	rd_skip(&r, IP6_HEADER);
	if (r.bad)
		return false;
	kind = h[AT_NEXT];
	h[0] = 0x60; /* traffic class and flow label */
	memset(h + 1, 0, 3);
	h[AT_HOPS] = 0;
	while (rd_left(&r)) {
		uint8_t *at = h + (n - rd_left(&r)), next = rd_u8(&r);
		size_t len = (rd_u8(&r) + 1u) * 8;

		rd_skip(&r, len - 2);
		if (r.bad || !one_header(kind, at, len, side, h + AT_DST))
			return false;
		kind = next;
	}
	return !r.bad;
}
