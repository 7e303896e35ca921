/* SPDX-License-Identifier: Apache-2.0 */
/* Reads tests/vectors: records of `name = value` lines, an empty line between
 * two, `#` comments. */
#ifndef TEST_IKE_VECTORS_H
#define TEST_IKE_VECTORS_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"

#define VEC_MAX_FIELDS 40

struct vec {
	size_t n;
	struct {
		char name[16];
		char *text;
		uint8_t *bytes; /* of hex text */
		size_t len;
	} f[VEC_MAX_FIELDS];
};

static inline void vec_free(struct vec *v)
{
	for (size_t i = 0; i < v->n; i++) {
		free(v->f[i].text);
		free(v->f[i].bytes);
	}
	v->n = 0;
}

static inline void vec_hex(struct vec *v, size_t i)
{
	const char *s = v->f[i].text;
	size_t n = strlen(s) / 2;

	v->f[i].bytes = malloc(n ? n : 1);
	assert_non_null(v->f[i].bytes);
	for (size_t k = 0; k < n; k++) {
		unsigned byte;

		if (sscanf(s + 2 * k, "%2x", &byte) != 1)
			return; /* a word, not hex */
		v->f[i].bytes[k] = (uint8_t)byte;
	}
	v->f[i].len = n;
}

/* The next record; false at the end of the file. */
static inline bool vec_next(FILE *f, struct vec *v)
{
	static char line[8192];

	vec_free(v);
	while (fgets(line, sizeof(line), f)) {
		char name[16], *eq = strstr(line, " = ");

		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#')
			continue;
		if (!line[0] && v->n)
			return true;
		if (!line[0])
			continue;
		assert_non_null(eq);
		assert_true(v->n < VEC_MAX_FIELDS);
		assert_int_equal(sscanf(line, "%15s", name), 1);
		memcpy(v->f[v->n].name, name, sizeof(name));
		v->f[v->n].text = strdup(eq + 3);
		v->n++;
		vec_hex(v, v->n - 1);
	}
	return v->n > 0;
}

static inline bool vec_has(const struct vec *v, const char *name)
{
	for (size_t i = 0; i < v->n; i++)
		if (!strcmp(v->f[i].name, name))
			return true;
	return false;
}

static inline const char *vec_text(const struct vec *v, const char *name)
{
	for (size_t i = 0; i < v->n; i++)
		if (!strcmp(v->f[i].name, name))
			return v->f[i].text;
	fail_msg("no field %s", name);
	return "";
}

static inline struct span vec_bytes(const struct vec *v, const char *name)
{
	for (size_t i = 0; i < v->n; i++)
		if (!strcmp(v->f[i].name, name))
			return span_of(v->f[i].bytes, v->f[i].len);
	fail_msg("no field %s", name);
	return (struct span){ 0 };
}

#define assert_span(got, want)                                            \
	do {                                                              \
		struct span w_ = (want);                                  \
		assert_memory_equal((got), w_.p, w_.len);                 \
		assert_true(w_.len > 0);                                  \
	} while (0)

#endif
