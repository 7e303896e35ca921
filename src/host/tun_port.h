/* SPDX-License-Identifier: Apache-2.0 */
/* The port of a TUN: one packet a call, or with FWD_HOW_VNET super-packets both ways. */
#ifndef HOST_TUN_PORT_H
#define HOST_TUN_PORT_H

#include "forwarder/port.h"

/* As a port_factory, for FWD_PORT_TUNNEL and FWD_PORT_STEER. */
int tun_port_make(const struct fwd_port *desc, int fd, struct port **ret_port);

#endif
