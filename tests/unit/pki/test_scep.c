/* SPDX-License-Identifier: Apache-2.0 */
/* SCEP: the answers of tests/vectors/scep, which foreign tools made, and our requests as
 * PKCS7_*(), libcrypto's older reader, sees them. */
#include "pki_vectors.h"

#include <openssl/objects.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>

#include "pki/internal.h"
#include "pki/scep.h"

#define AT	   INT64_C(1798761600) /* 2027-01-01: the vectors are valid */
#define S(name)	   "../scep/" name
#define KNOWN_CAPS (SCEP_CAP_AES | SCEP_CAP_SHA256)

static struct pki *pki;
static struct pki_key *key;
static struct pki_cert *signer;
static struct scep_ca ca, ca_ra;
static struct txt csr;
static char id[SCEP_ID_MAX];

static struct scep_request request(const struct scep_ca *of)
{
	struct scep_request r = { .type = SCEP_PKCS_REQ, .caps = KNOWN_CAPS, .key = key, .signer = signer, .ca = of,
				  .content = span_of(csr.s, csr.len), .id = id, .now_sec = AT };

	for (size_t i = 0; i < SCEP_NONCE; i++)
		r.nonce[i] = (uint8_t)i;
	return r;
}

static int read_ca(const char *name, struct span known, struct scep_ca *ret_ca, char why[PKI_WHY_MAX])
{
	struct span s = vector(name);
	int err = scep_ca_read(pki, s, known, AT, ret_ca, why);

	vector_free(s);
	return err;
}

static int decode(const char *name, const struct scep_ca *of, struct scep_reply *reply, char why[PKI_WHY_MAX])
{
	struct scep_request r = request(of);
	struct span s = vector(name);
	int err = scep_decode(pki, s, &r, reply, why);

	vector_free(s);
	return err;
}

static int set_up(void **state)
{
	const struct pki_subject s = { .name = "CN=R1", .fqdn = "", .serial = "", .challenge = "secret7",
				       .usage = PKI_KU_DIGITAL_SIGNATURE };
	char why[PKI_WHY_MAX];

	(void)state;
	pki = pki_new();
	key = vector_key(pki, "peer.key.pem", NULL);
	return !pki || pki_request(pki, key, &s, &csr, why) || scep_id(pki, key, id) ||
	       scep_signer(pki, key, span_of(csr.s, csr.len), AT, &signer) ||
	       read_ca(S("ca.der"), (struct span){ 0 }, &ca, why) ||
	       read_ca(S("ca-ra.p7"), (struct span){ 0 }, &ca_ra, why);
}

static int tear_down(void **state)
{
	(void)state;
	scep_ca_fini(&ca);
	scep_ca_fini(&ca_ra);
	pki_cert_free(signer);
	pki_key_free(key);
	txt_fini(&csr);
	pki_free(pki);
	return 0;
}

