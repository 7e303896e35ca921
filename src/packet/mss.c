/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/ip.h"

enum { OPT_END = 0, OPT_NOP = 1, OPT_MSS = 2, TCP_HEADER = 20, AT_FLAGS = 13, AT_SUM = 16, SYN = 2 };

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static uint16_t swapped(uint16_t v)
{
	return (uint16_t)(v << 8 | v >> 8);
}

/* Replaces the MSS at `at` of the header and mends the checksum (RFC 1624 equation 3). An
 * option at an odd offset has its bytes swapped in the sum. */
static void put_mss(uint8_t *tcp, size_t at, uint16_t mss)
{
	uint16_t was = get16(tcp + at), now = mss;
	uint32_t sum = (uint16_t)~get16(tcp + AT_SUM);

	put16(tcp + at, mss);
	sum += (uint16_t)~(at & 1 ? swapped(was) : was);
	sum += at & 1 ? swapped(now) : now;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	put16(tcp + AT_SUM, (uint16_t)~sum);
}

/* The offset of the MSS in the TCP header of n bytes; 0: it has none. */
static size_t find_mss(const uint8_t *tcp, size_t n)
{
	struct rd r = rd_of(tcp, n);

	rd_skip(&r, TCP_HEADER);
	while (rd_left(&r)) {
		uint8_t kind = rd_u8(&r);

		if (kind == OPT_END)
			return 0;
		if (kind == OPT_NOP)
			continue;
		uint8_t len = rd_u8(&r);
		if (len < 2)
			return 0;
		size_t at = n - rd_left(&r);
		rd_skip(&r, len - 2u);
		if (r.bad)
			return 0;
		if (kind == OPT_MSS && len == 4)
			return at;
	}
	return 0;
}

void ip_clamp_mss(struct pkt *p, uint16_t mss)
{
	struct ip_view h;

	if (!ip_peek(span_of(p->data, p->len), &h) || h.proto != IPPROTO_TCP_ ||
	    h.frag & IP4_OFF_MASK || p->len < h.header_len + (size_t)TCP_HEADER)
		return;
	if (h.family == IP_V6)
		mss = mss > IP6_HEADER - IP4_HEADER ? mss - (IP6_HEADER - IP4_HEADER) : 0;
	uint8_t *tcp = p->data + h.header_len;
	size_t n = (size_t)(tcp[12] >> 4) * 4;
	if (!(tcp[AT_FLAGS] & SYN) || n < TCP_HEADER || p->len < h.header_len + n)
		return;
	size_t at = find_mss(tcp, n);
	if (at && get16(tcp + at) > mss)
		put_mss(tcp, at, mss);
}
