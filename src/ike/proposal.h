/* SPDX-License-Identifier: Apache-2.0 */
/* What we offer and what we accept (RFC 2407 section 4.5, RFC 2409 appendix A):
 * phase 1 in proposal_p1.c, phase 2 in proposal_p2.c. */
#ifndef IKE_PROPOSAL_H
#define IKE_PROPOSAL_H

#include "base/txt.h"
#include "ike/codec.h"
#include "model/policy.h"

enum { LIFE_SECONDS = 1, LIFE_KILOBYTES = 2 }; /* RFC 2407 section 4.5, RFC 2409 app. A */

/* ---- phase 1 ---- */

/* The attributes of one offered transform; 0 where absent. */
struct p1_seen {
	uint32_t cipher, bits, hash, auth, group, life_sec, life_kb;
	bool odd; /* an attribute that is not known here, or damaged: refused */
};
struct p1_seen p1_read(struct span attrs);

enum p1_difference { P1_CIPHER_DIFFERS = 1, P1_BITS_DIFFER = 2, P1_HASH_DIFFERS = 4,
		     P1_GROUP_DIFFERS = 8, P1_AUTH_DIFFERS = 16, P1_ODD = 32,
		     P1_LIFE_SHORTER = 64 };
/* The set of differences between an offer and a policy; 0: it fits. */
unsigned p1_compare(const struct p1_seen *s, const struct p1_policy *p);

/* True for a policy whose method, group and cipher we can do. */
bool p1_usable(const struct p1_policy *p);

/* The body of an SA payload that offers every usable policy; or those of one group
 * only (0: any), whose public value goes along in aggressive mode. methods: P1_METHOD() of
 * what can be done with the peer; others are passed over. */
#define P1_METHOD(auth) (1u << (auth))
#define P1_STRICT	(1u << 31) /* beside the methods: a shorter lifetime than ours differs */
#define P1_ALL_METHODS	(UINT32_MAX & ~P1_STRICT)
void p1_offer(struct wr *w, const struct p1_policy *v, size_t n);
void p1_offer_group(struct wr *w, const struct p1_policy *v, size_t n, unsigned methods,
		    uint16_t group);

struct p1_choice {
	struct p1_policy agreed; /* life_sec is the smaller of both */
	struct span transform;	 /* as offered, to be echoed */
	uint8_t number;		 /* of its proposal */
	uint32_t his_life_sec;	 /* as offered; 0: none */
	uint32_t our_life_sec;	 /* of the policy */
	uint32_t life_kb;	 /* as offered; 0: none, and IOS has none to configure */
};
/* Walks our policies in priority order and takes the first offered transform with
 * equal encryption, hash, method and group. Otherwise false, and story names the
 * attribute that differs in the nearest pair, both values and the line to type. */
bool p1_choose(struct span sa_body, const struct p1_policy *v, size_t n,
	       struct p1_choice *ret_c, char *story, size_t story_cap);
/* The same where the peer's public value came along (aggressive mode): only policies
 * with a group of that length fit (0: any), and with a method of that set. */
bool p1_choose_ke(struct span sa_body, const struct p1_policy *v, size_t n, unsigned methods,
		  size_t ke_len, struct p1_choice *ret_c, char *story, size_t story_cap);
/* Our usable policies in words to type, the first two of them; cut at cap bytes. */
void p1_text(const struct p1_policy *v, size_t n, char *buf, size_t cap);
/* The answer of a responder: one proposal, one transform. */
void p1_answer(struct wr *w, const struct p1_choice *c);
/* A lifetime as a RESPONDER-LIFETIME notify carries it. */
void p1_write_life(struct wr *w, uint32_t sec);

/* ---- phase 2 ---- */

enum { PROTO_ID_ISAKMP = 1, PROTO_ID_AH = 2, PROTO_ID_ESP = 3 }; /* RFC 2407 section 4.4.1 */

/* Our SPI of AH that goes with our SPI of ESP: one number names an exchange, whatever its
 * protocols are. SPIs are numbers of a protocol, and where those of ESP differ so do these. */
#define P2_SPI_TWIN UINT32_C(0x55555555)
static inline uint32_t p2_ah_spi(uint32_t esp_spi)
{
	return esp_spi ^ P2_SPI_TWIN;
}

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
	/* a bundle: beside ESP; AUTH_NONE: none. AH alone has its authenticator in auth */
	uint8_t ah_auth;
	bool ah_last; /* it stood behind the ESP */
	uint32_t peer_ah_spi;
	struct span ah_transform;
};

struct p2_seen {
	uint32_t encap, auth, bits, group, life_sec;
	uint64_t life_kb;
	bool odd;
};
struct p2_seen p2_read(struct span attrs);
/* His lifetime: 28800 s if he named none (RFC 2407 section 4.5). */
uint32_t p2_his_life_sec(const struct p2_seen *s);

/* Encapsulation as it is on the wire: plain, RFC 3947's or the drafts' numbers. */
enum p2_encap { P2_RAW = 0, P2_UDP_RFC, P2_UDP_DRAFT };
/* Tunnel or transport, in UDP or not; 0 for numbers nobody assigned. */
uint8_t p2_encap_mode(uint32_t encap, bool *ret_udp);

/* True for a transform set that this router can negotiate: ESP, AH, or both. */
bool p2_usable(const struct p2_transform *t);
/* True if there is one to offer: AH is not, where a NAT was found. */
bool p2_any(const struct p2_policy *p, enum p2_encap encap);

/* The body of an SA payload that offers every usable transform set of the policy, AH under
 * p2_ah_spi(spi). endpoints false: the selectors are not the endpoints, only tunnel mode serves. */
void p2_offer(struct wr *w, const struct p2_policy *p, uint32_t spi, enum p2_encap encap,
	      bool endpoints);

/* What is known beside the offer. */
struct p2_ask {
	bool has_ke;	/* a KE payload came along */
	bool nat;	/* NAT was found: UDP encapsulation is legal */
	bool crossed;	/* there is one, found or not: AH is not */
	bool endpoints; /* the selectors are the endpoints: transport mode is possible */
	bool answer;	/* we offered, this is the peer's choice of it */
};
/* Our sets in order against what is offered, as IOS does: a set in transport mode
 * takes tunnel mode, too. False: story says why. */
bool p2_choose(struct span sa_body, const struct p2_policy *p, const struct p2_ask *ask,
	       struct p2_agreed *ret_a, char *story, size_t story_cap);
/* True if every transform that is offered is for transport mode in UDP. */
bool p2_is_transport(struct span sa_body);
/* The protocol of the first proposal, ESP if there is none (RFC 2407 section 4.4.1). */
uint8_t p2_first_proto(struct span sa_body);
/* Its usable transform sets and PFS in words to type; cut at cap bytes. */
void p2_text(const struct p2_policy *p, char *buf, size_t cap);
void p2_answer(struct wr *w, const struct p2_agreed *a, uint32_t spi);

/* Life attributes as a RESPONDER-LIFETIME notify carries them; 0: none. */
void p2_write_life(struct wr *w, uint32_t sec, uint64_t kb);

#endif
