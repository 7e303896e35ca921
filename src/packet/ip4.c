/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/ip4.h"

#include "base/wr.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

uint16_t ip_checksum(const void *p, size_t n)
{
	struct rd r = rd_of(p, n);
	uint32_t sum = 0;

	while (rd_left(&r) >= 2)
		sum += rd_be16(&r);
	if (rd_left(&r))
		sum += (uint32_t)rd_u8(&r) << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* The fixed part of the header; false unless version and header length are sane
 * and the header is all there. */
static bool read_header(struct span s, struct ip4 *h)
{
	struct rd r = rd_span(s);
	uint8_t first = rd_u8(&r);

	h->header_len = (uint8_t)((first & 15) * 4);
	h->tos = rd_u8(&r);
	h->total_len = rd_be16(&r);
	h->id = rd_be16(&r);
	h->frag = rd_be16(&r);
	h->ttl = rd_u8(&r);
	h->proto = rd_u8(&r);
	rd_skip(&r, 2);
	h->src = rd_be32(&r);
	h->dst = rd_be32(&r);
	return !r.bad && first >> 4 == 4 && h->header_len >= IP4_HEADER &&
	       h->total_len >= h->header_len && s.len >= h->header_len;
}

bool ip4_peek(struct span s, struct ip4 *ret_h)
{
	struct ip4 h;

	if (!read_header(s, &h))
		return false;
	*ret_h = h;
	return true;
}

bool ip4_parse(struct pkt *p, bool check_sum, struct ip4 *ret_h)
{
	struct ip4 h;

	if (!read_header(span_of(p->data, p->len), &h) || h.total_len > p->len)
		return false;
	if (check_sum && ip_checksum(p->data, h.header_len) != 0)
		return false;
	(void)pkt_trim(p, h.total_len);
	*ret_h = h;
	return true;
}

void ip4_flow(struct pkt *p, const struct ip4 *h, struct flow *ret_f)
{
	struct flow f = { .local = ipaddr_v4(h->src), .remote = ipaddr_v4(h->dst),
			  .proto = h->proto };

	p->l4_off = h->header_len;
	if ((h->proto == IPPROTO_TCP_ || h->proto == IPPROTO_UDP_) && !(h->frag & IP4_OFF_MASK)) {
		struct rd r = pkt_rd(p);

		rd_skip(&r, h->header_len);
		f.local_port = rd_be16(&r);
		f.remote_port = rd_be16(&r);
		f.ports_known = !r.bad;
	}
	*ret_f = f;
}

void ip4_write(uint8_t *dst, const struct ip4 *h)
{
	struct wr w = wr_of(dst, IP4_HEADER);

	wr_u8(&w, 0x45);
	wr_u8(&w, h->tos);
	wr_be16(&w, h->total_len);
	wr_be16(&w, h->id ? h->id : 1);
	wr_be16(&w, h->frag);
	wr_u8(&w, h->ttl);
	wr_u8(&w, h->proto);
	wr_be16(&w, 0);
	wr_be32(&w, h->src);
	wr_be32(&w, h->dst);
	wr_patch_be16(&w, 10, ip_checksum(dst, IP4_HEADER));
}

/* Replaces one 16-bit word of the header and mends the checksum (RFC 1624
 * equation 3). off is even and lies in the fixed header. */
static void patch_header(struct pkt *p, size_t off, uint16_t to)
{
	struct rd r = rd_of(p->data + off, 2), c = rd_of(p->data + 10, 2);
	uint32_t sum = (uint16_t)~rd_be16(&c);

	sum += (uint16_t)~rd_be16(&r);
	sum += to;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	struct wr w = wr_of(p->data, IP4_HEADER);
	(void)wr_room(&w, IP4_HEADER);
	wr_patch_be16(&w, off, to);
	wr_patch_be16(&w, 10, (uint16_t)~sum);
}

bool ip4_decrement_ttl(struct pkt *p)
{
	if (p->len < IP4_HEADER || p->data[8] <= 1)
		return false;
	patch_header(p, 8, (uint16_t)((p->data[8] - 1) << 8 | p->data[9]));
	return true;
}

void ip4_set_tos(struct pkt *p, uint8_t tos)
{
	if (p->len >= IP4_HEADER && p->data[1] != tos)
		patch_header(p, 0, (uint16_t)(p->data[0] << 8 | tos));
}

uint8_t tos_encap(uint8_t inner)
{
	return inner;
}

int tos_decap(uint8_t outer, uint8_t inner)
{
	unsigned outer_ecn = outer & 3, inner_ecn = inner & 3;

	if (outer_ecn == 3)
		return inner_ecn == 0 ? -1 : inner | 3;
	if (outer_ecn == 1 && inner_ecn == 2)
		return (inner & ~3) | 1;
	return inner;
}

/* The options of a header as later fragments carry them: only those with the
 * copied flag, padded to a word. Returns bytes written, at most 40. */
static size_t copied_options(struct span options, uint8_t *dst)
{
	struct rd r = rd_span(options);
	size_t n = 0;

	while (rd_left(&r)) {
		uint8_t type = rd_u8(&r);

		if (type == 0)
			break;
		if (type == 1)
			continue;
		uint8_t len = rd_u8(&r);
		if (len < 2)
			break;
		struct span body = rd_take(&r, len - 2u);
		if (r.bad)
			break;
		if (type & 0x80) {
			dst[n++] = type;
			dst[n++] = len;
			if (body.len)
				memcpy(dst + n, body.p, body.len);
			n += body.len;
		}
	}
	while (n % 4)
		dst[n++] = 0;
	return n;
}

/* Header and total length of one fragment, written in front of its payload. */
static void finish_fragment(struct pkt *p, size_t header_len, uint16_t frag)
{
	struct wr w = wr_of(p->data, header_len);

	(void)wr_room(&w, header_len);
	p->data[0] = (uint8_t)(0x40 | header_len / 4);
	wr_patch_be16(&w, 2, (uint16_t)p->len);
	wr_patch_be16(&w, 6, frag);
	wr_patch_be16(&w, 10, 0);
	wr_patch_be16(&w, 10, ip_checksum(p->data, header_len));
}

int ip4_fragment(struct pool *pool, struct pkt *p, size_t mtu, struct batch *out)
{
	uint8_t options[40];
	struct ip4 h;

	if (!ip4_peek(span_of(p->data, p->len), &h) || mtu < 68)
		return -EMSGSIZE;
	size_t n_opt = copied_options(
		span_of(p->data + IP4_HEADER, (size_t)h.header_len - IP4_HEADER), options);
	size_t first = (mtu - h.header_len) & ~(size_t)7;
	size_t later = (mtu - IP4_HEADER - n_opt) & ~(size_t)7;
	size_t body = p->len - h.header_len;
	size_t count = p->len <= mtu ? 1 : 1 + (body - first + later - 1) / later;

	if (count > BATCH_MAX - out->n || count - 1 > pool->n_free)
		return -ENOBUFS;
	(void)batch_add(out, p);
	if (count == 1)
		return 0;
	for (size_t off = first; off < body; off += later) {
		size_t n = body - off < later ? body - off : later;
		bool more = off + n < body || h.frag & IP4_MF;
		struct pkt *f = pkt_get(pool);

		struct pkt like = *p;
		like.buf = f->buf;
		like.data = f->data;
		like.len = 0;
		like.next = NULL;
		*f = like;
		memcpy(pkt_append(f, IP4_HEADER), p->data, IP4_HEADER);
		if (n_opt)
			memcpy(pkt_append(f, n_opt), options, n_opt);
		memcpy(pkt_append(f, n), p->data + h.header_len + off, n);
		finish_fragment(f, IP4_HEADER + n_opt,
				(uint16_t)((((h.frag & IP4_OFF_MASK) + off / 8) & IP4_OFF_MASK) |
					   (more ? IP4_MF : 0)));
		(void)batch_add(out, f);
	}
	(void)pkt_trim(p, h.header_len + first);
	finish_fragment(p, h.header_len, (uint16_t)((h.frag & IP4_OFF_MASK) | IP4_MF));
	return 0;
}

static uint16_t swapped(uint16_t v)
{
	return (uint16_t)(v << 8 | v >> 8);
}

void ip4_clamp_mss(struct pkt *p, uint16_t mss)
{
	struct ip4 h;

	if (!ip4_peek(span_of(p->data, p->len), &h) || h.proto != IPPROTO_TCP_ ||
	    h.frag & IP4_OFF_MASK || p->len < h.header_len + 20u)
		return;
	uint8_t *tcp = p->data + h.header_len;
	size_t tcp_header = (size_t)(tcp[12] >> 4) * 4;
	if (!(tcp[13] & 2) || tcp_header < 20 || p->len < h.header_len + tcp_header)
		return;
	struct rd r = rd_of(tcp + 20, tcp_header - 20);
	while (rd_left(&r)) {
		uint8_t kind = rd_u8(&r);

		if (kind == 0)
			return;
		if (kind == 1)
			continue;
		uint8_t len = rd_u8(&r);
		if (len < 2)
			return;
		struct span body = rd_take(&r, len - 2u);
		if (r.bad)
			return;
		if (kind != 2 || len != 4)
			continue;
		struct rd v = rd_span(body);
		uint16_t old = rd_be16(&v);
		if (old <= mss)
			return;
		size_t at = (size_t)(body.p - tcp);
		struct rd c = rd_of(tcp + 16, 2);
		uint32_t sum = (uint16_t)~rd_be16(&c);
		/* an option at an odd offset has its bytes swapped in the sum */
		uint16_t was = at & 1 ? swapped(old) : old;
		uint16_t now = at & 1 ? swapped(mss) : mss;
		sum += (uint16_t)~was;
		sum += now;
		while (sum >> 16)
			sum = (sum & 0xffff) + (sum >> 16);
		struct wr w = wr_of(tcp, tcp_header);
		(void)wr_room(&w, tcp_header);
		wr_patch_be16(&w, at, mss);
		wr_patch_be16(&w, 16, (uint16_t)~sum);
		return;
	}
}

size_t icmp4_too_big(struct span packet, uint16_t mtu, uint8_t *buf, size_t cap)
{
	/* RFC 1812: as much as fits a datagram of 576 bytes */
	size_t quote = packet.len < 576 - IP4_HEADER - 8 ? packet.len : 576 - IP4_HEADER - 8;
	struct wr w = wr_of(buf, cap);

	wr_u8(&w, 3);
	wr_u8(&w, 4);
	wr_be16(&w, 0);
	wr_be16(&w, 0);
	wr_be16(&w, mtu);
	wr_bytes(&w, packet.p, quote);
	if (w.bad)
		return 0;
	wr_patch_be16(&w, 2, ip_checksum(buf, wr_len(&w)));
	return wr_len(&w);
}
