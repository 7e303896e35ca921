/* SPDX-License-Identifier: Apache-2.0 */
/* IPv6 headers and their extensions: what is read, what is refused, where a shim goes, how a
 * packet is cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "packet/ip.h"

static struct pool pool;

static int pool_up(void **state)
{
	(void)state;
	return pool_init(&pool, 80);
}

static int pool_down(void **state)
{
	(void)state;
	int leaked = pool.n_free != pool.n;
	pool_fini(&pool);
	return leaked;
}

/* kinds: extension headers in order, ended by -1; each is 8 bytes but Routing, which has 24.
 * Then proto and a body that counts up. */
static struct pkt *make(const int *kinds, uint8_t proto, size_t body)
{
	struct pkt *p = pkt_get(&pool);
	struct ipaddr src = { .family = IP_V6, .b = { 0x20, 1, [15] = 1 } };
	struct ipaddr dst = { .family = IP_V6, .b = { 0x20, 1, [15] = 2 } };
	struct ip_view h = { .tos = 0xb8, .ttl = 64, .proto = proto };

	assert_non_null(p);
	(void)pkt_append(p, IP6_HEADER);
	uint8_t *next_at = p->data + 6;
	uint8_t first = proto;
	for (size_t i = 0; kinds[i] >= 0; i++) {
		size_t n = kinds[i] == IP6_ROUTING ? 24 : 8;
		uint8_t *at = pkt_append(p, n);

		memset(at, 0, n);
		at[1] = kinds[i] == IP6_FRAGMENT ? 0 : (uint8_t)(n / 8 - 1);
		if (i)
			*next_at = (uint8_t)kinds[i];
		else
			first = (uint8_t)kinds[i];
		next_at = at;
	}
	if (kinds[0] >= 0)
		*next_at = proto;
	h.proto = first;
	uint8_t *at = pkt_append(p, body);
	for (size_t i = 0; i < body; i++)
		at[i] = (uint8_t)(i * 7 + (i >> 8));
	h.total_len = (uint16_t)p->len;
	ip6_write(p->data, &h, &src, &dst);
	return p;
}

static void a_header_is_read_as_it_was_written(void **state)
{
	struct pkt *p = make((const int[]){ -1 }, 17, 20);
	struct ip_view h;
	struct flow f;

	(void)state;
	memset(pkt_append(p, 9), 0, 9); /* links pad */
	assert_true(ip_parse(p, true, &h));
	assert_int_equal(p->len, 60);
	assert_int_equal(h.family, IP_V6);
	assert_int_equal(h.tos, 0xb8);
	assert_int_equal(h.ttl, 64);
	assert_int_equal(h.header_len, 40);
	assert_int_equal(h.next_at, 6);
	assert_int_equal(h.frag, IP4_DF);
	ip_flow(p, &h, &f);
	assert_int_equal(f.local.b[15], 1);
	assert_int_equal(f.remote.b[15], 2);
	assert_true(f.ports_known);
	assert_int_equal(f.local_port, 7);
	assert_int_equal(f.remote_port, 14 << 8 | 21);
	assert_true(ip_goes_to(p->data, &h, &f.remote));
	assert_false(ip_goes_to(p->data, &h, &f.local));
	ip_set_tos(p, IP_V6, 0x1b);
	assert_true(ip_parse(p, true, &h) && h.tos == 0x1b);
	pkt_put(&pool, p);
}

