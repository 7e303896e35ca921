/* SPDX-License-Identifier: Apache-2.0 */
/* Clock and randomness: the only places that ask the system for them. */
#ifndef HOST_OS_H
#define HOST_OS_H

#include "base/span.h"

uint64_t host_now_ms(void *ctx); /* CLOCK_MONOTONIC; ctx unused */
uint64_t host_now_us(void);	 /* the same clock */
int64_t host_wall_ms(void);	 /* since 1970, UTC */
/* Fills p from the kernel's generator; aborts the process if it cannot. */
void host_random(void *ctx, void *p, size_t n);
/* True if a time protocol keeps the clock: the kernel is told so, whichever it is. */
bool host_clock_synced(void);
/* `08:33:11.123 UTC Tue Nov 24 2026`, for show clock (64 bytes). */
const char *host_clock(char buf[64]);
/* Writes value to a file under /proc/sys, unless it is NULL; 0 or a negative errno. The
 * value that stood there goes to old (16 bytes) unless it is NULL. */
int host_sysctl(const char *path, const char *value, char *old);

#endif
