/* SPDX-License-Identifier: Apache-2.0 */
/* The core without a descriptor: ports are arrays, the clock is a number. What
 * crosses the wire is compared in tests/system/test_forwarder.py; here is what
 * needs a full control socket, an empty pool or a look inside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "forwarder/internal.h"
#include "packet/gre.h"

#define US   0xc0000201 /* 192.0.2.1 */
#define PEER 0xc6336401 /* 198.51.100.1 */
#define HOST 0x0a01010a /* 10.1.1.10 */
#define IFID 7

enum { PORT_STEER = 11, PORT_ESP = 1, PORT_GRE = 2, PORT_TUN = 10 };

/* ---- a port that is memory ---- */

struct mem_port {
	struct port port;
	uint8_t in[BATCH_MAX][2048];
	size_t in_len[BATCH_MAX], n_in;
	size_t n_sent, refuse; /* refuse: how many sends fail */
	uint8_t last[2048];
	size_t last_len;
	void (*on_send)(void *ctx, const struct pkt *p);
	void *ctx;
};

static size_t mem_recv(struct port *port, struct pool *pool, struct batch *b)
{
	struct mem_port *m = (struct mem_port *)(void *)port;
	size_t had = b->n;

	for (size_t i = 0; i < m->n_in; i++) {
		struct pkt *p = pkt_get(pool);

		if (!p)
			break;
		memcpy(p->data, m->in[i], m->in_len[i]);
		p->len = (uint32_t)m->in_len[i];
		(void)batch_add(b, p);
	}
	m->n_in = 0;
	return b->n - had;
}

static size_t mem_send(struct port *port, struct batch *b)
{
	struct mem_port *m = (struct mem_port *)(void *)port;
	size_t ok = 0;

	for (size_t i = 0; i < b->n; i++) {
		if (m->refuse) {
			m->refuse--;
			continue;
		}
		m->n_sent++;
		m->last_len = b->p[i]->len;
		memcpy(m->last, b->p[i]->data, m->last_len < sizeof(m->last) ? m->last_len :
									       sizeof(m->last));
		if (m->on_send)
			m->on_send(m->ctx, b->p[i]);
		ok++;
	}
	return ok;
}

static void mem_close(struct port *port)
{
	(void)port; /* the test's */
}

static const struct port_ops mem_ops = { mem_recv, mem_send, mem_close };

/* ---- a forwarder and its world ---- */

struct world {
	struct forwarder *f;
	uint64_t now_ms;
	bool deaf; /* control takes no event */
	int factory_error;
	int32_t result;
	size_t told[FWD_LAST_EVENT + 1];
	struct fwd_msg last[FWD_LAST_EVENT + 1];
	struct mem_port *steer, *esp, *gre, *tun;
};

static uint64_t world_now(void *ctx)
{
	return ((struct world *)ctx)->now_ms;
}

static void world_random(void *ctx, void *p, size_t n)
{
	(void)ctx;
	memset(p, 0x5a, n);
}

static int world_port(void *ctx, const struct fwd_port *desc, int fd, struct port **ret_port)
{
	struct world *w = ctx;

	close(fd);
	if (w->factory_error)
		return w->factory_error;
	*ret_port = desc->id == PORT_STEER ? &w->steer->port :
		    desc->id == PORT_ESP   ? &w->esp->port :
		    desc->id == PORT_GRE   ? &w->gre->port :
					     &w->tun->port;
	return 0;
}

static bool world_control(void *ctx, const struct fwd_msg *m)
{
	struct world *w = ctx;

	if (m->type == FWD_RESULT)
		w->result = m->u.error;
	else if (w->deaf && !m->seq)
		return false;
	w->told[m->type]++;
	w->last[m->type] = *m;
	return true;
}

/* Sends m as control does; its answer. */
static int32_t ask(struct world *w, struct fwd_msg *m)
{
	uint8_t buf[1024];
	struct wr wr = wr_of(buf, sizeof(buf));
	int fd = m->type == FWD_PORT_ADD ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;

	m->seq = 1;
	w->result = 1;
	fwd_encode(&wr, m);
	forwarder_message(w->f, wr_done(&wr), fd);
	return w->result;
}

static int32_t ask_id(struct world *w, enum fwd_type type, uint32_t id)
{
	struct fwd_msg m = { .type = (uint8_t)type, .u.id = id };

	return ask(w, &m);
}

