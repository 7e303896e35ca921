/* SPDX-License-Identifier: Apache-2.0 */
/* ISAKMP messages (RFC 2408 section 3): numbers with names, the header, the
 * payload chain, and the payloads' bodies. Decoded spans point into the
 * datagram. Encode stands beside decode. */
#ifndef IKE_CODEC_H
#define IKE_CODEC_H

#include "base/ipaddr.h"
#include "base/rd.h"
#include "base/wr.h"

#define IKE_HEADER	 28
#define IKE_MAX_MESSAGE	 8192 /* bytes we read or write */
#define IKE_MAX_PAYLOADS 40
#define IKE_DOI_IPSEC	 1

#define IKE_PAYLOADS(X)                                                                     \
	X(1, SA) X(2, PROPOSAL) X(3, TRANSFORM) X(4, KE) X(5, ID) X(6, CERT) X(7, CR)       \
	X(8, HASH) X(9, SIG) X(10, NONCE) X(11, NOTIFY) X(12, DELETE) X(13, VID)            \
	X(15, NATD_07) X(16, NATOA_07) X(20, NATD) X(21, NATOA) X(130, NATD_DRAFT) X(131, NATOA_DRAFT)             \
	X(132, FRAGMENT)
enum ike_payload_type {
	PL_NONE = 0,
#define X(n, name) PL_##name = n,
	IKE_PAYLOADS(X)
#undef X
};
const char *ike_payload_name(unsigned type);

#define IKE_EXCHANGES(X)                                                                    \
	X(2, MAIN, "Main Mode") X(4, AGGRESSIVE, "Aggressive Mode")                         \
	X(5, INFO, "Informational") X(32, QUICK, "Quick Mode")
enum ike_exchange {
#define X(n, name, text) EX_##name = n,
	IKE_EXCHANGES(X)
#undef X
};

enum { IKE_FLAG_ENCRYPTED = 1, IKE_FLAG_COMMIT = 2, IKE_FLAG_AUTH_ONLY = 4 };

/* RFC 2408 section 3.14.1, RFC 2407 section 4.6.3. */
#define IKE_NOTIFIES(X)                                                                     \
	X(1, INVALID_PAYLOAD_TYPE) X(2, DOI_NOT_SUPPORTED) X(3, SITUATION_NOT_SUPPORTED)    \
	X(4, INVALID_COOKIE) X(5, INVALID_MAJOR_VERSION) X(6, INVALID_MINOR_VERSION)        \
	X(7, INVALID_EXCHANGE_TYPE) X(8, INVALID_FLAGS) X(9, INVALID_MESSAGE_ID)            \
	X(10, INVALID_PROTOCOL_ID) X(11, INVALID_SPI) X(12, INVALID_TRANSFORM_ID)           \
	X(13, ATTRIBUTES_NOT_SUPPORTED) X(14, NO_PROPOSAL_CHOSEN) X(15, BAD_PROPOSAL_SYNTAX) \
	X(16, PAYLOAD_MALFORMED) X(17, INVALID_KEY_INFORMATION)                             \
	X(18, INVALID_ID_INFORMATION) X(23, INVALID_HASH_INFORMATION)                       \
	X(24, AUTHENTICATION_FAILED) X(16384, CONNECTED) X(24576, RESPONDER_LIFETIME)       \
	X(24577, REPLAY_STATUS) X(24578, INITIAL_CONTACT) X(36136, R_U_THERE)               \
	X(36137, R_U_THERE_ACK)
enum ike_notify_type {
#define X(n, name) NT_##name = n,
	IKE_NOTIFIES(X)
#undef X
};
const char *ike_notify_name(unsigned type);

struct ike_header {
	uint8_t i_cookie[8], r_cookie[8];
	uint8_t next, version, exchange, flags;
	uint32_t msgid, len;
};

/* False if the datagram is shorter than a header, is longer or shorter than its
 * length field says, or is of another major version. */
bool ike_header_decode(struct rd *r, struct ike_header *ret_h);

struct ike_payload {
	uint8_t type;
	struct span body;  /* after the generic header */
	struct span whole; /* with it */
};

struct ike_payloads {
	size_t n;
	struct ike_payload v[IKE_MAX_PAYLOADS];
	size_t used; /* bytes of the chain: what follows is padding */
};

/* Walks the chain that begins with type `first`. False if a length is wrong, a
 * reserved byte is set (after decryption the sign of a wrong key), or there are
 * too many. */
