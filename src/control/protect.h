/* SPDX-License-Identifier: Apache-2.0 */
/* Protected tunnels: their SAs are negotiated as soon as the tunnel is up, not by
 * traffic, and again whenever they are gone; the line protocol of a VTI follows them. */
#ifndef CONTROL_PROTECT_H
#define CONTROL_PROTECT_H

#include <stdbool.h>
#include <stdint.h>

struct control;

int protect_start(struct control *c); /* once SAs of an earlier control are taken over; 0 or -ENOMEM */
void protect_stop(struct control *c);
/* Something changed: looked at in a moment, from the event loop. */
void protect_soon(struct control *c);
/* The same after a change of the configuration: what failed may succeed now. */
void protect_retry(struct control *c);
/* A packet asks for an SA, and the other end is to begin: this one follows in a moment. */
bool protect_yields(struct control *c, uint32_t policy_id);
/* A negotiation failed: not at once again. */
void protect_failed(struct control *c, uint32_t policy_id);

#endif
