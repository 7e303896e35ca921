/* SPDX-License-Identifier: Apache-2.0 */
/* The same bytes through OpenSSL as an application would do it: one EVP context for a
 * direction, packet after packet. */
#ifndef BENCH_EVP_H
#define BENCH_EVP_H

#include "bench/pipeline.h"

struct evp;

/* NULL: EVP has no such suite. text_len: bytes that are encrypted. */
struct evp *evp_new(const struct bench_suite *s, size_t text_len, size_t batch);
void evp_free(struct evp *e);
/* Ticks of as many packets as the batch has. */
uint64_t evp_round(struct evp *e, bool encrypt);

#endif
