/* SPDX-License-Identifier: Apache-2.0 */
/* Where ipsec-mb is not installed there is nothing to compare with. */
#include "bench/reference.h"

struct reference *reference_new(const struct bench_suite *s, size_t text_len, size_t batch)
{
	(void)s;
	(void)text_len;
	(void)batch;
	return NULL;
}

struct reference *reference_new_keys(const struct bench_suite *s, size_t text_len, size_t batch, size_t keys)
{
	(void)keys;
	return reference_new(s, text_len, batch);
}

void reference_free(struct reference *r)
{
	(void)r;
}

uint64_t reference_round(struct reference *r, bool encrypt)
{
	(void)r;
	(void)encrypt;
	return 0;
}
