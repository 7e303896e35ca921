/* SPDX-License-Identifier: Apache-2.0 */
/* Each way to make a sum, also those that this processor would not choose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "packet/ip4.h"

#include "packet/sum.c"

enum { MOST = 200000 };

static uint64_t by_16(const uint8_t *p, size_t n)
{
	return sum_by_16(NULL, p, n, false);
}

static uint64_t copy_by_16(uint8_t *restrict dst, const uint8_t *restrict src, size_t n)
{
	return sum_by_16(dst, src, n, true);
}

/* RFC 1071 section 4.1, of words of memory. */
static uint16_t slow(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i += 2) {
		uint16_t w = 0;

		memcpy(&w, p + i, n - i < 2 ? 1 : 2);
		sum += w;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)sum;
}

typedef uint64_t bytes_fn(const uint8_t *p, size_t n);
typedef uint64_t copy_fn(uint8_t *restrict dst, const uint8_t *restrict src, size_t n);

static void look_at(bytes_fn *bytes, copy_fn *copy)
{
	uint8_t *from = malloc(MOST), *to = malloc(MOST + 2);

	assert_non_null(from);
	assert_non_null(to);
	srandom(7);
	for (size_t turn = 0; turn < 4000; turn++) {
		size_t n = turn < 3000 ? turn % 1500 : turn < 3990 ? (size_t)random() % 9001 : (size_t)random() % MOST;
		int fill = turn % 5 == 0 ? (turn & 1 ? 0xff : 0x80) : -1;

		for (size_t i = 0; i < n; i++)
			from[i] = (uint8_t)(fill < 0 ? random() : fill);
		uint16_t want = slow(from, n);
		/* at the end of what is allocated: a byte more is seen by ASan */
		uint8_t *exact = malloc(n ? n : 1);
		assert_non_null(exact);
		memcpy(exact, from, n);
		assert_int_equal(sum_fold(bytes(exact, n)), want);
		to[n] = 0x55;
		assert_int_equal(sum_fold(copy(to, exact, n)), want);
		assert_memory_equal(to, from, n);
		assert_int_equal(to[n], 0x55);
		free(exact);
	}
	free(from);
	free(to);
}

static void sixteen_bytes_a_turn(void **state)
{
	(void)state;
	look_at(by_16, copy_by_16);
}

static uint64_t chosen(const uint8_t *p, size_t n)
{
	return sum_bytes(p, n);
}

static uint64_t chosen_copy(uint8_t *restrict dst, const uint8_t *restrict src, size_t n)
{
	return sum_copy(dst, src, n);
}

static void as_the_processor_likes(void **state)
{
	(void)state;
	look_at(chosen, chosen_copy);
}

#if defined(__x86_64__)
static void thirty_two_bytes_a_turn(void **state)
{
	(void)state;
	if (!__builtin_cpu_supports("avx2"))
		skip();
	look_at(wide_bytes, wide_copy);
}

static void words_by_multiplication(void **state)
{
	(void)state;
	if (!__builtin_cpu_supports("avx512vnni") || !__builtin_cpu_supports("avx512bw"))
		skip();
	look_at(words_bytes, words_copy);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sixteen_bytes_a_turn),
		cmocka_unit_test(as_the_processor_likes),
#if defined(__x86_64__)
		cmocka_unit_test(thirty_two_bytes_a_turn),
		cmocka_unit_test(words_by_multiplication),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
