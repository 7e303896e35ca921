/* SPDX-License-Identifier: Apache-2.0 */
/* A ring that comes and goes again and again, in the steps and the order in which control has it (control/rings.c), amid bursts
 * longer than the replay window, replays and forgeries; queues are read in any order, by whichever worker. Each packet
 * comes out once, in order, and each replay is counted once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "forwarder/internal.h"
#include "packet/ip4.h"

#define US   0xc0000201
#define PEER 0xc6336401
#define FROM 0x0a010005
#define TO   0x0a020005

enum { IFID = 7, PORT_STEER = 1, PORT_ESP, PORT_RING, N_PORTS = 3 };
enum { MOST = 3, FRAMES = 20000, QUEUE = 65536, BURST = 300, LEN = 32 };

struct frame {
	uint8_t len, b[140];
	uint32_t i; /* of which it is a copy */
};

/* Frames that have arrived and were not read yet. */
struct queue {
	bool open;
	size_t from, to;
	struct frame v[QUEUE];
};

static struct frame frames[FRAMES]; /* as the peer has sent them; the number is 1 more */
static struct queue socket_queue, ring_queue;
/* What came by one way alone, when the forwarder knew of two: a replay that does the same looks like the other copy */
static bool unsure[FRAMES];
static bool two_ways;
static struct forwarder *peer, *us;
static struct port ports[2][N_PORTS + 1][MOST + 1];
static unsigned workers;
static uint64_t clock_ms;
static int32_t result;
static size_t n_sent, n_arrived, n_out, n_replays;
static bool in_order;
static struct fwd_drops drops;
static uint64_t sa_replayed;
static uint32_t dice;

static uint32_t rnd(uint32_t n)
{
	dice ^= dice << 13;
	dice ^= dice >> 17;
	dice ^= dice << 5;
	return dice % n;
}

/* ---- ports ---- */

static size_t recv_queue(struct queue *q, struct pool *pool, struct batch *b)
{
	size_t had = b->n;

	while (q->from < q->to && b->n < BATCH_MAX) {
		const struct frame *k = &q->v[q->from++ % QUEUE];
		struct pkt *p = pkt_get(pool);

		assert_non_null(p);
		memcpy(p->data, k->b, k->len);
		p->len = k->len;
		p->ifindex = IFID;
		(void)batch_add(b, p);
	}
	return b->n - had;
}

static size_t recv_socket(struct port *p, struct pool *pool, struct batch *b)
{
	(void)p;
	return recv_queue(&socket_queue, pool, b);
}

static size_t recv_ring(struct port *p, struct pool *pool, struct batch *b)
{
	(void)p;
	return recv_queue(&ring_queue, pool, b);
}

/* Of the peer: one packet of the network near it. */
static size_t recv_clear(struct port *port, struct pool *pool, struct batch *b)
{
	struct pkt *p = pkt_get(pool);
	struct ip_view h = { .ttl = 64, .proto = 253, .total_len = LEN, .src = FROM, .dst = TO };
	struct wr w;

	(void)port;
	assert_non_null(p);
	p->len = LEN;
	memset(p->data, 0, LEN);
	ip4_write(p->data, &h);
	w = wr_of(p->data + IP4_HEADER, 4);
	wr_be32(&w, (uint32_t)n_sent);
	(void)batch_add(b, p);
	return 1;
}

static size_t send_esp(struct port *port, struct batch *b)
{
	(void)port;
	for (size_t i = 0; i < b->n; i++) {
		assert_true(n_sent < FRAMES && b->p[i]->len <= sizeof(frames[0].b));
		memcpy(frames[n_sent].b, b->p[i]->data, b->p[i]->len);
		frames[n_sent].i = (uint32_t)n_sent;
		frames[n_sent++].len = (uint8_t)b->p[i]->len;
	}
	return b->n;
}

static size_t send_clear(struct port *port, struct batch *b)
{
	(void)port;
	for (size_t i = 0; i < b->n; i++, n_out++)
		in_order &= be32_at(b->p[i]->data + IP4_HEADER) == n_out;
	return b->n;
}

static void close_none(struct port *p)
{
	(void)p;
}

static int env_port(void *ctx, const struct fwd_port *desc, int fd, struct port **ret_port)
{
	static const struct port_ops steer = { recv_clear, send_clear, close_none }, esp = { recv_socket, send_esp, close_none },
				     ring = { recv_ring, send_esp, close_none };
	struct port *p = &ports[ctx == &us][desc->id][desc->worker];

	close(fd);
	*p = (struct port){ .fd = -1, .ops = desc->kind == FWD_PORT_STEER ? &steer :
						desc->kind == FWD_PORT_RING ? &ring : &esp };
	*ret_port = p;
	return 0;
}

/* ---- around the two ---- */

static uint64_t env_now(void *ctx)
{
	(void)ctx;
	return clock_ms;
}

static void env_random(void *ctx, void *p, size_t n)
{
	(void)ctx;
	memset(p, 0x5a, n);
}

