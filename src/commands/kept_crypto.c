/* SPDX-License-Identifier: Apache-2.0 */
/* What IOS has beside pre-shared keys and certificates in IKEv1: kept, and not run. What each
 * means for the user: unsupported.c. */
#include "commands/rows.h"

#define IN_CONFIG CLI_IN(M_CONFIG)
#define IN_MAPS	  (CLI_IN(M_MAP) | CLI_IN(M_DYNAMIC_MAP))
#define IN_TERMS  (IN_MAPS | CLI_IN(M_IPSEC_PROFILE))
#define CRYPTO	  KW("crypto", "Encryption module")
#define IKEV2	  CRYPTO, KW("ikev2", "Configure IKEv2 Options")
#define IPSEC	  CRYPTO, KW("ipsec", "Configure IPSEC policy")
#define LIFE	  KW("security-association", "Security association parameters")
#define PKI	  CRYPTO, ALT, KW("pki", "Public Key components"), OR, \
		  KWF("ca", "Certification authority", .flags = CLI_ALIAS), CLOSE
#define SSL	  CRYPTO, KW("ssl", "Configure Crypto SSL Options")
#define SSL_NAME  { .kind = CLI_ARG, .type = &cli_word, .help = "Name" }
#define SET	  KW("set", "Set values for encryption/decryption")
#define NOTE(what) "% NOTE: " what " is not run by this version; its lines are kept."
#define NOT_SENT  "% NOTE: this version sends no dummy packets; the line is kept."

