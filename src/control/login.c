/* SPDX-License-Identifier: Apache-2.0 */
#include "control/login.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/secret.h"
#include "control/dialog.h"
#include "control/login_work.h"
#include "host/log.h"
#include "shell/shell_proto.h"

#define TRIES	    3
#define FAIL_SEC    1 /* until a wrong password is answered */
#define LEVEL_USER  1

/* ---- who it is ---- */

static void set_user(struct login *l, const char *name)
{
	snprintf(l->user, sizeof(l->user), "%.*s", (int)sizeof(l->user) - 1, name);
}

static void on_named(void *ctx, const char *name)
{
	struct session *s = ctx;
	struct login *l = session_login(s);

	l->naming = NULL;
	l->nameless = !name;
	if (name && users_find(&session_control(s)->config->users, name)) {
		l->known = l->bound = true;
		set_user(l, name);
	}
	session_named(s);
}

void login_peer(struct session *s, int fd)
{
	struct login *l = session_login(s);
	struct control *c = session_control(s);
	struct ucred who;
	socklen_t len = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0) {
		l->nameless = true;
		return;
	}
	l->owner = who.uid == 0 || who.uid == geteuid();
	if (!c->config->users.list.n)
		return; /* whatever he is called, nobody is */
	l->naming = login_work_name(c->name_work, who.uid, on_named, s);
	l->nameless = !l->naming;
}

void login_unnamed(struct login *l)
{
	login_work_forget(l->naming);
	l->naming = NULL;
	l->nameless = true;
}

void login_hello(struct login *l, struct span payload)
{
	struct rd r = rd_span(payload);
	uint8_t flags = rd_u8(&r);
	struct span from = rd_take(&r, rd_left(&r));
	char text[CFG_NAME_MAX] = "";
	struct ipaddr a;

	if (r.bad)
		return;
	l->tty = flags & SHELL_HELLO_TTY;
	if (from.len < sizeof(text))
		memcpy(text, from.p ? from.p : (const uint8_t *)"", from.len);
	if (strlen(text) == from.len && ipaddr_parse(text, &a)) /* and so it is harmless text */
		memcpy(l->location, text, sizeof(text));
}

void login_name(const struct login *l, struct txt *out)
{
	if (l->user[0])
		txt_printf(out, "%s on ", l->user);
	if (l->console)
		txt_str(out, "console");
	else
		txt_printf(out, "vty%u", l->line);
	if (l->location[0])
		txt_printf(out, " (%s)", l->location);
}

/* ---- a password that is asked for ---- */

enum talk_kind { TALK_ENABLE, TALK_LINE, TALK_LOCAL };
struct login_talk {
	struct dialog d;
	struct control *c;
	struct session *s;
	struct login *l;
	enum talk_kind kind;
	unsigned level, tries;
	char user[CFG_NAME_MAX];
	struct login_job *job;
	struct event *later;
};

static void talk_free(struct dialog *d)
{
	struct login_talk *t = (struct login_talk *)(void *)d;

	login_work_forget(t->job);
	if (t->later)
		event_free(t->later);
	secret_free(t, sizeof(*t));
}

void login_forget(struct login *l)
{
	login_work_forget(l->naming);
	l->naming = NULL;
	if (l->talk)
		dialog_free(&l->talk->d);
	l->talk = NULL;
}

static struct login_talk *talk_new(struct exec_io *io, enum talk_kind kind, unsigned level)
{
	struct login_talk *t = calloc(1, sizeof(*t));

	if (!t) {
		txt_str(io->out, "% Low on memory; try again later\n");
		return NULL;
	}
	t->d.free = talk_free;
	t->c = io->c;
	t->s = io->s;
	t->l = session_login(io->s);
	t->kind = kind;
	t->level = level;
	return t;
}

static void log_result(const struct login_talk *t, bool fits)
{
	struct txt name = TXT_INIT;

	login_name(t->l, &name);
	if (t->kind == TALK_ENABLE && fits)
		log_line("SYS-5-PRIV_AUTH_PASS", "Privilege level set to %u by %s", t->level, txt_cstr(&name));
	else if (t->kind == TALK_ENABLE)
		log_line("SYS-5-PRIV_AUTH_FAIL", "Authentication to privilege level %u failed by %s", t->level,
			 txt_cstr(&name));
	else if (!fits)
		log_line("SEC_LOGIN-4-LOGIN_FAILED",
			 "Login failed [user: %s] [Source: %s] [Reason: Login Authentication Failed]", t->user,
			 txt_cstr(&name));
	txt_fini(&name);
}

