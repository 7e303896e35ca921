/* SPDX-License-Identifier: Apache-2.0 */
/* The writer's twin of rd.h: fills a caller's buffer and remembers that it
 * overflowed. Nothing is written past the end; ask w->bad once. */
#ifndef BASE_WR_H
#define BASE_WR_H

#include <string.h>

#include "base/span.h"

struct wr {
	uint8_t *start;
	uint8_t *p; /* next free byte */
	uint8_t *end;
	bool bad; /* sticky: something did not fit */
};

static inline struct wr wr_of(void *buf, size_t cap)
{
	uint8_t *b = buf;

	return (struct wr){ b, b, b ? b + cap : b, false };
}

/* Bytes written so far. */
static inline size_t wr_len(const struct wr *w)
{
	return (size_t)(w->p - w->start);
}

/* Room for n bytes, to be filled by the caller; NULL (and bad) if it is not
 * there. */
static inline uint8_t *wr_room(struct wr *w, size_t n)
{
	if (w->bad || (size_t)(w->end - w->p) < n) {
		w->bad = true;
		return NULL;
	}
	uint8_t *q = w->p;
	w->p += n;
	return q;
}

/* Big-endian at q, where there is room. One store each: left to itself the compiler makes
 * four of some. */
static inline void wr_put_be16(uint8_t *q, uint16_t v)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	v = __builtin_bswap16(v);
#endif
	memcpy(q, &v, sizeof(v));
}

static inline void wr_put_be32(uint8_t *q, uint32_t v)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	v = __builtin_bswap32(v);
#endif
	memcpy(q, &v, sizeof(v));
}

static inline void wr_u8(struct wr *w, uint8_t v)
{
	uint8_t *q = wr_room(w, 1);

	if (q)
		*q = v;
}

static inline void wr_be16(struct wr *w, uint16_t v)
{
	uint8_t *q = wr_room(w, 2);

	if (q)
		wr_put_be16(q, v);
}

static inline void wr_be32(struct wr *w, uint32_t v)
{
	uint8_t *q = wr_room(w, 4);

	if (q)
		wr_put_be32(q, v);
}

static inline void wr_be64(struct wr *w, uint64_t v)
{
	uint8_t *q = wr_room(w, 8);

	if (q) {
		wr_put_be32(q, (uint32_t)(v >> 32));
		wr_put_be32(q + 4, (uint32_t)v);
	}
}

void wr_bytes(struct wr *w, const void *p, size_t n);
void wr_span(struct wr *w, struct span s);
void wr_zero(struct wr *w, size_t n);

/* Overwrites the two (four) bytes at offset off, which must lie in what was
 * written; for lengths known only at the end. */
void wr_patch_be16(struct wr *w, size_t off, uint16_t v);
void wr_patch_be32(struct wr *w, size_t off, uint32_t v);

/* What was written, as a view; empty if bad. */
struct span wr_done(const struct wr *w);

#endif
