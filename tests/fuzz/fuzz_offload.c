/* SPDX-License-Identifier: Apache-2.0 */
/* Super-packets of a TUN that lies, and packets of strangers that are to be joined: whatever is cut stays
 * inside, and what is joined is cut to the same bytes again, in an order that no flow minds.
 *
 * Input: a byte; if it is even, a virtio_net_hdr and a packet; if it is odd, packets, each behind a byte
 * with flags and two with its length. Its next two bits say which kinds (enum gro_kind) are not joined. */
#include <stdlib.h>
#include <string.h>

#include "packet/gro.h"
#include "packet/gso.h"
#include "packet/ip.h"
#include "packet/l4sum.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { REPAIR = 1, AGAIN = 2 }; /* flags: right checksums; the one before once more, as what follows it */

static struct pool pool;

static void check(bool ok)
{
	if (!ok)
		abort();
}

/* Cuts all there is, a batch at a time; into *ret_b if that is not NULL, where it has to fit. */
static size_t cut_all(struct gso *g, struct batch *ret_b)
{
	size_t n = 0, bytes = 0, head = g->head, said = gso_count(g);
	struct span whole = g->packet;

	while (gso_left(g)) {
		struct batch b = { 0 };

		check(gso_cut(g, &pool, &b) > 0);
		for (size_t i = 0; i < b.n; i++, n++) {
			check(b.p[i]->len <= PKT_DATA_MAX);
			bytes += b.p[i]->len;
			if (ret_b)
				check(batch_add(ret_b, b.p[i]));
		}
		if (!ret_b)
			batch_put(&pool, &b);
	}
	check(n == said && bytes == whole.len + (n - 1) * head);
	return n;
}

static bool same(const struct pkt *a, const struct pkt *b)
{
	return a->len == b->len && !memcmp(a->data, b->data, a->len);
}

/* Joins b, cuts what came of it, and compares. Each packet has to be there once; those of a write are
 * in the order in which they were. */
static void join(const struct batch *b, unsigned kinds)
{
	static uint8_t out[VNET_HEADER + 70000];
	bool seen[BATCH_MAX] = { false };
	struct gro g;
	size_t n = 0;

	gro_sort(&g, b, kinds);
	for (size_t i = 0; i < g.n; i++) {
		struct span piece[GRO_PIECES];
		uint8_t head[GRO_HEAD_MAX];
		size_t pieces = 2, len = 0, at = g.w[i].first;
		struct batch cut = { 0 };
		struct vnet v;
		struct gso s;

		check(!i || g.w[i].first > g.w[i - 1].first);
		check(g.w[i].n == 1 || g.w[i].kind & kinds);
		if (g.w[i].n > 1) {
			pieces = gro_pieces(&g, b, i, head, piece);
		} else {
			gro_alone(&g, b, i, head);
			piece[0] = span_of(head, VNET_HEADER);
			piece[1] = span_of(b->p[at]->data, b->p[at]->len);
		}
		for (size_t k = 0; k < pieces; k++) {
			check(len + piece[k].len <= sizeof(out));
			if (piece[k].len)
				memcpy(out + len, piece[k].p, piece[k].len);
			len += piece[k].len;
		}
		check(len <= VNET_HEADER + VNET_PACKET_MAX);
		struct rd r = rd_of(out, len);
		check(vnet_decode(&r, &v) && gso_begin(&s, &v, span_of(out + VNET_HEADER, len - VNET_HEADER)));
		check(cut_all(&s, &cut) == g.w[i].n);
		for (size_t k = 0; k < cut.n; k++, n++) {
			if (v.flags && g.w[i].n == 1) /* it was left unfinished */
				memcpy(b->p[at]->data + v.csum_start + v.csum_offset,
				       cut.p[k]->data + v.csum_start + v.csum_offset, 2);
			check(!seen[at] && same(cut.p[k], b->p[at]));
			seen[at] = true;
			check(k + 1 == cut.n || g.next[at] > at);
			at = g.next[at];
		}
		batch_put(&pool, &cut);
	}
	check(n == b->n);
}

