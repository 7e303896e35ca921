/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/spd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "packet/ip.h"

void spd_fini(struct spd *s)
{
	free(s->v);
	*s = (struct spd){ 0 };
}

int spd_add(struct spd *s, const struct spd_entry *e)
{
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 16;
		struct spd_entry *v = reallocarray(s->v, cap, sizeof(*v));

		if (!v)
			return -ENOMEM;
		s->v = v;
		s->cap = cap;
	}
	s->v[s->n++] = *e;
	return 0;
}

const struct spd_entry *spd_lookup(const struct spd *s, uint32_t ifid, const struct flow *f)
{
	uint32_t skipped_seq = 0;
	bool skipping = false;

	for (size_t i = 0; i < s->n; i++) {
		const struct spd_entry *e = &s->v[i];

		if (e->ifid != ifid || (skipping && e->map_seq == skipped_seq) ||
		    !selector_has(&e->sel, f))
			continue;
		if (e->action == SPD_PROTECT)
			return e;
		skipping = true;
		skipped_seq = e->map_seq;
	}
	return NULL;
}

const struct spd_entry *spd_lookup_inbound(const struct spd *s, uint32_t ifid, const struct flow *f)
{
	struct flow m = flow_mirror(f);

	return spd_lookup(s, ifid, &m);
}

static bool same_flow(const struct flow *a, const struct flow *b)
{
	return a->proto == b->proto && a->ports_known == b->ports_known &&
	       a->local_port == b->local_port && a->remote_port == b->remote_port &&
	       ip_addr_same(&a->local, &b->local) && ip_addr_same(&a->remote, &b->remote);
}

/* A collision only costs a walk, so a cheap mix is enough. */
static size_t slot_of(uint32_t ifid, const struct flow *f)
{
	uint64_t local = ip_addr_mix(&f->local), h = (local << 32 | local >> 32) ^ ip_addr_mix(&f->remote);

	h ^= (uint64_t)f->local_port << 40 ^ (uint64_t)f->remote_port << 8 ^ f->proto ^ ifid;
	h *= 0x9e3779b97f4a7c15u;
	return (size_t)(h >> 40) & (SPD_CACHE - 1);
}

const struct spd_entry *spd_lookup_cached(const struct spd *s, struct spd_cache *c, uint32_t ifid,
					  const struct flow *f)
{
	size_t i = slot_of(ifid, f);

	if (c->slot[i].generation == s->generation && c->slot[i].ifid == ifid &&
	    same_flow(&c->slot[i].flow, f))
		return c->slot[i].hit;
	c->slot[i].generation = s->generation;
	c->slot[i].ifid = ifid;
	c->slot[i].flow = *f;
	c->slot[i].hit = spd_lookup(s, ifid, f);
	return c->slot[i].hit;
}
