/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void htab_fini(struct htab *t)
{
	free(t->slot);
	*t = (struct htab){ 0 };
}

static void resize(struct htab *t, size_t n_slots)
{
	struct hnode **slot = calloc(n_slots, sizeof(struct hnode *));

	if (!slot)
		return;
	for (size_t i = 0; i < t->n_slots; i++) {
		struct hnode *n = t->slot[i], *next;

		for (; n; n = next) {
			next = n->next;
			n->next = slot[n->hash & (n_slots - 1)];
			slot[n->hash & (n_slots - 1)] = n;
		}
	}
	free(t->slot);
	t->slot = slot;
	t->n_slots = n_slots;
}

int htab_add(struct htab *t, struct hnode *n, uint64_t hash)
{
	if (t->n >= t->n_slots)
		resize(t, t->n_slots ? t->n_slots * 2 : 16);
	if (!t->n_slots)
		return -ENOMEM;
	n->hash = hash;
	n->next = t->slot[hash & (t->n_slots - 1)];
	t->slot[hash & (t->n_slots - 1)] = n;
	t->n++;
	return 0;
}

void htab_del(struct htab *t, struct hnode *n)
{
	struct hnode **at = &t->slot[n->hash & (t->n_slots - 1)];

	while (*at != n)
		at = &(*at)->next;
	*at = n->next;
	t->n--;
}

struct hnode *htab_first(const struct htab *t, uint64_t hash)
{
	struct hnode *n = t->n_slots ? t->slot[hash & (t->n_slots - 1)] : NULL;

	while (n && n->hash != hash)
		n = n->next;
	return n;
}

struct hnode *htab_next(const struct hnode *n)
{
	uint64_t hash = n->hash;

	do
		n = n->next;
	while (n && n->hash != hash);
	return (struct hnode *)n;
}

struct hnode *htab_walk(const struct htab *t, const struct hnode *n)
{
	size_t i = 0;

	if (n) {
		if (n->next)
			return n->next;
		i = (n->hash & (t->n_slots - 1)) + 1;
	}
	for (; i < t->n_slots; i++)
		if (t->slot[i])
			return t->slot[i];
	return NULL;
}

#define ROTL(x, b) ((x) << (b) | (x) >> (64 - (b)))

static inline void sipround(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = ROTL(v[1], 13) ^ v[0];
	v[0] = ROTL(v[0], 32);
	v[2] += v[3];
	v[3] = ROTL(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = ROTL(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = ROTL(v[1], 17) ^ v[2];
	v[2] = ROTL(v[2], 32);
}

uint64_t hash_bytes(const uint64_t seed[2], const void *p, size_t n)
{
	uint64_t v[4] = { seed[0] ^ 0x736f6d6570736575u, seed[1] ^ 0x646f72616e646f6du,
			  seed[0] ^ 0x6c7967656e657261u, seed[1] ^ 0x7465646279746573u };
	const uint8_t *b = p;
	uint64_t m;
	size_t i;

	for (i = 0; i + 8 <= n; i += 8) {
		memcpy(&m, b + i, 8); /* little-endian hosts give the published values */
		v[3] ^= m;
		sipround(v);
		sipround(v);
		v[0] ^= m;
	}
	m = (uint64_t)n << 56;
	for (size_t k = 0; i + k < n; k++)
		m |= (uint64_t)b[i + k] << (8 * k);
	v[3] ^= m;
	sipround(v);
	sipround(v);
	v[0] ^= m;
	v[2] ^= 0xff;
	for (int k = 0; k < 4; k++)
		sipround(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
