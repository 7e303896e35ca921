/* SPDX-License-Identifier: Apache-2.0 */
/* AH alone and around ESP: there and back, what AH covers of an IP header, and what must
 * be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ipsec/ah.h"
#include "ipsec/mutable.h"

#define HOST_A UINT32_C(0x0a000001)
#define HOST_B UINT32_C(0x0a010001)
#define GW_A   UINT32_C(0xc0000201)
#define GW_B   UINT32_C(0xc6336401)

enum { AH_SPI = 0xa11ce, ESP_SPI = 0xe59, IDLE = 7 };

static struct pool pool;
static struct esp_worker worker;
static uint64_t seed = 88172645463325252u;

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

static int up(void **state)
{
	(void)state;
	worker.crypto = crypto_runner_new(CRYPTO_AUTO);
	worker.random = random_bytes;
	return !worker.crypto || pool_init(&pool, 3 * BATCH_MAX);
}

static int down(void **state)
{
	int leaked = pool.n_free != pool.n;

	(void)state;
	crypto_runner_free(worker.crypto);
	pool_fini(&pool);
	return leaked;
}

/* cipher CIPHER_UNSET: AH alone. */
struct variant {
	uint8_t ah, mode, cipher;
	uint16_t bits;
	uint8_t esp_auth;
};

static const struct variant bundles[] = {
	{ AUTH_HMAC_SHA1_96, 0, CIPHER_3DES, 0, AUTH_HMAC_SHA1_96 },
	{ AUTH_HMAC_MD5_96, 0, CIPHER_AES_CBC, 256, AUTH_NONE },
	{ AUTH_HMAC_SHA256_128, 0, CIPHER_AES_GCM, 128, AUTH_NONE },
	{ AUTH_HMAC_SHA512_256, 0, CIPHER_NULL, 0, AUTH_HMAC_SHA384_192 },
};

struct ends {
	struct sa *out, *in;
};

static struct sa_key key_of(size_t len)
{
	struct sa_key k = { .len = (uint8_t)len };

	random_bytes(NULL, k.b, len);
	return k;
}

static struct sa_spec spec_of(const struct variant *v)
{
	const struct cipher_info *c = v->cipher ? cipher_info(v->cipher, v->bits) : NULL;
	bool tunnel = v->mode == MODE_TUNNEL;
	struct sa_key key = key_of(auth_info(v->ah)->key_len);
	struct sa_spec s = { .id = 1, .dir = SA_OUT, .proto = c ? PROTO_ESP : PROTO_AH,
			     .mode = v->mode, .spi = c ? ESP_SPI : AH_SPI, .cipher = v->cipher,
			     .cipher_bits = v->bits, .replay_window = 64 };

	if (c) {
		s.enc_key = key_of((size_t)c->key_len + c->salt_len);
		s.auth = v->esp_auth;
		s.auth_key = key_of(v->esp_auth ? auth_info(v->esp_auth)->key_len : 0);
		s.ah = (struct sa_ah){ AH_SPI, v->ah, key };
	} else {
		s.auth = v->ah;
		s.auth_key = key;
	}
	s.src = ipaddr_v4(tunnel ? GW_A : HOST_A);
	s.dst = ipaddr_v4(tunnel ? GW_B : HOST_B);
	s.sel.local = addr_match_v4(HOST_A, 0xff);
	s.sel.remote = addr_match_v4(HOST_B, 0xff);
	return s;
}

static struct ends ends_of(struct sa_spec s)
{
	struct ends e;

	assert_int_equal(sa_new(worker.crypto, &s, 0, &e.out), 0);
	s.dir = SA_IN;
	s.sel = selector_mirror(&s.sel);
	assert_int_equal(sa_new(worker.crypto, &s, 0, &e.in), 0);
	return e;
}

static struct ends ends_new(const struct variant *v)
{
	return ends_of(spec_of(v));
}

static void ends_free(struct ends *e)
{
	sa_free(e->out);
	sa_free(e->in);
}

static void for_each_variant(void (*fn)(const struct variant *))
{
	for (uint8_t mode = MODE_TUNNEL; mode <= MODE_TRANSPORT; mode++) {
		for (uint8_t a = AUTH_HMAC_MD5_96; a <= AUTH_HMAC_SHA512_256; a++)
			fn(&(struct variant){ .ah = a, .mode = mode });
		for (size_t i = 0; i < sizeof(bundles) / sizeof(bundles[0]); i++) {
			struct variant v = bundles[i];

			v.mode = mode;
			fn(&v);
		}
	}
}

