/* SPDX-License-Identifier: Apache-2.0 */
/* What we sign ourselves: requests (PKCS #10, RFC 2986) and self-signed certificates. */
#include "pki/internal.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

/* What names the router itself stands in one RDN, as IOS has it. */
static bool add_router(X509_NAME *n, const struct pki_subject *s)
{
	char ip[IPADDR_STRLEN] = "";
	const struct {
		int nid, type;
		const char *value;
	} parts[] = { { NID_serialNumber, V_ASN1_PRINTABLESTRING, s->serial },
		      { NID_pkcs9_unstructuredAddress, V_ASN1_PRINTABLESTRING, ip },
		      { NID_pkcs9_unstructuredName, V_ASN1_IA5STRING, s->fqdn } };
	int set = 0;

	if (s->ip.family)
		ipaddr_str(&s->ip, ip);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!parts[i].value[0])
			continue;
		if (X509_NAME_add_entry_by_NID(n, parts[i].nid, parts[i].type,
					       (const unsigned char *)parts[i].value, -1, -1,
					       set) != 1)
			return false;
		set = -1; /* joins the one before */
	}
	return true;
}

static X509_NAME *make_name(const struct pki_subject *s, char why[PKI_WHY_MAX])
{
	X509_NAME *n = pki_name_parse(s->name, why);

	if (n && (!add_router(n, s) || !X509_NAME_entry_count(n))) {
		snprintf(why, PKI_WHY_MAX, "nothing names the router: set subject-name, or hostname "
					   "and ip domain name");
		X509_NAME_free(n);
		n = NULL;
	}
	return n;
}

static bool push(STACK_OF(X509_EXTENSION) *sk, X509_EXTENSION *e)
{
	if (e && sk_X509_EXTENSION_push(sk, e) > 0)
		return true;
	X509_EXTENSION_free(e);
	return false;
}

static bool add_usage(STACK_OF(X509_EXTENSION) *sk, uint32_t usage)
{
	ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
	bool ok = bits != NULL;

	for (int i = 0; ok && i < 9; i++)
		if (usage & UINT32_C(0x80000000) >> i)
			ok = ASN1_BIT_STRING_set_bit(bits, i, 1) == 1;
	ok = ok && push(sk, X509V3_EXT_i2d(NID_key_usage, 1, bits));
	ASN1_BIT_STRING_free(bits);
	return ok;
}

static bool add_alt_name(GENERAL_NAMES *names, int type, const void *p, size_t n)
{
	GENERAL_NAME *g = GENERAL_NAME_new();
	ASN1_STRING *s = ASN1_STRING_type_new(type == GEN_IPADD ? V_ASN1_OCTET_STRING :
								  V_ASN1_IA5STRING);

	if (!g || !s || ASN1_STRING_set(s, p, (int)n) != 1 || sk_GENERAL_NAME_push(names, g) <= 0) {
		GENERAL_NAME_free(g);
		ASN1_STRING_free(s);
		return false;
	}
	GENERAL_NAME_set0_value(g, type, s);
	return true;
}

/* The names by which IKE identifies us (RFC 4945 section 5.1.3.6). */
static bool add_alt_names(STACK_OF(X509_EXTENSION) *sk, const struct pki_subject *s)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	bool ok = names != NULL;

	if (ok && s->fqdn[0])
		ok = add_alt_name(names, GEN_DNS, s->fqdn, strlen(s->fqdn));
	if (ok && s->ip.family)
		ok = add_alt_name(names, GEN_IPADD, s->ip.b, s->ip.family == IP_V4 ? 4 : 16);
	if (ok && sk_GENERAL_NAME_num(names))
		ok = push(sk, X509V3_EXT_i2d(NID_subject_alt_name, 0, names));
	GENERAL_NAMES_free(names);
	return ok;
}

static STACK_OF(X509_EXTENSION) *make_extensions(const struct pki_subject *s)
{
	STACK_OF(X509_EXTENSION) *sk = sk_X509_EXTENSION_new_null();

	if (sk && add_usage(sk, s->usage) && add_alt_names(sk, s))
		return sk;
	sk_X509_EXTENSION_pop_free(sk, X509_EXTENSION_free);
	return NULL;
}

/* SHA-256; a key too short for it signs with SHA-1. */
static EVP_MD *digest_for(struct pki *p, const struct pki_key *k)
{
	return EVP_MD_fetch(p->lib, pki_key_bits(k) >= 62 * 8 ? "SHA256" : "SHA1", NULL);
}

