/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration lines: which mode takes a line, what becomes of it, and how one
 * that nobody takes is kept. */
#include "cli/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- lines that are kept ---- */

struct keep_list cli_kept_list(const struct cli_work *k, size_t frame)
{
	while (frame && k->s->f[frame].block)
		frame--;
	return keep_list_of(k->s->g, k->s->f[frame].mode, k->obj[frame]);
}

int cli_disown(struct cli_work *k, size_t frame)
{
	struct cli_session *s = k->s;

	cli_session_forget(s);
	s->orphan = strdup(k->text);
	s->orphan_indent = k->w->indent;
	s->orphan_frame = frame;
	return s->orphan ? 0 : -ENOMEM;
}

/* The place of a line of row among the row's elements. m: how far it was understood. */
static uint64_t place_behind(const struct cli_work *k, size_t frame, const struct cli_row *row,
			     const struct cli_match *m)
{
	char *args = m && m->best ? calloc(1, row->args_size) : NULL;
	uint64_t place;

	if (args)
		cli_bind(m, args);
	place = row->behind(k->root, k->obj[frame], args);
	if (args)
		explicit_bzero(args, row->args_size);
	free(args);
	return place;
}

static bool is_of_mode(const struct cli_work *k, unsigned mode);

/* A mode within that of the frame understands the line: behind a block of that one it would be read as its own. */
static bool is_of_inner(const struct cli_work *k, size_t frame)
{
	unsigned mode = k->s->f[frame].mode;

	for (const struct cli_row *const *t = k->s->g->tables; frame && *t; t++)
		for (const struct cli_row *row = *t; row->toks; row++)
			if (row->enters && (row->modes & CLI_IN(mode)) && is_of_mode(k, row->enters))
				return true;
	return false;
}

/* m->best, if not NULL: the place in the anchor's row up to which the line was right. */
static int keep_refused(struct cli_work *k, size_t frame, enum cli_keep why, uint32_t anchor,
			const struct cli_match *m)
{
	struct cli_session *s = k->s;
	struct keep_list list = cli_kept_list(k, frame);
	const struct cli_row *row = cli_row_of(s->g, anchor);
	struct cli_kept line = { .kind = why, .anchor = anchor, .text = k->text,
				 .line = k->number, .col = k->r->col };
	int err;

	if (s->f[frame].block) {
		/* what stands in a kept block is not judged */
		return keep_child(list, s->f[frame].block, 1, k->text, true);
	}
	if (is_of_inner(k, frame))
		line.anchor = anchor = 0;
	else if (row && row->behind)
		line.after = place_behind(k, frame, row, m);
	/* what says nothing of its place stays behind the refused line before it, which may
	 * have said a place where there is no element yet */
	if (anchor && !(m && m->best) && anchor == s->f[frame].anchor && line.after < s->f[frame].after)
		line.after = s->f[frame].after;
	keep_unsay(list, k->text);
	err = keep_error(list, &line);
	if (err)
		return err;
	s->f[frame].plain |= !k->w->indent;
	if (anchor) {
		s->f[frame].anchor = anchor; /* the next one that is not understood stays behind it */
		s->f[frame].after = line.after;
	}
	k->r->kept = true;
	k->r->why = why;
	k->r->config = true;
	return cli_disown(k, frame);
}

static int enter(struct cli_work *k, size_t frame, const struct cli_row *row, void *args)
{
	struct cli_session *s = k->s;
	struct cli_frame *f;

	cli_session_pop(s, frame + 1);
	f = cli_session_push(s, row->enters);
	if (!f)
		return -E2BIG;
	f->row = row;
	f->args = args;
	f->args_size = row->args_size;
	f->indent = k->w->indent;
	f->prompt = row->prompt;
	return 0;
}

