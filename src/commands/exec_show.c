/* SPDX-License-Identifier: Apache-2.0 */
/* Show commands about the machine, and summaries of what others show in full. */
#include "commands/exec.h"
#include "commands/rows.h"

#define IN_EXEC	 CLI_IN(M_EXEC)
#define IN_BOTH	 (CLI_IN(M_EXEC) | CLI_IN(M_USER))
#define AT(f)	 struct exec_args, f
#define SHOW	 KW("show", "Show running system information")
#define SHOW_IP	 SHOW, KW("ip", "IP information")
#define ROW(modes_, action_, ...)                                                          \
	{                                                                                  \
		.modes = (modes_), .action = (action_), .args_size = sizeof(struct exec_args), \
		.toks = TOKS(__VA_ARGS__)                                                  \
	}
#define OPT_IF	  OPT, ARG(arg_shown_if, "Interface", AT(ifname)), CLOSE
#define ROUTES	  SHOW_IP, KW("route", "IP routing table")
#define ROUTES6	  SHOW, KW("ipv6", "IPv6 information"), KW("route", "Show IPv6 route table entries")
#define OF_PROTOCOL                                                                                                 \
	ALT, KWV("connected", "Connected", AT(number), EXEC_ROUTES_CONNECTED), OR,                                  \
		KWV("static", "Static routes", AT(number), EXEC_ROUTES_STATIC), OR,                                 \
		KWV("rip", "Routing Information Protocol (RIP)", AT(number), EXEC_ROUTES_RIP), CLOSE
/* Which process a route is of the kernel does not say: the number is taken, and all are shown. */
#define OF_PROCESS                                                                                                  \
	ALT, KWV("bgp", "Border Gateway Protocol (BGP)", AT(number), EXEC_ROUTES_BGP), OR,                          \
		KWV("eigrp", "Enhanced Interior Gateway Routing Protocol (EIGRP)", AT(number), EXEC_ROUTES_EIGRP), OR, \
		KWV("ospf", "Open Shortest Path First (OSPF)", AT(number), EXEC_ROUTES_OSPF), CLOSE, OPT,           \
		NUM(1, 65535, "Process ID", AT(number2)), CLOSE
#define OF_ISIS KWV("isis", "ISO IS-IS", AT(number), EXEC_ROUTES_ISIS)
#define PROCESSES SHOW, KW("processes", "Active process statistics")
#define SORTED	  OPT, KWV("sorted", "Show sorted output", AT(flag), 1), CLOSE
#define OF_VRF                                                                                                      \
	OPT, KW("brief", "Brief VPN Routing/Forwarding instance information"), OR,                                  \
		KWV("detail", "Detailed VPN Routing/Forwarding instance information", AT(detail), 1), CLOSE, OPT,   \
		WORD("VPN Routing/Forwarding instance name", AT(name)), CLOSE
#define OF_ARP	  OPT, ADDR("IP address or hostname of ARP entry", AT(addr)), OR, ARG(arg_shown_if, "Interface", AT(ifname)), CLOSE

