/* SPDX-License-Identifier: Apache-2.0 */
/* Invents routers, their configurations and what befalls them. */
#include "chaos.h"

static const struct p1_policy suites[] = {
	{ .cipher = CIPHER_AES_CBC, .cipher_bits = 256, .hash = HASH_SHA256, .group = 14 },
	{ .cipher = CIPHER_AES_CBC, .cipher_bits = 128, .hash = HASH_SHA1, .group = 2 },
	{ .cipher = CIPHER_3DES, .hash = HASH_MD5, .group = 5 },
	{ .cipher = CIPHER_AES_CBC, .cipher_bits = 192, .hash = HASH_SHA384, .group = 19 },
	{ .cipher = CIPHER_DES, .hash = HASH_SHA1, .group = 1 },
	{ .cipher = CIPHER_AES_CBC, .cipher_bits = 256, .hash = HASH_SHA512, .group = 20 },
	{ .cipher = CIPHER_AES_CBC, .cipher_bits = 256, .hash = HASH_SHA256, .group = 24 },
};
static const struct p2_transform sets[] = {
	{ .name = "A", .cipher = CIPHER_AES_CBC, .cipher_bits = 256, .esp_auth = AUTH_HMAC_SHA1_96 },
	{ .name = "B", .cipher = CIPHER_3DES, .esp_auth = AUTH_HMAC_MD5_96 },
	{ .name = "C", .cipher = CIPHER_AES_GCM, .cipher_bits = 128 },
	{ .name = "D", .cipher = CIPHER_NULL, .esp_auth = AUTH_HMAC_SHA256_128 },
	{ .name = "E", .cipher = CIPHER_AES_CBC, .cipher_bits = 128, .esp_auth = AUTH_HMAC_SHA512_256 },
	/* no NAT between the ends, or they are not used: the last ones, from N_ESP_SETS on */
	{ .name = "F", .ah_auth = AUTH_HMAC_SHA256_128 },
	{ .name = "G", .ah_auth = AUTH_HMAC_SHA1_96, .cipher = CIPHER_AES_CBC, .cipher_bits = 256 },
	{ .name = "H", .ah_auth = AUTH_HMAC_MD5_96, .cipher = CIPHER_AES_GCM, .cipher_bits = 256 },
};
#define N_ESP_SETS 5
static const uint16_t pfs_groups[] = { 0, 0, 2, 5, 14, 19, 21 };
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void fill(void *ctx, void *p, size_t n)
{
	uint8_t *b = p;

	(void)ctx;
	for (size_t i = 0; i < n; i++)
		b[i] = (uint8_t)rnd();
}

struct ike_env node_env(struct node *n)
{
	return (struct ike_env){ .random = fill, .ctx = n, .sign = sign_make, .verify = sign_check,
				 .defer = w.defer };
}

void node_start(struct node *n)
{
	struct ike_env env = node_env(n);

	n->starts++;
	ike_free(n->ike);
	n->ike = ike_new(&env);
	if (!n->ike)
		abort();
	if (w.tell)
		ike_set_debug(n->ike, IKE_DEBUG_ISAKMP | IKE_DEBUG_IPSEC);
	n->audited_ms = node_now(n);
	conf_apply(n);
}

/* The policies that are not taken out for a while. */
void conf_apply(struct node *n)
{
	static struct p2_policy v[NODE_P2];
	struct ike_config c = n->cfg;
	size_t k = 0;

	if (n->dead)
		return;
	for (size_t i = 0; i < n->n_p2; i++)
		if (!n->hidden[i])
			v[k++] = n->p2[i];
	c.p2 = v;
	c.n_p2 = k;
	if (ike_configure(n->ike, &c, node_now(n)))
		abort();
	node_drain(n);
}

/* ---- a world ---- */

/* Families, and what is deferred, are drawn beside the other draws, so that a seed means
 * otherwise what it meant before. Half of the worlds are of IPv4 alone. */
uint32_t conf_draw(uint32_t what)
{
	uint64_t z = (w.seed + 1) * 0x9e3779b97f4a7c15u + what * UINT64_C(0xd1342543de82ef95);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)((z ^ z >> 31) >> 16);
}

