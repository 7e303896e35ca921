/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks are told by blanks in front of their lines. The lines of a block are sorted, so that finding those that both
 * have costs no more than sorting; what is printed is in the order of the texts. Where the order of lines has a meaning - the
 * lines of an access list, the peers of a crypto map entry -, lines that both have are the same only in the same order. */
#include "commands/diff.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 8

struct line {
	const char *s;
	size_t len;
	unsigned depth;	   /* blanks in front */
	size_t end;	   /* behind the lines below it */
	size_t twin;	   /* the same line of the other text; NONE */
};
#define NONE SIZE_MAX

struct text {
	struct line *v;
	size_t n;
};

struct diff {
	struct text a, b;
	const struct line **sorted; /* room for the lines of both */
	enum diff_style style;
	struct txt *out;
	size_t n;
};

static bool counts(const char *s, size_t len)
{
	static const char *const not[] = { "end", "version ", "Building configuration", "Current configuration" };

	if (!len || *s == '!')
		return false;
	for (size_t i = 0; i < sizeof(not) / sizeof(not[0]); i++)
		if (len >= strlen(not[i]) && !strncmp(s, not[i], strlen(not[i])) && (i || len == 3))
			return false;
	return true;
}

static bool split(const char *s, struct text *t)
{
	size_t cap = 1;

	for (const char *p = s; (p = strchr(p, '\n')); p++)
		cap++;
	t->n = 0;
	t->v = calloc(cap, sizeof(*t->v));
	while (t->v && *s) {
		size_t len = strcspn(s, "\n"), depth = strspn(s, " ");
		const char *next = s + len + (s[len] == '\n');

		while (len > depth && strchr(" \r", s[len - 1]))
			len--;
		if (len > depth && counts(s + depth, len - depth))
			t->v[t->n++] = (struct line){ s + depth, len - depth,
						      (unsigned)(depth < DEPTH_MAX ? depth : DEPTH_MAX), 0, NONE };
		s = next;
	}
	for (size_t i = t->n; i--;) {
		size_t end = i + 1;

		while (end < t->n && t->v[end].depth > t->v[i].depth)
			end = t->v[end].end;
		t->v[i].end = end;
	}
	return t->v != NULL;
}

static int cmp_text(const struct line *a, const struct line *b)
{
	int c = memcmp(a->s, b->s, a->len < b->len ? a->len : b->len);

	return c ? c : a->len < b->len ? -1 : a->len > b->len;
}

/* Those that are alike in their order. */
static int cmp(const void *x, const void *y)
{
	const struct line *a = *(const struct line *const *)x, *b = *(const struct line *const *)y;
	int c = cmp_text(a, b);

	return c ? c : a < b ? -1 : a > b;
}

/* The lines of a block, [from, to), that are no others' below it. */
static size_t gather(struct text *t, size_t from, size_t to, const struct line **v)
{
	size_t n = 0;

	for (size_t i = from; i < to; i = t->v[i].end)
		v[n++] = &t->v[i];
	qsort(v, n, sizeof(*v), cmp);
	return n;
}

/* ---- order ---- */

static bool begins(const struct line *l, const char *with)
{
	return l->len > strlen(with) && !strncmp(l->s, with, strlen(with));
}

/* Bytes of `access-list NUMBER`, all lines of which are one list; 0: it is no such line. */
static size_t numbered(const struct line *l)
{
	static const char word[] = "access-list ";
	size_t n = sizeof(word) - 1;

	while (begins(l, word) && n < l->len && l->s[n] != ' ')
		n++;
	return n < sizeof(word) ? 0 : n;
}

/* Whether the order of two lines that follow each other in a block has a meaning. head: the block's, or NULL. */
static bool in_order(const struct line *head, const struct line *x, const struct line *y)
{
	size_t n = numbered(x);

	if (head && (begins(head, "ip access-list ") || begins(head, "ipv6 access-list ")))
		return true;
	return n ? n == numbered(y) && !memcmp(x->s, y->s, n) : begins(x, "set peer ") && begins(y, "set peer ");
}

/* They are no twins. */
static void part(struct line *l, struct text *other)
{
	if (l->twin != NONE)
		other->v[l->twin].twin = NONE;
	l->twin = NONE;
}

/* Of [from, to), lines in order of one text, those whose twins are in order, too, stay twins. tail: no longer than all do,
 * since what is typed comes behind all that is there. */
static void keep_order(struct text *t, struct text *other, size_t from, size_t to, bool tail)
{
	size_t least = 0;
	bool all = true;

	for (size_t i = from; i < to; i = t->v[i].end) {
		if (all && t->v[i].twin != NONE && t->v[i].twin >= least) {
			least = t->v[i].twin + 1;
			continue;
		}
		part(&t->v[i], other);
		all &= !tail;
	}
}

/* Is a list of b, by number, as it is in a? `no access-list` takes all of a list, whatever follows: then it is typed whole. */
static bool is_whole(const struct diff *d, size_t from, size_t to)
{
	const struct line *b = d->b.v;
	size_t next = d->a.v[from].twin;

	if (next == NONE || (next && in_order(NULL, &b[next - 1], &b[next])))
		return false;
	for (size_t i = from; i < to; i = d->a.v[i].end) {
		if (d->a.v[i].twin != next)
			return false;
		next = b[next].end;
	}
	return next == d->b.n || !in_order(NULL, &b[next - 1], &b[next]);
}

