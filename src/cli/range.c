/* SPDX-License-Identifier: Apache-2.0 */
/* Lines that stand for several (`interface range`): each object's own mode is entered in turn, and what is typed
 * there is said in each of them, as if somebody had typed it that often. */
#include "cli/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void cli_range_end(struct cli_session *s)
{
	for (size_t i = 0; i < s->n_range; i++)
		free(s->range[i]);
	s->n_range = 0;
}

bool cli_range_is(const struct cli_session *s)
{
	return s->n_range && s->n && s->f[s->n - 1].serial == s->range_serial;
}

/* A line as if it were typed now, in whatever mode the session is. */
static int say(const struct cli_work *k, const char *line)
{
	struct cli_work one = *k;
	struct cli_words w;
	int err = cli_words_init(&w, line);

	if (err)
		return err;
	one.w = &w;
	one.text = line;
	err = cli_config_line(&one);
	cli_words_fini(&w);
	return err;
}

/* In each object: the line that leads there, then k's own (lead: only the first). The session is in the last one then. */
static int say_in_each(struct cli_work *k, bool lead)
{
	struct cli_session *s = k->s;
	size_t n = s->n_range;
	int err = 0;

	s->n_range = 0; /* what is said now is said once */
	for (size_t i = 0; !err && i < n; i++) {
		cli_session_pop(s, 1);
		err = say(k, s->range[i]);
		if (!err && !lead && s->n > 1)
			err = cli_config_line(k);
	}
	s->n_range = n;
	if (s->n > 1) {
		s->f[s->n - 1].prompt = s->range_prompt;
		s->range_serial = s->f[s->n - 1].serial;
	}
	return err;
}

/* The lines that lead there. */
static int collect(struct cli_session *s, const struct cli_row *row, const void *args)
{
	struct txt line = TXT_INIT;
	int err = 0;

	while (!err && row->range(args, s->n_range, &line)) {
		if (s->n_range == CLI_RANGE_MAX)
			err = -EDOM;
		else if (!(s->range[s->n_range] = txt_steal(&line)))
			err = -ENOMEM;
		else
			s->n_range++;
		txt_clear(&line);
	}
	txt_fini(&line);
	return !err && !s->n_range ? -EDOM : err;
}

int cli_range_begin(struct cli_work *k, const struct cli_match *m)
{
	struct cli_session *s = k->s;
	const struct cli_row *row = m->best->row;
	void *args = calloc(1, row->args_size);
	int err = -ENOMEM;

	cli_range_end(s);
	if (args) {
		cli_bind(m, args);
		err = collect(s, row, args);
	}
	free(args);
	s->range_prompt = row->prompt;
	if (!err)
		err = say_in_each(k, true);
	if (err)
		cli_range_end(s);
	return err;
}

/* Not what leaves the mode, is a global command, or is none of this level's, which is said once. */
static bool is_of_mode(const struct cli_work *k)
{
	struct cli_match m = { 0 };
	struct cli_who whose;
	bool is;

	cli_match_run_as(&m, k->s->g, k->s->f[k->s->n - 1].mode, k->w, k->w->n, cli_session_who(k->s, k->root, &whose));
	is = !m.nomem && m.outcome == CLI_M_OK && !cli_is_builtin(m.best->row);
	if (m.level)
		cli_match_fini(&m);
	return is;
}

bool cli_range_line(struct cli_work *k, int *ret_err)
{
	if (!cli_range_is(k->s) || !is_of_mode(k))
		return false;
	*ret_err = say_in_each(k, false);
	return true;
}
