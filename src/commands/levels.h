/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COMMANDS_LEVELS_H
#define COMMANDS_LEVELS_H

#include "commands/rows.h"

/* The least privilege level that has a row, by root's `privilege` lines and IOS's own. */
unsigned commands_level(const void *root, const struct cli_row *row);

#endif
