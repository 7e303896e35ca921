/* SPDX-License-Identifier: Apache-2.0 */
/* Super-packets of many flows, cut as those of a TUN are (gso.h), and what has arrived of them joined as for a TUN (gro.h) and
 * cut again. All that a super-packet is follows from its flow and its number; so whoever sees a packet can have the
 * slow reference (tests/unit/packet/offload_ref.h) make it again, and compares each byte. */
#ifndef SUPERS_H
#define SUPERS_H

#include "offload_ref.h"
#include "packet/gro.h"
#include "packet/gso.h"

/* Where they come from, one for each thread: a super-packet that is being cut. */
struct super_source {
	struct gso g;
	uint8_t whole[REF_MAX];
};
/* 10.1.worker.flow to 10.(2 + net).0.1: TCP of even flows, UDP of odd ones. */
struct super_flow {
	uint32_t net, worker, flow;
};
/* Goes on with the nth super-packet of that flow, from 1. */
void super_begin(struct super_source *s, const struct super_flow *f, uint32_t nth);

/* Where they go to, one for each thread at a time. */
struct super_sink {
	struct pool pool;
	uint64_t packets, writes, wrong;
};
int super_sink_init(struct super_sink *s);
void super_sink_fini(struct super_sink *s);
/* Joins the packets of b, cuts them again and compares each: calls `each` for those that are as they should be, with a
 * number that grows within the flow. */
void super_arrive(struct super_sink *s, const struct batch *b,
		  void (*each)(void *ctx, const struct super_flow *f, uint32_t number), void *ctx);

#endif
