/* SPDX-License-Identifier: Apache-2.0 */
/* A CLI session on the control socket: what it is told, and what it says. */
#include "control/session_parts.h"

#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>

#include "base/wr.h"
#include "control/dialog.h"
#include "control/pki_cmd.h"
#include "control/pki_scep.h"
#include "control/show.h"
#include "control/stream.h"
#include "host/os.h"

#define ASYNC_MAX   (1u << 20)	/* log lines are dropped for who does not read them */
#define FAREWELL_SEC 30
#define TERMINAL_LENGTH 24
#define TERMINAL_WIDTH 80

struct login *session_login(struct session *s)
{
	return &s->login;
}

struct control *session_control(const struct session *s)
{
	return s->c;
}

unsigned session_privilege(const struct session *s)
{
	return cli_session_privilege(s->cli);
}

size_t session_users(const struct control *c, const struct session *self, struct show_user *v,
		     size_t max)
{
	uint64_t now = host_now_ms(NULL);
	const struct session *s;
	size_t n = 0, i = 0;

	LIST_FOREACH(s, &c->sessions, entry)
		n++;
	LIST_FOREACH(s, &c->sessions, entry) { /* newest first */
		size_t line = n - ++i;

		if (line >= max)
			continue;
		v[line] = (struct show_user){ .line = s->login.line, .console = s->login.console,
					      .self = s == self, .idle_ms = now - s->seen_ms };
		memcpy(v[line].user, s->login.user, sizeof(v[line].user));
		memcpy(v[line].location, s->login.location, sizeof(v[line].location));
	}
	return n < max ? n : max;
}

void session_free(struct session *s)
{
	LIST_REMOVE(s, entry);
	if (s->runner) {
		void *self = s->runner;

		s->runner = NULL;
		s->ending = true;
		s->stop_runner(self, false);
	}
	pki_make_forget(s->c, s);
	pki_scep_forget(s->c, s);
	secrets_forget(s->c, s);
	login_forget(&s->login);
	session_kept_forget(s);
	if (s->timer)
		event_free(s->timer);
	dialog_free(s->dialog);
	stream_free(s->stream);
	event_free(s->again);
	bufferevent_free(s->bev);
	shell_reader_fini(&s->in);
	cli_session_free(s->cli);
	for (size_t i = 0; i < 2; i++)
		typed_fini(&s->typed[i]);
	free(s);
}

size_t session_unread(const struct session *s)
{
	return evbuffer_get_length(bufferevent_get_output(s->bev));
}

void session_put(struct session *s, enum shell_frame type, const void *p, size_t n)
{
	struct txt t = TXT_INIT;

	shell_frame_put(&t, type, span_of(p, n));
	if (!t.bad)
		bufferevent_write(s->bev, t.s, t.len);
	txt_fini(&t);
}

void session_print(struct session *s, const char *text)
{
	if (*text && !s->ending)
		session_put(s, SHELL_OUTPUT, text, strlen(text));
}

bool session_configuring(const struct session *s)
{
	unsigned mode = cli_session_mode(s->cli);

	return mode != M_USER && mode != M_EXEC;
}

void session_prompt(struct session *s, bool error)
{
	struct txt t = TXT_INIT;
	uint8_t head[7];
	struct wr w = wr_of(head, sizeof(head));

	bool answer = s->dialog || cli_session_is_text(s->cli);
	wr_u8(&w, (uint8_t)((error ? SHELL_FLAG_ERROR : 0) | (answer ? SHELL_FLAG_ANSWER : 0) |
			  (s->dialog && s->dialog->hidden ? SHELL_FLAG_HIDDEN : 0) |
			  (session_configuring(s) ? SHELL_FLAG_CONFIG : 0)));
	wr_be16(&w, (uint16_t)s->length);
	wr_be16(&w, (uint16_t)s->width);
	wr_be16(&w, (uint16_t)s->typed[0].size);
	txt_mem(&t, (const char *)head, sizeof(head));
	if (s->dialog)
		txt_str(&t, s->dialog->ask);
	else
		cli_session_prompt(s->cli, s->c->config, &t);
	if (!t.bad)
		session_put(s, SHELL_PROMPT, t.s, t.len);
	txt_fini(&t);
}

void session_farewell(struct session *s)
{
	static const struct timeval farewell = { .tv_sec = FAREWELL_SEC };

	bufferevent_set_timeouts(s->bev, NULL, &farewell);
}

/* For the next line, or for the end. */
void session_ready(struct session *s, bool error)
{
	if (!s->ending) {
		session_prompt(s, error);
		return;
	}
	session_put(s, SHELL_CLOSE, "", 0);
	session_farewell(s);
}

void session_resume(struct session *s, bool error)
{
	s->runner = NULL;
	if (!s->ending)
		session_prompt(s, error);
}

void session_set_runner(struct session *s, void *self, runner_stop_fn *stop)
{
	s->runner = self;
	s->stop_runner = stop;
}

void session_set_dialog(struct session *s, struct dialog *d)
{
	s->dialog = d;
}

void session_wait(struct session *s)
{
	s->waiting = true;
}

void session_made(struct session *s, bool error)
{
	s->waiting = false;
	session_ready(s, error);
}

void session_set_length(struct session *s, unsigned length)
{
	s->length = length;
}

void session_set_width(struct session *s, unsigned width)
{
	s->width = width;
}

void session_set_history(struct session *s, unsigned size)
{
	for (size_t i = 0; i < 2; i++)
		typed_resize(&s->typed[i], size);
}

/* of a window that the client keeps to himself, what a terminal has by default */
void session_terminal(const struct session *s, struct show_terminal *ret)
{
	*ret = (struct show_terminal){
		.length = s->length == SHELL_AS_WINDOW ? TERMINAL_LENGTH : s->length,
		.width = s->width == SHELL_AS_WINDOW ? TERMINAL_WIDTH : s->width,
		.history = (unsigned)s->typed[session_configuring(s)].size,
		.monitor = s->monitor,
	};
}

void session_set_monitor(struct session *s, bool on)
{
	s->monitor = on;
}

void session_end(struct session *s)
{
	s->ending = true;
}

int session_clear(const struct session *self, bool console, unsigned vty)
{
	struct session *s;

	LIST_FOREACH(s, &self->c->sessions, entry) {
		if (!s->login.begun || s->login.console != console || (!console && s->login.line != vty))
			continue;
		if (s == self)
			return -EPERM;
		if (!s->ending) {
			session_end(s);
			session_ready(s, false);
		}
		return 0;
	}
	return -ENOENT;
}

struct cli_session *session_cli(struct session *s)
{
	return s->cli;
}

void session_history(const struct session *s, struct txt *out)
{
	typed_show(&s->typed[session_configuring(s)], out);
}

void session_monitor(void *ctx, const char *line)
{
	struct control *c = ctx;
	struct session *s;

	LIST_FOREACH(s, &c->sessions, entry)
		if (s->monitor && !s->ending &&
		    session_unread(s) < ASYNC_MAX)
			session_put(s, SHELL_ASYNC, line, strlen(line));
}

void session_close_all(struct control *c)
{
	struct session *s;

	while ((s = LIST_FIRST(&c->sessions)))
		session_free(s);
}
