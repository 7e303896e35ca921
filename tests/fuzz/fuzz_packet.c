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

	if (ip_parse(p, true, &h)) {
		ip_flow(p, &h, &f);
		ip_set_tos(p, h.family, byte);
		check(ip_parse(p, true, &again) && again.tos == byte);
		ip_clamp_mss(p, (uint16_t)(byte * 16));
		check(ip_parse(p, true, &again) && again.total_len == h.total_len &&
		      again.header_len == h.header_len && again.proto == h.proto);
		struct ipaddr was_src = f.remote, was_dst = f.local;
		was_src.b[3] ^= byte;
		l4sum_readdress(p, &again, &was_src, &was_dst);
		l4sum_renew(p, &again);
	}
	pkt_put(&pool, p);
}

/* Fragments of IPv6 begin alike, but for the Fragment header, and their rests are the packet. */
static void cut6(const uint8_t *data, size_t size, uint8_t byte)
{
	struct pkt *p = load(data, size);
	struct batch out = { 0 };
	size_t mtu = IP6_LEAST_MTU + byte, sum = 0, next_at, split;
	struct ip_view h, part;

	if (!ip6_parse(p, &h) || ip6_fragment(&pool, p, mtu, 7, &out)) {
		check(out.n == 0);
		pkt_put(&pool, p);
		return;
	}
	split = ip6_split(data, &h, &next_at);
	check(split >= IP6_HEADER && split <= h.header_len && next_at < split);
	for (size_t i = 0; out.n > 1 && i < out.n; i++) {
		const uint8_t *at = out.p[i]->data;
		size_t n = out.p[i]->len - split - IP6_FRAG_HEADER;

		check(out.p[i]->len <= mtu && at[next_at] == IP6_FRAGMENT && at[split] == data[next_at]);
		check(!memcmp(at + IP6_HEADER + 1, data + IP6_HEADER + 1, split > IP6_HEADER ? split - IP6_HEADER - 1 : 0) ||
		      next_at >= IP6_HEADER);
		check(!memcmp(at + split + IP6_FRAG_HEADER, data + split + sum, n));
		check(i || !ip6_parse(out.p[i], &part) || part.frag == (IP4_DF | IP4_MF));
		sum += n;
	}
	check(out.n == 1 || sum == h.total_len - split);
	batch_put(&pool, &out);
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
	uint8_t buf[600], big[IP6_LEAST_MTU], *exact;
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
	cut6(data, size, byte);
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
	if (ip_peek(s, &h) && h.family == IP_V6) {
		size_t next_at;

		check(h.header_len <= size);
		(void)ip6_split(exact, &h, &next_at);
	}
	(void)ip_parse(&p, false, &h);
	ip_clamp_mss(&p, byte);
	check(icmp4_too_big(s, 1400, buf, sizeof(buf)) >= 8);
	struct ipaddr us = { .family = IP_V6 };
	check(icmp6_too_big(s, 1400, &us, &us, big, sizeof(big)) >= 8);
	free(exact);
	check(pool.n_free == pool.n);
	return 0;
}
