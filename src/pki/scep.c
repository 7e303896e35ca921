/* SPDX-License-Identifier: Apache-2.0 */
/* The pkiMessage of SCEP: SignedData around EnvelopedData around a request or
 * certificates (RFC 8894 section 3, RFC 5652). */
#include "pki/scep.h"

#include <errno.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "pki/internal.h"
#include "pki/scep_cms.h"

#define SIGNER_DAYS 30 /* of the certificate that only signs a request */

/* Section 3.2.1: attributes by their object identifiers. */
#define SCEP_OID(n) "2.16.840.1.113733.1.9." #n
static const char oid_type[] = SCEP_OID(2), oid_status[] = SCEP_OID(3), oid_fail[] = SCEP_OID(4),
		  oid_nonce[] = SCEP_OID(5), oid_recipient_nonce[] = SCEP_OID(6),
		  oid_id[] = SCEP_OID(7), oid_fail_text[] = "1.3.6.1.5.5.7.24.1";

/* ---- capabilities ---- */

unsigned scep_caps_parse(struct span text)
{
	/* SCEPStandard stands for the three that RFC 8894 demands */
	static const struct {
		const char *word;
		unsigned caps;
	} words[] = { { "AES", SCEP_CAP_AES },
		      { "DES3", SCEP_CAP_DES3 },
		      { "SHA-1", SCEP_CAP_SHA1 },
		      { "SHA-256", SCEP_CAP_SHA256 },
		      { "SHA-512", SCEP_CAP_SHA512 },
		      { "POSTPKIOperation", SCEP_CAP_POST },
		      { "Renewal", SCEP_CAP_RENEWAL },
		      { "SCEPStandard", SCEP_CAP_AES | SCEP_CAP_SHA256 | SCEP_CAP_POST } };
	unsigned caps = 0;

	for (size_t at = 0, n; at < text.len; at += n + 1) {
		const char *line = (const char *)text.p + at;

		for (n = 0; at + n < text.len && !strchr("\r\n", line[n]) && line[n]; n++)
			;
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (n == strlen(words[i].word) && !strncasecmp(line, words[i].word, n))
				caps |= words[i].caps;
	}
	return caps;
}

static const char *digest_of(unsigned caps)
{
	return caps & SCEP_CAP_SHA256 ? "SHA256" : caps & SCEP_CAP_SHA512 ? "SHA512" : "SHA1";
}

/* Before GetCACaps there was DES alone; a CA that has neither name of a cipher and none of
 * a hash is of that time (section 3.5.2's history). */
static const char *cipher_of(unsigned caps)
{
	if (caps & SCEP_CAP_AES)
		return "AES-128-CBC";
	return caps & (SCEP_CAP_DES3 | SCEP_CAP_SHA1 | SCEP_CAP_SHA256 | SCEP_CAP_SHA512) ? "DES-EDE3-CBC" :
											    "DES-CBC";
}

const char *scep_caps_weakness(unsigned caps)
{
	bool sha1 = !(caps & (SCEP_CAP_SHA256 | SCEP_CAP_SHA512));

	if (!strcmp(cipher_of(caps), "DES-CBC"))
		return "DES and SHA-1";
	if (!(caps & SCEP_CAP_AES))
		return sha1 ? "3DES and SHA-1" : "3DES";
	return sha1 ? "SHA-1" : NULL;
}

/* ---- what a request is made of ---- */

int scep_id(struct pki *p, const struct pki_key *k, char id[SCEP_ID_MAX])
{
	struct txt der = TXT_INIT, hex = TXT_INIT;
	int err = pki_key_public_der(k, &der);

	if (!err)
		pki_fingerprint(p, span_of(der.s, der.len), PKI_SHA256, false, &hex);
	if (!err && (hex.bad || hex.len != SCEP_ID_MAX - 1))
		err = -ENOMEM;
	if (!err)
		memcpy(id, txt_cstr(&hex), SCEP_ID_MAX);
	txt_fini(&der);
	txt_fini(&hex);
	return err;
}

