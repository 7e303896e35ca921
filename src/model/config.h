/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration as a value: what the text says, nothing about what runs.
 * Everything is plain data in fixed fields, so that the grammar binds tokens to
 * offsets; objects are allocated one by one and keep their address until they
 * are removed. Names are NUL-terminated; "" and 0 mean "not configured" unless a
 * field says otherwise. config_new() sets IOS's defaults. */
#ifndef MODEL_CONFIG_H
#define MODEL_CONFIG_H

#include "base/hash.h"
#include "base/txt.h"
#include "model/alg_id.h"
#include "model/policy.h"
#include "model/selector.h"

#define CFG_NAME_MAX	 IOS_NAME_MAX /* with the NUL */
#define CFG_DESC_MAX	 241
#define CFG_REMARK_MAX	 101
#define CFG_MAX_ADDRS	 16
#define CFG_MAX_ADDRS6	 16
#define CFG_MAX_PORTS	 10
/* Lines kept in one place. Whole routers of other subjects (NAT, BGP, prefix lists) stand
 * in the global one; the limit is against floods, not against them. */
#define CFG_MAX_KEPT 32768
#define PMTU_AGE_INFINITE 255
#define PMTU_AGE_DEFAULT  10 /* minutes */
/* Whoever knows the two ends of a tunnel can forge the ICMP errors that it learns from:
 * only a min-mtu that is configured goes below what every host takes. */
#define PMTU_LEAST_DEFAULT 576
#define CFG_SEALED_MAX 217 /* of a type 6 text: base 41 of salt, key, NUL and MAC; with the NUL */
#define CFG_HOSTNAME_DEFAULT "Router"
#define CFG_PROFILE_SEQ 1

#define CFG_LIST_OF(type) \
	struct {          \
		type **v; \
		size_t n, cap; \
	}

/* A line that is no part of the value, kept so that it prints back in place. */
enum kept_kind {
	KEPT_QUIET = 0,	 /* a known IOS line that means nothing to a VPN router */
	KEPT_INCOMPLETE, /* `% Incomplete command.` */
	KEPT_INVALID,	 /* caret error */
	KEPT_CHILD,	 /* stands below the kept line before it */
	KEPT_CONFLICT,	 /* refused because of what is there already */
};
struct kept_line {
	uint8_t kind;	 /* enum kept_kind */
	uint8_t depth;	 /* blanks before it, below its block */
	uint32_t anchor; /* the grammar row after whose lines it is printed */
	uint64_t after;	 /* among that row's elements: behind those up to this place */
	uint32_t line;	 /* where it stood in its file; 0: typed */
	uint32_t col;	 /* of the error, from 0 */
	char *text;	 /* without leading blanks */
	/* the list's own */
	struct hnode by_text;	/* not of children */
	struct kept_line *head; /* of a child: the line that it stands below */
	uint32_t n_below;	/* of others: the children behind it */
};
typedef struct {
	struct kept_line **v;
	size_t n, cap;
	size_t n_wrong; /* INCOMPLETE, INVALID and CONFLICT */
	struct htab by_text;
} kept_list;
#define KEPT_NONE SIZE_MAX

#include "model/config_logging.h"
#include "model/config_pki.h"
#include "model/config_users.h"

/* `crypto isakmp policy N`: p.priority is N. */
struct cfg_policy {
	struct p1_policy p;
	kept_list kept;
};

/* `crypto isakmp key`. */
struct cfg_key {
	uint8_t type;	    /* 0 clear text, 6 encrypted by the master key */
	char key[PSK_MAX + 1]; /* in clear; "": a type 6 key that nobody could decrypt */
	char sealed[CFG_SEALED_MAX]; /* of type 6: as printed */
	struct ipaddr addr; /* IP_NONE: by host name */
	struct ipaddr mask; /* 255.255.255.255 for a host; 0.0.0.0 wildcard */
	char host[CFG_NAME_MAX];
	bool no_xauth;
};

/* `crypto isakmp peer address A` or `hostname H`: aggressive mode with this peer. */
struct cfg_isakmp_peer {
	struct ipaddr addr; /* IP_NONE: by host name */
	char host[CFG_NAME_MAX];
	char vrf[CFG_NAME_MAX];
	char description[CFG_DESC_MAX];
	uint8_t endpoint; /* enum ag_id_kind: what `client-endpoint` says we are */
	char endpoint_name[IKE_ID_MAX];
	struct ipaddr endpoint_addr;
	uint8_t key_type; /* of `password`: as in struct cfg_key */
	char key[PSK_MAX + 1]; /* "": no password, or one that nobody could decrypt */
	char sealed[CFG_SEALED_MAX]; /* of type 6: as printed */
	kept_list kept;
};

