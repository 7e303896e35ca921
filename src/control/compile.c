/* SPDX-License-Identifier: Apache-2.0 */
#include "control/compile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "model/acl_match.h"

struct policy_id_row {
	uint32_t ifid, seq, ace, part;
	char map[CFG_NAME_MAX];
	uint32_t id;
};

void policy_ids_fini(struct policy_ids *ids)
{
	free(ids->v);
	*ids = (struct policy_ids){ 0 };
}

bool policy_ids_get(const struct policy_ids *ids, uint32_t id, const char **ret_map,
		    uint32_t *ret_seq, uint32_t *ret_ace)
{
	for (size_t i = 0; i < ids->n; i++) {
		const struct policy_id_row *r = &ids->v[i];

		if (r->id != id)
			continue;
		*ret_map = r->map;
		*ret_seq = r->seq;
		*ret_ace = r->ace;
		return true;
	}
	return false;
}

/* The id of that part of that ACL line; 0 without memory. */
static uint32_t policy_id(struct policy_ids *ids, const struct policy_id_row *key)
{
	for (size_t i = 0; i < ids->n; i++) {
		const struct policy_id_row *r = &ids->v[i];

		if (r->ifid == key->ifid && r->seq == key->seq && r->ace == key->ace &&
		    r->part == key->part && !strcmp(r->map, key->map))
			return r->id;
	}
	if (ids->n == ids->cap) {
		size_t cap = ids->cap ? ids->cap * 2 : 64;
		struct policy_id_row *v = reallocarray(ids->v, cap, sizeof(*v));

		if (!v)
			return 0;
		ids->v = v;
		ids->cap = cap;
	}
	ids->v[ids->n] = *key;
	ids->v[ids->n].id = ++ids->next;
	return ids->v[ids->n++].id;
}

uint32_t policy_ids_take(struct policy_ids *ids, const char *map, uint32_t ifid, uint32_t seq,
			 uint32_t ace, uint32_t part)
{
	struct policy_id_row key = { .ifid = ifid, .seq = seq, .ace = ace, .part = part };

	snprintf(key.map, sizeof(key.map), "%s", map);
	return policy_id(ids, &key);
}

const struct bound_if *bound_find(const struct bound_if *ifs, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(ifs[i].name, name))
			return &ifs[i];
	return NULL;
}

struct ipaddr bound_tunnel_source(const struct bound_if *ifs, size_t n, const struct cfg_tunnel *t)
{
	const struct bound_if *src = t->source.family ? NULL : bound_find(ifs, n, t->source_if);

	if (!src)
		return t->source;
	return cfg_tunnel_outer(t) == IP_V6 ? src->addr6 : src->addr;
}

int compiled_grow(void **v, size_t n, size_t size)
{
	if (n & (n - 1)) /* capacity is the next power of two */
		return 0;
	void *p = reallocarray(*v, n ? n * 2 : 1, size);

	if (!p)
		return -ENOMEM;
	*v = p;
	return 0;
}

/* What one crypto map entry says, without the selector. */
void compile_entry(const struct config *c, const struct cfg_map *map, const struct cfg_map_entry *e,
		   struct compiled *out, struct p2_policy *ret_p)
{
	struct p2_policy p = { .seq = e->seq, .pfs_group = e->pfs_group, .per_host = e->per_host };

	snprintf(p.map, sizeof(p.map), "%s", map->name);
	for (size_t i = 0; i < e->n_peers; i++) {
		if (e->peers[i].addr.family == IP_NONE)
			txt_printf(&out->notes, "crypto map %s %u: peer %s: give an address, names "
						"are not resolved\n",
				   map->name, e->seq, e->peers[i].host);
		else
			p.peers[p.n_peers++] = e->peers[i].addr;
		if (e->peers[i].is_default && e->peers[i].addr.family != IP_NONE)
			p.default_peer = p.n_peers;
	}
	for (size_t i = 0; i < e->n_transforms; i++) {
		const struct cfg_transform *t = config_find_transform(c, e->transforms[i]);

		if (t)
			p.transforms[p.n_transforms++] = t->t;
		else
			txt_printf(&out->notes, "crypto map %s %u: transform-set %s does not exist\n",
				   map->name, e->seq, e->transforms[i]);
	}
	p.life_sec = cfg_map_entry_life_sec(c, e);
	p.life_kb = cfg_map_entry_life_kb(c, e);
	p.replay_window = cfg_map_entry_replay(c, e);
	p.idle_sec = e->idle_sec ? e->idle_sec : c->ipsec.idle_sec;
	p.idle_default = e->idle_default;
	snprintf(p.profile, sizeof(p.profile), "%s", e->profile[0] ? e->profile : map->profile);
	*ret_p = p;
}

