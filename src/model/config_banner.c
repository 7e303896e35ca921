/* SPDX-License-Identifier: Apache-2.0 */
#include "model/config.h"

#include <string.h>

/* Behind `banner KIND `; NULL if the line is another. */
static const char *text_of(const char *line, const char *kind)
{
	const char *words[] = { "banner", kind };

	for (size_t i = 0; i < 2; i++) {
		size_t n = strlen(words[i]);

		if (strncmp(line, words[i], n) || line[n] != ' ')
			return NULL;
		line += n + strspn(line + n, " ");
	}
	return line;
}

/* A line of it; true if the delimiter ends it. */
static bool put_line(const char *text, const char *delimiter, struct txt *out)
{
	const char *end = strstr(text, delimiter);

	txt_mem(out, text, end ? (size_t)(end - text) : strlen(text));
	if (!end || end != text)
		txt_char(out, '\n');
	return end != NULL;
}

void config_banner(const struct config *c, const char *kind, struct txt *out)
{
	const char *text = NULL;
	char delimiter[3] = "";
	size_t i = 0;

	for (; i < c->kept.n && !text; i++)
		if (c->kept.v[i]->kind == KEPT_QUIET)
			text = text_of(c->kept.v[i]->text, kind);
	if (!text || !*text)
		return;
	/* a listing shows the ETX that began the text as the two characters ^C */
	memcpy(delimiter, text, text[0] == '^' && text[1] == 'C' ? 2 : 1);
	if (put_line(text + strlen(delimiter), delimiter, out))
		return;
	for (; i < c->kept.n && c->kept.v[i]->kind == KEPT_CHILD; i++) {
		for (unsigned n = 0; n < c->kept.v[i]->depth; n++)
			txt_char(out, ' ');
		if (put_line(c->kept.v[i]->text, delimiter, out))
			return;
	}
}
