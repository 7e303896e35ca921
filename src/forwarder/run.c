/* SPDX-License-Identifier: Apache-2.0 */
/* The process around the core: for each worker a thread with an epoll of its own, and its ports;
 * for the first one, which is the process's first thread, the control socket and the ticks, too.
 *
 * Timers: TICK_MS between looks at lifetimes and waiting packets; a port whose
 * descriptor only reports errors (its device was deleted) rests until the next
 * tick instead of being polled in a circle. */
#include "forwarder/forwarder.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/secret.h"
#include "forwarder/gate.h"
#include "forwarder/hands.h"

#define TICK_MS		250
#define EVENTS_PER_WAIT 64
#define ERRORS_BEFORE_REST 8
#define DRAIN_TURNS	256 /* batches: more than a socket holds */
#define ROWS_MAX 16384 /* bytes */
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
	bool shared; /* all workers have the same socket: it is for those who read (hands.h) */
	bool unwatched; /* and this one does not */
	bool to_drain; /* nor any more: what was there before is still its own */
	_Atomic bool gone; /* the port is: freed by its own thread, which may have an event of it */
	bool polled; /* in this turn */
	LIST_ENTRY(watched) entry;
};

/* One worker. */
struct loop {
	const struct forwarder_process *p;
	struct forwarder *f;
	struct loop *first; /* who has what follows below, and talks to control */
	unsigned id;
	pthread_t thread;
	bool runs; /* its thread was made */
	int epoll, wake; /* wake: an eventfd */
	LIST_HEAD(, watched) watched; /* changed with the gate closed, or inside it by its thread */
	uint64_t next_tick_ms;
	struct hand hand;
	bool reads; /* what all share */

