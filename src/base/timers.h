/* SPDX-License-Identifier: Apache-2.0 */
/* A heap of timers over a time that the caller supplies (milliseconds of any
 * monotonic clock), so that a test runs a day in a moment. Intrusive: the
 * timer lives in the caller's struct and must be stopped before it goes. */
#ifndef BASE_TIMERS_H
#define BASE_TIMERS_H

#include "base/span.h"

struct timer {
	uint64_t at_ms;
	size_t pos; /* 1 + index in the heap; 0 when not armed */
	int kind;   /* the owner's: which of its timers this is */
	void *owner;
};

struct timers {
	struct timer **heap;
	size_t n, cap;
};

#define TIMERS_NEVER UINT64_MAX

void timers_fini(struct timers *ts);
/* Arms (or moves) a timer. -ENOMEM leaves it as it was. */
int timer_arm(struct timers *ts, struct timer *t, uint64_t at_ms);
/* Stops a timer; nothing happens if it is not armed. */
void timer_stop(struct timers *ts, struct timer *t);
static inline bool timer_armed(const struct timer *t)
{
	return t->pos != 0;
}
/* When the earliest timer fires; TIMERS_NEVER if none is armed. */
uint64_t timers_next(const struct timers *ts);
/* Takes the earliest timer that is due at now_ms off the heap; NULL if none. */
struct timer *timers_pop(struct timers *ts, uint64_t now_ms);

#endif
