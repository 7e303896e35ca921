/* SPDX-License-Identifier: Apache-2.0 */
/* The window walked with real packets, with numbers of 32 bits and of 64; volumes exact to
 * the packet; padding of traffic flow confidentiality. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/wr.h"
#include "ipsec/ah.h"

#define HOST_A UINT32_C(0x0a000001)
#define HOST_B UINT32_C(0x0a010001)
#define SPACE  (UINT64_C(1) << 32) /* of numbers, as they are on the wire */

enum { LEN = 100, BURST = 2048 };

static struct pool pool;
static struct esp_worker worker;
static uint64_t seed = 88172645463325252u;
static const uint16_t windows[] = { 64, 128, 256, 512, 1024 };

static uint32_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

static void random_bytes(void *ctx, void *p, size_t n)
{
	(void)ctx;
	for (size_t i = 0; i < n; i++)
		((uint8_t *)p)[i] = (uint8_t)rnd();
}

static struct sa_spec spec_of(uint8_t cipher, uint16_t bits, uint8_t auth, uint8_t mode, bool esn,
			      uint16_t window)
{
	const struct cipher_info *c = cipher_info(cipher, bits);
	struct sa_spec s = { .id = 1, .dir = SA_OUT, .proto = PROTO_ESP, .mode = mode, .spi = 4711,
			     .src = ipaddr_v4(HOST_A), .dst = ipaddr_v4(HOST_B), .cipher = cipher,
			     .cipher_bits = bits, .auth = auth, .replay_window = window, .esn = esn };

	s.enc_key.len = (uint8_t)(c->key_len + c->salt_len);
	s.auth_key.len = auth ? auth_info(auth)->key_len : 0;
	random_bytes(NULL, s.enc_key.b, s.enc_key.len);
	random_bytes(NULL, s.auth_key.b, s.auth_key.len);
	s.sel.local = s.sel.remote = addr_match_v4(0, UINT32_MAX);
	return s;
}

struct ends {
	struct sa *out, *in;
};

static struct ends ends_new(const struct sa_spec *spec)
{
	struct sa_spec s = *spec;
	struct ends e;

	assert_int_equal(sa_new(worker.crypto, &s, 0, &e.out), 0);
	s.dir = SA_IN;
	assert_int_equal(sa_new(worker.crypto, &s, 0, &e.in), 0);
	return e;
}

static void ends_free(struct ends *e)
{
	sa_free(e->out);
	sa_free(e->in);
}

static struct pkt *inner(struct sa *sa, size_t len, uint8_t proto)
{
	struct pkt *p = pkt_get(&pool);
	struct ip_view h = { .ttl = 61, .proto = proto, .src = HOST_A, .dst = HOST_B,
			 .total_len = (uint16_t)len };

	assert_non_null(p);
	ip4_write(pkt_append(p, IP4_HEADER), &h);
	memset(pkt_append(p, len - IP4_HEADER), 0x5a, len - IP4_HEADER);
	p->sa = sa;
	return p;
}

static enum esp_reason encap(struct pkt *p)
{
	struct batch b = { 1, { p } }, bad = { 0 };

	esp_encap(&worker, &b, &bad, ESP_DF_COPY, 1);
	assert_int_equal(b.n, p->reason == ESP_OK);
	return p->reason;
}

/* The outer header comes off. */
static void carry(struct pkt *p, struct sa *in)
{
	assert_true(pkt_pull(p, IP4_HEADER));
	p->outer_src = HOST_A;
	p->outer_dst = HOST_B;
	p->outer_ttl = 61;
	p->sa = in;
}

static enum esp_reason decap(struct pkt *p)
{
	struct batch b = { 1, { p } }, bad = { 0 };

	esp_decap(&worker, &b, &bad, 2);
	assert_int_equal(b.n, p->reason == ESP_OK);
	return p->reason;
}

/* ---- the window ---- */

/* One walk: numbers are counted from base, 1, 2, ...; the packets of a span of them are
 * kept as the sender made them, so that each can arrive at any time and again. */