static int32_t add_port(struct world *w, uint32_t id, enum fwd_port_kind kind)
{
	struct fwd_msg m = { .type = FWD_PORT_ADD,
			     .u.port = { .id = id, .kind = (uint8_t)kind, .ifid = IFID } };

	return ask(w, &m);
}

static int32_t add_policy(struct world *w, uint32_t id, uint8_t action, const struct selector *sel)
{
	struct fwd_msg m = { .type = FWD_POLICY_ADD,
			     .u.policy = { .id = id, .ifid = IFID, .map_seq = id, .action = action,
					   .sel = *sel, .local = ipaddr_v4(US),
					   .path_mtu = 1500 } };

	return ask(w, &m);
}

static int32_t add_tunnel(struct world *w)
{
	struct fwd_msg m = { .type = FWD_TUNNEL_ADD,
			     .u.tunnel = { .tun_port = PORT_TUN, .src = ipaddr_v4(US),
					   .dst = ipaddr_v4(PEER), .egress_ifid = IFID, .ttl = 255,
					   .tos = 0xff, .mtu = 1476, .up = true } };

	return ask(w, &m);
}

/* 10.1.0.0/16 to 10.net.0.0/16. */
static struct selector to_net(uint32_t net)
{
	return (struct selector){ .local = addr_match_v4(0x0a010000, 0xffff),
				  .remote = addr_match_v4(0x0a000000 | net << 16, 0xffff) };
}

static int32_t add_sa(struct world *w, uint32_t id, uint32_t policy, uint8_t dir,
		      const struct selector *sel, struct sa_life life)
{
	struct fwd_msg m = { .type = FWD_SA_ADD,
			     .u.sa = { .id = id, .pair_id = id, .policy_id = policy, .dir = dir,
				       .proto = PROTO_ESP, .mode = MODE_TUNNEL, .spi = 0x1000 + id,
				       .src = ipaddr_v4(US), .dst = ipaddr_v4(PEER),
				       .cipher = CIPHER_NULL, .auth = AUTH_HMAC_SHA1_96,
				       .auth_key.len = 20, .replay_window = 64, .sel = *sel,
				       .life = life } };

	return ask(w, &m);
}

static void world_free(struct world *w)
{
	forwarder_free(w->f);
	free(w->steer);
	free(w->esp);
	free(w->gre);
	free(w->tun);
	free(w);
}

static struct world *world_new(void)
{
	struct world *w = calloc(1, sizeof(*w));
	struct mem_port **ports[] = { &w->steer, &w->esp, &w->gre, &w->tun };
	struct forwarder_env env = { world_now, world_random, world_port, world_control, w };

	for (size_t i = 0; i < 4; i++) {
		*ports[i] = calloc(1, sizeof(struct mem_port));
		(*ports[i])->port = (struct port){ .ops = &mem_ops, .fd = -1 };
	}
	w->now_ms = 1000;
	w->f = forwarder_new(&env);
	assert_non_null(w->f);
	assert_int_equal(add_port(w, PORT_STEER, FWD_PORT_STEER), 0);
	assert_int_equal(add_port(w, PORT_ESP, FWD_PORT_ESP), 0);
	assert_int_equal(add_port(w, PORT_GRE, FWD_PORT_GRE), 0);
	assert_int_equal(add_port(w, PORT_TUN, FWD_PORT_TUNNEL), 0);
	return w;
}

/* Queues a UDP packet at a port. */
static void put(struct mem_port *m, uint32_t src, uint32_t dst, uint16_t sport)
{
	uint8_t *p = m->in[m->n_in];
	struct ip_view h = { .ttl = 64, .id = 1, .proto = 17, .total_len = 36, .src = src, .dst = dst };
	struct wr w = wr_of(p + IP4_HEADER, 16);

	assert_true(m->n_in < BATCH_MAX);
	ip4_write(p, &h);
	wr_be16(&w, sport);
	wr_be16(&w, 2000);
	wr_be16(&w, 16);
	wr_zero(&w, 10);
	m->in_len[m->n_in++] = 36;
}

static void poll_steer(struct world *w)
{
	forwarder_poll_port(w->f, &w->steer->port);
}

