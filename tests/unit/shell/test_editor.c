/* SPDX-License-Identifier: Apache-2.0 */
/* Lines, keys, drawing and recall, without a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <assert.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/utf8.h"
#include "shell/keys.h"
#include "shell/line.h"
#include "shell/recall.h"
#include "shell/safe.h"
#include "shell/screen.h"

/* ---- lines ---- */

/* A text with `|` where the cursor is. */
static void put(struct line *l, const char *s)
{
	const char *bar = strchr(s, '|');

	line_clear(l);
	line_insert(l, s, (size_t)(bar - s));
	line_insert(l, bar + 1, strlen(bar + 1));
	l->at = (size_t)(bar - s);
}

static const char *shown(const struct line *l)
{
	static char s[SHELL_LINE_MAX + 2];

	snprintf(s, sizeof(s), "%.*s|%s", (int)l->at, l->s, l->s + l->at);
	return s;
}

static void each_key_does_to_a_line_what_ios_does(void **state)
{
	static const struct {
		const char *before, *do_, *after;
	} rows[] = {
		{ "show ver|sion", "left", "show ve|rsion" },
		{ "|show", "left", "|show" },
		{ "show|", "right", "show|" },
		{ "ip address 10.1|", "word left", "ip address |10.1" },
		{ "ip address |10.1", "word left", "ip |address 10.1" },
		{ "ip| address 10.1", "word right", "ip address| 10.1" },
		{ "show| x", "home", "|show x" },
		{ "show| x", "end", "show x|" },
		{ "show|", "erase", "sho|" },
		{ "s|how", "delete", "s|ow" },
		{ "show ver|sion", "cut home", "|sion" },
		{ "show ver|sion", "cut end", "show ver|" },
		{ "show ver |sion", "cut word left", "show |sion" },
		{ "show| ver sion", "cut word right", "show| sion" },
		{ "a|b", "transpose", "ba|" },
		{ "ab|", "transpose", "ba|" },
		{ "|ab", "transpose", "|ab" },
		{ "x |tunnel0 y", "upper", "x TUNNEL0| y" },
		{ "x |TUNNEL0 y", "lower", "x tunnel0| y" },
		{ "x| tuNNel0 y", "capital", "x Tunnel0| y" },
		/* characters of several bytes are one */
		{ "Z\xc3\xbcrich|", "word left", "|Z\xc3\xbcrich" },
		{ "Z\xc3\xbc|", "left", "Z|\xc3\xbc" },
		{ "Z\xc3\xbc|", "erase", "Z|" },
		{ "a\xf0\x9f\x98\x80|", "transpose", "\xf0\x9f\x98\x80" "a|" },
		{ "\xc3\xbc|\xe2\x82\xac", "transpose", "\xe2\x82\xac\xc3\xbc|" },
		{ "\xe4\xb8\xad\xe6\x96\x87|", "erase", "\xe4\xb8\xad|" },
		{ "\xe4\xb8\xad|\xe6\x96\x87", "delete", "\xe4\xb8\xad|" },
		{ "|\xf0\x9f\x98\x80x", "right", "\xf0\x9f\x98\x80|x" },
		{ "|\xf0\x9f\x98\x80x", "delete", "|x" },
		/* and so is what is combined with them */
		{ "e\xcc\x81\xcc\xa3|x", "left", "|e\xcc\x81\xcc\xa3x" },
		{ "|e\xcc\x81\xcc\xa3x", "right", "e\xcc\x81\xcc\xa3|x" },
		{ "e\xcc\x81|", "erase", "|" },
		{ "xe\xcc\x81|", "transpose", "e\xcc\x81x|" },
		{ "\xcc\x81|", "erase", "|" },
		/* bytes that are none are one each, as they are shown: stray, overlong, half of a pair, cut */
		{ "\x80\x80|", "erase", "\x80|" },
		{ "\xc3\xbc\x80|", "erase", "\xc3\xbc|" },
		{ "\xc0\xaf|", "erase", "\xc0|" },
		{ "|\xed\xa0\x80", "right", "\xed|\xa0\x80" },
		{ "\xe4\xb8|", "left", "\xe4|\xb8" },
		{ "a\xe4\xb8|x", "erase", "a\xe4|x" },
		{ "a\xc2\x9b|", "erase", "a|" }, /* C1 */
	};
	struct line l = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *d = rows[i].do_;

		put(&l, rows[i].before);
		if (!strcmp(d, "left"))
			line_go(&l, LINE_LEFT);
		else if (!strcmp(d, "right"))
			line_go(&l, LINE_RIGHT);
		else if (!strcmp(d, "word left"))
			line_go(&l, LINE_WORD_LEFT);
		else if (!strcmp(d, "word right"))
			line_go(&l, LINE_WORD_RIGHT);
		else if (!strcmp(d, "home"))
			line_go(&l, LINE_HOME);
		else if (!strcmp(d, "end"))
			line_go(&l, LINE_END);
		else if (!strcmp(d, "erase"))
			line_delete(&l, LINE_LEFT, false);
		else if (!strcmp(d, "delete"))
			line_delete(&l, LINE_RIGHT, false);
		else if (!strcmp(d, "cut home"))
			line_delete(&l, LINE_HOME, true);
		else if (!strcmp(d, "cut end"))
			line_delete(&l, LINE_END, true);
		else if (!strcmp(d, "cut word left"))
			line_delete(&l, LINE_WORD_LEFT, true);
		else if (!strcmp(d, "cut word right"))
			line_delete(&l, LINE_WORD_RIGHT, true);
		else if (!strcmp(d, "transpose"))
			line_transpose(&l);
		else
			line_recase(&l, !strcmp(d, "upper") ? LINE_UPPER :
					!strcmp(d, "lower") ? LINE_LOWER : LINE_CAPITAL);
		assert_string_equal(shown(&l), rows[i].after);
		assert_int_equal(l.len, strlen(l.s));
	}
	line_fini(&l);
}

