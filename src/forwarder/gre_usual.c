/* SPDX-License-Identifier: Apache-2.0 */
/* The usual packets of a GRE tunnel under an SA: IPv4 in IPv4, without checksum and sequence
 * number. All that leave by a tunnel have the same outer addresses, and so the same policy and
 * SA: these are looked up once a batch. What is anything else goes the long way (out.c,
 * gre_in.c), and nothing has happened to it here. */
#include "forwarder/internal.h"

enum { GRE_PLAIN = GRE_PROTO_IPV4, GRE_KEYED = 0x2000 << 16 | GRE_PROTO_IPV4 };

/* The SA that the tunnel's packets go by; NULL if there is none, or they are looked at one
 * by one. */
static struct sa *sa_of_tunnel(struct forwarder *f, const struct tunnel *t)
{
	struct flow fl = { .local = t->conf.src, .remote = t->conf.dst, .proto = IPPROTO_GRE_ };
	struct policy *pol = t->policy;
	const struct spd_entry *e;

	if (!t->conf.protect && !t->closed) {
		e = spd_lookup_cached(&f->all->table.spd, &f->cache, t->conf.egress_ifid, &fl);
		pol = e ? e->state : NULL;
		if (pol && pol->acl_out)
			return NULL;
	}
	return pol ? out_pick_sa(f, pol, &fl) : NULL;
}

void gre_usual_begin(struct forwarder *f, struct tunnel *t, struct gre_usual *ret_u)
{
	const struct fwd_tunnel *c = &t->conf;
	struct gre_usual u = { .head = IP4_HEADER + (c->has_key ? 8 : 4) };

	if (c->up && !t->dead && c->egress_ifid && c->src.family == IP_V4 && c->dst.family == IP_V4 &&
	    c->encap == FWD_ENCAP_GRE && !c->vti && !c->checksum && !c->sequence)
		u.sa = sa_of_tunnel(f, t);
	if (u.sa) {
		u.src = ipaddr_to_v4(&c->src);
		u.dst = ipaddr_to_v4(&c->dst);
	}
	*ret_u = u;
}

static inline void write_heads(const struct forwarder *f, struct tunnel *t, const struct gre_usual *u, uint8_t *at, uint32_t len)
{
	const struct fwd_tunnel *c = &t->conf;
	const uint8_t *in = at + u->head;
	struct ip_view h = { .ttl = c->ttl, .proto = IPPROTO_GRE_, .total_len = (uint16_t)len,
			     .src = u->src, .dst = u->dst };

	h.tos = (uint8_t)(c->tos == 0xff ? in[1] : (c->tos & ~3) | (in[1] & 3));
	h.frag = (uint16_t)(c->pmtud ? be16_at(in + 6) & IP4_DF : 0);
	h.id = tun_next_ip_id(f, t);
	ip4_write(at, &h);
	wr_put_be32(at + IP4_HEADER, c->has_key ? GRE_KEYED : GRE_PLAIN);
	if (c->has_key)
		wr_put_be32(at + IP4_HEADER + 4, c->key);
}

bool gre_usual_out(struct forwarder *f, struct tunnel *t, const struct gre_usual *u, struct pkt *p)
{
	const uint8_t *b = ip4_sane(span_of(p->data, p->len));
	uint32_t len = b ? be16_at(b + 2) : 0;
	struct policy *pol;

	/* the route to the tunnel's end may lead into the tunnel */
	if (!b || len > p->len || be32_at(b + 16) == u->dst || len + u->head > u->sa->plain_mtu ||
	    pkt_headroom(p) < u->head || !SA_TAKES(u->sa, f->beside))
		return false;
	p->len = len;
	if (t->conf.adjust_mss)
		ip_clamp_mss(p, t->conf.adjust_mss);
	p->data -= u->head;
	p->len += u->head;
	write_heads(f, t, u, p->data, p->len);
	p->tunnel_head = u->head;
	tun_stats(f, t)->out_packets++;
	tun_stats(f, t)->out_bytes += len;
	tun_slot(f, t)->last_out_ms = f->now_ms;
	pol = u->sa->owner;
	pol_stats(f, pol)->matches++;
	esp_out_emit(f, u->sa, p);
	return true;
}

/* ---- in ---- */

/* The tunnel that takes what comes out of from's SAs with that outer header; NULL: none, or
 * its packets are looked at one by one. */
static struct tunnel *tunnel_of(struct forwarder *f, const struct policy *from, const struct pkt *p,
				bool has_key, uint32_t key)
{
	struct ipaddr src = ipaddr_v4(be32_at(p->data + 12)), dst = ipaddr_v4(be32_at(p->data + 16));
	struct tunnel *near, *t = tunnel_by_ends(f, &dst, &src, FWD_ENCAP_GRE, has_key, key, &near);

	return t && t->conf.up && t->port && !t->dead && !t->conf.sequence &&
			       protect_takes(t, from, p) ?
		       t :
		       NULL;
}

/* Offset of the inner packet of p if it has the tunnel's header; 0: it has not. */
static inline size_t inner_of(const struct tunnel *t, const struct pkt *p)
{
	uint32_t word = be32_at(p->data + IP4_HEADER);

	if (t->conf.has_key)
		return word == GRE_KEYED && be32_at(p->data + IP4_HEADER + 4) == t->conf.key ?
			       IP4_HEADER + 8 :
			       0;
	return word == GRE_PLAIN ? IP4_HEADER + 4 : 0;
}

/* p, of len bytes from now on, is the inner packet of an outer one with that TOS. */
static bool take(struct forwarder *f, struct delivery *d, struct tunnel *t, struct pkt *p,
		 size_t head, uint8_t outer_tos)
{
	const uint8_t *in = ip4_sane(span_of(p->data + head, p->len - head));
	int tos;

	/* GRE within GRE may be a keepalive */
	if (!in || be16_at(in + 2) > p->len - head || in[9] == IPPROTO_GRE_)
		return false;
	tos = tos_decap(outer_tos, in[1]);
	if (tos < 0)
		return false;
	p->data += head;
	p->len = be16_at(in + 2);
	ip4_set_tos(p, (uint8_t)tos);
	if (t->conf.adjust_mss)
		ip_clamp_mss(p, t->conf.adjust_mss);
	tun_stats(f, t)->in_packets++;
	tun_stats(f, t)->in_bytes += p->len;
	tun_slot(f, t)->last_in_ms = f->now_ms;
	deliver(f, d, t->port, p);
	return true;
}

bool gre_usual_in(struct forwarder *f, struct delivery *d, const struct policy *from, struct pkt *p)
{
	const uint8_t *b = p->data;
	uint64_t addrs;
	size_t head;

	if (p->len < IP4_HEADER + 8 + IP4_HEADER || b[0] != 0x45 || b[9] != IPPROTO_GRE_ ||
	    be16_at(b + 6) & (IP4_MF | IP4_OFF_MASK))
		return false;
	memcpy(&addrs, b + 12, sizeof(addrs));
	if (!d->tunnel || d->from != from || d->addrs != addrs) {
		d->tunnel = tunnel_of(f, from, p, be32_at(b + IP4_HEADER) == GRE_KEYED,
				      be32_at(b + IP4_HEADER + 4));
		d->from = from;
		d->addrs = addrs;
	}
	head = d->tunnel ? inner_of(d->tunnel, p) : 0;
	return head && take(f, d, d->tunnel, p, head, b[1]);
}
