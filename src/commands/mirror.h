/* SPDX-License-Identifier: Apache-2.0 */
/* The other end of a tunnel, as far as one end tells. */
#ifndef COMMANDS_MIRROR_H
#define COMMANDS_MIRROR_H

#include "base/txt.h"
#include "model/config.h"

/* The entry with source and destination in each other's place. */
struct acl_entry mirror_entry(const struct acl_entry *e);
/* Appends the configuration of the peer of that address (IP_NONE: the only one there is), with comments about what it cannot
 * know: devices, masks, networks behind it. 0; -ENOENT, -EEXIST after a message in why: there is no such peer, or there are
 * several; -ENOMEM. */
int config_mirror(const struct config *c, const struct ipaddr *peer, struct txt *out, struct txt *why);

#endif
