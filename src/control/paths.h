/* SPDX-License-Identifier: Apache-2.0 */
/* How long packets for the peers may be, as far as the kernel's routes know. What ICMP says the
 * forwarder hears itself. */
#ifndef CONTROL_PATHS_H
#define CONTROL_PATHS_H

struct control;
struct compiled;

/* Into the policies and tunnels of a compilation, after the last plumb_look(). */
void paths_into(struct control *c, struct compiled *out);
/* Routes or devices have changed: what is known is asked for anew when it is needed next. */
void paths_forget(struct control *c);
/* Now and then: some are asked again, and what has changed is put in force. */
void paths_tick(struct control *c);
void paths_free(struct control *c);

#endif
