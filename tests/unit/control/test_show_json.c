/* SPDX-License-Identifier: Apache-2.0 */
/* `| json`: every show command has it, and a parser that others wrote reads it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "commands/commands.h"
#include "control/show_json.h"
#include "show_fixture.h"

static struct txt out;

/* A command's document; the caller deletes it. */
static cJSON *asked(const struct show_in *in, const char *command)
{
	char line[256];
	cJSON *doc;

	snprintf(line, sizeof(line), "%s | json", command);
	txt_clear(&out);
	if (fixture_type(in, line, &out))
		fail_msg("%s: %s", command, txt_cstr(&out));
	doc = cJSON_ParseWithLength(txt_cstr(&out), out.len);
	if (!cJSON_IsObject(doc))
		fail_msg("%s: no document: %s", command, txt_cstr(&out));
	return doc;
}

/* Whatever is added to the grammar as a show command. */
static void every_show_command_has_json(void **state)
{
	const struct cli_grammar *g = commands_grammar();
	size_t n = 0;

	(void)state;
	for (size_t t = 0; g->tables[t]; t++)
		for (const struct cli_row *r = g->tables[t]; r->toks; r++) {
			const char *second = r->toks[1].word;

			if (!(r->modes & (CLI_IN(M_EXEC) | CLI_IN(M_USER))) || !r->toks[0].word ||
			    strcmp(r->toks[0].word, "show") != 0)
				continue;
			n++;
			if (show_json_kind(r->action) == JSON_NO)
				fail_msg("show %s ...: action %u has no row in json_rows_*",
					 second ? second : "", (unsigned)r->action);
		}
	assert_true(n > 40);
}

static void what_is_no_show_command_has_none(void **state)
{
	(void)state;
	assert_int_equal(show_json_kind(EXEC_RELOAD), JSON_NO);
	assert_int_equal(show_json_kind(EXEC_PING), JSON_NO);
	assert_int_equal(show_json_kind(EXEC_NONE), JSON_NO);
	assert_int_equal(show_json_kind(EXEC_SHOW_RUNNING), JSON_LINES);
}

static bool snake(const char *s)
{
	return *s && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(s);
}

/* Names are in snake_case, and no object has one twice. */
static void look_at(const char *command, const cJSON *x)
{
	for (const cJSON *c = x->child; c; c = c->next) {
		if (cJSON_IsObject(x) && !snake(c->string))
			fail_msg("%s: a member is called `%s`", command, c->string);
		for (const cJSON *o = c->next; cJSON_IsObject(x) && o; o = o->next)
			if (!strcmp(o->string, c->string))
				fail_msg("%s: `%s` is there twice", command, c->string);
		look_at(command, c);
	}
}

static void every_golden_command_gives_a_document(void **state)
{
	(void)state;
	for (const struct fixture_case *c = fixture_cases; c->router; c++) {
		struct show_in *in = fixture(c->router);

		assert_non_null(in);
		if (!strchr(c->command, '|')) {
			txt_clear(&out);
			int err = fixture_type(in, c->command, &out);

			if (!err) {
				cJSON *doc = asked(in, c->command);

				look_at(c->command, doc);
				cJSON_Delete(doc);
			}
		}
		fixture_free(in);
	}
}

static void what_is_not_there_is_said_as_in_the_text(void **state)
{
	static const char *const lines[] = { "show crypto map interface Serial9/9",
					     "show crypto session interface Tunnel77" };
	struct show_in *in = fixture("gre");

	(void)state;
	assert_non_null(in);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct txt text = TXT_INIT;
		char line[256];

		txt_clear(&out);
		assert_int_equal(fixture_type(in, lines[i], &text), -EINVAL);
		snprintf(line, sizeof(line), "%s | json", lines[i]);
		assert_int_equal(fixture_type(in, line, &out), -EINVAL);
		assert_string_equal(txt_cstr(&out), txt_cstr(&text));
		txt_fini(&text);
	}
	fixture_free(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_show_command_has_json),
		cmocka_unit_test(what_is_no_show_command_has_none),
		cmocka_unit_test(every_golden_command_gives_a_document),
		cmocka_unit_test(what_is_not_there_is_said_as_in_the_text),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	txt_fini(&out);
	return failed;
}
