/* SPDX-License-Identifier: Apache-2.0 */
/* The process around the core: one epoll, the control socket and the ports.
 *
 * Timers: TICK_MS between looks at lifetimes and waiting packets; a port whose
 * descriptor only reports errors (its device was deleted) rests until the next
 * tick instead of being polled in a circle. */
#include "forwarder/forwarder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/secret.h"

#define TICK_MS		250
#define EVENTS_PER_WAIT 64
#define ERRORS_BEFORE_REST 8
#define BACKLOG_MAX	(16u << 20) /* bytes of answers that control has not read */

/* An answer that did not fit the socket. */
struct late {
	STAILQ_ENTRY(late) entry;
	size_t len;
	uint8_t bytes[];
};

struct watched {
	struct port *port;
	unsigned errors; /* in a row, without a packet */
	bool resting;
	bool polled; /* in this turn */
	LIST_ENTRY(watched) entry;
};

struct loop {
	const struct forwarder_process *p;
	struct forwarder *f;
	int epoll;
	LIST_HEAD(, watched) watched;
	STAILQ_HEAD(, late) backlog;
	size_t backlog_bytes;
	uint64_t next_tick_ms;
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

/* ---- to control ---- */

/* 0, or a negative errno: -EAGAIN if the socket is full. */
static int send_now(const struct loop *l, const void *p, size_t n)
{
	while (send(l->p->control_fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return errno == ENOBUFS ? -EAGAIN : -errno;
	return 0;
}

static void watch_control(const struct loop *l, int op)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = NULL };

	if (!STAILQ_EMPTY(&l->backlog))
		e.events |= EPOLLOUT;
	(void)epoll_ctl(l->epoll, op, l->p->control_fd, &e);
}

/* False: there is more than anybody will read, or no memory. */
static bool keep_answer(struct loop *l, size_t n)
{
	struct late *a = l->backlog_bytes + n <= BACKLOG_MAX ? malloc(sizeof(*a) + n) : NULL;

	if (!a)
		return false;
	a->len = n;
	memcpy(a->bytes, l->out, n);
	l->backlog_bytes += n;
	bool first = STAILQ_EMPTY(&l->backlog);
	STAILQ_INSERT_TAIL(&l->backlog, a, entry);
	if (first)
		watch_control(l, EPOLL_CTL_MOD);
	return true;
}

static void send_backlog(struct loop *l)
{
	struct late *a;

	while ((a = STAILQ_FIRST(&l->backlog)) && send_now(l, a->bytes, a->len) != -EAGAIN) {
		STAILQ_REMOVE_HEAD(&l->backlog, entry);
		l->backlog_bytes -= a->len;
		free(a);
	}
	if (!a)
		watch_control(l, EPOLL_CTL_MOD);
}

/* Never waits. Answers queue up behind each other; events find room or are lost. */
static bool to_control(void *ctx, const struct fwd_msg *m)
{
	struct loop *l = ctx;
	struct wr w = wr_of(l->out, sizeof(l->out));
	int err = -EAGAIN;

	fwd_encode(&w, m);
	if (w.bad)
		return false;
	if (STAILQ_EMPTY(&l->backlog))
		err = send_now(l, l->out, wr_len(&w));
	if (err == -EAGAIN && m->seq)
		return keep_answer(l, wr_len(&w));
	return err == 0;
}

/* ---- ports ---- */

static void port_added(void *ctx, struct port *port)
{
	struct loop *l = ctx;
	struct watched *w = port->fd >= 0 ? calloc(1, sizeof(*w)) : NULL;
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = w };

	if (!w)
		return;
	w->port = port;
	/* one that cannot be watched now is tried again at each tick */
	w->resting = epoll_ctl(l->epoll, EPOLL_CTL_ADD, port->fd, &e) < 0;
	LIST_INSERT_HEAD(&l->watched, w, entry);
}

static void port_removed(void *ctx, struct port *port)
{
	struct loop *l = ctx;
	struct watched *w;

	LIST_FOREACH(w, &l->watched, entry) {
		if (w->port != port)
			continue;
		if (!w->resting)
			(void)epoll_ctl(l->epoll, EPOLL_CTL_DEL, port->fd, NULL);
		LIST_REMOVE(w, entry);
		free(w);
		return;
	}
}

static void poll_watched(struct loop *l, struct watched *w, uint32_t events)
{
	w->polled = true;
	if (forwarder_poll_port(l->f, w->port) || !(events & (EPOLLERR | EPOLLHUP))) {
		w->errors = 0;
	} else if (++w->errors >= ERRORS_BEFORE_REST) {
		w->resting = true;
		(void)epoll_ctl(l->epoll, EPOLL_CTL_DEL, w->port->fd, NULL);
	}
}

