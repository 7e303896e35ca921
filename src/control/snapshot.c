/* SPDX-License-Identifier: Apache-2.0 */
#include "control/snapshot.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/manual.h"
#include "control/pki_scep.h"
#include "control/show_now.h"
#include "control/show_host.h"
#include "control/show_parts.h"
#include "control/show_rib.h"
#include "host/os.h"

void snapshot_free(struct snapshot *s)
{
	free(s->ifs);
	free(s->sas);
	free(s->pairs);
	for (size_t i = 0; i < s->n_stories; i++)
		free(s->stories[i]);
	free(s->stories);
	free(s->p2);
	free(s->sa_stats);
	free(s->policy_stats);
	free(s->tunnel_stats);
	free(s->routes);
	for (size_t i = 0; i < s->n_more; i += SNAPSHOT_BLOCK)
		free(s->more[i / SNAPSHOT_BLOCK]);
	free(s->more);
	free(s->order);
	free(s->matches);
	free(s->neighs);
	free(s->acl_stats);
	show_index_free(s->index);
	free(s);
}

/* Appends a copy of x to *v. */
static void append(struct snapshot *s, void *v, size_t *n, size_t size, const void *x)
{
	void **at = v;

	if (!(*n & (*n - 1))) { /* capacity is the next power of two */
		void *p = reallocarray(*at, *n ? *n * 2 : 1, size);

		if (!p) {
			s->nomem = true;
			return;
		}
		*at = p;
	}
	memcpy((char *)*at + *n * size, x, size);
	++*n;
}

/* ---- IKE and the forwarder ---- */

void snapshot_row(void *ctx, const struct fwd_msg *m)
{
	struct snapshot *s = ctx;

	switch (m->type) {
	case FWD_STATS_SA:
		append(s, &s->sa_stats, &s->in.n_sa_stats, sizeof(m->u.sa_stats), &m->u.sa_stats);
		break;
	case FWD_STATS_POLICY:
		append(s, &s->policy_stats, &s->in.n_policy_stats, sizeof(m->u.policy_stats),
		       &m->u.policy_stats);
		break;
	case FWD_STATS_TUNNEL:
		append(s, &s->tunnel_stats, &s->n_tunnel_stats, sizeof(m->u.tunnel_stats),
		       &m->u.tunnel_stats);
		break;
	case FWD_STATS_DROPS:
		s->drops = m->u.drops;
		break;
	case FWD_STATS_ACL:
		append(s, &s->acl_stats, &s->n_acl_stats, sizeof(m->u.acl_stats), &m->u.acl_stats);
		break;
	default:
		break;
	}
}

/* IKE's own words change while a long answer is said. NULL: there are none. */
static void take_story(struct snapshot *s, const struct control *c, const struct p2_policy *p)
{
	const char *story = ike_policy_story(c->ike, p->id);
	char *copy = story[0] ? strdup(story) : NULL;
	size_t n = s->n_stories;

	append(s, &s->stories, &s->n_stories, sizeof(copy), &copy);
	if (s->n_stories == n)
		free(copy);
}

/* Each line with `level per-host` is followed by its pairs of hosts. Where there is none of those, the lines are not
 * copied: they are as long-lived as the policies are. */
static void take_policies(struct snapshot *s, const struct control *c)
{
	bool made = false;

	for (size_t i = 0; i < c->compiled.n_shown; i++)
		made |= c->compiled.shown[i].per_host;
	for (size_t i = 0; i < c->compiled.n_shown; i++) {
		const struct p2_policy *line = &c->compiled.shown[i], *p = NULL;

		take_story(s, c, line);
		if (made)
			append(s, &s->p2, &s->in.n_p2, sizeof(*line), line);
		while (line->per_host && (p = ike_made(c->ike, p)))
			if (p->line == line->id) {
				take_story(s, c, p);
				append(s, &s->p2, &s->in.n_p2, sizeof(*p), p);
			}
	}
	s->in.p2 = made ? s->p2 : c->compiled.shown;
	if (!made)
		s->in.n_p2 = c->compiled.n_shown;
}

