/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's own IPsec, which another program may have given SAs. */
#ifndef HOST_XFRM_H
#define HOST_XFRM_H

#include "base/ipaddr.h"

/* 1: it has an SA, or a number for one, of ESP to that address; 0: none, or there is no such IPsec here; or -errno.
 * Needs CAP_NET_ADMIN. */
int xfrm_esp_to(const struct ipaddr *dst);
/* A socket that becomes readable when its SAs change; or -errno. What comes there may hold keys: xfrm_drain() takes it
 * from the kernel unread. */
int xfrm_events_open(void);
void xfrm_drain(int fd);

#endif
