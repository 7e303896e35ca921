/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as ESP packets, behind a header of IPv4 or as whole packets of IPv6: the first byte says
 * the kind of SA, with 0x80 that it is one of IPv6, with 0x40 that tunnel mode carries IPv6. Under NULL without a MAC they go all the way to the
 * inner packet; under the others they must never be believed. */
#include <stdlib.h>
#include <string.h>

#include "ipsec/esp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
	uint8_t cipher;
	uint16_t bits;
	uint8_t auth, mode;
	bool esn;
} kinds[] = { { CIPHER_NULL, 0, AUTH_NONE, MODE_TUNNEL, false },
	      { CIPHER_NULL, 0, AUTH_NONE, MODE_TRANSPORT, false },
	      { CIPHER_AES_CBC, 128, AUTH_NONE, MODE_TUNNEL, false },
	      { CIPHER_AES_CBC, 256, AUTH_HMAC_SHA256_128, MODE_TUNNEL, false },
	      { CIPHER_AES_GCM, 128, AUTH_NONE, MODE_TUNNEL, false },
	      { CIPHER_AES_GMAC, 128, AUTH_NONE, MODE_TRANSPORT, false },
	      { CIPHER_3DES, 0, AUTH_HMAC_SHA1_96, MODE_TRANSPORT, false },
	      { CIPHER_AES_CTR, 192, AUTH_AES_XCBC_96, MODE_TUNNEL, false },
	      { CIPHER_AES_CBC, 128, AUTH_HMAC_SHA1_96, MODE_TRANSPORT, true },
	      { CIPHER_AES_GMAC, 256, AUTH_NONE, MODE_TUNNEL, true },
	      { CIPHER_CHACHA20_POLY1305, 0, AUTH_NONE, MODE_TUNNEL, true } };
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static struct pool pool;
static struct esp_worker worker;

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void no_random(void *ctx, void *p, size_t n)
{
	(void)ctx;
	memset(p, 1, n);
}

static bool v6, v6_inside;

static struct ipaddr end(uint8_t n)
{
	struct ipaddr a = { .family = IP_V6, .b = { 0x20, [15] = n } };

	return v6 ? a : ipaddr_v4(n);
}

static struct sa *make_sa(size_t kind, enum sa_dir dir)
{
	const struct cipher_info *c = cipher_info(kinds[kind].cipher, kinds[kind].bits);
	const struct auth_info *a = kinds[kind].auth ? auth_info(kinds[kind].auth) : NULL;
	struct sa_spec s = { .id = 1, .dir = (uint8_t)dir, .proto = PROTO_ESP,
			     .mode = kinds[kind].mode, .spi = 1, .src = end(1),
			     .dst = end(2), .cipher = kinds[kind].cipher,
			     .cipher_bits = kinds[kind].bits, .auth = kinds[kind].auth,
			     .replay_window = 64, .esn = kinds[kind].esn };
	struct sa *sa;

	s.enc_key.len = (uint8_t)(c->key_len + c->salt_len);
	s.auth_key.len = a ? a->key_len : 0;
	s.sel.local.addr.family = (s.mode == MODE_TUNNEL ? v6_inside : v6) ? IP_V6 : IP_V4;
	memset(s.sel.local.wild, 0xff, sizeof(s.sel.local.wild));
	s.sel.remote = s.sel.local;
	check(!sa_new(worker.crypto, &s, 0, &sa));
	return sa;
}

static struct pkt *load(const uint8_t *data, size_t size, struct sa *sa)
{
	struct pkt *p = pkt_get(&pool);

	memcpy(pkt_append(p, size), data, size);
	p->sa = sa;
	p->outer_src = 1;
	p->outer_dst = 2;
	return p;
}

/* Takes the outer header off as a forwarder does. */
static bool take_outer(struct pkt *p)
{
	struct ip_view h;

	if (!ip_parse(p, true, &h) || h.proto != PROTO_ESP || (h.family == IP_V6) != v6)
		return false;
	p->outer_tos = h.tos;
	if (v6) {
		p->outer_family = IP_V6;
		p->outer_len = h.header_len;
		p->outer_next_at = h.next_at;
		p->remote = ip6_src(p->data);
		p->local = ip6_dst(p->data);
	}
	return pkt_pull(p, h.header_len);
}

/* The bytes as a packet to be protected: what was sent comes back as it was, unless
 * its header checksum is wrong, which the sender does not look at. */
static void there_and_back(const uint8_t *data, size_t size, size_t kind)
{
	struct sa *out = make_sa(kind, SA_OUT), *in = make_sa(kind, SA_IN);
	struct pkt *p = load(data, size, out);
	struct batch b = { 1, { p } }, bad = { 0 };

	esp_encap(&worker, &b, &bad, ESP_DF_COPY, 0);
	check(b.n + bad.n == 1);
	if (b.n) {
		check(take_outer(p));
		p->sa = in;
		esp_decap(&worker, &b, &bad, 0);
		check(b.n + bad.n == 1);
	}
	if (kinds[kind].mode == MODE_TUNNEL || v6) {
		/* "no next header" of IPv6 is what a dummy packet says, too */
		check(!bad.n || p->reason == ESP_SHORT || (v6 && p->reason == ESP_DUMMY) || p->reason == ESP_IDENTITY || p->reason == ESP_NEXT);
		check(!b.n || (p->len == size && !memcmp(p->data, data, size)));
	}
	batch_put(&pool, &b);
	batch_put(&pool, &bad);
	sa_free(in);
	sa_free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || size > PKT_DATA_MAX)
		return 0;
	if (!pool.n) {
		worker.crypto = crypto_runner_new(CRYPTO_AUTO);
		worker.random = no_random;
		check(worker.crypto && !pool_init(&pool, 8));
	}
	size_t kind = (data[0] & 0x3f) % KINDS;
	v6 = data[0] & 0x80;
	v6_inside = data[0] & 0x40;
	struct sa *in = make_sa(kind, SA_IN);
	struct batch b = { 0 }, bad = { 0 };
	uint32_t spi;

	/* the packet and the same one byte shorter, in one batch */
	for (size_t i = 1; i <= 2; i++) {
		struct pkt *p = load(data + 1, size - i, in);

		if (v6 && !take_outer(p))
			pkt_put(&pool, p);
		else
			batch_add(&b, p);
	}
	size_t n = b.n;
	check(v6 || esp_peek_spi(b.p[0], &spi) == (size - 1 >= 4));
	esp_decap(&worker, &b, &bad, 0);
	check(b.n + bad.n == n);
	for (size_t i = 0; i < b.n; i++) {
		struct ip_view h;

		check(in->icv_len == 0);
		check(ip_parse(b.p[i], true, &h) && h.total_len == b.p[i]->len);
	}
	batch_put(&pool, &b);
	batch_put(&pool, &bad);

	there_and_back(data + 1, size - 1, kind);
	sa_free(in);
	check(pool.n_free == pool.n);
	return 0;
}
