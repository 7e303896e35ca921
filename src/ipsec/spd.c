/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/spd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "packet/ip.h"

void spd_fini(struct spd *s)
{
	free(s->v);
	spd_index_free(s->index);
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
	spd_index_free(s->index); /* it knows nothing of the new one */
	s->index = NULL;
	s->v[s->n++] = *e;
	return 0;
}

/* The first line from `from` on that takes the flow. */
static size_t first_match(const struct spd *s, size_t from, uint32_t ifid, const struct flow *f)
{
	if (s->index)
		return spd_index_first(s, from, ifid, f);
	while (from < s->n && (s->v[from].ifid != ifid || !selector_has(&s->v[from].sel, f)))
		from++;
	return from;
}

const struct spd_entry *spd_lookup(const struct spd *s, uint32_t ifid, const struct flow *f)
{
	uint32_t skipped_seq = 0;
	bool skipping = false;

	for (size_t i = first_match(s, 0, ifid, f); i < s->n; i = first_match(s, i + 1, ifid, f)) {
		const struct spd_entry *e = &s->v[i];

		if (skipping && e->map_seq == skipped_seq)
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

struct spd_slot *spd_slot_fill(const struct spd *s, struct spd_slot *pair, uint32_t ifid, const struct ip_key *k)
{
	const struct spd_entry *e;
	struct flow f;

	ip_key_flow(k, &f);
	e = spd_lookup(s, ifid, &f);
	pair[1] = pair[0];
	pair[0] = (struct spd_slot){ .key = *k, .generation = s->generation, .ifid = ifid,
				     .hit = e ? (uint32_t)(e - s->v) : SPD_NONE };
	return &pair[0];
}

const struct spd_entry *spd_lookup_cached(const struct spd *s, struct spd_cache *c, uint32_t ifid,
					  const struct flow *f)
{
	const struct spd_slot *slot;
	struct ip_key k;

	ip_key_of_flow(f, &k);
	slot = spd_slot_of(s, c, ifid, &k);
	return slot->hit == SPD_NONE ? NULL : &s->v[slot->hit];
}
