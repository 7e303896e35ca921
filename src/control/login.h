/* SPDX-License-Identifier: Apache-2.0 */
/* Who a session is of, and how it becomes somebody with more rights.
 *
 * The kernel says which uid is at the other end of the socket. A uid whose name is a configured
 * `username` is that user: sshd, or login(1), has authenticated him. Root, and the uid that the
 * router runs as, could read its configuration anyway: a terminal of theirs is the console
 * (`line con 0`), and scripts of theirs are asked for nothing. Who else may open the socket is on
 * a vty, whose `login` says whether he is asked. */
#ifndef CONTROL_LOGIN_H
#define CONTROL_LOGIN_H

#include "control/internal.h"

struct login_talk;

struct login {
	char user[CFG_NAME_MAX];     /* "": nobody's name is known */
	char location[CFG_NAME_MAX]; /* where from, as the client says; "" here */
	bool owner;	/* root, or who the router runs as */
	bool known;	/* the uid is a configured user's */
	bool nameless;	/* it could not be found out: who is no owner must not begin */
	struct login_job *naming; /* the uid's name is asked for: until session_named(); NULL */
	bool bound;	/* that, or he was asked: without an enable secret there is no `enable` */
	bool tty;	/* a person sits there, as the client says */
	bool console;	/* else a vty */
	bool begun;	/* login_begin() was here */
	bool in;	/* and may run commands */
	unsigned line;	/* of vty; stays the session's */
	uint32_t idle_sec; /* exec-timeout; 0: none */
	struct login_talk *talk; /* a password is being compared; NULL */
};

/* The uid at the other end of fd, by the kernel. Where there are users its name is asked for (l->naming), and
 * session_named() called with the answer. */
void login_peer(struct session *s, int fd);
/* The answer has taken too long: it is waited for no more. */
void login_unnamed(struct login *l);
/* What the client says of itself (SHELL_HELLO). */
void login_hello(struct login *l, struct span payload);
/* Banners and questions of the line, or the level at once. A dialog is set, or l->in, or the
 * session is to end. vty_free: the first vty that nobody has; no_console: somebody has it. */
void login_begin(struct exec_io *io, unsigned vty_free, bool no_console);
/* The session goes. */
void login_forget(struct login *l);
/* `admin on vty0 (192.0.2.9)`, as log lines have it. */
void login_name(const struct login *l, struct txt *out);

/* `enable [LEVEL]`, `disable [LEVEL]` */
void login_enable(struct exec_io *io, const struct exec_args *a, bool *ret_error);
void login_disable(struct exec_io *io, const struct exec_args *a, bool *ret_error);

/* secrets.c: secrets in clear are hashed, and type 6 keys follow the master key: before the configuration is
 * printed or saved. */
void secrets_follow(struct control *c);
/* One of them. False: there is none, or it cannot be hashed. */
bool secrets_one(struct control *c);
/* The same by a thread, one after the other: whenever the configuration has changed. Until then the clear ones are as good. */
void secrets_later(struct control *c);
/* What a line has just set. True: it is being hashed, and session_go_on() is called then. */
bool secrets_typed(struct session *s, struct control *c);
void secrets_forget(struct control *c, const struct session *s); /* the session goes */
void secrets_close(struct control *c); /* behind login_work_free() */

#endif
