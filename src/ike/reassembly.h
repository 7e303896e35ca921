/* SPDX-License-Identifier: Apache-2.0 */
/* Fragments of IKE messages put together (Cisco's payload 132; MS-IKEE section 3.3).
 * They come before anybody has proved anything, so all is bounded: so many messages at
 * once, one of each peer, so many fragments and bytes of each, and a time after which
 * what has not come is given up. A fragment costs one walk over FRAG_SLOTS slots and one
 * copy, whatever came before it (CVE-2016-10396 was a list that was searched anew for
 * every fragment). */
#ifndef IKE_REASSEMBLY_H
#define IKE_REASSEMBLY_H

#include "base/ipaddr.h"
#include "base/span.h"
#include "ike/codec.h"

#define FRAG_MAX     64	   /* fragments of one message */
#define FRAG_LIVE_MS 15000 /* from its first fragment on */

/* What is known of the sender; each kind has slots of its own, so that strangers push out
 * strangers only. */
enum frag_kind {
	FRAG_STRANGER = 0, /* no ISAKMP SA: one message for each address */
	FRAG_HALF_OPEN,	   /* has our cookie: one message for each SA */
	FRAG_PEER,	   /* is authenticated: likewise */
	FRAG_KINDS
};
#define FRAG_STRANGERS 8
#define FRAG_HALVES    24
#define FRAG_PEERS     32
#define FRAG_SLOTS     (FRAG_STRANGERS + FRAG_HALVES + FRAG_PEERS)

struct frag_from {
	enum frag_kind kind;
	struct ipaddr remote;
	uint8_t i_cookie[8], r_cookie[8];
};

/* Counted for debug and tests. */
struct frag_stats {
	uint64_t malformed, duplicate, conflict, too_big, expired, evicted, whole;
};

struct frag_slot;
struct frags {
	struct frag_slot *slot[FRAG_SLOTS]; /* NULL: free */
	struct frag_stats stats;
	uint8_t whole[IKE_MAX_MESSAGE];
};

void frags_fini(struct frags *f);
/* The body of one fragment payload. Returns the message if this makes it whole (in
 * f->whole, until the next call); otherwise an empty span. Fragments may come in any
 * order. The same one twice is ignored; one that contradicts what is there - another
 * message id, other bytes, another end - begins the message anew: peers that number all
 * their messages alike (strongSwan does) go on to the next one that way. */
struct span frags_take(struct frags *f, uint64_t now_ms, const struct frag_from *from,
		       struct span body);
/* Forgets what is too old. How many messages wait for fragments. */
size_t frags_age(struct frags *f, uint64_t now_ms);

#define FRAG_HEADER 4 /* of the body: id, number, flags */
/* The body of fragment `number` (from 1) of a message. */
void frag_encode(struct wr *w, uint16_t id, uint8_t number, bool last, struct span part);

#endif
