/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as AH packets, with any IP options or extension headers (the first byte: the kind of SA,
 * 0x80 of IPv6, 0x40 with IPv6 in tunnel mode): as they come, and with the ICV that they
 * should have, so that what follows it is reached. Any bytes as packets to be signed. */
#include <stdlib.h>
#include <string.h>

#include "ipsec/ah.h"
#include "ipsec/mutable.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
	uint8_t mode, ah, cipher, esp_auth;
} kinds[] = { { MODE_TUNNEL, AUTH_HMAC_SHA1_96, 0, 0 },
	      { MODE_TRANSPORT, AUTH_HMAC_MD5_96, 0, 0 },
	      { MODE_TRANSPORT, AUTH_HMAC_SHA256_128, 0, 0 },
	      { MODE_TUNNEL, AUTH_HMAC_SHA1_96, CIPHER_NULL, 0 },
	      { MODE_TRANSPORT, AUTH_HMAC_SHA512_256, CIPHER_NULL, 0 },
	      { MODE_TUNNEL, AUTH_HMAC_SHA1_96, CIPHER_NULL, AUTH_HMAC_SHA1_96 } };
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
	uint8_t key_len = auth_info(kinds[kind].ah)->key_len;
	struct sa_spec s = { .id = 1, .dir = (uint8_t)dir, .mode = kinds[kind].mode, .spi = 1,
			     .src = end(1), .dst = end(2), .replay_window = 64 };
	struct sa *sa;

	if (kinds[kind].cipher) {
		s.proto = PROTO_ESP;
		s.cipher = kinds[kind].cipher;
		s.auth = kinds[kind].esp_auth;
		s.auth_key.len = s.auth ? auth_info(s.auth)->key_len : 0;
		s.ah = (struct sa_ah){ .spi = 2, .auth = kinds[kind].ah, .key.len = key_len };
	} else {
		s.proto = PROTO_AH;
		s.auth = kinds[kind].ah;
		s.auth_key.len = key_len;
	}
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
	return p;
}

/* Gives the packet the ICV of the sender's side of sa; false if it has no place for one. */
static bool sign(struct pkt *p, struct sa *out)
{
	uint8_t whole[4096], *icv = NULL;
	struct crypto_job j = { .key = out->ah->key };
	size_t icv_len = out->ah->auth->icv_len;
	struct ip_view h;

	if (!ip_peek(span_of(p->data, p->len), &h) || p->len > sizeof(whole) ||
	    p->len < h.header_len + AH_HEADER + icv_len)
		return false;
	icv = p->data + h.header_len + AH_HEADER;
	memset(icv, 0, icv_len);
	memcpy(whole, p->data, p->len);
	if (!(h.family == IP_V6 ? ip6_zero_mutable(whole, h.header_len, AH_RECEIVER) :
				  ip4_zero_mutable(whole, h.header_len, AH_RECEIVER)))
		return false;
	j.text = whole;
	j.iv = j.auth = whole;
	j.auth_len = p->len;
	j.icv = icv;
	crypto_run(worker.crypto, CRYPTO_ENCRYPT, &j, 1);
	return j.ok;
}

static void set_outer(struct pkt *p, const struct ip_view *h)
{
	p->outer_family = h->family;
	p->outer_src = h->src;
	p->outer_dst = h->dst;
	p->outer_tos = h->tos;
	p->outer_ttl = h->ttl;
	p->outer_len = h->header_len;
	p->outer_next_at = h->next_at;
}

/* As a forwarder does it. True if the packet was believed. */
static bool receive(struct pkt *p, struct sa *in)
{
	struct batch b = { 1, { p } }, bad = { 0 };
	struct ip_view h;
	bool ok;

	if (!ip_parse(p, false, &h) || (h.family == IP_V6) != v6) {
		pkt_put(&pool, p);
		return false;
	}
	set_outer(p, &h);
	p->sa = in;
	ah_decap(&worker, &b, &bad, 0);
	check(b.n + bad.n == 1);
	ok = b.n;
	if (ok)
		check(ip_parse(p, true, &h) && h.total_len == p->len);
	batch_put(&pool, &b);
	batch_put(&pool, &bad);
	return ok;
}

/* What was signed is believed, and in tunnel mode the same as before. */
static void there_and_back(const uint8_t *data, size_t size, size_t kind)
{
	struct sa *out = make_sa(kind, SA_OUT), *in = make_sa(kind, SA_IN);
	struct pkt *p = load(data, size, out);
	struct batch b = { 1, { p } }, bad = { 0 };
	struct ip_view h;

	ipsec_encap(&worker, &b, &bad, ESP_DF_COPY, 0);
	check(b.n + bad.n == 1);
	if (b.n) {
		check(ip_parse(p, true, &h) && h.total_len == p->len && h.proto == PROTO_AH && (v6 || h.id));
		set_outer(p, &h);
		p->sa = in;
		ah_decap(&worker, &b, &bad, 0);
		/* a route that is still ahead is signed for its end, where it will be used up */
		check(b.n || p->reason != ESP_AUTH || kinds[kind].mode == MODE_TRANSPORT);
		check(!b.n || (kinds[kind].mode == MODE_TRANSPORT && !v6) ||
		      (p->len == size && !memcmp(p->data, data, size)));
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
		worker.crypto = crypto_runner_new(CRYPTO_OSSL);
		worker.random = no_random;
		check(worker.crypto && !pool_init(&pool, 8));
	}
	size_t kind = (data[0] & 0x3f) % KINDS;
	v6 = data[0] & 0x80;
	v6_inside = data[0] & 0x40;
	struct sa *in = make_sa(kind, SA_IN), *out = make_sa(kind, SA_OUT);
	struct pkt *p = load(data + 1, size - 1, in);
	uint32_t spi;

	(void)ah_peek_spi(p, 20, &spi);
	check(!receive(p, in)); /* nobody guesses an ICV */
	p = load(data + 1, size - 1, in);
	struct ip_view h;
	if (ip_parse(p, false, &h) && sign(p, out))
		(void)receive(p, in);
	else
		pkt_put(&pool, p);
	there_and_back(data + 1, size - 1, kind);
	sa_free(in);
	sa_free(out);
	check(pool.n_free == pool.n);
	return 0;
}
