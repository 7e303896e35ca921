/* SPDX-License-Identifier: Apache-2.0 */
/* What show commands print: pure functions from plain data to text, laid out as
 * IOS lays it out, because tools parse it. The caller fills a show_in with what
 * is known right now; nothing here asks a clock, the system or another process. */
#ifndef CONTROL_SHOW_H
#define CONTROL_SHOW_H

#include "base/txt.h"
#include "commands/exec.h"
#include "control/ifrate.h"
#include "control/timeline.h"
#include "forwarder/protocol.h"
#include "ike/ike.h"
#include "model/config.h"

struct pki;
struct pki_store;

#define SHOW_NEVER UINT64_MAX

/* One interface as it is now: of the configuration, bound to a device or not. */
struct if_snapshot {
	char name[CFG_NAME_MAX]; /* canonical IOS name */
	char device[16];	 /* "" while there is none */
	uint32_t ifindex;	 /* 0 while there is none */
	bool up;		 /* not shut down, and the device is there */
	bool line;		 /* line protocol */
	bool has_mac;
	uint8_t mac[6];
	struct ipaddr addr; /* in force; IP_NONE: none */
	bool unnumbered; /* addr is another interface\'s */
	uint8_t prefix_len;
	bool ipv6; /* it runs there */
	struct ipaddr link_local6;
	uint8_t n_addrs6; /* the others, in force */
	struct {
		struct ipaddr addr;
		uint8_t prefix_len;
		bool eui64, tentative, duplicate;
	} addrs6[CFG_MAX_ADDRS6];
	uint32_t mtu6; /* bytes; of ipv6 mtu, or the device */
	uint32_t mtu;	    /* of the device, bytes; 0 unknown */
	uint64_t in_packets, in_bytes, in_errors, out_packets, out_bytes, out_errors;
	uint64_t in_drops, out_drops;
	struct if_rate rate;		  /* zero if nobody samples */
	uint64_t last_in_ms, last_out_ms; /* ago; SHOW_NEVER */
	uint64_t cleared_ms;		  /* ago: `clear counters`; SHOW_NEVER */
	/* TunnelN */
	struct ipaddr tunnel_src; /* in force; IP_NONE: none yet */
	uint32_t tunnel_mtu;	  /* what fits into the transport, bytes */
	uint32_t tunnel_path;	  /* bytes of the path in clear, as configured or learned; 0 unknown */
	const char *line_why;	  /* why the line is down, IOS's words ("no output interface"); NULL */
	uint64_t in_crc, in_late; /* of in_errors: GRE checksums that were wrong, late numbers */
	uint64_t keepalives, keepalives_back, keepalives_missed;
};

struct show_route {
	char code; /* IOS's letter (show_route_sources[]); K: put there by others on this host */
	struct ipaddr dst;
	uint8_t prefix_len;
	struct ipaddr next_hop;	   /* IP_NONE: directly connected */
	char ifname[CFG_NAME_MAX]; /* IOS name; "" unknown */
	uint8_t distance;
	uint32_t metric;
	uint32_t rank; /* of several to one prefix the least is in use: the kernel's metric */
};

/* Matches of one line of one access list since they were cleared. */
struct show_match {
	const char *acl;
	uint32_t seq;
	uint64_t n;
};

struct show_user {
	unsigned line; /* of `vty N` */
	bool console;  /* `con 0` */
	bool self;
	char user[64];
	char location[64]; /* where from; "" here */
	uint64_t idle_ms;
};

/* A neighbour of an interface, or its own address. */
struct show_neigh {
	struct ipaddr addr;
	char ifname[CFG_NAME_MAX];
	bool has_mac; /* it has answered */
	uint8_t mac[6];
	bool fixed; /* our own, or set for good: it has no age */
	uint64_t age_sec;
};

/* A thread of ours: parts of all processors in hundredths of a percent. */
struct show_proc {
	int pid;
	bool thread; /* and not the first one of its process */
	char name[16];
	uint64_t runtime_ms, invoked, usec_each;
	uint64_t resident_bytes; /* of the process; 0: thread, or not known */
	uint16_t five_sec, one_min, five_min;
};

#define SHOW_PROCS_MAX 128
/* How busy the host's processors are, in percent. */
struct show_load {
	unsigned five_sec, interrupts, one_min, five_min;
	struct show_proc v[SHOW_PROCS_MAX];
	size_t n;
};

/* The line that the session is on. */
struct show_terminal {
	unsigned length, width, history; /* rows and columns, 0 no limit; lines that are remembered */
	bool monitor;
};

/* Everything that any show command may look at. Arrays may be NULL if empty. */
/* A request at a CA. */
struct show_enroll {
	const char *trustpoint;
	const char *last; /* how the last one ended, or `Pending`; "" nothing to say */
	bool active;	  /* it is under way */
	struct span csr;  /* while it is */
	unsigned tries, left, next_sec;
};

