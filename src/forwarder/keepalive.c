/* SPDX-License-Identifier: Apache-2.0 */
/* GRE keepalives as Cisco sends them: an inner packet that is the answer already, GRE of
 * protocol 0 addressed back to us. Whoever decapsulates it forwards it as any packet, and
 * needs neither configuration nor memory for that:
 *
 *   IP us > peer | GRE 0x0800 | IP peer > us | GRE 0
 *
 * The answer of ours to the peer's goes out by the interface that the tunnel leaves by, as
 * the tunnel's own packets do: an inner packet with our own address as its source would be
 * a martian to the kernel.
 *
 * Timer: one keepalive each keepalive_sec; when keepalive_retries of them in a row did not
 * come back, the tunnel is dead until one does. */
#include "forwarder/internal.h"

#include <limits.h>

#include "packet/ip4.h"

#define KEEPALIVE_TOS 0xc0 /* network control */
#define KEEPALIVE_TTL 255

static void tell(struct forwarder *f, struct tunnel *t)
{
	struct fwd_msg m = { .type = FWD_TUNNEL_ALIVE,
			     .u.tunnel_alive = { t->conf.tunnel_id, !t->dead } };

	/* what control did not take is told again at the next tick */
	if (event_send(f, &m))
		t->told_dead = t->dead;
}

/* Bounded by the tunnels, but for what a stranger makes up to be coming back. */
static void trace(struct forwarder *f, const struct tunnel *t, bool back, size_t len, uint8_t ttl)
{
	struct fwd_msg m = { .type = FWD_KEEPALIVE };

	if (!t->conf.trace || (back && !event_allowed(f, FWD_KEEPALIVE)))
		return;
	m.u.keepalive.tunnel_id = t->conf.tunnel_id;
	m.u.keepalive.back = back;
	m.u.keepalive.counter = t->missed;
	m.u.keepalive.len = (uint16_t)len;
	m.u.keepalive.ttl = ttl;
	(void)event_send(f, &m);
}

/* The answer to come, which is what we send. False: no buffer. */
static bool build(const struct forwarder *f, struct tunnel *t, struct pkt *p)
{
	const struct fwd_tunnel *c = &t->conf;
	struct gre g = { .proto = GRE_PROTO_KEEPALIVE, .has_checksum = c->checksum,
			 .has_key = c->has_key, .key = c->key };
	size_t header = gre_header_len(&g);
	uint8_t *at = pkt_append(p, IP4_HEADER + header);
	struct ip_view h = { .ttl = KEEPALIVE_TTL, .tos = KEEPALIVE_TOS, .proto = IPPROTO_GRE_,
			 .id = (uint16_t)tun_stats(f, t)->keepalives, .total_len = (uint16_t)p->len,
			 .src = ipaddr_to_v4(&c->dst), .dst = ipaddr_to_v4(&c->src) };

	if (!at)
		return false;
	ip4_write(at, &h);
	gre_write(at + IP4_HEADER, header, &g);
	return true;
}

static void send_one(struct forwarder *f, struct tunnel *t)
{
	struct pkt *p = pkt_get(&f->pool);
	enum fwd_drop why = FWD_DROP_NO_BUFFER;
	struct ip_view outer;

	if (!p) {
		f->drops.n[why]++;
		return;
	}
	if (build(f, t, p)) {
		trace(f, t, false, p->len, KEEPALIVE_TTL);
		why = out_encapsulate(f, t, p, &outer);
	}
	if (why != FWD_N_DROPS) {
		tun_stats(f, t)->out_drops++;
		fwd_drop(f, p, why);
		return;
	}
	tun_stats(f, t)->keepalives++;
	tun_stats(f, t)->out_packets++;
	tun_stats(f, t)->out_bytes += p->len - IP4_HEADER;
	tun_slot(f, t)->last_out_ms = f->now_ms;
	out_by_tunnel(f, t, p, &outer);
}

static void due(struct forwarder *f, struct tunnel *t)
{
	uint64_t every_ms = t->conf.keepalive_sec * UINT64_C(1000);

	t->keepalive_ms += every_ms;
	if (t->keepalive_ms <= f->now_ms) /* the first, or we slept */
		t->keepalive_ms = f->now_ms + every_ms;
	if (t->missed >= t->conf.keepalive_retries)
		t->dead = true;
	if (t->missed < UINT_MAX)
		t->missed++;
	send_one(f, t);
}

/* Of GRE alone: what answers them is a GRE header. IOS has none over IPv6, since the answer within is
 * a packet of IPv4. */
static bool has_keepalives(const struct fwd_tunnel *c)
{
	return c->keepalive_sec && !c->vti && c->encap == FWD_ENCAP_GRE && c->src.family == IP_V4;
}

