/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rd.h"
#include "base/wr.h"

#include <assert.h>
#include <string.h>

bool span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

void rd_copy(struct rd *r, void *dst, size_t n)
{
	struct span s = rd_take(r, n);

	if (s.len)
		memcpy(dst, s.p, s.len);
}

void wr_bytes(struct wr *w, const void *p, size_t n)
{
	uint8_t *q = wr_room(w, n);

	if (q && n)
		memcpy(q, p, n);
}

void wr_span(struct wr *w, struct span s)
{
	wr_bytes(w, s.p, s.len);
}

void wr_zero(struct wr *w, size_t n)
{
	uint8_t *q = wr_room(w, n);

	if (q && n)
		memset(q, 0, n);
}

void wr_patch_be16(struct wr *w, size_t off, uint16_t v)
{
	if (w->bad)
		return;
	assert(off + 2 <= wr_len(w));
	wr_put_be16(w->start + off, v);
}

void wr_patch_be32(struct wr *w, size_t off, uint32_t v)
{
	if (w->bad)
		return;
	assert(off + 4 <= wr_len(w));
	wr_put_be32(w->start + off, v);
}

struct span wr_done(const struct wr *w)
{
	return w->bad ? (struct span){ 0 } : (struct span){ w->start, wr_len(w) };
}
