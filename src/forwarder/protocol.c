/* SPDX-License-Identifier: Apache-2.0 */
#include "forwarder/protocol.h"
#include "forwarder/protocol_acl.h"

#include <errno.h>
#include <string.h>

/* ---- pieces ---- */

static void put_bool(struct wr *w, bool b)
{
	wr_u8(w, b ? 1 : 0);
}

static bool get_bool(struct rd *r)
{
	uint8_t v = rd_u8(r);

	r->bad |= v > 1;
	return v != 0;
}

static void put_addr(struct wr *w, const struct ipaddr *a)
{
	wr_u8(w, a->family);
	wr_bytes(w, a->b, sizeof(a->b));
}

static void get_addr(struct rd *r, struct ipaddr *a)
{
	a->family = rd_u8(r);
	rd_copy(r, a->b, sizeof(a->b));
	if (a->family != IP_NONE && a->family != IP_V4 && a->family != IP_V6)
		r->bad = true;
}

static void put_hops(struct wr *w, const struct fwd_next_hops *h)
{
	wr_u8(w, h->n);
	for (size_t i = 0; i < h->n && i < FWD_HOPS_MAX; i++) {
		put_addr(w, &h->v[i].dst);
		put_addr(w, &h->v[i].via);
		wr_be32(w, h->v[i].ifid);
		wr_bytes(w, h->v[i].mac, sizeof(h->v[i].mac));
		wr_be16(w, h->v[i].life_ms);
	}
}

static void get_hops(struct rd *r, struct fwd_next_hops *h)
{
	h->n = rd_u8(r);
	if (h->n > FWD_HOPS_MAX)
		r->bad = true;
	for (size_t i = 0; !r->bad && i < h->n; i++) {
		get_addr(r, &h->v[i].dst);
		get_addr(r, &h->v[i].via);
		h->v[i].ifid = rd_be32(r);
		rd_copy(r, h->v[i].mac, sizeof(h->v[i].mac));
		h->v[i].life_ms = rd_be16(r);
	}
}

static void put_match(struct wr *w, const struct addr_match *m)
{
	put_addr(w, &m->addr);
	wr_bytes(w, m->wild, sizeof(m->wild));
}

static void get_match(struct rd *r, struct addr_match *m)
{
	get_addr(r, &m->addr);
	rd_copy(r, m->wild, sizeof(m->wild));
}

static void put_ports(struct wr *w, const struct port_match *m)
{
	wr_u8(w, m->op);
	wr_be16(w, m->lo);
	wr_be16(w, m->hi);
}

static void get_ports(struct rd *r, struct port_match *m)
{
	m->op = rd_u8(r);
	m->lo = rd_be16(r);
	m->hi = rd_be16(r);
	if (m->op > PORT_RANGE)
		r->bad = true;
}

static void put_selector(struct wr *w, const struct selector *s)
{
	put_match(w, &s->local);
	put_match(w, &s->remote);
	wr_u8(w, s->proto);
	put_ports(w, &s->local_port);
	put_ports(w, &s->remote_port);
}

static void get_selector(struct rd *r, struct selector *s)
{
	get_match(r, &s->local);
	get_match(r, &s->remote);
	s->proto = rd_u8(r);
	get_ports(r, &s->local_port);
	get_ports(r, &s->remote_port);
}

static void put_flow(struct wr *w, const struct flow *f)
{
	put_addr(w, &f->local);
	put_addr(w, &f->remote);
	wr_u8(w, f->proto);
	put_bool(w, f->ports_known);
	wr_be16(w, f->local_port);
	wr_be16(w, f->remote_port);
}

static void get_flow(struct rd *r, struct flow *f)
{
	get_addr(r, &f->local);
	get_addr(r, &f->remote);
	f->proto = rd_u8(r);
	f->ports_known = get_bool(r);
	f->local_port = rd_be16(r);
	f->remote_port = rd_be16(r);
}

static void put_key(struct wr *w, const struct sa_key *k)
{
	wr_u8(w, k->len);
	wr_bytes(w, k->b, sizeof(k->b));
}

static void get_key(struct rd *r, struct sa_key *k)
{
	k->len = rd_u8(r);
	rd_copy(r, k->b, sizeof(k->b));
	if (k->len > SA_MAX_KEY)
		r->bad = true;
}

