/* SPDX-License-Identifier: Apache-2.0 */
/* `?` and TAB, from the same rows as the parser. */
#include "cli/match.h"
#include "cli/pipe.h"
#include "cli/session.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LINE_WIDTH 80

/* ---- what may come next ---- */

struct choice {
	char *word;
	const char *help;
};
struct choices {
	struct choice *v;
	size_t n, cap;
	bool end;   /* `<cr>` */
	bool pipes; /* and `|` */
};

static void choice_add(struct choices *cs, const char *word, const char *help)
{
	for (size_t i = 0; i < cs->n; i++)
		if (!strcmp(cs->v[i].word, word))
			return;
	if (cs->n == cs->cap) {
		size_t cap = cs->cap ? cs->cap * 2 : 32;
		struct choice *v = reallocarray(cs->v, cap, sizeof(*v));

		if (!v)
			return;
		cs->v = v;
		cs->cap = cap;
	}
	char *copy = strdup(word);
	if (copy)
		cs->v[cs->n++] = (struct choice){ copy, help };
}

static void choices_fini(struct choices *cs)
{
	for (size_t i = 0; i < cs->n; i++)
		free(cs->v[i].word);
	free(cs->v);
}

/* As strings of ASCII: "14" before "2", digits before <1-99>, that before WORD, capitals before words. */
static int choice_cmp(const void *a, const void *b)
{
	const struct choice *x = a, *y = b;

	return strcmp(x->word, y->word);
}

static bool begins(const char *word, const char *part)
{
	return !part || !strncasecmp(word, part, strlen(part));
}

static bool builtin_is_listed(const struct cli_match *m, const struct cli_row *row)
{
	unsigned mode = m->mode;

	switch ((enum cli_builtin)row->action) {
	case CLI_B_DO:
	case CLI_B_END:
		return mode == m->g->mode_config;
	case CLI_B_DEFAULT:
		return !(m->g->modes[mode].flags & MODE_NO_DEFAULT_HELP);
	default:
		return true;
	}
}

static const char *help_of(const struct cli_match *m, const struct cli_row *row,
			   const struct cli_tok *t)
{
	if (cli_is_builtin(row) && row->action == CLI_B_EXIT && m->g->modes[m->mode].exit_help)
		return m->g->modes[m->mode].exit_help;
	return t->help;
}

/* at: the token's place. Only what leads to a line that may be run. */
static void token_choices(const struct cli_match *m, const struct cli_node *at, const char *part, struct choices *cs)
{
	const struct cli_tok *t = &at->row->toks[at->pc];
	struct txt label = TXT_INIT;

	if (t->flags & CLI_HIDDEN)
		return;
	if (t->kind == CLI_KW) {
		if (begins(t->word, part) && cli_grant_shows(m, at, t->word))
			choice_add(cs, t->word, help_of(m, at->row, t));
	} else if (t->kind == CLI_NAMES || t->type->words) {
		for (const struct cli_name *n = t->kind == CLI_NAMES ? t->names : t->type->words; n->word; n++)
			if (n->help && begins(n->word, part) && cli_grant_shows(m, at, n->word))
				choice_add(cs, n->word, n->help);
	} else if (!part && cli_grant_shows(m, at, NULL)) {
		cli_label(t, &label);
		choice_add(cs, txt_cstr(&label), t->help);
		txt_fini(&label);
	}
}

/* Lines that are only kept do nothing: `?` does not offer them, TAB completes them. Banners are kept, and shown. */
static bool row_is_listed(const struct cli_row *row, bool completing)
{
	return !(row->flags & (ROW_HIDDEN | ROW_ALIAS)) &&
	       (completing || !(row->flags & ROW_KEEP) || row->flags & ROW_RAW);
}

/* All that may follow the words of m; with part only words that begin so. */
static void choices_of(const struct cli_match *m, const char *part, bool completing,
		       struct choices *cs)
{
	const struct cli_level *l = &m->level[m->n];

	for (size_t k = 0; k < l->n; k++) {
		const struct cli_node *n = &l->v[k];
		bool prefix = cli_is_builtin(n->row) && n->pc != CLI_START &&
			      n->row->action <= CLI_B_DEFAULT;
		struct cli_reach r;

		if (cli_is_builtin(n->row) && !builtin_is_listed(m, n->row) && !part)
			continue;
		if (!row_is_listed(n->row, completing))
			continue;
		cli_node_reach(n, &r);
		for (size_t p = 0; p < r.n; p++) {
			struct cli_node at = *n;

			at.pc = r.at[p].pc;
			at.rep = r.at[p].rep;
			at.used = r.at[p].used;
			token_choices(m, &at, part, cs);
		}
		if (r.accept && n->pc != CLI_START && !prefix && cli_grant_ends(m, n)) {
			cs->end = true;
			cs->pipes |= (m->g->modes[m->mode].flags & MODE_EXEC) && m->g->pipes &&
				     m->g->pipes(n->row);
		}
	}
	if (cs->n)
		qsort(cs->v, cs->n, sizeof(*cs->v), choice_cmp);
}

