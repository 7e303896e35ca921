/* SPDX-License-Identifier: Apache-2.0 */
/* The data-plane process. The core takes protocol messages, batches from ports
 * and the time; it owns the SAD, the SPD and the tunnels. One worker; everything
 * here is touched by that worker only. */
#ifndef FORWARDER_FORWARDER_H
#define FORWARDER_FORWARDER_H

#include "forwarder/port.h"
#include "forwarder/protocol.h"

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

/* NULL without memory or crypto. */
struct forwarder *forwarder_new(const struct forwarder_env *env);
void forwarder_free(struct forwarder *f);

/* A message from control with the descriptor that came along (-1: none; it is
 * owned from now on). Answers by RESULT. */
void forwarder_message(struct forwarder *f, struct span bytes, int fd);
/* The port has something to read: one batch is processed, from end to end.
 * Returns the number of packets that were there. */
size_t forwarder_poll_port(struct forwarder *f, struct port *port);
/* Lifetimes, waiting packets; call at least each second. */
void forwarder_tick(struct forwarder *f);
bool forwarder_stopping(const struct forwarder *f); /* SHUTDOWN came */

/* Tells the loop which descriptors to wait on. */
struct forwarder_watch {
	void (*added)(void *ctx, struct port *port);
	void (*removed)(void *ctx, struct port *port);
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
};
int forwarder_run(const struct forwarder_process *p);

#endif