static void choose_families(void)
{
	unsigned kind = conf_draw(0) % 4;

	w.v6 = kind == 3;
	w.mixed = kind >= 2;
}

/* In half of the worlds public-key work is done elsewhere; in a third of these it takes no time. */
static void choose_work(void)
{
	w.defer = conf_draw(50) % 2;
	w.slow = conf_draw(51) % 3;
}

static void work_pace(bool fair)
{
	static const unsigned most_ms[2][3] = { { 5, 500, 3000 }, { 0, 30, 250 } };

	w.work_ms = most_ms[fair][w.slow];
	w.work_sticks = !fair && w.slow == 2;
}

/* 2001:db8:net::host, or that host of an IPv4 network. */
static struct ipaddr address(uint32_t v4, uint16_t net, uint32_t host)
{
	uint8_t b[16] = { 0x20, 0x01, 0x0d, 0xb8, (uint8_t)(net >> 8), (uint8_t)net };

	b[14] = (uint8_t)(host >> 8);
	b[15] = (uint8_t)host;
	return w.v6 ? ipaddr_v6(b) : ipaddr_v4(v4 + host);
}

/* The network of a router for a line: 10.END.NUMBER.0/24, or fd00:0:END:NUMBER::/64. */
static struct addr_match lan(unsigned end, unsigned number, bool v6)
{
	struct addr_match m = { .addr = { .family = IP_V6 } };

	if (!v6)
		return addr_match_v4(A(10, 0, number, 0) + (end << 16), 0xff);
	m.addr.b[0] = 0xfd;
	m.addr.b[5] = (uint8_t)end;
	m.addr.b[7] = (uint8_t)number;
	memset(m.wild + 8, 0xff, 8);
	return m;
}

/* Half of them ask whether their peers live, in either way; a third recover. */
static void choose_liveness(struct node *n)
{
	if (chance(50)) {
		n->cfg.keepalive_sec = 10 + below(50);
		n->cfg.keepalive_retry_sec = 2 + below(8);
		n->cfg.keepalive_periodic = chance(50);
	}
	n->cfg.invalid_spi_recovery = chance(33);
}

static void make_node(unsigned i, unsigned common)
{
	struct node *n = &w.node[i];
	unsigned n_p1 = 1 + below(3), at = below(n_p1), rsa = w.rsa ? 90 : 5;

	sign_node(n);
	n->addr = n->shown = address(A(192, 0, 2, 0), 0, i + 1);
	n->clock_off = 1000 + below(1000000);
	if (chance(12)) {
		n->nat = chance(60) ? NAT_PORTS_KEPT : NAT_PORTS_CHANGED;
		n->shown = address(A(198, 51, 100, 0), 1, i + 1);
		n->nat_500 = n->nat == NAT_PORTS_KEPT ? 500 : (uint16_t)(20000 + below(1000));
		n->nat_4500 = n->nat == NAT_PORTS_KEPT ? 4500 : (uint16_t)(30000 + below(1000));
	}
	for (unsigned k = 0; k < n_p1; k++) {
		n->p1[k] = suites[k == at ? common : below(COUNT(suites))];
		n->p1[k].priority = 10 * (k + 1);
		n->p1[k].auth = chance(rsa) ? IKE_AUTH_RSA_SIG : IKE_AUTH_PSK;
		n->p1[k].life_sec = 60 + below(600);
	}
	n->cfg = (struct ike_config){ .enabled = true, .nat_traversal = true, .p1 = n->p1,
				      .n_p1 = n_p1, .psk = n->psk, .ag = n->ag,
				      .aggressive = true, .certs = &n->cert, .n_certs = 1,
				      .dn = n->dn, .identity = chance(30) ? IDENTITY_DN : IDENTITY_ADDRESS };
	choose_liveness(n);
}

static bool same_suite(const struct p1_policy *a, const struct p1_policy *b)
{
	return a->auth == b->auth && a->cipher == b->cipher && a->cipher_bits == b->cipher_bits && a->hash == b->hash &&
	       a->group == b->group;
}

