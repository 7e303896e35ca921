/* SPDX-License-Identifier: Apache-2.0 */
/* EXEC lines about configurations and files: what is copied where, archives, and what takes itself back. */
#include "commands/exec.h"
#include "commands/rows.h"

#define IN_EXEC CLI_IN(M_EXEC)
#define IN_BOTH (CLI_IN(M_EXEC) | CLI_IN(M_USER))
#define AT(f)	struct exec_args, f
#define SHOW	KW("show", "Show running system information")
#define ROW(modes_, action_, ...)                                                          \
	{                                                                                  \
		.modes = (modes_), .action = (action_), .args_size = sizeof(struct exec_args), \
		.toks = TOKS(__VA_ARGS__)                                                  \
	}
#define COPY	  KW("copy", "Copy from one file to another")
#define CONFIGURE KW("configure", "Enter configuration mode")
#define WRITE	  KW("write", "Write running configuration to memory, network, or terminal")
#define RELOAD	  KW("reload", "Halt and perform a cold restart")
#define ARCHIVE	  KW("archive", "manage archive files"), KW("config", "Archive of the configuration")
#define SHOW_ARCHIVE SHOW, KW("archive", "Archive functions")
#define FROM_RUNNING KWV("running-config", "Copy from current system configuration", AT(number), EXEC_FILE_RUNNING)
#define FROM_STARTUP KWV("startup-config", "Copy from startup configuration", AT(number), EXEC_FILE_STARTUP)
#define TO_RUNNING   KWV("running-config", "Update (merge with) current system configuration", AT(number2), EXEC_FILE_RUNNING)
#define TO_STARTUP   KWV("startup-config", "Copy to startup configuration", AT(number2), EXEC_FILE_STARTUP)

