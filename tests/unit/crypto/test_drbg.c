/* SPDX-License-Identifier: Apache-2.0 */
/* The generator of IVs: known answer, no repetition, and what it asks of the
 * randomness that feeds it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/drbg.h"

/* SP 800-38A F.5.5, CTR-AES256: key, first counter block, fourth output block. */
static const uint8_t nist_seed[48] = { 0x60, 0x3d, 0xeb, 0x10, 0x15, 0xca, 0x71, 0xbe, 0x2b, 0x73,
				       0xae, 0xf0, 0x85, 0x7d, 0x77, 0x81, 0x1f, 0x35, 0x2c, 0x07,
				       0x3b, 0x61, 0x08, 0xd7, 0x2d, 0x98, 0x10, 0xa3, 0x09, 0x14,
				       0xdf, 0xf4, 0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7,
				       0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff };
static const uint8_t nist_block_4[16] = { 0x29, 0x56, 0xe1, 0xc8, 0x69, 0x35, 0x36, 0xb1,
					  0xbe, 0xe9, 0x9c, 0x73, 0xa3, 0x15, 0x76, 0xb6 };

struct source {
	uint8_t xor ;
	size_t asked;
};

static void nist_bytes(void *ctx, void *p, size_t n)
{
	struct source *s = ctx;

	for (size_t i = 0; i < n; i++)
		((uint8_t *)p)[i] = nist_seed[i % sizeof(nist_seed)] ^ s->xor ;
	s->asked++;
}

static void the_first_bytes_follow_those_that_become_the_next_key(void **state)
{
	struct source s = { 0 };
	struct crypto_drbg *d = crypto_drbg_new(nist_bytes, &s);
	uint8_t b[16];

	(void)state;
	assert_non_null(d);
	crypto_drbg_fill(d, b, sizeof(b));
	assert_memory_equal(b, nist_block_4, sizeof(b));
	crypto_drbg_free(d);
}

static void portions_of_any_size_are_the_same_stream(void **state)
{
	enum { ALL = 20000 };
	struct source s = { 0 };
	struct crypto_drbg *d = crypto_drbg_new(nist_bytes, &s),
			   *e = crypto_drbg_new(nist_bytes, &s);
	uint8_t *a = malloc(ALL), *b = malloc(ALL);

	(void)state;
	assert_true(a && b);
	crypto_drbg_fill(d, a, ALL);
	for (size_t at = 0, n = 1; at < ALL; at += n, n = n % 97 + 1) {
		if (n > ALL - at)
			n = ALL - at;
		crypto_drbg_fill(e, b + at, n);
	}
	assert_memory_equal(a, b, ALL);
	free(a);
	free(b);
	crypto_drbg_free(d);
	crypto_drbg_free(e);
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

static void no_block_comes_twice_even_across_refills(void **state)
{
	enum { BLOCKS = 100000 };
	struct source s = { 0 };
	struct crypto_drbg *d = crypto_drbg_new(nist_bytes, &s);
	uint8_t(*v)[16] = malloc(BLOCKS * 16);

	(void)state;
	assert_non_null(v);
	for (size_t i = 0; i < BLOCKS; i++)
		crypto_drbg_fill(d, v[i], 16);
	qsort(v, BLOCKS, 16, by_bytes);
	for (size_t i = 1; i < BLOCKS; i++)
		assert_memory_not_equal(v[i - 1], v[i], 16);
	free(v);
	crypto_drbg_free(d);
}

static void another_seed_gives_another_stream(void **state)
{
	struct source s = { 0 }, t = { .xor = 1 };
	struct crypto_drbg *d = crypto_drbg_new(nist_bytes, &s),
			   *e = crypto_drbg_new(nist_bytes, &t);
	uint8_t a[16], b[16];

	(void)state;
	crypto_drbg_fill(d, a, 16);
	crypto_drbg_fill(e, b, 16);
	assert_memory_not_equal(a, b, 16);
	crypto_drbg_free(d);
	crypto_drbg_free(e);
}

static void fresh_randomness_comes_in_again_and_changes_the_stream(void **state)
{
	enum { CHUNK = 4096, RESEED_AT = 1024 };
	struct source s = { 0 }, t = { 0 };
	struct crypto_drbg *d = crypto_drbg_new(nist_bytes, &s),
			   *e = crypto_drbg_new(nist_bytes, &t);
	uint8_t a[CHUNK], b[CHUNK];

	(void)state;
	t.xor = 0x55; /* the same seed, but later another source */
	for (size_t i = 0; i < RESEED_AT; i++) {
		crypto_drbg_fill(d, a, CHUNK);
		crypto_drbg_fill(e, b, CHUNK);
		assert_memory_equal(a, b, CHUNK);
	}
	assert_int_equal(s.asked, 1);
	crypto_drbg_fill(d, a, CHUNK);
	crypto_drbg_fill(e, b, CHUNK);
	assert_memory_not_equal(a, b, CHUNK);
	assert_int_equal(s.asked, 2);
	crypto_drbg_free(d);
	crypto_drbg_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_bytes_follow_those_that_become_the_next_key),
		cmocka_unit_test(portions_of_any_size_are_the_same_stream),
		cmocka_unit_test(no_block_comes_twice_even_across_refills),
		cmocka_unit_test(another_seed_gives_another_stream),
		cmocka_unit_test(fresh_randomness_comes_in_again_and_changes_the_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