#include "model/config_keys.h"

struct cfg_isakmp {
	bool enable;		 /* default true */
	uint8_t identity;	 /* enum isakmp_identity */
	uint32_t keepalive_sec;	 /* DPD; 0: off */
	uint32_t keepalive_retry_sec; /* default 2 */
	bool keepalive_periodic;
	bool aggressive_disable; /* default true (safe); `no crypto isakmp aggressive-mode disable` clears */
	uint32_t nat_keepalive_sec;
	bool invalid_spi_recovery;
	bool fragmentation;
	bool default_policy;	    /* IOS 15's eight policies, only if none is configured */
	bool legacy_default_policy; /* DES/SHA/RSA-sig/1 offered last */
	bool lifetime_strict;
	uint32_t max_sas, max_negotiating; /* `crypto call admission limit ike ...`; 0: none */
	uint32_t max_charge;		   /* `call admission limit`; 0: none */
	CFG_LIST_OF(struct cfg_policy) policies; /* by priority */
	CFG_LIST_OF(struct cfg_key) keys;	 /* as configured */
	CFG_LIST_OF(struct cfg_isakmp_peer) peers; /* as configured */
};

/* `crypto ipsec transform-set`. t.mode is enum ipsec_mode. */
struct cfg_transform {
	struct p2_transform t;
	bool require; /* mode transport require */
	kept_list kept;
};

enum df_bit { DF_COPY = 0, DF_SET, DF_CLEAR };

struct cfg_ipsec {
	uint32_t life_sec;   /* default 3600 */
	uint64_t life_kb;    /* default 4608000 */
	bool life_kb_disable;
	uint32_t idle_sec;   /* 0: off */
	uint32_t replay_window; /* packets, default 64 */
	bool replay_disable;
	uint8_t df_bit;	     /* enum df_bit */
	bool frag_after;     /* default false: before encryption */
	bool nat_transparency; /* default true */
	CFG_LIST_OF(struct cfg_transform) transforms;
};

enum acl_kind { ACL_STANDARD = 1, ACL_EXTENDED, ACL_IPV6 };
enum ace_kind { ACE_PERMIT = 1, ACE_DENY, ACE_REMARK };
enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16, TCP_URG = 32 };

/* `eq 1 2 3`: op and up to ten ports; `range` uses port[0] and port[1]. */
struct acl_ports {
	uint8_t op; /* enum port_op */
	uint8_t n;
	uint16_t port[CFG_MAX_PORTS];
};

struct acl_entry {
	uint32_t seq;
	uint8_t kind; /* enum ace_kind */
	char remark[CFG_REMARK_MAX];
	uint8_t proto; /* 0 is ip; standard lists too */
	struct addr_match src, dst; /* standard lists: dst is any; of IPv6 in lists of IPv6 */
	struct acl_ports src_port, dst_port;
	bool established, fragments;
	uint8_t tcp_flags;	/* TCP_FIN...: any of these set */
	uint16_t icmp_type, icmp_code; /* value + 1; 0: not tested; of proto's ICMP */
	uint8_t precedence, tos, dscp; /* value + 1; 0: not tested */
	uint8_t log; /* 1 log, 2 log-input */
	struct hnode by_tests; /* the list's own */
};

struct cfg_acl {
	char name[CFG_NAME_MAX]; /* "123" for a numbered list; one name space for all kinds */
	uint8_t kind;		 /* enum acl_kind */
	bool numbered;
	CFG_LIST_OF(struct acl_entry) entries; /* by seq */
	struct htab by_tests; /* entries by acl_entry_hash() */
	struct hnode by_name; /* the configuration's own */
	kept_list kept;
};

enum map_type { MAP_ISAKMP = 1, MAP_MANUAL, MAP_DYNAMIC, MAP_GDOI };

struct cfg_peer {
	struct ipaddr addr; /* IP_NONE: by name */
	char host[CFG_NAME_MAX];
	bool is_default;
	bool dynamic; /* the name is to be resolved anew each time; only printed */
};

