/* SPDX-License-Identifier: Apache-2.0 */
/* IOS's type 6 texts: a secret encrypted by the router's master key. The format is the
 * published one (Cisco's "Type-6-Password-Encode"):
 *   K    = MD5(master key)
 *   Ke   = AES-128(K, salt || 0000000000000001), Ka = AES-128(K, salt || 0000000000000000)
 *   C    = (secret || NUL) xor AES-128(Ke, 0 0 0 j 0 ... 0), j = 0, 1, ...
 *   text = base 41 of salt(8) || C || the first 4 bytes of HMAC-SHA1(Ka, C)
 * It hides keys from who reads a file; K is not stretched and the MAC is short, so a short
 * master key can be guessed offline. */
#ifndef CRYPTO_TYPE6_H
#define CRYPTO_TYPE6_H

#include <stddef.h>
#include <stdint.h>

#define TYPE6_SALT	 8
#define TYPE6_SECRET_MAX 128
#define TYPE6_TEXT_MAX	 217 /* of a text, with the NUL */

/* 0; -E2BIG (secret is too long), -EIO (libcrypto failed: no MD5 in its providers). */
int type6_encrypt(const char *master, const char *secret, const uint8_t salt[TYPE6_SALT],
		  char ret_text[TYPE6_TEXT_MAX]);
/* 0; -EBADMSG (no type 6 text), -EACCES (another master key made it, or it was changed),
 * -EIO. ret_secret is written on success only. */
int type6_decrypt(const char *master, const char *text, char ret_secret[TYPE6_SECRET_MAX + 1]);

#endif
