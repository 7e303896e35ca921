/* SPDX-License-Identifier: Apache-2.0 */
/* The room's own header: what libcrypto calls our objects. */
#ifndef PKI_INTERNAL_H
#define PKI_INTERNAL_H

#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/x509v3.h>

#include "pki/pki.h"

struct pki {
	OSSL_LIB_CTX *lib;
	OSSL_PROVIDER *def, *legacy;
	OSSL_PROVIDER *old[2]; /* DES for PEM, which knows the common context only */
};

struct pki_key {
	EVP_PKEY *pkey;
};

struct pki_cert {
	X509 *x;
	struct span der; /* malloc'ed */
	unsigned char *subject_der; /* OPENSSL_malloc'ed */
	size_t subject_len;
};

/* Takes over pkey, also on failure. -ENOTSUP no RSA, -ERANGE outside least..most bits. */
int pki_key_wrap(EVP_PKEY *pkey, unsigned least, unsigned most, struct pki_key **ret_key);
/* A copy of x's bytes and x itself with one more reference. */
int pki_cert_wrap(X509 *x, struct pki_cert **ret_cert);
/* The whole of der as one certificate; NULL. */
X509 *pki_x509(struct pki *p, struct span der);
/* What a DER encoder wrote (and OPENSSL_free's it); false for n < 0. */
bool pki_take_der(struct txt *out, unsigned char *der, int n);
void pki_name_print(const X509_NAME *n, const char *indent, struct txt *out);
/* From `CN=R1, O=Example`; NULL with a sentence. */
X509_NAME *pki_name_parse(const char *text, char why[PKI_WHY_MAX]);
/* An attribute's value; false if it is not there. */
bool pki_name_get(const X509_NAME *n, int nid, struct txt *out);
int pki_name_word(const char *word); /* NID of IOS's word; NID_undef */
/* Text from a stranger: what is not printable becomes `.`, the rest past max is cut. */
void pki_clean(struct txt *out, const unsigned char *s, size_t n, size_t max);

#endif
