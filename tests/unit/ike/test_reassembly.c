/* SPDX-License-Identifier: Apache-2.0 */
/* Fragments of IKE messages: in every order, missing, twice, hostile, too many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "ike/reassembly.h"

static struct frags f;
static uint64_t now = 1000;

static int fresh(void **state)
{
	(void)state;
	memset(&f, 0, sizeof(f));
	return 0;
}

static int gone(void **state)
{
	(void)state;
	frags_fini(&f);
	return 0;
}

static struct frag_from from(enum frag_kind kind, uint32_t n)
{
	struct frag_from x = { .kind = kind, .remote = ipaddr_v4(0x0a000000 + n), .r_cookie = { 9 } };

	memcpy(x.i_cookie, &n, sizeof(n));
	x.i_cookie[7] = 1;
	return x;
}

/* Fed from an exactly sized block, so that one byte too many is seen. */
static struct span feed(const struct frag_from *x, uint16_t id, uint8_t number, bool last,
			const void *p, size_t n)
{
	uint8_t *buf = malloc(FRAG_HEADER + n);
	struct wr w = wr_of(buf, FRAG_HEADER + n);

	assert_non_null(buf);
	frag_encode(&w, id, number, last, span_of(p, n));
	assert_false(w.bad);
	struct span whole = frags_take(&f, now, x, wr_done(&w));
	free(buf);
	return whole;
}

static const char *const part[4] = { "one ", "two and ", "three", "!" };
#define WHOLE "one two and three!"

static struct span feed_part(const struct frag_from *x, uint16_t id, unsigned i)
{
	return feed(x, id, (uint8_t)(i + 1), i == 3, part[i], strlen(part[i]));
}

static void assert_whole(struct span s)
{
	assert_int_equal(s.len, strlen(WHOLE));
	assert_memory_equal(s.p, WHOLE, s.len);
	assert_int_equal(frags_age(&f, now), 0);
}

static void every_order_gives_the_message(void **state)
{
	struct frag_from x = from(FRAG_PEER, 1);

	(void)state;
	for (unsigned o = 0; o < 256; o++) {
		unsigned at[4] = { o & 3, o >> 2 & 3, o >> 4 & 3, o >> 6 }, seen = 0;

		for (unsigned i = 0; i < 4; i++)
			seen |= 1u << at[i];
		if (seen != 15)
			continue;
		for (unsigned i = 0; i < 3; i++)
			assert_int_equal(feed_part(&x, 1, at[i]).len, 0);
		assert_whole(feed_part(&x, 1, at[3]));
	}
	assert_int_equal(f.stats.whole, 24); /* each time sent again, whole again */
	assert_int_equal(f.stats.conflict, 0);
}

static void one_fragment_may_be_the_whole(void **state)
{
	struct frag_from x = from(FRAG_STRANGER, 1);

	(void)state;
	assert_whole(feed(&x, 1, 1, true, WHOLE, strlen(WHOLE)));
}

static void a_repeated_fragment_changes_nothing(void **state)
{
	struct frag_from x = from(FRAG_HALF_OPEN, 1);

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		for (unsigned n = 0; n < 100; n++)
			assert_int_equal(feed_part(&x, 1, i).len, 0);
	assert_int_equal(f.stats.duplicate, 3 * 99);
	assert_whole(feed_part(&x, 1, 3));
}

/* Its fragments, late, neither make it whole twice nor get into the next one. */
static void late_repeats_of_a_whole_message_do_no_harm(void **state)
{
	struct frag_from x = from(FRAG_PEER, 1);

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		(void)feed_part(&x, 1, i);
	assert_whole(feed_part(&x, 1, 3));
	for (unsigned i = 3; i; i--)
		assert_int_equal(feed_part(&x, 1, i).len, 0);
	(void)feed(&x, 1, 1, false, "the ", 4);
	(void)feed(&x, 1, 2, false, "next ", 5);
	(void)feed(&x, 1, 3, false, "longer ", 7);
	(void)feed(&x, 1, 4, false, "message", 7);
	struct span whole = feed(&x, 1, 5, true, ".", 1);
	assert_int_equal(whole.len, 24);
	assert_memory_equal(whole.p, "the next longer message.", 24);
}

