/* SPDX-License-Identifier: Apache-2.0 */
#include "shell/split.h"

#include <string.h>

bool shell_split(const char **s, struct txt *line)
{
	const char *p = *s;

	txt_clear(line);
	p += strspn(p, " \t\r\n;");
	for (; *p && !strchr(";\r\n", *p); p++) {
		if (p[0] == '\\' && p[1] == ';')
			p++;
		txt_char(line, *p);
	}
	*s = p;
	while (line->len && strchr(" \t", line->s[line->len - 1]))
		line->s[--line->len] = '\0';
	return line->len > 0;
}
