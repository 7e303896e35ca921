/* SPDX-License-Identifier: Apache-2.0 */
/* The layouts behind show_run(), by subject, and what they share. For control's
 * show_*.c and their tests only. All append to out; none of them fails. */
#ifndef CONTROL_SHOW_PARTS_H
#define CONTROL_SHOW_PARTS_H

#include "control/show.h"

/* ---- shared (show_common.c) ---- */

/* hh:mm:ss; from a day on `3d18h`, from a week on `7w0d`. */
void show_age(struct txt *out, uint64_t sec);
/* The same, or `never` for SHOW_NEVER; ms in. */
void show_ago(struct txt *out, uint64_t ms);
/* `18:57:38[.347] UTC Mon Oct 19 2015`, of the local zone. */
void show_date(const struct show_in *in, int64_t wall_ms, bool with_ms, struct txt *out);
/* 255.255.255.0 from an inverted mask; of IPv6 the length of the prefix. */
void show_mask(struct txt *out, const struct addr_match *m);
/* 10.1.1.0/255.255.255.0/0/0: address, mask, protocol and port. */
void show_proxy(struct txt *out, const struct addr_match *m, uint8_t proto, const struct port_match *port);
/* An access list entry's words after the action (`ip host A any eq www`), as the
 * configuration has them. */
void show_ace_body(struct txt *out, const struct cfg_acl *acl, const struct acl_entry *e);
/* "up", "down" and so on, as `show interfaces` has them. */
const char *show_if_status(const struct if_snapshot *i, const struct cfg_interface *c);
const char *show_if_line(const struct if_snapshot *i);
/* kbit/s, microseconds, bytes: as configured, or IOS's for such an interface. */
uint32_t show_if_bandwidth(const struct if_snapshot *i, const struct cfg_interface *c);
uint32_t show_if_delay(const struct if_snapshot *i, const struct cfg_interface *c);
uint32_t show_if_mtu(const struct if_snapshot *i, const struct cfg_interface *c);
/* Rates as IOS rounds them: bits to thousands. */
uint64_t show_if_bps(double bps);
uint64_t show_if_pps(double pps);
/* `NVRAM`, `DHCP`, `unset`: how it came to its address. */
const char *show_if_method(const struct if_snapshot *i, const struct cfg_interface *c);
/* `GRE/IP`, `IPSEC/IP`, ... */
const char *show_tunnel_transport(uint8_t mode);
/* The interface as configured, or the defaults. */
const struct cfg_interface *show_if_config(const struct show_in *in, const struct if_snapshot *i);
/* `esp-3des esp-sha-hmac ` as in `{ ... }` and after `transform:`. */
void show_esp_words(struct txt *out, uint8_t cipher, uint16_t bits, uint8_t auth);
/* `{ ah-sha-hmac  } , { esp-aes  } `: a brace group for each protocol. */
void show_transform_groups(struct txt *out, const struct p2_transform *t);

/* Zeros if there is nothing known of that id. */
struct fwd_sa_stats show_sa_stats(const struct show_in *in, uint32_t sa_id);
struct fwd_policy_stats show_flow_stats(const struct show_in *in, const struct p2_policy *p);
struct fwd_policy_stats show_policy_stats(const struct show_in *in, uint32_t policy_id);
const struct if_snapshot *show_if_by_name(const struct show_in *in, const char *name);
const struct if_snapshot *show_if_by_index(const struct show_in *in, uint32_t ifindex);
/* The peer that serves a policy: that of its current SA, else the first. False if
 * it has none. */
bool show_policy_peer(const struct show_in *in, const struct p2_policy *p, struct ipaddr *ret_peer);
/* The pair that carries what a policy sends now; NULL. */
const struct ike_pair_info *show_current_pair(const struct show_in *in, uint32_t policy_id);
/* An ISAKMP SA with that peer that is not deleted; ready: in QM_IDLE. NULL. */
const struct ike_sa_info *show_live_sa(const struct show_in *in, const struct ipaddr *peer,
				       bool ready);
/* IOS numbers the two SAs of a pair one after the other, inbound first. */
uint32_t show_conn_id(const struct show_in *in, const struct sa_spec *s);
/* Largest packet that fits an SA without fragmentation: IOS's plaintext mtu. */
uint32_t show_plaintext_mtu(const struct sa_spec *s, uint32_t path_mtu);
/* Bytes to the peer before fragmentation. */
uint32_t show_path_mtu(const struct show_in *in, const struct p2_policy *p);