/* Policies 1..n protect 10.1 to 10.(1+n). */
static void protect_nets(struct world *w, uint32_t n)
{
	assert_int_equal(ask_id(w, FWD_TABLE_BEGIN, 0), 0);
	for (uint32_t i = 1; i <= n; i++) {
		struct selector s = to_net(1 + i);

		assert_int_equal(add_policy(w, i, FWD_POLICY_PROTECT, &s), 0);
	}
	assert_int_equal(ask_id(w, FWD_TABLE_COMMIT, 0), 0);
}

static const struct sa_life forever;

/* ---- tests ---- */

static void waiting_is_bounded_and_starves_nobody(void **state)
{
	struct world *w = world_new();
	struct selector s = to_net(2);
	size_t fed = 0;

	(void)state;
	protect_nets(w, 12);
	assert_int_equal(add_sa(w, 1, 1, SA_OUT, &s, forever), 0);
	for (uint32_t net = 3; net <= 13; net++) {
		for (uint16_t sport = 0; sport < 320; sport++) {
			put(w->steer, HOST, 0x0a000001 | net << 16, sport);
			fed++;
			if (w->steer->n_in == BATCH_MAX)
				poll_steer(w);
		}
	}
	poll_steer(w);
	assert_int_equal(w->f->all->n_waiting, WAIT_TOTAL);
	assert_int_equal(w->f->drops.n[FWD_DROP_NO_SA], fed - WAIT_TOTAL);
	assert_int_equal(policy_find(w->f, 2)->n_waiting, WAIT_PER_POLICY);
	assert_int_equal(w->told[FWD_ACQUIRE], 11); /* one for each policy, whatever the flood */
	for (int i = 0; i < BATCH_MAX; i++)
		put(w->steer, HOST, 0x0a020001, 1);
	poll_steer(w);
	assert_int_equal(w->esp->n_sent, BATCH_MAX);
	/* one policy fails, and its packets' places are free again */
	assert_int_equal(ask_id(w, FWD_NEGOTIATION_FAILED, 2), 0);
	assert_int_equal(w->f->all->n_waiting, WAIT_TOTAL - WAIT_PER_POLICY);
	w->now_ms += WAIT_MS + 1000;
	forwarder_tick(w->f);
	assert_int_equal(w->f->all->n_waiting, 0);
	assert_int_equal(w->f->pool.n_free, w->f->pool.n);
	world_free(w);
}

static void an_expiry_that_control_could_not_take_is_told_again(void **state)
{
	struct world *w = world_new();
	struct selector s = to_net(2);

	(void)state;
	protect_nets(w, 1);
	assert_int_equal(add_sa(w, 1, 1, SA_OUT, &s, (struct sa_life){ .soft_sec = 5, .hard_sec = 9 }), 0);
	w->deaf = true;
	w->now_ms += 6000;
	forwarder_tick(w->f);
	assert_int_equal(w->told[FWD_EXPIRE], 0);
	assert_true(w->f->drops.n[FWD_DROP_EVENT_LOST] > 0);
	w->deaf = false;
	w->now_ms += 1000;
	forwarder_tick(w->f);
	w->now_ms += 1000;
	forwarder_tick(w->f);
	assert_int_equal(w->told[FWD_EXPIRE], 1);
	assert_false(w->last[FWD_EXPIRE].u.expire.hard);
	w->now_ms += 1500;
	forwarder_tick(w->f);
	assert_int_equal(w->told[FWD_EXPIRE], 2);
	assert_true(w->last[FWD_EXPIRE].u.expire.hard);
	world_free(w);
}

static void an_acquire_that_control_could_not_take_is_told_with_the_next_packet(void **state)
{
	struct world *w = world_new();
	uint64_t lost;

	(void)state;
	protect_nets(w, 1);
	w->deaf = true;
	put(w->steer, HOST, 0x0a020001, 1);
	poll_steer(w);
	lost = w->f->drops.n[FWD_DROP_EVENT_LOST];
	assert_int_equal(lost, 1);
	w->deaf = false;
	w->now_ms += 100;
	put(w->steer, HOST, 0x0a020001, 1);
	poll_steer(w);
	assert_int_equal(w->told[FWD_ACQUIRE], 1);
	assert_int_equal(w->f->all->n_waiting, 2);
	world_free(w);
}

