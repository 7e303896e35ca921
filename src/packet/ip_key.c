/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/ip.h"

static size_t addr_len(uint8_t family)
{
	return family == IP_V6 ? 16 : 4;
}

void ip_key_flow(const struct ip_key *k, struct flow *ret_f)
{
	uint8_t family = (uint8_t)(k->w[4] >> 40), ports[4];
	uint32_t raw = (uint32_t)k->w[4];
	const uint8_t *addrs = (const uint8_t *)k->w;

	*ret_f = (struct flow){ .local.family = family, .remote.family = family,
				.proto = (uint8_t)(k->w[4] >> 32), .ports_known = k->w[4] >> 48 & 1 };
	memcpy(ret_f->local.b, addrs, addr_len(family));
	memcpy(ret_f->remote.b, addrs + addr_len(family), addr_len(family));
	memcpy(ports, &raw, sizeof(ports));
	ret_f->local_port = be16_at(ports);
	ret_f->remote_port = be16_at(ports + 2);
}

void ip_key_of_flow(const struct flow *f, struct ip_key *ret_k)
{
	uint8_t family = f->local.family, ports[4];
	uint8_t *addrs = (uint8_t *)ret_k->w;
	uint32_t raw;

	*ret_k = (struct ip_key){ 0 };
	memcpy(addrs, f->local.b, addr_len(family));
	memcpy(addrs + addr_len(family), f->remote.b, addr_len(family));
	wr_put_be16(ports, f->local_port);
	wr_put_be16(ports + 2, f->remote_port);
	memcpy(&raw, ports, sizeof(raw));
	ret_k->w[4] = ip_key_tail(raw, f->proto, family, f->ports_known);
}
