/* SPDX-License-Identifier: Apache-2.0 */
/* Outbound: from a TunnelN or a steering TUN through the SPD. A packet that a
 * policy protects never leaves without an SA: it waits, or it is dropped (the
 * third lock of docs/architecture.md). */
#include "forwarder/internal.h"

#include "packet/ip6.h"

/* The newest usable SA of the policy whose selectors take the flow. */
static struct sa *pick_sa(struct policy *pol, const struct flow *fl)
{
	for (struct sa *sa = pol->out; sa; sa = sa->next)
		if (!sa->dead && !sa_is_exhausted(sa) && selector_has(&sa->spec.sel, fl))
			return sa;
	return NULL;
}

void out_by_policy(struct forwarder *f, struct policy *pol, const struct flow *fl,
		   const struct ip4 *h, struct pkt *p)
{
	struct sa *sa = pick_sa(pol, fl);

	if (sa)
		esp_out_add(f, sa, h, p);
	else
		wait_for_sa(f, pol, fl, p);
}

void out_release(struct forwarder *f, struct policy *pol)
{
	struct pkt *p = wait_take_all(f, pol);

	while (p) {
		struct pkt *next = p->next;
		struct flow fl;
		struct ip4 h;

		p->next = NULL;
		if (ip4_parse(p, false, &h)) {
			ip4_flow(p, &h, &fl);
			out_by_policy(f, pol, &fl, &h, p);
		} else {
			fwd_drop(f, p, FWD_DROP_MALFORMED_IP);
		}
		p = next;
	}
	esp_out_flush(f);
}

/* One packet against the SPD of the interface. False: no policy takes it, and it
 * still belongs to the caller. */
static bool protect(struct forwarder *f, uint32_t ifid, struct pkt *p, const struct ip4 *h)
{
	const struct spd_entry *e;
	struct policy *pol;
	struct flow fl;

	ip4_flow(p, h, &fl);
	e = spd_lookup_cached(&f->table.spd, &f->cache, ifid, &fl);
	if (!e)
		return false;
	pol = e->state;
	pol->stats.matches++;
	if (pol->acl_out && !access_lets(f, pol->acl_out, ifid, p)) {
		pol->stats.access_out++;
		pol->stats.send_errors++;
		fwd_drop(f, p, FWD_DROP_ACCESS);
		return true;
	}
	out_by_policy(f, pol, &fl, h, p);
	return true;
}

void out_from_steering(struct forwarder *f, uint32_t ifid, struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		struct ip4 h;

		if (!ip4_parse(b->p[i], false, &h))
			fwd_drop(f, b->p[i], FWD_DROP_MALFORMED_IP);
		else if (!protect(f, ifid, b->p[i], &h))
			fwd_drop(f, b->p[i], FWD_DROP_NO_POLICY);
	}
	b->n = 0;
	esp_out_flush(f);
}

/* ---- tunnels ---- */

/* What the GRE header says of the inner packet and the outer header takes from it.
 * The reason for dropping it, or FWD_N_DROPS. */
static enum fwd_drop look_inside(const struct fwd_tunnel *c, struct pkt *p, struct gre *g,
				 uint8_t *ret_tos)
{
	struct ip4 in;

	if (ip6_has_header(p)) {
		g->proto = GRE_PROTO_IPV6;
		*ret_tos = ip6_tos(p);
		return c->encap == FWD_ENCAP_GRE ? FWD_N_DROPS : FWD_DROP_GRE_UNSUPPORTED;
	}
	g->proto = GRE_PROTO_IPV4;
	if (!ip4_parse(p, false, &in))
		return FWD_DROP_MALFORMED_IP;
	/* the route to the tunnel's end leads into the tunnel */
	if (in.dst == ipaddr_to_v4(&c->dst))
		return FWD_DROP_RECURSION;
	*ret_tos = in.tos;
	if (c->adjust_mss)
		ip4_clamp_mss(p, c->adjust_mss);
	return FWD_N_DROPS;
}

/* `tunnel tos` sets the DSCP. The congestion bits are the inner packet's in any case
 * (RFC 6040 section 4.1): a mark on what cannot say so would be lost. */
