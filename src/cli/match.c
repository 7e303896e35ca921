/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/match.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- words ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f';
}

int cli_words_init(struct cli_words *w, const char *line)
{
	size_t len = strlen(line), cap = len / 2 + 1, i = 0;

	memset(w, 0, sizeof(*w));
	w->line = line;
	w->buf = strdup(line);
	w->v = calloc(cap, sizeof(*w->v));
	if (!w->buf || !w->v) {
		cli_words_fini(w);
		return -ENOMEM;
	}
	w->blank_end = len > 0 && is_blank(line[len - 1]);
	while (len && is_blank(line[len - 1]))
		len--;
	w->line_len = len;
	w->buf[len] = '\0';
	while (i < len) {
		while (is_blank(line[i]))
			i++;
		if (!w->n)
			w->indent = i;
		struct cli_word_ref *r = &w->v[w->n++];
		*r = (struct cli_word_ref){ w->buf + i, i, 0 };
		while (i < len && !is_blank(line[i]))
			i++;
		r->len = i - r->off;
		w->buf[i++] = '\0';
	}
	return 0;
}

void cli_words_fini(struct cli_words *w)
{
	free(w->v);
	if (w->buf)
		explicit_bzero(w->buf, w->line_len);
	free(w->buf);
	memset(w, 0, sizeof(*w));
}

/* ---- the program of a row ---- */

size_t cli_branch_end(const struct cli_tok *toks, size_t from)
{
	int depth = 0;

	for (size_t i = from + 1;; i++) {
		if (toks[i].kind == CLI_GROUP)
			depth++;
		else if (toks[i].kind == CLI_CLOSE && depth-- == 0)
			return i;
		else if (toks[i].kind == CLI_OR && depth == 0)
			return i;
	}
}

size_t cli_group_close(const struct cli_tok *toks, size_t group)
{
	while (toks[group = cli_branch_end(toks, group)].kind != CLI_CLOSE)
		;
	return group;
}

/* The GROUP that the OR or CLOSE at pc belongs to, and the branch that ends there. */
static size_t group_of(const struct cli_tok *toks, size_t pc, unsigned *ret_branch)
{
	int depth = 0;

	*ret_branch = 0;
	for (size_t i = pc; i-- > 0;) {
		if (toks[i].kind == CLI_CLOSE)
			depth++;
		else if (toks[i].kind == CLI_GROUP && depth-- == 0)
			return i;
		else if (toks[i].kind == CLI_OR && depth == 0)
			++*ret_branch;
	}
	return 0;
}

static void reach(const struct cli_tok *toks, size_t pc, uint8_t rep, uint8_t used,
		  struct cli_reach *r);

/* Into every branch of a group that used does not forbid. */
static void reach_branches(const struct cli_tok *toks, size_t group, uint8_t rep, uint8_t used,
			   struct cli_reach *r)
{
	bool any = toks[group].group == CLI_ANY;
	size_t at = group;

	for (unsigned branch = 0;; branch++) {
		if (!any || !(used & 1u << branch))
			reach(toks, at + 1, rep, used, r);
		at = cli_branch_end(toks, at);
		if (toks[at].kind == CLI_CLOSE)
			return;
	}
}

/* What branch of an ANY group rules out once it is taken: itself and its excl. */
static uint8_t branch_mask(const struct cli_tok *toks, size_t group, unsigned branch)
{
	size_t at = group;

	for (unsigned i = 0; i < branch; i++)
		at = cli_branch_end(toks, at);
	return (uint8_t)(toks[at].excl | 1u << branch);
}

/* A branch ends at pc: again, or behind the group. */
static void reach_after(const struct cli_tok *toks, size_t pc, uint8_t rep, uint8_t used,
			struct cli_reach *r)
{
	unsigned branch;
	size_t group = group_of(toks, pc, &branch), close = cli_group_close(toks, group);

