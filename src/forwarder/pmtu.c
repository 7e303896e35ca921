/* SPDX-License-Identifier: Apache-2.0 */
/* Path MTU: what ICMP "fragmentation needed" says of the packets that we sent (RFC 1191,
 * RFC 4301 section 8.2), and for how long it is believed.
 *
 * Such a message is not authenticated. What it quotes must be a packet of ours: its
 * addresses, and the SPI of an SA in use with a sequence number that was sent, which
 * somebody off the path does not know. It only ever makes a path narrower, never below
 * a floor, and counts for the SAs of that policy to that peer alone. A GRE tunnel in
 * clear has no such secret: over IPv4 it learns only if `tunnel path-mtu-discovery` asks.
 * The kernel's own opinion is not asked, since it asks for less.
 *
 * Timer: what was learned is forgotten after PMTU_AGE_MS (RFC 1191 section 6.3), or
 * after the tunnel's age-timer. */
#include "forwarder/internal.h"

#include "packet/gre.h"

#define PMTU_AGE_MS (10 * 60 * 1000)
#define PMTU_FLOOR  576 /* RFC 791: what every host takes; below, routers may cut */
#define PMTU_FOREVER UINT64_MAX
#define ICMP_HEADER 8

/* ---- what is in force ---- */

/* A router on an IPv6 path cuts nothing: who does not listen sends into a hole. What can be
 * made up costs little, since IPv6's floor is high (RFC 2473 section 6.7). */
bool pmtu_is_learned(const struct fwd_tunnel *c)
{
	return c->pmtud || c->src.family == IP_V6;
}

static uint16_t in_force(uint32_t configured, const struct learned_path *l)
{
	return (uint16_t)(l->mtu && l->mtu < configured ? l->mtu : configured);
}

/* Every link of IPv6 carries that much (RFC 8200 section 5). */
static uint16_t at_least(uint8_t family, uint16_t mtu)
{
	return family == IP_V6 && mtu < IP6_LEAST_MTU ? IP6_LEAST_MTU : mtu;
}

uint16_t pmtu_of_policy(const struct policy *pol)
{
	return in_force(pol->path_mtu, &pol->learned);
}

uint16_t pmtu_of_tunnel(const struct tunnel *t)
{
	return at_least(t->conf.src.family,
			in_force(t->conf.path_mtu ? t->conf.path_mtu : DEFAULT_PATH_MTU, &t->learned));
}

void pmtu_apply(struct policy *pol)
{
	for (struct sa *sa = pol->out; sa; sa = sa->next) {
		bool known = pol->learned.mtu && ipaddr_equal(&pol->learned.dst, &sa->spec.dst);

		sa->df_bit = (uint8_t)(pol->df_bit + 1);
		sa->df_off = known && pol->learned.too_narrow;
		sa_set_path(sa, known ? pmtu_of_policy(pol) : (uint16_t)pol->path_mtu);
	}
}

/* ---- learning ---- */

/* What one message says. */
struct notice {
	struct ip_view quoted; /* the header of the packet that did not fit */
	struct ipaddr src, dst; /* its addresses */
	struct span rest;  /* as much of what followed it as was sent back */
	uint32_t mtu;
};

/* Old routers do not say (RFC 1191 section 5): the next of its table below the packet. */
static uint32_t plateau_below(uint32_t len)
{
	static const uint16_t plateaus[] = { 32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296 };

	for (size_t i = 0; i < sizeof(plateaus) / sizeof(plateaus[0]); i++)
		if (plateaus[i] < len)
			return plateaus[i];
	return 68;
}

/* What was sent back; the error goes to whoever sent what it quotes. */
static bool read_quote(struct span quote, const struct ipaddr *to, struct notice *n)
{
	if (!ip_peek(quote, &n->quoted) || n->quoted.frag & IP4_OFF_MASK || quote.len < n->quoted.header_len)
		return false;
	n->src = ip_src(quote.p, &n->quoted);
	n->dst = ip_dst(quote.p, &n->quoted);
	n->rest = span_of(quote.p + n->quoted.header_len, quote.len - n->quoted.header_len);
	return n->quoted.family == to->family && ipaddr_equal(&n->src, to);
}

