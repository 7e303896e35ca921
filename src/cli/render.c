/* SPDX-License-Identifier: Apache-2.0 */
/* From values back to lines: running-config. */
#include "cli/keep.h"
#include "cli/match.h"

#include <stdlib.h>
#include <string.h>

/* ---- one line ---- */

/* Whether a piece of a row can be said about the object: not at all, trivially
 * (only words that bind nothing, or zeros), or with something to say. */
enum said { SAID_NOT, SAID_EMPTY, SAID_FULL };

struct printer {
	const struct cli_tok *toks;
	const char *src;
	unsigned flags;
	bool force;	 /* `no` of a switch: keywords whatever the field holds */
	struct txt *out; /* NULL: only ask */
	size_t start;
};

static enum said say_range(struct printer *p, size_t from, size_t end, size_t shift);

static void put_blank(struct printer *p)
{
	if (p->out && p->out->len > p->start)
		txt_char(p->out, ' ');
}

static enum said say_token(struct printer *p, const struct cli_tok *t, size_t shift)
{
	const char *at = p->src + t->off + shift;
	int64_t v = t->size && t->kind != CLI_ARG ? cli_field_get(t, at) : 0;
	const char *word = t->print ? t->print : t->word;
	enum said said = SAID_EMPTY;

	if (t->kind == CLI_KW && t->size && !p->force) {
		if (v != t->value)
			return SAID_NOT;
		said = v ? SAID_FULL : SAID_EMPTY;
	} else if (t->kind == CLI_NAMES) {
		for (const struct cli_name *n = t->names; n->word; n++)
			if (n->value == v && !word)
				word = n->word;
		if (!word)
			return SAID_NOT;
		said = v ? SAID_FULL : SAID_EMPTY;
	} else if (t->kind == CLI_ARG) {
		if (t->type->present && !t->type->present(t, at))
			return SAID_NOT;
		for (size_t i = 0; i < t->size; i++)
			if (at[i])
				said = SAID_FULL;
	}
	put_blank(p);
	if (!p->out)
		return said;
	if (t->kind != CLI_ARG)
		txt_str(p->out, word);
	else if ((t->flags & CLI_SECRET) && (p->flags & CLI_RENDER_MASK))
		txt_str(p->out, "*****");
	else
		t->type->print(t, at, p->out);
	return said;
}

/* Says the first branch of the group that can be said (and, if full_only, has
 * something to say). */
static enum said say_branch(struct printer *p, size_t group, size_t shift, bool full_only)
{
	size_t at = group;

	do {
		size_t end = cli_branch_end(p->toks, at);
		struct printer ask = *p;
		enum said said = SAID_NOT;

		ask.out = NULL;
		if (!(p->toks[at + 1].flags & CLI_ALIAS))
			said = say_range(&ask, at + 1, end, shift);
		if (said == SAID_FULL || (said == SAID_EMPTY && !full_only))
			return p->out ? say_range(p, at + 1, end, shift) : said;
		at = end;
	} while (p->toks[at].kind != CLI_CLOSE);
	return SAID_NOT;
}

static enum said say_rep(struct printer *p, size_t group)
{
	const struct cli_tok *g = &p->toks[group];
	int64_t n = cli_field_get(g, p->src + g->off);

	for (int64_t i = 0; i < n; i++)
		if (say_branch(p, group, (size_t)i * g->stride, false) == SAID_NOT)
			return SAID_NOT;
	return n ? SAID_FULL : SAID_NOT;
}

/* Every option that has something to say, in the order of the row. */
static enum said say_any(struct printer *p, size_t group, size_t shift)
{
	enum said all = p->toks[group].max ? SAID_NOT : SAID_EMPTY;
	size_t at = group;

	do {
		size_t end = cli_branch_end(p->toks, at);
		struct printer ask = *p;

		ask.out = NULL;
		if (!(p->toks[at + 1].flags & CLI_ALIAS) &&
		    say_range(&ask, at + 1, end, shift) == SAID_FULL) {
			if (p->out)
				say_range(p, at + 1, end, shift);
			all = SAID_FULL;
		}
		at = end;
	} while (p->toks[at].kind != CLI_CLOSE);
	return all;
}

static enum said say_range(struct printer *p, size_t from, size_t end, size_t shift)
{
	enum said all = SAID_EMPTY;

