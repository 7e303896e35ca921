/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pipe.h"

#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PLUS_MAX 8

const struct cli_name cli_pipe_names[] = {
	{ "append", "Append redirected output to URL (URLs supporting append operation only)", CLI_PIPE_APPEND },
	{ "begin", "Begin with the line that matches", CLI_PIPE_BEGIN },
	{ "count", "Count number of lines which match regexp", CLI_PIPE_COUNT },
	{ "exclude", "Exclude lines that match", CLI_PIPE_EXCLUDE },
	{ "include", "Include lines that match", CLI_PIPE_INCLUDE },
	{ "json", "Print the output as JSON", CLI_PIPE_JSON },
	{ "redirect", "Redirect output to URL", CLI_PIPE_REDIRECT },
	{ "section", "Filter a section of output", CLI_PIPE_SECTION },
	{ "tee", "Copy output to URL", CLI_PIPE_TEE },
	{ 0 },
};

/* ---- what was typed ---- */

/* Their first letters tell them apart. */
static enum cli_pipe_kind kind_of(const char *word, size_t n)
{
	for (const struct cli_name *row = cli_pipe_names; row->word; row++)
		if (n && n <= strlen(row->word) && !strncasecmp(word, row->word, n))
			return (enum cli_pipe_kind)row->value;
	return 0;
}

/* Takes the word, if s begins with it or an abbreviation of it, and the blanks behind it. */
static bool take_word(const char **s, const char *word)
{
	size_t n = strcspn(*s, " \t");

	if (!n || n > strlen(word) || strncasecmp(*s, word, n) != 0 || !(*s)[n])
		return false;
	*s += n + strspn(*s + n, " \t");
	return true;
}

/* A bar before the name of another filter, spelled so that nobody can have meant a pattern. */
static const char *second_filter(const char *pattern)
{
	for (const char *p = pattern; (p = strchr(p, '|')); p++) {
		const char *word = p + 1 + strspn(p + 1, " \t");
		size_t n = strcspn(word, " \t");

		if (p > pattern && (p[-1] == ' ' || p[-1] == '\t') && n >= 3 && kind_of(word, n) &&
		    (word[n] || kind_of(word, n) == CLI_PIPE_JSON || kind_of(word, n) == CLI_PIPE_COUNT))
			return p;
	}
	return NULL;
}

static bool to_file(enum cli_pipe_kind kind)
{
	return kind == CLI_PIPE_REDIRECT || kind == CLI_PIPE_TEE || kind == CLI_PIPE_APPEND;
}

int cli_pipe_read(const char *spec, struct cli_pipe *ret_p, size_t *ret_col)
{
	const char *word = spec + strspn(spec, " \t");
	size_t n = strcspn(word, " \t");
	const char *rest = word + n + strspn(word + n, " \t"), *bad = word;
	struct cli_pipe p = { .kind = kind_of(word, n) };

	*ret_col = (size_t)(word - spec);
	if (!n)
		return -ENODATA;
	if (!p.kind)
		return -EINVAL;
	if (p.kind == CLI_PIPE_SECTION && take_word(&rest, "exclude"))
		p.without = true;
	else if (p.kind == CLI_PIPE_SECTION)
		(void)take_word(&rest, "include");
	else if (p.kind == CLI_PIPE_TEE)
		p.append = take_word(&rest, "/append");
	p.append |= p.kind == CLI_PIPE_APPEND;
	size_t len = strlen(rest);
	bad = rest;
	if (p.kind == CLI_PIPE_JSON && !len)
		goto ok;
	if (!len)
		return -ENODATA;
	if (to_file(p.kind)) {
		len = strcspn(rest, " \t");
		bad = rest + len + strspn(rest + len, " \t"); /* a file is one word */
		if (*bad)
			goto fail;
	} else if ((bad = second_filter(rest))) {
		goto fail;
	}
	bad = rest;
	if (p.kind == CLI_PIPE_JSON || len > CLI_PIPE_TEXT)
		goto fail;
	memcpy(p.text, rest, len);
ok:
	*ret_p = p;
	return 0;
fail:
	*ret_col = (size_t)(bad - spec);
	return -EINVAL;
}

bool cli_pipe_filters(const struct cli_pipe *p)
{
	return p->kind && !to_file(p->kind) && p->kind != CLI_PIPE_JSON;
}

/* ---- lines ---- */

struct state {
	const struct cli_pipe *p;
	bool begun, in_section;
	size_t indent; /* of the section's heading */
	size_t count;
};

static bool wanted(struct state *s, const char *line, bool hit)
{
	size_t indent = strspn(line, " \t");

	switch (s->p->kind) {
	case CLI_PIPE_INCLUDE:
		return hit;
	case CLI_PIPE_EXCLUDE:
		return !hit;
	case CLI_PIPE_BEGIN:
		s->begun |= hit;
		return s->begun;
	case CLI_PIPE_COUNT:
		s->count += hit;
		return false;
	default: /* SECTION: the matching line and what is indented below it */
		if (hit && !(s->in_section && indent > s->indent)) {
			s->in_section = true;
			s->indent = indent;
			return !s->p->without;
		}
		s->in_section = s->in_section && line[indent] && indent > s->indent;
		return s->in_section != s->p->without;
	}
}

