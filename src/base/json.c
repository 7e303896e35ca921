/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"

struct json json_of(struct txt *out)
{
	return (struct json){ .out = out, .lines = 2 };
}

struct json json_line_of(struct txt *out)
{
	return (struct json){ .out = out };
}

/* Whatever stands in front of a value: comma, line, name. */
static void begin(struct json *j, const char *key)
{
	uint32_t bit = UINT32_C(1) << j->depth;

	if (j->filled & bit)
		txt_char(j->out, ',');
	if (j->depth && j->depth <= j->lines) {
		txt_char(j->out, '\n');
		txt_mem(j->out, "  ", j->depth);
	} else if (j->filled & bit) {
		txt_char(j->out, ' ');
	}
	j->filled |= bit;
	if (key)
		txt_printf(j->out, "\"%s\": ", key);
}

static void open(struct json *j, const char *key, char c)
{
	begin(j, key);
	txt_char(j->out, c);
	j->depth++;
	assert(j->depth < JSON_DEPTH);
	j->filled &= ~(UINT32_C(1) << j->depth);
}

static void close(struct json *j, char c)
{
	bool filled = j->filled >> j->depth & 1;

	assert(j->depth);
	j->depth--;
	if (filled && j->depth < j->lines) {
		txt_char(j->out, '\n');
		txt_mem(j->out, "  ", j->depth);
	}
	txt_char(j->out, c);
	if (!j->depth)
		txt_char(j->out, '\n');
}

void json_object(struct json *j, const char *key)
{
	open(j, key, '{');
}

void json_object_end(struct json *j)
{
	close(j, '}');
}

void json_array(struct json *j, const char *key)
{
	open(j, key, '[');
}

void json_array_end(struct json *j)
{
	close(j, ']');
}

/* Bytes of the UTF-8 sequence at p; 0: it is none. */
static size_t utf8_len(const unsigned char *p, size_t left)
{
	uint32_t code;
	size_t n = utf8_char((const char *)p, left, &code);

	return code == UTF8_NONE ? 0 : n;
}

static void quote(struct txt *out, const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s;

	txt_char(out, '"');
	for (size_t i = 0; i < n;) {
		size_t plain = 0, len;

		/* most texts need nothing: all of it at once */
		while (i + plain < n && p[i + plain] >= 0x20 && p[i + plain] < 0x7f &&
		       p[i + plain] != '"' && p[i + plain] != '\\')
			plain++;
		txt_mem(out, s + i, plain);
		i += plain;
		if (i == n)
			break;
		len = utf8_len(p + i, n - i);
		if (p[i] == '"' || p[i] == '\\')
			txt_printf(out, "\\%c", p[i]);
		else if (p[i] == '\n')
			txt_str(out, "\\n");
		else if (p[i] == '\t')
			txt_str(out, "\\t");
		else if (p[i] < 0x20 || p[i] == 0x7f)
			txt_printf(out, "\\u%04x", (unsigned)p[i]);
		else if (len == 2 && p[i] == 0xc2 && p[i + 1] < 0xa0) /* C1: terminals obey those, too */
			txt_printf(out, "\\u%04x", (unsigned)p[i + 1]);
		else if (len)
			txt_mem(out, s + i, len);
		else
			txt_str(out, "\xef\xbf\xbd");
		i += len ? len : 1;
	}
	txt_char(out, '"');
}

void json_strn(struct json *j, const char *key, const char *s, size_t n)
{
	begin(j, key);
	quote(j->out, s, n);
}

void json_str(struct json *j, const char *key, const char *s)
{
	if (s)
		json_strn(j, key, s, strlen(s));
	else
		json_null(j, key);
}

void json_str_or_null(struct json *j, const char *key, const char *s)
{
	json_str(j, key, s && *s ? s : NULL);
}

void json_printf(struct json *j, const char *key, const char *fmt, ...)
{
	struct txt t = TXT_INIT;
	va_list ap;

	va_start(ap, fmt);
	txt_vprintf(&t, fmt, ap);
	va_end(ap);
	json_strn(j, key, txt_cstr(&t), t.len);
	j->out->bad |= t.bad;
	txt_fini(&t);
}

void json_num(struct json *j, const char *key, uint64_t n)
{
	begin(j, key);
	txt_printf(j->out, "%" PRIu64, n);
}

void json_int(struct json *j, const char *key, int64_t n)
{
	begin(j, key);
	txt_printf(j->out, "%" PRId64, n);
}

void json_bool(struct json *j, const char *key, bool is)
{
	begin(j, key);
	txt_str(j->out, is ? "true" : "false");
}

void json_null(struct json *j, const char *key)
{
	begin(j, key);
	txt_str(j->out, "null");
}

void json_addr(struct json *j, const char *key, const struct ipaddr *a)
{
	char s[IPADDR_STRLEN];

	json_str(j, key, a->family == IP_NONE ? NULL : ipaddr_ios(a, s));
}

void json_lines(struct json *j, const char *key, const char *text)
{
	json_array(j, key);
	while (*text) {
		size_t len = strcspn(text, "\n");

		json_strn(j, NULL, text, len);
		text += len + (text[len] == '\n');
	}
	json_array_end(j);
}
