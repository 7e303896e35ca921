/* SPDX-License-Identifier: Apache-2.0 */
#include "model/config.h"

#include "base/secret.h"
#include "model/config_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct config config_defaults = {
	.hostname = CFG_HOSTNAME_DEFAULT,
	.logging = { .on = true, .console = { true, LOG_SEV_DEBUG }, .monitor = { true, LOG_SEV_DEBUG },
		     .buffered = { true, LOG_SEV_DEBUG }, .trap = { true, LOG_SEV_INFO },
		     .buffer_bytes = CFG_LOG_BUFFER, .facility = LOG_FACILITY_DEFAULT,
		     .stamp = { .on = true, .msec = true }, .debug_stamp = { .on = true, .msec = true } },
	.isakmp = { .enable = true, .keepalive_retry_sec = 2, .aggressive_disable = true },
	.ipsec = { .life_sec = 3600, .life_kb = 4608000, .replay_window = 64,
		   .nat_transparency = true },
	.archive = { .maximum = CFG_ARCHIVE_MAXIMUM, .log = { .size = CFG_ARCHIVE_LOG_SIZE } },
};
const struct cfg_archive cfg_archive_defaults = { .maximum = CFG_ARCHIVE_MAXIMUM,
						  .log = { .size = CFG_ARCHIVE_LOG_SIZE } };

/* IOS's defaults of a protection suite: DES, SHA, RSA signatures, group 1, a day. */
const struct cfg_policy cfg_policy_defaults = {
	.p = { .cipher = CIPHER_DES, .hash = HASH_SHA1, .auth = IKE_AUTH_RSA_SIG, .group = 1,
	       .life_sec = 86400 },
};
const struct p1_policy p1_defaults[P1_N_DEFAULTS] = {
	{ 65507, CIPHER_AES_CBC, 128, HASH_SHA1, IKE_AUTH_RSA_SIG, 5, 86400 },
	{ 65508, CIPHER_AES_CBC, 128, HASH_SHA1, IKE_AUTH_PSK, 5, 86400 },
	{ 65509, CIPHER_AES_CBC, 128, HASH_MD5, IKE_AUTH_RSA_SIG, 5, 86400 },
	{ 65510, CIPHER_AES_CBC, 128, HASH_MD5, IKE_AUTH_PSK, 5, 86400 },
	{ 65511, CIPHER_3DES, 0, HASH_SHA1, IKE_AUTH_RSA_SIG, 2, 86400 },
	{ 65512, CIPHER_3DES, 0, HASH_SHA1, IKE_AUTH_PSK, 2, 86400 },
	{ 65513, CIPHER_3DES, 0, HASH_MD5, IKE_AUTH_RSA_SIG, 2, 86400 },
	{ 65514, CIPHER_3DES, 0, HASH_MD5, IKE_AUTH_PSK, 2, 86400 },
};
const struct p1_policy p1_legacy = { 65535, CIPHER_DES, 0, HASH_SHA1, IKE_AUTH_RSA_SIG, 1, 86400 };

const struct cfg_isakmp_peer cfg_isakmp_peer_defaults = { 0 };
const struct cfg_transform cfg_transform_defaults = { .t = { .mode = MODE_TUNNEL } };
const struct cfg_map_entry cfg_map_entry_defaults = { .type = MAP_ISAKMP };
const struct cfg_interface cfg_interface_defaults = {
	.unreachables = true,
	.tunnel = { .keepalive_sec = 10, .keepalive_retries = 3 },
};

#define name_copy(dst, src) copy_str(dst, sizeof(dst), src)
static void copy_str(char *dst, size_t size, const char *src)
{
	size_t n = strnlen(src, size - 1);

	memcpy(dst, src, n);
	memset(dst + n, 0, size - n);
}

/* ---- free ---- */

static void policy_free(struct cfg_policy *p)
{
	kept_fini(&p->kept);
	free(p);
}

static void transform_free(struct cfg_transform *t)
{
	kept_fini(&t->kept);
	free(t);
}

static void acl_free(struct cfg_acl *a)
{
	for (size_t i = 0; i < a->entries.n; i++)
		free(a->entries.v[i]);
	free(a->entries.v);
	htab_fini(&a->by_tests);
	kept_fini(&a->kept);
	free(a);
}

static void map_entry_free(struct cfg_map_entry *e)
{
	kept_fini(&e->kept);
	secret_free(e, sizeof(*e)); /* typed keys */
}

static void map_free(struct cfg_map *m)
{
	for (size_t i = 0; i < m->entries.n; i++)
		map_entry_free(m->entries.v[i]);
	free(m->entries.v);
	free(m);
}

