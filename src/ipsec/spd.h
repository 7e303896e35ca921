/* SPDX-License-Identifier: Apache-2.0 */
/* The SPD of RFC 4301 as IOS's crypto maps order it: entries of an interface in
 * sequence; a permit line takes the packet, a deny line goes on at the next map
 * entry. Built once, then read only; a small cache per worker makes established
 * flows cheap however long the list is. */
#ifndef IPSEC_SPD_H
#define IPSEC_SPD_H

#include "model/selector.h"

enum spd_action { SPD_PROTECT = 1, SPD_SKIP = 2 };

struct spd_entry {
	uint32_t id, ifid, map_seq;
	uint8_t action; /* enum spd_action */
	struct selector sel;
	struct ipaddr local; /* our end */
	uint32_t path_mtu;
	uint8_t df_bit; /* enum esp_df */
	bool frag_after;
	void *state; /* the owner's, survives table swaps */
	uint16_t acl_in, acl_out; /* the owner's: `set ip access-group`; 0 none */
};

struct spd {
	struct spd_entry *v; /* grouped by ifid, in order */
	size_t n, cap;
	uint32_t generation; /* of the table; caches compare it */
};

#define SPD_CACHE 1024 /* a power of two */
struct spd_cache {
	struct {
		uint32_t generation, ifid;
		struct flow flow;
		const struct spd_entry *hit; /* NULL: no entry takes it */
	} slot[SPD_CACHE];
};

void spd_fini(struct spd *s);
/* 0 or -ENOMEM; only while building. */
int spd_add(struct spd *s, const struct spd_entry *e);

/* Outbound: the entry that takes the flow, NULL for none. */
const struct spd_entry *spd_lookup(const struct spd *s, uint32_t ifid, const struct flow *f);
const struct spd_entry *spd_lookup_cached(const struct spd *s, struct spd_cache *c, uint32_t ifid,
					  const struct flow *f);
/* Inbound: the entry that says this flow, received in clear on ifid, should have
 * been protected. f is as received: local is the (remote) source. */
const struct spd_entry *spd_lookup_inbound(const struct spd *s, uint32_t ifid,
					   const struct flow *f);

#endif
