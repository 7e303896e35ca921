/* SPDX-License-Identifier: Apache-2.0 */
/* Generated configurations: any value that the language can say. The generator
 * is a plain linear one, so that a seed is a configuration for ever. */
#ifndef TEST_GEN_H
#define TEST_GEN_H

#include "helper.h"

struct gen {
	uint64_t s;
};

static inline uint32_t gen_u32(struct gen *g)
{
	g->s = g->s * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(g->s >> 32);
}

static inline uint32_t gen_in(struct gen *g, uint32_t lo, uint32_t hi)
{
	return lo + gen_u32(g) % (hi - lo + 1);
}

static inline bool gen_maybe(struct gen *g)
{
	return gen_u32(g) & 1;
}

/* One of the numbers given. */
#define gen_of(g, ...)                                                     \
	gen_pick(g, (const uint32_t[]){ __VA_ARGS__ },                     \
		 sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))
static inline uint32_t gen_pick(struct gen *g, const uint32_t *v, size_t n)
{
	return v[gen_u32(g) % n];
}

static inline void gen_name(struct gen *g, char *out, size_t max)
{
	static const char chars[] = "ABCDEFGHabcdefgh0123456789_-.";
	size_t n = gen_in(g, 1, (uint32_t)(max < 20 ? max - 1 : 20));

	memset(out, 0, max);
	out[0] = chars[gen_u32(g) % 16];
	for (size_t i = 1; i < n; i++)
		out[i] = chars[gen_u32(g) % (sizeof(chars) - 1)];
}

/* Words and blanks, none at the ends. */
static inline void gen_line(struct gen *g, char *out, size_t max)
{
	size_t n = gen_in(g, 1, (uint32_t)max - 1);

	memset(out, 0, max);
	for (size_t i = 0; i < n; i++)
		out[i] = (char)gen_in(g, i && i + 1 < n ? ' ' : '!', '~');
}

static inline struct ipaddr gen_addr(struct gen *g)
{
	return ipaddr_v4(gen_u32(g));
}

static inline struct ipaddr gen_mask(struct gen *g)
{
	return ipaddr_v4(ipv4_mask(gen_in(g, 0, 32)));
}

static inline void gen_ifname(struct gen *g, char out[CFG_NAME_MAX])
{
	static const char *const types[] = { "FastEthernet0/%u", "Serial0/%u", "GigabitEthernet0/1.%u",
					     "eth%u", "Tunnel%u", "Loopback%u", "Vlan%u" };

	memset(out, 0, CFG_NAME_MAX);
	snprintf(out, CFG_NAME_MAX, types[gen_u32(g) % 7], gen_in(g, 0, 30));
}

/* In clear, or as the text of a type 6 key that nobody has decrypted. */
static inline void gen_key(struct gen *g, uint8_t *type, char key[PSK_MAX + 1],
			   char sealed[CFG_SEALED_MAX])
{
	*type = gen_maybe(g) ? 6 : 0;
	for (size_t i = 0, n = gen_in(g, 1, *type ? CFG_SEALED_MAX - 1 : PSK_MAX); i < n; i++)
		(*type ? sealed : key)[i] = (char)gen_in(g, '!', '~');
}

static inline void gen_isakmp_peer(struct gen *g, struct config *c)
{
	struct ipaddr addr = gen_addr(g);
	char host[CFG_NAME_MAX], vrf[CFG_NAME_MAX] = "";
	struct cfg_isakmp_peer *p;

	gen_name(g, host, sizeof(host));
	if (gen_maybe(g))
		gen_name(g, vrf, sizeof(vrf));
	p = config_add_isakmp_peer(c, gen_maybe(g) ? &addr : NULL, host, vrf);
	p->endpoint = (uint8_t)gen_in(g, AG_NO_ID, AG_USER_FQDN);
	if (p->endpoint == AG_IPV4)
		p->endpoint_addr = gen_addr(g);
	else if (p->endpoint)
		gen_name(g, p->endpoint_name, sizeof(p->endpoint_name));
	if (gen_maybe(g))
		gen_line(g, p->description, 20);
	gen_key(g, &p->key_type, p->key, p->sealed);
}

