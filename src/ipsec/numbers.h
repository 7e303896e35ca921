/* SPDX-License-Identifier: Apache-2.0 */
/* Sequence numbers for several workers on one SA. A worker takes a run of them at once, with
 * the volume that its packets need: no number is used twice, none is skipped, and no limit is
 * exceeded. It encrypts beside the others, and before it sends it asks whether that would be
 * too early.
 *
 * The peer's window is W packets (64 with IOS). A run of at most W numbers that ends with m may
 * be sent once all numbers up to m - W are sent. So whatever a worker is held up by: when number
 * a leaves, no number above a + W - 1 has left, since that one's run ended at or above it and
 * waited for a. Runs shorter than W / workers mostly do not wait at all.
 *
 * low[k] of an SA is the first number that worker k holds unsent, or NOT_HELD. It is stored
 * before the numbers are taken, so that who takes later ones sees it. */
#ifndef IPSEC_NUMBERS_H
#define IPSEC_NUMBERS_H

#include "ipsec/sa.h"

#define PEER_WINDOW 64
#define NOT_HELD    UINT64_MAX

struct sa_run {
	struct sa *sa;
	uint32_t n;	      /* packets, 1 to PEER_WINDOW */
	uint64_t bytes, text; /* of all: inner, and under the cipher */
	/* set by sa_reserve() */
	uint64_t first;
	uint8_t due; /* enum sa_due, with this run */
};

/* Numbers for the r->n packets of worker me, whose only run of this SA it is. False:
 * there are not enough of them, or of the volume; nothing was taken, and whoever has the SA for
 * himself goes packet by packet. */
bool sa_reserve(struct sa_run *r, unsigned me, uint64_t now_ms);
/* Whether the run of worker me, of n, may be sent now. */
bool sa_may_send(const struct sa_run *r, unsigned me, unsigned n);
/* All of it is sent, or dropped. */
void sa_sent(const struct sa_run *r, unsigned me);

/* For n workers; 0 or -ENOMEM. sa_free() frees it. */
int sa_share(struct sa *sa, unsigned n);

#endif
