/* SPDX-License-Identifier: Apache-2.0 */
/* show crypto ipsec profile. */
#include "control/show_parts.h"

#include <stdio.h>
#include <string.h>

void show_head_name(const struct cfg_interface *i, char out[IOS_NAME_MAX])
{
	/* tunnels that share a profile's SAs share its map */
	if (i->tunnel.protection_shared)
		snprintf(out, IOS_NAME_MAX, "%.*s-head-1", IOS_NAME_MAX - 8, i->tunnel.protection);
	else
		snprintf(out, IOS_NAME_MAX, "%.*s-head-0", IOS_NAME_MAX - 8, i->name);
}

void show_ipsec_profile(const struct show_in *in, const char *name, struct txt *out)
{
	const struct config *c = in->config;

	for (size_t i = 0; i < c->ipsec_profiles.n; i++) {
		const struct cfg_map *m = c->ipsec_profiles.v[i];
		const struct cfg_map_entry *e = m->entries.v[0];

		if (name[0] && strcmp(name, m->name) != 0)
			continue;
		txt_printf(out, "IPSEC profile %s\n", m->name);
		if (e->description[0])
			txt_printf(out, "\tDescription: %s\n", e->description);
		if (e->profile[0])
			txt_printf(out, "\tISAKMP Profile: %s\n", e->profile);
		show_map_terms(in, e, out);
		txt_char(out, '\n');
	}
}
