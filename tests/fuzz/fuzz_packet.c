/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a packet: the header functions and GRE stay inside it, and what
 * they write keeps its promises. */
#include <stdlib.h>
#include <string.h>

#include "packet/gre.h"
#include "packet/ip.h"
#include "packet/l4sum.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct pool pool;

static void check(bool ok)
{
	if (!ok)
		abort();
}

static struct pkt *load(const uint8_t *data, size_t size)
{
	struct pkt *p = pkt_get(&pool);

	check(p);
	uint8_t *at = pkt_append(p, size);
	check(at);
	memcpy(at, data, size);
	return p;
}

static void rewrite(const uint8_t *data, size_t size, uint8_t byte)
{
	struct pkt *p = load(data, size);
	struct ip_view h, again;
	struct flow f;

	if (ip4_parse(p, true, &h)) {
		ip4_flow(p, &h, &f);
		ip4_set_tos(p, byte);
		check(ip4_parse(p, true, &again) && again.tos == byte);
		ip_clamp_mss(p, (uint16_t)(byte * 16));
		check(ip4_parse(p, true, &again) && again.total_len == h.total_len);
		struct ipaddr was_src = ipaddr_v4(byte), was_dst = ipaddr_v4(~h.dst);
		l4sum_readdress(p, &again, &was_src, &was_dst);
		l4sum_renew(p, &again);
	}
	pkt_put(&pool, p);
}

static void cut(const uint8_t *data, size_t size, uint8_t byte)
{
	struct pkt *p = load(data, size);
	struct batch out = { 0 };
	size_t mtu = 60u + byte, sum = 0;
	struct ip_view h;

	if (!ip4_parse(p, false, &h) || ip4_fragment(&pool, p, mtu, &out)) {
		check(out.n == 0);
		pkt_put(&pool, p);
		return;
	}
	for (size_t i = 0; i < out.n; i++) {
		struct ip_view part;

		check(out.n == 1 || ip4_parse(out.p[i], true, &part));
		check(out.p[i]->len <= mtu);
		if (out.n > 1)
			sum += (size_t)(part.total_len - part.header_len);
	}
	check(out.n == 1 || sum == (size_t)(h.total_len - h.header_len));
	batch_put(&pool, &out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t buf[600], *exact;
	struct gre g;
	struct ip_view h;

	if (size < 1 || size > PKT_DATA_MAX)
		return 0;
	if (!pool.n)
		check(!pool_init(&pool, BATCH_MAX + 1));
	uint8_t byte = *data++;
	size--;
	rewrite(data, size, byte);
	cut(data, size, byte);
	/* exactly sized, so that a sanitizer sees one byte too many */
	exact = malloc(size ? size : 1);
	check(exact);
	if (size)
		memcpy(exact, data, size);
	struct pkt p = { .buf = exact, .data = exact, .len = (uint32_t)size };
	struct span s = span_of(exact, size);
	if (gre_decode(s, &g) == GRE_OK) {
		struct gre again;

		check(g.header_len <= size && g.header_len >= 4 && g.header_len == gre_header_len(&g));
		gre_write(exact, size, &g);
		check(gre_decode(s, &again) == GRE_OK && again.proto == g.proto &&
		      again.header_len == g.header_len && again.has_checksum == g.has_checksum &&
		      again.key == g.key && again.seq == g.seq);
	}
	(void)ip4_peek(s, &h);
	(void)ip4_parse(&p, false, &h);
	ip_clamp_mss(&p, byte);
	check(icmp4_too_big(s, 1400, buf, sizeof(buf)) >= 8);
	free(exact);
	check(pool.n_free == pool.n);
	return 0;
}
