/* SPDX-License-Identifier: Apache-2.0 */
#include "shell/pager.h"

#include <string.h>

#include "base/utf8.h"

static const char more[] = " --More-- ";
/* IOS erases the prompt with nine backspaces, blanks, backspaces; the return puts
 * the cursor over the prompt's first blank as well. */
static const char erase[] = "\b\b\b\b\b\b\b\b\b         \b\b\b\b\b\b\b\b\b\r";

void pager_reset(struct pager *p)
{
	p->shown = 0;
	p->column = 0;
	p->quit = false;
}

static void stop_here(struct pager *p)
{
	int k;

	p->write_raw(p->ctx, more, sizeof(more) - 1);
	k = p->key(p->ctx);
	p->write_raw(p->ctx, erase, sizeof(erase) - 1);
	if (k == ' ')
		p->shown = 0;
	else if (k == '\r' || k == '\n')
		p->shown = p->length - 2; /* room for one line */
	else
		p->quit = true;
}

/* How many bytes of s fit in what is left of this row. */
static size_t row_of(struct pager *p, const char *s, size_t n)
{
	size_t i = 0, len;

	for (; i < n && s[i] != '\n'; i += len) {
		uint32_t code;
		size_t columns;

		len = utf8_char(s + i, n - i, &code);
		/* of a character that is cut by the pieces the first one counts */
		columns = ((unsigned char)s[i] & 0xc0) == 0x80 ? 0 : code == '\t' ? 1 : utf8_width(code);
		if (!len)
			len = 1;
		if (p->width && p->column && p->column + columns > p->width)
			return i;
		p->column += (unsigned)columns;
	}
	return i < n ? i + 1 : i;
}

void pager_put(struct pager *p, const char *s, size_t n)
{
	while (n && !p->quit) {
		if (p->length > 1 && p->shown + 1 >= p->length && !p->column) {
			stop_here(p);
			if (p->quit)
				return;
		}
		size_t len = row_of(p, s, n);

		p->write(p->ctx, s, len);
		/* the row is full if its line has ended, or goes on and there is no room */
		if ((len && s[len - 1] == '\n') || len < n) {
			p->shown++;
			p->column = 0;
		}
		s += len;
		n -= len;
	}
}
