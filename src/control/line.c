/* SPDX-License-Identifier: Apache-2.0 */
/* The line protocol of tunnels: what it follows, who hears of it. It is the carrier of the
 * TUN, so that routing daemons see it as that of any link; routes over it are not used while
 * it is off (ignore_routes_with_linkdown), and their unreachable twins hold.
 *
 * Timer: a tunnel that was routed into itself stays down for RECURSION_HOLD_MS, or until
 * the configuration changes: its own routes are gone only while it is down, so that nobody
 * could tell earlier. */
#include "control/internal.h"

#include <errno.h>
#include <string.h>

#include "host/log.h"
#include "host/os.h"

#define RECURSION_HOLD_MS 60000
#define NESTED_MAX	  16 /* tunnels in tunnels */

static struct tun_state *state_of(struct control *c, const char *ios_name)
{
	char name[16];

	tuns_device(ios_name, name);
	for (size_t i = 0; i < MAX_TUNS; i++)
		if (c->tuns[i].used && !strcmp(c->tuns[i].name, name))
			return &c->tuns[i];
	return NULL;
}

/* ---- what it follows ---- */

static bool link_works(const struct control *c, uint32_t ifindex)
{
	const struct nl_link *l = plumb_link(c, ifindex);

	return l && l->up && l->carrier;
}

/* Whether the address is one of ours, on a link that works. */
static bool source_works(const struct control *c, const struct ipaddr *src)
{
	for (size_t i = 0; i < c->n_addrs; i++)
		if (ipaddr_equal(&c->addrs[i].addr, src) && link_works(c, c->addrs[i].ifindex))
			return true;
	return false;
}

/* Whether the tunnel's way out leads into itself, perhaps through others. */
static bool into_itself(const struct control *c, const struct bound_if *b)
{
	uint32_t at = b->egress_ifindex;

	for (int i = 0; i < NESTED_MAX && at && b->ifindex; i++) {
		const struct bound_if *next = NULL;

		if (at == b->ifindex)
			return true;
		for (size_t k = 0; k < c->n_ifs && !next; k++)
			if (c->ifs[k].ifindex == at)
				next = &c->ifs[k];
		at = next ? next->egress_ifindex : 0;
	}
	return false;
}

static bool is_recursive(const struct control *c, const struct bound_if *b, struct tun_state *t)
{
	uint64_t now = host_now_ms(NULL);

	if (into_itself(c, b)) {
		/* its routes outlive its carrier by up to a second: no news by then */
		if (!t->recursive) {
			log_line("TUN-5-RECURDOWN", "%s temporarily disabled due to recursive routing",
				 b->name);
			t->recursive_until_ms = now + RECURSION_HOLD_MS;
		}
		t->recursive = true;
	} else if (t->recursive && now >= t->recursive_until_ms) {
		t->recursive = false;
	}
	return t->recursive;
}

/* Why it is down, in IOS's words as far as they are known; NULL: nothing says so. */
static const char *why_down(const struct control *c, const struct cfg_interface *ci,
			    const struct bound_if *b, const struct tun_state *t)
{
	const struct cfg_tunnel *cfg = &ci->tunnel;
	struct ipaddr src = bound_tunnel_source(c->ifs, c->n_ifs, cfg);

	if (cfg->mode == TUNNEL_GRE_MULTIPOINT || cfg->mode >= TUNNEL_OTHER)
		return "this tunnel mode is not run";
	if (src.family == IP_NONE)
		return "no tunnel source";
	if (cfg->destination.family == IP_NONE)
		return "no tunnel destination";
	if (t->recursive)
		return "recursive routing";
	if (!source_works(c, &src))
		return "tunnel source is not up";
	if (!b->egress_ifindex || !link_works(c, b->egress_ifindex))
		return "no output interface";
	if (src.family != cfg_tunnel_outer(cfg) || cfg->destination.family != src.family)
		return "its ends are not of the family of its mode";
	if (cfg_tunnel_is_vti(cfg) && (!cfg->protection[0] || !t->has_sas))
		return "no IPsec security association";
	return t->dead ? "keepalives are not answered" : NULL;
}

void line_look(struct control *c)
{
	for (size_t i = 0; i < c->config->interfaces.n; i++) {
		const struct cfg_interface *ci = c->config->interfaces.v[i];
		struct tun_state *t = ci->is_tunnel ? state_of(c, ci->name) : NULL;
		struct bound_if *b = &c->ifs[i]; /* of that interface, by its place */

		if (!t)
			continue;
		b->recursive = !ci->shutdown && is_recursive(c, b, t);
		b->line_why = ci->shutdown ? NULL : why_down(c, ci, b, t);
		b->line_up = !ci->shutdown && !b->line_why && b->ifindex;
	}
}

