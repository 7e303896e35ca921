/* SPDX-License-Identifier: Apache-2.0 */
/* Key pairs, their files, IKE's signatures, requests and containers. */
#include "pki_vectors.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pki/store.h"

static struct pki *pki;

static void signatures_are_those_of_openssl_without_digestinfo(void **state)
{
	struct pki_key *k = vector_key(pki, "peer.key.pem", NULL);
	struct span hash = vector("hash.bin"), want = vector("ike.sig"), info = vector("digestinfo.sig");
	uint8_t sig[PKI_SIG_MAX];
	size_t len = 0;

	(void)state;
	assert_int_equal(pki_ike_sign(pki, k, hash, sig, &len), 0);
	assert_true(span_equal(span_of(sig, len), want)); /* PKCS #1 v1.5 has no randomness */
	assert_int_equal(pki_ike_verify(pki, k, hash, want), 0);
	/* a signature of PKCS #1 proper is none of IKE's */
	assert_int_equal(pki_ike_verify(pki, k, hash, info), -EBADMSG);
	for (size_t i = 0; i < len; i++) {
		sig[i] ^= 0x40;
		assert_int_equal(pki_ike_verify(pki, k, hash, span_of(sig, len)), -EBADMSG);
		sig[i] ^= 0x40;
	}
	for (size_t n = 0; n < len; n++)
		assert_int_equal(pki_ike_verify(pki, k, hash, span_of(sig, n)), -EBADMSG);
	for (size_t n = 0; n < hash.len; n++)
		assert_int_equal(pki_ike_verify(pki, k, span_of(hash.p, n), want), -EBADMSG);
	vector_free(hash);
	vector_free(want);
	vector_free(info);
	pki_key_free(k);
}

static void a_short_key_signs_what_fits(void **state)
{
	uint8_t hash[64] = { 1 }, sig[PKI_SIG_MAX];
	struct pki_key *k = NULL;
	size_t len = 0;

	(void)state;
	assert_int_equal(pki_key_generate(pki, 511, &k), -ERANGE);
	assert_int_equal(pki_key_generate(pki, 4097, &k), -ERANGE);
	assert_int_equal(pki_key_generate(pki, 512, &k), 0);
	assert_int_equal(pki_key_bits(k), 512);
	assert_int_equal(pki_ike_sign(pki, k, span_of(hash, 20), sig, &len), 0);
	assert_int_equal(len, 64);
	assert_int_equal(pki_ike_sign(pki, k, span_of(hash, 64), sig, &len), -EINVAL); /* 11 too many */
	pki_key_free(k);
}

static void pem_keys_are_read_with_and_without_passphrase(void **state)
{
	struct span enc = vector("peer.enc.pem");
	struct pki_key *clear = vector_key(pki, "peer.key.pem", NULL), *k = NULL, *again = NULL;
	struct txt t = TXT_INIT;

	(void)state;
	assert_int_equal(pki_key_from_pem(pki, enc, NULL, &k), -EACCES);
	assert_int_equal(pki_key_from_pem(pki, enc, "wrong", &k), -EACCES);
	assert_int_equal(pki_key_from_pem(pki, enc, "cisco123", &k), 0);
	assert_true(pki_key_same(k, clear));
	assert_true(pki_key_is_private(k));
	for (int i = 0; i < 3; i++) {
		static const char *const ciphers[] = { "3DES", "DES", "AES" };

		txt_clear(&t);
		assert_int_equal(pki_key_to_pem(pki, k, ciphers[i], "secret99", &t), 0);
		assert_non_null(strstr(t.s, "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED"));
		assert_int_equal(pki_key_from_pem(pki, span_of(t.s, t.len), "secret99", &again), 0);
		assert_true(pki_key_same(again, k));
		pki_key_free(again);
	}
	txt_clear(&t);
	assert_int_equal(pki_key_public_pem(k, &t), 0);
	assert_int_equal(pki_key_from_pem(pki, span_of(t.s, t.len), NULL, &again), 0);
	assert_true(pki_key_same(again, k));
	assert_false(pki_key_is_private(again));
	pki_key_free(again);
	txt_fini(&t);
	vector_free(enc);
	pki_key_free(k);
	pki_key_free(clear);
}