/* ---- layouts ---- */

/* show_isakmp.c */
enum sa_form { SA_TABLE, SA_SLOTS, SA_STANDBY, SA_DETAIL, SA_COUNT }; /* STANDBY: SLOTS without a row */
void show_isakmp_sa(const struct show_in *in, enum sa_form form, struct txt *out);
void show_isakmp_peers(const struct show_in *in, const struct ipaddr *only, struct txt *out);
/* `aes`, `sha`, `psk` as the detailed form has them; "" before they are agreed. */
const char *show_p1_cipher(const struct p1_policy *p);
const char *show_p1_hash(const struct p1_policy *p);
const char *show_p1_auth(const struct p1_policy *p);
/* 12.x counts from 1. */
uint32_t show_p1_conn_id(const struct show_in *in, const struct ike_sa_info *s);
/* A deleted SA lingers without a state of its own. */
const char *show_p1_state(const struct ike_sa_info *s);
struct show_p1_count {
	unsigned active, negotiating, dead;
};
struct show_p1_count show_p1_count(const struct show_in *in);
/* True if the i-th SA gives a row of `show crypto isakmp peers`. */
bool show_is_peer(const struct show_in *in, size_t i, const struct ipaddr *only);
/* show_isakmp_conf.c */
/* `1024 bit`; "" unknown. */
const char *show_group_bits(uint16_t group);
void show_isakmp_policy(const struct show_in *in, struct txt *out);
void show_isakmp_default_policy(const struct show_in *in, struct txt *out);
void show_isakmp_key(const struct show_in *in, struct txt *out);

/* show_ipsec.c */
struct ipsec_filter {
	bool detail;
	struct ipaddr peer;  /* IP_NONE: all */
	const char *ifname;  /* "": all */
	const char *map;     /* "": all */
	bool ipv6;	     /* only those whose ends are of IPv6 */
	bool identity;	     /* flows without their SAs */
};
struct ipsec_filter show_ipsec_filter(const struct exec_args *a);
void show_ipsec_sa(const struct show_in *in, const struct ipsec_filter *f, struct txt *out);
/* A piece of it (show_some()). */
void show_ipsec_sa_some(const struct show_in *in, const struct ipsec_filter *f, struct show_cursor *k, struct txt *out);
void show_ipsec_sa_address(const struct show_in *in, const struct ipsec_filter *f, struct txt *out);
void show_ipsec_sa_count(const struct show_in *in, struct txt *out);

/* One protected flow, as it is now. */
struct show_flow {
	const struct p2_policy *p;
	const struct ike_pair_info *pair; /* carries what leaves; NULL: nothing yet */
	const struct selector *sel;	  /* as agreed, or as configured */
	const char *ifname;
	struct ipaddr peer;
	bool has_peer, asked; /* asked: an SA is being negotiated */
	unsigned port;	      /* the peer's */
	struct fwd_policy_stats stats;
	uint32_t path_mtu, plain_mtu, ip_mtu; /* bytes */
};
struct show_flow show_flow_of(const struct show_in *in, const struct p2_policy *p);
bool show_flow_wanted(const struct show_in *in, const struct p2_policy *p, const struct ipsec_filter *f);
/* True if the SA, or the bundle, has that protocol. */
bool show_sa_has(const struct sa_spec *s, uint8_t proto);
struct show_sa_count {
	unsigned total, rekeying;
};
struct show_sa_count show_sa_count(const struct show_in *in);

/* show_map.c: name "" is all */
void show_transform_sets(const struct show_in *in, const char *name, struct txt *out);
void show_ipsec_lifetime(const struct show_in *in, struct txt *out);
void show_crypto_map(const struct show_in *in, const char *ifname, const char *tag, struct txt *out);
void show_crypto_map_some(const struct show_in *in, const char *ifname, const char *tag, struct show_cursor *k,
			  struct txt *out);

/* `ipsec-isakmp` and so on. */
const char *show_map_type(const struct cfg_map_entry *e);
/* False where IOS warns: peers or the access list are missing. */
bool show_map_complete(const struct config *c, const struct cfg_map_entry *e);
/* The peer that the entry's SAs are with, or the one that comes first; false: there is none. */
bool show_map_peer(const struct show_in *in, const struct cfg_map *m, const struct cfg_map_entry *e,
		   struct ipaddr *ret_peer);
