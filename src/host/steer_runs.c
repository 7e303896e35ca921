/* SPDX-License-Identifier: Apache-2.0 */
#include "host/steer_runs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/steer_lines.h"

#define WIDE_FROM 16 /* lines in a run that are worth a set */

/* Asked for each pair of lines in a run. */
static bool prefixes_meet(const struct addr_match *a, const struct addr_match *b)
{
	uint64_t x[2], y[2], v[2], w[2];

	memcpy(x, a->addr.b, sizeof(x));
	memcpy(y, b->addr.b, sizeof(y));
	memcpy(v, a->wild, sizeof(v));
	memcpy(w, b->wild, sizeof(w));
	return !(((x[0] ^ y[0]) & ~v[0] & ~w[0]) | ((x[1] ^ y[1]) & ~v[1] & ~w[1]));
}

static bool fits_set(enum ip_family f, const struct steer_line *l)
{
	unsigned len;

	return !steer_never_matches(f, &l->sel) && nft_text_proto_rules(f, l->sel.proto) == 1 && !steer_has_ports(&l->sel) &&
	       addr_match_prefix(&l->sel.local, &len) && addr_match_prefix(&l->sel.remote, &len);
}

enum fit { FIT_NEW, FIT_COVERED, FIT_OVERLAPS };

/* How x goes with the elements before it: the kernel refuses a set whose elements
 * overlap, and one that lies within another of the same verdict says nothing new. */
static enum fit fit_of(const struct steer_line *l, const bool *skip, size_t n,
		       const struct selector *x)
{
	enum fit fit = FIT_NEW;

	for (size_t i = 0; i < n; i++) {
		/* the other ends are what differs, mostly */
		if (skip[i] || !prefixes_meet(&l[i].sel.remote, &x->remote) ||
		    !prefixes_meet(&l[i].sel.local, &x->local))
			continue;
		if (selector_covers(&l[i].sel, x))
			return FIT_COVERED;
		fit = FIT_OVERLAPS;
	}
	return fit;
}

/* The length of the run that begins at l. skip tells which of its lines are covered by earlier ones. */
static size_t run_of(enum ip_family f, const struct steer_line *l, size_t n, bool skip[STEER_RUN_MAX])
{
	size_t run = 0;

	while (run < n && run < STEER_RUN_MAX && l[run].map_seq == l->map_seq &&
	       l[run].permit == l->permit && l[run].sel.proto == l->sel.proto &&
	       fits_set(f, &l[run])) {
		enum fit fit = fit_of(l, skip, run, &l[run].sel);

		if (fit == FIT_OVERLAPS)
			break;
		skip[run++] = fit == FIT_COVERED;
	}
	return run;
}

static void range_of(const struct addr_match *m, uint8_t from[16], uint8_t to[16])
{
	for (size_t i = 0; i < (m->addr.family == IP_V6 ? 16u : 4u); i++) {
		from[i] = (uint8_t)(m->addr.b[i] & ~m->wild[i]);
		to[i] = (uint8_t)(m->addr.b[i] | m->wild[i]);
	}
}

int steer_range_compare(const struct nft_range *a, const struct nft_range *b)
{
	return memcmp(a, b, sizeof(*a));
}

static int compare(const void *a, const void *b)
{
	return steer_range_compare(a, b);
}

/* -ENOMEM, or 0 with one run more. */
static int add_run(struct steer_runs *r, const struct steer_line *l, size_t at, size_t n, const bool *skip)
{
	struct steer_run run = { .at = at, .n_lines = n, .seq = l[at].map_seq }, *v;

	if (r->n && r->v[r->n - 1].seq == run.seq)
		run.number = r->v[r->n - 1].number + 1;
	run.v = calloc(n, sizeof(*run.v));
	v = reallocarray(r->v, r->n + 1, sizeof(*v));
	if (v)
		r->v = v;
	if (!v || !run.v) {
		free(run.v);
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++) {
		if (skip[i])
			continue;
		range_of(&l[at + i].sel.local, run.v[run.n].from[0], run.v[run.n].to[0]);
		range_of(&l[at + i].sel.remote, run.v[run.n].from[1], run.v[run.n].to[1]);
		run.n++;
	}
	qsort(run.v, run.n, sizeof(*run.v), compare);
	r->v[r->n++] = run;
	return 0;
}

int steer_runs_init(struct steer_runs *r, enum ip_family f, const struct steer_if *v)
{
	bool skip[STEER_RUN_MAX];
	int err = 0;

	*r = (struct steer_runs){ .family = f, .slot = v->slot };
	for (size_t i = 0, run; !err && i < v->n_lines; i += run ? run : 1) {
		run = run_of(f, v->lines + i, v->n_lines - i, skip);
		if (run >= WIDE_FROM)
			err = add_run(r, v->lines, i, run, skip);
		else
			run = 0; /* this line by itself: what is behind it may begin another one */
	}
	if (err)
		steer_runs_fini(r);
	return err;
}

void steer_runs_fini(struct steer_runs *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->v[i].v);
	free(r->v);
	r->v = NULL;
	r->n = 0;
}

static int find(const void *key, const void *member)
{
	const struct steer_run *run = member;
	size_t at = *(const size_t *)key;

	return at < run->at ? -1 : at > run->at;
}

const struct steer_run *steer_runs_at(const struct steer_runs *r, size_t at)
{
	return r && r->n ? bsearch(&at, r->v, r->n, sizeof(*r->v), find) : NULL;
}

void steer_run_name(struct txt *t, const struct steer_runs *r, const struct steer_run *run)
{
	txt_printf(t, "run_%u_%u_%u", r->slot, run->seq, run->number);
}

/* As one number. */
static void put_number(struct txt *t, const uint8_t *b, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	char s[2 + 32] = "0x";

	for (size_t i = 0; i < n; i++) {
		s[2 + 2 * i] = digits[b[i] >> 4];
		s[3 + 2 * i] = digits[b[i] & 15];
	}
	txt_mem(t, s, 2 + 2 * n);
}

static void put_range(struct txt *t, const uint8_t *from, const uint8_t *to, size_t n)
{
	put_number(t, from, n);
	if (!memcmp(from, to, n))
		return;
	txt_char(t, '-');
	put_number(t, to, n);
}

/* The packet that an ICMP error quotes is bytes to nft and no addresses, and a set is of either: so all of them are. */
void steer_runs_put(struct txt *t, const struct steer_runs *r, bool elements)
{
	size_t len = r->family == IP_V6 ? 16 : 4;

	for (size_t i = 0; i < r->n; i++) {
		const struct steer_run *run = &r->v[i];

		txt_str(t, "\tset ");
		steer_run_name(t, r, run);
		txt_printf(t, " {\n\t\ttypeof %s\n\t\tflags interval\n", nft_text_ends(r->family, false));
		for (size_t k = 0; elements && k < run->n; k++) {
			txt_str(t, k ? ",\n\t\t\t" : "\t\telements = { ");
			put_range(t, run->v[k].from[0], run->v[k].to[0], len);
			txt_str(t, " . ");
			put_range(t, run->v[k].from[1], run->v[k].to[1], len);
		}
		txt_str(t, elements && run->n ? " }\n\t}\n" : "\t}\n");
	}
}
