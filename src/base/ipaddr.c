/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ipaddr.h"

#include <stdio.h>
#include <string.h>

bool ipaddr_equal(const struct ipaddr *a, const struct ipaddr *b)
{
	return ipaddr_cmp(a, b) == 0;
}

int ipaddr_cmp(const struct ipaddr *a, const struct ipaddr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->b, b->b, sizeof(a->b));
}

bool ipaddr_parse_v4(const char *s, struct ipaddr *ret_a)
{
	uint32_t v = 0;

	for (int part = 0; part < 4; part++) {
		unsigned n = 0, digits = 0;

		if (part && *s++ != '.')
			return false;
		for (; *s >= '0' && *s <= '9' && digits < 3; s++, digits++)
			n = n * 10 + (unsigned)(*s - '0');
		if (!digits || n > 255)
			return false;
		v = v << 8 | n;
	}
	if (*s)
		return false;
	*ret_a = ipaddr_v4(v);
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Groups from *s to b, two bytes each: the bytes written, -1 if there is something else.
 * Stops before "::" and at the end. */
static int v6_groups(const char **s, uint8_t b[16])
{
	int n = 0;

	for (const char *p = *s; n < 16; p++) {
		struct ipaddr quad;
		unsigned v = 0;
		int digits = 0;

		for (; hex_digit(p[digits]) >= 0 && digits < 5; digits++)
			v = v << 4 | (unsigned)hex_digit(p[digits]);
		if (p[digits] == '.') { /* only as the last four bytes */
			if (n > 12 || !ipaddr_parse_v4(p, &quad))
				return -1;
			memcpy(b + n, quad.b, 4);
			*s = p + strlen(p);
			return n + 4;
		}
		if (!digits || digits > 4)
			return -1;
		b[n++] = (uint8_t)(v >> 8);
		b[n++] = (uint8_t)v;
		p += digits;
		*s = p;
		if (*p != ':' || p[1] == ':')
			return n;
	}
	return -1;
}

bool ipaddr_parse_v6(const char *s, struct ipaddr *ret_a)
{
	struct ipaddr a = { .family = IP_V6 };
	uint8_t tail[16];
	int head = 0, n = 0;

	if (s[0] != ':' || s[1] != ':') {
		head = v6_groups(&s, a.b);
		if (head < 0)
			return false;
	}
	if (s[0] == ':' && s[1] == ':') {
		s += 2;
		n = *s ? v6_groups(&s, tail) : 0;
		/* "::" stands for at least one group (RFC 4291 section 2.2: one or more) */
		if (n < 0 || head + n > 14)
			return false;
		memcpy(a.b + 16 - n, tail, (size_t)n);
	} else if (head != 16) {
		return false;
	}
	if (*s)
		return false;
	*ret_a = a;
	return true;
}

bool ipaddr_parse(const char *s, struct ipaddr *ret_a)
{
	return ipaddr_parse_v4(s, ret_a) || ipaddr_parse_v6(s, ret_a);
}

bool ipaddr_parse_prefix6(const char *s, struct ipaddr *ret_a, unsigned *ret_len)
{
	char text[IPADDR_STRLEN];
	const char *slash = strchr(s, '/');
	unsigned len = 0;
	int digits = 0;

	if (!slash || (size_t)(slash - s) >= sizeof(text))
		return false;
	memcpy(text, s, (size_t)(slash - s));
	text[slash - s] = '\0';
	for (s = slash + 1; *s >= '0' && *s <= '9' && digits < 3; s++, digits++)
		len = len * 10 + (unsigned)(*s - '0');
	if (*s || !digits || len > 128 || !ipaddr_parse_v6(text, ret_a))
		return false;
	*ret_len = len;
	return true;
}

struct ipaddr ipaddr_mask(uint8_t family, unsigned len)
{
	struct ipaddr m = { .family = family };

	for (unsigned i = 0; i < len && i < ip_bits(family); i++)
		m.b[i / 8] |= (uint8_t)(0x80 >> i % 8);
	return m;
}

int ipaddr_mask_len(const struct ipaddr *mask)
{
	unsigned len = 0;

	while (len < ip_bits(mask->family) && mask->b[len / 8] & 0x80 >> len % 8)
		len++;
	struct ipaddr whole = ipaddr_mask(mask->family, len);
	return ipaddr_equal(&whole, mask) ? (int)len : -1;
}

struct ipaddr ipaddr_network(const struct ipaddr *a, unsigned len)
{
	struct ipaddr mask = ipaddr_mask(a->family, len), net = *a;

	for (size_t i = 0; i < sizeof(net.b); i++)
		net.b[i] &= mask.b[i];
	return net;
}

bool ipaddr_in(const struct ipaddr *a, const struct ipaddr *net, unsigned len)
{
	unsigned bits = len < ip_bits(a->family) ? len : ip_bits(a->family);
	uint8_t rest = (uint8_t)~(0xff >> bits % 8);

	return a->family == net->family && !memcmp(a->b, net->b, bits / 8) &&
	       (!rest || !((a->b[bits / 8] ^ net->b[bits / 8]) & rest));
}

bool ipaddr_is_link_local(const struct ipaddr *a)
{
	return a->family == IP_V6 && a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

bool ipaddr_is_multicast(const struct ipaddr *a)
{
	return a->family == IP_V6 ? a->b[0] == 0xff : (a->b[0] & 0xf0) == 0xe0;
}

bool ipaddr_is_unspecified(const struct ipaddr *a)
{
	static const uint8_t zero[16];

	return memcmp(a->b, zero, sizeof(zero)) == 0;
}

/* RFC 5952: the longest run of two or more zero groups becomes "::". */
static void v6_str(const uint8_t *b, char *buf)
{
	unsigned g[8];
	int best = -1, best_len = 1, len = 0;

	for (int i = 0; i < 8; i++) {
		g[i] = (unsigned)b[2 * i] << 8 | b[2 * i + 1];
		len = g[i] ? 0 : len + 1;
		if (len > best_len) {
			best_len = len;
			best = i - len + 1;
		}
	}
	size_t n = 0;
	for (int i = 0; i < 8; i++) {
		if (i == best) {
			n += (size_t)snprintf(buf + n, IPADDR_STRLEN - n, "::");
			i += best_len - 1;
			continue;
		}
		n += (size_t)snprintf(buf + n, IPADDR_STRLEN - n, "%s%x",
				      n && buf[n - 1] != ':' ? ":" : "", g[i]);
	}
}

const char *ipaddr_str(const struct ipaddr *a, char *buf)
{
	if (a->family == IP_V4)
		snprintf(buf, IPADDR_STRLEN, "%u.%u.%u.%u", a->b[0], a->b[1], a->b[2], a->b[3]);
	else if (a->family == IP_V6)
		v6_str(a->b, buf);
	else
		snprintf(buf, IPADDR_STRLEN, "0.0.0.0"); /* as IOS prints what is not set */
	return buf;
}

const char *ipaddr_ios(const struct ipaddr *a, char *buf)
{
	ipaddr_str(a, buf);
	for (char *p = buf; *p; p++)
		if (*p >= 'a' && *p <= 'f')
			*p = (char)(*p - 'a' + 'A');
	return buf;
}

uint32_t ipv4_mask(unsigned len)
{
	return len == 0 ? 0 : len >= 32 ? UINT32_MAX : ~(UINT32_MAX >> len);
}

int ipv4_mask_len(uint32_t mask)
{
	int len = 0;

	while (len < 32 && mask & (0x80000000u >> len))
		len++;
	return mask == ipv4_mask((unsigned)len) ? len : -1;
}
