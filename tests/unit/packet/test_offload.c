/* SPDX-License-Identifier: Apache-2.0 */
/* Segmentation against a slow reference, coalescing against segmentation: random flows, sizes,
 * losses, options and headers of strangers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "offload_ref.h"
#include "packet/gro.h"
#include "packet/gso.h"
#include "packet/ip.h"
#include "packet/l4sum.h"
#include "packet/sum.h"

#define BOTH (GRO_TCP | GRO_UDP)

static struct pool pool;
static uint8_t noise[REF_MAX];

static int set_up(void **state)
{
	struct ref_rng r = { 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (uint8_t)ref_rnd(&r);
	return pool_init(&pool, 3 * BATCH_MAX);
}

static int tear_down(void **state)
{
	(void)state;
	pool_fini(&pool);
	return 0;
}

/* ---- sums ---- */

static void sums_are_those_of_rfc_1071(void **state)
{
	static uint8_t from[REF_MAX], to[REF_MAX];
	struct ref_rng r = { 2 };

	(void)state;
	for (size_t turn = 0; turn < 3000; turn++) {
		size_t n = ref_below(&r, turn < 200 ? 130 : turn < 2990 ? 3000 : 65536), at = ref_below(&r, 40);

		memset(to, 0x55, n + 64);
		memcpy(from, noise + ref_below(&r, 4000), n + 40);
		if (turn % 7 == 0)
			memset(from, turn % 2 ? 0 : 0xff, n + 40);
		uint16_t want = (uint16_t)~ip_checksum(from + at, n);
		assert_int_equal(sum_word(sum_fold(sum_bytes(from + at, n))), want);
		assert_int_equal(sum_word(sum_fold(sum_copy(to + 8, from + at, n))), want);
		assert_memory_equal(to + 8, from + at, n);
		assert_int_equal(to[7], 0x55);
		assert_int_equal(to[8 + n], 0x55);
	}
}

/* ---- segmentation ---- */

static struct ref_packet random_packet(struct ref_rng *r, size_t payload_max)
{
	struct ref_packet p = { .v6 = ref_below(r, 2), .udp = ref_below(r, 3) == 0,
				.tos = (uint8_t)ref_rnd(r), .ttl = (uint8_t)(1 + ref_below(r, 255)),
				.df = ref_below(r, 2), .id = (uint16_t)ref_rnd(r),
				.window = (uint16_t)ref_rnd(r), .sport = (uint16_t)ref_rnd(r),
				.dport = (uint16_t)ref_rnd(r), .flow_label = ref_rnd(r), .seq = ref_rnd(r),
				.ack = ref_rnd(r), .n_payload = ref_below(r, (uint32_t)payload_max + 1) };

	for (size_t i = 0; i < 16; i++) {
		p.src[i] = (uint8_t)ref_rnd(r);
		p.dst[i] = (uint8_t)ref_rnd(r);
	}
	p.flags = (uint8_t)(0x10 | (ref_rnd(r) & 0xc9)); /* ACK, and PSH, FIN, ECE, CWR */
	p.n_options = p.udp ? 0 : 4 * ref_below(r, 11);
	for (size_t i = 0; i < p.n_options; i++)
		p.options[i] = (uint8_t)ref_rnd(r);
	p.payload = noise + ref_below(r, 4000);
	return p;
}

/* IPv4 options without meaning; IPv6 destination options, which are all padding. */
static void add_extra(struct ref_packet *p, struct ref_rng *r)
{
	if (!p->v6) {
		p->n_extra = 4 * ref_below(r, 11);
		memset(p->extra, 1, p->n_extra);
		return;
	}
	p->n_extra = 8 * (1 + ref_below(r, 4));
	p->extra_next = IP6_DEST_OPTIONS;
	memset(p->extra, 0, p->n_extra);
	p->extra[0] = p->udp ? 17 : 6;
	p->extra[1] = (uint8_t)(p->n_extra / 8 - 1);
	p->extra[2] = 1;
	p->extra[3] = (uint8_t)(p->n_extra - 4);
}

static struct vnet vnet_of(const struct ref_packet *p, size_t seg)
{
	return (struct vnet){ .flags = VNET_NEEDS_CSUM, .gso_size = (uint16_t)seg,
			      .gso_type = p->udp ? VNET_GSO_UDP_L4 : p->v6 ? VNET_GSO_TCPV6 : VNET_GSO_TCPV4,
			      .hdr_len = (uint16_t)ref_head(p), .csum_start = (uint16_t)ref_l4(p),
			      .csum_offset = p->udp ? 6 : 16 };
}

/* Everything that is cut off, batch by batch; how many. */
static size_t cut_all(struct gso *g, void (*each)(void *ctx, size_t nth, const struct pkt *k), void *ctx)
{
	struct batch b = { 0 };
	size_t n = 0;

	while (gso_left(g)) {
		assert_true(gso_cut(g, &pool, &b) > 0);
		for (size_t i = 0; i < b.n; i++, n++)
			each(ctx, n, b.p[i]);
		batch_put(&pool, &b);
	}
	assert_int_equal(pool.n_free, pool.n);
	return n;
}

struct wanted {
	const struct ref_packet *p;
	size_t seg;
};

