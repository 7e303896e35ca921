/* SPDX-License-Identifier: Apache-2.0 */
#include "control/if_counts.h"

#include <stdlib.h>
#include <string.h>

/* The counters that `clear counters` resets. */
#define COUNTERS(X)                                                                            \
	X(in_packets) X(in_bytes) X(in_errors) X(out_packets) X(out_bytes) X(out_errors)       \
	X(in_drops) X(out_drops) X(in_crc) X(in_late) X(keepalives) X(keepalives_back)

struct if_sample {
	char name[CFG_NAME_MAX];
	struct if_rate rate;
	uint64_t in_at_ms, out_at_ms; /* a packet was counted since the sample before; 0 never */
	uint64_t cleared_ms;	      /* 0: never */
	struct if_snapshot base;      /* its counters, as they were then */
};

static struct if_sample *find(const struct if_counts *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->v[i].name, name))
			return &c->v[i];
	return NULL;
}

static struct if_sample *find_or_add(struct if_counts *c, const char *name)
{
	struct if_sample *s = find(c, name), *v;

	if (s)
		return s;
	v = reallocarray(c->v, c->n + 1, sizeof(*v));
	if (!v)
		return NULL;
	c->v = v;
	s = &v[c->n++];
	*s = (struct if_sample){ 0 };
	memcpy(s->name, name, sizeof(s->name));
	return s;
}

/* Its device was made anew, and counts from 0. */
static bool went_back(const struct if_sample *s, const struct if_snapshot *i)
{
#define LESS(f) if (i->f < s->base.f) return true;
	COUNTERS(LESS)
#undef LESS
	return false;
}

void if_counts_sample(struct if_counts *c, const struct if_snapshot *i, uint64_t now_ms)
{
	struct if_sample *s = find_or_add(c, i->name);

	if (!s)
		return;
	if (went_back(s, i))
		s->base = (struct if_snapshot){ 0 };
	if (s->rate.primed && i->in_packets > s->rate.in_packets)
		s->in_at_ms = now_ms;
	if (s->rate.primed && i->out_packets > s->rate.out_packets)
		s->out_at_ms = now_ms;
	if_rate_sample(&s->rate, now_ms, i->in_packets, i->in_bytes, i->out_packets, i->out_bytes);
}

void if_counts_prune(struct if_counts *c, uint64_t now_ms)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].rate.at_ms == now_ms)
			c->v[n++] = c->v[i];
	c->n = n;
}

void if_counts_clear(struct if_counts *c, const struct if_snapshot *i, uint64_t now_ms)
{
	struct if_sample *s = find_or_add(c, i->name);

	if (!s)
		return;
	s->base = *i;
	s->cleared_ms = now_ms;
}

void if_counts_restarted(struct if_counts *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (!strncmp(c->v[i].name, "Tunnel", 6))
			c->v[i].base = (struct if_snapshot){ 0 };
}

void if_counts_show(const struct if_counts *c, struct if_snapshot *i, uint64_t now_ms)
{
	const struct if_sample *s = find(c, i->name);

	if (!s)
		return;
	if (!went_back(s, i)) {
#define TAKE(f) i->f -= s->base.f;
		COUNTERS(TAKE)
#undef TAKE
	}
	i->rate = s->rate;
	if (s->cleared_ms)
		i->cleared_ms = now_ms - s->cleared_ms;
	/* the forwarder knows to the millisecond when a tunnel carried something; the kernel
	 * does not say so of devices */
	if (i->last_in_ms == SHOW_NEVER && s->in_at_ms)
		i->last_in_ms = now_ms - s->in_at_ms;
	if (i->last_out_ms == SHOW_NEVER && s->out_at_ms)
		i->last_out_ms = now_ms - s->out_at_ms;
}

void if_counts_fini(struct if_counts *c)
{
	free(c->v);
	*c = (struct if_counts){ 0 };
}
