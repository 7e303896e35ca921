/* SPDX-License-Identifier: Apache-2.0 */
/* ESP and AH where IPv6 is inside, outside or both: there and back, what AH covers of the
 * headers, sizes, and what must be refused. */
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

enum { AH_SPI = 0xa11ce, ESP_SPI = 0xe59 };

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
	return !worker.crypto || pool_init(&pool, 8);
}

static int down(void **state)
{
	int leaked = pool.n_free != pool.n;

	(void)state;
	crypto_runner_free(worker.crypto);
	pool_fini(&pool);
	return leaked;
}

/* A suite, in a mode; cipher CIPHER_UNSET is AH alone, ah beside one a bundle. */
struct kind {
	uint8_t cipher;
	uint16_t bits;
	uint8_t auth, ah, mode;
	bool esn;
};

static const struct kind kinds[] = {
	{ CIPHER_AES_CBC, 128, AUTH_HMAC_SHA1_96, 0, MODE_TUNNEL, false },
	{ CIPHER_AES_CBC, 256, AUTH_HMAC_SHA512_256, 0, MODE_TRANSPORT, false },
	{ CIPHER_AES_GCM, 128, AUTH_NONE, 0, MODE_TRANSPORT, false },
	{ CIPHER_AES_GCM, 256, AUTH_NONE, 0, MODE_TRANSPORT, true },
	{ CIPHER_AES_GMAC, 128, AUTH_NONE, 0, MODE_TRANSPORT, true },
	{ CIPHER_CHACHA20_POLY1305, 0, AUTH_NONE, 0, MODE_TUNNEL, true },
	{ CIPHER_AES_CBC, 128, AUTH_HMAC_SHA256_128, 0, MODE_TRANSPORT, true },
	{ CIPHER_NULL, 0, AUTH_HMAC_SHA1_96, 0, MODE_TRANSPORT, false },
	{ CIPHER_UNSET, 0, AUTH_HMAC_SHA1_96, 0, MODE_TRANSPORT, false },
	{ CIPHER_UNSET, 0, AUTH_HMAC_SHA256_128, 0, MODE_TRANSPORT, false },
	{ CIPHER_UNSET, 0, AUTH_HMAC_SHA512_256, 0, MODE_TUNNEL, false },
	{ CIPHER_3DES, 0, AUTH_NONE, AUTH_HMAC_SHA256_128, MODE_TRANSPORT, false },
	{ CIPHER_AES_GCM, 128, AUTH_NONE, AUTH_HMAC_MD5_96, MODE_TUNNEL, false },
};
enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static struct ipaddr addr(uint8_t family, uint8_t n)
{
	struct ipaddr six = { .family = IP_V6, .b = { 0x20, 1, [15] = n } };

	return family == IP_V6 ? six : ipaddr_v4(UINT32_C(0xc0000200) + n);
}

static struct sa_spec spec_of(const struct kind *k, uint8_t inside, uint8_t outside, enum sa_dir dir)
{
	const struct cipher_info *c = k->cipher ? cipher_info(k->cipher, k->bits) : NULL;
	struct sa_spec s = { .id = dir, .dir = (uint8_t)dir, .proto = c ? PROTO_ESP : PROTO_AH,
			     .mode = k->mode, .spi = c ? ESP_SPI : AH_SPI, .src = addr(outside, 1),
			     .dst = addr(outside, 2), .cipher = k->cipher, .cipher_bits = k->bits,
			     .auth = k->auth, .replay_window = 64, .esn = k->esn };

	s.enc_key.len = c ? (uint8_t)(c->key_len + c->salt_len) : 0;
	s.auth_key.len = k->auth ? auth_info(k->auth)->key_len : 0;
	if (k->ah) {
		s.ah = (struct sa_ah){ .spi = AH_SPI, .auth = k->ah };
		s.ah.key.len = auth_info(k->ah)->key_len;
	}
	for (uint8_t i = 0; i < SA_MAX_KEY; i++)
		s.enc_key.b[i] = s.auth_key.b[i] = s.ah.key.b[i] = (uint8_t)(7 * i + 3);
	s.sel.local.addr.family = inside;
	memset(s.sel.local.wild, 0xff, sizeof(s.sel.local.wild));
	s.sel.remote = s.sel.local;
	return s;
}

static struct sa *make_sa(const struct kind *k, uint8_t inside, uint8_t outside, enum sa_dir dir)
{
	struct sa_spec s = spec_of(k, inside, outside, dir);
	struct sa *sa;

	assert_int_equal(sa_new(worker.crypto, &s, 0, &sa), 0);
	return sa;
}

/* A UDP datagram between the ends; with chain, behind Hop-by-Hop options, destination options, a
 * used up route, and destination options again. */
