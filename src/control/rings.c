/* SPDX-License-Identifier: Apache-2.0 */
/* Which outer devices have a ring (host/ring.h), as far as the host lets them: a tap sees packets before
 * any list or chain does, so where somebody's looks at what comes in there is none, and ESP comes by the
 * raw socket. While a ring comes or goes both ways are open, so that nothing is lost; the forwarder knows what comes twice for
 * what it is (forwarder/doubles.c). */
#include "control/internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "host/log.h"
#include "host/nft.h"
#include "host/offload.h"
#include "host/os.h"

#define TRY_MS	  1000 /* until what failed is tried again, and each time twice as long, */
#define TRIES_MAX 8 /* up to some minutes */

/* What is wanted, and for each outer device why not, if it is not. */
struct wish {
	struct ring_want v[RING_SLOTS];
	size_t n;
	struct ring_want cut[RING_SLOTS]; /* those that do without a ring for a while */
	size_t n_cut;
	struct txt said;
};

static bool has_list(const struct control *c, uint32_t ifindex, bool in)
{
	for (size_t i = 0; i < c->config->interfaces.n; i++) {
		const struct cfg_interface *ci = c->config->interfaces.v[i];
		const struct bound_if *b = bound_find(c->ifs, c->n_ifs, ci->name);

		if (b && b->ifindex == ifindex &&
		    (in ? ci->group_in[0] || ci->ip6.filter_in[0] : ci->group_out[0] || ci->ip6.filter_out[0]))
			return true;
	}
	return false;
}

static bool is_cut(const struct control *c, uint32_t ifindex)
{
	return ring_cuts_hold(&c->rings_cut, ifindex, host_now_ms(NULL));
}

static int cmp_addr(const void *a, const void *b)
{
	return ipaddr_cmp(a, b);
}

/* The addresses that ESP may come to: peers are not reached by link-local ones. False: there are too many. */
static bool addresses(const struct control *c, uint32_t ifindex, struct ring_want *w)
{
	for (size_t i = 0; i < c->n_addrs; i++) {
		const struct nl_addr *a = &c->addrs[i];

		if (a->ifindex != ifindex || a->tentative || a->duplicate || ipaddr_is_link_local(&a->addr))
			continue;
		if (w->n == RING_ADDRS)
			return false;
		w->addr[w->n++] = a->addr;
	}
	qsort(w->addr, w->n, sizeof(w->addr[0]), cmp_addr);
	return true;
}

/* Why that device has no ring; NULL: it may have one. */
static const char *refusal(const struct control *c, const struct nl_link *l, struct ring_want *w,
			   char room[128])
{
	const char *why;

	if (offload_refused("no-ring"))
		return OFFLOAD_ENV " says no-ring";
	if (has_list(c, l->ifindex, true))
		return "an access list looks at what comes in there";
	if (!offload_refused("ring") && (why = others_ingress(c, l, room)))
		return why;
	for (const char *s = l->name; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("_-.:@", *s))
			return "nft has no word for its name";
	if (l->mtu > RING_MTU)
		return "its packets may be longer than a frame";
	if (is_cut(c, l->ifindex))
		return "its peers' packets came by the raw socket, too, as those do that the kernel puts together of fragments";
	return addresses(c, l->ifindex, w) ? others_sas(c, w, room) : "it has too many addresses";
}

static void say(struct wish *wish, const char *device, const char *why)
{
	if (why)
		txt_printf(&wish->said, "ESP by %s: raw socket (%s)\n", device, why);
	else
		txt_printf(&wish->said, "ESP by %s: received by a ring of packets", device);
}

static bool named(const struct ring_want *v, size_t n, uint32_t ifindex)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].ifindex == ifindex)
			return true;
	return false;
}

