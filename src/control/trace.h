/* SPDX-License-Identifier: Apache-2.0 */
/* `traceroute` as IOS does it: UDP to ports that nobody listens on, with TTL 1, 2, ...; who drops one says so by
 * ICMP, which the kernel hands to the socket that sent it. Runs on the event loop; nothing blocks. */
#ifndef CONTROL_TRACE_H
#define CONTROL_TRACE_H

#include "control/ping.h"

struct trace;

struct trace_args {
	struct ipaddr dst;
	struct ipaddr src; /* IP_NONE: the kernel chooses; of dst's family */
	uint32_t ifindex;  /* where a link-local dst is; 0: nowhere */
	uint8_t min_ttl, max_ttl; /* 1.. */
	uint16_t probes;	  /* for each TTL, 1.. */
	uint16_t port;		  /* of the first one */
	uint32_t timeout_sec;
};

/* As ping_start() and ping_stop(). */
int trace_start(struct event_base *base, const struct trace_args *args, const struct ping_sink *sink,
		struct trace **ret_t);
void trace_stop(struct trace *t, bool print);

#endif
