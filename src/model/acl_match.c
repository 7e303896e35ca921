/* SPDX-License-Identifier: Apache-2.0 */
#include "model/acl_match.h"

static bool ports_have(const struct acl_ports *p, uint16_t port)
{
	bool listed = false;

	switch ((enum port_op)p->op) {
	case PORT_ANY:
		return true;
	case PORT_LT:
		return port < p->port[0];
	case PORT_GT:
		return port > p->port[0];
	case PORT_RANGE:
		return port >= p->port[0] && port <= p->port[1];
	case PORT_EQ:
	case PORT_NEQ:
		break;
	}
	for (size_t i = 0; i < p->n; i++)
		listed |= p->port[i] == port;
	return listed == (p->op == PORT_EQ);
}

static bool says_l4(const struct acl_entry *e)
{
	return e->src_port.op || e->dst_port.op || e->established || e->tcp_flags || e->icmp_type ||
	       e->icmp_code;
}

static bool l3_takes(const struct acl_entry *e, const struct acl_probe *p)
{
	return (!e->proto || e->proto == p->proto) && addr_match_has(&e->src, &p->src) &&
	       addr_match_has(&e->dst, &p->dst) && (!e->dscp || e->dscp - 1 == p->tos >> 2) &&
	       (!e->precedence || e->precedence - 1 == p->tos >> 5) &&
	       (!e->tos || e->tos - 1 == (p->tos >> 1 & 15));
}

bool acl_entry_takes(const struct acl_entry *e, const struct acl_probe *p)
{
	if (e->kind == ACE_REMARK || (p->tiny && e->kind == ACE_PERMIT) || !l3_takes(e, p))
		return false;
	if (p->later_fragment)
		return e->fragments || !says_l4(e) || e->kind == ACE_PERMIT;
	if (e->fragments)
		return false;
	if (!says_l4(e))
		return true;
	return p->l4_known && ports_have(&e->src_port, p->src_port) &&
	       ports_have(&e->dst_port, p->dst_port) &&
	       (!e->established || p->tcp_flags & (TCP_ACK | TCP_RST)) &&
	       (!e->tcp_flags || p->tcp_flags & e->tcp_flags) &&
	       (!e->icmp_type || e->icmp_type - 1 == p->icmp_type) &&
	       (!e->icmp_code || e->icmp_code - 1 == p->icmp_code);
}

/* Before the deny at the end of a list of IPv6 IOS lets neighbours find each other. */
static const struct acl_entry *neighbours(const struct acl_probe *p)
{
	static const struct acl_entry permit = { .kind = ACE_PERMIT, .proto = 58 };
	bool nd = p->icmp_type == 135 || p->icmp_type == 136; /* RFC 4861 section 4.3, 4.4 */

	return p->proto == 58 && p->l4_known && nd ? &permit : NULL;
}

const struct acl_entry *cfg_acl_decides(const struct cfg_acl *acl, const struct acl_probe *p)
{
	for (size_t i = 0; i < acl->entries.n; i++)
		if (acl_entry_takes(acl->entries.v[i], p))
			return acl->entries.v[i];
	return acl->kind == ACL_IPV6 ? neighbours(p) : NULL;
}

bool cfg_acl_filters(const struct cfg_acl *acl)
{
	for (size_t i = 0; acl && i < acl->entries.n; i++)
		if (acl->entries.v[i]->kind != ACE_REMARK)
			return true;
	return false;
}

const struct cfg_acl *config_filter_list(const struct config *c, const char *name)
{
	static struct acl_entry deny = { .seq = 10, .kind = ACE_DENY,
					 .src = { { .family = IP_V4 }, { 255, 255, 255, 255 } },
					 .dst = { { .family = IP_V4 }, { 255, 255, 255, 255 } } };
	static struct acl_entry *lines[] = { &deny };
	static const struct cfg_acl nothing_passes = { .name = "not understood", .kind = ACL_EXTENDED,
						       .entries = { .v = lines, .n = 1 } };
	const struct cfg_acl *acl = name[0] ? config_find_acl(c, name) : NULL;

	if (cfg_acl_filters(acl))
		return acl;
	if (!name[0] || !config_acl_refused(c, name))
		return NULL;
	return &nothing_passes;
}

static void probe_layer4(struct rd *r, struct acl_probe *p)
{
	bool ports = p->proto == 6 || p->proto == 17;
	bool icmp = p->proto == (p->src.family == IP_V6 ? 58 : 1);

	if (p->later_fragment)
		return;
	if (ports) {
		p->src_port = rd_be16(r);
		p->dst_port = rd_be16(r);
	}
	if (p->proto == 6) {
		rd_skip(r, 9);
		p->tcp_flags = rd_u8(r);
	} else if (icmp) {
		p->icmp_type = rd_u8(r);
		p->icmp_code = rd_u8(r);
	}
	p->l4_known = !r->bad;
}

#define EXTENSIONS_MAX 8 /* a packet with more is no longer looked into */

/* RFC 8200 section 4: to the header that is none of its extensions. */
static bool probe6(struct rd *r, struct acl_probe *p)
{
	uint32_t word = rd_be32(r);
	struct ipaddr any = { .family = IP_V6 };

	p->tos = (uint8_t)(word >> 20);
	rd_skip(r, 2);
	p->proto = rd_u8(r);
	rd_skip(r, 1);
	p->src = p->dst = any;
	rd_copy(r, p->src.b, 16);
	rd_copy(r, p->dst.b, 16);
	if (r->bad)
		return false;
	for (int i = 0; i < EXTENSIONS_MAX && !p->later_fragment; i++) {
		bool fragment = p->proto == 44;
		uint8_t next, len;

		if (p->proto != 0 && p->proto != 43 && p->proto != 60 && !fragment)
			break;
		next = rd_u8(r);
		len = rd_u8(r);
		if (fragment)
			p->later_fragment = rd_be16(r) >> 3 != 0;
		rd_skip(r, fragment ? 4 : (size_t)len * 8 + 6);
		if (r->bad)
			return true; /* cut off: the addresses are known */
		p->proto = next;
	}
	probe_layer4(r, p);
	return true;
}

bool acl_probe_of(struct span packet, struct acl_probe *ret_p)
{
	struct rd r = rd_span(packet);
	struct acl_probe p = { 0 };

	if (packet.len && packet.p[0] >> 4 == 6) {
		if (!probe6(&r, &p))
			return false;
		*ret_p = p;
		return true;
	}
	uint8_t first = rd_u8(&r);
	p.tos = rd_u8(&r);
	rd_skip(&r, 4);
	uint16_t offset = rd_be16(&r) & 0x1fff;
	p.later_fragment = offset != 0;
	rd_skip(&r, 1);
	p.proto = rd_u8(&r);
	/* it brings flags that the first one hides, or overwrites them (RFC 3128) */
	p.tiny = p.proto == 6 && offset == 1;
	rd_skip(&r, 2);
	p.src = ipaddr_v4(rd_be32(&r));
	p.dst = ipaddr_v4(rd_be32(&r));
	if (r.bad || first >> 4 != 4 || (first & 15) < 5)
		return false;
	rd_skip(&r, ((first & 15u) - 5u) * 4u);
	probe_layer4(&r, &p);
	*ret_p = p;
	return true;
}
