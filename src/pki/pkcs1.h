/* SPDX-License-Identifier: Apache-2.0 */
/* The block format of RSA encryption (RFC 8017 section 7.2, EME-PKCS1-v1_5), taken
 * off without telling anybody whether it was right. */
#ifndef PKI_PKCS1_H
#define PKI_PKCS1_H

#include <stddef.h>
#include <stdint.h>

#define PKCS1_MIN_PAD 11 /* 00 02, eight bytes that are not zero, 00 */

/* em has k bytes (k >= PKCS1_MIN_PAD): what the private key made of a message. If it is well formed and
 * its message has between min and max bytes, these go to out and their number to
 * *ret_len; if not, the first alt_len bytes of alt do (both have max bytes, all of out is
 * written, max <= k - PKCS1_MIN_PAD). Which of both it was shows neither in the time that this
 * takes nor in the addresses that it touches: both depend on k and max alone. */
void pkcs1_unpad(const uint8_t *em, size_t k, const uint8_t *alt, size_t alt_len, size_t min,
		 size_t max, uint8_t *out, size_t *ret_len);

#endif