static uint8_t outer_tos(const struct fwd_tunnel *c, uint8_t inner)
{
	return c->tos == 0xff ? tos_encap(inner) : (uint8_t)((c->tos & ~3) | (tos_encap(inner) & 3));
}

/* Whether nobody may cut what is inside: `tunnel path-mtu-discovery` says so outside. */
static bool inner_df(const struct pkt *p)
{
	return p->len >= IP4_HEADER && p->data[0] >> 4 == 4 && p->data[6] & IP4_DF >> 8;
}

enum fwd_drop out_encapsulate(struct tunnel *t, struct pkt *p, struct ip4 *ret_outer)
{
	const struct fwd_tunnel *c = &t->conf;
	struct gre g = { .has_checksum = c->checksum, .has_key = c->has_key, .key = c->key,
			 .has_seq = c->sequence, .seq = t->out_seq };
	bool gre = c->encap == FWD_ENCAP_GRE;
	uint8_t inner_tos;
	enum fwd_drop why = FWD_DROP_TUNNEL_DOWN;

	/* without an egress no SPD says whether it may leave in clear */
	if (c->up && c->egress_ifid)
		why = look_inside(c, p, &g, &inner_tos);
	if (why != FWD_N_DROPS)
		return why;
	bool df = c->pmtud && inner_df(p);
	size_t header = (gre ? gre_header_len(&g) : 0) + IP4_HEADER;
	uint8_t *at = pkt_push(p, header);
	if (!at || p->len > UINT16_MAX)
		return FWD_DROP_NO_BUFFER;
	if (gre)
		gre_write(at + IP4_HEADER, p->len - IP4_HEADER, &g);
	p->tunnel_head = (uint8_t)header;
	if (c->sequence)
		t->out_seq++;
	if (++t->ip_id == 0)
		t->ip_id = 1;
	*ret_outer = (struct ip4){ .header_len = IP4_HEADER, .ttl = c->ttl, .id = t->ip_id,
				   .frag = df ? IP4_DF : 0, .tos = outer_tos(c, inner_tos),
				   .proto = gre ? IPPROTO_GRE_ : IPPROTO_IPIP_,
				   .total_len = (uint16_t)p->len, .src = ipaddr_to_v4(&c->src),
				   .dst = ipaddr_to_v4(&c->dst) };
	ip4_write(at, ret_outer);
	return FWD_N_DROPS;
}

void out_by_tunnel(struct forwarder *f, struct tunnel *t, struct pkt *p, const struct ip4 *outer)
{
	struct fport *raw = f->by_kind[FWD_PORT_GRE];
	struct batch clear = { 0 };

	if (!protect_out(f, t, p, outer) && !protect(f, t->conf.egress_ifid, p, outer))
		send_cut(f, raw, &clear, p, pmtu_of_tunnel(t));
	esp_out_flush(f);
	port_send(f, raw, &clear);
}

void out_from_tunnel(struct forwarder *f, struct tunnel *t, struct batch *b)
{
	struct fport *gre = f->by_kind[FWD_PORT_GRE];
	size_t mtu = pmtu_of_tunnel(t);
	struct batch clear = { 0 };

	for (size_t i = 0; i < b->n; i++) {
		struct pkt *p = b->p[i];
		uint32_t inner_len = p->len;
		struct ip4 outer;
		enum fwd_drop why =
			t->dead ? FWD_DROP_TUNNEL_DOWN : out_encapsulate(t, p, &outer);

		if (why != FWD_N_DROPS) {
			t->stats.out_drops++;
			fwd_drop(f, p, why);
			continue;
		}
		t->stats.out_packets++;
		t->stats.out_bytes += inner_len;
		t->last_out_ms = f->now_ms;
		if (protect_out(f, t, p, &outer) || protect(f, t->conf.egress_ifid, p, &outer))
			continue;
		if (outer.frag & IP4_DF && p->len > mtu) {
			t->stats.out_too_big++;
			answer_too_big(f, p, mtu);
		} else {
			send_cut(f, gre, &clear, p, mtu);
		}
	}
	b->n = 0;
	esp_out_flush(f);
	port_send(f, gre, &clear);
}