static void is_wanted(void *ctx, size_t nth, const struct pkt *k)
{
	static uint8_t want[REF_MAX];
	const struct wanted *w = ctx;
	size_t n = ref_segment(w->p, w->seg, nth, want);

	assert_int_equal(k->len, n);
	assert_memory_equal(k->data, want, n);
	assert_int_equal(pkt_headroom(k), PKT_HEADROOM);
}

static void segments_are_those_of_the_reference(void **state)
{
	static uint8_t whole[REF_MAX];
	struct ref_rng r = { 3 };
	size_t cut = 0;

	(void)state;
	for (size_t turn = 0; turn < 3000; turn++) {
		struct ref_packet p = random_packet(&r, turn % 4 ? 9000 : 65000);
		struct gso g;

		if (turn % 5 == 0)
			add_extra(&p, &r);
		size_t seg = 1 + ref_below(&r, turn % 3 ? 1500 : 9000);
		size_t len = ref_write(&p, whole);
		if (len > VNET_PACKET_MAX || p.n_payload / seg > 3000)
			continue;
		struct vnet v = vnet_of(&p, seg);
		if (turn % 11 && p.udp == false)
			v.gso_type = (uint8_t)(v.gso_type | (p.flags & 0x80 ? VNET_GSO_ECN : 0));
		if (turn % 7 || p.n_extra)
			ref_unfinish(&p, whole, len);
		else
			v.flags = 0; /* a checksum that is right for the whole, and of no use */
		/* exactly sized, so that a sanitizer sees one byte too many */
		uint8_t *exact = malloc(len);
		memcpy(exact, whole, len);
		assert_true(gso_begin(&g, &v, span_of(exact, len)));
		struct wanted w = { &p, seg };
		size_t said = gso_count(&g), n = cut_all(&g, is_wanted, &w);
		assert_int_equal(said, n);
		assert_int_equal(gso_count(&g), 0);
		assert_int_equal(n, p.n_payload ? (p.n_payload + seg - 1) / seg : 1);
		cut += n > 1;
		/* and where the payload of each is in its place already */
		assert_true(gso_begin(&g, &v, span_of(exact, len)));
		for (size_t i = 0; i < n; i++) {
			struct pkt *k = pkt_get(&pool);
			size_t some = p.n_payload - i * seg < seg ? p.n_payload - i * seg : seg;

			memcpy(k->data + gso_head(&g), exact + gso_head(&g) + i * seg, some);
			gso_take(&g, k);
			is_wanted(&w, i, k);
			pkt_put(&pool, k);
		}
		assert_false(gso_left(&g));
		free(exact);
	}
	assert_true(cut > 2000);
}

/* As scapy makes them: 10.1.2.3 to 10.9.8.7, 1000 to 2000, IPv6 alike, with timestamps. */
#include "offload_vectors.inc"

struct collected {
	size_t n;
	uint8_t bytes[4][256];
	size_t len[4];
};

static void collect(void *ctx, size_t nth, const struct pkt *k)
{
	struct collected *c = ctx;

	assert_true(nth < 4 && k->len <= 256);
	memcpy(c->bytes[nth], k->data, k->len);
	c->len[nth] = k->len;
	c->n = nth + 1;
}

static void segments_are_those_of_scapy(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const struct vector *v = &vectors[i];
		struct collected c = { 0 };
		struct gso g;

		assert_true(gso_begin(&g, &v->vnet, span_of(v->whole, v->whole_len)));
		cut_all(&g, collect, &c);
		assert_int_equal(c.n, v->n);
		for (size_t k = 0; k < v->n; k++) {
			assert_int_equal(c.len[k], v->len[k]);
			assert_memory_equal(c.bytes[k], v->segment[k], v->len[k]);
		}
	}
}

static void an_unfinished_checksum_is_finished(void **state)
{
	uint8_t whole[2000], want[2000];
	struct ref_rng r = { 4 };

	(void)state;
	for (size_t turn = 0; turn < 2000; turn++) {
		struct ref_packet p = random_packet(&r, 1400);
		struct batch b = { 0 };
		struct gso g;

		if (turn % 3 == 0)
			add_extra(&p, &r);
		size_t len = ref_write(&p, whole);
		memcpy(want, whole, len);
		ref_unfinish(&p, whole, len);
		struct vnet v = vnet_of(&p, 0);
		v.gso_type = VNET_GSO_NONE;
		assert_true(gso_begin(&g, &v, span_of(whole, len)));
		assert_int_equal(gso_cut(&g, &pool, &b), 1);
		assert_false(gso_left(&g));
		assert_int_equal(b.p[0]->len, len);
		/* zero, of which there are two, is written as the kernel does it */
		if (!p.udp && !want[ref_l4(&p) + 16] && !want[ref_l4(&p) + 17])
			memset(want + ref_l4(&p) + 16, 0xff, 2);
		assert_memory_equal(b.p[0]->data, want, len);
		batch_put(&pool, &b);
		/* without the flag nothing is touched */
		v.flags = 0;
		assert_true(gso_begin(&g, &v, span_of(whole, len)));
		assert_int_equal(gso_cut(&g, &pool, &b), 1);
		assert_memory_equal(b.p[0]->data, whole, len);
		batch_put(&pool, &b);
	}
}

