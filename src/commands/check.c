/* SPDX-License-Identifier: Apache-2.0 */
/* Checks between objects. Each says what is wrong, with what consequence, and
 * what to type. Here: interfaces and tunnels. */
#include "commands/check_parts.h"

#include <stdio.h>
#include <string.h>

#include "commands/check_ipv6.h"
#include "commands/check_mtu.h"
#include "commands/check_pki.h"
#include "commands/check_protection.h"
#include "commands/unsupported.h"

void check_object_name(char out[CHECK_NAME_LEN], const char *what, const char *name)
{
	snprintf(out, CHECK_NAME_LEN, "%s %s", what, name);
}

static void check_protection(const struct config *c, const struct cfg_interface *i, const char *obj,
			     struct report *r)
{
	const struct cfg_tunnel *t = &i->tunnel;
	const struct cfg_map_entry *e;
	uint32_t link;

	if (!check_find_protection(c, i, &link, &e))
		return;
	if (!e && !i->crypto_map[0] && !cfg_interface_protected(i))
		report_object(r, REPORT_WARNING, obj, "tunnel protection ipsec profile NAME",
			      "no crypto map protects this tunnel: %s does not encrypt.",
			      cfg_tunnel_proto(t) == 47 ? "GRE" : "IP in IP");
	check_mtu(c, i, obj, r);
}

/* Two tunnels that nothing in a packet tells apart. */
static bool same_packets(const struct cfg_tunnel *a, const struct cfg_tunnel *b)
{
	bool keyless = cfg_tunnel_proto(a) != 47;

	return a->destination.family && ipaddr_equal(&a->destination, &b->destination) &&
	       ipaddr_equal(&a->source, &b->source) && !strcmp(a->source_if, b->source_if) &&
	       a->mode == b->mode && (keyless || (a->has_key == b->has_key && a->key == b->key));
}

static void check_twins(const struct config *c, const struct cfg_interface *i, const char *obj,
			struct report *r)
{
	for (size_t k = 0; c->interfaces.v[k] != i; k++) {
		const struct cfg_interface *other = c->interfaces.v[k];

		if (other->is_tunnel && same_packets(&i->tunnel, &other->tunnel))
			report_object(r, REPORT_WARNING, obj, "tunnel key NUMBER, another one in each",
				      "%s has the same source, destination and key: what arrives "
				      "reaches one of them only.", other->name);
	}
}

static void check_tunnel(const struct config *c, const struct cfg_interface *i, struct report *r)
{
	const struct cfg_tunnel *t = &i->tunnel;
	char obj[CHECK_NAME_LEN];

	check_object_name(obj, "interface", i->name);
	if (t->mode == TUNNEL_GRE_MULTIPOINT || t->mode >= TUNNEL_OTHER)
		report_object(r, REPORT_ERROR, obj, "tunnel mode gre ip",
			      "this tunnel mode is not run by this version.");
	if (cfg_tunnel_proto(t) != 47 && (t->has_key || t->checksum || t->sequence || t->keepalive))
		report_object(r, REPORT_WARNING, obj, "tunnel mode gre ip",
			      "this tunnel mode has no key, checksum, sequence numbers or keepalives: "
			      "they are GRE's.");
	check_tunnel_protection(c, i, obj, r);
	check_profile_use(c, obj, t->protection_isakmp, r);
	if (t->protection[0] && t->destination.family && check_lacks_key(c, &t->destination))
		check_no_key(obj, &t->destination, "there is no pre-shared key for the tunnel's destination.", r);
	if (!t->source.family && !t->source_if[0])
		report_object(r, REPORT_ERROR, obj, "tunnel source INTERFACE",
			      "there is no tunnel source, so the tunnel stays down.");
	if (t->source_if[0] && !config_find_interface(c, t->source_if)) {
		report_object(r, REPORT_WARNING, obj, NULL, "the source interface %s is not configured.", t->source_if);
		report_fix(r, "interface %s, ip address A.B.C.D MASK", t->source_if);
	}
	if (t->destination_host[0])
		report_object(r, REPORT_ERROR, obj, "tunnel destination A.B.C.D",
			      "the destination %s is a name; this version needs its address.",
			      t->destination_host);
	else if (!t->destination.family)
		report_object(r, REPORT_ERROR, obj, "tunnel destination A.B.C.D",
			      "there is no tunnel destination, so the tunnel stays down.");
	check_twins(c, i, obj, r);
	check_protection(c, i, obj, r);
}

