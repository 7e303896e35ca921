/* SPDX-License-Identifier: Apache-2.0 */
/* IPv6 addresses as text and as prefixes; the C library is the judge of what is one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/ipaddr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* A small generator with a fixed start, so that a failure comes back. */
static uint32_t next_random(uint32_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	*x ^= *x << 5;
	return *x;
}

static void judged(const char *s)
{
	struct ipaddr a = { 0 };
	uint8_t b[16];
	bool theirs = inet_pton(AF_INET6, s, b) == 1, ours = ipaddr_parse_v6(s, &a);

	if (ours != theirs)
		print_error("\"%s\": ours %d, theirs %d\n", s, ours, theirs);
	assert_int_equal(ours, theirs);
	if (ours) {
		char x[IPADDR_STRLEN], y[IPADDR_STRLEN];

		assert_memory_equal(a.b, b, 16);
		struct ipaddr back;
		assert_true(ipaddr_parse(ipaddr_str(&a, x), &back) && ipaddr_equal(&a, &back));
		assert_true(ipaddr_parse(ipaddr_ios(&a, y), &back) && ipaddr_equal(&a, &back));
		assert_int_equal(strcasecmp(x, y), 0);
	} else {
		assert_int_equal(a.family, IP_NONE);
	}
}

static void v6_text_is_what_the_c_library_takes(void **state)
{
	static const char *rows[] = {
		"::", "::1", "1::", "2001:db8::1", "2001:DB8:0:0:8:800:200C:417A", "::ffff:192.0.2.1",
		"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1::3:4:5:6:7:8",
		"1:2:3:4:5:6:1.2.3.4", "64:ff9b::1.2.3.4", "0000:0000:0000:0000:0000:0000:0000:0001",
		"", ":", ":::", "1", "1:", ":1", "1:2", "1::2::3", "1:::2", "12345::", "g::", "1::2 ",
		" 1::2", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8",
		"1:2:3:4:5:6:7:1.2.3.4", "::1.2.3", "::1.2.3.4:5", "1.2.3.4::", "1.2.3.4", "::1.2.3.256",
		"fe80::1%eth0", "[::1]", "::1/64", "1:2:3:4::5:6:7:8",
	};
	static const char set[] = "1fA5::::.";
	uint32_t x = 2463534242u;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		judged(rows[i]);
	for (int i = 0; i < 200000; i++) {
		char s[48];
		size_t n = next_random(&x) % 24;

		for (size_t k = 0; k < n; k++)
			s[k] = set[next_random(&x) % (sizeof(set) - 1)];
		s[n] = '\0';
		judged(s);
	}
	for (int i = 0; i < 100000; i++) { /* and true ones, with one byte changed */
		uint8_t b[16];
		char s[INET6_ADDRSTRLEN];

		for (size_t k = 0; k < 16; k++)
			b[k] = next_random(&x) & 3 ? 0 : (uint8_t)next_random(&x);
		assert_non_null(inet_ntop(AF_INET6, b, s, sizeof(s)));
		judged(s);
		s[next_random(&x) % strlen(s)] = set[next_random(&x) % (sizeof(set) - 1)];
		judged(s);
	}
}

static void v6_prints_as_rfc_5952_and_as_ios(void **state)
{
	static const struct {
		const char *in, *out, *ios;
	} rows[] = {
		{ "2001:0db8:0000:0000:0001:0000:0000:0001", "2001:db8::1:0:0:1", "2001:DB8::1:0:0:1" },
		{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", "2001:DB8:0:1:1:1:1:1" },
		{ "FE80::A8BB:CCFF:FE00:100", "fe80::a8bb:ccff:fe00:100", "FE80::A8BB:CCFF:FE00:100" },
		{ "::", "::", "::" },
	};
	char buf[IPADDR_STRLEN];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ipaddr a;

		assert_true(ipaddr_parse_v6(rows[i].in, &a));
		assert_string_equal(ipaddr_str(&a, buf), rows[i].out);
		assert_string_equal(ipaddr_ios(&a, buf), rows[i].ios);
	}
	struct ipaddr four = ipaddr_v4(0xc0000201);
	assert_string_equal(ipaddr_ios(&four, buf), "192.0.2.1");
}

