/* SPDX-License-Identifier: Apache-2.0 */
/* From a value back to its line, and the fields of a row. */
#include "cli/match.h"

#include <string.h>

/* ---- one line ---- */

/* Whether a piece of a row can be said about the object: not at all, trivially
 * (only words that bind nothing, or zeros), or with something to say. */
enum said { SAID_NOT, SAID_EMPTY, SAID_FULL };

#define ENDS_MAX 1024 /* tokens of a row; of a longer one each branch is gone along each time */

struct printer {
	const struct cli_tok *toks;
	const uint16_t *ends; /* of the branch that begins with a token; NULL: too many */
	const char *src;
	unsigned flags;
	bool force;	 /* `no` of a switch: keywords whatever the field holds */
	struct txt *out; /* NULL: only ask */
	size_t start;
};

static enum said say_range(struct printer *p, size_t from, size_t end, size_t shift);

/* Each group is asked for before it is said, and so are those within it. */
static const uint16_t *find_ends(const struct cli_tok *toks, size_t n, uint16_t ends[ENDS_MAX])
{
	uint16_t begins[64];
	size_t depth = 0;

	if (n > ENDS_MAX)
		return NULL;
	for (uint16_t i = 0; i < n; i++) {
		if (toks[i].kind == CLI_GROUP && depth == sizeof(begins) / sizeof(begins[0]))
			return NULL;
		if (toks[i].kind == CLI_GROUP) {
			begins[depth++] = i;
		} else if (toks[i].kind == CLI_OR) {
			ends[begins[depth - 1]] = i;
			begins[depth - 1] = i;
		} else if (toks[i].kind == CLI_CLOSE) {
			ends[begins[--depth]] = i;
		}
	}
	return ends;
}

static size_t branch_end(const struct printer *p, size_t at)
{
	return p->ends ? p->ends[at] : cli_branch_end(p->toks, at);
}

static size_t group_close(const struct printer *p, size_t at)
{
	while (p->toks[at = branch_end(p, at)].kind != CLI_CLOSE)
		;
	return at;
}

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
		size_t end = branch_end(p, at);
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
		size_t end = branch_end(p, at);
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
			i = group_close(p, i);
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
	uint16_t ends[ENDS_MAX];

	p.ends = find_ends(row->toks, n, ends);
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

void cli_row_print_negated(const struct cli_row *row, const void *src, struct txt *out)
{
	struct printer p = { .toks = row->toks, .src = src, .force = true, .out = out };
	size_t n = toks_count(row->toks);
	uint16_t ends[ENDS_MAX];

	p.ends = find_ends(row->toks, n, ends);
	txt_str(out, "no ");
	p.start = out->len;
	say_range(&p, 0, n, 0);
}

bool cli_row_says_default(const struct cli_row *row, const void *obj)
{
	struct printer p = { .toks = row->toks, .src = obj, .out = NULL };
	size_t n = toks_count(row->toks);
	uint16_t ends[ENDS_MAX];
	bool optional = false;

	p.ends = find_ends(row->toks, n, ends);
	enum said said = say_range(&p, 0, n, 0);

	for (const struct cli_tok *t = row->toks; t->kind != CLI_END; t++) {
		optional |= t->kind == CLI_GROUP && t->group == CLI_OPT;
		if (row->flags & ROW_SWITCH && t->size && t->print)
			return false;
	}
	return said == SAID_FULL || (said == SAID_EMPTY && !optional) || row->flags & ROW_SWITCH;
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