static void check_group(const struct config *c, const char *name, const char *obj, struct report *r)
{
	size_t n = name[0] ? config_acl_refused(c, name) : 0;

	if (n && !config_find_acl(c, name)) {
		report_object(r, REPORT_ERROR, obj, NULL, "no line of access list %s is understood, so there is none: everything "
			      "passes.", name);
		report_fix(r, "ip access-list extended %s", name);
	} else if (n)
		report_object(r, REPORT_ERROR, obj, "write them with tests that this version knows",
			      "%zu line%s of access list %s %s not understood and not used: what %s "
			      "may pass.", n, n == 1 ? "" : "s", name, n == 1 ? "is" : "are",
			      n == 1 ? "it denies" : "they deny");
}

static void check_group_exists(const struct config *c, const char *name, const char *obj, struct report *r)
{
	if (!name[0] || config_find_acl(c, name) || config_acl_refused(c, name)) /* of which check_group() has spoken */
		return;
	report_object(r, REPORT_WARNING, obj, NULL, "access list %s of ip access-group does not exist.", name);
	report_fix(r, "ip access-list extended %s", name);
}

static bool check_interface(const struct config *c, size_t i, struct report *r)
{
	const struct cfg_interface *f = i < c->interfaces.n ? c->interfaces.v[i] : NULL;
	char obj[CHECK_NAME_LEN];

	if (!f)
		return false;
	check_object_name(obj, "interface", f->name);
	if (f->is_tunnel)
		check_tunnel(c, f, r);
	if (f->crypto_map[0] && !config_find_map(c, f->crypto_map)) {
		report_object(r, REPORT_ERROR, obj, NULL, "crypto map %s does not exist, so nothing is protected.",
			      f->crypto_map);
		report_fix(r, "crypto map %s 10 ipsec-isakmp", f->crypto_map);
	}
	check_group(c, f->group_in, obj, r);
	if (strcmp(f->group_in, f->group_out) != 0)
		check_group(c, f->group_out, obj, r);
	check_group_exists(c, f->group_in, obj, r);
	if (strcmp(f->group_in, f->group_out) != 0)
		check_group_exists(c, f->group_out, obj, r);
	return true;
}

const struct cfg_map *check_nth_entry(const struct config *c, size_t i, size_t *ret_entry)
{
	for (size_t k = 0; k < c->maps.n; k++) {
		const struct cfg_map *m = c->maps.v[k];

		if (i <= m->entries.n) {
			*ret_entry = i;
			return m;
		}
		i -= m->entries.n + 1;
	}
	return NULL;
}

/* In the order of what is said. What looks at all of one kind for each of another goes object by object. */
static const struct {
	void (*whole)(const struct config *c, struct report *r);
	check_step *step;
} parts[] = {
	{ .whole = check_isakmp },
	{ .whole = check_transforms },
	{ .step = check_map_entry },
	{ .whole = check_templates },
	{ .step = check_interface },
	{ .whole = check_ipv6 },
	{ .whole = check_pki },
	{ .whole = check_users },
	{ .whole = check_weak_offers },
	{ .step = check_volume },
	{ .step = check_crypto_list },
	{ .step = check_way_in },
	{ .step = check_unused },
	{ .step = check_unused_key },
	{ .whole = check_unused_profiles },
	{ .whole = check_unsupported },
};

bool commands_check_some(const struct config *c, struct check_at *at, struct report *report)
{
	const size_t n = sizeof(parts) / sizeof(parts[0]);
	bool goes_on = false;

	if (at->part < n && parts[at->part].step)
		goes_on = parts[at->part].step(c, at->object++, report);
	else if (at->part < n)
		parts[at->part].whole(c, report);
	if (!goes_on) {
		at->part++;
		at->object = 0;
	}
	return at->part < n;
}

void commands_check(const struct config *c, struct report *report)
{
	struct check_at at = { 0 };

	while (commands_check_some(c, &at, report))
		;
}
