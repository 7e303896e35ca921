/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of crypto access lists: each is a pair of SAs, and the peer has to have its mirror. */
#include <stdio.h>
#include <string.h>

#include "commands/check_parts.h"

/* With each other, of a list or of two: neither a start nor other sessions wait for more. */
#define LINES_COMPARED 200
#define COMPARED_MOST  40000 /* for one entry; lines of several ports count several times */

static bool is_any(const struct addr_match *m)
{
	unsigned len;

	return addr_match_prefix(m, &len) && !len;
}

static bool is_host(const struct addr_match *m)
{
	unsigned len;

	return addr_match_prefix(m, &len) && len == (m->addr.family == IP_V6 ? 128 : 32);
}

/* One of the two addresses of the tunnel itself. */
static bool is_end(const struct addr_match *m, const struct ipaddr *end)
{
	return end->family && is_host(m) && ipaddr_equal(&m->addr, end);
}

static void check_reach(const struct acl_entry *a, const char *list, const char *obj, struct report *r)
{
	if (is_any(&a->src) && is_any(&a->dst))
		report_object(r, REPORT_WARNING, obj, "permit ip SOURCE WILDCARD DESTINATION WILDCARD",
			      "entry %u of access list %s protects everything, also what is for others than the peer.", a->seq, list);
	else if (is_any(&a->dst))
		report_object(r, REPORT_NOTE, obj, NULL,
			      "entry %u of access list %s protects what goes anywhere: all other traffic of these sources goes "
			      "to this peer, or nowhere.", a->seq, list);
	else if (is_any(&a->src))
		report_object(r, REPORT_NOTE, obj, "permit ip SOURCE WILDCARD DESTINATION WILDCARD",
			      "entry %u of access list %s protects what comes from anywhere: the peer's list has to end in any, and all "
			      "that those networks send goes to this router.", a->seq, list);
	else
		return;
	report_entry(r, list, a->seq);
}

/* IKE says one port or all of them (RFC 2407 section 4.6.2). */
static void check_ports(const struct acl_entry *a, const char *list, const char *obj, struct report *r)
{
	bool one = a->src_port.op <= PORT_EQ && a->dst_port.op <= PORT_EQ;

	if (!a->src_port.op && !a->dst_port.op)
		return;
	if (one)
		report_object(r, REPORT_NOTE, obj, "permit ip SOURCE WILDCARD DESTINATION WILDCARD",
			      "entry %u of access list %s protects by ports: later fragments have none and are not protected by it, "
			      "and the peer's line needs source and destination ports exchanged.", a->seq, list);
	else
		report_object(r, REPORT_WARNING, obj, "permit tcp SOURCE DESTINATION eq PORT, a line for each port",
			      "entry %u of access list %s tests ports in a way that IKE cannot say: it asks for all of them, and a peer "
			      "that compares lines refuses.", a->seq, list);
	report_entry(r, list, a->seq);
}

static void other_mode(const struct cfg_transform *t, const char *mode, struct report *r)
{
	struct txt words = TXT_INIT;

	check_set_words(&t->t, &words);
	report_fix(r, "crypto ipsec transform-set %s %.*s, mode %s", t->t.name, (int)(words.len ? words.len - 1 : 0),
		   txt_cstr(&words), mode);
	txt_fini(&words);
}

/* GRE between the two ends: what its peers expect are proxies of protocol 47, without a second pair of addresses. */
static void check_gre(const struct config *c, const struct cfg_map_entry *e, const struct ipaddr *local,
		      const struct acl_entry *a, const char *obj, struct report *r)
{
	const struct cfg_transform *t = e->n_transforms ? config_find_transform(c, e->transforms[0]) : NULL;
	char one[IPADDR_STRLEN], two[IPADDR_STRLEN];
	bool ends = false, hosts = is_host(&a->src) && is_host(&a->dst);

	for (size_t i = 0; i < e->n_peers; i++)
		ends |= is_end(&a->src, local) && is_end(&a->dst, &e->peers[i].addr);
	if (!a->proto && ends) {
		report_object(r, REPORT_NOTE, obj, NULL,
			      "entry %u of access list %s protects all between the two ends; for a GRE tunnel peers expect protocol gre.",
			      a->seq, e->match_acl);
		report_fix(r, "ip access-list extended %s, no %u, %u permit gre host %s host %s", e->match_acl, a->seq, a->seq,
			   ipaddr_ios(&a->src.addr, one), ipaddr_ios(&a->dst.addr, two));
		report_entry(r, e->match_acl, a->seq);
	}
	if (!t)
		return;
	if (t->t.mode != MODE_TRANSPORT && a->proto == 47 && hosts) {
		report_object(r, REPORT_NOTE, obj, NULL,
			      "GRE between the two ends in tunnel mode carries their addresses twice: 20 bytes a packet.");
		other_mode(t, "transport", r);
	}
	if (t->t.mode == MODE_TRANSPORT && local->family && !ends) {
		report_object(r, REPORT_NOTE, obj, NULL,
			      "entry %u of access list %s is not of the two ends alone, so transform set %s is used in tunnel mode.",
			      a->seq, e->match_acl, t->t.name);
		other_mode(t, "tunnel", r);
	}
}

