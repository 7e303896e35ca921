/* SPDX-License-Identifier: Apache-2.0 */
/* The ports that control handed over, and who is behind which: kept up to date
 * when ports come and go, so that no packet searches. */
#include "forwarder/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RING_SETTLE_MS 1000

struct fport *port_by_id(struct forwarder *f, uint32_t id)
{
	struct fport *p = f->all->ports;

	while (p && p->desc.id != id)
		p = p->next;
	return p;
}

struct fport *port_by_steered(struct forwarder *f, uint32_t ifid)
{
	struct fport *p = f->all->ports;

	while (p && !(p->desc.kind == FWD_PORT_STEER && p->desc.ifid == ifid))
		p = p->next;
	return p;
}

static bool is_device_of(const struct forwarder *f, uint8_t kind, uint32_t dev_ifindex)
{
	for (const struct fport *p = f->all->ports; p; p = p->next)
		if (p->desc.kind == kind && p->desc.dev_ifindex == dev_ifindex)
			return dev_ifindex != 0;
	return false;
}

bool port_is_steering(const struct forwarder *f, uint32_t dev_ifindex)
{
	return is_device_of(f, FWD_PORT_STEER, dev_ifindex);
}

bool port_is_tunnel(const struct forwarder *f, uint32_t dev_ifindex)
{
	return is_device_of(f, FWD_PORT_TUNNEL, dev_ifindex);
}

static struct fport *newest(struct forwarder *f, uint8_t kind)
{
	struct fport *p = f->all->ports; /* new ones go in front */

	while (p && p->desc.kind != kind)
		p = p->next;
	return p;
}

/* After p came, or p is about to go (gone: it is not in the list any more). */
static void relink(struct forwarder *f, struct fport *p)
{
	f->all->by_kind[p->desc.kind] = newest(f, p->desc.kind);
	if (p->desc.kind == FWD_PORT_TUNNEL) {
		for (struct tunnel *t = f->all->tunnels; t; t = t->next) {
			if (!t->in_table || t->conf.tun_port != p->desc.id)
				continue;
			t->port = port_by_id(f, p->desc.id);
			p->tunnel = t;
		}
	}
	if (p->desc.kind == FWD_PORT_STEER) {
		for (struct hnode *n = htab_walk(&f->all->policies, NULL); n;
		     n = htab_walk(&f->all->policies, n)) {
			struct policy *pol = hnode_entry(n, struct policy, node);

			if (pol->in_table && pol->ifid == p->desc.ifid)
				pol->steer = port_by_steered(f, pol->ifid);
		}
	}
}

static bool is_tun(uint8_t kind)
{
	return kind == FWD_PORT_TUNNEL || kind == FWD_PORT_STEER;
}

/* The first worker's makes the port, those of the others come behind it, and last the one that they
 * read a socket by. */
static int find_or_make(struct forwarder *f, const struct fwd_port *desc, struct fport **ret)
{
	struct fport *p = port_by_id(f, desc->id);

	if (desc->worker >= f->all->n + (f->all->n > 1 && !is_tun(desc->kind)))
		return -ERANGE;
	if (desc->worker && (!p || p->desc.kind != desc->kind))
		return -ENOENT;
	if (p && p->port[desc->worker])
		return -EEXIST;
	*ret = p ? p : cache_calloc(sizeof(*p));
	return *ret ? 0 : -ENOMEM;
}

static bool is_whole(const struct forwarder *f, const struct fport *p);

/* A control that follows another asks: it cannot open a TUN that is open here. Tunnels are numbered as a control meets
 * them, which may have been in another order. */
static bool is_there(const struct forwarder *f, const struct fwd_port *desc)
{
	for (const struct fport *p = f->all->ports; p; p = p->next)
		if ((p->desc.id == desc->id || desc->kind == FWD_PORT_TUNNEL) && p->desc.kind == desc->kind &&
		    p->desc.ifid == desc->ifid && p->desc.dev_ifindex == desc->dev_ifindex &&
		    p->desc.tunnel_id == desc->tunnel_id && is_whole(f, p))
			return true;
	return false;
}

