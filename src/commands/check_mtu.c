/* SPDX-License-Identifier: Apache-2.0 */
/* An `ip mtu` or `ip tcp adjust-mss` of a tunnel that cannot work. */
#include "commands/check_mtu.h"

#include <stdio.h>

#include "commands/check_ipv6.h"
#include "model/overhead.h"

struct esp_size {
	uint16_t iv, block, icv, ah;
};

/* Bytes that a set adds (RFC 4303 section 2; key lengths do not matter). */
static struct esp_size set_size(const struct p2_transform *t)
{
	static const uint16_t icv[] = { 0, 12, 12, 16, 24, 32, 12 };
	struct esp_size s = { .block = 4 };

	if (t->cipher == CIPHER_DES || t->cipher == CIPHER_3DES)
		s = (struct esp_size){ .iv = 8, .block = 8 };
	else if (t->cipher == CIPHER_AES_CBC)
		s = (struct esp_size){ .iv = 16, .block = 16 };
	else if (t->cipher == CIPHER_AES_CTR)
		s = (struct esp_size){ .iv = 8, .block = 4 };
	else if (t->cipher != CIPHER_NULL && t->cipher != CIPHER_UNSET)
		s = (struct esp_size){ .iv = 8, .block = 4, .icv = 16 };
	s.icv = (uint16_t)(s.icv + icv[t->esp_auth]);
	if (t->ah_auth)
		s.ah = (uint16_t)(12 + icv[t->ah_auth]);
	return s;
}

struct overhead check_set_overhead(const struct p2_transform *set, bool tunnel, bool ipv6)
{
	struct esp_size s = set_size(set);

	return (struct overhead){ .esp = set->cipher != CIPHER_UNSET, .tunnel = tunnel, .iv = s.iv, .icv = s.icv,
				  .align = s.block, .ah = s.ah, .ipv6 = ipv6 };
}

struct overhead check_tunnel_overhead(const struct cfg_tunnel *t, const struct p2_transform *set)
{
	/* a VTI's proxies are any to any: no transport mode */
	bool vti = cfg_tunnel_is_vti(t);
	struct overhead o = check_set_overhead(set, set->mode == MODE_TUNNEL || vti, cfg_tunnel_outer(t) == IP_V6);

	o.inside = vti ? 0 : (uint16_t)cfg_tunnel_header(t);
	return o;
}

uint32_t check_tunnel_room(const struct cfg_tunnel *t, const struct p2_transform *set, uint32_t link)
{
	struct overhead o = check_tunnel_overhead(t, set);

	return overhead_room(&o, link);
}

/* The entry of map m that protects the GRE packets of a tunnel. */
static const struct cfg_map_entry *entry_for(const struct config *c, const struct cfg_map *m,
					     const struct flow *gre)
{
	struct selector sel[ACL_MAX_SELECTORS];

	for (size_t i = 0; i < m->entries.n; i++) {
		const struct cfg_acl *acl = config_find_acl(c, m->entries.v[i]->match_acl);

		for (size_t k = 0; acl && k < acl->entries.n; k++) {
			const struct acl_entry *e = acl->entries.v[k];
			size_t n = acl_entry_selectors(e, sel, ACL_MAX_SELECTORS);
			bool hit = false;

			for (size_t j = 0; j < n; j++)
				hit |= selector_has(&sel[j], gre);
			if (hit && e->kind == ACE_PERMIT)
				return m->entries.v[i];
			if (hit)
				break;
		}
	}
	return NULL;
}

/* The interface that a tunnel leaves by, as far as the configuration tells. */
static const struct cfg_interface *egress(const struct config *c, const struct cfg_tunnel *t)
{
	if (t->source_if[0])
		return config_find_interface(c, t->source_if);
	for (size_t i = 0; i < c->interfaces.n; i++)
		if (ipaddr_equal(&c->interfaces.v[i]->addr.addr, &t->source) ||
		    cfg_if6_find(&c->interfaces.v[i]->ip6, &t->source) < c->interfaces.v[i]->ip6.n)
			return c->interfaces.v[i];
	return NULL;
}

/* The device may have its address from the host: then nothing can be said. */
bool check_find_protection(const struct config *c, const struct cfg_interface *i, uint32_t *ret_link,
			   const struct cfg_map_entry **ret_entry)
{
	const struct cfg_tunnel *t = &i->tunnel;
	const struct cfg_interface *out = egress(c, t);
	bool ipv6 = cfg_tunnel_outer(t) == IP_V6;
	const struct cfg_map *m =
		out ? config_find_map(c, ipv6 ? out->ip6.crypto_map : out->crypto_map) : NULL;
	struct flow gre = { .proto = cfg_tunnel_proto(t), .remote = t->destination };

	if (!out)
		return false;
	gre.local = t->source.family ? t->source : ipv6 ? check_first_address6(out) : out->addr.addr;
	if (!gre.local.family || !gre.remote.family)
		return false;
	if (t->protection[0] && !config_find_ipsec_profile(c, t->protection))
		return false; /* it sends nothing */
	*ret_entry = t->protection[0] ? config_find_ipsec_profile(c, t->protection) :
		     m		      ? entry_for(c, m, &gre) :
					NULL;
	*ret_link = out->mtu ? out->mtu : 1500;
	if (!ipv6 && out->ip_mtu && out->ip_mtu < *ret_link)
		*ret_link = out->ip_mtu;
	if (ipv6 && out->ip6.mtu && out->ip6.mtu < *ret_link)
		*ret_link = out->ip6.mtu;
	return true;
}

/* What fits, until a NAT is found on the way. */
static void check_nat_room(const struct config *c, const struct cfg_interface *i, const struct p2_transform *set, uint32_t link,
			   const char *obj, struct report *r)
{
	struct overhead o = check_tunnel_overhead(&i->tunnel, set);
	uint32_t room = overhead_room(&o, link), behind;
	char fix[40];

	o.udp = true;
	behind = overhead_room(&o, link);
	if (!c->ipsec.nat_transparency || set->ah_auth || i->ip_mtu > room || i->ip_mtu <= behind)
		return;
	snprintf(fix, sizeof(fix), "ip mtu %u", behind);
	report_object(r, REPORT_NOTE, obj, fix,
		      "ip mtu %u fits transform set %s, but not if the peers find a NAT between them: then %u bytes fit.", i->ip_mtu,
		      set->name, behind);
}

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

		if (!set)
			continue;
		check_fit(i, e->transforms[k], check_tunnel_room(&i->tunnel, &set->t, link), obj, r);
		check_nat_room(c, i, &set->t, link, obj, r);
	}
}

void commands_mtu_notes(const struct config *c, const struct cfg_interface *i, struct txt *out)
{
	struct report r = { 0 };

	if (i->is_tunnel)
		check_mtu(c, i, i->name, &r);
	for (size_t k = 0; k < r.n; k++)
		if (r.v[k].text && r.v[k].severity != REPORT_NOTE)
			txt_printf(out, "%% NOTE: %s Type: %s\n", r.v[k].text,
				   r.v[k].fix ? r.v[k].fix : "");
	report_fini(&r);
}
