/* SPDX-License-Identifier: Apache-2.0 */
/* Who does the public-key work that IKE wants: the event loop itself, if it is little and
 * nothing else waits, or the threads of crypto_pool.h. */
#ifndef CONTROL_IKE_WORK_H
#define CONTROL_IKE_WORK_H

#include "control/internal.h"

/* 0 or -ENOMEM; without threads the event loop does it all, and the log says so. */
int ike_worker_start(struct control *c);
void ike_worker_stop(struct control *c); /* before the keys and the pki go */
/* Timers of the core are due. It is told before what is done: they may wait for just that. */
void ike_worker_tick(struct control *c);
/* IKE_ACT_WORK. What is done at once is told to the core before this returns. */
void ike_worker_put(struct control *c, const struct ike_work *w);

#endif