/* What is left stays where it is, and goes on when there is room again. */
static void a_full_batch_and_an_empty_pool_lose_nothing(void **state)
{
	static uint8_t whole[REF_MAX];
	struct ref_rng r = { 5 };
	struct ref_packet p = random_packet(&r, 0);
	struct batch b = { 0 }, all = { 0 };
	struct pool small;
	struct gso g;

	(void)state;
	p.udp = false;
	p.n_payload = 100 * 500;
	size_t len = ref_write(&p, whole);
	ref_unfinish(&p, whole, len);
	struct vnet v = vnet_of(&p, 500);
	struct wanted w = { &p, 500 };
	assert_true(gso_begin(&g, &v, span_of(whole, len)));
	assert_int_equal(gso_cut(&g, &pool, &b), BATCH_MAX);
	assert_int_equal(gso_cut(&g, &pool, &b), 0);
	assert_int_equal(gso_count(&g), 100 - BATCH_MAX);
	for (size_t i = 0; i < b.n; i++)
		is_wanted(&w, i, b.p[i]);
	batch_put(&pool, &b);
	assert_int_equal(pool_init(&small, 10), 0);
	assert_int_equal(gso_cut(&g, &small, &all), 10);
	assert_true(gso_left(&g));
	for (size_t i = 0; i < all.n; i++)
		is_wanted(&w, BATCH_MAX + i, all.p[i]);
	batch_put(&small, &all);
	pool_fini(&small);
	assert_int_equal(gso_cut(&g, &pool, &b), 100 - BATCH_MAX - 10);
	assert_false(gso_left(&g));
	batch_put(&pool, &b);
}

static void what_the_header_says_is_checked(void **state)
{
	static const struct {
		const char *what;
		size_t at; /* in the packet; or with SIZE_MAX in the header, by `bytes` */
		uint8_t bytes[10];
		size_t n;
	} bad[] = {
		{ "no segment size", SIZE_MAX, { 1, 1, 0, 0, 0, 0, 20, 0, 16, 0 }, 10 },
		{ "fragments of UDP", SIZE_MAX, { 1, 3, 0, 0, 100, 0, 20, 0, 16, 0 }, 10 },
		{ "the other family", SIZE_MAX, { 1, 4, 0, 0, 100, 0, 20, 0, 16, 0 }, 10 },
		{ "the other protocol", SIZE_MAX, { 1, 5, 0, 0, 100, 0, 20, 0, 6, 0 }, 10 },
		{ "UDP with ECN", SIZE_MAX, { 1, 0x85, 0, 0, 100, 0, 20, 0, 6, 0 }, 10 },
		{ "no such kind", SIZE_MAX, { 1, 2, 0, 0, 100, 0, 20, 0, 16, 0 }, 10 },
		{ "nothing with ECN", SIZE_MAX, { 1, 0x80, 0, 0, 100, 0, 20, 0, 16, 0 }, 10 },
		{ "a checksum elsewhere", SIZE_MAX, { 1, 1, 0, 0, 100, 0, 24, 0, 16, 0 }, 10 },
		{ "a checksum in another place", SIZE_MAX, { 1, 1, 0, 0, 100, 0, 20, 0, 18, 0 }, 10 },
		{ "a checksum behind the end", SIZE_MAX, { 1, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff }, 10 },
		{ "the last byte of it behind the end", SIZE_MAX, { 1, 0, 0, 0, 0, 0, 0xe9, 3, 38, 0 }, 10 },
		{ "a checksum between two words", SIZE_MAX, { 1, 0, 0, 0, 0, 0, 20, 0, 15, 0 }, 10 },
		{ "a checksum over the addresses", SIZE_MAX, { 1, 0, 0, 0, 0, 0, 10, 0, 16, 0 }, 10 },
		{ "segments that no packet holds", SIZE_MAX, { 1, 1, 0, 0, 0x80, 0x3e, 20, 0, 16, 0 }, 10 },
		{ "more", 6, { 0x20, 0 }, 2 },
		{ "an offset", 6, { 0, 1 }, 2 },
		{ "too long", 2, { 4, 17 }, 2 },
		{ "too short", 2, { 4, 15 }, 2 },
		{ "a short IP header", 0, { 0x44 }, 1 },
		{ "IP options that are not there", 0, { 0x4f }, 1 },
		{ "UDP", 9, { 17 }, 1 },
		{ "a short TCP header", 32, { 0x40 }, 1 },
		{ "SYN", 33, { 0x12 }, 1 },
	};
	uint8_t packet[1040];
	struct ref_packet p = { .ttl = 64, .flags = 0x10, .n_payload = 1000, .payload = noise };
	struct vnet v = vnet_of(&p, 100);
	struct gso g;

	(void)state;
	assert_int_equal(ref_write(&p, packet), sizeof(packet));
	ref_unfinish(&p, packet, sizeof(packet));
	assert_true(gso_begin(&g, &v, span_of(packet, sizeof(packet))));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct vnet w = v;
		uint8_t was[10];
		bool header = bad[i].at == SIZE_MAX;

		if (header) {
			struct rd r = rd_of(bad[i].bytes, bad[i].n);

			assert_true(vnet_decode(&r, &w));
		} else {
			memcpy(was, packet + bad[i].at, bad[i].n);
			memcpy(packet + bad[i].at, bad[i].bytes, bad[i].n);
		}
		if (gso_begin(&g, &w, span_of(packet, sizeof(packet))) || gso_left(&g))
			fail_msg("taken: %s", bad[i].what);
		if (!header)
			memcpy(packet + bad[i].at, was, bad[i].n);
	}
	/* every truncation */
	for (size_t n = 0; n < sizeof(packet); n++) {
		uint8_t *exact = malloc(n ? n : 1);

		memcpy(exact, packet, n);
		assert_false(gso_begin(&g, &v, span_of(exact, n)));
		free(exact);
	}
	struct rd r = rd_of(packet, VNET_HEADER - 1);
	assert_false(vnet_decode(&r, &v));
}

