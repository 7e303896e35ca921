/* SPDX-License-Identifier: Apache-2.0 */
/* `tunnel ...` below an interface, and what IPsec does there. */
#include "commands/prefix6.h"

#include <string.h>

#define IN_TUNNEL CLI_IN(M_TUNNEL)
#define IN_IF	  (CLI_IN(M_INTERFACE) | CLI_IN(M_TUNNEL))

static int map_apply(struct cli_call *c)
{
	const struct cfg_interface *i = c->obj;

	if (c->op == CLI_SET && i->map_group[0])
		txt_str(c->out, "% NOTE: this version has no redundancy: the crypto map is this router's alone.\n");
	if (c->op == CLI_SET && !config_find_map(c->root, i->crypto_map))
		txt_printf(c->out, "%% NOTE: crypto map \"%s\" does not exist yet; %s protects "
				   "nothing until it does.\n",
			   i->crypto_map, i->name);
	return 0;
}

static int protection_apply(struct cli_call *c)
{
	struct cfg_interface *i = c->obj;

	if (c->op != CLI_SET)
		cfg_interface_del_kept_protection(i);
	else if (!config_find_ipsec_profile(c->root, i->tunnel.protection))
		txt_printf(c->out, "%% NOTE: ipsec profile \"%s\" does not exist yet; %s carries "
				   "nothing until it does.\n",
			   i->tunnel.protection, i->name);
	return 0;
}

#define AT_I(f) struct cfg_interface, f
#define AT_U(f) struct cfg_interface, tunnel.f
#define TUNNEL	KW("tunnel", "protocol-over-protocol tunneling")
#define CRYPTO	KW("crypto", "Encryption/Decryption commands")

/* Of these there is only the name. */
static const struct cli_name other_modes[] = {
	{ "aurp", "AURP TunnelTalk AppleTalk encapsulation", TUNNEL_AURP },
	{ "cayman", "Cayman TunnelTalk AppleTalk encapsulation", TUNNEL_CAYMAN },
	{ "dvmrp", "DVMRP multicast tunnel", TUNNEL_DVMRP },
	{ "eon", "EON compatible CLNS tunnel", TUNNEL_EON },
	{ "iptalk", "Apple IPTalk encapsulation", TUNNEL_IPTALK },
	{ "nos", "IP over IP encapsulation (KA9Q/NOS compatible)", TUNNEL_NOS },
	{ "rbscp", "RBSCP in IP tunnel", TUNNEL_RBSCP },
	{ NULL, NULL, 0 },
};
static const struct cli_name ipv6ip_modes[] = {
	{ "6rd", "IPv6 automatic tunnelling using 6rd", TUNNEL_6RD },
	{ "6to4", "IPv6 automatic tunnelling using 6to4", TUNNEL_6TO4 },
	{ "auto-tunnel", "IPv6 automatic tunnelling using IPv4 compatible addresses", TUNNEL_AUTO },
	{ "isatap", "IPv6 automatic tunnelling using ISATAP", TUNNEL_ISATAP },
	{ NULL, NULL, 0 },
};

