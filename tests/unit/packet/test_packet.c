/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "packet/gre.h"
#include "packet/ip.h"

static struct pool pool;
static uint64_t seed = 88172645463325252u;

static uint32_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

static int pool_up(void **state)
{
	(void)state;
	return pool_init(&pool, 80);
}

static int pool_down(void **state)
{
	(void)state;
	/* no test may keep a packet */
	int leaked = pool.n_free != pool.n;
	pool_fini(&pool);
	return leaked;
}

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static unsigned get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static void load(struct pkt *p, const void *bytes, size_t n)
{
	uint8_t *at = pkt_append(p, n);

	assert_non_null(at);
	memcpy(at, bytes, n);
}

/* A packet whose body counts up, with n_opt bytes of options. */
static struct pkt *make(uint8_t proto, uint16_t frag, const uint8_t *opt, size_t n_opt, size_t body)
{
	struct pkt *p = pkt_get(&pool);
	struct ip_view h = { .tos = 0x28, .ttl = 64, .proto = proto, .id = 0x1234, .frag = frag,
			 .src = 0x0a000001, .dst = 0x0a000102,
			 .total_len = (uint16_t)(IP4_HEADER + n_opt + body) };

	assert_non_null(p);
	ip4_write(pkt_append(p, IP4_HEADER), &h);
	if (n_opt)
		load(p, opt, n_opt);
	p->data[0] = (uint8_t)(0x40 | (IP4_HEADER + n_opt) / 4);
	put16(p->data + 10, 0);
	put16(p->data + 10, ip_checksum(p->data, IP4_HEADER + n_opt));
	uint8_t *at = pkt_append(p, body);
	for (size_t i = 0; i < body; i++)
		at[i] = (uint8_t)(i * 7 + (i >> 8));
	return p;
}

static void checksum_is_that_of_rfc_1071(void **state)
{
	/* section 3: the sum of these is ddf2 */
	static const uint8_t b[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };
	/* a header with its checksum, b861 */
	static const uint8_t h[] = { 0x45, 0, 0, 0x73, 0, 0, 0x40, 0, 0x40, 0x11, 0xb8, 0x61,
				     0xc0, 0xa8, 0, 1, 0xc0, 0xa8, 0, 0xc7 };
	static const uint8_t odd[] = { 0x12, 0x34, 0x56 };

	(void)state;
	assert_int_equal(ip_checksum(b, sizeof(b)), 0xffff ^ 0xddf2);
	assert_int_equal(ip_checksum(h, sizeof(h)), 0);
	assert_int_equal(ip_checksum(odd, 3), 0xffff ^ (0x1234 + 0x5600));
	assert_int_equal(ip_checksum(odd, 0), 0xffff);
}

/* Two bytes at a time, as the RFC's figure does. */
static uint16_t plain_checksum(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (uint32_t)p[i] << (i % 2 ? 0 : 8);
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)(0xffff ^ sum);
}

static void checksum_of_any_length_and_place_is_the_plain_one(void **state)
{
	uint8_t b[1600];

	(void)state;
	for (size_t i = 0; i < sizeof(b); i++)
		b[i] = (uint8_t)(0xff - i * i / 3);
	for (size_t from = 0; from < 5; from++)
		for (size_t n = 0; n < 70; n++)
			assert_int_equal(ip_checksum(b + from, n), plain_checksum(b + from, n));
	memset(b, 0xff, sizeof(b));
	for (size_t n = 1400; n < sizeof(b); n++)
		assert_int_equal(ip_checksum(b, n), plain_checksum(b, n));
}

