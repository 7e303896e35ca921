/* SPDX-License-Identifier: Apache-2.0 */
/* What IOS has and this router has none of: the words with which it says so. */
#ifndef CONTROL_ABSENT_H
#define CONTROL_ABSENT_H

#include <stdbool.h>

#include "base/txt.h"
#include "commands/exec.h"

/* True if that is all that is to be said about the line (a VRF is named in it, or it is EXEC_ABSENT): an error is
 * in out. */
bool absent(unsigned action, const struct exec_args *a, struct txt *out);

#endif
