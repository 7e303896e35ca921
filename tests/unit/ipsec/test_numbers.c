/* SPDX-License-Identifier: Apache-2.0 */
/* Several workers on one SA: threads that are held up at random between taking numbers,
 * asking whether they may send, and sending. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ipsec/esp.h"
#include "ipsec/numbers.h"
#include "packet/ip4.h"

#define WORKERS_MOST 4
#define SAS	     2
#define TOTAL	     40000u /* numbers of an SA */
#define LEN	     100u

/* What the peer sees. */
struct wire {
	pthread_mutex_t lock;
	uint8_t seen[TOTAL + 2];
	uint64_t top, worst, n, twice;
};

struct world {
	struct sa *sa[SAS];
	struct wire wire[SAS];
	uint64_t from[SAS]; /* the number before the first */
	unsigned workers;
};

struct job {
	struct world *w;
	unsigned me;
	uint64_t rnd, waited, refused;
};

static uint64_t dice(struct job *j, uint64_t n)
{
	j->rnd ^= j->rnd << 13;
	j->rnd ^= j->rnd >> 7;
	j->rnd ^= j->rnd << 17;
	return (j->rnd >> 11) % n;
}

/* Another thread's turn, or a while of nothing, as when the processor is taken away. */
static void be_held_up(struct job *j)
{
	uint64_t how = dice(j, 200);

	if (how == 0)
		nanosleep(&(struct timespec){ .tv_nsec = (long)dice(j, 300000) }, NULL);
	else if (how < 30)
		(void)sched_yield();
}

static void leaves(struct wire *w, uint64_t number)
{
	pthread_mutex_lock(&w->lock);
	w->n++;
	if (number > TOTAL || w->seen[number]++)
		w->twice++;
	if (number > w->top)
		w->top = number;
	else if (w->top - number > w->worst)
		w->worst = w->top - number;
	pthread_mutex_unlock(&w->lock);
}

/* A batch has packets of one SA or of both, as with the forwarder: all runs are taken, and
 * sent in one order. */
static void *work(void *arg)
{
	struct job *j = arg;
	struct world *w = j->w;

	for (bool some = true; some;) {
		struct sa_run run[SAS];
		bool has[SAS];

		some = false;
		for (size_t i = SAS; i-- > 0;) {
			run[i] = (struct sa_run){ .sa = w->sa[i],
						  .n = (uint32_t)(1 + dice(j, dice(j, 8) ? 16 : PEER_WINDOW)) };
			run[i].bytes = LEN * (uint64_t)run[i].n;
			run[i].text = run[i].bytes + run[i].n;
			has[i] = dice(j, 4) && sa_reserve(&run[i], j->me, 0);
			be_held_up(j);
		}
		for (size_t i = 0; i < SAS; i++) {
			if (!has[i]) {
				struct sa_run one = { .sa = w->sa[i], .n = 1, .bytes = LEN, .text = LEN + 1 };

				/* the last ones, one by one: limits are met exactly */
				has[i] = sa_reserve(&one, j->me, 0);
				run[i] = one;
			}
			if (!has[i]) {
				j->refused++;
				continue;
			}
			some = true;
			while (!sa_may_send(&run[i], j->me, w->workers)) {
				j->waited++;
				(void)sched_yield();
			}
			for (uint32_t k = 0; k < run[i].n; k++) {
				leaves(&w->wire[i], run[i].first + k - w->from[i]);
				be_held_up(j);
			}
			sa_sent(&run[i], j->me);
		}
	}
	return NULL;
}

static struct sa *make_sa(unsigned workers, uint64_t hard_bytes)
{
	struct crypto_runner *r = crypto_runner_new(CRYPTO_OSSL);
	struct sa_spec spec = { .id = 1, .dir = SA_OUT, .proto = PROTO_ESP, .mode = MODE_TUNNEL,
				.spi = 0x1000, .cipher = CIPHER_NULL, .auth = AUTH_HMAC_SHA1_96,
				.auth_key.len = 20, .life.hard_bytes = hard_bytes };
	struct sa *sa = NULL;

	spec.src = ipaddr_v4(0xc0000201);
	spec.dst = ipaddr_v4(0xc6336401);
	assert_int_equal(sa_new(r, &spec, 0, &sa), 0);
	assert_int_equal(sa_share(sa, workers), 0);
	crypto_runner_free(r);
	return sa;
}

