/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/acl_edit.h"

#include <errno.h>

#include "commands/acl_place.h"

/* Remarks carry the number of the entry before them. */
void acl_renumber_remarks(struct cfg_acl *acl)
{
	uint32_t last = 0;

	for (size_t i = 0; i < acl->entries.n; i++) {
		struct acl_entry *e = acl->entries.v[i];

		if (e->kind == ACE_REMARK)
			e->seq = last;
		last = e->seq;
	}
}

/* The number that an entry gets when it is typed without one, seen from the one
 * before it. */
bool acl_seq_is_implied(uint32_t last, uint32_t seq)
{
	return seq == last + 10;
}

int acl_entry_remove(struct cfg_acl *acl, const struct acl_entry *e, struct txt *out)
{
	struct acl_entry *old = e->kind ? cfg_acl_like(acl, e) : cfg_acl_find(acl, e->seq);

	if (!old) {
		txt_str(out, "% Entry does not exist\n");
		return -EINVAL;
	}
	cfg_acl_del(acl, old);
	acl_renumber_remarks(acl);
	return 0;
}

int acl_entry_set(struct cfg_acl *acl, const struct acl_entry *e, struct txt *out)
{
	struct acl_entry *old = cfg_acl_like(acl, e);

	if (old && e->kind != ACE_REMARK && (!e->seq || e->seq == old->seq))
		return 0; /* IOS takes an entry once */
	if (e->seq && e->kind != ACE_REMARK && cfg_acl_find(acl, e->seq)) {
		txt_printf(out, "%% Duplicate sequence number %u\n", e->seq);
		return -EEXIST;
	}
	if (!e->seq && acl->entries.n && acl->entries.v[acl->entries.n - 1]->seq > INT32_MAX - 10) {
		txt_str(out, "% No sequence number left; resequence the list\n");
		return -EEXIST;
	}
	return cfg_acl_add(acl, e) ? 0 : -ENOMEM;
}

uint64_t ace_place(const void *args)
{
	return ((const struct ace_args *)args)->place;
}

uint64_t member_behind(const void *root, const void *obj, const void *args)
{
	const struct ace_args *a = args;

	(void)root;
	return acl_place_behind(obj, a ? a->seq : 0);
}