static struct pkt *make(uint8_t family, bool chain, size_t body)
{
	static const uint8_t headers[] = { 60, 0, 0x3e, 3, 'a', 'b', 'c', 0, /* one that may change */
					   43, 0, 0x1e, 4, 'd', 'e', 's', 't',
					   60, 2, 0,	0, 0,	0,   0,	  0,
					   0x20, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9,
					   17, 0, 0x1e, 4, 'e', 'n', 'd', '.' };
	struct pkt *p = pkt_get(&pool);
	struct ipaddr src = addr(family, 1), dst = addr(family, 2);
	struct ip_view h = { .tos = 0x28, .ttl = 61, .proto = chain ? 0 : 17, .id = 7,
			     .src = ipaddr_to_v4(&src), .dst = ipaddr_to_v4(&dst) };

	assert_non_null(p);
	(void)pkt_append(p, ip_header_of(family));
	if (chain)
		memcpy(pkt_append(p, sizeof(headers)), headers, sizeof(headers));
	uint8_t *at = pkt_append(p, 8 + body);
	for (size_t i = 0; i < 8 + body; i++)
		at[i] = (uint8_t)(i * 3 + 1);
	h.total_len = (uint16_t)p->len;
	if (family == IP_V6)
		ip6_write(p->data, &h, &src, &dst);
	else
		ip4_write(p->data, &h);
	return p;
}

/* As a forwarder takes it from a socket, up to the SA. */
static void arrive(struct pkt *p, struct sa *in)
{
	struct ip_view h;

	assert_true(ip_parse(p, true, &h));
	p->outer_family = h.family;
	p->outer_src = h.src;
	p->outer_dst = h.dst;
	p->outer_tos = h.tos;
	p->outer_ttl = h.ttl;
	p->outer_id = h.id;
	p->outer_len = h.family == IP_V6 ? h.header_len : 0;
	p->outer_next_at = h.next_at;
	p->remote = ip_src(p->data, &h);
	p->local = ip_dst(p->data, &h);
	p->sa = in;
	assert_int_equal(h.proto, in->has_ah ? PROTO_AH : PROTO_ESP);
	if (!in->has_ah)
		assert_true(pkt_pull(p, h.header_len));
}

/* Reason, after one packet went through in. */
static uint8_t open_one(struct pkt *p, struct sa *in)
{
	struct batch b = { 1, { p } }, bad = { 0 };

	arrive(p, in);
	if (in->has_ah)
		ah_decap(&worker, &b, &bad, 0);
	else
		esp_decap(&worker, &b, &bad, 0);
	assert_int_equal(b.n + bad.n, 1);
	return p->reason;
}

static uint8_t close_one(struct pkt *p, struct sa *out)
{
	struct batch b = { 1, { p } }, bad = { 0 };

	p->sa = out;
	ipsec_encap(&worker, &b, &bad, ESP_DF_COPY, 0);
	assert_int_equal(b.n + bad.n, 1);
	return p->reason;
}

static void every_mix_goes_there_and_back(void **state)
{
	static const uint8_t mixes[][2] = { { IP_V6, IP_V6 }, { IP_V4, IP_V6 }, { IP_V6, IP_V4 } };

	(void)state;
	for (size_t k = 0; k < N_KINDS; k++)
		for (size_t m = 0; m < (kinds[k].mode == MODE_TUNNEL ? 3 : 1); m++) {
			uint8_t inside = mixes[m][0], outside = mixes[m][1];
			struct sa *out = make_sa(&kinds[k], inside, outside, SA_OUT);
			struct sa *in = make_sa(&kinds[k], inside, outside, SA_IN);

			for (size_t body = 0; body < 40; body++) {
				struct pkt *p = make(inside, inside == IP_V6 && body % 2, body);
				uint8_t before[200];
				size_t len = p->len;

				memcpy(before, p->data, len);
				assert_int_equal(close_one(p, out), 0);
				assert_int_equal(p->data[0] >> 4, outside);
				assert_int_equal(open_one(p, in), 0);
				assert_int_equal(p->len, len);
				assert_memory_equal(p->data, before, len);
				pkt_put(&pool, p);
			}
			assert_int_equal(in->packets, 40);
			sa_free(out);
			sa_free(in);
		}
}

