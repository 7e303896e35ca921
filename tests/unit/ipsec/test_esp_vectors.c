/* SPDX-License-Identifier: Apache-2.0 */
/* Whole published ESP packets, there and back: RFC 3602 section 4, cases 5 to 8
 * (AES-128-CBC without a MAC; IV, sequence number and SPI as printed there). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "ipsec/esp.h"

#define A 0xc0a87b03u /* 192.168.123.3 */

struct vector {
	const char *name;
	uint8_t mode;
	uint32_t spi, seq, peer;
	const char *key;
	const char *inner; /* the packet that is protected, from its IP header */
	const char *esp;   /* from the SPI on */
};

static const struct vector vectors[] = {
	{ "case 5: transport mode, padding", MODE_TRANSPORT, 0x4321, 1, 0xc0a87b64,
	  "90d382b410eeba7ad938c46cec1a82bf",
	  "4500005408f200004001f9fec0a87b03c0a87b64"
	  "08000ebda70a00008e9c083db95b070008090a0b0c0d0e0f1011121314151617"
	  "18191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637",
	  "0000432100000001e96e8c08ab465763fd098d45dd3ff893f663c25d325c18c6a9453e194e120849"
	  "a4870b66cc6b9965330013b4898dc856a4699e523a55db080b59ec3a8e4b7e52775b07d1db34ed9c"
	  "538ab50c551b874aa269add047ad2d5913ac19b7cfbad4a6" },
	{ "case 6: transport mode, two bytes of padding", MODE_TRANSPORT, 0x4321, 8, 0xc0a87b64,
	  "90d382b410eeba7ad938c46cec1a82bf",
	  "4500003008fe00004001fa16c0a87b03c0a87b64"
	  "0800b5e8a80a0500a69c083d0b660e00777777777777777777777777",
	  "000043210000000869d08df7d203329db093fc4924e5bd80f51995881ec4e0c4488987ce742e8109"
	  "689bb379d2d750c0d915dca346a89f75" },
	{ "case 7: tunnel mode", MODE_TUNNEL, 0x8765, 2, 0xc0a87bc8,
	  "0123456789abcdef0123456789abcdef",
	  "45000054090400004001f988c0a87b03c0a87bc8"
	  "08009f76a90a0100b49c083d02a2040008090a0b0c0d0e0f1011121314151617"
	  "18191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637",
	  "0000876500000002f4e765244f6407adf13dc1380f673f37773b5241a4c449225e4f3ce5ed611b0c"
	  "237ca96cf74a93013c1b0ea1a0cf70f8e4ecaec78ac53aad7a0f022b859243c647752e94a859352b"
	  "8a4d4d2decd136e5c177f132ad3fbfb2201ac9904c74ee0a109e0ca1e4dfe9d5a100b842f1c22f0d" },
	{ "case 8: tunnel mode", MODE_TUNNEL, 0x8765, 5, 0xc0a87bc8,
	  "0123456789abcdef0123456789abcdef",
	  "45000044090c00004001f990c0a87b03c0a87bc8"
	  "0800d63caa0a0200c69c083da3de0300ffffffffffffffffffffffffffffffff"
	  "ffffffffffffffffffffffffffffffff",
	  "000087650000000585d47224b5f3dd5d2101d4ea8dffab2215b92683819596a8047232cc00f7048f"
	  "e45318e11f8a0f62ede3c3fc61203bb50f980a08c9843fd3a1b06d5c07ff9639b7eb7dfb3512e5de"
	  "435e7207ed971ef3d2726d9b5ef6affc6d17a0decbb13892" },
};
enum { N_VECTORS = sizeof(vectors) / sizeof(vectors[0]), MAX = 256 };

static struct pool pool;
static struct esp_worker worker;
static uint8_t next_iv[16];

