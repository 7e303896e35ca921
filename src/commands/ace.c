/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/ace.h"

#include <stdlib.h>

#include "commands/names.h"
#include "commands/rows.h"

static const uint8_t flag_bits[ACE_FLAGS] = { TCP_ACK, TCP_FIN, TCP_PSH, TCP_RST, TCP_SYN, TCP_URG };

const char *ace_unknown(const struct ace_args *a)
{
	static const char *const unknown_names[] = { "", "time-range", "ttl", "match-all or match-any",
						     "the type of IGMP messages", "reflect",
						     "extension headers or flow labels", "dynamic",
						     "object-group", "IP options", "evaluate" };

	if (!a->unknown && !a->igmp_type)
		return NULL;
	return unknown_names[a->unknown ? a->unknown : MATCH_IGMP];
}

static bool addr_to_match(const struct ace_addr *a, struct addr_match *m, struct txt *out)
{
	if (a->name[0]) {
		txt_printf(out, "%% Bad IP address or host name: %s\n", a->name);
		return false;
	}
	if (a->any || !a->addr.family)
		*m = addr_match_v4(0, UINT32_MAX);
	else
		*m = addr_match_v4(ipaddr_to_v4(&a->addr),
				   a->wild.family ? ipaddr_to_v4(&a->wild) : 0);
	return true;
}

static void match_to_addr(const struct addr_match *m, bool standard, struct ace_addr *a)
{
	uint32_t wild = (uint32_t)m->wild[0] << 24 | (uint32_t)m->wild[1] << 16 |
			(uint32_t)m->wild[2] << 8 | m->wild[3];

	if (wild == UINT32_MAX) {
		a->any = 1;
		return;
	}
	a->addr = m->addr;
	if (wild)
		a->wild = ipaddr_v4(wild);
	else if (!standard)
		a->host = 1;
}

static void ports_normalise(struct acl_ports *p)
{
	if (p->op == PORT_RANGE) {
		p->n = 2;
		if (p->port[0] > p->port[1]) {
			uint16_t low = p->port[1];

			p->port[1] = p->port[0];
			p->port[0] = low;
		}
	} else if (p->op == PORT_LT || p->op == PORT_GT) {
		p->n = 1;
	}
}

/* What layer 4 says, the same in both families. */
static void take_layer4(const struct ace_args *a, struct acl_entry *e)
{
	ports_normalise(&e->src_port);
	ports_normalise(&e->dst_port);
	for (size_t i = 0; i < COUNT(flag_bits); i++)
		if (a->flag[i])
			e->tcp_flags |= flag_bits[i];
	if (a->icmp_named) {
		e->icmp_type = (uint16_t)((a->icmp_named - 1) / 512 + 1);
		e->icmp_code = (uint16_t)((a->icmp_named - 1) % 512);
	}
}

static void give_layer4(const struct cli_name *names, const struct acl_entry *e, struct ace_args *a)
{
	for (size_t i = 0; i < COUNT(flag_bits); i++)
		a->flag[i] = (e->tcp_flags & flag_bits[i]) != 0;
	if (!e->icmp_type)
		return;
	for (const struct cli_name *n = names; n->word; n++)
		if (n->value == 1 + (e->icmp_type - 1) * 512 + e->icmp_code)
			a->icmp_named = (uint32_t)n->value;
	if (a->icmp_named)
		a->e.icmp_type = a->e.icmp_code = 0;
}

bool ace_to_entry(const struct ace_args *a, struct acl_entry *e, struct txt *out)
{
	*e = a->e;
	e->seq = a->seq;
	if (e->kind == ACE_REMARK)
		return true;
	if (!addr_to_match(&a->src, &e->src, out) || !addr_to_match(&a->dst, &e->dst, out))
		return false;
	take_layer4(a, e);
	return true;
}

void ace_from_entry(const struct cfg_acl *acl, const struct acl_entry *e, struct ace_args *a)
{
	bool standard = acl->kind == ACL_STANDARD;

	a->e = *e;
	if (acl->numbered)
		a->number = (uint32_t)strtoul(acl->name, NULL, 10);
	if (e->kind == ACE_REMARK)
		return;
	match_to_addr(&e->src, standard, &a->src);
	match_to_addr(&e->dst, standard, &a->dst);
	give_layer4(icmp_names, e, a);
}

/* ---- IPv6 ---- */

static struct addr_match addr6_to_match(const struct ace_addr *a)
{
	struct ipaddr any = { .family = IP_V6 };
	const struct ipaddr *addr = a->any ? &any : a->host ? &a->addr : &a->net.addr;

	return addr_match_of(addr, a->any ? 0 : a->host ? 128 : a->net.len);
}

static void addr6_of_match(const struct addr_match *m, struct ace_addr *a)
{
	unsigned len = 0;

	(void)addr_match_prefix(m, &len);
	a->any = len == 0;
	a->host = len == 128;
	if (len == 128)
		a->addr = m->addr;
	else if (len)
		a->net = (struct prefix6){ m->addr, (uint8_t)len };
}

void ace6_to_entry(const struct ace_args *a, struct acl_entry *e)
{
	*e = a->e;
	e->seq = a->seq;
	if (e->kind == ACE_REMARK)
		return;
	e->src = addr6_to_match(&a->src);
	e->dst = addr6_to_match(&a->dst);
	take_layer4(a, e);
}

void ace6_from_entry(const struct acl_entry *e, struct ace_args *a)
{
	a->e = *e;
	if (e->kind == ACE_REMARK)
		return;
	addr6_of_match(&e->src, &a->src);
	addr6_of_match(&e->dst, &a->dst);
	give_layer4(icmp6_names, e, a);
}