const struct cli_row rows_exec_files[] = {
	/* whether configuration mode is entered is for the command to say: there may be no way back */
	{ .modes = IN_EXEC, .action = EXEC_CONFIGURE_REVERTING, .args_size = sizeof(struct exec_args),
	  .toks = TOKS(CONFIGURE, KW("terminal", "Configure from the terminal"),
		       KW("revert", "Parameters for reverting the configuration"),
		       KW("timer", "Time to wait before rollback"), ALT,
		       NUM(1, 120, "Number of minutes", AT(number)), OR, KW("idle", "Idle time for which to wait before rollback"),
		       NUM(1, 120, "Number of minutes", AT(number2)), CLOSE) },
	ROW(IN_EXEC, EXEC_CONFIGURE_FROM, CONFIGURE),
	ROW(IN_EXEC, EXEC_CONFIGURE_FROM, CONFIGURE, KWV("memory", "Configure from NV memory", AT(flag), 1)),
	ROW(IN_EXEC, EXEC_CONFIGURE_FROM, CONFIGURE, KWV("network", "Configure from a TFTP network host", AT(detail), 1)),
	ROW(IN_EXEC, EXEC_CONFIGURE_REPLACE, CONFIGURE, KW("replace", "Replace the running-config with a new config file"),
	    WORD("Name of the file in flash:", AT(text)), ANY,
	    KWV("force", "Forcefully perform the replacement without prompting", AT(flag), 1), OR,
	    KWV("list", "Display the command lines to be applied", AT(detail), 1), OR,
	    KW("time", "Time to wait for a confirmation of the change"), NUM(1, 120, "Number of minutes", AT(number)), CLOSE),
	ROW(IN_EXEC, EXEC_CONFIGURE_CONFIRM, CONFIGURE,
	    KW("confirm", "Confirm replacement of running-config with a new config file")),
	ROW(IN_EXEC, EXEC_CONFIGURE_REVERT, CONFIGURE, KW("revert", "Parameters for reverting the configuration"), ALT,
	    KWV("now", "Rollback immediately", AT(flag), 1), OR,
	    KW("timer", "Reset the rollback timer"), NUM(1, 120, "Number of minutes", AT(number)), CLOSE),

	ROW(IN_EXEC, EXEC_WRITE_MEMORY, WRITE, OPT, KW("memory", "Write to NV memory"), CLOSE),
	ROW(IN_EXEC, EXEC_WRITE_TERMINAL, WRITE, KW("terminal", "Write to terminal")),
	ROW(IN_EXEC, EXEC_WRITE_ERASE, WRITE, KW("erase", "Erase NV memory")),
	ROW(IN_EXEC, EXEC_WRITE_ERASE, KW("erase", "Erase a filesystem"), ALT,
	    KW("startup-config", "Erase contents of configuration memory"), OR, KW("nvram:", "Filesystem to be erased"), CLOSE),
	ROW(IN_EXEC, EXEC_COPY, COPY, FROM_RUNNING, ALT, TO_STARTUP, OR, WORD("Name of a file in flash:", AT(name)), CLOSE),
	ROW(IN_EXEC, EXEC_COPY, COPY, FROM_STARTUP, ALT, TO_RUNNING, OR, WORD("Name of a file in flash:", AT(name)), CLOSE),
	ROW(IN_EXEC, EXEC_COPY, COPY, WORD("Name of a file in flash:", AT(text)), ALT, TO_RUNNING, OR, TO_STARTUP, OR,
	    WORD("Name of a file in flash:", AT(name)), CLOSE),
	ROW(IN_EXEC, EXEC_DIR, KW("dir", "List files on a filesystem"), OPT, KW("flash:", "Directory or file name"), OR,
	    KW("nvram:", "Directory or file name"), OR, WORD("Directory or file name", AT(text)), CLOSE),
	ROW(IN_EXEC, EXEC_DIR, SHOW, KW("flash:", "display information about flash: file system")),
	ROW(IN_EXEC, EXEC_MORE, KW("more", "Display the contents of a file"), WORD("Name of a file in flash:", AT(text))),
	ROW(IN_EXEC, EXEC_DELETE, KW("delete", "Delete a file"), OPT, KWV("/force", "Force delete", AT(flag), 1), CLOSE,
	    WORD("Name of a file in flash:", AT(text))),

	ROW(IN_EXEC, EXEC_RELOAD, RELOAD),
	ROW(IN_EXEC, EXEC_RELOAD_IN, RELOAD, KW("in", "Reload after a time interval"),
	    WORD("Delay before reload (mmm or hhh:mm)", AT(name)), OPT, LINE("Reason for reload", AT(text)), CLOSE),
	ROW(IN_EXEC, EXEC_RELOAD_AT, RELOAD, KW("at", "Reload at a specific time/date"),
	    WORD("Time to reload (hh:mm)", AT(name)), OPT, LINE("Day of the month, reason for reload", AT(text)), CLOSE),
	ROW(IN_EXEC, EXEC_RELOAD_CANCEL, RELOAD, KW("cancel", "Cancel pending reload")),
	ROW(IN_EXEC, EXEC_SHOW_RELOAD, SHOW, KW("reload", "Scheduled reload information")),

	ROW(IN_EXEC, EXEC_ARCHIVE_CONFIG, ARCHIVE),
	ROW(IN_EXEC, EXEC_SHOW_ARCHIVE, SHOW_ARCHIVE),
	ROW(IN_EXEC, EXEC_SHOW_ARCHIVE_DIFF, SHOW_ARCHIVE, KW("config", "Archive of the configuration"),
	    KW("differences", "Displays differences between two config files"), OPT,
	    WORD("Name of a file in flash:", AT(text)), OPT, WORD("Name of a file in flash:", AT(name)), CLOSE, CLOSE),
	ROW(IN_EXEC, EXEC_SHOW_ARCHIVE_COMMANDS, SHOW_ARCHIVE, KW("config", "Archive of the configuration"),
	    KW("incremental-diffs", "Displays incremental diffs in the config file"),
	    WORD("Name of a file in flash:", AT(text))),
	ROW(IN_EXEC, EXEC_SHOW_ARCHIVE_TIMER, SHOW_ARCHIVE, KW("config", "Archive of the configuration"),
	    KW("rollback", "Rollback information"), KW("timer", "Rollback timer")),
	ROW(IN_EXEC, EXEC_SHOW_ARCHIVE_LOG, SHOW_ARCHIVE, KW("log", "Logged commands"), KW("config", "Config logger"),
	    KW("all", "Shows all logged commands")),
	{ .toks = NULL },
};