/* ---- the store ---- */

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static struct pki_key *small_key(void)
{
	struct pki_key *k = NULL;

	assert_int_equal(pki_key_generate(pki, 512, &k), 0);
	return k;
}

static void keys_outlive_the_process_in_private_files(void **state)
{
	char top[] = "/tmp/culvert-test-pki-XXXXXX", dir[64], path[128];
	struct txt said = TXT_INIT;
	struct pki_store *s;

	(void)state;
	assert_non_null(mkdtemp(top));
	umask(0);
	snprintf(dir, sizeof(dir), "%s/pki", top);
	s = pki_store_open(pki, dir, &said);
	assert_null(pki_store_get(s, 0));
	assert_int_equal(pki_store_put(s, "../R1.ex", PKI_USAGE_GENERAL, true, 100, small_key()), 0);
	assert_int_equal(pki_store_put(s, "U", PKI_USAGE_SIGNATURE, false, 50, small_key()), 0);
	assert_int_equal(pki_store_put(s, "U", PKI_USAGE_ENCRYPTION, false, 50, small_key()), 0);
	assert_int_equal(pki_store_put(s, "a b", PKI_USAGE_GENERAL, false, 50, small_key()), -EINVAL);
	assert_int_equal(mode_of(dir), 0700);
	snprintf(path, sizeof(path), "%s/%%2E%%2E%%2FR1%%2Eex.general.key", dir);
	assert_int_equal(mode_of(path), 0600);

	struct pki_store *again = pki_store_open(pki, dir, &said);
	assert_int_equal(said.len, 0);
	assert_string_equal(pki_store_get(again, 0)->label, "U"); /* oldest first */
	const struct pki_pair *r1 = pki_store_find(again, "../R1.ex", PKI_USAGE_ENCRYPTION);
	assert_non_null(r1); /* a general key serves both */
	assert_true(r1->exportable);
	assert_int_equal(r1->made_sec, 100);
	assert_true(pki_key_same(r1->key, pki_store_find(s, "../R1.ex", PKI_USAGE_SIGNATURE)->key));
	assert_int_equal(pki_store_find(again, "U", PKI_USAGE_SIGNATURE)->usage, PKI_USAGE_SIGNATURE);
	assert_false(pki_key_same(pki_store_find(again, "U", PKI_USAGE_SIGNATURE)->key,
				  pki_store_find(again, "U", PKI_USAGE_ENCRYPTION)->key));
	pki_store_close(again);

	/* a key that others may read is no secret any more */
	assert_int_equal(chmod(path, 0640), 0);
	again = pki_store_open(pki, dir, &said);
	assert_null(pki_store_find(again, "../R1.ex", PKI_USAGE_GENERAL));
	assert_non_null(strstr(txt_cstr(&said), "others may read it"));
	pki_store_close(again);

	assert_int_equal(pki_store_zeroize(s, "none"), -ENOENT);
	assert_int_equal(pki_store_zeroize(s, "../R1.ex"), 0);
	assert_int_equal(pki_store_zeroize(s, "U"), 0);
	assert_false(pki_store_has(s, "U"));
	assert_int_equal(rmdir(dir), 0); /* nothing is left in it */
	assert_int_equal(rmdir(top), 0);
	pki_store_close(s);
	txt_fini(&said);
}

