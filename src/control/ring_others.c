/* SPDX-License-Identifier: Apache-2.0 */
/* Who else has to do with the ESP of a device: where somebody has, it goes by the stack (rings.c). What cannot be found
 * out counts as somebody.
 *
 * Timers: each TICK_MS a look at that which the kernel tells nobody of. */
#include "control/internal.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

#include "host/nft.h"

#define TICK_MS 1000

struct ring_others {
	struct event *tick;
	bool legacy;  /* there is a table of iptables-legacy */
	bool unknown; /* something could not be found out: it is asked again */
};

static const char *not_known(const struct control *c, const char *why)
{
	if (c->others)
		c->others->unknown = true;
	return why;
}

const char *others_rules(const struct control *c, bool in, const char *device, char room[128])
{
	int found = nft_foreign_chain(in, device, room);

	return found > 0 ? room : found < 0 ? not_known(c, "nftables does not say who looks there") : NULL;
}

/* ---- looks ---- */

/* Bits of the rings and links that run. */
static uint32_t running(const struct control *c)
{
	uint32_t bits = 0;

	for (unsigned i = 0; i < RING_SLOTS; i++)
		bits |= (c->rings[i].ifindex ? 1u : 0) << i | (c->ring_links[i] ? 1u : 0) << (RING_SLOTS + i);
	return bits;
}

static void look_again(struct control *c)
{
	uint32_t before = running(c);

	c->others->unknown = false;
	rings_follow(c, false);
	if (running(c) != before)
		hops_tell(c);
}

static void on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct control *c = ctx;
	struct ring_others *o = c->others;
	char room[128];
	bool legacy;

	(void)fd;
	(void)what;
	if (!c->rings_said) /* no device has ESP */
		return;
	legacy = nft_legacy_table(room);
	if (legacy != o->legacy || o->unknown)
		look_again(c);
	o->legacy = legacy;
}

int others_watch(struct control *c)
{
	struct timeval every = { .tv_sec = TICK_MS / 1000, .tv_usec = TICK_MS % 1000 * 1000 };
	struct ring_others *o = calloc(1, sizeof(*o));

	if (!o)
		return -ENOMEM;
	c->others = o;
	o->unknown = true; /* what has changed before this */
	o->tick = event_new(c->base, -1, EV_PERSIST, on_tick, c);
	return o->tick && !event_add(o->tick, &every) ? 0 : -ENOMEM;
}

void others_unwatch(struct control *c)
{
	if (!c->others)
		return;
	if (c->others->tick)
		event_free(c->others->tick);
	free(c->others);
	c->others = NULL;
}