static unsigned line_level(const struct config *c, const struct login *l)
{
	struct cfg_line line;

	users_line(&c->users, l->console ? LINE_CON : LINE_VTY, l->line, &line);
	secret_wipe(&line.password, sizeof(line.password));
	return line.privilege ? line.privilege - 1u : LEVEL_USER;
}

static unsigned user_level(const struct config *c, const struct login *l, const struct cfg_user *u)
{
	return u && u->privilege ? u->privilege - 1u : line_level(c, l);
}

static void show_banner(const struct exec_io *io, const char *kind)
{
	if (session_login(io->s)->tty)
		config_banner(io->c->config, kind, io->out);
}

static void enter(struct exec_io *io, unsigned level)
{
	session_login(io->s)->in = true;
	cli_session_set_level(session_cli(io->s), level);
	show_banner(io, "exec");
}

static void fitted(struct login_talk *t, struct exec_io *io)
{
	const struct cfg_user *u = users_find(&io->c->config->users, t->user);

	if (t->kind == TALK_ENABLE) {
		cli_session_set_level(session_cli(io->s), t->level);
		return;
	}
	if (t->kind == TALK_LOCAL)
		set_user(t->l, t->user);
	enter(io, t->kind == TALK_LOCAL ? user_level(io->c->config, t->l, u) : line_level(io->c->config, t->l));
}

static void ask(struct login_talk *t);

/* The answer to what was typed: the level, another question, or the end. */
static void answer(struct login_talk *t, bool fits)
{
	struct txt out = TXT_INIT;
	struct exec_io io = { t->c, t->s, &out };
	bool over = fits || ++t->tries == TRIES;

	t->l->talk = NULL;
	log_result(t, fits);
	if (fits)
		fitted(t, &io);
	else if (t->kind == TALK_LOCAL)
		txt_str(&out, "% Login invalid\n\n");
	else if (over)
		txt_str(&out, t->kind == TALK_ENABLE ? "% Bad secrets\n\n" : "% Bad passwords\n");
	session_print(io.s, txt_cstr(&out));
	txt_fini(&out);
	if (over && !fits && t->kind != TALK_ENABLE)
		session_end(io.s);
	if (over) {
		dialog_free(&t->d);
	} else {
		ask(t);
		session_set_dialog(io.s, &t->d);
	}
	session_made(io.s, over && !fits);
}

static void on_later(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	answer(ctx, false);
}

static void on_compared(void *ctx, bool fits)
{
	struct login_talk *t = ctx;
	const struct timeval delay = { .tv_sec = FAIL_SEC };

	t->job = NULL;
	if (!fits && !t->later)
		t->later = evtimer_new(t->c->base, on_later, t);
	if (fits || !t->later || evtimer_add(t->later, &delay) < 0)
		answer(t, fits);
}

/* What the user is to know; NULL: nothing fits. */
static const struct cfg_secret *wanted(const struct login_talk *t, struct cfg_line *room)
{
	const struct cfg_users *u = &t->c->config->users;
	const struct cfg_user *user = users_find(u, t->user);

	switch (t->kind) {
	case TALK_ENABLE:
		return users_enable_secret(u, t->level);
	case TALK_LOCAL:
		return user && user->secret.set ? &user->secret : NULL;
	default:
		users_line(u, t->l->console ? LINE_CON : LINE_VTY, t->l->line, room);
		return &room->password;
	}
}

static void got_password(struct dialog *d, struct exec_io *io, const char *text, bool *ret_error)
{
	struct login_talk *t = (struct login_talk *)(void *)d;
	struct cfg_line room = { .kind = LINE_VTY };

	t->job = login_work_put(t->c->login_work, wanted(t, &room), text, on_compared, t);
	secret_wipe(&room.password, sizeof(room.password));
	if (!t->job) {
		txt_str(io->out, "% Low on memory; try again later\n");
		*ret_error = true;
		return; /* the dialog is over: no rights, and at the beginning of a session its end */
	}
	t->l->talk = t;
	session_wait(io->s);
}

