/* SPDX-License-Identifier: Apache-2.0 */
/* Proxy identities of quick mode: crypto ACL lines as ID payloads and back
 * (RFC 2407 section 4.6.2). */
#include "ike/internal.h"

#include <stdio.h>
#include <string.h>

static bool is_host(const struct addr_match *m, const struct ipaddr *a)
{
	struct addr_match want = { .addr = *a };

	return memcmp(m, &want, sizeof(want)) == 0;
}

bool ids_are_endpoints(const struct ike_sa *sa, const struct selector *s)
{
	return is_host(&s->local, &sa->path.local) && is_host(&s->remote, &sa->path.remote);
}

bool ids_translate(const struct qm *q, const struct selector *s, struct selector *ret)
{
	const struct ike_path *path = &q->sa->path;

	if (!q->oa_his.family || (!is_host(&s->remote, &q->oa_his) && !is_host(&s->remote, &path->remote)) ||
	    (!is_host(&s->local, &q->oa_own) && !is_host(&s->local, &path->local)))
		return false;
	*ret = *s;
	ret->local = (struct addr_match){ .addr = path->local };
	ret->remote = (struct addr_match){ .addr = path->remote };
	return true;
}

bool ids_encode(struct wr *w, const struct addr_match *m, uint8_t proto,
		const struct port_match *port)
{
	bool v6 = m->addr.family == IP_V6;
	unsigned len;

	if (!m->addr.family || !addr_match_prefix(m, &len))
		return false;
	bool host = len == ip_bits(m->addr.family);
	wr_u8(w, host ? ike_addr_id(m->addr.family) : v6 ? ID_IPV6_SUBNET : ID_IPV4_SUBNET);
	wr_u8(w, proto);
	wr_be16(w, port->op == PORT_EQ ? port->lo : 0);
	wr_span(w, ike_addr_bytes(&m->addr));
	if (!host) {
		struct ipaddr mask = ipaddr_mask(m->addr.family, len);

		wr_span(w, ike_addr_bytes(&mask));
	}
	return !w->bad;
}

static uint8_t family_of(uint8_t type)
{
	switch (type) {
	case ID_IPV4:
	case ID_IPV4_SUBNET:
	case ID_IPV4_RANGE:
		return IP_V4;
	case ID_IPV6:
	case ID_IPV6_SUBNET:
	case ID_IPV6_RANGE:
		return IP_V6;
	default:
		return IP_NONE;
	}
}

/* An address, a subnet, or a range that is a subnet (RFC 2407 sections 4.6.2.2 to 4.6.2.9). */
static bool decode(struct span body, struct addr_match *ret_m, uint8_t *ret_proto,
		   struct port_match *ret_port)
{
	struct addr_match m = { 0 };
	struct ipaddr second = { 0 };
	struct ike_id id;
	unsigned len;

	if (!ike_id_decode(body, &id))
		return false;
	bool subnet = id.type == ID_IPV4_SUBNET || id.type == ID_IPV6_SUBNET;
	bool range = id.type == ID_IPV4_RANGE || id.type == ID_IPV6_RANGE;
	struct rd r = rd_span(id.data);

	m.addr.family = family_of(id.type);
	size_t bytes = ip_bits(m.addr.family) / 8;
	rd_copy(&r, m.addr.b, bytes);
	if (subnet || range)
		rd_copy(&r, second.b, bytes);
	if (!m.addr.family || r.bad || rd_left(&r))
		return false;
	for (size_t i = 0; i < bytes; i++) {
		m.wild[i] = subnet ? (uint8_t)~second.b[i] : range ? m.addr.b[i] ^ second.b[i] : 0;
		if (range && m.addr.b[i] & m.wild[i]) /* it does not begin where the subnet does */
			return false;
		m.addr.b[i] &= (uint8_t)~m.wild[i];
	}
	if (!addr_match_prefix(&m, &len))
		return false;
	*ret_m = m;
	*ret_proto = id.proto;
	*ret_port = (struct port_match){ id.port ? PORT_EQ : PORT_ANY, id.port, 0 };
	return true;
}

/* Both sides, of which no packet has one of each family. */
static bool decode_both(const struct ike_payload *near, const struct ike_payload *far, struct selector *ret)
{
	struct selector s = { 0 };
	uint8_t proto;

	if (!near || !far || !decode(near->body, &s.local, &s.proto, &s.local_port) ||
	    !decode(far->body, &s.remote, &proto, &s.remote_port) || proto != s.proto ||
	    s.local.addr.family != s.remote.addr.family)
		return false;
	*ret = s;
	return true;
}

bool ids_requested(const struct ike_sa *sa, const struct ike_payloads *pl, struct selector *ret)
{
	const struct ike_payload *idi = ike_payload_find(pl, PL_ID, 0);
	const struct ike_payload *idr = ike_payload_find(pl, PL_ID, 1);

	if (!idi && !idr) { /* RFC 2409 section 5.5: the peers themselves */
		*ret = (struct selector){ .local = { .addr = sa->path.local },
					  .remote = { .addr = sa->path.remote } };
		return true;
	}
	return decode_both(idr, idi, ret);
}

