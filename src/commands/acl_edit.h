/* SPDX-License-Identifier: Apache-2.0 */
/* Entries put into access lists and taken out, as IOS does it: the same of both families. */
#ifndef COMMANDS_ACL_EDIT_H
#define COMMANDS_ACL_EDIT_H

#include "commands/ace.h"
#include "commands/rows.h"

/* Remarks carry the number of the entry before them. */
void acl_renumber_remarks(struct cfg_acl *acl);
/* True for the number that an entry gets when it is typed without one behind `last`. */
bool acl_seq_is_implied(uint32_t last, uint32_t seq);
/* Removes the kept lines that were refused for a number that is free now. Who withdraws entry 10
 * withdraws what else was to be number 10, as on a router that does not keep it; printed back it
 * would be taken at the next start. What is refused still says that the list is not whole. */
void acl_withdraw_refused(struct cfg_acl *acl);
/* As a row's apply() returns, with a message in out. */
int acl_entry_remove(struct cfg_acl *acl, const struct acl_entry *e, struct txt *out);
int acl_entry_set(struct cfg_acl *acl, const struct acl_entry *e, struct txt *out);
/* A line of an IPv6 list without its number; a: zeroed room. */
bool acl6_say(const struct acl_entry *e, struct ace_args *a, struct txt *out);
/* Of rows of entries (struct ace_args) in a named list: where a line that was refused stands. */
uint64_t ace_place(const void *args);
uint64_t member_behind(const void *root, const void *obj, const void *args);

#endif
