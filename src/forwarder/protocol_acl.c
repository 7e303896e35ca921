/* SPDX-License-Identifier: Apache-2.0 */
#include "forwarder/protocol_acl.h"

static void put_addr(struct wr *w, const struct ipaddr *a)
{
	wr_u8(w, a->family);
	wr_bytes(w, a->b, sizeof(a->b));
}

static void get_addr(struct rd *r, struct ipaddr *a)
{
	a->family = rd_u8(r);
	rd_copy(r, a->b, sizeof(a->b));
	r->bad |= a->family != IP_NONE && a->family != IP_V4 && a->family != IP_V6;
}

static void put_match(struct wr *w, const struct addr_match *m)
{
	put_addr(w, &m->addr);
	wr_bytes(w, m->wild, sizeof(m->wild));
}

static void get_match(struct rd *r, struct addr_match *m)
{
	get_addr(r, &m->addr);
	rd_copy(r, m->wild, sizeof(m->wild));
}

static void put_ports(struct wr *w, const struct acl_ports *p)
{
	wr_u8(w, p->op);
	wr_u8(w, p->n);
	for (size_t i = 0; i < CFG_MAX_PORTS; i++)
		wr_be16(w, p->port[i]);
}

static void get_ports(struct rd *r, struct acl_ports *p)
{
	p->op = rd_u8(r);
	p->n = rd_u8(r);
	for (size_t i = 0; i < CFG_MAX_PORTS; i++)
		p->port[i] = rd_be16(r);
	r->bad |= p->op > PORT_RANGE || p->n > CFG_MAX_PORTS;
}

static void get_name(struct rd *r, char name[CFG_NAME_MAX])
{
	rd_copy(r, name, CFG_NAME_MAX);
	if (r->bad || name[CFG_NAME_MAX - 1]) {
		r->bad = true;
		name[0] = '\0';
	}
}

static void put_entry(struct wr *w, const struct acl_entry *e)
{
	wr_be32(w, e->seq);
	wr_u8(w, e->kind);
	wr_u8(w, e->proto);
	put_match(w, &e->src);
	put_match(w, &e->dst);
	put_ports(w, &e->src_port);
	put_ports(w, &e->dst_port);
	wr_u8(w, (uint8_t)(e->established | e->fragments << 1));
	wr_u8(w, e->tcp_flags);
	wr_be16(w, e->icmp_type);
	wr_be16(w, e->icmp_code);
	wr_u8(w, e->precedence);
	wr_u8(w, e->tos);
	wr_u8(w, e->dscp);
	wr_u8(w, e->log);
}

static void get_entry(struct rd *r, struct acl_entry *e)
{
	e->seq = rd_be32(r);
	e->kind = rd_u8(r);
	e->proto = rd_u8(r);
	get_match(r, &e->src);
	get_match(r, &e->dst);
	get_ports(r, &e->src_port);
	get_ports(r, &e->dst_port);
	uint8_t bits = rd_u8(r);
	e->established = bits & 1;
	e->fragments = bits & 2;
	e->tcp_flags = rd_u8(r);
	e->icmp_type = rd_be16(r);
	e->icmp_code = rd_be16(r);
	e->precedence = rd_u8(r);
	e->tos = rd_u8(r);
	e->dscp = rd_u8(r);
	e->log = rd_u8(r);
	r->bad |= bits > 3 || (e->kind != ACE_PERMIT && e->kind != ACE_DENY);
}

static void put_probe(struct wr *w, const struct acl_probe *p)
{
	put_addr(w, &p->src);
	put_addr(w, &p->dst);
	wr_u8(w, p->proto);
	wr_u8(w, p->tos);
	wr_u8(w, (uint8_t)(p->later_fragment | p->l4_known << 1));
	wr_be16(w, p->src_port);
	wr_be16(w, p->dst_port);
	wr_u8(w, p->tcp_flags);
	wr_u8(w, p->icmp_type);
	wr_u8(w, p->icmp_code);
}

static void get_probe(struct rd *r, struct acl_probe *p)
{
	get_addr(r, &p->src);
	get_addr(r, &p->dst);
	p->proto = rd_u8(r);
	p->tos = rd_u8(r);
	uint8_t bits = rd_u8(r);
	p->later_fragment = bits & 1;
	p->l4_known = bits & 2;
	p->src_port = rd_be16(r);
	p->dst_port = rd_be16(r);
	p->tcp_flags = rd_u8(r);
	p->icmp_type = rd_u8(r);
	p->icmp_code = rd_u8(r);
	r->bad |= bits > 3;
}

void fwd_put_acl(struct wr *w, const struct fwd_msg *m)
{
	switch (m->type) {
	case FWD_ACL_ADD:
		wr_be16(w, m->u.acl.list);
		wr_bytes(w, m->u.acl.name, CFG_NAME_MAX);
		put_entry(w, &m->u.acl.entry);
		break;
	case FWD_POLICY_ACL:
		wr_be32(w, m->u.policy_acl.policy_id);
		wr_be16(w, m->u.policy_acl.in);
		wr_be16(w, m->u.policy_acl.out);
		break;
	case FWD_MATCHES_CLEAR:
		wr_be32(w, m->u.matches.policy_id);
		wr_bytes(w, m->u.matches.name, CFG_NAME_MAX);
		break;
	case FWD_STATS_ACL:
		wr_bytes(w, m->u.acl_stats.name, CFG_NAME_MAX);
		wr_be32(w, m->u.acl_stats.seq);
		wr_be64(w, m->u.acl_stats.n);
		break;
	case FWD_ACL_LOG:
		wr_bytes(w, m->u.acl_log.name, CFG_NAME_MAX);
		wr_be32(w, m->u.acl_log.seq);
		wr_be32(w, m->u.acl_log.ifid);
		put_probe(w, &m->u.acl_log.probe);
		break;
	default:
		w->bad = true;
	}
}

void fwd_get_acl(struct rd *r, struct fwd_msg *m)
{
	switch (m->type) {
	case FWD_ACL_ADD:
		m->u.acl.list = rd_be16(r);
		get_name(r, m->u.acl.name);
		get_entry(r, &m->u.acl.entry);
		break;
	case FWD_POLICY_ACL:
		m->u.policy_acl.policy_id = rd_be32(r);
		m->u.policy_acl.in = rd_be16(r);
		m->u.policy_acl.out = rd_be16(r);
		break;
	case FWD_MATCHES_CLEAR:
		m->u.matches.policy_id = rd_be32(r);
		get_name(r, m->u.matches.name);
		break;
	case FWD_STATS_ACL:
		get_name(r, m->u.acl_stats.name);
		m->u.acl_stats.seq = rd_be32(r);
		m->u.acl_stats.n = rd_be64(r);
		break;
	case FWD_ACL_LOG:
		get_name(r, m->u.acl_log.name);
		m->u.acl_log.seq = rd_be32(r);
		m->u.acl_log.ifid = rd_be32(r);
		get_probe(r, &m->u.acl_log.probe);
		break;
	default:
		r->bad = true;
	}
}
