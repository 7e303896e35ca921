/* SPDX-License-Identifier: Apache-2.0 */
/* The usual packets of an SA, which are built and looked at in a short way, against the long one
 * that all the others go. Outbound, a packet with no more room behind it than it needs is none
 * of the usual; inbound, esp_admit() is the long way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/wr.h"
#include "ipsec/esp.h"

#define US   UINT32_C(0xc0000201)
#define PEER UINT32_C(0xc6336401)
#define NEAR UINT32_C(0x0a010000)
#define FAR  UINT32_C(0x0a020000)

enum { ROUNDS = 300, MAX_LEN = 1800, SEED = 0x2545f491 };

static struct pool pool;
static struct esp_worker worker[2]; /* the second goes the long way */
static uint64_t seed, iv_seed[2];

static uint32_t rnd(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16) % n;
}

/* Both workers draw the same. */
static void random_bytes(void *ctx, void *p, size_t n)
{
	uint64_t *x = ctx;

	for (size_t i = 0; i < n; i++) {
		*x = *x * 6364136223846793005u + 1;
		((uint8_t *)p)[i] = (uint8_t)(*x >> 33);
	}
}

static int up(void **state)
{
	struct crypto_runner *r = crypto_runner_new(CRYPTO_AUTO);

	(void)state;
	for (size_t i = 0; i < 2; i++)
		worker[i] = (struct esp_worker){ .crypto = r, .random = random_bytes, .ctx = &iv_seed[i] };
	return !r || pool_init(&pool, 2 * BATCH_MAX);
}

static int down(void **state)
{
	int leaked = pool.n_free != pool.n;

	(void)state;
	crypto_runner_free(worker[0].crypto);
	pool_fini(&pool);
	return leaked;
}

/* f as always, and once with a seed that is new. SEED in the environment: that one, to repeat
 * what failed. */
static void with_seeds(void (*f)(void))
{
	const char *again = getenv("SEED");
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	uint32_t n = (uint32_t)ts.tv_nsec ^ (uint32_t)ts.tv_sec << 8;
	if (again)
		n = (uint32_t)strtoul(again, NULL, 0);
	seed = SEED ^ 0x9e3779b97f4a7c15u;
	f();
	print_message("SEED=%#x\n", n);
	seed = n ^ 0x9e3779b97f4a7c15u;
	f();
}

static const struct {
	uint8_t cipher;
	uint16_t bits;
	uint8_t auth;
} suites[] = { { CIPHER_NULL, 0, AUTH_NONE },
	       { CIPHER_NULL, 0, AUTH_HMAC_SHA1_96 },
	       { CIPHER_DES, 0, AUTH_NONE },
	       { CIPHER_3DES, 0, AUTH_HMAC_MD5_96 },
	       { CIPHER_AES_CBC, 128, AUTH_NONE },
	       { CIPHER_AES_CBC, 256, AUTH_HMAC_SHA256_128 },
	       { CIPHER_AES_CTR, 256, AUTH_HMAC_SHA1_96 },
	       { CIPHER_AES_GCM, 128, AUTH_NONE },
	       { CIPHER_AES_GMAC, 256, AUTH_NONE },
	       { CIPHER_CHACHA20_POLY1305, 0, AUTH_NONE } };

enum { N_SUITES = sizeof(suites) / sizeof(suites[0]) };

/* An IPv4 packet, now and then IPv6, or damaged, or of another length than it says; nothing
 * that could not come out of a cipher, either. */
static size_t any_packet(uint8_t *b)
{
	size_t head = IP4_HEADER + (rnd(6) ? 0 : 4 * rnd(4)), len = head + rnd(rnd(10) ? 400 : 1400);
	struct ip_view h = { .tos = (uint8_t)(rnd(2) ? 0 : rnd(256)), .ttl = (uint8_t)rnd(256),
			     .proto = (uint8_t)(rnd(2) ? IPPROTO_UDP_ : rnd(256)), .id = (uint16_t)rnd(0x10000),
			     .total_len = (uint16_t)len, .src = NEAR | rnd(4), .dst = FAR | rnd(4),
			     .frag = (uint16_t)(rnd(3) ? 0 : rnd(0x10000)) };

	for (size_t i = 0; i < len + 10; i++)
		b[i] = (uint8_t)rnd(256);
	if (!rnd(12)) {
		b[0] = 0x60;
		wr_put_be16(b + 4, (uint16_t)(len < IP6_HEADER ? 0 : len - IP6_HEADER));
		b[6] = IPPROTO_UDP_;
		return len;
	}
	ip4_write(b, &h);
	b[0] = (uint8_t)(0x40 | head / 4);
	wr_put_be16(b + 10, 0);
	wr_put_be16(b + 10, ip_checksum(b, head));
	if (!rnd(30))
		b[rnd(IP4_HEADER)] ^= (uint8_t)(1 << rnd(8));
	return rnd(40) ? len : len + rnd(10);
}

