/* SPDX-License-Identifier: Apache-2.0 */
/* Inbound GRE and IP in IP, out of an SA or in clear from the raw sockets, and delivery
 * to the TUNs. */
#include "forwarder/internal.h"

#include "packet/ip.h"

#define SEQ_RESTART_MS 10000

void deliver_init(const struct forwarder *f, struct delivery *d)
{
	d->port = NULL;
	d->tunnel = NULL;
	d->several = f->all->n > 1;
	for (unsigned k = 0; k < f->all->n; k++)
		d->b[k].n = 0;
}

void deliver_flush(struct forwarder *f, struct delivery *d)
{
	for (unsigned k = 0; k < f->all->n; k++)
		if (d->b[k].n)
			(void)port_send_by(f, d->port, k, &d->b[k]);
}

/* A packet in clear, received by interface ifid, that a policy there protects:
 * counted, told, gone. False: none does, and it still belongs to the caller. */
static bool refuse_clear(struct forwarder *f, uint32_t ifid, const struct flow *fl, struct pkt *p)
{
	struct flow mirror = flow_mirror(fl);
	const struct spd_entry *e = spd_lookup_cached(&f->all->table.spd, &f->cache, ifid, &mirror);
	struct policy *pol;

	if (!e)
		return false;
	pol = e->state;
	pol_stats(f, pol)->recvd_clear++;
	event_recvd_clear(f, ifid, fl);
	fwd_drop(f, p, FWD_DROP_RECVD_CLEAR);
	return true;
}

/* The family of what that Ethertype says; IP_NONE: nothing that a tunnel carries. */
static uint8_t family_of(uint16_t gre_proto)
{
	return gre_proto == GRE_PROTO_IPV6				     ? IP_V6 :
	       gre_proto == GRE_PROTO_IPV4 || gre_proto == GRE_PROTO_PROBE ? IP_V4 :
									       IP_NONE;
}

/* What the inner packet is, with the congestion mark of the outer header on it
 * (RFC 6040). The reason for dropping it, or FWD_N_DROPS. */
static enum fwd_drop look_inside(struct pkt *p, const struct gre *g, uint8_t outer_tos)
{
	struct ip_view in;
	int tos;

	if (g->proto == GRE_PROTO_KEEPALIVE)
		return FWD_N_DROPS;
	if (!family_of(g->proto))
		return FWD_DROP_GRE_UNSUPPORTED;
	if (!ip_parse(p, false, &in) || in.family != family_of(g->proto))
		return FWD_DROP_MALFORMED_GRE;
	tos = tos_decap(outer_tos, in.tos);
	if (tos < 0)
		return FWD_DROP_ECN;
	ip_set_tos(p, in.family, (uint8_t)tos);
	return FWD_N_DROPS;
}

static void count_refused(const struct forwarder *f, struct tunnel *near, enum fwd_drop why)
{
	switch (why) {
	case FWD_DROP_GRE_KEY:
		tun_stats(f, near)->in_key_mismatch++;
		break;
	case FWD_DROP_GRE_CHECKSUM:
		tun_stats(f, near)->in_checksum++;
		break;
	case FWD_DROP_GRE_UNSUPPORTED:
		tun_stats(f, near)->in_unsupported++;
		break;
	case FWD_DROP_GRE_LATE:
		tun_stats(f, near)->in_late++;
		break;
	default:
		tun_stats(f, near)->in_errors++;
		break;
	}
}

/* RFC 2890 section 2.2: only what comes behind the last one is taken. A peer that was
 * started again counts from 0: what stayed "late" for so long is his. */
static bool in_sequence(struct tunnel *t, uint32_t seq, uint64_t now_ms)
{
	if (t->in_seq_ms && !gre_seq_after(seq, t->in_seq) && now_ms - t->in_seq_ms < SEQ_RESTART_MS)
		return false;
	t->in_seq = seq;
	t->in_seq_ms = now_ms;
	return true;
}

/* The reason for not taking it, or FWD_N_DROPS and p is the inner packet. */
static enum fwd_drop decapsulate(struct tunnel *t, struct pkt *p, const struct ip_view *h,
				 enum gre_result res, const struct gre *g, uint64_t now_ms)
{
	switch (res) {
	case GRE_MALFORMED:
		return FWD_DROP_MALFORMED_GRE;
	case GRE_BAD_CHECKSUM:
		return FWD_DROP_GRE_CHECKSUM;
	case GRE_UNSUPPORTED:
		return FWD_DROP_GRE_UNSUPPORTED;
	default:
		break;
	}
	if (!t)
		return FWD_DROP_GRE_KEY;
	if (!t->conf.up)
		return FWD_DROP_TUNNEL_DOWN;
	if (!t->port)
		return FWD_DROP_NO_TUNNEL;
	if (t->conf.sequence && g->has_seq && !in_sequence(t, g->seq, now_ms))
		return FWD_DROP_GRE_LATE;
	(void)pkt_pull(p, (size_t)h->header_len + g->header_len);
	return look_inside(p, g, h->tos);
}

