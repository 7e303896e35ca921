/* SPDX-License-Identifier: Apache-2.0 */
/* `| include REGEX` and its kin, over an output. */
#ifndef CLI_PIPE_H
#define CLI_PIPE_H

#include "cli/cli.h"

#define CLI_PIPE_TEXT 512 /* bytes of an expression or a file name */

enum cli_pipe_kind {
	CLI_PIPE_INCLUDE = 1,
	CLI_PIPE_EXCLUDE,
	CLI_PIPE_BEGIN,
	CLI_PIPE_SECTION,
	CLI_PIPE_COUNT,
	CLI_PIPE_REDIRECT, /* these three go to a file */
	CLI_PIPE_TEE,
	CLI_PIPE_APPEND,
	CLI_PIPE_JSON, /* who has the output lays it out anew */
};

struct cli_pipe {
	enum cli_pipe_kind kind;
	bool without; /* section exclude: what is outside */
	bool append;  /* to what the file holds */
	char text[CLI_PIPE_TEXT + 1]; /* the expression, or the file as it was typed; "" of JSON */
};

/* The words behind the bar, with their help; value is the kind. */
extern const struct cli_name cli_pipe_names[];

/* Reads what stands behind the bar (`include crypto`, `sec ^interface`; words may be
 * abbreviated). 0; -EINVAL: wrong, at *ret_col of spec; -ENODATA: something is missing. A
 * second bar is part of the expression, but for one before another filter's name: IOS has one
 * filter, and who types two would see what neither has left over. */
int cli_pipe_read(const char *spec, struct cli_pipe *ret_p, size_t *ret_col);

/* True of kinds that leave something out: neither JSON nor to a file. */
bool cli_pipe_filters(const struct cli_pipe *p);

/* Appends what the filter leaves of text; of kinds that go to a file or are JSON, nothing.
 * 0, or -EINVAL after a message in out. */
int cli_pipe_run(const struct cli_pipe *p, const char *text, struct txt *out);

/* The same of an output that comes in pieces: what of a piece passes is appended to out, line by
 * line. p is copied, and filters. 0, or -EINVAL after a message in out. */
struct cli_filter;
int cli_filter_open(const struct cli_pipe *p, struct cli_filter **ret_f, struct txt *out);
void cli_filter_text(struct cli_filter *f, const char *text, size_t len, struct txt *out);
/* The rest of it; frees f. out NULL: nobody wants it any more. */
void cli_filter_close(struct cli_filter *f, struct txt *out);

#endif
