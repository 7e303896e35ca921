/* SPDX-License-Identifier: Apache-2.0 */
#include "host/procs.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The beginning of a file, as a string. False: it cannot be read, or is empty. */
static bool read_some(const char *path, char *buf, size_t cap)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, cap - 1);

	if (fd >= 0)
		close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return n > 0;
}

static bool thread(int pid, int tid, struct host_thread *t)
{
	char path[64], buf[128];

	*t = (struct host_thread){ .pid = pid, .tid = tid };
	/* ns on a processor, ns of waiting for one, how often (proc(5) has no page for it: sched-stats.rst) */
	snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", pid, tid);
	if (!read_some(path, buf, sizeof(buf)) ||
	    sscanf(buf, "%" SCNu64 " %*u %" SCNu64, &t->cpu_ns, &t->runs) != 2)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", pid, tid);
	if (!read_some(path, t->name, sizeof(t->name)))
		return false;
	t->name[strcspn(t->name, "\n")] = '\0';
	return true;
}

static uint64_t resident(int pid)
{
	char path[64], buf[128];
	uint64_t pages;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	if (!read_some(path, buf, sizeof(buf)) || sscanf(buf, "%*u %" SCNu64, &pages) != 1)
		return 0;
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static size_t threads_of(int pid, struct host_thread *v, size_t max)
{
	char path[64];
	const struct dirent *e;
	size_t n = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	DIR *d = opendir(path);
	while (d && n < max && (e = readdir(d))) {
		int tid = atoi(e->d_name);

		if (tid <= 0 || !thread(pid, tid, &v[n]))
			continue;
		if (tid == pid)
			v[n].resident_bytes = resident(pid);
		n++;
	}
	if (d)
		closedir(d);
	return n;
}

size_t host_threads(struct host_thread *v, size_t max)
{
	int parent = getppid(), self = getpid();
	char path[64], buf[1024];
	size_t n = threads_of(parent, v, max);
	char *at = buf, *end;

	n += threads_of(self, v + n, max - n);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", parent, parent);
	if (!read_some(path, buf, sizeof(buf)))
		return n;
	for (long pid; (pid = strtol(at, &end, 10)) > 0 && end != at && *end; at = end)
		if (pid != self)
			n += threads_of((int)pid, v + n, max - n);
	return n;
}

bool host_ticks(struct host_ticks *ret)
{
	enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, N };
	uint64_t t[N];
	char buf[512];

	/* the times of guests that follow are within those of users */
	if (!read_some("/proc/stat", buf, sizeof(buf)) ||
	    sscanf(buf, "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
		   &t[USER], &t[NICE], &t[SYSTEM], &t[IDLE], &t[IOWAIT], &t[IRQ], &t[SOFTIRQ], &t[STEAL]) != N)
		return false;
	*ret = (struct host_ticks){ .interrupts = t[IRQ] + t[SOFTIRQ], .per_sec = (unsigned)sysconf(_SC_CLK_TCK) };
	ret->busy = t[USER] + t[NICE] + t[SYSTEM] + ret->interrupts + t[STEAL];
	ret->all = ret->busy + t[IDLE] + t[IOWAIT];
	return true;
}

bool host_memory(uint64_t *ret_total_kb, uint64_t *ret_used_kb)
{
	uint64_t total, available;
	char buf[512];
	const char *at;

	if (!read_some("/proc/meminfo", buf, sizeof(buf)) || sscanf(buf, "MemTotal: %" SCNu64, &total) != 1 ||
	    !(at = strstr(buf, "MemAvailable:")) || sscanf(at, "MemAvailable: %" SCNu64, &available) != 1 || available > total)
		return false;
	*ret_total_kb = total;
	*ret_used_kb = total - available;
	return true;
}

static bool read_number(const char *path, unsigned *ret)
{
	char buf[32];

	return read_some(path, buf, sizeof(buf)) && sscanf(buf, "%u", ret) == 1;
}

bool host_entropy(unsigned *ret_bits, unsigned *ret_pool)
{
	unsigned bits, pool;

	if (!read_number("/proc/sys/kernel/random/entropy_avail", &bits) ||
	    !read_number("/proc/sys/kernel/random/poolsize", &pool))
		return false;
	*ret_bits = bits;
	*ret_pool = pool;
	return true;
}