static void a_port_that_became_slower_is_told_of_until_control_takes_it(void **state)
{
	struct world *w = world_new();
	struct fport *p = port_by_id(w->f, PORT_TUN);
	struct batch b = { 0 };

	(void)state;
	w->deaf = true;
	w->tun->port.fell_back = -EINVAL;
	port_send(w->f, p, &b);
	assert_int_equal(w->told[FWD_PORT_SLOWER], 0);
	assert_int_equal(w->f->drops.n[FWD_DROP_EVENT_LOST], 1);
	w->deaf = false;
	w->f->now_ms += 1000;
	for (size_t i = 0; i < 3; i++)
		port_send(w->f, p, &b);
	assert_int_equal(w->told[FWD_PORT_SLOWER], 1);
	assert_int_equal(w->last[FWD_PORT_SLOWER].u.port_slower.id, PORT_TUN);
	assert_int_equal(w->last[FWD_PORT_SLOWER].u.port_slower.error, -EINVAL);
	world_free(w);
}

static void what_a_port_still_holds_is_counted_when_it_goes(void **state)
{
	struct world *w = world_new();

	(void)state;
	w->tun->port.more = 5; /* packets for which a batch had no room */
	assert_int_equal(ask_id(w, FWD_PORT_DEL, PORT_TUN), 0);
	assert_int_equal(w->f->drops.n[FWD_DROP_PORT_GONE], 5);
	world_free(w);
}

static void sequence_numbers_never_cycle(void **state)
{
	struct world *w = world_new();
	struct selector s = to_net(2);
	struct sa *sa;

	(void)state;
	protect_nets(w, 1);
	assert_int_equal(add_sa(w, 1, 1, SA_OUT, &s, forever), 0);
	sa = sad_by_id(&w->f->all->sad, 1);
	sa->seq = UINT32_MAX - 3;
	for (uint16_t i = 0; i < 10; i++)
		put(w->steer, HOST, 0x0a020001, i);
	poll_steer(w);
	assert_int_equal(w->esp->n_sent, 3);
	struct rd r = rd_of(w->esp->last + 24, 4);
	assert_int_equal(rd_be32(&r), UINT32_MAX);
	assert_true(w->told[FWD_EXPIRE] >= 1);
	put(w->steer, HOST, 0x0a020001, 99);
	poll_steer(w);
	forwarder_tick(w->f);
	assert_int_equal(w->esp->n_sent, 3);
	assert_true(w->last[FWD_EXPIRE].u.expire.hard);
	assert_int_equal(w->told[FWD_ACQUIRE], 1); /* the last one waits for a fresh SA */
	world_free(w);
}

/* The volume ends within a batch, and control hears of it with the batch. */
static void a_volume_ends_with_its_packet_and_is_told_at_once(void **state)
{
	struct world *w = world_new();
	struct selector s = to_net(2);

	(void)state;
	protect_nets(w, 1);
	put(w->steer, HOST, 0x0a020001, 0);
	uint64_t len = w->steer->in_len[0];
	assert_int_equal(add_sa(w, 1, 1, SA_OUT, &s, (struct sa_life){ .hard_bytes = 5 * len + 1 }), 0);
	for (uint16_t i = 1; i < 20; i++)
		put(w->steer, HOST, 0x0a020001, i);
	poll_steer(w);
	assert_int_equal(w->esp->n_sent, 5);
	assert_int_equal(w->f->drops.n[FWD_DROP_SA_DEAD], 15);
	assert_int_equal(w->told[FWD_EXPIRE], 1);
	assert_true(w->last[FWD_EXPIRE].u.expire.hard);
	put(w->steer, HOST, 0x0a020001, 99);
	poll_steer(w);
	assert_int_equal(w->esp->n_sent, 5);
	assert_int_equal(w->told[FWD_ACQUIRE], 1); /* it waits for a fresh SA */
	world_free(w);
}

static void a_packet_that_the_kernel_refuses_is_counted(void **state)
{
	struct world *w = world_new();
	struct selector s = to_net(2);

	(void)state;
	protect_nets(w, 1);
	assert_int_equal(add_sa(w, 1, 1, SA_OUT, &s, forever), 0);
	w->esp->refuse = 2;
	for (uint16_t i = 0; i < 5; i++)
		put(w->steer, HOST, 0x0a020001, i);
	poll_steer(w);
	assert_int_equal(w->esp->n_sent, 3);
	assert_int_equal(w->f->drops.n[FWD_DROP_SEND_FAILED], 2);
	assert_int_equal(w->f->pool.n_free, w->f->pool.n);
	world_free(w);
}

