/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces: made by the keeper, joined by everybody else. Nothing here has
 * a name in the file system; a namespace lives as long as somebody holds a
 * descriptor of it or runs inside. */
#ifndef LAB_NS_H
#define LAB_NS_H

#include "base/txt.h"

/* Takes the calling process (single-threaded) out of the caller's network: into
 * a network namespace of its own and, where that is not allowed, into a user
 * namespace first, in which it is root and its user is the only one.
 * *ret_user says which. On failure returns -errno and a sentence in why. */
int ns_isolate(bool *ret_user, struct txt *why);

/* Makes a network namespace, quiet (no IPv6 address appears by itself) and
 * with lo up, and moves into it. The descriptor is the caller's to close. */
int ns_new_net(int *ret_fd);

/* Moves into a network namespace. 0 or -errno. */
int ns_enter_net(int fd);
/* A link-local address for a device of this namespace, where IPv6 is spoken. */
int ns_link_local(const char *dev);

/* Moves into a node for good, before an exec: the user namespace (-1: none; one's
 * own is fine), the network namespace, the node's host name, and a /sys
 * that shows the node's devices where the kernel allows it. 0 or -errno. */
int ns_join(int user_fd, int net_fd, const char *node);

/* Opens the user namespace of a process, or its descriptor number fd. The new
 * descriptor (close-on-exec) or -errno. */
int ns_open_user(int pid);
int ns_open_held(int pid, int fd);

/* Sends sig to each process that runs in one of n network namespaces, given by
 * inode number. Returns how many there are. */
size_t ns_kill(const unsigned long *net_ino, size_t n, int sig);

#endif
