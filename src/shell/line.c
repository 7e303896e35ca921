/* SPDX-License-Identifier: Apache-2.0 */
#include "shell/line.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/utf8.h"

void line_clear(struct line *l)
{
	secret_wipe(l->s, l->len);
	l->s[0] = '\0';
	l->len = l->at = l->yank_len = 0;
	l->over = false;
}

static void forget(char *cut)
{
	if (cut)
		secret_wipe(cut, strlen(cut));
	free(cut);
}

void line_fini(struct line *l)
{
	line_clear(l);
	for (size_t i = 0; i < LINE_CUTS; i++) {
		forget(l->cut[i]);
		l->cut[i] = NULL;
	}
}

void line_insert(struct line *l, const char *s, size_t n)
{
	l->yank_len = 0;
	if (n > SHELL_LINE_MAX - l->len) {
		l->over = true;
		return;
	}
	memmove(l->s + l->at + n, l->s + l->at, l->len - l->at + 1);
	memcpy(l->s + l->at, s, n);
	l->len += n;
	l->at += n;
}

void line_set(struct line *l, const char *s)
{
	line_clear(l);
	line_insert(l, s, strlen(s));
}

/* Bytes of the character at `at`, and whether it is shown as a part of the one before. */
static size_t next_char(const struct line *l, size_t at, bool *ret_joins)
{
	uint32_t code;
	size_t len = utf8_char(l->s + at, l->len - at, &code);

	*ret_joins = !utf8_width(code);
	return len ? len : 1;
}

static size_t right_of(const struct line *l, size_t at)
{
	bool joins;
	size_t len = at < l->len ? next_char(l, at, &joins) : 0;

	for (at += len; at < l->len; at += len) {
		len = next_char(l, at, &joins);
		if (!joins)
			break;
	}
	return at;
}

/* Where the character before `at` begins, with all that is shown as a part of it. */
static size_t left_of(const struct line *l, size_t at)
{
	bool joins = true;

	while (at && joins) {
		size_t back = at < 4 ? at : 4;

		while (back > 1 && next_char(l, at - back, &joins) != back)
			back--;
		at -= back;
		(void)next_char(l, at, &joins);
	}
	return at;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The place, as bytes from the line's begin. */
static size_t place(const struct line *l, enum line_place to)
{
	size_t at = l->at;

	switch (to) {
	case LINE_LEFT:
		return left_of(l, at);
	case LINE_RIGHT:
		return right_of(l, at);
	case LINE_WORD_LEFT:
		while (at && blank(l->s[at - 1]))
			at--;
		while (at && !blank(l->s[at - 1]))
			at--;
		return at;
	case LINE_WORD_RIGHT:
		while (at < l->len && blank(l->s[at]))
			at++;
		while (at < l->len && !blank(l->s[at]))
			at++;
		return at;
	case LINE_HOME:
		return 0;
	case LINE_END:
		break;
	}
	return l->len;
}

void line_go(struct line *l, enum line_place to)
{
	l->at = place(l, to);
	l->yank_len = 0;
}

static void keep_cut(struct line *l, const char *s, size_t n)
{
	char *copy = strndup(s, n);

	if (!copy)
		return;
	forget(l->cut[LINE_CUTS - 1]);
	memmove(&l->cut[1], &l->cut[0], (LINE_CUTS - 1) * sizeof(l->cut[0]));
	l->cut[0] = copy;
}

void line_delete(struct line *l, enum line_place to, bool keep)
{
	size_t there = place(l, to);
	size_t from = there < l->at ? there : l->at, n = (there < l->at ? l->at : there) - from;

	l->yank_len = 0;
	if (keep && n)
		keep_cut(l, l->s + from, n);
	memmove(l->s + from, l->s + from + n, l->len - from - n + 1);
	l->len -= n;
	l->at = from;
}

/* The character before the cursor and the one at it; at the end, the last two. */
void line_transpose(struct line *l)
{
	char two[64];

	if (l->at == l->len)
		line_go(l, LINE_LEFT);
	size_t mid = l->at, from = place(l, LINE_LEFT), to = place(l, LINE_RIGHT);

	l->yank_len = 0;
	if (from == mid || mid == to || to - from > sizeof(two))
		return;
	memcpy(two, l->s + mid, to - mid);
	memcpy(two + (to - mid), l->s + from, mid - from);
	memcpy(l->s + from, two, to - from);
	l->at = to;
}

void line_recase(struct line *l, enum line_case c)
{
	size_t end = place(l, LINE_WORD_RIGHT);
	bool first = true;

	l->yank_len = 0;
	for (; l->at < end; l->at++) {
		unsigned char *p = (unsigned char *)&l->s[l->at];

		if (*p >= 0x80 || !isalpha(*p))
			continue;
		*p = (unsigned char)(c == LINE_UPPER || (c == LINE_CAPITAL && first) ? toupper(*p) :
										       tolower(*p));
		first = false;
	}
}

void line_yank(struct line *l, bool next)
{
	size_t which = next && l->yank_len ? l->yanked + 1 : 0;

	if (which == LINE_CUTS || !l->cut[which])
		which = 0;
	if (!l->cut[which])
		return;
	if (next && l->yank_len) {
		memmove(l->s + l->at - l->yank_len, l->s + l->at, l->len - l->at + 1);
		l->len -= l->yank_len;
		l->at -= l->yank_len;
	}
	line_insert(l, l->cut[which], strlen(l->cut[which]));
	l->yanked = which;
	l->yank_len = l->over ? 0 : strlen(l->cut[which]);
}
