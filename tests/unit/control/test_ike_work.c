/* SPDX-License-Identifier: Apache-2.0 */
/* Who does the public-key work: the event loop within its share, else the threads; and the loop all
 * of it, where there is no thread or no room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control/crypto_pool.h"
#include "control/ike_work.h"

static struct control c;
static uint64_t now_us;	 /* the loop's clock */
static uint64_t takes_us; /* work that the loop does */
static unsigned may_start, here, told, pumped;
static int last_err;

int __real_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *ctx);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *ctx);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *ctx)
{
	if (!may_start)
		return EAGAIN;
	may_start--;
	return __real_pthread_create(t, a, f, ctx);
}

uint64_t __wrap_host_now_us(void);
uint64_t __wrap_host_now_us(void)
{
	return now_us;
}

/* Of the loop; threads call what is in their own file. */
void __real_crypto_work_do(struct ike_crypto *x, const struct ike_work *w, struct pki *pki,
			   const struct pki_key *key, struct ike_worked *ret);
void __wrap_crypto_work_do(struct ike_crypto *x, const struct ike_work *w, struct pki *pki,
			   const struct pki_key *key, struct ike_worked *ret);
void __wrap_crypto_work_do(struct ike_crypto *x, const struct ike_work *w, struct pki *pki,
			   const struct pki_key *key, struct ike_worked *ret)
{
	here++;
	now_us += takes_us;
	__real_crypto_work_do(x, w, pki, key, ret);
}

void __wrap_ike_worked(struct ike *k, uint64_t now_ms, const struct ike_worked *r);
void __wrap_ike_worked(struct ike *k, uint64_t now_ms, const struct ike_worked *r)
{
	(void)k;
	(void)now_ms;
	last_err = r->err;
	told++;
}

void __wrap_ikelink_pump(struct control *x);
void __wrap_ikelink_pump(struct control *x)
{
	(void)x;
	pumped++;
}

/* The results that are ready, and how many were told when timers fired. */
static struct crypto_pool *pool;
static unsigned told_at_tick, ticks;

int __real_crypto_pool_new(unsigned threads, struct crypto_pool **ret_pool);
int __wrap_crypto_pool_new(unsigned threads, struct crypto_pool **ret_pool);
int __wrap_crypto_pool_new(unsigned threads, struct crypto_pool **ret_pool)
{
	int err = __real_crypto_pool_new(threads, ret_pool);

	pool = err ? NULL : *ret_pool;
	return err;
}

static unsigned ready(void)
{
	char path[64], line[128];
	unsigned n = 0;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", crypto_pool_fd(pool));
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		(void)sscanf(line, "eventfd-count: %x", &n);
	fclose(f);
	return n;
}

void __wrap_ike_tick(struct ike *k, uint64_t now_ms);
void __wrap_ike_tick(struct ike *k, uint64_t now_ms)
{
	(void)k;
	(void)now_ms;
	told_at_tick = told;
	ticks++;
}

static bool priority_refused;
static char logged[256];

int __real_crypto_pool_priority(const struct crypto_pool *p);
int __wrap_crypto_pool_priority(const struct crypto_pool *p);
int __wrap_crypto_pool_priority(const struct crypto_pool *p)
{
	return priority_refused ? -EPERM : __real_crypto_pool_priority(p);
}

void __wrap_log_line(const char *mnemonic, const char *fmt, ...);
void __wrap_log_line(const char *mnemonic, const char *fmt, ...)
{
	va_list ap;

	(void)mnemonic;
	va_start(ap, fmt);
	vsnprintf(logged, sizeof(logged), fmt, ap);
	va_end(ap);
}

static void begin(unsigned threads)
{
	logged[0] = '\0';
	told_at_tick = ticks = 0;
	memset(&c, 0, sizeof(c));
	here = told = pumped = 0;
	may_start = threads;
	now_us = 10000000;
	takes_us = 420;
	c.base = event_base_new();
	assert_non_null(c.base);
	assert_int_equal(ike_worker_start(&c), 0);
}

static int end(void **state)
{
	(void)state;
	ike_worker_stop(&c);
	assert_null(c.worker);
	ike_worker_stop(&c); /* is fine */
	event_base_free(c.base);
	return 0;
}

static void put(uint16_t group)
{
	struct ike_work w = { .id = 1, .kind = IKE_WORK_PAIR, .group = group, .seed = { 1 } };

	ike_worker_put(&c, &w);
}

