/* SPDX-License-Identifier: Apache-2.0 */
/* `| json` of show crypto map, dynamic-map, ipsec transform-set, profile and
 * security-association: what show_map.c and show_profile.c lay out. */
#include "control/show_json_parts.h"

#include <string.h>

#include "crypto/alg.h"

/* t NULL: nobody has defined it. */
static void transform_members(struct json *j, const struct p2_transform *t)
{
	const struct auth_info *ah = t ? auth_info(t->ah_auth) : NULL;
	struct txt esp = TXT_INIT;

	if (t && t->cipher != CIPHER_UNSET)
		show_esp_words(&esp, t->cipher, t->cipher_bits, t->esp_auth);
	json_str(j, "ah", ah ? ah->ios_ah : NULL);
	if (esp.len)
		json_strn(j, "esp", esp.s, esp.s[esp.len - 1] == ' ' ? esp.len - 1 : esp.len);
	else
		json_null(j, "esp");
	json_str(j, "mode", !t ? NULL : t->mode == MODE_TRANSPORT ? "transport" : "tunnel");
	j->out->bad |= esp.bad;
	txt_fini(&esp);
}

int json_transform_sets(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	const struct cfg_ipsec *k = &in->config->ipsec;

	json_array(j, "transform_sets");
	for (size_t i = 0; i < k->transforms.n; i++) {
		const struct p2_transform *t = &k->transforms.v[i]->t;

		if (a->name[0] && strcmp(a->name, t->name) != 0)
			continue;
		json_object(j, NULL);
		json_str(j, "name", t->name);
		transform_members(j, t);
		json_object_end(j);
	}
	json_array_end(j);
	return 0;
}

static void lifetime(struct json *j, uint64_t kb, uint32_t sec)
{
	if (kb)
		json_num(j, "lifetime_kb", kb);
	else
		json_null(j, "lifetime_kb");
	json_num(j, "lifetime_sec", sec);
}

int json_ipsec_lifetime(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	const struct cfg_ipsec *k = &in->config->ipsec;

	(void)a;
	lifetime(j, k->life_kb_disable ? 0 : k->life_kb, k->life_sec);
	return 0;
}

/* ---- entries ---- */

static void num_or_null(struct json *j, const char *key, uint64_t n)
{
	if (n)
		json_num(j, key, n);
	else
		json_null(j, key);
}

/* What is to be negotiated, as show_map_terms(). */
static void terms(const struct show_in *in, const struct cfg_map_entry *e, struct json *j)
{
	lifetime(j, cfg_map_entry_life_kb(in->config, e), cfg_map_entry_life_sec(in->config, e));
	num_or_null(j, "idle_time_sec", e->idle_sec);
	json_bool(j, "per_host", e->per_host);
	json_bool(j, "responder_only", e->responder_only);
	num_or_null(j, "pfs_group", e->pfs_group);
	json_array(j, "transform_sets");
	for (size_t i = 0; i < e->n_transforms; i++) {
		const struct cfg_transform *t = config_find_transform(in->config, e->transforms[i]);

		json_object(j, NULL);
		json_str(j, "name", e->transforms[i]);
		transform_members(j, t ? &t->t : NULL);
		json_object_end(j);
	}
	json_array_end(j);
}

/* made: the entry was made for this one; NULL: somebody wrote it. */
static void peers(const struct cfg_map_entry *e, const struct ipaddr *made, struct json *j)
{
	char s[IPADDR_STRLEN];

	json_array(j, "peers");
	if (made) {
		json_str(j, NULL, ipaddr_ios(made, s));
		json_array_end(j);
		return;
	}
	for (size_t i = 0; i < e->n_peers; i++)
		json_str(j, NULL, e->peers[i].addr.family != IP_NONE ? ipaddr_ios(&e->peers[i].addr, s) :
								       e->peers[i].host);
	json_array_end(j);
}

static void made_list(const struct selector *sel, struct json *j)
{
	struct txt line = TXT_INIT;

	show_made_ace(&line, sel);
	json_null(j, "access_list");
	json_array(j, "access_list_entries");
	json_strn(j, NULL, txt_cstr(&line), line.len);
	json_array_end(j);
	j->out->bad |= line.bad;
	txt_fini(&line);
}

