/* SPDX-License-Identifier: Apache-2.0 */
/* Places in access lists. A line that is not understood keeps its place among the
 * entries, since in a list the order is the meaning; the place outlives the entries
 * around it. Numbers rise from list to list (numbered ones), in a list with the sequence
 * numbers, and under one of these with the remarks that follow it. */
#ifndef COMMANDS_ACL_PLACE_H
#define COMMANDS_ACL_PLACE_H

#include "model/config.h"

/* Added to the places in a numbered list, whose lines stand in the global mode. */
#define PLACE_LIST(number) ((uint64_t)(number) << 51)

/* Of the i-th entry; from 1. */
uint64_t acl_place(const struct cfg_acl *acl, size_t i);
/* Behind that sequence number; 0: behind all entries. acl may be NULL. */
uint64_t acl_place_behind(const struct cfg_acl *acl, uint32_t seq);
/* Before the sequence numbers of acl change, and after it: the lines of l whose places
 * are in it (from base on) stay behind the same entries. */
void acl_places_count(kept_list *l, const struct cfg_acl *acl, uint64_t base);
void acl_places_restore(kept_list *l, const struct cfg_acl *acl, uint64_t base);

#endif
