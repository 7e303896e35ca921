/* SPDX-License-Identifier: Apache-2.0 */
/* Segmentation as the RFCs say it, slowly: for tests of gso.h and gro.h. No state: several threads may use it. */
#ifndef OFFLOAD_REF_H
#define OFFLOAD_REF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/gro.h"

struct ref_rng {
	uint64_t s;
};
uint32_t ref_rnd(struct ref_rng *r);
/* Below n, which is not 0. */
uint32_t ref_below(struct ref_rng *r, uint32_t n);

/* A TCP segment or UDP datagram as it shall be. */
struct ref_packet {
	bool v6, udp;
	uint8_t tos, ttl, flags, options[40], extra[40]; /* of TCP; IPv4 options or IPv6 extension headers */
	uint8_t extra_next; /* IPv6: what the first extension header is */
	size_t n_options, n_extra, n_payload;
	bool df, bad_sum, bad_ip_sum, no_sum;
	uint16_t id, window, urgent, sport, dport;
	uint32_t flow_label, seq, ack;
	uint8_t src[16], dst[16];
	const uint8_t *payload;
};

enum { REF_MAX = 70000 };
/* Writes it whole, with its checksums: bytes written. */
size_t ref_write(const struct ref_packet *p, uint8_t *out);
/* Bytes in front of the transport header, and of the payload. */
size_t ref_l4(const struct ref_packet *p);
size_t ref_head(const struct ref_packet *p);
/* The sum over addresses, protocol and length, in the place of the checksum. */
void ref_unfinish(const struct ref_packet *p, uint8_t *packet, size_t len);
/* Writes the nth segment of at most seg bytes of payload each; 0: there is none. */
size_t ref_segment(const struct ref_packet *p, size_t seg, size_t nth, uint8_t *out);

/* The bytes of the i-th write, with the header in front, as they reach the kernel; 0: its pieces are none. out has room
 * for REF_MAX. */
size_t ref_assemble(const struct gro *g, const struct batch *b, size_t i, uint8_t *out);

#endif
