/* SPDX-License-Identifier: Apache-2.0 */
/* Tunnel protection compiled: an SPD entry and a policy of IKE for each protected tunnel,
 * on the tunnel's own interface. IOS makes a crypto map of its own for it, TunnelN-head-0,
 * whose proxies are the tunnel's ends and its protocol (47 of GRE); of a VTI anything of the
 * family that it carries. */
#include "control/compile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "control/show_parts.h"

#define INSTANCE_SEQ 65537 /* IOS's number for the instance of a profile */

static struct selector proxies(const struct cfg_tunnel *t, const struct ipaddr *src)
{
	struct selector s = { .local = { .addr = *src }, .remote = { .addr = t->destination },
			      .proto = cfg_tunnel_proto(t) };
	struct ipaddr any = { .family = cfg_tunnel_carries(t, IP_V6) ? IP_V6 : IP_V4 };

	/* `tunnel mode ipv6` carries 4 and 41: any protocol between its ends */
	if (t->mode == TUNNEL_IPV6)
		s.proto = 0;
	if (cfg_tunnel_is_vti(t))
		s.local = s.remote = addr_match_of(&any, 0);
	return s;
}

/* A profile that is not there leaves an entry that nobody negotiates: what the tunnel
 * sends is dropped. */
static void terms(const struct config *c, const struct cfg_interface *ci, struct compiled *out,
		  struct p2_policy *p)
{
	const struct cfg_tunnel *t = &ci->tunnel;
	const struct cfg_map_entry *e = config_find_ipsec_profile(c, t->protection);
	struct cfg_map named = { .name = "" };

	*p = (struct p2_policy){ 0 };
	snprintf(named.name, sizeof(named.name), "%s", t->protection);
	if (e)
		compile_entry(c, &named, e, out, p);
	if (!t->protection[0])
		txt_printf(&out->notes, "interface %s: a line of tunnel protection was not understood: "
					"the tunnel sends and takes nothing\n", ci->name);
	if (t->protection_isakmp[0])
		snprintf(p->profile, sizeof(p->profile), "%s", t->protection_isakmp);
	p->seq = INSTANCE_SEQ;
	show_head_name(ci, p->map);
	p->per_host = false;
	p->standing = true;
	p->responder_only = e && e->responder_only;
	/* `shutdown` ends the SAs, and nobody gets others */
	p->n_peers = ci->shutdown ? 0 : 1;
	p->peers[0] = t->destination;
}

/* Of a shared entry the ends are a part of its name. */
static uint32_t number_of(const struct ipaddr *a)
{
	static const uint64_t seed[2] = { 0 }; /* no stranger chooses them */

	return a->family == IP_V6 ? (uint32_t)hash_bytes(seed, a->b, sizeof(a->b)) : ipaddr_to_v4(a);
}

/* Several tunnels share one entry, which stands already: that the tunnel it was made for is shut
 * down is no reason for the others to have no SAs. */
static bool is_shared(struct compiled *out, uint32_t id, const struct cfg_interface *ci)
{
	for (size_t i = 0; i < out->ike.n_p2; i++)
		if (out->p2[i].id == id) {
			if (!ci->shutdown)
				out->p2[i].n_peers = 1;
			return true;
		}
	return false;
}

int compile_protection(const struct config *c, const struct cfg_interface *ci,
		       const struct bound_if *own, const struct bound_if *wire, const struct fwd_tunnel *f, struct policy_ids *ids, struct compiled *out,
		       uint32_t *ret_id)
{
	const struct cfg_tunnel *t = &ci->tunnel;
	uint32_t ifid = own->tun_port ? own->ifindex : 0;
	struct p2_policy p;
	struct fwd_policy spd = { .ifid = ifid, .map_seq = INSTANCE_SEQ,
				  .action = FWD_POLICY_PROTECT, .local = f->src,
				  .path_mtu = f->path_mtu ? f->path_mtu : 1500,
				  /* the tunnel's own word, or that of the interface it leaves by */
				  .df_bit = (ci->df_bit ? own : wire)->df_bit,
				  .frag_after = (ci->frag ? own : wire)->frag_after };

	terms(c, ci, out, &p);
	/* by the tunnel's name, not by its device: that is younger than this process; of a shared
	 * one by what is negotiated */
	spd.id = policy_ids_take(ids, p.map, t->protection_shared ? number_of(&f->src) : 0,
				 INSTANCE_SEQ, t->protection_shared ? number_of(&f->dst) : 0,
				 t->protection_shared ? t->mode : 0);
	if (!spd.id)
		return -ENOMEM;
	*ret_id = spd.id;
	enum ip_family outer = cfg_tunnel_outer(t);
	if (!ifid || f->src.family != outer || f->dst.family != outer || is_shared(out, spd.id, ci))
		return 0;
	spd.sel = proxies(t, &f->src);
	p.id = spd.id;
	p.ifid = ifid;
	p.sel = spd.sel;
	p.local = f->src;
	return compiled_add_line(out, &spd, &p);
}
