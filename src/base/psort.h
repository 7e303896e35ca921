/* SPDX-License-Identifier: Apache-2.0 */
/* A sort of pointers in pieces, for who may not stop for as long as qsort() takes. Merge sort from the bottom: equal
 * ones keep their order. */
#ifndef BASE_PSORT_H
#define BASE_PSORT_H

#include <stdbool.h>
#include <stddef.h>

typedef int psort_cmp(const void *a, const void *b); /* two of the elements, as strcmp() says it */

/* The caller's, to keep between the pieces. */
struct psort {
	const void **v, **room; /* n each; v is what is sorted, and where it ends */
	size_t n, run, at;	/* runs of that length are sorted; those before at are merged already */
	psort_cmp *cmp;
	const void **from, **to;
};

/* v and room are the caller's, n elements each, and stay where they are until the end. */
void psort_init(struct psort *s, const void **v, const void **room, size_t n, psort_cmp *cmp);
/* Goes on, for about as many comparisons as that, and always a little; false: v is sorted. */
bool psort_some(struct psort *s, size_t comparisons);

#endif