static X509_REQ *read_request(struct pki *p, struct span der)
{
	const unsigned char *at = der.p;
	X509_REQ *r = X509_REQ_new_ex(p->lib, NULL);

	return r && d2i_X509_REQ(&r, &at, (long)der.len) ? r : NULL;
}

static bool add_usage(X509 *x)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_key_usage,
						"critical,digitalSignature,keyEncipherment");
	bool ok = e && X509_add_ext(x, e, -1) == 1;

	X509_EXTENSION_free(e);
	return ok;
}

int scep_signer(struct pki *p, const struct pki_key *k, struct span request, int64_t now_sec,
		struct pki_cert **ret_cert)
{
	X509_REQ *r = read_request(p, request);
	X509 *x = r ? X509_new_ex(p->lib, NULL) : NULL;
	EVP_MD *md = EVP_MD_fetch(p->lib, pki_key_bits(k) >= 62 * 8 ? "SHA256" : "SHA1", NULL);
	X509_NAME *name = r ? X509_REQ_get_subject_name(r) : NULL;
	int err = -ENOMEM;

	/* a clock that is a little behind must not make it a certificate of tomorrow */
	if (x && md && X509_set_version(x, 2) == 1 &&
	    ASN1_INTEGER_set_int64(X509_get_serialNumber(x), 1) == 1 &&
	    X509_set_subject_name(x, name) == 1 && X509_set_issuer_name(x, name) == 1 &&
	    ASN1_TIME_set(X509_getm_notBefore(x), (time_t)(now_sec - 86400)) &&
	    ASN1_TIME_set(X509_getm_notAfter(x), (time_t)(now_sec + SIGNER_DAYS * INT64_C(86400))) &&
	    X509_set_pubkey(x, k->pkey) == 1 && add_usage(x) && X509_sign(x, k->pkey, md) > 0)
		err = pki_cert_wrap(x, ret_cert);
	EVP_MD_free(md);
	X509_free(x);
	X509_REQ_free(r);
	ERR_clear_error();
	return err;
}

int scep_poll_content(struct pki *p, const struct scep_ca *ca, struct span request, struct txt *out)
{
	X509_REQ *r = read_request(p, request);
	unsigned char *subject = NULL, head[8], *at = head;
	int n = r ? i2d_X509_NAME(X509_REQ_get_subject_name(r), &subject) : -1;
	struct span issuer = pki_cert_subject_der(ca->cert[0]);

	X509_REQ_free(r);
	ERR_clear_error();
	if (n <= 0 || !issuer.len || issuer.len + (size_t)n > PKI_CERT_BYTES) {
		OPENSSL_free(subject);
		return -ENOMEM;
	}
	ASN1_put_object(&at, 1, (int)issuer.len + n, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
	txt_mem(out, (const char *)head, (size_t)(at - head));
	txt_mem(out, (const char *)issuer.p, issuer.len);
	txt_mem(out, (const char *)subject, (size_t)n);
	OPENSSL_free(subject);
	return out->bad ? -ENOMEM : 0;
}

/* ---- encode ---- */

static bool envelope(struct pki *p, const struct scep_request *r, struct txt *out)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(p->lib, cipher_of(r->caps), NULL);
	STACK_OF(X509) *to = sk_X509_new_null();
	BIO *in = BIO_new_mem_buf(r->content.p, (int)r->content.len);
	CMS_ContentInfo *cms = NULL;
	unsigned char *der = NULL;
	int n = -1;

	if (cipher && in && to && sk_X509_push(to, r->ca->cert[r->ca->encrypt]->x) > 0)
		cms = CMS_encrypt_ex(to, in, cipher, CMS_BINARY, p->lib, NULL);
	if (cms)
		n = i2d_CMS_ContentInfo(cms, &der);
	CMS_ContentInfo_free(cms);
	BIO_free(in);
	sk_X509_free(to); /* not its elements */
	EVP_CIPHER_free(cipher);
	return pki_take_der(out, der, n);
}

