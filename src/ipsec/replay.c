/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/replay.h"

#include <string.h>

void replay_init(struct replay *r, uint32_t window)
{
	memset(r, 0, sizeof(*r));
	r->window = window > REPLAY_MAX ? REPLAY_MAX : window;
}

void replay_slide(struct replay *r, uint64_t seq)
{
	uint64_t from = replay_top(r) / 64, to = seq / 64;

	if (to - from >= REPLAY_WORDS)
		memset(r->bits, 0, sizeof(r->bits));
	else
		while (from != to)
			r->bits[++from % REPLAY_WORDS] = 0;
	r->top = (uint32_t)seq;
	r->high = (uint32_t)(seq >> 32);
}

uint64_t replay_extend(const struct replay *r, uint32_t low)
{
	uint64_t high = r->high;

	/* the window's lower end is bottom; in case A it lies in one space of 2^32 numbers, in
	 * case B it reaches back into the one before */
	uint32_t bottom = r->top - (r->window - 1);
	bool whole = r->top >= r->window - 1;

	if (whole && low < bottom)
		high++;
	else if (!whole && low >= bottom)
		high--; /* before the first space: wraps, and is refused below */
	return high > UINT32_MAX ? 0 : high << 32 | low;
}