const struct cli_row rows_tunnel[] = {
	{ .modes = IN_TUNNEL,
	  .toks = TOKS(TUNNEL, KW("source", "source of tunnel packets"), ALT,
		       ADDR("ip address", AT_U(source)), OR, ADDR6("IPv6 address", AT_U(source)), OR,
		       ARG(arg_ifname, "Interface", AT_U(source_if)), CLOSE) },
	{ .modes = IN_TUNNEL,
	  .toks = TOKS(TUNNEL, KW("mode", "tunnel encapsulation method"), ALT,
		       KW("gre", "generic route encapsulation protocol"), ALT,
		       KWV("ip", "over IP", AT_U(mode), TUNNEL_GRE_IP), OR,
		       KWV("ipv6", "over IPv6", AT_U(mode), TUNNEL_GRE_IPV6), OR,
		       KWV("multipoint", "over IP (multipoint)", AT_U(mode),
			   TUNNEL_GRE_MULTIPOINT),
		       CLOSE, OR, KW("ipsec", "IPSec tunnel encapsulation"), ALT,
		       /* the longer first: what is said first is printed */
		       KW("ipv4", "over IPv4"),
		       KWV("v6-overlay", "with IPv6 inside", AT_U(mode), TUNNEL_IPSEC_6IN4), OR,
		       KW("ipv6", "over IPv6"),
		       KWV("v4-overlay", "with IPv4 inside", AT_U(mode), TUNNEL_IPSEC_4IN6), OR,
		       KWV("ipv4", "over IPv4", AT_U(mode), TUNNEL_IPSEC_IPV4), OR,
		       KWV("ipv6", "over IPv6", AT_U(mode), TUNNEL_IPSEC_IPV6), CLOSE, OR,
		       KW("ipv6ip", "IPv6 over IP encapsulation"), NAMES(ipv6ip_modes, AT_U(mode)), OR,
		       KWV("ipip", "IP over IP encapsulation", AT_U(mode), TUNNEL_IPIP), OR,
		       KWV("ipv6", "Generic packet tunneling in IPv6", AT_U(mode), TUNNEL_IPV6), OR,
		       KWV("ipv6ip", "IPv6 over IP encapsulation", AT_U(mode), TUNNEL_IPV6IP), OR,
		       NAMES(other_modes, AT_U(mode)),
		       CLOSE) },
	{ .modes = IN_TUNNEL,
	  .toks = TOKS(TUNNEL, KW("destination", "destination of tunnel"), ALT,
		       ADDR("ip address", AT_U(destination)), OR,
		       ADDR6("IPv6 address", AT_U(destination)), OR,
		       ARG(arg_host, "Host name", AT_U(destination_host)), CLOSE) },
	{ .modes = IN_TUNNEL,
	  .toks = TOKS(TUNNEL, KWV("key", "security or selector key", AT_U(has_key), 1),
		       NUM(0, 4294967295, "key", AT_U(key))) },
	{ .modes = IN_TUNNEL,
	  .toks = TOKS(TUNNEL, KW("ttl", "set time to live"),
		       NUM(1, 255, "ttl (default 255)", AT_U(ttl))) },
	{ .modes = IN_TUNNEL,
	  .toks = TOKS(TUNNEL, KW("tos", "set type of sevice byte"),
		       ARGF(arg_plus1, "tos", AT_U(tos), .lo = 0, .hi = 255)) },
	{ .modes = IN_TUNNEL,
	  .toks = TOKS(TUNNEL, KWV("checksum", "enable end to end checksumming of packets",
				   AT_U(checksum), 1)) },
	{ .modes = IN_TUNNEL,
	  .toks = TOKS(TUNNEL, KWV("sequence-datagrams", "drop datagrams arriving out of order",
				   AT_U(sequence), 1)) },
	{ .modes = IN_TUNNEL,
	  .toks = TOKS(TUNNEL, KWV("path-mtu-discovery", "Enable Path MTU Discovery on tunnel",
				   AT_U(path_mtu_discovery), 1),
		       OPT, KW("age-timer", "Set PMTUD aging timer"), ALT,
		       NUM(10, 30, "Age timer value in minutes", AT_U(pmtu_age_min)), OR,
		       KWV("infinite", "Disable PMTUD aging", AT_U(pmtu_age_min), PMTU_AGE_INFINITE),
		       CLOSE, CLOSE, OPT, KW("min-mtu", "Minimum MTU allowed by PMTUD"),
		       NUM(92, 65535, "Minimum MTU in bytes", AT_U(pmtu_least)), CLOSE) },
	{ .modes = IN_TUNNEL, .apply = protection_apply,
	  .toks = TOKS(TUNNEL, KWF("protection", "Enable tunnel protection", .flags = CLI_TAIL),
		       KW("ipsec", "Use ipsec to protect this tunnel interface"),
		       KW("profile", "Determine the ipsec policy profile to use."),
		       WORD("IPSec policy profile name", AT_U(protection)), OPT,
		       KWV("shared", "Shared Tunnel Protection", AT_U(protection_shared), 1),
		       CLOSE, OPT, KW("isakmp-profile", "Specify isakmp Profile"),
		       WORD("Name of the isakmp profile", AT_U(protection_isakmp)), CLOSE, OPT,
		       KWVF("shared", "Shared Tunnel Protection", AT_U(protection_shared), 1,
			    .flags = CLI_ALIAS),
		       CLOSE) },
	{ .modes = IN_IF,
	  .toks = TOKS(CRYPTO, KW("ipsec", "Set IPSec parameters"),
		       KW("df-bit", "Handling of encapsulated DF bit."), ALT,
		       KWV("clear", "Clear DF bit for encapsulated tunnel packets", AT_I(df_bit),
			   DF_CLEAR + 1),
		       OR,
		       KWV("copy", "Copy DF bit to encapsulated tunnel packets", AT_I(df_bit),
			   DF_COPY + 1),
		       OR,
		       KWV("set", "Set DF bit for encapsulated tunnel packets", AT_I(df_bit),
			   DF_SET + 1),
		       CLOSE) },
	{ .modes = IN_IF,
	  .toks = TOKS(CRYPTO, KW("ipsec", "Set IPSec parameters"),
		       KW("fragmentation", "Handling of fragmentation of near-MTU sized packets"), ALT,
		       KWV("after-encryption", "Perform fragmentation after encryption", AT_I(frag), 2),
		       OR,
		       KWV("before-encryption", "Perform fragmentation before encryption", AT_I(frag), 1),
		       CLOSE) },
	{ .modes = IN_IF, .apply = map_apply,
	  .toks = TOKS(CRYPTO, KWF("map", "Assign a Crypto Map", .flags = CLI_TAIL),
		       WORD("Crypto Map tag", AT_I(crypto_map)), OPT,
		       KW("redundancy", "enable redundancy"), WORD("Redundancy group name", AT_I(map_group)),
		       OPT, KWV("stateful", "enable stateful redundancy", AT_I(map_stateful), 1), CLOSE,
		       CLOSE) },
	{ .toks = NULL },
};