static bool add_challenge(X509_REQ *r, const char *word)
{
	return !word || !word[0] ||
	       X509_REQ_add1_attr_by_NID(r, NID_pkcs9_challengePassword, MBSTRING_UTF8,
					 (const unsigned char *)word, -1) == 1;
}

int pki_request(struct pki *p, const struct pki_key *k, const struct pki_subject *s,
		struct txt *out_der, char why[PKI_WHY_MAX])
{
	X509_NAME *name = make_name(s, why);
	STACK_OF(X509_EXTENSION) *ext = name ? make_extensions(s) : NULL;
	X509_REQ *r = ext ? X509_REQ_new_ex(p->lib, NULL) : NULL;
	EVP_MD *md = digest_for(p, k);
	unsigned char *der = NULL;
	int n = -1, err = name ? -ENOMEM : -EINVAL;

	if (r && md && X509_REQ_set_version(r, 0) == 1 && X509_REQ_set_subject_name(r, name) == 1 &&
	    X509_REQ_set_pubkey(r, k->pkey) == 1 && X509_REQ_add_extensions(r, ext) == 1 &&
	    add_challenge(r, s->challenge) && X509_REQ_sign(r, k->pkey, md) > 0)
		n = i2d_X509_REQ(r, &der);
	if (pki_take_der(out_der, der, n))
		err = 0;
	else if (name)
		snprintf(why, PKI_WHY_MAX, "the request could not be made");
	EVP_MD_free(md);
	X509_REQ_free(r);
	sk_X509_EXTENSION_pop_free(ext, X509_EXTENSION_free);
	X509_NAME_free(name);
	return err;
}

static bool fill(X509 *x, const struct pki_key *k, X509_NAME *name, uint32_t serial, int64_t from,
		 int64_t to)
{
	return X509_set_version(x, 2) == 1 &&
	       ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial) == 1 &&
	       X509_set_subject_name(x, name) == 1 && X509_set_issuer_name(x, name) == 1 &&
	       ASN1_TIME_set(X509_getm_notBefore(x), (time_t)from) &&
	       ASN1_TIME_set(X509_getm_notAfter(x), (time_t)to) && X509_set_pubkey(x, k->pkey) == 1;
}

/* As IOS makes them: its own CA, so that a peer can take it as an anchor. */
static bool add_self(X509 *x, STACK_OF(X509_EXTENSION) *ext)
{
	BASIC_CONSTRAINTS bc = { .ca = 0xff };
	X509V3_CTX ctx;
	X509_EXTENSION *e = X509V3_EXT_i2d(NID_basic_constraints, 1, &bc);
	bool ok = e && X509_add_ext(x, e, -1) == 1;

	X509_EXTENSION_free(e);
	for (int i = 0; ok && i < sk_X509_EXTENSION_num(ext); i++)
		ok = X509_add_ext(x, sk_X509_EXTENSION_value(ext, i), -1) == 1;
	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	e = ok ? X509V3_EXT_conf_nid(NULL, &ctx, NID_subject_key_identifier, "hash") : NULL;
	ok = e && X509_add_ext(x, e, -1) == 1;
	X509_EXTENSION_free(e);
	return ok;
}

int pki_self_signed(struct pki *p, const struct pki_key *k, const struct pki_subject *s,
		    uint32_t serial, int64_t from_sec, int64_t to_sec, struct txt *out_der,
		    char why[PKI_WHY_MAX])
{
	X509_NAME *name = make_name(s, why);
	STACK_OF(X509_EXTENSION) *ext = name ? make_extensions(s) : NULL;
	X509 *x = ext ? X509_new_ex(p->lib, NULL) : NULL;
	EVP_MD *md = digest_for(p, k);
	unsigned char *der = NULL;
	int n = -1, err = name ? -ENOMEM : -EINVAL;

	if (x && md && fill(x, k, name, serial, from_sec, to_sec) && add_self(x, ext) &&
	    X509_sign(x, k->pkey, md) > 0)
		n = i2d_X509(x, &der);
	if (pki_take_der(out_der, der, n))
		err = 0;
	else if (name)
		snprintf(why, PKI_WHY_MAX, "the certificate could not be made");
	EVP_MD_free(md);
	X509_free(x);
	sk_X509_EXTENSION_pop_free(ext, X509_EXTENSION_free);
	X509_NAME_free(name);
	return err;
}
