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

/* The object that a line leads to is still there. */
static bool is_there(const struct cli_work *k, const char *line)
{
	struct cli_match m = { 0 };
	struct cli_words w;
	bool is = false;

	if (cli_words_init(&w, line))
		return false;
	cli_match_run(&m, k->s->g, k->s->g->mode_config, &w, w.n);
	if (!m.nomem && m.outcome == CLI_M_OK && m.best->row->find) {
		void *args = calloc(1, m.best->row->args_size);

		if (args) {
			cli_bind(&m, args);
			is = m.best->row->find(k->root, k->root, args);
		}
		free(args);
	}
	if (m.level)
		cli_match_fini(&m);
	cli_words_fini(&w);
	return is;
}

/* The frame that the session is in stands for the first n of them, until it is left. */
static void stand_for_all(struct cli_session *s, size_t n)
{
	s->n_range = n;
	if (s->n > 1) {
		s->f[s->n - 1].prompt = s->range_prompt;
		s->range_serial = s->f[s->n - 1].serial;
	}
}

/* Into the last that is there, if the session is in none; what is said now is said once (n_range is 0). */
static int enter_one(struct cli_work *k, size_t n)
{
	int err = 0;

	while (!err && n-- > 0 && k->s->n <= 1)
		if (is_there(k, k->s->range[n]))
			err = say(k, k->s->range[n]);
	return err;
}

/* Each object is made, or entered. What cannot be, since a level has no such line, is none of them. */
static int lead_to_each(struct cli_work *k)
{
	struct cli_session *s = k->s;
	size_t n = s->n_range, kept = 0;
	int err = 0;

	s->n_range = 0;
	for (size_t i = 0; i < n; i++) {
		char *line = s->range[i];

		cli_session_pop(s, 1);
		if (!err)
			err = say(k, line);
		if (!err && s->n > 1)
			s->range[kept++] = line;
		else
			free(line);
	}
	if (!err)
		err = enter_one(k, kept);
	stand_for_all(s, kept);
	return err;
}

/* In each object: the line that leads there, then k's own. One that somebody else has removed meanwhile is not made anew: who
 * removed it meant that, and who types here does not see that it is gone, so that he is told, as in the mode of one object. */
static int say_in_each(struct cli_work *k)
{
	struct cli_session *s = k->s;
	size_t n = s->n_range;
	int err = 0;

	s->n_range = 0;
	for (size_t i = 0; !err && i < n; i++) {
		if (!is_there(k, s->range[i])) {
			k->r->status = CLI_ERROR;
			txt_printf(&k->r->out, "%% \"%s\" was removed meanwhile: nothing was changed there\n\n", s->range[i]);
			continue;
		}
		cli_session_pop(s, 1);
		err = say(k, s->range[i]);
		if (!err && s->n > 1)
			err = cli_config_line(k);
	}
	if (!err)
		err = enter_one(k, n);
	stand_for_all(s, n);
	return err;
}

bool cli_range_stays(struct cli_work *k)
{
	size_t n = k->s->n_range;

	k->s->n_range = 0;
	bool stays = !enter_one(k, n) && k->s->n > 1;
	stand_for_all(k->s, n);
	return stays;
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
		err = lead_to_each(k);
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
	*ret_err = say_in_each(k);
	return true;
}
