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
