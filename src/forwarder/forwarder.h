/* SPDX-License-Identifier: Apache-2.0 */
/* The data-plane process. The core takes protocol messages, batches from ports
 * and the time; it owns the SAD, the SPD and the tunnels. It is one worker or several, each of
 * which is one thread's; what they share is said in internal.h. */
#ifndef FORWARDER_FORWARDER_H
#define FORWARDER_FORWARDER_H

#include "forwarder/port.h"
#include "forwarder/protocol.h"

#define WORKERS_MAX 16

struct forwarder;

struct forwarder_env {
	uint64_t (*now_ms)(void *ctx); /* monotonic */
	void (*random)(void *ctx, void *p, size_t n);
	port_factory *make_port;
	/* A message for control; never waits. An answer (m->seq is not 0) is kept until
	 * control reads it; false: an event that cannot be told now. */
	bool (*to_control)(void *ctx, const struct fwd_msg *m);
	void *ctx;
};

/* One worker, or the first of n (1 to WORKERS_MAX), whom control talks to. now_ms and
 * random are called by all of them, the other functions by one at a time. NULL without memory or
 * crypto. */
struct forwarder *forwarder_new(const struct forwarder_env *env);
struct forwarder *forwarder_new_workers(const struct forwarder_env *env, unsigned n);
struct forwarder *forwarder_worker(struct forwarder *f, unsigned k);
void forwarder_free(struct forwarder *f); /* the first one; all are gone */

/* A message from control with the descriptor that came along (-1: none; it is
 * owned from now on). Answers by RESULT. */
void forwarder_message(struct forwarder *f, struct span bytes, int fd); /* the first worker's */
/* The port, which is that worker's, has something to read: one batch is processed, from end to
 * end. Returns the number of packets that were there. */
size_t forwarder_poll_port(struct forwarder *f, struct port *port);
/* Lifetimes, waiting packets; call at least each second. */
void forwarder_tick(struct forwarder *f);
/* The first n workers get the flows that begin with a packet from the tunnel (queues.h), and read sockets (hands.h). All, if this
 * is never called. */
void forwarder_readers(struct forwarder *f, unsigned n);
/* Of the worker f, since it was asked last: whether it has found others in its way, and waited; whether a socket that it read has
 * lost packets before. */
bool forwarder_has_waited(struct forwarder *f);
bool forwarder_has_lost(struct forwarder *f);
void forwarder_not_pinned(struct forwarder *f, int err); /* control hears of it when it says HELLO */
bool forwarder_stopping(const struct forwarder *f); /* SHUTDOWN came */

/* For the loop around it. Between enter and leave ports stay as they are, and watch is not called;
 * between close and open no other worker is at work either. */
void forwarder_enter(struct forwarder *f);
void forwarder_leave(struct forwarder *f);
void forwarder_close(struct forwarder *f);
void forwarder_open(struct forwarder *f);

/* Tells the loop which descriptors to wait on. */
struct forwarder_watch {
	void (*added)(void *ctx, unsigned worker, struct port *port, bool shared); /* shared: all wait for one socket */
	void (*removed)(void *ctx, unsigned worker, struct port *port);
	void *ctx;
};
void forwarder_watch(struct forwarder *f, const struct forwarder_watch *w);

/* The process: serves control_fd and the ports until SHUTDOWN. ready is called
 * once memory and crypto are set up and before the first packet: privileges and
 * system calls are given up there (0, or the process ends). Returns an exit
 * status. */
struct forwarder_process {
	int control_fd;
	uint64_t (*now_ms)(void *ctx);
	void (*random)(void *ctx, void *p, size_t n);
	port_factory *make_port;
	int (*ready)(void *ctx);
	void *ctx;
	unsigned workers; /* threads, each with its queues and sockets; 0: 1 */
	bool pinned;	  /* each on a processor of its own */
	bool all_read;	  /* always (hands.h) */
	uint64_t (*cpu_ns)(void *ctx); /* processor time of the thread that asks; NULL: as the system says */
};
int forwarder_run(const struct forwarder_process *p);

#endif
