/* SPDX-License-Identifier: Apache-2.0 */
/* The fast runner: intel-ipsec-mb. Jobs of one suite go in as one burst and are
 * flushed at its end; GCM has no lanes to fill and takes the direct call. What is
 * ciphered by a counter has the salt in front of the packet's IV (RFC 3686 section 4,
 * RFC 7634 section 2). */
#include "crypto/jobs_impl.h"

#include <errno.h>
#include <intel-ipsec-mb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

struct mb {
	IMB_MGR *mgr;
	char name[64];
	uint8_t tags[CRYPTO_MAX_JOBS][64]; /* computed ICVs of a burst being verified */
	uint8_t nonces[CRYPTO_MAX_JOBS][16]; /* salt and IV of each of a burst */
};

struct mb_key {
	union {
		struct {
			DECLARE_ALIGNED(uint32_t enc[15 * 4], 16);
			DECLARE_ALIGNED(uint32_t dec[15 * 4], 16);
		} aes;
		struct {
			uint64_t ks[3][IMB_DES_KEY_SCHED_SIZE / 8];
			const void *ptr[3];
		} des;
		struct gcm_key_data gcm;
		uint8_t chacha[32];
	} u;
	union {
		struct {
			/* SHA-512's state is the longest */
			DECLARE_ALIGNED(uint8_t ipad[64], 16);
			DECLARE_ALIGNED(uint8_t opad[64], 16);
		} hmac;
		struct {
			DECLARE_ALIGNED(uint32_t k1[11 * 4], 16);
			DECLARE_ALIGNED(uint8_t k2[16], 16);
			DECLARE_ALIGNED(uint8_t k3[16], 16);
		} xcbc;
	} mac;
	/* what goes into every job */
	const void *enc_keys, *dec_keys;
	IMB_CIPHER_MODE mode;
	IMB_HASH_ALG hash;
};

struct mb *mb_new(void)
{
	static const char *const arch_name[] = { "none", "no AES-NI", "SSE", "AVX", "AVX2",
						 "AVX512" };
	struct mb *m = calloc(1, sizeof(*m));
	IMB_ARCH arch = IMB_ARCH_NONE;

	if (!m)
		return NULL;
	m->mgr = alloc_mb_mgr(0);
	if (m->mgr)
		init_mb_mgr_auto(m->mgr, &arch);
	if (!m->mgr || imb_get_errno(m->mgr) != 0) {
		mb_free(m);
		return NULL;
	}
	snprintf(m->name, sizeof(m->name), "intel-ipsec-mb %s (%s)", imb_get_version_str(),
		 (size_t)arch < sizeof(arch_name) / sizeof(arch_name[0]) ? arch_name[arch] : "?");
	return m;
}

void mb_free(struct mb *m)
{
	if (!m)
		return;
	if (m->mgr)
		free_mb_mgr(m->mgr);
	secret_free(m, sizeof(*m));
}

const char *mb_name(const struct mb *m)
{
	return m->name;
}

static void one_block(IMB_MGR *mgr, enum hash_id h, const uint8_t *block, uint8_t *state)
{
	switch (h) {
	case HASH_MD5:
		IMB_MD5_ONE_BLOCK(mgr, block, state);
		break;
	case HASH_SHA1:
		IMB_SHA1_ONE_BLOCK(mgr, block, state);
		break;
	case HASH_SHA256:
		IMB_SHA256_ONE_BLOCK(mgr, block, state);
		break;
	case HASH_SHA384:
		IMB_SHA384_ONE_BLOCK(mgr, block, state);
		break;
	default:
		IMB_SHA512_ONE_BLOCK(mgr, block, state);
		break;
	}
}

static void set_auth(IMB_MGR *mgr, const struct auth_info *auth, struct span key, struct mb_key *k)
{
	static const IMB_HASH_ALG alg[] = { [HASH_MD5] = IMB_AUTH_MD5,
					    [HASH_SHA1] = IMB_AUTH_HMAC_SHA_1,
					    [HASH_SHA256] = IMB_AUTH_HMAC_SHA_256,
					    [HASH_SHA384] = IMB_AUTH_HMAC_SHA_384,
					    [HASH_SHA512] = IMB_AUTH_HMAC_SHA_512 };
	uint8_t block[128];

	if (auth->id == AUTH_AES_XCBC_96) {
		k->hash = IMB_AUTH_AES_XCBC;
		IMB_AES_XCBC_KEYEXP(mgr, key.p, k->mac.xcbc.k1, k->mac.xcbc.k2, k->mac.xcbc.k3);
		return;
	}
	k->hash = alg[auth->hash];
	memset(block, 0x36, sizeof(block));
	for (size_t i = 0; i < key.len; i++)
		block[i] ^= key.p[i];
	one_block(mgr, auth->hash, block, k->mac.hmac.ipad);
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] ^= 0x36 ^ 0x5c;
	one_block(mgr, auth->hash, block, k->mac.hmac.opad);
	secret_wipe(block, sizeof(block));
}

