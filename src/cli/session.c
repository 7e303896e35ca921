/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/keep.h"
#include "cli/match.h"

#define MAX_FRAMES  5
#define LINE_MAX_LEN 4096

/* One configuration mode that the session is in. The object is found again for
 * each line by the row and arguments that led to it. */
struct frame {
	uint8_t mode;
	const struct cli_row *row; /* NULL: the global level */
	void *args;
	size_t args_size;
	char *block;	  /* MODE_KEEPS: the kept line whose children follow */
	bool reopened;	  /* it was there before: known children are not doubled */
	uint32_t anchor;  /* of the last line that was taken here */
	bool plain;	  /* lines without indentation were taken here */
	bool closed;	  /* an indented line or a `!` was seen: this is indented text */
	bool over;	  /* of a file: a lone `!` ended the block */
};

struct cli_session {
	const struct cli_grammar *g;
	bool interactive;
	bool privileged;
	struct frame f[MAX_FRAMES];
	size_t n; /* frames; 0: EXEC */
	bool wrapped; /* the line before may have been cut by its page */
	/* below a line that was refused: deeper lines belong to it */
	char *orphan; /* its text, or NULL */
	size_t orphan_indent, orphan_frame;
	char raw[3]; /* the delimiter that ends a banner; "" outside one */
};

/* ---- builtin commands ---- */

#define DO_LINE                                                                      \
	{                                                                            \
		.kind = CLI_ARG, .type = &cli_line, .help = "Exec Command"           \
	}
#define BUILTIN(what, ...) \
	{ .action = (what), .flags = ROW_NO_NO, .toks = (const struct cli_tok[]){ __VA_ARGS__, { 0 } } }

const struct cli_row cli_builtins[] = {
	BUILTIN(CLI_B_NO, KW("no", "Negate a command or set its defaults")),
	BUILTIN(CLI_B_DEFAULT, KW("default", "Set a command to its defaults")),
	BUILTIN(CLI_B_EXIT, KW("exit", "Exit from configure mode")),
	BUILTIN(CLI_B_END, KW("end", "Exit from configure mode")),
	BUILTIN(CLI_B_DO, KW("do", "To run exec commands in config mode"), DO_LINE),
	{ .toks = NULL },
};

bool cli_is_builtin(const struct cli_row *row)
{
	return row >= cli_builtins &&
	       row < cli_builtins + sizeof(cli_builtins) / sizeof(cli_builtins[0]);
}

/* ---- frames ---- */

static void frame_fini(struct frame *f)
{
	if (f->args)
		explicit_bzero(f->args, f->args_size);
	free(f->args);
	free(f->block);
	memset(f, 0, sizeof(*f));
}

static void pop_to(struct cli_session *s, size_t n)
{
	while (s->n > n)
		frame_fini(&s->f[--s->n]);
}

static struct frame *push(struct cli_session *s, unsigned mode)
{
	if (s->n == MAX_FRAMES)
		return NULL;
	s->f[s->n] = (struct frame){ .mode = (uint8_t)mode };
	return &s->f[s->n++];
}

static void forget_orphan(struct cli_session *s)
{
	free(s->orphan);
	s->orphan = NULL;
}

struct cli_session *cli_session_new(const struct cli_grammar *g, unsigned mode)
{
	struct cli_session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->g = g;
	s->interactive = true;
	cli_session_goto(s, mode);
	return s;
}

void cli_session_free(struct cli_session *s)
{
	if (!s)
		return;
	pop_to(s, 0);
	forget_orphan(s);
	free(s);
}

void cli_session_set_interactive(struct cli_session *s, bool on)
{
	s->interactive = on;
}

unsigned cli_session_mode(const struct cli_session *s)
{
	if (s->n)
		return s->f[s->n - 1].mode;
	return s->privileged ? s->g->mode_exec : s->g->mode_user;
}

unsigned cli_session_privilege(const struct cli_session *s)
{
	return s->privileged ? 15 : 1;
}

void cli_session_goto(struct cli_session *s, unsigned mode)
{
	pop_to(s, 0);
	forget_orphan(s);
	s->raw[0] = '\0';
	s->wrapped = false;
	s->privileged = mode != s->g->mode_user;
	if (mode == s->g->mode_config)
		push(s, mode);
}

