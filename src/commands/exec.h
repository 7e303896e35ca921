/* SPDX-License-Identifier: Apache-2.0 */
/* What an EXEC line asks for: the action number and the bound arguments that
 * the grammar hands to whoever acts. Fields that a row does not bind are zero. */
#ifndef COMMANDS_EXEC_H
#define COMMANDS_EXEC_H

#include "model/config.h"

enum exec_action {
	EXEC_NONE = 0,
	/* the session itself; mode changes are done when the result is seen */
	EXEC_ENABLE,  /* number: level plus one; 0: 15 */
	EXEC_DISABLE, /* number: level plus one; 0: 1 */
	EXEC_CONFIGURE,
	EXEC_EXIT, /* exit, quit, logout from EXEC: close the session */
	EXEC_SHOW_HISTORY,
	EXEC_SHOW_PRIVILEGE,
	EXEC_TERMINAL_LENGTH, /* flag, number: 0..512; no flag: as the window is */
	EXEC_TERMINAL_WIDTH,  /* as LENGTH */
	EXEC_TERMINAL_HISTORY, /* flag, number: lines; no flag: off, count: as many as usual */
	EXEC_TERMINAL_MONITOR, /* flag: on (clear: `terminal no monitor`) */
	EXEC_TERMINAL_OTHER,  /* accepted, nothing to do */

