/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/gre.h"

#include "packet/ip4.h"

#include <assert.h>

enum { GRE_C = 0x8000, GRE_R = 0x4000, GRE_K = 0x2000, GRE_S = 0x1000, GRE_VERSION = 7 };

enum gre_result gre_decode(struct span s, struct gre *ret_g)
{
	struct rd r = rd_span(s);
	struct gre g = { 0 };
	uint16_t flags = rd_be16(&r);

	g.proto = rd_be16(&r);
	if (r.bad)
		return GRE_MALFORMED;
	/* RFC 2784 section 2.3: a receiver that knows no more than RFC 2784 must drop
	 * packets with any of bits 1-5 set; K and S are ours by RFC 2890. */
	if (flags & (GRE_R | 0x0c00 | GRE_VERSION))
		return GRE_UNSUPPORTED;
	if (flags & GRE_C) {
		g.has_checksum = true;
		rd_skip(&r, 4);
	}
	if (flags & GRE_K) {
		g.has_key = true;
		g.key = rd_be32(&r);
	}
	if (flags & GRE_S) {
		g.has_seq = true;
		g.seq = rd_be32(&r);
	}
	if (r.bad)
		return GRE_MALFORMED;
	if (g.has_checksum && ip_checksum(s.p, s.len) != 0)
		return GRE_BAD_CHECKSUM;
	g.header_len = (uint8_t)(s.len - rd_left(&r));
	*ret_g = g;
	return GRE_OK;
}

size_t gre_header_len(const struct gre *g)
{
	return 4u + (g->has_checksum ? 4 : 0) + (g->has_key ? 4 : 0) + (g->has_seq ? 4 : 0);
}

void gre_write(uint8_t *at, size_t len, const struct gre *g)
{
	struct wr w = wr_of(at, len);
	uint16_t flags = (uint16_t)((g->has_checksum ? GRE_C : 0) | (g->has_key ? GRE_K : 0) |
				    (g->has_seq ? GRE_S : 0));

	wr_be16(&w, flags);
	wr_be16(&w, g->proto);
	if (g->has_checksum)
		wr_be32(&w, 0); /* and Reserved1 */
	if (g->has_key)
		wr_be32(&w, g->key);
	if (g->has_seq)
		wr_be32(&w, g->seq);
	assert(!w.bad);
	if (g->has_checksum)
		wr_patch_be16(&w, 4, ip_checksum(at, len));
}