/* IOS shortens the name in configuration mode's long prompts. */
void cli_session_prompt(const struct cli_session *s, const void *root, struct txt *out)
{
	txt_printf(out, "%.*s%s", s->n ? 20 : 63, s->g->hostname(root),
		   s->g->modes[cli_session_mode(s)].prompt);
}

static size_t prompt_width(const struct cli_session *s, const void *root)
{
	struct txt t = TXT_INIT;

	if (!s->interactive)
		return 0;
	cli_session_prompt(s, root, &t);
	size_t n = t.len;
	txt_fini(&t);
	return n;
}

/* Finds the object of each frame; frames whose object is gone are left. */
static void resolve(struct cli_session *s, void *root, void *obj[MAX_FRAMES])
{
	if (s->n)
		obj[0] = root;
	for (size_t i = 1; i < s->n; i++) {
		const struct frame *f = &s->f[i];

		if (f->block) {
			struct keep_list k = keep_list_of(s->g, s->f[i - 1].mode, obj[i - 1]);

			obj[i] = keep_find(k, f->block) == KEEP_NONE ? NULL : obj[i - 1];
		} else {
			obj[i] = f->row->find(root, obj[i - 1], f->args);
		}
		if (!obj[i])
			pop_to(s, i);
	}
}

/* ---- messages ---- */

static void caret(struct cli_result *r, size_t width, const char *hint)
{
	txt_printf(&r->out, "%*s^\n%% Invalid input detected at '^' marker.\n%s\n",
		   (int)(width + r->col), "", hint);
}

/* What m found wrong, as IOS prints it. shift: where m's line stands in the typed
 * one. */
static void explain(struct cli_session *s, const void *root, const struct cli_match *m,
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
		txt_printf(&r->out, "%% Ambiguous command:  \"%s\"\n\n", line + strspn(line, " \t"));
		return;
	}
	r->col += (uint32_t)m->bad;
	const char *word = cli_match_suggest(m);
	if (wrapped && m->depth == 0)
		txt_str(&hint, "% Hint: this looks like the rest of a wrapped description; "
			       "put it at the end of the line before\n");
	else if (word)
		txt_printf(&hint, "%% Hint: did you mean \"%s\"?\n", word);
	caret(r, prompt_width(s, root), txt_cstr(&hint));
	txt_fini(&hint);
}

/* ---- EXEC ---- */

/* Cuts `| filter` off the line; a malloc'ed copy of both. */
static char *cut_pipe(const char *line, char **ret_pipe)
{
	char *copy = strdup(line);

	*ret_pipe = NULL;
	for (char *p = copy; p && *p; p++) {
		if (*p != '|' || p == copy || (p[-1] != ' ' && p[-1] != '\t'))
			continue;
		*ret_pipe = strdup(p + 1 + strspn(p + 1, " \t"));
		*p = '\0';
		break;
	}
	return copy;
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
		cli_bind(m, r->args);
	}
	if (!row->enters || !s->interactive || s->n)
		return 0;
	cli_session_goto(s, row->enters);
	if (row->msg)
		txt_printf(&r->out, "%s\n", row->msg);
	return 0;
}

static int exec_line(struct cli_session *s, const void *root, unsigned mode, const char *typed,
		     size_t shift, struct cli_result *r)
{
	char *line = cut_pipe(typed, &r->pipe);
	struct cli_words w = { 0 };
	struct cli_match m = { 0 };
	int err = -ENOMEM;

	if (!line || cli_words_init(&w, line))
		goto out;
	err = 0;
	if (!w.n)
		goto out;
	cli_match_run(&m, s->g, mode, &w, w.n);
	if (m.nomem)
		err = -ENOMEM;
	else if (m.outcome == CLI_M_OK)
		err = exec_take(s, &m, r);
	else if (m.outcome == CLI_M_INVALID && m.depth == 0 && w.n == 1) {
		r->status = CLI_ERROR;
		r->col = (uint32_t)(shift + w.v[0].off);
		txt_str(&r->out, "% Unknown command or computer name, or unable to find computer "
				 "address\n");
	} else
		explain(s, root, &m, line, shift, false, r);
out:
	if (w.buf) {
		if (m.level)
			cli_match_fini(&m);
		cli_words_fini(&w);
	}
	free(line);
	return err;
}

