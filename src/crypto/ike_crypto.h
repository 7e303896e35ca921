/* SPDX-License-Identifier: Apache-2.0 */
/* The crypto of IKE messages: hash, PRF, CBC and Diffie-Hellman, by libcrypto in a
 * library context of its own (with the legacy provider for DES). Randomness is
 * handed in. Outputs are written only on success; 0 or a negative errno. One thread at
 * a time uses a struct ike_crypto; each may have its own. */
#ifndef CRYPTO_IKE_CRYPTO_H
#define CRYPTO_IKE_CRYPTO_H

#include "crypto/alg.h"

#define IKE_MAX_HASH 64  /* bytes, SHA-512 */
#define IKE_MAX_DH   512 /* bytes, group 16 */
#define IKE_DH_SEED  74	 /* bytes: 521 bits, and 64 more to be uniform */

struct ike_crypto;
struct ike_dh;

struct ike_crypto *ike_crypto_new(void); /* NULL without memory */
void ike_crypto_free(struct ike_crypto *c);

/* Digest of the parts one after the other; out has hash_info(h)->len bytes. */
int ike_hash(struct ike_crypto *c, enum hash_id h, const struct span *parts, size_t n,
	     uint8_t *out);
/* HMAC under key: the PRF of RFC 2409 section 4. */
int ike_prf(struct ike_crypto *c, enum hash_id h, struct span key, const struct span *parts,
	    size_t n, uint8_t *out);
/* CBC in place over len bytes, a multiple of the block. iv is read only. */
int ike_cbc(struct ike_crypto *c, const struct cipher_info *cipher, const uint8_t *key,
	    const uint8_t *iv, uint8_t *buf, size_t len, bool encrypt);

/* Bytes of a public value of the group (a curve's is x and y) and of the secret that
 * two of them make (a curve's is x alone: RFC 5903 section 7); 0: no such group. */
size_t ike_dh_len(unsigned group);
size_t ike_dh_secret_len(unsigned group);
/* Random bytes that a private number of the group is made of, at most IKE_DH_SEED: it is
 * that number as plain data. 0: no such group. */
size_t ike_dh_seed_len(unsigned group);
/* The key pair of a seed, for groups 1, 2, 5, 14, 15, 16, 19, 20, 21 and 24 (RFC 2409
 * section 6, RFC 3526, RFC 5903, RFC 5114). -EINVAL: no such group. */
int ike_dh_new(struct ike_crypto *c, unsigned group, const uint8_t *seed, struct ike_dh **ret_dh);
/* The same without its public value, which costs as much as a secret. */
int ike_dh_load(struct ike_crypto *c, unsigned group, const uint8_t *seed, struct ike_dh **ret_dh);
void ike_dh_free(struct ike_dh *dh); /* wipes the exponent; NULL is fine */
struct span ike_dh_public(const struct ike_dh *dh);
/* The shared secret of ike_dh_secret_len() bytes, leading zeros kept. -EINVAL for a
 * public value of a wrong length, outside 1 < y < p - 1, outside the subgroup of
 * group 24, or off the curve. */
int ike_dh_shared(struct ike_dh *dh, struct span peer, uint8_t *out);

#endif