/* ---- layout ---- */

static void print_lines(const struct choices *cs, struct txt *out)
{
	size_t widest = cs->end ? 4 : 0;

	for (size_t i = 0; i < cs->n; i++)
		if (strlen(cs->v[i].word) > widest)
			widest = strlen(cs->v[i].word);
	for (size_t i = 0; i < cs->n; i++)
		txt_printf(out, "  %-*s  %s\n", (int)widest, cs->v[i].word, cs->v[i].help);
	if (cs->end && cs->pipes)
		txt_printf(out, "  %-*s  Output modifiers\n", (int)widest, "|");
	if (cs->end)
		txt_str(out, "  <cr>\n");
}

static void print_columns(const struct choices *cs, struct txt *out)
{
	size_t widest = 0, col = 0;

	for (size_t i = 0; i < cs->n; i++)
		if (strlen(cs->v[i].word) > widest)
			widest = strlen(cs->v[i].word);
	widest += 2;
	for (size_t i = 0; i < cs->n; i++) {
		bool last = i + 1 == cs->n || col + 2 * widest > LINE_WIDTH;

		if (last)
			txt_str(out, cs->v[i].word);
		else
			txt_printf(out, "%-*s", (int)widest, cs->v[i].word);
		col = last ? 0 : col + widest;
		if (last)
			txt_char(out, '\n');
	}
}

static void print_failure(const struct cli_match *m, const char *line, struct txt *out)
{
	if (m->outcome == CLI_M_AMBIGUOUS)
		txt_printf(out, "%% Ambiguous command:  \"%s\"\n", line);
	else
		txt_str(out, "% Unrecognized command\n");
}

/* ---- with fallback to the global level ---- */

/* Runs all words but a last one that is still being typed. */
static void run(struct cli_match *m, const struct cli_grammar *g, unsigned mode,
		const struct cli_who *who, const struct cli_words *w)
{
	cli_match_run_as(m, g, mode, w, w->blank_end || !w->n ? w->n : w->n - 1, who);
}

static size_t offered(const struct cli_match *m, const struct cli_words *w)
{
	struct choices cs = { 0 };
	size_t n = 0;

	if (m->depth == m->n && m->level) {
		choices_of(m, w->blank_end || !w->n ? NULL : w->v[w->n - 1].text, true, &cs);
		n = cs.n + cs.end;
	}
	choices_fini(&cs);
	return n;
}

/* The mode's own rows, or the global ones if only they can go on. */
static void run_either(struct cli_match *m, const struct cli_grammar *g, unsigned mode,
		       const struct cli_who *who, const struct cli_words *w)
{
	run(m, g, mode, who, w);
	if ((g->modes[mode].flags & MODE_EXEC) || mode == g->mode_config || offered(m, w))
		return;
	struct cli_match global;

	run(&global, g, g->mode_config, who, w);
	if (!offered(&global, w)) {
		cli_match_fini(&global);
		return;
	}
	cli_match_fini(m);
	*m = global;
}

/* Words that `do` takes are those of EXEC. Returns the line behind `do `, or line. */
static const char *behind_do(const struct cli_grammar *g, unsigned *mode, const char *line)
{
	const char *p = line + strspn(line, " \t");

	if ((g->modes[*mode].flags & MODE_EXEC) || strncasecmp(p, "do ", 3))
		return line;
	*mode = g->mode_exec;
	return p + 3;
}

/* ---- behind a bar ---- */

static void pipe_arguments(const char *spec, const char *rest, struct choices *cs)
{
	struct cli_pipe p;
	size_t col;

	/* what is missing may be anything: a dot is as good as the next */
	struct txt whole = TXT_INIT;
	txt_printf(&whole, "%s.", spec);
	if (*rest || cli_pipe_read(txt_cstr(&whole), &p, &col))
		p = (struct cli_pipe){ 0 };
	txt_fini(&whole);
	if (p.kind == CLI_PIPE_REDIRECT || p.kind == CLI_PIPE_APPEND || p.kind == CLI_PIPE_TEE) {
		if (p.kind == CLI_PIPE_TEE)
			choice_add(cs, "/append", "Append redirected output to URL");
		choice_add(cs, "flash:", "Uniform Resource Locator");
		return;
	}
	choice_add(cs, "LINE", "Regular Expression");
	if (p.kind == CLI_PIPE_SECTION) {
		choice_add(cs, "exclude", "Exclude entire section(s) of output");
		choice_add(cs, "include", "Include entire section(s) of output");
	}
}