static struct pkt *inner_to(uint32_t dst, size_t len)
{
	struct pkt *p = pkt_get(&pool);
	struct ip_view h = { .tos = (uint8_t)(rnd() & 0xfc), .ttl = 61, .proto = 17, .id = 0x7777,
			 .src = HOST_A, .dst = dst, .total_len = (uint16_t)len };

	assert_non_null(p);
	ip4_write(pkt_append(p, 20), &h);
	random_bytes(NULL, pkt_append(p, len - 20), len - 20);
	return p;
}

static struct pkt *inner(size_t len)
{
	return inner_to(HOST_B, len);
}

static struct pkt *copy(const struct pkt *p)
{
	struct pkt *c = pkt_get(&pool);
	uint8_t *buf = c->buf;

	*c = *p;
	c->buf = buf;
	c->data = buf + (p->data - p->buf);
	memcpy(c->data, p->data, p->len);
	return c;
}

static enum esp_reason encap(struct pkt *p, struct sa *sa)
{
	struct batch b = { 1, { p } }, bad = { 0 };

	p->sa = sa;
	ipsec_encap(&worker, &b, &bad, ESP_DF_COPY, 1);
	assert_int_equal(b.n + bad.n, 1);
	assert_int_equal(b.n, p->reason == ESP_OK);
	return p->reason;
}

/* What a forwarder notes of the outer header. */
static void arrive(struct pkt *p)
{
	struct ip_view h = { 0 };

	assert_true(ip4_parse(p, true, &h));
	assert_int_equal(h.proto, PROTO_AH);
	assert_true(h.id != 0);
	p->outer_src = h.src;
	p->outer_dst = h.dst;
	p->outer_tos = h.tos;
	p->outer_ttl = h.ttl;
	p->outer_id = h.id;
}

static enum esp_reason decap(struct pkt *p, struct sa *sa)
{
	struct batch b = { 1, { p } }, bad = { 0 };

	p->sa = sa;
	ah_decap(&worker, &b, &bad, 2);
	assert_int_equal(b.n + bad.n, 1);
	assert_int_equal(b.n, p->reason == ESP_OK);
	return p->reason;
}

static void there_and_back(const struct variant *v)
{
	struct ends e = ends_new(v);
	struct batch b = { 0 }, bad = { 0 };
	struct pkt *orig[BATCH_MAX];
	size_t bytes = 0;

	for (size_t i = 0; i < BATCH_MAX; i++) {
		struct pkt *p = inner(28 + rnd() % 1400);

		p->sa = e.out;
		orig[i] = copy(p);
		bytes += p->len;
		batch_add(&b, p);
	}
	ipsec_encap(&worker, &b, &bad, ESP_DF_COPY, 77);
	assert_int_equal(b.n, BATCH_MAX);
	for (size_t i = 0; i < b.n; i++) {
		uint32_t spi;

		arrive(b.p[i]);
		assert_true(ah_peek_spi(b.p[i], IP4_HEADER, &spi));
		assert_int_equal(spi, AH_SPI);
		assert_int_equal(b.p[i]->data[20], v->cipher ? PROTO_ESP : v->mode == MODE_TUNNEL ? 4 : 17);
		assert_int_equal((b.p[i]->data[21] + 2) * 4, 12 + auth_info(v->ah)->icv_len);
		assert_memory_equal(b.p[i]->data + 22, "\0\0", 2);
		assert_int_equal(b.p[i]->data[31], i + 1);
		b.p[i]->sa = e.in;
	}
	ah_decap(&worker, &b, &bad, 78);
	assert_int_equal(b.n, BATCH_MAX);
	assert_int_equal(bad.n, 0);
	for (size_t i = 0; i < b.n; i++) {
		assert_int_equal(b.p[i]->len, orig[i]->len);
		assert_memory_equal(b.p[i]->data, orig[i]->data, orig[i]->len);
		pkt_put(&pool, orig[i]);
	}
	batch_put(&pool, &b);
	assert_true(e.in->packets == BATCH_MAX && e.out->packets == BATCH_MAX);
	assert_true(e.in->bytes == bytes && e.out->bytes == bytes);
	assert_true(e.in->last_ms == 78 && e.out->last_ms == 77);
	assert_true(sa_last_seq(e.out) == BATCH_MAX && sa_last_seq(e.in) == BATCH_MAX);
	ends_free(&e);
}

