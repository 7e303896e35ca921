/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of pointers, CFG_LIST_OF() of config.h without its type; the room's own header. */
#ifndef MODEL_CONFIG_LIST_H
#define MODEL_CONFIG_LIST_H

#include <stddef.h>

struct cfg_list {
	void **v;
	size_t n, cap;
};
/* Every CFG_LIST_OF has this shape; the cast is the price of typed users. */
#define LIST(l) ((struct cfg_list *)(void *)(l))

/* Puts p at position at; 0 or -ENOMEM. */
int cfg_list_put(struct cfg_list *l, size_t at, void *p);
/* A copy of size bytes at like, put into the list at position at; NULL without memory. */
void *cfg_list_add(struct cfg_list *l, size_t at, const void *like, size_t size);
/* p, which stays allocated, is no more in the list. */
void cfg_list_take(struct cfg_list *l, const void *p);

#endif