static bool env_control(void *ctx, const struct fwd_msg *m)
{
	(void)ctx;
	if (m->type == FWD_RESULT)
		result = m->u.error;
	if (m->type == FWD_STATS_DROPS)
		drops = m->u.drops;
	if (m->type == FWD_STATS_SA)
		sa_replayed = m->u.sa_stats.replayed;
	assert_int_not_equal(m->type, FWD_PORT_SLOWER); /* nothing is told of that both ways are used */
	return true;
}

static void ask(struct forwarder *f, struct fwd_msg m)
{
	uint8_t buf[1024];
	struct wr w = wr_of(buf, sizeof(buf));

	m.seq = 1;
	result = 1;
	fwd_encode(&w, &m);
	forwarder_message(f, wr_done(&w), m.type == FWD_PORT_ADD ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1);
	assert_int_equal(result, 0);
}

static void ask_id(enum fwd_type type, uint32_t id)
{
	ask(us, (struct fwd_msg){ .type = (uint8_t)type, .u.id = id });
}

static void add_port(struct forwarder *f, uint32_t id, uint8_t kind, unsigned n)
{
	unsigned all = n > 1 && kind != FWD_PORT_STEER ? n + 1 : n;

	for (unsigned k = 0; k < all; k++)
		ask(f, (struct fwd_msg){ .type = FWD_PORT_ADD,
					 .u.port = { .id = id, .kind = kind, .ifid = IFID, .worker = (uint8_t)k } });
}

static struct forwarder *router(void *ctx, unsigned n, enum sa_dir dir, uint16_t window)
{
	struct forwarder_env env = { env_now, env_random, env_port, env_control, ctx };
	struct forwarder *f = forwarder_new_workers(&env, n);
	struct addr_match from = addr_match_v4(FROM & 0xffff0000, 0xffff), to = addr_match_v4(TO & 0xffff0000, 0xffff);
	struct selector sel = { .local = dir == SA_OUT ? from : to, .remote = dir == SA_OUT ? to : from };
	struct fwd_msg sa = { .type = FWD_SA_ADD,
			      .u.sa = { .id = 1, .pair_id = 1, .policy_id = 1, .dir = (uint8_t)dir, .proto = PROTO_ESP,
					.mode = MODE_TUNNEL, .spi = 0x1001, .src = ipaddr_v4(PEER), .dst = ipaddr_v4(US),
					.cipher = CIPHER_AES_GCM, .cipher_bits = 128, .replay_window = window, .sel = sel } };

	assert_non_null(f);
	sa.u.sa.enc_key.len = 20;
	add_port(f, PORT_STEER, FWD_PORT_STEER, n);
	add_port(f, PORT_ESP, FWD_PORT_ESP, n);
	ask(f, (struct fwd_msg){ .type = FWD_TABLE_BEGIN });
	ask(f, (struct fwd_msg){ .type = FWD_POLICY_ADD,
				 .u.policy = { .id = 1, .ifid = IFID, .map_seq = 1, .action = FWD_POLICY_PROTECT,
					       .sel = sel,
					       .local = ipaddr_v4(dir == SA_OUT ? PEER : US), .path_mtu = 1500 } });
	ask(f, (struct fwd_msg){ .type = FWD_TABLE_COMMIT });
	ask(f, sa);
	return f;
}

static void world(unsigned n, uint16_t window)
{
	clock_ms = 1000000;
	workers = n;
	n_sent = n_arrived = n_out = n_replays = 0;
	in_order = true;
	two_ways = false;
	memset(unsure, 0, sizeof(unsure));
	socket_queue.from = socket_queue.to = ring_queue.from = ring_queue.to = 0;
	socket_queue.open = true;
	ring_queue.open = false;
	peer = router(&peer, 1, SA_OUT, 64);
	us = router(&us, n, SA_IN, window);
}

static void leave(void)
{
	forwarder_free(peer);
	forwarder_free(us);
}

/* ---- what happens ---- */

static void put(struct queue *q, const struct frame *k)
{
	assert_true(q->to - q->from < QUEUE);
	if (q->open)
		q->v[q->to++ % QUEUE] = *k;
}

static void arrive(const struct frame *k)
{
	unsure[k->i] |= two_ways && socket_queue.open != ring_queue.open;
	put(&ring_queue, k);
	put(&socket_queue, k);
}

static void arrive_next(void)
{
	(void)forwarder_poll_port(peer, &ports[0][PORT_STEER][0]);
	assert_int_equal(n_sent, n_arrived + 1);
	arrive(&frames[n_arrived++]);
}

static void replay(void)
{
	size_t i = n_arrived ? rnd((uint32_t)n_arrived) : 0;

	if (rnd(2) && n_arrived > 100)
		i = n_arrived - 1 - rnd(100);
	if (!n_arrived || unsure[i])
		return;
	arrive(&frames[i]);
	n_replays++;
}

