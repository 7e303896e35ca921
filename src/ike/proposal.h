/* SPDX-License-Identifier: Apache-2.0 */
/* What we offer and what we accept (RFC 2407 section 4.5, RFC 2409 appendix A). */
#ifndef IKE_PROPOSAL_H
#define IKE_PROPOSAL_H

#include "base/txt.h"
#include "ike/codec.h"
#include "model/policy.h"

/* ---- phase 1 ---- */

/* The body of an SA payload that offers every policy whose method we can do. */
void p1_offer(struct wr *w, const struct p1_policy *v, size_t n);

/* Walks our policies in priority order and takes the first offered transform with
 * equal encryption, hash, method and group. ret_agreed has the smaller lifetime;
 * ret_whole is the transform as offered, to be echoed. story explains a refusal
 * attribute by attribute and names the line to type. */
bool p1_choose(struct span sa_body, const struct p1_policy *v, size_t n,
	       struct p1_policy *ret_agreed, struct span *ret_whole, uint8_t *ret_number,
	       char *story, size_t story_cap);
/* Seconds that a transform (with its header) offers; 0: none. */
uint32_t p1_life(struct span transform);
/* The answer of a responder: one proposal, one transform. */
void p1_answer(struct wr *w, uint8_t proposal_number, struct span transform);

/* ---- phase 2 ---- */

struct p2_agreed {
	uint8_t number; /* of the proposal */
	uint8_t proto;	/* enum ipsec_proto */
	uint8_t mode;	/* enum ipsec_mode */
	bool udp_encap;
	uint8_t cipher;
	uint16_t cipher_bits;
	uint8_t auth;
	uint16_t group;
	uint32_t life_sec; /* the smaller of both */
	uint64_t life_kb;
	uint32_t peer_spi;
	struct span transform; /* as offered */
};

/* Encapsulation as it is on the wire: plain, RFC 3947's or the drafts' numbers. */
enum p2_encap { P2_RAW = 0, P2_UDP_RFC, P2_UDP_DRAFT };

/* The body of an SA payload that offers every transform set of the policy.
 * tunnel_only: the selectors are not the endpoints, transport cannot serve. */
void p2_offer(struct wr *w, const struct p2_policy *p, uint32_t spi, enum p2_encap encap,
	      bool tunnel_only);
/* Our sets in order against what is offered. */
bool p2_choose(struct span sa_body, const struct p2_policy *p, bool has_ke, bool nat,
	       struct p2_agreed *ret_a, char *story, size_t story_cap);
void p2_answer(struct wr *w, const struct p2_agreed *a, uint32_t spi);

/* Reads life attributes that a RESPONDER-LIFETIME notify carries; 0 where absent. */
void p2_read_life(struct span attrs, uint32_t *ret_sec, uint64_t *ret_kb);
void p2_write_life(struct wr *w, uint32_t sec, uint64_t kb);

#endif