/* What only its first fragment says is taken by an SA for what tunnels send, and by no other. */
static void a_tunnels_fragment_may_hide_its_protocol(void **state)
{
	static const struct {
		uint8_t fragment[8]; /* next header, reserved, offset and "more", identification */
		uint8_t proto, port_op;
		enum esp_reason want;
	} cases[] = {
		{ { 60, 0, 2, 0x58, 0, 0, 0, 1 }, 47, PORT_ANY, ESP_OK },
		{ { 60, 0, 2, 0x59, 0, 0, 0, 1 }, 41, PORT_ANY, ESP_OK },
		{ { 60, 0, 2, 0x58, 0, 0, 0, 1 }, 4, PORT_ANY, ESP_OK },
		{ { 60, 0, 2, 0x58, 0, 0, 0, 1 }, 6, PORT_ANY, ESP_IDENTITY },
		{ { 60, 0, 2, 0x58, 0, 0, 0, 1 }, 47, PORT_EQ, ESP_IDENTITY },
		{ { 43, 0, 2, 0x58, 0, 0, 0, 1 }, 47, PORT_ANY, ESP_IDENTITY },
		{ { 17, 0, 2, 0x58, 0, 0, 0, 1 }, 47, PORT_ANY, ESP_IDENTITY },
		/* a first one has its whole chain (RFC 7112): these bytes are options that do not end, or UDP */
		{ { 60, 0, 0, 1, 0, 0, 0, 1 }, 47, PORT_ANY, ESP_IDENTITY },
		{ { 17, 0, 0, 1, 0, 0, 0, 1 }, 47, PORT_ANY, ESP_IDENTITY },
		{ { 47, 0, 0, 1, 0, 0, 0, 1 }, 47, PORT_ANY, ESP_OK },
	};
	struct sa *in = make_sa(&kinds[0], IP_V6, IP_V6, SA_IN);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pkt *p = make(IP_V6, false, 64);

		memset(p->data + IP6_HEADER, 0xff, 72);
		memcpy(p->data + IP6_HEADER, cases[i].fragment, 8);
		p->data[6] = IP6_FRAGMENT;
		in->spec.sel.proto = cases[i].proto;
		in->spec.sel.local_port.op = cases[i].port_op;
		p->sa = in;
		assert_int_equal(esp_admit(p), cases[i].want);
		pkt_put(&pool, p);
	}
	/* nor of somebody else */
	struct pkt *p = make(IP_V6, false, 64);
	memcpy(p->data + IP6_HEADER, cases[0].fragment, 8);
	p->data[6] = IP6_FRAGMENT;
	in->spec.sel.proto = 47;
	in->spec.sel.local_port.op = PORT_ANY;
	memset(in->spec.sel.remote.wild, 0, sizeof(in->spec.sel.remote.wild));
	in->spec.sel.remote.addr = addr(IP_V6, 9);
	p->sa = in;
	assert_int_equal(esp_admit(p), ESP_IDENTITY);
	pkt_put(&pool, p);
	sa_free(in);
}

/* Every bit of a packet of ours, but those that routers change. */
static void damage_is_noticed_everywhere(void **state)
{
	(void)state;
	for (size_t k = 0; k < N_KINDS; k++) {
		struct sa *out = make_sa(&kinds[k], IP_V6, IP_V6, SA_OUT);
		struct pkt *sent = make(IP_V6, false, 20);

		assert_int_equal(close_one(sent, out), 0);
		for (size_t at = 40; at < sent->len; at++) {
			struct sa *in = make_sa(&kinds[k], IP_V6, IP_V6, SA_IN);
			struct pkt *p = pkt_get(&pool);

			memcpy(pkt_append(p, sent->len), sent->data, sent->len);
			p->data[at] ^= 0x10;
			/* the SPI has led to the SA already, and the reserved bytes of AH are covered */
			bool spi = in->has_ah ? at >= 44 && at < 48 : at < 44;
			assert_true(spi || open_one(p, in) != 0);
			pkt_put(&pool, p);
			sa_free(in);
		}
		for (size_t n = 41; n < sent->len; n++) { /* cut, with a length that says so */
			struct sa *in = make_sa(&kinds[k], IP_V6, IP_V6, SA_IN);
			struct pkt *p = pkt_get(&pool);

			memcpy(pkt_append(p, n), sent->data, n);
			p->data[5] = (uint8_t)(n - 40);
			assert_int_not_equal(open_one(p, in), 0);
			pkt_put(&pool, p);
			sa_free(in);
		}
		pkt_put(&pool, sent);
		sa_free(out);
	}
}

/* The largest that fits the path, for all that a header of IPv6 takes. */
static void the_plaintext_mtu_is_exact(void **state)
{
	(void)state;
	for (size_t k = 0; k < N_KINDS; k++)
		for (uint16_t path = 1280; path < 1316; path++) {
			struct sa *out = make_sa(&kinds[k], IP_V6, IP_V6, SA_OUT);

			sa_set_path(out, path);
			for (size_t over = 0; over < 2; over++) {
				struct pkt *p = make(IP_V6, false, out->plain_mtu - 48u + over);

				assert_int_equal(p->len, out->plain_mtu + over);
				assert_int_equal(close_one(p, out), 0);
				assert_int_equal(p->len > path, over);
				pkt_put(&pool, p);
			}
			sa_set_path(out, 600); /* no link of IPv6 is that narrow */
			assert_int_equal(out->path_mtu, IP6_LEAST_MTU);
			sa_free(out);
		}
}