static void got_user(struct dialog *d, struct exec_io *io, const char *text, bool *ret_error)
{
	struct login_talk *t = (struct login_talk *)(void *)d;
	const struct cfg_user *u = users_find(&io->c->config->users, text);

	(void)ret_error;
	snprintf(t->user, sizeof(t->user), "%.*s", (int)sizeof(t->user) - 1, text);
	if (!t->user[0]) {
		ask(t);
	} else if (u && u->nopassword) {
		fitted(t, io);
	} else {
		dialog_ask_secret(&t->d, "Password: ", got_password);
	}
}

static void ask(struct login_talk *t)
{
	if (t->kind == TALK_LOCAL)
		dialog_ask_text(&t->d, "Username: ", got_user);
	else
		dialog_ask_secret(&t->d, "Password: ", got_password);
}

/* False: no memory. */
static bool ask_for(struct exec_io *io, enum talk_kind kind, unsigned level)
{
	struct login_talk *t = talk_new(io, kind, level);

	if (!t)
		return false;
	ask(t);
	session_set_dialog(io->s, &t->d);
	return true;
}

/* ---- the beginning ---- */

/* What nobody asks for. Without any enable secret a router is as open as its socket. */
static unsigned open_level(const struct exec_io *io, const struct login *l)
{
	unsigned level = line_level(io->c->config, l);

	if (!l->tty && (l->owner || !users_enable_secret(&io->c->config->users, CFG_LEVEL_MAX)))
		return CFG_LEVEL_MAX; /* as scripts on routers begin */
	return level;
}

static void begin_on(struct exec_io *io, struct login *l, const struct cfg_line *line)
{
	const struct cfg_user *u = l->known ? users_find(&io->c->config->users, l->user) : NULL;
	bool asks = !u && (l->tty || !l->owner);
	enum talk_kind kind = line->login == LOGIN_LOCAL ? TALK_LOCAL : TALK_LINE;

	if (asks && line->login == LOGIN_PASSWORD && !line->password.set) {
		asks = !l->console; /* whose owner is never locked out */
		if (asks) {
			txt_str(io->out, "\nPassword required, but none set\n");
			session_end(io->s);
			return;
		}
	}
	if (!asks || line->login < LOGIN_PASSWORD) {
		enter(io, u ? user_level(io->c->config, l, u) : open_level(io, l));
		return;
	}
	l->bound = true;
	show_banner(io, "login");
	if (l->tty)
		txt_str(io->out, "\nUser Access Verification\n\n");
	if (!ask_for(io, kind, 0))
		session_end(io->s);
}

void login_begin(struct exec_io *io, unsigned vty_free, bool no_console)
{
	struct login *l = session_login(io->s);
	struct cfg_line line;

	l->begun = true;
	l->console = l->owner && !l->known && l->tty && !no_console;
	l->line = l->console ? 0 : vty_free;
	users_line(&io->c->config->users, l->console ? LINE_CON : LINE_VTY, l->line, &line);
	if (line.length)
		session_set_length(io->s, line.length - 1u);
	if (line.history)
		session_set_history(io->s, line.history - 1u);
	/* whoever reads from a file or a program may take his time */
	l->idle_sec = l->tty ? line.timeout_min * 60 + line.timeout_sec : 0;
	show_banner(io, "motd");
	begin_on(io, l, &line);
	secret_wipe(&line, sizeof(line));
}

/* ---- enable, disable ---- */

void login_enable(struct exec_io *io, const struct exec_args *a, bool *ret_error)
{
	const struct login *l = session_login(io->s);
	const struct cfg_users *u = &io->c->config->users;
	unsigned level = a->number ? a->number - 1 : CFG_LEVEL_MAX;
	bool open = (!l->bound || l->console) && !users_enable_secret(u, CFG_LEVEL_MAX);

	if (level <= session_privilege(io->s) || (l->owner && !l->tty) ||
	    (open && !users_enable_secret(u, level))) {
		cli_session_set_level(session_cli(io->s), level);
	} else if (!users_enable_secret(u, level)) {
		txt_str(io->out, "% No password set\n");
		*ret_error = true;
	} else if (!ask_for(io, TALK_ENABLE, level)) {
		*ret_error = true;
	}
}

void login_disable(struct exec_io *io, const struct exec_args *a, bool *ret_error)
{
	unsigned level = a->number ? a->number - 1 : LEVEL_USER, now = session_privilege(io->s);

	if (level > now) {
		txt_str(io->out, "New privilege level must be less than current privilege level\n");
		*ret_error = true;
		return;
	}
	cli_session_set_level(session_cli(io->s), level);
}
