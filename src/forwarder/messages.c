/* SPDX-License-Identifier: Apache-2.0 */
/* What control asks for. Each request is answered by RESULT, last. */
#include "forwarder/internal.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "base/wr.h"
#include "ipsec/numbers.h"
#include "model/policy.h"

/* What the cache of flows says of SAs counts no more. */
static void sas_changed(struct forwarder *f)
{
	if (++f->all->sa_generation == 0) /* numbers begin again: none may be mistaken for an old one */
		for (unsigned k = 0; k < f->all->n; k++)
			memset(&f->all->worker[k]->cache, 0, sizeof(f->cache));
}

static int sa_install(struct forwarder *f, const struct sa_spec *spec)
{
	struct policy *pol = policy_take(f, spec->policy_id);
	struct sa *sa = NULL;
	int err;

	if (!pol)
		return -ENOMEM;
	err = sa_new(f->esp.crypto, spec, f->now_ms, &sa);
	if (!err && f->all->n > 1)
		err = sa_share(sa, f->all->n);
	if (!err)
		err = sad_add(&f->all->sad, sa);
	if (err) {
		sa_free(sa);
		policy_release(f, pol);
		return err;
	}
	sa->owner = pol;
	if (spec->dir == SA_OUT) {
		sa->next = pol->out;
		pol->out = sa;
		sas_changed(f);
		pol->acquired_ms = 0;
		pmtu_apply(pol);
		out_release(f, pol);
	}
	return 0;
}

static int sa_remove(struct forwarder *f, uint32_t id)
{
	struct sa *sa = sad_by_id(&f->all->sad, id);
	struct policy *pol;

	if (!sa)
		return -ENOENT;
	pol = sa->owner;
	for (struct sa **at = &pol->out; *at; at = &(*at)->next) {
		if (*at == sa) {
			*at = sa->next;
			break;
		}
	}
	sas_changed(f);
	/* its successors would know; there are none, and whoever comes next may ask anew */
	if (!pol->out)
		pol->learned = (struct learned_path){ 0 };
	sad_del(&f->all->sad, sa);
	policy_release(f, pol);
	return 0;
}

/* Typed keys have no lifetime, but 64-bit blocks have an end all the same. */
static uint64_t left_bytes(const struct sa *sa)
{
	const struct sa_life *l = &sa->spec.life;

	if (sa->spec.manual && sa->text_limit)
		return sa->dead || sa->text >= sa->text_limit ? 0 : sa->text_limit - sa->text;
	return l->hard_bytes > sa->bytes ? l->hard_bytes - sa->bytes : 0;
}

static void fill_sa_stats(const struct forwarder *f, const struct sa *sa, struct fwd_sa_stats *s)
{
	const struct sa_life *l = &sa->spec.life;
	uint64_t age_sec = (f->now_ms - sa->born_ms) / 1000;

	*s = (struct fwd_sa_stats){
		.sa_id = sa->spec.id, .policy_id = sa->spec.policy_id, .pair_id = sa->spec.pair_id,
		.dir = sa->spec.dir, .spi = sa->spec.spi, .packets = sa->packets,
		.bytes = sa->bytes, .auth_failed = sa->auth_failed, .replayed = sa->replayed,
		.bad_identity = sa->bad_identity, .malformed = sa->malformed,
		.send_errors = sa->send_errors,
		.seq = sa_last_seq(sa),
		.left_sec = l->hard_sec > age_sec ? (uint32_t)(l->hard_sec - age_sec) : 0,
		.left_bytes = left_bytes(sa),
		.idle_ms = sa->last_ms ? (uint32_t)(f->now_ms - sa->last_ms) : UINT32_MAX,
		.path_mtu = sa->path_mtu, .plain_mtu = sa->plain_mtu,
	};
}

/* An SA as another control may take it over: lifetimes are what is left. */
static void fill_sa_info(const struct forwarder *f, const struct sa *sa, struct fwd_msg *m)
{
	struct sa_life *l = &m->u.sa_info.spec.life;
	uint32_t age_sec = (uint32_t)((f->now_ms - sa->born_ms) / 1000);

	m->type = FWD_SA_INFO;
	sa_get_spec(sa, &m->u.sa_info.spec);
	fill_sa_stats(f, sa, &m->u.sa_info.stats);
	/* 0 means no limit: what is used up has 1 left */
	if (l->soft_sec)
		l->soft_sec = l->soft_sec > age_sec ? l->soft_sec - age_sec : 1;
	if (l->hard_sec)
		l->hard_sec = l->hard_sec > age_sec ? l->hard_sec - age_sec : 1;
	if (l->soft_bytes)
		l->soft_bytes = l->soft_bytes > sa->bytes ? l->soft_bytes - sa->bytes : 1;
	if (l->hard_bytes)
		l->hard_bytes = l->hard_bytes > sa->bytes ? l->hard_bytes - sa->bytes : 1;
}

