/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor with children that do as little as possible: each says over a pipe
 * what became of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host/supervisor.h"

#define PATIENCE_MS 10000

/* What a child tells. */
enum { CONTROL_UP, FORWARDER_UP, FORWARDER_AGAIN, PEER_SAYS, CONTROL_STOPS };
struct note {
	int what;
	pid_t pid, peer;
};

struct world {
	int pipe[2];
	pid_t supervisor;
	enum mode { NORMAL, DEAF_AT_FIRST, USELESS, SHORT_LIVED } mode;
};

static volatile sig_atomic_t told_to_stop;

static void on_term(int sig)
{
	(void)sig;
	told_to_stop = 1;
}

static void tell(const struct world *w, int what, pid_t peer)
{
	struct note n = { what, getpid(), peer };

	if (write(w->pipe[1], &n, sizeof(n)) != sizeof(n))
		_exit(99);
}

static void greet(int fd)
{
	pid_t me = getpid();

	(void)send(fd, &me, sizeof(me), MSG_NOSIGNAL);
}

static void listen_to_stop(void)
{
	struct sigaction a = { .sa_handler = on_term };

	sigaction(SIGTERM, &a, NULL);
}

/* Says hello over the pair, reports who answers, follows new forwarders. */
static int control(void *ctx, int fwd_fd, int supervisor_fd, bool first)
{
	struct world *w = ctx;
	struct pollfd p[2] = { { .fd = fwd_fd, .events = POLLIN },
			       { .fd = supervisor_fd, .events = POLLIN } };

	tell(w, CONTROL_UP, first);
	if (w->mode == USELESS)
		return 2;
	if (w->mode == SHORT_LIVED)
		return 1;
	if (w->mode == DEAF_AT_FIRST)
		usleep(500000); /* the stop comes meanwhile */
	listen_to_stop();
	greet(p[0].fd);
	while (!told_to_stop) {
		pid_t peer;

		if (poll(p, 2, 50) < 0)
			continue;
		if (p[0].revents) {
			if (recv(p[0].fd, &peer, sizeof(peer), MSG_DONTWAIT) == sizeof(peer))
				tell(w, PEER_SAYS, peer);
			else
				p[0].fd = -1; /* closed: a new one will come */
		}
		if (p[1].revents) {
			p[0].fd = supervisor_receive(supervisor_fd);
			if (p[0].fd < 0)
				return 1;
			tell(w, FORWARDER_AGAIN, 0);
			greet(p[0].fd);
		}
	}
	tell(w, CONTROL_STOPS, 0);
	return 0;
}

/* Answers each hello with its own pid. */
static int forwarder(void *ctx, int fd)
{
	pid_t peer;

	tell(ctx, FORWARDER_UP, 0);
	while (recv(fd, &peer, sizeof(peer), 0) == sizeof(peer))
		greet(fd);
	return 0;
}

static void start(struct world *w, enum mode mode)
{
	struct supervisor s = { control, forwarder, w };

	w->mode = mode;
	assert_int_equal(pipe(w->pipe), 0);
	w->supervisor = fork();
	if (w->supervisor == 0) {
		if (!freopen("/dev/null", "w", stderr))
			_exit(98);
		_exit(supervisor_run(&s));
	}
	close(w->pipe[1]);
}

/* The next note of that kind; others are passed over. */
static struct note await(struct world *w, int what)
{
	struct pollfd p = { .fd = w->pipe[0], .events = POLLIN };
	struct note n = { 0 };

	do {
		assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
		assert_int_equal(read(w->pipe[0], &n, sizeof(n)), sizeof(n));
	} while (n.what != what);
	return n;
}

static int finish(struct world *w)
{
	int st = 0;

	assert_int_equal(waitpid(w->supervisor, &st, 0), w->supervisor);
	close(w->pipe[0]);
	return WIFEXITED(st) ? WEXITSTATUS(st) : -1;
}

static int stop(struct world *w)
{
	kill(w->supervisor, SIGTERM);
	return finish(w);
}

static bool gone(pid_t pid)
{
	for (int i = 0; i < PATIENCE_MS / 10; i++) {
		(void)waitpid(pid, NULL, WNOHANG); /* an orphan became ours */
		if (kill(pid, 0) < 0 && errno == ESRCH)
			return true;
		usleep(10000);
	}
	return false;
}

static void the_two_children_talk_over_the_pair(void **state)
{
	struct world w;

	(void)state;
	start(&w, NORMAL);
	struct note f = await(&w, FORWARDER_UP);
	assert_int_equal(await(&w, PEER_SAYS).peer, f.pid);
	assert_int_equal(stop(&w), 0);
	assert_true(gone(f.pid));
}

