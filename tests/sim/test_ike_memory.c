/* SPDX-License-Identifier: Apache-2.0 */
/* Each single allocation of the core fails once, in a negotiation whose public-key work is done
 * elsewhere. Whatever comes of it, an exchange waits for nothing that nobody does, and when memory
 * is there again the next one succeeds. Under ASan, nothing leaks. */
#include "sim.h"

#include "ike/work.h"

static unsigned in_core;
static unsigned long allocations, fails_at; /* 0: none does */

static bool refused(void)
{
	return in_core && ++allocations == fails_at;
}

void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_malloc(size_t n)
{
	return refused() ? NULL : __real_malloc(n);
}

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size)
{
	return refused() ? NULL : __real_calloc(n, size);
}

void *__real_reallocarray(void *p, size_t n, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return refused() ? NULL : __real_reallocarray(p, n, size);
}

char *__real_strdup(const char *s);
char *__wrap_strdup(const char *s);
char *__wrap_strdup(const char *s)
{
	return refused() ? NULL : __real_strdup(s);
}

static void recount(void)
{
	for (int s = 0; s < 2; s++) {
		const struct ike *k = sim.side[s].ike;
		const struct act *a;
		size_t asked = 0;

		for (size_t i = 0; i < sim.n_jobs; i++)
			asked += sim.job[i]->side == s;
		STAILQ_FOREACH(a, &k->acts, entry)
			asked += a->a.type == IKE_ACT_WORK;
		assert_int_equal(k->n_work + k->n_orphans, asked);
	}
}

/* ---- the entrances ---- */

void __real_ike_datagram(struct ike *k, uint64_t now_ms, const struct ike_path *path, struct span d);
void __wrap_ike_datagram(struct ike *k, uint64_t now_ms, const struct ike_path *path, struct span d);
void __wrap_ike_datagram(struct ike *k, uint64_t now_ms, const struct ike_path *path, struct span d)
{
	in_core++;
	__real_ike_datagram(k, now_ms, path, d);
	in_core--;
	recount();
}

void __real_ike_acquire(struct ike *k, uint64_t now_ms, uint32_t policy_id, const struct flow *flow);
void __wrap_ike_acquire(struct ike *k, uint64_t now_ms, uint32_t policy_id, const struct flow *flow);
void __wrap_ike_acquire(struct ike *k, uint64_t now_ms, uint32_t policy_id, const struct flow *flow)
{
	in_core++;
	__real_ike_acquire(k, now_ms, policy_id, flow);
	in_core--;
	recount();
}

void __real_ike_tick(struct ike *k, uint64_t now_ms);
void __wrap_ike_tick(struct ike *k, uint64_t now_ms);
void __wrap_ike_tick(struct ike *k, uint64_t now_ms)
{
	in_core++;
	__real_ike_tick(k, now_ms);
	in_core--;
	recount();
}

void __real_ike_worked(struct ike *k, uint64_t now_ms, const struct ike_worked *r);
void __wrap_ike_worked(struct ike *k, uint64_t now_ms, const struct ike_worked *r);
void __wrap_ike_worked(struct ike *k, uint64_t now_ms, const struct ike_worked *r)
{
	in_core++;
	__real_ike_worked(k, now_ms, r);
	in_core--;
	recount();
}

/* ---- the test ---- */

static void begin(bool ag)
{
	sim_again();
	sim_env.defer = true;
	for (int s = 0; s < 2; s++) {
		sim_restart(s, false);
		sim.side[s].p2[0].pfs_group = 2;
		sim.side[s].cfg.aggressive = ag;
	}
	sim.side[0].cfg.n_ag = ag;
	sim.side[0].ag[0].id_kind = AG_IPV4;
	sim.side[0].ag[0].id_addr = sim.end[0];
	sim_configure(0);
	sim_configure(1);
	sim.work_ms = 3;
	allocations = 0;
}

static void each_allocation_fails_once(void **state)
{
	(void)state;
	for (int ag = 0; ag < 2; ag++) {
		begin(ag);
		sim_acquire(0, 1);
		sim_run(1000);
		assert_int_equal(sim.side[0].n_sa, 2);
		unsigned long all = allocations;
		assert_true(all > 50);
		for (unsigned long n = 1; n <= all; n++) {
			begin(ag);
			fails_at = n;
			sim_acquire(0, 1);
			sim_run(1000);
			assert_true(allocations >= n);
			fails_at = 0;
			sim_run(120000); /* what goes on by itself, or gives up */
			assert_int_equal(sim.side[0].ike->n_work + sim.side[1].ike->n_work, 0);
			sim_acquire(0, 1);
			sim_run(120000);
			assert_true(sim_pairs(0) > 0);
			assert_true(sim.side[0].n_sa >= 2);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { SIM_TEST(each_allocation_fails_once) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
