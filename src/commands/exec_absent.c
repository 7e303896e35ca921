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
/* In configuration mode, and no part of a configuration. */
#define CONF(...)                                                                                  \
	{                                                                                          \
		.modes = CLI_IN(M_CONFIG), .action = EXEC_ABSENT, .flags = ROW_NO_NO,              \
		.args_size = sizeof(struct exec_args), .toks = TOKS(__VA_ARGS__)                   \
	}
#define KEY	  KW("crypto", "Encryption module"), KW("key", "Long term key operations")
#define OF_RSA                                                                                     \
	KW("rsa", "RSA keys"), ANY, KW("name", "Name of the RSA keypair"), WORD("RSA keypair label", AT(name)), OR, \
		KW("passphrase", "Passphrase of the keypair"), WORDF("Passphrase", AT(text), .flags = CLI_SECRET), OR, \
		KW("all", "All keypairs"), CLOSE
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
	CONF(KEY, KW("generate", "Generate new keys"), KWV("ec", "Generate EC keys for ECDSA", AT(number), EXEC_ABSENT_KEY_EC), ANY,
	     KW("keysize", "Provide size of EC key"), NUM(256, 521, "size of the EC key", AT(number2)), OR,
	     KW("label", "Provide a label"), WORD("EC keypair label", AT(name)), OR, KW("exportable", "Allow the key to be exported"), CLOSE),
	ROW(IN_EXEC, KEY, KWV("lock", "Lock a keypair", AT(number), EXEC_ABSENT_KEY_LOCK), OF_RSA),
	ROW(IN_EXEC, KEY, KWV("unlock", "Unlock a keypair", AT(number), EXEC_ABSENT_KEY_LOCK), OF_RSA),
	CONF(KEY, KWV("lock", "Lock a keypair", AT(number), EXEC_ABSENT_KEY_LOCK), OF_RSA),
	CONF(KEY, KWV("encrypt", "Encrypt a keypair", AT(number), EXEC_ABSENT_KEY_LOCK), OPT,
	     KW("write", "Write the configuration afterwards"), CLOSE, OF_RSA),
	CONF(KEY, KWV("decrypt", "Decrypt a keypair", AT(number), EXEC_ABSENT_KEY_LOCK), OPT,
	     KW("write", "Write the configuration afterwards"), CLOSE, OF_RSA),
	CONF(KW("crypto", "Encryption module"), ALT, KW("pki", "Public Key components"), OR,
	     KWF("ca", "Certification authority", .flags = CLI_HIDDEN), CLOSE,
	     KWV("trustpool", "Define CA trustpool", AT(number), EXEC_ABSENT_TRUSTPOOL), ALT, KW("clean", "Clean the trustpool"), OR,
	     KW("import", "Import CA bundle"), CLOSE, OPT, LINE("From where", AT(text)), CLOSE),
	{ .toks = NULL },
};
