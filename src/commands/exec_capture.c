/* SPDX-License-Identifier: Apache-2.0 */
/* `monitor capture`: embedded packet capture, as IOS XE spells it. */
#include "commands/exec.h"

#include "commands/names.h"
#include "commands/rows.h"

#define IN_EXEC CLI_IN(M_EXEC)
#define AT(f)	struct exec_args, f
#define ROW(action_, ...)                                                                    \
	{                                                                                    \
		.modes = IN_EXEC, .action = (action_), .args_size = sizeof(struct exec_args), \
		.toks = TOKS(__VA_ARGS__)                                                    \
	}
#define MONITOR KW("monitor", "Monitor different system events"), KW("capture", "Monitor capture")
#define CAPTURE MONITOR, WORD("Name of the Capture", AT(name))
#define DIRECTION                                                                            \
	ALT, KWV("both", "Inbound and outbound packets", AT(proto), EXEC_CAPTURE_BOTH), OR,  \
		KWV("in", "Inbound packets", AT(proto), EXEC_CAPTURE_IN), OR,                \
		KWV("out", "Outbound packets", AT(proto), EXEC_CAPTURE_OUT), CLOSE
#define HOST(f)                                                                              \
	ALT, KW("any", "Any address"), OR, KW("host", "A single host"),                       \
		ADDR("Address of the host", AT(f)), CLOSE
#define MATCH                                                                                \
	KW("match", "Describe filters inline"), ALT,                                          \
		KWV("any", "all packets", AT(count), 1), OR,                                  \
		KWV("ipv4", "IPv4 packets only", AT(detail), 1), OPT,                         \
		KW("protocol", "Protocols"), ALT, KWV("tcp", "TCP", AT(number2), 6), OR,      \
		KWV("udp", "UDP", AT(number2), 17), OR,                                       \
		NUM(0, 255, "An IP protocol number", AT(number2)), CLOSE, CLOSE, HOST(addr),  \
		HOST(addr2), CLOSE

const struct cli_row rows_exec_capture[] = {
	ROW(EXEC_CAPTURE_INTERFACE, CAPTURE, KW("interface", "Interface"),
	    ARG(arg_ifname, "Interface", AT(ifname)), DIRECTION, OPT, MATCH, CLOSE),
	ROW(EXEC_CAPTURE_MATCH, CAPTURE, MATCH),
	ROW(EXEC_CAPTURE_ACL, CAPTURE, KW("access-list", "access-list to be attached"),
	    WORD("Access-list name or number", AT(text))),
	ROW(EXEC_CAPTURE_BUFFER, CAPTURE, KW("buffer", "Buffer options"), OPT,
	    KWV("circular", "circular buffer", AT(flag), 1), CLOSE, OPT, KW("size", "Size of buffer"),
	    NUM(1, 100, "Total size of buffer in MB", AT(number)), CLOSE),
	ROW(EXEC_CAPTURE_LIMIT, CAPTURE, KW("limit", "Limit Packets Captured"), ANY,
	    KW("duration", "Limit total duration of capture in seconds"),
	    NUM(1, 1000000, "Duration in seconds", AT(timeout_sec)), OR,
	    KW("packet-len", "Limit the packet length to capture"),
	    NUM(64, 9500, "Packet length in bytes", AT(size)), OR,
	    KW("packets", "Limit number of packets to capture"),
	    NUM(1, 100000, "Number of packets", AT(repeat)), CLOSE),
	ROW(EXEC_CAPTURE_KEYS, CAPTURE,
	    KW("keys", "Keep the keys of ESP SAs that are negotiated from now on, for export")),
	ROW(EXEC_CAPTURE_START, CAPTURE, KW("start", "Enable Capture")),
	ROW(EXEC_CAPTURE_STOP, CAPTURE, KW("stop", "Disable Capture")),
	ROW(EXEC_CAPTURE_CLEAR, CAPTURE, KW("clear", "Clear Buffer")),
	ROW(EXEC_CAPTURE_EXPORT, CAPTURE, KW("export", "Export Buffer"),
	    WORD("Name of the file", AT(text))),
	ROW(EXEC_CAPTURE_DROP, KW("no", "Negate a command or set its defaults"), CAPTURE),
	ROW(EXEC_SHOW_CAPTURE, KW("show", "Show running system information"),
	    KW("monitor", "Monitoring different system events"), KW("capture", "Packet Capture"), OPT,
	    WORD("Name of the Capture", AT(name)), OPT,
	    KWV("buffer", "Buffer", AT(detail), 1), OPT,
	    KWV("brief", "Brief display of captured packets", AT(flag), 1), CLOSE, CLOSE, CLOSE),
	{ .toks = NULL },
};
