/* SPDX-License-Identifier: Apache-2.0 */
/* Lines from a terminal. Keys that mean something to the grammar ask control. */
#include "shell/edit.h"

#include <stdlib.h>
#include <string.h>

#include "shell/keys.h"
#include "shell/line.h"
#include "shell/recall.h"
#include "shell/screen.h"

enum ended { NOT_YET, BY_ENTER, BY_LEAVE, BY_ABANDON, BY_EOF };

struct editor {
	struct client *c;
	struct line line;
	struct screen screen;
	struct keys keys;
	struct recall exec, config; /* as IOS: each kind of mode recalls its own lines */
	char *typed; /* what Ctrl-P has put aside */
};

/* ---- what is seen ---- */

static void flush(struct txt *out)
{
	client_write(txt_cstr(out), out->len);
	txt_fini(out);
}

static void show_prompt(struct editor *e)
{
	const char *prompt = txt_cstr(&e->c->prompt);

	screen_begin(&e->screen, prompt);
	client_write(prompt, strlen(prompt));
}

static void draw(struct editor *e)
{
	struct txt out = TXT_INIT;

	if (e->c->hidden)
		return;
	e->screen.width = client_width(e->c);
	screen_draw(&e->screen, &e->line, &out);
	flush(&out);
}

/* The line as it is, and what ended it. */
static void leave_row(struct editor *e, const char *mark)
{
	struct txt out = TXT_INIT;
	size_t at = e->line.at;

	e->line.at = e->line.len;
	draw(e);
	e->line.at = at;
	screen_leave(&e->screen, &out);
	txt_str(&out, mark);
	txt_char(&out, '\n');
	flush(&out);
}

static void beep(void)
{
	client_write("\a", 1);
}

/* ---- keys that ask ---- */

static struct recall *history(struct editor *e)
{
	return e->c->config ? &e->config : &e->exec;
}

static void help(struct editor *e)
{
	leave_row(e, "?");
	client_run(e->c, SHELL_HELP, e->line.s, e->line.at);
	show_prompt(e);
}

static void complete(struct editor *e)
{
	txt_clear(&e->c->insert);
	draw(e);
	client_run(e->c, SHELL_COMPLETE, e->line.s, e->line.at);
	if (e->c->insert.len)
		line_insert(&e->line, txt_cstr(&e->c->insert), e->c->insert.len);
	else
		beep();
}

static void recall(struct editor *e, bool earlier)
{
	struct recall *r = history(e);
	bool own = r->at == r->n;
	const char *s = e->c->answering ? NULL : recall_move(r, earlier);

	if (!s || (own && !earlier)) {
		beep();
		return;
	}
	if (own) { /* what was begun comes back with Ctrl-N */
		free(e->typed);
		e->typed = strdup(e->line.s);
	}
	line_set(&e->line, r->at == r->n && e->typed ? e->typed : s);
}

/* A question of one key, as IOS asks it. */
static bool one_key(const struct client *c)
{
	static const char end[] = "[confirm]";
	size_t n = c->prompt.len, k = sizeof(end) - 1;

	return c->answering && n >= k && !memcmp(c->prompt.s + n - k, end, k);
}

static enum ended text(struct editor *e, uint8_t byte)
{
	bool was = e->line.over;

	line_insert(&e->line, (const char *)&byte, 1);
	if (e->line.over && !was)
		beep();
	return one_key(e->c) ? BY_ENTER : NOT_YET;
}

/* ---- one key ---- */

static enum ended edit_key(struct editor *e, enum key key)
{
	struct line *l = &e->line;

	switch (key) {
	case KEY_LEFT:
		line_go(l, LINE_LEFT);
		break;
	case KEY_RIGHT:
		line_go(l, LINE_RIGHT);
		break;
	case KEY_WORD_LEFT:
		line_go(l, LINE_WORD_LEFT);
		break;
	case KEY_WORD_RIGHT:
		line_go(l, LINE_WORD_RIGHT);
		break;
	case KEY_HOME:
		line_go(l, LINE_HOME);
		break;
	case KEY_END:
		line_go(l, LINE_END);
		break;
	case KEY_ERASE:
		line_delete(l, LINE_LEFT, false);
		break;
	case KEY_DELETE:
		line_delete(l, LINE_RIGHT, false);
		break;
	case KEY_EOF:
		if (!l->len)
			return BY_EOF;
		line_delete(l, LINE_RIGHT, false);
		break;
	case KEY_CUT_HOME:
		line_delete(l, LINE_HOME, !e->c->hidden);
		break;
	case KEY_CUT_END:
		line_delete(l, LINE_END, !e->c->hidden);
		break;
	case KEY_CUT_WORD_LEFT:
		line_delete(l, LINE_WORD_LEFT, !e->c->hidden);
		break;
	case KEY_CUT_WORD_RIGHT:
		line_delete(l, LINE_WORD_RIGHT, !e->c->hidden);
		break;
	case KEY_YANK:
	case KEY_YANK_NEXT:
		line_yank(l, key == KEY_YANK_NEXT);
		break;
	case KEY_TRANSPOSE:
		line_transpose(l);
		break;
	case KEY_UPPER:
		line_recase(l, LINE_UPPER);
		break;
	case KEY_LOWER:
		line_recase(l, LINE_LOWER);
		break;
	case KEY_CAPITAL:
		line_recase(l, LINE_CAPITAL);
		break;
	default:
		beep();
		break;
	}
	return NOT_YET;
}

