/* SPDX-License-Identifier: Apache-2.0 */
/* An `ip mtu` or `ip tcp adjust-mss` of a tunnel that cannot work. */
#include "commands/check_mtu.h"

#include <stdio.h>

#include "model/overhead.h"

/* What does not fit into room bytes: the longest packet, or TCP's longest segment. set:
 * the transform set that it has to pass; NULL: GRE alone. */
static void check_fit(const struct cfg_interface *i, const char *set, uint32_t room, const char *obj,
		      struct report *r)
{
	char fix[40], through[CFG_NAME_MAX + 24] = "GRE";

	if (set)
		snprintf(through, sizeof(through), "transform set %s", set);
	if (room && i->ip_mtu > room) {
		snprintf(fix, sizeof(fix), "ip mtu %u", room);
		report_object(r, REPORT_WARNING, obj, fix,
			      "ip mtu %u is too large for %s: %u bytes fit, "
			      "larger packets are fragmented.", i->ip_mtu, through, room);
	}
	if (i->ip_mtu && i->ip_mtu < room)
		room = i->ip_mtu;
	if (room > OVERHEAD_TCP && i->adjust_mss > room - OVERHEAD_TCP) {
		snprintf(fix, sizeof(fix), "ip tcp adjust-mss %u", room - OVERHEAD_TCP);
		report_object(r, REPORT_WARNING, obj, fix,
			      "ip tcp adjust-mss %u makes packets of %u bytes: %u fit.", i->adjust_mss,
			      i->adjust_mss + OVERHEAD_TCP, room);
	}
}

void check_mtu(const struct config *c, const struct cfg_interface *i, const char *obj,
		      struct report *r)
{
	const struct p2_transform none = { .cipher = CIPHER_UNSET, .mode = MODE_TRANSPORT };
	const struct cfg_map_entry *e;
	uint32_t link;

	if (!check_find_protection(c, i, &link, &e))
		return;
	if (!e)
		check_fit(i, NULL, check_tunnel_room(&i->tunnel, &none, link), obj, r);
	for (size_t k = 0; e && k < e->n_transforms; k++) {
		const struct cfg_transform *set = config_find_transform(c, e->transforms[k]);

		if (set)
			check_fit(i, e->transforms[k], check_tunnel_room(&i->tunnel, &set->t, link), obj, r);
	}
}

void commands_mtu_notes(const struct config *c, const struct cfg_interface *i, struct txt *out)
{
	struct report r = { 0 };

	if (i->is_tunnel)
		check_mtu(c, i, i->name, &r);
	for (size_t k = 0; k < r.n; k++)
		if (r.v[k].text)
			txt_printf(out, "%% NOTE: %s Type: %s\n", r.v[k].text,
				   r.v[k].fix ? r.v[k].fix : "");
	report_fini(&r);
}