static void a_written_header_is_parsed_back(void **state)
{
	struct ip_view in = { .tos = 0xb9, .ttl = 7, .proto = 50, .id = 0xabcd, .frag = IP4_DF,
			  .src = 0xc0000201, .dst = 0xcb007163, .total_len = 24 };
	struct pkt *p = pkt_get(&pool);
	struct ip_view out;

	(void)state;
	ip4_write(pkt_append(p, 20), &in);
	load(p, "abcdlinkpad", 11);
	assert_true(ip4_parse(p, true, &out));
	assert_int_equal(p->len, 24); /* what the link padded is off */
	assert_int_equal(out.header_len, 20);
	assert_int_equal(out.tos, in.tos);
	assert_int_equal(out.ttl, in.ttl);
	assert_int_equal(out.proto, in.proto);
	assert_int_equal(out.id, in.id);
	assert_int_equal(out.frag, in.frag);
	assert_true(out.src == in.src && out.dst == in.dst);
	p->data[8]++; /* a wrong sum counts only where it is asked for */
	assert_false(ip4_parse(p, true, &out));
	assert_true(ip4_parse(p, false, &out));
	in.id = 0;
	ip4_write(p->data, &in);
	assert_true(ip4_parse(p, true, &out) && out.id != 0);
	pkt_put(&pool, p);
}

static void truncated_packets_are_refused(void **state)
{
	static const uint8_t opt[] = { 7, 7, 4, 0, 0, 0, 0, 0 };
	struct pkt *p = make(17, 0, opt, sizeof(opt), 12);
	struct ip_view h;

	(void)state;
	for (size_t n = 0; n <= p->len; n++) {
		/* exactly sized, so that a sanitizer sees one byte too many */
		uint8_t *heap = malloc(n ? n : 1);
		struct pkt cut = { .buf = heap, .data = heap, .len = (uint32_t)n };

		memcpy(heap, p->data, n);
		assert_int_equal(ip4_parse(&cut, true, &h), n == p->len);
		assert_int_equal(ip4_peek(span_of(heap, n), &h), n >= 28);
		ip_clamp_mss(&cut, 500);
		free(heap);
	}
	pkt_put(&pool, p);
}

static void insane_headers_are_refused(void **state)
{
	static const struct {
		size_t at;
		uint8_t v;
	} bad[] = { { 0, 0x55 }, { 0, 0x65 }, { 0, 0x44 }, { 0, 0x40 }, { 0, 0x4f }, { 3, 19 },
		    { 3, 0 },	 { 2, 0xff }, { 3, 41 } };
	struct ip_view h;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct pkt *p = make(17, 0, NULL, 0, 20);

		assert_true(ip4_parse(p, false, &h));
		p->data[bad[i].at] = bad[i].v;
		assert_false(ip4_parse(p, false, &h));
		assert_int_equal(p->len, 40); /* untouched */
		pkt_put(&pool, p);
	}
}

static void a_flow_has_ports_only_where_they_are(void **state)
{
	static const struct {
		uint8_t proto;
		uint16_t frag;
		size_t body;
		bool known;
	} t[] = { { 17, 0, 8, true },  { 6, 0, 20, true },  { 6, IP4_MF, 20, true },
		  { 6, 1, 20, false }, { 17, 0, 3, false }, { 1, 0, 8, false }, { 47, 0, 8, false } };

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct pkt *p = make(t[i].proto, t[i].frag, NULL, 0, t[i].body);
		struct ip_view h;
		struct flow f;

		assert_true(ip4_parse(p, true, &h));
		ip4_flow(p, &h, &f);
		assert_int_equal(f.ports_known, t[i].known);
		assert_int_equal(f.proto, t[i].proto);
		assert_int_equal(ipaddr_to_v4(&f.local), 0x0a000001);
		if (t[i].known) {
			assert_int_equal(f.local_port, 0x0007);
			assert_int_equal(f.remote_port, 0x0e15);
		}
		pkt_put(&pool, p);
	}
}

static void tos_changes_with_a_right_checksum(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 256; i++) {
		struct pkt *p = make(6, 0, NULL, 0, 20);
		struct ip_view h;

		p->data[8] = (uint8_t)i;
		put16(p->data + 4, rnd() & 0xffff);
		put16(p->data + 10, 0);
		put16(p->data + 10, ip_checksum(p->data, 20));
		ip4_set_tos(p, (uint8_t)i);
		assert_true(ip4_parse(p, true, &h));
		assert_int_equal(h.tos, i);
		pkt_put(&pool, p);
	}
}

