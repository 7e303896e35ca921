/* SPDX-License-Identifier: Apache-2.0 */
/* debug and undebug: what is told, and about which peers. */
#include "commands/exec.h"
#include "commands/prefix6.h"
#include "commands/rows.h"

#define IN_EXEC	  CLI_IN(M_EXEC)
#define AT(f)	  struct exec_args, f
#define ROW(action_, ...)                                                                           \
	{                                                                                           \
		.modes = IN_EXEC, .action = (action_), .args_size = sizeof(struct exec_args),       \
		.toks = TOKS(__VA_ARGS__)                                                           \
	}
#define DEBUG	  KW("debug", "Debugging functions (see also 'undebug')")
#define DEBUG_ON  KWV("debug", "Debugging functions (see also 'undebug')", AT(flag), 1)
#define UNDEBUG	  KW("undebug", "Disable debugging functions (see also 'debug')")
#define NO_DEBUG  KW("no", "Disable debugging informations"), DEBUG
#define CRYPTO	  KW("crypto", "Cryptographic subsystem")
#define ALL_DEBUG KW("all", "Enable all debugging")

/* `aaa` and `ha` are about what is not run here; `engine error` and the like about an accelerator. */
#define OF_IPSEC                                                                             \
	KWV("ipsec", "IPSEC processing", AT(number), EXEC_DEBUG_IPSEC), OPT,                 \
		KWV("error", "IPSec errors", AT(number), EXEC_DEBUG_IPSEC_ERROR), OR,        \
		KWV("message", "IPSec messages", AT(number), EXEC_DEBUG_IPSEC_MESSAGE), OR,  \
		KWV("states", "IPSec states", AT(number), EXEC_DEBUG_IPSEC_STATES), CLOSE
#define OF_ISAKMP                                                                            \
	KWV("isakmp", "ISAKMP Key Management", AT(number), EXEC_DEBUG_ISAKMP), OPT,          \
		KWV("detail", "ISAKMP internals", AT(number), EXEC_DEBUG_ISAKMP_DETAIL), OR, \
		KWV("error", "ISAKMP errors", AT(number), EXEC_DEBUG_ISAKMP_ERROR), CLOSE
#define OF_PKI                                                                                        \
	ALT, KW("pki", "PKI Client"), OR, KWF("ca", "Certification authority", .flags = CLI_HIDDEN),  \
		CLOSE, ALT,                                                                           \
		KWV("callbacks", "PKI callbacks", AT(number), EXEC_DEBUG_PKI_CALLBACKS), OR,          \
		KWV("messages", "PKI Input/Output Messages", AT(number), EXEC_DEBUG_PKI_MESSAGES), OR, \
		KWV("transactions", "PKI transactions", AT(number), EXEC_DEBUG_PKI_TRANSACTIONS), OR, \
		KWV("validation", "PKI validation", AT(number), EXEC_DEBUG_PKI_VALIDATION), CLOSE
#define WHAT                                                                                  \
	ALT, KW("tunnel", "Generic Tunnel Interface"),                                        \
		KWV("keepalive", "Tunnel keepalive events", AT(number), EXEC_DEBUG_KEEPALIVE), OR, \
		CRYPTO, ALT, KWV("engine", "Crypto Engine Debug", AT(number), EXEC_DEBUG_ENGINE), OR, \
		OF_IPSEC, OR, OF_ISAKMP, OR, OF_PKI, CLOSE, CLOSE
#define CONDITION CRYPTO, KW("condition", "Define debug condition filters")
#define PEER                                                                                  \
	KW("peer", "IKE peer"), ALT, KW("ipv4", "IPv4 address"),                              \
		ADDR("IP address of the peer", AT(addr)), OR, KW("ipv6", "IPv6 address"),     \
		ADDR6("IPv6 address of the peer", AT(addr)), OR, KW("subnet", "IPv4 subnet"), \
		ADDR("Subnet of the peers", AT(addr)), ARG(arg_mask, "Subnet mask", AT(addr2)), CLOSE
#define OF_VRF                                                                                \
	ALT, KW("fvrf", "Front-door VRF"), OR, KW("ivrf", "Inside VRF"), CLOSE,               \
		WORD("VRF name", AT(vrf))

const struct cli_row rows_exec_debug[] = {
	ROW(EXEC_DEBUG, DEBUG_ON, WHAT),
	ROW(EXEC_DEBUG, NO_DEBUG, WHAT),
	ROW(EXEC_DEBUG, UNDEBUG, WHAT),
	ROW(EXEC_DEBUG_CONDITION, DEBUG_ON, CONDITION, ALT, PEER, OR,
	    KW("reset", "Delete all debug filters and turn off conditional debug"), CLOSE),
	ROW(EXEC_DEBUG_CONDITION, DEBUG_ON, CONDITION, OF_VRF),
	ROW(EXEC_DEBUG_CONDITION, NO_DEBUG, CONDITION, PEER),
	ROW(EXEC_DEBUG_CONDITION, UNDEBUG, CONDITION, PEER),
	ROW(EXEC_DEBUG_ALL_ON, DEBUG, ALL_DEBUG),
	ROW(EXEC_UNDEBUG_ALL, UNDEBUG, ALL_DEBUG),
	ROW(EXEC_UNDEBUG_ALL, NO_DEBUG, ALL_DEBUG),
	{ .toks = NULL },
};
