/* SPDX-License-Identifier: Apache-2.0 */
/* Several spokes behind one address of a NAT, and the NAT's own router beside them: a hub
 * with a dynamic crypto map must not take one for another. */
#include "ike/internal.h"
#include "sim.h"

#define ENGINES 4 /* 0 is the hub; the last one is the NAT itself, with a tunnel of its own */
#define ROUTER	3
#define WIRE	1024

struct engine {
	struct ike *ike;
	struct ipaddr addr;
	uint16_t port_500, port_4500; /* outside; 0: not behind the NAT */
	bool dead;		      /* hears nothing */
	struct p1_policy p1;
	struct psk_entry psk;
	struct p2_policy p2[1];
	struct ike_config cfg;
	struct sa_spec sa[64];
	size_t n_sa;
	unsigned deletes; /* of SAs */
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

static struct ipaddr nat_addr(void)
{
	return ipaddr_v4(A(198, 51, 100, 1));
}

/* ---- the wire ---- */

/* Whom the hub reaches at a port of the NAT's address, and on which port of his. */
static int inside(uint16_t port, uint16_t *ret_port)
{
	for (int i = 1; i < ENGINES; i++) {
		uint16_t p500 = w.e[i]->port_500 ? w.e[i]->port_500 : 500;
		uint16_t p4500 = w.e[i]->port_4500 ? w.e[i]->port_4500 : 4500;

		if (port != p500 && port != p4500)
			continue;
		*ret_port = port == p500 ? 500 : 4500;
		return i;
	}
	return -1;
}

static void put(int from, const struct ike_action *a)
{
	const struct engine *e = w.e[from];
	struct datagram *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	assert_true(w.n_wire < WIRE && a->data.len <= sizeof(d->b));
	d->path = (struct ike_path){ a->path.remote, nat_addr(), a->path.remote_port, 0 };
	if (from) {
		d->to = ipaddr_equal(&a->path.remote, &w.e[0]->addr) ? 0 : -1;
		d->path.remote_port = a->path.local_port;
		if (e->port_500)
			d->path.remote_port = a->path.local_port == 500 ? e->port_500 : e->port_4500;
	} else {
		d->to = ipaddr_equal(&a->path.remote, &d->path.remote) ?
				inside(a->path.remote_port, &d->path.local_port) :
				-1;
		d->path.remote = a->path.local;
		d->path.remote_port = a->path.local_port;
		if (d->to > 0)
			d->path.local = w.e[d->to]->addr;
	}
	d->len = a->data.len;
	memcpy(d->b, a->data.p, a->data.len);
	if (d->to >= 0 && !w.e[d->to]->dead)
		w.wire[w.n_wire++] = d;
	else
		free(d);
}

static void move_sa(struct sa_spec *s, const struct ike_action *a)
{
	if (s->id != a->sa_id)
		return;
	*(s->dir == SA_IN ? &s->src : &s->dst) = a->path.remote;
	*(s->dir == SA_IN ? &s->udp_sport : &s->udp_dport) = a->path.remote_port;
}

static void drain(int i)
{
	struct engine *e = w.e[i];
	struct ike_action a;

	while (ike_next_action(e->ike, &a)) {
		if (a.type == IKE_ACT_SEND) {
			put(i, &a);
		} else if (a.type == IKE_ACT_SA_ADD) {
			assert_true(e->n_sa < sizeof(e->sa) / sizeof(e->sa[0]));
			e->sa[e->n_sa++] = *a.spec;
		} else if (a.type == IKE_ACT_SA_DEL) {
			for (size_t n = 0; n < e->n_sa; n++)
				if (e->sa[n].id == a.sa_id) {
					e->sa[n] = e->sa[--e->n_sa];
					e->deletes++;
				}
		} else if (a.type == IKE_ACT_SA_MOVE) {
			for (size_t n = 0; n < e->n_sa; n++)
				move_sa(&e->sa[n], &a);
		}
	}
}

static void drain_all(void)
{
	for (int i = 0; i < ENGINES; i++)
		drain(i);
}

static void run(uint64_t ms)
{
	uint64_t until = w.now_ms + ms;

	for (;;) {
		uint64_t next = UINT64_MAX;

		drain_all();
		if (w.n_wire) {
			struct datagram *d = w.wire[0];

			memmove(w.wire, w.wire + 1, --w.n_wire * sizeof(w.wire[0]));
			ike_datagram(w.e[d->to]->ike, w.now_ms, &d->path, span_of(d->b, d->len));
			free(d);
			continue;
		}
		for (int i = 0; i < ENGINES; i++)
			if (ike_next_ms(w.e[i]->ike) < next)
				next = ike_next_ms(w.e[i]->ike);
		if (next > until)
			break;
		w.now_ms = next > w.now_ms ? next : w.now_ms;
		for (int i = 0; i < ENGINES; i++)
			ike_tick(w.e[i]->ike, w.now_ms);
	}
	w.now_ms = until;
}

/* ---- the routers ---- */

static void configure(int i)
{
	assert_int_equal(ike_configure(w.e[i]->ike, &w.e[i]->cfg, w.now_ms), 0);
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
	e->p2[0] = (struct p2_policy){
		.id = 1, .ifid = 1, .map = "M", .seq = 10, .local = addr, .n_transforms = 1,
		.transforms = { { .name = "T", .mode = MODE_TUNNEL, .cipher = CIPHER_AES_CBC,
				  .cipher_bits = 128, .esp_auth = AUTH_HMAC_SHA1_96 } },
		.sel = { .local = addr_match_v4(0, UINT32_MAX), .remote = addr_match_v4(0, UINT32_MAX) },
		.life_sec = 3600, .life_kb = 4608000, .replay_window = 64,
	};
	e->cfg = (struct ike_config){ .enabled = true, .nat_traversal = true, .p1 = &e->p1, .n_p1 = 1,
				      .psk = &e->psk, .n_psk = 1, .p2 = e->p2, .n_p2 = 1 };
	w.e[i] = e;
	if (!i) {
		e->p2[0].dynamic = e->p2[0].any_proxies = true;
	} else {
		e->p2[0].sel.local = addr_match_v4(A(10, (unsigned)i, 0, 0), 0xff);
		e->p2[0].sel.remote = addr_match_v4(A(10, 100, 0, 0), 0xff);
		e->p2[0].n_peers = 1;
		e->p2[0].peers[0] = hub_addr();
	}
	configure(i);
}

static int world_up(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	w.now_ms = 1000;
	sim.rng = 1;
	engine_up(0, hub_addr());
	for (int i = 1; i < ROUTER; i++) {
		engine_up(i, ipaddr_v4(A(172, 16, 1, 0) + (uint32_t)i));
		w.e[i]->port_500 = (uint16_t)(40000 + i);
		w.e[i]->port_4500 = (uint16_t)(45000 + i);
	}
	engine_up(ROUTER, nat_addr());
	return 0;
}

static int world_down(void **state)
{
	(void)state;
	while (w.n_wire)
		free(w.wire[--w.n_wire]);
	for (int i = 0; i < ENGINES; i++) {
		ike_free(w.e[i]->ike);
		free(w.e[i]);
	}
	return 0;
}

static void come(int i)
{
	const struct selector *s = &w.e[i]->p2[0].sel;
	struct flow f = { .local = s->local.addr, .remote = s->remote.addr };

	ike_acquire(w.e[i]->ike, w.now_ms, 1, &f);
	run(1000);
}

/* Loses all that it has, without a word. */
static void reboot(int i)
{
	drain(i);
	ike_free(w.e[i]->ike);
	w.e[i]->ike = ike_new(&sim_env);
	w.e[i]->n_sa = 0;
	configure(i);
}

/* ---- what is where ---- */

static size_t up_at(uint16_t port)
{
	struct ike_sa_info i;
	size_t n = 0;

	for (size_t k = 0; ike_get_sa(w.e[0]->ike, w.now_ms, k, &i); k++)
		n += i.state == IKE_QM_IDLE && !i.deleted && (!port || i.remote_port == port);
	return n;
}

/* The hub's SA for what goes to that spoke's network. */
static const struct sa_spec *out_to(int spoke)
{
	const struct sa_spec *hit = NULL;

	for (size_t i = 0; i < w.e[0]->n_sa; i++) {
		const struct sa_spec *s = &w.e[0]->sa[i];

		if (s->dir == SA_OUT && ipaddr_to_v4(&s->sel.remote.addr) == A(10, (unsigned)spoke, 0, 0) &&
		    (!hit || s->pair_id > hit->pair_id))
			hit = s;
	}
	assert_non_null(hit);
	return hit;
}

/* What the hub sends for the spoke's network, the spoke has the key of, and it goes to him. */
static void assert_served(int i)
{
	const struct sa_spec *out = out_to(i);
	bool twin = false;

	for (size_t n = 0; n < w.e[i]->n_sa; n++) {
		const struct sa_spec *s = &w.e[i]->sa[n];

		twin |= s->dir == SA_IN && s->spi == out->spi &&
			!memcmp(s->enc_key.b, out->enc_key.b, out->enc_key.len);
	}
	assert_true(twin);
	if (w.e[i]->port_4500)
		assert_int_equal(out->udp_dport, w.e[i]->port_4500);
	else
		assert_false(out->udp_encap);
}

static void all_come(void)
{
	for (int i = 1; i < ENGINES; i++) {
		come(i);
		run(5000);
	}
}

/* ---- the tests ---- */

static void who_comes_second_does_not_end_the_first(void **state)
{
	(void)state;
	all_come();
	run(60000);
	assert_int_equal(w.e[0]->deletes, 0);
	assert_int_equal(up_at(0), 3);
	for (int i = 1; i < ENGINES; i++) {
		assert_int_equal(w.e[i]->deletes, 0);
		assert_served(i);
	}
}

/* With another port of the NAT, even: by his identity he is known to be the same. */
static void who_begins_anew_ends_what_was_his(void **state)
{
	(void)state;
	all_come();
	reboot(1);
	w.e[1]->port_500 = 50001;
	w.e[1]->port_4500 = 55001;
	come(1);
	run(10000);
	assert_int_equal(up_at(45001), 0);
	assert_int_equal(up_at(55001), 1);
	assert_int_equal(w.e[0]->deletes, 2);
	assert_int_equal(w.e[0]->n_sa, 6);
	for (int i = 1; i < ENGINES; i++)
		assert_served(i);
	assert_int_equal(w.e[2]->deletes + w.e[ROUTER]->deletes, 0);
}

static void one_that_moves_takes_nobody_along(void **state)
{
	struct ipaddr at = nat_addr();
	const struct sa_spec *in = NULL;

	(void)state;
	all_come();
	for (size_t i = 0; i < w.e[0]->n_sa; i++)
		if (w.e[0]->sa[i].dir == SA_IN && w.e[0]->sa[i].udp_sport == 45001)
			in = &w.e[0]->sa[i];
	assert_non_null(in);
	w.e[1]->port_4500 = 55001; /* ESP of his comes from there */
	ike_peer_moved(w.e[0]->ike, w.now_ms, in->id, &at, 55001);
	drain_all();
	assert_int_equal(up_at(55001), 1);
	assert_int_equal(up_at(45002), 1);
	for (int i = 1; i < ENGINES; i++)
		assert_served(i);
}

/* It is asked of the spoke whose network it is, not of whoever came last. */
static void the_hub_renews_with_the_right_one(void **state)
{
	(void)state;
	all_come();
	for (int i = 1; i < ENGINES; i++) {
		const struct sa_spec was = *out_to(i);

		ike_expire(w.e[0]->ike, w.now_ms, was.id, false, true);
		run(2000);
		assert_int_not_equal(out_to(i)->spi, was.spi);
		assert_served(i);
	}
}

static void what_is_deleted_is_told_to_whom_it_was_with(void **state)
{
	(void)state;
	all_come();
	ike_clear_ipsec(w.e[0]->ike, w.now_ms, NULL, NULL, out_to(1)->spi);
	run(1000);
	assert_int_equal(w.e[1]->n_sa, 0);
	assert_int_equal(w.e[2]->n_sa, 2);
	assert_int_equal(w.e[ROUTER]->n_sa, 2);
}

/* After a crash of the hub's control the mapping tells them apart until they come. */
static void a_new_core_takes_over_all_of_them(void **state)
{
	struct sa_spec sa[64];
	size_t n;

	(void)state;
	all_come();
	n = w.e[0]->n_sa;
	memcpy(sa, w.e[0]->sa, sizeof(sa));
	ike_free(w.e[0]->ike);
	w.e[0]->ike = ike_new(&sim_env);
	configure(0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(ike_adopt(w.e[0]->ike, w.now_ms, &sa[i]), 0);
	drain_all();
	assert_int_equal(w.e[0]->n_sa, n);
	reboot(2);
	come(2);
	run(10000);
	assert_int_equal(w.e[0]->deletes, 2);
	for (int i = 1; i < ENGINES; i++)
		assert_served(i);
	ike_expire(w.e[0]->ike, w.now_ms, out_to(1)->id, false, true);
	run(2000);
	assert_int_equal(up_at(45001), 1);
	for (int i = 1; i < ENGINES; i++)
		assert_served(i);
}

static void sent_out(int i, uint32_t idle_ms)
{
	struct ike_use u = { .sa_id = out_to(i)->id, .idle_ms = idle_ms };

	ike_used(w.e[0]->ike, w.now_ms, &u, 1);
}

static void assert_only_dead(int dead)
{
	assert_int_equal(w.e[0]->deletes, 2);
	assert_int_equal(w.e[0]->n_sa, 4);
	for (int i = 1; i < ENGINES; i++)
		if (i != dead)
			assert_served(i);
}

/* Whether the others behind the NAT are alive says nothing of him, nor his death of them. */
static void each_one_is_asked_and_dies_alone(void **state)
{
	(void)state;
	for (int dead = 1; dead < ROUTER; dead++) {
		world_down(NULL);
		world_up(NULL);
		w.e[0]->cfg.keepalive_sec = 10;
		configure(0);
		all_come();
		w.e[dead]->dead = true;
		run(20000);
		sent_out(dead, 0);
		run(60000);
		assert_int_equal(up_at((uint16_t)(45000 + dead)), 0);
		assert_int_equal(up_at(0), 2);
		assert_only_dead(dead);
	}
}

/* Without a phase 1: whom the pair was with is looked for, and only he is missed. */
static void who_is_looked_for_dies_alone(void **state)
{
	(void)state;
	w.e[0]->cfg.keepalive_sec = 10;
	configure(0);
	all_come();
	ike_clear_isakmp(w.e[0]->ike, w.now_ms, 0);
	run(1000);
	w.e[1]->dead = true;
	run(20000);
	sent_out(1, 0);
	run(60000);
	assert_only_dead(1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_up, world_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_comes_second_does_not_end_the_first),
		TEST(who_begins_anew_ends_what_was_his),
		TEST(one_that_moves_takes_nobody_along),
		TEST(the_hub_renews_with_the_right_one),
		TEST(what_is_deleted_is_told_to_whom_it_was_with),
		TEST(a_new_core_takes_over_all_of_them),
		TEST(each_one_is_asked_and_dies_alone),
		TEST(who_is_looked_for_dies_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
