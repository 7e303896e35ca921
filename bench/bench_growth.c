/* SPDX-License-Identifier: Apache-2.0 */
/* What a packet costs as the tables grow: 1 to 10,000 SAs and 1 to 10,000 lines of an access
 * list, in the data path without input and output; and what an SA costs in memory. The tables
 * of one row take turns, so that whatever disturbs the machine disturbs all. Beside SAs of GCM that all have packets stands
 * what ipsec-mb's calls alone take with as many keys, which come from memory as well. */
#include <getopt.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "bench/clock.h"
#include "bench/common.h"
#include "bench/reference.h"
#include "crypto/jobs.h"
#include "packet/pkt.h"

enum { POINTS = 4, ROUNDS = 16, MANY_FLOWS = 4096 };

/* A row of the table. */
struct growth {
	const char *name, *text;
	bool sas;    /* they grow; else the lines do */
	bool spread; /* over all SAs */
	size_t flows;
};

static const struct growth rows[] = {
	{ "sas-spread", "SAs, packets to all of them", true, true, 1 },
	{ "sas-one", "SAs, packets to one", true, false, 16 },
	{ "lines", "lines, 16 flows", false, false, 16 },
	{ "lines-flows", "lines, 4096 flows", false, false, MANY_FLOWS },
};

enum { N_ROWS = sizeof(rows) / sizeof(rows[0]) };

struct options {
	const struct bench_suite *suite;
	size_t size, most;
	double seconds;
	bool json, memory;
	const char *what; /* NULL: all rows */
};

struct point {
	struct pipeline *p;
	size_t n, next; /* the flow that comes next */
	struct samples out, in;
	struct reference *mb; /* NULL: none */
	struct samples mb_out, mb_in;
};

static struct point points[POINTS];

static bool build(const struct options *o, const struct growth *g, struct point *at, size_t n)
{
	struct bench_case c = { .suite = o->suite, .size = o->size, .batch = BATCH_MAX, .flows = g->flows,
				.policies = g->sas ? 1 : n, .sas = g->sas ? n : 1 };

	at->n = n;
	at->next = 0;
	at->out.n = at->in.n = at->mb_out.n = at->mb_in.n = 0;
	at->p = pipeline_new(&c);
	at->mb = g->spread ? reference_new_keys(o->suite, bench_text_len(&c), BATCH_MAX, n) : NULL;
	return at->p != NULL;
}

/* Some batches through one of them; the first warms the caches and does not count. */
static bool turn(const struct growth *g, struct point *at)
{
	for (size_t i = 0; i <= ROUNDS; i++) {
		uint64_t out, in;

		pipeline_address(at->p, at->next, g->spread);
		at->next += BATCH_MAX;
		if (pipeline_round(at->p, &out, &in) != BATCH_MAX)
			return false;
		if (i) {
			samples_take(&at->out, out);
			samples_take(&at->in, in);
		}
	}
	for (size_t i = 0; at->mb && i <= ROUNDS; i++) {
		uint64_t out = reference_round(at->mb, true), in = reference_round(at->mb, false);

		if (i) {
			samples_take(&at->mb_out, out);
			samples_take(&at->mb_in, in);
		}
	}
	return true;
}

static void print_mb(const struct options *o, struct point *at)
{
	double out = samples_median(&at->mb_out) / BATCH_MAX, in = samples_median(&at->mb_in) / BATCH_MAX;

	if (o->json)
		printf("{\"bench\": \"growth\", \"what\": \"mb-keys\", \"suite\": \"%s\", \"size\": %zu, "
		       "\"n\": %zu, \"out\": %.1f, \"in\": %.1f}\n",
		       o->suite->name, o->size, at->n, out, in);
	else
		printf("%6zu %-28s |%8.0f%7s |%8.0f\n", at->n, "keys, ipsec-mb alone", out, "", in);
}

static void print_row(const struct options *o, const struct growth *g, size_t n)
{
	double first[2] = { 0 };

	for (size_t i = 0; i < n; i++) {
		double v[2] = { samples_median(&points[i].out) / BATCH_MAX,
				samples_median(&points[i].in) / BATCH_MAX };

		if (!i)
			memcpy(first, v, sizeof(first));
		if (o->json)
			printf("{\"bench\": \"growth\", \"what\": \"%s\", \"suite\": \"%s\", \"size\": %zu, "
			       "\"n\": %zu, \"out\": %.1f, \"in\": %.1f}\n",
			       g->name, o->suite->name, o->size, points[i].n, v[0], v[1]);
		else
			printf("%6zu %-28s |%8.0f%7.2f |%8.0f%7.2f\n", points[i].n, g->text, v[0],
			       v[0] / first[0], v[1], v[1] / first[1]);
	}
	for (size_t i = 0; i < n; i++)
		if (points[i].mb)
			print_mb(o, &points[i]);
	fflush(stdout);
}

