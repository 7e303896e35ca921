/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#define CONTROL_CONFIG "/etc/culvert/startup-config"
#define CONTROL_SOCKET "/run/culvert/culvert.sock"

#define CONTROL_WORKERS_ENV "CULVERT_WORKERS" /* as --workers, where that is not said */

#define CONTROL_IP_FORWARD "/proc/sys/net/ipv4/ip_forward"

#define CONTROL_MAX_BINDINGS 64

struct control_options {
	const char *config, *socket;
	const char *keylog; /* folder for Wireshark's key files; NULL: none */
	int kept_fd; /* memory that outlives a control: the running configuration; -1 none */
	unsigned workers; /* of the forwarder */
	bool all_read;	  /* it was said how many: all of them read the sockets, always */
	bool pinned;	  /* each on a processor of its own */
	bool no_offload; /* TUNs carry one packet a call */
	struct {
		char name[64]; /* canonical IOS name */
		char device[16];
	} bind[CONTROL_MAX_BINDINGS];
	size_t n_bind;
	char ip_forward[16], ip6_forward[16]; /* the sysctls before us; "" could not be read */
};

/* `culvert run`, `culvert check`, `culvert mirror`; argv[0] is the subcommand. Exit statuses:
 * 0 done, 1 failed (the reason on stderr), 2 wrong usage. */
int run_main(int argc, char **argv);
int check_main(int argc, char **argv);
int mirror_main(int argc, char **argv);
int explain_main(int argc, char **argv);

/* The control process: until SIGTERM. fwd_fd, supervisor_fd and first as in
 * host/supervisor.h. Returns an exit status. */
int control_process(const struct control_options *opt, int fwd_fd, int supervisor_fd,
		    bool first);

#endif