struct walk {
	struct ends e;
	uint64_t base;
	uint32_t w;
	enum esp_reason late; /* what becomes of numbers before the window */
	uint8_t wire[BURST][200];
	size_t len;
};

static void walk_begin(struct walk *k, const struct sa_spec *s, uint64_t base)
{
	k->e = ends_new(s);
	k->base = base;
	k->w = s->replay_window;
	/* an extended number is taken for the nearest: behind the window, for one of the next
	 * space, if there is any, of which the ICV knows nothing */
	k->late = s->esn && base >> 32 < UINT32_MAX ? ESP_AUTH : ESP_REPLAYED;
	k->e.out->seq = (uint32_t)base;
	k->e.out->seq_high = (uint32_t)(base >> 32);
	k->e.in->replay.top = (uint32_t)base;
	k->e.in->replay.high = (uint32_t)(base >> 32);
	for (size_t i = 1; i < BURST; i++) {
		struct pkt *p = inner(k->e.out, LEN, 6);

		assert_int_equal(encap(p), ESP_OK);
		carry(p, k->e.in);
		k->len = p->len;
		assert_true(p->len <= sizeof(k->wire[0]));
		memcpy(k->wire[i], p->data, p->len);
		pkt_put(&pool, p);
	}
}

static struct pkt *arrival(const struct walk *k, size_t i)
{
	struct pkt *p = pkt_get(&pool);

	assert_true(i > 0 && i < BURST);
	pkt_append(p, k->len);
	memcpy(p->data, k->wire[i], k->len);
	p->outer_src = HOST_A;
	p->outer_dst = HOST_B;
	p->outer_ttl = 61;
	p->sa = k->e.in;
	return p;
}

static enum esp_reason arrive(const struct walk *k, size_t i)
{
	struct pkt *p = arrival(k, i);
	enum esp_reason why = decap(p);

	pkt_put(&pool, p);
	return why;
}

static void edges(struct walk *k)
{
	uint32_t w = k->w, top = w + 10;

	assert_int_equal(arrive(k, 1), ESP_OK);
	assert_int_equal(arrive(k, 1), ESP_REPLAYED);
	assert_int_equal(arrive(k, top), ESP_OK); /* those between are missing */
	assert_int_equal(arrive(k, top), ESP_REPLAYED);
	assert_int_equal(arrive(k, top - (w - 1)), ESP_OK); /* late by W-1: the last inside */
	assert_int_equal(arrive(k, top - (w - 1)), ESP_REPLAYED);
	assert_int_equal(arrive(k, top - w), k->late); /* late by W, and never seen */
	assert_int_equal(arrive(k, top - (w + 1)), k->late);
	assert_int_equal(arrive(k, top + 1), ESP_OK);
	assert_int_equal(arrive(k, top - (w - 1) + 1), ESP_OK);
	/* a forged number moves nothing */
	struct pkt *p = arrival(k, top + 2);
	p->data[7] ^= 0x3f;
	assert_int_equal(decap(p), ESP_AUTH);
	pkt_put(&pool, p);
	assert_int_equal(arrive(k, top + 2), ESP_OK);
	assert_int_equal(k->e.in->replayed, k->late == ESP_AUTH ? 3 : 5);
	assert_int_equal(k->e.in->packets, 6);
}

/* In batches, each block of w numbers backwards: the first to come is W-1 ahead of the
 * last. Then all of it again. */
static void reversed_bursts(struct walk *k)
{
	size_t n = (BURST - 1) / k->w * k->w, before = k->e.in->packets;

	for (int again = 0; again < 2; again++)
		for (size_t i = 0; i < n;) {
			struct batch b = { 0 }, bad = { 0 };

			for (; b.n < BATCH_MAX && i < n; i++)
				batch_add(&b, arrival(k, i / k->w * k->w + k->w - i % k->w));
			size_t all = b.n;
			esp_decap(&worker, &b, &bad, 2);
			assert_int_equal(again ? bad.n : b.n, all);
			for (size_t j = 0; j < bad.n; j++)
				assert_true(bad.p[j]->reason == ESP_REPLAYED || bad.p[j]->reason == k->late);
			batch_put(&pool, &b);
			batch_put(&pool, &bad);
		}
	assert_int_equal(k->e.in->packets - before, n);
}

