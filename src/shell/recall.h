/* SPDX-License-Identifier: Apache-2.0 */
/* Lines that were typed, for Ctrl-P and Ctrl-N. They may hold secrets: they are wiped. */
#ifndef SHELL_RECALL_H
#define SHELL_RECALL_H

#include "base/txt.h"

#define RECALL_MAX 256

struct recall {
	char *v[RECALL_MAX]; /* oldest first */
	size_t n, size;	     /* how many there are, and may be */
	size_t at;	     /* the line that is shown; n: the one that is typed */
};

void recall_resize(struct recall *r, size_t size);
/* Takes a line that was run, unless it is blank or the same as the last one. */
void recall_add(struct recall *r, const char *line);
/* The line before (earlier) or behind the one that was shown last; "" behind the newest;
 * NULL: there is none before. Valid until the next recall_add(). */
const char *recall_move(struct recall *r, bool earlier);
/* Forgets where Ctrl-P has led. */
void recall_reset(struct recall *r);
void recall_fini(struct recall *r);

#endif
