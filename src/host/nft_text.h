/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of the language of nft that more than one ruleset of ours is made of. */
#ifndef HOST_NFT_TEXT_H
#define HOST_NFT_TEXT_H

#include "base/txt.h"
#include "model/selector.h"

/* The family of a table, and what its header is called: `ip` or `ip6`. */
const char *nft_text_ip(enum ip_family f);
/* `ip saddr 10.0.0.0/8 `, `ip6 saddr 2001:db8::/32 `; nothing for any address. field is saddr or daddr. */
void nft_text_addr(struct txt *t, const char *field, const struct addr_match *m);
/* Source and destination as bytes of the header, as a set has them that is no set of addresses: `@nh,96,32 . @nh,128,32`;
 * mirror: destination and source. */
const char *nft_text_ends(enum ip_family f, bool mirror);
/* `oifname "eth0" `; key is iifname or oifname. By index if the name cannot be said. */
void nft_text_dev(struct txt *t, const char *key, const char *name, uint32_t ifindex);

/* How a protocol is told. IPv6 has it at the end of a chain of headers: `meta l4proto` walks it, and
 * over AH as well, which is a link of that chain to the kernel; AH is told by the link before it, and there
 * are several that can be. So it takes this many rules, one for each n from 0. */
size_t nft_text_proto_rules(enum ip_family f, uint8_t proto);
/* `ip protocol 6 `; nothing for 0. */
void nft_text_proto(struct txt *t, enum ip_family f, uint8_t proto, size_t n);
/* What only fragments behind the first one are: `ip frag-off & 0x1fff != 0 `. */
const char *nft_text_later(enum ip_family f);

#endif