/* Any order, with duplicates: what a list of all that was seen says. */
static void shuffled(struct walk *k)
{
	static bool seen[BURST];
	size_t top = 0;

	memset(seen, 0, sizeof(seen));
	for (int step = 0; step < 6000; step++) {
		size_t ahead = top + 3 < BURST ? top + 3 : BURST - 1;
		size_t back = rnd() % (step % 2 ? 4 : k->w + 6);
		size_t i = ahead > back ? ahead - back : 1;
		bool want = !seen[i] && (i > top || top - i < k->w);

		assert_int_equal(arrive(k, i), want	      ? ESP_OK :
					       i + k->w > top ? ESP_REPLAYED :
								k->late);
		if (want) {
			seen[i] = true;
			top = i > top ? i : top;
		}
	}
	assert_true(top > BURST / 2);
}

static void walk_with(const struct sa_spec *s, uint64_t base)
{
	static void (*const ways[])(struct walk *) = { edges, reversed_bursts, shuffled };
	struct walk *k = calloc(1, sizeof(*k));

	assert_non_null(k);
	for (size_t i = 0; i < 3; i++) {
		walk_begin(k, s, base);
		ways[i](k);
		ends_free(&k->e);
	}
	free(k);
}

static void every_window_is_walked_with_short_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		struct sa_spec s = spec_of(CIPHER_AES_GCM, 128, 0, MODE_TUNNEL, false, windows[i]);

		walk_with(&s, 0);
		walk_with(&s, 5000);
		walk_with(&s, SPACE - BURST); /* the last of them is the last of all */
	}
}

static void every_window_is_walked_over_the_end_of_the_short_numbers(void **state)
{
	static const struct {
		uint8_t cipher, auth;
		uint16_t bits;
	} t[] = { { CIPHER_AES_GCM, AUTH_NONE, 128 }, { CIPHER_AES_CBC, AUTH_HMAC_SHA1_96, 128 },
		  { CIPHER_AES_GMAC, AUTH_NONE, 256 }, { CIPHER_NULL, AUTH_AES_XCBC_96, 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++)
		for (size_t k = 0; k < sizeof(t) / sizeof(t[0]); k++) {
			struct sa_spec s = spec_of(t[k].cipher, t[k].bits, t[k].auth, MODE_TUNNEL, true,
						   windows[i]);

			walk_with(&s, 0);
			/* the end comes at each place of the window */
			walk_with(&s, SPACE - 5);
			walk_with(&s, 7 * SPACE - windows[i]);
			walk_with(&s, UINT64_MAX - BURST);
		}
}

static void the_upper_half_is_the_nearest(void **state)
{
	static const struct {
		uint64_t top;
		uint32_t low;
		uint64_t want;
	} t[] = { /* a window of 64; RFC 4303 appendix A2.1, case A */
		{ 5 * SPACE + 1000, 937, 5 * SPACE + 937 },
		{ 5 * SPACE + 1000, 936, 6 * SPACE + 936 },
		{ 5 * SPACE + 1000, UINT32_MAX, 5 * SPACE + UINT32_MAX },
		{ 5 * SPACE + 1000, 0, 6 * SPACE },
		{ 5 * SPACE + 63, 0, 5 * SPACE },
		/* case B: the window reaches back */
		{ 5 * SPACE + 62, UINT32_MAX, 4 * SPACE + UINT32_MAX },
		{ 5 * SPACE + 62, UINT32_MAX - 1, 5 * SPACE + UINT32_MAX - 1 },
		{ 5 * SPACE, UINT32_MAX - 62, 4 * SPACE + UINT32_MAX - 62 },
		{ 5 * SPACE, UINT32_MAX - 63, 5 * SPACE + UINT32_MAX - 63 },
		/* there is nothing before the first and nothing behind the last */
		{ 0, UINT32_MAX, 0 },
		{ 0, 1, 1 },
		{ UINT64_MAX, 17, 0 },
	};
	struct replay r;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(replay_init(&r, 64), 0);
		r.top = (uint32_t)t[i].top;
		r.high = (uint32_t)(t[i].top >> 32);
		assert_int_equal(replay_extend(&r, t[i].low), t[i].want);
	}
}

