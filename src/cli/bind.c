/* SPDX-License-Identifier: Apache-2.0 */
/* From a matched line to values, and what was probably meant when it did not
 * match. */
#include "cli/match.h"

#include <stdlib.h>
#include <string.h>

/* ---- binding ---- */

/* The REP group around pc, if any. */
static const struct cli_tok *rep_around(const struct cli_tok *toks, size_t pc)
{
	int depth = 0;

	for (size_t i = pc; i-- > 0;) {
		if (toks[i].kind == CLI_CLOSE)
			depth++;
		else if (toks[i].kind == CLI_GROUP && depth-- == 0) {
			if (toks[i].group == CLI_REP)
				return &toks[i];
			depth = 0; /* look further out */
		}
	}
	return NULL;
}

static void bind_node(const struct cli_match *m, const struct cli_node *n, size_t to_level,
		      void *target)
{
	const struct cli_tok *t = &n->row->toks[n->pc], *rep = rep_around(n->row->toks, n->pc);
	const struct cli_word_ref *w = &m->w->v[n->up_level];
	char *dst = (char *)target + t->off + (rep ? (size_t)rep->stride * n->rep : 0);
	size_t bad;

	if (rep && rep->size)
		cli_field_set(rep, (char *)target + rep->off, n->rep + 1);
	if (!t->size)
		return;
	if (t->kind == CLI_KW) {
		cli_field_set(t, dst, t->value);
	} else if (t->kind == CLI_NAMES) {
		cli_field_set(t, dst, t->names[n->name].value);
	} else if (t->type->rest) {
		struct txt rest = TXT_INIT;

		txt_mem(&rest, m->w->line + w->off, m->w->line_len - w->off);
		t->type->parse(t, txt_cstr(&rest), dst, &bad);
		txt_fini(&rest);
	} else if (to_level == n->up_level + 2u) {
		char both[128];

		memcpy(both, w->text, w->len);
		both[w->len] = ' ';
		memcpy(both + w->len + 1, w[1].text, w[1].len + 1);
		t->type->parse(t, both, dst, &bad);
	} else {
		t->type->parse(t, w->text, dst, &bad);
	}
}

void cli_bind(const struct cli_match *m, void *target)
{
	const struct cli_node *path[256];
	size_t levels[256], n = 0, level = m->depth;

	for (const struct cli_node *at = m->best; at->pc != CLI_START && n < 256;
	     at = cli_node_up(m, at)) {
		levels[n] = level;
		path[n++] = at;
		level = at->up_level;
	}
	while (n-- > 0)
		bind_node(m, path[n], levels[n], target);
}

/* ---- suggestions ---- */

/* Edits (insert, drop, change, swap) between two short words; 9 if far apart. */
static unsigned distance(const char *a, const char *b)
{
	unsigned d[24][24];
	size_t n = strlen(a), k = strlen(b);

	if (n >= 24 || k >= 24 || n > k + 2 || k > n + 2)
		return 9;
	for (size_t i = 0; i <= n; i++) {
		for (size_t j = 0; j <= k; j++) {
			if (!i || !j) {
				d[i][j] = (unsigned)(i + j);
				continue;
			}
			unsigned same = (a[i - 1] | 0x20) == (b[j - 1] | 0x20) ? 0 : 1;
			unsigned best = d[i - 1][j - 1] + same;

			if (d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	}
	return d[n][k];
}

static void nearer(const char *word, const char *kw, unsigned *best, const char **ret)
{
	unsigned d = distance(word, kw);

	if (d < *best) {
		*best = d;
		*ret = kw;
	}
}

const char *cli_match_suggest(const struct cli_match *m)
{
	const char *ret = NULL;

	if (m->outcome != CLI_M_INVALID || !m->level || m->depth >= m->w->n)
		return NULL;
	const struct cli_word_ref *w = &m->w->v[m->depth];
	unsigned best = w->len < 6 ? 2 : 3; /* fewer edits than this are near */

	for (size_t k = 0; k < m->level[m->depth].n; k++) {
		const struct cli_node *n = &m->level[m->depth].v[k];
		struct cli_reach r;

		cli_node_reach(n, &r);
		for (size_t p = 0; p < r.n; p++) {
			const struct cli_tok *t = &n->row->toks[r.at[p].pc];

			if ((t->flags & CLI_HIDDEN) || (n->row->flags & ROW_HIDDEN))
				continue;
			if (t->kind == CLI_KW)
				nearer(w->text, t->word, &best, &ret);
			for (int i = 0; t->kind == CLI_NAMES && t->names[i].word; i++)
				nearer(w->text, t->names[i].word, &best, &ret);
		}
	}
	return ret;
}
