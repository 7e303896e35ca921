/* SPDX-License-Identifier: Apache-2.0 */
/* EXEC lines about ISAKMP and IPsec. */
#include "commands/exec.h"

#include "commands/prefix6.h"

#define IN_EXEC	 CLI_IN(M_EXEC)
#define IN_BOTH	 (CLI_IN(M_EXEC) | CLI_IN(M_USER))
#define AT(f)	 struct exec_args, f
#define ROW(modes_, action_, ...)                                                          \
	{                                                                                  \
		.modes = (modes_), .action = (action_), .args_size = sizeof(struct exec_args), \
		.toks = TOKS(__VA_ARGS__)                                                  \
	}
#define SHOW	    KW("show", "Show running system information")
#define SHOW_CRYPTO SHOW, KW("crypto", "Encryption module")
#define SHOW_ISAKMP SHOW_CRYPTO, KW("isakmp", "Show ISAKMP")
#define SHOW_IPSEC  SHOW_CRYPTO, KW("ipsec", "Show IPSEC policy")
#define CLEAR_CRYPTO KW("clear", "Reset functions"), KW("crypto", "Encryption subsystem")
#define EITHER(h, f) ALT, ADDR(h, f), OR, ADDR6(h, f), CLOSE
#define VRF(h)	    KW("vrf", h), WORD("VRF Routing/Forwarding instance name", AT(vrf))
#define DETAIL	    OPT, KWV("detail", "Show detail", AT(detail), 1), CLOSE

#define IKEV2_DETAIL OPT, KW("detailed", "Shows ikev2 sas detailed information"), CLOSE
#define OPT_L2TP                                                                       \
	OPT, ALT, KW("session", "Session information summary for this protocol"), OR, \
	KW("tunnel", "Tunnel information summary for this protocol"), CLOSE, CLOSE

