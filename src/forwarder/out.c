/* SPDX-License-Identifier: Apache-2.0 */
/* Outbound: from a TunnelN or a steering TUN through the SPD. A packet that a
 * policy protects never leaves without an SA: it waits, or it is dropped (the
 * third lock of docs/architecture.md). */
#include "forwarder/internal.h"

#include "packet/ip.h"

struct sa *out_pick_sa(const struct forwarder *f, struct policy *pol, const struct flow *fl)
{
	for (struct sa *sa = pol->out; sa; sa = sa->next)
		if (SA_TAKES(sa, f->beside) && selector_has(&sa->spec.sel, fl))
			return sa;
	return NULL;
}

void out_by_policy(struct forwarder *f, struct policy *pol, const struct flow *fl,
		   const struct ip_view *h, struct pkt *p)
{
	struct sa *sa = out_pick_sa(f, pol, fl);

	if (sa)
		esp_out_add(f, sa, h, p);
	else if (f->beside)
		later_out(f, pol, p);
	else
		wait_for_sa(f, pol, fl, p);
}

/* A packet that is about to leave. What is of our own making may be cut if it is to be. */
static bool out_parse(struct pkt *p, struct ip_view *ret_h)
{
	if (!ip_parse(p, false, ret_h))
		return false;
	if (p->own_cut)
		ret_h->frag &= (uint16_t)~IP4_DF;
	return true;
}

void out_again(struct forwarder *f, struct policy *pol, struct pkt *p)
{
	struct flow fl;
	struct ip_view h;

	if (out_parse(p, &h)) {
		ip_flow(p, &h, &fl);
		out_by_policy(f, pol, &fl, &h, p);
	} else {
		fwd_drop(f, p, FWD_DROP_MALFORMED_IP);
	}
}

void out_release(struct forwarder *f, struct policy *pol)
{
	struct pkt *p = wait_take_all(f, pol);

	while (p) {
		struct pkt *next = p->next;

		p->next = NULL;
		out_again(f, pol, p);
		p = next;
	}
	esp_out_flush(f);
}

/* The SA that the slot's flow goes by; NULL if there is none. What the slot says counts as
 * long as no SA has come or gone. */
static inline struct sa *sa_of_slot(const struct forwarder *f, struct spd_slot *slot, struct policy *pol)
{
	struct sa *sa = slot->sa;
	struct flow fl;

	if (sa && slot->sa_generation == f->all->sa_generation && SA_TAKES(sa, f->beside))
		return sa;
	ip_key_flow(&slot->key, &fl);
	slot->sa = out_pick_sa(f, pol, &fl);
	slot->sa_generation = f->all->sa_generation;
	return slot->sa;
}

/* One packet against the SPD of the interface. False: no policy takes it, and it
 * still belongs to the caller. */
static inline bool protect(struct forwarder *f, uint32_t ifid, struct pkt *p, const struct ip_view *h)
{
	struct spd_slot *slot;
	struct policy *pol;
	struct ip_key key;
	struct flow fl;
	struct sa *sa;

	ip_key(p, h, &key);
	slot = spd_slot_of(&f->all->table.spd, &f->cache, ifid, &key);
	if (slot->hit == SPD_NONE)
		return false;
	pol = f->all->table.spd.v[slot->hit].state;
	pol_stats(f, pol)->matches++;
	if (pol->acl_out && !access_lets(f, pol->acl_out, ifid, p)) {
		pol_stats(f, pol)->access_out++;
		pol_stats(f, pol)->send_errors++;
		fwd_drop(f, p, FWD_DROP_ACCESS);
		return true;
	}
	sa = sa_of_slot(f, slot, pol);
	if (sa) {
		esp_out_add(f, sa, h, p);
	} else if (f->beside) {
		later_out(f, pol, p);
	} else {
		ip_key_flow(&key, &fl);
		wait_for_sa(f, pol, &fl, p);
	}
	return true;
}

void out_anew(struct forwarder *f, struct policy *pol, uint32_t ifid, struct pkt *p)
{
	const struct tunnel *t = pol && pol->in_table ? (pol->vti ? pol->vti : pol->gre) : NULL;
	struct ip_view h;

	if (!out_parse(p, &h))
		fwd_drop(f, p, FWD_DROP_MALFORMED_IP);
	else if (t && t->conf.up) /* it may leave by nothing else */
		out_again(f, pol, p);
	else if (t || !protect(f, ifid, p, &h))
		fwd_drop(f, p, t ? FWD_DROP_TUNNEL_DOWN : FWD_DROP_NO_POLICY);
}

