/* SPDX-License-Identifier: Apache-2.0 */
/* The data path without input and output: time stamp clocks per packet of
 * everything between two ports, beside ipsec-mb's own burst loop over the same
 * bytes in the same run. Medians over batches. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/clock.h"
#include "bench/pipeline.h"
#include "bench/reference.h"
#include "crypto/jobs.h"
#include "packet/pkt.h"

enum { MAX_SAMPLES = 20000, MAX_CHOICES = 32, MIN_ROUNDS = 20 };

static const struct bench_suite suites[] = {
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
enum { N_SUITES = sizeof(suites) / sizeof(suites[0]) };
static const char *const default_suites[] = { "3des-sha",      "aes128-sha", "aes256-sha",
					      "aes256-sha256", "aes128-gcm", "aes256-gcm",
					      "ah-sha",	       "gre",	     "gre-all" };
static const size_t default_sizes[] = { 64, 512, 1420 };

struct options {
	const struct bench_suite *suite[MAX_CHOICES];
	size_t n_suites;
	size_t size[MAX_CHOICES], n_sizes;
	size_t batch, policies, flows;
	double seconds;
	bool gre, bundle;
};

struct samples {
	uint64_t v[MAX_SAMPLES];
	size_t n;
};

static struct samples out, in, mb_out, mb_in;

static void take(struct samples *s, uint64_t v)
{
	if (s->n < MAX_SAMPLES)
		s->v[s->n++] = v;
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static double median(struct samples *s)
{
	if (!s->n)
		return 0;
	qsort(s->v, s->n, sizeof(s->v[0]), by_value);
	return (double)s->v[s->n / 2];
}

static double ticks_per_ns(void)
{
	uint64_t ns = clock_ns(), ticks = clock_ticks();

	while (clock_ns() - ns < 20000000)
		;
	return (double)(clock_ticks() - ticks) / (double)(clock_ns() - ns);
}

static const struct bench_suite *suite_named(const char *name)
{
	for (size_t i = 0; i < N_SUITES; i++)
		if (!strcmp(suites[i].name, name))
			return &suites[i];
	return NULL;
}

/* Bytes under the cipher: GRE and its IP header, the packet, the ESP trailer. */
static size_t text_len(const struct bench_case *c)
{
	size_t block = c->suite->cipher ? cipher_info(c->suite->cipher, c->suite->bits)->block_len : 4;
	size_t align = block < 4 ? 4 : block;

	return (c->size + (c->gre ? 24 : 0) + 2 + align - 1) / align * align;
}

static void print_side(double ticks, double mb, const struct bench_case *c, double rate)
{
	double clocks = ticks / (double)c->batch, alone = mb / (double)c->batch;
	double ns = clocks / rate;

	printf(" |%8.0f%8.0f%8.2f", clocks, ns, (double)c->size * 8 / ns);
	if (mb > 0)
		printf("%8.0f%7.2f", alone, clocks / alone);
	else
		printf("%8s%7s", "-", "-");
}

/* One line of the table. False if packets were lost. */
static bool run_case(const struct bench_case *c, double seconds, double rate)
{
	struct pipeline *p = pipeline_new(c);
	/* ipsec-mb's own loop knows one job a packet, with a cipher */
	struct reference *r = c->bundle || !c->suite->cipher ?
				      NULL :
				      reference_new(c->suite, text_len(c), c->batch);
	uint64_t end = clock_ns() + (uint64_t)(seconds * 1e9);
	bool ok = p != NULL;

	out.n = in.n = mb_out.n = mb_in.n = 0;
	/* both in turn, so that whatever disturbs the machine disturbs both */
	for (size_t i = 0; ok && (i < MIN_ROUNDS || clock_ns() < end); i++) {
		uint64_t o, n;

		ok = pipeline_round(p, &o, &n) == c->batch;
		take(&out, o);
		take(&in, n);
		if (r) {
			take(&mb_out, reference_round(r, true));
			take(&mb_in, reference_round(r, false));
		}
	}
	if (ok) {
		printf("%-17s%-7s%6zu", c->suite->name, c->bundle && c->suite->cipher ? " in AH" : "", c->size);
		print_side(median(&out), median(&mb_out), c, rate);
		print_side(median(&in), median(&mb_in), c, rate);
		putchar('\n');
		fflush(stdout);
	} else {
		fprintf(stderr, "bench_pipeline: %s, %zu bytes: packets were lost\n",
			c->suite->name, c->size);
	}
	reference_free(r);
	pipeline_free(p);
	return ok;
}