static void set_gcm(IMB_MGR *mgr, unsigned bits, const uint8_t *key, struct mb_key *k)
{
	if (bits == 128)
		IMB_AES128_GCM_PRE(mgr, key, &k->u.gcm);
	else if (bits == 192)
		IMB_AES192_GCM_PRE(mgr, key, &k->u.gcm);
	else
		IMB_AES256_GCM_PRE(mgr, key, &k->u.gcm);
}

static void set_cipher(IMB_MGR *mgr, const struct cipher_info *c, struct span key,
		       struct mb_key *k)
{
	switch (c->id) {
	case CIPHER_DES:
		k->mode = IMB_CIPHER_DES;
		IMB_DES_KEYSCHED(mgr, k->u.des.ks[0], key.p);
		k->enc_keys = k->dec_keys = k->u.des.ks[0];
		break;
	case CIPHER_3DES:
		k->mode = IMB_CIPHER_DES3;
		for (size_t i = 0; i < 3; i++) {
			IMB_DES_KEYSCHED(mgr, k->u.des.ks[i], key.p + 8 * i);
			k->u.des.ptr[i] = k->u.des.ks[i];
		}
		k->enc_keys = k->dec_keys = k->u.des.ptr;
		break;
	case CIPHER_AES_CBC:
	case CIPHER_AES_CTR:
		k->mode = c->id == CIPHER_AES_CBC ? IMB_CIPHER_CBC : IMB_CIPHER_CNTR;
		if (c->bits == 128)
			IMB_AES_KEYEXP_128(mgr, key.p, k->u.aes.enc, k->u.aes.dec);
		else if (c->bits == 192)
			IMB_AES_KEYEXP_192(mgr, key.p, k->u.aes.enc, k->u.aes.dec);
		else
			IMB_AES_KEYEXP_256(mgr, key.p, k->u.aes.enc, k->u.aes.dec);
		k->enc_keys = k->u.aes.enc;
		/* a counter is encrypted in both directions */
		k->dec_keys = c->id == CIPHER_AES_CTR ? k->u.aes.enc : k->u.aes.dec;
		break;
	case CIPHER_AES_GCM:
	case CIPHER_AES_GMAC:
		set_gcm(mgr, c->bits, key.p, k);
		break;
	case CIPHER_CHACHA20_POLY1305:
		k->mode = IMB_CIPHER_CHACHA20_POLY1305;
		k->hash = IMB_AUTH_CHACHA20_POLY1305;
		memcpy(k->u.chacha, key.p, sizeof(k->u.chacha));
		k->enc_keys = k->dec_keys = k->u.chacha;
		break;
	default:
		k->mode = IMB_CIPHER_NULL;
		break;
	}
}

int mb_key_new(struct mb *m, const struct crypto_key *key, struct span enc, struct span auth,
	       struct mb_key **ret_k)
{
	/* gcm_key_data wants 64-byte alignment */
	size_t size = (sizeof(struct mb_key) + 63) & ~(size_t)63;
	struct mb_key *k = aligned_alloc(64, size);

	if (!k)
		return -ENOMEM;
	memset(k, 0, sizeof(*k));
	k->hash = IMB_AUTH_NULL;
	set_cipher(m->mgr, key->cipher, enc, k);
	if (key->auth)
		set_auth(m->mgr, key->auth, auth, k);
	*ret_k = k;
	return 0;
}

void mb_key_free(struct mb_key *k)
{
	secret_free(k, sizeof(*k));
}

static aes_gcm_enc_dec_t gcm_of(const IMB_MGR *mgr, enum crypto_dir dir, unsigned bits)
{
	bool encrypt = dir == CRYPTO_ENCRYPT;

	if (bits == 128)
		return encrypt ? mgr->gcm128_enc : mgr->gcm128_dec;
	if (bits == 192)
		return encrypt ? mgr->gcm192_enc : mgr->gcm192_dec;
	return encrypt ? mgr->gcm256_enc : mgr->gcm256_dec;
}

/* All of one suite, one by one. What the calls leave in ctx is wiped once. */
static void run_gcm(IMB_MGR *mgr, enum crypto_dir dir, struct crypto_job *const *jobs, size_t n)
{
	aes_gcm_enc_dec_t call = gcm_of(mgr, dir, jobs[0]->key->cipher->bits);
	struct gcm_context_data ctx;
	uint8_t nonce[12], mine[16];

	for (size_t i = 0; i < n; i++) {
		struct crypto_job *j = jobs[i];
		const struct crypto_key *k = j->key;
		uint8_t *tag = dir == CRYPTO_ENCRYPT ? j->icv : mine;

		memcpy(nonce, k->salt, 4);
		memcpy(nonce + 4, j->iv, 8);
		call(&k->mb->u.gcm, &ctx, j->text, j->text, j->text_len, nonce, j->auth,
		     j->auth_len, tag, k->icv_len);
		j->ok = tag == j->icv || secret_equal(mine, j->icv, k->icv_len);
	}
	secret_wipe(&ctx, sizeof(ctx));
	secret_wipe(mine, sizeof(mine));
}