int ports_add(struct forwarder *f, const struct fwd_port *desc, int fd)
{
	struct fport *p = NULL;
	int err;

	if (fd < 0)
		return is_there(f, desc) ? 0 : -EBADF;
	err = find_or_make(f, desc, &p);
	if (err) {
		close(fd);
		return err;
	}
	err = f->all->env.make_port(f->all->env.ctx, desc, fd, &p->port[desc->worker]);
	if (err) {
		if (!desc->worker)
			free(p);
		return err;
	}
	if (!desc->worker) {
		p->desc = *desc;
		p->since_ms = f->now_ms;
		p->one_socket = !is_tun(desc->kind);
		p->next = f->all->ports;
		f->all->ports = p;
		relink(f, p);
	}
	if (f->all->watch.added && !desc->sends_only && desc->worker < f->all->n)
		f->all->watch.added(f->all->watch.ctx, desc->worker, p->port[desc->worker], p->one_socket);
	return 0;
}

static void fport_free(struct fport *p)
{
	for (size_t k = 0; k <= WORKERS_MAX; k++)
		if (p->port[k])
			p->port[k]->ops->close(p->port[k]);
	free(p);
}

/* Packets that were taken from the kernel and not forwarded yet. Of a socket that several workers read by turns
 * they are in the port that reads; what those of the workers say of it is older. */
static size_t held_by(const struct forwarder *f, const struct fport *p)
{
	const struct port *reads = p->port[f->all->n];
	size_t n = 0;

	if (p->one_socket && f->all->n > 1)
		return reads ? reads->more : 0;
	for (unsigned k = 0; k < f->all->n; k++)
		n += p->port[k] ? p->port[k]->more : 0;
	return n;
}

int ports_del(struct forwarder *f, uint32_t id)
{
	struct fport **at = &f->all->ports, *p;

	while (*at && (*at)->desc.id != id)
		at = &(*at)->next;
	p = *at;
	if (!p)
		return -ENOENT;
	if (p->desc.kind == FWD_PORT_RING)
		fwd_read_dry(f, p); /* which changes nothing about ports */
	*at = p->next;
	relink(f, p);
	/* nothing is known of what changes before there is another one, nor where that leads to */
	for (unsigned k = 0; k < f->all->n && (p->desc.kind == FWD_PORT_NEWS || p->desc.kind == FWD_PORT_LINK); k++)
		f->all->worker[k]->hops_void = UINT64_MAX;
	for (unsigned k = 0; k < f->all->n; k++)
		if (p->port[k] && f->all->watch.removed)
			f->all->watch.removed(f->all->watch.ctx, k, p->port[k]);
	f->drops.n[FWD_DROP_PORT_GONE] += held_by(f, p);
	fport_free(p);
	return 0;
}

static bool is_whole(const struct forwarder *f, const struct fport *p)
{
	unsigned n = f->all->n;
	bool alone = p->desc.kind == FWD_PORT_HOLD;

	for (unsigned k = 0; k < n; k++)
		if (!p->port[k] && !(alone && k))
			return false;
	return alone || n == 1 || !p->one_socket || p->desc.sends_only || p->port[n];
}

void ports_del_halves(struct forwarder *f)
{
	for (struct fport *p = f->all->ports, *next; p; p = next) {
		next = p->next;
		if (!is_whole(f, p))
			(void)ports_del(f, p->desc.id);
	}
}

void ports_free(struct forwarder *f)
{
	while (f->all->ports) {
		struct fport *p = f->all->ports;

		f->all->ports = p->next;
		fport_free(p);
	}
}

/* Once in the life of a port, if at all, whichever worker finds out first; what control did not take is
 * told again. */
static bool tell_slower(struct forwarder *f, struct fport *p, int err)
{
	struct fwd_msg m = { .type = FWD_PORT_SLOWER, .u.port_slower = { p->desc.id, err } };

	if (atomic_exchange_explicit(&p->told_slower, true, memory_order_relaxed) || event_send(f, &m))
		return true;
	atomic_store_explicit(&p->told_slower, false, memory_order_relaxed);
	return false;
}