static void what_was_cut_comes_back_and_the_one_before_it(void **state)
{
	struct line l = { 0 };

	(void)state;
	line_yank(&l, false); /* nothing yet */
	put(&l, "one two|");
	line_delete(&l, LINE_WORD_LEFT, true);
	line_delete(&l, LINE_HOME, true);
	line_yank(&l, false);
	assert_string_equal(shown(&l), "one |");
	line_yank(&l, true);
	assert_string_equal(shown(&l), "two|");
	line_yank(&l, true); /* round */
	assert_string_equal(shown(&l), "one |");
	line_insert(&l, "x", 1);
	line_yank(&l, true); /* something else was typed: this is another one */
	assert_string_equal(shown(&l), "one xone |");
	for (int i = 0; i < 3 * LINE_CUTS; i++) {
		put(&l, "abc|");
		line_delete(&l, LINE_HOME, true);
	}
	line_fini(&l);
}

static void a_line_that_is_too_long_is_marked_and_not_cut(void **state)
{
	struct line l = { 0 };

	(void)state;
	for (int i = 0; i < SHELL_LINE_MAX; i++)
		line_insert(&l, "x", 1);
	assert_false(l.over);
	line_insert(&l, "y", 1);
	assert_true(l.over);
	assert_int_equal(l.len, SHELL_LINE_MAX);
	line_clear(&l);
	assert_false(l.over);
	line_fini(&l);
}

/* ---- keys ---- */

static enum key last_key(const char *bytes)
{
	struct keys k = { 0 };
	enum key key = KEY_NONE;

	for (; *bytes; bytes++)
		key = keys_take(&k, (uint8_t)*bytes);
	return key;
}

