/* SPDX-License-Identifier: Apache-2.0 */
/* An intrusive hash table: the caller embeds a struct hnode and compares keys
 * himself, so a table never owns or copies anything. Keys that strangers
 * choose are hashed with hash_bytes() and a secret seed. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/span.h"

struct hnode {
	struct hnode *next;
	uint64_t hash;
};

struct htab {
	struct hnode **slot;
	size_t n_slots; /* a power of two, or 0 before the first insert */
	size_t n;
};

/* Frees the slots; the nodes belong to the caller. */
void htab_fini(struct htab *t);
/* Adds a node; -ENOMEM if the first slots cannot be had (growth that fails is
 * only slower). Equal keys are the caller's business. */
int htab_add(struct htab *t, struct hnode *n, uint64_t hash);
/* Removes a node that is in the table. */
void htab_del(struct htab *t, struct hnode *n);
/* The first node with this hash, and the next one after n with n's hash;
 * NULL when there is none. Compare the key of each. */
struct hnode *htab_first(const struct htab *t, uint64_t hash);
struct hnode *htab_next(const struct hnode *n);
/* htab_first() will be asked for this hash soon; and, a while later, what is likely to be its answer, that may be NULL or
 * another node. */
static inline void htab_prefetch(const struct htab *t, uint64_t hash)
{
	if (t->n_slots)
		__builtin_prefetch(&t->slot[hash & (t->n_slots - 1)]);
}
static inline struct hnode *htab_guess(const struct htab *t, uint64_t hash)
{
	return t->n_slots ? t->slot[hash & (t->n_slots - 1)] : NULL;
}
/* Walks everything: start with NULL. Removing the returned node is allowed if
 * its successor was fetched before. */
struct hnode *htab_walk(const struct htab *t, const struct hnode *n);

/* SipHash-2-4 (Aumasson, Bernstein) of n bytes under a 128-bit seed. */
uint64_t hash_bytes(const uint64_t seed[2], const void *p, size_t n);

#define hnode_entry(n, type, member) ((type *)(void *)((char *)(n)-offsetof(type, member)))

#endif