/* A line that is known and only kept; it may open a block. */
static int take_keep(struct cli_work *k, size_t frame, const struct cli_match *m)
{
	struct cli_session *s = k->s;
	const struct cli_row *row = m->best->row;
	struct keep_list list = cli_kept_list(k, frame);
	bool new = false;
	int err;

	if ((row->flags & ROW_RAW) && m->best->op == CLI_SET)
		return cli_banner(k, frame, row, k->w->v[m->best->up_level].off);
	err = keep_quiet(list, row, cli_row_number(s->g, row), m->best->op, k->text, k->number, &new);
	if (row->msg && new && m->best->op == CLI_SET)
		txt_printf(&k->r->out, "%s\n", row->msg);
	if (err || m->best->op != CLI_SET)
		return err;
	if (row->enters) {
		err = enter(k, frame, row, NULL);
		if (err)
			return err;
		s->f[s->n - 1].block = strdup(k->text);
		s->f[s->n - 1].depth = 1;
		s->f[s->n - 1].reopened = !new;
		return s->f[s->n - 1].block ? 0 : -ENOMEM;
	}
	return 0;
}

/* A plain setting: its fields go to their defaults, then what was said is bound. What the
 * row's own check refuses leaves them as they were. */
static int take_setting(struct cli_work *k, size_t frame, const struct cli_match *m)
{
	const struct cli_row *row = m->best->row;
	const void *defaults = k->s->g->modes[k->s->f[frame].mode].defaults;
	struct cli_call c = { k->root, k->obj[frame], k->obj[frame], m->best->op, &k->r->out,
			      k->number };
	bool off = m->best->op == CLI_NO && (row->flags & ROW_SWITCH);
	size_t extent = row->apply ? cli_row_extent(row) : 0;
	char *before = malloc(extent + 1);
	int err = 0;

	if (!before)
		return -ENOMEM;
	memcpy(before, k->obj[frame], extent);
	cli_row_reset(row, k->obj[frame], off ? NULL : defaults);
	if (m->best->op == CLI_SET)
		cli_bind(m, k->obj[frame]);
	if (row->apply)
		err = row->apply(&c);
	if (err)
		cli_row_reset(row, k->obj[frame], before);
	explicit_bzero(before, extent);
	free(before);
	return err;
}

static int take_element(struct cli_work *k, size_t frame, const struct cli_match *m)
{
	const struct cli_row *row = m->best->row;
	void *args = calloc(1, row->args_size);
	struct cli_call c = { k->root, k->obj[frame], args, m->best->op, &k->r->out,
			      k->number };
	int err = -ENOMEM;
	bool there;

	if (!args)
		return err;
	cli_bind(m, args);
	there = row->find && row->find(k->root, k->obj[frame], args);
	err = row->apply(&c);
	if (!err && row->enters && m->best->op == CLI_SET) {
		err = enter(k, frame, row, args);
		k->s->f[k->s->n - 1].made = !err && !there;
		if (!err)
			return 0; /* the frame owns args now */
	}
	explicit_bzero(args, row->args_size);
	free(args);
	return err;
}

/* A refusal by the command itself: it said why, or (-EDOM) the grammar's error. */
static int refuse(struct cli_work *k, size_t frame, const struct cli_match *m, int err)
{
	k->r->status = CLI_ERROR;
	k->r->col = (uint32_t)k->w->v[k->w->n - 1].off;
	if (err == -EDOM)
		cli_caret(k->r, k->s, k->root, k->w->line, "");
	if (m->best->op != CLI_SET)
		return 0;
	/* it is not kept, nor is what may stand below it */
	if (err == -EEXIST && k->s->interactive)
		return m->best->row->enters ? cli_disown(k, frame) : 0;
	/* what is there already must stand before it when the text is read again */
	return keep_refused(k, frame, err == -EEXIST ? CLI_KEEP_CONFLICT : CLI_KEEP_INVALID,
			    err == -EEXIST ? CLI_ANCHOR_END :
					     cli_anchor_of(k->s->g, m->best->row),
			    m);
}

/* A line that acts and is no setting: the caller's, if somebody typed it. */
static int take_action(struct cli_work *k, size_t frame, const struct cli_match *m)
{
	const struct cli_row *row = m->best->row;

	if (!k->s->interactive) {
		txt_str(&k->r->out, "% NOTE: this line acts and is no part of a configuration; type it "
				    "in configuration mode.\n");
		return 0;
	}
	k->r->args = calloc(1, row->args_size);
	if (!k->r->args)
		return -ENOMEM;
	cli_bind(m, k->r->args);
	k->r->args_size = row->args_size;
	k->r->status = CLI_EXEC;
	k->r->action = row->action;
	cli_session_pop(k->s, frame + 1);
	return 0;
}