	switch (toks[group].group) {
	case CLI_REP:
		if (rep + 1 < toks[group].max)
			reach_branches(toks, group, (uint8_t)(rep + 1), used, r);
		reach(toks, close + 1, 0, used, r);
		break;
	case CLI_ANY:
		used = (uint8_t)(used | branch_mask(toks, group, branch));
		reach_branches(toks, group, rep, used, r);
		reach(toks, close + 1, rep, 0, r);
		break;
	default:
		reach(toks, close + 1, rep, used, r);
	}
}

static void reach(const struct cli_tok *toks, size_t pc, uint8_t rep, uint8_t used,
		  struct cli_reach *r)
{
	switch (toks[pc].kind) {
	case CLI_END:
		r->accept = true;
		break;
	case CLI_GROUP:
		reach_branches(toks, pc, rep, used, r);
		if (toks[pc].group == CLI_OPT || (toks[pc].group == CLI_ANY && !toks[pc].max))
			reach(toks, cli_group_close(toks, pc) + 1, rep, used, r);
		break;
	case CLI_OR:
	case CLI_CLOSE:
		reach_after(toks, pc, rep, used, r);
		break;
	default:
		if (r->n == sizeof(r->at) / sizeof(r->at[0]))
			break;
		r->at[r->n].pc = (uint16_t)pc;
		r->at[r->n].rep = rep;
		r->at[r->n++].used = used;
	}
}

/* `no` may stop after the token marked TAIL, or after the leading keywords. */
static bool no_may_end(const struct cli_node *n)
{
	const struct cli_tok *toks = n->row->toks;
	size_t least = 0;

	while (toks[least].kind == CLI_KW && toks[least + 1].kind == CLI_KW)
		least++;
	for (size_t i = 0; toks[i].kind != CLI_END; i++)
		if (toks[i].flags & CLI_TAIL)
			least = i;
	return n->pc != CLI_START && n->pc >= least;
}

/* A kept line whose keywords are not all said: `no enable` is not `no enable secret`. */
static bool kept_goes_on(const struct cli_row *row, const struct cli_reach *r)
{
	for (size_t i = 0; (row->flags & ROW_KEEP) && i < r->n; i++)
		if (row->toks[r->at[i].pc].kind == CLI_KW ||
		    row->toks[r->at[i].pc].kind == CLI_NAMES)
			return true;
	return false;
}

void cli_node_reach(const struct cli_node *n, struct cli_reach *ret)
{
	ret->n = 0;
	ret->accept = false;
	reach(n->row->toks, n->pc == CLI_START ? 0 : n->pc + 1u, n->rep, n->used, ret);
	if (n->op == CLI_SET || n->pc == CLI_START)
		return;
	if ((n->row->flags & ROW_KEEP) && n->row->enters && n->row->toks[n->pc].kind == CLI_KW &&
	    ret->n)
		ret->accept = false; /* `no router` names no block; it must not mean all */
	else if (!(n->row->flags & ROW_FULL) && no_may_end(n) && !kept_goes_on(n->row, ret))
		ret->accept = true;
}

/* ---- stepping ---- */

static void level_add(struct cli_match *m, struct cli_level *l, const struct cli_node *n)
{
	/* the places of one row stand together */
	for (size_t i = l->n; i-- > 0 && l->v[i].row == n->row;)
		if (l->v[i].pc == n->pc && l->v[i].rep == n->rep && l->v[i].used == n->used &&
		    l->v[i].op == n->op)
			return;
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 32;
		struct cli_node *v = reallocarray(l->v, cap, sizeof(*v));

		if (!v) {
			m->nomem = true;
			return;
		}
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = *n;
}

static bool row_is_open(const struct cli_match *m, const struct cli_row *row, enum cli_op op)
{
	if (!(row->modes & CLI_IN(m->mode)))
		return false;
	if (op == CLI_SET)
		return !(row->flags & ROW_NO_ONLY);
	return !(row->flags & ROW_NO_NO);
}

