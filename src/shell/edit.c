/* SPDX-License-Identifier: Apache-2.0 */
/* Line editing by libedit. Keys that mean something to IOS ask control. */
#include "shell/edit.h"

#include <errno.h>
#include <histedit.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define HISTORY_LINES 256
/* What our keys append to the line, so that edit_loop() knows how it ended. */
#define ENDED_BY_Z '\x1a'
#define ENDED_BY_C '\x03'

static struct client *client_of(EditLine *el)
{
	struct client *c;

	el_get(el, EL_CLIENTDATA, &c);
	return c;
}

static char *prompt(EditLine *el)
{
	return (char *)(uintptr_t)txt_cstr(&client_of(el)->prompt);
}

/* `?`: help for what stands before the cursor; the line stays. */
static unsigned char help(EditLine *el, int ch)
{
	const LineInfo *li = el_line(el);
	struct client *c = client_of(el);

	(void)ch;
	if (c->answering)
		return el_insertstr(el, "?") < 0 ? CC_ERROR : CC_REFRESH;
	fputs("?\n", stdout);
	client_run(c, SHELL_HELP, li->buffer, (size_t)(li->cursor - li->buffer));
	if (c->over)
		return CC_EOF;
	el_set(el, EL_REFRESH); /* on the line where the cursor is; CC_REDISPLAY would clear others first */
	return CC_NORM;
}

static unsigned char complete(EditLine *el, int ch)
{
	const LineInfo *li = el_line(el);
	struct client *c = client_of(el);

	(void)ch;
	if (c->answering)
		return el_insertstr(el, "\t") < 0 ? CC_ERROR : CC_REFRESH;
	txt_clear(&c->insert);
	client_run(c, SHELL_COMPLETE, li->buffer, (size_t)(li->cursor - li->buffer));
	if (c->over)
		return CC_EOF;
	if (!c->insert.len || el_insertstr(el, txt_cstr(&c->insert)) < 0)
		return CC_REFRESH_BEEP;
	return CC_REFRESH;
}

/* Ends the line with a mark at its end, wherever the cursor is. */
static unsigned char finish(EditLine *el, char mark)
{
	const LineInfo *li = el_line(el);
	char s[2] = { mark, '\0' };

	el_cursor(el, (int)(li->lastchar - li->cursor));
	return el_insertstr(el, s) < 0 ? CC_ERROR : CC_NEWLINE;
}

static unsigned char ctrl_z(EditLine *el, int ch)
{
	(void)ch;
	return finish(el, ENDED_BY_Z);
}

static unsigned char ctrl_c(EditLine *el, int ch)
{
	(void)ch;
	return finish(el, ENDED_BY_C);
}