static void every_variant_goes_there_and_back(void **state)
{
	(void)state;
	for_each_variant(there_and_back);
}

/* ESP alone, AH alone and a bundle, and one that is too long, in one batch. */
static void protocols_mix_in_a_batch(void **state)
{
	struct variant v[] = { { AUTH_HMAC_SHA1_96, MODE_TUNNEL, 0, 0, 0 }, bundles[0] };
	struct batch b = { 0 }, bad = { 0 };
	struct ends e[3];
	struct sa_spec plain;

	(void)state;
	v[1].mode = MODE_TUNNEL;
	plain = spec_of(&v[1]);
	plain.ah = (struct sa_ah){ 0 };
	e[0] = ends_new(&v[0]);
	e[1] = ends_new(&v[1]);
	e[2] = ends_of(plain);
	for (size_t i = 0; i < 60; i++) {
		batch_add(&b, inner(28 + i));
		b.p[i]->sa = e[i % 3].out;
	}
	b.p[30]->data[0] = 0x65; /* no IPv4: of AH alone */
	b.p[31]->data[0] = 0x65; /* of the bundle */
	ipsec_encap(&worker, &b, &bad, ESP_DF_COPY, 1);
	assert_int_equal(bad.n, 2);
	assert_int_equal(b.n, 58);
	uint32_t last[3] = { 0 };
	for (size_t i = 0; i < b.n; i++) { /* those of one SA are in order */
		struct pkt *p = b.p[i];
		size_t k = p->sa == e[0].out ? 0 : p->sa == e[1].out ? 1 : 2;
		bool esp = k == 2;

		assert_int_equal(p->data[9], esp ? PROTO_ESP : PROTO_AH);
		assert_true(p->inner_len > last[k]);
		last[k] = p->inner_len;
		if (!esp) {
			arrive(p);
			assert_int_equal(decap(p, e[k].in), ESP_OK);
			assert_int_equal(p->len, p->inner_len);
		}
	}
	batch_put(&pool, &b);
	batch_put(&pool, &bad);
	for (size_t i = 0; i < 3; i++)
		ends_free(&e[i]);
}

/* The inner payload carries what a bundle's ESP has not proved: nothing may be forged. */
static void no_byte_but_the_mutable_can_change(const struct variant *v)
{
	struct ends e = ends_new(v);
	struct pkt *good = inner(60);

	assert_int_equal(encap(good, e.out), ESP_OK);
	arrive(good);
	for (size_t at = 0; at < good->len; at++) {
		bool is_mutable = at == 1 || (at >= 6 && at <= 8) || at == 10 || at == 11;
		struct pkt *p = copy(good);

		p->data[at] ^= 0x10;
		enum esp_reason why = decap(p, e.in);
		if (is_mutable)
			assert_true(why == ESP_OK);
		else
			assert_true(why == ESP_AUTH || why == ESP_SHORT);
		assert_int_equal(replay_init(&e.in->ah->replay, 64), 0);
		assert_int_equal(replay_init(&e.in->replay, 64), 0);
		pkt_put(&pool, p);
	}
	assert_true(e.in->packets == 6);
	pkt_put(&pool, good);
	ends_free(&e);
}

static void only_mutable_fields_may_change(void **state)
{
	(void)state;
	for_each_variant(no_byte_but_the_mutable_can_change);
}

static void every_truncation_is_refused(void **state)
{
	struct variant v[] = { { AUTH_HMAC_SHA1_96, MODE_TUNNEL, 0, 0, 0 }, bundles[2] };

	(void)state;
	v[1].mode = MODE_TRANSPORT;
	for (size_t k = 0; k < 2; k++) {
		struct ends e = ends_new(&v[k]);
		struct pkt *good = inner(60);

		assert_int_equal(encap(good, e.out), ESP_OK);
		arrive(good);
		for (size_t n = 0; n < good->len; n++) {
			/* nothing may be read behind its end: an exactly sized block tells */
			uint8_t *exact = malloc(PKT_BUF);
			struct pkt p = *good, *old = copy(good);
			uint32_t spi;

			assert_non_null(exact);
			p.buf = exact;
			p.data = exact + PKT_BUF - n;
			p.len = (uint32_t)n;
			memcpy(p.data, old->data, n);
			assert_int_equal(ah_peek_spi(&p, IP4_HEADER, &spi), n >= 28);
			assert_true(decap(&p, e.in) != ESP_OK);
			free(exact);
			pkt_put(&pool, old);
		}
		assert_true(e.in->packets == 0);
		pkt_put(&pool, good);
		ends_free(&e);
	}
}

