/* SPDX-License-Identifier: Apache-2.0 */
/* The certificates of a CA and of its registration authorities (RFC 8894 section 4.2.1). */
#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "pki/scep.h"
#include "pki/scep_cms.h"

CMS_ContentInfo *scep_cms_read(struct pki *p, struct span der)
{
	const unsigned char *at = der.p;
	CMS_ContentInfo *cms = NULL;

	if (der.len && der.len <= SCEP_ANSWER_MAX)
		cms = CMS_ContentInfo_new_ex(p->lib, NULL);
	if (cms && (!d2i_CMS_ContentInfo(&cms, &at, (long)der.len) || at != der.p + der.len)) {
		CMS_ContentInfo_free(cms); /* d2i leaves NULL after an error of its own */
		cms = NULL;
	}
	ERR_clear_error();
	return cms;
}

struct span scep_bio_span(BIO *b)
{
	char *at = NULL;
	long n = BIO_get_mem_data(b, &at);

	return n > 0 ? span_of(at, (size_t)n) : (struct span){ 0 };
}

/* By way of its bytes: an X509 out of CMS has not the library context. */
static int take(struct pki *p, X509 *x, struct pki_cert **ret_cert)
{
	unsigned char *der = NULL;
	int n = i2d_X509(x, &der);
	int err = n > 0 ? pki_cert_parse(p, span_of(der, (size_t)n), ret_cert) : -ENOMEM;

	OPENSSL_free(der);
	return err;
}

int scep_cms_certs(struct pki *p, struct span der, struct pki_cert *ret_certs[PKI_CHAIN_MAX],
		   size_t *ret_n, char why[PKI_WHY_MAX])
{
	CMS_ContentInfo *cms = scep_cms_read(p, der);
	STACK_OF(X509) *sk = NULL;
	size_t n = 0;
	int err = 0;

	if (cms && OBJ_obj2nid(CMS_get0_type(cms)) == NID_pkcs7_signed)
		sk = CMS_get1_certs(cms);
	if (!sk || !sk_X509_num(sk)) {
		snprintf(why, PKI_WHY_MAX, "there are no certificates in the answer");
		err = -EBADMSG;
	} else if (sk_X509_num(sk) > PKI_CHAIN_MAX) {
		snprintf(why, PKI_WHY_MAX, "the answer has more than %d certificates", PKI_CHAIN_MAX);
		err = -E2BIG;
	}
	for (int i = 0; !err && i < sk_X509_num(sk); i++) {
		err = take(p, sk_X509_value(sk, i), &ret_certs[n]);
		if (err)
			snprintf(why, PKI_WHY_MAX, "a certificate in the answer cannot be read");
		else
			n++;
	}
	while (err && n)
		pki_cert_free(ret_certs[--n]);
	if (!err)
		*ret_n = n;
	sk_X509_pop_free(sk, X509_free);
	CMS_ContentInfo_free(cms);
	ERR_clear_error();
	return err;
}

static bool issued(const struct pki_cert *ca, const struct pki_cert *c)
{
	EVP_PKEY *key = X509_get0_pubkey(ca->x);
	bool ok = ca != c && key &&
		  !X509_NAME_cmp(X509_get_issuer_name(c->x), X509_get_subject_name(ca->x)) &&
		  X509_verify(c->x, key) == 1;

	ERR_clear_error();
	return ok;
}

static bool same(const struct pki_cert *c, struct span der)
{
	struct span own = pki_cert_der(c);

	return own.len == der.len && !memcmp(own.p, der.p, der.len);
}

/* The CA that we know, or the one that issues: of a chain, the CA that issued no other CA
 * of it. n: none, with a sentence. */
static size_t find_ca(struct pki_cert *const c[], size_t n, struct span known, char why[PKI_WHY_MAX])
{
	char whose[PKI_WHY_MAX];
	size_t found = n;

	snprintf(why, PKI_WHY_MAX, known.len ? "the CA that was authenticated is not among them" :
					       "none of them is a certification authority's");
	for (size_t i = 0; i < n && found == n; i++) {
		bool above = false;

		if (known.len ? !same(c[i], known) : !pki_cert_may_be_ca(c[i], n == 1 ? why : whose))
			continue;
		for (size_t k = 0; !known.len && k < n; k++)
			above |= k != i && pki_cert_is_ca(c[k]) && issued(c[i], c[k]);
		if (!above)
			found = i;
	}
	return found;
}

static bool is_now(const struct pki_cert *c, int64_t now)
{
	int64_t from, to;

	return pki_cert_validity(c, &from, &to) && from <= now && now <= to;
}

static bool may(const struct pki_cert *c, uint32_t usage)
{
	uint32_t ku;

	return !pki_cert_key_usage(c, &ku) || ku & usage;
}

/* RSA, of a size that is taken: nothing else can be encrypted for. */
static bool has_rsa(struct pki *p, const struct pki_cert *c)
{
	struct pki_key *k = NULL;
	bool ok = pki_cert_key(p, c, &k) == 0;

	pki_key_free(k);
	return ok;
}

int scep_ca_read(struct pki *p, struct span body, struct span known, int64_t now_sec,
		 struct scep_ca *ret_ca, char why[PKI_WHY_MAX])
{
	struct pki_cert *c[PKI_CHAIN_MAX] = { NULL };
	struct scep_ca ca = { .n = 0 };
	size_t n = 0, at;
	int err = 0;

	if (pki_cert_parse(p, body, &c[0]) == 0)
		n = 1;
	else
		err = scep_cms_certs(p, body, c, &n, why);
	at = err ? n : find_ca(c, n, known, why);
	if (!err && at == n)
		err = -EACCES;
	if (!err && !has_rsa(p, c[at])) {
		snprintf(why, PKI_WHY_MAX, "the CA's key is not RSA, or of a size that is not taken");
		err = -EACCES;
	}
	if (!err) {
		ca.cert[ca.n++] = c[at];
		c[at] = NULL;
	}
	for (size_t i = 0; !err && i < n; i++) {
		if (!c[i] || pki_cert_is_ca(c[i]) || !issued(ca.cert[0], c[i]) || !is_now(c[i], now_sec) ||
		    !has_rsa(p, c[i]))
			continue;
		if (!ca.encrypt && may(c[i], PKI_KU_KEY_ENCIPHERMENT))
			ca.encrypt = ca.n;
		ca.cert[ca.n++] = c[i];
		c[i] = NULL;
	}
	for (size_t i = 0; i < n; i++)
		pki_cert_free(c[i]);
	if (!err)
		*ret_ca = ca;
	return err;
}

void scep_ca_fini(struct scep_ca *ca)
{
	for (size_t i = 0; i < ca->n; i++)
		pki_cert_free(ca->cert[i]);
	*ca = (struct scep_ca){ .n = 0 };
}
