/* SPDX-License-Identifier: Apache-2.0 */
/* Packet crypto by several workers at once, as the forwarder has it: each with a runner of its own, all with the keys
 * that the first one's made (crypto_runner_share()). Random jobs of every suite, in both directions, damaged now and then; beside each
 * thread libcrypto with keys of its own says what must come out. Under TSan it shows that keys are only read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/jobs.h"

enum { THREADS = 4, TURNS = 150, HEAD = 8, MAX_TEXT = 1424, MAX_LEN = HEAD + 16 + MAX_TEXT + CRYPTO_MAX_ICV, SUITES = 80 };

static const struct {
	enum cipher_id id;
	unsigned bits;
} ciphers[] = { { CIPHER_NULL, 0 },	 { CIPHER_DES, 0 },	 { CIPHER_3DES, 0 },	  { CIPHER_AES_CBC, 128 },
		{ CIPHER_AES_CBC, 192 }, { CIPHER_AES_CBC, 256 }, { CIPHER_AES_CTR, 128 }, { CIPHER_AES_CTR, 256 },
		{ CIPHER_AES_GCM, 128 }, { CIPHER_AES_GCM, 256 }, { CIPHER_AES_GMAC, 128 }, { CIPHER_CHACHA20_POLY1305, 0 } };

struct suite {
	const struct cipher_info *cipher;
	const struct auth_info *auth;
	uint8_t enc[64], mac[64];
	struct crypto_key *key[2]; /* shared: to encrypt, to decrypt */
};

static struct suite suites[SUITES];
static size_t n_suites;
static _Atomic unsigned wrong, done;

static uint32_t rnd(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return (uint32_t)(*s >> 16);
}

static int key_of(struct crypto_runner *r, const struct suite *s, size_t dir, struct crypto_key **ret)
{
	return crypto_key_new(r, dir ? CRYPTO_DECRYPT : CRYPTO_ENCRYPT, s->cipher, s->auth,
			      span_of(s->enc, (size_t)s->cipher->key_len + s->cipher->salt_len),
			      span_of(s->mac, s->auth ? s->auth->key_len : 0), ret);
}

static void add_suite(const struct cipher_info *cipher, const struct auth_info *auth, uint64_t *seed)
{
	struct suite *s = &suites[n_suites++];

	*s = (struct suite){ .cipher = cipher, .auth = auth };
	for (size_t i = 0; i < sizeof(s->enc); i++) {
		s->enc[i] = (uint8_t)rnd(seed);
		s->mac[i] = (uint8_t)rnd(seed);
	}
}

static void list_suites(void)
{
	uint64_t seed = 0x853c49e6748fea9bu;

	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++) {
		const struct cipher_info *c = cipher_info(ciphers[i].id, ciphers[i].bits);

		if (c->combined)
			add_suite(c, NULL, &seed);
		for (unsigned a = AUTH_HMAC_MD5_96; a <= AUTH_AES_XCBC_96 && !c->combined; a++)
			add_suite(c, auth_info((enum auth_id)a), &seed);
	}
}

/* A packet in its exactly sized block. */
struct packet {
	const struct suite *s;
	uint8_t *b;
	size_t text, len;
};

static struct packet packet_new(const struct suite *s, uint64_t *seed)
{
	struct packet p = { .s = s, .text = (1 + rnd(seed) % (MAX_TEXT / s->cipher->block_len)) * s->cipher->block_len };
	size_t icv = s->auth ? s->auth->icv_len : s->cipher->icv_len;

	p.len = HEAD + s->cipher->iv_len + p.text + icv;
	p.b = malloc(p.len);
	for (size_t i = 0; i < p.len; i++)
		p.b[i] = (uint8_t)rnd(seed);
	return p;
}

static struct packet packet_copy(const struct packet *p)
{
	struct packet c = *p;

	c.b = malloc(p->len);
	memcpy(c.b, p->b, p->len);
	return c;
}

static struct crypto_job job_of(const struct packet *p, const struct crypto_key *key)
{
	const struct cipher_info *c = p->s->cipher;
	bool gmac = c->id == CIPHER_AES_GMAC; /* RFC 4543 section 3: nothing is ciphered */
	uint8_t *iv = p->b + HEAD, *text = iv + c->iv_len;

	return (struct crypto_job){ .key = key, .text = text, .text_len = gmac ? 0 : (uint32_t)p->text, .iv = iv,
				    .auth = p->b, .icv = text + p->text,
				    .auth_len = c->combined && !gmac ? HEAD : (uint32_t)(HEAD + c->iv_len + p->text) };
}

/* One thread: its runner, and what it is judged by. */
struct worker {
	struct crypto_runner *r, *judge;
	struct crypto_key *key[SUITES][2]; /* the judge's */
	uint64_t seed;
	pthread_t thread;
};

