/* SPDX-License-Identifier: Apache-2.0 */
#include "shell/safe.h"

#include <string.h>

#include "base/utf8.h"

static void put_char(const char *s, size_t n, uint32_t code, struct txt *out)
{
	if (code == '\n' || code == '\t')
		txt_char(out, (char)code);
	else
		utf8_show(out, s, n, code);
}

void safe_put(struct safe *f, const char *s, size_t n, struct txt *out)
{
	uint32_t code;
	size_t k;

	/* the rest of a character, byte by byte */
	while (f->n) {
		k = utf8_char(f->part, f->n, &code);
		if (k) {
			put_char(f->part, k, code, out);
			f->n -= k;
			memmove(f->part, f->part + k, f->n);
		} else if (n) {
			f->part[f->n++] = *s++;
			n--;
		} else {
			return;
		}
	}
	for (; n; s += k, n -= k) {
		k = utf8_char(s, n, &code);
		if (!k) {
			memcpy(f->part, s, n);
			f->n = n;
			return;
		}
		put_char(s, k, code, out);
	}
}
