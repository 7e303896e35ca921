/* SPDX-License-Identifier: Apache-2.0 */
/* By which queue of a TUN packets of a flow are written: the one that its packets out of the TUN are read
 * from. The kernel has a flow read from the queue that it was last written to, and by a hash of
 * its own before that (tun_flow_update(), tun_automq_select_queue()): written elsewhere, a flow in the
 * middle of a burst would go on with another worker, which may be faster than the one that has the
 * beginning of it. A flow that nothing was read of, or not for two seconds, has a queue by our own hash.
 *
 * What two flows share by chance costs the second one that, and nothing else. */
#ifndef FORWARDER_QUEUES_H
#define FORWARDER_QUEUES_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>

#include "forwarder/gate.h"
#include "packet/pkt.h"

#define QUEUE_FLOWS 8192

struct queues {
	/* Workers 0 to so many - 1 get the flows of which nothing is known, nor has been for a while (hands.h). */
	_Atomic unsigned readers;
	/* When (about a second), which flow (some bits of its hash), queue + 1; 0: none. Written by who
	 * reads the flow from its queue, which is one worker; read by who delivers. Relaxed: it stands
	 * by itself, and an old one is as good as it was. */
	alignas(CACHE_LINE) _Atomic uint32_t read[QUEUE_FLOWS];
	/* Queue + 1 that it was last written to; by whose turn it is in the lane. */
	uint8_t written[QUEUE_FLOWS];
};

/* All zero, with n readers. */
void queues_init(struct queues *q, unsigned n);
void queues_set_readers(struct queues *q, unsigned n);
static inline unsigned queues_readers(struct queues *q)
{
	return atomic_load_explicit(&q->readers, memory_order_relaxed);
}
/* Worker me has read p from its queue. */
void queues_learn(struct queues *q, unsigned me, const struct pkt *p, uint64_t now_ms);
/* The queue, of n, for p; *ret_moved: packets of its flow may be on their way to another. */
unsigned queues_of(struct queues *q, unsigned n, const struct pkt *p, uint64_t now_ms, bool *ret_moved);

#endif
