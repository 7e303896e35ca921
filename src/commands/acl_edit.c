/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/acl_edit.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

/* The number that a refused line asked for: `10 permit ...`, `sequence 10 permit ...`,
 * `permit ... sequence 10`, the word abbreviated as it may be. 0 if it asked for none. */
static uint32_t number_in(const char *text)
{
	bool said = true;

	for (size_t len; *(text += strspn(text, " \t")); text += len) {
		len = strcspn(text, " \t");
		if (said && isdigit((unsigned char)*text))
			return (uint32_t)strtoul(text, NULL, 10);
		said = len <= strlen("sequence") && !strncasecmp(text, "sequence", len);
	}
	return 0;
}

static bool acl_is_full(const struct cfg_acl *acl)
{
	return acl->entries.n && acl->entries.v[acl->entries.n - 1]->seq > INT32_MAX - 10;
}

void acl_withdraw_refused(struct cfg_acl *acl)
{
	for (size_t i = 0; i < acl->kept.n;) {
		const struct kept_line *k = acl->kept.v[i];
		uint32_t n = number_in(k->text);

		if (k->kind == KEPT_CONFLICT && !(n ? cfg_acl_find(acl, n) != NULL : acl_is_full(acl)))
			kept_del(&acl->kept, i);
		else
			i++;
	}
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
	acl_withdraw_refused(acl);
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
	if (!e->seq && acl_is_full(acl)) {
		txt_str(out, "% No sequence number left; resequence the list\n");
		return -EEXIST;
	}
	if (!cfg_acl_add(acl, e))
		return -ENOMEM;
	if (e->kind == ACE_REMARK && e->seq) /* it only says where the remark belongs */
		acl_renumber_remarks(acl);
	return 0;
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
