/* SPDX-License-Identifier: Apache-2.0 */
/* Banners: lines that are text, up to a delimiter. */
#include "cli/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ETX "^C" /* as a listing shows the character */

/* Whatever a banner was typed between, IOS lists it between ETXs, and programs look for those. text: its first line,
 * of which d is what begins with the delimiter, or a later one (d: the whole), up to the delimiter. A malloc'ed
 * copy with ETXs; NULL without memory. */
static char *between_etx(const char *text, const char *d, const char *delimiter, bool first)
{
	struct txt t = TXT_INIT;
	const char *from = first ? d + strlen(delimiter) : d, *end = strstr(from, delimiter);

	txt_mem(&t, text, (size_t)(d - text));
	if (first)
		txt_str(&t, ETX);
	size_t len = end ? (size_t)(end - from) : strlen(from);
	for (size_t i = 0; i < len; i++) {
		txt_char(&t, from[i]);
		/* it would end the text when the listing is read: what follows would be commands */
		if (from[i] == ETX[0] && i + 1 < len && from[i + 1] == ETX[1])
			txt_char(&t, ' ');
	}
	if (end)
		txt_str(&t, ETX);
	if (!t.bad)
		return txt_steal(&t);
	txt_fini(&t);
	return NULL;
}

int cli_banner(struct cli_work *k, size_t frame, const struct cli_row *row, size_t off)
{
	struct cli_session *s = k->s;
	struct keep_list list = cli_kept_list(k, frame);
	const char *typed = k->text, *d = typed + off - strspn(k->w->line, " \t");
	char delimiter[3] = { d[0], 0 };
	char *etx = NULL;
	bool new;
	int err;

	if (!strncmp(d, ETX, strlen(ETX)))
		delimiter[1] = d[1];
	bool more = !strstr(d + strlen(delimiter), delimiter);

	/* a text that has ETXs of its own stays as it is */
	if (!strstr(d, ETX)) {
		etx = between_etx(typed, d, delimiter, true);
		if (!etx)
			return -ENOMEM;
		k->text = etx;
	}
	err = keep_quiet(list, row, cli_row_number(s->g, row), CLI_SET, k->text, k->number, &new);
	if (!err && more) {
		memcpy(s->raw, delimiter, sizeof(delimiter));
		s->raw_as_etx = etx != NULL;
		if (s->interactive)
			txt_printf(&k->r->out, "Enter TEXT message.  End with the character '%s'.\n", s->raw);
		err = cli_disown(k, frame);
		if (!err)
			err = keep_child(list, k->text, 0, etx ? ETX : s->raw, false);
	}
	k->text = typed;
	free(etx);
	return err;
}

/* Inside a banner everything is text, up to its delimiter. */
int cli_raw_line(struct cli_work *k, const char *line)
{
	struct cli_session *s = k->s;
	size_t blanks = strspn(line, " ");
	bool end = strstr(line, s->raw) != NULL;
	char *etx = s->raw_as_etx ? between_etx(line + blanks, line + blanks, s->raw, false) : NULL;
	int err = s->raw_as_etx && !etx ? -ENOMEM : 0;

	cli_session_resolve(s, k->root, k->obj);
	if (s->orphan_frame >= s->n)
		s->orphan_frame = 0;
	if (!err)
		err = keep_raw(cli_kept_list(k, s->orphan_frame), s->orphan, (unsigned)blanks, etx ? etx : line + blanks, end);
	free(etx);
	k->r->config = true;
	if (end) {
		s->raw[0] = '\0';
		cli_session_forget(s);
	}
	return err;
}