static enum ended take_byte(struct editor *e, uint8_t byte)
{
	enum key key = keys_take(&e->keys, byte);
	bool plain = e->c->answering;

	switch (key) {
	case KEY_NONE:
		return NOT_YET;
	case KEY_TEXT:
		return text(e, byte);
	case KEY_ENTER:
		return BY_ENTER;
	case KEY_LEAVE:
		return BY_LEAVE;
	case KEY_ABANDON:
		return BY_ABANDON;
	case KEY_HELP:
		if (plain)
			return text(e, byte);
		help(e);
		return NOT_YET;
	case KEY_COMPLETE:
		if (plain)
			return text(e, byte);
		complete(e);
		return NOT_YET;
	case KEY_EARLIER:
	case KEY_LATER:
		recall(e, key == KEY_EARLIER);
		return NOT_YET;
	case KEY_REDRAW:
		leave_row(e, "");
		show_prompt(e);
		return NOT_YET;
	default:
		return edit_key(e, key);
	}
}

/* ---- one line ---- */

/* `\r\n` is one line end, where both came together. */
static void skip_newline(struct editor *e, uint8_t byte)
{
	uint8_t next;

	if (byte == '\r' && terminal_peek(e->c->tty, &next) && next == '\n')
		(void)terminal_byte(e->c->tty, &next);
}

/* What control says while a line is typed (terminal monitor) comes between. */
static void listen_on(struct editor *e, bool more)
{
	if (client_listen(e->c, more) && !e->c->over) {
		show_prompt(e);
		draw(e);
	}
}

static enum ended read_line(struct editor *e)
{
	struct terminal *tty = e->c->tty;
	enum ended end = NOT_YET;
	uint8_t byte;

	line_clear(&e->line);
	recall_reset(history(e));
	listen_on(e, false);
	while (!end && !e->c->over) {
		while (!end && !e->c->over && terminal_byte(tty, &byte)) {
			end = take_byte(e, byte);
			if (end == BY_ENTER)
				skip_newline(e, byte);
		}
		if (end || e->c->over)
			break;
		draw(e);
		if (tty->eof || terminal_ended())
			return BY_EOF;
		unsigned events = terminal_wait(tty, e->c->fd);

		if (events & TERMINAL_RESIZED) {
			client_write("\n", 1);
			show_prompt(e);
		}
		if (events & TERMINAL_OTHER)
			listen_on(e, true);
	}
	return end ? end : BY_EOF;
}

static void run_line(struct editor *e, enum ended end)
{
	static const char *const marks[] = { [BY_LEAVE] = "^Z", [BY_ABANDON] = "^C", [BY_ENTER] = "" };
	struct client *c = e->c;
	bool command = end == BY_ENTER && !c->answering;

	leave_row(e, marks[end]);
	if (command)
		recall_add(history(e), e->line.s);
	if (end == BY_ABANDON)
		line_clear(&e->line); /* what was typed is dropped */
	c->shown = command ? &e->screen : NULL;
	client_run(c, end == BY_ENTER ? SHELL_LINE : SHELL_END, e->line.s,
		   e->line.over ? SHELL_LINE_MAX + 1 : e->line.len);
	c->shown = NULL;
	recall_resize(&e->exec, c->history);
	recall_resize(&e->config, c->history);
}

void edit_loop(struct client *c)
{
	struct editor *e = calloc(1, sizeof(*e));
	enum ended end = NOT_YET;

	if (!e)
		return;
	e->c = c;
	recall_resize(&e->exec, c->history);
	recall_resize(&e->config, c->history);
	while (!c->over && end != BY_EOF) {
		show_prompt(e);
		end = read_line(e);
		if (end != BY_EOF)
			run_line(e, end);
	}
	if (!c->closed)
		client_write("\n", 1);
	line_fini(&e->line);
	recall_fini(&e->exec);
	recall_fini(&e->config);
	free(e->typed);
	free(e);
}
