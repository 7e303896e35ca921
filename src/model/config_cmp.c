/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing and finding objects of the configuration. */
#include "model/config.h"

#include "base/secret.h"

#include <string.h>

#define EQ(f)	   (a->f == b->f)
#define EQ_STR(f)  (strcmp(a->f, b->f) == 0)
#define EQ_ADDR(f) ipaddr_equal(&a->f, &b->f)
#define EQ_MEM(f)  (memcmp(&a->f, &b->f, sizeof(a->f)) == 0) /* arrays of bytes and numbers */

bool cfg_policy_equal(const struct cfg_policy *a, const struct cfg_policy *b)
{
	return EQ(p.priority) && EQ(p.cipher) && EQ(p.cipher_bits) && EQ(p.hash) && EQ(p.auth) &&
	       EQ(p.group) && EQ(p.life_sec) && kept_equal(&a->kept, &b->kept);
}

bool cfg_key_equal(const struct cfg_key *a, const struct cfg_key *b)
{
	return EQ(type) && secret_equal(a->key, b->key, sizeof(a->key)) && EQ_STR(sealed) &&
	       EQ_ADDR(addr) && EQ_ADDR(mask) && EQ_STR(host) && EQ(no_xauth);
}

bool cfg_isakmp_peer_equal(const struct cfg_isakmp_peer *a, const struct cfg_isakmp_peer *b)
{
	return EQ_ADDR(addr) && EQ_STR(host) && EQ_STR(vrf) && EQ_STR(description) &&
	       EQ(endpoint) && EQ_STR(endpoint_name) && EQ_ADDR(endpoint_addr) && EQ(key_type) &&
	       secret_equal(a->key, b->key, sizeof(a->key)) && EQ_STR(sealed) &&
	       kept_equal(&a->kept, &b->kept);
}

bool cfg_transform_equal(const struct cfg_transform *a, const struct cfg_transform *b)
{
	return EQ_STR(t.name) && EQ(t.mode) && EQ(t.ah_auth) && EQ(t.cipher) && EQ(t.cipher_bits) &&
	       EQ(t.esp_auth) && EQ(require) && kept_equal(&a->kept, &b->kept);
}

static bool addr_match_same(const struct addr_match *a, const struct addr_match *b)
{
	return EQ_ADDR(addr) && EQ_MEM(wild);
}

static bool ports_same(const struct acl_ports *a, const struct acl_ports *b)
{
	return EQ(op) && EQ(n) && EQ_MEM(port);
}

bool acl_entry_equal(const struct acl_entry *a, const struct acl_entry *b)
{
	return EQ(seq) && EQ(kind) && EQ_STR(remark) && EQ(proto) &&
	       addr_match_same(&a->src, &b->src) && addr_match_same(&a->dst, &b->dst) &&
	       ports_same(&a->src_port, &b->src_port) && ports_same(&a->dst_port, &b->dst_port) &&
	       EQ(established) && EQ(fragments) && EQ(tcp_flags) && EQ(icmp_type) &&
	       EQ(icmp_code) && EQ(precedence) && EQ(tos) && EQ(dscp) && EQ(log);
}

static void put(uint8_t **at, const void *p, size_t n)
{
	memcpy(*at, p, n);
	*at += n;
}

/* The seed need not be secret: no stranger writes access lists. */
uint64_t acl_entry_hash(const struct acl_entry *e)
{
	static const uint64_t seed[2] = { 0 };
	uint8_t buf[192], *at = buf;

	if (e->kind == ACE_REMARK)
		return hash_bytes(seed, e->remark, strlen(e->remark));
	put(&at, (uint8_t[]){ e->kind, e->proto, e->src_port.op, e->src_port.n, e->dst_port.op,
			      e->dst_port.n, e->established, e->fragments, e->tcp_flags,
			      e->precedence, e->tos, e->dscp, e->log }, 13);
	put(&at, (uint16_t[]){ e->icmp_type, e->icmp_code }, 4);
	put(&at, e->src.addr.b, sizeof(e->src.addr.b));
	put(&at, e->src.wild, sizeof(e->src.wild));
	put(&at, e->dst.addr.b, sizeof(e->dst.addr.b));
	put(&at, e->dst.wild, sizeof(e->dst.wild));
	put(&at, e->src_port.port, sizeof(e->src_port.port));
	put(&at, e->dst_port.port, sizeof(e->dst_port.port));
	return hash_bytes(seed, buf, (size_t)(at - buf));
}