/* "Fragmentation needed" (RFC 1191 section 4). */
static bool read_icmp4(struct span icmp, struct notice *n, struct span *ret_quote)
{
	struct rd r = rd_span(icmp);

	if (icmp.len < ICMP_HEADER || ip_checksum(icmp.p, icmp.len) != 0 || rd_be16(&r) != 0x0304)
		return false;
	rd_skip(&r, 4);
	n->mtu = rd_be16(&r);
	*ret_quote = rd_take(&r, rd_left(&r));
	return !r.bad;
}

/* "Packet too big" (RFC 4443 section 3.2). One that asks for less than every link carries is
 * not listened to (RFC 8201 section 4). */
static bool read_icmp6(const struct pkt *p, struct span icmp, struct notice *n, struct span *ret_quote)
{
	struct ipaddr src = ip6_src(p->data), dst = ip6_dst(p->data);
	uint64_t sum = ip6_pseudo_sum(&src, &dst, icmp.len, IPPROTO_ICMPV6_);
	struct rd r = rd_span(icmp);

	if (icmp.len < ICMP_HEADER)
		return false;
	sum += (uint16_t)~ip_checksum(icmp.p, icmp.len);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	if (sum != 0xffff || rd_u8(&r) != 2)
		return false;
	rd_skip(&r, 3);
	n->mtu = rd_be32(&r);
	*ret_quote = rd_take(&r, rd_left(&r));
	return !r.bad && n->mtu >= IP6_LEAST_MTU;
}

/* False if the message is none, is damaged, or cannot be about a packet of ours. */
static bool read_notice(struct pkt *p, struct notice *ret)
{
	struct notice n = { .mtu = 0 };
	struct ip_view h;
	struct span quote;

	if (!ip_parse(p, true, &h) || ip_is_fragment(&h) ||
	    h.proto != (h.family == IP_V6 ? IPPROTO_ICMPV6_ : IPPROTO_ICMP_))
		return false;
	struct ipaddr to = ip_dst(p->data, &h);
	struct span icmp = span_of(p->data + h.header_len, (size_t)p->len - h.header_len);
	if (!(h.family == IP_V6 ? read_icmp6(p, icmp, &n, &quote) : read_icmp4(icmp, &n, &quote)) ||
	    !read_quote(quote, &to, &n))
		return false;
	if (!n.mtu)
		n.mtu = plateau_below(n.quoted.total_len);
	*ret = n;
	return n.mtu < n.quoted.total_len;
}

/* Narrows l, or, if it is as narrow, believes it anew. */
static void narrow(struct forwarder *f, struct learned_path *l, uint32_t now_in_force, uint32_t mtu,
		   uint32_t least, uint64_t until_ms)
{
	bool too_narrow = mtu < least;

	if (too_narrow)
		mtu = least;
	if (mtu > now_in_force || (mtu == now_in_force && !too_narrow && l->mtu != mtu))
		return;
	l->mtu = (uint16_t)mtu;
	l->too_narrow |= too_narrow;
	l->until_ms = until_ms;
	f->all->paths_learned = true;
}

/* The outermost number of a packet; of extended ones its lower half is sent. */
static bool was_sent(const struct sa *sa, uint32_t seq)
{
	if (sa->has_ah)
		return seq && seq <= sa->ah->seq;
	return sa->seq_high || (seq && seq <= sa->seq);
}

