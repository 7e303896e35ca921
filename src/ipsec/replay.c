/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/replay.h"

#include <string.h>

void replay_init(struct replay *r, uint32_t window)
{
	memset(r, 0, sizeof(*r));
	r->window = window > REPLAY_MAX ? REPLAY_MAX : window;
}

static uint64_t top_of(const struct replay *r)
{
	return (uint64_t)r->high << 32 | r->top;
}

static void set_top(struct replay *r, uint64_t seq)
{
	r->top = (uint32_t)seq;
	r->high = (uint32_t)(seq >> 32);
}

static uint64_t *word(struct replay *r, uint64_t seq)
{
	return &r->bits[seq / 64 % REPLAY_WORDS];
}

bool replay_check(const struct replay *r, uint64_t seq)
{
	uint64_t top = top_of(r);

	if (!r->window)
		return true;
	if (seq == 0)
		return false;
	if (seq > top)
		return true;
	if (top - seq >= r->window)
		return false;
	return !(r->bits[seq / 64 % REPLAY_WORDS] >> seq % 64 & 1);
}

bool replay_commit(struct replay *r, uint64_t seq)
{
	uint64_t top = top_of(r);

	if (!r->window) {
		if (seq > top)
			set_top(r, seq);
		return true;
	}
	if (!replay_check(r, seq))
		return false;
	if (seq > top) {
		uint64_t from = top / 64, to = seq / 64;

		if (to - from >= REPLAY_WORDS)
			memset(r->bits, 0, sizeof(r->bits));
		else
			while (from != to)
				*word(r, ++from * 64) = 0;
		set_top(r, seq);
	}
	*word(r, seq) |= UINT64_C(1) << seq % 64;
	return true;
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