/* The reassembled body, or -1 if the fragments are not exactly one packet. */
static int reassemble(const struct batch *b, uint8_t *body, size_t mtu)
{
	bool seen[PKT_DATA_MAX / 8 + 1] = { false };
	size_t total = 0, have = 0;

	for (size_t i = 0; i < b->n; i++) {
		struct ip_view h;

		if (!ip4_parse(b->p[i], true, &h) || h.total_len != b->p[i]->len ||
		    h.total_len > mtu || h.id != 0x1234)
			return -1;
		size_t off = (size_t)(h.frag & IP4_OFF_MASK) * 8, n = (size_t)(h.total_len - h.header_len);
		if (h.frag & IP4_MF && n % 8)
			return -1;
		for (size_t k = 0; k < n; k += 8) {
			if (seen[(off + k) / 8])
				return -1;
			seen[(off + k) / 8] = true;
		}
		memcpy(body + off, b->p[i]->data + h.header_len, n);
		have += n;
		if (!(h.frag & IP4_MF))
			total = off + n;
	}
	return have == total ? (int)total : -1;
}

static void fragments_reassemble_to_the_packet(void **state)
{
	static uint8_t body[PKT_DATA_MAX];

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		size_t mtu = 68 + rnd() % 1500, n = rnd() % (mtu * 8 < 3000 ? 1400 : 9000);
		struct pkt *p = make(17, 0, NULL, 0, n), *whole = make(17, 0, NULL, 0, n);
		struct batch out = { 0 };
		int err = ip4_fragment(&pool, p, mtu, &out);

		if (err) { /* more than a batch holds: nothing happened */
			assert_int_equal(err, -ENOBUFS);
			assert_int_equal(out.n, 0);
			assert_int_equal(p->len, whole->len);
			assert_memory_equal(p->data, whole->data, p->len);
			pkt_put(&pool, p);
		} else {
			assert_ptr_equal(out.p[0], p);
			assert_int_equal(reassemble(&out, body, mtu), n);
			assert_memory_equal(body, whole->data + 20, n);
			batch_put(&pool, &out);
		}
		pkt_put(&pool, whole);
	}
}

static void a_fragment_of_a_fragment_keeps_its_place(void **state)
{
	struct pkt *p = make(17, 100 | IP4_MF, NULL, 0, 1000);
	struct batch out = { 0 };
	size_t at = 100;

	(void)state;
	assert_int_equal(ip4_fragment(&pool, p, 420, &out), 0);
	assert_int_equal(out.n, 3);
	for (size_t i = 0; i < out.n; i++) {
		struct ip_view h;

		assert_true(ip4_parse(out.p[i], true, &h));
		assert_int_equal(h.frag, (at & IP4_OFF_MASK) | IP4_MF);
		at += (size_t)(h.total_len - 20) / 8;
	}
	assert_int_equal(at, 225);
	batch_put(&pool, &out);
}

static void only_copied_options_go_into_later_fragments(void **state)
{
	/* record route (not copied), router alert (copied), no-op */
	static const uint8_t opt[] = { 7, 7, 4, 0, 0, 0, 0, 0x94, 4, 0, 0, 1 };
	struct pkt *p = make(17, 0, opt, sizeof(opt), 600);
	struct batch out = { 0 };
	struct ip_view h;

	(void)state;
	assert_int_equal(ip4_fragment(&pool, p, 300, &out), 0);
	assert_true(ip4_parse(out.p[0], true, &h));
	assert_int_equal(h.header_len, 32);
	for (size_t i = 1; i < out.n; i++) {
		assert_true(ip4_parse(out.p[i], true, &h));
		assert_int_equal(h.header_len, 24);
		assert_memory_equal(out.p[i]->data + 20, "\x94\4\0\0", 4);
	}
	batch_put(&pool, &out);
}

static void fragmenting_below_the_smallest_mtu_is_refused(void **state)
{
	struct pkt *p = make(17, 0, NULL, 0, 600);
	struct batch out = { 0 };

	(void)state;
	assert_int_equal(ip4_fragment(&pool, p, 67, &out), -EMSGSIZE);
	assert_int_equal(out.n, 0);
	assert_int_equal(ip4_fragment(&pool, p, 620, &out), 0);
	assert_int_equal(out.n, 1);
	assert_int_equal(p->len, 620);
	batch_put(&pool, &out);
}

