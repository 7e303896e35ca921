/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc says of our own processes and of the host's processors and memory. Small reads; whatever cannot be
 * read is left out. */
#ifndef HOST_PROCS_H
#define HOST_PROCS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A thread; of a process's first one tid is pid. */
struct host_thread {
	int pid, tid;
	char name[16]; /* as the kernel has it */
	uint64_t cpu_ns, runs; /* since it began: on a processor for so long, put there so often */
	uint64_t resident_bytes; /* of the whole process; in the row of its first thread, else 0 */
};
/* Threads of this process, of its parent and of the parent's other children: no more than max, by process. How many. */
size_t host_threads(struct host_thread *v, size_t max);

/* Ticks of all processors since the host began. */
struct host_ticks {
	uint64_t all, busy, interrupts; /* of busy: hard and soft interrupts */
	unsigned per_sec;		/* of one processor */
};
bool host_ticks(struct host_ticks *ret);

/* Bits that the kernel's random generator has, of how many it wants; false: it does not say. */
bool host_entropy(unsigned *ret_bits, unsigned *ret_pool);
/* KiB; used is what no program could have without taking it from another (MemAvailable). */
bool host_memory(uint64_t *ret_total_kb, uint64_t *ret_used_kb);

#endif
