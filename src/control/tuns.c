/* SPDX-License-Identifier: Apache-2.0 */
/* The devices of our own: a TUN for each TunnelN and a steering TUN for each
 * interface with a crypto map, and what steers packets there. */
#include "control/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/filter.h"
#include "host/ipv6.h"
#include "host/log.h"
#include "host/nft.h"
#include "host/os.h"
#include "host/tun.h"
#include "host/tun_queues.h"

void tuns_device(const char *name, char out[16])
{
	/* a Linux name has 15 characters at most */
	if (strlen(name) < 16)
		snprintf(out, 16, "%s", name);
	else
		snprintf(out, 16, "Tun%.12s", name + strlen("Tunnel"));
}

const char *tuns_of_port(const struct control *c, uint32_t id)
{
	if (id >= PORT_TUN && id - PORT_TUN < MAX_TUNS)
		return c->tuns[id - PORT_TUN].name;
	if (id >= PORT_STEER && id - PORT_STEER < MAX_STEER)
		return c->steer[id - PORT_STEER].tun;
	return NULL;
}

/* ---- TUNs ---- */

/* A queue for each worker. Of a TUN that has but one, all send by it and the first one reads. */
static int give_queues(struct control *c, const struct fwd_port *desc, int fd)
{
	struct fwd_msg m = { .type = FWD_PORT_ADD, .u.port = *desc };
	int err = fwdlink_call(c->fwd, &m, fd, NULL, NULL);

	for (unsigned k = 1; !err && k < c->opt->workers; k++) {
		int queue = tun_queue_like(fd);

		m.u.port.worker = (uint8_t)k;
		m.u.port.sends_only = queue < 0;
		err = fwdlink_call(c->fwd, &m, queue < 0 ? fd : queue, NULL, NULL);
		if (queue >= 0)
			close(queue);
		if (err)
			(void)fwdlink_simple(c->fwd, FWD_PORT_DEL, desc->id);
	}
	return err;
}

static int open_tun(struct control *c, const char *name, uint32_t *ifindex, uint8_t *ret_how)
{
	struct tun_how how;
	int fd = tun_open_queues(name, !c->opt->no_offload, c->opt->workers > 1, ifindex, &how);

	if (fd < 0)
		return fd;
	*ret_how = how.bits;
	if (strcmp(c->tun_said, how.text)) /* all of them are alike, mostly */
		log_line("CULVERT-6-PORT", "TUN %s: %s", name, how.text);
	snprintf(c->tun_said, sizeof(c->tun_said), "%s", how.text);
	return fd;
}

/* Whether the forwarder has it as it is to be. */
static bool in_place(struct control *c, const char *name, struct fwd_port desc)
{
	const struct nl_link *l = plumb_link_named(c, name);
	struct fwd_msg m = { .type = FWD_PORT_ADD, .u.port = desc };

	m.u.port.dev_ifindex = l ? l->ifindex : 0;
	return l && fwdlink_call(c->fwd, &m, -1, NULL, NULL) == 0;
}

/* Makes (or finds) the TUN and hands it to the forwarder. One that is busy is the forwarder's already, if control
 * was restarted; or that of a router that was killed a moment ago, and then the next time gets it. */
static bool tun_ready(struct control *c, const char *name, struct fwd_port desc, uint32_t *ifindex,
		      bool *in_forwarder)
{
	int fd, err;

	if (*in_forwarder && plumb_link_named(c, name))
		return true;
	if (*in_forwarder) { /* somebody deleted the device: the old descriptor is dead */
		(void)fwdlink_simple(c->fwd, FWD_PORT_DEL, desc.id);
		*in_forwarder = false;
	}
	fd = open_tun(c, name, ifindex, &desc.how);
	/* an earlier control handed it over, for an interface that may have another index by now. Else it stays:
	 * what comes and goes by it is not lost */
	if (fd == -EBUSY && desc.kind == FWD_PORT_STEER && !in_place(c, name, desc) &&
	    fwdlink_simple(c->fwd, FWD_PORT_DEL, desc.id) == 0)
		fd = open_tun(c, name, ifindex, &desc.how);
	if (fd == -EBUSY) {
		const struct nl_link *l = plumb_link_named(c, name);

		*ifindex = l ? l->ifindex : 0;
		*in_forwarder = in_place(c, name, desc);
		c->tun_busy |= !*in_forwarder;
		return l != NULL;
	}
	if (fd < 0) {
		log_line("CULVERT-3-HOST", "TUN %s: %s", name, strerror(-fd));
		return false;
	}
	desc.dev_ifindex = *ifindex;
	err = give_queues(c, &desc, fd);
	if (err == -EEXIST) {
		/* of a device that was deleted while no control watched: ours is alive */
		(void)fwdlink_simple(c->fwd, FWD_PORT_DEL, desc.id);
		err = give_queues(c, &desc, fd);
	}
	close(fd);
	if (err) {
		log_line("CULVERT-3-FORWARDER", "TUN %s: %s", name, strerror(-err));
		return false;
	}
	*in_forwarder = true;
	return true;
}