static void a_pair_is_replaced_as_a_whole(void **state)
{
	char dir[] = "/tmp/culvert-test-pki-XXXXXX", path[128];
	struct txt said = TXT_INIT;
	struct pki_store *s;

	(void)state;
	assert_non_null(mkdtemp(dir));
	s = pki_store_open(pki, dir, &said);
	assert_int_equal(pki_store_put(s, "K", PKI_USAGE_GENERAL, false, 1, small_key()), 0);
	assert_int_equal(pki_store_put(s, "K", PKI_USAGE_GENERAL, false, 2, small_key()), 0);
	assert_null(pki_store_get(s, 1));
	assert_int_equal(pki_store_get(s, 0)->made_sec, 2);
	/* a link under the temporary name is not followed */
	snprintf(path, sizeof(path), "%s/K.general.new", dir);
	assert_int_equal(symlink("/tmp/culvert-test-pki-nowhere", path), 0);
	assert_int_equal(pki_store_put(s, "K", PKI_USAGE_GENERAL, false, 3, small_key()), 0);
	assert_int_not_equal(access("/tmp/culvert-test-pki-nowhere", F_OK), 0);
	assert_int_equal(pki_store_zeroize(s, "K"), 0);
	assert_int_equal(rmdir(dir), 0);
	pki_store_close(s);
	txt_fini(&said);
}

/* ---- certificates, requests, containers ---- */

static void fields_are_told_as_ios_tells_them(void **state)
{
	struct pki_cert *peer = vector_cert(pki, "peer.der"), *ios = vector_cert(pki, "ios.der");
	struct txt t = TXT_INIT;
	int64_t from, to;
	uint32_t ku;

	(void)state;
	pki_cert_subject(peer, "    ", &t);
	txt_char(&t, '|');
	pki_cert_issuer(peer, NULL, &t);
	txt_char(&t, '|');
	pki_cert_serial(peer, &t);
	txt_char(&t, '|');
	pki_cert_sigalg(peer, &t);
	txt_char(&t, '|');
	assert_true(pki_cert_crl_url(peer, 0, &t));
	assert_false(pki_cert_crl_url(peer, 1, &t));
	for (size_t i = 0; pki_cert_san(peer, i, &t); i++)
		txt_char(&t, ';');
	txt_char(&t, '|');
	pki_cert_subject(ios, NULL, &t);
	assert_string_equal(t.s,
			    "    cn=R1\n    o=Culvert Test\n    c=CH\n|cn=Root,o=Culvert Test,c=CH|10|"
			    "SHA256 with RSA Encryption|http://ca.example.com/root.crl"
			    "DNS Name : R1.example.com;IP Address : 192.0.2.1;Email : admin@example.com;|"
			    "hostname=R1.example.com+ipaddress=192.0.2.1+serialNumber=FTX1,cn=R1");
	assert_true(pki_cert_validity(peer, &from, &to));
	assert_int_equal(from, 1577836800);
	assert_int_equal(to, INT64_C(4733424000));
	assert_false(pki_cert_is_ca(peer));
	assert_false(pki_cert_key_usage(peer, &ku));
	struct pki_cert *root = vector_cert(pki, "root.der");
	assert_true(pki_cert_is_ca(root));
	assert_true(pki_cert_key_usage(root, &ku));
	assert_int_equal(ku, PKI_KU_CERT_SIGN | PKI_KU_CRL_SIGN);
	pki_cert_free(root);
	struct pki_cert *md5 = vector_cert(pki, "md5.der");
	assert_string_equal(pki_cert_weakness(md5), "its RSA key has less than 2048 bits");
	pki_cert_free(md5);
	pki_cert_free(peer);
	pki_cert_free(ios);
	txt_fini(&t);
}

