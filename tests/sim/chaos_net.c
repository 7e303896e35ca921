/* SPDX-License-Identifier: Apache-2.0 */
/* The network: a heap of datagrams by time of arrival. Each may be lost, doubled,
 * damaged, late (and so out of order), and translated by a NAT at either end. */
#include "chaos.h"

static bool before(const struct wire *a, const struct wire *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

void net_push(struct wire *d)
{
	size_t i = w.n_wire;

	d->order = w.order++;
	if (w.n_wire == w.wire_cap) {
		w.wire_cap = w.wire_cap ? 2 * w.wire_cap : 256;
		w.wire = reallocarray(w.wire, w.wire_cap, sizeof(*w.wire));
		if (!w.wire)
			abort();
	}
	for (w.n_wire++; i && before(d, w.wire[(i - 1) / 2]); i = (i - 1) / 2)
		w.wire[i] = w.wire[(i - 1) / 2];
	w.wire[i] = d;
}

uint64_t net_next(void)
{
	return w.n_wire ? w.wire[0]->at_ms : NEVER;
}

struct wire *net_pop(void)
{
	struct wire *top, *d;
	size_t i = 0, kid;

	if (!w.n_wire)
		return NULL;
	top = w.wire[0];
	d = w.wire[--w.n_wire];
	while ((kid = 2 * i + 1) < w.n_wire) {
		if (kid + 1 < w.n_wire && before(w.wire[kid + 1], w.wire[kid]))
			kid++;
		if (!before(w.wire[kid], d))
			break;
		w.wire[i] = w.wire[kid];
		i = kid;
	}
	w.wire[i] = d;
	return top;
}

void net_clear(void)
{
	while (w.n_wire)
		free(w.wire[--w.n_wire]);
	free(w.wire);
	w.wire = NULL;
	w.wire_cap = 0;
}

/* ---- addresses ---- */

static uint16_t out_port(const struct node *n, uint16_t port)
{
	return n->nat == NAT_NONE ? port : port == 500 ? n->nat_500 : n->nat_4500;
}

/* Who gets it and as what he sees it; false if it goes nowhere. */
static bool route(const struct node *from, const struct ike_path *sent, struct node **ret_to,
		  struct ike_path *ret)
{
	for (unsigned i = 0; i < w.n_nodes; i++) {
		struct node *to = &w.node[i];
		uint16_t port = sent->remote_port;

		if (to == from || !ipaddr_equal(&to->shown, &sent->remote))
			continue;
		if (to->nat != NAT_NONE) {
			if (port != to->nat_500 && port != to->nat_4500)
				return false;
			port = port == to->nat_500 ? 500 : 4500;
		}
		*ret = (struct ike_path){ to->addr, from->shown, port, out_port(from, sent->local_port) };
		*ret_to = to;
		return port == 500 || port == 4500;
	}
	return false;
}

struct link *net_between(unsigned a, unsigned b)
{
	for (unsigned i = 0; i < w.n_links; i++)
		if ((w.link[i].end[0] == a && w.link[i].end[1] == b) ||
		    (w.link[i].end[0] == b && w.link[i].end[1] == a))
			return &w.link[i];
	return NULL;
}

bool net_cut(const struct link *l, unsigned to)
{
	return l->cut_until_ms > w.now_ms && l->deaf[l->end[1] == to];
}

/* ---- sending ---- */

static void damage(struct wire *d)
{
	switch (below(4)) {
	case 0:
		d->len = below((uint32_t)d->len + 1);
		break;
	case 1: /* its tail goes wrong */
		for (size_t i = below((uint32_t)d->len); i < d->len; i++)
			d->b[i] = (uint8_t)rnd();
		break;
	default:
		for (unsigned n = 1 + below(4); n; n--)
			d->b[below((uint32_t)d->len)] ^= (uint8_t)(1u << below(8));
		break;
	}
}

/* A fair network loses under 30 %, but not all of an exchange: at most three of its
 * datagrams in a row in one direction. */
static bool loses(const struct node *from, struct span d)
{
	const uint64_t seed[2] = { node_no(from), 1 };
	uint64_t h = hash_bytes(seed, d.p, 8) ^ hash_bytes(seed, d.p + 20, 4);
	struct run *r = &w.run[h % N_RUNS];
	bool lost = chance(w.drop);

	if (!w.strict)
		return lost;
	if (r->exchange != h)
		*r = (struct run){ .exchange = h };
	lost = lost && r->lost < 3;
	r->lost = lost ? r->lost + 1 : 0;
	return lost;
}

static void put(struct node *to, const struct ike_path *path, struct span data, bool bad)
{
	struct wire *d = calloc(1, sizeof(*d) + data.len);

	if (!d)
		abort();
	d->to = node_no(to);
	d->path = *path;
	d->len = data.len;
	memcpy(d->b, data.p, data.len);
	d->at_ms = w.now_ms + w.delay_ms + below(w.jitter_ms + 1);
	if (bad && d->len)
		damage(d);
	net_push(d);
}

/* In clear: the third and fourth message of main mode, first of all a KE payload, and those of
 * aggressive mode. */
static bool tells_addresses(struct span d)
{
	return d.len > 19 && !(d.p[19] & 1) && (d.p[18] == 4 || (d.p[18] == 2 && d.p[16] == 4));
}

void net_send(struct node *n, const struct ike_action *a)
{
	static const char *const names[256] = { [2] = "main", [4] = "aggressive", [5] = "info", [32] = "quick" };
	const char *name = names[a->data.p[18]] ? names[a->data.p[18]] : "?";
	struct ike_path path;
	struct node *to;
	struct link *l;

	w.datagrams++;
	if (!route(n, &a->path, &to, &path)) {
		tell("%u sends %s into the void", node_no(n), name);
		return;
	}
	l = net_between(node_no(n), node_no(to));
	bool lost = loses(n, a->data) || (l && net_cut(l, node_no(to)));
	bool bad = !lost && chance(w.corrupt), twice = !lost && chance(w.dup);

	/* Nothing authenticates NAT-D (RFC 3947 section 3.2): a damaged one looks like a NAT, and without
	 * UDP's checksum it would keep AH away as long as the ISAKMP SA lives. */
	if (bad && w.needs_ah && tells_addresses(a->data))
		lost = true;
	tell("%u -> %u %s %02x%02x/%02x%02x%02x%02x %zu%s%s%s", node_no(n), node_no(to), name,
	     a->data.p[0], a->data.p[1], a->data.p[20], a->data.p[21], a->data.p[22], a->data.p[23],
	     a->data.len, lost ? " lost" : "", bad ? " damaged" : "", twice ? " twice" : "");
	w.dropped += lost;
	if (lost)
		return;
	put(to, &path, a->data, bad);
	if (twice)
		put(to, &path, a->data, bad && chance(50));
}

void net_deliver(struct wire *d)
{
	struct node *n = &w.node[d->to];

	if (n->dead)
		return;
	uint8_t *exact = malloc(d->len ? d->len : 1);

	if (!exact)
		abort();
	memcpy(exact, d->b, d->len);
	ike_datagram(n->ike, node_now(n), &d->path, span_of(exact, d->len));
	free(exact);
	node_drain(n);
}

/* Bytes from nobody: noise, or something that looks like a message of a peer. */
void net_garbage(void)
{
	const struct link *l = &w.link[below(w.n_links)];
	unsigned e = below(2);
	struct node *to = &w.node[l->end[e]];
	const struct node *from = &w.node[l->end[!e]];
	struct ike_path path = { to->addr, from->shown, 500, out_port(from, 500) };
	uint8_t b[200];

	for (size_t i = 0; i < sizeof(b); i++)
		b[i] = (uint8_t)rnd();
	b[17] = 0x10;
	b[18] = chance(50) ? 2 : chance(50) ? 32 : 5;
	b[24] = b[25] = b[26] = 0;
	b[27] = sizeof(b);
	put(to, &path, span_of(b, sizeof(b)), false);
}