/* ---- records ---- */

static void put_spec(struct wr *w, const struct sa_spec *s)
{
	wr_be32(w, s->id);
	wr_be32(w, s->pair_id);
	wr_be32(w, s->policy_id);
	wr_u8(w, s->dir);
	wr_u8(w, s->proto);
	wr_u8(w, s->mode);
	wr_be32(w, s->spi);
	put_addr(w, &s->src);
	put_addr(w, &s->dst);
	put_bool(w, s->udp_encap);
	wr_be16(w, s->udp_sport);
	wr_be16(w, s->udp_dport);
	wr_u8(w, s->cipher);
	wr_be16(w, s->cipher_bits);
	wr_u8(w, s->auth);
	put_key(w, &s->enc_key);
	put_key(w, &s->auth_key);
	wr_be32(w, s->ah.spi);
	wr_u8(w, s->ah.auth);
	put_key(w, &s->ah.key);
	put_bool(w, s->manual);
	wr_be16(w, s->replay_window);
	put_selector(w, &s->sel);
	put_addr(w, &s->peer);
	put_bool(w, s->peer_moves);
	put_addr(w, &s->oa_src);
	put_addr(w, &s->oa_dst);
	wr_be32(w, s->life.soft_sec);
	wr_be32(w, s->life.hard_sec);
	wr_be64(w, s->life.soft_bytes);
	wr_be64(w, s->life.hard_bytes);
}

static void get_spec(struct rd *r, struct sa_spec *s)
{
	s->id = rd_be32(r);
	s->pair_id = rd_be32(r);
	s->policy_id = rd_be32(r);
	s->dir = rd_u8(r);
	s->proto = rd_u8(r);
	s->mode = rd_u8(r);
	s->spi = rd_be32(r);
	get_addr(r, &s->src);
	get_addr(r, &s->dst);
	s->udp_encap = get_bool(r);
	s->udp_sport = rd_be16(r);
	s->udp_dport = rd_be16(r);
	s->cipher = rd_u8(r);
	s->cipher_bits = rd_be16(r);
	s->auth = rd_u8(r);
	get_key(r, &s->enc_key);
	get_key(r, &s->auth_key);
	s->ah.spi = rd_be32(r);
	s->ah.auth = rd_u8(r);
	get_key(r, &s->ah.key);
	s->manual = get_bool(r);
	s->replay_window = rd_be16(r);
	get_selector(r, &s->sel);
	get_addr(r, &s->peer);
	s->peer_moves = get_bool(r);
	get_addr(r, &s->oa_src);
	get_addr(r, &s->oa_dst);
	s->life.soft_sec = rd_be32(r);
	s->life.hard_sec = rd_be32(r);
	s->life.soft_bytes = rd_be64(r);
	s->life.hard_bytes = rd_be64(r);
}

static void put_port(struct wr *w, const struct fwd_port *p)
{
	wr_be32(w, p->id);
	wr_u8(w, p->kind);
	wr_be32(w, p->ifid);
	wr_be32(w, p->dev_ifindex);
	wr_be32(w, p->tunnel_id);
	wr_u8(w, p->worker);
	wr_u8(w, p->sends_only);
	wr_u8(w, p->how);
}

static void get_port(struct rd *r, struct fwd_port *p)
{
	p->id = rd_be32(r);
	p->kind = rd_u8(r);
	p->ifid = rd_be32(r);
	p->dev_ifindex = rd_be32(r);
	p->tunnel_id = rd_be32(r);
	p->worker = rd_u8(r);
	p->sends_only = rd_u8(r);
	p->how = rd_u8(r);
	if (p->kind < FWD_PORT_TUNNEL || p->kind > FWD_PORT_LAST)
		r->bad = true;
}

static void put_policy(struct wr *w, const struct fwd_policy *p)
{
	wr_be32(w, p->id);
	wr_be32(w, p->ifid);
	wr_be32(w, p->map_seq);
	wr_u8(w, p->action);
	put_selector(w, &p->sel);
	put_addr(w, &p->local);
	wr_be32(w, p->path_mtu);
	wr_u8(w, p->df_bit);
	put_bool(w, p->frag_after);
}