static void want_device(const struct control *c, uint32_t ifindex, struct wish *wish)
{
	const struct nl_link *l = ifindex ? plumb_link(c, ifindex) : NULL;
	struct ring_want w = { .ifindex = ifindex };
	char room[128];
	const char *why;

	if (!l)
		return;
	if (named(wish->v, wish->n, ifindex) || named(wish->cut, wish->n_cut, ifindex))
		return;
	snprintf(w.device, sizeof(w.device), "%s", l->name);
	why = refusal(c, l, &w, room);
	if (!why && !w.n)
		return; /* nothing of ours can come there (yet) */
	if (!why && wish->n == RING_SLOTS)
		why = "other devices have them all";
	if (why && is_cut(c, ifindex) && !offload_refused("no-ring") && wish->n_cut < RING_SLOTS)
		wish->cut[wish->n_cut++] = w;
	if (why)
		say(wish, l->name, why);
	else
		wish->v[wish->n++] = w;
}

static void wish_of(const struct control *c, struct wish *ret)
{
	for (size_t i = 0; i < c->config->interfaces.n; i++) {
		const struct cfg_interface *ci = c->config->interfaces.v[i];
		const struct bound_if *b = bound_find(c->ifs, c->n_ifs, ci->name);

		if (!b)
			continue;
		if (!ci->is_tunnel && (ci->crypto_map[0] || ci->ip6.crypto_map[0]))
			want_device(c, b->ifindex, ret);
		if (ci->is_tunnel && ci->tunnel.protection[0])
			want_device(c, b->egress_ifindex, ret);
	}
}

static bool of_device(const struct ring_want *a, const struct ring_want *b)
{
	return a->ifindex == b->ifindex && !strcmp(a->device, b->device);
}

/* Its device may have a ring, of whatever addresses. */
static bool wished(const struct wish *wish, const struct ring_want *w)
{
	for (size_t i = 0; i < wish->n; i++)
		if (of_device(&wish->v[i], w))
			return true;
	return false;
}

/* The ring of w's device, of whatever addresses; RING_SLOTS: it has none. */
static size_t slot_of(const struct control *c, const struct ring_want *w)
{
	size_t i = 0;

	while (i < RING_SLOTS && !(c->rings[i].ifindex && of_device(&c->rings[i], w)))
		i++;
	return i;
}

/* Whoever closes a packet socket last waits until no packet meets it (synchronize_net()), some 10 ms: control, which
 * has a descriptor of its own, and not the forwarder, all of whose workers would wait. */
static void close_own(int *fd)
{
	if (*fd > 0)
		close(*fd);
	*fd = 0;
}

static void drop_link(struct control *c, size_t i)
{
	(void)fwdlink_simple(c->fwd, FWD_PORT_DEL, (uint32_t)(PORT_LINK + i));
	close_own(&c->link_fd[i]);
	c->esp_links[i] = 0;
}

/* The forwarder is told before the second way is open, and when the first is closed. Without memory for it doubles are
 * told of as replays, and none the less dropped. */
static void ways(struct control *c, enum fwd_ways ways)
{
	(void)fwdlink_simple(c->fwd, FWD_WAYS, ways);
}

/* While control is away the forwarder goes on taking packets, and the table stays. */
static int hold(struct control *c)
{
	struct fwd_msg m = { .type = FWD_PORT_ADD,
			     .u.port = { .id = PORT_HOLD, .kind = FWD_PORT_HOLD, .sends_only = true } };
	int err = fwdlink_call(c->fwd, &m, ring_table_fd(c->ring_table), NULL, NULL);

	c->ring_held = !err;
	return err;
}

/* Before ring_keep() closes control's own: who closes it last waits as with a ring. */
static void let_go(struct control *c)
{
	(void)fwdlink_simple(c->fwd, FWD_PORT_DEL, PORT_HOLD);
	c->ring_held = false;
}

/* The table follows the rings that run. By it nftables goes on a step that is ours (steering_apply()). */
static int keep(struct control *c)
{
	struct ring_want v[RING_SLOTS];
	uint32_t before = 0, after = 0;
	size_t n = 0;
	bool known = nft_generation(&before) == 0 && before == c->nft_seen, changed;
	int err;

	for (size_t i = 0; i < RING_SLOTS; i++)
		if (c->rings[i].ifindex)
			v[n++] = c->rings[i];
	if (!n && c->ring_held)
		let_go(c);
	err = ring_keep(v, n, &c->ring_table, &changed);
	if (known && changed && nft_generation(&after) == 0 && after == before + 1)
		c->nft_seen = after;
	return !err && n && !c->ring_held ? hold(c) : err;
}