/* `set session-key` of one direction, keys in hex as typed. */
#define CFG_SESSION_KEY_MAX 129
struct cfg_session_key {
	uint32_t ah_spi, esp_spi; /* 0: not said */
	char ah_key[CFG_SESSION_KEY_MAX];
	char cipher_key[CFG_SESSION_KEY_MAX], auth_key[CFG_SESSION_KEY_MAX]; /* "": none */
};

struct cfg_map_entry {
	uint32_t seq;
	uint8_t type; /* enum map_type */
	char dynamic[CFG_NAME_MAX];
	bool discover; /* only printed */
	char description[CFG_DESC_MAX];
	uint8_t n_peers;
	struct cfg_peer peers[P2_MAX_PEERS]; /* failover order */
	uint8_t n_transforms;
	char transforms[P2_MAX_TRANSFORMS][CFG_NAME_MAX]; /* priority order */
	uint16_t pfs_group; /* 0: no PFS */
	uint32_t life_sec;  /* 0: the global value */
	uint64_t life_kb;   /* 0: the global value */
	bool life_kb_disable;
	uint32_t idle_sec;  /* 0: the global value */
	bool idle_default;  /* back to the default peer then */
	uint32_t replay_window; /* 0: the global value */
	bool replay_disable;
	bool per_host; /* `set security-association level per-host` */
	bool responder_only; /* of an ipsec profile: peers begin */
	char match_acl[CFG_NAME_MAX];
	bool reverse_route;
	bool reverse_static; /* only printed, as reverse_route is */
	char profile[CFG_NAME_MAX]; /* `set isakmp-profile`; "": the map's */
	struct cfg_session_key keys[2]; /* inbound and outbound; ipsec-manual only */
	char group_in[CFG_NAME_MAX], group_out[CFG_NAME_MAX]; /* `set ip access-group` */
	kept_list kept;
};

struct cfg_map {
	char name[CFG_NAME_MAX]; /* one name space for both families */
	bool ipv6;		 /* `crypto map ipv6 NAME`: its peers and lists are of IPv6 */
	char local_if[CFG_NAME_MAX]; /* `crypto map NAME local-address IF` */
	char profile[CFG_NAME_MAX]; /* `crypto map NAME isakmp-profile P`: of entries without one */
	CFG_LIST_OF(struct cfg_map_entry) entries; /* by seq */
};

struct cfg_addr {
	struct ipaddr addr, mask;
};

/* An address of IPv6, as it is spelled. */
enum cfg_addr6_kind {
	ADDR6_WHOLE = 0,
	ADDR6_EUI64, /* the last 64 bits are made of the device's address */
	ADDR6_LINK_LOCAL,
	ADDR6_ANYCAST,
};
struct cfg_addr6 {
	struct ipaddr addr;
	uint8_t len;  /* of the prefix; 128 of a link-local one: it has none */
	uint8_t kind; /* enum cfg_addr6_kind */
};

/* What `ipv6 ...` says of an interface. */
struct cfg_if6 {
	uint8_t n; /* addresses, as configured; the link-local one, if any, is the first */
	struct cfg_addr6 addrs[CFG_MAX_ADDRS6];
	bool enable;
	uint32_t mtu; /* `ipv6 mtu`; 0: derived */
	uint32_t adjust_mss; /* `ipv6 tcp adjust-mss`; 0: TCP is left alone */
	char unnumbered[CFG_NAME_MAX];
	char filter_in[CFG_NAME_MAX], filter_out[CFG_NAME_MAX]; /* ipv6 traffic-filter */
	char crypto_map[CFG_NAME_MAX]; /* ipv6 crypto map */
};

enum tunnel_mode {
	TUNNEL_GRE_IP = 0,
	TUNNEL_GRE_MULTIPOINT,
	TUNNEL_IPSEC_IPV4,
	TUNNEL_IPIP,
	TUNNEL_GRE_IPV6,
	TUNNEL_IPSEC_IPV6,
	TUNNEL_IPSEC_6IN4, /* `ipsec ipv4 v6-overlay` */
	TUNNEL_IPSEC_4IN6, /* `ipsec ipv6 v4-overlay` */
	TUNNEL_IPV6,	   /* both families in IPv6 (RFC 2473) */
	TUNNEL_IPV6IP,	   /* IPv6 in IPv4 (RFC 4213) */
	TUNNEL_OTHER, /* from here on: modes that Culvert does not run; only printed */
	TUNNEL_AURP = TUNNEL_OTHER,
	TUNNEL_CAYMAN,
	TUNNEL_DVMRP,
	TUNNEL_EON,
	TUNNEL_IPTALK,
	TUNNEL_NOS,
	TUNNEL_RBSCP,
	TUNNEL_6TO4, /* `ipv6ip 6to4` and the like */
	TUNNEL_6RD,
	TUNNEL_AUTO,
	TUNNEL_ISATAP,
};

