/* SPDX-License-Identifier: Apache-2.0 */
/* Groups 19, 20, 21 and 24 against the vectors of RFC 5903 and RFC 5114, and against
 * public values that are none: argv[1] is tests/vectors. */
#include "vectors.h"

#include <errno.h>
#include <openssl/bn.h>

#include "crypto/ike_crypto.h"

static const char *folder;
static struct ike_crypto *crypto;
static struct vec records[4];
static uint8_t draw[IKE_DH_SEED];

/* The key pair whose seed is the last bytes of draw. */
static struct ike_dh *drawn(unsigned group)
{
	size_t n = ike_dh_seed_len(group);
	struct ike_dh *dh = NULL;

	assert_in_range(n, 32, sizeof(draw));
	assert_int_equal(ike_dh_new(crypto, group, draw + sizeof(draw) - n, &dh), 0);
	return dh;
}

/* A key pair with that exponent: what is drawn is reduced and gets one added. */
static struct ike_dh *with_exponent(unsigned group, struct span x)
{
	BIGNUM *n = BN_bin2bn(x.p, (int)x.len, NULL);

	assert_true(n && BN_sub_word(n, 1));
	assert_int_equal(BN_bn2binpad(n, draw, sizeof(draw)), sizeof(draw));
	BN_free(n);
	return drawn(group);
}

static struct ike_dh *initiator(const struct vec *v)
{
	return with_exponent((unsigned)atoi(vec_text(v, "group")), vec_bytes(v, "xi"));
}

static void published_exchanges_come_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		const struct vec *v = &records[i];
		unsigned group = (unsigned)atoi(vec_text(v, "group"));
		struct ike_dh *a = initiator(v), *b = with_exponent(group, vec_bytes(v, "xr"));
		uint8_t z[IKE_MAX_DH];

		assert_int_equal(ike_dh_public(a).len, ike_dh_len(group));
		assert_int_equal(vec_bytes(v, "yi").len, ike_dh_len(group));
		assert_int_equal(vec_bytes(v, "z").len, ike_dh_secret_len(group));
		assert_span(ike_dh_public(a).p, vec_bytes(v, "yi"));
		assert_span(ike_dh_public(b).p, vec_bytes(v, "yr"));
		assert_int_equal(ike_dh_shared(a, vec_bytes(v, "yr"), z), 0);
		assert_span(z, vec_bytes(v, "z"));
		assert_int_equal(ike_dh_shared(b, vec_bytes(v, "yi"), z), 0);
		assert_span(z, vec_bytes(v, "z"));
		ike_dh_free(a);
		ike_dh_free(b);
	}
}

/* Whatever one bit of it becomes, it lies off the curve, or outside the subgroup. */
static void damaged_public_values_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		const struct vec *v = &records[i];
		struct span y = vec_bytes(v, "yr");
		struct ike_dh *a = initiator(v);
		uint8_t *bad = malloc(y.len), z[IKE_MAX_DH] = { 0xa5 };

		assert_non_null(bad);
		for (size_t bit = 0; bit < y.len * 8; bit += i == 3 ? 37 : 1) {
			memcpy(bad, y.p, y.len);
			bad[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_int_equal(ike_dh_shared(a, span_of(bad, y.len), z), -EINVAL);
		}
		memset(bad, 0, y.len); /* where others put infinity */
		assert_int_equal(ike_dh_shared(a, span_of(bad, y.len), z), -EINVAL);
		memset(bad, 0xff, y.len);
		assert_int_equal(ike_dh_shared(a, span_of(bad, y.len), z), -EINVAL);
		assert_int_equal(ike_dh_shared(a, span_of(y.p, y.len - 1), z), -EINVAL);
		assert_int_equal(ike_dh_shared(a, span_of(y.p, y.len / 2), z), -EINVAL);
		assert_int_equal(z[0], 0xa5);
		free(bad);
		ike_dh_free(a);
	}
}

static BIGNUM *curve_prime(unsigned group)
{
	static const char *const hex[] = {
		"FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF",
		"FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFE"
		"FFFFFFFF0000000000000000FFFFFFFF",
	};
	BIGNUM *p = NULL;

	if (group == 21) {
		p = BN_new();
		assert_true(p && BN_set_bit(p, 521) && BN_sub_word(p, 1));
	} else {
		assert_true(BN_hex2bn(&p, hex[group - 19]));
	}
	return p;
}

