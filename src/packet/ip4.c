/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/ip4.h"

#include "base/wr.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* The sum is the same in either byte order (RFC 1071 section 2 B), so words are
 * added as they lie in memory and turned round once. */
uint16_t ip_checksum(const void *p, size_t n)
{
	const uint8_t *b = p;
	uint64_t sum = 0;
	uint32_t word;
	uint8_t net[2];

	for (; n >= sizeof(word); b += sizeof(word), n -= sizeof(word)) {
		memcpy(&word, b, sizeof(word));
		sum += word;
	}
	word = 0;
	memcpy(&word, b, n);
	uint16_t all = (uint16_t)~ip_sum_fold(sum + word);
	memcpy(net, &all, sizeof(net));
	return (uint16_t)(net[0] << 8 | net[1]);
}

void ip4_flow(const struct pkt *p, const struct ip_view *h, struct flow *ret_f)
{
	ipaddr_set_v4(&ret_f->local, h->src);
	ipaddr_set_v4(&ret_f->remote, h->dst);
	ret_f->proto = h->proto;
	ret_f->ports_known = false;
	ret_f->local_port = ret_f->remote_port = 0;
	if ((h->proto == IPPROTO_TCP_ || h->proto == IPPROTO_UDP_) && !(h->frag & IP4_OFF_MASK)) {
		struct rd r = pkt_rd(p);

		rd_skip(&r, h->header_len);
		uint32_t ports = rd_be32(&r); /* both, or neither */
		ret_f->local_port = (uint16_t)(ports >> 16);
		ret_f->remote_port = (uint16_t)ports;
		ret_f->ports_known = !r.bad;
	}
}

/* Replaces one 16-bit word of the header and mends the checksum (RFC 1624
 * equation 3). off is even and lies in the fixed header. */
static void patch_header(struct pkt *p, size_t off, uint16_t to)
{
	uint32_t sum = (uint16_t)~be16_at(p->data + 10);

	sum += (uint16_t)~be16_at(p->data + off);
	sum += to;
	wr_put_be16(p->data + off, to);
	wr_put_be16(p->data + 10, (uint16_t)~ip_sum_fold(sum));
}

void ip4_set_tos(struct pkt *p, uint8_t tos)
{
	if (p->len >= IP4_HEADER && p->data[1] != tos)
		patch_header(p, 0, (uint16_t)(p->data[0] << 8 | tos));
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
	p->data[0] = (uint8_t)(0x40 | header_len / 4);
	wr_put_be16(p->data + 2, (uint16_t)p->len);
	wr_put_be16(p->data + 6, frag);
	wr_put_be16(p->data + 10, 0);
	wr_put_be16(p->data + 10, ip_checksum(p->data, header_len));
}

int ip4_fragment(struct pool *pool, struct pkt *p, size_t mtu, struct batch *out)
{
	uint8_t options[40];
	struct ip_view h;

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
