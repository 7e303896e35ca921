/* SPDX-License-Identifier: Apache-2.0 */
/* Argument types of this grammar: addresses, masks, interface names. */
#include "commands/rows.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int addr_parse(const struct cli_tok *t, const char *word, void *dst, size_t *ret_bad)
{
	struct ipaddr a;

	(void)t;
	*ret_bad = 0;
	if (!ipaddr_parse_v4(word, &a))
		return -EINVAL;
	if (dst)
		memcpy(dst, &a, sizeof(a));
	return 0;
}

static void addr_print(const struct cli_tok *t, const void *src, struct txt *out)
{
	char buf[IPADDR_STRLEN];
	struct ipaddr a;

	(void)t;
	memcpy(&a, src, sizeof(a));
	txt_str(out, ipaddr_ios(&a, buf));
}

static bool addr_present(const struct cli_tok *t, const void *src)
{
	(void)t;
	return *(const uint8_t *)src == IP_V4; /* the other family has types of its own */
}

#define ADDR_TYPE                                                                      \
	{                                                                              \
		.label = "A.B.C.D", .rank = 2, .parse = addr_parse, .print = addr_print, \
		.present = addr_present                                                \
	}
const struct cli_type arg_addr = ADDR_TYPE, arg_mask = ADDR_TYPE, arg_wild = ADDR_TYPE;

static int host_parse(const struct cli_tok *t, const char *word, void *dst, size_t *ret_bad)
{
	size_t n = strlen(word);

	*ret_bad = 0;
	if (!isalpha((unsigned char)word[0]) || n >= t->size)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		if (isalnum((unsigned char)word[i]) || strchr("-._", word[i]))
			continue;
		*ret_bad = i;
		return -EINVAL;
	}
	if (dst) {
		memset(dst, 0, t->size);
		memcpy(dst, word, n);
	}
	return 0;
}

static void text_print(const struct cli_tok *t, const void *src, struct txt *out)
{
	(void)t;
	txt_str(out, src);
}

static bool text_present(const struct cli_tok *t, const void *src)
{
	(void)t;
	return *(const char *)src != '\0';
}

const struct cli_type arg_host = { .label = "Hostname", .rank = 4, .parse = host_parse,
				   .print = text_print, .present = text_present };

/* It is printed in every prompt, so that it must not hold what moves a cursor. */
static int hostname_parse(const struct cli_tok *t, const char *word, void *dst, size_t *ret_bad)
{
	size_t n = 0;

	while (word[n] > ' ' && word[n] <= '~')
		n++;
	if (!word[n])
		return cli_word.parse(t, word, dst, ret_bad);
	*ret_bad = n;
	return -EINVAL;
}

const struct cli_type arg_hostname = { .label = "WORD", .rank = 4, .parse = hostname_parse,
				       .print = text_print, .present = text_present };

/* ---- interface names ---- */

/* Interfaces of that class are numbered 0 to 2147483647, without slots. */
static bool plain_unit(const char *name, const char *class)
{
	size_t n = strlen(class);

	return strncmp(name, class, n) || !isdigit((unsigned char)name[n]) ||
	       (strspn(name + n, "0123456789") == strlen(name + n) &&
		strtoul(name + n, NULL, 10) <= INT32_MAX);
}

static int name_parse(const char *word, const char *must, void *dst, size_t *ret_bad)
{
	char name[CFG_NAME_MAX];
	size_t n = must ? strlen(must) : 0;

	*ret_bad = 0;
	if (!isalpha((unsigned char)word[0]) || !ifname_canonical(word, name))
		return -EINVAL;
	if (ifname_is_type(name)) { /* letters alone: the unit is missing */
		*ret_bad = strlen(word);
		return -EINVAL;
	}
	if (must && (strncmp(name, must, n) || !isdigit((unsigned char)name[n])))
		return -EINVAL;
	if (!plain_unit(name, "Tunnel") || !plain_unit(name, "Loopback"))
		return -EINVAL;
	if (dst)
		memcpy(dst, name, sizeof(name));
	return 0;
}

static int ifname_parse(const struct cli_tok *t, const char *word, void *dst, size_t *ret_bad)
{
	(void)t;
	return name_parse(word, NULL, dst, ret_bad);
}

static int tunnel_parse(const struct cli_tok *t, const char *word, void *dst, size_t *ret_bad)
{
	(void)t;
	return name_parse(word, "Tunnel", dst, ret_bad);
}

static int loopback_parse(const struct cli_tok *t, const char *word, void *dst, size_t *ret_bad)
{
	(void)t;
	return name_parse(word, "Loopback", dst, ret_bad);
}

static int template_parse(const struct cli_tok *t, const char *word, void *dst, size_t *ret_bad)
{
	(void)t;
	return name_parse(word, "Virtual-Template", dst, ret_bad);
}

/* `Ethernet0/0.100`. */
static int sub_parse(const struct cli_tok *t, const char *word, void *dst, size_t *ret_bad)
{
	(void)t;
	*ret_bad = 0;
	return strchr(word, '.') ? name_parse(word, NULL, dst, ret_bad) : -EINVAL;
}

/* `Serial 0/1`: the type alone asks for one word more. */
static bool ifname_more(const char *word)
{
	for (const char *p = word; *p; p++)
		if (!isalpha((unsigned char)*p) && *p != '-')
			return false;
	return ifname_is_type(word);
}

