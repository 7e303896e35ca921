/* SPDX-License-Identifier: Apache-2.0 */
/* Whether time tells a well-formed message from another (dudect's question): interleaved
 * measurements of both, the largest tenth of each cropped, Welch's t. Above 10 it does; the
 * machine's own noise reaches 5. Judged by people: `meson test --suite timing -v`. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pki/pki.h"
#include "pki/pkcs1.h"

#define N 4000

static uint64_t ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double welch(double v[2][N])
{
	double mean[2] = { 0 }, var[2] = { 0 };
	const int n = N * 9 / 10;

	for (int c = 0; c < 2; c++) {
		qsort(v[c], N, sizeof(double), by_size);
		for (int i = 0; i < n; i++)
			mean[c] += v[c][i] / n;
		for (int i = 0; i < n; i++)
			var[c] += (v[c][i] - mean[c]) * (v[c][i] - mean[c]) / (n - 1);
	}
	return (mean[0] - mean[1]) / sqrt(var[0] / n + var[1] / n);
}

static double t[2][N], took[2 * N];
static uint8_t sealed[2 * N][128], class[2 * N];

/* By class, once all is measured: what runs before a measurement must not know it. */
static double judge(void)
{
	int got[2] = { 0, 0 };

	for (int i = 0; i < 2 * N; i++)
		t[class[i]][got[class[i]]++] = took[i];
	return welch(t);
}

/* As many of both, in an order that no processor learns. */
static void shuffle(void)
{
	for (int i = 0; i < 2 * N; i++)
		class[i] = (uint8_t)(i & 1);
	for (int i = 2 * N - 1; i > 0; i--) {
		int j = rand() % (i + 1);
		uint8_t c = class[i];

		class[i] = class[j];
		class[j] = c;
	}
}

int main(void)
{
	struct pki *p = pki_new();
	struct pki_key *k = NULL;
	uint8_t ct[PKI_SIG_MAX], em[2][256], alt[256] = { 1 }, out[PKI_SIG_MAX], clear[20] = { 7 };
	size_t n = 0, len;

	shuffle();
	if (!p || pki_key_generate(p, 1024, &k))
		return 2;
	for (int i = 0; i < 2 * N; i++) {
		if (pki_ike_encrypt(p, k, (struct span){ clear, sizeof(clear) }, ct, &n) || n != 128)
			return 2;
		ct[64] = (uint8_t)(ct[64] ^ class[i]);
		memcpy(sealed[i], ct, 128);
	}
	for (int i = 0; i < 2 * N; i++) {
		memcpy(ct, sealed[i], 128);
		uint64_t from = ns();
		if (pki_ike_decrypt(p, k, (struct span){ ct, n }, 8, 256, out, &len))
			return 2;
		took[i] = (double)(ns() - from);
	}
	printf("decryption: t = %.1f\n", judge());
	memset(em, 0x5a, sizeof(em));
	em[0][0] = em[1][0] = 0;
	em[0][1] = em[1][1] = 2;
	em[0][235] = 0;
	for (int i = 0; i < 2 * N; i++) {
		memcpy(ct, em[class[i]], 256);
		uint64_t from = ns();
		for (int j = 0; j < 20; j++)
			pkcs1_unpad(ct, 256, alt, 33, 8, 245, out, &len);
		took[i] = (double)(ns() - from);
	}
	printf("unpadding: t = %.1f\n", judge());
	pki_key_free(k);
	pki_free(p);
	return 0;
}