static void without_a_window_nothing_is_a_replay(void **state)
{
	struct sa_spec s = spec_of(CIPHER_AES_CBC, 128, AUTH_HMAC_SHA1_96, MODE_TUNNEL, false, 0);
	struct walk *k = calloc(1, sizeof(*k));

	(void)state;
	assert_non_null(k);
	walk_begin(k, &s, 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(arrive(k, 2000), ESP_OK);
		assert_int_equal(arrive(k, 1), ESP_OK);
	}
	ends_free(&k->e);
	free(k);
}

/* A batch that holds the last numbers: what is beyond them never leaves. */
static void numbers_used_up_end_the_sa_within_a_batch(void **state)
{
	(void)state;
	for (int esn = 0; esn < 2; esn++) {
		struct sa_spec s = spec_of(CIPHER_AES_GCM, 128, 0, MODE_TUNNEL, esn, 64);
		struct ends e = ends_new(&s);
		struct batch b = { 0 }, bad = { 0 };

		e.out->seq = UINT32_MAX - 5;
		e.out->seq_high = esn ? UINT32_MAX : 0;
		assert_false(sa_is_exhausted(e.out));
		assert_true(sa_check_life(e.out, 0) && e.out->due == SA_DUE_SOFT);
		for (size_t i = 0; i < 20; i++)
			batch_add(&b, inner(e.out, LEN, 6));
		esp_encap(&worker, &b, &bad, ESP_DF_COPY, 1);
		assert_int_equal(b.n, 5);
		assert_int_equal(bad.n, 15);
		for (size_t i = 0; i < bad.n; i++)
			assert_int_equal(bad.p[i]->reason, ESP_SA_DEAD);
		assert_true(sa_is_exhausted(e.out) && e.out->dead);
		assert_true(sa_check_life(e.out, 0) && e.out->due & SA_DUE_HARD);
		batch_put(&pool, &b);
		batch_put(&pool, &bad);
		ends_free(&e);
	}
}

static void extended_numbers_go_on_where_short_ones_end(void **state)
{
	struct sa_spec s = spec_of(CIPHER_AES_GCM, 128, 0, MODE_TUNNEL, true, 64);
	struct ends e = ends_new(&s);
	struct pkt *p = inner(e.out, LEN, 6);

	(void)state;
	e.out->seq = UINT32_MAX;
	e.out->seq_high = 6;
	e.in->replay.top = UINT32_MAX;
	e.in->replay.high = 6;
	assert_false(sa_is_exhausted(e.out));
	assert_int_equal(encap(p), ESP_OK);
	carry(p, e.in);
	assert_memory_equal(p->data, "\0\0\x12\x67\0\0\0\0\0\0\0\7\0\0\0\0", 16); /* and the IV */
	assert_int_equal(decap(p), ESP_OK);
	assert_true(e.in->replay.high == 7 && e.in->replay.top == 0);
	pkt_put(&pool, p);
	/* the half that does not travel is covered */
	p = inner(e.out, LEN, 6);
	assert_int_equal(encap(p), ESP_OK);
	carry(p, e.in);
	e.in->replay.high = 8;
	assert_int_equal(decap(p), ESP_AUTH);
	pkt_put(&pool, p);
	ends_free(&e);
}

/* ---- volumes ---- */

/* How many of n packets of LEN bytes pass out, and then in, in batches. */
static size_t pass_out(struct sa *sa, size_t n)
{
	size_t passed = 0;

	while (n) {
		struct batch b = { 0 }, bad = { 0 };

		for (; b.n < BATCH_MAX && n; n--)
			batch_add(&b, inner(sa, LEN, 6));
		esp_encap(&worker, &b, &bad, ESP_DF_COPY, 1);
		passed += b.n;
		for (size_t i = 0; i < bad.n; i++)
			assert_int_equal(bad.p[i]->reason, ESP_SA_DEAD);
		batch_put(&pool, &b);
		batch_put(&pool, &bad);
	}
	return passed;
}

