/* SPDX-License-Identifier: Apache-2.0 */
/* ESP there and back: every suite and mode, and what must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ipsec/esp.h"

#define HOST_A UINT32_C(0x0a000001)
#define HOST_B UINT32_C(0x0a010001)
#define GW_A   UINT32_C(0xc0000201)
#define GW_B   UINT32_C(0xc6336401)

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

struct variant {
	uint8_t cipher;
	uint16_t bits;
	uint8_t auth, mode;
	bool udp, esn;
};

static const struct {
	uint8_t cipher;
	uint16_t bits;
} ciphers[] = { { CIPHER_NULL, 0 },	  { CIPHER_DES, 0 },	   { CIPHER_3DES, 0 },
		{ CIPHER_AES_CBC, 128 },  { CIPHER_AES_CBC, 192 }, { CIPHER_AES_CBC, 256 },
		{ CIPHER_AES_GCM, 128 },  { CIPHER_AES_GCM, 192 }, { CIPHER_AES_GCM, 256 },
		{ CIPHER_AES_GMAC, 128 }, { CIPHER_AES_GMAC, 192 }, { CIPHER_AES_GMAC, 256 },
		{ CIPHER_AES_CTR, 128 },  { CIPHER_AES_CTR, 192 },  { CIPHER_AES_CTR, 256 },
		{ CIPHER_CHACHA20_POLY1305, 0 } };

/* The two ends of one SA. */
struct ends {
	struct sa *out, *in;
};

static struct ends ends_new(const struct variant *v)
{
	const struct cipher_info *c = cipher_info(v->cipher, v->bits);
	const struct auth_info *a = v->auth ? auth_info(v->auth) : NULL;
	bool tunnel = v->mode == MODE_TUNNEL;
	struct sa_spec s = { .id = 1, .dir = SA_OUT, .proto = PROTO_ESP, .mode = v->mode,
			     .spi = 0xdeadbeef, .cipher = v->cipher, .cipher_bits = v->bits,
			     .auth = v->auth, .replay_window = 64, .udp_encap = v->udp, .esn = v->esn,
			     .udp_sport = 4500, .udp_dport = 61234 };
	struct ends e;

	s.src = ipaddr_v4(tunnel ? GW_A : HOST_A);
	s.dst = ipaddr_v4(tunnel ? GW_B : HOST_B);
	s.enc_key.len = (uint8_t)(c->key_len + c->salt_len);
	s.auth_key.len = a ? a->key_len : 0;
	random_bytes(NULL, s.enc_key.b, s.enc_key.len);
	random_bytes(NULL, s.auth_key.b, s.auth_key.len);
	s.sel.local = addr_match_v4(HOST_A, 0xff);
	s.sel.remote = addr_match_v4(HOST_B, 0xff);
	assert_int_equal(sa_new(worker.crypto, &s, 0, &e.out), 0);
	s.dir = SA_IN;
	s.oa_src = ipaddr_v4(HOST_A); /* nobody has translated: checksums, random here, stay */
	s.oa_dst = ipaddr_v4(HOST_B);
	s.sel = selector_mirror(&s.sel);
	assert_int_equal(sa_new(worker.crypto, &s, 0, &e.in), 0);
	return e;
}

static void ends_free(struct ends *e)
{
	sa_free(e->out);
	sa_free(e->in);
}

static struct pkt *inner(uint32_t src, uint32_t dst, size_t len, uint16_t frag, uint8_t tos)
{
	struct pkt *p = pkt_get(&pool);
	struct ip_view h = { .tos = tos, .ttl = 61, .proto = 17, .id = 0x7777, .frag = frag, .src = src,
			 .dst = dst, .total_len = (uint16_t)len };

	assert_non_null(p);
	ip4_write(pkt_append(p, 20), &h);
	random_bytes(NULL, pkt_append(p, len - 20), len - 20);
	return p;
}

