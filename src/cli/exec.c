/* SPDX-License-Identifier: Apache-2.0 */
/* EXEC lines, what is said about lines that are wrong, and lines as logs may show
 * them. */
#include "base/secret.h"
#include "base/utf8.h"
#include "cli/pipe.h"
#include "cli/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- messages ---- */

/* Columns before the error: what a terminal shows for those bytes; a report shows tabs as blanks. */
static size_t columns_before(const struct cli_session *s, const char *line, size_t at)
{
	size_t n = strnlen(line, at), columns = utf8_columns(line, n) + (at - n);

	for (size_t i = 0; i < n && !s->interactive; i++)
		columns -= line[i] == '\t' || line[i] == '\r';
	return columns;
}

void cli_caret(struct cli_result *r, const struct cli_session *s, const void *root, const char *line, const char *hint)
{
	size_t columns = cli_session_width(s, root) + columns_before(s, line, r->col);

	txt_printf(&r->out, "%*s^\n%% Invalid input detected at '^' marker.\n%s\n", (int)columns, "", hint);
}

/* What m found wrong, as IOS prints it. */
void cli_explain(struct cli_session *s, const void *root, const struct cli_match *m,
		    const char *line, size_t shift, bool wrapped, struct cli_result *r)
{
	struct txt hint = TXT_INIT;

	r->status = CLI_ERROR;
	r->col = (uint32_t)(shift + (m->w->n ? m->w->v[0].off : 0));
	if (m->outcome == CLI_M_INCOMPLETE) {
		r->col = (uint32_t)(shift + m->w->line_len);
		txt_str(&r->out, "% Incomplete command.\n\n");
		return;
	}
	if (m->depth < m->w->n)
		r->col = (uint32_t)(shift + m->w->v[m->depth].off);
	if (m->outcome == CLI_M_AMBIGUOUS) {
		txt_printf(&r->out, "%% Ambiguous command:  \"%s\"\n\n", m->w->line + strspn(m->w->line, " \t"));
		return;
	}
	r->col += (uint32_t)m->bad;
	/* at the keyboard IOS says no more, and programs compare what it says */
	const char *word = s->interactive ? NULL : cli_match_suggest(m);
	if (wrapped && m->depth == 0)
		txt_str(&hint, "% Hint: this looks like the rest of a wrapped description; "
			       "put it at the end of the line before\n");
	else if (word)
		txt_printf(&hint, "%% Hint: did you mean \"%s\"?\n", word);
	cli_caret(r, s, root, line - shift, txt_cstr(&hint));
	txt_fini(&hint);
}

/* ---- EXEC ---- */

size_t cli_bar(const char *line)
{
	size_t i = 0;

	while (line[i] && !(line[i] == '|' && i && (line[i - 1] == ' ' || line[i - 1] == '\t')))
		i++;
	return i;
}

/* Cuts `| filter` off the line; a malloc'ed copy of both. */
static char *cut_pipe(const char *line, char **ret_pipe)
{
	size_t bar = cli_bar(line);

	*ret_pipe = line[bar] ? strdup(line + bar + 1 + strspn(line + bar + 1, " \t")) : NULL;
	return strndup(line, bar);
}

/* Whether r->pipe is one, behind this row; the columns of the bar and of what is behind it. Says what is wrong. */
static bool check_pipe(struct cli_session *s, const void *root, const struct cli_row *row, const char *typed,
		       size_t bar, size_t spec, struct cli_result *r)
{
	struct cli_pipe p;
	size_t col = 0;
	bool may = !s->g->pipes || s->g->pipes(row);
	int err = may ? cli_pipe_read(r->pipe, &p, &col) : -EINVAL;

	if (!err)
		return true;
	r->status = CLI_ERROR;
	r->col = (uint32_t)(may ? spec + col : bar);
	if (err == -ENODATA)
		txt_str(&r->out, "% Incomplete command.\n\n");
	else
		cli_caret(r, s, root, typed, "");
	return false;
}