static void a_port_that_cannot_be_made_leaves_no_trace(void **state)
{
	struct world *w = world_new();

	(void)state;
	w->factory_error = -ENOTSOCK;
	assert_int_equal(add_port(w, 50, FWD_PORT_ICMP), -ENOTSOCK);
	assert_null(w->f->all->by_kind[FWD_PORT_ICMP]);
	assert_int_equal(ask_id(w, FWD_PORT_DEL, 50), -ENOENT);
	world_free(w);
}

static void policies_live_as_long_as_something_names_them(void **state)
{
	struct world *w = world_new();
	struct selector s = to_net(2);

	(void)state;
	for (int i = 0; i < 50; i++) { /* reconfigured again and again, each time with new ids */
		assert_int_equal(ask_id(w, FWD_TABLE_BEGIN, 0), 0);
		assert_int_equal(add_policy(w, (uint32_t)(1000 + i), FWD_POLICY_PROTECT, &s), 0);
		if (i % 3) /* every third is given up half way */
			assert_int_equal(ask_id(w, FWD_TABLE_COMMIT, 0), 0);
	}
	assert_int_equal(w->f->all->policies.n, 1);
	assert_int_equal(add_sa(w, 1, 1049, SA_OUT, &s, forever), 0);
	assert_int_equal(add_sa(w, 2, 7, SA_IN, &s, forever), 0);
	assert_int_equal(ask_id(w, FWD_TABLE_BEGIN, 0), 0);
	assert_int_equal(ask_id(w, FWD_TABLE_COMMIT, 0), 0);
	assert_int_equal(w->f->all->policies.n, 2);
	assert_int_equal(ask_id(w, FWD_SA_DEL, 1), 0);
	assert_int_equal(ask_id(w, FWD_SA_DEL, 2), 0);
	assert_int_equal(w->f->all->policies.n, 0);
	world_free(w);
}

static struct tunnel *by_ends(struct forwarder *f, uint32_t remote, enum fwd_tunnel_encap encap,
			      bool has_key, uint32_t key, struct tunnel **ret_near)
{
	struct ipaddr us = ipaddr_v4(US), peer = ipaddr_v4(remote);

	return tunnel_by_ends(f, &us, &peer, encap, has_key, key, ret_near);
}

static void a_tunnel_is_found_among_a_thousand(void **state)
{
	struct world *w = world_new();
	struct fwd_msg m = { .type = FWD_TUNNEL_ADD,
			     .u.tunnel = { .src = ipaddr_v4(US), .egress_ifid = IFID, .ttl = 255,
					   .up = true } };
	struct tunnel *near;

	(void)state;
	assert_int_equal(ask_id(w, FWD_TABLE_BEGIN, 0), 0);
	for (uint32_t i = 0; i < 1000; i++) {
		m.u.tunnel.tunnel_id = i;
		m.u.tunnel.tun_port = i == 777 ? PORT_TUN : 5000 + i;
		m.u.tunnel.dst = ipaddr_v4(PEER + i / 2);
		m.u.tunnel.has_key = true;
		m.u.tunnel.key = i % 2;
		assert_int_equal(ask(w, &m), 0);
	}
	assert_int_equal(ask_id(w, FWD_TABLE_COMMIT, 0), 0);
	struct tunnel *t = by_ends(w->f, PEER + 388, FWD_ENCAP_GRE, true, 1, &near);
	assert_non_null(t);
	assert_int_equal(t->conf.tunnel_id, 777);
	assert_non_null(t->port);
	assert_null(by_ends(w->f, PEER + 388, FWD_ENCAP_GRE, true, 2, &near));
	assert_non_null(near);
	assert_null(by_ends(w->f, PEER + 500, FWD_ENCAP_GRE, true, 1, &near));
	assert_null(near);
	world_free(w);
}

/* ---- the third lock, under everything at once ---- */

struct lock {
	struct world *w;
	uint32_t seed;
	size_t clear, protected;
};

static uint32_t roll(struct lock *l, uint32_t n)
{
	l->seed = l->seed * 1664525u + 1013904223u;
	return (l->seed >> 8) % n;
}

/* Every packet in clear is one that the table in force, walked anew, lets out. */
static void check_clear(void *ctx, const struct pkt *p)
{
	struct lock *l = ctx;
	struct pkt copy = *p;
	struct flow fl;
	struct ip_view h = { 0 };

	assert_true(ip4_peek(span_of(p->data, p->len), &h));
	assert_int_equal(h.proto, IPPROTO_GRE_);
	ip4_flow(&copy, &h, &fl);
	assert_null(spd_lookup(&l->w->f->all->table.spd, IFID, &fl));
	l->clear++;
}

