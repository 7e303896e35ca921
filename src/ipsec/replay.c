/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Window numbers in a row begin anywhere in a word. */
static size_t words_of(uint32_t window)
{
	size_t n = 1;

	while (n < (window + 62) / 64 + 1)
		n *= 2;
	return n;
}

int replay_init(struct replay *r, uint32_t window)
{
	size_t words;

	memset(r, 0, sizeof(*r));
	r->window = window > REPLAY_MAX ? REPLAY_MAX : window;
	words = words_of(r->window);
	if (words > REPLAY_FEW) {
		r->many = calloc(words, sizeof(*r->many));
		if (!r->many)
			return -ENOMEM;
	}
	r->mask = (uint32_t)words - 1;
	return 0;
}

void replay_fini(struct replay *r)
{
	if (r->mask >= REPLAY_FEW)
		free(r->many);
}

void replay_slide(struct replay *r, uint64_t seq)
{
	uint64_t from = r->highest / 64, to = seq / 64;
	uint64_t *bits = r->mask < REPLAY_FEW ? r->few : r->many;

	if (to - from > r->mask)
		memset(bits, 0, (r->mask + 1) * sizeof(*bits));
	else
		while (from != to)
			bits[++from & r->mask] = 0;
	r->highest = seq;
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
