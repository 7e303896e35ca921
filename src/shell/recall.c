/* SPDX-License-Identifier: Apache-2.0 */
#include "shell/recall.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

static void drop_oldest(struct recall *r, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		secret_wipe(r->v[i], strlen(r->v[i]));
		free(r->v[i]);
	}
	memmove(&r->v[0], &r->v[n], (r->n - n) * sizeof(r->v[0]));
	r->n -= n;
}

void recall_resize(struct recall *r, size_t size)
{
	r->size = size < RECALL_MAX ? size : RECALL_MAX;
	if (r->n > r->size)
		drop_oldest(r, r->n - r->size);
	recall_reset(r);
}

void recall_add(struct recall *r, const char *line)
{
	bool same = r->n && !strcmp(r->v[r->n - 1], line);
	char *copy;

	if (!same && r->size && line[strspn(line, " \t")] && (copy = strdup(line))) {
		if (r->n == r->size)
			drop_oldest(r, 1);
		r->v[r->n++] = copy;
	}
	recall_reset(r);
}

const char *recall_move(struct recall *r, bool earlier)
{
	if (earlier)
		return r->at ? r->v[--r->at] : NULL;
	if (r->at < r->n)
		r->at++;
	return r->at < r->n ? r->v[r->at] : "";
}

void recall_reset(struct recall *r)
{
	r->at = r->n;
}

void recall_fini(struct recall *r)
{
	drop_oldest(r, r->n);
}
