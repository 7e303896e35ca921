/* SPDX-License-Identifier: Apache-2.0 */
/* Does a certificate belong to the identity that a peer claims (RFC 4945 section
 * 3.1)? Names come from subjectAltName; also from the two attributes of PKCS #9 in
 * which IOS puts a router's name and address. No wildcards, no commonName. */
#include "pki/internal.h"

#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SHOWN 64

static bool same_text(const ASN1_STRING *s, struct span want)
{
	return ASN1_STRING_length(s) > 0 && (size_t)ASN1_STRING_length(s) == want.len &&
	       !strncasecmp((const char *)ASN1_STRING_get0_data(s), (const char *)want.p, want.len) &&
	       !memchr(want.p, '\0', want.len);
}

static bool same_bytes(const ASN1_STRING *s, struct span want)
{
	return (size_t)ASN1_STRING_length(s) == want.len && want.len &&
	       !memcmp(ASN1_STRING_get0_data(s), want.p, want.len);
}

/* The local part of a mail address counts case, its domain does not. */
static bool same_mail(const ASN1_STRING *s, struct span want)
{
	const char *at = memchr(want.p, '@', want.len);

	return at && same_text(s, want) &&
	       !memcmp(ASN1_STRING_get0_data(s), want.p, (size_t)(at - (const char *)want.p));
}

static bool san_has(X509 *x, const struct pki_id *id)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	bool found = false;

	for (int n = 0; !found && n < sk_GENERAL_NAME_num(names); n++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, n);

		if (g->type == GEN_IPADD && (id->type == PKI_ID_IPV4 || id->type == PKI_ID_IPV6))
			found = same_bytes(g->d.ip, id->data);
		else if (g->type == GEN_DNS && id->type == PKI_ID_FQDN)
			found = same_text(g->d.dNSName, id->data);
		else if (g->type == GEN_EMAIL && id->type == PKI_ID_USER_FQDN)
			found = same_mail(g->d.rfc822Name, id->data);
	}
	GENERAL_NAMES_free(names);
	ERR_clear_error();
	return found;
}

static bool subject_has(X509 *x, const struct pki_id *id, struct span want)
{
	const X509_NAME *n = X509_get_subject_name(x);
	int nid = id->type == PKI_ID_IPV4  ? NID_pkcs9_unstructuredAddress :
		  id->type == PKI_ID_FQDN ? NID_pkcs9_unstructuredName :
					    NID_pkcs9_emailAddress;

	for (int at = -1; (at = X509_NAME_get_index_by_NID(n, nid, at)) >= 0;) {
		const ASN1_STRING *s = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(n, at));

		if (id->type == PKI_ID_USER_FQDN ? same_mail(s, want) : same_text(s, want))
			return true;
	}
	return false;
}

static bool dn_is(X509 *x, struct span der)
{
	const unsigned char *at = der.p;
	X509_NAME *n = der.len <= PKI_CERT_BYTES ? d2i_X509_NAME(NULL, &at, (long)der.len) : NULL;
	bool same = n && at == der.p + der.len && X509_NAME_entry_count(n) > 0 &&
		    X509_NAME_cmp(n, X509_get_subject_name(x)) == 0;

	X509_NAME_free(n);
	ERR_clear_error();
	return same;
}

static void say_id(const struct pki_id *id, struct txt *out)
{
	struct ipaddr a = { 0 };
	char buf[IPADDR_STRLEN];
	const unsigned char *at = id->data.p;
	X509_NAME *n;

	switch (id->type) {
	case PKI_ID_IPV4:
	case PKI_ID_IPV6:
		a.family = id->type == PKI_ID_IPV4 ? IP_V4 : IP_V6;
		if (id->data.len == (a.family == IP_V4 ? 4u : 16u)) {
			memcpy(a.b, id->data.p, id->data.len);
			txt_str(out, ipaddr_ios(&a, buf));
		}
		return;
	case PKI_ID_DN:
		n = id->data.len <= PKI_CERT_BYTES ?
			    d2i_X509_NAME(NULL, &at, (long)id->data.len) : NULL;
		if (n)
			pki_name_print(n, NULL, out);
		X509_NAME_free(n);
		ERR_clear_error();
		return;
	default:
		pki_clean(out, id->data.p, id->data.len, SHOWN);
	}
}

