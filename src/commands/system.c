/* SPDX-License-Identifier: Apache-2.0 */
/* What concerns the router as a whole, and the lines that stand first in a
 * configuration. */
#include "commands/rows.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define IN_CONFIG CLI_IN(M_CONFIG)

static int hostname_apply(struct cli_call *c)
{
	const char *name = ((const struct config *)c->root)->hostname;
	bool legal = isalnum((unsigned char)name[0]);

	for (const char *p = name; *p; p++)
		legal &= isalnum((unsigned char)*p) || strchr("-._", *p);
	if (!legal)
		txt_str(c->out, "% Hostname contains one or more illegal characters.\n");
	return 0;
}

#define AT_C(f) struct config, f
#define AAA	KW("aaa", "Authentication, Authorization and Accounting.")
#define SERVICE KW("service", "Modify use of network based services")

static const struct cli_name ipv6_words[] = {
	{ "cef", "Cisco Express Forwarding", 0 },
	{ "flow-export", "Specify host/port to send flow statistics", 0 },
	{ "flowset", "Flow label configuration", 0 },
	{ "general-prefix", "Configure a general IPv6 prefix", 0 },
	{ "hop-limit", "Configure hop count limit", 0 },
	{ "host", "Configure static hostnames", 0 },
	{ "icmp", "Configure ICMP parameters", 0 },
	{ "inspect", "Context-based Access Control Engine", 0 },
	{ "local", "Specify local options", 0 },
	{ "mfib", "Multicast Forwarding Information Base", 0 },
	{ "mld", "Global mld commands", 0 },
	{ "mobile", "Mobile IPv6", 0 },
	{ "multicast", "Configure multicast related commands", 0 },
	{ "multicast-routing", "Enable IPv6 multicast", 0 },
	{ "nat", "NAT-PT Configuration commands", 0 },
	{ "nd", "Configure IPv6 ND", 0 },
	{ "neighbor", "Neighbor", 0 },
	{ "nhrp", "NHRP configuration commands", 0 },
	{ "ospf", "OSPF", 0 },
	{ "pim", "Configure Protocol Independent Multicast", 0 },
	{ "port-map", "Port to application mapping (PAM) configuration commands", 0 },
	{ "prefix-list", "Build a prefix list", 0 },
	{ "radius", "RADIUS configuration commands", 0 },
	{ "snooping", "IPv6 snooping", 0 },
	{ "source-guard", "Source guard", 0 },
	{ "source-route", "Process packets with source routing header options", 0 },
	{ "spd", "Selective Packet Discard", 0 },
	{ "tacacs", "TACACS configuration commands", 0 },
	{ "tcp", "Global TCP parameters", 0 },
	{ "traffic-interface", "Configure interface parameters", 0 },
	{ "verify", "Enable per packet validation", 0 },
	{ "virtual-reassembly", "IPv6 Virtual Reassembly", 0 },
	{ NULL, NULL, 0 },
};

/* Those that this router keeps: not timestamps, of which it knows each word. */
static const struct cli_name service_words[] = {
	{ "alignment", "Control alignment correction and logging", 0 },
	{ "call-home", "Enable call-home service", 0 },
	{ "compress-config", "Compress the nvram configuration file", 0 },
	{ "config", "TFTP load config files", 0 },
	{ "counters", "Control aging of interface counters", 0 },
	{ "dhcp", "Enable DHCP server and relay agent", 0 },
	{ "disable-ip-fast-frag", "Disable IP particle-based fast fragmentation", 0 },
	{ "exec-callback", "Enable exec callback", 0 },
	{ "exec-wait", "Delay EXEC startup on noisy lines", 0 },
	{ "finger", "Allow responses to finger requests", 0 },
	{ "hide-telnet-addresses", "Hide destination addresses in telnet command", 0 },
	{ "internal", "Enable/Disable Internal commands", 0 },
	{ "linenumber", "enable line number banner for each exec", 0 },
	{ "nagle", "Enable Nagle's congestion control algorithm", 0 },
	{ "old-slip-prompts", "Allow old scripts to operate with slip/ppp", 0 },
	{ "pad", "Enable PAD commands", 0 },
	{ "password-recovery", "Disable password recovery", 0 },
	{ "prompt", "Enable mode specific prompt", 0 },
	{ "pt-vty-logging", "Log significant VTY-Async events", 0 },
	{ "scripting", "Tcl scripting", 0 },
	{ "slave-log", "Enable log capability of slave IPs", 0 },
	{ "tcp-keepalives-in", "Generate keepalives on idle incoming network connections", 0 },
	{ "tcp-keepalives-out", "Generate keepalives on idle outgoing network connections", 0 },
	{ "tcp-small-servers", "Enable small TCP servers (e.g., ECHO)", 0 },
	{ "telnet-zeroidle", "Set TCP window 0 when connection is idle", 0 },
	{ "udp-small-servers", "Enable small UDP servers (e.g., ECHO)", 0 },
	{ "unsupported-transceiver", "enable support for third-party transceivers", 0 },
	{ NULL, NULL, 0 },
};

