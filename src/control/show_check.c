/* SPDX-License-Identifier: Apache-2.0 */
/* show crypto check (ours): what `culvert check` says, of the running configuration; show culvert explain (ours). */
#include <errno.h>

#include "commands/check_mtu.h"
#include "commands/explain.h"
#include "commands/grade.h"
#include "commands/load.h"
#include "control/show_json_parts.h"
#include "control/show_parts.h"

void show_crypto_check(const struct show_in *in, struct txt *out)
{
	struct report r = { 0 };

	commands_check(in->config, &r);
	report_print(&r, "running-config", out);
	grade_table(in->config, out);
	check_mtu_table(in->config, out);
	txt_printf(out, "running-config: %zu errors, %zu warnings\n", r.errors, r.warnings);
	out->bad |= r.nomem;
	report_fini(&r);
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