bool pki_cert_has_id(const struct pki_cert *c, const struct pki_id *id, char why[PKI_WHY_MAX])
{
	static const char *const fields[] = {
		[PKI_ID_IPV4] = "subjectAltName has no iPAddress (and subject no ipaddress)",
		[PKI_ID_FQDN] = "subjectAltName has no dNSName (and subject no hostname)",
		[PKI_ID_USER_FQDN] = "subjectAltName has no rfc822Name (and subject no e)",
		[PKI_ID_IPV6] = "subjectAltName has no iPAddress",
		[PKI_ID_DN] = "subject is not",
	};
	struct ipaddr a = { .family = IP_V4 };
	struct txt who = TXT_INIT, shown = TXT_INIT;
	struct span want = id->data;
	char buf[IPADDR_STRLEN];
	bool ok = false;

	if (id->type == PKI_ID_DN) {
		ok = dn_is(c->x, id->data);
	} else if (id->type == PKI_ID_IPV4 || id->type == PKI_ID_IPV6) {
		size_t n = id->type == PKI_ID_IPV4 ? 4 : 16;

		ok = want.len == n && san_has(c->x, id);
		if (!ok && want.len == 4 && id->type == PKI_ID_IPV4) {
			memcpy(a.b, want.p, 4);
			ipaddr_str(&a, buf);
			ok = subject_has(c->x, id, span_of(buf, strlen(buf)));
		}
	} else if (id->type == PKI_ID_FQDN || id->type == PKI_ID_USER_FQDN) {
		ok = want.len && (san_has(c->x, id) || subject_has(c->x, id, want));
	}
	if (ok)
		return true;
	pki_cert_subject(c, NULL, &who);
	say_id(id, &shown);
	if (id->type < sizeof(fields) / sizeof(fields[0]) && fields[id->type])
		snprintf(why, PKI_WHY_MAX,
			 "certificate \"%.160s\": %s \"%.120s\", which the peer says it is (RFC 4945 "
			 "section 3.1)",
			 txt_cstr(&who), fields[id->type], txt_cstr(&shown));
	else
		snprintf(why, PKI_WHY_MAX,
			 "certificate \"%.160s\": an identity of type %u is in no certificate (RFC 4945 "
			 "section 3.1)",
			 txt_cstr(&who), id->type);
	txt_fini(&who);
	txt_fini(&shown);
	return false;
}

/* ---- certificate maps ---- */

static void all_of(const struct pki_cert *c, enum pki_field field, struct txt *out)
{
	switch (field) {
	case PKI_FIELD_SUBJECT:
		pki_cert_subject(c, NULL, out);
		break;
	case PKI_FIELD_ISSUER:
		pki_cert_issuer(c, NULL, out);
		break;
	case PKI_FIELD_ALT_SUBJECT:
		for (size_t i = 0; pki_cert_san(c, i, out); i++)
			txt_char(out, '\n');
		break;
	case PKI_FIELD_NAME:
		(void)(pki_cert_subject_has(c, "hostname", out) || pki_cert_subject_has(c, "cn", out));
		break;
	case PKI_FIELD_SERIAL:
		pki_cert_serial(c, out);
		break;
	}
}

/* IOS compares without regard to case and to the blanks behind commas. */
static void fold(const char *s, struct txt *out)
{
	for (; *s; s++)
		if (*s != ' ' || (s[1] && s[1] != ' ' && out->len && out->s[out->len - 1] != ','))
			txt_char(out, *s >= 'A' && *s <= 'Z' ? (char)(*s + 32) : *s);
}

bool pki_cert_match(const struct pki_cert *c, enum pki_field field, enum pki_op op, const char *text)
{
	struct txt all = TXT_INIT, have = TXT_INIT, want = TXT_INIT;
	bool hit;

	all_of(c, field, &all);
	fold(txt_cstr(&all), &have);
	fold(text, &want);
	if (op == PKI_OP_EQ || op == PKI_OP_NE)
		hit = !strcmp(txt_cstr(&have), txt_cstr(&want));
	else
		hit = strstr(txt_cstr(&have), txt_cstr(&want)) != NULL;
	if (all.bad || have.bad || want.bad)
		hit = op == PKI_OP_NE || op == PKI_OP_NC; /* without memory nothing matches */
	txt_fini(&all);
	txt_fini(&have);
	txt_fini(&want);
	return hit == (op == PKI_OP_EQ || op == PKI_OP_CO);
}
