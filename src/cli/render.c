/* SPDX-License-Identifier: Apache-2.0 */
/* From values back to lines: running-config. */
#include "cli/keep.h"
#include "cli/match.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

/* ---- rows by their numbers ---- */

#define ROWS_MAX 1000 /* of a table, as far as numbers go */

uint32_t cli_row_number(const struct cli_grammar *g, const struct cli_row *row)
{
	uint32_t n = 1;

	for (const struct cli_row *const *t = g->tables; *t; t++, n += ROWS_MAX)
		for (const struct cli_row *r = *t; r->toks; r++)
			if (r == row)
				return n + (uint32_t)(r - *t);
	return 0;
}

uint32_t cli_anchor_of(const struct cli_grammar *g, const struct cli_row *row)
{
	uint32_t n = cli_row_number(g, row);

	for (; row->flags & ROW_ALIAS; row--)
		n--;
	return n;
}

const struct cli_row *cli_row_of(const struct cli_grammar *g, uint32_t number)
{
	size_t table = 0, at = number;

	if (!number)
		return NULL;
	for (at--; g->tables[table] && at >= ROWS_MAX; at -= ROWS_MAX)
		table++;
	for (const struct cli_row *row = g->tables[table]; row && row->toks; row++, at--)
		if (!at)
			return row;
	return NULL;
}

/* ---- the whole ---- */

struct renderer {
	const struct cli_grammar *g;
	const void *root;
	unsigned flags;
	struct txt *out;
	bool in_block; /* the last line belongs to a mode: a `!` closes it */
	bool pending;  /* a subject ended: a `!` comes before the next line that means something */
};

static void bang(struct renderer *r)
{
	txt_str(r->out, "!\n");
	r->in_block = false;
	r->pending = false;
}

/* The `!` between a block and a line that must not be taken for a part of it. */
static void end_block(struct renderer *r)
{
	bool pending = r->pending;

	bang(r);
	r->pending = pending;
}

static void put_line(struct renderer *r, size_t indent, const char *text)
{
	for (size_t i = 0; i < indent; i++)
		txt_char(r->out, ' ');
	txt_str(r->out, text);
	txt_char(r->out, '\n');
}

/* A line that means something. Lines kept for an error get no `!` for their own
 * sake: where they stand shifts between rows when the text is read again, and the
 * text must not change by that. */
static void put_element(struct renderer *r, size_t indent, bool opens, const char *text)
{
	if (indent == 0) {
		if (r->pending || (r->in_block && opens))
			bang(r);
		r->in_block = opens;
	}
	put_line(r, indent, text);
}

/* ---- kept lines ---- */

/* Where a kept line (and the lines below it) is printed. */
struct kept_place {
	uint32_t anchor;
	uint64_t after;
	size_t at;
};

/* An object's kept lines in the order of printing. Rows print in the order of their
 * numbers, so that what is next is always at the same end. */
struct kept_order {
	struct keep_list list;
	unsigned mode;
	struct kept_place *v;
	size_t n, next;
};

