/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/reference.h"

#include <intel-ipsec-mb.h>
#include <stdlib.h>
#include <string.h>

#include "bench/clock.h"

enum { HEAD = 8, MAX_ICV = 32, MAX_BURST = 64 };

struct reference {
	IMB_MGR *mgr;
	const struct cipher_info *cipher;
	const struct auth_info *auth;
	size_t text_len, batch, stride;
	uint8_t *bufs; /* ESP header, IV, text, ICV of each packet */
	DECLARE_ALIGNED(uint32_t enc[60], 16);
	DECLARE_ALIGNED(uint32_t dec[60], 16);
	DECLARE_ALIGNED(uint8_t pads[2][64], 16);
	DECLARE_ALIGNED(uint32_t xcbc[3][44], 16);
	uint8_t key[32];
	uint8_t nonces[MAX_BURST][16];
	uint64_t des[IMB_DES_KEY_SCHED_SIZE / 8];
	const void *des3[3];
	struct gcm_key_data *gcm; /* 2 * keys: to decrypt, to encrypt */
	size_t keys, next[2];
};

static void set_gcm_key(struct reference *r, const uint8_t *key, struct gcm_key_data *ret)
{
	if (r->cipher->bits == 128)
		IMB_AES128_GCM_PRE(r->mgr, key, ret);
	else if (r->cipher->bits == 192)
		IMB_AES192_GCM_PRE(r->mgr, key, ret);
	else
		IMB_AES256_GCM_PRE(r->mgr, key, ret);
}

static void set_key(struct reference *r)
{
	uint8_t key[32] = { 1, 35, 69, 103, 137, 171, 205, 239 };

	switch (r->cipher->id) {
	case CIPHER_DES:
	case CIPHER_3DES:
		des_key_schedule(r->des, key);
		for (size_t i = 0; i < 3; i++)
			r->des3[i] = r->des;
		break;
	case CIPHER_AES_GCM:
	case CIPHER_AES_GMAC:
		for (size_t i = 0; i < 2 * r->keys; i++) {
			memcpy(key + 8, &i, sizeof(i));
			set_gcm_key(r, key, &r->gcm[i]);
		}
		break;
	default:
		if (r->cipher->bits == 128)
			IMB_AES_KEYEXP_128(r->mgr, key, r->enc, r->dec);
		else if (r->cipher->bits == 192)
			IMB_AES_KEYEXP_192(r->mgr, key, r->enc, r->dec);
		else
			IMB_AES_KEYEXP_256(r->mgr, key, r->enc, r->dec);
		break;
	}
}

static struct reference *make(const struct bench_suite *s, size_t text_len, size_t batch, size_t keys)
{
	struct reference *r = aligned_alloc(64, (sizeof(*r) + 63) & ~(size_t)63);

	if (!r || batch > MAX_BURST) {
		free(r);
		return NULL;
	}
	memset(r, 0, sizeof(*r));
	r->cipher = s->cipher ? cipher_info(s->cipher, s->bits) : cipher_info(CIPHER_NULL, 0);
	r->auth = s->auth ? auth_info(s->auth) : NULL;
	r->text_len = text_len;
	r->batch = batch;
	r->stride = (HEAD + 16 + text_len + MAX_ICV + 63) & ~(size_t)63;
	r->bufs = calloc(batch, r->stride);
	r->keys = keys;
	r->gcm = aligned_alloc(64, (2 * keys * sizeof(*r->gcm) + 63) & ~(size_t)63);
	r->mgr = alloc_mb_mgr(0);
	if (!r->bufs || !r->gcm || !r->mgr) {
		reference_free(r);
		return NULL;
	}
	init_mb_mgr_auto(r->mgr, NULL);
	set_key(r);
	return r;
}

struct reference *reference_new(const struct bench_suite *s, size_t text_len, size_t batch)
{
	return make(s, text_len, batch, 1);
}

