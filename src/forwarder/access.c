/* SPDX-License-Identifier: Apache-2.0 */
/* `set ip access-group` of a crypto map entry: what came out of its SAs, or is about to go
 * into one, against an access list. In the nftables of the steering TUN the entry would be
 * unknown; here it is at hand. Lists belong to a table and come and go with it. */
#include "forwarder/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* In place of a list whose policy is in no table any more. */
static const struct access_list nothing_passes;

int access_add(struct table *t, uint16_t list, const char *name, const struct acl_entry *e)
{
	struct access_list *l;
	struct access_line *v;

	if (list == t->n_lists + 1u) {
		struct access_list **all = reallocarray(t->lists, list, sizeof(struct access_list *));

		if (!all)
			return -ENOMEM;
		t->lists = all;
		l = calloc(1, sizeof(*l));
		if (!l)
			return -ENOMEM;
		memcpy(l->name, name, sizeof(l->name));
		t->lists[t->n_lists++] = l;
	}
	if (!list || list != t->n_lists)
		return -EPROTO; /* one list after the other */
	l = t->lists[list - 1];
	v = reallocarray(l->v, l->n + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	l->v = v;
	v[l->n++] = (struct access_line){ .e = *e };
	return 0;
}

int access_of_policy(struct table *t, uint32_t policy_id, uint16_t in, uint16_t out)
{
	struct spd_entry *e = t->spd.n ? &t->spd.v[t->spd.n - 1] : NULL;

	if (!e || e->id != policy_id || in > t->n_lists || out > t->n_lists)
		return -EPROTO;
	e->acl_in = in;
	e->acl_out = out;
	return 0;
}

void access_forget(struct policy *pol)
{
	pol->acl_in = pol->acl_in ? &nothing_passes : NULL;
	pol->acl_out = pol->acl_out ? &nothing_passes : NULL;
}

void access_take(struct policy *pol, const struct table *t, const struct spd_entry *e)
{
	pol->acl_in = e->acl_in ? t->lists[e->acl_in - 1] : NULL;
	pol->acl_out = e->acl_out ? t->lists[e->acl_out - 1] : NULL;
}

/* The counts of the lines that the old table had, too. */
void access_carry(const struct table *old, struct table *new)
{
	for (size_t i = 0; i < new->n_lists; i++)
		for (size_t k = 0; k < old->n_lists; k++) {
			struct access_list *a = new->lists[i];
			const struct access_list *b = old->lists[k];

			if (strcmp(a->name, b->name) != 0)
				continue;
			for (size_t x = 0, y = 0; x < a->n && y < b->n;) { /* both ascend */
				if (a->v[x].e.seq == b->v[y].e.seq)
					a->v[x++].matches = b->v[y++].matches;
				else if (a->v[x].e.seq < b->v[y].e.seq)
					x++;
				else
					y++;
			}
		}
}

void access_free(struct table *t)
{
	for (size_t i = 0; i < t->n_lists; i++) {
		free(t->lists[i]->v);
		free(t->lists[i]);
	}
	free(t->lists);
	t->lists = NULL;
	t->n_lists = 0;
}

static void tell(struct forwarder *f, const struct access_list *l, const struct acl_entry *e,
		 uint32_t ifid, const struct acl_probe *p)
{
	struct fwd_msg m = { .type = FWD_ACL_LOG };

	if (!event_allowed(f, FWD_ACL_LOG))
		return;
	memcpy(m.u.acl_log.name, l->name, sizeof(l->name));
	m.u.acl_log.seq = e->seq;
	m.u.acl_log.ifid = ifid;
	m.u.acl_log.probe = *p;
	(void)event_send(f, &m);
}

bool access_lets(struct forwarder *f, const struct access_list *l, uint32_t ifid, const struct pkt *p)
{
	struct acl_probe probe;

	if (!acl_probe_of(span_of(p->data, p->len), &probe))
		return false;
	for (size_t i = 0; i < l->n; i++) {
		struct access_line *line = &l->v[i];

		if (!acl_entry_takes(&line->e, &probe))
			continue;
		(void)__atomic_fetch_add(&line->matches, 1, __ATOMIC_RELAXED);
		if (line->e.log)
			tell(f, l, &line->e, ifid, &probe);
		return line->e.kind == ACE_PERMIT;
	}
	return false;
}

void access_stats(struct forwarder *f, uint32_t seq)
{
	for (size_t i = 0; i < f->all->table.n_lists; i++)
		for (size_t k = 0; k < f->all->table.lists[i]->n; k++) {
			const struct access_list *l = f->all->table.lists[i];
			struct fwd_msg m = { .type = FWD_STATS_ACL, .seq = seq };

			if (!l->v[k].matches)
				continue;
			memcpy(m.u.acl_stats.name, l->name, sizeof(l->name));
			m.u.acl_stats.seq = l->v[k].e.seq;
			m.u.acl_stats.n = l->v[k].matches;
			(void)f->all->env.to_control(f->all->env.ctx, &m);
		}
}

void access_clear(struct forwarder *f, const char *name)
{
	for (size_t i = 0; i < f->all->table.n_lists; i++)
		for (size_t k = 0; k < f->all->table.lists[i]->n; k++)
			if (!name[0] || !strcmp(f->all->table.lists[i]->name, name))
				f->all->table.lists[i]->v[k].matches = 0;
}