static bool is_action(const struct cli_work *k, const struct cli_match *m)
{
	const struct cli_row *row = m->best->row;

	return row->action && (!row->apply || (k->s->interactive && m->best->op == CLI_NO));
}

static int take(struct cli_work *k, size_t frame, const struct cli_match *m)
{
	struct cli_session *s = k->s;
	const struct cli_row *row = m->best->row;
	int err;

	if (row->flags & ROW_ERROR) {
		txt_printf(&k->r->out, "%s\n", row->msg);
		return refuse(k, frame, m, -EINVAL);
	}
	if (is_action(k, m))
		return take_action(k, frame, m);
	if (row->range)
		err = cli_range_begin(k, m);
	else if (row->flags & ROW_KEEP)
		err = take_keep(k, frame, m);
	else if (row->args_size)
		err = take_element(k, frame, m);
	else
		err = take_setting(k, frame, m);
	if (err == -EINVAL || err == -EDOM || err == -EEXIST)
		return refuse(k, frame, m, err);
	if (err || row->range)
		return err;
	k->r->config = true;
	s->wrapped = row->flags & ROW_WRAPS && m->best->op == CLI_SET;
	s->f[frame].plain |= !k->w->indent;
	if (!row->enters || m->best->op != CLI_SET)
		cli_session_pop(s, frame + 1);
	if ((row->flags & ROW_LEAVES) && frame) {
		cli_session_pop(s, frame);
		return 0;
	}
	s->f[frame].anchor = cli_anchor_of(s->g, row);
	s->f[frame].after = 0;
	/* of the global level only: of an access list they say that it is not whole */
	if (m->best->op != CLI_SET && !frame)
		keep_settle(cli_kept_list(k, frame));
	else if (m->best->op == CLI_SET && !(row->flags & ROW_KEEP))
		keep_supersede(cli_kept_list(k, frame), k->w, s->f[frame].anchor);
	return 0;
}

static int take_builtin(struct cli_work *k, const struct cli_match *m)
{
	struct cli_session *s = k->s;
	size_t off;

	switch ((enum cli_builtin)m->best->row->action) {
	case CLI_B_EXIT:
		if (s->n > 1) {
			cli_session_pop(s, s->n - 1);
			return 0;
		}
		/* fall through */
	case CLI_B_END:
		k->r->ended = true;
		if (s->interactive) /* back to where he came from, who may be of user EXEC's level */
			cli_session_set_level(s, s->level);
		else
			cli_session_goto(s, s->g->mode_config);
		return 0;
	default:
		off = k->w->v[1].off;
		return cli_exec_line(s, k->root, s->g->mode_exec, k->w->line + off, off, k->r);
	}
}

static bool is_builtin_word(const char *word)
{
	for (const struct cli_row *row = cli_builtins; row->toks; row++)
		if (!strcasecmp(row->toks[0].word, word))
			return true;
	return false;
}

/* What a person at the keyboard mistypes and no configuration contains: not kept. */
static bool is_slip(const struct cli_work *k, const struct cli_match *m)
{
	const char *first = k->w->v[0].text;

	if (m->outcome == CLI_M_INCOMPLETE)
		return !strcasecmp(first, "no") || !strcasecmp(first, "default") ||
		       !strcasecmp(first, "do");
	if (m->outcome == CLI_M_INVALID && k->w->n > 1 &&
	    (!strcasecmp(first, "no") || !strcasecmp(first, "default")))
		return is_builtin_word(k->w->v[1].text);
	return m->outcome == CLI_M_AMBIGUOUS;
}