	EXEC_SHOW_ISAKMP_SA, /* detail; count; flag: the slot form (`active`) */
	EXEC_SHOW_ISAKMP_POLICY,
	EXEC_SHOW_ISAKMP_DEFAULT_POLICY,
	EXEC_SHOW_ISAKMP_KEY,
	EXEC_SHOW_ISAKMP_PEERS, /* addr */
	EXEC_SHOW_IPSEC_SA,	/* detail; count; addr (peer); ifname; name (map); flag: address;
				 * number: 1 of IPv6 only, 2 identity */
	EXEC_SHOW_IPSEC_TRANSFORM, /* name */
	EXEC_SHOW_IPSEC_PROFILE,   /* name */
	EXEC_SHOW_IPSEC_LIFETIME,
	EXEC_SHOW_CRYPTO_MAP, /* ifname; name (tag) */
	EXEC_SHOW_DYNAMIC_MAP, /* name (tag) */
	EXEC_SHOW_CALL_ADMISSION,
	EXEC_SHOW_CRYPTO_SESSION, /* detail; addr (remote); addr2 (local); ifname; flag: brief; number: 1
				   * timeline, 2 history */
	EXEC_SHOW_CRYPTO_ENGINE,
	EXEC_SHOW_CRYPTO_SOCKETS,
	EXEC_SHOW_TUNNEL_PROTECTION,
	EXEC_SHOW_IKEV2, /* what of it: all is nothing */
	EXEC_SHOW_L2TP,
	EXEC_SHOW_VPDN,
	EXEC_SHOW_ENGINE_BRIEF, /* detail: its configuration */
	EXEC_SHOW_ELI,
	EXEC_SHOW_ENTROPY,
	EXEC_SHOW_ISAKMP_PROFILE, /* name */
	EXEC_SHOW_ISAKMP_ERRORS,
	EXEC_SHOW_EZVPN,
	EXEC_SHOW_PKI_TOKEN,
	EXEC_SHOW_PKI_COUNTERS,
	EXEC_SHOW_PKI_TIMERS,
	EXEC_SHOW_OFF, /* number: enum exec_off; number2: a process of it, 0 all */
	EXEC_SHOW_VRF, /* name; flag: of IPv4 (`show ip vrf`); detail */
	EXEC_SHOW_CRYPTO_MTU,
	EXEC_SHOW_CRYPTO_DROPS,
	EXEC_SHOW_CRYPTO_CHECK,
	EXEC_SHOW_EXPLAIN, /* text */
	EXEC_SHOW_PKI_CERTIFICATES, /* name (trustpoint); detail */
	EXEC_SHOW_PKI_TRUSTPOINTS, /* name; flag: status */
	EXEC_SHOW_KEY_RSA, /* name (label) */
	EXEC_SHOW_PUBKEY_CHAIN, /* addr or name */
	EXEC_SHOW_INTERFACES, /* ifname */
	EXEC_SHOW_INTERFACES_DESCRIPTION, /* ifname */
	EXEC_SHOW_INTERFACES_STATS, /* ifname */
	EXEC_SHOW_INTERFACES_ACCOUNTING, /* ifname */
	EXEC_SHOW_IP_INTERFACE, /* ifname */
	EXEC_SHOW_IP_INTERFACE_BRIEF, /* ifname */
	EXEC_SHOW_ACCESS_LISTS, /* name */
	EXEC_SHOW_IP_ACCESS_LISTS, /* name */
	EXEC_SHOW_IP_ROUTE,	/* addr, addr2 (mask), detail: longer prefixes; number: enum exec_routes */
	EXEC_SHOW_IPV6_INTERFACE, /* ifname; flag: brief */
	EXEC_SHOW_IPV6_ROUTE,	/* number: enum exec_routes */
	EXEC_SHOW_IPV6_ACCESS_LIST, /* name */
	EXEC_SHOW_INTERFACES_SUMMARY,
	EXEC_SHOW_IP_ROUTE_SUMMARY,
	EXEC_SHOW_IP_STATIC_ROUTE,
	EXEC_SHOW_IP_PROTOCOLS,
	EXEC_SHOW_ARP,	     /* addr; ifname */
	EXEC_SHOW_PROTOCOLS, /* ifname */
	EXEC_SHOW_HOSTS,     /* flag: summary */
	EXEC_SHOW_INVENTORY,
	EXEC_SHOW_PROCESSES,	    /* flag: sorted */
	EXEC_SHOW_PROCESSES_MEMORY, /* flag: sorted */
	EXEC_SHOW_MEMORY,
	EXEC_SHOW_TERMINAL,
	EXEC_SHOW_LINE,
	EXEC_SHOW_FILE_SYSTEMS,
	EXEC_SHOW_ALIASES,
	EXEC_SHOW_OBJECT_GROUP, /* name */
	EXEC_SHOW_RUNNING_LISTS,
	EXEC_SHOW_TECH,
	EXEC_SHOW_RUNNING,	/* ifname: that interface only; flag: `all`; detail: brief; count: with line numbers */
	EXEC_SHOW_STARTUP,
	EXEC_SHOW_VERSION,
	EXEC_SHOW_UNSUPPORTED,
	EXEC_SHOW_CLOCK, /* detail */
	EXEC_SHOW_USERS,
	EXEC_SHOW_LOGGING, /* count */
	EXEC_SHOW_DEBUG_CONDITION,
	EXEC_SHOW_DEBUGGING,

	/* from here on to EXEC_CLEAR_ARP: control/clear.c */
	EXEC_CLEAR_ISAKMP, /* number: conn id, 0 all */
	EXEC_CLEAR_IPSEC_SA, /* addr (peer); name (map); addr + number2 (entry: destination, SPI) + proto */
	EXEC_CLEAR_IPSEC_COUNTERS,
	EXEC_CLEAR_CRYPTO_SESSION, /* addr, number2 (remote, its port); addr2, number (local) */
	EXEC_CLEAR_COUNTERS, /* ifname; asks */
	EXEC_CLEAR_ACL_COUNTERS, /* name */
	EXEC_CLEAR_LOGGING, /* asks */
	EXEC_CLEAR_LINE, /* flag: the console; number: vty; number2: as `show users` counts, plus one; asks */
	EXEC_CLEAR_ARCHIVE_LOG,
	EXEC_CLEAR_ADMISSION,
	EXEC_CLEAR_PKI_COUNTERS,
	EXEC_CLEAR_ROUTE, /* addr, addr2 (mask); no addr: all */
	EXEC_CLEAR_ARP, /* ifname; addr */