const struct cli_row rows_version[] = {
	KEPT(IN_CONFIG, 0, KW("version", "Version of the software that wrote the configuration"), REST),
	{ .modes = IN_CONFIG,
	  .toks = TOKS(SERVICE, KW("compat", "Layouts of old releases"),
		       KWV("ios12", "Show commands as IOS 12.x prints them", AT_C(compat_ios12),
			   1)) },
	KEPT(IN_CONFIG, ROW_KEEP_MANY, SERVICE, { .kind = CLI_NAMES, .names = service_words }, REST),
	{ .toks = NULL },
};

/* Behind the timestamps, as in IOS. */
const struct cli_row rows_service_passwords[] = {
	{ .modes = IN_CONFIG, .flags = ROW_JOINS, .apply = password_encryption_apply,
	  .toks = TOKS(SERVICE, KWV("password-encryption", "Encrypt system passwords", AT_C(users.encrypt), 1)) },
	{ .toks = NULL },
};

const struct cli_row rows_system[] = {
	{ .modes = IN_CONFIG, .flags = ROW_ALWAYS, .apply = hostname_apply,
	  .toks = TOKS(KW("hostname", "Set system's network name"),
		       ARG(arg_hostname, "This system's network name", AT_C(hostname))) },
	{ .toks = NULL },
};

const struct cli_row rows_boot[] = {
	KEPT(IN_CONFIG, 0, KW("boot-start-marker", "Start of the boot lines")),
	KEPT(IN_CONFIG, ROW_KEEP_MANY, KW("boot", "Modify system boot parameters"), REST),
	KEPT(IN_CONFIG, 0, KW("boot-end-marker", "End of the boot lines")),
	{ .toks = NULL },
};

static const struct cli_name login_words[] = {
	{ "block-for", "Set quiet-mode active time period", 0 },
	{ "delay", "Set delay between successive fail login", 0 },
	{ "on-failure", "Set options for failed login attempt", 0 },
	{ "on-success", "Set options for successful login attempt", 0 },
	{ "quiet-mode", "Set quiet-mode options", 0 },
	{ NULL, NULL, 0 },
};

