/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/ip6.h"

#include "base/wr.h"
#include "packet/ip4.h"

#include <errno.h>
#include <string.h>

enum { AT_PAYLOAD_LEN = 4, AT_NEXT = 6, AT_HOPS = 7, AT_SRC = 8, AT_DST = 24 };

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static bool is_extension(uint8_t next)
{
	return next == IP6_HOP_BY_HOP || next == IP6_ROUTING || next == IP6_FRAGMENT ||
	       next == IP6_DEST_OPTIONS;
}

/* One extension header at h->header_len; r stands there. False: it is damaged or out of its
 * place. *ret_end: nothing can be said of what follows it. */
static bool read_extension(struct rd *r, unsigned nth, struct ip_view *h, bool *ret_end)
{
	uint16_t at = h->header_len;
	uint8_t kind = h->proto, next = rd_u8(r);
	size_t len = (rd_u8(r) + 1u) * 8;

	if (kind == IP6_FRAGMENT) {
		uint16_t offset = rd_be16(r);

		if (h->id) /* two of them: nobody cuts fragments */
			return false;
		h->frag |= (uint16_t)(offset >> 3 | (offset & 1 ? IP4_MF : 0));
		h->id = 1; /* there was one; its number is nobody's concern */
		rd_skip(r, 4);
		len = IP6_FRAG_HEADER; /* the second byte is reserved */
		*ret_end = h->frag & IP4_OFF_MASK;
	} else {
		if (kind == IP6_HOP_BY_HOP && nth) /* RFC 8200 section 4.3 */
			return false;
		rd_skip(r, len - 2);
	}
	h->next_at = at;
	h->proto = next;
	h->header_len = (uint16_t)(at + len);
	return !r->bad;
}

/* The header, and the extension headers as far as they are in s and in the packet. */
static bool read_header(struct span s, struct ip_view *ret_h)
{
	struct rd r = rd_span(s);
	const uint8_t *b = rd_take(&r, IP6_HEADER).p;
	bool end = false;

	if (r.bad || b[0] >> 4 != 6 || get16(b + AT_PAYLOAD_LEN) > UINT16_MAX - IP6_HEADER)
		return false;
	struct ip_view h = { .family = IP_V6, .tos = (uint8_t)(b[0] << 4 | b[1] >> 4),
			     .ttl = b[AT_HOPS], .proto = b[AT_NEXT], .header_len = IP6_HEADER,
			     .total_len = (uint16_t)(get16(b + AT_PAYLOAD_LEN) + IP6_HEADER),
			     .frag = IP4_DF, .next_at = AT_NEXT };
	if (s.len > h.total_len)
		r.end = s.p + h.total_len;
	for (unsigned n = 0; is_extension(h.proto) && !end; n++)
		if (n == IP6_MAX_EXTENSIONS || !read_extension(&r, n, &h, &end))
			return false;
	*ret_h = h;
	return true;
}

bool ip6_peek(struct span s, struct ip_view *ret_h)
{
	return read_header(s, ret_h);
}

bool ip6_parse(struct pkt *p, struct ip_view *ret_h)
{
	struct ip_view h;

	if (!read_header(span_of(p->data, p->len), &h) || h.total_len > p->len)
		return false;
	(void)pkt_trim(p, h.total_len);
	*ret_h = h;
	return true;
}

static struct ipaddr addr_at(const uint8_t *at)
{
	struct ipaddr a = { .family = IP_V6 };

	memcpy(a.b, at, sizeof(a.b));
	return a;
}

struct ipaddr ip6_src(const uint8_t *h)
{
	return addr_at(h + AT_SRC);
}

struct ipaddr ip6_dst(const uint8_t *h)
{
	return addr_at(h + AT_DST);
}

void ip6_flow(const struct pkt *p, const struct ip_view *h, struct flow *ret_f)
{
	struct flow f = { .local = ip6_src(p->data), .remote = ip6_dst(p->data), .proto = h->proto };

	if ((h->proto == IPPROTO_TCP_ || h->proto == IPPROTO_UDP_) && !(h->frag & IP4_OFF_MASK)) {
		struct rd r = pkt_rd(p);

		rd_skip(&r, h->header_len);
		uint32_t ports = rd_be32(&r); /* both, or neither */
		f.local_port = (uint16_t)(ports >> 16);
		f.remote_port = (uint16_t)ports;
		f.ports_known = !r.bad;
	}
	*ret_f = f;
}

void ip6_write(uint8_t *at, const struct ip_view *h, const struct ipaddr *src,
	       const struct ipaddr *to)
{
	put16(at, (uint16_t)(0x6000 | h->tos << 4));
	put16(at + 2, 0);
	put16(at + AT_PAYLOAD_LEN, (uint16_t)(h->total_len - IP6_HEADER));
	at[AT_NEXT] = h->proto;
	at[AT_HOPS] = h->ttl;
	memcpy(at + AT_SRC, src->b, sizeof(src->b));
	memcpy(at + AT_DST, to->b, sizeof(to->b));
}

