/* SPDX-License-Identifier: Apache-2.0 */
/* EXEC lines that are not about crypto. */
#include "commands/exec.h"

#include "commands/prefix6.h"

#define IN_EXEC	 CLI_IN(M_EXEC)
#define IN_BOTH	 (CLI_IN(M_EXEC) | CLI_IN(M_USER))
#define AT(f)	 struct exec_args, f
#define SHOW	 KW("show", "Show running system information")
#define ROW(modes_, action_, ...)                                                          \
	{                                                                                  \
		.modes = (modes_), .action = (action_), .args_size = sizeof(struct exec_args), \
		.toks = TOKS(__VA_ARGS__)                                                  \
	}
#define LEVEL(help_) \
	{ .kind = CLI_ARG, .type = &arg_plus1, .lo = 0, .hi = 15, .help = (help_), CLI_AT(struct exec_args, number) }
#define TERMINAL KW("terminal", "Set terminal line parameters")
#define SET_LENGTH  "Set number of lines on a screen"
#define SET_WIDTH   "Set width of the display terminal"
#define SET_HISTORY "Enable and control the command history function"
#define UNSET	 \
	ALT, KW("no", "Negate a command or set its defaults"), OR, \
	KW("default", "Set a command to its defaults"), CLOSE
#define OPT_VRF	 OPT, KW("vrf", "Select VPN routing instance"), WORD("VPN Routing/Forwarding instance name", AT(vrf)), CLOSE
#define OPT_IF	 OPT, ARG(arg_shown_if, "Interface", AT(ifname)), CLOSE
#define OPT_LIST OPT, WORD("Access list name or number", AT(name)), CLOSE
#define IPV6	 KW("ipv6", "IPv6 information")
#define INTERFACES KW("interfaces", "Interface status and configuration")

