/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of IOS with a mode of their own that nothing here acts on: their lines are kept
 * below them, with IOS's prompts. What each means for the user: unsupported.c. */
#include "commands/rows.h"

#define IN_CONFIG CLI_IN(M_CONFIG)
#define IP	  KW("ip", "Global IP configuration subcommands")
#define IPV6	  KW("ipv6", "Global IPv6 configuration commands")
#define FLOW	  KW("flow", "Global Flow configuration subcommands")
#define OBJECTS	  KW("object-group", "Configure Object Group")
#define VOICE	  KW("voice", "Global voice configuration")
#define ZONE_PAIR KW("zone-pair", "Zone pair command")

#define BLOCK(mode_, prompt_, ...) KEPT_PROMPT(IN_CONFIG, mode_, prompt_, NULL, __VA_ARGS__, REST)
/* There is only one of it, so that it has no name. */
#define ONLY_BLOCK(prompt_, w, h) KEPT_PROMPT(IN_CONFIG, M_OTHER, prompt_, NULL, KW(w, h))
#define LINE_OF(...) KEPT_MORE(IN_CONFIG, __VA_ARGS__)

/* Before everything that is about cryptography, where IOS prints them. */
const struct cli_row rows_kept_early[] = {
	BLOCK(M_OTHER, "(config-vrf)#", KW("vrf", "VRF commands"), KW("definition", "VRF definition")),
	LINE_OF(KW("vrf", "VRF commands")),
	BLOCK(M_OTHER, "(config-vrf)#", IP, KW("vrf", "Configure an IP VPN Routing/Forwarding instance")),
	BLOCK(M_OTHER, "(dhcp-config)#", IP, KW("dhcp", "Configure DHCP server and relay parameters"),
	      KW("pool", "Configure DHCP address pools")),
	BLOCK(M_OTHER, "(config-dhcp-class)#", IP, KW("dhcp", "Configure DHCP server and relay parameters"),
	      KW("class", "Configure DHCP classes")),
	LINE_OF(IP, KW("dhcp", "Configure DHCP server and relay parameters")),
	BLOCK(M_OTHER, "(config-dhcpv6)#", IPV6, KW("dhcp", "Configure IPv6 DHCP"),
	      KW("pool", "Configure DHCPv6 pool")),
	LINE_OF(IPV6, KW("dhcp", "Configure IPv6 DHCP")),
	LINE_OF(KW("vpdn", "Virtual Private Dialup Network")),
	KEPT_PROMPT(IN_CONFIG, M_VPDN, "(config-vpdn)#",
		    "% PPTP, L2F and L2TP dial-in are not supported: PPTP and L2F are "
		    "insecure. Use IPsec. The lines are kept.",
		    KW("vpdn-group", "VPDN group configuration"), REST),
	BLOCK(M_OTHER, "(config-l2tp-class)#", KW("l2tp-class", "l2tp-class configuration")),
	BLOCK(M_OTHER, "(config-pw-class)#", KW("pseudowire-class", "Pseudowire-class configuration")),
	BLOCK(M_OTHER, "(config-profile)#", KW("parameter-map", "parameter map")),
	BLOCK(M_OTHER, "(config-keychain)#", KW("key", "Key management"), KW("chain", "Key-chain management")),
	BLOCK(M_OTHER, "(config-network-group)#", OBJECTS, KW("network", "network group")),
	BLOCK(M_OTHER, "(config-service-group)#", OBJECTS, KW("service", "service group")),
	BLOCK(M_OTHER, NULL, OBJECTS),
	BLOCK(M_OTHER, "(config-track)#", KW("track", "Object tracking configuration commands")),
	BLOCK(M_OTHER, "(config-cmap)#", KW("class-map", "Configure Class Map")),
	BLOCK(M_OTHER, "(config-pmap)#", KW("policy-map", "Configure Policy Map")),
	BLOCK(M_OTHER, "(config-sec-zone)#", KW("zone", "FW with zoning"), KW("security", "Security zone")),
	LINE_OF(KW("zone", "FW with zoning")),
	BLOCK(M_OTHER, "(config-sec-zone-pair)#", ZONE_PAIR, KW("security", "Zone-pair name")),
	LINE_OF(ZONE_PAIR),
	ONLY_BLOCK("(config-red)#", "redundancy", "Enter redundancy mode"),
	LINE_OF(KW("vlan", "Vlan commands"), KW("internal", "internal VLAN")),
	BLOCK(M_OTHER, "(config-vlan)#", KW("vlan", "Vlan commands")),
	BLOCK(M_OTHER, "(config-bdomain)#",
	      KW("bridge-domain", "Bridge-domain global configuration commands")),
	BLOCK(M_OTHER, "(config-template)#", KW("template", "Select a template to configure")),
	BLOCK(M_OTHER, "(config-flow-exporter)#", FLOW, KW("exporter", "Define a Flow Exporter")),
	BLOCK(M_OTHER, "(config-flow-monitor)#", FLOW, KW("monitor", "Define a Flow Monitor")),
	BLOCK(M_OTHER, "(config-flow-record)#", FLOW, KW("record", "Define a Flow Record")),
	LINE_OF(FLOW),
	BLOCK(M_OTHER, "(config-controller)#", KW("controller", "Configure a specific controller")),
	BLOCK(M_OTHER, "(config-voicecard)#", KW("voice-card", "Configure a specific voice-card")),
	BLOCK(M_OTHER, "(conf-voi-serv)#", VOICE, KW("service", "Global packet telephony service config")),
	BLOCK(M_OTHER, "(config-class)#", VOICE, KW("class", "Dial peer group parameters")),
	BLOCK(M_OTHER, NULL, VOICE),
	BLOCK(M_OTHER, "(config-webvpn-gateway)#", KW("webvpn", "WebVPN global config command"),
	      KW("gateway", "Virtual Gateway configuration")),
	BLOCK(M_OTHER, "(config-webvpn-context)#", KW("webvpn", "WebVPN global config command"),
	      KW("context", "Virtual Context configuration")),
	LINE_OF(KW("webvpn", "WebVPN global config command")),
	{ .toks = NULL },
};

