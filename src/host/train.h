/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams of one length behind each other, the last of which may be shorter: what UDP_GRO
 * hands over and UDP_SEGMENT takes. */
#ifndef HOST_TRAIN_H
#define HOST_TRAIN_H

#include "forwarder/port.h"

/* Bytes of one: with an IPv4 header and a UDP header no more fits (RFC 791 section 3.1). */
#define TRAIN_BYTES   65507
#define TRAIN_PACKETS 64

/* What is still to be handed over of one that arrived, in memory of the caller's. */
struct train {
	const uint8_t *p;
	size_t left;
	size_t car; /* bytes of each; 0: it is one datagram */
};

/* n bytes, in pieces of what the kernel says: a length that cannot be is taken for "one datagram". */
static inline struct train train_of(const uint8_t *p, size_t n, int said)
{
	struct train t = { p, n, said > 0 && (size_t)said < n ? (size_t)said : 0 };

	return t;
}

/* Of how many datagrams that is, at least one. */
static inline size_t train_count(size_t n, int said)
{
	struct train t = train_of(NULL, n, said);

	return t.car ? (n + t.car - 1) / t.car : 1;
}

/* The next datagram; only while left. */
static inline struct span train_next(struct train *t)
{
	size_t n = t->car && t->car < t->left ? t->car : t->left;
	struct span s = span_of(t->p, n);

	t->p += n;
	t->left -= n;
	return s;
}

/* How many of the n packets of v, at least one, leave in one UDP_SEGMENT send: they have the
 * same ends, TOS and DF, and one length, which only the last may fall short of. */
static inline size_t train_length(struct pkt *const *v, size_t n)
{
	const struct pkt *a = v[0];
	size_t len = 1, bytes = a->len;

	while (a->len && len < n && len < TRAIN_PACKETS) {
		const struct pkt *k = v[len];

		if (k->len > a->len || !k->len || bytes + k->len > TRAIN_BYTES ||
		    k->remote_port != a->remote_port || k->outer_tos != a->outer_tos ||
		    k->outer_df != a->outer_df || !ipaddr_equal(&k->remote, &a->remote) ||
		    !ipaddr_equal(&k->local, &a->local))
			break;
		bytes += k->len;
		len++;
		if (k->len < a->len)
			break;
	}
	return len;
}

#endif
