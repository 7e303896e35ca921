/* SPDX-License-Identifier: Apache-2.0 */
/* FWD_ROWS: many rows of counters in one message. */
#include "forwarder/protocol.h"

bool fwd_is_stats(uint8_t type)
{
	return type == FWD_STATS_SA || type == FWD_STATS_POLICY || type == FWD_STATS_TUNNEL || type == FWD_STATS_ACL;
}

bool fwd_next_row(struct rd *r, struct fwd_msg *ret_m)
{
	size_t n = rd_left(r) ? rd_be16(r) : 0;
	struct span row = rd_take(r, n);

	return n && !r->bad && fwd_decode(row, ret_m) == 0 && fwd_is_stats(ret_m->type);
}