static void sequences_of_terminals_are_keys(void **state)
{
	static const struct {
		const char *bytes;
		enum key key;
	} rows[] = {
		{ "a", KEY_TEXT },	    { "\xc3", KEY_TEXT },     { "?", KEY_HELP },
		{ "\t", KEY_COMPLETE },	    { "\r", KEY_ENTER },      { "\n", KEY_ENTER },
		{ "\x1b[A", KEY_EARLIER },  { "\x1bOA", KEY_EARLIER }, { "\x1b[B", KEY_LATER },
		{ "\x1b[C", KEY_RIGHT },    { "\x1b[D", KEY_LEFT },   { "\x1b[H", KEY_HOME },
		{ "\x1b[1~", KEY_HOME },    { "\x1b[4~", KEY_END },   { "\x1b[3~", KEY_DELETE },
		{ "\x1b[15~", KEY_UNKNOWN }, { "\x1b[1;5C", KEY_RIGHT }, { "\x1b[999999999999~", KEY_UNKNOWN },
		{ "\x1b" "b", KEY_WORD_LEFT }, { "\x1b" "F", KEY_WORD_RIGHT }, { "\x1b" "d", KEY_CUT_WORD_RIGHT },
		{ "\x1b" "u", KEY_UPPER },  { "\x1b" "l", KEY_LOWER }, { "\x1b" "c", KEY_CAPITAL },
		{ "\x16?", KEY_TEXT },	    { "\x16\x1b", KEY_TEXT }, { "\x1bq?", KEY_TEXT },
		{ "\x1b\r", KEY_ENTER },    { "\x1b[\x03", KEY_ABANDON }, { "\x1b[12\r", KEY_ENTER },
		{ "\x1b\x1b[A", KEY_EARLIER }, { "\x1f", KEY_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(last_key(rows[i].bytes), rows[i].key);
}

/* ---- drawing ---- */

/* A terminal that knows no more than backspace: what its row holds behind the prompt. */
struct row {
	uint32_t cell[SCREEN_CELLS + 64];
	size_t at, far;
};

static void row_write(struct row *r, const struct txt *t)
{
	for (size_t i = 0, n; i < t->len; i += n) {
		uint32_t code;

		n = utf8_char(t->s + i, t->len - i, &code);
		assert_true(n > 0);
		if (code == '\b') {
			assert_true(r->at > 0);
			r->at--;
			continue;
		}
		assert_false(utf8_is_control(code));
		r->cell[r->at++] = code;
		if (wcwidth((wchar_t)code) == 2)
			r->cell[r->at++] = 0;
		if (r->at > r->far)
			r->far = r->at;
	}
}

static void draw(struct screen *s, const struct line *l, struct row *r)
{
	struct txt out = TXT_INIT;

	screen_draw(s, l, &out);
	row_write(r, &out);
	txt_fini(&out);
}

static const char *row_text(const struct row *r)
{
	static char s[SCREEN_CELLS + 65];
	size_t n = r->far;

	while (n && (r->cell[n - 1] == ' ' || !r->cell[n - 1]))
		n--;
	for (size_t i = 0; i < n; i++)
		s[i] = (char)(r->cell[i] < 0x80 ? r->cell[i] : '#');
	s[n] = '\0';
	return s;
}

static void what_is_typed_at_the_end_is_only_added(void **state)
{
	static struct screen s;
	struct line l = { 0 };
	struct txt out = TXT_INIT;

	(void)state;
	s.width = 80;
	screen_begin(&s, "R1#");
	line_insert(&l, "show", 4);
	screen_draw(&s, &l, &out);
	assert_string_equal(txt_cstr(&out), "show");
	txt_clear(&out);
	line_insert(&l, " v", 2);
	screen_draw(&s, &l, &out);
	assert_string_equal(txt_cstr(&out), " v");
	txt_clear(&out);
	line_delete(&l, LINE_LEFT, false);
	screen_draw(&s, &l, &out);
	assert_string_equal(txt_cstr(&out), "\b \b");
	txt_clear(&out);
	line_go(&l, LINE_HOME);
	screen_draw(&s, &l, &out);
	assert_string_equal(txt_cstr(&out), "\b\b\b\b\b");
	txt_clear(&out);
	line_insert(&l, "x", 1);
	screen_draw(&s, &l, &out);
	assert_string_equal(txt_cstr(&out), "xshow \b\b\b\b\b");
	txt_fini(&out);
	line_fini(&l);
}

static void a_long_line_scrolls_and_dollars_mark_what_is_cut(void **state)
{
	static struct screen s;
	static struct row r;
	struct line l = { 0 };

	(void)state;
	memset(&r, 0, sizeof(r));
	s.width = 34; /* 30 columns for the line */
	screen_begin(&s, "%Warning: a line above the question takes no room beside it\nR1#");
	line_insert(&l, "abcdefghijklmnopqrstuvwxyz012", 29);
	draw(&s, &l, &r);
	assert_string_equal(row_text(&r), "abcdefghijklmnopqrstuvwxyz012");
	line_insert(&l, "3456", 4);
	draw(&s, &l, &r);
	assert_int_equal(row_text(&r)[0], '$');
	assert_string_equal(strstr(row_text(&r), "vwxyz"), "vwxyz0123456");
	line_go(&l, LINE_HOME);
	draw(&s, &l, &r);
	assert_string_equal(row_text(&r), "abcdefghijklmnopqrstuvwxyz012$");
	assert_int_equal(r.at, 0);
	/* the last column of the terminal is never written */
	assert_true(r.far < 34 - 3);
	line_fini(&l);
}

/* How many blanks of n are left before a caret. */
static size_t caret_at(const struct screen *s, size_t n)
{
	char text[128];

	assert_true(n < 100);
	memset(text, ' ', n);
	strcpy(text + n, "^\n% ");
	return n - screen_caret(s, text, strlen(text));
}

static void a_caret_stands_below_what_is_shown(void **state)
{
	static struct screen s;
	static struct row r;
	struct line l = { 0 };

	(void)state;
	memset(&r, 0, sizeof(r));
	s.width = 34;
	screen_begin(&s, "R1#");
	line_insert(&l, "abcdefghijklmnopqrstuvwxyz", 26);
	draw(&s, &l, &r);
	assert_int_equal(caret_at(&s, 3 + 25), 3 + 25); /* not scrolled */
	line_insert(&l, "0123456789", 10);
	draw(&s, &l, &r);
	for (size_t i = 0; i < l.len; i++) {
		const char *seen = strchr(row_text(&r), l.s[i]);

		assert_int_equal(caret_at(&s, 3 + i), 3 + (seen ? (size_t)(seen - row_text(&r)) : 0));
	}
	assert_int_equal(caret_at(&s, 2), 2); /* that is no place of the line */
	assert_int_equal(screen_caret(&s, "       ^ x\n", 11), 0);
	assert_int_equal(screen_caret(&s, "       ^", 8), 0);
	assert_int_equal(screen_caret(&s, "          ", 10), 0);
	assert_int_equal(screen_caret(&s, "", 0), 0);
	line_fini(&l);
}

static void without_a_width_nothing_is_cut(void **state)
{
	static struct screen s;
	static struct row r;
	struct line l = { 0 };

	(void)state;
	memset(&r, 0, sizeof(r));
	s.width = 0;
	screen_begin(&s, "R1#");
	for (int i = 0; i < SHELL_LINE_MAX; i++)
		line_insert(&l, "\x01", 1);
	draw(&s, &l, &r);
	assert_int_equal(r.at, 2 * SHELL_LINE_MAX);
	line_fini(&l);
}

/* Whatever keys come: the row is what the line is, and the cursor stands where it is. */
static void drawing_what_changed_is_as_good_as_drawing_all(void **state)
{
	static const char *const bits[] = { "a", "show ", "\xc3\xbc", "\xe6\xbc\xa2", "\x03", "\x80", "e\xcc\x81", "\xf0\x9f\x98\x80" };
	static struct screen s, fresh;
	static struct row r, want;
	struct line l = { 0 };

	(void)state;
	srand(7);
	for (unsigned width = 0; width < 70; width += 23) {
		memset(&r, 0, sizeof(r));
		line_clear(&l);
		s.width = fresh.width = width;
		screen_begin(&s, "Router(config)#");
		for (int i = 0; i < 3000; i++) {
			const char *bit = bits[(size_t)rand() % 8];

			switch (rand() % 8) {
			case 0:
				line_go(&l, (enum line_place)(rand() % 6));
				break;
			case 1:
				line_delete(&l, (enum line_place)(rand() % (rand() % 9 ? 2 : 6)), true);
				break;
			case 2:
				line_transpose(&l);
				break;
			default:
				line_insert(&l, bit, strlen(bit));
			}
			draw(&s, &l, &r);
			memset(&want, 0, sizeof(want));
			screen_begin(&fresh, "Router(config)#");
			fresh.off = s.off; /* where it has scrolled to depends on the way there */
			draw(&fresh, &l, &want);
			if (width)
				assert_true(r.far < width || width < 40);
			assert_int_equal(r.at, want.at);
			char *a = strdup(row_text(&r));
			assert_string_equal(a, row_text(&want));
			free(a);
		}
	}
	line_fini(&l);
}

/* ---- recall ---- */

static void lines_come_back_newest_first(void **state)
{
	struct recall r = { 0 };

	(void)state;
	recall_resize(&r, 3);
	recall_add(&r, "one");
	recall_add(&r, "two");
	recall_add(&r, "two"); /* once */
	recall_add(&r, "  ");  /* not at all */
	assert_string_equal(recall_move(&r, true), "two");
	assert_string_equal(recall_move(&r, true), "one");
	assert_null(recall_move(&r, true));
	assert_string_equal(recall_move(&r, false), "two");
	assert_string_equal(recall_move(&r, false), "");
	recall_add(&r, "three");
	recall_add(&r, "four"); /* "one" goes */
	for (int i = 0; i < 2; i++)
		(void)recall_move(&r, true);
	assert_string_equal(recall_move(&r, true), "two");
	assert_null(recall_move(&r, true));
	recall_resize(&r, 1);
	assert_string_equal(recall_move(&r, true), "four");
	assert_null(recall_move(&r, true));
	recall_resize(&r, 0);
	recall_add(&r, "five");
	assert_null(recall_move(&r, true));
	recall_fini(&r);
}

/* ---- what others wrote ---- */

static void text_of_others_cannot_act_on_a_terminal(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "plain\n\ttext\n", "plain\n\ttext\n" },
		{ "\x1b[2J\x07", "^[[2J^G" },
		{ "a\rb\x7f", "a^Mb^?" },
		{ "Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x98\x80", "Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x98\x80" },
		{ "\xc2\x9b" "31m", "?31m" }, /* C1 */
		{ "\x9b\xff\xfe", "???" },
		{ "\xc0\xaf \xed\xa0\x80 \xf4\x90\x80\x80", "?? ??? ????" },
		{ "\xe2\x82x \xc3\n", "??x ?\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t piece = 1; piece < 8; piece++) {
			struct txt out = TXT_INIT;
			struct safe f = { 0 };
			size_t n = strlen(rows[i].text);

			for (size_t at = 0; at < n; at += piece)
				safe_put(&f, rows[i].text + at, n - at < piece ? n - at : piece, &out);
			assert_string_equal(txt_cstr(&out), rows[i].want);
			txt_fini(&out);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_key_does_to_a_line_what_ios_does),
		cmocka_unit_test(what_was_cut_comes_back_and_the_one_before_it),
		cmocka_unit_test(a_line_that_is_too_long_is_marked_and_not_cut),
		cmocka_unit_test(sequences_of_terminals_are_keys),
		cmocka_unit_test(what_is_typed_at_the_end_is_only_added),
		cmocka_unit_test(a_long_line_scrolls_and_dollars_mark_what_is_cut),
		cmocka_unit_test(a_caret_stands_below_what_is_shown),
		cmocka_unit_test(without_a_width_nothing_is_cut),
		cmocka_unit_test(drawing_what_changed_is_as_good_as_drawing_all),
		cmocka_unit_test(lines_come_back_newest_first),
		cmocka_unit_test(text_of_others_cannot_act_on_a_terminal),
	};

	assert(setlocale(LC_CTYPE, "C.UTF-8"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
