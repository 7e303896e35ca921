/* SPDX-License-Identifier: Apache-2.0 */
/* Two routers that get the same packets: one goes the short ways of usual packets where it can,
 * the other one has access lists that let everything through, which no short way does. What
 * they send is the same to the bit, and so is what they count. */
#ifndef TESTS_TWO_WAYS_H
#define TESTS_TWO_WAYS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "forwarder/internal.h"

#define US   0xc0000201
#define PEER 0xc6336401
#define NEAR 0x0a010000
#define FAR  0x0a020000

enum { IFID = 7, PORT_PLAIN = 1, PORT_ESP, PORT_RAW, PORT_BACK, N_PORTS = 4 };
enum { MAX_LEN = 2000, MAX_SENT = 40 * BATCH_MAX };

struct store {
	size_t n, len[MAX_SENT];
	uint8_t b[MAX_SENT][MAX_LEN + 100], port[MAX_SENT];
};

struct mem_port {
	struct port port;
	struct router *owner;
	uint8_t id;
};

struct router {
	struct forwarder *f;
	struct mem_port ports[N_PORTS];
	const struct store *in; /* packets from..to of it are received next */
	size_t from, to;
	struct store out;
	int32_t result;
};

struct variant {
	bool gre, key, transport;
	enum cipher_id cipher;
	uint16_t mss;
	bool pmtud;
	struct port_match port;
	enum sa_dir dir;
};

enum { N_VARIANTS = 3 };
extern const struct variant steered[N_VARIANTS], tunnelled[N_VARIANTS];

uint32_t rnd(uint32_t n); /* below n */
/* f for each variant: as always, and once with a seed that is new, and told in case it fails. */
void with_seeds(void (*f)(struct variant), const struct variant v[N_VARIANTS]);

/* Requests, which succeed. */
void ask(struct router *r, struct fwd_msg *m);
void ask_for(struct router *r, enum fwd_type type);
void add_policy(struct router *r, const struct fwd_policy *pol);
void add_tunnel(struct router *r, const struct fwd_tunnel *t);
void add_sa(struct router *r, const struct variant *v, uint32_t id, const struct selector *sel,
	    uint64_t hard_bytes);

/* What router_new() has in its table: a policy with id 1, and the tunnel of v, if it has one. */
struct fwd_policy policy_of(const struct variant *v);
struct fwd_tunnel tunnel_of(const struct variant *v);
/* Outbound in the direction of v, or its peer. Has an SA with id 1. */
struct router *router_new(const struct variant *v, bool long_way);
void router_free(struct router *r);
/* Its policy, if there is one, as long as no table comes. */
void go_the_long_way(struct router *r);

/* Something that may come out of a TUN, mostly IPv4; bytes of it. */
size_t any_packet(uint8_t *b, const struct variant *v);
/* s is received by that port, all at once, or one by one; r->out is what left. */
void feed(struct router *r, size_t port, const struct store *s, bool one_by_one);

/* What went to each port, in order, and what was counted. */
void assert_alike(const struct router *a, const struct router *b);
struct sa *sa_of(struct router *r, uint32_t id); /* NULL: it has none */
void assert_same_sa(const struct sa *x, const struct sa *y);

#endif
