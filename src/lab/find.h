/* SPDX-License-Identifier: Apache-2.0 */
/* What the subcommands share: which lab an argument means, and how to fail. */
#ifndef LAB_FIND_H
#define LAB_FIND_H

#include "lab/rundir.h"
#include "lab/state.h"

#include <limits.h>

/* Exit statuses (and the shell's for a command that did not start). */
enum { DONE = 0, FAILED = 1, USAGE = 2, CANNOT_RUN = 126, NOT_FOUND = 127 };

/* "culvert lab: ..." on stderr. Returns FAILED. */
__attribute__((format(printf, 1, 2))) int failed(const char *fmt, ...);

struct lab {
	char dir[RUNDIR_PATH];
	struct lab_state *state; /* the finder's to free; NULL: not up yet, or dead before */
};

/* The lab file that an argument means, with no link in its path: LAB/lab.yml, or
 * LAB itself. ret_path has PATH_MAX bytes. 0 or -errno. */
int find_labfile(const char *arg, char *ret_path);

/* Finds the run folder by the lab's path, or by its name when there is no such
 * path, so that a lab whose folder is gone can still be taken down. DONE, or
 * FAILED after saying why. */
int find_lab(const char *arg, struct lab *ret_lab);

/* The same for a lab that is up, and its node called name (NULL: none). */
int find_node(const char *arg, const char *name, struct lab *ret_lab,
	      const struct state_node **ret_node);

/* A connection to the lab's keeper, or -errno: -ECONNREFUSED when it is dead. */
int find_keeper(const char *dir);
bool find_keeper_lives(const char *dir);

#endif