/* Where the policies that are made of a template go: before the lines that follow. */
struct dynamic_place {
	struct fwd_policy like;
	size_t at; /* in policies */
};

static int add_place(struct compiled *out, const struct fwd_policy *f)
{
	struct dynamic_place p = { *f, out->n_policies };

	if (compiled_grow((void **)&out->places, out->n_places, sizeof(p)))
		return -ENOMEM;
	out->places[out->n_places++] = p;
	return 0;
}

static int add_spd(struct compiled *out, const struct fwd_policy *f)
{
	if (compiled_grow((void **)&out->policies, out->n_policies, sizeof(*f)))
		return -ENOMEM;
	out->policies[out->n_policies++] = *f;
	return 0;
}

static int add_p2(struct compiled *out, const struct p2_policy *p)
{
	if (compiled_grow((void **)&out->p2, out->ike.n_p2, sizeof(*p)))
		return -ENOMEM;
	out->p2[out->ike.n_p2++] = *p;
	return 0;
}

int compiled_add_line(struct compiled *out, const struct fwd_policy *f, const struct p2_policy *p)
{
	int err = add_spd(out, f);

	return err ? err : add_p2(out, p);
}

/* One selector of one ACL line: an SPD entry, and for a permit a policy of IKE. */
static int add_line(const struct bound_if *bi, struct ipaddr local, const struct p2_policy *like,
		    uint32_t map_seq, const struct acl_entry *ace, uint32_t part,
		    const struct selector *sel, struct policy_ids *ids, struct compiled *out)
{
	struct policy_id_row key = { .ifid = bi->ifindex, .seq = map_seq, .ace = ace->seq,
				     .part = part };
	struct fwd_policy f = { .ifid = bi->ifindex, .map_seq = map_seq, .sel = *sel,
				.local = local,
				.path_mtu = compiled_ip_mtu(local.family == IP_V6 && bi->mtu6 ? bi->mtu6 : bi->mtu),
				.df_bit = bi->df_bit, .frag_after = bi->frag_after };

	memcpy(key.map, like->map, sizeof(key.map));
	f.action = ace->kind == ACE_PERMIT ? FWD_POLICY_PROTECT : FWD_POLICY_SKIP;
	f.id = policy_id(ids, &key);
	if (!f.id || (like->dynamic && ace->kind == ACE_PERMIT && add_place(out, &f)))
		return -ENOMEM;
	if (!like->any_proxies && add_spd(out, &f))
		return -ENOMEM;
	if (ace->kind != ACE_PERMIT)
		return 0;

	struct p2_policy p = *like;
	p.id = f.id;
	p.ifid = bi->ifindex;
	p.ace = ace->seq;
	p.sel = *sel;
	p.local = local;
	return add_p2(out, &p);
}

static int add_acl(const struct cfg_acl *acl, const struct bound_if *bi, struct ipaddr local,
		   const struct p2_policy *like, uint32_t map_seq, struct policy_ids *ids,
		   struct compiled *out)
{
	struct selector sel[ACL_MAX_SELECTORS];

	for (size_t i = 0; i < acl->entries.n; i++) {
		const struct acl_entry *ace = acl->entries.v[i];

		if (ace->kind == ACE_REMARK)
			continue;
		if (ace->kind == ACE_DENY && !acl_entry_is_plain(ace)) {
			/* read as broadly as its selectors it would let more out in clear
			 * than it says */
			txt_printf(&out->notes,
				   "access-list %s line %u: a deny by flags, ICMP type or DSCP is "
				   "ignored in a crypto map: what it names stays protected\n",
				   acl->name, ace->seq);
			continue;
		}
		size_t n = acl_entry_selectors(ace, sel, ACL_MAX_SELECTORS);
		for (size_t k = 0; k < n; k++) {
			int err = add_line(bi, local, like, map_seq, ace, (uint32_t)k, &sel[k], ids, out);

			if (err)
				return err;
		}
	}
	return 0;
}

/* The number of a list of `set ip access-group`: 0 for one that permits everything. */
static int list_number(const struct config *c, const char *name, struct compiled *out, uint16_t *ret)
{
	size_t i = 0;

	*ret = 0;
	if (!config_filter_list(c, name))
		return 0;
	while (i < out->n_lists && strcmp(out->lists[i], name) != 0)
		i++;
	if (i == out->n_lists) {
		if (i == UINT16_MAX || compiled_grow((void **)&out->lists, i, CFG_NAME_MAX))
			return -ENOMEM;
		memset(out->lists[i], 0, CFG_NAME_MAX);
		snprintf(out->lists[out->n_lists++], CFG_NAME_MAX, "%s", name);
	}
	*ret = (uint16_t)(i + 1);
	return 0;
}