/* Among the commands of IKE and IPsec. */
const struct cli_row rows_kept_crypto[] = {
	KEPT_PROMPT(IN_CONFIG, M_IKEV2, "(config-ikev2-proposal)#", NOTE("crypto ikev2"), IKEV2,
		    KW("proposal", "Define IKEv2 proposals"), REST),
	KEPT_PROMPT(IN_CONFIG, M_IKEV2, "(config-ikev2-policy)#", NOTE("crypto ikev2"), IKEV2,
		    KW("policy", "Define IKEv2 policies"), REST),
	KEPT_PROMPT(IN_CONFIG, M_IKEV2, "(config-ikev2-keyring)#", NOTE("crypto ikev2"), IKEV2,
		    KW("keyring", "Define IKEv2 Keyring"), REST),
	KEPT_PROMPT(IN_CONFIG, M_IKEV2, "(config-ikev2-profile)#", NOTE("crypto ikev2"), IKEV2,
		    KW("profile", "Define IKEv2 Profiles"), REST),
	KEPT_PROMPT(IN_CONFIG, M_IKEV2, "(config-ikev2-author-policy)#", NOTE("crypto ikev2"), IKEV2,
		    KW("authorization", "IKEv2 authorization"), KW("policy", "Configure policy"), REST),
	KEPT_PROMPT(IN_CONFIG, M_IKEV2, "(config-ikev2-flexvpn)#", NOTE("crypto ikev2"), IKEV2,
		    KW("client", "Client configuration"), REST),
	KEPT_PROMPT(IN_CONFIG, M_IKEV2, "(config-ikev2-cluster)#", NOTE("crypto ikev2"), IKEV2,
		    KW("cluster", "Cluster load-balancer configuration"), REST),
	KEPT_PROMPT(IN_CONFIG, M_IKEV2, "(config-ikev2-name-mangler)#", NOTE("crypto ikev2"), IKEV2,
		    KW("name-mangler", "Name mangler"), REST),
	KEPT_NOTE(IN_CONFIG, ROW_KEEP_MANY, NOTE("crypto ikev2"), IKEV2, REST),
	KEPT_MORE(IN_CONFIG, CRYPTO, KW("isakmp", "Configure ISAKMP policy"),
		  KW("client", "Set client configuration policy"), KW("configuration", "Set client configuration"),
		  KW("address-pool", "Set network address for client")),
	KEPT_PROMPT(IN_CONFIG, M_OTHER, "(config-isakmp-group)#", NOTE("crypto isakmp client"), CRYPTO,
		    KW("isakmp", "Configure ISAKMP policy"), KW("client", "Set client configuration policy"), ALT,
		    KW("configuration", "Set client configuration"), ALT,
		    KW("browser-proxy", "Browser Proxy Push Configuration"), OR, KW("group", "Set group profile attributes for clients"),
		    CLOSE, OR, KW("firewall", "Client Firewall push policy configuration"), CLOSE, REST),
	KEPT(IN_CONFIG, 0, CRYPTO, KW("isakmp", "Configure ISAKMP policy"),
	     KW("disconnect-revoked-peers", "Disconnect peers whose certificates are revoked"), REST),
	KEPT(IN_CONFIG, 0, CRYPTO, KW("isakmp", "Configure ISAKMP policy"),
	     KW("xauth", "Set Extended Authentication values"), REST),
	KEPT_PROMPT(IN_CONFIG, M_OTHER, "(config-crypto-ezvpn)#", NOTE("crypto ipsec client ezvpn"), CRYPTO,
		    KW("ipsec", "Configure IPSEC policy"), KW("client", "Configure a client"),
		    KW("ezvpn", "Easy VPN client"), REST),
	KEPT_PROMPT(IN_CONFIG, M_OTHER, "(config-gdoi-group)#", NOTE("crypto gdoi"), CRYPTO,
		    KW("gdoi", "Configure GDOI policy"), REST),
	KEPT_PROMPT(IN_CONFIG, M_OTHER, "(config-crypto-identity)#", NOTE("crypto identity"), CRYPTO,
		    KW("identity", "Enter a crypto identity list"), REST),
	KEPT_PROMPT(IN_CONFIG, M_OTHER, "(cs-server)#", NOTE("crypto pki server"), PKI,
		    KW("server", "Enable IOS Certificate server"), REST),
	KEPT_PROMPT(IN_CONFIG, M_OTHER, "(ca-profile-enroll)#", NOTE("crypto pki profile"), PKI,
		    KW("profile", "Define a certificate profile"), REST),
	KEPT_PROMPT(IN_CONFIG, M_OTHER, "(ca-trustpool)#", NOTE("crypto pki trustpool"), PKI,
		    KW("trustpool", "Define CA trustpool"), KW("policy", "Define CA trustpool policy")),
	KEPT_MORE(IN_CONFIG, PKI, KW("trustpool", "Define CA trustpool")),
	KEPT_BLOCK(IN_CONFIG, M_OTHER, NOTE("crypto csr-params"), CRYPTO,
		    KW("csr-params", "Parameters of certificate requests"), REST),
	KEPT_NOTE(IN_CONFIG, ROW_KEEP_MANY, NOTE("crypto ca lookup"), PKI, KW("lookup", "Look up certificates elsewhere"), REST),
	KEPT_PROMPT(IN_CONFIG, M_OTHER, "(config-crypto-ssl-proposal)#", NOTE("crypto ssl"), SSL,
		    KW("proposal", "Define SSL Proposal"), SSL_NAME),
	KEPT_PROMPT(IN_CONFIG, M_OTHER, "(config-crypto-ssl-policy)#", NOTE("crypto ssl"), SSL,
		    KW("policy", "Define SSL Policy"), SSL_NAME),
	KEPT_PROMPT(IN_CONFIG, M_OTHER, "(config-crypto-ssl-profile)#", NOTE("crypto ssl"), SSL,
		    KW("profile", "Define SSL Profile"), SSL_NAME),
	KEPT_PROMPT(IN_CONFIG, M_OTHER, "(config-crypto-ssl-auth-policy)#", NOTE("crypto ssl"), SSL,
		    KW("authorization", "SSL Authorization"), KW("policy", "Define SSL Authorization Policy"), SSL_NAME),
	KEPT_MORE(IN_CONFIG, SSL),
	/* no crypto map M is not about it */
	{ .modes = IN_CONFIG, .enters = M_OTHER, .prompt = "(config-crypto-map)#", .msg = NOTE("an ipsec-isakmp profile"),
	  .flags = ROW_KEEP | ROW_KEEP_MANY | ROW_FULL,
	  .toks = TOKS(CRYPTO, KW("map", "Enter a crypto map"), { .kind = CLI_ARG, .type = &cli_word, .help = "Crypto map tag" },
		       { .kind = CLI_ARG, .type = &cli_num, .lo = 1, .hi = 65535, .help = "Sequence to insert into crypto map entry" },
		       KW("ipsec-isakmp", "IPSEC w/ISAKMP"), KW("profile", "Enable crypto map as a crypto-profile"),
		       { .kind = CLI_ARG, .type = &cli_word, .help = "Name of the crypto profile" }) },
	KEPT_MORE(IN_CONFIG, CRYPTO, KW("key", "Long term key operations"), KW("storage", "default storage location for keypairs")),
	KEPT(IN_CONFIG, ROW_KEEP_MANY, CRYPTO, KW("isakmp", "Configure ISAKMP policy"), KW("diagnose", "Diagnose feature for IKE"), ALT,
	     KW("error", "Enable the feature of error-diagnose"), OR,
	     KW("performance", "Enable the feature of performance-diagnose"), CLOSE, REST),
	KEPT(IN_CONFIG, 0, IPSEC, KW("default", "Configure default values"), KW("transform-set", "Default transform sets")),
	KEPT(IN_CONFIG, ROW_KEEP_MANY, PKI, KW("token", "Configure cryptographic token"), REST_SECRET),
	KEPT(IN_CONFIG, ROW_KEEP_MANY, IPSEC, ALT, KW("ipv4-deny", "ipv4 deny command"), OR,
	     KW("optional", "Enable optional encryption for IPSec"), OR,
	     KW("server", "Configure server"), CLOSE, REST),
	KEPT(IN_CONFIG, 0, IPSEC, KW("nat-transparency", "IPsec NAT transparency model"),
	     KW("spi-matching", "Match inbound SPI to outbound SPI for IPsec aware NAT")),
	KEPT_NOTE(IN_CONFIG, 0, NOT_SENT, IPSEC, LIFE, KW("dummy", "Enable dummy packets generation"), REST),
	KEPT(IN_CONFIG, 0, IPSEC, LIFE, ALT, KW("ecn", "Handling of ECN bits"), OR,
	     KW("multi-sn", "Enable multiple sequence numbers per SA"), CLOSE, REST),
	KEPT_MORE(IN_CONFIG, CRYPTO, KW("engine", "Enter a crypto engine configurable menu")),
	KEPT(IN_CONFIG, ROW_KEEP_MANY, CRYPTO, KW("logging", "logging messages"), ALT,
	     KW("ezvpn", "ezvpn logging enable/disable"), OR, KW("ikev2", "ikev2 logging enable/disable"), CLOSE, REST),
	KEPT_MORE(IN_CONFIG, CRYPTO, KW("mib", "Configure Crypto-related MIB Parameters")),
	KEPT_MORE(IN_CONFIG, CRYPTO, KW("provisioning", "Secure Device Provisioning")),
	KEPT_MORE(IN_CONFIG, CRYPTO, KW("vpn", "Configure crypto vpn commands")),
	KEPT_MORE(IN_CONFIG, CRYPTO, KW("wui", "Crypto HTTP configuration interfaces")),
	KEPT(IN_CONFIG, ROW_KEEP_MANY, CRYPTO, KW("xauth", "X-Auth parameters"), REST_SECRET),
	{ .toks = NULL },
};

/* Behind what crypto maps and profiles say, and is done. */
const struct cli_row rows_kept_terms[] = {
	KEPT_NOTE(IN_CONFIG, ROW_KEEP_MANY, "% NOTE: this version has no redundancy: the crypto map is this router's alone.",
		  CRYPTO, KW("map", "Enter a crypto map"),
		  { .kind = CLI_ARG, .type = &cli_word, .help = "Crypto map tag" },
		  KW("redundancy", "High Availability options for this map"), REST),
	KEPT_NOTE(CLI_IN(M_IPSEC_PROFILE), 0, "% NOTE: this version has no redundancy: the profile is this router's alone.",
		  KW("redundancy", "Configures High Availability for this profile"), REST),
	KEPT_NOTE(IN_TERMS, 0, NOT_SENT, SET, LIFE, KW("dummy", "Enable dummy packets generation"), REST),
	KEPT(IN_TERMS, 0, SET, KW("security-policy", "Limit the security policies of a peer"), REST),
	{ .toks = NULL },
};
