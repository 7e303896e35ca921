/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ring_cuts.h"

void ring_cuts_add(struct ring_cuts *c, uint32_t ifindex, uint64_t now_ms)
{
	uint64_t pause = RING_CUT_MS;
	size_t at = 0;

	for (size_t i = 0; i < RING_SLOTS; i++) {
		if (c->v[i].ifindex == ifindex) {
			at = i;
			break;
		}
		if (c->v[i].until_ms < c->v[at].until_ms)
			at = i;
	}
	if (c->v[at].ifindex == ifindex && now_ms <= c->v[at].until_ms + c->v[at].pause_ms)
		pause = c->v[at].pause_ms * 2;
	if (pause > RING_CUT_MAX_MS)
		pause = RING_CUT_MAX_MS;
	c->v[at].ifindex = ifindex;
	c->v[at].until_ms = now_ms + pause;
	c->v[at].pause_ms = pause;
	c->v[at].holds = true;
}

bool ring_cuts_hold(const struct ring_cuts *c, uint32_t ifindex, uint64_t now_ms)
{
	for (size_t i = 0; i < RING_SLOTS; i++)
		if (c->v[i].ifindex == ifindex && now_ms < c->v[i].until_ms)
			return true;
	return false;
}

bool ring_cuts_over(struct ring_cuts *c, uint64_t now_ms)
{
	bool over = false;

	for (size_t i = 0; i < RING_SLOTS; i++) {
		if (!c->v[i].holds || now_ms < c->v[i].until_ms)
			continue;
		c->v[i].holds = false;
		over = true;
	}
	return over;
}
