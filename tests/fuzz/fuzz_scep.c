/* SPDX-License-Identifier: Apache-2.0 */
/* What a SCEP server, or who stands before it, sends. The first byte chooses: capabilities
 * and URLs, the CA's certificates, an answer as it arrives, an answer that a CA signed
 * with attributes of the input, and what is inside one that a CA signed and encrypted. */
#include <openssl/cms.h>
#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "control/pki_scep.h"
#include "pki/internal.h"
#include "pki/scep.h"
#include "pki/scep_cms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW  INT64_C(1798761600)
#define BITS 512 /* nothing is secret, and it is to be fast */

static struct pki *pki;
static struct pki_key *ca_key, *key;
static struct scep_ca ca;
static struct scep_request asked;
static struct pki_cert *signer;
static char id[SCEP_ID_MAX];
static EVP_MD *md;

static void need(bool ok)
{
	if (!ok)
		abort();
}

static void set_up(void)
{
	const struct pki_subject of_ca = { .name = "CN=CA", .fqdn = "", .serial = "",
					   .usage = PKI_KU_CERT_SIGN | PKI_KU_DIGITAL_SIGNATURE };
	const struct pki_subject us = { .name = "CN=R1", .fqdn = "", .serial = "" };
	char why[PKI_WHY_MAX];
	struct txt der = TXT_INIT, csr = TXT_INIT;

	pki = pki_new();
	need(pki && !pki_key_generate(pki, BITS, &ca_key) && !pki_key_generate(pki, BITS, &key));
	need(!pki_self_signed(pki, ca_key, &of_ca, 1, NOW - 1000, NOW + 1000000, &der, why));
	need(!scep_ca_read(pki, span_of(der.s, der.len), (struct span){ 0 }, NOW, &ca, why));
	need(!pki_request(pki, key, &us, &csr, why));
	need(!scep_signer(pki, key, span_of(csr.s, csr.len), NOW, &signer) && !scep_id(pki, key, id));
	asked = (struct scep_request){ .type = SCEP_PKCS_REQ, .caps = SCEP_CAP_AES | SCEP_CAP_SHA256, .key = key,
				       .signer = signer, .ca = &ca, .id = id, .now_sec = NOW };
	md = EVP_MD_fetch(pki->lib, "SHA256", NULL);
	need(md != NULL);
	txt_fini(&der);
	txt_fini(&csr);
}

/* A refusal has a reason; text for terminals is printable. */
static void judge(struct span body)
{
	struct scep_reply r;
	char why[PKI_WHY_MAX] = "";
	int err = scep_decode(pki, body, &asked, &r, why);

	need(!err || why[0]);
	if (err)
		return;
	for (const char *s = r.text; *s; s++)
		need((unsigned char)*s >= ' ' && (unsigned char)*s < 0x7f);
	need(r.status != SCEP_SUCCESS || r.cert);
	(void)scep_fail_text(r.fail);
	scep_reply_fini(&r);
}

static void words(const uint8_t *p, size_t n)
{
	char url[FETCH_URL_MAX + 8], why[PKI_WHY_MAX] = "";
	struct txt out = TXT_INIT;

	(void)scep_caps_weakness(scep_caps_parse(span_of(p, n)));
	pki_scep_query("GetCACert", (const char *)p, n, &out);
	for (size_t i = 0; i < out.len; i++)
		need(out.s[i] > ' ' && out.s[i] < 0x7f && out.s[i] != '#');
	txt_clear(&out);
	n = n < sizeof(url) ? n : sizeof(url) - 1;
	memcpy(url, p, n);
	url[n] = '\0';
	if (pki_scep_url(url, &out, why))
		need(why[0]);
	else
		need(!strncasecmp(txt_cstr(&out), "http://", 7));
	txt_fini(&out);
}

static void certificates(struct span body, struct span known)
{
	struct scep_ca got = { .n = 0 };
	char why[PKI_WHY_MAX] = "";

	if (scep_ca_read(pki, body, known, NOW, &got, why))
		need(why[0]);
	else
		need(got.n && got.encrypt < got.n);
	scep_ca_fini(&got);
}

