/* SPDX-License-Identifier: Apache-2.0 */
#include "forwarder/hands.h"

#include <string.h>

#define ALL_OF_IT 1000u
/* What a thread that never sleeps has at least, where it is alone on its processor: interrupts have the rest. */
#define ALONE	  600u
#define FITS	  850u /* what one is asked to do in the place of another */

void hands_init(struct hands *h, unsigned most, bool all)
{
	memset(h, 0, sizeof(*h));
	h->most = most;
	h->all = all;
	atomic_init(&h->n, all ? most : 1);
}

/* Windows that say it, with this one: those who read have no time left, and nobody else has their processors. A burst
 * that one of them was too slow for says it alone. */
static unsigned busy_windows(struct hands *h, unsigned n, unsigned before)
{
	bool busy = true, lost = false;

	for (unsigned i = 0; i < n; i++) {
		bool alone = atomic_load_explicit(&h->share[i], memory_order_relaxed) >= ALONE;

		busy &= alone && !atomic_load_explicit(&h->slept[i], memory_order_relaxed);
		lost |= alone && atomic_load_explicit(&h->lost[i], memory_order_relaxed);
	}
	return lost ? HANDS_MORE : busy ? before + 1 : 0;
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
	own->busy = busy_windows(h, n, own->busy);
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

bool hands_weigh(struct hands *h, unsigned id, struct hand *own, uint64_t now_ms, uint64_t cpu_ns, bool lost)
{
	uint64_t us = (now_ms - own->since_ms) * 1000, worked_us = (cpu_ns - own->cpu_ns) / 1000;
	uint32_t share = worked_us >= us ? ALL_OF_IT : (uint32_t)(worked_us * ALL_OF_IT / us);
	unsigned n = hands_n(h);
	bool decides = own->since_ms && own->last && id + 1 == n && !h->all;

	atomic_store_explicit(&h->share[id], share, memory_order_relaxed);
	atomic_store_explicit(&h->slept[id], own->sleeps != 0, memory_order_relaxed);
	atomic_store_explicit(&h->lost[id], lost, memory_order_relaxed);
	own->since_ms = now_ms;
	own->cpu_ns = cpu_ns;
	own->sleeps = 0;
	own->last = id + 1 == n;
	if (decides)
		return decide(h, n, own, now_ms);
	own->busy = 0;
	own->enough_ms = 0;
	return false;
}