	/* from here on to EXEC_DEBUG_CONDITION: control/debug.c */
	EXEC_DEBUG,   /* number: enum exec_debug; flag: on (clear: no debug, undebug) */
	EXEC_DEBUG_ALL_ON, /* asks */
	EXEC_UNDEBUG_ALL,
	EXEC_DEBUG_CONDITION, /* addr (peer), addr2 (its mask, of a subnet), no addr: reset; flag: set */

	EXEC_WRITE_MEMORY, /* write [memory] */
	EXEC_WRITE_TERMINAL, /* = show running-config */
	EXEC_WRITE_ERASE, /* asks; from here on to EXEC_SHOW_ARCHIVE_LOG: control/life.c */
	EXEC_COPY, /* number: from which (enum exec_file), text its name; number2: to which, name its name */
	EXEC_CONFIGURE_FROM, /* flag: memory; detail: network; else asks */
	EXEC_CONFIGURE_REPLACE, /* text: file name; flag: does not ask; detail: lists; number: minutes to a confirmation */
	EXEC_CONFIGURE_REVERTING, /* configure terminal revert timer: number, or number2 (idle), minutes */
	EXEC_CONFIGURE_CONFIRM,
	EXEC_CONFIGURE_REVERT, /* flag: now; number: minutes from now */
	EXEC_DIR, /* text: file name, "" all */
	EXEC_MORE, /* text: file name */
	EXEC_DELETE, /* text: file name; flag: does not ask */
	EXEC_RELOAD,
	EXEC_RELOAD_IN, /* name: mmm or hhh:mm; text: the reason */
	EXEC_RELOAD_AT, /* name: hh:mm; text: a day, the reason */
	EXEC_RELOAD_CANCEL,
	EXEC_SHOW_RELOAD,
	EXEC_ARCHIVE_CONFIG,
	EXEC_SHOW_ARCHIVE,
	EXEC_SHOW_ARCHIVE_DIFF, /* text, name: file names, "" the running configuration */
	EXEC_SHOW_ARCHIVE_COMMANDS, /* text: file name */
	EXEC_SHOW_ARCHIVE_TIMER,
	EXEC_SHOW_ARCHIVE_LOG,
	EXEC_TRACEROUTE, /* addr or text (host); addr2 or ifname (source); number, number2 (TTL); repeat (probes),
			  * timeout_sec, size (port) */
	EXEC_PING, /* addr or text (host), neither: asks; addr2 or ifname (source); repeat, size, timeout_sec, df */

	EXEC_ABSENT, /* number: enum exec_absent */

	/* monitor capture; name in all of them */
	EXEC_CAPTURE_INTERFACE, /* ifname; proto: enum exec_capture; and as MATCH */
	EXEC_CAPTURE_MATCH, /* count: any; detail: IPv4, number2 (protocol, 0 any), addr, addr2 */
	EXEC_CAPTURE_ACL, /* text */
	EXEC_CAPTURE_BUFFER, /* flag: circular; number: MB, 0 as it is */
	EXEC_CAPTURE_LIMIT, /* timeout_sec, size, repeat (packets); 0 none */
	EXEC_CAPTURE_KEYS,
	EXEC_CAPTURE_START,
	EXEC_CAPTURE_STOP,
	EXEC_CAPTURE_CLEAR,
	EXEC_CAPTURE_EXPORT, /* text: file name */
	EXEC_CAPTURE_DROP,
	EXEC_SHOW_CAPTURE, /* name, "" all; detail: the buffer; flag: its packets */

