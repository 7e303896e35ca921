/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a configuration text, and as typed lines with help and completion:
 * nothing crashes, and what is printed is a fixed point. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print_twice(const struct config *c)
{
	struct txt one = TXT_INIT, two = TXT_INIT;
	struct report report = { 0 };
	struct config *again = NULL;

	commands_render(c, 0, &one);
	if (config_load_text(txt_cstr(&one), one.len, &again, &report))
		abort();
	commands_render(again, 0, &two);
	if (strcmp(txt_cstr(&one), txt_cstr(&two)) || !config_equal(c, again)) {
		fprintf(stderr, "%s\n---- again:\n%s", txt_cstr(&one), txt_cstr(&two));
		abort();
	}
	config_free(again);
	report_fini(&report);
	txt_fini(&one);
	txt_fini(&two);
}

static void type_lines(char *text)
{
	struct config *c = config_new();
	struct cli_session *s = cli_session_new(commands_grammar(), M_EXEC);
	struct txt out = TXT_INIT;

	for (char *save, *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		struct cli_result r;

		txt_clear(&out);
		cli_session_help(s, c, line, &out);
		cli_session_complete(s, c, line, &out);
		cli_session_prompt(s, c, &out);
		cli_mask_line(commands_grammar(), cli_session_mode(s), line, &out);
		cli_session_line(s, c, line, 0, &r);
		cli_result_fini(&r);
	}
	txt_fini(&out);
	cli_session_free(s);
	config_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct report report = { 0 };
	struct config *c = NULL;
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (config_load_text(text, size, &c, &report) == 0) {
		commands_check(c, &report);
		print_twice(c);
		config_free(c);
	}
	report_fini(&report);
	type_lines(text);
	free(text);
	return 0;
}
