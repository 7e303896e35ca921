/* SPDX-License-Identifier: Apache-2.0 */
/* Packet crypto alone: our runner (src/crypto/jobs.h) with one job for each packet, beside
 * intel-ipsec-mb's burst loop and OpenSSL's EVP over the same bytes, in turns. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "bench/clock.h"
#include "bench/common.h"
#include "bench/evp.h"
#include "bench/reference.h"
#include "crypto/jobs.h"

enum { HEAD = 8, BATCH = CRYPTO_MAX_JOBS, MAX_CHOICES = 32, MIN_ROUNDS = 10 };

struct ours {
	struct crypto_runner *runner;
	struct crypto_key *key[2]; /* decrypt, encrypt */
	struct crypto_job job[BATCH];
	uint8_t *bufs;
};

struct options {
	const struct bench_suite *suite[MAX_CHOICES];
	size_t n_suites;
	size_t size[MAX_CHOICES], n_sizes;
	double seconds;
	bool json;
};

enum who { OURS, MB, EVP, N_WHO };
static struct samples samples[N_WHO][2];

static void ours_free(struct ours *o)
{
	crypto_key_free(o->key[0]);
	crypto_key_free(o->key[1]);
	crypto_runner_free(o->runner);
	free(o->bufs);
}

static bool ours_new(struct ours *o, const struct bench_suite *s, size_t text_len)
{
	static const uint8_t bytes[128] = { 1, 35, 69, 103, 137, 171, 205, 239, 2, 36, 70, 104, 138, 172, 206, 240,
					    3, 37, 71, 105, 139, 173, 207, 241 };
	const struct cipher_info *c = s->cipher ? cipher_info(s->cipher, s->bits) : cipher_info(CIPHER_NULL, 0);
	const struct auth_info *a = s->auth ? auth_info(s->auth) : NULL;
	size_t stride = (HEAD + 16 + text_len + 64 + 63) & ~(size_t)63;

	*o = (struct ours){ .runner = crypto_runner_new(CRYPTO_AUTO), .bufs = calloc(BATCH, stride) };
	for (int enc = 0; enc < 2; enc++)
		if (!o->runner || !o->bufs ||
		    crypto_key_new(o->runner, enc ? CRYPTO_ENCRYPT : CRYPTO_DECRYPT, c, a,
				   span_of(bytes, (size_t)c->key_len + c->salt_len),
				   span_of(bytes, a ? a->key_len : 0), &o->key[enc]))
			return false;
	for (size_t i = 0; i < BATCH; i++) {
		uint8_t *b = o->bufs + i * stride;
		bool gmac = c->id == CIPHER_AES_GMAC, all = a || gmac; /* header, IV and text are covered */

		o->job[i] = (struct crypto_job){ .iv = b + HEAD, .auth = b, .text = b + HEAD + c->iv_len,
						 .icv = b + HEAD + c->iv_len + text_len,
						 .text_len = gmac ? 0 : (uint32_t)text_len,
						 .auth_len = (uint32_t)(all ? HEAD + c->iv_len + text_len : HEAD) };
	}
	return true;
}

static bool ours_round(struct ours *o, bool encrypt, uint64_t *ret_ticks)
{
	bool ok = true;

	for (size_t i = 0; i < BATCH; i++)
		o->job[i].key = o->key[encrypt];
	uint64_t began = clock_ticks();
	crypto_run(o->runner, encrypt ? CRYPTO_ENCRYPT : CRYPTO_DECRYPT, o->job, BATCH);
	*ret_ticks = clock_ticks() - began;
	for (size_t i = 0; i < BATCH; i++)
		ok = ok && o->job[i].ok;
	return ok;
}

static void print_row(const struct bench_suite *s, size_t size, double rate, bool json)
{
	static const char *const who[N_WHO] = { "ours", "mb", "evp" };

	if (json)
		printf("{\"bench\": \"crypto\", \"suite\": \"%s\", \"size\": %zu, \"clocks_per_ns\": %.3f", s->name, size,
		       rate);
	else
		printf("%-18s%6zu", s->name, size);
	for (int enc = 1; enc >= 0; enc--) {
		double v[N_WHO];

		if (!json)
			printf(" |");
		for (int w = 0; w < N_WHO; w++) {
			v[w] = samples_median(&samples[w][enc]) / BATCH;
			if (json)
				printf(", \"%s_%s\": %.1f", who[w], enc ? "enc" : "dec", v[w]);
			else if (v[w] > 0)
				printf("%8.2f", (double)size * 8 * rate / v[w]);
			else
				printf("%8s", "-");
		}
		if (!json && v[MB] > 0)
			printf("%7.2f", v[OURS] / v[MB]);
		else if (!json)
			printf("%7s", "-");
	}
	puts(json ? "}" : "");
	fflush(stdout);
}

