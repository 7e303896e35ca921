/* SPDX-License-Identifier: Apache-2.0 */
/* The line that is typed, on a terminal of which nothing is known but its width: drawn
 * with backspaces and blanks, as IOS does, and only what has changed. A line that is
 * too long is scrolled sideways; `$` stands for what is cut off. */
#ifndef SHELL_SCREEN_H
#define SHELL_SCREEN_H

#include "base/txt.h"
#include "shell/line.h"

#define SCREEN_CELLS (2 * SHELL_LINE_MAX) /* control characters take two */

struct screen {
	unsigned width;	 /* columns; 0: lines are neither scrolled nor wrapped by us */
	size_t prompt;	 /* columns in front */
	uint32_t cell[SCREEN_CELLS]; /* what stands behind the prompt; 0: second half of a wide one */
	size_t n, at;	 /* cells there, and the one with the cursor */
	size_t off;	 /* cells of the line that are cut off on the left */
};

/* The prompt was written at the begin of a row, nothing is behind it. */
void screen_begin(struct screen *s, const char *prompt);
/* Appends what makes the terminal show l. */
void screen_draw(struct screen *s, const struct line *l, struct txt *out);
/* Appends what moves the cursor behind all that is shown. */
void screen_leave(struct screen *s, struct txt *out);
/* How many of the blanks that text begins with are to be left out, so that the caret behind them (`^`, alone in its
 * line) stands below what is shown of the line that it is about, and at its edge if that is cut off; 0: no caret. */
size_t screen_caret(const struct screen *s, const char *text, size_t n);

#endif
