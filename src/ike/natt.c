/* SPDX-License-Identifier: Apache-2.0 */
/* NAT traversal (RFC 3947) and the vendor ids that announce it. */
#include "ike/internal.h"

#include <string.h>

/* MD5 of "RFC 3947", "draft-ietf-ipsec-nat-t-ike-03", "...-02\n"; RFC 3706's. */
static const uint8_t vid_rfc[16] = { 0x4a, 0x13, 0x1c, 0x81, 0x07, 0x03, 0x58, 0x45,
				     0x5c, 0x57, 0x28, 0xf2, 0x0e, 0x95, 0x45, 0x2f };
static const uint8_t vid_draft3[16] = { 0x7d, 0x94, 0x19, 0xa6, 0x53, 0x10, 0xca, 0x6f,
					0x2c, 0x17, 0x9d, 0x92, 0x15, 0x52, 0x9d, 0x56 };
static const uint8_t vid_draft2[16] = { 0x90, 0xcb, 0x80, 0x91, 0x3e, 0xbb, 0x69, 0x6e,
					0x08, 0x63, 0x81, 0xb5, 0xec, 0x42, 0x7b, 0x1f };
static const uint8_t vid_dpd[16] = { 0xaf, 0xca, 0xd7, 0x13, 0x68, 0xa1, 0xf1, 0xc9,
				     0x6b, 0x86, 0x96, 0xfc, 0x77, 0x57, 0x01, 0x00 };

/* RFC 3947's, the drafts' that old peers know, and that of RFC 3706, since we
 * answer R-U-THERE. */
void natt_vids(struct ike_builder *b, bool nat_traversal)
{
	if (nat_traversal) {
		ike_build_payload(b, PL_VID, span_of(vid_rfc, 16));
		ike_build_payload(b, PL_VID, span_of(vid_draft3, 16));
		ike_build_payload(b, PL_VID, span_of(vid_draft2, 16));
	}
	ike_build_payload(b, PL_VID, span_of(vid_dpd, 16));
}

/* Only what the peer announced: the answer must not outgrow his message. */
void natt_vids_answer(struct ike_builder *b, const struct ike_sa *sa)
{
	if (sa->k->cfg.nat_traversal && sa->peer_nat_rfc)
		ike_build_payload(b, PL_VID, span_of(vid_rfc, 16));
	else if (sa->k->cfg.nat_traversal && sa->peer_nat_draft)
		ike_build_payload(b, PL_VID,
				  span_of(sa->peer_nat_draft3 ? vid_draft3 : vid_draft2, 16));
	if (sa->peer_dpd)
		ike_build_payload(b, PL_VID, span_of(vid_dpd, 16));
}

void natt_read_vids(struct ike_sa *sa, const struct ike_payloads *pl)
{
	for (size_t i = 0; i < ike_payload_count(pl, PL_VID); i++) {
		struct span vid = ike_payload_find(pl, PL_VID, i)->body;

		if (span_equal(vid, span_of(vid_rfc, 16))) {
			sa->peer_nat_rfc = true;
			act_debug(sa->k, sa, "vendor ID is NAT-T RFC 3947");
		} else if (span_equal(vid, span_of(vid_draft3, 16))) {
			sa->peer_nat_draft = sa->peer_nat_draft3 = true;
			act_debug(sa->k, sa, "vendor ID is NAT-T v3");
		} else if (span_equal(vid, span_of(vid_draft2, 16))) {
			sa->peer_nat_draft = true;
			act_debug(sa->k, sa, "vendor ID is NAT-T v2");
		} else if (span_equal(vid, span_of(vid_dpd, 16))) {
			sa->peer_dpd = true;
			act_debug(sa->k, sa, "vendor ID is DPD");
		}
	}
}