static void get_policy(struct rd *r, struct fwd_policy *p)
{
	p->id = rd_be32(r);
	p->ifid = rd_be32(r);
	p->map_seq = rd_be32(r);
	p->action = rd_u8(r);
	get_selector(r, &p->sel);
	get_addr(r, &p->local);
	p->path_mtu = rd_be32(r);
	p->df_bit = rd_u8(r);
	p->frag_after = get_bool(r);
	if (p->df_bit > 2)
		r->bad = true;
	if (p->action != FWD_POLICY_PROTECT && p->action != FWD_POLICY_SKIP)
		r->bad = true;
}

static void put_tunnel(struct wr *w, const struct fwd_tunnel *t)
{
	wr_be32(w, t->tunnel_id);
	wr_be32(w, t->tun_port);
	put_addr(w, &t->src);
	put_addr(w, &t->dst);
	wr_be32(w, t->egress_ifid);
	put_bool(w, t->has_key);
	wr_be32(w, t->key);
	wr_u8(w, t->ttl);
	wr_u8(w, t->tos);
	wr_be16(w, t->mtu);
	wr_be16(w, t->adjust_mss);
	wr_be16(w, t->path_mtu);
	put_bool(w, t->pmtud);
	wr_u8(w, t->pmtu_age_min);
	wr_be16(w, t->pmtu_least);
	put_bool(w, t->up);
	wr_u8(w, t->encap);
	put_bool(w, t->checksum);
	put_bool(w, t->sequence);
	wr_be16(w, t->keepalive_sec);
	wr_u8(w, t->keepalive_retries);
	put_bool(w, t->trace);
	wr_be32(w, t->protect);
	put_bool(w, t->vti);
	put_addr(w, &t->own);
	put_addr(w, &t->own6);
}

static void get_tunnel(struct rd *r, struct fwd_tunnel *t)
{
	t->tunnel_id = rd_be32(r);
	t->tun_port = rd_be32(r);
	get_addr(r, &t->src);
	get_addr(r, &t->dst);
	t->egress_ifid = rd_be32(r);
	t->has_key = get_bool(r);
	t->key = rd_be32(r);
	t->ttl = rd_u8(r);
	t->tos = rd_u8(r);
	t->mtu = rd_be16(r);
	t->adjust_mss = rd_be16(r);
	t->path_mtu = rd_be16(r);
	t->pmtud = get_bool(r);
	t->pmtu_age_min = rd_u8(r);
	t->pmtu_least = rd_be16(r);
	t->up = get_bool(r);
	t->encap = rd_u8(r);
	r->bad |= t->encap > FWD_ENCAP_IPV6;
	t->checksum = get_bool(r);
	t->sequence = get_bool(r);
	t->keepalive_sec = rd_be16(r);
	t->keepalive_retries = rd_u8(r);
	t->trace = get_bool(r);
	t->protect = rd_be32(r);
	t->vti = get_bool(r);
	if (t->vti && !t->protect) /* it has no other way */
		r->bad = true;
	get_addr(r, &t->own);
	get_addr(r, &t->own6);
}

/* Counters travel as a list of 64-bit words; the list is written once for both
 * directions. */
#define SA_STATS(X, s)                                                                       \
	X(s->packets) X(s->bytes) X(s->auth_failed) X(s->replayed) X(s->bad_identity)        \
	X(s->malformed) X(s->send_errors) X(s->left_bytes)
#define POLICY_STATS(X, s)                                                                   \
	X(s->matches) X(s->encaps) X(s->encrypts) X(s->digests) X(s->decaps) X(s->decrypts)  \
	X(s->verifies) X(s->send_errors) X(s->recv_errors) X(s->no_sa) X(s->queued)          \
	X(s->auth_failed) X(s->replayed) X(s->bad_identity) X(s->recvd_clear) X(s->too_big)  \
	X(s->path_mtu) X(s->path_left_sec)                                                   \
	X(s->invalid_sa) X(s->invalid_len) X(s->invalid_prot) X(s->encaps_failed)            \
	X(s->decaps_failed) X(s->rollover) X(s->internal_out) X(s->internal_in)              \
	X(s->access_out) X(s->access_in)
