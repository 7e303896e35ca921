/* SPDX-License-Identifier: Apache-2.0 */
#include "control/compile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int compile_tunnel(const struct config *c, const struct cfg_interface *ci,
			  const struct bound_if *ifs, size_t n_ifs, struct policy_ids *ids,
			  struct compiled *out)
{
	const struct cfg_tunnel *t = &ci->tunnel;
	const struct bound_if *bi = bound_find(ifs, n_ifs, ci->name);
	enum ip_family outer = cfg_tunnel_outer(t);
	const struct bound_if *wire = NULL;
	struct fwd_tunnel f = { .dst = t->destination, .has_key = t->has_key, .key = t->key,
				.ttl = t->ttl ? t->ttl : 255 };

	f.vti = cfg_tunnel_is_vti(t);
	if (!bi || t->mode == TUNNEL_GRE_MULTIPOINT || t->mode >= TUNNEL_OTHER ||
	    (f.vti && !t->protection[0]))
		return 0;
	f.tunnel_id = (uint32_t)strtoul(ci->name + strlen("Tunnel"), NULL, 10);
	f.tun_port = bi->tun_port;
	f.src = bound_tunnel_source(ifs, n_ifs, t);
	f.egress_ifid = bi->egress_ifindex;
	f.tos = t->tos ? (uint8_t)(t->tos - 1) : 0xff;
	f.mtu = (uint16_t)bi->mtu;
	f.own = bi->addr;
	f.own6 = bi->addr6;
	f.adjust_mss = (uint16_t)ci->adjust_mss;
	f.pmtud = t->path_mtu_discovery;
	f.pmtu_age_min = t->pmtu_age_min == PMTU_AGE_INFINITE ? 0 :
			 t->pmtu_age_min			 ? t->pmtu_age_min :
								   PMTU_AGE_DEFAULT;
	f.pmtu_least = t->pmtu_least ? t->pmtu_least : PMTU_LEAST_DEFAULT;
	for (size_t i = 0; i < n_ifs && !wire; i++)
		if (f.egress_ifid && ifs[i].ifindex == f.egress_ifid)
			wire = &ifs[i];
	if (wire)
		f.path_mtu = (uint16_t)compiled_ip_mtu(wire->mtu);
	f.encap = t->mode == TUNNEL_IPIP   ? FWD_ENCAP_IPIP :
		  t->mode == TUNNEL_IPV6IP ? FWD_ENCAP_IPV6IP :
		  t->mode == TUNNEL_IPV6   ? FWD_ENCAP_IPV6 :
					     FWD_ENCAP_GRE;
	if (f.encap != FWD_ENCAP_GRE) {
		f.has_key = false; /* all that follows is GRE's */
	} else if (!f.vti) {
		f.checksum = t->checksum;
		f.sequence = t->sequence;
		/* IOS has none over IPv6: the answer within is a packet of IPv4 */
		f.keepalive_sec = t->keepalive && outer == IP_V4 ? t->keepalive_sec : 0;
		f.keepalive_retries = t->keepalive_retries;
	}
	f.up = !ci->shutdown && !bi->recursive && f.src.family == outer && f.dst.family == outer &&
	       f.egress_ifid;
	if (cfg_interface_protected(ci) &&
	    compile_protection(c, ci, bi, wire ? wire : bi, &f, ids, out, &f.protect))
		return -ENOMEM;
	if (!bi->tun_port)
		return 0;
	if (compiled_grow((void **)&out->tunnels, out->n_tunnels, sizeof(f)))
		return -ENOMEM;
	out->tunnels[out->n_tunnels++] = f;
	return 0;
}