static void an_sa_has_one_family_outside(void **state)
{
	struct sa_spec s = spec_of(&kinds[0], IP_V6, IP_V6, SA_OUT);
	struct sa *sa = NULL;

	(void)state;
	s.dst = addr(IP_V4, 2);
	assert_int_equal(sa_new(worker.crypto, &s, 0, &sa), -EINVAL);
	s.src = s.dst = (struct ipaddr){ 0 };
	assert_int_equal(sa_new(worker.crypto, &s, 0, &sa), -EINVAL);
	/* and of transport mode the packet has it, too */
	for (size_t k = 1; k < N_KINDS; k++) {
		struct sa *out = make_sa(&kinds[k], IP_V6, IP_V6, SA_OUT);
		struct pkt *p = make(IP_V4, false, 9);

		if (kinds[k].mode == MODE_TRANSPORT)
			assert_int_equal(close_one(p, out), ESP_SHORT);
		pkt_put(&pool, p);
		sa_free(out);
	}
}

/* RFC 4302 appendix A2, header by header. */
static void headers_are_covered_as_appendix_a_says(void **state)
{
	struct pkt *p = make(IP_V6, true, 0), *was = make(IP_V6, true, 0);
	const size_t may_change = 40 + 4;

	(void)state;
	p->data[1] |= 0x0f; /* flow label */
	assert_true(ip6_zero_mutable(p->data, 88, AH_RECEIVER));
	for (size_t i = 0; i < 88; i++) {
		bool zero = (i > 0 && i < 4) || i == 7 || (i >= may_change && i < may_change + 3);

		assert_int_equal(p->data[i], i == 0 ? 0x60 : zero ? 0 : was->data[i]);
	}
	pkt_put(&pool, p);
	pkt_put(&pool, was);
}

static void a_route_ahead_is_covered_as_used_up(void **state)
{
	(void)state;
	for (unsigned ahead = 0; ahead <= 3; ahead++) {
		uint8_t h[40 + 56] = { [0] = 0x60, [6] = 43, [39] = 'D', [40] = 17, 6, 0, (uint8_t)ahead,
				       [48 + 15] = 'a', [64 + 15] = 'b', [80 + 15] = 'c' };
		static const char want[][5] = { "Dabc", "cabD", "caDb", "cDab" };

		/* the destination, and the addresses; the last is where it ends */
		if (ahead)
			assert_false(ip6_zero_mutable((uint8_t[sizeof(h)]){ [6] = 43, [40] = 17, 6, 0, 1 },
						      sizeof(h), AH_RECEIVER));
		assert_true(ip6_zero_mutable(h, sizeof(h), AH_SENDER));
		assert_int_equal(h[43], 0);
		assert_int_equal(h[39], want[ahead][0]);
		for (size_t i = 0; i < 3; i++)
			assert_int_equal(h[63 + 16 * i], want[ahead][1 + i]);
	}
	/* more ahead than there are, a type that nobody can foretell, half an address */
	assert_false(ip6_zero_mutable((uint8_t[96]){ [6] = 43, [40] = 17, 6, 0, 4 }, 96, AH_SENDER));
	assert_false(ip6_zero_mutable((uint8_t[96]){ [6] = 43, [40] = 17, 6, 4, 1 }, 96, AH_SENDER));
	assert_false(ip6_zero_mutable((uint8_t[56]){ [6] = 43, [40] = 17, 1, 0, 1 }, 56, AH_SENDER));
	/* a fragment, an option that is cut, a header that is */
	assert_false(ip6_zero_mutable((uint8_t[48]){ [6] = 44, [40] = 17 }, 48, AH_SENDER));
	assert_false(ip6_zero_mutable((uint8_t[48]){ [6] = 60, [40] = 17, 0, 0x3e, 5 }, 48, AH_SENDER));
	assert_false(ip6_zero_mutable((uint8_t[48]){ [6] = 60, [40] = 17, 1 }, 48, AH_SENDER));
	assert_false(ip6_zero_mutable((uint8_t[40]){ 0x60 }, 39, AH_SENDER));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_mix_goes_there_and_back),
		cmocka_unit_test(a_tunnels_fragment_may_hide_its_protocol),
		cmocka_unit_test(damage_is_noticed_everywhere),
		cmocka_unit_test(the_plaintext_mtu_is_exact),
		cmocka_unit_test(an_sa_has_one_family_outside),
		cmocka_unit_test(headers_are_covered_as_appendix_a_says),
		cmocka_unit_test(a_route_ahead_is_covered_as_used_up),
	};

	return cmocka_run_group_tests(tests, up, down);
}
