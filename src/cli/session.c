/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"
#include "base/utf8.h"
#include "cli/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LINE_MAX_LEN 4096
#define LEVEL_USER   1
#define LEVEL_MAX    15

/* ---- frames ---- */

static void frame_fini(struct cli_frame *f)
{
	if (f->args)
		explicit_bzero(f->args, f->args_size);
	free(f->args);
	free(f->block);
	memset(f, 0, sizeof(*f));
}

void cli_session_pop(struct cli_session *s, size_t n)
{
	while (s->n > n)
		frame_fini(&s->f[--s->n]);
}

struct cli_frame *cli_session_push(struct cli_session *s, unsigned mode)
{
	if (s->n == MAX_FRAMES)
		return NULL;
	s->f[s->n] = (struct cli_frame){ .mode = (uint8_t)mode, .serial = ++s->serials };
	return &s->f[s->n++];
}

/* A level within a kept block: the same lines, only deeper. */
static bool is_nested(const struct cli_session *s, size_t frame)
{
	return frame && s->f[frame].block && s->f[frame - 1].block;
}

static const char *prompt_of(const struct cli_session *s, const struct cli_frame *f)
{
	return f->prompt ? f->prompt : s->g->modes[f->mode].prompt;
}

/* Two letters of a word stand for it, as a person types it. */
static bool begins_with(const struct cli_words *w, size_t first, const char *words)
{
	for (size_t i = first; *words; i++) {
		size_t n = strcspn(words, " ");

		if (i >= w->n || w->v[i].len > n || (w->v[i].len < 2 && w->v[i].len < n) ||
		    strncasecmp(w->v[i].text, words, w->v[i].len) != 0)
			return false;
		words += n + (words[n] == ' ');
	}
	return true;
}

bool cli_session_owns(const struct cli_session *s, const struct cli_words *w)
{
	const struct cli_frame *f = &s->f[s->n - 1];
	const struct cli_own *own = s->g->owns;
	size_t first = w->n > 1 && !strcasecmp(w->v[0].text, "no");

	if (!f->block || !own)
		return false;
	for (; own->in; own++)
		if (!strcmp(own->in, prompt_of(s, f)) && begins_with(w, first, own->words))
			return true;
	return false;
}

void cli_session_nest(struct cli_session *s, const char *word, size_t indent)
{
	const struct cli_frame *in = &s->f[s->n - 1];
	const char *here = prompt_of(s, in);
	const struct cli_nest *nest = s->g->nests;
	struct cli_frame *f;
	char *block;

	while (nest && nest->in && (strcmp(nest->in, here) != 0 || strcasecmp(nest->word, word) != 0))
		nest++;
	if (!nest || !nest->in)
		return;
	if (!nest->prompt) {
		if (is_nested(s, s->n - 1))
			cli_session_pop(s, s->n - 1);
		return;
	}
	block = strdup(in->block);
	f = block ? cli_session_push(s, in->mode) : NULL;
	if (!f) { /* the line is kept all the same, and what is below it, too */
		free(block);
		return;
	}
	f->block = block;
	f->row = in->row;
	f->depth = (unsigned)(indent ? indent : in->depth) + 1;
	f->prompt = nest->prompt;
	f->reopened = in->reopened;
	f->closed = indent > 0;
	f->indent = indent;
}

void cli_session_unnest(struct cli_session *s, size_t indent)
{
	while (indent && is_nested(s, s->n - 1) && s->f[s->n - 1].indent >= indent)
		cli_session_pop(s, s->n - 1);
}

void cli_session_forget(struct cli_session *s)
{
	if (s->orphan)
		secret_free(s->orphan, strlen(s->orphan)); /* it may be a mistyped key */
	s->orphan = NULL;
}

struct cli_session *cli_session_new(const struct cli_grammar *g, unsigned mode)
{
	struct cli_session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->g = g;
	s->interactive = true;
	s->level = mode == g->mode_user ? LEVEL_USER : LEVEL_MAX;
	cli_session_goto(s, mode);
	return s;
}

void cli_session_free(struct cli_session *s)
{
	if (!s)
		return;
	cli_session_pop(s, 0);
	cli_session_forget(s);
	cli_range_end(s);
	free(s);
}

void cli_session_set_interactive(struct cli_session *s, bool on)
{
	s->interactive = on;
}

unsigned cli_session_mode(const struct cli_session *s)
{
	if (s->lost)
		return s->lost;
	if (s->n)
		return s->f[s->n - 1].mode;
	return s->level > LEVEL_USER ? s->g->mode_exec : s->g->mode_user;
}

unsigned cli_session_privilege(const struct cli_session *s)
{
	return s->level;
}

void cli_session_set_level(struct cli_session *s, unsigned level)
{
	s->level = level < LEVEL_MAX ? level : LEVEL_MAX;
	cli_session_goto(s, s->level > LEVEL_USER ? s->g->mode_exec : s->g->mode_user);
}

const struct cli_who *cli_session_who(const struct cli_session *s, const void *root, struct cli_who *w)
{
	*w = (struct cli_who){ root, s->level };
	return s->level < LEVEL_MAX ? w : NULL;
}

bool cli_session_is_text(const struct cli_session *s)
{
	return s->n && s->raw[0];
}

const char *cli_session_delimiter(const struct cli_session *s)
{
	return s->n ? s->raw : "";
}