/* A MAC of its own: offsets in a job are from src, and the MAC's region begins before
 * the text, so src is the MAC's begin. */
static void fill_mac(IMB_JOB *b, const struct crypto_job *j)
{
	const struct mb_key *k = j->key->mb;

	b->src = j->auth;
	b->cipher_start_src_offset_in_bytes = (uint64_t)(j->text - j->auth);
	b->msg_len_to_hash_in_bytes = j->auth_len;
	if (k->hash == IMB_AUTH_AES_XCBC) {
		b->u.XCBC._k1_expanded = k->mac.xcbc.k1;
		b->u.XCBC._k2 = k->mac.xcbc.k2;
		b->u.XCBC._k3 = k->mac.xcbc.k3;
	} else {
		b->u.HMAC._hashed_auth_key_xor_ipad = k->mac.hmac.ipad;
		b->u.HMAC._hashed_auth_key_xor_opad = k->mac.hmac.opad;
	}
}

/* Without one the text is all there is; ChaCha20-Poly1305 has the rest as AAD. */
static void fill_text(IMB_JOB *b, const struct crypto_job *j)
{
	b->src = j->text;
	b->cipher_start_src_offset_in_bytes = 0;
	b->msg_len_to_hash_in_bytes = j->key->cipher->combined ? j->text_len : 0;
	b->u.CHACHA20_POLY1305.aad = j->auth;
	b->u.CHACHA20_POLY1305.aad_len_in_bytes = j->auth_len;
}

static void fill_iv(IMB_JOB *b, const struct crypto_job *j, uint8_t nonce[16])
{
	const struct cipher_info *c = j->key->cipher;

	if (!c->salt_len) {
		b->iv = j->iv;
		b->iv_len_in_bytes = c->iv_len;
		return;
	}
	memcpy(nonce, j->key->salt, 4);
	memcpy(nonce + 4, j->iv, 8);
	b->iv = nonce;
	b->iv_len_in_bytes = 12; /* CTR: the block counter begins with 1 */
}

static void fill(IMB_JOB *b, enum crypto_dir dir, struct crypto_job *j, uint8_t *tag, uint8_t nonce[16])
{
	const struct mb_key *k = j->key->mb;

	b->cipher_mode = k->mode;
	b->cipher_direction = dir == CRYPTO_ENCRYPT ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT;
	b->chain_order = dir == CRYPTO_ENCRYPT ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
	b->hash_alg = k->hash;
	b->enc_keys = k->enc_keys;
	b->dec_keys = k->dec_keys;
	b->key_len_in_bytes = j->key->cipher->id == CIPHER_3DES ? 24 : j->key->cipher->key_len;
	b->dst = j->text;
	b->msg_len_to_cipher_in_bytes = k->mode == IMB_CIPHER_NULL ? 0 : j->text_len;
	b->hash_start_src_offset_in_bytes = 0;
	b->auth_tag_output = tag;
	b->auth_tag_output_len_in_bytes = j->key->icv_len;
	b->user_data = j;
	b->user_data2 = tag;
	fill_iv(b, j, nonce);
	if (j->key->auth)
		fill_mac(b, j);
	else
		fill_text(b, j);
}

static void complete(enum crypto_dir dir, IMB_JOB *const *done, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct crypto_job *j = done[i]->user_data;

		j->ok = done[i]->status == IMB_STATUS_COMPLETED &&
			(dir == CRYPTO_ENCRYPT || !j->key->icv_len ||
			 secret_equal(done[i]->user_data2, j->icv, j->key->icv_len));
	}
}

void mb_run(struct mb *m, enum crypto_dir dir, struct crypto_job *const *jobs, size_t n)
{
	IMB_JOB *burst[CRYPTO_MAX_JOBS], *done[CRYPTO_MAX_JOBS];

	if (jobs[0]->key->cipher->id == CIPHER_AES_GCM || jobs[0]->key->cipher->id == CIPHER_AES_GMAC) {
		run_gcm(m->mgr, dir, jobs, n);
		return;
	}
	uint32_t got = IMB_GET_NEXT_BURST(m->mgr, (uint32_t)n, burst);
	if (got != n)
		return; /* nothing is ever left in flight, so this cannot be; jobs stay failed */
	for (size_t i = 0; i < n; i++)
		fill(burst[i], dir, jobs[i], dir == CRYPTO_ENCRYPT ? jobs[i]->icv : m->tags[i],
		     m->nonces[i]);
	memcpy(done, burst, n * sizeof(burst[0]));
	uint32_t k = IMB_SUBMIT_BURST(m->mgr, (uint32_t)n, done);
	complete(dir, done, k);
	while (k < n) {
		uint32_t more = IMB_FLUSH_BURST(m->mgr, (uint32_t)(n - k), done);

		if (!more)
			return;
		complete(dir, done, more);
		k += more;
	}
}
