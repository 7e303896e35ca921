/* SPDX-License-Identifier: Apache-2.0 */
/* TUNs with several queues: one for each worker of the forwarder. */
#ifndef HOST_TUN_QUEUES_H
#define HOST_TUN_QUEUES_H

/* Another queue of the TUN that fd is one of, made alike; -EOPNOTSUPP if it can have but one; another
 * negative errno. */
int tun_queue_like(int fd);
/* How many queues of that TUN are open anywhere, if it can have several; 0 too if there is none such. A
 * negative errno. A TUN of one queue says EBUSY itself. */
int tun_queues_open(const char *name);

#endif
