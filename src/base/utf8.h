/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 (RFC 3629), and how many columns of a terminal a text takes. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/txt.h"

#define UTF8_NONE UINT32_MAX

/* Reads one character: its bytes (0: the text ends inside it), and in ret_code what it is; a byte that begins none
 * (overlong, half of a surrogate pair, above U+10FFFF) is one byte, code UTF8_NONE. n is at least 1. */
size_t utf8_char(const char *s, size_t n, uint32_t *ret_code);
/* True if a terminal would take it as an instruction (C0, DEL, C1). */
bool utf8_is_control(uint32_t code);
/* Appends a code point. */
void utf8_put(struct txt *out, uint32_t code);

/* Appends what the n bytes of a character are shown as: `^A`, `?` (C1 and UTF8_NONE), or they themselves. */
void utf8_show(struct txt *out, const char *s, size_t n, uint32_t code);

/* Columns of one character as it is shown; of one that is combined with the character before, none. Asks wcwidth(3): LC_CTYPE is
 * to be UTF-8. */
size_t utf8_width(uint32_t code);
/* The same of a text, whatever LC_CTYPE is. */
size_t utf8_columns(const char *s, size_t n);

#endif
