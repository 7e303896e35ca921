/* SPDX-License-Identifier: Apache-2.0 */
/* show crypto check (ours): what `culvert check` says, of the running configuration; show culvert explain (ours). */
#include <errno.h>
#include <stdlib.h>

#include "commands/check_mtu.h"
#include "commands/explain.h"
#include "commands/grade.h"
#include "commands/load.h"
#include "control/show_json_parts.h"
#include "control/show_parts.h"

#define STEPS_A_PIECE 16 /* each may look at a thousand entries */

/* What the pieces so far have found. */
struct show_check {
	struct check_at at;
	struct check_mtu_at mtu;
	struct report r;
	size_t told;
	bool checked;
};

void show_cursor_fini(struct show_cursor *k)
{
	if (k->check)
		report_fini(&k->check->r);
	free(k->check);
	k->check = NULL;
}

void show_crypto_check_some(const struct show_in *in, struct show_cursor *k, struct txt *out)
{
	struct show_check *s = k->check;
	bool more = true;

	if (!s)
		s = k->check = calloc(1, sizeof(*s));
	if (!s) {
		out->bad = k->over = true;
		return;
	}
	for (size_t i = 0, end = out->len + SHOW_PIECE; more && i < STEPS_A_PIECE && out->len < end; i++) {
		if (s->checked) {
			more = check_mtu_table_some(in->config, &s->mtu, out);
			continue;
		}
		s->checked = !commands_check_some(in->config, &s->at, &s->r);
		report_print_from(&s->r, s->told, "running-config", out);
		s->told = s->r.n;
		if (s->checked)
			grade_table(in->config, out);
	}
	if (more)
		return;
	txt_printf(out, "running-config: %zu errors, %zu warnings\n", s->r.errors, s->r.warnings);
	out->bad |= s->r.nomem;
	k->over = true;
}

void show_crypto_check(const struct show_in *in, struct txt *out)
{
	struct show_cursor k = { 0 };

	while (!k.over)
		show_crypto_check_some(in, &k, out);
	show_cursor_fini(&k);
}

int json_crypto_check(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	struct report r = { 0 };

	(void)a;
	commands_check(in->config, &r);
	json_num(j, "errors", r.errors);
	json_num(j, "warnings", r.warnings);
	report_json(&r, j);
	grade_json(in->config, j);
	check_mtu_json(in->config, j);
	j->out->bad |= r.nomem;
	report_fini(&r);
	return 0;
}

bool show_explain(const char *word, struct txt *out)
{
	if (!*word)
		explain_words(out);
	else if (!explain_word(word, out))
		txt_str(out, "% Nothing is known about this word: show culvert explain lists those that are\n");
	else
		return true;
	return !*word;
}
