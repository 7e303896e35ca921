/* SPDX-License-Identifier: Apache-2.0 */
#include "model/config_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int cfg_list_put(struct cfg_list *l, size_t at, void *p)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 4;
		void **v = reallocarray(l->v, cap, sizeof(*v));

		if (!v)
			return -ENOMEM;
		l->v = v;
		l->cap = cap;
	}
	memmove(l->v + at + 1, l->v + at, (l->n - at) * sizeof(*l->v));
	l->v[at] = p;
	l->n++;
	return 0;
}

void cfg_list_take(struct cfg_list *l, const void *p)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->v[i] != p)
			continue;
		memmove(l->v + i, l->v + i + 1, (l->n - i - 1) * sizeof(*l->v));
		l->n--;
		return;
	}
}

void *cfg_list_add(struct cfg_list *l, size_t at, const void *like, size_t size)
{
	void *p = malloc(size);

	if (!p)
		return NULL;
	memcpy(p, like, size);
	if (cfg_list_put(l, at, p)) {
		free(p);
		return NULL;
	}
	return p;
}
