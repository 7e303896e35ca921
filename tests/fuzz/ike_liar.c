/* SPDX-License-Identifier: Apache-2.0 */
#include "ike_liar.h"

#include <stdlib.h>
#include <string.h>

struct span __real_msg_encrypt(struct ike_sa *sa, struct ike_builder *b, uint8_t *iv);
struct span __wrap_msg_encrypt(struct ike_sa *sa, struct ike_builder *b, uint8_t *iv);

struct ike *liar;
struct told told;
uint8_t told_in[6];

/* What befalls the next message that core 1 encrypts. */
enum lie { TRUTH = 0, FLIP, APPEND, CUT, SWAP_TYPE };
static struct {
	uint8_t what, at, value;
	bool mend; /* the hash is made anew */
	struct span bytes;
} lie;

void lie_begin(void)
{
	lie.what = TRUTH;
	memset(told_in, 0, sizeof(told_in));
}

void lie_prepare(struct rd *r)
{
	uint8_t b = rd_u8(r);

	lie.what = (uint8_t)(1 + b % 4);
	lie.mend = b & 0x80;
	lie.at = rd_u8(r);
	lie.value = rd_u8(r);
	lie.bytes = (struct span){ 0 };
	if (lie.what == APPEND) {
		size_t n = rd_u8(r);
		lie.bytes = rd_take(r, n < rd_left(r) ? n : rd_left(r));
	}
}

static struct qm *qm_of(struct ike_sa *sa, uint32_t msgid)
{
	struct qm *q;

	TAILQ_FOREACH(q, &sa->qms, entry)
	if (q->msgid == msgid)
		return q;
	return NULL;
}

/* HASH(1) and HASH(2) over what stands behind them now (RFC 2409 section 5.5); HASH(3)
 * covers nothing behind it. */
static void mend_hashed(struct ike_sa *sa, struct ike_builder *b, uint32_t msgid)
{
	size_t len = sa->keys.len, from = IKE_HEADER + 4 + len;
	struct qm *q = b->buf[18] == EX_QUICK ? qm_of(sa, msgid) : NULL;
	uint8_t id[4] = { (uint8_t)(msgid >> 24), (uint8_t)(msgid >> 16), (uint8_t)(msgid >> 8),
			  (uint8_t)msgid };
	struct span parts[] = { span_of(id, 4), q && !q->initiator ? q->ni : (struct span){ 0 },
				span_of(b->buf + from, wr_len(&b->w) - from) };

	if (q && q->initiator && q->nr.len)
		return;
	if (ike_prf(sa->k->crypto, sa->agreed.hash, span_of(sa->keys.a, len), parts, 3,
		    b->buf + IKE_HEADER + 4))
		abort();
	memcpy(told_in, b->buf + 18, sizeof(told_in));
	told.quick += b->buf[18] == EX_QUICK;
	told.info += b->buf[18] != EX_QUICK;
}

/* The proof of an identity that was changed: it follows ID, or stands last. */
static void mend_proof(struct ike_sa *sa, struct ike_builder *b)
{
	struct ike_payloads pl;
	uint8_t hash[IKE_MAX_HASH];
	bool i = sa->initiator;

	if (!ike_payloads_decode(b->buf[16],
				 span_of(b->buf + IKE_HEADER, wr_len(&b->w) - IKE_HEADER), &pl))
		return;
	const struct ike_payload *id = ike_payload_find(&pl, PL_ID, 0);
	const struct ike_payload *proof = ike_payload_find(&pl, PL_HASH, 0);
	proof = proof ? proof : ike_payload_find(&pl, PL_SIG, 0);
	if (!id || !proof || proof->body.len != sa->keys.len || !sa->ke_i.len)
		return;
	if (!keying_hash_ir(sa->k->crypto, sa->agreed.hash, &sa->keys, i ? sa->ke_i : sa->ke_r,
			    i ? sa->ke_r : sa->ke_i, i ? sa->i_cookie : sa->r_cookie,
			    i ? sa->r_cookie : sa->i_cookie, sa->sai_b, id->body, hash)) {
		memcpy(b->buf + (proof->body.p - b->buf), hash, sa->keys.len);
		memcpy(told_in, b->buf + 18, sizeof(told_in));
		told.phase1++;
	}
}

static void change(struct ike_builder *b, size_t from)
{
	size_t len = wr_len(&b->w), at = from + lie.at;

	switch (lie.what) {
	case FLIP:
		if (at < len)
			b->buf[at] ^= lie.value;
		break;
	case SWAP_TYPE: /* the first payload that may be changed is another one */
		b->buf[from == IKE_HEADER ? 16 : IKE_HEADER] = lie.value;
		break;
	case CUT:
		if (len > from && lie.at && lie.at < len - from)
			b->w.p -= lie.at;
		break;
	default: /* one more payload */
		b->buf[b->next_at] = lie.value;
		wr_u8(&b->w, lie.at & 0x80 ? lie.value : PL_NONE);
		wr_u8(&b->w, 0);
		wr_be16(&b->w, (uint16_t)(4 + lie.bytes.len));
		wr_span(&b->w, lie.bytes);
		break;
	}
}

struct span __wrap_msg_encrypt(struct ike_sa *sa, struct ike_builder *b, uint8_t *iv)
{
	bool phase1 = b->buf[18] == EX_MAIN || b->buf[18] == EX_AGGRESSIVE;
	uint32_t msgid = (uint32_t)b->buf[20] << 24 | (uint32_t)b->buf[21] << 16 |
			 (uint32_t)b->buf[22] << 8 | b->buf[23];

	if (sa->k == liar && lie.what && !b->w.bad) {
		size_t from = IKE_HEADER + (phase1 ? 0 : 4 + sa->keys.len);

		if (wr_len(&b->w) >= from)
			change(b, from);
		if (lie.mend && phase1)
			mend_proof(sa, b);
		else if (lie.mend && wr_len(&b->w) >= from)
			mend_hashed(sa, b, msgid);
		lie.what = TRUTH;
	}
	return __real_msg_encrypt(sa, b, iv);
}
