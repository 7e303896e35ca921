/* SPDX-License-Identifier: Apache-2.0 */
/* Kept lines. A border router's configuration is thousands of them: they are found by
 * a hash of their text, and each knows how many lines stand below it. */
#include "model/config.h"

#include "base/secret.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The text is the administrator's own, no stranger's: the seed need not be secret. */
static uint64_t text_hash(const char *text)
{
	static const uint64_t seed[2] = { 0 };

	return hash_bytes(seed, text, strlen(text));
}

static struct kept_line *line_of(struct hnode *n)
{
	return n ? hnode_entry(n, struct kept_line, by_text) : NULL;
}

bool kept_is_wrong(const struct kept_line *k)
{
	return k->kind == KEPT_INVALID || k->kind == KEPT_INCOMPLETE || k->kind == KEPT_CONFLICT;
}

static void line_free(struct kept_line *k)
{
	secret_free(k->text, strlen(k->text)); /* may hold a mistyped key */
	free(k);
}

/* Room for one line more at position at. */
static int list_open(kept_list *l, size_t at)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 4;
		struct kept_line **v = reallocarray(l->v, cap, sizeof(struct kept_line *));

		if (!v)
			return -ENOMEM;
		l->v = v;
		l->cap = cap;
	}
	memmove(l->v + at + 1, l->v + at, (l->n - at) * sizeof(struct kept_line *));
	l->n++;
	return 0;
}

static void list_close(kept_list *l, size_t at, size_t n)
{
	memmove(l->v + at, l->v + at + n, (l->n - at - n) * sizeof(struct kept_line *));
	l->n -= n;
}

int kept_add(kept_list *l, size_t at, const struct kept_line *k)
{
	struct kept_line *copy, *before;
	int err = -ENOMEM;

	if (l->n >= CFG_MAX_KEPT)
		return -E2BIG;
	if (at > l->n)
		at = l->n;
	copy = malloc(sizeof(*copy));
	if (!copy)
		return err;
	*copy = *k;
	copy->head = NULL;
	copy->n_below = 0;
	copy->text = strdup(k->text);
	if (!copy->text)
		goto fail;
	err = list_open(l, at);
	if (err)
		goto fail;
	l->v[at] = copy;
	if (copy->kind != KEPT_CHILD) {
		err = htab_add(&l->by_text, &copy->by_text, text_hash(copy->text));
		if (err) {
			list_close(l, at, 1);
			goto fail;
		}
		l->n_wrong += kept_is_wrong(copy);
		return 0;
	}
	before = at ? l->v[at - 1] : NULL;
	copy->head = before && before->kind == KEPT_CHILD ? before->head : before;
	if (copy->head)
		copy->head->n_below++;
	return 0;
fail:
	if (copy->text)
		secret_free(copy->text, strlen(copy->text));
	free(copy);
	return err;
}

void kept_del(kept_list *l, size_t i)
{
	size_t n = 0;

	do {
		struct kept_line *k = l->v[i + n++];

		if (k->kind != KEPT_CHILD) {
			htab_del(&l->by_text, &k->by_text);
			l->n_wrong -= kept_is_wrong(k);
		} else if (k->head && n <= 1) {
			/* not the head's own removal: it loses what goes from here on */
			k->head->n_below -= (uint32_t)(kept_end(l, i) - i);
		}
	} while (i + n < l->n && l->v[i + n]->kind == KEPT_CHILD);
	for (size_t k = i; k < i + n; k++)
		line_free(l->v[k]);
	list_close(l, i, n);
}

void kept_del_kind(kept_list *l, enum kept_kind kind)
{
	for (size_t i = 0; l->n_wrong && i < l->n;) {
		if (l->v[i]->kind == kind)
			kept_del(l, i);
		else
			i++;
	}
}

size_t kept_end(const kept_list *l, size_t i)
{
	if (l->v[i]->kind != KEPT_CHILD)
		return i + 1 + l->v[i]->n_below;
	while (++i < l->n && l->v[i]->kind == KEPT_CHILD)
		;
	return i;
}

size_t kept_find(const kept_list *l, const char *text)
{
	uint64_t hash = text_hash(text);
	struct hnode *found = htab_first(&l->by_text, hash);

	while (found && strcmp(line_of(found)->text, text))
		found = htab_next(found);
	if (!found)
		return KEPT_NONE;
	/* the last one, which is mostly near the end */
	for (size_t i = l->n; i-- > 0;) {
		const struct kept_line *k = l->v[i];

		if (k == line_of(found) || (k->kind != KEPT_CHILD && k->by_text.hash == hash &&
					    !strcmp(k->text, text)))
			return i;
	}
	return KEPT_NONE;
}