const struct cli_row rows_exec_show[] = {
	ROW(IN_BOTH, EXEC_SHOW_INTERFACES_SUMMARY, SHOW, KW("interfaces", "Interface status and configuration"),
	    KW("summary", "Show interface summary")),
	ROW(IN_BOTH, EXEC_SHOW_IP_ROUTE, ROUTES, OF_PROTOCOL),
	ROW(IN_BOTH, EXEC_SHOW_IP_ROUTE, ROUTES, OF_PROCESS),
	ROW(IN_BOTH, EXEC_SHOW_IP_ROUTE, ROUTES, OF_ISIS),
	ROW(IN_BOTH, EXEC_SHOW_IPV6_ROUTE, ROUTES6, OF_PROTOCOL),
	ROW(IN_BOTH, EXEC_SHOW_IPV6_ROUTE, ROUTES6, OF_PROCESS),
	ROW(IN_BOTH, EXEC_SHOW_IPV6_ROUTE, ROUTES6, OF_ISIS),
	ROW(IN_BOTH, EXEC_SHOW_IP_ROUTE, ROUTES, ADDR("Network to display information about or hostname", AT(addr)),
	    ADDR("Network mask", AT(addr2)), OPT,
	    KWV("longer-prefixes", "Show route matching the specified Network/Mask pair only", AT(detail), 1), CLOSE),
	ROW(IN_BOTH, EXEC_SHOW_IP_ROUTE, ROUTES, KW("vrf", "Display routes from a VPN Routing/Forwarding instance"),
	    WORD("VPN Routing/Forwarding instance name", AT(vrf))),
	ROW(IN_BOTH, EXEC_SHOW_VRF, SHOW, KW("vrf", "VPN Routing/Forwarding instance information"), OF_VRF),
	ROW(IN_BOTH, EXEC_SHOW_VRF, SHOW_IP, KWV("vrf", "VPN Routing/Forwarding instance information", AT(flag), 1), OF_VRF),
	ROW(IN_BOTH, EXEC_SHOW_IP_ROUTE_SUMMARY, ROUTES, KW("summary", "Summary of all routes")),
	ROW(IN_BOTH, EXEC_SHOW_IP_STATIC_ROUTE, SHOW_IP, KW("static", "IP static routes"),
	    KW("route", "IP static routing table")),
	ROW(IN_BOTH, EXEC_SHOW_IP_PROTOCOLS, SHOW_IP, KW("protocols", "IP routing protocol process parameters and statistics")),
	ROW(IN_BOTH, EXEC_SHOW_ARP, SHOW, KW("arp", "ARP table"), OF_ARP),
	ROW(IN_BOTH, EXEC_SHOW_ARP, SHOW_IP, KW("arp", "IP ARP table"), OF_ARP),
	ROW(IN_BOTH, EXEC_SHOW_PROTOCOLS, SHOW, KW("protocols", "Active network routing protocols"), OPT_IF),
	ROW(IN_BOTH, EXEC_SHOW_HOSTS, SHOW, KW("hosts", "IP domain-name, lookup style, nameservers, and host table"), OPT,
	    KWV("summary", "Display a summary of the host tables", AT(flag), 1), CLOSE),
	ROW(IN_BOTH, EXEC_SHOW_INVENTORY, SHOW, KW("inventory", "Show the physical inventory")),
	ROW(IN_BOTH, EXEC_SHOW_PROCESSES, PROCESSES),
	ROW(IN_BOTH, EXEC_SHOW_PROCESSES, PROCESSES, KW("cpu", "Show CPU usage per process"), SORTED),
	ROW(IN_BOTH, EXEC_SHOW_PROCESSES_MEMORY, PROCESSES, KW("memory", "Show memory usage per process"), SORTED),
	ROW(IN_BOTH, EXEC_SHOW_MEMORY, SHOW, KW("memory", "Memory statistics"), OPT,
	    KW("statistics", "Memory usage statistics"), CLOSE),
	ROW(IN_BOTH, EXEC_SHOW_TERMINAL, SHOW, KW("terminal", "Display terminal configuration parameters")),
	ROW(IN_BOTH, EXEC_SHOW_LINE, SHOW, KW("line", "TTY line information")),
	ROW(IN_EXEC, EXEC_SHOW_ALIASES, SHOW, KW("aliases", "Display alias commands")),
	ROW(IN_EXEC, EXEC_SHOW_OBJECT_GROUP, SHOW, KW("object-group", "List object groups"), OPT,
	    WORD("Object group name", AT(name)), CLOSE),
	ROW(IN_EXEC, EXEC_SHOW_FILE_SYSTEMS, SHOW, KW("file", "Show filesystem information"),
	    KW("systems", "List filesystems")),
	ROW(IN_EXEC, EXEC_SHOW_RUNNING_LISTS, SHOW, KW("running-config", "Current operating configuration"),
	    KW("partition", "Configuration corresponding a partition"), KW("access-list", "All access-list configurations")),
	ROW(IN_EXEC, EXEC_SHOW_TECH, SHOW, KW("tech-support", "Show system information for Tech-Support")),
	{ .toks = NULL },
};