/* True if the words are an EXEC line: such a line is no part of a configuration. */
static bool is_exec_line(struct cli_session *s, const struct cli_words *w, uint16_t *ret_action)
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

/* ---- configuration lines ---- */

/* One line on its way. */
struct work {
	struct cli_session *s;
	void *root;
	void *obj[MAX_FRAMES];
	const struct cli_words *w;
	const char *text; /* without blanks around it */
	uint32_t number;
	struct cli_result *r;
};

/* The kept lines of a frame; a kept block stands in its parent's list. */
static struct keep_list list_of(const struct work *k, size_t frame)
{
	while (frame && k->s->f[frame].block)
		frame--;
	return keep_list_of(k->s->g, k->s->f[frame].mode, k->obj[frame]);
}

/* Deeper lines that follow belong to this one, which was refused. */
static int disown(struct work *k, size_t frame)
{
	struct cli_session *s = k->s;

	forget_orphan(s);
	s->orphan = strdup(k->text);
	s->orphan_indent = k->w->indent;
	s->orphan_frame = frame;
	return s->orphan ? 0 : -ENOMEM;
}

static int keep_refused(struct work *k, size_t frame, enum cli_keep why, uint32_t anchor)
{
	struct cli_session *s = k->s;
	struct keep_list list = list_of(k, frame);
	struct cli_kept line = { .kind = why, .anchor = anchor, .text = k->text,
				 .line = k->number, .col = k->r->col };
	int err;

	if (s->f[frame].block) {
		/* what stands in a kept block is not judged */
		return keep_child(list, s->f[frame].block, 1, k->text, true);
	}
	err = keep_error(list, &line);
	if (err)
		return err;
	s->f[frame].plain |= !k->w->indent;
	s->f[frame].anchor = anchor; /* the next one that is not understood stays behind it */
	k->r->kept = true;
	k->r->why = why;
	k->r->config = true;
	return disown(k, frame);
}

static int enter(struct work *k, size_t frame, const struct cli_row *row, void *args)
{
	struct cli_session *s = k->s;
	struct frame *f;

	pop_to(s, frame + 1);
	f = push(s, row->enters);
	if (!f)
		return -E2BIG;
	f->row = row;
	f->args = args;
	f->args_size = row->args_size;
	return 0;
}

/* A line that is known and only kept; it may open a block. */
static int take_keep(struct work *k, size_t frame, const struct cli_match *m)
{
	struct cli_session *s = k->s;
	const struct cli_row *row = m->best->row;
	struct keep_list list = list_of(k, frame);
	bool new = false;
	int err = keep_quiet(list, row, cli_row_number(s->g, row), m->best->op, k->text, k->number,
			     &new);

	if (row->msg && new && m->best->op == CLI_SET)
		txt_printf(&k->r->out, "%s\n", row->msg);
	if (err || m->best->op != CLI_SET)
		return err;
	if (row->enters) {
		err = enter(k, frame, row, NULL);
		if (err)
			return err;
		s->f[s->n - 1].block = strdup(k->text);
		s->f[s->n - 1].reopened = !new;
		return s->f[s->n - 1].block ? 0 : -ENOMEM;
	}
	if (row->flags & ROW_RAW) {
		const char *d = k->w->line + k->w->v[m->best->up_level].off;
		size_t n = d[0] == '^' && d[1] ? 2 : 1;

		if (strstr(d + n, n == 2 ? (char[]){ d[0], d[1], 0 } : (char[]){ d[0], 0 }))
			return 0;
		memcpy(s->raw, d, n);
		s->raw[n] = '\0';
		forget_orphan(s);
		s->orphan = strdup(k->text);
		s->orphan_frame = frame;
	}
	return 0;
}

/* A plain setting: its fields go to their defaults, then what was said is bound. */
static int take_setting(struct work *k, size_t frame, const struct cli_match *m)
{
	const struct cli_row *row = m->best->row;
	const void *defaults = k->s->g->modes[k->s->f[frame].mode].defaults;
	struct cli_call c = { k->root, k->obj[frame], k->obj[frame], m->best->op, &k->r->out };
	bool off = m->best->op == CLI_NO && (row->flags & ROW_SWITCH);

	cli_row_reset(row, k->obj[frame], off ? NULL : defaults);
	if (m->best->op == CLI_SET)
		cli_bind(m, k->obj[frame]);
	return row->apply ? row->apply(&c) : 0;
}

