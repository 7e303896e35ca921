/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pipe.h"

#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#define PATTERN_MAX 512
#define PLUS_MAX    8

enum filter { NONE, INCLUDE, EXCLUDE, BEGIN, SECTION, COUNT, FILE_OUT, JSON };

/* A first letter is enough; help NULL: not offered. */
const struct cli_name cli_pipe_names[] = {
	{ "append", NULL, FILE_OUT },
	{ "begin", "Begin with the line that matches", BEGIN },
	{ "count", "Count number of lines which match regexp", COUNT },
	{ "exclude", "Exclude lines that match", EXCLUDE },
	{ "include", "Include lines that match", INCLUDE },
	{ "json", "The same as JSON", JSON },
	{ "redirect", NULL, FILE_OUT },
	{ "section", "Filter a section of output", SECTION },
	{ "tee", NULL, FILE_OUT },
	{ NULL, NULL, 0 },
};

static enum filter filter_of(const char *word, size_t n)
{
	for (const struct cli_name *k = cli_pipe_names; n && k->word; k++)
		if (n <= strlen(k->word) && !strncmp(word, k->word, n))
			return (enum filter)k->value;
	return NONE;
}

struct state {
	enum filter f;
	bool begun, in_section;
	size_t indent; /* of the section's heading */
	size_t count;
};

static bool wanted(struct state *s, const char *line, bool hit)
{
	size_t indent = strspn(line, " \t");

	switch (s->f) {
	case INCLUDE:
		return hit;
	case EXCLUDE:
		return !hit;
	case BEGIN:
		s->begun |= hit;
		return s->begun;
	case COUNT:
		s->count += hit;
		return false;
	default: /* SECTION: the matching line and what is indented below it */
		if (hit && !(s->in_section && indent > s->indent)) {
			s->in_section = true;
			s->indent = indent;
			return true;
		}
		s->in_section = s->in_section && line[indent] && indent > s->indent;
		return s->in_section;
	}
}

/* IOS's expressions as POSIX extended ones. IOS has no repetition counts: braces
 * are themselves. Recall (`\\1`) is not offered. Both would let a short pattern
 * keep the router busy for hours. So would `+`: regcomp() doubles what it repeats.
 * Repeated repetitions therefore become one (`a++` is `a+`, `a+?` is `a*`), and
 * groups are repeated by `+` only PLUS_MAX times; false if that is exceeded. */
static bool translate(const char *pattern, struct txt *out)
{
	bool bracket = false;
	unsigned groups = 0;

	for (const char *p = pattern; *p; p++) {
		if (!bracket && *p && strchr("*+?", *p)) {
			bool group = p > pattern && p[-1] == ')';
			char q = *p;

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

	if (ok && !t.bad && t.len <= PATTERN_MAX &&
	    regcomp(ret_re, txt_cstr(&t), REG_EXTENDED | REG_NOSUB) == 0)
		err = 0;
	txt_fini(&t);
	return err;
}

bool cli_pipe_is_json(const char *spec)
{
	const char *word = spec + strspn(spec, " \t");
	size_t n = strcspn(word, " \t");

	return filter_of(word, n) == JSON && !word[n + strspn(word + n, " \t")];
}

struct cli_pipe {
	struct state s;
	regex_t re;
	struct txt line; /* that is not whole yet */
};

int cli_pipe_open(const char *spec, struct cli_pipe **ret_p, struct txt *out)
{
	const char *word = spec + strspn(spec, " \t");
	size_t n = strcspn(word, " \t");
	const char *pattern = word + n + strspn(word + n, " \t");
	enum filter f = filter_of(word, n);
	struct cli_pipe *p;

	if (f == FILE_OUT) {
		txt_str(out, "% Redirecting to a file is not available here; use the shell's own\n");
		return -EINVAL;
	}
	if (f == NONE || f == JSON || !*pattern) {
		txt_str(out, f == NONE || f == JSON ? "% Invalid filter: include, exclude, begin, section, count\n" :
						      "% Incomplete command.\n");
		return -EINVAL;
	}
	p = calloc(1, sizeof(*p));
	if (!p || compile(pattern, &p->re)) {
		txt_str(out, "% Failed to compile regular expression\n");
		free(p);
		return -EINVAL;
	}
	p->s.f = f;
	*ret_p = p;
	return 0;
}

/* A whole line; a NUL in it ends it. */
static void take_line(struct cli_pipe *p, struct txt *out)
{
	const char *line = txt_cstr(&p->line);

	if (wanted(&p->s, line, regexec(&p->re, line, 0, NULL, 0) == 0)) {
		txt_str(out, line);
		txt_char(out, '\n');
	}
	txt_clear(&p->line);
}

void cli_pipe_text(struct cli_pipe *p, const char *text, size_t len, struct txt *out)
{
	while (len) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;

		txt_mem(&p->line, text, n);
		if (end)
			take_line(p, out);
		n += end != NULL;
		text += n;
		len -= n;
	}
	out->bad |= p->line.bad;
}

void cli_pipe_close(struct cli_pipe *p, struct txt *out)
{
	if (!p)
		return;
	if (out && p->line.len)
		take_line(p, out);
	if (out && p->s.f == COUNT)
		txt_printf(out, "Number of lines which match regexp = %zu\n", p->s.count);
	if (p->line.s)
		explicit_bzero(p->line.s, p->line.cap); /* of a configuration */
	txt_fini(&p->line);
	regfree(&p->re);
	free(p);
}

int cli_pipe(const char *spec, const char *text, struct txt *out)
{
	struct cli_pipe *p;
	int err = cli_pipe_open(spec, &p, out);

	if (err)
		return err;
	cli_pipe_text(p, text, strlen(text), out);
	cli_pipe_close(p, out);
	return 0;
}
