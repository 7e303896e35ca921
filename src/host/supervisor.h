/* SPDX-License-Identifier: Apache-2.0 */
/* The parent: spawns control and forwarder, holds the socket pair between them,
 * and starts again whichever dies. It parses nothing. */
#ifndef HOST_SUPERVISOR_H
#define HOST_SUPERVISOR_H

#include <stdbool.h>

struct supervisor {
	/* Run in the children; the result is their exit status. fwd_fd is this side's
	 * end of the pair. Control gets another: it becomes readable with each new
	 * forwarder, whose end of a new pair comes along (supervisor_receive()); first:
	 * there was none before it. */
	int (*control)(void *ctx, int fwd_fd, int supervisor_fd, bool first);
	int (*forwarder)(void *ctx, int control_fd);
	void *ctx;
};

/* Until SIGTERM, SIGINT or SIGHUP (control gets SIGTERM, and its orderly stop is
 * waited for) or until control ends by itself: with status 0, or with 2 at its
 * first start. Returns an exit status. Control starts with SIGTERM ignored, so that
 * no stop hits it before it listens; it is sent again until control ends. */
int supervisor_run(const struct supervisor *s);

/* Control's side: the next descriptor from the supervisor, or -errno. */
int supervisor_receive(int supervisor_fd);

#endif