static void answer(struct forwarder *f, struct fwd_msg *m, uint32_t seq)
{
	m->seq = seq;
	(void)f->all->env.to_control(f->all->env.ctx, m);
}

static void dump_sas(struct forwarder *f, uint32_t seq)
{
	for (struct hnode *n = htab_walk(&f->all->sad.by_id, NULL); n; n = htab_walk(&f->all->sad.by_id, n)) {
		struct fwd_msg m = { 0 };

		fill_sa_info(f, hnode_entry(n, struct sa, by_id), &m);
		answer(f, &m, seq);
	}
	/* a new control cannot know what IKE has made out of dynamic crypto maps */
	for (size_t i = 0; i < f->all->table.spd.n; i++) {
		const struct spd_entry *e = &f->all->table.spd.v[i];
		struct fwd_msg m = { .type = FWD_POLICY_ADD };

		if (e->id < P2_MADE_ID)
			continue;
		m.u.policy = (struct fwd_policy){ .id = e->id, .ifid = e->ifid, .map_seq = e->map_seq,
						  .action = FWD_POLICY_PROTECT, .sel = e->sel,
						  .local = e->local, .path_mtu = e->path_mtu,
						  .df_bit = e->df_bit, .frag_after = e->frag_after };
		answer(f, &m, seq);
	}
}

static void add_up(uint64_t *sum, const uint64_t *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum[i] += v[i];
}

/* Behind the id there are counters and nothing else. */
#define COUNTERS(s, first) ((sizeof(*(s)) - offsetof(__typeof__(*(s)), first)) / sizeof(uint64_t))

static void sum_policy(const struct forwarder *f, const struct policy *pol, struct fwd_policy_stats *s)
{
	*s = (struct fwd_policy_stats){ .policy_id = pol->id };
	for (unsigned k = 0; k < f->all->n; k++)
		add_up(&s->matches, &pol->slot[k].stats.matches, COUNTERS(s, matches));
}

static void sum_tunnel(const struct forwarder *f, const struct tunnel *t, struct fwd_tunnel_stats *s,
		       uint64_t *ret_last_in_ms, uint64_t *ret_last_out_ms)
{
	*s = (struct fwd_tunnel_stats){ .tunnel_id = t->conf.tunnel_id };
	*ret_last_in_ms = *ret_last_out_ms = 0;
	for (unsigned k = 0; k < f->all->n; k++) {
		const struct tunnel_slot *slot = &t->slot[k];

		add_up(&s->in_packets, &slot->stats.in_packets, COUNTERS(s, in_packets));
		if (slot->last_in_ms > *ret_last_in_ms)
			*ret_last_in_ms = slot->last_in_ms;
		if (slot->last_out_ms > *ret_last_out_ms)
			*ret_last_out_ms = slot->last_out_ms;
	}
}

static void send_stats(struct forwarder *f, uint32_t seq)
{
	struct fwd_msg m = { 0 };

	for (struct hnode *n = htab_walk(&f->all->sad.by_id, NULL); n; n = htab_walk(&f->all->sad.by_id, n)) {
		m.type = FWD_STATS_SA;
		fill_sa_stats(f, hnode_entry(n, struct sa, by_id), &m.u.sa_stats);
		answer(f, &m, seq);
	}
	for (struct hnode *n = htab_walk(&f->all->policies, NULL); n; n = htab_walk(&f->all->policies, n)) {
		struct policy *pol = hnode_entry(n, struct policy, node);

		m.type = FWD_STATS_POLICY;
		sum_policy(f, pol, &m.u.policy_stats);
		m.u.policy_stats.path_mtu = pmtu_of_policy(pol);
		m.u.policy_stats.path_left_sec =
			pol->learned.mtu ? (pol->learned.until_ms - f->now_ms + 999) / 1000 : 0;
		answer(f, &m, seq);
	}
	for (struct tunnel *t = f->all->tunnels; t; t = t->next) {
		uint64_t last_in_ms, last_out_ms;

		if (!t->in_table)
			continue;
		m.type = FWD_STATS_TUNNEL;
		sum_tunnel(f, t, &m.u.tunnel_stats, &last_in_ms, &last_out_ms);
		m.u.tunnel_stats.keepalives_missed = t->missed;
		m.u.tunnel_stats.dead = t->dead;
		m.u.tunnel_stats.path_mtu = pmtu_of_tunnel(t);
		m.u.tunnel_stats.last_in_ms = last_in_ms ? f->now_ms - last_in_ms : UINT64_MAX;
		m.u.tunnel_stats.last_out_ms = last_out_ms ? f->now_ms - last_out_ms : UINT64_MAX;
		answer(f, &m, seq);
	}
	access_stats(f, seq);
	m.type = FWD_STATS_DROPS;
	m.u.drops = (struct fwd_drops){ { 0 } };
	for (unsigned k = 0; k < f->all->n; k++)
		add_up(m.u.drops.n, f->all->worker[k]->drops.n, FWD_N_DROPS);
	answer(f, &m, seq);
}

