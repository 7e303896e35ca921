/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTROL_ACL_COUNTERS_H
#define CONTROL_ACL_COUNTERS_H

struct control;

/* Sets the matches of that access list to zero, wherever it is used: interfaces, crypto maps, `set ip
 * access-group`. An empty name: of all lists. */
void acl_counters_clear(struct control *c, const char *name);

#endif
