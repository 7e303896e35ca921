/* SPDX-License-Identifier: Apache-2.0 */
#include "host/supervisor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host/log.h"

/* Timers: a child that lived for LONG_LIFE_MS is started again after RESPAWN_MS,
 * one that keeps dying at once after twice as long each time, up to RESPAWN_MAX_MS.
 * While stopping, control is reminded each REMIND_MS (it may not listen yet) and
 * killed after STOP_WAIT_MS. */
#define STOP_WAIT_MS   10000
#define REMIND_MS      200
#define RESPAWN_MS     100
#define RESPAWN_MAX_MS 3200
#define LONG_LIFE_MS   1000

struct child {
	pid_t pid; /* -1: none now */
	int64_t born_ms, due_ms, delay_ms;
	unsigned restarts;
};

struct sup {
	const struct supervisor *s;
	int pair[2];   /* [0] control's end, [1] the forwarder's: kept for respawns */
	int notice[2]; /* [0] ours, [1] control's */
	int signals;
	pid_t self;
	struct child control, forwarder;
	bool told; /* control has this pair's end, or was born with it */
	bool stopping;
	int64_t stop_by_ms;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Two connected ends in place of the old ones. The old ones stay if there are no
 * descriptors: -errno. */
static int renew_pair(int pair[2])
{
	int fresh[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fresh))
		return -errno;
	for (size_t i = 0; i < 2; i++) {
		if (pair[i] >= 0)
			close(pair[i]);
		pair[i] = fresh[i];
	}
	return 0;
}

/* In a child: nothing of the parent but what it is given. name: of at most 15 letters, for ps(1). */
static void become_child(struct sup *u, const char *name, int keep_a, int keep_b)
{
	const int all[] = { u->pair[0], u->pair[1], u->notice[0], u->notice[1], u->signals };
	sigset_t none;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i] != keep_a && all[i] != keep_b)
			close(all[i]);
	/* ^C reaches the whole group: it is for us to say what it means */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* without its parent a child would be nobody's */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, name);
	if (getppid() != u->self)
		_exit(1);
}

static int send_fd(int to, int fd)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} c = { { 0 } };
	struct iovec iov = { "f", 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = c.buf,
			    .msg_controllen = sizeof(c.buf) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &fd, sizeof(int));
	return sendmsg(to, &m, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

static void start_control(struct sup *u)
{
	u->control.born_ms = now_ms();
	u->control.pid = fork();
	if (u->control.pid == 0) {
		/* a stop that comes before it listens shall not end it disorderly: it is
		 * told again until it does */
		signal(SIGTERM, SIG_IGN);
		become_child(u, "culvert-control", u->pair[0], u->notice[1]);
		_exit(u->s->control(u->s->ctx, u->pair[0], u->notice[1],
				    u->control.restarts == 0));
	}
	u->told = true;
}

static void start_forwarder(struct sup *u)
{
	u->forwarder.born_ms = now_ms();
	u->forwarder.pid = fork();
	if (u->forwarder.pid == 0) {
		become_child(u, "culvert-forward", u->pair[1], -1);
		_exit(u->s->forwarder(u->s->ctx, u->pair[1]));
	}
	if (!u->told)
		u->told = send_fd(u->notice[0], u->pair[0]) == 0;
}

int supervisor_receive(int supervisor_fd)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} c;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = c.buf,
			    .msg_controllen = sizeof(c.buf) };
	ssize_t n = recvmsg(supervisor_fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *h = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;
	int fd;

	if (n < 0)
		return -errno;
	if (!h || h->cmsg_type != SCM_RIGHTS || h->cmsg_len != CMSG_LEN(sizeof(int)))
		return -EPIPE;
	memcpy(&fd, CMSG_DATA(h), sizeof(int));
	return fd;
}

/* When to start it again. */
static void schedule(struct child *c)
{
	int64_t now = now_ms(), twice = 2 * c->delay_ms;

	if (now - c->born_ms >= LONG_LIFE_MS || !c->delay_ms)
		c->delay_ms = RESPAWN_MS;
	else
		c->delay_ms = twice < RESPAWN_MAX_MS ? twice : RESPAWN_MAX_MS;
	c->pid = -1;
	c->restarts++;
	c->due_ms = now + c->delay_ms;
}

/* A dead forwarder's queue may hold anything: the next one gets a new pair, and
 * control sees at once that the old one is closed. */