/* The header behind the outer one; IP in IP has none, and its protocol says what it carries. */
static enum gre_result read_header(const struct pkt *p, const struct ip_view *h, struct gre *ret_g)
{
	if (h->proto != IPPROTO_GRE_) {
		*ret_g = (struct gre){ .proto = h->proto == IPPROTO_IPV6_ ? GRE_PROTO_IPV6 : GRE_PROTO_IPV4 };
		return GRE_OK;
	}
	return gre_decode(span_of(p->data + h->header_len, (size_t)p->len - h->header_len), ret_g);
}

/* An inner packet, of a tunnel that takes it. */
static void arrive(struct forwarder *f, struct delivery *d, struct tunnel *t,
		   const struct ip_view *outer, const struct gre *g, struct pkt *p)
{
	if (keepalive_take(f, t, outer, g, p))
		return;
	if (g->proto == GRE_PROTO_PROBE) {
		tun_stats(f, t)->in_unsupported++;
		fwd_drop(f, p, FWD_DROP_GRE_UNSUPPORTED);
		return;
	}
	if (t->dead) {
		tun_stats(f, t)->in_errors++;
		fwd_drop(f, p, FWD_DROP_TUNNEL_DOWN);
		return;
	}
	if (t->conf.adjust_mss)
		ip_clamp_mss(p, t->conf.adjust_mss);
	tun_stats(f, t)->in_packets++;
	tun_stats(f, t)->in_bytes += p->len;
	tun_slot(f, t)->last_in_ms = f->now_ms;
	deliver(f, d, t->port, p);
}

/* It should have come out of an SA, or out of another one. */
static void refuse_origin(struct forwarder *f, struct tunnel *t, const struct flow *fl, struct pkt *p)
{
	tun_stats(f, t)->in_errors++;
	if (t->policy)
		pol_stats(f, t->policy)->recvd_clear++;
	event_recvd_clear(f, t->conf.egress_ifid, fl);
	fwd_drop(f, p, FWD_DROP_RECVD_CLEAR);
}

/* Answers to keepalives go out by an SA, and what is known of the tunnel changes. */
static bool may_be_keepalive(const struct tunnel *t, const struct pkt *p, const struct ip_view *h,
			     const struct gre *g)
{
	size_t at = (size_t)h->header_len + g->header_len;
	struct ip_view in;

	if (!t)
		return false;
	if (g->proto == GRE_PROTO_KEEPALIVE || g->proto == GRE_PROTO_PROBE)
		return true;
	/* GRE of others within keeps its order */
	return at < p->len && ip4_peek(span_of(p->data + at, p->len - at), &in) &&
	       in.proto == IPPROTO_GRE_ && keepalive_is_ours(t, in.src);
}

bool gre_take(struct forwarder *f, struct delivery *d, struct pkt *p, const struct ip_view *h,
	      const struct flow *fl, const struct policy *from, bool in_clear)
{
	struct gre g = { 0 };
	struct tunnel *near, *t;
	enum gre_result res = read_header(p, h, &g);

	t = tunnel_by_ends(f, &fl->remote, &fl->local, encap_of(h), g.has_key, g.key, &near);
	if (!near)
		return false;
	/* it may have come in by another interface than it would leave by; that one was asked
	 * already */
	if (!protect_takes(t ? t : near, from, p)) {
		refuse_origin(f, t ? t : near, fl, p);
		return true;
	}
	if (in_clear && !near->conf.protect && near->conf.egress_ifid != p->ifindex &&
	    refuse_clear(f, near->conf.egress_ifid, fl, p)) {
		tun_stats(f, near)->in_errors++;
		return true;
	}
	if (f->beside && may_be_keepalive(t, p, h, &g)) {
		later_inner(f, p);
		return true;
	}
	enum fwd_drop why = decapsulate(t, p, h, res, &g, f->now_ms);
	if (why == FWD_N_DROPS) {
		arrive(f, d, t, h, &g, p);
		return true;
	}
	count_refused(f, t ? t : near, why);
	fwd_drop(f, p, why);
	return true;
}

void in_from_gre(struct forwarder *f, struct batch *b)
{
	struct delivery d;
	uint32_t ifindex = 0;
	bool in_clear = true, judged = true;

	deliver_init(f, &d);
	for (size_t i = 0; i < b->n; i++) {
		struct pkt *p = b->p[i];
		struct flow fl;
		struct ip_view h;

		/* what comes back from a steering TUN was reassembled out of an SA */
		if (p->ifindex != ifindex) {
			ifindex = p->ifindex;
			in_clear = !port_is_steering(f, ifindex);
			/* by a TunnelN: out of its SA, or not; gre_take() knows */
			judged = in_clear && !port_is_tunnel(f, ifindex);
		}
		if (!ip_parse(p, false, &h) || !is_tunnel_proto(h.proto) || ip_is_fragment(&h)) {
			fwd_drop(f, p, FWD_DROP_MALFORMED_IP);
			continue;
		}
		ip_flow(p, &h, &fl);
		if (judged && refuse_clear(f, p->ifindex, &fl, p))
			continue;
		if (!gre_take(f, &d, p, &h, &fl, NULL, in_clear))
			fwd_drop(f, p, FWD_DROP_NO_TUNNEL);
	}
	b->n = 0;
	deliver_flush(f, &d);
}