static void add_rows(struct cli_match *m, struct cli_level *l, enum cli_op op, size_t up_level,
		     size_t up)
{
	for (const struct cli_row *const *t = m->g->tables; *t; t++) {
		for (const struct cli_row *row = *t; row->toks; row++) {
			struct cli_node n = { .row = row, .pc = CLI_START, .op = (uint8_t)op,
					      .up_level = (uint16_t)up_level,
					      .up = (uint16_t)up };

			if (row_is_open(m, row, op) && (!m->grants || cli_grant_begin(m, &n)))
				level_add(m, l, &n);
		}
	}
	if (op != CLI_SET || (m->g->modes[m->mode].flags & MODE_EXEC))
		return;
	for (const struct cli_row *row = cli_builtins; row->toks; row++) {
		struct cli_node n = { .row = row, .pc = CLI_START };

		level_add(m, l, &n);
	}
}

/* What one word turned out to be for all the places together. */
struct tally {
	bool exact;	  /* some keyword is exactly the word */
	const char *kw;	  /* the first keyword that the word begins */
	bool several;	  /* another one, too */
	bool arg;	  /* some argument takes the word */
	size_t bad;	  /* nothing fits: characters that were right */
};

static size_t common(const char *a, const char *b)
{
	size_t i = 0;

	while (a[i] && b[i] && (a[i] | 0x20) == (b[i] | 0x20))
		i++;
	return i;
}

/* One keyword against the word: 0 exact, 1 prefix, -1 neither. */
static int keyword_rank(const char *kw, bool in_full, const struct cli_word_ref *w,
			struct tally *ta)
{
	if (!strcasecmp(kw, w->text)) {
		ta->exact = true;
		return 0;
	}
	if (!in_full && !strncasecmp(kw, w->text, w->len)) {
		if (ta->kw && strcasecmp(ta->kw, kw))
			ta->several = true;
		ta->kw = kw;
		return 1;
	}
	size_t n = in_full ? 0 : common(kw, w->text);
	if (n > ta->bad)
		ta->bad = n;
	return -1;
}

/* keyword_rank(); where it is one, ret is the place behind it. A keyword that leads to nothing the level has is none. */
static int take_keyword(const struct cli_match *m, const struct cli_node *n, const char *kw, bool in_full,
			const struct cli_word_ref *w, struct tally *ta, struct cli_node *ret)
{
	/* who has all lines, as files have, does not pay for levels: this is done for each keyword of each row */
	if (m->grants) {
		*ret = *n;
		if (!strncasecmp(kw, w->text, w->len) && !cli_grant_take(m, ret, kw))
			return -1;
	}
	int rank = keyword_rank(kw, in_full, w, ta);
	if (rank < 0)
		return rank;
	if (!m->grants)
		*ret = *n;
	ret->rank = (uint8_t)rank;
	return rank;
}

static void try_keyword(struct cli_match *m, struct cli_level *next, const struct cli_node *n, const char *kw, bool in_full,
			const struct cli_word_ref *w, struct tally *ta)
{
	struct cli_node one;

	if (take_keyword(m, n, kw, in_full, w, ta, &one) >= 0)
		level_add(m, next, &one);
}

static void try_names(struct cli_match *m, struct cli_level *next, const struct cli_node *n,
		      const struct cli_tok *t, const struct cli_word_ref *w, struct tally *ta)
{
	struct cli_node found = { .rank = 2 }, one;

	for (int i = 0; t->names[i].word; i++) {
		int rank = take_keyword(m, n, t->names[i].word, false, w, ta, &one);

		if (rank < 0 || rank >= found.rank)
			continue;
		found = one;
		found.name = (int16_t)i;
	}
	if (found.row)
		level_add(m, next, &found);
}

static void take_value(struct cli_match *m, size_t level, struct cli_node *n, const char *value, struct tally *ta)
{
	if (!cli_grant_take(m, n, value))
		return;
	ta->arg = true;
	level_add(m, &m->level[level], n);
}

static void try_arg(struct cli_match *m, size_t i, struct cli_node *n, const struct cli_tok *t,
		    struct tally *ta)
{
	const struct cli_word_ref *w = &m->w->v[i];
	size_t bad = 0;

