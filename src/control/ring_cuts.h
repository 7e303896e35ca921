/* SPDX-License-Identifier: Apache-2.0 */
/* Devices where a peer's packets have come by the ring and by the raw socket, too (rings.c): they do without the ring for
 * a while, and for longer where it comes to that again and again. */
#ifndef CONTROL_RING_CUTS_H
#define CONTROL_RING_CUTS_H

#include "host/ring.h"

#define RING_CUT_MS     600000	 /* the first time */
#define RING_CUT_MAX_MS 86400000 /* and at most */

/* All zero: nothing was cut. */
struct ring_cuts {
	struct {
		uint32_t ifindex;
		uint64_t until_ms, pause_ms;
		bool holds; /* nobody was told that it is over */
	} v[RING_SLOTS];
};

/* No ring there from now_ms on: RING_CUT_MS, or twice as long as the last time if since that was over no
 * more time has passed than it took. Of more devices than there can be rings the one that is over first is forgotten. */
void ring_cuts_add(struct ring_cuts *c, uint32_t ifindex, uint64_t now_ms);
bool ring_cuts_hold(const struct ring_cuts *c, uint32_t ifindex, uint64_t now_ms);
/* Whether one is over that was not when this was asked last: of each it is said once. */
bool ring_cuts_over(struct ring_cuts *c, uint64_t now_ms);

#endif
