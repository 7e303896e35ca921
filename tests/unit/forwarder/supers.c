/* SPDX-License-Identifier: Apache-2.0 */
#include "supers.h"

#include <string.h>

#define SEGMENTS 20
#define SEG_MAX	 1300

/* One of them: the packet, its payload and how it is cut. */
struct super {
	struct ref_packet p;
	size_t seg;
	uint8_t payload[SEGMENTS * SEG_MAX];
};

/* The first four bytes of each segment's payload are its number: of the super-packet, and which segment of it. */
static uint32_t number_of(uint32_t nth, size_t segment)
{
	return nth << 8 | (uint32_t)segment;
}

static void make(struct super *s, const struct super_flow *f, uint32_t nth)
{
	struct ref_rng r = { (uint64_t)f->net << 56 | (uint64_t)f->worker << 48 | (uint64_t)f->flow << 40 | nth };
	bool udp = f->flow & 1;
	size_t n = ref_below(&r, 4) ? 1 + ref_below(&r, SEGMENTS) : 1;

	s->seg = 8 + ref_below(&r, ref_below(&r, 2) ? SEG_MAX - 7 : 200);
	s->p = (struct ref_packet){ .udp = udp, .tos = (uint8_t)(f->flow << 2), .ttl = 63, .df = f->flow & 2,
				    .flags = 0x10, .id = (uint16_t)ref_rnd(&r), .window = 1000, .ack = 77,
				    .sport = (uint16_t)(1000 + f->flow), .dport = 53, .seq = nth << 16,
				    .src = { 10, 1, (uint8_t)f->worker, (uint8_t)f->flow },
				    .dst = { 10, (uint8_t)(2 + f->net), 0, 1 },
				    .n_options = udp || f->flow & 4 ? 0 : 12, .options = { 1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8 },
				    .n_payload = (n - 1) * s->seg + 4 + ref_below(&r, (uint32_t)s->seg - 3),
				    .payload = s->payload };
	if (!udp && !ref_below(&r, 3))
		s->p.flags |= 8; /* PSH, of the last */
	for (size_t i = 0; i < s->p.n_payload; i += 4) {
		uint32_t word = ref_rnd(&r);

		memcpy(s->payload + i, &word, s->p.n_payload - i < 4 ? s->p.n_payload - i : 4);
	}
	for (size_t k = 0; k < n; k++) {
		uint32_t v = number_of(nth, k);

		for (size_t i = 0; i < 4; i++)
			s->payload[k * s->seg + i] = (uint8_t)(v >> (24 - 8 * i));
	}
}

void super_begin(struct super_source *s, const struct super_flow *f, uint32_t nth)
{
	struct super one;

	make(&one, f, nth);
	size_t len = ref_write(&one.p, s->whole);
	bool many = one.p.n_payload > one.seg;
	struct vnet v = { .flags = VNET_NEEDS_CSUM, .gso_size = many ? (uint16_t)one.seg : 0,
			  .gso_type = !many ? VNET_GSO_NONE : one.p.udp ? VNET_GSO_UDP_L4 : VNET_GSO_TCPV4,
			  .hdr_len = (uint16_t)ref_head(&one.p), .csum_start = (uint16_t)ref_l4(&one.p),
			  .csum_offset = one.p.udp ? 6 : 16 };
	ref_unfinish(&one.p, s->whole, len);
	(void)gso_begin(&s->g, &v, span_of(s->whole, len));
}

int super_sink_init(struct super_sink *s)
{
	return pool_init(&s->pool, 2 * BATCH_MAX);
}

void super_sink_fini(struct super_sink *s)
{
	pool_fini(&s->pool);
}

/* Byte by byte what the reference makes of that number. */
static bool is_right(const struct pkt *p, struct super_flow *f, uint32_t *ret_number)
{
	uint8_t want[PKT_DATA_MAX];
	struct super one;

	if (p->len < 28 || (!(p->data[15] & 1) && p->len < 40))
		return false;
	*f = (struct super_flow){ (uint32_t)p->data[17] - 2, p->data[14], p->data[15] };
	size_t head = f->flow & 1 ? 28 : 20 + (size_t)(p->data[32] >> 4) * 4;
	struct rd r = rd_of(p->data, p->len);
	rd_skip(&r, head);
	uint32_t number = rd_be32(&r), nth = number >> 8;
	if (r.bad || !nth)
		return false;
	make(&one, f, nth);
	size_t n = ref_segment(&one.p, one.seg, number & 0xff, want);
	*ret_number = number;
	return n == p->len && !memcmp(want, p->data, n);
}

/* One write of a TUN, as the kernel would take it apart again. */
static bool take_apart(struct super_sink *s, const struct gro *g, const struct batch *b, size_t i, struct batch *cut)
{
	uint8_t out[REF_MAX];
	size_t len = ref_assemble(g, b, i, out);
	struct rd r = rd_of(out, len);
	struct vnet v;
	struct gso again;

	if (!vnet_decode(&r, &v) || !gso_begin(&again, &v, rd_take(&r, rd_left(&r))))
		return false;
	(void)gso_cut(&again, &s->pool, cut);
	return !gso_left(&again) && cut->n == g->w[i].n;
}

void super_arrive(struct super_sink *s, const struct batch *b,
		  void (*each)(void *ctx, const struct super_flow *f, uint32_t number), void *ctx)
{
	struct gro g;

	gro_sort(&g, b, GRO_TCP | GRO_UDP);
	for (size_t i = 0; i < g.n; i++) {
		struct batch cut = { 0 };

		s->wrong += !take_apart(s, &g, b, i, &cut);
		for (size_t k = 0; k < cut.n; k++) {
			struct super_flow f;
			uint32_t number;

			if (is_right(cut.p[k], &f, &number))
				each(ctx, &f, number);
			else
				s->wrong++;
		}
		s->packets += cut.n;
		batch_put(&s->pool, &cut);
	}
	s->writes += g.n;
}
