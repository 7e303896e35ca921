/* SPDX-License-Identifier: Apache-2.0 */
/* An answer that is made while the client reads it: a thousand peers are no reason to hold everything else up,
 * nor to keep megabytes for a client that pages. */
#ifndef CONTROL_STREAM_H
#define CONTROL_STREAM_H

#include "base/txt.h"
#include "cli/pipe.h"
#include "commands/exec.h"

struct control;
struct session;
struct stream;

/* Begins the answer to an action that show_now_in_pieces(), through pipe (owned from now on; NULL: none). What
 * it says, and its end, go to the session: session_print() and session_streamed(). Of many that
 * nobody reads the oldest ends there, and says so. NULL without memory, and where many long tables of routes are read. */
struct stream *stream_new(struct control *c, struct session *s, unsigned action, const struct exec_args *a,
			  bool json, struct cli_filter *filter);
/* More of it, as long as the client has room; true: that was all, and session_streamed() is not called. Else it goes on by
 * itself, and with the next stream_go(), which a session calls when its client has read. */
bool stream_go(struct stream *st, bool *ret_error);
/* The session has ended, or the stream has. */
void stream_free(struct stream *st);
/* What they show is about to change: the rest of all of them is made now. */
void streams_finish(struct control *c);

#endif
