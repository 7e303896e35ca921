/* SPDX-License-Identifier: Apache-2.0 */
/* The control process's inside, shared by its own files only. */
#ifndef CONTROL_INTERNAL_H
#define CONTROL_INTERNAL_H

#include <bsd/sys/queue.h>

#include "cli/cli.h"
#include "commands/commands.h"
#include "commands/exec.h"
#include "commands/load.h"
#include "control/compile.h"
#include "control/control.h"
#include "control/fwdlink.h"
#include "control/if_counts.h"
#include "control/ring_cuts.h"
#include "host/netlink.h"
#include "host/ring.h"
#include "host/steer.h"
#include "ike/ike.h"
#include "model/acl_match.h"

#define MAX_TUNS   256
#define MAX_LOOPBACKS 256
#define MAX_STEER  STEER_SLOTS
#define PORT_ESP   1 /* port ids: fixed, so that a new control knows them */
#define PORT_GRE   2
#define PORT_ICMP  3
#define PORT_UDP   4
#define PORT_AH    5
#define PORT_IPIP  6
#define PORT_ESP6  11
#define PORT_GRE6  12
#define PORT_ICMP6 13
#define PORT_UDP6  14
#define PORT_AH6   15
#define PORT_IP4IN6 16
#define PORT_IP6IN6 17
#define PORT_IPV6IP 18
#define PORT_RING  40	/* plus slot */
#define PORT_HOLD  48
#define PORT_NEWS  49
#define PORT_LINK  50	/* plus slot in esp_links */
#define PORT_STEER 100	/* plus slot */
#define PORT_TUN   1000 /* plus index in tuns */

struct event;
struct event_base;
struct session;
struct show_user;
struct manual_installed;
struct ping;
struct dialog;
struct keygen;
struct protect;
struct pki;
struct pki_store;
struct pki_crls;
struct pki_sceps;
struct auth;
struct acl_log;
struct login;
struct login_work;
struct capture;
struct ike_worker;
struct revert;
struct archive;
struct reload;
struct paths;
struct stream;
struct proc_load;
struct show_terminal;

/* A TUN that we made. */
struct tun_state {
	bool used, wanted;
	uint32_t tunnel_id;
	char name[16];
	uint32_t ifindex;
	bool in_forwarder;
	bool line;	/* its line protocol, as it was told last */
	bool dead;	/* its keepalives stay away */
	bool has_sas;	/* of a VTI: IPsec SAs */
	bool ipv6;	/* was switched on in it */
	bool recursive; /* it was routed into itself, and is held down until then */
	uint64_t recursive_until_ms;
};

struct steer_state {
	bool used, wanted;
	char ios_name[CFG_NAME_MAX];
	char tun[16];
	uint32_t tun_ifindex;
	uint32_t ifindex; /* of the interface it serves */
	bool in_forwarder;
	char device[16]; /* of the interface, when it was last seen */
};

/* A complaint about a peer's packets: not again within a minute. */
struct said {
	uint8_t what;
	struct ipaddr peer;
	uint64_t at_ms; /* 0: free */
};

/* An address or route that we added, or a device's MTU of IPv6, to be taken back. */
struct added {
	bool is_route, is_mtu6, wanted;
	uint32_t mtu6;
	uint32_t ifindex;
	struct ipaddr addr;
	uint8_t prefix_len;
	struct nl_route route;
};

struct control {
	const struct control_options *opt;
	struct event_base *base;
	struct config *config;
	struct fwdlink *fwd;
	struct ike *ike;
	struct timeline *timeline;
	struct ike_worker *worker; /* ike_work.c: its public-key work */
	struct nl *nl;
	int supervisor_fd, listen_fd, claim_fd, udp500, udp6_500, nl_events, sigterm_fd;
	bool udp4500, udp6_4500, ipip, ready, stopping, isakmp_on, crypto_seen;
	bool guarded;	     /* whatever leaves by a crypto map's interface meets the guard */
	bool steering_failed; /* the last time */
	bool tun_busy;	      /* the same; somebody has a TUN who is not our forwarder */
	bool ike6_failed;     /* IKE has no port of IPv6 yet, and should have */
	bool retrying;	     /* the apply timer runs for a retry: a change shortens it */
	unsigned retry_sec;  /* until what failed is tried again; 0: nothing failed */
	bool forwards;	     /* ip_forward was set to 1 */
	bool forwards6;	     /* the same of IPv6, for `ipv6 unicast-routing` */
	char forwarded[16], forwarded6[16]; /* the sysctls before all of this; "" not known */
	unsigned ports6;     /* of IPv6 that the forwarder has, as bits of their kinds */
	bool forwarding_seen; /* forwarding_follow was here */
	uint64_t started_ms;
	struct protect *protect; /* protect.c; NULL before SAs are adopted */
	struct event *ike_timer, *apply_timer, *sample_timer;
	struct event *watches[13];
	size_t n_watches;

