/* SPDX-License-Identifier: Apache-2.0 */
/* What show commands say of the host: its processors, memory, disk and neighbours. */
#ifndef CONTROL_SHOW_HOST_H
#define CONTROL_SHOW_HOST_H

#include "control/show.h"

struct control;
struct session;

/* How busy our threads are; to be called every SHOW_SAMPLE_MS. */
void show_host_sample(struct control *c);
/* Fills in what is known of memory, disk, load and the session's line. */
void show_host_take(struct control *c, const struct session *s, struct show_in *in);
/* Own addresses and neighbours of in->ifs, in order of their addresses, into in->neighs. The caller frees it. False
 * without memory. */
bool show_host_neighs(struct control *c, struct show_in *in, struct show_neigh **ret_v);

#endif
