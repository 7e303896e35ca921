/* SPDX-License-Identifier: Apache-2.0 */
/* Every key derivation of RFC 2409 against vectors: argv[1] is tests/vectors. */
#include "vectors.h"

#include <errno.h>
#include <openssl/bn.h>

#include "crypto/ike_crypto.h"
#include "ike/codec.h"
#include "ike/keying.h"

static const char *folder;
static struct ike_crypto *crypto;

static FILE *open_vectors(const char *name)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "r");
	if (!f)
		fail_msg("cannot open %s", path);
	return f;
}

static enum hash_id hash_of(const struct vec *v)
{
	static const char *const names[] = { "", "md5", "sha", "sha256", "sha384", "sha512" };
	const char *t = vec_text(v, "hash");

	for (enum hash_id h = HASH_MD5; h <= HASH_SHA512; h++)
		if (!strcmp(t, names[h]))
			return h;
	fail_msg("hash %s", t);
	return HASH_UNSET;
}

static const struct cipher_info *cipher_of(const struct vec *v)
{
	const char *t = vec_text(v, "cipher");

	if (!strcmp(t, "des"))
		return cipher_info(CIPHER_DES, 0);
	if (!strcmp(t, "3des"))
		return cipher_info(CIPHER_3DES, 0);
	return cipher_info(CIPHER_AES_CBC, (unsigned)atoi(t + 4));
}

static struct skeyids skeyids_of(const struct vec *v)
{
	struct skeyids s = { 0 };

	assert_int_equal(keying_psk(crypto, hash_of(v), vec_bytes(v, "psk"), vec_bytes(v, "ni"),
				    vec_bytes(v, "nr"), vec_bytes(v, "gxy"), vec_bytes(v, "cky_i").p,
				    vec_bytes(v, "cky_r").p, &s),
			 0);
	return s;
}

static void check_phase1(const struct vec *v)
{
	enum hash_id h = hash_of(v);
	size_t block = cipher_of(v)->block_len;
	struct span ci = vec_bytes(v, "cky_i"), cr = vec_bytes(v, "cky_r"), sai = vec_bytes(v, "sai_b");
	struct span gxi = vec_bytes(v, "gxi"), gxr = vec_bytes(v, "gxr");
	struct skeyids s = skeyids_of(v);
	uint8_t out[IKE_MAX_HASH];

	assert_int_equal(s.len, hash_info(h)->len);
	assert_span(s.skeyid, vec_bytes(v, "skeyid"));
	assert_span(s.d, vec_bytes(v, "skeyid_d"));
	assert_span(s.a, vec_bytes(v, "skeyid_a"));
	assert_span(s.e, vec_bytes(v, "skeyid_e"));
	assert_int_equal(keying_iv1(crypto, h, gxi, gxr, block, out), 0);
	assert_span(out, vec_bytes(v, "iv"));
	assert_int_equal(keying_hash_ir(crypto, h, &s, gxr, gxi, cr.p, ci.p, sai,
					vec_bytes(v, "idir_b"), out),
			 0);
	assert_span(out, vec_bytes(v, "hash_r"));
	if (!vec_has(v, "hash_i"))
		return;
	assert_int_equal(keying_hash_ir(crypto, h, &s, gxi, gxr, ci.p, cr.p, sai,
					vec_bytes(v, "idii_b"), out),
			 0);
	assert_span(out, vec_bytes(v, "hash_i"));
}

static void check_key(const struct vec *v)
{
	struct span e = vec_bytes(v, "skeyid_e");
	struct skeyids s = { .len = (uint8_t)e.len };
	uint8_t key[32];

	memcpy(s.e, e.p, e.len);
	assert_int_equal(keying_cipher_key(crypto, hash_of(v), &s, cipher_of(v), key), 0);
	assert_int_equal(vec_bytes(v, "key").len, cipher_of(v)->key_len);
	assert_span(key, vec_bytes(v, "key"));
}

static void check_later(const struct vec *v)
{
	struct span id = vec_bytes(v, "msgid");
	uint32_t msgid = (uint32_t)id.p[0] << 24 | (uint32_t)id.p[1] << 16 | (uint32_t)id.p[2] << 8 |
			 id.p[3];
	uint8_t out[IKE_MAX_HASH];

	assert_int_equal(keying_iv2(crypto, hash_of(v), vec_bytes(v, "last").p,
				    cipher_of(v)->block_len, msgid, out),
			 0);
	assert_span(out, vec_bytes(v, "iv2"));
}