static int take_element(struct work *k, size_t frame, const struct cli_match *m)
{
	const struct cli_row *row = m->best->row;
	void *args = calloc(1, row->args_size);
	struct cli_call c = { k->root, k->obj[frame], args, m->best->op, &k->r->out };
	int err = -ENOMEM;

	if (!args)
		return err;
	cli_bind(m, args);
	err = row->apply(&c);
	if (!err && row->enters && m->best->op == CLI_SET) {
		err = enter(k, frame, row, args);
		if (!err)
			return 0; /* the frame owns args now */
	}
	explicit_bzero(args, row->args_size);
	free(args);
	return err;
}

/* A refusal by the command itself: it said why, or (-EDOM) the grammar's error. */
static int refuse(struct work *k, size_t frame, const struct cli_match *m, int err)
{
	k->r->status = CLI_ERROR;
	k->r->col = (uint32_t)k->w->v[k->w->n - 1].off;
	if (err == -EDOM)
		caret(k->r, prompt_width(k->s, k->root), "");
	if (m->best->op != CLI_SET)
		return 0;
	if (err == -EEXIST && k->s->interactive)
		return disown(k, frame);
	/* what is there already must stand before it when the text is read again */
	return keep_refused(k, frame, CLI_KEEP_INVALID,
			    err == -EEXIST ? CLI_ANCHOR_END :
					     cli_row_number(k->s->g, m->best->row));
}

static int take(struct work *k, size_t frame, const struct cli_match *m)
{
	struct cli_session *s = k->s;
	const struct cli_row *row = m->best->row;
	int err;

	if (row->flags & ROW_ERROR) {
		txt_printf(&k->r->out, "%s\n", row->msg);
		return refuse(k, frame, m, -EINVAL);
	}
	if (row->flags & ROW_KEEP)
		err = take_keep(k, frame, m);
	else if (row->args_size)
		err = take_element(k, frame, m);
	else
		err = take_setting(k, frame, m);
	if (err == -EINVAL || err == -EDOM || err == -EEXIST)
		return refuse(k, frame, m, err);
	if (err)
		return err;
	k->r->config = true;
	s->wrapped = row->flags & ROW_WRAPS && m->best->op == CLI_SET;
	s->f[frame].plain |= !k->w->indent;
	if (!row->enters || m->best->op != CLI_SET)
		pop_to(s, frame + 1);
	s->f[frame].anchor = cli_row_number(s->g, row);
	if (m->best->op == CLI_SET && !(row->flags & ROW_KEEP))
		keep_supersede(list_of(k, frame), k->w, s->f[frame].anchor);
	return 0;
}

static int take_builtin(struct work *k, const struct cli_match *m)
{
	struct cli_session *s = k->s;
	size_t off;

	switch ((enum cli_builtin)m->best->row->action) {
	case CLI_B_EXIT:
		if (s->n > 1) {
			pop_to(s, s->n - 1);
			return 0;
		}
		/* fall through */
	case CLI_B_END:
		k->r->ended = true;
		cli_session_goto(s, s->interactive ? s->g->mode_exec : s->g->mode_config);
		return 0;
	default:
		off = k->w->v[1].off;
		return exec_line(s, k->root, s->g->mode_exec, k->w->line + off, off, k->r);
	}
}

/* What a person at the keyboard mistypes and no configuration contains: not kept. */
static bool is_slip(const struct work *k, const struct cli_match *m)
{
	const char *first = k->w->v[0].text;

	return m->outcome == CLI_M_AMBIGUOUS ||
	       (m->outcome == CLI_M_INCOMPLETE &&
		(!strcasecmp(first, "no") || !strcasecmp(first, "default")));
}