static void interface_free(struct cfg_interface *i)
{
	kept_fini(&i->kept);
	free(i);
}

#define FREE_ALL(list, one)                              \
	do {                                             \
		for (size_t i = 0; i < (list).n; i++)    \
			one((list).v[i]);                \
		free((list).v);                          \
	} while (0)

static void key_free(struct cfg_key *k)
{
	secret_free(k, sizeof(*k));
}

static void isakmp_peer_free(struct cfg_isakmp_peer *p)
{
	kept_fini(&p->kept);
	secret_free(p, sizeof(*p));
}

void config_free(struct config *c)
{
	if (!c)
		return;
	FREE_ALL(c->isakmp.policies, policy_free);
	FREE_ALL(c->isakmp.keys, key_free);
	FREE_ALL(c->isakmp.peers, isakmp_peer_free);
	FREE_ALL(c->ipsec.transforms, transform_free);
	FREE_ALL(c->maps, map_free);
	FREE_ALL(c->dynamic_maps, map_free);
	FREE_ALL(c->ipsec_profiles, map_free);
	FREE_ALL(c->interfaces, interface_free);
	FREE_ALL(c->routes, free);
	FREE_ALL(c->acls, acl_free);
	htab_fini(&c->acls_by_name);
	cfg_pki_fini(&c->pki);
	cfg_keys_fini(&c->keys);
	kept_fini(&c->archive.log.kept);
	kept_fini(&c->archive.kept);
	cfg_users_fini(&c->users);
	kept_fini(&c->kept);
	free(c);
}

struct config *config_new(void)
{
	struct config *c = malloc(sizeof(*c));

	if (c)
		memcpy(c, &config_defaults, sizeof(*c));
	return c;
}

/* ---- add ---- */

struct cfg_policy *config_add_policy(struct config *c, uint32_t priority)
{
	struct cfg_policy p = cfg_policy_defaults, *found = config_find_policy(c, priority);
	size_t at = 0;

	if (found)
		return found;
	p.p.priority = priority;
	while (at < c->isakmp.policies.n && c->isakmp.policies.v[at]->p.priority < priority)
		at++;
	return cfg_list_add(LIST(&c->isakmp.policies), at, &p, sizeof(p));
}

struct cfg_key *config_add_key(struct config *c, const struct cfg_key *k)
{
	struct cfg_key *found = config_find_key(c, k->addr.family ? &k->addr : NULL, &k->mask,
						k->host);

	if (!found)
		return cfg_list_add(LIST(&c->isakmp.keys), c->isakmp.keys.n, k, sizeof(*k));
	secret_wipe(found->key, sizeof(found->key));
	*found = *k;
	return found;
}

struct cfg_isakmp_peer *config_add_isakmp_peer(struct config *c, const struct ipaddr *addr,
					       const char *host, const char *vrf)
{
	struct cfg_isakmp_peer p = cfg_isakmp_peer_defaults;
	struct cfg_isakmp_peer *found = config_find_isakmp_peer(c, addr, host, vrf);

	if (found)
		return found;
	if (addr)
		p.addr = *addr;
	else
		name_copy(p.host, host);
	name_copy(p.vrf, vrf);
	return cfg_list_add(LIST(&c->isakmp.peers), c->isakmp.peers.n, &p, sizeof(p));
}

struct cfg_transform *config_add_transform(struct config *c, const char *name)
{
	struct cfg_transform t = cfg_transform_defaults, *found = config_find_transform(c, name);

	if (found)
		return found;
	name_copy(t.t.name, name);
	return cfg_list_add(LIST(&c->ipsec.transforms), c->ipsec.transforms.n, &t, sizeof(t));
}

/* Numbered lists by number, then named ones as configured; standard lists first, those of
 * IPv6 last. */
static bool acl_before(const struct cfg_acl *a, const struct cfg_acl *b)
{
	if ((a->kind == ACL_IPV6) != (b->kind == ACL_IPV6))
		return b->kind == ACL_IPV6;
	if (a->numbered != b->numbered)
		return a->numbered;
	if (a->kind != b->kind)
		return a->kind < b->kind;
	if (!a->numbered)
		return false;
	return atol(a->name) < atol(b->name);
}

/* A copy of a at that place, to be found by its name. */
static struct cfg_acl *acl_list_put(struct config *c, size_t at, const struct cfg_acl *a)
{
	struct cfg_acl *copy = cfg_list_add(LIST(&c->acls), at, a, sizeof(*a));

