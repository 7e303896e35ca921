/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/keep.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct keep_list keep_list_of(const struct cli_grammar *g, unsigned mode, void *obj)
{
	return (struct keep_list){ g->keeper, (char *)obj + g->modes[mode].kept_off };
}

size_t keep_find(struct keep_list k, const char *text)
{
	return k.ops->find(k.list, text);
}

static bool same_words(const char *a, const char *b)
{
	for (;; a++, b++) {
		size_t blanks = strspn(a, " \t");

		if ((blanks != 0) != (strspn(b, " \t") != 0))
			return false;
		a += blanks;
		b += strspn(b, " \t");
		if (!*a || !*b)
			return *a == *b;
		if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
			return false;
	}
}

size_t keep_find_words(struct keep_list k, const char *text)
{
	size_t at = keep_find(k, text);
	struct cli_kept line;

	for (size_t i = 0; at == KEEP_NONE && k.ops->any_wrong(k.list) && k.ops->get(k.list, i, &line); i++)
		if (line.kind != CLI_KEEP_QUIET && line.kind != CLI_KEEP_CHILD && same_words(line.text, text))
			return i;
	return at;
}

void keep_unsay(struct keep_list k, const char *text)
{
	struct txt no = TXT_INIT;

	txt_printf(&no, "no %s", text);
	size_t at = no.bad ? KEEP_NONE : keep_find(k, txt_cstr(&no));
	if (at != KEEP_NONE)
		k.ops->del(k.list, at);
	if (no.s)
		explicit_bzero(no.s, no.len); /* may hold a mistyped key */
	txt_fini(&no);
}

int keep_error(struct keep_list k, const struct cli_kept *line)
{
	if (keep_find(k, line->text) != KEEP_NONE)
		return 0;
	return k.ops->add(k.list, KEEP_END, line);
}

int keep_child(struct keep_list k, const char *block, unsigned depth, const char *text,
	       bool dedupe)
{
	struct cli_kept child = { .kind = CLI_KEEP_CHILD, .depth = depth, .text = text }, line;
	size_t at = keep_find(k, block), end;

	if (at == KEEP_NONE)
		return keep_error(k, &(struct cli_kept){ .kind = CLI_KEEP_INVALID, .text = text });
	end = k.ops->end(k.list, at);
	for (size_t i = at + 1; dedupe && i < end && k.ops->get(k.list, i, &line); i++)
		if (line.depth == depth && !strcmp(line.text, text))
			return 0;
	return k.ops->add(k.list, end, &child);
}

/* The keeper can only take away all from a line on: what is to stay is put back. */
int keep_child_del(struct keep_list k, const char *block, unsigned depth, const char *text)
{
	size_t at = keep_find(k, block), end, n = 0, i;
	struct cli_kept line, *stay;
	char **texts;
	int err = 0;

	if (at == KEEP_NONE)
		return -ENOENT;
	end = k.ops->end(k.list, at);
	for (i = at + 1; i < end && k.ops->get(k.list, i, &line); i++)
		if (line.depth == depth && !strcmp(line.text, text))
			break;
	if (i >= end)
		return -ENOENT;
	at = i++;
	while (i < end && k.ops->get(k.list, i, &line) && line.depth > depth)
		i++;
	stay = calloc(end - i + 1, sizeof(*stay));
	texts = calloc(end - i + 1, sizeof(*texts));
	if (!stay || !texts)
		err = -ENOMEM;
	for (; !err && i < end && k.ops->get(k.list, i, &stay[n]); i++, n++) {
		texts[n] = strdup(stay[n].text);
		stay[n].text = texts[n];
		err = texts[n] ? 0 : -ENOMEM;
	}
	if (!err)
		k.ops->del(k.list, at);
	for (i = 0; i < n; i++) {
		if (!err)
			err = k.ops->add(k.list, at + i, &stay[i]);
		if (texts[i])
			explicit_bzero(texts[i], strlen(texts[i]));
		free(texts[i]);
	}
	free(texts);
	free(stay);
	return err;
}

