/* SPDX-License-Identifier: Apache-2.0 */
#include "host/os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

uint64_t host_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t host_now_ms(void *ctx)
{
	(void)ctx;
	return host_now_us() / 1000;
}

int64_t host_wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void host_random(void *ctx, void *p, size_t n)
{
	uint8_t *b = p;

	(void)ctx;
	while (n) {
		ssize_t got = getrandom(b, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			abort(); /* without randomness there is no security to go on with */
		b += got;
		n -= (size_t)got;
	}
}

static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
				      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

bool host_clock_synced(void)
{
	struct timex t = { 0 };

	return adjtimex(&t) >= 0 && !(t.status & STA_UNSYNC);
}

const char *host_clock(char buf[64])
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	struct timespec t;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &t);
	gmtime_r(&t.tv_sec, &tm);
	snprintf(buf, 64, "%s%02d:%02d:%02d.%03d UTC %s %s %d %d",
		 host_clock_synced() ? "" : "*", tm.tm_hour, tm.tm_min, tm.tm_sec,
		 (int)(t.tv_nsec / 1000000), days[tm.tm_wday], months[tm.tm_mon], tm.tm_mday,
		 tm.tm_year + 1900);
	return buf;
}

int host_sysctl(const char *path, const char *value, char *old)
{
	int fd = open(path, (value ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (old) {
		ssize_t n = read(fd, old, 15);

		old[n > 0 ? n : 0] = '\0';
		old[strcspn(old, "\n")] = '\0';
		(void)lseek(fd, 0, SEEK_SET);
	}
	if (value && write(fd, value, strlen(value)) < 0)
		err = -errno;
	close(fd);
	return err;
}