/* The entry of the dynamic map that a policy was made of, and the map's name; NULL: it is gone. */
const struct cfg_map_entry *show_map_template(const struct show_in *in, const struct cfg_map *m,
					      const struct p2_policy *p, const char **ret_name);
/* `permit gre host A host B`: the line that a crypto ACL would have for this. */
void show_made_ace(struct txt *out, const struct selector *s);
/* True if a protected tunnel's map has that name. */
bool show_shares_head(const struct cfg_interface *i, const char *map);
/* The tunnel (of that name, if ifname is not "") that a policy protects; NULL: it is of a map that
 * somebody wrote. */
const struct cfg_interface *show_head_if(const struct show_in *in, const struct p2_policy *p,
					 const char *ifname);
/* A map entry's lifetimes, PFS and transform sets, as lines below a heading. */
void show_map_terms(const struct show_in *in, const struct cfg_map_entry *e, struct txt *out);
/* show_profile.c: name "" is all. */
void show_ipsec_profile(const struct show_in *in, const char *name, struct txt *out);
/* The crypto map that IOS makes of a protected tunnel: Tunnel0-head-0. */
void show_head_name(const struct cfg_interface *i, char out[IOS_NAME_MAX]);

void show_dynamic_map(const struct show_in *in, const char *tag, struct txt *out);

/* show_check.c */
void show_crypto_check(const struct show_in *in, struct txt *out);
void show_crypto_check_some(const struct show_in *in, struct show_cursor *k, struct txt *out);
/* "": which words there are. False after a message: none of them. */
bool show_explain(const char *word, struct txt *out);

/* show_drops.c */
typedef void show_drop_say(const char *why, uint64_t n, void *ctx);
/* Calls say for each reason, also where nothing was dropped. */
void show_drop_rows(const struct show_in *in, show_drop_say *say, void *ctx);
void show_crypto_drops(const struct show_in *in, struct txt *out);

/* show_admission.c */
/* IPsec SAs count in pairs, as IOS counts requests; none are refused by a limit of ours. */
struct show_call_pairs {
	unsigned active, negotiating, incoming, outgoing;
};
struct show_call_pairs show_call_pairs(const struct show_in *in);
void show_call_admission(const struct show_in *in, struct txt *out);

/* show_session.c, show_engine.c */
enum session_form { SESSION_NOW, SESSION_TIMELINE, SESSION_HISTORY };
struct session_filter {
	bool detail, brief;
	enum session_form form;
	struct ipaddr remote, local; /* IP_NONE: all */
	const char *ifname;	     /* "": all */
};
struct session_filter show_session_filter(const struct exec_args *a);
void show_crypto_session(const struct show_in *in, const struct session_filter *f, struct txt *out);
/* A piece of it (show_some()). */
void show_crypto_session_some(const struct show_in *in, const struct session_filter *f, struct show_cursor *k, struct txt *out);

/* show_timeline.c: timeline and history. */
void show_session_story(const struct show_in *in, const struct session_filter *f, struct txt *out);
uint64_t show_ms_ago(const struct show_in *in, uint64_t at_ms);
/* How long a life had a pair that carried. */
uint64_t show_up_sec(const struct show_in *in, const struct timeline_life *l);
/* The last step before its end. */
enum timeline_step show_life_reached(const struct timeline_life *l);

/* A session: the policies of one interface that one peer serves. */
struct show_session {
	uint32_t ifid;
	struct ipaddr peer, local;
	const char *ifname;
	const char *status;	      /* `UP-ACTIVE` and so on */
	bool down;
	const struct ike_sa_info *sa; /* a live one with him; NULL */
	const char *story;	      /* why quick mode or phase 1 failed last; "" */
	uint64_t uptime_sec;	      /* since the oldest of its SAs was made */
};
/* The session whose first policy is the i-th; false: it is not the first, or not wanted. */
bool show_session_at(const struct show_in *in, size_t i, const struct session_filter *f,
		     struct show_session *ret);
