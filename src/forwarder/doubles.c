/* SPDX-License-Identifier: Apache-2.0 */
/* ESP while it comes both ways: where a ring comes, it takes packets before they are kept from the raw socket, and where
 * one goes, the socket has them again before the ring ends. So none is lost, and some come twice: once by each.
 *
 * What the replay window refuses is such a double if the other way has brought its number once more often than its own:
 * it is dropped and no replay. All else that the window refuses is one. A packet that somebody sends again comes both ways, too:
 * its first copy is counted as a replay, and the second is that one's double.
 *
 * Each queue is in order, and has all from the moment on in which it was opened: so what only the older one has is
 * taken first, or a backlog of it would be behind the window. Nothing here hangs on how long that takes. Only the
 * numbers are kept LINGER_MS longer, for what the kernel had in its hands: without them it would be counted as a replay.
 *
 * What came before the newer way was open has no double. Somebody who sends that again while the older way is closed, before
 * its number is forgotten, is not counted: dropped he is all the same. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/internal.h"

#define LINGER_MS 1000
/* numbers: as many as a socket's buffer and a ring hold; those of one SA in a row have places of their own */
#define SETS	2048
#define PER_SET 4

/* Newest first in its set. */
struct number {
	uint32_t spi, seq; /* spi 0: none */
	int32_t ahead;	   /* how often it came by the ring, less how often by the socket */
};

struct doubles {
	enum fwd_ways ways; /* FWD_ONE_WAY: it is over, until until_ms */
	uint64_t until_ms;
	struct number v[SETS][PER_SET];
};

static bool is_socket(uint8_t kind)
{
	return kind == FWD_PORT_ESP || kind == FWD_PORT_ESP6;
}

static bool is_esp(uint8_t kind)
{
	return is_socket(kind) || kind == FWD_PORT_RING;
}

/* Of the set that it is in, or now is: whoever came into it first has left. */
static struct number *number_of(struct doubles *d, uint32_t spi, uint32_t seq)
{
	struct number *set = d->v[((spi * UINT32_C(0x9e3779b1) >> 16) + seq) % SETS];

	for (size_t i = 0; i < PER_SET; i++)
		if (set[i].spi == spi && set[i].seq == seq)
			return &set[i];
	memmove(set + 1, set, (PER_SET - 1) * sizeof(*set));
	set[0] = (struct number){ .spi = spi, .seq = seq };
	return set;
}

/* It has come by f->via. True: by the other way it came once more until now. */
static bool came(struct forwarder *f, const struct pkt *p)
{
	struct number *n = number_of(f->all->doubles, ((const struct sa *)p->sa)->spec.spi, p->seqno);

	return f->via == FWD_PORT_RING ? n->ahead++ < 0 : n->ahead-- > 0;
}

/* Whether the window took its number, and then it was refused for something else. */
static bool has_its_number(const struct pkt *p)
{
	switch ((enum esp_reason)p->reason) {
	case ESP_DUMMY:
	case ESP_NEXT:
	case ESP_IDENTITY:
	case ESP_PADDING:
	case ESP_ECN:
		return true;
	default:
		return false;
	}
}

bool doubles_refused(struct forwarder *f, const struct pkt *p)
{
	bool replayed = p->reason == ESP_REPLAYED;
	struct sa *sa = p->sa;

	if (!f->all->doubles || !is_esp(f->via) || (!replayed && !has_its_number(p)))
		return false;
	if (!came(f, p) || !replayed)
		return false;
	(void)__atomic_fetch_sub(&sa->replayed, 1, __ATOMIC_RELAXED); /* as esp_count_bad() has counted it */
	return true;
}

/* Where there is no window a double is found here; its bytes have been spent. */
void doubles_note(struct forwarder *f, struct batch *b)
{
	size_t kept = 0;

	if (!is_esp(f->via))
		return;
	for (size_t i = 0; i < b->n; i++) {
		struct pkt *p = b->p[i];
		bool twice = came(f, p);

		if (twice && !((const struct sa *)p->sa)->replay.window)
			fwd_drop(f, p, FWD_DROP_TWICE);
		else
			b->p[kept++] = p;
	}
	b->n = kept;
}

bool doubles_alone(const struct forwarder *f, const struct fport *p)
{
	return f->all->doubles->ways != FWD_ONE_WAY && is_esp(p->desc.kind);
}

bool doubles_before(const struct forwarder *f, const struct fport *q, const struct fport *p)
{
	const struct doubles *d = f->all->doubles;

	bool comes = d->ways == FWD_RING_COMES;

	return d->ways != FWD_ONE_WAY && (comes ? is_socket(q->desc.kind) : q->desc.kind == FWD_PORT_RING) &&
	       (comes ? p->desc.kind == FWD_PORT_RING : is_socket(p->desc.kind));
}

static int begin(struct forwarder *f, enum fwd_ways ways)
{
	struct doubles *d = f->all->doubles;

	if (!d)
		f->all->doubles = d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	if (d->ways == FWD_ONE_WAY) /* what came by one way has no copy that the other will bring */
		memset(d->v, 0, sizeof(d->v));
	d->ways = ways;
	return 0;
}

/* What only the socket had, for it came before the ring did: no other copy of it comes. */
static void forget_older(struct doubles *d)
{
	for (size_t i = 0; i < SETS; i++)
		for (size_t k = 0; k < PER_SET; k++)
			if (d->v[i][k].ahead < 0)
				d->v[i][k].ahead = 0;
}

static void end(struct forwarder *f)
{
	struct doubles *d = f->all->doubles;

	if (!d || d->ways == FWD_ONE_WAY)
		return;
	for (struct fport *p = f->all->ports; p; p = p->next)
		if (is_esp(p->desc.kind))
			fwd_read_dry(f, p);
	if (d->ways == FWD_RING_COMES)
		forget_older(d);
	d->ways = FWD_ONE_WAY;
	d->until_ms = f->now_ms + LINGER_MS;
}

int doubles_ways(struct forwarder *f, uint32_t ways)
{
	switch (ways) {
	case FWD_ONE_WAY:
		end(f);
		return 0;
	case FWD_RING_COMES:
	case FWD_RING_GOES:
		return begin(f, (enum fwd_ways)ways);
	default:
		return -EINVAL;
	}
}

void doubles_tick(struct forwarder *f)
{
	struct doubles *d = f->all->doubles;

	if (d && d->ways == FWD_ONE_WAY && f->now_ms >= d->until_ms)
		doubles_free(f);
}

void doubles_free(struct forwarder *f)
{
	free(f->all->doubles);
	f->all->doubles = NULL;
}
