/* SPDX-License-Identifier: Apache-2.0 */
/* One certificate: from bounded bytes, and what may be asked about it. */
#include "pki/internal.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 256 /* characters shown of one field */

/* The whole of der as one certificate. */
X509 *pki_x509(struct pki *p, struct span der)
{
	const unsigned char *at = der.p;
	X509 *x = der.len && der.len <= PKI_CERT_BYTES ? X509_new_ex(p->lib, NULL) : NULL;

	if (x && (!d2i_X509(&x, &at, (long)der.len) || at != der.p + der.len)) {
		X509_free(x); /* d2i leaves NULL after an error of its own */
		x = NULL;
	}
	if (x)
		(void)X509_check_purpose(x, -1, 0); /* reads the extensions */
	ERR_clear_error();
	return x;
}

int pki_cert_wrap(X509 *x, struct pki_cert **ret_cert)
{
	struct pki_cert *c = calloc(1, sizeof(*c));
	unsigned char *der = NULL;
	int n = c ? i2d_X509(x, &der) : -1, k;

	if (n > 0 && n <= PKI_CERT_BYTES) {
		void *copy = malloc((size_t)n);

		if (copy)
			memcpy(copy, der, (size_t)n);
		c->der = span_of(copy, (size_t)n);
	}
	OPENSSL_free(der);
	ERR_clear_error();
	if (!c || !c->der.p) {
		free(c);
		return n > PKI_CERT_BYTES ? -E2BIG : -ENOMEM;
	}
	k = i2d_X509_NAME(X509_get_subject_name(x), &c->subject_der);
	c->subject_len = k > 0 ? (size_t)k : 0;
	c->x = x;
	X509_up_ref(x);
	*ret_cert = c;
	return 0;
}

int pki_cert_parse(struct pki *p, struct span der, struct pki_cert **ret_cert)
{
	X509 *x;
	int err;

	if (der.len > PKI_CERT_BYTES)
		return -E2BIG;
	x = pki_x509(p, der);
	if (!x)
		return -EBADMSG;
	err = pki_cert_wrap(x, ret_cert);
	X509_free(x);
	return err;
}

void pki_cert_free(struct pki_cert *c)
{
	if (!c)
		return;
	X509_free(c->x);
	OPENSSL_free(c->subject_der);
	free((void *)(uintptr_t)c->der.p);
	free(c);
}

struct span pki_cert_der(const struct pki_cert *c)
{
	return c->der;
}

int pki_cert_key(struct pki *p, const struct pki_cert *c, struct pki_key **ret_key)
{
	EVP_PKEY *pkey = X509_get_pubkey(c->x);
	int err = pki_key_wrap(pkey, PKI_BITS_LEAST, PKI_PEER_BITS, ret_key);

	(void)p;
	return err == -ENOMEM ? err : err ? -ENOTSUP : 0;
}

bool pki_cert_is_ca(const struct pki_cert *c)
{
	return X509_check_ca(c->x) != 0;
}

bool pki_cert_is_self_issued(const struct pki_cert *c)
{
	return X509_NAME_cmp(X509_get_subject_name(c->x), X509_get_issuer_name(c->x)) == 0;
}

int pki_cert_version(const struct pki_cert *c)
{
	return (int)X509_get_version(c->x) + 1;
}