static void check_keymat(const struct vec *v)
{
	struct skeyids s = skeyids_of(v);
	struct span b = vec_bytes(v, "spi"), none = { 0 };
	uint32_t spi = (uint32_t)b.p[0] << 24 | (uint32_t)b.p[1] << 16 | (uint32_t)b.p[2] << 8 | b.p[3];
	struct span ni = vec_bytes(v, "ni"), nr = vec_bytes(v, "nr");
	uint8_t out[SA_KEYMAT_MAX];

	for (int pfs = 0; pfs < 2; pfs++) {
		struct span want = vec_bytes(v, pfs ? "keymat_pfs" : "keymat");

		/* the stream does not depend on how much of it is asked for */
		for (size_t n = 1; n <= want.len; n++) {
			memset(out, 0xa5, sizeof(out));
			assert_int_equal(keying_keymat(crypto, hash_of(v), &s,
						       pfs ? vec_bytes(v, "gqm") : none, 3, spi, ni,
						       nr, out, n),
					 0);
			assert_memory_equal(out, want.p, n);
			assert_int_equal(out[n], 0xa5);
		}
	}
	assert_int_not_equal(keying_keymat(crypto, hash_of(v), &s, none, 3, spi, ni, nr, out,
					   SA_KEYMAT_MAX + 1),
			     0);
}

static void check_file(const char *name, size_t expected)
{
	struct vec v = { 0 };
	FILE *f = open_vectors(name);
	size_t n = 0;

	for (; vec_next(f, &v); n++) {
		check_key(&v);
		if (vec_has(&v, "skeyid"))
			check_phase1(&v);
		if (vec_has(&v, "iv2"))
			check_later(&v);
		if (vec_has(&v, "keymat"))
			check_keymat(&v);
	}
	fclose(f);
	assert_int_equal(n, expected);
}

static void published_derivations_come_out(void **state)
{
	(void)state;
	check_file("ikev1-published.txt", 2);
}

static void computed_derivations_come_out_for_every_hash_and_cipher(void **state)
{
	(void)state;
	check_file("ikev1-computed.txt", 25 + 32);
}

/* ---- the other methods of authentication ---- */

typedef int method(struct ike_crypto *c, enum hash_id h, struct span ni, struct span nr,
		   struct span gxy, const uint8_t cky_i[8], const uint8_t cky_r[8],
		   struct skeyids *ret);

/* From the nonces, where they are octets, and from SKEYID on, where g^xy is. */
static void check_method(const struct vec *v)
{
	const char *auth = vec_text(v, "auth");
	method *make = strcmp(auth, "signature") ? keying_encryption : keying_signature;
	struct span key = vec_bytes(v, "skeyid"), none = { 0 };
	const uint8_t *ci = vec_bytes(v, "cky_i").p, *cr = vec_bytes(v, "cky_r").p;
	struct span gxy = vec_has(v, "gxy") ? vec_bytes(v, "gxy") : none;
	struct skeyids s = { .len = (uint8_t)key.len };

	assert_int_equal(key.len, hash_info(hash_of(v))->len);
	if (!strcmp(auth, "psk")) {
		assert_int_equal(keying_psk(crypto, hash_of(v), vec_bytes(v, "psk"), vec_bytes(v, "ni"),
					    vec_bytes(v, "nr"), gxy, ci, cr, &s),
				 0);
		assert_span(s.skeyid, key);
		assert_span(s.d, vec_bytes(v, "skeyid_d"));
		assert_span(s.a, vec_bytes(v, "skeyid_a"));
		assert_span(s.e, vec_bytes(v, "skeyid_e"));
	} else if (vec_has(v, "ni")) {
		assert_int_equal(make(crypto, hash_of(v), vec_bytes(v, "ni"), vec_bytes(v, "nr"), gxy, ci,
				      cr, &s),
				 0);
		assert_span(s.skeyid, key);
	}
	if (!vec_has(v, "skeyid_d"))
		return;
	memcpy(s.skeyid, key.p, key.len);
	memset(s.d, 0, sizeof(s.d));
	assert_int_equal(keying_derive(crypto, hash_of(v), gxy, ci, cr, &s), 0);
	assert_span(s.d, vec_bytes(v, "skeyid_d"));
	assert_span(s.a, vec_bytes(v, "skeyid_a"));
	assert_span(s.e, vec_bytes(v, "skeyid_e"));
}

