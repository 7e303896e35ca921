/* SPDX-License-Identifier: Apache-2.0 */
/* ` --More-- ` as IOS does it: space a page, Enter a line; `/` and an expression goes on with the line that matches
 * it, `+` only with lines that match, `-` only with those that do not; anything else ends. */
#ifndef SHELL_PAGER_H
#define SHELL_PAGER_H

#include "base/span.h"
#include "cli/pipe.h"

struct pager {
	unsigned length; /* lines of a page; 0: no paging */
	unsigned width;	 /* columns after which a line goes on in the next row; 0: it never does */
	unsigned shown;	 /* rows since the last stop */
	unsigned column; /* of the row that is being written */
	bool quit;	 /* the rest of this output is not wanted */
	struct cli_filter *filter; /* of the rest of this output, asked for at a stop; NULL: none */
	unsigned asked; /* how many filters were asked for */
	bool typing;	/* an expression: its bytes are keys, each for itself */
	void (*write)(void *ctx, const char *s, size_t n);
	void (*write_raw)(void *ctx, const char *s, size_t n); /* the pager's own words */
	int (*key)(void *ctx); /* one key, by its first byte; -1 at the end of input */
	void *ctx;
};

/* Begins a new output; what is left of the one before is dropped. Also frees what it had. */
void pager_reset(struct pager *p);
void pager_put(struct pager *p, const char *s, size_t n);
/* The output has ended: writes what a filter has held back of a line without an end. */
void pager_end(struct pager *p);

#endif
