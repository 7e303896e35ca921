/* SPDX-License-Identifier: Apache-2.0 */
/* The process around the core: one epoll, the control socket and the ports. */
#include "forwarder/forwarder.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/secret.h"

#define TICK_MS		250
#define ANSWER_WAIT_MS	1000 /* control reads while it waits for an answer */
#define EVENTS_PER_WAIT 16

struct loop {
	const struct forwarder_process *p;
	struct forwarder *f;
	int epoll;
	uint64_t events_lost; /* control was away or slow */
	uint8_t in[FWD_MSG_MAX], out[FWD_MSG_MAX];
};

static uint64_t loop_now(void *ctx)
{
	struct loop *l = ctx;

	return l->p->now_ms(l->p->ctx);
}

static void loop_random(void *ctx, void *buf, size_t n)
{
	struct loop *l = ctx;

	l->p->random(l->p->ctx, buf, n);
}

static int loop_make_port(void *ctx, const struct fwd_port *desc, int fd, struct port **ret_port)
{
	struct loop *l = ctx;

	return l->p->make_port(l->p->ctx, desc, fd, ret_port);
}

static void to_control(void *ctx, const struct fwd_msg *m)
{
	struct loop *l = ctx;
	struct wr w = wr_of(l->out, sizeof(l->out));
	struct pollfd pfd = { .fd = l->p->control_fd, .events = POLLOUT };

	fwd_encode(&w, m);
	if (w.bad)
		return;
	while (send(l->p->control_fd, l->out, wr_len(&w), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		/* an answer waits a moment for its reader; an event does not */
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN || m->seq == 0 || poll(&pfd, 1, ANSWER_WAIT_MS) <= 0) {
			l->events_lost++;
			return;
		}
	}
}

static void port_added(void *ctx, struct port *port)
{
	struct loop *l = ctx;
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = port };

	if (port->fd >= 0 && epoll_ctl(l->epoll, EPOLL_CTL_ADD, port->fd, &e) < 0)
		l->events_lost++;
}

static void port_removed(void *ctx, struct port *port)
{
	struct loop *l = ctx;

	if (port->fd >= 0)
		epoll_ctl(l->epoll, EPOLL_CTL_DEL, port->fd, NULL);
}

/* One message and its descriptor. False: nothing there; *ret_gone if the other
 * end of the pair is closed for good. */
static bool read_control(struct loop *l, bool *ret_gone)
{
	union {
		char buf[CMSG_SPACE(sizeof(int) * 4)];
		struct cmsghdr align;
	} control;
	struct iovec iov = { l->in, sizeof(l->in) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf,
			      .msg_controllen = sizeof(control.buf) };
	int fd = -1;
	ssize_t n = recvmsg(l->p->control_fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n <= 0) {
		*ret_gone = n == 0 || (errno != EAGAIN && errno != EINTR);
		return false;
	}
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		size_t count = c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS ?
				       (c->cmsg_len - CMSG_LEN(0)) / sizeof(int) :
				       0;
		for (size_t i = 0; i < count; i++) {
			int got;

			memcpy(&got, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (fd >= 0)
				close(fd);
			fd = got;
		}
	}
	if (msg.msg_flags & MSG_TRUNC) {
		if (fd >= 0)
			close(fd);
		return true;
	}
	forwarder_message(l->f, span_of(l->in, (size_t)n), fd);
	secret_wipe(l->in, (size_t)n);
	return true;
}

static int serve(struct loop *l)
{
	struct epoll_event ev[EVENTS_PER_WAIT];
	struct epoll_event ctl = { .events = EPOLLIN, .data.ptr = NULL };

	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->p->control_fd, &ctl) < 0)
		return 1;
	while (!forwarder_stopping(l->f)) {
		int n = epoll_wait(l->epoll, ev, EVENTS_PER_WAIT, TICK_MS);

		if (n < 0 && errno != EINTR)
			return 1;
		for (int i = 0; i < n; i++)
			if (ev[i].data.ptr)
				forwarder_poll_port(l->f, ev[i].data.ptr);
		/* control last: it may remove a port that an event above names */
		for (int i = 0; i < n; i++) {
			bool gone = false;

			if (ev[i].data.ptr)
				continue;
			for (int k = 0; k < 64 && read_control(l, &gone); k++)
				;
			if (gone) /* both ends are the supervisor's to keep: it is gone too */
				return 1;
		}
		forwarder_tick(l->f);
	}
	return 0;
}

int forwarder_run(const struct forwarder_process *p)
{
	struct loop *l = calloc(1, sizeof(*l));
	int status = 1;

	if (!l)
		return 1;
	l->p = p;
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	struct forwarder_env env = { loop_now, loop_random, loop_make_port, to_control, l };
	struct forwarder_watch watch = { port_added, port_removed, l };
	l->f = forwarder_new(&env);
	if (l->epoll >= 0 && l->f && p->ready(p->ctx) == 0) {
		forwarder_watch(l->f, &watch);
		status = serve(l);
	}
	forwarder_free(l->f);
	if (l->epoll >= 0)
		close(l->epoll);
	secret_free(l, sizeof(*l));
	return status;
}
