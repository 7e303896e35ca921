/* SPDX-License-Identifier: Apache-2.0 */
/* Memory order. low[me] is stored before the compare-and-swap that takes the numbers (release).
 * Whoever takes later numbers does so by a compare-and-swap of the same word behind it in that
 * word's order (acquire), and read-modify-writes carry a release on: he sees low[me], or what
 * came after it. low[me] is cleared behind the send (release, acquire); so is what the next run
 * stores there, since who finds that may never have seen it cleared, and takes it for the same news.
 * Others write number only with the gate closed, which orders everything.
 *
 * Nobody waits in a circle: who waits for low[k] has a higher number than k, of the same SA; and
 * of several SAs a worker sends in the order of their addresses (forwarder/esp_out.c). A low that
 * is stored and not taken yet may be waited for, but its worker waits for nobody. */
#include "ipsec/numbers.h"

#include <errno.h>
#include <stdlib.h>

static uint64_t look(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static void give_back(uint64_t *used, uint64_t n)
{
	(void)__atomic_fetch_sub(used, n, __ATOMIC_RELAXED);
}

/* n more within limit; 0: there is none. */
static bool spend(uint64_t *used, uint64_t n, uint64_t limit)
{
	uint64_t was;

	if (!limit) {
		(void)__atomic_fetch_add(used, n, __ATOMIC_RELAXED);
		return true;
	}
	was = look(used);
	do {
		if (n > limit || was > limit - n)
			return false;
	} while (!__atomic_compare_exchange_n(used, &was, was + n, true, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	return true;
}

static bool take_numbers(struct sa_run *r, _Atomic uint64_t *low)
{
	struct sa *sa = r->sa;
	uint64_t last = sa->spec.esn ? UINT64_MAX - 1 : UINT32_MAX, was = look(&sa->number);

	do {
		if (was > last - r->n) {
			atomic_store_explicit(low, NOT_HELD, memory_order_release);
			return false;
		}
		atomic_store_explicit(low, was + 1, memory_order_release);
	} while (!__atomic_compare_exchange_n(&sa->number, &was, was + r->n, true, __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
	r->first = was + 1;
	return true;
}

bool sa_reserve(struct sa_run *r, unsigned me, uint64_t now_ms)
{
	struct sa *sa = r->sa;

	if (sa->dead || !spend(&sa->bytes, r->bytes, sa->spec.life.hard_bytes))
		return false;
	if (!spend(&sa->text, r->text, sa->text_limit)) {
		give_back(&sa->bytes, r->bytes);
		return false;
	}
	if (!take_numbers(r, &sa->low[me])) {
		give_back(&sa->bytes, r->bytes);
		give_back(&sa->text, r->text);
		return false;
	}
	(void)__atomic_fetch_add(&sa->packets, r->n, __ATOMIC_RELAXED);
	__atomic_store_n(&sa->last_ms, now_ms, __ATOMIC_RELAXED);
	r->due = sa_is_due(sa, now_ms);
	return true;
}

bool sa_may_send(const struct sa_run *r, unsigned me, unsigned n)
{
	uint64_t last = r->first + r->n - 1;

	if (last <= PEER_WINDOW)
		return true;
	for (unsigned k = 0; k < n; k++)
		if (k != me &&
		    atomic_load_explicit(&r->sa->low[k], memory_order_acquire) <= last - PEER_WINDOW)
			return false;
	return true;
}

void sa_sent(const struct sa_run *r, unsigned me)
{
	atomic_store_explicit(&r->sa->low[me], NOT_HELD, memory_order_release);
}

int sa_share(struct sa *sa, unsigned n)
{
	size_t size = ((n * sizeof(*sa->low)) + 63) / 64 * 64;

	/* of an inbound one nobody asks */
	if (sa->spec.dir == SA_IN)
		return 0;
	sa->low = n <= SA_LOW_HERE ? sa->low_here : aligned_alloc(64, size);
	if (!sa->low)
		return -ENOMEM;
	for (unsigned k = 0; k < n; k++)
		atomic_init(&sa->low[k], NOT_HELD);
	return 0;
}