bool ike_payloads_decode(uint8_t first, struct span bytes, struct ike_payloads *ret_pl);
/* The k-th payload of that type, from 0; NULL if there is none. */
const struct ike_payload *ike_payload_find(const struct ike_payloads *pl, uint8_t type, size_t k);
size_t ike_payload_count(const struct ike_payloads *pl, uint8_t type);

/* ---- bodies ---- */

struct ike_attr {
	uint16_t type;
	uint32_t value;	   /* of TV and TLV; UINT32_MAX if it is larger */
	struct span bytes; /* of TLV */
};
/* The next attribute (RFC 2408 section 3.3); false at the end or if bad. */
bool ike_attr_next(struct rd *r, struct ike_attr *ret_a);
void ike_attr_tv(struct wr *w, uint16_t type, uint16_t value);
/* As IOS: basic when it fits 16 bits, else a 4-byte variable attribute. */
void ike_attr_number(struct wr *w, uint16_t type, uint32_t value);

struct ike_transform {
	uint8_t number, id;
	struct span attrs;
	struct span whole; /* with the generic header */
};
struct ike_proposal {
	uint8_t number, proto;
	struct span spi;
	size_t n_transforms;
	struct rd transforms; /* iterate with ike_transform_next() */
};
/* DOI and situation of an SA payload; leaves r at its proposals. */
bool ike_sa_decode(struct span body, struct rd *ret_proposals);
bool ike_proposal_next(struct rd *r, struct ike_proposal *ret_p);
bool ike_transform_next(struct ike_proposal *p, struct ike_transform *ret_t);
/* What an answer of phase 1 must be: one proposal with one transform (RFC 2408 section 4.2). */
bool ike_sa_is_single(struct span body);
/* Of quick mode: one proposal number with one transform for each of its protocols. */
bool ike_sa_is_choice(struct span body);

/* Writes DOI and situation; a proposal's or transform's generic header, whose
 * length ike_sub_end() fills in. `next` is what follows it, or PL_NONE. */
void ike_sa_begin(struct wr *w);
size_t ike_sub_begin(struct wr *w, uint8_t next);
void ike_sub_end(struct wr *w, size_t at);

struct ike_notify {
	uint32_t doi;
	uint8_t proto;
	uint16_t type;
	struct span spi, data;
};
bool ike_notify_decode(struct span body, struct ike_notify *ret_n);

struct ike_delete {
	uint32_t doi;
	uint8_t proto, spi_len;
	uint16_t n_spis;
	struct span spis; /* n_spis of spi_len bytes */
};
bool ike_delete_decode(struct span body, struct ike_delete *ret_d);

/* RFC 2407 section 4.6.2.1. */
enum ike_id_type { ID_IPV4 = 1, ID_FQDN = 2, ID_USER_FQDN = 3, ID_IPV4_SUBNET = 4, ID_IPV6 = 5,
		   ID_IPV6_SUBNET = 6, ID_IPV4_RANGE = 7, ID_IPV6_RANGE = 8, ID_DN = 9, ID_KEY_ID = 11 };
struct ike_id {
	uint8_t type, proto;
	uint16_t port;
	struct span data;
};
bool ike_id_decode(struct span body, struct ike_id *ret_id);
/* The one address that it says; false if it is of another type or length. */
bool ike_id_addr(const struct ike_id *id, struct ipaddr *ret_a);
/* The type that says an address of that family, and the bytes that say this one. */
uint8_t ike_addr_id(uint8_t family);
struct span ike_addr_bytes(const struct ipaddr *a);

/* ---- building ---- */

/* A message under construction: payloads are begun and ended in order, and the
 * chain of "next payload" fields is kept. */
struct ike_builder {
	uint8_t buf[IKE_MAX_MESSAGE];
	struct wr w;
	size_t next_at; /* offset of the field that names the next payload */
	size_t begun;	/* offset of the payload that is open */
};

void ike_build_start(struct ike_builder *b, const struct ike_header *h);
void ike_build_begin(struct ike_builder *b, uint8_t type);
void ike_build_end(struct ike_builder *b);
/* A payload whose body is there already. */
void ike_build_payload(struct ike_builder *b, uint8_t type, struct span body);
/* Fills in the length; empty if it did not fit. */
struct span ike_build_done(struct ike_builder *b);

#endif
