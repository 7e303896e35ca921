/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/reassembly.h"

#include <stdlib.h>
#include <string.h>

enum { FLAG_LAST = 1 };

_Static_assert(FRAG_MAX == 64, "have is a word of bits");

struct frag_slot {
	struct frag_from from;
	uint64_t since_ms;
	uint16_t id;
	uint8_t last, highest; /* the number of the last one, 0: unknown; the highest so far */
	bool done; /* it was whole, and stays to know its fragments when they come late */
	uint64_t have; /* by number - 1; once done: of those that have come again */
	size_t used;			/* bytes of buf, in the order in which they came */
	uint16_t at[FRAG_MAX], len[FRAG_MAX]; /* by number - 1; len 0: not there */
	uint8_t buf[IKE_MAX_MESSAGE];
};

static const struct {
	size_t first, n;
} range[FRAG_KINDS] = {
	[FRAG_STRANGER] = { 0, FRAG_STRANGERS },
	[FRAG_HALF_OPEN] = { FRAG_STRANGERS, FRAG_HALVES },
	[FRAG_PEER] = { FRAG_STRANGERS + FRAG_HALVES, FRAG_PEERS },
};

struct frag {
	uint16_t id;
	uint8_t number;
	bool last;
	struct span part;
};

static bool decode(struct span body, struct frag *ret)
{
	struct rd r = rd_span(body);
	struct frag f;

	f.id = rd_be16(&r);
	f.number = rd_u8(&r);
	f.last = rd_u8(&r) & FLAG_LAST;
	f.part = rd_take(&r, rd_left(&r));
	if (r.bad || !f.part.len || f.part.len > IKE_MAX_MESSAGE || !f.number || f.number > FRAG_MAX)
		return false;
	*ret = f;
	return true;
}

void frag_encode(struct wr *w, uint16_t id, uint8_t number, bool last, struct span part)
{
	wr_be16(w, id);
	wr_u8(w, number);
	wr_u8(w, last ? FLAG_LAST : 0);
	wr_span(w, part);
}

static void drop(struct frags *f, size_t i)
{
	free(f->slot[i]);
	f->slot[i] = NULL;
}

void frags_fini(struct frags *f)
{
	for (size_t i = 0; i < FRAG_SLOTS; i++)
		drop(f, i);
}

size_t frags_age(struct frags *f, uint64_t now_ms)
{
	size_t taken = 0;

	for (size_t i = 0; i < FRAG_SLOTS; i++) {
		if (f->slot[i] && now_ms - f->slot[i]->since_ms >= FRAG_LIVE_MS) {
			f->stats.expired += !f->slot[i]->done;
			drop(f, i);
		}
		taken += f->slot[i] && !f->slot[i]->done;
	}
	return taken;
}

/* A stranger's cookie is his to choose, as often as he likes: his address counts. */
static bool same_source(const struct frag_from *a, const struct frag_from *b)
{
	if ((a->kind == FRAG_STRANGER) != (b->kind == FRAG_STRANGER))
		return false;
	if (a->kind == FRAG_STRANGER)
		return ipaddr_equal(&a->remote, &b->remote);
	return !memcmp(a->i_cookie, b->i_cookie, 8) && !memcmp(a->r_cookie, b->r_cookie, 8);
}

static void begin(struct frag_slot *s, uint64_t now_ms, const struct frag_from *from, uint16_t id)
{
	s->from = *from;
	s->since_ms = now_ms;
	s->id = id;
	s->last = s->highest = 0;
	s->done = false;
	s->have = 0;
	s->used = 0;
	memset(s->len, 0, sizeof(s->len));
}

/* What is over is the first to go. */
static uint64_t age(const struct frag_slot *s)
{
	return s->done ? 0 : s->since_ms;
}

/* The source's own slot, a free one, or that of the oldest of its kind. */
static size_t find(struct frags *f, uint64_t now_ms, const struct frag_from *from)
{
	size_t first = range[from->kind].first, end = first + range[from->kind].n, best = first;

	(void)frags_age(f, now_ms);
	/* he may have had it before he was authenticated */
	for (size_t i = 0; i < FRAG_SLOTS; i++)
		if (f->slot[i] && same_source(&f->slot[i]->from, from))
			return i;
	for (size_t i = first; i < end; i++) {
		if (!f->slot[i])
			return i;
		if (age(f->slot[i]) < age(f->slot[best]))
			best = i;
	}
	f->stats.evicted += !f->slot[best]->done;
	drop(f, best);
	return best;
}

/* What is there already says something else. */
static bool contradicts(const struct frag_slot *s, const struct frag_from *from, const struct frag *g)
{
	size_t i = g->number - 1u;

	return s->id != g->id || memcmp(s->from.i_cookie, from->i_cookie, 8) != 0 ||
	       (s->last && (g->number > s->last || g->last != (g->number == s->last))) ||
	       (g->last && s->highest > g->number) ||
	       (s->len[i] && !span_equal(span_of(s->buf + s->at[i], s->len[i]), g->part));
}

static void add(struct frag_slot *s, const struct frag *g)
{
	memcpy(s->buf + s->used, g->part.p, g->part.len);
	s->at[g->number - 1] = (uint16_t)s->used;
	s->len[g->number - 1] = (uint16_t)g->part.len;
	s->used += g->part.len;
	if (g->number > s->highest)
		s->highest = g->number;
	if (g->last)
		s->last = g->number;
}

/* The pieces stay: one that the network repeats late would otherwise begin another message,
 * and spoil the next one, which strongSwan gives the same id. When all of them have come
 * again, the peer has sent it again, and it is whole once more. */
static struct span join(struct frags *f, struct frag_slot *s)
{
	struct wr w = wr_of(f->whole, sizeof(f->whole));

	for (size_t i = 0; i < FRAG_MAX && i < s->last; i++)
		wr_bytes(&w, s->buf + s->at[i], s->len[i]);
	f->stats.whole++;
	s->done = true;
	s->have = 0;
	return wr_done(&w);
}

struct span frags_take(struct frags *f, uint64_t now_ms, const struct frag_from *from,
		       struct span body)
{
	const struct span none = { 0 };
	struct frag g;

	if (!decode(body, &g)) {
		f->stats.malformed++;
		return none;
	}
	size_t at = find(f, now_ms, from);
	struct frag_slot *s = f->slot[at];
	if (!s) {
		s = f->slot[at] = malloc(sizeof(*s));
		if (!s)
			return none; /* as if it were lost */
		begin(s, now_ms, from, g.id);
	} else if (contradicts(s, from, &g)) {
		f->stats.conflict += !s->done; /* otherwise it is the next message */
		begin(s, now_ms, from, g.id);
	}
	size_t i = g.number - 1u;
	bool fresh = !s->len[i];
	if (fresh && g.part.len > sizeof(s->buf) - s->used) {
		f->stats.too_big++;
		drop(f, at);
		return none;
	}
	if (s->have >> i & 1) {
		f->stats.duplicate++;
		return none;
	}
	if (fresh)
		add(s, &g);
	s->have |= UINT64_C(1) << i;
	return s->last && s->have == UINT64_MAX >> (64 - s->last) ? join(f, s) : none;
}