static void print_head(const struct options *o, double rate)
{
	struct crypto_runner *r = crypto_runner_new(CRYPTO_AUTO);

	printf("%s; %.2f clocks a ns; batches of %zu, %zu flow(s), %zu SPD entries%s\n",
	       r ? crypto_runner_name(r) : "no crypto", rate, o->batch, o->flows, o->policies,
	       o->gre ? ", inside GRE" : "");
	printf("clocks and ns a packet; Gbit/s of packets at the TUN; mb: ipsec-mb's burst "
	       "alone\n");
	printf("%-24s%6s", "suite", "bytes");
	for (int i = 0; i < 2; i++)
		printf(" |%8s%8s%8s%8s%7s", i ? "in" : "out", "ns", "Gbit/s", "mb", "ratio");
	putchar('\n');
	crypto_runner_free(r);
}

static int usage(FILE *to)
{
	fputs("usage: bench_pipeline [--suite NAME|all]... [--size BYTES]... [--batch N]\n"
	      "                      [--policies N] [--flows N] [--gre] [--ah] [--seconds S]\n"
	      "suites:",
	      to);
	for (size_t i = 0; i < N_SUITES; i++)
		fprintf(to, " %s", suites[i].name);
	fputc('\n', to);
	return to == stdout ? 0 : 2;
}

/* True and the number if s is one of lo..hi. */
static bool number(const char *s, size_t lo, size_t hi, size_t *ret)
{
	char *end;
	unsigned long v = strtoul(s, &end, 10);

	if (*end || end == s || v < lo || v > hi)
		return false;
	*ret = v;
	return true;
}

static bool set_option(struct options *o, int what, const char *arg)
{
	switch (what) {
	case 's':
		for (; !strcmp(arg, "all") && o->n_suites < N_SUITES; o->n_suites++)
			o->suite[o->n_suites] = &suites[o->n_suites];
		if (!strcmp(arg, "all"))
			return true;
		if (o->n_suites == MAX_CHOICES || !(o->suite[o->n_suites] = suite_named(arg)))
			return false;
		o->n_suites++;
		return true;
	case 'l':
		/* an IP and UDP header at least; ESP's and GRE's fit the buffers at most */
		return o->n_sizes < MAX_CHOICES && number(arg, 28, 9000, &o->size[o->n_sizes]) &&
		       ++o->n_sizes;
	case 'b':
		return number(arg, 1, BATCH_MAX, &o->batch);
	case 'p':
		return number(arg, 1, 65536, &o->policies);
	case 'f':
		return number(arg, 1, BATCH_MAX, &o->flows);
	case 'g':
		o->gre = true;
		return true;
	case 'a':
		o->bundle = true;
		return true;
	case 't':
		o->seconds = strtod(arg, NULL);
		return o->seconds > 0;
	default:
		return false;
	}
}

static void set_defaults(struct options *o)
{
	if (!o->n_suites)
		for (size_t i = 0; i < sizeof(default_suites) / sizeof(default_suites[0]); i++)
			o->suite[o->n_suites++] = suite_named(default_suites[i]);
	if (!o->n_sizes)
		for (size_t i = 0; i < sizeof(default_sizes) / sizeof(default_sizes[0]); i++)
			o->size[o->n_sizes++] = default_sizes[i];
}

int main(int argc, char **argv)
{
	static const struct option names[] = {
		{ "suite", required_argument, NULL, 's' },
		{ "size", required_argument, NULL, 'l' },
		{ "batch", required_argument, NULL, 'b' },
		{ "policies", required_argument, NULL, 'p' },
		{ "flows", required_argument, NULL, 'f' },
		{ "gre", no_argument, NULL, 'g' },
		{ "ah", no_argument, NULL, 'a' },
		{ "seconds", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct options o = { .batch = BATCH_MAX, .policies = 1, .flows = 16, .seconds = 9 };
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
	set_defaults(&o);
	double rate = ticks_per_ns(), each = o.seconds / (double)(o.n_suites * o.n_sizes);
	print_head(&o, rate);
	for (size_t s = 0; s < o.n_suites; s++)
		for (size_t l = 0; l < o.n_sizes; l++) {
			struct bench_case c = { o.suite[s], o.size[l], o.batch,
						o.policies, o.flows,   o.gre,
						o.bundle };

			ok = run_case(&c, each, rate) && ok;
		}
	return ok ? 0 : 1;
}
