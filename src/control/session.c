/* SPDX-License-Identifier: Apache-2.0 */
/* CLI sessions on the control socket: frames in, the grammar, frames out. */
#include "control/internal.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/wr.h"
#include "control/dialog.h"
#include "control/life.h"
#include "control/login.h"
#include "control/ping.h"
#include "control/pki_cmd.h"
#include "control/pki_scep.h"
#include "control/redirect.h"
#include "control/show.h"
#include "control/typed.h"
#include "control/stream.h"
#include "host/log.h"
#include "host/os.h"
#include "shell/shell_proto.h"

#define OUTPUT_MAX  (16u << 20) /* unread bytes with which nothing more is asked: the client is cut off */
#define STREAM_ROOM (128u << 10) /* as many of an answer that is made while they read */
#define OUTPUT_ALL  (64u << 20) /* of all sessions: who has read least is cut off */
#define ASYNC_MAX   (1u << 20)	/* log lines are dropped for who does not read them */
#define SESSIONS_MAX 256
#define SESSIONS_OURS 8 /* of them are for root and who runs the router: nobody can lock them out */
#define SLICE_MS    5 /* of lines that have come together; then others have their turn */
#define TERMINAL_LENGTH 24
#define TERMINAL_WIDTH 80
#define FAREWELL_SEC 30 /* to read what is left, for who has closed his side */
#define HELLO_MS 300 /* within which a client says what it is */

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
	struct ping *ping; /* runs; lines wait until it ends */
	bool waiting;	   /* for a key that is being made */
	struct dialog *dialog; /* lines are its answers */
	struct stream *stream; /* a long answer is under way: nothing is read until it is said */
	bool after_paste; /* that a blank line ended: `quit` may follow */
	struct typed typed[2]; /* EXEC lines, and those of configuration mode */
	struct login login;
	struct event *timer; /* until HELLO, then of exec-timeout; NULL: there is none */
};