static void prefixes_are_read_and_compared(void **state)
{
	static const struct {
		const char *in;
		int len; /* -1: none */
	} rows[] = { { "2001:db8::1/64", 64 }, { "::/0", 0 },	   { "::1/128", 128 }, { "::1/129", -1 },
		     { "::1/", -1 },	       { "::1", -1 },	   { "::1/6a", -1 },   { "::1/-1", -1 },
		     { "::1/1280", -1 },       { "/64", -1 },	   { "1.2.3.4/24", -1 } };
	struct ipaddr a, net, mask;
	char buf[IPADDR_STRLEN];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned len = 999;

		assert_int_equal(ipaddr_parse_prefix6(rows[i].in, &a, &len), rows[i].len >= 0);
		if (rows[i].len >= 0)
			assert_int_equal(len, rows[i].len);
	}
	assert_true(ipaddr_parse_v6("2001:db8:1:2ff::9", &a));
	net = ipaddr_network(&a, 57);
	assert_string_equal(ipaddr_str(&net, buf), "2001:db8:1:280::");
	assert_true(ipaddr_in(&a, &net, 57));
	assert_false(ipaddr_in(&a, &net, 64));
	struct ipaddr four = ipaddr_v4(0x0a010203), all = { 0 };
	assert_false(ipaddr_in(&four, &net, 0)); /* another family */
	net = ipaddr_network(&four, 16);
	assert_string_equal(ipaddr_str(&net, buf), "10.1.0.0");
	for (unsigned len = 0; len <= 128; len++) {
		mask = ipaddr_mask(IP_V6, len);
		assert_int_equal(ipaddr_mask_len(&mask), len);
	}
	mask = ipaddr_v4(0xffff00ff);
	assert_int_equal(ipaddr_mask_len(&mask), -1);
	mask = ipaddr_mask(IP_V4, 24);
	assert_int_equal(ipaddr_to_v4(&mask), 0xffffff00);
	assert_true(ipaddr_is_unspecified(&all));
	assert_true(ipaddr_parse_v6("febf::1", &a) && ipaddr_is_link_local(&a));
	assert_true(ipaddr_parse_v6("fec0::1", &a) && !ipaddr_is_link_local(&a));
	assert_true(ipaddr_parse_v6("ff02::1", &a) && ipaddr_is_multicast(&a));
	assert_false(ipaddr_is_multicast(&four));
}

/* One bit differs: it is in the prefix or it is behind it. */
static void every_bit_counts_up_to_the_length(void **state)
{
	struct ipaddr nets[2];

	(void)state;
	assert_true(ipaddr_parse("2001:db8:5a5a:a5a5:1234:5678:9abc:def0", &nets[0]));
	assert_true(ipaddr_parse("203.0.113.90", &nets[1]));
	for (size_t n = 0; n < 2; n++)
		for (unsigned len = 0; len <= ip_bits(nets[n].family); len++)
			for (unsigned bit = 0; bit < ip_bits(nets[n].family); bit++) {
				struct ipaddr a = nets[n];

				assert_true(ipaddr_in(&a, &nets[n], len));
				a.b[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
				assert_int_equal(ipaddr_in(&a, &nets[n], len), bit >= len);
			}
	assert_true(ipaddr_in(&nets[1], &nets[1], 40)); /* as long as there are bits */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(v6_text_is_what_the_c_library_takes),
		cmocka_unit_test(v6_prints_as_rfc_5952_and_as_ios),
		cmocka_unit_test(prefixes_are_read_and_compared),
		cmocka_unit_test(every_bit_counts_up_to_the_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
