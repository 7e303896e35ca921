/* SPDX-License-Identifier: Apache-2.0 */
/* RSA encryption of IKE: blocks of every wrong form, Wycheproof's messages, and that what
 * is rejected looks like what is not. */
#include "pki_vectors.h"

#include "ike/vectors.h"
#include "pki/pkcs1.h"

static struct pki *pki;

/* ---- the block ---- */

#define K 64

/* 00 02, pad bytes, 00 and a message that fills the rest. */
static void block(uint8_t em[K], size_t len)
{
	memset(em, 0x5a, K);
	em[0] = 0;
	em[1] = 2;
	em[K - 1 - len] = 0;
	for (size_t i = 0; i < len; i++)
		em[K - len + i] = (uint8_t)(i + 1);
}

static bool taken(const uint8_t em[K], size_t min, size_t max)
{
	uint8_t out[K], alt[K];
	size_t len = 999;

	memset(alt, 0xee, sizeof(alt));
	memset(out, 0xcc, sizeof(out));
	pkcs1_unpad(em, K, alt, 7, min, max, out, &len);
	for (size_t i = max; i < K; i++)
		assert_int_equal(out[i], 0xcc);
	if (len == 7 && !memcmp(out, alt, max))
		return false;
	for (size_t i = 0; i < len; i++)
		assert_int_equal(out[i], i + 1);
	assert_true(len >= min && len <= max);
	return true;
}

static void messages_of_every_length_are_taken(void **state)
{
	uint8_t em[K];

	(void)state;
	for (size_t len = 0; len <= K - 11; len++)
		for (size_t max = 0; max <= K - 11; max++) {
			block(em, len);
			assert_int_equal(taken(em, 0, max), len <= max);
			assert_int_equal(taken(em, max, K - 11), len >= max);
		}
}

static void each_rule_of_the_block_is_kept(void **state)
{
	uint8_t em[K];

	(void)state;
	for (unsigned v = 1; v < 256; v++) { /* the first byte is zero */
		block(em, 20);
		em[0] = (uint8_t)v;
		assert_false(taken(em, 0, K - 11));
	}
	for (unsigned v = 0; v < 256; v++) { /* the second is 2: 0 and 1 are other formats */
		block(em, 20);
		em[1] = (uint8_t)v;
		assert_int_equal(taken(em, 0, K - 11), v == 2);
	}
	for (size_t at = 2; at < 10; at++) { /* eight bytes of padding at least */
		block(em, 20);
		em[at] = 0;
		assert_false(taken(em, 0, K - 11));
	}
	block(em, 53); /* and eight are enough */
	assert_true(taken(em, 0, K - 11));
	memset(em + 2, 0x5a, K - 2); /* no zero after the padding */
	assert_false(taken(em, 0, K - 11));
	em[K - 1] = 0; /* an empty message */
	assert_true(taken(em, 0, K - 11));
	assert_false(taken(em, 1, K - 11));
	memset(em, 0, K);
	assert_false(taken(em, 0, K - 11));
	memset(em, 0xff, K);
	assert_false(taken(em, 0, K - 11));
	for (size_t i = 0; i < 10; i++) { /* whatever the padding is, if it is not zero */
		block(em, 20);
		memset(em + 2, i ? (int)(i * 25) : 1, K - 23);
		assert_true(taken(em, 0, K - 11));
	}
}

/* ---- Wycheproof ---- */

static struct pki_key *pkcs8(struct span der)
{
	struct txt t = TXT_INIT;
	struct pki_key *k = NULL;

	pki_base64_encode(der, "PRIVATE KEY", &t);
	assert_int_equal(pki_key_from_pem(pki, span_of(t.s, t.len), NULL, &k), 0);
	txt_fini(&t);
	return k;
}

static void rejected(struct pki_key *k, struct span ct)
{
	uint8_t a[PKI_SIG_MAX], b[PKI_SIG_MAX];
	size_t m, n, size = pki_key_bits(k) / 8;
	int err = pki_ike_decrypt(pki, k, ct, 0, PKI_SIG_MAX, a, &m);

	if (ct.len != size) {
		assert_int_equal(err, -EBADMSG);
		return;
	}
	assert_int_equal(err, 0);
	assert_true(m <= size - 11);
	assert_int_equal(pki_ike_decrypt(pki, k, ct, 0, PKI_SIG_MAX, b, &n), 0);
	assert_int_equal(m, n);
	assert_memory_equal(a, b, m); /* the same each time */
	uint8_t *other = malloc(ct.len);
	memcpy(other, ct.p, ct.len);
	other[ct.len - 1] ^= 1;
	assert_int_equal(pki_ike_decrypt(pki, k, span_of(other, ct.len), 8, 256, b, &n), 0);
	assert_true(n >= 8 && n <= 256);
	assert_memory_not_equal(a, b, 8);
	free(other);
}

