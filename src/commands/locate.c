/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/locate.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WORDS_MAX 12
#define NOWHERE	  SIZE_MAX

struct word {
	const char *s;
	size_t len;
};

/* A line, cut into its first words. */
struct line {
	const char *s;
	size_t len;
	unsigned indent;
};

struct words {
	struct word v[WORDS_MAX];
	size_t n;
};

struct place {
	struct line *v;
	size_t n;
	size_t near; /* the last header found: the next one is behind it, mostly */
};

static void cut(const char *s, size_t len, struct words *ret)
{
	const char *end = s + len;

	ret->n = 0;
	while (s < end && ret->n < WORDS_MAX) {
		while (s < end && isspace((unsigned char)*s))
			s++;
		const char *begin = s;

		while (s < end && !isspace((unsigned char)*s))
			s++;
		if (s > begin)
			ret->v[ret->n++] = (struct word){ begin, (size_t)(s - begin) };
	}
}

static bool same(const struct word *a, const struct word *b)
{
	return a->len == b->len && !strncasecmp(a->s, b->s, a->len);
}

/* typed is key, which may be cut to two letters. */
static bool means(const struct word *typed, const struct word *key)
{
	return typed->len >= 2 && typed->len <= key->len && !strncasecmp(typed->s, key->s, typed->len);
}

static bool is(const struct word *typed, const char *key)
{
	return means(typed, &(struct word){ key, strlen(key) });
}

/* ---- which line begins an object ---- */

/* How many of an object's words are keywords; the others are names. */
static size_t keywords(const struct words *o)
{
	if (o->n < 2 || !is(&o->v[0], "crypto"))
		return 1;
	if (is(&o->v[1], "map") || is(&o->v[1], "dynamic-map") || is(&o->v[1], "keyring"))
		return 2;
	return o->n > 3 && is(&o->v[1], "pki") && is(&o->v[2], "certificate") ? 4 : 3;
}

static bool begins_interface(const struct line *l, const struct words *w, const struct words *o)
{
	char typed[CFG_NAME_MAX], name[CFG_NAME_MAX];
	size_t n;

	if (w->n < 2 || !is(&w->v[0], "interface"))
		return false;
	n = (size_t)(l->s + l->len - w->v[1].s);
	if (n >= sizeof(typed))
		return false;
	memcpy(typed, w->v[1].s, n);
	while (n && isspace((unsigned char)typed[n - 1]))
		n--;
	typed[n] = '\0';
	return ifname_canonical(typed, name) && strlen(name) == o->v[1].len && !strncmp(name, o->v[1].s, o->v[1].len);
}

/* `access list 101`: of either form. */
static bool begins_acl(const struct words *w, const struct word *name)
{
	if (w->n >= 2 && is(&w->v[0], "access-list"))
		return same(&w->v[1], name);
	return w->n >= 3 && w->v[0].len >= 2 && is(&w->v[1], "access-list") && same(&w->v[w->n > 3 ? 3 : w->n - 1], name);
}

/* The words of the object are among those of the line, in their order and from the first one on. */
static bool begins(const struct line *l, const struct words *o)
{
	struct words w;
	size_t at = 0, keys = keywords(o);

	if (!l->len || tolower((unsigned char)l->s[0]) != tolower((unsigned char)o->v[0].s[0])) {
		if (!is(&o->v[0], "access") || !l->len || tolower((unsigned char)l->s[0]) != 'i')
			return false;
	}
	cut(l->s, l->len, &w);
	if (is(&o->v[0], "interface"))
		return o->n == 2 && begins_interface(l, &w, o);
	if (is(&o->v[0], "access"))
		return o->n == 3 && begins_acl(&w, &o->v[2]);
	for (size_t i = 0; i < o->n; i++) {
		const struct word *want = &o->v[i];

		if (want->len == 3 && !strncmp(want->s, "for", 3))
			continue; /* `crypto isakmp key for 192.0.2.2` */
		while (at < w.n && !(i < keys ? means(&w.v[at], want) : same(&w.v[at], want))) {
			if (!i || i < keys)
				return false;
			at++;
		}
		if (at++ >= w.n)
			return false;
	}
	return true;
}