/* Long answers are made of the SAs of IPsec, and somebody waits. */
static bool wants_ike_sas(unsigned action)
{
	switch (action) {
	case EXEC_SHOW_IPSEC_SA:
	case EXEC_SHOW_CRYPTO_MAP:
	case EXEC_SHOW_CRYPTO_CHECK:
	case EXEC_SHOW_ACCESS_LISTS:
	case EXEC_SHOW_IP_ACCESS_LISTS:
		return false;
	default:
		return true;
	}
}

static void take_ike(struct snapshot *s, struct control *c, unsigned action)
{
	uint64_t now = host_now_ms(NULL);
	struct ike_pair_info pair;
	struct ike_sa_info sa;

	for (size_t i = 0; wants_ike_sas(action) && ike_get_sa(c->ike, now, i, &sa); i++)
		append(s, &s->sas, &s->in.n_sas, sizeof(sa), &sa);
	for (size_t i = 0; ike_get_pair(c->ike, i, &pair); i++)
		append(s, &s->pairs, &s->in.n_pairs, sizeof(pair), &pair);
	for (size_t i = 0; manual_pair(c, i, &pair); i++)
		append(s, &s->pairs, &s->in.n_pairs, sizeof(pair), &pair);
	take_policies(s, c);
}

/* The ACL line whose packets a policy counts: its own, or its template's. */
static uint32_t line_of(const struct control *c, uint32_t policy_id)
{
	for (size_t i = 0; policy_id >= P2_MADE_ID && i < c->compiled.n_shown; i++)
		if (c->compiled.shown[i].id == policy_id)
			return c->compiled.shown[i].of;
	return policy_id;
}

const char *policy_list(const struct control *c, uint32_t policy_id, uint32_t *ret_line)
{
	const struct cfg_map_entry *e;
	const struct cfg_map *map;
	const char *name;
	uint32_t seq;

	if (!policy_ids_get(&c->ids, line_of(c, policy_id), &name, &seq, ret_line))
		return NULL;
	map = config_find_map(c->config, name);
	e = map ? cfg_map_find(map, seq & 0xffff) : NULL;
	if (e && e->type == MAP_DYNAMIC) {
		map = config_find_dynamic_map(c->config, e->dynamic);
		e = map ? cfg_map_find(map, seq >> 16) : NULL;
	}
	return e ? e->match_acl : NULL;
}

/* Matches of access list lines: the forwarder counts by policy, and a policy is a
 * line of a list on one interface. */
static void take_matches(struct snapshot *s, const struct control *c)
{
	for (size_t i = 0; i < s->in.n_policy_stats; i++) {
		const struct fwd_policy_stats *p = &s->policy_stats[i];
		struct show_match m = { .n = p->matches };

		m.acl = p->matches ? policy_list(c, p->policy_id, &m.seq) : NULL;
		if (m.acl)
			append(s, &s->matches, &s->in.n_matches, sizeof(m), &m);
	}
}

static void take_match(void *ctx, const char *acl, uint32_t seq, uint64_t n)
{
	struct snapshot *s = ctx;
	struct show_match m = { .acl = acl, .seq = seq, .n = n };

	append(s, &s->matches, &s->in.n_matches, sizeof(m), &m);
}

/* ---- interfaces ---- */