/* The same point said with x + p, where that fits, is another value on the wire. */
static void coordinates_beyond_the_prime_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const struct vec *v = &records[i];
		struct span y = vec_bytes(v, "yr");
		size_t half = y.len / 2;
		struct ike_dh *a = initiator(v);
		BIGNUM *p = curve_prime(19 + (unsigned)i), *n = BN_new();
		uint8_t bad[IKE_MAX_DH], z[IKE_MAX_DH];

		for (size_t k = 0; k < 2; k++) {
			memcpy(bad, y.p, y.len);
			assert_true(BN_bin2bn(y.p + k * half, (int)half, n) && BN_add(n, n, p));
			if (BN_num_bytes(n) > (int)half)
				assert_true(BN_copy(n, p)); /* p itself, which is 0 */
			assert_int_equal(BN_bn2binpad(n, bad + k * half, (int)half), half);
			assert_int_equal(ike_dh_shared(a, span_of(bad, y.len), z), -EINVAL);
		}
		BN_free(p);
		BN_free(n);
		ike_dh_free(a);
	}
}

/* Group 24: 2 and p - 2 lie between 1 and p - 1, but not in the subgroup; the square
 * of a member does. */
static void values_outside_the_subgroup_are_refused(void **state)
{
	const struct vec *v = &records[3];
	struct ike_dh *a = initiator(v);
	uint8_t b[IKE_MAX_DH] = { 0 }, z[IKE_MAX_DH];

	(void)state;
	for (unsigned small = 0; small < 8; small++) {
		b[255] = (uint8_t)small;
		assert_int_equal(ike_dh_shared(a, span_of(b, 256), z), -EINVAL);
	}
	assert_int_equal(ike_dh_shared(a, vec_bytes(v, "z"), z), 0);
	ike_dh_free(a);
}

/* Every number that can be drawn gives a pair that agrees with another. */
static void any_draw_is_an_exponent(void **state)
{
	static const uint8_t fills[] = { 0x00, 0xff, 0x80, 0x01 };

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		for (size_t k = 0; k < sizeof(fills); k++) {
			unsigned group = (unsigned)atoi(vec_text(&records[i], "group"));
			struct ike_dh *a = initiator(&records[i]), *b, *again = NULL;
			uint8_t za[IKE_MAX_DH], zb[IKE_MAX_DH];

			memset(draw, fills[k], sizeof(draw));
			b = drawn(group);
			assert_int_equal(ike_dh_shared(a, ike_dh_public(b), za), 0);
			assert_int_equal(ike_dh_shared(b, ike_dh_public(a), zb), 0);
			assert_memory_equal(za, zb, ike_dh_secret_len(group));
			/* the same seed is the same private number */
			assert_int_equal(ike_dh_load(crypto, group,
						     draw + sizeof(draw) - ike_dh_seed_len(group), &again),
					 0);
			memset(zb, 0, sizeof(zb));
			assert_int_equal(ike_dh_shared(again, ike_dh_public(a), zb), 0);
			assert_memory_equal(za, zb, ike_dh_secret_len(group));
			ike_dh_free(again);
			ike_dh_free(a);
			ike_dh_free(b);
		}
}

static int setup(void **state)
{
	char path[512];
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/dh-published.txt", folder);
	f = fopen(path, "r");
	if (!f)
		return -1;
	for (size_t i = 0; i < 4; i++)
		if (!vec_next(f, &records[i]))
			return -1;
	fclose(f);
	crypto = ike_crypto_new();
	return crypto ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++)
		vec_free(&records[i]);
	ike_crypto_free(crypto);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_exchanges_come_out),
		cmocka_unit_test(damaged_public_values_are_refused),
		cmocka_unit_test(coordinates_beyond_the_prime_are_refused),
		cmocka_unit_test(values_outside_the_subgroup_are_refused),
		cmocka_unit_test(any_draw_is_an_exponent),
	};

	folder = argc > 1 ? argv[1] : ".";
	return cmocka_run_group_tests(tests, setup, teardown);
}