static bool add_attr(CMS_SignerInfo *si, const char *oid, int type, const void *v, size_t n)
{
	ASN1_OBJECT *o = OBJ_txt2obj(oid, 1);
	bool ok = o && CMS_signed_add1_attr_by_OBJ(si, o, type, v, (int)n) == 1;

	ASN1_OBJECT_free(o);
	return ok;
}

static bool add_attrs(CMS_SignerInfo *si, const struct scep_request *r)
{
	ASN1_TIME *now = ASN1_TIME_set(NULL, (time_t)r->now_sec);
	char type[8];
	bool ok;

	snprintf(type, sizeof(type), "%d", (int)r->type);
	ok = now && CMS_signed_add1_attr_by_NID(si, NID_pkcs9_signingTime, ASN1_STRING_type(now),
						ASN1_STRING_get0_data(now), ASN1_STRING_length(now)) == 1 &&
	     add_attr(si, oid_id, V_ASN1_PRINTABLESTRING, r->id, strlen(r->id)) &&
	     add_attr(si, oid_type, V_ASN1_PRINTABLESTRING, type, strlen(type)) &&
	     add_attr(si, oid_nonce, V_ASN1_OCTET_STRING, r->nonce, SCEP_NONCE);
	ASN1_TIME_free(now);
	return ok;
}

static bool sign(struct pki *p, const struct scep_request *r, struct span content, struct txt *out)
{
	const unsigned flags = CMS_BINARY | CMS_PARTIAL | CMS_NOSMIMECAP;
	CMS_ContentInfo *cms = CMS_sign_ex(NULL, NULL, NULL, NULL, flags, p->lib, NULL);
	EVP_MD *md = EVP_MD_fetch(p->lib, digest_of(r->caps), NULL);
	BIO *in = BIO_new_mem_buf(content.p, (int)content.len);
	CMS_SignerInfo *si = NULL;
	unsigned char *der = NULL;
	int n = -1;

	if (cms && md && in)
		si = CMS_add1_signer(cms, r->signer->x, r->key->pkey, md, flags);
	if (si && add_attrs(si, r) && CMS_final(cms, in, NULL, CMS_BINARY) == 1)
		n = i2d_CMS_ContentInfo(cms, &der);
	CMS_ContentInfo_free(cms);
	BIO_free(in);
	EVP_MD_free(md);
	return pki_take_der(out, der, n);
}

int scep_encode(struct pki *p, const struct scep_request *r, struct txt *out, char why[PKI_WHY_MAX])
{
	struct txt inner = TXT_INIT;
	int err = 0;

	if (!envelope(p, r, &inner)) {
		snprintf(why, PKI_WHY_MAX, "the request cannot be encrypted for the CA with %s",
			 cipher_of(r->caps));
		err = -ENOTSUP;
	} else if (!sign(p, r, span_of(inner.s, inner.len), out)) {
		snprintf(why, PKI_WHY_MAX, "the request cannot be signed with a key of %u bits and %s",
			 pki_key_bits(r->key), digest_of(r->caps));
		err = -ENOTSUP;
	}
	txt_fini(&inner);
	ERR_clear_error();
	return err;
}

/* ---- decode ---- */

static int refuse(int err, char why[PKI_WHY_MAX], const char *what)
{
	snprintf(why, PKI_WHY_MAX, "%s", what);
	return err;
}

/* The value of an attribute that stands there once, with one value of that type. */
static struct span attr(const CMS_SignerInfo *si, const char *oid, int type)
{
	ASN1_OBJECT *o = OBJ_txt2obj(oid, 1);
	const ASN1_STRING *s = o ? CMS_signed_get0_data_by_OBJ(si, o, -3, type) : NULL;

	ASN1_OBJECT_free(o);
	return s ? span_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)) : (struct span){ 0 };
}

