/* SPDX-License-Identifier: Apache-2.0 */
#include "forwarder/hands.h"

#include <string.h>

#define ALL_OF_IT 1000u
/* What a thread that never sleeps has at least, where it is alone on its processor: interrupts have the rest. */
#define ALONE	  700u
#define FITS	  850u /* what one is asked to do in the place of another */

void hands_init(struct hands *h, unsigned most, bool all)
{
	memset(h, 0, sizeof(*h));
	h->most = most;
	h->all = all;
	atomic_init(&h->n, all ? most : 1);
}

/* Those who read have no time left, and nobody else has their processors. */
static bool are_busy(struct hands *h, unsigned n)
{
	bool busy = true;

	for (unsigned i = 0; i < n; i++)
		busy &= !atomic_load_explicit(&h->slept[i], memory_order_relaxed) &&
			atomic_load_explicit(&h->share[i], memory_order_relaxed) >= ALONE;
	return busy;
}

static bool are_too_many(struct hands *h, unsigned n)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += atomic_load_explicit(&h->share[i], memory_order_relaxed);
	return sum <= (n - 1) * FITS;
}

/* The last hand's; two may think that they are, for a moment. */
static bool decide(struct hands *h, unsigned n, struct hand *own, uint64_t now_ms)
{
	own->busy = are_busy(h, n) ? own->busy + 1 : 0;
	if (own->busy >= HANDS_MORE && n < h->most) {
		own->busy = 0;
		return atomic_compare_exchange_strong(&h->n, &n, n + 1);
	}
	if (!own->enough_ms || !are_too_many(h, n))
		own->enough_ms = now_ms;
	if (n > 1 && now_ms - own->enough_ms >= HANDS_LESS_MS) {
		own->enough_ms = 0;
		(void)atomic_compare_exchange_strong(&h->n, &n, n - 1);
	}
	return false;
}

bool hands_weigh(struct hands *h, unsigned id, struct hand *own, uint64_t now_ms, uint64_t cpu_ns)
{
	uint64_t us = (now_ms - own->since_ms) * 1000, worked_us = (cpu_ns - own->cpu_ns) / 1000;
	uint32_t share = worked_us >= us ? ALL_OF_IT : (uint32_t)(worked_us * ALL_OF_IT / us);
	unsigned n = hands_n(h);
	bool first = !own->since_ms;

	atomic_store_explicit(&h->share[id], share, memory_order_relaxed);
	atomic_store_explicit(&h->slept[id], own->sleeps != 0, memory_order_relaxed);
	own->since_ms = now_ms;
	own->cpu_ns = cpu_ns;
	own->sleeps = 0;
	if (id + 1 == n && !first && !h->all)
		return decide(h, n, own, now_ms);
	own->busy = 0;
	own->enough_ms = 0;
	return false;
}
