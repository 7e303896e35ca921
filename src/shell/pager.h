/* SPDX-License-Identifier: Apache-2.0 */
/* ` --More-- ` as IOS does it: space a page, Enter a line, anything else ends. */
#ifndef SHELL_PAGER_H
#define SHELL_PAGER_H

#include "base/span.h"

struct pager {
	unsigned length; /* lines of a page; 0: no paging */
	unsigned width;	 /* columns after which a line goes on in the next row; 0: it never does */
	unsigned shown;	 /* rows since the last stop */
	unsigned column; /* of the row that is being written */
	bool quit;	 /* the rest of this output is not wanted */
	void (*write)(void *ctx, const char *s, size_t n);
	void (*write_raw)(void *ctx, const char *s, size_t n); /* the pager's own words */
	int (*key)(void *ctx); /* one key; -1 at the end of input */
	void *ctx;
};

/* Begins a new output. */
void pager_reset(struct pager *p);
void pager_put(struct pager *p, const char *s, size_t n);

#endif