/* Encapsulates one packet; NULL and the reason if it was refused. */
static enum esp_reason encap(struct pkt *p, struct sa *sa)
{
	struct batch b = { 1, { p } }, bad = { 0 };

	p->sa = sa;
	esp_encap(&worker, &b, &bad, ESP_DF_COPY, 1);
	assert_int_equal(b.n + bad.n, 1);
	assert_int_equal(b.n, p->reason == ESP_OK);
	return p->reason;
}

/* What the network and the receiving socket do: the outer header comes off. */
static void carry(struct pkt *p, const struct variant *v)
{
	struct ip_view h = { .src = v->mode == MODE_TUNNEL ? GW_A : HOST_A,
			 .dst = v->mode == MODE_TUNNEL ? GW_B : HOST_B, .ttl = 61, .id = 0x7777,
			 .tos = p->outer_tos };

	if (v->udp) {
		assert_int_equal(p->local_port, 4500);
		assert_int_equal(p->remote_port, 61234);
		assert_int_equal(ipaddr_to_v4(&p->local), h.src);
		assert_int_equal(ipaddr_to_v4(&p->remote), h.dst);
	} else {
		assert_true(ip4_parse(p, true, &h));
		assert_int_equal(h.proto, PROTO_ESP);
		assert_int_equal(h.total_len, p->len);
		assert_int_equal(h.src, v->mode == MODE_TUNNEL ? GW_A : HOST_A);
		assert_int_equal(h.dst, v->mode == MODE_TUNNEL ? GW_B : HOST_B);
		assert_int_equal(h.ttl, v->mode == MODE_TUNNEL ? 255 : 61);
		pkt_pull(p, h.header_len);
	}
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
	esp_decap(&worker, &b, &bad, 2);
	assert_int_equal(b.n + bad.n, 1);
	assert_int_equal(b.n, p->reason == ESP_OK);
	return p->reason;
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

static void for_each_variant(void (*fn)(const struct variant *))
{
	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++)
		for (unsigned a = 0; a <= AUTH_AES_XCBC_96; a++)
			for (unsigned k = 0; k < 8; k++) {
				struct variant v = { ciphers[i].cipher, ciphers[i].bits, (uint8_t)a,
						     k & 1 ? MODE_TRANSPORT : MODE_TUNNEL,
						     k & 2, k & 4 };
				const struct cipher_info *c = cipher_info(v.cipher, v.bits);

				if (c->combined ? !a : a || !(v.esn || c->counter))
					fn(&v);
			}
}

static void there_and_back(const struct variant *v)
{
	struct ends e = ends_new(v);
	struct batch b = { 0 }, bad = { 0 };
	struct pkt *orig[BATCH_MAX];
	size_t bytes = 0;

	for (size_t i = 0; i < BATCH_MAX; i++) {
		struct pkt *p = inner(HOST_A, HOST_B, 28 + rnd() % 1400, 0, (uint8_t)(rnd() & 0xfc));

		p->sa = e.out;
		orig[i] = copy(p);
		bytes += p->len;
		batch_add(&b, p);
	}
	esp_encap(&worker, &b, &bad, ESP_DF_COPY, 77);
	assert_int_equal(b.n, BATCH_MAX);
	assert_int_equal(bad.n, 0);
	for (size_t i = 0; i < b.n; i++) {
		uint32_t spi;

		carry(b.p[i], v);
		assert_true(esp_peek_spi(b.p[i], &spi));
		assert_int_equal(spi, 0xdeadbeef);
		assert_memory_equal(b.p[i]->data + 4, "\0\0\0", 3);
		assert_int_equal(b.p[i]->data[7], i + 1);
		b.p[i]->sa = e.in;
	}
	esp_decap(&worker, &b, &bad, 78);
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
	ends_free(&e);
}

static void every_suite_and_mode_goes_there_and_back(void **state)
{
	(void)state;
	for_each_variant(there_and_back);
}