static void list(const struct show_in *in, const struct cfg_map_entry *e, struct json *j)
{
	const struct cfg_acl *acl = e->match_acl[0] ? config_find_acl(in->config, e->match_acl) : NULL;

	json_str_or_null(j, "access_list", e->match_acl);
	json_array(j, "access_list_entries");
	for (size_t i = 0; acl && i < acl->entries.n; i++) {
		const struct acl_entry *ace = acl->entries.v[i];
		struct txt body = TXT_INIT;

		if (ace->kind == ACE_REMARK)
			continue;
		txt_str(&body, ace->kind == ACE_PERMIT ? "permit " : "deny ");
		show_ace_body(&body, acl, ace);
		json_strn(j, NULL, txt_cstr(&body), body.len);
		j->out->bad |= body.bad;
		txt_fini(&body);
	}
	json_array_end(j);
}

static void using(const struct show_in *in, const struct cfg_map *m, struct json *j)
{
	const struct config *c = in->config;

	json_array(j, "interfaces");
	for (size_t n = 0; n < c->interfaces.n; n++)
		if (!strcmp(m->ipv6 ? c->interfaces.v[n]->ip6.crypto_map : c->interfaces.v[n]->crypto_map,
			    m->name))
			json_str(j, NULL, c->interfaces.v[n]->name);
	json_array_end(j);
}

/* Of typed keys, that they are there. */
static void session_keys(const struct cfg_map_entry *e, struct json *j)
{
	static const char *const names[] = { "inbound_keys", "outbound_keys" };

	for (size_t i = 0; i < 2; i++) {
		if (e->type != MAP_MANUAL) {
			json_null(j, names[i]);
			continue;
		}
		json_object(j, names[i]);
		num_or_null(j, "esp_spi", e->keys[i].esp_spi);
		num_or_null(j, "ah_spi", e->keys[i].ah_spi);
		json_bool(j, "cipher_key", e->keys[i].cipher_key[0]);
		json_bool(j, "auth_key", e->keys[i].auth_key[0]);
		json_bool(j, "ah_key", e->keys[i].ah_key[0]);
		json_object_end(j);
	}
}

/* An entry that somebody wrote, or (made: the policy) that the router has made out of it. from: what
 * of, the name of a dynamic map or a profile. */
struct entry {
	const char *name;
	uint32_t seq;
	bool ipv6;
	const struct cfg_map_entry *e;
	const struct p2_policy *made;
	const char *from;
	struct ipaddr peer; /* that it talks to */
	bool profile; /* not an entry yet: what a protected tunnel's profile says */
};

static void entry_begin(const struct show_in *in, const struct entry *x, struct json *j)
{
	const struct cfg_map_entry *e = x->e;

	json_object(j, NULL);
	json_str(j, "name", x->name);
	json_num(j, "sequence", x->seq);
	json_str(j, "family", x->ipv6 ? "ipv6" : "ipv4");
	json_str(j, "type", x->made || x->profile ? "ipsec-isakmp" : show_map_type(e));
	json_str_or_null(j, "description", e->description);
	json_str_or_null(j, "dynamic_map", e->type == MAP_DYNAMIC ? e->dynamic : NULL);
	json_str(j, "created_from", x->from);
	json_bool(j, "complete", x->made || x->profile || show_map_complete(in->config, e));
	peers(e, x->made ? &x->peer : NULL, j);
	if (x->made) {
		made_list(&x->made->sel, j);
		json_ident(j, "local_ident", &x->made->sel, false);
		json_ident(j, "remote_ident", &x->made->sel, true);
	} else {
		list(in, e, j);
		json_null(j, "local_ident");
		json_null(j, "remote_ident");
	}
	json_addr(j, "current_peer", &x->peer);
	terms(in, e, j);
	session_keys(e, j);
}

static void entry(const struct show_in *in, const struct cfg_map *m, const struct cfg_map_entry *e,
		  struct json *j)
{
	struct entry x = { .name = m->name, .seq = e->seq, .ipv6 = m->ipv6, .e = e };

	if (e->type != MAP_DYNAMIC)
		(void)show_map_peer(in, m, e, &x.peer);
	entry_begin(in, &x, j);
	using(in, m, j);
	json_object_end(j);
}

/* ---- what nobody wrote: entries out of dynamic maps, maps of protected tunnels ---- */

static void temporary(const struct show_in *in, const struct cfg_map *m, const struct p2_policy *p, unsigned *number,
		      struct json *j)
{
	struct entry x = { .name = m->name, .ipv6 = m->ipv6, .made = p, .peer = p->peers[0] };

	if (!p->dynamic || !p->of || strcmp(p->map, m->name) != 0)
		return;
	x.seq = 65536 + (*number)++; /* IOS counts them from there */
	x.e = show_map_template(in, m, p, &x.from);
	if (!x.e)
		return;
	(void)show_policy_peer(in, p, &x.peer);
	entry_begin(in, &x, j);
	using(in, m, j);
	json_object_end(j);
}