	/* the first one's; with the gate closed */
	struct loop *all[WORKERS_MAX];
	unsigned n;
	struct hands hands;
	_Atomic bool ended;
	STAILQ_HEAD(, late) backlog;
	size_t backlog_bytes;
	uint8_t in[FWD_MSG_MAX], out[FWD_MSG_MAX];
	uint8_t rows[ROWS_MAX]; /* FWD_ROWS that has not been sent yet */
	size_t rows_len;
	uint32_t rows_seq;
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
static bool keep_answer(struct loop *l, const void *p, size_t n)
{
	struct late *a = l->backlog_bytes + n <= BACKLOG_MAX ? malloc(sizeof(*a) + n) : NULL;

	if (!a)
		return false;
	a->len = n;
	memcpy(a->bytes, p, n);
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
static bool send_or_keep(struct loop *l, const void *p, size_t n, bool answers)
{
	int err = -EAGAIN;

	if (STAILQ_EMPTY(&l->backlog))
		err = send_now(l, p, n);
	if (err == -EAGAIN && answers)
		return keep_answer(l, p, n);
	return err == 0;
}

static bool send_rows(struct loop *l)
{
	size_t n = l->rows_len;

	l->rows_len = 0;
	return !n || send_or_keep(l, l->rows, n, true);
}

/* What was encoded into l->out, as a part of FWD_ROWS; they go with the last one, or what follows. */
static bool add_row(struct loop *l, uint32_t seq, size_t n)
{
	struct wr w;
	bool ok = true;

	if (l->rows_len && (l->rows_seq != seq || l->rows_len + 2 + n > sizeof(l->rows)))
		ok = send_rows(l);
	w = wr_of(l->rows + l->rows_len, sizeof(l->rows) - l->rows_len);
	if (!l->rows_len) {
		wr_u8(&w, FWD_ROWS);
		wr_be32(&w, seq);
	}
	wr_be16(&w, (uint16_t)n);
	wr_bytes(&w, l->out, n);
	l->rows_seq = seq;
	l->rows_len += w.bad ? 0 : wr_len(&w);
	return ok && !w.bad;
}

static bool to_control(void *ctx, const struct fwd_msg *m)
{
	struct loop *l = ctx;
	struct wr w = wr_of(l->out, sizeof(l->out));
	bool ok;

	fwd_encode(&w, m);
	if (w.bad)
		return false;
	if (fwd_is_stats(m->type))
		return add_row(l, m->seq, wr_len(&w));
	ok = send_rows(l);
	return send_or_keep(l, l->out, wr_len(&w), m->seq) && ok;
}

/* ---- ports ---- */

/* Of a socket that all wait for one worker is woken. */
static bool watch(const struct loop *l, struct watched *w)
{
	struct epoll_event e = { .events = w->shared && l->first->n > 1 ? EPOLLIN | EPOLLEXCLUSIVE : EPOLLIN,
				 .data.ptr = w };

	if (w->unwatched)
		return true;
	return epoll_ctl(l->epoll, EPOLL_CTL_ADD, w->port->fd, &e) == 0;
}

static void port_added(void *ctx, unsigned worker, struct port *port, bool shared)
{
	struct loop *l = ((struct loop *)ctx)->all[worker];
	struct watched *w = port->fd >= 0 ? calloc(1, sizeof(*w)) : NULL;

	if (!w)
		return;
	w->port = port;
	w->shared = shared;
	w->unwatched = shared && !l->reads;
	/* one that cannot be watched now is tried again at each tick */
	w->resting = !watch(l, w);
	LIST_INSERT_HEAD(&l->watched, w, entry);
}

static void port_removed(void *ctx, unsigned worker, struct port *port)
{
	struct loop *l = ((struct loop *)ctx)->all[worker];
	struct watched *w;

	LIST_FOREACH(w, &l->watched, entry) {
		if (w->port != port || w->gone)
			continue;
		(void)epoll_ctl(l->epoll, EPOLL_CTL_DEL, port->fd, NULL);
		w->gone = true;
		return;
	}
}

/* Between two waits no event is at hand that names one. */
static void free_gone(struct loop *l)
{
	struct watched *w = LIST_FIRST(&l->watched);

	while (w) {
		struct watched *next = LIST_NEXT(w, entry);

		if (w->gone) {
			LIST_REMOVE(w, entry);
			free(w);
		}
		w = next;
	}
}

/* Its device may have gone, and the port with it: inside the gate it stays. */
static void let_rest(struct loop *l, struct watched *w)
{
	forwarder_enter(l->f);
	if (!w->gone) {
		w->resting = true;
		(void)epoll_ctl(l->epoll, EPOLL_CTL_DEL, w->port->fd, NULL);
	}
	forwarder_leave(l->f);
}

static void poll_watched(struct loop *l, struct watched *w, uint32_t events)
{
	if (w->gone)
		return;
	/* should it go just now, the worker does not find it any more */
	w->polled = true;
	if (forwarder_poll_port(l->f, w->port) || !(events & (EPOLLERR | EPOLLHUP))) {
		w->errors = 0;
	} else if (++w->errors >= ERRORS_BEFORE_REST) {
		let_rest(l, w);
	}
}

/* Ports and their list change with the gate closed. *ret_more: some hold more, whether they had their
 * turn or not; a port that has not, or NULL. */
static struct watched *find_holding(struct loop *l, bool *ret_more)
{
	struct watched *w, *found = NULL;

	*ret_more = false;
	forwarder_enter(l->f);
	LIST_FOREACH(w, &l->watched, entry) {
		bool more = !w->gone && w->port->more;

		*ret_more |= more;
		if (more && !w->polled && !found)
			found = w;
	}
	forwarder_leave(l->f);
	return found;
}

/* Ports that hold packets still have their turn, too, though their descriptors may have nothing to
 * say. True: some hold more yet. */
static bool poll_holding(struct loop *l)
{
	struct watched *w;
	bool more;

	while ((w = find_holding(l, &more))) {
		w->polled = true;
		(void)forwarder_poll_port(l->f, w->port);
	}
	forwarder_enter(l->f);
	LIST_FOREACH(w, &l->watched, entry)
		w->polled = false;
	forwarder_leave(l->f);
	return more;
}

/* ---- who reads ---- */

static struct watched *next_to_drain(struct loop *l)
{
	struct watched *w;

	forwarder_enter(l->f);
	LIST_FOREACH(w, &l->watched, entry)
		if (w->to_drain && !w->gone)
			break;
	forwarder_leave(l->f);
	return w;
}

/* Who was woken for packets and leaves wakes nobody for the rest of them; what comes from now on wakes those who stay. */
static void drain(struct loop *l)
{
	struct watched *w;

	while ((w = next_to_drain(l))) {
		w->to_drain = false;
		for (unsigned i = 0; i < DRAIN_TURNS && forwarder_poll_port(l->f, w->port); i++)
			;
	}
}

static void follow_hands(struct loop *l, bool reads)
{
	struct watched *w;

	forwarder_enter(l->f);
	l->reads = reads;
	LIST_FOREACH(w, &l->watched, entry) {
		if (!w->shared || w->gone)
			continue;
		w->unwatched = w->to_drain = !reads;
		if (reads)
			w->resting = !watch(l, w);
		else
			(void)epoll_ctl(l->epoll, EPOLL_CTL_DEL, w->port->fd, NULL);
	}
	forwarder_leave(l->f);
	if (!reads)
		drain(l);
}

static uint64_t processor_time(const struct loop *l)
{
	struct timespec t = { 0 };

	if (l->p->cpu_ns)
		return l->p->cpu_ns(l->p->ctx);
	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void weigh(struct loop *l)
{
	struct hands *h = &l->first->hands;
	uint64_t now = loop_now(l), one = 1;

	if (l->first->n == 1)
		return;
	if (hands_due(&l->hand, now)) {
		l->hand.sleeps += forwarder_has_waited(l->f);
		if (hands_weigh(h, l->id, &l->hand, now, processor_time(l), forwarder_has_lost(l->f)))
			(void)!write(l->first->all[l->id + 1]->wake, &one, sizeof(one));
		forwarder_readers(l->f, hands_n(h));
	}
	if (l->reads != (l->id < hands_n(h)))
		follow_hands(l, !l->reads);
}

static void tick(struct loop *l)
{
	uint64_t now = loop_now(l);
	struct watched *w;

	if (l == l->first)
		forwarder_tick(l->f);
	if (now < l->next_tick_ms)
		return;
	l->next_tick_ms = now + TICK_MS;
	forwarder_enter(l->f);
	free_gone(l);
	LIST_FOREACH(w, &l->watched, entry) {
		if (w->resting && watch(l, w)) {
			w->resting = false;
			w->errors = ERRORS_BEFORE_REST - 1;
		}
	}
	forwarder_leave(l->f);
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
	if (events & EPOLLOUT) {
		forwarder_close(l->f);
		send_backlog(l);
		forwarder_open(l->f);
	}
	return !(events & ~(uint32_t)EPOLLOUT) || read_control(l);
}

/* The events of one wait. False: control is gone. */
static bool serve_events(struct loop *l, const struct epoll_event *ev, int n, bool *ret_more)
{
	uint64_t ignored;

	for (int i = 0; i < n; i++)
		if (ev[i].data.ptr && ev[i].data.ptr != l)
			poll_watched(l, ev[i].data.ptr, ev[i].events);
		else if (ev[i].data.ptr)
			(void)!read(l->wake, &ignored, sizeof(ignored));
	*ret_more = poll_holding(l);
	/* control last: it may remove a port that an event above names */
	for (int i = 0; i < n; i++)
		if (!ev[i].data.ptr && !serve_control(l, ev[i].events))
			return false;
	return true;
}

/* Where there are several workers it is known whether one of them has slept. */
static int wait_for_events(struct loop *l, struct epoll_event *ev, bool more)
{
	int n = l->first->n > 1 ? epoll_wait(l->epoll, ev, EVENTS_PER_WAIT, 0) : 0;

	if (n || (more && l->first->n > 1))
		return n;
	l->hand.sleeps++;
	return epoll_wait(l->epoll, ev, EVENTS_PER_WAIT, more ? 0 : TICK_MS);
}

static int serve(struct loop *l)
{
	struct epoll_event ev[EVENTS_PER_WAIT];
	bool more = false;

	if (l == l->first)
		watch_control(l, EPOLL_CTL_ADD);
	while (!forwarder_stopping(l->f) && !l->first->ended) {
		int n = wait_for_events(l, ev, more);

		if (n < 0 && errno != EINTR)
			return 1;
		if (!serve_events(l, ev, n, &more))
			return 1;
		weigh(l);
		tick(l);
	}
	return 0;
}

/* ---- threads ---- */

static bool loop_init(struct loop *l)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = l };

	LIST_INIT(&l->watched);
	STAILQ_INIT(&l->backlog);
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return l->epoll >= 0 && l->wake >= 0 && epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->wake, &e) == 0;
}

