/* SPDX-License-Identifier: Apache-2.0 */
/* The negotiated SA as plain data: what IKE agrees with a peer and the
 * forwarder runs. ike and ipsec share this record and nothing else. */
#ifndef MODEL_SA_SPEC_H
#define MODEL_SA_SPEC_H

#include "model/alg_id.h"
#include "model/selector.h"

enum sa_dir { SA_IN = 1, SA_OUT = 2 };

#define SA_MAX_KEY 64 /* the longest key of any algorithm here, HMAC-SHA-512 */

struct sa_key {
	uint8_t len; /* bytes */
	uint8_t b[SA_MAX_KEY];
};

/* Lifetimes count from the moment the forwarder takes the SA; 0 is no limit.
 * Bytes are those of the inner packets (IOS counts protected traffic). */
struct sa_life {
	uint32_t soft_sec, hard_sec;
	uint64_t soft_bytes, hard_bytes;
};

/* AH around ESP: the other half of a bundle (RFC 2408 section 4.2: one proposal number,
 * two protocols). It shares everything with its ESP but what stands here. */
struct sa_ah {
	uint32_t spi; /* host order; 0: no bundle */
	uint8_t auth; /* enum auth_id */
	struct sa_key key;
};

struct sa_spec {
	uint32_t id;	    /* handle of this one-way SA, unique for ever in a run; not on the wire */
	uint32_t pair_id;   /* the two directions of one quick mode share it; IOS's conn id */
	uint32_t policy_id; /* the SPD entry (p2_policy) that it serves */
	uint32_t spi;	    /* host order; chosen by the receiver */
	uint8_t dir;	    /* enum sa_dir */
	uint8_t proto;	    /* enum ipsec_proto; AH alone has no cipher, its key is auth_key */
	uint8_t mode;	    /* enum ipsec_mode */
	bool udp_encap;	    /* RFC 3948 */
	/* Extended sequence numbers (RFC 4303 section 2.2.1): the core has them, IOS never asks
	 * for them in IKEv1, and the forwarder's protocol has no place for them. */
	bool esn;
	bool manual;	    /* typed keys: permanent, no anti-replay, its numbers may start again */
	uint8_t cipher;	    /* enum cipher_id */
	uint8_t auth;	    /* enum auth_id */
	struct sa_life life;
	uint16_t cipher_bits;
	uint16_t replay_window; /* packets; 0 is no check */
	uint16_t udp_sport, udp_dport; /* in the direction of travel; host order */
	struct ipaddr src, dst; /* outer addresses in the direction of travel */

	struct sa_key enc_key, auth_key;
	struct selector sel;	/* the agreed proxy identities */

	/* the peer's address in the configuration: src or dst may be where a NAT has moved him */
	struct ipaddr peer;
	bool peer_moves; /* he is behind a NAT: authenticated packets say where he is */
	/* inbound, transport mode behind NAT: the addresses that his packets had when he made
	 * their checksums (NAT-OA, RFC 3947 section 5.2); family 0: he has not said */
	struct ipaddr oa_src, oa_dst;

	struct sa_ah ah; /* of proto ESP */
};

/* True if the SA has that protocol under that SPI. */
static inline bool sa_spec_has_spi(const struct sa_spec *s, uint8_t proto, uint32_t spi)
{
	return (s->proto == proto && s->spi == spi) ||
	       (proto == PROTO_AH && s->ah.spi && s->ah.spi == spi);
}

/* Wipes the keys and everything else. */
void sa_spec_wipe(struct sa_spec *s);

#endif