/* Where a line that nobody understood belongs, and what is wrong with it. */
static int take_unknown(struct cli_work *k, const struct cli_match *own, const struct cli_match *global)
{
	struct cli_session *s = k->s;
	size_t frame = s->n - 1;
	const struct cli_match *m = own;
	struct cli_match part;
	struct cli_who who;
	bool exec;
	uint16_t action;

	if (frame && !k->w->indent && global != own &&
	    (global->depth > own->depth || (global->depth == own->depth && s->f[frame].closed))) {
		m = global;
		frame = 0;
	}
	exec = cli_is_exec_line(s, k->w, &action);
	if (exec && !s->interactive) {
		k->r->status = CLI_EXEC;
		k->r->action = action;
		return 0;
	}
	cli_explain(s, k->root, m, k->w->line, 0, s->wrapped, k->r);
	s->wrapped = false;
	/* what a level may not say must not be kept, and be said by whoever reads the file */
	if (exec || (s->interactive && is_slip(k, m)) || cli_session_who(s, k->root, &who))
		return 0;
	uint32_t anchor = s->f[frame].anchor ? s->f[frame].anchor :
			  s->interactive && !cli_ends_itself(s->g, s->f[frame].mode) ? CLI_ANCHOR_END : 0;
	part = *m;
	part.best = NULL;
	if (m->depth && m->depth <= m->n) {
		/* the last place where it was still right says where it belongs */
		const struct cli_level *l = &m->level[m->depth];

		/* behind all that may begin like it, so that they do not replace it
		 * when the text is read again; nothing stands behind what ends the mode */
		for (size_t i = 0; i < l->n; i++)
			if (!cli_is_builtin(l->v[i].row) && !(l->v[i].row->flags & ROW_LEAVES))
				part.best = &l->v[i];
		if (part.best)
			anchor = cli_anchor_of(s->g, part.best->row);
	}
	return keep_refused(k, frame,
			    m->outcome == CLI_M_INCOMPLETE ? CLI_KEEP_INCOMPLETE : CLI_KEEP_INVALID,
			    anchor, &part);
}

/* `no` and a kept line: it goes. An indented line means its own block alone; one that
 * is typed means the nearest. */
static bool drop_kept(struct cli_work *k)
{
	const struct cli_session *s = k->s;
	size_t least = k->w->indent ? s->n - 1 : 0;
	const char *rest;

	if (k->w->n < 2 || strcasecmp(k->w->v[0].text, "no"))
		return false;
	rest = k->text + strlen("no ");
	if (!s->interactive && !strncasecmp(rest, "no ", 3)) /* a file's `no ...` is a line like others, and stays one */
		return false;
	for (size_t i = s->n; i-- > least;) {
		struct keep_list list = cli_kept_list(k, i);
		size_t at = k->w->indent && s->f[i].block ? KEEP_NONE :
			    s->interactive ? keep_find_words(list, rest) : keep_find(list, rest);

		if (at == KEEP_NONE)
			continue;
		list.ops->del(list.list, at);
		k->r->config = true;
		return true;
	}
	return false;
}

/* A line in a mode whose lines are only kept; word: it is one of the mode's own. True if it was taken. */
static bool keeps_child(struct cli_work *k, bool word, const struct cli_match *own,
			const struct cli_match *global, int *ret_err)
{
	struct cli_session *s = k->s;
	struct cli_frame *f = &s->f[s->n - 1];
	struct cli_who who;

	/* nor does a level keep there what it may not say elsewhere */
	if (!f->block || cli_session_who(s, k->root, &who) || (!k->w->indent &&
	    ((!word && own->outcome != CLI_M_OK && global->outcome == CLI_M_OK) || f->closed)))
		return false;
	unsigned depth = k->w->indent ? (unsigned)k->w->indent : f->depth;

	*ret_err = -ENOENT;
	if (k->w->n > 1 && !strcasecmp(k->w->v[0].text, "no"))
		*ret_err = keep_child_del(cli_kept_list(k, s->n - 1), f->block, depth,
					  k->text + strlen("no "));
	if (*ret_err == -ENOENT)
		*ret_err = keep_child(cli_kept_list(k, s->n - 1), f->block, depth, k->text, f->reopened);
	f->plain |= !k->w->indent;
	k->r->config = true;
	cli_session_nest(s, k->w->v[0].text, k->w->indent);
	return true;
}

/* A row that does something takes the line's beginning, up to where own ended. */
static bool is_in_force(const struct cli_match *own)
{
	const struct cli_level *l = &own->level[own->depth < own->n ? own->depth : own->n];

	for (size_t i = 0; i < l->n; i++)
		if (!cli_is_builtin(l->v[i].row) && !(l->v[i].row->flags & ROW_KEEP))
			return true;
	return false;
}

/* The mode knows the line's beginning better than a global row that would keep
 * anything behind its keywords: then the line is wrong. */
