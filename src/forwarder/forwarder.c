/* SPDX-License-Identifier: Apache-2.0 */
#include "forwarder/internal.h"

#include <stdlib.h>

#include "base/secret.h"

#define SCAN_EVERY_MS 250
#define DRY_TURNS     256 /* batches: more than a socket or a ring holds */

static void worker_free(struct forwarder *f)
{
	if (!f)
		return;
	later_free(f->later);
	crypto_runner_free(f->esp.crypto);
	crypto_drbg_free(f->ivs);
	pool_fini(&f->pool);
	secret_free(f, sizeof(*f));
}

static void all_free(struct shared *all)
{
	ports_free(all->worker[0]);
	doubles_free(all->worker[0]);
	fwd_state_free(all->worker[0]);
	sad_fini(&all->sad);
	for (unsigned k = 0; k < all->n; k++)
		worker_free(all->worker[k]);
	free(all);
}

static struct forwarder *worker_new(struct shared *all, unsigned id)
{
	const struct forwarder_env *env = &all->env;
	struct forwarder *f = cache_calloc(sizeof(*f));

	if (!f)
		return NULL;
	f->all = all;
	f->id = id;
	f->ivs = crypto_drbg_new(env->random, env->ctx);
	f->esp.random = crypto_drbg_fill;
	f->esp.ctx = f->ivs;
	f->esp.several = all->n > 1;
	f->esp.crypto = crypto_runner_new(CRYPTO_AUTO);
	env->random(env->ctx, &f->frag_id, sizeof(f->frag_id));
	/* in steps of n, each has its own */
	f->frag_id = f->frag_id / all->n * all->n + id;
	if (all->n > 1)
		f->later = later_new();
	if (!f->ivs || !f->esp.crypto || (all->n > 1 && !f->later) || pool_init(&f->pool, POOL_PACKETS)) {
		worker_free(f);
		return NULL;
	}
	if (all->n > 1)
		crypto_runner_share(f->esp.crypto, id, all->n);
	f->now_ms = env->now_ms(env->ctx);
	return f;
}

/* Keys are expanded for what the first has: no other may do without it, or have more. */
static bool runs_otherwise(const struct shared *all, unsigned k)
{
	return strcmp(crypto_runner_name(all->worker[0]->esp.crypto), crypto_runner_name(all->worker[k]->esp.crypto)) != 0;
}

struct forwarder *forwarder_new_workers(const struct forwarder_env *env, unsigned n)
{
	struct shared *all = n && n <= WORKERS_MAX ? cache_calloc(sizeof(*all)) : NULL;
	uint64_t seed[2];

	if (!all)
		return NULL;
	all->env = *env;
	all->n = n;
	gate_init(&all->gate, n);
	queues_init(&all->queues, n);
	env->random(env->ctx, seed, sizeof(seed));
	sad_init(&all->sad, seed);
	for (unsigned k = 0; k < n; k++) {
		all->worker[k] = worker_new(all, k);
		if (!all->worker[k] || runs_otherwise(all, k)) {
			all_free(all);
			return NULL;
		}
	}
	return all->worker[0];
}

struct forwarder *forwarder_new(const struct forwarder_env *env)
{
	return forwarder_new_workers(env, 1);
}

struct forwarder *forwarder_worker(struct forwarder *f, unsigned k)
{
	return f->all->worker[k];
}

void forwarder_free(struct forwarder *f)
{
	if (f)
		all_free(f->all);
}

void forwarder_watch(struct forwarder *f, const struct forwarder_watch *w)
{
	f->all->watch = *w;
}

void forwarder_readers(struct forwarder *f, unsigned n)
{
	queues_set_readers(&f->all->queues, n);
}

void forwarder_not_pinned(struct forwarder *f, int err)
{
	f->all->pin_error = err;
}

bool forwarder_stopping(const struct forwarder *f)
{
	return __atomic_load_n(&f->all->stopping, __ATOMIC_RELAXED);
}

/* ---- who has what for himself ---- */

void forwarder_close(struct forwarder *f)
{
	if (f->all->n == 1)
		return;
	gate_close(&f->all->gate, f->id);
	/* somebody else may have been here: nothing that he has dated is younger than now */
	f->now_ms = f->all->env.now_ms(f->all->env.ctx);
}

/* What waited for an SA has left by another worker than it came by, it may be: each gets as
 * many buffers as it had. */
