/* SPDX-License-Identifier: Apache-2.0 */
/* Control's end of the wall to the forwarder: requests with answers, and events
 * as they come. A call waits for its answer (the forwarder answers between two
 * batches); events that arrive meanwhile are delivered afterwards, in order. */
#ifndef CONTROL_FWDLINK_H
#define CONTROL_FWDLINK_H

#include "forwarder/protocol.h"

struct event_base;
struct fwdlink;

struct fwdlink_sink {
	/* ACQUIRE, EXPIRE, ...; spans in m are valid during the call. */
	void (*event)(void *ctx, const struct fwd_msg *m);
	void *ctx;
};

/* fd is this end of a SOCK_SEQPACKET pair and belongs to the link from now on.
 * 0 or a negative errno (fd is closed then too). */
int fwdlink_new(struct event_base *base, int fd, const struct fwdlink_sink *sink,
		struct fwdlink **ret_l);
void fwdlink_free(struct fwdlink *l);
/* A socket that is handed over by PORT_ADD goes to so many workers, each of which gets a descriptor
 * of it to send by, and if there are several, one more to read; 1 until this is said. TUNs have queues: who hands them over does it for each worker. */
void fwdlink_share_sockets(struct fwdlink *l, unsigned workers);

/* Sends m (its seq is filled in) with a descriptor unless pass_fd is -1, and
 * waits up to 3 s for RESULT. Rows that answer (SA_INFO, STATS_*, CRYPTO) go to row,
 * which may be NULL. Returns the forwarder's answer (0 or negative errno),
 * -ETIMEDOUT if there is none, -EPIPE if nobody is at the other end. */
int fwdlink_call(struct fwdlink *l, struct fwd_msg *m, int pass_fd,
		 void (*row)(void *ctx, const struct fwd_msg *m), void *ctx);
/* A call that nobody waits for: rows, and then done, come as the event loop runs, or while another call waits;
 * neither may use the link. done comes once, with what fwdlink_call() would return, -EPIPE if the link is freed, and the ask
 * is gone then. NULL: m could not be sent, and nothing comes. */
struct fwdlink_ask;
struct fwdlink_ask *fwdlink_ask(struct fwdlink *l, struct fwd_msg *m, void (*row)(void *ctx, const struct fwd_msg *m),
				void (*done)(void *ctx, int err), void *ctx);
/* Waits after all: done has been called. */
void fwdlink_ask_wait(struct fwdlink_ask *a);
/* Neither comes any more. NULL is fine. */
void fwdlink_ask_cancel(struct fwdlink_ask *a);
/* The same for messages that are only a type, or a type and an id. */
int fwdlink_simple(struct fwdlink *l, enum fwd_type type, uint32_t id);

/* Messages of which each is a call without rows, sent without waiting for each by itself: at most
 * FWDLINK_BURST answers are on their way. */
#define FWDLINK_BURST 64
struct fwdlink_burst {
	uint32_t first; /* seq of the oldest one that is not answered */
	unsigned waiting;
	int err; /* the first answer that was one */
};
/* One more (burst: zeros at first). 0, or the first error; then the rest need not be sent. */
int fwdlink_burst(struct fwdlink *l, struct fwdlink_burst *b, struct fwd_msg *m);
/* All are answered, also after an error. 0, or the first error. */
int fwdlink_burst_end(struct fwdlink *l, struct fwdlink_burst *b);

#endif
