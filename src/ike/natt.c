/* SPDX-License-Identifier: Apache-2.0 */
/* NAT traversal (RFC 3947) and the vendor ids that announce it. */
#include "ike/internal.h"

#include <stdio.h>
#include <string.h>

/* The ways to speak, the best one first: by what they are announced with and which
 * numbers they use. The drafts from 04 on had payloads of their own, and already the
 * modes of the RFC; of draft 02 two spellings are about. */
static const struct method {
	uint8_t vid[16]; /* MD5 of its name */
	const char *name;
	uint8_t natd, natoa;
	enum p2_encap encap;
	bool offered; /* as IOS does */
} methods[] = {
	[NATT_NONE] = { .natd = PL_NATD, .natoa = PL_NATOA, .encap = P2_RAW },
	[NATT_RFC] = { { 0x4a, 0x13, 0x1c, 0x81, 0x07, 0x03, 0x58, 0x45, 0x5c, 0x57, 0x28, 0xf2,
			 0x0e, 0x95, 0x45, 0x2f }, "RFC 3947", PL_NATD, PL_NATOA, P2_UDP_RFC, true },
	[NATT_07] = { { 0x43, 0x9b, 0x59, 0xf8, 0xba, 0x67, 0x6c, 0x4c, 0x77, 0x37, 0xae, 0x22,
			0xea, 0xb8, 0xf5, 0x82 }, "v7", PL_NATD_07, PL_NATOA_07, P2_UDP_RFC, true },
	[NATT_03] = { { 0x7d, 0x94, 0x19, 0xa6, 0x53, 0x10, 0xca, 0x6f, 0x2c, 0x17, 0x9d, 0x92,
			0x15, 0x52, 0x9d, 0x56 }, "v3", PL_NATD_DRAFT, PL_NATOA_DRAFT, P2_UDP_DRAFT,
		      true },
	[NATT_02N] = { { 0x90, 0xcb, 0x80, 0x91, 0x3e, 0xbb, 0x69, 0x6e, 0x08, 0x63, 0x81, 0xb5,
			 0xec, 0x42, 0x7b, 0x1f }, "v2", PL_NATD_DRAFT, PL_NATOA_DRAFT, P2_UDP_DRAFT,
		       true },
	[NATT_02] = { { 0xcd, 0x60, 0x46, 0x43, 0x35, 0xdf, 0x21, 0xf8, 0x7c, 0xfd, 0xb2, 0xfc,
			0x68, 0xb6, 0xa4, 0x48 }, "v2", PL_NATD_DRAFT, PL_NATOA_DRAFT, P2_UDP_DRAFT,
		      false },
};
#define N_METHODS (sizeof(methods) / sizeof(methods[0]))

/* RFC 3706's, since we answer R-U-THERE. */
static const uint8_t vid_dpd[16] = { 0xaf, 0xca, 0xd7, 0x13, 0x68, 0xa1, 0xf1, 0xc9,
				     0x6b, 0x86, 0x96, 0xfc, 0x77, 0x57, 0x01, 0x00 };

/* Of others, for `debug` alone. Cisco Unity's ends with its version, and IOS takes every id of its length for
 * one of another version. */
static const uint8_t vid_unity[16] = { 0x12, 0xf5, 0xf2, 0x8c, 0x45, 0x71, 0x68, 0xa9,
				       0x70, 0x2d, 0x9f, 0xe2, 0x74, 0xcc, 0x01, 0x00 };
static const uint8_t vid_xauth[8] = { 0x09, 0x00, 0x26, 0x89, 0xdf, 0xd6, 0xb7, 0x12 };
#define VID_MAJOR 14 /* the byte */

void natt_vids(struct ike_builder *b, bool nat_traversal)
{
	for (size_t i = NATT_RFC; nat_traversal && i < N_METHODS; i++)
		if (methods[i].offered)
			ike_build_payload(b, PL_VID, span_of(methods[i].vid, 16));
	ike_build_payload(b, PL_VID, span_of(vid_dpd, 16));
}

/* Only what the peer announced: the answer must not outgrow his message. */
void natt_vids_answer(struct ike_builder *b, const struct ike_sa *sa)
{
	if (sa->k->cfg.nat_traversal && sa->natt)
		ike_build_payload(b, PL_VID, span_of(methods[sa->natt].vid, 16));
	if (sa->peer_dpd)
		ike_build_payload(b, PL_VID, span_of(vid_dpd, 16));
}

