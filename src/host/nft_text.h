/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of the language of nft that more than one ruleset of ours is made of. */
#ifndef HOST_NFT_TEXT_H
#define HOST_NFT_TEXT_H

#include "base/txt.h"
#include "model/selector.h"

/* `ip saddr 10.0.0.0/8 `; nothing for any address. field is saddr or daddr; IPv4 only. */
void nft_text_addr(struct txt *t, const char *field, const struct addr_match *m);
/* `oifname "eth0" `; key is iifname or oifname. By index if the name cannot be said. */
void nft_text_dev(struct txt *t, const char *key, const char *name, uint32_t ifindex);

#endif
