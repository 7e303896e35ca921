/* SPDX-License-Identifier: Apache-2.0 */
/* The one algorithm table: what every algorithm is called in IKE, ESP and IOS
 * and how long its keys, blocks, IVs and ICVs are. All sizes are bytes. */
#ifndef CRYPTO_ALG_H
#define CRYPTO_ALG_H

#include "model/alg_id.h"
#include "base/span.h"

/* Bytes under one key of a cipher with blocks of 8: of 2^32 blocks, 32 GiB, two are likely to
 * be alike, and betray texts. A GiB less. */
#define CIPHER_SMALL_BLOCK_MAX ((UINT64_C(1) << 35) - (UINT64_C(1) << 30))

struct cipher_info {
	enum cipher_id id;
	uint16_t bits;	    /* as configured: 0 where the algorithm has one size */
	uint8_t ike_id;	    /* RFC 2409 appendix A; 0: not for IKE */
	uint8_t esp_id;	    /* RFC 2407 section 4.4.4; 0: not for ESP */
	bool esp_key_attr;  /* the Key Length attribute is sent and required */
	bool combined;	    /* encrypts and authenticates: no authenticator beside it */
	bool counter;	    /* an IV twice under one key betrays texts: a counter makes it, and
			     * the key is never one that somebody typed (RFC 4106 section 2) */
	uint8_t key_len;    /* bytes of keying material, without salt */
	uint8_t salt_len;   /* bytes of KEYMAT after the key (RFC 4106 section 8.1) */
	uint8_t block_len;  /* plaintext is padded to this (RFC 4303 section 2.4) */
	uint8_t iv_len;	    /* bytes of IV in each packet */
	uint8_t icv_len;    /* combined modes: bytes of ICV */
	bool weak;	    /* named as weak where it is configured */
	const char *ios_show; /* `esp-256-aes`: in show output */
	const char *ios_conf; /* `esp-aes 256`: in configuration, if ios */
	bool ios;	      /* IOS has a word that configures it */
	const char *name;   /* `AES-CBC`: in logs */
};

struct auth_info {
	enum auth_id id;
	enum hash_id hash;  /* of an HMAC; HASH_UNSET: a MAC by AES */
	uint8_t ipsec_attr; /* RFC 2407 section 4.5 Authentication Algorithm */
	uint8_t ah_id;	    /* RFC 2407 section 4.4.3 AH transform */
	uint8_t key_len;    /* RFC 2403/2404/4868: the hash's length */
	uint8_t icv_len;
	bool weak;
	bool ios; /* IOS has words that configure it */
	const char *ios_esp; /* `esp-sha-hmac` */
	const char *ios_ah;  /* `ah-sha-hmac` */
};

struct hash_info {
	enum hash_id id;
	uint8_t ike_id; /* RFC 2409 appendix A, IANA ipsec registry for SHA-2 */
	uint8_t len;	/* bytes of digest, which is the PRF's output too */
	uint8_t block_len;
	bool weak;
	const char *evp;  /* libcrypto's name */
	const char *name; /* `SHA` as IOS's debug prints it */
};

/* NULL if there is no such algorithm (or no such key size). */
const struct cipher_info *cipher_info(enum cipher_id id, unsigned bits);
const struct cipher_info *cipher_by_ike(unsigned ike_id, unsigned bits);
const struct cipher_info *cipher_by_esp(unsigned esp_id, unsigned bits);
const struct auth_info *auth_info(enum auth_id id);
const struct auth_info *auth_by_attr(unsigned ipsec_attr);
const struct hash_info *hash_info(enum hash_id id);
const struct hash_info *hash_by_ike(unsigned ike_id);

#endif
