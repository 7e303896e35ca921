/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes of tunnels: what fits, and what check says of what does not. */
#ifndef COMMANDS_CHECK_MTU_H
#define COMMANDS_CHECK_MTU_H

#include "commands/load.h"

/* The part of commands_check() about the sizes of tunnel i, which reports call obj. */
void check_mtu(const struct config *c, const struct cfg_interface *i, const char *obj,
	       struct report *r);

/* The largest packet that a tunnel carries through one set (without algorithms: GRE alone)
 * uncut; link is the MTU outside. Bytes. */
uint32_t check_tunnel_room(const struct cfg_tunnel *t, const struct p2_transform *set, uint32_t link);
/* The map entry that protects a tunnel (NULL: none) and the MTU of the interface that it
 * leaves by. False: nothing can be said, since its ends are not known here. */
bool check_find_protection(const struct config *c, const struct cfg_interface *i, uint32_t *ret_link,
			   const struct cfg_map_entry **ret_entry);

#endif
