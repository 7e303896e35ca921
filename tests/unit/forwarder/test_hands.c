/* SPDX-License-Identifier: Apache-2.0 */
/* How many workers read what all could read: as many as have no time left on processors of their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "forwarder/hands.h"

enum { N = 4 };

static struct hands h;
static struct hand own[N];
static uint64_t now_ms;
static uint64_t cpu_ns[N];
static bool lost; /* by all */

static void begin(bool all)
{
	hands_init(&h, N, all);
	memset(own, 0, sizeof(own));
	now_ms = 1000;
	lost = false;
	for (unsigned i = 0; i < N; i++)
		(void)hands_weigh(&h, i, &own[i], now_ms, cpu_ns[i], lost);
}

/* A window in which worker i has worked for so many thousandths, and has slept so often. Whether some worker was to be told. */
static bool window(const unsigned share[N], const unsigned sleeps[N])
{
	unsigned told = 0, before = hands_n(&h);

	now_ms += HANDS_WINDOW_MS;
	for (unsigned i = 0; i < N; i++) {
		cpu_ns[i] += (uint64_t)HANDS_WINDOW_MS * share[i] * 1000;
		own[i].sleeps += sleeps[i];
		assert_true(hands_due(&own[i], now_ms));
		told += hands_weigh(&h, i, &own[i], now_ms, cpu_ns[i], lost);
		assert_false(hands_due(&own[i], now_ms + HANDS_WINDOW_MS - 1));
	}
	assert_int_equal(told, hands_n(&h) > before);
	return told;
}

static void windows(size_t n, const unsigned share[N], const unsigned sleeps[N])
{
	while (n--)
		(void)window(share, sleeps);
}

#define SHARE(...)  (const unsigned[N]){ __VA_ARGS__ }
#define SLEEPS(...) (const unsigned[N]){ __VA_ARGS__ }

static void one_that_gets_done_stays_alone(void **state)
{
	(void)state;
	begin(false);
	windows(100, SHARE(990), SLEEPS(1, 9, 9, 9));
	assert_int_equal(hands_n(&h), 1);
}

static void one_that_has_no_time_left_gets_another(void **state)
{
	(void)state;
	begin(false);
	assert_false(window(SHARE(980), SLEEPS(0, 1, 1, 1)));
	assert_true(window(SHARE(980), SLEEPS(0, 1, 1, 1)));
	assert_int_equal(hands_n(&h), 2);
	/* a window with sleep in between begins anew */
	begin(false);
	for (size_t i = 0; i < 10; i++) {
		assert_false(window(SHARE(980), SLEEPS(0, 1, 1, 1)));
		assert_false(window(SHARE(980), SLEEPS(1, 1, 1, 1)));
	}
	assert_int_equal(hands_n(&h), 1);
}

/* It never sleeps, but others have its processor: a second one would take away what the first one needs. */
static void where_processors_are_short_nobody_joins(void **state)
{
	(void)state;
	begin(false);
	windows(100, SHARE(590), SLEEPS(0, 1, 1, 1));
	assert_int_equal(hands_n(&h), 1);
}

/* Bursts for which one is too slow, with sleep between them. */
static void a_socket_that_overflows_brings_another(void **state)
{
	(void)state;
	begin(false);
	windows(10, SHARE(700), SLEEPS(1, 1, 1, 1));
	assert_int_equal(hands_n(&h), 1);
	lost = true;
	assert_true(window(SHARE(700), SLEEPS(1, 1, 1, 1)));
	/* where processors are short that is no reason, either */
	begin(false);
	lost = true;
	windows(10, SHARE(550), SLEEPS(1, 1, 1, 1));
	assert_int_equal(hands_n(&h), 1);
}

static void all_join_under_load_and_go_again_one_by_one(void **state)
{
	(void)state;
	begin(false);
	windows(N * HANDS_MORE, SHARE(990, 990, 990, 990), SLEEPS(0));
	assert_int_equal(hands_n(&h), N);
	windows(100, SHARE(990, 990, 990, 990), SLEEPS(0));
	assert_int_equal(hands_n(&h), N);
	/* three can do it */
	windows(HANDS_LESS_MS / HANDS_WINDOW_MS + 1, SHARE(600, 600, 600, 600), SLEEPS(1, 1, 1, 1));
	assert_int_equal(hands_n(&h), 3);
	windows(100, SHARE(800, 800, 800), SLEEPS(1, 1, 1, 1));
	assert_int_equal(hands_n(&h), 3);
	windows(100, SHARE(5, 5, 5), SLEEPS(1, 1, 1, 1));
	assert_int_equal(hands_n(&h), 1);
}

/* Half an hour of little work with one busy window a second leaves them. */
static void a_pause_is_no_reason_to_go(void **state)
{
	(void)state;
	begin(false);
	windows(HANDS_MORE, SHARE(990), SLEEPS(0, 1, 1, 1));
	assert_int_equal(hands_n(&h), 2);
	for (size_t i = 0; i < 1800; i++) {
		windows(HANDS_LESS_MS / HANDS_WINDOW_MS - 2, SHARE(100, 100), SLEEPS(1, 1, 1, 1));
		(void)window(SHARE(990, 990), SLEEPS(1, 1, 1, 1));
	}
	assert_int_equal(hands_n(&h), 2);
}

static void where_it_was_said_all_read(void **state)
{
	(void)state;
	begin(true);
	assert_int_equal(hands_n(&h), N);
	windows(100, SHARE(1), SLEEPS(1, 1, 1, 1));
	assert_int_equal(hands_n(&h), N);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_gets_done_stays_alone),
		cmocka_unit_test(one_that_has_no_time_left_gets_another),
		cmocka_unit_test(where_processors_are_short_nobody_joins),
		cmocka_unit_test(a_socket_that_overflows_brings_another),
		cmocka_unit_test(all_join_under_load_and_go_again_one_by_one),
		cmocka_unit_test(a_pause_is_no_reason_to_go),
		cmocka_unit_test(where_it_was_said_all_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
