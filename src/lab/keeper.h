/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper of a lab: the process that makes its namespaces, holds them, runs
 * its routers, and takes all of it down again. It is forked by `lab up` and
 * lives until `lab down` says so on its socket (DIR/.keeper), or SIGTERM. */
#ifndef LAB_KEEPER_H
#define LAB_KEEPER_H

#include "lab/topology.h"

struct keeper_job {
	const struct topology *topo;
	const char *labfile; /* absolute */
	const char *dir;     /* the run folder, with each router's N.cfg in it */
	int lock_fd;	     /* rundir_create()'s */
	int report_fd;	     /* a pipe: gets KEEPER_READY once the lab is up */
};

#define KEEPER_READY 'R'
#define KEEPER_DOWN "down\n" /* what `lab down` sends; EOF comes when all is gone */

/* Runs in the forked child, single-threaded. Until the lab is up it complains on
 * stderr, and gives up when nobody reads report_fd any more; then it lets go of
 * the terminal. Returns the exit status for _exit() or exit(). */
int keeper_run(const struct keeper_job *job);

#endif
