/* SPDX-License-Identifier: Apache-2.0 */
/* Files of tests/vectors/pki, which make.py there wrote with foreign tools. */
#ifndef TEST_PKI_VECTORS_H
#define TEST_PKI_VECTORS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pki/pki.h"

#define NOW INT64_C(1764547200) /* 2025-12-01 */

/* In a block of exactly its size; free() it. */
static inline struct span vector(const char *name)
{
	char path[2048];
	uint8_t buf[65536], *copy;
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", VECTORS_DIR, name);
	f = fopen(path, "rb");
	if (!f)
		fail_msg("%s", path);
	n = fread(buf, 1, sizeof(buf), f);
	fclose(f);
	copy = malloc(n ? n : 1);
	assert_non_null(copy);
	memcpy(copy, buf, n);
	return span_of(copy, n);
}

static inline void vector_free(struct span s)
{
	free((void *)(uintptr_t)s.p);
}

static inline struct pki_cert *vector_cert(struct pki *p, const char *name)
{
	struct span s = vector(name);
	struct pki_cert *c = NULL;

	assert_int_equal(pki_cert_parse(p, s, &c), 0);
	vector_free(s);
	return c;
}

static inline struct pki_key *vector_key(struct pki *p, const char *name, const char *pass)
{
	struct span s = vector(name);
	struct pki_key *k = NULL;

	assert_int_equal(pki_key_from_pem(p, s, pass, &k), 0);
	vector_free(s);
	return k;
}

#endif
