/* SPDX-License-Identifier: Apache-2.0 */
/* Text of strangers on somebody's terminal: what peers, files and other users' lines
 * hold is shown and cannot act. */
#ifndef SHELL_SAFE_H
#define SHELL_SAFE_H

#include "base/txt.h"

/* A text that comes in pieces: characters may be cut by them. */
struct safe {
	char part[4];
	size_t n;
};
/* Appends s to out with control characters as `^A`, but for line ends and tabs; bytes
 * that are no UTF-8, and C1, as `?`. */
void safe_put(struct safe *f, const char *s, size_t n, struct txt *out);

#endif
