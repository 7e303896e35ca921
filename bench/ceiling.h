/* SPDX-License-Identifier: Apache-2.0 */
/* Ways across the wire for a tunnel that does nothing else: no crypto, no SA, no policy.
 * What they reach is what this machine's kernel gives to a program with such a port. */
#ifndef BENCH_CEILING_H
#define BENCH_CEILING_H

#include <stddef.h>
#include <stdint.h>

/* An inner packet to send: its headers, and the rest where it was read to. */
struct frame {
	const uint8_t *head, *body;
	uint32_t head_len, body_len;
};

enum { MAX_FRAMES = 512, MAX_INNER = 1600, MAX_SUPER = 65535 + 64 };

/* Takes what arrived. p stays until flush() was called. */
struct sink {
	void (*take)(void *ctx, uint8_t *p, size_t len);
	void (*flush)(void *ctx);
	void *ctx;
};

struct wire_conf {
	uint32_t local, peer;	    /* host order */
	const char *device;	    /* AF_PACKET and AF_XDP */
	uint8_t mac[6], peer_mac[6]; /* the same */
};

struct wire {
	int fd; /* to wait on */
	void (*send)(struct wire *w, const struct frame *f, size_t n);
	size_t (*recv)(struct wire *w, const struct sink *s); /* packets; 0: nothing is there */
};

/* Each ends the program with a message where the kernel refuses. */
struct wire *wire_udp(const struct wire_conf *c);	   /* UDP_SEGMENT and UDP_GRO */
struct wire *wire_raw(const struct wire_conf *c, int many); /* a raw socket, one by one or by sendmmsg */
struct wire *wire_packet(const struct wire_conf *c, int xdp, int frames); /* AF_PACKET or AF_XDP out; a ring
								      * of blocks or of frames in */

/* In front of an inner packet: what ESP has there, without its meaning. */
enum { OUTER = 20, ESP_LIKE = 8, PREFIX = OUTER + ESP_LIKE };
void wire_prefix(const struct wire_conf *c, uint8_t *at, size_t inner_len, uint32_t seq);

void fail(const char *what); /* with errno; does not return */
uint16_t ones_sum(const uint8_t *p, size_t n, uint32_t sum); /* folded, not inverted */

#endif
