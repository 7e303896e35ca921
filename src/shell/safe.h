/* SPDX-License-Identifier: Apache-2.0 */
/* Text of strangers on somebody's terminal: what peers, files and other users' lines
 * hold is shown and cannot act. */
#ifndef SHELL_SAFE_H
#define SHELL_SAFE_H

#include "base/txt.h"

/* Reads one character of UTF-8: its bytes (0: the text ends inside it), and in ret_code
 * what it is; a byte that begins none is one byte, code UINT32_MAX. n is at least 1. */
size_t safe_char(const char *s, size_t n, uint32_t *ret_code);
/* True if a terminal would take it as an instruction (C0, DEL, C1). */
bool safe_is_control(uint32_t code);
/* Appends a code point as UTF-8. */
void safe_code(struct txt *out, uint32_t code);

/* A text that comes in pieces: characters may be cut by them. */
struct safe {
	char part[4];
	size_t n;
};
/* Appends s to out with control characters as `^A`, but for line ends and tabs; bytes
 * that are no UTF-8, and C1, as `?`. */
void safe_put(struct safe *f, const char *s, size_t n, struct txt *out);

#endif