struct cfg_tunnel {
	struct ipaddr source; /* IP_NONE: source_if, or nothing */
	char source_if[CFG_NAME_MAX]; /* canonical name */
	struct ipaddr destination;    /* IP_NONE: nothing, or by name */
	char destination_host[CFG_NAME_MAX];
	uint8_t mode; /* enum tunnel_mode */
	bool has_key;
	uint32_t key;
	uint8_t ttl; /* 0: IOS's 255 */
	uint16_t tos; /* value + 1; 0: copied from the inner packet */
	bool checksum, sequence;
	bool path_mtu_discovery;
	uint8_t pmtu_age_min;	 /* PMTU_AGE_INFINITE: never; 0: not said */
	uint16_t pmtu_least;	 /* 0: not said */
	bool keepalive;
	uint16_t keepalive_sec; /* default 10 */
	uint8_t keepalive_retries; /* default 3 */
	char protection[CFG_NAME_MAX]; /* ipsec profile; see cfg_interface_protected() */
	bool protection_shared;
	char protection_isakmp[CFG_NAME_MAX]; /* isakmp-profile; "": the ipsec profile's */
};

struct cfg_interface {
	char name[CFG_NAME_MAX]; /* canonical: FastEthernet0/1, Tunnel0, eth0 */
	bool is_tunnel, is_loopback;
	uint8_t link;		 /* sub-interface: 1 point-to-point, 2 multipoint; 3 type tunnel; only printed */
	char description[CFG_DESC_MAX];
	struct cfg_addr addr;	 /* IP_NONE: no ip address */
	uint8_t n_secondary;
	struct cfg_addr secondary[CFG_MAX_ADDRS];
	bool dhcp;		 /* ip address dhcp: the host's own */
	char unnumbered[CFG_NAME_MAX];
	uint32_t mtu;		 /* `mtu`; 0: the device's */
	uint32_t ip_mtu;	 /* `ip mtu`; 0: derived */
	uint32_t adjust_mss;
	uint32_t bandwidth_kbps, delay_10us;
	bool shutdown;
	char crypto_map[CFG_NAME_MAX];
	char map_group[CFG_NAME_MAX]; /* `redundancy GROUP`; only printed */
	bool map_stateful;
	char host_if[CFG_NAME_MAX]; /* `host-interface DEV` */
	bool bound;		 /* control's, and no part of the value: the host has the device */
	uint8_t df_bit;		 /* enum df_bit + 1; 0: the global value */
	uint8_t frag;		 /* 1 before, 2 after encryption; 0: the global value */
	char group_in[CFG_NAME_MAX], group_out[CFG_NAME_MAX]; /* ip access-group */
	struct cfg_if6 ip6;
	bool unreachables;	 /* what a list refuses is answered */
	struct cfg_tunnel tunnel;
	kept_list kept;
};

struct cfg_route { /* of either family */
	struct ipaddr net, mask;
	char ifname[CFG_NAME_MAX];
	struct ipaddr next_hop; /* IP_NONE: by interface only */
	uint8_t distance;	/* 0: 1 */
	char name[CFG_NAME_MAX];
	bool permanent;
	uint32_t tag, track;
};

/* ---- archive ---- */

#define CFG_ARCHIVE_MAXIMUM 10  /* IOS's default: so many copies are kept */
#define CFG_ARCHIVE_LOG_SIZE 100

struct cfg_archive_log {
	bool logging; /* typed lines are kept, with who typed them */
	uint16_t size; /* so many of them */
	bool notify, hidekeys;
	kept_list kept;
};

struct cfg_archive {
	char path[CFG_NAME_MAX]; /* copies are `PATH-N`; "" none */
	uint8_t maximum;
	uint32_t minutes; /* between copies made without being asked; 0 none are */
	bool write_memory; /* one with each `write memory` */
	struct cfg_archive_log log;
	kept_list kept;
};

