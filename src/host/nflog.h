/* SPDX-License-Identifier: Apache-2.0 */
/* What the mirror rules dropped, packet by packet: netfilter's log, group
 * STEER_NFLOG of steer.h. */
#ifndef HOST_NFLOG_H
#define HOST_NFLOG_H

#include "base/ipaddr.h"
#include "base/rd.h"

/* A socket that becomes readable with each dropped packet; or -errno. */
int nflog_open(uint16_t group);
/* Reads what is there; each() gets the header fields of each packet and the
 * interface that it came in by. */
void nflog_read(int fd,
		void (*each)(void *ctx, uint32_t ifindex, const struct ipaddr *src,
			     const struct ipaddr *dst, uint8_t proto),
		void *ctx);

/* The same with what log rules say by their prefix. */
struct nflog_packet {
	const char *prefix;		  /* "" none */
	uint32_t in_ifindex, out_ifindex; /* 0 none */
	struct span payload;		  /* its first bytes, from the IP header */
};
void nflog_read_packets(int fd, void (*each)(void *ctx, const struct nflog_packet *p), void *ctx);

#endif
