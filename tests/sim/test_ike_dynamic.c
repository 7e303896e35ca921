/* SPDX-License-Identifier: Apache-2.0 */
/* Dynamic crypto maps, pairs of hosts, strict lifetimes and call admission: a hub and
 * several spokes, each a core of its own, on a wire that finds them by address. */
#include <errno.h>

#include "base/rd.h"
#include "ike/internal.h"
#include "sim.h"

#define ENGINES 6 /* 0 is the hub */
#define WIRE	4096

struct engine {
	struct ike *ike;
	struct ipaddr addr;
	struct p1_policy p1;
	struct psk_entry psk;
	struct p2_policy p2[600];
	struct ike_config cfg;
	struct sa_spec sa[2048];
	size_t n_sa;
	unsigned failed, policies_new, policies_gone;
	char log[512], reason[256];
};

static struct {
	struct engine *e[ENGINES];
	struct datagram *wire[WIRE];
	size_t n_wire;
	uint64_t now_ms;
} w;

static struct ipaddr hub_addr(void)
{
	return ipaddr_v4(A(192, 0, 2, 1));
}

static int owner_of(const struct ipaddr *a)
{
	for (int i = 0; i < ENGINES; i++)
		if (w.e[i] && ipaddr_equal(&w.e[i]->addr, a))
			return i;
	return -1;
}

static void put(const struct ike_action *a)
{
	int to = owner_of(&a->path.remote);
	struct datagram *d = to < 0 || w.n_wire == WIRE ? NULL : calloc(1, sizeof(*d));

	if (!d)
		return; /* nobody lives there */
	assert_true(a->data.len <= sizeof(d->b));
	d->to = to;
	d->path = (struct ike_path){ a->path.remote, a->path.local, a->path.remote_port,
				     a->path.local_port };
	d->len = a->data.len;
	memcpy(d->b, a->data.p, a->data.len);
	w.wire[w.n_wire++] = d;
}

static bool is_made(const struct engine *e, uint32_t id)
{
	const struct p2_policy *p = NULL;

	while ((p = ike_made(e->ike, p)))
		if (p->id == id)
			return true;
	return false;
}

static void note_add(struct engine *e, const struct sa_spec *s)
{
	assert_true(e->n_sa < sizeof(e->sa) / sizeof(e->sa[0]));
	e->sa[e->n_sa++] = *s;
	if (s->policy_id >= P2_MADE_ID)
		assert_true(is_made(e, s->policy_id));
}

static void drain(struct engine *e)
{
	struct ike_action a;

	while (ike_next_action(e->ike, &a)) {
		switch (a.type) {
		case IKE_ACT_SEND:
			put(&a);
			break;
		case IKE_ACT_SA_ADD:
			note_add(e, a.spec);
			break;
		case IKE_ACT_SA_DEL:
			for (size_t i = 0; i < e->n_sa; i++)
				if (e->sa[i].id == a.sa_id)
					e->sa[i] = e->sa[--e->n_sa];
			break;
		case IKE_ACT_FAILED:
			e->failed++;
			snprintf(e->reason, sizeof(e->reason), "%u %s", a.policy_id, a.text);
			break;
		case IKE_ACT_LOG:
			snprintf(e->log, sizeof(e->log), "%s: %s", a.mnemonic, a.text);
			break;
		case IKE_ACT_POLICIES:
			e->policies_new += a.policy_id != 0;
			e->policies_gone += a.policy_id == 0;
			break;
		default:
			break;
		}
	}
}

/* Delivers, and lets time pass, until `ms` from now. */
static void run(uint64_t ms)
{
	uint64_t until = w.now_ms + ms;

	for (;;) {
		uint64_t next = UINT64_MAX;

		for (int i = 0; i < ENGINES; i++)
			if (w.e[i])
				drain(w.e[i]);
		if (w.n_wire) {
			struct datagram *d = w.wire[0];

			memmove(w.wire, w.wire + 1, --w.n_wire * sizeof(w.wire[0]));
			ike_datagram(w.e[d->to]->ike, w.now_ms, &d->path, span_of(d->b, d->len));
			free(d);
			continue;
		}
		for (int i = 0; i < ENGINES; i++)
			if (w.e[i] && ike_next_ms(w.e[i]->ike) < next)
				next = ike_next_ms(w.e[i]->ike);
		if (next > until)
			break;
		w.now_ms = next > w.now_ms ? next : w.now_ms;
		for (int i = 0; i < ENGINES; i++)
			if (w.e[i])
				ike_tick(w.e[i]->ike, w.now_ms);
	}
	w.now_ms = until;
}

