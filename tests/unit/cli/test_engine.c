/* SPDX-License-Identifier: Apache-2.0 */
/* The engine with a grammar of its own: it knows no command. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

struct kept {
	struct cli_kept line[16];
	char text[16][64];
	size_t n;
};

struct thing {
	uint8_t color;
	bool on, fast;
	uint32_t size;
	char name[8], note[32];
	uint8_t n_list;
	uint16_t list[3];
	uint8_t a, b, c;
	struct kept kept;
};

static const struct thing untouched = { .on = true, .size = 7 };

static int keep_add(void *list, size_t at, const struct cli_kept *k)
{
	struct kept *l = list;

	if (l->n == 16)
		return -1;
	if (at > l->n)
		at = l->n;
	for (size_t i = l->n++; i > at; i--) {
		l->line[i] = l->line[i - 1];
		memcpy(l->text[i], l->text[i - 1], 64);
	}
	l->line[at] = *k;
	snprintf(l->text[at], 64, "%s", k->text);
	return 0;
}

static bool keep_get(const void *list, size_t i, struct cli_kept *ret_k)
{
	const struct kept *l = list;

	if (i >= l->n)
		return false;
	*ret_k = l->line[i];
	ret_k->text = l->text[i];
	return true;
}

static void keep_del(void *list, size_t i)
{
	struct kept *l = list;

	for (l->n--; i < l->n; i++) {
		l->line[i] = l->line[i + 1];
		memcpy(l->text[i], l->text[i + 1], 64);
	}
}

static size_t keep_find(const void *list, const char *text)
{
	const struct kept *l = list;

	for (size_t i = l->n; i-- > 0;)
		if (l->line[i].kind != CLI_KEEP_CHILD && !strcmp(l->text[i], text))
			return i;
	return SIZE_MAX;
}

static size_t keep_end(const void *list, size_t i)
{
	const struct kept *l = list;

	while (++i < l->n && l->line[i].kind == CLI_KEEP_CHILD)
		;
	return i;
}

static bool keep_any_wrong(const void *list)
{
	return ((const struct kept *)list)->n > 0;
}

static void keep_settle_all(void *list)
{
	struct kept *l = list;

	for (size_t i = 0; i < l->n;) {
		if (l->line[i].kind == CLI_KEEP_CONFLICT)
			keep_del(l, i);
		else
			i++;
	}
}

static const struct cli_keeper keeper = { keep_add, keep_get, keep_del,
					  keep_find, keep_end, keep_any_wrong, keep_settle_all };

#define AT(f)	   struct thing, f
#define TOKS(...)  (const struct cli_tok[]){ __VA_ARGS__, { 0 } }
#define IN_CONFIG  CLI_IN(3)

static const struct cli_row rows[] = {
	{ .modes = IN_CONFIG,
	  .toks = TOKS(KW("color", "The color"), ALT, KWV("red", "Red", AT(color), 1), OR,
		       KWV("redder", "More red", AT(color), 2), OR,
		       KWVF("crimson", "Red", AT(color), 1, .flags = CLI_HIDDEN | CLI_ALIAS), CLOSE) },
	{ .modes = IN_CONFIG, .flags = ROW_SWITCH, .toks = TOKS(KWV("on", "On", AT(on), 1)) },
	{ .modes = IN_CONFIG,
	  .toks = TOKS(KW("size", "The size"), NUM(5, 10, "A size", AT(size)), OPT,
		       KWV("fast", "Fast", AT(fast), 1), CLOSE) },
	{ .modes = IN_CONFIG, .toks = TOKS(KW("name", "A name"), WORD("The name", AT(name))) },
	{ .modes = IN_CONFIG, .flags = ROW_WRAPS,
	  .toks = TOKS(KW("note", "A note"), LINE("The note", AT(note))) },
	{ .modes = IN_CONFIG,
	  .toks = TOKS(KW("list", "Numbers"), REP(AT(n_list), 3, 2),
		       NUM(1, 9, "A number", AT(list[0])), CLOSE) },
	{ .modes = IN_CONFIG,
	  .toks = TOKS(KW("set", "Options"), ANY1(1 << 2), KWV("a", "A", AT(a), 1), OR,
		       KWV("b", "B", AT(b), 1), ORX(1 << 0), KWV("c", "C", AT(c), 1), CLOSE) },
	{ .modes = IN_CONFIG, .flags = ROW_KEEP, .toks = TOKS(KW("vintage", "Only kept"), OPT,
			      { .kind = CLI_ARG, .type = &cli_line, .help = "Anything" }, CLOSE) },
	{ .modes = IN_CONFIG, .flags = ROW_ERROR, .msg = "% No.", .toks = TOKS(KW("never", "No")) },
	{ .modes = CLI_IN(1) | CLI_IN(2), .action = 5, .toks = TOKS(KW("look", "Look")) },
	{ .toks = NULL },
};
static const struct cli_row *const tables[] = { rows, NULL };
static const struct cli_mode modes[] = {
	[1] = { .prompt = ">", .flags = MODE_EXEC },
	[2] = { .prompt = "#", .flags = MODE_EXEC | MODE_PRIV },
	[3] = { .prompt = "(config)#", .defaults = &untouched, .kept_off = offsetof(struct thing, kept) },
};

static const char *box_name(const void *root)
{
	(void)root;
	return "box";
}

static const struct cli_grammar g = { modes, 4, tables, 1, 2, 3, &keeper, box_name, NULL, NULL, NULL, NULL, NULL };

static struct cli_result last;
static struct txt shown;

static const char *say(struct cli_session *s, struct thing *t, const char *line)
{
	cli_result_fini(&last);
	cli_session_line(s, t, line, 0, &last);
	return txt_cstr(&last.out);
}

static const char *render(const struct thing *t)
{
	txt_clear(&shown);
	cli_render(&g, t, 0, &shown);
	return txt_cstr(&shown);
}

static int up(void **state)
{
	*state = cli_session_new(&g, 3);
	return *state ? 0 : -1;
}

static int down(void **state)
{
	cli_session_free(*state);
	cli_result_fini(&last);
	txt_fini(&shown);
	return 0;
}

static void exact_keyword_beats_its_longer_sister(void **state)
{
	struct thing t = untouched;

	say(*state, &t, "color red");
	assert_int_equal(t.color, 1);
	say(*state, &t, "color redd");
	assert_int_equal(t.color, 2);
	assert_string_equal(say(*state, &t, "color re"), "% Ambiguous command:  \"color re\"\n\n");
	say(*state, &t, "color crimson");
	assert_int_equal(t.color, 1);
	say(*state, &t, "color cr");
	assert_int_equal(last.status, CLI_ERROR);
	assert_non_null(strstr(render(&t), "color red\n"));
}

static void values_bind_and_go_back_to_their_defaults(void **state)
{
	struct thing t = untouched;

	say(*state, &t, "size 9 fast");
	assert_int_equal(t.size, 9);
	assert_true(t.fast);
	say(*state, &t, "size 8"); /* what is not said again is gone */
	assert_false(t.fast);
	say(*state, &t, "no size");
	assert_int_equal(t.size, 7);
	say(*state, &t, "size 4");
	assert_int_equal(last.col, 5);
	say(*state, &t, "size 11");
	say(*state, &t, "size 7x");
	assert_int_equal(last.col, 6);
	assert_int_equal(t.size, 7);
	say(*state, &t, "name 1234567");
	assert_string_equal(t.name, "1234567");
	say(*state, &t, "name 12345678");
	assert_int_equal(last.status, CLI_ERROR);
	assert_string_equal(t.name, "1234567");
	say(*state, &t, "note  a  b ");
	assert_string_equal(t.note, "a  b");
}

