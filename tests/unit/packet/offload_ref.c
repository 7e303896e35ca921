/* SPDX-License-Identifier: Apache-2.0 */
#include "offload_ref.h"

#include <string.h>

uint32_t ref_rnd(struct ref_rng *r)
{
	uint64_t z = (r->s += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (uint32_t)((z ^ (z >> 31)) >> 32);
}

uint32_t ref_below(struct ref_rng *r, uint32_t n)
{
	return ref_rnd(r) % n;
}

static uint8_t *put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return p + 2;
}

static uint8_t *put32(uint8_t *p, uint32_t v)
{
	return put16(put16(p, v >> 16), v & 0xffff);
}

/* RFC 1071, word by word. */
static uint32_t add(uint32_t sum, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

static uint32_t pseudo(const struct ref_packet *p, size_t l4_len)
{
	uint8_t rest[4] = { 0, p->udp ? 17 : 6, (uint8_t)(l4_len >> 8), (uint8_t)l4_len };

	return add(add(add(0, p->src, p->v6 ? 16 : 4), p->dst, p->v6 ? 16 : 4), rest, 4);
}

size_t ref_l4(const struct ref_packet *p)
{
	return (p->v6 ? 40u : 20u) + p->n_extra;
}

size_t ref_head(const struct ref_packet *p)
{
	return ref_l4(p) + (p->udp ? 8 : 20 + p->n_options);
}

static size_t sum_at(const struct ref_packet *p)
{
	return ref_l4(p) + (p->udp ? 6 : 16);
}

static void write_ip4(const struct ref_packet *p, size_t len, uint8_t *out)
{
	uint8_t *at = out;

	*at++ = (uint8_t)(0x40 | (20 + p->n_extra) / 4);
	*at++ = p->tos;
	at = put16(at, (uint32_t)len);
	at = put16(at, p->id);
	at = put16(at, p->df ? 0x4000 : 0);
	*at++ = p->ttl;
	*at++ = p->udp ? 17 : 6;
	at = put16(at, 0);
	memcpy(at, p->src, 4);
	memcpy(at + 4, p->dst, 4);
	memcpy(at + 8, p->extra, p->n_extra);
	put16(out + 10, (~add(0, out, 20 + p->n_extra) & 0xffff) ^ (p->bad_ip_sum ? 0x0101 : 0));
}

static void write_ip6(const struct ref_packet *p, size_t len, uint8_t *out)
{
	uint8_t *at = put32(out, 6u << 28 | (uint32_t)p->tos << 20 | (p->flow_label & 0xfffff));

	at = put16(at, (uint32_t)len - 40);
	*at++ = p->n_extra ? p->extra_next : p->udp ? 17 : 6;
	*at++ = p->ttl;
	memcpy(at, p->src, 16);
	memcpy(at + 16, p->dst, 16);
	memcpy(at + 32, p->extra, p->n_extra);
}

static void write_tcp(const struct ref_packet *p, uint8_t *at)
{
	at = put16(put16(at, p->sport), p->dport);
	at = put32(put32(at, p->seq), p->ack);
	*at++ = (uint8_t)((20 + p->n_options) / 4 << 4);
	*at++ = p->flags;
	at = put16(put16(put16(at, p->window), 0), p->urgent);
	memcpy(at, p->options, p->n_options);
}

size_t ref_write(const struct ref_packet *p, uint8_t *out)
{
	size_t l4 = ref_l4(p), head = ref_head(p), len = head + p->n_payload;
	uint32_t sum;

	if (p->v6)
		write_ip6(p, len, out);
	else
		write_ip4(p, len, out);
	if (p->udp)
		put16(put16(put16(put16(out + l4, p->sport), p->dport), (uint32_t)(len - l4)), 0);
	else
		write_tcp(p, out + l4);
	if (p->n_payload)
		memcpy(out + head, p->payload, p->n_payload);
	sum = ~add(pseudo(p, len - l4), out + l4, len - l4) & 0xffff;
	if (p->udp && !sum)
		sum = 0xffff;
	if (!p->no_sum)
		put16(out + sum_at(p), sum ^ (p->bad_sum ? 0x1010 : 0));
	return len;
}

void ref_unfinish(const struct ref_packet *p, uint8_t *packet, size_t len)
{
	put16(packet + sum_at(p), pseudo(p, len - ref_l4(p)));
}

size_t ref_segment(const struct ref_packet *p, size_t seg, size_t nth, uint8_t *out)
{
	size_t from = nth * seg, left;
	struct ref_packet one = *p;

	if (nth && from >= p->n_payload)
		return 0;
	left = p->n_payload - from;
	one.payload = p->payload + from;
	one.n_payload = left < seg ? left : seg;
	one.seq = p->seq + (uint32_t)from;
	one.id = (uint16_t)(p->id + nth);
	if (nth)
		one.flags &= 0x7f; /* CWR */
	if (left > seg)
		one.flags &= 0xf6; /* PSH, FIN */
	return ref_write(&one, out);
}

size_t ref_assemble(const struct gro *g, const struct batch *b, size_t i, uint8_t *out)
{
	uint8_t head[GRO_HEAD_MAX];
	struct span piece[GRO_PIECES];
	size_t n = 2, len = 0;

	if (g->w[i].n > 1) {
		n = gro_pieces(g, b, i, head, piece);
	} else {
		gro_alone(g, b, i, head);
		piece[0] = span_of(head, VNET_HEADER);
		piece[1] = span_of(b->p[g->w[i].first]->data, b->p[g->w[i].first]->len);
	}
	if (n < 2 || n > GRO_PIECES)
		return 0;
	for (size_t k = 0; k < n; k++) {
		if (piece[k].len > REF_MAX - len)
			return 0;
		memcpy(out + len, piece[k].p, piece[k].len);
		len += piece[k].len;
	}
	return len;
}