static void configure(int i)
{
	assert_int_equal(ike_configure(w.e[i]->ike, &w.e[i]->cfg, w.now_ms), 0);
	drain(w.e[i]);
}

static struct p2_policy policy(uint32_t id, struct ipaddr local, uint32_t near, uint32_t far,
			       uint32_t wild)
{
	return (struct p2_policy){
		.id = id, .ifid = 1, .map = "M", .seq = 10, .local = local,
		.sel = { .local = addr_match_v4(near, wild), .remote = addr_match_v4(far, wild) },
		.n_transforms = 1, .life_sec = 3600, .life_kb = 4608000, .replay_window = 64,
		.transforms = { { .name = "T", .mode = MODE_TUNNEL, .cipher = CIPHER_AES_CBC,
				  .cipher_bits = 128, .esp_auth = AUTH_HMAC_SHA1_96 } },
	};
}

static void engine_up(int i, struct ipaddr addr)
{
	struct engine *e = calloc(1, sizeof(*e));

	assert_non_null(e);
	e->ike = ike_new(&sim_env);
	e->addr = addr;
	e->p1 = (struct p1_policy){ .priority = 10, .cipher = CIPHER_AES_CBC, .cipher_bits = 128,
				    .hash = HASH_SHA1, .auth = IKE_AUTH_PSK, .group = 2,
				    .life_sec = 86400 };
	e->psk = (struct psk_entry){ .addr = { .family = IP_V4 }, .key_len = 9, .key = "secretkey" };
	e->cfg = (struct ike_config){ .enabled = true, .nat_traversal = true, .p1 = &e->p1, .n_p1 = 1,
				      .psk = &e->psk, .n_psk = 1, .p2 = e->p2, .n_p2 = 1 };
	w.e[i] = e;
}

/* A spoke whose network is 10.NET.0.0/24, at 198.51.100.LAST. */
static void spoke_up(int i, uint32_t net, uint32_t last)
{
	engine_up(i, ipaddr_v4(A(198, 51, 100, 0) + last));
	struct engine *e = w.e[i];

	e->p2[0] = policy(1, e->addr, A(10, 0, 0, 0) + (net << 16), A(10, 1, 0, 0), 0xff);
	e->p2[0].n_peers = 1;
	e->p2[0].peers[0] = hub_addr();
	configure(i);
}

static void engine_down(int i)
{
	if (w.e[i])
		ike_free(w.e[i]->ike);
	free(w.e[i]);
	w.e[i] = NULL;
}

static int world_up(void **state)
{
	struct engine *hub;

	(void)state;
	memset(&w, 0, sizeof(w));
	w.now_ms = 1000;
	engine_up(0, hub_addr());
	hub = w.e[0];
	hub->p2[0] = policy(1, hub_addr(), 0, 0, UINT32_MAX);
	hub->p2[0].dynamic = hub->p2[0].any_proxies = true;
	configure(0);
	for (int i = 1; i < 4; i++)
		spoke_up(i, 1 + (uint32_t)i, 10 * (uint32_t)i);
	return 0;
}

static int world_down(void **state)
{
	(void)state;
	while (w.n_wire)
		free(w.wire[--w.n_wire]);
	for (int i = 0; i < ENGINES; i++)
		engine_down(i);
	return 0;
}

static void acquire(int i, uint32_t policy_id)
{
	const struct selector *s = &w.e[i]->p2[policy_id - 1].sel;
	struct flow f = { .local = s->local.addr, .remote = s->remote.addr };

	ike_acquire(w.e[i]->ike, w.now_ms, policy_id, &f);
}

static void come(int i)
{
	acquire(i, 1);
	run(1000);
}

static size_t made(int i)
{
	const struct p2_policy *p = NULL;
	size_t n = 0;

	while ((p = ike_made(w.e[i]->ike, p)))
		n++;
	return n;
}

static const struct p2_policy *made_of(uint32_t net)
{
	const struct p2_policy *p = NULL;

	while ((p = ike_made(w.e[0]->ike, p)))
		if (ipaddr_to_v4(&p->sel.remote.addr) == A(10, 0, 0, 0) + (net << 16))
			return p;
	return NULL;
}