static void a_switch_prints_only_where_it_differs(void **state)
{
	struct thing t = untouched;

	assert_string_equal(render(&t), "");
	say(*state, &t, "no on");
	assert_string_equal(render(&t), "no on\n!\n");
	say(*state, &t, "on");
	assert_string_equal(render(&t), "");
}

static void a_list_has_its_limit(void **state)
{
	struct thing t = untouched;

	say(*state, &t, "list 1 2 3");
	assert_int_equal(t.n_list, 3);
	assert_int_equal(t.list[2], 3);
	assert_string_equal(render(&t), "list 1 2 3\n!\n");
	say(*state, &t, "list 1 2 3 4");
	assert_int_equal(last.status, CLI_ERROR);
	assert_int_equal(last.col, 11);
	say(*state, &t, "list 9");
	assert_int_equal(t.n_list, 1);
	assert_int_equal(t.list[1], 0);
	say(*state, &t, "no list");
	assert_int_equal(t.n_list, 0);
}

static void options_come_in_any_order_once_unless_excluded(void **state)
{
	struct thing t = untouched;

	say(*state, &t, "set b a");
	assert_int_equal(last.status, CLI_OK);
	assert_string_equal(render(&t), "set a b\n!\n");
	say(*state, &t, "set a a");
	assert_int_equal(last.status, CLI_ERROR);
	say(*state, &t, "set c a");
	assert_int_equal(last.status, CLI_ERROR);
	say(*state, &t, "set a c");
	assert_int_equal(last.status, CLI_ERROR);
	say(*state, &t, "set c b");
	assert_int_equal(last.status, CLI_OK);
	assert_string_equal(say(*state, &t, "set"), "% Incomplete command.\n\n");
}