/* Since the start, or `clear crypto pki counters`. A session is a question of IKE's, or an enrollment. */
struct show_pki_counts {
	uint64_t started, ended, valid, invalid;
	uint64_t crls_checked, crl_fetches, crl_failures, crl_busy;
};

/* What PKI waits for. */
struct show_pki_timer {
	const char *what; /* `RENEW`, `POLL`, `CRL UPDATE`, `CRL EXPIRE` */
	bool crl;
	char name[CFG_NAME_MAX]; /* the trustpoint's */
	int64_t at_ms;		 /* since 1970 */
};

struct show_index;
struct show_in {
	const struct show_index *index; /* of what is below; NULL: none */
	const struct config *config;
	const struct if_snapshot *ifs;
	size_t n_ifs;

	const struct ike_sa_info *sas;
	size_t n_sas;
	const struct ike_pair_info *pairs;
	size_t n_pairs;
	struct ike_admission admission;
	const struct p2_policy *p2; /* in SPD order */
	size_t n_p2;
	const char *const *stories; /* one for each p2: why it failed, "" or NULL if it did not; may be NULL */
	const struct fwd_policy *policies;
	size_t n_policies;
	const struct fwd_sa_stats *sa_stats;
	size_t n_sa_stats;
	const struct fwd_policy_stats *policy_stats;
	size_t n_policy_stats;

	const struct timeline *timeline; /* may be NULL */
	uint64_t now_ms;		 /* that its times are of */

	struct pki *pki;
	const struct pki_store *keys; /* may be NULL: none */
	const struct show_enroll *enroll;
	size_t n_enroll;

	const struct show_pki_counts *pki_counts;
	const struct show_pki_timer *pki_timers;
	size_t n_pki_timers;

	const struct fwd_drops *drops; /* may be NULL */
	uint64_t left_clear, arrived_clear; /* what the locks in the kernel dropped */

	const struct show_route *routes;
	size_t n_routes;
	/* those that are in use, as show_route_cmp() sorts them; NULL: nobody has sorted them, and all are in use */
	const void *const *route_order;
	size_t n_route_order;
	bool routes_cut; /* there are more in the kernel than were read */
	bool ios12;	 /* what routes look at where config is NULL, since it may change meanwhile */
	const struct show_match *matches;
	size_t n_matches;

	/* the session and the machine */
	unsigned privilege; /* 1 or 15 */
	unsigned debug;	    /* enum exec_debug */
	const struct ike_debug_peer *debug_peers;
	size_t n_debug_peers;
	const struct show_user *users;
	size_t n_users;
	uint64_t uptime_sec;
	int64_t wall_ms;	/* since 1970, UTC */
	int32_t utc_offset_sec; /* of the local zone */
	char zone[8];		/* `UTC` */
	bool clock_synced;	/* by a time protocol of the host */
	const char *version, *machine, *image, *board_id; /* 0.1.0, x86_64, path, serial */
	const char *packets_by, *keys_by; /* what encrypts packets, and what IKE is made with: `OpenSSL 3.0.11 ...` */
	unsigned entropy_bits, entropy_pool_bits; /* of the kernel's random generator; 0 unknown */
	uint64_t memory_kb, memory_used_kb;
	bool has_disk; /* there is a folder for files (control/flash.h) */
	uint64_t disk_bytes, disk_free_bytes;
	const struct show_load *load; /* may be NULL: nobody has looked yet */
	struct show_terminal terminal;
	const struct show_neigh *neighs;
	size_t n_neighs;
};

/* True for actions that show_run() carries out; nothing has to be known for the
 * others (running-config, logging, history and all that is no show command). */
bool show_is(unsigned action);
/* Carries out a show action. 0; -EINVAL after a message in out (what was named
 * does not exist); -ENOSYS: an action that is not for here. */
int show_run(const struct show_in *in, unsigned action, const struct exec_args *a, struct txt *out);

/* Where an answer is that is said in pieces: zeros at its beginning. */
struct show_cursor {
	size_t at, sub;
	const void *before;
	struct show_check *check; /* of show crypto check: show_cursor_fini() */
	struct show_route_list *routes; /* of show ip route, likewise */
	bool any, over;
};
#define SHOW_PIECE 8192 /* bytes, and then one element more */
/* True for actions whose answer grows with the number of peers, and which show_some() says in pieces, if only in one. They look
 * at in->config, in->policies and in->p2, and at nothing else of in that is not the caller's own copy. */
bool show_in_pieces(unsigned action, const struct exec_args *a);
/* The next piece, which may be nothing yet; k->over behind the last one. As show_run(). */
int show_some(const struct show_in *in, unsigned action, const struct exec_args *a, struct show_cursor *k,
	      struct txt *out);
/* Also of one that is not over. */
void show_cursor_fini(struct show_cursor *k);

#endif
