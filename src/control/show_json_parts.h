/* SPDX-License-Identifier: Apache-2.0 */
/* The tables behind show_json(), by subject, and what they share. For control's
 * show_json_*.c and their tests only. */
#ifndef CONTROL_SHOW_JSON_PARTS_H
#define CONTROL_SHOW_JSON_PARTS_H

#include "base/json.h"
#include "control/show_json.h"
#include "control/show_parts.h"

/* How an action is told. tell writes the members of the document, which is an object that is
 * open; -EINVAL: what was named does not exist, and the text says so. NULL: JSON_LINES. */
struct json_row {
	unsigned action;
	int (*tell)(const struct show_in *in, const struct exec_args *a, struct json *j);
};

/* show_json_crypto.c, show_json_system.c; ended by EXEC_NONE */
extern const struct json_row json_rows_crypto[];
extern const struct json_row json_rows_system[];

#endif