/* What the packet itself must be, beside what one byte can change. */
static void what_the_packet_says_is_checked(void **state)
{
	static uint8_t packet[REF_MAX];
	struct ref_packet p = { .ttl = 64, .flags = 0x10, .n_payload = 0, .payload = noise };
	struct vnet v = vnet_of(&p, 100), none = { .gso_type = VNET_GSO_NONE };
	struct batch b = { 0 };
	struct gso g;
	size_t len = ref_write(&p, packet);

	(void)state;
	packet[32] = 0xf0; /* TCP options that would begin behind the end */
	assert_false(gso_begin(&g, &v, span_of(packet, len)));
	assert_true(gso_begin(&g, &none, span_of(packet, PKT_DATA_MAX)));
	assert_false(gso_begin(&g, &none, span_of(packet, PKT_DATA_MAX + 1)));
	/* no checksum begins in the IP header, however long that is */
	p.n_payload = 100;
	none = (struct vnet){ .flags = VNET_NEEDS_CSUM, .csum_offset = 16 };
	for (unsigned k = 0; k < 4; k++) {
		size_t ip = k & 1 ? 40 : k & 2 ? 44 : 20;

		p.v6 = k & 1;
		p.n_extra = k == 2 ? 24 : 0;
		memset(p.extra, 1, p.n_extra);
		len = ref_write(&p, packet);
		none.csum_start = (uint16_t)ip;
		assert_true(gso_begin(&g, &none, span_of(packet, len)));
		none.csum_start = (uint16_t)(ip - 1);
		assert_false(gso_begin(&g, &none, span_of(packet, len)));
	}
	p.v6 = false;
	/* without a sum to go on from, an address may be among the options */
	p.n_payload = 1000;
	p.n_extra = 4;
	memset(p.extra, 1, 4);
	len = ref_write(&p, packet);
	v = vnet_of(&p, 100);
	assert_true(gso_begin(&g, &v, span_of(packet, len)));
	v.flags = 0;
	assert_false(gso_begin(&g, &v, span_of(packet, len)));
	/* a fragment of IPv6 that is the whole of it */
	p.v6 = true;
	p.n_extra = 8;
	p.extra_next = IP6_FRAGMENT;
	memset(p.extra, 0, 8);
	p.extra[0] = 6;
	len = ref_write(&p, packet);
	v = vnet_of(&p, 100);
	assert_false(gso_begin(&g, &v, span_of(packet, len)));
	/* UDP of another length */
	p = (struct ref_packet){ .udp = true, .ttl = 64, .n_payload = 150, .payload = noise };
	len = ref_write(&p, packet);
	v = vnet_of(&p, 100);
	assert_true(gso_begin(&g, &v, span_of(packet, len)));
	packet[25]--;
	assert_false(gso_begin(&g, &v, span_of(packet, len)));
	packet[25]++;
	/* and without a checksum, which it stays */
	packet[26] = packet[27] = 0;
	v.flags = 0;
	assert_true(gso_begin(&g, &v, span_of(packet, len)));
	assert_int_equal(gso_cut(&g, &pool, &b), 2);
	assert_int_equal(b.p[0]->data[26] | b.p[0]->data[27] | b.p[1]->data[26] | b.p[1]->data[27], 0);
	batch_put(&pool, &b);
}

static void is_sane(void *ctx, size_t nth, const struct pkt *k)
{
	size_t *sum = ctx;

	(void)nth;
	assert_true(k->len <= PKT_DATA_MAX);
	*sum += k->len;
}

static void nothing_that_is_hostile_leaves_its_bounds(void **state)
{
	struct ref_rng r = { 6 };
	size_t taken = 0;

	(void)state;
	for (size_t turn = 0; turn < 30000; turn++) {
		struct ref_packet p = random_packet(&r, 600);
		static uint8_t whole[REF_MAX];
		struct gso g;

		if (turn % 3 == 0)
			add_extra(&p, &r);
		size_t len = ref_write(&p, whole), sum = 0;
		struct vnet v = vnet_of(&p, 1 + ref_below(&r, 300));
		for (size_t i = ref_below(&r, 3); i; i--)
			whole[ref_below(&r, 64) % len] = (uint8_t)ref_rnd(&r);
		if (turn % 2) {
			uint8_t raw[VNET_HEADER];

			vnet_encode(raw, &v);
			raw[ref_below(&r, VNET_HEADER)] = (uint8_t)ref_rnd(&r);
			struct rd rd = rd_of(raw, sizeof(raw));
			assert_true(vnet_decode(&rd, &v));
		}
		if (turn % 4 == 0)
			len = ref_below(&r, (uint32_t)len + 1);
		uint8_t *exact = malloc(len ? len : 1);
		memcpy(exact, whole, len);
		if (gso_begin(&g, &v, span_of(exact, len))) {
			size_t head = g.head, n = cut_all(&g, is_sane, &sum);

			assert_int_equal(sum, len + (n - 1) * head);
			taken++;
		}
		free(exact);
	}
	assert_true(taken > 3000 && taken < 29000);
}

