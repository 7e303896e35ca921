/* SPDX-License-Identifier: Apache-2.0 */
/* What the modes of a tunnel mean. */
#include "model/config.h"

enum ip_family cfg_tunnel_outer(const struct cfg_tunnel *t)
{
	switch ((enum tunnel_mode)t->mode) {
	case TUNNEL_GRE_IPV6:
	case TUNNEL_IPSEC_IPV6:
	case TUNNEL_IPSEC_4IN6:
	case TUNNEL_IPV6:
		return IP_V6;
	default:
		return IP_V4;
	}
}

bool cfg_tunnel_is_vti(const struct cfg_tunnel *t)
{
	return t->mode == TUNNEL_IPSEC_IPV4 || t->mode == TUNNEL_IPSEC_IPV6 ||
	       t->mode == TUNNEL_IPSEC_6IN4 || t->mode == TUNNEL_IPSEC_4IN6;
}

bool cfg_tunnel_carries(const struct cfg_tunnel *t, enum ip_family family)
{
	switch ((enum tunnel_mode)t->mode) {
	case TUNNEL_GRE_IP:
	case TUNNEL_GRE_IPV6:
	case TUNNEL_IPV6:
		return true;
	case TUNNEL_IPSEC_IPV6:
	case TUNNEL_IPSEC_6IN4:
	case TUNNEL_IPV6IP:
		return family == IP_V6;
	default:
		return family == IP_V4;
	}
}

uint8_t cfg_tunnel_proto(const struct cfg_tunnel *t)
{
	if (cfg_tunnel_is_vti(t))
		return 0;
	if (t->mode == TUNNEL_IPV6IP || t->mode == TUNNEL_IPV6) /* the latter 4 as well */
		return 41;
	return t->mode == TUNNEL_IPIP ? 4 : 47;
}

/* RFC 2784 and RFC 2890: four bytes, and four for each part that is there. */
uint32_t cfg_tunnel_header(const struct cfg_tunnel *t)
{
	uint32_t ip = cfg_tunnel_outer(t) == IP_V6 ? 40 : 20;

	if (cfg_tunnel_is_vti(t) || t->mode == TUNNEL_IPIP || t->mode == TUNNEL_IPV6IP ||
	    t->mode == TUNNEL_IPV6)
		return ip;
	return ip + 4u + (t->has_key ? 4 : 0) + (t->checksum ? 4 : 0) + (t->sequence ? 4 : 0);
}
