/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COMMANDS_CHECK_PROTECTION_H
#define COMMANDS_CHECK_PROTECTION_H

#include "commands/load.h"

/* What stands against the tunnel protection of interface i, whose name in the report is
 * obj. */
void check_tunnel_protection(const struct config *c, const struct cfg_interface *i,
			     const char *obj, struct report *r);

#endif
