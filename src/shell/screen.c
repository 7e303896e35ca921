/* SPDX-License-Identifier: Apache-2.0 */
#include "shell/screen.h"

#include <string.h>

#include "base/utf8.h"

#define JUMP	 10 /* columns that IOS scrolls by */
#define LEAST	 20 /* of a line that are shown, however long the prompt is */

void screen_begin(struct screen *s, const char *prompt)
{
	const char *above = strrchr(prompt, '\n'); /* a question may have lines above its own */

	if (above)
		prompt = above + 1;
	s->prompt = utf8_columns(prompt, strlen(prompt));
	s->n = s->at = s->off = 0;
}

/* Cells of one character; returns how many. */
static size_t cells_of(uint32_t code, uint32_t cell[2])
{
	cell[1] = 0;
	if (code < 0x20 || code == 0x7f) {
		cell[0] = '^';
		cell[1] = code ^ 0x40;
		return 2;
	}
	cell[0] = code == UTF8_NONE || utf8_is_control(code) ? '?' : code;
	return utf8_width(code); /* what is combined with the one before is not shown */
}

/* The whole line as cells; *ret_at: the cursor's. */
static size_t lay_out(const struct line *l, uint32_t *cell, size_t *ret_at)
{
	size_t n = 0, len;

	*ret_at = 0;
	for (size_t i = 0; i < l->len; i += len) {
		uint32_t code;

		if (i == l->at)
			*ret_at = n;
		len = utf8_char(l->s + i, l->len - i, &code);
		if (!len)
			len = 1; /* the rest is still to come */
		uint32_t two[2];
		size_t k = cells_of(code, two);

		if (n + k > SCREEN_CELLS)
			break;
		memcpy(cell + n, two, k * sizeof(*cell));
		n += k;
	}
	if (l->at == l->len)
		*ret_at = n;
	return n;
}

/* Which part of n cells is shown in `room` so that the cursor's is. */
static size_t scrolled(size_t off, size_t n, size_t at, size_t room)
{
	if (n <= room)
		return 0;
	/* the first and the last place may be taken by `$` */
	if (at >= off + room - 1)
		off = at - (room - 1) + JUMP;
	if (off && at <= off)
		off = at > JUMP ? at - JUMP : 0;
	return off;
}

/* Moves the cursor: to the right by writing once more what is there. */
static void go(struct screen *s, size_t to, struct txt *out)
{
	for (; s->at > to; s->at--)
		txt_char(out, '\b');
	for (; s->at < to; s->at++)
		if (s->cell[s->at])
			utf8_put(out, s->cell[s->at]);
}

void screen_draw(struct screen *s, const struct line *l, struct txt *out)
{
	static uint32_t want[SCREEN_CELLS];
	size_t at, n = lay_out(l, want, &at), room, same = 0;

	if (s->width) {
		/* the last column stays free: terminals differ about what comes behind it */
		room = s->width > s->prompt + 1 + LEAST ? s->width - s->prompt - 1 : LEAST;
		s->off = scrolled(s->off, n, at, room);
		n -= s->off;
		at -= s->off;
		memmove(want, want + s->off, n * sizeof(*want));
		/* of a wide character not one half alone */
		if (s->off && !want[1])
			want[1] = ' ';
		if (s->off)
			want[0] = '$';
		if (n > room) {
			n = room;
			if (!want[n - 1])
				want[n - 2] = ' ';
			want[n - 1] = '$';
		}
	}
	while (same < n && same < s->n && want[same] == s->cell[same])
		same++;
	if (same < n || same < s->n) {
		/* not from the second half of a wide character */
		while (same && ((same < n && !want[same]) || (same < s->n && !s->cell[same])))
			same--;
		go(s, same, out);
		memcpy(s->cell + same, want + same, (n - same) * sizeof(*want));
		size_t old = s->n;
		s->n = n;
		go(s, n, out);
		for (; s->at < old; s->at++)
			txt_char(out, ' ');
	}
	go(s, at, out);
}

void screen_leave(struct screen *s, struct txt *out)
{
	go(s, s->n, out);
}

size_t screen_caret(const struct screen *s, const char *text, size_t n)
{
	size_t blanks = 0;

	while (blanks < n && text[blanks] == ' ')
		blanks++;
	if (n - blanks < 2 || memcmp(text + blanks, "^\n", 2) != 0 || blanks < s->prompt)
		return 0;
	return blanks - s->prompt < s->off ? blanks - s->prompt : s->off;
}