/* Keyrings and profiles, some of them for the maps. */
static inline void gen_keyrings(struct gen *g, struct config *c)
{
	char name[CFG_NAME_MAX] = "";

	c->keys.aes = gen_maybe(g);
	for (uint32_t n = gen_in(g, 0, 2); n; n--) {
		gen_name(g, name, sizeof(name));
		struct cfg_keyring *r = keys_add_ring(&c->keys, name);

		if (gen_maybe(g))
			gen_name(g, r->vrf, sizeof(r->vrf));
		if (gen_maybe(g))
			r->local.addr = gen_addr(g);
		for (uint32_t i = gen_in(g, 0, 4); i; i--) {
			struct cfg_key k = { .type = 0 };

			gen_key(g, &k.type, k.key, k.sealed);
			if (gen_maybe(g)) {
				k.addr = gen_maybe(g) ? gen_addr(g) : ipaddr_v4(0);
				k.mask = gen_mask(g);
			} else {
				gen_name(g, k.host, sizeof(k.host));
			}
			cfg_ring_add(r, &k);
		}
	}
	for (uint32_t n = gen_in(g, 0, 2); n; n--) {
		char own[CFG_NAME_MAX] = "";

		gen_name(g, own, sizeof(own));
		struct cfg_isakmp_profile *p = keys_add_profile(&c->keys, own);

		if (gen_maybe(g)) {
			gen_name(g, p->keyrings[0], CFG_NAME_MAX);
			p->n_keyrings = 1;
		}
		p->self = (uint8_t)gen_in(g, AG_NO_ID, AG_USER_FQDN);
		if (p->self == AG_IPV4 && gen_maybe(g))
			p->self_addr = gen_addr(g);
		else if (p->self == AG_USER_FQDN || (p->self == AG_FQDN && gen_maybe(g)))
			gen_name(g, p->self_name, sizeof(p->self_name));
		if (gen_maybe(g)) {
			p->keepalive_sec = gen_in(g, 10, 3600);
			p->keepalive_retry_sec = gen_in(g, 2, 60);
		}
		p->aggressive = gen_maybe(g);
		if (p->n_matches)
			continue; /* the same name twice */
		for (uint32_t i = gen_in(g, 0, 3); i; i--) {
			struct cfg_match *m = &p->matches[p->n_matches++];

			*m = (struct cfg_match){ .kind = (uint8_t)gen_in(g, MATCH_ADDRESS,
									 MATCH_CERTIFICATE) };
			m->kind = i == 1 ? m->kind : (uint8_t)(i == 2 ? MATCH_HOST : MATCH_USER_DOMAIN);
			if (m->kind == MATCH_ADDRESS) {
				m->addr = gen_addr(g);
				m->mask = gen_mask(g);
			} else {
				gen_name(g, m->name, CFG_NAME_MAX);
			}
		}
	}
}

static inline void gen_isakmp(struct gen *g, struct config *c)
{
	gen_keyrings(g, c);
	for (uint32_t n = gen_in(g, 0, 2); n; n--)
		gen_isakmp_peer(g, c);
	for (uint32_t n = gen_in(g, 0, 4); n; n--) {
		struct cfg_policy *p = config_add_policy(c, gen_in(g, 1, 10000));

		p->p.cipher = (uint8_t)gen_of(g, CIPHER_DES, CIPHER_3DES, CIPHER_AES_CBC);
		p->p.cipher_bits = p->p.cipher == CIPHER_AES_CBC ? (uint16_t)gen_of(g, 128, 192, 256)
								 : 0;
		p->p.hash = (uint8_t)gen_in(g, HASH_MD5, HASH_SHA512);
		p->p.auth = (uint8_t)gen_of(g, IKE_AUTH_PSK, IKE_AUTH_RSA_SIG, IKE_AUTH_RSA_ENC);
		p->p.group = (uint16_t)gen_of(g, 1, 2, 5, 14, 15, 16, 19, 20, 21, 24);
		p->p.life_sec = gen_of(g, 60, 86400, 42400);
	}
	for (uint32_t n = gen_in(g, 0, 4); n; n--) {
		struct cfg_key k = { .no_xauth = gen_maybe(g) };

		gen_key(g, &k.type, k.key, k.sealed);
		if (gen_maybe(g)) {
			k.addr = gen_maybe(g) ? gen_addr(g) : ipaddr_v4(0);
			k.mask = gen_mask(g);
		} else {
			gen_name(g, k.host, sizeof(k.host));
		}
		config_add_key(c, &k);
	}
	c->isakmp.enable = gen_maybe(g);
	c->isakmp.identity = (uint8_t)gen_in(g, 0, 2);
	if (gen_maybe(g)) {
		c->isakmp.keepalive_sec = gen_in(g, 10, 3600);
		c->isakmp.keepalive_retry_sec = gen_in(g, 2, 60);
		c->isakmp.keepalive_periodic = gen_maybe(g);
	}
	c->isakmp.aggressive_disable = gen_maybe(g);
	c->isakmp.nat_keepalive_sec = gen_of(g, 0, 5, 3600);
	c->isakmp.invalid_spi_recovery = gen_maybe(g);
	c->isakmp.fragmentation = gen_maybe(g);
	c->isakmp.default_policy = gen_maybe(g);
	c->isakmp.legacy_default_policy = gen_maybe(g);
	c->isakmp.lifetime_strict = gen_maybe(g);
}