	for (size_t i = from; i < end; i++) {
		enum said said;

		if (p->toks[i].kind != CLI_GROUP) {
			said = say_token(p, &p->toks[i], shift);
		} else {
			if (p->toks[i].group == CLI_REP)
				said = say_rep(p, i);
			else if (p->toks[i].group == CLI_ANY)
				said = say_any(p, i, shift);
			else
				said = say_branch(p, i, shift, p->toks[i].group == CLI_OPT);
			if (said == SAID_NOT && p->toks[i].group == CLI_OPT)
				said = SAID_EMPTY;
			i = cli_group_close(p->toks, i);
		}
		if (said == SAID_NOT)
			return SAID_NOT;
		if (said == SAID_FULL)
			all = SAID_FULL;
	}
	return all;
}

static size_t toks_count(const struct cli_tok *toks)
{
	size_t n = 0;

	while (toks[n].kind != CLI_END)
		n++;
	return n;
}

bool cli_row_print(const struct cli_row *row, const void *src, unsigned flags, struct txt *out)
{
	struct printer p = { .toks = row->toks, .src = src, .flags = flags, .out = NULL };
	size_t n = toks_count(row->toks);

	if (say_range(&p, 0, n, 0) == SAID_NOT)
		return false;
	p.out = out;
	p.start = out->len;
	say_range(&p, 0, n, 0);
	if (row->flags & ROW_TRAIL)
		txt_char(out, ' ');
	return true;
}

bool cli_row_say(const struct cli_row *row, const void *src, struct txt *out)
{
	return cli_row_print(row, src, 0, out);
}

/* `no crypto isakmp enable`: a switch that is off where the default is on. */
static void print_negated(const struct cli_row *row, const void *src, struct txt *out)
{
	struct printer p = { .toks = row->toks, .src = src, .force = true, .out = out };

	txt_str(out, "no ");
	p.start = out->len;
	say_range(&p, 0, toks_count(row->toks), 0);
}

/* ---- the fields of a row ---- */

/* Calls with each field; elements of REP groups one by one. False stops. */
static bool each_field(const struct cli_tok *toks, char *obj, const char *defaults,
		       bool (*fn)(char *field, const char *def, size_t size))
{
	size_t stride = 0, times = 1;

	for (size_t i = 0; toks[i].kind != CLI_END; i++) {
		if (toks[i].kind == CLI_GROUP && toks[i].group == CLI_REP) {
			stride = toks[i].stride;
			times = toks[i].max;
		} else if (toks[i].kind == CLI_CLOSE) {
			times = 1;
		}
		size_t reps = toks[i].kind == CLI_GROUP ? 1 : times;
		for (size_t k = 0; toks[i].size && k < reps; k++) {
			size_t off = toks[i].off + k * stride;

			if (!fn(obj + off, defaults ? defaults + off : NULL, toks[i].size))
				return false;
		}
	}
	return true;
}

static bool field_reset(char *field, const char *def, size_t size)
{
	if (def)
		memcpy(field, def, size);
	else
		memset(field, 0, size);
	return true;
}

static bool field_same(char *field, const char *def, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (field[i] != (def ? def[i] : 0))
			return false;
	return true;
}

void cli_row_reset(const struct cli_row *row, void *obj, const void *defaults)
{
	each_field(row->toks, obj, defaults, field_reset);
}

size_t cli_row_extent(const struct cli_row *row)
{
	size_t extent = 0, stride = 0, times = 1;

	for (const struct cli_tok *t = row->toks; t->kind != CLI_END; t++) {
		if (t->kind == CLI_GROUP && t->group == CLI_REP) {
			stride = t->stride;
			times = t->max;
		} else if (t->kind == CLI_CLOSE) {
			times = 1;
		}
		size_t last = t->kind == CLI_GROUP || !times ? 0 : (times - 1) * stride;

		if (t->size && t->off + last + t->size > extent)
			extent = t->off + last + t->size;
	}
	return extent;
}

bool cli_row_is_default(const struct cli_row *row, const void *obj, const void *defaults)
{
	/* field_same only reads */
	return each_field(row->toks, (char *)(uintptr_t)obj, defaults, field_same);
}

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

static void render_mode(struct renderer *r, unsigned mode, const void *obj, size_t indent);

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

/* A default has a line if something in it says which: `set pfs` without a group says that there is PFS. Nor has a
 * switch that is spelled as another row's value: `service timestamps log uptime`. */
