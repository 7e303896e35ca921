/* SPDX-License-Identifier: Apache-2.0 */
/* One packet in a buffer with room before and behind it, batches of packets,
 * and the pool that they come from. A pool belongs to one worker: no lock, and
 * no allocation after pool_init(). */
#ifndef PACKET_PKT_H
#define PACKET_PKT_H

#include <assert.h>
#include <stdalign.h>

#include "base/ipaddr.h"
#include "base/rd.h"

#define PKT_HEADROOM 256   /* outer IP, UDP, ESP, IV, GRE and to spare */
#define PKT_TAILROOM 128   /* padding and ICV */
#define PKT_DATA_MAX 16000 /* bytes of packet as it arrives */
#define PKT_BUF	     (PKT_HEADROOM + PKT_DATA_MAX + PKT_TAILROOM)
#define BATCH_MAX    64

/* The first cache line is what every stage looks at, the second what a few do. */
struct pkt {
	alignas(64) uint8_t *buf; /* PKT_BUF bytes */
	uint8_t *data;
	uint32_t len;
	uint32_t ifindex; /* ingress device; 0 unknown */
	void *sa;
	struct pkt *next;   /* free list, or a queue */
	uint32_t seqno;	    /* of the ESP or AH header that it came under */
	uint32_t inner_len; /* bytes before encapsulation, for counters */
	/* the outer header that an encapsulated packet came with, once it is off */
	union {
		struct {
			uint32_t outer_src, outer_dst; /* IPv4; host order */
		};
		uint64_t number; /* outbound, of a numbered batch (ipsec/esp.h) */
	};
	uint16_t outer_id;
	uint8_t outer_family;	       /* enum ip_family; IP_NONE: IPv4 */
	uint8_t outer_tos, outer_ttl;
	uint8_t reason;	     /* why a stage refused it; 0: it did not */
	uint8_t tunnel_head; /* bytes that a TunnelN has put in front; 0: it came out of none */
	bool own_cut; /* IPv6, of our own making: its source may cut it (RFC 8200 section 4.5) */

	/* where it came in, or where it goes. UDP encapsulation: our end and the peer's; over
	 * IPv6 those of any outer header that an encapsulated packet came with, too */
	struct ipaddr local, remote;
	uint16_t local_port, remote_port;
	/* IPv6: bytes of the outer header with its extensions, which stand in front of data still,
	 * and where in them the byte is that names what follows; 0: there is none */
	uint16_t outer_len, outer_next_at;
	uint8_t aside[4]; /* what an extended sequence number covers in front of it (esn.c) */
	bool outer_df;	  /* UDP encapsulation: whether the datagram may not be cut on its way */
	uint64_t since_ms; /* when it began to wait for an SA */
	uint64_t flow_key; /* which flow it belongs to while it waits */
};
static_assert(sizeof(struct pkt) == 128, "two cache lines a packet");

struct batch {
	size_t n;
	struct pkt *p[BATCH_MAX];
};

struct pool {
	struct pkt *all;
	uint8_t *mem;
	struct pkt *free_list;
	size_t n, n_free;
};

/* Allocates n packets. 0 or -ENOMEM. */
int pool_init(struct pool *pool, size_t n);
void pool_fini(struct pool *pool);
/* An empty packet with full headroom; NULL if the pool is exhausted. */
struct pkt *pkt_get(struct pool *pool);
static inline void pkt_put(struct pool *pool, struct pkt *p)
{
	p->next = pool->free_list;
	pool->free_list = p;
	pool->n_free++;
}
void batch_put(struct pool *pool, struct batch *b);

static inline size_t pkt_headroom(const struct pkt *p)
{
	return (size_t)(p->data - p->buf);
}

static inline size_t pkt_tailroom(const struct pkt *p)
{
	return (size_t)(p->buf + PKT_BUF - p->data) - p->len;
}

/* Makes room for n bytes in front (behind) and returns where they are; NULL if
 * there is none: headers that we add always fit, peers' lengths are checked. */
static inline uint8_t *pkt_push(struct pkt *p, size_t n)
{
	if (pkt_headroom(p) < n)
		return NULL;
	p->data -= n;
	p->len += (uint32_t)n;
	return p->data;
}

static inline uint8_t *pkt_append(struct pkt *p, size_t n)
{
	if (pkt_tailroom(p) < n)
		return NULL;
	uint8_t *at = p->data + p->len;
	p->len += (uint32_t)n;
	return at;
}

/* Drops n bytes in front, or all behind len. False if they are not there. */
static inline bool pkt_pull(struct pkt *p, size_t n)
{
	if (p->len < n)
		return false;
	p->data += n;
	p->len -= (uint32_t)n;
	return true;
}

static inline bool pkt_trim(struct pkt *p, size_t len)
{
	if (p->len < len)
		return false;
	p->len = (uint32_t)len;
	return true;
}

static inline struct rd pkt_rd(const struct pkt *p)
{
	return rd_of(p->data, p->len);
}

static inline bool batch_add(struct batch *b, struct pkt *p)
{
	if (b->n == BATCH_MAX)
		return false;
	b->p[b->n++] = p;
	return true;
}

/* Keeps in b the packets without a reason, in order; the others go to bad, which has
 * room for them. */
static inline void batch_partition(struct batch *b, struct batch *bad)
{
	size_t kept = 0;

	for (size_t i = 0; i < b->n; i++) {
		if (b->p[i]->reason)
			(void)batch_add(bad, b->p[i]);
		else
			b->p[kept++] = b->p[i];
	}
	b->n = kept;
}

#endif