static void about_sa(struct forwarder *f, const struct notice *n, uint8_t proto, struct span packet)
{
	struct rd r = rd_span(packet);
	struct sa *sa;

	if (proto == PROTO_AH)
		rd_skip(&r, 4);
	uint32_t spi = rd_be32(&r);
	if (r.bad || !spi)
		return;
	/* RFC 792 sends back eight bytes at least: of AH no sequence number is among them */
	uint32_t seq = rd_be32(&r);
	sa = sad_outbound(&f->all->sad, proto, spi, &n->src, &n->dst);
	if (!sa || (!r.bad && !was_sent(sa, seq)) || (r.bad && proto != PROTO_AH))
		return;
	struct policy *pol = sa->owner;
	struct learned_path *l = &pol->learned;

	if (l->mtu && !ipaddr_equal(&l->dst, &n->dst)) /* of a peer who is not used any more */
		*l = (struct learned_path){ 0 };
	l->dst = n->dst;
	narrow(f, l, pmtu_of_policy(pol), n->mtu, at_least(n->src.family, PMTU_FLOOR),
	       f->now_ms + PMTU_AGE_MS);
	pmtu_apply(pol);
}

static void about_udp(struct forwarder *f, const struct notice *n)
{
	struct rd r = rd_span(n->rest);
	struct span packet;

	rd_skip(&r, ESP_UDP_HEADER);
	packet = rd_take(&r, rd_left(&r));
	if (!r.bad)
		about_sa(f, n, PROTO_ESP, packet);
}

/* A protected tunnel sends nothing in clear that a router could complain of. */
static void about_tunnel(struct forwarder *f, const struct notice *n)
{
	bool gre = n->quoted.proto == IPPROTO_GRE_;
	struct rd r = rd_span(n->rest);
	uint16_t flags = gre ? rd_be16(&r) : 0;
	bool has_key = flags & 0x2000;
	struct tunnel *t, *near;

	if (gre)
		rd_skip(&r, 2 + (flags & 0x8000 ? 4u : 0u));
	uint32_t key = has_key ? rd_be32(&r) : 0;
	if (r.bad)
		return;
	t = tunnel_by_ends(f, &n->src, &n->dst, encap_of(&n->quoted), has_key, key, &near);
	if (!t || t->conf.protect || !pmtu_is_learned(&t->conf))
		return;
	uint64_t until = t->conf.pmtu_age_min ? f->now_ms + t->conf.pmtu_age_min * UINT64_C(60000) :
						PMTU_FOREVER;
	narrow(f, &t->learned, pmtu_of_tunnel(t), n->mtu, at_least(n->src.family, t->conf.pmtu_least), until);
}

void in_from_icmp(struct forwarder *f, struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		struct notice n;

		if (read_notice(b->p[i], &n)) {
			switch (n.quoted.proto) {
			case IPPROTO_ESP_:
				about_sa(f, &n, PROTO_ESP, n.rest);
				break;
			case IPPROTO_AH_:
				about_sa(f, &n, PROTO_AH, n.rest);
				break;
			case IPPROTO_UDP_:
				about_udp(f, &n);
				break;
			case IPPROTO_GRE_:
			case IPPROTO_IPIP_:
			case IPPROTO_IPV6_:
				about_tunnel(f, &n);
				break;
			default:
				break;
			}
		}
		pkt_put(&f->pool, b->p[i]);
	}
	b->n = 0;
}

/* ---- forgetting ---- */

void pmtu_age(struct forwarder *f)
{
	bool some = false;

	if (!f->all->paths_learned)
		return;
	for (struct hnode *n = htab_walk(&f->all->policies, NULL); n; n = htab_walk(&f->all->policies, n)) {
		struct policy *pol = hnode_entry(n, struct policy, node);

		if (pol->learned.mtu && f->now_ms >= pol->learned.until_ms) {
			pol->learned = (struct learned_path){ 0 };
			pmtu_apply(pol);
		}
		some |= pol->learned.mtu != 0;
	}
	for (struct tunnel *t = f->all->tunnels; t; t = t->next) {
		if (f->now_ms >= t->learned.until_ms)
			t->learned = (struct learned_path){ 0 };
		some |= t->learned.mtu != 0;
	}
	f->all->paths_learned = some;
}