/* keep() comes first: the stack has its packets again before the ring goes, and what is in that is still read. */
static void drop_slot(struct control *c, size_t i)
{
	c->rings[i] = (struct ring_want){ 0 };
	ways(c, FWD_RING_GOES);
	(void)keep(c);
	(void)fwdlink_simple(c->fwd, FWD_PORT_DEL, (uint32_t)(PORT_RING + i));
	ways(c, FWD_ONE_WAY);
	close_own(&c->ring_fd[i]);
}

/* What an earlier control left goes: its filter cannot be asked. */
static void drop_unknown(struct control *c)
{
	ways(c, FWD_RING_GOES);
	let_go(c);
	for (size_t i = 0; i < RING_SLOTS; i++) {
		(void)fwdlink_simple(c->fwd, FWD_PORT_DEL, (uint32_t)(PORT_RING + i));
		close_own(&c->ring_fd[i]);
		c->rings[i] = (struct ring_want){ 0 };
	}
	ways(c, FWD_ONE_WAY);
	(void)fwdlink_simple(c->fwd, FWD_PORT_DEL, PORT_NEWS);
	c->ring_news = false;
}

/* Into a slot; its packets are kept from the stack once they are taken. 0 or -errno. */
static int start(struct control *c, const struct ring_want *w)
{
	struct fwd_msg m = { .type = FWD_PORT_ADD, .u.port = { .kind = FWD_PORT_RING, .ifid = w->ifindex } };
	size_t slot = 0;
	int fd, err;

	while (slot < RING_SLOTS && c->rings[slot].ifindex)
		slot++;
	if (slot == RING_SLOTS)
		return -ENOSPC;
	fd = ring_open(w);
	if (fd < 0)
		return fd;
	c->rings[slot] = *w;
	m.u.port.id = (uint32_t)(PORT_RING + slot);
	ways(c, FWD_RING_COMES);
	err = ring_listen(fd, w, NULL);
	if (!err)
		err = fwdlink_call(c->fwd, &m, fd, NULL, NULL);
	if (!err)
		err = keep(c);
	c->ring_fd[slot] = fd;
	if (err)
		drop_slot(c, slot);
	else
		ways(c, FWD_ONE_WAY);
	return err;
}

/* Its device has other addresses: of those that stay no packet is lost or comes twice, for filter and rules are
 * changed as they stand; of the others none is lost. */
static int adjust(struct control *c, size_t slot, const struct ring_want *w)
{
	struct ring_want was = c->rings[slot];
	int err;

	ways(c, FWD_RING_COMES);
	err = ring_listen(c->ring_fd[slot], w, &was);
	if (!err) {
		c->rings[slot] = *w;
		err = keep(c);
	}
	if (!err)
		err = ring_listen(c->ring_fd[slot], w, NULL);
	if (err)
		drop_slot(c, slot);
	else
		ways(c, FWD_ONE_WAY);
	return err;
}

/* What will not become otherwise: it is not allowed, or not there. */
static bool is_for_good(int err)
{
	static const int errs[] = { EPERM, EACCES, EAFNOSUPPORT, EOPNOTSUPP, ENOPROTOOPT, ENODEV };

	for (size_t i = 0; i < sizeof(errs) / sizeof(errs[0]); i++)
		if (err == -errs[i])
			return true;
	return false;
}