/* The SA of the hub has a twin at the spoke, with the same key. */
static void assert_twins(int i, unsigned pairs)
{
	unsigned n = 0;

	for (size_t a = 0; a < w.e[0]->n_sa; a++)
		for (size_t b = 0; b < w.e[i]->n_sa; b++) {
			const struct sa_spec *x = &w.e[0]->sa[a], *y = &w.e[i]->sa[b];

			n += x->spi == y->spi && x->dir != y->dir && ipaddr_equal(&x->dst, &y->dst) &&
			     !memcmp(x->enc_key.b, y->enc_key.b, x->enc_key.len);
		}
	assert_int_equal(n, 2 * pairs);
}

static void goodbye(int i)
{
	ike_clear_ipsec(w.e[i]->ike, w.now_ms, NULL, NULL, 0);
	run(500);
}

/* ---- dynamic crypto maps ---- */

static void strangers_get_an_entry_each(void **state)
{
	(void)state;
	for (int i = 1; i < 4; i++) {
		come(i);
		assert_twins(i, 1);
	}
	assert_int_equal(made(0), 3);
	assert_int_equal(w.e[0]->policies_new, 3);
	for (uint32_t i = 1; i < 4; i++) {
		const struct p2_policy *p = made_of(1 + i);

		assert_true(p && p->dynamic && p->of == 1 && !p->line && p->id >= P2_MADE_ID);
		assert_true(ipaddr_equal(&p->peers[0], &w.e[i]->addr));
		assert_int_equal(ipaddr_to_v4(&p->sel.local.addr), A(10, 1, 0, 0));
	}
}

static void only_what_the_list_permits_is_negotiated(void **state)
{
	struct engine *hub = w.e[0];

	(void)state;
	hub->p2[0] = policy(1, hub_addr(), A(10, 1, 0, 0), A(10, 2, 0, 0), 0xff);
	hub->p2[0].dynamic = true;
	configure(0);
	come(1);
	assert_int_equal(made(0), 1);
	come(2); /* 10.3.0.0 */
	assert_int_equal(made(0), 1);
	assert_int_equal(hub->n_sa, 2);
	assert_non_null(strstr(hub->log, "no crypto map entry for this peer covers: permit ip "
					 "10.1.0.0 0.0.0.255 10.3.0.0 0.0.0.255"));
}

static void set_peer_keeps_others_out(void **state)
{
	(void)state;
	w.e[0]->p2[0].n_peers = 1;
	w.e[0]->p2[0].peers[0] = w.e[2]->addr;
	configure(0);
	come(1);
	assert_int_equal(made(0), 0);
	come(2);
	assert_int_equal(made(0), 1);
}

static void a_template_is_for_its_isakmp_profile(void **state)
{
	struct ike_profile vip = { .name = "VIP", .n_matches = 1,
				   .matches = { { .kind = MATCH_ADDRESS, .addr = w.e[2]->addr,
						  .mask_len = 32 } } };
	struct engine *hub = w.e[0];

	(void)state;
	hub->cfg.profiles = &vip;
	hub->cfg.n_profiles = 1;
	snprintf(hub->p2[0].profile, sizeof(hub->p2[0].profile), "VIP");
	configure(0);
	come(1); /* phase 1 is up: he has the key of the rest */
	assert_int_equal(made(0), 0);
	assert_int_equal(hub->n_sa, 0);
	assert_non_null(strstr(hub->log, "crypto map M 10 wants isakmp profile VIP and phase 1 is of none"));
	come(2);
	assert_int_equal(made(0), 1);
	assert_twins(2, 1);
	hub->cfg.profiles = NULL; /* on this function's stack */
	hub->cfg.n_profiles = 0;
}

static void static_entries_come_first(void **state)
{
	struct engine *hub = w.e[0];

	(void)state;
	hub->p2[1] = hub->p2[0]; /* the map's order: the dynamic entry is the last */
	hub->p2[1].id = 2;
	hub->p2[0] = policy(1, hub_addr(), A(10, 1, 0, 0), A(10, 2, 0, 0), 0xff);
	hub->p2[0].n_peers = 1;
	hub->p2[0].peers[0] = w.e[1]->addr;
	hub->cfg.n_p2 = 2;
	configure(0);
	come(1);
	assert_int_equal(made(0), 0);
	assert_int_equal(hub->sa[0].policy_id, 1);
	come(2);
	assert_int_equal(made(0), 1);
}

