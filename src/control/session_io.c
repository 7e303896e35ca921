/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of CLI sessions: who may connect, frames in, and bounds in memory and time on everybody. */
#include "control/session_parts.h"

#include <event2/buffer.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/stream.h"
#include "host/os.h"

#define OUTPUT_MAX  (16u << 20) /* unread bytes with which nothing more is asked: the client is cut off */
#define STREAM_ROOM (128u << 10) /* as many of an answer that is made while they read */
#define OUTPUT_ALL  (64u << 20) /* of all sessions: who has read least is cut off */
#define SESSIONS_MAX 256
#define SESSIONS_OURS 8 /* of them are for root and who runs the router: nobody can lock them out */
#define SLICE_MS    5 /* of lines that have come together; then others have their turn */
#define NAME_MS 5000 /* within which the system says what a uid is called */

/* Whoever asks on and does not read; one answer may be as long as it is. False: s was cut off. */
static bool make_room(struct session *s)
{
	for (;;) {
		struct session *i, *worst = s;
		size_t all = 0;

		LIST_FOREACH(i, &s->c->sessions, entry) {
			all += session_unread(i);
			if (session_unread(i) > session_unread(worst))
				worst = i;
		}
		if (session_unread(s) > OUTPUT_MAX)
			worst = s;
		else if (all <= OUTPUT_ALL)
			return true;
		session_free(worst);
		if (worst == s)
			return false;
	}
}

/* He has closed his side for writing; the answers he may still read. */
static void say_rest(struct session *s)
{
	if (!session_unread(s)) {
		session_free(s);
		return;
	}
	s->ending = true;
	bufferevent_disable(s->bev, EV_READ);
	session_farewell(s);
}

/* Takes what has been read, for a while. */
static void serve(struct session *s)
{
	static const struct timeval now = { 0 };
	uint64_t begun = host_now_ms(NULL);
	struct span p;
	uint8_t type;
	int k;

	while (!s->ending && !s->stream && !s->held && (k = shell_reader_next(&s->in, &type, &p)) != 0) {
		if (k < 0) {
			session_free(s);
			return;
		}
		if (!make_room(s))
			return;
		if (s->waiting)
			continue;
		if (s->runner) { /* while it runs, only its end is listened for */
			if (type == SHELL_INTERRUPT)
				s->stop_runner(s->runner, true);
			continue;
		}
		session_take_frame(s, type, p);
		if (host_now_ms(NULL) - begun < SLICE_MS)
			continue;
		/* what comes meanwhile waits in the socket */
		bufferevent_disable(s->bev, EV_READ);
		evtimer_add(s->again, &now);
		return;
	}
	if (s->stream || s->held)
		return; /* session_streamed(), session_go_on() */
	if (s->closed && !s->ending)
		say_rest(s);
	else if (!s->ending)
		bufferevent_enable(s->bev, EV_READ);
}

static void on_again(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	serve(ctx);
}

static void on_read(struct bufferevent *bev, void *ctx)
{
	struct session *s = ctx;
	struct evbuffer *in = bufferevent_get_input(bev);
	char buf[4096];
	int n;

	while ((n = evbuffer_remove(in, buf, sizeof(buf))) > 0)
		if (!shell_reader_feed(&s->in, span_of(buf, (size_t)n))) {
			session_free(s);
			return;
		}
	if (!evtimer_pending(s->again, NULL))
		serve(s);
}

void session_streamed(struct session *s, bool error)
{
	stream_free(s->stream);
	s->stream = NULL;
	if (s->ending)
		return;
	session_prompt(s, error);
	bufferevent_enable(s->bev, EV_READ);
	serve(s); /* what was asked meanwhile */
}

void session_go_on(struct session *s)
{
	s->held = false;
	if (s->ending)
		return;
	session_ready(s, s->held_error);
	bufferevent_enable(s->bev, EV_READ);
	serve(s);
}

/* After CLOSE has gone out, the session goes too. */
static void on_write(struct bufferevent *bev, void *ctx)
{
	struct session *s = ctx;
	bool error = false;

	if (!s->ending && s->stream && stream_go(s->stream, &error))
		session_streamed(s, error);
	else if (s->ending && evbuffer_get_length(bufferevent_get_output(bev)) == 0)
		session_free(s);
}

static void on_event(struct bufferevent *bev, short what, void *ctx)
{
	struct session *s = ctx;

	(void)bev;
	if (!(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT)) || (s->ending && what & BEV_EVENT_EOF))
		return;
	if (!(what & BEV_EVENT_EOF) || what & BEV_EVENT_ERROR)
		session_free(s);
	else if (evtimer_pending(s->again, NULL) || s->stream || s->held)
		s->closed = true; /* what he has said before is still done */
	else
		say_rest(s);
}

/* Whether there is room for one more, from whoever has connected. */
static bool has_room(const struct control *c, int fd)
{
	struct ucred who = { .uid = (uid_t)-1 };
	socklen_t len = sizeof(who);
	const struct session *s;
	size_t n = 0;

	LIST_FOREACH(s, &c->sessions, entry)
		n++;
	if (n < SESSIONS_MAX - SESSIONS_OURS)
		return true;
	return n < SESSIONS_MAX && !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) &&
	       (who.uid == 0 || who.uid == geteuid());
}

/* Says why, and closes it. */
static void refuse(int fd)
{
	static const char why[] = "% All lines are in use; try again later\n";
	struct txt t = TXT_INIT;

	shell_frame_put(&t, SHELL_OUTPUT, span_of(why, sizeof(why) - 1));
	shell_frame_put(&t, SHELL_CLOSE, span_of("", 0));
	if (!t.bad)
		(void)send(fd, t.s, t.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	txt_fini(&t);
	close(fd);
}

bool session_has_room(const struct session *s)
{
	return evbuffer_get_length(bufferevent_get_output(s->bev)) < STREAM_ROOM;
}

void session_accept(struct control *c, int fd)
{
	struct session *s = has_room(c, fd) ? calloc(1, sizeof(*s)) : NULL;

	if (!s) {
		refuse(fd);
		return;
	}
	evutil_make_socket_nonblocking(fd);
	s->c = c;
	s->length = s->width = SHELL_AS_WINDOW;
	s->number = ++c->n_sessions_ever;
	s->cli = cli_session_new(commands_grammar(), M_USER);
	s->again = evtimer_new(c->base, on_again, s);
	s->bev = bufferevent_socket_new(c->base, fd, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	if (!s->cli || !s->again || !s->bev) {
		if (s->bev)
			bufferevent_free(s->bev);
		else
			close(fd);
		if (s->again)
			event_free(s->again);
		cli_session_free(s->cli);
		free(s);
		return;
	}
	session_set_history(s, TYPED_DEFAULT);
	cli_session_set_interactive(s->cli, true);
	s->seen_ms = host_now_ms(NULL);
	LIST_INSERT_HEAD(&c->sessions, s, entry);
	bufferevent_setwatermark(s->bev, EV_WRITE, STREAM_ROOM / 2, 0);
	bufferevent_setcb(s->bev, on_read, on_write, on_event, s);
	bufferevent_enable(s->bev, EV_WRITE);
	bufferevent_disable(s->bev, EV_READ); /* until it is known whose it is */
	login_peer(s, fd);
	if (s->login.naming)
		session_wake_in(s, NAME_MS);
	else
		session_named(s);
}

