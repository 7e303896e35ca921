/* SPDX-License-Identifier: Apache-2.0 */
/* Questions, answers and pastes of a session's dialog. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "control/dialog.h"

struct asker {
	struct dialog d;
	int yes, no;
	char text[256];
	bool freed;
	bool once_more;
};

static void got_text(struct dialog *d, struct exec_io *io, const char *text, bool *ret_error)
{
	struct asker *a = (struct asker *)(void *)d;

	(void)io;
	(void)ret_error;
	snprintf(a->text, sizeof(a->text), "%s", text);
	if (a->once_more)
		dialog_ask_text(d, "again: ", got_text);
	a->once_more = false;
}

static void got_yes(struct dialog *d, struct exec_io *io, bool yes, bool *ret_error)
{
	struct asker *a = (struct asker *)(void *)d;

	(void)io;
	(void)ret_error;
	*(yes ? &a->yes : &a->no) += 1;
}

static void mark_freed(struct dialog *d)
{
	((struct asker *)(void *)d)->freed = true;
}

static bool say(struct asker *a, const char *line, struct txt *out)
{
	struct exec_io io = { NULL, NULL, out };
	bool error = false;

	return dialog_line(&a->d, &io, line, &error) && !error;
}

static void a_question_is_asked_until_it_is_answered(void **state)
{
	static const char *const yes[] = { "y", "yes", "  YE \r" }, *const no[] = { "n", "No" };
	static const char *const neither[] = { "", "x", "yess", "quit", "nope", "y n" };
	struct asker a = { .d = { .free = mark_freed } };
	struct txt out = TXT_INIT;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		dialog_ask_yes(&a.d, "sure? ", false, got_yes);
		for (size_t k = 0; k < 6; k++) {
			txt_clear(&out);
			assert_true(say(&a, neither[k], &out));
			assert_string_equal(txt_cstr(&out), "% Please answer 'yes' or 'no'.\n");
		}
		assert_string_equal(a.d.ask, "sure? ");
		assert_false(say(&a, yes[i], &out));
		assert_int_equal(a.yes, (int)i + 1);
	}
	for (size_t i = 0; i < 2; i++) {
		dialog_ask_yes(&a.d, "sure? ", false, got_yes);
		assert_false(say(&a, no[i], &out));
	}
	dialog_ask_yes(&a.d, "[no]: ", true, got_yes);
	assert_false(say(&a, "", &out));
	assert_int_equal(a.no, 3);
	dialog_free(&a.d);
	assert_true(a.freed);
	txt_fini(&out);
}

static void a_paste_ends_by_quit_or_a_blank_line(void **state)
{
	struct asker a = { .d = { .free = mark_freed } };
	struct txt out = TXT_INIT;

	(void)state;
	dialog_ask_paste(&a.d, true, got_text);
	assert_true(say(&a, "", &out)); /* before anything was pasted it means nothing */
	assert_true(say(&a, " one ", &out));
	assert_true(say(&a, "quit it", &out));
	assert_false(say(&a, "QUIT", &out));
	assert_string_equal(a.text, "one\nquit it\n");
	assert_false(a.d.after_blank);
	/* a blank line, and then `quit` as well: the question behind it never sees it */
	dialog_ask_paste(&a.d, true, got_text);
	assert_true(say(&a, "two", &out));
	assert_false(say(&a, "", &out));
	assert_string_equal(a.text, "two\n");
	dialog_ask_yes(&a.d, "sure? ", false, got_yes);
	assert_true(say(&a, "quit", &out));
	assert_int_equal(out.len, 0);
	assert_false(say(&a, "yes", &out));
	/* keys have blank lines inside */
	dialog_ask_paste(&a.d, false, got_text);
	assert_true(say(&a, "DEK-Info: x", &out));
	assert_true(say(&a, "", &out));
	assert_true(say(&a, "abc", &out));
	assert_false(say(&a, "quit", &out));
	assert_string_equal(a.text, "DEK-Info: x\n\nabc\n");
	dialog_free(&a.d);
	txt_fini(&out);
}

static void a_paste_is_bounded(void **state)
{
	struct asker a = { .d = { .free = mark_freed } };
	struct txt out = TXT_INIT;
	char line[1001];
	int lines = 0;

	(void)state;
	memset(line, 'x', 1000);
	line[1000] = '\0';
	dialog_ask_paste(&a.d, true, got_text);
	while (say(&a, line, &out))
		lines++;
	assert_int_equal(lines, DIALOG_PASTE_MAX / 1001);
	assert_string_equal(txt_cstr(&out), "% More than 65536 bytes are not taken.\n");
	assert_string_equal(a.text, "");
	dialog_free(&a.d);
	txt_fini(&out);
}

static void an_answer_may_lead_to_the_next_question(void **state)
{
	struct asker a = { .d = { .free = mark_freed }, .once_more = true };
	struct txt out = TXT_INIT;

	(void)state;
	dialog_ask_text(&a.d, "first: ", got_text);
	assert_true(say(&a, "  a b ", &out));
	assert_string_equal(a.text, "a b");
	assert_string_equal(a.d.ask, "again: ");
	assert_false(say(&a, "", &out));
	assert_string_equal(a.text, "");
	dialog_free(&a.d);
	txt_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_is_asked_until_it_is_answered),
		cmocka_unit_test(a_paste_ends_by_quit_or_a_blank_line),
		cmocka_unit_test(a_paste_is_bounded),
		cmocka_unit_test(an_answer_may_lead_to_the_next_question),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
