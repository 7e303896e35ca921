/* SPDX-License-Identifier: Apache-2.0 */
/* EXEC's clear commands, and what they ask. */
#ifndef CONTROL_CLEAR_H
#define CONTROL_CLEAR_H

#include "control/internal.h"

/* EXEC_CLEAR_ISAKMP to EXEC_CLEAR_ARP. *ret_error: an error was printed. */
void clear_cmd(struct exec_io *io, unsigned action, const struct exec_args *a, bool *ret_error);

#endif
