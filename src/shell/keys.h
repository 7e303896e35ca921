/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a terminal as keys: control characters, Escape and a letter, and the
 * sequences of arrows that VT100s and their kin send. */
#ifndef SHELL_KEYS_H
#define SHELL_KEYS_H

#include "base/span.h"

enum key {
	KEY_NONE = 0, /* the sequence goes on */
	KEY_TEXT,     /* the byte belongs to the line */
	KEY_ENTER,
	KEY_HELP,     /* `?` */
	KEY_COMPLETE, /* TAB */
	KEY_LEAVE,    /* Ctrl-Z */
	KEY_ABANDON,  /* Ctrl-C */
	KEY_EOF,      /* Ctrl-D: deletes, or ends on an empty line */
	KEY_LEFT, KEY_RIGHT, KEY_WORD_LEFT, KEY_WORD_RIGHT, KEY_HOME, KEY_END,
	KEY_ERASE, KEY_DELETE, KEY_CUT_HOME, KEY_CUT_END, KEY_CUT_WORD_LEFT, KEY_CUT_WORD_RIGHT,
	KEY_YANK, KEY_YANK_NEXT,
	KEY_TRANSPOSE, KEY_UPPER, KEY_LOWER, KEY_CAPITAL,
	KEY_REDRAW,
	KEY_EARLIER, KEY_LATER, /* lines */
	KEY_UNKNOWN,
};

struct keys {
	uint8_t state, number; /* inside a sequence; its first number */
};

enum key keys_take(struct keys *k, uint8_t byte);

#endif