const struct cli_row rows_exec[] = {
	ROW(IN_BOTH, EXEC_ENABLE, KW("enable", "Turn on privileged commands"), OPT,
	    LEVEL("Enable level"), CLOSE),
	ROW(IN_BOTH, EXEC_DISABLE, KW("disable", "Turn off privileged commands"), OPT,
	    LEVEL("Privilege level to go to"), CLOSE),
	{ .modes = IN_EXEC, .action = EXEC_CONFIGURE, .enters = M_CONFIG,
	  .args_size = sizeof(struct exec_args),
	  .msg = "Enter configuration commands, one per line.  End with CNTL/Z.",
	  .toks = TOKS(KW("configure", "Enter configuration mode"),
		       KW("terminal", "Configure from the terminal")) },
	ROW(IN_BOTH, EXEC_EXIT, KW("exit", "Exit from the EXEC")),
	ROW(IN_BOTH, EXEC_EXIT, KW("quit", "Exit from the EXEC")),
	ROW(IN_BOTH, EXEC_EXIT, KW("logout", "Exit from the EXEC")),

	ROW(IN_BOTH, EXEC_TERMINAL_LENGTH, TERMINAL, KWV("length", SET_LENGTH, AT(flag), 1),
	    NUM(0, 512, "Number of lines on screen (0 for no pausing)", AT(number))),
	ROW(IN_BOTH, EXEC_TERMINAL_WIDTH, TERMINAL, KWV("width", SET_WIDTH, AT(flag), 1),
	    NUM(0, 512, "Number of characters on a screen line (0 for no wrapping)", AT(number))),
	ROW(IN_BOTH, EXEC_TERMINAL_LENGTH, TERMINAL, UNSET, KW("length", SET_LENGTH)),
	ROW(IN_BOTH, EXEC_TERMINAL_WIDTH, TERMINAL, UNSET, KW("width", SET_WIDTH)),
	ROW(IN_BOTH, EXEC_TERMINAL_HISTORY, TERMINAL, KWV("history", SET_HISTORY, AT(flag), 1),
	    KW("size", "Set history buffer size"),
	    NUM(0, 256, "Size of history buffer", AT(number))),
	ROW(IN_BOTH, EXEC_TERMINAL_HISTORY, TERMINAL, KWV("history", SET_HISTORY, AT(count), 1)),
	ROW(IN_BOTH, EXEC_TERMINAL_HISTORY, TERMINAL, UNSET, KW("history", SET_HISTORY), OPT,
	    KWV("size", "Set history buffer size", AT(count), 1), CLOSE),
	ROW(IN_EXEC, EXEC_TERMINAL_MONITOR, TERMINAL,
	    KWV("monitor", "Copy debug output to the current terminal line", AT(flag), 1)),
	ROW(IN_EXEC, EXEC_TERMINAL_MONITOR, TERMINAL,
	    KW("no", "Negate a command or set its defaults"),
	    KW("monitor", "Copy debug output to the current terminal line")),
	/* of a serial line, or as it is here anyway */
	ROW(IN_BOTH, EXEC_TERMINAL_OTHER, TERMINAL, OPT,
	    KW("no", "Negate a command or set its defaults"), CLOSE, ALT,
	    KW("domain-lookup", "Enable domain lookups in show commands"), OR,
	    KW("editing", "Enable command line editing"), OR,
	    KW("escape-character", "Change the current line's escape character"), OR,
	    KW("exec", "Configure EXEC"), OR,
	    KW("ip", "IP options"), OR,
	    KW("shell", "Enable shell commands"), OR,
	    KW("terminal-type", "Set the terminal type"), OR,
	    KW("type", "Set the terminal type"), CLOSE,
	    OPT, LINE("The rest of the line", AT(text)), CLOSE),

	ROW(IN_BOTH, EXEC_SHOW_HISTORY, SHOW, KW("history", "Display the session command history")),
	ROW(IN_BOTH, EXEC_SHOW_PRIVILEGE, SHOW, KW("privilege", "Show current privilege level")),
	ROW(IN_BOTH, EXEC_SHOW_VERSION, SHOW,
	    KW("version", "System hardware and software status")),
	ROW(IN_BOTH, EXEC_SHOW_CLOCK, SHOW, KW("clock", "Display the system clock"), OPT,
	    KWV("detail", "Display detailed information", AT(detail), 1), CLOSE),
	ROW(IN_BOTH, EXEC_SHOW_USERS, SHOW,
	    KW("users", "Display information about terminal lines"), OPT,
	    KWV("all", "Include information about inactive ports", AT(detail), 1), CLOSE),
	{ .modes = IN_BOTH, .flags = ROW_HIDDEN, .action = EXEC_SHOW_USERS, .args_size = sizeof(struct exec_args),
	  .toks = TOKS(KW("who", "Display information about terminal lines")) },
	ROW(IN_BOTH, EXEC_SHOW_INTERFACES, SHOW, INTERFACES, OPT_IF),
	ROW(IN_BOTH, EXEC_SHOW_INTERFACES_DESCRIPTION, SHOW, INTERFACES, OPT_IF,
	    KW("description", "Show interface description")),
	ROW(IN_BOTH, EXEC_SHOW_INTERFACES_STATS, SHOW, INTERFACES, OPT_IF,
	    KW("stats", "Show interface packets & octets, in & out, by switching path")),
	ROW(IN_BOTH, EXEC_SHOW_INTERFACES_ACCOUNTING, SHOW, INTERFACES, OPT_IF,
	    KW("accounting", "Show interface accounting")),
	ROW(IN_BOTH, EXEC_SHOW_IP_INTERFACE, SHOW, KW("ip", "IP information"),
	    KW("interface", "IP interface status and configuration"), OPT_IF),
	ROW(IN_BOTH, EXEC_SHOW_IP_INTERFACE_BRIEF, SHOW, KW("ip", "IP information"),
	    KW("interface", "IP interface status and configuration"),
	    KW("brief", "Brief summary of IP status and configuration"), OPT_IF),
	ROW(IN_BOTH, EXEC_SHOW_ACCESS_LISTS, SHOW, KW("access-lists", "List access lists"), OPT_LIST),
	ROW(IN_BOTH, EXEC_SHOW_IP_ACCESS_LISTS, SHOW, KW("ip", "IP information"),
	    KW("access-lists", "List IP access lists"), OPT_LIST),
	ROW(IN_BOTH, EXEC_SHOW_IP_ROUTE, SHOW, KW("ip", "IP information"),
	    KW("route", "IP routing table"), OPT,
	    ADDR("Network to display information about or hostname", AT(addr)), CLOSE),
	ROW(IN_BOTH, EXEC_SHOW_IPV6_INTERFACE, SHOW, IPV6,
	    KW("interface", "IPv6 interface status and configuration"), OPT,
	    KWV("brief", "Brief summary of IPv6 status and configuration", AT(flag), 1), CLOSE, OPT_IF),
	ROW(IN_BOTH, EXEC_SHOW_IPV6_ROUTE, SHOW, IPV6, KW("route", "Show IPv6 route table entries")),
	ROW(IN_BOTH, EXEC_SHOW_IPV6_ACCESS_LIST, SHOW, IPV6, KW("access-list", "Summary of access lists"),
	    OPT, WORD("User defined list name", AT(name)), CLOSE),
	ROW(IN_EXEC, EXEC_SHOW_RUNNING, SHOW,
	    KW("running-config", "Current operating configuration"), OPT,
	    KW("interface", "Show interface configuration"),
	    ARG(arg_shown_if, "Interface", AT(ifname)), OR,
	    KWV("all", "Configuration with defaults", AT(flag), 1), OR,
	    KWV("brief", "configuration without certificate data", AT(detail), 1), OR,
	    KW("full", "full configuration"), OR,
	    KW("view", "View options"), KW("full", "Full configuration"), CLOSE, OPT,
	    KWV("linenum", "Display line numbers in output", AT(count), 1), CLOSE),
	ROW(IN_EXEC, EXEC_SHOW_STARTUP, SHOW,
	    KW("startup-config", "Contents of startup configuration")),
	ROW(IN_EXEC, EXEC_SHOW_STARTUP, SHOW,
	    KW("configuration", "Contents of Non-Volatile memory")),
	ROW(IN_EXEC, EXEC_SHOW_LOGGING, SHOW, KW("logging", "Show the contents of logging buffers"),
	    OPT, KWV("count", "Show counts of each logging message", AT(count), 1), CLOSE),
	ROW(IN_EXEC, EXEC_SHOW_UNSUPPORTED, SHOW, KW("culvert", "What is Culvert's own"),
	    KW("unsupported", "Lines that are kept and not acted on, and what that means")),
	ROW(IN_EXEC, EXEC_SHOW_DEBUGGING, SHOW, KW("debugging", "State of each debugging option")),

	ROW(IN_EXEC, EXEC_CLEAR_COUNTERS, KW("clear", "Reset functions"),
	    KW("counters", "Clear counters on one or all interfaces"), OPT_IF),
	ROW(IN_EXEC, EXEC_CLEAR_ACL_COUNTERS, KW("clear", "Reset functions"),
	    KW("access-list", "Clear access list statistical information"),
	    KW("counters", "Clear access list counters"), OPT_LIST),
	ROW(IN_EXEC, EXEC_CLEAR_ACL_COUNTERS, KW("clear", "Reset functions"),
	    KW("ip", "IP"), KW("access-list", "Clear access list statistical information"),
	    KW("counters", "Clear access list counters"), OPT_LIST),
	ROW(IN_EXEC, EXEC_CLEAR_ACL_COUNTERS, KW("clear", "Reset functions"),
	    KW("ipv6", "IPv6"), KW("access-list", "Clear access list statistical information"), OPT_LIST),
	ROW(IN_EXEC, EXEC_CLEAR_LOGGING, KW("clear", "Reset functions"),
	    KW("logging", "Clear logging buffer")),

	ROW(IN_BOTH, EXEC_PING, KW("ping", "Send echo messages")), /* asks */
	/* names are told apart by nobody: they are of IPv4 */
	ROW(IN_BOTH, EXEC_PING, KW("ping", "Send echo messages"), OPT_VRF, OPT, KW("ipv6", "IPv6 echo"), CLOSE,
	    ADDR6("Ping destination address", AT(addr)), ANY, KW("repeat", "specify repeat count"),
	    NUM(1, 2147483647, "repeat count", AT(repeat)), OR, KW("size", "specify datagram size"),
	    NUM(48, 18024, "datagram size", AT(size)), OR,
	    KW("source", "specify source address or name"), ALT, ADDR6("Source address", AT(addr2)), OR,
	    ARG(arg_ifname, "Source interface", AT(ifname)), CLOSE, OR,
	    KW("timeout", "specify timeout interval"),
	    NUM(0, 3600, "timeout (seconds)", AT(timeout_sec)), CLOSE),
	ROW(IN_BOTH, EXEC_PING, KW("ping", "Send echo messages"), OPT_VRF, OPT, KW("ip", "IP echo"), CLOSE,
	    ALT, ADDR("Ping destination address", AT(addr)), OR,
	    ARG(arg_host, "Ping destination hostname", AT(text)), CLOSE, ANY,
	    KWV("df-bit", "enable do not fragment bit in IP header", AT(df), 1), OR,
	    KW("repeat", "specify repeat count"),
	    NUM(1, 2147483647, "repeat count", AT(repeat)), OR,
	    KW("size", "specify datagram size"), NUM(36, 18024, "datagram size", AT(size)), OR,
	    KW("source", "specify source address or name"), ALT,
	    ADDR("Source address", AT(addr2)), OR,
	    ARG(arg_ifname, "Source interface", AT(ifname)), CLOSE, OR,
	    KW("timeout", "specify timeout interval"),
	    NUM(0, 3600, "timeout (seconds)", AT(timeout_sec)), CLOSE),
	{ .toks = NULL },
};
