/* SPDX-License-Identifier: Apache-2.0 */
/* One session with control, from the client's side: a connection, the frames on
 * it, and the pager between them and the terminal. */
#ifndef SHELL_CLIENT_H
#define SHELL_CLIENT_H

#include "shell/pager.h"
#include "shell/safe.h"
#include "shell/screen.h"
#include "shell/shell_proto.h"
#include "shell/terminal.h"

struct client {
	int fd;
	struct terminal *tty; /* a person sits there: paging, editing; NULL: a pipe, a file */
	bool screen; /* standard output is a terminal: what others have said does not act on it */
	bool over;	/* the connection is of no more use... */
	bool closed;	/* ...because control said goodbye */
	bool error;	/* the last line printed an error */
	bool any_error; /* so did one of all lines */
	bool hidden;	/* the next line is a secret */
	bool answering; /* the next line is no command: keys and history are plain */
	bool config;	/* it is typed in configuration mode */
	unsigned length, width, history; /* as SHELL_PROMPT has them */
	struct shell_reader in;
	struct pager pager;
	struct safe safe; /* what is printed on a terminal */
	const struct screen *shown; /* the line that runs, as it stands there; NULL: what is said is not about its columns */
	struct txt prompt; /* as control wants it */
	struct txt insert; /* TAB's last answer */
};

/* Connects to control's socket. False after a message on stderr. tty: an open terminal, or NULL. */
bool client_open(struct client *c, const char *path, struct terminal *tty);
void client_close(struct client *c);

/* Sends a line (or what stands before `?` or TAB) and prints what comes back,
 * until control is ready for the next. A line that is longer than the protocol
 * takes, or holds a NUL, is refused with a message, whole: half a line could mean
 * something else. False once the session is over. */
bool client_run(struct client *c, enum shell_frame type, const char *line, size_t n);
/* Reads until the prompt comes. */
bool client_await(struct client *c);
/* Prints what has come while nothing was asked: log lines. Some may have been
 * read already, together with the last prompt; more: read what the socket has.
 * True if something was printed (on a line of its own). */
bool client_listen(struct client *c, bool more);

/* Writes to standard output, at once. */
void client_write(const char *s, size_t n);
/* The terminal's width for lines that are typed, 0 for no end. */
unsigned client_width(const struct client *c);

#endif
