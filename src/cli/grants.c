/* SPDX-License-Identifier: Apache-2.0 */
/* Privilege levels by the words of a line: the longest command that has a level of its own and that the line begins with
 * decides, else the level of the row. A place in a row belongs to a level if some line that goes on there may be run. */
#include "cli/match.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/secret.h"

#define WORDS_MAX 16 /* of a command with a level of its own */
#define VALUE_MAX 512
#define BLANKS	  " \t\r\n\v\f" /* as cli_words_init() cuts */

struct cli_grants {
	unsigned mine; /* the level whose rows they are to be */
	size_t n;
	unsigned level[CLI_GRANTS_MAX];
	struct cli_words words[CLI_GRANTS_MAX];
};

/* ---- words ---- */

/* An argument's value as a row prints it: `tu0` is Tunnel0. False: it is none, or it is bound nowhere. */
static bool value_text(const struct cli_tok *t, const char *word, struct txt *out)
{
	uint64_t room[VALUE_MAX / sizeof(uint64_t)] = { 0 };
	size_t bad;
	bool ok = t->size && t->size <= sizeof(room) && t->type->print && !t->type->parse(t, word, room, &bad);

	if (ok)
		t->type->print(t, room, out);
	explicit_bzero(room, sizeof(room));
	return ok && !out->bad && out->len;
}

static bool same_value(const struct cli_tok *t, const char *a, const char *b)
{
	struct txt x = TXT_INIT, y = TXT_INIT;
	bool same;

	if (value_text(t, a, &x))
		same = value_text(t, b, &y) && !strcmp(txt_cstr(&x), txt_cstr(&y));
	else
		same = !strcasecmp(a, b);
	if (x.s)
		secret_wipe(x.s, x.len);
	if (y.s)
		secret_wipe(y.s, y.len);
	txt_fini(&x);
	txt_fini(&y);
	return same;
}

/* The words of w from at on begin a text. */
static bool begins_text(const struct cli_words *w, size_t at, const char *text)
{
	for (; at < w->n; at++) {
		text += strspn(text, BLANKS);
		size_t n = strcspn(text, BLANKS);

		if (n != w->v[at].len || strncasecmp(text, w->v[at].text, n) != 0)
			return false;
		text += n;
	}
	return true;
}

/* How many words of w, from at on, the word that t takes is: 0 if it is another. */
static size_t words_taken(const struct cli_tok *t, const struct cli_words *w, size_t at, const char *word)
{
	if (t->kind == CLI_ARG && t->type->rest)
		return begins_text(w, at, word) ? w->n - at : 0;
	if (t->kind == CLI_ARG)
		return same_value(t, word, w->v[at].text);
	return !strcasecmp(word, w->v[at].text);
}

/* One word further; a text is all of its words at once, of which the longest command decides. Two that are one have the higher
 * level. */
static void advance(const struct cli_grants *gr, struct cli_grant *g, const struct cli_tok *t, const char *word)
{
	uint64_t alive = 0;
	unsigned level = g->level;
	size_t best = 0;

	for (size_t i = 0; i < gr->n; i++) {
		if (!(g->alive >> i & 1))
			continue;
		size_t took = words_taken(t, &gr->words[i], g->words, word);

		if (took && g->words + took < gr->words[i].n) {
			alive |= UINT64_C(1) << i;
		} else if (took > best || (took && took == best && gr->level[i] > level)) {
			level = gr->level[i];
			best = took;
		}
	}
	g->alive = alive;
	g->level = (uint8_t)level;
	g->words++;
}

/* ---- what may still come ---- */

static bool goes_on(const struct cli_grants *gr, const struct cli_node *n);

static bool goes_by(const struct cli_grants *gr, struct cli_node next, const struct cli_tok *t, const char *word)
{
	advance(gr, &next.grant, t, word);
	return goes_on(gr, &next);
}

/* The word that the i-th command has next: of a text, all that is left of it. */
static const char *next_word(const struct cli_grants *gr, const struct cli_node *n, const struct cli_tok *t, size_t i)
{
	const struct cli_words *w = &gr->words[i];

	return t->type->rest ? w->line + w->v[n->grant.words].off : w->v[n->grant.words].text;
}

