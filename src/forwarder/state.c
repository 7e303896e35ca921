/* SPDX-License-Identifier: Apache-2.0 */
/* Policies, tunnels and tables: what is looked up by id, and how a new table takes
 * the place of the old one without losing counters. */
#include "forwarder/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint64_t mix(uint64_t key)
{
	/* ids and configured addresses are control's, not a stranger's: no seed */
	key *= UINT64_C(0x9e3779b97f4a7c15);
	return key ^ key >> 32;
}

/* ---- policies ---- */

struct policy *policy_find(struct forwarder *f, uint32_t id)
{
	for (struct hnode *n = htab_first(&f->all->policies, mix(id)); n; n = htab_next(n)) {
		struct policy *p = hnode_entry(n, struct policy, node);

		if (p->id == id)
			return p;
	}
	return NULL;
}

struct policy *policy_take(struct forwarder *f, uint32_t id)
{
	struct policy *p = policy_find(f, id);

	if (!p) {
		p = cache_calloc(sizeof(*p) + f->all->n * sizeof(p->slot[0]));
		if (!p)
			return NULL;
		p->id = id;
		p->path_mtu = DEFAULT_PATH_MTU;
		p->wait_last = &p->wait_first;
		if (htab_add(&f->all->policies, &p->node, mix(id))) {
			free(p);
			return NULL;
		}
	}
	p->refs++;
	return p;
}

void policy_release(struct forwarder *f, struct policy *pol)
{
	if (--pol->refs)
		return;
	wait_forget(f, pol, UINT64_MAX, FWD_DROP_NO_POLICY);
	htab_del(&f->all->policies, &pol->node);
	free(pol);
}

/* ---- tunnels ---- */

static uint64_t ends_hash(const struct ipaddr *local, const struct ipaddr *remote)
{
	uint64_t l = ip_addr_mix(local);

	return mix((l << 32 | l >> 32) ^ ip_addr_mix(remote));
}

static uint64_t tunnel_hash(const struct fwd_tunnel *c)
{
	return ends_hash(&c->src, &c->dst);
}

static struct tunnel *tunnel_find(struct forwarder *f, uint32_t id)
{
	struct tunnel *t = f->all->tunnels;

	while (t && t->conf.tunnel_id != id)
		t = t->next;
	return t;
}

/* One that no table holds yet. */
static int tunnel_make(struct forwarder *f, const struct fwd_tunnel *conf)
{
	struct tunnel *t = cache_calloc(sizeof(*t) + f->all->n * sizeof(t->slot[0]));

	if (!t)
		return -ENOMEM;
	t->conf = *conf;
	if (htab_add(&f->all->tunnel_ends, &t->by_ends, tunnel_hash(conf))) {
		free(t);
		return -ENOMEM;
	}
	t->next = f->all->tunnels;
	f->all->tunnels = t;
	return 0;
}

static void tunnel_set(struct forwarder *f, struct tunnel *t, const struct fwd_tunnel *conf)
{
	const struct fwd_tunnel old = t->conf;

	/* it is in the table already, so that adding it again cannot fail */
	htab_del(&f->all->tunnel_ends, &t->by_ends);
	t->moved = !ipaddr_equal(&t->conf.src, &conf->src) || !ipaddr_equal(&t->conf.dst, &conf->dst);
	if (!pmtu_is_learned(conf) || t->moved)
		t->learned = (struct learned_path){ 0 };
	t->conf = *conf;
	(void)htab_add(&f->all->tunnel_ends, &t->by_ends, tunnel_hash(conf));
	t->in_table = true;
	keepalive_follow(t, &old);
	t->port = port_by_id(f, conf->tun_port);
	if (t->port && t->port->desc.kind != FWD_PORT_TUNNEL)
		t->port = NULL;
	if (t->port)
		t->port->tunnel = t;
}

static void tunnels_sweep(struct forwarder *f)
{
	struct tunnel **at = &f->all->tunnels;

	while (*at) {
		struct tunnel *t = *at;

		if (t->in_table) {
			at = &t->next;
			continue;
		}
		*at = t->next;
		htab_del(&f->all->tunnel_ends, &t->by_ends);
		free(t);
	}
}

