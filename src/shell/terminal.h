/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal of a person (or of a program that plays one): raw from begin to end, so
 * that what is typed or pasted while a command runs waits for its turn and is not echoed twice. */
#ifndef SHELL_TERMINAL_H
#define SHELL_TERMINAL_H

#include <termios.h>

#include "base/span.h"

#define TERMINAL_AHEAD 16384 /* bytes that are read before their turn; the rest waits in the kernel */

struct terminal {
	struct termios saved;
	unsigned rows, columns; /* 0: not known */
	uint8_t ahead[TERMINAL_AHEAD];
	size_t at, n; /* the next byte, and how many there are */
	bool eof;     /* nothing comes any more */
};

/* Makes standard input raw. 0 or negative errno. */
int terminal_open(struct terminal *t);
void terminal_close(struct terminal *t);

enum terminal_event { TERMINAL_BYTES = 1, TERMINAL_OTHER = 2, TERMINAL_RESIZED = 4 };
/* Waits until bytes have been read ahead, fd (-1: none) can be read, the window
 * changed, or a signal came (0). Bits of terminal_event; bytes that are there already count. */
unsigned terminal_wait(struct terminal *t, int fd);
/* The next byte, if there is one. */
bool terminal_byte(struct terminal *t, uint8_t *ret);
/* The same, without taking it. */
bool terminal_peek(const struct terminal *t, uint8_t *ret);
/* While a command runs: waits like terminal_wait() until fd can be read or Ctrl-C (or
 * IOS's escape character, Ctrl-Shift-6) is typed; true for the latter. What was typed before it is dropped. */
bool terminal_interrupted(struct terminal *t, int fd);
/* True once somebody wants this process to end (SIGTERM, SIGHUP). */
bool terminal_ended(void);

#endif
