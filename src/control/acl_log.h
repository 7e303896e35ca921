/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of access lists with `log`: %SEC-6-IPACCESSLOGP and its kin. As in IOS the first
 * packet of a flow is told at once, the others are summed up every five minutes. */
#ifndef CONTROL_ACL_LOG_H
#define CONTROL_ACL_LOG_H

#include "model/acl_match.h"

struct acl_log;

/* NULL without memory. */
struct acl_log *acl_log_new(void);
void acl_log_free(struct acl_log *l); /* NULL is fine */
/* One packet that a line of acl took; ifname: where it came in or goes out ("" unknown), for
 * `log-input`. */
void acl_log_packet(struct acl_log *l, const struct cfg_acl *acl, const struct acl_entry *e,
		    const struct acl_probe *p, const char *ifname, uint64_t now_ms);
/* Now and then: what was not told yet. */
void acl_log_tick(struct acl_log *l, uint64_t now_ms);

#endif