static void refuse_damage(const struct variant *v)
{
	struct ends e = ends_new(v);
	struct pkt *p = inner(HOST_A, HOST_B, 61, 0, 0);

	if (!e.in->icv_len) { /* encryption alone protects nothing */
		pkt_put(&pool, p);
		ends_free(&e);
		return;
	}
	assert_int_equal(encap(p, e.out), ESP_OK);
	carry(p, v);
	for (size_t at = 4; at < p->len; at++) { /* the SPI only chooses the SA */
		struct pkt *c = copy(p);

		c->data[at] ^= 0x80;
		assert_int_equal(decap(c, e.in), ESP_AUTH);
		pkt_put(&pool, c);
	}
	assert_int_equal(e.in->auth_failed, p->len - 4);
	for (size_t n = 0; n < p->len; n++) {
		struct pkt *c = copy(p);

		pkt_trim(c, n);
		assert_true(decap(c, e.in) == ESP_SHORT || c->reason == ESP_AUTH);
		pkt_put(&pool, c);
	}
	struct pkt *again = copy(p);
	assert_int_equal(decap(p, e.in), ESP_OK); /* none of that moved the window */
	assert_int_equal(decap(again, e.in), ESP_REPLAYED);
	assert_int_equal(e.in->replayed, 1);
	assert_int_equal(e.in->packets, 1);
	pkt_put(&pool, p);
	pkt_put(&pool, again);
	ends_free(&e);
}

static void damaged_cut_and_replayed_packets_are_refused(void **state)
{
	(void)state;
	for_each_variant(refuse_damage);
}

static const struct variant aes_sha = { CIPHER_AES_CBC, 128, AUTH_HMAC_SHA1_96, MODE_TUNNEL, false, false };
static const struct variant null_none = { CIPHER_NULL, 0, AUTH_NONE, MODE_TUNNEL, false, false };

static void two_copies_in_one_batch_give_one_packet(void **state)
{
	struct ends e = ends_new(&aes_sha);
	struct pkt *p = inner(HOST_A, HOST_B, 100, 0, 0);
	struct batch b = { 0 }, bad = { 0 };

	(void)state;
	assert_int_equal(encap(p, e.out), ESP_OK);
	carry(p, &aes_sha);
	p->sa = e.in;
	batch_add(&b, p);
	batch_add(&b, copy(p));
	esp_decap(&worker, &b, &bad, 0);
	assert_int_equal(b.n, 1);
	assert_int_equal(bad.n, 1);
	assert_int_equal(bad.p[0]->reason, ESP_REPLAYED);
	batch_put(&pool, &b);
	batch_put(&pool, &bad);
	ends_free(&e);
}

static void a_batch_of_good_and_bad_keeps_the_good_in_order(void **state)
{
	struct ends e = ends_new(&aes_sha);
	struct batch b = { 0 }, bad = { 0 };

	(void)state;
	for (size_t i = 0; i < 30; i++) {
		struct pkt *p = inner(HOST_A, HOST_B, 100 + i, 0, 0);

		assert_int_equal(encap(p, e.out), ESP_OK);
		carry(p, &aes_sha);
		p->sa = e.in;
		if (i % 3 == 1)
			p->data[30] ^= 1;
		if (i % 3 == 2)
			pkt_trim(p, p->len - 1);
		batch_add(&b, p);
	}
	esp_decap(&worker, &b, &bad, 0);
	assert_int_equal(b.n, 10);
	assert_int_equal(bad.n, 20);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(b.p[i]->len, 100 + 3 * i);
	batch_put(&pool, &b);
	batch_put(&pool, &bad);
	ends_free(&e);
}

