/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/gso.h"

#include "packet/ip.h"
#include "packet/sum.h"

enum { IP4_LEN = 2, IP4_ID = 4, IP4_SUM = 10, IP6_LEN = 4 };
enum { TCP_HEADER = 20, TCP_SEQ = 4, TCP_OFF = 12, TCP_FLAGS = 13, TCP_SUM = 16, UDP_HEADER = 8, UDP_LEN = 4, UDP_SUM = 6 };
enum { FIN = 0x01, SYN = 0x02, PSH = 0x08, CWR = 0x80 };

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* Bytes of the IP header that begins so: no checksum may be made in there, over an address or a length. */
static size_t ip_least(uint8_t first)
{
	size_t n = (size_t)(first & 15) * 4;

	if (first >> 4 == 6)
		return IP6_HEADER;
	return n > IP4_HEADER ? n : IP4_HEADER;
}

/* A packet of its own, whose checksum may have to be finished. */
static bool begin_whole(struct gso *g, const struct vnet *v)
{
	if (g->packet.len > PKT_DATA_MAX)
		return false;
	g->kind = GSO_WHOLE;
	if (!(v->flags & VNET_NEEDS_CSUM))
		return true;
	g->kind = GSO_UNFINISHED;
	g->l4 = v->csum_start;
	g->sum_at = (size_t)v->csum_start + v->csum_offset;
	if (g->sum_at + 2 > g->packet.len || v->csum_offset % 2)
		return false;
	return g->l4 >= ip_least(g->packet.p[0]);
}

/* The IP header of a super-packet: nothing that is a fragment, a jumbogram (RFC 2675), or of another
 * length than what came. */
static bool read_ip(struct gso *g, uint8_t family, struct ip_view *ret_h)
{
	struct ip_view h;

	if (!ip_peek(g->packet, &h) || (family && h.family != family) ||
	    h.total_len != g->packet.len || ip_is_fragment(&h) || h.header_len > h.total_len)
		return false;
	if (h.family == IP_V6 && h.id) /* a Fragment header that says nothing (RFC 6946) */
		return false;
	g->v6 = h.family == IP_V6;
	g->l4 = h.header_len;
	g->id = h.id;
	*ret_h = h;
	return true;
}

static bool read_tcp(struct gso *g)
{
	struct rd r = rd_span(g->packet);

	rd_skip(&r, g->l4 + TCP_SEQ);
	g->seq = rd_be32(&r);
	rd_skip(&r, 4);
	size_t n = (size_t)(rd_u8(&r) >> 4) * 4;
	g->flags = rd_u8(&r);
	if (r.bad || n < TCP_HEADER || g->l4 + n > g->packet.len)
		return false;
	g->head = g->l4 + n;
	g->sum_at = g->l4 + TCP_SUM;
	/* SYN has a number of its own, in front of the first byte */
	return !(g->flags & SYN) || g->packet.len - g->head <= g->seg;
}

static bool read_udp(struct gso *g)
{
	struct rd r = rd_span(g->packet);

	rd_skip(&r, g->l4 + UDP_LEN);
	uint16_t len = rd_be16(&r);
	rd_skip(&r, 2);
	g->head = g->l4 + UDP_HEADER;
	g->sum_at = g->l4 + UDP_SUM;
	return !r.bad && len == g->packet.len - g->l4;
}

/* What stands in the place of an unfinished checksum: the sum over addresses, protocol and length. */
static uint64_t pseudo_sum(const struct gso *g, const struct ip_view *h)
{
	size_t addrs = g->v6 ? 8 : 12;

	return sum_bytes(g->packet.p + addrs, g->v6 ? 32 : 8) + sum_word(h->proto) +
	       sum_word((uint16_t)(g->packet.len - g->l4));
}

/* Sums over what all segments have in common. Of the rest each adds its own. */
static void begin_sums(struct gso *g, uint64_t pseudo)
{
	const uint8_t *p = g->packet.p, *l4 = p + g->l4;

	if (!g->v6)
		g->ip_sum = sum_bytes(p, g->l4) + sum_less(get16(p + IP4_LEN)) +
			    sum_less(g->id) + sum_less(get16(p + IP4_SUM));
	g->l4_sum = pseudo + sum_bytes(l4, g->head - g->l4) + sum_less(get16(p + g->sum_at)) +
		    sum_less((uint16_t)(g->packet.len - g->l4));
	if (g->kind == GSO_TCP)
		g->l4_sum += (uint64_t)sum_less(get16(l4 + TCP_SEQ)) + sum_less(get16(l4 + TCP_SEQ + 2)) +
			     sum_less(get16(l4 + TCP_OFF));
	else
		g->l4_sum += sum_less(get16(l4 + UDP_LEN));
}