static void wait_for(unsigned n)
{
	for (unsigned i = 0; told < n && i < 100000; i++)
		assert_int_equal(event_base_loop(c.base, EVLOOP_ONCE), 0);
	assert_int_equal(told, n);
}

static void the_loop_keeps_to_its_share(void **state)
{
	(void)state;
	begin(100);
	for (unsigned i = 1; i <= 5; i++) { /* 2000 us, and a tenth of the 2100 that they take */
		put(14);
		assert_int_equal(here, i);
		assert_int_equal(told, i);
	}
	put(14);
	assert_int_equal(here, 5);
	wait_for(6);
	assert_int_equal(pumped, 1);
	now_us += 3000; /* 110 us were left: 410 */
	put(14);
	assert_int_equal(here, 5);
	wait_for(7);
	now_us += 110;
	put(14);
	assert_int_equal(here, 6);
	assert_int_equal(last_err, 0);
}

/* What takes longer than on the processor of the table is paid for. */
static void a_slow_processor_gets_no_more_than_a_tenth(void **state)
{
	unsigned n = 0;

	(void)state;
	begin(100);
	takes_us = 8000;
	uint64_t from = now_us;
	while (now_us - from < 2000000) {
		put(14);
		wait_for(++n);
		now_us += 500;
	}
	/* 200 ms of 2 s, and what was left at the beginning */
	assert_in_range(here, 20, 26);
}

static void long_work_and_what_comes_while_some_waits_is_for_threads(void **state)
{
	(void)state;
	begin(100);
	put(16);
	put(1); /* short, but behind it */
	assert_int_equal(here, 0);
	wait_for(2);
	put(1);
	assert_int_equal(here, 1);
}

static void without_threads_the_loop_does_it_all(void **state)
{
	(void)state;
	begin(0);
	for (unsigned i = 1; i <= 20; i++) {
		put(i % 2 ? 16 : 14);
		assert_int_equal(here, i);
		assert_int_equal(told, i);
		assert_int_equal(last_err, 0);
	}
}

static void what_the_queue_does_not_hold_the_loop_does(void **state)
{
	(void)state;
	begin(100);
	put(16); /* from here on the loop does nothing of its own accord */
	for (unsigned i = 1; i < CRYPTO_POOL_MAX; i++)
		put(1);
	assert_int_equal(here, 0);
	put(1);
	assert_int_equal(here, 1);
	assert_int_equal(told, 1);
	wait_for(CRYPTO_POOL_MAX + 1);
}

/* Timers that are due along with results see these done. */
static void results_count_before_timers(void **state)
{
	(void)state;
	begin(100);
	for (unsigned i = 0; i < 20; i++) /* more than one turn of the loop tells */
		put(16);
	for (unsigned ms = 0; ready() < 20 && ms < 60000; ms++)
		usleep(1000);
	assert_int_equal(ready(), 20);
	assert_int_equal(told, 0);
	ike_worker_tick(&c);
	assert_int_equal(ticks, 1);
	assert_int_equal(told_at_tick, 20);
	assert_int_equal(pumped, 21);
	ike_worker_tick(&c); /* there is none */
	assert_int_equal(ticks, 2);
	assert_int_equal(told, 20);
}

static void timers_fire_without_threads_as_well(void **state)
{
	(void)state;
	begin(0);
	assert_non_null(strstr(logged, "no threads"));
	ike_worker_tick(&c);
	assert_int_equal(ticks, 1);
}

static void that_threads_compete_with_the_loop_is_logged(void **state)
{
	(void)state;
	begin(100);
	assert_string_equal(logged, "");
	assert_int_equal(end(NULL), 0);
	priority_refused = true;
	begin(100);
	priority_refused = false;
	assert_non_null(strstr(logged, "priority"));
	put(16);
	wait_for(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(the_loop_keeps_to_its_share, end),
		cmocka_unit_test_teardown(a_slow_processor_gets_no_more_than_a_tenth, end),
		cmocka_unit_test_teardown(long_work_and_what_comes_while_some_waits_is_for_threads, end),
		cmocka_unit_test_teardown(without_threads_the_loop_does_it_all, end),
		cmocka_unit_test_teardown(what_the_queue_does_not_hold_the_loop_does, end),
		cmocka_unit_test_teardown(results_count_before_timers, end),
		cmocka_unit_test_teardown(timers_fire_without_threads_as_well, end),
		cmocka_unit_test_teardown(that_threads_compete_with_the_loop_is_logged, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
