/* SPDX-License-Identifier: Apache-2.0 */
#include "base/psort.h"

#include <string.h>

#define FIRST_RUN 16 /* elements that are sorted by insertion */

void psort_init(struct psort *s, const void **v, const void **room, size_t n, psort_cmp *cmp)
{
	*s = (struct psort){ .v = v, .room = room, .n = n, .cmp = cmp, .from = v, .to = room };
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* A first run, in place. */
static size_t insert(struct psort *s)
{
	size_t end = s->at + least(FIRST_RUN, s->n - s->at), done = 0;

	for (size_t i = s->at + 1; i < end; i++) {
		const void *x = s->v[i];
		size_t k = i;

		for (; k > s->at && s->cmp(s->v[k - 1], x) > 0; k--, done++)
			s->v[k] = s->v[k - 1];
		s->v[k] = x;
		done++;
	}
	s->at = end;
	return done;
}

/* Of two runs beside each other, from here on the elements that come first in both, a bounded number of them; what is
 * left of both stays as it is in from. The state is only `at`, so a pair of runs is merged whole where it is short, and
 * by its parts where it is long: which part of each run is in the first `done` is found by a search. */
static size_t split(const struct psort *s, size_t a, size_t mid, size_t b, size_t k)
{
	size_t lo = k > b - mid ? k - (b - mid) : 0, hi = least(k, mid - a);

	while (lo < hi) { /* how many of the k first are of the left run */
		size_t i = lo + (hi - lo) / 2;

		if (s->cmp(s->from[a + i], s->from[mid + k - i - 1]) <= 0)
			lo = i + 1;
		else
			hi = i;
	}
	return lo;
}

static size_t merge(struct psort *s, size_t most)
{
	size_t a = s->at / (2 * s->run) * (2 * s->run), mid = a + least(s->run, s->n - a), b = mid + least(s->run, s->n - mid);
	size_t done = s->at - a, i = split(s, a, mid, b, done), k = mid + done - i, end = s->at + least(most, b - s->at);

	for (i += a; s->at < end; s->at++)
		s->to[s->at] = k == b || (i < mid && s->cmp(s->from[i], s->from[k]) <= 0) ? s->from[i++] : s->from[k++];
	return end - a - done;
}

bool psort_some(struct psort *s, size_t comparisons)
{
	size_t done = 0;

	do {
		if (s->run >= s->n && s->run) {
			/* of the last copy, too, only a part each time */
			if (s->from == s->v)
				return false;
			size_t part = least(s->n - s->at, comparisons ? comparisons : 1);

			memcpy(s->v + s->at, s->from + s->at, part * sizeof(*s->v));
			s->at += part;
			done += part;
			if (s->at == s->n)
				s->from = s->v;
			continue;
		}
		if (s->at < s->n)
			done += s->run ? merge(s, comparisons ? comparisons : 1) : insert(s);
		if (s->at < s->n)
			continue;
		if (s->run) {
			const void **was = s->from;

			s->from = s->to;
			s->to = was;
		}
		s->run = s->run ? 2 * s->run : FIRST_RUN;
		s->at = 0;
	} while (done < comparisons);
	return s->run < s->n || s->from != s->v;
}
