/* SPDX-License-Identifier: Apache-2.0 */
/* Containers: base 64 as it is pasted and shown, and PKCS #12. */
#include "pki/internal.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <string.h>

#define PKCS12_MAX  65536
#define PKCS12_ITER 2048

static int sextet(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* RFC 4648 section 4, blanks and line ends anywhere; `-----` lines are skipped, and
 * nothing may follow the END line. */
int pki_base64_decode(const char *text, size_t len, size_t max, struct txt *out)
{
	uint32_t acc = 0;
	unsigned have = 0, pad = 0;
	bool any = false, ended = false;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		int v;

		if (c == '-' && len - i >= 5 && !memcmp(text + i, "-----", 5)) {
			ended = any;
			while (i < len && text[i] != '\n' && text[i] != '\r')
				i++;
			continue;
		}
		if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
			continue;
		v = sextet(c);
		if (ended || out->len >= max || (c == '=' ? ++pad > 2 : v < 0 || pad))
			return -EBADMSG;
		any = true;
		acc = acc << 6 | (uint32_t)(v < 0 ? 0 : v);
		if (++have < 4)
			continue;
		for (unsigned k = 0; k < 3 - pad; k++)
			txt_char(out, (char)(acc >> (16 - 8 * k) & 0xff));
		acc = have = 0;
	}
	return have || !any || out->len > max ? -EBADMSG : out->bad ? -ENOMEM : 0;
}

void pki_base64_encode(struct span der, const char *label, struct txt *out)
{
	unsigned char line[65];

	if (label)
		txt_printf(out, "-----BEGIN %s-----\n", label);
	for (size_t at = 0; at < der.len; at += 48) {
		size_t n = der.len - at < 48 ? der.len - at : 48;

		EVP_EncodeBlock(line, der.p + at, (int)n);
		txt_printf(out, "%s\n", (char *)line);
	}
	if (label)
		txt_printf(out, "-----END %s-----\n", label);
}

/* ---- PKCS #12 ---- */

void pki_bundle_fini(struct pki_bundle *b)
{
	pki_key_free(b->key);
	pki_cert_free(b->cert);
	for (size_t i = 0; i < b->n_ca; i++)
		pki_cert_free(b->ca[i]);
	memset(b, 0, sizeof(*b));
}

static PKCS12 *read_pkcs12(struct pki *p, struct span der)
{
	const unsigned char *at = der.p;
	PKCS12 *p12 = der.len && der.len <= PKCS12_MAX ?
			      PKCS12_init_ex(NID_pkcs7_data, p->lib, NULL) : NULL;

	if (p12 && (!d2i_PKCS12(&p12, &at, (long)der.len) || at != der.p + der.len)) {
		PKCS12_free(p12);
		p12 = NULL;
	}
	return p12;
}

/* The MAC's iterations are a stranger's wish: bounded. */
static bool mac_is_cheap(PKCS12 *p12)
{
	const ASN1_INTEGER *iter = NULL;

	PKCS12_get0_mac(NULL, NULL, NULL, &iter, p12);
	return !iter || (ASN1_INTEGER_get(iter) >= 0 && ASN1_INTEGER_get(iter) <= 1000000);
}

static int unpack(EVP_PKEY *pkey, X509 *x, STACK_OF(X509) *ca, struct pki_bundle *b)
{
	int err = pki_key_wrap(pkey, PKI_BITS_LEAST, PKI_BITS_MAX, &b->key);

	if (!err)
		err = x ? pki_cert_wrap(x, &b->cert) : -EBADMSG;
	for (int i = 0; !err && i < sk_X509_num(ca) && b->n_ca < PKI_ANCHORS_MAX; i++) {
		err = pki_cert_wrap(sk_X509_value(ca, i), &b->ca[b->n_ca]);
		b->n_ca += !err;
	}
	return err == -ENOMEM || !err ? err : -EBADMSG;
}

int pki_pkcs12_read(struct pki *p, struct span der, const char *pass, struct pki_bundle *ret_b)
{
	PKCS12 *p12 = read_pkcs12(p, der);
	struct pki_bundle b = { 0 };
	STACK_OF(X509) *ca = NULL;
	EVP_PKEY *pkey = NULL;
	X509 *x = NULL;
	int err = -EBADMSG;

	if (p12 && mac_is_cheap(p12)) {
		if (PKCS12_mac_present(p12) && !PKCS12_verify_mac(p12, pass, -1))
			err = -EACCES;
		else if (PKCS12_parse(p12, pass, &pkey, &x, &ca) == 1)
			err = unpack(pkey, x, ca, &b);
	}
	X509_free(x);
	sk_X509_pop_free(ca, X509_free);
	PKCS12_free(p12);
	ERR_clear_error();
	if (err)
		pki_bundle_fini(&b);
	else
		*ret_b = b;
	return err;
}

int pki_pkcs12_write(struct pki *p, const struct pki_bundle *b, const char *label,
		     const char *pass, struct txt *out_der)
{
	STACK_OF(X509) *ca = sk_X509_new_null();
	unsigned char *der = NULL;
	PKCS12 *p12 = NULL;
	int n = -1;

	for (size_t i = 0; ca && i < b->n_ca; i++)
		if (sk_X509_push(ca, b->ca[i]->x) <= 0)
			goto out;
	/* 3DES and SHA-1, which every IOS reads; the passphrase is what protects it */
	p12 = PKCS12_create_ex(pass, label, b->key->pkey, b->cert->x, ca,
			       NID_pbe_WithSHA1And3_Key_TripleDES_CBC,
			       NID_pbe_WithSHA1And3_Key_TripleDES_CBC, PKCS12_ITER, PKCS12_ITER, 0,
			       p->lib, NULL);
	if (p12)
		n = i2d_PKCS12(p12, &der);
out:
	PKCS12_free(p12);
	sk_X509_free(ca);
	return pki_take_der(out_der, der, n) ? 0 : -ENOMEM;
}
