/* SPDX-License-Identifier: Apache-2.0 */
/* IOS interface names and the Linux devices that stand for them: "/" is not
 * legal in a device name, and sixteen bytes are all there is. */
#ifndef LAB_IFNAME_H
#define LAB_IFNAME_H

#include "base/txt.h"

#define IFNAME_DEV 16 /* IFNAMSIZ: fifteen characters and the NUL */
#define IFNAME_IOS 48

struct ifname {
	char ios[IFNAME_IOS]; /* FastEthernet0/1; for a Linux name, that name */
	char dev[IFNAME_DEV]; /* fa0-1 */
	bool is_ios;	      /* ios and dev differ: dev gets ios as its alias */
};

/* The device for a router's end of a link. A full IOS type (FastEthernet0) or
 * anything with a slash (Fa0/1) is an IOS name and comes back in full; what
 * is left must be a legal device name. On failure returns -EINVAL, leaves
 * ret_i alone and appends the reason to why. */
int ifname_of_router(const char *name, struct ifname *ret_i, struct txt *why);

/* The same for a host's end, whose name is taken as it is. */
int ifname_of_host(const char *name, struct ifname *ret_i, struct txt *why);

#endif
