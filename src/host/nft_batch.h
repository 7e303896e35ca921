/* SPDX-License-Identifier: Apache-2.0 */
/* Elements of sets of ranges, added and taken away in one transaction, straight to the kernel. */
#ifndef HOST_NFT_BATCH_H
#define HOST_NFT_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/ipaddr.h"

/* Two fields, each from here to there; as the wire has them, of IPv4 in the first four bytes. */
struct nft_range {
	uint8_t from[2][16], to[2][16];
};

struct nft_batch;

enum nft_batch_op { NFT_BATCH_ADD, NFT_BATCH_DEL };

/* For a ruleset of that generation (nft_generation()); at most max elements. NULL without memory. */
struct nft_batch *nft_batch_new(uint32_t generation, size_t max);
void nft_batch_free(struct nft_batch *b);
/* What follows is about this set; its names are looked at until another one begins or the batch is run. */
void nft_batch_set(struct nft_batch *b, enum nft_batch_op op, enum ip_family f, const char *table, const char *set);
/* An element; its fields have len bytes (4 or 16). */
void nft_batch_range(struct nft_batch *b, const struct nft_range *r, size_t len);
/* All or nothing; once. 0; -EALREADY: there were more than max; -ERESTART or another error of the kernel's: it took none
 * of them. Without any element nothing is done, and *ret_steps, what nftables' generation grows by, is 0. */
int nft_batch_run(struct nft_batch *b, uint32_t *ret_steps);

#endif
