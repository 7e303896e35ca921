/* SPDX-License-Identifier: Apache-2.0 */
/* What generated configurations say of IPv6; a part of gen.h. */
#ifndef TEST_GEN6_H
#define TEST_GEN6_H

/* Global unicast, with runs of zeros of any length. */
static inline struct ipaddr gen_addr6(struct gen *g)
{
	struct ipaddr a = { .family = IP_V6, .b = { 0x20, 0x01, 0x0d, 0xb8 } };

	for (size_t i = 4; i < 16; i++)
		a.b[i] = gen_in(g, 0, 3) ? 0 : (uint8_t)gen_u32(g);
	a.b[15] |= 1; /* no network's own address */
	return a;
}

static inline struct addr_match gen_match6(struct gen *g)
{
	struct ipaddr a = gen_addr6(g);

	return addr_match_of(&a, gen_of(g, 0, 1, 48, 64, 127, 128));
}

static inline struct acl_entry gen_ace6(struct gen *g)
{
	struct acl_entry e = { .kind = (uint8_t)gen_in(g, ACE_PERMIT, ACE_REMARK) };

	if (e.kind == ACE_REMARK) {
		gen_line(g, e.remark, sizeof(e.remark));
		return e;
	}
	e.seq = gen_maybe(g) ? gen_in(g, 1, 100000) : 0;
	e.src = gen_match6(g);
	e.dst = gen_match6(g);
	e.log = (uint8_t)gen_in(g, 0, 2);
	e.proto = (uint8_t)gen_of(g, 0, 6, 17, 58, 47, 50, 132, 255, gen_in(g, 1, 255));
	if (e.proto == 6 || e.proto == 17) {
		gen_ports(g, &e.src_port);
		gen_ports(g, &e.dst_port);
	}
	if (e.proto == 6) {
		e.established = gen_maybe(g);
		e.tcp_flags = (uint8_t)(gen_u32(g) % 64);
	}
	if (e.proto == 58 && gen_maybe(g)) {
		e.icmp_type = (uint16_t)gen_of(g, 2, 129, 136, 137, gen_in(g, 1, 256));
		e.icmp_code = (uint16_t)gen_of(g, 0, 1, 2, 256);
	}
	e.fragments = gen_maybe(g);
	e.dscp = (uint8_t)gen_in(g, 0, 64);
	return e;
}

static inline void gen_acls6(struct gen *g, struct config *c)
{
	for (uint32_t n = gen_in(g, 0, 3); n; n--) {
		char name[CFG_NAME_MAX];
		uint32_t last = 0;

		gen_name(g, name, sizeof(name));
		struct cfg_acl *acl = config_add_acl(c, name, ACL_IPV6, false);
		for (uint32_t k = gen_in(g, 0, 8); k && acl->kind == ACL_IPV6; k--) {
			struct acl_entry e = gen_ace6(g);

			if (gen_known(acl, &e))
				continue;
			if (e.seq)
				e.seq = last += e.seq;
			struct acl_entry *at = cfg_acl_add(acl, &e);
			last = at->seq > last ? at->seq : last;
		}
	}
}

static inline void gen_if6(struct gen *g, struct cfg_interface *i)
{
	struct cfg_if6 *x = &i->ip6;

	if (gen_maybe(g)) {
		x->addrs[x->n] = (struct cfg_addr6){ gen_addr6(g), 128, ADDR6_LINK_LOCAL };
		x->addrs[x->n].addr.b[0] = 0xfe;
		x->addrs[x->n++].addr.b[1] = 0x80;
	}
	for (uint32_t n = gen_in(g, 0, 3); n; n--) {
		struct cfg_addr6 a = { gen_addr6(g), (uint8_t)gen_of(g, 48, 64, 127, 128), ADDR6_WHOLE };

		a.kind = (uint8_t)gen_in(g, ADDR6_WHOLE, ADDR6_ANYCAST);
		if (a.kind == ADDR6_LINK_LOCAL || (a.kind == ADDR6_EUI64 && a.len > 64))
			a.kind = ADDR6_WHOLE;
		/* one prefix for each address of the configuration, so that none overlaps */
		a.addr.b[4] = (uint8_t)gen_u32(g);
		a.addr.b[5] = (uint8_t)gen_u32(g);
		if (a.kind == ADDR6_EUI64)
			a.addr = ipaddr_network(&a.addr, 64);
		x->addrs[x->n++] = a;
	}
	x->enable = gen_maybe(g);
	x->mtu = gen_of(g, 0, 1280, 1500, 17940);
	x->adjust_mss = gen_of(g, 0, 40, 1220, 1940);
	if (gen_maybe(g))
		gen_ifname(g, x->unnumbered);
	if (gen_maybe(g))
		gen_name(g, x->filter_in, CFG_NAME_MAX);
	if (gen_maybe(g))
		gen_name(g, x->filter_out, CFG_NAME_MAX);
	if (gen_maybe(g))
		gen_name(g, x->crypto_map, CFG_NAME_MAX);
	if (!i->is_tunnel || gen_maybe(g))
		return;
	i->tunnel.mode = (uint8_t)gen_in(g, TUNNEL_GRE_IP, TUNNEL_IPV6IP);
	if (!i->tunnel.source_if[0])
		i->tunnel.source = gen_addr6(g);
	if (!i->tunnel.destination_host[0])
		i->tunnel.destination = gen_addr6(g);
}

