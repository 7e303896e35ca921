/* SPDX-License-Identifier: Apache-2.0 */
/* Memory order: what was done in one's turn happens before the store of the next turn (release),
 * which the next one loads (acquire); so the replay window is handed on whole. */
#include "forwarder/lane.h"

#define TURNS_AWAKE 400

bool lane_try_read(struct lane_reader *r)
{
	return !atomic_load_explicit(&r->taken, memory_order_relaxed) &&
	       !atomic_exchange_explicit(&r->taken, 1, memory_order_acquire);
}

void lane_done_reading(struct lane_reader *r)
{
	atomic_store_explicit(&r->taken, 0, memory_order_release);
}

uint32_t lane_draw(struct lane *l)
{
	return atomic_fetch_add_explicit(&l->drawn, 1, memory_order_relaxed);
}

/* asleep and turn are sequentially consistent: who goes to sleep says so and then looks at turn
 * (the kernel does), who passes writes turn and then looks for sleepers. */
void lane_wait(struct lane *l, uint32_t ticket)
{
	uint32_t now;

	for (unsigned spin = 0; (now = atomic_load_explicit(&l->turn, memory_order_acquire)) != ticket;
	     spin++) {
		if (spin < TURNS_AWAKE) {
			worker_relax(spin);
			continue;
		}
		atomic_fetch_add(&l->asleep, 1);
		futex_wait(&l->turn, now);
		atomic_fetch_sub(&l->asleep, 1);
	}
}

void lane_pass(struct lane *l, uint32_t ticket)
{
	atomic_store(&l->turn, ticket + 1);
	if (atomic_load(&l->asleep))
		futex_wake(&l->turn);
}
