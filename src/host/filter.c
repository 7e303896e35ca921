/* SPDX-License-Identifier: Apache-2.0 */
#include "host/filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "host/ipv6.h"
#include "host/nft.h"
#include "host/nft_text.h"

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

static int read_counts(enum ip_family f, struct counts *c)
{
	int err = nft_counters(f, FILTER_TABLE, keep, c);

	return !err && c->nomem ? -ENOMEM : err;
}

/* Of one family, sorted. Its table may not be there: then there are none. */
static int counts_of(enum ip_family f, struct counts *ret)
{
	int err = read_counts(f, ret);

	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_name);
	return err == -ENOENT ? 0 : err;
}

int filter_counts(struct filter_count **ret, size_t *ret_n)
{
	struct counts c = { 0 };
	int err = read_counts(IP_V4, &c), err6 = err ? 0 : read_counts(IP_V6, &c);

	if (err6 && err6 != -ENOENT)
		err = err6;
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

/* A mark is never 0; its last bit says that there is a table of IPv6, the one before it that what is in
 * force is closed. */
#define MARK_SIX    1u
#define MARK_CLOSED 2u

static uint64_t mark_of(const struct filter_if *v, size_t n)
{
	static const uint64_t seed[2] = { 0x63756c76657274, 0x61636c };
	uint64_t six = filter_has6(v, n) ? MARK_SIX : 0, h;
	struct txt t = TXT_INIT;

	filter_ruleset(v, n, IP_V4, FILTER_FULL, NULL, 0, &t);
	filter_ruleset(v, n, IP_V6, FILTER_FULL, NULL, 0, &t);
	h = (hash_bytes(seed, txt_cstr(&t), t.len) & ~7ull) | 4 | six;
	if (t.bad)
		h = 0;
	txt_fini(&t);
	return h;
}

static int load(const struct filter_if *v, size_t n, enum filter_form form, const struct counts c[2],
		struct txt *why)
{
	struct txt t = TXT_INIT;
	int err;

	filter_ruleset(v, n, IP_V4, form, c[0].v, c[0].n, &t);
	if (ipv6_there()) /* without it there is no such table, and nothing to filter */
		filter_ruleset(v, n, IP_V6, filter_has6(v, n) ? form : FILTER_FULL, c[1].v, c[1].n, &t);
	err = t.bad ? -ENOMEM : nft_load(txt_cstr(&t), why);
	txt_fini(&t);
	return err;
}

static int load_some_form(const struct filter_if *v, size_t n, struct txt *why, bool *ret_loaded)
{
	struct counts c[2] = { { 0 } };
	struct txt first = TXT_INIT;
	enum filter_form form = FILTER_FULL;
	int err;

	if (!counts_of(IP_V4, &c[0]) && !counts_of(IP_V6, &c[1]) && c[0].n + c[1].n)
		form = FILTER_ONTO;
	for (;; form++) {
		struct txt said = TXT_INIT;

		err = load(v, n, form, c, form == FILTER_FULL ? &first : &said);
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
	free(c[0].v);
	free(c[1].v);
	return err;
}

bool filter_stands(uint64_t mark)
{
	return !mark || (nft_has_table(IP_V4, FILTER_TABLE) &&
			 (!(mark & MARK_SIX) || nft_has_table(IP_V6, FILTER_TABLE)));
}

int filter_apply(const struct filter_if *v, size_t n, bool again, uint64_t *mark, struct txt *why)
{
	uint64_t want = n ? mark_of(v, n) : 0;
	bool loaded;
	int err;

	if (!n) {
		err = nft_has_table(IP_V4, FILTER_TABLE) || nft_has_table(IP_V6, FILTER_TABLE) ?
			      filter_remove() :
			      0;
		*mark = 0;
		return err;
	}
	if (want && want == *mark && !again)
		return 0;
	err = load_some_form(v, n, why, &loaded);
	/* a closed one is no reason to try again with every change of somebody else's */
	*mark = !loaded ? 0 : err ? (want & MARK_SIX) | MARK_CLOSED : want;
	return err;
}

#define GONE(f) "table " f " " FILTER_TABLE " {}\ndelete table " f " " FILTER_TABLE "\n"

int filter_remove(void)
{
	struct txt why = TXT_INIT;
	int err = nft_load(ipv6_there() ? GONE("ip") GONE("ip6") : GONE("ip"), &why);

	txt_fini(&why);
	return err;
}

static int put_resets(struct txt *t, enum ip_family f, const char *acl)
{
	struct counts c = { 0 };
	int err = counts_of(f, &c);

	for (size_t i = 0; i < c.n; i++)
		if (!acl[0] || filter_counter_is_of(c.v[i].name, acl))
			txt_printf(t, "reset counter %s " FILTER_TABLE " %s\n", nft_text_ip(f), c.v[i].name);
	free(c.v);
	return err;
}

int filter_clear(const char *acl)
{
	struct txt t = TXT_INIT, why = TXT_INIT;
	int err = put_resets(&t, IP_V4, acl);

	if (!err)
		err = put_resets(&t, IP_V6, acl);
	if (!err && t.len)
		err = t.bad ? -ENOMEM : nft_load(txt_cstr(&t), &why);
	txt_fini(&t);
	txt_fini(&why);
	return err;
}