/* What failed is tried again as it was after ever longer pauses: each try changes nftables, and is news to ourselves. */
static int try(struct control *c, const struct ring_want *w)
{
	uint64_t now = host_now_ms(NULL);
	struct ring_failure *f = &c->rings_failed[0];
	unsigned tries = 0;

	for (size_t i = 0; i < RING_SLOTS; i++) {
		struct ring_failure *one = &c->rings_failed[i];

		if (one->err && ring_want_same(&one->want, w)) {
			if (now < one->again_ms)
				return one->err;
			f = one;
			tries = one->tries;
			break;
		}
		if (!one->err || one->want.ifindex == w->ifindex)
			f = one;
	}
	*f = (struct ring_failure){ .want = *w, .err = start(c, w), .tries = tries < TRIES_MAX ? tries + 1 : tries };
	f->again_ms = is_for_good(f->err) ? UINT64_MAX : now + ((uint64_t)TRY_MS << tries);
	return f->err;
}

bool rings_due(struct control *c)
{
	uint64_t now = host_now_ms(NULL);
	bool due = ring_cuts_over(&c->rings_cut, now);

	for (size_t i = 0; i < RING_SLOTS; i++) {
		struct ring_failure *one = &c->rings_failed[i];

		if (!one->err || !one->again_ms || now < one->again_ms)
			continue;
		one->again_ms = 0; /* nobody may want it any more: it is said once */
		due = true;
	}
	return due;
}

static int follow_ring(struct control *c, const struct ring_want *w)
{
	size_t slot = slot_of(c, w);

	if (slot < RING_SLOTS && (ring_want_same(&c->rings[slot], w) || !adjust(c, slot, w)))
		return 0;
	return try(c, w);
}

/* ---- and out ---- */

/* What is sent by a LINK port passes the lists on the way out, and others' chains, by as well. Why there is none;
 * NULL: there may be one. */
static const char *no_link(const struct control *c, uint32_t ifindex, const char *device, char room[128])
{
	if (offload_refused("no-link"))
		return OFFLOAD_ENV " says no-link";
	if (has_list(c, ifindex, false))
		return "an access list looks at what leaves there";
	if (nl_foreign_rules(c->nl))
		return "somebody's rules choose the way";
	return offload_refused("link") ? NULL : others_rules(c, false, device, room);
}

/* Each worker hears for itself of what changes on the way. */
static int start_news(struct control *c)
{
	struct fwd_msg m = { .type = FWD_PORT_ADD,
			     .u.port = { .id = PORT_NEWS, .kind = FWD_PORT_NEWS, .sends_only = true } };
	int err = 0;

	for (unsigned k = 0; !err && !c->ring_news && k < c->opt->workers; k++) {
		int fd = news_open();

		m.u.port.worker = (uint8_t)k;
		err = fd < 0 ? fd : fwdlink_call(c->fwd, &m, fd, NULL, NULL);
		if (fd >= 0)
			close(fd);
	}
	if (err)
		(void)fwdlink_simple(c->fwd, FWD_PORT_DEL, PORT_NEWS);
	c->ring_news = !err;
	return err;
}

static size_t link_of(const struct control *c, uint32_t ifindex)
{
	size_t i = 0;

	while (i < RING_SLOTS && c->esp_links[i] != ifindex)
		i++;
	return i;
}

static int start_link(struct control *c, uint32_t ifindex)
{
	size_t slot = link_of(c, 0);
	struct fwd_msg m = { .type = FWD_PORT_ADD, .u.port = { .id = (uint32_t)(PORT_LINK + slot), .kind = FWD_PORT_LINK,
							      .ifid = ifindex, .sends_only = true } };
	int fd, err = slot < RING_SLOTS ? start_news(c) : -ENOSPC;

	if (err)
		return err;
	fd = link_open(ifindex);
	if (fd < 0)
		return fd;
	err = fwdlink_call(c->fwd, &m, fd, NULL, NULL);
	c->esp_links[slot] = err ? 0 : ifindex;
	c->link_fd[slot] = fd;
	if (err)
		close_own(&c->link_fd[slot]);
	return err;
}

/* Of a device that has a ring, or had one until fragments came: those are none of what is sent. */
static void follow_link(struct control *c, uint32_t ifindex, bool only_less, struct txt *said)
{
	const struct nl_link *l = plumb_link(c, ifindex);
	size_t slot = link_of(c, ifindex);
	char room[128];
	const char *why = no_link(c, ifindex, l ? l->name : "", room);
	int err = 0;

	if (why && slot < RING_SLOTS)
		drop_link(c, slot);
	if (!why && slot == RING_SLOTS && !only_less)
		err = start_link(c, ifindex);
	if (why || err)
		txt_printf(said, ", sent by the raw socket (%s)\n", why ? why : strerror(-err));
	else
		txt_str(said, ", sent to the next hop past the stack\n");
}