static bool grow(const struct options *o, const struct growth *g, double seconds)
{
	uint64_t end = clock_ns() + (uint64_t)(seconds * 1e9);
	size_t n = 0;
	bool ok = true;

	for (size_t many = 1; ok && n < POINTS && many <= o->most; many = many == 1 ? 100 : many * 10)
		ok = build(o, g, &points[n++], many);
	do {
		for (size_t i = 0; ok && i < n; i++)
			ok = turn(g, &points[i]);
	} while (ok && clock_ns() < end);
	if (ok)
		print_row(o, g, n);
	else
		fprintf(stderr, "bench_growth: %s: packets were lost, or no memory\n", g->text);
	while (n) {
		pipeline_free(points[--n].p);
		reference_free(points[n].mb);
	}
	return ok;
}

/* ---- memory ---- */

static size_t heap_bytes(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

/* Bytes of the keys of a pair, one for each direction; many of them, since the first ones make
 * what all share. */
static double key_bytes(const struct bench_suite *s)
{
	enum { N = 200 };
	static const uint8_t bytes[128];
	static struct crypto_key *key[2 * N];
	struct crypto_runner *r = crypto_runner_new(CRYPTO_AUTO);
	const struct cipher_info *c = cipher_info(s->cipher, s->bits);
	const struct auth_info *a = s->auth ? auth_info(s->auth) : NULL;
	size_t before = 0;
	int err = !r || !c;

	for (size_t i = 0; !err && i < 2 * N; i++) {
		if (i == N)
			before = heap_bytes();
		err = crypto_key_new(r, i % 2 ? CRYPTO_ENCRYPT : CRYPTO_DECRYPT, c, a,
				     span_of(bytes, (size_t)c->key_len + c->salt_len),
				     span_of(bytes, a ? a->key_len : 0), &key[i]);
	}
	double each = (double)(heap_bytes() - before) / N * 2;
	for (size_t i = 0; i < 2 * N; i++) {
		crypto_key_free(key[i]);
		key[i] = NULL;
	}
	crypto_runner_free(r);
	return err ? 0 : each;
}

static bool memory(const struct options *o)
{
	struct bench_case c = { .suite = o->suite, .size = o->size, .batch = 1, .policies = 1, .flows = 1 };
	size_t many = o->most < 1000 ? o->most : 1000, bytes[2];
	double keys = key_bytes(o->suite);

	if (many < 2)
		return true;
	for (size_t i = 0; i < 2; i++) {
		c.sas = i ? many : 1;
		struct pipeline *p = pipeline_new(&c);

		if (!p)
			return false;
		bytes[i] = pipeline_sa_bytes(p);
		pipeline_free(p);
	}
	double pair = (double)(bytes[1] - bytes[0]) / (double)(many - 1);
	if (o->json)
		printf("{\"bench\": \"memory\", \"what\": \"sa-pair\", \"suite\": \"%s\", \"bytes\": %.0f, "
		       "\"key_bytes\": %.0f}\n",
		       o->suite->name, pair, keys);
	else
		printf("each further pair of SAs: %.0f bytes, %.0f of them keys\n", pair, keys);
	return true;
}

/* ---- the program ---- */

static int usage(FILE *to)
{
	fputs("usage: bench_growth [--suite NAME] [--size BYTES] [--most N] [--seconds S]\n"
	      "                    [--what sas-spread|sas-one|lines|lines-flows] [--json]\n"
	      "       bench_growth --memory [--suite NAME] [--most N] [--json]\n", to);
	return to == stdout ? 0 : 2;
}

static bool set_option(struct options *o, int what, const char *arg)
{
	switch (what) {
	case 's':
		o->suite = bench_suite_named(arg);
		return o->suite && !bench_is_clear(o->suite) && o->suite->cipher;
	case 'l':
		return bench_number(arg, 28, 9000, &o->size);
	case 'm':
		return bench_number(arg, 1, 10000, &o->most);
	case 't':
		o->seconds = strtod(arg, NULL);
		return o->seconds > 0;
	case 'j':
		o->json = true;
		return true;
	case 'k':
		o->memory = true;
		return true;
	case 'w':
		o->what = arg;
		for (size_t i = 0; i < N_ROWS; i++)
			if (!strcmp(rows[i].name, arg))
				return true;
		return false;
	default:
		return false;
	}
}

int main(int argc, char **argv)
{
	static const struct option names[] = {
		{ "suite", required_argument, NULL, 's' },  { "size", required_argument, NULL, 'l' },
		{ "most", required_argument, NULL, 'm' },   { "seconds", required_argument, NULL, 't' },
		{ "json", no_argument, NULL, 'j' },	    { "memory", no_argument, NULL, 'k' },
		{ "what", required_argument, NULL, 'w' },   { "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct options o = { .suite = bench_suite_named("aes256-gcm"), .size = 1420, .most = 10000, .seconds = 8 };
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
	if (o.memory)
		return memory(&o) ? 0 : 1;
	if (!o.json)
		printf("%s, %zu bytes: clocks a packet, and of what it was with 1\n%35s |%15s |%15s\n",
		       o.suite->name, o.size, "", "out", "in");
	for (size_t i = 0; i < N_ROWS; i++)
		if (!o.what || !strcmp(rows[i].name, o.what))
			ok = grow(&o, &rows[i], o.seconds / (o.what ? 1 : N_ROWS)) && ok;
	return ok ? 0 : 1;
}