static void loop_free(struct loop *l)
{
	struct watched *w;
	struct late *a;

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
	if (l->wake >= 0)
		close(l->wake);
	secret_free(l, sizeof(*l));
}

/* The id-th of the processors that we may use, again from the first when there are no more. 0 or -errno: whoever
 * started us may have forbidden it. */
static int pin(unsigned id)
{
	cpu_set_t may, one;
	unsigned n = 0, at = 0;

	if (sched_getaffinity(0, sizeof(may), &may))
		return -errno;
	for (unsigned i = 0; i < CPU_SETSIZE; i++)
		n += CPU_ISSET(i, &may) != 0;
	for (unsigned i = 0; n && i < CPU_SETSIZE; i++) {
		if (!CPU_ISSET(i, &may) || at++ != id % n)
			continue;
		CPU_ZERO(&one);
		CPU_SET(i, &one);
		return sched_setaffinity(0, sizeof(one), &one) ? -errno : 0;
	}
	return -ENODEV;
}

/* A worker that cannot go on ends all of them: the supervisor starts the process again. */
static void *run_worker(void *arg)
{
	struct loop *l = arg;
	uint64_t one = 1;

	if (l->p->pinned)
		(void)pin(l->id); /* as the first one, which says so */
	if (serve(l)) {
		l->first->ended = true;
		(void)!write(l->first->wake, &one, sizeof(one));
	}
	return NULL;
}