static void cut(const uint8_t *data, size_t size, unsigned kinds)
{
	struct rd r = rd_of(data, size);
	struct vnet v, again;
	uint8_t raw[VNET_HEADER], *exact;
	struct gso g;

	if (!vnet_decode(&r, &v))
		return;
	vnet_encode(raw, &v);
	check(!memcmp(raw, data, sizeof(raw)));
	struct span s = rd_take(&r, rd_left(&r));
	/* exactly sized, so that a sanitizer sees one byte too many */
	exact = malloc(s.len ? s.len : 1);
	check(exact);
	if (s.len)
		memcpy(exact, s.p, s.len);
	again = v;
	if (gso_begin(&g, &again, span_of(exact, s.len)))
		(void)cut_all(&g, NULL);
	/* once more, and together again */
	if (gso_begin(&g, &v, span_of(exact, s.len))) {
		struct batch b = { 0 };

		(void)gso_cut(&g, &pool, &b);
		join(&b, kinds);
		batch_put(&pool, &b);
	}
	free(exact);
}

/* As what follows p: the next sequence number and identification. */
static void move_on(struct pkt *p)
{
	struct ip_view h;

	if (!ip_peek(span_of(p->data, p->len), &h) || h.header_len + 20u > p->len)
		return;
	if (h.family == IP_V4) {
		p->data[5]++;
		p->data[4] = (uint8_t)(p->data[4] + !p->data[5]);
	}
	size_t head = h.header_len + (size_t)(p->data[h.header_len + 12] >> 4) * 4;
	uint8_t *seq = p->data + h.header_len + 4;
	if (h.proto != IPPROTO_TCP_ || head > p->len)
		return;
	uint32_t v = (uint32_t)seq[0] << 24 | (uint32_t)seq[1] << 16 | (uint32_t)seq[2] << 8 | seq[3];
	v += (uint32_t)(p->len - head);
	for (size_t i = 0; i < 4; i++)
		seq[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void repair(struct pkt *p)
{
	struct ip_view h;

	if (!ip_peek(span_of(p->data, p->len), &h) || h.header_len > p->len)
		return;
	l4sum_renew(p, &h);
	if (h.family == IP_V4 && h.header_len >= IP4_HEADER) {
		p->data[10] = p->data[11] = 0;
		uint16_t sum = ip_checksum(p->data, h.header_len);
		p->data[10] = (uint8_t)(sum >> 8);
		p->data[11] = (uint8_t)sum;
	}
}

static void sort(const uint8_t *data, size_t size, unsigned kinds)
{
	struct rd r = rd_of(data, size);
	struct batch b = { 0 };

	while (rd_left(&r) && b.n < BATCH_MAX) {
		uint8_t flags = rd_u8(&r);
		struct span s = rd_take(&r, flags & AGAIN ? 0 : rd_be16(&r) % 4096);
		struct pkt *p = pkt_get(&pool);

		check(p);
		if (flags & AGAIN && b.n)
			s = span_of(b.p[b.n - 1]->data, b.p[b.n - 1]->len);
		if (s.len)
			memcpy(p->data, s.p, s.len);
		p->len = (uint32_t)s.len;
		if (flags & AGAIN)
			move_on(p);
		if (flags & (REPAIR | AGAIN))
			repair(p);
		(void)batch_add(&b, p);
	}
	join(&b, kinds);
	batch_put(&pool, &b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > 70000)
		return 0;
	if (!pool.n)
		check(!pool_init(&pool, 3 * BATCH_MAX));
	unsigned kinds = ~(unsigned)(*data >> 1) & (GRO_TCP | GRO_UDP);
	if (*data & 1)
		sort(data + 1, size - 1, kinds);
	else
		cut(data + 1, size - 1, kinds);
	check(pool.n_free == pool.n);
	return 0;
}
