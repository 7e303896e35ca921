/* SPDX-License-Identifier: Apache-2.0 */
/* A line that is being typed, and what IOS's keys do with it. Characters are UTF-8;
 * a byte that belongs to none counts as one. */
#ifndef SHELL_LINE_H
#define SHELL_LINE_H

#include "base/span.h"
#include "shell/shell_proto.h"

#define LINE_CUTS 10 /* that Ctrl-Y and Esc-Y bring back */

struct line {
	char s[SHELL_LINE_MAX + 1]; /* NUL-terminated */
	size_t len, at;		    /* bytes; the cursor, always between characters */
	bool over;		    /* more was typed than fits: the line is not to be run */
	char *cut[LINE_CUTS];	    /* newest first */
	size_t yanked, yank_len;    /* which of them stands before the cursor; 0 bytes: none */
};

/* Empties it, and wipes what was typed; cuts stay. */
void line_clear(struct line *l);
/* Wipes and frees the cuts, too. */
void line_fini(struct line *l);
/* Puts a text in place of what is there, the cursor at its end. */
void line_set(struct line *l, const char *s);

void line_insert(struct line *l, const char *s, size_t n);
enum line_place { LINE_LEFT, LINE_RIGHT, LINE_WORD_LEFT, LINE_WORD_RIGHT, LINE_HOME, LINE_END };
void line_go(struct line *l, enum line_place to);
/* Deletes from the cursor to there; keep: Ctrl-Y brings it back. */
void line_delete(struct line *l, enum line_place to, bool keep);
void line_transpose(struct line *l);
enum line_case { LINE_UPPER, LINE_LOWER, LINE_CAPITAL };
/* Of the letters from the cursor to the end of the word. */
void line_recase(struct line *l, enum line_case c);
/* Ctrl-Y, and Esc-Y: the cut before the one that was brought back last. */
void line_yank(struct line *l, bool next);

#endif