/* Where the walk ends, and where ESP, AH and fragments are put. */
static void chains_end_where_they_should(void **state)
{
	static const struct {
		int kinds[12];
		uint8_t proto;
		bool ok;
		uint16_t header_len, split, split_next_at;
	} rows[] = {
		{ { -1 }, 6, true, 40, 40, 6 },
		{ { 0, -1 }, 6, true, 48, 48, 40 },
		{ { 0, 60, -1 }, 6, true, 56, 48, 40 },
		{ { 60, -1 }, 17, true, 48, 40, 6 },
		{ { 0, 60, 43, 60, -1 }, 58, true, 88, 80, 56 },
		{ { 0, 44, 60, -1 }, 17, true, 64, 48, 40 },
		{ { 60, 43, -1 }, 50, true, 72, 72, 48 }, /* ESP ends it, as AH and 59 do */
		{ { 0, -1 }, 51, true, 48, 48, 40 },
		{ { -1 }, 59, true, 40, 40, 6 },
		{ { 60, 0, -1 }, 6, false, 0, 0, 0 }, /* RFC 8200 section 4.1: first or nowhere */
		{ { 0, 0, -1 }, 6, false, 0, 0, 0 },
		{ { 44, 44, -1 }, 6, false, 0, 0, 0 },
		{ { 60, 60, 60, 60, 60, 60, 60, 60, -1 }, 6, true, 104, 40, 6 },
		{ { 60, 60, 60, 60, 60, 60, 60, 60, 60, -1 }, 6, false, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pkt *p = make(rows[i].kinds, rows[i].proto, 24);
		struct ip_view h;
		size_t next_at, len;

		assert_int_equal(ip6_parse(p, &h), rows[i].ok);
		if (rows[i].ok) {
			assert_int_equal(h.proto, rows[i].proto);
			assert_int_equal(h.header_len, rows[i].header_len);
			assert_int_equal(p->data[h.next_at], rows[i].proto);
			assert_int_equal(ip6_split(p->data, &h, &next_at), rows[i].split);
			assert_int_equal(next_at, rows[i].split_next_at);
			assert_false(ip_is_fragment(&h)); /* the only one there is is whole */
		}
		/* cut anywhere in its headers, it is none */
		len = rows[i].ok ? rows[i].header_len : p->len;
		for (size_t n = 0; n < len; n++) {
			uint8_t *exact = malloc(n ? n : 1);

			assert_non_null(exact);
			memcpy(exact, p->data, n);
			assert_false(ip6_peek(span_of(exact, n), &h));
			free(exact);
		}
		pkt_put(&pool, p);
	}
}

static void a_chain_does_not_reach_beyond_its_packet(void **state)
{
	struct pkt *p = make((const int[]){ 0, -1 }, 6, 24);
	struct ip_view h;

	(void)state;
	p->data[41] = 4; /* 40 bytes, of which 32 are there */
	assert_false(ip6_parse(p, &h));
	p->data[41] = 3;
	assert_true(ip6_parse(p, &h) && h.header_len == p->len);
	p->data[4] = p->data[5] = 0; /* a jumbogram, or nothing */
	assert_false(ip6_parse(p, &h));
	p->data[0] = 0x50;
	assert_false(ip6_parse(p, &h));
	pkt_put(&pool, p);
}

static void of_a_later_fragment_nothing_more_is_known(void **state)
{
	struct pkt *p = make((const int[]){ 44, -1 }, 60, 24);
	struct ip_view h;
	struct flow f;

	(void)state;
	p->data[43] = 8 | 1;
	assert_true(ip6_parse(p, &h) && ip_is_fragment(&h));
	assert_int_equal(h.proto, 60); /* not walked: its bytes are in the middle of something */
	assert_int_equal(h.header_len, 48);
	p->data[40] = 17;
	assert_true(ip6_parse(p, &h));
	ip_flow(p, &h, &f);
	assert_false(f.ports_known);
	p->data[43] = 1; /* the first one */
	assert_true(ip6_parse(p, &h) && ip_is_fragment(&h));
	ip_flow(p, &h, &f);
	assert_true(f.ports_known);
	pkt_put(&pool, p);
}

/* Together the fragments are the packet again (RFC 8200 section 4.5), whatever stood in front. */
static void fragments_join_to_what_was_cut(void **state)
{
	static const int chains[][5] = { { -1 }, { 0, -1 }, { 0, 60, 43, 60, -1 }, { 60, -1 } };

	(void)state;
	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++)
		for (size_t body = 1200; body < 4200; body += 117) {
			struct pkt *p = make(chains[i], 17, body);
			struct batch out = { 0 };
			uint8_t whole[5000], joined[5000];
			size_t at = 0, next_at, split;
			struct ip_view h;

			memcpy(whole, p->data, p->len);
			size_t len = p->len;
			assert_true(ip6_parse(p, &h));
			split = ip6_split(p->data, &h, &next_at);
			assert_int_equal(ip6_fragment(&pool, p, 1280, 0xcafe, &out), 0);
			assert_int_equal(out.n == 1, len <= 1280);
			for (size_t k = 0; out.n > 1 && k < out.n; k++) {
				const uint8_t *d = out.p[k]->data;
				size_t n = out.p[k]->len - split - 8;

				assert_true(out.p[k]->len <= 1280);
				assert_int_equal(d[next_at], 44);
				assert_int_equal(d[split], whole[next_at]);
				assert_int_equal((d[split + 2] << 8 | d[split + 3]) & ~7, at);
				assert_int_equal(d[split + 3] & 1, k + 1 < out.n);
				assert_int_equal(d[split + 6] << 8 | d[split + 7], 0xcafe);
				assert_int_equal(d[4] << 8 | d[5], out.p[k]->len - 40);
				assert_true(k + 1 == out.n || n % 8 == 0);
				memcpy(joined + at, d + split + 8, n);
				at += n;
			}
			if (out.n > 1) {
				assert_int_equal(at, len - split);
				assert_memory_equal(joined, whole + split, at);
			}
			batch_put(&pool, &out);
		}
}