	struct nl_link *links; /* of the last look */
	size_t n_links;
	struct nl_addr *addrs;
	size_t n_addrs;
	struct bound_if *ifs;
	size_t n_ifs;
	struct tun_state tuns[MAX_TUNS];
	struct steer_state steer[MAX_STEER];
	struct loopback *loopbacks; /* loopback.c; NULL: none */
	size_t n_loopbacks;
	bool loopbacks_left; /* some have no device, for there are too many; and that has been said */
	struct added *added;
	size_t n_added;
	char *last_notes;  /* said once */
	char tun_said[160]; /* how the last TUN works */
	uint64_t last_ruleset; /* hash of what nft was told; 0: nothing */
	struct steer_stand standing; /* and what the kernel has of it */
	uint64_t last_mss;     /* the same of mss_apply() */
	uint64_t recvd_clear, clear_said_ms;
	struct said said[64];
	uint64_t filter_mark; /* of the access lists in force (host/filter.h) */
	uint32_t nft_seen;    /* nftables' generation when both were as they should be; 0 unknown */
	struct acl_log *acl_log;
	bool access_failed; /* the last time */
	struct ring_want rings[RING_SLOTS]; /* of the outer devices; ifindex 0: none */
	uint32_t esp_links[RING_SLOTS]; /* of which devices there is a LINK port; 0: none */
	int ring_fd[RING_SLOTS], link_fd[RING_SLOTS]; /* control's own of both; 0: none */
	bool ring_news;		     /* and the forwarder is told of changes */
	struct event *hops_timer;
	size_t hops_at; /* with which peer the next look begins */
	struct ring_failure {
		struct ring_want want;
		int err; /* 0: it did not */
		unsigned tries;
		uint64_t again_ms; /* not before; UINT64_MAX: never as it is */
	} rings_failed[RING_SLOTS];
	struct ring_cuts rings_cut; /* where fragments come */
	struct ring_table *ring_table; /* keeps their packets from the stack; NULL: nothing does */
	bool ring_held;	      /* the forwarder holds it, too */
	uint64_t rings_said;  /* hash of what the log was told */
	struct ring_others *others; /* ring_others.c; NULL before others_watch() */
	bool rings_known;     /* the forwarder has none that is not in rings */
	char *access_said;  /* what access_diagnose() has found, a line each; NULL nothing yet */

	struct policy_ids ids;
	struct compiled compiled;
	struct manual_installed *manual; /* SAs of typed keys (manual.c) */
	size_t n_manual;
	uint32_t next_manual;
	struct paths *path_mtus; /* paths.c */
	uint64_t table_sum; /* of what the forwarder has (table.c); 0: not known */
	bool plumbed; /* plumb_apply() has changed something */
	uint64_t kept_whole; /* bytes of what is kept that are no typed lines (files.c) */
	bool unkept;  /* the configuration has changed by more than lines that files_typed() was told of */
	char packets_by[FWD_CRYPTO_MAX]; /* what encrypts them; "" not known yet */
	unsigned debug; /* enum exec_debug */
	struct ike_debug_peer debug_peers[IKE_DEBUG_PEERS]; /* whom it is about; none: everybody */
	size_t n_debug_peers;
	struct if_counts counts;
	struct proc_load *load; /* show_host.c; NULL before the first look */
	char *changed_at; /* `show running-config` header */
	struct pki *pki;
	struct pki_store *keys;
	struct master_keys {
		/* of type 6 keys: the one in force; then, newest first, earlier ones that the
		 * startup configuration may still be encrypted with. "": none */
		char v[4][128];
	} masters;
	struct show_pki_counts pki_counts;
	struct pki_crls *crls; /* fetched */
	LIST_HEAD(, auth) auths; /* sessions that wait for a CA's certificate */
	struct pki_sceps *sceps; /* certificates that are asked for */
	struct keygen *keygen; /* a key pair that is being made; NULL */
	struct revert *revert;	 /* life_revert.c; NULL: nothing waits for a confirmation */
	struct archive *archive; /* life_archive.c */
	struct reload *reload;	 /* life.c: one that is scheduled */
	unsigned n_sessions_ever;
	struct login_work *login_work; /* compares passwords, and hashes them */
	struct login_work *name_work;  /* asks for the names of uids */
	LIST_HEAD(, secret_wait) secret_waits; /* secrets.c */
	bool hash_fails; /* once it did: no line waits for a hash any more */
	LIST_HEAD(, session) sessions;
	LIST_HEAD(, stream) streams;
	LIST_HEAD(, capture) captures;
};