static void check_esp(void *ctx, const struct pkt *p)
{
	struct lock *l = ctx;
	struct ip_view h = { 0 };
	bool live = false;

	assert_true(ip4_peek(span_of(p->data, p->len), &h));
	assert_int_equal(h.proto, IPPROTO_ESP_);
	struct rd r = rd_of(p->data + h.header_len, 4);
	uint32_t spi = rd_be32(&r);
	for (struct hnode *n = htab_walk(&l->w->f->all->sad.by_id, NULL); n;
	     n = htab_walk(&l->w->f->all->sad.by_id, n))
		live |= hnode_entry(n, struct sa, by_id)->spec.spi == spi;
	assert_true(live);
	l->protected++;
}

static void change_table(struct lock *l)
{
	struct selector gre = { .local = addr_match_v4(US, 0), .remote = addr_match_v4(PEER, 0),
				.proto = IPPROTO_GRE_ };

	assert_int_equal(ask_id(l->w, FWD_TABLE_BEGIN, 0), 0);
	for (uint32_t i = 1; i <= 4; i++) {
		struct selector s = i == 3 ? gre : to_net(1 + i);
		uint8_t action = roll(l, 3) ? FWD_POLICY_PROTECT : FWD_POLICY_SKIP;

		if (roll(l, 4))
			assert_int_equal(add_policy(l->w, i, action, &s), 0);
	}
	if (roll(l, 8))
		assert_int_equal(add_tunnel(l->w), 0);
	if (roll(l, 5))
		assert_int_equal(ask_id(l->w, FWD_TABLE_COMMIT, 0), 0);
}

static void change_sa(struct lock *l)
{
	struct selector any = { .local = addr_match_v4(0, UINT32_MAX),
				.remote = addr_match_v4(0, UINT32_MAX) };
	uint32_t id = 1 + roll(l, 6);

	if (ask_id(l->w, FWD_SA_DEL, id) == -ENOENT)
		assert_int_equal(add_sa(l->w, id, 1 + id % 4, SA_OUT, &any,
					(struct sa_life){ .soft_sec = 2, .hard_sec = 4 }),
				 0);
}

/* With so many SAs that memory is asked for them in advance (ahead.c): each packet takes its own, also where one that is known has
 * gone; and what comes in is read as far as it is there. */
static void of_many_sas_each_packet_has_its_own(void **state)
{
	enum { MANY = 120 };
	struct world *w = world_new();

	(void)state;
	protect_nets(w, MANY);
	for (uint32_t i = 1; i <= MANY; i++) {
		struct selector s = to_net(1 + i);

		assert_int_equal(add_sa(w, i, i, SA_OUT, &s, forever), 0);
	}
	for (size_t round = 0; round < 4; round++) {
		size_t sent = w->esp->n_sent;

		for (uint32_t i = 0; i < BATCH_MAX; i++)
			put(w->steer, HOST, 0x0a000001 | (2 + i) << 16, 1);
		poll_steer(w);
		assert_int_equal(w->esp->n_sent - sent, BATCH_MAX - round);
		assert_int_equal(be32_at(w->esp->last + IP4_HEADER), 0x1000 + BATCH_MAX);
		assert_int_equal(w->f->all->n_waiting, round * (round + 1) / 2);
		assert_int_equal(ask_id(w, FWD_SA_DEL, 10 + (uint32_t)round), 0);
	}
	for (size_t len = 0; len < 90; len++) {
		uint64_t before = w->f->drops.n[FWD_DROP_UNKNOWN_SPI];
		size_t good = 0;

		for (uint8_t i = 0; i < 16; i++) {
			uint8_t *p = w->esp->in[w->esp->n_in];
			struct ip_view h = { .ttl = 64, .id = 1, .proto = PROTO_ESP, .total_len = (uint16_t)len, .src = PEER, .dst = US };

			memset(p, 0x33, len + IP4_HEADER);
			ip4_write(p, &h);
			p[0] = (uint8_t)(0x40 | (i == 5 ? 5 : i));
			good += i == 5 && len >= IP4_HEADER + 8;
			w->esp->in_len[w->esp->n_in++] = len;
		}
		forwarder_poll_port(w->f, &w->esp->port);
		if (good)
			assert_true(w->f->drops.n[FWD_DROP_UNKNOWN_SPI] > before);
	}
	w->now_ms += WAIT_MS + 1000;
	forwarder_tick(w->f);
	assert_int_equal(w->f->pool.n_free, w->f->pool.n);
	world_free(w);
}

