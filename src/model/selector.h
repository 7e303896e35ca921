/* SPDX-License-Identifier: Apache-2.0 */
/* What RFC 4301 calls a selector set and IOS a proxy identity: which packets an
 * entry is about, seen from this router: `local` is the source of what leaves. */
#ifndef MODEL_SELECTOR_H
#define MODEL_SELECTOR_H

#include "base/ipaddr.h"

/* An IOS address test: the bits of addr count where wild is 0. wild holds
 * network-order bytes like addr. `any` is wild all ones; `host` all zeros. */
struct addr_match {
	struct ipaddr addr;
	uint8_t wild[16];
};

/* Ports as IOS tests them. EQ and NEQ use lo; RANGE lo..hi; LT and GT lo. */
enum port_op { PORT_ANY = 0, PORT_EQ, PORT_NEQ, PORT_LT, PORT_GT, PORT_RANGE };
struct port_match {
	uint8_t op; /* enum port_op */
	uint16_t lo, hi;
};

struct selector {
	struct addr_match local, remote;
	uint8_t proto; /* IP protocol, 0 is any */
	struct port_match local_port, remote_port; /* for TCP and UDP */
};

/* The fields of one packet that selectors look at. A fragment that carries no
 * ports has ports_known false: it matches only a selector without port tests. */
struct flow {
	struct ipaddr local, remote; /* outbound: source, destination */
	uint8_t proto;
	bool ports_known;
	uint16_t local_port, remote_port;
};

/* The flow as the peer sees it: local and remote exchanged. */
struct flow flow_mirror(const struct flow *f);
bool addr_match_has(const struct addr_match *m, const struct ipaddr *a);
bool port_match_has(const struct port_match *m, uint16_t port);
bool selector_has(const struct selector *s, const struct flow *f);
/* Every flow of inner is one of outer (wildcards with holes compared bit by bit;
 * conservative: may say false for odd port sets, never wrongly true). */
bool selector_covers(const struct selector *outer, const struct selector *inner);
bool selector_equal(const struct selector *a, const struct selector *b);
struct selector selector_mirror(const struct selector *s);

/* Conveniences for tests and parsers: host-order address, wildcard bits. */
struct addr_match addr_match_v4(uint32_t addr, uint32_t wild);
/* The prefix of len bits that addr is in, of either family. */
struct addr_match addr_match_of(const struct ipaddr *addr, unsigned len);
/* True and the prefix length if wild is a plain inverted mask (IKE can only
 * say address/mask, RFC 2407 section 4.6.2). */
bool addr_match_prefix(const struct addr_match *m, unsigned *ret_len);

#endif
