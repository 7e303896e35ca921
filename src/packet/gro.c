/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/gro.h"

#include "packet/ip.h"
#include "packet/sum.h"

enum { IP4_LEN = 2, IP4_ID = 4, IP4_FRAG = 6, IP4_PROTO = 9, IP4_SUM = 10, IP4_ADDRS = 12 };
enum { IP6_LEN = 4, IP6_NEXT = 6, IP6_ADDRS = 8 };
enum { TCP_HEADER = 20, TCP_SEQ = 4, TCP_ACK = 8, TCP_OFF = 12, TCP_FLAGS = 13, TCP_WINDOW = 14, TCP_SUM = 16, TCP_URGENT = 18 };
enum { UDP_HEADER = 8, UDP_LEN = 4, UDP_SUM = 6 };
enum { FIN = 0x01, SYN = 0x02, RST = 0x04, PSH = 0x08, URG = 0x20, CWR = 0x80 };

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* What a packet is to the others. */
enum bond {
	BOND_NONE, /* of no flow that is joined */
	BOND_FLOW, /* its ports are known */
	BOND_ODD   /* it may be of any flow: none may be overtaken by what comes behind it */
};

struct look {
	const uint8_t *p;
	uint8_t kind; /* enum gro_kind */
	bool v6, joins; /* it is as what is joined has to be */
	uint8_t flags;
	uint16_t l4, head;
	size_t len; /* of the payload */
	uint32_t hash;
};

/* Ports stand right behind the addresses. */
static size_t flow_at(bool v6)
{
	return v6 ? IP6_ADDRS : IP4_ADDRS;
}

static size_t flow_len(bool v6)
{
	return (v6 ? 32 : 8) + 4;
}

static uint32_t hash_of(const struct look *k)
{
	const uint8_t *p = k->p + flow_at(k->v6);
	uint64_t h = k->kind;
	uint32_t w;

	for (size_t i = 0; i < flow_len(k->v6); i += sizeof(w)) {
		memcpy(&w, p + i, sizeof(w));
		h = (h ^ w) * UINT64_C(0x9e3779b97f4a7c15);
	}
	return (uint32_t)(h >> 32);
}

static void look_at_tcp(struct look *k, size_t len)
{
	const uint8_t *tcp = k->p + k->l4;
	size_t n = (size_t)(tcp[TCP_OFF] >> 4) * 4;

	k->flags = tcp[TCP_FLAGS];
	if (n < TCP_HEADER || k->l4 + n > len)
		return;
	k->head = (uint16_t)(k->l4 + n);
	k->len = len - k->head;
	k->joins = k->len && !(tcp[TCP_OFF] & 15) && !(k->flags & (SYN | RST | URG | CWR));
}

static void look_at_udp(struct look *k, size_t len)
{
	const uint8_t *udp = k->p + k->l4;

	k->head = (uint16_t)(k->l4 + UDP_HEADER);
	k->len = len - k->head;
	k->joins = k->len && get16(udp + UDP_LEN) == len - k->l4 && get16(udp + UDP_SUM);
}

static bool is_odd6(uint8_t next)
{
	return next == IP6_HOP_BY_HOP || next == IP6_ROUTING || next == IP6_FRAGMENT || next == IP6_DEST_OPTIONS;
}

/* Leaves proto in *ret_proto. False: the header is no plain one. */
static bool look_at_ip(struct look *k, size_t len, uint8_t *ret_proto)
{
	const uint8_t *p = k->p;

	if (len >= IP4_HEADER && p[0] == 0x45) {
		k->l4 = IP4_HEADER;
		*ret_proto = p[IP4_PROTO];
		return get16(p + IP4_LEN) == len && !(get16(p + IP4_FRAG) & ~IP4_DF);
	}
	if (len >= IP6_HEADER && len <= VNET_PACKET_MAX && p[0] >> 4 == 6) {
		k->v6 = true;
		k->l4 = IP6_HEADER;
		*ret_proto = p[IP6_NEXT];
		return (size_t)get16(p + IP6_LEN) + IP6_HEADER == len && !is_odd6(p[IP6_NEXT]);
	}
	return false;
}

static enum bond look_at(const struct pkt *q, unsigned kinds, struct look *k)
{
	size_t len = q->len;
	uint8_t proto;

	*k = (struct look){ .p = q->data };
	if (!look_at_ip(k, len, &proto))
		return BOND_ODD;
	k->kind = proto == IPPROTO_TCP_ ? GRO_TCP : proto == IPPROTO_UDP_ ? GRO_UDP : GRO_ALONE;
	if (k->kind == GRO_ALONE)
		return BOND_NONE;
	if (len < (size_t)k->l4 + (k->kind == GRO_TCP ? TCP_HEADER : UDP_HEADER))
		return BOND_ODD;
	if (k->kind == GRO_TCP)
		look_at_tcp(k, len);
	else
		look_at_udp(k, len);
	/* what may not be joined is a flow all the same: its checksum may have to be finished */
	k->joins = k->joins && k->kind & kinds;
	k->hash = hash_of(k);
	return BOND_FLOW;
}