bool cfg_acl_equal(const struct cfg_acl *a, const struct cfg_acl *b)
{
	if (!EQ_STR(name) || !EQ(kind) || !EQ(numbered) || !EQ(entries.n))
		return false;
	for (size_t i = 0; i < a->entries.n; i++)
		if (!acl_entry_equal(a->entries.v[i], b->entries.v[i]))
			return false;
	return kept_equal(&a->kept, &b->kept);
}

static bool peer_equal(const struct cfg_peer *a, const struct cfg_peer *b)
{
	return EQ_ADDR(addr) && EQ_STR(host) && EQ(is_default) && EQ(dynamic);
}

/* Keys of configurations: no stranger measures how long this takes. */
static bool session_key_equal(const struct cfg_session_key *a, const struct cfg_session_key *b)
{
	return EQ(ah_spi) && EQ(esp_spi) && EQ_STR(ah_key) && EQ_STR(cipher_key) && EQ_STR(auth_key);
}

bool cfg_map_entry_equal(const struct cfg_map_entry *a, const struct cfg_map_entry *b)
{
	if (!EQ(n_peers) || !EQ(n_transforms))
		return false;
	for (size_t i = 0; i < a->n_peers; i++)
		if (!peer_equal(&a->peers[i], &b->peers[i]))
			return false;
	for (size_t i = 0; i < a->n_transforms; i++)
		if (!EQ_STR(transforms[i]))
			return false;
	if (!session_key_equal(&a->keys[0], &b->keys[0]) || !session_key_equal(&a->keys[1], &b->keys[1]))
		return false;
	return EQ(seq) && EQ(type) && EQ_STR(dynamic) && EQ(discover) && EQ(per_host) &&
	       EQ(responder_only) &&
	       EQ_STR(description) && EQ(pfs_group) &&
	       EQ(life_sec) && EQ(life_kb) && EQ(life_kb_disable) && EQ(idle_sec) &&
	       EQ(idle_default) && EQ(reverse_static) &&
	       EQ(replay_window) && EQ(replay_disable) && EQ_STR(match_acl) && EQ(reverse_route) &&
	       EQ_STR(profile) && EQ_STR(group_in) && EQ_STR(group_out) &&
	       kept_equal(&a->kept, &b->kept);
}

bool cfg_map_equal(const struct cfg_map *a, const struct cfg_map *b)
{
	if (!EQ_STR(name) || !EQ(ipv6) || !EQ_STR(local_if) || !EQ_STR(profile) || !EQ(entries.n))
		return false;
	for (size_t i = 0; i < a->entries.n; i++)
		if (!cfg_map_entry_equal(a->entries.v[i], b->entries.v[i]))
			return false;
	return true;
}

static bool tunnel_equal(const struct cfg_tunnel *a, const struct cfg_tunnel *b)
{
	return EQ_ADDR(source) && EQ_STR(source_if) && EQ_ADDR(destination) &&
	       EQ_STR(destination_host) && EQ(mode) && EQ(has_key) && EQ(key) && EQ(ttl) &&
	       EQ(tos) && EQ(checksum) && EQ(sequence) && EQ(path_mtu_discovery) &&
	       EQ(pmtu_age_min) && EQ(pmtu_least) && EQ(keepalive) &&
	       EQ(keepalive_sec) && EQ(keepalive_retries) && EQ_STR(protection) &&
	       EQ(protection_shared) && EQ_STR(protection_isakmp);
}

bool cfg_addr6_equal(const struct cfg_addr6 *a, const struct cfg_addr6 *b)
{
	return EQ_ADDR(addr) && EQ(len) && EQ(kind);
}