/* The same for most packets: IPv4, of a flow whose SA is known, whole and without an access
 * list. False: it is another, and nothing has happened. */
static inline bool protect_known(struct forwarder *f, uint32_t ifid, struct pkt *p)
{
	const uint8_t *b = ip4_sane(span_of(p->data, p->len));
	struct spd_slot *slot;
	struct policy *pol;
	struct ip_key key;
	struct sa *sa;

	if (!b || be16_at(b + 2) > p->len)
		return false;
	ip_key4(b, be16_at(b + 2), &key);
	slot = spd_slot_known(&f->all->table.spd, spd_slot_at(&f->cache, ifid, &key), ifid, &key);
	sa = slot ? slot->sa : NULL;
	if (!sa || slot->sa_generation != f->all->sa_generation || !SA_TAKES(sa, f->beside) ||
	    sa->spec.mode != MODE_TUNNEL || be16_at(b + 2) > sa->plain_mtu)
		return false;
	pol = sa->owner;
	if (pol->acl_out)
		return false;
	pol_stats(f, pol)->matches++;
	p->len = be16_at(b + 2);
	esp_out_emit(f, sa, p);
	return true;
}

void out_from_steering(struct forwarder *f, uint32_t ifid, struct batch *b)
{
	ahead_out(f, ifid, b);
	for (size_t i = 0; i < b->n; i++) {
		struct ip_view h;

		if (protect_known(f, ifid, b->p[i]))
			continue;
		if (!ip_parse(b->p[i], false, &h))
			fwd_drop(f, b->p[i], FWD_DROP_MALFORMED_IP);
		else if (!protect(f, ifid, b->p[i], &h))
			fwd_drop(f, b->p[i], FWD_DROP_NO_POLICY);
	}
	b->n = 0;
	esp_out_flush(f);
}

/* ---- tunnels ---- */

/* Whether the tunnel carries packets of that family. */
static bool carries(const struct fwd_tunnel *c, uint8_t family)
{
	switch ((enum fwd_tunnel_encap)c->encap) {
	case FWD_ENCAP_IPIP:
		return family == IP_V4 && c->src.family == IP_V4;
	case FWD_ENCAP_IPV6IP:
		return family == IP_V6 && c->src.family == IP_V4;
	case FWD_ENCAP_IPV6:
		return c->src.family == IP_V6;
	case FWD_ENCAP_GRE:
		return true;
	}
	return false;
}

/* What the inner packet is. The reason for dropping it, or FWD_N_DROPS. */
static enum fwd_drop look_inside(const struct fwd_tunnel *c, struct pkt *p, struct ip_view *ret_in)
{
	if (!ip_parse(p, false, ret_in))
		return FWD_DROP_MALFORMED_IP;
	if (!carries(c, ret_in->family))
		return FWD_DROP_GRE_UNSUPPORTED;
	/* the route to the tunnel's end leads into the tunnel */
	if (ip_goes_to(p->data, ret_in, &c->dst))
		return FWD_DROP_RECURSION;
	if (c->adjust_mss)
		ip_clamp_mss(p, c->adjust_mss);
	return FWD_N_DROPS;
}

/* `tunnel tos` sets the DSCP. The congestion bits are the inner packet's in any case
 * (RFC 6040 section 4.1): a mark on what cannot say so would be lost. */
static uint8_t outer_tos(const struct fwd_tunnel *c, uint8_t inner)
{
	return c->tos == 0xff ? tos_encap(inner) : (uint8_t)((c->tos & ~3) | (tos_encap(inner) & 3));
}

/* Whether what is around the inner packet may not be cut. Over IPv4 that is what `tunnel
 * path-mtu-discovery` says outside; over IPv6 nobody but us could cut it, and we do not for
 * IPv6 that can be smaller (RFC 2473 section 7.1), nor where path MTU discovery asks. */
static bool outer_df(const struct fwd_tunnel *c, const struct ip_view *in)
{
	if (in->family == IP_V6)
		return in->total_len > IP6_LEAST_MTU && (c->pmtud || c->src.family == IP_V6);
	return c->pmtud && in->frag & IP4_DF;
}

