/* SPDX-License-Identifier: Apache-2.0 */
/* What control remembers of each interface's counters between two looks: rates, when packets
 * came last, and from where `show interfaces` counts since `clear counters`. The devices' own
 * counters and the forwarder's are never reset: others read them, too. Plain data and no I/O. */
#ifndef CONTROL_IF_COUNTS_H
#define CONTROL_IF_COUNTS_H

#include "control/show.h"

struct if_sample;

struct if_counts {
	struct if_sample *v;
	size_t n;
};

/* A look at the counters as they are, for rates and times. A bad allocation skips it. */
void if_counts_sample(struct if_counts *c, const struct if_snapshot *i, uint64_t now_ms);
/* Forgets what the look at that time did not find: interfaces come and go, under ever other names. */
void if_counts_prune(struct if_counts *c, uint64_t now_ms);
/* `clear counters`: what is shown begins at 0. */
void if_counts_clear(struct if_counts *c, const struct if_snapshot *i, uint64_t now_ms);
/* The forwarder's counters begin at 0 by themselves: another one was started. */
void if_counts_restarted(struct if_counts *c);
/* Makes a snapshot of raw counters one to be shown. */
void if_counts_show(const struct if_counts *c, struct if_snapshot *i, uint64_t now_ms);
void if_counts_fini(struct if_counts *c);

#endif
