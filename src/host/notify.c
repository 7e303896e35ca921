/* SPDX-License-Identifier: Apache-2.0 */
#include "host/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char where[sizeof(((struct sockaddr_un *)0)->sun_path) + 1]; /* one more: too long is seen */

void host_notify_take(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	snprintf(where, sizeof(where), "%s", path ? path : "");
	(void)unsetenv("NOTIFY_SOCKET");
}

int host_notify(const char *state)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const char *path = where;
	size_t len = strlen(path), said = strlen(state);
	int err = 0;

	if (!len)
		return 0;
	/* a path, or an abstract name, for which systemd writes '@' */
	if ((*path != '/' && *path != '@') || len >= sizeof(a.sun_path))
		return -EINVAL;
	memcpy(a.sun_path, path, len);
	if (*path == '@')
		a.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	/* a manager that does not read must not stop a router */
	if (sendto(fd, state, said, MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)&a,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) != (ssize_t)said)
		err = -errno;
	close(fd);
	return err;
}
