/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs of one suite through intel-ipsec-mb: all ciphers and all MACs, in bursts where it has them, else
 * through its manager, which is flushed at the end; GCM has no lanes to
 * fill and takes the direct call. What is ciphered by a counter has the salt in front of the
 * packet's IV (RFC 3686 section 4, RFC 7634 section 2). */
#include "crypto/jobs_mb.h"

#include <assert.h>
#include <string.h>

#include "base/secret.h"

static aes_gcm_enc_dec_t gcm_of(const IMB_MGR *mgr, enum crypto_dir dir, unsigned bits)
{
	bool encrypt = dir == CRYPTO_ENCRYPT;

	if (bits == 128)
		return encrypt ? mgr->gcm128_enc : mgr->gcm128_dec;
	if (bits == 192)
		return encrypt ? mgr->gcm192_enc : mgr->gcm192_dec;
	return encrypt ? mgr->gcm256_enc : mgr->gcm256_dec;
}

/* The salt and behind it the packet's IV, in one store: the library loads all of it at once, and would
 * wait for two. Its processors are little-endian. */
static inline void put_nonce(uint8_t nonce[16], const struct crypto_key *k, const uint8_t *iv)
{
	typedef uint64_t pair __attribute__((vector_size(16)));
	uint32_t salt;
	uint64_t v;
	pair all;

	memcpy(&salt, k->salt, sizeof(salt));
	memcpy(&v, iv, sizeof(v));
	all = (pair){ v << 32 | salt, v >> 32 };
	memcpy(nonce, &all, sizeof(all));
}

static inline bool is_gcm(const struct crypto_key *k)
{
	return k->cipher->id == CIPHER_AES_GCM || k->cipher->id == CIPHER_AES_GMAC;
}

/* What the calls leave behind. */
struct gcm_scratch {
	struct gcm_context_data ctx;
	uint8_t tag[16];
};

static void prefetch(const void *p, size_t n)
{
	for (size_t at = 0; at < n; at += 64)
		__builtin_prefetch((const char *)p + at);
}

/* The tables of GCM are more than all else of an SA, and read while a packet is encrypted: those of the next one
 * come in during this one (mb_run_gcm()). */
void mb_key_prefetch(const struct crypto_key *key)
{
	const struct mb_key *k = key->mb;

	if (is_gcm(key)) {
		prefetch(&k->u.gcm, 256);
		return;
	}
	if (key->cipher->id == CIPHER_AES_CBC)
		prefetch(key->dir == CRYPTO_ENCRYPT ? k->u.aes.enc : k->u.aes.dec, sizeof(k->u.aes.enc));
	else
		prefetch(&k->u, sizeof(k->u.des));
	prefetch(&k->mac, sizeof(*k) - offsetof(struct mb_key, mac));
}

static inline void run_gcm(aes_gcm_enc_dec_t call, enum crypto_dir dir, struct crypto_job *j, struct gcm_scratch *s)
{
	const struct crypto_key *k = j->key;
	uint8_t nonce[16], *tag = dir == CRYPTO_ENCRYPT ? j->icv : s->tag;

	put_nonce(nonce, k, j->iv);
	call(&k->mb->u.gcm, &s->ctx, j->text, j->text, j->text_len, nonce, j->auth, j->auth_len, tag,
	     k->icv_len);
	j->ok = dir == CRYPTO_ENCRYPT || secret_equal(tag, j->icv, k->icv_len);
}

/* All of one suite, one by one. */
static void run_all_gcm(IMB_MGR *mgr, enum crypto_dir dir, struct crypto_job *const *jobs, size_t n)
{
	aes_gcm_enc_dec_t call = gcm_of(mgr, dir, jobs[0]->key->cipher->bits);
	struct gcm_scratch s;

	for (size_t i = 0; i < n; i++)
		run_gcm(call, dir, jobs[i], &s);
	secret_wipe(&s, sizeof(s));
}

size_t mb_run_gcm(struct mb *m, enum crypto_dir dir, struct crypto_job *jobs, size_t n)
{
	const struct crypto_key *k = jobs[0].key;
	aes_gcm_enc_dec_t call;
	struct gcm_scratch s;
	size_t i = 0;

	if (!is_gcm(k))
		return 0;
	call = gcm_of(m->mgr, dir, k->cipher->bits);
	for (; i < n && (jobs[i].key == k || jobs[i].key->cipher == k->cipher); i++) {
		k = jobs[i].key;
		assert(k->dir == dir);
		if (i + 1 < n && jobs[i + 1].key != k && jobs[i + 1].key->mb)
			prefetch(&jobs[i + 1].key->mb->u.gcm, sizeof(struct gcm_key_data));
		run_gcm(call, dir, &jobs[i], &s);
	}
	secret_wipe(&s, sizeof(s));
	return i;
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
	put_nonce(nonce, j->key, j->iv);
	b->iv = nonce;
	b->iv_len_in_bytes = 12; /* CTR: the block counter begins with 1 */
}

