/* SPDX-License-Identifier: Apache-2.0 */
/* What a service manager is told: sd_notify(3) without its library. */
#ifndef HOST_NOTIFY_H
#define HOST_NOTIFY_H

/* Before anything is started: the socket that NOTIFY_SOCKET names is this process's and its
 * children's by fork; programs that they run do not learn of it. */
void host_notify_take(void);
/* Sends state ("READY=1", "STOPPING=1") to that socket.
 * 0, also where nobody asked to be told; -errno if it could not be said, which is
 * no reason to do anything else. */
int host_notify(const char *state);

#endif