/* plumb.c: the host as the configuration wants it. 0 or -errno; what could not be
 * done is logged. */
int plumb_look(struct control *c);   /* links, addresses, bindings */
/* Steering, TUNs, addresses, routes. True if something has changed that a compilation depends on. */
bool plumb_apply(struct control *c);
/* Tunnels without `ip mtu` have what their SAs leave: these have changed. True if an MTU has. */
bool plumb_follow_sas(struct control *c);
void plumb_remove(struct control *c); /* orderly stop: everything ours, locks last */
const struct nl_link *plumb_link(const struct control *c, uint32_t ifindex);
const struct nl_link *plumb_link_named(const struct control *c, const char *name);
uint32_t plumb_route_metric(const struct cfg_route *r); /* that it has in the kernel */
/* The device of an interface; NULL: there is none (yet). */
const struct nl_link *plumb_device(const struct control *c, const struct cfg_interface *ci);
const char *plumb_ios_name(const struct control *c, uint32_t ifindex); /* "" unknown */

/* Wanted until the next plumb_apply(); taken back when nobody wants it any more. */
void plumb_want_address(struct control *c, uint32_t ifindex, const struct ipaddr *a, uint8_t len);
void plumb_want_mtu6(struct control *c, uint32_t ifindex, uint32_t mtu);
/* An unreachable twin, so that what a tunnel carries never falls to the default
 * route when the TUN vanishes. */
void plumb_want_twin(struct control *c, const struct ipaddr *dst, uint8_t len);

/* loopback.c: devices for LoopbackN where the host has none. Made, to be seen by the next plumb_look(); and those
 * that nobody wants any more (all: none is wanted) taken away. What could not be done is logged, once. */
void loopbacks_apply(struct control *c);
void loopbacks_forget(struct control *c, bool all);

/* plumb6.c: what of this is of IPv6 alone */
void plumb6_bind(const struct control *c, const struct cfg_interface *ci, const struct nl_link *l,
		 struct bound_if *b);
/* The link that has an address of that interface; NULL. */
const struct nl_link *plumb6_device(const struct control *c, const struct cfg_interface *ci);
/* `ipv6 mtu` of a device, 0: that of the device itself. 0 or -errno */
int plumb6_set_mtu(const struct control *c, uint32_t ifindex, uint32_t mtu);
void plumb6_interface(struct control *c, const struct cfg_interface *ci, const struct nl_link *l);
/* True if a next hop is at the other end of a tunnel. */
bool plumb6_hop_in(const struct cfg_interface *ci, const struct ipaddr *hop);

/* ports6.c: the forwarder's ports of IPv6, once the configuration asks for them */
void ports6_follow(struct control *c);
bool ports6_outer(const struct control *c); /* some peer may be one of IPv6 */

/* rings.c: how ESP comes in by the outer devices. only_less: before the access lists change, so that none
 * of what a new list looks at passes it by. */
void rings_follow(struct control *c, bool only_less);
/* The port of that id is a ring, beside which fragments come: it goes, for a while. False: it is none. */
bool rings_cut(struct control *c, uint32_t id);
/* Since this was asked last: one that failed may be tried again, or the while of one that was cut is over; by rings_follow(). */
bool rings_due(struct control *c);
void rings_lost(struct control *c);   /* with the forwarder that had them */
void rings_remove(struct control *c); /* orderly stop */
bool rings_link(const struct control *c, uint32_t ifindex); /* a LINK port goes there; 0: anywhere */