/* ---- coalescing ---- */

static struct pkt *load(const struct ref_packet *p)
{
	struct pkt *k = pkt_get(&pool);

	assert_non_null(k);
	k->len = (uint32_t)ref_write(p, k->data);
	return k;
}

/* The bytes of a write. */
static size_t assemble(const struct gro *g, const struct batch *b, size_t i, uint8_t *out)
{
	size_t len = ref_assemble(g, b, i, out);

	assert_true(len > 0);
	return len;
}

static size_t writes_of(const struct ref_packet *v, size_t n, unsigned kinds)
{
	struct batch b = { 0 };
	struct gro g;

	for (size_t i = 0; i < n; i++)
		assert_true(batch_add(&b, load(&v[i])));
	gro_sort(&g, &b, kinds);
	batch_put(&pool, &b);
	return g.n;
}

static struct ref_packet next_of(const struct ref_packet *p)
{
	struct ref_packet n = *p;

	n.seq += (uint32_t)p->n_payload;
	n.id++;
	n.payload += p->n_payload;
	return n;
}

static struct ref_packet plain(bool v6, bool udp)
{
	return (struct ref_packet){ .v6 = v6, .udp = udp, .tos = 0x20, .ttl = 60, .flags = 0x10, .df = true, .id = 77,
				    .window = 500, .sport = 1000, .dport = 2000, .seq = 0xffffff00, .ack = 9,
				    .flow_label = 5, .src = { 10, 1, 2, 3 }, .dst = { 10, 4, 5, 6 },
				    .options = { 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2 },
				    .n_options = udp ? 0 : 12, .n_payload = 500, .payload = noise };
}

/* What is done to the second of two packets, for which families and protocols it matters, and
 * whether they are one write all the same. */
enum { M4 = 1, M6 = 2, MT = 4, MU = 8, ALL = 15 };
#define CHANGES(X)                                                                      \
	X(M4 | M6 | MT | MU, true, "nothing", (void)q)                                  \
	X(ALL, true, "a shorter one", q->n_payload = 499)                               \
	X(ALL, false, "a longer one", q->n_payload = 501)                               \
	X(ALL, false, "an empty one", q->n_payload = 0)                                 \
	X(M4 | M6 | MT, false, "a gap", q->seq++)                                       \
	X(M4 | M6 | MT, false, "the same again", q->seq -= 500)                         \
	X(M4 | MT | MU, false, "an identification left out", q->id++)                   \
	X(M4 | MT | MU, false, "the same identification", q->id--)                      \
	X(M6 | MT | MU, true, "no identification", q->id = 0)                           \
	X(ALL, false, "another TTL", q->ttl--)                                          \
	X(ALL, false, "another DSCP", q->tos ^= 0x40)                                   \
	X(ALL, false, "a congestion mark", q->tos |= 3)                                 \
	X(M4 | MT | MU, false, "no DF", q->df = false)                                  \
	X(M6 | MT | MU, false, "another flow label", q->flow_label++)                   \
	X(ALL, false, "another source port", q->sport++)                                \
	X(ALL, false, "another destination port", q->dport++)                           \
	X(ALL, false, "another source", q->src[3]++)                                    \
	X(ALL, false, "another destination", q->dst[3]++)                               \
	X(M6 | MT | MU, false, "the last byte of a source", q->src[15]++)               \
	X(M4 | M6 | MT, false, "another acknowledgement", q->ack++)                     \
	X(M4 | M6 | MT, false, "another window", q->window++)                           \
	X(M4 | M6 | MT, false, "an urgent pointer", q->urgent = 1)                      \
	X(M4 | M6 | MT, false, "another time stamp", q->options[7]++)                   \
	X(M4 | M6 | MT, false, "the other's time stamp", q->options[11]++)              \
	X(M4 | M6 | MT, false, "no time stamp", q->n_options = 0)                       \
	X(M4 | M6 | MT, false, "one more option", q->n_options += 4)                    \
	X(M4 | M6 | MT, true, "PSH", q->flags |= 0x08)                                  \
	X(M4 | M6 | MT, true, "FIN", q->flags |= 0x01)                                  \
	X(M4 | M6 | MT, false, "SYN", q->flags |= 0x02)                                 \
	X(M4 | M6 | MT, false, "RST", q->flags |= 0x04)                                 \
	X(M4 | M6 | MT, false, "URG", q->flags |= 0x20)                                 \
	X(M4 | M6 | MT, false, "ECE", q->flags |= 0x40)                                 \
	X(M4 | M6 | MT, false, "CWR", q->flags |= 0x80)                                 \
	X(M4 | M6 | MT, false, "no ACK", q->flags = 0)                                  \
	X(ALL, false, "a wrong checksum", q->bad_sum = true)                            \
	X(M4 | MT | MU, false, "a wrong header checksum", q->bad_ip_sum = true)         \
	X(M4 | M6 | MU, false, "no checksum", q->no_sum = true)                         \
	X(ALL, false, "the other protocol", (q->udp = !q->udp, q->n_options = q->udp ? 0 : 12)) \
	X(M4 | MT | MU, false, "IP options", (q->n_extra = 4, memset(q->extra, 1, 4)))  \
	X(M6 | MT | MU, false, "destination options", (q->n_extra = 8, q->extra_next = 60, q->extra[0] = q->udp ? 17 : 6, q->extra[2] = 1, q->extra[3] = 4))