/* An earlier line that takes whatever this one would; NULL: none, or *left comparisons do not tell. */
static const struct acl_entry *taken_by(const struct cfg_acl *acl, size_t before, const struct acl_entry *a, size_t *left)
{
	struct selector in[ACL_MAX_SELECTORS], out[ACL_MAX_SELECTORS];
	size_t n_in = acl_entry_selectors(a, in, ACL_MAX_SELECTORS);

	for (size_t k = 0; k < before && k < LINES_COMPARED; k++) {
		const struct acl_entry *b = acl->entries.v[k];
		size_t n_out = acl_entry_selectors(b, out, ACL_MAX_SELECTORS), covered = 0, cost = n_in * n_out + 1;

		if (cost > *left)
			return NULL;
		*left -= cost;
		if (b->kind == ACE_REMARK || !acl_entry_is_plain(b))
			continue;
		for (size_t i = 0; i < n_in && covered == i; i++)
			for (size_t j = 0; j < n_out && covered == i; j++)
				covered += selector_covers(&out[j], &in[i]);
		if (n_in && covered == n_in)
			return b;
	}
	return NULL;
}

static void check_order(const struct cfg_acl *acl, size_t i, const char *obj, size_t *left, struct report *r)
{
	const struct acl_entry *a = acl->entries.v[i], *b = taken_by(acl, i, a, left);

	if (!b)
		return;
	report_object(r, REPORT_NOTE, obj, NULL, "entry %u of access list %s is within entry %u, which takes its packets.", a->seq,
		      acl->name, b->seq);
	report_entry(r, acl->name, a->seq);
}

static void check_list(const struct config *c, const struct cfg_map_entry *e, const struct cfg_acl *acl, const struct ipaddr *local,
		       const char *obj, struct report *r)
{
	size_t permits = 0, left = COMPARED_MOST;

	for (size_t i = 0; i < acl->entries.n; i++) {
		const struct acl_entry *a = acl->entries.v[i];

		if (a->kind == ACE_DENY) {
			report_object(r, REPORT_NOTE, obj, NULL,
				      "entry %u of access list %s denies: what it names goes to the next entry of the map, or in "
				      "clear; the peer's list has to leave out the same.", a->seq, acl->name);
			report_entry(r, acl->name, a->seq);
		}
		if (a->kind != ACE_PERMIT)
			continue;
		permits++;
		check_reach(a, acl->name, obj, r);
		check_ports(a, acl->name, obj, r);
		check_gre(c, e, local, a, obj, r);
		check_order(acl, i, obj, &left, r);
	}
	if (permits > 1 && !e->per_host)
		report_object(r, REPORT_NOTE, obj, NULL,
			      "access list %s permits by %zu lines, each of which is negotiated as a pair of SAs of its own: a peer "
			      "that is no IOS needs as many pairs of networks.", acl->name, permits);
}

/* ---- entries of a map beside each other ---- */

static bool takes_all(const struct cfg_acl *before, const struct cfg_acl *acl, size_t *left)
{
	size_t permits = 0;

	for (size_t i = 0; i < acl->entries.n; i++) {
		const struct acl_entry *a = acl->entries.v[i], *by;

		if (a->kind != ACE_PERMIT)
			continue;
		by = taken_by(before, before->entries.n, a, left);
		if (!by || by->kind != ACE_PERMIT)
			return false;
		permits++;
	}
	return permits > 0;
}

/* All that an entry protects goes by one before it. */
static void check_shadow(const struct config *c, const struct cfg_map *m, size_t at, const struct cfg_acl *acl, const char *obj,
			 struct report *r)
{
	size_t left = COMPARED_MOST;

	for (size_t k = 0; k < at && k < LINES_COMPARED; k++) {
		const struct cfg_map_entry *e = m->entries.v[k];
		const struct cfg_acl *before = e->match_acl[0] ? config_find_acl(c, e->match_acl) : NULL;

		if (!before || !takes_all(before, acl, &left))
			continue;
		report_object(r, REPORT_WARNING, obj, NULL,
			      "entry %u of the map comes before it and takes all that access list %s permits: this one never "
			      "matches.", e->seq, acl->name);
		return;
	}
}

/* The address that entries of a map speak from; IP_NONE: several, or not known. */
static struct ipaddr local_of(const struct config *c, const struct cfg_map *m)
{
	struct ipaddr found = { 0 };

	for (size_t i = 0; i < c->interfaces.n; i++) {
		const struct cfg_interface *f = c->interfaces.v[i];
		const struct cfg_interface *l = m->local_if[0] ? config_find_interface(c, m->local_if) : f;

		if (strcmp(f->crypto_map, m->name) != 0 || !l)
			continue;
		if (found.family && !ipaddr_equal(&found, &l->addr.addr))
			return (struct ipaddr){ 0 };
		found = l->addr.addr;
	}
	return found;
}

bool check_crypto_list(const struct config *c, size_t i, struct report *r)
{
	size_t at;
	const struct cfg_map *m = check_nth_entry(c, i, &at);
	const struct cfg_map_entry *e = m && at < m->entries.n ? m->entries.v[at] : NULL;
	const struct cfg_acl *acl = e ? config_find_acl(c, e->match_acl) : NULL;
	struct ipaddr local;
	char obj[CHECK_NAME_LEN];

	if (!acl || e->type != MAP_ISAKMP)
		return m != NULL;
	local = local_of(c, m);
	snprintf(obj, sizeof(obj), "crypto map %s%s %u", m->ipv6 ? "ipv6 " : "", m->name, e->seq);
	check_list(c, e, acl, &local, obj, r);
	check_shadow(c, m, at, acl, obj, r);
	return true;
}
