/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_UDP_PORT_H
#define HOST_UDP_PORT_H

#include "forwarder/port.h"

/* UDP_ENCAP or UDP6_ENCAP over fd, which is owned from now on, with what desc->how says of
 * it (offload_udp() of offload.h). 0 or -ENOMEM. */
int udp_port_make(const struct fwd_port *desc, int fd, struct port **ret_port);

#endif
