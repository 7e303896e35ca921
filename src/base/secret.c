/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

void secret_wipe(void *p, size_t n)
{
	if (p && n)
		explicit_bzero(p, n);
}

bool secret_equal(const void *a, const void *b, size_t n)
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

void secret_free(void *p, size_t n)
{
	secret_wipe(p, n);
	free(p);
}