/* IPsec SAs that a policy has in both directions. */
unsigned show_count_sas(const struct show_in *in, uint32_t policy_id);
/* A row of `show crypto engine connections active`. */
struct engine_row {
	unsigned id;
	const char *type; /* `IKE`, `IPsec` */
	char alg[64];
	uint64_t encrypt, decrypt;
	uint32_t last_seq;
	const struct ipaddr *addr;
	const char *ifname; /* "": unknown */
};
typedef void engine_say(const struct show_in *in, const struct engine_row *r, void *ctx);
/* Calls say for each SA, in the order of the text. */
void show_engine_rows(const struct show_in *in, engine_say *say, void *ctx);
void show_crypto_engine(const struct show_in *in, struct txt *out);

/* show_eli.c; all: what `configuration` has more */
void show_engine_brief(const struct show_in *in, bool all, struct txt *out);
void show_eli(const struct show_in *in, struct txt *out);
void show_entropy(const struct show_in *in, struct txt *out);

/* show_isakmp_profile.c: name "" is all */
void show_isakmp_profile(const struct show_in *in, const char *name, struct txt *out);
void show_isakmp_errors(const struct show_in *in, struct txt *out);

/* show_sockets.c */
struct show_socket {
	const struct p2_policy *p;
	const struct cfg_interface *ci; /* the tunnel */
	const char *state;
};
typedef void show_socket_say(const struct show_socket *s, void *ctx);
void show_socket_rows(const struct show_in *in, show_socket_say *say, void *ctx);
void show_crypto_sockets(const struct show_in *in, struct txt *out);
/* Of all protected tunnels: how many listen for packets, and have an SA; what was dropped for want of one, and what
 * came in clear. */
struct show_tunnel_protection {
	uint64_t listening, up;
	uint64_t no_sa, recvd_clear; /* packets */
};
void show_protection_count(const struct show_in *in, struct show_tunnel_protection *ret);
void show_tunnel_protection(const struct show_in *in, struct txt *out);

/* show_not_run.c: protocols that nobody runs here, and so have nothing to show. */
void show_not_run(unsigned action, struct txt *out);
/* show_off.c: what: enum exec_off; process: the number of one of its processes that was asked for, 0 none. */
void show_off(unsigned what, uint32_t process, struct txt *out);
/* The empty table of VRFs, of IPv4 alone; name "": all. False if one is named (a message is in out). */
bool show_vrf(const char *name, bool ip, bool detail, struct txt *out);

/* show_mtu.c */
void show_crypto_mtu(const struct show_in *in, struct txt *out);
/* What fits into a tunnel with tunnel protection; 0: unknown, or it has none. */
uint32_t show_tunnel_room(const struct show_in *in, const struct if_snapshot *i);

/* show_pki.c: name "" is all; false if there is none of that name (a message is in out) */
bool show_pki_certificates(const struct show_in *in, const char *name, bool verbose, struct txt *out);
bool show_pki_trustpoints(const struct show_in *in, const char *name, bool status, struct txt *out);
struct pki_cert;
struct pki_pair;
/* `Signature`, `General Purpose`, `Encryption`. */
const char *show_cert_usage(const struct pki_cert *c);
/* A trustpoint's request at its CA, its key pair, its first certificate of a kind (the caller frees
 * it); NULL. */
const struct show_enroll *show_enroll_of(const struct show_in *in, const char *trustpoint);
const struct pki_pair *show_pair_of(const struct show_in *in, const struct cfg_trustpoint *t);
struct pki_cert *show_first_cert(const struct show_in *in, const char *name, enum cert_kind kind);
void show_key_rsa(const struct show_in *in, const char *label, struct txt *out);

/* show_pki_state.c */
void show_pki_counters(const struct show_in *in, struct txt *out);
void show_pki_timers(const struct show_in *in, struct txt *out);

/* show_pubkey.c: all as a list; of an address or a name each with its bytes (addr IP_NONE,
 * name "": all as a list). */
void show_pubkey_chain(const struct show_in *in, const struct ipaddr *addr, const char *name,
		       struct txt *out);

/* show_if.c: ifname "" is all */
void show_interfaces(const struct show_in *in, const char *ifname, struct txt *out);
void show_interfaces_description(const struct show_in *in, const char *ifname, struct txt *out);
void show_ip_interface(const struct show_in *in, const char *ifname, struct txt *out);
void show_ip_interface_brief(const struct show_in *in, const char *ifname, struct txt *out);