static void a_second_copy_is_a_replay_for_either_window(void **state)
{
	(void)state;
	for (size_t k = 0; k < 2; k++) {
		struct variant v = k ? bundles[0] : (struct variant){ .ah = AUTH_HMAC_SHA1_96 };
		v.mode = MODE_TUNNEL;
		struct ends e = ends_new(&v);
		struct pkt *kept[70];

		for (size_t i = 0; i < 70; i++) {
			kept[i] = inner(60);
			assert_int_equal(encap(kept[i], e.out), ESP_OK);
			arrive(kept[i]);
		}
		struct { size_t i; enum esp_reason want; } rows[] = {
			{ 3, ESP_OK }, { 3, ESP_REPLAYED }, { 0, ESP_OK }, { 69, ESP_OK },
			{ 69 - 63, ESP_OK }, { 69 - 64, ESP_REPLAYED }, { 69 - 63, ESP_REPLAYED },
			{ 40, ESP_OK }, { 40, ESP_REPLAYED },
		};
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			struct pkt *p = copy(kept[rows[i].i]);

			assert_int_equal(decap(p, e.in), rows[i].want);
			pkt_put(&pool, p);
		}
		assert_true(e.in->replayed == 4);
		for (size_t i = 0; i < 70; i++)
			pkt_put(&pool, kept[i]);
		ends_free(&e);
	}
}

/* Two copies in one batch: the check sees none of them yet. */
static void of_two_copies_in_a_batch_one_is_taken(void **state)
{
	struct variant v = { .ah = AUTH_HMAC_SHA256_128, .mode = MODE_TUNNEL };
	struct ends e = ends_new(&v);
	struct pkt *p = inner(60);
	struct batch b = { 0 }, bad = { 0 };

	(void)state;
	assert_int_equal(encap(p, e.out), ESP_OK);
	arrive(p);
	p->sa = e.in;
	batch_add(&b, p);
	batch_add(&b, copy(p));
	ah_decap(&worker, &b, &bad, 1);
	assert_int_equal(b.n, 1);
	assert_int_equal(bad.p[0]->reason, ESP_REPLAYED);
	batch_put(&pool, &b);
	batch_put(&pool, &bad);
	ends_free(&e);
}

static void the_inner_packet_must_match(const struct variant *v)
{
	struct sa_spec s = spec_of(v);
	struct ends e = ends_of(s);
	struct pkt *p = inner_to(HOST_B + 0x100, 60);

	assert_int_equal(encap(p, e.out), ESP_OK);
	arrive(p);
	assert_int_equal(decap(p, e.in), ESP_IDENTITY);
	assert_true(e.in->bad_identity == 1 && e.in->packets == 0);
	pkt_put(&pool, p);
	ends_free(&e);
}

static void packets_outside_the_identity_are_refused(void **state)
{
	(void)state;
	for_each_variant(the_inner_packet_must_match);
}

static void numbers_end_with_the_sa_unless_keys_were_typed(void **state)
{
	struct variant v = { .ah = AUTH_HMAC_SHA1_96, .mode = MODE_TUNNEL };

	(void)state;
	for (int manual = 0; manual < 2; manual++)
		for (size_t k = 0; k < 2; k++) {
			struct variant w = k ? bundles[0] : v;
			w.mode = MODE_TUNNEL;
			struct sa_spec s = spec_of(&w);
			struct ends e;
			struct pkt *p;

			s.manual = manual;
			if (manual)
				s.replay_window = 0;
			e = ends_of(s);
			e.out->seq = e.out->ah->seq = UINT32_MAX - 1;
			for (int i = 0; i < 3; i++) {
				p = inner(60);
				assert_int_equal(encap(p, e.out), i && !manual ? ESP_SA_DEAD : ESP_OK);
				if (manual) { /* numbers 2^32-1, 0 and 1 */
					arrive(p);
					assert_int_equal(decap(p, e.in), ESP_OK);
				}
				pkt_put(&pool, p);
			}
			assert_int_equal(sa_check_life(e.out, 1), !manual);
			assert_int_equal(e.out->dead, !manual);
			ends_free(&e);
		}
}