/* ---- who hears of it ---- */

static void set_carrier(struct control *c, const struct tun_state *t, const struct nl_link *l)
{
	int err = nl_link_carrier(c->nl, l->ifindex, t->line);

	/* one that no forwarder has opened has none, and gets it with the next look */
	if (err && err != -EPERM)
		log_line("CULVERT-4-HOST", "the carrier of %s: %s", t->name, strerror(-err));
}

void line_follow(struct control *c)
{
	for (size_t i = 0; i < c->n_ifs; i++) {
		const struct bound_if *b = &c->ifs[i];
		const struct cfg_interface *ci = config_find_interface(c->config, b->name);
		struct tun_state *t = ci && ci->is_tunnel ? state_of(c, b->name) : NULL;
		const struct nl_link *l = t ? plumb_link_named(c, t->name) : NULL;

		if (!t)
			continue;
		if (t->line != b->line_up) {
			t->line = b->line_up;
			line_say(b->name, t->line);
		}
		if (l && t->in_forwarder && l->carrier != t->line)
			set_carrier(c, t, l);
	}
}

void line_say(const char *ios_name, bool up)
{
	log_line("LINEPROTO-5-UPDOWN", "Line protocol on Interface %s, changed state to %s", ios_name,
		 up ? "up" : "down");
}

void line_alive(struct control *c, uint32_t tunnel_id, bool alive)
{
	for (size_t i = 0; i < MAX_TUNS; i++)
		if (c->tuns[i].used && c->tuns[i].tunnel_id == tunnel_id)
			c->tuns[i].dead = !alive;
	if (!plumb_look(c))
		line_follow(c);
}

void line_protected(struct control *c, uint32_t tunnel_id, bool has_sas)
{
	bool changed = false;

	for (size_t i = 0; i < MAX_TUNS; i++)
		if (c->tuns[i].used && c->tuns[i].tunnel_id == tunnel_id) {
			changed |= c->tuns[i].has_sas != has_sas;
			c->tuns[i].has_sas = has_sas;
		}
	if (changed && !plumb_look(c))
		line_follow(c);
}

void line_trace(const struct control *c, const struct fwd_msg *m)
{
	uint32_t id = m->u.keepalive.tunnel_id;
	char from[IPADDR_STRLEN], to[IPADDR_STRLEN];
	const struct fwd_tunnel *t = NULL;
	struct txt line = TXT_INIT;

	for (size_t i = 0; i < c->compiled.n_tunnels; i++)
		if (c->compiled.tunnels[i].tunnel_id == id)
			t = &c->compiled.tunnels[i];
	if (!t || !(c->debug & EXEC_DEBUG_KEEPALIVE))
		return;
	/* of the packet that is to come back, or did */
	txt_printf(&line, "Tunnel%u: %s, %s->%s (len=%u ttl=%u), ", (unsigned)id,
		   m->u.keepalive.back ? "keepalive received" : "sending keepalive",
		   ipaddr_ios(&t->dst, from), ipaddr_ios(&t->src, to), m->u.keepalive.len,
		   m->u.keepalive.ttl);
	if (m->u.keepalive.back)
		txt_str(&line, "resetting counter");
	else
		txt_printf(&line, "counter=%u", (unsigned)m->u.keepalive.counter);
	log_debug(txt_cstr(&line));
	txt_fini(&line);
}

static void note_dead(void *ctx, const struct fwd_msg *m)
{
	struct tun_state *t = ctx;

	if (m->type == FWD_STATS_TUNNEL && m->u.tunnel_stats.tunnel_id == t->tunnel_id)
		t->dead = m->u.tunnel_stats.dead != 0;
}

void line_adopt(struct control *c, struct tun_state *t, const struct nl_link *l)
{
	struct fwd_msg get = { .type = FWD_STATS_GET };

	t->line = t->has_sas = l->up && l->carrier;
	if (!t->line) /* or what the forwarder tells later would look like news */
		(void)fwdlink_call(c->fwd, &get, -1, note_dead, t);
}

void line_tick(struct control *c)
{
	uint64_t now = host_now_ms(NULL);
	bool over = false;

	for (size_t i = 0; i < MAX_TUNS; i++)
		over |= c->tuns[i].used && c->tuns[i].recursive && now >= c->tuns[i].recursive_until_ms;
	if (over)
		apply_again(c);
}

void line_retry(struct control *c)
{
	for (size_t i = 0; i < MAX_TUNS; i++)
		c->tuns[i].recursive_until_ms = 0;
}