	if (copy && htab_add(&c->acls_by_name, &copy->by_name, cfg_acl_name_hash(a->name))) {
		cfg_list_take(LIST(&c->acls), copy);
		free(copy);
		return NULL;
	}
	return copy;
}

struct cfg_acl *config_add_acl(struct config *c, const char *name, enum acl_kind kind,
			       bool numbered)
{
	struct cfg_acl a = { .kind = (uint8_t)kind, .numbered = numbered };
	struct cfg_acl *found = config_find_acl(c, name);
	size_t at = 0;

	if (found)
		return found;
	name_copy(a.name, name);
	while (at < c->acls.n && !acl_before(&a, c->acls.v[at]))
		at++;
	return acl_list_put(c, at, &a);
}

/* An entry at that position of its list. */
static struct acl_entry *acl_put(struct cfg_acl *acl, size_t at, const struct acl_entry *e)
{
	struct acl_entry *copy = cfg_list_add(LIST(&acl->entries), at, e, sizeof(*e));

	if (copy && htab_add(&acl->by_tests, &copy->by_tests, acl_entry_hash(e))) {
		cfg_list_take(LIST(&acl->entries), copy);
		free(copy);
		return NULL;
	}
	return copy;
}

struct acl_entry *cfg_acl_add(struct cfg_acl *acl, const struct acl_entry *e)
{
	struct acl_entry copy = *e, *found;
	uint32_t last = acl->entries.n ? acl->entries.v[acl->entries.n - 1]->seq : 0;

	/* A remark has no number of its own: it stays behind the entry before it. */
	if (!copy.seq)
		copy.seq = copy.kind == ACE_REMARK ? last : last + 10;
	found = copy.kind == ACE_REMARK ? NULL : cfg_acl_find(acl, copy.seq);
	if (!found)
		return acl_put(acl, cfg_acl_behind(acl, copy.seq), &copy);
	htab_del(&acl->by_tests, &found->by_tests);
	*found = copy;
	/* the slots are there: it cannot fail */
	htab_add(&acl->by_tests, &found->by_tests, acl_entry_hash(found));
	return found;
}

static struct cfg_map *map_add(struct cfg_list *l, const char *name)
{
	struct cfg_map m = { .name = "" };
	size_t at = 0;

	name_copy(m.name, name);
	while (at < l->n && strcmp(((struct cfg_map *)l->v[at])->name, name) < 0)
		at++;
	return cfg_list_add(l, at, &m, sizeof(m));
}

struct cfg_map *config_add_map(struct config *c, const char *name)
{
	struct cfg_map *found = config_find_map(c, name);

	return found ? found : map_add(LIST(&c->maps), name);
}

struct cfg_map *config_add_dynamic_map(struct config *c, const char *name)
{
	struct cfg_map *found = config_find_dynamic_map(c, name);

	return found ? found : map_add(LIST(&c->dynamic_maps), name);
}

struct cfg_map_entry *config_add_ipsec_profile(struct config *c, const char *name)
{
	struct cfg_map_entry *e = config_find_ipsec_profile(c, name);
	struct cfg_map *m;

	if (e)
		return e;
	m = map_add(LIST(&c->ipsec_profiles), name);
	e = m ? cfg_map_add(m, CFG_PROFILE_SEQ) : NULL;
	if (m && !e) {
		cfg_list_take(LIST(&c->ipsec_profiles), m);
		map_free(m);
	}
	return e;
}

struct cfg_map_entry *cfg_map_add(struct cfg_map *m, uint32_t seq)
{
	struct cfg_map_entry e = cfg_map_entry_defaults, *found = cfg_map_find(m, seq);
	size_t at = 0;

	if (found)
		return found;
	e.seq = seq;
	while (at < m->entries.n && m->entries.v[at]->seq < seq)
		at++;
	return cfg_list_add(LIST(&m->entries), at, &e, sizeof(e));
}

static bool starts_with_then_digit(const char *s, const char *prefix)
{
	size_t n = strlen(prefix);

	return !strncmp(s, prefix, n) && s[n] >= '0' && s[n] <= '9';
}

/* IOS lists loopbacks, then tunnels, then the rest. */
static int interface_class(const struct cfg_interface *i)
{
	return i->is_loopback ? 0 : i->is_tunnel ? 1 : 2;
}

struct cfg_interface *config_add_interface(struct config *c, const char *name)
{
	struct cfg_interface i = cfg_interface_defaults, *found = config_find_interface(c, name);
	size_t at = 0;

