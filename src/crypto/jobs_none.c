/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in for jobs_mb.c where intel-ipsec-mb does not exist: libcrypto serves. */
#include "crypto/jobs_impl.h"

#include <errno.h>

struct mb *mb_new(void)
{
	return NULL;
}

void mb_free(struct mb *m)
{
	(void)m;
}

const char *mb_name(const struct mb *m)
{
	(void)m;
	return "none";
}

int mb_key_new(struct mb *m, const struct crypto_key *key, struct span enc, struct span auth,
	       struct mb_key **ret_k)
{
	(void)m;
	(void)key;
	(void)enc;
	(void)auth;
	(void)ret_k;
	return -ENOTSUP;
}

void mb_key_free(struct mb_key *k)
{
	(void)k;
}

void mb_key_prefetch(const struct crypto_key *key)
{
	(void)key;
}

size_t mb_run_gcm(struct mb *m, enum crypto_dir dir, struct crypto_job *jobs, size_t n)
{
	(void)m;
	(void)dir;
	(void)jobs;
	(void)n;
	return 0;
}

void mb_run(struct mb *m, enum crypto_dir dir, struct crypto_job *const *jobs, size_t n)
{
	(void)m;
	(void)dir;
	(void)jobs;
	(void)n;
}