/* A lost one comes with all the others when the peer sends again. */
static void what_was_lost_is_filled_in_by_the_repeat(void **state)
{
	struct frag_from x = from(FRAG_PEER, 1);

	(void)state;
	(void)feed_part(&x, 7, 0);
	(void)feed_part(&x, 7, 3);
	now += 4000;
	assert_int_equal(feed_part(&x, 7, 0).len, 0);
	assert_int_equal(feed_part(&x, 7, 1).len, 0);
	assert_whole(feed_part(&x, 7, 2));
}

static void a_message_that_stays_incomplete_is_forgotten(void **state)
{
	struct frag_from x = from(FRAG_PEER, 1);

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		(void)feed_part(&x, 1, i);
	now += FRAG_LIVE_MS - 1;
	assert_int_equal(frags_age(&f, now), 1);
	now++;
	assert_int_equal(feed_part(&x, 1, 3).len, 0);
	assert_int_equal(f.stats.expired, 1);
	/* the clock runs from the first fragment: a drip does not keep it */
	frags_fini(&f);
	for (unsigned i = 0; i < 20; i++) {
		(void)feed_part(&x, 2, 0);
		now += FRAG_LIVE_MS / 10;
	}
	assert_true(f.stats.expired >= 2);
}

static void hostile_numbers_are_refused(void **state)
{
	static const uint8_t cut[FRAG_HEADER] = { 0, 1, 1, 1 };
	struct frag_from x = from(FRAG_STRANGER, 1);

	(void)state;
	assert_int_equal(feed(&x, 1, 0, false, "x", 1).len, 0);
	assert_int_equal(feed(&x, 1, 0, true, "x", 1).len, 0);
	for (unsigned n = FRAG_MAX + 1; n < 256; n++)
		assert_int_equal(feed(&x, 1, (uint8_t)n, n & 1, "x", 1).len, 0);
	for (size_t n = 0; n <= FRAG_HEADER; n++) { /* and an empty one */
		uint8_t *heap = malloc(n ? n : 1);

		assert_non_null(heap);
		memcpy(heap, cut, n);
		assert_int_equal(frags_take(&f, now, &x, span_of(heap, n)).len, 0);
		free(heap);
	}
	assert_int_equal(frags_age(&f, now), 0);
	assert_int_equal(f.stats.malformed, 2 + 255 - FRAG_MAX + FRAG_HEADER + 1);
}

/* Each contradiction, after two fragments; the message that contradicts is then whole. */
static void what_contradicts_begins_anew(void **state)
{
	struct frag_from x = from(FRAG_PEER, 1), y = x;

	(void)state;
	y.i_cookie[0] ^= 1; /* a stranger has one message only, whatever his cookie */
	y.kind = x.kind = FRAG_STRANGER;
	(void)feed_part(&x, 1, 1);
	(void)feed_part(&x, 2, 0); /* another id */
	assert_int_equal(f.stats.conflict, 1);
	(void)feed(&x, 2, 1, false, "ONE ", 4); /* other bytes */
	assert_int_equal(f.stats.conflict, 2);
	(void)feed(&x, 2, 3, true, "x", 1);
	(void)feed(&x, 2, 4, false, "x", 1); /* behind the end */
	assert_int_equal(f.stats.conflict, 3);
	(void)feed(&x, 2, 2, true, "x", 1); /* an end before what is there */
	assert_int_equal(f.stats.conflict, 4);
	(void)feed(&x, 2, 1, true, "y", 1); /* another end, and whole at once */
	assert_int_equal(f.stats.conflict, 5);
	assert_int_equal(f.stats.whole, 1);
	(void)feed_part(&x, 1, 0);
	(void)feed_part(&y, 1, 1); /* another message of the same address */
	assert_int_equal(f.stats.conflict, 6);
	assert_int_equal(frags_age(&f, now), 1);
	for (unsigned i = 0; i < 3; i++)
		(void)feed_part(&x, 1, i);
	assert_whole(feed_part(&x, 1, 3));
}