static void the_hard_volume_is_exact_to_the_packet(void **state)
{
	static const struct {
		uint64_t hard;
		size_t pass;
	} t[] = { { 1000, 10 }, { 1099, 10 }, { 1100, 11 }, { 99, 0 }, { 6400, 64 }, { 12850, 128 },
		  { 0, 300 } };

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct sa_spec s = spec_of(CIPHER_AES_CBC, 256, AUTH_HMAC_SHA256_128, MODE_TUNNEL, false,
					   64);
		struct ends e;

		s.life.hard_bytes = t[i].hard;
		e = ends_new(&s);
		assert_int_equal(pass_out(e.out, 300), t[i].pass);
		assert_int_equal(e.out->bytes, t[i].pass * LEN);
		assert_int_equal(e.out->packets, t[i].pass);
		assert_int_equal(e.out->seq, t[i].pass); /* and no number was lost */
		assert_int_equal(e.out->dead, t[i].hard != 0);
		assert_int_equal(sa_check_life(e.out, 0), t[i].hard != 0);
		/* however small a packet is: an SA that has ended has ended */
		struct pkt *p = inner(e.out, IP4_HEADER, 6);
		assert_int_equal(encap(p), t[i].hard ? ESP_SA_DEAD : ESP_OK);
		pkt_put(&pool, p);
		ends_free(&e);
	}
}

/* AH alone, and a bundle whose ESP ends within the batch that AH goes around. */
static void the_hard_volume_is_exact_with_ah(void **state)
{
	(void)state;
	for (int bundle = 0; bundle < 2; bundle++) {
		struct sa_spec s = spec_of(CIPHER_AES_CBC, 128, AUTH_HMAC_SHA1_96, MODE_TUNNEL, false, 64);
		struct batch b = { 0 }, bad = { 0 };
		struct ends e;

		if (bundle) {
			s.ah.spi = 4712;
			s.ah.auth = AUTH_HMAC_SHA1_96;
			s.ah.key = s.auth_key;
		} else {
			s.proto = PROTO_AH;
			s.cipher = CIPHER_UNSET;
			s.cipher_bits = 0;
			s.enc_key.len = 0;
		}
		s.life.hard_bytes = 10 * LEN + 1;
		e = ends_new(&s);
		for (size_t i = 0; i < 30; i++)
			batch_add(&b, inner(e.out, LEN, 6));
		ipsec_encap(&worker, &b, &bad, ESP_DF_COPY, 1);
		assert_int_equal(b.n, 10);
		assert_int_equal(bad.n, 20);
		assert_true(e.out->bytes == 10 * LEN && e.out->packets == 10 && e.out->dead);
		e.in->spec.life.hard_bytes = 7 * LEN;
		for (size_t i = 0; i < b.n; i++) {
			struct ip_view h;

			assert_true(ip4_parse(b.p[i], true, &h));
			b.p[i]->outer_src = HOST_A;
			b.p[i]->outer_dst = HOST_B;
			b.p[i]->sa = e.in;
		}
		ah_decap(&worker, &b, &bad, 2);
		assert_int_equal(b.n, 7);
		assert_true(e.in->bytes == 7 * LEN && e.in->packets == 7 && e.in->dead);
		batch_put(&pool, &b);
		batch_put(&pool, &bad);
		ends_free(&e);
	}
}