static struct selector any_selector(void)
{
	struct selector s = { .local = addr_match_v4(NEAR, rnd(3) ? 0xffff : 2),
			      .remote = addr_match_v4(FAR, rnd(3) ? 0xffff : 0xff01),
			      .proto = (uint8_t)(rnd(3) ? 0 : IPPROTO_UDP_) };

	if (!rnd(4)) {
		s.proto = IPPROTO_UDP_;
		s.remote_port = (struct port_match){ PORT_LT, 40000, 0 };
	}
	if (!rnd(8)) { /* of another family than the packets, mostly */
		s.local.addr.family = s.remote.addr.family = IP_V6;
		memset(s.local.wild, 0xff, sizeof(s.local.wild));
		memset(s.remote.wild, 0xff, sizeof(s.remote.wild));
	}
	return s;
}

static struct sa_spec spec_of(size_t suite, enum sa_dir dir)
{
	const struct cipher_info *c = cipher_info(suites[suite].cipher, suites[suite].bits);
	struct sa_spec s = { .id = 1, .dir = (uint8_t)dir, .proto = PROTO_ESP, .mode = MODE_TUNNEL,
			     .spi = 0x1000 + (uint32_t)suite, .cipher = suites[suite].cipher,
			     .cipher_bits = suites[suite].bits, .auth = suites[suite].auth,
			     .src = ipaddr_v4(US), .dst = ipaddr_v4(PEER), .replay_window = 64 };

	s.enc_key.len = (uint8_t)(c->key_len + c->salt_len);
	s.auth_key.len = s.auth ? auth_info(s.auth)->key_len : 0;
	for (uint8_t i = 0; i < SA_MAX_KEY; i++)
		s.enc_key.b[i] = s.auth_key.b[i] = s.ah.key.b[i] = (uint8_t)(i * 7 + suite);
	return s;
}

static struct sa *sa_made(const struct sa_spec *s)
{
	struct sa *sa;

	assert_int_equal(sa_new(worker[0].crypto, s, 0, &sa), 0);
	return sa;
}

/* ---- out ---- */

/* Some are as usual, some have what no short way knows. */
static struct sa_spec any_out(size_t suite)
{
	struct sa_spec s = spec_of(suite, SA_OUT);
	const struct cipher_info *c = cipher_info(s.cipher, s.cipher_bits);

	s.life.hard_bytes = rnd(2) ? 0 : 1 + rnd(40000);
	s.manual = !rnd(4) && !c->counter;
	switch (rnd(16)) {
	case 0:
		s.mode = MODE_TRANSPORT;
		break;
	case 1:
		s.src.family = s.dst.family = IP_V6;
		/* fall through */
	case 5:
		s.udp_encap = true;
		s.udp_sport = 4500;
		s.udp_dport = (uint16_t)rnd(0x10000);
		break;
	case 2:
		s.esn = !s.manual && (s.auth || c->combined);
		break;
	case 3:
		s.src.family = s.dst.family = IP_V6;
		break;
	case 4:
		s.ah.spi = 77;
		s.ah.auth = AUTH_HMAC_SHA1_96;
		s.ah.key.len = auth_info(AUTH_HMAC_SHA1_96)->key_len;
		break;
	default:
		break;
	}
	return s;
}

/* The same SA twice, not quite new. */
static void make_pair(size_t suite, struct sa *ret_sa[2])
{
	struct sa_spec s = any_out(suite);
	uint32_t seq = rnd(3) ? rnd(1000) : UINT32_MAX - rnd(70), high = rnd(2) ? rnd(9) : UINT32_MAX;
	uint64_t text = rnd(3) ? 0 : 1 + rnd(60000);
	uint16_t ip_id = (uint16_t)(0 - rnd(70));
	uint8_t df = (uint8_t)rnd(4);
	bool off = !rnd(4);

	for (size_t i = 0; i < 2; i++) {
		struct sa *sa = sa_made(&s);

		sa->seq = seq;
		sa->seq_high = s.esn ? high : 0;
		sa->ip_id = ip_id;
		sa->df_bit = df;
		sa->df_off = off;
		if (sa->text_limit && text)
			sa->text_limit = text;
		ret_sa[i] = sa;
	}
}