/* Where a line that nobody understood belongs, and what is wrong with it. */
static int take_unknown(struct work *k, const struct cli_match *own, const struct cli_match *global)
{
	struct cli_session *s = k->s;
	size_t frame = s->n - 1;
	const struct cli_match *m = own;
	bool exec;
	uint16_t action;

	if (frame && !k->w->indent && global != own &&
	    (global->depth > own->depth || (global->depth == own->depth && s->f[frame].closed))) {
		m = global;
		frame = 0;
	}
	exec = is_exec_line(s, k->w, &action);
	if (exec && !s->interactive) {
		k->r->status = CLI_EXEC;
		k->r->action = action;
		return 0;
	}
	explain(s, k->root, m, k->w->line, 0, s->wrapped, k->r);
	s->wrapped = false;
	if (exec || (s->interactive && is_slip(k, m)))
		return 0;
	uint32_t anchor = s->f[frame].anchor ? s->f[frame].anchor :
			  s->interactive     ? CLI_ANCHOR_END : 0;
	if (m->depth && m->depth <= m->n) {
		/* the last place where it was still right says where it belongs */
		const struct cli_level *l = &m->level[m->depth];

		/* behind all that may begin like it, so that they do not replace it
		 * when the text is read again */
		for (size_t i = 0; i < l->n; i++)
			if (!cli_is_builtin(l->v[i].row))
				anchor = cli_row_number(s->g, l->v[i].row);
	}
	return keep_refused(k, frame,
			    m->outcome == CLI_M_INCOMPLETE ? CLI_KEEP_INCOMPLETE : CLI_KEEP_INVALID,
			    anchor);
}

/* `no` and a kept line: it goes. */
static bool drop_kept(struct work *k)
{
	const char *rest;

	if (k->w->n < 2 || strcasecmp(k->w->v[0].text, "no"))
		return false;
	rest = k->text + (k->w->v[1].off - k->w->indent);
	for (size_t i = k->s->n; i-- > 0;) {
		struct keep_list list = list_of(k, i);
		size_t at = keep_find(list, rest);

		if (at == KEEP_NONE)
			continue;
		list.ops->del(list.list, at);
		k->r->config = true;
		return true;
	}
	return false;
}

/* A line in a mode whose lines are only kept. True if it was taken. */
static bool keeps_child(struct work *k, const struct cli_match *global, int *ret_err)
{
	struct cli_session *s = k->s;
	struct frame *f = &s->f[s->n - 1];

	if (!f->block)
		return false;
	if (!k->w->indent && (global->outcome == CLI_M_OK || f->closed))
		return false;
	*ret_err = keep_child(list_of(k, s->n - 1), f->block,
			      k->w->indent ? (unsigned)k->w->indent : 1, k->text, f->reopened);
	f->plain |= !k->w->indent;
	k->r->config = true;
	return true;
}

/* The mode knows the line's beginning better than a global row that would keep
 * anything behind its keywords: then the line is wrong. */
static bool only_kept_globally(const struct cli_match *own, const struct cli_match *global)
{
	size_t words = 0;

	for (const struct cli_node *n = global->best; n->pc != CLI_START; n = cli_node_up(global, n))
		words += n->row->toks[n->pc].kind == CLI_KW;
	return (global->best->row->flags & ROW_KEEP) && own->depth >= words;
}

static int config_line(struct work *k)
{
	struct cli_session *s = k->s;
	size_t top;
	struct cli_match own = { 0 }, global = { 0 };
	int err = 0;

	resolve(s, k->root, k->obj);
	if (drop_kept(k))
		return 0;
	if (s->f[s->n - 1].over && !k->w->indent)
		pop_to(s, 1);
	top = s->n - 1;
	if (k->w->indent)
		s->f[top].closed = true;
	cli_match_run(&own, s->g, s->f[top].mode, k->w, k->w->n);
	if (top && own.outcome != CLI_M_OK)
		cli_match_run(&global, s->g, s->g->mode_config, k->w, k->w->n);
	if (own.nomem || global.nomem)
		err = -ENOMEM;
	else if (own.outcome == CLI_M_OK && cli_is_builtin(own.best->row))
		err = take_builtin(k, &own);
	else if (keeps_child(k, &global, &err))
		;
	else if (own.outcome == CLI_M_OK)
		err = take(k, top, &own);
	else if (global.level && global.outcome == CLI_M_OK && !only_kept_globally(&own, &global))
		err = take(k, 0, &global);
	else
		err = take_unknown(k, &own, top && global.outcome != CLI_M_OK ? &global : &own);
	if (own.level)
		cli_match_fini(&own);
	if (global.level)
		cli_match_fini(&global);
	return err;
}

/* ---- lines that are taken before any grammar is asked ---- */

