/* SPDX-License-Identifier: Apache-2.0 */
/* `local-address A | IF`, as keyrings and isakmp profiles have it; args are a struct cfg_local. */
#ifndef COMMANDS_LOCAL_ADDRESS_H
#define COMMANDS_LOCAL_ADDRESS_H

#include "commands/rows.h"

/* What was typed, or nothing of it by `no`. */
void local_take(const struct cli_call *c, struct cfg_local *l);
/* False: there is nothing to print. */
bool local_give(const struct cfg_local *l, void *args);

#endif