static const struct cli_name if_words[] = {
	{ "ATM", "ATM interface", 0 },
	{ "Async", "Async interface", 0 },
	{ "BVI", "Bridge-Group Virtual Interface", 0 },
	{ "Cellular", "Cellular WAN interface", 0 },
	{ "Dialer", "Dialer interface", 0 },
	{ "Ethernet", "IEEE 802.3", 0 },
	{ "FastEthernet", "FastEthernet IEEE 802.3", 0 },
	{ "FortyGigabitEthernet", "Forty GigabitEthernet", 0 },
	{ "GigabitEthernet", "GigabitEthernet IEEE 802.3z", 0 },
	{ "HundredGigE", "Hundred Gigabit Ethernet", 0 },
	{ "Loopback", "Loopback interface", 0 },
	{ "Multilink", "Multilink-group interface", 0 },
	{ "Null", "Null interface", 0 },
	{ "Port-channel", "Ethernet Channel of interfaces", 0 },
	{ "Serial", "Serial", 0 },
	{ "TenGigabitEthernet", "Ten Gigabit Ethernet", 0 },
	{ "Tunnel", "Tunnel interface", 0 },
	{ "TwentyFiveGigE", "Twenty Five Gigabit Ethernet", 0 },
	{ "Virtual-Access", "Virtual Access interface", 0 },
	{ "Virtual-PPP", "Virtual PPP interface", 0 },
	{ "Virtual-Template", "Virtual Template interface", 0 },
	{ "Vlan", "Catalyst Vlans", 0 },
	{ .word = NULL },
};

/* What comes behind the type; slots are told by one number here, as IOS's first line does. */
static void if_second(const char *word, struct txt *out)
{
	const struct cli_name *n = if_words;

	while (n->word && strncasecmp(n->word, word, strlen(word)) != 0)
		n++;
	txt_printf(out, "  <0-2147483647>  %s interface number\n", n->word ? n->word : word);
}

/* A name of IOS's, whether there is such an interface or not, or one of the host's that the configuration has. */
static bool shown_if_known(const void *root, const char *word)
{
	char name[CFG_NAME_MAX];

	return ifname_is_type(word) || (ifname_canonical(word, name) && (ifname_has_type(name) || config_find_interface(root, name)));
}

#define NAME_TYPE(parse_, rank_)                                                        \
	{                                                                               \
		.label = "IFNAME", .rank = (rank_), .parse = (parse_), .print = text_print, \
		.present = text_present, .more = ifname_more, .words = if_words,        \
		.second = if_second                                                     \
	}
const struct cli_type arg_ifname = NAME_TYPE(ifname_parse, 4);
const struct cli_type arg_shown_if = { .label = "IFNAME", .rank = 4, .parse = ifname_parse, .print = text_print,
				       .present = text_present, .more = ifname_more, .words = if_words,
				       .second = if_second, .known = shown_if_known };
const struct cli_type arg_tunnel = NAME_TYPE(tunnel_parse, 3);
const struct cli_type arg_loopback = NAME_TYPE(loopback_parse, 3);
const struct cli_type arg_template = NAME_TYPE(template_parse, 3);
const struct cli_type arg_subif = NAME_TYPE(sub_parse, 3);

/* ---- numbers stored plus one ---- */

static int plus1_parse(const struct cli_tok *t, const char *word, void *dst, size_t *ret_bad)
{
	uint64_t v = 0;
	struct cli_tok wide = *t;
	uint32_t v32;
	uint16_t v16;
	uint8_t v8;

	wide.size = sizeof(v);
	if (cli_num.parse(&wide, word, &v, ret_bad))
		return -EINVAL;
	v8 = (uint8_t)(v + 1);
	v16 = (uint16_t)(v + 1);
	v32 = (uint32_t)(v + 1);
	if (dst)
		memcpy(dst, t->size == 1 ? (void *)&v8 : t->size == 2 ? (void *)&v16 : (void *)&v32, t->size);
	return 0;
}

static unsigned plus1_get(const struct cli_tok *t, const void *src)
{
	uint16_t v;
	uint32_t wide;

	if (t->size == 1)
		return *(const uint8_t *)src;
	if (t->size == sizeof(wide)) {
		memcpy(&wide, src, sizeof(wide));
		return wide;
	}
	memcpy(&v, src, sizeof(v));
	return v;
}

static void plus1_print(const struct cli_tok *t, const void *src, struct txt *out)
{
	txt_printf(out, "%u", plus1_get(t, src) - 1);
}

static bool plus1_present(const struct cli_tok *t, const void *src)
{
	return plus1_get(t, src) != 0;
}

const struct cli_type arg_plus1 = { .rank = 2, .parse = plus1_parse, .print = plus1_print,
				    .present = plus1_present };

/* ---- what several subjects say ---- */

void note_weak(struct txt *out, const char *what)
{
	txt_printf(out, "%% NOTE: %s is weak; it is used only because it is configured.\n", what);
}

bool mask_is_good(const struct ipaddr *mask, const struct ipaddr *addr, struct txt *out)
{
	char buf[IPADDR_STRLEN];

	if (ipv4_mask_len(ipaddr_to_v4(mask)) >= 0)
		return true;
	txt_printf(out, "Bad mask 0x%" PRIX32 " for address %s\n", ipaddr_to_v4(mask),
		   ipaddr_ios(addr, buf));
	return false;
}
