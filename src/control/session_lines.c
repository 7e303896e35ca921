/* SPDX-License-Identifier: Apache-2.0 */
/* What the lines of a CLI session do: the grammar, the configuration, EXEC actions and their pipes. */
#include "control/session_parts.h"

#include <string.h>

#include "control/dialog.h"
#include "control/life.h"
#include "control/redirect.h"
#include "control/show_now.h"
#include "control/stream.h"
#include "host/log.h"
#include "host/os.h"

static void remember(struct session *s, const char *line)
{
	struct txt t = TXT_INIT;

	if (!line[strspn(line, " \t")] || cli_session_is_text(s->cli))
		return;
	/* secrets are not kept, not even here */
	cli_mask_typed(commands_grammar(), cli_session_mode(s->cli), line, &t);
	typed_add(&s->typed[session_configuring(s)], txt_steal(&t));
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
		s->stream = stream_new(s->c, s, r->action, a, p->kind == CLI_PIPE_JSON, filter);
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
	bool json = p.kind == CLI_PIPE_JSON;

	if ((!p.kind || json || cli_pipe_filters(&p)) && show_now_in_pieces(r->action, a, json))
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

/* The next line waits until what this one has set is hashed. */
static void hold(struct session *s)
{
	if (s->held || !secrets_typed(s, s->c))
		return;
	s->held = true;
	s->held_error = false;
	bufferevent_disable(s->bev, EV_READ);
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
	/* the lines of a banner are no commands */
	leads = mode != M_USER && mode != M_EXEC && !cli_session_is_text(s->cli) && cli_session_path(s->cli, &path);
	cli_session_line(s->cli, s->c->config, line, 0, &r);
	error = r.status == CLI_ERROR;
	if (r.status == CLI_OK && mode != M_USER && mode != M_EXEC && !r.ended)
		typed(s, mode, line);
	session_print(s, txt_cstr(&r.out));
	if (r.config || r.kept)
		config_changed(s, leads && !r.kept && r.status == CLI_OK ? txt_cstr(&path) : NULL, line, r.ended);
	txt_fini(&path);
	if (r.config)
		hold(s);
	if (r.kept)
		session_kept_add(s, line);
	if (r.ended) {
		apply_now(s->c);
		if (!r.config)
			log_configured(s);
		session_kept_log(s);
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
	if (!s->waiting && !s->runner) /* else that says when it is done */
		session_ready(s, error);
}

/* A line, then Ctrl-Z if that ended it; one prompt for both. */
static void take_line(struct session *s, const char *line, bool then_end)
{
	bool error = false, later = false;

	if (then_end && cli_session_is_text(s->cli)) /* what is typed of a banner is dropped */
		line = cli_session_delimiter(s->cli);
	if (*line || !then_end)
		later = run_line(s, line, &error);
	if (then_end && !s->ending && session_configuring(s))
		(void)run_line(s, "end", &error);
	if (s->held && !s->ending)
		s->held_error = error;
	else if (s->ending || !later)
		session_ready(s, error);
}

/* Whatever a client sends: of two lines in one the second would be kept as text, and be a line of its own, whoever
 * may say it, where the configuration is read again. */
static bool is_one_line(struct span p)
{
	const char *text = p.p ? (const char *)p.p : "";

	return !memchr(text, '\0', p.len) && !memchr(text, '\n', p.len);
}

void session_take_frame(struct session *s, uint8_t type, struct span p)
{
	char line[SHELL_LINE_MAX + 1];
	struct txt t = TXT_INIT;

	s->seen_ms = host_now_ms(NULL);
	if (!s->login.begun) {
		if (type == SHELL_HELLO)
			login_hello(&s->login, p);
		session_begin(s);
	}
	if (type == SHELL_HELLO || s->ending)
		return;

	if (p.len > SHELL_LINE_MAX || !is_one_line(p)) {
		session_print(s, "% Line too long or not text\n");
		session_prompt(s, true);
		return;
	}
	if (p.len)
		memcpy(line, p.p, p.len);
	line[p.len] = '\0';
	if (s->dialog) {
		if (type == SHELL_LINE || type == SHELL_END)
			take_answer(s, line, type == SHELL_END);
		else if (type != SHELL_INTERRUPT)
			session_prompt(s, false);
		explicit_bzero(line, sizeof(line));
		return;
	}
	if (s->after_paste && type == SHELL_LINE && !strcmp(line, "quit")) {
		s->after_paste = false;
		session_prompt(s, false);
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
		session_prompt(s, false);
		break;
	case SHELL_COMPLETE:
		cli_session_complete(s->cli, s->c->config, line, &t);
		session_put(s, SHELL_INSERT, txt_cstr(&t), t.len);
		session_prompt(s, false);
		break;
	default:
		break;
	}
	explicit_bzero(line, p.len); /* keys, secrets */
	txt_fini(&t);
}

