/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COMMANDS_LEVELS_H
#define COMMANDS_LEVELS_H

#include "commands/rows.h"

/* The least privilege level that has a row where nothing else is configured. */
unsigned commands_level(const struct cli_row *row);
/* The i-th of root's `privilege` lines; false past the last. */
bool commands_own_level(const void *root, size_t i, struct cli_own_level *ret);

#endif
