/* SPDX-License-Identifier: Apache-2.0 */
/* `| include REGEX` and its kin, over an output. */
#ifndef CLI_PIPE_H
#define CLI_PIPE_H

#include "cli/cli.h"

/* Filters text by what stands after the bar (`include crypto`, `sec ^interface`,
 * `count ACTIVE`; words may be abbreviated) and appends the result to out. 0, or
 * -EINVAL after a message in out. redirect, tee and append are refused: a router's
 * CLI writes no files of the host. */
int cli_pipe(const char *spec, const char *text, struct txt *out);

/* The same of an output that comes in pieces: what of a piece passes is appended to out, line by line. */
struct cli_pipe;
/* 0, or -EINVAL after a message in out. */
int cli_pipe_open(const char *spec, struct cli_pipe **ret_p, struct txt *out);
void cli_pipe_text(struct cli_pipe *p, const char *text, size_t len, struct txt *out);
/* The rest of it; frees p. out NULL: nobody wants it any more. */
void cli_pipe_close(struct cli_pipe *p, struct txt *out);

/* True for `| json`, which is no filter: who has the output lays it out anew. */
bool cli_pipe_is_json(const char *spec);

/* The words that may stand behind the bar, by alphabet, for help; ended by word NULL. */
extern const struct cli_name cli_pipe_names[];

#endif
