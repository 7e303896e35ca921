/* SPDX-License-Identifier: Apache-2.0 */
/* `show history`: lines that a session has typed, without their secrets. */
#ifndef CONTROL_TYPED_H
#define CONTROL_TYPED_H

#include "base/txt.h"

#define TYPED_MAX     256   /* lines, `terminal history size` */
#define TYPED_DEFAULT 20
#define TYPED_BYTES   65536 /* of all of them: the oldest go first */

struct typed {
	char *v[TYPED_MAX]; /* oldest first */
	size_t n, size, bytes;
};

void typed_resize(struct typed *t, size_t size);
/* Takes a line (malloc'ed, NULL is fine) and frees it in the end; the same line twice in a row is kept once. */
void typed_add(struct typed *t, char *line);
void typed_show(const struct typed *t, struct txt *out);
void typed_fini(struct typed *t);

#endif