const struct cli_row rows_exec_crypto[] = {
	ROW(IN_BOTH, EXEC_SHOW_ISAKMP_SA, SHOW_ISAKMP,
	    KW("sa", "Show ISAKMP Security Associations"), OPT,
	    KWV("active", "Shows HA-enabled ISAKMP SAs in the active state", AT(flag), 1), OR,
	    KWV("count", "Show ISAKMP SA count", AT(count), 1), OR,
	    KWV("detail", "Show ISAKMP SA Detail", AT(detail), 1), OR,
	    KWV("standby", "Shows HA-enabled ISAKMP SAs in the standby state", AT(number), 1), OR,
	    VRF("Show ISAKMP SAs per VRF"), CLOSE),
	ROW(IN_BOTH, EXEC_SHOW_ISAKMP_POLICY, SHOW_ISAKMP,
	    KW("policy", "Show ISAKMP protection suite policy")),
	ROW(IN_BOTH, EXEC_SHOW_ISAKMP_DEFAULT_POLICY, SHOW_ISAKMP,
	    KW("default", "Show ISAKMP default configuration"),
	    KW("policy", "Show default ISAKMP policies")),
	ROW(IN_EXEC, EXEC_SHOW_ISAKMP_KEY, SHOW_ISAKMP, KW("key", "Show ISAKMP preshared keys")),
	ROW(IN_BOTH, EXEC_SHOW_ISAKMP_PEERS, SHOW_ISAKMP, KW("peers", "Show ISAKMP peer structures"),
	    OPT, EITHER("IP address of the peer", AT(addr)), OR, VRF("Show ISAKMP peers per VRF"), CLOSE),
	ROW(IN_BOTH, EXEC_SHOW_IPSEC_SA, SHOW_IPSEC, KW("sa", "IPSEC SA table"), ANY,
	    KWV("address", "IPSEC SA table in (dest) address order", AT(flag), 1), OR,
	    KWV("count", "IPSEC SA count", AT(count), 1), OR,
	    KWV("detail", "show counter detail", AT(detail), 1), OR,
	    KWV("identity", "IPSEC SADB identity tree", AT(number), 2), OR,
	    KWV("ipv6", "Display IPv6 crypto IPSEC SAs", AT(number), 1), OPT,
	    KWV("detailed", "Display detailed IPv6 crypto IPSEC SAs", AT(detail), 1), CLOSE, OR,
	    KW("interface", "Show info for specific interface"),
	    ARG(arg_shown_if, "Interface", AT(ifname)), OR,
	    KW("map", "IPSEC SA table for a specific crypto map"),
	    WORD("Name of crypto map", AT(name)), OR,
	    KW("peer", "show all SAs with specified peer"),
	    EITHER("IP address of the peer", AT(addr)), OR, VRF("show all SAs of a specified VRF"), CLOSE),
	ROW(IN_BOTH, EXEC_SHOW_IPSEC_PROFILE, SHOW_IPSEC,
	    KW("profile", "Show ipsec profile information"), OPT,
	    WORD("Name of the ipsec profile", AT(name)), CLOSE),
	ROW(IN_BOTH, EXEC_SHOW_IPSEC_TRANSFORM, SHOW_IPSEC,
	    KW("transform-set", "Crypto transform sets"), OPT,
	    WORD("Tag of the transform set", AT(name)), CLOSE),
	ROW(IN_BOTH, EXEC_SHOW_IPSEC_LIFETIME, SHOW_IPSEC,
	    KW("security-association", "Show parameters for IPSec security associations"), OPT,
	    KW("lifetime", "Show lifetime parameters for IPSec security associations"), CLOSE),
	{ .modes = IN_BOTH, .flags = ROW_HIDDEN, .action = EXEC_SHOW_IPSEC_LIFETIME,
	  .args_size = sizeof(struct exec_args),
	  .toks = TOKS(SHOW_IPSEC,
		       KW("security-association-lifetime", "Show lifetime parameters")) },
	ROW(IN_BOTH, EXEC_SHOW_CRYPTO_MAP, SHOW_CRYPTO, KW("map", "Crypto maps"), OPT,
	    KW("interface", "Crypto maps for a specific interface"),
	    ARG(arg_shown_if, "Interface", AT(ifname)), OR,
	    KW("tag", "Crypto maps with a specific tag"), WORD("Crypto map tag", AT(name)), CLOSE),
	ROW(IN_BOTH, EXEC_SHOW_DYNAMIC_MAP, SHOW_CRYPTO, KW("dynamic-map", "Crypto map templates"), OPT,
	    KW("tag", "Crypto dynamic maps with a specific tag"),
	    WORD("Dynamic crypto map tag", AT(name)), CLOSE),
	ROW(IN_BOTH, EXEC_SHOW_CALL_ADMISSION, SHOW_CRYPTO,
	    KW("call", "Show crypto call admission info"),
	    KW("admission", "Show crypto call admission info"),
	    KW("statistics", "Show crypto call admission statistics")),
	ROW(IN_BOTH, EXEC_SHOW_CRYPTO_MTU, SHOW_CRYPTO,
	    KW("mtu", "Show what fits into tunnels and crypto maps")),
	ROW(IN_BOTH, EXEC_SHOW_CRYPTO_SESSION, SHOW_CRYPTO,
	    KW("session", "Show crypto sessions (tunnels)"), ANY,
	    KWV("brief", "Show brief of crypto session", AT(flag), 1), OR,
	    KWV("detail", "Show detailed crypto session", AT(detail), 1), OR,
	    KW("fvrf", "Show crypto sessions for a front-door VRF"), WORD("VRF name", AT(vrf)), OR,
	    KWV("history", "Show how past sessions ended, and which flap", AT(number), 2), OR,
	    KW("interface", "Show crypto sessions on an interface"),
	    ARG(arg_shown_if, "Interface", AT(ifname)), OR,
	    KW("ivrf", "Show crypto sessions for an inside VRF"), WORD("VRF name", AT(vrf)), OR,
	    KW("local", "Show crypto sessions for a local crypto endpoint"),
	    EITHER("local IP address", AT(addr2)), OR,
	    KW("remote", "Show crypto sessions for a remote IKE peer"),
	    EITHER("remote IP address", AT(addr)), OR,
	    KWV("timeline", "Show when sessions came to which step", AT(number), 1), CLOSE),
	ROW(IN_BOTH, EXEC_SHOW_CRYPTO_ENGINE, SHOW_CRYPTO, KW("engine", "Show crypto engine info"),
	    KW("connections", "Show connection information"),
	    KW("active", "Show all crypto engine active connections")),
	ROW(IN_BOTH, EXEC_SHOW_ENGINE_BRIEF, SHOW_CRYPTO, KW("engine", "Show crypto engine info"), ALT,
	    KW("brief", "Show all crypto engines in the system"), OR,
	    KWV("configuration", "Show crypto engine config", AT(detail), 1), CLOSE),
	ROW(IN_BOTH, EXEC_SHOW_ELI, SHOW_CRYPTO, KW("eli", "Encryption Layer Interface"), OPT,
	    KW("all", "All crypto engines"), CLOSE),
	ROW(IN_BOTH, EXEC_SHOW_ENTROPY, SHOW_CRYPTO, KW("entropy", "Entropy sources"),
	    KW("status", "Status of entropy sources")),
	ROW(IN_BOTH, EXEC_SHOW_ISAKMP_PROFILE, SHOW_ISAKMP, KW("profile", "Show ISAKMP profiles"), OPT,
	    KW("tag", "Show an ISAKMP profile"), WORD("Profile name", AT(name)), OR,
	    VRF("Show ISAKMP profiles per VRF"), CLOSE),
	ROW(IN_BOTH, EXEC_SHOW_ISAKMP_ERRORS, SHOW_ISAKMP, KW("diagnose", "Diagnose feature for IKE"),
	    KW("error", "Show IKE error path")),
	ROW(IN_BOTH, EXEC_SHOW_CRYPTO_SOCKETS, SHOW_CRYPTO,
	    KW("sockets", "Secure Socket Information")),
	ROW(IN_BOTH, EXEC_SHOW_TUNNEL_PROTECTION, SHOW, KW("tunnel", "Show configured tunnels"),
	    KW("protection", "Tunnel protection information"), KW("statistics", "Tunnel protection statistics")),
	ROW(IN_BOTH, EXEC_SHOW_IKEV2, SHOW_CRYPTO, KW("ikev2", "Shows ikev2 info"), ALT,
	    KW("policy", "Show policies"), OR, KW("profile", "Shows ikev2 profiles"), OR,
	    KW("proposal", "Show proposals"), OR, KW("sa", "Shows ikev2 sas"), IKEV2_DETAIL, OR,
	    KW("session", "Shows ikev2 active session"), IKEV2_DETAIL, OR,
	    KW("stats", "Shows ikev2 sa stats"), CLOSE),
	ROW(IN_BOTH, EXEC_SHOW_EZVPN, SHOW_IPSEC, KW("client", "Show Client Status"),
	    KW("ezvpn", "Show Easy VPN Client Information")),
	ROW(IN_BOTH, EXEC_SHOW_L2TP, SHOW, KW("l2tp", "L2TP information"), OPT_L2TP),
	ROW(IN_BOTH, EXEC_SHOW_VPDN, SHOW, KW("vpdn", "VPDN information"), OPT_L2TP),
	ROW(IN_BOTH, EXEC_SHOW_CRYPTO_DROPS, SHOW_CRYPTO,
	    KW("drops", "Packets that were dropped, by reason")),
	ROW(IN_EXEC, EXEC_SHOW_CRYPTO_CHECK, SHOW_CRYPTO,
	    KW("check", "What is wrong, weak or surprising in the configuration")),
	ROW(IN_BOTH, EXEC_SHOW_EXPLAIN, SHOW, KW("culvert", "What is Culvert's own"),
	    KW("explain", "What a word of a configuration or a state means"), OPT,
	    WORD("Algorithm, protocol, mode or state", AT(text)), CLOSE),

	ROW(IN_EXEC, EXEC_CLEAR_ISAKMP, CLEAR_CRYPTO, KW("isakmp", "Flush the ISAKMP database"), OPT,
	    NUM(1, 4294967295, "connection id of SA", AT(number)), OR, VRF("Clear ISAKMP SAs of a VRF"), CLOSE),
	ROW(IN_EXEC, EXEC_CLEAR_IPSEC_COUNTERS, CLEAR_CRYPTO, KW("sa", "Clear all crypto SAs"),
	    KW("counters", "Reset the SA counters")),
	ROW(IN_EXEC, EXEC_CLEAR_IPSEC_SA, CLEAR_CRYPTO, KW("sa", "Clear all crypto SAs"), OPT,
	    KW("entry", "Clear the entry"), EITHER("Destination address", AT(addr)), ALT,
	    KWV("ah", "Authentication header", AT(proto), PROTO_AH), OR,
	    KWV("esp", "Encapsulation security payload", AT(proto), PROTO_ESP), CLOSE,
	    NUM(1, 4294967295, "SPI", AT(number2)), OR, KW("map", "Clear all SAs for a given crypto map"),
	    WORD("Crypto map name", AT(name)), OR, KW("peer", "Clear all SAs for a given crypto peer"),
	    EITHER("peer address", AT(addr)), OR, VRF("Clear all SAs for a given VRF"), CLOSE),
	ROW(IN_EXEC, EXEC_SHOW_DEBUG_CONDITION, SHOW_CRYPTO,
	    KW("debug-condition", "Debug Condition filters")),
	{ .toks = NULL },
};