static int below_orphan(struct work *k, const char *text, unsigned depth)
{
	struct cli_session *s = k->s;
	size_t frame = s->orphan_frame;

	resolve(s, k->root, k->obj);
	k->r->config = true;
	if (frame >= s->n)
		frame = 0;
	return keep_child(list_of(k, frame), s->orphan, depth, text, false);
}

/* Inside a banner everything is text, up to its delimiter. */
static int raw_line(struct work *k, const char *line)
{
	struct cli_session *s = k->s;
	size_t blanks = strspn(line, " ");
	int err = below_orphan(k, line + blanks, (unsigned)blanks);

	if (strstr(line, s->raw)) {
		s->raw[0] = '\0';
		forget_orphan(s);
	}
	return err;
}

/* Comments mean nothing; but a file that indents its blocks ends them so, and what
 * follows without indentation is not of the block. */
static void see_bang(struct cli_session *s, const struct cli_words *w)
{
	struct frame *f = &s->f[s->n - 1];

	f->closed = true;
	f->over = !s->interactive && !f->plain && w->n == 1 && w->v[0].len == 1;
	forget_orphan(s);
}

static int dispatch(struct cli_session *s, void *root, const struct cli_words *w, const char *text,
		    uint32_t number, struct cli_result *r)
{
	struct work k = { .s = s, .root = root, .w = w, .text = text, .number = number, .r = r };

	if (s->n && s->raw[0])
		return raw_line(&k, w->line);
	if (!w->n)
		return 0;
	if (w->v[0].text[0] == '!') {
		if (s->n && !w->indent)
			see_bang(s, w);
		return 0;
	}
	if (s->n && s->orphan && w->indent > s->orphan_indent)
		return below_orphan(&k, text, (unsigned)(w->indent - s->orphan_indent));
	forget_orphan(s);
	if (!s->n)
		return exec_line(s, root, cli_session_mode(s), w->line, 0, r);
	return config_line(&k);
}

void cli_session_line(struct cli_session *s, void *root, const char *line, uint32_t number,
		      struct cli_result *ret_r)
{
	struct cli_words w;
	int err = -ENOMEM;

	memset(ret_r, 0, sizeof(*ret_r));
	if (strlen(line) > LINE_MAX_LEN) {
		ret_r->status = CLI_ERROR;
		ret_r->col = LINE_MAX_LEN;
		txt_printf(&ret_r->out, "%% Line of more than %d characters refused.\n\n",
			   LINE_MAX_LEN);
		return;
	}
	if (!cli_words_init(&w, line)) {
		struct txt text = TXT_INIT;

		txt_mem(&text, line + w.indent, w.n ? w.line_len - w.indent : 0);
		if (!text.bad)
			err = dispatch(s, root, &w, txt_cstr(&text), number, ret_r);
		if (text.s)
			explicit_bzero(text.s, text.len);
		txt_fini(&text);
		cli_words_fini(&w);
	}
	if (err) {
		ret_r->status = CLI_ERROR;
		txt_printf(&ret_r->out, "%% %s.\n\n",
			   err == -E2BIG ? "Too many lines kept" : "Out of memory");
	}
}

void cli_result_fini(struct cli_result *r)
{
	free(r->args);
	free(r->pipe);
	txt_fini(&r->out);
	memset(r, 0, sizeof(*r));
}

/* ---- help ---- */

void cli_session_help(struct cli_session *s, const void *root, const char *line, struct txt *out)
{
	(void)root;
	cli_help(s->g, cli_session_mode(s), line, out);
}

void cli_session_complete(struct cli_session *s, const void *root, const char *line,
			  struct txt *out)
{
	(void)root;
	cli_complete(s->g, cli_session_mode(s), line, out);
}

/* ---- logs ---- */

void cli_mask_line(const struct cli_grammar *g, unsigned mode, const char *line, struct txt *out)
{
	struct cli_words w;
	struct cli_match m;
	bool hide[256] = { false };
	size_t shown;

	if (cli_words_init(&w, line))
		return;
	cli_match_run(&m, g, mode, &w, w.n);
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
	if (shown < w.n && m.outcome != CLI_M_OK)
		txt_str(out, " ...");
	cli_match_fini(&m);
	cli_words_fini(&w);
}