static void the_hub_never_begins(void **state)
{
	const struct flow f = { .local = ipaddr_v4(A(10, 1, 0, 1)), .remote = ipaddr_v4(A(10, 2, 0, 1)) };

	(void)state;
	ike_acquire(w.e[0]->ike, w.now_ms, 1, &f);
	drain(w.e[0]);
	assert_int_equal(w.e[0]->failed, 1);
	assert_non_null(strstr(w.e[0]->reason, "its peer has to begin"));
	come(1);
	const uint32_t id = made_of(2)->id;
	goodbye(1);
	assert_int_equal(w.e[0]->n_sa, 0);
	ike_acquire(w.e[0]->ike, w.now_ms, id, &f);
	drain(w.e[0]);
	assert_int_equal(w.e[0]->failed, 2);
	assert_int_equal(w.n_wire, 0);
}

static void a_renewal_keeps_the_entry(void **state)
{
	uint32_t id, soft;

	(void)state;
	come(1);
	id = made_of(2)->id;
	soft = w.e[0]->sa[0].id;
	run(60000);
	ike_expire(w.e[0]->ike, w.now_ms, soft, false, true); /* the hub renews: it knows him now */
	run(40000);
	assert_twins(1, 1);
	assert_int_equal(w.e[0]->n_sa, 2);
	assert_int_not_equal(w.e[0]->sa[0].id, soft);
	assert_int_equal(made(0), 1);
	assert_int_equal(made_of(2)->id, id);
	assert_int_equal(w.e[0]->policies_new, 1);
}

static void networks_follow_a_peer_that_moves(void **state)
{
	uint32_t id;

	(void)state;
	come(1);
	id = made_of(2)->id;
	engine_down(1);
	spoke_up(1, 2, 77);
	come(1);
	assert_int_equal(made(0), 1);
	assert_int_equal(made_of(2)->id, id);
	assert_true(ipaddr_equal(&made_of(2)->peers[0], &w.e[1]->addr));
	assert_non_null(strstr(w.e[0]->log, "moves from peer 198.51.100.10 to peer 198.51.100.77"));
	assert_twins(1, 1);
	run(40000); /* what the old address had has retired */
	assert_int_equal(w.e[0]->n_sa, 2);
	w.e[0]->cfg.nat_keepalive_sec = 30; /* another line of the configuration */
	configure(0);
	assert_int_equal(w.e[0]->n_sa, 2);
}

static void what_was_protected_is_held_back_for_an_hour(void **state)
{
	(void)state;
	come(1);
	goodbye(1);
	assert_int_equal(w.e[0]->n_sa, 0);
	run(IKE_MADE_HOLD_MS - 60000);
	assert_int_equal(made(0), 1);
	assert_int_equal(w.e[0]->policies_gone, 0);
	run(120000);
	assert_int_equal(made(0), 0);
	assert_int_equal(w.e[0]->policies_gone, 1);
}

static void a_list_holds_by_itself(void **state)
{
	(void)state;
	w.e[0]->p2[0].any_proxies = false;
	configure(0);
	come(1);
	run(120000);
	assert_int_equal(made(0), 1); /* in use */
	goodbye(1);
	run(2 * IKE_MADE_MS);
	assert_int_equal(made(0), 0);
}

static void an_exchange_that_is_never_finished_holds_nothing_for_long(void **state)
{
	struct engine *hub = w.e[0];

	(void)state;
	acquire(1, 1);
	while (!hub->policies_new) { /* until its first quick mode message is answered */
		for (int i = 0; i < 2; i++)
			drain(w.e[i]);
		if (!w.n_wire)
			run(1);
		else {
			struct datagram *d = w.wire[0];

			memmove(w.wire, w.wire + 1, --w.n_wire * sizeof(w.wire[0]));
			ike_datagram(w.e[d->to]->ike, w.now_ms, &d->path, span_of(d->b, d->len));
			free(d);
		}
	}
	engine_down(1);
	while (w.n_wire)
		free(w.wire[--w.n_wire]);
	assert_int_equal(made(0), 1);
	run(70000);
	assert_int_equal(hub->n_sa, 1); /* he may send on it, if only his last message was lost */
	ike_expire(hub->ike, w.now_ms, hub->sa[0].id, true, false);
	run(1000);
	assert_int_equal(made(0), 0);
	assert_int_equal(hub->n_sa, 0);
}