struct reference *reference_new_keys(const struct bench_suite *s, size_t text_len, size_t batch, size_t keys)
{
	return s->cipher == CIPHER_AES_GCM ? make(s, text_len, batch, keys) : NULL;
}

void reference_free(struct reference *r)
{
	if (!r)
		return;
	if (r->mgr)
		free_mb_mgr(r->mgr);
	free(r->bufs);
	free(r->gcm);
	free(r);
}

static void fill_mac(struct reference *r, IMB_JOB *j, uint8_t *buf)
{
	static const IMB_HASH_ALG hash[] = { [HASH_UNSET] = IMB_AUTH_AES_XCBC,
					     [HASH_MD5] = IMB_AUTH_MD5,
					     [HASH_SHA1] = IMB_AUTH_HMAC_SHA_1,
					     [HASH_SHA256] = IMB_AUTH_HMAC_SHA_256,
					     [HASH_SHA384] = IMB_AUTH_HMAC_SHA_384,
					     [HASH_SHA512] = IMB_AUTH_HMAC_SHA_512 };
	size_t iv_len = r->cipher->iv_len;

	j->src = buf;
	j->cipher_start_src_offset_in_bytes = HEAD + iv_len;
	j->msg_len_to_hash_in_bytes = HEAD + iv_len + r->text_len;
	j->hash_alg = hash[r->auth->hash];
	j->auth_tag_output_len_in_bytes = r->auth->icv_len;
	if (r->auth->hash == HASH_UNSET) {
		j->u.XCBC._k1_expanded = r->xcbc[0];
		j->u.XCBC._k2 = (const uint8_t *)r->xcbc[1];
		j->u.XCBC._k3 = (const uint8_t *)r->xcbc[2];
	} else {
		j->u.HMAC._hashed_auth_key_xor_ipad = r->pads[0];
		j->u.HMAC._hashed_auth_key_xor_opad = r->pads[1];
	}
}

static void fill_chacha(struct reference *r, IMB_JOB *j, uint8_t *buf)
{
	j->src = buf + HEAD + r->cipher->iv_len;
	j->cipher_start_src_offset_in_bytes = 0;
	j->msg_len_to_hash_in_bytes = r->text_len;
	j->hash_alg = IMB_AUTH_CHACHA20_POLY1305;
	j->auth_tag_output_len_in_bytes = 16;
	j->u.CHACHA20_POLY1305.aad = buf;
	j->u.CHACHA20_POLY1305.aad_len_in_bytes = HEAD;
}

/* Four bytes of salt, and the packet's IV. In one store: the library loads all of it at once, and would wait
 * for two. */
static void put_nonce(uint8_t nonce[16], const uint8_t *iv)
{
	typedef uint64_t pair __attribute__((vector_size(16)));
	uint64_t v;
	pair all;

	memcpy(&v, iv, sizeof(v));
	all = (pair){ v << 32, v >> 32 };
	memcpy(nonce, &all, sizeof(all));
}

static void fill(struct reference *r, IMB_JOB *j, uint8_t *buf, uint8_t *nonce, bool encrypt)
{
	size_t iv_len = r->cipher->iv_len;

	j->cipher_direction = encrypt ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT;
	j->chain_order = encrypt ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
	j->dst = buf + HEAD + iv_len;
	j->iv = buf + HEAD;
	j->iv_len_in_bytes = iv_len;
	j->key_len_in_bytes = r->cipher->key_len;
	j->msg_len_to_cipher_in_bytes = r->text_len;
	j->hash_start_src_offset_in_bytes = 0;
	j->auth_tag_output = buf + HEAD + iv_len + r->text_len;
	if (r->cipher->salt_len) {
		put_nonce(nonce, buf + HEAD);
		j->iv = nonce;
		j->iv_len_in_bytes = 12;
	}
	if (r->auth)
		fill_mac(r, j, buf);
	else
		fill_chacha(r, j, buf);
	switch (r->cipher->id) {
	case CIPHER_DES:
		j->cipher_mode = IMB_CIPHER_DES;
		j->enc_keys = j->dec_keys = r->des;
		break;
	case CIPHER_3DES:
		j->cipher_mode = IMB_CIPHER_DES3;
		j->enc_keys = j->dec_keys = r->des3;
		break;
	case CIPHER_NULL:
		j->cipher_mode = IMB_CIPHER_NULL;
		break;
	case CIPHER_CHACHA20_POLY1305:
		j->cipher_mode = IMB_CIPHER_CHACHA20_POLY1305;
		j->enc_keys = j->dec_keys = r->key;
		break;
	case CIPHER_AES_CTR:
		j->cipher_mode = IMB_CIPHER_CNTR;
		j->enc_keys = j->dec_keys = r->enc;
		break;
	default:
		j->cipher_mode = IMB_CIPHER_CBC;
		j->enc_keys = r->enc;
		j->dec_keys = r->dec;
		break;
	}
}

