/* SPDX-License-Identifier: Apache-2.0 */
/* Between esp_out.c and esp_in.c; nobody else includes this. */
#ifndef IPSEC_ESP_JOB_H
#define IPSEC_ESP_JOB_H

#include "ipsec/esp.h"

enum { AT_PAYLOAD_LEN = 4 }; /* in an IPv6 header */

extern const uint8_t esp_padding[UINT8_MAX]; /* RFC 4303 section 2.4: 1, 2, 3, ... */

/* What the cipher and the MAC work on. GMAC (RFC 4543 section 3) leaves the text
 * as it is and covers it, with the header and IV, like a MAC. */
static inline void set_job(struct crypto_job *j, const struct sa *sa, uint8_t *head, size_t text_len)
{
	bool gmac = sa->cipher->id == CIPHER_AES_GMAC;
	uint8_t *iv = head + ESP_HEADER, *text = iv + sa->iv_len;

	j->key = sa->key;
	j->text = text;
	j->iv = iv;
	j->auth = head;
	j->icv = text + text_len;
	j->text_len = gmac ? 0 : (uint32_t)text_len;
	j->auth_len = sa->cipher->combined && !gmac ? ESP_HEADER :
						      (uint32_t)(ESP_HEADER + sa->iv_len + text_len);
}

static inline uint64_t next_number(struct sa *sa)
{
	if (!++sa->seq && sa->spec.esn)
		sa->seq_high++;
	return sa->number;
}

#endif