static void a_changed_template_ends_its_sas_and_holds_back(void **state)
{
	(void)state;
	come(1);
	come(2);
	w.e[0]->p2[0].life_sec = 1800; /* for the next SA only */
	configure(0);
	assert_int_equal(w.e[0]->n_sa, 4);
	uint32_t id = made_of(2)->id;
	w.e[0]->p2[0].transforms[0].cipher_bits = 256;
	configure(0);
	assert_int_equal(w.e[0]->n_sa, 0);
	assert_int_equal(made(0), 2);
	assert_true(made_of(2)->id != id && made_of(2)->transforms[0].cipher_bits == 256);
	run(1000);
	assert_int_equal(w.e[1]->n_sa, 0); /* it was told */
	w.e[1]->p2[0].transforms[0].cipher_bits = 256;
	configure(1);
	come(1);
	assert_int_equal(made(0), 2);
	assert_twins(1, 1);
	run(IKE_MADE_HOLD_MS - 10000);
	assert_int_equal(made(0), 2);
	run(120000);
	assert_int_equal(made(0), 1);
	w.e[0]->cfg.n_p2 = 0;
	configure(0);
	assert_int_equal(made(0), 0);
	assert_int_equal(w.e[0]->n_sa, 0);
}

/* An address that comes and goes must not open what peers have closed. */
static void another_address_of_ours_holds_back(void **state)
{
	struct engine *hub = w.e[0];

	(void)state;
	come(1);
	hub->p2[0].local = (struct ipaddr){ 0 };
	configure(0);
	assert_int_equal(hub->n_sa, 0);
	assert_int_equal(made(0), 1);
	hub->p2[0].local = hub_addr();
	configure(0);
	assert_int_equal(made(0), 1);
	run(40000);
	come(1);
	assert_int_equal(made(0), 1);
	assert_twins(1, 1);
	hub->p2[0] = policy(1, hub_addr(), A(10, 1, 0, 0), A(10, 2, 0, 0), 0xff);
	hub->p2[0].dynamic = true; /* now a list protects */
	configure(0);
	assert_int_equal(made(0), 0);
}

static void another_core_takes_over_what_it_finds(void **state)
{
	struct engine *hub = w.e[0];
	struct sa_spec left[8];
	uint32_t ids[2];
	size_t n;

	(void)state;
	come(1);
	come(2);
	engine_down(1);
	spoke_up(1, 2, 77);
	come(1);
	come(3);
	goodbye(3);
	ids[0] = made_of(2)->id;
	ids[1] = made_of(4)->id;
	n = hub->n_sa;
	assert_int_equal(n, 6); /* the old address' pair is still there */
	memcpy(left, hub->sa, n * sizeof(left[0]));
	struct selector held = made_of(4)->sel;
	ike_free(hub->ike);
	hub->ike = ike_new(&sim_env);
	configure(0);
	for (size_t i = n; i-- > 0;)
		assert_int_equal(ike_adopt(hub->ike, w.now_ms, &left[i]), 0);
	assert_int_equal(ike_adopt_held(hub->ike, w.now_ms, ids[1], 1, &held), 0);
	assert_int_equal(ike_adopt_held(hub->ike, w.now_ms, ids[0], 1, &made_of(2)->sel), 0);
	configure(0);
	drain(hub);
	assert_int_equal(made(0), 3);
	assert_int_equal(hub->n_sa, n);
	assert_int_equal(made_of(2)->id, ids[0]);
	assert_int_equal(made_of(4)->id, ids[1]);
	assert_true(ipaddr_equal(&made_of(2)->peers[0], &w.e[1]->addr));
	come(3); /* it finds its entry again, when it has seen that its ISAKMP SA is dead */
	run(40000);
	come(3);
	assert_int_equal(made(0), 3);
	assert_int_equal(made_of(4)->id, ids[1]);
	assert_twins(3, 1);
}

/* Whose they were is not known any more: the bound of one peer is none for them. */
static void another_core_holds_back_all_that_was_held_back(void **state)
{
	const uint32_t n = 2 * IKE_MAX_MADE_PEER;

	(void)state;
	for (uint32_t i = 0; i < n; i++) {
		struct selector held = { .local = addr_match_v4(A(10, 1, 0, 0), 0xff),
					 .remote = addr_match_v4(A(10, 2, 0, 0) + (i << 8), 0xff) };

		assert_int_equal(ike_adopt_held(w.e[0]->ike, w.now_ms, P2_MADE_ID + i, 1, &held), 0);
	}
	assert_int_equal(made(0), n);
	configure(0);
	w.e[0]->log[0] = '\0';
	come(1); /* 10.2.0.0/24 has been seen before */
	assert_null(strstr(w.e[0]->log, "DYNAMIC_PEER")); /* nobody has moved */
	assert_int_equal(made(0), n);
	assert_twins(1, 1);
	come(3); /* 10.4.0.0 is another one */
	assert_int_equal(made(0), n + 1);
	goodbye(1);
	goodbye(3);
	run(IKE_MADE_HOLD_MS - 10000);
	assert_int_equal(made(0), n + 1);
	run(120000);
	assert_int_equal(made(0), 0);
}