void keepalive_tick(struct forwarder *f)
{
	for (struct tunnel *t = f->all->tunnels; t; t = t->next) {
		if (!t->in_table)
			continue;
		if (has_keepalives(&t->conf) && t->conf.up && f->now_ms >= t->keepalive_ms)
			due(f, t);
		if (t->dead != t->told_dead)
			tell(f, t);
	}
}

bool keepalive_is_ours(const struct tunnel *t, uint32_t src)
{
	return src == ipaddr_to_v4(&t->conf.src) ||
	       (t->conf.own.family == IP_V4 && src == ipaddr_to_v4(&t->conf.own));
}

/* A peer's keepalive: an answer of ours that he wrote, with a header that is checked as a
 * router does (RFC 1812 section 5.2.2). Our own address is its source, so it can be nothing
 * else: no packet of others has it. */
static bool is_request(const struct tunnel *t, const struct gre *g, struct pkt *p, struct ip_view *h)
{
	struct gre inner;

	if (t->conf.src.family != IP_V4 || t->conf.encap != FWD_ENCAP_GRE)
		return false;
	return (g->proto == GRE_PROTO_IPV4 || g->proto == GRE_PROTO_PROBE) &&
	       ip4_peek(span_of(p->data, p->len), h) && h->proto == IPPROTO_GRE_ &&
	       keepalive_is_ours(t, h->src) && ip4_parse(p, true, h) &&
	       h->header_len == IP4_HEADER && !(h->frag & (IP4_MF | IP4_OFF_MASK)) && h->ttl > 1 &&
	       gre_decode(span_of(p->data + IP4_HEADER, p->len - (size_t)IP4_HEADER), &inner) ==
		       GRE_OK &&
	       inner.proto == GRE_PROTO_KEEPALIVE;
}

/* To the peer, always. Cisco wants it outside the tunnel, at the ends' addresses; a peer
 * behind NAT writes the address that he believes to be his (MikroTik). Others write the
 * addresses of the tunnel itself (VeloCloud): those belong inside it. */
static void answer(struct forwarder *f, struct tunnel *t, struct pkt *p, struct ip_view *h)
{
	bool outside = h->src == ipaddr_to_v4(&t->conf.src);
	struct ip_view outer = *h;

	outer.ttl--;
	if (outside)
		outer.dst = ipaddr_to_v4(&t->conf.dst);
	ip4_write(p->data, &outer);
	enum fwd_drop why = outside ? FWD_N_DROPS : out_encapsulate(f, t, p, &outer);
	if (why != FWD_N_DROPS) {
		tun_stats(f, t)->out_drops++;
		fwd_drop(f, p, why);
		return;
	}
	tun_stats(f, t)->keepalives_answered++;
	out_by_tunnel(f, t, p, &outer);
}

bool keepalive_take(struct forwarder *f, struct tunnel *t, const struct ip_view *outer,
		    const struct gre *g, struct pkt *p)
{
	struct ip_view h;
	bool back = g->proto == GRE_PROTO_KEEPALIVE;

	if (back && !has_keepalives(&t->conf)) {
		tun_stats(f, t)->in_unsupported++;
		fwd_drop(f, p, FWD_DROP_GRE_UNSUPPORTED);
		return true;
	}
	if (!back && !is_request(t, g, p, &h))
		return false;
	tun_stats(f, t)->in_packets++;
	tun_stats(f, t)->in_bytes += p->len;
	tun_slot(f, t)->last_in_ms = f->now_ms;
	if (!back) {
		answer(f, t, p, &h);
		return true;
	}
	tun_stats(f, t)->keepalives_back++;
	t->missed = 0;
	t->dead = false;
	trace(f, t, true, p->len + outer->header_len + g->header_len, outer->ttl);
	if (t->told_dead)
		tell(f, t);
	pkt_put(&f->pool, p);
	return true;
}

void keepalive_follow(struct tunnel *t, const struct fwd_tunnel *old)
{
	const struct fwd_tunnel *c = &t->conf;
	bool same = ipaddr_equal(&c->src, &old->src) && ipaddr_equal(&c->dst, &old->dst) &&
		    c->encap == old->encap && c->has_key == old->has_key && c->key == old->key;

	if (!same || c->sequence != old->sequence) {
		t->out_seq = 0;
		t->in_seq_ms = 0;
	}
	if (!same || c->up != old->up || c->keepalive_sec != old->keepalive_sec) {
		t->keepalive_ms = 0;
		t->missed = 0;
		t->dead = false;
	}
	/* a control that is new has to hear of a dead one */
	t->told_dead = t->told_dead && !t->dead;
}