static void take_tunnel(struct snapshot *s, const struct control *c, const struct cfg_interface *ci,
			const struct bound_if *b, struct if_snapshot *i)
{
	const struct nl_link *egress = plumb_link(c, b->egress_ifindex);
	uint32_t id = (uint32_t)strtoul(ci->name + strlen("Tunnel"), NULL, 10);

	i->has_mac = false;
	i->tunnel_src = bound_tunnel_source(c->ifs, c->n_ifs, &ci->tunnel);
	i->line = i->up && b->line_up;
	i->line_why = b->line_why;
	i->tunnel_mtu = (egress && egress->mtu ? egress->mtu : 1500u) - cfg_tunnel_header(&ci->tunnel);
	for (size_t k = 0; k < s->n_tunnel_stats; k++) {
		const struct fwd_tunnel_stats *t = &s->tunnel_stats[k];

		if (t->tunnel_id != id)
			continue;
		i->in_packets = t->in_packets;
		i->in_bytes = t->in_bytes;
		i->in_errors = t->in_errors + t->in_key_mismatch + t->in_checksum + t->in_unsupported +
			       t->in_late;
		i->in_crc = t->in_checksum;
		i->in_late = t->in_late;
		i->keepalives = t->keepalives;
		i->keepalives_back = t->keepalives_back;
		i->keepalives_missed = t->keepalives_missed;
		i->out_packets = t->out_packets;
		i->out_bytes = t->out_bytes;
		i->out_errors = 0;
		i->out_drops = t->out_drops;
		i->tunnel_path = (uint32_t)t->path_mtu;
		if (egress && i->tunnel_path < egress->mtu && i->tunnel_mtu > egress->mtu - i->tunnel_path)
			i->tunnel_mtu -= egress->mtu - i->tunnel_path;
		i->last_in_ms = t->last_in_ms;
		i->last_out_ms = t->last_out_ms;
	}
}

static uint8_t prefix_len(const struct control *c, const struct cfg_interface *ci,
			  const struct bound_if *b)
{
	if (ipaddr_equal(&ci->addr.addr, &b->addr))
		return (uint8_t)ipv4_mask_len(ipaddr_to_v4(&ci->addr.mask));
	for (size_t i = 0; i < c->n_addrs; i++)
		if (c->addrs[i].ifindex == b->ifindex && ipaddr_equal(&c->addrs[i].addr, &b->addr))
			return c->addrs[i].prefix_len;
	return 32;
}

/* What the kernel has there, of whomever it came. */
static void take_addresses6(const struct control *c, const struct cfg_interface *ci,
			    const struct bound_if *b, struct if_snapshot *i)
{
	const struct cfg_if6 *x = &ci->ip6;

	i->ipv6 = cfg_if6_runs(x);
	i->mtu6 = b->mtu6 ? b->mtu6 : i->mtu;
	for (size_t k = 0; k < c->n_addrs; k++) {
		const struct nl_addr *a = &c->addrs[k];
		bool local = ipaddr_is_link_local(&a->addr);

		if (a->ifindex != b->ifindex || a->addr.family != IP_V6)
			continue;
		/* of two, the one that was asked for */
		if (local && (!i->link_local6.family || cfg_if6_find(x, &a->addr) < x->n))
			i->link_local6 = a->addr;
		if (local || i->n_addrs6 == CFG_MAX_ADDRS6)
			continue;
		i->addrs6[i->n_addrs6].addr = a->addr;
		i->addrs6[i->n_addrs6].prefix_len = a->prefix_len;
		i->addrs6[i->n_addrs6].tentative = a->tentative;
		i->addrs6[i->n_addrs6].duplicate = a->duplicate;
		struct ipaddr net = ipaddr_network(&a->addr, 64);
		size_t at = cfg_if6_find(x, &net);
		i->addrs6[i->n_addrs6++].eui64 = at < x->n && x->addrs[at].kind == ADDR6_EUI64;
	}
}

