/* SPDX-License-Identifier: Apache-2.0 */
#include "control/tunnel_room.h"

#include "crypto/alg.h"

static struct overhead sizes(uint8_t cipher, uint16_t bits, uint8_t auth, uint8_t ah)
{
	const struct cipher_info *c = cipher == CIPHER_UNSET ? NULL : cipher_info(cipher, bits);
	const struct auth_info *a = auth_info(auth), *h = auth_info(ah);
	struct overhead o = { .esp = c != NULL };

	if (c) {
		o.iv = c->iv_len;
		o.icv = (uint16_t)((c->combined ? c->icv_len : 0) + (a ? a->icv_len : 0));
		o.align = c->block_len;
	}
	if (h)
		o.ah = (uint16_t)(OVERHEAD_AH + h->icv_len);
	return o;
}

struct overhead overhead_of_transform(const struct p2_transform *t)
{
	struct overhead o = sizes(t->cipher, t->cipher_bits, t->esp_auth, t->ah_auth);

	o.tunnel = t->mode == MODE_TUNNEL;
	return o;
}

struct overhead overhead_of_sa(const struct sa_spec *s)
{
	struct overhead o = s->proto == PROTO_AH ?
				    sizes(CIPHER_UNSET, 0, AUTH_NONE, s->auth) :
				    sizes(s->cipher, s->cipher_bits, s->auth, s->ah.spi ? s->ah.auth : AUTH_NONE);

	o.tunnel = s->mode == MODE_TUNNEL;
	o.udp = s->udp_encap;
	return o;
}

uint32_t tunnel_inside(const struct cfg_tunnel *t)
{
	return cfg_tunnel_is_vti(t) ? 0 : cfg_tunnel_header(t);
}

uint32_t tunnel_room(const struct config *c, const struct cfg_tunnel *t, const struct sa_spec *out,
		     uint32_t path)
{
	const struct cfg_map_entry *e = config_find_ipsec_profile(c, t->protection);
	const struct cfg_transform *set =
		e && e->n_transforms ? config_find_transform(c, e->transforms[0]) : NULL;
	struct overhead o;

	if (!out && !set)
		return 0;
	o = out ? overhead_of_sa(out) : overhead_of_transform(&set->t);
	/* proxies of any to any are no two hosts: such an SA is in tunnel mode, whatever the set says */
	o.tunnel |= cfg_tunnel_is_vti(t);
	o.ipv6 = cfg_tunnel_outer(t) == IP_V6;
	o.inside = (uint16_t)tunnel_inside(t);
	return overhead_room(&o, path);
}
