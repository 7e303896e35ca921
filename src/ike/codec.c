/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/codec.h"

#include <string.h>

const char *ike_payload_name(unsigned type)
{
	switch (type) {
#define X(n, name) case n: return #name;
		IKE_PAYLOADS(X)
#undef X
	default:
		return "unknown";
	}
}

const char *ike_notify_name(unsigned type)
{
	switch (type) {
#define X(n, name) case n: return #name;
		IKE_NOTIFIES(X)
#undef X
	default:
		return "unknown";
	}
}

/* RFC 2408 section 3.1. */
bool ike_header_decode(struct rd *r, struct ike_header *ret_h)
{
	struct ike_header h;
	size_t all = rd_left(r);

	rd_copy(r, h.i_cookie, 8);
	rd_copy(r, h.r_cookie, 8);
	h.next = rd_u8(r);
	h.version = rd_u8(r);
	h.exchange = rd_u8(r);
	h.flags = rd_u8(r);
	h.msgid = rd_be32(r);
	h.len = rd_be32(r);
	if (r->bad || h.len != all || h.version >> 4 != 1)
		return false;
	*ret_h = h;
	return true;
}

bool ike_payloads_decode(uint8_t first, struct span bytes, struct ike_payloads *ret_pl)
{
	struct rd r = rd_span(bytes);
	uint8_t type = first;

	ret_pl->n = 0;
	while (type != PL_NONE) {
		const uint8_t *start = r.p;
		uint8_t next = rd_u8(&r);
		uint8_t reserved = rd_u8(&r);
		size_t len = rd_be16(&r);

		if (r.bad || reserved || len < 4 || ret_pl->n == IKE_MAX_PAYLOADS)
			return false;
		struct span body = rd_take(&r, len - 4);
		if (r.bad)
			return false;
		ret_pl->v[ret_pl->n++] =
			(struct ike_payload){ type, body, span_of(start, len) };
		type = next;
	}
	ret_pl->used = bytes.len - rd_left(&r);
	return true;
}

const struct ike_payload *ike_payload_find(const struct ike_payloads *pl, uint8_t type, size_t k)
{
	for (size_t i = 0; i < pl->n; i++)
		if (pl->v[i].type == type && k-- == 0)
			return &pl->v[i];
	return NULL;
}

size_t ike_payload_count(const struct ike_payloads *pl, uint8_t type)
{
	size_t n = 0;

	for (size_t i = 0; i < pl->n; i++)
		n += pl->v[i].type == type;
	return n;
}

/* RFC 2408 section 3.3. */
bool ike_attr_next(struct rd *r, struct ike_attr *ret_a)
{
	struct ike_attr a = { 0 };

	if (!rd_left(r))
		return false;
	a.type = rd_be16(r);
	if (a.type & 0x8000) {
		a.type &= 0x7fff;
		a.value = rd_be16(r);
	} else {
		a.bytes = rd_take(r, rd_be16(r));
		struct rd v = rd_span(a.bytes);
		/* of any length, if the value is small */
		while (rd_left(&v)) {
			uint8_t b = rd_u8(&v);

			a.value = a.value >> 24 ? UINT32_MAX : a.value << 8 | b;
			if (a.value == UINT32_MAX)
				break;
		}
	}
	if (r->bad)
		return false;
	*ret_a = a;
	return true;
}

void ike_attr_tv(struct wr *w, uint16_t type, uint16_t value)
{
	wr_be16(w, type | 0x8000);
	wr_be16(w, value);
}

void ike_attr_number(struct wr *w, uint16_t type, uint32_t value)
{
	if (value <= UINT16_MAX) {
		ike_attr_tv(w, type, (uint16_t)value);
		return;
	}
	wr_be16(w, type);
	wr_be16(w, 4);
	wr_be32(w, value);
}

/* RFC 2408 section 3.4 with the IPsec DOI's situation (RFC 2407 section 4.2):
 * identity only. */
bool ike_sa_decode(struct span body, struct rd *ret_proposals)
{
	struct rd r = rd_span(body);
	uint32_t doi = rd_be32(&r);
	uint32_t situation = rd_be32(&r);

	if (r.bad || doi != IKE_DOI_IPSEC || situation != 1)
		return false;
	*ret_proposals = r;
	return true;
}

/* RFC 2408 section 3.5. */
bool ike_proposal_next(struct rd *r, struct ike_proposal *ret_p)
{
	struct ike_proposal p;

	if (!rd_left(r))
		return false;
	rd_skip(r, 2);
	size_t len = rd_be16(r);
	struct rd in = rd_sub(r, len < 4 ? SIZE_MAX / 2 : len - 4);
	p.number = rd_u8(&in);
	p.proto = rd_u8(&in);
	size_t spi_len = rd_u8(&in);
	p.n_transforms = rd_u8(&in);
	p.spi = rd_take(&in, spi_len);
	p.transforms = in;
	if (r->bad || in.bad) {
		r->bad = true;
		return false;
	}
	*ret_p = p;
	return true;
}

/* RFC 2408 section 3.6. */
bool ike_transform_next(struct ike_proposal *p, struct ike_transform *ret_t)
{
	struct rd *r = &p->transforms;
	struct ike_transform t;

	if (!rd_left(r))
		return false;
	const uint8_t *start = r->p;
	rd_skip(r, 2);
	size_t len = rd_be16(r);
	struct rd in = rd_sub(r, len < 4 ? SIZE_MAX / 2 : len - 4);
	t.number = rd_u8(&in);
	t.id = rd_u8(&in);
	rd_skip(&in, 2);
	t.attrs = rd_take(&in, rd_left(&in));
	if (r->bad || in.bad) {
		r->bad = true;
		return false;
	}
	t.whole = span_of(start, len);
	*ret_t = t;
	return true;
}

