/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets as Cisco stores them. Types 8 and 9 are "$8$SALT$HASH" and "$9$SALT$HASH": 14
 * characters of salt, which are hashed as they stand, and 32 bytes in base64 without padding
 * whose digits are ./0-9A-Za-z. Type 8 is PBKDF2 with SHA-256 and 20000 rounds, type 9 scrypt
 * with N 16384, r 1, p 1; type 5 is md5crypt, which libcrypt has. A hash takes some ten
 * milliseconds: whoever has a loop that others wait for has a thread compute it (login_work.h). */
#ifndef CONTROL_SECRET_HASH_H
#define CONTROL_SECRET_HASH_H

#include "model/config.h"

#define SECRET_SALT_LEN 14
#define SECRET_SALT_RANDOM 14 /* bytes that a salt is made of */

/* The text of clear hashed as type (MD5, PBKDF2, SCRYPT) with a salt out of random bytes. 0;
 * -EINVAL (no such type), -ENOMEM, -EIO (the library failed: FIPS, for instance). */
int secret_hash(uint8_t type, const char *clear, const uint8_t random[SECRET_SALT_RANDOM],
		char ret_text[CFG_SECRET_MAX]);
/* Whether clear is the secret. The hashes are compared in constant time; a text that is none
 * of its type fits nothing. */
bool secret_fits(const struct cfg_secret *s, const char *clear);

#endif
