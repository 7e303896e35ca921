/* SPDX-License-Identifier: Apache-2.0 */
/* The forwarder's ports over real descriptors. */
#ifndef HOST_PORTS_H
#define HOST_PORTS_H

#include "forwarder/port.h"

/* A port_factory: what desc->kind says, over fd. ctx unused. */
int host_make_port(void *ctx, const struct fwd_port *desc, int fd, struct port **ret_port);

#endif