/* Of a number to come, or one that was. */
static void forge(void)
{
	struct frame k;

	if (!n_arrived)
		return;
	k = frames[n_arrived - 1];
	k.b[k.len - 1] ^= 1;
	k.b[IP4_HEADER + 7] = (uint8_t)(k.b[IP4_HEADER + 7] + rnd(3));
	arrive(&k);
}

static void poll(uint32_t id)
{
	unsigned k = rnd(workers);

	if (id == PORT_RING && !port_by_id(us, PORT_RING))
		return;
	(void)forwarder_poll_port(forwarder_worker(us, k), &ports[1][id][k]);
}

static void poll_all(void)
{
	while (socket_queue.from < socket_queue.to || (port_by_id(us, PORT_RING) && ring_queue.from < ring_queue.to)) {
		poll(PORT_ESP);
		poll(PORT_RING);
	}
}

enum with { REPLAYS, FORGERIES, NOTHING_ELSE };

/* Something comes, and some of it is read. */
static void go_on(enum with with)
{
	for (uint32_t turns = rnd(4); turns; turns--) {
		for (uint32_t n = rnd(3) ? rnd(4) : rnd(BURST); n && n_arrived < FRAMES; n--) {
			arrive_next();
			if (with == REPLAYS && !rnd(8))
				replay();
			if (with == FORGERIES && !rnd(8))
				forge();
		}
		for (uint32_t n = rnd(6); n; n--)
			poll(rnd(2) ? PORT_RING : PORT_ESP);
	}
}

static void say(enum fwd_ways ways, const struct queue *had)
{
	if (had)
		memset(unsure, 0, sizeof(unsure));
	for (size_t k = had ? had->from : 0; had && k < had->to; k++)
		unsure[had->v[k % QUEUE].i] = true;
	two_ways = ways != FWD_ONE_WAY;
	ask_id(FWD_WAYS, ways);
}

static void ring_comes(enum with with)
{
	say(FWD_RING_COMES, &socket_queue);
	go_on(with);
	ring_queue.open = true;
	go_on(with);
	add_port(us, PORT_RING, FWD_PORT_RING, workers);
	go_on(with);
	socket_queue.open = false;
	go_on(with);
	say(FWD_ONE_WAY, NULL);
	memset(unsure, 0, sizeof(unsure)); /* what only the socket had is forgotten */
}

/* What only the ring has had is not told from what the socket will bring, for a while. */
static void ring_goes(enum with with)
{
	say(FWD_RING_GOES, &ring_queue);
	go_on(with);
	socket_queue.open = true;
	go_on(with);
	ask_id(FWD_PORT_DEL, PORT_RING);
	assert_int_equal(ring_queue.from, ring_queue.to);
	go_on(with);
	say(FWD_ONE_WAY, NULL);
	ring_queue.open = false;
	ring_queue.from = ring_queue.to; /* and with it whatever has come since */
}

static void later(void)
{
	poll_all();
	clock_ms += 2000;
	for (unsigned k = 0; k < workers; k++)
		forwarder_tick(forwarder_worker(us, k));
	assert_null(us->all->doubles);
	memset(unsure, 0, sizeof(unsure));
}

static void come_and_go(unsigned n, uint16_t window, enum with with)
{
	world(n, window);
	while (n_arrived < FRAMES - 20 * BURST) {
		go_on(with);
		ring_comes(with);
		go_on(with);
		if (rnd(2))
			later();
		ring_goes(with);
		go_on(with);
		if (rnd(2))
			later();
	}
	later();
	ask_id(FWD_STATS_GET, 0);
	assert_int_equal(n_out, n_arrived);
	assert_true(in_order);
	if (with != FORGERIES) {
		assert_int_equal(drops.n[FWD_DROP_REPLAYED], n_replays);
		assert_int_equal(sa_replayed, n_replays);
	}
	assert_true(drops.n[FWD_DROP_TWICE] > 100);
	leave();
}

static void begin_anew(void)
{
	const char *again = getenv("SEED");
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	dice = again ? (uint32_t)strtoul(again, NULL, 0) : (uint32_t)(ts.tv_nsec ^ ts.tv_sec << 8) | 1;
	print_message("SEED=%#x\n", dice);
}

static void nothing_is_lost_and_each_replay_is_counted_once(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		begin_anew();
		come_and_go(i % 2 ? 1 : MOST, i < 2 ? 64 : 1024, REPLAYS);
	}
}

static void who_forges_takes_no_packet_away(void **state)
{
	(void)state;
	begin_anew();
	come_and_go(MOST, 64, FORGERIES);
}

static void without_a_window_nothing_comes_out_twice(void **state)
{
	(void)state;
	begin_anew();
	come_and_go(1, 0, NOTHING_ELSE);
	begin_anew();
	come_and_go(MOST, 0, NOTHING_ELSE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost_and_each_replay_is_counted_once),
		cmocka_unit_test(who_forges_takes_no_packet_away),
		cmocka_unit_test(without_a_window_nothing_comes_out_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