static bool start_others(struct loop *first)
{
	for (unsigned k = 1; k < first->n; k++) {
		struct loop *l = first->all[k];

		l->runs = pthread_create(&l->thread, NULL, run_worker, l) == 0;
		if (!l->runs)
			return false;
	}
	return true;
}

static void end_others(struct loop *first)
{
	uint64_t one = 1;

	first->ended = true;
	for (unsigned k = 1; k < first->n; k++) {
		struct loop *l = first->all[k];

		if (!l->runs)
			continue;
		(void)!write(l->wake, &one, sizeof(one));
		pthread_join(l->thread, NULL);
	}
}

static bool make_loops(struct loop *first, const struct forwarder_process *p)
{
	bool ok = true;

	first->n = p->workers ? p->workers : 1;
	hands_init(&first->hands, first->n, p->all_read || p->pinned);
	for (unsigned k = 0; ok && k < first->n; k++) {
		struct loop *l = k ? cache_calloc(sizeof(*l)) : first;

		if (!l)
			return false;
		l->p = p;
		l->first = first;
		l->id = k;
		l->reads = k < hands_n(&first->hands);
		first->all[k] = l;
		ok = loop_init(l);
	}
	return ok;
}

/* Threads are made behind ready(): they have the rights that are left. */
static int run_all(struct loop *first, const struct forwarder_process *p)
{
	struct forwarder_watch ports = { port_added, port_removed, first };
	int status = 1;

	for (unsigned k = 0; k < first->n; k++)
		first->all[k]->f = forwarder_worker(first->f, k);
	forwarder_watch(first->f, &ports);
	if (p->ready(p->ctx) == 0 && start_others(first)) {
		/* behind the others: a thread begins where its maker may run, and each has to see all */
		if (p->pinned)
			forwarder_not_pinned(first->f, pin(0));
		status = serve(first) || (first->ended && !forwarder_stopping(first->f));
	}
	end_others(first);
	return status;
}

int forwarder_run(const struct forwarder_process *p)
{
	struct loop *first = p->workers <= WORKERS_MAX ? cache_calloc(sizeof(*first)) : NULL;
	int status = 1;

	if (!first)
		return 1;
	if (make_loops(first, p)) {
		struct forwarder_env env = { loop_now, loop_random, loop_make_port, to_control, first };

		first->f = forwarder_new_workers(&env, first->n);
		if (first->f)
			status = run_all(first, p);
		forwarder_free(first->f);
	}
	for (unsigned k = first->n; k-- > 0;)
		if (first->all[k])
			loop_free(first->all[k]);
	return status;
}
