/* SPDX-License-Identifier: Apache-2.0 */
/* A network namespace of our own for a test program, whoever runs it. */
#ifndef TEST_HOST_NETNS_H
#define TEST_HOST_NETNS_H

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static inline bool put_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

/* False where that is forbidden: skip the test then. */
static inline bool own_netns(void)
{
	char map[64];
	unsigned uid = getuid(), gid = getgid();

	if (uid == 0 && unshare(CLONE_NEWNET) == 0)
		return true;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return false;
	snprintf(map, sizeof(map), "0 %u 1", uid);
	if (!put_file("/proc/self/uid_map", map))
		return false;
	(void)put_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", gid);
	return put_file("/proc/self/gid_map", map);
}

/* At the beginning of a test that needs what is NULL or false where own_netns() was not allowed. */
#define NEEDS(what) \
	do { \
		(void)state; \
		if (!(what)) \
			skip(); \
	} while (0)

static inline bool loopback_up(void)
{
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok = s >= 0 && ioctl(s, SIOCSIFFLAGS, &r) == 0;

	if (s >= 0)
		close(s);
	return ok;
}

#endif
