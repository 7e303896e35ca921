/* SPDX-License-Identifier: Apache-2.0 */
#include "control/fwdlink.h"

#include <bsd/sys/queue.h>
#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/secret.h"

#define CALL_TIMEOUT_MS 3000

/* An event that arrived while a call waited: its bytes, for later. */
struct late {
	STAILQ_ENTRY(late) entry;
	size_t len;
	uint8_t bytes[];
};

struct fwdlink_ask {
	LIST_ENTRY(fwdlink_ask) entry;
	struct fwdlink *l;
	uint32_t seq;
	uint64_t deadline_ms;
	struct event *timer; /* at deadline_ms */
	void (*row)(void *ctx, const struct fwd_msg *m);
	void (*done)(void *ctx, int err);
	void *ctx;
};

struct fwdlink {
	struct event_base *base;
	int fd;
	uint32_t seq;
	unsigned workers;
	struct fwdlink_sink sink;
	struct event *readable;
	struct event *deliver; /* activated when late events wait */
	STAILQ_HEAD(, late) late;
	LIST_HEAD(, fwdlink_ask) asks;
	uint8_t buf[FWD_MSG_MAX];
	struct rd rows; /* of the FWD_ROWS in buf, what has not been looked at */
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void deliver_late(struct fwdlink *l)
{
	struct late *e;
	struct fwd_msg m;

	while ((e = STAILQ_FIRST(&l->late))) {
		STAILQ_REMOVE_HEAD(&l->late, entry);
		if (fwd_decode(span_of(e->bytes, e->len), &m) == 0)
			l->sink.event(l->sink.ctx, &m);
		secret_free(e, sizeof(*e) + e->len);
	}
}

static void on_deliver(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	deliver_late(ctx);
}

static bool is_row(uint8_t type)
{
	return type == FWD_SA_INFO || type == FWD_POLICY_ADD || type == FWD_STATS_SA ||
	       type == FWD_STATS_POLICY || type == FWD_STATS_TUNNEL || type == FWD_STATS_DROPS ||
	       type == FWD_STATS_ACL || type == FWD_CRYPTO || type == FWD_NOT_PINNED;
}

/* ---- calls that nobody waits for ---- */

static void ask_free(struct fwdlink_ask *a)
{
	LIST_REMOVE(a, entry);
	event_free(a->timer);
	free(a);
}

static void ask_over(struct fwdlink_ask *a, int err)
{
	void (*done)(void *ctx, int err) = a->done;
	void *ctx = a->ctx;

	ask_free(a);
	done(ctx, err);
}

static void asks_over(struct fwdlink *l, int err)
{
	struct fwdlink_ask *a;

	while ((a = LIST_FIRST(&l->asks)))
		ask_over(a, err);
}

/* A row or a RESULT that is not of the call that waits. */
static void ask_take(struct fwdlink *l, const struct fwd_msg *m)
{
	struct fwdlink_ask *a;

	LIST_FOREACH(a, &l->asks, entry) {
		if (a->seq != m->seq)
			continue;
		if (m->type == FWD_RESULT)
			ask_over(a, m->u.error);
		else
			a->row(a->ctx, m);
		return;
	}
}

static void ask_take_rows(struct fwdlink *l, size_t len)
{
	struct rd r = rd_of(l->buf, len);
	struct fwd_msg m;

	rd_skip(&r, FWD_ROWS_HEAD);
	while (fwd_next_row(&r, &m))
		ask_take(l, &m);
}

static void on_ask_late(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	ask_over(ctx, -ETIMEDOUT);
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct fwdlink *l = ctx;
	struct fwd_msg m;

	(void)what;
	deliver_late(l);
	for (int i = 0; i < 64; i++) {
		ssize_t n = recv(fd, l->buf, sizeof(l->buf), MSG_DONTWAIT);

		if (n <= 0) {
			/* end of file stays readable: without this it would spin until
			 * the supervisor brings a new forwarder */
			if (n == 0) {
				event_del(l->readable);
				asks_over(l, -EPIPE);
			}
			return;
		}
		if (n >= FWD_ROWS_HEAD && l->buf[0] == FWD_ROWS)
			ask_take_rows(l, (size_t)n);
		else if (fwd_decode(span_of(l->buf, (size_t)n), &m) < 0)
			continue;
		else if (m.type == FWD_RESULT || is_row(m.type))
			ask_take(l, &m);
		else
			l->sink.event(l->sink.ctx, &m);
	}
}

int fwdlink_new(struct event_base *base, int fd, const struct fwdlink_sink *sink,
		struct fwdlink **ret_l)
{
	struct fwdlink *l = calloc(1, sizeof(*l));

