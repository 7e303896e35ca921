/* SPDX-License-Identifier: Apache-2.0 */
/* Coalescing: the packets of a batch that go to one TUN become fewer and larger writes, each with the
 * header of vnet.h. What is joined is what segmentation (gso.h) would make again, byte for byte:
 *
 *   - TCP, and UDP if the kernel takes it, over IPv4 without options or IPv6 without extension headers;
 *     no fragments;
 *   - one flow, the next sequence number, the next IPv4 identification; TOS or traffic class with its
 *     ECN bits, TTL, DF, flow label, acknowledgement, window and all TCP options alike;
 *   - payload as long as that of the first, but for the last, which may be shorter; an empty one is
 *     joined to nothing;
 *   - of the TCP flags PSH and FIN end a write; SYN, RST, URG and CWR are never joined;
 *   - IP and transport checksums were verified, so that damage stays visible;
 *   - 65535 bytes at most.
 *
 * These are the kernel's own rules, but for packets with DF that all have the same identification: it
 * joins those, too, and notes that in a way which this header has no room for. Writes come in the order of their
 * first packets: within a flow nothing is overtaken, nor by what may be of any flow. Nothing is kept beyond
 * the batch. */
#ifndef PACKET_GRO_H
#define PACKET_GRO_H

#include "packet/pkt.h"
#include "packet/vnet.h"

#define GRO_HEAD_MAX (VNET_HEADER + 40 + 60) /* with the headers of IPv6 and TCP */
#define GRO_PIECES   (1 + BATCH_MAX)

enum gro_kind { GRO_ALONE = 0, GRO_TCP = 1, GRO_UDP = 2 };

/* One write: a packet as it is, or several of a flow. */
struct gro_write {
	uint8_t first, last, n; /* in the batch, chained by gro.next; how many */
	uint8_t kind;		/* enum gro_kind */
	uint8_t older;		/* the one before it in its bucket, from 1 */
	bool open;		/* more may be joined */
	bool verified;		/* the checksums of the first */
	bool v6;
	uint8_t flags;		/* TCP: of all of them */
	uint16_t l4, head, seg; /* as in struct gso */
	uint16_t next_id;
	uint32_t next_seq;
	size_t len; /* of the packet that is written */
	uint32_t hash;
};

#define GRO_BUCKETS 64

struct gro {
	size_t n;
	size_t closed; /* none before this one is open */
	struct gro_write w[BATCH_MAX];
	uint8_t next[BATCH_MAX];
	uint8_t bucket[GRO_BUCKETS]; /* the newest write of those flows, from 1; 0: none */
};

/* Sorts the packets of b, which stay where they are, into g->n writes. kinds: what the kernel takes as
 * super-packets, or'ed; the rest is not joined. */
void gro_sort(struct gro *g, const struct batch *b, unsigned kinds);
/* The header of the i-th write, which is a packet of its own. It says nothing, but of a packet whose checksum
 * was left unfinished: the GRE of a kernel on the same machine hands such over, since no wire is between. */
void gro_alone(const struct gro *g, const struct batch *b, size_t i, uint8_t head[VNET_HEADER]);
/* What the i-th write, which is of several, consists of: the first piece is made in head. How many. */
size_t gro_pieces(const struct gro *g, const struct batch *b, size_t i, uint8_t head[GRO_HEAD_MAX],
		  struct span piece[GRO_PIECES]);

#endif
