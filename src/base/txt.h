/* SPDX-License-Identifier: Apache-2.0 */
/* A text that grows. Failure to allocate is sticky (t->bad) and keeps what is
 * there, so that a writer of a page of output asks once, at the end. */
#ifndef BASE_TXT_H
#define BASE_TXT_H

#include "base/span.h"

#include <stdarg.h>

struct txt {
	char *s;    /* always NUL-terminated once something was written; NULL before */
	size_t len; /* without the NUL */
	size_t cap;
	bool bad;
};

#define TXT_INIT ((struct txt){ 0 })

void txt_fini(struct txt *t);
/* Empties the text and keeps its memory. */
void txt_clear(struct txt *t);
void txt_char(struct txt *t, char c);
void txt_str(struct txt *t, const char *s);
void txt_mem(struct txt *t, const char *s, size_t n);
void txt_printf(struct txt *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void txt_vprintf(struct txt *t, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/* Lower-case hex of n bytes. */
void txt_hex(struct txt *t, const void *p, size_t n);
/* Appends blanks until the current line is col columns wide. */
void txt_pad(struct txt *t, size_t col);
/* The text, "" if there is none. Valid until the next write. */
const char *txt_cstr(const struct txt *t);
/* Hands the memory (malloc'ed, NUL-terminated) to the caller and empties t;
 * NULL if t is bad. */
char *txt_steal(struct txt *t);

#endif
