/* SPDX-License-Identifier: Apache-2.0 */
#include "host/supervisor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STOP_WAIT_MS 10000 /* for control's orderly stop */
#define RESPAWN_MS   200   /* at least between two starts of one child */

struct sup {
	const struct supervisor *s;
	int pair[2];   /* [0] control's end, [1] the forwarder's: kept for respawns */
	int notice[2]; /* [0] ours, [1] control's */
	int signals;
	pid_t control, forwarder;
	bool stopping;
	unsigned restarts; /* of control */
};

static void pause_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static int new_pair(int pair[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) ? -errno : 0;
}

/* In a child: nothing of the parent but what it is given. */
static void become_child(struct sup *u, int keep_a, int keep_b)
{
	const int all[] = { u->pair[0], u->pair[1], u->notice[0], u->notice[1], u->signals };
	sigset_t none;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i] != keep_a && all[i] != keep_b)
			close(all[i]);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* without its parent a child would be nobody's */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static pid_t start_control(struct sup *u)
{
	pid_t pid = fork();

	if (pid == 0) {
		become_child(u, u->pair[0], u->notice[1]);
		_exit(u->s->control(u->s->ctx, u->pair[0], u->notice[1]));
	}
	return pid;
}

static pid_t start_forwarder(struct sup *u)
{
	pid_t pid = fork();

	if (pid == 0) {
		become_child(u, u->pair[1], -1);
		_exit(u->s->forwarder(u->s->ctx, u->pair[1]));
	}
	return pid;
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

/* A dead forwarder's queue may hold anything: the next one gets a new pair. */
static void respawn_forwarder(struct sup *u)
{
	int pair[2];

	pause_ms(RESPAWN_MS);
	if (new_pair(pair))
		return;
	close(u->pair[0]);
	close(u->pair[1]);
	u->pair[0] = pair[0];
	u->pair[1] = pair[1];
	u->forwarder = start_forwarder(u);
	(void)send_fd(u->notice[0], u->pair[0]);
}

/* Notices that nobody read belong to a control that is gone; what they told, the
 * new one is born with. */
static void respawn_control(struct sup *u)
{
	int notice[2];

	pause_ms(RESPAWN_MS);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, notice))
		return;
	close(u->notice[0]);
	close(u->notice[1]);
	u->notice[0] = notice[0];
	u->notice[1] = notice[1];
	u->control = start_control(u);
}

/* True when all is over; *ret_status is ours then. */
static bool reap(struct sup *u, int *ret_status)
{
	int st;
	pid_t pid;

	while ((pid = waitpid(-1, &st, WNOHANG)) > 0) {
		int code = WIFEXITED(st) ? WEXITSTATUS(st) : 128;

		if (pid == u->forwarder) {
			u->forwarder = -1;
			if (!u->stopping)
				respawn_forwarder(u);
		} else if (pid == u->control) {
			u->control = -1;
			/* an orderly end, or a first start that cannot succeed; one that
			 * follows a crash may meet what the dead one still holds */
			if (u->stopping || code == 0 || (code == 2 && !u->restarts)) {
				*ret_status = code == 128 ? 1 : code;
				return true;
			}
			fprintf(stderr, "culvert: control ended (%d), starting it again\n", code);
			u->restarts++;
			respawn_control(u);
		}
	}
	return false;
}

static void stop(struct sup *u)
{
	if (!u->stopping && u->control > 0)
		kill(u->control, SIGTERM);
	u->stopping = true;
}

int supervisor_run(const struct supervisor *s)
{
	struct sup u = { .s = s };
	struct signalfd_siginfo si;
	int status = 1, waited = 0;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	u.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (u.signals < 0 || new_pair(u.pair) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, u.notice)) {
		perror("culvert: supervisor");
		return 1;
	}
	u.forwarder = start_forwarder(&u);
	u.control = start_control(&u);
	while (!reap(&u, &status) && waited < STOP_WAIT_MS) {
		struct pollfd p = { .fd = u.signals, .events = POLLIN };

		poll(&p, 1, 200);
		waited += u.stopping ? 200 : 0;
		while (read(u.signals, &si, sizeof(si)) == sizeof(si))
			if (si.ssi_signo != SIGCHLD)
				stop(&u);
	}
	if (u.control > 0)
		kill(u.control, SIGKILL);
	if (u.forwarder > 0) {
		kill(u.forwarder, SIGKILL);
		waitpid(u.forwarder, NULL, 0);
	}
	return status;
}
