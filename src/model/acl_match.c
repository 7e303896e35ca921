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

const struct acl_entry *cfg_acl_decides(const struct cfg_acl *acl, const struct acl_probe *p)
{
	for (size_t i = 0; i < acl->entries.n; i++)
		if (acl_entry_takes(acl->entries.v[i], p))
			return acl->entries.v[i];
	return NULL;
}

bool cfg_acl_filters(const struct cfg_acl *acl)
{
	for (size_t i = 0; acl && i < acl->entries.n; i++)
		if (acl->entries.v[i]->kind != ACE_REMARK)
			return true;
	return false;
}

bool acl_probe_of(struct span packet, struct acl_probe *ret_p)
{
	struct rd r = rd_span(packet);
	struct acl_probe p = { 0 };
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
	if (!p.later_fragment && (p.proto == 6 || p.proto == 17)) {
		p.src_port = rd_be16(&r);
		p.dst_port = rd_be16(&r);
		p.l4_known = !r.bad;
		if (p.proto == 6) {
			rd_skip(&r, 9);
			p.tcp_flags = rd_u8(&r);
			p.l4_known = !r.bad;
		}
	} else if (!p.later_fragment && p.proto == 1) {
		p.icmp_type = rd_u8(&r);
		p.icmp_code = rd_u8(&r);
		p.l4_known = !r.bad;
	} else {
		p.l4_known = !p.later_fragment;
	}
	*ret_p = p;
	return true;
}