bool cfg_if6_equal(const struct cfg_if6 *a, const struct cfg_if6 *b)
{
	if (!EQ(n))
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!cfg_addr6_equal(&a->addrs[i], &b->addrs[i]))
			return false;
	return EQ(enable) && EQ(mtu) && EQ(adjust_mss) && EQ_STR(unnumbered) && EQ_STR(filter_in) &&
	       EQ_STR(filter_out) && EQ_STR(crypto_map);
}

bool cfg_if6_runs(const struct cfg_if6 *a)
{
	return a->n || a->enable || a->unnumbered[0];
}

size_t cfg_if6_find(const struct cfg_if6 *a, const struct ipaddr *addr)
{
	size_t i = 0;

	while (i < a->n && !ipaddr_equal(&a->addrs[i].addr, addr))
		i++;
	return i;
}

bool cfg_interface_equal(const struct cfg_interface *a, const struct cfg_interface *b)
{
	if (!EQ(n_secondary))
		return false;
	for (size_t i = 0; i < a->n_secondary; i++)
		if (!EQ_ADDR(secondary[i].addr) || !EQ_ADDR(secondary[i].mask))
			return false;
	return EQ_STR(name) && EQ_STR(description) && EQ_ADDR(addr.addr) && EQ_ADDR(addr.mask) &&
	       EQ(link) && EQ(dhcp) && EQ_STR(unnumbered) && EQ(mtu) && EQ(ip_mtu) && EQ(adjust_mss) &&
	       EQ(bandwidth_kbps) && EQ(delay_10us) && EQ(shutdown) && EQ_STR(crypto_map) &&
	       EQ_STR(map_group) && EQ(map_stateful) &&
	       EQ_STR(host_if) && EQ(df_bit) && EQ(frag) && EQ_STR(group_in) && EQ_STR(group_out) &&
	       EQ(unreachables) && cfg_if6_equal(&a->ip6, &b->ip6) && tunnel_equal(&a->tunnel, &b->tunnel) &&
	       kept_equal(&a->kept, &b->kept);
}

bool cfg_route_equal(const struct cfg_route *a, const struct cfg_route *b)
{
	return EQ_ADDR(net) && EQ_ADDR(mask) && EQ_STR(ifname) && EQ_ADDR(next_hop) &&
	       EQ(distance) && EQ_STR(name) && EQ(permanent) && EQ(tag) && EQ(track);
}

bool cfg_route_is_null(const struct cfg_route *r)
{
	return !strcmp(r->ifname, "Null0");
}

static bool isakmp_equal(const struct cfg_isakmp *a, const struct cfg_isakmp *b)
{
	return EQ(enable) && EQ(identity) && EQ(keepalive_sec) && EQ(keepalive_retry_sec) &&
	       EQ(keepalive_periodic) && EQ(aggressive_disable) && EQ(nat_keepalive_sec) &&
	       EQ(invalid_spi_recovery) && EQ(fragmentation) && EQ(default_policy) &&
	       EQ(legacy_default_policy) && EQ(lifetime_strict) && EQ(max_sas) &&
	       EQ(max_negotiating) && EQ(max_charge);
}

static bool ipsec_equal(const struct cfg_ipsec *a, const struct cfg_ipsec *b)
{
	return EQ(life_sec) && EQ(life_kb) && EQ(life_kb_disable) && EQ(idle_sec) &&
	       EQ(replay_window) && EQ(replay_disable) && EQ(df_bit) && EQ(frag_after) &&
	       EQ(nat_transparency);
}

#define EQ_LIST(list, equal)                                          \
	do {                                                          \
		if (!EQ(list.n))                                      \
			return false;                                 \
		for (size_t i = 0; i < a->list.n; i++)                \
			if (!equal(a->list.v[i], b->list.v[i]))       \
				return false;                         \
	} while (0)

static bool archive_equal(const struct cfg_archive *a, const struct cfg_archive *b)
{
	return EQ_STR(path) && EQ(maximum) && EQ(minutes) && EQ(write_memory) && EQ(log.logging) && EQ(log.size) &&
	       EQ(log.notify) && EQ(log.hidekeys) && kept_equal(&a->log.kept, &b->log.kept) &&
	       kept_equal(&a->kept, &b->kept);
}

