/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/vnet.h"

static uint16_t le16(struct rd *r)
{
	uint16_t v = rd_be16(r);

	return (uint16_t)(v << 8 | v >> 8);
}

bool vnet_decode(struct rd *r, struct vnet *ret)
{
	struct vnet v = { 0 };

	v.flags = rd_u8(r);
	v.gso_type = rd_u8(r);
	v.hdr_len = le16(r);
	v.gso_size = le16(r);
	v.csum_start = le16(r);
	v.csum_offset = le16(r);
	if (r->bad)
		return false;
	*ret = v;
	return true;
}

static void put_le16(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t)v;
	at[1] = (uint8_t)(v >> 8);
}

void vnet_encode(uint8_t at[VNET_HEADER], const struct vnet *v)
{
	at[0] = v->flags;
	at[1] = v->gso_type;
	put_le16(at + 2, v->hdr_len);
	put_le16(at + 4, v->gso_size);
	put_le16(at + 6, v->csum_start);
	put_le16(at + 8, v->csum_offset);
}
