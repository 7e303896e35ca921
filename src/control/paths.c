/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel's routes say of the paths to the peers (`ip route ... mtu`, the devices' own): asked once
 * for each peer, and anew when a route or a device has changed. The kernel tells nobody of a path MTU
 * that it has learned itself: with each paths_tick() some of the peers are asked again, in turns. */
#include "control/paths.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "control/internal.h"

#define ASKED_A_TURN 64

struct path {
	struct hnode node;
	struct ipaddr peer;
	uint32_t mtu; /* bytes; 0: nothing is known */
	bool known, wanted;
};

struct paths {
	struct htab by_peer;
	struct path **v; /* all of them, in the order in which they came */
	size_t n, cap, at; /* at: whose turn it is */
};

static uint64_t hash_of(const struct ipaddr *peer)
{
	static const uint64_t seed[2] = { 0 }; /* configured, not chosen by strangers */

	return hash_bytes(seed, peer, sizeof(*peer));
}

/* What leaves for dst may be as long as that: the `mtu` of its route, or of the device, which
 * need not be the one that the crypto map is on. */
static uint32_t ask(const struct control *c, const struct ipaddr *dst)
{
	uint32_t ifindex = 0, mtu = dst->family ? nl_path_mtu(c->nl, dst, &ifindex) : 0;
	const struct nl_link *l = plumb_link(c, ifindex);

	if (l && (!mtu || l->mtu < mtu))
		mtu = l->mtu;
	return mtu > UINT16_MAX ? UINT16_MAX : mtu;
}

static struct path *find(const struct paths *p, const struct ipaddr *peer)
{
	struct hnode *n = htab_first(&p->by_peer, hash_of(peer));

	for (; n; n = htab_next(n)) {
		struct path *x = hnode_entry(n, struct path, node);

		if (ipaddr_equal(&x->peer, peer))
			return x;
	}
	return NULL;
}

static struct path *add(struct paths *p, const struct ipaddr *peer)
{
	struct path *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	x->peer = *peer;
	if (p->n == p->cap) {
		size_t cap = p->cap ? p->cap * 2 : 64;
		struct path **v = reallocarray(p->v, cap, sizeof(struct path *));

		if (!v) {
			free(x);
			return NULL;
		}
		p->v = v;
		p->cap = cap;
	}
	if (htab_add(&p->by_peer, &x->node, hash_of(peer))) {
		free(x);
		return NULL;
	}
	p->v[p->n++] = x;
	return x;
}

/* Bytes; 0 if nothing is known. Without memory each is asked for by itself. */
static uint32_t path_to(struct control *c, const struct ipaddr *dst)
{
	struct path *x = find(c->path_mtus, dst);

	if (!x)
		x = add(c->path_mtus, dst);
	if (!x)
		return ask(c, dst);
	if (!x->known)
		x->mtu = ask(c, dst);
	x->known = x->wanted = true;
	return x->mtu;
}

static void narrow(struct fwd_policy *p, uint32_t mtu)
{
	if (mtu >= 68 && mtu < p->path_mtu)
		p->path_mtu = mtu;
}

/* Those of peers that are no longer configured go. */
static void prune(struct paths *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++) {
		if (p->v[i]->wanted) {
			p->v[n++] = p->v[i];
			continue;
		}
		htab_del(&p->by_peer, &p->v[i]->node);
		free(p->v[i]);
	}
	p->n = n;
}

void paths_into(struct control *c, struct compiled *out)
{
	if (!c->path_mtus)
		c->path_mtus = calloc(1, sizeof(*c->path_mtus));
	if (!c->path_mtus)
		return; /* the devices' own, then */
	for (size_t i = 0; i < c->path_mtus->n; i++)
		c->path_mtus->v[i]->wanted = false;
	for (size_t i = 0, k = 0; i < out->n_policies; i++) {
		if (k == out->n_shown || out->shown[k].id != out->policies[i].id)
			continue; /* a deny line */
		for (size_t j = 0; j < out->shown[k].n_peers; j++)
			narrow(&out->policies[i], path_to(c, &out->shown[k].peers[j]));
		k++;
	}
	for (size_t i = 0; i < out->n_tunnels; i++) {
		struct fwd_tunnel *t = &out->tunnels[i];
		uint32_t mtu = path_to(c, &t->dst);

		if (mtu >= 68 && (!t->path_mtu || mtu < t->path_mtu))
			t->path_mtu = (uint16_t)mtu;
	}
	prune(c->path_mtus);
}

void paths_forget(struct control *c)
{
	for (size_t i = 0; c->path_mtus && i < c->path_mtus->n; i++)
		c->path_mtus->v[i]->known = false;
}

void paths_tick(struct control *c)
{
	struct paths *p = c->path_mtus;
	bool changed = false;

	for (size_t i = 0; p && i < p->n && i < ASKED_A_TURN; i++) {
		struct path *x = p->v[p->at++ % p->n];
		uint32_t mtu = ask(c, &x->peer);

		changed |= x->known && mtu != x->mtu;
		x->mtu = mtu;
	}
	if (changed)
		apply_again(c);
}

void paths_free(struct control *c)
{
	struct paths *p = c->path_mtus;

	for (size_t i = 0; p && i < p->n; i++)
		free(p->v[i]);
	if (p) {
		htab_fini(&p->by_peer);
		free(p->v);
	}
	free(p);
	c->path_mtus = NULL;
}
