/* SPDX-License-Identifier: Apache-2.0 */
/* The SPD by what its lines test. Lines that look at the same bits form a group, and in a
 * group a flow can only meet the lines that have its own bits: one look into a hash table,
 * however long the list is. There are as many groups as kinds of lines, mostly a few. The
 * line that comes first in the list wins, as ever. */
#include <stdlib.h>

#include "ipsec/spd.h"

struct spd_group {
	uint32_t ifid, first; /* first: of its lines */
	uint8_t family;
	bool proto, local_port, remote_port; /* tested for one value */
	uint64_t local[2], remote[2];	     /* the address bits that count */
};

struct spd_index {
	struct spd_group *groups; /* by first */
	uint32_t n_groups;
	uint32_t mask;	 /* of the slots */
	uint32_t *slots; /* line + 1; 0: none */
	uint32_t *next;	 /* of each line, the next one of its slot, + 1: they ascend */
	uint32_t *group; /* of each line */
};

static void take_addr(uint64_t out[2], const uint8_t b[16])
{
	memcpy(out, b, 16);
}

static struct spd_group group_of(const struct spd_entry *e)
{
	struct spd_group g = { .ifid = e->ifid, .family = e->sel.local.addr.family,
			       .proto = e->sel.proto, .local_port = e->sel.local_port.op == PORT_EQ,
			       .remote_port = e->sel.remote_port.op == PORT_EQ };

	take_addr(g.local, e->sel.local.wild);
	take_addr(g.remote, e->sel.remote.wild);
	for (size_t i = 0; i < 2; i++) {
		g.local[i] = ~g.local[i];
		g.remote[i] = ~g.remote[i];
	}
	if (g.family != IP_V6) { /* as selector_has(): four bytes of it count, whatever the others are */
		static const uint8_t four[16] = { 255, 255, 255, 255 };
		uint64_t m[2];

		take_addr(m, four);
		for (size_t i = 0; i < 2; i++) {
			g.local[i] &= m[i];
			g.remote[i] &= m[i];
		}
	}
	return g;
}

static bool same_group(const struct spd_group *a, const struct spd_group *b)
{
	return a->ifid == b->ifid && a->family == b->family && a->proto == b->proto &&
	       a->local_port == b->local_port && a->remote_port == b->remote_port &&
	       !memcmp(a->local, b->local, sizeof(a->local)) &&
	       !memcmp(a->remote, b->remote, sizeof(a->remote));
}

/* Of what a flow has of the bits that group nr looks at. */
static uint32_t hash_of(const struct spd_group *g, uint32_t nr, const struct flow *f)
{
	uint64_t l[2], r[2], h = nr;

	take_addr(l, f->local.b);
	take_addr(r, f->remote.b);
	for (size_t i = 0; i < 2; i++) {
		h = (h ^ (l[i] & g->local[i])) * UINT64_C(0x9e3779b97f4a7c15);
		h = (h ^ h >> 32 ^ (r[i] & g->remote[i])) * UINT64_C(0xff51afd7ed558ccd);
		h ^= h >> 29;
	}
	h ^= (uint64_t)(g->proto ? f->proto : 0) << 32;
	h ^= (uint64_t)(g->local_port ? f->local_port : 0) << 16;
	h ^= g->remote_port ? f->remote_port : 0;
	h *= UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(h >> 32);
}

/* The flow that has what line e wants. */
static struct flow flow_of(const struct spd_entry *e)
{
	return (struct flow){ .local = e->sel.local.addr, .remote = e->sel.remote.addr,
			      .proto = e->sel.proto, .local_port = e->sel.local_port.lo,
			      .remote_port = e->sel.remote_port.lo };
}

void spd_index_free(struct spd_index *x)
{
	if (!x)
		return;
	free(x->groups);
	free(x->slots);
	free(x->next);
	free(x->group);
	free(x);
}

static uint32_t find_group(struct spd_index *x, const struct spd_entry *e, uint32_t line)
{
	struct spd_group g = group_of(e);

	for (uint32_t i = x->n_groups; i > 0; i--) /* lines are mostly like the one before */
		if (same_group(&x->groups[i - 1], &g))
			return i - 1;
	g.first = line;
	x->groups[x->n_groups] = g;
	return x->n_groups++;
}

static struct spd_index *index_new(size_t n)
{
	struct spd_index *x = calloc(1, sizeof(*x));
	size_t slots = 16;

	if (!x)
		return NULL;
	while (slots < 2 * n)
		slots *= 2;
	x->mask = (uint32_t)(slots - 1);
	x->groups = calloc(SPD_MAX_GROUPS, sizeof(*x->groups));
	x->slots = calloc(slots, sizeof(*x->slots));
	x->next = calloc(n, sizeof(*x->next));
	x->group = calloc(n, sizeof(*x->group));
	if (x->groups && x->slots && x->next && x->group)
		return x;
	spd_index_free(x);
	return NULL;
}

void spd_finish(struct spd *s)
{
	struct spd_index *x = s->n >= SPD_INDEX_FROM && s->n < UINT32_MAX / 4 ? index_new(s->n) : NULL;

	spd_index_free(s->index);
	s->index = NULL;
	for (uint32_t i = 0; x && i < s->n; i++) {
		if (x->n_groups == SPD_MAX_GROUPS) { /* all lines are of different kinds */
			spd_index_free(x);
			return;
		}
		x->group[i] = find_group(x, &s->v[i], i);
	}
	for (size_t i = x ? s->n : 0; i > 0; i--) {
		struct flow f = flow_of(&s->v[i - 1]);
		uint32_t g = x->group[i - 1], *slot = &x->slots[hash_of(&x->groups[g], g, &f) & x->mask];

		x->next[i - 1] = *slot;
		*slot = (uint32_t)i;
	}
	s->index = x;
}

size_t spd_index_first(const struct spd *s, size_t from, uint32_t ifid, const struct flow *f)
{
	const struct spd_index *x = s->index;
	size_t best = s->n;

	for (uint32_t g = 0; g < x->n_groups && x->groups[g].first < best; g++) {
		const struct spd_group *grp = &x->groups[g];

		if (grp->ifid != ifid || grp->family != f->local.family)
			continue;
		for (uint32_t at = x->slots[hash_of(grp, g, f) & x->mask]; at && at - 1 < best;
		     at = x->next[at - 1])
			if (at - 1 >= from && x->group[at - 1] == g && selector_has(&s->v[at - 1].sel, f))
				best = at - 1;
	}
	return best;
}