#define DEFINE(where, joined, what, how) { where, joined, what },
static const struct {
	unsigned where;
	bool joined;
	const char *what;
} changes[] = { CHANGES(DEFINE) };

static void change(size_t nth, struct ref_packet *q)
{
	size_t i = 0;

#define DO(where, joined, what, how) \
	if (i++ == nth)              \
		how;
	CHANGES(DO)
}

static void two_are_joined_if_they_are_alike(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		for (unsigned k = 0; k < 4; k++) {
			struct ref_packet v[2] = { plain(k & 1, k & 2) };
			unsigned here = (k & 1 ? M6 : M4) | (k & 2 ? MU : MT);

			if ((changes[i].where & here) != here)
				continue;
			v[1] = next_of(&v[0]);
			change(i, &v[1]);
			size_t n = writes_of(v, 2, BOTH);
			if (n != (changes[i].joined ? 1 : 2))
				fail_msg("%s (%u): %zu writes", changes[i].what, k, n);
			/* what ends a write, and what is unlike, may not be first in it either */
			struct ref_packet w[2] = { plain(k & 1, k & 2) };
			w[1] = next_of(&w[0]);
			change(i, &w[0]);
			if (strncmp(changes[i].what, "no", 2) && strcmp(changes[i].what, "a longer one"))
				assert_int_equal(writes_of(w, 2, BOTH), 2);
		}
	}
}

static size_t writes_of_two(struct pkt *a, struct pkt *c)
{
	struct batch b = { .n = 2, .p = { a, c } };
	struct gro g;

	gro_sort(&g, &b, BOTH);
	batch_put(&pool, &b);
	return g.n;
}

static void renew(struct pkt *k)
{
	struct ip_view h;

	assert_true(ip_peek(span_of(k->data, k->len), &h));
	l4sum_renew(k, &h);
}

/* Both have it, and are alike in that. */
static void what_no_write_may_have_is_not_joined(void **state)
{
	static const uint8_t flags[] = { 0x02, 0x04, 0x20, 0x80 }; /* SYN, RST, URG, CWR */

	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		struct ref_packet v[2] = { plain(k, false) };

		for (size_t i = 0; i < sizeof(flags); i++) {
			v[0].flags = (uint8_t)(0x10 | flags[i]);
			v[1] = next_of(&v[0]);
			assert_int_equal(writes_of(v, 2, BOTH), 2);
		}
		v[0].flags = 0x10;
		v[1] = next_of(&v[0]);
		struct pkt *p[2] = { load(&v[0]), load(&v[1]) };
		for (size_t i = 0; i < 2; i++) { /* a reserved bit */
			p[i]->data[ref_l4(&v[i]) + 12] |= 1;
			renew(p[i]);
		}
		assert_int_equal(writes_of_two(p[0], p[1]), 2);
		/* UDP that is shorter than its packet */
		v[0] = plain(k, true);
		v[1] = next_of(&v[0]);
		for (size_t i = 0; i < 2; i++) {
			p[i] = load(&v[i]);
			p[i]->data[ref_l4(&v[i]) + 5]--;
			renew(p[i]);
		}
		assert_int_equal(writes_of_two(p[0], p[1]), 2);
	}
}

/* Where it is zero a checksum has two forms, of which segmentation makes one. */
static void the_other_zero_is_not_joined(void **state)
{
	struct ref_packet v[2] = { plain(false, false) };
	uint8_t payload[500] = { 0 };

	(void)state;
	for (unsigned other = 0; other < 2; other++) {
		v[1] = next_of(&v[0]);
		v[1].payload = payload;
		struct pkt *a = load(&v[0]), *b = load(&v[1]);

		/* what is missing to it comes to the payload */
		memcpy(payload, b->data + 20 + 16, 2);
		pkt_put(&pool, b);
		b = load(&v[1]);
		assert_int_equal(b->data[36] | b->data[37], 0);
		memset(b->data + 36, other ? 0xff : 0, 2);
		assert_int_equal(writes_of_two(a, b), other ? 2 : 1);
		memset(payload, 0, 2);
	}
	for (unsigned other = 0; other < 2; other++) {
		v[0] = plain(false, false);
		memset(v[0].src + 2, 0, 2);
		v[1] = next_of(&v[0]);
		struct pkt *a, *b = load(&v[1]);

		memcpy(v[0].src + 2, b->data + 10, 2);
		pkt_put(&pool, b);
		v[1] = next_of(&v[0]);
		a = load(&v[0]);
		b = load(&v[1]);
		assert_int_equal(b->data[10] | b->data[11], 0);
		memset(b->data + 10, other ? 0xff : 0, 2);
		assert_int_equal(writes_of_two(a, b), other ? 2 : 1);
	}
}

static void only_the_kinds_that_the_kernel_takes_are_joined(void **state)
{
	(void)state;
	for (unsigned k = 0; k < 4; k++) {
		struct ref_packet v[2] = { plain(k & 1, k & 2) };

		v[1] = next_of(&v[0]);
		assert_int_equal(writes_of(v, 2, GRO_TCP), k & 2 ? 2 : 1);
		assert_int_equal(writes_of(v, 2, GRO_UDP), k & 2 ? 1 : 2);
		assert_int_equal(writes_of(v, 2, 0), 2);
	}
}