static bool attr_is(const CMS_SignerInfo *si, const char *oid, int type, const void *v, size_t n)
{
	struct span s = attr(si, oid, type);

	return s.len == n && !memcmp(s.p, v, n);
}

/* A decimal number of at most two digits; -1. */
static int attr_number(const CMS_SignerInfo *si, const char *oid)
{
	struct span s = attr(si, oid, V_ASN1_PRINTABLESTRING);
	int v = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.len > 2 || s.p[i] < '0' || s.p[i] > '9')
			return -1;
		v = v * 10 + (s.p[i] - '0');
	}
	return s.len ? v : -1;
}

static int read_digest(CMS_SignerInfo *si, bool *ret_sha1, char why[PKI_WHY_MAX])
{
	X509_ALGOR *md = NULL;
	const ASN1_OBJECT *o = NULL;
	int nid;

	CMS_SignerInfo_get0_algs(si, NULL, NULL, &md, NULL);
	X509_ALGOR_get0(&o, NULL, NULL, md);
	nid = OBJ_obj2nid(o);
	*ret_sha1 = nid == NID_sha1;
	if (nid == NID_sha1 || nid == NID_sha256 || nid == NID_sha384 || nid == NID_sha512)
		return 0;
	return refuse(-EACCES, why, "the answer is signed with a hash that is not taken (MD5?)");
}

/* The signature by one of the CA's certificates, and what is inside. A refusal and "wait"
 * have no content (section 3.3.2). */
static int open_signed(CMS_ContentInfo *cms, const struct scep_ca *ca, BIO *out, char why[PKI_WHY_MAX])
{
	ASN1_OCTET_STRING **content = CMS_get0_content(cms);
	BIO *none = content && *content ? NULL : BIO_new_mem_buf("", 0);
	STACK_OF(X509) *by = sk_X509_new_null();
	bool ok = by != NULL;

	/* With registration authorities the CA does not answer itself, but may. */
	for (size_t i = 0; ok && i < ca->n; i++)
		ok = sk_X509_push(by, ca->cert[i]->x) > 0;
	ok = ok && CMS_verify(cms, by, NULL, none, out,
			      CMS_NOINTERN | CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY) == 1;
	sk_X509_free(by);
	BIO_free(none);
	return ok ? 0 : refuse(-EACCES, why, "the answer is not signed by the CA that was authenticated");
}

static int read_attrs(const CMS_SignerInfo *si, const struct scep_request *r, struct scep_reply *reply,
		      char why[PKI_WHY_MAX])
{
	struct txt text = TXT_INIT;
	struct span said = attr(si, oid_fail_text, V_ASN1_UTF8STRING);
	int status = attr_number(si, oid_status);

	if (!attr_is(si, oid_type, V_ASN1_PRINTABLESTRING, "3", 1))
		return refuse(-EBADMSG, why, "the answer's messageType is not CertRep");
	if (!attr_is(si, oid_id, V_ASN1_PRINTABLESTRING, r->id, strlen(r->id)))
		return refuse(-EACCES, why, "the answer's transactionID is that of another request");
	if (!attr_is(si, oid_recipient_nonce, V_ASN1_OCTET_STRING, r->nonce, SCEP_NONCE))
		return refuse(-EACCES, why, "the answer's recipientNonce is not what was sent: it is a replay, "
					    "or answers another request");
	if (status != SCEP_SUCCESS && status != SCEP_FAILURE && status != SCEP_PENDING)
		return refuse(-EBADMSG, why, "the answer's pkiStatus is none of SUCCESS, FAILURE and PENDING");
	reply->status = (enum scep_status)status;
	reply->fail = status == SCEP_FAILURE ? attr_number(si, oid_fail) : -1;
	if (status == SCEP_FAILURE && said.len)
		pki_clean(&text, said.p, said.len, SCEP_TEXT_MAX - 1);
	snprintf(reply->text, sizeof(reply->text), "%s", txt_cstr(&text));
	txt_fini(&text);
	return 0;
}

