/* SPDX-License-Identifier: Apache-2.0 */
/* Encryption of whole messages (RFC 2409 section 5 and appendix B). */
#include "ike/internal.h"

#include <string.h>

void msg_header(const struct ike_sa *sa, uint8_t exchange, uint8_t flags, uint32_t msgid,
		struct ike_header *ret)
{
	struct ike_header h = { .exchange = exchange, .flags = flags, .msgid = msgid };

	memcpy(h.i_cookie, sa->i_cookie, 8);
	memcpy(h.r_cookie, sa->r_cookie, 8);
	*ret = h;
}

struct span msg_encrypt(struct ike_sa *sa, struct ike_builder *b, uint8_t *iv)
{
	size_t block = sa->cipher->block_len;
	size_t body = wr_len(&b->w) - IKE_HEADER;

	wr_zero(&b->w, (block - body % block) % block);
	struct span d = ike_build_done(b);
	if (!d.len)
		return d;
	body = d.len - IKE_HEADER;
	if (ike_cbc(sa->k->crypto, sa->cipher, sa->key, iv, b->buf + IKE_HEADER, body, true))
		return (struct span){ 0 };
	memcpy(iv, b->buf + d.len - block, block);
	act_debug_engine(sa->k, sa, "Encrypt IKE packet");
	sa->encrypts++;
	sa->sent_ms = sa->k->now_ms;
	sa_count(sa, body);
	return d;
}

bool msg_decrypt(struct ike_sa *sa, struct span d, uint8_t *iv, uint8_t *buf, struct span *ret)
{
	size_t block = sa->cipher->block_len;
	struct rd r = rd_span(d);

	rd_skip(&r, IKE_HEADER);
	struct span body = rd_take(&r, rd_left(&r));
	if (r.bad || !body.len || body.len % block || body.len > IKE_MAX_MESSAGE)
		return false;
	memcpy(buf, body.p, body.len);
	if (ike_cbc(sa->k->crypto, sa->cipher, sa->key, iv, buf, body.len, false))
		return false;
	memcpy(iv, body.p + body.len - block, block);
	act_debug_engine(sa->k, sa, "Decrypt IKE packet");
	if (!work_is_quiet(sa->k)) { /* it was counted when it came */
		sa->decrypts++;
		sa_count(sa, body.len);
	}
	*ret = span_of(buf, body.len);
	return true;
}
