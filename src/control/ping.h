/* SPDX-License-Identifier: Apache-2.0 */
/* `ping` as IOS does it: echo requests one after the other, a character each,
 * then the success rate. Runs on the event loop; nothing blocks. */
#ifndef CONTROL_PING_H
#define CONTROL_PING_H

#include "base/ipaddr.h"

struct event_base;
struct ping;

struct ping_args {
	struct ipaddr dst;
	struct ipaddr src; /* IP_NONE: the kernel chooses; of dst's family */
	uint32_t ifindex;  /* where a link-local dst is; 0: nowhere */
	uint32_t repeat;   /* 1.. */
	uint32_t size;	   /* bytes of the whole IP datagram, 36..18024 */
	uint32_t timeout_sec;
	bool df;
};

/* Output in pieces; done comes once, after the last piece, and the ping is freed
 * by then. */
struct ping_sink {
	void (*text)(void *ctx, const char *s);
	void (*done)(void *ctx);
	void *ctx;
};

/* Starts a ping. 0, or a negative errno (no socket, bad source); nothing was
 * printed then. */
int ping_start(struct event_base *base, const struct ping_args *args,
	       const struct ping_sink *sink, struct ping **ret_p);
/* Ends it early (Ctrl-C, session closed): prints the rate so far if print is
 * set, then calls done. */
void ping_stop(struct ping *p, bool print);

#endif