static void order(struct diff *d, const struct line *head, size_t a, size_t a_end, size_t b, size_t b_end)
{
	bool commands = d->style == DIFF_COMMANDS;
	struct text *t = commands ? &d->b : &d->a, *other = commands ? &d->a : &d->b;
	size_t end = commands ? b_end : a_end;

	for (size_t i = commands ? b : a, next; i < end; i = next) {
		next = t->v[i].end;
		while (next < end && in_order(head, &t->v[i], &t->v[next]))
			next = t->v[next].end;
		keep_order(t, other, i, next, commands);
	}
	for (size_t i = a, next; commands && i < a_end; i = next) {
		next = d->a.v[i].end;
		while (next < a_end && numbered(&d->a.v[i]) && in_order(NULL, &d->a.v[i], &d->a.v[next]))
			next = d->a.v[next].end;
		if (!numbered(&d->a.v[i]) || is_whole(d, i, next))
			continue;
		for (size_t k = i; k < next; k = d->a.v[k].end)
			part(&d->a.v[k], &d->b);
	}
}

/* ---- pairs ---- */

static void pair(struct diff *d, const struct line *head, size_t a, size_t a_end, size_t b, size_t b_end)
{
	const struct line **va = d->sorted, **vb;
	size_t na = gather(&d->a, a, a_end, va), nb, i = 0, k = 0;

	vb = va + na;
	nb = gather(&d->b, b, b_end, vb);
	while (i < na && k < nb) {
		int c = cmp_text(va[i], vb[k]);

		if (!c) {
			d->a.v[va[i] - d->a.v].twin = (size_t)(vb[k] - d->b.v);
			d->b.v[vb[k] - d->b.v].twin = (size_t)(va[i] - d->a.v);
		}
		i += c <= 0;
		k += c >= 0;
	}
	order(d, head, a, a_end, b, b_end);
	for (size_t p = a; p < a_end; p = d->a.v[p].end)
		if (d->a.v[p].twin != NONE)
			pair(d, &d->a.v[p], p + 1, d->a.v[p].end, d->a.v[p].twin + 1, d->b.v[d->a.v[p].twin].end);
}

static void indent(struct diff *d, unsigned depth)
{
	for (unsigned i = 0; i < depth; i++)
		txt_char(d->out, ' ');
}

/* `no` and the line; what is negated already is switched on again. Nothing where the line before has taken it along. */
static void say_no(struct diff *d, const struct text *t, size_t at)
{
	const struct line *l = &t->v[at];
	size_t list = numbered(l);

	if (at && list && in_order(NULL, l - 1, l))
		return;
	indent(d, l->depth);
	if (l->len > 3 && !strncmp(l->s, "no ", 3))
		txt_mem(d->out, l->s + 3, l->len - 3);
	else
		txt_printf(d->out, "no %.*s", (int)(list ? list : l->len), l->s);
	txt_char(d->out, '\n');
}

/* With all that is below it, which in commands a `no` takes along. */
static void say(struct diff *d, const struct text *t, size_t at, char sign)
{
	bool no = d->style == DIFF_COMMANDS && sign == '-';

	d->n += t->v[at].end - at;
	if (no) {
		say_no(d, t, at);
		return;
	}
	for (size_t i = at; i < t->v[at].end; i++) {
		indent(d, t->v[i].depth);
		if (d->style == DIFF_CONTEXT)
			txt_char(d->out, sign);
		txt_mem(d->out, t->v[i].s, t->v[i].len);
		txt_char(d->out, '\n');
	}
}

static bool differs(const struct diff *d, size_t a, size_t b)
{
	for (size_t i = a + 1; i < d->a.v[a].end; i++)
		if (d->a.v[i].twin == NONE)
			return true;
	for (size_t i = b + 1; i < d->b.v[b].end; i++)
		if (d->b.v[i].twin == NONE)
			return true;
	return false;
}

/* What goes first, so that it is not in the way of what comes. */
static void tell(struct diff *d, size_t a, size_t a_end, size_t b, size_t b_end)
{
	for (size_t i = a; i < a_end; i = d->a.v[i].end) {
		size_t twin = d->a.v[i].twin;

		if (twin == NONE) {
			say(d, &d->a, i, '-');
		} else if (differs(d, i, twin)) {
			indent(d, d->a.v[i].depth);
			txt_mem(d->out, d->a.v[i].s, d->a.v[i].len);
			txt_char(d->out, '\n');
			tell(d, i + 1, d->a.v[i].end, twin + 1, d->b.v[twin].end);
		}
	}
	for (size_t i = b; i < b_end; i = d->b.v[i].end)
		if (d->b.v[i].twin == NONE)
			say(d, &d->b, i, '+');
}

size_t config_diff(const char *a, const char *b, enum diff_style style, struct txt *out)
{
	struct diff d = { .style = style, .out = out };

	if (split(a, &d.a) && split(b, &d.b) &&
	    (d.sorted = calloc(d.a.n + d.b.n + 1, sizeof(*d.sorted)))) {
		pair(&d, NULL, 0, d.a.n, 0, d.b.n);
		tell(&d, 0, d.a.n, 0, d.b.n);
	} else {
		out->bad = true;
	}
	free(d.a.v);
	free(d.b.v);
	free(d.sorted);
	return d.n;
}
