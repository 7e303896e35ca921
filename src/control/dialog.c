/* SPDX-License-Identifier: Apache-2.0 */
#include "control/dialog.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/secret.h"

static void ask(struct dialog *d, enum dialog_kind kind, const char *question)
{
	d->kind = kind;
	d->hidden = false;
	snprintf(d->ask, sizeof(d->ask), "%s", question);
}

void dialog_ask_text(struct dialog *d, const char *question, dialog_text_fn *then)
{
	ask(d, DIALOG_TEXT, question);
	d->text = then;
}

void dialog_ask_secret(struct dialog *d, const char *question, dialog_text_fn *then)
{
	dialog_ask_text(d, question, then);
	d->hidden = true;
}

void dialog_ask_yes(struct dialog *d, const char *question, bool default_no, dialog_yes_fn *then)
{
	ask(d, DIALOG_YES, question);
	d->default_no = default_no;
	d->yes = then;
}

void dialog_ask_confirm(struct dialog *d, const char *question, dialog_yes_fn *then)
{
	ask(d, DIALOG_CONFIRM, question);
	d->yes = then;
}

static void wipe_paste(struct dialog *d)
{
	if (d->paste.s)
		secret_wipe(d->paste.s, d->paste.cap);
	txt_fini(&d->paste);
}

void dialog_ask_paste(struct dialog *d, bool blank_ends, dialog_text_fn *then)
{
	ask(d, DIALOG_PASTE, "");
	d->blank_ends = blank_ends;
	d->text = then;
	wipe_paste(d);
}

/* `y`, `ye`, `yes`. */
static bool is_word(const char *line, size_t n, const char *word)
{
	return n && n <= strlen(word) && !strncasecmp(line, word, n);
}

static void answer_yes(struct dialog *d, struct exec_io *io, const char *line, size_t n,
		       bool *ret_error)
{
	bool yes = is_word(line, n, "yes"), no = is_word(line, n, "no") || (!n && d->default_no);

	if (!yes && !no) {
		txt_str(io->out, "% Please answer 'yes' or 'no'.\n");
		return;
	}
	d->kind = DIALOG_OVER;
	d->yes(d, io, yes, ret_error);
}

static void answer_paste(struct dialog *d, struct exec_io *io, const char *line, size_t n,
			 bool *ret_error)
{
	bool quit = n == 4 && !strncasecmp(line, "quit", 4);
	bool blank = !n && d->blank_ends && d->paste.len;

	if (!n && d->blank_ends && !blank)
		return; /* before anything was pasted */
	if (!quit && !blank) {
		if (d->paste.len + n + 1 <= DIALOG_PASTE_MAX) {
			txt_mem(&d->paste, line, n);
			txt_char(&d->paste, '\n');
			return;
		}
		txt_printf(io->out, "%% More than %d bytes are not taken.\n", DIALOG_PASTE_MAX);
		*ret_error = true;
		d->kind = DIALOG_OVER;
		return;
	}
	struct txt text = d->paste;

	d->paste = TXT_INIT;
	d->kind = DIALOG_OVER;
	d->after_blank = blank;
	d->text(d, io, txt_cstr(&text), ret_error);
	if (text.s)
		secret_wipe(text.s, text.cap);
	txt_fini(&text);
}

bool dialog_line(struct dialog *d, struct exec_io *io, const char *line, bool *ret_error)
{
	size_t n;

	line += strspn(line, " \t");
	n = strlen(line);
	while (n && strchr(" \t\r", line[n - 1]))
		n--;
	/* people end a paste by a blank line and then by `quit`, too */
	if (d->after_blank && n == 4 && !strncasecmp(line, "quit", 4)) {
		d->after_blank = false;
		return true;
	}
	if (n)
		d->after_blank = false;
	if (d->kind == DIALOG_YES) {
		answer_yes(d, io, line, n, ret_error);
	} else if (d->kind == DIALOG_CONFIRM) {
		d->kind = DIALOG_OVER;
		d->yes(d, io, !n || is_word(line, n, "yes"), ret_error);
	} else if (d->kind == DIALOG_PASTE) {
		answer_paste(d, io, line, n, ret_error);
	} else {
		char text[DIALOG_ASK_MAX];

		snprintf(text, sizeof(text), "%.*s", (int)(n < sizeof(text) ? n : sizeof(text) - 1), line);
		d->kind = DIALOG_OVER;
		d->text(d, io, text, ret_error);
		secret_wipe(text, sizeof(text));
	}
	return d->kind != DIALOG_OVER;
}

void dialog_free(struct dialog *d)
{
	if (!d)
		return;
	wipe_paste(d);
	d->free(d);
}