void natt_read_vids(struct ike_sa *sa, const struct ike_payloads *pl)
{
	for (size_t i = 0; i < ike_payload_count(pl, PL_VID); i++) {
		struct span vid = ike_payload_find(pl, PL_VID, i)->body;

		for (uint8_t m = NATT_RFC; m < N_METHODS; m++) {
			if (!span_equal(vid, span_of(methods[m].vid, 16)))
				continue;
			if (!sa->natt || m < sa->natt)
				sa->natt = m;
		}
		if (span_equal(vid, span_of(vid_dpd, 16))) {
			sa->peer_dpd = true;
		} else if (frag_is_vid(vid)) {
			sa->peer_frag = true;
		}
	}
}

void natt_trace_vid(struct ike *k, const struct ike_sa *sa, struct span vid)
{
	bool unity = span_equal(vid, span_of(vid_unity, 16)), dpd = span_equal(vid, span_of(vid_dpd, 16));

	if (vid.len == 16 && vid.p[VID_MAJOR] != vid_unity[VID_MAJOR])
		act_debug(k, sa, "vendor ID seems Unity/DPD but major %u mismatch", vid.p[VID_MAJOR]);
	for (size_t m = NATT_RFC; m < N_METHODS; m++)
		if (span_equal(vid, span_of(methods[m].vid, 16)))
			act_debug(k, sa, "vendor ID is NAT-T %s", methods[m].name);
	if (dpd || unity)
		act_debug(k, sa, "vendor ID is %s", dpd ? "DPD" : "Unity");
	else if (span_equal(vid, span_of(vid_xauth, sizeof(vid_xauth))))
		act_debug(k, sa, "vendor ID is XAUTH");
	else if (frag_is_vid(vid))
		act_debug(k, sa, "vendor ID is IKE Fragmentation");
}

void natt_trace_offer(const struct ike_sa *sa)
{
	static const char *const names[] = { [NATT_RFC] = "rfc3947", [NATT_07] = "07",
					     [NATT_03] = "03", [NATT_02N] = "02" };

	for (size_t m = NATT_RFC; sa->k->cfg.nat_traversal && m < N_METHODS; m++)
		if (methods[m].offered)
			act_debug(sa->k, sa, "constructed NAT-T vendor-%s ID", names[m]);
}

enum p2_encap natt_encap(const struct ike_sa *sa)
{
	return sa->nat_here || sa->nat_there ? methods[sa->natt].encap : P2_RAW;
}

/* HASH(CKY-I | CKY-R | IP | Port), RFC 3947 section 3.2. */
static int natd_hash(const struct ike_sa *sa, const struct ipaddr *a, uint16_t port, uint8_t *out)
{
	uint8_t p[2] = { (uint8_t)(port >> 8), (uint8_t)port };
	struct span parts[] = { span_of(sa->i_cookie, 8), span_of(sa->r_cookie, 8),
				ike_addr_bytes(a), span_of(p, 2) };

	return ike_hash(sa->k->crypto, sa->agreed.hash, parts, 4, out);
}

static uint8_t natd_type(const struct ike_sa *sa)
{
	return methods[sa->natt].natd;
}

void natt_add(struct ike_builder *b, struct ike_sa *sa)
{
	size_t len = hash_info(sa->agreed.hash)->len;
	uint8_t h[IKE_MAX_HASH];

	if (!sa->k->cfg.nat_traversal || !sa->natt)
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

	if (!sa->k->cfg.nat_traversal || !sa->natt || n < 2 ||
	    natd_hash(sa, &path->local, path->local_port, mine) ||
	    natd_hash(sa, &path->remote, path->remote_port, his))
		return f;
	f.compared = true;
	f.n = n;
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

	return (struct natt_found){ now.here && before.here, now.there && before.there, now.compared,
				     now.n };
}

bool natt_crossed(const struct ike_sa *sa)
{
	uint16_t port = sa->path.remote_port;

	return sa->nat_here || sa->nat_there || (!sa->nat_compared && port != 500 && port != 4500);
}

/* As IOS tells it: what is known behind each hash. The first is ours, so that until the second comes the peer's has not
 * been met. */
static void trace_found(const struct ike_sa *sa, const struct natt_found *f)
{
	for (size_t i = 0; i < f->n; i++) {
		bool there = !i || f->there;

		act_debug(sa->k, sa, "received payload type %u", natd_type(sa));
		act_debug(sa->k, sa, "%s",
			  f->here && there ? "NAT found, both nodes inside NAT" :
			  f->here	   ? "My hash no match -  this node inside NAT" :
			  there		   ? "His hash no match - this node outside NAT" :
					     "No NAT Found for self or peer");
	}
}

