/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

static void msg_fini(struct report_msg *m)
{
	if (m->source)
		explicit_bzero(m->source, strlen(m->source));
	free(m->source);
	free(m->object);
	free(m->text);
	free(m->fix);
	free(m->acl);
}

void report_fini(struct report *r)
{
	for (size_t i = 0; i < r->n; i++)
		msg_fini(&r->v[i]);
	free(r->v);
	memset(r, 0, sizeof(*r));
}

/* Takes over the strings of m. */
static void report_add(struct report *r, const struct report_msg *m)
{
	if (r->n == r->cap) {
		size_t cap = r->cap ? r->cap * 2 : 16;
		struct report_msg *v = reallocarray(r->v, cap, sizeof(*v));

		if (!v) {
			free(m->source);
			free(m->object);
			free(m->text);
			free(m->fix);
			r->nomem = true;
			return;
		}
		r->v = v;
		r->cap = cap;
	}
	r->v[r->n++] = *m;
	r->errors += m->severity == REPORT_ERROR;
	r->warnings += m->severity == REPORT_WARNING;
	r->nomem |= !m->text;
}

void report_object(struct report *r, enum report_severity sev, const char *object, const char *fix,
		   const char *fmt, ...)
{
	struct txt text = TXT_INIT;
	va_list ap;

	va_start(ap, fmt);
	txt_vprintf(&text, fmt, ap);
	va_end(ap);
	report_add(r, &(struct report_msg){ .severity = (uint8_t)sev, .object = strdup(object),
					    .text = txt_steal(&text),
					    .fix = fix ? strdup(fix) : NULL });
}

void report_fix(struct report *r, const char *fmt, ...)
{
	struct txt text = TXT_INIT;
	va_list ap;

	va_start(ap, fmt);
	txt_vprintf(&text, fmt, ap);
	va_end(ap);
	if (r->n) {
		free(r->v[r->n - 1].fix);
		r->v[r->n - 1].fix = txt_steal(&text);
	}
	txt_fini(&text);
}

void report_entry(struct report *r, const char *acl, uint32_t seq)
{
	struct report_msg *m = r->n ? &r->v[r->n - 1] : NULL;

	if (!m || m->acl)
		return;
	m->acl = strdup(acl);
	m->entry = seq;
}

/* As the caret counts it; it is a stranger's, and may end up on a terminal. */
static void put_source(const char *s, struct txt *out)
{
	size_t len;

	for (size_t n = strlen(s); n; s += len, n -= len) {
		uint32_t code;

		len = utf8_char(s, n, &code);
		if (!len)
			len = 1;
		utf8_show(out, s, len, code);
	}
	txt_char(out, '\n');
}

static void print_line(const struct report_msg *m, const char *name, struct txt *out)
{
	txt_printf(out, "%s:%u:\n", name, m->line);
	if (m->source)
		put_source(m->source, out);
	txt_str(out, m->text);
	if (out->len && out->s[out->len - 1] != '\n')
		txt_char(out, '\n');
}

/* Of the text only the lines that begin like a message, none of what they quote. */
static void log_line(const struct report_msg *m, const char *name, struct txt *out)
{
	for (const char *p = m->text; *p;) {
		size_t len = strcspn(p, "\n");

		/* "did you mean" and quoted words come from what was typed */
		if (*p != ' ' && len)
			txt_printf(out, "%s:%u: %.*s\n", name, m->line,
				   (int)(m->severity == REPORT_ERROR ? strcspn(p, "\"\n") : len), p);
		p += len + (p[len] != 0);
	}
}

enum print_style { PRINT_PLAIN, PRINT_COLOUR, PRINT_LOG };

static void print_all(const struct report *r, size_t from, const char *name, enum print_style style, struct txt *out)
{
	static const char *const words[] = { "note", "warning", "error" };
	static const char *const coloured[] = { "\033[36mnote\033[m", "\033[1;35mwarning\033[m", "\033[1;31merror\033[m" };
	bool log = style == PRINT_LOG;

	for (size_t i = from; i < r->n; i++) {
		const struct report_msg *m = &r->v[i];

		if (!m->text || (log && !m->line && m->severity == REPORT_NOTE))
			continue; /* notes are for who asks */
		if (m->line) {
			if (log)
				log_line(m, name, out);
			else
				print_line(m, name, out);
			continue;
		}
		txt_str(out, name);
		if (m->at)
			txt_printf(out, ":%u", m->at);
		txt_printf(out, ": %s: %s: %s\n", (style == PRINT_COLOUR ? coloured : words)[m->severity], m->object ? m->object : "", m->text);
		if (m->fix)
			txt_printf(out, "    fix: %s\n", m->fix);
	}
}

static int by_text(const void *a, const void *b)
{
	const struct report_msg *x = *(const struct report_msg *const *)a, *y = *(const struct report_msg *const *)b;

	return strcmp(x->text, y->text);
}

static bool is_note(const struct report_msg *m)
{
	return m->severity == REPORT_NOTE && m->text;
}

/* The notes of a report, by their texts; NULL: out of memory. */
static const struct report_msg **notes_of(const struct report *r, size_t *ret_n)
{
	const struct report_msg **v = calloc(r->n + 1, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; v && i < r->n; i++)
		if (is_note(&r->v[i]))
			v[n++] = &r->v[i];
	if (v && n)
		qsort(v, n, sizeof(*v), by_text);
	*ret_n = n;
	return v;
}

