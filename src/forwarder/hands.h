/* SPDX-License-Identifier: Apache-2.0 */
/* How many workers read the sockets that all of them could read. Two that take turns at one socket wake each other, and
 * wait for each other's place in the order: it is worth that when one alone does not get done, and has a processor
 * for itself - on a machine whose processors all have something else to do a second one takes away from the first. So
 * one begins, another joins when those who read have not slept for a while, or a socket was full, and the last one goes when the
 * others could do its work. Somebody may have said that all are to. What is read from the queues of a TUN is not concerned: the
 * kernel spreads it over all (queues.h). */
#ifndef FORWARDER_HANDS_H
#define FORWARDER_HANDS_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "forwarder/gate.h"

#define HANDS_WINDOW_MS 50
#define HANDS_MORE	2    /* windows without sleep, one after the other: another one joins */
#define HANDS_LESS_MS	1000 /* of too little work: the last one goes */

/* What a worker has done in a window. */
struct hand {
	uint64_t since_ms, cpu_ns; /* where the window began: the clock, and the thread's processor time */
	unsigned sleeps;	   /* since then; and what counts as much */
	bool last;		   /* it was the last one who reads when that began, and decides */
	unsigned busy;		   /* windows in a row, the last hand's */
	uint64_t enough_ms;	   /* when it last was not too little, the last hand's */
};

struct hands {
	alignas(CACHE_LINE) _Atomic unsigned n; /* workers 0 to n - 1 read */
	unsigned most;
	bool all; /* always */
	/* of each: thousandths of the processor in its last window, and whether it has slept in it */
	alignas(CACHE_LINE) _Atomic uint32_t share[WORKERS_MAX];
	_Atomic bool slept[WORKERS_MAX]; /* or waited for others, of whom there are enough then */
	_Atomic bool lost[WORKERS_MAX];	 /* a socket has lost packets before it came to read them */
};

/* Of most workers; all: all of them read, always. */
void hands_init(struct hands *h, unsigned most, bool all);
static inline unsigned hands_n(struct hands *h)
{
	return atomic_load_explicit(&h->n, memory_order_relaxed);
}
/* Whether worker id's window is over: then it asks its clocks and calls hands_weigh(). */
static inline bool hands_due(const struct hand *own, uint64_t now_ms)
{
	return now_ms - own->since_ms >= HANDS_WINDOW_MS;
}
/* True: there is one more now, whom nobody has told yet. */
bool hands_weigh(struct hands *h, unsigned id, struct hand *own, uint64_t now_ms, uint64_t cpu_ns, bool lost);

#endif