struct config {
	char hostname[CFG_NAME_MAX];
	char domain[CFG_DESC_MAX]; /* ip domain name */
	bool compat_ios12;	   /* service compat ios12 */
	bool crypto_logging_session;
	bool ipv6_routing; /* ipv6 unicast-routing */
	struct cfg_logging logging;
	struct cfg_isakmp isakmp;
	struct cfg_ipsec ipsec;
	struct cfg_pki pki;
	struct cfg_keys keys;
	struct cfg_users users;
	CFG_LIST_OF(struct cfg_map) maps;	      /* by name */
	CFG_LIST_OF(struct cfg_map) dynamic_maps;     /* `crypto dynamic-map`, by name */
	/* `crypto ipsec profile`, by name: the terms of a map entry (CFG_PROFILE_SEQ, the only
	 * one), whose peer and proxies are a tunnel's */
	CFG_LIST_OF(struct cfg_map) ipsec_profiles;
	CFG_LIST_OF(struct cfg_interface) interfaces; /* loopbacks, tunnels, the rest */
	CFG_LIST_OF(struct cfg_route) routes;
	/* numbered, then named, then those of IPv6; standard before extended */
	CFG_LIST_OF(struct cfg_acl) acls;
	struct htab acls_by_name; /* there may be thousands, and each crypto map entry names one */
	struct cfg_archive archive;
	kept_list kept; /* of the global level */
};

/* ---- the whole ---- */

/* What IOS has when nothing is configured; also what `no` and `default` return
 * fields to and what show running-config leaves out. */
extern const struct config config_defaults;
extern const struct cfg_policy cfg_policy_defaults;
extern const struct cfg_archive cfg_archive_defaults;
/* `crypto isakmp default policy`, while none is configured; `crypto legacy default-policy`. */
#define P1_N_DEFAULTS 8
extern const struct p1_policy p1_defaults[P1_N_DEFAULTS], p1_legacy;
extern const struct cfg_isakmp_peer cfg_isakmp_peer_defaults;
extern const struct cfg_transform cfg_transform_defaults;
extern const struct cfg_map_entry cfg_map_entry_defaults;
extern const struct cfg_interface cfg_interface_defaults;

/* IOS's defaults; NULL without memory. */
struct config *config_new(void);
/* Wipes the keys. NULL is fine. */
void config_free(struct config *c);
/* A deep copy; NULL without memory. */
struct config *config_clone(const struct config *c);
/* Same meaning; kept lines count by their text and block, not by their order or
 * the file position they came from. */
bool config_equal(const struct config *a, const struct config *b);

/* ---- per object, for whoever applies differences ---- */

bool cfg_policy_equal(const struct cfg_policy *a, const struct cfg_policy *b);
bool cfg_key_equal(const struct cfg_key *a, const struct cfg_key *b);
bool cfg_isakmp_peer_equal(const struct cfg_isakmp_peer *a, const struct cfg_isakmp_peer *b);
bool cfg_transform_equal(const struct cfg_transform *a, const struct cfg_transform *b);
bool acl_entry_equal(const struct acl_entry *a, const struct acl_entry *b);
/* Of what makes entries equal, without the number. */
uint64_t acl_entry_hash(const struct acl_entry *e);
bool cfg_acl_equal(const struct cfg_acl *a, const struct cfg_acl *b);
bool cfg_map_entry_equal(const struct cfg_map_entry *a, const struct cfg_map_entry *b);
bool cfg_map_equal(const struct cfg_map *a, const struct cfg_map *b);
bool cfg_interface_equal(const struct cfg_interface *a, const struct cfg_interface *b);
bool cfg_route_equal(const struct cfg_route *a, const struct cfg_route *b);
/* True if nothing of a tunnel may leave in clear: it has `tunnel protection`, or a line that
 * begins so and was kept because nobody understood the rest. */
bool cfg_interface_protected(const struct cfg_interface *i);
/* The text of `banner KIND`, which is kept as it was written; nothing if there is none. */
void config_banner(const struct config *c, const char *kind, struct txt *out);
/* To Null0: what has no better route is refused. */
bool cfg_route_is_null(const struct cfg_route *r);
bool cfg_addr6_equal(const struct cfg_addr6 *a, const struct cfg_addr6 *b);
bool cfg_if6_equal(const struct cfg_if6 *a, const struct cfg_if6 *b);
/* Something of it, so that IPv6 runs there. */
bool cfg_if6_runs(const struct cfg_if6 *a);
/* The place of that address in a->addrs; a->n if it is not there. */
size_t cfg_if6_find(const struct cfg_if6 *a, const struct ipaddr *addr);