/* ring_others.c: rules of others that see what comes in by that device (in), or what leaves. Why it may not go past them, in
 * room or not; NULL: it may. */
const char *others_rules(const struct control *c, bool in, const char *device, char room[128]);
const char *others_ingress(const struct control *c, const struct nl_link *l, char room[128]); /* and what is no list */
const char *others_sas(const struct control *c, const struct ring_want *w, char room[128]); /* whose ESP comes there, too */
/* From now on rings.c looks again when something of this has changed. 0 or -ENOMEM */
int others_watch(struct control *c);
void others_unwatch(struct control *c);

/* hops.c: to the LINK ports, now and then by itself */
void hops_tell(struct control *c);

/* tuns.c: first tuns_begin, then what is wanted, then tuns_forget for the rest (or
 * all). steering_apply sets c->guarded. */
void tuns_device(const char *name, char out[16]); /* the Linux name of TunnelN */
const char *tuns_of_port(const struct control *c, uint32_t id); /* the device of a port; NULL: it is no TUN's */
/* What a protected tunnel's packets look like under their SA; protocol 0: 4 and 41. False: they have
 * no header of their own, as those of a VTI, or one of its ends is not known (yet). */
bool tuns_carrier(const struct control *c, const struct cfg_interface *ci, struct selector *ret_s);
void tuns_begin(struct control *c);
void steering_apply(struct control *c);
void steering_restore(struct control *c); /* at once, if somebody took the table away */
void tuns_apply(struct control *c, const struct cfg_interface *ci);
void tuns_forget(struct control *c, bool all);

/* line.c: the line protocol of tunnels. plumb_look() has it looked at, plumb_apply() has
 * it followed. */
void line_look(struct control *c);
void line_follow(struct control *c); /* the log, the carriers */
void line_say(const char *ios_name, bool up);
void line_alive(struct control *c, uint32_t tunnel_id, bool alive); /* its keepalives */
void line_protected(struct control *c, uint32_t tunnel_id, bool has_sas); /* of a VTI */
void line_trace(const struct control *c, const struct fwd_msg *m); /* `debug tunnel keepalive` */
void line_adopt(struct control *c, struct tun_state *t, const struct nl_link *l); /* as it was left */
void line_tick(struct control *c);  /* now and then: what was held down is tried again */
void line_retry(struct control *c); /* the configuration has changed: at the next look */

/* access.c: `ip access-group`. Before steering; sets c->guarded to false if the lists are not
 * in force. True if what stands was loaded just now. */
bool access_apply(struct control *c, bool again);
void access_diagnose(struct control *c); /* lists that block a tunnel, said once each */
void access_read_log(struct control *c, int fd); /* what lines with `log` took */
/* The same of a list of `set ip access-group`, by the forwarder. */
void access_logged(struct control *c, const char *name, uint32_t seq, uint32_t ifindex,
		   const struct acl_probe *p);
/* Packets that the lines of the lists took in the kernel. 0 or -errno. */
int access_matches(struct control *c, void (*each)(void *ctx, const char *acl, uint32_t seq, uint64_t n),
		   void *ctx);

/* forwarding.c: net.ipv4.ip_forward follows the guard, and so does IPv6's if it is wanted */
void forwarding_follow(struct control *c);
/* Before anything of the host is touched: learns what forwarding was, from a router that died here,
 * or as it is. */
void forwarding_begin(struct control *c);
void forwarding_restore(struct control *c); /* orderly stop, before the locks go */

/* apply.c */
void apply_soon(struct control *c); /* after a change of the configuration, once for many */
void apply_again(struct control *c); /* the same after one of the host, or of lines that are kept already */
void apply_now(struct control *c);  /* if something waits */
void apply_all(struct control *c);
void apply_made(struct control *c, uint32_t id); /* before the next action of IKE */
int apply_early(struct control *c); /* IKE alone knows the configuration: to adopt SAs */