static void run_workers(struct world *w, uint64_t *ret_waited)
{
	pthread_t thread[WORKERS_MOST];
	struct job job[WORKERS_MOST];

	for (unsigned k = 0; k < w->workers; k++) {
		job[k] = (struct job){ .w = w, .me = k, .rnd = 0x9e3779b97f4a7c15u + k };
		assert_int_equal(pthread_create(&thread[k], NULL, work, &job[k]), 0);
	}
	*ret_waited = 0;
	for (unsigned k = 0; k < w->workers; k++) {
		pthread_join(thread[k], NULL);
		*ret_waited += job[k].waited;
	}
}

static void check(unsigned workers)
{
	struct world *w = calloc(1, sizeof(*w));
	uint64_t waited;

	w->workers = workers;
	w->sa[0] = make_sa(workers, TOTAL * (uint64_t)LEN); /* ends by volume */
	w->sa[1] = make_sa(workers, 0);			    /* ends by numbers */
	w->sa[1]->number = w->from[1] = UINT32_MAX - TOTAL;
	for (size_t i = 0; i < SAS; i++)
		pthread_mutex_init(&w->wire[i].lock, NULL);
	run_workers(w, &waited);
	assert_int_equal(w->sa[0]->number, TOTAL);
	assert_int_equal(w->sa[0]->bytes, TOTAL * (uint64_t)LEN);
	assert_int_equal(w->sa[0]->packets, TOTAL);
	assert_int_equal(w->sa[0]->text, TOTAL * (uint64_t)(LEN + 1));
	assert_int_equal(w->sa[1]->number, UINT32_MAX);
	for (size_t i = 0; i < SAS; i++) {
		assert_int_equal(w->wire[i].n, TOTAL); /* all of them, and none twice: none is missing */
		assert_int_equal(w->wire[i].twice, 0);
		assert_true(w->wire[i].worst < PEER_WINDOW);
		assert_true(w->wire[i].worst > 0);
		sa_free(w->sa[i]);
	}
	assert_true(waited > 0); /* or nothing was tried */
	free(w);
}

static void two_workers_stay_within_the_window(void **state)
{
	(void)state;
	check(2);
}

static void four_workers_stay_within_the_window(void **state)
{
	(void)state;
	check(4);
}

static void a_refused_run_takes_nothing(void **state)
{
	struct sa *sa = make_sa(2, 1000);
	struct sa_run r = { .sa = sa, .n = 11, .bytes = 1100, .text = 1100 };

	(void)state;
	assert_false(sa_reserve(&r, 0, 0));
	assert_int_equal(sa->bytes, 0);
	assert_int_equal(sa->number, 0);
	r = (struct sa_run){ .sa = sa, .n = 10, .bytes = 1000, .text = 1000 };
	sa->number = UINT32_MAX - 9;
	assert_false(sa_reserve(&r, 0, 0)); /* one number short */
	assert_int_equal(sa->bytes, 0);
	assert_int_equal(sa->text, 0);
	assert_int_equal(sa->low[0], NOT_HELD);
	sa->number = UINT32_MAX - 10;
	assert_true(sa_reserve(&r, 0, 0));
	assert_int_equal(r.first, UINT32_MAX - 9);
	assert_int_equal(sa->number, UINT32_MAX);
	sa->dead = true;
	r.bytes = r.text = 0;
	assert_false(sa_reserve(&r, 0, 0));
	sa_free(sa);
}

/* 64 bit ciphers may encrypt so much under one key and no more. */
static void text_is_given_back(void **state)
{
	struct sa *sa = make_sa(1, 0);
	struct sa_run r = { .sa = sa, .n = 2, .bytes = 10, .text = 101 };

	(void)state;
	sa->text_limit = 100;
	assert_false(sa_reserve(&r, 0, 0));
	assert_int_equal(sa->bytes, 0);
	r.text = 100;
	assert_true(sa_reserve(&r, 0, 0));
	assert_int_equal(sa->text, 100);
	sa_free(sa);
}

