/* SPDX-License-Identifier: Apache-2.0 */
/* A CRL's times, for a cache. */
#include "pki/internal.h"

#include <errno.h>
#include <openssl/err.h>
#include <time.h>

static bool seconds(const ASN1_TIME *t, int64_t *ret_sec)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(t, &tm) != 1)
		return false;
	*ret_sec = (int64_t)timegm(&tm);
	return true;
}

bool pki_crl_times(struct pki *p, struct span der, int64_t *ret_this, int64_t *ret_next)
{
	const unsigned char *at = der.p;
	X509_CRL *crl = der.len && der.len <= PKI_CRL_BYTES ? X509_CRL_new_ex(p->lib, NULL) : NULL;
	int64_t from = 0, to = 0;
	bool ok = crl && d2i_X509_CRL(&crl, &at, (long)der.len) && at == der.p + der.len &&
		  X509_CRL_get0_lastUpdate(crl) && seconds(X509_CRL_get0_lastUpdate(crl), &from);

	if (ok && X509_CRL_get0_nextUpdate(crl))
		ok = seconds(X509_CRL_get0_nextUpdate(crl), &to);
	X509_CRL_free(crl);
	ERR_clear_error();
	if (ok) {
		*ret_this = from;
		*ret_next = to;
	}
	return ok;
}
