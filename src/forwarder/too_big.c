/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to a packet that may not be cut and does not fit: ICMP "fragmentation
 * needed" with the size that does (RFC 1191 section 4). */
#include "forwarder/internal.h"

#define ICMP_RATE  100 /* per second (RFC 1812 section 4.3.2.8) */
#define ICMP_BURST 100
#define IP_LEAST   68  /* RFC 791: every link carries that much */

/* Whether an ICMP error may answer this packet (RFC 1812 section 4.3.2.7). */
static bool may_answer(const struct pkt *p, const struct ip4 *h)
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

void answer_too_big(struct forwarder *f, struct pkt *p, size_t mtu)
{
	struct batch b = { 0 };
	struct pkt *m = NULL;
	struct ip4 h;

	/* the host behind a tunnel hears of its own packet, and of the room inside */
	if (p->tunnel_head && pkt_pull(p, p->tunnel_head))
		mtu = mtu > p->tunnel_head ? mtu - p->tunnel_head : 0;
	if (mtu < IP_LEAST)
		mtu = IP_LEAST;
	if (ip4_parse(p, false, &h) && may_answer(p, &h) &&
	    bucket_take(&f->icmp_bucket, f->now_ms, ICMP_RATE, ICMP_BURST))
		m = pkt_get(&f->pool);
	if (m) {
		m->len = (uint32_t)icmp4_too_big(span_of(p->data, p->len), (uint16_t)mtu, m->data,
						 PKT_DATA_MAX);
		m->remote = ipaddr_v4(h.src);
		(void)batch_add(&b, m);
		port_send(f, f->by_kind[FWD_PORT_ICMP], &b);
	}
	fwd_drop(f, p, FWD_DROP_TOO_BIG);
}