static void who_is_late_is_waited_for(void **state)
{
	struct sa *sa = make_sa(3, 0);
	struct sa_run a = { .sa = sa, .n = 32 }, b = a, c = a;

	(void)state;
	assert_true(sa_reserve(&a, 0, 0)); /* 1 to 32 */
	assert_true(sa_reserve(&b, 1, 0)); /* 33 to 64 */
	assert_true(sa_may_send(&b, 1, 3));
	sa_sent(&b, 1);
	assert_true(sa_reserve(&b, 1, 0)); /* 65 to 96: 96 - 64 = 32, which 0 still has */
	assert_false(sa_may_send(&b, 1, 3));
	assert_true(sa_reserve(&c, 2, 0)); /* 97 to 128 */
	assert_true(sa_may_send(&a, 0, 3));
	sa_sent(&a, 0);
	assert_true(sa_may_send(&b, 1, 3));
	assert_true(sa_reserve(&a, 0, 0)); /* 129 to 160 */
	assert_false(sa_may_send(&a, 0, 3)); /* 65 to 96 come first */
	assert_true(sa_may_send(&c, 2, 3)); /* 128 - 64 = 64, and 65 is the oldest */
	sa_sent(&b, 1);
	sa_sent(&c, 2);
	assert_true(sa_may_send(&a, 0, 3));
	sa_free(sa);
}

static void no_random(void *ctx, void *p, size_t n)
{
	(void)ctx;
	memset(p, 7, n);
}

/* A packet of the pool with a number; spoilt: it says another length than it has. */
static struct pkt *numbered(struct pool *pool, struct sa *sa, uint64_t number, bool spoilt)
{
	struct ip_view h = { .ttl = 64, .proto = 17, .id = 1, .total_len = LEN, .src = 0x0a010001, .dst = 0x0a020001 };
	struct pkt *p = pkt_get(pool);

	assert_non_null(p);
	ip4_write(p->data, &h);
	p->len = LEN + spoilt;
	p->sa = sa;
	p->number = number;
	return p;
}

/* What was counted as it got its number, and did not become a packet of the SA, is not one of it. */
static void packets_that_are_not_built_are_not_counted(void **state)
{
	static const char *const what[] = { "as it was reserved", "its length is wrong", "no room in front", "no room behind" };
	struct esp_worker w = { .crypto = crypto_runner_new(CRYPTO_OSSL), .random = no_random, .numbered = true };
	struct pool pool;

	(void)state;
	assert_int_equal(pool_init(&pool, BATCH_MAX), 0);
	for (size_t how = 0; how < sizeof(what) / sizeof(what[0]); how++) {
		struct sa *sa = make_sa(2, 0);
		struct sa_run r = { .sa = sa, .n = 3, .bytes = 3 * LEN, .text = 3 * LEN };
		struct batch b = { 0 }, bad = { 0 };

		assert_true(sa_reserve(&r, 0, 5));
		for (uint64_t i = 0; i < r.n; i++) {
			struct pkt *p = numbered(&pool, sa, r.first + i, how == 1 && i == 1);

			if (how == 2 && i == 1)
				p->data -= pkt_headroom(p);
			if (how == 2 && i == 1)
				ip4_write(p->data, &(struct ip_view){ .ttl = 64, .proto = 17, .id = 1, .total_len = LEN });
			if (how == 3 && i == 1) {
				memmove(p->data + pkt_tailroom(p), p->data, LEN);
				p->data += pkt_tailroom(p);
			}
			(void)batch_add(&b, p);
		}
		esp_encap(&w, &b, &bad, ESP_DF_COPY, 5);
		if (b.n != (how ? 2 : 3) || bad.n != (how ? 1 : 0) || sa->packets != b.n || sa->number != 3)
			fail_msg("%s: %zu built, %zu not, %llu counted", what[how], b.n, bad.n, (unsigned long long)sa->packets);
		batch_put(&pool, &b);
		batch_put(&pool, &bad);
		sa_free(sa);
	}
	crypto_runner_free(w.crypto);
	pool_fini(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refused_run_takes_nothing),
		cmocka_unit_test(text_is_given_back),
		cmocka_unit_test(who_is_late_is_waited_for),
		cmocka_unit_test(packets_that_are_not_built_are_not_counted),
		cmocka_unit_test(two_workers_stay_within_the_window),
		cmocka_unit_test(four_workers_stay_within_the_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
