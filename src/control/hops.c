/* SPDX-License-Identifier: Apache-2.0 */
/* Tells the forwarder who is next on the way to the peers, where a LINK port goes there (rings.c).
 *
 * Timers: every HOP_EVERY_MS all of them; what was told holds for HOP_LIFE_MS. */
#include "control/internal.h"

#include <errno.h>
#include <event2/event.h>
#include <string.h>

#include "host/sockets.h"

#define HOP_EVERY_MS 1000
#define HOP_LIFE_MS  3500
#define HOP_PEERS    64 /* those behind use the raw socket */
#define HOP_TRIES    8
#define HOP_TRIES_EACH 2

struct peers {
	struct ipaddr v[HOP_PEERS];
	size_t n;
};

static void add(struct peers *p, const struct ipaddr *a)
{
	for (size_t i = p->n; i-- > 0;)
		if (ipaddr_equal(&p->v[i], a))
			return;
	if (a->family && p->n < HOP_PEERS)
		p->v[p->n++] = *a;
}

/* What is found behind this counts if nothing changes meanwhile. */
static int begin(struct control *c)
{
	struct fwd_msg m = { .type = FWD_NEXT_HOP };

	return fwdlink_call(c->fwd, &m, -1, NULL, NULL);
}

/* False: nothing is told of that peer; what was before ends by itself. */
static bool find(struct control *c, const struct ipaddr *peer, struct fwd_next_hop *ret)
{
	struct nl_hop hop;

	if (nl_next_hop(c->nl, peer, MARK_BYPASS, &hop) || !rings_link(c, hop.ifindex))
		return false;
	*ret = (struct fwd_next_hop){ .dst = *peer, .via = hop.via, .ifid = hop.ifindex,
				      .life_ms = hop.known ? HOP_LIFE_MS : 0 };
	memcpy(ret->mac, hop.mac, sizeof(hop.mac));
	return true;
}

/* So many from the at-th on, as many as a message may have. -EAGAIN: of some something has changed since it was begun. */
static int tell(struct control *c, const struct peers *p, size_t at, size_t n)
{
	struct fwd_msg m = { .type = FWD_NEXT_HOP };
	struct fwd_next_hops *h = &m.u.next_hops;

	for (size_t i = 0; i < n; i++)
		h->n = (uint8_t)(h->n + find(c, &p->v[(at + i) % p->n], &h->v[h->n]));
	return h->n ? fwdlink_call(c->fwd, &m, -1, NULL, NULL) : 0;
}

/* Those of which something changes while they are looked at have to wait for the next time. */
static int tell_some(struct control *c, const struct peers *p, size_t at, size_t n, int *again)
{
	for (int turn = 0; turn < HOP_TRIES_EACH && *again > 0; turn++) {
		int err = tell(c, p, at, n);

		if (err != -EAGAIN)
			return err;
		--*again;
		err = begin(c);
		if (err)
			return err;
	}
	return 0;
}

/* Where much changes, some peers' packets leave by the raw socket until the next time, which begins with those behind. */
static void tell_all(struct control *c, const struct peers *p)
{
	size_t at = p->n ? c->hops_at % p->n : 0, done = 0;
	int again = HOP_TRIES, err = p->n ? begin(c) : 0;

	while (!err && done < p->n && again > 0) {
		size_t n = p->n - done < FWD_HOPS_MAX ? p->n - done : FWD_HOPS_MAX;

		err = tell_some(c, p, at + done, n, &again);
		done += n;
	}
	c->hops_at = at + done;
}

static void on_hops(evutil_socket_t fd, short what, void *ctx)
{
	struct control *c = ctx;

	(void)fd;
	(void)what;
	hops_tell(c);
}

void hops_tell(struct control *c)
{
	struct timeval every = { .tv_sec = HOP_EVERY_MS / 1000, .tv_usec = HOP_EVERY_MS % 1000 * 1000 };
	struct peers p = { .n = 0 };

	if (!c->hops_timer)
		c->hops_timer = evtimer_new(c->base, on_hops, c);
	if (!rings_link(c, 0) || !c->hops_timer)
		return; /* nobody is asked where nothing goes that way */
	for (size_t i = 0; i < c->compiled.n_shown; i++)
		for (size_t k = 0; k < c->compiled.shown[i].n_peers; k++)
			add(&p, &c->compiled.shown[i].peers[k]);
	for (size_t i = 0; i < c->compiled.n_tunnels; i++)
		if (c->compiled.tunnels[i].protect)
			add(&p, &c->compiled.tunnels[i].dst);
	if (nl_foreign_rules(c->nl)) /* the next look at all else will say so */
		p.n = 0;
	tell_all(c, &p);
	evtimer_add(c->hops_timer, &every);
}