/* Days since 1970 of a proleptic Gregorian date. */
static int64_t days_from_civil(int y, int m, int d)
{
	y -= m <= 2;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int yoe = (int)(y - era * 400), doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static bool time_of(const ASN1_TIME *t, int64_t *ret_sec)
{
	struct tm tm;

	if (!t || ASN1_TIME_to_tm(t, &tm) != 1)
		return false;
	*ret_sec = days_from_civil(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday) * 86400 +
		   tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec;
	return true;
}

bool pki_cert_validity(const struct pki_cert *c, int64_t *ret_from, int64_t *ret_to)
{
	int64_t from, to;
	bool ok = time_of(X509_get0_notBefore(c->x), &from) && time_of(X509_get0_notAfter(c->x), &to);

	ERR_clear_error();
	if (!ok)
		return false;
	*ret_from = from;
	*ret_to = to;
	return true;
}

void pki_cert_serial(const struct pki_cert *c, struct txt *out)
{
	const ASN1_INTEGER *s = X509_get0_serialNumber(c->x);
	const unsigned char *b = ASN1_STRING_get0_data(s);
	int n = ASN1_STRING_length(s);

	if (n > 64)
		n = 64;
	if (n <= 0)
		txt_str(out, "00");
	for (int i = 0; i < n; i++)
		txt_printf(out, "%02X", b[i]);
}

void pki_fingerprint(struct pki *p, struct span der, enum pki_digest d, bool groups,
		     struct txt *out)
{
	static const char *const names[] = { "MD5", "SHA1", "SHA256" };
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	EVP_MD *m = EVP_MD_fetch(p->lib, names[d], NULL);

	if (m && EVP_Digest(der.p, der.len, md, &n, m, NULL) == 1)
		for (unsigned i = 0; i < n; i++)
			txt_printf(out, "%02X%s", md[i], groups && i % 4 == 3 ? " " : "");
	EVP_MD_free(m);
	ERR_clear_error();
}

void pki_cert_subject(const struct pki_cert *c, const char *indent, struct txt *out)
{
	pki_name_print(X509_get_subject_name(c->x), indent, out);
}

void pki_cert_issuer(const struct pki_cert *c, const char *indent, struct txt *out)
{
	pki_name_print(X509_get_issuer_name(c->x), indent, out);
}

void pki_dn_text(struct span der, struct txt *out)
{
	const unsigned char *at = der.p;
	X509_NAME *n = der.len && der.len <= PKI_CERT_BYTES ? d2i_X509_NAME(NULL, &at, (long)der.len) : NULL;

	if (n && at == der.p + der.len)
		pki_name_print(n, NULL, out);
	X509_NAME_free(n);
	ERR_clear_error();
}

struct span pki_cert_subject_der(const struct pki_cert *c)
{
	return span_of(c->subject_der, c->subject_len);
}

bool pki_cert_subject_has(const struct pki_cert *c, const char *word, struct txt *out)
{
	return pki_name_get(X509_get_subject_name(c->x), pki_name_word(word), out);
}

/* libcrypto has the bits as the BIT STRING's bytes: the first byte lowest. */
bool pki_cert_key_usage(const struct pki_cert *c, uint32_t *ret_bits)
{
	uint32_t ku;

	if (!(X509_get_extension_flags(c->x) & EXFLAG_KUSAGE))
		return false;
	ku = X509_get_key_usage(c->x);
	*ret_bits = (ku & 0xff) << 24 | (ku >> 8 & 0xff) << 16;
	return true;
}

static void upper_word(const char *s, struct txt *out)
{
	for (; *s; s++)
		if (*s != '-')
			txt_char(out, *s >= 'a' && *s <= 'z' ? (char)(*s - 32) : *s);
}

void pki_cert_sigalg(const struct pki_cert *c, struct txt *out)
{
	int md = NID_undef, pk = NID_undef, nid = X509_get_signature_nid(c->x);

	if (OBJ_find_sigid_algs(nid, &md, &pk) && md != NID_undef) {
		upper_word(OBJ_nid2ln(md), out);
		txt_str(out, pk == NID_rsaEncryption ? " with RSA Encryption" : " with ");
		if (pk != NID_rsaEncryption)
			txt_str(out, OBJ_nid2sn(pk));
	} else {
		txt_str(out, nid == NID_undef ? "unknown" : OBJ_nid2ln(nid));
	}
}

const char *pki_cert_weakness(const struct pki_cert *c)
{
	int md = NID_undef, pk = NID_undef;
	EVP_PKEY *k = X509_get0_pubkey(c->x);

	(void)OBJ_find_sigid_algs(X509_get_signature_nid(c->x), &md, &pk);
	if (k && EVP_PKEY_is_a(k, "RSA") && EVP_PKEY_get_bits(k) < 2048)
		return "its RSA key has less than 2048 bits";
	if (pki_cert_is_self_issued(c))
		return NULL; /* nobody relies on its signature */
	if (md == NID_md5 || md == NID_md4 || md == NID_md2)
		return "it is signed with MD5";
	return md == NID_sha1 ? "it is signed with SHA-1" : NULL;
}

bool pki_cert_crl_url(const struct pki_cert *c, size_t i, struct txt *out)
{
	CRL_DIST_POINTS *dps = X509_get_ext_d2i(c->x, NID_crl_distribution_points, NULL, NULL);
	bool found = false;

	for (int d = 0; !found && d < sk_DIST_POINT_num(dps); d++) {
		const DIST_POINT *dp = sk_DIST_POINT_value(dps, d);

		if (!dp->distpoint || dp->distpoint->type != 0)
			continue;
		const GENERAL_NAMES *names = dp->distpoint->name.fullname;
		for (int n = 0; !found && n < sk_GENERAL_NAME_num(names); n++) {
			const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, n);

			if (g->type != GEN_URI || i--)
				continue;
			pki_clean(out, ASN1_STRING_get0_data(g->d.ia5),
				  (size_t)ASN1_STRING_length(g->d.ia5), TEXT_MAX);
			found = true;
		}
	}
	CRL_DIST_POINTS_free(dps);
	ERR_clear_error();
	return found;
}

