/* SPDX-License-Identifier: Apache-2.0 */
/* A way in and out for packets, as a table of functions: the forwarder knows no
 * socket. Real ones live in src/host/ports*.c; tests make their own. */
#ifndef FORWARDER_PORT_H
#define FORWARDER_PORT_H

#include "forwarder/protocol.h"
#include "packet/pkt.h"

struct port;

/* Each function is called by one thread at a time; of a TUN recv by one and send by another, since
 * what is delivered is written to the queue of its flow, whoever reads that. */
struct port_ops {
	/* Appends what has arrived to b (which has room for BATCH_MAX), taking packets
	 * from pool; never blocks. Returns the number added; 0: nothing there.
	 *   TUN:      data is an IP packet
	 *   ESP, GRE: data is a whole IP packet with its header (over IPv6 made anew, with
	 *             the extension headers that the kernel took off); ifindex is set
	 *   UDP:      data is the payload; local, remote, both ports, ifindex, outer_tos */
	size_t (*recv)(struct port *p, struct pool *pool, struct batch *b);
	/* Sends every packet of b, in order, without keeping any. Returns how many the
	 * kernel took; the others are lost (count them).
	 *   TUN, ESP, GRE: data is a whole IP packet
	 *   LINK:          data is a whole IP packet, of ESP. It sends until one is refused, or is
	 *                  anything else: that one and all behind it are still to be sent. Those for
	 *                  which a queue had no room are among the sent ones, and in lost
	 *   UDP:           data is the payload; local, remote, ports, outer_tos
	 *   ICMP:          data is the ICMP message; remote is where to, local (ICMPv6) whose
	 *                  answer it is, or IP_NONE */
	size_t (*send)(struct port *p, struct batch *b);
	void (*close)(struct port *p); /* closes the descriptor and frees p */
};

/* What has changed. */
enum port_news_kind {
	PORT_NEWS_ALL = 1, /* it may be about anything */
	PORT_NEWS_ROUTE,   /* the way to addr / prefix_len */
	PORT_NEWS_NEIGH,   /* addr, a neighbour by ifid */
};
struct port_news {
	uint8_t kind;
	uint8_t prefix_len;
	bool usable; /* the kernel sends to mac */
	uint8_t mac[6];
	uint32_t ifid;
	struct ipaddr addr;
};

struct port {
	const struct port_ops *ops;
	int fd; /* to wait on; -1: none (tests) */
	/* set by recv: how many packets it holds for which the batch had no room. It wants to be called
	 * again without waiting for the descriptor */
	size_t more;
	/* set by send: the negative errno for which it has given up its faster way, for good or for
	 * some packets; told once, and cleared then */
	int fell_back;
	uint8_t next_hop[6]; /* LINK: whom the next send is to, a hardware address */
	size_t lost;	     /* LINK, set by send: what a queue had no room for, of what it sent */
	/* NEWS alone: what has changed since it was asked last, at most max of it, and then there may be more;
	 * never blocks */
	size_t (*news)(struct port *p, struct port_news *v, size_t max);
	uint64_t overflows; /* counted by recv: packets that the kernel had no room for; cleared when told */
};

/* Makes a port of what PORT_ADD brought. Owns fd from then on, also on failure.
 * 0 or a negative errno. */
typedef int port_factory(void *ctx, const struct fwd_port *desc, int fd, struct port **ret_port);

#endif
