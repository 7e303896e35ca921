/* SPDX-License-Identifier: Apache-2.0 */
/* Global commands of one line that are only kept, in tables by the places where IOS prints them. */
#include "commands/rows.h"

#define IN_CONFIG CLI_IN(M_CONFIG)
#define IP	  KW("ip", "Global IP configuration subcommands")
#define ONE(modes_, w, h) KEPT(modes_, ROW_KEEP_MANY, KW(w, h), REST)
/* Its lines may hold a password or a key. */
#define ONE_SECRET(modes_, w, h) KEPT(modes_, ROW_KEEP_MANY, KW(w, h), REST_SECRET)
#define IP_SECRET(w, h) KEPT(IN_CONFIG, ROW_KEEP_MANY, IP, KW(w, h), REST_SECRET)
#define IP_ONE(w, h)	KEPT(IN_CONFIG, ROW_KEEP_MANY, IP, KW(w, h), REST)
#define BANNER(w, h)                                                                      \
	KEPT(IN_CONFIG, ROW_RAW, KW("banner", "Define a login banner"), KW(w, h), \
	     { .kind = CLI_ARG, .type = &cli_line, .help = "c banner-text c, where 'c' is a "  \
							   "delimiting character" })
#define OTHER_LIST(from, to, h) \
	{ .kind = CLI_ARG, .type = &cli_num, .lo = (from), .hi = (to), .help = (h) }

/* Before `username`: how the router itself uses IP. */
const struct cli_row rows_kept_names[] = {
	IP_ONE("source-route", "Process packets with source routing header options"),
	IP_ONE("gratuitous-arps", "Generate gratuitous ARPs for PPP/SLIP peer addresses"),
	IP_ONE("options", "Ignore or drop packets with IP options"),
	IP_ONE("bootp", "Config BOOTP services"),
	IP_ONE("routing", "Enable IP routing"),
	IP_ONE("subnet-zero", "Allow 'subnet zero' subnets"),
	IP_ONE("cef", "Cisco Express Forwarding"),
	IP_ONE("finger", "finger server"),
	IP_ONE("dns", "Configure DNS server for a zone"),
	KEPT(IN_CONFIG, ROW_KEEP_MANY, IP, KW("domain", "IP DNS Resolver"),
	     ALT, KW("lookup", "Enable IP Domain Name System hostname translation"), OR,
	     KW("list", "Domain name to complete unqualified host names."), OR,
	     KW("retry", "Configure DNS retry"), OR, KW("timeout", "Configure DNS timeout"), CLOSE, REST),
	IP_ONE("domain-list", "Domain name to complete unqualified host names."),
	IP_ONE("domain-lookup", "Enable IP Domain Name System hostname translation"),
	IP_ONE("host", "Add an entry to the ip hostname table"),
	IP_ONE("name-server", "Specify address of name server to use"),
	IP_ONE("multicast-routing", "Enable IP multicast forwarding"),
	IP_ONE("inspect", "Context-based Access Control Engine"),
	IP_ONE("ips", "Specify a name of IPS policy"),
	IP_ONE("audit", "Intrusion Detection System"),
	IP_ONE("admission", "Network Admission Control global config commands"),
	IP_ONE("urlfilter", "Configure URL Filtering"),
	IP_ONE("port-map", "Port to application mapping (PAM) configuration commands"),
	IP_ONE("virtual-reassembly", "Virtual Reassembly"),
	{ .toks = NULL },
};

/* Before everything that is about cryptography. */
const struct cli_row rows_kept_sessions[] = {
	IP_ONE("tcp", "Global TCP parameters"),
	IP_ONE("telnet", "Specify telnet options"),
	IP_ONE("ssh", "Configure ssh options"),
	IP_ONE("scp", "Scp commands"),
	IP_ONE("rcmd", "Rcmd commands"),
	IP_SECRET("ftp", "FTP configuration commands"),
	IP_ONE("tftp", "tftp configuration commands"),
	{ .toks = NULL },
};

