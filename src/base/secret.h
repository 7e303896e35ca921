/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <string.h>

#include "base/span.h"

/* Overwrites n bytes in a way the compiler may not remove. NULL is fine. */
void secret_wipe(void *p, size_t n);

/* Equal contents, in time that depends only on n: for MACs, hashes, keys. */
static inline bool secret_equal(const void *a, const void *b, size_t n)
{
	const uint8_t *x = a, *y = b;
	uint64_t diff = 0, u, v;

	/* the compiler may not know what diff is, or it could stop at the first difference */
	for (; n >= sizeof(u); x += sizeof(u), y += sizeof(v), n -= sizeof(u)) {
		memcpy(&u, x, sizeof(u));
		memcpy(&v, y, sizeof(v));
		diff |= u ^ v;
		__asm__ volatile("" : "+r"(diff));
	}
	for (; n; x++, y++, n--) {
		diff |= (uint64_t)(*x ^ *y);
		__asm__ volatile("" : "+r"(diff));
	}
	return diff == 0;
}

/* Wipes n bytes at p and frees p. NULL is fine. */
void secret_free(void *p, size_t n);

#endif
