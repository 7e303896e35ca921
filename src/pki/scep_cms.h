/* SPDX-License-Identifier: Apache-2.0 */
/* The room's own: bytes of a stranger as a CMS object, and the certificates in one. */
#ifndef PKI_SCEP_CMS_H
#define PKI_SCEP_CMS_H

#include <openssl/cms.h>

#include "pki/internal.h"

/* The whole of der, at most SCEP_ANSWER_MAX bytes, as one ContentInfo; NULL. */
CMS_ContentInfo *scep_cms_read(struct pki *p, struct span der);
/* The certificates of a SignedData, PKI_CHAIN_MAX at most. -EBADMSG, -E2BIG, -ENOMEM with
 * a sentence; then none are there. */
int scep_cms_certs(struct pki *p, struct span der, struct pki_cert *ret_certs[PKI_CHAIN_MAX],
		   size_t *ret_n, char why[PKI_WHY_MAX]);
struct span scep_bio_span(BIO *b); /* what a memory BIO holds, as long as it does */

#endif
