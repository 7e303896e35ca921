/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/pkt.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* From one buffer to the next: an odd number of cache lines, or the headers of all
 * packets would lie in the same set of the first-level cache. */
enum { STRIDE = PKT_BUF + 13 * 64 };
static_assert(STRIDE / 64 % 2 == 1 && STRIDE % 64 == 0, "buffers share cache sets");

int pool_init(struct pool *pool, size_t n)
{
	*pool = (struct pool){ 0 };
	pool->all = aligned_alloc(alignof(struct pkt), n * sizeof(*pool->all));
	pool->mem = calloc(n, STRIDE);
	if (!pool->all || !pool->mem) {
		pool_fini(pool);
		return -ENOMEM;
	}
	memset(pool->all, 0, n * sizeof(*pool->all));
	pool->n = n;
	for (size_t i = 0; i < n; i++) {
		pool->all[i].buf = pool->mem + i * STRIDE;
		pkt_put(pool, &pool->all[i]);
	}
	return 0;
}

void pool_fini(struct pool *pool)
{
	free(pool->all);
	free(pool->mem);
	*pool = (struct pool){ 0 };
}

struct pkt *pkt_get(struct pool *pool)
{
	struct pkt *p = pool->free_list;

	if (!p)
		return NULL;
	pool->free_list = p->next;
	pool->n_free--;
	if (p->next) { /* the one that is asked for next */
		__builtin_prefetch(p->next, 1);
		__builtin_prefetch(&p->next->local, 1);
	}
	*p = (struct pkt){ .buf = p->buf, .data = p->buf + PKT_HEADROOM };
	return p;
}

void batch_put(struct pool *pool, struct batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		pkt_put(pool, b->p[i]);
	b->n = 0;
}