struct tunnel *tunnel_by_ends(struct forwarder *f, const struct ipaddr *local,
			      const struct ipaddr *remote, enum fwd_tunnel_encap encap, bool has_key, uint32_t key,
			      struct tunnel **ret_near)
{
	*ret_near = NULL;
	for (struct hnode *n = htab_first(&f->all->tunnel_ends, ends_hash(local, remote)); n;
	     n = htab_next(n)) {
		struct tunnel *t = hnode_entry(n, struct tunnel, by_ends);

		if (!t->in_table || t->conf.vti || t->conf.encap != encap ||
		    !ip_addr_same(&t->conf.src, local) || !ip_addr_same(&t->conf.dst, remote))
			continue;
		*ret_near = t;
		if (encap != FWD_ENCAP_GRE)
			return t;
		if (t->conf.has_key == has_key && (!has_key || t->conf.key == key))
			return t;
	}
	return NULL;
}

/* ---- tables ---- */

void table_free(struct forwarder *f, struct table *t)
{
	for (size_t i = 0; i < t->spd.n; i++)
		policy_release(f, t->spd.v[i].state);
	spd_fini(&t->spd);
	free(t->tunnels);
	access_free(t);
	*t = (struct table){ 0 };
}

static void commit_policies(struct forwarder *f, const struct table *new)
{
	const struct spd *spd = &new->spd;

	for (struct hnode *n = htab_walk(&f->all->policies, NULL); n; n = htab_walk(&f->all->policies, n)) {
		struct policy *pol = hnode_entry(n, struct policy, node);

		pol->in_table = false;
		pol->ifid = 0;
		pol->family = IP_NONE;
		pol->steer = NULL;
		pol->vti = pol->gre = NULL;
		access_forget(pol);
	}
	for (size_t i = 0; i < spd->n; i++) {
		struct policy *pol = spd->v[i].state;

		pol->in_table = true;
		pol->family = spd->v[i].sel.local.addr.family;
		pol->path_mtu = spd->v[i].path_mtu;
		pol->df_bit = spd->v[i].df_bit;
		pol->frag_after = spd->v[i].frag_after;
		pmtu_apply(pol);
		access_take(pol, new, &spd->v[i]);
		pol->sel = spd->v[i].sel;
		if (pol->ifid != spd->v[i].ifid || !pol->steer) {
			pol->ifid = spd->v[i].ifid;
			pol->steer = port_by_steered(f, pol->ifid);
		}
	}
	/* nothing will come for what still waits for a policy that is no more */
	for (struct hnode *n = htab_walk(&f->all->policies, NULL); n; n = htab_walk(&f->all->policies, n)) {
		struct policy *pol = hnode_entry(n, struct policy, node);

		if (!pol->in_table)
			wait_forget(f, pol, UINT64_MAX, FWD_DROP_NO_POLICY);
	}
}

static void commit_tunnels(struct forwarder *f, const struct table *new)
{
	for (struct fport *p = f->all->ports; p; p = p->next)
		p->tunnel = NULL;
	for (struct tunnel *t = f->all->tunnels; t; t = t->next)
		t->in_table = false;
	for (size_t i = 0; i < new->n_tunnels; i++)
		tunnel_set(f, tunnel_find(f, new->tunnels[i].tunnel_id), &new->tunnels[i]);
	tunnels_sweep(f);
	protect_bind(f);
}

/* All or nothing. The old table goes at once: the gate is closed, every worker is between two
 * batches, and what it has put aside is looked up anew (later.c). */
int table_commit(struct forwarder *f)
{
	struct table *new = &f->all->building, old = f->all->table;

	for (size_t i = 0; i < new->n_tunnels; i++)
		if (!tunnel_find(f, new->tunnels[i].tunnel_id) &&
		    tunnel_make(f, &new->tunnels[i]))
			return -ENOMEM; /* those made so far are in no table: the next sweep */
	new->spd.generation = ++f->all->generation;
	spd_finish(&new->spd);
	access_carry(&old, new);
	commit_policies(f, new);
	commit_tunnels(f, new);
	f->all->table = *new;
	f->all->building = (struct table){ 0 };
	f->all->is_building = false;
	table_free(f, &old);
	return 0;
}

void fwd_state_free(struct forwarder *f)
{
	struct hnode *n;

	table_free(f, &f->all->table);
	table_free(f, &f->all->building);
	n = htab_walk(&f->all->policies, NULL);
	while (n) { /* those that SAs still name */
		struct hnode *next = htab_walk(&f->all->policies, n);

		free(hnode_entry(n, struct policy, node));
		n = next;
	}
	htab_fini(&f->all->policies);
	while (f->all->tunnels) {
		struct tunnel *t = f->all->tunnels;

		f->all->tunnels = t->next;
		free(t);
	}
	htab_fini(&f->all->tunnel_ends);
}