static int exec_take(struct cli_session *s, const struct cli_match *m, struct cli_result *r)
{
	const struct cli_row *row = m->best->row;

	r->status = CLI_EXEC;
	r->action = row->action;
	if (row->args_size) {
		r->args = calloc(1, row->args_size);
		if (!r->args)
			return -ENOMEM;
		r->args_size = row->args_size;
		cli_bind(m, r->args);
	}
	if (!row->enters || !s->interactive || s->n)
		return 0;
	cli_session_goto(s, row->enters);
	if (row->msg)
		txt_printf(&r->out, "%s\n", row->msg);
	return 0;
}

/* Whether all that a line names can be; else where it does not, as IOS says it. */
static bool all_known(struct cli_session *s, const void *root, const struct cli_match *m, const char *typed, size_t shift,
		      struct cli_result *r)
{
	for (const struct cli_node *n = m->best; n->pc != CLI_START; n = cli_node_up(m, n)) {
		const struct cli_tok *t = &n->row->toks[n->pc];
		const struct cli_word_ref *w = &m->w->v[n->up_level];

		if (t->kind != CLI_ARG || !t->type->known || t->type->known(root, w->text))
			continue;
		r->status = CLI_ERROR;
		r->col = (uint32_t)(shift + w->off);
		cli_caret(r, s, root, typed - shift, "");
		return false;
	}
	return true;
}

int cli_exec_line(struct cli_session *s, const void *root, unsigned mode, const char *typed,
		     size_t shift, struct cli_result *r)
{
	char *line = cut_pipe(typed, &r->pipe);
	struct cli_words w = { 0 };
	struct cli_match m = { 0 };
	struct cli_who who;
	int err = -ENOMEM;

	if (!line || cli_words_init(&w, line))
		goto out;
	err = 0;
	if (!w.n)
		goto out;
	cli_match_run_as(&m, s->g, mode, &w, w.n, cli_session_who(s, root, &who));
	if (m.nomem)
		err = -ENOMEM;
	else if (m.outcome == CLI_M_OK) {
		if (all_known(s, root, &m, typed, shift, r) &&
		    (!r->pipe || check_pipe(s, root, m.best->row, typed - shift, shift + strlen(line),
					 shift + strlen(typed) - strlen(r->pipe), r)))
			err = exec_take(s, &m, r);
	}
	else if (m.outcome == CLI_M_INVALID && m.depth == 0 && w.n == 1) {
		r->status = CLI_ERROR;
		r->col = (uint32_t)(shift + w.v[0].off);
		txt_str(&r->out, "% Unknown command or computer name, or unable to find computer "
				 "address\n");
	} else
		cli_explain(s, root, &m, typed, shift, false, r);
out:
	if (w.buf) {
		if (m.level)
			cli_match_fini(&m);
		cli_words_fini(&w);
	}
	free(line);
	return err;
}

bool cli_session_may(const struct cli_session *s, const void *root, const char *line)
{
	struct cli_who whose;
	const struct cli_who *who = cli_session_who(s, root, &whose);
	struct cli_words w;
	struct cli_match m;

	if (!who)
		return true;
	if (cli_words_init(&w, line))
		return false;
	cli_match_run_as(&m, s->g, s->g->mode_exec, &w, w.n, who);
	bool may = !m.nomem && m.outcome == CLI_M_OK;
	cli_match_fini(&m);
	cli_words_fini(&w);
	return may;
}

/* True if the words are an EXEC line: such a line is no part of a configuration. */
bool cli_is_exec_line(struct cli_session *s, const struct cli_words *w, uint16_t *ret_action)
{
	struct cli_match m;
	char *pipe, *line = cut_pipe(w->line, &pipe);
	struct cli_words own = { 0 };
	bool ok = false;

	if (line && !cli_words_init(&own, line) && own.n) {
		cli_match_run(&m, s->g, s->g->mode_exec, &own, own.n);
		ok = m.outcome == CLI_M_OK;
		if (ok)
			*ret_action = m.best->row->action;
		cli_match_fini(&m);
	}
	cli_words_fini(&own);
	free(line);
	free(pipe);
	return ok;
}

