/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes of tunnels: what fits, and what check says of what does not. */
#ifndef COMMANDS_CHECK_MTU_H
#define COMMANDS_CHECK_MTU_H

#include "commands/load.h"
#include "model/overhead.h"

/* The part of commands_check() about the sizes of tunnel i, which reports call obj. */
void check_mtu(const struct config *c, const struct cfg_interface *i, const char *obj,
	       struct report *r);

/* The largest packet that a tunnel carries through one set (without algorithms: GRE alone)
 * uncut; link is the MTU outside. Bytes. */
uint32_t check_tunnel_room(const struct cfg_tunnel *t, const struct p2_transform *set, uint32_t link);
/* What all tunnels and crypto map entries have room for, as a table, or nothing if there is none. */
void check_mtu_table(const struct config *c, struct txt *out);
/* The same, an interface a call; at is zero at first. False: that was the last. */
struct check_mtu_at {
	size_t interface;
	bool begun; /* its heading is there */
};
bool check_mtu_table_some(const struct config *c, struct check_mtu_at *at, struct txt *out);
/* The same as the member `mtu` of an object that is open. */
void check_mtu_json(const struct config *c, struct json *j);

/* What a set adds to a packet; tunnel: of ESP, whatever the set says. */
struct overhead check_set_overhead(const struct p2_transform *set, bool tunnel, bool ipv6);
/* The same of a tunnel, with its own headers. */
struct overhead check_tunnel_overhead(const struct cfg_tunnel *t, const struct p2_transform *set);
/* The map entry that protects a tunnel (NULL: none) and the MTU of the interface that it
 * leaves by. False: nothing can be said, since its ends are not known here. */
bool check_find_protection(const struct config *c, const struct cfg_interface *i, uint32_t *ret_link,
			   const struct cfg_map_entry **ret_entry);

#endif