static bool p1_meet(const struct node *a, const struct node *b)
{
	for (size_t i = 0; i < a->cfg.n_p1; i++)
		for (size_t k = 0; k < b->cfg.n_p1; k++)
			if (same_suite(&a->p1[i], &b->p1[k]))
				return true;
	return false;
}

static void choose_sets(struct p2_policy *a, struct p2_policy *b, bool nat)
{
	unsigned common = below(nat ? N_ESP_SETS : COUNT(sets));

	w.needs_ah |= common >= N_ESP_SETS;
	for (unsigned e = 0; e < 2; e++) {
		struct p2_policy *p = e ? b : a;
		unsigned n = 1 + below(3), at = below(n);
		uint8_t mode = a->sel.proto == 47 && b->sel.proto == 47 ? MODE_TRANSPORT : MODE_TUNNEL;

		p->n_transforms = (uint8_t)n;
		for (unsigned k = 0; k < n; k++) {
			p->transforms[k] = sets[k == at ? common : below(COUNT(sets))];
			p->transforms[k].mode = mode;
		}
	}
}

static void choose_lives(struct p2_policy *a, struct p2_policy *b)
{
	for (unsigned e = 0; e < 2; e++) {
		struct p2_policy *p = e ? b : a;

		p->life_sec = 120 + below(chance(20) ? 3480 : 240);
		p->life_kb = chance(40) ? 2560 + below(8000) : 4608000;
		p->idle_sec = chance(25) ? 60 + below(600) : 0;
	}
}

/* Which of the two ends may begin it, given what both say. */
static void judge_line(struct link *l, struct line *line)
{
	const struct p2_policy *p[2] = { &w.node[l->end[0]].p2[line->policy[0] - 1],
					 &w.node[l->end[1]].p2[line->policy[1] - 1] };

	for (unsigned e = 0; e < 2; e++) {
		bool reach = w.node[l->end[!e]].nat != NAT_PORTS_CHANGED;

		line->works[e] = !l->keys_differ && l->p1_fits && reach &&
				 (!p[!e]->pfs_group || p[e]->pfs_group == p[!e]->pfs_group);
	}
}

static struct addr_match host(const struct node *n)
{
	return (struct addr_match){ .addr = n->addr };
}

static void make_line(struct link *l, struct line *line, unsigned number)
{
	struct node *n[2] = { &w.node[l->end[0]], &w.node[l->end[1]] };
	bool gre = number == 0 && n[0]->nat == NAT_NONE && n[1]->nat == NAT_NONE && chance(30);
	uint16_t pfs = pfs_groups[below(COUNT(pfs_groups))];
	bool v6 = w.mixed && conf_draw(1 + l->end[0] * 1000 + l->end[1] * 10 + number) & 1;
	struct p2_policy *p[2];

	for (unsigned e = 0; e < 2; e++) {
		struct node *me = n[e], *he = n[!e];

		p[e] = &me->p2[me->n_p2++];
		*p[e] = (struct p2_policy){
			.id = (uint32_t)me->n_p2, .ifid = 1, .map = "M", .seq = l->end[!e] + 1,
			.ace = number, .local = me->addr, .n_peers = 1, .peers = { he->shown },
			.replay_window = 64,
			.pfs_group = chance(90) ? pfs : pfs_groups[below(COUNT(pfs_groups))],
			.sel = { .local = lan(l->end[e], number, v6), .remote = lan(l->end[!e], number, v6) },
		};
		if (gre)
			p[e]->sel = (struct selector){ .local = host(me), .remote = host(he), .proto = 47 };
		if (chance(6)) { /* a peer that is not there, then the one that is */
			p[e]->peers[0] = address(A(203, 0, 113, 0), 2, 1 + below(9));
			p[e]->peers[p[e]->n_peers++] = he->shown;
			p[e]->default_peer = (uint8_t)(chance(50) ? 1 + below(2) : 0);
		}
		line->policy[e] = p[e]->id;
		line->flow[e] = true;
	}
	choose_sets(p[0], p[1], n[0]->nat || n[1]->nat);
	choose_lives(p[0], p[1]);
}

