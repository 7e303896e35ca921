/* SPDX-License-Identifier: Apache-2.0 */
/* How long a device does without a ring. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "control/ring_cuts.h"

/* From t on; the end of it. */
static uint64_t cut(struct ring_cuts *c, uint32_t ifindex, uint64_t t, uint64_t pause)
{
	assert_false(ring_cuts_hold(c, ifindex, t));
	ring_cuts_add(c, ifindex, t);
	assert_true(ring_cuts_hold(c, ifindex, t));
	assert_true(ring_cuts_hold(c, ifindex, t + pause - 1));
	assert_false(ring_cuts_hold(c, ifindex, t + pause));
	return t + pause;
}

static void the_pauses_grow_while_it_comes_again_soon(void **state)
{
	struct ring_cuts c = { 0 };
	uint64_t t = 5, pause = RING_CUT_MS;

	(void)state;
	for (size_t i = 0; i < 12; i++) {
		t = cut(&c, 3, t, pause) + pause; /* the last moment at which it is soon */
		pause = pause * 2 < RING_CUT_MAX_MS ? pause * 2 : RING_CUT_MAX_MS;
	}
	assert_int_equal(pause, RING_CUT_MAX_MS);
	t = cut(&c, 3, t, RING_CUT_MAX_MS);
	cut(&c, 3, t + RING_CUT_MAX_MS + 1, RING_CUT_MS);
}

static void each_device_has_its_own(void **state)
{
	struct ring_cuts c = { 0 };

	(void)state;
	for (uint32_t i = 1; i <= RING_SLOTS; i++)
		cut(&c, i, 1000 + i, RING_CUT_MS);
	for (uint32_t i = 1; i <= RING_SLOTS; i++)
		assert_true(ring_cuts_hold(&c, i, 2000));
	assert_false(ring_cuts_hold(&c, RING_SLOTS + 1, 2000));
	cut(&c, RING_SLOTS + 1, 2000, RING_CUT_MS); /* in the place of the first */
	assert_false(ring_cuts_hold(&c, 1, 2000));
	for (uint32_t i = 2; i <= RING_SLOTS + 1; i++)
		assert_true(ring_cuts_hold(&c, i, 2001));
}

static void that_one_is_over_is_said_once(void **state)
{
	struct ring_cuts c = { 0 };

	(void)state;
	assert_false(ring_cuts_over(&c, UINT64_MAX));
	ring_cuts_add(&c, 3, 100);
	ring_cuts_add(&c, 4, 200);
	assert_false(ring_cuts_over(&c, 99 + RING_CUT_MS));
	assert_true(ring_cuts_over(&c, 100 + RING_CUT_MS));
	assert_false(ring_cuts_over(&c, 199 + RING_CUT_MS));
	ring_cuts_add(&c, 3, 199 + RING_CUT_MS); /* and again, for twice as long */
	assert_true(ring_cuts_over(&c, 200 + RING_CUT_MS));
	assert_false(ring_cuts_over(&c, 198 + 3 * RING_CUT_MS));
	assert_true(ring_cuts_over(&c, 199 + 3 * RING_CUT_MS));
	assert_false(ring_cuts_over(&c, UINT64_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_pauses_grow_while_it_comes_again_soon),
		cmocka_unit_test(each_device_has_its_own),
		cmocka_unit_test(that_one_is_over_is_said_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
