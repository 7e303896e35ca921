/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/mutable.h"

#include <string.h>

#include "base/rd.h"

enum { AT_TOS = 1, AT_FRAG = 6, AT_TTL = 8, AT_SUM = 10, AT_DST = 16, AT_OPTIONS = 20 };

/* Option types with their copied flag and class, as they are on the wire. */
enum {
	OPT_END = 0,
	OPT_NOP = 1,
	OPT_SECURITY = 130,
	OPT_LSRR = 131,
	OPT_EXT_SECURITY = 133,
	OPT_CIPSO = 134,
	OPT_SSRR = 137,
	OPT_ROUTER_ALERT = 148,
	OPT_SDMD = 149,
};

/* Appendix A1. All others, also those that nobody knew when it was written, are
 * zeroed whole: type and length, too. */
static bool is_immutable(uint8_t type)
{
	switch (type) {
	case OPT_SECURITY:
	case OPT_EXT_SECURITY:
	case OPT_CIPSO:
	case OPT_ROUTER_ALERT:
	case OPT_SDMD:
		return true;
	default:
		return false;
	}
}

/* The last address of the route, if some of it is still ahead. */
static void final_destination(uint8_t *h, const uint8_t *opt, size_t len)
{
	struct rd r = rd_of(opt, len);

	rd_skip(&r, 2);
	size_t pointer = rd_u8(&r); /* from 1, to the next address */
	if (!r.bad && pointer >= 4 && pointer + 3 <= len)
		memcpy(h + AT_DST, opt + len - 4, 4);
}

bool ip4_zero_mutable(uint8_t *h, size_t n, enum ah_side side)
{
	struct rd r = rd_of(h, n);

	rd_skip(&r, AT_OPTIONS);
	if (r.bad)
		return false;
	h[AT_TOS] = 0;
	memset(h + AT_FRAG, 0, 2); /* flags, too: DF may be changed (section 3.3.3.1.1.1) */
	h[AT_TTL] = 0;
	memset(h + AT_SUM, 0, 2);
	while (rd_left(&r)) {
		uint8_t *opt = h + (n - rd_left(&r)), type = rd_u8(&r);

		if (type == OPT_END) /* what follows is padding, as it is */
			return true;
		if (type == OPT_NOP)
			continue;
		size_t len = rd_u8(&r);
		rd_skip(&r, len < 2 ? n : len - 2);
		if (r.bad)
			return false;
		if (side == AH_SENDER && (type == OPT_LSRR || type == OPT_SSRR))
			final_destination(h, opt, len);
		if (!is_immutable(type))
			memset(opt, 0, len);
	}
	return true;
}
