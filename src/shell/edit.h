/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHELL_EDIT_H
#define SHELL_EDIT_H

#include "shell/client.h"

/* Reads lines from the terminal with IOS's keys (`?`, TAB, Ctrl-Z, Ctrl-C, history)
 * and runs them until the session is over or input ends. False after a message
 * on stderr if the terminal cannot be used. */
bool edit_loop(struct client *c);

#endif
