/* SPDX-License-Identifier: Apache-2.0 */
/* The crypto under IKE against published vectors: RFC 1321 and FIPS 180-4 (hash),
 * RFC 2202 and 4231 (HMAC), SP 800-38A and FIPS 81 (CBC), RFC 2409 and 3526
 * (primes). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <openssl/bn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/ike_crypto.h"

static struct ike_crypto *crypto;

static size_t hex(const char *s, uint8_t *out)
{
	size_t n = 0;
	unsigned b;

	for (; *s; s += 2, n++) {
		assert_int_equal(sscanf(s, "%2x", &b), 1);
		out[n] = (uint8_t)b;
	}
	return n;
}

static void hashes_of_abc_come_out(void **state)
{
	static const struct {
		enum hash_id h;
		const char *want;
	} rows[] = {
		{ HASH_MD5, "900150983cd24fb0d6963f7d28e17f72" },
		{ HASH_SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d" },
		{ HASH_SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ HASH_SHA384, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
			       "8086072ba1e7cc2358baeca134c825a7" },
		{ HASH_SHA512, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
			       "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
	};
	struct span parts[] = { span_of("a", 1), { 0 }, span_of("bc", 2) };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t out[IKE_MAX_HASH], want[IKE_MAX_HASH];

		assert_int_equal(hex(rows[i].want, want), hash_info(rows[i].h)->len);
		assert_int_equal(ike_hash(crypto, rows[i].h, parts, 3, out), 0);
		assert_memory_equal(out, want, hash_info(rows[i].h)->len);
	}
	uint8_t out[IKE_MAX_HASH] = { 7 };
	assert_int_not_equal(ike_hash(crypto, HASH_UNSET, parts, 3, out), 0);
	assert_int_equal(out[0], 7);
}

/* Case 2 ("Jefe") and the case of a key longer than the block, of each RFC. */
static void prf_is_hmac(void **state)
{
	static const char jefe[] = "what do ya want for nothing?";
	static const char big[] = "Test Using Larger Than Block-Size Key - Hash Key First";
	static const struct {
		enum hash_id h;
		size_t big_key;
		const char *want, *want_big;
	} rows[] = {
		{ HASH_MD5, 80, "750c783e6ab0b503eaa86e310a5db738", "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd" },
		{ HASH_SHA1, 80, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
		  "aa4ae5e15272d00e95705637ce8a3b55ed402112" },
		{ HASH_SHA256, 131, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
		  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
		{ HASH_SHA384, 131,
		  "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
		  "8e2240ca5e69e2c78b3239ecfab21649",
		  "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c6"
		  "0c2ef6ab4030fe8296248df163f44952" },
		{ HASH_SHA512, 131,
		  "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
		  "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
		  "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
		  "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598" },
	};
	uint8_t key[131];

	(void)state;
	memset(key, 0xaa, sizeof(key));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		/* in two parts: the split must not matter */
		struct span j[] = { span_of(jefe, 5), span_of(jefe + 5, sizeof(jefe) - 6) };
		struct span b[] = { span_of(big, sizeof(big) - 1) };
		uint8_t out[IKE_MAX_HASH], want[IKE_MAX_HASH];
		size_t len = hash_info(rows[i].h)->len;

		assert_int_equal(hex(rows[i].want, want), len);
		assert_int_equal(ike_prf(crypto, rows[i].h, span_of("Jefe", 4), j, 2, out), 0);
		assert_memory_equal(out, want, len);
		assert_int_equal(hex(rows[i].want_big, want), len);
		assert_int_equal(ike_prf(crypto, rows[i].h, span_of(key, rows[i].big_key), b, 1, out), 0);
		assert_memory_equal(out, want, len);
		assert_int_equal(ike_prf(crypto, rows[i].h, (struct span){ 0 }, b, 1, out), 0);
	}
}

