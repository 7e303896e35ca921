/* SPDX-License-Identifier: Apache-2.0 */
/* What became of each session, step by step: interesting traffic, IKE phase 1, IKE
 * phase 2, data transfer, termination, and when; and how its last lives ended
 * (`show crypto session timeline`, `history`). Pure: steps and times come from the
 * caller. A session is what a peer, as he is configured, serves on an interface; phase 1
 * is the peer's, and stands in the record of interface 0. No more than TIMELINE_MAX
 * records are kept, and TIMELINE_LIVES of each; what was quiet for longest gives way. */
#ifndef CONTROL_TIMELINE_H
#define CONTROL_TIMELINE_H

#include "forwarder/protocol.h"
#include "ike/ike.h"

#define TIMELINE_MAX   8192
#define TIMELINE_LIVES 16
#define TIMELINE_FLAP_SEC 3600u /* the time that flaps are counted in */
#define TIMELINE_FLAPS 3u       /* ends of lives that carried: from here on it flaps */

enum timeline_step { STEP_TRAFFIC, STEP_PHASE1, STEP_PHASE2, STEP_DATA, STEP_END, TIMELINE_STEPS };

/* From the first packet, or the peer's first message, to the last pair's end. */
struct timeline_life {
	uint64_t at_ms[TIMELINE_STEPS]; /* 0: not yet. Phase 1 may be older than the traffic: it was there */
	bool by_peer;			/* he began */
	uint32_t times;			/* attempts that failed alike, one after the other */
	struct flow flow;		/* what asked first; local.family 0: nothing told */
	char why[160];			/* it ended; "" */
};

struct timeline;

struct timeline *timeline_new(void); /* NULL without memory */
void timeline_free(struct timeline *t);
/* IKE_ACT_STEP. Without memory the step is lost, as if it were too long ago. */
void timeline_step(struct timeline *t, uint64_t now_ms, const struct ike_action *a);
/* What the forwarder's SAs have carried: the first packet of a life is its data transfer. */
void timeline_carried(struct timeline *t, uint64_t now_ms, const struct fwd_sa_stats *v, size_t n);

/* The i-th last life of a session, 0 the newest; NULL past the end. Of one that never came to phase 2
 * what its peer came to. Valid until the next step. */
const struct timeline_life *timeline_life(const struct timeline *t, const struct ipaddr *peer, uint32_t ifid,
					  size_t i);
/* How often it came up, and went down after it was up, within TIMELINE_FLAP_SEC before now. */
struct timeline_flaps {
	unsigned ups, downs;
	bool flapping;
};
struct timeline_flaps timeline_flaps(const struct timeline *t, const struct ipaddr *peer, uint32_t ifid,
				     uint64_t now_ms);
/* "interesting traffic", "IKE phase 1"; and `traffic`, `phase1`. */
const char *timeline_step_name(enum timeline_step s);
const char *timeline_step_key(enum timeline_step s);

#endif
