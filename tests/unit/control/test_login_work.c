/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords that another thread compares. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <time.h>
#include <event2/event.h>

#include "control/login_work.h"

static const struct cfg_secret scrypt = {
	.set = true, .hashed = true, .type = SECRET_SCRYPT,
	.text = "$9$2MJBozw/9R3UsU$2lFhcKvpghcyw8deP25GOfyZaagyUOGBymkryvOdfo6",
};

struct seen {
	struct event_base *base;
	unsigned n, fitted, stop_at;
};

static void on_compared(void *ctx, bool fits)
{
	struct seen *s = ctx;

	s->n++;
	s->fitted += fits;
	if (s->n == s->stop_at)
		event_base_loopbreak(s->base);
}

static void what_fits_is_told_by_the_event_loop(void **state)
{
	struct seen s = { .base = event_base_new(), .stop_at = 4 };
	struct cfg_secret plain = { .set = true, .text = "cisco" };
	struct login_work *w = NULL;

	(void)state;
	assert_int_equal(login_work_new(s.base, &w), 0);
	assert_non_null(login_work_put(w, &scrypt, "hashcat", on_compared, &s));
	assert_non_null(login_work_put(w, &scrypt, "hashcats", on_compared, &s));
	assert_non_null(login_work_put(w, &plain, "cisco", on_compared, &s));
	/* who does not exist has no password, not even that of the hash he is compared with */
	assert_non_null(login_work_put(w, NULL, "hashcat", on_compared, &s));
	event_base_dispatch(s.base);
	assert_int_equal(s.n, 4);
	assert_int_equal(s.fitted, 2);
	login_work_free(w);
	event_base_free(s.base);
}

static void nobody_is_told_what_he_does_not_wait_for(void **state)
{
	struct seen s = { .base = event_base_new(), .stop_at = 1 }, gone = { 0 };
	struct login_work *w = NULL;

	(void)state;
	assert_int_equal(login_work_new(s.base, &w), 0);
	login_work_forget(login_work_put(w, &scrypt, "hashcat", on_compared, &gone));
	login_work_forget(NULL);
	login_work_put(w, &scrypt, "hashcat", on_compared, &s);
	event_base_dispatch(s.base);
	assert_int_equal(s.n, 1);
	assert_int_equal(gone.n, 0);
	/* some are still to be done when it goes */
	for (int i = 0; i < 20; i++)
		assert_non_null(login_work_put(w, &scrypt, "hashcat", on_compared, &gone));
	login_work_free(w);
	assert_int_equal(gone.n, 0);
	login_work_free(NULL);
	event_base_free(s.base);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A session that connects, answers and goes, again and again, would keep everybody else out. */
static void who_stays_waits_for_nobody_who_has_gone(void **state)
{
	enum { GONE = 100 };
	struct seen s = { .base = event_base_new(), .stop_at = 1 }, gone = { 0 };
	struct login_work *w = NULL;
	double begun = seconds(), one;

	(void)state;
	assert_int_equal(login_work_new(s.base, &w), 0);
	assert_non_null(login_work_put(w, &scrypt, "hashcat", on_compared, &s));
	event_base_dispatch(s.base);
	one = seconds() - begun;
	begun = seconds();
	for (int i = 0; i < GONE; i++)
		login_work_forget(login_work_put(w, &scrypt, "hashcat", on_compared, &gone));
	s.stop_at = 2;
	assert_non_null(login_work_put(w, &scrypt, "hashcat", on_compared, &s));
	event_base_dispatch(s.base);
	assert_true(seconds() - begun < one * GONE / 4);
	assert_int_equal(s.fitted, 2);
	assert_int_equal(gone.n, 0);
	login_work_free(w);
	event_base_free(s.base);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits_is_told_by_the_event_loop),
		cmocka_unit_test(nobody_is_told_what_he_does_not_wait_for),
		cmocka_unit_test(who_stays_waits_for_nobody_who_has_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