#define TUNNEL_STATS(X, s)                                                                   \
	X(s->in_packets) X(s->in_bytes) X(s->out_packets) X(s->out_bytes) X(s->in_errors)    \
	X(s->in_key_mismatch) X(s->in_checksum) X(s->in_unsupported) X(s->in_late)           \
	X(s->out_drops) X(s->keepalives) X(s->keepalives_back) X(s->keepalives_missed)       \
	X(s->keepalives_answered) X(s->dead) X(s->last_in_ms) X(s->last_out_ms)              \
	X(s->path_mtu) X(s->out_too_big)
#define PUT64(f) wr_be64(w, f);
#define GET64(f) f = rd_be64(r);

static void put_sa_stats(struct wr *w, const struct fwd_sa_stats *s)
{
	wr_be32(w, s->sa_id);
	wr_be32(w, s->policy_id);
	wr_be32(w, s->pair_id);
	wr_u8(w, s->dir);
	wr_be32(w, s->spi);
	SA_STATS(PUT64, s)
	wr_be32(w, s->seq);
	wr_be32(w, s->left_sec);
	wr_be32(w, s->idle_ms);
	wr_be32(w, s->path_mtu);
	wr_be32(w, s->plain_mtu);
}

static void get_sa_stats(struct rd *r, struct fwd_sa_stats *s)
{
	s->sa_id = rd_be32(r);
	s->policy_id = rd_be32(r);
	s->pair_id = rd_be32(r);
	s->dir = rd_u8(r);
	s->spi = rd_be32(r);
	SA_STATS(GET64, s)
	s->seq = rd_be32(r);
	s->left_sec = rd_be32(r);
	s->idle_ms = rd_be32(r);
	s->path_mtu = rd_be32(r);
	s->plain_mtu = rd_be32(r);
}

static void put_events(struct wr *w, const struct fwd_msg *m)
{
	switch (m->type) {
	case FWD_ACQUIRE:
		wr_be32(w, m->u.acquire.policy_id);
		put_flow(w, &m->u.acquire.flow);
		break;
	case FWD_EXPIRE:
		wr_be32(w, m->u.expire.sa_id);
		put_bool(w, m->u.expire.hard);
		put_bool(w, m->u.expire.used);
		break;
	case FWD_RECVD_CLEAR:
		wr_be32(w, m->u.recvd_clear.ifid);
		put_flow(w, &m->u.recvd_clear.flow);
		break;
	case FWD_UNKNOWN_SPI:
		put_addr(w, &m->u.unknown_spi.src);
		put_addr(w, &m->u.unknown_spi.dst);
		wr_u8(w, m->u.unknown_spi.proto);
		wr_be32(w, m->u.unknown_spi.spi);
		break;
	case FWD_SA_EVENT:
		wr_be32(w, m->u.sa_event.sa_id);
		wr_u8(w, m->u.sa_event.kind);
		wr_be32(w, m->u.sa_event.seqno);
		put_flow(w, &m->u.sa_event.flow);
		break;
	case FWD_IKE_TX:
	case FWD_IKE_RX:
		put_addr(w, &m->u.ike_rx.local);
		put_addr(w, &m->u.ike_rx.remote);
		wr_be16(w, m->u.ike_rx.remote_port);
		wr_span(w, m->u.ike_rx.data);
		break;
	case FWD_PEER_MOVED:
	case FWD_SA_MOVE:
		wr_be32(w, m->u.peer_moved.sa_id);
		put_addr(w, &m->u.peer_moved.addr);
		wr_be16(w, m->u.peer_moved.port);
		break;
	case FWD_TUNNEL_ALIVE:
		wr_be32(w, m->u.tunnel_alive.tunnel_id);
		put_bool(w, m->u.tunnel_alive.alive);
		break;
	case FWD_KEEPALIVE:
		wr_be32(w, m->u.keepalive.tunnel_id);
		put_bool(w, m->u.keepalive.back);
		wr_be32(w, m->u.keepalive.counter);
		wr_be16(w, m->u.keepalive.len);
		wr_u8(w, m->u.keepalive.ttl);
		break;
	case FWD_NEXT_HOP:
		put_hops(w, &m->u.next_hops);
		break;
	case FWD_PORT_SLOWER:
		wr_be32(w, m->u.port_slower.id);
		wr_be32(w, (uint32_t)m->u.port_slower.error);
		break;
	case FWD_CRYPTO:
		wr_bytes(w, m->u.crypto, sizeof(m->u.crypto));
		break;
	default:
		fwd_put_acl(w, m);
	}
}