static void cbc_meets_the_standards_vectors(void **state)
{
	static const char aes_plain[] = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
					"30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";
	static const char aes_iv[] = "000102030405060708090a0b0c0d0e0f";
	static const char des_plain[] = "4e6f77206973207468652074696d6520666f7220616c6c20";
	static const char des_want[] = "e5c7cdde872bf27c43e934008c389c0f683788499a7c05f6";
	static const struct {
		enum cipher_id c;
		unsigned bits;
		const char *key, *iv, *plain, *want;
	} rows[] = {
		{ CIPHER_DES, 0, "0123456789abcdef", "1234567890abcdef", des_plain, des_want },
		/* three equal keys make DES out of 3DES */
		{ CIPHER_3DES, 0, "0123456789abcdef0123456789abcdef0123456789abcdef",
		  "1234567890abcdef", des_plain, des_want },
		{ CIPHER_AES_CBC, 128, "2b7e151628aed2a6abf7158809cf4f3c", aes_iv, aes_plain,
		  "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
		  "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7" },
		{ CIPHER_AES_CBC, 192, "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b", aes_iv,
		  aes_plain,
		  "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a"
		  "571b242012fb7ae07fa9baac3df102e008b0e27988598881d920a9e64f5615cd" },
		{ CIPHER_AES_CBC, 256,
		  "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", aes_iv,
		  aes_plain,
		  "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
		  "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct cipher_info *c = cipher_info(rows[i].c, rows[i].bits);
		uint8_t key[32], iv[16], iv_before[16], text[64], plain[64], want[64];
		size_t n = hex(rows[i].plain, plain);

		assert_int_equal(hex(rows[i].key, key), c->key_len);
		assert_int_equal(hex(rows[i].iv, iv), c->block_len);
		assert_int_equal(hex(rows[i].want, want), n);
		memcpy(iv_before, iv, sizeof(iv));
		memcpy(text, plain, n);
		assert_int_equal(ike_cbc(crypto, c, key, iv, text, n, true), 0);
		assert_memory_equal(text, want, n);
		assert_int_equal(ike_cbc(crypto, c, key, iv, text, n, false), 0);
		assert_memory_equal(text, plain, n);
		assert_memory_equal(iv, iv_before, c->block_len);
		assert_int_equal(ike_cbc(crypto, c, key, iv, text, n - 1, true), -EINVAL);
	}
}

/* 3DES with three keys is E(k3, D(k2, E(k1, x))): composed here of single DES. */
static void three_des_is_encrypt_decrypt_encrypt(void **state)
{
	const struct cipher_info *des = cipher_info(CIPHER_DES, 0), *des3 = cipher_info(CIPHER_3DES, 0);
	static const uint8_t key[] = "abcdefghIJKLMNOPqrstuvwx", zero[8] = { 0 };
	uint8_t once[8] = "plain123", thrice[8] = "plain123";

	(void)state;
	assert_int_equal(ike_cbc(crypto, des3, key, zero, once, 8, true), 0);
	assert_int_equal(ike_cbc(crypto, des, key, zero, thrice, 8, true), 0);
	assert_int_equal(ike_cbc(crypto, des, key + 8, zero, thrice, 8, false), 0);
	assert_int_equal(ike_cbc(crypto, des, key + 16, zero, thrice, 8, true), 0);
	assert_memory_equal(once, thrice, 8);
}

/* ---- Diffie-Hellman ---- */

/* The prime of a group is 2^n - 2^(n-64) - 1 + 2^64 * ([2^(n-130) pi] + c). */
static const struct {
	unsigned group, bits;
	uint32_t c;
} groups[] = { { 1, 768, 149686 },  { 2, 1024, 129093 },  { 5, 1536, 741804 },
	       { 14, 2048, 124476 }, { 15, 3072, 1690314 }, { 16, 4096, 240904 } };
#define N_GROUPS (sizeof(groups) / sizeof(groups[0]))

/* arctan(1/x) * 2^bits, by its series. */
static BIGNUM *arctan(unsigned x, int bits, BN_CTX *ctx)
{
	BIGNUM *sum = BN_new(), *term = BN_new(), *part = BN_new(), *n = BN_new();

	assert_true(BN_one(term) && BN_lshift(term, term, bits));
	assert_true(BN_set_word(n, x) && BN_div(term, NULL, term, n, ctx));
	BN_zero(sum);
	for (BN_ULONG k = 1; !BN_is_zero(term); k += 2) {
		assert_true(BN_copy(part, term) != NULL);
		BN_div_word(part, k);
		assert_true(k % 4 == 1 ? BN_add(sum, sum, part) : BN_sub(sum, sum, part));
		BN_div_word(term, (BN_ULONG)x * x);
	}
	BN_free(term);
	BN_free(part);
	BN_free(n);
	return sum;
}

/* The prime by its definition in RFC 2409 section 6 and RFC 3526, from pi itself
 * (Machin: pi = 16 arctan(1/5) - 4 arctan(1/239)). */
static BIGNUM *prime_from_pi(unsigned bits, uint32_t c, BN_CTX *ctx)
{
	int scale = (int)bits - 130, guard = 64;
	BIGNUM *a = arctan(5, scale + guard, ctx), *b = arctan(239, scale + guard, ctx);
	BIGNUM *p = BN_new(), *t = BN_new();

	assert_true(BN_lshift(a, a, 4) && BN_lshift(b, b, 2) && BN_sub(a, a, b));
	assert_true(BN_rshift(a, a, guard) && BN_add_word(a, c) && BN_lshift(a, a, 64));
	assert_true(BN_one(p) && BN_lshift(p, p, (int)bits));
	assert_true(BN_one(t) && BN_lshift(t, t, (int)bits - 64) && BN_sub(p, p, t));
	assert_true(BN_sub_word(p, 1) && BN_add(p, p, a));
	BN_free(a);
	BN_free(b);
	BN_free(t);
	return p;
}

/* The seed that ike_dh_new() gets: known, so that the test can compute, too. */
static uint8_t exponent[64];
static size_t exponent_len; /* what the group takes of it */

static void set_exponent(unsigned seed)
{
	for (size_t i = 0; i < sizeof(exponent); i++)
		exponent[i] = (uint8_t)(seed * 31 + i * i * 7 + (i << 2));
	exponent[1] = (uint8_t)(seed >> 8);
	exponent[0] |= 0x80; /* as ike_dh_new() does */
}

static struct ike_dh *make(unsigned group, unsigned seed)
{
	struct ike_dh *dh = NULL;

	set_exponent(seed);
	exponent_len = ike_dh_seed_len(group);
	assert_in_range(exponent_len, 32, sizeof(exponent)); /* RFC 3526 section 8 */
	assert_int_equal(ike_dh_new(crypto, group, exponent, &dh), 0);
	return dh;
}

static void public_values_are_powers_of_two_modulo_the_rfcs_primes(void **state)
{
	BN_CTX *ctx = BN_CTX_new();

	(void)state;
	for (size_t i = 0; i < N_GROUPS; i++) {
		struct ike_dh *dh = make(groups[i].group, 1);
		BIGNUM *p = prime_from_pi(groups[i].bits, groups[i].c, ctx), *y = BN_new(),
		       *x = BN_bin2bn(exponent, (int)exponent_len, NULL), *g = BN_new();
		uint8_t want[IKE_MAX_DH];

		assert_true(BN_set_word(g, 2) && BN_mod_exp(y, g, x, p, ctx));
		assert_int_equal(ike_dh_len(groups[i].group), groups[i].bits / 8);
		assert_int_equal(BN_bn2binpad(y, want, (int)groups[i].bits / 8), groups[i].bits / 8);
		assert_int_equal(ike_dh_public(dh).len, groups[i].bits / 8);
		assert_memory_equal(ike_dh_public(dh).p, want, groups[i].bits / 8);
		BN_free(p);
		BN_free(y);
		BN_free(x);
		BN_free(g);
		ike_dh_free(dh);
	}
	BN_CTX_free(ctx);
}

static void both_sides_get_the_same_secret(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_GROUPS; i++) {
		struct ike_dh *a = make(groups[i].group, 2), *b = make(groups[i].group, 3);
		uint8_t sa[IKE_MAX_DH], sb[IKE_MAX_DH];

		assert_int_equal(ike_dh_shared(a, ike_dh_public(b), sa), 0);
		assert_int_equal(ike_dh_shared(b, ike_dh_public(a), sb), 0);
		assert_memory_equal(sa, sb, groups[i].bits / 8);
		assert_memory_not_equal(ike_dh_public(a).p, ike_dh_public(b).p, groups[i].bits / 8);
		ike_dh_free(a);
		ike_dh_free(b);
	}
}

