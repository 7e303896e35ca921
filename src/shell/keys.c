/* SPDX-License-Identifier: Apache-2.0 */
#include "shell/keys.h"

enum { PLAIN = 0, ESC, CSI, SS3, QUOTED };

#define CTRL(c) ((c) & 0x1f)

static enum key control(struct keys *k, uint8_t byte)
{
	switch (byte) {
	case '\r':
	case '\n':
		return KEY_ENTER;
	case '\t':
		return KEY_COMPLETE;
	case '?':
		return KEY_HELP;
	case CTRL('Z'):
		return KEY_LEAVE;
	case CTRL('C'):
		return KEY_ABANDON;
	case CTRL('D'):
		return KEY_EOF;
	case CTRL('B'):
		return KEY_LEFT;
	case CTRL('F'):
		return KEY_RIGHT;
	case CTRL('A'):
		return KEY_HOME;
	case CTRL('E'):
		return KEY_END;
	case '\b':
	case 0x7f:
		return KEY_ERASE;
	case CTRL('U'):
	case CTRL('X'):
		return KEY_CUT_HOME;
	case CTRL('K'):
		return KEY_CUT_END;
	case CTRL('W'):
		return KEY_CUT_WORD_LEFT;
	case CTRL('Y'):
		return KEY_YANK;
	case CTRL('T'):
		return KEY_TRANSPOSE;
	case CTRL('L'):
	case CTRL('R'):
		return KEY_REDRAW;
	case CTRL('P'):
		return KEY_EARLIER;
	case CTRL('N'):
		return KEY_LATER;
	case CTRL('V'):
		k->state = QUOTED;
		return KEY_NONE;
	case 0x1b:
		k->state = ESC;
		return KEY_NONE;
	default:
		return byte < 0x20 ? KEY_UNKNOWN : KEY_TEXT;
	}
}

static enum key escaped(struct keys *k, uint8_t byte)
{
	switch (byte) {
	case '[':
		k->state = CSI;
		return KEY_NONE;
	case 'O':
		k->state = SS3;
		return KEY_NONE;
	case 'b':
	case 'B':
		return KEY_WORD_LEFT;
	case 'f':
	case 'F':
		return KEY_WORD_RIGHT;
	case 'd':
	case 'D':
		return KEY_CUT_WORD_RIGHT;
	case 'u':
	case 'U':
		return KEY_UPPER;
	case 'l':
	case 'L':
		return KEY_LOWER;
	case 'c':
	case 'C':
		return KEY_CAPITAL;
	case 'y':
	case 'Y':
		return KEY_YANK_NEXT;
	case 'q':
	case 'Q':
		k->state = QUOTED;
		return KEY_NONE;
	case '\b':
	case 0x7f:
		return KEY_CUT_WORD_LEFT;
	default:
		return KEY_UNKNOWN;
	}
}

static enum key final(uint8_t number, uint8_t byte)
{
	switch (byte) {
	case 'A':
		return KEY_EARLIER;
	case 'B':
		return KEY_LATER;
	case 'C':
		return KEY_RIGHT;
	case 'D':
		return KEY_LEFT;
	case 'H':
		return KEY_HOME;
	case 'F':
		return KEY_END;
	case '~':
		return number == 1 || number == 7 ? KEY_HOME :
		       number == 4 || number == 8 ? KEY_END :
		       number == 3		  ? KEY_DELETE :
						    KEY_UNKNOWN;
	default:
		return KEY_UNKNOWN;
	}
}

enum key keys_take(struct keys *k, uint8_t byte)
{
	uint8_t state = k->state;

	/* parameters of a sequence: only the first number says anything here */
	if (state == CSI && byte >= 0x20 && byte < 0x40) {
		if (byte >= '0' && byte <= '9' && k->number < 10)
			k->number = (uint8_t)(k->number * 10 + byte - '0');
		else if (byte == ';' && k->number < 10)
			k->number = (uint8_t)(k->number + 100); /* what follows is another's */
		return KEY_NONE;
	}
	uint8_t number = k->number % 100;
	*k = (struct keys){ 0 };
	/* a line end, Ctrl-C and Escape always are what they are */
	if (state != PLAIN && state != QUOTED && byte < 0x20 && byte != '\b')
		return control(k, byte);
	switch (state) {
	case ESC:
		return escaped(k, byte);
	case CSI:
	case SS3:
		return final(number, byte);
	case QUOTED:
		return byte == '\r' || byte == '\n' ? KEY_ENTER : byte ? KEY_TEXT : KEY_UNKNOWN;
	default:
		return control(k, byte);
	}
}
