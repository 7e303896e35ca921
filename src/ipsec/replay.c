/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/replay.h"

#include <string.h>

void replay_init(struct replay *r, uint32_t window)
{
	memset(r, 0, sizeof(*r));
	r->window = window > REPLAY_MAX ? REPLAY_MAX : window;
}

static uint64_t *word(struct replay *r, uint32_t seq)
{
	return &r->bits[seq / 64 % REPLAY_WORDS];
}

bool replay_check(const struct replay *r, uint32_t seq)
{
	if (!r->window)
		return true;
	if (seq == 0)
		return false;
	if (seq > r->top)
		return true;
	if (r->top - seq >= r->window)
		return false;
	return !(r->bits[seq / 64 % REPLAY_WORDS] >> seq % 64 & 1);
}

bool replay_commit(struct replay *r, uint32_t seq)
{
	if (!r->window) {
		if (seq > r->top)
			r->top = seq;
		return true;
	}
	if (!replay_check(r, seq))
		return false;
	if (seq > r->top) {
		uint32_t from = r->top / 64, to = seq / 64;

		if (to - from >= REPLAY_WORDS)
			memset(r->bits, 0, sizeof(r->bits));
		else
			while (from != to)
				*word(r, ++from * 64) = 0;
		r->top = seq;
	}
	*word(r, seq) |= UINT64_C(1) << seq % 64;
	return true;
}
