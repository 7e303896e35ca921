/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords that another thread compares. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <pwd.h>
#include <stdatomic.h>
#include <time.h>
#include <event2/event.h>

#include "control/login_work.h"
#include "control/secret_hash.h"

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

struct hashed {
	struct seen s;
	char text[2][CFG_SECRET_MAX];
};

static void on_hashed(void *ctx, int err, const char *text)
{
	struct hashed *h = ctx;

	assert_int_equal(err, 0);
	snprintf(h->text[h->s.n], CFG_SECRET_MAX, "%s", text);
	on_compared(&h->s, true);
}

static void a_hash_is_told_by_the_event_loop(void **state)
{
	struct hashed h = { .s = { .base = event_base_new(), .stop_at = 2 } };
	struct cfg_secret made = { .set = true, .hashed = true, .type = SECRET_SCRYPT };
	struct login_work *w = NULL;

	(void)state;
	assert_int_equal(login_work_new(h.s.base, &w), 0);
	assert_non_null(login_work_hash(w, SECRET_SCRYPT, "hashcat", on_hashed, &h));
	login_work_forget(login_work_hash(w, SECRET_SCRYPT, "nobody", on_hashed, NULL));
	assert_non_null(login_work_hash(w, SECRET_SCRYPT, "hashcat", on_hashed, &h));
	event_base_dispatch(h.s.base);
	assert_string_not_equal(h.text[0], h.text[1]); /* each has its salt */
	for (size_t i = 0; i < 2; i++) {
		memcpy(made.text, h.text[i], sizeof(made.text));
		assert_true(secret_fits(&made, "hashcat"));
		assert_false(secret_fits(&made, "hashcats"));
	}
	login_work_free(w);
	event_base_free(h.s.base);
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

/* ---- names ---- */

/* The system's answers, as LDAP would give them; they come when `answers` says so. */
static atomic_bool answers;
static char long_name[CFG_NAME_MAX + 1];

int getpwuid_r(uid_t uid, struct passwd *pw, char *room, size_t size, struct passwd **ret)
{
	static const struct timespec tick = { .tv_nsec = 1000000 };

	while (!answers)
		nanosleep(&tick, NULL);
	*ret = NULL;
	if (uid == 3)
		return EIO;
	if (uid == 4)
		return ENOENT;
	if (uid == 5 && size < 100000)
		return ERANGE;
	if (uid == 6)
		return 0;
	*pw = (struct passwd){ .pw_name = room, .pw_uid = uid };
	strcpy(room, uid == 7 ? long_name : "admin");
	*ret = pw;
	return 0;
}

struct named {
	struct event_base *base;
	const char *want; /* NULL: cannot be found out */
	unsigned n;
};

static void on_named(void *ctx, const char *name)
{
	struct named *s = ctx;

	s->n++;
	if (!name || !s->want)
		assert_true(!name && !s->want);
	else
		assert_string_equal(name, s->want);
	event_base_loopbreak(s->base);
}

static void a_name_is_told_and_who_has_none_is_not_who_cannot_be_found_out(void **state)
{
	static const struct {
		uid_t uid;
		const char *want;
	} rows[] = { { 1000, "admin" }, { 3, NULL }, { 4, "" }, { 5, "admin" }, { 6, "" }, { 7, "" } };
	struct named s = { .base = event_base_new() };
	struct login_work *w = NULL;

	(void)state;
	answers = true;
	memset(long_name, 'x', sizeof(long_name) - 1); /* no user is configured by so long a one, nor by its beginning */
	assert_int_equal(login_work_new(s.base, &w), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		s.want = rows[i].want;
		assert_non_null(login_work_name(w, rows[i].uid, on_named, &s));
		event_base_dispatch(s.base);
		assert_int_equal(s.n, i + 1);
	}
	login_work_free(w);
	event_base_free(s.base);
}

static void on_tick(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	event_base_loopbreak(ctx);
}

static void a_system_that_does_not_answer_holds_up_no_loop(void **state)
{
	static const struct timeval soon = { .tv_usec = 10000 };
	struct named s = { .base = event_base_new(), .want = "admin" }, gone = { 0 };
	struct login_work *w = NULL;
	double begun = seconds();

	(void)state;
	answers = false;
	assert_int_equal(login_work_new(s.base, &w), 0);
	struct login_job *j = login_work_name(w, 1, on_named, &gone);

	assert_non_null(login_work_name(w, 2, on_named, &s));
	event_base_once(s.base, -1, EV_TIMEOUT, on_tick, s.base, &soon);
	event_base_dispatch(s.base);
	assert_int_equal(s.n, 0);
	assert_true(seconds() - begun < 5);
	login_work_forget(j); /* while it is being asked */
	answers = true;
	event_base_dispatch(s.base);
	assert_int_equal(s.n, 1);
	assert_int_equal(gone.n, 0);
	login_work_free(w);
	event_base_free(s.base);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits_is_told_by_the_event_loop),
		cmocka_unit_test(a_hash_is_told_by_the_event_loop),
		cmocka_unit_test(nobody_is_told_what_he_does_not_wait_for),
		cmocka_unit_test(a_name_is_told_and_who_has_none_is_not_who_cannot_be_found_out),
		cmocka_unit_test(a_system_that_does_not_answer_holds_up_no_loop),
		cmocka_unit_test(who_stays_waits_for_nobody_who_has_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
