/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHELL_SHELL_H
#define SHELL_SHELL_H

#define SHELL_SOCKET "/run/culvert/culvert.sock"

/* `culvert shell`; argv[0] is "shell". Exit status: 0 done, 1 a command printed an
 * error or the router does not answer, 2 wrong usage. */
int shell_main(int argc, char **argv);
/* The same as somebody's login shell, or as an OpenSSH server's ForceCommand: without
 * -c it runs what the user asked that server for ($SSH_ORIGINAL_COMMAND). */
int shell_login(int argc, char **argv);

#endif