static void capabilities_are_read_as_rfc8894_lists_them(void **state)
{
	static const struct {
		const char *text;
		unsigned caps;
		const char *weak;
	} rows[] = {
		{ "", 0, "DES and SHA-1" },
		{ "<html>no such thing</html>", 0, "DES and SHA-1" },
		{ "AES\nSHA-256", SCEP_CAP_AES | SCEP_CAP_SHA256, NULL },
		{ "\r\naes\r\nsha-512\r\n\r\nPOSTPKIOperation\r\n", SCEP_CAP_AES | SCEP_CAP_SHA512 | SCEP_CAP_POST,
		  NULL },
		{ "SCEPStandard\nRenewal\nUpdate\nGetNextCACert\n",
		  SCEP_CAP_AES | SCEP_CAP_SHA256 | SCEP_CAP_POST | SCEP_CAP_RENEWAL, NULL },
		{ "DES3\nSHA-1\n", SCEP_CAP_DES3 | SCEP_CAP_SHA1, "3DES and SHA-1" },
		{ "DES3\nSHA-256\n", SCEP_CAP_DES3 | SCEP_CAP_SHA256, "3DES" },
		{ "AES\nSHA-1\n", SCEP_CAP_AES | SCEP_CAP_SHA1, "SHA-1" },
		{ "AES-256\nSHA-2567\n DES3\n", 0, "DES and SHA-1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned caps = scep_caps_parse(span_of(rows[i].text, strlen(rows[i].text)));
		const char *weak = scep_caps_weakness(caps);

		assert_int_equal(caps, rows[i].caps);
		assert_true(weak ? rows[i].weak && !strcmp(weak, rows[i].weak) : !rows[i].weak);
	}
}

static void the_issuing_ca_is_found_and_an_authority_must_be_its_own(void **state)
{
	char why[PKI_WHY_MAX], name[64];
	struct pki_cert *root = NULL, *evil = NULL;
	struct scep_ca got = { .n = 0 };
	struct txt t = TXT_INIT;

	(void)state;
	assert_int_equal(ca.n, 1);
	assert_int_equal(ca_ra.n, 2);
	assert_int_equal(ca_ra.encrypt, 1);
	assert_true(span_equal(pki_cert_der(ca.cert[0]), pki_cert_der(ca_ra.cert[0])));
	/* root and the CA below it: the lower one issues */
	assert_int_equal(read_ca(S("chain.p7"), (struct span){ 0 }, &got, why), 0);
	pki_cert_subject(got.cert[0], NULL, &t);
	snprintf(name, sizeof(name), "%s", txt_cstr(&t));
	assert_non_null(strstr(name, "Sub"));
	assert_int_equal(got.n, 1);
	scep_ca_fini(&got);
	txt_fini(&t);
	/* what was authenticated must be there */
	assert_int_equal(read_ca(S("chain.p7"), pki_cert_der(ca.cert[0]), &got, why), 0);
	scep_ca_fini(&got);
	root = vector_cert(pki, "root.der");
	assert_int_equal(read_ca(S("ca-ra.p7"), pki_cert_der(root), &got, why), -EACCES);
	assert_non_null(strstr(why, "was authenticated"));
	pki_cert_free(root);
	/* no CA at all */
	assert_int_equal(read_ca(S("ra.p7"), (struct span){ 0 }, &got, why), -EACCES);
	evil = vector_cert(pki, "peer.der");
	assert_int_equal(scep_ca_read(pki, pki_cert_der(evil), (struct span){ 0 }, AT, &got, why), -EACCES);
	pki_cert_free(evil);
	/* an authority whose time has not come is none */
	struct span s = vector(S("ca-ra.p7"));

	assert_int_equal(scep_ca_read(pki, s, (struct span){ 0 }, NOW, &got, why), 0);
	assert_int_equal(got.n, 1);
	scep_ca_fini(&got);
	vector_free(s);
}

static void good_answers_are_taken(void **state)
{
	static const struct {
		const char *name;
		bool ra, sha1;
	} rows[] = { { S("success.der"), false, false },
		     { S("success-ra.der"), true, false },
		     { S("success-3des.der"), false, true } };
	struct scep_reply reply;
	struct txt serial = TXT_INIT;
	char why[PKI_WHY_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(decode(rows[i].name, rows[i].ra ? &ca_ra : &ca, &reply, why), 0);
		assert_int_equal(reply.status, SCEP_SUCCESS);
		assert_int_equal(reply.sha1, rows[i].sha1);
		txt_clear(&serial);
		pki_cert_serial(reply.cert, &serial);
		assert_string_equal(txt_cstr(&serial), "05");
		scep_reply_fini(&reply);
	}
	txt_fini(&serial);
	assert_int_equal(decode(S("pending.der"), &ca, &reply, why), 0);
	assert_int_equal(reply.status, SCEP_PENDING);
	assert_null(reply.cert);
	assert_int_equal(decode(S("failure.der"), &ca, &reply, why), 0);
	assert_int_equal(reply.status, SCEP_FAILURE);
	assert_int_equal(reply.fail, 2);
	assert_string_equal(reply.text, "not .[1mtoday");
}

static void hostile_answers_are_refused_with_their_reason(void **state)
{
	static const struct {
		const char *name;
		int err;
		const char *why;
	} rows[] = {
		{ S("success-ra.der"), -EACCES, "not signed by the CA" }, /* without its certificate */
		{ S("evil-signer.der"), -EACCES, "not signed by the CA" },
		{ S("evil-md5.der"), -EACCES, "MD5" },
		{ S("evil-other.der"), -EACCES, "of the key of the request" },
		{ S("evil-to.der"), -EACCES, "not encrypted for the key" },
		{ S("evil-clear.der"), -EBADMSG, "no EnvelopedData" },
		{ S("evil-empty.der"), -EBADMSG, "no EnvelopedData" },
		{ S("evil-none.der"), -EBADMSG, "no EnvelopedData" },
		{ S("evil-nonce.der"), -EACCES, "recipientNonce" },
		{ S("evil-id.der"), -EACCES, "transactionID" },
		{ S("evil-string.der"), -EACCES, "transactionID" },
		{ S("evil-type.der"), -EBADMSG, "messageType" },
		{ S("evil-status.der"), -EBADMSG, "pkiStatus" },
		{ S("ca.der"), -EBADMSG, "no SignedData" },
		{ S("ca-ra.p7"), -EBADMSG, "no SignedData with one signer" },
	};
	struct scep_reply reply;
	char why[PKI_WHY_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int err = decode(rows[i].name, &ca, &reply, why);

		if (err != rows[i].err || !strstr(why, rows[i].why))
			fail_msg("%s: %d %s", rows[i].name, err, why);
	}
}

static void no_truncation_and_no_changed_byte_is_taken(void **state)
{
	struct scep_request r = request(&ca);
	struct span whole = vector(S("success.der"));
	struct scep_reply reply, good;
	char why[PKI_WHY_MAX];
	size_t taken = 0;
	uint8_t *part;

	(void)state;
	for (size_t n = 0; n < whole.len; n++) {
		part = malloc(n ? n : 1);
		assert_non_null(part);
		memcpy(part, whole.p, n);
		assert_int_not_equal(scep_decode(pki, span_of(part, n), &r, &reply, why), 0);
		free(part);
	}
	part = malloc(whole.len);
	assert_non_null(part);
	memcpy(part, whole.p, whole.len);
	assert_int_equal(scep_decode(pki, whole, &r, &good, why), 0);
	for (size_t i = 0; i < whole.len; i += i > 60 && i < whole.len - 300 ? 31 : 1) {
		part[i] ^= 0x10;
		if (scep_decode(pki, span_of(part, whole.len), &r, &reply, why) == 0) {
			/* versions and the certificates beside are not signed, and decide nothing */
			assert_int_equal(reply.status, SCEP_SUCCESS);
			assert_true(span_equal(pki_cert_der(reply.cert), pki_cert_der(good.cert)));
			scep_reply_fini(&reply);
			taken++;
		}
		part[i] ^= 0x10;
	}
	assert_in_range(taken, 1, 40);
	scep_reply_fini(&good);
	free(part);
	vector_free(whole);
}

/* ---- what we send ---- */

static PKCS7 *p7_of(struct span s)
{
	const unsigned char *at = s.p;
	PKCS7 *p = d2i_PKCS7(NULL, &at, (long)s.len);

	assert_non_null(p);
	assert_ptr_equal(at, s.p + s.len);
	return p;
}

static void attr_is(PKCS7_SIGNER_INFO *si, const char *oid, const void *want, size_t n)
{
	int nid = OBJ_txt2nid(oid);

	if (nid == NID_undef)
		nid = OBJ_create(oid, NULL, NULL);
	const ASN1_TYPE *v = PKCS7_get_signed_attribute(si, nid);

	assert_non_null(v);
	assert_int_equal(v->value.asn1_string->length, n);
	assert_memory_equal(v->value.asn1_string->data, want, n);
}

static void open_ours(const struct scep_request *r, const char *type, struct span want)
{
	struct pki_key *ca_key = vector_key(pki, S("ca.key.pem"), NULL);
	struct txt der = TXT_INIT;
	char why[PKI_WHY_MAX];
	char *at;

	assert_int_equal(scep_encode(pki, r, &der, why), 0);
	PKCS7 *p = p7_of(span_of(der.s, der.len));
	BIO *inner = BIO_new(BIO_s_mem()), *plain = BIO_new(BIO_s_mem());

	assert_int_equal(PKCS7_verify(p, NULL, NULL, NULL, inner, PKCS7_NOVERIFY | PKCS7_BINARY), 1);
	PKCS7_SIGNER_INFO *si = sk_PKCS7_SIGNER_INFO_value(PKCS7_get_signer_info(p), 0);

	attr_is(si, "2.16.840.1.113733.1.9.2", type, strlen(type));
	attr_is(si, "2.16.840.1.113733.1.9.5", r->nonce, SCEP_NONCE);
	attr_is(si, "2.16.840.1.113733.1.9.7", id, SCEP_ID_MAX - 1);
	long n = BIO_get_mem_data(inner, &at);
	PKCS7 *e = p7_of(span_of(at, (size_t)n));

	assert_int_equal(PKCS7_decrypt(e, ca_key->pkey, ca.cert[0]->x, plain, PKCS7_BINARY), 1);
	n = BIO_get_mem_data(plain, &at);
	assert_int_equal(n, want.len);
	assert_memory_equal(at, want.p, want.len);
	PKCS7_free(p);
	PKCS7_free(e);
	BIO_free(inner);
	BIO_free(plain);
	txt_fini(&der);
	pki_key_free(ca_key);
}

static void requests_open_with_another_reader(void **state)
{
	struct scep_request r = request(&ca);
	struct txt poll = TXT_INIT;

	(void)state;
	open_ours(&r, "19", r.content);
	r.type = SCEP_RENEWAL_REQ;
	r.caps = SCEP_CAP_DES3;
	open_ours(&r, "17", r.content);
	assert_int_equal(scep_poll_content(pki, &ca, span_of(csr.s, csr.len), &poll), 0);
	r.type = SCEP_CERT_POLL;
	r.content = span_of(poll.s, poll.len);
	open_ours(&r, "20", r.content);
	/* SEQUENCE of the issuer and of what we are */
	struct span name = pki_cert_subject_der(ca.cert[0]), us = pki_cert_subject_der(signer);

	assert_int_equal(poll.len, 2 + name.len + us.len);
	assert_memory_equal(poll.s + 2, name.p, name.len);
	assert_memory_equal(poll.s + 2 + name.len, us.p, us.len);
	txt_fini(&poll);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(capabilities_are_read_as_rfc8894_lists_them),
		cmocka_unit_test(the_issuing_ca_is_found_and_an_authority_must_be_its_own),
		cmocka_unit_test(good_answers_are_taken),
		cmocka_unit_test(hostile_answers_are_refused_with_their_reason),
		cmocka_unit_test(no_truncation_and_no_changed_byte_is_taken),
		cmocka_unit_test(requests_open_with_another_reader),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
