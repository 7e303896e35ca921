/* SPDX-License-Identifier: Apache-2.0 */
/* Frames, pager and command splitting: what the client is made of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shell/pager.h"
#include "shell/shell_proto.h"
#include "shell/split.h"

/* ---- frames ---- */

/* Feeds exactly n bytes of s from a heap block of that size. */
static void feed(struct shell_reader *r, const char *s, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1);

	assert_non_null(exact);
	memcpy(exact, s, n);
	assert_true(shell_reader_feed(r, span_of(exact, n)));
	free(exact);
}

static void a_frame_comes_back_as_it_was_put(void **state)
{
	static const uint8_t types[] = { SHELL_LINE,   SHELL_HELP,   SHELL_COMPLETE, SHELL_INTERRUPT,
					 SHELL_END,    SHELL_OUTPUT, SHELL_ASYNC,    SHELL_INSERT,
					 SHELL_PROMPT, SHELL_CLOSE };
	struct shell_reader r = { 0 };
	struct txt t = TXT_INIT;
	struct span p;
	uint8_t type;

	(void)state;
	for (size_t i = 0; i < sizeof(types); i++)
		shell_frame_put(&t, types[i], span_of("show clock", i));
	feed(&r, t.s, t.len);
	for (size_t i = 0; i < sizeof(types); i++) {
		assert_int_equal(shell_reader_next(&r, &type, &p), 1);
		assert_int_equal(type, types[i]);
		assert_int_equal(p.len, i);
		assert_memory_equal(i ? (const char *)p.p : "", "show clock", i);
	}
	assert_int_equal(shell_reader_next(&r, &type, &p), 0);
	shell_reader_fini(&r);
	txt_fini(&t);
}

static void every_truncation_waits_for_the_rest(void **state)
{
	struct txt t = TXT_INIT;
	struct span p;
	uint8_t type;

	(void)state;
	shell_frame_put(&t, SHELL_LINE, span_of("conf t", 6));
	for (size_t n = 0; n < t.len; n++) {
		struct shell_reader r = { 0 };

		feed(&r, t.s, n);
		assert_int_equal(shell_reader_next(&r, &type, &p), 0);
		feed(&r, t.s + n, t.len - n);
		assert_int_equal(shell_reader_next(&r, &type, &p), 1);
		assert_int_equal(p.len, 6);
		assert_memory_equal(p.p, "conf t", 6);
		shell_reader_fini(&r);
	}
	txt_fini(&t);
}

static void bytes_that_come_one_by_one_make_the_same_frames(void **state)
{
	struct shell_reader r = { 0 };
	struct txt t = TXT_INIT;
	struct span p;
	uint8_t type;
	unsigned frames = 0;

	(void)state;
	for (int i = 0; i < 50; i++)
		shell_frame_put(&t, SHELL_OUTPUT, span_of("line\n", (size_t)i % 6));
	for (size_t i = 0; i < t.len; i++) {
		feed(&r, t.s + i, 1);
		while (shell_reader_next(&r, &type, &p) == 1) {
			assert_int_equal(p.len, frames % 6);
			frames++;
		}
	}
	assert_int_equal(frames, 50);
	shell_reader_fini(&r);
	txt_fini(&t);
}

static void what_is_no_frame_is_refused(void **state)
{
	static const uint8_t bad[][5] = {
		{ 0, 0, 0, 0, 1 },		      /* type 0 */
		{ SHELL_CLOSE + 1, 0, 0, 0, 0 },      /* unknown type */
		{ 255, 0, 0, 0, 0 },
		{ SHELL_LINE, 0, 1, 0, 1 },	      /* one byte too long */
		{ SHELL_OUTPUT, 0xff, 0xff, 0xff, 0xff },
		{ SHELL_OUTPUT, 0x80, 0, 0, 0 },
	};
	struct span p;
	uint8_t type;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct shell_reader r = { 0 };

		feed(&r, (const char *)bad[i], 5);
		assert_int_equal(shell_reader_next(&r, &type, &p), -EBADMSG);
		/* and stays refused */
		assert_int_equal(shell_reader_next(&r, &type, &p), -EBADMSG);
		shell_reader_fini(&r);
	}
}

