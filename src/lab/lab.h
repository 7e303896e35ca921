/* SPDX-License-Identifier: Apache-2.0 */
/* Labs: topologies of routers and hosts in network namespaces. */
#ifndef LAB_LAB_H
#define LAB_LAB_H

/* `culvert lab ...`; argv[0] is "lab". Returns the exit status: 0 done, 1
 * failed (the reason on stderr), 2 wrong usage. `lab exec` and `lab shell`
 * do not return when they succeed. Routers and shells are started from this
 * very program (/proc/self/exe) with the subcommands `run` and `shell`. */
int lab_main(int argc, char **argv);

#endif