/* About one secret in 256 begins with a zero byte, and it belongs to the key. */
static void leading_zeros_of_a_secret_are_kept(void **state)
{
	struct ike_dh *a = make(1, 4);
	unsigned zeros = 0;

	(void)state;
	for (unsigned seed = 5; seed < 2000 && !zeros; seed++) {
		struct ike_dh *b = make(1, seed);
		uint8_t sa[IKE_MAX_DH], sb[IKE_MAX_DH];

		memset(sa, 0x5a, sizeof(sa));
		assert_int_equal(ike_dh_shared(a, ike_dh_public(b), sa), 0);
		if (sa[0] == 0) {
			zeros++;
			assert_int_equal(ike_dh_shared(b, ike_dh_public(a), sb), 0);
			assert_memory_equal(sa, sb, 96);
		}
		ike_dh_free(b);
	}
	assert_true(zeros > 0);
	ike_dh_free(a);
}

static void public_values_outside_the_group_are_refused(void **state)
{
	BN_CTX *ctx = BN_CTX_new();

	(void)state;
	for (size_t i = 0; i < N_GROUPS; i++) {
		size_t len = groups[i].bits / 8;
		struct ike_dh *dh = make(groups[i].group, 6);
		BIGNUM *p = prime_from_pi(groups[i].bits, groups[i].c, ctx), *y = BN_new();
		static const struct {
			bool from_p;
			unsigned add, sub;
			int err;
		} rows[] = { { 0, 0, 0, -EINVAL }, { 0, 1, 0, -EINVAL }, { 0, 2, 0, 0 },
			     { 1, 0, 2, 0 },	   { 1, 0, 1, -EINVAL }, { 1, 0, 0, -EINVAL },
			     { 1, 1, 0, -EINVAL } };

		for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
			uint8_t b[IKE_MAX_DH], out[IKE_MAX_DH] = { 0xa5 };

			BN_zero(y);
			assert_true(!rows[k].from_p || BN_copy(y, p));
			assert_true(BN_add_word(y, rows[k].add) && BN_sub_word(y, rows[k].sub));
			assert_int_equal(BN_bn2binpad(y, b, (int)len), len);
			assert_int_equal(ike_dh_shared(dh, span_of(b, len), out), rows[k].err);
			if (rows[k].err)
				assert_int_equal(out[0], 0xa5);
			assert_int_equal(ike_dh_shared(dh, span_of(b, len - 1), out), -EINVAL);
		}
		uint8_t ff[IKE_MAX_DH], out[IKE_MAX_DH];
		memset(ff, 0xff, sizeof(ff));
		assert_int_equal(ike_dh_shared(dh, span_of(ff, len), out), -EINVAL);
		BN_free(p);
		BN_free(y);
		ike_dh_free(dh);
	}
	BN_CTX_free(ctx);
}