static void take_interface(struct snapshot *s, struct control *c, const struct cfg_interface *ci)
{
	const struct bound_if *b = bound_find(c->ifs, c->n_ifs, ci->name);
	const struct nl_link *l = b && b->ifindex ? plumb_link(c, b->ifindex) : NULL;
	struct if_snapshot i = { .last_in_ms = SHOW_NEVER, .last_out_ms = SHOW_NEVER,
				 .cleared_ms = SHOW_NEVER };

	snprintf(i.name, sizeof(i.name), "%s", ci->name);
	if (b && b->addr.family != IP_NONE) {
		i.addr = b->addr;
		i.unnumbered = b->unnumbered;
		i.prefix_len = prefix_len(c, ci, b);
	}
	if (l) {
		snprintf(i.device, sizeof(i.device), "%s", l->name);
		i.ifindex = l->ifindex;
		i.up = l->up && !ci->shutdown;
		i.line = i.up && l->running;
		i.has_mac = memcmp(l->mac, (uint8_t[6]){ 0 }, 6) != 0;
		memcpy(i.mac, l->mac, sizeof(i.mac));
		i.mtu = l->mtu;
		i.in_packets = l->rx_packets;
		i.in_bytes = l->rx_bytes;
		i.in_errors = l->rx_errors;
		i.out_packets = l->tx_packets;
		i.out_bytes = l->tx_bytes;
		i.out_errors = l->tx_errors;
	}
	if (ci->is_tunnel && b)
		take_tunnel(s, c, ci, b, &i);
	if (l)
		take_addresses6(c, ci, b, &i);
	append(s, &s->ifs, &s->in.n_ifs, sizeof(i), &i);
}

/* ---- samples ---- */

void show_sample(struct control *c)
{
	struct fwd_msg get = { .type = FWD_STATS_GET };
	struct snapshot *s = calloc(1, sizeof(*s));
	uint64_t now = host_now_ms(NULL);

	if (!s)
		return;
	show_host_sample(c);
	(void)plumb_look(c);
	/* a part of the rows would make live SAs look idle */
	if (!fwdlink_call(c->fwd, &get, -1, snapshot_row, s) && !s->nomem)
		ikelink_used(c, s->sa_stats, s->in.n_sa_stats);
	for (size_t i = 0; i < c->config->interfaces.n; i++)
		take_interface(s, c, c->config->interfaces.v[i]);
	for (size_t i = 0; i < s->in.n_ifs; i++)
		if_counts_sample(&c->counts, &s->ifs[i], now);
	if_counts_prune(&c->counts, now);
	snapshot_free(s);
}

bool show_clear_counters(struct control *c, const char *ifname)
{
	struct fwd_msg get = { .type = FWD_STATS_GET };
	struct snapshot *s = calloc(1, sizeof(*s));
	bool found = !ifname[0];

	if (!s)
		return false;
	(void)plumb_look(c);
	(void)fwdlink_call(c->fwd, &get, -1, snapshot_row, s);
	for (size_t i = 0; i < c->config->interfaces.n; i++)
		take_interface(s, c, c->config->interfaces.v[i]);
	for (size_t i = 0; i < s->in.n_ifs; i++)
		if (!ifname[0] || !strcmp(s->ifs[i].name, ifname)) {
			if_counts_clear(&c->counts, &s->ifs[i], host_now_ms(NULL));
			found = true;
		}
	snapshot_free(s);
	return found;
}

/* ---- routes ---- */

static void add_route(struct snapshot *s, char code, struct ipaddr dst, uint8_t len,
		      const struct cfg_route *r, const char *ifname)
{
	struct show_route row = { .code = code, .dst = dst, .prefix_len = len };

	if (r) {
		row.next_hop = r->next_hop;
		row.distance = r->distance ? r->distance : 1;
		row.rank = plumb_route_metric(r);
	}
	snprintf(row.ifname, sizeof(row.ifname), "%s", ifname);
	append(s, &s->routes, &s->in.n_routes, sizeof(row), &row);
}

/* A static route is in the table while its interface is up, and its next hop can
 * be reached. */
