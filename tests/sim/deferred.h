/* SPDX-License-Identifier: Apache-2.0 */
/* Two sides whose public-key work waits until a test lets it be done. */
#ifndef SIM_DEFERRED_H
#define SIM_DEFERRED_H

#include "sim.h"

#include "ike/work.h"

/* Both sides defer. */
static inline void defer(void)
{
	sim_env.defer = true;
	sim_restart(0, false);
	sim_restart(1, false);
}

static inline void pfs(size_t policy, uint16_t group)
{
	for (int s = 0; s < 2; s++) {
		sim.side[s].p2[policy].pfs_group = group;
		sim_configure(s);
	}
}

static inline void aggressive(int s)
{
	sim.side[0].cfg.aggressive = sim.side[1].cfg.aggressive = true;
	sim.side[s].cfg.n_ag = 1;
	sim.side[s].ag[0].id_kind = AG_IPV4;
	sim.side[s].ag[0].id[0] = '\0';
	sim.side[s].ag[0].id_addr = sim.end[s];
	sim_configure(0);
	sim_configure(1);
}

static inline size_t waiting(int s)
{
	return sim.side[s].ike->n_work;
}

/* Delivers until nothing is on its way, and lets pass what comes before a first quick mode. */
static inline void settle(void)
{
	sim_run(IKE_SETTLE_MS);
}

static inline void finish_all(void)
{
	while (sim.n_jobs)
		sim_work(0);
}

/* The n-th work of the exchange stands; what was asked before is done. */
static inline void run_to_work(unsigned n)
{
	sim.work_stands = true;
	sim_acquire(0, 1);
	settle();
	while (sim.works < n && sim.n_jobs) {
		sim_work(0);
		settle();
	}
	assert_int_equal(sim.works, n);
	assert_int_equal(sim.n_jobs, 1);
	assert_int_equal(waiting(0) + waiting(1), 1);
}

#endif
