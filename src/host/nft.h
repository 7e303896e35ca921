/* SPDX-License-Identifier: Apache-2.0 */
/* nftables: rulesets by the `nft` program, small questions straight to the kernel.
 * 0 or -errno. */
#ifndef HOST_NFT_H
#define HOST_NFT_H

#include "base/ipaddr.h"
#include "base/txt.h"

/* Runs text as one transaction (`nft -f -`). -EINVAL if it is refused, with nft's
 * words in why; -ENOENT if there is no nft. */
int nft_load(const char *text, struct txt *why);
/* A named counter of a table of that family (`ip`, `ip6`); -ENOENT if there is none. */
int nft_counter(enum ip_family f, const char *table, const char *name, uint64_t *ret_packets, uint64_t *ret_bytes);
/* Every named counter of a table, in no order; -ENOENT if there is no such table. */
int nft_counters(enum ip_family f, const char *table,
		 void (*each)(void *ctx, const char *name, uint64_t packets, uint64_t bytes),
		 void *ctx);
/* True if there is a table of that family and name. */
bool nft_has_table(enum ip_family f, const char *table);
/* A chain of somebody else's - of no table that is ours by its name and family - that looks at what comes in for this
 * host by that device (in), or at what it sends: 1, and "chain C of table T" to ret_what. Of iptables-legacy any table
 * counts. 0: there is none; -errno: nobody knows. */
int nft_foreign_chain(bool in, const char *device, char ret_what[128]);
/* A table of iptables before nftables, of which a module says no more than that it is there, and tells nobody
 * when it comes. */
bool nft_legacy_table(char ret_what[128]);
/* Grows by one with each transaction in this network namespace, whoever makes it. */
int nft_generation(uint32_t *ret);

/* A socket that becomes readable when any ruleset changes; drain it with nl_drain(). */
int nft_events_open(void);

#endif
