/* SPDX-License-Identifier: Apache-2.0 */
#include "base/txt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void txt_fini(struct txt *t)
{
	free(t->s);
	*t = TXT_INIT;
}

void txt_clear(struct txt *t)
{
	t->len = 0;
	t->bad = false;
	if (t->s)
		t->s[0] = '\0';
}

/* Room for n more characters and the NUL. */
static bool reserve(struct txt *t, size_t n)
{
	if (t->bad || n >= SIZE_MAX / 4 - t->len) {
		t->bad = true;
		return false;
	}
	if (t->len + n + 1 <= t->cap)
		return true;
	size_t cap = t->cap ? t->cap : 64;
	while (cap < t->len + n + 1)
		cap *= 2;
	char *s = realloc(t->s, cap);
	if (!s) {
		t->bad = true;
		return false;
	}
	t->s = s;
	t->cap = cap;
	return true;
}

void txt_mem(struct txt *t, const char *s, size_t n)
{
	if (!reserve(t, n))
		return;
	if (n)
		memcpy(t->s + t->len, s, n);
	t->len += n;
	t->s[t->len] = '\0';
}

void txt_char(struct txt *t, char c)
{
	txt_mem(t, &c, 1);
}

void txt_str(struct txt *t, const char *s)
{
	txt_mem(t, s, strlen(s));
}

void txt_vprintf(struct txt *t, const char *fmt, va_list ap)
{
	va_list again;

	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	if (n < 0) {
		t->bad = true;
	} else if (reserve(t, (size_t)n)) {
		vsnprintf(t->s + t->len, (size_t)n + 1, fmt, again);
		t->len += (size_t)n;
	}
	va_end(again);
}

void txt_printf(struct txt *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	txt_vprintf(t, fmt, ap);
	va_end(ap);
}

void txt_hex(struct txt *t, const void *p, size_t n)
{
	static const char digit[] = "0123456789abcdef";
	const uint8_t *b = p;

	for (size_t i = 0; i < n; i++) {
		txt_char(t, digit[b[i] >> 4]);
		txt_char(t, digit[b[i] & 15]);
	}
}

void txt_pad(struct txt *t, size_t col)
{
	size_t line = t->len;

	while (line > 0 && t->s[line - 1] != '\n')
		line--;
	while (!t->bad && t->len - line < col)
		txt_char(t, ' ');
}

const char *txt_cstr(const struct txt *t)
{
	return t->s ? t->s : "";
}

char *txt_steal(struct txt *t)
{
	char *s = NULL;

	if (reserve(t, 0)) {
		s = t->s;
		s[t->len] = '\0';
		*t = TXT_INIT;
	} else {
		txt_fini(t);
	}
	return s;
}
