/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>

/* A read-only view of len bytes owned by somebody else. The empty span is
 * {NULL, 0}; nobody frees a span. */
struct span {
	const uint8_t *p;
	size_t len;
};

/* The same view, writable. */
struct mspan {
	uint8_t *p;
	size_t len;
};

static inline struct span span_of(const void *p, size_t len)
{
	return (struct span){ p, len };
}

/* Same length and same bytes. Not constant time: for public data only;
 * MACs and keys go through secret_equal(). */
bool span_equal(struct span a, struct span b);

#endif
