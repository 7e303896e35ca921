/* SPDX-License-Identifier: Apache-2.0 */
/* Steering and guard in the kernel: the first two locks of docs/architecture.md.
 * A crypto map's ACL becomes nftables rules that mark what it matches (a policy
 * rule sends that to the steering TUN), drop it should it leave all the same, and
 * drop its mirror arriving in clear. One table, `ip culvert`, replaced whole in
 * one transaction; rules stay when processes die. */
#ifndef HOST_STEER_H
#define HOST_STEER_H

#include "base/txt.h"
#include "host/netlink.h"
#include "model/selector.h"

#define STEER_MARK_BASE	 0x43560100u /* plus the slot: marks, */
#define STEER_TABLE_BASE 17000u	     /* routing tables and rule preferences */
#define STEER_NFLOG	 17174	     /* group that cleartext arrivals are logged to */

struct steer_line {
	uint32_t map_seq;
	bool permit;
	struct selector sel;
};

/* One interface with a crypto map. */
struct steer_if {
	uint32_t slot;	 /* 0..255, stable while the interface has a map */
	uint32_t ifindex;
	char device[16]; /* of the interface */
	char tun[16];	 /* its steering TUN */
	uint32_t tun_ifindex;
	const struct steer_line *lines; /* in order */
	size_t n_lines;
	uint16_t adjust_mss; /* `ip tcp adjust-mss` of the interface; 0 none */
};

/* The whole ruleset as text for nft. wide: runs of plain lines become sets, so
 * that a thousand cost little; nft refuses them if entries overlap. */
void steer_ruleset(const struct steer_if *v, size_t n, bool wide, struct txt *out);
/* Puts rules, routes and nftables in force, in an order that never opens a gap:
 * routes first, then the ruleset. *mark is a fingerprint of the ruleset in force
 * (0: none): an equal one is not loaded again, so that its counters go on. 0 or
 * -errno; on failure nft's words go to why. */
int steer_apply(struct nl *nl, const struct steer_if *v, size_t n, uint64_t *mark,
		struct txt *why);
/* Takes the routing rule and table of one slot away. */
void steer_forget(struct nl *nl, uint32_t slot);
/* Takes the nftables table away: orderly stop only, last. */
int steer_remove(void);
/* Packets that the mirror dropped so far, or -errno. */
long steer_mirror_drops(void);

#endif
