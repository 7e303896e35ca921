/* SPDX-License-Identifier: Apache-2.0 */
/* Timer: the next turn of the loop, for the next piece. */
#include "control/stream.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "control/internal.h"
#include "control/show_now.h"
#include "host/os.h"

#define STREAMS_MAX 8 /* that keep what they show: megabytes each, for clients that may never read */
#define SLICE_US 5000 /* that one of them may take when there is no room for another */

struct stream {
	LIST_ENTRY(stream) entry; /* of control */
	struct control *c;
	struct session *s;
	struct show_said *said; /* NULL: all of it is said */
	struct cli_filter *filter;
	struct event *next;
	bool error;
};

static void on_next(evutil_socket_t fd, short what, void *ctx)
{
	struct stream *st = ctx;
	bool error = false;

	(void)fd;
	(void)what;
	if (stream_go(st, &error))
		session_streamed(st->s, error);
}

void stream_free(struct stream *st)
{
	if (!st)
		return;
	LIST_REMOVE(st, entry);
	show_now_end(st->said);
	cli_filter_close(st->filter, NULL);
	if (st->next)
		event_free(st->next);
	free(st);
}

/* To the client, behind the last piece with what the pipe has kept. */
static void say(struct stream *st, const struct txt *piece, bool over)
{
	struct txt piped = TXT_INIT;

	if (!st->filter) {
		session_print(st->s, txt_cstr(piece));
		return;
	}
	cli_filter_text(st->filter, txt_cstr(piece), piece->len, &piped);
	if (over) {
		cli_filter_close(st->filter, &piped);
		st->filter = NULL;
	}
	session_print(st->s, txt_cstr(&piped));
	txt_fini(&piped);
}

static void end(struct stream *st)
{
	show_now_end(st->said);
	st->said = NULL;
}

static void one_piece(struct stream *st)
{
	struct txt piece = TXT_INIT;
	bool over = false;

	st->error |= show_now_some(st->said, &piece, &over) != 0;
	over |= piece.bad;
	if (st->error) { /* what is wrong is said whole */
		cli_filter_close(st->filter, NULL);
		st->filter = NULL;
	}
	say(st, &piece, over);
	if (piece.s)
		explicit_bzero(piece.s, piece.len); /* keys of a configuration */
	txt_fini(&piece);
	if (!over)
		return;
	end(st);
}

/* In the next turn of the loop: everybody else comes in between. */
static void go_on(struct stream *st)
{
	static const struct timeval at_once = { 0, 0 };

	evtimer_add(st->next, &at_once);
}

static void on_ready(void *ctx)
{
	go_on(ctx);
}

static void finish(struct stream *st)
{
	while (st->said)
		one_piece(st);
	go_on(st);
}

/* The same where that may be said by and by; true: it was not too long to be said now. */
static bool finish_now(struct stream *st)
{
	uint64_t end = host_now_us() + SLICE_US;

	if (!show_now_keeps(st->said)) {
		finish(st);
		return true;
	}
	while (st->said && host_now_us() < end)
		one_piece(st);
	if (st->said)
		return false;
	go_on(st);
	return true;
}

/* Room for one more. Of those that nobody reads the oldest ends where it is; where all are read, one is said whole. False:
 * there is none, for that one is a long table of routes. */
static bool make_room(struct control *c)
{
	struct stream *st, *oldest = NULL, *unread = NULL;
	size_t n = 0;

	LIST_FOREACH(st, &c->streams, entry) { /* newest first */
		if (!st->said)
			continue;
		n++;
		oldest = st;
		if (!session_has_room(st->s))
			unread = st;
	}
	if (n < STREAMS_MAX)
		return true;
	if (!unread)
		return finish_now(oldest);
	session_print(unread->s, "\n% The rest is left out: too many long answers are not read\n");
	unread->error = true;
	end(unread);
	go_on(unread);
	return true;
}

struct stream *stream_new(struct control *c, struct session *s, unsigned action, const struct exec_args *a,
			  bool json, struct cli_filter *filter)
{
	struct stream *st = make_room(c) ? calloc(1, sizeof(*st)) : NULL;

	if (!st) {
		cli_filter_close(filter, NULL);
		return NULL;
	}
	st->c = c;
	st->s = s;
	st->filter = filter;
	st->next = evtimer_new(c->base, on_next, st);
	st->said = st->next ? show_now_begin(c, s, action, a, json, on_ready, st) : NULL;
	LIST_INSERT_HEAD(&c->streams, st, entry);
	if (st->said)
		return st;
	stream_free(st);
	return NULL;
}

bool stream_go(struct stream *st, bool *ret_error)
{
	if (st->said && !show_now_waits(st->said) && session_has_room(st->s))
		one_piece(st);
	*ret_error = st->error;
	if (!st->said)
		return true;
	/* without room, the session says when there is some */
	if (!show_now_waits(st->said) && session_has_room(st->s))
		go_on(st);
	return false;
}

void streams_finish(struct control *c)
{
	struct stream *st;

	LIST_FOREACH(st, &c->streams, entry)
		if (st->said && !show_now_keeps(st->said))
			finish(st);
}
