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
	show_route_list_free(k->routes);
	k->routes = NULL;
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

/* How many there are is said first: so all is looked at before anything is told. k->at: it is; k->sub: messages that were told. */
struct show_json_check {
	struct check_at at;
	struct report r;
	bool checked;
};

void show_json_cursor_fini(struct show_json_cursor *k)
{
	if (k->check)
		report_fini(&k->check->r);
	free(k->check);
	k->check = NULL;
	show_route_list_free(k->routes);
	k->routes = NULL;
}

bool json_check_element(const struct show_in *in, const struct exec_args *a, struct show_json_cursor *k, struct json *j)
{
	struct show_json_check *s = k->check;

	(void)a;
	if (!s)
		s = k->check = calloc(1, sizeof(*s));
	if (!s) {
		j->out->bad = true;
		return false;
	}
	if (!s->checked) {
		s->checked = !commands_check_some(in->config, &s->at, &s->r);
		k->pause = true;
		return true;
	}
	if (k->at++ == 0) {
		json_num(j, "errors", s->r.errors);
		json_num(j, "warnings", s->r.warnings);
		j->out->bad |= s->r.nomem;
		json_array(j, "messages"); /* as report_json() */
		return true;
	}
	if (k->sub < s->r.n) {
		report_json_message(&s->r.v[k->sub++], j);
		return true;
	}
	json_array_end(j);
	grade_json(in->config, j);
	check_mtu_json(in->config, j);
	return false;
}

int json_crypto_check(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	return json_whole(in, a, NULL, json_check_element, j);
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