static void same_sa(const struct sa *x, const struct sa *y)
{
	assert_int_equal(x->seq, y->seq);
	assert_int_equal(x->seq_high, y->seq_high);
	assert_int_equal(x->bytes, y->bytes);
	assert_int_equal(x->text, y->text);
	assert_int_equal(x->packets, y->packets);
	assert_int_equal(x->dead, y->dead);
	assert_int_equal(x->ip_id, y->ip_id);
	assert_int_equal(x->last_ms, y->last_ms);
	assert_int_equal(x->send_errors, y->send_errors);
}

static void same_packets(const struct batch *a, const struct batch *b, bool good)
{
	assert_int_equal(a->n, b->n);
	for (size_t i = 0; i < a->n; i++) {
		const struct pkt *x = a->p[i], *y = b->p[i];

		assert_int_equal(x->reason, y->reason);
		if (!good)
			continue;
		assert_int_equal(x->len, y->len);
		assert_memory_equal(x->data, y->data, x->len);
		assert_int_equal(x->inner_len, y->inner_len);
		assert_int_equal(x->remote_port, y->remote_port);
		assert_int_equal(x->local_port, y->local_port);
		assert_true(ipaddr_equal(&x->local, &y->local) && ipaddr_equal(&x->remote, &y->remote));
		assert_int_equal(x->outer_tos, y->outer_tos);
		assert_int_equal(x->outer_df, y->outer_df);
		assert_int_equal(x->own_cut, y->own_cut);
	}
}

/* At the end of its buffer: room for the trailer, and no more. */
static void squeeze(struct pkt *p, const struct sa *sa)
{
	size_t text = (p->len + ESP_TRAILER + sa->align - 1u) & ~(sa->align - 1u);
	uint8_t *to = p->buf + PKT_BUF - text - sa->icv_len - (sa->spec.esn ? 4 : 0);

	memmove(to, p->data, p->len);
	p->data = to;
}

static void add_packet(struct batch b[2], struct sa *sa[2])
{
	uint8_t bytes[MAX_LEN];
	size_t len = any_packet(bytes);

	for (size_t i = 0; i < 2; i++) {
		struct pkt *p = pkt_get(&pool);

		assert_non_null(p);
		memcpy(pkt_append(p, len), bytes, len);
		p->sa = sa[i];
		if (i && sa[i]->spec.mode == MODE_TUNNEL)
			squeeze(p, sa[i]);
		assert_true(batch_add(&b[i], p));
	}
}

static void built_alike(void)
{
	size_t good = 0, refused = 0, died = 0;

	for (size_t i = 0; i < 2; i++) {
		iv_seed[i] = SEED;
		worker[i].ivs_left = 0;
	}
	for (int round = 0; round < ROUNDS; round++) {
		struct sa *sa[2][2];
		size_t first = rnd(N_SUITES), now = 0;

		make_pair(first, sa[0]);
		make_pair((first + 1 + rnd(N_SUITES - 1)) % N_SUITES, sa[1]);
		for (uint64_t turn = 0; turn < 3; turn++) {
			struct batch b[2] = { 0 }, bad[2] = { 0 };
			size_t n = 1 + rnd(BATCH_MAX);

			for (size_t i = 0; i < n; i++) {
				now ^= !rnd(4);
				add_packet(b, sa[now]);
			}
			for (size_t i = 0; i < 2; i++)
				esp_encap(&worker[i], &b[i], &bad[i], ESP_DF_COPY, 7 + turn);
			same_packets(&b[0], &b[1], true);
			same_packets(&bad[0], &bad[1], false);
			same_sa(sa[0][0], sa[0][1]);
			same_sa(sa[1][0], sa[1][1]);
			good += b[0].n;
			refused += bad[0].n;
			for (size_t i = 0; i < 2; i++) {
				batch_put(&pool, &b[i]);
				batch_put(&pool, &bad[i]);
			}
		}
		for (size_t i = 0; i < 4; i++) {
			died += sa[i / 2][i % 2]->dead;
			sa_free(sa[i / 2][i % 2]);
		}
	}
	assert_true(good > 20 * ROUNDS && refused > ROUNDS && died > ROUNDS / 10);
}

static void usual_packets_are_built_like_all_others(void **state)
{
	(void)state;
	with_seeds(built_alike);
}

/* ---- in ---- */

/* What came out of the cipher, and what is thought of it: the long way. */
struct opened {
	uint8_t bytes[MAX_LEN];
	size_t len, text_len;
	uint8_t tos;
	enum esp_reason why;
};

