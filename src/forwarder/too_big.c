/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to a packet that may not be cut and does not fit: ICMP "fragmentation
 * needed" with the size that does (RFC 1191 section 4), or ICMPv6 "packet too big" (RFC 4443
 * section 3.2), which never asks for less than IPv6's least MTU. */
#include "forwarder/internal.h"

#define ICMP_RATE  100 /* per second (RFC 1812 section 4.3.2.8) */
#define ICMP_BURST 100
#define IP_LEAST   68  /* RFC 791: every link carries that much */

/* Whether an ICMP error may answer this packet (RFC 1812 section 4.3.2.7). */
static bool may_answer(const struct pkt *p, const struct ip_view *h)
{
	struct rd r = pkt_rd(p);
	uint32_t top = h->src >> 24;

	if (h->frag & IP4_OFF_MASK || top == 0 || top == 127 || top >= 224 || h->dst >> 28 >= 14)
		return false;
	if (h->proto != IPPROTO_ICMP_)
		return true;
	rd_skip(&r, h->header_len);
	uint8_t type = rd_u8(&r);
	return !r.bad && (type == 0 || type == 8 || (type >= 13 && type <= 18));
}

/* The same for IPv6 (RFC 4443 section 2.4 (e)); a source that is no node's is not answered. */
static bool may_answer6(const struct pkt *p, const struct ip_view *h)
{
	struct ipaddr src = ip6_src(p->data), none = { .family = IP_V6 };
	struct rd r = pkt_rd(p);

	/* what was sent to many may be answered with this one (section 2.4 (e.3)) */
	if (h->frag & IP4_OFF_MASK || src.b[0] == 0xff || ipaddr_equal(&src, &none))
		return false;
	if (h->proto != IPPROTO_ICMPV6_)
		return true;
	rd_skip(&r, h->header_len);
	uint8_t type = rd_u8(&r);
	return !r.bad && type >= 128 && type != 137; /* no errors, no redirects */
}

static struct pkt *answer4(struct forwarder *f, const struct pkt *p, const struct ip_view *h, size_t mtu)
{
	struct pkt *m = pkt_get(&f->pool);

	if (m) {
		m->len = (uint32_t)icmp4_too_big(span_of(p->data, p->len), (uint16_t)mtu, m->data,
						 PKT_DATA_MAX);
		m->remote = ipaddr_v4(h->src);
	}
	return m;
}

/* From the tunnel's own address, if it has one that is known here. */
static struct pkt *answer6(struct forwarder *f, const struct tunnel *t, const struct pkt *p, size_t mtu)
{
	struct pkt *m = pkt_get(&f->pool);

	if (m) {
		m->remote = ip6_src(p->data);
		if (t && t->conf.own6.family == IP_V6)
			m->local = t->conf.own6;
		m->len = (uint32_t)icmp6_too_big(span_of(p->data, p->len), (uint32_t)mtu, &m->local,
						 &m->remote, m->data, PKT_DATA_MAX);
	}
	return m;
}

void answer_too_big(struct forwarder *f, const struct tunnel *t, struct pkt *p, size_t mtu)
{
	struct batch b = { 0 };
	struct pkt *m = NULL;
	struct ip_view h;

	/* the host behind a tunnel hears of its own packet, and of the room inside */
	if (p->tunnel_head && pkt_pull(p, p->tunnel_head))
		mtu = mtu > p->tunnel_head ? mtu - p->tunnel_head : 0;
	if (ip_parse(p, false, &h) && (h.family == IP_V6 ? may_answer6(p, &h) : may_answer(p, &h)) &&
	    bucket_take(&f->icmp_bucket, f->now_ms, ICMP_RATE, ICMP_BURST)) {
		size_t least = h.family == IP_V6 ? IP6_LEAST_MTU : IP_LEAST;

		mtu = mtu < least ? least : mtu;
		m = h.family == IP_V6 ? answer6(f, t, p, mtu) : answer4(f, p, &h, mtu);
	}
	if (m) {
		(void)batch_add(&b, m);
		port_send(f, f->all->by_kind[h.family == IP_V6 ? FWD_PORT_ICMP6 : FWD_PORT_ICMP], &b);
	}
	fwd_drop(f, p, FWD_DROP_TOO_BIG);
}
