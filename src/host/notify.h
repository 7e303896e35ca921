/* SPDX-License-Identifier: Apache-2.0 */
/* What a service manager is told: sd_notify(3) without its library. */
#ifndef HOST_NOTIFY_H
#define HOST_NOTIFY_H

/* Sends state ("READY=1", "STOPPING=1") to the socket that NOTIFY_SOCKET names.
 * 0, also where nobody asked to be told; -errno if it could not be said, which is
 * no reason to do anything else. */
int host_notify(const char *state);

#endif
