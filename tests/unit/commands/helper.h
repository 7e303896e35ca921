/* SPDX-License-Identifier: Apache-2.0 */
/* A router under test: a session on a configuration, and transcripts of it. */
#ifndef TEST_HELPER_H
#define TEST_HELPER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/exec.h"
#include "commands/load.h"

struct router {
	struct config *c;
	struct cli_session *s;
	struct txt out; /* of the last line or help */
	struct cli_result last;
};

static inline void router_up(struct router *r, unsigned mode)
{
	memset(r, 0, sizeof(*r));
	r->c = config_new();
	r->s = cli_session_new(commands_grammar(), mode);
	assert_non_null(r->c);
	assert_non_null(r->s);
	memcpy(r->c->hostname, "R1", 3);
}

static inline void router_down(struct router *r)
{
	cli_result_fini(&r->last);
	cli_session_free(r->s);
	config_free(r->c);
	txt_fini(&r->out);
}

/* Types a line; what it prints. */
static inline const char *type(struct router *r, const char *line)
{
	cli_result_fini(&r->last);
	cli_session_line(r->s, r->c, line, 0, &r->last);
	return txt_cstr(&r->last.out);
}

static inline const char *prompt(struct router *r)
{
	txt_clear(&r->out);
	cli_session_prompt(r->s, r->c, &r->out);
	return txt_cstr(&r->out);
}

static inline const char *help(struct router *r, const char *line)
{
	txt_clear(&r->out);
	cli_session_help(r->s, r->c, line, &r->out);
	return txt_cstr(&r->out);
}

static inline const char *tab(struct router *r, const char *line)
{
	txt_clear(&r->out);
	cli_session_complete(r->s, r->c, line, &r->out);
	return txt_cstr(&r->out);
}

/* running-config. */
static inline const char *running(struct router *r)
{
	txt_clear(&r->out);
	commands_render(r->c, 0, &r->out);
	return txt_cstr(&r->out);
}

static inline struct config *load(const char *text, struct report *report)
{
	struct config *c = NULL;

	assert_int_equal(config_load_text(text, strlen(text), &c, report), 0);
	return c;
}

/* A file below tests/golden, NUL-terminated; the caller frees it. */
static inline char *golden(const char *name, size_t *ret_len)
{
	char path[2048];
	char *text = NULL;
	size_t cap = 0, n = 0;

	snprintf(path, sizeof(path), "%s/%s", GOLDEN_DIR, name);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	do {
		cap = cap ? cap * 2 : 4096;
		text = realloc(text, cap + 1);
		assert_non_null(text);
		n += fread(text + n, 1, cap - n, f);
	} while (n == cap);
	fclose(f);
	text[n] = '\0';
	if (ret_len)
		*ret_len = n;
	return text;
}

/* What is printed reads back as the same, and prints the same again. */
static inline void assert_round_trip(const struct config *c)
{
	struct txt one = TXT_INIT, two = TXT_INIT;
	struct report report = { 0 };

	commands_render(c, 0, &one);
	struct config *again = load(txt_cstr(&one), &report);
	commands_render(again, 0, &two);
	assert_string_equal(txt_cstr(&one), txt_cstr(&two));
	assert_true(config_equal(c, again));
	report_fini(&report);
	config_free(again);
	txt_fini(&one);
	txt_fini(&two);
}

/* What a check says of one configuration, and not of the other. */
struct remark_row {
	const char *good, *bad, *want;
};

/* checked: a configuration's remarks as text, for free(). */
static inline void remarks_are_of_the_bad(const struct remark_row *rows, size_t n, char *(*checked)(const char *text))
{
	for (size_t i = 0; i < n; i++) {
		char *good = checked(rows[i].good), *bad = checked(rows[i].bad);

		if (strstr(good, rows[i].want) || !strstr(bad, rows[i].want))
			fail_msg("row %zu: %s\n%s", i, rows[i].want, strstr(good, rows[i].want) ? good : bad);
		free(good);
		free(bad);
	}
}

#endif