static void check_methods(const char *name, size_t expected)
{
	struct vec v = { 0 };
	FILE *f = open_vectors(name);
	size_t n = 0;

	for (; vec_next(f, &v); n++)
		check_method(&v);
	fclose(f);
	assert_int_equal(n, expected);
}

static void nists_vectors_for_signatures_and_encryption_come_out(void **state)
{
	(void)state;
	check_methods("ikev1-acvp.txt", 6);
	check_methods("ikev1-cavp.txt", 34 + 34);
}

static void signatures_and_encryption_derive_as_computed(void **state)
{
	uint8_t long_nonce[KEYING_NONCE_MAX + 1] = { 0 }, cky[8] = { 0 };
	struct span n = span_of(long_nonce, sizeof(long_nonce)), ok = span_of(long_nonce, 8);
	struct skeyids s = { .len = 7 };

	(void)state;
	check_methods("ikev1-computed-methods.txt", 30);
	assert_int_equal(keying_signature(crypto, HASH_SHA1, n, ok, ok, cky, cky, &s), -EINVAL);
	assert_int_equal(keying_signature(crypto, HASH_SHA1, ok, n, ok, cky, cky, &s), -EINVAL);
	assert_int_equal(s.len, 7);
}

/* ---- the recorded negotiation ---- */

struct recorded {
	struct vec v;
	struct skeyids s;
	const struct cipher_info *cipher;
	uint8_t key[32], iv[16];
	struct span ke_i, ke_r, ni, nr, sai_b;
};

static struct ike_payloads clear(const struct vec *v, const char *name, struct ike_header *h)
{
	struct span d = vec_bytes(v, name);
	struct rd r = rd_span(d);
	struct ike_payloads pl;

	assert_true(ike_header_decode(&r, h));
	assert_true(ike_payloads_decode(h->next, span_of(d.p + IKE_HEADER, d.len - IKE_HEADER), &pl));
	return pl;
}

/* Decrypts the message in place under iv, which becomes its last block. */
static struct ike_payloads opened(struct recorded *rec, const char *name, uint8_t *iv)
{
	struct span d = vec_bytes(&rec->v, name);
	uint8_t *p = (uint8_t *)d.p, last[16];
	struct rd r = rd_span(d);
	struct ike_payloads pl;
	struct ike_header h;

	assert_true(ike_header_decode(&r, &h));
	assert_int_equal(h.flags, IKE_FLAG_ENCRYPTED);
	memcpy(last, p + d.len - 16, 16);
	assert_int_equal(ike_cbc(crypto, rec->cipher, rec->key, iv, p + IKE_HEADER,
				 d.len - IKE_HEADER, false),
			 0);
	memcpy(iv, last, 16);
	assert_true(ike_payloads_decode(h.next, span_of(p + IKE_HEADER, d.len - IKE_HEADER), &pl));
	return pl;
}

static void shared_secret(const struct vec *v, struct span ke_r, uint8_t *out)
{
	BIGNUM *p = BN_get_rfc2409_prime_1024(NULL), *y = BN_bin2bn(ke_r.p, (int)ke_r.len, NULL);
	BIGNUM *x = BN_bin2bn(vec_bytes(v, "x").p, (int)vec_bytes(v, "x").len, NULL), *z = BN_new();
	BN_CTX *ctx = BN_CTX_new();

	assert_true(BN_mod_exp(z, y, x, p, ctx) == 1);
	assert_int_equal(BN_bn2binpad(z, out, 128), 128);
	BN_free(p);
	BN_free(y);
	BN_free(x);
	BN_free(z);
	BN_CTX_free(ctx);
}