/* Behind `enable secret`, as in IOS. */
const struct cli_row rows_globals[] = {
	KEPT_NOTE(IN_CONFIG, 0, "% NOTE: AAA is not run by this version: users and lines say who may log in "
				"(docs/users-and-lines.md);\n  the line is kept.",
		  AAA, KW("new-model", "Enable NEW access control commands and functions")),
	KEPT_PROMPT(IN_CONFIG, M_OTHER, "(config-sg-radius)#", NULL, AAA, KW("group", "AAA group definitions"),
		    KW("server", "AAA Server group definitions"), KW("radius", "Radius server-group definition"), REST),
	KEPT_PROMPT(IN_CONFIG, M_OTHER, "(config-sg-tacacs+)#", NULL, AAA, KW("group", "AAA group definitions"),
		    KW("server", "AAA Server group definitions"), KW("tacacs+", "Tacacs+ server-group definition"), REST),
	KEPT_PROMPT(IN_CONFIG, M_OTHER, "(config-sg-ldap)#", NULL, AAA, KW("group", "AAA group definitions"),
		    KW("server", "AAA Server group definitions"), KW("ldap", "Ldap server-group definition"), REST),
	KEPT_PROMPT(IN_CONFIG, M_OTHER, "(config-locsvr-da-radius)#", NULL, AAA, KW("server", "Local AAA server"),
		    KW("radius", "AAA server RADIUS configuration"),
		    KW("dynamic-author", "Local server profile for RFC 3576 support"), REST),
	KEPT(IN_CONFIG, ROW_KEEP_MANY, AAA, REST),
	KEPT(IN_CONFIG, ROW_KEEP_MANY, KW("login", "Enable secure login checking"),
	     { .kind = CLI_NAMES, .names = login_words }, REST),
	KEPT(IN_CONFIG, ROW_KEEP_MANY, KW("clock", "Configure time-of-day clock"), REST),
	KEPT(IN_CONFIG, 0, KW("memory-size", "Adjust memory size by percentage"), REST),
	KEPT(IN_CONFIG, 0, KW("mmi", "Memory of the configuration interface"), REST),
	KEPT(IN_CONFIG, ROW_KEEP_MANY, KW("platform", "platform specific configuration"), REST),
	KEPT(IN_CONFIG, ROW_KEEP_MANY, KW("license", "Configure license features"), REST),
	KEPT(IN_CONFIG, ROW_KEEP_MANY, KW("multilink", "PPP multilink global configuration"), REST),
	KEPT(IN_CONFIG, ROW_KEEP_MANY, KW("subscriber", "Subscriber configuration"), REST),
	KEPT(IN_CONFIG, ROW_KEEP_MANY, KW("spanning-tree", "Spanning Tree Subsystem"), REST),
	KEPT(IN_CONFIG, ROW_KEEP_MANY, KW("errdisable", "Error disable"), REST),
	KEPT(IN_CONFIG, ROW_KEEP_MANY, KW("cdp", "Global CDP configuration subcommands"), REST),
	KEPT(IN_CONFIG, ROW_KEEP_MANY, KW("lldp", "Global LLDP configuration subcommands"), REST),
	{ .modes = IN_CONFIG,
	  .toks = TOKS(KW("ipv6", "Global IPv6 configuration commands"),
		       KWV("unicast-routing", "Enable unicast routing", AT_C(ipv6_routing), 1)) },
	KEPT(IN_CONFIG, ROW_KEEP_MANY, KW("ipv6", "Global IPv6 configuration commands"),
	     { .kind = CLI_NAMES, .names = ipv6_words }, REST),
	{ .modes = IN_CONFIG,
	  .toks = TOKS(KW("ip", "Global IP configuration subcommands"),
		       KW("domain", "IP DNS Resolver"), KW("name", "Define the default domain name"),
		       WORD("Default domain name", AT_C(domain))) },
	{ .modes = IN_CONFIG, .flags = ROW_ALIAS,
	  .toks = TOKS(KW("ip", "Global IP configuration subcommands"),
		       KW("domain-name", "Define the default domain name"),
		       WORD("Default domain name", AT_C(domain))) },
	{ .toks = NULL },
};

/* Behind `username`. */
const struct cli_row rows_passwords[] = {
	{ .modes = IN_CONFIG,
	  .toks = TOKS(KW("crypto", "Encryption module"), KW("logging", "logging messages"),
		       KWV("session", "logging up/down session", AT_C(crypto_logging_session),
			   1)) },
	{ .modes = CLI_IN(M_CONFIG), .flags = ROW_SWITCH,
	  .apply = password_aes_apply,
	  .toks = TOKS(KW("password", "Configure encryption password (key)"),
		       KW("encryption", "Encrypt system passwords"),
		       KWV("aes", "Encrypt with AES", struct config, keys.aes, 1)) },
	{ .toks = NULL },
};