static inline void gen_transform(struct gen *g, struct config *c)
{
	char name[CFG_NAME_MAX];
	struct cfg_transform *t;

	gen_name(g, name, sizeof(name));
	t = config_add_transform(c, name);
	if (t->t.cipher || t->t.ah_auth)
		return; /* the same name again */
	t->t.cipher = (uint8_t)gen_in(g, CIPHER_UNSET, CIPHER_AES_GMAC);
	t->t.ah_auth = (uint8_t)gen_in(g, t->t.cipher ? AUTH_NONE : AUTH_HMAC_MD5_96,
				       AUTH_HMAC_SHA512_256);
	if (t->t.cipher && t->t.cipher < CIPHER_AES_GCM)
		t->t.esp_auth = (uint8_t)gen_in(g, t->t.cipher == CIPHER_NULL, AUTH_HMAC_SHA512_256);
	if (t->t.cipher >= CIPHER_AES_CBC)
		t->t.cipher_bits = (uint16_t)gen_of(g, 128, 192, 256);
	t->t.mode = gen_maybe(g) ? MODE_TUNNEL : MODE_TRANSPORT;
	t->require = t->t.mode == MODE_TRANSPORT && gen_maybe(g);
}

static inline void gen_ipsec(struct gen *g, struct config *c)
{
	c->ipsec.life_sec = gen_of(g, 3600, 120, 86400, 2 * 86400, 30 * 86400);
	c->ipsec.life_kb_disable = gen_maybe(g);
	if (!c->ipsec.life_kb_disable)
		c->ipsec.life_kb = gen_of(g, 4608000, 2560, 4294967295);
	c->ipsec.idle_sec = gen_of(g, 0, 60, 86400);
	c->ipsec.replay_disable = gen_maybe(g);
	if (!c->ipsec.replay_disable)
		c->ipsec.replay_window = gen_of(g, 64, 128, 256, 512, 1024);
	c->ipsec.df_bit = (uint8_t)gen_in(g, DF_COPY, DF_CLEAR);
	c->ipsec.frag_after = gen_maybe(g);
	c->ipsec.nat_transparency = gen_maybe(g);
	for (uint32_t n = gen_in(g, 0, 4); n; n--)
		gen_transform(g, c);
}

static inline void gen_ports(struct gen *g, struct acl_ports *p)
{
	p->op = (uint8_t)gen_in(g, PORT_ANY, PORT_RANGE);
	if (p->op == PORT_EQ || p->op == PORT_NEQ)
		p->n = (uint8_t)gen_in(g, 1, CFG_MAX_PORTS);
	else
		p->n = p->op == PORT_RANGE ? 2 : p->op == PORT_ANY ? 0 : 1;
	for (size_t i = 0; i < p->n; i++)
		p->port[i] = (uint16_t)gen_of(g, 0, 500, 80, 53, 4500, 65535, gen_u32(g) % 65536);
	if (p->op == PORT_RANGE && p->port[0] > p->port[1])
		p->port[1] = 65535;
}

