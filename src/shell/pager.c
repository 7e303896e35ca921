/* SPDX-License-Identifier: Apache-2.0 */
#include "shell/pager.h"

#include <string.h>

#include "base/utf8.h"

static const char more[] = " --More-- ";
/* IOS erases the prompt with nine backspaces, blanks, backspaces; the return puts
 * the cursor over the prompt's first blank as well. */
static const char erase[] = "\b\b\b\b\b\b\b\b\b         \b\b\b\b\b\b\b\b\b\r";

#define CTRL(c) ((c) & 0x1f)

void pager_reset(struct pager *p)
{
	cli_filter_close(p->filter, NULL);
	p->filter = NULL;
	p->shown = 0;
	p->column = 0;
	p->quit = false;
}

/* ---- a stop ---- */

static enum cli_pipe_kind kind_of(int key)
{
	return key == '/' ? CLI_PIPE_BEGIN : key == '+' ? CLI_PIPE_INCLUDE : CLI_PIPE_EXCLUDE;
}

/* Erases the last character of text, which is UTF-8, and what is seen of it. */
static void rub_out(struct pager *p, char *text, size_t *n)
{
	size_t at = *n;

	while (at && ((unsigned char)text[--at] & 0xc0) == 0x80)
		;
	for (size_t k = utf8_columns(text + at, *n - at); k; k--)
		p->write_raw(p->ctx, "\b \b", 3);
	*n = at;
	text[at] = '\0';
}

/* Reads the expression behind the key, up to Enter. False: it was broken off. */
static bool read_pattern(struct pager *p, int key, struct cli_pipe *ret_pipe)
{
	struct cli_pipe pipe = { .kind = kind_of(key) };
	char c = (char)key;
	size_t n = 0;

	p->write_raw(p->ctx, &c, 1);
	while ((key = p->key(p->ctx)) != '\r' && key != '\n') {
		if (key < 0 || key == CTRL('C') || key == CTRL('Z') || key == 0x1b)
			return false;
		c = (char)key;
		if ((key == '\b' || key == 0x7f) && n) {
			rub_out(p, pipe.text, &n);
		} else if (key == CTRL('U')) {
			while (n)
				rub_out(p, pipe.text, &n);
		} else if (key < ' ' || key == 0x7f || n == CLI_PIPE_TEXT) {
			p->write_raw(p->ctx, "\a", 1);
		} else {
			pipe.text[n++] = c;
			p->write_raw(p->ctx, &c, 1);
		}
	}
	*ret_pipe = pipe;
	return true;
}

/* True if the output goes on, through a filter (an empty expression: as it was). */
static bool ask_filter(struct pager *p, int key)
{
	struct cli_filter *f = NULL;
	struct txt why = TXT_INIT;
	struct cli_pipe pipe;
	bool go_on = true;

	p->typing = true;
	p->quit = !read_pattern(p, key, &pipe);
	p->typing = false;
	p->write_raw(p->ctx, "\n", 1);
	if (p->quit)
		return true;
	if (pipe.text[0] && cli_filter_open(&pipe, &f, &why)) {
		p->write_raw(p->ctx, txt_cstr(&why), why.len);
		go_on = false;
	} else if (f) {
		static const char filtering[] = "filtering...\n";

		p->write_raw(p->ctx, filtering, sizeof(filtering) - 1);
		cli_filter_close(p->filter, NULL);
		p->filter = f;
		p->asked++;
	}
	txt_fini(&why);
	p->shown = 0;
	return go_on;
}

/* True if it is to be asked again. */
static bool ask(struct pager *p)
{
	int k;

	p->write_raw(p->ctx, more, sizeof(more) - 1);
	k = p->key(p->ctx);
	p->write_raw(p->ctx, erase, sizeof(erase) - 1);
	if (k == '/' || k == '+' || k == '-')
		return !ask_filter(p, k);
	if (k == ' ')
		p->shown = 0;
	else if (k == '\r' || k == '\n')
		p->shown = p->length - 2; /* room for one line */
	else
		p->quit = true;
	return false;
}

/* ---- rows ---- */

/* How many bytes of s fit in what is left of this row. */
static size_t row_of(struct pager *p, const char *s, size_t n)
{
	size_t i = 0, len;

	for (; i < n && s[i] != '\n'; i += len) {
		uint32_t code;
		size_t columns;

		len = utf8_char(s + i, n - i, &code);
		/* of a character that is cut by the pieces the first one counts */
		columns = ((unsigned char)s[i] & 0xc0) == 0x80 ? 0 : code == '\t' ? 1 : utf8_width(code);
		if (!len)
			len = 1;
		if (p->width && p->column && p->column + columns > p->width)
			return i;
		p->column += (unsigned)columns;
	}
	return i < n ? i + 1 : i;
}

/* What passes no filter any more; gives back how much of it was not shown, since a filter was asked for. */
static size_t put_rows(struct pager *p, const char *s, size_t n)
{
	unsigned asked = p->asked;

	while (n && !p->quit) {
		if (p->length > 1 && p->shown + 1 >= p->length && !p->column) {
			while (ask(p))
				;
			if (p->quit || p->asked != asked)
				return n;
		}
		size_t len = row_of(p, s, n);

		p->write(p->ctx, s, len);
		/* the row is full if its line has ended, or goes on and there is no room */
		if ((len && s[len - 1] == '\n') || len < n) {
			p->shown++;
			p->column = 0;
		}
		s += len;
		n -= len;
	}
	return 0;
}

/* Text through the filter, line by line: what stands behind a stop at which another one was asked for goes through
 * that. end: nothing comes behind it. */
static void put_filtered(struct pager *p, const char *s, size_t n, bool end)
{
	struct txt t = TXT_INIT;
	size_t left;

	while (!p->quit && (n || end)) {
		const char *eol = n ? memchr(s, '\n', n) : NULL;
		size_t len = eol ? (size_t)(eol - s) + 1 : n;

		txt_clear(&t);
		cli_filter_text(p->filter, s, len, &t);
		s += len;
		n -= len;
		if (!n && end) {
			cli_filter_close(p->filter, &t);
			p->filter = NULL;
			end = false;
		}
		while ((left = put_rows(p, txt_cstr(&t), t.len)) && !p->quit) {
			struct txt again = TXT_INIT;

			cli_filter_text(p->filter, txt_cstr(&t) + t.len - left, left, &again);
			txt_fini(&t);
			t = again;
		}
	}
	txt_fini(&t);
}

void pager_put(struct pager *p, const char *s, size_t n)
{
	if (!p->filter) {
		size_t left = put_rows(p, s, n);

		s += n - left;
		n = left;
	}
	if (p->filter && n)
		put_filtered(p, s, n, false);
}

void pager_end(struct pager *p)
{
	if (p->filter)
		put_filtered(p, "", 0, true);
}
