/* SPDX-License-Identifier: Apache-2.0 */
/* A cursor over bytes from strangers that remembers that it failed: read the
 * whole layout straight down, then ask r->bad once. Every read past the end
 * sets bad, returns zero (or an empty span) and moves nothing. */
#ifndef BASE_RD_H
#define BASE_RD_H

#include "base/span.h"

struct rd {
	const uint8_t *p;   /* next byte */
	const uint8_t *end; /* one past the last */
	bool bad;	    /* sticky: something was read that is not there */
};

/* A cursor over len bytes at p, which must outlive it. */
static inline struct rd rd_of(const void *p, size_t len)
{
	const uint8_t *b = p;

	return (struct rd){ b, b ? b + len : b, false };
}

static inline struct rd rd_span(struct span s)
{
	return rd_of(s.p, s.len);
}

/* Big-endian at p, where the bytes are known to be. */
static inline uint16_t be16_at(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t be32_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t be64_at(const uint8_t *p)
{
	return (uint64_t)be32_at(p) << 32 | be32_at(p + 4);
}

/* Bytes not read yet; 0 once bad. */
static inline size_t rd_left(const struct rd *r)
{
	return r->bad ? 0 : (size_t)(r->end - r->p);
}

/* True if n more bytes are there; otherwise marks the cursor bad. */
static inline bool rd_need(struct rd *r, size_t n)
{
	if (r->bad || (size_t)(r->end - r->p) < n) {
		r->bad = true;
		return false;
	}
	return true;
}

static inline uint8_t rd_u8(struct rd *r)
{
	return rd_need(r, 1) ? *r->p++ : 0;
}

/* Big-endian (network order) integers, returned in host order. */
static inline uint16_t rd_be16(struct rd *r)
{
	if (!rd_need(r, 2))
		return 0;
	uint16_t v = be16_at(r->p);
	r->p += 2;
	return v;
}

static inline uint32_t rd_be32(struct rd *r)
{
	if (!rd_need(r, 4))
		return 0;
	uint32_t v = be32_at(r->p);
	r->p += 4;
	return v;
}

static inline uint64_t rd_be64(struct rd *r)
{
	if (!rd_need(r, 8))
		return 0;
	uint64_t hi = rd_be32(r);
	return hi << 32 | rd_be32(r);
}

/* The next n bytes as a view into the datagram; empty (and bad) if they are
 * not all there. */
static inline struct span rd_take(struct rd *r, size_t n)
{
	if (!rd_need(r, n))
		return (struct span){ 0 };
	struct span s = { r->p, n };
	r->p += n;
	return s;
}

static inline void rd_skip(struct rd *r, size_t n)
{
	(void)rd_take(r, n);
}

/* A child cursor over the next n bytes, so that an inner length cannot reach
 * outer bytes. The parent moves past them. A child of a bad parent is bad. */
static inline struct rd rd_sub(struct rd *r, size_t n)
{
	struct span s = rd_take(r, n);
	struct rd sub = rd_of(s.p, s.len);

	sub.bad = r->bad;
	return sub;
}

/* Copies the next n bytes to dst; dst is untouched if they are not there. */
void rd_copy(struct rd *r, void *dst, size_t n);

#endif