	n->rank = t->type->rank;
	if (t->type->rest) {
		if (!t->type->parse(t, m->w->line + w->off, NULL, &bad))
			take_value(m, m->n, n, m->w->line + w->off, ta);
	} else if (t->type->more && t->type->more(w->text)) {
		char both[128];
		const char *second = i + 1 < m->n ? m->w->v[i + 1].text : NULL;

		if (!second)
			m->half = t->type;
		if (!second || w->len + m->w->v[i + 1].len + 2 > sizeof(both))
			return;
		memcpy(both, w->text, w->len);
		both[w->len] = ' ';
		memcpy(both + w->len + 1, second, m->w->v[i + 1].len + 1);
		if (t->type->parse(t, both, NULL, &bad))
			return;
		take_value(m, i + 2, n, both, ta);
	} else if (!t->type->parse(t, w->text, NULL, &bad)) {
		take_value(m, i + 1, n, w->text, ta);
	} else if (bad > ta->bad && bad < w->len && t->type != &cli_word) {
		ta->bad = bad;
	}
}

/* An exact keyword leaves nothing else alive; several prefixes leave none. */
static void sift(struct cli_match *m, size_t i, const struct tally *ta)
{
	struct cli_level *l = &m->level[i + 1];
	size_t keep = 0;

	for (size_t k = 0; k < l->n; k++) {
		bool drop = (ta->exact && l->v[k].rank != 0) ||
			    (!ta->exact && ta->several && l->v[k].rank == 1);

		if (l->v[k].up_level == i && drop)
			continue;
		l->v[keep++] = l->v[k];
	}
	l->n = keep;
	if (!ta->exact)
		return;
	/* arguments that reached further by the same word */
	for (size_t far = i + 2; far <= m->n; far++) {
		keep = 0;
		for (size_t k = 0; k < m->level[far].n; k++)
			if (m->level[far].v[k].up_level != i)
				m->level[far].v[keep++] = m->level[far].v[k];
		m->level[far].n = keep;
	}
}

/* Takes word i. False if nothing fits (the outcome is set then). */
static bool step(struct cli_match *m, size_t i)
{
	const struct cli_word_ref *w = &m->w->v[i];
	struct tally ta = { 0 };
	bool alive = false;

	for (size_t k = 0; k < m->level[i].n; k++) {
		struct cli_reach r;

		cli_node_reach(&m->level[i].v[k], &r);
		for (size_t p = 0; p < r.n; p++) {
			const struct cli_node *from = &m->level[i].v[k];
			const struct cli_tok *t = &from->row->toks[r.at[p].pc];
			struct cli_node n = { .row = from->row, .pc = r.at[p].pc, .op = from->op,
					      .rep = r.at[p].rep, .used = r.at[p].used,
					      .up_level = (uint16_t)i, .up = (uint16_t)k,
					      .grant = from->grant };
			bool in_full = (t->flags & CLI_HIDDEN) ||
				       (from->row->flags & (ROW_HIDDEN | ROW_KEEP));

			if (t->kind == CLI_NAMES) {
				try_names(m, &m->level[i + 1], &n, t, w, &ta);
			} else if (t->kind == CLI_ARG) {
				try_arg(m, i, &n, t, &ta);
			} else {
				try_keyword(m, &m->level[i + 1], &n, t->word, in_full, w, &ta);
			}
		}
	}
	sift(m, i, &ta);
	for (size_t far = i + 1; far <= m->n; far++)
		alive |= m->level[far].n > 0;
	if (alive)
		return true;
	m->outcome = !ta.exact && ta.several ? CLI_M_AMBIGUOUS :
		     m->half		     ? CLI_M_INCOMPLETE :
					       CLI_M_INVALID;
	m->bad = ta.bad < w->len ? ta.bad : 0;
	return false;
}

/* After `no` or `default` the rows begin again. */
static void restart(struct cli_match *m, size_t level)
{
	struct cli_level *l = &m->level[level];

	for (size_t k = 0, n = l->n; k < n; k++) {
		if (!cli_is_builtin(l->v[k].row))
			continue;
		if (l->v[k].row->action == CLI_B_NO)
			add_rows(m, l, CLI_NO, level - 1, l->v[k].up);
		else if (l->v[k].row->action == CLI_B_DEFAULT)
			add_rows(m, l, CLI_DEFAULT, level - 1, l->v[k].up);
	}
}

