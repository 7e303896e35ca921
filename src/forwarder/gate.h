/* SPDX-License-Identifier: Apache-2.0 */
/* Who may touch what all workers share. A batch is processed inside the gate, together with
 * the others: tables, SAs and ports are read and stay as they are. Whoever has to change them
 * has everything for himself for a moment. Made for the first: it writes one word on a cache
 * line of its own and reads one that nobody writes. */
#ifndef FORWARDER_GATE_H
#define FORWARDER_GATE_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>

#include "forwarder/forwarder.h"

#define CACHE_LINE  64

/* n bytes of zeroes that begin with a cache line and share none, for free(); NULL without memory. */
void *cache_calloc(size_t n);

struct gate {
	alignas(CACHE_LINE) _Atomic uint32_t stop; /* 1: somebody has, or waits for, everything */
	struct {
		alignas(CACHE_LINE) _Atomic uint32_t inside; /* written by its worker alone */
	} worker[WORKERS_MAX];
	alignas(CACHE_LINE) _Atomic uint32_t taken; /* 0 free, 1 held, 2 held and others wait */
	unsigned n;
};

/* n workers, all outside. */
void gate_init(struct gate *g, unsigned n);
/* Worker me goes in beside the others: waits while somebody has everything. It must leave
 * within a batch, and waits for nothing inside but other workers that are inside. */
void gate_enter(struct gate *g, unsigned me);
void gate_leave(struct gate *g, unsigned me);
/* Worker me, which is outside, has everything for itself: every other worker is outside then,
 * and stays there. Waits for a batch of theirs at most; who sleeps is not waited for. */
void gate_close(struct gate *g, unsigned me);
void gate_open(struct gate *g);

/* Waits until *word is not was any more, or for nothing: the caller looks again. */
void futex_wait(_Atomic uint32_t *word, uint32_t was);
void futex_wake(_Atomic uint32_t *word);
/* One step of waiting for another worker: turn counts from 0. A few instructions at first, then
 * the processor is given away. */
void worker_relax(unsigned turn);

#endif