/* What stands behind `access-list NAME`; NULL: it is no such line. */
static const char *numbered(const struct kept_line *k, const char *name)
{
	static const char head[] = "access-list";
	const char *at = k->text;
	size_t n = strlen(name);

	if (!kept_is_wrong(k))
		return NULL;
	if (strncasecmp(at, head, strlen(head)) || !strchr(" \t", at[strlen(head)]))
		return NULL;
	at += strlen(head);
	at += strspn(at, " \t");
	return !strncmp(at, name, n) && (!at[n] || strchr(" \t", at[n])) ? at + n : NULL;
}

bool acl_refused_line(const struct kept_line *k, const char *name)
{
	return numbered(k, name);
}

size_t config_acl_refused(const struct config *c, const char *name)
{
	const struct cfg_acl *acl = config_find_acl(c, name);
	size_t n = 0;

	for (size_t i = 0; acl && acl->kept.n_wrong && i < acl->kept.n; i++)
		n += kept_is_wrong(acl->kept.v[i]);
	for (size_t i = 0; c->kept.n_wrong && i < c->kept.n; i++)
		n += acl_refused_line(c->kept.v[i], name);
	return n;
}

/* The next word of text, perhaps cut short as at the command line; text goes behind it. */
static bool next_is(const char **text, const char *word)
{
	size_t n = strcspn(*text, " \t");
	bool is = n >= 2 && n <= strlen(word) && !strncasecmp(*text, word, n);

	*text += n;
	*text += strspn(*text, " \t");
	return is;
}

/* `deny ...`, `10 deny ...`, `sequence 10 deny ...`. */
static bool is_deny(const char *at)
{
	const char *word = at += strspn(at, " \t");

	if (next_is(&at, "sequence"))
		word = at;
	word += strspn(word, "0123456789");
	word += strspn(word, " \t");
	return next_is(&word, "deny");
}

size_t config_acl_refused_denies(const struct config *c, const char *name)
{
	const struct cfg_acl *acl = config_find_acl(c, name);
	size_t n = 0;

	for (size_t i = 0; acl && acl->kept.n_wrong && i < acl->kept.n; i++)
		n += kept_is_wrong(acl->kept.v[i]) && is_deny(acl->kept.v[i]->text);
	for (size_t i = 0; c->kept.n_wrong && i < c->kept.n; i++) {
		const char *at = numbered(c->kept.v[i], name);

		n += at && is_deny(at);
	}
	return n;
}

bool kept_begins(const struct kept_line *k, const char *first, const char *second)
{
	const char *at = k->text;

	return kept_is_wrong(k) && next_is(&at, first) && next_is(&at, second);
}

void kept_fini(kept_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		line_free(l->v[i]);
	free(l->v);
	htab_fini(&l->by_text);
	memset(l, 0, sizeof(*l));
}

int kept_clone(const kept_list *from, kept_list *to)
{
	memset(to, 0, sizeof(*to));
	for (size_t i = 0; i < from->n; i++) {
		int err = kept_add(to, i, from->v[i]);

		if (err)
			return err;
	}
	return 0;
}

/* ---- comparing ---- */

/* One kept line with the lines below it. */
struct block {
	const kept_list *l;
	size_t at, n;
};

static int block_cmp(const void *a, const void *b)
{
	const struct block *x = a, *y = b;

	for (size_t i = 0; i < x->n && i < y->n; i++) {
		const struct kept_line *p = x->l->v[x->at + i], *q = y->l->v[y->at + i];
		int d = strcmp(p->text, q->text);

		if (d || p->depth != q->depth)
			return d ? d : p->depth < q->depth ? -1 : 1;
	}
	return x->n < y->n ? -1 : x->n > y->n;
}

/* The blocks of a list, sorted; NULL without memory or if there are none. */
static struct block *blocks_sorted(const kept_list *l, size_t *ret_n)
{
	struct block *v = calloc(l->n ? l->n : 1, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; v && i < l->n; i = kept_end(l, i))
		v[n++] = (struct block){ l, i, kept_end(l, i) - i };
	if (v)
		qsort(v, n, sizeof(*v), block_cmp);
	*ret_n = n;
	return v;
}

/* The same lines with the same lines below them. Their order does not count:
 * they mean nothing, and print where the rows that they stand by print. */
bool kept_equal(const kept_list *a, const kept_list *b)
{
	struct block *x, *y;
	size_t n, m;
	bool same;

	if (a->n != b->n || !a->n)
		return a->n == b->n;
	x = blocks_sorted(a, &n);
	y = blocks_sorted(b, &m);
	same = x && y && n == m;
	for (size_t i = 0; same && i < n; i++)
		same = !block_cmp(&x[i], &y[i]);
	free(x);
	free(y);
	return same; /* without memory "not equal": what is compared is then done again */
}
