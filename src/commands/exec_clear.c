/* SPDX-License-Identifier: Apache-2.0 */
/* clear commands about sessions, of IKE and of people, and about the host. */
#include "commands/exec.h"
#include "commands/prefix6.h"
#include "commands/rows.h"

#define IN_EXEC CLI_IN(M_EXEC)
#define AT(f)	struct exec_args, f
#define CLEAR	KW("clear", "Reset functions")
#define ROW(action_, ...)                                                                  \
	{                                                                                  \
		.modes = IN_EXEC, .action = (action_), .args_size = sizeof(struct exec_args), \
		.toks = TOKS(CLEAR, __VA_ARGS__)                                           \
	}
#define EITHER(h, f) ALT, ADDR(h, f), OR, ADDR6(h, f), CLOSE
#define PORT(h, f)   OPT, KW("port", h), NUM(1, 65535, "port number", AT(f)), CLOSE

const struct cli_row rows_exec_clear[] = {
	ROW(EXEC_CLEAR_CRYPTO_SESSION, KW("crypto", "Encryption subsystem"),
	    KW("session", "Clear crypto sessions (tunnels)"), OPT, ALT,
	    KW("fvrf", "Clear crypto sessions for a front-door VRF"), OR,
	    KW("ivrf", "Clear crypto sessions for an inside VRF"), CLOSE, WORD("VRF name", AT(vrf)), CLOSE, OPT,
	    KW("local", "Clear crypto sessions for a local crypto endpoint"),
	    EITHER("local IP address", AT(addr2)), PORT("Clear crypto sessions for a local IKE port", number), CLOSE, OPT,
	    KW("remote", "Clear crypto sessions for a remote IKE peer"),
	    EITHER("remote IP address", AT(addr)), PORT("Clear crypto sessions for a remote IKE port", number2), CLOSE),
	ROW(EXEC_CLEAR_ADMISSION, KW("crypto", "Encryption subsystem"), KW("call", "Clear crypto call admission info"),
	    KW("admission", "Clear crypto call admission info"), KW("statistics", "Clear crypto call admission statistics")),
	ROW(EXEC_CLEAR_LINE, KW("line", "Reset a terminal line"), ALT,
	    { .kind = CLI_ARG, .type = &arg_plus1, .lo = 0, .hi = 257, .help = "Line number", CLI_AT(struct exec_args, number2) }, OR,
	    KWV("console", "Primary terminal line", AT(flag), 1), { .kind = CLI_ARG, .type = &cli_num, .lo = 0, .hi = 0,
							      .help = "Line number" }, OR,
	    KW("vty", "Virtual terminal"), NUM(0, 255, "Line number", AT(number)), CLOSE),
	ROW(EXEC_CLEAR_ARCHIVE_LOG, KW("archive", "Clear archive"), KW("log", "Clear the log"),
	    KW("config", "Config logger"), OPT, KW("force", "Clear the log without asking"), CLOSE),
	ROW(EXEC_CLEAR_PKI_COUNTERS, KW("crypto", "Encryption subsystem"), KW("pki", "Clear PKI"),
	    KW("counters", "Clear PKI counters")),
	ROW(EXEC_CLEAR_ROUTE, KW("ip", "IP"), KW("route", "Delete route table entries"), OPT, KW("vrf", "Clear route table entries of a VRF"),
	    WORD("VRF name", AT(vrf)), CLOSE, ALT, KW("*", "Delete all routes"), OR,
	    ADDR("Destination network route to delete", AT(addr)), OPT, ARG(arg_mask, "Network mask", AT(addr2)), CLOSE, CLOSE),
	ROW(EXEC_CLEAR_ROUTE, KW("ipv6", "IPv6"), KW("route", "Delete route table entries"), KW("*", "Delete all routes")),
	ROW(EXEC_CLEAR_ARP, KW("arp-cache", "Clear the entire ARP cache"), OPT,
	    ADDR("IP address of dynamic ARP entry", AT(addr)), OR,
	    KW("interface", "Clear the entire ARP cache on the interface"), ARG(arg_ifname, "Interface", AT(ifname)), CLOSE),
	ROW(EXEC_CLEAR_ARP, KW("ip", "IP"), KW("arp", "Clear ARP cache"), ADDR("IP address of dynamic ARP entry", AT(addr))),
	{ .toks = NULL },
};
