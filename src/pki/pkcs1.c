/* SPDX-License-Identifier: Apache-2.0 */
/* Everything here is masks: 0 or all ones, made without a branch, an index or a length
 * that depends on the block. A compiler may turn `x ? a : b` into a branch, so that none
 * is written, and the masks go through barrier(), which hides from it that they have two
 * values only. */
#include "pki/pkcs1.h"

#include <string.h>

static size_t barrier(size_t v)
{
	__asm__("" : "+r"(v));
	return v;
}

/* All ones if the highest bit is set. */
static size_t mask_msb(size_t v)
{
	return barrier((size_t)0 - (v >> (sizeof(v) * 8 - 1)));
}

static size_t mask_zero(size_t v)
{
	return mask_msb(~v & (v - 1));
}

static size_t mask_less(size_t a, size_t b)
{
	return mask_msb(a ^ ((a ^ b) | ((a - b) ^ b)));
}

static size_t choose(size_t mask, size_t yes, size_t no)
{
	return (mask & yes) | (~mask & no);
}

/* Moves the last len of the n bytes at b to their front, len unknown to whoever watches:
 * for each bit of the distance, all of it moves by that power of two or stays. */
static void to_front(uint8_t *b, size_t n, size_t len)
{
	size_t distance = n - len;

	for (size_t step = 1; step < n; step <<= 1) {
		size_t go = ~mask_zero(distance & step);

		for (size_t i = 0; i + step < n; i++)
			b[i] = (uint8_t)choose(go, b[i + step], b[i]);
	}
}

void pkcs1_unpad(const uint8_t *em, size_t k, const uint8_t *alt, size_t alt_len, size_t min,
		 size_t max, uint8_t *out, size_t *ret_len)
{
	size_t good = mask_zero(em[0]) & mask_zero(em[1] ^ 2u);
	size_t found = 0, zero_at = 0;

	for (size_t i = 2; i < k; i++) {
		size_t is_zero = mask_zero(em[i]);

		zero_at = choose(~found & is_zero, i, zero_at);
		found |= is_zero;
	}
	good &= found & ~mask_less(zero_at, PKCS1_MIN_PAD - 1);
	size_t len = k - 1 - zero_at;
	good &= ~mask_less(len, min) & ~mask_less(max, len);

	/* a length that is none would be a distance that is none; what moves then is lost */
	memcpy(out, em + k - max, max);
	to_front(out, max, choose(good, len, max));
	for (size_t i = 0; i < max; i++)
		out[i] = (uint8_t)choose(good, out[i], alt[i]);
	*ret_len = choose(good, len, alt_len);
}