/* Which of two nodes came there the better way: by the first word at which their
 * ranks differ. */
static bool better(const struct cli_match *m, const struct cli_node *a, const struct cli_node *b)
{
	bool a_wins = false;

	while (a->pc != CLI_START && b->pc != CLI_START) {
		if (a->rank != b->rank)
			a_wins = a->rank < b->rank;
		a = cli_node_up(m, a);
		b = cli_node_up(m, b);
	}
	return a_wins;
}

/* `no` and `default` are nothing by themselves. */
static bool is_prefix_word(const struct cli_row *row)
{
	return cli_is_builtin(row) &&
	       (row->action == CLI_B_NO || row->action == CLI_B_DEFAULT);
}

static void conclude(struct cli_match *m, size_t n)
{
	struct cli_level *l = &m->level[n];
	struct cli_reach r;

	m->outcome = CLI_M_INCOMPLETE;
	for (size_t k = 0; k < l->n; k++) {
		cli_node_reach(&l->v[k], &r);
		if (!r.accept || l->v[k].pc == CLI_START || is_prefix_word(l->v[k].row) ||
		    !cli_grant_ends(m, &l->v[k]))
			continue;
		if (!m->best || better(m, &l->v[k], m->best))
			m->best = &l->v[k];
		m->outcome = CLI_M_OK;
	}
}

/* What is another command for those who have all lines, or none, is not taken for one of this level: an address that is called
 * as a keyword is. What is ambiguous to them may be plain to a level that has one of the commands alone. */
static void refuse_other_meaning(struct cli_match *m)
{
	struct cli_match all;
	size_t word = 0;

	cli_match_run(&all, m->g, m->mode, m->w, m->n);
	m->nomem |= all.nomem;
	if (all.outcome != CLI_M_OK)
		word = all.depth < m->n ? all.depth : m->n - 1;
	if (all.outcome != CLI_M_AMBIGUOUS && (all.outcome != CLI_M_OK || !cli_same_words(m, &all, &word))) {
		m->outcome = CLI_M_INVALID;
		m->best = NULL;
		m->depth = word;
	}
	cli_match_fini(&all);
}

bool cli_match_begins(struct cli_match *m)
{
	struct cli_level *l = &m->level[m->n];

	m->best = NULL;
	for (size_t k = 0; k < l->n; k++)
		if (l->v[k].op == CLI_SET && l->v[k].pc != CLI_START && !cli_is_builtin(l->v[k].row) &&
		    (!m->best || better(m, &l->v[k], m->best)))
			m->best = &l->v[k];
	return m->best != NULL;
}

void cli_match_run(struct cli_match *m, const struct cli_grammar *g, unsigned mode,
		   const struct cli_words *w, size_t n)
{
	cli_match_run_as(m, g, mode, w, n, NULL);
}

void cli_match_run_as(struct cli_match *m, const struct cli_grammar *g, unsigned mode,
		      const struct cli_words *w, size_t n, const struct cli_who *who)
{
	memset(m, 0, sizeof(*m));
	m->g = g;
	who = g->level ? who : NULL;
	/* a level may have rows that user EXEC does not */
	m->mode = who && mode == g->mode_user ? g->mode_exec : mode;
	m->w = w;
	m->n = n;
	m->level = calloc(w->n + 2, sizeof(*m->level));
	if (!m->level || (who && cli_grants_new(m, who, &m->grants))) {
		m->nomem = true;
		m->outcome = CLI_M_INVALID;
		return;
	}
	add_rows(m, &m->level[0], CLI_SET, 0, 0);
	for (m->depth = 0; m->depth < n; m->depth++) {
		if (!step(m, m->depth))
			return;
		restart(m, m->depth + 1);
	}
	conclude(m, n);
	if (m->grants && m->outcome == CLI_M_OK)
		refuse_other_meaning(m);
}

void cli_match_fini(struct cli_match *m)
{
	for (size_t i = 0; m->level && i < m->w->n + 2; i++)
		free(m->level[i].v);
	free(m->level);
	cli_grants_free(m->grants);
	memset(m, 0, sizeof(*m));
}