static inline void gen_maps6(struct gen *g, struct config *c)
{
	char name[CFG_NAME_MAX];

	gen_name(g, name, sizeof(name));
	if (config_find_map(c, name))
		return;
	struct cfg_map *m = config_add_map(c, name);
	m->ipv6 = true;
	for (uint32_t n = gen_in(g, 1, 3); n; n--) {
		struct cfg_map_entry *e = cfg_map_add(m, gen_in(g, 1, 65535));

		gen_map_entry(g, e);
		for (size_t i = 0; i < e->n_peers; i++)
			if (e->peers[i].addr.family) {
				e->peers[i].addr = gen_addr6(g);
				e->peers[i].addr.b[5] = (uint8_t)i; /* no peer twice */
			}
	}
	if (gen_maybe(g))
		gen_ifname(g, m->local_if);
}

static inline void gen_mask6(struct gen *g, struct ipaddr *addr, struct ipaddr *mask)
{
	unsigned len = gen_of(g, 0, 32, 64, 128);
	struct ipaddr a = gen_addr6(g);

	*addr = ipaddr_network(&a, len);
	*mask = ipaddr_mask(IP_V6, len);
}

static inline void gen_keys6(struct gen *g, struct config *c)
{
	struct cfg_key k = { .no_xauth = gen_maybe(g) };

	gen_key(g, &k.type, k.key, k.sealed);
	gen_mask6(g, &k.addr, &k.mask);
	config_add_key(c, &k);
	k.no_xauth = false;
	gen_mask6(g, &k.addr, &k.mask);
	if (c->keys.n_keyrings)
		cfg_ring_add(c->keys.keyrings[0], &k);
	struct cfg_isakmp_profile *p = c->keys.n_profiles ? c->keys.profiles[0] : NULL;
	if (p && p->n_matches < CFG_PROFILE_MATCHES) {
		struct cfg_match *m = &p->matches[p->n_matches++];

		*m = (struct cfg_match){ .kind = MATCH_ADDRESS };
		gen_mask6(g, &m->addr, &m->mask);
	}
	if (p && p->self == AG_IPV4 && !p->self_addr.family)
		p->self_ipv6 = gen_maybe(g);
	if (gen_maybe(g)) {
		struct ipaddr a = gen_addr6(g);

		config_add_isakmp_peer(c, &a, "", "");
	}
}

static inline void gen_routes6(struct gen *g, struct config *c)
{
	for (uint32_t n = gen_in(g, 0, 4); n; n--) {
		struct cfg_route r = { .distance = (uint8_t)gen_of(g, 0, 2, 254),
				       .tag = gen_of(g, 0, 1, UINT32_MAX),
				       .track = gen_of(g, 0, 1, 1000) };

		gen_mask6(g, &r.net, &r.mask);
		if (gen_maybe(g))
			gen_ifname(g, r.ifname);
		if (!r.ifname[0] || gen_maybe(g))
			r.next_hop = gen_addr6(g);
		if (r.ifname[0] && r.next_hop.family && gen_maybe(g)) {
			r.next_hop.b[0] = 0xfe;
			r.next_hop.b[1] = 0x80;
		}
		if (gen_maybe(g))
			gen_name(g, r.name, CFG_NAME_MAX);
		config_add_route(c, &r);
	}
}

static inline void gen_ipv6(struct gen *g, struct config *c)
{
	c->ipv6_routing = gen_maybe(g);
	gen_keys6(g, c);
	gen_maps6(g, c);
	for (size_t i = 0; i < c->interfaces.n; i++)
		gen_if6(g, c->interfaces.v[i]);
	gen_routes6(g, c);
	gen_acls6(g, c);
}

#endif
