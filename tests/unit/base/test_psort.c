/* SPDX-License-Identifier: Apache-2.0 */
/* A sort in pieces ends as qsort() does, and never does much at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/psort.h"

struct item {
	uint32_t key, place;
};

static size_t compared;

static int by_key(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	compared++;
	return (x->key > y->key) - (x->key < y->key);
}

/* spread: how many different keys; step: comparisons a piece. */
static void sort(size_t n, uint32_t spread, size_t step)
{
	struct item *items = calloc(n + 1, sizeof(*items));
	const void **v = calloc(n + 1, sizeof(*v)), **room = calloc(n + 1, sizeof(*room));
	uint32_t x = 12345;
	struct psort s;
	bool more = true;

	assert_true(items && v && room);
	for (size_t i = 0; i < n; i++) {
		x = x * 1664525u + 1013904223u;
		items[i] = (struct item){ .key = (x >> 8) % spread, .place = (uint32_t)i };
		v[i] = &items[i];
	}
	psort_init(&s, v, room, n, by_key);
	for (size_t pieces = 0; more; pieces++) {
		compared = 0;
		more = psort_some(&s, step);
		/* a first run, or the search for where a merge goes on, is what comes on top */
		assert_in_range(compared, 0, 2 * step + 200);
		assert_in_range(pieces, 0, 40 * n + 40);
	}
	for (size_t i = 1; i < n; i++) {
		const struct item *p = v[i - 1], *q = v[i];

		assert_true(p->key < q->key || (p->key == q->key && p->place < q->place));
	}
	assert_false(psort_some(&s, step));
	free(items);
	free(v);
	free(room);
}

static void pieces_of_any_size_end_sorted_and_stable(void **state)
{
	static const size_t ns[] = { 0, 1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 1000, 1025 };
	static const size_t steps[] = { 0, 1, 7, 64, 100000 };

	(void)state;
	for (size_t i = 0; i < sizeof(ns) / sizeof(ns[0]); i++)
		for (size_t k = 0; k < sizeof(steps) / sizeof(steps[0]); k++) {
			sort(ns[i], 1, steps[k]);
			sort(ns[i], 10, steps[k]);
			sort(ns[i], 1u << 20, steps[k]);
		}
	sort(50000, 1u << 20, 2048);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(pieces_of_any_size_end_sorted_and_stable) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