/* What has come into out for that entry since: its lists. */
static int set_lists(const struct config *c, const struct cfg_map_entry *e, size_t policy, size_t place,
		     struct compiled *out)
{
	uint16_t in, to;
	int err = list_number(c, e->group_in, out, &in);

	if (!err)
		err = list_number(c, e->group_out, out, &to);
	for (; !err && policy < out->n_policies; policy++) {
		out->policies[policy].acl_in = in;
		out->policies[policy].acl_out = to;
	}
	for (; !err && place < out->n_places; place++) {
		out->places[place].like.acl_in = in;
		out->places[place].like.acl_out = to;
	}
	return err;
}

/* The list of an entry; one of the other family matches nothing of this one. */
static const struct cfg_acl *crypto_list(const struct config *c, const struct cfg_map *map,
					 const struct cfg_map_entry *e)
{
	const struct cfg_acl *acl = config_find_acl(c, e->match_acl);

	return acl && (acl->kind == ACL_IPV6) == map->ipv6 ? acl : NULL;
}

/* `crypto map M SEQ ipsec-isakmp dynamic D`: each entry of D a template, in order. For the
 * SPD each is an entry of its own, so that a deny line goes on at the next. */
static int add_dynamic(const struct config *c, const struct cfg_map *map,
		       const struct cfg_map_entry *e, const struct bound_if *bi,
		       struct ipaddr local, struct policy_ids *ids, struct compiled *out)
{
	static const struct acl_entry everything = { .kind = ACE_PERMIT };
	const struct ipaddr zero = { .family = map->ipv6 ? IP_V6 : IP_V4 };
	const struct selector any = { .local = addr_match_of(&zero, 0), .remote = addr_match_of(&zero, 0) };
	const struct cfg_map *d = config_find_dynamic_map(c, e->dynamic);
	int err = 0;

	if (!d)
		txt_printf(&out->notes, "crypto map %s %u: dynamic map %s does not exist\n", map->name,
			   e->seq, e->dynamic);
	for (size_t i = 0; d && !err && i < d->entries.n; i++) {
		const struct cfg_map_entry *t = d->entries.v[i];
		const struct cfg_acl *acl = crypto_list(c, map, t);
		uint32_t map_seq = e->seq | t->seq << 16;
		size_t policy = out->n_policies, place = out->n_places;
		struct p2_policy like;

		if (t->match_acl[0] && !acl)
			continue; /* commands_check() says so; nothing is permitted */
		compile_entry(c, map, t, out, &like);
		like.seq = e->seq;
		/* For names only: none is known, and nobody served. What the list permits is
		 * held back as that of any entry without a peer is. */
		like.dynamic = !t->n_peers || like.n_peers;
		like.per_host = false; /* the peer says what for */
		like.any_proxies = !acl;
		if (!acl && !like.dynamic)
			continue;
		if (t->reverse_route)
			txt_printf(&out->notes, "crypto dynamic-map %s %u: reverse-route adds no routes "
						"in this version\n",
				   d->name, t->seq);
		err = acl ? add_acl(acl, bi, local, &like, map_seq, ids, out) :
			    add_line(bi, local, &like, map_seq, &everything, 0, &any, ids, out);
		if (!err)
			err = set_lists(c, t, policy, place, out);
	}
	return err;
}

/* A line that nobody understood neither permits nor denies. */
static void note_refused(const struct config *c, const char *who, const char *name, struct compiled *out)
{
	size_t n = name[0] ? config_acl_refused(c, name) : 0;

	if (n && config_filter_list(c, name) != config_find_acl(c, name))
		txt_printf(&out->notes, "%s: no line of access list %s is understood: nothing passes\n", who, name);
	else if (n)
		txt_printf(&out->notes, "%s: %zu line%s of access list %s %s not understood and not "
					"used: what %s may pass\n", who, n, n == 1 ? "" : "s", name,
			   n == 1 ? "is" : "are", n == 1 ? "it denies" : "they deny");
}

static void note_refused_both(const struct config *c, const char *who, const char *in, const char *to,
			      struct compiled *out)
{
	note_refused(c, who, in, out);
	if (strcmp(in, to) != 0)
		note_refused(c, who, to, out);
}

/* Of its access list: what they would have protected leaves in clear, as if nobody had written it. What they
 * would have left out is protected: a deny is to be understood before anything leaves in clear by it. */
