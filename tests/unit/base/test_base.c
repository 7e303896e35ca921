/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/ipaddr.h"
#include "base/rd.h"
#include "base/secret.h"
#include "base/timers.h"
#include "base/txt.h"
#include "base/wr.h"

static void reader_gives_what_writer_wrote(void **state)
{
	uint8_t buf[32];
	struct wr w = wr_of(buf, sizeof(buf));

	(void)state;
	wr_u8(&w, 0x12);
	wr_be16(&w, 0x3456);
	wr_be32(&w, 0x789abcde);
	wr_be64(&w, 0x0123456789abcdefu);
	wr_patch_be16(&w, 1, 0x6543);
	struct rd r = rd_span(wr_done(&w));
	assert_int_equal(rd_u8(&r), 0x12);
	assert_int_equal(rd_be16(&r), 0x6543);
	assert_int_equal(rd_be32(&r), 0x789abcde);
	assert_true(rd_be64(&r) == 0x0123456789abcdefu);
	assert_int_equal(rd_left(&r), 0);
	assert_false(r.bad);
}

static void reader_stays_bad_after_reading_past_the_end(void **state)
{
	(void)state;
	/* exactly sized, so that a sanitizer sees one byte too many */
	static volatile size_t three = 3; /* or the compiler warns of what the reader does not do */
	uint8_t *heap = malloc(three);
	memcpy(heap, "\1\2\3", 3);
	struct rd r = rd_of(heap, 3);
	assert_int_equal(rd_be32(&r), 0);
	assert_true(r.bad);
	assert_int_equal(rd_u8(&r), 0);
	assert_int_equal(rd_left(&r), 0);
	free(heap);
}

static void child_reader_cannot_reach_outer_bytes(void **state)
{
	static const uint8_t b[] = { 1, 2, 3, 4 };
	struct rd r = rd_of(b, 4);
	struct rd sub = rd_sub(&r, 2);

	(void)state;
	assert_int_equal(rd_be16(&sub), 0x0102);
	assert_int_equal(rd_u8(&sub), 0);
	assert_true(sub.bad);
	assert_false(r.bad);
	assert_int_equal(rd_be16(&r), 0x0304);
	sub = rd_sub(&r, 1);
	assert_true(sub.bad && r.bad);
}

static void writer_never_writes_past_its_end(void **state)
{
	uint8_t buf[4] = { 9, 9, 9, 9 };
	struct wr w = wr_of(buf, 3);

	(void)state;
	wr_be16(&w, 0x0102);
	wr_be16(&w, 0x0304);
	wr_u8(&w, 5);
	assert_true(w.bad);
	assert_int_equal(wr_done(&w).len, 0);
	assert_int_equal(buf[2], 9);
	assert_int_equal(buf[3], 9);
}

static void siphash_matches_published_vector(void **state)
{
	/* Aumasson and Bernstein, SipHash, appendix A */
	static const uint64_t key[2] = { 0x0706050403020100u, 0x0f0e0d0c0b0a0908u };
	uint8_t in[15];

	(void)state;
	for (uint8_t i = 0; i < 15; i++)
		in[i] = i;
	assert_true(hash_bytes(key, in, 15) == 0xa129ca6149be45e5u);
}

struct item {
	int key;
	struct hnode node;
};

static void table_finds_every_node_and_forgets_removed_ones(void **state)
{
	static struct item items[1000];
	struct htab t = { 0 };
	size_t seen = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		items[i].key = i;
		assert_int_equal(htab_add(&t, &items[i].node, (uint64_t)(i / 2)), 0);
	}
	for (int i = 0; i < 1000; i += 3)
		htab_del(&t, &items[i].node);
	for (int i = 0; i < 1000; i++) {
		bool found = false;
		for (struct hnode *n = htab_first(&t, (uint64_t)(i / 2)); n; n = htab_next(n))
			found |= hnode_entry(n, struct item, node)->key == i;
		assert_int_equal(found, i % 3 != 0);
	}
	for (struct hnode *n = htab_walk(&t, NULL); n; n = htab_walk(&t, n))
		seen++;
	assert_int_equal(seen, t.n);
	htab_fini(&t);
}

