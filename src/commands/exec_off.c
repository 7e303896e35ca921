/* SPDX-License-Identifier: Apache-2.0 */
/* Show commands of features of IOS that do not run here: what is shown is that, in IOS's words. */
#include "commands/exec.h"
#include "commands/rows.h"

#define IN_EXEC	  CLI_IN(M_EXEC)
#define IN_BOTH	  (CLI_IN(M_EXEC) | CLI_IN(M_USER))
#define AT(f)	  struct exec_args, f
#define SHOW	  KW("show", "Show running system information")
#define SHOW_IP	  SHOW, KW("ip", "IP information")
#define OFF(word_, help_, what_) KWV(word_, help_, AT(number), what_)
#define ROW(modes_, ...)                                                                          \
	{                                                                                         \
		.modes = (modes_), .action = EXEC_SHOW_OFF, .args_size = sizeof(struct exec_args), \
		.toks = TOKS(__VA_ARGS__)                                                         \
	}
#define LLDP	  SHOW, OFF("lldp", "LLDP information", EXEC_OFF_LLDP)
#define CDP	  SHOW, OFF("cdp", "CDP information", EXEC_OFF_CDP)
#define SNMP	  SHOW, OFF("snmp", "snmp statistics", EXEC_OFF_SNMP)
#define NTP	  SHOW, OFF("ntp", "Network time protocol", EXEC_OFF_NTP)
#define LACP	  SHOW, OFF("lacp", "Port channel information", EXEC_OFF_NOTHING)
#define OF_IF	  OPT, ARG(arg_shown_if, "Interface", AT(ifname)), CLOSE
#define DETAIL	  OPT, KW("detail", "Show detailed information"), CLOSE
#define OF_PROCESS OPT, NUM(1, 65535, "Process ID number", AT(number2)), CLOSE

const struct cli_row rows_exec_off[] = {
	ROW(IN_BOTH, LLDP, OPT, KW("errors", "LLDP computational errors and overflows"), OR,
	    KW("traffic", "LLDP statistics"), CLOSE),
	ROW(IN_BOTH, LLDP, KW("entry", "Information for specific neighbor entry"), WORD("Name of LLDP neighbor", AT(text))),
	ROW(IN_BOTH, LLDP, KW("interface", "LLDP interface status and configuration"), OF_IF),
	ROW(IN_BOTH, LLDP, KW("neighbors", "LLDP neighbor entries"), OF_IF, DETAIL),
	ROW(IN_BOTH, CDP, OPT, KW("traffic", "CDP statistics"), CLOSE),
	ROW(IN_BOTH, CDP, KW("entry", "Information for specific neighbor entry"), WORD("Name of CDP neighbor", AT(text))),
	ROW(IN_BOTH, CDP, KW("interface", "CDP interface status and configuration"), OF_IF),
	ROW(IN_BOTH, CDP, KW("neighbors", "CDP neighbor entries"), OF_IF, DETAIL),
	ROW(IN_EXEC, SNMP, OPT, KW("chassis", "show snmp chassis"), OR, KW("community", "show snmp community"), OR,
	    KW("contact", "show snmp contacts"), OR, KW("engineID", "show local and remote SNMP engine IDs"), OR,
	    KW("host", "show snmp hosts"), OR, KW("location", "show snmp location"), OR,
	    KW("sessions", "show snmp manager sessions"), CLOSE),
	/* tables, which are empty whether the agent runs or not */
	ROW(IN_EXEC, SHOW, KWV("snmp", "snmp statistics", AT(number), EXEC_OFF_NOTHING), ALT, KW("group", "show SNMPv3 groups"), OR,
	    KW("user", "show SNMPv3 users"), OR, KW("view", "show snmp views"), CLOSE),
	ROW(IN_BOTH, NTP, KW("associations", "NTP associations"), DETAIL),
	ROW(IN_BOTH, NTP, KW("status", "NTP status")),
	ROW(IN_BOTH, LACP, KW("counters", "Traffic information")),
	ROW(IN_BOTH, LACP, KW("internal", "Internal information")),
	ROW(IN_BOTH, LACP, KW("neighbor", "Neighbor information")),
	ROW(IN_BOTH, LACP, KW("sys-id", "LACP System ID")),
	ROW(IN_EXEC, SHOW, OFF("vlans", "Virtual LANs Information", EXEC_OFF_VLANS)),

	/* routing daemons may run beside: what they say is theirs to say */
	ROW(IN_BOTH, SHOW_IP, OFF("ospf", "OSPF information", EXEC_OFF_OSPF), OF_PROCESS, OPT,
	    KW("database", "Database summary"), OR, KW("interface", "Interface information"), OF_IF, OR,
	    KW("neighbor", "Neighbor list"), OF_IF, DETAIL, CLOSE),
	ROW(IN_BOTH, SHOW_IP, OFF("eigrp", "Show IPv4 EIGRP", EXEC_OFF_EIGRP), ALT, KW("interfaces", "EIGRP interfaces"), OR,
	    KW("neighbors", "EIGRP neighbors"), OR, KW("topology", "IP-EIGRP Topology Table"), OR,
	    KW("traffic", "EIGRP traffic statistics"), CLOSE),
	ROW(IN_BOTH, SHOW_IP, OFF("bgp", "BGP information", EXEC_OFF_BGP), OPT,
	    KW("neighbors", "Detailed information on TCP and BGP neighbor connections"), OR,
	    KW("summary", "Summary of BGP neighbor status"), CLOSE),
	ROW(IN_EXEC, SHOW_IP, OFF("ssh", "Information on SSH", EXEC_OFF_SSH)),
	{ .toks = NULL },
};