void natt_commit(struct ike_sa *sa, struct natt_found f)
{
	sa->nat_compared = f.compared;
	sa->nat_here = f.here;
	sa->nat_there = f.there;
	trace_found(sa, &f);
}

static void add_original(struct ike_builder *b, uint8_t type, const struct ipaddr *a)
{
	ike_build_begin(b, type);
	wr_u8(&b->w, ike_addr_id(a->family));
	wr_zero(&b->w, 3);
	wr_span(&b->w, ike_addr_bytes(a));
	ike_build_end(b);
}

void natt_add_original(struct ike_builder *b, const struct ike_sa *sa, bool initiator)
{
	uint8_t type = methods[sa->natt].natoa;

	/* the initiator's address first */
	add_original(b, type, initiator ? &sa->path.local : &sa->path.remote);
	add_original(b, type, initiator ? &sa->path.remote : &sa->path.local);
}

static bool read_original(const struct ike_payload *p, struct ipaddr *ret)
{
	struct ike_id id;

	return p && ike_id_decode(p->body, &id) && ike_id_addr(&id, ret);
}

void natt_read_original(struct qm *q, const struct ike_payloads *pl)
{
	uint8_t type = methods[q->sa->natt].natoa, family = q->sa->path.remote.family;
	struct ipaddr i, r;

	/* the initiator's address first: ours, if we are he. What translates between families is no
	 * NAT that checksums could be mended behind. */
	if (!natt_encap(q->sa) || !read_original(ike_payload_find(pl, type, 0), &i) ||
	    !read_original(ike_payload_find(pl, type, 1), &r) || i.family != family || r.family != family)
		return;
	q->oa_his = q->initiator ? r : i;
	q->oa_own = q->initiator ? i : r;
}

static uint64_t keepalive_ms(const struct ike_sa *sa)
{
	uint32_t sec = sa->k->cfg.nat_keepalive_sec;

	return sec ? sec * UINT64_C(1000) : IKE_KEEPALIVE_MS;
}

static void keepalive_at(struct ike_sa *sa, uint64_t ms)
{
	sa->keepalive.kind = T_KEEPALIVE;
	sa->keepalive.owner = sa;
	(void)timer_arm(&sa->k->timers, &sa->keepalive, ms);
}

void natt_keepalive_start(struct ike_sa *sa)
{
	if (sa->nat_here)
		keepalive_at(sa, sa->k->now_ms + keepalive_ms(sa));
}

/* Only where nothing else has gone the same way (RFC 3948 section 4), and once for all SAs
 * with the peer. ESP is known as of the forwarder's last sample. */
void natt_keepalive_fired(struct ike_sa *sa)
{
	struct ike *k = sa->k;
	struct peer peer = peer_of_sa(sa);
	uint64_t esp_ms = pairs_last_out(k, &peer);
	uint64_t last_ms = esp_ms > sa->sent_ms ? esp_ms : sa->sent_ms;
	struct ike_path to = sa_route(sa);

	if (last_ms + keepalive_ms(sa) > k->now_ms) {
		keepalive_at(sa, last_ms + keepalive_ms(sa));
		return;
	}
	if (sa_up_of(k, NULL, &peer) == sa) {
		act_keepalive(k, &to);
		sa->sent_ms = k->now_ms;
	}
	natt_keepalive_start(sa);
}

void natt_suspect(const struct ike_sa *sa, struct span id)
{
	bool off = !sa->k->cfg.nat_traversal;
	char addr[IPADDR_STRLEN], own[IPADDR_STRLEN], sign[80];
	struct ipaddr said = sa->path.remote;
	struct ike_id his;

	if (!off && sa->natt) /* NAT-D has told */
		return;
	if (ike_id_decode(id, &his))
		(void)ike_id_addr(&his, &said);
	if (!ipaddr_equal(&said, &sa->path.remote))
		snprintf(sign, sizeof(sign), "it calls itself %s", ipaddr_ios(&said, own));
	else if (sa->path.remote_port != 500)
		snprintf(sign, sizeof(sign), "its messages come from port %u", sa->path.remote_port);
	else
		return;
	act_log(sa->k, &sa->path.remote, "CULVERT-4-NAT_IN_THE_WAY",
		"A NAT seems to be between us and %s (%s), and %s: ESP stays protocol 50 and may not "
		"pass%s",
		ipaddr_ios(&sa->path.remote, addr), sign,
		off ? "UDP encapsulation is switched off here" : "the peer does not offer NAT traversal",
		off ? " (to type: crypto ipsec nat-transparency udp-encapsulation)" : "");
}