/* What may follow `COMMAND | spec`, if COMMAND can be filtered; returns where the word that is
 * being typed begins, NULL: none is. */
static const char *pipe_choices(const struct cli_grammar *g, unsigned mode, const struct cli_who *who, const char *line,
				struct choices *cs)
{
	size_t bar = cli_bar(line);
	char *command = strndup(line, bar);
	struct cli_words w = { 0 };
	struct cli_match m = { 0 };
	const char *word = line + bar + 1 + strspn(line + bar + 1, " \t");
	size_t n = strcspn(word, " \t");

	if (!command || cli_words_init(&w, command))
		goto out;
	cli_match_run_as(&m, g, mode, &w, w.n, who);
	if (m.outcome != CLI_M_OK || (g->pipes && !g->pipes(m.best->row)))
		goto out;
	if (word[n]) {
		struct cli_pipe p;
		size_t col;

		if (!cli_pipe_read(line + bar + 1, &p, &col) && p.kind == CLI_PIPE_JSON)
			cs->end = true;
		else
			pipe_arguments(line + bar + 1, word + n + strspn(word + n, " \t"), cs);
		word = NULL;
	} else {
		for (const struct cli_name *row = cli_pipe_names; row->word; row++)
			if (begins(row->word, n ? word : NULL))
				choice_add(cs, row->word, row->help);
		word = n ? word : NULL;
	}
out:
	if (m.level)
		cli_match_fini(&m);
	cli_words_fini(&w);
	free(command);
	return word;
}

static void pipe_help(const struct cli_grammar *g, unsigned mode, const struct cli_who *who, const char *line, struct txt *out)
{
	struct choices cs = { 0 };

	bool partial = pipe_choices(g, mode, who, line, &cs) != NULL;
	if (!cs.n && !cs.end)
		txt_str(out, "% Unrecognized command\n");
	else if (partial)
		print_columns(&cs, out);
	else
		print_lines(&cs, out);
	choices_fini(&cs);
}

static void pipe_complete(const struct cli_grammar *g, unsigned mode, const struct cli_who *who, const char *line,
			  struct txt *out)
{
	struct choices cs = { 0 };
	const char *word = pipe_choices(g, mode, who, line, &cs);

	if (word && cs.n == 1)
		txt_printf(out, "%s ", cs.v[0].word + strlen(word));
	choices_fini(&cs);
}

static bool has_bar(const struct cli_grammar *g, unsigned mode, const char *line)
{
	return (g->modes[mode].flags & MODE_EXEC) && line[cli_bar(line)];
}

void cli_help(const struct cli_grammar *g, unsigned mode, const struct cli_who *who, const char *line,
	      struct txt *out)
{
	struct cli_words w;
	struct cli_match m;
	struct choices cs = { 0 };

	line = behind_do(g, &mode, line);
	if (has_bar(g, mode, line)) {
		pipe_help(g, mode, who, line, out);
		return;
	}
	if (cli_words_init(&w, line))
		return;
	run_either(&m, g, mode, who, &w);
	bool partial = w.n && !w.blank_end;
	if (m.level && m.depth == m.n)
		choices_of(&m, partial ? w.v[w.n - 1].text : NULL, false, &cs);
	if (!cs.n && !partial && m.half && m.half->second && m.depth + 1 == m.n)
		m.half->second(w.v[w.n - 1].text, out);
	else if (!cs.n && (partial || !cs.end))
		print_failure(&m, line, out);
	else if (partial)
		print_columns(&cs, out);
	else
		print_lines(&cs, out);
	choices_fini(&cs);
	cli_match_fini(&m);
	cli_words_fini(&w);
}

void cli_complete(const struct cli_grammar *g, unsigned mode, const struct cli_who *who, const char *line,
		  struct txt *out)
{
	struct cli_words w;
	struct cli_match m;
	struct choices cs = { 0 };

	line = behind_do(g, &mode, line);
	if (has_bar(g, mode, line)) {
		pipe_complete(g, mode, who, line, out);
		return;
	}
	if (cli_words_init(&w, line))
		return;
	if (w.n && !w.blank_end) {
		run_either(&m, g, mode, who, &w);
		if (m.level && m.depth == m.n)
			choices_of(&m, w.v[w.n - 1].text, true, &cs);
		const struct cli_word_ref *last = &w.v[w.n - 1];
		const char *one = cs.n == 1 ? cs.v[0].word : NULL;

		for (size_t i = 0; i < cs.n; i++)
			if (!strcasecmp(cs.v[i].word, last->text))
				one = cs.v[i].word; /* exact beats prefix */
		if (one) {
			txt_str(out, one + last->len);
			txt_char(out, ' ');
		}
		cli_match_fini(&m);
	}
	choices_fini(&cs);
	cli_words_fini(&w);
}
