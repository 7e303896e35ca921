/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/common.h"

#include <stdlib.h>
#include <string.h>

#include "bench/clock.h"

const struct bench_suite bench_suites[] = {
	{ "des-md5", CIPHER_DES, 0, AUTH_HMAC_MD5_96 },
	{ "3des-sha", CIPHER_3DES, 0, AUTH_HMAC_SHA1_96 },
	{ "aes128-sha", CIPHER_AES_CBC, 128, AUTH_HMAC_SHA1_96 },
	{ "aes256-sha", CIPHER_AES_CBC, 256, AUTH_HMAC_SHA1_96 },
	{ "aes128-sha256", CIPHER_AES_CBC, 128, AUTH_HMAC_SHA256_128 },
	{ "aes256-sha256", CIPHER_AES_CBC, 256, AUTH_HMAC_SHA256_128 },
	{ "aes128-gcm", CIPHER_AES_GCM, 128, AUTH_NONE },
	{ "aes256-gcm", CIPHER_AES_GCM, 256, AUTH_NONE },
	{ "null-sha", CIPHER_NULL, 0, AUTH_HMAC_SHA1_96 },
	{ "ah-sha", CIPHER_UNSET, 0, AUTH_HMAC_SHA1_96 },
	{ "ah-sha256", CIPHER_UNSET, 0, AUTH_HMAC_SHA256_128 },
	{ "aes192-sha384", CIPHER_AES_CBC, 192, AUTH_HMAC_SHA384_192 },
	{ "aes256-sha512", CIPHER_AES_CBC, 256, AUTH_HMAC_SHA512_256 },
	{ "aes128-xcbc", CIPHER_AES_CBC, 128, AUTH_AES_XCBC_96 },
	{ "aes128ctr-sha", CIPHER_AES_CTR, 128, AUTH_HMAC_SHA1_96 },
	{ "aes256ctr-sha256", CIPHER_AES_CTR, 256, AUTH_HMAC_SHA256_128 },
	{ "aes192-gcm", CIPHER_AES_GCM, 192, AUTH_NONE },
	{ "aes128-gmac", CIPHER_AES_GMAC, 128, AUTH_NONE },
	{ "aes192-gmac", CIPHER_AES_GMAC, 192, AUTH_NONE },
	{ "aes256-gmac", CIPHER_AES_GMAC, 256, AUTH_NONE },
	{ "chacha20", CIPHER_CHACHA20_POLY1305, 0, AUTH_NONE },
	{ "null-md5", CIPHER_NULL, 0, AUTH_HMAC_MD5_96 },
	{ "null-sha256", CIPHER_NULL, 0, AUTH_HMAC_SHA256_128 },
	{ "null-sha384", CIPHER_NULL, 0, AUTH_HMAC_SHA384_192 },
	{ "null-sha512", CIPHER_NULL, 0, AUTH_HMAC_SHA512_256 },
	{ "null-xcbc", CIPHER_NULL, 0, AUTH_AES_XCBC_96 },
	{ "gre", 0, 0, AUTH_NONE },
	{ "gre-all", 0, BENCH_GRE_ALL, AUTH_NONE },
};
const size_t bench_n_suites = sizeof(bench_suites) / sizeof(bench_suites[0]);

const struct bench_suite *bench_suite_named(const char *name)
{
	for (size_t i = 0; i < bench_n_suites; i++)
		if (!strcmp(bench_suites[i].name, name))
			return &bench_suites[i];
	return NULL;
}

size_t bench_text_len(const struct bench_case *c)
{
	size_t block = c->suite->cipher ? cipher_info(c->suite->cipher, c->suite->bits)->block_len : 4;
	size_t align = block < 4 ? 4 : block;

	if (!c->suite->cipher) /* AH: outer header and AH but for 8 bytes */
		return c->size + (c->gre ? 24 : 0) + 36;
	return (c->size + (c->gre ? 24 : 0) + 2 + align - 1) / align * align;
}

void samples_take(struct samples *s, uint64_t v)
{
	if (s->n < MAX_SAMPLES)
		s->v[s->n++] = v;
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

double samples_median(struct samples *s)
{
	if (!s->n)
		return 0;
	qsort(s->v, s->n, sizeof(s->v[0]), by_value);
	return (double)s->v[s->n / 2];
}

double bench_ticks_per_ns(void)
{
	uint64_t ns = clock_ns(), ticks = clock_ticks();

	while (clock_ns() - ns < 20000000)
		;
	return (double)(clock_ticks() - ticks) / (double)(clock_ns() - ns);
}

bool bench_number(const char *s, size_t lo, size_t hi, size_t *ret)
{
	char *end;
	unsigned long v = strtoul(s, &end, 10);

	if (*end || end == s || v < lo || v > hi)
		return false;
	*ret = v;
	return true;
}