/* 44 of 1448 bytes are what fits. */
static void a_write_has_64_kib_at_most(void **state)
{
	struct ref_packet v[BATCH_MAX] = { plain(false, false) };
	static uint8_t out[REF_MAX];
	struct batch b = { 0 };
	struct gro g;
	struct vnet h;

	(void)state;
	v[0].n_payload = 1448;
	for (size_t i = 1; i < BATCH_MAX; i++)
		v[i] = next_of(&v[i - 1]);
	for (size_t i = 0; i < BATCH_MAX; i++) {
		v[i].payload = noise + i;
		assert_true(batch_add(&b, load(&v[i])));
	}
	gro_sort(&g, &b, BOTH);
	assert_int_equal(g.n, 2);
	assert_int_equal(g.w[0].n, 45);
	size_t len = assemble(&g, &b, 0, out);
	assert_int_equal(len, VNET_HEADER + 52 + 45 * 1448);
	struct rd r = rd_of(out, len);
	assert_true(vnet_decode(&r, &h));
	assert_int_equal(h.gso_size, 1448);
	assert_int_equal(h.hdr_len, 52);
	assert_int_equal(h.gso_type, VNET_GSO_TCPV4);
	assert_int_equal(h.flags, VNET_NEEDS_CSUM);
	batch_put(&pool, &b);
}

/* ---- the property ---- */

#define FLOWS 6

struct world {
	struct ref_rng r;
	struct ref_packet flow[FLOWS];
	size_t seg[FLOWS];
	unsigned chaos; /* of 100 packets, those that are not as they should be */
};

/* Packet number n_out of the batch comes out as bytes; which it was is found in *from on. */
struct matched {
	const struct batch *b;
	bool seen[BATCH_MAX], odd[BATCH_MAX];
	uint8_t flow[BATCH_MAX];
	size_t n, last[FLOWS + 1];
};

static void new_flow(struct world *w, size_t i)
{
	struct ref_packet *p = &w->flow[i];

	*p = random_packet(&w->r, 0);
	p->flags = 0x10 | (ref_below(&w->r, 8) ? 0 : 0x40);
	w->seg[i] = 1 + ref_below(&w->r, ref_below(&w->r, 2) ? 1448 : 200);
	if (i && ref_below(&w->r, 2)) { /* between the same two hosts, perhaps with a port in common */
		memcpy(p->src, w->flow[0].src, 32);
		p->v6 = w->flow[0].v6;
		p->sport = w->flow[0].sport;
		p->tos = w->flow[0].tos;
		p->ttl = w->flow[0].ttl;
	}
}

/* Something that must not be joined, or that ends what was. True: it may be of any flow. */
static bool disturb(struct world *w, struct ref_packet *p)
{
	size_t nth = ref_below(&w->r, sizeof(changes) / sizeof(changes[0]));
	unsigned here = (p->v6 ? M6 : M4) | (p->udp ? MU : MT);

	if ((changes[nth].where & here) == here && strncmp(changes[nth].what, "another source", 14) &&
	    strncmp(changes[nth].what, "another dest", 12) && strncmp(changes[nth].what, "the ", 4))
		change(nth, p);
	return p->n_extra;
}

static struct pkt *packet_of(struct world *w, size_t f, bool *ret_odd)
{
	struct ref_packet *flow = &w->flow[f], p = *flow;
	struct pkt *k;

	p.n_payload = w->seg[f];
	p.payload = noise + ref_below(&w->r, 8000);
	if (ref_below(&w->r, 100) < w->chaos) {
		*ret_odd = disturb(w, &p);
		if (!ref_below(&w->r, 4)) /* lost on the way */
			flow->seq += 1000, flow->id++;
	}
	k = load(&p);
	flow->seq = p.seq + (uint32_t)p.n_payload;
	flow->id = (uint16_t)(p.id + 1);
	if (!p.v6 && !ref_below(&w->r, 300 / (1 + w->chaos))) { /* a fragment */
		k->data[6] |= 0x20;
		*ret_odd = true;
	}
	return k;
}

static void match(void *ctx, size_t nth, const struct pkt *k)
{
	struct matched *m = ctx;
	size_t i = 0;

	(void)nth;
	while (i < m->b->n && (m->seen[i] || m->b->p[i]->len != k->len || memcmp(m->b->p[i]->data, k->data, k->len)))
		i++;
	assert_true(i < m->b->n); /* it went in, byte for byte */
	m->seen[i] = true;
	if (m->odd[i]) {
		assert_int_equal(m->n, i); /* nothing went past it */
	} else {
		assert_true(i + 1 > m->last[m->flow[i]]); /* nor past another of its flow */
		m->last[m->flow[i]] = i + 1;
	}
	m->n++;
}