static bool begin_super(struct gso *g, const struct vnet *v, uint8_t family)
{
	bool finish = v->flags & VNET_NEEDS_CSUM;
	struct ip_view h;
	uint64_t pseudo;

	g->seg = v->gso_size;
	if (!g->seg || !read_ip(g, family, &h) ||
	    h.proto != (g->kind == GSO_TCP ? IPPROTO_TCP_ : IPPROTO_UDP_) ||
	    !(g->kind == GSO_TCP ? read_tcp(g) : read_udp(g)))
		return false;
	if (g->head + g->seg > PKT_DATA_MAX)
		return false;
	if (finish && (v->csum_start != g->l4 || v->csum_offset != g->sum_at - g->l4))
		return false;
	/* the last address of a packet with options or extension headers may be among those */
	if (!finish && g->l4 != ip_header_of(h.family))
		return false;
	pseudo = finish ? sum_word(get16(g->packet.p + g->sum_at)) : pseudo_sum(g, &h);
	begin_sums(g, pseudo);
	if (!finish && g->kind == GSO_UDP && !g->v6 && !get16(g->packet.p + g->sum_at))
		g->sum_at = 0;
	g->at = g->head;
	return true;
}

bool gso_begin(struct gso *g, const struct vnet *v, struct span packet)
{
	bool ok;

	*g = (struct gso){ .packet = packet };
	switch (v->gso_type) {
	case VNET_GSO_NONE:
		ok = begin_whole(g, v);
		break;
	case VNET_GSO_TCPV4:
	case VNET_GSO_TCPV4 | VNET_GSO_ECN:
		g->kind = GSO_TCP;
		ok = begin_super(g, v, IP_V4);
		break;
	case VNET_GSO_TCPV6:
	case VNET_GSO_TCPV6 | VNET_GSO_ECN:
		g->kind = GSO_TCP;
		ok = begin_super(g, v, IP_V6);
		break;
	case VNET_GSO_UDP_L4:
		g->kind = GSO_UDP;
		ok = begin_super(g, v, IP_NONE);
		break;
	default:
		ok = false;
	}
	g->left = ok;
	return ok;
}

/* The headers of a segment with n bytes of payload, whose sum that is. */
static void write_heads(struct gso *g, uint8_t *p, size_t n, uint64_t sum, bool first, bool last)
{
	uint16_t l4_len = (uint16_t)(g->head - g->l4 + n), len = (uint16_t)(g->head + n);
	uint8_t *l4 = p + g->l4;

	if (g->v6) {
		put16(p + IP6_LEN, (uint16_t)(len - IP6_HEADER));
	} else {
		put16(p + IP4_LEN, len);
		put16(p + IP4_ID, g->id);
		sum_put(p + IP4_SUM, g->ip_sum + sum_word(len) + sum_word(g->id));
		g->id++;
	}
	sum += g->l4_sum + sum_word(l4_len);
	if (g->kind == GSO_UDP) {
		put16(l4 + UDP_LEN, l4_len);
		if (g->sum_at)
			sum_put_udp(p + g->sum_at, sum + sum_word(l4_len));
		return;
	}
	put16(l4 + TCP_SEQ, (uint16_t)(g->seq >> 16));
	put16(l4 + TCP_SEQ + 2, (uint16_t)g->seq);
	l4[TCP_FLAGS] = (uint8_t)(g->flags & ~((last ? 0 : FIN | PSH) | (first ? 0 : CWR)));
	sum += (uint64_t)sum_word((uint16_t)(g->seq >> 16)) + sum_word((uint16_t)g->seq) +
	       sum_word(get16(l4 + TCP_OFF));
	sum_put(p + g->sum_at, sum);
	g->seq += (uint32_t)n;
}

/* Bytes of payload of the next one. */
static size_t next_size(const struct gso *g)
{
	size_t left = g->packet.len - g->at;

	return left < g->seg ? left : g->seg;
}

/* The headers of the one whose n bytes of payload, of that sum, are behind them. */
static void finish_segment(struct gso *g, struct pkt *k, size_t n, uint64_t sum)
{
	bool first = g->at == g->head, last = g->at + n == g->packet.len;

	memcpy(k->data, g->packet.p, g->head);
	write_heads(g, k->data, n, sum, first, last);
	k->len = (uint32_t)(g->head + n);
	g->at += n;
	g->left = !last;
}

static void cut_segment(struct gso *g, struct pkt *k)
{
	size_t n = next_size(g);

	finish_segment(g, k, n, sum_copy(k->data + g->head, g->packet.p + g->at, n));
}

void gso_take(struct gso *g, struct pkt *k)
{
	size_t n = next_size(g);

	finish_segment(g, k, n, sum_bytes(k->data + g->head, n));
}

/* As the kernel would have finished it, which knows of no protocol either. */
static void copy_whole(struct gso *g, struct pkt *k)
{
	size_t head = g->kind == GSO_WHOLE ? g->packet.len : g->l4;

	memcpy(k->data, g->packet.p, head);
	if (g->kind == GSO_UNFINISHED)
		sum_put_udp(k->data + g->sum_at,
			    sum_copy(k->data + head, g->packet.p + head, g->packet.len - head));
	k->len = (uint32_t)g->packet.len;
	g->left = false;
}

size_t gso_count(const struct gso *g)
{
	size_t left = g->packet.len - g->at;

	if (!g->left)
		return 0;
	return left > g->seg && g->seg ? (left + g->seg - 1) / g->seg : 1;
}

size_t gso_cut(struct gso *g, struct pool *pool, struct batch *b)
{
	size_t had = b->n;
	struct pkt *k;

	while (g->left && b->n < BATCH_MAX && (k = pkt_get(pool))) {
		if (g->kind == GSO_TCP || g->kind == GSO_UDP)
			cut_segment(g, k);
		else
			copy_whole(g, k);
		(void)batch_add(b, k);
	}
	return b->n - had;
}
