/* SPDX-License-Identifier: Apache-2.0 */
#include "model/overhead.h"

uint32_t overhead_ip(const struct overhead *o)
{
	return o->ipv6 ? OVERHEAD_IP6 : OVERHEAD_IP;
}

/* Over IPv6 AH is a multiple of eight bytes (RFC 4302 section 3.3.3.2.1). */
static uint32_t ah_of(const struct overhead *o)
{
	return o->ipv6 ? (o->ah + 7u) & ~7u : o->ah;
}

/* All but what is padded. Transport mode takes the IP header of what it protects. */
static uint32_t fixed(const struct overhead *o)
{
	if (!o->esp && !o->ah)
		return 0;
	return overhead_ip(o) + (o->udp ? OVERHEAD_UDP : 0) + ah_of(o) +
	       (o->esp ? OVERHEAD_ESP + o->iv + o->icv : 0);
}

static uint32_t align_of(const struct overhead *o)
{
	return o->align < 4 ? 4 : o->align; /* RFC 4303 section 2.4 */
}

/* The IP header that does not travel inside. */
static uint32_t moved(const struct overhead *o)
{
	return (o->esp || o->ah) && !o->tunnel ? overhead_ip(o) : 0;
}

uint32_t overhead_room(const struct overhead *o, uint32_t path)
{
	uint32_t out = fixed(o), room = path > out ? path - out : 0;

	if (o->esp) {
		room -= room % align_of(o);
		room = room > OVERHEAD_TRAIL ? room - OVERHEAD_TRAIL : 0;
	}
	room = room ? room + moved(o) : 0;
	return room > o->inside ? room - o->inside : 0;
}

uint32_t overhead_outside(const struct overhead *o, uint32_t packet)
{
	uint32_t text = packet + o->inside;

	text -= text < moved(o) ? text : moved(o);
	if (o->esp) {
		text += OVERHEAD_TRAIL;
		text += (align_of(o) - text % align_of(o)) % align_of(o);
	}
	return fixed(o) + text;
}