/* IOS's expressions as POSIX extended ones. IOS has no repetition counts: braces
 * are themselves. Recall (`\\1`) is not offered. Both would let a short pattern
 * keep the router busy for hours. So would `+`: regcomp() doubles what it repeats.
 * Repeated repetitions therefore become one (`a++` is `a+`, `a+?` is `a*`), and
 * groups are repeated by `+` only PLUS_MAX times; false if that is exceeded. `_` is a
 * place between words: begin, end, blank, comma, braces, parentheses; and itself, since
 * names have it. What repeats nothing is no expression. */
static bool translate(const char *pattern, struct txt *out)
{
	bool bracket = false;
	unsigned groups = 0;

	for (const char *p = pattern; *p; p++) {
		if (!bracket && *p && strchr("*+?", *p)) {
			bool group = p > pattern && (p[-1] == ')' || p[-1] == '_');
			char q = *p;

			if (p == pattern || strchr("(|^", p[-1]))
				return false;

			for (; p[1] && strchr("*+?", p[1]); p++)
				if (p[1] != q)
					q = '*';
			groups += group && q == '+';
			txt_char(out, q);
			continue;
		}
		if (*p == '\\' && p[1] && !bracket) {
			p++;
			if (*p < '0' || *p > '9')
				txt_char(out, '\\');
		} else if (*p == '[' && !bracket) {
			bracket = true;
			/* a bracket right after [ or [^ is an element */
			txt_char(out, *p);
			if (p[1] == '^')
				txt_char(out, *++p);
			if (p[1] == ']')
				txt_char(out, *++p);
			continue;
		} else if (*p == ']') {
			bracket = false;
		} else if (*p == '_' && !bracket) {
			txt_str(out, "([ ,(){}_]|^|$)");
			continue;
		} else if ((*p == '{' || *p == '}') && !bracket) {
			txt_char(out, '\\');
		}
		txt_char(out, *p);
	}
	return groups <= PLUS_MAX;
}

/* A compiled pattern; -EINVAL if it is none. */
static int compile(const char *pattern, regex_t *ret_re)
{
	struct txt t = TXT_INIT;
	int err = -EINVAL;

	bool ok = translate(pattern, &t);

	if (ok && !t.bad && t.len <= 4 * CLI_PIPE_TEXT &&
	    regcomp(ret_re, txt_cstr(&t), REG_EXTENDED | REG_NOSUB) == 0)
		err = 0;
	txt_fini(&t);
	return err;
}

struct cli_filter {
	struct cli_pipe pipe;
	struct state s;
	regex_t re;
	struct txt line; /* that is not whole yet */
};

int cli_filter_open(const struct cli_pipe *p, struct cli_filter **ret_f, struct txt *out)
{
	struct cli_filter *f = calloc(1, sizeof(*f));

	if (!f || compile(p->text, &f->re)) {
		txt_str(out, "% Failed to compile regular expression\n");
		free(f);
		return -EINVAL;
	}
	f->pipe = *p;
	f->s.p = &f->pipe;
	*ret_f = f;
	return 0;
}

/* A whole line; a NUL in it ends it. */
static void take_line(struct cli_filter *f, struct txt *out)
{
	const char *line = txt_cstr(&f->line);

	if (wanted(&f->s, line, regexec(&f->re, line, 0, NULL, 0) == 0)) {
		txt_str(out, line);
		txt_char(out, '\n');
	}
	txt_clear(&f->line);
}

void cli_filter_text(struct cli_filter *f, const char *text, size_t len, struct txt *out)
{
	while (len) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;

		txt_mem(&f->line, text, n);
		if (end)
			take_line(f, out);
		n += end != NULL;
		text += n;
		len -= n;
	}
	out->bad |= f->line.bad;
}

void cli_filter_close(struct cli_filter *f, struct txt *out)
{
	if (!f)
		return;
	if (out && f->line.len)
		take_line(f, out);
	if (out && f->pipe.kind == CLI_PIPE_COUNT)
		txt_printf(out, "Number of lines which match regexp = %zu\n", f->s.count);
	if (f->line.s)
		explicit_bzero(f->line.s, f->line.cap); /* of a configuration */
	txt_fini(&f->line);
	regfree(&f->re);
	free(f);
}

int cli_pipe_run(const struct cli_pipe *p, const char *text, struct txt *out)
{
	struct cli_filter *f;

	if (!cli_pipe_filters(p))
		return 0;
	if (cli_filter_open(p, &f, out))
		return -EINVAL;
	cli_filter_text(f, text, strlen(text), out);
	cli_filter_close(f, out);
	return 0;
}
