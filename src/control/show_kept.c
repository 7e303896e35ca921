/* SPDX-License-Identifier: Apache-2.0 */
/* show aliases, show object-group: lines that are kept, and that nothing here acts on. */
#include "control/show_parts.h"

#include <string.h>
#include <strings.h>

/* The word behind n others; "" where there is none. *ret_len: its bytes. */
static const char *word_at(const char *text, size_t n, size_t *ret_len)
{
	for (; n; n--) {
		text += strcspn(text, " \t");
		text += strspn(text, " \t");
	}
	*ret_len = strcspn(text, " \t");
	return text;
}

/* A line of that command, which may have been written shorter, that was understood. */
static bool is_line(const struct kept_line *k, const char *command)
{
	size_t len;
	const char *word = word_at(k->text, 0, &len);

	return k->kind == KEPT_QUIET && len > 1 && len <= strlen(command) && !strncasecmp(word, command, len);
}

/* Those that IOS has without a line. */
static const struct {
	const char *name, *command;
} aliases[] = {
	{ "h", "help" }, { "lo", "logout" }, { "p", "ping" },	  { "r", "resume" },
	{ "s", "show" }, { "u", "undebug" }, { "un", "undebug" }, { "w", "where" },
};

void show_aliases(const struct show_in *in, struct txt *out)
{
	const kept_list *l = &in->config->kept;
	bool any = false;

	txt_str(out, "Exec mode aliases:\n");
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		txt_printf(out, "  %-21s %s\n", aliases[i].name, aliases[i].command);
	for (size_t i = 0; i < l->n; i = kept_end(l, i)) {
		if (!is_line(l->v[i], "alias"))
			continue;
		if (!any)
			txt_str(out, "\n% Kept, and not in force:\n");
		txt_printf(out, "  %s\n", l->v[i]->text);
		any = true;
	}
}

static void object_group(const kept_list *l, size_t at, size_t end, struct txt *out)
{
	size_t kind_len, name_len;
	const char *kind = word_at(l->v[at]->text, 1, &kind_len), *name = word_at(l->v[at]->text, 2, &name_len);

	txt_printf(out, "%s object group %.*s\n", kind[0] == 'n' ? "Network" : kind[0] == 's' ? "Service" : "Other", (int)name_len,
		   name);
	for (size_t i = at + 1; i < end; i++)
		txt_printf(out, " %s\n", l->v[i]->text);
	txt_char(out, '\n');
}

void show_object_group(const struct show_in *in, const char *name, struct txt *out)
{
	const kept_list *l = &in->config->kept;
	bool any = false;

	for (size_t i = 0, end; i < l->n; i = end) {
		size_t len;
		const char *is = word_at(l->v[i]->text, 2, &len);

		end = kept_end(l, i);
		if (!is_line(l->v[i], "object-group") ||
		    (name[0] && (strlen(name) != len || memcmp(name, is, len) != 0)))
			continue;
		if (!any)
			txt_str(out, "% Object groups are kept, and not in force: lines of access lists with them are not used\n\n");
		object_group(l, i, end, out);
		any = true;
	}
}
