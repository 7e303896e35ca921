/* SPDX-License-Identifier: Apache-2.0 */
/* Two whole forwarders between ports that are memory: packets go in at the TUN of
 * one, and what it sends is what the other receives. */
#ifndef BENCH_PIPELINE_H
#define BENCH_PIPELINE_H

#include "crypto/alg.h"

struct bench_suite {
	const char *name;
	enum cipher_id cipher; /* CIPHER_UNSET: AH alone */
	unsigned bits;
	enum auth_id auth;
};

/* No cipher at all is GRE in clear, without an SA; bits are then those of BENCH_GRE_ALL. */
enum { BENCH_GRE_ALL = 1 }; /* with key, checksum and sequence number */
static inline bool bench_is_clear(const struct bench_suite *s)
{
	return !s->cipher && !s->auth;
}

struct bench_case {
	const struct bench_suite *suite;
	size_t size;	 /* bytes of the packet at the TUN */
	size_t batch;	 /* packets that a port brings at once, at most BATCH_MAX */
	size_t policies; /* entries of the SPD; the last one takes the packets */
	size_t flows;	 /* different port numbers among the packets */
	size_t sas;	 /* pairs of SAs, each with an entry of the SPD in front of the last; 0: 1 */
	bool gre;	 /* the packets enter by a TunnelN */
	bool bundle;	 /* AH with HMAC-SHA1-96 around the suite's ESP */
};

struct pipeline;

struct pipeline *pipeline_new(const struct bench_case *c); /* NULL: it cannot be built */
void pipeline_free(struct pipeline *p);
/* One batch out of one and into the other. Ticks of each direction without the ports. Returns
 * the packets that arrived: all of them, or the bench measures nothing. */
size_t pipeline_round(struct pipeline *p, uint64_t *ret_out, uint64_t *ret_in);

/* The packets of the next rounds are the from-th of all flows and those that follow it: one goes to
 * each SA in turn (spread) or all to the first, with flows different ports. */
void pipeline_address(struct pipeline *p, size_t from, bool spread);
/* Bytes of the heap that its SAs have taken, of both ends together, their keys included. */
size_t pipeline_sa_bytes(const struct pipeline *p);

#endif
