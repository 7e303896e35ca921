/* SPDX-License-Identifier: Apache-2.0 */
/* Extended sequence numbers (RFC 4303 sections 2.2.1 and 2.8): their upper half travels in
 * no packet, but the ICV covers it. While the crypto runs it stands where the algorithm
 * wants it, in the bytes around the packet. */
#ifndef IPSEC_ESN_H
#define IPSEC_ESN_H

#include "ipsec/sa.h"
#include "packet/pkt.h"

/* Puts the upper half into what job j of p covers, which begins with the ESP header. Inbound
 * the ICV moves to icv (CRYPTO_MAX_ICV bytes) if its place is needed; outbound icv is its
 * place. False if there is no room in front. */
bool esn_cover(struct pkt *p, const struct sa *sa, struct crypto_job *j, uint32_t high,
	       uint8_t *icv);
/* Makes the bytes around the ESP header what they were, once the job has run. */
void esn_uncover(struct pkt *p, const struct sa *sa, const struct crypto_job *j);

#endif