static void what_cannot_be_cut_stays_whole(void **state)
{
	struct pkt *p = make((const int[]){ -1 }, 17, 3000);
	struct pkt *cut = make((const int[]){ 44, -1 }, 17, 3000);
	struct batch out = { 0 }, full = { .n = BATCH_MAX - 1 };

	(void)state;
	assert_int_equal(ip6_fragment(&pool, p, 1279, 1, &out), -EMSGSIZE);
	assert_int_equal(ip6_fragment(&pool, cut, 1280, 1, &out), -EMSGSIZE);
	assert_int_equal(ip6_fragment(&pool, p, 1280, 1, &full), -ENOBUFS);
	assert_int_equal(out.n, 0);
	assert_int_equal(p->len, 3040);
	pkt_put(&pool, p);
	pkt_put(&pool, cut);
}

static uint16_t plain_sum(const uint8_t *icmp, size_t n, const struct ipaddr *src, const struct ipaddr *dst)
{
	uint64_t sum = n + 58;

	for (size_t i = 0; i < 16; i++)
		sum += (uint64_t)(src->b[i] + dst->b[i]) << (i & 1 ? 0 : 8);
	for (size_t i = 0; i < n; i++)
		sum += (uint64_t)icmp[i] << (i & 1 ? 0 : 8);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void too_big_quotes_what_fits_and_has_a_right_checksum(void **state)
{
	struct ipaddr src = { .family = IP_V6, .b = { 0xfe, 0x80, [15] = 9 } };
	struct ipaddr dst = { .family = IP_V6, .b = { 0x20, 1, 2, 3 } };
	uint8_t buf[IP6_LEAST_MTU];

	(void)state;
	for (size_t body = 0; body < 2000; body += 333) {
		struct pkt *p = make((const int[]){ -1 }, 17, body);
		size_t want = p->len < 1232 ? p->len : 1232;
		size_t n = icmp6_too_big(span_of(p->data, p->len), 1400, &src, &dst, buf, sizeof(buf));

		assert_int_equal(n, 8 + want);
		assert_memory_equal(buf, "\2\0", 2);
		assert_int_equal(buf[6] << 8 | buf[7], 1400);
		assert_memory_equal(buf + 8, p->data, want);
		assert_int_equal(plain_sum(buf, n, &src, &dst), 0xffff);
		assert_int_equal(icmp6_too_big(span_of(p->data, p->len), 1400, &src, &dst, buf, n - 1), 0);
		pkt_put(&pool, p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_header_is_read_as_it_was_written),
		cmocka_unit_test(chains_end_where_they_should),
		cmocka_unit_test(a_chain_does_not_reach_beyond_its_packet),
		cmocka_unit_test(of_a_later_fragment_nothing_more_is_known),
		cmocka_unit_test(fragments_join_to_what_was_cut),
		cmocka_unit_test(what_cannot_be_cut_stays_whole),
		cmocka_unit_test(too_big_quotes_what_fits_and_has_a_right_checksum),
	};

	return cmocka_run_group_tests(tests, pool_up, pool_down);
}