static void wrong_padding_is_refused(void **state)
{
	struct ends e = ends_new(&null_none);

	(void)state;
	/* without cipher and MAC the trailer can be written at will */
	for (unsigned change = 0; change < 6; change++) {
		struct pkt *p = inner(HOST_A, HOST_B, 63, 0, 0); /* three bytes of padding */

		assert_int_equal(encap(p, e.out), ESP_OK);
		carry(p, &null_none);
		uint8_t *tail = p->data + p->len - 5;
		assert_memory_equal(tail, "\1\2\3\3\4", 5);
		switch (change) {
		case 0:
		case 1:
		case 2:
			tail[change] ^= 4;
			break;
		case 3:
			tail[3] = 255; /* longer than the packet */
			break;
		case 4:
			tail[3] = 4; /* one byte of payload taken for padding */
			break;
		default:
			tail[3] = 67; /* just longer than the text */
			break;
		}
		assert_int_equal(decap(p, e.in), ESP_PADDING);
		pkt_put(&pool, p);
	}
	assert_int_equal(e.in->malformed, 6);
	ends_free(&e);
}

static void packets_outside_the_identities_are_refused(void **state)
{
	static const struct {
		uint32_t src, dst;
		enum esp_reason want;
	} t[] = { { HOST_A, HOST_B, ESP_OK },
		  { HOST_A + 7, HOST_B + 9, ESP_OK },
		  { HOST_A + 0x100, HOST_B, ESP_IDENTITY },
		  { HOST_A, HOST_B + 0x100, ESP_IDENTITY },
		  { HOST_B, HOST_A, ESP_IDENTITY } };
	struct ends e = ends_new(&aes_sha);

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct pkt *p = inner(t[i].src, t[i].dst, 80, 0, 0);

		assert_int_equal(encap(p, e.out), ESP_OK);
		carry(p, &aes_sha);
		assert_int_equal(decap(p, e.in), t[i].want);
		pkt_put(&pool, p);
	}
	assert_int_equal(e.in->bad_identity, 3);
	assert_int_equal(e.in->packets, 2);
	ends_free(&e);
}

static void strange_next_headers_are_refused_and_dummies_dropped(void **state)
{
	struct ends e = ends_new(&null_none);

	(void)state;
	for (unsigned next = 0; next < 256; next++) {
		struct pkt *p = inner(HOST_A, HOST_B, 62, 0, 0);
		enum esp_reason want = next == 4 ? ESP_OK : next == 59 ? ESP_DUMMY : ESP_NEXT;

		assert_int_equal(encap(p, e.out), ESP_OK);
		carry(p, &null_none);
		p->data[p->len - 1] = (uint8_t)next;
		assert_int_equal(decap(p, e.in), want);
		pkt_put(&pool, p);
	}
	/* 4 is IPv4, whatever else is inside (RFC 4303 section 2.6) */
	struct pkt *p = inner(HOST_A, HOST_B, 62, 0, 0);
	assert_int_equal(encap(p, e.out), ESP_OK);
	carry(p, &null_none);
	p->data[8] = 0x65;
	assert_int_equal(decap(p, e.in), ESP_NEXT);
	pkt_put(&pool, p);
	ends_free(&e);
}

static void a_congestion_mark_on_the_way_reaches_the_inner_packet(void **state)
{
	struct ends e = ends_new(&aes_sha);

	(void)state;
	for (unsigned ecn = 0; ecn < 4; ecn++) {
		struct pkt *p = inner(HOST_A, HOST_B, 80, 0, (uint8_t)(0xb8 | ecn));

		assert_int_equal(encap(p, e.out), ESP_OK);
		assert_int_equal(p->data[1], 0xb8 | ecn);
		carry(p, &aes_sha);
		p->outer_tos |= 3;
		assert_int_equal(decap(p, e.in), ecn ? ESP_OK : ESP_ECN);
		if (ecn)
			assert_int_equal(p->data[1], 0xb8 | 3);
		pkt_put(&pool, p);
	}
	ends_free(&e);
}

static void the_outer_df_bit_is_as_configured(void **state)
{
	static const enum esp_df mode[] = { ESP_DF_COPY, ESP_DF_SET, ESP_DF_CLEAR };
	struct ends e = ends_new(&aes_sha);

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		bool df = i & 1, want = i / 2 == 0 ? df : i / 2 == 1;
		struct pkt *p = inner(HOST_A, HOST_B, 80, df ? IP4_DF : 0, 0);
		struct batch b = { 1, { p } }, bad = { 0 };
		struct ip_view h;

		p->sa = e.out;
		esp_encap(&worker, &b, &bad, mode[i / 2], 0);
		assert_true(ip4_parse(p, true, &h));
		assert_int_equal(h.frag, want ? IP4_DF : 0);
		pkt_put(&pool, p);
	}
	ends_free(&e);
}