static bool is_set(const char *path)
{
	char old[16];

	return host_sysctl(path, NULL, old) == 0 && !strcmp(old, "1");
}

/* What the TUN of a tunnel is told of IPv6: once that there is none - the kernel's own router
 * solicitations would be interesting traffic, and who wants IPv6 in it beside us may switch it
 * on -, and each time what the configuration wants of it. */
static void prepare_ipv6(struct tun_state *t, const struct cfg_interface *ci, bool fresh)
{
	bool runs = cfg_if6_runs(&ci->ip6) && cfg_tunnel_carries(&ci->tunnel, IP_V6);
	int err = 0;

	if (runs)
		err = ipv6_device(t->name, IPV6_TUNNEL);
	else if (fresh || t->ipv6)
		(void)ipv6_device(t->name, IPV6_OFF);
	if (err && !t->ipv6)
		log_line("CULVERT-4-HOST", "%s: IPv6: %s", ci->name, strerror(-err));
	t->ipv6 = runs;
}

/* What a new TUN of a tunnel is told, once: its routes go with its carrier (line.c). False if
 * it was told before. */
static bool prepare(const char *device)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/ignore_routes_with_linkdown", device);
	if (is_set(path))
		return false;
	(void)host_sysctl(path, "1", NULL);
	return true;
}

void tuns_apply(struct control *c, const struct cfg_interface *ci)
{
	struct tun_state *t = NULL;
	char name[16];

	tuns_device(ci->name, name);
	for (size_t i = 0; i < MAX_TUNS && !t; i++)
		if (c->tuns[i].used && !strcmp(c->tuns[i].name, name))
			t = &c->tuns[i];
	for (size_t i = 0; i < MAX_TUNS && !t; i++)
		if (!c->tuns[i].used)
			t = &c->tuns[i];
	if (!t) {
		log_line("CULVERT-3-HOST", "%s: more than %d tunnels", ci->name, MAX_TUNS);
		return;
	}
	if (!t->used) {
		const struct nl_link *l = plumb_link_named(c, name);

		*t = (struct tun_state){ .used = true };
		t->tunnel_id = (uint32_t)strtoul(ci->name + strlen("Tunnel"), NULL, 10);
		if (l) /* an earlier control left it */
			line_adopt(c, t, l);
	}
	snprintf(t->name, sizeof(t->name), "%s", name);
	t->wanted = true;
	struct fwd_port desc = { .id = (uint32_t)(PORT_TUN + (t - c->tuns)),
				 .kind = FWD_PORT_TUNNEL, .tunnel_id = t->tunnel_id };
	(void)tun_ready(c, name, desc, &t->ifindex, &t->in_forwarder);
	prepare_ipv6(t, ci, prepare(name));
	if (ci->tunnel.mode == TUNNEL_IPIP)
		ikelink_ipip(c);
	if (cfg_interface_protected(ci)) {
		/* fragments of GRE out of an SA come in there, from the peer's own address */
		char path[96];

		snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/rp_filter", name);
		(void)host_sysctl(path, "2", NULL);
	}
}

/* ---- steering ---- */

static struct steer_state *steer_for(struct control *c, const char *ios_name)
{
	for (size_t i = 0; i < MAX_STEER; i++)
		if (c->steer[i].used && !strcmp(c->steer[i].ios_name, ios_name))
			return &c->steer[i];
	for (size_t i = 0; i < MAX_STEER; i++)
		if (!c->steer[i].used) {
			struct steer_state *s = &c->steer[i];

			*s = (struct steer_state){ .used = true };
			snprintf(s->ios_name, sizeof(s->ios_name), "%s", ios_name);
			snprintf(s->tun, sizeof(s->tun), "cvsteer%zu", i);
			return s;
		}
	return NULL;
}

static void steer_tun_up(struct control *c, struct steer_state *s, uint32_t ifindex, uint32_t mtu,
			 bool ipv6)
{
	struct fwd_port desc = { .id = (uint32_t)(PORT_STEER + (s - c->steer)),
				 .kind = FWD_PORT_STEER, .ifid = ifindex };
	char path[96];

	if (s->in_forwarder && s->ifindex != ifindex) { /* the device was made anew */
		(void)fwdlink_simple(c->fwd, FWD_PORT_DEL, desc.id);
		s->in_forwarder = false;
	}
	s->ifindex = ifindex;
	if (!tun_ready(c, s->tun, desc, &s->tun_ifindex, &s->in_forwarder))
		return;
	(void)ipv6_device(s->tun, ipv6 ? IPV6_STEER : IPV6_OFF);
	(void)nl_link_set(c->nl, s->tun_ifindex, true, mtu);
	/* without any address the kernel refuses what comes in there (rp_filter has
	 * nothing to compare with): RFC 7600's dummy address serves */
	struct ipaddr dummy = ipaddr_v4(0xc0000008);
	(void)nl_addr_add_host(c->nl, s->tun_ifindex, &dummy);
	/* decrypted packets come in here from addresses that are routed elsewhere */
	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/rp_filter", s->tun);
	(void)host_sysctl(path, "2", NULL);
}