static void timers_fire_in_order_whatever_was_moved(void **state)
{
	static struct timer tm[300];
	struct timers ts = { 0 };
	uint64_t last = 0;
	size_t fired = 0;

	(void)state;
	srand(1);
	for (size_t i = 0; i < 300; i++)
		assert_int_equal(timer_arm(&ts, &tm[i], (uint64_t)(rand() % 1000)), 0);
	for (size_t i = 0; i < 300; i += 2)
		timer_arm(&ts, &tm[i], (uint64_t)(rand() % 1000));
	for (size_t i = 0; i < 300; i += 5)
		timer_stop(&ts, &tm[i]);
	assert_null(timers_pop(&ts, timers_next(&ts) - 1));
	for (struct timer *t; (t = timers_pop(&ts, 1000)); fired++) {
		assert_true(t->at_ms >= last);
		assert_false(timer_armed(t));
		last = t->at_ms;
	}
	assert_int_equal(fired, 240);
	assert_true(timers_next(&ts) == TIMERS_NEVER);
	timers_fini(&ts);
}

static void addresses_parse_strictly_and_print(void **state)
{
	static const struct {
		const char *in;
		bool ok;
	} rows[] = { { "192.0.2.1", true },    { "0.0.0.0", true },	{ "255.255.255.255", true },
		     { "256.1.1.1", false },   { "1.1.1", false },	{ "1.1.1.1.", false },
		     { "1.1.1.1 ", false },    { "", false },		{ "1..1.1", false },
		     { "1.1.1.1234", false }, { "0x1.1.1.1", false } };
	char buf[IPADDR_STRLEN];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ipaddr a;
		assert_int_equal(ipaddr_parse_v4(rows[i].in, &a), rows[i].ok);
		if (rows[i].ok)
			assert_string_equal(ipaddr_str(&a, buf), rows[i].in);
	}
	struct ipaddr six = { IP_V6, { 0x20, 1, 0xd, 0xb8, [15] = 1 } };
	assert_string_equal(ipaddr_str(&six, buf), "2001:db8::1");
	six = (struct ipaddr){ IP_V6, { 0 } };
	assert_string_equal(ipaddr_str(&six, buf), "::");
	struct ipaddr none = { 0 };
	assert_string_equal(ipaddr_str(&none, buf), "0.0.0.0");
	assert_int_equal(ipv4_mask_len(0xffffff00), 24);
	assert_int_equal(ipv4_mask_len(0xff00ff00), -1);
	assert_int_equal(ipv4_mask(0), 0);
	assert_int_equal(ipv4_mask_len(ipv4_mask(31)), 31);
}

static void text_grows_pads_and_hands_over(void **state)
{
	struct txt t = TXT_INIT;

	(void)state;
	assert_string_equal(txt_cstr(&t), "");
	txt_printf(&t, "%s\n%d", "line", 42);
	txt_pad(&t, 5);
	txt_hex(&t, "\xab\x01", 2);
	assert_string_equal(txt_cstr(&t), "line\n42   ab01");
	char *s = txt_steal(&t);
	assert_int_equal(strlen(s), 14);
	free(s);
	assert_int_equal(t.len, 0);
}

static void secrets_compare_and_vanish(void **state)
{
	uint8_t a[4] = { 1, 2, 3, 4 }, b[4] = { 1, 2, 3, 5 };

	(void)state;
	assert_true(secret_equal(a, a, 4));
	assert_false(secret_equal(a, b, 4));
	assert_true(secret_equal(a, b, 3));
	secret_wipe(a, 4);
	assert_memory_equal(a, "\0\0\0\0", 4);
}

static void secrets_differ_wherever_a_bit_does(void **state)
{
	(void)state;
	for (size_t n = 0; n <= 40; n++) {
		/* of exactly that size: a read past the end is the sanitizer's */
		uint8_t *a = malloc(n + !n), *b = malloc(n + !n);

		assert_true(a && b);
		memset(a, 0xa5, n);
		memset(b, 0xa5, n);
		assert_true(secret_equal(a, b, n));
		for (size_t bit = 0; bit < n * 8; bit++) {
			b[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_false(secret_equal(a, b, n));
			b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		free(a);
		free(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reader_gives_what_writer_wrote),
		cmocka_unit_test(reader_stays_bad_after_reading_past_the_end),
		cmocka_unit_test(child_reader_cannot_reach_outer_bytes),
		cmocka_unit_test(writer_never_writes_past_its_end),
		cmocka_unit_test(siphash_matches_published_vector),
		cmocka_unit_test(table_finds_every_node_and_forgets_removed_ones),
		cmocka_unit_test(timers_fire_in_order_whatever_was_moved),
		cmocka_unit_test(addresses_parse_strictly_and_print),
		cmocka_unit_test(text_grows_pads_and_hands_over),
		cmocka_unit_test(secrets_compare_and_vanish),
		cmocka_unit_test(secrets_differ_wherever_a_bit_does),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
