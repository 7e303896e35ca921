/* SPDX-License-Identifier: Apache-2.0 */
/* Who is next on the way to a peer, as control finds it in the kernel's routes and neighbours: ESP goes there past
 * the kernel's stack. No packet may be lost by that which the stack would have brought on its way, so where
 * it is not certain who is next packets leave by the raw socket, which knows what to do: asks, holds, goes another way.
 *
 * Certain is what control has told lately - it holds for a few seconds, and is told again each second - and what the
 * kernel has changed nothing about since: each worker has a socket on which the kernel says so (FWD_PORT_NEWS), and reads
 * it before it sends. So that nothing that control found before a change is believed behind it, control says
 * when it begins to look, and a hop that it finds counts if nothing about it has changed since then.
 *
 * Nothing but ESP goes this way: port_send() asks here for it alone, and the port looks again. */
#include "forwarder/internal.h"

#include <errno.h>
#include <string.h>

#define NEWS_AT_ONCE 16
#define NEWS_MOST    64 /* times that, while packets wait */

/* That worker's; NULL: nobody tells it of changes. */
static struct port *news_of(const struct forwarder *f)
{
	const struct fport *p = f->all->by_kind[FWD_PORT_NEWS];

	return p && p->port[f->id] && p->port[f->id]->news ? p->port[f->id] : NULL;
}

/* A neighbour that goes on at the same address is none: the kernel tells each time that it has made sure. */
static bool is_about(const struct port_news *n, const struct hop *h)
{
	switch ((enum port_news_kind)n->kind) {
	case PORT_NEWS_ROUTE:
		return n->addr.family == h->dst.family && ipaddr_in(&h->dst, &n->addr, n->prefix_len);
	case PORT_NEWS_NEIGH:
		return n->ifid == h->ifid && ipaddr_equal(&n->addr, &h->via) &&
		       !(n->usable && !memcmp(n->mac, h->mac, sizeof(h->mac)));
	default:
		return true;
	}
}

/* It ends what was told before, and what control may just have found. */
static void note(struct forwarder *f, const struct port_news *n)
{
	for (size_t k = 0; k < HOPS_MAX; k++)
		if (is_about(n, &f->all->hops[k]))
			f->hops_void |= UINT64_C(1) << k;
	if (f->n_hops_news == HOPS_NEWS)
		f->many_hops_news = true;
	else
		f->hops_news[f->n_hops_news++] = *n;
}

/* Takes note of what has changed. False: nobody tells. */
static bool hear(struct forwarder *f)
{
	struct port_news v[NEWS_AT_ONCE];
	struct port *p = news_of(f);
	size_t n = 0;

	for (size_t turn = 0; p && turn < NEWS_MOST; turn++) {
		n = p->news(p, v, NEWS_AT_ONCE);
		for (size_t i = 0; i < n; i++)
			note(f, &v[i]);
		if (n < NEWS_AT_ONCE)
			return true;
	}
	f->hops_void = UINT64_MAX; /* there is more */
	f->many_hops_news = true;
	return p != NULL;
}

static bool has_changed(const struct forwarder *f, const struct hop *h)
{
	bool some = f->many_hops_news;

	for (size_t i = 0; !some && i < f->n_hops_news; i++)
		some = is_about(&f->hops_news[i], h);
	return some;
}

/* By any worker. */
static bool has_changed_for(const struct forwarder *f, const struct hop *h)
{
	bool some = false;

	for (unsigned k = 0; !some && k < f->all->n; k++)
		some = has_changed(f->all->worker[k], h);
	return some;
}

static int hear_all(struct forwarder *f)
{
	for (unsigned k = 0; k < f->all->n; k++)
		if (!hear(f->all->worker[k]))
			return -ENOENT;
	return 0;
}

static void forget_news(struct forwarder *f)
{
	for (unsigned k = 0; k < f->all->n; k++) {
		f->all->worker[k]->n_hops_news = 0;
		f->all->worker[k]->many_hops_news = false;
	}
}

/* That of the same peer, or one that has ended; NULL: there is no room. */
static struct hop *place_for(struct forwarder *f, const struct ipaddr *dst)
{
	struct hop *at = NULL;