static inline struct addr_match gen_match(struct gen *g)
{
	switch (gen_in(g, 0, 2)) {
	case 0:
		return addr_match_v4(0, UINT32_MAX);
	case 1:
		return addr_match_v4(gen_u32(g), 0);
	default:
		return addr_match_v4(gen_u32(g), gen_u32(g));
	}
}

static inline struct acl_entry gen_ace(struct gen *g, enum acl_kind kind)
{
	struct acl_entry e = { .kind = (uint8_t)gen_in(g, ACE_PERMIT, ACE_REMARK) };

	if (e.kind == ACE_REMARK) {
		gen_line(g, e.remark, sizeof(e.remark));
		return e;
	}
	e.seq = gen_maybe(g) ? gen_in(g, 1, 100000) : 0;
	e.src = gen_match(g);
	e.dst = addr_match_v4(0, UINT32_MAX);
	e.log = (uint8_t)gen_in(g, 0, kind == ACL_STANDARD ? 1 : 2);
	if (kind == ACL_STANDARD)
		return e;
	e.dst = gen_match(g);
	e.proto = (uint8_t)gen_of(g, 0, 1, 6, 17, 47, 50, 51, 88, 255, gen_u32(g) % 256);
	if (e.proto == 6 || e.proto == 17) {
		gen_ports(g, &e.src_port);
		gen_ports(g, &e.dst_port);
	}
	if (e.proto == 6) {
		e.established = gen_maybe(g);
		e.tcp_flags = (uint8_t)(gen_u32(g) % 64);
	}
	if (e.proto == 1 && gen_maybe(g)) {
		e.icmp_type = (uint16_t)gen_in(g, 1, 256);
		e.icmp_code = (uint16_t)gen_of(g, 0, 1, 2, 256);
	}
	e.fragments = gen_maybe(g);
	e.precedence = (uint8_t)gen_in(g, 0, 8);
	e.tos = (uint8_t)gen_in(g, 0, 16);
	e.dscp = (uint8_t)gen_in(g, 0, 64);
	return e;
}

/* IOS takes an entry once. */
static inline bool gen_known(const struct cfg_acl *acl, const struct acl_entry *e)
{
	for (size_t i = 0; i < acl->entries.n; i++) {
		struct acl_entry same = *e;

		same.seq = acl->entries.v[i]->seq;
		if (acl_entry_equal(&same, acl->entries.v[i]))
			return true;
	}
	return false;
}

static inline void gen_acls(struct gen *g, struct config *c)
{
	for (uint32_t n = gen_in(g, 0, 5); n; n--) {
		enum acl_kind kind = gen_maybe(g) ? ACL_STANDARD : ACL_EXTENDED;
		bool numbered = gen_maybe(g);
		char name[CFG_NAME_MAX];

		gen_name(g, name, sizeof(name));
		if (numbered)
			snprintf(name, sizeof(name), "%u",
				 kind == ACL_STANDARD ? gen_of(g, 1, 99, 1300, 1999) :
							gen_of(g, 100, 199, 2000, 2699));
		struct cfg_acl *acl = config_add_acl(c, name, kind, numbered);
		uint32_t last = 0;
		for (uint32_t k = gen_in(g, 0, 8); k && acl->kind == kind; k--) {
			struct acl_entry e = gen_ace(g, kind);

			if (gen_known(acl, &e))
				continue;
			if (e.seq)
				e.seq = last += e.seq; /* in order: remarks stay where they are */
			struct acl_entry *at = cfg_acl_add(acl, &e);
			last = at->seq > last ? at->seq : last;
		}
	}
}

static inline void gen_session_hex(struct gen *g, char *key)
{
	for (size_t n = 2 * gen_in(g, 1, 64); n; n--)
		*key++ = "0123456789abcdefABCDEF"[gen_in(g, 0, 21)];
	*key = '\0';
}

static inline void gen_session_key(struct gen *g, struct cfg_session_key *k)
{
	if (gen_maybe(g)) {
		k->ah_spi = gen_of(g, 256, 4294967295);
		gen_session_hex(g, k->ah_key);
	}
	if (gen_maybe(g)) {
		k->esp_spi = gen_of(g, 256, 4294967295);
		gen_session_hex(g, k->cipher_key);
		if (gen_maybe(g))
			gen_session_hex(g, k->auth_key);
	}
}