static void write_outer(const struct forwarder *f, struct tunnel *t, struct pkt *p, struct ip_view *h)
{
	const struct fwd_tunnel *c = &t->conf;

	h->family = c->src.family;
	h->header_len = (uint16_t)ip_header_of(h->family);
	h->ttl = c->ttl;
	h->total_len = (uint16_t)p->len;
	if (h->family == IP_V6) {
		h->next_at = 6;
		p->own_cut = !(h->frag & IP4_DF);
		ip6_write(p->data, h, &c->src, &c->dst);
		return;
	}
	h->id = tun_next_ip_id(f, t);
	h->next_at = 9;
	h->src = ipaddr_to_v4(&c->src);
	h->dst = ipaddr_to_v4(&c->dst);
	ip4_write(p->data, h);
}

enum fwd_drop out_encapsulate(const struct forwarder *f, struct tunnel *t, struct pkt *p,
			      struct ip_view *ret_outer)
{
	const struct fwd_tunnel *c = &t->conf;
	struct gre g = { .has_checksum = c->checksum, .has_key = c->has_key, .key = c->key,
			 .has_seq = c->sequence, .seq = t->out_seq };
	bool gre = c->encap == FWD_ENCAP_GRE;
	size_t ip = ip_header_of(c->src.family), header = ip + (gre ? gre_header_len(&g) : 0);
	enum fwd_drop why = FWD_DROP_TUNNEL_DOWN;
	struct ip_view in;

	/* without an egress no SPD says whether it may leave in clear */
	if (c->up && c->egress_ifid && c->src.family && c->src.family == c->dst.family)
		why = look_inside(c, p, &in);
	if (why != FWD_N_DROPS)
		return why;
	uint8_t *at = pkt_push(p, header);
	if (!at || p->len > UINT16_MAX)
		return FWD_DROP_NO_BUFFER;
	g.proto = in.family == IP_V6 ? GRE_PROTO_IPV6 : GRE_PROTO_IPV4;
	if (gre)
		gre_write(at + ip, p->len - ip, &g);
	p->tunnel_head = (uint8_t)header;
	if (c->sequence)
		t->out_seq++;
	*ret_outer = (struct ip_view){ .frag = outer_df(c, &in) ? IP4_DF : 0,
				       .tos = outer_tos(c, in.tos),
				       .proto = gre ? IPPROTO_GRE_ : ip_proto_of(in.family) };
	write_outer(f, t, p, ret_outer);
	return FWD_N_DROPS;
}

void out_by_tunnel(struct forwarder *f, struct tunnel *t, struct pkt *p, const struct ip_view *outer)
{
	struct fport *raw = raw_port(f, outer->family);
	struct batch clear = { 0 };

	if (!protect_out(f, t, p, outer) && !protect(f, t->conf.egress_ifid, p, outer))
		send_cut(f, raw, &clear, p, pmtu_of_tunnel(t));
	esp_out_flush(f);
	port_send(f, raw, &clear);
}

void out_from_tunnel(struct forwarder *f, struct tunnel *t, struct batch *b)
{
	struct fport *raw = raw_port(f, t->conf.src.family);
	size_t mtu = pmtu_of_tunnel(t);
	struct batch clear = { 0 };
	struct gre_usual usual;

	gre_usual_begin(f, t, &usual);
	for (size_t i = 0; i < b->n; i++) {
		struct pkt *p = b->p[i];

		if (usual.sa && gre_usual_out(f, t, &usual, p))
			continue;
		struct ip_view outer;
		enum fwd_drop why =
			t->dead ? FWD_DROP_TUNNEL_DOWN : out_encapsulate(f, t, p, &outer);

		if (why != FWD_N_DROPS) {
			tun_stats(f, t)->out_drops++;
			fwd_drop(f, p, why);
			continue;
		}
		tun_stats(f, t)->out_packets++;
		tun_stats(f, t)->out_bytes += p->len - p->tunnel_head;
		tun_slot(f, t)->last_out_ms = f->now_ms;
		if (protect_out(f, t, p, &outer) || protect(f, t->conf.egress_ifid, p, &outer))
			continue;
		if (outer.frag & IP4_DF && p->len > mtu) {
			tun_stats(f, t)->out_too_big++;
			answer_too_big(f, t, p, mtu);
		} else {
			send_cut(f, raw, &clear, p, mtu);
		}
	}
	b->n = 0;
	esp_out_flush(f);
	port_send(f, raw, &clear);
}
