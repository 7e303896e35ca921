/* SPDX-License-Identifier: Apache-2.0 */
/* nftables: rulesets by the `nft` program, small questions straight to the kernel.
 * 0 or -errno. */
#ifndef HOST_NFT_H
#define HOST_NFT_H

#include "base/txt.h"

/* Runs text as one transaction (`nft -f -`). -EINVAL if it is refused, with nft's
 * words in why; -ENOENT if there is no nft. */
int nft_load(const char *text, struct txt *why);
/* A named counter of an `ip` table; -ENOENT if there is none. */
int nft_counter(const char *table, const char *name, uint64_t *ret_packets, uint64_t *ret_bytes);
/* Every named counter of an `ip` table, in no order; -ENOENT if there is no such table. */
int nft_counters(const char *table,
		 void (*each)(void *ctx, const char *name, uint64_t packets, uint64_t bytes),
		 void *ctx);
/* True if there is an `ip` table of that name. */
bool nft_has_table(const char *table);
/* Grows by one with each transaction in this network namespace, whoever makes it. */
int nft_generation(uint32_t *ret);

/* A socket that becomes readable when any ruleset changes; drain it with nl_drain(). */
int nft_events_open(void);

#endif
