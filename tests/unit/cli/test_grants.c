/* SPDX-License-Identifier: Apache-2.0 */
/* Privilege levels by words, in a grammar of few words of which every line is tried: what runs at a level is what the longest
 * of its words allow, and `?` shows what leads to such a line and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

#define GRANTS	  6
#define WORDS_MAX 4
#define LINES	  (4 + 16 + 64 + 256)

#define TOKS(...)    (const struct cli_tok[]){ __VA_ARGS__, { 0 } }
#define ROW(id, ...) { .modes = CLI_IN(2), .action = (id), .toks = TOKS(__VA_ARGS__) }
#define K(w)	     KW(w, "A word")
#define ANY_WORD     { .kind = CLI_ARG, .type = &cli_word, .help = "Any" }
#define REST	     { .kind = CLI_ARG, .type = &cli_line, .help = "All" }
#define SOME	     { .kind = CLI_NAMES, .names = some }
#define UP_TO(n)     { .kind = CLI_GROUP, .group = CLI_REP, .max = (n) }

static const struct cli_name some[] = { { "a", "A word", 1 }, { "b", "A word", 2 }, { "x", "A word", 3 }, { NULL, NULL, 0 } };

/* Rows that begin alike, and values that are called as keywords are. */
static const struct cli_row rows[] = {
	ROW(1, K("a")),
	ROW(2, K("a"), K("b"), OPT, K("x"), CLOSE),
	ROW(3, K("a"), ANY_WORD),
	ROW(4, K("a"), K("c"), ALT, K("b"), OR, K("x"), CLOSE),
	ROW(5, K("b"), ANY, K("c"), ANY_WORD, OR, K("a"), CLOSE),
	ROW(6, K("b"), UP_TO(3), SOME, CLOSE),
	ROW(7, K("x"), REST),
	ROW(8, K("c")),
	ROW(9, K("c"), ANY_WORD, K("x")),
	{ .toks = NULL },
};
static const unsigned own[] = { 0, 1, 15, 1, 15, 5, 15, 9, 0, 1 };

struct world {
	struct cli_own_level v[GRANTS];
	size_t n;
};

static unsigned level_of(const struct cli_row *row)
{
	return own[row->action];
}

static bool grant_of(const void *root, size_t i, struct cli_own_level *ret)
{
	const struct world *w = root;

	if (i >= w->n)
		return false;
	*ret = w->v[i];
	return true;
}

static const char *box_name(const void *root)
{
	(void)root;
	return "box";
}

static const struct cli_row *const tables[] = { rows, NULL };
static const struct cli_mode modes[] = {
	[1] = { .prompt = ">", .flags = MODE_EXEC },
	[2] = { .prompt = "#", .flags = MODE_EXEC | MODE_PRIV },
	[3] = { .prompt = "(config)#" },
};
static const struct cli_grammar g = { .modes = modes, .n_modes = 4, .tables = tables, .mode_user = 1, .mode_exec = 2, .mode_config = 3,
				      .hostname = box_name, .level = level_of, .own_level = grant_of };

static const char *const words[] = { "a", "b", "c", "x" };
static char lines[LINES][16];

/* All lines of so many words. */
static void make_lines(void)
{
	size_t n = 0;

	for (unsigned len = 1; len <= WORDS_MAX; len++)
		for (unsigned code = 0; code < 1u << 2 * len; code++, n++)
			for (unsigned i = 0; i < len; i++)
				snprintf(lines[n] + strlen(lines[n]), sizeof(lines[n]) - strlen(lines[n]), "%s%s", i ? " " : "",
					 words[code >> 2 * i & 3]);
	assert_int_equal(n, LINES);
}

static bool begins(const char *line, const char *with)
{
	size_t n = strlen(with);

	return !strncmp(line, with, n) && strchr(" ", line[n]);
}

/* The row that takes the line at a level; 0: none. */
static unsigned taken(struct cli_session *s, struct world *w, unsigned level, const char *line)
{
	struct cli_result r;
	unsigned row;

	cli_session_set_level(s, level);
	cli_session_line(s, w, line, 0, &r);
	row = r.status == CLI_EXEC ? r.action : 0;
	cli_result_fini(&r);
	return row;
}

static bool shows(struct cli_session *s, struct world *w, unsigned level, const char *line, const char *word)
{
	struct txt out = TXT_INIT;
	char want[16];

	cli_session_set_level(s, level);
	cli_session_help(s, w, line, &out);
	snprintf(want, sizeof(want), "  %s ", word);
	bool is = strstr(txt_cstr(&out), want);
	txt_fini(&out);
	return is;
}

static uint64_t seed = 5;