/* The same packets by both; how many came out otherwise. */
static unsigned differ(struct worker *w, size_t dir, struct packet *a, struct packet *b, size_t n)
{
	struct crypto_job ja[CRYPTO_MAX_JOBS], jb[CRYPTO_MAX_JOBS];
	unsigned bad = 0;

	for (size_t i = 0; i < n; i++) {
		size_t k = (size_t)(a[i].s - suites);

		ja[i] = job_of(&a[i], suites[k].key[dir]);
		jb[i] = job_of(&b[i], w->key[k][dir]);
	}
	(void)crypto_run(w->r, dir ? CRYPTO_DECRYPT : CRYPTO_ENCRYPT, ja, n);
	(void)crypto_run(w->judge, dir ? CRYPTO_DECRYPT : CRYPTO_ENCRYPT, jb, n);
	for (size_t i = 0; i < n; i++)
		bad += ja[i].ok != jb[i].ok || memcmp(a[i].b, b[i].b, a[i].len);
	return bad;
}

static void turn(struct worker *w)
{
	struct packet a[CRYPTO_MAX_JOBS], b[CRYPTO_MAX_JOBS], was[CRYPTO_MAX_JOBS];
	size_t n = 1 + rnd(&w->seed) % CRYPTO_MAX_JOBS;
	bool damaged[CRYPTO_MAX_JOBS];
	unsigned bad;

	for (size_t i = 0; i < n; i++) {
		was[i] = packet_new(&suites[rnd(&w->seed) % n_suites], &w->seed);
		a[i] = packet_copy(&was[i]);
		b[i] = packet_copy(&was[i]);
	}
	bad = differ(w, 0, a, b, n);
	for (size_t i = 0; i < n; i++) {
		damaged[i] = rnd(&w->seed) % 4 == 0;
		if (damaged[i])
			a[i].b[a[i].len - 1] = b[i].b[b[i].len - 1] ^= 0x40; /* of the ICV */
	}
	bad += differ(w, 1, a, b, n);
	for (size_t i = 0; i < n; i++) {
		size_t at = HEAD + was[i].s->cipher->iv_len;

		/* and it is what it was, or nothing */
		if (!damaged[i])
			bad += memcmp(a[i].b + at, was[i].b + at, was[i].text) != 0;
		free(was[i].b);
		free(a[i].b);
		free(b[i].b);
	}
	wrong += bad;
	done += (unsigned)n;
}

static void *work(void *arg)
{
	struct worker *w = arg;

	for (unsigned i = 0; i < TURNS; i++)
		turn(w);
	return NULL;
}

static void by_several(enum crypto_backend backend)
{
	static struct worker w[THREADS];

	wrong = done = 0;
	for (unsigned k = 0; k < THREADS; k++) {
		w[k] = (struct worker){ .r = crypto_runner_new(backend), .judge = crypto_runner_new(CRYPTO_OSSL),
					.seed = 0x2545f4914f6cdd1du + k };
		if (!w[k].r) { /* a machine without ipsec-mb */
			crypto_runner_free(w[k].judge);
			skip();
		}
		crypto_runner_share(w[k].r, k, THREADS);
		for (size_t i = 0; i < n_suites; i++)
			for (size_t dir = 0; dir < 2; dir++) {
				if (!k)
					assert_int_equal(key_of(w[0].r, &suites[i], dir, &suites[i].key[dir]), 0);
				assert_int_equal(key_of(w[k].judge, &suites[i], dir, &w[k].key[i][dir]), 0);
			}
	}
	for (unsigned k = 0; k < THREADS; k++)
		assert_int_equal(pthread_create(&w[k].thread, NULL, work, &w[k]), 0);
	for (unsigned k = 0; k < THREADS; k++)
		pthread_join(w[k].thread, NULL);
	assert_int_equal(wrong, 0);
	assert_true(done > THREADS * TURNS * CRYPTO_MAX_JOBS / 4);
	for (size_t i = 0; i < 2 * n_suites; i++)
		crypto_key_free(suites[i / 2].key[i % 2]);
	for (unsigned k = 0; k < THREADS; k++) {
		for (size_t i = 0; i < 2 * n_suites; i++)
			crypto_key_free(w[k].key[i / 2][i % 2]);
		crypto_runner_free(w[k].r);
		crypto_runner_free(w[k].judge);
	}
}

static void workers_share_keys_of_ipsec_mb(void **state)
{
	(void)state;
	by_several(CRYPTO_MB);
}

static void workers_share_keys_of_libcrypto(void **state)
{
	(void)state;
	by_several(CRYPTO_OSSL);
}

static void workers_share_keys_of_both(void **state)
{
	(void)state;
	by_several(CRYPTO_AUTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workers_share_keys_of_ipsec_mb),
		cmocka_unit_test(workers_share_keys_of_libcrypto),
		cmocka_unit_test(workers_share_keys_of_both),
	};

	list_suites();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