static struct span octets(const ASN1_OCTET_STRING *s)
{
	return s ? span_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)) :
		   (struct span){ 0 };
}

struct span pki_cert_ski(const struct pki_cert *c)
{
	return octets(X509_get0_subject_key_id(c->x));
}

struct span pki_cert_aki(const struct pki_cert *c)
{
	return octets(X509_get0_authority_key_id(c->x));
}

static bool print_san(const GENERAL_NAME *g, struct txt *out)
{
	const unsigned char *b;
	struct ipaddr a = { 0 };
	char buf[IPADDR_STRLEN];

	switch (g->type) {
	case GEN_IPADD:
		if (ASN1_STRING_length(g->d.ip) != 4 && ASN1_STRING_length(g->d.ip) != 16)
			return false;
		a.family = ASN1_STRING_length(g->d.ip) == 4 ? IP_V4 : IP_V6;
		memcpy(a.b, ASN1_STRING_get0_data(g->d.ip), (size_t)ASN1_STRING_length(g->d.ip));
		txt_printf(out, "IP Address : %s", ipaddr_ios(&a, buf));
		return true;
	case GEN_DNS:
	case GEN_EMAIL:
		b = ASN1_STRING_get0_data(g->d.ia5);
		txt_str(out, g->type == GEN_DNS ? "DNS Name : " : "Email : ");
		pki_clean(out, b, (size_t)ASN1_STRING_length(g->d.ia5), TEXT_MAX);
		return true;
	default:
		return false;
	}
}

bool pki_cert_san(const struct pki_cert *c, size_t i, struct txt *out)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(c->x, NID_subject_alt_name, NULL, NULL);
	bool found = false;

	for (int n = 0; !found && n < sk_GENERAL_NAME_num(names); n++) {
		struct txt one = TXT_INIT;

		if (print_san(sk_GENERAL_NAME_value(names, n), &one) && !i--) {
			txt_str(out, txt_cstr(&one));
			found = true;
		}
		txt_fini(&one);
	}
	GENERAL_NAMES_free(names);
	ERR_clear_error();
	return found;
}

bool pki_cert_may_be_ca(const struct pki_cert *c, char why[PKI_WHY_MAX])
{
	uint32_t ku, flags = X509_get_extension_flags(c->x);

	if (flags & EXFLAG_INVALID)
		snprintf(why, PKI_WHY_MAX, "an extension of the certificate cannot be read");
	else if ((flags & EXFLAG_BCONS) && !(flags & EXFLAG_CA))
		snprintf(why, PKI_WHY_MAX, "basicConstraints says that it is no CA (RFC 5280 section 4.2.1.9)");
	else if (pki_cert_key_usage(c, &ku) && !(ku & PKI_KU_CERT_SIGN))
		snprintf(why, PKI_WHY_MAX, "keyUsage lacks keyCertSign (RFC 5280 section 4.2.1.3)");
	else if (!pki_cert_is_ca(c) && !(flags & EXFLAG_SS))
		snprintf(why, PKI_WHY_MAX, "it has no basicConstraints with CA:TRUE (RFC 5280 section 4.2.1.9)");
	else
		return true;
	return false;
}