static bool route_holds(const struct snapshot *s, struct control *c, const struct cfg_route *r)
{
	uint32_t ifindex;
	struct ipaddr src;

	/* a floating one is there for the time when nothing else leads there */
	if (cfg_route_is_null(r))
		return nl_route_get(c->nl, &r->net, &ifindex, &src) != 0;
	for (size_t i = 0; r->ifname[0] && i < s->in.n_ifs; i++)
		if (!strcmp(s->ifs[i].name, r->ifname))
			return s->ifs[i].line;
	if (r->ifname[0]) /* a device that has no configuration of its own */
		return true;
	return nl_route_get(c->nl, &r->next_hop, &ifindex, &src) == 0;
}

static void take_routes(struct snapshot *s, struct control *c)
{
	for (size_t i = 0; i < s->in.n_ifs; i++) {
		const struct if_snapshot *f = &s->ifs[i];

		if (!f->line || f->addr.family != IP_V4 || f->prefix_len > 32 || f->unnumbered)
			continue;
		if (f->prefix_len < 32)
			add_route(s, 'C',
				  ipaddr_v4(ipaddr_to_v4(&f->addr) & ipv4_mask(f->prefix_len)),
				  f->prefix_len, NULL, f->name);
		add_route(s, f->prefix_len < 32 ? 'L' : 'C', f->addr, 32, NULL, f->name);
	}
	for (size_t i = 0; i < s->in.n_ifs; i++) {
		const struct if_snapshot *f = &s->ifs[i];

		for (size_t k = 0; f->line && k < f->n_addrs6; k++) {
			struct ipaddr net = ipaddr_network(&f->addrs6[k].addr, f->addrs6[k].prefix_len);

			if (f->addrs6[k].prefix_len < 128)
				add_route(s, 'C', net, f->addrs6[k].prefix_len, NULL, f->name);
			add_route(s, 'L', f->addrs6[k].addr, 128, NULL, f->name);
		}
	}
	for (size_t i = 0; i < c->config->routes.n; i++) {
		const struct cfg_route *r = c->config->routes.v[i];
		int len = ipaddr_mask_len(&r->mask);

		if (len >= 0 && route_holds(s, c, r))
			add_route(s, 'S', r->net, (uint8_t)len, r, r->ifname);
	}
	show_routes_best(s->routes, &s->in.n_routes);
}

/* ---- the machine ---- */

/* Eleven characters that name this machine, as a serial number does. */
void show_board_id(char out[16])
{
	int fd = open("/etc/machine-id", O_RDONLY | O_CLOEXEC);

	memset(out, 0, 16);
	ssize_t n = fd < 0 ? 0 : read(fd, out, 11);

	if (fd >= 0)
		close(fd);
	if (n < 11)
		snprintf(out, 16, "0");
	for (char *p = out; *p; p++)
		*p = (char)toupper((unsigned char)*p);
}

static void take_machine(struct snapshot *s, const struct control *c)
{
	struct show_in *in = &s->in;
	ssize_t n = readlink("/proc/self/exe", s->image, sizeof(s->image) - 1);

	if (n <= 0)
		snprintf(s->image, sizeof(s->image), "culvert");
	(void)uname(&s->uts);
	show_board_id(s->board_id);
	in->uptime_sec = (host_now_ms(NULL) - c->started_ms) / 1000;
	in->wall_ms = host_wall_ms();
	in->clock_synced = host_clock_synced();
	snprintf(in->zone, sizeof(in->zone), "UTC");
	in->version = CULVERT_VERSION;
	in->machine = s->uts.machine;
	in->image = s->image;
	in->board_id = s->board_id;
}

/* ---- all ---- */

static bool wants_routes(unsigned action)
{
	switch (action) {
	case EXEC_SHOW_IP_ROUTE:
	case EXEC_SHOW_IP_ROUTE_SUMMARY:
	case EXEC_SHOW_IP_STATIC_ROUTE:
	case EXEC_SHOW_IPV6_ROUTE:
	case EXEC_SHOW_TECH:
		return true;
	default:
		return false;
	}
}

