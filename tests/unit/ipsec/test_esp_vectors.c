/* SPDX-License-Identifier: Apache-2.0 */
/* Whole published ESP packets. There and back: RFC 3602 section 4, cases 5 to 8 (AES-128-CBC
 * without a MAC; IV, sequence number and SPI as printed there). Opened only, since their IV is
 * none that we make: draft-mcgrew-gcm-test-01 (AES-GCM, some with extended numbers) and RFC 7634
 * appendix A (ChaCha20-Poly1305). */
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

/* text is what was encrypted: with padding, its length and the next header. In the draft's
 * packets that says 1, whatever stands before it; so they are opened as transport mode, where
 * it does not matter. */
static const struct opened {
	const char *name;
	uint8_t cipher;
	uint16_t bits;
	uint32_t spi;
	uint64_t seq;
	bool esn;
	const char *key; /* with the salt */
	const char *text, *esp;
} opened[] = {
	{ "GCM 1", CIPHER_AES_GCM, 128, 0x00004321, UINT64_C(0x8765432100000000), true,
	  "4c80cdefbb5d10da906ac73c3613a6342e443b68",
	  "45000048699a000080114db7c0a80102c0a801010a9bf15638d301000001000000000000045f736970045f756470037369700963796265726369747902646b000021000101020201",
	  "00004321000000004956ed7e3b244cfefecf537e729d5b07dc30df528dd22b768d1b98736696a6fd348509fa13ceac34cfa2436f14a3f3cf65925bf1f4a13c5d15b21e1884f5ff6247aeabb786b93bce61bc17d768fd9732459018148f6cbe722fd04796562dfdb4" },
	{ "GCM 2", CIPHER_AES_GCM, 128, 0x0000a5f8, UINT64_C(0x0000000a), false,
	  "feffe9928665731c6d6a8f9467308308cafebabe",
	  "4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d001000001000000000000037369700963796265726369747902646b00000100010001",
	  "0000a5f80000000afacedbaddecaf888deb22cd9b07c72c16e3a65beeb8df304a5a5897d33ae530f1ba76d5d114d2a5c3de81827c10e9a4f51330d0eec416642cfbb85a5b47e48a4ec3b9ba95d918bd183b70d3aa8bc6ee4c309e9d85a41ad4a" },
	{ "GCM 3", CIPHER_AES_GCM, 256, 0x4a2cbfe3, UINT64_C(0x00000002), false,
	  "abbccddef00112233445566778899aababbccddef00112233445566778899aab11223344",
	  "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee0000000007002400020bf0000020405b40101040201020201",
	  "4a2cbfe3000000020102030405060708ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763748a637985771d347f0545659f14e99def842d8eb335f4eecfdbf831824b4c4915956c96" },
	{ "GCM 5", CIPHER_AES_GCM, 128, 0x42f67e3f, UINT64_C(0x1010101010101010), true,
	  "3de09874b388e6491988d0c3607eae1f57690e43",
	  "4500003c99c300008001cb7c40679318010101010800085c020043006162636465666768696a6b6c6d6e6f707172737475767761626364656667686901020201",
	  "42f67e3f101010104e280000a2fca1a3fba2caa4853cf9f0f22cb10d86dd83b0fec75691cf1a04b00d1138ec9c35791765acbd8701ad79845bf9fe3fba487bc91755e6662b4c8d0d1f5e22739530320ae0d731cc978ecafaeae88f00e80d6e48" },
	{ "GCM 7", CIPHER_AES_GCM, 192, 0x0000a5f8, UINT64_C(0x0000000a), false,
	  "feffe9928665731c6d6a8f9467308308feffe9928665731ccafebabe",
	  "45000028a4ad4000400678800a01038f0a010612802306b8cb712602dd6bb03e501016d075680001",
	  "0000a5f80000000afacedbaddecaf888a5b1f8066029aea40e598b8122de02420938b3ab33f828e687b8858b5bfbdbd0315b27452144cc7795457b9652037f5318027b5b4cd7a636" },
	{ "GCM 8", CIPHER_AES_GCM, 128, 0x00000100, UINT64_C(0x0000000000000001), true,
	  "abbccddef00112233445566778899aabdecaf888",
	  "4500004933ba00007f119106c3fb1d10c2b1d326c02831ce0035dd7b800302d500004e20001e8c18d75b81dc91baa0476b91b924b280389d92c963bac046ec959b6266c04722b14923010101",
	  "0000010000000001cafedebaceface7418a6fd42f72cbf4ab2a2ea901f73d814e3e7f243d95412e1c349c1d2fbec168f9190feebaf2cb01984e65863965d7472b79da345e0e780191f0d2f0e0f496c226f2127b27db35724e7845d68651f57e65f354f75ff17015769623436" },
	{ "GCM 9", CIPHER_AES_GCM, 256, 0x17405e67, UINT64_C(0x156f3126dd0db99b), true,
	  "abbccddef00112233445566778899aababbccddef00112233445566778899aab73616c74",
	  "45080028732c00004006e9f90a0106120a01038f06b88023dd6bafbecb71260250101f646d540001",
	  "17405e67dd0db99b616e640169766563f2d69ecdbd5a0d5b8d5ef38bad4da58d1f278fde98ef67549d524a3018d9a57ff4d3a31ce673119e451626c2415771e3b7eebca614c89b35" },
	{ "GCM, the last short number", CIPHER_AES_GCM, 128, 0x335467ae, UINT64_C(0xffffffff), false,
	  "7d773d00c144c525ac619d18c84a3f47d9664267",
	  "01020201",
	  "335467aeffffffff43457e9182443bc6437f866bcb3f699fe9b0822bac961c4504bef270" },
	{ "GCM, the last number of all", CIPHER_AES_GCM, 256, 0x796b6963, UINT64_C(0xffffffffffffffff), true,
	  "6c6567616c697a656d6172696a75616e61616e64646f69746265666f726569617475726e",
	  "45000030da3a00008001df3bc0a80005c0a800010800c6cd020007006162636465666768696a6b6c6d6e6f707172737401020201",
	  "796b6963ffffffff333021696765746df97ab2aa356d8edce17644ac8c78e25dd24dedbb29ebf1b64a274b39b49c3a864cd3d78ca4ae68a32b42458fb57dbe821dcc63b9d0937ba2945f669368661a329fb4c053" },
	{ "RFC 7634 appendix A", CIPHER_CHACHA20_POLY1305, 0, 0x01020304, UINT64_C(0x00000005), false,
	  "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3",
	  "45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec100007362708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363701020204",
	  "0102030400000005101112131415161724039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c614ee8099d52844eb61aa95dfab4c02f72aa71e7c4c4f64c9befe2facc638e8f3cbec163fac469b502773f6fb94e664da9165b82829f641e076aaa8266b7fb0f7b11b369907e1ad43" },
};
enum { N_OPENED = sizeof(opened) / sizeof(opened[0]) };

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
		struct ip_view outer = { 0 };

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
		struct ip_view h = { 0 };

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