/* ---- joining ---- */

static bool same(const uint8_t *a, const uint8_t *b, size_t from, size_t to)
{
	return !memcmp(a + from, b + from, to - from);
}

static bool same_flow(const struct gro_write *w, const uint8_t *a, const struct look *k)
{
	size_t at = flow_at(k->v6);

	return w->kind == k->kind && w->v6 == k->v6 && same(a, k->p, at, at + flow_len(k->v6));
}

/* The headers of what is in w, whose first is a, and of k, which is of the same flow: whatever
 * segmentation would not change. */
static bool same_heads(const struct gro_write *w, const uint8_t *a, const struct look *k)
{
	const uint8_t *b = k->p, *ta = a + k->l4, *tb = b + k->l4;
	bool ip = k->v6 ? same(a, b, 0, IP6_LEN) && same(a, b, IP6_NEXT, IP6_ADDRS) :
			  same(a, b, 0, IP4_LEN) && same(a, b, IP4_FRAG, IP4_SUM);

	if (!ip || w->head != k->head || k->kind == GRO_UDP)
		return ip && w->head == k->head;
	return same(ta, tb, TCP_ACK, TCP_FLAGS) && !((ta[TCP_FLAGS] ^ tb[TCP_FLAGS]) & ~(FIN | PSH)) &&
	       same(ta, tb, TCP_WINDOW, TCP_SUM) && same(ta, tb, TCP_URGENT, (size_t)(k->head - k->l4));
}

static bool follows(const struct gro_write *w, const struct look *k)
{
	return k->len <= w->seg && w->len + k->len <= VNET_PACKET_MAX &&
	       (k->v6 || get16(k->p + IP4_ID) == w->next_id) &&
	       (k->kind != GRO_TCP || get32(k->p + k->l4 + TCP_SEQ) == w->next_seq);
}

/* Over addresses, protocol and the length of what the checksum is about. */
static uint64_t pseudo_sum(const uint8_t *p, bool v6, uint8_t kind, size_t l4_len)
{
	return sum_bytes(p + flow_at(v6), flow_len(v6) - 4) + sum_word((uint16_t)l4_len) +
	       sum_word(kind == GRO_TCP ? IPPROTO_TCP_ : IPPROTO_UDP_);
}

/* Whether the checksums are those that segmentation would make: zero has two forms in them (RFC 1624
 * section 3), of which one is made. */
static bool sums_are_right(const uint8_t *p, bool v6, uint8_t kind, size_t l4, size_t len)
{
	uint16_t at = get16(p + l4 + (kind == GRO_TCP ? TCP_SUM : UDP_SUM));

	if (!v6 && (sum_fold(sum_bytes(p, IP4_HEADER)) != 0xffff || get16(p + IP4_SUM) == 0xffff))
		return false;
	if (kind == GRO_TCP ? at == 0xffff : !at)
		return false;
	return sum_fold(sum_bytes(p + l4, len - l4) + pseudo_sum(p, v6, kind, len - l4)) == 0xffff;
}

static bool verify(struct gro_write *w, const struct pkt *first, const struct look *k)
{
	if (!w->verified && !sums_are_right(first->data, w->v6, w->kind, w->l4, first->len)) {
		w->open = false;
		return false;
	}
	w->verified = true;
	return sums_are_right(k->p, k->v6, k->kind, k->l4, k->head + k->len);
}

static void take(struct gro *g, struct gro_write *w, size_t i, const struct look *k)
{
	if (w->n)
		g->next[w->last] = (uint8_t)i;
	w->last = (uint8_t)i;
	w->n++;
	w->len += k->len;
	w->flags |= k->flags;
	w->next_seq += (uint32_t)k->len;
	w->next_id++;
	if (k->len < w->seg || k->flags & (FIN | PSH))
		w->open = false;
}

static void begin(struct gro *g, size_t i, const struct look *k, bool flow)
{
	struct gro_write *w = &g->w[g->n++];

	*w = (struct gro_write){ .first = (uint8_t)i, .last = (uint8_t)i, .n = 1 };
	if (!flow)
		return;
	w->n = 0;
	w->kind = k->kind;
	w->open = k->joins;
	w->v6 = k->v6;
	w->l4 = k->l4;
	w->head = k->head;
	w->seg = (uint16_t)k->len;
	w->len = k->head;
	w->hash = k->hash;
	w->next_id = k->v6 ? 0 : get16(k->p + IP4_ID);
	w->next_seq = k->kind == GRO_TCP ? get32(k->p + k->l4 + TCP_SEQ) : 0;
	w->older = g->bucket[k->hash % GRO_BUCKETS];
	g->bucket[k->hash % GRO_BUCKETS] = (uint8_t)g->n;
	take(g, w, i, k);
}