/* After two thousand million entries the numbers begin again, at what is free. */
static void numbers_of_entries_never_leave_their_range(void **state)
{
	struct selector held = { .local = addr_match_v4(A(10, 1, 0, 0), 0xff),
				 .remote = addr_match_v4(A(10, 9, 0, 0), 0xff) };

	(void)state;
	assert_int_equal(ike_adopt_held(w.e[0]->ike, w.now_ms, P2_MADE_ID, 1, &held), 0);
	held.remote.addr = ipaddr_v4(A(10, 9, 1, 0));
	assert_int_equal(ike_adopt_held(w.e[0]->ike, w.now_ms, UINT32_MAX, 1, &held), 0);
	come(1);
	come(2);
	assert_twins(1, 1);
	assert_twins(2, 1);
	assert_int_equal(made(0), 4);
	assert_int_equal(made_of(2)->id, P2_MADE_ID + 1);
	assert_int_equal(made_of(3)->id, P2_MADE_ID + 2);
}

static void a_peer_has_so_many_entries_and_no_more(void **state)
{
	struct engine *e = w.e[1];

	(void)state;
	for (uint32_t i = 0; i < IKE_MAX_MADE_PEER + 4; i++) {
		e->p2[i] = policy(i + 1, e->addr, A(10, 2, 0, 0) + (i << 8), A(10, 1, 0, 0), 0xff);
		e->p2[i].n_peers = 1;
		e->p2[i].peers[0] = hub_addr();
	}
	e->cfg.n_p2 = IKE_MAX_MADE_PEER + 4;
	configure(1);
	for (uint32_t i = 0; i < IKE_MAX_MADE_PEER + 4; i++) {
		acquire(1, i + 1);
		run(100);
	}
	assert_int_equal(made(0), IKE_MAX_MADE_PEER);
	assert_non_null(strstr(w.e[0]->log, "no room for another pair of proxies of this peer"));
	come(2); /* others are not hurt */
	assert_twins(2, 1);
}

/* Signatures of a kind: whoever knows the hash can make them. */
static int sign(void *ctx, struct span hash, uint8_t sig[IKE_SIG_MAX], size_t *ret_len)
{
	(void)ctx;
	memcpy(sig, hash.p, hash.len);
	*ret_len = hash.len;
	return 0;
}

static int verify(void *ctx, const struct ike_proof *p, char why[IKE_WHY_MAX])
{
	(void)ctx;
	snprintf(why, IKE_WHY_MAX, "no");
	return p->n_certs == 1 && p->sig.len == p->hash.len && !memcmp(p->sig.p, p->hash.p, p->hash.len) ?
		       0 :
		       -EBADMSG;
}

static void strangers_with_certificates_are_answered_by_a_template(void **state)
{
	static const struct span cert = { (const uint8_t *)"0\0", 2 };
	const struct ike_env was = sim_env;

	(void)state;
	world_down(NULL);
	sim_env.sign = sign;
	sim_env.verify = verify;
	world_up(NULL);
	for (int i = 0; i < 3; i++) {
		w.e[i]->p1.auth = IKE_AUTH_RSA_SIG;
		w.e[i]->cfg.certs = &cert;
		w.e[i]->cfg.n_certs = 1;
		w.e[i]->cfg.n_psk = 0;
		configure(i);
	}
	come(1);
	come(2);
	assert_twins(1, 1);
	assert_twins(2, 1);
	w.e[0]->cfg.n_p2 = 0; /* no template, no answer */
	configure(0);
	run(120000);
	engine_down(1);
	spoke_up(1, 9, 90);
	w.e[1]->p1.auth = IKE_AUTH_RSA_SIG;
	w.e[1]->cfg.certs = &cert;
	w.e[1]->cfg.n_certs = 1;
	configure(1);
	come(1);
	assert_int_equal(w.e[1]->n_sa, 0);
	sim_env = was;
}

/* ---- pairs of hosts ---- */

static void per_host(void)
{
	for (int i = 0; i < 2; i++) {
		struct engine *e = w.e[i];

		e->p2[0] = policy(1, e->addr, i ? A(10, 2, 0, 0) : A(10, 1, 0, 0),
				  i ? A(10, 1, 0, 0) : A(10, 2, 0, 0), 0xffff);
		e->p2[0].n_peers = 1;
		e->p2[0].peers[0] = w.e[!i]->addr;
		e->p2[0].per_host = true;
		configure(i);
	}
}