static void gre_is_decoded_as_it_was_written(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 8; bits++) {
		struct gre in = { .proto = GRE_PROTO_IPV4, .has_key = bits & 1, .has_seq = bits & 2,
				  .has_checksum = bits & 4, .key = 0xdeadbeef, .seq = 0x01020304 };
		struct gre out;
		uint8_t buf[GRE_MAX_HEADER];
		size_t len = gre_header_len(&in);

		assert_int_equal(len, 4 + (bits & 1 ? 4 : 0) + (bits & 2 ? 4 : 0) + (bits & 4 ? 4 : 0));
		gre_write(buf, len, &in);
		for (size_t n = 0; n <= len; n++) {
			uint8_t *heap = malloc(n ? n : 1);

			memcpy(heap, buf, n);
			assert_int_equal(gre_decode(span_of(heap, n), &out),
					 n == len ? GRE_OK : GRE_MALFORMED);
			free(heap);
		}
		assert_int_equal(out.header_len, len);
		assert_int_equal(out.proto, in.proto);
		assert_int_equal(out.has_checksum, in.has_checksum);
		assert_int_equal(out.has_key, in.has_key);
		assert_int_equal(out.has_seq, in.has_seq);
		assert_true(!in.has_key || out.key == in.key);
		assert_true(!in.has_seq || out.seq == in.seq);
	}
}

/* The order of RFC 2890 section 2, and RFC 1071's sum over all of it: 0xb000 + 0x0800 + 0x0001 +
 * 0x0002 + 0x0003 + 0x0004 + 0x4501 + 0xff00 (the odd byte) is 0x1fc0b, 0xfc0c with the carry. */
static void gre_is_written_as_the_rfc_draws_it(void **state)
{
	static const uint8_t want[] = { 0xb0, 0, 8, 0, 0x03, 0xf3, 0, 0, 0, 1, 0, 2, 0, 3, 0, 4, 0x45, 1, 0xff };
	struct gre g = { .proto = GRE_PROTO_IPV4, .has_checksum = true, .has_key = true,
			 .has_seq = true, .key = 0x10002, .seq = 0x30004 };
	uint8_t b[sizeof(want)] = { [16] = 0x45, 1, 0xff };

	(void)state;
	gre_write(b, sizeof(b), &g);
	assert_memory_equal(b, want, sizeof(b));
	assert_int_equal(gre_decode(span_of(b, sizeof(b)), &g), GRE_OK);
}

