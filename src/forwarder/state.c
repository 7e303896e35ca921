/* SPDX-License-Identifier: Apache-2.0 */
/* Policies, tunnels, ports and tables: what is looked up by id, and how a new
 * table takes the place of the old one without losing counters. */
#include "forwarder/internal.h"

#include <errno.h>
#include <stdlib.h>

static uint64_t id_hash(uint32_t id)
{
	return id * UINT64_C(0x9e3779b97f4a7c15) >> 32; /* ids are control's: no seed */
}

struct policy *policy_get(struct forwarder *f, uint32_t id, bool make)
{
	struct policy *p;

	for (struct hnode *n = htab_first(&f->policies, id_hash(id)); n; n = htab_next(n)) {
		p = hnode_entry(n, struct policy, node);
		if (p->stats.policy_id == id)
			return p;
	}
	if (!make || !(p = calloc(1, sizeof(*p))))
		return NULL;
	p->stats.policy_id = id;
	p->path_mtu = 1500;
	p->wait_last = &p->wait_first;
	if (htab_add(&f->policies, &p->node, id_hash(id))) {
		free(p);
		return NULL;
	}
	return p;
}

struct tunnel *tunnel_get(struct forwarder *f, uint32_t id, bool make)
{
	struct tunnel *t = f->tunnels;

	while (t && t->conf.tunnel_id != id)
		t = t->next;
	if (t || !make || !(t = calloc(1, sizeof(*t))))
		return t;
	t->conf.tunnel_id = t->stats.tunnel_id = id;
	t->next = f->tunnels;
	f->tunnels = t;
	return t;
}

struct tunnel *tunnel_by_port(struct forwarder *f, uint32_t port_id)
{
	for (struct tunnel *t = f->tunnels; t; t = t->next)
		if (t->in_table && t->conf.tun_port == port_id)
			return t;
	return NULL;
}

struct tunnel *tunnel_by_ends(struct forwarder *f, uint32_t local, uint32_t remote, bool has_key,
			      uint32_t key, bool *ret_ends_known)
{
	*ret_ends_known = false;
	for (struct tunnel *t = f->tunnels; t; t = t->next) {
		if (!t->in_table || t->conf.src.family != IP_V4 || t->conf.dst.family != IP_V4 ||
		    ipaddr_to_v4(&t->conf.src) != local || ipaddr_to_v4(&t->conf.dst) != remote)
			continue;
		*ret_ends_known = true;
		if (t->conf.has_key == has_key && (!has_key || t->conf.key == key))
			return t;
	}
	return NULL;
}

struct fport *port_by_kind(struct forwarder *f, enum fwd_port_kind kind, uint32_t ifid)
{
	for (struct fport *p = f->ports; p; p = p->next)
		if (p->desc.kind == kind && (kind != FWD_PORT_STEER || p->desc.ifid == ifid))
			return p;
	return NULL;
}

struct fport *port_by_id(struct forwarder *f, uint32_t id)
{
	for (struct fport *p = f->ports; p; p = p->next)
		if (p->desc.id == id)
			return p;
	return NULL;
}

void port_send(struct forwarder *f, struct fport *port, struct batch *b)
{
	size_t sent = port && b->n ? port->port->ops->send(port->port, b) : 0;

	f->drops.n[FWD_DROP_SEND_FAILED] += b->n - sent;
	batch_put(&f->pool, b);
}

void table_free(struct table *t)
{
	spd_fini(&t->spd);
	free(t->tunnels);
	*t = (struct table){ 0 };
}

/* The old table goes at once: there is one worker and it is here, between two
 * batches. */
int table_commit(struct forwarder *f)
{
	struct table *new = &f->building;

	for (size_t i = 0; i < new->n_tunnels; i++)
		if (!tunnel_get(f, new->tunnels[i].tunnel_id, true))
			return -ENOMEM;
	for (struct hnode *n = htab_walk(&f->policies, NULL); n; n = htab_walk(&f->policies, n))
		hnode_entry(n, struct policy, node)->ifid = 0;
	for (size_t i = 0; i < new->spd.n; i++) {
		struct policy *pol = new->spd.v[i].state;

		pol->ifid = new->spd.v[i].ifid;
		pol->path_mtu = new->spd.v[i].path_mtu;
	}
	for (struct tunnel *t = f->tunnels; t; t = t->next)
		t->in_table = false;
	for (size_t i = 0; i < new->n_tunnels; i++) {
		struct tunnel *t = tunnel_get(f, new->tunnels[i].tunnel_id, false);

		t->conf = new->tunnels[i];
		t->in_table = true;
	}
	new->spd.generation = ++f->generation;
	table_free(&f->table);
	f->table = *new;
	f->building = (struct table){ 0 };
	f->is_building = false;
	return 0;
}

void fwd_state_free(struct forwarder *f)
{
	struct hnode *n = htab_walk(&f->policies, NULL);

	while (n) {
		struct hnode *next = htab_walk(&f->policies, n);

		free(hnode_entry(n, struct policy, node));
		n = next;
	}
	htab_fini(&f->policies);
	while (f->tunnels) {
		struct tunnel *t = f->tunnels;

		f->tunnels = t->next;
		free(t);
	}
	while (f->ports) {
		struct fport *p = f->ports;

		f->ports = p->next;
		p->port->ops->close(p->port);
		free(p);
	}
	table_free(&f->table);
	table_free(&f->building);
}
