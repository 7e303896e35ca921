/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel can do for the cipher sockets, found out before they are handed over: the
 * forwarder may ask nothing any more. */
#ifndef HOST_OFFLOAD_H
#define HOST_OFFLOAD_H

#include "base/txt.h"
#include "forwarder/protocol.h"

/* Words in this variable of the environment, with spaces or commas between them, leave a faster way
 * out: `no-segment`, `no-gro`, `no-ring`, `no-link`, and of the TUNs `no-offload`; `ring` and `link` take them where others' chains look at
 * what comes in and what leaves. For tests, and for kernels with a fault there. */
#define OFFLOAD_ENV "CULVERT_PORTS"

/* Whether that word is there. */
bool offload_refused(const char *word);
/* UDP 4500: sets UDP_GRO; enum fwd_port_how, and in words which way is taken and why. */
uint8_t offload_udp(int fd, struct txt *how);

#endif
