/* SPDX-License-Identifier: Apache-2.0 */
/* Giving up privileges. 0 or -errno. */
#ifndef HOST_PRIVS_H
#define HOST_PRIVS_H

#include <stdbool.h>

/* Control keeps CAP_NET_ADMIN, CAP_NET_RAW and CAP_NET_BIND_SERVICE and nothing
 * else, also across the programs it starts (nft); no core dumps. */
int privs_control(void);
/* The forwarder keeps no capability, gets no new one, and may only do what
 * moving packets between open descriptors needs (seccomp). strict false leaves
 * the filter out: sanitizers need more than it allows. */
int privs_forwarder(bool strict);

#endif