static void add(CMS_SignerInfo *si, unsigned n, int type, const void *v, size_t len)
{
	char oid[] = "2.16.840.1.113733.1.9.2";

	oid[sizeof(oid) - 2] = (char)('0' + n % 10);
	ASN1_OBJECT *o = OBJ_txt2obj(n == 8 ? "1.3.6.1.5.5.7.24.1" : oid, 1);

	(void)CMS_signed_add1_attr_by_OBJ(si, o, type, v, (int)len);
	ASN1_OBJECT_free(o);
}

/* Signed by the CA: the attributes from r while it has any (number, type, length, bytes),
 * else those that are right; content as it is. */
static void sign(struct rd *r, bool right, struct span content)
{
	const unsigned flags = CMS_BINARY | CMS_PARTIAL | CMS_NOSMIMECAP;
	CMS_ContentInfo *cms = CMS_sign_ex(NULL, NULL, NULL, NULL, flags, pki->lib, NULL);
	BIO *in = BIO_new_mem_buf(content.len ? (const void *)content.p : "", (int)content.len);
	CMS_SignerInfo *si = CMS_add1_signer(cms, ca.cert[0]->x, ca_key->pkey, md, flags);
	unsigned char *der = NULL;

	need(si != NULL);
	for (int i = 0; !right && i < 8 && rd_left(r); i++) {
		uint8_t n = rd_u8(r), type = rd_u8(r);
		struct span v = rd_take(r, rd_u8(r));
		static const int types[] = { V_ASN1_PRINTABLESTRING, V_ASN1_OCTET_STRING, V_ASN1_UTF8STRING,
					     V_ASN1_IA5STRING };

		if (!r->bad && v.len)
			add(si, n % 9, types[type & 3], v.p, v.len);
	}
	if (right) {
		add(si, 2, V_ASN1_PRINTABLESTRING, "3", 1);
		add(si, 3, V_ASN1_PRINTABLESTRING, "0", 1);
	}
	add(si, 7, V_ASN1_PRINTABLESTRING, id, strlen(id));
	add(si, 6, V_ASN1_OCTET_STRING, asked.nonce, SCEP_NONCE);
	need(CMS_final(cms, in, NULL, CMS_BINARY) == 1);
	int n = i2d_CMS_ContentInfo(cms, &der);

	if (n > 0)
		judge(span_of(der, (size_t)n));
	OPENSSL_free(der);
	BIO_free(in);
	CMS_ContentInfo_free(cms);
}

static void sealed(struct span content)
{
	STACK_OF(X509) *to = sk_X509_new_null();
	BIO *in = BIO_new_mem_buf(content.len ? (const void *)content.p : "", (int)content.len);
	EVP_CIPHER *c = EVP_CIPHER_fetch(pki->lib, "AES-128-CBC", NULL);
	unsigned char *der = NULL;
	struct rd none = rd_of(NULL, 0);

	need(to && in && c && sk_X509_push(to, signer->x) > 0);
	CMS_ContentInfo *cms = CMS_encrypt_ex(to, in, c, CMS_BINARY, pki->lib, NULL);
	int n = cms ? i2d_CMS_ContentInfo(cms, &der) : -1;

	need(n > 0);
	sign(&none, true, span_of(der, (size_t)n));
	OPENSSL_free(der);
	CMS_ContentInfo_free(cms);
	EVP_CIPHER_free(c);
	BIO_free(in);
	sk_X509_free(to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!pki)
		set_up();
	if (!size)
		return 0;
	struct rd r = rd_of(data + 1, size - 1);
	struct span rest = span_of(data + 1, size - 1);

	switch (data[0] % 6) {
	case 0:
		words(rest.p, rest.len);
		break;
	case 1:
		certificates(rest, (struct span){ 0 });
		break;
	case 2:
		judge(rest);
		break;
	case 3:
		sign(&r, false, (struct span){ 0 });
		break;
	case 4:
		sealed(rest);
		break;
	default:
		sign(&r, true, rest); /* what should be an envelope */
	}
	return 0;
}
