/* SPDX-License-Identifier: Apache-2.0 */
/* IKE fragmentation as Cisco's routers speak it (`crypto isakmp fragmentation`) and
 * strongSwan after them: an announcement among the vendor ids, and payload 132, whose body
 * is a piece of the whole message, header included. Both sides must have announced it.
 * Fragments are in clear and prove nothing; the message that they make is judged like one
 * that came in one piece. */
#include "ike/phase1.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

/* MD5 of "FRAGMENTATION", then what we can: main mode and aggressive mode. */
static const uint8_t vid[20] = { 0x40, 0x48, 0xb7, 0xd5, 0x6e, 0xbc, 0xe8, 0x85, 0x25, 0xe7,
				 0xde, 0x7f, 0x00, 0xd6, 0xc2, 0xd3, 0xc0, 0x00, 0x00, 0x00 };

/* An IP datagram of 1280 bytes passes everywhere (RFC 8200 section 5); with a NAT there is
 * a non-ESP marker besides. */
#define DATAGRAM 1280
#define MESSAGE4 (DATAGRAM - 20 - 8 - 4)
#define MESSAGE6 (DATAGRAM - 40 - 8 - 4)
#define HEADERS	 (IKE_HEADER + 4 + FRAG_HEADER) /* of each part */

/* What fits into one on the way to the peer. */
static size_t message_max(const struct ipaddr *remote)
{
	return remote->family == IP_V6 ? MESSAGE6 : MESSAGE4;
}

void frag_vid(struct ike_builder *b, const struct ike_sa *sa)
{
	/* an answer says only what was announced: it must not outgrow the question */
	if (sa->k->cfg.fragmentation && (sa->initiator || sa->peer_frag))
		ike_build_payload(b, PL_VID, span_of(vid, sizeof(vid)));
}

bool frag_is_vid(struct span body)
{
	return body.len >= 16 && body.len <= sizeof(vid) && !memcmp(body.p, vid, 16);
}

/* ---- out ---- */

static void send_part(struct ike *k, const struct ike_sa *sa, const struct ike_path *path,
		      uint16_t id, uint8_t number, bool last, struct span part)
{
	/* what a phase 1 message would have: the peer's table knows no other ones in clear */
	struct ike_header h = { .exchange = sa->aggressive ? EX_AGGRESSIVE : EX_MAIN };
	struct ike_builder b;

	memcpy(h.i_cookie, sa->i_cookie, 8);
	memcpy(h.r_cookie, sa->r_cookie, 8);
	ike_build_start(&b, &h);
	ike_build_begin(&b, PL_FRAGMENT);
	frag_encode(&b.w, id, number, last, part);
	ike_build_end(&b);
	act_send_whole(k, path, ike_build_done(&b));
}

static bool is_cut(const struct ike_sa *sa, size_t len)
{
	return len > message_max(&sa->path.remote) && sa->peer_frag && sa->k->cfg.fragmentation;
}

size_t frag_wire_len(const struct ike_sa *sa, size_t len)
{
	size_t part = message_max(&sa->path.remote) - HEADERS;

	return is_cut(sa, len) ? len + (len + part - 1) / part * HEADERS : len;
}

bool frag_send(struct ike *k, const struct ike_path *path, struct span data)
{
	size_t max = message_max(&path->remote), part = max - HEADERS;
	struct rd r = rd_span(data);
	struct ike_header h;
	struct ike_sa *sa;

	if (data.len <= max || !k->cfg.fragmentation || !ike_header_decode(&r, &h))
		return false;
	sa = sa_by_cookies(k, &h);
	if (!sa || !is_cut(sa, data.len))
		return false;
	/* the same for the same bytes: what is sent again completes what came before */
	uint16_t id = (uint16_t)(hash_bytes(k->seed, data.p, data.len) | 1);
	r = rd_span(data);
	for (uint8_t n = 1; rd_left(&r); n++) {
		struct span next = rd_take(&r, rd_left(&r) < part ? rd_left(&r) : part);

		send_part(k, sa, path, id, n, !rd_left(&r), next);
	}
	act_debug(k, sa, "fragmenting IKE message of %zu bytes", data.len);
	return true;
}

/* ---- in ---- */

/* Who may use a slot: a peer with an SA, or one who may begin. */
static bool sender(struct ike *k, const struct ike_path *path, const struct ike_header *h,
		   struct frag_from *ret)
{
	static const uint8_t none[8];
	struct ike_sa *sa = sa_by_cookies(k, h);

	*ret = (struct frag_from){ .remote = path->remote };
	memcpy(ret->i_cookie, h->i_cookie, 8);
	memcpy(ret->r_cookie, h->r_cookie, 8);
	if (sa) {
		ret->kind = sa->state == MM_DONE ? FRAG_PEER : FRAG_HALF_OPEN;
		return sa->state != MM_DEAD && ipaddr_equal(&path->local, &sa->path.local) &&
		       sa_may_come_from(sa, path);
	}
	return !memcmp(h->r_cookie, none, 8) && memcmp(h->i_cookie, none, 8) != 0 &&
	       (k->cfg.aggressive || auth_methods(k, &path->local, &path->remote));
}

struct span frag_recv(struct ike *k, const struct ike_path *path, const struct ike_header *h,
		      struct span d)
{
	const struct span none = { 0 };
	struct ike_payloads pl;
	struct frag_from from;
	char addr[IPADDR_STRLEN];

	if (!k->cfg.fragmentation) {
		act_debug(k, NULL, "IKE fragment from %s, and crypto isakmp fragmentation is not "
				   "configured", ipaddr_ios(&path->remote, addr));
		return none;
	}
	if (!ike_payloads_decode(h->next, span_of(d.p + IKE_HEADER, d.len - IKE_HEADER), &pl) ||
	    pl.n != 1 || !sender(k, path, h, &from))
		return none;
	if (!k->frags)
		k->frags = calloc(1, sizeof(*k->frags));
	struct span whole = k->frags ? frags_take(k->frags, k->now_ms, &from, pl.v[0].body) : none;
	/* of the message that they said they were of, and not again fragments */
	if (whole.len < IKE_HEADER || memcmp(whole.p, d.p, 16) != 0 || whole.p[16] == PL_FRAGMENT)
		return none;
	act_debug(k, NULL, "IKE message of %zu bytes from %s reassembled", whole.len,
		  ipaddr_ios(&path->remote, addr));
	return whole;
}