static void gre_numbers_go_round(void **state)
{
	static const struct {
		uint32_t seq, last;
		bool after;
	} rows[] = {
		{ 1, 0, true },		     { 0, 0, false },		{ 0, 1, false },
		{ 0, UINT32_MAX, true },     { UINT32_MAX, 0, false },	{ 0x7fffffff, 0, true },
		{ 0x80000000, 0, false },    { 0x80000000, 1, true },	{ 5, 0x80000005, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(gre_seq_after(rows[i].seq, rows[i].last), rows[i].after);
}

static void gre_flags_that_are_not_ours_are_unsupported(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < 16; bit++) {
		uint8_t b[16] = { 0, 0, 8, 0 };
		struct gre g;
		unsigned flags = 1u << bit;
		/* routing, strict source route, recursion's first bit and the version;
		 * bits 6 to 12 are reserved and ignored (RFC 2784 section 2.3) */
		bool refused = flags & 0x4c07;

		put16(b, flags);
		if (flags == 0x8000)
			put16(b + 4, ip_checksum(b, sizeof(b)));
		assert_int_equal(gre_decode(span_of(b, sizeof(b)), &g),
				 refused ? GRE_UNSUPPORTED : GRE_OK);
	}
}

static void a_gre_checksum_covers_header_and_payload(void **state)
{
	uint8_t b[21] = { 0x80, 0, 8, 0, 0, 0, 0, 0, 0x45, 1, 2, 3 };
	struct gre g;

	(void)state;
	put16(b + 4, ip_checksum(b, sizeof(b)));
	assert_int_equal(gre_decode(span_of(b, sizeof(b)), &g), GRE_OK);
	assert_true(g.has_checksum);
	assert_int_equal(g.header_len, 8);
	for (size_t i = 0; i < sizeof(b); i++) {
		b[i] ^= 0x10;
		if (i > 1) /* the flags are judged first */
			assert_int_equal(gre_decode(span_of(b, sizeof(b)), &g), GRE_BAD_CHECKSUM);
		b[i] ^= 0x10;
	}
	for (size_t n = 0; n < 8; n++)
		assert_int_equal(gre_decode(span_of(b, n), &g), GRE_MALFORMED);
}

static void congestion_marks_come_off_as_rfc_6040_says(void **state)
{
	/* figure 4; not-ECT 0, ECT(1) 1, ECT(0) 2, CE 3; rows inner, columns outer */
	static const int table[4][4] = {
		{ 0, 0, 0, -1 },
		{ 1, 1, 1, 3 },
		{ 2, 1, 2, 3 },
		{ 3, 3, 3, 3 },
	};

	(void)state;
	for (unsigned inner = 0; inner < 256; inner++)
		for (unsigned outer = 0; outer < 256; outer++) {
			int ecn = table[inner & 3][outer & 3];
			int want = ecn < 0 ? -1 : (int)(inner & ~3u) | ecn; /* DSCP is the inner one */

			assert_int_equal(tos_decap((uint8_t)outer, (uint8_t)inner), want);
		}
	for (unsigned inner = 0; inner < 256; inner++)
		assert_int_equal(tos_encap((uint8_t)inner), inner);
}

/* The TCP checksum over the pseudo header; 0 if it is right. */
static uint16_t tcp_sum(const struct pkt *p)
{
	uint8_t b[200] = { 0 };
	size_t n = p->len - 20;

	memcpy(b, p->data + 12, 8);
	b[9] = 6;
	put16(b + 10, (unsigned)n);
	memcpy(b + 12, p->data + 20, n);
	return ip_checksum(b, 12 + n);
}

static struct pkt *syn(uint8_t flags, const uint8_t *opt, size_t n_opt)
{
	struct pkt *p = make(6, 0, NULL, 0, 20 + n_opt);
	uint8_t *tcp = p->data + 20;

	tcp[12] = (uint8_t)((20 + n_opt) / 4 << 4);
	tcp[13] = flags;
	memcpy(tcp + 20, opt, n_opt);
	put16(tcp + 16, 0);
	put16(tcp + 16, tcp_sum(p));
	return p;
}

static void mss_is_lowered_with_a_right_checksum(void **state)
{
	/* at an even and at an odd place */
	static const uint8_t even[] = { 2, 4, 5, 0xb4 }, odd[] = { 1, 2, 4, 5, 0xb4, 1, 0, 0 };

	(void)state;
	for (unsigned mss = 1; mss < 65536; mss += 97) {
		struct pkt *a = syn(2, even, 4), *b = syn(0x12, odd, 8);
		unsigned want = mss < 1460 ? mss : 1460;

		assert_int_equal(tcp_sum(a), 0);
		ip_clamp_mss(a, (uint16_t)mss);
		ip_clamp_mss(b, (uint16_t)mss);
		assert_int_equal(get16(a->data + 42), want);
		assert_int_equal(get16(b->data + 43), want);
		assert_int_equal(tcp_sum(a), 0);
		assert_int_equal(tcp_sum(b), 0);
		pkt_put(&pool, a);
		pkt_put(&pool, b);
	}
}

static void mss_is_left_alone_where_it_is_none(void **state)
{
	static const uint8_t good[] = { 2, 4, 5, 0xb4 }, after_end[] = { 0, 2, 4, 5, 0xb4, 0, 0, 0 },
			     zero_len[] = { 8, 0, 2, 4, 5, 0xb4, 0, 0 },
			     short_mss[] = { 2, 3, 5, 1 }, cut[] = { 1, 1, 2, 4 };
	const struct {
		const uint8_t *opt;
		size_t n;
		uint8_t flags;
	} t[] = { { good, 4, 0x10 },  { after_end, 8, 2 }, { zero_len, 8, 2 },
		  { short_mss, 4, 2 }, { cut, 4, 2 } };

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct pkt *p = syn(t[i].flags, t[i].opt, t[i].n);
		uint8_t before[64];

		memcpy(before, p->data, p->len);
		ip_clamp_mss(p, 100);
		assert_memory_equal(before, p->data, p->len);
		pkt_put(&pool, p);
	}
	/* a later fragment only looks like a SYN */
	struct pkt *p = syn(2, good, 4);
	p->data[7] = 1;
	ip_clamp_mss(p, 100);
	assert_int_equal(get16(p->data + 42), 1460);
	pkt_put(&pool, p);
}

