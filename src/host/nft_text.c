/* SPDX-License-Identifier: Apache-2.0 */
#include "host/nft_text.h"

#include <ctype.h>
#include <string.h>

#define PROTO_AH 51

const char *nft_text_ip(enum ip_family f)
{
	return f == IP_V6 ? "ip6" : "ip";
}

/* The bits of m that count. */
static struct ipaddr masked(const struct addr_match *m)
{
	struct ipaddr a = m->addr;

	for (size_t i = 0; i < sizeof(a.b); i++)
		a.b[i] &= (uint8_t)~m->wild[i];
	return a;
}

/* `2001:db8::/32`, the prefix that m is (addr_match_prefix()). */
static void put_prefix(struct txt *t, const struct addr_match *m)
{
	struct ipaddr a = masked(m);
	char s[IPADDR_STRLEN];
	unsigned len = 0;

	(void)addr_match_prefix(m, &len);
	txt_printf(t, "%s/%u", ipaddr_str(&a, s), len);
}

void nft_text_addr(struct txt *t, const char *field, const struct addr_match *m)
{
	struct ipaddr a = masked(m), mask = { .family = m->addr.family };
	char s[IPADDR_STRLEN];
	unsigned len;

	if (addr_match_prefix(m, &len)) {
		if (!len)
			return;
		txt_printf(t, "%s %s ", nft_text_ip(m->addr.family), field);
		put_prefix(t, m);
	} else {
		for (size_t i = 0; i < (mask.family == IP_V6 ? 16u : 4u); i++)
			mask.b[i] = (uint8_t)~m->wild[i];
		txt_printf(t, "%s %s & %s == ", nft_text_ip(m->addr.family), field, ipaddr_str(&mask, s));
		txt_str(t, ipaddr_str(&a, s));
	}
	txt_char(t, ' ');
}

const char *nft_text_ends(enum ip_family f, bool mirror)
{
	if (f == IP_V6) /* RFC 8200 section 3 */
		return mirror ? "@nh,192,128 . @nh,64,128" : "@nh,64,128 . @nh,192,128";
	return mirror ? "@nh,128,32 . @nh,96,32" : "@nh,96,32 . @nh,128,32"; /* RFC 791 section 3.1 */
}

/* A name outlives its device and the next one. Names that nft's language cannot hold go by
 * their index. */
void nft_text_dev(struct txt *t, const char *key, const char *name, uint32_t ifindex)
{
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("_-.:@", *c)) {
			txt_printf(t, "%.*s %u ", (int)strlen(key) - 4, key, ifindex);
			return;
		}
	txt_printf(t, "%s \"%s\" ", key, name);
}

/* The headers that can be in front of AH (RFC 4302 section 3.1.1), and a fragment's. */
static const char *const before_ah[] = { "ip6", "hbh", "rt", "dst", "frag" };

size_t nft_text_proto_rules(enum ip_family f, uint8_t proto)
{
	return f == IP_V6 && proto == PROTO_AH ? sizeof(before_ah) / sizeof(before_ah[0]) : 1;
}

void nft_text_proto(struct txt *t, enum ip_family f, uint8_t proto, size_t n)
{
	if (!proto)
		return;
	if (f != IP_V6)
		txt_printf(t, "ip protocol %u ", proto);
	else if (proto == PROTO_AH)
		txt_printf(t, "%s nexthdr %u ", before_ah[n], proto);
	else
		txt_printf(t, "meta l4proto %u ", proto);
}

const char *nft_text_later(enum ip_family f)
{
	return f == IP_V6 ? "frag frag-off != 0 " : "ip frag-off & 0x1fff != 0 ";
}