static inline void gen_map_entry(struct gen *g, struct cfg_map_entry *e)
{
	e->type = (uint8_t)gen_of(g, MAP_ISAKMP, MAP_ISAKMP, MAP_MANUAL, MAP_DYNAMIC, MAP_GDOI);
	if (e->type == MAP_DYNAMIC)
		gen_name(g, e->dynamic, sizeof(e->dynamic));
	if (gen_maybe(g))
		gen_line(g, e->description, sizeof(e->description));
	e->n_peers = (uint8_t)gen_in(g, 0, e->type == MAP_MANUAL ? 1 : P2_MAX_PEERS);
	for (size_t i = 0; i < e->n_peers; i++) {
		memset(&e->peers[i], 0, sizeof(e->peers[i]));
		if (gen_maybe(g))
			e->peers[i].addr = ipaddr_v4(gen_u32(g) << 4 | (uint32_t)i);
		else
			snprintf(e->peers[i].host, CFG_NAME_MAX, "peer%zu.example", i);
		e->peers[i].is_default = i == 0 && gen_maybe(g); /* there is one at most */
	}
	e->n_transforms = (uint8_t)gen_in(g, 0, e->type == MAP_MANUAL ? 1 : P2_MAX_TRANSFORMS);
	for (size_t i = 0; i < 2 && e->type == MAP_MANUAL; i++)
		gen_session_key(g, &e->keys[i]);
	for (size_t i = 0; i < e->n_transforms; i++) {
		gen_name(g, e->transforms[i], CFG_NAME_MAX - 2);
		strcat(e->transforms[i], (char[]){ (char)('a' + i), 0 });
		for (size_t k = 0; k < i; k++)
			if (!strcmp(e->transforms[k], e->transforms[i]))
				strcat(e->transforms[i], "x");
	}
	e->pfs_group = (uint16_t)gen_of(g, 0, 1, 2, 5, 14, 15, 16, 19, 20, 21, 24);
	e->life_sec = gen_of(g, 0, 120, 86400, 3600, 3 * 86400);
	e->life_kb_disable = gen_maybe(g);
	if (!e->life_kb_disable)
		e->life_kb = gen_of(g, 0, 2560, 4294967295);
	e->idle_sec = gen_of(g, 0, 60, 86400);
	e->idle_default = e->idle_sec && gen_maybe(g);
	e->replay_disable = gen_maybe(g);
	if (!e->replay_disable)
		e->replay_window = gen_of(g, 0, 64, 1024);
	if (gen_maybe(g))
		gen_name(g, e->match_acl, sizeof(e->match_acl));
	if (gen_maybe(g))
		gen_name(g, e->group_in, sizeof(e->group_in));
	if (gen_maybe(g))
		gen_name(g, e->group_out, sizeof(e->group_out));
	e->reverse_route = gen_maybe(g);
	e->reverse_static = e->reverse_route && gen_maybe(g);
	e->idle_default = e->idle_sec && gen_maybe(g);
}

static inline void gen_maps(struct gen *g, struct config *c)
{
	char name[CFG_NAME_MAX];

	for (uint32_t n = gen_in(g, 0, 3); n; n--) {
		gen_name(g, name, sizeof(name));
		struct cfg_map *m = config_add_map(c, name);
		gen_map_entry(g, cfg_map_add(m, gen_in(g, 1, 65535)));
		gen_map_entry(g, cfg_map_add(m, gen_in(g, 1, 65535)));
		if (gen_maybe(g))
			gen_ifname(g, m->local_if);
	}
	for (uint32_t n = gen_in(g, 0, 2); n; n--) {
		gen_name(g, name, sizeof(name));
		struct cfg_map_entry *e = config_add_ipsec_profile(c, name), any = *e;
		gen_map_entry(g, &any);
		memcpy(e->description, any.description, sizeof(e->description));
		e->n_transforms = any.n_transforms;
		memcpy(e->transforms, any.transforms, sizeof(e->transforms));
		e->pfs_group = any.pfs_group;
		e->life_sec = any.life_sec;
		e->life_kb = any.life_kb;
		e->life_kb_disable = any.life_kb_disable;
		e->idle_sec = any.idle_sec;
		e->replay_disable = any.replay_disable;
		e->replay_window = any.replay_window;
		e->responder_only = gen_maybe(g);
	}
}

