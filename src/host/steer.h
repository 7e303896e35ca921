/* SPDX-License-Identifier: Apache-2.0 */
/* Steering and guard in the kernel: the first two locks of docs/architecture.md.
 * A crypto map's ACL becomes nftables rules that mark what it matches (a policy
 * rule sends that to the steering TUN), drop it should it leave all the same, and
 * drop its mirror arriving in clear. One table, `ip culvert`, and its twin `ip6 culvert`
 * where a line is of IPv6, replaced whole in one transaction, or changed in one by the elements of its
 * sets; rules stay when processes die. */
#ifndef HOST_STEER_H
#define HOST_STEER_H

#include "base/txt.h"
#include "host/netlink.h"
#include "model/selector.h"

#define STEER_MARK_BASE	 0x43560100u /* plus the slot: marks, */
#define STEER_TABLE_BASE 17000u	     /* routing tables and rule preferences */
#define STEER_SLOTS	 256u
#define STEER_NFLOG	 17174	     /* group that cleartext arrivals are logged to */

struct steer_line {
	uint32_t map_seq;
	bool permit;
	struct selector sel;
};

/* A deny line ends its entry and says nothing of the next one. Entries without one become one with the next:
 * so the lines of a thousand of them are one set, in which the kernel looks once, and which is loaded at once.
 * The lines' map_seq is that of the first of those that are one. */
void steer_join_entries(struct steer_line *v, size_t n);

/* One interface with a crypto map, or a protected tunnel. */
struct steer_if {
	/* a protected tunnel: its lines say what GRE may leave by no interface, and arrive by
	 * none but its own TUN, or that of a tunnel with the same line. It steers nothing: of
	 * all this slot, tun and lines, of which there is one, count. */
	bool any_device;
	uint32_t slot;	 /* a tunnel's is STEER_SLOTS or more; others are below STEER_SLOTS, stable while the interface has a map */
	uint32_t ifindex;
	char device[16]; /* of the interface */
	char tun[16];	 /* its steering TUN */
	uint32_t tun_ifindex;
	const struct steer_line *lines; /* in order */
	size_t n_lines;
	uint16_t adjust_mss; /* `ip tcp adjust-mss` of the interface; 0 none */
	uint16_t adjust_mss6; /* `ipv6 tcp adjust-mss` */
	bool closed; /* lines are not known (yet): nothing but our IKE, ESP and AH leaves */
	/* of what it has a crypto map, STEER_IP4 | STEER_IP6: that is what is closed when it must be.
	 * 0: what its lines are of, IPv4 if there are none. */
	uint8_t families;
};

enum { STEER_IP4 = 1, STEER_IP6 = 2 };

/* What was dropped since the first ruleset was loaded, of both families. */
struct steer_counts {
	uint64_t guard_packets, guard_bytes;   /* matched, and about to leave in clear */
	uint64_t mirror_packets, mirror_bytes; /* should have come through an SA */
};

/* How much the ruleset asks of nft and the kernel. */
enum steer_form {
	STEER_FULL,   /* runs of lines as sets, cleartext arrivals logged to STEER_NFLOG */
	STEER_NO_LOG, /* the same without logging: the kernel lacks nfnetlink_log */
	STEER_PLAIN,  /* a rule for each line, no logging */
	STEER_CLOSED, /* the lines cannot be expressed: nothing but our IKE, ESP and AH leaves;
		       * what arrives in clear is not judged */
};

/* Whether anything is to be said of that family. */
bool steer_has(const struct steer_if *v, size_t n, enum ip_family f);
/* The whole ruleset as text for nft; the counters start at counts (NULL: 0). */
void steer_ruleset(const struct steer_if *v, size_t n, enum steer_form form,
		   const struct steer_counts *counts, struct txt *out);
/* What stands in the kernel, as far as it is known: memory for the next steer_apply(), which tells what has changed of it.
 * {0}: nothing is known. */
struct steer_runs;
struct steer_stand {
	uint64_t frame; /* hash of the ruleset without the elements of its sets; 0: not known */
	enum steer_form form;
	uint32_t generation; /* of nftables */
	size_t n;
	struct steer_runs *runs; /* of n interfaces */
};
void steer_stand_clear(struct steer_stand *s);

/* Puts routes, rules and the ruleset in force, in an order that never opens a gap,
 * and takes away what slots that are not in v had. *mark tells the ruleset that is
 * in force (0: none): an equal one is not loaded again unless somebody touched
 * nftables meanwhile. 0 or -errno, and the reason in why. If the kernel refuses the
 * ruleset, STEER_CLOSED is in force afterwards and the result is an error. *mark is 0
 * afterwards only if there is no guard at all. stand: kept by the caller between the calls; where nothing but the
 * elements of sets differs, and few of them, they alone are changed. */
int steer_apply(struct nl *nl, const struct steer_if *v, size_t n, struct steer_stand *stand, uint64_t *mark,
		struct txt *why);
/* False if *mark of steer_apply() says that there is a ruleset and a table of it is missing. */
bool steer_stands(uint64_t mark);
/* Takes the routing rule and table of one slot away. */
void steer_forget(struct nl *nl, uint32_t slot);
/* Takes the nftables table away: orderly stop only, last. */
int steer_remove(void);
/* -ENOENT when no ruleset is loaded. */
int steer_counts(struct steer_counts *ret);
void steer_counts_clear(void);

#endif
