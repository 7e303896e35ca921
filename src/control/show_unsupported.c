/* SPDX-License-Identifier: Apache-2.0 */
/* show culvert unsupported (ours): what of the configuration nothing acts on, by subject. */
#include "control/show_json_parts.h"

#include <stdlib.h>
#include <string.h>

#include "commands/unsupported.h"

static void say_text(const struct unsupported_line *l, struct txt *out)
{
	if (l->mode == M_NONE)
		txt_str(out, l->text);
	else
		cli_mask_line(commands_grammar(), l->mode, l->text, out);
}

static void say_line(const struct unsupported_line *l, struct txt *out)
{
	txt_str(out, "  ");
	if (l->where)
		txt_printf(out, "%s: ", l->where);
	say_text(l, out);
	txt_char(out, '\n');
}

static bool same_subject(const struct unsupported_line *a, const struct unsupported_line *b)
{
	return !strcmp(a->what->means, b->what->means);
}

void show_unsupported(const struct show_in *in, struct txt *out)
{
	struct unsupported_line *v;
	size_t n;

	if (unsupported_list(in->config, &v, &n)) {
		out->bad = true;
		return;
	}
	if (!n)
		txt_str(out, "All lines of the configuration are acted on\n");
	for (size_t i = 0; i < n; i++) {
		if (!i || !same_subject(&v[i], &v[i - 1]))
			txt_printf(out, "%s%s: %s\n", i ? "\n" : "", v[i].what->words, v[i].what->means);
		say_line(&v[i], out);
	}
	free(v);
}

int json_unsupported(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	struct unsupported_line *v;
	size_t n;

	(void)a;
	if (unsupported_list(in->config, &v, &n)) {
		j->out->bad = true;
		return 0;
	}
	json_array(j, "unsupported");
	for (size_t i = 0; i < n; i++) {
		struct txt line = TXT_INIT;

		say_text(&v[i], &line);
		json_object(j, NULL);
		json_str(j, "subject", v[i].what->words);
		json_str(j, "means", v[i].what->means);
		json_bool(j, "warning", v[i].what->severity >= REPORT_WARNING);
		json_str(j, "within", v[i].where);
		json_str(j, "line", txt_cstr(&line));
		json_object_end(j);
		j->out->bad |= line.bad;
		txt_fini(&line);
	}
	json_array_end(j);
	free(v);
	return 0;
}
