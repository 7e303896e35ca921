/* SPDX-License-Identifier: Apache-2.0 */
/* A command that asks: while a session has a dialog, the lines that it sends are
 * answers, its prompt is the question, and no line reaches the grammar or the
 * history. Ctrl-C ends it. */
#ifndef CONTROL_DIALOG_H
#define CONTROL_DIALOG_H

#include "control/internal.h"

#define DIALOG_PASTE_MAX 65536
#define DIALOG_ASK_MAX	 256

struct dialog;

enum dialog_kind { DIALOG_OVER = 0, DIALOG_TEXT, DIALOG_YES, DIALOG_CONFIRM, DIALOG_PASTE };

/* What an answer leads to: it may ask again (dialog_ask_*), or the dialog is over
 * when it returns. *ret_error: an error was printed. */
typedef void dialog_text_fn(struct dialog *d, struct exec_io *io, const char *text, bool *ret_error);
typedef void dialog_yes_fn(struct dialog *d, struct exec_io *io, bool yes, bool *ret_error);

/* Embedded at the start of the asker's own struct. */
struct dialog {
	enum dialog_kind kind;
	char ask[DIALOG_ASK_MAX]; /* the question; "" while something is pasted */
	bool hidden;		  /* the answer is a secret: terminals do not show it */
	bool default_no;	  /* an empty answer is no */
	bool blank_ends;	  /* of a paste: else only `quit` does */
	bool after_blank;	  /* `quit` may still follow the blank line */
	struct txt paste;	  /* wiped: it may be a key */
	dialog_text_fn *text;
	dialog_yes_fn *yes;
	void (*free)(struct dialog *d); /* wipes and frees the asker's struct */
};

void dialog_ask_text(struct dialog *d, const char *question, dialog_text_fn *then);
void dialog_ask_secret(struct dialog *d, const char *question, dialog_text_fn *then);
/* Asks until it is yes or no; default_no: an empty line is no. */
void dialog_ask_yes(struct dialog *d, const char *question, bool default_no, dialog_yes_fn *then);
/* IOS's `[confirm]`: an empty line is yes, and whatever is not yes is no. */
void dialog_ask_confirm(struct dialog *d, const char *question, dialog_yes_fn *then);
/* Collects lines until `quit` (or a blank line). */
void dialog_ask_paste(struct dialog *d, bool blank_ends, dialog_text_fn *then);

/* session.c's side: takes an answer; false once the dialog is over. */
bool dialog_line(struct dialog *d, struct exec_io *io, const char *line, bool *ret_error);
void dialog_free(struct dialog *d); /* NULL is fine */

#endif