static size_t find_header(struct place *p, const char *object, size_t object_len)
{
	struct words o;

	cut(object, object_len, &o);
	for (size_t i = 0; o.n && i < p->n; i++) {
		size_t at = (p->near + i) % p->n;

		if (begins(&p->v[at], &o)) {
			p->near = at;
			return at;
		}
	}
	return NOWHERE;
}

/* ---- which line in a block ---- */

/* Pasted without indentation, a block ends where the next one begins. */
static bool is_global(const struct words *w)
{
	static const char *const begin[] = { "interface", "access-list", "router", "line", "end", "exit", "hostname" };

	if (!w->n || w->v[0].s[0] == '!')
		return true;
	for (size_t i = 0; i < sizeof(begin) / sizeof(begin[0]); i++)
		if (w->v[0].len >= 3 && is(&w->v[0], begin[i]))
			return true;
	return w->n >= 3 && ((is(&w->v[0], "crypto") && !is(&w->v[1], "map")) ||
			     (is(&w->v[0], "ip") && (is(&w->v[1], "route") || is(&w->v[1], "access-list"))));
}

static size_t block_end(const struct place *p, size_t header)
{
	bool flat = header + 1 < p->n && p->v[header + 1].indent <= p->v[header].indent;
	size_t i;

	for (i = header + 1; i < p->n; i++) {
		struct words w;

		if (!flat && p->v[i].indent <= p->v[header].indent)
			break;
		cut(p->v[i].s, p->v[i].len, &w);
		if (flat && is_global(&w))
			break;
	}
	return i;
}

/* The line of the block that says what fix is to say. */
static size_t find_below(const struct place *p, size_t header, const char *fix)
{
	static const char *const longer[] = { "set", "ip", "ipv6", "tunnel", "match", "crypto" };
	size_t end = block_end(p, header), keys = 1;
	struct words f;

	cut(fix, strcspn(fix, ","), &f);
	if (!f.n)
		return NOWHERE;
	for (size_t i = 0; i < sizeof(longer) / sizeof(longer[0]); i++)
		if (same(&f.v[0], &(struct word){ longer[i], strlen(longer[i]) }))
			keys = 2;
	for (size_t i = header + 1; f.n >= keys && i < end; i++) {
		struct words w;
		size_t n = 0;

		cut(p->v[i].s, p->v[i].len, &w);
		while (n < keys && n < w.n && means(&w.v[n], &f.v[n]))
			n++;
		if (n == keys)
			return i;
	}
	return NOWHERE;
}

/* ---- which line of an access list ---- */

/* The number that an entry gets when it is typed after the others, whose highest is *last. */
static bool entry_number(const struct words *w, size_t at, uint32_t *last)
{
	bool numbered = at < w->n && isdigit((unsigned char)w->v[at].s[0]);
	size_t kind = at + numbered;

	if (kind >= w->n || !(is(&w->v[kind], "permit") || is(&w->v[kind], "deny") || is(&w->v[kind], "remark")))
		return false;
	if (is(&w->v[kind], "remark") && !numbered)
		return false;
	*last = numbered ? (uint32_t)strtoul(w->v[at].s, NULL, 10) : *last + 10;
	return true;
}

static size_t find_entry(const struct place *p, size_t header, const struct word *name, uint32_t seq)
{
	struct words w;
	uint32_t last = 0;
	bool flat;

	cut(p->v[header].s, p->v[header].len, &w);
	flat = is(&w.v[0], "access-list");
	for (size_t i = flat ? header : header + 1; i < p->n; i++) {
		cut(p->v[i].s, p->v[i].len, &w);
		if (flat && !begins_acl(&w, name))
			continue;
		if (!flat && p->v[i].indent <= p->v[header].indent && is_global(&w))
			break;
		if (entry_number(&w, flat ? 2 : 0, &last) && last == seq)
			return i;
	}
	return NOWHERE;
}

/* ---- all remarks ---- */