bool ike_sa_is_single(struct span body)
{
	struct ike_proposal p;
	struct rd r;

	return ike_sa_is_choice(body) && ike_sa_decode(body, &r) && ike_proposal_next(&r, &p) && !rd_left(&r);
}

bool ike_sa_is_choice(struct span body)
{
	struct ike_proposal p;
	struct ike_transform t;
	struct rd r;
	int number = -1;

	if (!ike_sa_decode(body, &r))
		return false;
	while (ike_proposal_next(&r, &p)) {
		if ((number >= 0 && p.number != number) || !ike_transform_next(&p, &t) ||
		    rd_left(&p.transforms) || p.transforms.bad)
			return false;
		number = p.number;
	}
	return number >= 0 && !r.bad;
}

void ike_sa_begin(struct wr *w)
{
	wr_be32(w, IKE_DOI_IPSEC);
	wr_be32(w, 1);
}

size_t ike_sub_begin(struct wr *w, uint8_t next)
{
	size_t at = wr_len(w);

	wr_u8(w, next);
	wr_u8(w, 0);
	wr_be16(w, 0);
	return at;
}

void ike_sub_end(struct wr *w, size_t at)
{
	wr_patch_be16(w, at + 2, (uint16_t)(wr_len(w) - at));
}

/* RFC 2408 section 3.14. */
bool ike_notify_decode(struct span body, struct ike_notify *ret_n)
{
	struct rd r = rd_span(body);
	struct ike_notify n;

	n.doi = rd_be32(&r);
	n.proto = rd_u8(&r);
	size_t spi_len = rd_u8(&r);
	n.type = rd_be16(&r);
	n.spi = rd_take(&r, spi_len);
	n.data = rd_take(&r, rd_left(&r));
	if (r.bad)
		return false;
	*ret_n = n;
	return true;
}

/* RFC 2408 section 3.15. */
bool ike_delete_decode(struct span body, struct ike_delete *ret_d)
{
	struct rd r = rd_span(body);
	struct ike_delete d;

	d.doi = rd_be32(&r);
	d.proto = rd_u8(&r);
	d.spi_len = rd_u8(&r);
	d.n_spis = rd_be16(&r);
	d.spis = rd_take(&r, (size_t)d.spi_len * d.n_spis);
	if (r.bad || rd_left(&r) || !d.spi_len)
		return false;
	*ret_d = d;
	return true;
}

/* RFC 2407 section 4.6.2. */
bool ike_id_decode(struct span body, struct ike_id *ret_id)
{
	struct rd r = rd_span(body);
	struct ike_id id;

	id.type = rd_u8(&r);
	id.proto = rd_u8(&r);
	id.port = rd_be16(&r);
	id.data = rd_take(&r, rd_left(&r));
	if (r.bad)
		return false;
	*ret_id = id;
	return true;
}

/* RFC 2407 sections 4.6.2.2 and 4.6.2.6. */
bool ike_id_addr(const struct ike_id *id, struct ipaddr *ret_a)
{
	struct ipaddr a = { .family = id->type == ID_IPV4 ? IP_V4 : id->type == ID_IPV6 ? IP_V6 : IP_NONE };
	struct rd r = rd_span(id->data);

	if (!a.family)
		return false;
	rd_copy(&r, a.b, ip_bits(a.family) / 8);
	if (r.bad || rd_left(&r))
		return false;
	*ret_a = a;
	return true;
}

uint8_t ike_addr_id(uint8_t family)
{
	return family == IP_V6 ? ID_IPV6 : ID_IPV4;
}

struct span ike_addr_bytes(const struct ipaddr *a)
{
	return span_of(a->b, ip_bits(a->family) / 8);
}

void ike_build_start(struct ike_builder *b, const struct ike_header *h)
{
	b->w = wr_of(b->buf, sizeof(b->buf));
	wr_bytes(&b->w, h->i_cookie, 8);
	wr_bytes(&b->w, h->r_cookie, 8);
	b->next_at = wr_len(&b->w);
	wr_u8(&b->w, PL_NONE);
	wr_u8(&b->w, 0x10);
	wr_u8(&b->w, h->exchange);
	wr_u8(&b->w, h->flags);
	wr_be32(&b->w, h->msgid);
	wr_be32(&b->w, 0);
	b->begun = 0;
}

void ike_build_begin(struct ike_builder *b, uint8_t type)
{
	b->buf[b->next_at] = type;
	b->begun = b->next_at = wr_len(&b->w);
	wr_be32(&b->w, 0);
	if (b->w.bad)
		b->next_at = 16;
}

void ike_build_end(struct ike_builder *b)
{
	wr_patch_be16(&b->w, b->begun + 2, (uint16_t)(wr_len(&b->w) - b->begun));
}

void ike_build_payload(struct ike_builder *b, uint8_t type, struct span body)
{
	ike_build_begin(b, type);
	wr_span(&b->w, body);
	ike_build_end(b);
}

struct span ike_build_done(struct ike_builder *b)
{
	wr_patch_be32(&b->w, 24, (uint32_t)wr_len(&b->w));
	return wr_done(&b->w);
}
