/* SPDX-License-Identifier: Apache-2.0 */
/* What each configuration mode has, whatever its grammar is. */
#include "cli/session.h"

#define DO_LINE                                                                      \
	{                                                                            \
		.kind = CLI_ARG, .type = &cli_line, .help = "Exec Command"           \
	}
#define BUILTIN(what, ...) \
	{ .action = (what), .flags = ROW_NO_NO, .toks = (const struct cli_tok[]){ __VA_ARGS__, { 0 } } }

const struct cli_row cli_builtins[] = {
	BUILTIN(CLI_B_NO, KW("no", "Negate a command or set its defaults")),
	BUILTIN(CLI_B_DEFAULT, KW("default", "Set a command to its defaults")),
	BUILTIN(CLI_B_EXIT, KW("exit", "Exit from configure mode")),
	BUILTIN(CLI_B_END, KW("end", "Exit from configure mode")),
	BUILTIN(CLI_B_DO, KW("do", "To run exec commands in config mode"), DO_LINE),
	{ .toks = NULL },
};

bool cli_is_builtin(const struct cli_row *row)
{
	return row >= cli_builtins &&
	       row < cli_builtins + sizeof(cli_builtins) / sizeof(cli_builtins[0]);
}