static void talk(int i, uint32_t near, uint32_t far)
{
	struct flow f = { .local = ipaddr_v4(near), .remote = ipaddr_v4(far) };

	ike_acquire(w.e[i]->ike, w.now_ms, 1, &f);
	run(200);
}

static void each_pair_of_hosts_has_its_sas(void **state)
{
	(void)state;
	per_host();
	for (uint32_t i = 0; i < 3; i++)
		talk(0, A(10, 1, 0, 1), A(10, 2, 0, 1) + i);
	talk(1, A(10, 2, 0, 9), A(10, 1, 0, 9));
	talk(0, A(10, 1, 0, 1), A(10, 2, 0, 1)); /* asked twice at once */
	assert_twins(1, 4);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(made(i), 4);
		assert_int_equal(w.e[i]->n_sa, 8);
		for (size_t k = 0; k < 8; k++) {
			const struct sa_spec *s = &w.e[i]->sa[k];

			assert_int_equal(s->policy_id, 1); /* the forwarder's line */
			static const uint8_t host[16];

			assert_memory_equal(s->sel.local.wild, host, 4);
			assert_memory_equal(s->sel.remote.wild, host, 4);
		}
		assert_int_equal(w.e[i]->policies_new, 0);
	}
}

static void pairs_of_hosts_are_renewed_and_adopted(void **state)
{
	struct engine *e = w.e[0];
	struct sa_spec left[4];

	(void)state;
	per_host();
	talk(0, A(10, 1, 0, 1), A(10, 2, 0, 1));
	talk(0, A(10, 1, 0, 1), A(10, 2, 0, 2));
	run(60000);
	ike_expire(e->ike, w.now_ms, e->sa[0].id, false, true);
	run(40000);
	assert_twins(1, 2);
	assert_int_equal(e->n_sa, 4);
	memcpy(left, e->sa, sizeof(left));
	ike_free(e->ike);
	e->ike = ike_new(&sim_env);
	configure(0);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(ike_adopt(e->ike, w.now_ms, &left[i]), 0);
	configure(0);
	assert_int_equal(e->n_sa, 4);
	assert_int_equal(made(0), 2);
}

static void a_line_has_so_many_pairs_of_hosts_and_no_more(void **state)
{
	(void)state;
	per_host();
	for (uint32_t i = 0; i < IKE_MAX_HOST_PAIRS + 3; i++)
		talk(0, A(10, 1, 0, 1) + i, A(10, 2, 0, 1));
	assert_int_equal(made(0), IKE_MAX_HOST_PAIRS);
	assert_int_equal(w.e[0]->n_sa, 2 * IKE_MAX_HOST_PAIRS);
	assert_string_equal(w.e[0]->reason, "1 no room for another pair of hosts");
	goodbye(0);
	run(2 * IKE_MADE_MS);
	assert_int_equal(made(0), 0);
	talk(0, A(10, 1, 9, 9), A(10, 2, 0, 1));
	assert_twins(1, 1);
}

/* Who sends packets behind us is nobody who has proved anything: he may not use up what
 * peers need, and open what is held back. */
static void pairs_of_hosts_take_no_room_from_dynamic_entries(void **state)
{
	const uint32_t lines = IKE_MAX_MADE / IKE_MAX_HOST_PAIRS + 1;
	struct engine *hub = w.e[0];

	(void)state;
	come(1);
	goodbye(1);
	run(2 * IKE_MADE_MS);
	assert_int_equal(made(0), 1); /* held back */
	for (uint32_t i = 1; i <= lines; i++) {
		hub->p2[i] = policy(i + 1, hub_addr(), A(10, 1, 0, 0), A(10, 100, 0, 0) + (i << 8), 0xff);
		hub->p2[i].per_host = true;
		hub->p2[i].n_peers = 1;
		hub->p2[i].peers[0] = ipaddr_v4(A(203, 0, 113, 9)); /* nobody */
	}
	hub->cfg.n_p2 = 1 + lines;
	configure(0);
	for (uint32_t i = 1; i <= lines; i++)
		for (uint32_t n = 0; n < IKE_MAX_HOST_PAIRS; n++) {
			struct flow f = { .local = ipaddr_v4(A(10, 1, 0, 7)),
					  .remote = ipaddr_v4(A(10, 100, 0, 0) + (i << 8) + n) };

			ike_acquire(hub->ike, w.now_ms, i + 1, &f);
		}
	assert_non_null(made_of(2));
	assert_int_equal(made(0), 1 + IKE_MAX_MADE);
	come(2);
	assert_twins(2, 1);
	assert_non_null(made_of(2));
	come(1);
	assert_twins(1, 1);
}