static void the_hard_volume_is_exact_inbound(void **state)
{
	struct sa_spec s = spec_of(CIPHER_AES_GCM, 256, 0, MODE_TRANSPORT, false, 64);
	struct ends e = ends_new(&s);
	struct batch b = { 0 }, bad = { 0 };

	(void)state;
	e.in->spec.life.hard_bytes = 10 * LEN + 1;
	for (size_t i = 0; i < 30; i++) {
		struct pkt *p = inner(e.out, LEN, 6);

		assert_int_equal(encap(p), ESP_OK);
		carry(p, e.in);
		batch_add(&b, p);
	}
	esp_decap(&worker, &b, &bad, 2);
	assert_int_equal(b.n, 10);
	assert_int_equal(bad.n, 20);
	for (size_t i = 0; i < bad.n; i++)
		assert_int_equal(bad.p[i]->reason, ESP_SA_DEAD);
	assert_true(e.in->bytes == 10 * LEN && e.in->packets == 10 && e.in->dead);
	batch_put(&pool, &b);
	batch_put(&pool, &bad);
	ends_free(&e);
}

static void the_soft_volume_is_told_once_at_its_packet(void **state)
{
	struct sa_spec s = spec_of(CIPHER_AES_CBC, 128, AUTH_HMAC_SHA1_96, MODE_TUNNEL, false, 64);
	struct ends e;

	(void)state;
	s.life.soft_bytes = 7 * LEN;
	s.life.hard_bytes = 10 * LEN;
	e = ends_new(&s);
	for (size_t i = 1; i <= 12; i++) {
		size_t passed = pass_out(e.out, 1);

		assert_int_equal(passed, i <= 10);
		bool due = sa_check_life(e.out, 100000); /* long after its birth: it does not fill in seconds */
		assert_int_equal(due, i == 7 || i == 10);
		assert_int_equal(e.out->due & SA_DUE_HARD, i >= 10 ? SA_DUE_HARD : 0);
		e.out->told = e.out->due;
	}
	ends_free(&e);
}

/* 32 GiB cannot be sent here: the count is put near its end. */
static void a_cipher_of_small_blocks_ends_below_32_gib(void **state)
{
	static const struct {
		uint8_t cipher;
		uint16_t bits;
		bool capped;
	} t[] = { { CIPHER_DES, 0, true }, { CIPHER_3DES, 0, true }, { CIPHER_AES_CBC, 128, false } };

	(void)state;
	assert_true(CIPHER_SMALL_BLOCK_MAX < UINT64_C(32) << 30);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct sa_spec s = spec_of(t[i].cipher, t[i].bits, AUTH_HMAC_SHA1_96, MODE_TUNNEL, false,
					   64);
		struct ends e = ends_new(&s); /* no lifetime is configured */
		size_t text = LEN + 4;	      /* 102 and padding to eight */

		assert_int_equal(pass_out(e.out, 3), 3);
		if (t[i].capped)
			assert_int_equal(e.out->text, 3 * text);
		assert_false(sa_check_life(e.out, 0));
		e.out->text = CIPHER_SMALL_BLOCK_MAX / 4 * 3;
		assert_int_equal(sa_check_life(e.out, 0), t[i].capped);
		assert_int_equal(e.out->due, t[i].capped ? SA_DUE_SOFT : 0);
		e.out->text = CIPHER_SMALL_BLOCK_MAX - 5 * text;
		assert_int_equal(pass_out(e.out, 100), t[i].capped ? 5 : 100);
		assert_int_equal(e.out->dead, t[i].capped);
		ends_free(&e);
	}
}

/* ---- traffic flow confidentiality ---- */

/* RFC 4303 section 2.7: whatever stands behind the packet within the payload is padding;
 * section 2.6: packets with next header 59 are dropped and are no error. */
static void padding_behind_the_packet_is_taken_off(void **state)
{
	struct sa_spec s = spec_of(CIPHER_NULL, 0, AUTH_NONE, MODE_TUNNEL, false, 64);
	struct ends e = ends_new(&s);

	(void)state;
	for (size_t extra = 0; extra <= 1200; extra += 40) {
		struct pkt *p = inner(e.out, LEN, 6), *orig = inner(e.out, LEN, 6);

		assert_int_equal(encap(p), ESP_OK);
		carry(p, e.in);
		/* SPI and number, packet, two bytes of padding, their count, next header */
		assert_int_equal(p->len, 8 + LEN + 4);
		uint8_t trailer[4];
		memcpy(trailer, p->data + 8 + LEN, 4);
		memset(pkt_append(p, extra), 0xee, extra);
		memset(p->data + 8 + LEN, 0xee, extra);
		memcpy(p->data + p->len - 4, trailer, 4);
		assert_int_equal(decap(p), ESP_OK);
		assert_int_equal(p->len, LEN);
		assert_memory_equal(p->data, orig->data, LEN);
		assert_int_equal(e.in->bytes, (extra / 40 + 1) * LEN);
		pkt_put(&pool, p);
		pkt_put(&pool, orig);
	}
	assert_int_equal(e.in->malformed, 0);
	ends_free(&e);
}

