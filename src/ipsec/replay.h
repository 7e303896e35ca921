/* SPDX-License-Identifier: Apache-2.0 */
/* The anti-replay window of RFC 4303 section 3.4.3 as a ring of words (RFC 6479):
 * sliding clears whole words and never shifts. Check before the crypto, commit
 * after the packet proved authentic. Owned by one worker. */
#ifndef IPSEC_REPLAY_H
#define IPSEC_REPLAY_H

#include "base/span.h"

#define REPLAY_MAX 1024
#define REPLAY_FEW 2 /* words that a window of 64 needs */

struct replay {
	/* read and written whole: to read at once what was written by halves waits for the cache */
	union {
		uint64_t highest; /* number committed; 0 before the first */
		struct {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
			uint32_t top;  /* as on the wire */
			uint32_t high; /* its upper half, with extended sequence numbers */
#else
			uint32_t high, top;
#endif
		};
	};
	uint32_t window; /* packets; 0: no check */
	uint32_t mask;	 /* words of the ring, a power of two, less one */
	union {
		uint64_t few[REPLAY_FEW]; /* the ring, if it is no longer */
		uint64_t *many;
	};
};

/* 0 or -ENOMEM; then replay_fini() has nothing to do. */
int replay_init(struct replay *r, uint32_t window);
void replay_fini(struct replay *r);

static inline uint64_t replay_word(const struct replay *r, uint64_t seq)
{
	return (r->mask < REPLAY_FEW ? r->few : r->many)[seq / 64 & r->mask];
}

/* True if seq may still be accepted. 0 is never valid. */
static inline bool replay_check(const struct replay *r, uint64_t seq)
{
	uint64_t top = r->highest;

	if (!r->window)
		return true;
	if (seq == 0)
		return false;
	if (seq > top)
		return true;
	if (top - seq >= r->window)
		return false;
	return !(replay_word(r, seq) >> seq % 64 & 1);
}

/* Makes seq, which is more than the highest, the highest. */
void replay_slide(struct replay *r, uint64_t seq);
/* Marks seq as seen. False if it was seen or left the window since the check:
 * two copies in one batch. */
static inline bool replay_commit(struct replay *r, uint64_t seq)
{
	uint64_t top = r->highest;

	if (!replay_check(r, seq))
		return false;
	if (seq > top && seq / 64 == top / 64) {
		r->highest = seq;
	} else if (seq > top) {
		replay_slide(r, seq);
	}
	if (r->window)
		(r->mask < REPLAY_FEW ? r->few : r->many)[seq / 64 & r->mask] |= UINT64_C(1)
										 << seq % 64;
	return true;
}

/* The whole of an extended number of which low was received, taken for the nearest to the
 * window (RFC 4303 appendix A2.1); 0, which is never valid, if there is none. */
uint64_t replay_extend(const struct replay *r, uint32_t low);

#endif
