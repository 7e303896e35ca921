/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of crypto ACL lines, each a set of nft: what the kernel makes of a big one takes longer than anything else that is
 * loaded, so that all chains look into the same one, and a change of it is told as what comes and what goes
 * (steer_diff.c). */
#ifndef HOST_STEER_RUNS_H
#define HOST_STEER_RUNS_H

#include "base/txt.h"
#include "host/nft_batch.h"
#include "host/steer.h"

#define STEER_RUN_MAX 4096 /* lines */

/* So many lines in a row, of one map entry, verdict and protocol. */
struct steer_run {
	size_t at, n_lines;
	uint32_t seq;
	unsigned number; /* within its entry: with both it has a name that lines before it do not change */
	struct nft_range *v; /* its own ends, then the others, without those that lie within others of the run; sorted */
	size_t n;
};

/* Of one interface in one family. */
struct steer_runs {
	enum ip_family family;
	uint32_t slot;
	struct steer_run *v; /* by their lines */
	size_t n;
};

/* 0 or -ENOMEM. */
int steer_runs_init(struct steer_runs *r, enum ip_family f, const struct steer_if *v);
void steer_runs_fini(struct steer_runs *r);
/* The run that begins with line `at`; NULL: the line is told by itself. NULL for r: each is. */
const struct steer_run *steer_runs_at(const struct steer_runs *r, size_t at);
/* `run_SLOT_ENTRY_NUMBER`, in a table of the family. */
void steer_run_name(struct txt *t, const struct steer_runs *r, const struct steer_run *run);
/* The sets of nft; elements: with what is in them. */
void steer_runs_put(struct txt *t, const struct steer_runs *r, bool elements);
/* Less than 0, 0 or more, as memcmp(). */
int steer_range_compare(const struct nft_range *a, const struct nft_range *b);

#endif