/* In transport mode the upper protocol says where it ends: UDP by its length. */
static void padding_behind_a_datagram_stays_behind_it(void **state)
{
	struct sa_spec s = spec_of(CIPHER_AES_CBC, 128, AUTH_HMAC_SHA1_96, MODE_TRANSPORT, false, 64);
	struct ends e = ends_new(&s);
	struct pkt *p = inner(e.out, LEN + 32, 17);
	struct wr w = wr_of(p->data + IP4_HEADER, 8);
	struct ip_view h;

	(void)state;
	wr_be16(&w, 1);
	wr_be16(&w, 2);
	wr_be16(&w, LEN - IP4_HEADER);
	wr_be16(&w, 0);
	assert_int_equal(encap(p), ESP_OK);
	carry(p, e.in);
	assert_int_equal(decap(p), ESP_OK);
	assert_true(ip4_peek(span_of(p->data, p->len), &h));
	assert_int_equal(h.total_len, LEN + 32);
	assert_memory_equal(p->data + IP4_HEADER + 4, "\0\x50", 2);
	pkt_put(&pool, p);
	ends_free(&e);
}

static void dummies_count_as_numbers_and_as_nothing_else(void **state)
{
	struct sa_spec s = spec_of(CIPHER_NULL, 0, AUTH_NONE, MODE_TUNNEL, false, 64);
	struct ends e = ends_new(&s);

	(void)state;
	for (int again = 0; again < 2; again++) {
		struct pkt *p = inner(e.out, LEN, 6);

		e.out->seq = 8;
		assert_int_equal(encap(p), ESP_OK);
		carry(p, e.in);
		p->data[p->len - 1] = 59;
		assert_int_equal(decap(p), again ? ESP_REPLAYED : ESP_DUMMY);
		pkt_put(&pool, p);
	}
	assert_true(!e.in->packets && !e.in->bytes && !e.in->malformed && !e.in->bad_identity);
	ends_free(&e);
}

static int up(void **state)
{
	(void)state;
	worker.crypto = crypto_runner_new(CRYPTO_AUTO);
	worker.random = random_bytes;
	return !worker.crypto || pool_init(&pool, 2 * BATCH_MAX);
}

static int down(void **state)
{
	int leaked = pool.n_free != pool.n;

	(void)state;
	crypto_runner_free(worker.crypto);
	pool_fini(&pool);
	return leaked;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_window_is_walked_with_short_numbers),
		cmocka_unit_test(every_window_is_walked_over_the_end_of_the_short_numbers),
		cmocka_unit_test(the_upper_half_is_the_nearest),
		cmocka_unit_test(without_a_window_nothing_is_a_replay),
		cmocka_unit_test(numbers_used_up_end_the_sa_within_a_batch),
		cmocka_unit_test(extended_numbers_go_on_where_short_ones_end),
		cmocka_unit_test(the_hard_volume_is_exact_to_the_packet),
		cmocka_unit_test(the_hard_volume_is_exact_with_ah),
		cmocka_unit_test(the_hard_volume_is_exact_inbound),
		cmocka_unit_test(the_soft_volume_is_told_once_at_its_packet),
		cmocka_unit_test(a_cipher_of_small_blocks_ends_below_32_gib),
		cmocka_unit_test(padding_behind_the_packet_is_taken_off),
		cmocka_unit_test(padding_behind_a_datagram_stays_behind_it),
		cmocka_unit_test(dummies_count_as_numbers_and_as_nothing_else),
	};

	return cmocka_run_group_tests(tests, up, down);
}