static void certificate_maps_compare_as_ios_does(void **state)
{
	static const struct {
		enum pki_field field;
		enum pki_op op;
		const char *text;
		bool want;
	} rows[] = { { PKI_FIELD_SUBJECT, PKI_OP_EQ, "CN=R1, o=Culvert Test, c=ch", true },
		     { PKI_FIELD_SUBJECT, PKI_OP_EQ, "cn=R1", false },
		     { PKI_FIELD_SUBJECT, PKI_OP_NE, "cn=R1", true },
		     { PKI_FIELD_SUBJECT, PKI_OP_CO, "o=culvert test", true },
		     { PKI_FIELD_SUBJECT, PKI_OP_CO, "o=culverttest", false },
		     { PKI_FIELD_SUBJECT, PKI_OP_NC, "o=other", true },
		     { PKI_FIELD_ISSUER, PKI_OP_CO, "CN=Root", true },
		     { PKI_FIELD_ISSUER, PKI_OP_CO, "CN=R1", false },
		     { PKI_FIELD_ALT_SUBJECT, PKI_OP_CO, "r1.example.com", true },
		     { PKI_FIELD_NAME, PKI_OP_EQ, "r1", true },
		     { PKI_FIELD_SERIAL, PKI_OP_EQ, "10", true },
		     { PKI_FIELD_SERIAL, PKI_OP_NE, "10", false } };
	struct pki_cert *peer = vector_cert(pki, "peer.der");

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (pki_cert_match(peer, rows[i].field, rows[i].op, rows[i].text) != rows[i].want)
			fail_msg("row %zu: %s", i, rows[i].text);
	pki_cert_free(peer);
}

static void crls_are_read_from_files_of_either_form(void **state)
{
	char dir[] = "/tmp/culvert-test-pki-XXXXXX", path[128];
	struct span good = vector("good.crl");
	struct txt said = TXT_INIT, pem = TXT_INIT, got = TXT_INIT;
	struct pki_store *s;

	(void)state;
	assert_non_null(mkdtemp(dir));
	s = pki_store_open(pki, dir, &said);
	assert_int_equal(pki_store_crl(s, "T/P", &got), -ENOENT);
	snprintf(path, sizeof(path), "%s/T%%2FP.crl", dir);
	pki_base64_encode(good, "X509 CRL", &pem);
	for (int form = 0; form < 2; form++) {
		FILE *f = fopen(path, "w");

		assert_non_null(f);
		fwrite(form ? pem.s : (const char *)good.p, 1, form ? pem.len : good.len, f);
		fclose(f);
		txt_clear(&got);
		assert_int_equal(pki_store_crl(s, "T/P", &got), 0);
		assert_true(span_equal(span_of(got.s, got.len), good));
	}
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
	pki_store_close(s);
	vector_free(good);
	txt_fini(&said);
	txt_fini(&pem);
	txt_fini(&got);
}

static void names_are_read_as_typed(void **state)
{
	static const struct {
		const char *text, *why; /* why NULL: good */
	} names[] = { { "CN=R1, O=\"Example, Inc\",C=CH", NULL },
		      { "cn=a\\,b", NULL },
		      { "", NULL },
		      { "R1", "not ATTRIBUTE=VALUE" },
		      { "xx=1", "no attribute \"xx\"" },
		      { "cn=", "cn has no value" },
		      { "c=Switzerland", "no value of" },
		      { "o=\"x\" y", "a comma is missing" } };
	char why[PKI_WHY_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		bool ok = pki_dn_check(names[i].text, why);

		if (ok != !names[i].why || (!ok && !strstr(why, names[i].why)))
			fail_msg("%s: %s", names[i].text, why);
	}
}