/* ---- logs ---- */

/* True: it is a whole command, and so nothing of it was left out. */
static bool mask_words(const struct cli_grammar *g, unsigned mode, const char *line, struct txt *out)
{
	struct cli_words w;
	struct cli_match m;
	bool hide[256] = { false };
	size_t shown;

	if (cli_words_init(&w, line))
		return false;
	cli_match_run(&m, g, mode, &w, w.n);
	bool whole = m.outcome == CLI_M_OK;
	shown = m.depth < 256 ? m.depth : 256;
	for (size_t i = 0; m.level && i < m.level[m.depth].n; i++)
		for (const struct cli_node *n = &m.level[m.depth].v[i]; n->pc != CLI_START;
		     n = cli_node_up(&m, n)) {
			const struct cli_tok *t = &n->row->toks[n->pc];

			if (!(t->flags & CLI_SECRET) || n->up_level >= 256)
				continue;
			hide[n->up_level] = true;
			if (t->type->rest && n->up_level < shown)
				shown = n->up_level + 1u;
		}
	for (size_t i = 0; i < shown; i++)
		txt_printf(out, "%s%s", i ? " " : "", hide[i] ? "*****" : w.v[i].text);
	if (shown < w.n && !whole)
		txt_str(out, " ...");
	cli_match_fini(&m);
	cli_words_fini(&w);
	return whole;
}

void cli_mask_line(const struct cli_grammar *g, unsigned mode, const char *line, struct txt *out)
{
	size_t bar = g->modes[mode].flags & MODE_EXEC ? cli_bar(line) : strlen(line);
	char *command = strndup(line, bar);

	if (!command) {
		out->bad = true;
		return;
	}
	/* a filter holds no secret of its own; but what stands behind a bar of no command may be one */
	if (mask_words(g, mode, command, out) && line[bar])
		txt_printf(out, " %s", line + bar);
	else if (line[bar])
		txt_str(out, " | ...");
	secret_free(command, bar);
}

/* Whether a command that begins like the words that m has taken has a secret in it. */
static bool near_secret(const struct cli_match *m)
{
	const struct cli_level *l = m->level ? &m->level[m->depth] : NULL;

	for (size_t i = 0; l && i < l->n; i++)
		for (const struct cli_tok *t = l->v[i].row->toks; t->kind != CLI_END; t++)
			if (t->flags & CLI_SECRET)
				return true;
	return !l;
}

/* Words, or pieces of them, that secrets stand behind, in modes other than the line's, too. */
static bool names_secret(const char *line)
{
	static const char *const words[] = { "pas", "sec", "key", "psk", "comm", "auth", "md5", "sha", "cred", "phrase", "://" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasestr(line, words[i]))
			return true;
	return false;
}

/* Whether it is no command of that mode, and holds no secret as what it seems to be there. unknown: nor if it does not
 * even begin like one. */
static bool harmless(const struct cli_grammar *g, unsigned mode, const struct cli_words *w, bool unknown)
{
	struct cli_match m;

	cli_match_run(&m, g, mode, w, w->n);
	bool ok = !m.nomem && m.outcome != CLI_M_OK && (m.depth ? !near_secret(&m) : unknown);
	cli_match_fini(&m);
	return ok;
}

void cli_mask_typed(const struct cli_grammar *g, unsigned mode, const char *line, struct txt *out)
{
	bool exec = g->modes[mode].flags & MODE_EXEC, plain = false;
	size_t bar = exec ? cli_bar(line) : strlen(line);
	char *command = strndup(line, bar);
	struct cli_words w;

	if (command && !names_secret(line) && !cli_words_init(&w, command)) {
		/* no row of EXEC takes a secret; and it may have been typed in the wrong mode */
		plain = w.n && harmless(g, mode, &w, exec) && (mode == g->mode_config || harmless(g, g->mode_config, &w, true));
		cli_words_fini(&w);
	}
	if (plain)
		txt_str(out, line + strspn(line, " \t"));
	else
		cli_mask_line(g, mode, line, out);
	if (command)
		secret_free(command, bar);
}