/* The certificates of an envelope for us; the one of our key. */
static int open_envelope(struct pki *p, const struct scep_request *r, struct span der,
			 struct pki_cert **ret_cert, char why[PKI_WHY_MAX])
{
	CMS_ContentInfo *cms = scep_cms_read(p, der);
	BIO *out = BIO_new(BIO_s_mem());
	struct pki_cert *certs[PKI_CHAIN_MAX] = { NULL };
	size_t n = 0;
	int err = 0;

	if (!cms || !out || OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_enveloped)
		err = refuse(-EBADMSG, why, "the answer says SUCCESS and holds no EnvelopedData");
	else if (CMS_decrypt(cms, r->key->pkey, r->signer->x, NULL, out, CMS_BINARY) != 1)
		err = refuse(-EACCES, why, "the answer is not encrypted for the key of the request");
	if (!err) {
		/* a wrong content key shows here, by design of CMS_decrypt() */
		err = scep_cms_certs(p, scep_bio_span(out), certs, &n, why);
	}
	for (size_t i = 0; !err && !*ret_cert && i < n; i++) {
		struct pki_key *k = NULL;

		if (!pki_cert_key(p, certs[i], &k) && pki_key_same(k, r->key)) {
			*ret_cert = certs[i];
			certs[i] = NULL;
		}
		pki_key_free(k);
	}
	if (!err && !*ret_cert)
		err = refuse(-EACCES, why, "none of the certificates in the answer is of the key of the request");
	for (size_t i = 0; i < n; i++)
		pki_cert_free(certs[i]);
	BIO_free(out);
	CMS_ContentInfo_free(cms);
	return err;
}

int scep_decode(struct pki *p, struct span body, const struct scep_request *r,
		struct scep_reply *ret_reply, char why[PKI_WHY_MAX])
{
	CMS_ContentInfo *cms = scep_cms_read(p, body);
	BIO *out = BIO_new(BIO_s_mem());
	STACK_OF(CMS_SignerInfo) *sis = NULL;
	struct scep_reply reply = { .fail = -1 };
	CMS_SignerInfo *si = NULL;
	int err = 0;

	if (cms && out && OBJ_obj2nid(CMS_get0_type(cms)) == NID_pkcs7_signed)
		sis = CMS_get0_SignerInfos(cms);
	if (sis && sk_CMS_SignerInfo_num(sis) == 1)
		si = sk_CMS_SignerInfo_value(sis, 0);
	if (!si)
		err = refuse(-EBADMSG, why, "the answer is no SignedData with one signer (RFC 8894 section 3)");
	if (!err)
		err = read_digest(si, &reply.sha1, why);
	if (!err)
		err = open_signed(cms, r->ca, out, why);
	if (!err)
		err = read_attrs(si, r, &reply, why);
	if (!err && reply.status == SCEP_SUCCESS)
		err = open_envelope(p, r, scep_bio_span(out), &reply.cert, why);
	if (!err)
		*ret_reply = reply;
	else
		scep_reply_fini(&reply);
	BIO_free(out);
	CMS_ContentInfo_free(cms);
	ERR_clear_error();
	return err;
}

void scep_reply_fini(struct scep_reply *r)
{
	pki_cert_free(r->cert);
	r->cert = NULL;
}

/* Section 3.2.1.4. */
const char *scep_fail_text(int fail)
{
	static const char *const texts[] = {
		"badAlg (the CA does not know or want an algorithm of the request)",
		"badMessageCheck (the CA could not verify the request's signature, or decrypt it)",
		"badRequest (the CA does not permit it: is the challenge password right, and the name allowed?)",
		"badTime (the request's signing time is too far from the CA's clock)",
		"badCertId (the CA has no certificate or request of that name)",
	};

	if (fail >= 0 && (size_t)fail < sizeof(texts) / sizeof(texts[0]))
		return texts[fail];
	return fail < 0 ? "no reason given" : "a reason that RFC 8894 does not define";
}
