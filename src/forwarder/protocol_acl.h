/* SPDX-License-Identifier: Apache-2.0 */
/* Access lists on the wall between control and forwarder; for protocol.c only. */
#ifndef FORWARDER_PROTOCOL_ACL_H
#define FORWARDER_PROTOCOL_ACL_H

#include "forwarder/protocol.h"

/* Messages of other types set bad. */
void fwd_put_acl(struct wr *w, const struct fwd_msg *m);
void fwd_get_acl(struct rd *r, struct fwd_msg *m);

#endif
