/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/exec.h"
#include "commands/prefix6.h"
#include "commands/rows.h"

#define IN_BOTH	   (CLI_IN(M_EXEC) | CLI_IN(M_USER))
#define AT(f)	   struct exec_args, f
#define TRACEROUTE KW("traceroute", "Trace route to destination")
#define OPT_VRF	   OPT, KW("vrf", "Select VPN routing instance"), WORD("VPN Routing/Forwarding instance name", AT(vrf)), CLOSE
#define OPTIONS                                                                                      \
	KW("numeric", "display numeric address"), OR, KW("port", "specify port number"),            \
		NUM(1, 65535, "Port number", AT(size)), OR, KW("probe", "specify number of probes per hop"), \
		NUM(1, 65535, "Probe count", AT(repeat)), OR, KW("timeout", "specify time out"),    \
		NUM(0, 3600, "Time out (seconds)", AT(timeout_sec)), OR,                            \
		KW("ttl", "specify minimum and maximum ttl"), NUM(1, 255, "Minimum Time to Live", AT(number)), \
		NUM(1, 255, "Maximum Time to Live", AT(number2)), OR,                               \
		KW("source", "specify source address or name")
#define ROW(...)                                                                                     \
	{                                                                                           \
		.modes = IN_BOTH, .action = EXEC_TRACEROUTE, .args_size = sizeof(struct exec_args), \
		.toks = TOKS(TRACEROUTE, __VA_ARGS__)                                               \
	}

const struct cli_row rows_exec_trace[] = {
	/* names are told apart by nobody: they are of IPv4 */
	ROW(OPT_VRF, OPT, KW("ipv6", "IPv6 Trace"), CLOSE, ADDR6("Trace route to destination address", AT(addr)), ANY, OPTIONS, ALT,
	    ADDR6("Source address", AT(addr2)), OR, ARG(arg_ifname, "Source interface", AT(ifname)), CLOSE, CLOSE),
	ROW(OPT_VRF, OPT, KW("ip", "IP Trace"), CLOSE, ALT, ADDR("Trace route to destination address", AT(addr)), OR,
	    ARG(arg_host, "Trace route to destination hostname", AT(text)), CLOSE, ANY, OPTIONS, ALT,
	    ADDR("Source address", AT(addr2)), OR, ARG(arg_ifname, "Source interface", AT(ifname)), CLOSE, CLOSE),
	{ .toks = NULL },
};