static unsigned below(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

/* Lines, or the beginnings of some, with levels: each once. */
static void make_world(struct world *w)
{
	w->n = 0;
	for (unsigned tries = below(2 * GRANTS) + 1; tries-- > 0 && w->n < GRANTS;) {
		struct txt full = TXT_INIT;
		const char *text = lines[below(2) ? below(84) : below(20)];
		bool there = cli_expand(&g, 2, text, &full);

		txt_fini(&full);
		for (size_t i = 0; i < w->n; i++)
			there |= !strcmp(w->v[i].text, text);
		if (!there)
			w->v[w->n++] = (struct cli_own_level){ CLI_IN(2), below(16), text };
	}
}

static unsigned allowed_from(const struct world *w, unsigned row, const char *line)
{
	size_t best = 0;
	unsigned level = own[row];

	for (size_t i = 0; i < w->n; i++)
		if (begins(line, w->v[i].text) && strlen(w->v[i].text) > best) {
			best = strlen(w->v[i].text);
			level = w->v[i].level;
		}
	return level;
}

static void what_runs_and_what_is_shown_is_what_the_words_allow(void **state)
{
	struct cli_session *s = cli_session_new(&g, 2);
	unsigned runs[LINES], ran = 0, refused = 0, hidden = 0;
	struct world w;

	(void)state;
	make_lines();
	for (unsigned round = 0; round < 120; round++) {
		unsigned level = below(15);

		make_world(&w);
		for (size_t i = 0; i < LINES; i++) {
			unsigned whole = taken(s, &w, 15, lines[i]);

			runs[i] = taken(s, &w, level, lines[i]);
			if (runs[i] && (!whole || allowed_from(&w, runs[i], lines[i]) > level))
				fail_msg("round %u: level %u runs %s (row %u)", round, level, lines[i], runs[i]);
			if (whole && !runs[i] && allowed_from(&w, whole, lines[i]) <= level)
				fail_msg("round %u: level %u is refused %s (row %u)", round, level, lines[i], whole);
			ran += runs[i] != 0;
			refused += whole && !runs[i];
		}
		/* behind nothing, and behind each line of a word or two */
		for (int i = -1; i < 20; i++)
			for (size_t k = 0; k < 4; k++) {
				char before[32] = "", line[64];
				bool leads = false;

				if (i >= 0)
					snprintf(before, sizeof(before), "%s ", lines[i]);
				snprintf(line, sizeof(line), "%s%s", before, words[k]);
				if (!shows(s, &w, 15, before, words[k]))
					continue;
				for (size_t j = 0; j < LINES; j++)
					leads |= runs[j] && begins(lines[j], line);
				if (shows(s, &w, level, before, words[k]) != leads)
					fail_msg("round %u: level %u, %s is %s", round, level, line, leads ? "hidden" : "shown");
				hidden += !leads;
			}
	}
	assert_true(ran > 500 && refused > 500 && hidden > 100);
	cli_session_free(s);
}

/* `a b` is a command of level 15; that level 1 has `a WORD` does not make a word of it. */
static void a_keyword_is_no_value_of_who_lacks_it(void **state)
{
	struct world w = { 0 };
	struct cli_session *s = cli_session_new(&g, 2);

	(void)state;
	assert_int_equal(taken(s, &w, 15, "a b"), 2);
	assert_int_equal(taken(s, &w, 1, "a x"), 3);
	assert_int_equal(taken(s, &w, 1, "a b"), 0);
	/* nor one that only begins a command */
	assert_int_equal(taken(s, &w, 1, "a c"), 0);
	cli_session_free(s);
}

static void two_that_are_one_have_the_higher_level(void **state)
{
	struct world w = { { { CLI_IN(2), 3, "a" }, { CLI_IN(2), 7, "a" }, { CLI_IN(2), 5, "a" } }, 3 };
	struct cli_session *s = cli_session_new(&g, 2);

	(void)state;
	assert_int_equal(taken(s, &w, 6, "a"), 0);
	assert_int_equal(taken(s, &w, 7, "a"), 1);
	cli_session_free(s);
}

/* So many that nobody looks at all of them. */
static bool endless(const void *root, size_t i, struct cli_own_level *ret)
{
	*ret = (struct cli_own_level){ CLI_IN(2), 0, "c" };
	return i < *(const size_t *)root;
}

static void with_more_than_are_looked_at_a_level_has_nothing(void **state)
{
	struct cli_grammar many = g;
	struct cli_session *s;
	size_t n;

	(void)state;
	many.own_level = endless;
	s = cli_session_new(&many, 2);
	for (n = CLI_GRANTS_MAX; n <= CLI_GRANTS_MAX + 1; n++)
		for (unsigned level = 0; level <= 15; level++) {
			struct cli_result r;
			struct txt out = TXT_INIT;
			bool has = level == 15 || n <= CLI_GRANTS_MAX;

			cli_session_set_level(s, level);
			cli_session_line(s, &n, "c", 0, &r);
			assert_int_equal(r.status == CLI_EXEC, has);
			cli_result_fini(&r);
			cli_session_help(s, &n, "", &out);
			assert_int_equal(strstr(txt_cstr(&out), "  c ") != NULL, has);
			txt_fini(&out);
		}
	cli_session_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_runs_and_what_is_shown_is_what_the_words_allow),
		cmocka_unit_test(a_keyword_is_no_value_of_who_lacks_it),
		cmocka_unit_test(two_that_are_one_have_the_higher_level),
		cmocka_unit_test(with_more_than_are_looked_at_a_level_has_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
