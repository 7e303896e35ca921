/* SPDX-License-Identifier: Apache-2.0 */
/* Show commands as JSON: what `| json` prints, out of the data that the texts are
 * made of (docs/json.md says what stays as it is). Pure, as show.h is. */
#ifndef CONTROL_SHOW_JSON_H
#define CONTROL_SHOW_JSON_H

#include "control/show.h"

enum show_json_kind {
	JSON_NO,    /* not a show command */
	JSON_ROWS,  /* show_json() has it */
	JSON_LINES, /* no table: show_json_lines() of its text */
};

enum show_json_kind show_json_kind(unsigned action);
/* As show_run(), with the same messages where something that was named does not exist; -ENOSYS for
 * what is not JSON_ROWS. */
int show_json(const struct show_in *in, unsigned action, const struct exec_args *a, struct txt *out);
/* {"lines": [...]} of a finished text. */
void show_json_lines(const char *text, struct txt *out);

#endif
