/* SPDX-License-Identifier: Apache-2.0 */
/* Between jobs_mb.c and jobs_mb_run.c; nobody else includes this. */
#ifndef CRYPTO_JOBS_MB_H
#define CRYPTO_JOBS_MB_H

#include <intel-ipsec-mb.h>

#include "crypto/jobs_impl.h"

struct mb {
	IMB_MGR *mgr;
	char name[64];
	uint8_t tags[CRYPTO_MAX_JOBS][64]; /* computed ICVs of a burst being verified */
	uint8_t nonces[CRYPTO_MAX_JOBS][16]; /* salt and IV of each of a burst */
	IMB_JOB jobs[CRYPTO_MAX_JOBS]; /* of bursts that do not go through the manager's queue */
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

#endif
