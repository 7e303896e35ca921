/* SPDX-License-Identifier: Apache-2.0 */
/* Checksums of TCP and UDP whose addresses a NAT has changed, against sums made from
 * nothing over pseudo header and segment (RFC 768, RFC 9293 section 3.1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "packet/l4sum.h"

static struct pool pool;
static uint32_t seed = 1;

static uint32_t rnd(void)
{
	return (seed = seed * 1664525u + 1013904223u) >> 8;
}

/* 16-bit words one by one, as the RFCs say it. */
static uint16_t plain_sum(const uint8_t *seg, size_t n, uint32_t src, uint32_t dst, uint8_t proto)
{
	uint64_t sum = (src >> 16) + (src & 0xffff) + (dst >> 16) + (dst & 0xffff) + proto + n;

	for (size_t i = 0; i < n; i++)
		sum += i & 1 ? seg[i] : (uint64_t)seg[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static size_t sum_at(uint8_t proto)
{
	return proto == 6 ? 16 : 6;
}

static void readdress(struct pkt *p, const struct ip_view *h, const uint32_t was[2])
{
	struct ipaddr src = ipaddr_v4(was[0]), dst = ipaddr_v4(was[1]);

	l4sum_readdress(p, h, &src, &dst);
}

/* A segment of n random bytes from src to dst under that header, with the checksum that
 * it has if it was made for was_src and was_dst. */
static struct pkt *packet(uint8_t proto, size_t n, const uint32_t now[2], const uint32_t was[2],
			  struct ip_view *ret_h)
{
	struct pkt *p = pkt_get(&pool);
	struct ip_view h = { .header_len = 20, .ttl = 64, .proto = proto, .id = 1, .src = now[0],
			 .dst = now[1], .total_len = (uint16_t)(20 + n) };

	assert_non_null(p);
	ip4_write(pkt_append(p, 20), &h);
	uint8_t *seg = pkt_append(p, n);
	for (size_t i = 0; i < n; i++)
		seg[i] = (uint8_t)rnd();
	if (n >= sum_at(proto) + 2) {
		memset(seg + sum_at(proto), 0, 2);
		uint16_t s = plain_sum(seg, n, was[0], was[1], proto);
		if (!s && proto == 17)
			s = 0xffff;
		seg[sum_at(proto)] = (uint8_t)(s >> 8);
		seg[sum_at(proto) + 1] = (uint8_t)s;
	}
	*ret_h = h;
	return p;
}

static bool is_right(const struct pkt *p, const struct ip_view *h)
{
	/* over a segment with its checksum in place the sum is nothing */
	return plain_sum(p->data + 20, p->len - 20, h->src, h->dst, h->proto) == 0;
}

static void translated_checksums_become_those_of_the_new_addresses(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		uint32_t was[2] = { rnd() << 8 | rnd() % 256, rnd() << 8 }, now[2] = { rnd() << 8, was[1] };
		uint8_t proto = i & 1 ? 6 : 17;
		struct ip_view h;

		if (i & 2)
			now[1] ^= rnd();
		struct pkt *p = packet(proto, 20 + rnd() % 90, now, was, &h);
		if (i % 3)
			readdress(p, &h, was);
		else
			l4sum_renew(p, &h);
		assert_true(is_right(p, &h));
		pkt_put(&pool, p);
	}
}

/* The payload's damage is not covered up, if the addresses are known. */
static void damage_stays_visible(void **state)
{
	const uint32_t was[2] = { 0xc0a80102, 0xc6336402 }, now[2] = { 0xc6336401, 0xac100202 };
	struct ip_view h;

	(void)state;
	struct pkt *p = packet(6, 101, now, was, &h);
	p->data[90] ^= 4;
	readdress(p, &h, was);
	assert_false(is_right(p, &h));
	pkt_put(&pool, p);
}

static void what_has_no_checksum_is_left_alone(void **state)
{
	static const struct {
		uint8_t proto;
		size_t n;
		uint16_t frag;
		bool zero;
	} rows[] = { { 17, 40, 0, true },   { 1, 40, 0, false },      { 47, 40, 0, false },
		     { 6, 19, 0, false },   { 17, 7, 0, false },      { 6, 0, 0, false },
		     { 6, 40, 0x2000, false }, { 17, 40, 0x0010, false } };
	const uint32_t was[2] = { 1, 2 }, now[2] = { 3, 4 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t before[100];
		struct ip_view h;
		struct pkt *p = packet(rows[i].proto, rows[i].n, now, was, &h);

		h.frag = rows[i].frag;
		if (rows[i].zero)
			memset(p->data + 20 + 6, 0, 2);
		memcpy(before, p->data, p->len);
		readdress(p, &h, was);
		l4sum_renew(p, &h);
		assert_memory_equal(p->data, before, p->len);
		pkt_put(&pool, p);
	}
}

/* UDP's zero says "none": a sum of zero travels as 0xffff. */
static void a_udp_sum_of_zero_is_said_as_ffff(void **state)
{
	const uint32_t any[2] = { 0x0a000001, 0x0a000002 };
	struct ip_view h;
	unsigned seen = 0;

	(void)state;
	for (unsigned v = 0; v < 65536; v++) {
		struct pkt *p = packet(17, 10, any, any, &h);

		memset(p->data + 20, 0, 10);
		p->data[26] = 1; /* some checksum, to be renewed */
		p->data[28] = (uint8_t)(v >> 8);
		p->data[29] = (uint8_t)v;
		l4sum_renew(p, &h);
		assert_true(p->data[26] || p->data[27]);
		seen += p->data[26] == 0xff && p->data[27] == 0xff;
		pkt_put(&pool, p);
	}
	assert_int_equal(seen, 1);
}

static int make(void **state)
{
	(void)state;
	return pool_init(&pool, 4);
}

static int unmake(void **state)
{
	(void)state;
	pool_fini(&pool);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(translated_checksums_become_those_of_the_new_addresses),
		cmocka_unit_test(damage_stays_visible),
		cmocka_unit_test(what_has_no_checksum_is_left_alone),
		cmocka_unit_test(a_udp_sum_of_zero_is_said_as_ffff),
	};

	return cmocka_run_group_tests(tests, make, unmake);
}