/* Aggressive mode offers the policies of one group only: that of the first. */
static bool first_group_meets(const struct node *n, const struct node *he)
{
	for (size_t i = 0; i < n->cfg.n_p1; i++)
		if (n->p1[i].auth != IKE_AUTH_PSK) /* aggressive mode is of keys here */
			return false;
	for (size_t i = 0; i < n->cfg.n_p1; i++)
		for (size_t k = 0; k < he->cfg.n_p1; k++)
			if (n->p1[i].group == n->p1[0].group && same_suite(&n->p1[i], &he->p1[k]))
				return true;
	return false;
}

static void make_key(struct link *l, unsigned e, uint32_t key)
{
	struct node *n = &w.node[l->end[e]];
	const struct node *he = &w.node[l->end[!e]];
	struct psk_entry *k = &n->psk[n->cfg.n_psk++];

	*k = (struct psk_entry){ .addr = he->shown, .mask_len = (uint8_t)ip_bits(he->shown.family) };
	k->key_len = (uint8_t)snprintf((char *)k->key, sizeof(k->key), "key-%u", key);
	if (chance(8) && first_group_meets(n, he))
		n->ag[n->cfg.n_ag++] = (struct ag_peer){ .addr = he->shown, .id_kind = AG_IPV4,
							 .id_addr = n->addr };
}

static void make_link(unsigned a, unsigned b)
{
	struct link *l = &w.link[w.n_links++];
	uint32_t key = rnd();

	l->end[0] = a;
	l->end[1] = b;
	w.node[a].n_links++;
	w.node[b].n_links++;
	l->p1_fits = p1_meet(&w.node[a], &w.node[b]);
	l->keys_differ = chance(8);
	make_key(l, 0, key);
	make_key(l, 1, l->keys_differ ? key + 1 : key);
	l->n_lines = 1 + below(MAX_LINES);
	for (unsigned k = 0; k < l->n_lines; k++) {
		make_line(l, &l->line[k], k);
		judge_line(l, &l->line[k]);
	}
}

static bool linked(unsigned a, unsigned b)
{
	for (unsigned i = 0; i < w.n_links; i++)
		if ((w.link[i].end[0] == a && w.link[i].end[1] == b) ||
		    (w.link[i].end[0] == b && w.link[i].end[1] == a))
			return true;
	return false;
}

void conf_world(void)
{
	unsigned common = below(COUNT(suites)), all = below(20);

	choose_families();
	choose_work();

	w.rsa = chance(25);
	w.n_nodes = all < 12 ? 2 : all < 19 ? 3 + below(6) : chance(20) ? MAX_NODES : 9 + below(MAX_NODES - 8);
	for (unsigned i = 0; i < w.n_nodes; i++)
		make_node(i, chance(94) ? common : below(COUNT(suites)));
	for (unsigned i = 1; i < w.n_nodes; i++) /* a tree, a star at times, and a few more */
		make_link(w.n_nodes > 8 && i > 12 ? i - 1 - below(8) : below(i), i);
	for (unsigned i = 0; i < w.n_nodes / 4 && w.n_links < MAX_LINKS; i++) {
		unsigned a = below(w.n_nodes), b = below(w.n_nodes);

		if (a != b && !linked(a, b) && w.node[a].n_links < 15 && w.node[b].n_links < 15)
			make_link(a, b);
	}
	for (unsigned i = 0; i < w.n_nodes; i++)
		node_start(&w.node[i]);
	conf_fair_network();
}

/* ---- the network ---- */

void conf_fair_network(void)
{
	work_pace(true);
	w.drop = chance(20) ? 0 : below(30);
	w.dup = below(20);
	w.corrupt = 0;
	w.delay_ms = 1 + below(100);
	w.jitter_ms = chance(50) ? below(20) : below(400);
}

static void bad_network(void)
{
	work_pace(false);
	w.drop = below(70);
	w.dup = below(50);
	w.corrupt = below(30);
	w.delay_ms = 1 + below(800);
	w.jitter_ms = below(2000);
}

