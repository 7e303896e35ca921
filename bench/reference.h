/* SPDX-License-Identifier: Apache-2.0 */
/* What the crypto alone costs: ipsec-mb's burst calls over packets of the same
 * layout, with one key, or many, and nothing around. */
#ifndef BENCH_REFERENCE_H
#define BENCH_REFERENCE_H

#include "bench/pipeline.h"

struct reference;

/* NULL without ipsec-mb. text_len: bytes that are encrypted. */
struct reference *reference_new(const struct bench_suite *s, size_t text_len, size_t batch);
/* GCM alone: each packet with another key, of so many in each direction, in turn. NULL for other suites, too. */
struct reference *reference_new_keys(const struct bench_suite *s, size_t text_len, size_t batch, size_t keys);
void reference_free(struct reference *r);
/* Ticks of one burst over all packets. */
uint64_t reference_round(struct reference *r, bool encrypt);

#endif