bool config_equal(const struct config *a, const struct config *b)
{
	EQ_LIST(isakmp.policies, cfg_policy_equal);
	EQ_LIST(isakmp.keys, cfg_key_equal);
	EQ_LIST(isakmp.peers, cfg_isakmp_peer_equal);
	EQ_LIST(ipsec.transforms, cfg_transform_equal);
	EQ_LIST(maps, cfg_map_equal);
	EQ_LIST(dynamic_maps, cfg_map_equal);
	EQ_LIST(ipsec_profiles, cfg_map_equal);
	EQ_LIST(interfaces, cfg_interface_equal);
	EQ_LIST(routes, cfg_route_equal);
	EQ_LIST(acls, cfg_acl_equal);
	return EQ_STR(hostname) && EQ_STR(domain) && EQ(compat_ios12) &&
	       EQ(crypto_logging_session) && EQ(ipv6_routing) &&
	       cfg_logging_equal(&a->logging, &b->logging) && isakmp_equal(&a->isakmp, &b->isakmp) &&
	       ipsec_equal(&a->ipsec, &b->ipsec) && cfg_pki_equal(&a->pki, &b->pki) &&
	       cfg_keys_equal(&a->keys, &b->keys) && cfg_users_equal(&a->users, &b->users) &&
	       archive_equal(&a->archive, &b->archive) && kept_equal(&a->kept, &b->kept);
}

/* ---- find ---- */

#define FIND(list, cond)                                    \
	do {                                                \
		for (size_t i = 0; i < (list).n; i++)       \
			if (cond)                           \
				return (list).v[i];         \
		return NULL;                                \
	} while (0)

struct cfg_policy *config_find_policy(const struct config *c, uint32_t priority)
{
	FIND(c->isakmp.policies, c->isakmp.policies.v[i]->p.priority == priority);
}

struct cfg_transform *config_find_transform(const struct config *c, const char *name)
{
	FIND(c->ipsec.transforms, !strcmp(c->ipsec.transforms.v[i]->t.name, name));
}

/* Names are the administrator's own, no stranger's: the seed need not be secret. */
uint64_t cfg_acl_name_hash(const char *name)
{
	static const uint64_t seed[2] = { 0 };

	return hash_bytes(seed, name, strlen(name));
}

struct cfg_acl *config_find_acl(const struct config *c, const char *name)
{
	struct hnode *n = c->acls.n ? htab_first(&c->acls_by_name, cfg_acl_name_hash(name)) : NULL;

	for (; n; n = htab_next(n)) {
		struct cfg_acl *acl = hnode_entry(n, struct cfg_acl, by_name);

		if (!strcmp(acl->name, name))
			return acl;
	}
	return NULL;
}

size_t cfg_acl_behind(const struct cfg_acl *acl, uint32_t seq)
{
	size_t lo = 0, hi = acl->entries.n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (acl->entries.v[mid]->seq <= seq)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct acl_entry *cfg_acl_find(const struct cfg_acl *acl, uint32_t seq)
{
	/* remarks of that number follow it */
	for (size_t i = cfg_acl_behind(acl, seq); i-- > 0 && acl->entries.v[i]->seq == seq;)
		if (acl->entries.v[i]->kind != ACE_REMARK)
			return acl->entries.v[i];
	return NULL;
}

struct acl_entry *cfg_acl_like(const struct cfg_acl *acl, const struct acl_entry *like)
{
	struct hnode *n = htab_first(&acl->by_tests, acl_entry_hash(like));
	struct acl_entry e = *like;

	for (; n; n = htab_next(n)) {
		struct acl_entry *found = hnode_entry(n, struct acl_entry, by_tests);

		e.seq = found->seq;
		if (acl_entry_equal(&e, found))
			break;
	}
	/* the same remark may stand there twice: then it is the first */
	for (size_t i = 0; n && i < acl->entries.n; i++) {
		e.seq = acl->entries.v[i]->seq;
		if (like->kind != ACE_REMARK)
			return hnode_entry(n, struct acl_entry, by_tests);
		if (acl_entry_equal(&e, acl->entries.v[i]))
			return acl->entries.v[i];
	}
	return NULL;
}

struct cfg_map *config_find_map(const struct config *c, const char *name)
{
	FIND(c->maps, !strcmp(c->maps.v[i]->name, name));
}

struct cfg_map *config_find_dynamic_map(const struct config *c, const char *name)
{
	FIND(c->dynamic_maps, !strcmp(c->dynamic_maps.v[i]->name, name));
}

struct cfg_map_entry *config_find_ipsec_profile(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->ipsec_profiles.n; i++)
		if (!strcmp(c->ipsec_profiles.v[i]->name, name))
			return c->ipsec_profiles.v[i]->entries.v[0];
	return NULL;
}

