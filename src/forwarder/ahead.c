/* SPDX-License-Identifier: Apache-2.0 */
/* Ahead of a batch: where there are more SAs than caches hold, each packet of another one would wait for memory a dozen
 * times, one time after the other. Here all packets of the batch wait for the first, then all for the second. */
#include "forwarder/internal.h"

#include "packet/ip.h"

#define AHEAD_FROM 64 /* SAs; fewer stay where they are */
#define FLOWS_FROM 1024 /* that were new once; fewer have their slots near */
#define FEW	   4  /* packets that gain nothing */
#define LINE	   64

static bool is_worth_it(const struct forwarder *f, size_t n)
{
	return n >= FEW && f->all->sad.by_id.n >= AHEAD_FROM;
}

void ahead_out(struct forwarder *f, uint32_t ifid, const struct batch *b)
{
	struct spd_slot *pair[BATCH_MAX];
	struct ip_key key[BATCH_MAX];
	size_t n = 0;

	if (!is_worth_it(f, b->n) && (f->cache.fills < FLOWS_FROM || b->n < FEW))
		return;
	for (size_t i = 0; i < b->n; i++) {
		const struct pkt *p = b->p[i];
		const uint8_t *h = ip4_sane(span_of(p->data, p->len));

		if (!h || be16_at(h + 2) > p->len)
			continue;
		ip_key4(h, be16_at(h + 2), &key[n]);
		pair[n] = spd_slot_at(&f->cache, ifid, &key[n]);
		__builtin_prefetch(pair[n]);
		__builtin_prefetch(pair[n++] + 1);
	}
	for (size_t i = 0; i < n; i++) {
		const struct spd_slot *slot = spd_slot_known(&f->all->table.spd, pair[i], ifid, &key[i]);

		if (slot)
			sa_prefetch(slot->sa);
	}
}

static bool peek_spi(const struct pkt *p, bool udp, uint32_t *ret_spi)
{
	struct rd r = pkt_rd(p);

	if (!udp)
		rd_skip(&r, (size_t)(rd_u8(&r) & 15) * 4 - 1); /* IPv6 has no room for one there, and none is found */
	*ret_spi = rd_be32(&r);
	return !r.bad;
}

void ahead_in(struct forwarder *f, const struct batch *b, bool udp)
{
	uint32_t spi[BATCH_MAX];
	size_t n = 0;

	if (!is_worth_it(f, b->n))
		return;
	for (size_t i = 0; i < b->n; i++)
		if (peek_spi(b->p[i], udp, &spi[n]) && (!n || spi[n] != spi[n - 1]))
			sad_prefetch(&f->all->sad, spi[n++]);
	for (size_t i = 0; i < n; i++)
		sa_prefetch(sad_guess(&f->all->sad, spi[i]));
}

void ahead_keys(struct forwarder *f, struct pkt *const *p, size_t n)
{
	const struct sa *sa[BATCH_MAX];
	size_t some = 0;

	if (!is_worth_it(f, n))
		return;
	for (size_t i = 0; i < n; i++) {
		if (some && p[i]->sa == sa[some - 1])
			continue;
		sa[some] = p[i]->sa;
		__builtin_prefetch(sa[some]->owner);
		if (sa[some]->key)
			crypto_key_prefetch(sa[some]->key);
		some++;
	}
	for (size_t i = 0; i < some; i++) {
		const char *stats = (const char *)pol_stats(f, sa[i]->owner);

		for (size_t k = 0; k < 2; k++) /* what every packet counts */
			__builtin_prefetch(stats + k * LINE, 1);
		if (sa[i]->key)
			crypto_key_prefetch_more(sa[i]->key);
	}
}