static int place_cmp(const void *a, const void *b)
{
	const struct kept_place *x = a, *y = b;

	if (x->anchor != y->anchor)
		return x->anchor < y->anchor ? -1 : 1;
	if (x->after != y->after)
		return x->after < y->after ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* A line whose row is none of this mode goes to the end, so that it is not lost. */
static uint32_t anchor_in_mode(const struct cli_grammar *g, unsigned mode, uint32_t anchor)
{
	const struct cli_row *row = cli_row_of(g, anchor);

	if (!anchor || (row && row->modes & CLI_IN(mode)))
		return anchor;
	return CLI_ANCHOR_END;
}

/* False without memory. */
static bool kept_order_init(struct kept_order *o, const struct cli_grammar *g, unsigned mode,
			    const void *obj)
{
	struct cli_kept k;
	size_t n = 0;

	/* only read */
	*o = (struct kept_order){ .list = keep_list_of(g, mode, (void *)(uintptr_t)obj),
				  .mode = mode };
	while (g->keeper->get(o->list.list, n, &k))
		n++;
	if (!n)
		return true;
	o->v = calloc(n, sizeof(*o->v));
	for (size_t i = 0; o->v && i < n; i++) {
		g->keeper->get(o->list.list, i, &k);
		if (k.kind == CLI_KEEP_CHILD && o->n)
			continue;
		o->v[o->n++] = (struct kept_place){ anchor_in_mode(g, mode, k.anchor), k.after, i };
	}
	if (o->v)
		qsort(o->v, o->n, sizeof(*o->v), place_cmp);
	return o->v != NULL;
}

/* One kept line and what stands below it; true if it means something. opens: it may be
 * the first line of a block, even of an empty one, which a `!` must end. */
static bool render_kept_block(struct renderer *r, struct keep_list list, unsigned mode, size_t at,
			      bool opens, size_t indent)
{
	struct cli_kept k;
	struct txt masked = TXT_INIT;
	const struct cli_row *row;
	bool quiet = false;

	if (r->flags & CLI_RENDER_REFUSED && list.ops->get(list.list, at, &k) && k.kind == CLI_KEEP_QUIET)
		return false;
	for (size_t i = at; list.ops->get(list.list, i, &k); i++) {
		if (i > at && k.kind != CLI_KEEP_CHILD)
			break;
		if (r->flags & CLI_RENDER_MASK) {
			txt_clear(&masked);
			cli_mask_line(r->g, mode, k.text, &masked);
			k.text = txt_cstr(&masked);
		}
		if (i == at && (row = cli_row_of(r->g, k.anchor)) && row->enters)
			mode = row->enters;
		if (k.kind == CLI_KEEP_QUIET) {
			put_element(r, indent, opens, k.text);
			quiet = true;
			continue;
		}
		if (indent == 0 && k.kind != CLI_KEEP_CHILD && r->in_block)
			end_block(r);
		put_line(r, indent + k.depth, k.text);
		if (indent == 0 && k.kind == CLI_KEEP_CHILD)
			r->in_block = true;
	}
	r->out->bad |= masked.bad;
	txt_fini(&masked);
	return quiet;
}

/* The kept lines up to a row and to a place among its elements; true if one of them
 * means something. */
static bool render_kept(struct renderer *r, struct kept_order *o, uint32_t anchor, uint64_t upto,
			bool opens, size_t indent)
{
	bool any = false;

	for (; o->next < o->n; o->next++) {
		const struct kept_place *p = &o->v[o->next];

		if (p->anchor > anchor || (p->anchor == anchor && p->after > upto))
			break;
		any |= render_kept_block(r, o->list, o->mode, p->at, opens, indent);
	}
	return any;
}

/* ---- rows and modes ---- */

static bool render_setting(struct renderer *r, const struct cli_row *row, unsigned mode,
			   const void *obj, size_t indent)
{
	struct txt line = TXT_INIT;

	if (!(row->flags & ROW_ALWAYS) && cli_row_is_default(row, obj, r->g->modes[mode].defaults) &&
	    !(r->flags & CLI_RENDER_DEFAULTS && cli_row_says_default(row, obj)))
		return false;
	bool any = cli_row_print(row, obj, r->flags, &line);
	if (!any && (row->flags & ROW_SWITCH)) {
		cli_row_print_negated(row, obj, &line);
		any = true;
	}
	/* what ends pasted data stands where it began, unless its spelling says how */
	if (any)
		put_element(r, row->flags & ROW_LEAVES && !row->toks[0].print ? indent - 1 : indent, false,
			    txt_cstr(&line));
	r->out->bad |= line.bad;
	if (line.s)
		explicit_bzero(line.s, line.cap); /* passwords */
	txt_fini(&line);
	return any;
}

/* One mode that is being said. What is said in pieces goes on where it was, and so the modes stand one upon another here
 * and not in calls. */
struct level {
	unsigned mode;
	const void *obj;
	size_t indent;
	struct kept_order kept;
	const struct cli_row *const *table;
	const struct cli_row *row;
	uint32_t number; /* of the table's first row */
	bool any;	 /* of this subject */
	/* the row's elements, while it has any: */
	char *args;
	struct cli_walk walk;
	bool any_element;
};

#define LEVELS_MAX 8

struct cli_rendering {
	struct renderer r;
	struct level v[LEVELS_MAX];
	size_t n;
};

static uint32_t number_of(const struct level *l)
{
	return l->number + (uint32_t)(l->row - *l->table);
}

static void enter(struct cli_rendering *x, unsigned mode, const void *obj, size_t indent)
{
	struct renderer *r = &x->r;
	struct level *l = &x->v[x->n++];

	assert(x->n <= LEVELS_MAX);
	*l = (struct level){ .mode = mode, .obj = obj, .indent = indent, .table = r->g->tables, .row = r->g->tables[0], .number = 1 };
	r->out->bad |= !kept_order_init(&l->kept, r->g, mode, obj);
	render_kept(r, &l->kept, 0, UINT64_MAX, false, indent);
}

static void leave(struct cli_rendering *x)
{
	struct level *l = &x->v[--x->n];

	render_kept(&x->r, &l->kept, CLI_ANCHOR_END, UINT64_MAX, false, l->indent);
	free(l->kept.v);
}

/* What stands behind a row, and behind the last one of its table: the next. */
static void next_row(struct cli_rendering *x, bool any)
{
	struct level *l = &x->v[x->n - 1];
	struct renderer *r = &x->r;

	l->any |= render_kept(r, &l->kept, number_of(l), UINT64_MAX, l->row->enters, l->indent) || any;
	l->row++;
}

static void next_table(struct cli_rendering *x)
{
	struct level *l = &x->v[x->n - 1];
	const struct cli_row *const *next = l->table + 1;

	if (!*next || !((*next)->flags & ROW_JOINS)) {
		x->r.pending |= l->any && l->indent == 0;
		l->any = false;
	}
	l->table = next;
	l->row = *next;
	l->number += ROWS_MAX;
}

static void end_elements(struct level *l)
{
	if (l->args)
		secret_free(l->args, l->row->args_size);
	l->args = NULL;
}

/* The next element of the row, with which a mode may begin. */
static void one_element(struct cli_rendering *x)
{
	struct level *l = &x->v[x->n - 1];
	const struct cli_row *row = l->row;
	struct renderer *r = &x->r;
	struct txt line = TXT_INIT;
	const void *child = NULL;

	explicit_bzero(l->args, row->args_size); /* keys, of the one before */
	if (!row->each(r->root, l->obj, &l->walk, l->args, &child)) {
		end_elements(l);
		next_row(x, l->any_element);
		return;
	}
	if (row->place)
		l->any_element |= render_kept(r, &l->kept, number_of(l), row->place(l->args) - 1, false, l->indent);
	if (cli_row_print(row, l->args, r->flags, &line)) {
		r->in_block &= !l->any_element || !(row->flags & ROW_DENSE);
		if (!(r->flags & CLI_RENDER_REFUSED))
			put_element(r, l->indent, row->enters, txt_cstr(&line));
		l->any_element = true;
		if (row->enters)
			enter(x, row->enters, child, l->indent + 1);
	}
	r->out->bad |= line.bad;
	if (line.s)
		explicit_bzero(line.s, line.len);
	txt_fini(&line);
}

/* Lines that are kept are said between rows; of these, those that lead to modes matter to them. */
static bool is_said(const struct renderer *r, const struct cli_row *row)
{
	if (row->flags & (ROW_ALIAS | ROW_KEEP | ROW_ERROR))
		return false;
	return !(r->flags & CLI_RENDER_REFUSED) || (row->each && row->enters);
}

static void one_row(struct cli_rendering *x)
{
	struct level *l = &x->v[x->n - 1];
	const struct cli_row *row = l->row;
	bool any = false;

	if (row->modes & CLI_IN(l->mode)) {
		if (is_said(&x->r, row)) {
			if (row->each) {
				l->args = calloc(1, row->args_size ? row->args_size : 1);
				l->walk = (struct cli_walk){ 0 };
				l->any_element = false;
				x->r.out->bad |= !l->args;
				if (l->args)
					return;
			} else if (!row->args_size) {
				any = render_setting(&x->r, row, l->mode, l->obj, l->indent);
			}
		}
		next_row(x, any);
	} else {
		l->row++;
	}
}

struct cli_rendering *cli_rendering_new(const struct cli_grammar *g, const void *root, unsigned flags, struct txt *out)
{
	struct cli_rendering *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	x->r = (struct renderer){ .g = g, .root = root, .flags = flags, .out = out };
	enter(x, g->mode_config, root, 0);
	return x;
}

bool cli_rendering_some(struct cli_rendering *x, size_t bytes)
{
	struct txt *out = x->r.out;
	size_t end = bytes < SIZE_MAX - out->len ? out->len + bytes : SIZE_MAX;

	while (x->n && out->len < end) {
		const struct level *l = &x->v[x->n - 1];

		if (l->args)
			one_element(x);
		else if (!*l->table)
			leave(x);
		else if (!l->row->toks)
			next_table(x);
		else
			one_row(x);
		if (!x->n && out->len)
			bang(&x->r);
	}
	return x->n > 0;
}

void cli_rendering_free(struct cli_rendering *x)
{
	if (!x)
		return;
	for (; x->n; x->n--) {
		end_elements(&x->v[x->n - 1]);
		free(x->v[x->n - 1].kept.v);
	}
	free(x);
}

void cli_render(const struct cli_grammar *g, const void *root, unsigned flags, struct txt *out)
{
	struct cli_rendering *x = cli_rendering_new(g, root, flags, out);

	out->bad |= !x;
	if (x)
		(void)cli_rendering_some(x, SIZE_MAX);
	cli_rendering_free(x);
}

void cli_render_block(const struct cli_grammar *g, const void *root, const char *first,
		      struct txt *out)
{
	struct txt all = TXT_INIT;
	bool inside = false;

	cli_render(g, root, 0, &all);
	for (const char *p = txt_cstr(&all); *p;) {
		size_t len = strcspn(p, "\n"), want = strlen(first), n = len;

		while (n && p[n - 1] == ' ')
			n--;
		if (*p != ' ')
			inside = n == want && !strncmp(p, first, want);
		if (inside) {
			txt_mem(out, p, len);
			txt_char(out, '\n');
		}
		p += len + (p[len] != 0);
	}
	explicit_bzero(all.s, all.len);
	txt_fini(&all);
}