static void unknown_groups_are_refused(void **state)
{
	static const unsigned bad[] = { 0, 3, 4, 6, 13, 17, 18, 22, 23, 25, 65535 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct ike_dh *dh = NULL;

		assert_int_equal(ike_dh_len(bad[i]), 0);
		assert_int_equal(ike_dh_seed_len(bad[i]), 0);
		assert_int_equal(ike_dh_new(crypto, bad[i], exponent, &dh), -EINVAL);
		assert_null(dh);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_of_abc_come_out),
		cmocka_unit_test(prf_is_hmac),
		cmocka_unit_test(cbc_meets_the_standards_vectors),
		cmocka_unit_test(three_des_is_encrypt_decrypt_encrypt),
		cmocka_unit_test(public_values_are_powers_of_two_modulo_the_rfcs_primes),
		cmocka_unit_test(both_sides_get_the_same_secret),
		cmocka_unit_test(leading_zeros_of_a_secret_are_kept),
		cmocka_unit_test(public_values_outside_the_group_are_refused),
		cmocka_unit_test(unknown_groups_are_refused),
	};
	int bad;

	crypto = ike_crypto_new();
	bad = cmocka_run_group_tests_name("ike_crypto", tests, NULL, NULL);
	ike_crypto_free(crypto);
	return bad;
}
