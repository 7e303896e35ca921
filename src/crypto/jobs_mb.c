/* SPDX-License-Identifier: Apache-2.0 */
/* The fast runner, intel-ipsec-mb: its manager, and keys expanded once. jobs_mb_run.c runs
 * the jobs. */
#include "crypto/jobs_mb.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

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
	struct mb_key *k;
	void *mem;

	/* gcm_key_data wants that alignment */
	if (posix_memalign(&mem, 64, sizeof(*k)))
		return -ENOMEM;
	k = mem;
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