/* ---- what a tunnel's mode means (config_tunnel.c) ---- */

/* The family of the tunnel's ends. */
enum ip_family cfg_tunnel_outer(const struct cfg_tunnel *t);
/* A virtual tunnel interface: IPsec itself is the tunnel. */
bool cfg_tunnel_is_vti(const struct cfg_tunnel *t);
/* True if it carries packets of that family. */
bool cfg_tunnel_carries(const struct cfg_tunnel *t, enum ip_family family);
/* The IP protocol of its packets on the wire, in clear: 47, 4 or 41; of a VTI 0. */
uint8_t cfg_tunnel_proto(const struct cfg_tunnel *t);
/* Bytes in front of what a tunnel carries, without those of IPsec: the outer IP header
 * and GRE's. */
uint32_t cfg_tunnel_header(const struct cfg_tunnel *t);

/* ---- find (NULL if absent; names count case as IOS does) ---- */

struct cfg_policy *config_find_policy(const struct config *c, uint32_t priority);
struct cfg_transform *config_find_transform(const struct config *c, const char *name);
struct cfg_acl *config_find_acl(const struct config *c, const char *name);
/* Of a list's name, for acls_by_name. */
uint64_t cfg_acl_name_hash(const char *name);
struct acl_entry *cfg_acl_find(const struct cfg_acl *acl, uint32_t seq);
/* The first entry that says the same, whatever its number. */
struct acl_entry *cfg_acl_like(const struct cfg_acl *acl, const struct acl_entry *like);
/* The position behind the entries up to seq. */
size_t cfg_acl_behind(const struct cfg_acl *acl, uint32_t seq);
struct cfg_map *config_find_map(const struct config *c, const char *name);
struct cfg_map *config_find_dynamic_map(const struct config *c, const char *name);
/* The terms of that ipsec profile. */
struct cfg_map_entry *config_find_ipsec_profile(const struct config *c, const char *name);
struct cfg_map_entry *cfg_map_find(const struct cfg_map *m, uint32_t seq);
struct cfg_interface *config_find_interface(const struct config *c, const char *name);
struct cfg_route *config_find_route(const struct config *c, const struct cfg_route *like);
/* The key of that very address and mask (or host name if addr is NULL); for the
 * best match to a peer see struct psk_entry. */
struct cfg_key *config_find_key(const struct config *c, const struct ipaddr *addr,
				const struct ipaddr *mask, const char *host);

/* By address, or by host name if addr is NULL. */
struct cfg_isakmp_peer *config_find_isakmp_peer(const struct config *c, const struct ipaddr *addr,
						const char *host, const char *vrf);

/* ---- find or add, with defaults (NULL: no memory); kept in their order ---- */

struct cfg_policy *config_add_policy(struct config *c, uint32_t priority);
struct cfg_key *config_add_key(struct config *c, const struct cfg_key *k);
struct cfg_isakmp_peer *config_add_isakmp_peer(struct config *c, const struct ipaddr *addr,
					       const char *host, const char *vrf);
struct cfg_transform *config_add_transform(struct config *c, const char *name);
struct cfg_acl *config_add_acl(struct config *c, const char *name, enum acl_kind kind,
			       bool numbered);
/* A copy of e under e->seq; seq 0 appends (last + 10). Replaces an entry of that seq. */
struct acl_entry *cfg_acl_add(struct cfg_acl *acl, const struct acl_entry *e);
struct cfg_map *config_add_map(struct config *c, const char *name);
struct cfg_map *config_add_dynamic_map(struct config *c, const char *name);
struct cfg_map_entry *config_add_ipsec_profile(struct config *c, const char *name);
struct cfg_map_entry *cfg_map_add(struct cfg_map *m, uint32_t seq);
struct cfg_interface *config_add_interface(struct config *c, const char *name);
struct cfg_route *config_add_route(struct config *c, const struct cfg_route *r);

/* ---- remove and free (the pointer must be in the list) ---- */

