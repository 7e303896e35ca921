/* SPDX-License-Identifier: Apache-2.0 */
/* The order of what comes in. Workers take bursts from the same sockets and decrypt them side
 * by side; each burst has a ticket, drawn while the socket was its reader's alone, and behind
 * the decryption they go on one after the other in the order of their tickets: one worker at a
 * time has the replay windows, and packets of one flow reach the TUN as they came. */
#ifndef FORWARDER_LANE_H
#define FORWARDER_LANE_H

#include <stdbool.h>

#include "forwarder/gate.h"

struct lane {
	alignas(CACHE_LINE) _Atomic uint32_t drawn; /* written with a burst in hand */
	alignas(CACHE_LINE) _Atomic uint32_t turn;  /* written by whose turn it was */
	alignas(CACHE_LINE) _Atomic uint32_t asleep; /* workers that sleep until turn changes */
};

/* What is read by one worker at a time. */
struct lane_reader {
	alignas(CACHE_LINE) _Atomic uint32_t taken;
};

/* False: another worker is reading; it has the next burst, and nobody waits. */
bool lane_try_read(struct lane_reader *r);
void lane_done_reading(struct lane_reader *r);
/* A ticket for the burst that was read, before lane_done_reading(). */
uint32_t lane_draw(struct lane *l);
/* Until it is that ticket's turn. Those before it are held by workers inside the gate, which
 * wait for nothing else. */
void lane_wait(struct lane *l, uint32_t ticket);
/* Whether it is that ticket's already. */
static inline bool lane_is_at(struct lane *l, uint32_t ticket)
{
	return atomic_load_explicit(&l->turn, memory_order_relaxed) == ticket;
}
void lane_pass(struct lane *l, uint32_t ticket);

#endif
