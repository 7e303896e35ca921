/* SPDX-License-Identifier: Apache-2.0 */
#include "forwarder/queues.h"

#include <string.h>

#include "packet/ip.h"

#define QUEUE_BITS 5u /* WORKERS_MAX + 1 of them */
#define TAG_BITS   11u
#define TIME_SHIFT (QUEUE_BITS + TAG_BITS)
#define TICK_SHIFT 10 /* of milliseconds */
#define SILENT	   2  /* ticks: it is not being sent at the moment */
#define FORGET	   30 /* ticks without a packet: another flow may have the place */

static_assert(WORKERS_MAX < 1u << QUEUE_BITS, "a queue fits");

#define MIX UINT64_C(0x9e3779b97f4a7c15)

/* The same for a flow and its answers. Of what is not TCP or UDP, or IPv6. */
static uint64_t flow_hash_slow(const struct pkt *p)
{
	struct ip_view h;
	struct flow fl;

	if (!ip_peek(span_of(p->data, p->len), &h))
		return 0;
	ip_flow(p, &h, &fl);
	uint64_t sum = ip_addr_mix(&fl.local) + ip_addr_mix(&fl.remote);

	/* the kernel does not look into fragments either, the first of them included */
	return (sum << 16 ^ (ip_is_fragment(&h) ? 0u : fl.local_port ^ fl.remote_port)) * MIX;
}

/* answer: p goes the other way. */
static inline uint64_t flow_hash(const struct pkt *p, bool answer)
{
	const uint8_t *b = p->data;
	uint64_t addrs;
	uint32_t ports;

	if (p->len < IP4_HEADER + 4 || b[0] != 0x45 || be16_at(b + 6) & (IP4_MF | IP4_OFF_MASK) ||
	    (b[9] != IPPROTO_TCP_ && b[9] != IPPROTO_UDP_))
		return flow_hash_slow(p);
	memcpy(&addrs, b + 12, sizeof(addrs));
	memcpy(&ports, b + IP4_HEADER, sizeof(ports));
	if (answer) {
		addrs = addrs << 32 | addrs >> 32;
		ports = ports << 16 | ports >> 16;
	}
	return (addrs ^ (uint64_t)ports << 29 ^ ports) * MIX;
}

static inline size_t place_of(uint64_t hash)
{
	return hash >> 47 & (QUEUE_FLOWS - 1);
}

static inline uint32_t tag_of(uint64_t hash)
{
	return (uint32_t)(hash >> 32 & ((1u << TAG_BITS) - 1)) << QUEUE_BITS;
}

static inline bool is_of(uint32_t word, uint32_t tag)
{
	return word && !((word ^ tag) & ((1u << TAG_BITS) - 1) << QUEUE_BITS);
}

void queues_init(struct queues *q, unsigned n)
{
	memset(q, 0, sizeof(*q));
	atomic_init(&q->readers, n);
}

void queues_set_readers(struct queues *q, unsigned n)
{
	atomic_store_explicit(&q->readers, n, memory_order_relaxed);
}

void queues_learn(struct queues *q, unsigned me, const struct pkt *p, uint64_t now_ms)
{
	uint64_t h = flow_hash(p, true);
	_Atomic uint32_t *at = &q->read[place_of(h)];
	uint32_t was = atomic_load_explicit(at, memory_order_relaxed), tag = tag_of(h);
	uint32_t now = (uint32_t)(now_ms >> TICK_SHIFT) << TIME_SHIFT, word = now | tag | (me + 1);

	if (was == word || (was && !is_of(was, tag) && (now - was) >> TIME_SHIFT < FORGET))
		return;
	atomic_store_explicit(at, word, memory_order_relaxed);
}

unsigned queues_of(struct queues *q, unsigned n, const struct pkt *p, uint64_t now_ms, bool *ret_moved)
{
	uint64_t h = flow_hash(p, false);
	size_t at = place_of(h);
	uint32_t word = atomic_load_explicit(&q->read[at], memory_order_relaxed);
	unsigned readers = queues_readers(q);
	unsigned queue = (unsigned)((h >> 32) * (readers < n ? readers : n) >> 32);
	unsigned known = word & ((1u << QUEUE_BITS) - 1);

	/* nothing of a flow that was silent is on its way: it may go where there is more room by now. The clocks of
	 * two workers differ a little: the age may be less than nothing */
	int16_t age = (int16_t)((((uint32_t)(now_ms >> TICK_SHIFT) << TIME_SHIFT) - word) >> TIME_SHIFT);
	if (is_of(word, tag_of(h)) && known && known <= n && age <= SILENT)
		queue = known - 1;
	*ret_moved = q->written[at] && q->written[at] != queue + 1;
	q->written[at] = (uint8_t)(queue + 1);
	return queue;
}