	if (!l) {
		close(fd);
		return -ENOMEM;
	}
	l->base = base;
	l->fd = fd;
	l->workers = 1;
	l->sink = *sink;
	STAILQ_INIT(&l->late);
	l->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, l);
	l->deliver = event_new(base, -1, 0, on_deliver, l);
	if (!l->readable || !l->deliver || event_add(l->readable, NULL)) {
		fwdlink_free(l);
		return -ENOMEM;
	}
	*ret_l = l;
	return 0;
}

void fwdlink_free(struct fwdlink *l)
{
	struct late *e;

	if (!l)
		return;
	asks_over(l, -EPIPE);
	if (l->readable)
		event_free(l->readable);
	if (l->deliver)
		event_free(l->deliver);
	while ((e = STAILQ_FIRST(&l->late))) {
		STAILQ_REMOVE_HEAD(&l->late, entry);
		secret_free(e, sizeof(*e) + e->len);
	}
	close(l->fd);
	secret_free(l, sizeof(*l));
}

static int wait_for(int fd, short events, uint64_t deadline_ms)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = events };
		uint64_t now = now_ms();
		int n = now >= deadline_ms ? 0 : poll(&p, 1, (int)(deadline_ms - now));

		if (n == 0)
			return -ETIMEDOUT;
		if (n > 0)
			return p.revents & events ? 0 : -EPIPE;
		if (errno != EINTR)
			return -errno;
	}
}

static int send_msg(struct fwdlink *l, const struct fwd_msg *m, int pass_fd, uint64_t deadline_ms)
{
	struct wr w = wr_of(l->buf, sizeof(l->buf));
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { { 0 } };
	struct iovec iov;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	int err;

	l->rows = (struct rd){ 0 }; /* of an answer that nobody waits for */
	fwd_encode(&w, m);
	if (w.bad)
		return -EMSGSIZE;
	iov = (struct iovec){ l->buf, wr_len(&w) };
	if (pass_fd >= 0) {
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &pass_fd, sizeof(int));
	}
	do {
		if (sendmsg(l->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) {
			err = 0;
			break;
		}
		err = errno == EAGAIN || errno == EINTR ? wait_for(l->fd, POLLOUT, deadline_ms) :
							  -errno;
	} while (!err);
	secret_wipe(l->buf, wr_len(&w)); /* SA_ADD carries keys */
	return err;
}

/* Keeps an event for later. Dropped if there is no memory: events are hints
 * that come again. */
static void keep_late(struct fwdlink *l, size_t len)
{
	struct late *e = malloc(sizeof(*e) + len);

	if (!e)
		return;
	e->len = len;
	memcpy(e->bytes, l->buf, len);
	STAILQ_INSERT_TAIL(&l->late, e, entry);
	event_active(l->deliver, 0, 0);
}

void fwdlink_share_sockets(struct fwdlink *l, unsigned workers)
{
	l->workers = workers;
}

/* The next message of the forwarder's that is no event. 0 or -errno. */
static int receive(struct fwdlink *l, uint64_t deadline_ms, struct fwd_msg *ret_m)
{
	for (;;) {
		if (fwd_next_row(&l->rows, ret_m))
			return 0;
		ssize_t n = recv(l->fd, l->buf, sizeof(l->buf), MSG_DONTWAIT);
		int err = n == 0 ? -EPIPE : n < 0 ? -errno : 0;

		if (err == -EAGAIN)
			err = wait_for(l->fd, POLLIN, deadline_ms);
		if (err && err != -EINTR)
			return err;
		l->rows = (struct rd){ 0 };
		if (n >= FWD_ROWS_HEAD && l->buf[0] == FWD_ROWS) {
			l->rows = rd_of(l->buf, (size_t)n);
			rd_skip(&l->rows, FWD_ROWS_HEAD);
			continue;
		}
		if (n <= 0 || fwd_decode(span_of(l->buf, (size_t)n), ret_m) < 0)
			continue;
		if (ret_m->type == FWD_RESULT || is_row(ret_m->type))
			return 0;
		keep_late(l, (size_t)n);
	}
}

static uint32_t next_seq(struct fwdlink *l)
{
	return ++l->seq ? l->seq : ++l->seq;
}

static int call_once(struct fwdlink *l, struct fwd_msg *m, int pass_fd,
		     void (*row)(void *ctx, const struct fwd_msg *m), void *ctx)
{
	uint64_t deadline_ms = now_ms() + CALL_TIMEOUT_MS;
	struct fwd_msg answer;
	int err;

	m->seq = next_seq(l);
	err = send_msg(l, m, pass_fd, deadline_ms);
	while (!err) {
		err = receive(l, deadline_ms, &answer);
		if (!err && answer.seq != m->seq)
			ask_take(l, &answer);
		if (err || answer.seq != m->seq)
			continue;
		if (answer.type == FWD_RESULT)
			return answer.u.error;
		if (row)
			row(ctx, &answer);
	}
	return err;
}

