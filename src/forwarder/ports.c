/* SPDX-License-Identifier: Apache-2.0 */
/* The ports that control handed over, and who is behind which: kept up to date
 * when ports come and go, so that no packet searches. */
#include "forwarder/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct fport *port_by_id(struct forwarder *f, uint32_t id)
{
	struct fport *p = f->ports;

	while (p && p->desc.id != id)
		p = p->next;
	return p;
}

struct fport *port_by_steered(struct forwarder *f, uint32_t ifid)
{
	struct fport *p = f->ports;

	while (p && !(p->desc.kind == FWD_PORT_STEER && p->desc.ifid == ifid))
		p = p->next;
	return p;
}

static bool is_device_of(const struct forwarder *f, uint8_t kind, uint32_t dev_ifindex)
{
	for (const struct fport *p = f->ports; p; p = p->next)
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
	struct fport *p = f->ports; /* new ones go in front */

	while (p && p->desc.kind != kind)
		p = p->next;
	return p;
}

/* After p came, or p is about to go (gone: it is not in the list any more). */
static void relink(struct forwarder *f, struct fport *p)
{
	f->by_kind[p->desc.kind] = newest(f, p->desc.kind);
	if (p->desc.kind == FWD_PORT_TUNNEL) {
		for (struct tunnel *t = f->tunnels; t; t = t->next) {
			if (!t->in_table || t->conf.tun_port != p->desc.id)
				continue;
			t->port = port_by_id(f, p->desc.id);
			p->tunnel = t;
		}
	}
	if (p->desc.kind == FWD_PORT_STEER) {
		for (struct hnode *n = htab_walk(&f->policies, NULL); n;
		     n = htab_walk(&f->policies, n)) {
			struct policy *pol = hnode_entry(n, struct policy, node);

			if (pol->in_table && pol->ifid == p->desc.ifid)
				pol->steer = port_by_steered(f, pol->ifid);
		}
	}
}

int ports_add(struct forwarder *f, const struct fwd_port *desc, int fd)
{
	struct fport *p;
	int err;

	if (fd < 0)
		return -EBADF;
	if (port_by_id(f, desc->id)) {
		close(fd);
		return -EEXIST;
	}
	p = calloc(1, sizeof(*p));
	if (!p) {
		close(fd);
		return -ENOMEM;
	}
	p->desc = *desc;
	err = f->env.make_port(f->env.ctx, desc, fd, &p->port);
	if (err) {
		free(p);
		return err;
	}
	p->next = f->ports;
	f->ports = p;
	relink(f, p);
	if (f->watch.added)
		f->watch.added(f->watch.ctx, p->port);
	return 0;
}

int ports_del(struct forwarder *f, uint32_t id)
{
	struct fport **at = &f->ports, *p;

	while (*at && (*at)->desc.id != id)
		at = &(*at)->next;
	p = *at;
	if (!p)
		return -ENOENT;
	*at = p->next;
	relink(f, p);
	if (f->watch.removed)
		f->watch.removed(f->watch.ctx, p->port);
	f->drops.n[FWD_DROP_PORT_GONE] += p->port->more;
	p->port->ops->close(p->port);
	free(p);
	return 0;
}

void ports_free(struct forwarder *f)
{
	while (f->ports) {
		struct fport *p = f->ports;

		f->ports = p->next;
		p->port->ops->close(p->port);
		free(p);
	}
}

/* Once in the life of a port, if at all; what control did not take is told again. */
static bool tell_slower(struct forwarder *f, const struct fport *p, int err)
{
	struct fwd_msg m = { .type = FWD_PORT_SLOWER, .u.port_slower = { p->desc.id, err } };

	return event_send(f, &m);
}

void port_send(struct forwarder *f, struct fport *port, struct batch *b)
{
	size_t sent = port && b->n ? port->port->ops->send(port->port, b) : 0;

	f->drops.n[FWD_DROP_SEND_FAILED] += b->n - sent;
	if (port && port->port->fell_back && tell_slower(f, port, port->port->fell_back))
		port->port->fell_back = 0;
	batch_put(&f->pool, b);
}
