/* SPDX-License-Identifier: Apache-2.0 */
#include "shell/safe.h"

#include <string.h>

size_t safe_char(const char *s, size_t n, uint32_t *ret_code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)s;
	size_t len = *p < 0x80 ? 1 : *p >= 0xc2 && *p < 0xe0 ? 2 : *p >= 0xe0 && *p < 0xf0 ? 3 :
		     *p >= 0xf0 && *p < 0xf5 ? 4 : 0;
	uint32_t code = len < 2 ? *p : *p & (0x7fu >> len);

	*ret_code = UINT32_MAX;
	if (!len)
		return 1;
	for (size_t i = 1; i < len; i++) {
		if (i == n)
			return 0;
		if ((p[i] & 0xc0) != 0x80)
			return 1;
		code = code << 6 | (p[i] & 0x3f);
	}
	if (code < least[len] || (code >= 0xd800 && code < 0xe000) || code > 0x10ffff)
		return 1;
	*ret_code = code;
	return len;
}

bool safe_is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

void safe_code(struct txt *out, uint32_t code)
{
	size_t more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
	static const unsigned char first[] = { 0, 0xc0, 0xe0, 0xf0 };

	txt_char(out, (char)(first[more] | code >> (6 * more)));
	while (more--)
		txt_char(out, (char)(0x80 | (code >> (6 * more) & 0x3f)));
}

static void put_char(const char *s, size_t n, uint32_t code, struct txt *out)
{
	if (code == '\n' || code == '\t' || (code != UINT32_MAX && !safe_is_control(code)))
		txt_mem(out, s, n);
	else if (code <= 0x7f)
		txt_printf(out, "^%c", (char)(code ^ 0x40));
	else
		txt_char(out, '?');
}

void safe_put(struct safe *f, const char *s, size_t n, struct txt *out)
{
	uint32_t code;
	size_t k;

	/* the rest of a character, byte by byte */
	while (f->n) {
		k = safe_char(f->part, f->n, &code);
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
		k = safe_char(s, n, &code);
		if (!k) {
			memcpy(f->part, s, n);
			f->n = n;
			return;
		}
		put_char(s, k, code, out);
	}
}