static void level_pools(struct shared *all)
{
	for (unsigned k = 0, to = 0; k < all->n; k++) {
		struct pool *from = &all->worker[k]->pool;

		while (from->n_free > from->n) {
			struct pkt *p = from->free_list;

			while (to < all->n && all->worker[to]->pool.n_free >= all->worker[to]->pool.n)
				to++;
			if (to == all->n)
				return;
			from->free_list = p->next;
			from->n_free--;
			pkt_put(&all->worker[to]->pool, p);
		}
	}
}

void forwarder_open(struct forwarder *f)
{
	if (f->all->n == 1)
		return;
	level_pools(f->all);
	gate_open(&f->all->gate);
}

void forwarder_enter(struct forwarder *f)
{
	if (f->all->n > 1)
		gate_enter(&f->all->gate, f->id);
}

void forwarder_leave(struct forwarder *f)
{
	if (f->all->n > 1)
		gate_leave(&f->all->gate, f->id);
}

/* ---- a batch ---- */

static struct fport *fport_of(const struct forwarder *f, const struct port *port)
{
	struct fport *p = f->all->ports;

	while (p && p->port[f->id] != port)
		p = p->next;
	return p;
}

/* Where the order of all that is sent or taken counts (RFC 2890), and what is rare. */
static bool goes_alone(const struct forwarder *f, const struct fport *p)
{
	switch ((enum fwd_port_kind)p->desc.kind) {
	case FWD_PORT_TUNNEL:
		return p->tunnel && p->tunnel->conf.sequence;
	case FWD_PORT_ESP:
	case FWD_PORT_ESP6:
	case FWD_PORT_RING:
		return f->all->doubles && doubles_alone(f, p);
	case FWD_PORT_STEER:
	case FWD_PORT_LINK:
	case FWD_PORT_AH:
	case FWD_PORT_AH6:
	case FWD_PORT_UDP_ENCAP:
	case FWD_PORT_UDP6_ENCAP:
		return false;
	default:
		return true;
	}
}

static void dispatch(struct forwarder *f, struct fport *p, struct batch *b)
{
	f->via = p->desc.kind;
	switch ((enum fwd_port_kind)p->desc.kind) {
	case FWD_PORT_TUNNEL:
		if (p->tunnel && p->tunnel->conf.vti) {
			vti_out(f, p->tunnel, b);
		} else if (p->tunnel) {
			out_from_tunnel(f, p->tunnel, b);
		} else {
			f->drops.n[FWD_DROP_NO_TUNNEL] += b->n;
			batch_put(&f->pool, b);
		}
		break;
	case FWD_PORT_STEER:
		out_from_steering(f, p->desc.ifid, b);
		break;
	case FWD_PORT_ESP:
	case FWD_PORT_ESP6:
	case FWD_PORT_RING:
		in_from_esp(f, b);
		break;
	case FWD_PORT_AH:
	case FWD_PORT_AH6:
		in_from_ah(f, b);
		break;
	case FWD_PORT_GRE:
	case FWD_PORT_IPIP:
	case FWD_PORT_IPV6IP:
	case FWD_PORT_GRE6:
	case FWD_PORT_IP4IN6:
	case FWD_PORT_IP6IN6:
		in_from_gre(f, b);
		break;
	case FWD_PORT_UDP_ENCAP:
	case FWD_PORT_UDP6_ENCAP:
		in_from_udp(f, b);
		break;
	case FWD_PORT_ICMP:
	case FWD_PORT_ICMP6:
		in_from_icmp(f, b);
		break;
	default:
		batch_put(&f->pool, b);
		break;
	}
}

static size_t receive(struct forwarder *f, struct fport *p, struct batch *b)
{
	struct port *port = p->port[p->one_socket && f->all->n > 1 ? f->all->n : f->id];

	f->now_ms = f->all->env.now_ms(f->all->env.ctx);
	b->n = 0;
	if (!port) /* it has not come yet */
		return 0;
	size_t n = port->ops->recv(port, &f->pool, b);

	f->drops.n[FWD_DROP_OVERFLOW] += port->overflows;
	port->overflows = 0;
	p->port[f->id]->more = port->more;
	for (size_t i = 0; f->all->n > 1 && !p->one_socket && i < n; i++)
		queues_learn(&f->all->queues, f->id, b->p[i], f->now_ms);
	return n;
}

