/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that send packets and wait: ping and traceroute. */
#ifndef CONTROL_PROBE_H
#define CONTROL_PROBE_H

#include "control/internal.h"

/* EXEC_PING, EXEC_TRACEROUTE. True: it runs, and calls session_resume() at its end. */
bool probe_cmd(struct exec_io *io, unsigned action, const struct exec_args *a, bool *ret_error);
/* Asks for what a ping needs, then begins it. 0 or -ENOMEM. */
int probe_ask(struct exec_io *io);

#endif
