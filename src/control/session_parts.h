/* SPDX-License-Identifier: Apache-2.0 */
/* What a CLI session is, for the files that are it: session.c what it is told and says,
 * session_lines.c what a line does, session_login.c its beginning and its idle end, session_io.c its bytes,
 * session_kept.c what was refused and is kept. */
#ifndef CONTROL_SESSION_PARTS_H
#define CONTROL_SESSION_PARTS_H

#include <event2/bufferevent.h>
#include <event2/event.h>

#include "control/internal.h"
#include "control/login.h"
#include "control/typed.h"
#include "shell/shell_proto.h"

#define REFUSED_MAX 16 /* lines that are remembered until configuration mode is left */

struct session {
	LIST_ENTRY(session) entry;
	struct control *c;
	struct bufferevent *bev;
	struct event *again; /* more lines wait */
	struct shell_reader in;
	struct cli_session *cli;
	unsigned length, width; /* of its terminal, or SHELL_AS_WINDOW */
	unsigned number; /* of sessions since the start */
	bool monitor, ending;
	bool closed; /* nothing more comes */
	uint64_t seen_ms; /* of the last frame */
	void *runner; /* a ping that runs: lines wait until it ends */
	runner_stop_fn *stop_runner;
	bool waiting;	   /* for a key that is being made */
	struct dialog *dialog; /* lines are its answers */
	bool held, held_error; /* a secret that it typed is being hashed: lines wait; what its prompt will say */
	struct stream *stream; /* a long answer is under way: nothing is read until it is said */
	bool after_paste; /* that a blank line ended: `quit` may follow */
	struct typed typed[2]; /* EXEC lines, and those of configuration mode */
	struct login login;
	char *refused[REFUSED_MAX]; /* and kept */
	size_t n_refused;
	struct event *timer; /* until HELLO, then of exec-timeout; NULL: there is none */
};

/* session.c: a frame for the client; dropped without memory. */
void session_put(struct session *s, enum shell_frame type, const void *p, size_t n);
void session_prompt(struct session *s, bool error);
/* For the next line, or for the end. */
void session_ready(struct session *s, bool error);
/* It ends: whoever does not read what is left within half a minute is cut off. */
void session_farewell(struct session *s);
/* In a configuration mode. */
bool session_configuring(const struct session *s);
/* Bytes that the client has not read yet. */
size_t session_unread(const struct session *s);
void session_free(struct session *s);

/* session_login.c: whose it is, and the questions and banners of his line. */
void session_begin(struct session *s);
/* Wakes it in that time, for the first time or for exec-timeout. */
void session_wake_in(struct session *s, uint64_t ms);

/* session_kept.c: a line was refused and kept. */
void session_kept_add(struct session *s, const char *line);
/* Configuration mode was left: logs how many of them are still there. */
void session_kept_log(struct session *s);
void session_kept_forget(struct session *s);

/* session_lines.c: a frame of the client. */
void session_take_frame(struct session *s, uint8_t type, struct span p);

#endif