static void a_new_forwarder_gets_a_new_pair_and_control_its_end(void **state)
{
	struct world w;

	(void)state;
	start(&w, NORMAL);
	struct note f = await(&w, FORWARDER_UP), c = await(&w, PEER_SAYS);
	for (int i = 0; i < 3; i++) {
		kill(f.pid, SIGKILL);
		f = await(&w, FORWARDER_UP);
		struct note again = await(&w, PEER_SAYS);
		assert_int_equal(again.pid, c.pid); /* control lives on */
		assert_int_equal(again.peer, f.pid);
	}
	assert_int_equal(stop(&w), 0);
}

static void a_new_control_finds_the_old_forwarder(void **state)
{
	struct world w;

	(void)state;
	start(&w, NORMAL);
	struct note f = await(&w, FORWARDER_UP), c = await(&w, PEER_SAYS);
	for (int i = 0; i < 3; i++) {
		kill(c.pid, SIGKILL);
		c = await(&w, PEER_SAYS);
		assert_int_equal(c.peer, f.pid);
	}
	assert_int_equal(stop(&w), 0);
}

static void both_may_die_at_once(void **state)
{
	struct world w;

	(void)state;
	start(&w, NORMAL);
	struct note f = await(&w, FORWARDER_UP), c = await(&w, PEER_SAYS);
	for (int i = 0; i < 3; i++) {
		kill(i & 1 ? f.pid : c.pid, SIGKILL);
		kill(i & 1 ? c.pid : f.pid, SIGKILL);
		/* either may be up first */
		bool have_f = false, have_c = false;
		while (!have_f || !have_c) {
			struct note n;

			assert_int_equal(read(w.pipe[0], &n, sizeof(n)), sizeof(n));
			if (n.what == FORWARDER_UP) {
				f = n;
				have_f = true;
			} else if (n.what == PEER_SAYS && have_f && n.peer == f.pid) {
				c = n;
				have_c = true;
			}
		}
	}
	assert_int_equal(stop(&w), 0);
	assert_true(gone(f.pid));
}

static void a_stop_before_control_listens_is_still_orderly(void **state)
{
	struct world w;

	(void)state;
	start(&w, DEAF_AT_FIRST);
	(void)await(&w, CONTROL_UP);
	kill(w.supervisor, SIGTERM);
	(void)await(&w, CONTROL_STOPS);
	assert_int_equal(finish(&w), 0);
}

static void a_control_killed_while_it_stops_is_started_to_finish(void **state)
{
	struct world w;

	(void)state;
	start(&w, DEAF_AT_FIRST);
	struct note c = await(&w, CONTROL_UP);
	kill(w.supervisor, SIGTERM);
	usleep(100000);
	kill(c.pid, SIGKILL);
	assert_int_not_equal(await(&w, CONTROL_STOPS).pid, c.pid);
	assert_int_equal(finish(&w), 0);
}

static void a_start_that_cannot_succeed_ends_it_all(void **state)
{
	struct world w;
	struct note n;
	size_t controls = 0;

	(void)state;
	start(&w, USELESS);
	/* the pipe ends when all who could write to it have */
	while (read(w.pipe[0], &n, sizeof(n)) == sizeof(n))
		controls += n.what == CONTROL_UP;
	assert_int_equal(controls, 1);
	assert_int_equal(finish(&w), 2);
}

static void one_that_keeps_dying_is_started_ever_more_slowly(void **state)
{
	struct timespec from, to;
	struct world w;

	(void)state;
	start(&w, SHORT_LIVED);
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (int i = 0; i < 5; i++) /* 100 + 200 + 400 + 800 ms between them */
		assert_int_equal(await(&w, CONTROL_UP).peer, i == 0); /* the first knows */
	clock_gettime(CLOCK_MONOTONIC, &to);
	assert_true((to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000 >= 1400);
	kill(w.supervisor, SIGKILL);
	(void)finish(&w);
}

static void without_a_supervisor_there_are_no_children(void **state)
{
	struct world w;

	(void)state;
	start(&w, NORMAL);
	struct note f = await(&w, FORWARDER_UP), c = await(&w, PEER_SAYS);
	kill(w.supervisor, SIGKILL);
	assert_int_equal(finish(&w), -1);
	assert_true(gone(f.pid));
	assert_true(gone(c.pid));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_two_children_talk_over_the_pair),
		cmocka_unit_test(a_new_forwarder_gets_a_new_pair_and_control_its_end),
		cmocka_unit_test(a_new_control_finds_the_old_forwarder),
		cmocka_unit_test(both_may_die_at_once),
		cmocka_unit_test(a_stop_before_control_listens_is_still_orderly),
		cmocka_unit_test(a_control_killed_while_it_stops_is_started_to_finish),
		cmocka_unit_test(a_start_that_cannot_succeed_ends_it_all),
		cmocka_unit_test(one_that_keeps_dying_is_started_ever_more_slowly),
		cmocka_unit_test(without_a_supervisor_there_are_no_children),
	};

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