/* One before the i-th has the same word next. Without this, commands that differ in a word far behind would be followed once for
 * each of them at each value that they have in common: 64 to the power of those. */
static bool was_tried(const struct cli_grants *gr, const struct cli_node *n, const struct cli_tok *t, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if ((n->grant.alive >> j & 1) && !strcasecmp(next_word(gr, n, t, j), next_word(gr, n, t, i)))
			return true;
	return false;
}

/* By a value that no command names, or by one that one does; first: it begins so. */
static bool goes_by_value(const struct cli_grants *gr, const struct cli_node *next, const struct cli_tok *t, const char *first)
{
	size_t bad;

	if (next->grant.level <= gr->mine)
		return true;
	for (size_t i = 0; i < gr->n; i++) {
		if (!(next->grant.alive >> i & 1) || was_tried(gr, next, t, i))
			continue;
		const char *word = next_word(gr, next, t, i);
		if (first && strncasecmp(first, word, strlen(first)) != 0)
			continue;
		if (!t->type->parse(t, word, NULL, &bad) && goes_by(gr, *next, t, word))
			return true;
	}
	return false;
}

/* next: the token's place, with what was known before it. */
static bool goes_by_token(const struct cli_grants *gr, const struct cli_node *next)
{
	const struct cli_tok *t = &next->row->toks[next->pc];

	if (t->kind == CLI_ARG)
		return goes_by_value(gr, next, t, NULL);
	if (t->kind == CLI_KW)
		return goes_by(gr, *next, t, t->word);
	for (const struct cli_name *name = t->names; name->word; name++)
		if (goes_by(gr, *next, t, name->word))
			return true;
	return false;
}

/* Some line that goes on from n, or ends there, may be run. */
static bool goes_on(const struct cli_grants *gr, const struct cli_node *n)
{
	struct cli_reach r;

	if (!n->grant.alive)
		return n->grant.level <= gr->mine;
	cli_node_reach(n, &r);
	if (r.accept && n->pc != CLI_START && n->grant.level <= gr->mine)
		return true;
	for (size_t i = 0; i < r.n; i++) {
		struct cli_node next = *n;

		next.pc = r.at[i].pc;
		next.rep = r.at[i].rep;
		next.used = r.at[i].used;
		if (goes_by_token(gr, &next))
			return true;
	}
	return false;
}

/* ---- for the matcher ---- */

bool cli_grant_begin(const struct cli_match *m, struct cli_node *n)
{
	if (!m->grants || cli_is_builtin(n->row))
		return true;
	n->grant.alive = m->grants->n == CLI_GRANTS_MAX ? UINT64_MAX : (UINT64_C(1) << m->grants->n) - 1;
	n->grant.level = (uint8_t)m->g->level(n->row);
	return goes_on(m->grants, n);
}

bool cli_grant_take(const struct cli_match *m, struct cli_node *n, const char *word)
{
	if (!m->grants || cli_is_builtin(n->row))
		return true;
	advance(m->grants, &n->grant, &n->row->toks[n->pc], word);
	return goes_on(m->grants, n);
}

bool cli_grant_shows(const struct cli_match *m, const struct cli_node *next, const char *word)
{
	const struct cli_tok *t = &next->row->toks[next->pc];

	if (!m->grants || cli_is_builtin(next->row))
		return true;
	if (t->kind == CLI_ARG)
		return goes_by_value(m->grants, next, t, word);
	return goes_by(m->grants, *next, t, word);
}

bool cli_grant_ends(const struct cli_match *m, const struct cli_node *n)
{
	return !m->grants || n->grant.level <= m->grants->mine;
}

int cli_grants_new(const struct cli_match *m, const struct cli_who *who, struct cli_grants **ret)
{
	struct cli_grants *gr = calloc(1, sizeof(*gr));
	struct cli_own_level own;
	int err = 0;

	if (!gr)
		return -ENOMEM;
	gr->mine = who->level;
	for (size_t i = 0; !err && m->g->own_level && m->g->own_level(who->root, i, &own); i++) {
		if (!(own.modes & CLI_IN(m->mode)))
			continue;
		err = gr->n == CLI_GRANTS_MAX ? -E2BIG : cli_words_init(&gr->words[gr->n], own.text);
		if (err)
			break;
		gr->level[gr->n] = own.level;
		if (gr->words[gr->n].n)
			gr->n++;
		else
			cli_words_fini(&gr->words[gr->n]);
	}
	if (err) {
		cli_grants_free(gr);
		return err;
	}
	*ret = gr;
	return 0;
}

