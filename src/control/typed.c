/* SPDX-License-Identifier: Apache-2.0 */
#include "control/typed.h"

#include <stdlib.h>
#include <string.h>

static void drop_oldest(struct typed *t)
{
	t->bytes -= strlen(t->v[0]);
	free(t->v[0]);
	t->n--;
	memmove(&t->v[0], &t->v[1], t->n * sizeof(t->v[0]));
}

static void shrink(struct typed *t)
{
	while (t->n > t->size || t->bytes > TYPED_BYTES)
		drop_oldest(t);
}

void typed_resize(struct typed *t, size_t size)
{
	t->size = size < TYPED_MAX ? size : TYPED_MAX;
	shrink(t);
}

void typed_add(struct typed *t, char *line)
{
	if (!line)
		return;
	if (!t->size || (t->n && !strcmp(t->v[t->n - 1], line))) {
		free(line);
		return;
	}
	if (t->n == t->size)
		drop_oldest(t);
	t->v[t->n++] = line;
	t->bytes += strlen(line);
	shrink(t);
}

void typed_show(const struct typed *t, struct txt *out)
{
	for (size_t i = 0; i < t->n; i++)
		txt_printf(out, "  %s\n", t->v[i]);
}

void typed_fini(struct typed *t)
{
	while (t->n)
		drop_oldest(t);
}
