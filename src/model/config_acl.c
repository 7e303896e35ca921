/* SPDX-License-Identifier: Apache-2.0 */
/* What access-list entries mean, and the names IOS gives to interfaces. */
#include "model/config.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

bool acl_number_is(uint32_t n, enum acl_kind kind)
{
	if (kind == ACL_STANDARD)
		return (n >= 1 && n <= 99) || (n >= 1300 && n <= 1999);
	return (n >= 100 && n <= 199) || (n >= 2000 && n <= 2699);
}

bool acl_entry_is_plain(const struct acl_entry *e)
{
	return !e->established && !e->fragments && !e->tcp_flags && !e->icmp_type &&
	       !e->icmp_code && !e->precedence && !e->tos && !e->dscp;
}

/* `neq a b`: everything between and around the ports, in ascending order. */
static size_t neq_ranges(const struct acl_ports *p, struct port_match *ret)
{
	uint32_t next = 0;
	size_t n = 0;

	while (next <= UINT16_MAX) {
		uint32_t stop = UINT16_MAX + 1u;

		for (size_t i = 0; i < p->n; i++)
			if (p->port[i] >= next && p->port[i] < stop)
				stop = p->port[i];
		if (stop > next)
			ret[n++] = (struct port_match){ PORT_RANGE, (uint16_t)next,
							(uint16_t)(stop - 1) };
		next = stop + 1;
	}
	return n;
}

/* The port tests that together mean p: at most CFG_MAX_PORTS + 1. */
static size_t ports_expand(const struct acl_ports *p, struct port_match *ret)
{
	if (p->op == PORT_ANY) {
		ret[0] = (struct port_match){ .op = PORT_ANY };
		return 1;
	}
	if (p->op == PORT_NEQ && p->n > 1)
		return neq_ranges(p, ret);
	if (p->op == PORT_EQ) {
		for (size_t i = 0; i < p->n; i++)
			ret[i] = (struct port_match){ PORT_EQ, p->port[i], 0 };
		return p->n;
	}
	ret[0] = (struct port_match){ p->op, p->port[0], p->op == PORT_RANGE ? p->port[1] : 0 };
	return 1;
}

size_t acl_entry_selectors(const struct acl_entry *e, struct selector *ret, size_t max)
{
	struct port_match src[CFG_MAX_PORTS + 1], dst[CFG_MAX_PORTS + 1];
	size_t n = 0;

	if (e->kind == ACE_REMARK)
		return 0;
	size_t n_src = ports_expand(&e->src_port, src), n_dst = ports_expand(&e->dst_port, dst);
	for (size_t i = 0; i < n_src; i++)
		for (size_t j = 0; j < n_dst && n < max; j++)
			ret[n++] = (struct selector){ .local = e->src, .remote = e->dst,
						      .proto = e->proto, .local_port = src[i],
						      .remote_port = dst[j] };
	return n;
}

/* ---- interface names ---- */

/* In the order in which IOS resolves abbreviations: `t` alone is a Tunnel, `s`
 * a Serial, `e` an Ethernet. */
static const struct {
	const char *name, *brief;
} if_types[] = {
	{ "Ethernet", "Et" },		{ "FastEthernet", "Fa" },
	{ "GigabitEthernet", "Gi" },	{ "Tunnel", "Tu" },
	{ "TenGigabitEthernet", "Te" }, { "Serial", "Se" },
	{ "Loopback", "Lo" },		{ "Vlan", "Vl" },
	{ "Port-channel", "Po" },	{ "Dialer", "Di" },
	{ "BVI", "BV" },		{ "ATM", "AT" },
	{ "Virtual-Template", "Vt" },	{ "Virtual-Access", "Vi" },
	{ "Virtual-PPP", "Vp" },	{ "Null", "Nu" },
	{ "TwentyFiveGigE", "Twe" },	{ "FortyGigabitEthernet", "Fo" },
	{ "HundredGigE", "Hu" },	{ "Multilink", "Mu" },
	{ "Async", "As" },		{ "Cellular", "Ce" },
};

/* A unit: digits, with / . and : between them. */
static bool is_unit(const char *s)
{
	if (!isdigit((unsigned char)*s))
		return false;
	for (; *s; s++)
		if (!isdigit((unsigned char)*s) && !strchr("/.:", *s))
			return false;
	return isdigit((unsigned char)s[-1]);
}

static bool plain_chars(const char *s)
{
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("-_./:@", *s))
			return false;
	return true;
}

/* IOS types are typed in any case, but `eth0` is a Linux device and not an
 * abbreviation of Ethernet0 (IOS's own short form is Et0). */
static bool is_linux_name(const char *s, size_t letters)
{
	return !s[letters] || (letters == 3 && !strncmp(s, "eth", 3) && !strchr(s, '/'));
}

bool ifname_canonical(const char *s, char ret_name[CFG_NAME_MAX])
{
	char joined[CFG_NAME_MAX];
	size_t n = 0, letters = 0;

	for (; *s && n < sizeof(joined) - 1; s++)
		if (*s != ' ' && *s != '\t')
			joined[n++] = *s;
	joined[n] = '\0';
	if (*s || !n || !plain_chars(joined))
		return false;
	while (isalpha((unsigned char)joined[letters]) || joined[letters] == '-')
		letters++;
	memset(ret_name, 0, CFG_NAME_MAX);
	memcpy(ret_name, joined, n);
	if (!letters || is_linux_name(joined, letters) || !is_unit(joined + letters))
		return true;
	for (size_t i = 0; i < COUNT(if_types); i++) {
		size_t len = strlen(if_types[i].name), unit = strlen(joined + letters);

		if (letters > len || strncasecmp(joined, if_types[i].name, letters))
			continue;
		if (len + unit >= CFG_NAME_MAX)
			return false;
		memcpy(ret_name, if_types[i].name, len);
		memcpy(ret_name + len, joined + letters, unit + 1);
		return true;
	}
	return true;
}

bool ifname_is_type(const char *s)
{
	size_t n = strlen(s);

	for (size_t i = 0; n && i < COUNT(if_types); i++)
		if (!strncasecmp(s, if_types[i].name, n))
			return true;
	return false;
}

bool ifname_has_type(const char *name)
{
	for (size_t i = 0; i < COUNT(if_types); i++)
		if (!strncmp(name, if_types[i].name, strlen(if_types[i].name)) &&
		    isdigit((unsigned char)name[strlen(if_types[i].name)]))
			return true;
	return false;
}

void ifname_short(const char *name, char ret_name[CFG_NAME_MAX])
{
	size_t n = strnlen(name, CFG_NAME_MAX - 1);

	memset(ret_name, 0, CFG_NAME_MAX);
	for (size_t i = 0; i < COUNT(if_types); i++) {
		size_t len = strlen(if_types[i].name), brief = strlen(if_types[i].brief);

		if (n <= len || strncmp(name, if_types[i].name, len) || !is_unit(name + len))
			continue;
		memcpy(ret_name, if_types[i].brief, brief);
		memcpy(ret_name + brief, name + len, n - len);
		return;
	}
	memcpy(ret_name, name, n);
}