static void a_packet_of_the_plaintext_mtu_just_fits(const struct variant *v)
{
	for (size_t path = 600; path < 632; path++) {
		struct ends e = ends_new(v);
		size_t mtu = sa_plaintext_mtu(e.out, path);
		struct pkt *p = inner(mtu), *q = inner(mtu + 1);

		assert_int_equal(encap(p, e.out), ESP_OK);
		assert_true(p->len <= path);
		assert_int_equal(encap(q, e.out), ESP_OK);
		assert_true(q->len > path);
		pkt_put(&pool, p);
		pkt_put(&pool, q);
		ends_free(&e);
	}
}

static void the_plaintext_mtu_is_exact(void **state)
{
	struct variant v = { .ah = AUTH_HMAC_SHA1_96, .mode = MODE_TUNNEL };
	struct ends e = ends_new(&v);

	(void)state;
	for_each_variant(a_packet_of_the_plaintext_mtu_just_fits);
	assert_int_equal(sa_plaintext_mtu(e.out, 1500), 1456);
	assert_int_equal(sa_plaintext_mtu(e.out, 44), 0);
	ends_free(&e);
}

static void combinations_that_do_not_exist_are_refused(void **state)
{
	struct variant alone = { .ah = AUTH_HMAC_SHA1_96, .mode = MODE_TUNNEL }, bundle = bundles[0];
	struct sa *sa = NULL;
	struct sa_spec s;

	(void)state;
	bundle.mode = MODE_TUNNEL;
#define REFUSED(v, change)                                                 \
	s = spec_of(&v);                                                   \
	change;                                                            \
	assert_int_equal(sa_new(worker.crypto, &s, 0, &sa), -EINVAL);
	REFUSED(alone, s.auth = AUTH_NONE)
	REFUSED(alone, s.auth_key.len = 19)
	REFUSED(alone, s.auth_key.len = 200)
	REFUSED(alone, s.udp_encap = true) /* AH does not cross NAT */
	REFUSED(alone, s.cipher = CIPHER_3DES)
	REFUSED(alone, s.enc_key.len = 8)
	REFUSED(alone, s.ah = ((struct sa_ah){ 300, AUTH_HMAC_SHA1_96, key_of(20) }))
	REFUSED(bundle, s.udp_encap = true)
	REFUSED(bundle, s.ah.auth = AUTH_NONE)
	REFUSED(bundle, s.ah.auth = 77)
	REFUSED(bundle, s.ah.key.len = 32)
	REFUSED(bundle, s.cipher = CIPHER_UNSET)
	REFUSED(bundle, s.proto = 108)
}

static void the_sad_finds_a_bundle_by_both_spis(void **state)
{
	struct variant alone = { .ah = AUTH_HMAC_SHA1_96, .mode = MODE_TUNNEL }, bundle = bundles[0];
	struct sad d;
	struct ends a, b, c;
	struct sa_spec s;

	(void)state;
	bundle.mode = MODE_TUNNEL;
	sad_init(&d, (uint64_t[2]){ 1, 2 });
	b = ends_new(&bundle);
	assert_int_equal(sad_add(&d, b.in), 0);
	assert_ptr_equal(sad_by_spi(&d, PROTO_ESP, ESP_SPI), b.in);
	assert_ptr_equal(sad_by_spi(&d, PROTO_AH, AH_SPI), b.in);
	assert_null(sad_by_spi(&d, PROTO_ESP, AH_SPI));
	assert_null(sad_by_spi(&d, PROTO_AH, ESP_SPI));
	s = spec_of(&alone); /* its SPI is that of the bundle's AH */
	s.id = 2;
	a = ends_of(s);
	assert_int_equal(sad_add(&d, a.in), -EEXIST);
	s = spec_of(&bundle);
	s.id = 3;
	s.spi = 999; /* AH's is taken */
	c = ends_of(s);
	assert_int_equal(sad_add(&d, c.in), -EEXIST);
	assert_null(sad_by_spi(&d, PROTO_ESP, 999));
	sad_del(&d, b.in);
	assert_null(sad_by_spi(&d, PROTO_AH, AH_SPI));
	assert_int_equal(sad_add(&d, a.in), 0);
	assert_ptr_equal(sad_by_spi(&d, PROTO_AH, AH_SPI), a.in);
	sa_free(a.out);
	sa_free(b.out);
	ends_free(&c);
	sad_fini(&d);
}

/* ---- the header ---- */