static void a_long_output_travels_in_several_frames(void **state)
{
	size_t n = 3 * SHELL_FRAME_MAX + 17, got = 0;
	struct shell_reader r = { 0 };
	struct txt t = TXT_INIT;
	char *text = malloc(n);
	struct span p;
	uint8_t type;
	unsigned frames = 0;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < n; i++)
		text[i] = (char)('a' + i % 26);
	shell_frame_put(&t, SHELL_OUTPUT, span_of(text, n));
	feed(&r, t.s, t.len);
	while (shell_reader_next(&r, &type, &p) == 1) {
		assert_memory_equal(p.p, text + got, p.len);
		got += p.len;
		frames++;
	}
	assert_int_equal(frames, 4);
	assert_int_equal(got, n);
	shell_reader_fini(&r);
	txt_fini(&t);
	free(text);
}

/* ---- pager ---- */

struct glass {
	struct txt out;
	const char *keys; /* what will be pressed; then the end of input */
	unsigned stops;
};

static void screen_write(void *ctx, const char *s, size_t n)
{
	struct glass *sc = ctx;

	txt_mem(&sc->out, s, n);
}

static int screen_key(void *ctx)
{
	struct glass *sc = ctx;

	sc->stops++;
	return *sc->keys ? *sc->keys++ : -1;
}

/* Lines 1 to n through a pager of that length, in pieces of `piece` bytes. */
static unsigned page(struct glass *sc, unsigned length, const char *keys, unsigned n, size_t piece)
{
	struct pager p = { .length = length, .write = screen_write, .write_raw = screen_write,
			   .key = screen_key, .ctx = sc };
	struct txt t = TXT_INIT;
	unsigned shown = 0;

	sc->keys = keys;
	sc->stops = 0;
	txt_clear(&sc->out);
	for (unsigned i = 1; i <= n; i++)
		txt_printf(&t, "line %u\n", i);
	pager_reset(&p);
	for (size_t at = 0; at < t.len; at += piece)
		pager_put(&p, t.s + at, t.len - at < piece ? t.len - at : piece);
	pager_end(&p);
	pager_reset(&p);
	for (const char *s = txt_cstr(&sc->out); (s = strstr(s, "line ")); s++)
		shown += s == sc->out.s || s[-1] == '\n' || s[-1] == '\r'; /* else it was typed */
	txt_fini(&t);
	return shown;
}

static void space_shows_a_page_enter_a_line_and_q_ends(void **state)
{
	struct glass sc = { 0 };

	(void)state;
	for (size_t piece = 1; piece < 100; piece += 7) {
		assert_int_equal(page(&sc, 0, "", 100, piece), 100);
		assert_int_equal(sc.stops, 0);
		assert_int_equal(page(&sc, 24, "q", 100, piece), 23);
		assert_int_equal(page(&sc, 24, " q", 100, piece), 46);
		assert_int_equal(page(&sc, 24, " \n\rq", 100, piece), 48);
		assert_int_equal(page(&sc, 24, "    ", 100, piece), 100);
		assert_int_equal(sc.stops, 4);
		/* the end of input ends the output, too */
		assert_int_equal(page(&sc, 24, "", 100, piece), 23);
	}
	txt_fini(&sc.out);
}

static void an_output_that_fits_does_not_stop(void **state)
{
	struct glass sc = { 0 };

	(void)state;
	assert_int_equal(page(&sc, 24, "", 23, 1000), 23);
	assert_int_equal(sc.stops, 0);
	assert_int_equal(page(&sc, 2, " ", 2, 1000), 2);
	assert_int_equal(sc.stops, 1);
	txt_fini(&sc.out);
}

static void the_more_prompt_is_erased_as_ios_does(void **state)
{
	struct glass sc = { 0 };

	(void)state;
	(void)page(&sc, 2, " ", 2, 1000);
	assert_string_equal(txt_cstr(&sc.out),
			    "line 1\n --More-- "
			    "\b\b\b\b\b\b\b\b\b         \b\b\b\b\b\b\b\b\b\rline 2\n");
	txt_fini(&sc.out);
}

/* ---- -c ---- */