/* `clear crypto sa counters`: what is shown begins anew; lifetimes by volume do not. */
static void clear_stats(struct forwarder *f)
{
	for (struct hnode *n = htab_walk(&f->all->policies, NULL); n; n = htab_walk(&f->all->policies, n)) {
		struct policy *p = hnode_entry(n, struct policy, node);

		for (unsigned k = 0; k < f->all->n; k++)
			p->slot[k].stats = (struct fwd_policy_stats){ 0 };
	}
	for (unsigned k = 0; k < f->all->n; k++)
		f->all->worker[k]->drops = (struct fwd_drops){ { 0 } };
	access_clear(f, "");
}

static int clear_matches(struct forwarder *f, uint32_t policy_id, const char *list)
{
	struct policy *p = policy_id ? policy_find(f, policy_id) : NULL;

	if (!p && policy_id)
		return -ENOENT;
	for (unsigned k = 0; p && k < f->all->n; k++)
		p->slot[k].stats.matches = 0;
	if (!p)
		access_clear(f, list);
	return 0;
}

static int policy_add(struct forwarder *f, const struct fwd_policy *p)
{
	struct spd_entry e = { .id = p->id, .ifid = p->ifid, .map_seq = p->map_seq,
			       .sel = p->sel, .local = p->local, .path_mtu = p->path_mtu,
			       .df_bit = p->df_bit, .frag_after = p->frag_after };

	if (!f->all->is_building)
		return -EPROTO;
	if (p->path_mtu < 68 || p->path_mtu > UINT16_MAX)
		return -ERANGE;
	e.action = p->action == FWD_POLICY_PROTECT ? SPD_PROTECT : SPD_SKIP;
	e.state = policy_take(f, p->id);
	if (!e.state)
		return -ENOMEM;
	int err = spd_add(&f->all->building.spd, &e);
	if (err)
		policy_release(f, e.state);
	return err;
}

