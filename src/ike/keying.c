/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/keying.h"

#include <errno.h>
#include <string.h>

#include "base/secret.h"
#include "base/wr.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

int keying_derive(struct ike_crypto *c, enum hash_id h, struct span gxy, const uint8_t cky_i[8],
		  const uint8_t cky_r[8], struct skeyids *s)
{
	struct span i8 = span_of(cky_i, 8), r8 = span_of(cky_r, 8);
	struct span key = span_of(s->skeyid, s->len);
	struct span d[] = { gxy, i8, r8, span_of("\0", 1) };
	struct span a[] = { span_of(s->d, s->len), gxy, i8, r8, span_of("\1", 1) };
	struct span e[] = { span_of(s->a, s->len), gxy, i8, r8, span_of("\2", 1) };
	int err = ike_prf(c, h, key, d, COUNT(d), s->d);

	if (!err)
		err = ike_prf(c, h, key, a, COUNT(a), s->a);
	return err ? err : ike_prf(c, h, key, e, COUNT(e), s->e);
}

int keying_psk(struct ike_crypto *c, enum hash_id h, struct span psk, struct span ni,
	       struct span nr, struct span gxy, const uint8_t cky_i[8], const uint8_t cky_r[8],
	       struct skeyids *ret)
{
	const struct hash_info *info = hash_info(h);
	struct span nonces[] = { ni, nr };
	struct skeyids s = { 0 };
	int err;

	if (!info)
		return -EINVAL;
	s.len = info->len;
	err = ike_prf(c, h, psk, nonces, COUNT(nonces), s.skeyid);
	if (!err)
		err = keying_derive(c, h, gxy, cky_i, cky_r, &s);
	if (!err)
		*ret = s;
	secret_wipe(&s, sizeof(s));
	return err;
}

int keying_signature(struct ike_crypto *c, enum hash_id h, struct span ni, struct span nr,
		     struct span gxy, const uint8_t cky_i[8], const uint8_t cky_r[8],
		     struct skeyids *ret)
{
	const struct hash_info *info = hash_info(h);
	uint8_t key[2 * KEYING_NONCE_MAX];
	struct skeyids s = { 0 };
	int err;

	if (!info || ni.len > KEYING_NONCE_MAX || nr.len > KEYING_NONCE_MAX)
		return -EINVAL;
	struct wr w = wr_of(key, sizeof(key));
	wr_span(&w, ni);
	wr_span(&w, nr);
	s.len = info->len;
	err = ike_prf(c, h, wr_done(&w), &gxy, 1, s.skeyid);
	if (!err)
		err = keying_derive(c, h, gxy, cky_i, cky_r, &s);
	if (!err)
		*ret = s;
	secret_wipe(key, sizeof(key));
	secret_wipe(&s, sizeof(s));
	return err;
}

int keying_encryption(struct ike_crypto *c, enum hash_id h, struct span ni, struct span nr,
		      struct span gxy, const uint8_t cky_i[8], const uint8_t cky_r[8],
		      struct skeyids *ret)
{
	const struct hash_info *info = hash_info(h);
	struct span nonces[] = { ni, nr }, cookies[] = { span_of(cky_i, 8), span_of(cky_r, 8) };
	uint8_t key[IKE_MAX_HASH];
	struct skeyids s = { 0 };
	int err;

	if (!info)
		return -EINVAL;
	s.len = info->len;
	err = ike_hash(c, h, nonces, COUNT(nonces), key);
	if (!err)
		err = ike_prf(c, h, span_of(key, s.len), cookies, COUNT(cookies), s.skeyid);
	if (!err)
		err = keying_derive(c, h, gxy, cky_i, cky_r, &s);
	if (!err)
		*ret = s;
	secret_wipe(key, sizeof(key));
	secret_wipe(&s, sizeof(s));
	return err;
}

/* The weak and semi-weak DES keys (RFC 2409 appendix A), parity bits cleared. */
static bool des_key_is_weak(const uint8_t *k)
{
	static const uint8_t weak[][8] = {
		{ 0, 0, 0, 0, 0, 0, 0, 0 },
		{ 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe },
		{ 0x1e, 0x1e, 0x1e, 0x1e, 0x0e, 0x0e, 0x0e, 0x0e },
		{ 0xe0, 0xe0, 0xe0, 0xe0, 0xf0, 0xf0, 0xf0, 0xf0 },
		{ 0x00, 0xfe, 0x00, 0xfe, 0x00, 0xfe, 0x00, 0xfe },
		{ 0xfe, 0x00, 0xfe, 0x00, 0xfe, 0x00, 0xfe, 0x00 },
		{ 0x1e, 0xe0, 0x1e, 0xe0, 0x0e, 0xf0, 0x0e, 0xf0 },
		{ 0xe0, 0x1e, 0xe0, 0x1e, 0xf0, 0x0e, 0xf0, 0x0e },
		{ 0x00, 0xe0, 0x00, 0xe0, 0x00, 0xf0, 0x00, 0xf0 },
		{ 0xe0, 0x00, 0xe0, 0x00, 0xf0, 0x00, 0xf0, 0x00 },
		{ 0x1e, 0xfe, 0x1e, 0xfe, 0x0e, 0xfe, 0x0e, 0xfe },
		{ 0xfe, 0x1e, 0xfe, 0x1e, 0xfe, 0x0e, 0xfe, 0x0e },
		{ 0x00, 0x1e, 0x00, 0x1e, 0x00, 0x0e, 0x00, 0x0e },
		{ 0x1e, 0x00, 0x1e, 0x00, 0x0e, 0x00, 0x0e, 0x00 },
		{ 0xe0, 0xfe, 0xe0, 0xfe, 0xf0, 0xfe, 0xf0, 0xfe },
		{ 0xfe, 0xe0, 0xfe, 0xe0, 0xfe, 0xf0, 0xfe, 0xf0 },
	};
	bool hit = false;

	for (size_t i = 0; i < COUNT(weak); i++) {
		uint8_t diff = 0;

		for (size_t b = 0; b < 8; b++)
			diff = (uint8_t)(diff | ((k[b] ^ weak[i][b]) & 0xfe));
		hit |= diff == 0;
	}
	return hit;
}