bool rings_link(const struct control *c, uint32_t ifindex)
{
	for (size_t i = 0; i < RING_SLOTS; i++)
		if (c->esp_links[i] && (!ifindex || c->esp_links[i] == ifindex))
			return true;
	return false;
}

static void drop_links(struct control *c, const struct wish *wish)
{
	for (size_t i = 0; i < RING_SLOTS; i++)
		if (!c->rings_known || (c->esp_links[i] && !named(wish->v, wish->n, c->esp_links[i]) &&
					!named(wish->cut, wish->n_cut, c->esp_links[i])))
			drop_link(c, i);
}

static void tell(struct control *c, struct txt *said)
{
	static const uint64_t seed[2] = { 0x72696e67, 2 };
	uint64_t now = said->len ? hash_bytes(seed, txt_cstr(said), said->len) : 0;
	char *copy = now != c->rings_said ? strdup(txt_cstr(said)) : NULL, *line, *rest;

	for (line = copy ? strtok_r(copy, "\n", &rest) : NULL; line; line = strtok_r(NULL, "\n", &rest))
		log_line("CULVERT-6-PORT", "%s", line);
	free(copy);
	c->rings_said = now;
}

void rings_follow(struct control *c, bool only_less)
{
	struct wish wish = { .said = TXT_INIT };

	wish_of(c, &wish);
	drop_links(c, &wish);
	if (!c->rings_known)
		drop_unknown(c);
	c->rings_known = true;
	for (size_t i = 0; i < RING_SLOTS; i++)
		if (c->rings[i].ifindex && !wished(&wish, &c->rings[i]))
			drop_slot(c, i);
	if (c->ring_table)
		(void)keep(c);
	for (size_t i = 0; i < wish.n; i++) {
		int err = only_less ? 0 : follow_ring(c, &wish.v[i]);

		say(&wish, wish.v[i].device, err == -ENODEV ? "no Ethernet device" : err ? strerror(-err) : NULL);
		if (!err)
			follow_link(c, wish.v[i].ifindex, only_less, &wish.said);
		else if (link_of(c, wish.v[i].ifindex) < RING_SLOTS)
			drop_link(c, link_of(c, wish.v[i].ifindex));
	}
	for (size_t i = 0; i < wish.n_cut; i++) {
		txt_printf(&wish.said, "ESP by %s: received by the raw socket", wish.cut[i].device);
		follow_link(c, wish.cut[i].ifindex, only_less, &wish.said);
	}
	if (!only_less)
		tell(c, &wish.said);
	txt_fini(&wish.said);
}

bool rings_cut(struct control *c, uint32_t id)
{
	size_t slot = id - PORT_RING;

	if (id < PORT_RING || slot >= RING_SLOTS)
		return false;
	if (!c->rings[slot].ifindex) /* it has gone already */
		return true;
	ring_cuts_add(&c->rings_cut, c->rings[slot].ifindex, host_now_ms(NULL));
	rings_follow(c, false);
	return true;
}

void rings_lost(struct control *c)
{
	for (size_t i = 0; i < RING_SLOTS; i++) {
		close_own(&c->ring_fd[i]);
		close_own(&c->link_fd[i]);
	}
	memset(c->rings, 0, sizeof(c->rings));
	memset(c->esp_links, 0, sizeof(c->esp_links));
	c->ring_news = false;
	memset(c->rings_failed, 0, sizeof(c->rings_failed));
	c->ring_held = false;
}

void rings_remove(struct control *c)
{
	for (size_t i = 0; i < RING_SLOTS; i++) {
		if (c->esp_links[i])
			drop_link(c, i);
		if (c->rings[i].ifindex)
			drop_slot(c, i);
	}
	(void)keep(c);
}
