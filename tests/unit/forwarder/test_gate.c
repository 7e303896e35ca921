/* SPDX-License-Identifier: Apache-2.0 */
/* The gate and the lane under threads that are held up at random. What is shared is plain
 * memory: under TSan a missing order is a race. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "forwarder/lane.h"

#define ROUNDS 20000
#define MOST   4

struct world {
	struct gate gate;
	struct lane lane;
	struct lane_reader reader;
	uint64_t a, b;	     /* equal but while the gate is closed */
	uint64_t closed;     /* times */
	uint64_t arrived;    /* what the reader brings next */
	uint64_t *delivered; /* in this order */
	uint64_t n_delivered, in_turn;
	bool odd;
};

struct job {
	struct world *w;
	unsigned me;
	uint64_t rnd, did;
};

static uint64_t dice(struct job *j, uint64_t n)
{
	j->rnd ^= j->rnd << 13;
	j->rnd ^= j->rnd >> 7;
	j->rnd ^= j->rnd << 17;
	return (j->rnd >> 11) % n;
}

static void be_held_up(struct job *j)
{
	uint64_t how = dice(j, 300);

	if (how == 0)
		nanosleep(&(struct timespec){ .tv_nsec = (long)dice(j, 200000) }, NULL);
	else if (how < 30)
		(void)sched_yield();
}

static void all_of(struct world *w, unsigned n, void *(*work)(void *))
{
	pthread_t thread[MOST];
	struct job job[MOST];

	for (unsigned k = 0; k < n; k++) {
		job[k] = (struct job){ .w = w, .me = k, .rnd = 0x9e3779b97f4a7c15u * (k + 1) };
		assert_int_equal(pthread_create(&thread[k], NULL, work, &job[k]), 0);
	}
	for (unsigned k = 0; k < n; k++)
		pthread_join(thread[k], NULL);
}

static void *in_and_alone(void *arg)
{
	struct job *j = arg;
	struct world *w = j->w;

	for (int i = 0; i < ROUNDS; i++) {
		gate_enter(&w->gate, j->me);
		uint64_t a = w->a;
		be_held_up(j);
		if (a != w->b || a != w->a)
			__atomic_store_n(&w->odd, true, __ATOMIC_RELAXED);
		gate_leave(&w->gate, j->me);
		if (dice(j, 5))
			continue;
		gate_close(&w->gate, j->me);
		w->a++;
		be_held_up(j);
		w->b++;
		w->closed++;
		gate_open(&w->gate);
		j->did++;
	}
	return NULL;
}

static void who_closes_the_gate_is_alone(void **state)
{
	(void)state;
	for (unsigned n = 2; n <= MOST; n += 2) {
		struct world *w = aligned_alloc(CACHE_LINE, sizeof(*w));

		*w = (struct world){ .a = 0 };
		gate_init(&w->gate, n);
		all_of(w, n, in_and_alone);
		assert_false(w->odd);
		assert_int_equal(w->a, w->b);
		assert_int_equal(w->a, w->closed);
		assert_true(w->closed > ROUNDS / 10);
		free(w);
	}
}

/* Bursts from one socket: numbers in order; others close the gate meanwhile. */
static void *read_and_pass(void *arg)
{
	struct job *j = arg;
	struct world *w = j->w;

	for (bool more = true; more;) {
		gate_enter(&w->gate, j->me);
		if (lane_try_read(&w->reader)) {
			uint64_t first = w->arrived, n = 1 + dice(j, 5);

			more = first < ROUNDS;
			w->arrived += more ? n : 0;
			uint32_t ticket = more ? lane_draw(&w->lane) : 0;
			lane_done_reading(&w->reader);
			be_held_up(j); /* decrypts */
			if (more) {
				lane_wait(&w->lane, ticket);
				if (w->in_turn++)
					w->odd = true;
				be_held_up(j);
				for (uint64_t i = 0; i < n; i++)
					w->delivered[w->n_delivered++] = first + i;
				w->in_turn--;
				lane_pass(&w->lane, ticket);
			}
		}
		gate_leave(&w->gate, j->me);
		if (!dice(j, 50)) {
			gate_close(&w->gate, j->me);
			if (w->in_turn)
				w->odd = true;
			w->closed++;
			gate_open(&w->gate);
		}
	}
	return NULL;
}

static void what_comes_in_stays_in_order(void **state)
{
	(void)state;
	for (unsigned n = 2; n <= MOST; n += 2) {
		struct world *w = aligned_alloc(CACHE_LINE, sizeof(*w));

		*w = (struct world){ .delivered = calloc(ROUNDS + 8, sizeof(uint64_t)) };
		gate_init(&w->gate, n);
		all_of(w, n, read_and_pass);
		assert_false(w->odd);
		assert_true(w->n_delivered >= ROUNDS);
		assert_int_equal(w->n_delivered, w->arrived);
		for (uint64_t i = 0; i < w->n_delivered; i++)
			assert_int_equal(w->delivered[i], i);
		assert_true(w->closed > 0);
		free(w->delivered);
		free(w);
	}
}

/* Tickets go around. */
static void the_last_ticket_is_followed_by_the_first(void **state)
{
	struct lane l = { .drawn = UINT32_MAX, .turn = UINT32_MAX };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		uint32_t t = lane_draw(&l);

		lane_wait(&l, t);
		lane_pass(&l, t);
	}
	assert_int_equal(l.turn, 2);
}

/* Who sleeps in epoll is outside and is not waited for. */
static void nobody_waits_for_who_is_outside(void **state)
{
	static struct gate g;

	(void)state;
	gate_init(&g, 2);
	gate_enter(&g, 1);
	gate_leave(&g, 1);
	gate_close(&g, 0);
	gate_open(&g);
	gate_enter(&g, 0);
	gate_leave(&g, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_waits_for_who_is_outside),
		cmocka_unit_test(the_last_ticket_is_followed_by_the_first),
		cmocka_unit_test(who_closes_the_gate_is_alone),
		cmocka_unit_test(what_comes_in_stays_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