static void what_was_coalesced_is_cut_to_what_it_was(void **state)
{
	static uint8_t out[REF_MAX];
	size_t packets = 0, writes = 0;
	struct world w = { .r = { 7 } };

	(void)state;
	for (size_t turn = 0; turn < 4000; turn++) {
		struct batch b = { 0 };
		struct matched m = { .b = &b };
		size_t n = 1 + ref_below(&w.r, BATCH_MAX), flows = 1 + ref_below(&w.r, FLOWS), f = 0;
		struct gro g;

		w.chaos = turn % 3 ? ref_below(&w.r, 30) : 0;
		for (size_t i = 0; i < flows; i++)
			new_flow(&w, i);
		while (b.n < n) {
			f = ref_below(&w.r, 3) ? f : ref_below(&w.r, (uint32_t)flows);
			m.flow[b.n] = (uint8_t)f;
			assert_true(batch_add(&b, packet_of(&w, f, &m.odd[b.n])));
		}
		gro_sort(&g, &b, BOTH);
		for (size_t i = 0; i < g.n; i++) {
			size_t len = assemble(&g, &b, i, out);
			struct rd r = rd_of(out, len);
			struct batch cut = { 0 };
			struct vnet v;
			struct gso s;

			assert_true(len <= VNET_HEADER + VNET_PACKET_MAX);
			assert_true(vnet_decode(&r, &v));
			assert_true(gso_begin(&s, &v, rd_take(&r, rd_left(&r))));
			gso_cut(&s, &pool, &cut);
			assert_false(gso_left(&s));
			for (size_t k = 0; k < cut.n; k++)
				match(&m, k, cut.p[k]);
			batch_put(&pool, &cut);
		}
		assert_int_equal(m.n, b.n);
		packets += b.n;
		writes += g.n;
		batch_put(&pool, &b);
	}
	/* and it is worth it */
	assert_true(writes * 2 < packets);
}

/* The kernel is told what it would have to know, and finishes it, whatever it takes as super-packets: here
 * segmentation does. */
static void a_checksum_that_was_left_unfinished_is_said_to_be(void **state)
{
	static const unsigned kinds[] = { BOTH, GRO_TCP, GRO_UDP, 0 };
	static uint8_t out[REF_MAX], want[REF_MAX];

	(void)state;
	for (unsigned k = 0; k < 16; k++) {
		struct ref_packet p = plain(k & 1, k & 2);
		struct batch b = { 0 }, cut = { 0 };
		struct gro g;
		struct gso s;
		struct vnet v;

		for (unsigned i = 0; i < 2; i++) {
			assert_true(batch_add(&b, load(&p)));
			ref_unfinish(&p, b.p[i]->data, b.p[i]->len);
			p = next_of(&p);
		}
		gro_sort(&g, &b, kinds[k / 4]);
		assert_int_equal(g.n, 2);
		p = plain(k & 1, k & 2);
		for (unsigned i = 0; i < 2; i++) {
			size_t len = assemble(&g, &b, i, out), n = ref_write(&p, want);
			struct rd r = rd_of(out, len);

			assert_true(vnet_decode(&r, &v));
			assert_int_equal(v.flags, VNET_NEEDS_CSUM);
			assert_true(gso_begin(&s, &v, rd_take(&r, rd_left(&r))));
			assert_int_equal(gso_cut(&s, &pool, &cut), 1);
			assert_int_equal(cut.p[0]->len, n);
			assert_memory_equal(cut.p[0]->data, want, n);
			batch_put(&pool, &cut);
			p = next_of(&p);
		}
		batch_put(&pool, &b);
	}
}

static void any_bytes_are_sorted(void **state)
{
	struct ref_rng r = { 8 };

	(void)state;
	for (size_t turn = 0; turn < 3000; turn++) {
		struct batch b = { 0 };
		static uint8_t out[REF_MAX * 2];
		struct gro g;
		size_t n = 0;

		for (size_t i = ref_below(&r, BATCH_MAX + 1); i; i--) {
			struct ref_packet p = plain(ref_below(&r, 2), ref_below(&r, 2));
			struct pkt *k;

			p.id = (uint16_t)b.n;
			p.n_payload = ref_below(&r, 4) ? 20 : 0;
			p.seq = (uint32_t)(20 * b.n);
			k = load(&p);
			for (size_t c = ref_below(&r, 3); c; c--)
				k->data[ref_below(&r, k->len)] = (uint8_t)ref_rnd(&r);
			if (!ref_below(&r, 4))
				k->len = ref_below(&r, k->len + 1);
			assert_true(batch_add(&b, k));
		}
		gro_sort(&g, &b, BOTH);
		for (size_t i = 0; i < g.n; i++) {
			(void)assemble(&g, &b, i, out);
			n += g.w[i].n;
		}
		assert_int_equal(n, b.n);
		batch_put(&pool, &b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_are_those_of_rfc_1071),
		cmocka_unit_test(segments_are_those_of_the_reference),
		cmocka_unit_test(segments_are_those_of_scapy),
		cmocka_unit_test(an_unfinished_checksum_is_finished),
		cmocka_unit_test(a_full_batch_and_an_empty_pool_lose_nothing),
		cmocka_unit_test(what_the_header_says_is_checked),
		cmocka_unit_test(what_the_packet_says_is_checked),
		cmocka_unit_test(nothing_that_is_hostile_leaves_its_bounds),
		cmocka_unit_test(two_are_joined_if_they_are_alike),
		cmocka_unit_test(what_no_write_may_have_is_not_joined),
		cmocka_unit_test(the_other_zero_is_not_joined),
		cmocka_unit_test(only_the_kinds_that_the_kernel_takes_are_joined),
		cmocka_unit_test(a_write_has_64_kib_at_most),
		cmocka_unit_test(what_was_coalesced_is_cut_to_what_it_was),
		cmocka_unit_test(a_checksum_that_was_left_unfinished_is_said_to_be),
		cmocka_unit_test(any_bytes_are_sorted),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