static void a_message_has_a_largest_size(void **state)
{
	static uint8_t big[IKE_MAX_MESSAGE + 1];
	struct frag_from x = from(FRAG_PEER, 1);

	(void)state;
	assert_int_equal(feed(&x, 1, 1, true, big, sizeof(big)).len, 0);
	assert_int_equal(f.stats.malformed, 1);
	assert_int_equal(feed(&x, 1, 1, false, big, IKE_MAX_MESSAGE - 1).len, 0);
	assert_int_equal(feed(&x, 1, 2, true, "x", 1).len, IKE_MAX_MESSAGE);
	assert_int_equal(feed(&x, 2, 1, false, big, IKE_MAX_MESSAGE - 1).len, 0);
	assert_int_equal(feed(&x, 2, 2, true, "xy", 2).len, 0);
	assert_int_equal(f.stats.too_big, 1);
	assert_int_equal(frags_age(&f, now), 0); /* nothing of it is kept */
}

static void as_many_fragments_as_there_may_be(void **state)
{
	struct frag_from x = from(FRAG_PEER, 1);
	struct span whole = { 0 };

	(void)state;
	for (unsigned n = FRAG_MAX; n; n--)
		whole = feed(&x, 1, (uint8_t)n, n == FRAG_MAX, &(uint8_t){ (uint8_t)n }, 1);
	assert_int_equal(whole.len, FRAG_MAX);
	for (unsigned n = 0; n < FRAG_MAX; n++)
		assert_int_equal(whole.p[n], n + 1);
}

/* Whoever floods one kind of slots pushes out that kind only, and never holds more. */
static void slots_are_bounded_and_strangers_push_out_strangers_only(void **state)
{
	static const size_t room[FRAG_KINDS] = { FRAG_STRANGERS, FRAG_HALVES, FRAG_PEERS };
	struct frag_from mine[FRAG_KINDS];

	(void)state;
	for (enum frag_kind flood = 0; flood < FRAG_KINDS; flood++) {
		for (enum frag_kind k = 0; k < FRAG_KINDS; k++) {
			mine[k] = from(k, 1000000 + (uint32_t)k);
			for (unsigned i = 0; i < 3; i++)
				(void)feed_part(&mine[k], 1, i);
		}
		for (uint32_t n = 0; n < 5000; n++) {
			struct frag_from x = from(flood, n);

			now += n % 64 == 0;
			assert_int_equal(feed_part(&x, 1, n % 4).len, 0);
			assert_true(frags_age(&f, now) <= room[flood] + 2);
		}
		for (enum frag_kind k = 0; k < FRAG_KINDS; k++)
			assert_int_equal(feed_part(&mine[k], 1, 3).len, k == flood ? 0 : strlen(WHOLE));
		frags_fini(&f);
	}
	assert_true(f.stats.evicted > 3 * 4900);
}

static void a_stranger_has_one_slot_and_a_peer_one_for_each_sa(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < 100; n++) {
		struct frag_from x = from(FRAG_STRANGER, n);

		x.remote = ipaddr_v4(1);
		(void)feed_part(&x, 1, 0);
	}
	assert_int_equal(frags_age(&f, now), 1);
	struct frag_from a = from(FRAG_PEER, 1), b = from(FRAG_PEER, 2);
	b.remote = a.remote;
	for (unsigned i = 0; i < 3; i++) { /* side by side */
		(void)feed_part(&a, 1, i);
		(void)feed_part(&b, 1, 3 - i);
	}
	assert_int_equal(feed_part(&a, 1, 3).len, strlen(WHOLE));
	assert_int_equal(feed_part(&b, 1, 0).len, strlen(WHOLE));
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, fresh, gone)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_order_gives_the_message),
		TEST(one_fragment_may_be_the_whole),
		TEST(a_repeated_fragment_changes_nothing),
		TEST(late_repeats_of_a_whole_message_do_no_harm),
		TEST(what_was_lost_is_filled_in_by_the_repeat),
		TEST(a_message_that_stays_incomplete_is_forgotten),
		TEST(hostile_numbers_are_refused),
		TEST(what_contradicts_begins_anew),
		TEST(a_message_has_a_largest_size),
		TEST(as_many_fragments_as_there_may_be),
		TEST(slots_are_bounded_and_strangers_push_out_strangers_only),
		TEST(a_stranger_has_one_slot_and_a_peer_one_for_each_sa),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