/* show_acl.c: name "" is all */
/* ipv6: those, too, as IOS lists them behind the others. */
void show_access_lists(const struct show_in *in, const char *name, bool ipv6, struct txt *out);
void show_access_lists_some(const struct show_in *in, const char *name, bool ipv6, struct show_cursor *k,
			    struct txt *out);

/* Says the lines of the list that were refused, and so are kept and not used, which stand behind its first n entries and
 * before the next: what is behind `access-list N` of them, in the order of running-config. */
typedef void show_acl_say(const char *text, void *ctx);
void show_acl_refused(const struct config *c, const struct cfg_acl *acl, size_t n, show_acl_say *say, void *ctx);

/* show_ipv6.c: ifname, name "" is all */
void show_ipv6_interface(const struct show_in *in, const char *ifname, struct txt *out);
void show_ipv6_interface_brief(const struct show_in *in, const char *ifname, struct txt *out);
void show_ipv6_route(const struct show_in *in, const struct exec_args *a, struct txt *out); /* a: number (enum exec_routes) */
void show_ipv6_route_some(const struct show_in *in, const struct exec_args *a, struct show_cursor *k, struct txt *out);
void show_ipv6_access_list(const struct show_in *in, const char *name, struct txt *out);

/* show_route_order.c */
/* Where routes come from: a letter of IOS's (code6: of IPv6's table), its word, its distance. */
struct show_route_source {
	char code;
	const char *code6, *name;
	unsigned which; /* enum exec_routes */
	uint8_t distance;
};
extern const struct show_route_source show_route_sources[]; /* ended by code 0; the last is K, another program's */
const struct show_route_source *show_route_source(char code);
bool show_route_is(const struct show_route *r, unsigned which);
bool show_routes_by_protocol(unsigned which); /* one that the router itself does not run */
bool show_route_within(const struct show_route *r, const struct exec_args *a);
unsigned show_route_classful_len(const struct show_route *r);
bool show_route_same_major(const struct show_route *x, const struct show_route *y); /* one classful network */
bool show_route_is_super(const struct show_route *r);
bool show_route_is_default(const struct show_route *r);
bool show_route_same_prefix(const struct show_route *x, const struct show_route *y);
/* The order in which they are shown: IPv4 first; those of one prefix with the best in front. */
int show_route_cmp(const void *x, const void *y);
/* In that order: best is the first of the prefix before r, before is what was before r; either may be NULL. False: r is not in use,
 * since best is better, or there twice. */
bool show_route_joins_best(const struct show_route *r, const struct show_route *best, const struct show_route *before);
/* All that there are, in their order if somebody has sorted them (in->route_order). */
size_t show_route_count(const struct show_in *in);
const struct show_route *show_route_at(const struct show_in *in, size_t i);
/* A line if not all are there. */
void show_routes_cut(const struct show_in *in, struct txt *out);

/* A list that is being said; zeros at its beginning. */
struct show_route_list {
	const struct show_route **v; /* what was asked for, in order */
	size_t n, at;
	size_t looked; /* at so many of in's; then, at so many of what they left */
	size_t all;    /* that they left */
	bool gathered, begun; /* v is whole; what stands above is said */
	bool host;	      /* K is among them */
	size_t entries;	      /* IPv6's: of several hops each */
	/* IPv4's */
	size_t end, said; /* of the network that at is in; its line is said of those before */
	unsigned subnets; /* in it */
	uint64_t seen;	  /* lengths of theirs, a bit each */
	int child, top, width; /* of the code column: below a network, and of all others; here */
	bool with_len;	       /* each line says its length */
};
#define SHOW_ROUTES_PIECE 8192 /* routes that are looked at in one turn */
/* Room for what may be asked for. NULL without memory, and out is bad. */
struct show_route_list *show_route_list_new(const struct show_in *in, struct txt *out);
/* Gathers a family's routes of those (enum exec_routes) in the order in which they are shown, all of them if nobody has sorted
 * them. False: they are all there. */
bool show_route_list_some(const struct show_in *in, enum ip_family family, unsigned which, struct show_route_list *l);
/* The list of the answer at k once all are there; NULL: another turn is needed, or there is no memory and k is over. */
struct show_route_list *show_route_list_of(const struct show_in *in, enum ip_family family, unsigned which,
					   struct show_cursor *k, struct txt *out);
void show_route_list_free(struct show_route_list *l);

