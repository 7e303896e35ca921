/* SPDX-License-Identifier: Apache-2.0 */
/* Children of the keeper: a router, or one command of a host. Each runs inside
 * its node, in the keeper's session, with its output in DIR/NODE.log. */
#ifndef LAB_SPAWN_H
#define LAB_SPAWN_H

#include "lab/topology.h"

#include <sys/types.h>

/* This program's own file, for execv(). ret_path has RUNDIR_PATH bytes. */
void spawn_own_path(char *ret_path);

/* Puts the folders of ip, sysctl and tcpdump at the end of PATH: an ordinary
 * user's has none of them, and in a lab he is root. */
void spawn_extend_path(void);

/* Starts `culvert run` for node number i. 0 or -errno. */
int spawn_router(const char *dir, const struct topology *t, size_t i, int net_fd, pid_t *ret_pid);

/* Starts command with sh in the folder of labfile; user: in a user namespace.
 * 0 or -errno. */
int spawn_command(const char *dir, const char *labfile, const char *node, int net_fd, bool user,
		  const char *command, pid_t *ret_pid);

/* "ended with status 1", "was ended by signal 9 (Killed)". */
void spawn_how_ended(int status, struct txt *out);

/* The last lines (at most n) of a file, indented; nothing if it has none. */
void spawn_log_tail(const char *path, size_t n, struct txt *out);

#endif