static void an_sa_whose_numbers_are_used_up_is_dead(void **state)
{
	struct ends e = ends_new(&aes_sha);
	struct pkt *p = inner(HOST_A, HOST_B, 80, 0, 0), *q = inner(HOST_A, HOST_B, 80, 0, 0);

	(void)state;
	e.out->seq = UINT32_MAX - 1;
	assert_int_equal(encap(p, e.out), ESP_OK);
	assert_false(e.out->dead);
	carry(p, &aes_sha);
	assert_memory_equal(p->data + 4, "\xff\xff\xff\xff", 4);
	assert_int_equal(decap(p, e.in), ESP_OK);
	assert_int_equal(encap(q, e.out), ESP_SA_DEAD);
	assert_true(e.out->dead);
	assert_int_equal(e.out->seq, UINT32_MAX); /* never around */
	assert_true(sa_check_life(e.out, 0) && e.out->due & SA_DUE_HARD);
	pkt_put(&pool, p);
	pkt_put(&pool, q);
	ends_free(&e);
}

static void initialization_vectors_never_repeat(void **state)
{
	static const struct variant v[] = {
		{ CIPHER_AES_CBC, 256, AUTH_HMAC_SHA1_96, MODE_TUNNEL, true, false },
		{ CIPHER_AES_GCM, 256, AUTH_NONE, MODE_TUNNEL, true, false },
		{ CIPHER_AES_GMAC, 128, AUTH_NONE, MODE_TUNNEL, true, true },
		{ CIPHER_AES_CTR, 128, AUTH_HMAC_SHA1_96, MODE_TUNNEL, false, true },
		{ CIPHER_CHACHA20_POLY1305, 0, AUTH_NONE, MODE_TRANSPORT, true, true },
	};
	static uint8_t ivs[600][16];

	(void)state;
	for (size_t k = 0; k < sizeof(v) / sizeof(v[0]); k++) {
		struct ends e = ends_new(&v[k]);

		if (v[k].esn) /* over the end of a space of 2^32 numbers */
			e.out->seq = UINT32_MAX - 300;
		memset(ivs, 0, sizeof(ivs));
		for (size_t i = 0; i < 600; i++) {
			struct pkt *p = inner(HOST_A, HOST_B, 40, 0, 0);

			assert_int_equal(encap(p, e.out), ESP_OK);
			memcpy(ivs[i], p->data + 8 + (v[k].udp ? 0 : 20), e.out->iv_len);
			pkt_put(&pool, p);
			for (size_t j = 0; j < i; j++)
				assert_memory_not_equal(ivs[i], ivs[j], 16);
		}
		ends_free(&e);
	}
}

static void gmac_protects_a_text_that_stays_readable(void **state)
{
	static const struct variant v = { CIPHER_AES_GMAC, 128, AUTH_NONE, MODE_TUNNEL, false, false };
	struct ends e = ends_new(&v);
	struct pkt *p = inner(HOST_A, HOST_B, 90, 0, 0), *orig = copy(p);

	(void)state;
	assert_int_equal(encap(p, e.out), ESP_OK);
	carry(p, &v);
	assert_memory_equal(p->data + 16, orig->data, 90); /* RFC 4543 section 3 */
	assert_int_equal(decap(p, e.in), ESP_OK);
	pkt_put(&pool, p);
	pkt_put(&pool, orig);
	ends_free(&e);
}

