/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/span.h"

/* Overwrites n bytes in a way the compiler may not remove. NULL is fine. */
void secret_wipe(void *p, size_t n);

/* Equal contents, in time that depends only on n: for MACs, hashes, keys. */
bool secret_equal(const void *a, const void *b, size_t n);

/* Wipes n bytes at p and frees p. NULL is fine. */
void secret_free(void *p, size_t n);

#endif