static void wycheproofs_messages_are_taken_or_rejected(void **state)
{
	FILE *f = fopen(VECTORS_DIR "/../wycheproof-rsa-pkcs1.txt", "r");
	unsigned valid = 0, invalid = 0;
	uint8_t out[PKI_SIG_MAX];
	struct pki_key *k = NULL;
	struct vec v = { 0 };
	size_t n;

	(void)state;
	assert_non_null(f);
	while (vec_next(f, &v)) {
		if (vec_has(&v, "key")) {
			pki_key_free(k);
			k = pkcs8(vec_bytes(&v, "key"));
			continue;
		}
		struct span ct = vec_bytes(&v, "ct");
		if (strcmp(vec_text(&v, "result"), "valid") != 0) {
			invalid++;
			rejected(k, ct);
			continue;
		}
		valid++;
		struct span msg = vec_bytes(&v, "msg");
		assert_int_equal(pki_ike_decrypt(pki, k, ct, 0, PKI_SIG_MAX, out, &n), 0);
		assert_true(span_equal(span_of(out, n), msg));
		assert_int_equal(pki_ike_decrypt(pki, k, ct, msg.len, msg.len, out, &n), 0);
		assert_true(span_equal(span_of(out, n), msg));
		/* one byte too many or too few is no content of ours */
		if (msg.len) {
			assert_int_equal(pki_ike_decrypt(pki, k, ct, 0, msg.len - 1, out, &n), 0);
			assert_true(n < msg.len);
		}
		if (msg.len < pki_key_bits(k) / 8 - 11) {
			assert_int_equal(pki_ike_decrypt(pki, k, ct, msg.len + 1, PKI_SIG_MAX, out, &n), 0);
			assert_true(n > msg.len);
		}
	}
	fclose(f);
	pki_key_free(k);
	assert_int_equal(valid, 124);
	assert_int_equal(invalid, 71);
}

/* ---- both halves ---- */

static void what_is_encrypted_comes_out(void **state)
{
	uint8_t clear[PKI_SIG_MAX], ct[PKI_SIG_MAX], out[PKI_SIG_MAX];
	struct pki_key *k = NULL, *pub = NULL;
	struct txt der = TXT_INIT;
	size_t n, m;

	(void)state;
	for (size_t i = 0; i < sizeof(clear); i++)
		clear[i] = (uint8_t)(i * 7);
	for (unsigned bits = 512; bits <= 1024; bits += 257) { /* 769: no whole bytes */
		assert_int_equal(pki_key_generate(pki, bits, &k), 0);
		size_t size = (bits + 7) / 8;
		txt_clear(&der);
		assert_int_equal(pki_key_public_der(k, &der), 0);
		assert_int_equal(pki_key_from_der(pki, span_of(der.s, der.len), &pub), 0);
		assert_true(pki_key_same(k, pub) && !pki_key_is_private(pub));
		for (size_t len = 0; len <= size - 11; len++) {
			assert_int_equal(pki_ike_encrypt(pki, pub, span_of(clear, len), ct, &n), 0);
			assert_int_equal(n, size);
			assert_int_equal(pki_ike_decrypt(pki, k, span_of(ct, n), 0, size, out, &m), 0);
			assert_true(span_equal(span_of(out, m), span_of(clear, len)));
		}
		assert_int_equal(pki_ike_encrypt(pki, pub, span_of(clear, size - 10), ct, &n), -EMSGSIZE);
		assert_int_equal(pki_ike_decrypt(pki, pub, span_of(ct, n), 0, size, out, &m), -EINVAL);
		for (size_t len = 0; len < der.len; len++) {
			uint8_t *exact = malloc(len ? len : 1);
			struct pki_key *none = NULL;
			memcpy(exact, der.s, len);
			assert_int_equal(pki_key_from_der(pki, span_of(exact, len), &none), -EBADMSG);
			free(exact);
		}
		pki_key_free(pub);
		pki_key_free(k);
	}
	txt_fini(&der);
}

/* The lengths of what is invented are spread, as those of messages that happen to be well
 * formed are; another key invents something else. */
static void inventions_are_spread(void **state)
{
	struct pki_key *k[2] = { NULL, NULL };
	uint8_t ct[64] = { 0 }, out[2][PKI_SIG_MAX];
	unsigned seen[64] = { 0 }, lengths = 0;
	size_t n[2];

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pki_key_generate(pki, 512, &k[i]), 0);
	for (unsigned i = 0; i < 500; i++) {
		ct[20] = (uint8_t)(i >> 8);
		ct[21] = (uint8_t)i;
		for (int j = 0; j < 2; j++)
			assert_int_equal(pki_ike_decrypt(pki, k[j], span_of(ct, 64), 8, 256, out[j], &n[j]), 0);
		assert_true(n[0] >= 8 && n[0] <= 53);
		assert_memory_not_equal(out[0], out[1], 8);
		seen[n[0]]++;
	}
	for (size_t i = 0; i < 64; i++)
		lengths += seen[i] > 0;
	assert_true(lengths > 40); /* of 46 */
	pki_key_free(k[0]);
	pki_key_free(k[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_of_every_length_are_taken),
		cmocka_unit_test(each_rule_of_the_block_is_kept),
		cmocka_unit_test(wycheproofs_messages_are_taken_or_rejected),
		cmocka_unit_test(what_is_encrypted_comes_out),
		cmocka_unit_test(inventions_are_spread),
	};
	int bad;

	pki = pki_new();
	bad = pki ? cmocka_run_group_tests_name("pki_encrypt", tests, NULL, NULL) : 2;
	pki_free(pki);
	return bad;
}