/* `crypto keyring R: pre-shared-key for 192.0.2.2` is below `crypto keyring R`. */
static size_t find_nested(struct place *p, size_t header, const char *inside)
{
	size_t end = block_end(p, header);
	struct words o;

	cut(inside, strlen(inside), &o);
	for (size_t i = header + 1; o.n && i < end; i++) {
		struct words w;

		cut(p->v[i].s, p->v[i].len, &w);
		for (size_t k = 0; k < w.n; k++)
			if (same(&w.v[k], &o.v[o.n - 1]))
				return i;
	}
	return NOWHERE;
}

static size_t find(struct place *p, const struct report_msg *m)
{
	const char *inside = strstr(m->object, ": ");
	size_t at, below = NOWHERE;

	if (m->acl) {
		struct txt name = TXT_INIT;

		txt_printf(&name, "access list %s", m->acl);
		at = find_header(p, txt_cstr(&name), name.len);
		if (at != NOWHERE)
			below = find_entry(p, at, &(struct word){ m->acl, strlen(m->acl) }, m->entry);
		txt_fini(&name);
		return below != NOWHERE ? below : at;
	}
	at = find_header(p, m->object, inside ? (size_t)(inside - m->object) : strlen(m->object));
	if (at == NOWHERE)
		return NOWHERE;
	if (inside)
		below = find_nested(p, at, inside + 2);
	else if (m->fix)
		below = find_below(p, at, m->fix);
	return below != NOWHERE ? below : at;
}

static bool split(struct place *p, const char *text, size_t len)
{
	const char *s = text, *end = text + len;
	size_t n = 1;

	for (size_t i = 0; i < len; i++)
		n += text[i] == '\n';
	p->v = calloc(n, sizeof(*p->v));
	while (p->v && s < end) {
		const char *nl = memchr(s, '\n', (size_t)(end - s)), *stop = nl ? nl : end;
		struct line *l = &p->v[p->n++];

		while (s < stop && isspace((unsigned char)*s)) {
			s++;
			l->indent++;
		}
		l->s = s;
		l->len = (size_t)(stop - s);
		s = nl ? nl + 1 : end;
	}
	return p->v != NULL;
}

static uint32_t line_of(const struct report_msg *m)
{
	return m->line ? m->line : m->at ? m->at : UINT32_MAX;
}

/* In the order of lines, and in the old one where the line is the same: bottom up, in pairs that double. */
static void sort(struct report_msg *v, struct report_msg *spare, size_t n)
{
	for (size_t width = 1; width < n; width *= 2) {
		for (size_t from = 0; from < n; from += 2 * width) {
			size_t mid = from + width < n ? from + width : n, to = from + 2 * width < n ? from + 2 * width : n;
			size_t a = from, b = mid;

			for (size_t k = from; k < to; k++)
				spare[k] = b >= to || (a < mid && line_of(&v[a]) <= line_of(&v[b])) ? v[a++] : v[b++];
		}
		memcpy(v, spare, n * sizeof(*v));
	}
}

/* What the command line notes while it is typed is said again, with what to do, by a warning about the same line. */
static void leave_out_doubles(struct report *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++) {
		struct report_msg *m = &r->v[i];
		bool doubled = m->line && m->severity == REPORT_NOTE && m->text && !strncmp(m->text, "% NOTE:", 7) && i + 1 < r->n &&
			       r->v[i + 1].at == m->line && r->v[i + 1].severity != REPORT_NOTE;

		if (!doubled) {
			r->v[n++] = *m;
			continue;
		}
		free(m->source);
		free(m->object);
		free(m->text);
		free(m->fix);
		free(m->acl);
	}
	r->n = n;
}

void report_locate(struct report *r, const char *text, size_t len)
{
	struct place p = { .n = 0 };
	struct report_msg *spare = calloc(r->n ? r->n : 1, sizeof(*spare));

	if (!spare || !split(&p, text, len)) {
		r->nomem = true;
		goto out;
	}
	for (size_t i = 0; i < r->n; i++) {
		struct report_msg *m = &r->v[i];
		size_t at = m->line || !m->object ? NOWHERE : find(&p, m);

		m->at = at == NOWHERE ? 0 : (uint32_t)at + 1;
	}
	sort(r->v, spare, r->n);
	leave_out_doubles(r);
out:
	free(spare);
	free(p.v);
}
