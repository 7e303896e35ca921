/* SPDX-License-Identifier: Apache-2.0 */
/* Who is next on the way to a peer, as control finds it in the kernel's routes and neighbours: ESP goes there past
 * the kernel's stack. What control tells holds for a few seconds, and it tells again each second: if it
 * does not, or the neighbour does not answer it any more, packets leave by the raw socket, which knows
 * what to do. Nothing but ESP goes this way: port_send() asks here for it alone, and the port looks
 * again. */
#include "forwarder/internal.h"

#include <errno.h>
#include <string.h>

int hops_set(struct forwarder *f, const struct fwd_next_hop *h)
{
	struct hop *at = NULL;

	if (!h->dst.family)
		return -EINVAL;
	for (size_t i = 0; i < HOPS_MAX; i++) {
		struct hop *p = &f->all->hops[i];

		if (p->until_ms && ipaddr_equal(&p->dst, &h->dst)) {
			at = p;
			break;
		}
		if (f->now_ms >= p->until_ms)
			at = p;
	}
	if (!at)
		return -ENOSPC;
	*at = (struct hop){ .dst = h->dst, .ifid = h->ifid, .until_ms = h->life_ms ? f->now_ms + h->life_ms : 0 };
	memcpy(at->mac, h->mac, sizeof(at->mac));
	f->all->some_hops = true;
	return 0;
}

/* With a port of this worker's. */
static struct fport *link_of(struct forwarder *f, uint32_t ifid)
{
	struct fport *p = f->all->ports;

	while (p && !(p->desc.kind == FWD_PORT_LINK && p->desc.ifid == ifid))
		p = p->next;
	return p && p->port[f->id] ? p : NULL;
}

/* Another worker may just have found that it leads nowhere. */
static bool holds(const struct forwarder *f, const struct hop *h)
{
	return f->now_ms < __atomic_load_n(&h->until_ms, __ATOMIC_RELAXED);
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

/* A run of packets with one next hop. A link that did not take them all is not used again before control says so. */
static void send_run(struct forwarder *f, struct fport *raw, struct hop *to, struct batch *b)
{
	struct fport *link = to ? link_of(f, to->ifid) : NULL;

	if (!link) {
		(void)port_send_own(f, raw, b);
		return;
	}
	memcpy(link->port[f->id]->next_hop, to->mac, sizeof(to->mac));
	if (!port_send_own(f, link, b))
		__atomic_store_n(&to->until_ms, 0, __ATOMIC_RELAXED);
}

void hops_send(struct forwarder *f, struct fport *raw, struct batch *b)
{
	struct hop *to = NULL;
	struct batch run;

	run.n = 0;
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