static void judge(struct sa *model, struct opened *o, uint8_t next)
{
	struct pkt *p = pkt_get(&pool);

	assert_non_null(p);
	memcpy(pkt_append(p, o->len), o->bytes, o->len);
	p->sa = model;
	p->outer_tos = o->tos;
	o->why = esp_carries(p, next) ? esp_admit(p) : ESP_NEXT;
	if (!o->why && (model->dead || !sa_spend(model, p->len, o->text_len)))
		o->why = ESP_SA_DEAD;
	model->packets += !o->why;
	if (o->why)
		esp_count_bad(model, o->why);
	else
		memcpy(o->bytes, p->data, p->len);
	o->len = p->len;
	pkt_put(&pool, p);
}

/* An ESP packet without a cipher and a MAC: whatever it carries comes out of it. */
static struct pkt *wrapped(const struct sa *sa, const struct opened *o, uint32_t seq, uint8_t next)
{
	struct pkt *p = pkt_get(&pool);
	size_t pad = o->text_len - o->len - ESP_TRAILER;
	uint8_t *at;

	assert_non_null(p);
	at = pkt_append(p, ESP_HEADER + o->text_len);
	wr_put_be32(at, sa->spec.spi);
	wr_put_be32(at + 4, seq);
	memcpy(at + ESP_HEADER, o->bytes, o->len);
	for (size_t i = 0; i < pad; i++)
		at[ESP_HEADER + o->len + i] = (uint8_t)(i + 1);
	at[ESP_HEADER + o->text_len - 2] = (uint8_t)pad;
	at[ESP_HEADER + o->text_len - 1] = next;
	p->outer_tos = o->tos;
	return p;
}

static void check_opened(const struct pkt *p, const struct opened *o)
{
	assert_int_equal(p->reason, o->why);
	if (o->why)
		return;
	assert_int_equal(p->len, o->len);
	assert_memory_equal(p->data, o->bytes, o->len);
}

static void same_counts(const struct sa *x, const struct sa *y)
{
	assert_int_equal(x->bytes, y->bytes);
	assert_int_equal(x->text, y->text);
	assert_int_equal(x->packets, y->packets);
	assert_int_equal(x->dead, y->dead);
	assert_int_equal(x->bad_identity, y->bad_identity);
	assert_int_equal(x->malformed, y->malformed);
}

/* One by one: an SA that ends refuses all that follows before it is opened. */
static void opened_alike(void)
{
	static const uint8_t others[] = { IPPROTO_IPV6_, IPPROTO_UDP_, IPPROTO_IPIP_, 0 };
	static struct opened o;
	size_t good = 0, foreign = 0, marked = 0;

	for (int round = 0; round < 2 * ROUNDS; round++) {
		struct sa_spec s = spec_of(0, SA_IN);
		struct selector sel = any_selector();
		struct sa *sa, *model;
		size_t n = 1 + rnd(40);

		s.sel = selector_mirror(&sel);
		s.life.hard_bytes = rnd(3) ? 0 : 1 + rnd(30000);
		sa = sa_made(&s);
		model = sa_made(&s);
		for (uint32_t i = 0; i < n && !model->dead; i++) {
			uint8_t next = rnd(20) ? IPPROTO_IPIP_ : others[rnd(4)];
			struct batch b = { 0 }, bad = { 0 };

			o.len = any_packet(o.bytes);
			o.tos = (uint8_t)(rnd(2) ? 0 : rnd(256));
			o.text_len = (o.len + ESP_TRAILER + 3) & ~(size_t)3;
			struct pkt *p = wrapped(sa, &o, i + 1, next);
			p->sa = sa;
			(void)batch_add(&b, p);
			judge(model, &o, next);
			esp_decap(&worker[0], &b, &bad, 9);
			assert_int_equal(b.n, !o.why);
			check_opened(p, &o);
			good += !o.why;
			foreign += o.why == ESP_IDENTITY;
			marked += o.why == ESP_ECN;
			pkt_put(&pool, p);
		}
		same_counts(sa, model);
		sa_free(sa);
		sa_free(model);
	}
	assert_true(good > ROUNDS && foreign > ROUNDS && marked > ROUNDS / 10);
}

static void usual_packets_are_looked_at_like_all_others(void **state)
{
	(void)state;
	with_seeds(opened_alike);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(usual_packets_are_built_like_all_others),
		cmocka_unit_test(usual_packets_are_looked_at_like_all_others),
	};
	return cmocka_run_group_tests(tests, up, down);
}