/* ---- strict lifetimes, call admission ---- */

static void strict_lifetimes_refuse_shorter_ones(void **state)
{
	(void)state;
	w.e[0]->cfg.lifetime_strict = true;
	configure(0);
	w.e[1]->p1.life_sec = 3600;
	configure(1);
	come(1);
	assert_int_equal(w.e[0]->n_sa, 0);
	assert_non_null(strstr(w.e[0]->log, "lifetime offered 3600 s, policy 10 has 86400 s and "
					    "lifetimes are strict"));
	come(2); /* the same */
	assert_twins(2, 1);
	w.e[0]->p1.life_sec = 1800; /* a longer one */
	configure(0);
	come(3);
	assert_twins(3, 1);
	/* as initiator it does not matter: the responder decides */
	w.e[0]->cfg.lifetime_strict = false;
	w.e[0]->p1.life_sec = 86400;
	configure(0);
	run(120000);
	come(1);
	assert_twins(1, 1);
	assert_non_null(strstr(w.e[0]->log, "ISAKMP SA lifetime: peer at 198.51.100.10 offered 3600 s"));
}

static void call_admission_counts_and_refuses(void **state)
{
	struct ike_admission a;

	(void)state;
	w.e[0]->cfg.max_sas = 2;
	configure(0);
	come(1);
	come(2);
	come(3);
	assert_twins(3, 0);
	assert_string_equal(w.e[0]->log, "CRYPTO-4-IKE_DENY_SA_REQ: IKE denied an INCOMING SA request "
					 "from 198.51.100.30 to 192.0.2.1 due to IKE SA LIMIT REACHED");
	ike_get_admission(w.e[0]->ike, &a);
	assert_int_equal(a.active, 2);
	assert_int_equal(a.in_accepted, 2);
	assert_true(a.in_rejected >= 1 && a.at_max_sas == a.in_rejected);
	w.e[0]->cfg.max_sas = 0;
	w.e[0]->cfg.max_negotiating = 1;
	configure(0);
	run(20000); /* it asks again by itself */
	assert_twins(3, 1);
}

static void call_admission_limits_what_we_begin(void **state)
{
	(void)state;
	w.e[1]->cfg.max_charge = 1;
	w.e[1]->p2[1] = policy(2, w.e[1]->addr, A(10, 2, 0, 0), A(10, 9, 0, 0), 0xff);
	w.e[1]->p2[1].n_peers = 1;
	w.e[1]->p2[1].peers[0] = ipaddr_v4(A(203, 0, 113, 1));
	w.e[1]->cfg.n_p2 = 2;
	configure(1);
	acquire(1, 2); /* nobody answers: one is in hand */
	drain(w.e[1]);
	acquire(1, 1);
	drain(w.e[1]);
	assert_non_null(strstr(w.e[1]->log, "IKE denied an OUTGOING SA request from 198.51.100.10 to "
					    "192.0.2.1 due to SYSTEM RESOURCES TOO LOW"));
	assert_int_equal(w.e[1]->failed, 1);
	run(60000);
	come(1);
	assert_twins(1, 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, world_up, world_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(strangers_get_an_entry_each),
		T(only_what_the_list_permits_is_negotiated),
		T(set_peer_keeps_others_out),
		T(a_template_is_for_its_isakmp_profile),
		T(static_entries_come_first),
		T(the_hub_never_begins),
		T(a_renewal_keeps_the_entry),
		T(networks_follow_a_peer_that_moves),
		T(what_was_protected_is_held_back_for_an_hour),
		T(a_list_holds_by_itself),
		T(an_exchange_that_is_never_finished_holds_nothing_for_long),
		T(a_changed_template_ends_its_sas_and_holds_back),
		T(another_address_of_ours_holds_back),
		T(another_core_takes_over_what_it_finds),
		T(another_core_holds_back_all_that_was_held_back),
		T(numbers_of_entries_never_leave_their_range),
		T(a_peer_has_so_many_entries_and_no_more),
		T(strangers_with_certificates_are_answered_by_a_template),
		T(each_pair_of_hosts_has_its_sas),
		T(pairs_of_hosts_are_renewed_and_adopted),
		T(a_line_has_so_many_pairs_of_hosts_and_no_more),
		T(pairs_of_hosts_take_no_room_from_dynamic_entries),
		T(strict_lifetimes_refuse_shorter_ones),
		T(call_admission_counts_and_refuses),
		T(call_admission_limits_what_we_begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
