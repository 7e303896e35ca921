/* SPDX-License-Identifier: Apache-2.0 */
#include "host/filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "host/nft.h"

struct counts {
	struct filter_count *v;
	size_t n;
	bool nomem;
};

static void keep(void *ctx, const char *name, uint64_t packets, uint64_t bytes)
{
	struct counts *c = ctx;
	size_t len = strlen(name);

	if (len >= sizeof(c->v->name))
		return; /* not one of ours */
	if (!(c->n & (c->n - 1))) { /* capacity is the next power of two */
		struct filter_count *v = reallocarray(c->v, c->n ? c->n * 2 : 1, sizeof(*v));

		if (!v) {
			c->nomem = true;
			return;
		}
		c->v = v;
	}
	c->v[c->n] = (struct filter_count){ .packets = packets, .bytes = bytes };
	memcpy(c->v[c->n++].name, name, len + 1);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct filter_count *)a)->name, ((const struct filter_count *)b)->name);
}

int filter_counts(struct filter_count **ret, size_t *ret_n)
{
	struct counts c = { 0 };
	int err = nft_counters(IP_V4, FILTER_TABLE, keep, &c);

	if (!err && c.nomem)
		err = -ENOMEM;
	if (err) {
		free(c.v);
		return err;
	}
	if (c.n)
		qsort(c.v, c.n, sizeof(*c.v), by_name);
	*ret = c.v;
	*ret_n = c.n;
	return 0;
}

static uint64_t mark_of(const struct filter_if *v, size_t n)
{
	static const uint64_t seed[2] = { 0x63756c76657274, 0x61636c };
	struct txt t = TXT_INIT;
	uint64_t h;

	filter_ruleset(v, n, FILTER_FULL, NULL, 0, &t);
	h = hash_bytes(seed, txt_cstr(&t), t.len);
	h = t.bad ? 0 : h ? h : 1;
	txt_fini(&t);
	return h;
}

static int load(const struct filter_if *v, size_t n, enum filter_form form, const struct counts *c,
		struct txt *why)
{
	struct txt t = TXT_INIT;
	int err;

	filter_ruleset(v, n, form, c->v, c->n, &t);
	err = t.bad ? -ENOMEM : nft_load(txt_cstr(&t), why);
	txt_fini(&t);
	return err;
}

static int load_some_form(const struct filter_if *v, size_t n, struct txt *why, bool *ret_loaded)
{
	struct counts c = { 0 };
	struct txt first = TXT_INIT;
	enum filter_form form = FILTER_FULL;
	int err;

	if (!filter_counts(&c.v, &c.n) && c.n)
		form = FILTER_ONTO;
	for (;; form++) {
		struct txt said = TXT_INIT;

		err = load(v, n, form, &c, form == FILTER_FULL ? &first : &said);
		txt_fini(&said);
		/* whatever went wrong, what lets nothing through is tried as well */
		if (!err || form == FILTER_CLOSED)
			break;
	}
	*ret_loaded = !err;
	if (err || form == FILTER_CLOSED)
		txt_str(why, txt_cstr(&first));
	if (!err && form == FILTER_CLOSED) {
		txt_str(why, " - nothing passes there now");
		err = -EINVAL;
	}
	txt_fini(&first);
	free(c.v);
	return err;
}

bool filter_stands(uint64_t mark)
{
	return !mark || nft_has_table(IP_V4, FILTER_TABLE);
}

int filter_apply(const struct filter_if *v, size_t n, bool again, uint64_t *mark, struct txt *why)
{
	uint64_t want = n ? mark_of(v, n) : 0;
	bool loaded;
	int err;

	if (!n) {
		err = nft_has_table(IP_V4, FILTER_TABLE) ? filter_remove() : 0;
		*mark = 0;
		return err;
	}
	if (want && want == *mark && !again)
		return 0;
	err = load_some_form(v, n, why, &loaded);
	/* a closed one is no reason to try again with every change of somebody else's */
	*mark = !loaded ? 0 : err ? 1 : want;
	return err;
}

int filter_remove(void)
{
	struct txt why = TXT_INIT;
	int err = nft_load("table ip " FILTER_TABLE " {}\ndelete table ip " FILTER_TABLE "\n", &why);

	txt_fini(&why);
	return err;
}

int filter_clear(const char *acl)
{
	struct txt t = TXT_INIT, why = TXT_INIT;
	struct filter_count *v = NULL;
	size_t n = 0;
	int err = filter_counts(&v, &n);

	for (size_t i = 0; i < n; i++)
		if (!acl[0] || filter_counter_is_of(v[i].name, acl))
			txt_printf(&t, "reset counter ip " FILTER_TABLE " %s\n", v[i].name);
	if (!err && t.len)
		err = t.bad ? -ENOMEM : nft_load(txt_cstr(&t), &why);
	txt_fini(&t);
	txt_fini(&why);
	free(v);
	return err == -ENOENT ? 0 : err;
}
