/* SPDX-License-Identifier: Apache-2.0 */
/* Segmentation: what a TUN hands over as one packet of up to 64 KiB becomes the packets that would
 * have been sent without its help, in the buffers of a pool. Each has the headers of the whole, with
 * its own lengths, sequence number, IPv4 identification (one more each time) and checksums; FIN and PSH
 * are of the last one only, CWR of the first (RFC 3168 section 6.1.2), ECE of all.
 *
 * Neither the header from the TUN nor the packet is believed: a length or a place that is not what the
 * packet itself says is refused. The value of an unfinished checksum is: it goes where it is wrong. */
#ifndef PACKET_GSO_H
#define PACKET_GSO_H

#include "packet/pkt.h"
#include "packet/vnet.h"

enum gso_kind { GSO_WHOLE, GSO_UNFINISHED, GSO_TCP, GSO_UDP };

/* A packet that is being cut. */
struct gso {
	struct span packet; /* as it came; not ours */
	enum gso_kind kind;
	bool left, v6;
	size_t at;	      /* of the payload that was not cut off yet */
	size_t l4, head, seg; /* bytes in front of the transport header and of the payload; of a segment's payload */
	size_t sum_at;	      /* of the transport checksum; 0: it stays 0 */
	uint64_t ip_sum, l4_sum; /* over what is the same in all segments (sum.h) */
	uint32_t seq;
	uint16_t id;
	uint8_t flags; /* of TCP */
};

/* A packet with what the TUN says of it, both of which must stay while it is cut. False: it is refused,
 * and nothing is left of it. */
bool gso_begin(struct gso *g, const struct vnet *v, struct span packet);
/* Whether there is more to be cut off. */
static inline bool gso_left(const struct gso *g)
{
	return g->left;
}
/* How many packets that is. */
size_t gso_count(const struct gso *g);
/* One segment whose payload was read to where it belongs: behind the headers' room in k->data, gso_head() bytes. */
void gso_take(struct gso *g, struct pkt *k);
/* Bytes of the headers of a super-packet, which are the first of it; 0: it is a packet of its own. */
static inline size_t gso_head(const struct gso *g)
{
	return g->head;
}
/* Appends segments to b as long as there are some, b has room and the pool has packets; how many. */
size_t gso_cut(struct gso *g, struct pool *pool, struct batch *b);

#endif