/* They stand by their numbers. */
struct cfg_map_entry *cfg_map_find(const struct cfg_map *m, uint32_t seq)
{
	size_t lo = 0, hi = m->entries.n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (m->entries.v[mid]->seq == seq)
			return m->entries.v[mid];
		if (m->entries.v[mid]->seq < seq)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

struct cfg_interface *config_find_interface(const struct config *c, const char *name)
{
	FIND(c->interfaces, !strcmp(c->interfaces.v[i]->name, name));
}

/* A route is its destination and its way; the rest are its attributes. */
static bool route_same(const struct cfg_route *a, const struct cfg_route *b)
{
	return EQ_ADDR(net) && EQ_ADDR(mask) && EQ_STR(ifname) && EQ_ADDR(next_hop);
}

struct cfg_route *config_find_route(const struct config *c, const struct cfg_route *like)
{
	FIND(c->routes, route_same(c->routes.v[i], like));
}

static bool key_is_for(const struct cfg_key *k, const struct ipaddr *addr,
		       const struct ipaddr *mask, const char *host)
{
	if (addr)
		return ipaddr_equal(&k->addr, addr) && ipaddr_equal(&k->mask, mask);
	return k->addr.family == IP_NONE && !strcmp(k->host, host);
}

struct cfg_key *config_find_key(const struct config *c, const struct ipaddr *addr,
				const struct ipaddr *mask, const char *host)
{
	FIND(c->isakmp.keys, key_is_for(c->isakmp.keys.v[i], addr, mask, host));
}

static bool isakmp_peer_is(const struct cfg_isakmp_peer *p, const struct ipaddr *addr,
			   const char *host, const char *vrf)
{
	if (strcmp(p->vrf, vrf) != 0)
		return false;
	return addr ? ipaddr_equal(&p->addr, addr) :
		      p->addr.family == IP_NONE && !strcmp(p->host, host);
}

struct cfg_isakmp_peer *config_find_isakmp_peer(const struct config *c, const struct ipaddr *addr,
						const char *host, const char *vrf)
{
	FIND(c->isakmp.peers, isakmp_peer_is(c->isakmp.peers.v[i], addr, host, vrf));
}

/* ---- what holds for an entry ---- */

bool cfg_interface_protected(const struct cfg_interface *i)
{
	if (!i->is_tunnel || i->tunnel.protection[0])
		return i->is_tunnel;
	for (size_t k = 0; k < i->kept.n; k++)
		if (kept_begins(i->kept.v[k], "tunnel", "protection"))
			return true;
	return false;
}

uint32_t cfg_map_entry_life_sec(const struct config *c, const struct cfg_map_entry *e)
{
	return e->life_sec ? e->life_sec : c->ipsec.life_sec;
}

uint64_t cfg_map_entry_life_kb(const struct config *c, const struct cfg_map_entry *e)
{
	if (e->life_kb_disable || e->life_kb)
		return e->life_kb_disable ? 0 : e->life_kb;
	return c->ipsec.life_kb_disable ? 0 : c->ipsec.life_kb;
}

uint16_t cfg_map_entry_replay(const struct config *c, const struct cfg_map_entry *e)
{
	if (e->replay_disable || e->replay_window)
		return e->replay_disable ? 0 : (uint16_t)e->replay_window;
	return c->ipsec.replay_disable ? 0 : (uint16_t)c->ipsec.replay_window;
}