/* Nobody else is at work. */
static size_t poll_one(struct forwarder *f, struct fport *p)
{
	struct batch b;
	size_t n = receive(f, p, &b);

	if (n)
		dispatch(f, p, &b);
	return n;
}

static size_t poll_alone(struct forwarder *f, struct fport *p)
{
	for (struct fport *q = f->all->doubles ? f->all->ports : NULL; q; q = q->next)
		if (doubles_before(f, q, p)) /* and nothing before q */
			fwd_read_dry(f, q);
	return poll_one(f, p);
}

void fwd_read_dry(struct forwarder *f, struct fport *p)
{
	for (unsigned i = 0; i < DRY_TURNS && poll_alone(f, p); i++)
		;
}

/* Inside the gate. What comes by a socket gets its place in the order of the lane. */
static size_t poll_beside(struct forwarder *f, struct fport *p)
{
	struct batch b;
	size_t n;

	if (!p->one_socket) {
		n = receive(f, p, &b);
	} else {
		if (!lane_try_read(&p->reader)) {
			f->waits++;
			return 0;
		}
		n = receive(f, p, &b);
		f->has_ticket = n > 0;
		if (n)
			f->ticket = lane_draw(&f->all->lane);
		lane_done_reading(&p->reader);
	}
	if (n)
		dispatch(f, p, &b);
	/* nothing of the burst has got as far as the lane */
	if (f->has_ticket) {
		fwd_wait_for_turn(f);
		fwd_pass_turn(f);
	}
	return n;
}

bool forwarder_has_waited(struct forwarder *f)
{
	bool waited = f->waits != 0;

	f->waits = 0;
	return waited;
}

bool forwarder_has_lost(struct forwarder *f)
{
	uint64_t lost = f->drops.n[FWD_DROP_OVERFLOW];
	bool more = lost != f->lost_before;

	f->lost_before = lost;
	return more;
}

void fwd_wait_for_turn(struct forwarder *f)
{
	if (f->has_ticket && !lane_is_at(&f->all->lane, f->ticket))
		f->waits++;
	if (f->has_ticket)
		lane_wait(&f->all->lane, f->ticket);
}

void fwd_pass_turn(struct forwarder *f)
{
	if (f->has_ticket)
		lane_pass(&f->all->lane, f->ticket);
	f->has_ticket = false;
}

static void set_beside(struct forwarder *f, bool beside)
{
	f->beside = f->esp.beside = beside;
}

size_t forwarder_poll_port(struct forwarder *f, struct port *port)
{
	struct fport *p;
	size_t n = 0;

	if (f->all->n == 1) {
		p = fport_of(f, port);
		return p ? poll_alone(f, p) : 0;
	}
	gate_enter(&f->all->gate, f->id);
	p = fport_of(f, port);
	bool alone = p && goes_alone(f, p);
	if (p && !alone) {
		set_beside(f, true);
		n = poll_beside(f, p);
		set_beside(f, false);
	}
	gate_leave(&f->all->gate, f->id);
	if (!alone && later_is_empty(f->later))
		return n;
	forwarder_close(f);
	later_do(f);
	p = alone ? fport_of(f, port) : NULL; /* it may have gone */
	if (p)
		n = poll_alone(f, p);
	forwarder_open(f);
	return n;
}

static void tick(struct forwarder *f)
{
	f->all->next_scan_ms = f->now_ms + SCAN_EVERY_MS;
	for (struct hnode *n = htab_walk(&f->all->sad.by_id, NULL); n; n = htab_walk(&f->all->sad.by_id, n)) {
		struct sa *sa = hnode_entry(n, struct sa, by_id);

		if (sa_check_life(sa, f->now_ms))
			event_expire(f, sa);
	}
	keepalive_tick(f);
	pmtu_age(f);
	doubles_tick(f);
	if (!f->all->n_waiting || f->now_ms < WAIT_MS)
		return;
	for (struct hnode *n = htab_walk(&f->all->policies, NULL); n; n = htab_walk(&f->all->policies, n))
		wait_forget(f, hnode_entry(n, struct policy, node), f->now_ms - WAIT_MS,
			    FWD_DROP_NO_SA);
}

void forwarder_tick(struct forwarder *f)
{
	f->now_ms = f->all->env.now_ms(f->all->env.ctx);
	if (f->now_ms < f->all->next_scan_ms)
		return;
	forwarder_close(f);
	tick(f);
	forwarder_open(f);
}
