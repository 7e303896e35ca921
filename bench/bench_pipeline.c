/* SPDX-License-Identifier: Apache-2.0 */
/* The data path without input and output: time stamp clocks per packet of
 * everything between two ports, beside ipsec-mb's own burst loop over the same
 * bytes in the same run. Medians over batches. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/clock.h"
#include "bench/common.h"
#include "bench/reference.h"
#include "crypto/jobs.h"
#include "packet/pkt.h"

enum { MAX_CHOICES = 32, MIN_ROUNDS = 20 };

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
	bool gre, bundle, json;
};

static struct samples out, in, mb_out, mb_in;

static void print_side(double ticks, double mb, const struct bench_case *c, double rate)
{
	double clocks = ticks / (double)c->batch, alone = mb / (double)c->batch;
	double ns = clocks / rate;

	printf(" |%8.0f%8.2f%8.2f", clocks, clocks / (double)c->size, (double)c->size * 8 / ns);
	if (mb > 0)
		printf("%8.0f%7.2f", alone, clocks / alone);
	else
		printf("%8s%7s", "-", "-");
}

static void print_row(const struct bench_case *c, double rate, bool json)
{
	double n = (double)c->batch, o = samples_median(&out) / n, i = samples_median(&in) / n;
	double mb_o = samples_median(&mb_out) / n, mb_i = samples_median(&mb_in) / n;

	if (json) {
		printf("{\"bench\": \"pipeline\", \"suite\": \"%s\", \"ah\": %s, \"gre\": %s, \"size\": %zu, "
		       "\"batch\": %zu, \"policies\": %zu, \"clocks_per_ns\": %.3f, \"out\": %.1f, "
		       "\"in\": %.1f, \"mb_out\": %.1f, \"mb_in\": %.1f}\n",
		       c->suite->name, c->bundle ? "true" : "false", c->gre ? "true" : "false", c->size,
		       c->batch, c->policies, rate, o, i, mb_o, mb_i);
	} else {
		printf("%-17s%-7s%6zu", c->suite->name, c->bundle && c->suite->cipher ? " in AH" : "",
		       c->size);
		print_side(o * n, mb_o * n, c, rate);
		print_side(i * n, mb_i * n, c, rate);
		putchar('\n');
	}
	fflush(stdout);
}

/* One line of the table. False if packets were lost. */
static bool run_case(const struct bench_case *c, double seconds, double rate, bool json)
{
	struct pipeline *p = pipeline_new(c);
	/* ipsec-mb's own loop knows one job a packet */
	struct reference *r = c->bundle || bench_is_clear(c->suite) ?
				      NULL :
				      reference_new(c->suite, bench_text_len(c), c->batch);
	uint64_t end = clock_ns() + (uint64_t)(seconds * 1e9);
	bool ok = p != NULL;

	out.n = in.n = mb_out.n = mb_in.n = 0;
	/* both in turn, so that whatever disturbs the machine disturbs both */
	for (size_t i = 0; ok && (i < MIN_ROUNDS || clock_ns() < end); i++) {
		uint64_t o, n;

		ok = pipeline_round(p, &o, &n) == c->batch;
		samples_take(&out, o);
		samples_take(&in, n);
		if (r) {
			samples_take(&mb_out, reference_round(r, true));
			samples_take(&mb_in, reference_round(r, false));
		}
	}
	if (ok) {
		print_row(c, rate, json);
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
	printf("clocks a packet and a byte; Gbit/s of packets at the TUN; mb: ipsec-mb's burst "
	       "alone\n");
	printf("%-24s%6s", "suite", "bytes");
	for (int i = 0; i < 2; i++)
		printf(" |%8s%8s%8s%8s%7s", i ? "in" : "out", "c/byte", "Gbit/s", "mb", "ratio");
	putchar('\n');
	crypto_runner_free(r);
}

static int usage(FILE *to)
{
	fputs("usage: bench_pipeline [--suite NAME|all]... [--size BYTES]... [--batch N]\n"
	      "                      [--policies N] [--flows N] [--gre] [--ah] [--seconds S]\n"
	      "                      [--json]\n"
	      "suites:",
	      to);
	for (size_t i = 0; i < bench_n_suites; i++)
		fprintf(to, " %s", bench_suites[i].name);
	fputc('\n', to);
	return to == stdout ? 0 : 2;
}

static bool set_option(struct options *o, int what, const char *arg)
{
	switch (what) {
	case 's':
		for (; !strcmp(arg, "all") && o->n_suites < bench_n_suites; o->n_suites++)
			o->suite[o->n_suites] = &bench_suites[o->n_suites];
		if (!strcmp(arg, "all"))
			return true;
		if (o->n_suites == MAX_CHOICES || !(o->suite[o->n_suites] = bench_suite_named(arg)))
			return false;
		o->n_suites++;
		return true;
	case 'l':
		/* an IP and UDP header at least; ESP's and GRE's fit the buffers at most */
		return o->n_sizes < MAX_CHOICES && bench_number(arg, 28, 9000, &o->size[o->n_sizes]) &&
		       ++o->n_sizes;
	case 'b':
		return bench_number(arg, 1, BATCH_MAX, &o->batch);
	case 'p':
		return bench_number(arg, 1, 65536, &o->policies);
	case 'f':
		return bench_number(arg, 1, BATCH_MAX, &o->flows);
	case 'g':
		o->gre = true;
		return true;
	case 'a':
		o->bundle = true;
		return true;
	case 'j':
		o->json = true;
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
			o->suite[o->n_suites++] = bench_suite_named(default_suites[i]);
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
		{ "json", no_argument, NULL, 'j' },
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
	double rate = bench_ticks_per_ns(), each = o.seconds / (double)(o.n_suites * o.n_sizes);
	if (!o.json)
		print_head(&o, rate);
	for (size_t s = 0; s < o.n_suites; s++)
		for (size_t l = 0; l < o.n_sizes; l++) {
			struct bench_case c = { o.suite[s], o.size[l], o.batch,
						o.policies, o.flows,   1, o.gre,
						o.bundle };

			ok = run_case(&c, each, rate, o.json) && ok;
		}
	return ok ? 0 : 1;
}