/* It goes to the log. */
static void get_crypto(struct rd *r, char name[FWD_CRYPTO_MAX])
{
	rd_copy(r, name, FWD_CRYPTO_MAX);
	if (!memchr(name, '\0', FWD_CRYPTO_MAX)) {
		r->bad = true;
		name[0] = '\0';
	}
	for (const char *c = name; *c; c++)
		r->bad |= *c < ' ' || *c > '~';
}

static void get_events(struct rd *r, struct fwd_msg *m)
{
	switch (m->type) {
	case FWD_ACQUIRE:
		m->u.acquire.policy_id = rd_be32(r);
		get_flow(r, &m->u.acquire.flow);
		break;
	case FWD_EXPIRE:
		m->u.expire.sa_id = rd_be32(r);
		m->u.expire.hard = get_bool(r);
		m->u.expire.used = get_bool(r);
		break;
	case FWD_RECVD_CLEAR:
		m->u.recvd_clear.ifid = rd_be32(r);
		get_flow(r, &m->u.recvd_clear.flow);
		break;
	case FWD_UNKNOWN_SPI:
		get_addr(r, &m->u.unknown_spi.src);
		get_addr(r, &m->u.unknown_spi.dst);
		m->u.unknown_spi.proto = rd_u8(r);
		m->u.unknown_spi.spi = rd_be32(r);
		break;
	case FWD_SA_EVENT:
		m->u.sa_event.sa_id = rd_be32(r);
		m->u.sa_event.kind = rd_u8(r);
		m->u.sa_event.seqno = rd_be32(r);
		get_flow(r, &m->u.sa_event.flow);
		break;
	case FWD_IKE_TX:
	case FWD_IKE_RX:
		get_addr(r, &m->u.ike_rx.local);
		get_addr(r, &m->u.ike_rx.remote);
		m->u.ike_rx.remote_port = rd_be16(r);
		m->u.ike_rx.data = rd_take(r, rd_left(r));
		break;
	case FWD_PEER_MOVED:
	case FWD_SA_MOVE:
		m->u.peer_moved.sa_id = rd_be32(r);
		get_addr(r, &m->u.peer_moved.addr);
		m->u.peer_moved.port = rd_be16(r);
		break;
	case FWD_TUNNEL_ALIVE:
		m->u.tunnel_alive.tunnel_id = rd_be32(r);
		m->u.tunnel_alive.alive = get_bool(r);
		break;
	case FWD_KEEPALIVE:
		m->u.keepalive.tunnel_id = rd_be32(r);
		m->u.keepalive.back = get_bool(r);
		m->u.keepalive.counter = rd_be32(r);
		m->u.keepalive.len = rd_be16(r);
		m->u.keepalive.ttl = rd_u8(r);
		break;
	case FWD_NEXT_HOP:
		get_hops(r, &m->u.next_hops);
		break;
	case FWD_PORT_SLOWER:
		m->u.port_slower.id = rd_be32(r);
		m->u.port_slower.error = (int32_t)rd_be32(r);
		break;
	case FWD_CRYPTO:
		get_crypto(r, m->u.crypto);
		break;
	default:
		fwd_get_acl(r, m);
	}
}

/* ---- messages ---- */

