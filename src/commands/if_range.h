/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COMMANDS_IF_RANGE_H
#define COMMANDS_IF_RANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "model/config.h"

/* The i-th interface of `FastEthernet0/0 - 3 , Tunnel0`, by its canonical name; false past the last one, and for
 * all of a text that is wrong anywhere. Only the last number of a name runs, at most 2147483647. */
bool if_range_at(const char *text, size_t i, char name[CFG_NAME_MAX]);

#endif
