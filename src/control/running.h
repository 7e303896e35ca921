/* SPDX-License-Identifier: Apache-2.0 */
/* `show running-config` in its forms. */
#ifndef CONTROL_RUNNING_H
#define CONTROL_RUNNING_H

#include "control/internal.h"

enum running_form { RUNNING_ALL = 0, RUNNING_LISTS };

/* Of an interface (a->ifname), with defaults (flag), without certificates (detail), with line numbers (count). */
void running_show(struct control *c, enum running_form form, const struct exec_args *a, struct txt *out);

/* The same of all of it, in pieces. Its head says how long the rest is: so it is made first, a part in each turn, of the
 * configuration as it is; before that changes, the rest has to be taken. json: as show_json_lines() tells a text. NULL without
 * memory. */
struct running;
struct running *running_new(struct control *c, const struct exec_args *a, bool json);
/* The next piece, whole lines or nothing yet; false: that was the last one. */
bool running_some(struct running *r, struct txt *out);
void running_free(struct running *r); /* it holds keys, and wipes them */

#endif