/* ikelink.c */
int ikelink_open(struct control *c);
void ikelink_close(struct control *c);
void ikelink_pump(struct control *c); /* carries out what the core wants */
void ikelink_event(struct control *c, const struct fwd_msg *m);
int ikelink_start(struct control *c, bool adopt); /* HELLO, dump, ports */
void ikelink_ipip(struct control *c); /* IP in IP comes in, too */
/* SAs of dynamic crypto map entries, which an earlier control left, are taken over before
 * the first ruleset is loaded: it must guard their proxies. */
int ikelink_adopt_made(struct control *c);
/* Tells IKE which SAs carry packets; a sample of the forwarder's counters. */
void ikelink_used(struct control *c, const struct fwd_sa_stats *v, size_t n);

/* An ESP SA as a line of Wireshark's table esp_sa: it holds the keys. */
void keylog_esp_line(const struct sa_spec *s, struct txt *t);

/* session.c */
void session_accept(struct control *c, int fd);
void session_monitor(void *ctx, const char *line);
void session_close_all(struct control *c);

/* exec.c */
struct exec_io {
	struct control *c;
	struct session *s;
	struct txt *out;
};
/* Runs one EXEC action; true if it goes on by itself (ping) and calls
 * session_resume() later. *ret_error: an error was printed. */
bool exec_run(struct exec_io *io, unsigned action, const struct exec_args *a, bool *ret_error);
/* exec_json.c: the same for a line that ends in `| json`. */
bool exec_json(struct exec_io *io, unsigned action, const struct exec_args *a, bool *ret_error);

/* What exec.c wants of a session. */
void session_resume(struct session *s, bool error);
void session_print(struct session *s, const char *text);
/* A long answer (stream.c): whether the client has read enough of it for more, and that it is all said. */
bool session_has_room(const struct session *s);
void session_streamed(struct session *s, bool error);
/* Of its terminal; SHELL_AS_WINDOW: as the client's window is. */
void session_set_length(struct session *s, unsigned length);
void session_set_width(struct session *s, unsigned width);
void session_set_history(struct session *s, unsigned size);
void session_terminal(const struct session *s, struct show_terminal *ret);
void session_set_monitor(struct session *s, bool on);
struct login *session_login(struct session *s);
struct control *session_control(const struct session *s);
/* It is known whose it is (session_login()), or cannot be found out. */
void session_named(struct session *s);
void session_end(struct session *s);
/* Ends that of the console, or of a vty. 0; -ENOENT: nobody is there; -EPERM: self is. */
int session_clear(const struct session *self, bool console, unsigned vty);
struct cli_session *session_cli(struct session *s);
/* Something runs, and no line is taken until session_resume(); stop ends it early (Ctrl-C: it prints how far it
 * came) and is not called after that. */
typedef void runner_stop_fn(void *self, bool print);
void session_set_runner(struct session *s, void *self, runner_stop_fn *stop);
/* The next lines are answers; the session frees d when it is over. */
void session_set_dialog(struct session *s, struct dialog *d);
/* A key is being made: no prompt, and no line is taken, until session_made(). */
void session_wait(struct session *s);
void session_made(struct session *s, bool error);
/* What session_lines.c has held back, since a secret had to be hashed: its prompt, and the next lines. */
void session_go_on(struct session *s);
unsigned session_privilege(const struct session *s);
/* The sessions that are open, oldest first, at most max; self is marked. */
size_t session_users(const struct control *c, const struct session *self, struct show_user *v,
		     size_t max);
void session_history(const struct session *s, struct txt *out);

/* files.c */
#define CONFIG_MAX (8u << 20) /* bytes of a configuration's text: what is longer is not read */
int files_load(struct control *c); /* a dead control's running configuration, or the file */
void files_keep(struct control *c); /* for the next control, should this one die */
int files_save(struct control *c, struct txt *out);
void files_changed(struct control *c); /* the running configuration, just now */
/* The same by a line that was taken, where the lines of path lead (cli_session_path(); NULL: they do not). */
void files_typed(struct control *c, const char *path, const char *line);

/* A packet came in clear that should have been protected: %CRYPTO-4-RECVD_PKT_NOT_IPSEC, at
 * most once a minute, as IOS; show counts all. */
void log_cleartext(struct control *c, const struct ipaddr *src, const struct ipaddr *dst, uint8_t proto);

#endif
