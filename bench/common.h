/* SPDX-License-Identifier: Apache-2.0 */
/* What the benches share: their suites, medians, the pace of the clock. */
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

#include <stdio.h>

#include "bench/pipeline.h"

extern const struct bench_suite bench_suites[];
extern const size_t bench_n_suites;
const struct bench_suite *bench_suite_named(const char *name); /* NULL: there is none */

/* Bytes under the cipher: GRE and its IP header, the packet, the ESP trailer. */
size_t bench_text_len(const struct bench_case *c);

enum { MAX_SAMPLES = 20000 };
struct samples {
	uint64_t v[MAX_SAMPLES];
	size_t n;
};
void samples_take(struct samples *s, uint64_t v); /* those beyond MAX_SAMPLES are forgotten */
double samples_median(struct samples *s);	  /* sorts; 0 of none */

double bench_ticks_per_ns(void);

/* True and the number if s is one of lo..hi. */
bool bench_number(const char *s, size_t lo, size_t hi, size_t *ret);

#endif