void port_slower_unheard(struct forwarder *f, const struct fwd_msg *m)
{
	struct fport *p = f->all->ports;

	while (p && p->desc.id != m->u.port_slower.id)
		p = p->next;
	if (!p || !p->port[f->id])
		return;
	p->port[f->id]->fell_back = m->u.port_slower.error;
	atomic_store_explicit(&p->told_slower, false, memory_order_relaxed);
}

static struct fport *ring_of(const struct forwarder *f, uint32_t ifid)
{
	struct fport *p = f->all->by_kind[FWD_PORT_RING] ? f->all->ports : NULL;

	while (p && !(p->desc.kind == FWD_PORT_RING && p->desc.ifid == ifid))
		p = p->next;
	return p;
}

/* Again and again, until control has taken it away: what it is told may be lost. */
static void tell_mixed(struct forwarder *f, struct fport *p)
{
	struct fwd_msg m = { .type = FWD_PORT_SLOWER, .u.port_slower = { p->desc.id, -EXDEV } };

	if (f->now_ms < p->since_ms + RING_SETTLE_MS)
		return;
	p->since_ms = f->now_ms;
	(void)event_send(f, &m);
}

/* Fragments are put together by the kernel and come by the raw socket, whole ESP by the ring; so does what comes by
 * another device than the one that has its address. Of two queues nobody knows what is older, and behind a backlog
 * of one the packets of the other would be too old for the replay window. When a ring has just come, the socket may
 * hold what came before. */
void port_note_esp(struct forwarder *f, struct policy *pol, struct pkt *const *k, size_t n)
{
	struct fport *p;

	if (f->via == FWD_PORT_RING && n && pol->by_ring != k[0]->ifindex)
		pol->by_ring = k[0]->ifindex; /* others read what is beside it: not written without need */
	if (!pol->by_ring || (f->via != FWD_PORT_ESP && f->via != FWD_PORT_ESP6))
		return;
	if (f->all->doubles) /* both ways are open, or were just now */
		return;
	p = ring_of(f, pol->by_ring);
	if (p)
		tell_mixed(f, p);
	else
		pol->by_ring = 0; /* the ring has gone */
}

bool port_send_by(struct forwarder *f, struct fport *port, unsigned worker, struct batch *b)
{
	struct port *own = port ? port->port[worker] : NULL;
	bool by_turns = own && f->beside && port->desc.kind == FWD_PORT_UDP_ENCAP;
	size_t sent;

	for (unsigned turn = 0; by_turns && !lane_try_read(&port->sender); turn++)
		worker_relax(turn);
	sent = own && b->n ? own->ops->send(own, b) : 0;
	if (by_turns)
		lane_done_reading(&port->sender);
	f->drops.n[FWD_DROP_SEND_FAILED] += b->n - sent;
	if (own && own->fell_back && tell_slower(f, port, own->fell_back))
		own->fell_back = 0;
	bool all = sent == b->n;
	batch_put(&f->pool, b);
	return all;
}

bool port_send_own(struct forwarder *f, struct fport *port, struct batch *b)
{
	return port_send_by(f, port, f->id, b);
}

void port_send_link(struct forwarder *f, struct fport *port, struct batch *b)
{
	struct port *own = port->port[f->id];
	size_t sent = own->ops->send(own, b);

	f->drops.n[FWD_DROP_SEND_FAILED] += own->lost;
	for (size_t i = 0; i < sent; i++)
		pkt_put(&f->pool, b->p[i]);
	memmove(b->p, b->p + sent, (b->n - sent) * sizeof(b->p[0]));
	b->n -= sent;
}

void port_send(struct forwarder *f, struct fport *port, struct batch *b)
{
	if (port && f->all->some_hops && (port->desc.kind == FWD_PORT_ESP || port->desc.kind == FWD_PORT_ESP6))
		hops_send(f, port, b);
	else
		(void)port_send_own(f, port, b);
}