/* The newest write of the flow; NULL: there is none. */
static struct gro_write *find(struct gro *g, const struct batch *b, const struct look *k)
{
	for (size_t at = g->bucket[k->hash % GRO_BUCKETS]; at; at = g->w[at - 1].older) {
		struct gro_write *w = &g->w[at - 1];

		if (w->hash == k->hash && same_flow(w, b->p[w->first]->data, k))
			return w;
	}
	return NULL;
}

void gro_sort(struct gro *g, const struct batch *b, unsigned kinds)
{
	memset(g->bucket, 0, sizeof(g->bucket));
	g->n = g->closed = 0;
	for (size_t i = 0; i < b->n; i++) {
		struct gro_write *w = NULL;
		struct look k;
		enum bond bond = look_at(b->p[i], kinds, &k);

		if (bond == BOND_FLOW)
			w = find(g, b, &k);
		if (w && w->open && w >= g->w + g->closed && k.joins &&
		    same_heads(w, b->p[w->first]->data, &k) && follows(w, &k) &&
		    verify(w, b->p[w->first], &k)) {
			take(g, w, i, &k);
			continue;
		}
		begin(g, i, &k, bond == BOND_FLOW);
		if (bond == BOND_ODD)
			g->closed = g->n;
	}
}

/* ---- writing ---- */

/* The headers of the whole behind the header for the TUN. Its checksum is left to be finished, or to be made
 * for each segment. */
static void write_head(const struct gro_write *w, const uint8_t *p, uint8_t *head)
{
	size_t sum_at = w->kind == GRO_TCP ? TCP_SUM : UDP_SUM, l4_len = w->len - w->l4;
	struct vnet v = { .flags = VNET_NEEDS_CSUM, .hdr_len = w->head, .gso_size = w->seg,
			  .csum_start = w->l4, .csum_offset = (uint16_t)sum_at,
			  .gso_type = w->kind == GRO_UDP ? VNET_GSO_UDP_L4 :
				      w->v6		 ? VNET_GSO_TCPV6 :
							   VNET_GSO_TCPV4 };
	uint8_t *ip = head + VNET_HEADER, *l4 = ip + w->l4;

	vnet_encode(head, &v);
	memcpy(ip, p, w->head);
	if (w->v6) {
		put16(ip + IP6_LEN, (uint16_t)(w->len - IP6_HEADER));
	} else {
		put16(ip + IP4_LEN, (uint16_t)w->len);
		put16(ip + IP4_SUM, 0);
		sum_put(ip + IP4_SUM, sum_bytes(ip, IP4_HEADER));
	}
	if (w->kind == GRO_TCP)
		l4[TCP_FLAGS] = w->flags;
	else
		put16(l4 + UDP_LEN, (uint16_t)l4_len);
	uint16_t sum = sum_fold(pseudo_sum(p, w->v6, w->kind, l4_len));
	memcpy(l4 + sum_at, &sum, sizeof(sum));
}

/* What stands in the place of the checksum is the sum over addresses, protocol and length, which a kernel leaves there
 * for a device to go on from (Documentation/networking/checksum-offloads.rst of Linux calls it CHECKSUM_PARTIAL). No flag
 * comes with it out of GRE. A finished checksum that happens to be the same does not change when it is finished once
 * more. Of those that are wrong, one in 65535 looks so and becomes right: as many as the sum itself does not find.
 * "No checksum" of UDP, 0, is never the sum: protocol and length are not 0. */
static bool is_unfinished(const struct gro_write *w, const struct pkt *k, size_t sum_at)
{
	uint16_t sum = sum_fold(pseudo_sum(k->data, w->v6, w->kind, k->len - w->l4));

	return !memcmp(&sum, k->data + w->l4 + sum_at, sizeof(sum));
}

void gro_alone(const struct gro *g, const struct batch *b, size_t i, uint8_t head[VNET_HEADER])
{
	const struct gro_write *w = &g->w[i];
	size_t sum_at = w->kind == GRO_TCP ? TCP_SUM : UDP_SUM;
	struct vnet v = { 0 };

	if (w->kind != GRO_ALONE && is_unfinished(w, b->p[w->first], sum_at))
		v = (struct vnet){ .flags = VNET_NEEDS_CSUM, .csum_start = w->l4, .csum_offset = (uint16_t)sum_at };
	vnet_encode(head, &v);
}

size_t gro_pieces(const struct gro *g, const struct batch *b, size_t i, uint8_t head[GRO_HEAD_MAX],
		  struct span piece[GRO_PIECES])
{
	const struct gro_write *w = &g->w[i];
	const struct pkt *first = b->p[w->first];
	size_t at = w->first, n = 0;

	write_head(w, first->data, head);
	piece[n++] = span_of(head, (size_t)VNET_HEADER + w->head);
	for (size_t k = 0; k < w->n; k++, at = g->next[at])
		piece[n++] = span_of(b->p[at]->data + w->head, b->p[at]->len - w->head);
	return n;
}