void config_del_policy(struct config *c, struct cfg_policy *p);
void config_del_key(struct config *c, struct cfg_key *k);
void config_del_isakmp_peer(struct config *c, struct cfg_isakmp_peer *p);
void config_del_transform(struct config *c, struct cfg_transform *t);
void config_del_acl(struct config *c, struct cfg_acl *a);
void cfg_acl_del(struct cfg_acl *acl, struct acl_entry *e);
void config_del_map(struct config *c, struct cfg_map *m);
void config_del_dynamic_map(struct config *c, struct cfg_map *m);
void config_del_ipsec_profile(struct config *c, const char *name);
void cfg_map_del(struct cfg_map *m, struct cfg_map_entry *e);
void config_del_interface(struct config *c, struct cfg_interface *i);
/* The lines of `tunnel protection` that nobody understood. */
void cfg_interface_del_kept_protection(struct cfg_interface *i);
/* What `default interface` leaves: its name. */
void cfg_interface_reset(struct cfg_interface *i);
void config_del_route(struct config *c, struct cfg_route *r);

/* ---- kept lines ---- */

/* Puts a copy (of the text, too) at position at; past the end is the end. -ENOMEM, or
 * -E2BIG past CFG_MAX_KEPT lines in one block. */
int kept_add(kept_list *l, size_t at, const struct kept_line *k);
/* Removes the i-th line and the children below it. */
void kept_del(kept_list *l, size_t i);
/* Removes the lines of that kind, and the children below them. */
void kept_del_kind(kept_list *l, enum kept_kind kind);
void kept_fini(kept_list *l);
int kept_clone(const kept_list *from, kept_list *to);
bool kept_equal(const kept_list *a, const kept_list *b);
/* The last line (no child) with that text; KEPT_NONE if there is none. */
size_t kept_find(const kept_list *l, const char *text);
/* True for a line that was refused, and means nothing. */
bool kept_is_wrong(const struct kept_line *k);
/* True for a line of the global list that was refused and is of `access-list NAME`. */
bool acl_refused_line(const struct kept_line *k, const char *name);
/* Lines of that access list that are kept and not used, since they were refused. */
size_t config_acl_refused(const struct config *c, const char *name);
/* Those among them that would have denied. In a crypto map these leave out nothing: what they name is
 * protected by the permits behind them. */
size_t config_acl_refused_denies(const struct config *c, const char *name);
/* True if that line of an error begins with these two words, which may be cut to two letters. */
bool kept_begins(const struct kept_line *k, const char *first, const char *second);
/* The position behind the i-th line and its children. */
size_t kept_end(const kept_list *l, size_t i);

/* ---- meaning ---- */

/* `FastEthernet0/1`, `fa0/1`, `Fa 0/1` all give FastEthernet0/1; a name that is
 * no IOS interface type stays as typed (a Linux device). False if s is empty,
 * too long or holds characters no interface name has. */
bool ifname_canonical(const char *s, char ret_name[CFG_NAME_MAX]);
/* True for the letters of an interface type or a prefix of one (`Serial`, `fa`). */
bool ifname_is_type(const char *s);
/* A whole name that begins with such a type. */
bool ifname_has_type(const char *name);
/* `Fa0/1`, `Tu0`: IOS's short form, as in show tables. */
void ifname_short(const char *name, char ret_name[CFG_NAME_MAX]);

/* What an extended (or standard) permit or deny tests, as selectors, source as
 * local: several when ports are lists. The number written, at most max; fields
 * a selector cannot say (flags, ICMP types, DSCP) are ignored: see
 * acl_entry_is_plain(). */
#define ACL_MAX_SELECTORS 121
size_t acl_entry_selectors(const struct acl_entry *e, struct selector *ret, size_t max);
/* True if selectors say all that the entry tests. */
bool acl_entry_is_plain(const struct acl_entry *e);
/* True for the numbers IOS gives to lists of that kind. */
bool acl_number_is(uint32_t n, enum acl_kind kind);

/* The lifetimes that hold for an entry: its own or the global ones. */
uint32_t cfg_map_entry_life_sec(const struct config *c, const struct cfg_map_entry *e);
uint64_t cfg_map_entry_life_kb(const struct config *c, const struct cfg_map_entry *e); /* 0: none */
/* Packets of replay window that hold for an entry; 0: no check. */
uint16_t cfg_map_entry_replay(const struct config *c, const struct cfg_map_entry *e);

#endif
