/* SPDX-License-Identifier: Apache-2.0 */
/* GRE, RFC 2784, with the key and sequence number of RFC 2890, and what Cisco's
 * keepalives add to it. */
#ifndef PACKET_GRE_H
#define PACKET_GRE_H

#include "base/rd.h"
#include "base/wr.h"

#define GRE_PROTO_KEEPALIVE 0 /* of the header inside a keepalive, which comes back */
#define GRE_PROTO_PROBE 4 /* IPv4 again, that brings nothing but a keepalive (Huawei) */
#define GRE_PROTO_IPV4 0x0800
#define GRE_PROTO_IPV6 0x86dd
#define GRE_MAX_HEADER 16

enum gre_result { GRE_OK = 0, GRE_MALFORMED, GRE_UNSUPPORTED, GRE_BAD_CHECKSUM };

struct gre {
	uint16_t proto;	   /* Ethertype */
	uint8_t header_len; /* bytes, set by decode */
	bool has_checksum, has_key, has_seq;
	uint32_t key, seq;
};

/* Decodes the header at the start of s, which is the whole GRE packet (the
 * checksum covers the payload). Routing bits and versions other than 0 are
 * unsupported (RFC 2784 section 2.3). */
enum gre_result gre_decode(struct span s, struct gre *ret_g);
/* Bytes that gre_write() will write. */
size_t gre_header_len(const struct gre *g);
/* Writes the header at the start of the len bytes at `at`, whose rest is the payload, and
 * with has_checksum the sum over all of them. len is at least gre_header_len(). */
void gre_write(uint8_t *at, size_t len, const struct gre *g);
/* Whether a packet numbered seq comes behind one numbered last (RFC 2890 section 2.2). */
static inline bool gre_seq_after(uint32_t seq, uint32_t last)
{
	return seq != last && seq - last < UINT32_C(0x80000000);
}

#endif
