/* SPDX-License-Identifier: Apache-2.0 */
/* The argument types that every grammar needs. */
#include "cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/match.h"

/* ---- integers of any width ---- */

int64_t cli_field_get(const struct cli_tok *t, const void *src)
{
	uint64_t v = 0;

	switch (t->size) {
	case 1:
		return *(const uint8_t *)src;
	case 2: {
		uint16_t w;
		memcpy(&w, src, 2);
		return w;
	}
	case 4: {
		uint32_t w;
		memcpy(&w, src, 4);
		return w;
	}
	default:
		memcpy(&v, src, sizeof(v));
		return (int64_t)v;
	}
}

void cli_field_set(const struct cli_tok *t, void *dst, int64_t value)
{
	uint8_t b = (uint8_t)value;
	uint16_t h = (uint16_t)value;
	uint32_t w = (uint32_t)value;

	switch (t->size) {
	case 1:
		memcpy(dst, &b, 1);
		break;
	case 2:
		memcpy(dst, &h, 2);
		break;
	case 4:
		memcpy(dst, &w, 4);
		break;
	default:
		memcpy(dst, &value, sizeof(value));
	}
}

static int num_parse(const struct cli_tok *t, const char *word, void *dst, size_t *ret_bad)
{
	uint64_t v = 0;
	size_t i = 0;

	*ret_bad = 0;
	for (; word[i] >= '0' && word[i] <= '9' && i < 12; i++)
		v = v * 10 + (uint64_t)(word[i] - '0');
	if (word[i]) {
		*ret_bad = i;
		return -EINVAL;
	}
	if (!i || v < (uint64_t)t->lo || v > (uint64_t)t->hi)
		return -EINVAL;
	if (dst && t->size)
		cli_field_set(t, dst, (int64_t)v);
	return 0;
}

static void num_print(const struct cli_tok *t, const void *src, struct txt *out)
{
	txt_printf(out, "%" PRId64, cli_field_get(t, src));
}

static bool num_present(const struct cli_tok *t, const void *src)
{
	int64_t v = cli_field_get(t, src);

	return v >= t->lo && v <= t->hi;
}

const struct cli_type cli_num = { .rank = 2, .parse = num_parse, .print = num_print,
				  .present = num_present };

/* ---- strings ---- */

static int copy_in(const struct cli_tok *t, const char *word, void *dst, size_t *ret_bad)
{
	size_t n = strlen(word);

	*ret_bad = 0;
	if (!n)
		return -EINVAL;
	if (t->size && n >= t->size) {
		*ret_bad = t->size - 1u;
		return -EINVAL;
	}
	if (dst && t->size) {
		memcpy(dst, word, n);
		memset((char *)dst + n, 0, t->size - n);
	}
	return 0;
}

static void str_print(const struct cli_tok *t, const void *src, struct txt *out)
{
	(void)t;
	txt_str(out, src);
}

static bool str_present(const struct cli_tok *t, const void *src)
{
	return t->size && *(const char *)src;
}

/* IOS cuts a text that is too long for its field. */
static int line_parse(const struct cli_tok *t, const char *word, void *dst, size_t *ret_bad)
{
	size_t n = strlen(word);

	*ret_bad = 0;
	if (!n)
		return -EINVAL;
	if (dst && t->size) {
		if (n >= t->size)
			n = t->size - 1u;
		while (n && word[n - 1] == ' ')
			n--;
		memcpy(dst, word, n);
		memset((char *)dst + n, 0, t->size - n);
	}
	return 0;
}

static int hex_parse(const struct cli_tok *t, const char *word, void *dst, size_t *ret_bad)
{
	size_t ok = strspn(word, "0123456789abcdefABCDEF");

	if (word[ok]) {
		*ret_bad = ok;
		return -EINVAL;
	}
	return copy_in(t, word, dst, ret_bad);
}

const struct cli_type cli_word = { .label = "WORD", .rank = 4, .parse = copy_in,
				   .print = str_print, .present = str_present };
const struct cli_type cli_hex = { .label = "Hex-data", .rank = 3, .parse = hex_parse,
				  .print = str_print, .present = str_present };
const struct cli_type cli_line = { .label = "LINE", .rank = 5, .rest = true,
				   .parse = line_parse, .print = str_print,
				   .present = str_present };

void cli_label(const struct cli_tok *t, struct txt *out)
{
	if (t->type->label)
		txt_str(out, t->type->label);
	else
		txt_printf(out, "<%" PRId64 "-%" PRId64 ">", t->lo, t->hi);
}
