/* SPDX-License-Identifier: Apache-2.0 */
/* The SPD of RFC 4301 as IOS's crypto maps order it: entries of an interface in
 * sequence; a permit line takes the packet, a deny line goes on at the next map
 * entry. Built once, then read only; a small cache per worker makes established
 * flows cheap however long the list is. */
#ifndef IPSEC_SPD_H
#define IPSEC_SPD_H

#include <stdalign.h>

#include "model/selector.h"
#include "packet/ip.h"

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
	struct spd_index *index; /* spd_finish(); NULL: lines are tried one by one */
};

#define SPD_INDEX_FROM 16  /* lines; fewer are as quickly tried one by one */
#define SPD_MAX_GROUPS 256 /* kinds of lines; with more the list is walked */

#define SPD_CACHE 65536 /* flows of a worker; a power of two */
#define SPD_NONE  UINT32_MAX

/* What is known of a flow: a cache line. */
struct spd_slot {
	struct ip_key key;
	uint32_t generation, ifid;
	uint32_t hit; /* index of the entry that takes it, or SPD_NONE */
	uint32_t sa_generation; /* the owner's: whether sa is worth anything still */
	void *sa;		/* the owner's; NULL when the slot is new */
};
static_assert(sizeof(struct spd_slot) == 64, "a flow is a cache line");

/* Of one worker. */
struct spd_cache {
	uint64_t fills; /* since ever */
	alignas(64) struct spd_slot slot[SPD_CACHE]; /* pairs: a flow is in one of the two of its pair */
};

void spd_fini(struct spd *s);
/* 0 or -ENOMEM; only while building. */
int spd_add(struct spd *s, const struct spd_entry *e);
/* Once the list is whole: makes long ones quick to look into (spd_index.c), if there is
 * memory. */
void spd_finish(struct spd *s);
void spd_index_free(struct spd_index *x);
/* The first line from `from` on that takes the flow; s->n: none does. */
size_t spd_index_first(const struct spd *s, size_t from, uint32_t ifid, const struct flow *f);

/* Outbound: the entry that takes the flow, NULL for none. */
const struct spd_entry *spd_lookup(const struct spd *s, uint32_t ifid, const struct flow *f);
const struct spd_entry *spd_lookup_cached(const struct spd *s, struct spd_cache *c, uint32_t ifid,
					  const struct flow *f);
/* The same for packets: the pair of slots of a flow, which are valid until the next call. The one that was filled last is
 * in front; by more than a pair in turn each is filled anew. */
static inline struct spd_slot *spd_slot_at(struct spd_cache *c, uint32_t ifid, const struct ip_key *k)
{
	return &c->slot[ip_key_mix(k, ifid) & (SPD_CACHE - 2)];
}

static inline bool spd_slot_is(const struct spd *s, const struct spd_slot *slot, uint32_t ifid,
			       const struct ip_key *k)
{
	return slot->generation == s->generation && slot->ifid == ifid && ip_key_same(&slot->key, k);
}

/* The flow's one of its pair; NULL: nothing is known of it. */
static inline struct spd_slot *spd_slot_known(const struct spd *s, struct spd_slot *pair, uint32_t ifid,
					      const struct ip_key *k)
{
	if (spd_slot_is(s, &pair[0], ifid, k))
		return &pair[0];
	return spd_slot_is(s, &pair[1], ifid, k) ? &pair[1] : NULL;
}

/* Looks the flow up and puts it in front of its pair. */
struct spd_slot *spd_slot_fill(const struct spd *s, struct spd_slot *pair, uint32_t ifid, const struct ip_key *k);
static inline struct spd_slot *spd_slot_of(const struct spd *s, struct spd_cache *c, uint32_t ifid,
					   const struct ip_key *k)
{
	struct spd_slot *pair = spd_slot_at(c, ifid, k), *slot = spd_slot_known(s, pair, ifid, k);

	if (slot)
		return slot;
	c->fills++;
	return spd_slot_fill(s, pair, ifid, k);
}

/* Inbound: the entry that says this flow, received in clear on ifid, should have
 * been protected. f is as received: local is the (remote) source. */
const struct spd_entry *spd_lookup_inbound(const struct spd *s, uint32_t ifid,
					   const struct flow *f);

#endif