static void too_big_quotes_what_fits_and_has_a_right_checksum(void **state)
{
	uint8_t buf[600];

	(void)state;
	for (size_t n = 20; n < 1500; n += 37) {
		struct pkt *p = make(17, IP4_DF, NULL, 0, n - 20);
		size_t len = icmp4_too_big(span_of(p->data, p->len), 1438, buf, sizeof(buf));
		size_t quote = n < 548 ? n : 548;

		assert_int_equal(len, 8 + quote);
		assert_memory_equal(buf, "\3\4", 2);
		assert_memory_equal(buf + 4, "\0\0\x05\x9e", 4);
		assert_memory_equal(buf + 8, p->data, quote);
		assert_int_equal(ip_checksum(buf, len), 0);
		assert_int_equal(icmp4_too_big(span_of(p->data, p->len), 1438, buf, 7 + quote), 0);
		pkt_put(&pool, p);
	}
}

static void buffers_refuse_more_than_they_hold(void **state)
{
	struct pkt *p = pkt_get(&pool);

	(void)state;
	assert_int_equal(pkt_headroom(p), PKT_HEADROOM);
	assert_null(pkt_push(p, PKT_HEADROOM + 1));
	assert_non_null(pkt_push(p, PKT_HEADROOM));
	assert_null(pkt_append(p, PKT_DATA_MAX + PKT_TAILROOM + 1));
	assert_non_null(pkt_append(p, PKT_DATA_MAX + PKT_TAILROOM));
	assert_int_equal(p->len, PKT_BUF);
	assert_false(pkt_pull(p, PKT_BUF + 1));
	assert_false(pkt_trim(p, PKT_BUF + 1));
	assert_true(pkt_trim(p, 10) && pkt_pull(p, 10));
	assert_int_equal(p->len, 0);
	pkt_put(&pool, p);

	struct pkt *all[80];
	for (size_t i = 0; i < 80; i++)
		assert_non_null(all[i] = pkt_get(&pool));
	assert_null(pkt_get(&pool));
	for (size_t i = 0; i < 80; i++)
		pkt_put(&pool, all[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checksum_is_that_of_rfc_1071),
		cmocka_unit_test(checksum_of_any_length_and_place_is_the_plain_one),
		cmocka_unit_test(a_written_header_is_parsed_back),
		cmocka_unit_test(truncated_packets_are_refused),
		cmocka_unit_test(insane_headers_are_refused),
		cmocka_unit_test(a_flow_has_ports_only_where_they_are),
		cmocka_unit_test(tos_changes_with_a_right_checksum),
		cmocka_unit_test(fragments_reassemble_to_the_packet),
		cmocka_unit_test(a_fragment_of_a_fragment_keeps_its_place),
		cmocka_unit_test(only_copied_options_go_into_later_fragments),
		cmocka_unit_test(fragmenting_below_the_smallest_mtu_is_refused),
		cmocka_unit_test(gre_is_decoded_as_it_was_written),
		cmocka_unit_test(gre_is_written_as_the_rfc_draws_it),
		cmocka_unit_test(gre_numbers_go_round),
		cmocka_unit_test(gre_flags_that_are_not_ours_are_unsupported),
		cmocka_unit_test(a_gre_checksum_covers_header_and_payload),
		cmocka_unit_test(congestion_marks_come_off_as_rfc_6040_says),
		cmocka_unit_test(mss_is_lowered_with_a_right_checksum),
		cmocka_unit_test(mss_is_left_alone_where_it_is_none),
		cmocka_unit_test(too_big_quotes_what_fits_and_has_a_right_checksum),
		cmocka_unit_test(buffers_refuse_more_than_they_hold),
	};

	return cmocka_run_group_tests(tests, pool_up, pool_down);
}
