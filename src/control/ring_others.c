/* SPDX-License-Identifier: Apache-2.0 */
/* Who else has to do with the ESP of a device: where somebody has, it goes by the stack (rings.c). What cannot be found
 * out counts as somebody.
 *
 * Timers: each TICK_MS a look at that which the kernel tells nobody of. Of what it tells (tc, xfrm) rings alone are looked at
 * again: some change a shaper's rate many times a second. The kernel's SAs are, SAS_MS after the first change: there may be
 * many. */
#include "control/internal.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/netlink.h"
#include "host/nft.h"
#include "host/xfrm.h"

#define TICK_MS 1000
#define SAS_MS  100

struct ring_others {
	struct event *tick, *tc, *sas, *sas_soon;
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

/* Behind a tap its filters may take a packet away, or redirect it to come once more, and then to all sockets. */
static const char *ingress(const struct control *c, uint32_t ifindex, char room[128])
{
	char kind[16];
	int found = nl_ingress_qdisc(c->nl, ifindex, kind);

	if (found < 0)
		return not_known(c, "the kernel does not say whether tc looks at what comes in there");
	if (found)
		snprintf(room, 128, "tc's %s looks at what comes in there", kind);
	return found ? room : NULL;
}

const char *others_ingress(const struct control *c, const struct nl_link *l, char room[128])
{
	const char *why = others_rules(c, true, l->name, room);

	return why ? why : ingress(c, l->ifindex, room);
}

/* Its ESP a ring would take from the kernel. */
const char *others_sas(const struct control *c, const struct ring_want *w, char room[128])
{
	char a[IPADDR_STRLEN];

	for (size_t i = 0; i < w->n; i++) {
		int found = xfrm_esp_to(&w->addr[i]);

		if (found < 0)
			return not_known(c, "the kernel does not say whether it has SAs of ESP");
		if (!found)
			continue;
		snprintf(room, 128, "the kernel has an SA of ESP to %s", ipaddr_ios(&w->addr[i], a));
		return room;
	}
	return NULL;
}

/* ---- looks ---- */

/* Bits of the rings and links that run. */
static uint32_t running(const struct control *c)
{
	uint32_t bits = 0;

	for (unsigned i = 0; i < RING_SLOTS; i++)
		bits |= (c->rings[i].ifindex ? 1u : 0) << i | (c->esp_links[i] ? 1u : 0) << (RING_SLOTS + i);
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
	bool legacy, due = rings_due(c);

	(void)fd;
	(void)what;
	if (!c->rings_said) /* no device has ESP */
		return;
	legacy = nft_legacy_table(room);
	if (legacy != o->legacy || o->unknown || due)
		look_again(c);
	o->legacy = legacy;
}

static void on_tc(evutil_socket_t fd, short what, void *ctx)
{
	struct control *c = ctx;

	(void)what;
	nl_drain(fd);
	if (c->rings_said)
		look_again(c);
}

static void on_sas(evutil_socket_t fd, short what, void *ctx)
{
	struct timeval soon = { .tv_usec = SAS_MS * 1000 };
	struct control *c = ctx;

	(void)what;
	xfrm_drain(fd);
	if (!evtimer_pending(c->others->sas_soon, NULL))
		evtimer_add(c->others->sas_soon, &soon);
}

static void on_sas_soon(evutil_socket_t fd, short what, void *ctx)
{
	struct control *c = ctx;

	(void)fd;
	(void)what;
	if (c->rings_said)
		look_again(c);
}

/* Where the kernel has none of it there is no news, either. False: no memory. */
static bool listen_to(struct control *c, int fd, event_callback_fn fn, struct event **ret)
{
	if (fd < 0)
		return true;
	*ret = event_new(c->base, fd, EV_READ | EV_PERSIST, fn, c);
	if (*ret && !event_add(*ret, NULL))
		return true;
	close(fd);
	return false;
}

static void forget(struct event *e)
{
	if (e && event_get_fd(e) >= 0)
		close(event_get_fd(e));
	if (e)
		event_free(e);
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
	o->sas_soon = evtimer_new(c->base, on_sas_soon, c);
	if (!o->tick || !o->sas_soon || event_add(o->tick, &every) ||
	    !listen_to(c, nl_tc_events_open(), on_tc, &o->tc) || !listen_to(c, xfrm_events_open(), on_sas, &o->sas))
		return -ENOMEM;
	return 0;
}

void others_unwatch(struct control *c)
{
	if (!c->others)
		return;
	forget(c->others->tick);
	forget(c->others->tc);
	forget(c->others->sas);
	forget(c->others->sas_soon);
	free(c->others);
	c->others = NULL;
}