struct login *session_login(struct session *s)
{
	return &s->login;
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

static void session_free(struct session *s)
{
	LIST_REMOVE(s, entry);
	if (s->ping) {
		struct ping *p = s->ping;

		s->ping = NULL;
		s->ending = true;
		ping_stop(p, false);
	}
	pki_make_forget(s->c, s);
	pki_scep_forget(s->c, s);
	login_forget(&s->login);
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

static size_t unread(const struct session *s)
{
	return evbuffer_get_length(bufferevent_get_output(s->bev));
}

static void put(struct session *s, enum shell_frame type, const void *p, size_t n)
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
		put(s, SHELL_OUTPUT, text, strlen(text));
}

static bool configuring(const struct session *s)
{
	unsigned mode = cli_session_mode(s->cli);

	return mode != M_USER && mode != M_EXEC;
}

static void prompt(struct session *s, bool error)
{
	struct txt t = TXT_INIT;
	uint8_t head[7];
	struct wr w = wr_of(head, sizeof(head));

	bool answer = s->dialog || cli_session_is_text(s->cli);
	wr_u8(&w, (uint8_t)((error ? SHELL_FLAG_ERROR : 0) | (answer ? SHELL_FLAG_ANSWER : 0) |
			  (s->dialog && s->dialog->hidden ? SHELL_FLAG_HIDDEN : 0) |
			  (configuring(s) ? SHELL_FLAG_CONFIG : 0)));
	wr_be16(&w, (uint16_t)s->length);
	wr_be16(&w, (uint16_t)s->width);
	wr_be16(&w, (uint16_t)s->typed[0].size);
	txt_mem(&t, (const char *)head, sizeof(head));
	if (s->dialog)
		txt_str(&t, s->dialog->ask);
	else
		cli_session_prompt(s->cli, s->c->config, &t);
	if (!t.bad)
		put(s, SHELL_PROMPT, t.s, t.len);
	txt_fini(&t);
}

/* For the next line, or for the end. */
static void ready(struct session *s, bool error)
{
	if (s->ending)
		put(s, SHELL_CLOSE, "", 0);
	else
		prompt(s, error);
}

void session_resume(struct session *s, bool error)
{
	s->ping = NULL;
	if (!s->ending)
		prompt(s, error);
}

void session_set_ping(struct session *s, struct ping *p)
{
	s->ping = p;
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
	ready(s, error);
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
		.history = (unsigned)s->typed[configuring(s)].size,
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

struct cli_session *session_cli(struct session *s)
{
	return s->cli;
}

void session_history(const struct session *s, struct txt *out)
{
	typed_show(&s->typed[configuring(s)], out);
}

void session_monitor(void *ctx, const char *line)
{
	struct control *c = ctx;
	struct session *s;

	LIST_FOREACH(s, &c->sessions, entry)
		if (s->monitor && !s->ending &&
		    unread(s) < ASYNC_MAX)
			put(s, SHELL_ASYNC, line, strlen(line));
}

static void remember(struct session *s, const char *line)
{
	struct txt t = TXT_INIT;

	if (!line[strspn(line, " \t")] || cli_session_is_text(s->cli))
		return;
	/* secrets are not kept, not even here */
	cli_mask_line(commands_grammar(), cli_session_mode(s->cli), line, &t);
	typed_add(&s->typed[configuring(s)], txt_steal(&t));
}

/* path: what led to the mode that the line was typed in; NULL: it cannot be said. */
static void config_changed(struct session *s, const char *path, const char *line, bool ended)
{
	files_typed(s->c, path, line);
	line_retry(s->c);
	apply_again(s->c);
	if (ended)
		apply_now(s->c);
}

bool session_has_room(const struct session *s)
{
	return evbuffer_get_length(bufferevent_get_output(s->bev)) < STREAM_ROOM;
}

/* What of a finished output is shown, and where else it goes. */
static void put_output(struct session *s, const struct cli_pipe *p, struct txt *out, bool *ret_error)
{
	struct txt said = TXT_INIT;
	struct exec_io io = { s->c, s, &said };

	switch (*ret_error ? 0 : p->kind) {
	case CLI_PIPE_TEE:
		session_print(s, txt_cstr(out));
		/* fall through */
	case CLI_PIPE_REDIRECT:
	case CLI_PIPE_APPEND:
		*ret_error = !redirect(&io, p, txt_cstr(out), out->len);
		break;
	case 0:
	case CLI_PIPE_JSON:
		session_print(s, txt_cstr(out));
		break;
	default:
		*ret_error = cli_pipe_run(p, txt_cstr(out), &said) != 0;
		break;
	}
	session_print(s, txt_cstr(&said));
	txt_fini(&said);
}

static bool run_whole(struct session *s, const struct cli_result *r, const struct cli_pipe *p, bool *ret_error)
{
	struct txt out = TXT_INIT;
	struct exec_io io = { s->c, s, &out };
	bool later;

	if (!show_is(r->action))
		streams_finish(s->c);
	later = (p->kind == CLI_PIPE_JSON ? exec_json : exec_run)(&io, r->action, r->args, ret_error);
	put_output(s, p, &out, ret_error);
	txt_fini(&out);
	return later;
}

static bool run_in_pieces(struct session *s, const struct cli_result *r, const struct exec_args *a,
			  const struct cli_pipe *p, bool *ret_error)
{
	struct cli_filter *filter = NULL;
	struct txt why = TXT_INIT;

	if (!cli_pipe_filters(p) || !cli_filter_open(p, &filter, &why))
		s->stream = stream_new(s->c, s, r->action, a, filter);
	if (!s->stream) {
		session_print(s, why.len ? txt_cstr(&why) : "% Low on memory; try again later\n");
		txt_fini(&why);
		*ret_error = true;
		return false;
	}
	if (!stream_go(s->stream, ret_error)) {
		bufferevent_disable(s->bev, EV_READ);
		return true;
	}
	stream_free(s->stream);
	s->stream = NULL;
	return false;
}

/* One EXEC action, its pipe and its output. True: it goes on by itself. */
static bool run_exec(struct session *s, struct cli_result *r, bool *ret_error)
{
	static const struct exec_args none;
	const struct exec_args *a = r->args ? r->args : &none;
	struct cli_pipe p = { 0 };
	size_t col;

	apply_now(s->c); /* what was typed before is in force before anything is shown */
	if (r->pipe)
		(void)cli_pipe_read(r->pipe, &p, &col); /* it was looked at together with its line */
	if ((!p.kind || cli_pipe_filters(&p)) && show_in_pieces(r->action, a))
		return run_in_pieces(s, r, a, &p, ret_error);
	return run_whole(s, r, &p, ret_error);
}

/* For `archive`, `log config`. */
static void typed(const struct session *s, unsigned mode, const char *line)
{
	struct txt t = TXT_INIT;

	if (!line[strspn(line, " \t")] || line[strspn(line, " \t")] == '!')
		return;
	cli_mask_line(commands_grammar(), mode, line, &t);
	if (!t.bad)
		archive_typed(s->c, s->number, txt_cstr(&t));
	txt_fini(&t);
}

static void log_configured(const struct session *s)
{
	struct txt name = TXT_INIT;

	login_name(&s->login, &name);
	log_line("SYS-5-CONFIG_I", "Configured from console by %s", txt_cstr(&name));
	txt_fini(&name);
}

/* One line. True if it goes on by itself and prompts at its end. */
static bool run_line(struct session *s, const char *line, bool *ret_error)
{
	struct cli_result r = { 0 };
	bool error, later = false;
	unsigned mode = cli_session_mode(s->cli);
	struct txt path = TXT_INIT;
	bool leads;

	remember(s, line);
	revert_touch(s->c);
	if (mode != M_USER && mode != M_EXEC)
		streams_finish(s->c);
	leads = mode != M_USER && mode != M_EXEC && cli_session_path(s->cli, &path);
	cli_session_line(s->cli, s->c->config, line, 0, &r);
	error = r.status == CLI_ERROR;
	if (r.status == CLI_OK && mode != M_USER && mode != M_EXEC && !r.ended)
		typed(s, mode, line);
	session_print(s, txt_cstr(&r.out));
	if (r.config || r.kept)
		config_changed(s, leads && !r.kept && r.status == CLI_OK ? txt_cstr(&path) : NULL, line, r.ended);
	txt_fini(&path);
	if (r.ended) {
		apply_now(s->c);
		if (!r.config)
			log_configured(s);
	}
	if (r.status == CLI_EXEC)
		later = run_exec(s, &r, &error);
	cli_result_fini(&r);
	*ret_error |= error;
	return later;
}

/* An answer to what a command asks; end: Ctrl-C or Ctrl-Z, which takes none. */
static void take_answer(struct session *s, const char *line, bool end)
{
	struct dialog *d = s->dialog;
	struct txt out = TXT_INIT;
	struct exec_io io = { s->c, s, &out };

	streams_finish(s->c);
	bool error = false, more = !end && dialog_line(d, &io, line, &error);

	session_print(s, txt_cstr(&out));
	if (out.s)
		explicit_bzero(out.s, out.cap); /* exported keys */
	txt_fini(&out);
	if (!more) {
		s->dialog = NULL;
		s->after_paste = d->after_blank;
	}
	if (!more && !s->waiting) /* else a key is being made for it */
		dialog_free(d);
	if (!more && !s->waiting && !s->login.in) /* who breaks off at the beginning */
		s->ending = true;
	if (!s->waiting)
		ready(s, error);
}

/* A line, then Ctrl-Z if that ended it; one prompt for both. */
static void take_line(struct session *s, const char *line, bool then_end)
{
	bool error = false, later = false;

	if (then_end && cli_session_is_text(s->cli)) /* what is typed of a banner is dropped */
		line = cli_session_delimiter(s->cli);
	if (*line || !then_end)
		later = run_line(s, line, &error);
	if (then_end && !s->ending && configuring(s))
		(void)run_line(s, "end", &error);
	if (s->ending || !later)
		ready(s, error);
}

/* ---- the beginning, and the end of who is idle ---- */

static void on_idle(evutil_socket_t fd, short what, void *ctx);

static void idle_in(struct session *s, uint64_t ms)
{
	const struct timeval tv = { .tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	if (!s->timer)
		s->timer = evtimer_new(s->c->base, on_idle, s);
	if (s->timer)
		evtimer_add(s->timer, &tv);
}

static void begin(struct session *s)
{
	struct txt out = TXT_INIT;
	struct exec_io io = { s->c, s, &out };
	const struct session *other;
	unsigned vty = 0;
	bool taken = true, console = false;

	while (taken) {
		taken = false;
		LIST_FOREACH(other, &s->c->sessions, entry) {
			console |= other->login.console;
			taken |= other->login.begun && !other->login.console && other->login.line == vty;
		}
		vty += taken;
	}
	if (s->timer)
		evtimer_del(s->timer);
	login_begin(&io, vty, console);
	if (out.len)
		put(s, SHELL_OUTPUT, out.s, out.len); /* though it may be the last */
	txt_fini(&out);
	if (s->login.idle_sec)
		idle_in(s, (uint64_t)s->login.idle_sec * 1000);
	ready(s, false);
}

static void say_goodbye(struct session *s)
{
	const struct login *l = &s->login;
	struct txt out = TXT_INIT;

	log_line("SYS-6-TTY_EXPIRE_TIMER", "(exec timer expired, tty %u (%s)), user %s",
		 l->console ? 0 : l->line + 2, l->location[0] ? l->location : "0.0.0.0", l->user);
	if (l->console)
		txt_printf(&out, "\n\n\n%s con0 is now available\n\n", s->c->config->hostname);
	else
		txt_str(&out, "\n% The session was idle for as long as exec-timeout allows: it ends.\n");
	session_print(s, txt_cstr(&out));
	txt_fini(&out);
}

/* HELLO did not come, or the user has not done anything. */
static void on_idle(evutil_socket_t fd, short what, void *ctx)
{
	struct session *s = ctx;
	uint64_t idle = host_now_ms(NULL) - s->seen_ms, most = (uint64_t)s->login.idle_sec * 1000;

	(void)fd;
	(void)what;
	if (!s->login.begun) {
		begin(s);
		return;
	}
	if (s->ending || !most)
		return;
	if (s->ping || s->waiting || idle < most) {
		idle_in(s, s->ping || s->waiting ? most : most - idle);
		return;
	}
	say_goodbye(s);
	session_end(s);
	ready(s, false);
}

static void take_frame(struct session *s, uint8_t type, struct span p)
{
	char line[SHELL_LINE_MAX + 1];
	struct txt t = TXT_INIT;

	s->seen_ms = host_now_ms(NULL);
	if (!s->login.begun) {
		if (type == SHELL_HELLO)
			login_hello(&s->login, p);
		begin(s);
	}
	if (type == SHELL_HELLO || s->ending)
		return;

	if (p.len > SHELL_LINE_MAX || memchr(p.p ? (const char *)p.p : "", '\0', p.len)) {
		session_print(s, "% Line too long or not text\n");
		prompt(s, true);
		return;
	}
	if (p.len)
		memcpy(line, p.p, p.len);
	line[p.len] = '\0';
	if (s->dialog) {
		if (type == SHELL_LINE || type == SHELL_END)
			take_answer(s, line, type == SHELL_END);
		else if (type != SHELL_INTERRUPT)
			prompt(s, false);
		explicit_bzero(line, sizeof(line));
		return;
	}
	if (s->after_paste && type == SHELL_LINE && !strcmp(line, "quit")) {
		s->after_paste = false;
		prompt(s, false);
		return;
	}
	s->after_paste &= p.len == 0; /* more blank lines */
	switch (type) {
	case SHELL_LINE:
		take_line(s, line, false);
		break;
	case SHELL_END:
		take_line(s, line, true);
		break;
	case SHELL_HELP:
		cli_session_help(s->cli, s->c->config, line, &t);
		if (t.len && t.s[0] != '%') /* a blank line is behind what is listed, not behind a refusal */
			txt_char(&t, '\n');
		session_print(s, txt_cstr(&t));
		prompt(s, false);
		break;
	case SHELL_COMPLETE:
		cli_session_complete(s->cli, s->c->config, line, &t);
		put(s, SHELL_INSERT, txt_cstr(&t), t.len);
		prompt(s, false);
		break;
	default:
		break;
	}
	txt_fini(&t);
}

/* Whoever asks on and does not read; one answer may be as long as it is. False: s was cut off. */
static bool make_room(struct session *s)
{
	struct session *i, *worst = s;
	size_t all = 0;

	LIST_FOREACH(i, &s->c->sessions, entry) {
		all += unread(i);
		if (unread(i) > unread(worst))
			worst = i;
	}
	if (unread(s) > OUTPUT_MAX)
		worst = s;
	else if (all <= OUTPUT_ALL)
		return true;
	session_free(worst);
	return worst != s;
}

/* He has closed his side for writing; the answers he may still read. */
static void say_rest(struct session *s)
{
	static const struct timeval farewell = { .tv_sec = FAREWELL_SEC };

	if (!unread(s)) {
		session_free(s);
		return;
	}
	s->ending = true;
	bufferevent_disable(s->bev, EV_READ);
	bufferevent_set_timeouts(s->bev, NULL, &farewell);
}

/* Takes what has been read, for a while. */
static void serve(struct session *s)
{
	static const struct timeval now = { 0 };
	uint64_t begun = host_now_ms(NULL);
	struct span p;
	uint8_t type;
	int k;

	while (!s->ending && !s->stream && (k = shell_reader_next(&s->in, &type, &p)) != 0) {
		if (k < 0) {
			session_free(s);
			return;
		}
		if (!make_room(s))
			return;
		if (s->waiting)
			continue;
		if (s->ping) { /* while it runs, only its end is listened for */
			if (type == SHELL_INTERRUPT)
				ping_stop(s->ping, true);
			continue;
		}
		take_frame(s, type, p);
		if (host_now_ms(NULL) - begun < SLICE_MS)
			continue;
		/* what comes meanwhile waits in the socket */
		bufferevent_disable(s->bev, EV_READ);
		evtimer_add(s->again, &now);
		return;
	}
	if (s->stream)
		return; /* session_streamed() goes on */
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
	prompt(s, error);
	bufferevent_enable(s->bev, EV_READ);
	serve(s); /* what was asked meanwhile */
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
	else if (evtimer_pending(s->again, NULL) || s->stream)
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
	login_peer(&s->login, fd, c->config);
	LIST_INSERT_HEAD(&c->sessions, s, entry);
	bufferevent_setwatermark(s->bev, EV_WRITE, STREAM_ROOM / 2, 0);
	bufferevent_setcb(s->bev, on_read, on_write, on_event, s);
	bufferevent_enable(s->bev, EV_READ | EV_WRITE);
	idle_in(s, HELLO_MS);
}

void session_close_all(struct control *c)
{
	struct session *s;

	while ((s = LIST_FIRST(&c->sessions)))
		session_free(s);
}
