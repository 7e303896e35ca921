/* SPDX-License-Identifier: Apache-2.0 */
/* EXEC lines of IOS that are understood and refused, because there is nothing here for them: the answer says so. */
#include "commands/exec.h"
#include "commands/rows.h"

#define AT(f) struct exec_args, f
#define ROW(modes_, ...)                                                                           \
	{                                                                                          \
		.modes = (modes_), .action = EXEC_ABSENT, .args_size = sizeof(struct exec_args),   \
		.toks = TOKS(__VA_ARGS__)                                                          \
	}
#define IN_EXEC	  CLI_IN(M_EXEC)
#define IN_BOTH	  (CLI_IN(M_EXEC) | CLI_IN(M_USER))
#define TO_WHERE  OPT, LINE("IP address or hostname of a remote system", AT(text)), CLOSE
#define DEBUG	  KW("debug", "Debugging functions (see also 'undebug')"), KW("crypto", "Cryptographic subsystem")
#define FAILOVER  KWV("ha", "High availability", AT(number), EXEC_ABSENT_FAILOVER)

const struct cli_row rows_exec_absent[] = {
	ROW(IN_BOTH, KWV("connect", "Open a terminal connection", AT(number), EXEC_ABSENT_TELNET), TO_WHERE),
	ROW(IN_BOTH, KWV("rlogin", "Open an rlogin connection", AT(number), EXEC_ABSENT_RLOGIN), TO_WHERE),
	ROW(IN_BOTH, KWV("ssh", "Open a secure shell client connection", AT(number), EXEC_ABSENT_SSH), TO_WHERE),
	ROW(IN_BOTH, KWV("telnet", "Open a telnet connection", AT(number), EXEC_ABSENT_TELNET), TO_WHERE),
	ROW(IN_EXEC, DEBUG, KW("isakmp", "ISAKMP Key Management"), FAILOVER),
	ROW(IN_EXEC, DEBUG, KW("ipsec", "IPSEC processing"), FAILOVER),
	ROW(IN_EXEC, DEBUG, FAILOVER),
	{ .toks = NULL },
};