static bool only_kept_globally(const struct cli_work *k, const struct cli_match *own,
			       const struct cli_match *global)
{
	/* `no` itself is a word that own took; below a block it is that block's */
	size_t words = global->best->op != CLI_SET && !k->w->indent;

	for (const struct cli_node *n = global->best; n->pc != CLI_START; n = cli_node_up(global, n))
		words += n->row->toks[n->pc].kind == CLI_KW;
	return (global->best->row->flags & ROW_KEEP) && own->depth >= words && is_in_force(own);
}

/* That mode understands the line. */
static bool is_of_mode(const struct cli_work *k, unsigned mode)
{
	struct cli_match m = { 0 };
	bool is;

	cli_match_run(&m, k->s->g, mode, k->w, k->w->n);
	is = !m.nomem && m.outcome == CLI_M_OK;
	if (m.level)
		cli_match_fini(&m);
	return is;
}

/* A mode within a mode: a line that is none of the inner one's and one of the outer one's
 * ends the inner one, as in text that running-config has printed. */
static void leave_inner(struct cli_work *k)
{
	struct cli_session *s = k->s;
	size_t top = s->n - 1;

	if (top < 2 || s->f[top].block || is_of_mode(k, s->f[top].mode))
		return;
	for (size_t i = top - 1; i > 0; i--)
		if (!s->f[i].block && is_of_mode(k, s->f[i].mode)) {
			cli_session_pop(s, i + 1);
			return;
		}
	/* nobody understands it: in indented text its place says whose it is */
	while (s->n > 2 && k->w->indent && k->w->indent <= s->f[s->n - 1].indent)
		cli_session_pop(s, s->n - 1);
}

static int config_line(struct cli_work *k)
{
	struct cli_session *s = k->s;
	size_t top;
	struct cli_match own = { 0 }, global = { 0 };
	struct cli_who whose;
	int err = 0;

	if (s->f[s->n - 1].over && !k->w->indent)
		cli_session_pop(s, 1);
	const struct cli_who *who = cli_session_who(s, k->root, &whose);
	if (!who && drop_kept(k))
		return 0;
	leave_inner(k);
	cli_session_unnest(s, k->w->indent);
	top = s->n - 1;
	if (k->w->indent)
		s->f[top].closed = true;
	cli_match_run_as(&own, s->g, s->f[top].mode, k->w, k->w->n, who);
	/* rows of a mode that only keeps, and its list, say which words are its own, though there
	 * is a global command of that name: until a `!` or an indented line ends it */
	bool word = s->f[top].block && ((own.outcome == CLI_M_OK && !cli_is_builtin(own.best->row)) ||
					cli_session_owns(s, k->w));
	if (top && (own.outcome != CLI_M_OK || (word && s->f[top].closed && !k->w->indent)))
		cli_match_run_as(&global, s->g, s->g->mode_config, k->w, k->w->n, who);
	if (own.nomem || global.nomem)
		err = -ENOMEM;
	else if (own.outcome == CLI_M_OK && cli_is_builtin(own.best->row))
		err = take_builtin(k, &own);
	else if (keeps_child(k, word, &own, &global, &err))
		;
	else if (own.outcome == CLI_M_OK && !word)
		err = take(k, top, &own);
	else if (global.level && global.outcome == CLI_M_OK &&
		 (s->f[top].block || !only_kept_globally(k, &own, &global)))
		err = take(k, 0, &global);
	else
		err = take_unknown(k, &own, top && global.outcome != CLI_M_OK ? &global : &own);
	if (own.level)
		cli_match_fini(&own);
	if (global.level)
		cli_match_fini(&global);
	return err;
}

/* What the mode of the last frame has to say should this line leave it; the object may
 * be gone by then, so that it is asked before. */
struct farewell {
	struct cli_frame f; /* with a copy of the arguments */
	size_t at;
	struct txt text;
};

static int farewell_init(struct farewell *w, const struct cli_work *k)
{
	const struct cli_session *s = k->s;
	const struct cli_mode *md = &s->g->modes[s->f[s->n - 1].mode];

	*w = (struct farewell){ .f = s->f[s->n - 1], .at = s->n - 1, .text = TXT_INIT };
	w->f.args = NULL;
	if (!s->interactive || !w->f.made || !md->left)
		return 0;
	md->left(k->obj[w->at], &w->text);
	w->f.args = malloc(w->f.args_size);
	if (!w->f.args)
		return -ENOMEM;
	memcpy(w->f.args, s->f[w->at].args, w->f.args_size);
	return 0;
}