static void head(const struct show_in *in, const struct exec_args *a, const struct p2_policy *p, struct json *j)
{
	static const struct cfg_map_entry none = { .type = MAP_ISAKMP };
	const struct cfg_interface *i = show_head_if(in, p, a->ifname);
	struct entry x = { .name = p->map, .seq = p->seq, .ipv6 = p->local.family == IP_V6,
			   .made = p, .peer = p->peers[0] };
	struct entry profile = { .name = p->map, .seq = 65536, .ipv6 = x.ipv6, .profile = true };

	if (!i || (a->name[0] && strcmp(a->name, p->map) != 0))
		return;
	x.e = config_find_ipsec_profile(in->config, i->tunnel.protection);
	x.e = x.e ? x.e : &none;
	x.from = i->tunnel.protection;
	profile.e = x.e;
	profile.from = x.from;
	entry_begin(in, &profile, j);
	json_array(j, "interfaces");
	json_array_end(j);
	json_object_end(j);
	(void)show_policy_peer(in, p, &x.peer);
	entry_begin(in, &x, j);
	json_array(j, "interfaces");
	for (size_t n = 0; n < in->config->interfaces.n; n++)
		if (show_shares_head(in->config->interfaces.v[n], p->map))
			json_str(j, NULL, in->config->interfaces.v[n]->name);
	json_array_end(j);
	json_object_end(j);
}

static bool wanted(const struct config *c, const struct cfg_map *m, const struct exec_args *a)
{
	const struct cfg_interface *on = a->ifname[0] ? config_find_interface(c, a->ifname) : NULL;

	return (!a->name[0] || !strcmp(a->name, m->name)) &&
	       (!a->ifname[0] || (on && !strcmp(m->ipv6 ? on->ip6.crypto_map : on->crypto_map, m->name)));
}

/* k->at goes over the maps, and then over the policies for their heads; k->sub over a map's entries, and then over the
 * policies for those that the router has made of it. */
bool json_map_element(const struct show_in *in, const struct exec_args *a, struct show_json_cursor *k, struct json *j)
{
	const struct config *c = in->config;
	const struct cfg_map *m;

	if (k->at >= c->maps.n) {
		if (k->at - c->maps.n == in->n_p2)
			return false;
		head(in, a, &in->p2[k->at++ - c->maps.n], j);
		return true;
	}
	m = c->maps.v[k->at];
	if (!wanted(c, m, a) || k->sub == m->entries.n + in->n_p2) {
		k->at++;
		k->sub = 0;
		k->number = 0;
	} else if (k->sub < m->entries.n) {
		entry(in, m, m->entries.v[k->sub++], j);
	} else {
		temporary(in, m, &in->p2[k->sub++ - m->entries.n], &k->number, j);
	}
	return true;
}

int json_crypto_map(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	return json_whole(in, a, "crypto_maps", json_map_element, j);
}

int json_dynamic_map(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	const struct config *c = in->config;

	json_array(j, "templates");
	for (size_t i = 0; i < c->dynamic_maps.n; i++) {
		const struct cfg_map *d = c->dynamic_maps.v[i];

		if (a->name[0] && strcmp(a->name, d->name) != 0)
			continue;
		for (size_t k = 0; k < d->entries.n; k++) {
			const struct cfg_map_entry *e = d->entries.v[k];

			json_object(j, NULL);
			json_str(j, "name", d->name);
			json_num(j, "sequence", e->seq);
			json_str_or_null(j, "description", e->description);
			peers(e, NULL, j);
			list(in, e, j);
			terms(in, e, j);
			json_object_end(j);
		}
	}
	json_array_end(j);
	return 0;
}

int json_ipsec_profile(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	const struct config *c = in->config;

	json_array(j, "profiles");
	for (size_t i = 0; i < c->ipsec_profiles.n; i++) {
		const struct cfg_map *m = c->ipsec_profiles.v[i];
		const struct cfg_map_entry *e = m->entries.v[0];

		if (a->name[0] && strcmp(a->name, m->name) != 0)
			continue;
		json_object(j, NULL);
		json_str(j, "name", m->name);
		json_str_or_null(j, "description", e->description);
		json_str_or_null(j, "isakmp_profile", e->profile);
		terms(in, e, j);
		json_object_end(j);
	}
	json_array_end(j);
	return 0;
}