static void commands_are_split_at_semicolons_and_line_ends(void **state)
{
	static const struct {
		const char *text;
		const char *want; /* joined by | */
	} rows[] = {
		{ "show clock", "show clock" },
		{ "conf t; hostname X ;end", "conf t|hostname X|end" },
		{ " ; ;\n;a;;b ", "a|b" },
		{ "a\r\nb\nc", "a|b|c" },
		{ "description a\\;b;c", "description a;b|c" },
		{ "show run | include \\.1", "show run | include \\.1" },
		{ "a\\", "a\\" },
		{ "", "" },
		{ ";;;", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct txt line = TXT_INIT, all = TXT_INIT;
		const char *s = rows[i].text;

		while (shell_split(&s, &line)) {
			if (all.len)
				txt_char(&all, '|');
			txt_str(&all, line.s);
		}
		/* the bar of a pipe is a bar in both */
		assert_string_equal(txt_cstr(&all), rows[i].want);
		txt_fini(&line);
		txt_fini(&all);
	}
}

static void an_expression_at_more_filters_what_is_left(void **state)
{
	static const struct {
		const char *keys;
		unsigned shown;
		const char *first; /* behind what the filter says */
	} rows[] = {
		{ "/line 50\r q", 23 + 23 + 23, "line 50\n" }, /* from there on, all */
		{ "/^line 9.$\r", 23 + 11, "line 90\n" },
		{ "+7$\r", 23 + 8, "line 27\n" },
		{ "-[0-8]$\r", 23 + 8, "line 29\n" },
		{ "-[0-8]\b\x7f]$\n", 23 + 23, "line 24\n" }, /* `[0-]$` */
		{ "/junk\x15line 99\r", 23 + 2, "line 99\n" },
		{ "/nothing\r", 23, "" },
		{ "/line 30\r/line 98\r", 23 + 23 + 3, "line 30\n" },
		{ "/line 30\r+8$\r", 23 + 23 + 5, "line 30\n" }, /* of what is left: 58, 68, ... 98 */
		{ "/(\rq", 23, NULL }, /* no expression: it is asked again */
		{ "/\r q", 23 + 23 + 23, NULL }, /* none at all: it goes on */
		{ "/line 50\x1b", 23, NULL },
		{ "/line 50\x03", 23, NULL },
		{ "/line 50", 23, NULL },
	};
	struct glass sc = { 0 };

	(void)state;
	for (size_t piece = 1; piece < 2000; piece = piece * 3 + 4) {
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			static const char says[] = "filtering...\n";

			assert_int_equal(page(&sc, 24, rows[i].keys, 100, piece), rows[i].shown);
			const char *said = strstr(txt_cstr(&sc.out), says);

			assert_int_equal(said != NULL, rows[i].first != NULL);
			if (said)
				assert_memory_equal(said + strlen(says), rows[i].first, strlen(rows[i].first));
		}
	}
	txt_fini(&sc.out);
}

static void an_expression_has_a_length_and_a_filter_keeps_a_line_without_an_end(void **state)
{
	struct glass sc = { 0 };
	struct pager p = { .length = 2, .write = screen_write, .write_raw = screen_write, .key = screen_key, .ctx = &sc };
	char keys[CLI_PIPE_TEXT + 100];

	(void)state;
	memset(keys, 'x', sizeof(keys) - 2);
	keys[0] = '-';
	keys[sizeof(keys) - 2] = '\r';
	keys[sizeof(keys) - 1] = '\0';
	sc.keys = keys;
	pager_reset(&p);
	pager_put(&p, "one\ntwo", 7);
	assert_null(strstr(txt_cstr(&sc.out), "two"));
	assert_non_null(strchr(txt_cstr(&sc.out), '\a'));
	assert_int_equal(*sc.keys, '\0'); /* all of it was the expression's */
	pager_end(&p);
	assert_non_null(strstr(txt_cstr(&sc.out), "filtering...\ntwo\n"));
	pager_reset(&p);
	txt_fini(&sc.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_frame_comes_back_as_it_was_put),
		cmocka_unit_test(every_truncation_waits_for_the_rest),
		cmocka_unit_test(bytes_that_come_one_by_one_make_the_same_frames),
		cmocka_unit_test(what_is_no_frame_is_refused),
		cmocka_unit_test(a_long_output_travels_in_several_frames),
		cmocka_unit_test(space_shows_a_page_enter_a_line_and_q_ends),
		cmocka_unit_test(an_output_that_fits_does_not_stop),
		cmocka_unit_test(the_more_prompt_is_erased_as_ios_does),
		cmocka_unit_test(an_expression_at_more_filters_what_is_left),
		cmocka_unit_test(an_expression_has_a_length_and_a_filter_keeps_a_line_without_an_end),
		cmocka_unit_test(commands_are_split_at_semicolons_and_line_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
