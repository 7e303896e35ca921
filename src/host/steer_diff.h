/* SPDX-License-Identifier: Apache-2.0 */
/* What is in force, and the way from there to another ruleset by the elements of its sets alone: to add a line to a thousand
 * others costs what one line costs. */
#ifndef HOST_STEER_DIFF_H
#define HOST_STEER_DIFF_H

#include "host/steer_runs.h"

/* ---- the text (steer_rules.c) ---- */

struct steer_plan {
	enum steer_form form;
	const struct steer_runs *runs; /* steer_runs_all(): of IPv4 and IPv6 for each interface */
	bool elements; /* what the sets hold; without, the text is the same for whatever they hold */
};

/* Of n interfaces, for steer_runs_free(); NULL without memory. */
struct steer_runs *steer_runs_all(const struct steer_if *v, size_t n);
void steer_runs_free(struct steer_runs *r, size_t n);
/* steer_ruleset(), by a plan. */
void steer_text(const struct steer_if *v, size_t n, const struct steer_plan *p, const struct steer_counts *counts,
		struct txt *t);

/* ---- what is in force ---- */

/* Takes runs (2 * n of them) for what stands since that generation of nftables, by a text of that form. */
void steer_stand_set(struct steer_stand *s, const struct steer_if *v, size_t n, enum steer_form form,
		     struct steer_runs *runs, uint32_t generation);
/* In one transaction, and only if nothing else has changed nftables since. -EALREADY: the difference is none of elements, or
 * too much of one, or nobody knows what is in force; other errors: the kernel took nothing of it. *ret_steps: what the
 * generation grew by, 0 where lines have but changed places. */
int steer_diff_apply(const struct steer_stand *s, const struct steer_if *v, size_t n, const struct steer_runs *runs,
		     uint32_t *ret_steps);

#endif