int keep_raw(struct keep_list k, const char *block, unsigned depth, const char *text, bool end)
{
	struct cli_kept child = { .kind = CLI_KEEP_CHILD, .depth = depth, .text = text };
	size_t at = keep_find(k, block);
	int err;

	if (at == KEEP_NONE)
		return 0; /* somebody removed the banner meanwhile */
	at = k.ops->end(k.list, at) - 1;
	err = k.ops->add(k.list, at, &child);
	if (!err && end)
		k.ops->del(k.list, at + 1);
	return err;
}

static bool starts_with_word(const char *text, const char *prefix)
{
	size_t n = strlen(prefix);

	return !strncasecmp(text, prefix, n) && (!text[n] || text[n] == ' ');
}

static const char *without_no(const char *text)
{
	return strncasecmp(text, "no ", 3) ? text : text + 3 + strspn(text + 3, " ");
}

/* Removes a row's lines; with prefix only those that begin with its words. */
static bool remove_lines(struct keep_list k, uint32_t anchor, const char *prefix)
{
	struct cli_kept line;
	bool any = false;

	for (size_t i = 0; k.ops->get(k.list, i, &line);) {
		if (line.kind != CLI_KEEP_QUIET || line.anchor != anchor ||
		    (prefix && !starts_with_word(without_no(line.text), prefix))) {
			i++;
			continue;
		}
		any |= without_no(line.text) == line.text;
		k.ops->del(k.list, i);
	}
	return any;
}

int keep_quiet(struct keep_list k, const struct cli_row *row, uint32_t anchor, enum cli_op op,
	       const char *text, uint32_t number, bool *ret_new)
{
	struct cli_kept line = { .kind = CLI_KEEP_QUIET, .anchor = anchor, .text = text,
				 .line = number };
	bool many = row->flags & ROW_KEEP_MANY;

	*ret_new = false;
	if (row->flags & ROW_RAW)
		remove_lines(k, anchor, NULL); /* a banner replaces the one before */
	if (keep_find(k, text) != KEEP_NONE)
		return 0;
	if (op == CLI_DEFAULT) {
		const char *rest = strchr(text, ' ');

		remove_lines(k, anchor, many && rest ? rest + 1 + strspn(rest + 1, " ") : NULL);
		return 0;
	}
	if (op == CLI_NO) {
		/* what was set is gone; if nothing was, `no` itself is the setting */
		if (remove_lines(k, anchor, many ? without_no(text) : NULL))
			return 0;
	} else if (!many) {
		remove_lines(k, anchor, NULL);
	} else {
		keep_unsay(k, text);
	}
	*ret_new = true;
	return k.ops->add(k.list, KEEP_END, &line);
}

/* A number in front says where a line belongs, and is not printed where that is where it is anyway. */
static size_t first_word(const struct cli_words *line)
{
	const char *word = line->n > 1 ? line->v[0].text : "-";

	return word[strspn(word, "0123456789")] ? 0 : 1;
}

/* The words of text are words of line in the same order: the first ones, or with
 * gaps, which must not come before the first word. */
static bool is_part(const char *text, const struct cli_words *line, size_t from, bool gaps)
{
	for (size_t i = from; i < line->n; i++) {
		text += strspn(text, " \t");
		size_t len = strcspn(text, " \t");

		if (!len)
			return true;
		if (len == line->v[i].len && !strncasecmp(text, line->v[i].text, len))
			text += len;
		else if (!gaps || i == from)
			return false;
	}
	return !text[strspn(text, " \t")];
}

void keep_supersede(struct keep_list k, const struct cli_words *line, uint32_t row)
{
	struct cli_kept kept;

	if (!k.ops->any_wrong(k.list))
		return;
	for (size_t i = 0; k.ops->get(k.list, i, &kept);) {
		bool wrong = kept.kind != CLI_KEEP_QUIET && kept.kind != CLI_KEEP_CHILD;
		bool blanks = kept.kind == CLI_KEEP_INCOMPLETE && kept.anchor == row;

		if (wrong && (is_part(kept.text, line, 0, blanks) || is_part(kept.text, line, first_word(line), blanks)))
			k.ops->del(k.list, i);
		else
			i++;
	}
}

void keep_settle(struct keep_list k)
{
	if (k.ops->any_wrong(k.list))
		k.ops->settle(k.list);
}