static void a_self_signed_certificate_verifies_as_its_own_anchor(void **state)
{
	struct pki_key *k = NULL, *from_cert = NULL;
	struct pki_subject s = { .name = "CN=R1,O=Example", .fqdn = "R1.example.com", .serial = "FTX1",
				 .ip = ipaddr_v4(0xc0000201),
				 .usage = PKI_KU_DIGITAL_SIGNATURE | PKI_KU_CERT_SIGN };
	char why[PKI_WHY_MAX] = "";
	struct txt der = TXT_INIT, t = TXT_INIT;
	struct pki_cert *c = NULL;

	(void)state;
	assert_int_equal(pki_key_generate(pki, 1024, &k), 0);
	assert_int_equal(pki_self_signed(pki, k, &s, 1, NOW - 5, NOW + 5, &der, why), 0);
	struct span d = span_of(der.s, der.len);
	struct pki_check v = { .trustpoint = "TP", .chain = &d, .n_chain = 1, .anchors = &d,
			       .n_anchors = 1, .now_sec = NOW,
			       .id = { PKI_ID_FQDN, span_of("r1.example.com", 14) } };
	if (pki_verify(pki, &v, &from_cert, why))
		fail_msg("%s", why);
	assert_true(pki_key_same(k, from_cert));
	v.now_sec = NOW + 6;
	pki_key_free(from_cert);
	assert_int_equal(pki_verify(pki, &v, &from_cert, why), -EACCES);
	assert_int_equal(pki_cert_parse(pki, d, &c), 0);
	pki_cert_subject(c, NULL, &t);
	assert_string_equal(t.s, "hostname=R1.example.com+ipaddress=192.0.2.1+serialNumber=FTX1,"
				 "cn=R1,o=Example");
	struct pki_subject nobody = { .name = "", .fqdn = "", .serial = "" };
	assert_int_equal(pki_request(pki, k, &nobody, &t, why), -EINVAL);
	assert_non_null(strstr(why, "nothing names the router"));
	pki_cert_free(c);
	pki_key_free(k);
	txt_fini(&der);
	txt_fini(&t);
}

/* RFC 4945 section 3.1.1: the sixteen bytes of iPAddress are the identity, and no part of them. */
static void an_address_of_ipv6_is_an_identity(void **state)
{
	static const struct {
		const char *addr;
		uint8_t type, len;
		bool want;
	} rows[] = {
		{ "2001:db8::c000:201", PKI_ID_IPV6, 16, true },
		{ "2001:db8::c000:202", PKI_ID_IPV6, 16, false },
		{ "::ffff:192.0.2.1", PKI_ID_IPV6, 16, false },
		{ "32.1.13.184", PKI_ID_IPV4, 4, false }, /* 2001:db8 */
		{ "192.0.2.1", PKI_ID_IPV4, 4, false },
		{ "2001:db8::c000:201", PKI_ID_IPV6, 15, false },
		{ "2001:db8::c000:201", PKI_ID_IPV6, 4, false },
		{ "2001:db8::c000:201", PKI_ID_IPV4, 16, false },
		{ "2001:db8::c000:201", PKI_ID_FQDN, 16, false },
	};
	struct pki_key *k = NULL;
	struct pki_subject s = { .name = "CN=R6", .fqdn = "", .serial = "", .usage = PKI_KU_DIGITAL_SIGNATURE };
	char why[PKI_WHY_MAX] = "";
	struct txt der = TXT_INIT, t = TXT_INIT;
	struct pki_cert *c = NULL;
	struct ipaddr a;

	(void)state;
	assert_true(ipaddr_parse(rows[0].addr, &s.ip));
	assert_int_equal(pki_key_generate(pki, 1024, &k), 0);
	assert_int_equal(pki_self_signed(pki, k, &s, 1, NOW - 5, NOW + 5, &der, why), 0);
	assert_int_equal(pki_cert_parse(pki, span_of(der.s, der.len), &c), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(ipaddr_parse(rows[i].addr, &a));
		struct pki_id id = { rows[i].type, span_of(a.b, rows[i].len) };
		if (pki_cert_has_id(c, &id, why) != rows[i].want)
			fail_msg("row %zu: %s", i, why);
	}
	assert_true(ipaddr_parse(rows[1].addr, &a));
	struct pki_id other = { PKI_ID_IPV6, span_of(a.b, 16) };
	assert_false(pki_cert_has_id(c, &other, why));
	assert_non_null(strstr(why, "subjectAltName has no iPAddress \"2001:DB8::C000:202\""));
	assert_true(pki_cert_san(c, 0, &t));
	assert_string_equal(t.s, "IP Address : 2001:DB8::C000:201");
	pki_cert_free(c);
	pki_key_free(k);
	txt_fini(&der);
	txt_fini(&t);
}

