/* SPDX-License-Identifier: Apache-2.0 */
/* Run folders: one per lab that is up, named NAME-HASH after the lab and the
 * path of its file, so that two labs never meet. It holds
 *   .state   what the lab is (state.h), written when it is up
 *   .keeper  the keeper's socket
 *   N.cfg    router N's startup configuration, the copy that it saves to
 *   N.sock   router N's CLI socket
 *   N.log    what router or host N printed
 * and the keeper holds a lock on the folder as long as it lives. */
#ifndef LAB_RUNDIR_H
#define LAB_RUNDIR_H

#include "base/txt.h"

#include <sys/un.h>

#define RUNDIR_PATH 512

/* A file in a run folder: DIR/NODESUFFIX. ret_path has RUNDIR_PATH bytes. */
void rundir_file(const char *dir, const char *node, const char *suffix, char *ret_path);

/* Makes the run folder of the lab called name whose file is at the absolute
 * path labfile, empty and locked: *ret_lock stays open as long as the lab
 * lives. -EALREADY: a lab has it (ret_dir is filled). Other failures: -errno and
 * a sentence in why. */
int rundir_create(const char *name, const char *labfile, char ret_dir[RUNDIR_PATH], int *ret_lock,
		  struct txt *why);

/* The run folder of the lab whose file is labfile; false if there is none. */
bool rundir_find(const char *labfile, char ret_dir[RUNDIR_PATH]);

/* Calls each(dir, arg) for every run folder of this user until one returns
 * non-zero, and returns that. */
int rundir_each(int (*each)(const char *dir, void *arg), void *arg);

/* Removes a run folder with all in it, and the folder above if that is empty
 * then. 0 or -errno. */
int rundir_remove(const char *dir);

/* The same for one whose owner died; -EALREADY if he lives. */
int rundir_bury(const char *dir);

/* Connects to a socket in a run folder without waiting: the descriptor
 * (blocking, close-on-exec), -ECONNREFUSED or -ENOENT when nobody listens. */
int rundir_connect(const char *path);
/* Listens on one; mode 0600 by the folder's own. */
int rundir_listen(const char *path);

#endif