/* Every option type of RFC 4302 appendix A1: true where it is covered. */
static const struct {
	uint8_t type;
	bool covered;
} option_rows[] = {
	{ 130, true },	{ 133, true },	{ 134, true },	{ 148, true },	{ 149, true }, /* immutable */
	{ 131, false }, { 68, false },	{ 7, false },	{ 137, false }, { 82, false }, /* mutable */
	{ 136, false }, { 11, false },	{ 12, false },	{ 145, false }, { 10, false }, /* superseded, */
	{ 205, false }, { 142, false }, { 15, false },	{ 144, false }, { 147, false }, /* experimental */
	{ 25, false },	{ 94, false },	{ 222, false }, /* of later days */
};

static void options_are_covered_as_appendix_a_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(option_rows) / sizeof(option_rows[0]); i++) {
		uint8_t h[32], was[32];

		random_bytes(NULL, h, sizeof(h));
		h[20] = 1; /* NOP, covered */
		h[21] = option_rows[i].type;
		h[22] = 8;
		h[23] = 255; /* a route that is used up */
		h[29] = 0;   /* end; what follows is covered */
		memcpy(was, h, sizeof(h));
		assert_true(ip4_zero_mutable(h, sizeof(h), AH_SENDER));
		for (size_t k = 0; k < sizeof(h); k++) {
			bool zero = k == 1 || (k >= 6 && k <= 8) || k == 10 || k == 11 ||
				    (k >= 21 && k < 29 && !option_rows[i].covered);

			if (h[k] != (zero ? 0 : was[k]))
				fail_msg("option %u, byte %zu", option_rows[i].type, k);
		}
	}
}

static void damaged_options_say_nothing(void **state)
{
	static const struct {
		uint8_t opt[8];
		bool ok;
	} rows[] = {
		{ { 1, 1, 1, 1, 1, 1, 1, 1 }, true },	{ { 0, 7, 200 }, true },
		{ { 7, 8 }, true },			{ { 7, 9 }, false },
		{ { 7, 0 }, false },			{ { 7, 1 }, false },
		{ { 148, 4, 0, 0, 1, 1, 1, 68 }, false }, /* a type without its length */
		{ { 131, 2, 1, 1, 1, 1, 1, 1 }, true },	  /* too short for a pointer */
		{ { 131, 3, 4, 1, 1, 1, 1, 1 }, true },	  { { 137, 8, 4, 1, 2, 3, 4, 5 }, true },
		{ { 1, 1, 1, 1, 1, 1, 148, 255 }, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t *h = calloc(1, 28); /* exactly sized */

		assert_non_null(h);
		memcpy(h + 20, rows[i].opt, 8);
		if (ip4_zero_mutable(h, 28, AH_SENDER) != rows[i].ok)
			fail_msg("row %zu", i);
		free(h);
	}
	assert_false(ip4_zero_mutable((uint8_t[19]){ 0 }, 19, AH_SENDER));
}

static void a_sender_covers_the_end_of_the_route(void **state)
{
	static const struct {
		uint8_t type, pointer;
		enum ah_side side;
		bool last;
	} rows[] = {
		{ 131, 4, AH_SENDER, true },	{ 137, 8, AH_SENDER, true },
		{ 131, 12, AH_SENDER, false },	{ 131, 0, AH_SENDER, false },
		{ 131, 4, AH_RECEIVER, false }, { 7, 4, AH_SENDER, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t h[32] = { [16] = 9, 9, 9, 9, [20] = rows[i].type, 11, rows[i].pointer,
				  1, 1, 1, 1, 2, 2, 2, 2 };

		assert_true(ip4_zero_mutable(h, sizeof(h), rows[i].side));
		assert_int_equal(h[16], rows[i].last ? 2 : 9);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_variant_goes_there_and_back),
		cmocka_unit_test(protocols_mix_in_a_batch),
		cmocka_unit_test(only_mutable_fields_may_change),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(a_second_copy_is_a_replay_for_either_window),
		cmocka_unit_test(of_two_copies_in_a_batch_one_is_taken),
		cmocka_unit_test(packets_outside_the_identity_are_refused),
		cmocka_unit_test(numbers_end_with_the_sa_unless_keys_were_typed),
		cmocka_unit_test(the_plaintext_mtu_is_exact),
		cmocka_unit_test(combinations_that_do_not_exist_are_refused),
		cmocka_unit_test(the_sad_finds_a_bundle_by_both_spis),
		cmocka_unit_test(options_are_covered_as_appendix_a_says),
		cmocka_unit_test(damaged_options_say_nothing),
		cmocka_unit_test(a_sender_covers_the_end_of_the_route),
	};

	return cmocka_run_group_tests(tests, up, down);
}
