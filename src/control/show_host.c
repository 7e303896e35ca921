/* SPDX-License-Identifier: Apache-2.0 */
#include "control/show_host.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/flash.h"
#include "control/internal.h"
#include "control/proc_load.h"
#include "control/show_parts.h"
#include "host/os.h"
#include "host/procs.h"

/* Of one answer: more neighbours than an Ethernet has is an attack, or a mistake. */
#define NEIGHS_MAX 65536

void show_host_sample(struct control *c)
{
	struct host_thread v[SHOW_PROCS_MAX];
	struct host_ticks ticks;

	if (!c->load)
		c->load = proc_load_new();
	if (!c->load)
		return;
	size_t n = host_threads(v, SHOW_PROCS_MAX);
	proc_load_sample(c->load, host_now_ms(NULL), v, n, host_ticks(&ticks) ? &ticks : NULL);
}

void show_host_take(struct control *c, const struct session *s, struct show_in *in)
{
	(void)host_memory(&in->memory_kb, &in->memory_used_kb);
	(void)host_entropy(&in->entropy_bits, &in->entropy_pool_bits);
	in->packets_by = c->packets_by;
	in->keys_by = OpenSSL_version(OPENSSL_VERSION);
	in->load = proc_load_show(c->load);
	in->has_disk = flash_space(c, &in->disk_bytes, &in->disk_free_bytes) == 0;
	session_terminal(s, &in->terminal);
}

/* ---- neighbours ---- */

struct neighs {
	const struct show_in *in;
	struct show_neigh *v;
	size_t n, cap;
	bool bad;
};

static void add(struct neighs *l, const struct show_neigh *one)
{
	if (l->n == NEIGHS_MAX)
		return;
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 16;
		struct show_neigh *v = reallocarray(l->v, cap, sizeof(*v));

		if (!v) {
			l->bad = true;
			return;
		}
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = *one;
}

static void own(struct neighs *l, const struct if_snapshot *i, const struct ipaddr *addr)
{
	struct show_neigh n = { .addr = *addr, .has_mac = true, .fixed = true };

	memcpy(n.ifname, i->name, sizeof(n.ifname));
	memcpy(n.mac, i->mac, sizeof(n.mac));
	add(l, &n);
}

static void on_neigh(void *ctx, const struct nl_neigh *k)
{
	struct neighs *l = ctx;
	struct show_neigh n = { .addr = k->addr, .has_mac = k->has_mac, .fixed = k->permanent,
				.age_sec = k->has_mac ? k->age_sec : 0 };

	for (size_t i = 0; i < l->in->n_ifs; i++) {
		const struct if_snapshot *f = &l->in->ifs[i];

		if (f->ifindex != k->ifindex || !f->has_mac)
			continue;
		memcpy(n.ifname, f->name, sizeof(n.ifname));
		memcpy(n.mac, k->mac, sizeof(n.mac));
		add(l, &n);
		return;
	}
}

static int by_address(const void *a, const void *b)
{
	const struct show_neigh *x = a, *y = b;

	return ipaddr_cmp(&x->addr, &y->addr);
}

bool show_host_neighs(struct control *c, struct show_in *in, struct show_neigh **ret_v)
{
	struct neighs l = { .in = in };

	for (size_t i = 0; i < in->n_ifs; i++) {
		const struct if_snapshot *f = &in->ifs[i];
		const struct cfg_interface *ci = show_if_config(in, f);

		if (!f->has_mac || f->addr.family != IP_V4 || f->unnumbered)
			continue;
		own(&l, f, &f->addr);
		for (size_t k = 0; k < ci->n_secondary; k++)
			own(&l, f, &ci->secondary[k].addr);
	}
	(void)nl_neighs(c->nl, on_neigh, &l);
	if (l.n)
		qsort(l.v, l.n, sizeof(*l.v), by_address);
	*ret_v = l.v;
	in->neighs = l.v;
	in->n_neighs = l.n;
	return !l.bad;
}
