/* SPDX-License-Identifier: Apache-2.0 */
/* Key derivation of IKEv1 (RFC 2409 section 5, appendix B) as pure functions.
 * 0 or a negative errno; outputs only on success. */
#ifndef IKE_KEYING_H
#define IKE_KEYING_H

#define SA_KEYMAT_MAX	 128 /* bytes: the longest cipher key and authenticator key */
#define KEYING_NONCE_MAX 256 /* bytes (RFC 2409 section 5) */

#include "crypto/ike_crypto.h"

struct skeyids {
	uint8_t len; /* bytes of each: the hash's */
	uint8_t skeyid[IKE_MAX_HASH], d[IKE_MAX_HASH], a[IKE_MAX_HASH], e[IKE_MAX_HASH];
};

/* SKEYID_d, SKEYID_a and SKEYID_e out of s->skeyid (and s->len), which every method of
 * authentication makes in its own way. */
int keying_derive(struct ike_crypto *c, enum hash_id h, struct span gxy, const uint8_t cky_i[8],
		  const uint8_t cky_r[8], struct skeyids *s);
/* SKEYID for pre-shared keys and what is derived from it. */
int keying_psk(struct ike_crypto *c, enum hash_id h, struct span psk, struct span ni,
	       struct span nr, struct span gxy, const uint8_t cky_i[8], const uint8_t cky_r[8],
	       struct skeyids *ret);
/* The same for signatures, whose SKEYID is prf(Ni_b | Nr_b, g^xy); -EINVAL for a nonce
 * longer than KEYING_NONCE_MAX. */
int keying_signature(struct ike_crypto *c, enum hash_id h, struct span ni, struct span nr,
		     struct span gxy, const uint8_t cky_i[8], const uint8_t cky_r[8],
		     struct skeyids *ret);
/* And for public key encryption: prf(hash(Ni_b | Nr_b), CKY-I | CKY-R). */
int keying_encryption(struct ike_crypto *c, enum hash_id h, struct span ni, struct span nr,
		      struct span gxy, const uint8_t cky_i[8], const uint8_t cky_r[8],
		      struct skeyids *ret);
/* The cipher key out of SKEYID_e (appendix B: expansion, weak DES keys). */
int keying_cipher_key(struct ike_crypto *c, enum hash_id h, const struct skeyids *s,
		      const struct cipher_info *cipher, uint8_t *ret_key);
/* Phase 1 IV: hash(g^xi | g^xr); later ones: hash(last block | message id). */
int keying_iv1(struct ike_crypto *c, enum hash_id h, struct span gxi, struct span gxr,
	       size_t block, uint8_t *ret_iv);
int keying_iv2(struct ike_crypto *c, enum hash_id h, const uint8_t *last, size_t block,
	       uint32_t msgid, uint8_t *ret_iv);
/* HASH_I (initiator true) or HASH_R; gx, cky of the hash's owner come first. */
int keying_hash_ir(struct ike_crypto *c, enum hash_id h, const struct skeyids *s, struct span gx_own,
		   struct span gx_other, const uint8_t cky_own[8], const uint8_t cky_other[8],
		   struct span sai_b, struct span id_b, uint8_t *ret_hash);
/* KEYMAT of one SA, n bytes (section 5.5); gqm is empty without PFS. */
int keying_keymat(struct ike_crypto *c, enum hash_id h, const struct skeyids *s, struct span gqm,
		  uint8_t proto, uint32_t spi, struct span ni, struct span nr, uint8_t *ret, size_t n);

#endif