/* Behind the interfaces. */
const struct cli_row rows_kept_routers[] = {
	BLOCK(M_ROUTER, NULL, KW("router", "Enable a routing process")),
	BLOCK(M_OTHER, "(config-rtr)#", IPV6, KW("router", "Enable an IPV6 routing process")),
	{ .toks = NULL },
};

/* Behind the named access lists. */
const struct cli_row rows_kept_probes[] = {
	BLOCK(M_OTHER, "(cfg-ip-expl-path)#", IP, KW("explicit-path", "Configure explicit-path")),
	LINE_OF(IP, KW("sla", "IP Service Level Agreement"), ALT,
		KW("auto", "IP SLAs Auto Configuration"), OR, KW("enable", "Enable Event Notifications"), OR,
		KW("group", "Group Configuration or Group Scheduling"), OR,
		KW("key-chain", "Use MD5 Authentication for IP SLAs Control Messages"), OR,
		KW("keepalive", "Keepalive Configuration"), OR, KW("logging", "Enable Syslog"), OR,
		KW("low-memory", "Configure Low Water Memory Mark"), OR,
		KW("reaction-configuration", "IP SLAs Reaction-Configuration"), OR,
		KW("reaction-trigger", "IP SLAs Trigger Assignment"), OR,
		KW("reset", "IP SLAs Reset"), OR, KW("responder", "Enable IP SLAs Responder"), OR,
		KW("restart", "Restart An Active Entry"), OR, KW("schedule", "IP SLAs Entry Scheduling"),
		CLOSE),
	BLOCK(M_OTHER, "(config-ip-sla)#", IP, KW("sla", "IP Service Level Agreement")),
	{ .toks = NULL },
};

/* Behind all access lists. */
const struct cli_row rows_kept_policy[] = {
	BLOCK(M_OTHER, "(config-route-map)#",
	      KW("route-map", "Create route-map or enter route-map command mode")),
	BLOCK(M_OTHER, "(config-time-range)#", KW("time-range", "Define time range entries")),
	{ .toks = NULL },
};

/* Before the banners. */
const struct cli_row rows_kept_blocks[] = {
	BLOCK(M_OTHER, "(config-server-tacacs)#", KW("tacacs", "Define TACACS server"),
	      KW("server", "Define TACACS server")),
	BLOCK(M_OTHER, "(config-radius-server)#", KW("radius", "RADIUS server configuration command"),
	      KW("server", "Specify a RADIUS server")),
	BLOCK(M_OTHER, "(config-ldap-server)#", KW("ldap", "LDAP server configuration command"),
	      KW("server", "LDAP server specific configuration")),
	BLOCK(M_OTHER, "(config-cp)#", KW("control-plane", "Configure control plane services")),
	BLOCK(M_OTHER, "(config-dial-peer)#", KW("dial-peer", "Dial Map (Peer) configuration commands")),
	ONLY_BLOCK("(config-cm-fallback)#", "call-manager-fallback", "Call manager fallback"),
	ONLY_BLOCK("(config-gateway)#", "gateway", "Gateway"),
	ONLY_BLOCK("(config-gk)#", "gatekeeper", "Gatekeeper"),
	{ .toks = NULL },
};

/* Behind the lines. */
const struct cli_row rows_kept_applets[] = {
	BLOCK(M_OTHER, "(config-applet)#", KW("event", "Event related configuration commands"),
	      KW("manager", "Event manager configuration"), KW("applet", "Register an Event Manager applet")),
	LINE_OF(KW("event", "Event related configuration commands")),
	{ .toks = NULL },
};

/* Deeper modes, by the first word of the line that enters them. */
const struct cli_nest commands_nests[] = {
	{ "(config-ikev2-keyring)#", "peer", "(config-ikev2-keyring-peer)#" },
	{ "(config-pmap)#", "class", "(config-pmap-c)#" },
	{ "(config-router)#", "address-family", "(config-router-af)#" },
	{ "(config-router-af)#", "exit-address-family", NULL },
	{ "(config-vrf)#", "address-family", "(config-vrf-af)#" },
	{ "(config-vrf-af)#", "exit-address-family", NULL },
	{ "(config-keychain)#", "key", "(config-keychain-key)#" },
	{ "(config-vpdn)#", "accept-dialin", "(config-vpdn-acc-in)#" },
	{ "(config-vpdn)#", "request-dialin", "(config-vpdn-req-in)#" },
	{ "(config-vpdn)#", "accept-dialout", "(config-vpdn-acc-ou)#" },
	{ "(config-vpdn)#", "request-dialout", "(config-vpdn-req-ou)#" },
	{ "(config-ip-sla)#", "icmp-echo", "(config-ip-sla-echo)#" },
	{ "(config-ip-sla)#", "path-echo", "(config-ip-sla-pathEcho)#" },
	{ "(config-ip-sla)#", "path-jitter", "(config-ip-sla-pathJitter)#" },
	{ "(config-ip-sla)#", "tcp-connect", "(config-ip-sla-tcp)#" },
	{ "(config-ip-sla)#", "udp-echo", "(config-ip-sla-udp)#" },
	{ "(config-ip-sla)#", "udp-jitter", "(config-ip-sla-jitter)#" },
	{ NULL, NULL, NULL },
};
