/* SPDX-License-Identifier: Apache-2.0 */
/* Names of algorithms as plain data. What they mean - IKE and ESP numbers, key,
 * block, IV and ICV sizes - stands in crypto/alg.h. */
#ifndef MODEL_ALG_ID_H
#define MODEL_ALG_ID_H

/* Ciphers of IKE and ESP; the key length in bits travels beside it, since IOS
 * writes `aes 256` and the wire carries a Key Length attribute. */
enum cipher_id {
	CIPHER_UNSET = 0, /* no ESP cipher: an AH-only set */
	CIPHER_NULL,
	CIPHER_DES,
	CIPHER_3DES,
	CIPHER_AES_CBC,
	CIPHER_AES_GCM, /* 16-byte ICV, RFC 4106 */
	CIPHER_AES_GMAC,
	CIPHER_AES_CTR,		  /* RFC 3686; IOS has no word for it */
	CIPHER_CHACHA20_POLY1305, /* RFC 7634; IKEv1 has no number for it */
};

/* Integrity algorithms of ESP and AH, truncated as their RFCs say. */
enum auth_id {
	AUTH_NONE = 0,
	AUTH_HMAC_MD5_96,     /* RFC 2403 */
	AUTH_HMAC_SHA1_96,    /* RFC 2404 */
	AUTH_HMAC_SHA256_128, /* RFC 4868 */
	AUTH_HMAC_SHA384_192,
	AUTH_HMAC_SHA512_256,
	AUTH_AES_XCBC_96,     /* RFC 3566; IOS has no word for it */
};

/* IKE phase 1 hash, whose HMAC is the PRF (RFC 2409 section 4). */
enum hash_id { HASH_UNSET = 0, HASH_MD5, HASH_SHA1, HASH_SHA256, HASH_SHA384, HASH_SHA512 };

/* IKE authentication method (RFC 2409 appendix A). */
enum ike_auth_id { IKE_AUTH_UNSET = 0, IKE_AUTH_PSK = 1, IKE_AUTH_RSA_SIG = 3, IKE_AUTH_RSA_ENC = 4 };

enum ipsec_proto { PROTO_NONE = 0, PROTO_ESP = 50, PROTO_AH = 51 };

enum ipsec_mode { MODE_TUNNEL = 1, MODE_TRANSPORT = 2 }; /* RFC 2407 section 4.5 */

/* Diffie-Hellman groups are their IANA numbers (1, 2, 5, 14, ...); 0 is none. */

#endif