/* Between the interfaces and `ip route`. */
const struct cli_row rows_kept_ip[] = {
	KEPT(IN_CONFIG, ROW_KEEP_MANY, IP, KW("access-list", "Named access-list"), ALT,
	     KW("helper", "Access List acts on helper-address"), OR,
	     KW("log-update", "Control access list log updates"), OR,
	     KW("logging", "Control access list logging"), OR,
	     KW("match-local-traffic", "Match access-lists for locally generated traffic"), OR,
	     KW("persistent", "Keep access list sequence numbers over a reload"), CLOSE, REST),
	KEPT_NOTE(IN_CONFIG, ROW_KEEP_MANY, "% NOTE: there are no VRFs here; the route is kept, and not used.",
		  IP, KW("route", "Establish static routes"),
		  KW("vrf", "Configure static route for a VPN Routing/Forwarding instance"), REST),
	IP_ONE("bgp-community", "format for BGP community"),
	IP_ONE("classless", "Follow classless routing forwarding rules"),
	IP_ONE("default-gateway", "Specify default gateway (if not routing IP)"),
	IP_ONE("default-network", "Flags networks as candidates for default routes"),
	IP_ONE("flow-cache", "Configure netflow cache parameters"),
	IP_ONE("flow-export", "Specify host/port to send flow statistics"),
	IP_ONE("forward-protocol", "Controls forwarding of physical and directed IP broadcasts"),
	IP_ONE("http", "HTTP server configuration"),
	IP_ONE("local", "Specify local options"),
	IP_ONE("multicast", "Global IP Multicast Commands"),
	IP_ONE("nat", "NAT configuration commands"),
	IP_ONE("nbar", "Network-Based Application Recognition"),
	IP_SECRET("nhrp", "NHRP configuration commands"),
	IP_ONE("pim", "PIM global commands"),
	IP_SECRET("radius", "RADIUS configuration commands"),
	IP_SECRET("tacacs", "TACACS configuration commands"),
	{ .toks = NULL },
};

/* Between access lists and `route-map`. */
const struct cli_row rows_kept_lists[] = {
	IP_ONE("as-path", "BGP autonomous system path filter"),
	IP_ONE("community-list", "Add a community list entry"),
	IP_ONE("prefix-list", "Build a prefix list"),
	{ .toks = NULL },
};

