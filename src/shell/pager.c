/* SPDX-License-Identifier: Apache-2.0 */
#include "shell/pager.h"

#include <string.h>

static const char more[] = " --More-- ";
/* IOS erases the prompt with nine backspaces, blanks, backspaces; the return puts
 * the cursor over the prompt's first blank as well. */
static const char erase[] = "\b\b\b\b\b\b\b\b\b         \b\b\b\b\b\b\b\b\b\r";

void pager_reset(struct pager *p)
{
	p->shown = 0;
	p->quit = false;
}

static void stop_here(struct pager *p)
{
	int k;

	p->write(p->ctx, more, sizeof(more) - 1);
	k = p->key(p->ctx);
	p->write(p->ctx, erase, sizeof(erase) - 1);
	if (k == ' ')
		p->shown = 0;
	else if (k == '\r' || k == '\n')
		p->shown = p->length - 2; /* room for one line */
	else
		p->quit = true;
}

void pager_put(struct pager *p, const char *s, size_t n)
{
	while (n && !p->quit) {
		const char *nl = memchr(s, '\n', n);
		size_t len = nl ? (size_t)(nl - s) + 1 : n;

		if (p->length > 1 && p->shown + 1 >= p->length) {
			stop_here(p);
			if (p->quit)
				return;
		}
		p->write(p->ctx, s, len);
		p->shown += nl != NULL;
		s += len;
		n -= len;
	}
}
