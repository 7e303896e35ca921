/* SPDX-License-Identifier: Apache-2.0 */
/* Every show command of the grammar, a line each, with labels for arguments; of options
 * that may stand together each one alone. tests/system/test_show_layouts.py asks that
 * a live router has answered each. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "commands/commands.h"

#define LINE_MAX_LEN 512

static bool hidden(const struct cli_tok *t)
{
	return t->kind == CLI_KW && t->flags & CLI_HIDDEN;
}

/* The OR or CLOSE that ends the branch which begins at t. */
static const struct cli_tok *branch_end(const struct cli_tok *t)
{
	for (int depth = 0; depth || (t->kind != CLI_OR && t->kind != CLI_CLOSE); t++)
		depth += (t->kind == CLI_GROUP) - (t->kind == CLI_CLOSE);
	return t;
}

static const struct cli_tok *group_end(const struct cli_tok *t)
{
	for (t = branch_end(t); t->kind == CLI_OR; t = branch_end(t + 1))
		;
	return t;
}

/* What remains to be said: tokens up to an end, and then where the group that they are in goes on. */
struct rest {
	const struct cli_tok *t;
	const struct rest *then;
};

static void say(const struct rest *r, char line[LINE_MAX_LEN], size_t len)
{
	const struct cli_tok *t = r->t;
	struct rest next = { t + 1, r->then };
	int n = 0;

	switch (t->kind) {
	case CLI_END:
		printf("%.*s\n", (int)len, line);
		return;
	case CLI_OR:
	case CLI_CLOSE:
		say(r->then, line, len);
		return;
	case CLI_GROUP: {
		const struct rest after = { group_end(t + 1) + 1, r->then };

		if (t->group != CLI_ALT)
			say(&after, line, len);
		for (const struct cli_tok *b = t + 1;; b = branch_end(b) + 1) {
			const struct rest branch = { b, &after };

			if (!hidden(b))
				say(&branch, line, len);
			if (branch_end(b)->kind == CLI_CLOSE)
				return;
		}
	}
	case CLI_ARG:
		if (t->type->label)
			n = snprintf(line + len, LINE_MAX_LEN - len, "%s%s", len ? " " : "", t->type->label);
		else
			n = snprintf(line + len, LINE_MAX_LEN - len, " <%lld-%lld>", (long long)t->lo, (long long)t->hi);
		break;
	default:
		n = snprintf(line + len, LINE_MAX_LEN - len, "%s%s", len ? " " : "", t->word ? t->word : "NAME");
		break;
	}
	say(&next, line, len + (size_t)n);
}

int main(void)
{
	char line[LINE_MAX_LEN];

	for (const struct cli_row *const *table = commands_grammar()->tables; *table; table++)
		for (const struct cli_row *row = *table; row->toks; row++) {
			const struct rest all = { row->toks, NULL };

			if (row->toks[0].word && !strcmp(row->toks[0].word, "show") && !(row->flags & ROW_HIDDEN))
				say(&all, line, 0);
		}
	return 0;
}