void fwd_encode(struct wr *w, const struct fwd_msg *m)
{
	wr_u8(w, m->type);
	wr_be32(w, m->seq);
	switch (m->type) {
	case FWD_SA_DUMP:
	case FWD_TABLE_BEGIN:
	case FWD_TABLE_COMMIT:
	case FWD_STATS_GET:
	case FWD_STATS_CLEAR:
	case FWD_SHUTDOWN:
		break;
	case FWD_HELLO:
		wr_be32(w, m->u.version);
		break;
	case FWD_PORT_ADD:
		put_port(w, &m->u.port);
		break;
	case FWD_PORT_DEL:
	case FWD_SA_DEL:
	case FWD_NEGOTIATION_FAILED:
	case FWD_WAYS:
		wr_be32(w, m->u.id);
		break;
	case FWD_SA_ADD:
		put_spec(w, &m->u.sa);
		break;
	case FWD_POLICY_ADD:
		put_policy(w, &m->u.policy);
		break;
	case FWD_TUNNEL_ADD:
		put_tunnel(w, &m->u.tunnel);
		break;
	case FWD_RESULT:
	case FWD_NOT_PINNED:
		wr_be32(w, (uint32_t)m->u.error);
		break;
	case FWD_SA_INFO:
		put_spec(w, &m->u.sa_info.spec);
		put_sa_stats(w, &m->u.sa_info.stats);
		break;
	case FWD_STATS_SA:
		put_sa_stats(w, &m->u.sa_stats);
		break;
	case FWD_STATS_POLICY: {
		const struct fwd_policy_stats *s = &m->u.policy_stats;

		wr_be32(w, s->policy_id);
		POLICY_STATS(PUT64, s)
		break;
	}
	case FWD_STATS_TUNNEL: {
		const struct fwd_tunnel_stats *s = &m->u.tunnel_stats;

		wr_be32(w, s->tunnel_id);
		TUNNEL_STATS(PUT64, s)
		break;
	}
	case FWD_STATS_DROPS:
		for (size_t i = 0; i < FWD_N_DROPS; i++)
			wr_be64(w, m->u.drops.n[i]);
		break;
	default:
		put_events(w, m);
	}
}

static void get_body(struct rd *r, struct fwd_msg *m)
{
	switch (m->type) {
	case FWD_SA_DUMP:
	case FWD_TABLE_BEGIN:
	case FWD_TABLE_COMMIT:
	case FWD_STATS_GET:
	case FWD_STATS_CLEAR:
	case FWD_SHUTDOWN:
		break;
	case FWD_HELLO:
		m->u.version = rd_be32(r);
		break;
	case FWD_PORT_ADD:
		get_port(r, &m->u.port);
		break;
	case FWD_PORT_DEL:
	case FWD_SA_DEL:
	case FWD_NEGOTIATION_FAILED:
	case FWD_WAYS:
		m->u.id = rd_be32(r);
		break;
	case FWD_SA_ADD:
		get_spec(r, &m->u.sa);
		break;
	case FWD_POLICY_ADD:
		get_policy(r, &m->u.policy);
		break;
	case FWD_TUNNEL_ADD:
		get_tunnel(r, &m->u.tunnel);
		break;
	case FWD_RESULT:
	case FWD_NOT_PINNED:
		m->u.error = (int32_t)rd_be32(r);
		break;
	case FWD_SA_INFO:
		get_spec(r, &m->u.sa_info.spec);
		get_sa_stats(r, &m->u.sa_info.stats);
		break;
	case FWD_STATS_SA:
		get_sa_stats(r, &m->u.sa_stats);
		break;
	case FWD_STATS_POLICY: {
		struct fwd_policy_stats *s = &m->u.policy_stats;

		s->policy_id = rd_be32(r);
		POLICY_STATS(GET64, s)
		break;
	}
	case FWD_STATS_TUNNEL: {
		struct fwd_tunnel_stats *s = &m->u.tunnel_stats;

		s->tunnel_id = rd_be32(r);
		TUNNEL_STATS(GET64, s)
		break;
	}
	case FWD_STATS_DROPS:
		for (size_t i = 0; i < FWD_N_DROPS; i++)
			m->u.drops.n[i] = rd_be64(r);
		break;
	default:
		get_events(r, m);
	}
}

int fwd_decode(struct span bytes, struct fwd_msg *ret_m)
{
	struct rd r = rd_span(bytes);
	struct fwd_msg m;

	memset(&m, 0, sizeof(m));
	m.type = rd_u8(&r);
	m.seq = rd_be32(&r);
	get_body(&r, &m);
	if (r.bad || rd_left(&r))
		return -EBADMSG;
	*ret_m = m;
	return 0;
}

const char *fwd_drop_name(enum fwd_drop d)
{
	static const char *const names[] = {
#define X(n, s) [FWD_DROP_##n] = s,
		FWD_DROPS(X)
#undef X
	};

	return (size_t)d < FWD_N_DROPS ? names[d] : "?";
}