void cli_session_goto(struct cli_session *s, unsigned mode)
{
	cli_session_pop(s, 0);
	cli_session_forget(s);
	s->lost = 0;
	s->raw[0] = '\0';
	s->wrapped = false;
	if (mode == s->g->mode_user && s->level > LEVEL_USER)
		s->level = LEVEL_USER;
	else if (mode == s->g->mode_exec && s->level <= LEVEL_USER)
		s->level = LEVEL_MAX;
	if (mode == s->g->mode_config)
		cli_session_push(s, mode);
}

/* IOS shortens the name in configuration mode's long prompts. */
void cli_session_prompt(const struct cli_session *s, const void *root, struct txt *out)
{
	const char *own = s->n ? s->f[s->n - 1].prompt : NULL;

	if (cli_session_is_text(s))
		return; /* what is typed is no command */
	txt_printf(out, "%.*s%s", s->n ? 20 : 63, s->g->hostname(root),
		   own ? own : s->g->modes[cli_session_mode(s)].prompt);
}

bool cli_ends_itself(const struct cli_grammar *g, unsigned mode)
{
	for (const struct cli_row *const *t = g->tables; *t; t++)
		for (const struct cli_row *row = *t; row->toks; row++)
			if ((row->flags & ROW_LEAVES) && (row->modes & CLI_IN(mode)))
				return true;
	return false;
}

bool cli_session_path(const struct cli_session *s, struct txt *out)
{
	bool ok = !s->raw[0] && !s->orphan && !cli_range_is(s);

	for (size_t i = 1; ok && i < s->n; i++) {
		const struct cli_frame *f = &s->f[i];

		ok = !f->block && f->row && f->args && !cli_ends_itself(s->g, f->mode) &&
		     cli_row_print(f->row, f->args, 0, out);
		txt_char(out, '\n');
	}
	return ok && !out->bad;
}

size_t cli_session_width(const struct cli_session *s, const void *root)
{
	struct txt t = TXT_INIT;

	if (!s->interactive)
		return 0;
	cli_session_prompt(s, root, &t);
	size_t n = utf8_columns(txt_cstr(&t), t.len);
	txt_fini(&t);
	return n;
}

/* Finds the object of each frame; frames whose object is gone are left. */
void cli_session_resolve(struct cli_session *s, void *root, void *obj[MAX_FRAMES])
{
	if (s->n)
		obj[0] = root;
	for (size_t i = 1; i < s->n; i++) {
		const struct cli_frame *f = &s->f[i];

		if (f->block) {
			size_t base = i - 1;

			while (base && s->f[base].block)
				base--;
			struct keep_list k = keep_list_of(s->g, s->f[base].mode, obj[base]);

			obj[i] = keep_find(k, f->block) == KEEP_NONE ? NULL : obj[i - 1];
		} else {
			obj[i] = f->row->find(root, obj[i - 1], f->args);
		}
		if (!obj[i])
			cli_session_pop(s, i);
	}
}

/* Comments mean nothing; but a file that indents its blocks ends them so, and what
 * follows without indentation is not of the block. */
static void see_bang(struct cli_session *s, const struct cli_words *w)
{
	struct cli_frame *f = &s->f[s->n - 1];

	f->closed = true;
	f->over = !s->interactive && !f->plain && w->n == 1 && w->v[0].len == 1;
	cli_session_forget(s);
}

static int dispatch(struct cli_session *s, void *root, const struct cli_words *w, const char *text,
		    uint32_t number, struct cli_result *r)
{
	struct cli_work k = { .s = s, .root = root, .w = w, .text = text, .number = number, .r = r };

	if (s->n && s->raw[0])
		return cli_raw_line(&k, w->line);
	if (!w->n)
		return 0;
	if (w->v[0].text[0] == '!') {
		if (s->n && !w->indent)
			see_bang(s, w);
		return 0;
	}
	/* IOS prints `quit` deeper than the data that it ends */
	if (s->n && s->orphan && w->indent > s->orphan_indent && !cli_leaves_mode(s, w))
		return cli_below_orphan(&k, text, (unsigned)(w->indent - s->orphan_indent));
	cli_session_forget(s);
	if (!s->n)
		return cli_exec_line(s, root, cli_session_mode(s), w->line, 0, r);
	return cli_config_line(&k);
}

/* The line as it is kept. One blank stands behind `no`, so that what it takes away can be told from it. */
static void text_of(const struct cli_words *w, struct txt *text)
{
	size_t from = w->n ? w->indent : w->line_len;

	if (w->n > 1 && !strcasecmp(w->v[0].text, "no")) {
		txt_mem(text, w->line + from, w->v[0].len);
		txt_char(text, ' ');
		from = w->v[1].off;
	}
	txt_mem(text, w->line + from, w->line_len - from);
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

		text_of(&w, &text);
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
	if (r->args)
		explicit_bzero(r->args, r->args_size);
	free(r->args);
	free(r->pipe);
	txt_fini(&r->out);
	memset(r, 0, sizeof(*r));
}

/* ---- help ---- */

void cli_session_help(struct cli_session *s, const void *root, const char *line, struct txt *out)
{
	struct cli_who who;

	cli_help(s->g, cli_session_mode(s), cli_session_who(s, root, &who), line, out);
}

void cli_session_complete(struct cli_session *s, const void *root, const char *line,
			  struct txt *out)
{
	struct cli_who who;

	cli_complete(s->g, cli_session_mode(s), cli_session_who(s, root, &who), line, out);
}