static void nothing_that_a_policy_protects_leaves_in_clear(void **state)
{
	struct lock l = { world_new(), 20231124, 0, 0 };
	struct world *w = l.w;

	(void)state;
	w->gre->on_send = check_clear;
	w->esp->on_send = check_esp;
	w->gre->ctx = w->esp->ctx = &l;
	for (int turn = 0; turn < 20000; turn++) {
		switch (roll(&l, 8)) {
		case 0:
			if (!roll(&l, 4))
				change_table(&l);
			break;
		case 1:
			change_sa(&l);
			break;
		case 2:
			w->now_ms += roll(&l, 700);
			forwarder_tick(w->f);
			break;
		case 3:
			(void)ask_id(w, FWD_NEGOTIATION_FAILED, 1 + roll(&l, 4));
			break;
		default:
			for (uint32_t k = roll(&l, 5); k; k--) {
				put(w->steer, HOST, 0x0a000001 | (2 + roll(&l, 4)) << 16,
				    (uint16_t)roll(&l, 3));
				put(w->tun, HOST, 0x0a090001, (uint16_t)roll(&l, 3));
			}
			poll_steer(w);
			forwarder_poll_port(w->f, &w->tun->port);
			break;
		}
	}
	assert_true(l.clear > 100);
	assert_true(l.protected > 100);
	assert_true(w->f->all->n_waiting <= WAIT_TOTAL);
	assert_int_equal(w->f->pool.n_free + w->f->all->n_waiting, w->f->pool.n);
	world_free(w);
}

/* The log says by whom, also when another forwarder has come. */
static void it_says_who_encrypts_and_whether_it_is_pinned_whenever_control_says_hello(void **state)
{
	struct world *w = world_new();
	struct fwd_msg hello = { .type = FWD_HELLO, .u.version = FWD_VERSION + 1 };

	(void)state;
	assert_int_equal(ask(w, &hello), -EPROTONOSUPPORT);
	assert_int_equal(w->told[FWD_CRYPTO], 0);
	hello.u.version = FWD_VERSION;
	assert_int_equal(ask(w, &hello), 0);
	assert_int_equal(w->told[FWD_CRYPTO], 1);
	assert_int_equal(w->last[FWD_CRYPTO].seq, hello.seq);
	assert_string_equal(w->last[FWD_CRYPTO].u.crypto, crypto_runner_name(w->f->esp.crypto));
	assert_int_equal(w->told[FWD_NOT_PINNED], 0);
	forwarder_not_pinned(w->f, -EPERM);
	assert_int_equal(ask(w, &hello), 0);
	assert_int_equal(w->told[FWD_NOT_PINNED], 1);
	assert_int_equal(w->last[FWD_NOT_PINNED].u.error, -EPERM);
#if !defined(__x86_64__) /* there is no other */
	assert_memory_equal(w->last[FWD_CRYPTO].u.crypto, "libcrypto 3.", 12);
#endif
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waiting_is_bounded_and_starves_nobody),
		cmocka_unit_test(an_expiry_that_control_could_not_take_is_told_again),
		cmocka_unit_test(an_acquire_that_control_could_not_take_is_told_with_the_next_packet),
		cmocka_unit_test(a_port_that_became_slower_is_told_of_until_control_takes_it),
		cmocka_unit_test(what_a_port_still_holds_is_counted_when_it_goes),
		cmocka_unit_test(sequence_numbers_never_cycle),
		cmocka_unit_test(a_volume_ends_with_its_packet_and_is_told_at_once),
		cmocka_unit_test(a_packet_that_the_kernel_refuses_is_counted),
		cmocka_unit_test(a_port_that_cannot_be_made_leaves_no_trace),
		cmocka_unit_test(policies_live_as_long_as_something_names_them),
		cmocka_unit_test(a_tunnel_is_found_among_a_thousand),
		cmocka_unit_test(of_many_sas_each_packet_has_its_own),
		cmocka_unit_test(nothing_that_a_policy_protects_leaves_in_clear),
		cmocka_unit_test(it_says_who_encrypts_and_whether_it_is_pinned_whenever_control_says_hello),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
