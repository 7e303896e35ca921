/* SPDX-License-Identifier: Apache-2.0 */
/* Memory order. A worker stores inside = 1 and then loads stop; who closes the gate stores
 * stop = 1 and then loads every inside. All four are sequentially consistent, so at least one of
 * the two sees the other's store (the store-load fence of Dekker's algorithm): either the worker
 * finds the gate closed and goes out again, or it is waited for. What a worker has written
 * inside happens before its inside = 0 (release), which who closes the gate loads (acquire);
 * what that one writes happens before stop = 0, which the worker loads before it goes on. */
#include "forwarder/gate.h"

#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SPINS	200
#define YIELDS	20

void futex_wait(_Atomic uint32_t *word, uint32_t was)
{
	(void)syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, was, NULL, NULL, 0);
}

void futex_wake(_Atomic uint32_t *word)
{
	(void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

static void pause_a_little(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

void *cache_calloc(size_t n)
{
	size_t size = (n + CACHE_LINE - 1) & ~(size_t)(CACHE_LINE - 1);
	void *p = aligned_alloc(CACHE_LINE, size);

	if (p)
		memset(p, 0, size);
	return p;
}

void worker_relax(unsigned turn)
{
	if (turn < SPINS)
		pause_a_little();
	else
		(void)sched_yield();
}

void gate_init(struct gate *g, unsigned n)
{
	memset(g, 0, sizeof(*g));
	g->n = n;
}

void gate_enter(struct gate *g, unsigned me)
{
	for (;;) {
		atomic_store(&g->worker[me].inside, 1);
		if (!atomic_load(&g->stop))
			return;
		gate_leave(g, me);
		while (atomic_load(&g->stop))
			futex_wait(&g->stop, 1);
	}
}

/* Who closes the gate may sleep on inside: it has stored stop before that, and either we see
 * it here or it sees our 0. */
void gate_leave(struct gate *g, unsigned me)
{
	atomic_store(&g->worker[me].inside, 0);
	if (atomic_load(&g->stop))
		futex_wake(&g->worker[me].inside);
}

/* Those who want everything, one after the other. */
static void take(struct gate *g)
{
	uint32_t was = 0;

	if (atomic_compare_exchange_strong(&g->taken, &was, 1))
		return;
	while (atomic_exchange(&g->taken, 2))
		futex_wait(&g->taken, 2);
}

void gate_close(struct gate *g, unsigned me)
{
	take(g);
	atomic_store(&g->stop, 1);
	for (unsigned i = 0; i < g->n; i++)
		for (unsigned turn = 0; i != me && atomic_load(&g->worker[i].inside); turn++) {
			if (turn < SPINS + YIELDS)
				worker_relax(turn);
			else
				futex_wait(&g->worker[i].inside, 1);
		}
}

/* The next one in the queue closes it again; between the two the workers get in. */
void gate_open(struct gate *g)
{
	atomic_store(&g->stop, 0);
	futex_wake(&g->stop);
	if (atomic_exchange(&g->taken, 0) == 2)
		futex_wake(&g->taken);
}