	if (found)
		return found;
	name_copy(i.name, name);
	i.is_tunnel = starts_with_then_digit(name, "Tunnel");
	i.is_loopback = starts_with_then_digit(name, "Loopback");
	while (at < c->interfaces.n &&
	       interface_class(c->interfaces.v[at]) <= interface_class(&i))
		at++;
	return cfg_list_add(LIST(&c->interfaces), at, &i, sizeof(i));
}

struct cfg_route *config_add_route(struct config *c, const struct cfg_route *r)
{
	struct cfg_route *found = config_find_route(c, r);
	size_t at = c->routes.n;

	/* those of IPv6 behind the others, as they are printed: the order tells two configurations apart */
	while (!found && at && r->net.family != IP_V6 && c->routes.v[at - 1]->net.family == IP_V6)
		at--;
	if (!found)
		return cfg_list_add(LIST(&c->routes), at, r, sizeof(*r));
	*found = *r;
	return found;
}

/* ---- remove ---- */

void config_del_policy(struct config *c, struct cfg_policy *p)
{
	cfg_list_take(LIST(&c->isakmp.policies), p);
	policy_free(p);
}

void config_del_key(struct config *c, struct cfg_key *k)
{
	cfg_list_take(LIST(&c->isakmp.keys), k);
	key_free(k);
}

void config_del_isakmp_peer(struct config *c, struct cfg_isakmp_peer *p)
{
	cfg_list_take(LIST(&c->isakmp.peers), p);
	isakmp_peer_free(p);
}

void config_del_transform(struct config *c, struct cfg_transform *t)
{
	cfg_list_take(LIST(&c->ipsec.transforms), t);
	transform_free(t);
}

void config_del_acl(struct config *c, struct cfg_acl *a)
{
	cfg_list_take(LIST(&c->acls), a);
	htab_del(&c->acls_by_name, &a->by_name);
	acl_free(a);
}

void cfg_acl_del(struct cfg_acl *acl, struct acl_entry *e)
{
	cfg_list_take(LIST(&acl->entries), e);
	htab_del(&acl->by_tests, &e->by_tests);
	free(e);
}

void config_del_map(struct config *c, struct cfg_map *m)
{
	cfg_list_take(LIST(&c->maps), m);
	map_free(m);
}

void config_del_dynamic_map(struct config *c, struct cfg_map *m)
{
	cfg_list_take(LIST(&c->dynamic_maps), m);
	map_free(m);
}

void config_del_ipsec_profile(struct config *c, const char *name)
{
	for (size_t i = 0; i < c->ipsec_profiles.n; i++) {
		struct cfg_map *m = c->ipsec_profiles.v[i];

		if (strcmp(m->name, name) != 0)
			continue;
		cfg_list_take(LIST(&c->ipsec_profiles), m);
		map_free(m);
		return;
	}
}

void cfg_map_del(struct cfg_map *m, struct cfg_map_entry *e)
{
	cfg_list_take(LIST(&m->entries), e);
	map_entry_free(e);
}

void config_del_interface(struct config *c, struct cfg_interface *i)
{
	cfg_list_take(LIST(&c->interfaces), i);
	interface_free(i);
}

void cfg_interface_del_kept_protection(struct cfg_interface *i)
{
	for (size_t k = i->kept.n; k--;)
		if (kept_begins(i->kept.v[k], "tunnel", "protection"))
			kept_del(&i->kept, k);
}

void cfg_interface_reset(struct cfg_interface *i)
{
	struct cfg_interface was = *i;

	kept_fini(&i->kept);
	*i = cfg_interface_defaults;
	memcpy(i->name, was.name, sizeof(i->name));
	i->is_tunnel = was.is_tunnel;
	i->is_loopback = was.is_loopback;
	i->link = was.link;
	i->bound = was.bound;
}

void config_del_route(struct config *c, struct cfg_route *r)
{
	cfg_list_take(LIST(&c->routes), r);
	free(r);
}

/* ---- clone ---- */

/* Copies a list whose elements hold nothing else. */
static int clone_flat(const struct cfg_list *from, struct cfg_list *to, size_t size)
{
	memset(to, 0, sizeof(*to));
	for (size_t i = 0; i < from->n; i++)
		if (!cfg_list_add(to, i, from->v[i], size))
			return -ENOMEM;
	return 0;
}

/* Copies a list whose elements have kept lines at kept_off (and lists that the
 * caller copies afterwards). A failure leaves elements that may be freed. */