size_t ip6_split(const uint8_t *data, const struct ip_view *h, size_t *ret_next_at)
{
	struct rd r = rd_of(data, h->header_len);
	size_t at = IP6_HEADER, next_at = AT_NEXT, split = at;
	uint8_t kind = data[AT_NEXT];

	*ret_next_at = next_at;
	rd_skip(&r, IP6_HEADER);
	/* what h is of was walked before: every turn moves on, and the chain ends with it */
	while (at < h->header_len && kind != IP6_FRAGMENT) {
		uint8_t next = rd_u8(&r);
		size_t len = (rd_u8(&r) + 1u) * 8;

		rd_skip(&r, len - 2);
		if (r.bad)
			break;
		next_at = at;
		at += len;
		if (kind != IP6_DEST_OPTIONS) { /* those count if a Routing header follows */
			split = at;
			*ret_next_at = next_at;
		}
		kind = next;
	}
	return split;
}

/* ---- fragments ---- */

struct cut {
	size_t front;	/* bytes that each fragment repeats */
	size_t next_at; /* in them, what names the Fragment header */
	uint8_t next;	/* what that names */
	uint32_t id;
};

/* The fragment at f, whose front and room for the Fragment header stand before its body. */
static void finish_fragment(struct pkt *f, const struct cut *c, size_t offset, bool more)
{
	struct wr w = wr_of(f->data + c->front, IP6_FRAG_HEADER);

	wr_u8(&w, c->next);
	wr_u8(&w, 0);
	wr_be16(&w, (uint16_t)(offset | more));
	wr_be32(&w, c->id);
	f->data[c->next_at] = IP6_FRAGMENT;
	put16(f->data + AT_PAYLOAD_LEN, (uint16_t)(f->len - IP6_HEADER));
}

/* Another packet like p with the same front and n bytes of its body from off. */
static struct pkt *later_part(struct pool *pool, const struct pkt *p, const struct cut *c, size_t off,
			      size_t n)
{
	struct pkt *f = pkt_get(pool), like = *p;

	like.buf = f->buf;
	like.data = f->data;
	like.len = 0;
	like.next = NULL;
	*f = like;
	memcpy(pkt_append(f, c->front), p->data, c->front);
	(void)pkt_append(f, IP6_FRAG_HEADER);
	memcpy(pkt_append(f, n), p->data + c->front + off, n);
	return f;
}

int ip6_fragment(struct pool *pool, struct pkt *p, size_t mtu, uint32_t id, struct batch *out)
{
	struct cut c = { .id = id };
	struct ip_view h;

	if (mtu < IP6_LEAST_MTU || !ip6_peek(span_of(p->data, p->len), &h) || h.id ||
	    h.total_len != p->len)
		return -EMSGSIZE;
	c.front = ip6_split(p->data, &h, &c.next_at);
	c.next = p->data[c.next_at];
	if (c.front + IP6_FRAG_HEADER + 8 > mtu)
		return -EMSGSIZE;
	size_t each = (mtu - c.front - IP6_FRAG_HEADER) & ~(size_t)7, body = p->len - c.front;
	size_t count = p->len <= mtu ? 1 : (body + each - 1) / each;

	if (count > BATCH_MAX - out->n || count - 1 > pool->n_free ||
	    pkt_headroom(p) < IP6_FRAG_HEADER)
		return -ENOBUFS;
	(void)batch_add(out, p);
	if (count == 1)
		return 0;
	for (size_t off = each; off < body; off += each) {
		size_t n = body - off < each ? body - off : each;
		struct pkt *f = later_part(pool, p, &c, off, n);

		finish_fragment(f, &c, off, off + n < body);
		(void)batch_add(out, f);
	}
	(void)pkt_trim(p, c.front + each);
	uint8_t *at = pkt_push(p, IP6_FRAG_HEADER);
	memmove(at, at + IP6_FRAG_HEADER, c.front);
	finish_fragment(p, &c, 0, true);
	return 0;
}

/* ---- ICMPv6 ---- */

uint64_t ip6_pseudo_sum(const struct ipaddr *src, const struct ipaddr *dst, size_t len, uint8_t proto)
{
	uint64_t sum = len + proto;

	for (size_t i = 0; i < sizeof(src->b); i += 2)
		sum += (uint64_t)get16(src->b + i) + get16(dst->b + i);
	return sum;
}

size_t icmp6_too_big(struct span packet, uint32_t mtu, const struct ipaddr *src,
		     const struct ipaddr *dst, uint8_t *buf, size_t cap)
{
	size_t room = IP6_LEAST_MTU - IP6_HEADER - 8;
	struct wr w = wr_of(buf, cap);

	wr_u8(&w, 2);
	wr_u8(&w, 0);
	wr_be16(&w, 0);
	wr_be32(&w, mtu);
	wr_bytes(&w, packet.p, packet.len < room ? packet.len : room);
	if (w.bad)
		return 0;
	if (src && src->family == IP_V6) {
		uint64_t sum = ip6_pseudo_sum(src, dst, wr_len(&w), IPPROTO_ICMPV6_);

		sum += (uint16_t)~ip_checksum(buf, wr_len(&w));
		while (sum >> 16)
			sum = (sum & 0xffff) + (sum >> 16);
		wr_patch_be16(&w, 2, (uint16_t)~sum);
	}
	return wr_len(&w);
}
