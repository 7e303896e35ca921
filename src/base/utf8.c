/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <locale.h>
#include <string.h>
#include <wchar.h>

size_t utf8_char(const char *s, size_t n, uint32_t *ret_code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)s;
	size_t len = *p < 0x80 ? 1 : *p >= 0xc2 && *p < 0xe0 ? 2 : *p >= 0xe0 && *p < 0xf0 ? 3 :
		     *p >= 0xf0 && *p < 0xf5 ? 4 : 0;
	uint32_t code = len < 2 ? *p : *p & (0x7fu >> len);

	*ret_code = UTF8_NONE;
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

bool utf8_is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

void utf8_put(struct txt *out, uint32_t code)
{
	size_t more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
	static const unsigned char first[] = { 0, 0xc0, 0xe0, 0xf0 };

	txt_char(out, (char)(first[more] | code >> (6 * more)));
	while (more--)
		txt_char(out, (char)(0x80 | (code >> (6 * more) & 0x3f)));
}

void utf8_show(struct txt *out, const char *s, size_t n, uint32_t code)
{
	if (code < 0x20 || code == 0x7f)
		txt_printf(out, "^%c", (char)(code ^ 0x40));
	else if (code == UTF8_NONE || utf8_is_control(code))
		txt_char(out, '?');
	else
		txt_mem(out, s, n);
}

size_t utf8_width(uint32_t code)
{
	if (code < 0x20 || code == 0x7f)
		return 2;
	if (code < 0xa0 || code == UTF8_NONE)
		return 1;
	int columns = wcwidth((wchar_t)code);

	return columns < 0 ? 1 : (size_t)columns;
}

static size_t columns(const char *s, size_t n)
{
	size_t sum = 0, len;

	for (; n; s += len, n -= len) {
		uint32_t code;

		len = utf8_char(s, n, &code);
		if (!len)
			len = 1;
		sum += utf8_width(code);
	}
	return sum;
}

static bool is_ascii(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] >= 0x80)
			return false;
	return true;
}

size_t utf8_columns(const char *s, size_t n)
{
	locale_t utf8 = is_ascii(s, n) ? (locale_t)0 : newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	locale_t before = utf8 ? uselocale(utf8) : (locale_t)0; /* of this thread alone */
	size_t sum = columns(s, n);

	if (utf8) {
		uselocale(before);
		freelocale(utf8);
	}
	return sum;
}
