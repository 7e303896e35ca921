/* SPDX-License-Identifier: Apache-2.0 */
/* `show running-config` in its forms. */
#ifndef CONTROL_RUNNING_H
#define CONTROL_RUNNING_H

#include "control/internal.h"

enum running_form { RUNNING_ALL = 0, RUNNING_LISTS };

/* Of an interface (a->ifname), with defaults (flag), without certificates (detail), with line numbers (count). */
void running_show(struct control *c, enum running_form form, const struct exec_args *a, struct txt *out);

#endif