static inline void gen_tunnel(struct gen *g, struct cfg_tunnel *t)
{
	if (gen_maybe(g))
		gen_ifname(g, t->source_if);
	else if (gen_maybe(g))
		t->source = gen_addr(g);
	if (gen_maybe(g))
		gen_name(g, t->destination_host, CFG_NAME_MAX);
	else if (gen_maybe(g))
		t->destination = gen_addr(g);
	t->mode = (uint8_t)gen_in(g, TUNNEL_GRE_IP, TUNNEL_IPIP);
	t->has_key = gen_maybe(g);
	t->key = t->has_key ? gen_of(g, 0, 1, UINT32_MAX) : 0;
	t->ttl = (uint8_t)gen_of(g, 0, 1, 255);
	t->tos = (uint16_t)gen_of(g, 0, 1, 256);
	t->checksum = gen_maybe(g);
	t->sequence = gen_maybe(g);
	t->path_mtu_discovery = gen_maybe(g);
	if (t->path_mtu_discovery) {
		t->pmtu_age_min = (uint8_t)gen_of(g, 0, 10, 30, PMTU_AGE_INFINITE);
		t->pmtu_least = (uint16_t)gen_of(g, 0, 92, 65535);
	}
	t->keepalive = gen_maybe(g);
	if (t->keepalive) {
		t->keepalive_sec = (uint16_t)gen_of(g, 1, 10, 32767);
		t->keepalive_retries = (uint8_t)gen_of(g, 1, 3, 255);
	}
	if (gen_maybe(g)) {
		gen_name(g, t->protection, CFG_NAME_MAX);
		t->protection_shared = gen_maybe(g);
		if (gen_maybe(g))
			gen_name(g, t->protection_isakmp, CFG_NAME_MAX);
	}
}

static inline void gen_interfaces(struct gen *g, struct config *c)
{
	for (uint32_t n = gen_in(g, 0, 5); n; n--) {
		char name[CFG_NAME_MAX];

		gen_ifname(g, name);
		struct cfg_interface *i = config_add_interface(c, name);
		if (i->ip_mtu)
			continue; /* the same name again */
		if (gen_maybe(g))
			gen_line(g, i->description, sizeof(i->description));
		/* one subnet per interface, so that none overlaps */
		uint32_t net = 0x0a000000u | (uint32_t)c->interfaces.n << 16;
		if (gen_maybe(g)) {
			i->addr.addr = ipaddr_v4(net | gen_in(g, 1, 254));
			i->addr.mask = ipaddr_v4(0xffffff00);
			i->n_secondary = (uint8_t)gen_in(g, 0, 3);
		} else if (gen_maybe(g)) {
			i->dhcp = true;
		} else if (gen_maybe(g)) {
			gen_ifname(g, i->unnumbered);
		}
		for (uint32_t k = 0; k < i->n_secondary; k++) {
			i->secondary[k].addr = ipaddr_v4(net | (k + 1) << 8 | 1);
			i->secondary[k].mask = ipaddr_v4(0xffffff00);
		}
		i->mtu = gen_of(g, 0, 68, 1500, 18000);
		i->ip_mtu = gen_of(g, 68, 1420, 17940);
		i->adjust_mss = gen_of(g, 0, 500, 1460);
		i->bandwidth_kbps = gen_of(g, 0, 1, 10000000);
		i->delay_10us = gen_of(g, 0, 1, 16777215);
		i->shutdown = gen_maybe(g);
		i->df_bit = (uint8_t)gen_in(g, 0, DF_CLEAR + 1);
		i->frag = (uint8_t)gen_in(g, 0, 2);
		if (gen_maybe(g))
			gen_name(g, i->crypto_map, CFG_NAME_MAX);
		if (gen_maybe(g))
			gen_name(g, i->host_if, CFG_NAME_MAX);
		if (gen_maybe(g))
			gen_name(g, i->group_in, CFG_NAME_MAX);
		if (gen_maybe(g))
			gen_name(g, i->group_out, CFG_NAME_MAX);
		if (i->is_tunnel)
			gen_tunnel(g, &i->tunnel);
	}
}