/* Waits for a key and shows what control says meanwhile (terminal monitor). */
static int key(EditLine *el, wchar_t *ret)
{
	struct client *c = client_of(el);
	bool more = false;

	for (;;) {
		struct pollfd p[2] = { { .fd = 0, .events = POLLIN },
				       { .fd = c->fd, .events = POLLIN } };
		unsigned char b;

		if (client_interrupted()) {
			*ret = ENDED_BY_C;
			return 1;
		}
		if (client_listen(c, more))
			el_set(el, EL_REFRESH);
		if (c->over)
			return 0;
		more = false;
		if (poll(p, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			return 0;
		}
		more = p[1].revents != 0;
		if (p[0].revents) {
			if (read(0, &b, 1) != 1)
				return 0;
			*ret = (wchar_t)b;
			return 1;
		}
	}
}

static EditLine *start(struct client *c, History *h)
{
	EditLine *el = el_init("culvert", stdin, stdout, stderr);
	HistEvent ev;

	if (!el)
		return NULL;
	history(h, &ev, H_SETSIZE, HISTORY_LINES);
	history(h, &ev, H_SETUNIQUE, 1);
	el_set(el, EL_CLIENTDATA, c);
	el_set(el, EL_SIGNAL, 0);
	/* Ctrl-Z and Ctrl-C are keys of ours while a line is edited */
	el_set(el, EL_SETTY, "-d", "-isig", NULL);
	el_set(el, EL_PROMPT, prompt);
	el_set(el, EL_EDITOR, "emacs");
	el_set(el, EL_HIST, history, h);
	el_set(el, EL_GETCFN, key);
	/* the narrow form of EL_ADDFN copies its strings and never frees them */
	el_wset(el, EL_ADDFN, L"ios-help", L"help", help);
	el_wset(el, EL_ADDFN, L"ios-complete", L"complete", complete);
	el_wset(el, EL_ADDFN, L"ios-end", L"end", ctrl_z);
	el_wset(el, EL_ADDFN, L"ios-abandon", L"leave configuration mode", ctrl_c);
	el_set(el, EL_BIND, "?", "ios-help", NULL);
	el_set(el, EL_BIND, "\t", "ios-complete", NULL);
	el_set(el, EL_BIND, "^Z", "ios-end", NULL);
	el_set(el, EL_BIND, "^C", "ios-abandon", NULL);
	return el;
}

/* A line that is not shown: its prompt, and the terminal's own editing without echo.
 * It ends as those of libedit do. NULL: end of input. */
static const char *hidden_line(struct client *c, char *buf, size_t size, int *ret_n)
{
	struct termios old, quiet;
	bool tty = tcgetattr(STDIN_FILENO, &old) == 0;

	if (tty) {
		quiet = old;
		quiet.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
		quiet.c_lflag |= ICANON;
		quiet.c_cc[VEOL] = ENDED_BY_C;
		quiet.c_cc[VEOL2] = ENDED_BY_Z;
		quiet.c_cc[VSUSP] = quiet.c_cc[VINTR] = _POSIX_VDISABLE;
		tcsetattr(STDIN_FILENO, TCSADRAIN, &quiet);
	}
	fputs(txt_cstr(&c->prompt), stdout); /* not before: who sees it types */
	fflush(stdout);
	ssize_t n = read(STDIN_FILENO, buf, size);
	if (tty)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &old);
	fputc('\n', stdout);
	*ret_n = (int)n;
	return n > 0 ? buf : NULL;
}

/* libedit draws the prompt before it takes the terminal over: what a program that waits for
 * the prompt types at once would be echoed twice. */
static const char *edited_line(EditLine *el, int *ret_n)
{
	el_set(el, EL_PREP_TERM, 1);
	return el_gets(el, ret_n);
}

bool edit_loop(struct client *c)
{
	History *h = history_init();
	EditLine *el = h ? start(c, h) : NULL;
	HistEvent ev;
	char secret[512];
	const char *line;
	int n;

	if (!el) {
		fputs("culvert shell: this terminal cannot be used for editing\n", stderr);
		if (h)
			history_end(h);
		return false;
	}
	while (!c->over &&
	       (line = c->hidden ? hidden_line(c, secret, sizeof(secret), &n) : edited_line(el, &n)) && n > 0) {
		/* without a line end of its own it is not terminated either */
		size_t len = strnlen(line, (size_t)n);

		while (len && (line[len - 1] == '\n' || line[len - 1] == '\r'))
			len--;
		char mark = len ? line[len - 1] : '\0';

		if (mark == ENDED_BY_Z || mark == ENDED_BY_C) {
			len--;
			fputs(mark == ENDED_BY_Z ? "^Z\n" : "^C\n", stdout);
		} else if (len && !c->answering) {
			history(h, &ev, H_ENTER, line);
		}
		if (mark == ENDED_BY_C)
			len = 0; /* what was typed is dropped */
		client_run(c, mark == ENDED_BY_Z || mark == ENDED_BY_C ? SHELL_END : SHELL_LINE, line,
			   len);
		explicit_bzero(secret, sizeof(secret));
	}
	el_end(el);
	history_end(h);
	return true;
}