/* show_route.c */
/* a: number (enum exec_routes); detail: only those within addr and addr2, its mask. */
void show_ip_route(const struct show_in *in, const struct exec_args *a, struct txt *out);
void show_ip_route_some(const struct show_in *in, const struct exec_args *a, struct show_cursor *k, struct txt *out);

/* show_route_to.c */
/* The longest prefix around an IPv4 address, the default route only around 0.0.0.0; NULL: none, and ret_near says that there
 * are others in its classful network. mask: only the prefix with that; IP_NONE any. */
const struct show_route *show_route_to(const struct show_in *in, const struct ipaddr *addr, const struct ipaddr *mask,
				       bool *ret_near);
/* True for best, and for other next hops of its prefix. */
bool show_route_joins(const struct show_route *r, const struct show_route *best);
/* False if addr is in no route (a message is in out). */
bool show_ip_route_to(const struct show_in *in, const struct ipaddr *addr, const struct ipaddr *mask, struct txt *out);

/* show_route_sum.c */
struct show_route_sum {
	const char *source; /* `connected`, `static` */
	unsigned networks, subnets; /* of a classful length, or shorter; of another */
	uint64_t bytes; /* that their rows take here */
};
#define SHOW_ROUTE_SOURCES 10
size_t show_route_sums(const struct show_in *in, struct show_route_sum v[SHOW_ROUTE_SOURCES]);
void show_ip_route_summary(const struct show_in *in, struct txt *out);
void show_ip_static_route(const struct show_in *in, struct txt *out);
/* Calls say for each static route of IPv4 that is configured, in order; active: it is in the table. False without
 * memory. */
typedef void show_static_say(const struct cfg_route *r, bool active, void *ctx);
bool show_statics(const struct show_in *in, show_static_say *say, void *ctx);
/* Of several routes to one prefix those remain that have the least distance. The order stays. */
void show_routes_best(struct show_route *v, size_t *n);

/* show_if_sum.c: ifname "" is all */
void show_interfaces_summary(const struct show_in *in, struct txt *out);
/* `stats`, by switching path; or `accounting`, by protocol. */
void show_interfaces_counts(const struct show_in *in, const char *ifname, bool by_path, struct txt *out);
void show_protocols(const struct show_in *in, const char *ifname, struct txt *out);
void show_ip_protocols(const struct show_in *in, struct txt *out);

/* show_arp.c: addr IP_NONE, ifname "" are all */
void show_arp(const struct show_in *in, const struct ipaddr *addr, const char *ifname, struct txt *out);
bool show_neigh_wanted(const struct show_neigh *n, const struct ipaddr *addr, const char *ifname);

/* show_machine.c */
void show_hosts(const struct show_in *in, bool summary, struct txt *out);
void show_inventory(const struct show_in *in, struct txt *out);
void show_processes(const struct show_in *in, bool sorted, struct txt *out);
void show_processes_memory(const struct show_in *in, bool sorted, struct txt *out);
void show_memory(const struct show_in *in, struct txt *out);
void show_file_systems(const struct show_in *in, struct txt *out);
void show_terminal(const struct show_in *in, struct txt *out);
void show_line(const struct show_in *in, struct txt *out);
/* How many vty lines there are, and who is on one; NULL: nobody. */
unsigned show_vtys(const struct show_in *in);
const struct show_user *show_on_line(const struct show_in *in, unsigned vty); /* of the vtys */
bool show_on_console(const struct show_in *in);

/* show_system.c */
void show_version(const struct show_in *in, struct txt *out);
void show_clock(const struct show_in *in, bool detail, struct txt *out);
void show_users(const struct show_in *in, struct txt *out);

/* show_debug.c */
struct show_debug {
	unsigned flag; /* enum exec_debug */
	const char *name, *group, *json; /* `Crypto ISAKMP`, whose debugging is on; below which heading; its member */
};
extern const struct show_debug show_debugs[]; /* ended by name NULL */
void show_debugging(const struct show_in *in, struct txt *out);
void show_debug_condition(const struct show_in *in, struct txt *out);

/* show_kept.c: of lines that nothing acts on; name "" is all */
void show_aliases(const struct show_in *in, struct txt *out);
void show_object_group(const struct show_in *in, const char *name, struct txt *out);

/* show_unsupported.c */
void show_unsupported(const struct show_in *in, struct txt *out);

#endif