static inline void gen_routes(struct gen *g, struct config *c)
{
	for (uint32_t n = gen_in(g, 0, 5); n; n--) {
		struct cfg_route r = { .mask = gen_mask(g) };

		r.net = ipaddr_v4(gen_u32(g) & ipaddr_to_v4(&r.mask));
		if (gen_maybe(g))
			gen_ifname(g, r.ifname);
		if (!r.ifname[0] || gen_maybe(g))
			r.next_hop = gen_addr(g);
		r.distance = (uint8_t)gen_of(g, 0, 2, 255);
		if (gen_maybe(g))
			gen_name(g, r.name, CFG_NAME_MAX);
		r.permanent = gen_maybe(g);
		r.tag = gen_of(g, 0, 1, UINT32_MAX);
		r.track = gen_of(g, 0, 1, 1000);
		config_add_route(c, &r);
	}
}

static inline void gen_hex(struct gen *g, char *out, size_t max)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t n = gen_in(g, 1, (uint32_t)max - 1);

	memset(out, 0, max);
	for (size_t i = 0; i < n; i++)
		out[i] = digits[gen_in(g, 0, 15)];
}

static inline void gen_trustpoint(struct gen *g, struct cfg_trustpoint *t)
{
	t->enroll = (uint8_t)gen_in(g, ENROLL_UNSET, ENROLL_URL);
	if (t->enroll == ENROLL_URL)
		snprintf(t->url, sizeof(t->url), "http://192.0.2.%u/scep", gen_in(g, 1, 254));
	t->pem = (t->enroll == ENROLL_URL || t->enroll == ENROLL_TERMINAL) && gen_maybe(g);
	if (gen_maybe(g))
		gen_line(g, t->subject, sizeof(t->subject));
	t->serial_mode = (uint8_t)gen_in(g, PART_DEFAULT, PART_GIVEN);
	t->fqdn_mode = gen_maybe(g) ? PART_NONE : PART_DEFAULT;
	if (!t->fqdn_mode && gen_maybe(g))
		gen_name(g, t->fqdn, sizeof(t->fqdn));
	t->ip_mode = gen_maybe(g) ? PART_NONE : PART_DEFAULT;
	if (!t->ip_mode && gen_maybe(g))
		t->ip = gen_addr(g);
	else if (!t->ip_mode && gen_maybe(g))
		gen_ifname(g, t->ip_if);
	if (gen_maybe(g)) {
		gen_name(g, t->keypair, CFG_NAME_MAX);
		t->key_bits = (uint16_t)gen_of(g, 0, 360, 2048);
		t->encr_bits = t->key_bits ? (uint16_t)gen_of(g, 0, 4096) : 0;
	}
	t->n_revocation = (uint8_t)gen_in(g, 1, 3);
	for (size_t i = 0; i < 3; i++)
		t->revocation[i] = i < t->n_revocation ? (uint8_t)gen_in(g, REVOKE_NONE, REVOKE_OCSP) : 0;
	t->usage = (uint8_t)gen_in(g, 0, 3);
	if (gen_maybe(g))
		memcpy(t->fingerprint, "0123456789abcdef0123456789ABCDEF", 33);
	t->auto_enroll = gen_maybe(g);
	t->auto_percent = t->auto_enroll ? (uint8_t)gen_of(g, 0, 1, 100) : 0;
	t->regenerate = t->auto_percent && gen_maybe(g);
	if (gen_maybe(g))
		gen_name(g, t->match_map, CFG_NAME_MAX);
	if (gen_maybe(g))
		gen_name(g, t->password, sizeof(t->password));
}

static inline void gen_pubkeys(struct gen *g, struct config *c)
{
	for (uint32_t n = gen_in(g, 0, 3); n; n--) {
		struct cfg_pubkey like = { .use = (uint8_t)gen_in(g, RSA_USE_ANY, RSA_USE_SIGNATURE) };

		if (gen_maybe(g))
			like.addr = gen_addr(g);
		else
			gen_name(g, like.name, CFG_NAME_MAX);
		struct cfg_pubkey *k = pki_add_pubkey(&c->pki, &like);
		if (gen_maybe(g))
			k->at = gen_addr(g);
		uint32_t len = gen_of(g, 0, 1, 31, 32, 33, 94, 200, CFG_PUBKEY_BYTES);
		for (k->len = 0; k->len < len; k->len++)
			k->der[k->len] = (uint8_t)gen_u32(g);
	}
}

