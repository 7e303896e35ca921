/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_FAKEID_H
#define LAB_FAKEID_H

/* From here on, for this process and what it becomes, calls that change user or
 * group ids succeed and do nothing (a seccomp filter). A user's lab has one
 * id, so tcpdump and every daemon that drops root would stop at "Operation not
 * permitted"; there is no other id to drop to, and no privilege to lose. Needs
 * CAP_SYS_ADMIN in the user namespace; where seccomp is missing, nothing
 * happens. */
void fakeid_begin(void);

#endif