/* ---- what befalls a router ---- */

static void lose_control(struct node *n)
{
	size_t count = n->n_held;
	struct sa_spec *had = calloc(count ? count : 1, sizeof(*had));

	if (!had)
		abort();
	tell("%u: control dies and comes back, %zu SAs", node_no(n), count);
	for (size_t i = 0; i < count; i++)
		had[i] = n->held[i].spec;
	node_start(n);
	for (size_t i = 0; i < count; i++) {
		if (ike_adopt(n->ike, node_now(n), &had[i]))
			abort();
		node_drain(n);
	}
	free(had);
}

static void reboot(struct node *n)
{
	tell("%u reboots", node_no(n));
	fwd_forget(n);
	n->clock_off = 1000 + below(1000000);
	n->jumped_ms = 0;
	node_start(n);
}

void conf_die(struct node *n)
{
	tell("%u dies", node_no(n));
	n->dead = true;
}

/* Its lines are judged from now on. With some peers it waits to be spoken to. */
void conf_revive(struct node *n)
{
	n->dead = false;
	reboot(n);
	for (unsigned i = 0; i < w.n_links; i++)
		for (unsigned e = 0; e < 2; e++) {
			struct link *l = &w.link[i];
			bool speaks = chance(30);

			if (l->end[e] == node_no(n))
				l->answered = false;
			for (unsigned k = 0; l->end[e] == node_no(n) && k < l->n_lines; k++) {
				l->line[k].flow[e] = speaks;
				l->line[k].flow[!e] = true;
				l->line[k].up[0] = l->line[k].up[1] = false;
			}
		}
}

/* Both routers of a link get new words, one of them later. */
static void change_both(void)
{
	struct link *l = &w.link[below(w.n_links)];
	struct line *line = &l->line[below(l->n_lines)];
	struct p2_policy *p[2] = { &w.node[l->end[0]].p2[line->policy[0] - 1],
				   &w.node[l->end[1]].p2[line->policy[1] - 1] };
	unsigned first = below(2);

	tell("%u and %u change their configuration", l->end[0], l->end[1]);
	if (chance(50))
		choose_sets(p[0], p[1], w.node[l->end[0]].nat || w.node[l->end[1]].nat);
	if (chance(50))
		choose_lives(p[0], p[1]);
	if (chance(30))
		p[0]->pfs_group = p[1]->pfs_group = pfs_groups[below(COUNT(pfs_groups))];
	judge_line(l, line);
	conf_apply(&w.node[l->end[first]]);
	if (w.n_later < COUNT(w.later))
		w.later[w.n_later++] = (struct later){ w.now_ms + below(20000), l->end[!first] };
}

static void new_key(void)
{
	struct link *l = &w.link[below(w.n_links)];
	uint32_t key = rnd();

	if (l->keys_differ)
		return;
	tell("%u and %u get a new key", l->end[0], l->end[1]);
	for (unsigned e = 0; e < 2; e++) {
		struct node *n = &w.node[l->end[e]];

		for (size_t i = 0; i < n->cfg.n_psk; i++)
			if (ipaddr_equal(&n->psk[i].addr, &w.node[l->end[!e]].shown))
				n->psk[i].key_len = (uint8_t)snprintf((char *)n->psk[i].key,
								      PSK_MAX, "key-%u", key);
		if (e == 0)
			conf_apply(n);
		else if (w.n_later < COUNT(w.later))
			w.later[w.n_later++] = (struct later){ w.now_ms + below(20000), l->end[e] };
	}
}

static void clear_something(struct node *n)
{
	if (chance(50)) {
		tell("%u: clear crypto isakmp", node_no(n));
		ike_clear_isakmp(n->ike, node_now(n), chance(50) ? 0 : 1001 + below(20));
	} else {
		uint32_t spi = n->n_held && chance(50) ?
				       n->held[below((uint32_t)n->n_held)].spec.spi : 0;

		tell("%u: clear crypto sa %x", node_no(n), spi);
		ike_clear_ipsec(n->ike, node_now(n), NULL, NULL, spi);
	}
	node_drain(n);
}