static void note_entry(const struct config *c, const struct cfg_map *map, const struct cfg_map_entry *e,
		       struct compiled *out)
{
	size_t denies = e->match_acl[0] ? config_acl_refused_denies(c, e->match_acl) : 0;
	size_t n = e->match_acl[0] ? config_acl_refused(c, e->match_acl) - denies : 0;
	char who[CFG_NAME_MAX + 32];

	snprintf(who, sizeof(who), "crypto map %s %u", map->name, e->seq);
	if (n)
		txt_printf(&out->notes, "%s: %zu line%s of access list %s %s not understood and not used: what is "
					"protected is not what the list says\n",
			   who, n, n == 1 ? "" : "s", e->match_acl, n == 1 ? "is" : "are");
	if (denies)
		txt_printf(&out->notes, "%s: %zu deny line%s of access list %s %s not understood and not used: what %s "
					"would leave out is protected by the permits behind\n",
			   who, denies, denies == 1 ? "" : "s", e->match_acl, denies == 1 ? "is" : "are",
			   denies == 1 ? "it" : "they");
	note_refused_both(c, who, e->group_in, e->group_out, out);
}

/* `crypto map NAME` or `ipv6 crypto map NAME`. */
static int compile_map(const struct config *c, const struct cfg_interface *ci, bool ipv6,
		       const struct bound_if *ifs, size_t n_ifs, struct policy_ids *ids,
		       struct compiled *out)
{
	const struct bound_if *bi = bound_find(ifs, n_ifs, ci->name);
	const char *name = ipv6 ? ci->ip6.crypto_map : ci->crypto_map;
	const struct cfg_map *map = config_find_map(c, name);
	struct ipaddr local = bi ? (ipv6 ? bi->addr6 : bi->addr) : (struct ipaddr){ 0 };

	if (!map) {
		txt_printf(&out->notes, "interface %s: crypto map %s does not exist\n", ci->name, name);
		return 0;
	}
	if (map->ipv6 != ipv6) {
		txt_printf(&out->notes, "interface %s: crypto map %s is an %s crypto map and protects "
					"nothing here\n",
			   ci->name, name, map->ipv6 ? "IPv6" : "IPv4");
		return 0;
	}
	if (!bi || !bi->ifindex) {
		txt_printf(&out->notes, "interface %s: no Linux device; crypto map %s waits for it\n",
			   ci->name, map->name);
		return 0;
	}
	if (map->local_if[0]) {
		const struct bound_if *li = bound_find(ifs, n_ifs, map->local_if);

		if (li)
			local = ipv6 ? li->addr6 : li->addr;
	}
	for (size_t i = 0; i < map->entries.n; i++) {
		const struct cfg_map_entry *e = map->entries.v[i];
		const struct cfg_acl *acl = crypto_list(c, map, e);
		size_t policy = out->n_policies, place = out->n_places;
		struct p2_policy like;

		note_entry(c, map, e, out);
		if (e->type == MAP_DYNAMIC) {
			int failed = add_dynamic(c, map, e, bi, local, ids, out);

			if (failed)
				return failed;
			continue;
		}
		if (!acl)
			continue; /* commands_check() says so */
		compile_entry(c, map, e, out, &like);
		/* Without peer or transform set, and in an entry of a type that we do not run,
		 * the lines stay in the SPD: what they match is dropped, not sent in clear. */
		if (e->type != MAP_ISAKMP)
			like.n_peers = 0;
		like.manual = e->type == MAP_MANUAL;
		size_t first = out->ike.n_p2;
		int err = add_acl(acl, bi, local, &like, like.seq, ids, out);
		if (!err && e->type == MAP_MANUAL)
			err = compile_manual(c, map, e, first, out);
		if (!err)
			err = set_lists(c, e, policy, place, out);
		if (err)
			return err;
	}
	return 0;
}

int compile(const struct config *c, const struct bound_if *ifs, size_t n_ifs,
	    struct policy_ids *ids, struct compiled *ret_out)
{
	struct compiled out = { 0 };
	int err = compile_isakmp(c, &out);

	if (!err)
		err = compile_keys(c, ifs, n_ifs, &out);
	if (!err)
		err = compile_ag(c, &out);