void report_forget(struct report *r, const struct report *known)
{
	size_t n_new, n_old, kept = 0;
	const struct report_msg **new = notes_of(r, &n_new), **old = notes_of(known, &n_old);
	bool *drop = calloc(r->n + 1, sizeof(*drop));

	for (size_t i = 0, k = 0; new && old && drop && i < n_new && k < n_old;) {
		int c = strcmp(new[i]->text, old[k]->text);

		if (!c)
			drop[new[i] - r->v] = true;
		i += c <= 0;
		k += c >= 0;
	}
	for (size_t i = 0; drop && i < r->n; i++) {
		if (drop[i])
			msg_fini(&r->v[i]);
		else
			r->v[kept++] = r->v[i];
	}
	if (drop)
		r->n = kept;
	free(new);
	free(old);
	free(drop);
}

void report_print(const struct report *r, const char *name, struct txt *out)
{
	print_all(r, 0, name, PRINT_PLAIN, out);
}

void report_print_from(const struct report *r, size_t from, const char *name, struct txt *out)
{
	print_all(r, from, name, PRINT_PLAIN, out);
}

void report_print_colour(const struct report *r, const char *name, struct txt *out)
{
	print_all(r, 0, name, PRINT_COLOUR, out);
}

void report_print_log(const struct report *r, const char *name, struct txt *out)
{
	print_all(r, 0, name, PRINT_LOG, out);
}

void report_json_message(const struct report_msg *m, struct json *j)
{
	static const char *const words[] = { "note", "warning", "error" };

	json_object(j, NULL);
	json_str(j, "severity", words[m->severity]);
	if (m->line || m->at)
		json_num(j, "line", m->line ? m->line : m->at);
	else
		json_null(j, "line");
	json_str_or_null(j, "source", m->source ? m->source : "");
	json_str_or_null(j, "object", m->object ? m->object : "");
	json_str(j, "text", m->text);
	json_str_or_null(j, "fix", m->fix ? m->fix : "");
	json_object_end(j);
}

void report_json(const struct report *r, struct json *j)
{
	json_array(j, "messages");
	for (size_t i = 0; i < r->n; i++)
		report_json_message(&r->v[i], j);
	json_array_end(j);
}

/* One blank line after a message belongs to a terminal, not to a report. */
static char *without_blank_end(struct txt *t)
{
	while (t->len > 1 && t->s[t->len - 1] == '\n' && t->s[t->len - 2] == '\n')
		t->s[--t->len] = '\0';
	return txt_steal(t);
}

/* The line as the caret counts it: a tab is one column. */
static char *source_copy(const char *line)
{
	char *s = strdup(line);

	for (char *p = s; p && *p; p++)
		if (*p == '\t' || *p == '\r')
			*p = ' ';
	return s;
}

static void report_result(struct report *report, const char *line, uint32_t number,
			  struct cli_result *r)
{
	struct report_msg m = { .line = number, .col = r->col };

	if (!r->out.len)
		return;
	m.severity = r->status == CLI_ERROR ? REPORT_ERROR : REPORT_NOTE;
	if (r->status == CLI_ERROR)
		m.source = source_copy(line);
	m.text = without_blank_end(&r->out);
	report_add(report, &m);
}

/* The next line of text as a string of its own, without the carriage returns of other systems at its end; NULL without
 * memory. Bytes that cannot be in a line become blanks. */
static char *next_line(const char **p, const char *end)
{
	const char *nl = memchr(*p, '\n', (size_t)(end - *p));
	size_t n = (size_t)((nl ? nl : end) - *p);
	size_t whole = n;

	while (n && (*p)[n - 1] == '\r')
		n--;
	char *line = malloc(n + 1);

	if (line) {
		memcpy(line, *p, n);
		line[n] = '\0';
		for (size_t i = 0; i < n; i++)
			if (!line[i])
				line[i] = ' ';
	}
	*p += whole + (nl ? 1 : 0);
	return line;
}

int config_load_onto(struct config *c, const char *text, size_t len, struct report *report)
{
	struct cli_session *s = cli_session_new(commands_grammar(), M_CONFIG);
	const char *p = text, *end = text + len;
	uint32_t number = 0;
	int err = s ? 0 : -ENOMEM;

	if (s)
		cli_session_set_interactive(s, false);
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		p += 3;
	while (!err && p < end) {
		char *line = next_line(&p, end);
		struct cli_result r;

		if (!line) {
			err = -ENOMEM;
			break;
		}
		cli_session_line(s, c, line, ++number, &r);
		report_result(report, line, number, &r);
		cli_result_fini(&r);
		explicit_bzero(line, strlen(line));
		free(line);
	}
	cli_session_free(s);
	return err;
}

int config_load_text(const char *text, size_t len, struct config **ret_config,
		     struct report *report)
{
	struct config *c = config_new();
	int err = c ? config_load_onto(c, text, len, report) : -ENOMEM;

	if (err) {
		config_free(c);
		return err;
	}
	*ret_config = c;
	return 0;
}