/* Of tunnel protection: its packets are the tunnel's own, and neither steered nor mirrored. */
static bool is_protection(const struct control *c, uint32_t policy_id)
{
	for (size_t i = 0; i < c->compiled.n_tunnels; i++)
		if (c->compiled.tunnels[i].protect == policy_id)
			return true;
	return false;
}

/* The lines of the SPD that belong to an interface, as steering wants them. */
static struct steer_line *lines_of(const struct control *c, uint32_t ifindex, size_t *ret_n)
{
	struct steer_line *v = calloc(c->compiled.n_policies ? c->compiled.n_policies : 1, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; v && i < c->compiled.n_policies; i++) {
		const struct fwd_policy *p = &c->compiled.policies[i];

		if (p->ifid == ifindex && !is_protection(c, p->id))
			v[n++] = (struct steer_line){ p->map_seq, p->action == FWD_POLICY_PROTECT,
						      p->sel };
	}
	steer_join_entries(v, n);
	*ret_n = n;
	return v;
}

/* The device that an interface will have: a name can be guarded before it is there.
 * "" if only its address will tell. */
static void future_device(const struct control *c, const struct cfg_interface *ci,
			  const struct steer_state *s, char out[16])
{
	const char *name = ci->host_if[0] ? ci->host_if : s->device[0] ? s->device : ci->name;

	for (size_t i = 0; i < c->opt->n_bind; i++)
		if (!strcmp(c->opt->bind[i].name, ci->name))
			name = c->opt->bind[i].device;
	snprintf(out, 16, "%s", strlen(name) < 16 && !strchr(name, '/') ? name : "");
}

/* What steering shall do for one interface with a crypto map. Whatever is missing -
 * its device, its TUN, memory - the guard stands: without its lines it closes the
 * interface. False: there is no device to name. */
static bool steer_one(struct control *c, const struct cfg_interface *ci, struct steer_if *f)
{
	const struct bound_if *b = bound_find(c->ifs, c->n_ifs, ci->name);
	struct steer_state *s = steer_for(c, ci->name);

	if (!s) {
		log_line("CULVERT-2-STEERING", "%s: more than %u interfaces with a crypto map",
			 ci->name, MAX_STEER);
		c->guarded = false;
		return false;
	}
	s->wanted = true;
	*f = (struct steer_if){ .slot = (uint32_t)(s - c->steer),
				.families = (uint8_t)((ci->crypto_map[0] ? STEER_IP4 : 0) |
						      (ci->ip6.crypto_map[0] ? STEER_IP6 : 0)),
				.adjust_mss = (uint16_t)ci->adjust_mss,
				.adjust_mss6 = ci->ip6.crypto_map[0] ? (uint16_t)ci->ip6.adjust_mss : 0 };
	if (b && b->ifindex) {
		snprintf(s->device, sizeof(s->device), "%s", b->device);
		snprintf(f->device, sizeof(f->device), "%s", b->device);
		f->ifindex = b->ifindex;
		/* as wide as the device: what is too long for an SA, the forwarder answers */
		const struct nl_link *l = plumb_link(c, b->ifindex);

		f->lines = lines_of(c, b->ifindex, &f->n_lines);
		steer_tun_up(c, s, b->ifindex, l ? l->mtu : b->mtu, ci->ip6.crypto_map[0]);
		f->tun_ifindex = s->tun_ifindex;
	} else {
		future_device(c, ci, s, f->device);
	}
	snprintf(f->tun, sizeof(f->tun), "%s", s->tun);
	f->closed = !f->lines;
	return f->device[0] != '\0';
}

bool tuns_carrier(const struct control *c, const struct cfg_interface *ci, struct selector *ret_s)
{
	const struct cfg_tunnel *t = &ci->tunnel;
	enum ip_family outer = cfg_tunnel_outer(t);
	struct ipaddr local = bound_tunnel_source(c->ifs, c->n_ifs, t);

	if (!cfg_interface_protected(ci) || cfg_tunnel_is_vti(t) || local.family != outer ||
	    t->destination.family != outer)
		return false;
	*ret_s = (struct selector){ .local = { .addr = local },
				    .remote = { .addr = t->destination },
				    .proto = t->mode == TUNNEL_IPV6 ? 0 : cfg_tunnel_proto(t) };
	return true;
}

