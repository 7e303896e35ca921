/* SPDX-License-Identifier: Apache-2.0 */
/* Which of our threads used how much of the processors: `show processes cpu`. Plain data and no I/O. */
#ifndef CONTROL_PROC_LOAD_H
#define CONTROL_PROC_LOAD_H

#include "control/show.h"
#include "host/procs.h"

struct proc_load;

struct proc_load *proc_load_new(void); /* NULL without memory */
void proc_load_free(struct proc_load *p);
/* What there is now; to be called every few seconds. What is no more is forgotten. ticks NULL: not known. */
void proc_load_sample(struct proc_load *p, uint64_t now_ms, const struct host_thread *v, size_t n,
		      const struct host_ticks *ticks);
/* As of the last sample; p NULL: nothing is known. */
const struct show_load *proc_load_show(const struct proc_load *p);

#endif
