/* SPDX-License-Identifier: Apache-2.0 */
/* What IPsec leaves of a path for the packets in a protected tunnel: one sum for the MTU of
 * its TUN, `show interfaces` and `show crypto mtu`. */
#ifndef CONTROL_TUNNEL_ROOM_H
#define CONTROL_TUNNEL_ROOM_H

#include "model/config.h"
#include "model/overhead.h"
#include "model/policy.h"
#include "model/sa_spec.h"

struct overhead overhead_of_transform(const struct p2_transform *t);
struct overhead overhead_of_sa(const struct sa_spec *s);

/* Bytes that GRE, or IP in IP, puts before IPsec sees a packet; a VTI has none of its own. */
uint32_t tunnel_inside(const struct cfg_tunnel *t);

/* The largest packet that a tunnel with `tunnel protection` carries uncut on a path of that many
 * bytes: through the SA, or, if out is NULL, through the transform set that is proposed first.
 * 0: no profile, no transform set, or no room. */
uint32_t tunnel_room(const struct config *c, const struct cfg_tunnel *t, const struct sa_spec *out,
		     uint32_t path);

#endif
