/* SPDX-License-Identifier: Apache-2.0 */
/* Packet crypto over arrays of jobs. One interface, two runners: intel-ipsec-mb
 * (16 lanes wide, at its best with many jobs at once) and libcrypto (portable,
 * faster for a few; the oracle in tests). The jobs of one call may belong to any
 * number of SAs. Encrypt-then-MAC as ESP wants it (RFC 4303 section 3.3.2). */
#ifndef CRYPTO_JOBS_H
#define CRYPTO_JOBS_H

#include "crypto/alg.h"

#define CRYPTO_MAX_JOBS 64 /* of one crypto_run() */
#define CRYPTO_MAX_ICV	32
#define CRYPTO_MAX_SLOTS 16

struct crypto_runner; /* per worker: scratch and library state; no locks */
struct crypto_key;    /* per SA and direction: schedules, pads */

enum crypto_backend { CRYPTO_AUTO = 0, CRYPTO_MB, CRYPTO_OSSL };
enum crypto_dir { CRYPTO_ENCRYPT = 1, CRYPTO_DECRYPT };

/* NULL if the backend is not there (CRYPTO_MB on other machines) or memory is
 * short. AUTO is libcrypto below the crossover of a suite, ipsec-mb above. */
struct crypto_runner *crypto_runner_new(enum crypto_backend backend);
void crypto_runner_free(struct crypto_runner *r);
/* r is the slot-th of `slots` runners that use the same keys, at most CRYPTO_MAX_SLOTS: those that it
 * makes from now on have scratch for each of them. */
void crypto_runner_share(struct crypto_runner *r, unsigned slot, unsigned slots);
/* `intel-ipsec-mb 1.3.0 (AVX512)`, `libcrypto 3.0.17`: for the log and benchmarks. */
const char *crypto_runner_name(const struct crypto_runner *r);

/* Keys of one direction. enc holds the cipher's key, for combined modes followed
 * by the salt; auth is empty for combined modes and AUTH_NONE. -EINVAL if a
 * length or the combination is wrong, -ENOMEM. */
int crypto_key_new(struct crypto_runner *r, enum crypto_dir dir, const struct cipher_info *cipher,
		   const struct auth_info *auth, struct span enc, struct span auth_key,
		   struct crypto_key **ret_key);
void crypto_key_free(struct crypto_key *key); /* wipes; NULL is fine */
/* A job with it comes soon; and, a while later, what the key itself says that the job will ask memory for. */
void crypto_key_prefetch(const struct crypto_key *key);
void crypto_key_prefetch_more(const struct crypto_key *key);

/* Everything is in place: text is ciphered where it lies; auth covers what the
 * MAC covers (the ESP header, IV and ciphertext; for combined modes the AAD), and
 * icv is written (encrypt) or compared in constant time (decrypt). */
struct crypto_job {
	const struct crypto_key *key;
	uint8_t *text;
	const uint8_t *iv;   /* the IV of the packet, cipher's iv_len bytes */
	const uint8_t *auth;
	uint8_t *icv;
	uint32_t text_len;   /* a multiple of the block for CBC */
	uint32_t auth_len;
	bool ok; /* out. Not ok: the text was not released (it is zeroed) */
};

/* Runs n jobs, at most CRYPTO_MAX_JOBS. True if all of them are ok. */
bool crypto_run(struct crypto_runner *r, enum crypto_dir dir, struct crypto_job *jobs, size_t n);

#endif