int keying_cipher_key(struct ike_crypto *c, enum hash_id h, const struct skeyids *s,
		      const struct cipher_info *cipher, uint8_t *ret_key)
{
	uint8_t k[3 * IKE_MAX_HASH];
	struct span key = span_of(s->e, s->len);
	size_t have = s->len, at = 0;
	int err = 0;

	if (cipher->key_len <= s->len) {
		memcpy(k, s->e, s->len);
	} else {
		/* Ka = K1 | K2 | ..., K1 = prf(SKEYID_e, 0), Kn = prf(SKEYID_e, Kn-1) */
		struct span in = span_of("\0", 1);

		for (have = 0; !err && have < cipher->key_len; have += s->len) {
			err = ike_prf(c, h, key, &in, 1, k + have);
			in = span_of(k + have, s->len);
		}
	}
	/* appendix B: DES takes the first eight bytes that are no weak key */
	while (!err && cipher->id == CIPHER_DES && at + 16 <= have && des_key_is_weak(k + at))
		at += 8;
	if (!err)
		memcpy(ret_key, k + at, cipher->key_len);
	secret_wipe(k, sizeof(k));
	return err;
}

static int iv_from(struct ike_crypto *c, enum hash_id h, const struct span parts[2], size_t block,
		   uint8_t *ret_iv)
{
	uint8_t out[IKE_MAX_HASH];
	int err = ike_hash(c, h, parts, 2, out);

	if (!err)
		memcpy(ret_iv, out, block);
	secret_wipe(out, sizeof(out));
	return err;
}

int keying_iv1(struct ike_crypto *c, enum hash_id h, struct span gxi, struct span gxr, size_t block,
	       uint8_t *ret_iv)
{
	struct span parts[] = { gxi, gxr };

	return iv_from(c, h, parts, block, ret_iv);
}

int keying_iv2(struct ike_crypto *c, enum hash_id h, const uint8_t *last, size_t block,
	       uint32_t msgid, uint8_t *ret_iv)
{
	uint8_t id[4];
	struct wr w = wr_of(id, sizeof(id));

	wr_be32(&w, msgid);
	struct span parts[] = { span_of(last, block), span_of(id, 4) };
	return iv_from(c, h, parts, block, ret_iv);
}

int keying_hash_ir(struct ike_crypto *c, enum hash_id h, const struct skeyids *s, struct span gx_own,
		   struct span gx_other, const uint8_t cky_own[8], const uint8_t cky_other[8],
		   struct span sai_b, struct span id_b, uint8_t *ret_hash)
{
	struct span parts[] = { gx_own, gx_other, span_of(cky_own, 8), span_of(cky_other, 8),
				sai_b, id_b };

	return ike_prf(c, h, span_of(s->skeyid, s->len), parts, COUNT(parts), ret_hash);
}

int keying_keymat(struct ike_crypto *c, enum hash_id h, const struct skeyids *s, struct span gqm,
		  uint8_t proto, uint32_t spi, struct span ni, struct span nr, uint8_t *ret, size_t n)
{
	uint8_t head[5], k[IKE_MAX_HASH], out[2 * SA_KEYMAT_MAX];
	struct wr w = wr_of(head, sizeof(head));
	struct span prev = { 0 };
	size_t have = 0;
	int err = 0;

	if (n > SA_KEYMAT_MAX)
		return -EINVAL;
	wr_u8(&w, proto);
	wr_be32(&w, spi);
	while (!err && have < n) {
		struct span parts[] = { prev, gqm, span_of(head, sizeof(head)), ni, nr };

		err = ike_prf(c, h, span_of(s->d, s->len), parts, COUNT(parts), k);
		memcpy(out + have, k, s->len);
		prev = span_of(k, s->len);
		have += s->len;
	}
	if (!err)
		memcpy(ret, out, n);
	secret_wipe(k, sizeof(k));
	secret_wipe(out, sizeof(out));
	return err;
}