static void burst(struct reference *r, bool encrypt)
{
	IMB_JOB *jobs[MAX_BURST], *done[MAX_BURST];
	uint32_t n = (uint32_t)r->batch;

	if (IMB_GET_NEXT_BURST(r->mgr, n, jobs) != n)
		abort();
	for (uint32_t i = 0; i < n; i++)
		fill(r, jobs[i], r->bufs + i * r->stride, r->nonces[i], encrypt);
	uint32_t k = IMB_SUBMIT_BURST(r->mgr, n, jobs);
	while (k < n) {
		uint32_t more = IMB_FLUSH_BURST(r->mgr, n - k, done);

		if (!more)
			abort();
		k += more;
	}
}

/* In an order that no processor foresees: steps of a number that has no divisor with how many there are in common go
 * through all. */
static size_t step(size_t at, size_t keys)
{
	static const size_t prime = 7919;

	return (at + prime) % keys;
}

/* That of the packet behind this one comes from memory while this one is encrypted. */
static const struct gcm_key_data *next_key(struct reference *r, bool encrypt)
{
	struct gcm_key_data *all = r->gcm + (encrypt ? r->keys : 0), *key = &all[r->next[encrypt]];

	if (r->keys == 1)
		return key;
	r->next[encrypt] = step(r->next[encrypt], r->keys);
	for (size_t at = 0; at < sizeof(*key); at += 64)
		__builtin_prefetch((const char *)&all[r->next[encrypt]] + at);
	return key;
}

/* GMAC covers the text and leaves it (RFC 4543 section 3). */
static void gcm(struct reference *r, uint8_t *buf, bool encrypt)
{
	struct gcm_context_data ctx;
	const struct gcm_key_data *key = next_key(r, encrypt);
	bool gmac = r->cipher->id == CIPHER_AES_GMAC;
	uint8_t *text = buf + HEAD + 8, *tag = text + r->text_len, nonce[16];
	size_t len = gmac ? 0 : r->text_len, aad = gmac ? HEAD + 8 + r->text_len : HEAD;

	put_nonce(nonce, buf + HEAD);
#define CALL(bits, op) \
	IMB_AES##bits##_GCM_##op(r->mgr, key, &ctx, text, text, len, nonce, buf, aad, tag, 16)
	if (r->cipher->bits == 128 && encrypt)
		CALL(128, ENC);
	else if (r->cipher->bits == 128)
		CALL(128, DEC);
	else if (r->cipher->bits == 192 && encrypt)
		CALL(192, ENC);
	else if (r->cipher->bits == 192)
		CALL(192, DEC);
	else if (encrypt)
		CALL(256, ENC);
	else
		CALL(256, DEC);
#undef CALL
}

uint64_t reference_round(struct reference *r, bool encrypt)
{
	uint64_t began = clock_ticks();

	if (r->cipher->id == CIPHER_AES_GCM || r->cipher->id == CIPHER_AES_GMAC)
		for (size_t i = 0; i < r->batch; i++)
			gcm(r, r->bufs + i * r->stride, encrypt);
	else
		burst(r, encrypt);
	return clock_ticks() - began;
}