bool ids_answered(const struct ike_payloads *pl, struct selector *ret)
{
	return decode_both(ike_payload_find(pl, PL_ID, 0), ike_payload_find(pl, PL_ID, 1), ret);
}

/* A selector as the ID payloads would say it. */
static struct selector as_said(struct selector s)
{
	if (s.local_port.op != PORT_EQ)
		s.local_port = (struct port_match){ 0 };
	if (s.remote_port.op != PORT_EQ)
		s.remote_port = (struct port_match){ 0 };
	return s;
}

bool p2_between(const struct ike *k, const struct ipaddr *local, const struct ipaddr *peer)
{
	struct hnode *n = htab_first(&k->index.p2_by_path, index_path(k, local, peer));

	for (; n; n = htab_next(n)) {
		const struct p2_policy *p = hnode_entry(n, struct p2_node, node)->p;

		for (size_t i = 0; i < p->n_peers; i++)
			if (ipaddr_equal(&p->peers[i], peer) && ipaddr_equal(&p->local, local))
				return true;
	}
	return made_templates_serve(k, local, peer);
}

const struct p2_policy *ids_of_other_profile(const struct ike_sa *sa, const struct selector *want)
{
	const struct ike *k = sa->k;

	for (size_t i = 0; i < k->cfg.n_p2; i++) {
		const struct p2_policy *p = &k->cfg.p2[i];
		bool his = p->dynamic && !p->n_peers;

		for (size_t n = 0; n < p->n_peers; n++)
			his |= ipaddr_equal(&p->peers[n], &sa->path.remote);
		if (his && !profile_suits(sa, p) && ipaddr_equal(&p->local, &sa->path.local) &&
		    selector_covers(&p->sel, want))
			return p;
	}
	return NULL;
}

const struct p2_policy *ids_policy(const struct ike_sa *sa, const struct selector *want,
				   struct selector *ret_sel)
{
	const struct ipaddr *peer = &sa->path.remote;
	const struct p2_policy *same = NULL, *cover = NULL;
	struct hnode *n = htab_first(&sa->k->index.p2_by_path,
				     index_path(sa->k, &sa->path.local, peer));

	/* in no order: the first in the configuration's wins */
	for (; n; n = htab_next(n)) {
		const struct p2_policy *p = hnode_entry(n, struct p2_node, node)->p;
		struct selector said = as_said(p->sel);
		bool his = false;

		for (size_t i = 0; i < p->n_peers; i++)
			his |= ipaddr_equal(&p->peers[i], peer);
		if (!his || !ipaddr_equal(&p->local, &sa->path.local) || !profile_suits(sa, p))
			continue;
		if (selector_equal(&said, want) && (!same || p < same))
			same = p;
		else if (!p->standing && (!cover || p < cover) && selector_covers(&p->sel, want))
			cover = p;
	}
	/* templates come in the map's order as well: mostly last */
	const struct p2_policy *dynamic = same ? NULL : made_template(sa, want);
	if (dynamic && (!cover || dynamic < cover))
		cover = dynamic;
	*ret_sel = same ? same->sel : *want;
	return same ? same : cover;
}

/* One side as an access list says it: of IPv4 with a wildcard mask, of IPv6 with a prefix. */
static const char *side(const struct addr_match *m, const struct port_match *port, char *buf,
			size_t cap)
{
	char addr[IPADDR_STRLEN], wild[IPADDR_STRLEN], eq[16] = "";
	struct ipaddr w = { .family = m->addr.family };
	unsigned len = 0;
	bool prefix = addr_match_prefix(m, &len);

	memcpy(w.b, m->wild, sizeof(w.b));
	ipaddr_ios(&m->addr, addr);
	ipaddr_ios(&w, wild);
	if (port->op == PORT_EQ)
		snprintf(eq, sizeof(eq), " eq %u", port->lo);
	if (prefix && len == ip_bits(m->addr.family))
		snprintf(buf, cap, "host %s%s", addr, eq);
	else if (prefix && !len)
		snprintf(buf, cap, "any%s", eq);
	else if (prefix && m->addr.family == IP_V6)
		snprintf(buf, cap, "%s/%u%s", addr, len, eq);
	else
		snprintf(buf, cap, "%s %s%s", addr, wild, eq);
	return buf;
}

void ids_text(const struct selector *s, char *buf, size_t cap)
{
	bool v6 = s->local.addr.family == IP_V6;
	char l[120], r[120], proto[8];

	snprintf(proto, sizeof(proto), "%u", s->proto);
	snprintf(buf, cap, "permit %s %s %s",
		 s->proto == 0	? (v6 ? "ipv6" : "ip") :
		 s->proto == (v6 ? 58 : 1) ? "icmp" :
		 s->proto == 6	? "tcp" :
		 s->proto == 17 ? "udp" :
		 s->proto == 47 ? "gre" :
				  proto,
		 side(&s->local, &s->local_port, l, sizeof(l)),
		 side(&s->remote, &s->remote_port, r, sizeof(r)));
}