/* Ports that hold packets still have their turn, too, though their descriptors may have nothing to
 * say. True: some hold more yet. */
static bool poll_holding(struct loop *l)
{
	struct watched *w;
	bool more = false;

	LIST_FOREACH(w, &l->watched, entry) {
		if (w->port->more && !w->polled)
			(void)forwarder_poll_port(l->f, w->port);
		w->polled = false;
		more = more || w->port->more;
	}
	return more;
}

static void tick(struct loop *l)
{
	uint64_t now = loop_now(l);
	struct watched *w;

	forwarder_tick(l->f);
	if (now < l->next_tick_ms)
		return;
	l->next_tick_ms = now + TICK_MS;
	LIST_FOREACH(w, &l->watched, entry) {
		struct epoll_event e = { .events = EPOLLIN, .data.ptr = w };

		if (w->resting && epoll_ctl(l->epoll, EPOLL_CTL_ADD, w->port->fd, &e) == 0) {
			w->resting = false;
			w->errors = ERRORS_BEFORE_REST - 1;
		}
	}
}

/* ---- from control ---- */

/* The descriptor that came along; -1: none. Only one may. */
static int take_descriptor(struct msghdr *msg)
{
	int fd = -1;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t count = c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS ?
				       (c->cmsg_len - CMSG_LEN(0)) / sizeof(int) :
				       0;
		for (size_t i = 0; i < count; i++) {
			if (fd >= 0)
				close(fd);
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
		}
	}
	return fd;
}

/* One message and its descriptor. One each turn, so that what arrived before it is
 * dealt with before it. False: the other end of the pair is closed for good. Both
 * ends are the supervisor's to keep, and a new control goes on with the same
 * socket: if it is closed, the supervisor is gone too. */
static bool read_control(struct loop *l)
{
	union {
		char buf[CMSG_SPACE(sizeof(int) * 4)];
		struct cmsghdr align;
	} control;
	struct iovec iov = { l->in, sizeof(l->in) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf,
			      .msg_controllen = sizeof(control.buf) };
	ssize_t n = recvmsg(l->p->control_fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	int fd;

	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR);
	fd = take_descriptor(&msg);
	if (msg.msg_flags & MSG_TRUNC) {
		if (fd >= 0)
			close(fd);
		return true;
	}
	forwarder_message(l->f, span_of(l->in, (size_t)n), fd);
	secret_wipe(l->in, (size_t)n);
	return true;
}

static bool serve_control(struct loop *l, uint32_t events)
{
	if (events & EPOLLOUT)
		send_backlog(l);
	return !(events & ~(uint32_t)EPOLLOUT) || read_control(l);
}

static int serve(struct loop *l)
{
	struct epoll_event ev[EVENTS_PER_WAIT];
	bool more = false;

	watch_control(l, EPOLL_CTL_ADD);
	while (!forwarder_stopping(l->f)) {
		int n = epoll_wait(l->epoll, ev, EVENTS_PER_WAIT, more ? 0 : TICK_MS);

		if (n < 0 && errno != EINTR)
			return 1;
		for (int i = 0; i < n; i++)
			if (ev[i].data.ptr)
				poll_watched(l, ev[i].data.ptr, ev[i].events);
		more = poll_holding(l);
		/* control last: it may remove a port that an event above names */
		for (int i = 0; i < n; i++)
			if (!ev[i].data.ptr && !serve_control(l, ev[i].events))
				return 1;
		tick(l);
	}
	return 0;
}

static void loop_free(struct loop *l)
{
	struct watched *w;
	struct late *a;

	forwarder_free(l->f);
	while ((w = LIST_FIRST(&l->watched))) {
		LIST_REMOVE(w, entry);
		free(w);
	}
	while ((a = STAILQ_FIRST(&l->backlog))) {
		STAILQ_REMOVE_HEAD(&l->backlog, entry);
		free(a);
	}
	if (l->epoll >= 0)
		close(l->epoll);
	secret_free(l, sizeof(*l));
}

int forwarder_run(const struct forwarder_process *p)
{
	struct loop *l = calloc(1, sizeof(*l));
	int status = 1;

	if (!l)
		return 1;
	l->p = p;
	LIST_INIT(&l->watched);
	STAILQ_INIT(&l->backlog);
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	struct forwarder_env env = { loop_now, loop_random, loop_make_port, to_control, l };
	struct forwarder_watch watch = { port_added, port_removed, l };
	l->f = forwarder_new(&env);
	if (l->epoll >= 0 && l->f && p->ready(p->ctx) == 0) {
		forwarder_watch(l->f, &watch);
		status = serve(l);
	}
	loop_free(l);
	return status;
}