static inline void gen_pki(struct gen *g, struct config *c)
{
	char name[CFG_NAME_MAX], serial[CFG_SERIAL_MAX];

	gen_pubkeys(g, c);

	for (uint32_t n = gen_in(g, 0, 2); n; n--) {
		gen_name(g, name, sizeof(name));
		gen_trustpoint(g, pki_add_trustpoint(&c->pki, name));
		if (gen_maybe(g))
			continue;
		struct cfg_chain *chain = pki_add_chain(&c->pki, name);
		for (uint32_t k = gen_in(g, 0, 2); k; k--) {
			gen_hex(g, serial, sizeof(serial));
			struct cfg_cert *x = cfg_chain_add(chain, gen_in(g, CERT_ROUTER, CERT_SELF_SIGNED),
							   serial);
			uint32_t len = gen_of(g, 2, 31, 32, 33, 64, 200);
			for (x->len = 0; x->len < len; x->len++)
				x->der[x->len] = (uint8_t)gen_u32(g);
			x->der[0] = 0x30;
			x->der[1] = (uint8_t)(len - 2); /* whole for the shorter ones */
		}
	}
	for (uint32_t n = gen_in(g, 0, 2); n; n--) {
		gen_name(g, name, sizeof(name));
		struct cfg_cert_map *m = pki_add_cert_map(&c->pki, name, gen_in(g, 1, 65535));
		for (m->n = 0; m->n < gen_in(g, 0, 2); m->n++) {
			struct cfg_criterion *v = &m->v[m->n];

			v->field = (uint8_t)(m->n + FIELD_SUBJECT);
			v->op = (uint8_t)gen_in(g, OP_EQ, OP_NC);
			gen_line(g, v->text, sizeof(v->text));
		}
	}
}

#include "gen6.h"

/* Levels and stamps are not among it: their `no` is no default (test_logging.c). */
static inline void gen_logging(struct gen *g, struct cfg_logging *l)
{
	l->on = gen_maybe(g);
	l->count = gen_maybe(g);
	l->sequence = gen_maybe(g);
	l->console.on = gen_maybe(g);
	l->monitor.on = gen_maybe(g);
	l->buffered.on = gen_maybe(g);
	l->trap.on = gen_maybe(g);
	l->facility = (uint8_t)gen_of(g, 0, 9, 23, 32 + 9);
	l->origin = (uint8_t)gen_in(g, ORIGIN_NONE, ORIGIN_STRING);
	if (l->origin == ORIGIN_STRING)
		gen_name(g, l->origin_text, sizeof(l->origin_text));
	l->rate = (uint16_t)gen_in(g, 0, 3);
	l->rate_all = l->rate && gen_maybe(g);
	l->rate_console = l->rate && gen_maybe(g);
	l->rate_except = l->rate ? (uint8_t)gen_in(g, 0, 8) : 0;
	for (uint32_t n = gen_in(g, 0, 3); n; n--)
		l->hosts[l->n_hosts++] = (struct cfg_log_host){
			gen_addr(g), (uint16_t)gen_of(g, CFG_SYSLOG_PORT, 1, 65535) };
}

static inline struct config *gen_config(uint64_t seed)
{
	struct gen g = { seed * 0x9e3779b97f4a7c15u + 1 };
	struct config *c = config_new();

	assert_non_null(c);
	gen_name(&g, c->hostname, sizeof(c->hostname));
	if (gen_maybe(&g))
		gen_name(&g, c->domain, sizeof(c->domain));
	c->compat_ios12 = gen_maybe(&g);
	c->crypto_logging_session = gen_maybe(&g);
	gen_isakmp(&g, c);
	gen_ipsec(&g, c);
	gen_maps(&g, c);
	gen_interfaces(&g, c);
	gen_routes(&g, c);
	gen_acls(&g, c);
	gen_pki(&g, c);
	gen_ipv6(&g, c);
	gen_logging(&g, &c->logging);
	return c;
}

#endif