void cli_grants_free(struct cli_grants *gr)
{
	for (size_t i = 0; gr && i < gr->n; i++)
		cli_words_fini(&gr->words[i]);
	free(gr);
}

/* ---- what the words of a line are ---- */

static const char *keyword_of(const struct cli_node *n)
{
	const struct cli_tok *t = &n->row->toks[n->pc];

	return t->kind == CLI_ARG ? NULL : t->kind == CLI_NAMES ? t->names[n->name].word : t->word;
}

bool cli_same_words(const struct cli_match *a, const struct cli_match *b, size_t *ret_word)
{
	const struct cli_node *x = a->best, *y = b->best;
	bool same = x->op == y->op;

	*ret_word = 0;
	while (x->pc != CLI_START && y->pc != CLI_START) {
		const char *p = keyword_of(x), *q = keyword_of(y);

		if (!p != !q || (p && strcasecmp(p, q) != 0) || x->up_level != y->up_level) {
			same = false;
			*ret_word = x->up_level < y->up_level ? x->up_level : y->up_level;
		}
		x = cli_node_up(a, x);
		y = cli_node_up(b, y);
	}
	return same && x->pc == y->pc;
}

/* The word that n took, as the grammar spells it. False: it is none by itself. */
static bool put_word(const struct cli_match *m, const struct cli_node *n, size_t to_level, struct txt *out)
{
	const struct cli_word_ref *w = &m->w->v[n->up_level];
	const struct cli_tok *t = &n->row->toks[n->pc];
	size_t from = out->len + (out->len > 0);
	struct txt typed = TXT_INIT, value = TXT_INIT;

	if (out->len)
		txt_char(out, ' ');
	if (t->kind != CLI_ARG) {
		txt_str(out, keyword_of(n));
		return true;
	}
	if (t->type->rest) {
		txt_mem(out, m->w->line + w->off, m->w->line_len - w->off);
		return true;
	}
	txt_str(&typed, w->text);
	if (to_level == n->up_level + 2u)
		txt_printf(&typed, " %s", w[1].text);
	txt_str(out, value_text(t, txt_cstr(&typed), &value) ? txt_cstr(&value) : txt_cstr(&typed));
	out->bad |= typed.bad || value.bad;
	txt_fini(&typed);
	txt_fini(&value);
	return !strpbrk(txt_cstr(out) + from, BLANKS);
}

static int put_words(const struct cli_match *m, struct txt *out)
{
	const struct cli_node *path[WORDS_MAX];
	size_t levels[WORDS_MAX], n = 0, level = m->depth;
	bool ok = true;

	for (const struct cli_node *at = m->best; at->pc != CLI_START && n < WORDS_MAX; at = cli_node_up(m, at)) {
		levels[n] = level;
		path[n++] = at;
		level = at->up_level;
	}
	while (ok && n-- > 0)
		ok = put_word(m, path[n], levels[n], out);
	return out->bad ? -ENOMEM : ok ? 0 : -EDOM;
}

int cli_expand(const struct cli_grammar *g, unsigned mode, const char *text, struct txt *out)
{
	struct cli_words w;
	struct cli_match m = { 0 };
	int err = cli_words_init(&w, text);

	if (err)
		return err;
	cli_match_run(&m, g, mode, &w, w.n);
	if (m.nomem)
		err = -ENOMEM;
	else if (!w.n || w.n > WORDS_MAX)
		err = -EDOM;
	else if (m.outcome == CLI_M_AMBIGUOUS)
		err = -ENOTUNIQ;
	else if (m.depth < m.n || !cli_match_begins(&m))
		err = -EDOM;
	else
		err = put_words(&m, out);
	if (m.level)
		cli_match_fini(&m);
	cli_words_fini(&w);
	return err;
}