static int clone_kept(const struct cfg_list *from, struct cfg_list *to, size_t size, size_t kept_off)
{
	memset(to, 0, sizeof(*to));
	for (size_t i = 0; i < from->n; i++) {
		char *e = cfg_list_add(to, i, from->v[i], size);
		kept_list *k;

		if (!e)
			return -ENOMEM;
		k = (void *)(e + kept_off);
		memset(k, 0, sizeof(*k));
		int err = kept_clone((void *)((char *)from->v[i] + kept_off), k);
		if (err)
			return err;
	}
	return 0;
}

#define CLONE_KEPT(dst, src, type) \
	clone_kept(LIST(&(src)), LIST(&(dst)), sizeof(struct type), offsetof(struct type, kept))

static int clone_acls(const struct config *from, struct config *to)
{
	for (size_t i = 0; i < from->acls.n; i++) {
		const struct cfg_acl *was = from->acls.v[i];
		struct cfg_acl a = *was, *copy;

		memset(&a.entries, 0, sizeof(a.entries));
		memset(&a.by_tests, 0, sizeof(a.by_tests));
		memset(&a.kept, 0, sizeof(a.kept));
		copy = acl_list_put(to, i, &a);
		if (!copy || kept_clone(&was->kept, &copy->kept))
			return -ENOMEM;
		for (size_t k = 0; k < was->entries.n; k++)
			if (!acl_put(copy, k, was->entries.v[k]))
				return -ENOMEM;
	}
	return 0;
}

static int clone_maps(const struct cfg_list *from, struct cfg_list *to)
{
	for (size_t i = 0; i < from->n; i++) {
		const struct cfg_map *old = from->v[i];
		struct cfg_map m = *old, *copy;

		memset(&m.entries, 0, sizeof(m.entries));
		copy = cfg_list_add(to, i, &m, sizeof(m));
		if (!copy || CLONE_KEPT(copy->entries, old->entries, cfg_map_entry))
			return -ENOMEM;
	}
	return 0;
}

struct config *config_clone(const struct config *c)
{
	struct config *n = malloc(sizeof(*n));

	if (!n)
		return NULL;
	*n = *c;
	memset(&n->isakmp.policies, 0, sizeof(n->isakmp.policies));
	memset(&n->isakmp.keys, 0, sizeof(n->isakmp.keys));
	memset(&n->isakmp.peers, 0, sizeof(n->isakmp.peers));
	memset(&n->ipsec.transforms, 0, sizeof(n->ipsec.transforms));
	memset(&n->maps, 0, sizeof(n->maps));
	memset(&n->dynamic_maps, 0, sizeof(n->dynamic_maps));
	memset(&n->ipsec_profiles, 0, sizeof(n->ipsec_profiles));
	memset(&n->interfaces, 0, sizeof(n->interfaces));
	memset(&n->routes, 0, sizeof(n->routes));
	memset(&n->acls, 0, sizeof(n->acls));
	memset(&n->acls_by_name, 0, sizeof(n->acls_by_name));
	memset(&n->kept, 0, sizeof(n->kept));
	memset(&n->archive.kept, 0, sizeof(n->archive.kept));
	memset(&n->archive.log.kept, 0, sizeof(n->archive.log.kept));
	memset(&n->pki, 0, sizeof(n->pki));
	memset(&n->keys, 0, sizeof(n->keys));
	memset(&n->users, 0, sizeof(n->users));
	if (cfg_pki_clone(&c->pki, &n->pki) || cfg_keys_clone(&c->keys, &n->keys) ||
	    cfg_users_clone(&c->users, &n->users) ||
	    CLONE_KEPT(n->isakmp.policies, c->isakmp.policies, cfg_policy) ||
	    clone_flat(LIST(&c->isakmp.keys), LIST(&n->isakmp.keys), sizeof(struct cfg_key)) ||
	    CLONE_KEPT(n->isakmp.peers, c->isakmp.peers, cfg_isakmp_peer) ||
	    CLONE_KEPT(n->ipsec.transforms, c->ipsec.transforms, cfg_transform) ||
	    clone_maps(LIST(&c->maps), LIST(&n->maps)) ||
	    clone_maps(LIST(&c->dynamic_maps), LIST(&n->dynamic_maps)) ||
	    clone_maps(LIST(&c->ipsec_profiles), LIST(&n->ipsec_profiles)) ||
	    CLONE_KEPT(n->interfaces, c->interfaces, cfg_interface) ||
	    clone_flat(LIST(&c->routes), LIST(&n->routes), sizeof(struct cfg_route)) ||
	    clone_acls(c, n) || kept_clone(&c->archive.kept, &n->archive.kept) ||
	    kept_clone(&c->archive.log.kept, &n->archive.log.kept) || kept_clone(&c->kept, &n->kept)) {
		config_free(n);
		return NULL;
	}
	return n;
}