static void what_is_no_whole_ipv4_packet_is_not_sent(void **state)
{
	struct ends e = ends_new(&aes_sha);

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct pkt *p = inner(HOST_A, HOST_B, 80, 0, 0);

		if (i == 0)
			p->data[0] = 0x65;
		else if (i == 1)
			pkt_trim(p, 79);
		else if (i == 2)
			pkt_trim(p, 0);
		else
			pkt_append(p, 1);
		assert_int_equal(encap(p, e.out), ESP_SHORT);
		pkt_put(&pool, p);
	}
	assert_int_equal(e.out->seq, 0);
	ends_free(&e);
}

/* Path MTU 1500, as IOS's `plaintext mtu`. */
static const struct {
	struct variant v;
	size_t want;
} mtus[] = {
	{ { CIPHER_3DES, 0, AUTH_HMAC_SHA1_96, MODE_TUNNEL, false, false }, 1446 },
	{ { CIPHER_3DES, 0, AUTH_HMAC_SHA1_96, MODE_TUNNEL, true, false }, 1438 },
	{ { CIPHER_DES, 0, AUTH_HMAC_MD5_96, MODE_TUNNEL, false, false }, 1446 },
	{ { CIPHER_AES_CBC, 128, AUTH_HMAC_SHA1_96, MODE_TUNNEL, false, false }, 1438 },
	{ { CIPHER_AES_CBC, 128, AUTH_HMAC_SHA1_96, MODE_TUNNEL, true, false }, 1422 },
	{ { CIPHER_AES_CBC, 256, AUTH_HMAC_MD5_96, MODE_TUNNEL, false, false }, 1438 },
	{ { CIPHER_AES_CBC, 256, AUTH_HMAC_SHA256_128, MODE_TUNNEL, false, false }, 1438 },
	{ { CIPHER_AES_CBC, 256, AUTH_HMAC_SHA256_128, MODE_TUNNEL, true, false }, 1422 },
	{ { CIPHER_AES_CBC, 128, AUTH_HMAC_SHA384_192, MODE_TUNNEL, false, false }, 1422 },
	{ { CIPHER_AES_CBC, 128, AUTH_HMAC_SHA384_192, MODE_TUNNEL, true, false }, 1422 },
	{ { CIPHER_AES_CBC, 128, AUTH_HMAC_SHA512_256, MODE_TUNNEL, false, false }, 1422 },
	{ { CIPHER_AES_CBC, 128, AUTH_HMAC_SHA512_256, MODE_TUNNEL, true, false }, 1406 },
	{ { CIPHER_AES_GCM, 256, AUTH_NONE, MODE_TUNNEL, false, false }, 1446 },
	{ { CIPHER_AES_GCM, 256, AUTH_NONE, MODE_TUNNEL, true, false }, 1438 },
	{ { CIPHER_NULL, 0, AUTH_HMAC_SHA1_96, MODE_TUNNEL, false, false }, 1458 },
	{ { CIPHER_NULL, 0, AUTH_HMAC_SHA1_96, MODE_TUNNEL, true, false }, 1450 },
	{ { CIPHER_AES_CBC, 128, AUTH_HMAC_SHA256_128, MODE_TRANSPORT, false, false }, 1458 },
	{ { CIPHER_AES_CBC, 128, AUTH_HMAC_SHA1_96, MODE_TRANSPORT, true, false }, 1442 },
};

static void the_plaintext_mtu_is_that_of_ios(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(mtus) / sizeof(mtus[0]); i++) {
		struct ends e = ends_new(&mtus[i].v);

		assert_int_equal(sa_plaintext_mtu(e.out, 1500), mtus[i].want);
		ends_free(&e);
	}
}

static void fit_exactly(const struct variant *v)
{
	struct ends e = ends_new(v);

	for (size_t path = 576; path < 640; path++) {
		size_t n = sa_plaintext_mtu(e.out, path), extra = v->udp ? 28 : 0;
		struct pkt *p = inner(HOST_A, HOST_B, n, 0, 0), *q = inner(HOST_A, HOST_B, n + 1, 0, 0);

		assert_int_equal(encap(p, e.out), ESP_OK);
		assert_int_equal(encap(q, e.out), ESP_OK);
		assert_true(p->len + extra <= path);
		assert_true(q->len + extra > path);
		pkt_put(&pool, p);
		pkt_put(&pool, q);
	}
	assert_int_equal(sa_plaintext_mtu(e.out, 0), 0);
	assert_int_equal(sa_plaintext_mtu(e.out, 28), 0);
	ends_free(&e);
}

