/* SPDX-License-Identifier: Apache-2.0 */
/* Show commands as JSON: what `| json` prints, out of the data that the texts are
 * made of (docs/json.md says what stays as it is). Pure, as show.h is. */
#ifndef CONTROL_SHOW_JSON_H
#define CONTROL_SHOW_JSON_H

#include "base/json.h"
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
/* Where a document is that is told in pieces: zeros at its beginning. */
struct show_json_cursor {
	struct json j;
	size_t at, sub;
	unsigned number;
	struct show_json_check *check; /* of show crypto check: show_json_cursor_fini() */
	struct show_route_list *routes; /* of show ip route, likewise */
	bool begun, over;
	bool pause; /* that was work enough for a piece, whatever was said */
};
/* True for actions whose document grows with the number of peers, and which show_json_some() tells in pieces, of in as
 * show_some() looks at it. */
bool show_json_in_pieces(unsigned action, const struct exec_args *a);
/* The next piece, which may be nothing yet; k->over behind the last one. As show_json(). */
int show_json_some(const struct show_in *in, unsigned action, const struct exec_args *a, struct show_json_cursor *k,
		   struct txt *out);
/* Also of one that is not over. */
void show_json_cursor_fini(struct show_json_cursor *k);
/* {"lines": [...]} of a finished text. */
void show_json_lines(const char *text, struct txt *out);

#endif
