/* SPDX-License-Identifier: Apache-2.0 */
/* Public-key work that is done elsewhere: it takes its time, overtakes other such work, and is told to a
 * core that may have been started again, or have ended the exchange. */
#include "chaos.h"

void work_put(struct node *n, const struct ike_env *env, const struct ike_work *ask)
{
	struct job *j = calloc(1, sizeof(*j));

	if (!w.crypto)
		w.crypto = ike_crypto_new();
	if (w.n_jobs == w.jobs_cap) {
		w.jobs_cap = w.jobs_cap ? 2 * w.jobs_cap : 64;
		w.job = reallocarray(w.job, w.jobs_cap, sizeof(struct job *));
	}
	if (!j || !w.crypto || !w.job)
		abort();
	uint32_t lot = conf_draw(1000 + (uint32_t)w.jobs);
	uint64_t takes_ms = w.work_sticks && lot % 64 == 0 ? 2 * IKE_GIVE_UP_MS : lot % (w.work_ms + 1);

	*j = (struct job){ .at_ms = w.now_ms + takes_ms, .node = node_no(n), .start = n->starts };
	ike_work_do(env, w.crypto, ask, &j->done);
	w.jobs++;
	w.job[w.n_jobs++] = j;
}

uint64_t work_next(void)
{
	uint64_t at = NEVER;

	for (size_t i = 0; i < w.n_jobs; i++)
		at = w.job[i]->at_ms < at ? w.job[i]->at_ms : at;
	return at;
}

static void tell_core(const struct job *j)
{
	struct node *n = &w.node[j->node];
	if (n->dead || n->starts != j->start) {
		w.jobs_late++;
		return;
	}
	uint64_t asked = n->ike->next_work;
	size_t waits = n->ike->n_work;

	ike_worked(n->ike, node_now(n), &j->done);
	w.jobs_late += n->ike->n_work == waits && n->ike->next_work == asked;
	node_drain(n);
}

void work_run(void)
{
	for (size_t i = 0; i < w.n_jobs;) {
		struct job *j = w.job[i];

		if (j->at_ms > w.now_ms) {
			i++;
			continue;
		}
		w.job[i] = w.job[--w.n_jobs];
		tell_core(j);
		free(j);
		i = 0; /* what it led to may be done, too */
	}
}

void work_clear(void)
{
	while (w.n_jobs)
		free(w.job[--w.n_jobs]);
	free(w.job);
	w.job = NULL;
	w.jobs_cap = 0;
	ike_crypto_free(w.crypto);
	w.crypto = NULL;
}