static void a_packet_of_the_plaintext_mtu_just_fits_the_path(void **state)
{
	(void)state;
	for_each_variant(fit_exactly);
}

static void combinations_that_do_not_exist_make_no_sa(void **state)
{
	struct sa_spec good = { .id = 1, .dir = SA_OUT, .proto = PROTO_ESP, .mode = MODE_TUNNEL,
				.spi = 1, .src = ipaddr_v4(1), .dst = ipaddr_v4(2),
				.cipher = CIPHER_AES_CBC, .cipher_bits = 128,
				.auth = AUTH_HMAC_SHA1_96, .enc_key.len = 16, .auth_key.len = 20 };
	struct sa_spec bad[13];
	struct sa *sa;

	(void)state;
	for (size_t i = 0; i < 13; i++)
		bad[i] = good;
	bad[0].proto = PROTO_AH;
	bad[1].mode = 0;
	bad[2].dir = 3;
	bad[3].src.family = IP_V6;
	bad[4].cipher_bits = 100;
	bad[5].auth = 99;
	bad[6].enc_key.len = 24;
	bad[7].auth_key.len = 255;
	bad[8].cipher = CIPHER_AES_CTR; /* nothing authenticates it (RFC 3686 section 2.2) */
	bad[8].enc_key.len = 20;
	bad[8].auth = bad[8].auth_key.len = 0;
	bad[9].esn = true; /* nothing authenticates the half that is not there */
	bad[9].auth = bad[9].auth_key.len = 0;
	bad[10].esn = true; /* nothing follows it */
	bad[10].dir = SA_IN;
	bad[11].manual = true; /* its counter would count the same again */
	bad[11].cipher = CIPHER_AES_GCM;
	bad[11].enc_key.len = 20;
	bad[11].auth = bad[11].auth_key.len = 0;
	bad[12].manual = true;
	bad[12].cipher = CIPHER_AES_CTR;
	bad[12].enc_key.len = 20;
	for (size_t i = 0; i < 13; i++)
		assert_int_equal(sa_new(worker.crypto, &bad[i], 0, &sa), -EINVAL);
	assert_int_equal(sa_new(worker.crypto, &good, 0, &sa), 0);
	sa_free(sa);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_suite_and_mode_goes_there_and_back),
		cmocka_unit_test(damaged_cut_and_replayed_packets_are_refused),
		cmocka_unit_test(two_copies_in_one_batch_give_one_packet),
		cmocka_unit_test(a_batch_of_good_and_bad_keeps_the_good_in_order),
		cmocka_unit_test(wrong_padding_is_refused),
		cmocka_unit_test(packets_outside_the_identities_are_refused),
		cmocka_unit_test(strange_next_headers_are_refused_and_dummies_dropped),
		cmocka_unit_test(a_congestion_mark_on_the_way_reaches_the_inner_packet),
		cmocka_unit_test(the_outer_df_bit_is_as_configured),
		cmocka_unit_test(an_sa_whose_numbers_are_used_up_is_dead),
		cmocka_unit_test(initialization_vectors_never_repeat),
		cmocka_unit_test(gmac_protects_a_text_that_stays_readable),
		cmocka_unit_test(what_is_no_whole_ipv4_packet_is_not_sent),
		cmocka_unit_test(the_plaintext_mtu_is_that_of_ios),
		cmocka_unit_test(a_packet_of_the_plaintext_mtu_just_fits_the_path),
		cmocka_unit_test(combinations_that_do_not_exist_make_no_sa),
	};

	return cmocka_run_group_tests(tests, up, down);
}
