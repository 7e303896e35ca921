/* SPDX-License-Identifier: Apache-2.0 */
/* `monitor capture`: packets of interfaces into bounded buffers. The device as the wire sees
 * it, and beside it where the same traffic is in clear: the steering TUN of its crypto map and
 * the TUNs of the tunnels that leave by it. The data path knows nothing of it. */
#ifndef CONTROL_CAPTURE_H
#define CONTROL_CAPTURE_H

#include "model/sa_spec.h"

struct control;
struct exec_io;
struct exec_args;

/* Runs an action from EXEC_CAPTURE_INTERFACE to EXEC_SHOW_CAPTURE. */
void capture_cmd(struct exec_io *io, unsigned action, const struct exec_args *a, bool *ret_error);
/* An SA was made: captures that were asked to keep keys do. */
void capture_keys(struct control *c, const struct sa_spec *spec);
void capture_free_all(struct control *c);

#endif