/* HASH(CKY-I | CKY-R | IP | Port), RFC 3947 section 3.2. */
static int natd_hash(const struct ike_sa *sa, const struct ipaddr *a, uint16_t port, uint8_t *out)
{
	uint8_t p[2] = { (uint8_t)(port >> 8), (uint8_t)port };
	struct span parts[] = { span_of(sa->i_cookie, 8), span_of(sa->r_cookie, 8),
				span_of(a->b, a->family == IP_V6 ? 16 : 4), span_of(p, 2) };

	return ike_hash(sa->k->crypto, sa->agreed.hash, parts, 4, out);
}

static uint8_t natd_type(const struct ike_sa *sa)
{
	return sa->peer_nat_rfc ? PL_NATD : PL_NATD_DRAFT;
}

void natt_add(struct ike_builder *b, struct ike_sa *sa)
{
	size_t len = hash_info(sa->agreed.hash)->len;
	uint8_t h[IKE_MAX_HASH];

	if (!sa->k->cfg.nat_traversal || !(sa->peer_nat_rfc || sa->peer_nat_draft))
		return;
	/* the destination's hash first, then ours */
	if (!natd_hash(sa, &sa->path.remote, sa->path.remote_port, h))
		ike_build_payload(b, natd_type(sa), span_of(h, len));
	if (!natd_hash(sa, &sa->path.local, sa->path.local_port, h))
		ike_build_payload(b, natd_type(sa), span_of(h, len));
}

struct natt_found natt_check(const struct ike_sa *sa, const struct ike_path *path,
			     const struct ike_payloads *pl)
{
	uint8_t type = natd_type(sa), mine[IKE_MAX_HASH], his[IKE_MAX_HASH];
	size_t len = hash_info(sa->agreed.hash)->len, n = ike_payload_count(pl, type);
	struct natt_found f = { 0 };

	if (!sa->k->cfg.nat_traversal || n < 2 ||
	    natd_hash(sa, &path->local, path->local_port, mine) ||
	    natd_hash(sa, &path->remote, path->remote_port, his))
		return f;
	f.here = !span_equal(ike_payload_find(pl, type, 0)->body, span_of(mine, len));
	f.there = true;
	for (size_t i = 1; i < n; i++)
		if (span_equal(ike_payload_find(pl, type, i)->body, span_of(his, len)))
			f.there = false;
	return f;
}

struct natt_found natt_check_floated(const struct ike_sa *sa, const struct ike_path *path,
				     const struct ike_payloads *pl)
{
	struct natt_found now = natt_check(sa, path, pl), before = natt_check(sa, &sa->path, pl);

	return (struct natt_found){ now.here && before.here, now.there && before.there };
}

void natt_commit(struct ike_sa *sa, struct natt_found f)
{
	sa->nat_here = f.here;
	sa->nat_there = f.there;
	if (f.here)
		act_debug(sa->k, sa, "NAT found, this node inside NAT");
	if (f.there)
		act_debug(sa->k, sa, "NAT found, peer inside NAT");
	if (!f.here && !f.there)
		act_debug(sa->k, sa, "No NAT Found for self or peer");
}

static void add_original(struct ike_builder *b, uint8_t type, const struct ipaddr *a)
{
	ike_build_begin(b, type);
	wr_u8(&b->w, ID_IPV4);
	wr_zero(&b->w, 3);
	wr_bytes(&b->w, a->b, 4);
	ike_build_end(b);
}

void natt_add_original(struct ike_builder *b, const struct ike_sa *sa, bool initiator)
{
	uint8_t type = sa->peer_nat_rfc ? PL_NATOA : PL_NATOA_DRAFT;

	/* the initiator's address first */
	add_original(b, type, initiator ? &sa->path.local : &sa->path.remote);
	add_original(b, type, initiator ? &sa->path.remote : &sa->path.local);
}

void natt_keepalive_start(struct ike_sa *sa)
{
	uint32_t sec = sa->k->cfg.nat_keepalive_sec;

	if (!sa->nat_here)
		return;
	sa->keepalive.kind = T_KEEPALIVE;
	sa->keepalive.owner = sa;
	(void)timer_arm(&sa->k->timers, &sa->keepalive,
			sa->k->now_ms + (sec ? sec * UINT64_C(1000) : IKE_KEEPALIVE_MS));
}