	for (size_t i = 0; !err && i < c->interfaces.n; i++) {
		const struct cfg_interface *ci = c->interfaces.v[i];
		char who[CFG_NAME_MAX + 16];

		snprintf(who, sizeof(who), "interface %s", ci->name);
		note_refused_both(c, who, ci->group_in, ci->group_out, &out);
		note_refused_both(c, who, ci->ip6.filter_in, ci->ip6.filter_out, &out);
		if (ci->crypto_map[0])
			err = compile_map(c, ci, false, ifs, n_ifs, ids, &out);
		if (!err && ci->ip6.crypto_map[0])
			err = compile_map(c, ci, true, ifs, n_ifs, ids, &out);
		if (!err && ci->is_tunnel)
			err = compile_tunnel(c, ci, ifs, n_ifs, ids, &out);
	}
	if (err || out.notes.bad) {
		compiled_fini(&out);
		return -ENOMEM;
	}
	out.ike.p1 = out.p1;
	out.ike.psk = out.psk;
	out.ike.p2 = out.p2;
	out.ike.ag = out.ag;
	out.ike.keyrings = (const char(*)[IOS_NAME_MAX])out.keyrings;
	out.ike.profiles = out.profiles;
	err = compile_made(&out, NULL, 0);
	if (err) {
		compiled_fini(&out);
		return err;
	}
	*ret_out = out;
	return 0;
}

/* ---- what IKE makes of templates ---- */

/* How much a selector takes in: its bits that may be anything. */
static unsigned breadth(const struct selector *s)
{
	unsigned n = (s->proto ? 0u : 8u) + !s->local_port.op + !s->remote_port.op;

	for (size_t i = 0; i < sizeof(s->local.wild); i++)
		n += (unsigned)(__builtin_popcount(s->local.wild[i]) +
				__builtin_popcount(s->remote.wild[i])) << 4;
	return n;
}

static int by_breadth(const void *a, const void *b)
{
	const struct p2_policy *x = *(const struct p2_policy *const *)a;
	const struct p2_policy *y = *(const struct p2_policy *const *)b;
	unsigned m = breadth(&x->sel), n = breadth(&y->sel);

	return m != n ? (m < n ? -1 : 1) : x->id < y->id ? -1 : x->id > y->id;
}

/* Everything of one template. */
static void put_made(struct compiled *c, const struct p2_policy *const *v, size_t n,
		     const struct fwd_policy *like, struct fwd_policy *spd, size_t *n_spd)
{
	for (size_t i = 0; i < n; i++) {
		if (v[i]->of != like->id || v[i]->line)
			continue;
		c->shown[c->n_shown++] = *v[i];
		spd[*n_spd] = *like;
		spd[*n_spd].id = v[i]->id;
		spd[*n_spd].action = FWD_POLICY_PROTECT;
		spd[(*n_spd)++].sel = v[i]->sel;
	}
}

int compile_made(struct compiled *c, const struct p2_policy *const *made, size_t n)
{
	const struct p2_policy **v = calloc(n + 1, sizeof(*v));
	struct fwd_policy *spd = calloc(c->n_policies + n + 1, sizeof(*spd));
	struct p2_policy *shown = calloc(c->ike.n_p2 + n + 1, sizeof(*shown));
	size_t n_spd = 0, p2 = 0, place = 0;

	if (!v || !spd || !shown) {
		free(v);
		free(spd);
		free(shown);
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++)
		v[i] = made[i];
	qsort(v, n, sizeof(*v), by_breadth);
	free(c->shown);
	c->shown = shown;
	c->n_shown = 0;
	for (size_t i = 0; i <= c->n_policies; i++) {
		for (; place < c->n_places && c->places[place].at == i; place++)
			put_made(c, v, n, &c->places[place].like, spd, &n_spd);
		if (i == c->n_policies)
			break;
		spd[n_spd++] = c->policies[i];
		while (p2 < c->ike.n_p2 && c->p2[p2].dynamic)
			p2++;
		if (p2 == c->ike.n_p2 || c->p2[p2].id != c->policies[i].id)
			continue; /* a deny line, or a template's */
		shown[c->n_shown++] = c->p2[p2++];
	}
	free(v);
	free(c->policies);
	c->policies = spd;
	c->n_policies = n_spd;
	compile_manual_shown(c);
	return 0;
}

void compiled_fini(struct compiled *out)
{
	free(out->p1);
	secret_free(out->psk, out->ike.n_psk * sizeof(*out->psk));
	secret_free(out->ag, out->ike.n_ag * sizeof(*out->ag));
	free(out->p2);
	free(out->keyrings);
	free(out->profiles);
	free(out->policies);
	free(out->shown);
	free(out->places);
	free(out->lists);
	free(out->tunnels);
	secret_free(out->manual, out->n_manual * sizeof(*out->manual));
	txt_fini(&out->notes);
	*out = (struct compiled){ 0 };
}