/* The guard of a protected tunnel. False: it has no end yet, and nothing to guard. */
static bool guard_tunnel(struct control *c, const struct cfg_interface *ci, struct steer_if *f)
{
	size_t n = ci->tunnel.mode == TUNNEL_IPV6 ? 2 : 1;
	struct steer_line *lines;
	struct selector sel;

	if (!tuns_carrier(c, ci, &sel))
		return false;
	lines = calloc(n, sizeof(*lines));
	if (!lines) {
		c->guarded = false;
		return false;
	}
	for (size_t i = 0; i < n; i++)
		lines[i] = (struct steer_line){ .permit = true, .sel = sel };
	if (n == 2) { /* RFC 2473: both families */
		lines[0].sel.proto = 4;
		lines[1].sel.proto = 41;
	}
	*f = (struct steer_if){ .any_device = true, .lines = lines, .n_lines = n,
				.families = sel.local.addr.family == IP_V6 ? STEER_IP6 : STEER_IP4 };
	f->slot = STEER_SLOTS + (uint32_t)strtoul(ci->name + strlen("Tunnel"), NULL, 10);
	tuns_device(ci->name, f->tun);
	return true;
}

static void steering_ruleset(struct control *c)
{
	/* of an interface its crypto map and its protection */
	struct steer_if *v = calloc(2 * c->config->interfaces.n + 1, sizeof(*v));
	struct txt why = TXT_INIT;
	size_t n = 0;
	int err = v ? 0 : -ENOMEM;

	for (size_t i = 0; v && i < c->config->interfaces.n; i++) {
		const struct cfg_interface *ci = c->config->interfaces.v[i];
		struct steer_if f;

		if ((ci->crypto_map[0] || ci->ip6.crypto_map[0]) && steer_one(c, ci, &f))
			v[n++] = f;
		if (guard_tunnel(c, ci, &f))
			v[n++] = f;
	}
	if (!err && (n || c->last_ruleset))
		err = steer_apply(c->nl, v, n, &c->standing, &c->last_ruleset, &why);
	if (err)
		log_line("CULVERT-2-STEERING", "the kernel refused the crypto ACL: %s %s",
			 strerror(-err), txt_cstr(&why));
	if (!v || (n && !c->last_ruleset))
		c->guarded = false;
	c->steering_failed = err != 0 || !c->guarded;
	for (size_t i = 0; i < n; i++)
		free((void *)v[i].lines);
	free(v);
	txt_fini(&why);
}

/* The interfaces' access lists, then the guard. If nftables went on by more steps than ours
 * somebody else was there, and the next time both are loaded anew. */
void steering_apply(struct control *c)
{
	uint32_t gen = 0, now = 0;
	bool known = nft_generation(&gen) == 0;
	uint64_t before;

	c->guarded = true;
	if (access_apply(c, !known || gen != c->nft_seen))
		gen++;
	before = c->last_ruleset;
	steering_ruleset(c);
	if (c->last_ruleset != before)
		gen++;
	c->nft_seen = known && nft_generation(&now) == 0 && now == gen ? now : 0;
}

void steering_restore(struct control *c)
{
	if (!steer_stands(c->last_ruleset) || !filter_stands(c->filter_mark))
		steering_apply(c);
}

/* ---- both ---- */

void tuns_begin(struct control *c)
{
	for (size_t i = 0; i < MAX_TUNS; i++)
		c->tuns[i].wanted = false;
	for (size_t i = 0; i < MAX_STEER; i++)
		c->steer[i].wanted = false;
}

void tuns_forget(struct control *c, bool all)
{
	for (size_t i = 0; i < MAX_TUNS; i++) {
		struct tun_state *t = &c->tuns[i];

		if (!t->used || (t->wanted && !all))
			continue;
		if (c->fwd)
			(void)fwdlink_simple(c->fwd, FWD_PORT_DEL, (uint32_t)(PORT_TUN + i));
		(void)nl_link_del(c->nl, t->ifindex);
		if (t->line && !all) {
			char ios_name[CFG_NAME_MAX];

			snprintf(ios_name, sizeof(ios_name), "Tunnel%u", (unsigned)t->tunnel_id);
			line_say(ios_name, false);
		}
		t->used = false;
	}
	for (size_t i = 0; i < MAX_STEER; i++) {
		struct steer_state *s = &c->steer[i];

		if (!s->used || (s->wanted && !all))
			continue;
		if (c->fwd)
			(void)fwdlink_simple(c->fwd, FWD_PORT_DEL, (uint32_t)(PORT_STEER + i));
		steer_forget(c->nl, (uint32_t)i);
		if (s->tun_ifindex)
			(void)nl_link_del(c->nl, s->tun_ifindex);
		s->used = false;
	}
}
