/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/check_protection.h"

#include <string.h>

/* Two tunnels between the same ends ask for the same proxy identities: without `shared`
 * one SA pair cannot tell whose it is. */
static void check_twins(const struct config *c, const struct cfg_interface *i, const char *obj,
			struct report *r)
{
	const struct cfg_tunnel *t = &i->tunnel;

	for (size_t k = 0; k < c->interfaces.n; k++) {
		const struct cfg_interface *o = c->interfaces.v[k];
		const struct cfg_tunnel *u = &o->tunnel;

		if (o == i || !o->is_tunnel || !ipaddr_equal(&t->destination, &u->destination) ||
		    !ipaddr_equal(&t->source, &u->source) || strcmp(t->source_if, u->source_if) != 0)
			continue;
		if (!u->protection[0]) {
			report_object(r, REPORT_ERROR, obj, "the same tunnel protection on both",
				      "%s has the same source and destination and no protection: "
				      "nothing leaves by it, and what arrives for it is dropped.",
				      o->name);
			continue;
		}
		if (strcmp(t->protection, u->protection) != 0 || !t->protection_shared ||
		    !u->protection_shared)
			report_object(r, REPORT_ERROR, obj,
				      "tunnel protection ipsec profile NAME shared, on both",
				      "%s has the same source and destination: their SAs cannot be "
				      "told apart.", o->name);
	}
}

void check_tunnel_protection(const struct config *c, const struct cfg_interface *i,
			     const char *obj, struct report *r)
{
	const struct cfg_tunnel *t = &i->tunnel;
	const struct cfg_map_entry *e = config_find_ipsec_profile(c, t->protection);

	if (!t->protection[0]) {
		if (cfg_interface_protected(i))
			report_object(r, REPORT_ERROR, obj, "tunnel protection ipsec profile NAME",
				      "a line of tunnel protection is not understood: the tunnel sends "
				      "and takes nothing.");
		if (cfg_tunnel_is_vti(t))
			report_object(r, REPORT_ERROR, obj, "tunnel protection ipsec profile NAME",
				      "an IPsec tunnel without tunnel protection stays down.");
		return;
	}
	if (t->mode == TUNNEL_GRE_MULTIPOINT || t->mode >= TUNNEL_OTHER)
		report_object(r, REPORT_ERROR, obj, "tunnel mode gre ip, or ipsec ipv4",
			      "tunnel protection in this tunnel mode is not run by this version; "
			      "the tunnel stays down.");
	if (!e) {
		report_object(r, REPORT_ERROR, obj, NULL,
			      "ipsec profile %s does not exist; the tunnel sends and takes nothing.", t->protection);
		report_fix(r, "crypto ipsec profile %s, set transform-set NAME", t->protection);
	} else if (!e->n_transforms) {
		report_object(r, REPORT_ERROR, obj, NULL,
			      "ipsec profile %s has no transform set; the tunnel sends and takes nothing.", t->protection);
		report_fix(r, "crypto ipsec profile %s, set transform-set NAME", t->protection);
	}
	check_twins(c, i, obj, r);
}