void snapshot_fill(struct snapshot *s, struct control *c, const struct session *session, unsigned action)
{
	struct show_in *in = &s->in;

	(void)plumb_look(c);
	take_ike(s, c, action);
	timeline_carried(c->timeline, host_now_ms(NULL), s->sa_stats, in->n_sa_stats);
	take_matches(s, c);
	if (action == EXEC_SHOW_ACCESS_LISTS || action == EXEC_SHOW_IP_ACCESS_LISTS ||
	    action == EXEC_SHOW_IPV6_ACCESS_LIST || action == EXEC_SHOW_TECH)
		(void)access_matches(c, take_match, s);
	for (size_t i = 0; i < s->n_acl_stats; i++)
		take_match(s, s->acl_stats[i].name, s->acl_stats[i].seq, s->acl_stats[i].n);
	for (size_t i = 0; i < c->config->interfaces.n; i++)
		take_interface(s, c, c->config->interfaces.v[i]);
	for (size_t i = 0; i < in->n_ifs; i++)
		if_counts_show(&c->counts, &s->ifs[i], host_now_ms(NULL));
	if (wants_routes(action))
		take_routes(s, c);
	take_machine(s, c);
	in->config = c->config;
	in->timeline = c->timeline;
	in->now_ms = host_now_ms(NULL);
	in->pki = c->pki;
	in->keys = c->keys;
	in->enroll = s->enroll;
	in->n_enroll = pki_scep_show(c, s->enroll, CFG_MAX_TRUSTPOINTS);
	in->pki_counts = &c->pki_counts;
	in->pki_timers = s->pki_timers;
	if (action == EXEC_SHOW_PKI_TIMERS)
		in->n_pki_timers = pki_timers(c, s->pki_timers);
	in->ifs = s->ifs;
	in->sas = s->sas;
	in->pairs = s->pairs;
	ike_get_admission(c->ike, &in->admission);
	in->stories = (const char *const *)s->stories;
	in->policies = c->compiled.policies;
	in->n_policies = c->compiled.n_policies;
	in->sa_stats = s->sa_stats;
	in->policy_stats = s->policy_stats;
	in->drops = &s->drops;
	(void)steer_counts(&s->locks);
	in->left_clear = s->locks.guard_packets;
	in->arrived_clear = s->locks.mirror_packets;
	for (size_t i = 0; i < in->n_ifs; i++) {
		uint32_t room = show_tunnel_room(in, &s->ifs[i]);

		if (room)
			s->ifs[i].tunnel_mtu = room;
	}
	in->routes = s->routes;
	in->matches = s->matches;
	in->debug = c->debug;
	in->debug_peers = c->debug_peers;
	in->n_debug_peers = c->n_debug_peers;
	show_host_take(c, session, in);
	if ((action == EXEC_SHOW_ARP || action == EXEC_SHOW_TECH) && !show_host_neighs(c, in, &s->neighs))
		s->nomem = true;
	in->privilege = session_privilege(session);
	in->users = s->users;
	in->n_users = session_users(c, session, s->users, MAX_USERS);
}

static void take(struct snapshot *s, struct control *c, const struct session *session, unsigned action)
{
	struct fwd_msg get = { .type = FWD_STATS_GET };

	(void)fwdlink_call(c->fwd, &get, -1, snapshot_row, s);
	snapshot_fill(s, c, session, action);
}

/* At once, and so not all of a large table. */
static void take_rib(struct snapshot *s, struct control *c, unsigned action)
{
	bool ipv4, ipv6;
	struct rib *r = rib_wanted(action, &ipv4, &ipv6) ? rib_new(s, c, action, RIB_ROUTES_WHOLE) : NULL;

	while (r && rib_some(r))
		;
	rib_free(r);
}

struct snapshot *snapshot_take(struct control *c, const struct session *session, unsigned action)
{
	struct snapshot *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	take(s, c, session, action);
	if (!s->nomem)
		take_rib(s, c, action);
	s->in.index = s->index = s->nomem ? NULL : show_index_new(&s->in);
	if (s->index)
		return s;
	snapshot_free(s);
	return NULL;
}