/* At the end of a configuration. */
const struct cli_row rows_kept_late[] = {
	/* words of a kept block that are global commands, too: typed (or pasted without
	 * indentation) in the block, they are the block's */
	ONE(CLI_IN(M_ROUTER), "default-information", "Control distribution of default information"),
	ONE(CLI_IN(M_ROUTER), "bfd", "BFD configuration commands"),
	KEPT(CLI_IN(M_TRUSTPOINT), 0, KW("password", "revocation password"), REST_SECRET),
	/* of a key chain, or of an Easy VPN group; `key chain NAME` is a global line */
	KEPT(CLI_IN(M_OTHER), ROW_KEEP_MANY, KW("key", "Configure a key"), OPT,
	     { .kind = CLI_ARG, .type = &cli_num, .lo = 0, .hi = 7, .help = "How the key is written" },
	     CLOSE,
	     { .kind = CLI_ARG, .type = &cli_word, .help = "Key identifier, or the key",
	       .flags = CLI_SECRET }),
	/* lists that are not of IP */
	KEPT(IN_CONFIG, ROW_KEEP_MANY, KW("access-list", "Add an access list entry"), ALT,
	     OTHER_LIST(700, 799, "48-bit MAC address access list"), OR,
	     OTHER_LIST(1100, 1199, "Extended 48-bit MAC address access list"), OR,
	     KW("compiled", "Enable IP access-list compilation"), OR,
	     KW("dynamic-extended", "Extend the dynamic ACL absolute timer"), OR,
	     KW("rate-limit", "Simple rate-limit specific access list"), CLOSE, REST),
	ONE(IN_CONFIG, "alias", "Create command alias"),
	ONE(IN_CONFIG, "arp", "Set a static ARP entry"),
	ONE(IN_CONFIG, "bridge", "Bridge Group."),
	KEPT(IN_CONFIG, ROW_HIDDEN, KW("config-register", "Define the configuration register"), REST),
	ONE(IN_CONFIG, "default-value", "Default character-bits values"),
	ONE(IN_CONFIG, "dialer-list", "Create a dialer list entry"),
	ONE(IN_CONFIG, "diagnostic", "Configure diagnostic information"),
	ONE(IN_CONFIG, "exception", "Exception handling"),
	ONE(IN_CONFIG, "file", "Adjust file system parameters"),
	ONE_SECRET(IN_CONFIG, "isdn", "ISDN configuration commands"),
	ONE(IN_CONFIG, "frame-relay", "global frame relay configuration commands"),
	ONE(IN_CONFIG, "mac", "MAC configuration"),
	ONE(IN_CONFIG, "mgcp", "Media Gateway Control Protocol configuration"),
	ONE(IN_CONFIG, "mac-address-table", "Configure the MAC address table"),
	ONE(IN_CONFIG, "macro", "Macro configuration"),
	ONE(IN_CONFIG, "mls", "mls global commands"),
	ONE(IN_CONFIG, "monitor", "SPAN information configuration"),
	ONE(IN_CONFIG, "mpls", "Configure MPLS parameters"),
	ONE(IN_CONFIG, "netconf", "Configure NETCONF"),
	ONE_SECRET(IN_CONFIG, "radius-server", "Modify RADIUS query parameters"),
	ONE(IN_CONFIG, "rmon", "Remote Monitoring"),
	ONE(IN_CONFIG, "scheduler", "Scheduler parameters"),
	ONE(IN_CONFIG, "security", "Infra Security CLIs"),
	ONE_SECRET(IN_CONFIG, "snmp-server", "Modify SNMP engine parameters"),
	ONE(IN_CONFIG, "standby", "Global HSRP configuration commands"),
	KEPT(IN_CONFIG, 0, KW("call", "Configure Call parameters"), KW("rsvp-sync", "RSVP synchronization"), REST),
	ONE_SECRET(IN_CONFIG, "tacacs-server", "Modify TACACS query parameters"),
	ONE(IN_CONFIG, "tftp-server", "Provide TFTP service for netload requests"),
	ONE(IN_CONFIG, "vtp", "Configure global VTP state"),
	ONE(IN_CONFIG, "warm-reboot", "Router warm-reboot"),
	ONE_SECRET(IN_CONFIG, "wsma", "Configure Web Services Management Agents"),
	ONE(IN_CONFIG, "buffers", "Adjust system buffer pool parameters"),
	ONE(IN_CONFIG, "default-information", "Default information"),
	ONE(IN_CONFIG, "process", "Configure process"),
	ONE(IN_CONFIG, "processor", "Configure processor"),
	ONE(IN_CONFIG, "card", "Card configuration"),
	ONE(IN_CONFIG, "hw-module", "Control of individual components in the system"),
	ONE(IN_CONFIG, "transport", "Transport configuration"),
	ONE_SECRET(IN_CONFIG, "cns", "CNS agents"),
	ONE(IN_CONFIG, "partition", "Partition device"),
	ONE(IN_CONFIG, "stack-mac", "stack-mac"),
	ONE(IN_CONFIG, "switch", "Switch configuration"),
	ONE(IN_CONFIG, "system", "System configuration"),
	ONE(IN_CONFIG, "prompt", "Set system's prompt"),
	ONE(IN_CONFIG, "remote-access", "Remote access"),
	ONE_SECRET(IN_CONFIG, "dot11", "IEEE 802.11 config commands"),
	ONE(IN_CONFIG, "bfd", "BFD configuration commands"),
	ONE(IN_CONFIG, "end-policy", "End of policy"),
	{ .toks = NULL },
};

const struct cli_row rows_banners[] = {
	BANNER("motd", "Set Message of the Day banner"),
	BANNER("login", "Set login banner"),
	BANNER("exec", "Set EXEC process creation banner"),
	BANNER("incoming", "Set incoming terminal line banner"),
	BANNER("prompt-timeout", "Set Message for login authentication timeout"),
	BANNER("slip-ppp", "Set Message for SLIP/PPP"),
	{ .toks = NULL },
};

/* Behind the lines. */
const struct cli_row rows_kept_last[] = {
	ONE_SECRET(IN_CONFIG, "ntp", "Configure NTP"),
	{ .toks = NULL },
};
