/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHELL_EDIT_H
#define SHELL_EDIT_H

#include "shell/client.h"

/* Reads lines from the client's terminal with IOS's keys and runs them until the session
 * is over or input ends. */
void edit_loop(struct client *c);

#endif
