/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timers.h"

#include <errno.h>
#include <stdlib.h>

void timers_fini(struct timers *ts)
{
	free(ts->heap);
	*ts = (struct timers){ 0 };
}

static void put(struct timers *ts, size_t i, struct timer *t)
{
	ts->heap[i] = t;
	t->pos = i + 1;
}

static void up(struct timers *ts, size_t i, struct timer *t)
{
	for (; i > 0 && ts->heap[(i - 1) / 2]->at_ms > t->at_ms; i = (i - 1) / 2)
		put(ts, i, ts->heap[(i - 1) / 2]);
	put(ts, i, t);
}

static void down(struct timers *ts, size_t i, struct timer *t)
{
	for (;;) {
		size_t kid = 2 * i + 1;

		if (kid >= ts->n)
			break;
		if (kid + 1 < ts->n && ts->heap[kid + 1]->at_ms < ts->heap[kid]->at_ms)
			kid++;
		if (ts->heap[kid]->at_ms >= t->at_ms)
			break;
		put(ts, i, ts->heap[kid]);
		i = kid;
	}
	put(ts, i, t);
}

int timer_arm(struct timers *ts, struct timer *t, uint64_t at_ms)
{
	if (!t->pos && ts->n == ts->cap) {
		size_t cap = ts->cap ? ts->cap * 2 : 16;
		struct timer **heap = reallocarray(ts->heap, cap, sizeof(struct timer *));

		if (!heap)
			return -ENOMEM;
		ts->heap = heap;
		ts->cap = cap;
	}
	timer_stop(ts, t);
	t->at_ms = at_ms;
	up(ts, ts->n++, t);
	return 0;
}

void timer_stop(struct timers *ts, struct timer *t)
{
	if (!t->pos)
		return;
	size_t i = t->pos - 1;
	struct timer *last = ts->heap[--ts->n];

	t->pos = 0;
	if (last == t)
		return;
	if (i > 0 && ts->heap[(i - 1) / 2]->at_ms > last->at_ms)
		up(ts, i, last);
	else
		down(ts, i, last);
}

uint64_t timers_next(const struct timers *ts)
{
	return ts->n ? ts->heap[0]->at_ms : TIMERS_NEVER;
}

struct timer *timers_pop(struct timers *ts, uint64_t now_ms)
{
	if (!ts->n || ts->heap[0]->at_ms > now_ms)
		return NULL;
	struct timer *t = ts->heap[0];

	timer_stop(ts, t);
	return t;
}