	for (size_t i = 0; i < HOPS_MAX; i++) {
		struct hop *p = &f->all->hops[i];

		if (p->until_ms && ipaddr_equal(&p->dst, dst))
			return p;
		if (f->now_ms >= p->until_ms)
			at = p;
	}
	return at;
}

static int set_one(struct forwarder *f, const struct fwd_next_hop *h)
{
	struct hop found = { .dst = h->dst, .via = h->via, .ifid = h->ifid,
			     .until_ms = h->life_ms ? f->now_ms + h->life_ms : 0 };
	struct hop *at = place_for(f, &h->dst);

	memcpy(found.mac, h->mac, sizeof(found.mac));
	if (!h->dst.family)
		return -EINVAL;
	if (has_changed_for(f, &found))
		return -EAGAIN;
	if (!at)
		return -ENOSPC;
	*at = found;
	for (unsigned k = 0; k < f->all->n; k++)
		f->all->worker[k]->hops_void &= ~(UINT64_C(1) << (at - f->all->hops));
	f->all->some_hops = true;
	return 0;
}

int hops_set(struct forwarder *f, const struct fwd_next_hops *h)
{
	int ret = hear_all(f);

	if (!ret && !h->n)
		forget_news(f);
	if (ret)
		return ret;
	for (size_t i = 0; i < h->n; i++) {
		int err = set_one(f, &h->v[i]);

		ret = err ? err : ret;
	}
	return ret;
}

/* With a port of this worker's. */
static struct fport *link_of(struct forwarder *f, uint32_t ifid)
{
	struct fport *p = f->all->ports;

	while (p && !(p->desc.kind == FWD_PORT_LINK && p->desc.ifid == ifid))
		p = p->next;
	return p && p->port[f->id] ? p : NULL;
}

static uint64_t bit_of(const struct forwarder *f, const struct hop *h)
{
	return UINT64_C(1) << (h - f->all->hops);
}

static bool holds(const struct forwarder *f, const struct hop *h)
{
	return f->now_ms < h->until_ms && !(f->hops_void & bit_of(f, h));
}

static struct ipaddr dst_of(const struct pkt *p)
{
	struct rd r = pkt_rd(p);
	uint8_t version = rd_u8(&r) >> 4;
	struct span s;

	rd_skip(&r, version == 6 ? 23 : 15);
	s = rd_take(&r, version == 6 ? 16 : 4);
	if (r.bad || (version != 4 && version != 6))
		return (struct ipaddr){ 0 };
	struct ipaddr a = { .family = version == 6 ? IP_V6 : IP_V4 };
	memcpy(a.b, s.p, s.len);
	return a;
}

/* The hop for a packet; mostly that of the packet before it. NULL: the raw socket's. */
static struct hop *hop_of(struct forwarder *f, const struct pkt *p, struct hop *last)
{
	struct ipaddr dst = dst_of(p);

	if (last && holds(f, last) && ipaddr_equal(&last->dst, &dst))
		return last;
	for (size_t i = 0; dst.family && i < HOPS_MAX; i++)
		if (holds(f, &f->all->hops[i]) && ipaddr_equal(&f->all->hops[i].dst, &dst))
			return &f->all->hops[i];
	return NULL;
}

/* A run of packets with one next hop. What the link does not take leaves by the raw socket, and so does what comes
 * then, until control has looked again. */
static void send_run(struct forwarder *f, struct fport *raw, struct hop *to, struct batch *b)
{
	struct fport *link = to ? link_of(f, to->ifid) : NULL;

	if (link) {
		memcpy(link->port[f->id]->next_hop, to->mac, sizeof(to->mac));
		port_send_link(f, link, b);
		if (!b->n)
			return;
		f->hops_void |= bit_of(f, to);
	}
	(void)port_send_own(f, raw, b);
}

void hops_send(struct forwarder *f, struct fport *raw, struct batch *b)
{
	struct hop *to = NULL;
	struct batch run;

	run.n = 0;
	if (~f->hops_void && !hear(f))
		f->hops_void = UINT64_MAX;
	for (size_t i = 0; i < b->n; i++) {
		struct hop *next = hop_of(f, b->p[i], to);

		if (run.n && next != to)
			send_run(f, raw, to, &run);
		to = next;
		(void)batch_add(&run, b->p[i]);
	}
	b->n = 0;
	if (run.n)
		send_run(f, raw, to, &run);
}