static void wrong_lines_are_kept_in_place(void **state)
{
	struct thing t = untouched;

	say(*state, &t, "note hello");
	say(*state, &t, "what is this");
	assert_true(last.kept);
	say(*state, &t, "list 5");
	say(*state, &t, "vintage thing");
	assert_int_equal(last.status, CLI_OK);
	say(*state, &t, "vintage other");
	assert_string_equal(say(*state, &t, "never"), "% No.\n");
	assert_string_equal(render(&t), "note hello\nwhat is this\nlist 5\nvintage other\nnever\n!\n");
	say(*state, &t, "no vintage");
	say(*state, &t, "no what is this");
	say(*state, &t, "no never");
	assert_string_equal(render(&t), "note hello\nlist 5\n!\n");
}

static void help_and_completion_come_from_the_rows(void **state)
{
	struct thing t = untouched;

	txt_clear(&shown);
	cli_session_help(*state, &t, "size ", &shown);
	assert_string_equal(txt_cstr(&shown), "  <5-10>  A size\n");
	txt_clear(&shown);
	cli_session_help(*state, &t, "color ", &shown);
	assert_string_equal(txt_cstr(&shown), "  red     Red\n  redder  More red\n");
	txt_clear(&shown);
	cli_session_help(*state, &t, "n", &shown);
	assert_string_equal(txt_cstr(&shown), "name   never  no     note\n");
	txt_clear(&shown);
	cli_session_complete(*state, &t, "vin", &shown);
	assert_string_equal(txt_cstr(&shown), "tage ");
}

static void modes_and_prompts_follow(void **state)
{
	struct thing t = untouched;

	txt_clear(&shown);
	cli_session_prompt(*state, &t, &shown);
	assert_string_equal(txt_cstr(&shown), "box(config)#");
	say(*state, &t, "do look");
	assert_int_equal(last.status, CLI_EXEC);
	assert_int_equal(last.action, 5);
	say(*state, &t, "end");
	assert_int_equal(cli_session_mode(*state), 2);
	assert_int_equal(cli_session_privilege(*state), 15);
	cli_session_goto(*state, 1);
	assert_int_equal(cli_session_privilege(*state), 1);
	say(*state, &t, "loo | include x | y");
	assert_string_equal(last.pipe, "include x | y");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(exact_keyword_beats_its_longer_sister, up, down),
		cmocka_unit_test_setup_teardown(values_bind_and_go_back_to_their_defaults, up, down),
		cmocka_unit_test_setup_teardown(a_switch_prints_only_where_it_differs, up, down),
		cmocka_unit_test_setup_teardown(a_list_has_its_limit, up, down),
		cmocka_unit_test_setup_teardown(options_come_in_any_order_once_unless_excluded, up,
						down),
		cmocka_unit_test_setup_teardown(wrong_lines_are_kept_in_place, up, down),
		cmocka_unit_test_setup_teardown(help_and_completion_come_from_the_rows, up, down),
		cmocka_unit_test_setup_teardown(modes_and_prompts_follow, up, down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
