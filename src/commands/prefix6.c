/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/prefix6.h"

#include <errno.h>
#include <string.h>

/* The characters of an address, for the caret. */
static size_t good_chars(const char *word)
{
	return strspn(word, "0123456789abcdefABCDEF:.");
}

static int addr6_parse(const struct cli_tok *t, const char *word, void *dst, size_t *ret_bad)
{
	struct ipaddr a;

	(void)t;
	*ret_bad = strchr(word, ':') ? good_chars(word) : 0;
	if (!ipaddr_parse_v6(word, &a))
		return -EINVAL;
	if (dst)
		memcpy(dst, &a, sizeof(a));
	return 0;
}

static void addr6_print(const struct cli_tok *t, const void *src, struct txt *out)
{
	char buf[IPADDR_STRLEN];
	struct ipaddr a;

	(void)t;
	memcpy(&a, src, sizeof(a));
	txt_str(out, ipaddr_ios(&a, buf));
}

/* One field may take either family: each type prints its own. */
static bool addr6_present(const struct cli_tok *t, const void *src)
{
	(void)t;
	return *(const uint8_t *)src == IP_V6;
}

const struct cli_type arg_addr6 = { .label = "X:X:X:X::X", .rank = 2, .parse = addr6_parse,
				    .print = addr6_print, .present = addr6_present };

static int prefix_take(const struct prefix6 *p, void *dst)
{
	if (dst)
		memcpy(dst, p, sizeof(*p));
	return 0;
}

static int prefix6_parse(const struct cli_tok *t, const char *word, void *dst, size_t *ret_bad)
{
	struct prefix6 p;
	unsigned len;

	(void)t;
	memset(&p, 0, sizeof(p));
	*ret_bad = strchr(word, ':') ? good_chars(word) : 0;
	if (!ipaddr_parse_prefix6(word, &p.addr, &len))
		return -EINVAL;
	p.len = (uint8_t)len;
	return prefix_take(&p, dst);
}

static int host6_parse(const struct cli_tok *t, const char *word, void *dst, size_t *ret_bad)
{
	struct prefix6 p;

	memset(&p, 0, sizeof(p));
	p.len = 128;
	if (ipaddr_parse_v6(word, &p.addr))
		return prefix_take(&p, dst);
	return prefix6_parse(t, word, dst, ret_bad);
}

static void prefix6_print(const struct cli_tok *t, const void *src, struct txt *out)
{
	char buf[IPADDR_STRLEN];
	struct prefix6 p;

	(void)t;
	memcpy(&p, src, sizeof(p));
	txt_printf(out, "%s/%u", ipaddr_ios(&p.addr, buf), p.len);
}

#define PREFIX_TYPE(parse_)                                                             \
	{                                                                               \
		.label = "X:X:X:X::X/<0-128>", .rank = 2, .parse = (parse_),            \
		.print = prefix6_print, .present = addr6_present                        \
	}
const struct cli_type arg_prefix6 = PREFIX_TYPE(prefix6_parse);
const struct cli_type arg_host6 = PREFIX_TYPE(host6_parse);

void prefix6_to_mask(const struct prefix6 *p, struct ipaddr *ret_addr, struct ipaddr *ret_mask)
{
	*ret_addr = ipaddr_network(&p->addr, p->len);
	*ret_mask = ipaddr_mask(IP_V6, p->len);
}

void prefix6_of_mask(const struct ipaddr *addr, const struct ipaddr *mask, struct prefix6 *ret_p)
{
	*ret_p = (struct prefix6){ { 0 }, 0 };
	if (addr->family != IP_V6)
		return;
	ret_p->addr = *addr;
	ret_p->len = (uint8_t)ipaddr_mask_len(mask);
}