static bool run_case(const struct bench_suite *s, size_t size, double seconds, double rate, bool json)
{
	struct bench_case c = { .suite = s, .size = size, .batch = BATCH };
	size_t text = bench_text_len(&c);
	uint64_t end = clock_ns() + (uint64_t)(seconds * 1e9), t;
	struct reference *mb = reference_new(s, text, BATCH);
	struct evp *evp = evp_new(s, text, BATCH);
	struct ours ours;
	bool ok = ours_new(&ours, s, text);

	for (int w = 0; w < N_WHO; w++)
		samples[w][0].n = samples[w][1].n = 0;
	for (size_t i = 0; ok && (i < MIN_ROUNDS || clock_ns() < end); i++)
		for (int enc = 1; ok && enc >= 0; enc--) {
			/* there and back, which does not count: EVP has left the widest registers asleep, and what wakes
			 * them is slow */
			ok = ours_round(&ours, enc, &t) && ours_round(&ours, !enc, &t) && ours_round(&ours, enc, &t);
			samples_take(&samples[OURS][enc], t);
			if (mb)
				samples_take(&samples[MB][enc], reference_round(mb, enc));
			if (evp)
				samples_take(&samples[EVP][enc], evp_round(evp, enc));
		}
	if (ok)
		print_row(s, size, rate, json);
	else
		fprintf(stderr, "bench_crypto: %s, %zu bytes: a job failed\n", s->name, size);
	reference_free(mb);
	evp_free(evp);
	ours_free(&ours);
	return ok;
}

static int usage(FILE *to)
{
	fputs("usage: bench_crypto [--suite NAME|all]... [--size BYTES]... [--seconds S] [--json]\n", to);
	return to == stdout ? 0 : 2;
}

static bool add_suite(struct options *o, const char *name)
{
	bool all = !strcmp(name, "all"), any = false;

	for (size_t i = 0; i < bench_n_suites && o->n_suites < MAX_CHOICES; i++)
		if (!bench_is_clear(&bench_suites[i]) && (all || !strcmp(name, bench_suites[i].name))) {
			o->suite[o->n_suites++] = &bench_suites[i];
			any = true;
		}
	return any;
}

static bool set_option(struct options *o, int what, const char *arg)
{
	switch (what) {
	case 's':
		return add_suite(o, arg);
	case 'l':
		return o->n_sizes < MAX_CHOICES && bench_number(arg, 28, 9000, &o->size[o->n_sizes]) &&
		       ++o->n_sizes;
	case 't':
		o->seconds = strtod(arg, NULL);
		return o->seconds > 0;
	case 'j':
		o->json = true;
		return true;
	default:
		return false;
	}
}

static void print_head(double rate)
{
	struct crypto_runner *r = crypto_runner_new(CRYPTO_AUTO);

	printf("%s; %.2f clocks a ns; %d packets at once\n"
	       "Gbit/s of packets: ours, ipsec-mb's burst loop, OpenSSL's EVP; ours / mb in clocks\n",
	       r ? crypto_runner_name(r) : "no crypto", rate, BATCH);
	printf("%-18s%6s", "suite", "bytes");
	for (int i = 0; i < 2; i++)
		printf(" |%8s%8s%8s%7s", i ? "dec" : "enc", "mb", "EVP", "ratio");
	putchar('\n');
	crypto_runner_free(r);
}

int main(int argc, char **argv)
{
	static const struct option names[] = {
		{ "suite", required_argument, NULL, 's' },   { "size", required_argument, NULL, 'l' },
		{ "seconds", required_argument, NULL, 't' }, { "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },	     { NULL, 0, NULL, 0 },
	};
	static const size_t sizes[] = { 64, 512, 1420 };
	struct options o = { .seconds = 20 };
	bool ok = true;
	int what;

	while ((what = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (what == 'h')
			return usage(stdout);
		if (!set_option(&o, what, optarg))
			return usage(stderr);
	}
	if (optind != argc)
		return usage(stderr);
	if (!o.n_suites)
		(void)add_suite(&o, "all");
	bool usual = !o.n_sizes;
	for (size_t i = 0; usual && i < sizeof(sizes) / sizeof(sizes[0]); i++)
		o.size[o.n_sizes++] = sizes[i];
	double rate = bench_ticks_per_ns(), each = o.seconds / (double)(o.n_suites * o.n_sizes);
	if (!o.json)
		print_head(rate);
	for (size_t s = 0; s < o.n_suites; s++)
		for (size_t l = 0; l < o.n_sizes; l++)
			ok = run_case(o.suite[s], o.size[l], each, rate, o.json) && ok;
	return ok ? 0 : 1;
}
