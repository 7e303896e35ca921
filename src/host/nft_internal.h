/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that ask nftables share. */
#ifndef HOST_NFT_INTERNAL_H
#define HOST_NFT_INTERNAL_H

#include <libmnl/libmnl.h>

#include "host/nft.h"

/* Begins a question in buf: type with its subsystem, NFPROTO_*, NLM_F_*. */
struct nlmsghdr *nft_start(char *buf, uint16_t type, uint8_t family, uint16_t flags);
/* Asks it, and calls cb for each that is found. 0 or -errno; -EINTR: it was disturbed, and is to be asked anew. */
int nft_ask_dump(struct nlmsghdr *h, mnl_cb_t cb, void *ctx);

#endif