static void forwarder_died(struct sup *u)
{
	schedule(&u->forwarder);
	if (u->stopping) /* control has told it to end, and needs no other one */
		u->forwarder.due_ms = INT64_MAX;
	if (renew_pair(u->pair) == 0)
		u->told = false;
}

/* Notices that nobody read belong to a control that is gone; what they told, the
 * new one is born with. */
static void control_died(struct sup *u, int code)
{
	schedule(&u->control);
	/* killed in the middle of a stop, it is started once more to finish that, which
	 * takes a forwarder to talk to */
	if (u->forwarder.pid < 0)
		u->forwarder.due_ms = now_ms();
	(void)renew_pair(u->notice);
	log_line("CULVERT-3-CONTROL", "control ended (%d), starting it again", code);
}

/* True when all is over; *ret_status is ours then. */
static bool reap(struct sup *u, int *ret_status)
{
	int st;
	pid_t pid;

	while ((pid = waitpid(-1, &st, WNOHANG)) > 0) {
		bool exited = WIFEXITED(st);
		int code = exited ? WEXITSTATUS(st) : 128 + WTERMSIG(st);

		if (pid == u->forwarder.pid)
			forwarder_died(u);
		if (pid != u->control.pid)
			continue;
		/* an orderly end, or a first start that cannot succeed; one that follows a
		 * crash may meet what the dead one still holds */
		if (exited && (u->stopping || code == 0 || (code == 2 && !u->control.restarts))) {
			*ret_status = code;
			return true;
		}
		control_died(u, code);
	}
	return false;
}

static void start_due(struct sup *u)
{
	int64_t now = now_ms();

	if (u->forwarder.pid < 0 && now >= u->forwarder.due_ms) {
		start_forwarder(u);
		if (u->forwarder.pid < 0) /* no process to be had: later */
			schedule(&u->forwarder);
	}
	if (u->control.pid < 0 && now >= u->control.due_ms) {
		start_control(u);
		if (u->control.pid < 0)
			schedule(&u->control);
	}
}

static int wait_ms(const struct sup *u)
{
	int64_t now = now_ms(), until = u->stopping ? now + REMIND_MS : INT64_MAX;

	if (u->forwarder.pid < 0 && u->forwarder.due_ms < until)
		until = u->forwarder.due_ms;
	if (u->control.pid < 0 && u->control.due_ms < until)
		until = u->control.due_ms;
	return until == INT64_MAX ? -1 : until <= now ? 0 : (int)(until - now);
}

static void stop(struct sup *u)
{
	if (!u->stopping)
		u->stop_by_ms = now_ms() + STOP_WAIT_MS;
	u->stopping = true;
	if (u->control.pid > 0)
		kill(u->control.pid, SIGTERM);
}

static int loop(struct sup *u)
{
	struct signalfd_siginfo si;
	int status = 1;

	while (!reap(u, &status) && !(u->stopping && now_ms() >= u->stop_by_ms)) {
		struct pollfd p = { .fd = u->signals, .events = POLLIN };

		start_due(u);
		(void)poll(&p, 1, wait_ms(u));
		while (read(u->signals, &si, sizeof(si)) == sizeof(si))
			if (si.ssi_signo != SIGCHLD)
				stop(u);
		if (u->stopping)
			stop(u);
	}
	return status;
}

static void end_child(struct child *c)
{
	if (c->pid <= 0)
		return;
	kill(c->pid, SIGKILL);
	(void)waitpid(c->pid, NULL, 0);
}

int supervisor_run(const struct supervisor *s)
{
	struct sup u = { .s = s, .pair = { -1, -1 }, .notice = { -1, -1 }, .self = getpid(),
			 .control = { .pid = -1 }, .forwarder = { .pid = -1 } };
	int status = 1;
	sigset_t set, before;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &before);
	u.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (u.signals < 0 || renew_pair(u.pair) || renew_pair(u.notice)) {
		perror("culvert: supervisor");
	} else {
		u.told = true; /* control is born with it */
		status = loop(&u);
	}
	end_child(&u.control);
	end_child(&u.forwarder);
	for (size_t i = 0; i < 2; i++) {
		if (u.pair[i] >= 0)
			close(u.pair[i]);
		if (u.notice[i] >= 0)
			close(u.notice[i]);
	}
	if (u.signals >= 0)
		close(u.signals);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return status;
}