	/* typed in configuration mode, and no part of a configuration */
	EXEC_KEY_GENERATE, /* name (label); number (bits, 0 asks); proto (enum exec_keys); flag: exportable */
	EXEC_KEY_ZEROIZE, /* name; "" all */
	EXEC_KEY_EXPORT, /* name; proto (enum exec_pem); text (passphrase) */
	EXEC_KEY_IMPORT, /* name; proto (enum exec_keys); text; flag: exportable */
	EXEC_PKI_AUTHENTICATE, /* name (trustpoint), here and below */
	EXEC_PKI_ENROLL,
	EXEC_PKI_IMPORT_CERT,
	EXEC_PKI_IMPORT_PEM, /* text; flag: exportable */
	EXEC_PKI_IMPORT_PKCS12, /* text; flag: exportable */
	EXEC_PKI_EXPORT_PEM, /* proto, text: with the private key; "" without */
	EXEC_PKI_EXPORT_PKCS12, /* text */
	EXEC_PKI_CRL_REQUEST,
	EXEC_SHOW_PKI_CRLS, /* no argument */
	EXEC_PKI_DROP, /* no crypto pki trustpoint: args begin with the name */
	EXEC_MASTER_KEY, /* text; "": it is asked for */
	EXEC_MASTER_DROP,
};

enum exec_routes { EXEC_ROUTES_ALL = 0, EXEC_ROUTES_CONNECTED, EXEC_ROUTES_STATIC, EXEC_ROUTES_OSPF, EXEC_ROUTES_EIGRP,
		   EXEC_ROUTES_BGP, EXEC_ROUTES_RIP, EXEC_ROUTES_ISIS, EXEC_ROUTES_OTHER };
enum exec_file { EXEC_FILE_NAMED = 0, EXEC_FILE_RUNNING, EXEC_FILE_STARTUP };
enum exec_keys { EXEC_KEYS_GENERAL = 0, EXEC_KEYS_USAGE, EXEC_KEYS_SIGNATURE, EXEC_KEYS_ENCRYPTION };
enum exec_capture { EXEC_CAPTURE_IN = 1, EXEC_CAPTURE_OUT, EXEC_CAPTURE_BOTH };
enum exec_pem { EXEC_PEM_3DES = 1, EXEC_PEM_DES, EXEC_PEM_AES };

enum exec_debug { EXEC_DEBUG_ISAKMP = 1, EXEC_DEBUG_IPSEC = 2, EXEC_DEBUG_ENGINE = 4,
		  EXEC_DEBUG_KEEPALIVE = 8, EXEC_DEBUG_ISAKMP_ERROR = 16, EXEC_DEBUG_ISAKMP_DETAIL = 32,
		  EXEC_DEBUG_IPSEC_ERROR = 64, EXEC_DEBUG_IPSEC_MESSAGE = 128, EXEC_DEBUG_IPSEC_STATES = 256,
		  EXEC_DEBUG_PKI_MESSAGES = 512, EXEC_DEBUG_PKI_TRANSACTIONS = 1024, EXEC_DEBUG_PKI_CALLBACKS = 2048,
		  EXEC_DEBUG_PKI_VALIDATION = 4096, EXEC_DEBUG_ALL = 8191 };

/* What IOS takes and a router without that has no use for. */
enum exec_absent { EXEC_ABSENT_TELNET = 1, EXEC_ABSENT_SSH, EXEC_ABSENT_RLOGIN, EXEC_ABSENT_FAILOVER,
		   EXEC_ABSENT_KEY_EC, EXEC_ABSENT_KEY_LOCK, EXEC_ABSENT_TRUSTPOOL };

/* Features of IOS that do not run. */
enum exec_off { EXEC_OFF_LLDP = 1, EXEC_OFF_CDP, EXEC_OFF_SNMP, EXEC_OFF_NTP, EXEC_OFF_VLANS, EXEC_OFF_OSPF,
		EXEC_OFF_EIGRP, EXEC_OFF_BGP, EXEC_OFF_SSH, EXEC_OFF_NOTHING };

struct exec_args {
	bool detail, count, flag, df;
	uint8_t proto; /* PROTO_ESP, PROTO_AH */
	uint32_t number, number2;
	uint32_t repeat, size, timeout_sec; /* ping; 0: IOS's 5, 100, 2 */
	struct ipaddr addr, addr2;
	char ifname[CFG_NAME_MAX]; /* canonical */
	char vrf[CFG_NAME_MAX];	   /* none is ever there: control/absent.c answers */
	char name[CFG_NAME_MAX];
	char text[256];
};

#endif