static void recorded_main_mode(struct recorded *rec)
{
	struct ike_header h, h4;
	struct ike_payloads m1 = clear(&rec->v, "m1", &h), m3 = clear(&rec->v, "m3", &h),
			    m4 = clear(&rec->v, "m4", &h4), pl;
	uint8_t gxy[128], want[IKE_MAX_HASH];

	rec->cipher = cipher_info(CIPHER_AES_CBC, 128);
	rec->sai_b = ike_payload_find(&m1, PL_SA, 0)->body;
	rec->ke_i = ike_payload_find(&m3, PL_KE, 0)->body;
	rec->ni = ike_payload_find(&m3, PL_NONCE, 0)->body;
	rec->ke_r = ike_payload_find(&m4, PL_KE, 0)->body;
	rec->nr = ike_payload_find(&m4, PL_NONCE, 0)->body;
	shared_secret(&rec->v, rec->ke_r, gxy);
	assert_int_equal(keying_psk(crypto, HASH_SHA1, vec_bytes(&rec->v, "psk"), rec->ni, rec->nr,
				    span_of(gxy, 128), h.i_cookie, h.r_cookie, &rec->s),
			 0);
	assert_int_equal(keying_cipher_key(crypto, HASH_SHA1, &rec->s, rec->cipher, rec->key), 0);
	assert_int_equal(keying_iv1(crypto, HASH_SHA1, rec->ke_i, rec->ke_r, 16, rec->iv), 0);

	pl = opened(rec, "m5", rec->iv);
	assert_int_equal(keying_hash_ir(crypto, HASH_SHA1, &rec->s, rec->ke_i, rec->ke_r, h.i_cookie,
					h.r_cookie, rec->sai_b, ike_payload_find(&pl, PL_ID, 0)->body,
					want),
			 0);
	assert_memory_equal(want, ike_payload_find(&pl, PL_HASH, 0)->body.p, 20);
	pl = opened(rec, "m6", rec->iv);
	assert_int_equal(keying_hash_ir(crypto, HASH_SHA1, &rec->s, rec->ke_r, rec->ke_i, h.r_cookie,
					h.i_cookie, rec->sai_b, ike_payload_find(&pl, PL_ID, 0)->body,
					want),
			 0);
	assert_memory_equal(want, ike_payload_find(&pl, PL_HASH, 0)->body.p, 20);
}

/* The HASH payload of a quick mode message over parts before what follows it. */
static void check_quick_hash(struct recorded *rec, const struct ike_payloads *pl,
			     struct span *parts, size_t n, bool rest)
{
	const struct ike_payload *hash = &pl->v[0];
	uint8_t want[IKE_MAX_HASH];

	assert_int_equal(hash->type, PL_HASH);
	if (rest)
		parts[n++] = span_of(hash->whole.p + hash->whole.len, pl->used - hash->whole.len);
	assert_int_equal(ike_prf(crypto, HASH_SHA1, span_of(rec->s.a, rec->s.len), parts, n, want), 0);
	assert_memory_equal(want, hash->body.p, 20);
}

static void check_spi(const struct ike_payloads *pl, struct span want)
{
	struct ike_proposal p;
	struct rd r;

	assert_true(ike_sa_decode(ike_payload_find(pl, PL_SA, 0)->body, &r));
	assert_true(ike_proposal_next(&r, &p));
	assert_true(span_equal(p.spi, want));
}

static void recorded_negotiation_decrypts_and_its_hashes_are_right(void **state)
{
	static const uint8_t id[4] = { 0x25, 0x9c, 0xf1, 0x33 };
	struct recorded rec = { 0 };
	FILE *f = open_vectors("ikev1-recorded.txt");
	uint8_t iv[16];

	(void)state;
	assert_true(vec_next(f, &rec.v));
	fclose(f);
	recorded_main_mode(&rec);
	assert_int_equal(keying_iv2(crypto, HASH_SHA1, rec.iv, 16, 0x259cf133, iv), 0);
	struct ike_payloads q1 = opened(&rec, "q1", iv), q2 = opened(&rec, "q2", iv),
			    q3 = opened(&rec, "q3", iv);
	struct span ni = ike_payload_find(&q1, PL_NONCE, 0)->body;
	struct span nr = ike_payload_find(&q2, PL_NONCE, 0)->body;
	struct span m = span_of(id, 4);
	struct span one[5] = { m }, two[5] = { m, ni }, three[5] = { span_of("\0", 1), m, ni, nr };

	check_quick_hash(&rec, &q1, one, 1, true);
	check_quick_hash(&rec, &q2, two, 2, true);
	check_quick_hash(&rec, &q3, three, 4, false);
	check_spi(&q1, vec_bytes(&rec.v, "spi_i"));
	check_spi(&q2, vec_bytes(&rec.v, "spi_r"));
	vec_free(&rec.v);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_derivations_come_out),
		cmocka_unit_test(computed_derivations_come_out_for_every_hash_and_cipher),
		cmocka_unit_test(nists_vectors_for_signatures_and_encryption_come_out),
		cmocka_unit_test(signatures_and_encryption_derive_as_computed),
		cmocka_unit_test(recorded_negotiation_decrypts_and_its_hashes_are_right),
	};
	int bad;

	if (argc != 2)
		return 2;
	folder = argv[1];
	crypto = ike_crypto_new();
	bad = cmocka_run_group_tests_name("ike_keying", tests, NULL, NULL);
	ike_crypto_free(crypto);
	return bad;
}