static bool says_default(const struct cli_row *row, const void *obj)
{
	struct printer p = { .toks = row->toks, .src = obj, .out = NULL };
	enum said said = say_range(&p, 0, toks_count(row->toks), 0);
	bool optional = false;

	for (const struct cli_tok *t = row->toks; t->kind != CLI_END; t++) {
		optional |= t->kind == CLI_GROUP && t->group == CLI_OPT;
		if (row->flags & ROW_SWITCH && t->size && t->print)
			return false;
	}
	return said == SAID_FULL || (said == SAID_EMPTY && !optional) || row->flags & ROW_SWITCH;
}

static bool render_setting(struct renderer *r, const struct cli_row *row, unsigned mode,
			   const void *obj, size_t indent)
{
	struct txt line = TXT_INIT;

	if (!(row->flags & ROW_ALWAYS) && cli_row_is_default(row, obj, r->g->modes[mode].defaults) &&
	    !(r->flags & CLI_RENDER_DEFAULTS && says_default(row, obj)))
		return false;
	bool any = cli_row_print(row, obj, r->flags, &line);
	if (!any && (row->flags & ROW_SWITCH)) {
		print_negated(row, obj, &line);
		any = true;
	}
	/* what ends pasted data stands where it began, unless its spelling says how */
	if (any)
		put_element(r, row->flags & ROW_LEAVES && !row->toks[0].print ? indent - 1 : indent, false,
			    txt_cstr(&line));
	r->out->bad |= line.bad;
	txt_fini(&line);
	return any;
}

static bool render_elements(struct renderer *r, const struct cli_row *row, uint32_t number,
			    struct kept_order *kept, const void *obj, size_t indent)
{
	struct cli_walk walk = { 0 };
	char *args = calloc(1, row->args_size);
	struct txt line = TXT_INIT;
	const void *child = NULL;
	bool any = false;

	while (args && row->each(r->root, obj, &walk, args, &child)) {
		if (row->place)
			any |= render_kept(r, kept, number, row->place(args) - 1, false, indent);
		txt_clear(&line);
		if (cli_row_print(row, args, r->flags, &line)) {
			r->in_block &= !any || !(row->flags & ROW_DENSE);
			put_element(r, indent, row->enters, txt_cstr(&line));
			any = true;
			if (row->enters)
				render_mode(r, row->enters, child, indent + 1);
		}
		explicit_bzero(args, row->args_size);
	}
	r->out->bad |= !args || line.bad;
	if (line.s)
		explicit_bzero(line.s, line.len);
	txt_fini(&line);
	free(args);
	return any;
}

static bool render_row(struct renderer *r, const struct cli_row *row, uint32_t number,
		       struct kept_order *kept, unsigned mode, const void *obj, size_t indent)
{
	bool any = false;

	if (!(row->flags & (ROW_ALIAS | ROW_KEEP | ROW_ERROR))) {
		if (row->each)
			any = render_elements(r, row, number, kept, obj, indent);
		else if (!row->args_size)
			any = render_setting(r, row, mode, obj, indent);
	}
	return render_kept(r, kept, number, UINT64_MAX, row->enters, indent) || any;
}

static void render_mode(struct renderer *r, unsigned mode, const void *obj, size_t indent)
{
	struct kept_order kept;
	uint32_t number = 1;
	bool any = false; /* of this subject */

	r->out->bad |= !kept_order_init(&kept, r->g, mode, obj);
	render_kept(r, &kept, 0, UINT64_MAX, false, indent);
	for (const struct cli_row *const *t = r->g->tables; *t; t++, number += ROWS_MAX) {
		for (const struct cli_row *row = *t; row->toks; row++)
			if (row->modes & CLI_IN(mode))
				any |= render_row(r, row, number + (uint32_t)(row - *t), &kept, mode,
						  obj, indent);
		if (t[1] && (t[1]->flags & ROW_JOINS))
			continue;
		r->pending |= any && indent == 0;
		any = false;
	}
	render_kept(r, &kept, CLI_ANCHOR_END, UINT64_MAX, false, indent);
	free(kept.v);
}

void cli_render(const struct cli_grammar *g, const void *root, unsigned flags, struct txt *out)
{
	struct renderer r = { .g = g, .root = root, .flags = flags, .out = out };

	render_mode(&r, g->mode_config, root, 0);
	if (out->len)
		bang(&r);
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