static int tunnel_add(struct forwarder *f, const struct fwd_tunnel *t)
{
	struct table *b = &f->all->building;
	struct fwd_tunnel *v;

	if (!f->all->is_building)
		return -EPROTO;
	for (size_t i = 0; i < b->n_tunnels; i++)
		if (b->tunnels[i].tunnel_id == t->tunnel_id)
			return -EEXIST;
	v = reallocarray(b->tunnels, b->n_tunnels + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	b->tunnels = v;
	v[b->n_tunnels++] = *t;
	return 0;
}

/* IKE on UDP 4500 goes out by the socket that ESP uses, behind the non-ESP marker
 * (RFC 3948 section 2.2); a keepalive is one byte 0xff (section 2.3). */
static int ike_send(struct forwarder *f, const struct fwd_msg *m)
{
	bool v6 = m->u.ike_rx.remote.family == IP_V6;
	struct fport *udp = f->all->by_kind[v6 ? FWD_PORT_UDP6_ENCAP : FWD_PORT_UDP_ENCAP];
	struct pkt *p = udp ? pkt_get(&f->pool) : NULL;
	struct span d = m->u.ike_rx.data;
	struct batch b = { 0 };

	if (!p)
		return udp ? -ENOBUFS : -ENOTCONN;
	struct wr w = wr_of(p->data, PKT_DATA_MAX);
	if (d.len)
		wr_be32(&w, 0);
	else
		wr_u8(&w, 0xff);
	wr_span(&w, d);
	p->len = (uint32_t)wr_len(&w);
	p->local = m->u.ike_rx.local;
	p->remote = m->u.ike_rx.remote;
	p->remote_port = m->u.ike_rx.remote_port;
	if (w.bad) {
		pkt_put(&f->pool, p);
		return -EMSGSIZE;
	}
	(void)batch_add(&b, p);
	port_send(f, udp, &b);
	return 0;
}

/* IKE has heard him there: no packet that came before says otherwise, one that was put aside included. */
static void peer_moved(struct forwarder *f, uint32_t id, const struct ipaddr *addr, uint16_t port)
{
	struct sa *sa = sad_by_id(&f->all->sad, id);

	if (sa && sa->spec.dir == SA_IN)
		sa->moved_at = sa_top(sa);
	sa_move(f, id, addr, port);
}

/* All workers encrypt by the same (forwarder_new_workers()). */
static int hello(struct forwarder *f, const struct fwd_msg *m)
{
	struct fwd_msg row = { .type = FWD_CRYPTO };

	ports_del_halves(f);
	(void)doubles_ways(f, FWD_ONE_WAY); /* who was about to say so may have died */
	if (m->u.version != FWD_VERSION)
		return -EPROTONOSUPPORT;
	(void)snprintf(row.u.crypto, sizeof(row.u.crypto), "%s", crypto_runner_name(f->esp.crypto));
	answer(f, &row, m->seq);
	row = (struct fwd_msg){ .type = FWD_NOT_PINNED, .u.error = f->all->pin_error };
	if (row.u.error)
		answer(f, &row, m->seq);
	return 0;
}

static int handle(struct forwarder *f, const struct fwd_msg *m, int fd)
{
	struct policy *pol;

	switch (m->type) {
	case FWD_HELLO:
		return hello(f, m);
	case FWD_PORT_ADD:
		return ports_add(f, &m->u.port, fd);
	case FWD_PORT_DEL:
		return ports_del(f, m->u.id);
	case FWD_SA_ADD:
		return sa_install(f, &m->u.sa);
	case FWD_SA_MOVE:
		peer_moved(f, m->u.peer_moved.sa_id, &m->u.peer_moved.addr, m->u.peer_moved.port);
		return 0;
	case FWD_SA_DEL:
		return sa_remove(f, m->u.id);
	case FWD_SA_DUMP:
		dump_sas(f, m->seq);
		return 0;
	case FWD_TABLE_BEGIN: /* an unfinished one is forgotten */
		table_free(f, &f->all->building);
		f->all->is_building = true;
		return 0;
	case FWD_POLICY_ADD:
		return policy_add(f, &m->u.policy);
	case FWD_ACL_ADD:
		return f->all->is_building ? access_add(&f->all->building, m->u.acl.list, m->u.acl.name,
						   &m->u.acl.entry) : -EPROTO;
	case FWD_POLICY_ACL:
		return f->all->is_building ? access_of_policy(&f->all->building, m->u.policy_acl.policy_id,
							 m->u.policy_acl.in, m->u.policy_acl.out) :
					-EPROTO;
	case FWD_TUNNEL_ADD:
		return tunnel_add(f, &m->u.tunnel);
	case FWD_TABLE_COMMIT:
		return f->all->is_building ? table_commit(f) : -EPROTO;
	case FWD_NEGOTIATION_FAILED:
		pol = policy_find(f, m->u.id);
		if (pol)
			wait_forget(f, pol, UINT64_MAX, FWD_DROP_NEGOTIATION_FAILED);
		return 0;
	case FWD_STATS_GET:
		send_stats(f, m->seq);
		return 0;
	case FWD_STATS_CLEAR:
		clear_stats(f);
		return 0;
	case FWD_MATCHES_CLEAR:
		return clear_matches(f, m->u.matches.policy_id, m->u.matches.name);
	case FWD_IKE_TX:
		return ike_send(f, m);
	case FWD_WAYS:
		return doubles_ways(f, m->u.id);
	case FWD_NEXT_HOP:
		return hops_set(f, &m->u.next_hops);
	case FWD_SHUTDOWN:
		__atomic_store_n(&f->all->stopping, true, __ATOMIC_RELAXED);
		return 0;
	default:
		return -EPROTO;
	}
}

/* Which request it was, even if the rest of it cannot be read. */
static uint32_t seq_of(struct span bytes)
{
	struct rd r = rd_span(bytes);

	rd_skip(&r, 1);
	return rd_be32(&r);
}

void forwarder_message(struct forwarder *f, struct span bytes, int fd)
{
	struct fwd_msg m, result = { .type = FWD_RESULT };
	int err = fwd_decode(bytes, &m);

	forwarder_close(f);
	f->now_ms = f->all->env.now_ms(f->all->env.ctx);
	if (fd >= 0 && (err || m.type != FWD_PORT_ADD)) {
		close(fd);
		fd = -1;
	}
	result.u.error = err ? err : handle(f, &m, fd);
	answer(f, &result, err ? seq_of(bytes) : m.seq);
	forwarder_open(f);
	secret_wipe(&m, sizeof(m));
}