/* As the library has it: the three keys of DES are eight bytes each. */
static uint64_t key_bytes(const struct crypto_key *k)
{
	return k->cipher->id == CIPHER_3DES ? 24 : k->cipher->key_len;
}

/* The whole of a job, for the manager's queue. */
static void fill(IMB_JOB *b, enum crypto_dir dir, struct crypto_job *j, uint8_t *tag, uint8_t nonce[16])
{
	const struct mb_key *k = j->key->mb;

	b->cipher_mode = k->mode;
	b->cipher_direction = dir == CRYPTO_ENCRYPT ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT;
	b->chain_order = dir == CRYPTO_ENCRYPT ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
	b->hash_alg = k->hash;
	b->enc_keys = k->enc_keys;
	b->dec_keys = k->dec_keys;
	b->key_len_in_bytes = key_bytes(j->key);
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

static void run_queue(struct mb *m, enum crypto_dir dir, struct crypto_job *const *jobs, size_t n)
{
	IMB_JOB *burst[CRYPTO_MAX_JOBS], *done[CRYPTO_MAX_JOBS];
	uint32_t got = IMB_GET_NEXT_BURST(m->mgr, (uint32_t)n, burst);

	if (got != n)
		return; /* nothing is ever left in flight, so this cannot be; jobs stay failed */
	for (size_t i = 0; i < n; i++)
		fill(burst[i], dir, jobs[i], dir == CRYPTO_ENCRYPT ? jobs[i]->icv : m->tags[i],
		     m->nonces[i]);
	memcpy(done, burst, n * sizeof(burst[0]));
	uint32_t k = IMB_SUBMIT_BURST_NOCHECK(m->mgr, (uint32_t)n, done);
	complete(dir, done, k);
	while (k < n) {
		uint32_t more = IMB_FLUSH_BURST(m->mgr, (uint32_t)(n - k), done);

		if (!more)
			return;
		complete(dir, done, more);
		k += more;
	}
}

/* ---- a cipher and a MAC: all of the one, then all of the other ---- */

static void fill_cipher(IMB_JOB *b, const struct crypto_job *j, uint8_t nonce[16])
{
	const struct mb_key *k = j->key->mb;

	b->enc_keys = k->enc_keys;
	b->dec_keys = k->dec_keys;
	b->src = j->text;
	b->dst = j->text;
	b->cipher_start_src_offset_in_bytes = 0;
	b->msg_len_to_cipher_in_bytes = j->text_len;
	fill_iv(b, j, nonce);
}

static void fill_hash(IMB_JOB *b, const struct crypto_job *j, uint8_t *tag)
{
	fill_mac(b, j);
	b->hash_start_src_offset_in_bytes = 0;
	b->auth_tag_output = tag;
	b->auth_tag_output_len_in_bytes = j->key->icv_len;
}

/* What is the same in all jobs of one half that the manager's queue takes. */
static void fill_half(IMB_JOB *b, const struct crypto_key *k, enum crypto_dir dir, bool hash)
{
	b->cipher_mode = hash ? IMB_CIPHER_NULL : k->mb->mode;
	b->cipher_direction = dir == CRYPTO_ENCRYPT ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT;
	b->chain_order = hash ? IMB_ORDER_HASH_CIPHER : IMB_ORDER_CIPHER_HASH;
	b->hash_alg = hash ? k->mb->hash : IMB_AUTH_NULL;
	b->key_len_in_bytes = key_bytes(k);
}

/* One half of n jobs for which the library has no burst of its own. Both halves in one job (run_queue()) cost more: at
 * the end of a burst each job by itself goes on to a MAC of which the other lanes are empty. */
static bool queue_half(struct mb *m, const struct crypto_key *k, enum crypto_dir dir, struct crypto_job *const *jobs,
		       size_t n, bool hash)
{
	IMB_JOB *burst[CRYPTO_MAX_JOBS], *done[CRYPTO_MAX_JOBS];
	bool ok = IMB_GET_NEXT_BURST(m->mgr, (uint32_t)n, burst) == n;

	for (size_t i = 0; ok && i < n; i++) {
		fill_half(burst[i], k, dir, hash);
		if (hash)
			fill_hash(burst[i], jobs[i], dir == CRYPTO_ENCRYPT ? jobs[i]->icv : m->tags[i]);
		else
			fill_cipher(burst[i], jobs[i], m->nonces[i]);
		if (hash)
			burst[i]->msg_len_to_cipher_in_bytes = 0;
	}
	memcpy(done, burst, n * sizeof(burst[0]));
	for (size_t k_done = ok ? IMB_SUBMIT_BURST_NOCHECK(m->mgr, (uint32_t)n, done) : n; k_done < n;) {
		uint32_t more = IMB_FLUSH_BURST(m->mgr, (uint32_t)(n - k_done), done);

		if (!more)
			return false;
		k_done += more;
	}
	for (size_t i = 0; ok && i < n; i++)
		ok = burst[i]->status == IMB_STATUS_COMPLETED;
	return ok;
}

static bool has_cipher_burst(const struct mb_key *k)
{
	return k->mode == IMB_CIPHER_CBC || k->mode == IMB_CIPHER_CNTR || k->mode == IMB_CIPHER_NULL;
}

static bool has_hash_burst(const struct mb_key *k)
{
	return k->hash == IMB_AUTH_HMAC_SHA_1 || k->hash == IMB_AUTH_HMAC_SHA_256 || k->hash == IMB_AUTH_HMAC_SHA_384 ||
	       k->hash == IMB_AUTH_HMAC_SHA_512;
}

/* A NULL cipher does nothing. */
static bool cipher_all(struct mb *m, const struct crypto_key *k, enum crypto_dir dir, struct crypto_job *const *jobs, size_t n)
{
	if (k->mb->mode == IMB_CIPHER_NULL || !n)
		return true;
	if (!has_cipher_burst(k->mb))
		return queue_half(m, k, dir, jobs, n, false);
	for (size_t i = 0; i < n; i++)
		fill_cipher(&m->jobs[i], jobs[i], m->nonces[i]);
	return IMB_SUBMIT_CIPHER_BURST_NOCHECK(m->mgr, m->jobs, (uint32_t)n, k->mb->mode,
					       dir == CRYPTO_ENCRYPT ? IMB_DIR_ENCRYPT :
								       IMB_DIR_DECRYPT,
					       (IMB_KEY_SIZE_BYTES)k->cipher->key_len) == n;
}

/* To where the ICVs are to be, or to m->tags. */
static bool hash_all(struct mb *m, const struct crypto_key *k, enum crypto_dir dir, struct crypto_job *const *jobs, size_t n)
{
	if (!has_hash_burst(k->mb))
		return queue_half(m, k, dir, jobs, n, true);
	for (size_t i = 0; i < n; i++)
		fill_hash(&m->jobs[i], jobs[i], dir == CRYPTO_ENCRYPT ? jobs[i]->icv : m->tags[i]);
	return IMB_SUBMIT_HASH_BURST_NOCHECK(m->mgr, m->jobs, (uint32_t)n, k->mb->hash) == n;
}

static void seal_in_steps(struct mb *m, struct crypto_job *const *jobs, size_t n)
{
	const struct crypto_key *k = jobs[0]->key;
	bool ok = cipher_all(m, k, CRYPTO_ENCRYPT, jobs, n) && hash_all(m, k, CRYPTO_ENCRYPT, jobs, n);

	for (size_t i = 0; i < n; i++)
		jobs[i]->ok = ok;
}

/* What is not authentic is not even deciphered. */
static void open_in_steps(struct mb *m, struct crypto_job *const *jobs, size_t n)
{
	const struct crypto_key *k = jobs[0]->key;
	struct crypto_job *good[CRYPTO_MAX_JOBS];
	size_t n_good = 0;

	if (!hash_all(m, k, CRYPTO_DECRYPT, jobs, n))
		return;
	for (size_t i = 0; i < n; i++) {
		jobs[i]->ok = secret_equal(m->tags[i], jobs[i]->icv, k->icv_len);
		if (jobs[i]->ok)
			good[n_good++] = jobs[i];
	}
	if (cipher_all(m, k, CRYPTO_DECRYPT, good, n_good))
		return;
	for (size_t i = 0; i < n; i++)
		jobs[i]->ok = false;
}

/* Whether its halves go one behind the other: all but what is combined and ciphers alone. 20 clocks a packet less than
 * in one job where both have bursts (for SHA-1 and small packets more), a tenth of all of 3DES. */
static bool goes_in_steps(const struct crypto_key *k)
{
	return k->auth && !k->cipher->combined;
}

/* The library is asked not to check the jobs again: what it would refuse. */
static bool is_sane(const struct crypto_job *j)
{
	const struct cipher_info *c = j->key->cipher;

	if (j->key->auth && !j->auth_len)
		return false;
	return c->id == CIPHER_NULL ||
	       (j->text_len && (c->counter || !(j->text_len & (c->block_len - 1u))));
}

void mb_run(struct mb *m, enum crypto_dir dir, struct crypto_job *const *all, size_t n_all)
{
	const struct crypto_key *k = all[0]->key;
	struct crypto_job *jobs[CRYPTO_MAX_JOBS];
	size_t n = 0;

	if (is_gcm(k)) {
		run_all_gcm(m->mgr, dir, all, n_all);
		return;
	}
	for (size_t i = 0; i < n_all; i++)
		if (is_sane(all[i]))
			jobs[n++] = all[i];
	if (!n)
		return;
	if (!goes_in_steps(k))
		run_queue(m, dir, jobs, n);
	else if (dir == CRYPTO_ENCRYPT)
		seal_in_steps(m, jobs, n);
	else
		open_in_steps(m, jobs, n);
}
