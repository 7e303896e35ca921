/* SPDX-License-Identifier: Apache-2.0 */
/* `interface range FastEthernet0/0 - 3 , Tunnel0`: which interfaces that is. */
#include "commands/if_range.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/rows.h"

/* One of the parts between commas, without blanks: `FastEthernet0/0-3`. */
struct part {
	char stem[CFG_NAME_MAX]; /* canonical, up to its last number */
	unsigned long first, last;
};

static bool number(const char *s, unsigned long *ret)
{
	size_t n = strspn(s, "0123456789");

	if (!n || n > 10 || s[n])
		return false;
	*ret = strtoul(s, NULL, 10);
	return *ret <= INT32_MAX;
}

static bool read_part(char *text, struct part *ret)
{
	static const struct cli_tok tok = { .kind = CLI_ARG, .type = &arg_ifname, .size = CFG_NAME_MAX };
	char name[CFG_NAME_MAX];
	char *dash = strchr(text, '-');
	size_t bad, stem;

	if (dash)
		*dash++ = '\0';
	if (arg_ifname.parse(&tok, text, name, &bad))
		return false;
	stem = strlen(name);
	while (stem && isdigit((unsigned char)name[stem - 1]))
		stem--;
	if (!number(name + stem, &ret->first))
		return false;
	ret->last = ret->first;
	if (dash) { /* the last one by its number, or named in full */
		const char *last = dash;

		for (const char *p = dash; *p; p++)
			if (!isdigit((unsigned char)*p))
				last = p + 1;
		if (!number(last, &ret->last) || ret->last < ret->first)
			return false;
	}
	snprintf(ret->stem, sizeof(ret->stem), "%.*s", (int)stem, name);
	return true;
}

bool if_range_at(const char *text, size_t i, char name[CFG_NAME_MAX])
{
	char all[256], *save = NULL;
	size_t n = 0;
	bool found = false;

	for (const char *p = text; *p; p++)
		if (*p != ' ' && n < sizeof(all) - 1)
			all[n++] = *p;
	all[n] = '\0';
	if (!n || all[n - 1] == ',')
		return false;
	/* to the end, since what is wrong anywhere is wrong as a whole */
	for (char *p = strtok_r(all, ",", &save); p; p = strtok_r(NULL, ",", &save)) {
		struct part one;

		if (!read_part(p, &one))
			return false;
		size_t many = one.last - one.first + 1;
		if (!found && i < many) {
			snprintf(name, CFG_NAME_MAX, "%.*s%lu", CFG_NAME_MAX - 12, one.stem, one.first + i);
			found = true;
		}
		i -= i < many ? i : many;
	}
	return found;
}

struct range_args {
	char text[256];
};

static bool range_line(const void *args, size_t i, struct txt *ret_line)
{
	char name[CFG_NAME_MAX];

	if (!if_range_at(((const struct range_args *)args)->text, i, name))
		return false;
	txt_printf(ret_line, "interface %s", name);
	return true;
}

const struct cli_row rows_if_range[] = {
	{ .modes = CLI_IN(M_CONFIG), .flags = ROW_NO_NO, .args_size = sizeof(struct range_args), .prompt = "(config-if-range)#",
	  .range = range_line,
	  .toks = TOKS(KW("interface", "Select an interface to configure"), KW("range", "interface range command"),
		       LINE("Interfaces, such as FastEthernet0/0 - 3 , Tunnel0", struct range_args, text)) },
	{ .toks = NULL },
};