static size_t unhex(const char *s, uint8_t *dst)
{
	size_t n = strlen(s) / 2;

	assert_true(n <= MAX);
	for (size_t i = 0; i < n; i++) {
		char byte[3] = { s[2 * i], s[2 * i + 1], 0 };

		dst[i] = (uint8_t)strtoul(byte, NULL, 16);
	}
	return n;
}

static void iv_of_the_vector(void *ctx, void *p, size_t n)
{
	(void)ctx;
	assert_true(n >= sizeof(next_iv));
	memset(p, 0, n);
	memcpy(p, next_iv, sizeof(next_iv));
}

static struct sa *sa_of(const struct vector *v, enum sa_dir dir)
{
	struct sa_spec s = { .id = 1, .dir = (uint8_t)dir, .proto = PROTO_ESP, .mode = v->mode,
			     .spi = v->spi, .cipher = CIPHER_AES_CBC, .cipher_bits = 128,
			     .replay_window = 64 };
	struct sa *sa;

	s.src = ipaddr_v4(A);
	s.dst = ipaddr_v4(v->peer);
	s.enc_key.len = (uint8_t)unhex(v->key, s.enc_key.b);
	s.sel.local = s.sel.remote = addr_match_v4(0, UINT32_MAX);
	assert_int_equal(sa_new(worker.crypto, &s, 0, &sa), 0);
	return sa;
}

static struct pkt *load(const char *hex)
{
	struct pkt *p = pkt_get(&pool);

	assert_non_null(p);
	p->len = (uint32_t)unhex(hex, p->data);
	return p;
}

static void published_packets_are_built(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_VECTORS; i++) {
		const struct vector *v = &vectors[i];
		uint8_t want[MAX];
		size_t n = unhex(v->esp, want);
		struct pkt *p = load(v->inner);
		struct batch b = { 1, { p } }, bad = { 0 };
		struct ip4 outer;

		p->sa = sa_of(v, SA_OUT);
		((struct sa *)p->sa)->seq = v->seq - 1;
		memcpy(next_iv, want + ESP_HEADER, sizeof(next_iv));
		worker.ivs_left = 0;
		esp_encap(&worker, &b, &bad, ESP_DF_COPY, 0);
		if (b.n != 1 || !ip4_parse(p, true, &outer) || outer.proto != PROTO_ESP ||
		    outer.src != A || outer.dst != v->peer || p->len != IP4_HEADER + n ||
		    memcmp(p->data + IP4_HEADER, want, n) != 0)
			fail_msg("%s", v->name);
		sa_free(p->sa);
		pkt_put(&pool, p);
	}
}

static void published_packets_are_opened(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_VECTORS; i++) {
		const struct vector *v = &vectors[i];
		uint8_t want[MAX];
		size_t n = unhex(v->inner, want);
		struct pkt *p = load(v->esp);
		struct batch b = { 1, { p } }, bad = { 0 };
		struct span inner = span_of(want, n);
		struct ip4 h;

		/* transport mode: what the header of the ESP packet said */
		assert_true(ip4_peek(inner, &h));
		p->outer_src = A;
		p->outer_dst = v->peer;
		p->outer_tos = h.tos;
		p->outer_ttl = h.ttl;
		p->outer_id = h.id;
		p->sa = sa_of(v, SA_IN);
		esp_decap(&worker, &b, &bad, 0);
		if (b.n != 1 || p->seqno != v->seq || p->len != n || memcmp(p->data, want, n) != 0)
			fail_msg("%s", v->name);
		sa_free(p->sa);
		pkt_put(&pool, p);
	}
}

static int up(void **state)
{
	(void)state;
	worker.crypto = crypto_runner_new(CRYPTO_AUTO);
	worker.random = iv_of_the_vector;
	return !worker.crypto || pool_init(&pool, 2);
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
		cmocka_unit_test(published_packets_are_built),
		cmocka_unit_test(published_packets_are_opened),
	};

	return cmocka_run_group_tests(tests, up, down);
}