static void pkcs12_files_of_openssl_are_read(void **state)
{
	static const char *const files[] = { "new.p12", "old.p12" };
	struct pki_cert *peer = vector_cert(pki, "peer.der");

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct span f = vector(files[i]);
		struct pki_bundle b = { 0 }, back = { 0 };
		struct txt der = TXT_INIT;

		assert_int_equal(pki_pkcs12_read(pki, f, "wrong", &b), -EACCES);
		assert_int_equal(pki_pkcs12_read(pki, f, "cisco123", &b), 0);
		assert_true(span_equal(pki_cert_der(b.cert), pki_cert_der(peer)));
		assert_int_equal(b.n_ca, 1);
		assert_true(pki_key_is_private(b.key));
		assert_int_equal(pki_pkcs12_write(pki, &b, "L", "other999", &der), 0);
		assert_int_equal(pki_pkcs12_read(pki, span_of(der.s, der.len), "other999", &back), 0);
		assert_true(pki_key_same(b.key, back.key));
		assert_int_equal(back.n_ca, 1);
		for (size_t n = 0; n < f.len; n += 7) { /* cut short: refused, nothing leaks */
			uint8_t *cut = malloc(n ? n : 1);
			struct pki_bundle none = { 0 };

			memcpy(cut, f.p, n);
			assert_int_equal(pki_pkcs12_read(pki, span_of(cut, n), "cisco123", &none), -EBADMSG);
			free(cut);
		}
		pki_bundle_fini(&b);
		pki_bundle_fini(&back);
		txt_fini(&der);
		vector_free(f);
	}
	pki_cert_free(peer);
}

static void base64_is_read_as_it_is_pasted(void **state)
{
	static const struct {
		const char *text, *want; /* want NULL: refused */
	} rows[] = { { "Zm9v", "foo" }, { "Zm9v\nYmE=\n", "fooba" }, { " Zm 9v\r\n", "foo" },
		     { "-----BEGIN X-----\nZm8=\n-----END X-----\n", "fo" },
		     { "Zg==", "f" }, { "", NULL }, { "Zg=", NULL }, { "Zg===", NULL },
		     { "Z*9v", NULL }, { "Zg==Zg==", NULL }, { "=", NULL },
		     { "Zm9v\n-----END X-----\nZm9v", NULL } };
	struct txt t = TXT_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		txt_clear(&t);
		int err = pki_base64_decode(rows[i].text, strlen(rows[i].text), 100, &t);
		if ((err == 0) != (rows[i].want != NULL))
			fail_msg("%s: %d", rows[i].text, err);
		if (rows[i].want)
			assert_string_equal(txt_cstr(&t), rows[i].want);
	}
	txt_clear(&t);
	assert_int_equal(pki_base64_decode("Zm9vZm9v", 8, 3, &t), -EBADMSG);
	txt_fini(&t);
}

static int up(void **state)
{
	(void)state;
	pki = pki_new();
	return pki ? 0 : -1;
}

static int down(void **state)
{
	(void)state;
	pki_free(pki);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signatures_are_those_of_openssl_without_digestinfo),
		cmocka_unit_test(a_short_key_signs_what_fits),
		cmocka_unit_test(pem_keys_are_read_with_and_without_passphrase),
		cmocka_unit_test(keys_outlive_the_process_in_private_files),
		cmocka_unit_test(a_pair_is_replaced_as_a_whole),
		cmocka_unit_test(fields_are_told_as_ios_tells_them),
		cmocka_unit_test(certificate_maps_compare_as_ios_does),
		cmocka_unit_test(crls_are_read_from_files_of_either_form),
		cmocka_unit_test(names_are_read_as_typed),
		cmocka_unit_test(a_self_signed_certificate_verifies_as_its_own_anchor),
		cmocka_unit_test(an_address_of_ipv6_is_an_identity),
		cmocka_unit_test(pkcs12_files_of_openssl_are_read),
		cmocka_unit_test(base64_is_read_as_it_is_pasted),
	};

	return cmocka_run_group_tests(tests, up, down);
}
