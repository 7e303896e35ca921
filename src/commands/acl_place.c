/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/acl_place.h"

#define PLACE_SEQ(seq) ((uint64_t)(seq) << 20)
#define PLACE_LAST     ((UINT64_C(1) << 20) - 1) /* of a sequence number */

uint64_t acl_place(const struct cfg_acl *acl, size_t i)
{
	size_t first = i;

	while (first && acl->entries.v[first - 1]->seq == acl->entries.v[i]->seq &&
	       i - first < PLACE_LAST - 1)
		first--;
	return PLACE_SEQ(acl->entries.v[i]->seq) + (i - first) + 1;
}

uint64_t acl_place_behind(const struct cfg_acl *acl, uint32_t seq)
{
	if (seq)
		return PLACE_SEQ(seq) + PLACE_LAST;
	return acl && acl->entries.n ? acl_place(acl, acl->entries.n - 1) : 0;
}

/* In between, a place is the number of entries before it. */
void acl_places_count(kept_list *l, const struct cfg_acl *acl, uint64_t base)
{
	for (size_t i = 0; i < l->n; i++) {
		uint64_t after = l->v[i]->after;
		size_t n = 0;

		if (after < base || after > base + PLACE_LIST(1) - 1)
			continue;
		while (n < acl->entries.n && base + acl_place(acl, n) <= after)
			n++;
		l->v[i]->after = base + n;
	}
}

void acl_places_restore(kept_list *l, const struct cfg_acl *acl, uint64_t base)
{
	for (size_t i = 0; i < l->n; i++) {
		uint64_t after = l->v[i]->after;

		if (after > base && after < base + PLACE_LIST(1))
			l->v[i]->after = base + acl_place(acl, (size_t)(after - base) - 1);
	}
}