static void lose_forwarder(struct node *n)
{
	tell("%u loses its forwarder", node_no(n));
	fwd_forget(n);
	ike_forwarder_lost(n->ike, node_now(n));
	node_drain(n);
}

static void jump(struct node *n)
{
	uint64_t ms = 1000 + below(chance(30) ? 4000000 : 60000);

	tell("%u: its clock jumps by %llu ms", node_no(n), (unsigned long long)ms);
	n->clock_off += ms;
	n->jumped_ms = node_now(n);
	ike_tick(n->ike, node_now(n));
	node_drain(n);
	fwd_expire(n);
}

/* Its NAT gives it other ports. Peers find its old ones closed until it speaks. */
static void forget_mapping(struct node *n)
{
	if (n->nat == NAT_NONE)
		return;
	n->nat_500 = (uint16_t)(20000 + below(1000));
	n->nat_4500 = (uint16_t)(30000 + below(1000));
	n->moved_ms = w.now_ms;
	tell("%u: its NAT gives it ports %u and %u", node_no(n), n->nat_500, n->nat_4500);
}

void conf_disturb(void)
{
	struct node *n = &w.node[below(w.n_nodes)];
	struct link *l = &w.link[below(w.n_links)];

	w.ops++;
	switch (below(16)) {
	case 0:
	case 1:
		clear_something(n);
		break;
	case 2:
		w.restarts++;
		lose_control(n);
		break;
	case 3:
		w.restarts++;
		reboot(n);
		break;
	case 4:
		lose_forwarder(n);
		break;
	case 5:
		change_both();
		break;
	case 6:
		new_key();
		break;
	case 7: {
		size_t i = below((uint32_t)n->n_p2);

		n->hidden[i] = !n->hidden[i];
		tell("%u: policy %zu %s", node_no(n), i + 1, n->hidden[i] ? "goes" : "comes back");
		conf_apply(n);
		break;
	}
	case 8:
		n->cfg.enabled = !n->cfg.enabled;
		tell("%u: %scrypto isakmp enable", node_no(n), n->cfg.enabled ? "" : "no ");
		conf_apply(n);
		break;
	case 9:
		jump(n);
		break;
	case 10:
		l->cut_until_ms = w.now_ms + below(150000);
		l->deaf[0] = chance(75);
		l->deaf[1] = !l->deaf[0] || chance(67);
		tell("%u and %u: nothing reaches %s", l->end[0], l->end[1],
		     !l->deaf[0] ? "the second" : !l->deaf[1] ? "the first" : "either");
		break;
	case 11:
		bad_network();
		break;
	case 12: {
		struct line *line = &l->line[below(l->n_lines)];
		unsigned e = below(2);

		line->flow[e] = !line->flow[e];
		break;
	}
	case 13:
		forget_mapping(n);
		break;
	default:
		net_garbage();
		break;
	}
}

void conf_heal(void)
{
	tell("all is whole again");
	w.n_later = 0;
	work_pace(true);
	w.drop = w.dup = w.corrupt = 0;
	w.delay_ms = 1 + below(100);
	w.jitter_ms = below(20);
	for (unsigned i = 0; i < w.n_links; i++) {
		w.link[i].cut_until_ms = 0;
		for (unsigned k = 0; k < w.link[i].n_lines; k++) {
			struct line *line = &w.link[i].line[k];

			line->flow[0] = line->flow[1] = true;
			line->up[0] = line->up[1] = false;
		}
	}
	for (unsigned i = 0; i < w.n_nodes; i++) {
		memset(w.node[i].hidden, 0, sizeof(w.node[i].hidden));
		if (w.node[i].nat == NAT_PORTS_KEPT) {
			if (w.node[i].nat_500 != 500)
				w.node[i].moved_ms = w.now_ms;
			w.node[i].nat_500 = 500;
			w.node[i].nat_4500 = 4500;
		}
		w.node[i].cfg.enabled = true;
		conf_apply(&w.node[i]);
	}
}