static struct sa *opener(const struct opened *v)
{
	struct sa_spec s = { .id = 1, .dir = SA_IN, .proto = PROTO_ESP, .spi = v->spi,
			     .cipher = v->cipher, .cipher_bits = v->bits, .esn = v->esn,
			     .replay_window = 64 };
	struct sa *sa;

	s.mode = v->cipher == CIPHER_AES_GCM ? MODE_TRANSPORT : MODE_TUNNEL;
	s.src = ipaddr_v4(A);
	s.dst = ipaddr_v4(A + 1);
	s.enc_key.len = (uint8_t)unhex(v->key, s.enc_key.b);
	s.sel.local = s.sel.remote = addr_match_v4(0, UINT32_MAX);
	assert_int_equal(sa_new(worker.crypto, &s, 0, &sa), 0);
	/* the number before it was the last */
	sa->replay.top = (uint32_t)(v->seq - 1);
	sa->replay.high = (uint32_t)((v->seq - 1) >> 32);
	return sa;
}

static void published_packets_of_combined_modes_are_opened(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_OPENED; i++) {
		const struct opened *v = &opened[i];
		uint8_t text[MAX];
		size_t n = unhex(v->text, text);
		struct pkt *p = load(v->esp), *cut = load(v->esp);
		struct batch b = { 1, { p } }, bad = { 0 };
		struct sa *sa = opener(v);
		size_t skip = sa->spec.mode == MODE_TUNNEL ? 0 : IP4_HEADER;

		n -= ESP_TRAILER + text[n - 2];
		p->outer_src = A;
		p->outer_dst = A + 1;
		p->outer_ttl = 9;
		p->sa = cut->sa = sa;
		/* nothing of it is believed with another ICV */
		struct batch one = { 1, { cut } };
		cut->data[cut->len - 1] ^= 1;
		esp_decap(&worker, &one, &bad, 0);
		assert_int_equal(cut->reason, ESP_AUTH);
		esp_decap(&worker, &b, &bad, 0);
		if (b.n != 1 || p->len != skip + n || memcmp(p->data + skip, text, n) != 0 ||
		    sa->replay.top != (uint32_t)v->seq || sa->replay.high != v->seq >> 32)
			fail_msg("%s: %d", v->name, p->reason);
		sa_free(sa);
		pkt_put(&pool, p);
		pkt_put(&pool, cut);
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
		cmocka_unit_test(published_packets_of_combined_modes_are_opened),
	};

	return cmocka_run_group_tests(tests, up, down);
}