/* Says it if the frame was left and the object is still there. */
static void farewell_say(const struct farewell *w, const struct cli_work *k)
{
	const struct cli_session *s = k->s;
	bool left = s->n <= w->at || s->f[w->at].serial != w->f.serial;

	if (w->text.len && left && w->f.row->find(k->root, k->obj[w->at - 1], w->f.args))
		txt_str(&k->r->out, txt_cstr(&w->text));
}

static void farewell_fini(struct farewell *w)
{
	if (w->f.args)
		explicit_bzero(w->f.args, w->f.args_size);
	free(w->f.args);
	txt_fini(&w->text);
}

/* A line in the mode of an object that is gone. What it would have said to that object must
 * not be said to the configuration as a whole, where `no crypto map M` is another command:
 * so the session stays, and changes nothing, until it is left or another object is named.
 * True if the line is taken as ever. */
static bool lost_line(struct cli_work *k)
{
	struct cli_session *s = k->s;
	struct cli_match own = { 0 }, global = { 0 };
	bool leaves = false, go_on = false;

	cli_match_run(&own, s->g, s->lost, k->w, k->w->n);
	if (own.outcome == CLI_M_OK && !own.nomem && cli_is_builtin(own.best->row)) {
		leaves = own.best->row->action == CLI_B_EXIT;
		go_on = !leaves;
		if (own.best->row->action != CLI_B_DO)
			s->lost = 0;
	} else if (!own.nomem && own.outcome != CLI_M_OK) {
		cli_match_run(&global, s->g, s->g->mode_config, k->w, k->w->n);
		go_on = !global.nomem && global.outcome == CLI_M_OK;
		if (go_on)
			s->lost = 0;
	}
	if (!go_on && !leaves) {
		k->r->status = CLI_ERROR;
		txt_str(&k->r->out, "% What is configured here was removed meanwhile: nothing was changed, exit leaves\n\n");
	}
	if (own.level)
		cli_match_fini(&own);
	if (global.level)
		cli_match_fini(&global);
	return go_on;
}

int cli_config_line(struct cli_work *k)
{
	unsigned mode = cli_session_mode(k->s);
	size_t n = k->s->n;
	bool range = cli_range_is(k->s);
	struct farewell w;
	int err;

	cli_session_resolve(k->s, k->root, k->obj);
	if (range && k->s->n < n && cli_range_stays(k))
		cli_session_resolve(k->s, k->root, k->obj);
	if (k->s->interactive && k->s->n < n)
		k->s->lost = (uint8_t)mode;
	if (k->s->lost && !lost_line(k))
		return 0;
	if (cli_range_line(k, &err))
		return err;
	err = farewell_init(&w, k);
	if (!err)
		err = config_line(k);
	if (!err)
		farewell_say(&w, k);
	farewell_fini(&w);
	return err;
}

bool cli_leaves_mode(const struct cli_session *s, const struct cli_words *w)
{
	struct cli_match m = { 0 };
	bool leaves;

	cli_match_run(&m, s->g, s->f[s->n - 1].mode, w, w->n);
	leaves = m.outcome == CLI_M_OK && !m.nomem && (m.best->row->flags & ROW_LEAVES);
	if (m.level)
		cli_match_fini(&m);
	return leaves;
}

/* ---- lines that are taken before any grammar is asked ---- */

int cli_below_orphan(struct cli_work *k, const char *text, unsigned depth)
{
	struct cli_session *s = k->s;
	size_t frame = s->orphan_frame;
	struct cli_who who;

	if (cli_session_who(s, k->root, &who)) /* the line above may be right when it is read again */
		return 0;
	cli_session_resolve(s, k->root, k->obj);
	k->r->config = true;
	struct keep_list list = cli_kept_list(k, frame < s->n ? frame : 0);

	return keep_find(list, s->orphan) == KEEP_NONE ? 0 : keep_child(list, s->orphan, depth, text, false);
}
