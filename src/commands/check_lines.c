/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of crypto access lists: each is a pair of SAs, and the peer has to have its mirror. */
#include <stdio.h>
#include <string.h>

#include "commands/check_parts.h"

#define LINES_COMPARED 200 /* with each other, of a list or of two: a start does not wait for more */

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

/* GRE between the two ends: what its peers expect are proxies of protocol 47, without a second pair of addresses. */
static void check_gre(const struct config *c, const struct cfg_map_entry *e, const struct ipaddr *local,
		      const struct acl_entry *a, const char *obj, struct report *r)
{
	const struct cfg_transform *t = e->n_transforms ? config_find_transform(c, e->transforms[0]) : NULL;
	char one[IPADDR_STRLEN], two[IPADDR_STRLEN], fix[CHECK_NAME_LEN];
	bool ends = false, hosts = is_host(&a->src) && is_host(&a->dst);

	for (size_t i = 0; i < e->n_peers; i++)
		ends |= is_end(&a->src, local) && is_end(&a->dst, &e->peers[i].addr);
	if (!a->proto && ends) {
		snprintf(fix, sizeof(fix), "permit gre host %s host %s", ipaddr_ios(&a->src.addr, one), ipaddr_ios(&a->dst.addr, two));
		report_object(r, REPORT_NOTE, obj, fix,
			      "entry %u of access list %s protects all between the two ends; for a GRE tunnel peers expect protocol gre.",
			      a->seq, e->match_acl);
		report_entry(r, e->match_acl, a->seq);
	}
	if (!t)
		return;
	if (t->t.mode != MODE_TRANSPORT && a->proto == 47 && hosts) {
		snprintf(fix, sizeof(fix), "crypto ipsec transform-set %s ..., mode transport", t->t.name);
		report_object(r, REPORT_NOTE, obj, fix,
			      "GRE between the two ends in tunnel mode carries their addresses twice: 20 bytes a packet.");
	}
	if (t->t.mode == MODE_TRANSPORT && local->family && !ends)
		report_object(r, REPORT_NOTE, obj, "mode tunnel",
			      "entry %u of access list %s is not of the two ends alone, so transform set %s is used in tunnel mode.",
			      a->seq, e->match_acl, t->t.name);
}

/* An earlier line that takes whatever this one would; NULL: none. */
static const struct acl_entry *taken_by(const struct cfg_acl *acl, size_t before, const struct acl_entry *a)
{
	struct selector in[ACL_MAX_SELECTORS], out[ACL_MAX_SELECTORS];
	size_t n_in = acl_entry_selectors(a, in, ACL_MAX_SELECTORS);

	for (size_t k = 0; k < before && k < LINES_COMPARED; k++) {
		const struct acl_entry *b = acl->entries.v[k];
		size_t n_out = acl_entry_selectors(b, out, ACL_MAX_SELECTORS), covered = 0;

		if (b->kind == ACE_REMARK || !acl_entry_is_plain(b))
			continue;
		for (size_t i = 0; i < n_in; i++)
			for (size_t j = 0; j < n_out; j++)
				if (selector_covers(&out[j], &in[i])) {
					covered++;
					break;
				}
		if (n_in && covered == n_in)
			return b;
	}
	return NULL;
}

static void check_order(const struct cfg_acl *acl, size_t i, const char *obj, struct report *r)
{
	const struct acl_entry *a = acl->entries.v[i], *b = taken_by(acl, i, a);

	if (!b)
		return;
	report_object(r, REPORT_NOTE, obj, NULL, "entry %u of access list %s is within entry %u, which takes its packets.", a->seq,
		      acl->name, b->seq);
	report_entry(r, acl->name, a->seq);
}

static void check_list(const struct config *c, const struct cfg_map_entry *e, const struct cfg_acl *acl, const struct ipaddr *local,
		       const char *obj, struct report *r)
{
	size_t permits = 0;

	for (size_t i = 0; acl && i < acl->entries.n; i++) {
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
		check_order(acl, i, obj, r);
	}
	if (permits > 1 && !e->per_host)
		report_object(r, REPORT_NOTE, obj, NULL,
			      "access list %s permits by %zu lines, each of which is negotiated as a pair of SAs of its own: a peer "
			      "that is no IOS needs as many pairs of networks.", acl->name, permits);
}

/* ---- entries of a map beside each other ---- */

/* All that an entry protects goes by one before it. acls: those of the first entries. */
static void check_shadow(const struct cfg_map *m, size_t at, const struct cfg_acl *acl, const struct cfg_acl *const *acls,
			 const char *obj, struct report *r)
{
	size_t permits = 0;

	for (size_t k = 0; acl && k < at && k < LINES_COMPARED; k++) {
		const struct cfg_acl *before = acls[k];
		size_t taken = 0;

		permits = 0;
		for (size_t i = 0; before && i < acl->entries.n && i < LINES_COMPARED; i++) {
			const struct acl_entry *by = NULL;

			if (acl->entries.v[i]->kind != ACE_PERMIT)
				continue;
			permits++;
			by = taken_by(before, before->entries.n, acl->entries.v[i]);
			taken += by && by->kind == ACE_PERMIT;
		}
		if (permits && taken == permits) {
			report_object(r, REPORT_WARNING, obj, NULL,
				      "entry %u of the map comes before it and takes all that access list %s permits: this one never "
				      "matches.", m->entries.v[k]->seq, acl->name);
			return;
		}
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

void check_crypto_lists(const struct config *c, struct report *r)
{
	char obj[CHECK_NAME_LEN];

	for (size_t i = 0; i < c->maps.n; i++) {
		const struct cfg_map *m = c->maps.v[i];
		const struct cfg_acl *acls[LINES_COMPARED];
		struct ipaddr local = local_of(c, m);

		for (size_t k = 0; k < m->entries.n; k++) {
			const struct cfg_map_entry *e = m->entries.v[k];
			const struct cfg_acl *acl = config_find_acl(c, e->match_acl);

			if (k < LINES_COMPARED)
				acls[k] = acl;
			if (e->type != MAP_ISAKMP)
				continue;
			snprintf(obj, sizeof(obj), "crypto map %s %u", m->name, e->seq);
			check_list(c, e, acl, &local, obj, r);
			check_shadow(m, k, acl, acls, obj, r);
		}
	}
}