struct fwdlink_ask *fwdlink_ask(struct fwdlink *l, struct fwd_msg *m, void (*row)(void *ctx, const struct fwd_msg *m),
				void (*done)(void *ctx, int err), void *ctx)
{
	static const struct timeval patience = { .tv_sec = CALL_TIMEOUT_MS / 1000 };
	struct fwdlink_ask *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	*a = (struct fwdlink_ask){ .l = l, .seq = next_seq(l), .deadline_ms = now_ms() + CALL_TIMEOUT_MS,
				   .row = row, .done = done, .ctx = ctx };
	m->seq = a->seq;
	a->timer = evtimer_new(l->base, on_ask_late, a);
	if (!a->timer || evtimer_add(a->timer, &patience) || send_msg(l, m, -1, a->deadline_ms)) {
		if (a->timer)
			event_free(a->timer);
		free(a);
		return NULL;
	}
	LIST_INSERT_HEAD(&l->asks, a, entry);
	return a;
}

static bool still_asked(const struct fwdlink *l, uint32_t seq)
{
	const struct fwdlink_ask *a;

	LIST_FOREACH(a, &l->asks, entry)
		if (a->seq == seq)
			return true;
	return false;
}

void fwdlink_ask_wait(struct fwdlink_ask *a)
{
	struct fwdlink *l = a->l;
	uint32_t seq = a->seq;
	uint64_t deadline_ms = a->deadline_ms;
	struct fwd_msg answer;
	int err = 0;

	while (!err && still_asked(l, seq)) {
		err = receive(l, deadline_ms, &answer);
		if (!err)
			ask_take(l, &answer);
	}
	if (still_asked(l, seq))
		ask_over(a, err);
}

void fwdlink_ask_cancel(struct fwdlink_ask *a)
{
	if (a)
		ask_free(a);
}

/* The answer to the oldest message of a burst: they come in order. */
static void burst_answer(struct fwdlink *l, struct fwdlink_burst *b)
{
	uint64_t deadline_ms = now_ms() + CALL_TIMEOUT_MS;
	struct fwd_msg answer = { 0 };
	int err;

	while (!(err = receive(l, deadline_ms, &answer)) && (answer.type != FWD_RESULT || answer.seq != b->first))
		ask_take(l, &answer);
	if (!err)
		err = answer.u.error;
	if (!b->err)
		b->err = err;
	b->waiting--;
	b->first = b->first + 1 ? b->first + 1 : 1;
}

int fwdlink_burst(struct fwdlink *l, struct fwdlink_burst *b, struct fwd_msg *m)
{
	int err;

	if (b->waiting == FWDLINK_BURST)
		burst_answer(l, b);
	if (b->err)
		return b->err;
	m->seq = next_seq(l);
	err = send_msg(l, m, -1, now_ms() + CALL_TIMEOUT_MS);
	if (err) {
		b->err = err;
		return err;
	}
	if (!b->waiting++)
		b->first = m->seq;
	return 0;
}

int fwdlink_burst_end(struct fwdlink *l, struct fwdlink_burst *b)
{
	while (b->waiting && b->err != -ETIMEDOUT && b->err != -EPIPE)
		burst_answer(l, b);
	return b->err;
}

static bool is_socket(const struct fwd_msg *m)
{
	return m->type == FWD_PORT_ADD && m->u.port.kind != FWD_PORT_TUNNEL &&
	       m->u.port.kind != FWD_PORT_STEER && m->u.port.kind != FWD_PORT_NEWS;
}

int fwdlink_call(struct fwdlink *l, struct fwd_msg *m, int pass_fd,
		 void (*row)(void *ctx, const struct fwd_msg *m), void *ctx)
{
	int err = call_once(l, m, pass_fd, row, ctx);

	if (!is_socket(m))
		return err;
	for (unsigned k = 1; !err && l->workers > 1 && k <= l->workers; k++) {
		m->u.port.worker = (uint8_t)k;
		err = call_once(l, m, pass_fd, row, ctx);
		if (err) /* all of them, or none */
			(void)fwdlink_simple(l, FWD_PORT_DEL, m->u.port.id);
	}
	m->u.port.worker = 0;
	return err;
}

int fwdlink_simple(struct fwdlink *l, enum fwd_type type, uint32_t id)
{
	struct fwd_msg m = { .type = (uint8_t)type, .u.id = id };

	return fwdlink_call(l, &m, -1, NULL, NULL);
}
