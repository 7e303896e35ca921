/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/hexline.h"

#include <errno.h>
#include <string.h>

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int hex_parse(const struct cli_tok *t, const char *word, void *dst, size_t *ret_bad)
{
	struct hex_args a = { 0 };
	size_t digits = 0, i;

	(void)t;
	for (i = 0; word[i]; i++) {
		int v = nibble(word[i]);

		*ret_bad = i;
		if (strchr(" \t\r\v\f", word[i]))
			continue;
		if (v < 0 || digits / 2 == HEX_LINE)
			return -EINVAL;
		a.b[digits / 2] = (uint8_t)(a.b[digits / 2] << 4 | v);
		digits++;
	}
	if (!digits || digits % 2)
		return -EINVAL;
	a.n = (uint8_t)(digits / 2);
	*ret_bad = 0;
	if (dst)
		memcpy(dst, &a, sizeof(a));
	return 0;
}

/* Groups of four bytes; IOS ends a full line with a blank. */
static void hex_print(const struct cli_tok *t, const void *src, struct txt *out)
{
	const struct hex_args *a = src;

	(void)t;
	for (unsigned i = 0; i < a->n; i++)
		txt_printf(out, "%02X%s", a->b[i],
			   i % 4 == 3 && (i + 1 < a->n || a->n == HEX_PRINTED) ? " " : "");
}

static bool hex_present(const struct cli_tok *t, const void *src)
{
	(void)t;
	return ((const struct hex_args *)src)->n != 0;
}

const struct cli_type arg_hex_line = { .label = "Hex-data", .rank = 3, .rest = true,
					      .parse = hex_parse, .print = hex_print,
					      .present = hex_present };
